//! Ends commands of root. OpenSSH ignores a signal request where root has logged in: it has no separate process there that
//! could be allowed to send one. So a command of our own on the same connection does it, to what is known to belong to them, or,
//! where that is not known, to all.

use crate::session::JobSignal;

/// The line that sends `signal` to all commands of its connection: they are children of the process that serves it, and so is
/// this one.
pub(super) fn to_all(signal: JobSignal) -> String {
    let name = signal.name();
    format!(
        "exec sh -c 'for pid in $(ps -A -o pid= -o ppid= -o stat= | while read -r pid parent state; do \
         case $parent,$pid,$state in (*,$$,*|*,Z*) ;; ($PPID,*) echo $pid;; esac; done); do kill -{name} \"-$pid\"; done'"
    )
}
