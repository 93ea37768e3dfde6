//! `on servers, |server| { … }`: the block is evaluated for each server.

use std::rc::Rc;
use std::time::Duration;

use rhai::{Dynamic, EvalContext, Position};

use super::super::action::failure;
use super::super::block::{Block, own_locals};
use super::super::call::Call;
use super::super::evaluation::Work;
use super::super::interpreter::Interpreter;
use super::super::turns::{Order, evaluate};
use crate::configuration::{Selection, Server, select};
use crate::event::Level;
use crate::recipe::language::options::{count, seconds};
use crate::recipe::language::origin::{Fallible, wrong};
use crate::recipe::language::values::{text, texts};
use crate::recipe::language::verbs::tasks::{ON, is_host, is_own_option};

/// Whether a call of `on` names servers, and no event.
pub(super) fn names_servers(call: &Call) -> bool {
    let first = call.arguments.first().map(|(value, _)| value);
    first.is_some_and(|value| value.is_map() || value.is_array() || value.is_unit() || is_host(&text(value)))
}

/// Evaluates the block for each of the servers.
pub(super) fn each_server(interpreter: &Interpreter, context: &mut EvalContext, call: &Call) -> Fallible {
    let Some(block) = call.block else {
        return Err(ON.misused("`on' with servers has no block", call.position));
    };
    if let Some((name, (_, position))) = call.options.iter().find(|(name, _)| is_own_option(name)) {
        let message = format!("`{name}' belongs to events; servers are chosen by what lists them: roles(:app)");
        return Err(ON.misused(message, *position));
    }
    interpreter.refuse_servers("on", call.position)?;
    interpreter.refuse_in_server("on", call.position)?;
    interpreter.greet_strangers();
    let servers = servers(interpreter, call)?;
    if servers.is_empty() {
        interpreter.say(Level::Info, "skipping `on' because no servers matched");
        return Ok(Dynamic::UNIT);
    }
    let order = order(interpreter, call, servers.len())?;
    let (me, engine) = {
        let owners = interpreter.owners.borrow();
        (owners.0.upgrade(), owners.1.upgrade())
    };
    let (Some(me), Some(engine)) = (me, engine) else {
        return Err(wrong("`on' can only stand in a recipe", call.position));
    };
    let block = Block::share(context, block, interpreter.namespace());
    let work = Rc::new(Work {
        interpreter: me,
        engine,
        block,
        parameters: call.parameters.iter().take(1).cloned().collect(),
        level: context.call_level(),
        said: interpreter.said_around(),
    });
    let result = evaluate(&work, &servers, &order);
    drop(work);
    own_locals(context);
    result.map(|()| Dynamic::UNIT)
}

/// The servers that the call names, each once, as far as the command line does not leave them out.
fn servers(interpreter: &Interpreter, call: &Call) -> Fallible<Vec<Server>> {
    let Some((value, position)) = call.arguments.first() else {
        return Ok(Vec::new());
    };
    let mut named = Vec::new();
    gather(value, *position, &mut named)?;
    let selection = Selection {
        hosts: Some(named.iter().map(ToString::to_string).collect()),
        ..Selection::default()
    };
    let kept = {
        let roles = &interpreter.defined.configuration.borrow().roles;
        select(roles, &selection, &interpreter.filter.borrow())
    };
    let kept = kept.map_err(|error| failure(error.into(), call.position))?;
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

/// The pause between the servers where none is said, as in Capistrano 3.
const WAIT: Duration = Duration::from_secs(2);
/// So many servers are in a group where nothing is said, as there.
const GROUP: usize = 2;

/// How many servers at a time: what `in` and `limit` say, else what the task says.
fn order(interpreter: &Interpreter, call: &Call, all: usize) -> Fallible<Order> {
    let said = |name: &str| call.options.get(name).filter(|(value, _)| !value.is_unit());
    let limit = said("limit")
        .map(|(value, position)| count("limit", value, *position))
        .transpose()?;
    let wait = match said("wait") {
        Some((value, _)) if value.as_int() == Ok(0) => Some(Duration::ZERO),
        Some((value, position)) => seconds("wait", value, *position)?,
        None => None,
    };
    let Some((way, position)) = said("in") else {
        if limit.is_some() || wait.is_some() {
            let message = "`limit' and `wait' are for servers by turns: :in => :groups or :in => :sequence";
            return Err(ON.misused(message, call.position));
        }
        let size = interpreter.task_settings().0.max_hosts.unwrap_or(all);
        return Ok(Order { size, wait: None });
    };
    let size = match text(way).as_str() {
        "parallel" => all,
        "sequence" => 1,
        "groups" => limit.unwrap_or(GROUP),
        other => {
            let message = format!("`in' is :parallel, :sequence or :groups, not :{other}");
            return Err(wrong(message, *position));
        }
    };
    Ok(Order {
        size,
        wait: wait.or(Some(WAIT)).filter(|wait| !wait.is_zero()),
    })
}
