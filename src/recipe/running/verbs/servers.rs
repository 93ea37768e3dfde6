//! `role` and `server`.

use rhai::{Dynamic, Position};

use super::super::connection;
use super::super::failure::failure;
use super::super::parallel::described;
use super::super::selected;
use super::super::verb_context::{Performed, VerbContext};
use crate::configuration::{Attributes, Server};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::values::{plain, texts};
use crate::recipe::language::verbs::servers as rows;
use crate::recipe::meaning::defined::RoleBlock;

pub(super) const ROLE: Performed = (&rows::ROLE, role);

fn role(cx: &mut VerbContext) -> Fallible {
    let interpreter = cx.interpreter;
    if !interpreter.place().namespace().is_empty() {
        return Err(wrong(
            "`role' cannot stand in a namespace: roles belong to the whole recipe",
            cx.position(),
        ));
    }
    let role = cx.text(0);
    interpreter
        .defined()
        .change(|configuration| configuration.roles.declare(&role));
    for host in cx.texts(1) {
        assign(cx, &role, &host)?;
    }
    if let Some(block) = cx.call.block {
        let block = cx.keep(block);
        interpreter.defined().put_off_role(RoleBlock {
            role,
            block,
            attributes: attributes(cx),
            origin: cx.origin(),
        });
    }
    Ok(Dynamic::UNIT)
}

pub(super) const SERVER: Performed = (&rows::SERVER, server);

fn server(cx: &mut VerbContext) -> Fallible {
    let (host, roles) = (cx.text(0), cx.texts(1));
    if roles.is_empty() {
        let diagnostic = Diagnostic::new(Fault::Recipe, format!("`server \"{host}\"' names no role"));
        let (diagnostic, position) = match cx.option("roles") {
            Some((value, position)) => {
                let roles = texts(value).join(", :");
                let hint = format!("roles stand behind the host: server \"{host}\", :{roles};");
                (diagnostic.label("an attribute, no role").hint(hint), position)
            }
            None => {
                let hint = format!("it is written: {}", rows::SERVER.form);
                (diagnostic.label("no role behind the host").hint(hint), cx.position())
            }
        };
        return Err(raise(diagnostic, position));
    }
    for role in roles {
        cx.interpreter
            .defined()
            .change(|configuration| configuration.roles.declare(&role));
        assign(cx, &role, &host)?;
    }
    Ok(Dynamic::UNIT)
}

pub(super) const FIND_SERVERS: Performed = (&rows::FIND_SERVERS, |cx| {
    let interpreter = cx.interpreter;
    let settings = cx.settings()?;
    let servers =
        selected::wanted(interpreter, &settings.selection).map_err(|error| failure(error.into(), cx.position()))?;
    let values = servers
        .iter()
        .map(|server| Dynamic::from_map(described(interpreter, server)));
    Ok(values.collect::<rhai::Array>().into())
});

fn attributes(cx: &VerbContext) -> Attributes {
    let options = cx.call.options.iter();
    options.map(|(name, (value, _))| (name.clone(), plain(value))).collect()
}

fn assign(cx: &VerbContext, role: &str, host: &str) -> Fallible<()> {
    let (interpreter, attributes, position) = (cx.interpreter, attributes(cx), cx.position());
    let map = cx.option("ssh_options").map_or(Position::NONE, |(_, map)| map);
    let server: Server = host
        .parse()
        .map_err(|error: crate::configuration::ServerSyntax| wrong(error.to_string(), position))?;
    connection::check_attributes(interpreter, &attributes, position, map)?;
    let assigned = interpreter.defined().assign(role, server, attributes);
    assigned.map_err(|error| wrong(error.to_string(), position))
}
