//! Reads operators.

use ruby_prism::{CallNode, Node};

use super::super::form::{Expr, string};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, constant, id, source};
use super::Reader;
use super::lists::is_list_of_servers;
use super::locals::Type;

impl Reader<'_> {
    /// Reads a call that is an operator; `None` for any other call.
    pub(super) fn operator(&mut self, call: &CallNode<'_>) -> Read<Option<Expr>> {
        let name = id(&call.name());
        let Some(left) = call.receiver() else { return Ok(None) };
        let given = arguments(call, false);
        let right = match given.values.as_slice() {
            [] if name == "!" => return Ok(Some(self.condition(&left)?.negated())),
            [] if name == "-@" => return Ok(Some(Expr::Negative(Box::new(self.expression(&left)?)))),
            [right] => right,
            _ => return Ok(None),
        };
        if let Some(asked) = self.status_compared(&left, &name, right) {
            return Ok(Some(asked));
        }
        if matches!(name.as_str(), "==" | "!=" | "===")
            && let Some(asked) = self.is_dry_run(&left, right)
        {
            return Ok(Some(if name == "!=" { asked.negated() } else { asked }));
        }
        if let ("==" | "!=", Some(asked)) = (name.as_str(), self.of_same_class(&left, right)?) {
            return Ok(Some(if name == "!=" { asked.negated() } else { asked }));
        }
        if name == "===" {
            let value = self.expression(right)?;
            if let Some(asked) = self.is_of_class(value.clone(), &left) {
                return Ok(Some(asked));
            }
            if Self::is_pattern(&left) {
                let pattern = self.regular(&left)?;
                return Ok(Some(Expr::call("matches", vec![value, pattern])));
            }
        }
        let operator = match name.as_str() {
            "==" | "===" => "==",
            "!=" => "!=",
            "<" => "<",
            ">" => ">",
            "<=" => "<=",
            ">=" => ">=",
            "-" => return self.difference(&left, right).map(Some),
            "/" => return self.quotient(&left, right).map(Some),
            "**" => "**",
            "=~" | "!~" => {
                let (text, pattern) = self.matched(&left, right)?;
                let matches = Expr::call("matches", vec![text, pattern]);
                return Ok(Some(if name == "=~" { matches } else { matches.negated() }));
            }
            "+" => return self.sum(&left, right).map(Some),
            "*" => return self.product(&left, right).map(Some),
            "%" => return self.remainder(&left, right).map(Some),
            _ => return Ok(None),
        };
        if matches!(operator, "<" | ">" | "<=" | ">=")
            && let (Some(first), Some(second)) = (self.seconds(&left)?, self.seconds(right)?)
        {
            return Ok(Some(first.binary(operator, second)));
        }
        let nodes = (left, right);
        let (left, right) = (self.expression(&nodes.0)?, self.expression(nodes.1)?);
        if [&left, &right].iter().any(|value| self.kind_of(value) == Type::Version) {
            let key = |value| Expr::call("ruby_version_key", vec![value]);
            return Ok(Some(key(left).binary(operator, key(right))));
        }
        if matches!(operator, "==" | "!=") && self.is_never_equal((&nodes.0, &left), (nodes.1, &right)) {
            self.remarks
                .push("the stage is a symbol in Capistrano, which is never equal to a string".to_owned());
            return Ok(Some(Expr::Bool(operator == "!=")));
        }
        // A variable that is not set is `nil` in Ruby, and equal to nothing else.
        Ok(Some(left.binary(operator, right)))
    }

    /// Reads `value.class == String`; `None` for anything else.
    fn of_same_class(&mut self, left: &Node<'_>, right: &Node<'_>) -> Read<Option<Expr>> {
        let call = left.as_call_node().filter(|call| id(&call.name()) == "class");
        let Some(value) = call.and_then(|call| call.receiver()) else {
            return Ok(None);
        };
        let value = self.expression(&value)?;
        Ok(self.is_of_class(value, right))
    }

    /// Reads `fetch(:sshkit_backend) == SSHKit::Backend::Printer`, which is true in a dry run of Capistrano 3; `None` for anything else.
    fn is_dry_run(&self, left: &Node<'_>, right: &Node<'_>) -> Option<Expr> {
        let is_printer = |node: &Node<'_>| source(node).ends_with("SSHKit::Backend::Printer");
        let is_backend = |node: &Node<'_>| {
            let text = source(node);
            text.contains("sshkit_backend")
                || text == "SSHKit.config.backend"
                || text == "backend.class"
                || text == "self.class"
        };
        let is_asked = is_printer(left) && is_backend(right) || is_printer(right) && is_backend(left);
        is_asked.then(|| Expr::call("fetch", vec![Expr::symbol("dry_run"), Expr::Bool(false)]))
    }

    /// Reads `a - b` of numbers, lists and times.
    fn difference(&mut self, left: &Node<'_>, right: &Node<'_>) -> Read<Expr> {
        if let Some(seconds) = self.seconds(left)? {
            let right = match self.seconds(right)? {
                Some(right) => right,
                None => self.expression(right)?,
            };
            return Ok(seconds.binary("-", right));
        }
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        let is_list = |value: &Expr| self.kind_of(value) == Type::List || is_list_of_servers(value);
        if !is_list(&left) && !is_list(&right) {
            return Ok(left.binary("-", right));
        }
        Ok(Expr::call("ruby_minus", vec![left, right]))
    }

    /// Reads `a / b` of numbers, of which Ruby rounds whole ones down, and of a path and a string.
    fn quotient(&mut self, left: &Node<'_>, right: &Node<'_>) -> Read<Expr> {
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        let is_plain = is_not_negative(&left) && is_not_negative(&right) || is_fraction(&left) || is_fraction(&right);
        Ok(match self.kind_of(&right) {
            Type::Text => Expr::call("join_path", vec![left, right]),
            _ if is_plain => left.binary("/", right),
            _ => Expr::call("ruby_quotient", vec![left, right]),
        })
    }

    /// Returns true for a value of the class `Pathname`, to which `+` adds a part.
    pub(super) fn is_pathname(&self, node: &Node<'_>) -> bool {
        // In Capistrano 3 these are such values.
        const PATHS: &[&str] = &[
            "current_path",
            "deploy_path",
            "release_path",
            "releases_path",
            "repo_path",
            "shared_path",
        ];
        if let Some(local) = node.as_local_variable_read_node() {
            return self.pathnames.contains(&id(&local.name()));
        }
        let Some(call) = node.as_call_node() else { return false };
        let name = id(&call.name());
        match call.receiver() {
            None => {
                name == "Pathname"
                    || self.facts.version > 2 && call.arguments().is_none() && PATHS.contains(&name.as_str())
            }
            Some(class) if constant(&class).as_deref() == Some("Pathname") => matches!(name.as_str(), "new" | "pwd"),
            Some(path) => {
                matches!(name.as_str(), "join" | "+" | "/" | "parent" | "dirname" | "expand_path")
                    && self.is_pathname(&path)
            }
        }
    }

    fn sum(&mut self, left: &Node<'_>, right: &Node<'_>) -> Read<Expr> {
        if self.is_pathname(left) {
            let (path, part) = (self.expression(left)?, self.expression(right)?);
            let is_whole = part.literal().is_some_and(|part| part.starts_with('/'));
            return Ok(if is_whole {
                part
            } else {
                Expr::call("join_path", vec![path, part])
            });
        }
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        let is_string = |value: &Expr| matches!(value, Expr::Text(_) | Expr::Template(_));
        if is_string(&left) && is_string(&right) {
            let mut parts = left.parts();
            parts.extend(right.parts());
            return Ok(string(parts));
        }
        Ok(left.binary("+", right))
    }

    /// Reads `"=" * 80` and `list * ","`.
    fn product(&mut self, left: &Node<'_>, right: &Node<'_>) -> Read<Expr> {
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        match (&left, &right) {
            (Expr::Text(text), Expr::Number(count)) => match count.parse::<usize>() {
                Ok(count) if count.saturating_mul(text.len()) <= 200 => Ok(Expr::Text(text.repeat(count))),
                _ => Ok(repeated(left, right)),
            },
            (Expr::List(_), Expr::Text(_)) => Ok(Expr::call("join", vec![left, right])),
            _ if self.kind_of(&left) == Type::List => Ok(Expr::call("join", vec![left, right])),
            _ if self.kind_of(&left) == Type::Text => Ok(repeated(left, right)),
            (Expr::Name(_) | Expr::Call(_) | Expr::Index(..), mark)
                if self.kind_of(&left) == Type::Unknown && self.kind_of(mark) == Type::Text =>
            {
                Ok(Expr::call("join", vec![left, right]))
            }
            // This may be a string or a number.
            (Expr::Name(_) | Expr::Index(..), _) if self.kind_of(&left) == Type::Unknown => Ok(repeated(left, right)),
            (Expr::Call(call), _) if call.name == "fetch" => Ok(repeated(left, right)),
            _ => Ok(left.binary("*", right)),
        }
    }

    /// Reads `"%s-%s" % [a, b]`.
    fn remainder(&mut self, left: &Node<'_>, right: &Node<'_>) -> Read<Expr> {
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        let Expr::Text(text) = &left else {
            if self.kind_of(&left) == Type::Text {
                return self.refuse(Kind::Construct, "a format that is computed");
            }
            return Ok(match is_not_negative(&left) && is_not_negative(&right) {
                true => left.binary("%", right),
                false => Expr::call("ruby_remainder", vec![left, right]),
            });
        };
        let values = match right {
            Expr::List(values) => values,
            other => vec![other],
        };
        match formatted(text, values) {
            Some(value) => Ok(value),
            None => self.refuse(Kind::Construct, "a format with a place of this kind"),
        }
    }
}

/// Returns true for a number that is written out with its fraction, or made one that has any.
fn is_fraction(value: &Expr) -> bool {
    match value {
        Expr::Number(digits) => digits.contains('.'),
        Expr::Call(call) => matches!(call.name.as_str(), "parse_float" | "ruby_float"),
        Expr::Method(_, name, _) => name == "to_float",
        _ => false,
    }
}

/// Returns true for a number that is surely not below zero.
fn is_not_negative(value: &Expr) -> bool {
    match value {
        Expr::Number(digits) => !digits.starts_with('-'),
        Expr::Call(call) => call.name == "unix_time",
        Expr::Method(_, name, _) => name == "len",
        _ => false,
    }
}

/// Fills in a format: by itself where all its places are `%s`, else place by place.
pub(super) fn formatted(text: &str, values: Vec<Expr>) -> Option<Expr> {
    super::ruby_methods::filled_format(text, values)
}

/// Returns a string several times.
fn repeated(text: Expr, count: Expr) -> Expr {
    Expr::call("ruby_times", vec![text, count])
}
