//! Tests of the ways to write the same call, and of the words that verbs must not take away.

use super::{Outcome, prints, recipe};
use crate::recipe::language::verbs::VERBS;
use crate::recipe::running::verbs::PERFORMED;
use crate::session::scripted::Answer;

fn sent(body: &str) -> Vec<String> {
    let text =
        format!("role :web, \"w\"; role :app, \"a1\", \"a2\"; role :db, \"d\", :primary => true; task :t {{ {body} }}");
    let case = recipe(&text);
    case.script.on("*", "", Answer::new().out("o"));
    let outcome: Outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{body}: {:?}", outcome.result);
    let commands = outcome.script.commands();
    commands
        .iter()
        .map(|record| format!("{} {}", record.server, record.line))
        .collect()
}

#[test]
fn calls_with_and_without_brackets_with_pairs_or_a_map_are_the_same() {
    let expected = ["a1 x"];
    for body in [
        "run \"x\", :roles => :app, :once => true;",
        "run(\"x\", :roles => :app, :once => true);",
        "run (\"x\"), :roles => :app, :once => true;",
        "run(\"x\", :roles => [:app], :once => !false,);",
        "run \"x\", \"roles\" => \"app\", \"once\" => true;",
        "run \"x\", #{ roles: \"app\", once: true };",
        "run(\"x\", #{ roles: :app, \"once\": true });",
        "run\n  \"x\",\n  :roles => :app, // the servers\n  :once => true;",
        "let options = #{ roles: :app, once: true }; run \"x\", options;",
        "let run_it = \"x\"; run run_it, :roles => :app, :once => true;",
        "run \"x\", :roles => :app, :once => true",
        "run `${\"x\"}`, :roles => :app, :once => true;",
        "if true { run \"x\", :roles => :app, :once => true }",
        "let f = |c| { run c, :roles => :app, :once => true; }; f.call(\"x\");",
        "[\"x\"].for_each(|| { run(this, :roles => :app, :once => true) });",
    ] {
        assert_eq!(sent(body), expected, "{body}");
    }
}

#[test]
fn blocks_stand_behind_the_arguments_in_every_form() {
    for body in [
        "run \"x\", :once => true, |channel, stream, text| { puts text; }",
        "run(\"x\", :once => true, |channel, stream, text| { puts text; });",
        "run(\"x\", :once => true) |channel, stream, text| { puts text; }",
        "run \"x\", :once => true |channel, stream, text| { puts text; }",
        "run \"x\", #{ once: true }, |c, s, t| { puts t }",
    ] {
        let case = recipe(&format!("role :app, \"a\"; task :t {{ {body} puts \"after\"; }}"));
        case.script.on("*", "x", Answer::new().out("piece"));
        assert_eq!(case.run(&["t"]).printed(), ["piece", "after"], "{body}");
    }
    for text in [
        "set :a { 5 } task :t { puts a; }",
        "set(:a) { 5 } task(:t) { puts a; }",
        "set (:a) { 5 } task \"t\" { puts(a); }",
        "let name = \"a\"; set name { 5 } task \"t\", { puts a; }",
    ] {
        assert_eq!(prints(text), ["5"], "{text}");
    }
}

#[test]
fn a_blank_before_the_bracket_makes_it_part_of_the_argument() {
    assert_eq!(
        prints("task :t { puts (1 + 2) * 3; puts(1 + 2); puts (\"a\") + \"b\"; puts(); }"),
        ["9", "3", "ab", ""]
    );
}

#[test]
fn a_verb_without_arguments_ends_before_an_operator() {
    assert_eq!(
        prints("task :t { puts current_task + \"!\"; if current_task == \"t\" { puts [current_task, 1]; } }"),
        ["t!", "[\"t\", 1]"]
    );
}

#[test]
fn a_condition_gives_its_braces_to_no_verb() {
    let text = "task :t { if exists(:x) { puts 1; } else { puts 2; } if exists :x { puts 3; } else { puts 4; } \
                if fetch(:y, true) && !exists(:x) { puts 5; } for i in fetch(:z, [6]) { puts i; } \
                while fetch(:w, false) { } puts fetch(:a, 3) + fetch(:b, 4); }";
    assert_eq!(prints(text), ["2", "4", "5", "6", "7"]);
}

#[test]
fn the_words_of_verbs_are_names_where_a_name_is_meant() {
    let text = r#"
fn helper(run, set) { run + set }
task :t {
  let m = #{ run: 1, set: [2], task: 3, role: "web" };
  puts `${m.run} ${m.set[0]} ${m["task"]} ${m.role}`;
  m.run = 5;
  puts m.run;
  let role = 3; role += 1; puts role;
  const put = 6; puts put;
  puts helper(1, 2);
  for run in [7] { puts run; }
  try { throw "x"; } catch (warn) { puts warn; }
  let f = |desc| desc + 1; puts f.call(8);
  puts [1, 2].map(|set| set * 2);
}
"#;
    assert_eq!(prints(text), ["1 2 3 web", "5", "4", "6", "3", "7", "x", "9", "[2, 4]"]);
}

#[test]
fn symbols_take_every_word_and_are_texts() {
    let text = "task :t { puts `${:default} ${:use} ${:if} ${:run} ${:while}`; puts :a == \"a\"; puts [:a, :b].len(); \
                puts #{ a: :b }.a; puts \"x\" + :y; switch :a { \"a\" => puts(\"is a\"), _ => puts(\"no\") } }";
    assert_eq!(
        prints(text),
        ["default use if run while", "true", "2", "b", "xy", "is a"]
    );
    let text = "task :\"my-task\" { puts :\"a b\"; } namespace :n { task :b { puts \"b\"; } } \
                task :t { invoke :\"my-task\"; invoke :\"n:b\"; }";
    assert_eq!(prints(text), ["a b", "b"]);
}

#[test]
fn verbs_stand_in_texts_lists_maps_and_closures() {
    let case = recipe(
        "role :app, \"a\"; set :n, 2; task :t { puts `${capture(\"x\")} ${fetch(:n)} ${exists(:n)}`; \
         let l = [fetch(:n), capture(\"x\", :once => true)]; puts l[1]; let m = #{ a: fetch(:n) }; puts m.a; \
         let f = || capture(\"x\"); puts f.call(); puts capture(\"x\").len(); }",
    );
    case.script.on("*", "x", Answer::new().out("out"));
    assert_eq!(case.run(&["t"]).printed(), ["out 2 true", "out", "2", "out", "3"]);
}

#[test]
fn numbers_with_a_zero_in_front_are_octal() {
    assert_eq!(
        prints("task :t { puts 0644; puts `${010} ${0} ${8} ${0x10} ${-010}`; }"),
        ["420", "8 0 8 16 -8"]
    );
}

#[test]
fn a_name_that_is_task_and_namespace_is_the_task_as_a_statement() {
    let text = "namespace :deploy { task :default { puts \"all\"; } task :restart { puts \"restart\"; } \
                namespace :web { task :disable { puts \"disable\"; } } } \
                task :t { deploy; deploy(); deploy.restart; deploy.restart(); deploy.web.disable; \
                if true { deploy } invoke \"deploy:web:disable\"; }";
    assert_eq!(
        prints(text),
        ["all", "all", "restart", "restart", "disable", "all", "disable"]
    );
}

#[test]
fn every_row_of_a_verb_is_paired_with_what_it_does() {
    let rows: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
    let performed: Vec<&str> = PERFORMED.iter().map(|(verb, _)| verb.name).collect();
    assert_eq!(performed, rows);
}

#[test]
fn the_table_of_verbs_is_sorted_unique_documented_and_its_examples_run() {
    let names: Vec<_> = VERBS.iter().map(|verb| verb.name).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
    for verb in VERBS {
        assert!(verb.form.starts_with(verb.name), "{}", verb.name);
        assert!(verb.doc.contains('.') && verb.doc.ends_with('.'), "{}", verb.name);
        assert!(verb.example.contains(verb.name), "{}", verb.name);
        let mut case = recipe(verb.example);
        case.answers = vec!["an answer"; 3];
        case.local.on("*", "", Answer::new().out("hello\n"));
        let (loaded, ..) = case.load();
        let mut loaded = loaded.unwrap_or_else(|errors| panic!("{}: {errors:#?}", verb.name));
        if loaded.unknown_task("example").is_none() {
            let result = loaded.run(&["example".to_owned()]);
            assert!(result.is_ok(), "{}: {result:#?}", verb.name);
        }
    }
}
