//! A disk of this machine is full, or a file may not grow further.

use std::process::Output;

use super::in_shell;
use crate::deadline::LimitedCommand as _;
use crate::fleet::Fleet;
use crate::harness::Case;

/// Without a journal, which such a disk refuses before anything is done.
const RECIPE: &str = r#"set :journal, false; role :app, "app1";
task :good { run "for n in $(seq 200); do echo a line of output $n; done"; run "touch /tmp/done"; }
task :bad { transaction { on_rollback { run "touch /tmp/undone"; } run "for n in $(seq 200); do echo a line of output $n; done; exit 3"; } }"#;

/// capr on a fleet as a shell starts it.
fn start(fleet: &Fleet, before: &str, words: &str) -> Output {
    let case = Case::new().file("deploy.rhai", RECIPE);
    in_shell(&case, fleet, &format!("{before} exec \"$0\" {words}")).limited_output()
}

#[test]
fn a_log_on_a_full_disk_is_told_once_and_in_the_exit_code_and_the_run_goes_on() {
    let fleet = Fleet::start(&["app1"]);
    for (before, words, reason) in [
        (
            "",
            "-l /dev/full",
            "the log /dev/full is not complete: no space left on device",
        ),
        ("ulimit -f 1;", "-l log", "the log log is not complete: file too large"),
        ("exec 2>/dev/full;", "", ""),
    ] {
        fleet.sh("app1", "rm -f /tmp/done /tmp/undone");
        let told = start(&fleet, before, &format!("{words} good"));
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(1), "{before} {words}: {said}");
        assert!(fleet.exists("app1", "/tmp/done"), "{said}");
        assert!(reason.is_empty() || said.matches(reason).count() == 1, "{said}");
        let told = start(&fleet, before, &format!("{words} bad"));
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(1), "{before} {words}: {said}");
        assert!(fleet.exists("app1", "/tmp/undone"), "{said}");
        assert!(reason.is_empty() || said.matches(reason).count() == 1, "{said}");
    }
}

#[test]
fn a_local_file_that_may_not_grow_further_is_a_failure_with_a_rollback() {
    let fleet = Fleet::start(&["app1"]);
    fleet.sh("app1", "head -c 100000 /dev/zero > /tmp/large");
    let case = Case::new().file(
        "deploy.rhai",
        r#"role :app, "app1"; task :t { transaction { on_rollback { run "touch /tmp/undone"; } get "/tmp/large", "here"; } }"#,
    );
    let told = in_shell(&case, &fleet, "ulimit -f 1; exec \"$0\" t").limited_output();
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(told.status.code(), Some(1), "{said}");
    assert!(said.contains("file too large"), "{said}");
    assert!(fleet.exists("app1", "/tmp/undone"), "{said}");
}

#[test]
fn a_directory_without_an_end_stops_before_the_disk_is_full_and_leaves_nothing() {
    let fleet = Fleet::start(&["app1"]);
    // Its archive would have a terabyte.
    fleet.sh("app1", "mkdir /tmp/large && truncate -s 1T /tmp/large/file");
    let case = Case::new().file(
        "deploy.rhai",
        r#"role :app, "app1"; task :t { download "/tmp/large", "disk/$CAPISTRANO:HOST$"; }"#,
    );
    let script = r#"mkdir disk && mount -t tmpfs -o size=64m none disk && { "$0" t; code=$?; ls -A disk; df -m disk; exit $code; }"#;
    let script = format!("exec unshare --mount --propagation private sh -c '{script}' \"$0\"");
    let told = in_shell(&case, &fleet, &script).limited_output();
    let (out, said) = (
        String::from_utf8_lossy(&told.stdout),
        String::from_utf8_lossy(&told.stderr),
    );
    assert_eq!(told.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write disk/app1: the disk has room for"), "{said}");
    let used = out.split_whitespace().rev().nth(3).unwrap_or_default();
    assert!(out.starts_with("Filesystem") && used == "0", "{out}");
    fleet.sh("app1", "! pgrep -x tar");
}

#[test]
fn a_log_to_a_pipe_that_nobody_reads_is_refused_and_a_reader_that_leaves_is_told() {
    let fleet = Fleet::start(&["app1"]);
    let before = "mkfifo pipe;";
    let told = start(&fleet, before, "-l pipe good");
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(told.status.code(), Some(2), "{said}");
    assert!(
        said.contains("cannot write the log pipe: nobody reads this pipe; start its reader first"),
        "{said}"
    );
    assert!(!fleet.exists("app1", "/tmp/done"), "{said}");
    // One that is read to its end is whole.
    for (reader, code, is_cut) in [("cat pipe >read", 0, false), ("head -c 10 pipe", 1, true)] {
        fleet.sh("app1", "rm -f /tmp/done");
        // Each waits for the other; the shell's end stays open until capr ends.
        let told = start(&fleet, &format!("{before} {reader} & exec 9>>pipe;"), "-l pipe good");
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(code), "{reader}: {said}");
        assert!(fleet.exists("app1", "/tmp/done"), "{said}");
        let is_told = said.contains("the log pipe is not complete: broken pipe");
        assert_eq!(is_told, is_cut, "{reader}: {said}");
    }
}
