//! The lock of an application's servers: it is taken before the first task that wants it, on all of its servers or on none, and
//! held to the end of the run. The library's scripts do the work on the servers (`stdlib/lock.rhai`); the code here decides who
//! wins and who waits, and reports it.

use std::time::{Duration, Instant};

use indexmap::{IndexMap, IndexSet};
use jiff::Timestamp;
use rhai::{Engine, Position};

use super::action::{Request, failure};
use super::call::Call;
use super::interpreter::Interpreter;
use super::passwords::Asker;
use crate::actor::{Action, ActionError, Outcome, Output};
use crate::configuration::{Attributes, RunOptions, Selection, Server, Task, Value};
use crate::diagnostic::{Diagnostic, Fault, ServerFailure};
use crate::event::Level;
use crate::journal::Refusal;
use crate::plan::quote;
use crate::recipe::language::origin::{Fallible, raise, terminate};
use crate::run_id::RunId;
use crate::session::{Input, SessionId};

/// The exit status of a script if somebody else holds the lock.
const TAKEN: i32 = 75;

/// The time limit for a script of the lock.
const LIMIT: Duration = Duration::from_secs(60);

/// The time for which the run that was first at the first server waits for others to give up.
const MOMENT: Duration = Duration::from_secs(3);

/// The pause before the next attempt.
const PAUSE: Duration = Duration::from_millis(200);

/// The locks of a run.
#[derive(Debug)]
pub(in crate::recipe) struct Locks {
    run: RunId,
    /// The time for which a lock of somebody else is waited for.
    wait: Duration,
    /// The servers on which it is held, with their connections; no connection if it is only perhaps held.
    held: IndexMap<Server, Option<SessionId>>,
    /// The scripts that take and free it. They are evaluated once, since nothing may be evaluated at the end of a run.
    scripts: Option<Scripts>,
}

impl Locks {
    pub(super) fn new(run: RunId, wait: Duration) -> Self {
        Self {
            run,
            wait,
            held: IndexMap::new(),
            scripts: None,
        }
    }
}

#[derive(Clone, Debug)]
struct Scripts {
    take: String,
    free: String,
    /// The lines that the lock contains.
    record: String,
    /// True if the lock has to be there already.
    is_again: bool,
}

impl Scripts {
    /// Returns the scripts of a run that is resumed: they only take what it has held.
    fn again(self) -> Self {
        Self { is_again: true, ..self }
    }

    /// Returns the script that takes the lock, with the lines that are to stand in it: as input they would take one more round trip.
    fn take(&self) -> String {
        let again = if self.is_again { "yes" } else { "" };
        format!("again={again} record={}\n{}", quote(&self.record), self.take)
    }
}

/// Somebody else's lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Holder {
    state: String,
    lines: IndexMap<String, String>,
}

/// The result of an attempt.
enum Attempt {
    Taken,
    /// Others hold the lock on these servers.
    Refused(IndexMap<Server, Holder>),
    /// The lock cannot be written on these servers, for these reasons.
    Unable(Vec<ServerFailure>),
}

impl Interpreter {
    /// Takes the lock of a task's servers if the task wants it: all of them or none.
    pub(in crate::recipe) fn lock(&self, engine: &Engine, task: &Task) -> Fallible<()> {
        if !task.lock || self.mode.is_idle() || self.budget.is_loading() || self.has_scripted_servers() {
            return Ok(());
        }
        // A rollback belongs to servers that were locked before.
        if self.actor.borrow().is_rolling_back() {
            return Ok(());
        }
        self.greet_strangers();
        let servers = self.to_be_locked(engine, task)?;
        if servers.is_empty() {
            return Ok(());
        }
        let scripts = self.lock_scripts(engine, task)?;
        let resumes = self.journal.needs_its_lock();
        let scripts = if resumes { scripts.again() } else { scripts };
        let lock_wait = self.locks.borrow().wait;
        let begun = Instant::now();
        let mut is_waiting = false;
        let mut wanted = servers.clone();
        loop {
            let attempt = self.take(engine, &scripts, &wanted)?;
            let refused = match attempt.map_err(|error| failure(error, Position::NONE))? {
                Attempt::Taken => break,
                Attempt::Refused(refused) => refused,
                Attempt::Unable(servers) if resumes => return Err(self.not_taken_back(servers)),
                Attempt::Unable(servers) => {
                    let message = "not all servers could be locked, so nothing was done";
                    let mut diagnostic = Diagnostic::new(Fault::Failed, message);
                    diagnostic.servers = servers;
                    return Err(raise(diagnostic, Position::NONE));
                }
            };
            // If two runs want the same servers, the one that was first at the server with the smallest name stays, and the other
            // gives up.
            let first = servers.iter().min_by_key(|server| server.to_string());
            let is_first = first.is_some_and(|first| !refused.contains_key(first));
            let is_left_by_others = |holder: &Holder| holder.state == "alive";
            if is_first && refused.values().all(is_left_by_others) && begun.elapsed() < MOMENT {
                wanted = refused.keys().cloned().collect();
                self.pause(PAUSE)?;
                continue;
            }
            if resumes {
                return Err(self.not_taken_back(failures(&refused)));
            }
            self.free(engine, &servers);
            if begun.elapsed() >= lock_wait {
                return Err(raise(locked(&refused, servers.len()), Position::NONE));
            }
            if !is_waiting {
                is_waiting = true;
                self.say(
                    Level::Important,
                    format!("waiting: {}", headline(&refused, servers.len())),
                );
            }
            wanted.clone_from(&servers);
            // Runs that wait must not come back at the same moment.
            let spread = Duration::from_millis(u64::from(std::process::id() % 200));
            let left = lock_wait.saturating_sub(begun.elapsed());
            self.pause(left.min(Duration::from_secs(1)) + spread)?;
        }
        let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
        self.say(Level::Debug, format!("locked: {}", names.join(", ")));
        Ok(())
    }

    /// Returns the error for a run that is resumed and whose lock is not its own any more on these servers. Nothing more is done, and
    /// where the lock is still there it stays.
    fn not_taken_back(&self, servers: Vec<ServerFailure>) -> Box<rhai::EvalAltResult> {
        let message = "the run that is resumed has lost its lock, so nothing was done";
        let mut diagnostic = Diagnostic::new(Fault::Failed, message)
            .hint("somebody has recovered what it had left, or has unlocked the servers: it cannot be resumed any more")
            .hint("what is left is found by: capr RECIPE recover; it also ends the reports about that run");
        diagnostic.servers = servers;
        self.journal.refuse(Refusal::Gone(message.to_owned()));
        terminate(diagnostic, Position::NONE)
    }

    /// Returns the servers of a task that get releases and whose lock is not held yet.
    fn to_be_locked(&self, engine: &Engine, task: &Task) -> Fallible<Vec<Server>> {
        let selection = self.resolved(engine, task.selection.clone(), &Selection::default())?;
        let mut except = selection.except.clone().unwrap_or_else(Attributes::new);
        except.insert("no_release".to_owned(), Value::Bool(true));
        let selection = Selection {
            except: Some(except),
            ..selection
        };
        let found = self
            .selected(&selection)
            .map_err(|error| failure(error.into(), Position::NONE))?;
        let found: IndexSet<Server> = found.into_iter().collect();
        let locks = self.locks.borrow();
        let is_missing = |server: &Server| !locks.held.contains_key(server);
        Ok(found.into_iter().filter(is_missing).collect())
    }

    fn lock_scripts(&self, engine: &Engine, task: &Task) -> Fallible<Scripts> {
        if let Some(scripts) = &self.locks.borrow().scripts {
            return Ok(scripts.clone());
        }
        let text = |name| Ok::<_, Box<rhai::EvalAltResult>>(self.text_variable(engine, name)?.unwrap_or_default());
        let lines = [
            ("run", self.locks.borrow().run.to_string()),
            ("kind", "run".to_owned()),
            ("person", text("person")?),
            (
                "host",
                rustix::system::uname().nodename().to_string_lossy().into_owned(),
            ),
            ("process", std::process::id().to_string()),
            ("time", self.now().as_second().to_string()),
            ("task", task.name.clone()),
        ];
        let line = |(name, value): &(&str, String)| format!("{name} {}", value.replace(char::is_control, " "));
        let record: Vec<String> = lines.iter().map(line).collect();
        let scripts = Scripts {
            take: text("lock_take_script")?,
            free: text("lock_free_script")?,
            record: record.join("\n"),
            is_again: false,
        };
        self.locks.borrow_mut().scripts = Some(scripts.clone());
        Ok(scripts)
    }

    /// Tries to take the lock once, on all servers at once.
    fn take(&self, engine: &Engine, scripts: &Scripts, servers: &[Server]) -> Fallible<Result<Attempt, ActionError>> {
        for server in servers {
            self.locks.borrow_mut().held.entry(server.clone()).or_default();
        }
        let outcome = match self.apart(engine, "lock", &scripts.take(), servers)? {
            Ok(outcome) => outcome,
            Err(error) => return Ok(Err(error)),
        };
        let mut refused = IndexMap::new();
        let mut failed = Vec::new();
        for server in servers {
            let said = outcome.stdout.get(server).map_or("", String::as_str);
            match outcome.statuses.get(server) {
                Some(0) => {
                    let session = self.actor.borrow().session(server);
                    self.locks.borrow_mut().held.insert(server.clone(), session);
                }
                Some(&TAKEN) => {
                    self.locks.borrow_mut().held.shift_remove(server);
                    refused.insert(server.clone(), Holder::read(said));
                }
                _ => failed.push(ServerFailure::new(server.clone(), said.trim())),
            }
        }
        Ok(Ok(match (refused.is_empty(), failed.is_empty()) {
            (true, true) => Attempt::Taken,
            (_, false) => Attempt::Unable(failed),
            (false, _) => Attempt::Refused(refused),
        }))
    }

    /// Takes the lock again on servers whose connection was lost. It is an error if somebody else has taken it meanwhile; in a
    /// rollback that server is left as it is.
    pub(in crate::recipe) fn keep_locks(&self, engine: &Engine, servers: &[Server]) -> Result<(), ActionError> {
        let (held, scripts) = {
            let locks = self.locks.borrow();
            let Some(scripts) = locks.scripts.clone() else {
                return Ok(());
            };
            let held = locks.held.iter().filter(|(server, _)| servers.contains(server));
            let held: Vec<(Server, SessionId)> = held
                .filter_map(|(server, session)| Some((server.clone(), (*session)?)))
                .collect();
            (held, scripts)
        };
        let severed = self.actor.borrow_mut().severed(&held)?;
        if severed.is_empty() {
            return Ok(());
        }
        let taken = match self.take(engine, &scripts, &severed) {
            Ok(Ok(Attempt::Taken)) => return Ok(()),
            Ok(Ok(Attempt::Refused(refused))) => return self.actor.borrow_mut().lock_lost(failures(&refused)),
            // The lock file of this run is still there, from a connection that has ended. So a rollback continues, even if the
            // disk is full.
            Ok(Ok(Attempt::Unable(_))) | Err(_) => Ok(()),
            Ok(Err(error)) => Err(error),
        };
        let mut locks = self.locks.borrow_mut();
        for (server, session) in held.iter().filter(|(server, _)| severed.contains(server)) {
            locks.held.insert(server.clone(), Some(*session));
        }
        taken
    }

    /// Frees all locks of this run at its end, however it ended. Only a run that could not be resumed leaves them, as abandoned:
    /// something is still half done.
    pub(in crate::recipe) fn free_locks(&self, engine: &Engine) {
        if self.journal.is_refused() {
            return;
        }
        let held: Vec<Server> = self.locks.borrow().held.keys().cloned().collect();
        if !held.is_empty() {
            self.free(engine, &held);
        }
    }

    fn free(&self, engine: &Engine, servers: &[Server]) {
        let Some(scripts) = self.locks.borrow().scripts.clone() else {
            return;
        };
        // If the lock is not known to be held and there is no connection, it was not taken.
        let mut left: Vec<Server> = servers
            .iter()
            .filter(|server| match self.locks.borrow().held.get(*server) {
                Some(Some(_)) => true,
                Some(None) => self.actor.borrow().session(server).is_some(),
                None => false,
            })
            .cloned()
            .collect();
        for server in servers {
            self.locks.borrow_mut().held.shift_remove(server);
        }
        // Servers that are tried once more, on a new connection.
        let mut again: IndexSet<Server> = IndexSet::new();
        let mut attempts = 0;
        while !left.is_empty() && attempts < 4 {
            attempts += 1;
            let failed = match self.apart(engine, "unlock", &scripts.free, &left) {
                Ok(Ok(outcome)) => {
                    self.tell_kept(&kept(&left, &outcome));
                    return;
                }
                // A stop request is meant for the work under the lock, and not for freeing it.
                Ok(Err(ActionError::Interrupted(_))) => continue,
                // A connection that was lost since the last action is noticed only now. On the other servers the lock is freed.
                Ok(Err(ActionError::Failed { servers: failed, .. })) => {
                    let is_new = |failed: &ServerFailure| again.insert(failed.server.clone());
                    let (lost, failed): (Vec<_>, Vec<_>) = failed.into_iter().partition(is_new);
                    left = lost.into_iter().map(|lost| lost.server).collect();
                    failed
                }
                Ok(Err(error)) => {
                    let mut failed = error.diagnostic().servers;
                    if failed.is_empty() {
                        let failure = |server: &Server| ServerFailure::new(server.clone(), error.to_string());
                        failed = left.iter().map(failure).collect();
                    }
                    left.retain(|server| failed.iter().all(|failed| failed.server != *server));
                    failed
                }
                Err(_) => return,
            };
            self.tell_kept(&failed);
        }
    }

    /// Reports where the lock stays, and why.
    fn tell_kept(&self, failed: &[ServerFailure]) {
        for (servers, reason, _) in ServerFailure::groups(failed) {
            let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
            let text = format!("the lock could not be freed on {}: {reason}", servers.join(", "));
            self.say(Level::Important, text);
        }
    }

    /// Runs a script of the lock on these servers; its exit status is its answer.
    fn apart(
        &self,
        engine: &Engine,
        verb: &'static str,
        script: &str,
        servers: &[Server],
    ) -> Fallible<Result<Outcome, ActionError>> {
        let options = RunOptions {
            env: self.settings(engine, &Call::at(Position::NONE))?.options.env,
            timeout: Some(LIMIT),
            ..RunOptions::default()
        };
        let request = Request {
            output: Output::Capture,
            asks: true,
            ..Request::new(verb, verb.to_owned(), script.to_owned(), Input::none())
        };
        let reach = self.reach(engine)?;
        let jobs = servers.iter().map(|server| {
            let ssh = self.options_for(&reach, server)?;
            let job = self.job(server.clone(), &ssh, &request, &options);
            job.map_err(|error| error.raised(Position::NONE))
        });
        let action = Action {
            silent: true,
            is_apart: true,
            most_captured: 1 << 20,
            ..super::action::action(&request, jobs.collect::<Fallible<Vec<_>>>()?, false, &options)
        };
        Ok(self.performed_apart(engine, action))
    }

    fn performed_apart(&self, engine: &Engine, action: Action) -> Result<Outcome, ActionError> {
        let mut passwords = Asker::new(self, engine);
        let mut running = self.actor.borrow_mut().start(action, &mut passwords)?;
        while self.actor.borrow_mut().next(&mut running, &mut passwords)?.is_some() {}
        self.actor.borrow_mut().finish(running)
    }
}

impl Holder {
    /// Reads a script's description of a lock: its state, then its lines.
    fn read(said: &str) -> Self {
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
    fn who(&self) -> String {
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
    fn standing(&self) -> String {
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

/// Returns the servers whose script has not freed the lock, with what it printed.
fn kept(servers: &[Server], outcome: &Outcome) -> Vec<ServerFailure> {
    let failed = servers
        .iter()
        .filter(|server| outcome.statuses.get(*server) != Some(&0));
    failed
        .map(|server| {
            let said = outcome.stdout.get(server).map_or("", |said| said.trim());
            let reason = if said.is_empty() { "its script has failed" } else { said };
            ServerFailure::new(server.clone(), reason)
        })
        .collect()
}

fn failures(refused: &IndexMap<Server, Holder>) -> Vec<ServerFailure> {
    let reason = |holder: &Holder| format!("{}; {}", holder.who(), holder.standing());
    let failures = refused.iter();
    failures
        .map(|(server, holder)| ServerFailure::new(server.clone(), reason(holder)))
        .collect()
}

fn headline(refused: &IndexMap<Server, Holder>, total: usize) -> String {
    let who: IndexSet<String> = refused.values().map(Holder::who).collect();
    let who: Vec<String> = who.into_iter().collect();
    let where_ = match (refused.len(), refused.keys().next()) {
        (1, Some(server)) => format!("{server} is"),
        (number, _) if number == total => "the servers are".to_owned(),
        (number, _) => format!("{number} of {total} servers are"),
    };
    format!("{where_} locked {}", who.join(", "))
}

/// Returns the error for a run that comes too late.
fn locked(refused: &IndexMap<Server, Holder>, total: usize) -> Diagnostic {
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
    let hints: IndexSet<&str> = refused.values().map(Holder::hint).collect();
    diagnostic.hints.extend(hints.into_iter().map(str::to_owned));
    diagnostic
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::{Holder, locked};
    use crate::diagnostic::Fault;

    const SAID: &str =
        "alive\nrun 4f1d2b0a9c83e675\nkind run\nperson ann\nhost laptop\nprocess 4711\ntime 1767322996\ntask deploy\n";

    #[test]
    fn b11_who_holds_the_lock_is_named_with_all_that_is_known() {
        let holder = Holder::read(SAID);
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
        let holder = Holder::read(&SAID.replace("alive", "dead"));
        let refused = [("app1".parse().unwrap(), holder)].into();
        let diagnostic = locked(&refused, 6);
        assert!(diagnostic.message.starts_with("app1 is locked by ann on laptop"));
        let abandoned = "abandoned: the connection of run 4f1d2b0a9c83e675, process 4711 has ended";
        assert_eq!(diagnostic.servers[0].reason, abandoned);
        assert!(diagnostic.hints[0].ends_with("capr RECIPE recover"));
    }

    #[test]
    fn a_lock_that_says_nothing_is_one_all_the_same() {
        let refused = [("app1".parse().unwrap(), Holder::read(""))].into();
        assert!(locked(&refused, 1).message.starts_with("app1 is locked by somebody; "));
    }
}
