//! Functions that list servers, in the words of Capistrano 3.

use super::super::function::FunctionRow;

pub(super) static FUNCTIONS: &[FunctionRow] = &[
    FunctionRow {
        form: "known_roles(names)",
        doc: "Of these roles those that are defined; of `:all`, all. For the tasks of libraries, since a task cannot go to a role that \
              nobody defines: `:roles => || known_roles(fetch(:worker_roles)), :on_no_matching_servers => :continue`.",
        example: "{ role :app, \"app1\"; role :db, \"db1\"; [known_roles([:web, :app]), known_roles(:all)] }",
        gives: "[[\"app\"], [\"app\", \"db\"]]",
    },
    FunctionRow {
        form: "primary(role)",
        doc: "The server of a role with the attribute `primary`, or else its first one, as in the list of `roles`; `()` where the role \
              has none.",
        example: "{ role :db, \"db1\"; role :db, \"db2\", :primary => true; primary(:db).host }",
        gives: "\"db2\"",
    },
    FunctionRow {
        form: "release_roles(role, …)",
        doc: "As `roles`, without the servers that have the attribute `no_release`.",
        example: "{ role :web, \"web1\"; role :web, \"web2\", :no_release => true; release_roles(:web).map(|server| server.host) }",
        gives: "[\"web1\"]",
    },
    FunctionRow {
        form: "roles(role, …)",
        doc: "The servers of these roles, each once, `:all` for those of all roles: a list of maps as `find_servers` gives. \
              A command goes to the servers of a role by its option: `:roles => :app`.",
        example: "{ role :app, \"app1\", \"app2\"; roles(:app).map(|server| server.host) }",
        gives: "[\"app1\", \"app2\"]",
    },
];
