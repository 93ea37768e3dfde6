//! The options that verbs for files share, and the verb that removes files.

use rhai::{Dynamic, Position};

use super::super::choice::Choice;
use super::super::grammar::Tail;
use super::super::options::SELECTION;
use super::super::origin::{Fallible, wrong};
use super::super::takes;
use super::super::verb::{Choices, Verb};
use crate::plan::{Mode, NoMode};

/// The option for how files travel, which is accepted for old recipes.
pub(in crate::recipe) static VIA: &[Choice] = &[Choice {
    name: "via",
    doc: "`:sftp` or `:scp`, as Capistrano has it; it changes nothing: files go through a command on the server",
}];

/// The option for permissions.
pub(in crate::recipe) static MODE: &[Choice] = &[Choice {
    name: "mode",
    doc: "permissions: an octal number (`0644`, `0o644`; `644` is refused) or a string as chmod takes it (`\"g+w\"`)",
}];

/// Returns the permissions in the option `mode`; `is_octal` returns true for a number that is written with a zero in front.
pub(in crate::recipe) fn mode(value: &Dynamic, position: Position, is_octal: impl Fn(i64) -> bool) -> Fallible<Mode> {
    let mode = match value.as_int() {
        Ok(number) if Mode::is_doubtful(number) && !is_octal(number) => Err(NoMode::Decimal(number)),
        Ok(number) => Mode::number(number),
        Err(_) => Mode::text(&value.to_string()),
    };
    mode.map_err(|error| wrong(error.to_string(), position))
}

static DELETE_OPTIONS: &[Choice] = &[Choice {
    name: "recursive",
    doc: "true: a directory with all that is in it, too",
}];

pub(in crate::recipe) const DELETE: Verb = Verb {
    name: "delete",
    form: "delete path, :recursive => true, option => value, …",
    arguments: (1, 1),
    takes: &[takes::PATH],
    tail: Tail::Nothing,
    options: Choices::Known(&[DELETE_OPTIONS, SELECTION]),
    doc: "Removes a file from the current task's servers. That it is not there is no error.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app { delete \"/tmp/hello\"; }",
};
