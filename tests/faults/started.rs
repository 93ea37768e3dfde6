//! Started by a caller that ignores or blocks signals, or allows little.

use std::fs;

use rustix::process::Signal;

use crate::fleet::Fleet;
use crate::harness::Case;

/// A task that waits for a file, twice.
const WAITS: &str = r#"task :t { transaction {
    on_rollback { puts "undone"; }
    puts "begun"; run_locally "while ! [ -e go ]; do sleep 0.05; done";
    puts "went on"; run_locally "while ! [ -e never ]; do sleep 0.05; done";
} }"#;

#[test]
fn b3_what_the_caller_ignores_stays_ignored_and_term_ends_a_run_always() {
    for circumstances in ["trap '' INT HUP", "trap '' INT HUP TERM"] {
        let mut running = Case::new().recipe(WAITS).args(["t"]).after(circumstances).start();
        running.wait_for("begun");
        running.signal(Signal::INT);
        running.signal(Signal::HUP);
        fs::write(running.path("go"), "").unwrap();
        running.wait_for("went on");
        running.signal(Signal::TERM);
        running.finish().code(143).says("undone");
    }
}

#[test]
fn b3_what_the_caller_blocks_is_received() {
    let mut running = Case::new()
        .recipe(WAITS)
        .args(["t"])
        .after("set -- env --block-signal=INT,TERM,HUP \"$0\" \"$@\"; exec \"$@\"")
        .start();
    running.wait_for("begun");
    running.signal(Signal::INT);
    running.finish().code(130).says("undone");
}

#[test]
fn b3_a_caller_that_ignores_the_end_of_children_leaves_commands_their_status() {
    let recipe = r#"task :t { puts run_locally("echo said"); run_locally "exit 3"; }"#;
    let finished = Case::new()
        .recipe(recipe)
        .args(["t"])
        .after("trap '' CHLD")
        .run()
        .code(1);
    finished.says("said").says("exit status 3");
}

#[test]
fn k_a_full_disk_leaves_no_part_of_a_line_in_known_hosts() {
    let fleet = Fleet::start(&["app1"]);
    // Nothing can be kept of a run there, either.
    let recipe = "set :journal, false; role :app, \"app1\"; task :t { run \"echo there\"; }";
    let case = || Case::new().recipe(recipe).args(["t"]).on(&fleet);
    // Of 512 bytes that a file may have, this many are left for a line of about 100.
    for room in (0..96).step_by(7) {
        let before = format!("{}\n", "#".repeat(511 - room));
        fs::write(fleet.known_hosts(), &before).unwrap();
        let limited = case().after("trap '' XFSZ; ulimit -f 1").run().ok();
        assert_eq!(fs::read_to_string(fleet.known_hosts()).unwrap(), before, "{room} left");
        limited.says("there").says("known_hosts");
        case().run().ok().says("there");
    }
}
