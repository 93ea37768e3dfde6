//! The surroundings of commands: a directory, an environment, a user.

use super::super::grammar::Tail;
use super::super::takes;
use super::super::verb::{Choices, NONE, Verb};

pub(in crate::recipe) const WITHIN: Verb = Verb {
    name: "within",
    form: "within directory { … }",
    arguments: (1, 1),
    takes: &[takes::PATH],
    tail: Tail::Required("block"),
    options: NONE,
    doc: "Runs the commands of the block in a directory; one that does not begin with `/` or `~` is below that of the `within` around \
          it. That there is none is a failure of each command. A command's own `dir` wins; paths on servers of `put`, `upload`, `get`, `download` and `delete` begin there, too. Tasks that are called in it do not \
          run there. It gives what the block gives.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app {\n  within \"/tmp\" {\n    with :rails_env => \"production\" { run \"pwd; echo $RAILS_ENV\"; }\n  }\n}",
};

pub(in crate::recipe) const WITH: Verb = Verb {
    name: "with",
    form: "with :name => value, … { … }  |  with #{ name: value, … } { … }",
    arguments: (0, 0),
    takes: &[],
    tail: Tail::Required("block"),
    options: Choices::Any,
    doc: "Runs the commands of the block with environment variables, whose names are written in capitals: `:rails_env` sets \
          `RAILS_ENV`, as in Capistrano 3. One `with` in another adds to it. A command's own `env` is added, too, with names as they \
          are. Tasks that are called in it do not get them. It gives what the block gives.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app {\n  with :greeting => \"it's me\" { run \"echo $GREETING\"; }\n}",
};

pub(in crate::recipe) const AS: Verb = Verb {
    name: "as",
    form: "as user { … }",
    arguments: (1, 1),
    takes: &[takes::USER],
    tail: Tail::Required("block"),
    options: NONE,
    doc: "Runs the commands of the block as another user, each by sudo with a shell of its own, in the directory and with the \
          environment that `within` and `with` say. `sudo` in it is called by the user who logs in; files are sent as that user, \
          too. Tasks that are called in it run as they do elsewhere. It gives what the block gives.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app {\n  as :root { within \"/tmp\" { run \"id -un && pwd\"; } }\n}",
};
