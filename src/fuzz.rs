//! Readers of bytes that others make (servers, other users of this machine). Each is a target that takes any bytes.
//!
//! Only tests and `scripts/fuzz --target` have this module. Each layer lists its own targets. The rules are the same for all: no
//! panic, no endless wait, and memory in proportion to the input.

use fastrand::Rng;

/// One reader.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name on the command line of `scripts/fuzz`.
    pub name: &'static str,
    /// The one who makes such bytes.
    pub about: &'static str,
    /// Correct inputs to begin with.
    pub seeds: &'static [&'static [u8]],
    /// Words with a meaning there.
    pub words: &'static [&'static str],
    /// Reads an input; returns true if it counts as correct.
    pub read: fn(&[u8]) -> bool,
}

/// The longest input, in bytes.
pub(crate) const LONGEST: usize = 8 << 10;

impl Target {
    /// Makes an input: one or two seeds, changed in one to eight places. It is the same for the same seed and number.
    #[must_use]
    pub fn input(&self, seed: u64, number: u64) -> Vec<u8> {
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number));
        let mut input = rng
            .choice(self.seeds.iter())
            .map_or_else(Vec::new, |seed| seed.to_vec());
        for _ in 0..rng.usize(1..=8) {
            self.change(&mut input, &mut rng);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&self, input: &mut Vec<u8>, rng: &mut Rng) {
        let at = rng.usize(..=input.len());
        match rng.u8(..10) {
            0 => input.insert(at, rng.u8(..)),
            1 => drop(input.drain(at..(at + rng.usize(1..=16)).min(input.len()))),
            2 | 3 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = rng.u8(..);
                }
            }
            // These are numbers at their limits, which may be lengths.
            4 => {
                let number = rng.choice([0_u32, 1, 0x7f, 0xff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, u32::MAX]);
                let bytes = number.unwrap_or(0).to_be_bytes();
                let end = (at + bytes.len()).min(input.len());
                input.splice(at..end, bytes);
            }
            5 | 6 => {
                let word = rng.choice(self.words.iter()).copied().unwrap_or("\n");
                input.splice(at..at, word.bytes());
            }
            7 => {
                let end = (at + rng.usize(1..=64)).min(input.len());
                let again = input.get(at..end).unwrap_or_default().repeat(rng.usize(1..=8));
                input.splice(at..at, again);
            }
            8 => input.truncate(at),
            _ => {
                let other = rng.choice(self.seeds.iter()).copied().unwrap_or_default();
                let from = rng.usize(..=other.len());
                input.truncate(at);
                input.extend_from_slice(other.get(from..).unwrap_or_default());
            }
        }
    }
}

/// Corrects the checksum of each header of an archive, at the places where headers stand if their sizes are right.
pub(crate) fn mend(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(block) = bytes.get_mut(at..at + 512) {
        at += 512;
        if block.iter().all(|byte| *byte == 0) {
            continue;
        }
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes().copy_from_slice(block);
        header.set_cksum();
        block.copy_from_slice(header.as_bytes());
        let size = header.entry_size().unwrap_or(0).min(1 << 20);
        at += usize::try_from(size).unwrap_or(0).next_multiple_of(512);
    }
}

/// Reads this many inputs with each target; panics if a target does.
#[cfg(test)]
pub(crate) fn survives(targets: &[Target], count: u64) {
    for target in targets {
        let seeds = target.seeds.iter().filter(|seed| (target.read)(seed)).count();
        assert!(seeds > 0, "{}: no seed is taken for right", target.name);
        for number in 0..count {
            (target.read)(&target.input(1, number));
        }
    }
}
