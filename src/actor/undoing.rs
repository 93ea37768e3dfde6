//! The steps of a rollback: each handler in the frame of its task, and its end on each server.

use indexmap::{IndexMap, IndexSet};

use super::{Actor, RollbackStep};
use crate::configuration::Server;
use crate::event::{Event, Level, UndoneEnd, UndoneOn, UndoneStep};
use crate::transaction::ScopeId;

/// The rollback handler that is running.
pub(super) struct Rolling {
    pub task: String,
    pub scope: ScopeId,
    /// The number of frames around it.
    pub depth: usize,
    pub skipped: IndexSet<Server>,
    /// The servers on which an action of it has ended, each with the reason of the last failure.
    pub ended: IndexMap<Server, Option<String>>,
}

impl Rolling {
    /// Returns the end of the handler on a server where it was not skipped.
    fn end(&self, server: &Server, is_well: bool) -> UndoneEnd {
        match self.ended.get(server) {
            _ if is_well => UndoneEnd::Undone,
            Some(Some(reason)) => UndoneEnd::Failed { reason: reason.clone() },
            Some(None) => UndoneEnd::BrokenOff,
            None => UndoneEnd::NotTried,
        }
    }
}

impl Actor {
    /// Starts the rollback of a failed transaction: of all its handlers but the first `kept`, which belong to the transactions
    /// around it. If it has not failed because of a stop request, the first stop request does not stop the rollback.
    pub(crate) fn start_rollback(&mut self, kept: usize, is_stopped: bool) {
        if !is_stopped {
            self.interrupt.let_one_pass();
        }
        let task = self.transaction.start_rollback(kept);
        self.unreachable.clear();
        self.undone.clear();
        self.teller.tell(Event::RollbackStarted {
            task: task.unwrap_or_else(|| "transaction start".to_owned()),
        });
    }

    /// Returns the next handler to run, and enters the frame of its task; [`Actor::handler_done`] ends it.
    pub(crate) fn next_handler(&mut self) -> Option<RollbackStep> {
        let handler = self.transaction.take_handler()?;
        self.teller.tell(Event::RollingBack {
            task: handler.task.clone(),
        });
        self.rolling = Some(Rolling {
            task: handler.task.clone(),
            scope: handler.scope,
            depth: self.frames.depth(),
            skipped: IndexSet::new(),
            ended: IndexMap::new(),
        });
        self.frames.resume(&handler.task, handler.scope);
        Some(RollbackStep {
            task: handler.task,
            handler: handler.block,
        })
    }

    /// Reports a stop request that did not stop the rollback.
    pub(super) fn tell_passed(&mut self) {
        if let Some(signal) = self.interrupt.take_passed() {
            self.teller.tell(Event::Message {
                level: Level::Important,
                tag: None,
                text: format!(
                    "{signal}, but the rollback goes on; once more stops it, and leaves servers as they are then"
                ),
            });
        }
    }

    /// Ends the handler, which has succeeded or failed.
    pub(crate) fn handler_done(&mut self, result: Result<(), String>) {
        self.tell_passed();
        let Some(rolling) = self.rolling.take() else {
            return;
        };
        self.frames.cut(rolling.depth);
        let is_well = result.is_ok();
        let end = |server: &Server| match self.unreachable.get(server) {
            Some(reason) if rolling.skipped.contains(server) => UndoneEnd::Unreachable { reason: reason.clone() },
            _ => rolling.end(server, is_well),
        };
        let step = self.undone_step(&rolling.task, rolling.scope, end);
        self.undone.push(step);
        if let Err(reason) = result {
            self.transaction.mark_incomplete();
            self.teller.tell(Event::RollbackFailed {
                task: rolling.task,
                reason,
            });
        }
    }

    /// Notes the end of an action of the handler on a server.
    pub(super) fn handler_ended_on(&mut self, server: &Server, failure: Option<String>) {
        if let Some(rolling) = &mut self.rolling {
            let so_far = rolling.ended.entry(server.clone()).or_default();
            *so_far = failure.or(so_far.take());
        }
    }

    fn undone_step(&self, task: &str, scope: ScopeId, end: impl Fn(&Server) -> UndoneEnd) -> UndoneStep {
        let on = |server: &Server| UndoneOn {
            server: server.clone(),
            end: end(server),
        };
        UndoneStep {
            task: task.to_owned(),
            servers: self.frames.touched(scope).map(on).collect(),
        }
    }

    /// Stops the rollback because the person wants that. Reports and returns the tasks that are not undone.
    pub(crate) fn stop_rollback(&mut self) -> Vec<String> {
        let handlers = self.transaction.give_up();
        for handler in &handlers {
            let step = self.undone_step(&handler.task, handler.scope, |_| UndoneEnd::NotTried);
            self.undone.push(step);
        }
        let left: Vec<String> = handlers.into_iter().map(|handler| handler.task).collect();
        self.teller.tell(Event::RollbackStopped { left: left.clone() });
        left
    }

    /// Ends the rollback, and closes the transaction if it is the outermost one. Returns true if everything was undone.
    pub(crate) fn finish_rollback(&mut self, is_outermost: bool) -> bool {
        let complete = self.transaction.finish_rollback(is_outermost);
        if is_outermost {
            self.interrupt.let_none_pass();
        }
        self.unreachable.clear();
        let steps = std::mem::take(&mut self.undone);
        self.teller.tell(Event::RollbackFinished { complete, steps });
        complete
    }
}
