//! A test file: its tests, and running one of them.

use std::path::Path;
use std::rc::Rc;

use rhai::Engine;

use super::running::hooks;
use super::running::interpreter::Interpreter;
use super::running::trial::RehearsalFailed;
use super::{Recipe, Rollback, Stopped, stages};
use crate::configuration::Filter;
use crate::diagnostic::{Diagnostic, Fault, Origin};

/// A test of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseOfFile {
    /// Its name, which no other test of the file has.
    pub name: String,
    /// The place of its verb.
    pub origin: Option<Origin>,
}

impl Recipe {
    /// Returns the tests of the file, in its order.
    pub fn cases(&self) -> Vec<CaseOfFile> {
        let trial = self.interpreter.mode().trial();
        let cases = trial.map(super::running::trial::Trial::cases).unwrap_or_default();
        let case = |case: super::running::trial::TestBlock| CaseOfFile {
            name: case.name,
            origin: case.origin,
        };
        cases.into_iter().map(case).collect()
    }

    /// Runs one of its tests. To be called once, in a process that has read nothing else.
    ///
    /// # Errors
    ///
    /// The reason why the test has failed.
    pub fn try_case(&self, name: &str) -> Result<(), Box<Diagnostic>> {
        let trial = self.interpreter.mode().trial();
        let case = trial.and_then(|trial| Some((trial, trial.cases().into_iter().find(|case| case.name == name)?)));
        let Some((trial, case)) = case else {
            let message = format!("there is no test `{name}'");
            return Err(Box::new(Diagnostic::new(Fault::Usage, message)));
        };
        // The test belongs to the interpreter, so it does not own it.
        let (interpreter, engine) = (Rc::downgrade(&self.interpreter), Rc::downgrade(&self.engine));
        let main = self.main_recipe();
        trial.conduct(Box::new(move |words| {
            let (interpreter, engine) = (interpreter.upgrade()?, engine.upgrade()?);
            conduct(interpreter, engine, main.as_deref(), words)
        }));
        let came = self.interpreter.call(&self.engine, case.block, &[]);
        came.map(drop).map_err(|error| Box::new(self.diagnostic(error)))?;
        let unseen = trial.last().and_then(|last| last.unseen());
        unseen.map_or(Ok(()), |failure| Err(Box::new(self.with_line(failure))))
    }

    /// Returns the recipe that the test file loads first: its stages lie beside it.
    fn main_recipe(&self) -> Option<String> {
        let files = self.interpreter.defined().files();
        let own = files.read.iter().skip(self.own.get() + 1);
        let mut names = own.map(|text| text.file.to_string());
        names.find(|name| !files.is_of_stdlib(name))
    }
}

/// Runs tasks as the words of a command line say; returns the failure, if there was one.
fn conduct(
    interpreter: Rc<Interpreter>,
    engine: Rc<Engine>,
    main: Option<&str>,
    words: &[String],
) -> Option<RehearsalFailed> {
    let mut recipe = Recipe {
        engine,
        interpreter,
        stages: main.map(|main| stages::stages(Path::new(main))).unwrap_or_default(),
        set_after: Vec::new(),
        own: std::cell::Cell::new(0),
    };
    let is_said = |word: &&String| {
        let name = word.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    };
    let said: Vec<(String, String)> = words
        .iter()
        .filter(is_said)
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let words: Vec<String> = words.iter().filter(|word| !is_said(word)).cloned().collect();
    let environment = recipe.interpreter.machine().environment();
    for (name, value) in &said {
        recipe
            .interpreter
            .machine()
            .set_environment_variable(name.clone(), value.clone());
    }
    let own = said.into_iter().collect();
    let filter = recipe.interpreter.exclusions().replace_filter(Filter {
        preserve_roles: recipe.interpreter.exclusions().filter().preserve_roles,
        ..Filter::from_environment(&own)
    });
    let failed = run(&mut recipe, &words);
    recipe.interpreter.exclusions().replace_filter(filter);
    recipe.interpreter.machine().replace_environment(environment);
    failed
}

fn run(recipe: &mut Recipe, words: &[String]) -> Option<RehearsalFailed> {
    recipe.begin_line();
    let failed = |diagnostic: Diagnostic| {
        let code = diagnostic.fault.exit_code();
        Some(RehearsalFailed { diagnostic, code })
    };
    // The test itself may have required a library.
    let loaded = || hooks::run_of_load(&recipe.interpreter, &recipe.engine);
    if let Err(error) = recipe.interpreter.budget().bounded(loaded) {
        return failed(recipe.diagnostic(error));
    }
    let words = recipe.enter_stage(words);
    let tasks = match words.and_then(|words| recipe.take_words(words)) {
        Ok(tasks) => tasks,
        Err(wrong) => return wrong.into_iter().next().and_then(failed),
    };
    if tasks.is_empty() {
        return failed(Diagnostic::new(Fault::Usage, "no task was named"));
    }
    if let Some(unknown) = tasks.iter().find_map(|task| recipe.unknown_task(task)) {
        let unknown = match recipe.stages.is_empty() && recipe.main_is_missing() {
            true => unknown.hint("this file loads no recipe; at its top: load \"deploy\"; or require \"a_library\";"),
            false => unknown,
        };
        return failed(unknown);
    }
    match recipe.run(&tasks) {
        Ok(()) => None,
        Err(stopped) => {
            let Stopped {
                diagnostic, rollback, ..
            } = *stopped;
            let code = match rollback {
                Rollback::Incomplete => 5,
                _ => diagnostic.fault.exit_code(),
            };
            Some(RehearsalFailed { diagnostic, code })
        }
    }
}

impl Recipe {
    /// Returns true if no file but the test's own was read.
    fn main_is_missing(&self) -> bool {
        let files = self.interpreter.defined().files();
        let own = files.read.iter().filter(|text| !files.is_of_stdlib(&text.file));
        own.count() < 2
    }
}
