//! The stack of rollback handlers of a transaction, which are run one by one. It knows nothing of servers or scripts.

use crate::configuration::BlockId;

/// The number of the set of servers that one run of a task has touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScopeId(pub usize);

/// A block that undoes what its task did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handler {
    /// Full name of the task that registered it.
    pub task: String,
    /// The block that undoes it.
    pub block: BlockId,
    /// The servers that it is for.
    pub scope: ScopeId,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum TransactionState {
    #[default]
    Closed,
    Open,
    RollingBack,
}

/// The transaction of a run: there is at most one. Nested ones join it, but each of them rolls back its own handlers first.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    state: TransactionState,
    handlers: Vec<Handler>,
    last_task: Option<String>,
    incomplete: bool,
    /// The number of handlers that belong to transactions around the one that is rolled back.
    kept: usize,
    /// True if a nested transaction was rolled back.
    inner: bool,
}

impl Transaction {
    /// Opens the transaction; returns false if one is open already, which the caller then joins.
    pub(crate) fn begin(&mut self) -> bool {
        if self.state != TransactionState::Closed {
            return false;
        }
        *self = Self {
            state: TransactionState::Open,
            ..Self::default()
        };
        true
    }

    /// Ends the transaction successfully and forgets its handlers.
    pub(crate) fn commit(&mut self) {
        *self = Self::default();
    }

    /// Returns the number of handlers: those that are registered from now on belong to a nested transaction.
    pub(crate) fn registered(&self) -> usize {
        self.handlers.len()
    }

    /// Returns true if a transaction is open or being rolled back.
    pub(crate) fn is_open(&self) -> bool {
        self.state != TransactionState::Closed
    }

    /// Returns true while handlers are run.
    pub(crate) fn is_rolling_back(&self) -> bool {
        self.state == TransactionState::RollingBack
    }

    /// Remembers the task that was entered last, for the headline of a rollback.
    pub(crate) fn entered(&mut self, task: &str) {
        if self.state == TransactionState::Open {
            self.last_task = Some(task.to_owned());
        }
    }

    /// Registers a handler; returns false outside a transaction. Handlers that are registered during a rollback are ignored.
    pub(crate) fn register(&mut self, handler: Handler) -> bool {
        if self.state == TransactionState::Open {
            self.handlers.push(handler);
        }
        self.is_open()
    }

    /// Starts a rollback of all handlers but the first `kept`. Returns the task that was entered last.
    pub(crate) fn start_rollback(&mut self, kept: usize) -> Option<String> {
        self.state = TransactionState::RollingBack;
        self.kept = kept;
        self.last_task.clone()
    }

    /// Returns true if a rollback has nothing left to do, because a nested one has done everything.
    pub(crate) fn is_undone(&self) -> bool {
        self.inner && self.handlers.is_empty()
    }

    /// Takes the handler that was registered last.
    pub(crate) fn take_handler(&mut self) -> Option<Handler> {
        (self.state == TransactionState::RollingBack && self.handlers.len() > self.kept)
            .then(|| self.handlers.pop())
            .flatten()
    }

    /// Notes that something could not be undone.
    pub(crate) fn mark_incomplete(&mut self) {
        self.incomplete = true;
    }

    /// Stops the rollback, that of the surrounding transactions as well. Returns the handlers that have not run, in the order in
    /// which they would have.
    pub(crate) fn give_up(&mut self) -> Vec<Handler> {
        self.incomplete = true;
        self.handlers.drain(..).rev().collect()
    }

    /// Closes the transaction after a rollback, or continues with the surrounding one. Returns true if everything was undone.
    pub(crate) fn finish_rollback(&mut self, is_outermost: bool) -> bool {
        let complete = !self.incomplete && self.handlers.len() <= self.kept;
        *self = match is_outermost {
            true => Self::default(),
            false => Self {
                state: TransactionState::Open,
                incomplete: false,
                kept: 0,
                inner: true,
                ..std::mem::take(self)
            },
        };
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::{Handler, ScopeId, Transaction};
    use crate::configuration::BlockId;

    fn handler(task: &str) -> Handler {
        Handler {
            task: task.to_owned(),
            block: BlockId(0),
            scope: ScopeId(0),
        }
    }

    fn taken(transaction: &mut Transaction) -> Vec<String> {
        std::iter::from_fn(|| transaction.take_handler())
            .map(|handler| handler.task)
            .collect()
    }

    #[test]
    fn x2_handlers_are_taken_in_reverse_order_of_registration() {
        let mut transaction = Transaction::default();
        assert!(transaction.begin());
        for task in ["a", "b", "a"] {
            transaction.entered(task);
            assert!(transaction.register(handler(task)));
        }
        assert!(transaction.take_handler().is_none());
        assert_eq!(transaction.start_rollback(0).as_deref(), Some("a"));
        assert_eq!(taken(&mut transaction), ["a", "b", "a"]);
        assert!(transaction.finish_rollback(true));
        assert!(!transaction.is_open());
    }

    #[test]
    fn x8_nothing_is_kept_outside_a_transaction() {
        let mut transaction = Transaction::default();
        assert!(!transaction.register(handler("a")));
        transaction.begin();
        transaction.start_rollback(0);
        assert_eq!(taken(&mut transaction), [""; 0]);
    }

    #[test]
    fn x10_a_second_begin_joins_and_x18_a_new_one_starts_clean() {
        let mut transaction = Transaction::default();
        assert!(transaction.begin());
        transaction.register(handler("a"));
        assert!(!transaction.begin());
        transaction.start_rollback(0);
        assert!(!transaction.begin());
        assert_eq!(taken(&mut transaction), ["a"]);
        transaction.finish_rollback(true);
        assert!(transaction.begin());
        assert_eq!(transaction.start_rollback(0), None);
        assert_eq!(taken(&mut transaction), [""; 0]);
    }

    #[test]
    fn x20_what_is_registered_during_the_rollback_is_ignored() {
        let mut transaction = Transaction::default();
        transaction.begin();
        transaction.start_rollback(0);
        assert!(transaction.register(handler("a")));
        assert_eq!(taken(&mut transaction), [""; 0]);
    }

    #[test]
    fn b4_giving_up_names_what_is_left_in_the_order_it_would_have_run() {
        let mut transaction = Transaction::default();
        transaction.begin();
        for task in ["a", "b", "c"] {
            transaction.register(handler(task));
        }
        transaction.start_rollback(0);
        transaction.take_handler();
        let left: Vec<String> = transaction.give_up().into_iter().map(|handler| handler.task).collect();
        assert_eq!(left, ["b", "a"]);
        assert!(!transaction.finish_rollback(true));
    }

    #[test]
    fn x11_a_nested_one_is_undone_alone_and_the_one_around_it_goes_on() {
        let mut transaction = Transaction::default();
        transaction.begin();
        transaction.register(handler("outer"));
        let kept = transaction.registered();
        assert!(!transaction.begin());
        transaction.register(handler("inner"));
        transaction.start_rollback(kept);
        assert_eq!(taken(&mut transaction), ["inner"]);
        assert!(transaction.finish_rollback(false));
        assert!(transaction.is_open() && !transaction.is_undone());
        transaction.register(handler("later"));
        transaction.start_rollback(0);
        assert_eq!(taken(&mut transaction), ["later", "outer"]);
        assert!(transaction.is_undone());
        assert!(transaction.finish_rollback(true));
        assert!(!transaction.is_open());
    }
}
