//! Writes the form as a recipe, in a layout that a person would choose.

mod expression;
mod ruby_functions;
mod text;

use super::form::{Above, Block, Call, Expr, Line, Statement};
use super::note::Note;
use crate::recipe::quoted;

/// The longest line; a longer one is broken if that is possible.
const WIDTH: usize = 120;

/// The call that ends a task at a note. It is written as an `abort`, so that the error shows this place.
const UNPORTED: &str = "unported";

/// Verbs whose short blocks stay on their line.
const SHORT: &[&str] = &[
    "after",
    "before",
    "on_rollback",
    "role",
    "set",
    "set_default",
    "set_if_empty",
];

/// Returns the source of a recipe.
pub(super) fn recipe(block: &Block, notes: &[Note]) -> String {
    let writer = Writer { notes };
    let mut text = writer.lines(block, 0);
    text.push_str(&ruby_functions::called_in(&text));
    text
}

/// Writes the form with the notes of the file.
struct Writer<'a> {
    notes: &'a [Note],
}

fn indentation(indent: usize) -> String {
    " ".repeat(indent)
}

impl Writer<'_> {
    /// Writes the statements of a block, each on its own lines.
    fn lines(&self, block: &Block, indent: usize) -> String {
        let mut text = String::new();
        let last = block.lines.len().saturating_sub(1);
        for (index, line) in block.lines.iter().enumerate() {
            self.above(&line.above, indent, &mut text);
            let gives = block.gives && index == last;
            let written = self.statement(&line.statement, indent, gives);
            if written.is_empty() {
                continue;
            }
            text.push_str(&indentation(indent));
            text.push_str(&written);
            if let Some(beside) = &line.beside {
                text.push_str(&format!(" //{beside}"));
            }
            text.push('\n');
        }
        while text.ends_with("\n\n") {
            text.pop();
        }
        text
    }

    fn above(&self, above: &[Above], indent: usize, text: &mut String) {
        for above in above {
            match above {
                Above::Blank if text.is_empty() || text.ends_with("\n\n") => {}
                Above::Blank => text.push('\n'),
                Above::Comment(comment) => {
                    text.push_str(format!("{}//{comment}", indentation(indent)).trim_end());
                    text.push('\n');
                }
            }
        }
    }

    /// Writes a statement without the blanks before its first line.
    fn statement(&self, statement: &Statement, indent: usize, gives: bool) -> String {
        let end = if gives { "" } else { ";" };
        match statement {
            Statement::Verb(call) => self.verb(call, indent),
            Statement::Let(name, value) => format!("let {name} = {}{}", self.expression(value, indent), ";"),
            Statement::Assign(target, operator, value) => {
                let target = self.expression(target, indent);
                format!("{target} {operator} {};", self.expression(value, indent))
            }
            Statement::Value(value @ (Expr::If(..) | Expr::Switch(..))) => self.flow(value, indent),
            Statement::Value(Expr::Call(call)) if call.name == UNPORTED => {
                ended(call.arguments.first().and_then(Expr::literal).unwrap_or_default())
            }
            Statement::Value(value) => format!("{}{end}", self.expression(value, indent)),
            Statement::For(names, list, body) => {
                let names = match names.as_slice() {
                    [name] => name.clone(),
                    names => format!("({})", names.join(", ")),
                };
                format!(
                    "for {names} in {} {}",
                    self.expression(list, indent),
                    self.block(body, indent)
                )
            }
            Statement::While(condition, body) => {
                format!(
                    "while {} {}",
                    self.expression(condition, indent),
                    self.block(body, indent)
                )
            }
            Statement::Try(body, name, otherwise) => {
                let name = name.as_ref().map_or_else(String::new, |name| format!("({name}) "));
                format!(
                    "try {} catch {name}{}",
                    self.block(body, indent),
                    self.block(otherwise, indent)
                )
            }
            Statement::Return(None) => "return;".to_owned(),
            Statement::Return(Some(value)) => format!("return {};", self.expression(value, indent)),
            Statement::Throw(value) => format!("throw {};", self.expression(value, indent)),
            Statement::Break => "break;".to_owned(),
            Statement::Continue => "continue;".to_owned(),
            Statement::Function(name, parameters, body) => {
                format!("fn {name}({}) {}", parameters.join(", "), self.block(body, indent))
            }
            Statement::Note(number, ends) => self.note(*number, *ends, indent),
            Statement::Idle(inner) => {
                let written = self.statement(inner, indent, false);
                let between = format!("\n{}// ", indentation(indent));
                let lines: Vec<&str> = written.lines().collect();
                format!("// {}", lines.join(&between))
            }
            Statement::Nothing => String::new(),
        }
    }

    /// Writes a verb as a statement.
    fn verb(&self, call: &Call, indent: usize) -> String {
        let written = self.verb_within(call, indent, false);
        let is_long = |text: &str| text.lines().next().unwrap_or("").len() + indent > WIDTH;
        match is_long(&written) {
            true => self.verb_within(call, indent, true),
            false => written,
        }
    }

    fn verb_within(&self, call: &Call, indent: usize, broken: bool) -> String {
        // The block of a verb begins as a closure does: one that is an argument has parentheses.
        let arguments = self.arguments(call, (indent, 1), broken);
        let mut text = call.name.clone();
        if !arguments.is_empty() {
            text.push(' ');
            text.push_str(&arguments);
        }
        let Some(block) = &call.block else {
            text.push(';');
            return text;
        };
        if !call.parameters.is_empty() {
            let comma = if arguments.is_empty() { "" } else { "," };
            text.push_str(&format!("{comma} |{}|", call.parameters.join(", ")));
        }
        if SHORT.contains(&call.name.as_str())
            && let Some(short) = self.short(block, indent)
            && text.len() + short.len() + indent < WIDTH
        {
            return format!("{text} {short}");
        }
        format!("{text} {}", self.block(block, indent))
    }

    /// Writes the arguments of a call; closures with parameters get parentheses if `around` is more than 0. `broken` puts lists and maps on several lines,
    /// or each argument on its own.
    fn arguments(&self, call: &Call, (indent, around): (usize, u8), broken: bool) -> String {
        let is_long = |value: &Expr| {
            matches!(value, Expr::List(items) if items.len() > 1)
                || matches!(value, Expr::Map(pairs) if pairs.len() > 1)
        };
        let values = call.arguments.iter().chain(call.options.iter().map(|(_, value)| value));
        let can_break = values.clone().any(is_long);
        let write = |value: &Expr| match broken && is_long(value) {
            true => self.spread(value, indent),
            false if matches!(value, Expr::Closure(names, _) if !names.is_empty()) => {
                self.within(value, indent, around)
            }
            false => self.expression(value, indent),
        };
        let mut written: Vec<String> = call.arguments.iter().map(write).collect();
        written.extend(
            call.options
                .iter()
                .map(|(key, value)| format!("{} => {}", text::symbol(key), write(value))),
        );
        if broken && !can_break && written.len() > 1 && call.block.is_none() {
            return written.join(&format!(",\n{}", indentation(indent + 2)));
        }
        written.join(", ")
    }

    /// Writes a block on several lines, or as `{ }`.
    fn block(&self, block: &Block, indent: usize) -> String {
        let lines = self.lines(block, indent + 2);
        match lines.is_empty() {
            true => "{ }".to_owned(),
            false => format!("{{\n{lines}{}}}", indentation(indent)),
        }
    }

    /// Writes a block on one line, if it is one short statement.
    fn short(&self, block: &Block, indent: usize) -> Option<String> {
        let [line] = block.lines.as_slice() else { return None };
        if !line.above.is_empty() || line.beside.is_some() || matches!(line.statement, Statement::Note(..)) {
            return None;
        }
        let written = self.statement(&line.statement, indent, block.gives);
        (!written.contains('\n')).then(|| format!("{{ {written} }}"))
    }

    /// Writes code that was not carried over as comments, and ends the surrounding block if that is needed.
    fn note(&self, number: usize, ends: bool, indent: usize) -> String {
        let Some(note) = self.notes.iter().find(|note| note.number == number) else {
            return String::new();
        };
        let between = format!("\n{}", indentation(indent));
        let mut lines = vec![format!("// PORT {number} ({}): {}", note.kind.word(), note.reason)];
        lines.extend(
            note.ruby
                .lines()
                .map(|line| format!("//   {line}").trim_end().to_owned()),
        );
        if ends {
            lines.push(ended(&format!("{number}: {}", note.reason)));
        }
        lines.join(&between)
    }
}

/// Returns the statement that ends the run at a note.
fn ended(note: &str) -> String {
    format!("abort {};", quoted(&format!("PORT {note}")))
}

/// Returns a comment line of its own.
pub(super) fn remark(text: &str) -> Line {
    // Words of the Ruby file may have several lines.
    Line::remark(&format!(" {}", text.replace(['\n', '\r'], " ")))
}
