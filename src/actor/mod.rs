//! Performs actions for the current task: frames, connections, output, questions, failures, and the steps of a rollback.
//!
//! Everything that a person or a server can do wrong comes back as an [`ActionError`]; everything that happens is reported as an
//! event.

mod action;
mod asked;
mod connect;
mod ended;
mod error;
mod frames;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod gate;
mod journaled;
mod late;
mod perform;
mod running;
mod silence;
mod sudo;
mod teller;
#[cfg(test)]
mod tests;
mod text;
mod undoing;

use std::collections::HashSet;
use std::fmt;

use indexmap::IndexMap;

pub(crate) use action::{Accepts, Action, Consent, Outcome, Output, Passwords, Piece, RollbackStep};
pub(crate) use error::ActionError;
pub(crate) use journaled::failure_of;
pub(crate) use running::RunningAction;

use crate::configuration::{BlockId, Server};
use crate::diagnostic::ServerFailure;
use crate::event::{Event, Reporter, UndoneStep};
use crate::fanout::{Fanout, NotConnected};
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::secret::Redactor;
use crate::session::{Connector, SessionId};
use crate::transaction::{Handler, Transaction};
use asked::PasswordInUse;
use frames::TouchedFrames;
use teller::Teller;
use undoing::Rolling;

/// Performs actions for the current task.
pub(crate) struct Actor {
    remote: Fanout,
    local: Fanout,
    teller: Teller,
    interrupt: Interrupt,
    asked: PasswordInUse,
    frames: TouchedFrames,
    transaction: Transaction,
    rolling: Option<Rolling>,
    /// The servers that this rollback could not reach, with the reasons.
    unreachable: IndexMap<Server, String>,
    /// The handlers of this rollback that are over.
    undone: Vec<UndoneStep>,
    actions: u64,
    /// The banners of servers that were reported already.
    banners: HashSet<String>,
    /// True once the hint for a command that waits at a question was reported.
    has_hinted: bool,
    /// The output of login shells in front of commands that was reported already, each with its server.
    heard_before: HashSet<(Server, String)>,
    /// The servers whose host keys have changed or are revoked.
    untrusted: HashSet<Server>,
    journal: Journal,
}

impl Actor {
    /// Makes an actor outside any task.
    pub(crate) fn new(
        remote: Box<dyn Connector>,
        local: Box<dyn Connector>,
        reporter: Box<dyn Reporter>,
        redactor: Redactor,
        interrupt: Interrupt,
    ) -> Self {
        Self {
            remote: Fanout::new(remote, interrupt.clone()),
            local: Fanout::new(local, interrupt.clone()),
            teller: Teller::new(reporter, redactor),
            interrupt,
            asked: PasswordInUse::default(),
            frames: TouchedFrames::default(),
            transaction: Transaction::default(),
            rolling: None,
            unreachable: IndexMap::new(),
            undone: Vec::new(),
            actions: 0,
            untrusted: HashSet::new(),
            banners: HashSet::new(),
            has_hinted: false,
            heard_before: HashSet::new(),
            journal: Journal::default(),
        }
    }

    /// Reports an event, without secrets.
    pub(crate) fn emit(&mut self, event: Event) {
        self.teller.tell(event);
    }

    /// Returns all secrets of this run.
    pub(crate) fn redactor(&self) -> &Redactor {
        self.teller.redactor()
    }

    /// Begins a task. If it `is_place`, it is reported only if something happens in it.
    pub(crate) fn enter(&mut self, task: &str, is_place: bool) {
        let begins = Event::TaskStarted {
            task: task.to_owned(),
            depth: self.frames.depth(),
        };
        if is_place || self.frames.is_running(task) {
            self.teller.hold(begins, is_place);
        } else {
            self.teller.tell(begins);
        }
        self.transaction.entered(task);
        self.frames.push(task);
    }

    /// Ends the innermost task.
    pub(crate) fn leave(&mut self, ok: bool) {
        if let Some(frame) = self.frames.pop() {
            self.teller.tell(Event::TaskFinished {
                task: frame.task,
                depth: self.frames.depth(),
                elapsed: frame.started.elapsed(),
                ok,
            });
        }
        if !self.transaction.is_open() {
            self.frames.forget();
        }
    }

    /// Returns the running tasks, outermost first.
    #[cfg(test)]
    pub(crate) fn tasks(&self) -> Vec<String> {
        self.frames.tasks()
    }

    /// Opens a transaction. Returns false if one is open already, which the caller then joins: it does not commit it, and rolls
    /// back only its own handlers.
    pub(crate) fn begin_transaction(&mut self) -> bool {
        let outermost = self.transaction.begin();
        if outermost {
            self.teller.tell(Event::TransactionStarted);
        }
        outermost
    }

    /// Closes a transaction that needs no rollback, because nothing is left to undo or nothing may be undone.
    pub(crate) fn close_transaction(&mut self) {
        self.transaction.commit();
    }

    /// Ends the transaction successfully.
    pub(crate) fn commit_transaction(&mut self) {
        self.transaction.commit();
        self.teller.tell(Event::TransactionCommitted);
    }

    /// Returns true if a transaction is open or being rolled back.
    pub(crate) fn in_transaction(&self) -> bool {
        self.transaction.is_open()
    }

    /// Returns true while rollback handlers are run.
    pub(crate) fn is_rolling_back(&self) -> bool {
        self.transaction.is_rolling_back()
    }

    /// Registers a block that undoes what the running task does. Returns false outside a transaction or a task, where it has no
    /// effect.
    pub(crate) fn on_rollback(&mut self, handler: BlockId) -> bool {
        let Some(frame) = self.frames.innermost() else {
            return false;
        };
        self.transaction.register(Handler {
            task: frame.task.clone(),
            block: handler,
            scope: frame.scope,
        })
    }

    /// Returns the number of registered handlers; those that follow belong to a nested transaction.
    pub(crate) fn handlers(&self) -> usize {
        self.transaction.registered()
    }

    /// Returns true if nothing is left to be undone, because a nested transaction has done it all.
    pub(crate) fn is_undone(&self) -> bool {
        self.transaction.is_undone()
    }

    /// Returns the session with a server.
    pub(crate) fn session(&self, server: &Server) -> Option<SessionId> {
        self.remote.session(server)
    }

    /// Returns those of the servers that are not connected any more, or by another session than before; in a rollback only those
    /// that it still reaches.
    pub(crate) fn severed(&mut self, were: &[(Server, SessionId)]) -> Result<Vec<Server>, ActionError> {
        // This connects no server, but notices connections that were lost since the last action.
        if let Err(NotConnected::Interrupted(signal)) = self.remote.connect(&[], &mut drop) {
            return Err(self.interrupted(signal));
        }
        let is_severed = |(server, session): &&(Server, SessionId)| {
            let is_meant = self.rolling.as_ref().is_none_or(|rolling| {
                self.frames.has_touched(rolling.scope, server) && !self.unreachable.contains_key(server)
            });
            is_meant && self.remote.session(server) != Some(*session)
        };
        Ok(were
            .iter()
            .filter(is_severed)
            .map(|(server, _)| server.clone())
            .collect())
    }

    /// Handles the loss of the lock of these servers: nothing is done there any more. It is an error, except in a rollback, which
    /// leaves these servers as they are.
    pub(crate) fn lock_lost(&mut self, servers: Vec<ServerFailure>) -> Result<(), ActionError> {
        if self.rolling.is_none() {
            return Err(ActionError::LockLost { servers });
        }
        for ServerFailure { server, reason, .. } in servers {
            self.skip(server, format!("its lock was lost, it is held {reason}"));
        }
        Ok(())
    }

    fn fanout(&mut self, local: bool) -> &mut Fanout {
        if local { &mut self.local } else { &mut self.remote }
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actor")
            .field("frames", &self.frames)
            .field("transaction", &self.transaction)
            .finish_non_exhaustive()
    }
}
