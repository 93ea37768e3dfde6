//! A rehearsed run, as a value that a test examines.

use std::cell::Cell;
use std::rc::Rc;

use rhai::{Array, Dynamic, Engine};

use super::trial::Since;
use crate::configuration::Server;
use crate::diagnostic::{Diagnostic, Origin};
use crate::event::Event;
use crate::recipe::language::origin::{Fallible, raise};
use crate::recipe::language::values::map;
use crate::session::Meant;
use crate::session::recorded::GivenCommand;
use crate::source::{Source, files_of_archive, readable};

/// The name of this machine in tests.
pub(in crate::recipe) const LOCAL: &str = "local";

/// A rehearsed run.
pub(in crate::recipe) struct Rehearsed {
    /// The words with which it was called.
    pub(in crate::recipe) words: String,
    /// The commands in the order in which they were started; those of this machine follow those of servers.
    pub(in crate::recipe) commands: Vec<Ran>,
    pub(in crate::recipe) tasks: Vec<String>,
    pub(in crate::recipe) rolled_back: Vec<String>,
    pub(in crate::recipe) messages: Vec<String>,
    pub(in crate::recipe) printed: Vec<String>,
    /// The failure, if there was one, and the exit code.
    pub(in crate::recipe) failure: Option<Diagnostic>,
    pub(in crate::recipe) code: u8,
    /// True if the test has examined the failure.
    pub(in crate::recipe) is_seen: Cell<bool>,
}

/// A command that was run.
#[derive(Clone)]
pub(in crate::recipe) struct Ran {
    /// The server; `None` for this machine.
    pub(in crate::recipe) server: Option<Server>,
    pub(in crate::recipe) meant: Meant,
}

/// A file that was sent.
pub(in crate::recipe) struct Sent {
    pub(in crate::recipe) path: String,
    pub(in crate::recipe) content: String,
    /// Its permissions, where the recipe says them.
    pub(in crate::recipe) mode: Option<String>,
}

impl Ran {
    fn of((given, is_here): (GivenCommand, bool)) -> Option<Self> {
        let meant = given.command.meant?;
        Some(Self {
            server: (!is_here).then_some(given.server),
            meant: (*meant).clone(),
        })
    }

    /// Returns the server by its name in tests.
    pub(in crate::recipe) fn place(&self) -> String {
        self.server
            .as_ref()
            .map_or_else(|| LOCAL.to_owned(), ToString::to_string)
    }

    /// Returns true if a test means the server of this command by this name.
    pub(in crate::recipe) fn is_on(&self, name: &str) -> bool {
        match &self.server {
            None => name == LOCAL,
            Some(server) => server.host == name || server.to_string() == name,
        }
    }

    /// Returns the value of an option, as it is shown.
    pub(in crate::recipe) fn option(&self, name: &str) -> Option<&str> {
        let options = self.meant.options.iter();
        options
            .rev()
            .find_map(|(option, value)| (*option == name).then_some(value.as_str()))
    }

    /// Returns everything on its standard input.
    pub(in crate::recipe) fn data(&self) -> String {
        contents(&*self.meant.input)
    }

    /// Returns the files that it sends: one, or those of a directory.
    pub(in crate::recipe) fn files(&self) -> Vec<Sent> {
        let Some(file) = &self.meant.file else {
            return Vec::new();
        };
        if !file.is_directory {
            return vec![Sent {
                path: file.path.clone(),
                content: self.data(),
                mode: file.mode.clone(),
            }];
        }
        let top = file.path.trim_end_matches('/');
        let files = files_of_archive(&readable(&*self.meant.input)).into_iter();
        files
            .map(|(path, content)| Sent {
                path: format!("{top}/{path}"),
                content: String::from_utf8_lossy(&content).into_owned(),
                mode: None,
            })
            .collect()
    }
}

/// Returns a file that was sent, as a string.
pub(in crate::recipe) fn contents(source: &dyn Source) -> String {
    String::from_utf8_lossy(&readable(source)).into_owned()
}

impl Rehearsed {
    /// Makes a rehearsed run; `place` is that of the verb in the test.
    pub(in crate::recipe) fn new(
        words: String,
        place: Option<Origin>,
        since: Since,
        failure: Option<(Diagnostic, u8)>,
    ) -> Self {
        let Since { given, done_here, told } = since;
        let given = given.into_iter().map(|given| (given, false));
        let all = given.chain(done_here.into_iter().map(|given| (given, true)));
        let mut run = Self {
            words,
            commands: all.filter_map(Ran::of).collect(),
            tasks: Vec::new(),
            rolled_back: Vec::new(),
            messages: Vec::new(),
            printed: Vec::new(),
            code: failure.as_ref().map_or(0, |(_, code)| *code),
            failure: failure.map(|(diagnostic, _)| match diagnostic.origin {
                Some(_) => diagnostic,
                None => diagnostic.at(place),
            }),
            is_seen: Cell::default(),
        };
        for event in told {
            match event {
                Event::TaskStarted { task, .. } => run.tasks.push(task),
                Event::RollingBack { task } => run.rolled_back.push(task),
                Event::Message { text, .. } => run.messages.push(text),
                Event::Printed { text } => run.printed.push(text),
                _ => {}
            }
        }
        run
    }

    /// Returns the commands of a server, in their order.
    pub(in crate::recipe) fn on(&self, name: &str) -> Vec<&str> {
        let here = self.commands.iter().filter(|ran| ran.is_on(name));
        here.map(|ran| ran.meant.command.as_str()).collect()
    }

    /// Returns an error if the run has failed and the test does not expect that.
    pub(in crate::recipe) fn went_well(&self) -> Fallible<()> {
        match self.unseen() {
            Some(failure) => Err(raise(failure, rhai::Position::NONE)),
            None => Ok(()),
        }
    }

    /// Returns the failure of the run, if the test has not examined it.
    pub(in crate::recipe) fn unseen(&self) -> Option<Diagnostic> {
        let failure = self.failure.clone().filter(|_| !self.is_seen.get())?;
        let hint = format!(
            "this is how `{}' failed; a test that expects it says so: assert_fails(run, \"…\")",
            self.words
        );
        Some(failure.hint(hint))
    }

    /// Returns all strings of its failure, one a line.
    pub(in crate::recipe) fn failure_text(&self) -> String {
        let Some(failure) = &self.failure else {
            return String::new();
        };
        let mut lines = vec![failure.message.clone()];
        for server in &failure.servers {
            lines.push(format!("{}: {}", server.server, server.reason));
            lines.extend(server.stderr.iter().chain(&server.stdout).cloned());
        }
        lines.extend(failure.hints.iter().cloned());
        lines.join("\n")
    }
}

/// A rehearsed run as a value of a script.
#[derive(Clone)]
pub(in crate::recipe) struct Run(pub(in crate::recipe) Rc<Rehearsed>);

fn list(texts: &[String]) -> Array {
    texts.iter().map(|text| text.clone().into()).collect()
}

fn command(ran: &Ran) -> Dynamic {
    let options = ran.meant.options.iter().map(|(name, value)| (*name, value.clone()));
    let members: [(&str, Dynamic); 5] = [
        ("server", ran.place().into()),
        ("verb", ran.meant.verb.into()),
        ("command", ran.meant.command.clone().into()),
        ("options", map(options).into()),
        ("data", ran.data().into()),
    ];
    map(members).into()
}

fn file(ran: &Ran, sent: Sent) -> Dynamic {
    let members: [(&str, Dynamic); 4] = [
        ("server", ran.place().into()),
        ("path", sent.path.into()),
        ("content", sent.content.into()),
        ("mode", sent.mode.map_or(Dynamic::UNIT, Into::into)),
    ];
    map(members).into()
}

/// Registers the members of a run.
pub(in crate::recipe) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Run>("Rehearsal");
    engine.register_get("tasks", |run: &mut Run| list(&run.0.tasks));
    engine.register_get("rolled_back", |run: &mut Run| list(&run.0.rolled_back));
    engine.register_get("messages", |run: &mut Run| list(&run.0.messages));
    engine.register_get("printed", |run: &mut Run| list(&run.0.printed));
    engine.register_get("commands", |run: &mut Run| -> Array {
        run.0.commands.iter().map(command).collect()
    });
    engine.register_get("files", |run: &mut Run| -> Array {
        let commands = run.0.commands.iter();
        commands
            .flat_map(|ran| ran.files().into_iter().map(|sent| file(ran, sent)))
            .collect()
    });
    engine.register_fn("on", |run: &mut Run, server: &str| -> Array {
        run.0.on(server).into_iter().map(Into::into).collect()
    });
    engine.register_get("failed", |run: &mut Run| {
        run.0.is_seen.set(true);
        run.0.failure.is_some()
    });
    engine.register_get("code", |run: &mut Run| {
        run.0.is_seen.set(true);
        i64::from(run.0.code)
    });
    engine.register_get("error", |run: &mut Run| -> Dynamic {
        run.0.is_seen.set(true);
        match &run.0.failure {
            Some(failure) => failure.message.clone().into(),
            None => Dynamic::UNIT,
        }
    });
    engine.register_fn("to_string", |run: &mut Run| format!("the run of `{}'", run.0.words));
    engine.register_fn("to_debug", |run: &mut Run| format!("the run of `{}'", run.0.words));
}
