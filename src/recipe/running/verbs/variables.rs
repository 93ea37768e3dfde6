//! `set`, `fetch` and their kin.

use rhai::{Dynamic, EvalContext, FnPtr};

use super::super::block::{Block, call_function};
use super::super::call::{Call, text, value};
use super::super::interpreter::Interpreter;
use super::super::performed::Performed;
use crate::configuration::{Setter, Setting, is_variable_name};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, origin, raise};
use crate::recipe::language::verb::Verb;
use crate::recipe::language::verbs::variables as rows;
use crate::recipe::language::verbs::variables::no_variable_name;

pub(super) const SET: Performed = (&rows::SET, set);

fn set(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let by = Setter::Recipe(origin(context.source(), call.position));
    assign(&rows::SET, interpreter, context, &call, by)
}

pub(super) const SET_DEFAULT: Performed = (&rows::SET_DEFAULT, set_default);

pub(super) const SET_IF_EMPTY: Performed = (&rows::SET_IF_EMPTY, set_default);

fn set_default(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let by = Setter::Default(origin(context.source(), call.position));
    let name = text(&call, 0);
    if interpreter.defined.configuration.borrow().variables.exists(&name) {
        let is_lazy = call.block.is_some();
        let default = Setting { by, is_lazy };
        interpreter
            .defined
            .configuration
            .borrow_mut()
            .variables
            .overrides(&name, default);
        return Ok(Dynamic::UNIT);
    }
    assign(&rows::SET_DEFAULT, interpreter, context, &call, by)
}

fn assign(verb: &Verb, interpreter: &Interpreter, context: &EvalContext, call: &Call, by: Setter) -> Fallible {
    let name = text(call, 0);
    if !is_variable_name(&name) {
        let position = call.arguments.first().map_or(call.position, |(_, position)| *position);
        return Err(no_variable_name(&name, position));
    }
    match (call.block, call.arguments.get(1)) {
        (Some(block), _) => {
            let block = interpreter.keep(Block::capture(context, block, interpreter.namespace()));
            interpreter
                .defined
                .configuration
                .borrow_mut()
                .variables
                .set_lazy(&name, block, by);
        }
        (None, Some((value, position))) => interpreter.set(&name, value.flatten_clone(), by, *position)?,
        (None, None) => return Err(verb.lacks_block(&name, call.position)),
    }
    Ok(Dynamic::UNIT)
}

pub(super) const FETCH: Performed = (&rows::FETCH, fetch);

fn fetch(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let name = text(&call, 0);
    if let Some(value) = interpreter.variable(context.engine(), &name)? {
        return Ok(value);
    }
    if call.arguments.len() == 2 {
        let default = value(&call, 1);
        return match default.clone().try_cast::<FnPtr>() {
            Some(function) => call_function(context, &function, &[name.into()], call.position),
            None => Ok(default),
        };
    }
    let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("variable `{name}' is not set")).label("not set");
    diagnostic.hints.extend(
        interpreter
            .suggestion(&name)
            .or_else(|| Some(format!("with a default: fetch(:{name}, value)"))),
    );
    let position = call.arguments.first().map_or(call.position, |(_, position)| *position);
    Err(raise(diagnostic, position))
}

pub(super) const EXISTS: Performed = (&rows::EXISTS, |interpreter, _, call| {
    Ok(interpreter
        .defined
        .configuration
        .borrow()
        .variables
        .exists(&text(&call, 0))
        .into())
});

pub(super) const UNSET: Performed = (&rows::UNSET, |interpreter, _, call| {
    interpreter
        .defined
        .configuration
        .borrow_mut()
        .variables
        .unset(&text(&call, 0));
    Ok(Dynamic::UNIT)
});

pub(super) const RESET: Performed = (&rows::RESET, |interpreter, _, call| {
    Ok(interpreter
        .defined
        .configuration
        .borrow_mut()
        .variables
        .reset(&text(&call, 0))
        .into())
});
