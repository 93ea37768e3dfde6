//! docs/ssh.md, docs/failures.md, docs/security.md and docs/performance.md.

use super::{Page, line};
use crate::fleet::Fleet;
use crate::trial::{Place, Trial};

fn one(trial: Trial) -> Trial {
    trial.bare().before("role :app, \"app1\";")
}

#[test]
fn the_page_of_ssh_is_true() {
    let mut page = Page::read("docs/ssh.md");
    let fleet = Fleet::start(&["app1", "db1"]);
    page.recipe(
        "role :db, \"db1\", :ssh_options => #{ keys: \"~/.ssh/db\" }",
        Place::Top,
        Some(&fleet),
        |trial| {
            trial
                .bare()
                .without("IdentityFile")
                .key("../home/.ssh/db")
                .then("run \"touch /tmp/by-key\";")
                .on("db1", "ls /tmp/by-key", "/tmp/by-key")
        },
    );
    page.take("set :password { password_prompt(\"…\") }");
    page.instance(
        "set :password { password_prompt(\"Password: \") }",
        Place::Top,
        Some(&fleet),
        |trial| {
            one(trial)
                .without("IdentityFile")
                .then("run \"touch /tmp/by-password\";")
                .answer("Password: ", crate::fleet::PASSWORD)
                .never(crate::fleet::PASSWORD)
                .on("app1", "ls /tmp/by-password", "/tmp/by-password")
        },
    );
    page.take("capr check");
    line("capr check")
        .file("deploy.rhai", "set :password, \"opensesame\";")
        .run()
        .ok()
        .says("warning")
        .says("password");
    page.recipe("run `mysql -p${db_password}`", Place::Task, Some(&fleet), |trial| {
        one(trial.with("set :db_password, ENV[\"PW\"];"))
            .env("PW", "opensesame")
            .program("app1", "mysql", "echo \"$1\" > /tmp/mysql")
            .warns("the secret `db_password' stands in a command line")
            .says("a secret")
            .never("opensesame")
            .on("app1", "cat /tmp/mysql", "-popensesame")
    });
    page.done();
}

#[test]
fn the_page_of_failures_is_true() {
    let mut page = Page::read("docs/failures.md");
    let fleet = Fleet::start(&["app1"]);
    page.take("run …, :timeout => seconds");
    page.instance(
        "run \"sleep 20\", :timeout => 0.3",
        Place::Task,
        Some(&fleet),
        |trial| one(trial).code(1).says("app1: timed out after"),
    );
    page.take("set :capture_limit, MIB");
    page.instance("set :capture_limit, 1", Place::Top, Some(&fleet), |trial| {
        one(trial)
            .then("puts capture(\"head -c 2000000 /dev/zero\").len();")
            .code(1)
            .says("capture_limit")
    });
    page.take("set :heartbeat, SECONDS");
    page.instance("set :heartbeat, 1", Place::Top, Some(&fleet), |trial| {
        one(trial).then("run \"sleep 3\";").says("still running after ")
    });
    page.take("capr … | less");
    assert_eq!(line("capr t | cat").run().ok().stdout, "it\n");
    page.take("capr … &");
    assert_eq!(line("capr t & wait $!").run().ok().stdout, "it\n");
    page.not_run("capr RECIPE resume", "it needs a run that died: `resume` tries it");
    page.recipe("set :journal, false;", Place::Top, None, |trial| {
        trial.bare().then("puts journal;").prints("false\n")
    });
    page.not_run("before the command was started", "words of a message");
    page.not_run("sudo -n", "a call of the program, which capr makes");
    page.done();
}

#[test]
fn the_pages_of_security_and_performance_are_true() {
    let fleet = Fleet::start(&["app1"]);
    let mut page = Page::read("docs/security.md");
    page.take("capr -v");
    line("capr -v t")
        .file("deploy.rhai", "role :app, \"app1\"; task :t { run \"true\"; }")
        .on(&fleet)
        .run()
        .ok()
        .says("curve25519");
    page.take("capr --version");
    line("capr --version").run().ok().says(env!("CARGO_PKG_VERSION"));
    page.done();
    let mut page = Page::read("docs/performance.md");
    page.recipe("set :default_shell, false", Place::Top, Some(&fleet), |trial| {
        one(trial)
            .then("run \"echo $0 > /tmp/shell\";")
            .on("app1", "cat /tmp/shell", "bash")
    });
    page.take("capr --version");
    page.done();
}
