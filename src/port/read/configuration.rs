//! Reads what the configuration of Capistrano 2 tells of itself, `variables` and `current_task`.

use ruby_prism::{CallNode, Node};

use super::super::facts::renamed;
use super::super::form::Expr;
use super::super::note::Read;
use super::super::ruby::{arguments, bare, id, literal, source};
use super::Reader;

/// The name that stands for the configuration in a local.
const CONFIGURATION: &str = "configuration";

impl Reader<'_> {
    /// Keeps a local that is the configuration of Capistrano 2; returns false for any other value.
    pub(super) fn keep_configuration(&mut self, name: &str, value: &Node<'_>) -> bool {
        let text = source(value);
        let is_it = self.facts.version < 3
            && text.starts_with("Capistrano::Configuration.")
            && [".instance", ".instance(:must_exist)", ".configuration(:must_exist)"]
                .iter()
                .any(|end| text.ends_with(end));
        if is_it {
            self.objects.insert(name.to_owned(), CONFIGURATION);
        }
        is_it
    }

    /// Returns true for the configuration of Capistrano 2, also in a local.
    pub(super) fn is_configuration(&self, receiver: &Node<'_>) -> bool {
        let local = receiver.as_local_variable_read_node().map(|local| id(&local.name()));
        let is_kept = local.is_some_and(|local| self.objects.get(&local) == Some(&CONFIGURATION));
        is_kept || source(receiver).starts_with("Capistrano::Configuration.instance")
    }

    /// Reads `env.servers` and `Capistrano::Configuration.env.fetch(:x)` of Capistrano 3, whose words are those of a recipe.
    pub(super) fn of_environment(
        &mut self,
        name: &str,
        call: &CallNode<'_>,
        receiver: &Node<'_>,
    ) -> Read<Option<Expr>> {
        let owner = source(receiver);
        let is_it = self.facts.version > 2 && matches!(owner.as_str(), "env" | "Capistrano::Configuration.env");
        if !is_it || self.local("env").is_some() || self.facts.is_variable("env") {
            return Ok(None);
        }
        let code = source(&call.as_node());
        match (name, code.strip_prefix(&owner).and_then(|code| code.strip_prefix('.'))) {
            ("servers", _) => Ok(Some(Expr::call("roles", vec![Expr::symbol("all")]))),
            ("fetch" | "any?" | "primary", Some(code)) => self.fragment(code, &[], false).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads `Capistrano::Configuration.instance.fetch(:x)`; `None` for what the configuration has no word for here.
    pub(super) fn of_instance(&mut self, name: &str, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Option<Expr>> {
        if name == "output_verbosity" && source(receiver) == "SSHKit.config" {
            return Ok(Some(self.level_of_log()));
        }
        if name == "stages" && source(receiver) == "Rake.application" {
            let stages = self.facts.stages.iter().map(|stage| Expr::text(stage));
            return Ok(Some(Expr::List(stages.collect())));
        }
        if self.facts.version > 2 || !self.is_configuration(receiver) || call.block().is_some() {
            return Ok(None);
        }
        let given = arguments(call, false).values;
        Ok(Some(match (name, given.as_slice()) {
            ("fetch", [_] | [_, _]) => Expr::call("fetch", self.expressions(&given)?),
            ("[]", [variable]) => Expr::call("fetch", vec![self.expression(variable)?, Expr::Unit]),
            ("exists?", [_]) => Expr::call("exists", self.expressions(&given)?),
            (name, []) if self.facts.is_variable(renamed(name)) => self.variable(renamed(name)),
            _ => return Ok(None),
        }))
    }

    /// Reads `variables.include?(:x)`, `variables[:x]` and `current_task.fully_qualified_name`.
    pub(super) fn of_configuration(&mut self, name: &str, call: &CallNode<'_>, receiver: &Node<'_>) -> Option<Expr> {
        let owner = bare(receiver).filter(|owner| self.facts.version < 3 && self.local(owner).is_none())?;
        let first = arguments(call, false).values.first().and_then(literal);
        let symbol = |name: &str| Expr::symbol(renamed(name));
        match (owner.as_str(), name, first) {
            ("variables", "include?" | "has_key?" | "key?" | "member?", Some(variable)) => {
                Some(Expr::call("exists", vec![symbol(&variable)]))
            }
            ("variables", "[]", Some(variable)) => Some(Expr::call("fetch", vec![symbol(&variable), Expr::Unit])),
            ("logger", "level", None) if call.arguments().is_none() => Some(self.level_of_log()),
            ("current_task", "fully_qualified_name", None) => Some(Expr::name("current_task")),
            ("current_task", "name", None) => {
                let names = Expr::name("current_task").method("split", vec![Expr::text(":")]);
                Some(names.method("pop", Vec::new()))
            }
            _ => None,
        }
    }
}
