//! `set`, `fetch` and similar verbs.

use rhai::{Dynamic, EvalAltResult, Position};

use super::super::grammar::Tail;
use super::super::origin::{Fallible, raise};
use super::super::takes;
use super::super::verb::{NONE, Verb};
use crate::configuration::is_variable_name;
use crate::diagnostic::{Diagnostic, Fault};

pub(in crate::recipe) const SET: Verb = Verb {
    name: "set",
    form: "set :name, value  |  set :name { … }",
    arguments: (1, 2),
    takes: &[takes::VARIABLE, takes::ANYTHING],
    tail: Tail::Instead("a value", "a value"),
    options: NONE,
    doc: "Sets a variable. With a block it is lazy: the block is evaluated at the first read, and its value kept. \
          A variable is read by its bare name or with `fetch`.",
    example: "set :application, \"flipper\";\nset(:deploy_to) { `/u/apps/${application}` }\ntask :example { puts deploy_to; }",
};

pub(in crate::recipe) const SET_DEFAULT: Verb = Verb {
    name: "set_default",
    form: "set_default :name, value  |  set_default :name { … }",
    arguments: (1, 2),
    takes: &[takes::VARIABLE, takes::ANYTHING],
    tail: Tail::Instead("a value", "a value"),
    options: NONE,
    doc: "As `set`, but only where the variable is not set yet: what a recipe or the command line said before stays. \
          A default of capr's own libraries gives way, but for a recipe in the words of Capistrano 3.",
    example: "set :branch, \"main\";\nset_default :branch, \"other\";\nset_default :directory { `/srv/${branch}` }\ntask :example { puts directory; }",
};

pub(in crate::recipe) const SET_IF_EMPTY: Verb = Verb {
    name: "set_if_empty",
    form: "set_if_empty :name, value  |  set_if_empty :name { … }",
    doc: "As `set_default`, in the word of Capistrano 3.",
    example: "set :branch, \"main\";\nset_if_empty :branch, \"other\";\ntask :example { puts branch; }",
    ..SET_DEFAULT
};

pub(in crate::recipe) const FETCH: Verb = Verb {
    name: "fetch",
    form: "fetch(:name)  |  fetch(:name, default)  |  fetch(:name, |name| …)",
    arguments: (1, 2),
    takes: &[takes::VARIABLE, takes::ANYTHING],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Reads a variable; the default is used, and not stored, where it is not set. A function as default is called with the name. Without a default that is an error.",
    example: "set :branch, \"main\";\ntask :example { puts fetch(:branch) + fetch(:suffix, \"-1\"); }",
};

pub(in crate::recipe) const EXISTS: Verb = Verb {
    name: "exists",
    form: "exists(:name)",
    arguments: (1, 1),
    takes: &[takes::VARIABLE],
    tail: Tail::Nothing,
    options: NONE,
    doc: "True once the variable is set, to whatever value. Does not evaluate a lazy one.",
    example: "if !exists(:branch) { set :branch, \"main\"; }",
};

pub(in crate::recipe) const UNSET: Verb = Verb {
    name: "unset",
    form: "unset :name",
    arguments: (1, 1),
    takes: &[takes::VARIABLE],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Forgets a variable.",
    example: "set :branch, \"main\";\nunset :branch;",
};

pub(in crate::recipe) const RESET: Verb = Verb {
    name: "reset",
    form: "reset :name",
    arguments: (1, 1),
    takes: &[takes::VARIABLE],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Makes a lazy variable that was read lazy again, so that its block is evaluated anew at the next read. \
          False, and nothing changed, for any other.",
    example: "set :count { 1 }\ntask :example {\n  puts count;\n  reset :count;\n  puts count;\n}",
};

/// Returns the name of a variable in an argument of a verb, and refuses what cannot be one.
pub(in crate::recipe) fn variable_name(verb: &Verb, name: &Dynamic, position: Position) -> Fallible<String> {
    let Ok(name) = name.flatten_clone().into_string() else {
        let message = format!("`{}' takes the name of a variable first, not a value", verb.name);
        let diagnostic = Diagnostic::new(Fault::Recipe, message).hint(format!("it is written: {}", verb.form));
        return Err(raise(diagnostic, position));
    };
    match is_variable_name(&name) {
        true => Ok(name),
        false => Err(no_variable_name(&name, position)),
    }
}

/// Returns the error for a name that a variable cannot have.
pub(in crate::recipe) fn no_variable_name(name: &str, position: Position) -> Box<EvalAltResult> {
    let diagnostic = Diagnostic::new(Fault::Recipe, format!("`{name}' cannot be the name of a variable"))
        .hint("a name begins with a lower-case letter or `_' and goes on with letters, digits and `_'");
    raise(diagnostic, position)
}
