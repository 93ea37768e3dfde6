//! Servers that have little to give: sessions, logins, disk space.

use std::io::Read as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::fleet::{Fleet, SSH_PORT};
use crate::harness::Case;

/// Takes the one login that a server with `MaxStartups 1` admits at a time.
pub fn occupy(fleet: &Fleet, host: &str) -> TcpStream {
    loop {
        let mut stream = TcpStream::connect((fleet.address(host), SSH_PORT)).unwrap();
        // Whoever came before may still be counted.
        if stream.read(&mut [0; 4]).is_ok_and(|count| count == 4) {
            return stream;
        }
    }
}

#[test]
fn a_server_that_is_full_for_a_moment_is_tried_again() {
    let fleet = Fleet::start(&["busy"]);
    fleet.configure("busy", "MaxStartups 1");
    let somebody = occupy(&fleet, "busy");
    let running = Case::new()
        .recipe("role :app, \"busy\"; task :t { run \"echo in after all\"; }")
        .args(["t"])
        .on(&fleet)
        .start();
    while !fleet.host("busy").log_text().contains("MaxStartups") {
        std::thread::yield_now();
    }
    drop(somebody);
    running.finish().ok().says("[out :: busy] in after all");
}

#[test]
fn c24_a_server_that_opens_one_session_at_a_time_runs_one_command_after_the_other() {
    let fleet = Fleet::start(&["app1", "narrow"]);
    fleet.configure("narrow", "MaxSessions 1");
    let recipe = r#"role :app, "app1", "narrow"; task :t {
        run "echo alone";
        parallel |session| {
            for n in ["1", "2", "3"] { session.when(:app, `sleep 0.2; echo ${n} >>/tmp/ran`); }
        }
        run "echo again";
    }"#;
    let begin = Instant::now();
    Case::new().recipe(recipe).args(["t"]).on(&fleet).run().ok();
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert_eq!(fleet.read("narrow", "/tmp/ran"), "1\n2\n3");
    // What waits for its turn is never started when capr is to stop.
    let recipe = r#"role :app, "narrow"; task :t { parallel |session| {
        session.when(:app, "echo first; sleep 300");
        session.when(:app, "touch /tmp/second");
    } }"#;
    let mut running = Case::new().recipe(recipe).args(["t"]).on(&fleet).start();
    running.wait_for("] first");
    running.signal(Signal::INT);
    running.finish().code(130);
    assert!(!fleet.exists("narrow", "/tmp/second"));
    assert_eq!(fleet.sh("narrow", "pgrep -x sleep || true"), "");
}

#[test]
fn f1_what_does_not_fit_on_the_disk_leaves_neither_file_nor_part() {
    let fleet = Fleet::start(&["app1", "full"]);
    for host in ["app1", "full"] {
        fleet.sh(host, "mkdir /small && chown deploy /small");
    }
    fleet.sh("full", "mount -t tmpfs -o size=64k full /small && chown deploy /small");
    for act in [
        r#"let text = "x"; text.pad(300000, "x"); task :t { put text, "/small/file"; }"#,
        r#"task :t { upload "big", "/small/file"; }"#,
        r#"task :t { upload "tree", "/small/tree"; }"#,
    ] {
        let finished = Case::new()
            .recipe(&format!("role :app, \"app1\", \"full\";\n{act}"))
            .file("big", &"y".repeat(300_000))
            .file("tree/leaf", &"z".repeat(300_000))
            .args(["t"])
            .on(&fleet)
            .run()
            .code(1)
            .says("full: exit status");
        let reasons = ["No space left on device", "Wrote only"];
        assert!(
            reasons.iter().any(|reason| finished.stderr.contains(reason)),
            "{}",
            finished.stderr
        );
        assert_eq!(fleet.list("full", "/small"), [""; 0], "{act}: {}", finished.stderr);
        assert!(!fleet.list("app1", "/small").is_empty(), "{act}");
        fleet.sh("app1", "rm -r /small/*");
    }
}

#[test]
fn c18_c20_c21_servers_that_fail_are_left_out_and_those_by_turns_keep_their_connections() {
    let fleet = Fleet::start(&["app1", "app2", "gone"]);
    fleet.stop("gone");
    let recipe = r#"role :app, "app1", "app2", "gone"; task :t, :on_error => :continue {
        run "test $(hostname) = app1 && touch /tmp/first";
        run "touch /tmp/second";
        run "touch /tmp/third", :max_hosts => 1;
    }"#;
    let finished = Case::new().recipe(recipe).args(["t"]).on(&fleet).run().code(1);
    finished.says("app2: exit status 1").says("gone: connection refused");
    assert!(fleet.exists("app1", "/tmp/third"));
    assert!(!fleet.exists("app2", "/tmp/second"));
    let logins = fleet.host("app1").log_text().matches("Accepted").count();
    assert_eq!(logins, 1);
}
