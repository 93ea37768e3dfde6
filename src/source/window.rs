//! The chunks that were read last. Servers that keep step share them, and one that lags behind holds up no other.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::io;
use std::iter::repeat_n;
use std::sync::{Arc, Mutex, PoisonError};

use super::Source;

/// The number of bytes that are read at a time.
const CHUNK: u64 = 256 << 10;
/// The number of chunks that are kept: the memory of a source, besides one chunk for each server that lags behind.
const KEPT: usize = 16;

/// The storage from which bytes are read that are not among the last chunks.
pub(super) trait Stored: Send + Sync + Debug {
    fn length(&self) -> u64;
    /// Returns the same as [`Source::mode`].
    fn mode(&self) -> Option<u32> {
        None
    }
    /// Fills `into` with the bytes from `at` on; there are enough of them.
    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()>;
}

#[derive(Debug)]
pub(super) struct Window<S> {
    stored: S,
    recent: Mutex<VecDeque<(u64, Arc<[u8]>)>>,
}

impl<S: Stored> Window<S> {
    pub(super) fn new(stored: S) -> Self {
        Self {
            stored,
            recent: Mutex::default(),
        }
    }
}

impl<S: Stored> Source for Window<S> {
    fn length(&self) -> u64 {
        self.stored.length()
    }

    fn mode(&self) -> Option<u32> {
        self.stored.mode()
    }

    fn chunk(&self, at: u64) -> io::Result<Arc<[u8]>> {
        // The lock is held during the read, so that others wait for this read instead of reading the same bytes.
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, chunk)) = recent.iter().find(|(start, _)| *start == at) {
            return Ok(Arc::clone(chunk));
        }
        let length = self.stored.length().saturating_sub(at).min(CHUNK);
        let mut chunk: Arc<[u8]> = repeat_n(0, usize::try_from(length).unwrap_or_default()).collect();
        if chunk.is_empty() {
            return Ok(chunk);
        }
        if let Some(into) = Arc::get_mut(&mut chunk) {
            self.stored.read(at, into)?;
        }
        if recent.len() == KEPT {
            recent.pop_front();
        }
        recent.push_back((at, Arc::clone(&chunk)));
        Ok(chunk)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{CHUNK, KEPT, Stored, Window};
    use crate::source::Source;

    #[derive(Debug)]
    struct Counted(Arc<AtomicUsize>);

    impl Stored for Counted {
        fn length(&self) -> u64 {
            CHUNK * 40 + 7
        }

        fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
            self.0.fetch_add(1, Ordering::SeqCst);
            into.fill((at / CHUNK) as u8);
            Ok(())
        }
    }

    #[test]
    fn f3_readers_that_keep_step_read_once_and_one_that_lags_reads_for_itself() {
        let reads = Arc::new(AtomicUsize::new(0));
        let window = Window::new(Counted(Arc::clone(&reads)));
        let mut at = 0;
        while at < window.length() {
            let chunk = window.chunk(at).unwrap();
            for _ in 0..9 {
                assert!(Arc::ptr_eq(&chunk, &window.chunk(at).unwrap()));
            }
            at += chunk.len() as u64;
        }
        assert_eq!(reads.load(Ordering::SeqCst), 41);
        assert_eq!(window.chunk(CHUNK).unwrap().first(), Some(&1));
        assert_eq!(reads.load(Ordering::SeqCst), 42);
        assert_eq!(window.recent.lock().unwrap().len(), KEPT);
        assert!(window.chunk(at).unwrap().is_empty());
    }
}
