//! docs/start.md and docs/basics.md.

use super::Page;
use super::transcript::Transcript;
use crate::fleet::Fleet;
use crate::trial::{Place, Trial};

#[test]
fn the_first_page_is_true_from_nothing_to_a_rollback() {
    let mut page = Page::read("docs/start.md");
    let fleet = Fleet::start(&["app1", "app2"]);
    // What scripts/fleet does to the repository of its own servers.
    let commit = "#!/bin/sh\nset -e\ngit clone -q \"$FLEET_GIT\" clone\ncd clone\necho \"$3\" > \"$2\"\ngit add -A\n\
                  git -c user.name=me -c user.email=me@example.com commit -q -m change\ngit push -q origin HEAD\necho committed\n";
    let codes = Transcript::read("docs/start.md").run(Some(&fleet), &[("scripts/fleet", commit)]);
    assert_eq!(codes, [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    for host in ["app1", "app2"] {
        assert!(fleet.exists(host, "/u/apps/shop/current/VERSION"), "{host}");
        assert!(!fleet.exists(host, "/u/apps/shop/current/LICENSE"), "{host}");
    }
    for beginning in ["// deploy.rhai", "// added to deploy.rhai"] {
        page.block(beginning);
    }
    for call in [
        "capr check",
        "capr doctor",
        "capr setup",
        "capr port .",
        "capr init",
        "capr help",
    ] {
        page.not_run(call, "typed above, or the subject of another page");
    }
    page.recipe("set :deploy_to, \"/home/deploy/shop\";", Place::Top, None, |trial| {
        trial.bare().then("puts deploy_to;").prints("/home/deploy/shop\n")
    });
    page.done();
}

/// Returns the results of the pieces of docs/basics.md, in their order.
fn expected() -> Vec<fn(Trial) -> Trial> {
    vec![
        |trial| trial.prints("hello\n"),
        |trial| trial.says("uptime"),
        |trial| trial.prints("listening on 3000, or 3001\n"),
        |trial| trial.on("app1", "cat /tmp/title", "it's me & you"),
        |trial| trial.prints("/srv/shop\n"),
        |trial| trial.prints("the kernel is Linux\n"),
        |trial| trial.prints("2 directories, database on db1\n"),
        |trial| trial.prints("go ahead with staging\ncareful\n"),
        |trial| trial.prints("main\n"),
        |trial| trial.calls(&["copy[live,test]"]).prints("from live to test\n"),
        |trial| trial.prints("https://app1/up\n"),
        |trial| {
            trial
                .prints("restarted\n")
                .on("app1", "ls /tmp/restarted", "/tmp/restarted")
        },
        |trial| trial.prints("there is none\n"),
    ]
}

#[test]
fn the_page_of_the_language_is_true() {
    let mut page = Page::read("docs/basics.md");
    let fleet = Fleet::start(&["app1"]);
    let blocks = super::blocks("docs/basics.md");
    let (wrong, right) = blocks.split_last().unwrap();
    let expected = expected();
    assert_eq!(right.len(), expected.len());
    for (block, expected) in right.iter().zip(expected) {
        page.recipe(block, Place::Top, Some(&fleet), |trial| expected(trial.bare()));
    }
    page.take(wrong);
    assert_eq!(Transcript::read("docs/basics.md").run(None, &[]), [3]);
    page.recipe("set(:greeting, \"hello\")", Place::Top, None, |trial| {
        trial.bare().then("puts greeting;").prints("hello\n")
    });
    page.recipe("fetch(:app_port, 3000)", Place::Task, None, |trial| {
        trial.bare().then("puts fetch(:app_port, 3000);").prints("3000\n")
    });
    page.recipe("exists(:app_port)", Place::Task, None, |trial| {
        trial.bare().then("puts exists(:app_port);").prints("false\n")
    });
    page.recipe("#{ host: \"db1\", port: 5432 }", Place::Task, None, |trial| {
        trial
            .bare()
            .then("puts #{ host: \"db1\", port: 5432 }.port;")
            .prints("5432\n")
    });
    page.recipe("invoke \"app:restart\";", Place::Task, None, |trial| {
        let task = "namespace :app { task :restart { puts \"restarted\"; } }";
        trial.bare().with(task).prints("restarted\n")
    });
    page.recipe("abort \"not today\";", Place::Task, None, |trial| {
        trial.bare().code(1).says("not today")
    });
    page.recipe("load \"tasks/db\";", Place::Top, None, |trial| {
        trial
            .bare()
            .file("tasks/db.rhai", "task :t { puts \"loaded\"; }")
            .prints("loaded\n")
    });
    page.recipe("require \"notify\";", Place::Top, None, |trial| {
        trial.bare().then("puts \"there\";").prints("there\n")
    });
    for words in ["#{", "key => value"] {
        page.not_run(words, "a form, not a piece of a recipe");
    }
    for call in [
        "capr t",
        "capr 'copy[live,test]'",
        "capr t -s app_port=4000",
        "capr -T",
        "capr check",
        "capr help run",
    ] {
        page.take(call);
    }
    page.done();
}
