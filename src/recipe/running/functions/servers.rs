//! Functions that list servers, in the words of Capistrano 3.

use std::rc::Rc;

use rhai::{Array, Dynamic, Engine, NativeCallContext, Position};

use super::super::failure::failure;
use super::super::interpreter::Interpreter;
use super::super::parallel::described;
use super::super::role_block;
use super::super::selected;
use crate::configuration::{Attributes, Selection, Server, Value};
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::values::texts;

/// The servers of roles that are listed.
#[derive(Clone, Copy)]
enum RoleServers {
    All,
    /// Those whose attribute of this name is true.
    With(&'static str),
    /// Those whose attribute of this name is not true.
    Without(&'static str),
}

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let knowing = interpreter.clone();
    engine.register_fn("known_roles", move |names: Dynamic| -> Array {
        let names = texts(&names);
        let configuration = knowing.defined().configuration();
        let is_wanted = |role: &&str| names.iter().any(|name| name == *role || name == "all");
        let known = configuration.roles.names().filter(is_wanted);
        known.map(|role| role.to_owned().into()).collect()
    });
    let listing = interpreter.clone();
    engine.register_fn(
        "primary",
        move |context: NativeCallContext, role: Dynamic| -> Fallible {
            let servers = of_roles(&listing, &context, &role, RoleServers::With("primary"))?;
            let first = match servers.into_iter().next() {
                Some(server) => Some(server),
                None => of_roles(&listing, &context, &role, RoleServers::All)?
                    .into_iter()
                    .next(),
            };
            Ok(first.map_or(Dynamic::UNIT, |server| described(&listing, &server).into()))
        },
    );
    for (name, which) in [
        ("release_roles", RoleServers::Without("no_release")),
        ("roles", RoleServers::All),
    ] {
        let listing = interpreter.clone();
        let list = move |context: &NativeCallContext, roles: Array| -> Fallible {
            let servers = of_roles(&listing, context, &roles.into(), which)?;
            let servers = servers.iter().map(|server| described(&listing, server).into());
            Ok(servers.collect::<Array>().into())
        };
        let listed = Rc::new(list);
        let of = listed.clone();
        engine.register_fn(name, move |context: NativeCallContext, a: Dynamic| {
            of(&context, vec![a])
        });
        let of = listed.clone();
        engine.register_fn(name, move |context: NativeCallContext, a: Dynamic, b: Dynamic| {
            of(&context, vec![a, b])
        });
        engine.register_fn(
            name,
            move |context: NativeCallContext, a: Dynamic, b: Dynamic, c: Dynamic| listed(&context, vec![a, b, c]),
        );
    }
}

fn of_roles(
    interpreter: &Interpreter,
    context: &NativeCallContext,
    roles: &Dynamic,
    which: RoleServers,
) -> Fallible<Vec<Server>> {
    let names = texts(roles);
    let mut selection = Selection {
        roles: (!names.iter().any(|name| name == "all")).then_some(names),
        ..Selection::default()
    };
    let is_true = |name: &str| Attributes::from_iter([(name.to_owned(), Value::Bool(true))]);
    match which {
        RoleServers::All => {}
        RoleServers::With(name) => selection.only = Some(is_true(name)),
        RoleServers::Without(name) => selection.except = Some(is_true(name)),
    }
    let own = selection.clone();
    let selection = role_block::resolved(interpreter, context.engine(), selection, &own)?;
    selected::wanted(interpreter, &selection).map_err(|error| failure(error.into(), Position::NONE))
}
