use super::{Action, ActionError, Bench, Output, action, reasons};
use crate::session::scripted::Answer;

const PROMPT: &str = "sudo password: ";

/// `sudo` on these hosts: with the prompt, and with an input that stays open (U7).
fn sudo(hosts: &[&str], text: &str) -> Action {
    let mut action = action(hosts, text);
    action.verb = "sudo";
    action.sudo_prompt = Some(PROMPT.to_owned());
    action
        .jobs
        .iter_mut()
        .for_each(|(_, command)| command.input.then_end = false);
    action
}

fn asks(password: &str) -> Answer {
    Answer::new().asks_password(PROMPT, password)
}

#[test]
fn u2_the_prompt_is_answered_and_the_person_asked_once_for_all_hosts() {
    let mut bench = Bench::new();
    bench.person.knows(&["right1"]);
    bench.remote.on("*", "", asks("right1").out("root\n"));
    bench.perform(sudo(&["app1", "app2", "db1"], "id")).unwrap();
    bench.perform(sudo(&["app1"], "id")).unwrap();
    assert_eq!(bench.person.asked, ["sudo on app1"]);
    for record in bench.remote.commands() {
        assert_eq!(record.input, b"right1\n");
    }
    assert_eq!(
        bench.told.of("out"),
        ["out app1: root", "out app2: root", "out db1: root", "out app1: root"]
    );
}

#[test]
fn u3_a_refused_password_is_asked_again_once_though_both_hosts_refuse_it() {
    let mut bench = Bench::new();
    bench.person.knows(&["wrong1", "right1"]);
    bench.remote.on("*", "", asks("right1"));
    bench.perform(sudo(&["app1", "app2"], "id")).unwrap();
    assert_eq!(bench.person.asked.len(), 2);
    assert_eq!(bench.told.of("message").len(), 1);
    for record in bench.remote.commands() {
        assert_eq!(record.input, b"wrong1\nright1\n");
    }
}

#[test]
fn u4_a_prompt_in_pieces_and_a_refusal_with_a_prompt_are_answered() {
    let mut bench = Bench::new();
    bench.person.knows(&["wrong1", "right1"]);
    let answer = Answer::new()
        .out("sudo pass")
        .out("word: ")
        .reads_line()
        .out("\r\nSorry, try again.\r\nsudo password: ")
        .reads_line()
        .out("\r\nroot\r\n");
    bench.remote.on("app1", "", answer);
    bench.perform(sudo(&["app1"], "id")).unwrap();
    assert_eq!(bench.remote.commands()[0].input, b"wrong1\nright1\n");
    assert_eq!(bench.told.of("out"), ["out app1: root"]);
}

#[test]
fn u5_other_output_goes_to_the_handler_and_the_prompt_does_not() {
    let mut bench = Bench::new();
    bench.person.knows(&["right1"]);
    bench.remote.on(
        "app1",
        "",
        Answer::new().out("first\n").err(PROMPT).reads_line().out("sudo\n"),
    );
    let mut action = sudo(&["app1"], "id");
    action.output = Output::Handler;
    let mut running = bench.actor.start(action, &mut bench.person).unwrap();
    let mut seen = String::new();
    while let Some(piece) = bench.actor.next(&mut running, &mut bench.person).unwrap() {
        seen.push_str(&piece.text);
    }
    bench.actor.finish(running).unwrap();
    assert_eq!(seen, "first\nsudo\n");
}

#[test]
fn u8_always_the_wrong_password_fails_and_says_that_sudo_refused() {
    let mut bench = Bench::new();
    bench.person.knows(&["wrong1", "wrong2", "wrong3", "never"]);
    let refuses = |answer: Answer| answer.out("\r\nSorry, try again.\r\n").out(PROMPT).reads_line();
    let answer = refuses(refuses(Answer::new().out(PROMPT).reads_line()))
        .out("\r\nsudo: 3 incorrect password attempts\r\n")
        .exits(1);
    bench.remote.on("app1", "", answer);
    let error = bench.perform(sudo(&["app1", "app2"], "id")).unwrap_err();
    assert_eq!(reasons(&error), ["app1: authentication to sudo failed (exit status 1)"]);
    assert_eq!(bench.person.asked.len(), 3);
}

#[test]
fn u8_without_anybody_to_ask_the_commands_are_ended_everywhere() {
    let mut bench = Bench::new();
    bench.remote.on("app1", "", asks("right1"));
    bench.remote.on("app2", "", Answer::new().hangs());
    let error = bench.perform(sudo(&["app1", "app2"], "id")).unwrap_err();
    assert!(matches!(&error, ActionError::Password(reason) if reason == "no terminal"));
    assert!(bench.remote.commands().iter().all(|record| record.exit.is_some()));
    assert_eq!(bench.told.of("finished").len(), 2);
}

#[test]
fn u10_neither_prompt_nor_password_is_ever_told() {
    let mut bench = Bench::new();
    bench.person.knows(&["wrong1", "right1"]);
    let answer = asks("right1").out("it was right1\n").err("not wrong1\n").exits(1);
    bench.remote.on("*", "", answer);
    let error = bench.perform(sudo(&["app1", "app2"], "cat x")).unwrap_err();
    let said = format!("{:?} {:?} {}", bench.told.lines(), error.diagnostic(), error);
    for hidden in ["right1", "wrong1", PROMPT] {
        assert!(!said.contains(hidden), "{said}");
    }
    assert!(said.contains("it was [redacted]"), "{said}");
}
