//! Chooses servers: those of a selection, and those that a command will have.

use super::around::says_servers;
use super::dialect::{is_task_for_gem, is_task_of_three, speaks_three};
use super::interpreter::Interpreter;
use crate::actor::ActionError;
use crate::configuration::{Filter, Selection, SelectionError, Server, did_you_mean, select};
use crate::event::Level;

/// The attribute of the one server of a role that acts for all.
const PRIMARY: &str = "primary";

/// Returns the servers of a selection among those that the person wants.
pub(in crate::recipe) fn wanted(
    interpreter: &Interpreter,
    selection: &Selection,
) -> Result<Vec<Server>, SelectionError> {
    let configuration = interpreter.defined().configuration();
    let select = |selection: &Selection| interpreter.exclusions().select(&configuration.roles, selection);
    match select(selection) {
        Err(SelectionError::UnknownRole { .. }) if is_task_for_gem(interpreter) => {
            let mut known = selection.clone();
            let roles = known.roles.iter_mut();
            roles.for_each(|roles| roles.retain(|role| configuration.roles.contains(role)));
            select(&known)
        }
        servers => servers,
    }
}

/// Returns the servers that a task or a command addresses. In the words of Capistrano 3 the first server of a role is its primary one
/// where none is marked, so `only: {primary: true}` means that server there.
pub(in crate::recipe) fn addressed(
    interpreter: &Interpreter,
    selection: &Selection,
) -> Result<Vec<Server>, SelectionError> {
    let servers = wanted(interpreter, selection)?;
    let asks = selection.only.as_ref().is_some_and(|only| only.contains_key(PRIMARY));
    if !servers.is_empty() || !asks || selection.roles.is_none() || !speaks_three(interpreter) {
        return Ok(servers);
    }
    let configuration = interpreter.defined().configuration();
    let all = |selection: &Selection| select(&configuration.roles, selection, &Filter::default());
    if !all(selection)?.is_empty() {
        return Ok(servers);
    }
    let mut others = selection.clone();
    if let Some(only) = &mut others.only {
        only.shift_remove(PRIMARY);
    }
    let mut servers = wanted(interpreter, &others)?;
    let first = all(&others)?.into_iter().next();
    servers.retain(|server| Some(server) == first.as_ref());
    Ok(servers)
}

/// Returns the servers of a selection for a command. In the block of one server these are that server, or none if the command
/// names others.
fn chosen(interpreter: &Interpreter, selection: &Selection) -> Result<Vec<Server>, SelectionError> {
    let Some(own) = interpreter.around().server() else {
        return addressed(interpreter, selection);
    };
    if says_servers(selection) && !addressed(interpreter, selection)?.contains(&own) {
        return Ok(Vec::new());
    }
    Ok(vec![own])
}

/// Returns the servers that a command will have, for a verb that prepares something for each before any is connected. An error
/// in the selection itself is reported when the action begins.
pub(in crate::recipe) fn expected(interpreter: &Interpreter, selection: &Selection) -> Vec<Server> {
    chosen(interpreter, selection).unwrap_or_default()
}

/// Returns the servers of a command, at least one; `None` if none matches and the command is to be skipped.
pub(super) fn of_command(
    interpreter: &Interpreter,
    selection: &Selection,
    verb: &str,
) -> Result<Option<Vec<Server>>, ActionError> {
    let servers = chosen(interpreter, selection)?;
    if !servers.is_empty() {
        return Ok(Some(servers));
    }
    if interpreter.around().server().is_some() {
        return Ok(None);
    }
    let task = interpreter.frames().current().map(|task| task.name.clone());
    let is_skipped = selection
        .on_no_matching_servers_continue
        .unwrap_or_else(|| skips(interpreter, verb));
    if is_skipped || interpreter.exclusions().narrow(selection) {
        let what = task.map_or_else(|| "a command".to_owned(), |task| format!("`{task}'"));
        interpreter.say(Level::Info, format!("skipping {what} because no servers matched"));
        return Ok(None);
    }
    Err(ActionError::NoServers {
        task,
        conditions: selection.conditions(),
    })
}

/// Returns true if a command that no server matches is skipped without being told so: a recipe in the words of Capistrano 3 goes on there, and so
/// do libraries in the place of gems. The tasks of a deploy do not, nor does what needs an answer.
fn skips(interpreter: &Interpreter, verb: &str) -> bool {
    !matches!(verb, "capture" | "test") && (is_task_of_three(interpreter) || is_task_for_gem(interpreter))
}

/// Reports hosts of the command line that the recipe does not name: commands go to them, but they may be a mistake. This
/// happens once, when servers are first needed: before that, the blocks of roles have not run.
pub(in crate::recipe) fn report_unknown_hosts(interpreter: &Interpreter) {
    if !interpreter.notices().unknown_hosts() {
        return;
    }
    let unknown = interpreter
        .exclusions()
        .unknown_hosts(&interpreter.defined().configuration());
    for (host, meant) in unknown {
        let meant = meant.map_or_else(String::new, |meant| format!("; {}", did_you_mean(&meant)));
        let text = format!("HOSTS names `{host}', which is not in the recipe{meant}");
        interpreter.say(Level::Important, text);
    }
}

/// Reports once the hosts of the command line that nothing is deployed to, and that are left out of this selection.
pub(super) fn report_unreleased(interpreter: &Interpreter, selection: &Selection) {
    let left_out = interpreter
        .exclusions()
        .unreleased(&interpreter.defined().configuration().roles, selection);
    for server in left_out {
        if interpreter.notices().unreleased(&server) {
            let text = format!("HOSTS names `{server}', which has no_release: nothing is deployed to it");
            interpreter.say(Level::Important, text);
        }
    }
}
