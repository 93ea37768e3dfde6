//! Test files: what they can say, and how an assertion that does not hold is told.

use std::fs;

use super::super::language::verbs::VERBS_OF_TESTS;
use super::super::{Options, Recipe, Trial};
use crate::diagnostic::{Diagnostic, Fault};
use crate::interrupt::Interrupt;
use crate::secret::Redactor;

/// A test file, with files beside it.
struct File {
    text: String,
    others: Vec<(&'static str, &'static str)>,
}

fn file(text: &str) -> File {
    File {
        text: text.to_owned(),
        others: Vec::new(),
    }
}

impl File {
    fn beside(mut self, name: &'static str, text: &'static str) -> Self {
        self.others.push((name, text));
        self
    }

    fn load(&self) -> (Result<Recipe, Vec<Diagnostic>>, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in self.others.iter().chain([&("a_test.rhai", self.text.as_str())]) {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let (trial, surroundings) = Trial::new(None, Redactor::default(), Interrupt::default());
        let options = Options {
            trial: Some(trial),
            ..Options::default()
        };
        let path = directory.path().join("a_test.rhai");
        (Recipe::load(&[path], options, surroundings), directory)
    }

    /// Runs each of its tests, with the file read anew, and returns their names and results.
    fn outcomes(&self) -> Vec<(String, Result<(), Diagnostic>)> {
        let (recipe, directory) = self.load();
        let first = recipe.unwrap_or_else(|wrong| panic!("{}\n{wrong:#?}", self.text));
        let cases = first.cases();
        assert!(!cases.is_empty(), "{}", self.text);
        let mut first = Some((first, directory));
        let mut outcome = |name: String| {
            let again = || {
                let (recipe, directory) = self.load();
                (recipe.unwrap(), directory)
            };
            let (recipe, _directory) = first.take().unwrap_or_else(again);
            let came = recipe.try_case(&name).map_err(|wrong| *wrong);
            (name, came)
        };
        cases.into_iter().map(|case| outcome(case.name)).collect()
    }

    fn passes(&self) {
        for (name, came) in self.outcomes() {
            assert!(came.is_ok(), "{}\n{name}: {came:#?}", self.text);
        }
    }

    /// The failure of its only test.
    fn fails(&self) -> Diagnostic {
        let outcomes = self.outcomes();
        assert_eq!(outcomes.len(), 1, "{}", self.text);
        outcomes.into_iter().next().unwrap().1.unwrap_err()
    }
}

/// The messages of the failures of tests with these bodies, and the line in each; all of one process.
fn messages(recipe: &str, bodies: &[String]) -> Vec<(String, usize)> {
    let mut text = recipe.to_owned();
    for (number, body) in bodies.iter().enumerate() {
        text.push_str(&format!("\ntest \"{number}\" {{\n{body}\n}}"));
    }
    let (recipe, _directory) = file(&text).load();
    let recipe = recipe.unwrap_or_else(|wrong| panic!("{wrong:#?}"));
    let told = |case: crate::recipe::trial::CaseOfFile| {
        let failed = recipe.try_case(&case.name).unwrap_err();
        let line = failed.origin.map_or(0, |origin| origin.line);
        (failed.message, line - case.origin.map_or(0, |origin| origin.line))
    };
    recipe.cases().into_iter().map(told).collect()
}

/// The message of the failure of a test with this body, and its line.
fn message(recipe: &str, body: &str) -> (String, usize) {
    let failed = file(&format!("{recipe}\ntest \"t\" {{\n{body}\n}}")).fails();
    let line = failed.origin.as_ref().map_or(0, |origin| origin.line);
    (failed.message, line)
}

const RECIPE: &str = "role :app, \"app1\", \"app2\"; role :db, \"db1\"; \
    task :restart, :roles => :app { run \"stop\"; run \"start\", :dir => \"/srv\", :env => #{ A: \"1 2\" }; } \
    task :send, :roles => :db { put \"a\\nb\\n\", \"/etc/x\", :mode => 0o640; sudo \"reload\", :as => \"bob\"; }";

#[test]
fn the_verbs_are_sorted_and_every_example_passes() {
    assert!(VERBS_OF_TESTS.is_sorted_by(|a, b| a.name < b.name));
    for verb in VERBS_OF_TESTS {
        assert!(verb.form.starts_with(verb.name), "{}", verb.form);
        assert!(verb.example.contains(verb.name), "{}", verb.name);
        file(verb.example).passes();
    }
}

#[test]
fn an_assertion_that_does_not_hold_shows_what_came_instead() {
    let run = "let run = rehearse(\"restart\");\n";
    let sent = "let run = rehearse(\"send\");\n";
    let mut all = Vec::new();
    all.extend(
        [
            ("assert 1 > 2;", "this is not true"),
            ("assert 1 > 2, \"numbers\";", "numbers"),
            (
                "assert_eq(1, 2);",
                "this is not what was expected (- expected, + got)\n- 2\n+ 1",
            ),
            ("assert_ne(1, 1);", "both are the same\n  1"),
            ("assert_contains([1], 2);", "2 is not in it\n  [1]"),
            ("assert_error { 1; }", "the block came to its end without an error"),
            (
                "assert_error \"x\" { throw \"y\"; }",
                "the error is another one: \"x\" is not in it\n  y",
            ),
        ]
        .map(|(body, expected)| (body.to_owned(), 1, expected)),
    );
    all.extend([
        (
            "assert_commands(run, \"app1\", [\"stop\"]);",
            "app1 was given other commands than expected (- expected, + got)\n  stop\n+ start",
        ),
        (
            "assert_none(run, \"db1\", \"app2\");",
            "app2 was given commands, and none was expected\n  stop\n  start",
        ),
        (
            "assert_ran run, \"start\", :hosts => \"app2\", :dir => \"/tmp\";",
            "no command with \"start\", :dir => \"/tmp\" was run on app2\n  app2: stop\n  app2: start  (dir /srv, env A='1 2')",
        ),
        (
            "assert_ran run, \"st\", :hosts => \"app2\", :times => 1;",
            "\"st\" was run 2 times on app2, not once\n  app2: stop\n  app2: start  (dir /srv, env A='1 2')",
        ),
        ("assert_not_ran run, \"stop\", :hosts => \"app1\";", "\"stop\" was run\n  app1: stop"),
        (
            "assert_order run, [\"start\", \"stop\"], :hosts => \"app1\";",
            "no command with \"stop\" was run on app1 after \"start\"\n  app1: stop\n  app1: start  (dir /srv, env A='1 2')",
        ),
        ("assert_tasks(run, [\"restart\", \"send\"]);", "the task `send' was not begun after `restart'\n  restart"),
        (
            "assert_rolled_back(run, [\"restart\"]);",
            "other tasks were rolled back than expected (- expected, + got)\n- restart",
        ),
        ("assert_said(run, \"x\");", "no message has \"x\" in it\n  nothing was said"),
        ("assert_fails(run);", "the run of `restart' went well"),
        ("assert_sent run, \"/etc/x\";", "nothing was sent to /etc/x\n  no file was sent"),
        ("assert_none(run, \"ap1\");", "no server `ap1' is in the recipe"),
    ].map(|(body, expected)| (format!("{run}{body}"), 2, expected)));
    all.extend(
        [
            (
                "assert_sent run, \"/etc/x\", \"a\\nc\\n\";",
                "/etc/x has another content than expected (- expected, + got)\n  a\n- c\n+ b",
            ),
            (
                "assert_sent run, \"/etc/x\", :mode => 0o600;",
                "/etc/x was sent with the mode 0640, not 0600",
            ),
        ]
        .map(|(body, expected)| (format!("{sent}{body}"), 2, expected)),
    );
    let bodies: Vec<String> = all.iter().map(|(body, ..)| body.clone()).collect();
    for (came, (body, line, expected)) in messages(RECIPE, &bodies).into_iter().zip(all) {
        assert_eq!((came.0.as_str(), came.1), (expected, line), "{body}");
    }
}

#[test]
fn what_a_run_did_is_known_by_server_with_its_options() {
    file(&format!(
        "{RECIPE}
        test \"all\" {{
          let run = rehearse(\"restart\", \"send\");
          assert_eq(run.on(\"app2\"), [\"stop\", \"start\"]);
          assert_eq(run.tasks, [\"restart\", \"send\"]);
          assert_ran run, \"start\", :env => #{{ A: \"1 2\" }}, :dir => \"/srv\", :verb => \"run\", :hosts => [\"app1\", \"app2\"];
          assert_ran run, \"sudo -u bob reload\", :as => \"bob\", :verb => \"sudo\", :hosts => \"db1\";
          assert_eq(run.files[0].content, \"a\\nb\\n\");
          assert_eq(run.commands[0], #{{ server: \"app1\", verb: \"run\", command: \"stop\", options: #{{}}, data: \"\" }});
          assert !run.failed;
        }}
        test \"some\" {{
          let run = rehearse(\"restart\", \"HOSTS=app2\");
          assert_none(run, \"app1\");
          assert_commands(rehearse(\"restart\"), \"app1\", [\"stop\", \"start\"]);
        }}"
    ))
    .passes();
}

#[test]
fn a_run_that_fails_fails_the_test_unless_that_is_looked_at() {
    let failing = "task :t, :hosts => \"a\" { run \"make\"; } answer \"make\", :status => 2;";
    let (said, line) = message(failing, "rehearse(\"t\");");
    assert_eq!((said.as_str(), line), ("`make' failed on a", 1));
    // The next assertion does not hide it.
    assert_eq!(
        message(failing, "let run = rehearse(\"t\"); assert_none(run, :local);").0,
        said
    );
    assert_eq!(message(failing, "rehearse(\"t\"); rehearse(\"t\");").0, said);
    file(&format!("{failing} test \"code\" {{ assert_eq(rehearse(\"t\").code, 1); }} test \"seen\" {{ assert_fails(rehearse(\"t\")); }}")).passes();
    // A task that is not there stands at its rehearsal.
    let unknown = file("test \"t\" {\n  rehearse(\"nothing\");\n}").fails();
    assert_eq!(unknown.message, "the task `nothing' does not exist");
    assert_eq!(unknown.origin.map(|origin| (origin.line, origin.column)), Some((2, 3)));
    assert!(
        unknown.hints.iter().any(|hint| hint.contains("loads no recipe")),
        "{:?}",
        unknown.hints
    );
}

#[test]
fn servers_answer_as_the_test_says() {
    file(
        "role :app, \"app1\", \"app2\";
         task :look { puts capture(\"date\"); }
         task :all { run \"make\", :timeout => 5; }
         task :here { puts run_locally(\"git rev-parse HEAD\"); }
         answer \"date\", :stdout => \"always\";
         test \"the last answer holds\" {
           answer \"date\", :stdout => [\"one\", \"two\"];
           assert_eq(rehearse(\"look\").printed, [\"one\"]);
           assert_eq(rehearse(\"look\").printed, [\"two\"]);
           assert_eq(rehearse(\"look\").printed, [\"two\"]);
         }
         test \"nothing of one test is there in another\" { assert_eq(rehearse(\"look\").printed, [\"always\"]); }
         test \"one server\" {
           answer \"make\", :hosts => \"app2\", :signal => \"KILL\";
           assert_fails rehearse(\"all\"), \"app2: killed by signal KILL\";
         }
         test \"a connection\" {
           answer \"^ma.e$\", :match => :regex, :hosts => \"app1\", :lost => \"the cable\";
           assert_fails rehearse(\"all\"), \"the cable\", :code => 1;
         }
         test \"time\" {
           answer \"make\", :hangs => true;
           assert_fails rehearse(\"all\"), \"timed out\";
         }
         test \"this machine\" {
           answer \"git rev-parse\", :local => true, :stdout => \"abc\";
           let run = rehearse(\"here\");
           assert_eq(run.printed, [\"abc\"]);
           assert_commands(run, :local, [\"git rev-parse HEAD\"]);
         }",
    )
    .passes();
}

#[test]
fn a_command_that_would_never_end_fails_the_test() {
    let text = |command: &str| {
        format!(
            "task :t, :hosts => \"a\" {{ {command} }}
             answer \"tail\", :stdout => \"one\\n\", :hangs => true;
             answer \"wait\", :local => true, :hangs => true;
             test \"t\" {{ assert_fails(rehearse(\"t\")); }}"
        )
    };
    let failed = file(&text("run \"tail -f log\";")).fails();
    let message = "`tail -f log' never ends on a: its answer says :hangs, and it has no :timeout";
    assert_eq!(failed.message, message);
    assert_eq!(failed.origin.map(|origin| origin.line), Some(4));
    // A recipe may not hide it.
    let failed = file(&text("try { run_locally \"wait\"; } catch {}")).fails();
    assert!(
        failed.message.starts_with("`wait' never ends on this machine"),
        "{}",
        failed.message
    );
    // A block that ends it is a way, too.
    let ends = "run \"tail -f log\" |channel, stream, data| { channel.close(); } throw \"enough\";";
    file(&text(ends)).passes();
}

#[test]
fn sudo_answers_without_a_question_and_data_is_seen() {
    file(
        "task :t, :hosts => \"a\" { puts capture(`${sudo()} cat`, :data => \"given\"); sudo \"tee\", :data => \"more\"; }
         test \"t\" {
           answer \"cat\", :stdout => \"told\";
           answer \"tee\", :stdout => \"x\";
           let run = rehearse(\"t\");
           assert_eq(run.printed, [\"told\"]);
           assert_ran run, \"sudo cat\", :data => \"given\";
           assert_ran run, \"tee\", :data => \"more\";
         }",
    )
    .passes();
}

#[test]
fn nothing_is_written_and_nobody_waits() {
    file(
        "task :t, :hosts => \"a\" {
           let place = temp_dir();
           write_file(`${place}/x`, \"content\");
           upload(`${place}/x`, \"/srv/x\");
           sleep(3600);
           puts utc_now(\"%Y-%m-%d %H\") + read_file(`${place}/x`);
           if ask(\"Really?\") == \"yes\" { puts ENV[\"WHO\"]; }
         }
         test \"t\" {
           reply \"Really\", \"yes\";
           let run = rehearse(\"t\", \"WHO=anna\");
           assert_eq(run.printed, [\"2026-01-01 01content\", \"anna\"]);
           assert_sent run, \"/srv/x\", \"content\";
           assert_eq(ENV[\"WHO\"], ());
           assert !dir_exists(\"/tmp/capr-test-1\");
         }",
    )
    .passes();
}

#[test]
fn stages_libraries_and_the_deploy_library_are_rehearsed() {
    file(
        "load \"deploy\"; require \"helper\";
         test \"production\" {
           let run = rehearse(\"production\", \"deploy\");
           assert_tasks(run, [\"deploy\", \"update_code\", \"deploy:restart\", \"helped\"]);
           assert_ran run, \"touch restart\", :hosts => \"prod1\", :times => 1;
         }
         test \"none\" { assert_fails rehearse(\"deploy\"), \"no stage was named\", :code => 2; }",
    )
    .beside(
        "deploy.rhai",
        "set :application, \"shop\"; set :repository, \"/r\"; set :scm, \"git\";
         task :restart { run \"touch restart\"; } after :restart, :helped;",
    )
    .beside("helper.rhai", "task :helped { info \"done\"; }")
    .beside("config/deploy/production.rhai", "role :app, \"prod1\";")
    .passes();
}

#[test]
fn hooks_of_load_run_once_also_those_of_a_library_that_a_stage_or_a_test_requires() {
    file(
        "load \"deploy\";
         task :list { puts told.join(\" \"); }
         test \"stage\" {
           assert_eq(rehearse(\"production\", \"list\").printed, [\"recipe library\"]);
           assert_eq(rehearse(\"production\", \"list\").printed, [\"recipe library\"]);
         }
         test \"test\" {
           require \"config/deploy/parts/helper\";
           assert_eq(rehearse(\"empty\", \"list\").printed, [\"recipe library\"]);
         }",
    )
    .beside("deploy.rhai", "set :told, []; on :load { append :told, \"recipe\"; }")
    .beside(
        "config/deploy/parts/helper.rhai",
        "on :load { append :told, \"library\"; }",
    )
    .beside("config/deploy/production.rhai", "require \"parts/helper\";")
    .beside("config/deploy/empty.rhai", "")
    .passes();
}

#[test]
fn tests_stand_at_the_top_and_have_names_of_their_own() {
    for (text, expected) in [
        (
            "test \"a\" {}\ntest \"a\" {}",
            "there are two tests `a', the other one in line 1",
        ),
        ("test \"\" {}", "the name of a test is one line, and not empty"),
        ("rehearse \"x\";", "`rehearse' stands in a test"),
        ("assert_eq 1, 1;", "`assert_eq' stands in a test"),
        ("test \"a\";", "test `a' has no block"),
        (
            "test \"a\" {} answer \"x\", :stdot => \"\";",
            "`answer' has no option `stdot'",
        ),
        (
            "test \"a\" {} answer \"(\", :match => :regex;",
            "not a regular expression",
        ),
    ] {
        let (recipe, _directory) = file(text).load();
        let wrong = recipe.map(drop).unwrap_err();
        assert!(wrong[0].message.contains(expected), "{text}\n{wrong:#?}");
    }
    // In a loop they are made like tasks.
    let looped = file("for n in 1..3 { test `number ${n}` { assert n < 2; } }");
    let outcomes: Vec<bool> = looped.outcomes().into_iter().map(|(_, came)| came.is_ok()).collect();
    assert_eq!(outcomes, [true, false]);
}

#[test]
fn recipes_have_no_verbs_of_tests() {
    for (text, hint) in [
        ("task :t { rehearse(\"x\"); }", "ends in _test.rhai"),
        ("assert_eq 1, 1;", "ends in _test.rhai"),
        ("test \"x\" { puts 1; }", "ends in _test.rhai"),
    ] {
        let found = super::recipe(text).check();
        assert!(
            found
                .iter()
                .any(|wrong| wrong.hints.iter().any(|said| said.contains(hint))),
            "{text}\n{found:#?}"
        );
    }
    // Their names are free there.
    let printed = super::prints("set :answer, 42; fn assert(x) { x } task :t { puts assert(answer); }");
    assert_eq!(printed, ["42"]);
}

#[test]
fn a_test_file_is_no_recipe() {
    let case = super::recipe("load \"b_test\";").file("b_test.rhai", "test \"x\" {}");
    let wrong = case.errors();
    assert_eq!(
        (wrong[0].fault, wrong[0].message.as_str()),
        (Fault::Usage, "`test' is for tests, and this file is not run as one")
    );
}

#[test]
fn files_that_servers_send_are_kept_in_memory() {
    let directory = "task :d { get \"/srv/d\", \"got\", :hosts => \"a\", :recursive => recursive; } set :recursive, true;\n\
                     answer \"/srv/d\", :files => #{ \"b/c.txt\": \"deep\\n\", \"e\": \"\" };\n";
    let one_file =
        "task :f { get \"/srv/f\", \"got/f\", :hosts => \"a\"; } answer \"/srv/f\", :file => [\"one\", \"two\"];\n";
    let text = format!(
        "role :app, \"a\", \"b\"; {directory}{one_file}\
         test \"a file, another one each time\" {{\n  \
           rehearse(\"f\"); assert_eq(read_file(\"got/f\"), \"one\");\n  \
           rehearse(\"f\"); assert_eq(read_file(\"got/f\"), \"two\");\n}}\n\
         test \"a directory\" {{ rehearse(\"d\"); assert_eq(read_file(\"got/b/c.txt\"), \"deep\\n\"); assert_eq(read_file(\"got/e\"), \"\"); }}\n\
         test \"a directory where none is taken\" {{ set :recursive, false; assert_fails(rehearse(\"d\"), \"the server sends a directory\"); }}\n\
         test \"what comes is sent on\" {{\n  \
           task :both {{ invoke \"f\"; upload \"got/f\", \"/srv/g\", :hosts => \"b\"; }}\n  \
           assert_sent rehearse(\"both\"), \"/srv/g\", \"one\", :hosts => \"b\";\n}}\n\
         test \"a server of which nothing is said\" {{\n  \
           task :x {{ get \"/srv/x\", \"x\", :hosts => \"a\"; }}\n  assert_fails(rehearse(\"x\"), \"the server sent nothing\");\n}}\n\
         test \"one that fails\" {{ answer \"/srv/f\", :status => 1, :stderr => \"no\\n\"; assert_fails(rehearse(\"f\"), \"no\"); }}\n"
    );
    for (name, outcome) in file(&text).outcomes() {
        assert!(outcome.is_ok(), "{name}: {outcome:?}");
    }
    let wrong = file("test \"t\" { answer \"x\", :files => \"a\"; }").outcomes();
    let told = wrong[0].1.as_ref().unwrap_err();
    assert!(
        told.message.contains("`files' is a map of paths and contents"),
        "{told:?}"
    );
    assert!(!std::path::Path::new("got").exists());
}
