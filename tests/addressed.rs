//! `--servers`: which servers tasks address, without connecting.

use crate::harness::{Case, Finished};

const RECIPE: &str = r#"
role :web, "www1", "www2";
role :app, "app1", "deploy@app2:2222";
role :db, "db1", :primary => true;
role :db, "www1";

task :all { puts "x"; }
task :some, :roles => [:web, :app] { run "true"; }
task :primary, :roles => :db, :only => #{ primary: true } { run "true"; }
task :lost, :roles => :nothing { run "true"; }
task :nobody, :roles => :db, :except => #{ primary: true }, :hosts => "" { run "true"; }
task :first, :once => true { run "true"; }
namespace :outer {
    task :inner, :roles => :app { primary; }
    namespace :deep { task :est, :roles => :web { run "true"; } }
}
task :chain {
    let first = 1;
    puts first;
    if first == 1 { outer.inner; }
    transaction { on_rollback { invoke "all"; } outer.deep.est(); }
}
task :hooked { puts "x"; }
before :hooked { primary; }
after :hooked, "outer:deep:est";
"#;

fn servers(words: &[&str]) -> Finished {
    Case::new().recipe(RECIPE).args(words).args(["--servers"]).run()
}

#[test]
fn r1_a_task_without_options_addresses_all_servers_and_each_is_told_with_its_roles() {
    let expected = "\
all: all servers
  www1              web, db
  www2              web
  app1              app
  deploy@app2:2222  app
  db1               db
";
    let finished = servers(&["all"]).ok();
    assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), (expected, ""));
}

#[test]
fn r2_r3_roles_and_attributes_say_why() {
    let expected = "\
some: roles: web,app
  www1              web, db
  www2              web
  app1              app
  deploy@app2:2222  app
primary: roles: db, only: {primary: true}
  db1  db
first: the first one alone
  www1  web, db
";
    assert_eq!(servers(&["some", "primary", "first"]).ok().stdout, expected);
}

#[test]
fn what_selects_nobody_says_so() {
    let expected = "\
lost: roles: nothing
  none: the role `nothing' is not defined
nobody: hosts: , roles: db, except: {primary: true}
  none: no server matches
";
    assert_eq!(servers(&["lost", "nobody"]).ok().stdout, expected);
}

#[test]
fn the_filters_of_the_person_are_told() {
    let expected = "\
some: roles: web,app; HOSTFILTER=www1,app1
  www1  web, db
  app1  app
";
    assert_eq!(servers(&["some", "HOSTFILTER=www1,app1"]).ok().stdout, expected);
    let expected = "some: roles: web,app; ROLES=db,app\n  app1              app\n  deploy@app2:2222  app\n";
    assert_eq!(servers(&["some", "ROLES=db,app", "-r"]).ok().stdout, expected);
    let expected = "primary: roles: db, only: {primary: true}; HOSTS=a,b\n  a\n  b\n";
    assert_eq!(servers(&["primary", "HOSTS=a,b"]).ok().stdout, expected);
}

#[test]
fn in_the_words_of_capistrano_3_hosts_and_roles_only_choose() {
    let recipe = format!("set :dialect, 3;\n{RECIPE}");
    let told = |words: &[&str]| {
        Case::new()
            .recipe(&recipe)
            .args(words)
            .args(["--servers"])
            .run()
            .ok()
            .stdout
    };
    let expected = "some: roles: web,app; HOSTS=www1,db1\n  www1  web, db\n";
    assert_eq!(told(&["some", "HOSTS=www1,db1"]), expected);
    let expected = "some: roles: web,app; ROLES=db\n  www1  web, db\n";
    assert_eq!(told(&["some", "ROLES=db"]), expected);
    let filtered = recipe.replace(
        "task :all",
        "set :filter, #{ hosts: [\"www1\", \"app1\"], roles: :web };\ntask :all",
    );
    let told = Case::new().recipe(&filtered).args(["some", "--servers"]).run().ok();
    assert_eq!(told.stdout, "some: roles: web,app\n  www1  web, db\n");
    // What is not in the recipe is no server, and the tasks of a deploy leave out what they have no server for.
    let run = |words: &[&str]| Case::new().recipe(&recipe).args(words).args(["-n"]).run().ok();
    run(&["some", "HOSTS=www9"])
        .says("HOSTS names `www9', which is not in the recipe")
        .says("skipping `some' because no servers matched");
}

#[test]
fn options_of_capistrano_are_refused_with_what_does_the_same_here() {
    for (words, advice) in [
        (
            &["--trace", "production", "all"][..],
            "the name of the file ends with .json",
        ),
        (&["all", "--trace"], "what --trace of Capistrano does is here: -v"),
        (&["all", "--hosts=db1"], "HOSTS=app1,app2 behind the tasks"),
        (&["-z", "db1", "all"], "HOSTS=app1,app2 behind the tasks"),
        (&["all", "--roles", "db"], "ROLES=app,web behind the tasks"),
    ] {
        servers(words).code(2).says(advice);
    }
}

#[test]
fn the_tasks_that_a_task_and_its_hooks_name_are_told_each_once() {
    let tasks = |words: &[&str]| {
        let stdout = servers(words).ok().stdout;
        let heads = stdout.lines().filter(|line| !line.starts_with(' '));
        heads
            .map(|line| line.split(": ").next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        tasks(&["chain"]),
        ["chain", "outer:inner", "primary", "all", "outer:deep:est"]
    );
    assert_eq!(
        tasks(&["hooked", "all"]),
        ["hooked", "primary", "outer:deep:est", "all"]
    );
}

#[test]
fn what_functions_and_closures_call_is_told_and_each_block_of_servers() {
    let recipe = r#"
role :app, "a";
role :db, "d";
task :inner { run "x"; }
task :last, :roles => :app { on roles(:db) { execute "y"; } }
fn both(way) { inner; way.call(); }
task :outer { both(|| { invoke "last"; }); }
"#;
    let case = Case::new().recipe(recipe).args(["outer", "--servers"]);
    let expected = "\
outer: all servers
  a  app
  d  db
inner: all servers
  a  app
  d  db
last: roles: app
  a  app
last, on at line 5: roles: db
  d  db
";
    assert_eq!(case.run().ok().stdout, expected);
}

#[test]
fn a_task_that_does_not_exist_is_a_usage_error() {
    servers(&["al"]).code(2).says("error: the task `al' does not exist");
}

#[test]
fn commands_that_say_something_else_than_their_task_are_told_with_their_line_and_all_as_json() {
    let recipe = "role :app, \"a\";\nrole :db, \"d\";\ntask :t, :roles => :app {\n  run \"x\";\n  run \"y\", :roles => :db;\n}\n";
    let told = |more: &[&str]| {
        Case::new()
            .recipe(recipe)
            .args(["t", "--servers"])
            .args(more)
            .run()
            .ok()
            .stdout
    };
    assert_eq!(
        told(&[]),
        "t: roles: app\n  a  app\nt, run at line 5: roles: db\n  d  db\n"
    );
    let json = told(&["--json"]);
    let lines: Vec<&str> = json.lines().collect();
    assert_eq!(lines.len(), 2, "{json}");
    assert!(
        lines[1].contains("\"command\":\"run\",\"line\":5")
            && lines[1].contains("{\"server\":\"d\",\"roles\":[\"db\"]}"),
        "{json}"
    );
}
