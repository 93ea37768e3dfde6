//! The content that is sent to servers: strings, files, directories. One source serves all servers, each at its own pace. It is
//! read only once as long as they keep step, and never held in memory as a whole.

mod file;
mod tree;
mod window;

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

pub(crate) use file::{file, piped};
pub(crate) use tree::{END, archive_of_files, files_of_archive, tree};

/// Bytes of a known length that any number of readers can read from any place.
pub trait Source: Send + Sync + Debug {
    /// Returns the number of bytes.
    fn length(&self) -> u64;
    /// Returns the permission bits of the file that the bytes come from, if there is one.
    fn mode(&self) -> Option<u32> {
        None
    }
    /// Returns some of the bytes from `at` on, in the same portions for everybody; empty at the end. An error says why they
    /// cannot be sent: the file is gone, or it is not what it was when it was opened.
    fn chunk(&self, at: u64) -> io::Result<Arc<[u8]>>;
}

#[derive(Debug)]
struct Text(Arc<[u8]>);

impl Source for Text {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn chunk(&self, at: u64) -> io::Result<Arc<[u8]>> {
        let rest = usize::try_from(at).ok().and_then(|at| self.0.get(at..));
        Ok(match rest {
            Some(_) if at == 0 => Arc::clone(&self.0),
            Some(rest) => Arc::from(rest),
            None => Arc::from([]),
        })
    }
}

/// Returns a source for bytes that are in memory anyway.
pub(crate) fn text(bytes: impl Into<Arc<[u8]>>) -> Arc<dyn Source> {
    Arc::new(Text(bytes.into()))
}

/// One source after another.
#[derive(Debug)]
struct Joined(Arc<dyn Source>, Arc<dyn Source>);

impl Source for Joined {
    fn length(&self) -> u64 {
        self.0.length() + self.1.length()
    }

    fn chunk(&self, at: u64) -> io::Result<Arc<[u8]>> {
        match at.checked_sub(self.0.length()) {
            Some(at) => self.1.chunk(at),
            None => self.0.chunk(at),
        }
    }
}

/// Returns the bytes of `first`, then those of `second`.
pub(crate) fn joined(first: Arc<dyn Source>, second: Arc<dyn Source>) -> Arc<dyn Source> {
    Arc::new(Joined(first, second))
}

/// Reads a source into memory, up to its end or to the first error.
pub(crate) fn readable(source: &dyn Source) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(chunk) = source.chunk(bytes.len() as u64) {
        if chunk.is_empty() {
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    bytes
}

/// Reads the whole source into memory.
pub(crate) fn all(source: &dyn Source) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let chunk = source.chunk(bytes.len() as u64)?;
        if chunk.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&chunk);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{all, joined, text};

    #[test]
    fn f3_a_text_is_given_to_everybody_whole() {
        let source = joined(text(*b"one "), joined(text([]), text(*b"two")));
        for _ in 0..3 {
            assert_eq!(all(&*source).unwrap(), b"one two");
        }
        assert_eq!(source.length(), 7);
        assert_eq!(&*source.chunk(5).unwrap(), b"wo");
        assert!(source.chunk(7).unwrap().is_empty());
    }
}
