//! One step of a scripted answer.

use std::time::Duration;

use crate::exit::{Exit, Stream};
use crate::session::scripted::ScriptRecord;
#[cfg(test)]
use crate::session::scripted::answer::SideEffect;
use crate::session::scripted::answer::{Answer, ScriptStep};
use crate::session::{JobId, SessionId};

pub(super) struct ScriptedJob {
    pub(super) session: SessionId,
    pub(super) job: JobId,
    /// The command as the recipe says it.
    pub(super) said: String,
    /// The index in `records`.
    pub(super) record: usize,
    pub(super) answer: Answer,
    /// The amount of the record's input that the answer has read.
    #[cfg(test)]
    pub(super) read: usize,
    pub(super) timeout: Option<Duration>,
}

impl ScriptedJob {
    /// Returns true if it waits for its timeout, which it does not have: with one it would have ended.
    pub(super) fn hangs(&self) -> bool {
        matches!(self.answer.steps.front(), Some(ScriptStep::Hang))
    }
}

/// The state of a running command after one try of its next step.
pub(super) enum CommandTurn {
    Waits,
    Moves,
    #[cfg(test)]
    Calls(SideEffect),
    Ends(Exit),
    Loses(String),
}

pub(super) type Chunk = (Stream, Vec<u8>);

/// Takes a running command's next step, as far as that is possible now.
pub(super) fn turn(running: &mut ScriptedJob, records: &[ScriptRecord]) -> (CommandTurn, Option<Chunk>) {
    let Some(record) = records.get(running.record) else {
        return (CommandTurn::Ends(Exit::Status(0)), None);
    };
    let steps = &mut running.answer.steps;
    let Some(step) = steps.front_mut() else {
        return (CommandTurn::Ends(Exit::Status(0)), None);
    };
    let (turn, output) = match step {
        ScriptStep::Output(stream, bytes) => (CommandTurn::Moves, Some((*stream, std::mem::take(bytes)))),
        #[cfg(test)]
        ScriptStep::Password {
            prompt,
            prompted: prompted @ false,
            ..
        } => {
            *prompted = true;
            return (CommandTurn::Moves, Some((Stream::Out, prompt.clone().into_bytes())));
        }
        #[cfg(test)]
        ScriptStep::Password {
            password,
            tries,
            prompted,
            ..
        } => match next_line(&mut running.read, record) {
            None if record.input_ended => (
                CommandTurn::Ends(Exit::Status(1)),
                Some((Stream::Err, b"sudo: no password was provided\n".to_vec())),
            ),
            None => (CommandTurn::Waits, None),
            Some(line) if line == password.as_bytes() => (CommandTurn::Moves, None),
            Some(_) if *tries > 1 => {
                *tries -= 1;
                *prompted = false;
                return (CommandTurn::Moves, Some((Stream::Err, b"Sorry, try again.\n".to_vec())));
            }
            Some(_) => (
                CommandTurn::Ends(Exit::Status(1)),
                Some((Stream::Err, b"sudo: 3 incorrect password attempts\n".to_vec())),
            ),
        },
        ScriptStep::Begin => {
            let said = format!("{}sudo asks: \n", marks(&record.line).next().unwrap_or_default());
            (CommandTurn::Moves, Some((Stream::Out, said.into_bytes())))
        }
        ScriptStep::Start => {
            let said = format!("{}\n", marks(&record.line).last().unwrap_or_default());
            (CommandTurn::Moves, Some((Stream::Out, said.into_bytes())))
        }
        #[cfg(test)]
        ScriptStep::ReadLine => match next_line(&mut running.read, record) {
            None if !record.input_ended => (CommandTurn::Waits, None),
            _ => (CommandTurn::Moves, None),
        },
        #[cfg(test)]
        ScriptStep::ReadAll if record.input_ended => (CommandTurn::Moves, None),
        #[cfg(test)]
        ScriptStep::ReadAll => (CommandTurn::Waits, None),
        #[cfg(test)]
        ScriptStep::When(condition) if condition(records) => (CommandTurn::Moves, None),
        #[cfg(test)]
        ScriptStep::When(_) => (CommandTurn::Waits, None),
        #[cfg(test)]
        ScriptStep::Call(action) => (CommandTurn::Calls(action.clone()), None),
        ScriptStep::Hang => match running.timeout {
            Some(timeout) => (CommandTurn::Ends(Exit::TimedOut(timeout)), None),
            None => (CommandTurn::Waits, None),
        },
        ScriptStep::End(exit) => (CommandTurn::Ends(exit.clone()), None),
        ScriptStep::Lose(reason) => (CommandTurn::Loses(reason.clone()), None),
    };
    if !matches!(turn, CommandTurn::Waits) {
        steps.pop_front();
    }
    (turn, output)
}

/// Returns the marks that a command line prints: when it begins, and when sudo has started its command.
fn marks(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("\"capr-")
        .filter_map(|(at, _)| line.get(at + 1..at + 39))
}

#[cfg(test)]
fn next_line<'a>(read: &mut usize, record: &'a ScriptRecord) -> Option<&'a [u8]> {
    let unread = record.input.get(*read..)?;
    let end = unread.iter().position(|byte| *byte == b'\n')?;
    *read += end + 1;
    unread.get(..end)
}
