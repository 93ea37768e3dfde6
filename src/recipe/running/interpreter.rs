//! The state that a recipe's verbs and names work on: the configuration, the actor, the blocks kept for later, and the present
//! place in the recipe. No borrow of it is held while a script runs.

use std::rc::Rc;

use rhai::{Dynamic, Engine, INT, Position};

use super::around::PresentAround;
use super::block::KeptBlock;
use super::blocks::Blocks;
use super::budget::Budget;
use super::clues::Clues;
use super::examining;
use super::exclusions::Exclusions;
use super::frames::Frames;
use super::hooks;
use super::lock_owed;
use super::locks::Locks;
use super::mode::RunMode;
use super::notices::Notices;
use super::person::Person;
use super::reading_place::ReadingPlace;
use super::resumption::Resumption;
use super::shared_actor::SharedActor;
use super::stops::Stops;
use super::surroundings::{Options, Surroundings};
use super::this_machine::ThisMachine;
use super::wish;
use crate::actor::Actor;
use crate::configuration::{BlockId, Filter, RunOptions, Selection, Setter, Task, VariableKind, VariableRead, When};
use crate::event::{Event, Level};
use crate::journal::Journal;
use crate::recipe::language::origin::{Fallible, asked_by_recipe, raise, wrong};
use crate::recipe::language::values::{plain, refused};
use crate::recipe::meaning::defined::{Body, Defined};
use crate::recipe::meaning::errors::locate;
use crate::recipe::meaning::files::Files;

/// The state of one run, in parts. Each part keeps its fields to itself.
pub(in crate::recipe) struct Interpreter {
    defined: Defined,
    blocks: Blocks,
    place: ReadingPlace,
    around: PresentAround,
    frames: Frames,
    budget: Budget,
    actor: SharedActor,
    exclusions: Exclusions,
    locks: Locks,
    resumption: Resumption,
    machine: ThisMachine,
    person: Person,
    mode: RunMode,
    stops: Stops,
    notices: Notices,
    clues: Clues,
}

impl Interpreter {
    pub(in crate::recipe) fn new(options: &Options, surroundings: Surroundings) -> Self {
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
            blocks: Blocks::default(),
            place: ReadingPlace::default(),
            around: PresentAround::default(),
            frames: Frames::default(),
            budget: Budget::default(),
            actor: SharedActor::new(actor),
            exclusions: Exclusions::new(Filter {
                preserve_roles: options.preserve_roles,
                ..Filter::from_environment(&options.environment)
            }),
            locks: Locks::new(options.run.clone(), options.lock_wait),
            resumption: Resumption::of(options.journal.clone()),
            machine: ThisMachine::of(options),
            person: Person::new(prompts, options.consent.clone()),
            mode: RunMode::of(options),
            stops: Stops::of(interrupt),
            notices: Notices::default(),
            clues: Clues::default(),
        }
    }

    // Parts.

    /// Returns the definitions of recipes so far.
    pub(in crate::recipe) fn defined(&self) -> &Defined {
        &self.defined
    }

    /// Returns the blocks that are kept for later.
    pub(in crate::recipe) fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// Returns the place in the recipe.
    pub(in crate::recipe) fn place(&self) -> &ReadingPlace {
        &self.place
    }

    /// Returns the surroundings of the command that is evaluated now.
    pub(in crate::recipe) fn around(&self) -> &PresentAround {
        &self.around
    }

    /// Returns the running tasks.
    pub(in crate::recipe) fn frames(&self) -> &Frames {
        &self.frames
    }

    /// Returns the work that scripts may still do.
    pub(in crate::recipe) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Returns the actor, which does the work on servers.
    pub(in crate::recipe) fn actor(&self) -> &SharedActor {
        &self.actor
    }

    /// Returns the servers that commands leave out.
    pub(in crate::recipe) fn exclusions(&self) -> &Exclusions {
        &self.exclusions
    }

    /// Returns the locks of the run.
    pub(in crate::recipe) fn locks(&self) -> &Locks {
        &self.locks
    }

    /// Returns the progress of a run that resumes an earlier one.
    pub(in crate::recipe) fn resumption(&self) -> &Resumption {
        &self.resumption
    }

    /// Returns the journal of the run.
    pub(in crate::recipe) fn journal(&self) -> &Journal {
        self.resumption.journal()
    }

    /// Returns the environment and the directories of this machine.
    pub(in crate::recipe) fn machine(&self) -> &ThisMachine {
        &self.machine
    }

    /// Returns the person at the terminal.
    pub(in crate::recipe) fn person(&self) -> &Person {
        &self.person
    }

    /// Returns the mode of the run.
    pub(in crate::recipe) fn mode(&self) -> &RunMode {
        &self.mode
    }

    /// Returns the stop requests.
    pub(in crate::recipe) fn stops(&self) -> &Stops {
        &self.stops
    }

    /// Returns the notices that were given.
    pub(in crate::recipe) fn notices(&self) -> &Notices {
        &self.notices
    }

    /// Returns the clues to the cause of the next error.
    pub(in crate::recipe) fn clues(&self) -> &Clues {
        &self.clues
    }

    // Reports.

    /// Reports an event. While the actor itself is working (a password is being asked for), nothing can be reported.
    pub(in crate::recipe) fn emit(&self, event: Event) {
        self.actor.emit(event);
    }

    pub(in crate::recipe) fn say(&self, level: Level, text: impl Into<String>) {
        self.emit(Event::Message {
            level,
            tag: None,
            text: text.into(),
        });
    }

    // Blocks.

    pub(in crate::recipe) fn keep(&self, block: KeptBlock) -> BlockId {
        let id = self.defined.keep(Body {
            expression: block.body(),
            file: block.file().map(Into::into),
            namespace: block.namespace.clone(),
        });
        self.blocks.keep(block);
        id
    }

    /// Evaluates a block in its own namespace.
    pub(in crate::recipe) fn call(&self, engine: &Engine, id: BlockId, parameters: &[(String, Dynamic)]) -> Fallible {
        let Some(block) = self.blocks.get(id) else {
            return Err(wrong("a block that was never kept", Position::NONE));
        };
        let namespace = self.place.enter_namespace(block.namespace.clone());
        let around = self.around.take();
        let level = self.budget.level();
        let result = block.call(engine, parameters, level);
        // If the block has failed, the functions that it was in have not counted themselves back: the next block, such as that of
        // another hook, is not inside of them.
        self.budget.set_level(level);
        self.around.set(around);
        self.place.enter_namespace(namespace);
        result
    }

    // Variables.

    /// Returns a variable's value. A lazy one is evaluated now, once.
    pub(in crate::recipe) fn variable(&self, engine: &Engine, name: &str) -> Fallible<Option<Dynamic>> {
        let read = self.defined.configuration().variables.read(name);
        match read {
            VariableRead::Value(value) => {
                // A list may have been changed in place since it was set.
                self.refuse(name, &value)?;
                Ok(Some(value))
            }
            VariableRead::Unknown => Ok(None),
            VariableRead::Lazy(_) if self.around.is_one_of_many() => wish::evaluate(self, name),
            VariableRead::Lazy(block) => {
                let result = self.place.evaluating(name, || self.call(engine, block, &[]))?;
                let value =
                    shared(result.map_err(|error| asked_by_recipe(error, |file| self.defined.is_of_stdlib(file)))?);
                let value = linked_once(name, value);
                self.actor().keep_secret(name, &value);
                self.refuse(name, &value)?;
                self.defined.change(|configuration| {
                    configuration.variables.evaluated(name, block, value.clone());
                });
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
        let value = linked_once(name, value);
        self.actor().keep_secret(name, &value);
        if let Some(diagnostic) = refused(name, || Some(plain(&value))) {
            return Err(raise(diagnostic, position));
        }
        self.defined
            .change(|configuration| configuration.variables.set(name, shared(value), by));
        Ok(())
    }

    /// Refuses a value that the variable cannot have, with the place where it was set.
    fn refuse(&self, name: &str, value: &Dynamic) -> Fallible<()> {
        let Some(diagnostic) = refused(name, || Some(plain(value))) else {
            return Ok(());
        };
        let configuration = self.defined.configuration();
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
        if self.around.is_one_of_many() {
            return wish::run_task(self, task);
        }
        self.frames.check_depth(task)?;
        if !examining::asks_nobody(self) {
            self.person.confirm(task)?;
        }
        if !self.defined.is_of_stdlib(&task.origin.file) {
            lock_owed::settle(self, engine)?;
        }
        self.lock(engine, task)?;
        let result = self.run_locked(engine, task);
        self.locks.forget_owed(task);
        result
    }

    /// Runs a task whose lock is held or owed.
    fn run_locked(&self, engine: &Engine, task: &Rc<Task>) -> Fallible {
        hooks::run_implicit(self, engine, task, When::Before)?;
        let id = self.defined.configuration().tasks.id(&task.name);
        self.frames.enter(task.clone(), id);
        self.actor
            .unless_busy(|actor| actor.enter(&task.name, self.is_place(task)));
        let result = self.body(engine, task);
        self.actor.unless_busy(|actor| actor.leave(result.is_ok()));
        self.frames.leave();
        let leaving = |error| crate::recipe::language::origin::leaving(locate(error, None), &task.name);
        let value = result.map_err(|error| examining::called_while_loading(self, leaving(error)))?;
        hooks::run_implicit(self, engine, task, When::After)?;
        Ok(value)
    }

    /// Returns true if a task of the library only gives a place in a deploy a name, so that recipes can hook it. It is reported
    /// only if something happens in it.
    fn is_place(&self, task: &Task) -> bool {
        task.is_internal() && self.defined.is_of_stdlib(&task.origin.file)
    }

    /// Returns the number of times that a task was begun, under any of its names.
    pub(in crate::recipe) fn runs_of(&self, task: &Task) -> INT {
        let id = self.defined.configuration().tasks.id(&task.name);
        id.map_or(0, |id| self.frames.begun(id))
    }

    fn body(&self, engine: &Engine, task: &Rc<Task>) -> Fallible {
        hooks::run(self, engine, When::Before, Some(task))?;
        let value = self.call(engine, task.body, &[])?;
        hooks::run(self, engine, When::After, Some(task))?;
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

/// Returns the value of a variable without paths that it repeats, where releases link each of them: recipes and libraries add to what is
/// there already.
fn linked_once(name: &str, value: Dynamic) -> Dynamic {
    if VariableKind::of(name) != Some(VariableKind::LinkedPaths) {
        return value;
    }
    let Some(list) = value.read_lock::<rhai::Array>().map(|list| list.clone()) else {
        return value;
    };
    let mut kept = rhai::Array::new();
    for item in list {
        if !kept.iter().any(|one| one.to_string() == item.to_string()) {
            kept.push(item);
        }
    }
    kept.into()
}
