//! Makes this process what tests take for granted, whoever started it: what is ignored or masked here would be so in every
//! program that it starts, servers and their commands included.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use rustix::fs::Mode;
use rustix::process::umask;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Files that are made may be read by others, and programs that are started are ended by Ctrl-C, a hang-up and the like, also
/// where this process ignores those: by `nohup`, or by a shell that has started it in the background.
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
                // What is handled is not inherited, unlike what is ignored; this process goes on as before.
                signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).expect("a handler");
            }
        }
    });
}
