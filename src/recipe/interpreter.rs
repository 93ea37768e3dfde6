//! What a recipe's verbs and names work on: the configuration, the actor, the blocks kept for later, and where in the
//! recipe we are. No borrow of it is held while a script runs.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use indexmap::IndexMap;
use rhai::{Dynamic, Engine, Position};

use super::block::Block;
use super::loader::Files;
use super::origin::{locate, wrong};
use super::words::Words;
use super::{Fallible, Options, Prompts, Surroundings};
use crate::actor::Actor;
use crate::configuration::{BlockId, Configuration, Filter, Read, RunOptions, Selection, Server, Task, When, nearest};
use crate::diagnostic::ServerFailure;
use crate::event::{Event, Level};
use crate::interrupt::Interrupt;
use crate::secret::Secret;

/// Task frames above this are taken for tasks that call each other without an end.
const MAX_FRAMES: usize = 50;

/// What the name of a variable that holds a secret has in it.
const SECRETS: [&str; 4] = ["password", "passphrase", "secret", "token"];

/// A namespace as a value: `deploy.web.disable` walks it.
#[derive(Clone, Debug)]
pub(super) struct Namespace(pub(super) Rc<str>);

/// The state of one run.
pub(super) struct Interpreter {
    pub(super) configuration: RefCell<Configuration<Dynamic>>,
    pub(super) actor: RefCell<Actor>,
    pub(super) prompts: RefCell<Box<dyn Prompts>>,
    pub(super) interrupt: Interrupt,
    pub(super) files: RefCell<Files>,
    pub(super) words: RefCell<Words>,
    pub(super) filter: Filter,
    pub(super) home: Option<PathBuf>,
    pub(super) dry_run: bool,
    /// The description that the next task gets.
    pub(super) description: RefCell<Option<String>>,
    /// Whether the last rollback was complete, once there was one.
    pub(super) rollback: Cell<Option<bool>>,
    /// The password once it was asked for.
    pub(super) password: RefCell<Option<Secret>>,
    /// Whether the variable `password` was refused: the person is asked instead.
    pub(super) password_refused: Cell<bool>,
    /// Shared, so that a recipe sees what it changes.
    pub(super) environment: Dynamic,
    /// Servers that failed where the recipe goes on, and what failed there.
    pub(super) left_out: RefCell<IndexMap<Server, ServerFailure>>,
    blocks: RefCell<Vec<Block>>,
    namespace: RefCell<Rc<str>>,
    frames: RefCell<Vec<Rc<Task>>>,
    evaluating: RefCell<Vec<String>>,
    /// The handlers of the open transaction, and whose they are.
    pub(super) handlers: RefCell<Vec<(BlockId, Rc<Task>)>>,
}

impl Interpreter {
    pub(super) fn new(options: &Options, surroundings: Surroundings) -> Self {
        let environment: rhai::Map = options
            .environment
            .iter()
            .map(|(name, value)| (name.as_str().into(), value.clone().into()))
            .collect();
        let Surroundings {
            remote,
            local,
            reporter,
            prompts,
            redactor,
            interrupt,
        } = surroundings;
        Self {
            configuration: RefCell::default(),
            actor: RefCell::new(Actor::new(remote, local, reporter, redactor, interrupt.clone())),
            prompts: RefCell::new(prompts),
            interrupt,
            files: RefCell::new(Files::new(options.stdlib.clone())),
            words: RefCell::new(Words::new(|word| super::verbs::find(word).is_some())),
            filter: Filter {
                preserve_roles: options.preserve_roles,
                ..Filter::from_environment(&options.environment)
            },
            home: options.home.clone(),
            dry_run: options.dry_run,
            description: RefCell::default(),
            rollback: Cell::default(),
            password: RefCell::default(),
            password_refused: Cell::default(),
            environment: Dynamic::from_map(environment).into_shared(),
            left_out: RefCell::default(),
            blocks: RefCell::default(),
            namespace: RefCell::new("".into()),
            frames: RefCell::default(),
            evaluating: RefCell::default(),
            handlers: RefCell::default(),
        }
    }

    /// Tells an event. While the actor itself is at work (a password is being asked for) nothing can be told.
    pub(super) fn emit(&self, event: Event) {
        if let Ok(mut actor) = self.actor.try_borrow_mut() {
            actor.emit(event);
        }
    }

    pub(super) fn say(&self, level: Level, text: impl Into<String>) {
        self.emit(Event::Message {
            level,
            tag: None,
            text: text.into(),
        });
    }

    // Blocks.

    pub(super) fn keep(&self, block: Block) -> BlockId {
        let mut blocks = self.blocks.borrow_mut();
        blocks.push(block);
        BlockId(blocks.len() - 1)
    }

    /// Evaluates a block that was kept, in the namespace it stands in.
    pub(super) fn call(&self, engine: &Engine, id: BlockId, parameters: &[(String, Dynamic)]) -> Fallible {
        let Some(block) = self.blocks.borrow().get(id.0).cloned() else {
            return Err(wrong("a block that was never kept", Position::NONE));
        };
        let around = self.namespace.replace(block.namespace.clone());
        let result = block.call(engine, parameters);
        self.namespace.replace(around);
        result
    }

    // Namespaces.

    /// The namespace that names are looked up in; empty at the top.
    pub(super) fn namespace(&self) -> Rc<str> {
        self.namespace.borrow().clone()
    }

    /// Enters `namespace`, and gives back the one around it.
    pub(super) fn enter_namespace(&self, namespace: Rc<str>) -> Rc<str> {
        self.namespace.replace(namespace)
    }

    /// The full name of something defined here.
    pub(super) fn full_name(&self, name: &str) -> String {
        join(&self.namespace(), name)
    }

    // Names.

    /// What a bare name stands for: a variable, a task (which then runs) or a namespace. A name that is both a task and
    /// a namespace is the task where it is a whole statement.
    pub(super) fn lookup(&self, engine: &Engine, name: &str, is_statement: bool) -> Fallible<Option<Dynamic>> {
        if name == "ENV" {
            return Ok(Some(self.environment.clone()));
        }
        if let Some(value) = self.variable(engine, name)? {
            return Ok(Some(value));
        }
        let found = self.outwards(&self.namespace()).find_map(|namespace| {
            let full = join(&namespace, name);
            let configuration = self.configuration.borrow();
            let is_namespace = configuration.tasks.is_namespace(&full);
            match configuration.tasks.get(&full) {
                Some(task) if is_statement || !is_namespace => Some(Ok(task)),
                _ if is_namespace => Some(Err(Namespace(full.into()))),
                _ => None,
            }
        });
        match found {
            Some(Ok(task)) => self.run_task(engine, &task).map(Some),
            Some(Err(namespace)) => Ok(Some(Dynamic::from(namespace))),
            None => Ok(None),
        }
    }

    /// A variable's value; a lazy one is evaluated now, once.
    pub(super) fn variable(&self, engine: &Engine, name: &str) -> Fallible<Option<Dynamic>> {
        let read = self.configuration.borrow().variables.read(name);
        match read {
            Read::Value(value) => Ok(Some(value)),
            Read::Unknown => Ok(None),
            Read::Lazy(block) => {
                if self.evaluating.borrow().iter().any(|other| other == name) {
                    let mut chain = self.evaluating.borrow().clone();
                    chain.push(name.to_owned());
                    let message = format!("variable `{name}' depends on itself: {}", chain.join(" → "));
                    return Err(wrong(message, Position::NONE));
                }
                self.evaluating.borrow_mut().push(name.to_owned());
                let result = self.call(engine, block, &[]);
                self.evaluating.borrow_mut().pop();
                let value = shared(result?);
                self.keep_secret(name, &value);
                self.configuration
                    .borrow_mut()
                    .variables
                    .evaluated(name, block, value.clone());
                Ok(Some(value))
            }
        }
    }

    /// A text variable; `None` where it is not set or `()`.
    pub(super) fn text_variable(&self, engine: &Engine, name: &str) -> Fallible<Option<String>> {
        Ok(match self.variable(engine, name)? {
            Some(value) if !value.is_unit() => Some(value.to_string()),
            _ => None,
        })
    }

    /// Sets a variable. Maps and lists are shared, so that they can be changed in place.
    pub(super) fn set(&self, name: &str, value: Dynamic) {
        self.keep_secret(name, &value);
        self.configuration.borrow_mut().variables.set(name, shared(value));
    }

    /// The value of a variable whose name says that it is a secret is shown nowhere.
    fn keep_secret(&self, name: &str, value: &Dynamic) {
        let is_secret = SECRETS.iter().any(|word| name.contains(word));
        if is_secret
            && value.is_string()
            && let Ok(actor) = self.actor.try_borrow()
        {
            actor.redactor().add(&Secret::new(value.to_string()));
        }
    }

    /// The task a name stands for, looked up from this namespace outwards.
    pub(super) fn task(&self, name: &str, namespace: &str) -> Option<Rc<Task>> {
        let configuration = self.configuration.borrow();
        self.outwards(namespace)
            .find_map(|namespace| configuration.tasks.get(&join(&namespace, name)))
    }

    fn outwards(&self, namespace: &str) -> impl Iterator<Item = String> + use<> {
        let mut next = Some(namespace.to_owned());
        std::iter::from_fn(move || {
            let here = next.take()?;
            if !here.is_empty() {
                next = Some(here.rsplit_once(':').map_or("", |(outer, _)| outer).to_owned());
            }
            Some(here)
        })
    }

    /// A known name like this one: `did you mean …?`
    pub(super) fn suggestion(&self, name: &str) -> Option<String> {
        let configuration = self.configuration.borrow();
        let mut names: Vec<&str> = super::verbs::names().collect();
        names.extend(configuration.variables.names());
        names.extend(
            configuration
                .tasks
                .names()
                .map(|task| task.rsplit(':').next().unwrap_or(task)),
        );
        nearest(name, names).map(|name| format!("did you mean `{name}'?"))
    }

    // Tasks.

    /// Runs a task with its hooks, whatever its name was.
    pub(super) fn run_task(&self, engine: &Engine, task: &Rc<Task>) -> Fallible {
        if self.frames.borrow().len() >= MAX_FRAMES {
            let frames = self.frames.borrow();
            let last: Vec<&str> = frames
                .iter()
                .rev()
                .take(4)
                .rev()
                .map(|task| task.name.as_str())
                .collect();
            return Err(wrong(
                format!(
                    "tasks call each other too deeply: … {} → {}",
                    last.join(" → "),
                    task.name
                ),
                Position::NONE,
            ));
        }
        self.implicit_hooks(engine, task, "before")?;
        self.frames.borrow_mut().push(task.clone());
        if let Ok(mut actor) = self.actor.try_borrow_mut() {
            actor.enter(&task.name);
        }
        let result = self.body(engine, task);
        if let Ok(mut actor) = self.actor.try_borrow_mut() {
            actor.leave(result.is_ok());
        }
        self.frames.borrow_mut().pop();
        let value = result.map_err(|error| super::origin::leaving(locate(error, None), &task.name))?;
        self.implicit_hooks(engine, task, "after")?;
        Ok(value)
    }

    fn body(&self, engine: &Engine, task: &Rc<Task>) -> Fallible {
        self.hooks(engine, When::Before, Some(task))?;
        let value = self.call(engine, task.body, &[])?;
        self.hooks(engine, When::After, Some(task))?;
        Ok(value)
    }

    /// The frame of a rollback handler: its task is the current one again, but not run.
    pub(super) fn with_frame<T>(&self, task: Option<Rc<Task>>, work: impl FnOnce() -> T) -> T {
        let pushed = task.map(|task| self.frames.borrow_mut().push(task)).is_some();
        let result = work();
        if pushed {
            self.frames.borrow_mut().pop();
        }
        result
    }

    /// The innermost running task.
    pub(super) fn current_task(&self) -> Option<Rc<Task>> {
        self.frames.borrow().last().cloned()
    }

    /// Selection and options of the innermost running task.
    pub(super) fn task_settings(&self) -> (Selection, RunOptions) {
        match self.current_task() {
            Some(task) => (task.selection.clone(), task.options.clone()),
            None => (Selection::default(), RunOptions::default()),
        }
    }
}

/// `namespace:name`.
pub(super) fn join(namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}:{name}")
    }
}

/// Maps and lists are shared: `ssh_options["forward_agent"] = true` changes the variable.
fn shared(value: Dynamic) -> Dynamic {
    if value.is_map() || value.is_array() {
        value.into_shared()
    } else {
        value
    }
}
