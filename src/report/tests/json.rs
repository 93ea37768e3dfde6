//! Tests that the document of the JSON log and the program agree.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use insta::assert_snapshot;
use regex::Regex;
use serde_json::Value as Json;

use super::{Paper, clock, look, options, run, told};
use crate::configuration::{Addressed, Server, Servers, Setter, Setting, Shown, Value, Variable};
use crate::diagnostic::{Diagnostic, Fault, Origin, ServerFailure};
use crate::event::{ActionId, Event, Level, Reporter, Rollback, UndoneEnd, UndoneOn, UndoneStep};
use crate::exit::{Cause, Exit, Phase, Stream};
use crate::finding::{Check, Examination, Finding, FindingState, Subject};
use crate::interrupt::Signal;
use crate::report::{Console, Ending, FindingForm, Format};
use crate::secret::Redactor;

/// Returns the event after this one, with all members that it can have; `None` after the last. The `match` has all events.
#[allow(clippy::too_many_lines, reason = "a table")]
fn after(event: Option<&Event>) -> Option<Event> {
    let action = ActionId(1);
    let server = Server::host("app1");
    let servers = vec![server.clone()];
    let task = "deploy".to_owned();
    let reason = "why".to_owned();
    let elapsed = Duration::from_millis(1500);
    let Some(event) = event else {
        return Some(Event::TaskStarted { task, depth: 0 });
    };
    Some(match event {
        Event::TaskStarted { .. } => Event::TaskFinished {
            task,
            depth: 0,
            elapsed,
            ok: true,
        },
        Event::TaskFinished { .. } => Event::HooksTriggered {
            event: "before".to_owned(),
            task: Some(task),
        },
        Event::HooksTriggered { .. } => Event::Connecting { servers },
        Event::Connecting { .. } => Event::Connected { server, elapsed },
        Event::Connected { .. } => Event::ConnectFailed {
            common: None,
            server,
            phase: Phase::HostKey,
            reason,
        },
        Event::ConnectFailed { .. } => Event::HostKeyAdded {
            server,
            key_type: "ssh-ed25519".to_owned(),
            fingerprint: "SHA256:x".to_owned(),
            file: "known_hosts".to_owned(),
        },
        Event::HostKeyAdded { .. } => Event::HostKeyUntrusted { server, reason },
        Event::HostKeyUntrusted { .. } => Event::Negotiated {
            server,
            key_exchange: "curve25519-sha256".to_owned(),
            host_key: "ssh-ed25519".to_owned(),
            cipher: "aes256-ctr".to_owned(),
            mac: Some("hmac-sha2-256-etm@openssh.com".to_owned()),
        },
        Event::Negotiated { .. } => Event::ActionStarted {
            action,
            verb: "run",
            command: "ls".to_owned(),
            options: vec![("dir", "/srv".to_owned())],
            is_local: false,
            servers,
        },
        Event::ActionStarted { .. } => Event::Output {
            action,
            server,
            stream: Stream::Out,
            lines: vec!["a".to_owned(), "b".to_owned()],
        },
        Event::Output { .. } => Event::Captured {
            action,
            server,
            lines: vec![(Stream::Out, "a".to_owned()), (Stream::Err, "b".to_owned())],
            left_out: 3,
        },
        Event::Captured { .. } => Event::Transferred {
            action,
            server,
            bytes: 1,
            total: Some(2),
        },
        Event::Transferred { .. } => Event::Silent {
            action,
            command: "ls".to_owned(),
            servers,
            elapsed,
            line: Some("sure?".to_owned()),
        },
        Event::Silent { .. } => Event::ServerFinished {
            action,
            server,
            exit: Exit::Status(1),
            elapsed,
            failed: true,
        },
        Event::ServerFinished { .. } => Event::ActionFinished {
            action,
            elapsed,
            failed: 1,
        },
        Event::ActionFinished { .. } => Event::TransactionStarted,
        Event::TransactionStarted => Event::TransactionCommitted,
        Event::TransactionCommitted => Event::RollbackStarted { task },
        Event::RollbackStarted { .. } => Event::RollingBack { task },
        Event::RollingBack { .. } => Event::RollbackSkipped { task, server, reason },
        Event::RollbackSkipped { .. } => Event::RollbackFailed { task, reason },
        Event::RollbackFailed { .. } => Event::RollbackStopped { left: vec![task] },
        Event::RollbackStopped { .. } => Event::RollbackFinished {
            complete: true,
            steps: vec![UndoneStep {
                task,
                servers: vec![
                    UndoneOn {
                        server: server.clone(),
                        end: UndoneEnd::Undone,
                    },
                    UndoneOn {
                        server,
                        end: UndoneEnd::Failed { reason },
                    },
                ],
            }],
        },
        Event::RollbackFinished { .. } => Event::Interrupted { signal: Signal::Int },
        Event::Interrupted { .. } => Event::Message {
            level: Level::Info,
            tag: Some("app1".to_owned()),
            text: "hello".to_owned(),
        },
        Event::Message { .. } => Event::Printed {
            text: "data".to_owned(),
        },
        Event::Printed { .. } => Event::RunStarted {
            recipes: vec!["deploy.rhai".to_owned()],
            words: vec![task],
            directory: "/srv".to_owned(),
            user: "me".to_owned(),
        },
        Event::RunStarted { .. } => Event::Deployed {
            facts: vec![("branch", "main".to_owned())],
        },
        Event::Deployed { .. } => return None,
    })
}

/// Returns all ways in which a command can end, each with its members.
fn exits() -> Vec<(Exit, Json)> {
    use serde_json::json;
    let after = Duration::from_millis(1500);
    vec![
        (Exit::Status(7), json!({"how": "exited", "status": 7})),
        (
            Exit::Signal("TERM".to_owned()),
            json!({"how": "signaled", "signal": "TERM"}),
        ),
        (
            Exit::Lost("reset".to_owned()),
            json!({"how": "lost", "reason": "connection lost: reset"}),
        ),
        (
            Exit::Unknown,
            json!({"how": "unknown", "reason": "ended without an exit status"}),
        ),
        (
            Exit::Refused("no".to_owned()),
            json!({"how": "refused", "reason": "could not start: no"}),
        ),
        (
            Exit::Unsent("no".to_owned()),
            json!({"how": "unsent", "reason": "could not be sent: no"}),
        ),
        (
            Exit::TimedOut(after),
            json!({"how": "timed_out", "after_ms": 1500, "reason": "timed out after 1.5 s"}),
        ),
        (Exit::Cancelled, json!({"how": "stopped", "reason": "stopped"})),
        (
            Exit::Unsearched(Box::new(Exit::Status(0))),
            json!({"how": "exited", "status": 0, "may_still_run": true,
                "reason": "exit status 0; what it started could not be looked for and may still run"}),
        ),
        (
            Exit::Unended(Some(after)),
            json!({"how": "timed_out", "after_ms": 1500, "may_still_run": true,
                "reason": "timed out after 1.5 s, could not be ended and may still run"}),
        ),
        (
            Exit::Unended(None),
            json!({"how": "stopped", "may_still_run": true, "reason": "could not be ended and may still run"}),
        ),
    ]
}

fn diagnostics() -> Vec<Diagnostic> {
    let mut failed = Diagnostic::new(Fault::Failed, "it failed").label("here").hint("a hint");
    failed.origin = Some(Origin {
        file: "r.rhai".into(),
        line: 1,
        column: 2,
    });
    failed.tasks = vec!["deploy".to_owned()];
    failed.servers = vec![ServerFailure {
        common: None,
        server: Server::host("app1"),
        cause: Some(Cause::Exit(Exit::TimedOut(Duration::from_secs(1)))),
        reason: "timed out after 1 s".to_owned(),
        stderr: Vec::new(),
        stdout: vec!["x".to_owned()],
    }];
    let mut unreached = Diagnostic::new(Fault::Connection, "no connection");
    unreached.servers = vec![ServerFailure {
        common: None,
        server: Server::host("app1"),
        cause: Some(Cause::Connection {
            phase: Phase::Authentication,
        }),
        reason: "authentication failed".to_owned(),
        stderr: Vec::new(),
        stdout: Vec::new(),
    }];
    vec![failed, unreached, Diagnostic::warning("careful")]
}

fn data(console: &Console) {
    let addressed = |command, servers| Addressed {
        task: "deploy".to_owned(),
        command,
        conditions: "roles: app".to_owned(),
        filters: vec!["HOSTS=app1".to_owned()],
        servers,
    };
    console.addressed(
        &[
            addressed(
                Some(("run".to_owned(), 3)),
                Servers::Found(vec![("app1".to_owned(), vec!["app".to_owned()])]),
            ),
            addressed(None, Servers::Wrong("no role".to_owned())),
        ],
        true,
    );
    let variable = |value| Variable {
        name: "x".to_owned(),
        setting: Setting {
            by: Setter::Capr,
            is_lazy: false,
        },
        overridden: Vec::new(),
        meaning: None,
        value: Some(value),
    };
    let subjects = [
        Subject::Here,
        Subject::Recipe("r.rhai".to_owned()),
        Subject::Server(Server::host("app1"), Vec::new()),
    ];
    let examinations = subjects.map(|subject| Examination {
        subject,
        findings: vec![Finding::new(Check::Version, FindingState::Ok, "capr")],
    });
    console.findings(&examinations, FindingForm::Json);
    console.verdict(&examinations, true);
    let nothing = Value::Float(f64::NAN);
    console.variables(
        &[
            variable(Shown::Value(Value::List(vec![Value::Unit, Value::Float(1.5), nothing]))),
            variable(Shown::Secret),
            variable(Shown::Failed("why".to_owned())),
        ],
        true,
    );
}

/// Returns all kinds of objects that can be written, as values.
fn written() -> Vec<Json> {
    let (messages, printed) = (Paper::default(), Paper::default());
    let mut console = Console::on(
        options(Format::Json, Level::Trace, look(false)),
        Redactor::default(),
        clock(),
        Box::new(messages.clone()),
        Box::new(printed.clone()),
    );
    let mut event = after(None);
    while let Some(told) = event {
        console.report(&told);
        event = after(Some(&told));
    }
    for (exit, _) in exits() {
        console.report(&Event::ServerFinished {
            action: ActionId(1),
            server: Server::host("app1"),
            exit,
            elapsed: Duration::ZERO,
            failed: false,
        });
    }
    console.errors(&diagnostics());
    console.close(
        Ending::Failed {
            rollback: Rollback::None,
        },
        None,
    );
    data(&console);
    let text = format!("{}{}", messages.text(), printed.text());
    text.lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_document_of_the_json_log_names_every_type_and_every_member_that_there_is_and_no_other() {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for object in written() {
        let members = object.as_object().unwrap();
        let kind = members["type"].as_str().unwrap().to_owned();
        let names = members.keys().filter(|name| !["type", "time"].contains(&name.as_str()));
        found.entry(kind).or_default().extend(names.cloned());
    }
    let document = include_str!("../../../docs/json-log.md");
    let mut documented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let names = |cell: &str| -> BTreeSet<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    for row in document.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        for kind in names(cells[0]) {
            documented.entry(kind).or_default().extend(names(cells[1]));
        }
    }
    assert_eq!(documented, found);
}

#[test]
fn a_program_can_tell_a_timeout_from_a_lost_connection() {
    let objects = written();
    let ends = objects
        .iter()
        .filter(|object| object["type"] == "server_finished")
        .skip(1);
    for (object, (exit, expected)) in ends.zip(exits()) {
        let mut members = object.as_object().unwrap().clone();
        members.retain(|name, _| {
            ["how", "status", "signal", "after_ms", "may_still_run", "reason"].contains(&name.as_str())
        });
        assert_eq!(Json::Object(members), expected, "{exit:?}");
    }
    let failure = |index: usize| {
        let mut errors = objects.iter().filter(|object| object["type"] == "error");
        errors.nth(index).unwrap()["servers"][0].clone()
    };
    assert_eq!(failure(0)["how"], "timed_out");
    assert_eq!(failure(0)["after_ms"], 1000);
    assert_eq!(failure(1)["phase"], "authentication");
    let failed = objects
        .iter()
        .find(|object| object["type"] == "connect_failed")
        .unwrap();
    assert_eq!(failed["phase"], "host_key");
}

#[test]
fn values_of_recipes_keep_their_types_and_what_json_has_no_word_for_is_a_string() {
    let objects = written();
    let variable = objects.iter().find(|object| object["type"] == "variable").unwrap();
    assert_eq!(variable["value"], serde_json::json!([null, 1.5, "NaN"]));
}

#[test]
fn json_lines_begin_with_a_version_and_escape_what_a_terminal_would_obey() {
    let (messages, _) = told(options(Format::Json, Level::Trace, look(false)), &run());
    let run = Regex::new("[0-9a-f]{16}").unwrap();
    assert_snapshot!(run.replace(&messages, "[run]"), @r#"
    {"time":"2026-01-02T03:04:05.006Z","type":"version","capr":"0.1.0","log_format":"2.1","run":"[run]"}
    {"time":"2026-01-02T03:04:05.006Z","type":"hooks_triggered","event":"start"}
    {"time":"2026-01-02T03:04:05.006Z","type":"task_started","task":"deploy","depth":0}
    {"time":"2026-01-02T03:04:05.006Z","type":"transaction_started"}
    {"time":"2026-01-02T03:04:05.006Z","type":"task_started","task":"deploy:update_code","depth":1}
    {"time":"2026-01-02T03:04:05.006Z","type":"connecting","servers":["app1","db1.example.com"]}
    {"time":"2026-01-02T03:04:05.006Z","type":"host_key_added","server":"app1","key_type":"ssh-ed25519","fingerprint":"SHA256:abc","file":"~/.ssh/known_hosts"}
    {"time":"2026-01-02T03:04:05.006Z","type":"connected","server":"app1","elapsed_ms":30}
    {"time":"2026-01-02T03:04:05.006Z","type":"connected","server":"db1.example.com","elapsed_ms":31}
    {"time":"2026-01-02T03:04:05.006Z","type":"action_started","action":1,"verb":"run","command":"mkdir -p /u/apps","options":{},"local":false,"servers":["app1","db1.example.com"]}
    {"time":"2026-01-02T03:04:05.006Z","type":"server_finished","action":1,"server":"db1.example.com","how":"exited","status":0,"elapsed_ms":12,"failed":false}
    {"time":"2026-01-02T03:04:05.006Z","type":"server_finished","action":1,"server":"app1","how":"exited","status":0,"elapsed_ms":12,"failed":false}
    {"time":"2026-01-02T03:04:05.006Z","type":"action_finished","action":1,"elapsed_ms":15,"failed":0}
    {"time":"2026-01-02T03:04:05.006Z","type":"action_started","action":2,"verb":"run","command":"svn co \\\n  -q --password [redacted]","options":{},"local":false,"servers":["app1","db1.example.com"]}
    {"time":"2026-01-02T03:04:05.006Z","type":"output","action":2,"server":"app1","stream":"out","line":"  A  trunk"}
    {"time":"2026-01-02T03:04:05.006Z","type":"output","action":2,"server":"db1.example.com","stream":"err","line":"svn: [redacted] is wrong"}
    {"time":"2026-01-02T03:04:05.006Z","type":"server_finished","action":2,"server":"app1","how":"exited","status":0,"elapsed_ms":12,"failed":false}
    {"time":"2026-01-02T03:04:05.006Z","type":"server_finished","action":2,"server":"db1.example.com","how":"exited","status":1,"elapsed_ms":12,"failed":true}
    {"time":"2026-01-02T03:04:05.006Z","type":"action_finished","action":2,"elapsed_ms":15,"failed":1}
    {"time":"2026-01-02T03:04:05.006Z","type":"task_finished","task":"deploy:update_code","depth":1,"elapsed_ms":20,"ok":false}
    {"time":"2026-01-02T03:04:05.006Z","type":"rollback_started","task":"deploy:update_code"}
    {"time":"2026-01-02T03:04:05.006Z","type":"rolling_back","task":"deploy:update_code"}
    {"time":"2026-01-02T03:04:05.006Z","type":"action_started","action":3,"verb":"run","command":"rm -rf /u/apps/x","options":{},"local":false,"servers":["app1"]}
    {"time":"2026-01-02T03:04:05.006Z","type":"server_finished","action":3,"server":"app1","how":"signaled","signal":"KILL","elapsed_ms":12,"failed":true}
    {"time":"2026-01-02T03:04:05.006Z","type":"action_finished","action":3,"elapsed_ms":15,"failed":1}
    {"time":"2026-01-02T03:04:05.006Z","type":"rollback_failed","task":"deploy:update_code","reason":"command failed on app1"}
    {"time":"2026-01-02T03:04:05.006Z","type":"rollback_skipped","task":"deploy:update_code","server":"db1.example.com","reason":"connection lost"}
    {"time":"2026-01-02T03:04:05.006Z","type":"rollback_finished","complete":false,"steps":[{"task":"deploy:create_symlink","servers":[{"server":"app1","end":"undone"},{"server":"db1.example.com","end":"unreachable","reason":"connection lost, [redacted]"}]},{"task":"deploy:update_code","servers":[{"server":"app1","end":"failed","reason":"killed by signal KILL"},{"server":"db1.example.com","end":"unreachable","reason":"connection lost, [redacted]"}]}]}
    {"time":"2026-01-02T03:04:05.006Z","type":"task_finished","task":"deploy","depth":0,"elapsed_ms":20,"ok":false}
    {"time":"2026-01-02T03:04:05.006Z","type":"message","level":"important","tag":"app1","text":"two\nlines"}
    {"time":"2026-01-02T03:04:05.006Z","type":"printed","text":"data [redacted]"}
    {"time":"2026-01-02T03:04:05.006Z","type":"interrupted","signal":"interrupted"}
    "#);
}
