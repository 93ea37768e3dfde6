//! The work of a run that died, as it is described to a person.

use std::collections::HashMap;
use std::path::Path;

use super::record::{Ended, Head, Record};
use crate::listed::listed;

/// Steps that only read. A run with no other steps has left nothing half done.
const LOOKS: [&str; 6] = ["capture", "capture_all", "test", "stream", "get", "download"];
/// The number of servers that are named.
const NAMED: usize = 8;

/// The facts about a run. Their size is bounded, however long the journal is.
#[derive(Clone, Debug, Default)]
pub struct HalfDone {
    run: String,
    time: String,
    words: Vec<String>,
    release: Option<String>,
    process: u32,
    done: u64,
    has_changed: bool,
    sets: HashMap<usize, Vec<String>>,
    /// The step that was begun last.
    last: Option<Last>,
    is_rolling_back: bool,
    /// The tasks that are left of a rollback that is not complete.
    left: Option<Vec<String>>,
    skipped: Vec<(String, String)>,
    is_stopped: bool,
}

#[derive(Clone, Debug)]
struct Last {
    step: u64,
    verb: String,
    command: String,
    task: String,
    servers: Vec<String>,
    ended: Vec<LastEnd>,
    is_done: bool,
}

/// The end that the last step has found on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastEnd {
    Well,
    Failed,
    /// It is not in the journal, or the run was stopped.
    Unknown,
}

impl HalfDone {
    pub(super) fn new(head: &Head) -> Self {
        Self {
            run: head.run.clone(),
            time: head.time.clone(),
            words: head.words.clone(),
            process: head.process,
            ..Self::default()
        }
    }

    /// Returns the process that is working on a journal.
    pub(super) fn process_of(path: &Path) -> Option<u32> {
        let text = std::fs::read(path).ok()?;
        let lines = text.split(|byte| *byte == b'\n');
        let mut process = None;
        for line in lines {
            if let Ok(head) = serde_json::from_slice::<Head>(line) {
                process = Some(head.process);
            } else if let Ok(Record::Resumed { process: next, .. }) = serde_json::from_slice(line) {
                process = Some(next);
            }
        }
        process
    }

    pub(super) fn add(&mut self, record: Record) {
        match record {
            Record::Servers { set, servers } => drop(self.sets.insert(set, servers)),
            Record::Release { name } => self.release = Some(name),
            Record::Step {
                step,
                verb,
                command,
                task,
                set,
                again,
                is_local,
                ..
            } => {
                let servers = self.sets.get(&set).cloned().unwrap_or_default();
                self.has_changed |= !LOOKS.contains(&verb.as_str()) && !is_local && !servers.is_empty();
                match &mut self.last {
                    Some(last) if again.is_some() => last.is_done = false,
                    last => {
                        *last = Some(Last {
                            step,
                            verb,
                            command,
                            task,
                            ended: vec![LastEnd::Unknown; servers.len()],
                            servers,
                            is_done: false,
                        });
                    }
                }
            }
            Record::Ended { step, place, end } => {
                let last = self.last.as_mut().filter(|last| last.step == step);
                if let Some(ended) = last.and_then(|last| last.ended.get_mut(place)) {
                    *ended = match is_well(&end) {
                        _ if end.is_stopped => LastEnd::Unknown,
                        true => LastEnd::Well,
                        false => LastEnd::Failed,
                    };
                }
            }
            Record::Done { step, error } => {
                let is_stopped = error.as_ref().is_some_and(|error| error.is_stopped);
                if let Some(last) = self.last.as_mut().filter(|last| last.step == step) {
                    last.is_done = !is_stopped;
                }
                self.done += u64::from(!is_stopped);
            }
            Record::RollingBack => self.is_rolling_back = true,
            Record::Skipped { server, reason } if self.skipped.len() < NAMED => self.skipped.push((server, reason)),
            Record::RolledBack { complete, left } => {
                self.is_rolling_back = false;
                self.left = (!complete).then_some(left);
            }
            Record::Committed => self.is_rolling_back = false,
            Record::Stopped => self.is_stopped = true,
            Record::Resumed { process, .. } => {
                self.process = process;
                self.is_stopped = false;
                self.skipped.clear();
            }
            Record::Texts { .. }
            | Record::Skipped { .. }
            | Record::Piece { .. }
            | Record::Dropped { .. }
            | Record::Answer { .. } => {}
        }
    }

    /// Returns true if the run had begun something that may have changed servers.
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }

    /// Returns true if a step is done, or a release was begun, so that going on with the run differs from running it anew.
    pub(super) fn has_done_something(&self) -> bool {
        self.done > 0 || self.release.is_some() || self.is_rolling_back
    }

    /// Returns true if the run has ended in order with a rollback that is not complete, so that there is nothing to resume.
    pub fn is_over(&self) -> bool {
        self.left.as_ref().is_some_and(Vec::is_empty)
    }

    /// Returns true if the run has died, so that its locks are where it had taken them.
    pub(super) fn has_died(&self) -> bool {
        !self.is_stopped
    }

    /// Returns the release that the run was about.
    pub fn release(&self) -> Option<&str> {
        self.release.as_deref()
    }

    /// Returns one paragraph: what is half done, and on which servers. There are no secrets in a journal.
    pub fn told(&self) -> String {
        let words = self.words.join(" ");
        let release = self.release.as_ref();
        let release = release.map_or_else(String::new, |name| format!(" of release {name}"));
        let time = self.time.split_once('.').map_or(self.time.as_str(), |(time, _)| time);
        let time = time.trim_end_matches('Z').replace('T', " ");
        let mut text = format!("run {} (`{words}'{release}, begun {time} UTC)", short(&self.run));
        text.push_str(&match (&self.left, self.is_rolling_back) {
            (Some(_), _) => " was rolled back in part".to_owned(),
            (None, true) => format!(" ended in its rollback, after {} steps", self.done),
            (None, false) => format!(" was broken off after {} steps", self.done),
        });
        if let Some(last) = self.last.as_ref().filter(|last| !last.is_done) {
            let command = last.command.lines().next().unwrap_or_default();
            let what = crate::event::worded(&last.verb, command);
            let of = |wanted: LastEnd| {
                let servers = last.servers.iter().zip(&last.ended);
                servers
                    .filter(|(_, ended)| **ended == wanted)
                    .map(|(server, _)| server.as_str())
                    .collect::<Vec<_>>()
            };
            text.push_str(&format!("; `{what}' of `{}' was begun", last.task));
            for (wanted, how) in [
                (LastEnd::Well, "has ended well on"),
                (LastEnd::Failed, "has failed on"),
                (LastEnd::Unknown, "has no known end on"),
            ] {
                let servers = of(wanted);
                if !servers.is_empty() {
                    text.push_str(&format!(", {how} {}", servers_listed(&servers)));
                }
            }
        }
        for (server, reason) in &self.skipped {
            text.push_str(&format!("; {server} was not rolled back: {reason}"));
        }
        if let Some(left) = self.left.as_ref().filter(|left| !left.is_empty()) {
            text.push_str(&format!("; not rolled back: {}", left.join(", ")));
        }
        text
    }
}

fn is_well(end: &Ended) -> bool {
    end.failed.is_none()
}

/// Returns the name of a run in the short form for people.
pub(super) fn short(run: &str) -> &str {
    run.get(..8).unwrap_or(run)
}

/// Lists servers, but not all if there are many.
pub(super) fn servers_listed<T: AsRef<str>>(servers: &[T]) -> String {
    listed(servers, NAMED)
}
