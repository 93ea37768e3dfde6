//! A stop request in every phase (cases B3 to B5): capr ends soon, with the signal's exit code, and leaves nothing behind on the
//! servers or here.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::fleet::{Fleet, SSH_PORT};
use crate::harness::Case;
use crate::proxy::{CIPHERS, Fault, Phase, Proxy};

/// A command on a silent link is given up after 8 s; the rest is the machine's load.
const SOON: Duration = Duration::from_secs(15);

/// Stops capr as soon as it has said `when`; what it ran must be over when the link is, which ends first.
fn stop(fleet: &Fleet, link: Option<Proxy>, recipe: &str, when: &str, (signal, code): (Signal, i32)) -> String {
    let lead = link.as_ref().map(|link| ("bad", link.address));
    let mut running = Case::new()
        .recipe(&format!("role :app, \"app1\", \"bad\";\n{recipe}"))
        .args(["-v", "t"])
        .through(fleet, lead)
        .start();
    running.wait_for(when);
    let begin = Instant::now();
    running.signal(signal);
    let finished = running.finish().code(code);
    let took = begin.elapsed();
    assert!(took < SOON, "{when}: {took:?}\n{}", finished.stderr);
    drop(link);
    for host in ["app1", "bad"] {
        let look = "ps -u deploy -o args= | grep -v '^sshd'; ls -A /u/apps; true";
        // A server notices the end of a silent link later than capr.
        while !fleet.sh(host, look).is_empty() {
            let left = fleet.sh(host, look);
            assert!(begin.elapsed() < 2 * SOON, "{host}: {when}: {left}");
        }
    }
    finished.stderr
}

#[test]
fn b3_a_stop_request_ends_a_login_in_every_phase() {
    let fleet = Fleet::start(&["app1", "bad"]);
    fleet.configure("bad", CIPHERS);
    let bad = SocketAddr::from((fleet.address("bad"), SSH_PORT));
    for (phase, stop_request) in [
        (Phase::Connect, (Signal::INT, 130)),
        (Phase::KeyExchange, (Signal::TERM, 143)),
        (Phase::Authentication, (Signal::HUP, 129)),
    ] {
        let link = Proxy::failing(bad, phase, Fault::Silent, 1);
        let recipe = "task :t { run \"touch /u/apps/started\"; }";
        stop(&fleet, Some(link), recipe, "connected", stop_request);
    }
}

#[test]
fn b3_a_command_that_has_just_begun_heeds_term_like_any_other() {
    let fleet = Fleet::start(&["app1", "bad"]);
    for _ in 0..10 {
        let begin = Instant::now();
        stop(
            &fleet,
            None,
            r#"task :t { run "sleep 300 & sleep 300"; }"#,
            "servers: [",
            (Signal::INT, 130),
        );
        // KILL comes after 5 s.
        assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    }
}

#[test]
fn b5_a_closed_terminal_ends_a_pipeline_as_a_whole_and_rolls_back() {
    let fleet = Fleet::start(&["app1", "bad"]);
    let recipe = r#"task :t { transaction {
        on_rollback { run "true" }
        run "echo begun $(hostname); sleep 300 | cat | cat";
    } }"#;
    let said = stop(&fleet, None, recipe, "begun bad", (Signal::HUP, 129));
    assert!(said.contains("rolling back"), "{said}");
}

#[test]
fn b5_a_stop_request_in_an_upload_leaves_no_file() {
    let fleet = Fleet::start(&["app1", "bad"]);
    fleet.configure("bad", CIPHERS);
    let silent = Proxy::failing(
        SocketAddr::from((fleet.address("bad"), SSH_PORT)),
        Phase::Exec,
        Fault::Silent,
        1,
    );
    let recipe = r#"let text = "x"; text.pad(8000000, "x"); task :t { put text, "/u/apps/file"; }"#;
    stop(&fleet, Some(silent), recipe, "/u/apps/file", (Signal::INT, 130));
}

#[test]
fn b5_a_stop_request_leaves_no_proxy_command() {
    let directory = tempfile::tempdir().unwrap();
    let pid = directory.path().join("pid");
    let config = format!(
        "Host far\n  ProxyCommand sh -c 'echo $$ >{} && exec sleep 300'\n",
        pid.display()
    );
    let mut running = Case::new()
        .recipe("role :app, \"far\"; task :t { run \"true\"; }")
        .file("../ssh_config", &config)
        .args(["t"]);
    running = running.env("CAPR_SSH_CONFIG", "../ssh_config");
    let running = running.start();
    let begin = Instant::now();
    let number = loop {
        match std::fs::read_to_string(&pid) {
            Ok(number) if number.ends_with('\n') => break number.trim().to_owned(),
            _ => assert!(begin.elapsed() < Duration::from_secs(20)),
        }
        std::thread::yield_now();
    };
    running.signal(Signal::INT);
    running.finish().code(130);
    let alive = Path::new("/proc").join(&number);
    assert!(!alive.exists(), "process {number} is left");
}

/// Children in the background hold the output open and are told by their shell to ignore INT.
const FAMILY: &str = "(sleep 300; true) | cat & sleep 300 & echo begun $(hostname); wait";

/// Waits until no process is left; a killed one may still have to be reaped.
fn await_nothing_left(fleet: &Fleet, host: &str) {
    let begin = Instant::now();
    loop {
        let left = fleet.sh(host, "pgrep -x 'sleep|cat' || true");
        if left.is_empty() {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(3), "{host}: {left}");
    }
}

#[test]
fn b3_a_stop_request_ends_background_children_too() {
    let fleet = Fleet::start(&["app1", "bad"]);
    let recipe = format!("task :t {{ run \"{FAMILY}\"; }}");
    let begin = Instant::now();
    stop(&fleet, None, &recipe, "[out :: bad] begun bad", (Signal::INT, 130));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

/// A server on which root may log in.
fn of_root() -> Fleet {
    let fleet = Fleet::start(&["app1"]);
    fleet.configure("app1", "PermitRootLogin yes");
    fleet.sh(
        "app1",
        "mkdir -p /root/.ssh && cp /home/deploy/.ssh/authorized_keys /root/.ssh/ && chown -R root /root",
    );
    fleet
}

#[test]
fn c30_only_the_command_of_root_that_takes_too_long_is_ended() {
    let fleet = of_root();
    let recipe = r#"role :app, "root@app1"; task :t { parallel |session| {
        session.when(:app, "true");
        session.when(:app, "sleep 2; echo second lives");
        session.when(:app, "sleep 300 | cat", #{timeout: 1});
        session.when(:app, "sleep 2; echo fourth lives");
    } }"#;
    let begin = Instant::now();
    let finished = Case::new()
        .recipe(recipe)
        .args(["t"])
        .on(&fleet)
        .start()
        .finish()
        .code(1);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    finished
        .says("] second lives")
        .says("] fourth lives")
        .says("timed out after 1 s");
    assert_eq!(fleet.sh("app1", "ps -A -o args= | grep '^sleep 300'; true"), "");
}

#[test]
fn b3_commands_of_root_end_where_nobody_can_tell_which_is_which() {
    let fleet = of_root();
    fleet.configure("app1", "SetEnv PATH=/tmp/bin:/usr/bin:/bin");
    fleet.sh(
        "app1",
        r#"mkdir /tmp/bin; printf '#!/bin/sh\ncase "$*" in *--sort*) exit 1;; esac\nexec /bin/ps "$@"\n' >/tmp/bin/ps
        chmod +x /tmp/bin/ps; ! /tmp/bin/ps --sort=pid && /tmp/bin/ps >/dev/null"#,
    );
    let recipe = r#"role :app, "root@app1"; task :t { parallel |session| {
        session.when(:app, "echo first; sleep 300 | cat");
        session.when(:app, "echo second; sleep 300 & sleep 300");
    } }"#;
    let mut running = Case::new().recipe(recipe).args(["t"]).on(&fleet).start();
    running.wait_for("] first");
    running.wait_for("] second");
    let begin = Instant::now();
    running.signal(Signal::INT);
    running.finish().code(130).says("killed by signal TERM");
    // KILL comes after 5 s.
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    assert_eq!(fleet.sh("app1", "/bin/ps -A -o args= | grep '^sleep 300'; true"), "");
}

#[test]
fn b3_a_stop_request_ends_several_commands_of_root_on_one_connection() {
    let fleet = of_root();
    let recipe = format!(
        r#"role :app, "root@app1"; task :t {{ transaction {{
            on_rollback {{ run "echo undone"; }}
            parallel |session| {{
                session.when(:app, "echo first; {FAMILY}");
                session.when(:app, "echo second; {FAMILY}");
            }}
        }} }}"#
    );
    let mut running = Case::new().recipe(&recipe).args(["t"]).on(&fleet).start();
    running.wait_for("] first");
    running.wait_for("] second");
    let begin = Instant::now();
    running.signal(Signal::INT);
    running.finish().code(130).says("undone");
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    await_nothing_left(&fleet, "app1");
}

#[test]
fn b4_a_second_stop_request_while_connecting_ends_at_once() {
    let fleet = Fleet::start(&["app1", "bad"]);
    fleet.configure("bad", CIPHERS);
    let bad = SocketAddr::from((fleet.address("bad"), SSH_PORT));
    let link = Proxy::failing(bad, Phase::KeyExchange, Fault::Silent, usize::MAX);
    let recipe = r#"role :app, "app1"; role :late, "bad"; task :t { transaction { first; second; } }
        task :first, :roles => :app { on_rollback { run "echo undoing; sleep 300"; } run "true"; }
        task :second, :roles => :late { on_rollback { run "true"; } run "touch /tmp/started"; }"#;
    let mut running = Case::new()
        .recipe(recipe)
        .args(["t"])
        .through(&fleet, [("bad", link.address)])
        .start();
    running.wait_for("connecting to: [\"bad\"]");
    let begin = Instant::now();
    running.signal(Signal::INT);
    running.wait_for("rolling back");
    running.signal(Signal::INT);
    let finished = running.finish();
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    finished.code(5).says("not rolled back").says("first");
    await_nothing_left(&fleet, "app1");
    assert!(!fleet.exists("bad", "/tmp/started"));
}

#[test]
fn b4_a_stop_request_in_a_rollback_on_a_silent_server_lists_what_is_left() {
    let fleet = Fleet::start(&["app1", "bad"]);
    fleet.configure("bad", CIPHERS);
    let bad = SocketAddr::from((fleet.address("bad"), SSH_PORT));
    let link = Proxy::failing(bad, Phase::Told, Fault::Silent, usize::MAX);
    let recipe = r#"role :app, "app1", "bad"; task :t { transaction { first; second; } }
        task :first { on_rollback { run "touch /tmp/undone-first"; } run "true"; }
        task :second { on_rollback { run "touch /tmp/undone-second"; } run "true";
            run "echo waits; until test -e /tmp/go; do sleep 0.05; done", :hosts => "app1"; abort "no"; }"#;
    let mut running = Case::new()
        .recipe(recipe)
        .args(["t"])
        .through(&fleet, [("bad", link.address)])
        .start();
    running.wait_for("] waits");
    link.fail_now();
    fleet.write("app1", "/tmp/go", "");
    running.wait_for("touch /tmp/undone-second");
    while !fleet.exists("app1", "/tmp/undone-second") {}
    running.signal(Signal::INT);
    running.wait_for("the rollback goes on");
    let begin = Instant::now();
    running.signal(Signal::INT);
    let finished = running.finish();
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    finished.code(5).says("not rolled back").says("bad");
    assert!(!fleet.exists("bad", "/tmp/undone-second"));
}

#[test]
fn c15_a_block_that_fails_ends_its_commands_on_every_server() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let recipe = format!(
        r#"role :app, "app1", "app2"; task :t {{ run "{FAMILY}", |channel, stream, text| {{ throw "no more"; }}; }}"#
    );
    let begin = Instant::now();
    let finished = Case::new().recipe(&recipe).args(["t"]).on(&fleet).run();
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    assert!(!finished.status.success());
    finished.says("no more");
    for host in ["app1", "app2"] {
        await_nothing_left(&fleet, host);
    }
}

#[test]
fn c30_a_command_that_takes_too_long_ends_with_its_children() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let recipe = format!(r#"role :app, "app1", "app2"; task :t {{ run "{FAMILY}", :timeout => 1; }}"#);
    let finished = Case::new().recipe(&recipe).args(["t"]).on(&fleet).run().code(1);
    // What they wrote is not the same.
    finished
        .says("  app1: timed out after 1 s\n      begun app1\n")
        .says("  app2: timed out after 1 s\n      begun app2\n");
    for host in ["app1", "app2"] {
        await_nothing_left(&fleet, host);
    }
}

#[test]
fn b4_a_second_stop_request_before_the_rollback_ends_what_ignores_the_first_and_rolls_back() {
    let fleet = Fleet::start(&["app1", "app2"]);
    for pty in ["false", "true"] {
        let recipe = format!(
            r#"role :app, "app1", "app2"; task :t {{ transaction {{
                on_rollback {{ run "echo undone"; }}
                run "trap 'echo ignored' TERM HUP INT; echo begun; while :; do sleep 0.05; done", :pty => {pty};
            }} }}"#
        );
        let mut running = Case::new().recipe(&recipe).args(["t"]).on(&fleet).start();
        for host in ["app1", "app2"] {
            running.wait_for(&format!("[out :: {host}] begun"));
        }
        let begin = Instant::now();
        running.signal(Signal::INT);
        for host in ["app1", "app2"] {
            running.wait_for(&format!("[out :: {host}] ignored"));
        }
        running.signal(Signal::INT);
        let finished = running.finish().code(130);
        assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
        finished
            .says_in_order(&["ignored", "rolling back", "undone"])
            .silent_on("not rolled back");
        for host in ["app1", "app2"] {
            await_nothing_left(&fleet, host);
        }
    }
}
