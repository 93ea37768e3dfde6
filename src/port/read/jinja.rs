//! Writes values in the language of capr's templates.

use std::collections::BTreeSet;

use super::super::form::{Call, Expr, Part};
use super::super::note::{Kind, Read};
use super::Reader;
use super::locals::Type;
use super::templates::{Writing, is_word};

impl Reader<'_> {
    /// Returns a value as a template writes it; a value that a template cannot compute is given to `render`.
    pub(super) fn in_template(&self, value: Expr, writing: &mut Writing) -> Read<String> {
        let pairs = writing.pairs.len();
        if let Some(text) = self.jinja(&value, writing) {
            return Ok(text);
        }
        writing.pairs.truncate(pairs);
        let inner: BTreeSet<String> = writing.inner.iter().cloned().collect();
        match super::loading::of(&value, &inner) {
            Some(name) => self.refuse(
                Kind::Template,
                format!(
                    "an ERB template that computes something of `{name}`: compute it in the recipe, and give it to `render`"
                ),
            ),
            None => Ok(writing.hoist(value)),
        }
    }

    /// Returns an expression of a template; `None` if it has no form there.
    fn jinja(&self, value: &Expr, writing: &mut Writing) -> Option<String> {
        Some(match value {
            Expr::Text(text) | Expr::Symbol(text) => quoted(text),
            Expr::Number(number) if number == "0" || !number.starts_with('0') => number.clone(),
            Expr::Bool(value) => value.to_string(),
            Expr::Unit => "none".to_owned(),
            Expr::Name(name) => self.jinja_name(name, writing)?,
            Expr::Template(parts) => {
                let mut pieces = Vec::new();
                for part in parts {
                    pieces.push(match part {
                        Part::Text(text) => quoted(text),
                        Part::Value(value) => self.jinja(value, writing)?,
                    });
                }
                format!("({})", pieces.join(" ~ "))
            }
            Expr::List(items) => {
                let items: Option<Vec<String>> = items.iter().map(|item| self.jinja(item, writing)).collect();
                format!("[{}]", items?.join(", "))
            }
            Expr::Index(owner, index) if **owner != Expr::name("ENV") => {
                let owner = self.jinja(owner, writing)?;
                match &**index {
                    Expr::Negative(one) if **one == Expr::number(1) => format!("({owner}|last)"),
                    index => format!("{owner}[{}]", self.jinja(index, writing)?),
                }
            }
            Expr::Not(inner) => format!("not ({})", self.jinja(inner, writing)?),
            Expr::Binary(operator, left, right) => self.jinja_operator(operator, left, right, writing)?,
            Expr::If(arms, Some(otherwise)) => {
                let [(condition, then)] = arms.as_slice() else {
                    return None;
                };
                let condition = self.jinja(condition, writing)?;
                let then = self.jinja(then.value()?, writing)?;
                format!(
                    "({then} if {condition} else {})",
                    self.jinja(otherwise.value()?, writing)?
                )
            }
            Expr::Call(call) => self.jinja_call(call, writing)?,
            Expr::Method(owner, name, given) => {
                let owner = self.jinja(owner, writing)?;
                match (name.as_str(), given.as_slice()) {
                    ("to_upper", []) => format!("({owner}|upper)"),
                    ("to_lower", []) => format!("({owner}|lower)"),
                    ("len", []) => format!("({owner}|length)"),
                    ("is_empty", []) => format!("({owner}|length == 0)"),
                    ("contains", [other]) => format!("({} in {owner})", self.jinja(other, writing)?),
                    ("starts_with", [other]) => format!("({owner} is startingwith {})", self.jinja(other, writing)?),
                    ("ends_with", [other]) => format!("({owner} is endingwith {})", self.jinja(other, writing)?),
                    _ => return None,
                }
            }
            // A server of a list: the template has it as a map.
            Expr::Member(owner, name) if matches!(&**owner, Expr::Name(owner) if self.peers.contains(owner)) => {
                let Expr::Name(owner) = &**owner else { return None };
                let is_inner = writing.inner.iter().any(|inner| inner == owner);
                let is_given = is_inner && matches!(name.as_str(), "host" | "user" | "roles");
                is_given.then(|| format!("{owner}.{name}"))?
            }
            _ => return None,
        })
    }

    /// Returns a name; a local of the recipe is given to the template.
    fn jinja_name(&self, name: &str, writing: &mut Writing) -> Option<String> {
        if name == "ENV" || !is_word(name) {
            return None;
        }
        let is_inner = writing.inner.iter().any(|inner| inner == name);
        if is_inner && self.peers.contains(name) {
            return Some(format!("{name}.host"));
        }
        let local = self.local_written(name);
        if !is_inner && local.is_some_and(|local| local.kind == Type::Server) {
            return Some(writing.hoist(Expr::Member(Box::new(Expr::name(name)), "host".to_owned())));
        }
        if local.is_some() && !is_inner && !writing.pairs.iter().any(|(own, _)| own == name) {
            writing.pairs.push((name.to_owned(), Expr::name(name)));
        }
        Some(name.to_owned())
    }

    fn jinja_operator(&self, operator: &str, left: &Expr, right: &Expr, writing: &mut Writing) -> Option<String> {
        let is_false = |value: &Expr| *value == Expr::Bool(false);
        if let ("!=", Expr::Binary("??", inner, default)) = (operator, left)
            && is_false(default)
            && is_false(right)
        {
            let inner = self.jinja_place(inner, writing)?;
            return Some(format!(
                "({inner} is defined and {inner} is not none and {inner} != false)"
            ));
        }
        match (operator, right) {
            ("!=", Expr::Unit) => {
                let place = self.jinja_place(left, writing)?;
                return Some(format!("({place} is defined and {place} is not none)"));
            }
            ("==", Expr::Unit) => {
                let place = self.jinja_place(left, writing)?;
                return Some(format!("({place} is undefined or {place} is none)"));
            }
            ("??", default) => {
                let place = self.jinja_place(left, writing)?;
                let default = self.jinja(default, writing)?;
                return Some(format!(
                    "({place} if {place} is defined and {place} is not none else {default})"
                ));
            }
            _ => {}
        }
        let is_text = [left, right].iter().any(|value| self.kind_of(value) == Type::Text);
        let operator = match operator {
            "&&" => "and",
            "||" => "or",
            "+" if is_text => "~",
            "/" => "//",
            "==" | "!=" | "<" | ">" | "<=" | ">=" | "+" | "-" | "*" | "%" | "in" => operator,
            _ => return None,
        };
        let (left, right) = (self.jinja(left, writing)?, self.jinja(right, writing)?);
        Some(format!("({left} {operator} {right})"))
    }

    /// Returns a name or a part of one, which may have no value.
    fn jinja_place(&self, value: &Expr, writing: &mut Writing) -> Option<String> {
        match value {
            Expr::Name(_) | Expr::Index(..) => self.jinja(value, writing),
            Expr::Call(call) if call.name == "fetch" => {
                let name = call.arguments.first().and_then(Expr::literal)?;
                self.jinja_name(name, writing)
            }
            _ => None,
        }
    }

    fn jinja_call(&self, call: &Call, writing: &mut Writing) -> Option<String> {
        match (call.name.as_str(), call.arguments.as_slice()) {
            ("fetch", [name]) => self.jinja_name(name.literal()?, writing),
            ("fetch", [name, default]) => {
                let name = self.jinja_name(name.literal()?, writing)?;
                let default = self.jinja(default, writing)?;
                Some(format!(
                    "({name} if {name} is defined and {name} is not none else {default})"
                ))
            }
            ("exists", [name]) => Some(format!("{} is defined", self.jinja_name(name.literal()?, writing)?)),
            ("join", [list, mark]) => {
                let list = self.jinja(list, writing)?;
                Some(format!("({list}|join({}))", self.jinja(mark, writing)?))
            }
            ("strip", [text]) => Some(format!("({}|trim)", self.jinja(text, writing)?)),
            ("capitalize", [text]) => Some(format!("({}|capitalize)", self.jinja(text, writing)?)),
            (name @ ("gsub" | "sub"), [text, pattern, replacement]) => {
                let plain = quoted(&plain_pattern(pattern.literal()?)?);
                let names_group = |part: &Part| matches!(part, Part::Text(text) if text.contains('$'));
                if replacement.clone().parts().iter().any(names_group) {
                    return None;
                }
                let (text, new) = (self.jinja(text, writing)?, self.jinja(replacement, writing)?);
                Some(match name {
                    "gsub" => format!("({text}|replace({plain}, {new}))"),
                    // Only the first is replaced.
                    _ => format!("({text}|split({plain}, 1)|join({new}))"),
                })
            }
            _ => None,
        }
    }
}

/// Returns a string in the quotes of templates.
fn quoted(text: &str) -> String {
    let inner = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\t', "\\t")
        .replace('\r', "\\r");
    format!("\"{inner}\"")
}

/// Returns the string that a regular expression matches, if it matches only one.
fn plain_pattern(pattern: &str) -> Option<String> {
    let mut plain = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.push(chars.next().filter(|next| !next.is_alphanumeric())?),
            c if ".+*?()|[]{}^$".contains(c) => return None,
            c => plain.push(c),
        }
    }
    Some(plain)
}

/// Returns a list of servers as a template can read it: as maps.
pub(super) fn as_maps(servers: Expr) -> Expr {
    let of = |name: &str| Expr::Member(Box::new(Expr::name("server")), name.to_owned());
    let user = of("user").binary("??", Expr::text(""));
    let entries = [("host", of("host")), ("user", user), ("roles", of("roles"))];
    let map = Expr::Map(entries.map(|(key, value)| (key.to_owned(), value)).to_vec());
    servers.method("map", vec![Expr::function_of("server", map)])
}
