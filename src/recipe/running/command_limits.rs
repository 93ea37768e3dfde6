//! The limits of commands, which variables set.

use std::time::Duration;

use rhai::{Engine, Position};

use super::interpreter::Interpreter;
use crate::recipe::language::origin::{Fallible, wrong};

/// The captured output that is kept, in MiB, if the variable `capture_limit` is not set.
const CAPTURE_LIMIT: i64 = 64;

/// The time between two messages that a silent command still runs, if the variable `heartbeat` is not set.
const HEARTBEAT: Duration = Duration::from_secs(60);
/// The longest such time: a year, in seconds.
const MOST_SECONDS: f64 = 31_536_000.0;

/// Returns the time between two messages that a silent command still runs, from the variable `heartbeat`, in seconds; `None`
/// for false.
pub(in crate::recipe) fn heartbeat(interpreter: &Interpreter, engine: &Engine) -> Fallible<Option<Duration>> {
    let Some(value) = interpreter
        .variable(engine, "heartbeat")?
        .filter(|value| !value.is_unit())
    else {
        return Ok(Some(HEARTBEAT));
    };
    if value.as_bool() == Ok(false) {
        return Ok(None);
    }
    let seconds = value
        .as_float()
        .or_else(|_| value.as_int().map(|seconds| seconds as f64));
    match seconds.ok().filter(|seconds| (0.01..=MOST_SECONDS).contains(seconds)) {
        Some(seconds) => Ok(Some(Duration::from_secs_f64(seconds))),
        None => Err(wrong(
            "the variable `heartbeat' must be a number of seconds, or false",
            Position::NONE,
        )),
    }
}

/// Returns the most captured output that is kept, in bytes, from the variable `capture_limit`, in MiB.
pub(in crate::recipe) fn most_captured(interpreter: &Interpreter, engine: &Engine) -> Fallible<usize> {
    let limit = match interpreter.variable(engine, "capture_limit")? {
        None => Ok(CAPTURE_LIMIT),
        Some(value) if value.is_unit() => Ok(CAPTURE_LIMIT),
        Some(value) => value.as_int(),
    };
    let bytes = limit
        .ok()
        .filter(|limit| *limit > 0)
        .and_then(|limit| limit.checked_mul(1 << 20));
    bytes.and_then(|bytes| usize::try_from(bytes).ok()).ok_or_else(|| {
        wrong(
            "the variable `capture_limit' must be a number of MiB from 1",
            Position::NONE,
        )
    })
}
