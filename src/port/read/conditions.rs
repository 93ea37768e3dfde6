//! Reads conditions: in Ruby every value but `nil` and `false` is true, here only `true` is.

use ruby_prism::{CallNode, Node};

use super::super::facts::{Given, kept, renamed};
use super::super::form::Expr;
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, bare, constant, id, literal};
use super::Reader;
use super::locals::Type;

impl Reader<'_> {
    /// Reads the condition after `if`.
    pub(super) fn condition(&mut self, node: &Node<'_>) -> Read<Expr> {
        if let Some(inner) = inside(node) {
            return self.condition(&inner);
        }
        if let Some(both) = node.as_and_node() {
            let left = self.condition(&both.left())?;
            return Ok(left.binary("&&", self.condition(&both.right())?));
        }
        if let Some(either) = node.as_or_node() {
            let left = self.condition(&either.left())?;
            return Ok(left.binary("||", self.condition(&either.right())?));
        }
        if let Some(call) = node.as_call_node() {
            if id(&call.name()) == "!"
                && let Some(receiver) = call.receiver()
            {
                return Ok(self.condition(&receiver)?.negated());
            }
            if let Some(name) = environment(&call) {
                let name = self.expression(&name)?;
                return Ok(name.binary("in", Expr::name("ENV")));
            }
        }
        if let Some(defined) = node.as_defined_node() {
            return self.is_defined(&defined.value());
        }
        let kind = self.truth(node);
        let value = self.expression(node)?;
        if value == Expr::Unit {
            return Ok(Expr::Bool(false));
        }
        let kind = match kind {
            Type::Unknown => self.kind_of(&value),
            kind => kind,
        };
        Ok(match kind {
            Type::YesNo => match value {
                // A variable that is not set is not true.
                Expr::Call(mut call) if call.name == "fetch" && call.arguments.get(1) == Some(&Expr::Unit) => {
                    call.arguments.truncate(1);
                    call.arguments.push(Expr::Bool(false));
                    Expr::Call(call)
                }
                value => value,
            },
            Type::Text | Type::List | Type::Map | Type::Number if !matches!(value, Expr::Name(_)) => Expr::Bool(true),
            Type::Unknown => match value {
                Expr::Call(mut call) if call.name == "fetch" && call.arguments.get(1) == Some(&Expr::Unit) => {
                    // A variable that is not set is not true.
                    call.arguments.truncate(1);
                    call.arguments.push(Expr::Bool(false));
                    let unset = call.arguments.first().and_then(Expr::literal).map(str::to_owned);
                    let given = unset.map(|name| self.given(&name)).unwrap_or_default();
                    let is_yes_no = given.yes_no && !given.something && !given.unknown && !given.nothing;
                    match is_yes_no {
                        true => Expr::Call(call),
                        false => Expr::Call(call).into_condition(),
                    }
                }
                value => value.into_condition(),
            },
            _ => value.binary("!=", Expr::Unit),
        })
    }

    /// Reads `defined?(x)`.
    pub(super) fn is_defined(&mut self, node: &Node<'_>) -> Read<Expr> {
        let inner = inside(node);
        let node = inner.as_ref().unwrap_or(node);
        if let Some(name) = bare(node) {
            return Ok(match self.facts.functions.contains_key(&name) || name == "puts" {
                true => Expr::Bool(true),
                false => Expr::call("exists", vec![Expr::symbol(renamed(&name))]),
            });
        }
        let name = node
            .as_instance_variable_read_node()
            .map(|read| id(&read.name()))
            .or_else(|| node.as_global_variable_read_node().map(|read| id(&read.name())))
            .or_else(|| constant(node));
        let Some(name) = name else {
            return match node.as_local_variable_read_node() {
                Some(_) => Ok(Expr::Bool(true)),
                None => self.refuse(Kind::Construct, "`defined?` of something that is no variable"),
            };
        };
        if self.facts.variables.contains_key(&kept(&name)) {
            return Ok(Expr::call("exists", vec![Expr::symbol(&kept(&name))]));
        }
        match name.split("::").next().unwrap_or("") {
            "Capistrano" | "Rake" | "File" | "ENV" | "Dir" | "Kernel" | "Gem" => Ok(Expr::Bool(true)),
            "SSHKit" => Ok(Expr::Bool(self.facts.version > 2)),
            // Bundler is there if it starts Capistrano, and most let it.
            "Bundler" => self.refuse(Kind::Code, "`defined?(Bundler)` depends on how Capistrano is started"),
            // Everything that could define it was read.
            _ if !self.facts.is_open && super::missing_libraries(self.facts).is_empty() => Ok(Expr::Bool(false)),
            _ => self.refuse(
                Kind::Code,
                format!("`defined?({name})`: a library that was not read may define it"),
            ),
        }
    }

    /// Returns the kind of a value, by the way it is written in Ruby.
    pub(super) fn truth(&self, node: &Node<'_>) -> Type {
        if let Some(read) = node.as_local_variable_read_node() {
            return match self.local(&id(&read.name())).map_or(Type::Unknown, |local| local.kind) {
                Type::Text | Type::List | Type::Map | Type::Number => Type::Maybe,
                kind => kind,
            };
        }
        let Some(call) = node.as_call_node() else {
            return Type::Unknown;
        };
        let name = id(&call.name());
        if call.receiver().is_none() {
            if let Some(name) = bare(node) {
                return self.variable_kind(&name);
            }
            let given = arguments(&call, false);
            if name == "fetch"
                && let Some(variable) = given.values.first().and_then(literal)
            {
                return match given.values.get(1) {
                    Some(default) if default.as_true_node().is_some() || default.as_false_node().is_some() => {
                        Type::YesNo
                    }
                    Some(default) if default.as_nil_node().is_none() => Type::Unknown,
                    _ if self.facts.is_variable(renamed(&variable)) => self.variable_kind(renamed(&variable)),
                    _ => Type::Unknown,
                };
            }
        }
        match name.as_str() {
            "==" | "===" | "!=" | "<" | ">" | "<=" | ">=" | "=~" | "!~" | "test" | "system" => Type::YesNo,
            name if name.ends_with('?') => Type::YesNo,
            _ => Type::Unknown,
        }
    }

    /// Returns the facts about the values that the files set a variable to.
    pub(super) fn given(&self, name: &str) -> Given {
        self.facts.variables.get(name).copied().unwrap_or_default()
    }

    /// Returns the kind of a variable of the recipe.
    fn variable_kind(&self, name: &str) -> Type {
        const YES_NO: &[&str] = &["use_sudo", "group_writable", "normalize_asset_timestamps", "dry_run"];
        if YES_NO.contains(&name) {
            return Type::YesNo;
        }
        match self.facts.variables.get(name) {
            Some(given) if given.unknown => Type::Unknown,
            Some(given) if given.yes_no && !given.something && !given.nothing => Type::YesNo,
            Some(given) if given.yes_no => Type::Unknown,
            Some(_) => Type::Maybe,
            None if self.facts.vocabulary.yes_no.contains(name) => Type::Unknown,
            None if self.facts.is_variable(name) => Type::Maybe,
            None => Type::Unknown,
        }
    }
}

/// Returns the name in `ENV["NAME"]`.
pub(super) fn environment<'pr>(call: &CallNode<'pr>) -> Option<Node<'pr>> {
    let receiver = call.receiver()?;
    let is_it = receiver
        .as_constant_read_node()
        .is_some_and(|name| id(&name.name()) == "ENV");
    let asks = matches!(id(&call.name()).as_str(), "[]" | "key?" | "has_key?" | "include?");
    if !is_it || !asks {
        return None;
    }
    arguments(call, false).values.into_iter().next()
}

/// Returns the only value in parentheses.
pub(super) fn inside<'pr>(node: &Node<'pr>) -> Option<Node<'pr>> {
    let parentheses = node.as_parentheses_node()?;
    let body = parentheses.body()?.as_statements_node()?;
    let mut inner = body.body().iter();
    let only = inner.next()?;
    inner.next().is_none().then_some(only)
}
