//! The words of the command line that tell a task something: `capr 'copy[live,test]'`.

use crate::harness::{Case, Finished};

const RECIPE: &str = r#"
desc "Copies.";
task :copy, :arguments => ["from", "to", "*more"] {
  puts `${ENV["from"] ?? "-"} ${ENV["to"] ?? "-"} ${ENV["more"] ?? "-"}`;
}
task :one, :arguments => ["name"] { puts `one ${ENV["name"] ?? "-"}`; }
task :none { puts "none"; }
"#;

fn run(words: &[&str]) -> Finished {
    Case::new().recipe(RECIPE).args(words).run()
}

#[test]
fn words_in_brackets_are_the_arguments_of_a_task_as_in_rake() {
    for (word, said) in [
        ("copy", "- - -"),
        ("copy[]", "- - -"),
        ("copy[live]", "live - -"),
        ("copy[live, test ]", "live test -"),
        ("copy[,test]", "- test -"),
        ("copy[a b,c,d, e]", "a b c d,e"),
    ] {
        assert_eq!(run(&[word, "-q"]).ok().stdout, format!("{said}\n"), "{word}");
    }
    let both = run(&["copy[a]", "one[b]", "-q", "to=c"]).ok();
    assert_eq!(both.stdout, "a c -\none b\n");
    run(&["copy", "-T"]).code(2);
    assert_eq!(
        run(&["-T", "copy"]).ok().stdout,
        "capr copy[from,to,*more]   # Copies.\n"
    );
}

#[test]
fn what_cannot_be_told_is_a_usage_error() {
    run(&["one[a]", "one[b]"])
        .code(2)
        .says("`one[a]' and `one[b]' both set name");
    run(&["one[a]", "one[a]", "-n"]).ok();
    run(&["none[a]"])
        .code(2)
        .says("the task `none' takes nothing in brackets");
    run(&["nine[a]"]).code(2).says("the task `nine[a]' does not exist");
    for list in ["[\"\"]", "[\"a=b\"]", "[\"*a\", \"b\"]"] {
        let recipe = format!("task :t, :arguments => {list} {{ }}");
        let case = Case::new().recipe(&recipe).args(["t"]);
        case.run().code(3).says("cannot be an argument of a task");
    }
}
