//! Tests that scripts which go too deep end with an error, and not with the process.

use super::recipe;
use crate::recipe::on_large_stack;

fn message(text: &str) -> String {
    on_large_stack(|| recipe(text).run(&["t"]).error().message.clone()).unwrap()
}

#[test]
fn tasks_that_call_each_other_are_an_error() {
    let nested = "task :t { a; } task :b { a; }
task :a { transaction { for i in 0..1 { if true { try { switch 1 { 1 => { transaction { b; } } } } catch (e) { throw e; } } } } }";
    assert_eq!(message(nested), "tasks are nested more than 50 deep: b → a → b");
}

#[test]
fn a_task_and_a_function_that_call_each_other_are_an_error() {
    let text = "fn again(n) { if n > 0 { again(n - 1) } else { invoke(\"t\") } } task :t { puts again(9) + \"\"; }";
    assert_eq!(message(text), "functions call each other too deeply");
}

#[test]
fn a_function_that_calls_itself_is_an_error() {
    let text = "fn f(n) { if true { let x = [f(n + 1)]; } } task :t { f(1); }";
    assert_eq!(message(text), "functions call each other too deeply");
}

#[test]
fn tasks_with_nested_functions_are_an_error() {
    let text = "fn f() { if true { try { for i in 0..1 { switch 1 { 1 => { invoke(\"a\"); } } } } catch (e) { throw e; } } }
task :t { a; }
task :a { transaction { for i in 0..1 { if true { try { switch 1 { 1 => { transaction { puts \"a\" + (1 + f()); } } } } catch (e) { throw e; } } } } }";
    assert_eq!(message(text), "tasks are nested more than 50 deep: a → a");
}

#[test]
fn tasks_that_are_nested_deeply_are_not_taken_for_a_circle() {
    let mut text = String::from("task :t { t1; } task :t59 { puts \"there\"; }");
    for number in 1..59 {
        text.push_str(&format!("task :t{number} {{ t{}; }}", number + 1));
    }
    assert_eq!(
        message(&text),
        "tasks are nested more than 50 deep: … → t47 → t48 → t49 → t50"
    );
}

#[test]
fn what_has_ended_is_not_counted_into_the_depth_of_what_comes_then() {
    let text = r#"
        fn deeper(level) { if level == 0 { puts "here"; } else { deeper(level - 1); } }
        task :work { deeper(20); }
        for hook in range(0, 40) { after :work { deeper(20); } }
    "#;
    let printed = recipe(text).run(&["work"]).printed();
    assert_eq!(printed.len(), 41);
}
