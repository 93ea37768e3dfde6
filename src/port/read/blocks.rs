//! Reads functions that are given a block: it is a function without a name, their last argument.

use ruby_prism::{CallNode, Node};

use super::super::facts::Function;
use super::super::form::{Block, Call, Expr, Line, Statement};
use super::super::nodes::holds;
use super::super::note::{Kind, Read};
use super::super::ruby::{Behind, Offsets, arguments, behind, body_of, constant, id, statements};
use super::super::walk::{declared, each_value};
use super::Reader;
use super::locals::{Local, Type};

/// The words that define something: they stand in no function.
const DEFINING: &[&str] = &["after", "before", "desc", "namespace", "role", "server", "task"];

impl Reader<'_> {
    /// Returns what stands for the block that a function is given; `None` if the function takes none.
    pub(super) fn given_block(&mut self, call: &CallNode<'_>, name: &str, function: &Function) -> Read<Option<Expr>> {
        if !function.takes_block {
            return match call.block() {
                Some(_) => self.refuse(
                    Kind::Construct,
                    format!("`{name}` is given a block that it does not take"),
                ),
                None => Ok(None),
            };
        }
        let Some(block) = call.block() else {
            return Ok(Some(Expr::Unit));
        };
        if let Some(argument) = block.as_block_argument_node() {
            return match argument
                .expression()
                .filter(|node| node.as_local_variable_read_node().is_some())
            {
                Some(local) => self.expression(&local).map(Some),
                None => self.refuse(
                    Kind::Construct,
                    format!("`{name}` is given a function in place of a block"),
                ),
            };
        }
        match behind(call).filter(|behind| !behind.is_odd && !defines(behind)) {
            Some(behind) => Ok(Some(self.as_function(&behind))),
            None => self.refuse(Kind::Construct, format!("`{name}` is given a block of this kind")),
        }
    }

    /// Reads a block as a function, whose value is that of its last statement.
    fn as_function(&mut self, behind: &Behind<'_>) -> Expr {
        self.scopes.push(std::collections::BTreeMap::new());
        let names = behind.parameters.iter();
        let names: Vec<String> = names.map(|name| self.declare(name, Local::default())).collect();
        if names.len() == 3 {
            // It takes the output of a command.
            self.streams.extend(names.first().cloned());
        }
        let loops = std::mem::take(&mut self.loops);
        self.deferred += 1;
        let mut body = match &behind.rescue {
            Some(whole) => self.statements(std::slice::from_ref(whole), behind.end, true),
            None => self.statements(&statements(behind.body.as_ref()), behind.end, true),
        };
        self.deferred -= 1;
        self.loops = loops;
        self.scopes.pop();
        self.ask_later(&names, &mut body);
        Expr::Closure(names, body)
    }

    /// Reads a lambda, which is called later than it is made.
    pub(super) fn function_of_later(&mut self, behind: Behind<'_>) -> Read<Expr> {
        let mut function = self.lambda(behind, Type::Unknown)?;
        if let Expr::Closure(names, body) = &mut function {
            self.ask_later(names, body);
        }
        Ok(function)
    }

    /// Makes a function ask for variables and run tasks when it is called.
    fn ask_later(&self, names: &[String], body: &mut Block) {
        let mut own = declared(body);
        own.extend(names.iter().cloned());
        each_value(body, &mut |value| {
            if let Expr::Name(name) = value
                && !own.contains(name)
                && !self.is_written(name)
                && let Some(asked) = self.asked_later(name)
            {
                *value = asked;
            }
        });
    }

    /// Returns the call that has the value of a variable, or runs a task. A function takes the values of bare names when it is made.
    fn asked_later(&self, name: &str) -> Option<Expr> {
        let is_variable = self.facts.is_variable(name) || self.facts.is_of_library(name) || self.unset.contains(name);
        if is_variable {
            return Some(Expr::call("fetch", vec![Expr::symbol(name)]));
        }
        let task = self.facts.task(name, &self.namespaces)?;
        Some(Expr::call("invoke", vec![Expr::Text(task)]))
    }

    /// Returns `run command, &block`: the block of the function takes the output, if the function is given one.
    pub(super) fn with_given_block(&self, call: &CallNode<'_>, written: &Call) -> Option<Vec<Line>> {
        let given = call.block()?.as_block_argument_node()?.expression()?;
        let name = id(&given.as_local_variable_read_node()?.name());
        let block = Expr::Name(self.local(&name).filter(|_| self.block.is_some())?.written.clone());
        let parameters: Vec<String> = ["channel", "stream", "data"].map(str::to_owned).to_vec();
        let values = parameters.iter().map(|name| Expr::name(name)).collect();
        let taken = Line::new(Statement::Value(block.clone().method("call", values)));
        let with_output = Line::verb(Call {
            parameters,
            block: Some(Block::of(vec![taken])),
            ..written.clone()
        });
        let arms = vec![(
            block.binary("==", Expr::Unit),
            Block::of(vec![Line::verb(written.clone())]),
        )];
        let otherwise = Some(Block::of(vec![with_output]));
        Some(vec![Line::new(Statement::Value(Expr::If(arms, otherwise)))])
    }

    /// Reads `yield`.
    pub(super) fn yielded(&mut self, node: &ruby_prism::YieldNode<'_>) -> Read<Expr> {
        let given = node.arguments().map(|arguments| arguments.arguments());
        let given: Vec<Node<'_>> = given.iter().flat_map(|list| list.iter()).collect();
        let values = self.expressions(&given)?;
        match self.block.clone() {
            Some(block) => Ok(Expr::Name(block).method("call", values)),
            None => self.refuse(Kind::Construct, "`yield` outside of a function"),
        }
    }

    /// Reads `instance_eval(&block)`, which runs the block that the function is given.
    pub(super) fn evaluated_block(&mut self, call: &CallNode<'_>, name: &str) -> Read<Option<Vec<Line>>> {
        let is_evaluated = matches!(name, "instance_eval" | "instance_exec");
        let block = call.block().filter(|_| is_evaluated);
        let local = block.and_then(|block| block.as_block_argument_node()?.expression());
        let Some(local) = local.filter(|node| node.as_local_variable_read_node().is_some()) else {
            return Ok(None);
        };
        let values = self.expressions(&arguments(call, false).values)?;
        let block = self.expression(&local)?.method("call", values);
        Ok(Some(vec![Line::new(Statement::Value(block))]))
    }

    /// Declares the parameter for the block that a function takes.
    pub(super) fn block_parameter(&mut self, function: &ruby_prism::DefNode<'_>) -> Option<String> {
        let name = super::super::parameters::block_of(function)?;
        let local = Local {
            kind: Type::Function,
            ..Local::default()
        };
        Some(self.declare(&name, local))
    }
}

/// Returns true for a block that defines tasks, hooks or servers.
fn defines(behind: &Behind<'_>) -> bool {
    let is_defining = |node: &Node<'_>| {
        let call = node.as_call_node().filter(|call| call.receiver().is_none());
        call.is_some_and(|call| DEFINING.contains(&id(&call.name()).as_str()))
    };
    let list = behind.body.as_ref().map(|list| list.as_node());
    let mut nodes = list.iter().chain(&behind.rescue);
    nodes.any(|node| holds(node, &is_defining))
}

/// Returns the content of a function without a name: `-> { … }`, `lambda { … }`, `Proc.new { … }`.
pub(in crate::port) fn function_of<'pr>(value: &Node<'pr>) -> Option<Behind<'pr>> {
    if let Some(lambda) = value.as_lambda_node() {
        return Some(body_of(
            lambda.parameters(),
            lambda.body(),
            lambda.location().end_offset(),
        ));
    }
    let inner = super::conditions::inside(value);
    let call = inner.as_ref().unwrap_or(value).as_call_node()?;
    let is_function = matches!(id(&call.name()).as_str(), "lambda" | "proc" | "defer");
    let is_new = id(&call.name()) == "new"
        && call
            .receiver()
            .is_some_and(|class| constant(&class).as_deref() == Some("Proc"));
    behind_if(&call, is_function && call.receiver().is_none() || is_new)
}

fn behind_if<'pr>(call: &CallNode<'pr>, wanted: bool) -> Option<Behind<'pr>> {
    wanted.then(|| behind(call)).flatten()
}
