use super::{prints, recipe};

const SIX: &str = r#"
role :web, "www1", "www2";
role :app, "app1", "app2";
role :db, "db1", :primary => true;
role :db, "db2";
"#;

#[test]
fn v1_a_variable_is_read_by_bare_name_and_by_fetch() {
    assert_eq!(
        prints("set :a, 1; task :t { puts a; puts fetch(:a); puts `${a}`; }"),
        ["1", "1", "1"]
    );
}

#[test]
fn t2_inner_tasks_use_their_own_servers() {
    let outcome = recipe(&format!(
        "{SIX} task :outer {{ inner; run \"all\"; }} task :inner, :roles => :app {{ run \"app only\"; }}"
    ))
    .run(&["outer"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(outcome.script.lines_on("app1").len(), 2);
    assert_eq!(outcome.script.lines_on("www1").len(), 1);
}

#[test]
fn the_spike_runs() {
    let text = r#"
set :application, "flipper";
set(:deploy_to) { `/u/apps/${application}` }
role :db, "db1.capistrano.com", :primary => true;
for name in ["start", "stop"] { task name { puts `svc ${name} in ${deploy_to}`; } }
task :default { puts "a reserved word is fine as a symbol"; }
task :t {
  let count = 0;
  transaction { count += 1; start; stop(); }
  puts count;
  run "tail -f log", |channel, stream, text| { count += 1; puts `${stream} ${text} ${count}`; }
  if exists(:application) && :app == "app" { puts "yes"; }
  if exists :nothing { puts "no"; } else { puts "else"; }
  deploy.update_code;
  deploy.update_code();
  invoke_like_a_function();
  run("x", :once => true, :roles => [:db]);
  run "y", #{ once: true };
  puts fetch(:nope, 1) + 2;
  let server = #{ role: "web", set: [1], run: "not the verb" };
  puts server.role + server.run;
  let f = |x| { puts `x ${x}`; x };
  puts f.call(4);
  try { deploy.web.disable; } catch (error) { puts error; }
}
task :invoke_like_a_function { puts "called"; }
fn greeting(name) { "hello " + name }
namespace :deploy {
  task :update_code, :roles => :db { run greeting("app"); puts greeting("app"); }
  namespace :web { task :disable { run "disable"; an_error_in_the_library(1); } }
}
"#;
    let printed = recipe(text).run(&["t"]).printed();
    assert_eq!(
        printed,
        [
            "svc start in /u/apps/flipper",
            "svc stop in /u/apps/flipper",
            "1",
            "yes",
            "else",
            "hello app",
            "hello app",
            "called",
            "3",
            "webnot the verb",
            "x 4",
            "4",
            "no function `an_error_in_the_library' takes (number)",
        ]
    );
}

#[test]
fn the_parameters_of_a_closure_are_its_own_in_every_branch_of_its_body() {
    let text = "task :t { let f = |s, c| if c == 1 { s + 1 } else { s }; puts f.call(1, 1); puts f.call(5, 0); }";
    assert_eq!(prints(text), ["2", "5"]);
}

#[test]
fn v14_what_is_set_after_loading_wins_for_lazy_variables_and_what_is_set_before_for_no_plain_one() {
    let text = "set :a, 2; set :text, `a is ${a}`; set :lazy { `a is ${a}` } task :t { puts a; puts text; puts lazy; }";
    assert_eq!(
        recipe(text).before("a", "1").run(&["t"]).printed(),
        ["2", "a is 2", "a is 2"]
    );
    assert_eq!(
        recipe(text).after("a", "1").run(&["t"]).printed(),
        ["1", "a is 2", "a is 1"]
    );
}

#[test]
fn c27_a_local_command_runs_here_and_on_no_server() {
    let outcome = recipe(&format!("{SIX} task :t {{ run_locally(\"uptime\"); }}")).run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(outcome.local.lines_on("localhost").len(), 1);
    assert!(outcome.script.commands().is_empty());
}
