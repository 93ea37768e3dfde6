//! Tasks, hooks, and files that are loaded.

use crate::trial::{Trial, piece};

pub const TITLE: &str = "Tasks and hooks";

pub fn trials() -> Vec<Trial> {
    let mut trials = addressed();
    trials.extend(defined());
    trials.extend(hooks());
    trials.extend(loaded());
    trials
}

fn addressed() -> Vec<Trial> {
    let both = |piece: Trial| {
        piece
            .calls(&["go"])
            .says("[out :: app1]")
            .says("[out :: app2]")
            .never("web1")
            .never("db1")
    };
    vec![
        both(piece("task :go, :roles => :app { run \"uptime\"; }")),
        // Each server is done before the next one is begun.
        both(piece("task :go, :roles => :app, :max_hosts => 1 { run \"uptime\"; }"))
            .says("    servers: [\"app1\"]\n")
            .says("    servers: [\"app2\"]\n"),
        piece("task :go, :roles => :app, :max_hosts => 2 { run \"uptime\"; }")
            .bare()
            .before("role :app, \"app1\", \"app2\", \"web1\";")
            .calls(&["go"])
            .says("    servers: [\"app1\", \"app2\"]\n")
            .says("    servers: [\"web1\"]\n"),
        piece("task :go, :roles => :db, :only => #{ primary: true } { run \"uptime\"; }")
            .before("role :db, \"app2\";")
            .calls(&["go"])
            .says("[out :: db1]")
            .never("app2"),
        piece("task :go, :except => #{ no_release: true } { run \"uptime\"; }")
            .bare()
            .before("role :app, \"app1\"; role :lb, \"web1\", :no_release => true;")
            .calls(&["go"])
            .says("[out :: app1]")
            .never("web1"),
    ]
}

fn defined() -> Vec<Trial> {
    let calls = |name: &str| format!("echo \"{name} $*\" >> /tmp/{name}");
    vec![
        piece("desc \"Say it.\"; task :say { puts \"it\"; }")
            .calls(&["say"])
            .prints("it\n"),
        piece("desc \"Say it.\"; task :say { puts \"it\"; }")
            .calls(&["-T"])
            .says("Say it."),
        piece("task :say, :arguments => [\"what\"] { puts ENV[\"what\"] ?? \"nothing\"; }")
            .calls(&["say[hello]"])
            .prints("hello\n"),
        piece("task :go, :desc => \"Say it.\" { puts \"it\"; }")
            .calls(&["go"])
            .prints("it\n"),
        piece("task :go, :desc => \"Say it.\" { puts \"it\"; }")
            .calls(&["-T"])
            .says("Say it."),
        piece("namespace :deploy { task :restart, :roles => :app { run \"touch tmp/restart.txt\"; } }")
            .given("app1", "mkdir -m 777 ~deploy/tmp")
            .given("app2", "mkdir -m 777 ~deploy/tmp")
            .calls(&["deploy:restart"])
            .on("app1", "ls ~deploy/tmp", "restart.txt")
            .on("app2", "ls ~deploy/tmp", "restart.txt")
            .never("web1"),
        piece("namespace :deploy { task :restart { puts \"my own way\"; } }")
            .calls(&["deploy:restart", "restart"])
            .prints("my own way\nmy own way\n")
            .never("reaper"),
        piece("namespace :deploy { task :start { } task :stop { } }")
            .calls(&["deploy:start", "deploy:stop"])
            .says("executing `deploy:stop'")
            .never("connecting"),
        // Each task has the value that the name had in its round.
        piece("for t in [:start, :stop] { task t { run `service app ${t}`; } }")
            .bare()
            .before("role :app, \"app1\";")
            .program("app1", "service", &calls("service"))
            .calls(&["start", "stop"])
            .on("app1", "cat /tmp/service", "service app start\nservice app stop"),
        piece("for n in [\"web\", \"jobs\"] { namespace n { task :stop { run `systemctl stop ${n}`; } } }")
            .bare()
            .before("role :app, \"app1\";")
            .program("app1", "systemctl", &calls("systemctl"))
            .calls(&["web:stop", "jobs:stop"])
            .on("app1", "cat /tmp/systemctl", "systemctl stop web\nsystemctl stop jobs"),
        piece("on :start { run \"touch /tmp/begun\"; }")
            .bare()
            .before("role :app, \"app1\";")
            .then("puts \"now\";")
            .on("app1", "ls /tmp/begun", "/tmp/begun"),
        piece("task :fresh { puts \"fresh\"; } alias_task :stale, :fresh;")
            .calls(&["stale"])
            .prints("fresh\n"),
        piece("fn rake_task(name) { run `rake ${name}`; }")
            .bare()
            .before("role :app, \"app1\";")
            .program("app1", "rake", &calls("rake"))
            .then("rake_task(\"db:migrate\");")
            .on("app1", "cat /tmp/rake", "rake db:migrate"),
        piece("namespace :deploy { task :restart { info \"instead\"; } }")
            .calls(&["deploy:restart"])
            .says("instead")
            .never("reaper"),
    ]
}

/// A deploy of a directory of app1 to a place of its own.
fn deployed(place: &str, trial: Trial) -> Trial {
    let recipe = format!(
        "role :app, \"app1\";\n\
         set :application, \"shop\"; set :scm, \"none\"; set :repository, \"/srv/shop\"; set :deploy_to, \"/u/apps/{place}\";\n"
    );
    trial
        .bare()
        .before(&recipe)
        .given("app1", "mkdir -p /srv/shop/public; touch /srv/shop/README")
        .calls(&["setup", "deploy"])
        .on("app1", &format!("cd /u/apps/{place}/current && ls README"), "README")
}

fn hooks() -> Vec<Trial> {
    vec![
        deployed("after1", piece("task :after_update_code { puts \"updated\"; }")).prints("updated\n"),
        deployed(
            "after2",
            piece("task :a { puts \"a\"; } task :b { puts \"b\"; } after \"deploy:update_code\", \"a\", \"b\";"),
        )
        .prints("a\nb\n"),
        // 3.x: deploy:starting is the first thing of a deploy.
        deployed(
            "first",
            piece("task :a1 { info \"first\"; } before \"deploy:starting\", :a1;")
                .with("task :a1 { run `ls ${releases_path} | wc -l`; info \"first\"; }"),
        )
        .says("[out :: app1] 0\n")
        .says("first"),
        // 3.x: the release is whole and not yet current.
        deployed(
            "updated",
            piece("task :a2 { run `ls ${release_path}`; } after \"deploy:updated\", :a2;")
                .with("before :a2 { run `test ! -e ${current_path} && echo not yet`; }"),
        )
        .says("[out :: app1] not yet\n")
        .says("[out :: app1] README\n")
        .says("[out :: app1] REVISION\n"),
        // It is current, and what fails here still takes it back.
        deployed(
            "published",
            piece("task :a3 { run `ls ${current_path}/`; } after \"deploy:published\", :a3;"),
        )
        .says("[out :: app1] README\n"),
        piece("task :a3 { run `ls ${current_path}/`; } after \"deploy:published\", :a3;")
            .bare()
            .before(
                "role :app, \"app1\"; set :application, \"shop\"; set :scm, \"none\"; set :repository, \"/srv/shop\"; \
                 set :deploy_to, \"/u/apps/published2\";",
            )
            .with("after :a3 { run \"false\"; }")
            .calls(&["setup", "deploy"])
            .code(1)
            .on(
                "app1",
                "ls -A /u/apps/published2/releases; ls /u/apps/published2",
                "releases\nrevisions.log\nshared",
            ),
        deployed(
            "symlinked",
            piece("task :a5 { run `ls ${current_path}/`; } after \"deploy:symlink\", :a5;"),
        )
        .says("[out :: app1] README\n"),
        deployed(
            "restarted",
            piece("namespace :deploy { task :restart { puts \"restarted\"; } after :publishing, :restart; }"),
        )
        .prints("restarted\n"),
        deployed(
            "finished",
            piece("task :a4 { info \"last\"; } after \"deploy:finished\", :a4;"),
        )
        .says("last"),
        deployed(
            "well",
            piece("task :a6 { info \"undone\"; } after \"deploy:failed\", :a6;"),
        )
        .never("undone"),
        piece("task :a6 { info \"undone\"; } after \"deploy:failed\", :a6;")
            .bare()
            .before(
                "role :app, \"app1\"; set :application, \"shop\"; set :scm, \"none\"; set :repository, \"/srv/shop\"; \
                 set :deploy_to, \"/u/apps/failed\"; after \"deploy:updated\" { run \"false\"; }",
            )
            .calls(&["setup", "deploy"])
            .code(1)
            .says("undone"),
        deployed("before", piece("before :deploy { info \"soon\"; }")).says("soon"),
        deployed(
            "start",
            piece("task :check_it { info \"checked\"; } on :start, :check_it, :only => [:deploy];"),
        )
        .says("checked"),
        piece("task :check_it { info \"checked\"; } on :start, :check_it, :only => [:deploy];")
            .then("puts \"t\";")
            .prints("t\n")
            .never("checked"),
    ]
}

fn loaded() -> Vec<Trial> {
    let backup = "task :backup { puts \"kept\"; }";
    vec![
        piece("load \"tasks/db\";")
            .file("tasks/db.rhai", backup)
            .calls(&["backup"])
            .prints("kept\n"),
        piece("for file in glob(\"tasks/*.rhai\") { load file; }")
            .file("tasks/db.rhai", backup)
            .file("tasks/more.rhai", "task :more { puts \"more\"; }")
            .calls(&["backup", "more"])
            .prints("kept\nmore\n"),
        piece("if file_exists(\"x.rhai\") { load \"x\"; }")
            .file("x.rhai", backup)
            .calls(&["backup"])
            .prints("kept\n"),
        piece("if file_exists(\"x.rhai\") { load \"x\"; }")
            .then("puts \"no x\";")
            .prints("no x\n"),
    ]
}
