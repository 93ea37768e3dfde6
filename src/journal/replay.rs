//! The results of an earlier run, read from its journal in their order.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;

use serde_json::Value;
use thiserror::Error;

use super::book::{Book, Lines};
use super::half_done::servers_listed;
use super::keeper::Asked;
use super::record::{Ended, Failure, Record};
use crate::event::worded;
use crate::exit::Stream;

/// The ways to continue a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ways {
    /// Undo the run.
    pub is_undo: bool,
    /// Repeat steps that have no known end.
    pub is_redo: bool,
    /// Treat steps that have no known end as done.
    pub is_skip: bool,
}

/// The reason why a run cannot be resumed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The recipe does something else than before.
    #[error("the recipe does not do the same as in the run that is resumed: it did {before} then, and {now} now")]
    Other {
        /// The step or question of the earlier run.
        before: String,
        /// The step or question of this run.
        now: String,
    },
    /// A step was begun, and nobody knows how it ended.
    #[error("`{what}' was begun on {} and has no known end there", servers_listed(servers))]
    Open {
        /// Verb and command.
        what: String,
        /// The servers on which its end is not known.
        servers: Vec<String>,
        /// True if the output of the step does not matter.
        can_skip: bool,
    },
    /// The output of a step is not kept.
    #[error("what `{what}' wrote is not in the journal, since {why}")]
    Dropped {
        /// Verb and command.
        what: String,
        /// The reason.
        why: &'static str,
    },
    /// A file that the run had made on this machine is gone.
    #[error("{0}")]
    Gone(String),
    /// The journal cannot be read any more.
    #[error("the journal cannot be read: {0}")]
    Unreadable(String),
}

impl Refusal {
    /// Returns the commands that help now.
    pub fn hints(&self) -> Vec<String> {
        let redo = "capr RECIPE resume --redo runs it again there".to_owned();
        let undo = "capr RECIPE resume --undo rolls back what is open".to_owned();
        match self {
            Self::Open { can_skip, .. } => {
                let look = "look there first: it may also still run".to_owned();
                let skip = "capr RECIPE resume --skip takes it for done".to_owned();
                let skip = can_skip.then_some(skip);
                [look, redo].into_iter().chain(skip).chain([undo]).collect()
            }
            Self::Dropped { .. } => vec![redo, undo],
            Self::Other { .. } => vec![undo, "nothing was done now".to_owned()],
            Self::Gone(_) => vec![undo],
            Self::Unreadable(_) => Vec::new(),
        }
    }
}

/// The result of looking up an answer that may be another one now.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// The answer has to be found out now.
    Nothing,
    /// The answer of the earlier run.
    Value(Value),
    /// The answer is a secret: it has to be found out again, but it is not new.
    Secret,
    /// The question failed: it has to be asked again, but it is not new.
    Failed,
}

/// A step of the earlier run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replayed {
    /// The jobs for which it was started, as positions among those that are asked for.
    pub jobs: Vec<usize>,
    /// Output that a block was given: the position in `jobs`, the stream, the string.
    pub pieces: Vec<(usize, Stream, String)>,
    /// The ends of the jobs, by the position in `jobs`.
    pub ends: BTreeMap<usize, Ended>,
    /// The reason why it failed as a whole.
    pub error: Option<Failure>,
    /// Servers that its rollback could not reach.
    pub skipped: Vec<(String, String)>,
    /// The positions in `jobs` for which it has to be run.
    pub left: Option<Vec<usize>>,
    /// The number of the step.
    pub(super) step: u64,
    /// True if it has no known end.
    pub(super) is_open: bool,
    /// True if nothing came after it.
    pub(super) is_last: bool,
    /// The positions in `left` that are treated as done.
    pub(super) taken: Vec<usize>,
}

/// The records of one step that were read so far.
#[derive(Clone, Debug, Default)]
struct Gathered {
    step: u64,
    servers: Vec<String>,
    pieces: Vec<(usize, Stream, String)>,
    is_dropped: bool,
    ends: BTreeMap<usize, Ended>,
    done: Option<Option<Failure>>,
    skipped: Vec<(String, String)>,
    is_last: bool,
}

/// The records of an earlier run that are not used up yet.
#[derive(Debug)]
pub(super) struct Replay {
    lines: Lines,
    until: u64,
    next: Option<Record>,
    /// Records that were read while the end of an earlier step was looked for, and that are not used up yet.
    ahead: VecDeque<Record>,
    sets: HashMap<usize, Vec<String>>,
    steps: u64,
    /// A step about which the person is being asked.
    open: Option<Gathered>,
}

impl Replay {
    pub(super) fn of(book: &Book) -> io::Result<Self> {
        let mut all = Self::from_start(book)?;
        let mut steps = 0;
        while let Some(record) = all.read()? {
            if let Record::Step { step, .. } = record {
                steps = steps.max(step);
            }
        }
        let mut replay = Self::from_start(book)?;
        replay.steps = steps;
        Ok(replay)
    }

    fn from_start(book: &Book) -> io::Result<Self> {
        let mut lines = book.lines()?;
        // The head was read before.
        lines.next_line(&mut Vec::new())?;
        Ok(Self {
            lines,
            until: book.end(),
            next: None,
            ahead: VecDeque::new(),
            sets: HashMap::new(),
            steps: 0,
            open: None,
        })
    }

    /// Returns the number of the last step.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    fn read(&mut self) -> io::Result<Option<Record>> {
        let mut line = Vec::new();
        if self.lines.at() >= self.until || !self.lines.next_line(&mut line)? {
            return Ok(None);
        }
        serde_json::from_slice(&line).map(Some).map_err(io::Error::other)
    }

    /// Returns the next record that the recipe has to reach; records of other kinds are handled here.
    fn peek(&mut self) -> Result<Option<&Record>, Refusal> {
        if self.next.is_none() {
            self.next = match self.ahead.pop_front() {
                Some(record) => Some(record),
                None => self.pull()?,
            };
        }
        Ok(self.next.as_ref())
    }

    fn pull(&mut self) -> Result<Option<Record>, Refusal> {
        loop {
            match self.read().map_err(|error| Refusal::Unreadable(error.to_string()))? {
                Some(Record::Servers { set, servers }) => drop(self.sets.insert(set, servers)),
                // A rollback that is not complete is continued by the records after this one.
                Some(Record::RolledBack { complete: false, .. }) => {}
                Some(Record::Stopped | Record::Resumed { .. } | Record::Release { .. } | Record::Texts { .. }) => {}
                other => return Ok(other),
            }
        }
    }

    /// Returns true if nothing is left. The next step finds out if something cannot be read.
    pub(super) fn is_over(&mut self) -> bool {
        self.open.is_none() && matches!(self.peek(), Ok(None))
    }

    /// Notes that the recipe has reached a record which is not a step.
    pub(super) fn mark(&mut self, record: &Record) {
        let is_same = |next: &Record| std::mem::discriminant(next) == std::mem::discriminant(record);
        if let Ok(Some(next)) = self.peek()
            && is_same(next)
        {
            self.next = None;
        }
    }

    pub(super) fn answer(&mut self, what: &str, of: &str) -> Result<Option<Found>, Refusal> {
        let Some(next) = self.peek()? else { return Ok(None) };
        match next {
            Record::Answer {
                what: before,
                of: about,
                value,
                failed,
                is_secret,
            } if before == what && about == of => {
                let found = match (failed, is_secret) {
                    (true, _) => Found::Failed,
                    (_, true) => Found::Secret,
                    _ => Found::Value(value.clone()),
                };
                self.next = None;
                Ok(Some(found))
            }
            other => Err(Refusal::Other {
                before: told(other),
                now: asked_for(what, of),
            }),
        }
    }

    /// Returns the result of a step in the earlier run; `None` if that run did not get so far. A step that was refused is asked
    /// for again after the person has chosen.
    pub(super) fn step(&mut self, asked: &Asked, command: &str, ways: Ways) -> Result<Option<Replayed>, Refusal> {
        let gathered = match self.open.take() {
            Some(gathered) => gathered,
            None => match self.gather(asked, command)? {
                Some(gathered) => gathered,
                None => return Ok(None),
            },
        };
        match decide(&gathered, asked, command, ways) {
            Ok(replayed) => Ok(Some(replayed)),
            Err(refusal) => {
                self.open = Some(gathered);
                Err(refusal)
            }
        }
    }

    fn gather(&mut self, asked: &Asked, command: &str) -> Result<Option<Gathered>, Refusal> {
        let mut gathered = Gathered::default();
        while let Some(Record::Skipped { server, reason }) = self.peek()? {
            gathered.skipped.push((server.clone(), reason.clone()));
            self.next = None;
        }
        let Some(next) = self.peek()?.cloned() else {
            return Ok(None);
        };
        let other = Refusal::Other {
            before: told(&next),
            now: asked_for(asked.verb, command),
        };
        match next {
            Record::Step {
                step,
                verb,
                command: before,
                is_local,
                set,
                again: None,
                ..
            } if verb == asked.verb && before == command && is_local == asked.is_local => {
                gathered.step = step;
                gathered.servers = self.sets.get(&set).cloned().unwrap_or_default();
            }
            _ => return Err(other),
        }
        self.next = None;
        if places(&gathered.servers, &asked.servers).is_none() {
            return Err(other);
        }
        self.gather_rest(&mut gathered)?;
        Ok(Some(gathered))
    }

    /// Reads the other records of a step. Those of steps that ran at the same time are left for these.
    fn gather_rest(&mut self, gathered: &mut Gathered) -> Result<(), Refusal> {
        let mut others = VecDeque::new();
        while self.peek()?.is_some() {
            let Some(record) = self.next.take() else { break };
            if let Some(other) = gathered.take(record) {
                others.push_back(other);
            }
            if matches!(&gathered.done, Some(error) if !error.as_ref().is_some_and(|error| error.is_stopped)) {
                break;
            }
        }
        others.append(&mut self.ahead);
        self.ahead = others;
        gathered.is_last = self.peek()?.is_none();
        Ok(())
    }
}

impl Gathered {
    /// Takes a record of this step; returns any other record.
    fn take(&mut self, record: Record) -> Option<Record> {
        let number = self.step;
        match record {
            Record::Piece {
                step,
                place,
                stream,
                text,
            } if step == number => self.pieces.push((place, stream, text)),
            Record::Dropped { step } if step == number => self.is_dropped = true,
            Record::Ended { step, place, end } if step == number => drop(self.ends.insert(place, end)),
            Record::Done { step, error } if step == number => self.done = Some(error),
            // The rest of the step was run again.
            Record::Step {
                step, again: Some(_), ..
            } if step == number => self.done = None,
            other => return Some(other),
        }
        None
    }
}

/// Decides what to do with a step whose records are all read.
fn decide(gathered: &Gathered, asked: &Asked, command: &str, ways: Ways) -> Result<Replayed, Refusal> {
    let is_stopped = matches!(&gathered.done, Some(Some(error)) if error.is_stopped);
    let is_open = gathered.done.is_none() || gathered.is_last && is_stopped;
    let what = worded(asked.verb, command.lines().next().unwrap_or_default());
    let has_no_end = |place: &usize| gathered.ends.get(place).is_none_or(|end| end.is_stopped);
    let mut replayed = Replayed {
        jobs: places(&gathered.servers, &asked.servers).unwrap_or_default(),
        pieces: gathered.pieces.clone(),
        ends: gathered.ends.clone(),
        error: gathered.done.clone().flatten(),
        skipped: gathered.skipped.clone(),
        left: None,
        step: gathered.step,
        is_open,
        is_last: gathered.is_last,
        taken: Vec::new(),
    };
    if is_open {
        let left: Vec<usize> = (0..gathered.servers.len()).filter(has_no_end).collect();
        replayed.error = None;
        replayed.ends.retain(|_, end| !end.is_stopped);
        if left.is_empty() {
            return Ok(replayed);
        }
        // The end of a step does not matter if the step is undone next.
        let is_undone = ways.is_undo && !asked.is_rolling_back;
        if asked.is_repeatable || ways.is_redo || is_undone {
            replayed.left = Some(left);
        } else if ways.is_skip && !asked.is_captured {
            replayed.taken = left;
        } else {
            let servers = left.iter().filter_map(|place| gathered.servers.get(*place));
            return Err(Refusal::Open {
                what,
                servers: servers.cloned().collect(),
                can_skip: !asked.is_captured,
            });
        }
        return Ok(replayed);
    }
    let secret: Vec<usize> = match gathered.is_dropped {
        true => (0..gathered.servers.len()).collect(),
        false => gathered
            .ends
            .iter()
            .filter(|(_, end)| end.is_secret)
            .map(|(place, _)| *place)
            .collect(),
    };
    if secret.is_empty() || replayed.error.is_some() {
        return Ok(replayed);
    }
    if !ways.is_redo {
        let why = match gathered.is_dropped {
            true => "it was too much, or a secret",
            false => "there is a secret in it",
        };
        return Err(Refusal::Dropped { what, why });
    }
    replayed.left = Some(secret);
    Ok(replayed)
}

/// Returns the positions of the servers on which a step was started among those that are asked for; `None` if it was another
/// step.
fn places(started: &[String], asked: &[String]) -> Option<Vec<usize>> {
    let mut asked = asked.iter().enumerate();
    let place = |server: &String| asked.find(|(_, other)| *other == server).map(|(place, _)| place);
    started.iter().map(place).collect()
}

/// Describes a record for a person.
fn told(record: &Record) -> String {
    match record {
        Record::Step { verb, command, .. } => asked_for(verb, command),
        Record::Answer { what, of, .. } => asked_for(what, of),
        Record::Committed => "the end of a transaction".to_owned(),
        Record::RollingBack | Record::Skipped { .. } => "a rollback".to_owned(),
        Record::RolledBack { .. } => "the end of a rollback".to_owned(),
        _ => "something else".to_owned(),
    }
}

fn asked_for(what: &str, of: &str) -> String {
    format!("`{}'", worded(what, of.lines().next().unwrap_or_default()).trim_end())
}
