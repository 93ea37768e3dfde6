//! Tests of commands that are lists of words.

use super::{Case, recipe};

fn case(body: &str) -> Case {
    recipe(&format!("role :app, \"a\";\ntask :t {{ {body} }}"))
}

fn without_chance(line: &str) -> String {
    regex::Regex::new("[0-9a-f]{32}")
        .unwrap()
        .replace_all(line, "…")
        .into_owned()
}

fn lines(body: &str) -> Vec<String> {
    let outcome = case(body).run(&["t"]);
    assert!(outcome.result.is_ok(), "{body} {:?}", outcome.result);
    let all = outcome.script.commands().into_iter().chain(outcome.local.commands());
    // What sudo is asked with is made by chance.
    all.map(|record| without_chance(&record.line)).collect()
}

#[test]
fn a_list_is_a_command_of_words_for_every_verb_that_takes_one() {
    for body in [
        "run WORDS;",
        "run(WORDS);",
        "run WORDS, |c, s, d| { }",
        "capture(WORDS);",
        "stream WORDS;",
        "test(WORDS);",
        "invoke_command WORDS;",
        "invoke_command WORDS, :via => :sudo;",
        "sudo WORDS;",
        "set :use_sudo, true; try_sudo WORDS;",
        "set :use_sudo, false; try_sudo WORDS;",
        "parallel |s| { s.when(:app, WORDS); }",
        "parallel |s| { s.else(WORDS, #{ pty: false }); }",
        "run_locally(WORDS);",
        "system(WORDS);",
    ] {
        let of_words = lines(&body.replace("WORDS", r#"["ls", "-l", "it's; $HOME"]"#));
        let of_text = lines(&body.replace("WORDS", r#""ls -l 'it'\\''s; $HOME'""#));
        assert!(!of_words.is_empty(), "{body}");
        assert_eq!(of_words, of_text, "{body}");
    }
}

#[test]
fn a_list_in_a_command_is_several_words_and_a_number_is_one() {
    assert_eq!(
        lines(
            "let files = [\"a b\", \"c\"]; run [\"head\", \"-n\", 3, files, []], :shell => false; run [\"if\", \"\"], :shell => false;"
        ),
        ["head -n 3 'a b' c", "'if' ''"]
    );
}

#[test]
fn a_list_that_is_no_command_is_refused() {
    for (body, message) in [
        ("run [];", "the command names no program"),
        ("run [\"\", \"x\"];", "the command names no program"),
        ("run [\"-u\", \"x\"];", "the program of this command begins with a dash"),
        (
            "run [\"A=1\", \"x\"];",
            "the first word of this command sets a variable, it is no program",
        ),
        ("run [\"x\", #{ a: 1 }];", "a word of a command is a string or a number"),
        ("run [\"x\", [()]];", "a word of a command is a string or a number"),
        (
            "let m = #{ a: 1 }; run m;",
            "`run' takes a string or a list of words here, not a map",
        ),
        ("run || 1;", "a command is a string or a list of words"),
        ("run [\"x\", ()];", "a value is missing"),
    ] {
        let outcome = case(body).run(&["t"]);
        assert_eq!(outcome.error().message, message, "{body}");
        assert!(outcome.error().origin.is_some(), "{body}");
        assert!(outcome.script.commands().is_empty(), "{body}");
    }
}
