//! `depend`: the needs of a recipe on servers and on this machine, for `deploy:check`.

use super::super::choice::Choice;
use super::super::grammar::Tail;
use super::super::takes;
use super::super::verb::{Choices, MANY, Verb};

static OPTIONS: &[Choice] = &[
    Choice {
        name: "or",
        doc: "what is said where it is not met",
    },
    Choice {
        name: "roles",
        doc: "only on the servers of these roles",
    },
    Choice {
        name: "hosts",
        doc: "only on these servers",
    },
];

pub(in crate::recipe) const DEPEND: Verb = Verb {
    name: "depend",
    form: "depend :remote, kind, word, …, :or => message  |  depend :local, kind, word, …",
    arguments: (3, MANY),
    takes: &[takes::STRING, takes::STRING, takes::WORD],
    tail: Tail::Nothing,
    options: Choices::Known(&[OPTIONS]),
    doc: "Says what `deploy:check` is to look for, on the servers or on this machine: `:command`, `:directory`, `:file` or `:writable` with a \
          name; `:gem`, `:deb`, `:rpm` or `:yum` with a name and a version; `:match` with a command and an extended regular \
          expression that fits a line of what it writes.",
    example: "depend :remote, :command, \"git\";\ndepend :remote, :directory, \"/srv/data\", :or => \"mount the disk first\";\ndepend :local, :command, \"tar\";",
};
