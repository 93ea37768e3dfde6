//! Follows an action to its end: its output goes to a block of the recipe, or into files.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rhai::{Dynamic, EvalContext, Position};

use super::block::in_place;
use super::call::VerbCall;
use super::channel::BlockChannel;
use super::clues::NotRun;
use super::download::{ContentBegun, Downloads};
use super::failure::failure;
use super::interpreter::Interpreter;
use super::lock_owed;
use super::passwords::Asker;
use super::replayed::{LiveStep, ReplayedStep, whole};
use crate::actor::{Action, ActionError, Outcome, Output, Piece, RunningAction};
use crate::configuration::Server;
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Level;
use crate::recipe::language::origin::{origin, raise};

/// The reason why an action did not succeed: its own error, or one of the code that took its output.
#[derive(Debug)]
pub(super) enum Broken {
    Action(ActionError),
    Script(Box<rhai::EvalAltResult>),
    /// The output block of the member with this number has failed; the member has the error.
    Block(usize),
}

impl From<ActionError> for Broken {
    fn from(error: ActionError) -> Self {
        Self::Action(error)
    }
}

impl Broken {
    pub(super) fn raise(self, position: Position) -> Box<rhai::EvalAltResult> {
        match self {
            Self::Action(error) => failure(error, position),
            Self::Script(error) => error,
            Self::Block(_) => not_written("an output block has failed".to_owned(), position),
        }
    }
}

impl Interpreter {
    pub(super) fn perform(
        &self,
        context: &mut EvalContext,
        call: &VerbCall,
        action: Action,
        downloads: Option<&Downloads>,
    ) -> Result<Outcome, Broken> {
        self.note_unknown_output(context, call, &action);
        let mut replayed = self.replay(context.engine(), action, call.position)?;
        for piece in replayed.take_pieces() {
            self.give(context, call, piece)?;
        }
        let (action, step) = match replayed {
            ReplayedStep::Ended(ended) => return ended.result.and_then(whole),
            ReplayedStep::Live(action, step) => (action, step),
        };
        let result = self.perform_live(context, call, (action, &step), downloads);
        self.keep_outcome(&step, result.as_ref().err());
        step.merged(result)
    }

    /// Notes that a dry run does not know the output that a command gives to the recipe, for the error that may follow.
    fn note_unknown_output(&self, context: &EvalContext, call: &VerbCall, action: &Action) {
        let is_known = call.options.contains_key("dry_run");
        if is_known || !self.mode().is_dry_run() || !matches!(action.output, Output::Capture) {
            return;
        }
        let place = origin(context.source(), call.position);
        if place
            .as_ref()
            .is_none_or(|place| !self.defined().is_of_stdlib(&place.file))
        {
            self.clues().note_not_run(NotRun::new(action.verb, place, true));
        }
    }

    /// Gives the block of a command a piece of output from an earlier run.
    fn give(&self, context: &mut EvalContext, call: &VerbCall, (server, piece): (Server, Piece)) -> Result<(), Broken> {
        let Some(block) = call.block else { return Ok(()) };
        let channel = Dynamic::from(BlockChannel::replayed(piece.index, server));
        let values = [channel, piece.stream.to_string().into(), piece.text.into()];
        let parameters = call.parameters.iter().cloned().zip(values).collect();
        in_place(context, block, parameters).map(drop).map_err(Broken::Script)
    }

    fn perform_live(
        &self,
        context: &mut EvalContext,
        call: &VerbCall,
        (action, step): (Action, &LiveStep),
        downloads: Option<&Downloads>,
    ) -> Result<Outcome, Broken> {
        let engine = context.engine();
        if !action.local {
            let servers = action.jobs.iter().map(|(destination, _)| destination.server.clone());
            self.keep_locks(engine, &servers.collect::<Vec<_>>())?;
        }
        let servers = action.jobs.iter().map(|(destination, _)| &destination.server);
        downloads
            .into_iter()
            .for_each(|downloads| downloads.expect(servers.clone()));
        let mut passwords = Asker::new(self, engine);
        let started = self.actor().with(|actor| actor.start(action, &mut passwords))?;
        step.begun.replace(started.begun());
        let running = Rc::new(RefCell::new(Some(started)));
        self.follow(&running, &mut passwords, &mut |piece| {
            if let Some(downloads) = downloads {
                return self.downloaded(downloads, &running, &piece, call.position);
            }
            let Some(block) = call.block else { return Ok(()) };
            let channel = Dynamic::from(BlockChannel::new(running.clone(), piece.index, piece.server));
            let values = [channel, piece.stream.to_string().into(), piece.text.into()];
            let parameters = call.parameters.iter().cloned().zip(values).collect();
            match in_place(context, block, parameters) {
                Ok(_) => Ok(()),
                Err(error) => Err(Broken::Script(error)),
            }
        })?;
        let mut ended = running.borrow_mut().take();
        if let Some(running) = ended.as_mut().filter(|running| running.has_gate()) {
            lock_owed::taken_in_front(self, &running.lost(), running.let_in());
            self.actor().with(|actor| actor.admit(running))?;
            step.begun.replace(running.begun());
        }
        let result = match ended {
            Some(running) => self.actor().with(|actor| actor.finish(running)),
            None => Ok(Outcome::default()),
        };
        if let Some(downloads) = downloads {
            let failed = match &result {
                Err(ActionError::Failed { servers, .. }) => servers.iter().map(|failed| &failed.server).collect(),
                _ => Vec::new(),
            };
            match (self.keep_downloads(downloads, &failed, call.position), &result) {
                (Err(Broken::Script(error)), Err(_)) => self.say(Level::Important, error.to_string()),
                (kept, _) => kept?,
            }
        }
        Ok(result?)
    }

    /// Hands out the output of an action until it has ended. If the code that takes it fails, the action is ended on all servers.
    pub(super) fn follow(
        &self,
        running: &RefCell<Option<RunningAction>>,
        passwords: &mut Asker,
        take: &mut dyn FnMut(Piece) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        loop {
            let piece = match running.borrow_mut().as_mut() {
                Some(running) => self.actor().with(|actor| actor.next(running, passwords)),
                None => Ok(None),
            };
            // All commands were ended before an error is returned.
            let Some(piece) = piece? else { return Ok(()) };
            if let Err(broken) = take(piece) {
                if let Some(running) = running.borrow_mut().take() {
                    self.actor().with(|actor| actor.stop(running));
                }
                return Err(broken);
            }
        }
    }

    /// Takes a piece of a file from a server.
    pub(super) fn downloaded(
        &self,
        downloads: &Downloads,
        running: &RefCell<Option<RunningAction>>,
        piece: &Piece,
        position: Position,
    ) -> Result<(), Broken> {
        match downloads.take(&piece.server, &piece.bytes) {
            Ok(Some(ContentBegun { before, total })) => {
                if let Some(running) = running.borrow_mut().as_mut() {
                    self.actor()
                        .with(|actor| actor.expect(running, piece.index, before, total));
                }
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) => Err(Broken::Script(not_written(error.to_string(), position))),
        }
    }

    /// Puts the files that have arrived into their places: those of servers that succeeded are kept, whatever happened on the
    /// others.
    pub(super) fn keep_downloads(
        &self,
        downloads: &Downloads,
        failed: &[&Server],
        position: Position,
    ) -> Result<(), Broken> {
        let stopped = Cell::new(None);
        let kept = downloads.keep(failed, &|| {
            stopped.set(stopped.get().or_else(|| self.stops().take()));
            stopped.get().is_some()
        });
        if let Some(signal) = stopped.get() {
            return Err(ActionError::Interrupted(signal).into());
        }
        for what in kept.left_out {
            self.say(Level::Important, format!("left out: {what}"));
        }
        match kept.errors.as_slice() {
            [] => Ok(()),
            errors => {
                let lines: Vec<String> = errors.iter().map(|(server, why)| format!("{server}: {why}")).collect();
                Err(Broken::Script(not_written(lines.join("\n"), position)))
            }
        }
    }
}

/// Returns the error for a local file that could not be written, which is not the recipe's fault.
fn not_written(error: String, position: Position) -> Box<rhai::EvalAltResult> {
    raise(Diagnostic::new(Fault::Failed, error), position)
}
