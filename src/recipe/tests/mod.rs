//! Tests of the language on scripted servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod around;
mod batches;
mod capistrano3;
mod check;
mod commands;
mod conditions;
mod deploy_scripts;
mod depth;
mod downloads;
mod each_server;
mod errors;
mod examining;
mod forms;
mod functions;
mod gems;
mod grammar;
mod hooks;
mod language;
mod libraries;
mod library_plans;
mod limits;
mod lists;
mod local;
mod lost;
mod missing;
mod mistakes;
mod misuse;
mod parallel;
mod prefixes;
mod render;
mod roles;
mod selection;
mod small;
mod tasks;
mod texts;
mod transactions;
mod trials;
mod variables;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use proptest::prelude::ProptestConfig;

use super::mistakes::LoadPoint;
use super::running::surroundings::{Options, Prompts, Surroundings};
use super::{Recipe, Stopped};
use crate::diagnostic::{Diagnostic, Severity};
use crate::event::{Event, Level, Reporter};
use crate::interrupt::Interrupt;
use crate::secret::{Redactor, Secret};
use crate::session::scripted::Script;
use crate::unanswered::Unanswered;

/// Returns the number of times that a property is tried, unless `PROPTEST_CASES` sets another.
fn tries(number: u32) -> ProptestConfig {
    let mut tries = ProptestConfig::default();
    // As many as proptest tries by itself: nobody has said anything.
    if tries.cases == 256 {
        tries.cases = number;
    }
    tries.failure_persistence = None;
    tries
}

/// The events of a run.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<Event>>>);

impl Reporter for Log {
    fn report(&mut self, event: &Event) {
        self.0.borrow_mut().push(event.clone());
    }
}

/// Answers prompts, one after the other.
struct Answers(Vec<&'static str>);

impl Prompts for Answers {
    fn secret(&mut self, _: &str) -> Result<Secret, Unanswered> {
        if self.0.is_empty() {
            return Err(Unanswered::nobody("no terminal to ask on"));
        }
        Ok(Secret::new(self.0.remove(0)))
    }

    fn question(&mut self, prompt: &str) -> Result<Option<String>, Unanswered> {
        if self.0.is_empty() {
            return Ok(None);
        }
        // The question itself is the answer.
        Ok(Some(self.0.remove(0).replace("PROMPT", prompt)))
    }
}

/// A recipe on scripted servers.
struct Case {
    text: String,
    files: Vec<(String, String)>,
    options: Options,
    script: Script,
    local: Script,
    answers: Vec<&'static str>,
    interrupt: Interrupt,
}

/// The result of a recipe.
struct Outcome {
    result: Result<(), Box<Stopped>>,
    events: Vec<Event>,
    /// The output of `puts`.
    printed: Vec<String>,
    script: Script,
    local: Script,
}

fn recipe(text: &str) -> Case {
    Case {
        text: text.to_owned(),
        files: Vec::new(),
        options: Options::default(),
        script: Script::new(),
        local: Script::new(),
        answers: Vec::new(),
        interrupt: Interrupt::default(),
    }
}

impl Case {
    fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.options.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn before(mut self, name: &str, value: &str) -> Self {
        self.options.set_before.push((name.to_owned(), value.to_owned()));
        self
    }

    fn after(mut self, name: &str, value: &str) -> Self {
        self.options.set_after.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes the recipe; returns its path and everything that it works with.
    fn prepare(self) -> (PathBuf, Options, Surroundings, Log, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let path: PathBuf = directory.path().join("recipe.rhai");
        std::fs::write(&path, &self.text).unwrap();
        for (name, text) in &self.files {
            let file = directory.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        // What the options name stands in the same directory.
        let mut options = self.options;
        for file in options.libraries.iter_mut().chain(&mut options.before) {
            *file = directory.path().join(&*file);
        }
        let log = Log::default();
        let surroundings = Surroundings {
            remote: Box::new(self.script.clone()),
            local: Box::new(self.local.clone()),
            reporter: Box::new(log.clone()),
            prompts: Box::new(Answers(self.answers)),
            redactor: Redactor::default(),
            interrupt: self.interrupt,
        };
        (path, options, surroundings, log, directory)
    }

    fn load(self) -> (Result<Recipe, Vec<Diagnostic>>, Log, tempfile::TempDir) {
        let (path, options, surroundings, log, directory) = self.prepare();
        (Recipe::load(&[path], options, surroundings), log, directory)
    }

    /// Returns the findings of `capr check`.
    fn check(self) -> Vec<Diagnostic> {
        let (path, options, surroundings, _log, _directory) = self.prepare();
        Recipe::check(&[path], options, surroundings, &[]).unwrap()
    }

    fn run(self, tasks: &[&str]) -> Outcome {
        let (script, local) = (self.script.clone(), self.local.clone());
        let text = self.text.clone();
        let (loaded, log, _directory) = self.load();
        let mut recipe = loaded.unwrap_or_else(|errors| panic!("{errors:#?}"));
        let tasks: Vec<String> = tasks.iter().map(|task| (*task).to_owned()).collect();
        let result = recipe.run(&tasks);
        if result.is_ok() && !text.contains("catch") && !text.contains(":none") {
            // What runs well is not found wrong by `capr check`; but what is caught, or replaced by the command line.
            let mut found = recipe.wrong(Ok(()), LoadPoint::Checked);
            found.retain(|found| found.severity == Severity::Error);
            assert!(found.is_empty(), "{text}\n{found:#?}");
        }
        drop(recipe);
        let events: Vec<Event> = log.0.borrow().clone();
        let printed = events
            .iter()
            .filter_map(|event| match event {
                Event::Printed { text } => Some(text.clone()),
                _ => None,
            })
            .collect();
        Outcome {
            result,
            events,
            printed,
            script,
            local,
        }
    }

    /// Returns the errors of a recipe that cannot be loaded.
    fn errors(self) -> Vec<Diagnostic> {
        match self.load().0 {
            Ok(_) => panic!("the recipe was loaded"),
            Err(errors) => errors,
        }
    }
}

impl Outcome {
    /// Returns the output, after making sure that the run has succeeded.
    fn printed(self) -> Vec<String> {
        if let Err(stopped) = &self.result {
            panic!("{stopped:#?}");
        }
        self.printed
    }

    /// Returns the messages at a level.
    fn messages(&self, wanted: Level) -> Vec<String> {
        let said = |event: &Event| match event {
            Event::Message { level, text, .. } if *level == wanted => Some(text.clone()),
            _ => None,
        };
        self.events.iter().filter_map(said).collect()
    }

    fn error(&self) -> &Diagnostic {
        match &self.result {
            Ok(()) => panic!("it went well: {:?}", self.printed),
            Err(stopped) => &stopped.diagnostic,
        }
    }
}

/// Returns the output of this recipe when its task `t` is run.
fn prints(recipe_text: &str) -> Vec<String> {
    recipe(recipe_text).run(&["t"]).printed()
}
