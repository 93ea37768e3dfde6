//! Tests of recipes that would not end, or take all memory, while they are loaded. `scripts/fuzz` has found them.

use std::time::{Duration, Instant};

use super::recipe;
use crate::interrupt::Signal;
use crate::recipe::on_large_stack;

/// Returns the first error in a recipe that is loaded.
fn message(text: &str) -> String {
    on_large_stack(|| recipe(text).errors().remove(0).message).unwrap()
}

const ENDLESS: &str = "the recipe does not come to an end while it is loaded";

#[test]
fn a_loop_without_an_end_ends_and_cannot_be_caught() {
    for text in [
        "loop { }",
        "on :load { try { for x in 0..9999999999 { } } catch { loop { } } }",
        "set(:a) { loop { } } puts a;",
    ] {
        let errors = recipe(text).errors();
        assert_eq!(errors[0].message, ENDLESS, "{text}");
        assert!(errors[0].origin.is_some(), "{text}");
    }
}

#[test]
fn a_task_may_take_more_steps_than_loading() {
    let text = "task :t { for x in 0..3500000 { } puts 1; }";
    assert_eq!(super::prints(text), ["1"]);
}

#[test]
fn texts_lists_and_maps_that_grow_without_an_end_are_an_error() {
    for (text, what) in [
        ("let s = \"x\"; loop { s += s; }", "length of string too large"),
        ("let s = \"x\"; loop { s = `${s}${s}`; }", "length of string too large"),
        ("let l = [1]; loop { l += l; }", "size of array/BLOB too large"),
        ("let l = []; l.pad(9999999999, 0);", "size of array/BLOB too large"),
        (
            "let s = \"\"; s.pad(100000, \"x\"); gsub(s, \"x\", s);",
            "length of string too large",
        ),
        (
            "let s = \"\"; s.pad(100000, \"x\"); s.replace(\"x\", s);",
            "length of string too large",
        ),
        (
            "let s = \"\"; s.pad(100000, \"x\"); s.replace('x', s);",
            "length of string too large",
        ),
        (
            "let s = \"\"; s.pad(100000, \"\\n\"); join(lines(s), s);",
            "length of string too large",
        ),
        (
            "let s = \"\"; s.pad(100000, \"x\\n\"); indent(s, 9000);",
            "length of string too large",
        ),
        (
            "let s = \"\"; s.pad(2000000, \"\\n\"); lines(s);",
            "size of array/BLOB too large",
        ),
        (
            "let s = \"\"; s.pad(2000000, \"x\"); scan(s, \"x\");",
            "size of array/BLOB too large",
        ),
        (
            "let s = \"\"; s.pad(2000000, \"\");",
            "`pad' needs something to pad with",
        ),
        ("let s = \"\"; s.pad(99000000, \"xy\");", "length of string too large"),
        (
            "let s = \"\"; s.pad(4000000, \",x\"); s.split(\"x\");",
            "size of array/BLOB too large",
        ),
        (
            "let s = \"\"; s.pad(8000000, \"x\"); captures(s, \"(((((((((x*)))))))))\");",
            "length of string too large",
        ),
    ] {
        assert_eq!(message(text), what, "{text}");
    }
}

#[test]
fn a_template_that_would_not_end_and_one_that_grows_are_errors() {
    let text = "task :t { render(:template => \"{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}\"); }";
    let error = recipe(text).run(&["t"]).error().message.clone();
    assert_eq!(error, "template, line 1: engine ran out of fuel");
    let text = "task :t { let s = \"\"; s.pad(100000, \"x\"); render(:template => \"{% for a in range(90000) %}{{ s }}{% endfor %}\", :s => s); }";
    let error = recipe(text).run(&["t"]).error().message.clone();
    assert_eq!(error, "template: failed to write output");
}

#[test]
fn a_signal_ends_a_search_whose_matches_take_ever_longer() {
    let text = "task :t { let s = \"\"; s.pad(1000000, \"x\"); scan(s, \".*[^x]|[x]\"); }";
    let case = recipe(text);
    case.interrupt.raise(Signal::Int);
    assert_eq!(case.run(&["t"]).error().fault.exit_code(), 130);
}

#[test]
fn a_text_with_lines_that_cannot_be_counted_is_refused() {
    let expected = "recipe.rhai: line 2 is too long, or one too many: there can be 65534 of 65534 characters";
    let text = message(&format!("puts 1;\nputs \"{}\";", "x".repeat(70_000)));
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn many_brackets_words_and_locals_on_one_line_take_no_longer_each() {
    let began = Instant::now();
    let lines = "let a = 1; { a } ".repeat(3800);
    recipe(&lines).load().0.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
