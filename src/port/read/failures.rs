//! The errors of Capistrano at code that ends with an error there as well.

use ruby_prism::{CallNode, Node};

use super::super::facts::full_names;
use super::super::form::Line;
use super::super::nodes::holds;
use super::super::note::{Kind, Lack, Missing, Read, SameError, Unported};
use super::super::ruby::source;
use super::Reader;
use super::hooks::unknown_task;

impl Reader<'_> {
    /// Returns the reason for a task that nothing in the files defines.
    pub(super) fn no_task(&self, name: &str) -> Unported {
        let plain = name.trim_start_matches(':');
        let error = match self.facts.version {
            3 => format!("Don't know how to build task '{plain}'"),
            _ => format!("the task `{plain}' does not exist"),
        };
        let full: Vec<String> = full_names(&self.namespaces, plain).collect();
        let missing = match full.iter().any(|full| self.facts.is_none_in_three(full)) {
            true => Missing::Nothing,
            false => Missing::Tasks(full),
        };
        unknown_task(name).failing(SameError::new(error, missing))
    }

    /// Returns the reason for code that ends with an error in Capistrano, whatever else there is.
    pub(super) fn always_fails(&self, reason: &str, error: &str) -> Unported {
        Unported::new(Kind::Construct, reason).failing(SameError::new(error, Missing::Nothing))
    }

    /// Reads `set :name => value`. In Capistrano 3 the whole hash is the name of a variable that has no value.
    pub(super) fn set_of_hash(&mut self, pairs: &[(Node<'_>, Node<'_>)]) -> Read<Vec<Line>> {
        let Some((name, _)) = pairs.first() else {
            return Err(self.always_fails("`set` without a name", "wrong number of arguments (given 0)"));
        };
        if self.facts.version == 2 {
            let error = "invalid variable (variables must begin with an underscore, or a lower-case letter)";
            return Err(self.always_fails("`set` of a hash", error));
        }
        let name = source(name);
        Ok(vec![self.remark(&format!(
            "`set {name} => …` sets nothing in Capistrano, as there is no comma"
        ))])
    }

    /// Returns the reason for a task of a hook that nothing in the files defines. The hook fails when it runs.
    pub(super) fn no_task_to_hook(&self, task: &Node<'_>, name: &str, is_after: bool) -> Unported {
        let mut unported = self.no_task(name);
        let shown = match task.as_symbol_node() {
            Some(_) if !name.contains(':') => format!(":{name}"),
            Some(_) => format!(":\"{name}\""),
            None => format!("\"{name}\""),
        };
        if let Some(failure) = &mut unported.failure {
            failure.waits = true;
            if is_after && self.facts.version > 2 {
                failure.error = format!("Task {shown} not found");
            }
        }
        unported
    }

    /// Returns the reason for `deploy.web.off`, a task of namespaces that nothing in the files defines.
    pub(super) fn no_member(&self, full: &str) -> Unported {
        let parts: Vec<&str> = full.split(':').collect();
        let is_there = |count: &usize| {
            let path = parts.get(..*count).unwrap_or_default().join(":");
            self.facts.namespace(&path, &[]).is_some() || self.facts.is_task(&path)
        };
        let first = (1..=parts.len()).find(|count| !is_there(count)).unwrap_or(parts.len());
        let name = parts.get(first - 1).unwrap_or(&full);
        let failure = SameError::new(
            format!("undefined method `{name}'"),
            Missing::Tasks(vec![full.to_owned()]),
        );
        unknown_task(full).failing(failure)
    }

    /// Refuses a call of a function that nothing in the files defines. Ruby computes the arguments before it fails.
    pub(super) fn no_function<T>(&mut self, name: &str, given: &[Node<'_>], reason: String) -> Read<T> {
        let unported = Unported::new(Kind::Code, reason).lacking(Lack::Name(name.to_owned()));
        let error = format!("undefined method `{name}'");
        self.expressions(given)?;
        Err(unported.failing(SameError::new(error, Missing::Function(name.to_owned()))))
    }

    /// Returns the failure of a statement whose part fails, if that part is always evaluated.
    pub(super) fn failure(&self, node: &Node<'_>, mut failure: Box<SameError>) -> Option<Box<SameError>> {
        failure.waits |= self.deferred > 0;
        (failure.if_missing == Missing::Nothing || is_reached(node)).then_some(failure)
    }

    /// Refuses a class that nothing in the files defines.
    pub(super) fn no_class<T>(&self, class: String, reason: String) -> Read<T> {
        let first = class.split([':', '.']).next().unwrap_or(&class);
        let error = format!("uninitialized constant {first}");
        let failure = SameError::new(error, Missing::Class(first.to_owned()));
        Err(Unported::new(Kind::Code, reason)
            .lacking(Lack::Class(class))
            .failing(failure))
    }

    /// Refuses a name that nothing in the files defines.
    pub(super) fn no_name<T>(&self, kind: Kind, name: &str, reason: String) -> Read<T> {
        let error = format!("undefined local variable or method `{name}'");
        let failure = SameError::new(error, Missing::Function(name.to_owned()));
        let unported = Unported::new(kind, reason).lacking(Lack::Name(name.to_owned()));
        Err(unported.failing(failure))
    }
}

/// Returns true if all of a statement is evaluated, so that an error in a part of it ends it. What is in the block of a call comes after
/// its arguments.
fn is_reached(node: &Node<'_>) -> bool {
    let is_choice = |node: &Node<'_>| {
        node.as_if_node().is_some()
            || node.as_unless_node().is_some()
            || node.as_case_node().is_some()
            || node.as_and_node().is_some()
            || node.as_or_node().is_some()
            || node.as_while_node().is_some()
            || node.as_until_node().is_some()
            || node.as_rescue_modifier_node().is_some()
            || node.as_begin_node().is_some()
            || node.as_block_node().is_some()
            || node.as_lambda_node().is_some()
    };
    let chooses = |node: &Node<'_>| holds(node, &is_choice);
    match node.as_call_node() {
        Some(call) => !parts(&call).iter().any(chooses),
        None => !chooses(node),
    }
}

/// Returns the receiver and the arguments of a call.
fn parts<'pr>(call: &CallNode<'pr>) -> Vec<Node<'pr>> {
    let given = call.arguments().map(|arguments| arguments.as_node());
    call.receiver().into_iter().chain(given).collect()
}
