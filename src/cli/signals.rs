//! Turns Ctrl-C, a polite kill and a closed terminal into stop requests.

use std::ffi::c_int;
use std::io;
use std::sync::Arc;
use std::thread;

use nix::sys::signal::{SigSet, Signal as Posix};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::interrupt::{Interrupt, Signal};

/// Catches SIGXFSZ: writing to a file that cannot grow is then an error, and does not end capr in the midst of a transaction.
/// Processes that capr starts do not inherit this.
pub(super) fn outlive_full_files() {
    // If it fails, a run still goes well as long as no file is full.
    let _ = flag::register(SIGXFSZ, Arc::default());
}

/// Raises these signals on `interrupt` from now on, in a thread of its own. Must be called before there are other threads.
pub(super) fn forward(interrupt: &Interrupt) -> io::Result<()> {
    // Signals that the caller ignores stay ignored: `nohup capr …`, or a script that has started capr in the background. One way
    // to end capr must remain all the same.
    let ignored = ignored();
    let wanted = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| *signal == SIGTERM || ignored & (1 << (signal - 1)) == 0);
    let mut signals = Signals::new(wanted)?;
    // A caller that has blocked them meant its own thread only. If SIGCHLD is ignored, nobody learns how a child ended.
    SigSet::from_iter([Posix::SIGINT, Posix::SIGTERM, Posix::SIGHUP, Posix::SIGCHLD]).thread_unblock()?;
    flag::register(SIGCHLD, Arc::default())?;
    let interrupt = interrupt.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if let Some(signal) = known(signal) {
                interrupt.raise(signal);
            }
        }
    })?;
    Ok(())
}

fn known(signal: c_int) -> Option<Signal> {
    match signal {
        SIGINT => Some(Signal::Int),
        SIGTERM => Some(Signal::Term),
        SIGHUP => Some(Signal::Hup),
        _ => None,
    }
}

/// Returns the set of ignored signals from Linux; elsewhere none is known.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
        .unwrap_or(0)
}
