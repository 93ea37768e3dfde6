//! `role` and `server`.

use rhai::{Dynamic, EvalContext, Position};

use super::super::action::failure;
use super::super::block::Block;
use super::super::call::{Call, text, texts};
use super::super::interpreter::Interpreter;
use super::super::parallel::described;
use super::super::performed::Performed;
use crate::configuration::{Attributes, Server, select};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, origin, raise, wrong};
use crate::recipe::language::values::plain;
use crate::recipe::language::verbs::servers as rows;
use crate::recipe::meaning::defined::RoleBlock;

pub(super) const ROLE: Performed = (&rows::ROLE, role);

fn role(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    if !interpreter.namespace().is_empty() {
        return Err(wrong(
            "`role' cannot stand in a namespace: roles belong to the whole recipe",
            call.position,
        ));
    }
    let role = text(&call, 0);
    interpreter.defined.configuration.borrow_mut().roles.declare(&role);
    for host in texts(&call, 1) {
        assign(interpreter, &role, &host, &call)?;
    }
    if let Some(block) = call.block {
        let block = interpreter.keep(Block::capture(context, block, interpreter.namespace()));
        interpreter.defined.role_blocks.borrow_mut().push_back(RoleBlock {
            role,
            block,
            attributes: attributes(&call),
            origin: origin(context.source(), call.position),
        });
    }
    Ok(Dynamic::UNIT)
}

pub(super) const SERVER: Performed = (&rows::SERVER, server);

fn server(interpreter: &Interpreter, _: &mut EvalContext, call: Call) -> Fallible {
    let host = text(&call, 0);
    let roles = texts(&call, 1);
    if roles.is_empty() {
        let diagnostic = Diagnostic::new(Fault::Recipe, format!("`server \"{host}\"' names no role"));
        let (diagnostic, position) = match call.options.get("roles") {
            Some((value, position)) => {
                let roles = crate::recipe::language::values::texts(value).join(", :");
                let hint = format!("roles stand behind the host: server \"{host}\", :{roles};");
                (diagnostic.label("an attribute, no role").hint(hint), *position)
            }
            None => {
                let hint = format!("it is written: {}", rows::SERVER.form);
                (diagnostic.label("no role behind the host").hint(hint), call.position)
            }
        };
        return Err(raise(diagnostic, position));
    }
    for role in roles {
        interpreter.defined.configuration.borrow_mut().roles.declare(&role);
        assign(interpreter, &role, &host, &call)?;
    }
    Ok(Dynamic::UNIT)
}

pub(super) const FIND_SERVERS: Performed = (&rows::FIND_SERVERS, |interpreter, context, call| {
    let settings = interpreter.settings(context.engine(), &call)?;
    let servers = select(
        &interpreter.defined.configuration.borrow().roles,
        &settings.selection,
        &interpreter.filter.borrow(),
    )
    .map_err(|error| failure(error.into(), call.position))?;
    let values = servers
        .iter()
        .map(|server| Dynamic::from_map(described(interpreter, server)));
    Ok(values.collect::<rhai::Array>().into())
});

fn attributes(call: &Call) -> Attributes {
    call.options
        .iter()
        .map(|(name, (value, _))| (name.clone(), plain(value)))
        .collect()
}

fn assign(interpreter: &Interpreter, role: &str, host: &str, call: &Call) -> Fallible<()> {
    let (attributes, position) = (attributes(call), call.position);
    let map = call.options.get("ssh_options").map_or(Position::NONE, |(_, map)| *map);
    let server: Server = host
        .parse()
        .map_err(|error: crate::configuration::ServerSyntax| wrong(error.to_string(), position))?;
    interpreter.check_attributes(&attributes, position, map)?;
    let mut configuration = interpreter.defined.configuration.borrow_mut();
    configuration
        .roles
        .assign(role, server, attributes)
        .map_err(|error| wrong(error.to_string(), position))
}
