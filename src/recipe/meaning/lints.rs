//! Finds habits that make a library fail in other projects: tasks that nobody finds, defaults that are evaluated too early, paths
//! that a shell splits. Hooks on tasks that nobody defines are errors in every recipe, so they are not found here.

use std::collections::HashSet;

use rhai::{ASTNode, Expr, Position, Stmt};

use super::bared::is_command;
use super::claims::{Text, namespace};
use super::findings::{Findings, at};
use super::locals::made_by;
use super::mentions::{literal, verb};
use super::parts::is_at_top;
use super::read::ReadCall;
use crate::configuration::join;
use crate::diagnostic::Diagnostic;
use crate::recipe::language::syntax::marks::as_written;

/// Ends of the names of variables that hold paths.
const PATHS: &[&str] = &["_dir", "_directory", "_file", "_path", "_root", "_to"];

impl Findings<'_> {
    /// Returns a warning for each such habit, if the recipe that is checked is a library.
    pub(in crate::recipe) fn habits_of_libraries(&self) -> Vec<Diagnostic> {
        let files = self.defined.files();
        let mut own = self
            .own()
            .map(|(text, _)| text)
            .filter(|text| files.is_library(&text.file))
            .peekable();
        let main = self.own().next().map(|(text, _)| &text.file);
        if own.peek().map(|text| &text.file) != main {
            return Vec::new();
        }
        own.flat_map(habits).collect()
    }
}

/// Returns a warning for each such habit in a source of a library.
pub(in crate::recipe) fn habits(text: &Text) -> Vec<Diagnostic> {
    let (mut found, mut is_described, locals) = (Vec::new(), false, locals(text));
    text.ast().walk(&mut |nodes| {
        let Some((ASTNode::Expr(Expr::Custom(call, _)), around)) = nodes.split_last() else {
            return true;
        };
        let Some(verb) = verb(call) else { return true };
        let read = ReadCall::of(call);
        let first = read.arguments.first().copied();
        let name = first.and_then(literal);
        match (verb, name) {
            ("desc", _) => is_described = true,
            ("task", Some(name)) => {
                let has_option = read
                    .options
                    .iter()
                    .any(|(key, _)| literal(key).as_deref() == Some("desc"));
                if !std::mem::take(&mut is_described) && !has_option {
                    let name = join(&namespace(around).unwrap_or_default(), &name);
                    let place = first.map_or(read.position, Expr::start_position);
                    found.push(at(undescribed(&name), text, place));
                }
            }
            ("set_default" | "set_if_empty", Some(name)) if is_at_top(around) => {
                let value = read.arguments.get(1).filter(|_| read.block.is_none());
                let early = value.and_then(|value| of_others(value, &locals));
                found.extend(early.map(|(other, place)| at(too_early(&name, &other), text, place)));
            }
            (verb, _) if is_command(verb) => {
                let mut bare = Vec::new();
                first.into_iter().for_each(|line| paths(line, &locals, &mut bare));
                found.extend(bare.into_iter().map(|(name, place)| at(unquoted(&name), text, place)));
            }
            _ => {}
        }
        true
    });
    found
}

fn undescribed(name: &str) -> Diagnostic {
    Diagnostic::warning(format!("the task `{name}' has no description"))
        .label("nobody finds it by -T")
        .hint("before it: desc \"Do this.\"; one that only other tasks call: desc \"[internal] Does this.\"")
}

fn too_early(name: &str, other: &str) -> Diagnostic {
    Diagnostic::warning(format!(
        "the default of `{name}' is worked out while the library is loaded"
    ))
    .label(format!("as `{other}' is then"))
    .hint(format!(
        "a block is worked out when it is first read, with what the recipe has set by then: set_default :{name} {{ … }}"
    ))
}

fn unquoted(name: &str) -> Diagnostic {
    Diagnostic::warning(format!("the path `{name}' is not quoted in a command"))
        .label("a blank in it makes two words of it")
        .hint(format!(
            "write ${{quote({name})}}, or the command as a list of words: [\"ls\", {name}]"
        ))
}

/// Returns the local names of a source, and the parameters of its functions.
fn locals(text: &Text) -> HashSet<String> {
    let functions = text.ast().iter_functions();
    let mut locals: HashSet<String> = functions
        .flat_map(|function| function.params)
        .map(str::to_owned)
        .collect();
    text.ast().walk(&mut |nodes| {
        let made = nodes.last().map(made_by).unwrap_or_default();
        locals.extend(made.into_iter().map(|name| as_written(name).to_owned()));
        true
    });
    locals
}

/// Returns the first name in a value that is not local: a variable of recipes.
fn of_others(value: &Expr, locals: &HashSet<String>) -> Option<(String, Position)> {
    let mut first = None;
    value.walk(&mut Vec::new(), &mut |nodes| {
        let found = match nodes.last() {
            Some(ASTNode::Expr(Expr::Variable(variable, _, place))) => {
                Some((as_written(&variable.1).to_owned(), *place))
            }
            Some(ASTNode::Expr(Expr::Custom(call, place))) if verb(call) == Some("fetch") => {
                let read = ReadCall::of(call);
                read.arguments
                    .first()
                    .and_then(|name| literal(name))
                    .map(|name| (name, *place))
            }
            // The word of a symbol is no variable, and a closure reads its variables later.
            Some(ASTNode::Expr(Expr::Custom(call, _))) if verb(call).is_none() => return false,
            Some(ASTNode::Expr(Expr::FnCall(call, _))) if call.name == "curry" => return false,
            _ => None,
        };
        first = first
            .take()
            .or(found.filter(|(name, _)| name != "ENV" && !locals.contains(name)));
        first.is_none()
    });
    first
}

/// Adds the variables with names of paths that stand unquoted in a command.
fn paths(line: &Expr, locals: &HashSet<String>, found: &mut Vec<(String, Position)>) {
    match line {
        Expr::Variable(variable, _, place) => {
            let name = as_written(&variable.1);
            if PATHS.iter().any(|end| name.ends_with(end)) && !locals.contains(name) {
                found.push((name.to_owned(), *place));
            }
        }
        Expr::InterpolatedString(parts, _) => parts.iter().for_each(|part| paths(part, locals, found)),
        Expr::FnCall(call, _) if call.name == "+" => call.args.iter().for_each(|part| paths(part, locals, found)),
        Expr::Stmt(block) => {
            if let [Stmt::Expr(value)] = block.statements() {
                paths(value, locals, found);
            }
        }
        _ => {}
    }
}
