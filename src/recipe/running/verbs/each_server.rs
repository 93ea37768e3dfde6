//! `on servers, |server| { … }`: the block is evaluated for each server.

use std::rc::Rc;
use std::time::Duration;

use rhai::{Dynamic, Position};

use super::super::block::{KeptBlock, own_locals};
use super::super::evaluation::BlockWork;
use super::super::examining;
use super::super::failure::failure;
use super::super::lock_owed;
use super::super::selected;
use super::super::turns::{TurnOrder, evaluate};
use super::super::verb_context::VerbContext;
use crate::configuration::{Selection, Server};
use crate::event::Level;
use crate::recipe::language::options::{count, seconds};
use crate::recipe::language::origin::{Fallible, wrong};
use crate::recipe::language::values::{text, texts};
use crate::recipe::language::verbs::tasks::{ON, is_host, is_own_option};

/// Returns true if a call of `on` names servers, and not an event.
pub(super) fn names_servers(cx: &VerbContext) -> bool {
    let first = cx.values(0).next();
    first.is_some_and(|value| value.is_map() || value.is_array() || value.is_unit() || is_host(&text(value)))
}

/// Evaluates the block for each of the servers.
pub(super) fn each_server(cx: &mut VerbContext) -> Fallible {
    let interpreter = cx.interpreter;
    let Some(block) = cx.call.block else {
        return Err(cx.misused("`on' with servers has no block"));
    };
    if let Some((name, (_, position))) = cx.call.options.iter().find(|(name, _)| is_own_option(name)) {
        let message = format!("`{name}' belongs to events; servers are chosen by what lists them: roles(:app)");
        return Err(ON.misused(message, *position));
    }
    examining::refuse_servers(interpreter, "on", cx.position())?;
    interpreter.around().refuse_in_server("on", cx.position())?;
    selected::report_unknown_hosts(interpreter);
    lock_owed::settle_for_action(interpreter, cx.engine())?;
    let servers = servers(cx)?;
    if servers.is_empty() {
        interpreter.say(Level::Info, "skipping `on' because no servers matched");
        return Ok(Dynamic::UNIT);
    }
    let order = order(cx, servers.len())?;
    let Some((me, engine)) = interpreter.blocks().evaluators() else {
        return Err(wrong("`on' can only stand in a recipe", cx.position()));
    };
    let block = KeptBlock::share(cx.scope, block, interpreter.place().namespace());
    let work = Rc::new(BlockWork {
        interpreter: me,
        engine,
        block,
        parameters: cx.call.parameters.iter().take(1).cloned().collect(),
        level: cx.scope.call_level(),
        said: interpreter.around().said(),
    });
    let result = evaluate(&work, &servers, &order);
    drop(work);
    own_locals(cx.scope);
    result.map(|()| Dynamic::UNIT)
}

/// Returns the servers that the call names, each once, except those that the command line leaves out.
fn servers(cx: &VerbContext) -> Fallible<Vec<Server>> {
    let mut named = Vec::new();
    gather(&cx.value(0), cx.position_of(0), &mut named)?;
    let selection = Selection {
        hosts: Some(named.iter().map(ToString::to_string).collect()),
        ..Selection::default()
    };
    let kept = selected::wanted(cx.interpreter, &selection);
    let kept = kept.map_err(|error| failure(error.into(), cx.position()))?;
    named.retain(|server| kept.contains(server));
    Ok(named)
}

fn gather(value: &Dynamic, position: Position, named: &mut Vec<Server>) -> Fallible<()> {
    if let Some(list) = value.read_lock::<rhai::Array>() {
        return list.iter().try_for_each(|item| gather(item, position, named));
    }
    let names = match value.read_lock::<rhai::Map>() {
        Some(server) => server.get("name").map(|name| vec![text(name)]).unwrap_or_default(),
        None if value.is_unit() => return Ok(()),
        None => texts(value),
    };
    if names.is_empty() {
        return Err(wrong(
            "`on' takes servers: roles(:app), primary(:db) or a list of hosts",
            position,
        ));
    }
    for name in names {
        let server: Server = name.parse().map_err(|error| wrong(format!("{error}"), position))?;
        if !named.contains(&server) {
            named.push(server);
        }
    }
    Ok(())
}

/// The default pause between the servers, as in Capistrano 3.
const WAIT: Duration = Duration::from_secs(2);
/// The default number of servers in a group, as in Capistrano 3.
const GROUP: usize = 2;

/// Returns the number of servers at a time: that of `in` and `limit`, else that of the task.
fn order(cx: &VerbContext, all: usize) -> Fallible<TurnOrder> {
    let limit = cx
        .option("limit")
        .map(|(value, position)| count("limit", value, position));
    let limit = limit.transpose()?;
    let wait = match cx.option("wait") {
        Some((value, _)) if value.as_int() == Ok(0) => Some(Duration::ZERO),
        Some((value, position)) => seconds("wait", value, position)?,
        None => None,
    };
    let Some((way, position)) = cx.option("in") else {
        if limit.is_some() || wait.is_some() {
            let message = "`limit' and `wait' are for servers by turns: :in => :groups or :in => :sequence";
            return Err(cx.misused(message));
        }
        let size = cx.interpreter.task_settings().0.max_hosts.unwrap_or(all);
        return Ok(TurnOrder { size, wait: None });
    };
    let size = match text(way).as_str() {
        "parallel" => all,
        "sequence" => 1,
        "groups" => limit.unwrap_or(GROUP),
        other => {
            let message = format!("`in' is :parallel, :sequence or :groups, not :{other}");
            return Err(wrong(message, position));
        }
    };
    Ok(TurnOrder {
        size,
        wait: wait.or(Some(WAIT)).filter(|wait| !wait.is_zero()),
    })
}
