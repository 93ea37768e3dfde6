//! The definitions of the language for editors: a `.d.rhai` file for Rhai's language server. It is made from the tables of verbs
//! and functions, from the functions that the engine knows, and from the recipe that is loaded.

use std::any::TypeId;
use std::collections::BTreeSet;
use std::fmt::Write;

use rhai::{Dynamic, Engine, FnPtr, ImmutableString, is_valid_identifier};

use super::Recipe;
use super::language::functions::functions;
use super::language::grammar::Tail;
use super::language::verb::{Choices, Verb};
use super::language::verbs::VERBS;
use crate::configuration::{Setter, Setting};
use crate::sort;

/// Words that the language server reserves wherever they stand.
const RESERVED: &[&str] = &[
    "as",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "const",
    "continue",
    "default",
    "do",
    "else",
    "exit",
    "export",
    "false",
    "fn",
    "for",
    "go",
    "goto",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "match",
    "module",
    "new",
    "nil",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "spawn",
    "static",
    "super",
    "switch",
    "sync",
    "thread",
    "throw",
    "true",
    "try",
    "until",
    "use",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

impl Recipe {
    /// Returns the definitions, as the content of one file.
    pub fn definitions(&self) -> String {
        let mut text = String::from(
            "/// Verbs, functions, variables and tasks of capr recipes. Written by `capr definitions`.\nmodule static;\n",
        );
        for verb in VERBS {
            text.push_str(&verb_definition(verb));
        }
        let mut known: BTreeSet<&str> = VERBS.iter().map(|verb| verb.name).collect();
        for function in functions() {
            let (name, parameters) = function.form.split_once('(').unwrap_or((function.form, ")"));
            known.insert(name);
            comment(&mut text, function.doc);
            let parameters = parameters.trim_end_matches(')').split(',');
            define(&mut text, name, parameters.map(|name| identifier(name.trim())));
        }
        of_engine(&mut text, &self.engine, &known);
        comment(
            &mut text,
            "The environment, with the `NAME=value` of the command line over it.",
        );
        text.push_str("const ENV: Map;\n");
        self.define_variables(&mut text);
        self.define_tasks(&mut text);
        text
    }

    fn define_variables(&self, text: &mut String) {
        for variable in self.variables(is_name, false) {
            comment(text, &format!("{}.", place(&variable.setting)));
            let _ = writeln!(text, "let {}: ?;", variable.name);
        }
    }

    /// Defines the tasks. A task is called by its name; one in a namespace is a member of a value with the namespace's name.
    fn define_tasks(&self, text: &mut String) {
        let mut names: Vec<(String, Option<String>)> = Vec::new();
        {
            let tasks = &self.interpreter.defined().configuration().tasks;
            for name in tasks.names() {
                let description = tasks.get(name).and_then(|task| task.description.clone());
                if name.split(':').all(is_name) {
                    names.push((name.to_owned(), description));
                }
            }
        }
        sort::by(&mut names, Ord::cmp);
        for (name, description) in names.iter().filter(|(name, _)| !name.contains(':')) {
            comment(text, description.as_deref().unwrap_or("A task."));
            define(text, name, std::iter::empty());
        }
        let namespaces: BTreeSet<&str> = names
            .iter()
            .filter_map(|(name, _)| Some(name.split_once(':')?.0))
            .collect();
        for namespace in namespaces {
            comment(text, "A namespace of tasks.");
            let _ = writeln!(text, "let {namespace}: {};", members(&names, namespace, 1));
        }
    }
}

/// Returns the tasks and namespaces in a namespace.
fn members(names: &[(String, Option<String>)], namespace: &str, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let inside: Vec<(&str, &Option<String>)> = names
        .iter()
        .filter_map(|(name, description)| Some((name.strip_prefix(namespace)?.strip_prefix(':')?, description)))
        .collect();
    let words: BTreeSet<&str> = inside.iter().filter_map(|(name, _)| name.split(':').next()).collect();
    let mut text = String::from("#{\n");
    for word in words {
        let task = inside.iter().find(|(name, _)| *name == word);
        let description = task.and_then(|(_, description)| description.as_deref());
        for line in description.unwrap_or("A task or namespace.").lines() {
            text.push_str(format!("{indent}/// {line}").trim_end());
            text.push('\n');
        }
        let is_namespace = inside
            .iter()
            .any(|(name, _)| name.strip_prefix(word).is_some_and(|rest| rest.starts_with(':')));
        let kind = match is_namespace {
            true => members(names, &format!("{namespace}:{word}"), depth + 1),
            false => "?".to_owned(),
        };
        let _ = writeln!(text, "{indent}{word}: {kind},");
    }
    text.push_str(&"  ".repeat(depth - 1));
    text.push('}');
    text
}

fn verb_definition(verb: &Verb) -> String {
    let mut text = String::new();
    let mut doc = format!("```rhai\n{}\n```\n\n{}", verb.form.replace("  |  ", "\n"), verb.doc);
    if let Choices::Known(lists) = &verb.options {
        let mut before = "\n\n";
        for choice in lists.iter().flat_map(|list| list.iter()) {
            let _ = write!(doc, "{before}- `{}`: {}", choice.name, choice.doc);
            before = "\n";
        }
    }
    let _ = write!(doc, "\n\n```rhai\n{}\n```", verb.example);
    comment(&mut text, &doc);
    define(&mut text, verb.name, parameters(verb));
    text
}

/// Returns the names of a verb's parameters, from its form.
fn parameters(verb: &Verb) -> impl Iterator<Item = String> {
    let form = verb.form.split("  |  ").next().unwrap_or_default();
    let form = form.strip_prefix(verb.name).unwrap_or(form);
    let form = form.split(['{', '|']).next().unwrap_or_default();
    let mut names: Vec<String> = Vec::new();
    for part in form.split(',').map(str::trim) {
        let is_pair = part.contains("=>");
        let name = match part {
            // This stands for any number of the parameters before it.
            "…" if !names.iter().any(|name| name == "options") => "more".to_owned(),
            _ if is_pair => "options".to_owned(),
            part => identifier(part),
        };
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    if verb.tail != Tail::Nothing {
        names.push("block".to_owned());
    }
    names.into_iter()
}

/// Adds the functions of Rhai itself, and those of values that verbs return, with their names and types.
fn of_engine(text: &mut String, engine: &Engine, known: &BTreeSet<&str>) {
    let signatures = engine.collect_fn_metadata(
        None,
        |function| {
            let function = function.metadata;
            let (kind, name) = match function.name.split_once('$') {
                Some((kind @ ("get" | "set"), name)) => (format!("{kind} "), name),
                _ => (String::new(), function.name.as_str()),
            };
            if !is_name(name) || known.contains(name) {
                return None;
            }
            let types = (0..function.num_params).map(|index| function.param_types.get(index).copied());
            let parameters: Vec<String> = types
                .enumerate()
                .map(|(index, id)| format!("value{}: {}", index + 1, type_name(id)))
                .collect();
            Some(format!("fn {kind}{name}({}) -> ?;\n", parameters.join(", ")))
        },
        true,
    );
    text.push('\n');
    text.extend(signatures.into_iter().collect::<BTreeSet<_>>());
}

fn type_name(id: Option<TypeId>) -> &'static str {
    let types = [
        (TypeId::of::<rhai::INT>(), "int"),
        (TypeId::of::<rhai::FLOAT>(), "float"),
        (TypeId::of::<bool>(), "bool"),
        (TypeId::of::<char>(), "char"),
        (TypeId::of::<ImmutableString>(), "String"),
        (TypeId::of::<rhai::Array>(), "Array"),
        (TypeId::of::<rhai::Map>(), "Map"),
        (TypeId::of::<rhai::Blob>(), "Blob"),
        (TypeId::of::<FnPtr>(), "FnPtr"),
        (TypeId::of::<Dynamic>(), "?"),
    ];
    let found = types.iter().find(|(other, _)| Some(*other) == id);
    found.map_or("?", |(_, name)| name)
}

fn is_name(name: &str) -> bool {
    is_valid_identifier(name) && !RESERVED.contains(&name)
}

/// Returns a word from a part of a form: `:name`, `"path"`.
fn identifier(text: &str) -> String {
    let text = text.trim_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
    let word: String = text
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect();
    match RESERVED.contains(&word.as_str()) {
        true => word + "_",
        false => word,
    }
}

fn comment(text: &mut String, doc: &str) {
    text.push('\n');
    for line in doc.lines() {
        text.push_str(format!("/// {line}").trim_end());
        text.push('\n');
    }
}

fn define(text: &mut String, name: &str, parameters: impl Iterator<Item = String>) {
    let parameters: Vec<String> = parameters
        .filter(|name| !name.is_empty())
        .map(|name| format!("{name}: ?"))
        .collect();
    let _ = writeln!(text, "fn {name}({}) -> ?;", parameters.join(", "));
}

fn place(setting: &Setting) -> String {
    match &setting.by {
        Setter::Recipe(Some(origin)) => format!("A variable, set in {}:{}", origin.file, origin.line),
        Setter::Default(Some(origin)) => format!("A variable with a default in {}:{}", origin.file, origin.line),
        _ => "A variable".to_owned(),
    }
}
