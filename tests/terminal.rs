//! Questions on a terminal: passwords at once or on need, and before each command with `-d`.

use regex::Regex;

use crate::harness::{Case, Running};

const RECIPE: &str = r#"
set :shown, "the ";
task :t {
    run_locally "echo one > one";
    puts shown + capture_it();
    transaction {
        on_rollback { run_locally "echo undone > undone"; }
        run_locally "echo three > three";
    }
}
fn capture_it() { run_locally("echo two").len().to_string() }
"#;

#[test]
fn on_a_terminal_last_lines_come_and_go_and_whole_lines_stay() {
    let recipe = "task :t { run_locally \"echo one\"; system(\"echo two; echo three\"); }";
    let case = Case::new().recipe(recipe).args(["t"]).terminal();
    let finished = case.env("TERM", "xterm-256color").run().ok();
    let live = Regex::new(r"\x1b\[\?7l(?s:(.*?))\x1b\[\?7h(\x1b\[\d+A)?\r").unwrap();
    let shown: Vec<&str> = live
        .captures_iter(&finished.stdout)
        .map(|found| found.get(1).unwrap().as_str())
        .collect();
    assert!(
        shown.iter().any(|line| line.contains("… run_locally echo one")),
        "{shown:?}"
    );
    // Without them, and without colours and times, every line stands there once.
    let left = live.replace_all(&finished.stdout, "");
    let left = Regex::new(r"\r?\x1b\[K\x1b7\x1b\[B\x1b\[J\x1b8|\x1b\[[\d;]*m")
        .unwrap()
        .replace_all(&left, "");
    let left = Regex::new(r"[\d.]+m?s\b").unwrap().replace_all(&left, "TIME");
    let expected = "t\r\n  ✓ run_locally echo one  TIME\r\n  › system echo two; echo three\r\n    localhost │ two\r\n    \
                    localhost │ three\r\n  ✓ TIME\r\n✓ done: 1 task, 2 commands in TIME\r\n";
    assert_eq!(left, expected, "{:?}", finished.stdout);
}

fn start() -> Running {
    Case::new().recipe(RECIPE).args(["t", "-d"]).terminal().start()
}

#[test]
fn l12_d_asks_before_each_command_and_a_no_goes_on_without_it() {
    let mut running = start();
    running.answer(
        "echo one > one\r\n  on localhost\r\nRun it? [Y]es, [n]o, [a]bort: ",
        "n",
    );
    running.answer("echo two\r\n  on localhost\r\nRun it? [Y]es, [n]o, [a]bort: ", "what?");
    running.answer("echo two\r\n  on localhost\r\nRun it? [Y]es, [n]o, [a]bort: ", "y");
    running.answer(
        "echo three > three\r\n  on localhost\r\nRun it? [Y]es, [n]o, [a]bort: ",
        "",
    );
    let finished = running.finish().ok();
    assert!(!finished.path("one").exists());
    assert_eq!(finished.file("three"), "three\n");
}

#[test]
fn l12_an_abort_ends_the_run_as_a_failure_and_rolls_back() {
    let mut running = start();
    running.answer("echo one", "y");
    running.answer("echo two", "n");
    running.answer("echo three", "abort");
    running.answer("echo undone", "yes");
    let finished = running
        .finish()
        .code(1)
        .says("error: aborted")
        .says("failed, rolled back");
    assert!(finished.path("one").exists() && !finished.path("three").exists());
    assert_eq!(finished.file("undone"), "undone\n");
}

#[test]
fn l12_without_a_terminal_d_is_an_error_and_a_dry_run_asks_nothing() {
    let case = || Case::new().recipe(RECIPE).args(["t", "-d"]);
    let finished = case().run().code(1);
    let finished = finished.says("error: -d asks before each command, and there is no terminal to ask on");
    assert!(!finished.path("one").exists());
    case().args(["-n"]).run().ok();
}

#[test]
fn l12_what_is_secret_is_not_shown_in_the_question() {
    let recipe = "set :password, \"swordfish\"; task :t { run_locally `echo ${password}`; }";
    let mut running = Case::new().recipe(recipe).args(["t", "-d"]).terminal().start();
    running.answer("echo [redacted]", "n");
    running.finish().ok().silent_on("swordfish");
}

#[test]
fn l5_p_asks_for_the_password_at_once_and_without_it_only_who_needs_one_is_asked() {
    let recipe = "task :t { puts exists(:password); } task :s { puts password == \"sesame\"; }";
    let case = |arguments: &[&str]| Case::new().recipe(recipe).args(arguments).terminal();
    case(&["t"]).run().ok().says("false\r\n").silent_on("Password");
    let mut running = case(&["t", "s", "-p"]).start();
    running.answer("Password: ", "sesame");
    let finished = running.finish().ok().silent_on("sesame");
    assert_eq!(finished.stdout.matches("true\r\n").count(), 2);
}

#[test]
fn a_question_does_not_move_the_terminal_it_is_asked_on() {
    let hostile = r"a\x1b]0;title\x07\x1b[2J\x1b[8m\u202eb\x08c\u200bd";
    for (verb, answer) in [
        (format!("ask(\"{hostile}\", \"x{hostile}\")"), "said"),
        (format!("choose(\"{hostile}\", [\"x{hostile}\", \"y\"])"), "y"),
        (format!("password_prompt(\"{hostile}: \")"), "said"),
    ] {
        let case = Case::new().recipe(&format!("task :t {{ {verb}; puts \"ended\"; }}"));
        let mut running = case.args(["t"]).terminal().start();
        running.answer("{200b}d", answer);
        let told = running.finish().ok().says("ended");
        for wrong in ["\u{1b}", "\u{7}", "\u{8}", "\u{202e}", "\u{200b}"] {
            assert!(!told.stdout.contains(wrong), "{verb}: {:?}", told.stdout);
        }
        assert!(
            told.stdout.contains("a\\u{202e}b^Hc\\u{200b}d"),
            "{verb}: {:?}",
            told.stdout
        );
    }
}
