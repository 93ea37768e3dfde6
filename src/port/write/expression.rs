//! Writes values, with the parentheses that they need.

use super::super::form::{Block, Expr, Part};
use super::text;
use super::{WIDTH, Writer, indentation};
use crate::recipe::quoted;

/// Returns the precedence of an operator in Rhai.
fn binds(operator: &str) -> u8 {
    match operator {
        "||" => 1,
        "&&" => 2,
        "==" | "!=" => 3,
        "in" => 4,
        "<" | "<=" | ">" | ">=" => 5,
        "??" => 6,
        ".." | "..=" => 7,
        "+" | "-" => 8,
        "**" => 10,
        _ => 9,
    }
}

/// The precedence of what has a method, a member or an index: `-1.abs()` would be `-(1.abs())`.
const OWNER: u8 = 12;

/// The words that need quotes as the key of a map.
const RESERVED: &[&str] = &[
    "default",
    "if",
    "else",
    "for",
    "in",
    "while",
    "loop",
    "return",
    "let",
    "const",
    "switch",
    "fn",
    "true",
    "false",
    "do",
    "until",
    "try",
    "catch",
    "throw",
    "import",
    "export",
    "as",
    "private",
    "this",
    "with",
    "shared",
    "sync",
    "use",
    "new",
    "module",
    "go",
    "match",
    "case",
    "public",
    "static",
    "var",
    "void",
    "null",
    "nil",
    "package",
    "thread",
    "spawn",
    "async",
    "await",
    "yield",
    "break",
    "continue",
    "super",
    "global",
    "is",
    "goto",
    "exit",
    "each",
    "then",
    "unless",
    "begin",
    "end",
    "print",
    "debug",
    "eval",
    "call",
    "type_of",
    "curry",
    "val",
    "protected",
    "is_shared",
    "is_def_fn",
    "is_def_var",
    "Fn",
];

impl Writer<'_> {
    /// Writes a value.
    pub(super) fn expression(&self, value: &Expr, indent: usize) -> String {
        self.within(value, indent, 0)
    }

    /// Writes a value inside an expression with this precedence.
    pub(super) fn within(&self, value: &Expr, indent: usize, around: u8) -> String {
        match value {
            Expr::Unit => "()".to_owned(),
            Expr::Bool(value) => value.to_string(),
            Expr::Number(number) | Expr::Name(number) => number.clone(),
            Expr::Text(written) if text::wants_backticks(written) => {
                let whole = self.template(&[Part::Text(written.clone())], indent);
                parenthesized(whole, around > 8)
            }
            Expr::Text(written) => quoted(written),
            Expr::Symbol(name) => text::symbol(name),
            Expr::Template(parts) => {
                let written = self.template(parts, indent);
                let is_sum = written.ends_with("+ \"\\n\"");
                parenthesized(written, is_sum && around > 8)
            }
            Expr::Script(parts) => self.script(parts, indent),
            Expr::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.expression(item, indent)).collect();
                let written = format!("[{}]", items.join(", "));
                match written.len() + indent > WIDTH && items.len() > 1 {
                    true => self.spread(value, indent),
                    false => written,
                }
            }
            Expr::Map(pairs) if pairs.is_empty() => "#{}".to_owned(),
            Expr::Map(pairs) => {
                let pair =
                    |(key, value): &(String, Expr)| format!("{}: {}", map_key(key), self.expression(value, indent));
                let pairs: Vec<String> = pairs.iter().map(pair).collect();
                let written = format!("#{{ {} }}", pairs.join(", "));
                match written.len() + indent > WIDTH && pairs.len() > 1 {
                    true => self.spread(value, indent),
                    false => written,
                }
            }
            Expr::Call(call) => {
                let mut arguments = self.arguments(call, (indent, 0), false);
                if let Some(block) = &call.block {
                    let parameters = call.parameters.join(", ");
                    let comma = if arguments.is_empty() { "" } else { ", " };
                    arguments = format!("{arguments}{comma}|{parameters}| {}", self.block(block, indent));
                }
                format!("{}({arguments})", call.name)
            }
            Expr::Method(owner, name, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(|value| self.expression(value, indent)).collect();
                format!("{}.{name}({})", self.within(owner, indent, OWNER), arguments.join(", "))
            }
            Expr::Member(owner, name) => format!("{}.{name}", self.within(owner, indent, OWNER)),
            Expr::Index(owner, index) => {
                format!(
                    "{}[{}]",
                    self.within(owner, indent, OWNER),
                    self.expression(index, indent)
                )
            }
            Expr::Binary(operator, left, right) => {
                let own = binds(operator);
                // `??` has a higher precedence than these operators. Few people know that, so parentheses show it.
                let is_default = |side: &Expr| own < 6 && matches!(side, Expr::Binary("??", ..));
                let left = self.within(left, indent, if is_default(left) { 11 } else { own });
                let right = self.within(right, indent, if is_default(right) { 11 } else { own + 1 });
                let between = if operator.starts_with("..") { "" } else { " " };
                parenthesized(format!("{left}{between}{operator}{between}{right}"), around > own)
            }
            Expr::Not(inner) => parenthesized(format!("!{}", self.within(inner, indent, 11)), around == OWNER),
            Expr::Negative(inner) => parenthesized(format!("-{}", self.within(inner, indent, 11)), around == OWNER),
            Expr::If(..) | Expr::Switch(..) => parenthesized(self.choice(value, indent), around > 0),
            Expr::Closure(parameters, body) => {
                let body = match body.value() {
                    Some(value) => self.expression(value, indent),
                    None => self.block(body, indent),
                };
                parenthesized(format!("|{}| {body}", parameters.join(", ")), around > 0)
            }
            Expr::Block(block) => parenthesized(self.inline(block, indent), around > 0),
        }
    }

    fn template(&self, parts: &[Part], indent: usize) -> String {
        text::template(parts, |value| self.expression(value, indent))
    }

    fn script(&self, parts: &[Part], indent: usize) -> String {
        let is_long = parts
            .iter()
            .any(|part| matches!(part, Part::Text(text) if text.contains('\n')));
        match is_long {
            true => text::script(parts, indent, |value| self.expression(value, indent)),
            false => self.expression(&super::super::form::string(parts.to_vec()), indent),
        }
    }

    /// Writes a list or a map on several lines.
    pub(super) fn spread(&self, value: &Expr, indent: usize) -> String {
        let between = format!(",\n{}", indentation(indent + 2));
        let (open, items, close) = match value {
            Expr::List(items) => {
                let items = items.iter().map(|item| self.expression(item, indent + 2));
                ("[", filled(items.collect(), indent + 2), "]")
            }
            Expr::Map(pairs) => {
                let pair =
                    |(key, value): &(String, Expr)| format!("{}: {}", map_key(key), self.expression(value, indent + 2));
                ("#{", pairs.iter().map(pair).collect(), "}")
            }
            other => return self.expression(other, indent),
        };
        let outer = indentation(indent);
        format!("{open}\n{outer}  {},\n{outer}{close}", items.join(&between))
    }

    /// Writes `if` or `switch` as a value.
    fn choice(&self, value: &Expr, indent: usize) -> String {
        match value {
            Expr::If(arms, otherwise) => {
                self.branches(arms, otherwise.as_ref(), indent, |block| self.inline(block, indent))
            }
            _ => self.flow(value, indent),
        }
    }

    /// Writes `if … else if … else …`; `written` writes each block.
    fn branches(
        &self,
        arms: &[(Expr, Block)],
        otherwise: Option<&Block>,
        indent: usize,
        written: impl Fn(&Block) -> String,
    ) -> String {
        let mut branches: Vec<String> = arms
            .iter()
            .map(|(condition, block)| {
                // A condition may not begin with a brace.
                let is_block = u8::from(matches!(condition, Expr::Block(_)));
                format!("if {} {}", self.within(condition, indent, is_block), written(block))
            })
            .collect();
        branches.extend(otherwise.map(written));
        branches.join(" else ")
    }

    /// Writes `if` or `switch` as a statement.
    pub(super) fn flow(&self, value: &Expr, indent: usize) -> String {
        match value {
            Expr::If(arms, otherwise) => {
                self.branches(arms, otherwise.as_ref(), indent, |block| self.block(block, indent))
            }
            Expr::Switch(subject, arms, otherwise) => {
                let mut written = format!("switch {} {{\n", self.expression(subject, indent));
                let inner = indentation(indent + 2);
                for (values, block) in arms {
                    let values: Vec<String> = values
                        .iter()
                        .map(|value| match value {
                            // Rhai accepts only literals there.
                            Expr::Symbol(name) => quoted(name),
                            value => self.expression(value, indent + 2),
                        })
                        .collect();
                    written.push_str(&format!(
                        "{inner}{} => {},\n",
                        values.join(" | "),
                        self.inline(block, indent + 2)
                    ));
                }
                let otherwise = otherwise
                    .as_ref()
                    .map_or_else(|| "{ }".to_owned(), |block| self.inline(block, indent + 2));
                written.push_str(&format!("{inner}_ => {otherwise},\n{}}}", indentation(indent)));
                written
            }
            other => self.expression(other, indent),
        }
    }

    /// Writes a block on one line if it is short, else on several.
    fn inline(&self, block: &Block, indent: usize) -> String {
        self.short(block, indent).unwrap_or_else(|| self.block(block, indent))
    }
}

fn parenthesized(written: String, needed: bool) -> String {
    if needed { format!("({written})") } else { written }
}

fn map_key(name: &str) -> String {
    text::key(name, RESERVED.contains(&name))
}

/// Puts short items together on lines.
fn filled(items: Vec<String>, indent: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line)
                if line.len() + item.len() + indent + 3 < WIDTH && !item.contains('\n') && !line.contains('\n') =>
            {
                line.push_str(", ");
                line.push_str(&item);
            }
            _ => lines.push(item),
        }
    }
    lines
}
