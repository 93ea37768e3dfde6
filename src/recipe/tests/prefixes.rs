//! Tests of the words before the program at the beginning of a command.

use super::recipe;

const PREFIXES: &str = "role :app, \"a\"; set :ruby_map_bins, [\"rake\", \"bundle\"]; set :ruby_prefix { `env V=${version} ruby-exec` } \
                        set :gems_map_bins { [\"rake\"] } set :gems_prefix, [\"bundle\", \"exec\"]; \
                        append :command_prefixes, \"gems\"; set :command_prefixes, [\"ruby\"] + command_prefixes; set :version, 3; ";

/// Returns the lines that the server is given.
fn lines(body: &str) -> Vec<String> {
    let outcome = recipe(&format!("{PREFIXES} task :t {{ {body} }}")).run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    outcome.script.lines_on("a")
}

#[test]
fn the_program_that_a_command_begins_with_gets_what_belongs_before_it() {
    let whole = "env V=3 ruby-exec bundle exec rake";
    assert_eq!(
        lines("run \"rake a\"; run [\"rake\", \"a b\"]; stream \"rake\"; capture(\"bundle list\"); test(\"rake x\");"),
        [
            &format!("{whole} a"),
            &format!("{whole} 'a b'"),
            whole,
            "env V=3 ruby-exec bundle list",
            &format!("{whole} x"),
        ]
    );
    assert_eq!(
        lines("parallel |s| { s.when(\"app\", \"rake a\"); s.else(\"rake b\"); }"),
        [format!("{whole} a")]
    );
    assert_eq!(
        lines("set :sudo_prompt, \"\"; sudo \"rake a\", :as => \"app\";"),
        [format!("sudo -u app {whole} a")]
    );
}

#[test]
fn what_does_not_begin_with_the_program_stays_as_it_is() {
    for command in [
        "cd /x && rake a",
        "A=1 rake a",
        "/usr/bin/rake a",
        "raker a",
        "# What\nrake a",
    ] {
        assert_eq!(lines(&format!("run {command:?};")), [command]);
    }
    assert_eq!(lines("run \"rake a\", :prefix => false;"), ["rake a"]);
    let of_task = format!("{PREFIXES} task :t, :prefix => false {{ run \"rake a\"; }}");
    assert_eq!(recipe(&of_task).run(&["t"]).script.lines_on("a"), ["rake a"]);
    let local = recipe(&format!("{PREFIXES} task :t {{ run_locally \"rake a\"; }}")).run(&["t"]);
    assert_eq!(local.local.lines_on("localhost"), ["rake a"]);
}

#[test]
fn a_command_without_prefix_has_no_default_environment_in_the_words_of_capistrano_3() {
    let of = |dialect: &str| {
        let text = format!(
            "{dialect} default_environment[\"A\"] = \"1\"; role :app, \"a\"; \
             task :t {{ run \"x y\", :prefix => false, :env => #{{ B: 2 }}; run \"x\"; }}"
        );
        recipe(&text).run(&["t"]).script.lines_on("a")
    };
    let three = of("set :dialect, 3;");
    assert!(
        !three[0].contains("A=1") && three[0].contains("B=2") && three[1].contains("A=1"),
        "{three:?}"
    );
    assert!(of("set :dialect, 2;").iter().all(|line| line.contains("A=1")));
}

#[test]
fn an_entry_of_the_command_map_is_the_whole_of_what_is_run() {
    assert_eq!(
        lines("command_map[\"rake\"] = \"bin/rake\"; run \"rake a\"; run `cd x && ${prefixed(\"rake b\")}`;"),
        ["bin/rake a", "cd x && bin/rake b"]
    );
    assert_eq!(
        lines("run `cd x && ${prefixed([\"rake\", \"a b\"])}`;"),
        ["cd x && env V=3 ruby-exec bundle exec rake 'a b'"]
    );
}

#[test]
fn a_name_without_its_variables_is_told_and_no_other_program_needs_them() {
    let text = "role :app, \"a\"; set :command_prefixes, [\"gems\"]; task :t { run \"rake a\"; }";
    let outcome = recipe(text).run(&["t"]);
    let error = outcome.error();
    assert_eq!(
        error.message,
        "`command_prefixes' names `gems', but no variable `gems_map_bins' is set"
    );
    assert!(
        error.hints[0].contains("set :gems_prefix, \"bundle exec\";"),
        "{:?}",
        error.hints
    );
    let lazy = "role :app, \"a\"; set :command_prefixes, [\"gems\"]; set :gems_map_bins, [\"rake\"]; \
                set :gems_prefix { abort \"which?\" } task :t { run \"ls\"; }";
    assert_eq!(recipe(lazy).run(&["t"]).script.lines_on("a"), ["ls"]);
}
