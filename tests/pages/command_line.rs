//! docs/command-line.md, docs/json-log.md and docs/editors.

use std::fs;

use regex::Regex;
use serde_json::Value;

use super::{Page, line, ok};
use crate::fleet::Fleet;
use crate::fleet::place::checkout;
use crate::harness::Case;
use crate::trial::Place;

#[test]
fn the_page_of_the_command_line_is_true() {
    let mut page = Page::read("docs/command-line.md");
    let fleet = Fleet::start(&["app1"]);
    page.take("capr --help");
    ok("capr --help").says("--servers");
    page.take("capr r.rhai check");
    let finished = line("capr r.rhai check")
        .file("r.rhai", "task :check { puts \"a task\"; }")
        .run()
        .ok();
    assert_eq!(finished.stdout, "a task\n");
    page.take("capr check");
    ok("capr check").says("nothing wrong found");
    page.recipe(
        "set :kernel { capture(\"uname\") }",
        Place::Top,
        Some(&fleet),
        |trial| {
            trial
                .bare()
                .before("role :app, \"app1\";")
                .then("puts kernel;")
                .prints("Linux\n")
        },
    );
    page.take("fetch(:name)");
    line("capr check")
        .file("deploy.rhai", "task :t { puts fetch(:name); }")
        .run()
        .ok()
        .says("warning")
        .says("name");
    page.take("set :user, `whoami`.chomp()");
    line("capr check")
        .file("deploy.rhai", "set :user, `whoami`.chomp();")
        .run()
        .ok()
        .says("warning")
        .says("whoami");

    // Whose recipes are run.
    page.take("capr -f FILE TASK");
    page.take("capr ./Caprfile TASK");
    let others = |call: &str| {
        line(&format!("rm deploy.rhai; chown 65534 Caprfile; {call}"))
            .file("Caprfile", "task :t { puts \"theirs\"; }")
            .run()
    };
    others("capr t").code(3).says("Caprfile").says("-f").silent_on("theirs");
    for call in ["capr -f Caprfile t", "capr ./Caprfile t"] {
        assert_eq!(others(call).ok().stdout, "theirs\n");
    }

    page.take("capr check [RECIPE] [STAGE] [--json]");
    ok("capr check deploy.rhai").says("nothing wrong found");
    let found = line("capr check deploy.rhai --json")
        .file("deploy.rhai", "runn \"x\";")
        .run()
        .code(3);
    let found: Value = serde_json::from_str(found.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(found["type"], "error");
    page.take("capr [RECIPE] TASK… --servers [--json]");
    let addressed = "role :app, \"app1\"; task :t, :roles => :app { run \"true\"; } task :u { }";
    line("capr t u --servers")
        .file("deploy.rhai", addressed)
        .run()
        .ok()
        .says("t: roles: app\n  app1  app\n");
    let told = line("capr deploy.rhai t --servers --json")
        .file("deploy.rhai", addressed)
        .run()
        .ok();
    let told: Value = serde_json::from_str(told.stdout.trim()).unwrap();
    assert_eq!(told["servers"][0]["server"], "app1");
    page.take("capr vars [RECIPE] [STAGE] [NAME]… [--values] [--json]");
    vars();
    let example = page.block("$ capr vars flipper.rhai");
    let (call, shown) = example.split_once('\n').unwrap();
    let recipe = "/// How many workers the application has.\nset_default :workers { 2 }\n\
                  set :branch, \"main\";\nset :workers, 4;\n";
    let finished = line(call.trim_start_matches("$ "))
        .file("flipper.rhai", recipe)
        .run()
        .ok();
    assert_eq!(finished.stdout, shown);
    shell(&mut page);
    dry_run(&page.block("$ capr deploy.rhai deploy -n"));
    page.take("capr help COMMAND");
    page.take("capr COMMAND --help");
    page.take("capr version");
    ok("capr version").says("capr 0.");
    for call in ["capr help vars", "capr vars --help"] {
        ok(call).says("Usage: capr vars [RECIPE]");
    }
    page.take("capr help [COMMAND|TOPIC|NAME]");
    page.take("capr help");
    ok("capr help").says("capr help TOPIC");
    page.take("capr help deploy");
    ok("capr help deploy").says("Deploying");
    page.take("capr help all");
    ok("capr help all").says("# Deploying").says("### on_rollback");
    page.take("capr help on_rollback");
    ok("capr help on_rollback").says("on_rollback {");
    page.take("capr manual DIR");
    page.take("capr manual ~/.local/share/man");
    ok("capr manual ~/.local/share/man && ls ~/.local/share/man/man1").says("capr-check.1");
    let commands = page.block("$ capr run -- uptime");
    page.take("capr run [RECIPE] [STAGE] -- COMMAND");
    fleet.sh("app1", "touch \"/tmp/it's here\"");
    let run = |call: &str| line(call).file("deploy.rhai", "role :app, \"app1\";").on(&fleet).run();
    for (call, said) in commands.lines().zip(["load average", "/", "/tmp/it's here"]) {
        run(call.trim_start_matches("$ ")).ok().says("executing").says(said);
    }
    run("capr run -n -- uptime")
        .ok()
        .says("dry run")
        .silent_on("load average");
    run("capr run -- 'exit 3'").code(1).says("exit status 3");
    run("capr run").code(2).says("capr run -- uptime");
    run("capr run t -- uptime").code(2).says("`t'");
    run("capr t -- uptime").code(2).says("behind `--'");
    run("capr run HOSTS=192.0.2.1.invalid,app1 -- uptime")
        .code(4)
        .says("load average")
        .says("going on without");
    super::outline::tries(&mut page);
    super::outline::asks(&mut page);
    page.take("capr doctor [RECIPE] [STAGE] [--json]");
    ok("capr doctor deploy.rhai")
        .says("this machine\n")
        .says("no server is named");
    page.take("capr definitions [RECIPE] [STAGE]");
    ok("capr definitions").says("fn run");
    ok("capr definitions deploy.rhai").says("Say it.");
    page.take("capr fmt [FILE|DIR]... [--check] [--stdin]");
    let commands = page.block("capr fmt ");
    assert_eq!(commands.lines().count(), 4, "{commands}");
    ok(
        "mkdir -p config lib/capr; capr fmt && capr fmt config lib/capr && capr fmt --check . && capr fmt --stdin < deploy.rhai",
    );
    page.take("capr port FILE|DIR... [--out DIR] [--force] [--check] [--json]");
    let ruby = "printf \"set :application, 'x'\\nrole :app, 'a'\\n\" > old.rb";
    let made = ok(&format!(
        "{ruby}; capr port old.rb --out made && capr port --check --json old.rb"
    ));
    assert!(made.file("made/old.rhai").contains("set :application, \"x\";"));
    page.not_run(
        "capr RECIPE deploy:lock \"upgrade of the database\"",
        "it is run on the page of deploys",
    );
    page.take("capr init [DIR] [OPTIONS]");
    let made = ok("rm deploy.rhai; capr init; mkdir other; capr init other; capr -T");
    for file in [
        "Caprfile",
        "config/deploy.rhai",
        "other/Caprfile",
        "other/config/deploy.rhai",
    ] {
        assert!(!made.file(file).is_empty());
    }
    line("capr init missing").run().code(1);
    for command in page.block("capr init shop --kind node").lines() {
        ok(&format!("mkdir shop; {command}")).says("[add] config/deploy.rhai");
    }
    let sharing: Vec<String> = page
        .left
        .iter()
        .filter(|one| one.starts_with("capr lib "))
        .cloned()
        .collect();
    for call in sharing {
        page.not_run(&call, "docs/sharing.md runs it");
    }
    completions(&mut page);
    releases(&mut page);
    page.done();
}

/// Tries the lines of the shell that the table describes, through a pipe.
fn shell(page: &mut Page) {
    page.take("capr shell [RECIPE] [STAGE]");
    page.take("capr RECIPE STAGE shell");
    for line in [
        "on SERVERS",
        "on SERVERS COMMAND",
        "on all",
        "set -v N",
        "set :name value",
        "with ROLES",
        "with ROLES COMMAND",
        "with all",
    ] {
        page.take(line);
    }
    for line in ["set -o vi", "set -o emacs"] {
        page.not_run(line, "keys of a terminal");
    }
    let fleet = Fleet::start(&["app1", "db1"]);
    let recipe = "role :app, \"app1\"; role :db, \"db1\"; set :name, \"old\"; task :shows { puts name; run \"touch /tmp/task\"; }";
    let lines = "touch /tmp/all\nwith app touch /tmp/with\non db1 touch /tmp/on\nwith app\ntouch /tmp/scoped\n!shows\non all\n\
                 touch /tmp/unscoped\nset :name value\nset -v 0\n!shows\n# nothing\nhelp\nexit\ntouch /tmp/never\n";
    for call in ["capr shell deploy.rhai live", "capr deploy.rhai live shell"] {
        for host in ["app1", "db1"] {
            fleet.sh(host, "rm -rf /tmp/*");
        }
        let finished = line(&format!("{call} < lines"))
            .file("deploy.rhai", recipe)
            .file("config/deploy/live.rhai", "set :live, true;")
            .file("lines", lines)
            .on(&fleet)
            .run()
            .ok();
        assert!(finished.stdout.starts_with("old\nvalue\n"), "{}", finished.stdout);
        assert_eq!(
            fleet.list("app1", "/tmp"),
            ["all", "scoped", "task", "unscoped", "with"],
            "{call}"
        );
        assert_eq!(fleet.list("db1", "/tmp"), ["all", "on", "task", "unscoped"], "{call}");
    }
}

/// On a terminal, as the page shows it.
fn dry_run(example: &str) {
    let recipe = "role :app, \"app1.example.com\", \"app2.example.com\";\n\
        task :deploy, :roles => :app { transaction { run \"# Make the release\\n1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\\n10\"; \
        sudo \"systemctl restart app\", :env => #{ RAILS_ENV: \"production\" }, :once => true; } }\n";
    let (call, shown) = example.split_once('\n').unwrap();
    let call = format!("{} --log-format pretty", call.trim_start_matches("$ "));
    let said = line(&call).file("deploy.rhai", recipe).run().ok().stderr;
    assert!(said.starts_with(shown), "{said}");
}

fn vars() {
    let recipe = "set :a, 1;";
    line("capr vars a")
        .file("deploy.rhai", recipe)
        .run()
        .ok()
        .says("deploy.rhai:1");
    line("capr vars deploy.rhai a --values")
        .file("deploy.rhai", recipe)
        .run()
        .ok()
        .says("= 1");
    let told = line("capr vars deploy.rhai live a --values --json")
        .file("deploy.rhai", recipe)
        .file("config/deploy/live.rhai", "set :a, 2;")
        .run()
        .ok();
    let told: Value = serde_json::from_str(told.stdout.trim()).unwrap();
    assert_eq!(
        (&told["value"], &told["set"]["file"]),
        (&Value::from(2), &Value::from("config/deploy/live.rhai"))
    );
}

fn completions(page: &mut Page) {
    page.take("capr completions SHELL");
    let block = page.block("eval \"$(capr completions bash)\"");
    let lines: Vec<&str> = block
        .lines()
        .map(|line| line.split(" #").next().unwrap().trim_end())
        .collect();
    assert_eq!(lines.len(), 3, "{block}");
    ok(&format!("{}; complete -p capr", lines[0])).says("-F _clap_complete_capr");
    ok(&lines[1].replace("eval \"$(", "").replace(")\"", "")).says("#compdef capr");
    ok(&lines[2].replace(" | source", "")).says("complete --keep-order --exclusive --command capr");
    for shell in ["elvish", "powershell"] {
        assert!(!ok(&format!("capr completions {shell}")).stdout.is_empty());
    }
}

/// Returns the row about a type, and the part that applies to all types.
fn row(page: &str, kind: &str) -> String {
    let named = |line: &&str| {
        line.split('|')
            .nth(1)
            .is_some_and(|cell| cell.contains(&format!("`{kind}`")))
    };
    let row = page
        .lines()
        .find(named)
        .unwrap_or_else(|| panic!("docs/json-log.md has no `{kind}'"));
    let above = page.split("\n| type").next().unwrap();
    format!("{row}\n{above}")
}

#[test]
fn the_page_of_the_json_log_names_all_that_a_run_writes() {
    let mut page = Page::read("docs/json-log.md");
    let first = page.block("{\"time\":");
    page.take("capr --log-format json");
    page.take("capr vars");
    page.done();
    let fleet = Fleet::start(&["app1", "app2"]);
    let recipe = "role :app, \"app1\", \"app2\";\n\
        task :t { transaction { on_rollback { run \"rm -f /tmp/x\"; } run \"echo out; echo err >&2; touch /tmp/x\"; u; } }\n\
        task :u { info \"x\"; warn \"y\"; debug \"z\"; put \"x\", \"/tmp/y\"; puts \"printed\"; }\n\
        task :fails { transaction { t; run \"test $(hostname) = app1\"; } }\n\
        before :t { info \"soon\"; }\n";
    let text = fs::read_to_string(checkout().join("docs/json-log.md")).unwrap();
    let own = Regex::new(r#""(time|run)":"[^"]*""#).unwrap();
    let alike = |line: &str| own.replace_all(line, "\"$1\":\"…\"").into_owned();
    let mut kinds = std::collections::BTreeSet::new();
    for (tasks, code) in [("t", 0), ("fails", 1)] {
        let call = format!("capr --log-format json r.rhai {tasks}");
        let finished = Case::new()
            .file("r.rhai", recipe)
            .shell(&call)
            .on(&fleet)
            .run()
            .code(code);
        let begun = alike(finished.stderr.lines().next().unwrap());
        assert_eq!(begun, alike(first.trim_end()));
        for line in finished.stderr.lines().skip(1) {
            let object: Value = serde_json::from_str(line).unwrap();
            let kind = object["type"].as_str().unwrap().to_owned();
            let said = row(&text, &kind);
            for key in object.as_object().unwrap().keys().filter(|key| *key != "type") {
                assert!(
                    said.contains(&format!("`{key}`")),
                    "docs/json-log.md does not name `{key}` of `{kind}`: {line}"
                );
            }
            kinds.insert(kind);
        }
    }
    assert!(kinds.len() > 15, "{kinds:?}");
}

#[test]
fn the_page_of_the_editors_is_true() {
    let mut page = Page::read("docs/editors/README.md");
    let copied = page.block("cp -r docs/editors");
    let editors = checkout().display().to_string();
    let call = format!(
        "mkdir -p ~/.vscode/extensions && cd '{editors}' && {}",
        copied.trim_end()
    );
    let finished = ok(&call);
    assert!(
        finished
            .path("../home/.vscode/extensions/capr-0.1.0/package.json")
            .exists()
    );
    page.not_run(
        "autocmd BufNewFile,BufRead *.rhai,Caprfile setfiletype rust\n",
        "a line for vim",
    );
    page.not_run(
        "autocmd BufNewFile,BufRead *.rhai,Caprfile setlocal formatprg=capr\\ fmt\\ --stdin\n",
        "a line for vim",
    );
    page.take("capr fmt --stdin");
    ok("capr fmt --stdin < deploy.rhai").says("Say it.");
    page.take("capr fmt FILE");
    ok("capr fmt deploy.rhai");
    page.take("capr definitions RECIPE > capr.d.rhai");
    let written = ok("capr definitions deploy.rhai > capr.d.rhai");
    assert!(written.file("capr.d.rhai").contains("Say it."));
    page.take("capr check RECIPE");
    ok("capr check deploy.rhai").says("nothing wrong found");
    let fleet = Fleet::start(&["app1"]);
    page.recipe("run \"uptime\";", Place::Task, Some(&fleet), |trial| {
        trial.bare().before("role :app, \"app1\";").says("[out :: app1]")
    });
    page.done();
}

/// The tags of a repository are releases; without one there is no answer.
fn releases(page: &mut Page) {
    page.take("capr version [--check]");
    let block = page.block("$ capr --version --check");
    let shown = block.split_once('\n').unwrap().1;
    let make = "git init -q r && git -C r -c user.name=me -c user.email=me@example.com commit -q --allow-empty -m x";
    let ask = |tags: &str| {
        line(&format!(
            "{make}; for tag in {tags}; do git -C r tag $tag; done; CAPR_REPOSITORY=$PWD/r capr --version --check"
        ))
        .run()
        .ok()
        .stdout
    };
    let told = ask("v0.1.0 v0.2.0 nightly");
    let told = told.split(": ").next().unwrap();
    assert_eq!(Some(told), shown.split(": ").next());
    assert!(ask("v0.1.0").contains("the newest release of /") && ask("''").contains(" has no release\n"));
    for (line_, said) in [
        (
            "capr --version --check",
            "error: this capr does not know where its releases are",
        ),
        (
            "CAPR_REPOSITORY=$PWD/none capr version --check",
            "error: cannot find out whether there is a newer release: /",
        ),
        // Nobody answers there.
        (
            "CAPR_REPOSITORY=https://127.0.0.1:1/x.git capr version --check",
            "/x.git: git: unable to access",
        ),
    ] {
        let finished = line(line_).run().code(1).says(said);
        assert_eq!(finished.stdout, format!("capr {}\n", env!("CARGO_PKG_VERSION")));
    }
}
