//! Ctrl-C, a polite kill and a closed terminal become stop requests.

use std::ffi::c_int;
use std::io;
use std::sync::Arc;
use std::thread;

use nix::sys::signal::{SigSet, Signal as Posix};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::interrupt::{Interrupt, Signal};

/// A file that may not grow further is an error where it is written, and not the end of capr in the midst of a transaction. What capr
/// starts does not inherit it.
pub(super) fn outlive_full_files() {
    // Where that is not possible a run goes well as long as no file is full.
    let _ = flag::register(SIGXFSZ, Arc::default());
}

/// From now on every such signal is raised on `interrupt`, by a thread of its own. Called before there are other threads.
pub(super) fn forward(interrupt: &Interrupt) -> io::Result<()> {
    // What the caller ignores stays ignored: `nohup capr …`, or a script that has started capr in the background. There has to be
    // one way to end it for all that.
    let ignored = ignored();
    let wanted = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| *signal == SIGTERM || ignored & (1 << (signal - 1)) == 0);
    let mut signals = Signals::new(wanted)?;
    // Whoever has blocked them meant its own thread; and of a child whose end is ignored nobody learns how it ended.
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

/// The set of ignored signals as Linux tells it; elsewhere none is known.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
        .unwrap_or(0)
}
