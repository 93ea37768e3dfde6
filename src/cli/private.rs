//! Keeps what this process knows out of core files and from other processes of the same user.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// No core file of this process is written, and no other process of the same user reads its memory. Gives the limit for core
/// files that there was, which is that of the commands of a recipe: a process inherits the limit, but not the rest.
pub(super) fn keep() -> Rlimit {
    let limit = getrlimit(Resource::Core);
    // Neither is refused: the soft limit may always be lowered, and whether it is dumped is a process's own affair.
    let none = Rlimit {
        current: Some(0),
        maximum: limit.maximum,
    };
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    limit
}
