//! Different commands on different servers, at the same time.

use super::super::grammar::Tail;
use super::super::options::{COMMAND, SELECTION};
use super::super::verb::{Choices, Verb};

pub(in crate::recipe) const PARALLEL: Verb = Verb {
    name: "parallel",
    form: "parallel option => value, …, |session| { session.when(condition, command); session.else(command); }",
    arguments: (0, 0),
    takes: &[],
    tail: Tail::Required("block"),
    options: Choices::Known(&[SELECTION, COMMAND]),
    doc: "Runs different commands on the current task's servers, all at once. A condition is a role (`:app` or \
          `\"in?(:app)\"`), a list of roles, or a closure that is given the server (`server.host`, `server.user`, \
          `server.port`, `server.roles`, `server.attributes`). A server runs the commands of all conditions that it \
          fits, at the same time; after one with `#{ last: true }` no other. The command of `else` is for those that fit \
          none. A map behind the command holds options for it alone.",
    example: "role :web, \"www1.example.com\";\nrole :app, \"app1.example.com\";\nrole :db, \"db1.example.com\", :primary => true;\ntask :example {\n  parallel |session| {\n    session.when(\"in?(:app)\", \"uptime\");\n    session.when(|server| server.attributes.primary == true, \"df\", #{ last: true });\n    session.else(\"date\");\n  }\n}",
};
