//! The state that a recipe's verbs and names work on: the configuration, the actor, the blocks kept for later, and the present
//! place in the recipe. No borrow of it is held while a script runs.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::rc::{Rc, Weak};
use std::time::Duration;

use indexmap::IndexMap;
use rhai::{Dynamic, Engine, INT, Position};

use super::around::Around;
use super::block::Block;
use super::lock::Locks;
use super::missing::Missing;
use super::pause::Bell;
use super::surroundings::{Options, Prompts, Surroundings};
use crate::actor::Actor;
use crate::configuration::{BlockId, Filter, Read, RunOptions, Selection, Server, Setter, Task, TaskId, When, join};
use crate::diagnostic::{Diagnostic, Fault, Origin, ServerFailure};
use crate::event::{Event, Level};
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::recipe::language::origin::{Fallible, asked_by_recipe, raise, wrong};
use crate::recipe::language::syntax::words::Words;
use crate::recipe::language::values::{plain, refused};
use crate::recipe::meaning::defined::{Body, Defined};
use crate::recipe::meaning::errors::locate;
use crate::recipe::meaning::files::Files;
use crate::run_id::RunId;
use crate::secret::Secret;

/// The deepest nesting of tasks, which the stack has to bear.
const MAX_FRAMES: usize = 50;

/// The state of one run.
pub(in crate::recipe) struct Interpreter {
    /// The definitions of recipes so far.
    pub(in crate::recipe) defined: Defined,
    pub(in crate::recipe) actor: RefCell<Actor>,
    pub(in crate::recipe) prompts: RefCell<Box<dyn Prompts>>,
    pub(in crate::recipe) interrupt: Interrupt,
    pub(in crate::recipe) words: RefCell<Words>,
    /// The person's conditions for servers. They change only between the lines of an interactive shell.
    pub(in crate::recipe) filter: RefCell<Filter>,
    pub(in crate::recipe) home: Option<PathBuf>,
    pub(in crate::recipe) journal: Journal,
    /// True while the results of an earlier run are returned and not reported.
    pub(in crate::recipe) is_replaying: Cell<bool>,
    /// True if the run that was resumed is rolled back, as the person wanted.
    pub(in crate::recipe) was_undone: Cell<bool>,
    pub(in crate::recipe) dry_run: bool,
    /// True if the person is asked before each command.
    pub(in crate::recipe) asks_consent: bool,
    /// True if hooks do not run.
    pub(in crate::recipe) recovers: bool,
    /// The locks of this run.
    pub(in crate::recipe) locks: RefCell<Locks>,
    /// The time for which somebody else's lock is waited for.
    pub(in crate::recipe) lock_wait: Duration,
    pub(in crate::recipe) run: RunId,
    /// True once the hosts that the recipe does not name were reported.
    pub(in crate::recipe) has_greeted: Cell<bool>,
    /// The hosts of the command line that were reported as left out of deploys.
    pub(in crate::recipe) unreleased: RefCell<HashSet<Server>>,
    /// True if the recipe is only examined.
    pub(in crate::recipe) only_looks: bool,
    /// True while recipes are loaded, when no server is contacted.
    pub(in crate::recipe) is_loading: Cell<bool>,
    /// True if a string was made of a missing value; the next field has the place.
    pub(in crate::recipe) is_missing: Cell<bool>,
    pub(in crate::recipe) missing: RefCell<Option<Missing>>,
    /// The last command on this machine that was not run because the recipe is only examined.
    pub(in crate::recipe) not_run: RefCell<Option<(&'static str, Option<Origin>)>>,
    /// The description that the next task gets.
    pub(in crate::recipe) description: RefCell<Option<String>>,
    /// True if the last rollback was complete; `None` before the first.
    pub(in crate::recipe) rollback: Cell<Option<bool>>,
    /// The password, once it was asked for.
    pub(in crate::recipe) password: RefCell<Option<Secret>>,
    /// True if the variable `password` was refused, so that the person is asked instead.
    pub(in crate::recipe) password_refused: Cell<bool>,
    /// The environment. It is shared, so that a recipe sees its own changes.
    pub(in crate::recipe) environment: Dynamic,
    /// Servers that failed while the recipe continues, with their failures.
    pub(in crate::recipe) left_out: RefCell<IndexMap<Server, ServerFailure>>,
    /// A namespace, and the unknown name that was called in it.
    pub(in crate::recipe) missing_member: RefCell<Option<(Rc<str>, String)>>,
    /// The surroundings of the commands that are evaluated now.
    pub(in crate::recipe) around: RefCell<Around>,
    /// This interpreter and its engine, for blocks that are evaluated side by side.
    pub(in crate::recipe) owners: RefCell<(Weak<Interpreter>, Weak<Engine>)>,
    /// Ends waits when a stop request comes.
    pub(super) bell: Bell,
    /// The number of script functions around the present call.
    pub(in crate::recipe) level: Cell<usize>,
    /// The number of steps that scripts may still take.
    pub(in crate::recipe) steps: Cell<u64>,
    /// The computing time of this thread at which scripts have to stop.
    pub(in crate::recipe) until: Cell<Option<Duration>>,
    blocks: RefCell<Vec<Block>>,
    namespace: RefCell<Rc<str>>,
    frames: RefCell<Vec<Rc<Task>>>,
    /// The number of times that each task was begun.
    runs: RefCell<HashMap<TaskId, INT>>,
    evaluating: RefCell<Vec<String>>,
    /// The handlers of the open transaction, with their tasks.
    pub(in crate::recipe) handlers: RefCell<Vec<(BlockId, Rc<Task>)>>,
    /// The commands for which it was reported that their line contains a secret.
    pub(in crate::recipe) bared: RefCell<HashSet<String>>,
    /// The directories that are removed at the end.
    pub(in crate::recipe) temporary: RefCell<Vec<tempfile::TempDir>>,
}

impl Interpreter {
    pub(in crate::recipe) fn new(options: &Options, surroundings: Surroundings) -> Self {
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
        let mut actor = Actor::new(remote, local, reporter, redactor, interrupt.clone());
        actor.keep_journal(options.journal.clone());
        Self {
            defined: Defined::new(Files::new(
                options.stdlib.clone(),
                options.libraries.clone(),
                options.trust.clone(),
            )),
            actor: RefCell::new(actor),
            journal: options.journal.clone(),
            is_replaying: Cell::new(options.journal.is_replaying()),
            was_undone: Cell::default(),
            prompts: RefCell::new(prompts),
            bell: Bell::of(&interrupt),
            recovers: options.recovers,
            interrupt,
            words: RefCell::new(Words::new(|word| crate::recipe::language::verbs::find(word).is_some())),
            filter: RefCell::new(Filter {
                preserve_roles: options.preserve_roles,
                ..Filter::from_environment(&options.environment)
            }),
            home: options.home.clone(),
            dry_run: options.dry_run,
            asks_consent: options.asks_consent,
            locks: RefCell::default(),
            lock_wait: options.lock_wait,
            run: options.run.clone(),
            has_greeted: Cell::default(),
            unreleased: RefCell::default(),
            only_looks: options.only_looks,
            is_loading: Cell::default(),
            is_missing: Cell::default(),
            missing: RefCell::default(),
            not_run: RefCell::default(),
            description: RefCell::default(),
            rollback: Cell::default(),
            password: RefCell::default(),
            password_refused: Cell::default(),
            environment: Dynamic::from_map(environment).into_shared(),
            left_out: RefCell::default(),
            missing_member: RefCell::default(),
            around: RefCell::default(),
            owners: RefCell::default(),
            level: Cell::default(),
            steps: Cell::new(u64::MAX),
            until: Cell::default(),
            blocks: RefCell::default(),
            namespace: RefCell::new("".into()),
            frames: RefCell::default(),
            runs: RefCell::default(),
            evaluating: RefCell::default(),
            handlers: RefCell::default(),
            bared: RefCell::default(),
            temporary: RefCell::default(),
        }
    }

    /// Reports an event. While the actor itself is working (a password is being asked for), nothing can be reported.
    pub(in crate::recipe) fn emit(&self, event: Event) {
        if let Ok(mut actor) = self.actor.try_borrow_mut() {
            actor.emit(event);
        }
    }

    pub(in crate::recipe) fn say(&self, level: Level, text: impl Into<String>) {
        self.emit(Event::Message {
            level,
            tag: None,
            text: text.into(),
        });
    }

    /// Sets a variable of the environment that recipes see.
    pub(in crate::recipe) fn set_environment(&self, name: String, value: String) {
        let mut environment = self.environment.clone();
        if let Some(mut map) = environment.write_lock::<rhai::Map>() {
            map.insert(name.into(), value.into());
        }
    }

    // Blocks.

    pub(in crate::recipe) fn keep(&self, block: Block) -> BlockId {
        let id = self.defined.keep(Body {
            expression: block.body(),
            file: block.file().map(Into::into),
            namespace: block.namespace.clone(),
        });
        self.blocks.borrow_mut().push(block);
        id
    }

    /// Returns a block.
    fn block(&self, id: BlockId) -> Option<Block> {
        self.blocks.borrow().get(id.0).cloned()
    }

    /// Evaluates a block in its own namespace.
    pub(in crate::recipe) fn call(&self, engine: &Engine, id: BlockId, parameters: &[(String, Dynamic)]) -> Fallible {
        let Some(block) = self.block(id) else {
            return Err(wrong("a block that was never kept", Position::NONE));
        };
        let namespace = self.namespace.replace(block.namespace.clone());
        let around = self.around.take();
        let result = block.call(engine, parameters, self.level.get());
        self.around.replace(around);
        self.namespace.replace(namespace);
        result
    }

    // Namespaces.

    /// Returns the namespace in which names are looked up; empty at the top.
    pub(in crate::recipe) fn namespace(&self) -> Rc<str> {
        self.namespace.borrow().clone()
    }

    /// Enters `namespace`, and returns the surrounding one.
    pub(in crate::recipe) fn enter_namespace(&self, namespace: Rc<str>) -> Rc<str> {
        self.namespace.replace(namespace)
    }

    /// Returns the full name of something that is defined here.
    pub(in crate::recipe) fn full_name(&self, name: &str) -> String {
        join(&self.namespace(), name)
    }

    // Variables.

    /// Returns a variable's value. A lazy one is evaluated now, once.
    pub(in crate::recipe) fn variable(&self, engine: &Engine, name: &str) -> Fallible<Option<Dynamic>> {
        let read = self.defined.configuration.borrow().variables.read(name);
        match read {
            Read::Value(value) => {
                // A list may have been changed in place since it was set.
                self.refuse(name, &value)?;
                Ok(Some(value))
            }
            Read::Unknown => Ok(None),
            Read::Lazy(_) if self.is_one_of_many() => self.variable_for_all(name),
            Read::Lazy(block) => {
                if self.evaluating.borrow().iter().any(|other| other == name) {
                    let mut chain = self.evaluating.borrow().clone();
                    chain.push(name.to_owned());
                    let message = format!("variable `{name}' depends on itself: {}", chain.join(" → "));
                    return Err(wrong(message, Position::NONE));
                }
                if self.evaluating.borrow().len() >= MAX_FRAMES {
                    return Err(wrong(
                        format!("variables depend on each other too deeply, last `{name}'"),
                        Position::NONE,
                    ));
                }
                self.evaluating.borrow_mut().push(name.to_owned());
                let result = self.call(engine, block, &[]);
                self.evaluating.borrow_mut().pop();
                let value =
                    shared(result.map_err(|error| asked_by_recipe(error, |file| self.defined.is_of_stdlib(file)))?);
                self.keep_secret(name, &value);
                self.refuse(name, &value)?;
                self.defined
                    .configuration
                    .borrow_mut()
                    .variables
                    .evaluated(name, block, value.clone());
                Ok(Some(value))
            }
        }
    }

    /// Returns a variable's value unless it is `()` or false, which count as nothing, as in Ruby.
    pub(in crate::recipe) fn said(&self, engine: &Engine, name: &str) -> Fallible<Option<Dynamic>> {
        let says_nothing = |value: &Dynamic| value.is_unit() || value.as_bool() == Ok(false);
        Ok(self.variable(engine, name)?.filter(|value| !says_nothing(value)))
    }

    /// Returns the same value as a string.
    pub(in crate::recipe) fn text_variable(&self, engine: &Engine, name: &str) -> Fallible<Option<String>> {
        Ok(self.said(engine, name)?.map(|value| value.to_string()))
    }

    /// Sets a variable, if it can have this value. Maps and lists are shared, so that they can be changed in place.
    pub(in crate::recipe) fn set(&self, name: &str, value: Dynamic, by: Setter, position: Position) -> Fallible<()> {
        self.keep_secret(name, &value);
        if let Some(diagnostic) = refused(name, || Some(plain(&value))) {
            return Err(raise(diagnostic, position));
        }
        self.defined
            .configuration
            .borrow_mut()
            .variables
            .set(name, shared(value), by);
        Ok(())
    }

    /// Refuses a value that the variable cannot have, with the place where it was set.
    fn refuse(&self, name: &str, value: &Dynamic) -> Fallible<()> {
        let Some(diagnostic) = refused(name, || Some(plain(value))) else {
            return Ok(());
        };
        let configuration = self.defined.configuration.borrow();
        let by = configuration.variables.settings(name).map(|(setting, _)| &setting.by);
        let origin = match by {
            Some(Setter::Recipe(origin) | Setter::Default(origin)) => origin.clone(),
            _ => None,
        };
        Err(raise(diagnostic.at(origin), Position::NONE))
    }

    // Tasks.

    /// Runs a task with its hooks, under whichever name it was called.
    pub(in crate::recipe) fn run_task(&self, engine: &Engine, task: &Rc<Task>) -> Fallible {
        if self.is_one_of_many() {
            return self.task_for_all(task);
        }
        if self.frames.borrow().len() >= MAX_FRAMES {
            return Err(self.too_deep(task));
        }
        self.lock(engine, task)?;
        self.implicit_hooks(engine, task, When::Before)?;
        self.frames.borrow_mut().push(task.clone());
        if let Some(id) = self.defined.configuration.borrow().tasks.id(&task.name) {
            *self.runs.borrow_mut().entry(id).or_default() += 1;
        }
        if let Ok(mut actor) = self.actor.try_borrow_mut() {
            actor.enter(&task.name, self.is_place(task));
        }
        let result = self.body(engine, task);
        if let Ok(mut actor) = self.actor.try_borrow_mut() {
            actor.leave(result.is_ok());
        }
        self.frames.borrow_mut().pop();
        let leaving = |error| crate::recipe::language::origin::leaving(locate(error, None), &task.name);
        let value = result.map_err(|error| self.called_while_loading(leaving(error)))?;
        self.implicit_hooks(engine, task, When::After)?;
        Ok(value)
    }

    /// Returns true if a task of the library exists only for its name and place.
    fn is_place(&self, task: &Task) -> bool {
        task.is_internal() && self.defined.is_of_stdlib(&task.origin.file)
    }

    /// Returns the number of times that a task was begun, under any of its names.
    pub(super) fn runs_of(&self, task: &Task) -> INT {
        let id = self.defined.configuration.borrow().tasks.id(&task.name);
        id.and_then(|id| self.runs.borrow().get(&id).copied()).unwrap_or(0)
    }

    fn too_deep(&self, task: &Task) -> Box<rhai::EvalAltResult> {
        let frames = self.frames.borrow();
        let last = frames.iter().rposition(|frame| frame.name == task.name);
        let chain: Vec<&str> = frames
            .iter()
            .skip(last.unwrap_or(frames.len().saturating_sub(3)))
            .map(|frame| frame.name.as_str())
            .chain([task.name.as_str()])
            .collect();
        let before = if last.is_some() { "" } else { "… → " };
        let message = format!(
            "tasks are nested more than {MAX_FRAMES} deep: {before}{}",
            chain.join(" → ")
        );
        let origin = (task.origin.line > 0).then(|| task.origin.clone());
        let mut diagnostic = Diagnostic::new(Fault::Recipe, message).at(origin);
        if last.is_some() {
            diagnostic = diagnostic.hint("do they call each other without an end?");
        }
        raise(diagnostic, Position::NONE)
    }

    fn body(&self, engine: &Engine, task: &Rc<Task>) -> Fallible {
        self.hooks(engine, When::Before, Some(task))?;
        let value = self.call(engine, task.body, &[])?;
        self.hooks(engine, When::After, Some(task))?;
        Ok(value)
    }

    /// Calls a function in the frame of a rollback handler: the handler's task is the current one again, but does not run.
    pub(in crate::recipe) fn with_frame<T>(&self, task: Option<Rc<Task>>, work: impl FnOnce() -> T) -> T {
        let pushed = task.map(|task| self.frames.borrow_mut().push(task)).is_some();
        let result = work();
        if pushed {
            self.frames.borrow_mut().pop();
        }
        result
    }

    /// Returns the innermost running task.
    pub(in crate::recipe) fn current_task(&self) -> Option<Rc<Task>> {
        self.frames.borrow().last().cloned()
    }

    /// Returns the selection and the options of the innermost running task.
    pub(in crate::recipe) fn task_settings(&self) -> (Selection, RunOptions) {
        match self.current_task() {
            Some(task) => (task.selection.clone(), task.options.clone()),
            None => (Selection::default(), RunOptions::default()),
        }
    }
}

/// Makes maps and lists shared: `ssh_options["forward_agent"] = true` changes the variable.
fn shared(value: Dynamic) -> Dynamic {
    if value.is_map() || value.is_array() {
        value.into_shared()
    } else {
        value
    }
}
