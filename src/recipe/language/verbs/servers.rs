//! `role` and `server`.

use super::super::grammar::Tail;
use super::super::options::SELECTION;
use super::super::takes;
use super::super::verb::{Choices, MANY, Verb};

pub(in crate::recipe) const ROLE: Verb = Verb {
    name: "role",
    form: "role :name, \"user@host:port\", …, attribute => value, …  |  role :name, … { … }",
    arguments: (1, MANY),
    takes: &[takes::ROLE, takes::HOSTS],
    tail: Tail::Optional,
    options: Choices::Any,
    doc: "Puts servers into a role. The pairs are attributes of these servers in this role; `user` and `port` hold \
          where a server's name has none, `ssh_options` is a map of what holds for these servers alone. Without a server the role exists and is empty. A block is evaluated once, when servers are \
          first needed, and gives more servers: a string, a list, or `()` for none; a map at the end of the list is laid \
          over the attributes. With `set :dialect, 3`, as in Capistrano 3, a server is its host and port: the user that is \
          named last is that of all its roles.",
    example: "role :app, \"app1.example.com\", \"app2.example.com\";\nrole :db, \"db1.example.com\", :primary => true;",
};

pub(in crate::recipe) const SERVER: Verb = Verb {
    name: "server",
    form: "server \"user@host:port\", :role, …, attribute => value, …",
    arguments: (1, MANY),
    takes: &[takes::HOST, takes::ROLES],
    tail: Tail::Nothing,
    options: Choices::Any,
    doc: "Puts one server into several roles.",
    example: "server \"www.example.com\", :web, :app, :primary => true;",
};

pub(in crate::recipe) const FIND_SERVERS: Verb = Verb {
    name: "find_servers",
    form: "find_servers(option => value, …)",
    arguments: (0, 0),
    takes: &[],
    tail: Tail::Nothing,
    options: Choices::Known(&[SELECTION]),
    doc: "The servers that a command with these options would go to, in a list of maps: `host`, `user`, `port`, `name` \
          (all of that in one), `roles`, `attributes` and `to_s`. In a string a server is its `to_s`: the name, in \
          recipes that say `set :dialect, 3` the host.",
    example: "role :app, \"app1.example.com\", \"deploy@app2.example.com\";\ntask :example, :roles => :app {\n  for server in find_servers() { run_locally(`rsync -a public/ ${server.name}:/srv/public/`); }\n}",
};
