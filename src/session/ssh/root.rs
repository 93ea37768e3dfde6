//! Ends commands of root. OpenSSH ignores a signal request where root has logged in: it has no separate process there that
//! could be allowed to send one. So a command of our own on the same connection does it.

use crate::session::{JobId, JobSignal};

use super::job::Job;

/// What the line ends with where it has signalled nobody, since the end of a command is not known here yet.
pub(super) const STALE: i32 = 3;

/// The line that sends `signal` to those of `jobs` that it was sent to in vain; it is started behind all of them.
pub(super) fn signal(signal: JobSignal, jobs: &[Job], signalled: &[JobId]) -> String {
    let alive = jobs.iter().filter(|job| job.leads());
    let meant: Vec<_> = alive.map(|job| job.id.map(|id| signalled.contains(&id))).collect();
    if meant.iter().all(|meant| meant.unwrap_or(true)) {
        return to_all(signal);
    }
    to_some(
        signal,
        &meant.iter().map(|meant| meant.unwrap_or(false)).collect::<Vec<_>>(),
    )
}

/// All commands of a connection are children of the process that serves it, and so is this one. Reads what `ps` says.
const CHILDREN: &str = "while read -r pid parent state; do case $parent,$pid,$state in \
                        (*,$$,*|*,Z*) ;; ($PPID,*) echo $pid;; esac; done";

fn to_all(signal: JobSignal) -> String {
    let name = signal.name();
    format!("exec sh -c 'for pid in $(ps -A -o pid= -o ppid= -o stat= | {CHILDREN}); do kill -{name} \"-$pid\"; done'")
}

/// Which child is which command is told by the order in which they were started. Where there are not as many as expected, or
/// where `ps` does not know that order, none is signalled; the first may be another time.
fn to_some(signal: JobSignal, meant: &[bool]) -> String {
    let name = signal.name();
    let places = (1..).zip(meant).filter(|(_, meant)| **meant);
    let places: Vec<_> = places.map(|(place, _)| format!("\"${{{place}}}\"")).collect();
    format!(
        "exec sh -c 'set -- $(ps -A --sort=start_time,pid -o pid= -o ppid= -o stat= | {CHILDREN}); \
         [ $# = 0 ] && exit; [ $# = {} ] || exit {STALE}; for pid in {}; do kill -{name} \"-$pid\"; done'",
        meant.len(),
        places.join(" ")
    )
}
