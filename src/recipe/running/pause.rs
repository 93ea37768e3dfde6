//! A wait that a stop request ends.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rhai::Position;

use super::action::failure;
use super::interpreter::Interpreter;
use crate::actor::ActionError;
use crate::interrupt::Interrupt;
use crate::recipe::language::origin::Fallible;

/// Receives a message at every stop request.
pub(super) struct StopBell(Receiver<()>);

impl StopBell {
    pub(super) fn of(interrupt: &Interrupt) -> Self {
        let (raised, wake) = channel();
        // Sending fails only when the run is over and nobody listens any more.
        interrupt.on_raise(move |_| {
            let _ = raised.send(());
        });
        Self(wake)
    }
}

impl Interpreter {
    /// Waits for this long, or until capr has to stop, which is an error. A dry run does not wait, and
    /// in a test only the clock moves.
    pub(in crate::recipe) fn pause(&self, long: Duration) -> Fallible<()> {
        if let Some(trial) = self.trial.as_ref().filter(|_| self.has_scripted_servers()) {
            trial.wait(long);
            return Ok(());
        }
        let StopBell(wake) = &self.bell;
        while wake.try_recv().is_ok() {}
        let until = Instant::now().checked_add(long);
        // A stop request that is ignored, as the first one in a rollback, does not end the wait.
        while !self.mode.is_idle() && self.interrupt.pending().is_none() {
            let left = until.map_or(long, |until| until.saturating_duration_since(Instant::now()));
            if wake.recv_timeout(left).is_err() {
                break;
            }
        }
        match self.interrupt.take() {
            Some(signal) => Err(failure(ActionError::Interrupted(signal), Position::NONE)),
            None => Ok(()),
        }
    }
}
