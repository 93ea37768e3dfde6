//! Refuses to begin a run if the address space is limited (`ulimit -v`) so much that the run could end in the middle.

use crate::address_space;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::STACK;

/// The address space that must be left for a run. Measured: a recipe and its first servers need 25 MiB, each further server half
/// a MiB.
const ROOM: u64 = 64 << 20;

/// Returns the error if the address space is too small for a run, which must not end in the middle.
pub(super) fn refusal() -> Option<Diagnostic> {
    let limit = address_space::limit()?;
    let left = address_space::left().filter(|left| *left < ROOM)?;
    let message = format!(
        "the address space is limited to {} MiB, of which {} are left: too little for a run, which needs {}",
        limit >> 20,
        left >> 20,
        ROOM >> 20
    );
    Some(Diagnostic::new(Fault::Failed, message).hint(raise_the_limit(limit, limit - left + ROOM)))
}

/// Returns advice for an error that may come from a limit.
pub(super) fn hint() -> Option<String> {
    address_space::limit().map(|limit| raise_the_limit(limit, STACK as u64 + 2 * ROOM))
}

fn raise_the_limit(limit: u64, needed: u64) -> String {
    // Rounded up, the number is one that a person can remember.
    let enough = needed.next_multiple_of(10 << 20) >> 10;
    format!(
        "the limit is set by `ulimit -v {}': raise it to {enough}, or more",
        limit >> 10
    )
}
