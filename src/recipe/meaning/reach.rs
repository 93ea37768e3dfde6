//! Finds everything that a run can reach: the named tasks with their hooks, and the tasks, functions and lazy variables that
//! these mention.

use std::collections::HashSet;
use std::rc::Rc;

use rhai::{ASTNode, Engine, Expr, Position, Span, Stmt};

use super::claims::{Text, Walk};
use super::defined::Defined;
use super::findings::Findings;
use super::mentions::{closure, literal, path, verb};
use crate::configuration::{BlockId, Hook, HookAction, Task, VariableRead, When};
use crate::diagnostic::{Diagnostic, Severity};

/// A part of a source: its file, its beginning, its end.
type Region = (Rc<str>, (usize, usize), (usize, usize));

/// Everything that was reached so far.
struct Reach<'a> {
    defined: &'a Defined,
    texts: &'a [Text],
    tasks: HashSet<*const Task>,
    /// The tasks in the order in which they were reached.
    order: Vec<Rc<Task>>,
    blocks: HashSet<usize>,
    /// The names of variables and functions that were looked up already.
    names: HashSet<String>,
    /// The names in blocks and functions that are still to be handled, each with its namespace.
    left: Vec<(Names, Rc<str>)>,
    regions: Vec<Region>,
}

/// The names in a block, split into words.
type Names = Vec<Vec<String>>;

impl Findings<'_> {
    /// Returns the errors in everything that these tasks can reach. A missing role is no error if the person has named the
    /// servers of this run.
    pub(in crate::recipe) fn reached(
        &self,
        engine: &Engine,
        tasks: &[String],
        servers_are_named: bool,
    ) -> Vec<Diagnostic> {
        let mut found = self.errors(engine);
        if !servers_are_named {
            found.extend(self.tasks_without_servers());
        }
        found.retain(|diagnostic| diagnostic.severity == Severity::Error);
        if found.is_empty() {
            return found;
        }
        let reach = self.reach(tasks);
        found.retain(|diagnostic| {
            diagnostic.origin.as_ref().is_some_and(|origin| {
                let place = (origin.line, origin.column);
                let mut regions = reach.regions.iter();
                regions.any(|(file, start, end)| *file == origin.file && *start <= place && place <= *end)
            })
        });
        found
    }

    /// Returns the tasks that these can reach, including themselves.
    pub(in crate::recipe) fn tasks_from(&self, tasks: &[String]) -> Vec<Rc<Task>> {
        self.reach(tasks).order
    }

    /// Returns the tasks that these can reach, including themselves; those in `passed_over` are left out and not followed.
    pub(super) fn tasks_from_but(&self, tasks: &[String], passed_over: &[&str]) -> Vec<Rc<Task>> {
        let mut reach = self.begin();
        let passed_over = passed_over.iter().filter_map(|name| self.defined.task(name, ""));
        reach.tasks = passed_over.map(|task| Rc::as_ptr(&task)).collect();
        reach.follow(tasks);
        reach.order
    }

    fn reach(&self, tasks: &[String]) -> Reach<'_> {
        let mut reach = self.begin();
        reach.follow(tasks);
        reach
    }

    fn begin(&self) -> Reach<'_> {
        Reach {
            defined: self.defined,
            texts: self.texts,
            tasks: HashSet::new(),
            order: Vec::new(),
            blocks: HashSet::new(),
            names: HashSet::new(),
            left: Vec::new(),
            regions: Vec::new(),
        }
    }
}

impl Reach<'_> {
    fn follow(&mut self, tasks: &[String]) {
        for name in tasks {
            if let Some(task) = self.defined.task(name, "") {
                self.hooks(&[When::Start, When::Finish], Some(&task));
                self.task(&task);
            }
        }
        self.hooks(&[When::Exit, When::Failure], None);
        while let Some((names, namespace)) = self.left.pop() {
            for path in names {
                if let Some(task) = self.defined.named(&path, &namespace) {
                    self.task(&task);
                }
                for name in path {
                    self.name(&name);
                }
            }
        }
    }

    fn task(&mut self, task: &Rc<Task>) {
        if !self.tasks.insert(Rc::as_ptr(task)) {
            return;
        }
        self.order.push(Rc::clone(task));
        let place = (task.origin.line, task.origin.column);
        self.block(task.body, (task.origin.line > 0).then_some(place));
        for function in [task.selection.hosts_from, task.selection.roles_from]
            .into_iter()
            .flatten()
        {
            self.block(function, None);
        }
        self.hooks(&[When::Before, When::After], Some(task));
        for when in [When::Before, When::After] {
            let hooks = self.defined.configuration().implicit(when, task);
            hooks.iter().for_each(|hook| self.task(hook));
        }
    }

    fn hooks(&mut self, events: &[When], task: Option<&Rc<Task>>) {
        let hooks: Vec<Hook> = {
            let configuration = self.defined.configuration();
            events
                .iter()
                .flat_map(|when| configuration.hooked(*when, task))
                .collect()
        };
        for hook in &hooks {
            match &hook.action {
                HookAction::Block(block) => self.block(*block, None),
                HookAction::Task(name, namespace) => {
                    if let Some(task) = self.defined.task(name, namespace) {
                        self.task(&task);
                    }
                }
            }
        }
    }

    /// Handles the name of a variable or a function, or of both.
    fn name(&mut self, name: &str) {
        if !self.names.insert(name.to_owned()) {
            return;
        }
        let read = self.defined.configuration().variables.read(name);
        if let VariableRead::Lazy(block) = read {
            self.block(block, None);
        }
        for text in self.texts {
            for span in text.functions(name) {
                self.region(&text.file, None, span);
                let names = named(|on| text.walk_in(span, on));
                self.left.push((names, "".into()));
            }
        }
    }

    /// Handles a block, perhaps with the position of the verb that it belongs to.
    fn block(&mut self, id: BlockId, from: Option<(usize, usize)>) {
        let Some(block) = self.defined.body(id).filter(|_| self.blocks.insert(id.0)) else {
            return;
        };
        let names = named(|on| {
            block.expression.walk(&mut Vec::new(), on);
        });
        if let (Some(file), Expr::Stmt(body)) = (&block.file, &*block.expression) {
            self.region(file, from, body.span());
        }
        self.left.push((names, Rc::clone(&block.namespace)));
    }

    fn region(&mut self, file: &str, from: Option<(usize, usize)>, span: Span) {
        let place = |position: Position| Some((position.line()?, position.position().unwrap_or(0)));
        if let (Some(start), Some(end)) = (place(span.start()), place(span.end())) {
            // The arguments of a verb stand before its block, usually on the same line.
            self.regions.push((file.into(), from.unwrap_or((start.0, 0)), end));
        }
    }
}

/// Returns the names that a walk comes to.
fn named(walk: impl FnOnce(Walk)) -> Names {
    let mut names = Names::new();
    walk(&mut |nodes| {
        match nodes.last() {
            Some(ASTNode::Expr(Expr::Custom(call, _))) if verb(call) == Some("fetch") => {
                names.extend(call.inputs.first().and_then(literal).map(|name| vec![name]));
            }
            Some(ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)))
            | Some(ASTNode::Stmt(Stmt::FnCall(call, _))) => names.push(vec![call.name.to_string()]),
            Some(ASTNode::Expr(expression)) => {
                names.extend(path(expression));
                names.extend(closure(expression).map(|name| vec![name]));
            }
            _ => {}
        }
        true
    });
    names
}
