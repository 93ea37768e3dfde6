//! Starts an action on its servers, and follows it to its end or ends it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use zeroize::Zeroizing;

use super::gate::Gate;
use super::late::Late;
use super::running::ServerJob;
use super::silence;
use super::sudo::SudoPart;
use super::{Action, ActionError, Actor, Consent, Outcome, Output, Passwords, Piece, RunningAction};
use crate::configuration::Server;
use crate::event::{ActionId, Event, Level};
use crate::exit::Stream;
use crate::fanout::Arrival;
use crate::interrupt::Signal;
use crate::journal::{Asked, Begun};
use crate::secret::Secret;
use crate::session::{Command, Destination, Input, Ladder, Opening};
use crate::unanswered::Unanswered;

/// Answers no question, for the time after the handler's end, when nobody is asked any more.
struct Nobody;

impl Passwords for Nobody {
    fn password(&mut self, _why: &str) -> Result<Secret, Unanswered> {
        Err(Unanswered::nobody("the action is over"))
    }

    fn passphrase(&mut self, _key: &str, _again: bool) -> Result<Secret, Unanswered> {
        Err(Unanswered::nobody("the action is over"))
    }

    fn answer(&mut self, _question: &str, _hidden: bool) -> Result<Secret, Unanswered> {
        Err(Unanswered::nobody("the action is over"))
    }

    fn forget(&mut self) {}
}

impl Actor {
    /// Connects all servers, then starts the action on all of them at once. If one cannot be connected, it is not started
    /// anywhere.
    ///
    /// In a rollback handler the action runs only on servers that the handler's task has touched. A server that cannot be
    /// connected is skipped, which is reported.
    pub(crate) fn start(
        &mut self,
        mut action: Action,
        passwords: &mut dyn Passwords,
    ) -> Result<RunningAction, ActionError> {
        if let Some(signal) = self.interrupt.take() {
            return Err(self.interrupted(signal));
        }
        let mut jobs = std::mem::take(&mut action.jobs);
        if !action.local && !action.is_apart {
            self.cut(&mut jobs);
        }
        if !action.is_apart {
            self.ask_consent(&action.shown, &mut jobs, passwords)?;
        }
        self.connect(action.local, &mut jobs, passwords)?;

        if !action.local && !action.is_apart {
            for (destination, _) in &jobs {
                self.frames.touch(&destination.server);
            }
        }
        let begun = self.record(&action, &jobs)?;
        let mut running = self.running(&action, &jobs, begun);
        if jobs.is_empty() {
            return Ok(running);
        }
        if !running.silent {
            self.teller.tell(Event::ActionStarted {
                action: running.id,
                verb: action.verb,
                command: running.shown.clone(),
                options: action.options,
                is_local: action.local,
                servers: running.servers().cloned().collect(),
            });
        }
        let orders = jobs
            .into_iter()
            .map(|(destination, command)| (destination.server, command))
            .collect();
        running.flight = Some(self.fanout(running.local).start(orders));
        Ok(running)
    }

    /// Writes the beginning of an action into the journal. Returns nothing for an action that is not kept there, or not yet: one
    /// that belongs to the run itself is repeated by every process, and one with a gate is written when it has ended.
    fn record(&self, action: &Action, jobs: &[(Destination, Command)]) -> Result<Option<Begun>, ActionError> {
        if action.is_apart || action.gate.is_some() {
            return Ok(None);
        }
        let servers = jobs.iter().map(|(destination, _)| destination.server.to_string());
        let step = Asked {
            verb: action.verb,
            command: &action.shown,
            task: self.task(),
            is_local: action.local,
            servers: servers.collect(),
            is_rolling_back: self.is_rolling_back(),
            ..Asked::default()
        };
        self.journal.begin(&step).map_err(ActionError::Journal)
    }

    /// Returns the state of an action that begins now on these servers.
    fn running(&mut self, action: &Action, jobs: &[(Destination, Command)], begun: Option<Begun>) -> RunningAction {
        let gate = action.gate.clone();
        let gate = gate.map(|mark| Gate::new(mark, action.verb, self.task()));
        self.actions += 1;
        let parts = jobs.iter().map(|(destination, command)| {
            let shown = action.parts.get(&command.line).cloned();
            ServerJob::new(destination.server.clone(), shown, command)
        });
        RunningAction {
            flight: None,
            begun,
            gate,
            local: action.local,
            id: ActionId(self.actions),
            shown: self.teller.redactor().clean(&action.shown),
            silent: action.silent,
            accepts: action.accepts,
            output: action.output,
            most_captured: action.most_captured,
            started: Instant::now(),
            heartbeat: action.heartbeat,
            look: silence::first(action.heartbeat),
            jobs: parts.collect(),
            pieces: VecDeque::new(),
        }
    }

    /// Follows an action. Returns the next piece of output for a handler, or `None` when the action has ended on all servers;
    /// without a handler there is no piece.
    pub(crate) fn next(
        &mut self,
        running: &mut RunningAction,
        passwords: &mut dyn Passwords,
    ) -> Result<Option<Piece>, ActionError> {
        loop {
            if let Some(piece) = running.pieces.pop_front() {
                if running.jobs.get(piece.index).is_some_and(|job| job.closed.is_some()) {
                    continue;
                }
                if let (Some(begun), Output::Handler) = (&running.begun, running.output) {
                    self.journal.piece(begun, piece.index, piece.stream, &piece.text);
                }
                return Ok(Some(piece));
            }
            let Some(flight) = &mut running.flight else {
                return Ok(None);
            };
            match self.fanout(running.local).next(flight) {
                Some(Arrival::Output(index, stream, bytes)) => {
                    self.output(running, index, stream, &bytes, passwords)?;
                }
                Some(Arrival::Tick) => {
                    self.teller.tick();
                    self.tell_passed();
                    self.tell_silence(running);
                    self.press(running);
                }
                Some(Arrival::Before(index, bytes)) => running.before(index, &bytes),
                Some(Arrival::Lingers(index)) => self.lingers(running, index),
                Some(Arrival::Sent(index, bytes)) => running.sent(index, bytes, &mut self.teller),
                Some(Arrival::Finished(index, exit, elapsed)) => {
                    self.server_finished(running, index, (exit, false), elapsed);
                }
                Some(Arrival::Interrupted(signal)) => {
                    // The fan-out has taken the request, so it has to be reported here.
                    let error = self.interrupted(signal);
                    self.cancel(running);
                    return Err(error);
                }
                None => {
                    running.flight = None;
                    self.action_finished(running);
                }
            }
        }
    }

    /// Notes that the content of a transfer begins after `before` bytes, which do not count; its size is `total`, if that is
    /// known.
    pub(crate) fn expect(&mut self, running: &mut RunningAction, index: usize, before: u64, total: Option<u64>) {
        running.expect(index, before, total);
    }

    /// Sends a string to the standard input of one server's command.
    pub(crate) fn write(&mut self, running: &RunningAction, index: usize, text: &str) {
        if let Some(flight) = &running.flight {
            self.fanout(running.local)
                .write(flight, index, text.as_bytes().to_vec());
        }
    }

    /// Ends the command on one server because its output block has seen enough. This is not a failure, and none of its later
    /// output is handed out.
    pub(crate) fn close(&mut self, running: &mut RunningAction, index: usize) {
        let Some(job) = running.jobs.get_mut(index).filter(|job| job.closed.is_none()) else {
            return;
        };
        job.closed = Some(Ladder::due_at(Some(Instant::now())));
        self.press(running);
    }

    /// Takes the steps that are due against commands that are to end.
    fn press(&mut self, running: &mut RunningAction) {
        let now = Instant::now();
        let Some(flight) = &running.flight else { return };
        for (index, job) in running.jobs.iter_mut().enumerate() {
            let ladder = job.closed.as_mut().filter(|_| job.exit.is_none());
            if let Some(rung) = ladder.and_then(|ladder| ladder.due(now)) {
                self.fanout(running.local).press(flight, index, rung);
            }
        }
    }

    /// Returns the result of an action that has ended, or an error that names every server on which it failed.
    pub(crate) fn finish(&mut self, running: RunningAction) -> Result<Outcome, ActionError> {
        match self.end(running)? {
            (_, Some(failed)) => Err(failed),
            (outcome, None) => Ok(outcome),
        }
    }

    /// Returns the result of an action on the servers where it succeeded, and an error for the others.
    pub(crate) fn end(&mut self, mut running: RunningAction) -> Result<(Outcome, Option<ActionError>), ActionError> {
        while self.next(&mut running, &mut Nobody)?.is_some() {}
        let servers = running.failures();
        let failed = (!servers.is_empty()).then(|| ActionError::Failed {
            total: running.servers().count(),
            commands: running.failed_commands(),
            shown: running.shown.clone(),
            servers,
        });
        let mut outcome = Outcome::default();
        for job in running.jobs {
            if let Some(status) = job.exit.as_ref().and_then(|exit| running.accepts.answer(exit)) {
                outcome.statuses.insert(job.server.clone(), status);
            }
            if running.output == Output::Capture {
                let text = job.text();
                outcome.stdout.insert(job.server, text);
            }
        }
        Ok((outcome, failed))
    }

    /// Ends an action whose handler failed: waits for the end on every server and reports it.
    pub(crate) fn stop(&mut self, mut running: RunningAction) {
        self.cancel(&mut running);
    }

    /// Keeps, in a rollback, only the jobs of servers that the handler's task has touched and that could be reached so far.
    fn cut(&mut self, jobs: &mut Vec<(Destination, Command)>) {
        let Some(rolling) = &self.rolling else {
            return;
        };
        let (frames, scope) = (&self.frames, rolling.scope);
        jobs.retain(|(destination, _)| frames.has_touched(scope, &destination.server));
        let lost: Vec<_> = jobs
            .iter()
            .filter_map(|(destination, _)| {
                let reason = self.unreachable.get(&destination.server)?;
                Some((destination.server.clone(), reason.clone()))
            })
            .collect();
        // If a server came back between two handlers, only a part of its changes would be undone, in the wrong order.
        jobs.retain(|(destination, _)| !self.unreachable.contains_key(&destination.server));
        for (server, reason) in lost {
            self.skip(server, reason);
        }
    }

    /// Removes the jobs if the person does not want the command to be run.
    fn ask_consent(
        &mut self,
        shown: &str,
        jobs: &mut Vec<(Destination, Command)>,
        passwords: &mut dyn Passwords,
    ) -> Result<(), ActionError> {
        let servers: Vec<&Server> = jobs.iter().map(|(destination, _)| &destination.server).collect();
        if servers.is_empty() {
            return Ok(());
        }
        match passwords.consent(&self.teller.redactor().clean(shown), &servers) {
            Ok(Consent::Run) => Ok(()),
            Ok(Consent::Skip) => {
                jobs.clear();
                Ok(())
            }
            Ok(Consent::Abort) => Err(ActionError::Aborted),
            Err(reason) => Err(match reason.signal() {
                Some(signal) => self.stopped_at_question(signal),
                None => ActionError::NobodyToAsk(reason),
            }),
        }
    }

    /// Reports that a server is left out of the running handler, once for each handler.
    pub(super) fn skip(&mut self, server: Server, reason: String) {
        self.transaction.mark_incomplete();
        if self.unreachable.insert(server.clone(), reason.clone()).is_none() {
            self.journal.skipped(server.to_string(), reason.clone());
        }
        if let Some(rolling) = &mut self.rolling
            && rolling.skipped.insert(server.clone())
        {
            self.teller.tell(Event::RollbackSkipped {
                task: rolling.task.clone(),
                server,
                reason,
            });
        }
    }

    fn output(
        &mut self,
        running: &mut RunningAction,
        index: usize,
        stream: Stream,
        bytes: &[u8],
        passwords: &mut dyn Passwords,
    ) -> Result<(), ActionError> {
        for found in running.receive(index, stream, bytes, &mut self.teller) {
            match found {
                SudoPart::Question => self.question(running, index, passwords)?,
                SudoPart::Refusal => {
                    if let Some(job) = running.jobs.get_mut(index) {
                        job.refused = true;
                    }
                }
                SudoPart::Begun => self.feed(running, index, |opening| opening.then.as_ref()),
                SudoPart::Started => {
                    if let Some(job) = running.jobs.get_mut(index) {
                        job.started();
                    }
                    self.feed(running, index, |opening| {
                        opening.started.as_ref().map(|(_, input)| input)
                    });
                }
                SudoPart::Text(_) => {}
            }
        }
        if running.is_too_much() {
            let error = ActionError::TooMuch {
                shown: running.shown.clone(),
                server: running.jobs.get(index).map(|job| job.server.clone()),
                limit: running.most_captured,
            };
            self.cancel(running);
            return Err(error);
        }
        Ok(())
    }

    /// Gives a command the input that was held back until now.
    fn feed(&mut self, running: &RunningAction, index: usize, part: impl Fn(&Opening) -> Option<&Input>) {
        let Some(opening) = running.jobs.get(index).and_then(|job| job.opening.clone()) else {
            return;
        };
        let (Some(input), Some(flight)) = (part(&opening), &running.flight) else {
            return;
        };
        let fanout = self.fanout(running.local);
        fanout.feed(flight, index, Arc::clone(&input.source));
        if input.then_end {
            fanout.end_input(flight, index);
        }
    }

    /// Handles sudo's question for the password. A server is given a password once for each call of sudo in the command; if it
    /// asks again, it has refused the password, whatever it prints. Then the person is asked again, once for all servers.
    fn question(
        &mut self,
        running: &mut RunningAction,
        index: usize,
        passwords: &mut dyn Passwords,
    ) -> Result<(), ActionError> {
        let Some(job) = running.jobs.get_mut(index) else {
            return Ok(());
        };
        let questions = job.opening.as_ref().map_or(0, |opening| opening.questions);
        let refused = job.sent.clone().filter(|_| job.refused || job.answers >= questions);
        job.refused = false;
        if let Some(sent) = &refused {
            // Output since then does not belong to the command.
            job.captured.truncate(job.captured_before);
            if self.asked.refused(passwords, sent) {
                self.teller.tell(Event::Message {
                    level: Level::Important,
                    tag: Some(job.server.to_string()),
                    text: "sudo did not take the password".to_owned(),
                });
            }
        }
        if questions == 0 || job.denied || job.retried && refused.is_some() {
            job.denied = true;
            self.decline(running, index);
            return Ok(());
        }
        let why = format!("sudo on {}", job.server);
        // A server with a wrong host key gets no password, however it asks.
        let password = if self.untrusted.contains(&job.server) {
            Err(Unanswered::nobody("the server's host key has changed or is revoked"))
        } else {
            self.asked.get(passwords, &why, self.teller.redactor())
        };
        match password {
            Ok(password) if refused.as_ref() == Some(&password) => {
                job.denied = true;
                self.decline(running, index);
            }
            Ok(password) => {
                let line = Zeroizing::new(format!("{}\n", password.reveal()));
                job.sent = Some(password);
                match refused {
                    Some(_) => job.retried = true,
                    None => job.answers += 1,
                }
                job.captured_before = job.captured.len();
                self.write(running, index, &line);
            }
            Err(reason) => {
                self.asked.reset();
                let error = match reason.signal() {
                    Some(signal) => self.stopped_at_question(signal),
                    None => ActionError::Password(reason),
                };
                self.cancel(running);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Returns the error of a question that a stop request has ended. The request counts as taken.
    fn stopped_at_question(&mut self, signal: Signal) -> ActionError {
        self.interrupt.take();
        self.interrupted(signal)
    }

    /// Answers sudo with the end of its input, which does not count as an attempt.
    fn decline(&mut self, running: &RunningAction, index: usize) {
        const END_OF_TRANSMISSION: &str = "\x04";
        match running.jobs.get(index) {
            Some(job) if job.terminal => self.write(running, index, END_OF_TRANSMISSION),
            _ => {
                if let Some(flight) = &running.flight {
                    self.fanout(running.local).end_input(flight, index);
                }
            }
        }
    }

    /// Reports commands that have been silent for long.
    fn tell_silence(&mut self, running: &mut RunningAction) {
        let now = Instant::now();
        if running.look.is_some_and(|look| look <= now)
            && running.tell_silence(now, &mut self.teller)
            && !std::mem::replace(&mut self.has_hinted, true)
        {
            self.teller.tell(silence::hint());
        }
    }

    fn lingers(&mut self, running: &RunningAction, index: usize) {
        if let Some(job) = running.jobs.get(index) {
            self.teller.tell(Event::Message {
                level: Level::Important,
                tag: Some(job.server.to_string()),
                text: "the command has ended, but something that it started holds its output open; waiting for that \
                       (in the background: `nohup … >/dev/null 2>&1 &')"
                    .to_owned(),
            });
        }
    }

    /// Ends the commands that still run on every server, and reports how they ended. A stop request meanwhile takes the next step
    /// at once.
    fn cancel(&mut self, running: &mut RunningAction) {
        let Some(flight) = running.flight.take() else {
            return;
        };
        let (fanout, teller) = if running.local {
            (&mut self.local, &mut self.teller)
        } else {
            (&mut self.remote, &mut self.teller)
        };
        let mut late = Late::default();
        let ended = fanout.cancel(flight, &mut |index, stream, bytes| {
            late.show(index, bytes.len(), || {
                running.receive(index, stream, bytes, teller);
            });
        });
        for (index, bytes) in late.left_out().filter(|_| !running.silent) {
            self.teller.tell(Event::Message {
                level: Level::Important,
                tag: running.jobs.get(index).map(|job| job.server.to_string()),
                text: format!(
                    "the last {} KiB of output are not shown: they still waited when the command was ended",
                    bytes.div_ceil(1024)
                ),
            });
        }
        for (index, exit, elapsed) in ended {
            self.server_finished(running, index, (exit, true), elapsed);
        }
        running.pieces.clear();
        self.action_finished(running);
    }

    /// Reports a stop request that is handled from here on.
    pub(super) fn interrupted(&mut self, signal: Signal) -> ActionError {
        self.teller.tell(Event::Interrupted { signal });
        ActionError::Interrupted(signal)
    }
}
