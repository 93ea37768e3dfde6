//! Tests of the messages for verbs that are used wrongly: each says how to use the verb.

use super::recipe;
use crate::diagnostic::Diagnostic;

/// A piece of a recipe, the message, and the beginning of a hint.
const CASES: &[(&str, &str, &str)] = &[
    (
        "role :a, \"b\"; task :x { run \"y\", :stdin => \"z\", :data => \"text\"; }",
        "a command reads either `data' or `stdin', not both",
        "",
    ),
    (
        "role :a, \"b\"; task :x { run \"y\", :stdin => \"z\", :pty => true; }",
        "a terminal would change what is read from `stdin'; leave out `pty'",
        "",
    ),
    (
        "role :a, \"b\"; task :x { run \"y\", :stdin => #{ a: 1 }; }",
        "`stdin' must be the name of a local file",
        "",
    ),
    (
        "set :x;",
        "`set :x' has neither a value nor a block",
        "it is written: set",
    ),
    (
        "set :x, 1 { 2 }",
        "`set :x' has both a value and a block",
        "it is written: set",
    ),
    (
        "set :X, 1;",
        "`X' cannot be the name of a variable",
        "a name begins with",
    ),
    ("unset;", "`unset' takes one argument, not 0", "it is written: unset"),
    (
        "reset :a, :b;",
        "`reset' takes one argument, not 2",
        "it is written: reset",
    ),
    (
        "role;",
        "`role' takes at least 1 argument, not 0",
        "it is written: role",
    ),
    ("server \"x\";", "`server \"x\"' names no role", "it is written: server"),
    (
        "role :a, \"x y\";",
        "`x y' is not a server: a host begins with no dash and has no blanks and none of '`\"$\\;&<>|(){},",
        "",
    ),
    (
        "namespace :a { role :b, \"c\"; }",
        "`role' cannot stand in a namespace: roles belong to the whole recipe",
        "",
    ),
    ("task :x;", "task `x' has no body", "it is written: task"),
    (
        "task :x, :rols => :app { }",
        "`task' has no option `rols'",
        "did you mean `roles'?",
    ),
    (
        "namespace :a;",
        "namespace `a' has no block",
        "it is written: namespace",
    ),
    ("alias_task :a, :tt;", "the task `tt' does not exist", ""),
    (
        "before :t;",
        "`before' has neither a task nor a block",
        "it is written: before",
    ),
    (
        "after :t, :u { }",
        "`after' has both tasks and a block",
        "it is written: after",
    ),
    ("on :begin { }", "there is no event `begin'", "it is one of before"),
    (
        "on :start, :t, :onyl => :t;",
        "`on' has no option `onyl'",
        "did you mean `only'?",
    ),
    (
        "task :t { run; }",
        "`run' takes one argument, not 0",
        "it is written: run",
    ),
    (
        "task :t { run \"a\", :timeout => \"x\"; }",
        "`timeout' must be a number of seconds",
        "",
    ),
    (
        "task :t { run \"a\", :env => #{ \"A-B\": 1 }; }",
        "`A-B' in `env' cannot be the name of an environment variable",
        "",
    ),
    (
        "task :t { run \"a\", :max_hosts => 0; }",
        "`max_hosts' must be a number from 1",
        "",
    ),
    (
        "task :t { run \"a\", :on_error => :ignore; }",
        "`on_error' is :continue or :error",
        "",
    ),
    (
        "task :t { run \"a\", :on_no_matching_servers => true; }",
        "`on_no_matching_servers' is :continue or :error",
        "",
    ),
    (
        "task :t { run \"a\", :only => :primary; }",
        "`only' must be a map: #{ primary: true }",
        "",
    ),
    (
        "task :t { run \"a\", :pty => \"yes\"; }",
        "`pty' must be true or false",
        "",
    ),
    (
        "task :t { sudo \"a\", :sa => \"b\"; }",
        "`sudo' has no option `sa'",
        "did you mean `as'?",
    ),
    (
        "task :t { invoke_command \"a\", :via => :scp; }",
        "`via' is :run, :sudo or :try_sudo, not :scp",
        "it is written: invoke_command",
    ),
    (
        "task :t { test; }",
        "`test' takes one argument, not 0",
        "it is written: test",
    ),
    (
        "task :t { system \"a\", :roles => :app; }",
        "`system' has no option `roles'",
        "",
    ),
    (
        "task :t { run_locally \"a\", :result => 1; }",
        "`result' must be true or false",
        "",
    ),
    (
        "task :t { find_servers(:role => :app); }",
        "`find_servers' has no option `role'",
        "did you mean `roles'?",
    ),
    (
        "task :t { parallel; }",
        "`parallel' has no block",
        "it is written: parallel",
    ),
    (
        "task :t { parallel |s| { } }",
        "the block of `parallel' has no command",
        "it is written: parallel",
    ),
    (
        "task :t { put \"a\"; }",
        "`put' takes 2 arguments, not 1",
        "it is written: put",
    ),
    (
        "task :t { put \"a\", \"/b\", :mode => 99999; }",
        "`mode' must be a number from 0 to 07777",
        "",
    ),
    (
        "set :public_file, 644; task :t { put \"a\", \"/b\", :mode => public_file; }",
        "`mode' must be octal: 644 is 0o1204; write 0644",
        "",
    ),
    (
        "set :public_file, 400; task :t { put \"a\", \"/b\", :mode => public_file; }",
        "`mode' must be octal: 400 is 0o620; write 0400",
        "",
    ),
    (
        "task :t { get \"a\", \"/b\", :mode => 500; }",
        "`mode' must be octal: 500 is 0o764; write 0500",
        "",
    ),
    (
        "task :t { upload \"a\", \"/b\", :mode => \"-R\"; }",
        "`mode' must be octal (0644) or as chmod takes it (\"u=rw,go=r\"), not \"-R\"",
        "",
    ),
    (
        "task :t { get \"a\"; }",
        "`get' takes 2 arguments, not 1",
        "it is written: get",
    ),
    (
        "task :t { delete \"\"; }",
        "`delete' needs a path, not an empty string",
        "it is written: delete",
    ),
    (
        "task :t { render; }",
        "`render' takes either a file or a template",
        "it is written: render",
    ),
    (
        "task :t { render \"a\", :template => \"b\"; }",
        "`render' takes either a file or a template",
        "it is written: render",
    ),
    (
        "task :t { render(:template => \"{{ nothing_so }}\"); }",
        "template, line 1: `nothing_so' has no value",
        "a template's names",
    ),
    (
        "task :t { transaction; }",
        "`transaction' has no block",
        "it is written: transaction",
    ),
    (
        "task :t { on_rollback; }",
        "`on_rollback' has no block",
        "it is written: on_rollback",
    ),
    (
        "task :t { invoke \"deploy:restrat\"; }",
        "the task `deploy:restrat' does not exist",
        "did you mean `deploy:restart'?",
    ),
    (
        "task :t { choose \"a\"; }",
        "`choose' takes 2 to 3 arguments, not 1",
        "it is written: choose",
    ),
    (
        "task :t { ask; }",
        "`ask' takes 1 to 2 arguments, not 0",
        "it is written: ask",
    ),
    (
        "task :t { info; }",
        "`info' takes one argument, not 0",
        "it is written: info",
    ),
    (
        "require \"notfy\";",
        "no library `notfy' found",
        "did you mean `notify'?",
    ),
];

/// Returns the error of a piece: when it is loaded or, if nothing is found then, when its task runs.
fn error(piece: &str) -> Diagnostic {
    let text = format!("role :app, \"app1\";\n{piece}\n");
    match recipe(&text).load().0 {
        Err(errors) => errors[0].clone(),
        Ok(_) => recipe(&text).run(&["t"]).error().clone(),
    }
}

#[test]
fn a_verb_that_is_used_wrongly_says_how_it_goes() {
    for (piece, message, hint) in CASES {
        let error = error(piece);
        assert_eq!(error.message, *message, "{piece}");
        let hints = &error.hints;
        assert!(
            hint.is_empty() || hints.iter().any(|given| given.starts_with(hint)),
            "{piece}: {hints:?}"
        );
        let origin = error.origin.unwrap_or_else(|| panic!("{piece}: no place"));
        assert_eq!((origin.line, error.line.as_deref()), (2, Some(*piece)), "{piece}");
    }
}
