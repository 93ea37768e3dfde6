//! What a process may take that loads recipes nobody would write.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

const MEMORY: u64 = 3 << 30;

/// From now on more memory is refused, and no core is written.
pub fn limit_memory() -> io::Result<()> {
    for (resource, most) in [(Resource::As, MEMORY), (Resource::Core, 0)] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit)?;
    }
    Ok(())
}
