//! Outlines of tasks for `capr tree`, `explain` and `graph`, read from the source of the recipe. No server is contacted, and no
//! task runs.

use std::collections::HashSet;
use std::rc::Rc;

use super::Recipe;
use super::addressed::{SaidOfServers, of_outline, servers};
use super::language::mask::masked;
use super::meaning::defined::Body;
use super::meaning::steps::{BlockPiece, BlockPieceKind, is_block, is_local, of_block, of_functions};
use super::running::{dialect, selected};
use crate::configuration::{
    Act, Addressed, BlockId, Graph, GraphTask, HookAction, Link, Outline, ReadVariable, RunOptions, Task, TaskStep,
    VariableRead, When,
};
use crate::origin::Origin;
use crate::sort;

/// The deepest level of tasks that call tasks; nobody reads a deeper tree.
const DEEPEST: usize = 40;

impl Recipe {
    /// Returns the outlines of these tasks, each with the hooks that run around it when the command line names it. All names must
    /// have been checked with `unknown_task`.
    pub fn outlines(&self, tasks: &[String]) -> Vec<Outline> {
        self.told(tasks, |task| Teller::new(self).named(task))
    }

    /// Returns the servers that the commands of these tasks would go to, and those of the tasks that these and their functions call;
    /// each task once. All names must have been checked with `unknown_task`.
    pub fn addressed(&self, tasks: &[String]) -> Vec<Addressed> {
        let mut teller = Teller::new(self);
        let mut found = Vec::new();
        for outline in self.told(tasks, |task| teller.named(task)) {
            of_outline(outline, &mut found);
        }
        found
    }

    fn told(&self, tasks: &[String], mut tell: impl FnMut(&Rc<Task>) -> Outline) -> Vec<Outline> {
        // What cannot be evaluated here is told when a task runs.
        let _ = dialect::read_conditions(&self.interpreter, &self.engine);
        let found = self.interpreter.budget().bounded(|| {
            let tasks = tasks
                .iter()
                .filter_map(|name| self.interpreter.defined().task(name, ""));
            tasks.map(|task| tell(&task)).collect()
        });
        selected::report_unknown_hosts(&self.interpreter);
        found
    }

    /// Returns the graph of the tasks that these lead to; without names, of the recipe's own tasks.
    pub fn graph(&self, tasks: &[String]) -> Graph {
        let defined = self.interpreter.defined();
        let named: Vec<Rc<Task>> = match tasks {
            [] => {
                let configuration = defined.configuration();
                let own = configuration.tasks.iter();
                own.filter(|task| !defined.is_of_stdlib(&task.origin.file))
                    .cloned()
                    .collect()
            }
            tasks => tasks.iter().filter_map(|name| defined.task(name, "")).collect(),
        };
        let mut drawing = Drawing {
            recipe: self,
            graph: Graph::default(),
            places: Vec::new(),
        };
        for task in named {
            drawing.place(&task, 0);
        }
        drawing.graph
    }

    /// Returns the tasks that lead to this one, sorted, each with its kind of link.
    pub fn callers(&self, task: &str) -> Vec<(Link, String)> {
        let defined = self.interpreter.defined();
        let Some(meant) = defined.task(task, "") else {
            return Vec::new();
        };
        let tasks: Vec<Rc<Task>> = defined.configuration().tasks.iter().cloned().collect();
        let mut callers: Vec<(Link, String)> = tasks
            .iter()
            .flat_map(|task| {
                let links = self.links(task).into_iter();
                let to_it = links.filter(|(_, other)| Rc::ptr_eq(other, &meant));
                to_it.map(|(link, _)| (link, task.name.clone()))
            })
            .collect();
        sort::by(&mut callers, |a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
        callers.dedup();
        callers
    }

    /// Returns the tasks that a task leads to, in the order of its source.
    fn links(&self, task: &Rc<Task>) -> Vec<(Link, Rc<Task>)> {
        let defined = self.interpreter.defined();
        let mut links = Vec::new();
        for (when, link) in [(When::Before, Link::Before), (When::After, Link::After)] {
            let (hooks, implicit) = {
                let configuration = defined.configuration();
                (
                    configuration.hooked(when, Some(task)),
                    configuration.implicit(when, task),
                )
            };
            links.extend(implicit.into_iter().map(|hook| (link, hook)));
            for hook in hooks {
                match &hook.action {
                    HookAction::Task(name, namespace) => {
                        links.extend(defined.task(name, namespace).map(|task| (link, task)));
                    }
                    HookAction::Block(block) => {
                        links.extend(self.called(*block).into_iter().map(|task| (link, task)));
                    }
                }
            }
        }
        links.extend(self.called(task.body).into_iter().map(|task| (Link::Calls, task)));
        links
    }

    /// Returns the tasks that a block and its functions call.
    fn called(&self, block: BlockId) -> Vec<Rc<Task>> {
        let mut teller = Teller::new(self);
        let Some(body) = self.interpreter.defined().body(block) else {
            return Vec::new();
        };
        let mut called = Vec::new();
        teller.calls(&of_block(&body.expression), &body, &mut called);
        called
    }
}

/// Builds the outline of one task.
struct Teller<'a> {
    recipe: &'a Recipe,
    /// Tasks whose steps have been outlined already.
    told: HashSet<*const Task>,
    /// Functions that are being outlined.
    inside: Vec<String>,
    /// The number of tasks around this place.
    depth: usize,
}

/// The task and the block that a step belongs to.
struct Place<'a> {
    task: &'a Rc<Task>,
    body: &'a Body,
}

impl<'a> Teller<'a> {
    fn new(recipe: &'a Recipe) -> Self {
        Self {
            recipe,
            told: HashSet::new(),
            inside: Vec::new(),
            depth: 0,
        }
    }

    /// Returns the outline of a task that the command line names.
    fn named(&mut self, task: &Rc<Task>) -> Outline {
        let before = self.hooks(When::Start, task);
        let mut outline = self.task(task);
        let after = self.hooks(When::Finish, task);
        outline.steps.splice(0..0, before);
        outline.steps.extend(after);
        outline
    }

    fn task(&mut self, task: &Rc<Task>) -> Outline {
        let is_again = !self.told.insert(Rc::as_ptr(task)) || self.depth >= DEEPEST;
        let recipe = self.recipe;
        let mut outline = Outline {
            task: task.name.clone(),
            description: task.description.clone(),
            origin: task.origin.clone(),
            is_of_library: recipe.interpreter.defined().is_of_stdlib(&task.origin.file),
            addressed: servers(&recipe.interpreter, &recipe.engine, task, None),
            options: options(task),
            reads: Vec::new(),
            steps: Vec::new(),
            is_again,
        };
        if is_again {
            return outline;
        }
        self.depth += 1;
        outline.steps = self.hooks(When::Before, task);
        if let Some(body) = recipe.interpreter.defined().body(task.body) {
            let pieces = of_block(&body.expression);
            let place = Place { task, body: &body };
            outline.steps.extend(self.steps(&pieces, &place));
            let mut names = Vec::new();
            self.names(&pieces, &body, &mut names);
            outline.reads = self.variables(names);
        }
        outline.steps.extend(self.hooks(When::After, task));
        self.depth -= 1;
        outline
    }

    /// Returns the hooks around a task as steps. Tasks that are hooks by their names are the first `before` hooks and the last
    /// `after` hooks.
    fn hooks(&mut self, when: When, task: &Rc<Task>) -> Vec<TaskStep> {
        let defined = self.recipe.interpreter.defined();
        let (hooks, implicit) = {
            let configuration = defined.configuration();
            let implicit = match when {
                When::Before | When::After => configuration.implicit(when, task),
                _ => Vec::new(),
            };
            (configuration.hooked(when, Some(task)), implicit)
        };
        let mut steps = Vec::new();
        for hook in &hooks {
            let inside = match &hook.action {
                HookAction::Task(name, namespace) => match defined.task(name, namespace) {
                    Some(task) => vec![self.called_task(&task, hook.origin.clone())],
                    None => continue,
                },
                HookAction::Block(block) => match defined.body(*block) {
                    Some(body) => self.steps(&of_block(&body.expression), &Place { task, body: &body }),
                    None => continue,
                },
            };
            steps.push(TaskStep {
                act: Act::Hook(when.name()),
                origin: hook.origin.clone(),
                steps: inside,
            });
        }
        let implicit = implicit.iter().map(|task| TaskStep {
            act: Act::Hook(when.name()),
            origin: Some(task.origin.clone()),
            steps: vec![self.called_task(task, None)],
        });
        let implicit: Vec<TaskStep> = implicit.collect();
        match when {
            When::Before => steps.splice(0..0, implicit).for_each(drop),
            _ => steps.extend(implicit),
        }
        steps
    }

    fn called_task(&mut self, task: &Rc<Task>, origin: Option<Origin>) -> TaskStep {
        TaskStep {
            act: Act::Task(Box::new(self.task(task))),
            origin,
            steps: Vec::new(),
        }
    }

    fn steps(&mut self, pieces: &[BlockPiece], place: &Place) -> Vec<TaskStep> {
        pieces.iter().flat_map(|piece| self.step(piece, place)).collect()
    }

    /// Returns a piece as steps; none if it does nothing.
    fn step(&mut self, piece: &BlockPiece, place: &Place) -> Vec<TaskStep> {
        let origin = origin(place.body, piece);
        let act = match &piece.kind {
            BlockPieceKind::Name(path) => {
                let task = self.meant(path, place.body);
                return task.map(|task| self.called_task(&task, origin)).into_iter().collect();
            }
            BlockPieceKind::Function(name) => return self.function(name, place),
            BlockPieceKind::Verb { name, given, servers } if is_block(name) => Act::Block {
                verb: name,
                text: given.clone(),
                addressed: self.of_its_own(servers.as_deref(), place),
            },
            BlockPieceKind::Verb { name, given, servers } => Act::Command {
                verb: name,
                text: given.clone(),
                is_local: is_local(name),
                addressed: self.of_its_own(servers.as_deref(), place),
            },
            BlockPieceKind::Under => Act::Under(self.line(origin.as_ref())),
            BlockPieceKind::Otherwise => Act::Under("else".to_owned()),
        };
        let steps = self.steps(&piece.inside, place);
        let is_empty = steps.is_empty() && matches!(act, Act::Block { .. } | Act::Under(_));
        match is_empty {
            true => Vec::new(),
            false => vec![TaskStep { act, origin, steps }],
        }
    }

    /// Returns the servers of a step that says something about them.
    fn of_its_own(&self, said: Option<&SaidOfServers>, place: &Place) -> Option<Addressed> {
        let recipe = self.recipe;
        said.map(|said| servers(&recipe.interpreter, &recipe.engine, place.task, Some(said.clone())))
    }

    /// Returns the steps of a function of the recipe, which replace its call.
    fn function(&mut self, name: &str, place: &Place) -> Vec<TaskStep> {
        if self.inside.iter().any(|around| around == name) {
            return Vec::new();
        }
        let (pieces, body) = self.functions(name, place.body);
        self.inside.push(name.to_owned());
        let inside = Place {
            task: place.task,
            body: &body,
        };
        let steps = self.steps(&pieces, &inside);
        self.inside.pop();
        steps
    }

    /// Returns the pieces of the functions with this name in the file of a block.
    fn functions(&self, name: &str, body: &Body) -> (Vec<BlockPiece>, Body) {
        let files = self.recipe.interpreter.defined().files();
        let mut texts = files.read.iter().rev();
        let text = texts.find(|text| Some(&text.file) == body.file.as_ref());
        let body = Body {
            namespace: "".into(),
            ..body.clone()
        };
        (
            text.map(|text| of_functions(text.ast(), name)).unwrap_or_default(),
            body,
        )
    }

    /// Returns the task that a name stands for, unless it stands for a variable.
    fn meant(&self, path: &[String], body: &Body) -> Option<Rc<Task>> {
        let defined = self.recipe.interpreter.defined();
        if let [name] = path
            && !matches!(defined.configuration().variables.read(name), VariableRead::Unknown)
        {
            return None;
        }
        defined.named(path, &body.namespace)
    }

    /// Collects the tasks that pieces call, including those that their functions call.
    fn calls(&mut self, pieces: &[BlockPiece], body: &Body, called: &mut Vec<Rc<Task>>) {
        for piece in pieces {
            match &piece.kind {
                BlockPieceKind::Name(path) => called.extend(self.meant(path, body)),
                BlockPieceKind::Function(name) if !self.inside.contains(name) => {
                    let (pieces, body) = self.functions(name, body);
                    self.inside.push(name.clone());
                    self.calls(&pieces, &body, called);
                    self.inside.pop();
                }
                _ => {}
            }
            self.calls(&piece.inside, body, called);
        }
    }

    /// Collects the names in pieces that may be names of variables.
    fn names(&mut self, pieces: &[BlockPiece], body: &Body, names: &mut Vec<String>) {
        for piece in pieces {
            match &piece.kind {
                BlockPieceKind::Name(path) => names.extend(path.first().cloned()),
                BlockPieceKind::Function(name) if !self.inside.contains(name) => {
                    let (pieces, body) = self.functions(name, body);
                    self.inside.push(name.clone());
                    self.names(&pieces, &body, names);
                    self.inside.pop();
                }
                _ => {}
            }
            self.names(&piece.inside, body, names);
        }
    }

    /// Returns those of the names that are variables, each once.
    fn variables(&self, names: Vec<String>) -> Vec<ReadVariable> {
        let configuration = self.recipe.interpreter.defined().configuration();
        let mut seen = HashSet::new();
        let new = names.into_iter().filter(|name| seen.insert(name.clone()));
        new.filter_map(|name| {
            let (setting, _) = configuration.variables.settings(&name)?;
            Some(ReadVariable {
                name,
                setting: Some(setting.clone()),
            })
        })
        .collect()
    }

    /// Returns the line in which a condition or a loop begins, without its brace.
    fn line(&self, origin: Option<&Origin>) -> String {
        let files = self.recipe.interpreter.defined().files();
        let line = origin.and_then(|origin| {
            let line = files.line(&origin.file, origin.line)?;
            let whole = masked(&files.before(&origin.file, origin.line), &line);
            let from = origin.column.saturating_sub(1);
            Some(whole.chars().skip(from).collect::<String>())
        });
        let line = line.unwrap_or_default();
        let condition = line.split(" {").next().unwrap_or_default().trim();
        condition.trim_end_matches('{').trim_end().to_owned()
    }
}

/// Returns the place of a piece in the source.
fn origin(body: &Body, piece: &BlockPiece) -> Option<Origin> {
    Some(Origin {
        file: body.file.clone()?,
        line: piece.position.line()?,
        column: piece.position.position().unwrap_or(0),
    })
}

/// Returns the options of a task other than its servers.
fn options(task: &Task) -> Vec<(&'static str, String)> {
    let mut options = Vec::new();
    if task.lock {
        options.push(("lock", "true".to_owned()));
    }
    if let Some(question) = &task.confirm {
        let question = if question.is_empty() { "true" } else { question };
        options.push(("confirm", question.to_owned()));
    }
    if let Some(word) = &task.word {
        options.push(("word", word.clone()));
    }
    if !task.arguments.is_empty() {
        options.push(("arguments", task.arguments.join(", ")));
    }
    let RunOptions { dir, pty, timeout, .. } = &task.options;
    options.extend(dir.clone().map(|dir| ("dir", dir)));
    options.extend(pty.map(|pty| ("pty", pty.to_string())));
    options.extend(timeout.map(|timeout| ("timeout", format!("{} s", timeout.as_secs()))));
    options
}

/// A graph that is being built.
struct Drawing<'a> {
    recipe: &'a Recipe,
    graph: Graph,
    /// The tasks of the graph, in the order of their indices.
    places: Vec<*const Task>,
}

impl Drawing<'_> {
    /// Returns the index of a task, after adding it and everything that it leads to if it is new.
    fn place(&mut self, task: &Rc<Task>, depth: usize) -> usize {
        if let Some(place) = self.places.iter().position(|other| *other == Rc::as_ptr(task)) {
            return place;
        }
        let place = self.places.len();
        self.places.push(Rc::as_ptr(task));
        let said = task.description.as_deref().and_then(|text| text.lines().next());
        self.graph.tasks.push(GraphTask {
            name: task.name.clone(),
            said: said.filter(|said| !said.is_empty()).map(str::to_owned),
            is_of_library: self.recipe.interpreter.defined().is_of_stdlib(&task.origin.file),
        });
        if depth >= DEEPEST {
            return place;
        }
        for (link, other) in self.recipe.links(task) {
            let other = self.place(&other, depth + 1);
            let link = (place, other, link);
            if !self.graph.links.contains(&link) {
                self.graph.links.push(link);
            }
        }
        place
    }
}
