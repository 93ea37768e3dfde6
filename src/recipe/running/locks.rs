//! The knowledge of a run about its locks: where they are held, the scripts that take and free them, and the one that is owed.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::configuration::{Server, Task};
use crate::plan::quote;
use crate::run_id::RunId;
use crate::session::SessionId;

/// The locks of a run.
#[derive(Debug)]
pub(in crate::recipe) struct Locks {
    run: RunId,
    /// The time for which a lock of somebody else is waited for.
    wait: Duration,
    /// The servers on which it is held, or perhaps is.
    held: RefCell<IndexMap<Server, Held>>,
    /// The scripts are evaluated once, since nothing may be evaluated at the end of a run.
    scripts: RefCell<Option<Scripts>>,
    /// The lock that is taken before anything else is done.
    owed: RefCell<Option<Owed>>,
    /// The tasks whose lock is owed from the first action on: until then a recipe may still say on which servers, and where.
    waiting: RefCell<Vec<Rc<Task>>>,
}

/// The knowledge about a server's lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Held {
    /// The server may have been asked for it. If it has no connection, it was not.
    #[default]
    Perhaps,
    /// The connection was lost while the server was asked.
    Asked,
    /// It was taken on this connection.
    By(SessionId),
}

/// The scripts that take and free the lock.
#[derive(Clone, Debug)]
pub(super) struct Scripts {
    take: String,
    free: String,
    /// The lines that the lock contains.
    record: String,
    /// True if the lock has to be there already.
    is_again: bool,
}

impl Scripts {
    pub(super) fn new(take: String, free: String, record: String) -> Self {
        Self {
            take,
            free,
            record,
            is_again: false,
        }
    }

    /// Returns the scripts of a run that is resumed: they only take what it has held.
    pub(super) fn again(self) -> Self {
        Self { is_again: true, ..self }
    }

    /// Returns the script that takes the lock, with the lines that are to stand in it: as input they would take one more round trip.
    pub(super) fn take(&self) -> String {
        let again = if self.is_again { "yes" } else { "" };
        format!("again={again} record={}\n{}", quote(&self.record), self.take)
    }

    /// Returns the script that frees the lock.
    pub(super) fn free(&self) -> &str {
        &self.free
    }
}

/// A lock that was not taken yet.
#[derive(Clone, Debug)]
pub(super) struct Owed {
    /// The task that wants it.
    task: String,
    servers: Vec<Server>,
}

impl Owed {
    pub(super) fn new(task: &Task, servers: Vec<Server>) -> Self {
        Self {
            task: task.name.clone(),
            servers,
        }
    }

    pub(super) fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Returns true if the lock is owed for exactly these servers.
    pub(super) fn is_for(&self, servers: &[Server]) -> bool {
        self.servers.len() == servers.len() && self.servers.iter().all(|owed| servers.contains(owed))
    }
}

impl Locks {
    pub(super) fn new(run: RunId, wait: Duration) -> Self {
        Self {
            run,
            wait,
            held: RefCell::default(),
            scripts: RefCell::default(),
            owed: RefCell::default(),
            waiting: RefCell::default(),
        }
    }

    /// Returns the name of the run, which stands in its locks.
    pub(super) fn run(&self) -> &RunId {
        &self.run
    }

    /// Returns the time for which a lock of somebody else is waited for.
    pub(super) fn wait(&self) -> Duration {
        self.wait
    }

    /// Returns the scripts, once they are known.
    pub(super) fn scripts(&self) -> Option<Scripts> {
        self.scripts.borrow().clone()
    }

    pub(super) fn keep_scripts(&self, scripts: Scripts) {
        self.scripts.replace(Some(scripts));
    }

    // Where the lock is held.

    /// Notes that these servers may have the lock of this run from now on.
    pub(super) fn note_perhaps_held(&self, servers: &[Server]) {
        let mut held = self.held.borrow_mut();
        for server in servers {
            held.entry(server.clone()).or_default();
        }
    }

    /// Notes that the connections of these servers were lost while they were asked for the lock.
    pub(super) fn note_asked<'a>(&self, servers: impl Iterator<Item = &'a Server>) {
        let mut locks = self.held.borrow_mut();
        for server in servers {
            if let Some(held @ Held::Perhaps) = locks.get_mut(server) {
                *held = Held::Asked;
            }
        }
    }

    /// Notes that the lock is taken on a server, on this connection. One that was lost since then is made anew before the next
    /// action, or to free the lock.
    pub(super) fn note_held(&self, server: Server, session: Option<SessionId>) {
        let held = session.map_or(Held::Asked, Held::By);
        self.held.borrow_mut().insert(server, held);
    }

    /// Notes that this run has no lock on a server.
    pub(super) fn note_free(&self, server: &Server) {
        self.held.borrow_mut().shift_remove(server);
    }

    /// Returns all servers that may have a lock of this run.
    pub(super) fn all_held(&self) -> Vec<Server> {
        self.held.borrow().keys().cloned().collect()
    }

    /// Returns those of these servers on which the lock was taken, each with its connection.
    pub(super) fn taken_on(&self, servers: &[Server]) -> Vec<(Server, SessionId)> {
        let held = self.held.borrow();
        let held = held.iter().filter(|(server, _)| servers.contains(server));
        held.filter_map(|(server, held)| match held {
            Held::By(session) => Some((server.clone(), *session)),
            Held::Perhaps | Held::Asked => None,
        })
        .collect()
    }

    /// Returns true if the lock of a server has to be freed; `is_connected` returns true if the server has a connection.
    pub(super) fn is_to_be_freed(&self, server: &Server, is_connected: impl Fn() -> bool) -> bool {
        let held = self.held.borrow().get(server).copied();
        match held {
            Some(Held::By(_) | Held::Asked) => true,
            Some(Held::Perhaps) => is_connected(),
            None => false,
        }
    }

    /// Returns those of these servers whose lock is neither held nor owed.
    pub(super) fn missing(&self, servers: impl Iterator<Item = Server>) -> Vec<Server> {
        let (held, owed) = (self.held.borrow(), self.owed.borrow());
        let owed = owed.as_ref().map_or(&[][..], |owed| &owed.servers);
        let is_held = |server: &Server| matches!(held.get(server), Some(Held::By(_)));
        servers
            .filter(|server| !is_held(server) && !owed.contains(server))
            .collect()
    }

    // The lock that is owed.

    /// Puts the taking of a lock off until it is needed.
    pub(super) fn owe(&self, owed: Owed) {
        self.owed.replace(Some(owed));
    }

    pub(super) fn owed(&self) -> Option<Owed> {
        self.owed.borrow().clone()
    }

    pub(super) fn owes(&self) -> bool {
        self.owed.borrow().is_some()
    }

    /// Takes the lock that is owed, to settle it.
    pub(super) fn take_owed(&self) -> Option<Owed> {
        self.owed.take()
    }

    /// Owes the lock for these servers, if one is owed.
    pub(super) fn owe_for(&self, servers: &[Server]) {
        if let Some(owed) = &mut *self.owed.borrow_mut() {
            owed.servers = servers.to_vec();
        }
    }

    /// Forgets the lock that a task owes, at the end of the task: nothing was done that needs it.
    pub(super) fn forget_owed(&self, task: &Task) {
        self.owed.borrow_mut().take_if(|owed| owed.task == task.name);
        self.note_due(task);
    }

    /// Lets the lock of a task wait for the first action.
    pub(super) fn wait_with(&self, task: &Rc<Task>) {
        self.waiting.borrow_mut().push(task.clone());
    }

    /// Returns the tasks whose lock waits for the first action.
    pub(super) fn waiting(&self) -> Vec<Rc<Task>> {
        self.waiting.borrow().clone()
    }

    /// Notes that the lock of a task waits no longer.
    pub(super) fn note_due(&self, task: &Task) {
        self.waiting.borrow_mut().retain(|waiting| waiting.name != task.name);
    }

    /// Notes that the lock is not owed any more for these servers.
    pub(super) fn note_settled(&self, servers: &[Server]) {
        let mut owed = self.owed.borrow_mut();
        if let Some(owed) = &mut *owed {
            owed.servers.retain(|server| !servers.contains(server));
        }
        owed.take_if(|owed| owed.servers.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Locks;
    use crate::configuration::Server;
    use crate::run_id::RunId;

    #[test]
    fn a_server_that_was_only_asked_is_freed_only_if_it_has_a_connection() {
        let locks = Locks::new(RunId::default(), Duration::ZERO);
        let (app, db) = (Server::host("app1"), Server::host("db1"));
        locks.note_perhaps_held(&[app.clone(), db.clone()]);
        assert!(!locks.is_to_be_freed(&app, || false));
        assert!(locks.is_to_be_freed(&app, || true));
        locks.note_asked([&app].into_iter());
        assert!(locks.is_to_be_freed(&app, || false));
        locks.note_free(&app);
        assert!(!locks.is_to_be_freed(&app, || true));
        assert_eq!(locks.all_held(), [db]);
    }

    #[test]
    fn a_server_is_missing_until_its_lock_is_taken_on_a_connection() {
        let locks = Locks::new(RunId::default(), Duration::ZERO);
        let app = Server::host("app1");
        locks.note_held(app.clone(), None);
        assert_eq!(locks.missing(std::iter::once(app.clone())), std::slice::from_ref(&app));
        assert!(locks.taken_on(&[app]).is_empty());
    }
}
