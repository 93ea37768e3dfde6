//! Limits for a process that loads recipes which nobody would write.

use std::{fs, io};

use rustix::param::page_size;
use rustix::process::{Resource, Rlimit, setrlimit};

const MEMORY: u64 = 3 << 30;

/// Limits the memory, and forbids core files, from now on.
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

/// Returns the memory of this process, in MiB.
pub fn memory() -> io::Result<u64> {
    let said = fs::read_to_string("/proc/self/statm")?;
    let pages = said.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    let pages = pages.ok_or_else(|| io::Error::other("/proc/self/statm has another form"))?;
    Ok((pages * page_size() as u64) >> 20)
}
