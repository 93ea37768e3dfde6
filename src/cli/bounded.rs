//! Completion in a process of its own, which is ended when it takes long. Nobody who presses Tab waits for a recipe, or wants it
//! to do anything.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, setrlimit};

/// The variable that is set for the inner process.
pub(super) const VARIABLE: &str = "CAPR_COMPLETE_WITHIN";

/// The longest time for an answer.
const LIMIT: Duration = Duration::from_secs(1);
/// The memory in addition to the stack of recipes.
const MEMORY: u64 = 256 << 20;
/// The most bytes of an answer: more suggestions than anybody reads.
const LONGEST: usize = 4 << 20;

/// Returns the answer of this program to the same arguments within the limits; empty if there is none.
pub(super) fn answer(arguments: &[OsString]) -> String {
    within(arguments).unwrap_or_default()
}

fn within(arguments: &[OsString]) -> io::Result<String> {
    let itself = PathBuf::from("/proc/self/exe");
    let itself = if itself.exists() {
        itself
    } else {
        std::env::current_exe()?
    };
    let until = Instant::now() + LIMIT;
    let mut child = Command::new(itself)
        .args(arguments.get(1..).unwrap_or_default())
        .env(VARIABLE, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let answer = read(&mut child, until);
    // Whether it has ended by itself or not.
    let _ = child.kill();
    let status = child.wait()?;
    match answer? {
        Some(answer) if status.success() => String::from_utf8(answer).map_err(io::Error::other),
        _ => Ok(String::new()),
    }
}

/// Returns everything that it writes before it closes its output; `None` if that does not come in time.
fn read(child: &mut Child, until: Instant) -> io::Result<Option<Vec<u8>>> {
    let Some(mut output) = child.stdout.take() else {
        return Ok(None);
    };
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    while answer.len() < LONGEST {
        let left = until.saturating_duration_since(Instant::now());
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: left.min(Duration::from_millis(999)).subsec_nanos().into(),
        };
        match poll(
            &mut [PollFd::from_borrowed_fd(output.as_fd(), PollFlags::IN)],
            Some(&wait),
        ) {
            Ok(1..) => {}
            Ok(0) if left.is_zero() => return Ok(None),
            Ok(_) | Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        match output.read(&mut part)? {
            0 => {
                // It has nothing left to do but to end.
                while child.try_wait()?.is_none() && Instant::now() < until {
                    std::thread::yield_now();
                }
                return Ok(Some(answer));
            }
            read => answer.extend_from_slice(part.get(..read).unwrap_or_default()),
        }
    }
    Ok(None)
}

/// Limits this process to what a completion may have: no more memory, no more time, no files to write.
pub(super) fn limit(stack: u64) {
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Cpu, LIMIT.as_secs() + 1),
        (Resource::As, MEMORY + stack),
    ] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        // If the limit cannot be set, a lower one holds already.
        let _ = setrlimit(resource, limit);
    }
}
