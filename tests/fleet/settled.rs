//! Gives this process the properties that tests rely on, whoever started it: every program that it starts inherits its ignored
//! signals and its umask, servers and their commands included.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use rustix::fs::Mode;
use rustix::process::umask;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Makes new files readable for others, and lets Ctrl-C, a hang-up and the like end started programs, even if this process
/// ignores those signals because of `nohup`, or a shell that has started it in the background.
pub fn settle() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        umask(Mode::from_raw_mode(0o022));
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = ignored
            .and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
            .unwrap_or(0);
        for signal in [SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGCHLD] {
            if ignored & (1 << (signal - 1)) != 0 {
                // Handled signals are not inherited, unlike ignored ones; this process continues as before.
                signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).expect("a handler");
            }
        }
    });
}
