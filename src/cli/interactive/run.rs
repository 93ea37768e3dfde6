//! Runs the lines of the interactive shell. An error ends the line, a stop request the command; the shell continues.

use std::io::{IsTerminal, stdin};

use super::history::History;
use super::line::{Keys, ShellLine, What};
use super::reader::{LineRead, LineReader};
use super::words::ShellNames;
use crate::cli::shell::Invocation;
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::{Event, Level, Reporter};
use crate::interrupt::{Interrupt, Signal};
use crate::io_error::plain;
use crate::recipe::{Recipe, Stopped, Whom};
use crate::report::Console;
use crate::secret::Redactor;

const HELP: &str = "\
COMMAND               runs on all servers at once
with ROLES COMMAND    runs on the servers of these roles: with app,db uptime. The name of a task stands for its servers
on SERVERS COMMAND    runs on these: on app1,app2 uptime
with ROLES            the same for all lines that follow; so does on SERVERS
with all              all servers again
!TASK ...             runs tasks, also behind with and on: with app !deploy:restart
set -v N              shows more or less: 0 what is important, 3 everything
set :NAME VALUE       sets a variable
set -o vi|emacs       the keys that edit a line
help or ?             this
exit, quit, Ctrl-D    leaves

Ctrl-C ends the command that runs. The arrow keys bring back earlier lines, the tabulator completes names. A line that begins with a
blank, or that speaks of a password, token or the like, is not kept for later shells.
";

/// The things that a shell works with.
pub(in crate::cli) struct ShellSurroundings<'a> {
    pub(in crate::cli) shell: &'a Invocation,
    pub(in crate::cli) console: &'a Console,
    pub(in crate::cli) redactor: &'a Redactor,
    pub(in crate::cli) interrupt: &'a Interrupt,
    /// True if tasks are checked before they run.
    pub(in crate::cli) checks: bool,
}

/// Reads lines and runs them until there are no more. Returns the exit code: 0 at a terminal, else that of the last line that
/// failed.
pub(in crate::cli) fn run(mut recipe: Recipe, surroundings: &ShellSurroundings) -> u8 {
    let ShellSurroundings {
        shell,
        console,
        interrupt,
        ..
    } = *surroundings;
    let history = History::of(shell);
    let lines = match stdin().is_terminal() {
        true => history.load(),
        false => Ok(Vec::new()),
    };
    let lost = lines.as_ref().err().map(plain);
    let words = ShellNames::of(&recipe);
    let reader = match LineReader::start(words, lines.unwrap_or_default(), interrupt) {
        Ok(reader) => reader,
        Err(error) => {
            let message = format!("cannot read from the terminal: {}", plain(&error));
            return told(console, &Diagnostic::new(Fault::Failed, message));
        }
    };
    if reader.is_terminal() {
        console.data("help lists what can be said here; Ctrl-D leaves\n");
        if let Some(lost) = lost {
            say(console, &format!("lines are not kept for later shells: {lost}"));
        }
    }
    let mut session = Lines {
        surroundings,
        recipe: &mut recipe,
        reader: &reader,
        scope: None,
        code: 0,
    };
    let stopped = session.all(&history);
    let code = session.code;
    let ended = recipe.end();
    let ended = ended.err().map_or(0, |stopped| failed(console, &stopped));
    // Sessions are closed before the shell ends.
    drop(recipe);
    match (stopped, ended) {
        (Some(signal), _) => signal.exit_code(),
        (None, 0) if reader.is_terminal() => 0,
        (None, 0) => code,
        (None, ended) => ended,
    }
}

struct Lines<'a> {
    surroundings: &'a ShellSurroundings<'a>,
    recipe: &'a mut Recipe,
    reader: &'a LineReader,
    /// The servers of lines that name none, as the prompt shows them.
    scope: Option<String>,
    /// The exit code of the last line that failed.
    code: u8,
}

impl Lines<'_> {
    /// Runs lines until there are no more; returns the signal if one ended them.
    fn all(&mut self, history: &History) -> Option<Signal> {
        let ShellSurroundings {
            console,
            redactor,
            interrupt,
            ..
        } = *self.surroundings;
        loop {
            match interrupt.pending() {
                Some(Signal::Int) if self.reader.is_terminal() => {}
                Some(signal) => return Some(signal),
                None => {}
            }
            interrupt.forget();
            console.make_room();
            let prompt = match &self.scope {
                Some(scope) => console.cleaned(&format!("capr {scope}> ")),
                None => console.cleaned("capr> "),
            };
            let text = match self.reader.line(prompt.as_str()) {
                LineRead::Line(text) => text,
                LineRead::Discarded => continue,
                LineRead::End => return None,
                LineRead::Failed(error) => {
                    let message = format!("cannot read a line: {error}");
                    self.code = told(console, &Diagnostic::new(Fault::Failed, message));
                    return None;
                }
                LineRead::Stopped(signal) => return Some(signal),
            };
            let line = ShellLine::of(&text);
            if let ShellLine::Leave = line {
                return None;
            }
            if !matches!(line, ShellLine::Nothing) {
                self.reader.keep(&text);
            }
            match self.perform(line) {
                0 => {}
                code if code == Signal::Term.exit_code() => return Some(Signal::Term),
                code if code == Signal::Hup.exit_code() => return Some(Signal::Hup),
                code => self.code = code,
            }
            // A value that the line has set may be a secret.
            if self.reader.is_terminal() {
                history.add(&text, redactor);
            }
        }
    }

    /// Runs one line, and returns the exit code of a run that ends in the same way.
    fn perform(&mut self, line: ShellLine) -> u8 {
        let console = self.surroundings.console;
        match line {
            ShellLine::Nothing | ShellLine::Leave => {}
            ShellLine::Help => console.data(HELP),
            ShellLine::Verbosity(level) => console.show_up_to(level),
            ShellLine::Keys(keys) => {
                self.reader.edit_by(keys);
                let name = match keys {
                    Keys::Emacs => "emacs",
                    Keys::Vi => "vi",
                };
                say(console, &format!("lines are edited as in {name}"));
            }
            ShellLine::Set { name, value } => {
                if let Err(diagnostic) = self.recipe.set_variable(&name, &value) {
                    return told(console, &diagnostic);
                }
            }
            ShellLine::Scope(whom) => match self.recipe.address(&whom) {
                Ok(_) => self.scope = shown(&whom),
                Err(diagnostic) => return told(console, &diagnostic),
            },
            ShellLine::Do { whom: None, what } => return self.carry_out(&what),
            ShellLine::Do { whom: Some(whom), what } => {
                let before = match self.recipe.address(&whom) {
                    Ok(before) => before,
                    Err(diagnostic) => return told(console, &diagnostic),
                };
                let code = self.carry_out(&what);
                if let Err(diagnostic) = self.recipe.address(&before) {
                    return told(console, &diagnostic);
                }
                return code;
            }
            ShellLine::Wrong(message) => return told(console, &Diagnostic::new(Fault::Usage, message)),
        }
        0
    }

    fn carry_out(&mut self, what: &What) -> u8 {
        let ShellSurroundings {
            console,
            interrupt,
            checks,
            ..
        } = *self.surroundings;
        let ended = match what {
            What::Command(command) => self.recipe.run_command(command),
            What::Tasks(tasks) => {
                let unknown: Vec<Diagnostic> = tasks.iter().filter_map(|task| self.recipe.unknown_task(task)).collect();
                let wrong = match unknown.is_empty() && checks {
                    true => self.recipe.wrong_in(tasks),
                    false => unknown,
                };
                if let Some(first) = wrong.first() {
                    console.errors(&wrong);
                    return first.fault.exit_code();
                }
                self.recipe.run_line(tasks)
            }
        };
        if interrupt.pending() == Some(Signal::Int) {
            // The request came when there was nothing left to end.
            interrupt.take();
        }
        console.make_room();
        ended.err().map_or(0, |stopped| failed(console, &stopped))
    }
}

/// Returns the servers as the prompt shows them: `with app,db`.
fn shown(whom: &Whom) -> Option<String> {
    match whom {
        Whom::All => None,
        Whom::Roles(names) => Some(format!("with {}", names.join(","))),
        Whom::Hosts(names) => Some(format!("on {}", names.join(","))),
    }
}

fn failed(console: &Console, stopped: &Stopped) -> u8 {
    console.errors([&stopped.diagnostic]);
    stopped.exit_code()
}

fn told(console: &Console, diagnostic: &Diagnostic) -> u8 {
    console.errors([diagnostic]);
    diagnostic.fault.exit_code()
}

fn say(console: &Console, text: &str) {
    console.clone().report(&Event::Message {
        level: Level::Important,
        tag: None,
        text: text.to_owned(),
    });
}
