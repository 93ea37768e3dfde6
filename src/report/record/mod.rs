//! The record of a run: made from the objects of the JSON log, and shown as a page for a browser or as a trace. The same code
//! reads a run in progress and a log that was kept.

mod escape;
mod page;
mod read;
#[cfg(test)]
mod tests;
mod trace;

use std::collections::{HashMap, VecDeque};

use serde::Serialize;

pub(super) use self::escape::escaped;
use self::read::Told;
use super::undone::rollback_end;

/// The most lines of one server in one action that are kept at its beginning, and at its end: with more, no browser could open
/// the page.
const KEPT_LINES: usize = 2000;
/// The most remarks that are kept.
const KEPT_REMARKS: usize = 5000;

/// The record of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct RunRecord {
    capr: String,
    run: String,
    /// The first time and the last, in milliseconds since 1970.
    begin: u64,
    end: u64,
    environment: Vec<(String, String)>,
    /// The facts of the release that the run has made.
    release: Vec<(String, String)>,
    tasks: Vec<Task>,
    actions: Vec<Action>,
    remarks: Vec<Remark>,
    errors: Vec<Failure>,
    rollbacks: Vec<Rollback>,
    summary: Option<Summary>,
    /// The number of objects so far.
    #[serde(skip)]
    told: usize,
    /// The tasks that run, the outermost first.
    #[serde(skip)]
    open: Vec<usize>,
    /// The actions by their numbers.
    #[serde(skip)]
    by_number: HashMap<u64, usize>,
}

/// A task that ran.
#[derive(Debug, Serialize)]
struct Task {
    /// Its position among tasks, actions and remarks.
    order: usize,
    name: String,
    depth: usize,
    /// The index of the task around it.
    parent: Option<usize>,
    begin: u64,
    end: Option<u64>,
    ok: Option<bool>,
}

/// An action on its servers.
#[derive(Debug, Serialize)]
struct Action {
    /// Its position among tasks, actions and remarks.
    order: usize,
    /// The index of the task that it belongs to.
    task: Option<usize>,
    verb: String,
    command: String,
    options: Vec<(String, String)>,
    local: bool,
    begin: u64,
    end: Option<u64>,
    servers: Vec<Part>,
}

/// The part of one server in an action.
#[derive(Debug, Serialize)]
struct Part {
    server: String,
    begin: u64,
    end: Option<u64>,
    failed: bool,
    /// The end in words: `exit status 1`.
    said: String,
    /// Lines, each with a mark in front: `o` for output, `e` for errors.
    lines: Vec<String>,
    /// True if the recipe took lines of its output, which nobody saw then.
    taken: bool,
    /// The number of lines that were left out.
    left_out: u64,
    #[serde(skip)]
    last: VecDeque<String>,
}

/// A message besides the actions.
#[derive(Debug, Serialize)]
struct Remark {
    /// Its position among tasks, actions and remarks.
    order: usize,
    at: u64,
    task: Option<usize>,
    /// `important`, `info`, `debug`, `trace`, `printed`, `rollback`.
    kind: String,
    text: String,
}

/// An error.
#[derive(Debug, Serialize)]
struct Failure {
    message: String,
    place: Option<String>,
    /// The tasks that were running, outermost first.
    tasks: Vec<String>,
    hints: Vec<String>,
    servers: Vec<(String, String, Vec<String>)>,
}

/// A server, the word for what became of a handler there, and the reason.
type Outcome = (String, String, String);

/// A rollback that is over.
#[derive(Debug, Serialize)]
struct Rollback {
    complete: bool,
    /// The handlers: each with its task.
    steps: Vec<(String, Vec<Outcome>)>,
}

/// The end of a run.
#[derive(Debug, Serialize)]
struct Summary {
    ok: bool,
    rolled_back: Option<bool>,
    tasks: u64,
    commands: u64,
    servers: u64,
    failed: u64,
    elapsed: u64,
}

impl RunRecord {
    /// Reads a whole log.
    ///
    /// # Errors
    ///
    /// When a line cannot be one of a log: the number of the first such line, and its mistake.
    pub(crate) fn of_log(text: &str) -> Result<Self, String> {
        let mut record = Self::default();
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let Some((_, first)) = lines.next() else {
            return Err("it is empty".to_owned());
        };
        let version: read::LogVersion = serde_json::from_str(first)
            .map_err(|_| "line 1 is no first line of a log: it is written by capr --log-format json".to_owned())?;
        if !version.log_format.starts_with("2.") {
            return Err(format!(
                "it is a log of format {}, and this capr reads 2",
                version.log_format
            ));
        }
        record.take(first);
        for (at, line) in lines {
            if serde_json::from_str::<serde_json::Value>(line).is_err() {
                // The last line of a run that was killed may be half a line.
                if text.lines().count() == at + 1 {
                    break;
                }
                return Err(format!("line {} is no JSON", at + 1));
            }
            record.take(line);
        }
        Ok(record)
    }

    /// Adds the lines of one event.
    pub(super) fn take(&mut self, lines: &str) {
        for line in lines.lines() {
            // Objects that only later versions write are ignored.
            if let Ok(read) = serde_json::from_str::<read::LogLine>(line) {
                let at = read.time.as_deref().and_then(read::milliseconds).unwrap_or(self.end);
                if self.begin == 0 {
                    self.begin = at;
                }
                self.end = self.end.max(at);
                self.told(at, read.told);
            }
        }
    }

    fn told(&mut self, at: u64, told: Told) {
        let order = self.next_order();
        match told {
            Told::Version { capr, run } => (self.capr, self.run) = (capr, run),
            Told::RunStarted {
                recipes,
                words,
                directory,
                user,
            } => {
                let all = [
                    ("recipe", recipes.join(", ")),
                    ("words", words.join(" ")),
                    ("directory", directory),
                    ("user", user),
                ];
                self.environment
                    .extend(all.map(|(name, value)| (name.to_owned(), value)));
            }
            Told::Deployed { facts } => self.release.extend(facts),
            Told::TaskStarted { task, depth } => {
                self.open.truncate(depth);
                self.tasks.push(Task {
                    order,
                    name: task,
                    depth,
                    parent: self.open.last().copied(),
                    begin: at,
                    end: None,
                    ok: None,
                });
                self.open.push(self.tasks.len() - 1);
            }
            Told::TaskFinished { depth, ok } => {
                let task = self.open.get(depth).and_then(|task| self.tasks.get_mut(*task));
                task.into_iter()
                    .for_each(|task| (task.end, task.ok) = (Some(at), Some(ok)));
                self.open.truncate(depth);
            }
            Told::ActionStarted {
                action,
                verb,
                command,
                options,
                local,
                servers,
            } => {
                self.by_number.insert(action, self.actions.len());
                self.actions.push(Action {
                    order,
                    task: self.open.last().copied(),
                    verb,
                    command,
                    options: options.into_iter().collect(),
                    local,
                    begin: at,
                    end: None,
                    servers: servers.into_iter().map(|server| Part::new(server, at)).collect(),
                });
            }
            Told::Output {
                action,
                server,
                stream,
                line,
            } => {
                if let Some(part) = self.part(action, &server) {
                    part.say(if stream == "err" { 'e' } else { 'o' }, &line);
                }
            }
            Told::Captured {
                action,
                server,
                stream,
                line,
                left_out,
            } => {
                if let Some(part) = self.part(action, &server) {
                    part.taken = true;
                    if let Some(line) = line {
                        part.say(if stream == "err" { 'e' } else { 'o' }, &line);
                    }
                    if let Some(left_out) = left_out {
                        part.say('x', &format!("… {left_out} lines left out …"));
                    }
                }
            }
            Told::ServerFinished {
                action,
                server,
                how,
                status,
                signal,
                reason,
                elapsed_ms,
                failed,
            } => {
                if let Some(part) = self.part(action, &server) {
                    part.begin = at.saturating_sub(elapsed_ms).max(part.begin);
                    part.end = Some(at);
                    part.failed = failed;
                    part.said = said(&how, status, signal.as_deref(), reason);
                    part.close();
                }
            }
            Told::ActionFinished { action } => {
                let found = self
                    .by_number
                    .get(&action)
                    .and_then(|place| self.actions.get_mut(*place));
                found.into_iter().for_each(|action| action.end = Some(at));
            }
            Told::Message { level, tag, text } => {
                let text = tag.map_or_else(|| text.clone(), |tag| format!("[{tag}] {text}"));
                self.remark(at, &level, text);
            }
            Told::Printed { text } => self.remark(at, "printed", text),
            Told::ConnectFailed { server, reason } => self.remark(at, "important", format!("{server}: {reason}")),
            Told::RollbackStarted { task } => self.remark(at, "rollback", format!("{task} failed, rolling back")),
            Told::RollingBack { task } => self.remark(at, "rollback", format!("rolling back {task}")),
            Told::RollbackSkipped { task, server, reason } => {
                self.remark(at, "rollback", format!("{task} on {server} not rolled back: {reason}"));
            }
            Told::RollbackFailed { task, reason } => {
                self.remark(at, "rollback", format!("{task} not rolled back: {reason}"))
            }
            Told::RollbackFinished { complete, steps } => {
                let on = |on: read::LoggedUndoneOn| (on.server, on.end.replace('_', " "), on.reason);
                let text = rollback_end(complete, steps.len());
                let steps = steps
                    .into_iter()
                    .map(|step| (step.task, step.servers.into_iter().map(on).collect()))
                    .collect();
                self.rollbacks.push(Rollback { complete, steps });
                self.remark(at, "rollback", text.to_owned());
            }
            Told::Interrupted { signal } => {
                self.remark(at, "important", format!("{signal}, ending the remote commands"))
            }
            Told::Error {
                message,
                file,
                line,
                hints,
                servers,
                tasks,
            } => {
                let place = file.map(|file| line.map_or_else(|| file.clone(), |line| format!("{file}:{line}")));
                let servers = servers.into_iter().map(|failed| {
                    let lines = if failed.stderr.is_empty() {
                        failed.stdout
                    } else {
                        failed.stderr
                    };
                    (failed.server, failed.reason, lines)
                });
                self.errors.push(Failure {
                    message,
                    place,
                    tasks,
                    hints,
                    servers: servers.collect(),
                });
            }
            Told::Summary {
                ok,
                rolled_back,
                tasks,
                commands,
                servers,
                failed,
                elapsed_ms,
            } => {
                self.summary = Some(Summary {
                    ok,
                    rolled_back,
                    tasks,
                    commands,
                    servers,
                    failed,
                    elapsed: elapsed_ms,
                });
            }
            Told::Other => {}
        }
    }

    fn next_order(&mut self) -> usize {
        self.told += 1;
        self.told
    }

    fn part(&mut self, action: u64, server: &str) -> Option<&mut Part> {
        let place = *self.by_number.get(&action)?;
        self.actions
            .get_mut(place)?
            .servers
            .iter_mut()
            .find(|part| part.server == server)
    }

    fn remark(&mut self, at: u64, kind: &str, text: String) {
        if self.remarks.len() < KEPT_REMARKS {
            let order = self.next_order();
            let task = self.open.last().copied();
            self.remarks.push(Remark {
                order,
                at,
                task,
                kind: kind.to_owned(),
                text,
            });
        }
    }

    /// Returns the page for a browser: one file that needs no other.
    pub(crate) fn page(&mut self) -> String {
        self.actions
            .iter_mut()
            .flat_map(|action| &mut action.servers)
            .for_each(Part::close);
        page::page(self)
    }

    /// Returns the trace, as Perfetto opens it.
    pub(crate) fn trace(&self) -> String {
        trace::trace(self)
    }
}

impl Part {
    fn new(server: String, begin: u64) -> Self {
        Self {
            server,
            begin,
            end: None,
            failed: false,
            said: String::new(),
            lines: Vec::new(),
            taken: false,
            left_out: 0,
            last: VecDeque::new(),
        }
    }

    fn say(&mut self, mark: char, line: &str) {
        let line = format!("{mark}{line}");
        if self.lines.len() < KEPT_LINES {
            self.lines.push(line);
            return;
        }
        if self.last.len() == KEPT_LINES {
            self.last.pop_front();
            self.left_out += 1;
        }
        self.last.push_back(line);
    }

    /// Puts the last lines after the first, and between them the number of lines that were left out.
    fn close(&mut self) {
        if self.left_out > 0 && !self.last.is_empty() {
            self.lines.push(format!("x… {} lines left out …", self.left_out));
        }
        self.lines.extend(self.last.drain(..));
    }
}

/// Returns the end of a command in words; empty if it succeeded.
fn said(how: &str, status: Option<i64>, signal: Option<&str>, reason: Option<String>) -> String {
    match (how, status, signal, reason) {
        (.., Some(reason)) => reason,
        ("exited", Some(0), ..) => String::new(),
        ("exited", Some(status), ..) => format!("exit status {status}"),
        ("signaled", _, Some(signal), _) => format!("ended by SIG{signal}"),
        _ => how.to_owned(),
    }
}
