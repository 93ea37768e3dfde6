//! Commands at their limits: long ones, ones that write much, hold their output or take too long.

use super::*;

#[test]
fn c4_servers_that_failed_are_grouped_by_their_commands() {
    let fleet = Fleet::start(&["www1", "app1", "app2"]);
    let recipe = r#"
        role :web, "www1"; role :app, "app1", "app2";
        task :t { parallel |s| { s.when(:web, "exit 3"); s.when(:app, "echo bad >&2; exit 4"); } }
    "#;
    Case::new()
        .recipe(recipe)
        .args(["t"])
        .on(&fleet)
        .run()
        .code(1)
        .says("failed: `exit 3' on www1; `echo bad >&2; exit 4' on app1, app2")
        .says("app2: exit status 4");
}

#[test]
fn c8_a_command_of_megabytes_goes_through_in_every_shell() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let finished = on(
        &fleet,
        r#"let text = "";
           for n in 0..64000 { text += "x" + n + "='" + "it is line " + n + "'; # and a comment that makes it longer\n"; }
           text += "cat <<END\n$x63999 on $CAPISTRANO:HOST$\nEND\ncat; echo $A ${BASH_VERSION:+bash}";
           run text, :env => #{ A: "a b" }, :data => "input\n";
           run text, :env => #{ A: "a b" }, :shell => "/bin/bash";
           puts text.len() > 4000000;
           puts run_locally(text);
           run text, :pty => true;"#,
    )
    .run()
    .code(3)
    .says("too long for a terminal");
    for host in ["app1", "app2"] {
        for line in [
            format!("it is line 63999 on {host}"),
            "input".to_owned(),
            "a b bash".to_owned(),
        ] {
            let line = format!("[out :: {host}] {line}\n");
            assert!(finished.stderr.contains(&line), "{line}");
        }
    }
    assert!(
        finished.stdout.starts_with("true\nit is line 63999 on :HOST$\n"),
        "{}",
        finished.stdout
    );
}

#[test]
fn c12_a_terminal_has_the_size_that_is_asked_for() {
    let fleet = Fleet::start(&["app1"]);
    on(
        &fleet,
        r#"run "stty size", :pty => true; run "stty size", :pty => true, :columns => 132, :rows => 50;"#,
    )
    .run()
    .ok()
    .says("[out :: app1] 24 80\n")
    .says("[out :: app1] 50 132\n");
}

#[test]
fn c28_a_block_that_is_slow_slows_the_servers_and_memory_stays_bounded() {
    let fleet = Fleet::numbered(20);
    let finished = on(
        &fleet,
        &format!(
            r#"{PEAK}
               let total = #{{}};
               run "head -c 20000000 /dev/zero | tr '\\0' x", |channel, stream, data| {{
                   let had = if channel.host in total {{ total[channel.host] }} else {{ 0 }};
                   if had == 0 {{ run_locally("sleep 0.1"); }}
                   total[channel.host] = had + data.len;
               }};
               for host in total.keys() {{ puts `${{host}} ${{total[host]}}`; }}
               {PEAK}"#
        ),
    )
    .run()
    .ok();
    let whole = finished
        .stdout
        .lines()
        .filter(|line| line.ends_with(" 20000000"))
        .count();
    assert_eq!(whole, 20, "{}", finished.stdout);
    // 32 MiB for all, and a window of 2 MiB for each server.
    let grown = grown(&finished);
    assert!(grown < 32 + 20 * 3, "{grown} MiB for 400 MB of output");
}

#[test]
fn c29_a_child_that_holds_the_output_is_awaited_and_told() {
    let fleet = Fleet::start(&["app1"]);
    on(&fleet, r#"run "(sleep 4; echo late) & echo early";"#)
        .run()
        .ok()
        .says("[out :: app1] early\n")
        .says("*** [app1] the command has ended, but something that it started holds its output open")
        .says("[out :: app1] late\n");
    on(&fleet, r#"run "nohup sleep 60 >/dev/null 2>&1 & echo early";"#)
        .run()
        .ok()
        .silent_on("holds its output");
}

#[test]
fn c30_a_command_that_takes_too_long_is_ended_with_all_it_started_and_undone() {
    let fleet = Fleet::start(&["app1", "app2"]);
    on(
        &fleet,
        r#"transaction {
             on_rollback { run "touch /tmp/undone"; }
             run "if [ $(hostname) = app2 ]; then exit 0; fi; sh -c 'sleep 987 & wait'", :timeout => 1;
           }"#,
    )
    .run()
    .code(1)
    .says("app1: timed out after 1 s")
    .silent_on("app2: timed out");
    assert!(fleet.exists("app1", "/tmp/undone") && fleet.exists("app2", "/tmp/undone"));
    assert_eq!(fleet.sh("app1", "pgrep -f '[s]leep 987' || echo none"), "none");
}
