//! Keeps the secrets of this process out of core files and away from other processes of the same user.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Forbids core files of this process, and keeps other processes of the same user from reading its memory. Returns the limit for
/// core files that there was; the commands of a recipe get it back, as processes inherit the limit, but not the rest.
pub(super) fn keep() -> Rlimit {
    let limit = getrlimit(Resource::Core);
    // Neither is refused: the soft limit may always be lowered, and a process decides for itself whether it is dumped.
    let none = Rlimit {
        current: Some(0),
        maximum: limit.maximum,
    };
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    limit
}
