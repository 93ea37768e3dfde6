//! Functions that list servers, in the words of Capistrano 3.

use std::rc::Rc;

use rhai::{Array, Dynamic, Engine, NativeCallContext, Position};

use super::super::action::failure;
use super::super::interpreter::Interpreter;
use super::super::parallel::described;
use super::Function;
use crate::configuration::{Attributes, Selection, Server, Value, select};
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::values::texts;

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        form: "primary(role)",
        doc: "The server of a role with the attribute `primary`, or else its first one, as in the list of `roles`; `()` where the role \
              has none.",
        example: "{ role :db, \"db1\"; role :db, \"db2\", :primary => true; primary(:db).host }",
        gives: "\"db2\"",
    },
    Function {
        form: "release_roles(role, …)",
        doc: "As `roles`, without the servers that have the attribute `no_release`.",
        example: "{ role :web, \"web1\"; role :web, \"web2\", :no_release => true; release_roles(:web).map(|server| server.host) }",
        gives: "[\"web1\"]",
    },
    Function {
        form: "roles(role, …)",
        doc: "The servers of these roles, each once, `:all` for those of all roles: a list of maps as `find_servers` gives. \
              A command goes to the servers of a role by its option: `:roles => :app`.",
        example: "{ role :app, \"app1\", \"app2\"; roles(:app).map(|server| server.host) }",
        gives: "[\"app1\", \"app2\"]",
    },
];

/// Makes them known.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let listing = interpreter.clone();
    engine.register_fn(
        "primary",
        move |context: NativeCallContext, role: Dynamic| -> Fallible {
            let servers = listing.of_roles(&context, &role, &[("primary", Some(true))])?;
            let first = match servers.into_iter().next() {
                Some(server) => Some(server),
                None => listing.of_roles(&context, &role, &[])?.into_iter().next(),
            };
            Ok(first.map_or(Dynamic::UNIT, |server| described(&listing, &server).into()))
        },
    );
    for (name, attributes) in [
        (
            "release_roles",
            &[("no_release", None)] as &'static [(&str, Option<bool>)],
        ),
        ("roles", &[]),
    ] {
        let listing = interpreter.clone();
        let list = move |context: &NativeCallContext, roles: Array| -> Fallible {
            let servers = listing.of_roles(context, &roles.into(), attributes)?;
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

impl Interpreter {
    /// The servers of some roles: with an attribute where that is to be true, without it where nothing is said.
    fn of_roles(
        &self,
        context: &NativeCallContext,
        roles: &Dynamic,
        attributes: &[(&str, Option<bool>)],
    ) -> Fallible<Vec<Server>> {
        let names = texts(roles);
        let mut selection = Selection {
            roles: (!names.iter().any(|name| name == "all")).then_some(names),
            ..Selection::default()
        };
        for (name, is_wanted) in attributes {
            let pairs = Attributes::from_iter([((*name).to_owned(), Value::Bool(true))]);
            match is_wanted {
                Some(_) => selection.only = Some(pairs),
                None => selection.except = Some(pairs),
            }
        }
        let own = selection.clone();
        let selection = self.resolved(context.engine(), selection, &own)?;
        let roles = &self.configuration.borrow().roles;
        select(roles, &selection, &self.filter.borrow()).map_err(|error| failure(error.into(), Position::NONE))
    }
}
