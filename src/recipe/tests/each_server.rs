//! Tests of blocks that are evaluated for each server, on scripted servers.

use std::time::{Duration, Instant};

use super::{Outcome, recipe};
use crate::diagnostic::Fault;
use crate::event::{Event, Level, Rollback};
use crate::interrupt::Signal;
use crate::session::Phase;
use crate::session::scripted::Answer;

const THREE: &str = r#"role :app, "app1", "app2", "app3", :colour => "blue"; role :db, "db1";"#;

/// Returns each action: its command, and the number of its servers.
fn actions(outcome: &Outcome) -> Vec<(String, usize)> {
    let of = |event: &Event| match event {
        Event::ActionStarted { command, servers, .. } => Some((command.clone(), servers.len())),
        _ => None,
    };
    outcome.events.iter().filter_map(of).collect()
}

/// Returns each server with the last word of every command that it ran.
fn ran(outcome: &Outcome) -> Vec<String> {
    let word = |line: &str| {
        let line = line.trim_end_matches(['\'', '"']);
        line.rsplit([' ', '\'', '"']).next().unwrap_or_default().to_owned()
    };
    let commands = outcome.script.commands();
    commands
        .iter()
        .map(|record| format!("{} {}", record.server, word(&record.line)))
        .collect()
}

fn case(body: &str) -> super::Case {
    recipe(&format!("{THREE} task :t {{ {body} }}"))
}

#[test]
fn what_a_block_has_captured_is_given_to_verbs_as_it_is() {
    let text = "role :app, \"a\"; task :t { let x = \"text\"; let d = \"/d\"; let o = #{ A: x }; on roles(:app), :in => :sequence { \
                put x, \"/tmp/x\"; run \"b\", :dir => d, :data => x, :env => #{ A: x }; run \"c\", :env => o, :shell => x; } }";
    let outcome = recipe(text).run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let commands = outcome.script.commands();
    assert_eq!(commands[0].input, b"text");
    assert_eq!(commands[1].input, b"text");
    let lines = outcome.script.lines_on("a").join("\n");
    assert!(!lines.contains("shared)"), "{lines}");
}

#[test]
fn each_server_goes_its_own_way_by_its_own_answers_and_what_all_want_is_one_action() {
    let case = case(
        r#"on roles(:app), |server| {
            if test("[ -f pid ]") { run "reload"; } else { run "start"; }
            let name = capture("name");
            run `say ${server.host}-${name}`;
            run "all";
        }"#,
    );
    case.script.on("app2", "pid", Answer::new().exits(1));
    for host in ["app1", "app2", "app3"] {
        case.script.on(host, "name", Answer::new().out(format!("n{host}")));
    }
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let told = actions(&outcome);
    let told: Vec<(&str, usize)> = told
        .iter()
        .map(|(command, servers)| (command.as_str(), *servers))
        .collect();
    assert_eq!(
        told,
        [
            ("[ -f pid ]", 3),
            ("reload", 2),
            ("start", 1),
            ("name", 3),
            ("say app1-napp1", 1),
            ("say app2-napp2", 1),
            ("say app3-napp3", 1),
            ("all", 3),
        ]
    );
}

#[test]
fn different_commands_of_one_turn_run_at_the_same_time() {
    let case = case("on roles(:app), |server| { run `do ${server.host}`; }");
    // The first ends only once the last was started.
    case.script.on("app1", "do", Answer::new().once_started("app3", "do"));
    assert!(case.run(&["t"]).result.is_ok());
}

#[test]
fn return_ends_the_part_of_one_server() {
    let outcome =
        case(r#"on roles(:app), |server| { if server.host == "app2" { return; } run "x"; run "y"; }"#).run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(ran(&outcome), ["app1 x", "app3 x", "app1 y", "app3 y"]);
}

#[test]
fn a_server_tells_its_name_roles_and_properties_and_the_block_may_take_none() {
    let outcome = case(
        r#"on roles(:app) { run "bare"; }
        on primary(:db), |s| { puts `${s.hostname} ${s.roles} ${s.properties.colour ?? "none"}`; }
        on ["app3", "root@db1:2222"], |s| { puts `${s.name} ${s.port ?? 22}`; run "x"; }
        on "new.example.com", |s| { run "y"; }"#,
    )
    .run(&["t"]);
    assert_eq!(
        ran(&outcome),
        [
            "app1 bare",
            "app2 bare",
            "app3 bare",
            "app3 x",
            "root@db1:2222 x",
            "new.example.com y"
        ]
    );
    assert_eq!(
        outcome.printed(),
        [r#"db1 ["db"] none"#, "app3 22", "root@db1:2222 2222"]
    );
}

#[test]
fn locals_around_are_shared_and_are_their_own_again_afterwards() {
    let outcome = case(
        r#"let count = 0; let names = []; let found = #{};
        on roles(:app), |server| { count += 1; names.push(server.host); found[server.host] = capture("x"); let own = 1; }
        let copy = names; copy.push("other");
        puts `${count} ${names} ${found.len()} ${names.is_shared()}`;"#,
    )
    .run(&["t"]);
    assert_eq!(outcome.printed(), [r#"3 ["app1", "app2", "app3"] 3 false"#]);
}

#[test]
fn the_error_names_every_server_and_nothing_more_is_started_anywhere() {
    let case = case(r#"on roles(:app), |server| { run "x"; run "never"; }"#);
    case.script.on("app1", "x", Answer::new().err("no\n").exits(7));
    case.script.on("app3", "x", Answer::new().exits(8));
    let outcome = case.run(&["t"]);
    let error = outcome.error();
    assert_eq!(error.message, "`x' failed on 2 of 3 servers");
    assert_eq!(error.fault, Fault::Failed);
    assert_eq!(error.tasks, ["t"]);
    assert_eq!(error.origin.as_ref().map(|origin| origin.line), Some(1));
    let failed: Vec<String> = error
        .servers
        .iter()
        .map(|failed| format!("{}: {}", failed.server, failed.reason))
        .collect();
    assert_eq!(failed, ["app1: exit status 7", "app3: exit status 8"]);
    assert_eq!(ran(&outcome), ["app1 x", "app2 x", "app3 x"]);
}

#[test]
fn what_one_server_catches_is_no_error_there() {
    let case = case(
        r#"on roles(:app), |server| { try { run "x"; } catch (e) { puts `${server.host}: ${e.message}`; } run "y"; }"#,
    );
    case.script.on("app2", "x", Answer::new().exits(1));
    let outcome = case.run(&["t"]);
    assert_eq!(ran(&outcome).len(), 6);
    assert_eq!(outcome.printed(), ["app2: `x' failed on app2"]);
}

#[test]
fn different_commands_that_fail_are_told_with_their_servers() {
    let case = case(r#"on roles(:app), |server| { if server.host == "app1" { run "one"; } else { run "two"; } }"#);
    case.script.on("*", "one", Answer::new().exits(1));
    case.script.on("*", "two", Answer::new().exits(2));
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.error().message, "failed: `one' on app1; `two' on app2, app3");
    assert_eq!(outcome.error().servers.len(), 3);
}

#[test]
fn an_error_of_the_recipe_names_the_servers_where_it_happened() {
    let outcome =
        case(r#"on roles(:app), |server| { if server.host != "app1" { throw "no disk"; } run "x"; }"#).run(&["t"]);
    let error = outcome.error();
    assert_eq!(error.message, "no disk");
    let servers: Vec<String> = error.servers.iter().map(|failed| failed.server.to_string()).collect();
    assert_eq!(servers, ["app2", "app3"]);
    assert_eq!(ran(&outcome), [""; 0], "app1 waited, and was not begun");
}

#[test]
fn other_errors_are_told_beside_the_first() {
    let outcome = case(r#"on roles(:app), |server| { throw server.host; }"#).run(&["t"]);
    assert_eq!(outcome.error().message, "app1");
    assert_eq!(outcome.messages(Level::Important), ["app2: app2", "app3: app3"]);
}

#[test]
fn what_failed_in_a_block_is_undone_on_the_servers_that_it_has_touched() {
    let case = recipe(&format!(
        r#"{THREE} task :t {{ transaction {{ inner; }} }}
        task :inner {{
            on_rollback {{ run "undo"; }}
            on roles(:app), |server| {{ if server.host == "app3" {{ return; }} run "x"; }}
            on roles(:db), |server| {{ run "y"; }}
        }}"#
    ));
    case.script.on("db1", "y", Answer::new().exits(1));
    let outcome = case.run(&["t"]);
    assert_eq!(
        ran(&outcome),
        ["app1 x", "app2 x", "db1 y", "app1 undo", "app2 undo", "db1 undo"]
    );
    assert_eq!(outcome.result.unwrap_err().rollback, Rollback::Complete);
}

#[test]
fn where_one_cannot_be_connected_nothing_is_started() {
    let case = case(r#"on roles(:app), |server| { run `x ${server.host}`; }"#);
    case.script.refuse("app2", Phase::Connect, "no route");
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.error().fault, Fault::Connection);
    assert!(outcome.error().message.contains("app2"), "{}", outcome.error().message);
    assert_eq!(ran(&outcome), [""; 0]);
}

#[test]
fn a_task_that_all_come_to_runs_once_and_on_its_own_servers() {
    let outcome = recipe(&format!(
        r#"{THREE} task :other, :roles => :db {{ run "other"; 5 }}
        task :t {{ on roles(:app), |server| {{ let x = other; run `x${{x}}`; }} }}"#
    ))
    .run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(ran(&outcome), ["db1 other", "app1 x5", "app2 x5", "app3 x5"]);
}

#[test]
fn a_lazy_variable_is_evaluated_once_and_outside() {
    let outcome = recipe(&format!(
        r#"{THREE} set :where {{ run "lazy"; "there" }}
        task :t, :roles => :db {{ on roles(:app), |server| {{ within "/srv" {{ run `x ${{where}}`; }} }} }}"#
    ))
    .run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(ran(&outcome), ["db1 lazy", "app1 there", "app2 there", "app3 there"]);
    assert!(!outcome.script.commands()[0].line.contains("/srv"));
    assert!(outcome.script.commands()[1].line.contains("cd /srv"));
}

#[test]
fn an_output_block_is_given_what_its_own_server_says() {
    let case = case(
        r#"on roles(:app), |server| {
            let seen = "";
            run "x", |channel, stream, data| { seen += data; channel.send_data("go\n"); if server.host == "app2" { run "within"; } }
            puts `${server.host} ${seen}`;
        }"#,
    );
    for host in ["app1", "app2", "app3"] {
        case.script
            .on(host, "x", Answer::new().out(format!("from {host}")).reads_line());
    }
    let outcome = case.run(&["t"]);
    assert_eq!(ran(&outcome), ["app1 x", "app2 x", "app3 x", "app2 within"]);
    assert_eq!(
        outcome.printed(),
        ["app1 from app1", "app2 from app2", "app3 from app3"]
    );
}

#[test]
fn an_output_block_that_fails_ends_the_command_everywhere() {
    let case =
        case(r#"on roles(:app), |server| { run "x", |channel, stream, data| { throw "enough"; } run "never"; }"#);
    case.script.on("app2", "x", Answer::new().out("a").hangs());
    case.script.on("*", "x", Answer::new().hangs());
    let outcome = case.run(&["t"]);
    assert!(
        outcome.error().message.contains("its output block failed on app2"),
        "{}",
        outcome.error().message
    );
    assert!(outcome.messages(Level::Important).contains(&"app2: enough".to_owned()));
    assert_eq!(ran(&outcome), ["app1 x", "app2 x", "app3 x"]);
}

#[test]
fn ctrl_c_ends_the_commands_of_all_and_nothing_more_is_started() {
    let case = case(r#"on roles(:app), |server| { try { run `x ${server.host}`; } catch { } run "never"; }"#);
    let interrupt = case.interrupt.clone();
    for host in ["app1", "app2"] {
        case.script.on(host, "x", Answer::new().hangs());
    }
    let raised = move || interrupt.raise(Signal::Int);
    case.script.on("app3", "x", Answer::new().calls(raised).hangs());
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.error().fault, Fault::Signal(130));
    assert_eq!(ran(&outcome), ["app1 app1", "app2 app2", "app3 app3"]);
}

#[test]
fn by_turns_as_in_capistrano_3() {
    let outcome = case(
        r#"on roles(:app), :in => :sequence, :wait => 0, |server| { run "x"; run "y"; }
        on roles(:app), :in => :groups, :limit => 2, :wait => 0, |server| { run "z"; }"#,
    )
    .run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let names = [
        "app1 x", "app1 y", "app2 x", "app2 y", "app3 x", "app3 y", "app1 z", "app2 z", "app3 z",
    ];
    assert_eq!(ran(&outcome), names);
    let counts: Vec<usize> = actions(&outcome).iter().map(|(_, servers)| *servers).collect();
    assert_eq!(counts, [1, 1, 1, 1, 1, 1, 2, 1]);
    let wrong = case(r#"on roles(:app), :limit => 2, |server| { run "x"; }"#).run(&["t"]);
    assert!(wrong.error().message.contains("by turns"), "{}", wrong.error().message);
}

#[test]
fn max_hosts_of_the_task_and_of_a_command_hold() {
    let outcome = recipe(&format!(
        r#"{THREE} task :t, :max_hosts => 2 {{ on roles(:app), |server| {{ run "x"; run "y"; }} }}
        task :u {{ on roles(:app), |server| {{ run "z", :max_hosts => 1; run "w"; }} }}"#
    ))
    .run(&["t", "u"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let counts: Vec<usize> = actions(&outcome).iter().map(|(_, servers)| *servers).collect();
    assert_eq!(counts[..4], [2, 2, 1, 1]);
    assert!(counts[4..].iter().all(|servers| *servers == 1), "{counts:?}");
}

#[test]
fn a_server_that_fails_is_left_out_where_that_is_no_error() {
    let case =
        case(r#"on roles(:app), |server| { run "x", :on_error => :continue; run "y", :on_error => :continue; }"#);
    case.script.on("app2", "x", Answer::new().exits(1));
    let outcome = case.run(&["t"]);
    assert_eq!(ran(&outcome), ["app1 x", "app2 x", "app3 x", "app1 y", "app3 y"]);
    assert_eq!(
        outcome.error().message,
        "all tasks ended, but one server failed and was left out"
    );
}

#[test]
fn what_is_for_all_servers_is_refused_in_the_block_of_one() {
    for inner in [
        r#"transaction { run "x"; }"#,
        r#"on_rollback { run "x"; }"#,
        r#"on roles(:db), |other| { run "x"; }"#,
        r#"rolling 1 { run "x"; }"#,
        r#"parallel |s| { s.else("x"); }"#,
    ] {
        let outcome = case(&format!("on roles(:app), |server| {{ {inner} }}")).run(&["t"]);
        let message = &outcome.error().message;
        assert!(message.contains("stands in the block of one"), "{inner}: {message}");
    }
}

#[test]
fn where_no_server_matches_the_block_is_skipped_and_while_loading_it_is_an_error() {
    let outcome = case("on [], |server| { run \"x\"; } puts \"on\";").run(&["t"]);
    assert_eq!(
        outcome.messages(Level::Info),
        ["skipping `on' because no servers matched"]
    );
    assert_eq!(outcome.printed(), ["on"]);
    let errors = recipe(&format!("{THREE} on roles(:app), |server| {{ run \"x\"; }}")).errors();
    assert!(errors[0].message.contains("while recipes are loaded"), "{errors:?}");
}

#[test]
fn the_command_line_filters_its_servers() {
    let outcome = case(r#"on roles(:app), |server| { run "x"; } on ["app1", "db1"], |server| { run "y"; }"#)
        .env("HOSTS", "app1,app2")
        .run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(ran(&outcome), ["app1 x", "app2 x", "app1 y"]);
}

#[test]
fn a_dry_run_takes_test_for_true_and_capture_for_what_is_said() {
    let mut case = case(
        r#"on roles(:app), |server| { if test("a") { run "yes"; } let v = capture("b", :dry_run => "v"); run `say ${v}`; }"#,
    );
    case.options.dry_run = true;
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let told: Vec<String> = actions(&outcome).into_iter().map(|(command, _)| command).collect();
    assert_eq!(told, ["a", "yes", "b", "say v"]);
}

#[test]
fn files_go_to_and_come_from_each_server_in_its_block() {
    let outcome = case(r#"on roles(:app), |server| { put `for ${server.host}`, "/tmp/x"; }"#).run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(outcome.script.commands().len(), 3);
}

#[test]
fn two_hundred_servers_are_fast() {
    let hosts: Vec<String> = (1..=200).map(|number| format!("\"a{number}\"")).collect();
    let case = recipe(&format!(
        r#"role :app, {}; task :t {{ on roles(:app), |server| {{
            if test("[ -f pid ]") {{ run "reload"; }} else {{ run "start"; }}
            for n in 0..3 {{ run `step ${{n}}`; }}
            run `say ${{server.host}}`;
        }} }}"#,
        hosts.join(", ")
    ));
    let begun = Instant::now();
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(outcome.script.commands().len(), 200 * 6);
    // A dry run of it takes 0.35 s of processor time in a debug build.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn an_output_block_that_has_seen_enough_ends_the_command_of_its_server() {
    let body = r#"run "tail -f log", |channel, stream, data| { puts `${channel.host} ${data}`; channel.close(); } run "after";"#;
    for body in [body.to_owned(), format!("on roles(:app), |server| {{ {body} }}")] {
        let case = case(&body);
        for host in ["app1", "app2", "app3", "db1"] {
            case.script
                .on(host, "tail", Answer::new().out("one").out("two").hangs());
        }
        let outcome = case.run(&["t"]);
        assert!(outcome.result.is_ok(), "{:?}", outcome.result);
        assert!(ran(&outcome).contains(&"app3 after".to_owned()), "{body}");
        let first = outcome.printed().into_iter().next();
        assert_eq!(first.as_deref(), Some("app1 one"));
    }
}

#[test]
fn a_transfer_in_the_block_of_a_server_prepares_for_that_server_alone() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().display().to_string();
    std::fs::write(directory.path().join("own-app1"), "x").unwrap();
    let body = |work: &str| case(&format!(r#"on roles(:app), |server| {{ {work} }}"#).replace("DIR", &here));
    // Only the first server's file is here.
    let upload = body(r#"if server.host == "app1" { upload "DIR/own-$CAPISTRANO:HOST$", "/x"; }"#);
    let outcome = upload.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let apart = body(r#"download "/x", `DIR/${server.host}`;"#);
    apart
        .script
        .on("*", "", Answer::new().out(crate::plan::FILE_FOLLOWS).out("1 644\nx"));
    let outcome = apart.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    for host in ["app1", "app2", "app3"] {
        assert_eq!(std::fs::read_to_string(directory.path().join(host)).unwrap(), "x");
    }
}

#[test]
fn f5_the_blocks_of_two_servers_do_not_write_one_local_file() {
    for work in [
        r#"download "/x", "y";"#,
        r#"get "/x", "y";"#,
        "get `/x/${server.host}`, \"y\";",
        r#"if server.host == "app1" { get "/x", "y"; } else { download "/x", "y"; }"#,
    ] {
        let outcome = case(&format!("on roles(:app), |server| {{ {work} }}")).run(&["t"]);
        let error = outcome.result.unwrap_err();
        let message = &error.diagnostic.message;
        assert_eq!(message, "app1 and app2 would both be written to `y'", "{work}");
        assert!(outcome.script.commands().is_empty(), "{work}");
    }
}
