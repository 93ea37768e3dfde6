//! `role` and `server`.

use rhai::{Dynamic, EvalContext, Position};

use super::super::action::failure;
use super::super::block::Block;
use super::super::interpreter::{Interpreter, RoleBlock};
use super::super::parallel::described;
use super::{Choices, MANY, Verb, text, texts};
use crate::configuration::{Attributes, Server, select};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::grammar::{Call, Tail};
use crate::recipe::language::options::SELECTION;
use crate::recipe::language::origin::{Fallible, origin, raise, wrong};
use crate::recipe::language::values::plain;

pub(super) const ROLE: Verb = Verb {
    name: "role",
    form: "role :name, \"user@host:port\", …, attribute => value, …  |  role :name, … { … }",
    arguments: (1, MANY),
    tail: Tail::Optional,
    options: Choices::Any,
    doc: "Puts servers into a role. The pairs are attributes of these servers in this role; `user` and `port` hold \
          where a server's name has none, `ssh_options` is a map of what holds for these servers alone. Without a server the role exists and is empty. A block is evaluated once, when servers are \
          first needed, and gives more servers: a string, a list, or `()` for none; a map at the end of the list is laid \
          over the attributes.",
    example: "role :app, \"app1.example.com\", \"app2.example.com\";\nrole :db, \"db1.example.com\", :primary => true;",
    perform: role,
};

fn role(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    if !interpreter.namespace().is_empty() {
        return Err(wrong(
            "`role' cannot stand in a namespace: roles belong to the whole recipe",
            call.position,
        ));
    }
    let role = text(&call, 0);
    interpreter.configuration.borrow_mut().roles.declare(&role);
    for host in texts(&call, 1) {
        assign(interpreter, &role, &host, &call)?;
    }
    if let Some(block) = call.block {
        let block = interpreter.keep(Block::capture(context, block, interpreter.namespace()));
        interpreter.role_blocks.borrow_mut().push_back(RoleBlock {
            role,
            block,
            attributes: attributes(&call),
            origin: origin(context.source(), call.position),
        });
    }
    Ok(Dynamic::UNIT)
}

pub(super) const SERVER: Verb = Verb {
    name: "server",
    form: "server \"user@host:port\", :role, …, attribute => value, …",
    arguments: (1, MANY),
    tail: Tail::Nothing,
    options: Choices::Any,
    doc: "Puts one server into several roles.",
    example: "server \"www.example.com\", :web, :app, :primary => true;",
    perform: server,
};

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
                let hint = format!("it is written: {}", SERVER.form);
                (diagnostic.label("no role behind the host").hint(hint), call.position)
            }
        };
        return Err(raise(diagnostic, position));
    }
    for role in roles {
        interpreter.configuration.borrow_mut().roles.declare(&role);
        assign(interpreter, &role, &host, &call)?;
    }
    Ok(Dynamic::UNIT)
}

pub(super) const FIND_SERVERS: Verb = Verb {
    name: "find_servers",
    form: "find_servers(option => value, …)",
    arguments: (0, 0),
    tail: Tail::Nothing,
    options: Choices::Known(&[SELECTION]),
    doc: "The servers that a command with these options would go to, in a list of maps: `host`, `user`, `port`, `name` \
          (all of that in one), `roles` and `attributes`.",
    example: "role :app, \"app1.example.com\", \"deploy@app2.example.com\";\ntask :example, :roles => :app {\n  for server in find_servers() { run_locally(`rsync -a public/ ${server.name}:/srv/public/`); }\n}",
    perform: |interpreter, context, call| {
        let settings = interpreter.settings(context.engine(), &call)?;
        let servers = select(
            &interpreter.configuration.borrow().roles,
            &settings.selection,
            &interpreter.filter.borrow(),
        )
        .map_err(|error| failure(error.into(), call.position))?;
        let values = servers
            .iter()
            .map(|server| Dynamic::from_map(described(interpreter, server)));
        Ok(values.collect::<rhai::Array>().into())
    },
};

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
    let mut configuration = interpreter.configuration.borrow_mut();
    configuration
        .roles
        .assign(role, server, attributes)
        .map_err(|error| wrong(error.to_string(), position))
}
