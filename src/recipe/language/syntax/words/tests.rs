//! Tests of the words that Rhai's parser gets.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{Engine, Token};

use super::Words;
use crate::recipe::language::syntax::marks::{PARAMETER, STATEMENT, SYMBOL, VERB};

/// Returns the words of a source as Rhai's parser gets them: `!verb`, `;statement`, `:` before a symbol.
fn mapped(text: &str) -> String {
    let is_verb = |word: &str| ["run", "set", "task", "role", "fetch"].contains(&word);
    let words = Rc::new(RefCell::new(Words::new(is_verb)));
    words.borrow_mut().begin("a.rhai", text);
    let mapper = move |token, position, _: &_| words.borrow_mut().map(token, position);
    let engine = Engine::new();
    let texts = [text];
    let (tokens, _) = engine.lex_with_map(&texts, &mapper);
    let mut shown = Vec::new();
    for (token, _) in tokens {
        match token {
            Token::EOF => break,
            Token::Identifier(word) => {
                let word = word.replace(VERB, "!").replace(STATEMENT, ";");
                shown.push(word.replace(PARAMETER, "|"));
            }
            Token::Custom(colon) if colon.as_str() == SYMBOL => shown.push("<:>".to_owned()),
            Token::IntegerConstant(number) => shown.push(number.to_string()),
            Token::Reserved(word) => shown.push(format!("<{word}>")),
            Token::LexError(error) => shown.push(format!("error: {error}")),
            _ => {}
        }
    }
    shown.join(" ")
}

#[test]
fn a_verb_is_a_verb_only_where_it_begins_a_call() {
    for (text, words) in [
        ("run x", "!run x"),
        ("(run(x))", "!run x"),
        ("a.run", "a run"),
        ("a?.run", "a run"),
        ("a::run(1)", "a run 1"),
        ("#{ run: 1, set: set(2) }", "run 1 set !set 2"),
        ("let run = 1; run + run", "run 1 run run"),
        ("{ let run = 1; } run x", "run 1 !run x"),
        ("const set = 1; set", "set 1 set"),
        ("fn run(set) { set + role } role x", "run set set !role !role x"),
        ("|run| run + 1; run x", "run run 1 !run x"),
        ("for run in xs { run } run x", "run xs run !run x"),
        ("for (run, i) in xs { run + i } run x", "run i xs run i !run x"),
        (
            "for run in f(|y| { let z = y; z }) { run } run x",
            "run f |y z |y z run !run x",
        ),
        ("try { run x } catch (run) { run } run x", "!run x run run !run x"),
        ("fetch(:run)", "!fetch <:> run"),
    ] {
        assert_eq!(mapped(text), words, "{text}");
    }
}

#[test]
fn a_parameter_of_a_block_is_told_from_all_other_names() {
    for (text, words) in [
        ("|a| { a; a.a; :a; a(); #{ a: a } } a", "|a |a |a a <:> a a a |a ;a"),
        ("|a| { let a = a; a }; a", "|a a a a ;a"),
        ("|a| { |b| a + b }", "|a b |a b"),
        ("|a| f(|b| { a + b }, a)", "a f |b a |b a"),
        ("|a| { |a| { a } a } a", "|a |a |a |a ;a"),
    ] {
        assert_eq!(mapped(text), words, "{text}");
    }
}

#[test]
fn a_colon_is_a_symbols_except_behind_a_maps_key() {
    for (text, words) in [
        (":web", "<:> web"),
        ("run :run, :task", "!run <:> run <:> task"),
        ("#{ a: :b, \"c\": :run }", "a <:> b <:> run"),
        ("#{ a: [:b, #{ c: :d }], run: (:e) }", "a <:> b c <:> d run <:> e"),
        ("a == :b", "a <:> b"),
        ("[:a, :b]", "<:> a <:> b"),
        (":a => :b", "<:> a <:> b"),
        (":for, :default", "<:> for <:> default"),
    ] {
        assert_eq!(mapped(text), words, "{text}");
    }
}

#[test]
fn a_name_that_is_a_whole_statement_is_told_from_one_that_goes_on() {
    for (text, words) in [
        ("deploy;", ";deploy"),
        ("{ deploy }", ";deploy"),
        ("a; deploy", ";a ;deploy"),
        ("deploy // why\n ;", ";deploy"),
        ("deploy /* why */ ;", ";deploy"),
        ("deploy.web;", "deploy web"),
        ("deploy + 1;", "deploy 1"),
        ("deploy == 1;", "deploy 1"),
        ("let a = deploy;", "a deploy"),
        ("let deploy = 1; deploy;", "deploy 1 deploy"),
    ] {
        assert_eq!(mapped(text), words, "{text}");
    }
}

#[test]
fn an_assignment_to_what_is_no_local_is_an_error() {
    let error = "error: `a' is no local variable and cannot be assigned to";
    for text in [
        "a = 1;",
        "a += 1;",
        "{ a -= 1; }",
        "a <<= 1;",
        "b; a = 1;",
        "{ let a = 1; } a = 1;",
    ] {
        assert!(mapped(text).contains(error), "{text}: {}", mapped(text));
    }
    for text in [
        "a == 1;",
        "a <= 1;",
        "a >= 1;",
        "a => 1;",
        "a.b = 1;",
        "a[1] = 2;",
        "let a = 1; a = 2;",
    ] {
        assert!(!mapped(text).contains("error"), "{text}: {}", mapped(text));
    }
}

#[test]
fn a_number_is_octal_with_a_zero_in_front_and_an_error_where_it_does_not_fit() {
    assert_eq!(mapped("0644; \"é\"; 0755; let a = -010"), "420 493 a -8");
    for text in [
        "08",
        "-9223372036854775809",
        "99999999999999999999",
        "0xffffffffffffffff",
    ] {
        assert!(mapped(text).starts_with("error"), "{text}: {}", mapped(text));
    }
}

#[test]
fn a_bar_begins_parameters_before_a_block_and_is_the_operator_between_values() {
    assert_eq!(mapped("a | run(1)"), "a !run 1");
    assert_eq!(mapped("run(1) |run, x| { run } run 2"), "!run 1 | |run |x |run !run 2");
    assert_eq!(mapped("run \"x\", |run| { run }"), "!run |run |run");
    for word in ["continue", "for", "catch", "true", "default", "run"] {
        let seen = mapped(&format!("run :{word} |x| {{ x }} x;"));
        assert_eq!(seen, format!("!run <:> {word} | |x |x ;x"));
    }
    assert_eq!(
        mapped("run(1) | run, // a\n x |\n /* b */ { run }"),
        "!run 1 | |run |x |run"
    );
}
