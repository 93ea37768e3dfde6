//! Functions that list servers, in the words of Capistrano 3.

use std::rc::Rc;

use rhai::{Array, Dynamic, Engine, NativeCallContext, Position};

use super::super::action::failure;
use super::super::interpreter::Interpreter;
use super::super::parallel::described;
use crate::configuration::{Attributes, Selection, Server, Value};
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::values::texts;

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let knowing = interpreter.clone();
    engine.register_fn("known_roles", move |names: Dynamic| -> Array {
        let names = texts(&names);
        let configuration = knowing.defined.configuration.borrow();
        let is_wanted = |role: &&str| names.iter().any(|name| name == *role || name == "all");
        let known = configuration.roles.names().filter(is_wanted);
        known.map(|role| role.to_owned().into()).collect()
    });
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
    /// Returns the servers of some roles that have these attributes, and not those whose value is `None`.
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
        self.selected(&selection)
            .map_err(|error| failure(error.into(), Position::NONE))
    }
}
