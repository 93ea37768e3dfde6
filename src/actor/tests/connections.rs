use std::path::PathBuf;

use super::{ActionError, Bench, SIX, reasons};
use crate::diagnostic::Fault;
use crate::exit::Exit;
use crate::session::scripted::Answer;
use crate::session::{NewHostKey, Phase};

#[test]
fn k1_the_second_command_uses_the_same_connection() {
    let mut bench = Bench::new();
    bench.run(&["app1"], "a").unwrap();
    bench.run(&["app1", "app2"], "b").unwrap();
    assert_eq!(bench.remote.connections().len(), 2);
    assert_eq!(bench.told.of("connecting"), ["connecting app1", "connecting app2"]);
}

#[test]
fn k2_two_of_six_refuse_and_the_command_starts_nowhere() {
    let mut bench = Bench::new();
    bench.remote.refuse("www2", Phase::Connect, "connection refused");
    bench.remote.refuse("db1", Phase::Resolve, "unknown host");
    let error = bench.run(&SIX, "uptime").unwrap_err();
    assert_eq!(error.to_string(), "could not connect to 2 of 6 servers");
    assert_eq!(reasons(&error), ["www2: connection refused", "db1: unknown host"]);
    assert_eq!(error.diagnostic().fault, Fault::Connection);
    assert_eq!(bench.commands(), [""; 0]);
    assert_eq!(bench.told.of("run"), [""; 0]);
    assert_eq!(bench.told.of("no connection").len(), 2);
}

#[test]
fn k3_the_reachable_four_stay_connected() {
    let mut bench = Bench::new();
    bench.remote.refuse("db1", Phase::Connect, "connection refused");
    bench.remote.refuse("db2", Phase::Connect, "connection refused");
    bench.run(&SIX, "uptime").unwrap_err();
    bench.run(&["www1", "www2", "app1", "app2"], "uptime").unwrap();
    assert_eq!(bench.remote.connections().len(), 6);
}

#[test]
fn k5_a_connection_dropped_during_a_command_fails_that_host_and_the_others_are_awaited() {
    let mut bench = Bench::new();
    bench
        .remote
        .on_next("app1", "", Answer::new().loses_connection("reset by peer"));
    bench
        .remote
        .on("app2", "", Answer::new().once_ended("app1", "").out("done\n"));
    let error = bench.run(&["app1", "app2"], "make").unwrap_err();
    assert_eq!(reasons(&error), ["app1: connection lost: reset by peer"]);
    assert_eq!(bench.exits("app2"), [Some(Exit::Status(0))]);
    bench.run(&["app1"], "make").unwrap();
    assert_eq!(bench.remote.connections().len(), 3);
}

#[test]
fn k6_the_login_password_is_asked_once_for_all_servers() {
    let mut bench = Bench::new();
    bench.person.knows(&["right1"]);
    for host in ["app1", "app2", "db1"] {
        bench.remote.wants_password(host, "right1");
    }
    bench.run(&["app1", "app2", "db1"], "true").unwrap();
    assert_eq!(bench.person.asked.len(), 1);
}

#[test]
fn k6_a_refused_login_password_is_forgotten_once() {
    let mut bench = Bench::new();
    bench.person.knows(&["wrong1", "right1"]);
    for host in ["app1", "app2"] {
        bench.remote.wants_password(host, "right1");
    }
    bench.run(&["app1", "app2"], "true").unwrap();
    assert_eq!(bench.person.asked.len(), 2);
}

#[test]
fn k6_where_nobody_can_be_asked_the_error_says_so_after_one_question() {
    let mut bench = Bench::new();
    for host in ["app1", "app2"] {
        bench.remote.wants_password(host, "right1");
    }
    let error = bench.run(&["app1", "app2", "db1"], "true").unwrap_err();
    assert!(matches!(&error, ActionError::NotConnected { servers, .. } if servers.len() == 2));
    let hints = error.diagnostic().hints;
    assert!(
        hints.contains(&"no password was given: no terminal".to_owned()),
        "{hints:?}"
    );
    assert_eq!(bench.person.asked.len(), 1);
}

#[test]
fn k9_a_new_host_key_is_told() {
    let mut bench = Bench::new();
    let key = NewHostKey {
        gateway: None,
        key_type: "ssh-ed25519".to_owned(),
        fingerprint: "SHA256:x".to_owned(),
        file: PathBuf::from("known_hosts"),
        problem: None,
    };
    bench.remote.new_host_key("app1", key);
    bench.run(&["app1"], "true").unwrap();
    assert_eq!(bench.told.of("host key"), ["host key app1 ssh-ed25519"]);
}

#[test]
fn k5_a_connection_dropped_between_two_commands_is_made_again() {
    let mut bench = Bench::new();
    bench.run(&["app1", "app2"], "first").unwrap();
    bench.remote.lose("app1", "reset by peer");
    bench.run(&["app1", "app2"], "second").unwrap();
    assert_eq!(bench.remote.connections().len(), 3);
    assert_eq!(bench.told.of("connecting"), ["connecting app1 app2", "connecting app1"]);
}
