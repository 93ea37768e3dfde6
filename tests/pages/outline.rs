//! The part of docs/command-line.md about `capr tree`, `explain` and `graph`.

use super::Page;
use crate::harness::Case;

/// Tries what it says of questions and logins.
pub(super) fn asks(page: &mut Page) {
    page.not_run(
        "set :protected, true;",
        "tests/consent.rs does it, with and without a terminal",
    );
    page.take("capr run");
    page.take("capr ssh [RECIPE] [STAGE] SERVER [-- COMMAND]");
    page.take("capr report LOG [--report FILE] [--trace FILE]");
    let recipe = "task :t { puts \"it\"; }\n";
    let made = page.block("capr deploy.rhai t --log-format json");
    let made = Case::new().file("deploy.rhai", recipe).shell(&made).run().ok();
    assert!(made.file("run.html").contains("<title>capr t: done</title>"));
    let recipe = "role :app, \"app1.example.com\";\ntask :t { puts \"it\"; }\n";
    let shown = Case::new()
        .file("deploy.rhai", recipe)
        .shell("capr ssh -n app1")
        .run()
        .ok();
    assert!(shown.stdout.ends_with("-- app1.example.com\n"), "{}", shown.stdout);
}

/// Tries what it says of `capr tree`, `explain` and `graph`.
pub(super) fn tries(page: &mut Page) {
    for named in ["tree", "explain", "graph"] {
        page.take(&format!("capr {named}"));
    }
    page.take("capr tree [RECIPE] [STAGE] TASK… [--json]");
    page.take("capr explain [RECIPE] [STAGE] TASK [--json]");
    page.take("capr graph [RECIPE] [STAGE] [TASK]… [--format dot|mermaid|svg]");
    let recipe = page.block("role :app, \"app1.example.com\", \"app2.example.com\";\n\ntask :restart");
    let run = |line: &str| Case::new().file("deploy.rhai", &recipe).shell(line).run().ok();
    let tree = page.block("$ capr tree ");
    let (command, shown) = tree.trim_start_matches("$ ").split_once('\n').unwrap();
    assert_eq!(run(command).stdout, shown);
    run("capr explain deploy.rhai restart").says("runs with sudo: systemctl restart shop");
    let drawn = page.block("capr graph deploy.rhai ");
    assert!(run(&drawn).file("tasks.svg").contains(">restart</text>"));
}
