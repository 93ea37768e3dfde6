//! Tests of templates and of functions for strings.

use super::{prints, recipe};

#[test]
fn a_template_takes_the_pairs_before_the_variables_and_lazy_ones_are_evaluated() {
    let text = r#"set :application, "a<b"; set :branch { "main" } set :list, ["x", "y"];
        task :t { puts render(:template => "{{ application }} {{ branch }} {% for x in list %}{{ x }}{{ n }}{% endfor %}", :n => 1, :branch => "other"); }"#;
    assert_eq!(prints(text), ["a<b other x1y1"]);
}

#[test]
fn what_is_true_or_false_is_written_so() {
    let text = r#"set :a, true; set :list, [false];
        task :t { puts render(:template => "{{ a }} {{ not a }} {% for x in list %}{{ x }}{% endfor %} {{ a and 'b' }}"); }"#;
    assert_eq!(prints(text), ["true false false b"]);
}

#[test]
fn variables_are_evaluated_in_the_order_of_the_template() {
    let text = r#"set :user { puts "user"; "u" } set :pg_user { puts "pg_user"; "p" } set :a_host { puts "host"; "h" } set :zone { puts "zone"; "z" }
        task :t { puts render(:template => "user: {{ zone }} {% if pg_user == user %}{% endif %}{{ a_host }}"); }"#;
    assert_eq!(prints(text), ["zone", "pg_user", "user", "host", "user: z h"]);
}

#[test]
fn a_name_that_is_nothing_is_an_error_with_the_line_and_without_values() {
    let text = "set :secret, \"hunter2\"; task :t { render(:template => \"a\\n{{ secret }}{{ nope }}\"); }";
    let error = recipe(text).run(&["t"]).error().clone();
    assert!(error.message.starts_with("template, line 2: "), "{error:?}");
    assert!(!error.message.contains("hunter2"));
    let error = recipe("task :t { render(); }").run(&["t"]).error().clone();
    assert_eq!(error.message, "`render' takes either a file or a template");
    let error = recipe("task :t { render(\"no/such/file\"); }")
        .run(&["t"])
        .error()
        .clone();
    assert!(
        error.message.starts_with("cannot read the template no/such/file"),
        "{error:?}"
    );
}

#[test]
fn what_a_template_misses_is_named_with_the_name_like_it() {
    for (template, message, hint) in [
        (
            "{{ applicatoin }}",
            "line 1: `applicatoin' has no value",
            Some("did you mean `application'?"),
        ),
        (
            "a\\n{{ m.prot }}",
            "line 2: `m.prot' has no value",
            Some("did you mean `port'?"),
        ),
        (
            "{{ m.inner.x }}{{ nope }}",
            "line 1: `m.inner.x', `nope' have no value",
            None,
        ),
        ("{{ m.empty }}", "line 1: `m.empty' has no value", None),
        (
            "{% for x in list %}{{ x.y }}{% endfor %}",
            "line 1: undefined value",
            None,
        ),
        ("{{ range(2) }}{{ nope }}", "line 1: `nope' has no value", None),
    ] {
        let text = format!(
            "set :application, \"a\"; set :m, #{{ port: 1, inner: #{{}}, empty: () }}; set :list, [#{{}}];
             task :t {{ puts render(:template => \"{template}\"); }}"
        );
        let error = recipe(&text).run(&["t"]).error().clone();
        assert_eq!(error.message, format!("template, {message}"));
        let told = error.hints.iter().find(|hint| hint.starts_with("did you mean"));
        assert_eq!(told.map(String::as_str), hint, "{template}");
    }
}

#[test]
fn texts_are_taken_apart_by_lines_and_regular_expressions() {
    let text = r#"task :t {
        puts matches("release 12", "\\d+");
        puts captures("* main", "\\* (\\S+)")[1];
        puts captures("x", "y") == ();
        puts gsub("a-b-c", "-(.)", "+$1");
        puts lines("a\nb\r\nc").len();
        puts chomp("text\r\n") + "|";
    }"#;
    assert_eq!(prints(text), ["true", "main", "true", "a+b+c", "3", "text|"]);
    for (pattern, reason) in [
        ("(", "`(' is not a regular expression: unclosed group"),
        (
            "(a{999}){999}",
            "`(a{999}){999}' is not a regular expression: it is too large",
        ),
    ] {
        let outcome = recipe(&format!("task :t {{ matches(\"x\", \"{pattern}\"); }}")).run(&["t"]);
        assert_eq!(outcome.error().message, reason);
    }
}

#[test]
fn regular_expressions_know_letters_of_every_language() {
    let text = r#"task :t {
        puts matches("Ä", `^\p{Lu}\w*$`); puts matches("STRASSE ΣΑΣ", `(?i)^strasse σας$`); puts matches("a\u00a0b", `a\sb`);
    }"#;
    assert_eq!(prints(text), ["true", "true", "true"]);
}

#[test]
fn strip_gives_a_text_and_json_is_read() {
    let text = r#"task :t {
        puts "|" + strip("  a b\n") + "|";
        puts "\n x".strip();
        let read = parse_json(`{"a": [1, 2.5, "x\u00e9", null, true], "role": {"set": -3}}`);
        puts read.a; puts read.role.set;
        puts parse_json("[]").len(); puts parse_json("\"text\"");
    }"#;
    assert_eq!(
        prints(text),
        ["|a b|", "x", "[1, 2.5, \"xé\", (), true]", "-3", "0", "text"]
    );
    for wrong in ["", "{", "1, \"b\": 2", "run(1)", "1 } {"] {
        let text = format!("task :t {{ parse_json(`{wrong}`); }}");
        let outcome = recipe(&text).run(&["t"]);
        let message = &outcome.error().message;
        assert!(
            message.starts_with("the string is no JSON in line 1"),
            "{wrong}: {message}"
        );
    }
}
