//! `set`, `fetch` and their kin.

use rhai::{Dynamic, EvalAltResult, EvalContext, FnPtr, Position};

use super::super::block::{Block, call_function};
use super::super::interpreter::Interpreter;
use super::{NONE, Verb, text, value};
use crate::configuration::{Setter, Setting, is_variable_name};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::grammar::{Call, Tail};
use crate::recipe::language::origin::{Fallible, origin, raise};

pub(super) const SET: Verb = Verb {
    name: "set",
    form: "set :name, value  |  set :name { … }",
    arguments: (1, 2),
    tail: Tail::Instead("a value", "a value"),
    options: NONE,
    doc: "Sets a variable. With a block it is lazy: the block is evaluated at the first read, and its value kept. \
          A variable is read by its bare name or with `fetch`.",
    example: "set :application, \"flipper\";\nset(:deploy_to) { `/u/apps/${application}` }\ntask :example { puts deploy_to; }",
    perform: set,
};

fn set(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let by = Setter::Recipe(origin(context.source(), call.position));
    assign(&SET, interpreter, context, &call, by)
}

pub(super) const SET_DEFAULT: Verb = Verb {
    name: "set_default",
    form: "set_default :name, value  |  set_default :name { … }",
    arguments: (1, 2),
    tail: Tail::Instead("a value", "a value"),
    options: NONE,
    doc: "As `set`, but only where the variable is not set yet: what a recipe or the command line said before stays.",
    example: "set :branch, \"main\";\nset_default :branch, \"other\";\nset_default :directory { `/srv/${branch}` }\ntask :example { puts directory; }",
    perform: set_default,
};

pub(super) const SET_IF_EMPTY: Verb = Verb {
    name: "set_if_empty",
    form: "set_if_empty :name, value  |  set_if_empty :name { … }",
    doc: "As `set_default`, in the word of Capistrano 3.",
    example: "set :branch, \"main\";\nset_if_empty :branch, \"other\";\ntask :example { puts branch; }",
    ..SET_DEFAULT
};

fn set_default(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let by = Setter::Default(origin(context.source(), call.position));
    let name = text(&call, 0);
    if interpreter.configuration.borrow().variables.exists(&name) {
        let is_lazy = call.block.is_some();
        let default = Setting { by, is_lazy };
        interpreter
            .configuration
            .borrow_mut()
            .variables
            .overrides(&name, default);
        return Ok(Dynamic::UNIT);
    }
    assign(&SET_DEFAULT, interpreter, context, &call, by)
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

/// A variable cannot have this name.
pub(in crate::recipe) fn no_variable_name(name: &str, position: Position) -> Box<EvalAltResult> {
    let diagnostic = Diagnostic::new(Fault::Recipe, format!("`{name}' cannot be the name of a variable"))
        .hint("a name begins with a small letter or `_' and goes on with letters, digits and `_'");
    raise(diagnostic, position)
}

pub(super) const FETCH: Verb = Verb {
    name: "fetch",
    form: "fetch(:name)  |  fetch(:name, default)  |  fetch(:name, |name| …)",
    arguments: (1, 2),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Reads a variable; the default is used, and not stored, where it is not set. A function as default is called with the name. Without a default that is an error.",
    example: "set :branch, \"main\";\ntask :example { puts fetch(:branch) + fetch(:suffix, \"-1\"); }",
    perform: fetch,
};

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

pub(super) const EXISTS: Verb = Verb {
    name: "exists",
    form: "exists(:name)",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "True once the variable is set, to whatever value. Does not evaluate a lazy one.",
    example: "if !exists(:branch) { set :branch, \"main\"; }",
    perform: |interpreter, _, call| {
        Ok(interpreter
            .configuration
            .borrow()
            .variables
            .exists(&text(&call, 0))
            .into())
    },
};

pub(super) const UNSET: Verb = Verb {
    name: "unset",
    form: "unset :name",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Forgets a variable.",
    example: "set :branch, \"main\";\nunset :branch;",
    perform: |interpreter, _, call| {
        interpreter.configuration.borrow_mut().variables.unset(&text(&call, 0));
        Ok(Dynamic::UNIT)
    },
};

pub(super) const RESET: Verb = Verb {
    name: "reset",
    form: "reset :name",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Makes a lazy variable that was read lazy again, so that its block is evaluated anew at the next read. \
          False, and nothing changed, for any other.",
    example: "set :count { 1 }\ntask :example { puts count; reset :count; puts count; }",
    perform: |interpreter, _, call| {
        Ok(interpreter
            .configuration
            .borrow_mut()
            .variables
            .reset(&text(&call, 0))
            .into())
    },
};
