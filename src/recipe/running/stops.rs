//! Stop requests, and waits that they end.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rhai::Position;

use super::failure::failure;
use super::mode::RunMode;
use crate::actor::ActionError;
use crate::interrupt::{Interrupt, Signal};
use crate::recipe::language::origin::Fallible;

/// The stop requests of a run.
pub(in crate::recipe) struct Stops {
    interrupt: Interrupt,
    /// Receives a message at every stop request.
    bell: Receiver<()>,
}

impl Stops {
    pub(super) fn of(interrupt: Interrupt) -> Self {
        let (raised, bell) = channel();
        // Sending fails only when the run is over and nobody listens any more.
        interrupt.on_raise(move |_| {
            let _ = raised.send(());
        });
        Self { interrupt, bell }
    }

    /// Returns the stop request that nobody has taken.
    pub(super) fn pending(&self) -> Option<Signal> {
        self.interrupt.pending()
    }

    /// Takes the stop request, to end what it is meant for.
    pub(super) fn take(&self) -> Option<Signal> {
        self.interrupt.take()
    }

    /// Forgets all stop requests: the next line of an interactive shell is not meant.
    pub(in crate::recipe) fn forget(&self) {
        self.interrupt.forget();
    }

    /// Returns the error for a stop request, if there is one.
    pub(super) fn check(&self, position: Position) -> Fallible<()> {
        match self.take() {
            Some(signal) => Err(failure(ActionError::Interrupted(signal), position)),
            None => Ok(()),
        }
    }

    /// Waits for this long, or until capr has to stop, which is an error. A dry run does not wait, and in a test only the clock
    /// moves.
    pub(in crate::recipe) fn pause(&self, mode: &RunMode, long: Duration) -> Fallible<()> {
        if let Some(trial) = mode.trial().filter(|_| mode.has_scripted_servers()) {
            trial.wait(long);
            return Ok(());
        }
        while self.bell.try_recv().is_ok() {}
        let until = Instant::now().checked_add(long);
        // A stop request that is ignored, as the first one in a rollback, does not end the wait.
        while !mode.is_idle() && self.pending().is_none() {
            let left = until.map_or(long, |until| until.saturating_duration_since(Instant::now()));
            if self.bell.recv_timeout(left).is_err() {
                break;
            }
        }
        self.check(Position::NONE)
    }
}
