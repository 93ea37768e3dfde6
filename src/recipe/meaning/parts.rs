//! The parts of a library, read from its text: tasks, hooks, variables, local commands. Nothing is evaluated, so a library can be
//! examined before anybody has decided to add it.

use std::rc::Rc;

use rhai::{ASTNode, Expr};

use super::claims::{Text, namespace};
use super::mentions::{literal, verb};
use super::read::{ReadCall, items};
use crate::configuration::{clean_description, join};
use crate::diagnostic::Diagnostic;
use crate::recipe::language::meanings::{Meaning, meanings};
use crate::recipe::language::syntax::reading::parsed;

/// The parts of a library.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    /// Its tasks, in the order of the files.
    pub tasks: Vec<TaskPart>,
    /// Its hooks in words: `after deploy:published: chat:done`.
    pub hooks: Vec<String>,
    /// The variables that it sets when it is loaded.
    pub variables: Vec<VariablePart>,
    /// The lists that it adds to or removes from.
    pub lists: Vec<String>,
    /// The places at which it runs commands on this machine.
    pub local: Vec<String>,
    /// The names that it requires and loads.
    pub loads: Vec<String>,
    /// True if it defines tasks or variables with computed names.
    pub is_open: bool,
    /// The first comment of its main recipe.
    pub opening: String,
    /// The mistakes in its syntax; the contents of these files are not known.
    pub wrong: Vec<Diagnostic>,
}

/// A task of a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskPart {
    /// Its full name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// The file, and the line.
    pub place: String,
}

/// A variable of a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VariablePart {
    /// Its name.
    pub name: String,
    /// True if it is a default, which applies if nobody else sets it.
    pub is_default: bool,
    /// The `///` lines above it.
    pub meaning: Option<String>,
    /// Its value as it is written, if it is on one line.
    pub written: Option<String>,
}

impl Parts {
    /// Reads the parts of recipes, each given by its name and source; the first is the main one.
    pub(crate) fn of<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut parts = Self::default();
        for (place, (name, text)) in files.enumerate() {
            if place == 0 {
                parts.opening = opening(text);
            }
            match parsed(name, text) {
                Ok((ast, names)) => {
                    let text_read = Text::new(name.into(), Rc::new(ast), names, Default::default());
                    parts.add(&text_read, &meanings(text));
                }
                Err(wrong) => parts.wrong.extend(wrong),
            }
        }
        parts
    }

    fn add(&mut self, text: &Text, meanings: &[Meaning]) {
        let mut described = None;
        text.ast().walk(&mut |nodes| {
            let Some((ASTNode::Expr(Expr::Custom(call, _)), around)) = nodes.split_last() else {
                return true;
            };
            let (Some(verb), Some(namespace)) = (verb(call), namespace(around)) else {
                return true;
            };
            let read = ReadCall::of(call);
            let line = read.position.line().unwrap_or_default();
            let place = format!("{}:{line}", text.file);
            let first = read.arguments.first().and_then(|first| literal(first));
            match verb {
                "desc" => described = first,
                "task" | "alias_task" | "synonym_task" => {
                    let option =
                        |(key, value): &(&Expr, &Expr)| literal(key).filter(|key| key == "desc").and(literal(value));
                    let said = read.options.iter().find_map(option).or(described.take());
                    match first {
                        Some(name) => self.tasks.push(TaskPart {
                            name: join(&namespace, name.strip_suffix(":default").unwrap_or(&name)),
                            description: said.map(|text| clean_description(&text)),
                            place,
                        }),
                        None => self.is_open = true,
                    }
                }
                "before" | "after" | "on" => self.hooks.extend(hook(verb, &read)),
                "run_locally" | "system" => self.local.push(format!("{verb} in {place}")),
                "load" | "require" => self.loads.push(first.unwrap_or_else(|| "a computed name".to_owned())),
                "append" | "remove" if is_at_top(around) => self.lists.extend(first),
                "set" | "set_default" | "set_if_empty" if is_at_top(around) => match first {
                    Some(name) => self.variable(name, verb != "set", meanings),
                    None => self.is_open = true,
                },
                _ => {}
            }
            true
        });
    }

    fn variable(&mut self, name: String, is_default: bool, meanings: &[Meaning]) {
        if self.variables.iter().any(|variable| variable.name == name) {
            return;
        }
        let meaning = meanings.iter().find(|meaning| meaning.name == name);
        self.variables.push(VariablePart {
            is_default,
            meaning: meaning.map(|meaning| meaning.text.clone()),
            written: meaning.and_then(|meaning| meaning.default.clone()),
            name,
        });
    }
}

/// Returns true for code that runs when a recipe is loaded: it is in no block except those of namespaces and conditions.
pub(super) fn is_at_top(around: &[ASTNode]) -> bool {
    let mut verbs = around.iter().filter_map(|node| match node {
        ASTNode::Expr(Expr::Custom(call, _)) => verb(call),
        _ => None,
    });
    verbs.all(|verb| verb == "namespace")
}

/// Returns a hook in words; `None` for `on` with servers.
fn hook(verb: &str, read: &ReadCall) -> Option<String> {
    let target = match read.arguments.first() {
        Some(first) => literal(first)?,
        None => return None,
    };
    if verb == "on" && crate::configuration::When::from_name(&target).is_none() {
        return None;
    }
    let named: Vec<String> = read
        .arguments
        .iter()
        .skip(1)
        .flat_map(|named| items(named))
        .map(|named| literal(named).unwrap_or_else(|| "a computed name".to_owned()))
        .collect();
    let what = match named.is_empty() {
        true => "a block".to_owned(),
        false => named.join(", "),
    };
    Some(format!("{verb} {target}: {what}"))
}

/// Returns the first comment of a recipe, as paragraphs.
pub(in crate::recipe) fn opening(text: &str) -> String {
    let comments = text.lines().map_while(|line| line.strip_prefix("//"));
    let lines: Vec<&str> = comments.map(|line| line.trim_start_matches('/').trim()).collect();
    lines.join("\n").trim().to_owned()
}
