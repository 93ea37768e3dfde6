//! The process of a test: reads the file, runs the one test, and answers on standard output.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use indexmap::IndexMap;
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::cli::arguments::TypedArguments;
use crate::cli::connectors::{self, Ssh};
use crate::cli::search;
use crate::cli::shell::{Invocation, Presentation};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Event;
use crate::interrupt::Interrupt;
use crate::recipe::{Options, Recipe, Trial};
use crate::report::{Console, Look};
use crate::run_id::RunId;
use crate::secret::Redactor;
use crate::session::scripted::Script;
use crate::session::ssh::SshEnvironment;
use crate::session::{Connector, Destination, Phase, Report, Session, SessionId};
use crate::verdict::{Case, Order, Reply, TestFailure};

/// The variable that is set for the process of a test.
pub(in crate::cli) const VARIABLE: &str = "CAPR_TEST_WITHIN";

/// Reads the order from standard input, runs it, and answers.
pub(in crate::cli) fn answer(arguments: &TypedArguments, shell: &Invocation) -> u8 {
    // If this is not possible, this process ends at its time limit or when everything is done.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let mut text = String::new();
    let order = std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())
        .and_then(|_| serde_json::from_str::<Order>(&text).map_err(|error| error.to_string()));
    let redactor = Redactor::default();
    let order = match order {
        Ok(order) => order,
        Err(error) => {
            let console = console(Presentation::unasked(shell), redactor);
            let message = format!("{VARIABLE} is set for the processes of tests alone: {error}");
            return super::refuse(&console, &[Diagnostic::new(Fault::Usage, message)]);
        }
    };
    let mut presentation = Presentation::unasked(shell);
    presentation.look = Look {
        color: order.color,
        many: presentation.look.many,
        columns: order.columns,
        live: false,
    };
    let console = console(presentation, redactor.clone());
    let reply = Worker {
        arguments,
        shell,
        order: &order,
        console: &console,
    }
    .reply(redactor);
    match serde_json::to_string(&reply) {
        Ok(text) => {
            console.data(&text);
            0
        }
        Err(_) => 1,
    }
}

fn console(presentation: Presentation, redactor: Redactor) -> Console {
    Console::new(crate::cli::options(presentation, false, None), redactor)
}

struct Worker<'a> {
    arguments: &'a TypedArguments,
    shell: &'a Invocation,
    order: &'a Order,
    console: &'a Console,
}

impl Worker<'_> {
    fn reply(&self, redactor: Redactor) -> Reply {
        let mut reply = Reply::default();
        let servers = self.arguments.servers.then(|| self.servers());
        let (trial, surroundings) = Trial::new(servers, redactor, Interrupt::default());
        if self.order.counts {
            trial.count();
        }
        let options = self.options(trial.clone());
        let recipe = match Recipe::load(&[Path::new(&self.order.file)], options, surroundings) {
            Ok(recipe) => recipe,
            Err(wrong) => {
                reply.failure = Some(self.failure(&wrong, &trial));
                return reply;
            }
        };
        match &self.order.case {
            None => {
                let cases = recipe.cases().into_iter().map(|case| Case {
                    file: self.order.file.clone(),
                    name: case.name,
                    line: case.origin.map_or(1, |origin| origin.line),
                });
                reply.cases = cases.collect();
            }
            Some(name) => {
                let wrong = recipe.try_case(name).err();
                reply.failure = wrong.map(|wrong| self.failure(&[*wrong], &trial));
                reply.coverage = trial.coverage();
            }
        }
        reply
    }

    fn failure(&self, wrong: &[Diagnostic], trial: &Trial) -> TestFailure {
        let mut failure = TestFailure::default();
        for diagnostic in wrong {
            let (shown, plain) = self.console.told(diagnostic);
            failure.shown.push_str(&shown);
            failure.plain.push_str(&plain);
        }
        if let Some(first) = wrong.first() {
            let lines: Vec<String> = first
                .message
                .lines()
                .map(|line| self.console.cleaned_line(line))
                .collect();
            failure.message = lines.join("\n");
            let place = first.origin.as_ref();
            failure.place = place.map(|place| (place.file.to_string(), place.line, place.column));
        }
        failure.said = said(&trial.events());
        failure
            .said
            .iter_mut()
            .for_each(|line| *line = self.console.cleaned_line(line));
        failure
    }

    fn options(&self, trial: Trial) -> Options {
        let file = PathBuf::from(&self.order.file);
        let stdlib = self.arguments.stdlib.clone();
        let stdlib = stdlib.or_else(|| self.shell.variable("CAPR_STDLIB").map(PathBuf::from));
        let stdlib = stdlib.map(|directory| self.shell.directory.join(directory));
        let mut libraries = search::libraries(std::slice::from_ref(&file), &self.shell.directory, self.shell);
        // Tests may lie in a directory of their own.
        libraries.first.push(self.shell.directory.join("lib/capr"));
        Options {
            environment: self.order.environment.iter().cloned().collect::<IndexMap<_, _>>(),
            trust: search::trust(&[file], stdlib.as_deref(), self.shell),
            libraries: libraries.first,
            shelf: libraries.added,
            libraries_after: libraries.last,
            stdlib,
            run: RunId::known("7e57000000000000"),
            trial: Some(trial),
            ..Options::default()
        }
    }

    /// Returns the connector for the real servers, if tests are to run on them.
    fn servers(&self) -> Box<dyn Connector> {
        let config = self.arguments.ssh_config.as_deref().unwrap_or_default();
        let files = config.split(':').filter(|file| !file.is_empty());
        let ssh = Ssh {
            config: Some(files.map(|file| self.shell.directory.join(file)).collect()),
            environment: SshEnvironment {
                home: self.shell.variable("HOME").map(PathBuf::from),
                local_user: self.shell.user(),
                variables: self.shell.environment.clone().into_iter().collect(),
            },
        };
        let named: Vec<String> = ssh.config.iter().flatten().flat_map(|file| hosts_in(file)).collect();
        let stranger = Script::new();
        let reason = format!("{config} does not name it, and tests connect to no other server");
        stranger.refuse("*", Phase::Connect, &reason);
        Box::new(Named {
            named,
            servers: connectors::make(false, ssh, self.shell.core_files).0,
            stranger,
        })
    }
}

/// Returns the hosts that an ssh configuration names, without patterns.
fn hosts_in(file: &Path) -> Vec<String> {
    // If it cannot be read, ssh says why.
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().map(|line| line.trim().replacen('=', " ", 1));
    let hosts = lines.filter(|line| line.to_lowercase().starts_with("host "));
    let words: Vec<String> = hosts
        .flat_map(|line| line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    words
        .into_iter()
        .filter(|word| !word.contains(['*', '?', '!']))
        .collect()
}

/// The real servers that the configuration names, and no others.
struct Named {
    named: Vec<String>,
    servers: Box<dyn Connector>,
    stranger: Script,
}

impl Connector for Named {
    fn connect(&self, id: SessionId, destination: &Destination, reports: Sender<Report>) -> Box<dyn Session> {
        match self.named.contains(&destination.server.host) {
            true => self.servers.connect(id, destination, reports),
            false => self.stranger.connect(id, destination, reports),
        }
    }
}

/// Returns the lines that were said and printed.
fn said(events: &[Event]) -> Vec<String> {
    let mut lines = Vec::new();
    for event in events {
        match event {
            Event::Message { text, .. } | Event::Printed { text } => lines.extend(text.lines().map(str::to_owned)),
            _ => {}
        }
    }
    lines
}
