//! Reads what the configuration of Capistrano 2 tells of itself, `variables` and `current_task`, and what it says to people.

use ruby_prism::{CallNode, Node};

use super::super::facts::renamed;
use super::super::form::{Call, Expr, Line};
use super::super::note::Read;
use super::super::ruby::{arguments, bare, id, literal, source};
use super::Reader;

impl Reader<'_> {
    /// Reads `variables.include?(:x)`, `variables[:x]` and `current_task.fully_qualified_name`.
    pub(super) fn of_configuration(&mut self, name: &str, call: &CallNode<'_>, receiver: &Node<'_>) -> Option<Expr> {
        let owner = bare(receiver).filter(|owner| self.local(owner).is_none())?;
        if self.facts.version > 2 {
            let is_list = (owner.as_str(), name) == ("env", "servers");
            return is_list.then(|| Expr::call("roles", vec![Expr::symbol("all")]));
        }
        let first = arguments(call, false).values.first().and_then(literal);
        let symbol = |name: &str| Expr::symbol(renamed(name));
        match (owner.as_str(), name, first) {
            ("variables", "include?" | "has_key?" | "key?" | "member?", Some(variable)) => {
                Some(Expr::call("exists", vec![symbol(&variable)]))
            }
            ("variables", "[]", Some(variable)) => Some(Expr::call("fetch", vec![symbol(&variable), Expr::Unit])),
            ("current_task", "fully_qualified_name", None) => Some(Expr::name("current_task")),
            ("current_task", "name", None) => {
                let names = Expr::name("current_task").method("split", vec![Expr::text(":")]);
                Some(names.method("pop", Vec::new()))
            }
            _ => None,
        }
    }

    /// Reads `Capistrano::CLI.ui.say("…")`.
    pub(super) fn said(&mut self, call: &CallNode<'_>, receiver: &Node<'_>) -> Option<Read<Vec<Line>>> {
        let people = source(receiver);
        let is_it = matches!(people.as_str(), "Capistrano::CLI.ui" | "CLI.ui" | "HighLine.new");
        (is_it && id(&call.name()) == "say").then(|| {
            let values = self.expressions(&arguments(call, false).values)?;
            Ok(vec![Line::verb(Call::new("puts", values))])
        })
    }
}
