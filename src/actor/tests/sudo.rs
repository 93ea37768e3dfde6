use std::sync::Arc;

use super::{Action, ActionError, Bench, Output, action, reasons};
use crate::session::scripted::Answer;
use crate::session::{Input, Opening, Terminal};

const MARK: &str = "<mark>";
/// The word that these servers make for sudo to ask with.
const PROMPT: &str = "66f2473001074826";

/// Returns `sudo` on these hosts, with an input that stays open (U7).
fn sudo(hosts: &[&str], text: &str) -> Action {
    let mut action = action(hosts, text);
    action.verb = "sudo";
    let opening = Arc::new(Opening {
        mark: MARK.to_owned(),
        questions: 1,
        then: None,
        started: None,
    });
    action.jobs.iter_mut().for_each(|(_, command)| {
        command.input = Input::open();
        command.input.opening = Some(Arc::clone(&opening));
    });
    action
}

/// Returns a server that has printed its word.
fn begun() -> Answer {
    let said = format!("{MARK}{PROMPT}\n");
    Answer::new().out(&said).err(said)
}

fn asks(password: &str) -> Answer {
    begun().asks_password(PROMPT, password)
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
    let answer = begun()
        .out(&PROMPT[..5])
        .out(&PROMPT[5..])
        .reads_line()
        .out(format!("\r\nSorry, try again.\r\n{PROMPT}"))
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
        begun().out("first\n").err(PROMPT).reads_line().out("sudo\n"),
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

/// Returns a server that refuses every password in these words, and ends when its input does.
fn refuses(words: &str) -> Answer {
    let refused = || format!("\r\n{words}\r\n{PROMPT}");
    begun()
        .out(PROMPT)
        .reads_line()
        .out(refused())
        .reads_line()
        .out(refused())
        .reads_line()
        .out("\r\nsudo: no password was provided\r\n")
        .exits(1)
}

#[test]
fn u8_a_password_refused_in_any_words_is_asked_for_once_more_and_no_third_one_is_tried() {
    for words in [
        "Sorry, try again.",
        "Das war wohl nichts",
        "Wrong!  You cheating scum!",
        "",
    ] {
        let mut bench = Bench::new();
        bench.person.knows(&["wrong1", "wrong2", "never"]);
        bench.remote.on("app1", "", refuses(words));
        let error = bench.perform(sudo(&["app1", "app2"], "id")).unwrap_err();
        assert_eq!(reasons(&error), ["app1: authentication to sudo failed (exit status 1)"]);
        assert_eq!(bench.person.asked.len(), 2);
        let record = &bench.remote.commands()[0];
        assert_eq!(record.input, b"wrong1\nwrong2\n");
        assert!(record.input_ended);
    }
}

#[test]
fn u6_each_call_of_sudo_in_a_command_may_ask() {
    let mut bench = Bench::new();
    bench.person.knows(&["right1"]);
    let asks = || {
        begun()
            .out(PROMPT)
            .reads_line()
            .out(format!("\r\na\r\n{PROMPT}"))
            .reads_line()
    };
    bench.remote.on("app1", "", asks().out("\r\nb\r\n"));
    let mut action = sudo(&["app1"], "sudo a && sudo b");
    let (_, command) = &mut action.jobs[0];
    let opening = command.input.opening.as_deref().unwrap().clone();
    command.input.opening = Some(Arc::new(Opening {
        questions: 2,
        ..opening
    }));
    bench.perform(action).unwrap();
    assert_eq!(bench.remote.commands()[0].input, b"right1\nright1\n");
    assert_eq!(bench.told.of("out"), ["out app1: a", "out app1: b"]);
}

#[test]
fn what_a_command_says_after_sudo_has_started_it_is_never_answered() {
    let mut bench = Bench::new();
    bench.person.knows(&["right1"]);
    let fishes = begun().err("<on>\n").err(PROMPT).out(PROMPT).reads_all();
    bench.remote.on("app1", "", fishes);
    let mut action = sudo(&["app1"], "tee x");
    let (_, command) = &mut action.jobs[0];
    let opening = command.input.opening.as_deref().unwrap().clone();
    let started = Some(("<on>".to_owned(), Input::text(*b"data")));
    command.input.opening = Some(Arc::new(Opening { started, ..opening }));
    bench.perform(action).unwrap();
    assert!(bench.person.asked.is_empty());
    assert_eq!(bench.remote.commands()[0].input, b"data");
}

#[test]
fn what_is_captured_is_not_what_sudo_says_and_has_the_line_ends_of_the_command() {
    let mut bench = Bench::new();
    bench.person.knows(&["wrong1", "right1"]);
    let answer = begun()
        .out(PROMPT)
        .reads_line()
        .out(format!("\r\nFalsch!\r\n{PROMPT}"))
        .reads_line()
        .out("\r\none\r\ntwo\r\n");
    bench.remote.on("app1", "", answer);
    let mut action = sudo(&["app1"], "id");
    action.output = Output::Capture;
    action.jobs[0].1.terminal = Some(Terminal { columns: 80, rows: 24 });
    let outcome = bench.perform(action).unwrap();
    assert_eq!(outcome.stdout[0], "one\ntwo\n");
}

#[test]
fn u8_without_anybody_to_ask_the_commands_are_ended_everywhere() {
    let mut bench = Bench::new();
    bench.remote.on("app1", "", asks("right1"));
    bench.remote.on("app2", "", Answer::new().hangs());
    let error = bench.perform(sudo(&["app1", "app2"], "id")).unwrap_err();
    assert!(matches!(&error, ActionError::Password(reason) if reason.to_string() == "no terminal"));
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
    for hidden in ["right1", "wrong1", PROMPT, MARK] {
        assert!(!said.contains(hidden), "{said}");
    }
    assert!(said.contains("it was [redacted]"), "{said}");
}

#[test]
fn sudo_gets_no_password_where_the_host_key_has_changed() {
    let mut bench = Bench::new();
    bench.person.knows(&["right1"]);
    bench.remote.untrusted_host_key("app1").on("*", "", asks("right1"));
    let error = bench.perform(sudo(&["app1"], "id")).unwrap_err();
    assert!(
        matches!(&error, ActionError::Password(why) if why.to_string().contains("host key has changed")),
        "{error:?}"
    );
    assert!(bench.person.asked.is_empty());
    assert_eq!(bench.told.of("host key of").len(), 1);
    assert!(bench.remote.commands().iter().all(|record| record.input.is_empty()));
}
