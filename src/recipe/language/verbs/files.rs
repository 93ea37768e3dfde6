//! The options that verbs for files share, and the verb that removes files.

use super::super::choice::Choice;
use super::super::grammar::Tail;
use super::super::options::SELECTION;
use super::super::verb::{Choices, Verb};

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

static DELETE_OPTIONS: &[Choice] = &[Choice {
    name: "recursive",
    doc: "true: a directory with all that is in it, too",
}];

pub(in crate::recipe) const DELETE: Verb = Verb {
    name: "delete",
    form: "delete path, :recursive => true, option => value, …",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: Choices::Known(&[DELETE_OPTIONS, SELECTION]),
    doc: "Removes a file from the current task's servers. That it is not there is no error.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app { delete \"/tmp/hello\"; }",
};
