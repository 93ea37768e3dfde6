//! A lock that is taken together with the first question to the servers. A command costs each server a session and a login shell,
//! so the script that takes the lock is put in front of the library's first question, which changes nothing. Until then the lock is
//! owed: if the recipe does anything else first, the lock is taken before that.
//!
//! In the words of Capistrano a hook of a deploy may still say which servers there are, or set `deploy_to`. There the lock waits, and it
//! is owed only from the first action on.

use indexmap::IndexMap;
use rhai::Engine;

use super::action::{CallSettings, Request};
use super::dialect;
use super::interpreter::Interpreter;
use super::lock::LockAttempt;
use crate::actor::Output;
use crate::configuration::{Server, Shell, Task};
use crate::plan::quote;
use crate::recipe::language::origin::Fallible;

/// A script that takes the lock in front of a command.
pub(super) struct LockFront {
    pub(super) script: String,
    /// The line that it prints first if it cannot take the lock.
    pub(super) mark: String,
}

/// Returns true if the lock of this task may be owed. A recipe's own task may do anything, a run that is resumed has to take
/// back its own lock before it does anything, and a person who is asked before each command may leave a command out.
pub(super) fn may_owe(interpreter: &Interpreter, task: &Task) -> bool {
    interpreter.defined().is_of_stdlib(&task.origin.file)
        && !interpreter.journal().is_replaying()
        && !interpreter.mode().asks_consent()
}

/// Returns true if the lock of this task waits for the first action.
pub(super) fn may_wait(interpreter: &Interpreter, engine: &Engine, task: &Task) -> bool {
    may_owe(interpreter, task) && dialect::dialect_said(interpreter, engine).is_some()
}

/// Owes the locks that waited for the first action, which is about to begin. A task that has no server yet goes on waiting.
pub(super) fn fall_due(interpreter: &Interpreter, engine: &Engine) -> Fallible<()> {
    if interpreter.actor().unless_busy(|actor| !actor.is_rolling_back()) != Some(true) {
        return Ok(());
    }
    for task in interpreter.locks().waiting() {
        if interpreter.lock_now(engine, &task)? {
            interpreter.locks().note_due(&task);
        }
    }
    Ok(())
}

/// Takes each lock that is owed or waits, before an action that takes none in front of it.
pub(super) fn settle_for_action(interpreter: &Interpreter, engine: &Engine) -> Fallible<()> {
    fall_due(interpreter, engine)?;
    settle(interpreter, engine)
}

/// Returns true for a command whose output is the value of a variable. It takes no lock: the lock may need that very variable, such as
/// `deploy_to`.
pub(super) fn gives_variable(interpreter: &Interpreter, request: &Request) -> bool {
    request.output == Output::Capture && interpreter.place().is_evaluating()
}

/// Takes the lock that is owed, if one is, in a command of its own.
pub(in crate::recipe) fn settle(interpreter: &Interpreter, engine: &Engine) -> Fallible<()> {
    if !interpreter.locks().owes() {
        return Ok(());
    }
    // A rollback undoes what was done under an earlier lock, and an action that has begun has taken the lock before.
    if interpreter.actor().unless_busy(|actor| !actor.is_rolling_back()) == Some(true) {
        return settle_after(interpreter, engine, None);
    }
    Ok(())
}

/// Takes the lock that is owed, after a first attempt that did not get it on all servers.
pub(super) fn settle_turned_away(
    interpreter: &Interpreter,
    engine: &Engine,
    owed: &[Server],
    answers: IndexMap<Server, (i32, String)>,
) -> Fallible<()> {
    interpreter.locks().owe_for(owed);
    let attempt = interpreter.attempted(answers);
    settle_after(interpreter, engine, Some(attempt))
}

fn settle_after(interpreter: &Interpreter, engine: &Engine, first: Option<LockAttempt>) -> Fallible<()> {
    let Some(owed) = interpreter.locks().take_owed() else {
        return Ok(());
    };
    let result = interpreter.acquire(engine, owed.servers(), first);
    // A recipe may catch the error; what it does next needs the lock all the same.
    if result.is_err() {
        interpreter.locks().owe(owed);
    }
    result
}

/// Returns the script that takes the lock which is owed in front of this request; `None` if no lock is owed or if it needs a
/// command of its own. A `capture_all` of the library only looks, so it may be begun on some servers before all are locked.
pub(super) fn in_front(
    interpreter: &Interpreter,
    source: Option<&str>,
    (request, settings): (&Request, &CallSettings),
    servers: &[Server],
) -> Option<LockFront> {
    let is_same = interpreter.locks().owed()?.is_for(servers);
    let looks = request.verb == "capture_all" && source.is_some_and(|file| interpreter.defined().is_of_stdlib(file));
    // The lock belongs to the login user, whose shell is `sh`.
    let is_sudo = request.sudo.is_some() || request.asking.is_some();
    let (options, selection) = (&settings.options, &settings.selection);
    let is_plain = matches!(options.shell, None | Some(Shell::Default)) && options.pty != Some(true);
    let is_whole = selection.max_hosts.is_none() && selection.on_error_continue != Some(true);
    if !(is_same && looks && is_plain && is_whole) || is_sudo || interpreter.actor().is_rolling_back() {
        return None;
    }
    let scripts = interpreter.locks().scripts()?;
    let mark = "the lock was not taken".to_owned();
    let script = format!(
        "said=$( (\n{}\n) </dev/null ) || {{ status=$?; printf '%s\\n' {} \"$said\"; exit $status; }}; unset said",
        scripts.take(),
        quote(&mark)
    );
    Some(LockFront { script, mark })
}

/// Notes that the script in front of a command has taken the lock on these servers, and perhaps on those that are lost.
pub(super) fn taken_in_front(interpreter: &Interpreter, lost: &[Server], servers: Vec<Server>) {
    interpreter.holds(servers.iter().cloned());
    interpreter.locks().note_asked(lost.iter());
    interpreter.locks().note_settled(&servers);
}
