//! Reads assignments inside of other code: `if (diff = `git log`) != ""`, `a = b = 1`, `set :env, (ENV["ENV"] ||= "test")`. They stand in front of
//! it here, and so do commands of this machine whose status `$?` is asked afterwards.

use ruby_prism::{CallNode, Node, Visit};

use super::super::acting::ends;
use super::super::form::{Expr, Line, Part, Statement, string};
use super::super::nodes::{each_node, holds};
use super::super::note::{Kind, Read};
use super::super::ruby::{Offsets, arguments, id, source, statements};
use super::Reader;
use super::locals::{Local, Type};

/// The command of this machine that ran last.
#[derive(Clone, Debug)]
pub(super) struct LocalRun {
    /// The local with its result.
    local: String,
    /// True if that is a map with `ok` and `status`, false if it is only true or false.
    is_map: bool,
    /// The local with the file that holds the status, where one of only true or false is asked for it.
    file: Option<String>,
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
        let mut value = match self.in_backticks(node)? {
            Some(command) => Expr::Call(command),
            None => self.expression(node)?,
        };
        let Expr::Call(call) = &mut value else {
            return Ok(Vec::new());
        };
        let is_map = call.name == "run_locally";
        if is_map {
            call.options.push(("result".to_owned(), Expr::Bool(true)));
        }
        let file = (!is_map && self.asks_number)
            .then(|| call.arguments.first_mut())
            .flatten()
            .filter(|command| !matches!(command, Expr::List(_)))
            .map(|command| {
                let file = self.declare("status", Local::default());
                let quoted = Expr::call("quote", vec![Expr::name(&file)]);
                let mut parts = Expr::text("(").parts();
                parts.extend(std::mem::replace(command, Expr::Unit).parts());
                parts.extend(Expr::text("\n)\nended=$?; echo $ended > ").parts());
                parts.push(Part::Value(quoted));
                parts.extend(Expr::text("; exit $ended").parts());
                *command = string(parts);
                file
            });
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
        let made = file.iter().map(|file| {
            let path = Expr::call(
                "join_path",
                vec![Expr::call("temp_dir", Vec::new()), Expr::text("status")],
            );
            Line::new(Statement::Let(file.clone(), path))
        });
        let mut lines: Vec<Line> = made.collect();
        lines.push(Line::new(Statement::Let(local.clone(), value)));
        self.ran = Some(LocalRun { local, is_map, file });
        Ok(lines)
    }

    /// Reads `$?.success?` and `$?.exitstatus` of the command that ran last; `None` for another receiver.
    pub(super) fn of_status(&mut self, name: &str, receiver: &Node<'_>) -> Read<Option<Expr>> {
        if !is_status(receiver) {
            return Ok(None);
        }
        let Some(ran) = &self.ran else { return Ok(None) };
        match (name, ran.is_map) {
            ("success?", _) => Ok(Some(ran.is_ok())),
            ("exitstatus" | "to_i", true) => Ok(Some(ran.member("status"))),
            ("exitstatus" | "to_i", false) => match &ran.file {
                Some(file) => Ok(Some(Expr::call("ruby_status", vec![Expr::name(file)]))),
                None => self.refuse(
                    Kind::Construct,
                    "`$?.exitstatus` of `system`: run_locally(\"…\", :result => true) and .status",
                ),
            },
            _ => Ok(None),
        }
    }

    /// Reads `$?` as a text: `pid 4711 exit 1`, in which nobody needs the number of the process.
    pub(super) fn status_shown(&mut self) -> Read<Expr> {
        let status = match &self.ran {
            Some(LocalRun { file: Some(file), .. }) => Expr::call("ruby_status", vec![Expr::name(file)]),
            Some(ran) if ran.is_map => ran.member("status"),
            _ => {
                return self.refuse(
                    Kind::Construct,
                    "`$?`: ask with run_locally(\"…\", :result => true) and .ok",
                );
            }
        };
        self.remarks
            .push("`$?` as a text: it says `exit 1`, without the number of the process".to_owned());
        Ok(string(vec![Part::Text("exit ".to_owned()), Part::Value(status)]))
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
        let decision = node.as_if_node().map(|choice| choice.predicate());
        let decision = decision.or_else(|| node.as_unless_node().map(|choice| choice.predicate()));
        here.visit(decision.as_ref().unwrap_or(node));
        here.runs && (asks_status(node) || rest.iter().any(asks_status))
    }

    /// Returns true if statements ask for the status as a number, and not only for success.
    pub(super) fn is_asked_for_number(nodes: &[Node<'_>]) -> bool {
        let mut asks = 0;
        for node in nodes {
            asks += i32::from(source(node).contains("#{$?}"));
            each_node(node, &mut |node| {
                let Some(call) = node.as_call_node() else { return true };
                let is_number = |call: &CallNode<'_>| {
                    matches!(id(&call.name()).as_str(), "exitstatus" | "to_i")
                        && call.receiver().as_ref().is_some_and(is_status)
                };
                let left = call.receiver().and_then(|left| left.as_call_node());
                let with_zero = matches!(id(&call.name()).as_str(), "==" | "!=" | ">")
                    && arguments(&call, false).values.first().map(source).as_deref() == Some("0");
                asks += i32::from(is_number(&call)) - i32::from(with_zero && left.as_ref().is_some_and(is_number));
                true
            });
        }
        asks > 0
    }
}

/// Returns true if Ruby code asks how a command of this machine ended.
fn asks_status(node: &Node<'_>) -> bool {
    holds(node, &|node| {
        node.as_global_variable_read_node().is_some() && is_status(node)
    })
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

/// Returns true if statements give a local a value in whatever way they go, or go no further.
pub(super) fn is_always_set(nodes: &[Node<'_>], name: &str) -> bool {
    let list = |list: Option<ruby_prism::StatementsNode<'_>>| is_always_set(&statements(list.as_ref()), name);
    let other = |clause: Option<Node<'_>>| clause.is_some_and(|clause| is_always_set(&[clause], name));
    nodes.iter().any(|node| {
        if let Some(node) = node.as_if_node() {
            return list(node.statements()) && other(node.subsequent());
        }
        if let Some(node) = node.as_unless_node() {
            return list(node.statements()) && other(node.else_clause().map(|clause| clause.as_node()));
        }
        if let Some(node) = node.as_case_node() {
            let arms = node.conditions();
            let mut arms = arms.iter().filter_map(|arm| arm.as_when_node());
            return arms.all(|arm| list(arm.statements())) && other(node.else_clause().map(|clause| clause.as_node()));
        }
        if let Some(node) = node.as_begin_node() {
            return list(node.statements());
        }
        if let Some(node) = node.as_else_node() {
            return list(node.statements());
        }
        node.as_call_node().is_some_and(|call| ends(&call))
            || node.as_return_node().is_some()
            || node.as_next_node().is_some()
            || always_written(node).iter().any(|written| written == name)
    })
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
    fn visit_if_node(&mut self, node: &ruby_prism::IfNode<'pr>) {
        // Of `x ? y : z` the condition is always evaluated; that of `if` is read where its statement is.
        if node.if_keyword_loc().is_none() {
            self.visit(&node.predicate());
        }
    }
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
