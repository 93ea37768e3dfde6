//! Returns the results of an earlier run instead of doing the steps again, until the recipe has reached the end of that run.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rhai::serde::{from_dynamic, to_dynamic};
use rhai::{Engine, Position};

use super::interpreter::Interpreter;
use super::perform::Broken;
use crate::actor::{Action, ActionError, Outcome, Output, Piece, failure_of};
use crate::configuration::{Server, VariableRead};
use crate::diagnostic::{Diagnostic, Fault, ServerFailure};
use crate::event::Level;
use crate::journal::{Asked, Begun, Ended, Failure, Found, Journal, Refusal, Replayed};
use crate::recipe::language::origin::{Fallible, terminate};

/// An outcome, and the error if the action failed on some servers.
type Ends = (Outcome, Option<ActionError>);

/// An action, after the journal was asked about it.
pub(super) enum ReplayedStep {
    /// An earlier run has done it.
    Ended(EndedStep),
    /// It has to be done, or the rest of it.
    Live(Action, LiveStep),
}

/// An action that an earlier run has done.
pub(super) struct EndedStep {
    pieces: Vec<(Server, Piece)>,
    pub(super) result: Result<Ends, Broken>,
}

/// An action that is done now.
pub(super) struct LiveStep {
    verb: &'static str,
    command: String,
    task: String,
    is_local: bool,
    asks: bool,
    output: Output,
    pieces: Vec<(Server, Piece)>,
    /// Its step in the journal, once it may have been started somewhere.
    pub(super) begun: RefCell<Option<Begun>>,
    /// All its servers and the results of an earlier run, if that has done a part of it.
    earlier: Option<(Vec<Server>, BTreeMap<usize, Ended>)>,
}

impl ReplayedStep {
    /// Takes the output that the earlier run has given to blocks.
    pub(super) fn take_pieces(&mut self) -> Vec<(Server, Piece)> {
        std::mem::take(match self {
            Self::Ended(step) => &mut step.pieces,
            Self::Live(_, step) => &mut step.pieces,
        })
    }
}

impl Interpreter {
    /// Asks the journal about an action.
    pub(super) fn replay(
        &self,
        engine: &Engine,
        mut action: Action,
        position: Position,
    ) -> Result<ReplayedStep, Broken> {
        let (task, is_rolling_back) = self.actor().with(|actor| (actor.task(), actor.is_rolling_back()));
        let mut live = LiveStep {
            verb: action.verb,
            command: action.shown.clone(),
            task,
            is_local: action.local,
            asks: action.accepts.asks(),
            output: action.output,
            pieces: Vec::new(),
            begun: RefCell::default(),
            earlier: None,
        };
        if !self.journal().is_kept() {
            return Ok(ReplayedStep::Live(action, live));
        }
        self.prepare_journal(engine)?;
        let replayed = {
            let asked = action.asked(live.task.clone(), is_rolling_back);
            match self.journal().replay(&asked) {
                Err(refusal) => self.ask_about(&asked, refusal, position)?,
                Ok(replayed) => replayed,
            }
        };
        let Some(replayed) = replayed else {
            self.wake(position).map_err(Broken::Script)?;
            return Ok(ReplayedStep::Live(action, live));
        };
        self.actor().with(|actor| actor.replayed(&action, &replayed));
        let pieces = pieces(&action, &replayed);
        let Some(left) = &replayed.left else {
            let result = ended(&action, &replayed);
            return Ok(ReplayedStep::Ended(EndedStep { pieces, result }));
        };
        self.wake(position).map_err(Broken::Script)?;
        let jobs = replayed.jobs.iter().filter_map(|job| action.jobs.get(*job));
        let servers = jobs.map(|(destination, _)| destination.server.clone()).collect();
        let jobs = left.iter().filter_map(|place| replayed.jobs.get(*place));
        action.jobs = jobs.filter_map(|job| action.jobs.get(*job).cloned()).collect();
        let mut ends = replayed.ends;
        ends.retain(|place, _| !left.contains(place));
        live.earlier = Some((servers, ends));
        live.pieces = pieces;
        Ok(ReplayedStep::Live(action, live))
    }

    /// Turns the journal off if the recipe wants none, records the release of the run, and reports a journal that is incomplete.
    fn prepare_journal(&self, engine: &Engine) -> Result<(), Broken> {
        if !self.journal().is_begun() {
            let wanted = self.variable(engine, "journal").map_err(Broken::Script)?;
            if wanted.is_some_and(|wanted| wanted.as_bool() == Ok(false)) {
                self.journal().turn_off();
                return Ok(());
            }
        }
        let release = self.defined().configuration().variables.read("release_name");
        if let VariableRead::Value(name) = release {
            self.journal().release(&name.to_string());
        }
        if let Some(reason) = self.journal().take_lost() {
            let text = format!("the journal of this run is not complete, it cannot be resumed: {reason}");
            self.say(Level::Important, text);
        }
        Ok(())
    }

    /// Asks the person, if there is one, what to do with a step that has no known end.
    fn ask_about(&self, asked: &Asked, refusal: Refusal, position: Position) -> Result<Option<Replayed>, Broken> {
        let refused = |refusal: &Refusal| Broken::Script(refused(refusal, position));
        let Refusal::Open { can_skip, .. } = &refusal else {
            return Err(refused(&refusal));
        };
        if !self.person().can_ask() {
            return Err(refused(&refusal));
        }
        let skip = if *can_skip { "[s]kip it as done, " } else { "" };
        let question = format!(
            "{refusal}; look there first, it may also still run.\n[r]un it again there, {skip}or [l]eave all as it is: "
        );
        loop {
            let answer = self.person().question(&question);
            let Ok(Some(answer)) = answer else {
                return Err(refused(&refusal));
            };
            match answer.trim().to_lowercase().as_str() {
                "r" | "run" => self.journal().choose(true),
                "s" | "skip" if *can_skip => self.journal().choose(false),
                "l" | "leave" => return Err(refused(&refusal)),
                _ => continue,
            }
            return self.journal().replay(asked).map_err(|refusal| refused(&refusal));
        }
    }

    /// Notes that the recipe has reached the end of the earlier run: from here on everything is done and reported. If the run is
    /// to be undone, returns the error that begins the rollback.
    fn wake(&self, position: Position) -> Fallible<()> {
        if !self.resumption().wakes() {
            return Ok(());
        }
        let (is_open, is_rolling_back) = self.actor().with(|actor| {
            actor.unmute();
            (actor.in_transaction(), actor.is_rolling_back())
        });
        let name = self.journal().name();
        if !self.journal().is_undoing() || is_rolling_back {
            self.say(Level::Important, format!("run {name} goes on where it ended"));
            return Ok(());
        }
        if !is_open {
            let message = format!(
                "run {name} has nothing open that could be rolled back: no transaction was open where it ended"
            );
            let diagnostic = Diagnostic::new(Fault::Failed, message);
            let diagnostic = diagnostic.hint("a release that is complete is left by: capr RECIPE rollback");
            // The journal stays, so that the run can still be resumed.
            self.journal().refuse(Refusal::Gone(diagnostic.message.clone()));
            return Err(terminate(diagnostic, position));
        }
        self.resumption().note_undone();
        let message = format!("run {name} is rolled back, as you wanted");
        Err(terminate(Diagnostic::new(Fault::Failed, message), position))
    }

    /// Handles the end of a transaction or of the run: if the earlier run has no further step, the replay ends here.
    pub(in crate::recipe) fn come_to_end(&self, position: Position) -> Fallible<()> {
        if self.resumption().is_replaying() && self.journal().is_over() {
            return self.wake(position);
        }
        Ok(())
    }

    /// Keeps the result of an action.
    pub(super) fn keep_outcome(&self, step: &LiveStep, broken: Option<&Broken>) {
        let asked = Asked {
            verb: step.verb,
            command: &step.command,
            task: step.task.clone(),
            is_local: step.is_local,
            ..Asked::default()
        };
        let script = |message: String| Failure {
            code: Fault::Failed.exit_code(),
            message,
            was_started: true,
            is_caught: true,
            ..Failure::default()
        };
        let failure = match broken {
            None => None,
            // A step that could not be written down was not begun.
            Some(Broken::Action(ActionError::Journal(_) | ActionError::TurnedAway { .. })) => return,
            Some(Broken::Action(error)) => Some(error.kept()),
            Some(Broken::Script(error)) => Some(script(error.to_string())),
            Some(Broken::Block(_)) => Some(script("an output block has failed".to_owned())),
        };
        self.journal().done(&asked, step.begun.borrow().as_ref(), failure);
    }

    /// Returns a value that may be another one the next time: the earlier run's, or the result of `find`, which is kept for the
    /// next run.
    pub(in crate::recipe) fn recorded(&self, what: &str, of: &str, find: impl FnOnce() -> Fallible) -> Fallible {
        if !self.journal().is_kept() {
            return find();
        }
        let found = self.journal().answer(what, of);
        match found.map_err(|refusal| refused(&refusal, Position::NONE))? {
            Found::Value(value) => to_dynamic(value),
            // It is in the journal already.
            Found::Secret | Found::Failed => find(),
            Found::Nothing => {
                self.wake(Position::NONE)?;
                let result = find();
                let value = result.as_ref().ok();
                let value = value.map(|value| from_dynamic(value).unwrap_or_default());
                self.journal().answered(what, of, value);
                result
            }
        }
    }

    /// Returns an error if a file that the recipe reads has changed since the run that is resumed, unless that run is only to be
    /// undone.
    pub(super) fn same_as_before(&self, path: &str, bytes: &[u8]) -> Fallible<()> {
        if !self.journal().is_kept() {
            return Ok(());
        }
        let now = Journal::digest(bytes);
        let before = self.recorded("read", path, || Ok(now.clone().into()))?.to_string();
        if before != now && !self.journal().is_undoing() {
            return Err(self.not_resumed(format!("{path} is not what it was in the run that is resumed")));
        }
        Ok(())
    }

    /// Returns the error for a run that cannot be resumed; nothing more is done.
    pub(in crate::recipe) fn not_resumed(&self, message: String) -> Box<rhai::EvalAltResult> {
        let refusal = self.journal().refuse(Refusal::Gone(message));
        refused(&refusal, Position::NONE)
    }
}

/// Returns the output that was given to a block, from the servers on which the step is not repeated.
fn pieces(action: &Action, step: &Replayed) -> Vec<(Server, Piece)> {
    let is_left = |place: &usize| step.left.as_ref().is_some_and(|left| left.contains(place));
    let pieces = step.pieces.iter().filter(|(place, _, _)| !is_left(place));
    let given = pieces.filter_map(|(place, stream, text)| {
        let job = *step.jobs.get(*place)?;
        let server = action.jobs.get(job)?.0.server.clone();
        let piece = Piece {
            index: job,
            server: server.clone(),
            stream: *stream,
            text: text.clone(),
            bytes: Vec::new(),
        };
        Some((server, piece))
    });
    given.collect()
}

/// Returns the result of an earlier run: its outcome, or its error again.
fn ended(action: &Action, step: &Replayed) -> Result<Ends, Broken> {
    let servers = step.jobs.iter().filter_map(|job| action.jobs.get(*job));
    let servers: Vec<&Server> = servers.map(|(destination, _)| &destination.server).collect();
    let mut outcome = Outcome::default();
    for (place, end) in &step.ends {
        if let Some(server) = servers.get(*place).filter(|_| end.failed.is_none()) {
            add(&mut outcome, server, end, (action.accepts.asks(), action.output));
        }
    }
    match &step.error {
        None => Ok((outcome, None)),
        Some(error) if error.was_started && !error.is_stopped && !error.servers.is_empty() => {
            Ok((outcome, Some(ActionError::replayed(error))))
        }
        Some(error) => Err(ActionError::replayed(error).into()),
    }
}

/// Returns the outcome if the action failed nowhere.
pub(super) fn whole((outcome, failed): Ends) -> Result<Outcome, Broken> {
    match failed {
        None => Ok(outcome),
        Some(error) => Err(error.into()),
    }
}

fn add(outcome: &mut Outcome, server: &Server, end: &Ended, (asks, output): (bool, Output)) {
    if let (true, Some(status)) = (asks, end.status) {
        outcome.statuses.insert(server.clone(), status);
    }
    if output == Output::Capture {
        let text = end.stdout.clone().unwrap_or_default();
        outcome.stdout.insert(server.clone(), text);
    }
}

impl LiveStep {
    /// Adds the outcome of the servers on which an earlier run has done the step.
    pub(super) fn merged(self, result: Result<Outcome, Broken>) -> Result<Outcome, Broken> {
        let ends = match result {
            Ok(outcome) => (outcome, None),
            Err(Broken::Action(error @ ActionError::Failed { .. })) => (Outcome::default(), Some(error)),
            Err(other) => return Err(other),
        };
        whole(self.merged_ends(ends))
    }

    /// Does the same, and keeps the outcome of the servers where the step did not fail.
    pub(super) fn merged_ends(self, (outcome, failed): Ends) -> Ends {
        let Some((servers, ends)) = self.earlier else {
            return (outcome, failed);
        };
        let earlier = ends.values().filter_map(|end| end.failed.as_ref());
        let mut failures: Vec<ServerFailure> = earlier.map(failure_of).collect();
        if let Some(ActionError::Failed { servers, .. }) = failed {
            failures.extend(servers);
        }
        let mut merged = Outcome::default();
        for (place, server) in servers.iter().enumerate() {
            if let Some(end) = ends.get(&place).filter(|end| end.failed.is_none()) {
                add(&mut merged, server, end, (self.asks, self.output));
            }
            if let Some(status) = outcome.statuses.get(server) {
                merged.statuses.insert(server.clone(), *status);
            }
            if let Some(text) = outcome.stdout.get(server) {
                merged.stdout.insert(server.clone(), text.clone());
            }
        }
        let failed = (!failures.is_empty()).then(|| ActionError::Failed {
            shown: self.command,
            commands: Vec::new(),
            total: servers.len(),
            servers: failures,
        });
        (merged, failed)
    }
}

/// Returns the error for a run that cannot be resumed here. No rollback follows, since nothing was done.
fn refused(refusal: &Refusal, position: Position) -> Box<rhai::EvalAltResult> {
    let mut diagnostic = Diagnostic::new(Fault::Failed, refusal.to_string());
    diagnostic.hints = refusal.hints();
    terminate(diagnostic, position)
}
