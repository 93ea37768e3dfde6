//! A call of a verb in a source: its arguments, options and block, and checks for values that cannot be right.

use indexmap::IndexMap;
use rhai::{CustomExpr, Dynamic, EvalAltResult, Expr, Position, Stmt, StmtBlock};

use super::mentions::{literal, row, verb};
use crate::configuration::{Selection, Server, Value, When, is_variable_name};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::grammar::Tail;
use crate::recipe::language::options::{run_options, selection};
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::takes::Shape;
use crate::recipe::language::values::{plain, refused};
use crate::recipe::language::verb::{Choices, Verb, sets};
use crate::recipe::language::{grammar, verbs};

/// A call of a verb, split into its parts.
pub(super) struct ReadCall<'a> {
    pub(super) arguments: Vec<&'a Expr>,
    pub(super) options: Vec<(&'a Expr, &'a Expr)>,
    pub(super) block: Option<&'a Expr>,
    pub(super) position: Position,
}

impl<'a> ReadCall<'a> {
    pub(super) fn of(call: &'a CustomExpr) -> Self {
        let mut read = Self {
            arguments: Vec::new(),
            options: Vec::new(),
            block: None,
            position: grammar::position(&call.state),
        };
        let (mut key, mut inputs) = (None, call.inputs.iter());
        for kind in grammar::shape(&call.state).chars() {
            match kind {
                '>' => key = read.arguments.pop(),
                'E' => match (inputs.next(), key.take()) {
                    (Some(value), Some(key)) => read.options.push((key, value)),
                    (Some(value), None) => read.arguments.push(value),
                    (None, _) => break,
                },
                'B' => read.block = inputs.next(),
                _ => drop(inputs.next()),
            }
        }
        read
    }

    /// Returns the value that a variable is set to, also if it is the only expression of a block.
    pub(super) fn set_to(&self) -> Option<&'a Expr> {
        match (self.arguments.get(1), self.block) {
            (Some(value), _) => Some(value),
            (None, Some(Expr::Stmt(block))) => match block.statements() {
                [Stmt::Expr(value)] => Some(value),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the options whose values are written out.
    pub(super) fn constants(&self) -> IndexMap<String, (Dynamic, Position)> {
        let pair = |(key, value): &(&Expr, &Expr)| {
            let constant = match literal(value) {
                Some(text) => text.into(),
                None => value.get_literal_value(None)?,
            };
            Some((literal(key)?, (constant, value.position())))
        };
        self.options.iter().filter_map(pair).collect()
    }
}

/// Returns the verb, the line, and the selection of servers in the call itself; options that are not written out are left out.
pub(in crate::recipe) fn says_of_servers(call: &CustomExpr) -> Option<(&'static str, usize, Selection)> {
    let verb = row(call)?;
    let read = ReadCall::of(call);
    let said = match verb.name {
        "task" => return None,
        "on" => listed(&read)?,
        _ if matches!(verb.options, Choices::Known([_, ..])) => selection(&read.constants()).ok()?,
        _ => return None,
    };
    let line = read.position.line()?;
    (said != Selection::default()).then_some((verb.name, line, said))
}

/// Returns the servers that `on roles(:app), |server| { … }` lists, if they are written out.
fn listed(read: &ReadCall) -> Option<Selection> {
    read.block?;
    let flag = |name: &str| Some([(name.to_owned(), Value::Bool(true))].into_iter().collect());
    match read.arguments.first()? {
        Expr::FnCall(call, _) if lists_servers(&call.name) => {
            let names: Vec<String> = call.args.iter().map(literal).collect::<Option<_>>()?;
            let is_all = names.iter().any(|name| name == "all");
            Some(Selection {
                roles: (!is_all && !names.is_empty()).then_some(names),
                only: if call.name == "primary" { flag("primary") } else { None },
                except: if call.name == "release_roles" {
                    flag("no_release")
                } else {
                    None
                },
                ..Selection::default()
            })
        }
        Expr::Array(hosts, _) => Some(Selection {
            hosts: Some(hosts.iter().map(literal).collect::<Option<_>>()?),
            ..Selection::default()
        }),
        _ => None,
    }
}

/// Returns an error for values that are written out and cannot be right.
pub(super) fn values(verb: &'static Verb, read: &ReadCall) -> Fallible<()> {
    if let Choices::Known([_, ..]) = verb.options
        && verb.name != "on"
    {
        let pairs = read.constants();
        selection(&pairs)?;
        run_options(&pairs)?;
    }
    if verb.tail == Tail::Nothing
        && let Some(Expr::Stmt(block)) = read.arguments.first()
        && acts(block)
    {
        return Err(no_block(verb, block.position()));
    }
    let Some((first, name)) = read.arguments.first().and_then(|first| Some((first, literal(first)?))) else {
        return Ok(());
    };
    match verb.name {
        "on" if When::from_name(&name).is_none() && !verbs::tasks::is_host(&name) => {
            Err(verbs::tasks::no_event(&name, first.position()))
        }
        word if sets(word) && !is_variable_name(&name) => {
            Err(verbs::variables::no_variable_name(&name, first.position()))
        }
        word if sets(word) => match read
            .set_to()
            .and_then(|value| Some((refused(&name, || constant(value))?, value)))
        {
            Some((diagnostic, value)) => Err(raise(diagnostic, value.position())),
            None => Ok(()),
        },
        "role" => read.arguments.iter().skip(1).try_for_each(|host| host_text(host)),
        "server" => host_text(first),
        _ => Ok(()),
    }
}

/// Returns an error for an argument that is written out and of a kind that the verb does not take there.
pub(super) fn kinds(verb: &'static Verb, read: &ReadCall) -> Fallible<()> {
    let takes_options = !matches!(verb.options, Choices::Known([]));
    let last = read.arguments.len().saturating_sub(1);
    let mut arguments = read.arguments.iter().enumerate();
    arguments.try_for_each(|(index, argument)| {
        // A map at the end may hold options.
        let may_be_options = takes_options && index == last && index >= verb.arguments.0;
        let shape = Shape::of(argument).filter(|shape| *shape != Shape::Map || !may_be_options);
        verb.takes_kind(index, shape, argument.start_position())
    })
}

/// Returns true if a function of this name lists servers.
pub(super) fn lists_servers(name: &str) -> bool {
    matches!(name, "primary" | "release_roles" | "roles")
}

/// Returns the error for a block after a verb that takes none: `run_locally { … }`, `capture { … }`.
fn no_block(verb: &Verb, position: Position) -> Box<EvalAltResult> {
    let diagnostic = Diagnostic::new(Fault::Recipe, format!("`{}' takes no block", verb.name)).label("no block");
    let hint = format!("it is written: {}", verb.form);
    raise(diagnostic.hint(hint), position)
}

/// Returns true if a block in place of a value consists of actions, and so has no value.
fn acts(block: &StmtBlock) -> bool {
    let is_verb = |value: &Expr| matches!(value, Expr::Custom(call, _) if verb(call).is_some());
    !block.statements().is_empty()
        && block.statements().iter().all(|statement| match statement {
            Stmt::Expr(value) => is_verb(value),
            Stmt::Noop(_) => true,
            _ => false,
        })
}

fn host_text(host: &Expr) -> Fallible<()> {
    if let Some(text) = literal(host).filter(|text| text.contains("#{")) {
        let diagnostic = Diagnostic::new(Fault::Recipe, format!("`{text}' is not filled in")).label("stays as it is");
        let hint = "a string with values stands in backticks: `… ${name} …`";
        return Err(raise(diagnostic.hint(hint), host.position()));
    }
    match literal(host).map(|text| text.parse::<Server>()) {
        Some(Err(error)) => Err(wrong(error.to_string(), host.position())),
        _ => Ok(()),
    }
}

/// Returns the value of an expression that is written out.
pub(super) fn constant(value: &Expr) -> Option<Value> {
    if let Some(text) = literal(value) {
        return Some(text.into());
    }
    if let Expr::Array(items, _) = value {
        return items.iter().map(constant).collect::<Option<Vec<_>>>().map(Value::List);
    }
    value.get_literal_value(None).map(|value| plain(&value))
}

/// Returns the items of a list that is written out; else the value itself.
pub(super) fn items(value: &Expr) -> Vec<&Expr> {
    match value {
        Expr::Array(values, _) => values.iter().collect(),
        value => vec![value],
    }
}
