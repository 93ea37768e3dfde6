//! The address space that this process may take (`ulimit -v`). Rust ends a process at once if it gets no memory, without a
//! rollback. So little is reserved if the address space is limited, and nothing is begun when little is left.
#![allow(unsafe_code)]

use std::fs;

use rustix::process::{Resource, getrlimit};

/// Returns the limit in bytes, if there is one.
pub(crate) fn limit() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// Returns the number of bytes that this process may still take; `None` if there is no limit, or if the system does not tell.
pub(crate) fn left() -> Option<u64> {
    let limit = limit()?;
    let sizes = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = sizes.split_whitespace().next()?.parse().ok()?;
    let page = u64::try_from(rustix::param::page_size()).ok()?;
    Some(limit.saturating_sub(pages.saturating_mul(page)))
}

/// Takes the memory of all threads from one arena if the address space is limited. glibc otherwise reserves 64 MiB for each
/// thread, up to eight times the number of processors.
pub(crate) fn be_sparing() {
    if limit().is_some() {
        one_arena();
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn one_arena() {
    // SAFETY: it takes two numbers and sets one of glibc's own, and there is no other thread yet.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn one_arena() {}

#[cfg(test)]
mod tests {
    use super::{left, limit};

    #[test]
    fn what_is_left_is_less_than_the_limit_and_unknown_without_one() {
        assert!(left() < limit() || limit().is_none() && left().is_none());
    }
}
