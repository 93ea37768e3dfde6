//! Tests of directories, environments and users around commands, on scripted servers.

use super::{Outcome, recipe};
use crate::event::Event;

const APP: &str = r#"role :app, "app1";"#;

fn run(body: &str) -> Outcome {
    let outcome = recipe(&format!("{APP} task :t {{ {body} }}")).run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    outcome
}

/// Returns each command with its options, as it was reported.
fn told(outcome: &Outcome) -> Vec<String> {
    let of = |event: &Event| match event {
        Event::ActionStarted { command, options, .. } => {
            let options: Vec<String> = options.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            Some(format!("{command}{}", options.concat()))
        }
        _ => None,
    };
    outcome.events.iter().filter_map(of).collect()
}

#[test]
fn a_directory_below_another_and_an_environment_in_capitals_are_around_every_command() {
    let outcome = run(r#"within "/srv/app" {
            run "one";
            within "public" { with :rails_env => "production", :path => "/opt:$PATH" { run "two"; with #{ a: 1 } { capture("three"); } } }
            within "/tmp" { run "four", :dir => "/own"; }
        }
        run "five";"#);
    assert_eq!(
        told(&outcome),
        [
            "one dir=/srv/app",
            "two dir=/srv/app/public env=RAILS_ENV=production PATH='/opt:$PATH'",
            "three dir=/srv/app/public env=RAILS_ENV=production PATH='/opt:$PATH' A=1",
            "four dir=/own",
            "five",
        ]
    );
    let lines = outcome.script.commands();
    assert!(
        lines[1].line.contains("cd /srv/app/public") && lines[1].line.contains("RAILS_ENV"),
        "{}",
        lines[1].line
    );
}

#[test]
fn another_user_runs_the_whole_command_in_a_shell_of_its_own() {
    let outcome = run(r#"as :deploy { within "/srv" { run "sh -c 'a && b > c'"; } } run "d";"#);
    let lines = outcome.script.commands();
    assert!(lines[0].line.contains("sudo -u deploy "), "{}", lines[0].line);
    assert!(lines[0].line.contains("a && b > c"), "{}", lines[0].line);
    assert!(!lines[1].line.contains("sudo"), "{}", lines[1].line);
    assert!(
        told(&outcome)[0].contains(" as=deploy dir=/srv"),
        "{:?}",
        told(&outcome)
    );
}

#[test]
fn another_user_has_the_environment_of_all_commands_in_capistrano_3() {
    for (dialect, expected) in [
        (3, "sudo -u deploy sh -c 'export A=1 B=2; exec \"$@\"' capr sh -c make"),
        (2, "export A=1; SUDO_PROMPT="),
    ] {
        let body = format!(
            "set :dialect, {dialect}; set :default_environment, #{{ A: \"1\" }};
             as :deploy {{ with #{{ b: 2 }} {{ run \"make\"; }} }}"
        );
        let outcome = run(&body);
        let line = &outcome.script.commands()[0].line;
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn a_name_of_command_prefixes_may_give_commands_an_environment() {
    let outcome = run(
        r#"set :command_prefixes, ["x"]; set :x_map_bins, []; set :x_env_variables, #{ A: "1", B: "1" };
        set :default_environment, #{ B: "2" };
        run "make";"#,
    );
    let line = &outcome.script.commands()[0].line;
    assert!(line.contains("export A=1 B=2; "), "{line}");
}

#[test]
fn blocks_give_their_values_and_see_locals() {
    let case = recipe(&format!(
        r#"{APP} task :t {{ let before = "x"; let text = within "/srv" {{ before = "y"; capture("name") }}; puts `${{text}} ${{before}}`; }}"#
    ));
    case.script
        .on("app1", "name", crate::session::scripted::Answer::new().out("n"));
    assert_eq!(case.run(&["t"]).printed(), ["n y"]);
}

#[test]
fn tasks_that_are_called_within_run_as_elsewhere() {
    let outcome = recipe(&format!(
        r#"{APP} task :other {{ run "other"; }} task :t {{ within "/srv" {{ other; run "own"; }} }}"#
    ))
    .run(&["t"]);
    assert_eq!(told(&outcome), ["other", "own dir=/srv"]);
}

#[test]
fn an_error_within_ends_what_is_around() {
    let case = recipe(&format!(
        r#"{APP} task :t {{ try {{ within "/srv" {{ run "bad"; }} }} catch {{ }} run "after"; }}"#
    ));
    case.script
        .on("app1", "bad", crate::session::scripted::Answer::new().exits(1));
    assert_eq!(told(&case.run(&["t"])), ["bad dir=/srv", "after"]);
}

#[test]
fn execute_puts_words_together_as_they_are() {
    let outcome = run(
        r#"execute :ls, "-l", "/tmp | tail", 1, ["a", :b]; execute "uptime"; execute ["echo", "a b"]; execute :rm, "x", :dir => "/srv";"#,
    );
    assert_eq!(
        told(&outcome),
        ["ls -l /tmp | tail 1 a b", "uptime", "echo 'a b'", "rm x dir=/srv"]
    );
}

#[test]
fn names_that_cannot_be_are_refused() {
    let error = |body: &str| {
        let outcome = recipe(&format!("{APP} task :t {{ {body} }}")).run(&["t"]);
        outcome.error().message.clone()
    };
    assert!(error(r#"with #{ "a b": 1 } { run "x"; }"#).contains("`A B' cannot be the name"));
    assert!(error(r#"within "" { run "x"; }"#).contains("has no directory"));
    assert!(error(r#"as "" { run "x"; }"#).contains("names no user"));
}

#[test]
fn the_words_are_names_elsewhere() {
    let outcome =
        run(r#"let map = #{ with: 2, within: 3, execute: 4 }; puts `${map.with} ${map.within} ${map.execute}`;"#);
    assert_eq!(outcome.printed(), ["2 3 4"]);
}
