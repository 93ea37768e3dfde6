//! Reads assignments inside of other code: `if (diff = `git log`) != ""`, `a = b = 1`, `set :env, (ENV["ENV"] ||= "test")`. They stand in front of
//! it here, and so do commands of this machine whose status `$?` is asked afterwards.

use ruby_prism::{CallNode, Node, Visit};

use super::super::form::{Call, Expr, Line, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{Offsets, arguments, id, source};
use super::Reader;
use super::locals::{Local, Type};

/// The command of this machine that ran last.
#[derive(Clone, Debug)]
pub(super) struct LocalRun {
    /// The local with its result.
    local: String,
    /// True if that is a map with `ok` and `status`, false if it is only true or false.
    is_map: bool,
}

impl LocalRun {
    fn member(&self, name: &str) -> Expr {
        Expr::Member(Box::new(Expr::name(&self.local)), name.to_owned())
    }

    /// Returns the question whether the command succeeded.
    fn is_ok(&self) -> Expr {
        match self.is_map {
            true => self.member("ok"),
            false => Expr::name(&self.local),
        }
    }
}

impl Reader<'_> {
    /// Returns the lines of the assignments in a condition or a statement, for the place before it. Only those that are always evaluated are
    /// read.
    pub(super) fn assigned_first(&mut self, node: &Node<'_>) -> Read<Vec<Line>> {
        let mut found = Assignments {
            has_status: self.asks_status,
            ..Assignments::default()
        };
        found.visit(node);
        let mut lines = Vec::new();
        for write in found.writes {
            let offset = write.location().start_offset();
            if self.assigned.contains_key(&offset) {
                continue;
            }
            if let Some(local) = write.as_local_variable_write_node() {
                let value = self.expression(&local.value())?;
                lines.extend(self.write_local(&id(&local.name()), value));
                let value = self.read_local(&id(&local.name()))?;
                self.assigned.insert(offset, value);
                continue;
            }
            if write.as_call_node().is_some()
                || write.as_x_string_node().is_some()
                || write.as_interpolated_x_string_node().is_some()
            {
                lines.extend(self.run_before(&write)?);
                continue;
            }
            let Some(more) = self.assignment(&write)? else { continue };
            let target = more.last().and_then(|line| match &line.statement {
                Statement::Assign(target, ..) => Some(target.clone()),
                Statement::Let(name, _) => Some(Expr::name(name)),
                Statement::Verb(call) => call
                    .arguments
                    .first()
                    .and_then(Expr::literal)
                    .map(|name| self.variable(name)),
                _ => None,
            });
            let Some(target) = target else {
                return self.refuse(Kind::Construct, "an assignment of this kind inside of other code");
            };
            lines.extend(more);
            self.assigned.insert(offset, target);
        }
        Ok(lines)
    }

    /// Returns the line that runs a command of this machine and keeps its result.
    fn run_before(&mut self, node: &Node<'_>) -> Read<Vec<Line>> {
        let mut value = self.expression(node)?;
        let Expr::Call(Call { name, options, .. }) = &mut value else {
            return Ok(Vec::new());
        };
        let is_map = name == "run_locally";
        if is_map {
            options.push(("result".to_owned(), Expr::Bool(true)));
        }
        let local = Local {
            kind: if is_map { Type::Map } else { Type::YesNo },
            ..Local::default()
        };
        let local = self.declare("ran", local);
        let value_here = match is_map {
            true => Expr::Member(Box::new(Expr::name(&local)), "stdout".to_owned()),
            false => Expr::name(&local),
        };
        self.assigned.insert(node.location().start_offset(), value_here);
        self.ran = Some(LocalRun {
            local: local.clone(),
            is_map,
        });
        Ok(vec![Line::new(Statement::Let(local, value))])
    }

    /// Reads `$?.success?` and `$?.exitstatus` of the command that ran last; `None` for another receiver.
    pub(super) fn of_status(&mut self, name: &str, receiver: &Node<'_>) -> Read<Option<Expr>> {
        if !is_status(receiver) {
            return Ok(None);
        }
        let Some(ran) = &self.ran else { return Ok(None) };
        match (name, ran.is_map) {
            ("success?", _) => Ok(Some(ran.is_ok())),
            ("exitstatus" | "to_i" | "exit_code", true) => Ok(Some(ran.member("status"))),
            ("exitstatus" | "to_i", false) => self.refuse(
                Kind::Construct,
                "`$?.exitstatus` of `system`: run_locally(\"…\", :result => true) and .status",
            ),
            _ => Ok(None),
        }
    }

    /// Reads `$? == 0` and `$?.exitstatus != 0`; `None` for anything else.
    pub(super) fn status_compared(&self, left: &Node<'_>, operator: &str, right: &Node<'_>) -> Option<Expr> {
        let of_call = left
            .as_call_node()
            .filter(|call| matches!(id(&call.name()).as_str(), "exitstatus" | "to_i"));
        let receiver = of_call.as_ref().and_then(CallNode::receiver);
        let ran = self
            .ran
            .as_ref()
            .filter(|_| is_status(receiver.as_ref().unwrap_or(left)))?;
        match (operator, source(right).as_str()) {
            ("==", "0") => Some(ran.is_ok()),
            ("!=" | ">", "0") => Some(ran.is_ok().negated()),
            _ => None,
        }
    }

    /// Returns true if a statement runs a command of this machine whose status a later one asks.
    pub(super) fn is_asked_for_status(node: &Node<'_>, rest: &[Node<'_>]) -> bool {
        let mut here = Assignments {
            has_status: true,
            ..Assignments::default()
        };
        here.visit(node);
        let asks = |node: &Node<'_>| {
            let text = source(node);
            text.contains("$?") || text.contains("$CHILD_STATUS")
        };
        here.runs && rest.iter().any(asks)
    }
}

/// Returns the locals that a call always assigns to.
pub(super) fn always_written(call: &Node<'_>) -> Vec<String> {
    let mut found = Assignments::default();
    found.visit(call);
    let writes = found.writes.iter();
    writes
        .filter_map(|write| write.as_local_variable_write_node().map(|write| id(&write.name())))
        .collect()
}

/// Returns true for `$?` and its name in English.
fn is_status(node: &Node<'_>) -> bool {
    matches!(source(node).as_str(), "$?" | "$CHILD_STATUS")
}

/// The assignments that an expression always makes, innermost first.
#[derive(Default)]
struct Assignments<'pr> {
    writes: Vec<Node<'pr>>,
    /// True if commands of this machine count as well.
    has_status: bool,
    /// True if there is such a command.
    runs: bool,
}

impl<'pr> Visit<'pr> for Assignments<'pr> {
    fn visit_local_variable_write_node(&mut self, node: &ruby_prism::LocalVariableWriteNode<'pr>) {
        ruby_prism::visit_local_variable_write_node(self, node);
        self.writes.push(node.as_node());
    }
    fn visit_local_variable_or_write_node(&mut self, node: &ruby_prism::LocalVariableOrWriteNode<'pr>) {
        self.writes.push(node.as_node());
    }
    fn visit_index_or_write_node(&mut self, node: &ruby_prism::IndexOrWriteNode<'pr>) {
        self.writes.push(node.as_node());
    }
    fn visit_instance_variable_write_node(&mut self, node: &ruby_prism::InstanceVariableWriteNode<'pr>) {
        ruby_prism::visit_instance_variable_write_node(self, node);
        self.writes.push(node.as_node());
    }
    fn visit_instance_variable_or_write_node(&mut self, node: &ruby_prism::InstanceVariableOrWriteNode<'pr>) {
        self.writes.push(node.as_node());
    }
    fn visit_global_variable_write_node(&mut self, node: &ruby_prism::GlobalVariableWriteNode<'pr>) {
        ruby_prism::visit_global_variable_write_node(self, node);
        self.writes.push(node.as_node());
    }
    fn visit_constant_write_node(&mut self, node: &ruby_prism::ConstantWriteNode<'pr>) {
        ruby_prism::visit_constant_write_node(self, node);
        self.writes.push(node.as_node());
    }
    fn visit_x_string_node(&mut self, node: &ruby_prism::XStringNode<'pr>) {
        self.runs = true;
        if self.has_status {
            self.writes.push(node.as_node());
        }
    }
    fn visit_interpolated_x_string_node(&mut self, node: &ruby_prism::InterpolatedXStringNode<'pr>) {
        self.runs = true;
        if self.has_status {
            self.writes.push(node.as_node());
        }
    }
    fn visit_call_node(&mut self, node: &CallNode<'pr>) {
        ruby_prism::visit_call_node(self, node);
        let is_plain = arguments(node, false).pairs.is_empty() && node.receiver().is_none() && node.block().is_none();
        if id(&node.name()) == "system" && is_plain {
            self.runs = true;
            if self.has_status {
                self.writes.push(node.as_node());
            }
        }
    }
    fn visit_and_node(&mut self, node: &ruby_prism::AndNode<'pr>) {
        self.visit(&node.left());
    }
    fn visit_or_node(&mut self, node: &ruby_prism::OrNode<'pr>) {
        self.visit(&node.left());
    }
    fn visit_if_node(&mut self, _: &ruby_prism::IfNode<'pr>) {}
    fn visit_unless_node(&mut self, _: &ruby_prism::UnlessNode<'pr>) {}
    fn visit_case_node(&mut self, _: &ruby_prism::CaseNode<'pr>) {}
    fn visit_begin_node(&mut self, _: &ruby_prism::BeginNode<'pr>) {}
    fn visit_rescue_modifier_node(&mut self, _: &ruby_prism::RescueModifierNode<'pr>) {}
    fn visit_while_node(&mut self, _: &ruby_prism::WhileNode<'pr>) {}
    fn visit_until_node(&mut self, _: &ruby_prism::UntilNode<'pr>) {}
    fn visit_block_node(&mut self, _: &ruby_prism::BlockNode<'pr>) {}
    fn visit_lambda_node(&mut self, _: &ruby_prism::LambdaNode<'pr>) {}
    fn visit_def_node(&mut self, _: &ruby_prism::DefNode<'pr>) {}
}
