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
use self::read::{
    LoggedAction, LoggedCapture, LoggedEnd, LoggedError, LoggedOutput, LoggedRollback, LoggedRun, LoggedSummary,
    LoggedUndoneOn, LoggedUndoneStep, Told,
};
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

impl Failure {
    fn of(error: LoggedError) -> Self {
        let line = error.line;
        let place = |file: String| line.map_or_else(|| file.clone(), |line| format!("{file}:{line}"));
        let servers = error.servers.into_iter().map(|failed| {
            let lines = match failed.stderr.is_empty() {
                true => failed.stdout,
                false => failed.stderr,
            };
            (failed.server, failed.reason, lines)
        });
        Self {
            message: error.message,
            place: error.file.map(place),
            tasks: error.tasks,
            hints: error.hints,
            servers: servers.collect(),
        }
    }
}

impl Summary {
    fn of(summary: &LoggedSummary) -> Self {
        Self {
            ok: summary.ok,
            rolled_back: summary.rolled_back,
            tasks: summary.tasks,
            commands: summary.commands,
            servers: summary.servers,
            failed: summary.failed,
            elapsed: summary.elapsed_ms,
        }
    }
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
            Told::RunStarted(run) => self.run_started(run),
            Told::Deployed { facts } => self.release.extend(facts),
            Told::TaskStarted { task, depth } => self.task_started((order, at), task, depth),
            Told::TaskFinished { depth, ok } => self.task_finished(at, depth, ok),
            Told::ActionStarted(started) => self.action_started((order, at), started),
            Told::Output(output) => self.output(&output),
            Told::Captured(captured) => self.captured(&captured),
            Told::ServerFinished(end) => self.server_finished(at, end),
            Told::ActionFinished { action } => self.action_finished(at, action),
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
                self.remark(at, "rollback", format!("{task} not rolled back: {reason}"));
            }
            Told::RollbackFinished(rollback) => self.rollback_finished(at, rollback),
            Told::Interrupted { signal } => {
                self.remark(at, "important", format!("{signal}, ending the remote commands"));
            }
            Told::Error(error) => self.errors.push(Failure::of(error)),
            Told::Summary(summary) => self.summary = Some(Summary::of(&summary)),
            Told::Other => {}
        }
    }

    fn run_started(&mut self, run: LoggedRun) {
        let all = [
            ("recipe", run.recipes.join(", ")),
            ("words", run.words.join(" ")),
            ("directory", run.directory),
            ("user", run.user),
        ];
        self.environment
            .extend(all.map(|(name, value)| (name.to_owned(), value)));
    }

    fn task_started(&mut self, (order, at): (usize, u64), name: String, depth: usize) {
        self.open.truncate(depth);
        self.tasks.push(Task {
            order,
            name,
            depth,
            parent: self.open.last().copied(),
            begin: at,
            end: None,
            ok: None,
        });
        self.open.push(self.tasks.len() - 1);
    }

    fn task_finished(&mut self, at: u64, depth: usize, ok: bool) {
        if let Some(task) = self.open.get(depth).and_then(|task| self.tasks.get_mut(*task)) {
            (task.end, task.ok) = (Some(at), Some(ok));
        }
        self.open.truncate(depth);
    }

    fn action_started(&mut self, (order, at): (usize, u64), started: LoggedAction) {
        self.by_number.insert(started.action, self.actions.len());
        let servers = started.servers.into_iter();
        self.actions.push(Action {
            order,
            task: self.open.last().copied(),
            verb: started.verb,
            command: started.command,
            options: started.options.into_iter().collect(),
            local: started.local,
            begin: at,
            end: None,
            servers: servers.map(|server| Part::new(server, at)).collect(),
        });
    }

    fn output(&mut self, output: &LoggedOutput) {
        if let Some(part) = self.part(output.action, &output.server) {
            part.say(mark(&output.stream), &output.line);
        }
    }

    fn captured(&mut self, captured: &LoggedCapture) {
        let Some(part) = self.part(captured.action, &captured.server) else {
            return;
        };
        part.taken = true;
        if let Some(line) = &captured.line {
            part.say(mark(&captured.stream), line);
        }
        if let Some(left_out) = captured.left_out {
            part.say('x', &format!("… {left_out} lines left out …"));
        }
    }

    fn server_finished(&mut self, at: u64, end: LoggedEnd) {
        if let Some(part) = self.part(end.action, &end.server) {
            part.begin = at.saturating_sub(end.elapsed_ms).max(part.begin);
            part.end = Some(at);
            part.failed = end.failed;
            part.said = said(&end.how, end.status, end.signal.as_deref(), end.reason);
            part.close();
        }
    }

    fn action_finished(&mut self, at: u64, action: u64) {
        let place = self.by_number.get(&action);
        if let Some(action) = place.and_then(|place| self.actions.get_mut(*place)) {
            action.end = Some(at);
        }
    }

    fn rollback_finished(&mut self, at: u64, LoggedRollback { complete, steps }: LoggedRollback) {
        let text = rollback_end(complete, steps.len());
        let on = |on: LoggedUndoneOn| (on.server, on.end.replace('_', " "), on.reason);
        let step = |step: LoggedUndoneStep| (step.task, step.servers.into_iter().map(on).collect());
        let steps = steps.into_iter().map(step).collect();
        self.rollbacks.push(Rollback { complete, steps });
        self.remark(at, "rollback", text.to_owned());
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

/// Returns the mark in front of a line of this stream.
fn mark(stream: &str) -> char {
    if stream == "err" { 'e' } else { 'o' }
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
