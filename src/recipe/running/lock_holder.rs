//! The lock of another run or of a person, as a script on a server describes it, and the words in which it is reported.

use indexmap::{IndexMap, IndexSet};
use jiff::Timestamp;

use crate::configuration::Server;
use crate::diagnostic::{Diagnostic, Fault, ServerFailure};

/// Somebody else's lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LockHolder {
    /// The state of the connection that holds it, as the server sees it: `alive`, `dead`, `unknown`, or `person` for a lock that a
    /// person keeps.
    pub(crate) state: String,
    lines: IndexMap<String, String>,
}

impl LockHolder {
    /// Reads a script's description of a lock: its state, then its lines.
    pub(crate) fn read(said: &str) -> Self {
        let mut lines = said.lines();
        let state = lines.next().unwrap_or_default().trim().to_owned();
        let pairs = lines.filter_map(|line| line.split_once(' '));
        Self {
            state,
            lines: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }
    }

    fn said(&self, name: &str) -> Option<&str> {
        self.lines
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns words that fit after "locked": by whom, since when, for what.
    pub(crate) fn who(&self) -> String {
        let mut text = format!("by {}", self.said("person").unwrap_or("somebody"));
        if let Some(host) = self.said("host") {
            text += &format!(" on {host}");
        }
        let time = self.said("time").and_then(|time| time.parse().ok());
        if let Some(time) = time.and_then(|time| Timestamp::from_second(time).ok()) {
            text += &format!(" since {} UTC", time.strftime("%Y-%m-%d %H:%M:%S"));
        }
        match (self.said("reason"), self.said("task")) {
            (Some(reason), _) => text += &format!(": {reason}"),
            (None, Some(task)) if self.state != "person" => text += &format!(", {task}"),
            _ => {}
        }
        text
    }

    /// Returns more facts about the lock.
    pub(crate) fn standing(&self) -> String {
        let run = self.said("run").unwrap_or("unknown");
        let process = self
            .said("process")
            .map_or_else(String::new, |process| format!(", process {process}"));
        match self.state.as_str() {
            "alive" => format!("run {run}{process}, at work"),
            "dead" => format!("abandoned: the connection of run {run}{process} has ended"),
            "person" => "until somebody unlocks".to_owned(),
            _ => format!("run {run}{process}, whether it is at work cannot be seen there"),
        }
    }

    fn hint(&self) -> &'static str {
        match self.state.as_str() {
            "alive" => "wait for it: --lock-wait 10m",
            "dead" => "recover looks after what that run has left, and frees the lock: capr RECIPE recover",
            "person" => "deploy:unlock frees it",
            _ => "where that run is known to be over: FORCE=yes deploy:unlock, then recover",
        }
    }
}

pub(super) fn failures(refused: &IndexMap<Server, LockHolder>) -> Vec<ServerFailure> {
    let reason = |holder: &LockHolder| format!("{}; {}", holder.who(), holder.standing());
    let failures = refused.iter();
    failures
        .map(|(server, holder)| ServerFailure::new(server.clone(), reason(holder)))
        .collect()
}

pub(super) fn headline(refused: &IndexMap<Server, LockHolder>, total: usize) -> String {
    let who: IndexSet<String> = refused.values().map(LockHolder::who).collect();
    let who: Vec<String> = who.into_iter().collect();
    let where_ = match (refused.len(), refused.keys().next()) {
        (1, Some(server)) => format!("{server} is"),
        (number, _) if number == total => "the servers are".to_owned(),
        (number, _) => format!("{number} of {total} servers are"),
    };
    format!("{where_} locked {}", who.join(", "))
}

/// Returns the error for a run that comes too late.
pub(super) fn locked(refused: &IndexMap<Server, LockHolder>, total: usize) -> Diagnostic {
    let mut message = headline(refused, total);
    // If there is only one server, its facts are not repeated below.
    if let (1, Some(holder)) = (refused.len(), refused.values().next()) {
        message += &format!("; {}", holder.standing());
    }
    let mut diagnostic = Diagnostic::new(Fault::Locked, message);
    diagnostic.servers = refused
        .iter()
        .map(|(server, holder)| ServerFailure::new(server.clone(), holder.standing()))
        .collect();
    let hints: IndexSet<&str> = refused.values().map(LockHolder::hint).collect();
    diagnostic.hints.extend(hints.into_iter().map(str::to_owned));
    diagnostic
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::{LockHolder, locked};
    use crate::diagnostic::Fault;

    const SAID: &str =
        "alive\nrun 4f1d2b0a9c83e675\nkind run\nperson ann\nhost laptop\nprocess 4711\ntime 1767322996\ntask deploy\n";

    #[test]
    fn b11_who_holds_the_lock_is_named_with_all_that_is_known() {
        let holder = LockHolder::read(SAID);
        let refused = [("app1", holder.clone()), ("app2", holder)];
        let refused = refused.map(|(name, holder)| (name.parse().unwrap(), holder)).into();
        let diagnostic = locked(&refused, 2);
        assert_eq!(diagnostic.fault, Fault::Locked);
        assert_eq!(diagnostic.fault.exit_code(), 6);
        assert_eq!(
            diagnostic.message,
            "the servers are locked by ann on laptop since 2026-01-02 03:03:16 UTC, deploy"
        );
        assert_eq!(
            diagnostic.servers[1].reason,
            "run 4f1d2b0a9c83e675, process 4711, at work"
        );
        assert_eq!(diagnostic.hints, ["wait for it: --lock-wait 10m"]);
    }

    #[test]
    fn b12_a_lock_whose_connection_has_ended_is_told_as_abandoned() {
        let holder = LockHolder::read(&SAID.replace("alive", "dead"));
        let refused = [("app1".parse().unwrap(), holder)].into();
        let diagnostic = locked(&refused, 6);
        assert!(diagnostic.message.starts_with("app1 is locked by ann on laptop"));
        let abandoned = "abandoned: the connection of run 4f1d2b0a9c83e675, process 4711 has ended";
        assert_eq!(diagnostic.servers[0].reason, abandoned);
        assert!(diagnostic.hints[0].ends_with("capr RECIPE recover"));
    }

    #[test]
    fn a_lock_that_says_nothing_is_one_all_the_same() {
        let refused = [("app1".parse().unwrap(), LockHolder::read(""))].into();
        assert!(locked(&refused, 1).message.starts_with("app1 is locked by somebody; "));
    }
}
