//! Completion in a process of its own, which is ended when it takes long. A person who presses Tab does not wait for a recipe,
//! and does not want it to do anything.

use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::itself;

/// The variable that is set for the inner process.
pub(super) const VARIABLE: &str = "CAPR_COMPLETE_WITHIN";

/// The longest time for an answer.
const LIMIT: Duration = Duration::from_secs(1);
/// The memory in addition to the stack of recipes.
const MEMORY: u64 = 256 << 20;
/// The most bytes of an answer: more suggestions than anybody reads.
const LONGEST: usize = 4 << 20;

/// Returns the answer of this program to the same arguments; `None` if there is none within the limits.
pub(super) fn answer(arguments: &[OsString]) -> Option<String> {
    within(arguments).ok().flatten()
}

fn within(arguments: &[OsString]) -> io::Result<Option<String>> {
    let until = Instant::now() + LIMIT;
    let mut child = Command::new(itself::program()?)
        .args(arguments.get(1..).unwrap_or_default())
        .env(VARIABLE, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let answer = match child.stdout.take() {
        Some(mut output) => itself::answer(&mut output, LONGEST, until),
        None => Ok(None),
    };
    let answer = answer.map(|answer| answer.filter(|answer| answer.len() < LONGEST));
    let status = itself::end(&mut child, answer.as_ref().is_ok_and(Option::is_some), until)?;
    match answer? {
        Some(answer) if status.success() => String::from_utf8(answer).map(Some).map_err(io::Error::other),
        _ => Ok(None),
    }
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
