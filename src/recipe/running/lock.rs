//! The lock of an application's servers: it is taken before the first task that wants it, on all of its servers or on none, and
//! held to the end of the run. The library's scripts do the work on the servers (`stdlib/lock.rhai`); the code here decides who
//! wins and who waits, and reports it.

use std::rc::Rc;
use std::time::{Duration, Instant};

use indexmap::{IndexMap, IndexSet};
use rhai::{Engine, Position};

use super::action::Request;
use super::call::VerbCall;
use super::connection;
use super::failure::failure;
use super::interpreter::Interpreter;
use super::lock_holder::{LockHolder, failures, headline, locked};
use super::lock_owed;
use super::locks::{Owed, Scripts};
use super::passwords::Asker;
use super::role_block;
use super::selected;
use crate::actor::{Action, ActionError, Outcome, Output};
use crate::configuration::{Attributes, RunOptions, Selection, Server, Task, Value};
use crate::diagnostic::{Diagnostic, Fault, ServerFailure};
use crate::event::Level;
use crate::journal::Refusal;
use crate::recipe::language::origin::{Fallible, raise, terminate};
use crate::session::Input;

/// The exit status of a script if somebody else holds the lock.
const TAKEN: i32 = 75;

/// The time limit for a script of the lock.
const LIMIT: Duration = Duration::from_secs(60);

/// The time for which the run that was first at the first server waits for others to give up.
const MOMENT: Duration = Duration::from_secs(3);

/// The pause before the next attempt.
const PAUSE: Duration = Duration::from_millis(200);

/// The result of an attempt.
pub(super) enum LockAttempt {
    Taken,
    /// Others hold the lock on these servers.
    Refused(IndexMap<Server, LockHolder>),
    /// The lock cannot be written on these servers, for these reasons.
    Unable(Vec<ServerFailure>),
}

impl Interpreter {
    /// Takes the lock of a task's servers if the task wants it: all of them or none. If the task is the library's, this may be put
    /// off until its first command (`lock_owed.rs`).
    pub(in crate::recipe) fn lock(&self, engine: &Engine, task: &Rc<Task>) -> Fallible<()> {
        if !task.lock || self.mode().is_idle() || self.budget().is_loading() || self.mode().has_scripted_servers() {
            return Ok(());
        }
        // A rollback belongs to servers that were locked before.
        if self.actor().is_rolling_back() {
            return Ok(());
        }
        selected::report_unknown_hosts(self);
        if lock_owed::may_wait(self, engine, task) {
            self.locks().wait_with(task);
            return Ok(());
        }
        self.lock_now(engine, task).map(drop)
    }

    /// Takes or owes the lock of the servers that a task has now. Returns false if it has none.
    pub(super) fn lock_now(&self, engine: &Engine, task: &Task) -> Fallible<bool> {
        let found = self.to_be_locked(engine, task)?;
        let has_servers = !found.is_empty();
        let servers = self.locks().missing(found.into_iter());
        if servers.is_empty() {
            return Ok(has_servers);
        }
        lock_owed::settle(self, engine)?;
        self.lock_scripts(engine, task)?;
        if lock_owed::may_owe(self, task) {
            self.locks().owe(Owed::new(task, servers));
            return Ok(true);
        }
        self.acquire(engine, &servers, None)?;
        Ok(true)
    }

    /// Takes the lock of these servers, or waits for it: all of them or none. `first` is the result of the first attempt, if there
    /// was one.
    pub(super) fn acquire(&self, engine: &Engine, servers: &[Server], mut first: Option<LockAttempt>) -> Fallible<()> {
        let Some(scripts) = self.locks().scripts() else {
            return Ok(());
        };
        let resumes = self.journal().needs_its_lock();
        let scripts = if resumes { scripts.again() } else { scripts };
        let lock_wait = self.locks().wait();
        let begun = Instant::now();
        let mut is_waiting = false;
        let mut wanted = servers.to_vec();
        loop {
            let attempt = match first.take() {
                Some(first) => Ok(first),
                None => self.take(engine, &scripts, &wanted)?,
            };
            let refused = match attempt.map_err(|error| failure(error, Position::NONE))? {
                LockAttempt::Taken => break,
                LockAttempt::Refused(refused) => refused,
                LockAttempt::Unable(servers) if resumes => return Err(self.not_taken_back(servers)),
                LockAttempt::Unable(servers) => {
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
            let is_left_by_others = |holder: &LockHolder| holder.state == "alive";
            if is_first && refused.values().all(is_left_by_others) && begun.elapsed() < MOMENT {
                wanted = refused.keys().cloned().collect();
                self.stops().pause(self.mode(), PAUSE)?;
                continue;
            }
            if resumes {
                return Err(self.not_taken_back(failures(&refused)));
            }
            self.free(engine, servers);
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
            wanted = servers.to_vec();
            // Runs that wait must not come back at the same moment.
            let spread = Duration::from_millis(u64::from(std::process::id() % 200));
            let left = lock_wait.saturating_sub(begun.elapsed());
            self.stops()
                .pause(self.mode(), left.min(Duration::from_secs(1)) + spread)?;
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
        self.journal().refuse(Refusal::Gone(message.to_owned()));
        terminate(diagnostic, Position::NONE)
    }

    /// Returns the servers of a task that get releases.
    fn to_be_locked(&self, engine: &Engine, task: &Task) -> Fallible<IndexSet<Server>> {
        let selection = role_block::resolved(self, engine, task.selection.clone(), &Selection::default())?;
        let mut except = selection.except.clone().unwrap_or_else(Attributes::new);
        except.insert("no_release".to_owned(), Value::Bool(true));
        let selection = Selection {
            except: Some(except),
            ..selection
        };
        let found = selected::wanted(self, &selection).map_err(|error| failure(error.into(), Position::NONE))?;
        Ok(found.into_iter().collect())
    }

    /// Evaluates the scripts, once.
    fn lock_scripts(&self, engine: &Engine, task: &Task) -> Fallible<()> {
        if self.locks().scripts().is_some() {
            return Ok(());
        }
        let text = |name| Ok::<_, Box<rhai::EvalAltResult>>(self.text_variable(engine, name)?.unwrap_or_default());
        let lines = [
            ("run", self.locks().run().to_string()),
            ("kind", "run".to_owned()),
            ("person", text("person")?),
            (
                "host",
                rustix::system::uname().nodename().to_string_lossy().into_owned(),
            ),
            ("process", std::process::id().to_string()),
            ("time", self.mode().now().as_second().to_string()),
            ("task", task.name.clone()),
        ];
        let line = |(name, value): &(&str, String)| format!("{name} {}", value.replace(char::is_control, " "));
        let record: Vec<String> = lines.iter().map(line).collect();
        let (take, free) = (text("lock_take_script")?, text("lock_free_script")?);
        self.locks().keep_scripts(Scripts::new(take, free, record.join("\n")));
        Ok(())
    }

    /// Tries to take the lock once, on all servers at once.
    fn take(
        &self,
        engine: &Engine,
        scripts: &Scripts,
        servers: &[Server],
    ) -> Fallible<Result<LockAttempt, ActionError>> {
        self.locks().note_perhaps_held(servers);
        let outcome = match self.apart(engine, "lock", &scripts.take(), servers)? {
            Ok(outcome) => outcome,
            Err(error) => {
                if let ActionError::Failed { servers, .. } = &error {
                    self.locks().note_asked(servers.iter().map(|failed| &failed.server));
                }
                return Ok(Err(error));
            }
        };
        let (taken, left): (Vec<_>, Vec<_>) = outcome.statuses.into_iter().partition(|(_, status)| *status == 0);
        self.holds(taken.into_iter().map(|(server, _)| server));
        let mut said = outcome.stdout;
        let answer = |(server, status): (Server, i32)| {
            let said = said.swap_remove(&server).unwrap_or_default();
            (server, (status, said))
        };
        let answers: IndexMap<Server, (i32, String)> = left.into_iter().map(answer).collect();
        Ok(Ok(self.attempted(answers)))
    }

    /// Notes that the lock is taken on these servers.
    pub(super) fn holds(&self, servers: impl Iterator<Item = Server>) {
        for server in servers {
            let session = self.actor().with(|actor| actor.session(&server));
            self.locks().note_held(server, session);
        }
    }

    /// Returns the result of an attempt, from the answers of the servers on which the lock was not taken.
    pub(super) fn attempted(&self, answers: IndexMap<Server, (i32, String)>) -> LockAttempt {
        let mut refused = IndexMap::new();
        let mut failed = Vec::new();
        for (server, (status, said)) in answers {
            if status == TAKEN {
                self.locks().note_free(&server);
                refused.insert(server, LockHolder::read(&said));
            } else {
                failed.push(ServerFailure::new(server, said.trim()));
            }
        }
        match (refused.is_empty(), failed.is_empty()) {
            (true, true) => LockAttempt::Taken,
            (_, false) => LockAttempt::Unable(failed),
            (false, _) => LockAttempt::Refused(refused),
        }
    }

    /// Takes the lock again on servers whose connection was lost. It is an error if somebody else has taken it meanwhile; in a
    /// rollback that server is left as it is.
    pub(in crate::recipe) fn keep_locks(&self, engine: &Engine, servers: &[Server]) -> Result<(), ActionError> {
        let Some(scripts) = self.locks().scripts() else {
            return Ok(());
        };
        let held = self.locks().taken_on(servers);
        let severed = self.actor().with(|actor| actor.severed(&held))?;
        if severed.is_empty() {
            return Ok(());
        }
        let taken = match self.take(engine, &scripts, &severed) {
            Ok(Ok(LockAttempt::Taken)) => return Ok(()),
            Ok(Ok(LockAttempt::Refused(refused))) => {
                return self.actor().with(|actor| actor.lock_lost(failures(&refused)));
            }
            // The lock file of this run is still there, from a connection that has ended. So a rollback continues, even if the
            // disk is full.
            Ok(Ok(LockAttempt::Unable(_))) | Err(_) => Ok(()),
            Ok(Err(error)) => Err(error),
        };
        for (server, session) in held.into_iter().filter(|(server, _)| severed.contains(server)) {
            self.locks().note_held(server, Some(session));
        }
        taken
    }

    /// Frees all locks of this run at its end, however it ended. Only a run that could not be resumed leaves them, as abandoned:
    /// something is still half done.
    pub(in crate::recipe) fn free_locks(&self, engine: &Engine) {
        if self.journal().is_refused() {
            return;
        }
        let held: Vec<Server> = self.locks().all_held();
        if !held.is_empty() {
            self.free(engine, &held);
        }
    }

    fn free(&self, engine: &Engine, servers: &[Server]) {
        let Some(scripts) = self.locks().scripts() else {
            return;
        };
        let mut left: Vec<Server> = servers
            .iter()
            .filter(|server| {
                let is_connected = || self.actor().with(|actor| actor.session(server).is_some());
                self.locks().is_to_be_freed(server, is_connected)
            })
            .cloned()
            .collect();
        for server in servers {
            self.locks().note_free(server);
        }
        // Servers that are tried once more, on a new connection.
        let mut again: IndexSet<Server> = IndexSet::new();
        let mut attempts = 0;
        while !left.is_empty() && attempts < 4 {
            attempts += 1;
            let failed = match self.apart(engine, "unlock", scripts.free(), &left) {
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
            env: self.settings(engine, &VerbCall::at(Position::NONE))?.options.env,
            timeout: Some(LIMIT),
            ..RunOptions::default()
        };
        let request = Request {
            output: Output::Capture,
            asks: true,
            ..Request::new(verb, verb.to_owned(), script.to_owned(), Input::none())
        };
        let reach = connection::reach(self, engine)?;
        let jobs = servers.iter().map(|server| {
            let ssh = connection::options_for(self, &reach, server)?;
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
        let mut running = self.actor().with(|actor| actor.start(action, &mut passwords))?;
        while self
            .actor()
            .with(|actor| actor.next(&mut running, &mut passwords))?
            .is_some()
        {}
        self.actor().with(|actor| actor.finish(running))
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
