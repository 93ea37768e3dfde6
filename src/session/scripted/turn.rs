//! One step of a scripted answer.

use std::sync::Arc;
use std::time::Duration;

use crate::exit::{Exit, Stream};
use crate::session::scripted::Record;
use crate::session::scripted::answer::{Action, Answer, Step};
use crate::session::{JobId, SessionId};

pub(super) struct Running {
    pub(super) session: SessionId,
    pub(super) job: JobId,
    /// The index in `records`.
    pub(super) record: usize,
    pub(super) answer: Answer,
    /// The amount of the record's input that the answer has read.
    pub(super) read: usize,
    pub(super) timeout: Option<Duration>,
}

/// The state of a running command after one try of its next step.
pub(super) enum Turn {
    Waits,
    Moves,
    Calls(Action),
    Ends(Exit),
    Loses(String),
}

pub(super) type Chunk = (Stream, Vec<u8>);

/// Takes a running command's next step, as far as that is possible now.
pub(super) fn turn(running: &mut Running, records: &[Record]) -> (Turn, Option<Chunk>) {
    let Some(record) = records.get(running.record) else {
        return (Turn::Ends(Exit::Status(0)), None);
    };
    let steps = &mut running.answer.steps;
    let Some(step) = steps.front_mut() else {
        return (Turn::Ends(Exit::Status(0)), None);
    };
    let (turn, output) = match step {
        Step::Output(stream, bytes) => (Turn::Moves, Some((*stream, std::mem::take(bytes)))),
        Step::Password {
            prompt,
            prompted: prompted @ false,
            ..
        } => {
            *prompted = true;
            return (Turn::Moves, Some((Stream::Out, prompt.clone().into_bytes())));
        }
        Step::Password {
            password,
            tries,
            prompted,
            ..
        } => match next_line(&mut running.read, record) {
            None if record.input_ended => (
                Turn::Ends(Exit::Status(1)),
                Some((Stream::Err, b"sudo: no password was provided\n".to_vec())),
            ),
            None => (Turn::Waits, None),
            Some(line) if line == password.as_bytes() => (Turn::Moves, None),
            Some(_) if *tries > 1 => {
                *tries -= 1;
                *prompted = false;
                return (Turn::Moves, Some((Stream::Err, b"Sorry, try again.\n".to_vec())));
            }
            Some(_) => (
                Turn::Ends(Exit::Status(1)),
                Some((Stream::Err, b"sudo: 3 incorrect password attempts\n".to_vec())),
            ),
        },
        Step::Begin => {
            let said = format!("{}sudo asks: \n", marks(&record.line).next().unwrap_or_default());
            (Turn::Moves, Some((Stream::Out, said.into_bytes())))
        }
        Step::Start => {
            let said = format!("{}\n", marks(&record.line).last().unwrap_or_default());
            (Turn::Moves, Some((Stream::Out, said.into_bytes())))
        }
        Step::ReadLine => match next_line(&mut running.read, record) {
            None if !record.input_ended => (Turn::Waits, None),
            _ => (Turn::Moves, None),
        },
        Step::ReadAll if record.input_ended => (Turn::Moves, None),
        Step::ReadAll => (Turn::Waits, None),
        Step::When(condition) if condition(records) => (Turn::Moves, None),
        Step::When(_) => (Turn::Waits, None),
        Step::Call(action) => (Turn::Calls(Arc::clone(action)), None),
        Step::Hang => match running.timeout {
            Some(timeout) => (Turn::Ends(Exit::TimedOut(timeout)), None),
            None => (Turn::Waits, None),
        },
        Step::End(exit) => (Turn::Ends(exit.clone()), None),
        Step::Lose(reason) => (Turn::Loses(reason.clone()), None),
    };
    if !matches!(turn, Turn::Waits) {
        steps.pop_front();
    }
    (turn, output)
}

/// Returns the marks that a command line prints: when it begins, and when sudo has started its command.
fn marks(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("\"capr-")
        .filter_map(|(at, _)| line.get(at + 1..at + 39))
}

fn next_line<'a>(read: &mut usize, record: &'a Record) -> Option<&'a [u8]> {
    let unread = record.input.get(*read..)?;
    let end = unread.iter().position(|byte| *byte == b'\n')?;
    *read += end + 1;
    unread.get(..end)
}
