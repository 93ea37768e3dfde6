//! `capr shell`: commands, tasks and settings line by line, from a pipe and at a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::fleet::{Fleet, PASSWORD};
use crate::harness::{Case, Finished, Running};

const RECIPE: &str = r#"
role :web, "www1", "www2";
role :app, "app1";
set :greeting, "hello";
desc "Greets.";
task :greet, :roles => :app { run `echo ${quote(greeting)} > /tmp/greeting`; }
task :everywhere { run "echo there > /tmp/there"; }
task :broken { run "exit 7"; }
task :undoes { transaction { on_rollback { run "touch /tmp/undone"; } run "touch /tmp/done"; run "false", :roles => :app; } }
task :typo { nothing_like_it; }
on :exit { run_locally "touch ended"; }
"#;

fn fleet() -> Fleet {
    Fleet::start(&["www1", "www2", "app1"])
}

fn case(fleet: &Fleet) -> Case {
    Case::new().recipe(RECIPE).on(fleet)
}

/// With these lines in a pipe.
fn piped(fleet: &Fleet, lines: &str) -> Finished {
    case(fleet).args(["shell"]).input(lines).run()
}

/// At a terminal that can do what terminals can.
fn at_terminal(fleet: &Fleet) -> Running {
    let mut running = case(fleet).args(["shell"]).terminal().env("TERM", "xterm").start();
    running.wait_for("capr> ");
    running
}

fn there(fleet: &Fleet, path: &str) -> Vec<&'static str> {
    let names = ["www1", "www2", "app1"].into_iter();
    names.filter(|name| fleet.exists(name, path)).collect()
}

#[test]
fn i1_help_is_shown_and_exit_quit_and_the_end_of_the_lines_leave() {
    let fleet = fleet();
    for (lines, help) in [
        ("help\nexit\ntouch /tmp/later\n", 1),
        ("?\nhelp\nquit\ntouch /tmp/later\n", 2),
        ("", 0),
        ("help", 1),
        ("\n  \n# nothing\n", 0),
    ] {
        let finished = piped(&fleet, lines).ok();
        assert_eq!(finished.stdout.matches("with ROLES COMMAND").count(), help, "{lines:?}");
        assert!(finished.path("ended").exists(), "{lines:?}");
        finished.silent_on("capr>");
    }
    assert!(there(&fleet, "/tmp/later").is_empty());
    let mut running = at_terminal(&fleet);
    running.send("help\r");
    // Only a terminal that is being read again takes Ctrl-D for what it is.
    running.wait_for("for later shells.\r\n\u{1b}[?2004h");
    running.send("\x04");
    running.finish().ok();
}

#[test]
fn i2_with_and_on_scope_one_line_or_those_that_follow() {
    let fleet = fleet();
    piped(
        &fleet,
        "touch /tmp/all\nwith app touch /tmp/app\non www1,app1 touch /tmp/on\ntouch /tmp/again\n\
         with web\ntouch /tmp/web\non app1 touch /tmp/for_one\ntouch /tmp/still\nwith all\ntouch /tmp/cleared\n\
         on www2\ntouch /tmp/www2\non all\nwith greet touch /tmp/of_task\nwith app !everywhere\n",
    )
    .ok();
    let all = ["www1", "www2", "app1"];
    for (path, servers) in [
        ("/tmp/all", &all[..]),
        ("/tmp/app", &["app1"]),
        ("/tmp/on", &["www1", "app1"]),
        ("/tmp/again", &all),
        ("/tmp/web", &["www1", "www2"]),
        ("/tmp/for_one", &["app1"]),
        ("/tmp/still", &["www1", "www2"]),
        ("/tmp/cleared", &all),
        ("/tmp/www2", &["www2"]),
        ("/tmp/of_task", &["app1"]),
        ("/tmp/there", &["app1"]),
    ] {
        assert_eq!(there(&fleet, path), servers, "{path}");
    }
    piped(&fleet, "with ap touch /tmp/wrong\n")
        .code(2)
        .says("error: `ap' is no role and no task")
        .says("did you mean `app'?");
    piped(&fleet, "on u@ touch /tmp/wrong\n").code(2);
    assert!(there(&fleet, "/tmp/wrong").is_empty());
}

#[test]
fn i3_an_exclamation_mark_runs_tasks_over_the_same_connections() {
    let fleet = fleet();
    let finished = piped(
        &fleet,
        "set -v 3\n!greet everywhere\ncat /tmp/greeting\n!typo\n!gret\n!greet\n",
    );
    let finished = finished.code(2).says("the task `gret' does not exist");
    assert_eq!(fleet.read("app1", "/tmp/greeting"), "hello");
    assert_eq!(there(&fleet, "/tmp/there"), ["www1", "www2", "app1"]);
    let logins = finished.stderr.matches("connected in").count();
    assert_eq!(logins, 3, "{}", finished.stderr);
    // What is found without running it refuses a task before it connects.
    let refused = piped(&fleet, "!typo\n").code(3).says("nothing_like_it");
    refused.silent_on("connect");
}

#[test]
fn i4_set_changes_variables_and_how_much_is_told() {
    let fleet = fleet();
    let finished = piped(
        &fleet,
        "set :greeting it's me\n!greet\nset -v 0\necho unheard\nset -v 3\necho heard\nset -v 9\nset :Greeting x\n",
    )
    .code(2);
    assert_eq!(fleet.read("app1", "/tmp/greeting"), "it's me");
    let finished = finished.silent_on("unheard").says("[out :: app1] heard");
    finished
        .says("set -v takes")
        .says("`Greeting' is no name of a variable");
}

#[test]
fn i5_an_error_ends_its_line_and_not_the_shell() {
    let fleet = fleet();
    let finished = piped(
        &fleet,
        "sh -c 'exit 3'\ntouch /tmp/one\n!broken\n!undoes\ntouch /tmp/two\nwith nobody touch /tmp/x\ntouch /tmp/three\n",
    );
    let finished = finished.code(2).says("exit status 3").says("exit status 7");
    for path in ["/tmp/one", "/tmp/two", "/tmp/three", "/tmp/done", "/tmp/undone"] {
        assert_eq!(there(&fleet, path), ["www1", "www2", "app1"], "{path}");
    }
    drop(finished);
    piped(&fleet, "false\ntrue\n").code(1);
}

#[test]
fn b29_a_server_that_is_down_is_told_and_the_others_work_on() {
    let fleet = fleet();
    fleet.stop("www2");
    let finished = piped(&fleet, "touch /tmp/first\ntouch /tmp/second\n").code(4);
    let finished = finished.says("could not connect").says("going on without www2");
    drop(finished);
    piped(&fleet, "on www2 touch /tmp/third\nwith app touch /tmp/fourth\n").code(4);
    fleet.restart("www2");
    for (path, servers) in [
        ("/tmp/first", &["www1", "app1"][..]),
        ("/tmp/second", &["www1", "app1"]),
        ("/tmp/third", &[]),
        ("/tmp/fourth", &["app1"]),
    ] {
        assert_eq!(there(&fleet, path), servers, "{path}");
    }
}

#[test]
fn i6_a_stop_request_ends_the_command_and_not_the_shell() {
    let fleet = fleet();
    let mut running = case(&fleet).args(["shell"]).piped().start();
    running.send("with app echo begun; sleep 600\n");
    running.wait_for("] begun");
    running.signal(Signal::INT);
    running.wait_for("error: interrupted");
    running.send("touch /tmp/after\n");
    running.hang_up();
    running.finish().code(130);
    assert_eq!(there(&fleet, "/tmp/after"), ["www1", "www2", "app1"]);
    assert_eq!(fleet.sh("app1", "pgrep -x sleep || echo none"), "none");
}

#[test]
fn i6_at_a_terminal_ctrl_c_ends_the_command_or_discards_the_line() {
    let fleet = fleet();
    let mut running = at_terminal(&fleet);
    running.send("touch /tmp/discarded\x03");
    // The terminal is read again: what was typed behind Ctrl-C would have gone with the line.
    running.wait_for("discarded\u{1b}[?2004l\r\n\u{1b}[?2004h");
    running.send("with app echo be''gun; sleep 600\r");
    running.wait_for("begun");
    running.send("\x03");
    running.wait_for("interrupted");
    running.send("touch /tmp/after\r");
    running.send("exit\r");
    running.finish().ok();
    assert!(there(&fleet, "/tmp/discarded").is_empty());
    assert_eq!(there(&fleet, "/tmp/after"), ["www1", "www2", "app1"]);
}

#[test]
fn a_kill_ends_the_shell_whether_it_waits_for_a_line_or_a_command() {
    let fleet = fleet();
    for line in ["", "with app echo begun; sleep 600\n"] {
        let mut running = case(&fleet).args(["shell", "-v"]).piped().start();
        running.send("echo rea''dy\n");
        running.wait_for("ready");
        running.send(line);
        if !line.is_empty() {
            running.wait_for("] begun");
        }
        running.signal(Signal::TERM);
        running.finish().code(143);
    }
    // Between two lines there is nothing to end but the shell.
    let mut running = case(&fleet).args(["shell"]).piped().start();
    running.send("help\n");
    running.wait_for("with ROLES COMMAND");
    running.signal(Signal::INT);
    running.finish().code(130);
}

#[test]
fn earlier_lines_come_back_and_what_may_be_secret_is_not_kept() {
    let fleet = fleet();
    let mut running = at_terminal(&fleet);
    running.send("touch /tmp/$(ls /tmp | grep -c kept).kept\r");
    running.send("set :db_password s3cr3t\r");
    running.send(" touch /tmp/hidden\r");
    running.send("echo be''gun s3cr3t >/dev/null\r");
    // The tabulator completes the name of a task, the arrow key brings back a line.
    running.send("!every\t\r");
    running.send("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\r");
    running.send("exit\r");
    let finished = running.finish().ok();
    assert_eq!(there(&fleet, "/tmp/there"), ["www1", "www2", "app1"]);
    assert_eq!(there(&fleet, "/tmp/1.kept"), ["www1", "www2", "app1"]);
    let file = finished.path("../home/.local/state/capr/history");
    let kept = fs::read_to_string(&file).unwrap();
    let line = "touch /tmp/$(ls /tmp | grep -c kept).kept";
    assert_eq!(kept.lines().collect::<Vec<_>>(), [line, "!everywhere", line]);
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_shell_of_a_stage_may_be_the_first_word_or_the_last() {
    let fleet = fleet();
    let project = || {
        Case::new()
            .file("deploy.rhai", "set :x, 1;")
            .file("config/deploy/staging.rhai", "role :app, \"app1\";")
            .on(&fleet)
            .input("hostname > /dev/null; touch /tmp/$RANDOM.here || touch /tmp/here\n")
    };
    for arguments in [
        &["shell", "staging"][..],
        &["staging", "shell"],
        &["staging", "console"],
        &["shell", "deploy.rhai", "staging"],
        &["deploy.rhai", "staging", "shell"],
    ] {
        project().args(arguments).run().ok().says("connect");
    }
    project().args(["shell"]).run().code(2).says("no stage was named");
    let wrong = project().args(["shell", "staging", "x"]).run().code(2);
    wrong.says("shell runs tasks that are typed there, but `x' was named");
    // A recipe's own task of that name is meant elsewhere than in first place.
    let own = Case::new().recipe("task :shell { puts \"mine\"; }").args(["shell"]);
    own.run().ok().says("mine");
    // Nothing is done in a dry run.
    let dry = case(&fleet)
        .args(["shell", "-n"])
        .input("touch /tmp/dry\n!everywhere\n")
        .run();
    dry.ok().says("touch /tmp/dry");
    assert!(there(&fleet, "/tmp/dry").is_empty() && there(&fleet, "/tmp/there").is_empty());
}

#[test]
fn sudo_in_a_line_is_given_the_password() {
    let fleet = Fleet::start(&["app1"]);
    let recipe = format!("role :app, \"app1\"; set :password, \"{PASSWORD}\";");
    let finished = Case::new().recipe(&recipe).args(["shell"]).on(&fleet);
    let finished = finished
        .input("sudo sh -c 'id -u > /root/mark' && echo done\n")
        .run()
        .ok();
    assert_eq!(fleet.read("app1", "/root/mark"), "0");
    finished.says("[out :: app1] done\n").silent_on(PASSWORD);
}
