//! Tests of servers that are known only when they are needed.

use super::recipe;
use crate::diagnostic::Fault;
use crate::event::Level;

fn hosts(text: &str) -> Vec<String> {
    let outcome = recipe(text).run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let commands = outcome.script.commands();
    commands.iter().map(|record| record.server.to_string()).collect()
}

#[test]
fn r16_a_roles_block_gives_servers_behind_the_literal_ones_whatever_its_form() {
    for (block, expected) in [
        ("\"b\"", vec!["a", "c", "b"]),
        ("[\"b\", \"d\"]", vec!["a", "c", "b", "d"]),
        ("()", vec!["a", "c"]),
        ("[]", vec!["a", "c"]),
        (
            "let list = []; for n in 1..3 { list.push(`h${n}`); } list",
            vec!["a", "c", "h1", "h2"],
        ),
    ] {
        let text = format!("role :x, \"a\" {{ {block} }} role :x, \"c\"; task :t {{ run \"x\"; }}");
        assert_eq!(hosts(&text), expected, "{block}");
    }
}

#[test]
fn r16_the_map_at_the_end_overrides_the_roles_options_for_these_hosts_and_the_block_is_called_once() {
    let text = "role :x, \"a\", :zone => 1, :big => true { puts \"called\"; [\"b\", #{ zone: 2 }] }
        task :t { run \"x\", :only => #{ zone: 2, big: true }; run \"x\", :only => #{ zone: 1 }; }";
    assert_eq!(hosts(text), ["b", "a"]);
    assert_eq!(recipe(text).run(&["t"]).printed(), ["called"]);
    assert_eq!(recipe(&format!("{text} task :u {{ }}")).run(&["u"]).printed(), [""; 0]);
}

#[test]
fn r16_a_text_that_is_no_server_is_an_error_at_the_role() {
    let error = recipe("\nrole :x { \"a b\" }\ntask :t { run \"x\"; }")
        .run(&["t"])
        .error()
        .clone();
    assert_eq!(error.fault, Fault::Recipe);
    assert_eq!(error.origin.unwrap().line, 2);
}

#[test]
fn r13_hosts_and_roles_may_be_functions_that_are_called_when_the_servers_are_needed() {
    let roles = "role :app, \"a\"; role :db, \"d\"; fn two() { [\"h1\", \"h2\"] }";
    for (text, expected) in [
        (
            "task :t, :roles => || fetch(:which) { set :which, :db; run \"x\"; set :which, [:app, :db]; run \"x\"; }",
            vec!["d", "a", "d"],
        ),
        ("task :t, :hosts => || two() { run \"x\"; }", vec!["h1", "h2"]),
        ("task :t { run \"x\", :hosts => || \"h3\"; }", vec!["h3"]),
        (
            "task :t, :hosts => || throw \"called\" { run \"x\", :hosts => \"h4\"; }",
            vec!["h4"],
        ),
        (
            "task :t, :hosts => || () { run \"x\", :on_no_matching_servers => :continue; run \"x\", :roles => :app, :hosts => \"a\"; }",
            vec!["a"],
        ),
    ] {
        assert_eq!(hosts(&format!("{roles} {text}")), expected, "{text}");
    }
}

#[test]
fn r8_hosts_that_a_block_gives_are_known_when_they_are_named() {
    let text = "role(:app) { [\"deploy@app1:2222\"] } task :t { run \"x\"; run \"y\"; }";
    let outcome = recipe(text).env("HOSTS", "app1").run(&["t"]);
    assert_eq!(outcome.messages(Level::Important), [""; 0]);
    let outcome = recipe(text).env("HOSTS", "app9").run(&["t"]);
    let said = outcome.messages(Level::Important);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("HOSTS names `app9', which is not in the recipe"),
        "{said:?}"
    );
}
