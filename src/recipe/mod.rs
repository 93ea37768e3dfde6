//! The recipe language on Rhai. This is the only folder that names rhai; outside of it a block is a number.
//!
//! The rooms, lowest first; a room names only those above its line (`tests/architecture.rs`):
//!
//! ```text
//! language/            grammar, values, options, errors that a recipe can catch; evaluates nothing, knows no interpreter
//!   functions/ verbs/  the functions and verbs of recipes, one row each
//!   syntax/            reads sources: words, layout, recovery after mistakes, habits of Ruby
//! format/              the one style: tokens, statements, line ends; reads its result again and compares
//! meaning/             definitions (`defined.rs`), the claims of each source (`claims.rs`), errors (`findings.rs`), the bodies of
//!                      the library that are parsed late (`bodies.rs`)
//! running/             the interpreter: blocks, variables, tasks, actions
//!   functions/ verbs/  the code of functions and verbs; each verb is paired with its row
//! engine.rs …          the face: engine, loaded recipe, stages, shell, reference, definitions
//! ```
//!
//! The way of `"uptime"` in `run "uptime"` from the source to a server goes down only, and through no file twice. The source is read:
//!
//! 1. `running/loader.rs` `compile` gives the text of a file to Rhai.
//! 2. `language/syntax/words.rs` `map` makes `run` the key of a verb before Rhai parses it.
//! 3. `language/grammar.rs` `parse` expects an expression, by the row of `run`; Rhai keeps it.
//!
//! The statement is evaluated:
//!
//! 4. `engine.rs` `perform` is called by Rhai. It has the argument evaluated and compared with the row (`running/call.rs`).
//! 5. `running/verbs/commands.rs` `run` makes a request with it.
//! 6. `running/action.rs` `act` adds the servers and the options, which makes an action.
//! 7. `running/perform.rs` `perform` asks the journal whether an earlier run has done it; below here nobody knows scripts.
//! 8. `actor/perform.rs` `start` connects the servers.
//! 9. `fanout/mod.rs` `start` gives each session its command.
//! 10. `session/ssh/connector.rs` `start` makes it an order for the thread of the server.
//! 11. `session/ssh/inbox.rs` `send` passes the order on.
//! 12. `session/ssh/worker.rs` `obey` makes it a job.
//! 13. `session/ssh/job.rs` `start` requests it on a channel.
//! 14. `session/ssh/channel.rs` `exec` hands it to libssh2.

mod addressed;
mod advice;
mod consent;
mod definitions;
mod deployed;
mod engine;
mod examined;
mod format;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod interactive;
mod language;
mod library;
mod meaning;
mod mistakes;
mod named;
mod outline;
mod reference;
mod running;
mod stages;
#[cfg(test)]
mod tests;
mod trial;
mod variables;
#[cfg(feature = "port")]
mod vocabulary;

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use rhai::{Engine, EvalAltResult, Position};

pub(crate) use self::examined::Examined;
pub use self::format::format;
pub(crate) use self::interactive::Whom;
pub use self::language::capistrano::VARIABLES;
pub(crate) use self::language::literal::quoted;
#[cfg(feature = "port")]
pub(crate) use self::language::secret_name::is_secret_name;
pub(crate) use self::language::secret_name::names_secret;
pub(crate) use self::language::verbs::is_test_file;
pub(crate) use self::meaning::parts::Parts;
pub(crate) use self::reference::{language, verb};
pub use self::reference::{reference, reference_of_tests};
pub(crate) use self::running::consent::GivenConsent;
pub(crate) use self::running::lock_holder::LockHolder;
pub(crate) use self::running::stack::STACK;
pub use self::running::stack::on_large_stack;
pub use self::running::surroundings::{Options, Prompts, Surroundings};
pub(crate) use self::running::trial::Trial;
pub use self::variables::Nobody;
pub(crate) use self::variables::without_credentials;
#[cfg(feature = "port")]
pub(crate) use self::vocabulary::Vocabulary;

/// The names of tasks and variables, each with the library that has it: `the deploy library`, `puma`.
#[derive(Default)]
pub(crate) struct KnownNames {
    /// Full names of tasks.
    pub tasks: Vec<(String, String)>,
    /// Names of variables.
    pub variables: Vec<(String, String)>,
}

/// Returns the tasks and variables of the libraries that come with capr.
pub(crate) fn known_names() -> KnownNames {
    let KnownNames {
        mut tasks,
        mut variables,
    } = KnownNames::default();
    let always = stdlib::names().filter_map(|name| Some(("the deploy library", name, stdlib::recipe(name)?)));
    let named = meaning::libraries::libraries().map(|library| (library.name, library.name, library.text()));
    for (whose, name, text) in always.chain(named) {
        let parts = Parts::of([(name, &*text)].into_iter());
        tasks.extend(parts.tasks.into_iter().map(|task| (task.name, whose.to_owned())));
        variables.extend(
            parts
                .variables
                .into_iter()
                .map(|variable| (variable.name, whose.to_owned())),
        );
    }
    KnownNames { tasks, variables }
}

/// The text of a library that comes with capr.
pub(crate) fn library_text(name: &str) -> Option<String> {
    meaning::libraries::library(name).map(|library| library.text())
}

/// Returns the names of the libraries that come with capr.
pub fn library_names() -> impl Iterator<Item = &'static str> {
    meaning::libraries::libraries().map(|library| library.name)
}

use self::language::origin::Fallible;
use self::language::{mask, origin, syntax, values};
use self::meaning::{errors, stdlib};
use self::mistakes::LoadPoint;
use self::running::dialect;
use self::running::hooks;
use self::running::interpreter::Interpreter;
use self::running::loader;
use self::running::names;
use crate::configuration::{Setter, Task, TaskSummary, When, suggestion};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::{Level, Rollback};
use crate::journal::Journal;
use crate::sort;

/// The exit code of a run whose rollback is incomplete.
const ROLLBACK_INCOMPLETE: u8 = 5;

/// The end of a run that did not end well.
#[derive(Debug)]
pub struct Stopped {
    /// The first failure.
    pub diagnostic: Diagnostic,
    /// The end of its rollback.
    pub rollback: Rollback,
    /// True if the person wanted the rollback.
    pub is_wanted: bool,
}

impl Stopped {
    /// Returns the exit code of the run: that of the failure, unless its rollback is incomplete.
    pub fn exit_code(&self) -> u8 {
        match self.rollback {
            Rollback::Incomplete => ROLLBACK_INCOMPLETE,
            Rollback::None | Rollback::Complete => self.diagnostic.fault.exit_code(),
        }
    }
}

/// A loaded recipe, ready to run tasks.
pub struct Recipe {
    engine: Rc<Engine>,
    interpreter: Rc<Interpreter>,
    stages: Vec<stages::Stage>,
    /// The settings of `-s`, which are set again when a stage is loaded.
    set_after: Vec<(String, String)>,
    /// The number of sources that were read before the recipe's own.
    own: Cell<usize>,
}

impl std::fmt::Debug for Recipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recipe").finish_non_exhaustive()
    }
}

impl Recipe {
    /// Makes a recipe with nothing loaded yet.
    fn new<P: AsRef<Path>>(paths: &[P], options: &Options, surroundings: Surroundings) -> Self {
        let interpreter = Rc::new(Interpreter::new(options, surroundings));
        let engine = Rc::new(engine::engine(&interpreter));
        interpreter.blocks().keep_evaluators(&interpreter, &engine);
        Self {
            engine,
            interpreter,
            stages: paths
                .first()
                .map(|path| stages::stages(path.as_ref()))
                .unwrap_or_default(),
            set_after: options.set_after.clone(),
            own: Cell::new(0),
        }
    }

    /// Loads recipes in this order, with everything that they load; returns all errors that can be found at once.
    pub fn load<P: AsRef<Path>>(
        paths: &[P],
        options: Options,
        surroundings: Surroundings,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut recipe = Self::new(paths, &options, surroundings);
        let loaded = recipe.interpreter.budget().bounded(|| recipe.load_all(paths, &options));
        let loads_itself = recipe.loaded_stages();
        recipe.stages.retain(|stage| !loads_itself.contains(stage));
        // A stage may define what hooks name.
        let point = match recipe.stages.is_empty() {
            true => LoadPoint::Complete,
            false => LoadPoint::BeforeStage,
        };
        let wrong = recipe.wrong(loaded, point);
        if wrong.is_empty() { Ok(recipe) } else { Err(wrong) }
    }

    /// Returns everything that can be found without running a task, in the order of files and lines.
    pub fn check<P: AsRef<Path>>(
        paths: &[P],
        options: Options,
        surroundings: Surroundings,
        words: &[String],
    ) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let recipe = Self::new(paths, &options, surroundings);
        let stages = recipe.stages_named(words, "check")?;
        let loaded = recipe.interpreter.budget().bounded(|| recipe.load_all(paths, &options));
        // One after the other: the definitions of each are known to the next, but not what it has set anew.
        let defined = recipe.interpreter.defined();
        let before = defined.configuration().variables.clone();
        let loads_itself = recipe.loaded_stages();
        let loaded = loaded.and_then(|()| {
            let mut stages = stages.iter().filter(|stage| !loads_itself.contains(stage));
            stages.try_for_each(|stage| {
                defined.change(|configuration| configuration.variables.restore(before.clone()));
                recipe.load_stage(stage)
            })
        });
        Ok(recipe.wrong(loaded, LoadPoint::Checked))
    }

    fn load_all<P: AsRef<Path>>(&self, paths: &[P], options: &Options) -> Fallible<()> {
        let interpreter = &self.interpreter;
        for name in [
            "command_map",
            "ssh_options",
            "default_run_options",
            "default_environment",
        ] {
            interpreter.set(name, rhai::Map::new().into(), Setter::Capr, Position::NONE)?;
        }
        interpreter.set(
            "command_prefixes",
            rhai::Array::new().into(),
            Setter::Capr,
            Position::NONE,
        )?;
        interpreter.set("dry_run", options.dry_run.into(), Setter::Capr, Position::NONE)?;
        interpreter.set("run_id", options.run.to_string().into(), Setter::Capr, Position::NONE)?;
        if let Some(password) = &options.password {
            let password = password.reveal().to_owned().into();
            interpreter.set("password", password, Setter::Person, Position::NONE)?;
        }
        for (name, value) in &options.set_before {
            interpreter.set(name, values::coerce(value), Setter::Before, Position::NONE)?;
        }
        interpreter.require(&self.engine, stdlib::MAIN, Position::NONE, Some(stdlib::FOLDER))?;
        let load = |file: &Path| interpreter.load(&self.engine, &file.display().to_string(), Position::NONE, None);
        let mut before = options.before.iter().filter(|file| loader::is_there(file));
        before.try_for_each(|file| load(file))?;
        self.own.set(interpreter.defined().files().read.len());
        paths.iter().try_for_each(|file| load(file.as_ref()))?;
        hooks::run_of_load(interpreter, &self.engine)?;
        for (name, value) in &options.set_after {
            interpreter.set(name, values::coerce(value), Setter::After, Position::NONE)?;
        }
        Ok(())
    }

    /// Returns all tasks, sorted by name.
    pub fn tasks(&self) -> Vec<TaskSummary> {
        let configuration = self.interpreter.defined().configuration();
        let mut tasks: Vec<TaskSummary> = configuration
            .tasks
            .iter()
            .map(|task| TaskSummary {
                name: task.name.clone(),
                description: task.description.clone(),
                arguments: task.arguments.clone(),
            })
            .collect();
        sort::by_key(&mut tasks, |task| task.name.clone());
        tasks
    }

    /// Returns the tasks by their other names, sorted.
    pub fn synonyms(&self) -> Vec<TaskSummary> {
        let configuration = self.interpreter.defined().configuration();
        let tasks = &configuration.tasks;
        let mut synonyms: Vec<TaskSummary> = tasks
            .names()
            .filter_map(|name| Some((name, tasks.get(name)?)))
            .filter(|(name, task)| task.name != *name)
            .map(|(name, task)| TaskSummary {
                name: name.to_owned(),
                description: task.description.clone(),
                arguments: task.arguments.clone(),
            })
            .collect();
        sort::by_key(&mut synonyms, |synonym| synonym.name.clone());
        synonyms
    }

    /// Returns the error for a name that is not a task, with the most similar names; `None` if it is one.
    pub fn unknown_task(&self, name: &str) -> Option<Diagnostic> {
        let configuration = self.interpreter.defined().configuration();
        if configuration.tasks.get(name).is_some() {
            return None;
        }
        let mut diagnostic = Diagnostic::new(Fault::Usage, format!("the task `{name}' does not exist"));
        if configuration.tasks.is_namespace(name) {
            diagnostic
                .hints
                .push(format!("`{name}' is a namespace without a default task"));
        }
        match self.advice_on_brackets(name) {
            Some(advice) => diagnostic.hints.push(advice),
            None => diagnostic.hints.extend(suggestion(name, configuration.tasks.names())),
        }
        diagnostic.hints.extend(self.meant_stage(name));
        Some(diagnostic)
    }

    /// Returns the names and digests of all files that were read.
    pub fn texts(&self) -> Vec<(String, String)> {
        let files = self.interpreter.defined().files();
        Journal::texts(files.texts())
    }

    /// Runs tasks in order, each with its `start` and `finish` hooks. All names were checked with `unknown_task`.
    pub fn run(&mut self, tasks: &[String]) -> Result<(), Box<Stopped>> {
        let result = self
            .run_tasks(tasks)
            .and_then(|()| hooks::run(&self.interpreter, &self.engine, When::Exit, None))
            .and_then(|()| self.interpreter.come_to_end(Position::NONE));
        self.tell_deployed();
        self.interpreter.free_locks(&self.engine);
        let ended = self.stopped(result);
        let is_stopped = |stopped: &Stopped| {
            matches!(stopped.diagnostic.fault, Fault::Signal(_)) && stopped.rollback == Rollback::None
        };
        self.interpreter
            .journal()
            .finish(ended.as_ref().is_err_and(|stopped| is_stopped(stopped)));
        ended
    }

    /// Returns the result of a run.
    fn stopped(&self, result: Fallible<()>) -> Result<(), Box<Stopped>> {
        let rollback = self.interpreter.frames().handlers().rollback();
        let diagnostic = match result {
            Ok(()) => return Ok(()),
            Err(error) => self.diagnostic(error),
        };
        let diagnostic = self.live().into_iter().fold(diagnostic, Diagnostic::hint);
        let fault = match diagnostic.fault {
            Fault::Exit(0) if rollback == Rollback::None => return Ok(()),
            // After a rollback the run has failed, whatever the recipe says.
            Fault::Exit(0) => Fault::Failed,
            fault => fault,
        };
        Err(Box::new(Stopped {
            diagnostic: Diagnostic { fault, ..diagnostic },
            rollback,
            is_wanted: self.interpreter.resumption().was_undone(),
        }))
    }

    fn run_tasks(&self, tasks: &[String]) -> Fallible<()> {
        dialect::tell_replaced(&self.interpreter);
        self.interpreter.frames().begin_run();
        for name in tasks {
            let Some(task) = self.interpreter.defined().task(name, "") else {
                return Err(origin::wrong(
                    format!("the task `{name}' does not exist"),
                    Position::NONE,
                ));
            };
            // A task before it may have said which servers are wanted.
            let result = dialect::read_conditions(&self.interpreter, &self.engine).and_then(|()| self.run_named(&task));
            if let Err(error) = result {
                self.after_failure(&error, &task);
                return Err(error);
            }
        }
        match self.left_out() {
            Some(left_out) => Err(origin::raise(left_out, Position::NONE)),
            None => Ok(()),
        }
    }

    fn run_named(&self, task: &Rc<Task>) -> Fallible<()> {
        hooks::run(&self.interpreter, &self.engine, When::Start, Some(task))?;
        let _ = self.interpreter.run_task(&self.engine, task)?;
        hooks::run(&self.interpreter, &self.engine, When::Finish, Some(task))
    }

    /// Runs the hooks of a failure. If a hook fails itself, this is reported and changes nothing.
    fn after_failure(&self, error: &EvalAltResult, task: &Rc<Task>) {
        // After a stop request a second one must find nothing left to do.
        if matches!(origin::ended_by(error), Some(Fault::Signal(_) | Fault::Exit(_))) {
            return;
        }
        if let Err(error) = hooks::run(&self.interpreter, &self.engine, When::Failure, Some(task)) {
            let text = self.diagnostic(error).message;
            let text = format!("a hook of the failure of `{}' failed: {text}", task.name);
            self.interpreter.say(Level::Important, text);
        }
    }

    /// Returns an error if servers failed while the recipe continued: a run that left some out has not succeeded.
    fn left_out(&self) -> Option<Diagnostic> {
        let left_out = self.interpreter.exclusions().failures();
        let message = match left_out.len() {
            0 => return None,
            1 => "all tasks ended, but one server failed and was left out".to_owned(),
            number => format!("all tasks ended, but {number} servers failed and were left out"),
        };
        let mut diagnostic = Diagnostic::new(Fault::Failed, message);
        diagnostic.servers = left_out;
        Some(diagnostic)
    }

    /// Returns the error in the form for a person, with its line.
    fn diagnostic(&self, error: Box<EvalAltResult>) -> Diagnostic {
        let failure = errors::failure(error);
        let mut diagnostic = Rc::unwrap_or_clone(failure.diagnostic);
        // No line is to blame for somebody else's lock, least of all that of the library which asked first.
        let is_of_stdlib = |origin: &mut crate::origin::Origin| self.interpreter.defined().is_of_stdlib(&origin.file);
        if diagnostic.fault == Fault::Locked {
            diagnostic.origin.take_if(is_of_stdlib);
        }
        diagnostic.hints.extend(self.interpreter.clues().take_not_run());
        if let Some(signature) = failure.missing {
            names::explain(&self.interpreter, &self.engine, &signature, &mut diagnostic);
        }
        self.with_line(diagnostic)
    }

    /// Adds the line of a diagnostic.
    fn with_line(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if let Some(origin) = &diagnostic.origin {
            let text = self.interpreter.defined().files().line(&origin.file, origin.line);
            if let Some(name) = text
                .as_deref()
                .and_then(|text| syntax::ruby::dashed(text, origin.column))
                && diagnostic.message.starts_with("unknown variable")
            {
                let hint = format!("a name with a dash stands in quotes: \"{name}\"");
                if !diagnostic.hints.contains(&hint) {
                    diagnostic.hints.insert(0, hint);
                }
            }
            if let Some(text) = &text
                && let Some(instead) = of_ruby(&diagnostic.message, text, origin.column)
            {
                diagnostic.hints = vec![instead.to_owned()];
            }
            let before = self.interpreter.defined().files().before(&origin.file, origin.line);
            diagnostic.line = text.map(|text| mask::masked(&before, &text));
        }
        diagnostic
    }
}

/// Returns what to write instead of a Ruby class that an error is about.
fn of_ruby(message: &str, line: &str, column: usize) -> Option<&'static str> {
    let start = line.char_indices().nth(column.checked_sub(1)?)?.0;
    let (before, rest) = line.split_at(start);
    if before.ends_with("ENV.") {
        return syntax::classes::instead(&format!("ENV.{rest}"));
    }
    let is_unknown = message.starts_with("unknown variable") || message.contains("no module");
    is_unknown.then(|| syntax::classes::instead(rest)).flatten()
}
