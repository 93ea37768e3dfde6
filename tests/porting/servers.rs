//! Roles, servers and stages.

use crate::trial::{Trial, piece};

pub const TITLE: &str = "Servers and roles";

/// The names of all servers with their roles.
const ALL: &str = "for s in find_servers() { puts `${s.name}: ${join(s.roles, \" \")}`; }";

pub fn trials() -> Vec<Trial> {
    vec![
        piece("role :app, \"app1\", \"app2\";")
            .bare()
            .with("role :web, \"web1\";")
            .then("run \"touch /tmp/role\", :roles => :app;")
            .on("app1", "ls /tmp/role", "/tmp/role")
            .on("app2", "ls /tmp/role", "/tmp/role")
            .on("web1", "ls /tmp | grep -x role || true", ""),
        // All versions: an attribute belongs to the server in that role, so `db1` as another role's is not the primary one.
        piece("role :db, \"db1\", :primary => true;")
            .bare()
            .with("role :db, \"app2\";")
            .then("run \"touch /tmp/primary\", :only => #{ primary: true };")
            .on("db1", "ls /tmp/primary", "/tmp/primary")
            .on("app2", "ls /tmp | grep -x primary || true", ""),
        piece("role :app { lines(read_file(\"servers.txt\")) }")
            .bare()
            .file("servers.txt", "app1\napp2\n")
            .then("run \"touch /tmp/listed\";")
            .on("app1", "ls /tmp/listed", "/tmp/listed")
            .on("app2", "ls /tmp/listed", "/tmp/listed"),
        piece("server \"www\", :web, :app, :primary => true;")
            .bare()
            .named("www", "web1")
            .then(&format!("{ALL} run \"touch /tmp/www\", :roles => :app, :only => #{{ primary: true }};"))
            .prints("www: web app\n")
            .on("web1", "ls /tmp/www", "/tmp/www"),
        piece("server \"www2\", [\"web\", \"app\"], :user => \"me\";")
            .bare()
            .named("www2", "app2")
            .given("app2", "echo me:x:5000:5000::/home/deploy:/bin/bash >> /etc/passwd")
            .then(&format!("{ALL} run \"touch /tmp/by-$LOGNAME\", :roles => :web;"))
            .prints("me@www2: web app\n")
            .on("app2", "ls /tmp/by-*", "/tmp/by-me"),
        // 2.x: a role without servers is an empty list, and a command for it an error.
        piece("role :worker;")
            .then("puts find_servers(:roles => :worker, :on_no_matching_servers => :continue).len(); run \"true\", :roles => :worker;")
            .prints("0\n")
            .says("no servers matched")
            .code(1),
        piece("task :go, :roles => :worker, :on_no_matching_servers => :continue { run \"uptime\"; puts \"on\"; }")
            .before("role :worker;")
            .calls(&["go"])
            // As in 2.x the command is skipped, not the rest of the task.
            .prints("on\n")
            .says("skipping"),
        piece("set :default_stage, \"staging\";")
            .file("config/deploy/staging.rhai", "set :greeting, \"on staging\";")
            .file("config/deploy/production.rhai", "set :greeting, \"on production\";")
            .then("puts greeting;")
            .prints("on staging\n"),
        piece("set :default_stage, \"staging\";")
            .file("config/deploy/staging.rhai", "set :greeting, \"on staging\";")
            .file("config/deploy/production.rhai", "set :greeting, \"on production\";")
            .then("puts greeting;")
            .calls(&["production", "t"])
            .prints("on production\n"),
        piece("task :staging { set :branch, \"develop\"; role :web, \"staging.example.com\"; }")
            .bare()
            .named("staging.example.com", "web1")
            .then("puts branch; run \"touch /tmp/staging\", :roles => :web;")
            .calls(&["staging", "t"])
            .prints("develop\n")
            .on("web1", "ls /tmp/staging", "/tmp/staging"),
    ]
}
