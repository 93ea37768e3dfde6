//! `capr test`: finds the tests of recipes and libraries, runs each in a process of its own, and reports the results.

mod found;
mod process;
mod run;
mod worker;

use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::place::Draft;
use crate::report::{Console, junit, lcov, matches};
use crate::verdict::{Case, Order, TestOutcome, Verdict, Verdicts};

use super::arguments::TypedArguments;
use super::refuse;
use super::settings::is_assignment;
use super::shell::Invocation;
use run::{TestJob, Way};

pub(super) use worker::{VARIABLE, answer};

/// The exit codes besides those of all commands.
const FAILED: u8 = 1;
const UNREADABLE: u8 = 3;
const NO_TEST: u8 = 4;

/// The time that a test may take if nothing else is said.
const LIMIT: Duration = Duration::from_secs(60);

/// The arguments, and the process.
struct Wish<'a> {
    arguments: &'a TypedArguments,
    shell: &'a Invocation,
    console: &'a Console,
    color: bool,
    environment: Vec<(String, String)>,
}

/// Runs the command and returns its exit code.
pub(super) fn run(arguments: &TypedArguments, color: bool, shell: &Invocation, console: &Console) -> u8 {
    let words = arguments.words.iter().skip(1);
    let environment = words
        .clone()
        .filter_map(|word| word.split_once('=').filter(|_| is_assignment(word)));
    let wish = Wish {
        arguments,
        shell,
        console,
        color,
        environment: environment
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    };
    let paths: Vec<&String> = words.filter(|word| !is_assignment(word)).collect();
    match wish
        .misuse()
        .map_or_else(|| found::files(&paths, shell), |wrong| Err(Box::new(wrong)))
    {
        Ok(files) => wish.run(&files),
        Err(wrong) => refuse(console, &[*wrong]),
    }
}

impl Wish<'_> {
    /// Returns the error for words and options that make no sense together.
    fn misuse(&self) -> Option<Diagnostic> {
        let arguments = self.arguments;
        let usage = |message: &str, hint: &str| Some(Diagnostic::new(Fault::Usage, message).hint(hint));
        if let Err(wrong) = arguments.without_options_of_tools() {
            return Some(wrong.into());
        }
        if !arguments.files.is_empty() {
            return usage(
                "test takes its files as words, not after -f",
                "capr test config/deploy_test.rhai",
            );
        }
        if arguments.servers && arguments.ssh_config.is_none() {
            return usage(
                "--servers runs tests on real servers, and --ssh-config has to say which",
                "capr test --servers --ssh-config FILE: only hosts that FILE names are connected to",
            );
        }
        if arguments.jobs == Some(0) {
            return usage("--jobs takes a number from 1", "capr test --jobs 4");
        }
        None
    }

    fn run(&self, files: &[String]) -> u8 {
        let way = self.way();
        let listing = files.iter().map(|file| TestJob {
            case: Case {
                file: file.clone(),
                name: String::new(),
                line: 1,
            },
            order: self.order(file, None),
        });
        let begun = std::time::Instant::now();
        let mut verdicts = Verdicts::default();
        let mut cases: Vec<Case> = Vec::new();
        run::all(listing.collect(), &way, &mut |verdict, reply| {
            match verdict.outcome {
                TestOutcome::Passed => cases.extend(reply.cases),
                // A file that cannot be read has no tests; its own verdict is reported.
                _ => verdicts.all.push(verdict),
            }
        });
        crate::sort::by_key(&mut cases, |case| {
            let file = files.iter().position(|file| *file == case.file);
            (file, case.line)
        });
        let all = cases.len();
        cases.retain(|case| self.is_wanted(case));
        if self.arguments.list {
            self.console.tests(&cases, self.arguments.json);
            let wrong: Vec<&Verdict> = verdicts.failed();
            for verdict in &wrong {
                let shown = verdict.failure.as_ref().map_or("", |failure| failure.shown.as_str());
                self.console.usage(shown);
            }
            return match (wrong.is_empty(), cases.is_empty()) {
                (false, _) => UNREADABLE,
                (true, true) => self.none(files, all),
                (true, false) => 0,
            };
        }
        if cases.is_empty() && verdicts.all.is_empty() {
            return self.none(files, all);
        }
        self.run_cases(cases, &way, verdicts, begun)
    }

    fn run_cases(&self, cases: Vec<Case>, way: &Way, mut verdicts: Verdicts, begun: std::time::Instant) -> u8 {
        let (console, is_json) = (self.console, self.arguments.json);
        let files = match self.open_files() {
            Ok(files) => files,
            Err(wrong) => return refuse(console, &[*wrong]),
        };
        if !is_json {
            let mut files: Vec<&str> = cases.iter().map(|case| case.file.as_str()).collect();
            files.dedup();
            console.tests_start(cases.len(), files.len());
        }
        for broken in &verdicts.all {
            console.test_ended(broken, is_json);
        }
        let jobs = cases.iter().map(|case| TestJob {
            case: case.clone(),
            order: self.order(&case.file, Some(&case.name)),
        });
        let mut coverage = self.counts().then(crate::verdict::Coverage::default);
        let count = cases.len();
        let mut ended = 0;
        let may_begin = !self.arguments.fail_fast || verdicts.all.is_empty();
        if may_begin {
            run::all(jobs.collect(), way, &mut |verdict, reply| {
                ended += 1;
                console.test_ended(&verdict, is_json);
                if let Some(coverage) = &mut coverage {
                    coverage.add(reply.coverage);
                }
                verdicts.all.push(verdict);
            });
        }
        verdicts.left = count - ended;
        verdicts.elapsed = begun.elapsed();
        let lines = coverage.as_ref().map(lcov).unwrap_or_default();
        verdicts.coverage = coverage.filter(|_| self.arguments.coverage);
        console.tests_ended(&verdicts, is_json);
        if let Err(wrong) = files.write(&junit(&verdicts), &lines) {
            return refuse(console, &[*wrong]);
        }
        match (verdicts.count(TestOutcome::Broken), verdicts.failed().is_empty()) {
            (_, true) => 0,
            (0, false) => FAILED,
            _ if verdicts.all.iter().any(|verdict| verdict.case.name.is_empty()) => UNREADABLE,
            _ => FAILED,
        }
    }

    fn way(&self) -> Way {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Way {
            // Tests on real servers would get in each other's way.
            jobs: self
                .arguments
                .jobs
                .unwrap_or(if self.arguments.servers { 1 } else { cores }),
            limit: self.arguments.time_limit.unwrap_or(LIMIT),
            stops: self.arguments.fail_fast,
            words: self.words(),
        }
    }

    /// Returns the words with which the process of a test is called.
    fn words(&self) -> Vec<std::ffi::OsString> {
        let mut words: Vec<std::ffi::OsString> = vec!["test".into()];
        if let Some(stdlib) = &self.arguments.stdlib {
            words.extend(["--stdlib".into(), stdlib.clone().into_os_string()]);
        }
        if let (true, Some(config)) = (self.arguments.servers, &self.arguments.ssh_config) {
            words.extend(["--servers".into(), "--ssh-config".into(), config.into()]);
        }
        words
    }

    fn counts(&self) -> bool {
        self.arguments.coverage || self.arguments.lcov.is_some()
    }

    fn order(&self, file: &str, case: Option<&str>) -> Order {
        Order {
            file: file.to_owned(),
            case: case.map(str::to_owned),
            environment: self.environment.clone(),
            counts: self.counts() && case.is_some(),
            color: self.color,
            columns: self.shell.messages.columns,
        }
    }

    fn is_wanted(&self, case: &Case) -> bool {
        let whole = format!("{}: {}", case.file, case.name);
        let fits = |pattern: &String| match pattern.contains('*') {
            true => matches(pattern, &case.name) || matches(pattern, &whole),
            false => whole.contains(pattern.as_str()),
        };
        self.arguments.filter.is_empty() || self.arguments.filter.iter().any(fits)
    }

    /// Reports that there is nothing to run: `all` tests were there before the filter.
    fn none(&self, files: &[String], all: usize) -> u8 {
        let message = match (files.len(), all) {
            (0, _) => "no test file was found".to_owned(),
            (_, 0) => "no file has a test".to_owned(),
            (_, all) => format!("no test fits the filter; there are {all}"),
        };
        let hint = match (files.len(), all) {
            (0, _) => "test files end in _test.rhai and lie beside what they test: config/deploy_test.rhai",
            (_, 0) => "a test is written: test \"name\" { … }",
            _ => "capr test --list shows them",
        };
        self.console
            .errors([&Diagnostic::new(Fault::Usage, message).hint(hint)]);
        NO_TEST
    }

    /// Begins a file that was asked for. Inside the working directory no part of the path may be a link, which may come
    /// from the repository and lead to a file of the person.
    fn draft(&self, path: &Path) -> io::Result<Draft> {
        let is_inside = path.is_relative() && !path.components().any(|part| part == Component::ParentDir);
        match is_inside {
            true => Draft::below(&self.shell.directory, path),
            false => Draft::of(&self.shell.directory.join(path), 0o666),
        }
    }

    /// Begins the files that were asked for, so that tests do not run for a file that cannot be written.
    fn open_files(&self) -> Result<ResultFiles<'_>, Box<Diagnostic>> {
        let begin = |path: &'_ Option<PathBuf>| match path {
            Some(path) => self.draft(path).map(Some).map_err(|error| unwritable(path, &error)),
            None => Ok(None),
        };
        let (junit, lcov) = (&self.arguments.junit, &self.arguments.lcov);
        Ok(ResultFiles {
            junit: junit.as_deref().zip(begin(junit)?),
            lcov: lcov.as_deref().zip(begin(lcov)?),
        })
    }
}

/// The files for programs: each with its path as it was typed.
struct ResultFiles<'a> {
    junit: Option<(&'a Path, Draft)>,
    lcov: Option<(&'a Path, Draft)>,
}

impl ResultFiles<'_> {
    /// Writes the files, which replace those that are there.
    fn write(self, junit: &str, lcov: &str) -> Result<(), Box<Diagnostic>> {
        for (file, text) in [(self.junit, junit), (self.lcov, lcov)] {
            let Some((path, mut draft)) = file else { continue };
            let written = draft.write(text).and_then(|()| draft.replace());
            written.map_err(|error| unwritable(path, &error))?;
        }
        Ok(())
    }
}

/// Returns the error for a file that cannot be written.
fn unwritable(path: &Path, error: &io::Error) -> Box<Diagnostic> {
    let message = format!("cannot write {}: {}", path.display(), plain(error));
    Box::new(Diagnostic::new(Fault::Failed, message))
}
