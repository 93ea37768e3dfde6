//! Messages of recipes to people.

use super::super::grammar::Tail;
use super::super::takes;
use super::super::verb::{NONE, Verb};

pub(in crate::recipe) const PUTS: Verb = Verb {
    name: "puts",
    form: "puts text",
    arguments: (0, 1),
    takes: &[takes::ANYTHING],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Prints a line on standard output.",
    example: "task :example { puts \"hello\"; }",
};

pub(in crate::recipe) const INFO: Verb = Verb {
    name: "info",
    form: "info text",
    arguments: (1, 1),
    takes: &[takes::ANYTHING],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Says something in the log, at level info.",
    example: "task :example { info \"on my way\"; }",
};

pub(in crate::recipe) const DEBUG: Verb = Verb {
    name: "debug",
    form: "debug text",
    arguments: (1, 1),
    takes: &[takes::ANYTHING],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Says something in the log, at level debug.",
    example: "task :example { debug \"looking around\"; }",
};

pub(in crate::recipe) const WARN: Verb = Verb {
    name: "warn",
    form: "warn text",
    arguments: (1, 1),
    takes: &[takes::ANYTHING],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Says something important in the log: it is shown even with `-q`.",
    example: "task :example { warn \"the disk is nearly full\"; }",
};

pub(in crate::recipe) const ABORT: Verb = Verb {
    name: "abort",
    form: "abort text",
    arguments: (0, 1),
    takes: &[takes::ANYTHING],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Ends the run with exit code 1 and this message. An open transaction is rolled back; `catch` does not stop it.",
    example: "task :deploy_on_friday { abort \"not today\"; }",
};
