//! Old releases and their history, and a repository that never answers.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use super::stage::{Servers, some};
use super::{A, B, C};

/// A release that was made while the clock was wrong.
const LATER: &str = "20300101000000";

#[test]
fn b13_a_cleanup_keeps_what_was_current_before_whatever_the_clock_said() {
    let servers = Servers::new();
    servers.deployed(&[A, LATER, B]);
    servers.run("set :keep_releases, 1;", &["cleanup"]).unwrap();
    assert_eq!(servers.releases("one"), [B, LATER]);
    servers.run("", &["rollback_code"]).unwrap();
    assert_eq!(servers.current("one"), some(LATER));
}

#[test]
fn what_a_cleanup_cannot_remove_counts_for_nobody_and_goes_with_the_next_one() {
    let servers = Servers::new();
    servers.deployed(&[A, B, C]);
    // A program in the place of `rm` that removes a part and then fails.
    let programs = servers.directory.path().join("programs");
    fs::create_dir(&programs).unwrap();
    let program =
        "#!/bin/sh\ncase \"$*\" in *.capr.old*) /bin/rm -f .capr.old/*/VERSION; exit 1 ;; esac\nexec /bin/rm \"$@\"\n";
    fs::write(programs.join("rm"), program).unwrap();
    fs::set_permissions(programs.join("rm"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("default_environment[\"PATH\"] = \"{}:$PATH\";", programs.display());
    let lines = format!("{path} set :keep_releases, 2;");
    let failed = servers.run(&lines, &["cleanup"]).unwrap_err();
    assert!(format!("{failed:?}").contains("could not be removed"), "{failed:?}");
    assert_eq!(servers.releases("one"), [".capr.old", B, C]);
    // Within a deploy it is told, and the deploy is good.
    let lines = format!("{path} set :keep_releases, 2; set :restart_via, :none; set :cleanup_after_deploy, true;");
    let told = servers.release("20250101000004", &lines, &["deploy"]).unwrap();
    assert!(told.contains("old releases were not all removed"), "{told}");
    servers.run("", &["rollback_code"]).unwrap();
    assert_eq!(servers.current("one"), some(C));
    let failed = servers.run("", &["rollback_code"]).unwrap_err();
    assert!(
        format!("{failed:?}").contains("there is no prior release"),
        "{failed:?}"
    );
    servers.run("", &["cleanup"]).unwrap();
    assert_eq!(servers.releases("one"), [C]);
}

#[test]
fn g12_a_repository_that_never_answers_ends_a_deploy_at_the_time_limit() {
    let servers = Servers::new();
    servers.deployed(&[A]);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let lines = format!("set :repository, \"git://{address}/x.git\"; set :scm, :git; set :scm_timeout, 1;");
    let begun = Instant::now();
    let failed = servers.release(B, &lines, &["update"]).unwrap_err();
    assert!(format!("{failed:?}").contains("timed out after 1 s"), "{failed:?}");
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(
        (servers.current("one"), servers.releases("one")),
        (some(A), vec![A.to_owned()])
    );
}
