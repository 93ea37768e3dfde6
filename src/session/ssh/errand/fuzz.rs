//! A target of `scripts/fuzz`: what a server says about its processes.

use crate::session::ssh::family::{Family, ProcessSnapshot};

use super::{Answer, Errand};

/// The nonce of the seeds.
const NONCE: &str = "5f5f";

/// Reads what a server says. The first byte gives the size of the pieces in which the rest arrives, and the number of commands
/// that run. Returns true if the processes of a command were reported.
pub(in crate::session::ssh) fn read_processes(bytes: &[u8]) -> bool {
    let (first, bytes) = bytes.split_first().unwrap_or((&1, &[]));
    let commands = usize::from(first & 3);
    let mut errand = Errand::new(NONCE.to_owned());
    let mut families: Vec<Family> = Vec::new();
    let (mut place, mut is_told) = ((0, 0), false);
    for piece in bytes.chunks(usize::from(first >> 2).max(1)) {
        errand.hear(piece);
        while let Some(answer) = errand.answer() {
            match answer {
                Answer::Ready(own, server) => place = (own, server),
                Answer::User(_) => {}
                Answer::Unproven => families.clear(),
                Answer::Done(said) => {
                    let Some(look) = ProcessSnapshot::read(&said) else {
                        continue;
                    };
                    families.iter_mut().for_each(|family| family.learn(&look));
                    if families.is_empty() {
                        families = look.families(place.1, place.0, commands).unwrap_or_default();
                    }
                    for family in &families {
                        is_told |= !family.alive().is_empty();
                        assert!(
                            family.alive().len() <= said.lines().count(),
                            "some are not of this look"
                        );
                        assert!(family.alive().iter().all(|mark| said.contains(&mark.pid.to_string())));
                    }
                }
            }
        }
        assert!(errand.heard.len() <= bytes.len(), "something is heard twice");
    }
    is_told
}
