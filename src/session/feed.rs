//! The input that a command still has to be given, in order.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::source::Source;

/// Sources that are sent one after the other, and the amount that was sent.
pub(super) struct Feed {
    sources: VecDeque<Arc<dyn Source>>,
    /// The place in the first source where `chunk` ends.
    at: u64,
    chunk: Arc<[u8]>,
    used: usize,
    given: u64,
    /// The number of bytes at the beginning that do not count.
    uncounted: u64,
}

impl Feed {
    pub(super) fn new(source: Arc<dyn Source>) -> Self {
        Self {
            sources: VecDeque::from([source]),
            at: 0,
            chunk: Arc::from([]),
            used: 0,
            given: 0,
            uncounted: 0,
        }
    }

    /// Puts a source in front that does not count as given. Nothing may have been given before.
    pub(super) fn guard(&mut self, source: Arc<dyn Source>) {
        self.uncounted += source.length();
        self.sources.push_front(source);
    }

    pub(super) fn push(&mut self, source: Arc<dyn Source>) {
        self.sources.push_back(source);
    }

    /// Returns the next bytes to give, the same ones until they were taken; empty when nothing is left.
    pub(super) fn rest(&mut self) -> io::Result<&[u8]> {
        while self.used >= self.chunk.len() {
            let Some(source) = self.sources.front() else {
                return Ok(&[]);
            };
            self.chunk = source.chunk(self.at)?;
            self.at += self.chunk.len() as u64;
            self.used = 0;
            if self.chunk.is_empty() {
                self.sources.pop_front();
                self.at = 0;
            }
        }
        Ok(self.chunk.get(self.used..).unwrap_or_default())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.used >= self.chunk.len()
    }

    /// Notes that this many bytes of [`Feed::rest`] were given.
    pub(super) fn take(&mut self, count: usize) {
        self.used += count;
        self.given += count as u64;
    }

    /// Returns the number of bytes given so far.
    pub(super) fn given(&self) -> u64 {
        self.given.saturating_sub(self.uncounted)
    }

    /// Drops everything but the chunk that is being given.
    pub(super) fn cut(&mut self) {
        self.sources.clear();
        self.at = 0;
    }

    /// Drops everything that is left.
    pub(super) fn clear(&mut self) {
        self.cut();
        self.chunk = Arc::from([]);
        self.used = 0;
    }
}
