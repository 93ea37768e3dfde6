//! Finds what was probably meant by unknown properties, methods and functions.

use rhai::Engine;

use super::errors::types;
use crate::configuration::{did_you_mean, nearest};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::functions::functions;
use crate::recipe::language::syntax;

/// Rhai's prefix for the function of a property.
pub(in crate::recipe) const GETTER: &str = "get$";

/// Returns the error for a property that a value of this type, in Rhai's words, does not have.
pub(in crate::recipe) fn no_property(name: &str, owner: &str) -> Diagnostic {
    match types(owner).as_str() {
        "nothing" => Diagnostic::new(Fault::Recipe, format!("the value before `.{name}' is missing"))
            .label("a property of nothing"),
        owner => {
            Diagnostic::new(Fault::Recipe, format!("a {owner} has no property `{name}'")).label("no such property")
        }
    }
}

/// Returns the hint for an unknown property: a method, something from Ruby, or a similar name. `owner` is the name of the value
/// in the recipe.
pub(in crate::recipe) fn property_hint(engine: &Engine, name: &str, owner: Option<&str>) -> Option<String> {
    let methods = engine.collect_fn_metadata(
        None,
        |function| {
            let metadata = function.metadata;
            let is_method = metadata.num_params == 1 && rhai::is_valid_identifier(&metadata.name);
            is_method.then(|| metadata.name.to_string())
        },
        true,
    );
    let value = owner.unwrap_or("value");
    if methods.iter().any(|method| method == name) {
        return Some(format!("a method is called with brackets: {value}.{name}()"));
    }
    let written = written(name).map(|form| match owner {
        Some(owner) => with_owner(&form, owner),
        None => form,
    });
    let alike = || {
        let mut methods: Vec<&str> = methods.iter().map(String::as_str).collect();
        methods.sort();
        let near = nearest(name, methods)?;
        Some(did_you_mean(&format!("{value}.{near}()")))
    };
    written.or_else(alike)
}

/// Returns the error for a task that is called like a function.
pub(in crate::recipe) fn takes_no_arguments(task: &str) -> Diagnostic {
    Diagnostic::new(Fault::Recipe, format!("`{task}' is a task and takes no arguments"))
        .label("a task")
        .hint("what it needs is set before: set :name, value;")
}

/// Returns the hint with the form of a function of this name, or for something that has this name in Ruby.
pub(in crate::recipe) fn written(name: &str) -> Option<String> {
    let function = functions().find(|function| function.name() == name);
    let form = function.map(|function| format!("it is written: {}", function.form));
    form.or_else(|| Some(syntax::ruby::meant(name)?.to_owned()))
}

/// Returns the form of a function with a value of the recipe in place of `text`, `value` or `list`.
fn with_owner(form: &str, owner: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut named = String::new();
    let mut rest = form;
    while let Some(start) = rest.find(is_word) {
        let length = rest
            .get(start..)
            .map_or(0, |word| word.find(|c| !is_word(c)).unwrap_or(word.len()));
        let word = rest.get(start..start + length).unwrap_or("");
        named.push_str(rest.get(..start).unwrap_or(""));
        named.push_str(if matches!(word, "text" | "value" | "list") {
            owner
        } else {
            word
        });
        rest = rest.get(start + length..).unwrap_or("");
    }
    named + rest
}

/// Returns the error for the bare name of a task as an argument.
pub(in crate::recipe) fn bare(name: &str) -> Diagnostic {
    let symbol = match name.contains(':') {
        true => format!("\"{name}\""),
        false => format!(":{name}"),
    };
    let called = name.replace(':', ".");
    Diagnostic::new(
        Fault::Recipe,
        format!("the bare name `{called}' would run the task here"),
    )
    .label("a task")
    .hint(format!("write `{symbol}`: a bare name runs the task"))
    .hint(format!("where it is to run and give a value: {called}()"))
}
