//! The state of scripted servers: the connections, the running commands, and what they were given.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use crate::configuration::Server;
use crate::exit::Exit;
use crate::secret::Secret;
use crate::session::scripted::answer::{Answer, SideEffect};
use crate::session::scripted::turn::{CommandTurn, ScriptedJob, turn};
use crate::session::scripted::{ScriptRecord, names};
use crate::session::{
    Command, ConnectError, Destination, JobId, JobSignal, LoginReport, NewHostKey, PasswordQuestion, Phase, Report,
    SessionId, Wanted, Warning,
};
use crate::source::readable;

type Fits = Arc<dyn Fn(&Server, &Command) -> bool + Send + Sync>;

pub(super) struct Rule {
    pub(super) fits: Fits,
    /// The answers: one is used each time, and the last one from then on.
    pub(super) answers: VecDeque<Answer>,
    pub(super) once: bool,
    /// True if a command that calls sudo is let through without a question.
    pub(super) opens: bool,
}

#[derive(PartialEq)]
enum Line {
    Stalled,
    /// A password was asked for.
    Asking,
    Open,
    Closed,
}

struct Connection {
    id: SessionId,
    server: Server,
    reports: Sender<Report>,
    line: Line,
}

impl Connection {
    fn report(&self, report: Report) {
        // Sending fails only when the run is over and nobody listens any more.
        let _ = self.reports.send(report);
    }

    fn open(&mut self, host_keys: &mut Vec<(String, Result<NewHostKey, Warning>)>) {
        self.line = Line::Open;
        if let Some(place) = host_keys.iter().position(|(host, _)| names(host, &self.server)) {
            let (_, key) = host_keys.remove(place);
            self.report(match key {
                Ok(key) => Report::Login(self.id, LoginReport::HostKeyAdded(key)),
                Err(warning) => Report::Login(self.id, LoginReport::HostKeyUntrusted(warning)),
            });
        }
        self.report(Report::Connected(self.id, Duration::ZERO));
    }

    fn refuse(&mut self, error: ConnectError) {
        self.line = Line::Closed;
        self.report(Report::ConnectFailed(self.id, error));
    }

    fn ask(&mut self, refused: Option<Secret>) {
        self.line = Line::Asking;
        let question = PasswordQuestion {
            wanted: Wanted::Password { words: None },
            user: self.server.user.clone().unwrap_or_else(|| "deploy".to_owned()),
            host: self.server.host.clone(),
            refused,
        };
        self.report(Report::PasswordWanted(self.id, question));
    }
}

#[derive(Default)]
pub(super) struct Scene {
    pub(super) rules: Vec<Rule>,
    pub(super) strict: bool,
    pub(super) ends_what_hangs: bool,
    /// The commands that were ended for this reason.
    pub(super) endless: Vec<(Server, String)>,
    /// The hosts, latest first, and the result of connecting to each (`None`: there is no answer).
    pub(super) connecting: Vec<(String, Option<Result<(), ConnectError>>)>,
    pub(super) passwords: Vec<(String, Secret)>,
    pub(super) host_keys: Vec<(String, Result<NewHostKey, Warning>)>,
    pub(super) connections: Vec<Destination>,
    pub(super) abandoned: Vec<Server>,
    pub(super) records: Vec<ScriptRecord>,
    lines: Vec<Connection>,
    running: Vec<ScriptedJob>,
    /// The record that belongs to each job. It is kept after the end, for input that comes too late.
    started: Vec<(SessionId, JobId, usize)>,
}

impl Scene {
    pub(super) fn connect(&mut self, id: SessionId, destination: &Destination, reports: Sender<Report>) {
        self.connections.push(destination.clone());
        self.lines.push(Connection {
            id,
            server: destination.server.clone(),
            reports,
            line: Line::Stalled,
        });
        self.connect_stalled();
    }

    pub(super) fn connect_stalled(&mut self) {
        let (passwords, host_keys) = (&self.passwords, &mut self.host_keys);
        for connection in &mut self.lines {
            if connection.line != Line::Stalled {
                continue;
            }
            let rule = self
                .connecting
                .iter()
                .find(|(host, _)| names(host, &connection.server))
                .map_or(Some(Ok(())), |(_, answer)| answer.clone());
            match rule {
                None => {}
                Some(Err(error)) => connection.refuse(error),
                Some(Ok(())) if passwords.iter().any(|(host, _)| names(host, &connection.server)) => {
                    connection.ask(None);
                }
                Some(Ok(())) => connection.open(host_keys),
            }
        }
    }

    pub(super) fn answer(&mut self, id: SessionId, given: Option<Secret>) {
        let (passwords, host_keys) = (&self.passwords, &mut self.host_keys);
        let Some(connection) = self.lines.iter_mut().rev().find(|connection| connection.id == id) else {
            return;
        };
        if connection.line != Line::Asking {
            return;
        }
        match given {
            None => connection.refuse(ConnectError::new(
                Phase::Authentication,
                "authentication failed".to_owned(),
            )),
            Some(given)
                if passwords
                    .iter()
                    .any(|(host, right)| names(host, &connection.server) && *right == given) =>
            {
                connection.open(host_keys);
            }
            Some(wrong) => connection.ask(Some(wrong)),
        }
    }

    fn connection(&mut self, id: SessionId) -> Option<&mut Connection> {
        // The latest connection counts: a script may outlive one run and see the same numbers again.
        self.lines.iter_mut().rev().find(|connection| connection.id == id)
    }

    fn report(&mut self, id: SessionId, report: Report) {
        if let Some(connection) = self.connection(id) {
            connection.report(report);
        }
    }

    pub(super) fn start(&mut self, session: SessionId, job: JobId, command: Command) {
        let Some(connection) = self.connection(session) else {
            return;
        };
        if connection.line != Line::Open {
            let exit = Exit::Lost("not connected".to_owned());
            self.report(session, Report::Finished(session, job, exit, Duration::ZERO));
            return;
        }
        let server = connection.server.clone();
        let answer = self.answer_to(&server, &command);
        let said = command.meant.as_ref().map_or(&command.line, |meant| &meant.command);
        self.running.push(ScriptedJob {
            said: said.clone(),
            session,
            job,
            record: self.records.len(),
            answer,
            #[cfg(test)]
            read: 0,
            timeout: command.timeout,
        });
        self.started.push((session, job, self.records.len()));
        self.records.push(ScriptRecord {
            server,
            line: command.line,
            #[cfg(test)]
            terminal: command.terminal,
            #[cfg(test)]
            timeout: command.timeout,
            input: readable(&*command.input.source),
            input_ended: command.input.then_end,
            signals: Vec::new(),
            exit: None,
        });
    }

    fn answer_to(&mut self, server: &Server, command: &Command) -> Answer {
        let Some(place) = self.rules.iter().position(|rule| (rule.fits)(server, command)) else {
            return match self.strict {
                true => {
                    let line = &command.line;
                    Answer::new().ends(Exit::Refused(format!("the script has no answer for {server}: {line}")))
                }
                false => {
                    let otherwise = command.meant.as_ref().and_then(|meant| meant.otherwise.as_ref());
                    otherwise.map_or_else(Answer::new, |text| Answer::new().out(text))
                }
            };
        };
        let Some(rule) = self.rules.get_mut(place) else {
            return Answer::new();
        };
        let opens = rule.opens;
        let answer = match rule.answers.len() {
            0 | 1 => rule.answers.front().cloned(),
            _ => rule.answers.pop_front(),
        };
        if rule.once {
            self.rules.remove(place);
        }
        match (answer.unwrap_or_default(), &command.input.opening) {
            (answer, Some(opening)) if opens => answer.behind(opening),
            (answer, _) => answer,
        }
    }

    fn record_of(&mut self, session: SessionId, job: JobId) -> Option<&mut ScriptRecord> {
        let (.., record) = self
            .started
            .iter()
            .rev()
            .find(|(in_session, as_job, _)| *in_session == session && *as_job == job)?;
        self.records.get_mut(*record)
    }

    pub(super) fn write(&mut self, session: SessionId, job: JobId, bytes: &[u8]) {
        if let Some(record) = self.record_of(session, job) {
            record.input.extend_from_slice(bytes);
        }
    }

    pub(super) fn end_input(&mut self, session: SessionId, job: JobId) {
        if let Some(record) = self.record_of(session, job) {
            record.input_ended = true;
        }
    }

    pub(super) fn signal(&mut self, session: SessionId, job: JobId, signal: JobSignal) {
        let Some(place) = self
            .running
            .iter()
            .position(|running| running.session == session && running.job == job)
        else {
            return;
        };
        let Some(running) = self.running.get(place) else {
            return;
        };
        if let Some(record) = self.records.get_mut(running.record) {
            record.signals.push(signal);
        }
        if running
            .answer
            .dies_of
            .is_some_and(|weakest| weakest == JobSignal::Term || signal == weakest)
        {
            self.finish(place, Exit::Signal(signal.name().to_owned()));
        }
    }

    pub(super) fn abandon(&mut self, id: SessionId) {
        let Some(connection) = self.connection(id) else {
            return;
        };
        let server = connection.server.clone();
        let was = std::mem::replace(&mut connection.line, Line::Closed);
        match was {
            Line::Closed => return,
            Line::Stalled | Line::Asking => {
                let error = ConnectError::new(Phase::Connect, "stopped".to_owned());
                self.report(id, Report::ConnectFailed(id, error));
            }
            Line::Open => {
                self.end_all(id, &Exit::Cancelled);
                self.report(id, Report::Lost(id, "stopped".to_owned()));
            }
        }
        self.abandoned.push(server);
    }

    pub(super) fn close(&mut self, id: SessionId) {
        if let Some(connection) = self.connection(id) {
            connection.line = Line::Closed;
        }
        self.end_all(id, &Exit::Cancelled);
    }

    fn lose(&mut self, id: SessionId, reason: &str) {
        if let Some(connection) = self.connection(id) {
            connection.line = Line::Closed;
        }
        self.end_all(id, &Exit::Lost(reason.to_owned()));
        self.report(id, Report::Lost(id, reason.to_owned()));
    }

    fn end_all(&mut self, id: SessionId, exit: &Exit) {
        while let Some(place) = self.running.iter().position(|running| running.session == id) {
            self.finish(place, exit.clone());
        }
    }

    fn finish(&mut self, place: usize, exit: Exit) {
        let ScriptedJob {
            session, job, record, ..
        } = self.running.remove(place);
        if let Some(record) = self.records.get_mut(record) {
            record.exit = Some(exit.clone());
        }
        self.report(session, Report::Finished(session, job, exit, Duration::ZERO));
    }

    /// Ends the commands of a session that hang without a timeout, if the script wants that.
    pub(super) fn end_what_hangs(&mut self, session: SessionId) {
        let hangs = |job: &ScriptedJob| job.session == session && job.hangs();
        while self.ends_what_hangs
            && let Some(place) = self.running.iter().position(hangs)
            && let Some(job) = self.running.get(place)
            && let Some(record) = self.records.get(job.record)
        {
            self.endless.push((record.server.clone(), job.said.clone()));
            self.finish(place, Exit::Cancelled);
        }
    }

    /// Lets commands continue until all wait, or until one wants a function called.
    pub(super) fn go_on(&mut self) -> Option<SideEffect> {
        let mut place = 0;
        while let Some(running) = self.running.get_mut(place) {
            let (session, job) = (running.session, running.job);
            let (turn, output) = turn(running, &self.records);
            if let Some((stream, bytes)) = output {
                self.report(session, Report::Output(session, job, stream, bytes));
            }
            match turn {
                CommandTurn::Waits => {
                    place += 1;
                    continue;
                }
                CommandTurn::Moves => {}
                #[cfg(test)]
                CommandTurn::Calls(action) => return Some(action),
                CommandTurn::Ends(exit) => self.finish(place, exit),
                CommandTurn::Loses(reason) => self.lose(session, &reason),
            }
            // Commands that wait for what has just happened are tried again.
            place = 0;
        }
        None
    }
}

#[cfg(test)]
impl Scene {
    pub(super) fn open_sessions(&self) -> usize {
        self.lines
            .iter()
            .filter(|connection| connection.line == Line::Open)
            .count()
    }

    pub(super) fn lose_host(&mut self, host: &str, reason: &str) {
        let ids: Vec<SessionId> = self
            .lines
            .iter()
            .filter(|connection| connection.line == Line::Open && names(host, &connection.server))
            .map(|connection| connection.id)
            .collect();
        for id in ids {
            self.lose(id, reason);
        }
    }
}
