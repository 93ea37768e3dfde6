//! The tasks that a block mentions, read from its syntax: nothing is evaluated.

use std::rc::Rc;

use rhai::{ASTNode, CustomExpr, Expr, FnPtr};

use super::claims::Walk;
use super::defined::Defined;
use crate::configuration::{BlockId, Task};
use crate::recipe::language::syntax::marks::{as_written, is_of_tests, verb_of};
use crate::recipe::language::verb::Verb;
use crate::recipe::language::verbs;

impl Defined {
    /// Returns the tasks that a block mentions, in the order of the source; those in closures come last.
    pub(in crate::recipe) fn mentions(&self, id: BlockId) -> Vec<Rc<Task>> {
        self.mentions_where(id, |_| true)
    }

    /// Returns the tasks that a block mentions in places for which `is_meant` returns true; it is given the nodes around each.
    pub(super) fn mentions_where(&self, id: BlockId, is_meant: fn(&[ASTNode]) -> bool) -> Vec<Rc<Task>> {
        let Some(block) = self.body(id) else {
            return Vec::new();
        };
        let mut named = Named::default();
        named.look(is_meant, |on| {
            block.expression.walk(&mut Vec::new(), on);
        });
        let files = self.files();
        let text = files
            .read
            .iter()
            .rev()
            .find(|text| block.file.as_deref() == Some(&*text.file));
        // The closures in it mention tasks as well; each may contain more closures.
        let mut next = 0;
        while let Some(closure) = named.closures.get(next).cloned() {
            next += 1;
            if let Some(text) = text {
                for place in text.functions(&closure) {
                    named.look(|_| true, |on| text.walk_in(place, on));
                }
            }
        }
        named
            .paths
            .iter()
            .filter_map(|path| self.named(path, &block.namespace))
            .collect()
    }

    /// Returns the task at the end of `a.b.c`, or the last one on the way.
    pub(in crate::recipe) fn named(&self, path: &[String], namespace: &str) -> Option<Rc<Task>> {
        (1..=path.len())
            .rev()
            .find_map(|length| self.task(&path.get(..length)?.join(":"), namespace))
    }
}

/// The names in a block.
#[derive(Default)]
struct Named {
    /// Names word by word: `[deploy, web, disable]`.
    paths: Vec<Vec<String>>,
    /// The names of the functions that Rhai makes of closures.
    closures: Vec<String>,
}

impl Named {
    fn look(&mut self, is_meant: fn(&[ASTNode]) -> bool, walk: impl FnOnce(Walk)) {
        walk(&mut |nodes| {
            if let Some(ASTNode::Expr(expression)) = nodes.last() {
                // The first word of `a.b` was read with it.
                let is_first_word = matches!(
                    nodes.len().checked_sub(2).and_then(|at| nodes.get(at)),
                    Some(ASTNode::Expr(Expr::Dot(dot, ..))) if std::ptr::eq(&dot.lhs, *expression)
                );
                if !is_first_word && is_meant(nodes) {
                    self.paths.extend(path(expression));
                    self.closures.extend(closure(expression));
                }
            }
            true
        });
    }
}

/// Returns the name of the function that Rhai makes of a closure.
pub(super) fn closure(expression: &Expr) -> Option<String> {
    match expression {
        Expr::DynamicConstant(value, _) => {
            let function = value.read_lock::<FnPtr>()?;
            Some(function.fn_name().to_owned())
        }
        _ => None,
    }
}

/// Returns the bare names in an argument or in the items of a list: `restart`, `deploy.restart`. If a task has such a name, it is
/// called.
pub(in crate::recipe) fn bare_tasks(expression: &Expr) -> Vec<(&Expr, String)> {
    match expression {
        Expr::Array(values, _) => values.iter().flat_map(bare_tasks).collect(),
        Expr::Variable(..) | Expr::Dot(..) => {
            let name = path(expression).map(|path| (expression, path.join(":")));
            name.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the words of a name: `[deploy, web, disable]`.
pub(in crate::recipe) fn path(expression: &Expr) -> Option<Vec<String>> {
    match expression {
        Expr::Variable(..) | Expr::FnCall(..) => Some(vec![word(expression)?]),
        Expr::Dot(dot, ..) => {
            let mut path = vec![word(&dot.lhs)?];
            let mut rest = &dot.rhs;
            while let Expr::Dot(dot, ..) = rest {
                path.push(word(&dot.lhs)?);
                rest = &dot.rhs;
            }
            path.extend(word(rest));
            Some(path)
        }
        Expr::Custom(custom, _) if verb(custom) == Some("invoke") => Some(vec![literal(custom.inputs.first()?)?]),
        _ => None,
    }
}

fn word(expression: &Expr) -> Option<String> {
    match expression {
        // Only local variables have an index.
        Expr::Variable(variable, None, _) if variable.0.is_none() => Some(as_written(&variable.1).to_owned()),
        Expr::Property(property, _) => Some(property.2.to_string()),
        Expr::FnCall(call, _) | Expr::MethodCall(call, _) if call.args.is_empty() => Some(call.name.to_string()),
        _ => None,
    }
}

/// Returns the verb of a call.
pub(in crate::recipe) fn verb(call: &CustomExpr) -> Option<&str> {
    verb_of(call.tokens.first()?)
}

/// Returns the row of the verb of a call.
pub(super) fn row(call: &CustomExpr) -> Option<&'static Verb> {
    let key = call.tokens.first()?;
    let name = verb_of(key)?;
    match is_of_tests(key) {
        true => verbs::find_of_tests(name),
        false => verbs::find(name),
    }
}

/// Returns a string or symbol that is written out.
pub(super) fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::StringConstant(text, _) => Some(text.to_string()),
        Expr::Custom(custom, _)
            if custom
                .tokens
                .first()
                .is_some_and(|token| token == crate::recipe::language::syntax::marks::SYMBOL) =>
        {
            match custom.inputs.first()? {
                Expr::StringConstant(word, _) => Some(symbol(word).to_owned()),
                Expr::Variable(word, ..) => Some(symbol(&word.1).to_owned()),
                _ => None,
            }
        }
        _ => None,
    }
}

fn symbol(word: &str) -> &str {
    as_written(word)
}
