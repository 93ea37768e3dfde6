//! Tests of the words of Capistrano 3 that recipes have.

use super::{prints, recipe};
use crate::event::Event;
use crate::exit::Exit;
use crate::session::scripted::Answer;

#[test]
fn a_list_in_a_variable_grows_and_shrinks_and_the_list_it_was_stays() {
    let text = "set :old, [\"log\"]; set :later, old; append :later, \"tmp\", [\"a\", 1]; append :other, \"x\"; set :single, \"s\";
        append :single, \"t\"; set :lazy { [\"l\"] } append :lazy, \"m\"; remove :later, \"log\", [\"1\"]; remove :nothing, \"x\";
        task :t { puts old; puts later; puts other; puts single; puts lazy; puts nothing; }";
    assert_eq!(
        prints(text),
        [
            "[\"log\"]",
            "[\"tmp\", \"a\"]",
            "[\"x\"]",
            "[\"s\", \"t\"]",
            "[\"l\", \"m\"]",
            "[]"
        ]
    );
}

#[test]
fn what_grows_is_named_and_not_given() {
    for (text, expected) in [
        (
            "let l = [\"q\"]; append l, \"a\";",
            "`append' takes the name of a variable here, not a list",
        ),
        (
            "let l = [1]; remove l, 2;",
            "`remove' takes the name of a variable here, not a list",
        ),
        (
            "let m = #{}; set m, 1;",
            "`set' takes the name of a variable here, not a map",
        ),
        ("append \"no name\", 1;", "`no name' cannot be the name of a variable"),
    ] {
        let told = recipe(&format!("task :t {{ {text} }}")).run(&["t"]).error().clone();
        assert_eq!(told.message, expected, "{text}");
    }
}

#[test]
fn any_tells_whether_there_is_something_in_a_variable() {
    let text = "set :none, []; set :some, [()]; set :map, #{}; set :text, \"\"; set :unit, (); set :lazy { [1] } set :no, false;
        task :t { puts [any(:none), any(:some), any(:map), any(:text), any(:unit), any(:lazy), any(:no), any(:unset)]; }";
    assert_eq!(prints(text), ["[false, true, false, true, false, true, true, false]"]);
}

#[test]
fn a_command_that_kills_its_own_shell_is_no_failure_where_the_dialect_is_3() {
    let run = |dialect: u8, command: &str| {
        let case = recipe(&format!(
            "set :dialect, {dialect}; role :app, \"a\"; task :t, :roles => :app {{ run {command:?}; puts \"on\"; }}"
        ));
        case.script
            .on("a", "kill", Answer::new().ends(Exit::Signal("TERM".to_owned())));
        case.run(&["t"])
    };
    let pkill = "cd /srv && pkill -f worker";
    let outcome = run(3, pkill);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let told = |event: &Event| matches!(event, Event::Message { text, .. } if text.contains("killed its own shell (killed by signal TERM)"));
    assert!(outcome.events.iter().any(told), "{:?}", outcome.events);
    // A block that has seen enough ends the command, which kills nothing of its own then.
    let case = recipe(
        "set :dialect, 3; role :app, \"a\"; task :t, :roles => :app { run \"kill 1; tail\", |channel, stream, data| { channel.close(); } }",
    );
    case.script.on("a", "kill", Answer::new().out("line\n").hangs());
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert!(!outcome.events.iter().any(told), "{:?}", outcome.events);
    let asked = |dialect: u8| {
        let case = recipe(&format!(
            "set :dialect, {dialect}; role :app, \"a\"; task :t, :roles => :app {{ puts test(\"pkill -f x\"); }}"
        ));
        case.script
            .on("a", "kill", Answer::new().ends(Exit::Signal("TERM".to_owned())));
        case.run(&["t"])
    };
    assert_eq!(asked(3).printed, ["false"]);
    assert!(asked(2).result.is_err());
    for (dialect, command) in [(2, pkill), (3, "make skill")] {
        let outcome = run(dialect, command);
        assert!(outcome.result.is_err(), "{dialect} {command}");
    }
}

#[test]
fn where_the_dialect_is_3_hooks_and_invoke_run_a_task_once() {
    let tasks = "task :a { puts \"a\"; } task :b { puts \"b\"; } before :b, :a; after :b, :a;
        task :t { invoke \"a\"; invoke \"b\"; invoke \"a\"; invoke \"b\", :again => true; }";
    assert_eq!(prints(&format!("set :dialect, 3; {tasks}")), ["a", "b", "b"]);
    assert_eq!(
        prints(&format!("set :dialect, 2; {tasks}")),
        ["a", "a", "b", "a", "a", "a", "b", "a"]
    );
    // Who has not said it gets what the tasks say.
    assert_eq!(prints(tasks), ["a", "a", "b", "a", "a", "a", "b", "a"]);
}

#[test]
fn a_deploy_restarts_only_by_hooks_where_the_recipe_says_so() {
    let text = "set :dialect, 3; set :application, \"a\"; set :repository, \"r\"; set :scm, :none; set :branch, \"b\";
        role :app, \"h\"; role :web, \"h\"; role :db, \"h\";
        namespace :deploy { task :restart { puts \"restarted\"; } } set :runs_before, 0; set :restart_task_runs, #{}; set :went_live, false;
        task :t { invoke \"deploy:restart_once\"; }";
    assert_eq!(prints(text), ["restarted"]);
    assert!(prints(&format!("{text} set :restart_on_deploy, false;")).is_empty());
}

#[test]
fn a_deploy_of_capistrano_2_restarts_after_the_switch_whatever_a_hook_has_done_before() {
    let text = "set :application, \"a\"; set :repository, \"r\"; set :scm, :none; set :branch, \"b\";
        role :app, \"h\"; role :web, \"h\"; role :db, \"h\";
        namespace :deploy { task :restart { puts \"restarted\"; } } set :runs_before, 0; set :restart_task_runs, #{}; set :went_live, false;
        task :t { invoke \"deploy:restart\"; invoke \"deploy:restart_once\"; }";
    assert_eq!(prints(&format!("set :dialect, 2; {text}")), ["restarted", "restarted"]);
    assert_eq!(prints(text), ["restarted"]);
}

#[test]
fn start_and_stop_of_capistrano_2_do_what_is_hooked_to_them() {
    let text = "set :dialect, 2; role :app, \"h\"; append :restart_tasks, \"own:restart\";
        namespace :own { task :restart { puts \"restarted\"; } task :stop { puts \"stopped\"; } }
        after \"deploy:stop\", \"own:stop\"; task :t { invoke \"deploy:stop\"; invoke \"deploy:start\"; }";
    assert_eq!(prints(text), ["stopped"]);
}

#[test]
fn a_rollback_runs_what_is_hooked_to_the_parts_of_the_check() {
    let text = "task :own { puts \"checked\"; } before \"deploy:check:linked_files\", :own; set :flow, \"rollback\";
        task :t { invoke \"deploy:check\"; }";
    assert_eq!(prints(&format!("set :dialect, 3; {text}")), ["checked"]);
    assert!(prints(&format!("set :dialect, 2; {text}")).is_empty());
}

#[test]
fn paths_follow_a_deploy_to_that_is_set_after_they_were_read() {
    let text = "set :deploy_to, \"/a\"; set :shared_dir, \"s\"; set :one, shared_path; set :two, current_path; set :deploy_to, \"/b\";
        task :t { puts [one, two, shared_path, current_path, releases_path]; }";
    let of = |dialect: u8| prints(&format!("set :dialect, {dialect}; {text}"));
    assert_eq!(
        of(3),
        ["[\"/a/s\", \"/a/current\", \"/b/s\", \"/b/current\", \"/b/releases\"]"]
    );
    // Capistrano 2 keeps what it has computed.
    assert_eq!(
        of(2),
        ["[\"/a/s\", \"/a/current\", \"/a/s\", \"/a/current\", \"/b/releases\"]"]
    );
    // What the recipe itself sets stays.
    let own = "set :dialect, 3; set :deploy_to, \"/a\"; set :shared_path { `${deploy_to}/own` } set :one, shared_path;
        set :deploy_to, \"/b\"; task :t { puts shared_path; }";
    assert_eq!(prints(own), ["/a/own"]);
}

#[test]
fn set_if_empty_leaves_what_is_set() {
    let mut case = recipe("set :a, 1; set_if_empty :a, 2; set_if_empty :b { 3 } task :t { puts `${a} ${b} ${c}`; }");
    case.options.set_before = vec![("c".to_owned(), "4".to_owned())];
    assert_eq!(case.run(&["t"]).printed(), ["1 3 4"]);
}

#[test]
fn a_variable_is_asked_for_once_when_it_is_read_first() {
    let mut case = recipe(
        "ask :branch, \"main\"; ask(:tag, \"v1\"); ask :unread;
         namespace :n { task :t { puts \"first\"; puts branch; puts branch; puts tag; if true { ask :inner, 3; } puts inner; puts type_of(inner); } }",
    );
    case.answers = vec!["PROMPT|", "", "007"];
    assert_eq!(
        case.run(&["n:t"]).printed(),
        ["first", "branch [main]: |", "branch [main]: |", "v1", "007", "string"]
    );
}

#[test]
fn the_value_of_ask_is_an_answer_also_where_a_symbol_is_given() {
    let mut case = recipe(
        "set :branch { ask(:branch, \"main\") } fn of() { let a = ask(:fine); a } set :tag { if true { ask(:tag) } else { \"\" } }
         task :t { puts branch; puts of(); puts tag; }",
    );
    case.answers = vec!["a", "b", "c"];
    assert_eq!(case.run(&["t"]).printed(), ["a", "b", "c"]);
    for text in [
        "set :branch { ask(:branch, \"main\") } task :t { puts branch; }",
        "task :t { ask(\"go on? \", \"yes\"); }",
        "let b = ask(:branch, \"main\"); task :t { puts b; }",
        "ask :branch, \"main\"; task :t { puts branch; }",
    ] {
        assert!(recipe(text).check().is_empty(), "{text}");
    }
}

#[test]
fn without_a_terminal_the_default_is_taken_and_the_command_line_says_another() {
    assert_eq!(prints("ask :branch, \"main\"; task :t { puts branch; }"), ["main"]);
    let case = recipe("ask :branch, \"main\"; task :t { puts branch; }").after("branch", "1.10");
    assert_eq!(case.run(&["t"]).printed(), ["1.10"]);
    assert_eq!(
        recipe("ask :branch; task :t { puts branch; }")
            .run(&["t"])
            .error()
            .message,
        "no terminal to ask on: branch"
    );
}

#[test]
fn what_is_asked_for_without_echo_is_a_secret() {
    let mut case = recipe(
        "ask :key, (), :echo => false, :prompt => \"The key\"; task :t { puts key; run_locally(`echo ${key}`); }",
    );
    case.answers = vec!["hunter22"];
    let outcome = case.run(&["t"]);
    let shown = |event: &Event| format!("{event:?}").contains("hunter22");
    assert_eq!(outcome.printed, ["[redacted]"]);
    assert!(!outcome.events.iter().any(shown), "{:?}", outcome.events);
}

#[test]
fn servers_are_listed_by_their_roles() {
    let text = "role :app, \"a1\", \"me@a2:2222\"; role :db, \"d1\"; role :db, \"d2\", :primary => true, :no_release => true; role :none;
        task :t { let names = |list| join(list.map(|server| server.name), \" \");
          puts names.call(roles(:app)); puts names.call(roles(:app, :db)); puts names.call(roles([\"db\"])); puts names.call(roles(:all));
          puts names.call(release_roles(:all)); puts names.call(release_roles(:db)); puts primary(:db).name; puts primary(:app).name;
          puts primary(:none) == (); puts roles(:none).len; }";
    assert_eq!(
        prints(text),
        [
            "a1 me@a2:2222",
            "a1 me@a2:2222 d1 d2",
            "d1 d2",
            "a1 me@a2:2222 d1 d2",
            "a1 me@a2:2222 d1",
            "d1",
            "d2",
            "a1",
            "true",
            "0"
        ]
    );
}

#[test]
fn a_server_in_a_string_or_a_template_is_its_host() {
    let text = "server \"me@a\", :app; server \"b:2222\", :app; set :at { roles(:app)[0] }
        task :t { let all = roles(:app); let one = all[1];
          puts `${one} ${at}`; puts join(all, \"+\"); puts \"x\" + one; puts join(all.map(|it| it.to_string()), \",\");
          puts render(:template => \"{{ at }} {{ at.host }} {{ all|join(',') }} {% for one in all %}{{ one ~ '-' ~ one.roles[0] }};{% endfor %}\", :all => all); }";
    let said = |dialect: u8| prints(&format!("set :dialect, {dialect}; {text}"));
    assert_eq!(said(3), ["b a", "a+b", "xb", "a,b", "a a a,b a-app;b-app;"]);
    assert_eq!(
        said(2),
        [
            "b:2222 me@a",
            "me@a+b:2222",
            "xb:2222",
            "me@a,b:2222",
            "me@a a me@a,b:2222 me@a-app;b:2222-app;"
        ]
    );
    // Nothing is empty where Ruby is meant.
    let empty = "set :n, (); task :t { puts render(:template => \"[{{ n }}]\"); }";
    assert_eq!(prints(&format!("set :dialect, 3; {empty}")), ["[]"]);
}

#[test]
fn a_server_is_its_host_and_port_whoever_logs_in() {
    let servers = "role :web, \"bob@a\", \"b:2222\"; server \"a\", :app, :port => 22, :user => \"ann\"; server \"eve@b\", :app; role :db { [\"joe@b:2222\"] }";
    let names = |dialect: u8| {
        let text = "task :t { puts join(roles(:all).map(|one| `${one.name} ${join(one.roles, \",\")}`), \"; \"); }";
        prints(&format!("set :dialect, {dialect}; {servers} {text}"))
    };
    assert_eq!(names(3), ["ann@a web,app; joe@b:2222 web,db; eve@b app"]);
    assert_eq!(names(2), ["bob@a web; b:2222 web; ann@a app; eve@b app; joe@b:2222 db"]);
}

#[test]
fn where_no_server_is_marked_the_first_of_a_role_is_its_primary_one() {
    let speaking = |dialect: u8, servers: &str| {
        let text = "task :t, :roles => :db, :only => #{ primary: true } { run \"x\"; }";
        recipe(&format!("set :dialect, {dialect}; {servers} {text}"))
    };
    let two = "role :app, \"a\"; role :db, \"d1\", \"d2\";";
    let of = |case: super::Case| {
        let outcome = case.run(&["t"]);
        assert!(outcome.result.is_ok(), "{:?}", outcome.result);
        let commands = outcome.script.commands();
        let servers = commands.iter().map(|record| record.server.to_string());
        servers.collect::<Vec<_>>()
    };
    assert_eq!(of(speaking(3, two)), ["d1"]);
    let marked = "role :db, \"d1\"; role :db, \"d2\", :primary => true;";
    assert_eq!(of(speaking(3, marked)), ["d2"]);
    // The person leaves out the one: no other takes its place.
    assert_eq!(of(speaking(3, two).env("HOSTFILTER", "d2")), [""; 0]);
    assert_eq!(of(speaking(3, marked).env("HOSTFILTER", "d1")), [""; 0]);
    let error = speaking(2, two).run(&["t"]).error().message.clone();
    assert!(error.contains("but no servers matched"), "{error}");
}

#[test]
fn a_role_that_is_listed_has_to_be_there() {
    let text = "role :app, \"a\"; task :t { for server in roles(:ap) { puts server.host; } puts roles(:all).len; }";
    let found = recipe(text).check();
    let messages: Vec<&str> = found.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    assert_eq!(messages, ["the role `ap' is not defined"]);
    assert_eq!(recipe(text).run(&["t"]).error().message, "the role `ap' is not defined");
}

/// The gem does nothing where no server has its role, also by hand.
#[test]
fn a_library_in_the_place_of_a_gem_does_nothing_without_servers_of_its_role() {
    let text = |dialect: u8, task: &str| {
        format!(
            "set :dialect, {dialect}; set :application, \"a\"; set :repository, \"r\"; require \"maintenance\"; require \"unicorn\"; \
             role :other, \"a\"; task :t {{ invoke \"{task}\"; puts \"end\"; }}"
        )
    };
    for task in ["maintenance:disable", "unicorn:reload"] {
        assert_eq!(prints(&text(3, task)), ["end"], "{task}");
        assert!(recipe(&text(2, task)).run(&["t"]).result.is_err(), "{task}");
    }
}

#[test]
fn what_is_linked_already_is_not_appended_again() {
    let text = "append :linked_files, \"a.yml\"; append :linked_files, \"a.yml\", \"b.yml\"; append :other, 1; append :other, 1;
        task :t { puts linked_files; puts other; }";
    assert_eq!(prints(text), ["[\"a.yml\", \"b.yml\"]", "[1, 1]"]);
}

#[test]
fn what_a_recipe_links_twice_is_linked_once() {
    let text = "set :linked_dirs, [\"log\", \"tmp\", \"log\"]; set :linked_files { [\"a\", \"a\"] } set :other, [1, 1];
        set :linked_dirs, fetch(:linked_dirs, []) + [\"tmp\", \"bin\"];
        task :t { puts linked_dirs; puts linked_files; puts other; }";
    assert_eq!(prints(text), ["[\"log\", \"tmp\", \"bin\"]", "[\"a\"]", "[1, 1]"]);
    assert!(recipe(text).check().is_empty());
}
