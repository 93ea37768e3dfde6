//! Servers that are known only when they are needed: roles with a block, and hosts and roles that functions return.

use rhai::{Dynamic, Engine, Position};

use super::connection;
use super::interpreter::Interpreter;
use crate::configuration::{Selection, Server};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, raise};
use crate::recipe::language::values::{attributes, texts};
use crate::recipe::meaning::defined::RoleBlock;

/// Returns a selection without functions, after all servers are known. The call's own options (`own`) contain no functions.
pub(in crate::recipe) fn resolved(
    interpreter: &Interpreter,
    engine: &Engine,
    mut selection: Selection,
    own: &Selection,
) -> Fallible<Selection> {
    fill_roles(interpreter, engine)?;
    if let (Some(function), None) = (selection.hosts_from.take(), &own.hosts) {
        selection.hosts = Some(texts(&interpreter.call(engine, function, &[])?));
    }
    if let (Some(function), None) = (selection.roles_from.take(), &own.roles) {
        selection.roles = Some(texts(&interpreter.call(engine, function, &[])?));
    }
    Ok(selection)
}

/// Evaluates the blocks of roles, each once. One that fails is evaluated again when servers are needed again.
fn fill_roles(interpreter: &Interpreter, engine: &Engine) -> Fallible<()> {
    loop {
        // No borrow is held while the block runs, since it may need servers itself.
        let Some(role) = interpreter.defined().next_role() else {
            return Ok(());
        };
        if let Err(error) = fill_role(interpreter, engine, &role) {
            interpreter.defined().put_back_role(role);
            return Err(error);
        }
    }
}

fn fill_role(interpreter: &Interpreter, engine: &Engine, role: &RoleBlock) -> Fallible<()> {
    let value = interpreter.call(engine, role.block, &[])?;
    let (value, over) = split(value);
    let mut common = role.attributes.clone();
    common.extend(attributes("role", &over, Position::NONE)?);
    connection::check_attributes(interpreter, &common, Position::NONE, Position::NONE)?;
    let failed = |message: String| {
        let diagnostic = Diagnostic::new(Fault::Recipe, message).at(role.origin.clone());
        raise(diagnostic, Position::NONE)
    };
    let mut servers = Vec::new();
    for host in texts(&value) {
        servers.push(host.parse::<Server>().map_err(|error| failed(error.to_string()))?);
    }
    for server in servers {
        let assigned = interpreter.defined().assign(&role.role, server, common.clone());
        assigned.map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}

/// Splits a value into the servers and the map at the end.
fn split(value: Dynamic) -> (Dynamic, Dynamic) {
    let Some(mut list) = value.flatten_clone().try_cast::<rhai::Array>() else {
        return (value, Dynamic::UNIT);
    };
    match list.pop_if(|last| last.is_map()) {
        Some(map) => (list.into(), map),
        None => (list.into(), Dynamic::UNIT),
    }
}
