//! The tasks that are running, and the servers that each of them has touched.

use std::time::Instant;

use indexmap::IndexSet;

use crate::configuration::Server;
use crate::transaction::ScopeId;

/// A running task.
#[derive(Debug)]
pub(super) struct Frame {
    pub task: String,
    pub started: Instant,
    pub scope: ScopeId,
}

/// The running tasks, innermost last. The servers of a frame outlive it: a rollback handler may still need them.
#[derive(Debug, Default)]
pub(super) struct TouchedFrames {
    stack: Vec<Frame>,
    touched: Vec<IndexSet<Server>>,
}

impl TouchedFrames {
    /// Begins a task that has touched no server yet.
    pub(super) fn push(&mut self, task: &str) {
        self.touched.push(IndexSet::new());
        self.resume(task, ScopeId(self.touched.len() - 1));
    }

    /// Begins a rollback handler of a task, with the servers of that task.
    pub(super) fn resume(&mut self, task: &str, scope: ScopeId) {
        self.stack.push(Frame {
            task: task.to_owned(),
            started: Instant::now(),
            scope,
        });
    }

    pub(super) fn pop(&mut self) -> Option<Frame> {
        self.stack.pop()
    }

    /// Removes the frames above this depth, which an error has left behind.
    pub(super) fn cut(&mut self, depth: usize) {
        self.stack.truncate(depth);
    }

    /// Forgets all touched servers. This happens only when no handler can ask for them any more.
    pub(super) fn forget(&mut self) {
        if self.stack.is_empty() {
            self.touched.clear();
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.stack.len()
    }

    pub(super) fn innermost(&self) -> Option<&Frame> {
        self.stack.last()
    }

    #[cfg(test)]
    pub(super) fn tasks(&self) -> Vec<String> {
        self.stack.iter().map(|frame| frame.task.clone()).collect()
    }

    pub(super) fn is_running(&self, task: &str) -> bool {
        self.stack.iter().any(|frame| frame.task == task)
    }

    /// Notes that an action starts on this server: all running tasks have touched it.
    pub(super) fn touch(&mut self, server: &Server) {
        for frame in &self.stack {
            if let Some(touched) = self.touched.get_mut(frame.scope.0)
                && !touched.contains(server)
            {
                touched.insert(server.clone());
            }
        }
    }

    /// Returns the servers that a run of a task has touched.
    pub(super) fn touched(&self, scope: ScopeId) -> impl Iterator<Item = &Server> {
        self.touched.get(scope.0).into_iter().flatten()
    }

    pub(super) fn has_touched(&self, scope: ScopeId, server: &Server) -> bool {
        self.touched
            .get(scope.0)
            .is_some_and(|touched| touched.contains(server))
    }
}
