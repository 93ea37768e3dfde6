//! One JSON object per line, for programs. A version line comes first; readers ignore what they do not know.

use std::fmt::{Display, Write};

use crate::configuration::{Server, Value};
use crate::diagnostic::{Diagnostic, Fault, Severity};
use crate::event::{Event, Level};
use crate::exit::Exit;

use super::clean::{Clean, Cleaner, is_hidden};
use super::clock::Clock;

/// The JSON form.
#[derive(Debug)]
pub(super) struct Json {
    cleaner: Cleaner,
    /// Of a log.
    clock: Option<Clock>,
}

impl Json {
    /// A log, each object with its time.
    pub(super) fn log(cleaner: Cleaner, clock: Clock) -> Self {
        Self {
            cleaner,
            clock: Some(clock),
        }
    }

    /// What was asked for: the same objects, without a time.
    pub(super) fn data(cleaner: Cleaner) -> Self {
        Self { cleaner, clock: None }
    }

    fn object(&self, kind: &str) -> Object<'_> {
        let mut object = Object::new(&self.cleaner, kind);
        if let Some(clock) = &self.clock {
            object.time(clock);
        }
        object
    }

    /// The first line of a log.
    pub(super) fn version(&self) -> String {
        let mut object = self.object("version");
        object.text("capr", env!("CARGO_PKG_VERSION")).text("log_format", "1.0");
        object.line()
    }

    /// A failure.
    pub(super) fn diagnostic(&self, diagnostic: &Diagnostic) -> String {
        let mut object = self.object(match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        });
        object
            .text("fault", fault_name(diagnostic.fault))
            .text("message", &diagnostic.message);
        if let Some(origin) = &diagnostic.origin {
            object
                .text("file", &origin.file)
                .number("line", origin.line)
                .number("column", origin.column);
        }
        if let Some(label) = &diagnostic.label {
            object.text("label", label);
        }
        let servers: Vec<String> = diagnostic
            .servers
            .iter()
            .map(|failure| {
                let mut server = Object::untyped(&self.cleaner);
                server
                    .text("server", &failure.server.to_string())
                    .text("reason", &failure.reason)
                    .texts("stderr", &failure.stderr);
                if !failure.stdout.is_empty() {
                    server.texts("stdout", &failure.stdout);
                }
                server.end()
            })
            .collect();
        object
            .raw("servers", &format!("[{}]", servers.join(",")))
            .texts("tasks", &diagnostic.tasks)
            .texts("hints", &diagnostic.hints);
        object.line()
    }

    /// An event.
    pub(super) fn tell(&self, event: &Event) -> String {
        let mut object = self.object(type_name(event));
        match event {
            Event::TaskStarted { task, depth } => object.text("task", task).number("depth", depth),
            Event::TaskFinished {
                task,
                depth,
                elapsed,
                ok,
            } => object
                .text("task", task)
                .number("depth", depth)
                .milliseconds(*elapsed)
                .boolean("ok", *ok),
            Event::HooksTriggered { event, task } => {
                object.text("event", event);
                match task {
                    Some(task) => object.text("task", task),
                    None => &mut object,
                }
            }
            Event::Connecting { servers } => object.servers(servers),
            Event::Connected { server, elapsed } => object.server(server).milliseconds(*elapsed),
            Event::ConnectFailed { server, reason } => object.server(server).text("reason", reason),
            Event::HostKeyAdded {
                server,
                key_type,
                fingerprint,
                file,
            } => object
                .server(server)
                .text("key_type", key_type)
                .text("fingerprint", fingerprint)
                .text("file", file),
            Event::HostKeyUntrusted { server, reason } => object.server(server).text("reason", reason),
            Event::Negotiated {
                server,
                key_exchange,
                host_key,
                cipher,
                mac,
            } => {
                object
                    .server(server)
                    .text("key_exchange", key_exchange)
                    .text("host_key", host_key)
                    .text("cipher", cipher);
                match mac {
                    Some(mac) => object.text("mac", mac),
                    None => &mut object,
                }
            }
            Event::ActionStarted {
                action,
                verb,
                command,
                options,
                is_local,
                servers,
            } => {
                let mut said = Object::untyped(&self.cleaner);
                for (name, value) in options {
                    said.text(name, value);
                }
                let said = said.end();
                object
                    .number("action", action.0)
                    .text("verb", verb)
                    .text("command", command)
                    .raw("options", &said)
                    .boolean("local", *is_local)
                    .servers(servers)
            }
            Event::Output {
                action,
                server,
                stream,
                lines,
            } => {
                let told = |line: &String| {
                    let mut object = self.object(type_name(event));
                    object
                        .number("action", action.0)
                        .server(server)
                        .text("stream", &stream.to_string())
                        .text("line", line);
                    object.line()
                };
                return lines.iter().map(told).collect();
            }
            Event::Transferred {
                action,
                server,
                bytes,
                total,
            } => {
                object.number("action", action.0).server(server).number("bytes", bytes);
                match total {
                    Some(total) => object.number("total", total),
                    None => &mut object,
                }
            }
            Event::Silent {
                action,
                servers,
                elapsed,
                line,
                ..
            } => {
                object
                    .number("action", action.0)
                    .servers(servers)
                    .milliseconds(*elapsed);
                match line {
                    Some(line) => object.text("line", line),
                    None => &mut object,
                }
            }
            Event::ServerFinished {
                action,
                server,
                exit,
                elapsed,
                ..
            } => {
                object.number("action", action.0).server(server);
                match exit {
                    Exit::Status(status) => object.number("status", status),
                    Exit::Signal(name) => object.text("signal", name),
                    other => object.text("reason", &other.to_string()),
                }
                .milliseconds(*elapsed)
            }
            Event::ActionFinished {
                action,
                elapsed,
                failed,
            } => object
                .number("action", action.0)
                .milliseconds(*elapsed)
                .number("failed", failed),
            Event::TransactionStarted | Event::TransactionCommitted => &mut object,
            Event::RollbackStarted { task } | Event::RollingBack { task } => object.text("task", task),
            Event::RollbackSkipped { task, server, reason } => {
                object.text("task", task).server(server).text("reason", reason)
            }
            Event::RollbackFailed { task, reason } => object.text("task", task).text("reason", reason),
            Event::RollbackStopped { left } => object.texts("left", left),
            Event::RollbackFinished { complete } => object.boolean("complete", *complete),
            Event::Interrupted { signal } => object.text("signal", &signal.to_string()),
            Event::Message { level, tag, text } => {
                object.text("level", level_name(*level));
                match tag {
                    Some(tag) => object.text("tag", tag),
                    None => &mut object,
                }
                .text("text", text)
            }
            Event::Printed { text } => object.text("text", text),
        };
        object.line()
    }
}

fn type_name(event: &Event) -> &'static str {
    match event {
        Event::TaskStarted { .. } => "task_started",
        Event::TaskFinished { .. } => "task_finished",
        Event::HooksTriggered { .. } => "hooks_triggered",
        Event::Connecting { .. } => "connecting",
        Event::Connected { .. } => "connected",
        Event::ConnectFailed { .. } => "connect_failed",
        Event::HostKeyAdded { .. } => "host_key_added",
        Event::HostKeyUntrusted { .. } => "host_key_untrusted",
        Event::Negotiated { .. } => "negotiated",
        Event::ActionStarted { .. } => "action_started",
        Event::Output { .. } => "output",
        Event::Transferred { .. } => "transferred",
        Event::Silent { .. } => "silent",
        Event::ServerFinished { .. } => "server_finished",
        Event::ActionFinished { .. } => "action_finished",
        Event::TransactionStarted => "transaction_started",
        Event::TransactionCommitted => "transaction_committed",
        Event::RollbackStarted { .. } => "rollback_started",
        Event::RollingBack { .. } => "rolling_back",
        Event::RollbackSkipped { .. } => "rollback_skipped",
        Event::RollbackFailed { .. } => "rollback_failed",
        Event::RollbackStopped { .. } => "rollback_stopped",
        Event::RollbackFinished { .. } => "rollback_finished",
        Event::Interrupted { .. } => "interrupted",
        Event::Message { .. } => "message",
        Event::Printed { .. } => "printed",
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Important => "important",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    }
}

fn fault_name(fault: Fault) -> &'static str {
    match fault {
        Fault::Failed => "failed",
        Fault::Usage => "usage",
        Fault::Recipe => "recipe",
        Fault::Connection => "connection",
        Fault::Signal(_) => "signal",
        Fault::Exit(_) => "exit",
    }
}

/// A JSON object being written; every text in it is cleaned.
pub(super) struct Object<'a> {
    json: String,
    cleaner: &'a Cleaner,
}

impl<'a> Object<'a> {
    pub(super) fn new(cleaner: &'a Cleaner, kind: &str) -> Self {
        let mut object = Self::untyped(cleaner);
        object.text("type", kind);
        object
    }

    pub(super) fn untyped(cleaner: &'a Cleaner) -> Self {
        Self {
            json: String::from("{"),
            cleaner,
        }
    }

    /// When it is told.
    pub(super) fn time(&mut self, clock: &Clock) -> &mut Self {
        self.text("time", &clock.utc())
    }

    fn escape(&mut self, text: &str) {
        escape(&mut self.json, &self.cleaner.json(text));
    }

    fn key(&mut self, key: &str) {
        if self.json.len() > 1 {
            self.json.push(',');
        }
        self.escape(key);
        self.json.push(':');
    }

    pub(super) fn raw(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key);
        self.json.push_str(value);
        self
    }

    pub(super) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key);
        self.escape(value);
        self
    }

    /// A value of a recipe.
    pub(super) fn value(&mut self, key: &str, value: &Value) -> &mut Self {
        let mut text = String::new();
        write_value(&mut text, value, self.cleaner);
        self.raw(key, &text)
    }

    pub(super) fn number(&mut self, key: &str, value: impl Display) -> &mut Self {
        self.raw(key, &value.to_string())
    }

    pub(super) fn boolean(&mut self, key: &str, value: bool) -> &mut Self {
        self.raw(key, if value { "true" } else { "false" })
    }

    pub(super) fn milliseconds(&mut self, elapsed: std::time::Duration) -> &mut Self {
        self.number("elapsed_ms", elapsed.as_millis())
    }

    pub(super) fn texts(&mut self, key: &str, values: impl IntoIterator<Item = impl AsRef<str>>) -> &mut Self {
        self.key(key);
        self.json.push('[');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.json.push(',');
            }
            self.escape(value.as_ref());
        }
        self.json.push(']');
        self
    }

    fn server(&mut self, server: &Server) -> &mut Self {
        self.text("server", &server.to_string())
    }

    fn servers(&mut self, servers: &[Server]) -> &mut Self {
        self.texts("servers", servers.iter().map(Server::to_string))
    }

    pub(super) fn end(mut self) -> String {
        self.json.push('}');
        self.json
    }

    pub(super) fn line(self) -> String {
        let mut line = self.end();
        line.push('\n');
        line
    }
}

fn write_value(into: &mut String, value: &Value, cleaner: &Cleaner) {
    let escaped = |into: &mut String, text: &str| escape(into, &cleaner.json(text));
    match value {
        Value::Unit => into.push_str("null"),
        Value::Bool(value) => into.push_str(&value.to_string()),
        Value::Int(value) => into.push_str(&value.to_string()),
        // JSON has no word for what is no number.
        Value::Float(value) if value.is_finite() => into.push_str(&value.to_string()),
        Value::Float(value) => escaped(into, &value.to_string()),
        Value::Text(text) => escaped(into, text),
        Value::List(list) => {
            into.push('[');
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    into.push(',');
                }
                write_value(into, value, cleaner);
            }
            into.push(']');
        }
        Value::Map(map) => {
            let mut object = Object::untyped(cleaner);
            for (name, value) in map {
                object.value(name, value);
            }
            into.push_str(&object.end());
        }
    }
}

/// Control characters, and those that a terminal would obey, are escaped beyond what JSON asks.
fn escape(into: &mut String, text: &Clean) {
    into.push('"');
    for c in text.as_str().chars() {
        match c {
            '"' | '\\' => into.extend(['\\', c]),
            '\n' => into.push_str("\\n"),
            '\t' => into.push_str("\\t"),
            '\r' => into.push_str("\\r"),
            _ if c.is_control() || is_hidden(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(into, "\\u{unit:04x}");
                }
            }
            _ => into.push(c),
        }
    }
    into.push('"');
}
