//! Local files on the standard input of commands (case C13).

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::deadline::LimitedCommand;
use crate::fleet::Fleet;
use crate::harness::Case;

/// A recipe of one task `t` with this body, for all servers of the fleet, beside a file `dump` of so many MiB.
fn on(fleet: &Fleet, body: &str, size: usize) -> Case {
    let servers: Vec<_> = fleet.names().map(|name| format!("\"{name}\"")).collect();
    let recipe = format!("role :app, {};\ntask :t {{\n{body}\n}}\n", servers.join(", "));
    let case = Case::new().recipe(&recipe).args(["t"]).on(fleet);
    fs::write(case.path("dump"), noise(size << 20)).unwrap();
    case
}

/// Every byte in all kinds of company.
fn noise(size: usize) -> Vec<u8> {
    (0..size as u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

fn sum(case: &Case) -> String {
    let sum = Command::new("cksum").arg(case.path("dump")).limited_output();
    let sum = String::from_utf8(sum.stdout).unwrap();
    sum.trim().rsplit_once(' ').unwrap().0.to_owned()
}

#[test]
fn c13_a_local_file_reaches_every_server_whole_and_one_that_is_slow_holds_up_nobody() {
    let fleet = Fleet::start(&["app1", "app2", "app3"]);
    let peak = r#"puts run_locally("grep VmHWM /proc/$PPID/status", :shell => false);"#;
    // The last one begins to read once the others are done.
    let case = on(
        &fleet,
        &format!(
            r#"{peak}
               let sums = #{{}};
               run "if [ $(hostname) = app3 ]; then while ! [ -e /tmp/go ]; do sleep 0.05; done; fi; cksum", :stdin => "dump",
                 |channel, stream, text| {{
                   sums[channel.host] = text;
                   if sums.len() == 2 {{ run "touch /tmp/go", :hosts => "app3"; }}
               }};
               for host in sums.keys() {{ puts `${{host}} ${{sums[host]}}`; }}
               {peak}"#
        ),
        40,
    );
    let sum = sum(&case);
    let finished = case.run().ok();
    for host in ["app1", "app2", "app3"] {
        assert!(
            finished.stdout.contains(&format!("{host} {sum}\n")),
            "{}",
            finished.stdout
        );
    }
    let peaks: Vec<u64> = finished
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok())
        .collect();
    let grown = (peaks[1] - peaks[0]) / 1024;
    assert!(grown < 20, "{grown} MiB more for a file of 40 MiB");
}

#[test]
fn c13_every_verb_that_runs_commands_streams_a_local_file() {
    let fleet = Fleet::start(&["app1"]);
    fleet.sh(
        "app1",
        "echo 'deploy ALL=(ALL) NOPASSWD: /usr/bin/cksum' > /etc/sudoers.d/cksum",
    );
    let case = on(
        &fleet,
        r#"default_run_options["pty"] = true;
           run_locally("gzip -k dump");
           run "gunzip | cksum", :stdin => "dump.gz"; sudo "cksum", :stdin => "dump"; try_sudo "cksum", :stdin => "dump";
           invoke_command "cksum", :via => :sudo, :stdin => "dump"; stream "cksum", :stdin => "dump";
           puts capture("cksum", :stdin => "dump"); puts run_locally("cksum", :stdin => "dump");
           run "cksum", :stdin => "/dev/stdin";"#,
        1,
    );
    let sum = sum(&case);
    let finished = case.input("piped").run().ok();
    let shown = |text: &str| finished.stderr.matches(text).count();
    assert_eq!(shown(&format!("[out :: app1] {sum}\n")), 4, "{}", finished.stderr);
    assert_eq!(shown("[out :: app1] 1214024141 5\n"), 1, "{}", finished.stderr);
    assert_eq!(finished.stdout, format!("[app1] {sum}\n{sum}\n{sum}\n"));
}

#[test]
fn c13_sudo_that_asks_where_nobody_answers_says_what_helps() {
    let fleet = Fleet::start(&["app1"]);
    on(&fleet, r#"sudo "cksum", :stdin => "dump";"#, 1)
        .run()
        .code(1)
        .says("sudo: a password is required")
        .says("help: there is no password for sudo: set the variable `password', or run it on a terminal");
}

#[test]
fn c13_a_command_that_does_not_read_everything_has_not_failed() {
    let fleet = Fleet::start(&["app1", "app2"]);
    on(
        &fleet,
        r#"run "head -c 1 >/dev/null; echo one", :stdin => "dump"; run "true", :stdin => "dump";
           run "exec <&-; sleep 0.2; echo closed", :stdin => "dump"; run_locally("head -c 1", :stdin => "dump");
           run "exit 7", :stdin => "dump";"#,
        8,
    )
    .run()
    .code(1)
    .says("[out :: app2] one\n")
    .says("[out :: app2] closed\n")
    .says("`exit 7 (stdin: dump)' failed on 2 of 2 servers")
    .says("  app1, app2: exit status 7\n");
}

#[test]
fn c30_a_command_that_never_reads_is_ended_by_its_time_limit_and_by_a_stop_request() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let none_left = || {
        for host in ["app1", "app2"] {
            assert_eq!(fleet.sh(host, "pgrep -f '[s]leep 987' || echo none"), "none");
        }
    };
    on(&fleet, r#"run "sleep 987", :stdin => "dump", :timeout => 1;"#, 8)
        .run()
        .code(1)
        .says("app2: timed out after 1 s");
    none_left();
    let mut running = on(&fleet, r#"run "echo begun; sleep 987", :stdin => "dump";"#, 8).start();
    for host in ["app1", "app2"] {
        running.wait_for(&format!("[out :: {host}] begun"));
    }
    let begin = Instant::now();
    running.signal(Signal::INT);
    running.finish().code(130);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    none_left();
}

#[test]
fn c13_a_local_file_that_changes_ends_the_command_which_does_not_take_it_for_the_whole() {
    let fleet = Fleet::start(&["app1", "app2"]);
    on(
        &fleet,
        r#"let ready = 0;
           run "echo ready; while ! [ -e /tmp/go ]; do sleep 0.05; done; cat > /dev/null; touch /tmp/whole", :stdin => "dump",
             |channel, stream, text| {
               ready += 1;
               if ready == 2 { run_locally("echo more >> dump"); run "touch /tmp/go"; }
           };"#,
        16,
    )
    .run()
    .code(1)
    .says("  app1, app2: could not be sent: the file changed while it was sent\n");
    for host in ["app1", "app2"] {
        assert!(
            fleet.exists(host, "/tmp/go") && !fleet.exists(host, "/tmp/whole"),
            "{host}"
        );
    }
}

#[test]
fn c13_a_dry_run_says_what_would_be_read_and_check_knows_the_option() {
    let recipe = "role :app, \"no-such-server.invalid\";\n\
                  task :t { run \"psql app\", :stdin => \"dump\"; run \"cat\", :stdin => \"/dev/stdin\"; }\n";
    let case = |last: &str| Case::new().recipe(recipe).file("dump", "x").args(["t", last]);
    case("-n")
        .run()
        .ok()
        .says("psql app (stdin: dump)")
        .says("cat (stdin: /dev/stdin)");
    Case::new()
        .file("good.rhai", recipe)
        .args(["check", "good.rhai"])
        .run()
        .ok();
    Case::new()
        .file("bad.rhai", &recipe.replace(":stdin => \"dump\"", ":stdn => \"dump\""))
        .args(["check", "bad.rhai"])
        .run()
        .code(3)
        .says("did you mean `stdin'?");
}
