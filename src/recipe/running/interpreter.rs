//! The state that a recipe's verbs and names work on: the configuration, the actor, the blocks kept for later, and the present
//! place in the recipe. No borrow of it is held while a script runs.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::{Rc, Weak};

use indexmap::IndexMap;
use jiff::Timestamp;
use rhai::{Dynamic, Engine, INT, Position};

use super::around::Around;
use super::block::KeptBlock;
use super::consent::{Consented, GivenConsent};
use super::counter::Counter;
use super::frames::{Frames, MAX_FRAMES};
use super::limits::Budget;
use super::lock::Locks;
use super::missing::MissingValue;
use super::mode::RunMode;
use super::notices::Notices;
use super::pause::StopBell;
use super::person::Person;
use super::replayed::Resumption;
use super::rollback::Handlers;
use super::surroundings::{Options, Surroundings};
use super::trial::Trial;
use crate::actor::Actor;
use crate::configuration::{BlockId, Filter, RunOptions, Selection, Server, Setter, Task, VariableRead, When, join};
use crate::diagnostic::{Origin, ServerFailure};
use crate::event::{Event, Level};
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::recipe::language::origin::{Fallible, asked_by_recipe, raise, wrong};
use crate::recipe::language::syntax::words::Words;
use crate::recipe::language::values::{map, plain, refused};
use crate::recipe::meaning::defined::{Body, Defined};
use crate::recipe::meaning::errors::locate;
use crate::recipe::meaning::files::Files;

/// The state of one run.
pub(in crate::recipe) struct Interpreter {
    /// The definitions of recipes so far.
    pub(in crate::recipe) defined: Defined,
    pub(in crate::recipe) actor: RefCell<Actor>,
    pub(in crate::recipe) person: Person,
    pub(in crate::recipe) mode: RunMode,
    pub(in crate::recipe) interrupt: Interrupt,
    pub(in crate::recipe) words: RefCell<Words>,
    /// The person's conditions for servers. They change only between the lines of an interactive shell.
    pub(in crate::recipe) filter: RefCell<Filter>,
    pub(in crate::recipe) consent: GivenConsent,
    pub(in crate::recipe) consented: RefCell<Consented>,
    pub(in crate::recipe) home: Option<PathBuf>,
    pub(in crate::recipe) journal: Journal,
    pub(in crate::recipe) resumption: Resumption,
    pub(in crate::recipe) locks: RefCell<Locks>,
    pub(in crate::recipe) notices: Notices,
    pub(in crate::recipe) missing: MissingValue,
    /// The last command of this machine that was not run, since the recipe is only looked at.
    pub(in crate::recipe) not_run: RefCell<Option<(&'static str, Option<Origin>)>>,
    /// The description that the next task gets.
    pub(in crate::recipe) description: RefCell<Option<String>>,
    /// Shared, so that a recipe sees what it changes.
    pub(in crate::recipe) environment: Dynamic,
    /// The environment that capr was started with, which its local commands have by themselves.
    pub(in crate::recipe) inherited: rhai::Map,
    /// Servers that failed while the recipe continues, with their failures.
    pub(in crate::recipe) left_out: RefCell<IndexMap<Server, ServerFailure>>,
    /// The last call of an unknown name in a namespace: the namespace and the name, for the hints of the error.
    pub(in crate::recipe) missing_member: RefCell<Option<(Rc<str>, String)>>,
    /// The surroundings of the commands that are evaluated now.
    pub(in crate::recipe) around: RefCell<Around>,
    /// This interpreter and its engine, for blocks that are evaluated side by side.
    pub(in crate::recipe) owners: RefCell<(Weak<Interpreter>, Weak<Engine>)>,
    /// Ends waits when a stop request comes.
    pub(super) bell: StopBell,
    pub(in crate::recipe) budget: Budget,
    blocks: RefCell<Vec<KeptBlock>>,
    namespace: RefCell<Rc<str>>,
    pub(in crate::recipe) frames: Frames,
    evaluating: RefCell<Vec<String>>,
    pub(in crate::recipe) handlers: Handlers,
    /// Directories that are removed at the end.
    pub(in crate::recipe) temporary: RefCell<Vec<tempfile::TempDir>>,
    /// The world of a test, if one is run.
    pub(in crate::recipe) trial: Option<Trial>,
}

impl Interpreter {
    pub(in crate::recipe) fn new(options: &Options, surroundings: Surroundings) -> Self {
        let environment = options.environment.iter();
        let environment = map(environment.map(|(name, value)| (name.as_str(), value.clone())));
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
            defined: Defined::new(Files {
                stdlib: options.stdlib.clone(),
                libraries: options.libraries.clone(),
                libraries_after: options.libraries_after.clone(),
                shelf: options.shelf.clone(),
                trust: options.trust.clone(),
                ..Files::default()
            }),
            actor: RefCell::new(actor),
            journal: options.journal.clone(),
            resumption: Resumption::of(&options.journal),
            person: Person::new(prompts),
            mode: RunMode::of(options),
            bell: StopBell::of(&interrupt),
            interrupt,
            words: RefCell::new(Words::new(|word| crate::recipe::language::verbs::find(word).is_some())),
            filter: RefCell::new(Filter {
                preserve_roles: options.preserve_roles,
                ..Filter::from_environment(&options.environment)
            }),
            consent: options.consent.clone(),
            consented: RefCell::default(),
            home: options.home.clone(),
            locks: RefCell::new(Locks::new(options.run.clone(), options.lock_wait)),
            notices: Notices::default(),
            budget: Budget::default(),
            missing: MissingValue::default(),
            not_run: RefCell::default(),
            description: RefCell::default(),
            environment: Dynamic::from_map(environment.clone()).into_shared(),
            inherited: environment,
            left_out: RefCell::default(),
            missing_member: RefCell::default(),
            around: RefCell::default(),
            owners: RefCell::default(),
            blocks: RefCell::default(),
            namespace: RefCell::new("".into()),
            frames: Frames::default(),
            evaluating: RefCell::default(),
            handlers: Handlers::default(),
            temporary: RefCell::default(),
            trial: options.trial.clone(),
        }
    }

    /// Reports an event. While the actor itself is working (a password is being asked for), nothing can be reported.
    pub(in crate::recipe) fn emit(&self, event: Event) {
        if let Ok(mut actor) = self.actor.try_borrow_mut() {
            actor.emit(event);
        }
    }

    /// The time as recipes see it.
    pub(in crate::recipe) fn now(&self) -> Timestamp {
        self.trial.as_ref().map_or_else(Timestamp::now, Trial::now)
    }

    /// Returns the counter of lines, if a test counts them.
    pub(in crate::recipe) fn counter(&self) -> Option<Counter> {
        self.trial.as_ref().and_then(Trial::counter)
    }

    /// Returns true where servers do nothing, and answer as a test says.
    pub(in crate::recipe) fn has_scripted_servers(&self) -> bool {
        self.trial.as_ref().is_some_and(|trial| trial.servers().is_some())
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

    /// Returns what the recipe has changed in the environment.
    pub(in crate::recipe) fn changed_environment(&self) -> IndexMap<String, String> {
        let Some(map) = self.environment.read_lock::<rhai::Map>() else {
            return IndexMap::new();
        };
        let is_own = |name: &str, value: &Dynamic| {
            let before = self.inherited.get(name).map(Dynamic::to_string);
            before.as_deref() != Some(value.to_string().as_str()) && !value.is_unit()
        };
        let changed = map.iter().filter(|(name, value)| is_own(name, value));
        changed
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect()
    }

    // Blocks.

    pub(in crate::recipe) fn keep(&self, block: KeptBlock) -> BlockId {
        let id = self.defined.keep(Body {
            expression: block.body(),
            file: block.file().map(Into::into),
            namespace: block.namespace.clone(),
        });
        self.blocks.borrow_mut().push(block);
        id
    }

    /// Returns a block.
    fn block(&self, id: BlockId) -> Option<KeptBlock> {
        self.blocks.borrow().get(id.0).cloned()
    }

    /// Evaluates a block in its own namespace.
    pub(in crate::recipe) fn call(&self, engine: &Engine, id: BlockId, parameters: &[(String, Dynamic)]) -> Fallible {
        let Some(block) = self.block(id) else {
            return Err(wrong("a block that was never kept", Position::NONE));
        };
        let namespace = self.namespace.replace(block.namespace.clone());
        let around = self.around.take();
        let level = self.budget.level.get();
        let result = block.call(engine, parameters, level);
        // If the block has failed, the functions that it was in have not counted themselves back: the next block, such as that of
        // another hook, is not inside of them.
        self.budget.level.set(level);
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
            VariableRead::Value(value) => {
                // A list may have been changed in place since it was set.
                self.refuse(name, &value)?;
                Ok(Some(value))
            }
            VariableRead::Unknown => Ok(None),
            VariableRead::Lazy(_) if self.is_one_of_many() => self.variable_for_all(name),
            VariableRead::Lazy(block) => {
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
        self.frames.check_depth(task)?;
        self.confirm(task)?;
        if !self.defined.is_of_stdlib(&task.origin.file) {
            self.settle_lock(engine)?;
        }
        self.lock(engine, task)?;
        let result = self.run_locked(engine, task);
        self.forget_owed(task);
        result
    }

    /// Runs a task whose lock is held or owed.
    fn run_locked(&self, engine: &Engine, task: &Rc<Task>) -> Fallible {
        self.implicit_hooks(engine, task, When::Before)?;
        let id = self.defined.configuration.borrow().tasks.id(&task.name);
        self.frames.enter(task.clone(), id);
        if let Ok(mut actor) = self.actor.try_borrow_mut() {
            actor.enter(&task.name, self.is_place(task));
        }
        let result = self.body(engine, task);
        if let Ok(mut actor) = self.actor.try_borrow_mut() {
            actor.leave(result.is_ok());
        }
        self.frames.leave();
        let leaving = |error| crate::recipe::language::origin::leaving(locate(error, None), &task.name);
        let value = result.map_err(|error| self.called_while_loading(leaving(error)))?;
        self.implicit_hooks(engine, task, When::After)?;
        Ok(value)
    }

    /// Returns true if a task of the library only gives a place in a deploy a name, so that recipes can hook it. It is reported
    /// only if something happens in it.
    fn is_place(&self, task: &Task) -> bool {
        task.is_internal() && self.defined.is_of_stdlib(&task.origin.file)
    }

    /// Returns the number of times that a task was begun, under any of its names.
    pub(in crate::recipe) fn runs_of(&self, task: &Task) -> INT {
        let id = self.defined.configuration.borrow().tasks.id(&task.name);
        id.map_or(0, |id| self.frames.begun(id))
    }

    fn body(&self, engine: &Engine, task: &Rc<Task>) -> Fallible {
        self.hooks(engine, When::Before, Some(task))?;
        let value = self.call(engine, task.body, &[])?;
        self.hooks(engine, When::After, Some(task))?;
        Ok(value)
    }

    /// Returns the selection and the options of the innermost running task.
    pub(in crate::recipe) fn task_settings(&self) -> (Selection, RunOptions) {
        match self.frames.current() {
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
