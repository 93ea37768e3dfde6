//! `render`: templates with the variables of the recipe.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ValueKind};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use rhai::Position;

use super::super::limits::fits;
use super::super::sources::read_file;
use super::super::verb_context::{Performed, VerbContext};
use crate::configuration::{Value, suggestion};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Level;
use crate::recipe::language::origin::{Fallible, raise};
use crate::recipe::language::values::{SHOWN, plain};
use crate::recipe::language::verbs::render as rows;
use crate::sort;

/// The most steps of one template: as many as a script may take while it is loaded.
const MAX_STEPS: u64 = 3_000_000;

pub(super) const RENDER: Performed = (&rows::RENDER, render);

fn render(cx: &mut VerbContext) -> Fallible {
    let (name, template) = template(cx)?;
    if let Some(line) = template.lines().position(|line| line.contains("<%")) {
        let text = format!(
            "{name}, line {}: `<%% … %%>' is left as it is; a value is filled in by {{{{ name }}}}",
            line + 1
        );
        cx.interpreter.say(Level::Important, text.replace("%%", "%"));
    }
    let failed = |error: minijinja::Error| unrendered(&name, &error, cx.position());
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_keep_trailing_newline(true);
    let is_ported = cx.interpreter.defined().dialect_told().is_some();
    // The word `none` in a configuration file would look like a value.
    environment.set_formatter(move |out, state, value| match value.kind() {
        // In Ruby nothing is empty.
        ValueKind::None if is_ported => Ok(()),
        ValueKind::None => Err(ErrorKind::UndefinedError.into()),
        // As recipes and the files of other programs have it, not as Python.
        ValueKind::Bool => Ok(out.write_str(if value.is_true() { "true" } else { "false" })?),
        _ => minijinja::escape_formatter(out, state, value),
    });
    environment.set_fuel(Some(MAX_STEPS));
    let template = environment.template_from_named_str(&name, &template).map_err(failed)?;
    let mut values = BTreeMap::new();
    // Those that ask a person do so in the order of the template.
    let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    sort::by_key(&mut names, |name| (first_use(template.source(), name), name.clone()));
    for wanted in names {
        let given = match cx.call.options.get(&wanted) {
            Some((value, _)) => Some(value.clone()),
            None => cx.interpreter.variable(cx.engine(), &wanted)?,
        };
        if let Some(value) = given {
            values.insert(wanted, filled(&plain(&value)));
        }
    }
    let mut filled = Filled(Vec::new());
    if let Err(error) = template.render_captured_to(&values, &mut filled) {
        let is_global = |name: &str| environment.globals().any(|(global, _)| global == name);
        let mut wanted: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        wanted.retain(|path| !is_global(path.split('.').next().unwrap_or(path)));
        let configuration = cx.interpreter.defined().configuration();
        let options = cx.call.options.keys().map(String::as_str);
        let missing = Missing {
            line: error
                .line()
                .and_then(|line| template.source().lines().nth(line.checked_sub(1)?)),
            wanted,
            values: &values,
            names: options.chain(configuration.variables.names()).collect(),
        };
        return Err(missing.told(&name, &error, cx.position()));
    }
    Ok(String::from_utf8_lossy(&filled.0).into_owned().into())
}

/// Returns the first place at which a template uses a name.
fn first_use(source: &str, name: &str) -> Option<usize> {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let places = source.match_indices(name).map(|(at, _)| source.split_at(at));
    let mut used = places.filter(|(before, from)| {
        let after = from.get(name.len()..).unwrap_or_default();
        let opened = before.rfind("{{").max(before.rfind("{%"));
        let closed = before.rfind("}}").max(before.rfind("%}"));
        opened > closed && !before.ends_with(is_of_word) && !after.starts_with(is_of_word)
    });
    used.next().map(|(before, _)| before.len())
}

/// Returns the template, and its name for errors.
fn template(cx: &VerbContext) -> Fallible<(String, String)> {
    let argument = || (!cx.call.arguments.is_empty()).then(|| cx.text(0));
    match (cx.text_option("file").or_else(argument), cx.text_option("template")) {
        (Some(file), None) => {
            let text = read_file(cx.interpreter, &file, "the template ", cx.position())?;
            Ok((file, text))
        }
        (None, Some(template)) => Ok(("template".to_owned(), template)),
        _ => Err(cx.misused("`render' takes either a file or a template")),
    }
}

/// A string whose length is limited.
struct Filled(Vec<u8>);

impl Write for Filled {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        fits(self.0.len() + text.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.0.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn filled(value: &Value) -> minijinja::Value {
    match value {
        Value::Unit => minijinja::Value::from(()),
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(list) => list.iter().map(filled).collect(),
        Value::Map(map) => {
            let members = map.iter().map(|(name, value)| (name.clone(), filled(value)));
            match map.get(SHOWN) {
                Some(Value::Text(text)) => minijinja::Value::from_object(Shown {
                    text: text.clone(),
                    members: members.collect(),
                }),
                _ => members.collect(),
            }
        }
    }
}

/// A map that is one of its members in a string.
#[derive(Debug)]
struct Shown {
    text: String,
    members: BTreeMap<String, minijinja::Value>,
}

impl Object for Shown {
    fn get_value(self: &Arc<Self>, name: &minijinja::Value) -> Option<minijinja::Value> {
        self.members.get(name.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.members.keys().map(minijinja::Value::from).collect())
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

/// Returns an error with nothing but the kind and the line: minijinja's details may contain values.
fn unrendered(name: &str, error: &minijinja::Error, position: Position) -> Box<rhai::EvalAltResult> {
    raise(described(name, error, &error.kind().to_string()), position)
}

fn described(name: &str, error: &minijinja::Error, what: &str) -> Diagnostic {
    let line = error.line().map(|line| format!(", line {line}")).unwrap_or_default();
    Diagnostic::new(Fault::Recipe, format!("{name}{line}: {what}"))
        .hint("a template's names are the pairs of `render' and the variables of the recipe")
        .hint("where a value may be missing: {{ name or \"\" }}")
}

/// Finds the names of a template that have no value; minijinja does not report them.
struct Missing<'a> {
    /// The line of the template with the error.
    line: Option<&'a str>,
    /// The paths that the template reads: `server.name`.
    wanted: Vec<String>,
    values: &'a BTreeMap<String, minijinja::Value>,
    /// The names that a template may read.
    names: Vec<&'a str>,
}

impl Missing<'_> {
    /// Returns the error with these names.
    fn told(mut self, name: &str, error: &minijinja::Error, position: Position) -> Box<rhai::EvalAltResult> {
        if error.kind() != ErrorKind::UndefinedError {
            return unrendered(name, error, position);
        }
        self.wanted.sort();
        let line = self.line.unwrap_or_default();
        let mut missing: Vec<(&str, Option<String>)> = Vec::new();
        for path in self.wanted.iter().filter(|path| line.contains(path.as_str())) {
            missing.extend(self.lacks(path).map(|hint| (path.as_str(), hint)));
        }
        let paths: Vec<String> = missing.iter().map(|(path, _)| format!("`{path}'")).collect();
        let what = match paths.as_slice() {
            [] => error.kind().to_string(),
            [path] => format!("{path} has no value"),
            paths => format!("{} have no value", paths.join(", ")),
        };
        let hints = missing.into_iter().filter_map(|(_, hint)| hint);
        let diagnostic = hints.fold(described(name, error, &what), Diagnostic::hint);
        raise(diagnostic, position)
    }

    /// Returns the suggestion of a similar name if a path has no value; `None` if it has one.
    fn lacks(&self, path: &str) -> Option<Option<String>> {
        let is_missing = |value: &minijinja::Value| value.is_undefined() || value.is_none();
        let mut words = path.split('.');
        let first = words.next().unwrap_or(path);
        let Some(mut value) = self.values.get(first).cloned() else {
            return Some(suggestion(first, self.names.iter().copied()));
        };
        for word in words {
            let inner = value.get_attr(word).unwrap_or_default();
            if is_missing(&inner) {
                let keys: Vec<String> = value
                    .try_iter()
                    .into_iter()
                    .flatten()
                    .map(|key| key.to_string())
                    .collect();
                let is_map = value.kind() == ValueKind::Map;
                let keys = keys.iter().map(String::as_str).filter(|key| is_map && *key != word);
                return Some(suggestion(word, keys));
            }
            value = inner;
        }
        is_missing(&value).then_some(None)
    }
}
