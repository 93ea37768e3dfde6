//! What recipes say to people.

use rhai::{Dynamic, EvalContext};

use super::super::interpreter::Interpreter;
use super::{NONE, Verb, text};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::{Event, Level};
use crate::recipe::language::grammar::{Call, Tail};
use crate::recipe::language::origin::{Fallible, terminate};

pub(super) const PUTS: Verb = Verb {
    name: "puts",
    form: "puts text",
    arguments: (0, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Prints a line on standard output.",
    example: "task :example { puts \"hello\"; }",
    perform: |interpreter, _, call| {
        let mut text = text(&call, 0);
        // As Ruby's: a line that has its end gets no second one.
        if text.ends_with('\n') {
            text.pop();
        }
        interpreter.emit(Event::Printed { text });
        Ok(Dynamic::UNIT)
    },
};

pub(super) const INFO: Verb = Verb {
    name: "info",
    form: "info text",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Says something in the log, at level info.",
    example: "task :example { info \"on my way\"; }",
    perform: |interpreter, _, call| {
        interpreter.say(Level::Info, text(&call, 0));
        Ok(Dynamic::UNIT)
    },
};

pub(super) const DEBUG: Verb = Verb {
    name: "debug",
    form: "debug text",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Says something in the log, at level debug.",
    example: "task :example { debug \"looking around\"; }",
    perform: |interpreter, _, call| {
        interpreter.say(Level::Debug, text(&call, 0));
        Ok(Dynamic::UNIT)
    },
};

pub(super) const WARN: Verb = Verb {
    name: "warn",
    form: "warn text",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Says something important in the log: it is shown even with `-q`.",
    example: "task :example { warn \"the disk is nearly full\"; }",
    perform: |interpreter, _, call| {
        interpreter.say(Level::Important, text(&call, 0));
        Ok(Dynamic::UNIT)
    },
};

pub(super) const ABORT: Verb = Verb {
    name: "abort",
    form: "abort text",
    arguments: (0, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Ends the run with exit code 1 and this message. An open transaction is rolled back; `catch` does not stop it.",
    example: "task :deploy_on_friday { abort \"not today\"; }",
    perform: abort,
};

fn abort(_: &Interpreter, _: &mut EvalContext, call: Call) -> Fallible {
    let text = if call.arguments.is_empty() {
        "aborted".to_owned()
    } else {
        text(&call, 0)
    };
    Err(terminate(Diagnostic::new(Fault::Failed, text), call.position))
}
