//! Tests that nothing a terminal would obey, and nothing invisible, is shown in any place.

use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

use super::{Paper, clock, look, options};
use crate::configuration::{Addressed, Server, Servers, Setter, Setting, Shown, TaskSummary, Value, Variable};
use crate::diagnostic::{Diagnostic, Fault, Origin, ServerFailure};
use crate::event::{ActionId, Event, Level, Reporter, Rollback};
use crate::exit::{Exit, Phase, Stream};
use crate::report::{Console, Ending, Format, Listing, Log, Look};
use crate::secret::{Redactor, Secret};

/// Sequences that are put into the middle of a secret.
const HOSTILE: &[&str] = &[
    "\u{1b}[0m",
    "\u{1b}[31m",
    "\u{1b}[8m",
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}[1A\u{1b}[2K",
    "\u{1b}[6n",
    "\u{1b}[?1049h",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]2;title\u{1b}\\",
    "\u{1b}]8;;http://evil.example\u{1b}\\",
    "\u{1b}]52;c;cm0gLXJmIC8=\u{7}",
    "\u{1b}P+q544e\u{1b}\\",
    "\u{1b}_apc\u{1b}\\",
    "\u{1b}^pm\u{1b}\\",
    "\u{1b}Xsos\u{1b}\\",
    "\u{1b}c",
    "\u{1b}(0",
    "\u{9b}31m",
    "\u{9b}2J",
    "\u{9d}0;title\u{9c}",
    "\u{90}q\u{9c}",
    "\u{85}",
    "\u{7}",
    "\u{8}",
    "\u{0}",
    "\u{e}",
    "\u{7f}",
    "\u{ad}",
    "\u{61c}",
    "\u{180e}",
    "\u{200b}",
    "\u{200c}",
    "\u{200d}",
    "\u{200e}",
    "\u{200f}",
    "\u{2028}",
    "\u{202a}",
    "\u{202b}",
    "\u{202c}",
    "\u{202d}",
    "\u{202e}",
    "\u{2060}",
    "\u{2066}",
    "\u{2067}",
    "\u{2068}",
    "\u{2069}",
    "\u{fe0f}",
    "\u{feff}",
    "\u{fff9}",
    "\u{e0041}",
];

/// A place, and a function that shows a string there.
type Place = (&'static str, fn(&mut Console, &str));

fn server(text: &str) -> Server {
    Server::host(text)
}

fn event(console: &mut Console, event: Event) {
    console.report(&event);
}

fn action(console: &mut Console, command: &str, of: &Server, lines: Vec<String>, exit: Exit) {
    let action = ActionId(1);
    event(
        console,
        Event::ActionStarted {
            action,
            verb: "run",
            command: command.to_owned(),
            options: vec![("dir", command.to_owned())],
            is_local: false,
            servers: vec![of.clone()],
        },
    );
    for stream in [Stream::Out, Stream::Err] {
        event(
            console,
            Event::Output {
                action,
                server: of.clone(),
                stream,
                lines: lines.clone(),
            },
        );
    }
    event(
        console,
        Event::ServerFinished {
            action,
            server: of.clone(),
            failed: !exit.is_success(),
            exit,
            elapsed: Duration::ZERO,
        },
    );
    event(
        console,
        Event::ActionFinished {
            action,
            elapsed: Duration::ZERO,
            failed: 1,
        },
    );
    console.close(
        Ending::Failed {
            rollback: Rollback::Incomplete,
        },
        None,
    );
}

fn diagnostic(console: &Console, change: impl Fn(&mut Diagnostic)) {
    let mut diagnostic = Diagnostic::new(Fault::Failed, "said");
    diagnostic.origin = Some(Origin {
        file: "deploy.rhai".into(),
        line: 1,
        column: 3,
    });
    change(&mut diagnostic);
    console.errors([&diagnostic]);
    console.data_errors(&[diagnostic]);
}

fn task(name: &str, description: &str) -> TaskSummary {
    TaskSummary {
        name: name.to_owned(),
        arguments: Vec::new(),
        description: Some(description.to_owned()),
    }
}

fn listed(console: &Console, task: TaskSummary) {
    console.list(
        std::slice::from_ref(&task),
        &Listing {
            all: true,
            ..Listing::default()
        },
    );
    console.explain(&task);
}

fn variable(console: &Console, name: &str, value: Shown) {
    let found = Variable {
        name: name.to_owned(),
        setting: Setting {
            by: Setter::Capr,
            is_lazy: false,
        },
        overridden: Vec::new(),
        meaning: None,
        value: Some(value),
    };
    console.variables(std::slice::from_ref(&found), false);
    console.variables(&[found], true);
}

fn addressed(console: &Console, text: &str, servers: Servers) {
    let found = Addressed {
        task: text.to_owned(),
        command: None,
        conditions: text.to_owned(),
        filters: vec![text.to_owned()],
        servers,
    };
    console.addressed(std::slice::from_ref(&found), false);
    console.addressed(&[found], true);
}

const PLACES: &[Place] = &[
    ("task", |console, text| {
        let (task, depth) = (text.to_owned(), 0);
        event(console, Event::TaskStarted { task, depth });
    }),
    ("hooks", |console, text| {
        event(
            console,
            Event::HooksTriggered {
                event: text.to_owned(),
                task: Some(text.to_owned()),
            },
        );
    }),
    ("connecting", |console, text| {
        let servers = vec![server(text)];
        event(console, Event::Connecting { servers });
    }),
    ("connected", |console, text| {
        let (server, elapsed) = (server(text), Duration::ZERO);
        event(console, Event::Connected { server, elapsed });
    }),
    ("connection failed", |console, text| {
        let (server, reason) = (server("app"), text.to_owned());
        event(
            console,
            Event::ConnectFailed {
                server,
                phase: Phase::Connect,
                reason,
                common: None,
            },
        );
    }),
    ("name of a server that failed", |console, text| {
        let (server, reason) = (server(text), String::new());
        event(
            console,
            Event::ConnectFailed {
                server,
                phase: Phase::Connect,
                reason,
                common: None,
            },
        );
    }),
    ("host key", |console, text| {
        event(
            console,
            Event::HostKeyAdded {
                server: server("app"),
                key_type: text.to_owned(),
                fingerprint: text.to_owned(),
                file: text.to_owned(),
            },
        );
    }),
    ("command", |console, text| {
        action(console, text, &server("app"), vec!["x".into()], Exit::Status(1));
    }),
    ("name of a server", |console, text| {
        action(console, "x", &server(text), vec!["x".into()], Exit::Status(1));
    }),
    ("output", |console, text| {
        action(console, "x", &server("app"), vec![text.to_owned()], Exit::Status(0));
    }),
    ("signal", |console, text| {
        action(console, "x", &server("app"), Vec::new(), Exit::Signal(text.to_owned()));
    }),
    ("rollback", |console, text| {
        let task = text.to_owned();
        event(console, Event::RollbackStarted { task: task.clone() });
        event(console, Event::RollingBack { task });
    }),
    ("rollback that failed", |console, text| {
        let (task, reason) = (text.to_owned(), text.to_owned());
        event(console, Event::RollbackFailed { task, reason });
        console.close(
            Ending::Failed {
                rollback: Rollback::Incomplete,
            },
            None,
        );
    }),
    ("rollback that was left out", |console, text| {
        let (task, reason, server) = (text.to_owned(), text.to_owned(), server(text));
        event(console, Event::RollbackSkipped { task, server, reason });
        let left = vec![text.to_owned()];
        event(console, Event::RollbackStopped { left });
    }),
    ("message", |console, text| {
        event(
            console,
            Event::Message {
                level: Level::Important,
                tag: Some(text.to_owned()),
                text: text.to_owned(),
            },
        );
    }),
    ("puts", |console, text| {
        let text = text.to_owned();
        event(console, Event::Printed { text });
    }),
    ("error's message", |console, text| {
        diagnostic(console, |diagnostic| text.clone_into(&mut diagnostic.message));
    }),
    ("error's file", |console, text| {
        diagnostic(console, |diagnostic| {
            diagnostic.origin = Some(Origin {
                file: text.into(),
                line: 1,
                column: 1,
            });
        });
    }),
    ("error's line", |console, text| {
        diagnostic(console, |diagnostic| diagnostic.line = Some(format!("set {text};")));
    }),
    ("error's label", |console, text| {
        diagnostic(console, |diagnostic| {
            diagnostic.line = Some("x".to_owned());
            diagnostic.label = Some(text.to_owned());
        });
    }),
    ("error's server", |console, text| {
        diagnostic(console, |diagnostic| {
            diagnostic.servers = vec![ServerFailure {
                common: None,
                server: server(text),
                cause: None,
                reason: text.to_owned(),
                stderr: vec![text.to_owned()],
                stdout: vec![text.to_owned()],
            }];
        });
    }),
    ("error's tasks and hints", |console, text| {
        diagnostic(console, |diagnostic| {
            diagnostic.tasks = vec![text.to_owned()];
            diagnostic.hints = vec![text.to_owned()];
        });
    }),
    ("-T and -e, name", |console, text| listed(console, task(text, "x"))),
    ("-T and -e, description", |console, text| {
        listed(console, task("x", text))
    }),
    ("vars, name", |console, text| variable(console, text, Shown::Secret)),
    ("vars, value", |console, text| {
        variable(console, "x", Shown::Value(Value::Text(text.to_owned())));
    }),
    ("vars, list", |console, text| {
        let list = vec![Value::Text(text.to_owned())];
        variable(console, "x", Shown::Value(Value::List(list)));
    }),
    ("vars, reason", |console, text| {
        variable(console, "x", Shown::Failed(text.to_owned()))
    }),
    ("--servers", |console, text| {
        let found = Servers::Found(vec![(text.to_owned(), vec![text.to_owned()])]);
        addressed(console, text, found);
    }),
    ("--servers, reason", |console, text| {
        addressed(console, "x", Servers::Wrong(text.to_owned()))
    }),
    ("usage", |console, text| {
        console.usage(&format!("error: unexpected argument '{text}'\n"))
    }),
    ("question", |console, text| {
        let question = console.cleaned(&format!("{text} [{text}]: "));
        event(
            console,
            Event::Printed {
                text: question.as_str().to_owned(),
            },
        );
    }),
    ("definitions on a terminal", |console, text| {
        console.data(&format!("{text}\n"))
    }),
];

static STYLES: LazyLock<Regex> = LazyLock::new(|| Regex::new("\u{1b}\\[(?:[0124]|22|3[1-6]|9[1-6])?m").unwrap());
static SIGNS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\\u\{[0-9a-f]+\}|\\u[0-9a-f]{4}|\^[@A-Z?\[\]\\^_]").unwrap());

/// Returns the rest of a terminal's input after our own styles and the redrawing of the last line are removed.
fn bare(text: &str) -> String {
    let mut text = text.to_owned();
    for ours in ["\r\u{1b}[K\u{1b}7\u{1b}[B\u{1b}[J\u{1b}8", "\u{1b}[?7l", "\u{1b}[?7h\r"] {
        text = text.replace(ours, "");
    }
    STYLES.replace_all(&text, "").into_owned()
}

/// Returns the string without the signs for invisible characters, as a person reads it.
fn read(text: &str) -> String {
    SIGNS.replace_all(text, "").into_owned()
}

#[test]
#[allow(clippy::print_stdout, reason = "a count tells that the table was not empty")]
fn nothing_that_is_shown_moves_a_terminal_hides_itself_or_lets_a_secret_through() {
    let mut shown = 0;
    for (place, show) in PLACES {
        for hostile in HOSTILE {
            for (format, color, live) in [
                (Format::Pretty, true, true),
                (Format::Pretty, false, false),
                (Format::Plain, false, false),
                (Format::Json, false, false),
            ] {
                let (messages, data, log) = (Paper::default(), Paper::default(), Paper::default());
                let mut options = options(format, Level::Trace, Look { color, ..look(live) });
                options.data_columns = Some(500);
                options.log = Some(Log {
                    name: "log".to_owned(),
                    file: Box::new(log.clone()),
                });
                let redactor = Redactor::default();
                redactor.add(&Secret::new("hunter2"));
                let mut console = Console::on(
                    options,
                    redactor,
                    clock(),
                    Box::new(messages.clone()),
                    Box::new(data.clone()),
                );
                show(&mut console, &format!("a hun{hostile}ter2 b"));
                drop(console);
                for (stream, paper) in [("messages", messages), ("data", data), ("log", log)] {
                    let text = String::from_utf8(paper.0.borrow().clone()).unwrap();
                    let what = format!("{place}, {hostile:?}, {format:?}, {stream}: {text:?}");
                    let text = if stream == "messages" { bare(&text) } else { text };
                    let is_wrong = |c: char| c.is_control() && !"\n\t".contains(c) || super::super::clean::is_hidden(c);
                    assert!(!text.contains(is_wrong), "{what}");
                    let read = read(&text);
                    assert!(!read.contains("hunter2"), "{what}");
                    shown += 1;
                }
            }
        }
    }
    println!(
        "{shown} outputs of {} texts in {} places were clean",
        HOSTILE.len(),
        PLACES.len()
    );
    assert!(shown > 10_000, "{shown}");
}
