//! Runs that die, their journals, and what goes on with them (cases B4, B6 and those of a resumed transaction).

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Instant;

use rustix::process::Signal;

use crate::deadline::LIMIT;
use crate::fleet::Fleet;
use crate::harness::{Case, Finished};

/// Waits on app2 until somebody lets it go on.
const GATE: &str = "case $(hostname) in *2) echo waiting; while ! test -e /tmp/go; do sleep 0.05; done;; esac";

/// A recipe that several runs share, and the journals of this machine.
struct Place {
    directory: tempfile::TempDir,
    /// The runs that died, whose directories stay.
    dead: RefCell<Vec<Finished>>,
}

impl Place {
    fn new(recipe: &str) -> Self {
        let place = Self {
            directory: tempfile::tempdir().unwrap(),
            dead: RefCell::default(),
        };
        place.write(recipe);
        place
    }

    fn write(&self, recipe: &str) {
        let recipe = format!("role :app, \"app1\", \"app2\";\n{}", recipe.replace("GATE", GATE));
        fs::write(self.directory.path().join("deploy.rhai"), recipe).unwrap();
    }

    fn case(&self, fleet: &Fleet, words: &[&str]) -> Case {
        let recipe = self.directory.path().join("deploy.rhai").display().to_string();
        let words = words.iter().map(|word| (*word).to_owned());
        Case::new()
            .args([recipe].into_iter().chain(words))
            .env("XDG_STATE_HOME", self.directory.path().display())
            .on(fleet)
    }

    /// Starts the task `t` and kills it once app2 waits.
    fn die(&self, fleet: &Fleet) {
        self.die_of(self.case(fleet, &["t"]));
    }

    fn die_of(&self, case: Case) {
        let mut running = case.start();
        running.wait_for("waiting");
        self.wait_for_app1();
        running.signal(Signal::KILL);
        self.dead.borrow_mut().push(running.finish());
    }

    /// Waits until app1 has ended and that is in the journal, while app2 waits.
    fn wait_for_app1(&self) {
        let limit = Instant::now() + LIMIT;
        while !self.last_record().contains("\"place\":0") {
            assert!(Instant::now() < limit, "{}", self.last_record());
        }
    }

    fn last_record(&self) -> String {
        let open = self
            .journals()
            .into_iter()
            .find(|path| path.extension().is_some_and(|ending| ending == "open"));
        let text = open.map(|path| fs::read_to_string(path).unwrap()).unwrap_or_default();
        text.trim_end_matches('\0')
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned()
    }

    fn journals(&self) -> Vec<PathBuf> {
        let found = fs::read_dir(self.directory.path().join("capr/journal"));
        found.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    }

    fn journal(&self) -> String {
        let journals = self.journals();
        assert_eq!(journals.len(), 1, "{journals:?}");
        fs::read_to_string(&journals[0]).unwrap()
    }
}

fn log(fleet: &Fleet) -> [String; 2] {
    ["app1", "app2"].map(|host| fleet.sh(host, "cat /tmp/log 2>/dev/null || true").replace('\n', " "))
}

fn clear(fleet: &Fleet) {
    for host in ["app1", "app2"] {
        fleet.sh(host, "rm -f /tmp/log /tmp/go");
    }
}

const RECIPE: &str = r#"
    task :t { transaction { a; b; c; } puts `number ${fetch(:number)}`; }
    task :a {
        on_rollback { run "echo undo-a >> /tmp/log"; }
        set :number, strip(capture("date +%N"));
        let seen = 0;
        run "echo one; echo two" |channel, stream, data| { seen += data.len(); }
        run `echo a ${seen} >> /tmp/log`;
        try { run "exit 3"; } catch (error) { run `echo caught ${error.servers.len()} >> /tmp/log`; }
    }
    task :b { on_rollback { run "echo undo-b >> /tmp/log"; } run "GATE"; }
    task :c { run "echo c >> /tmp/log"; }
"#;

#[test]
fn b6_a_killed_run_is_told_by_the_next_one_and_is_resumed_or_undone() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let place = Place::new(RECIPE);
    place.die(&fleet);
    assert_eq!(log(&fleet), ["a 16 caught 2", "a 16 caught 2"]);
    let number = place.journal();
    let number = number
        .lines()
        .find_map(|line| line.split_once("\"stdout\":\""))
        .unwrap()
        .1;
    let number = number.split_once('\\').unwrap().0.to_owned();

    // What it was in, and what can be done.
    place
        .case(&fleet, &["c"])
        .run()
        .ok()
        .says("was broken off after 5 steps")
        .says("has ended well on app1, has no known end on app2")
        .says("deploy.rhai resume --undo rolls it back");
    // It is not guessed what became of app2, and nothing is done.
    place
        .case(&fleet, &["resume"])
        .run()
        .code(1)
        .says("was begun on app2 and has no known end there")
        .says("resume --redo")
        .silent_on("rolling back");
    assert_eq!(log(&fleet), ["a 16 caught 2 c", "a 16 caught 2 c"]);

    // Only one at a time goes on with it.
    let mut running = place.case(&fleet, &["resume", "--redo"]).start();
    running.wait_for("waiting");
    place
        .case(&fleet, &["resume"])
        .run()
        .code(1)
        .says("is at work: process");
    fleet.sh("app2", "touch /tmp/go");
    running
        .finish()
        .ok()
        .says(&format!("number {number}"))
        .silent_on("exit 3");
    assert_eq!(log(&fleet), ["a 16 caught 2 c c", "a 16 caught 2 c c"]);
    place.case(&fleet, &["resume"]).run().code(1).says("was broken off");
    place.case(&fleet, &["c"]).run().ok().silent_on("was broken off");

    clear(&fleet);
    place.die(&fleet);
    place
        .case(&fleet, &["resume", "--undo"])
        .run()
        .ok()
        .says_in_order(&["rolling back", "done"]);
    assert_eq!(
        log(&fleet),
        ["a 16 caught 2 undo-b undo-a", "a 16 caught 2 undo-b undo-a"]
    );

    // Killed in the rollback: what is left of it is gone on with.
    clear(&fleet);
    place.write(
        &RECIPE
            .replace("echo undo-b", "GATE; echo undo-b")
            .replace("run \"GATE\"", "run \"exit 9\""),
    );
    place.die(&fleet);
    assert_eq!(log(&fleet), ["a 16 caught 2 undo-b", "a 16 caught 2"]);
    fleet.sh("app2", "touch /tmp/go");
    place
        .case(&fleet, &["resume", "--redo"])
        .run()
        .code(1)
        .says("exit status 9")
        .says("rolled back");
    let [one, two] = log(&fleet);
    assert_eq!(one, "a 16 caught 2 undo-b undo-a");
    // The command that was left alone has gone on as well, when its gate opened.
    assert!(
        two.starts_with("a 16 caught 2 undo-b") && two.contains("undo-a"),
        "{two}"
    );
}

#[test]
fn a_run_that_was_stopped_in_its_first_step_leaves_nothing_to_go_on_with() {
    let fleet = Fleet::start(&["app1", "app2"]);
    for (before, is_told) in [("", false), ("run \"true\"; ", true)] {
        let place = Place::new(&format!(
            "task :t {{ {before}run `GATE`; }}\ntask :next {{ run \"true\"; }}"
        ));
        let mut running = place.case(&fleet, &["t"]).start();
        running.wait_for("waiting");
        running.signal(Signal::INT);
        let stopped = running.finish().code(130);
        let next = place.case(&fleet, &["next"]).run().ok();
        for told in [&stopped, &next] {
            let says = told.stderr.contains("resume") || told.stdout.contains("resume");
            assert_eq!(says, is_told, "{before}{}", told.stderr);
        }
    }
}

#[test]
fn b4_a_rollback_that_was_stopped_is_resumed() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let place = Place::new(
        r#"task :t { transaction { first; second; run "exit 7"; } }
           task :first { on_rollback { run "echo undo-first >> /tmp/log"; } run "echo first >> /tmp/log"; }
           task :second { on_rollback { run "GATE; echo undo-second >> /tmp/log"; } run "echo second >> /tmp/log"; }"#,
    );
    let mut running = place.case(&fleet, &["t"]).start();
    running.wait_for("waiting");
    // The first one lets the rollback go on.
    running.signal(Signal::INT);
    running.wait_for("the rollback goes on");
    place.wait_for_app1();
    running.signal(Signal::INT);
    let _stopped = running.finish().code(5).says("not rolled back").says("to go on: capr ");
    fleet.sh("app2", "touch /tmp/go");
    place
        .case(&fleet, &["t"])
        .args(["-n"])
        .run()
        .ok()
        .silent_on("was rolled back in part");
    place
        .case(&fleet, &["resume", "--redo"])
        .run()
        .code(1)
        .says("was rolled back in part")
        .says("has no known end on app2; not rolled back: first");
    assert_eq!(
        log(&fleet),
        [
            "first second undo-second undo-first",
            "first second undo-second undo-first"
        ]
    );
}

#[test]
fn b2_b6_what_recover_has_put_in_order_is_resumed_no_more_from_wherever_it_was_done() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let place = Place::new(&format!(
        "set :application, \"shop\";\nset :repository, \"{}\";\nset :restart_via, :none;\nbefore :symlink, :gate;\n\
         task :gate {{ run \"GATE\"; }}",
        fleet.git().url
    ));
    let run = |words: &[&str]| place.case(&fleet, words).run();
    let releases = |host: &str| fleet.list(host, "/u/apps/shop/releases");
    run(&["setup"]).ok();
    // Rolled back, but not on the server that was lost.
    let mut running = place.case(&fleet, &["deploy"]).start();
    running.wait_for("waiting");
    fleet.stop("app2");
    running.finish().code(5).says("update_code").says("unreachable");
    run(&["resume"])
        .code(1)
        .says("was rolled back in part")
        .says("cannot be resumed; capr ")
        .says(" recover puts the servers in order, and ends this report")
        .says("from another machine");
    fleet.restart("app2");
    run(&["recover", "-n"]).ok().says("was rolled back in part");
    run(&["recover"]).ok();
    assert_eq!((releases("app1"), releases("app2")), (vec![], vec![]));
    run(&["resume"]).code(1).says("no run of").silent_on("in part");
    // Killed, and recovered from another machine: the journal here does not know.
    place.die_of(place.case(&fleet, &["deploy"]));
    let elsewhere = tempfile::tempdir().unwrap();
    for host in ["app1", "app2"] {
        let ended = "n=0; while pgrep -f 'sshd[^ ]*: deploy' >/dev/null; do n=$((n + 1)); [ $n -lt 300 ] || exit 1; sleep 0.1; done";
        fleet.sh(host, &format!("touch /tmp/go; {ended}"));
    }
    let recover = place.case(&fleet, &["recover"]);
    recover.env("XDG_STATE_HOME", elsewhere.path().display()).run().ok();
    run(&["resume", "--redo"])
        .code(1)
        .says("the run that is resumed has lost its lock, so nothing was done")
        .says("app1, app2: the lock of that run is not there any more");
    assert_eq!((releases("app1"), releases("app2")), (vec![], vec![]));
    // Here, too, it finds nothing then, and the report ends.
    run(&["recover"]).ok().says("was broken off");
    run(&["deploy"]).ok().silent_on("was broken off");
    assert_eq!(releases("app1"), releases("app2"));
}

#[test]
fn a_journal_holds_no_secret_and_a_changed_recipe_is_refused() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let recipe = r#"
        task :t { transaction { a; run "GATE"; } }
        task :a {
            on_rollback { run "echo undone >> /tmp/log"; }
            set :api_token, strip(capture("echo captured-$((40 + 2))-secret"));
            set :password, fetch(:given_password);
            run "cat > /dev/null", :data => fetch(:given_password);
        }"#;
    let place = Place::new(recipe);
    place.die_of(place.case(&fleet, &["t", "-s", "given_password=typed-secret"]));
    let journal = place.journal();
    assert!(
        !journal.contains("42-secret") && !journal.contains("typed-secret"),
        "{journal}"
    );
    let directory = place.directory.path().join("capr/journal");
    assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(
        fs::metadata(&place.journals()[0]).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let undo = ["resume", "--undo"];
    place
        .case(&fleet, &undo)
        .run()
        .code(2)
        .says("give them again: given_password");
    let again = ["resume", "--undo", "-s", "given_password=typed-secret"];
    place.write(&format!("{recipe}\n// A word more."));
    place
        .case(&fleet, &again)
        .run()
        .code(1)
        .says("deploy.rhai")
        .says("--changed-recipe");
    let changed = again.into_iter().chain(["--changed-recipe"]).collect::<Vec<_>>();
    // What was captured is a secret, and is captured again.
    place
        .case(&fleet, &changed)
        .run()
        .code(1)
        .says("there is a secret in it")
        .says("--redo");
    let changed = changed.into_iter().chain(["--redo"]).collect::<Vec<_>>();
    place.case(&fleet, &changed).run().ok();
    assert_eq!(log(&fleet), ["undone", "undone"]);

    // Another way than before is found out before anything is done.
    clear(&fleet);
    place.write(&recipe.replace("given_password", "number"));
    place.die_of(place.case(&fleet, &["t", "-s", "number=17"]));
    place.write(&recipe.replace("given_password", "number").replace("cat >", "cat >>"));
    place
        .case(&fleet, &["resume", "--changed-recipe", "--redo"])
        .run()
        .code(1)
        .says("does not do the same as in the run that is resumed: it did `run cat > /dev/null' then, and `run cat >> /dev/null' now")
        .silent_on("rolling back");
    place.case(&fleet, &["resume", "--forget"]).run().ok().says("forgotten");
    place.case(&fleet, &["resume"]).run().code(1);
    assert_eq!(log(&fleet), ["", ""]);
}

#[test]
fn a_journal_that_cannot_be_written_is_told_before_anything_changes() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let place = Place::new(r#"task :t { run "echo done >> /tmp/log"; } task :q { set :journal, false; t; }"#);
    // A file where the directory is to be.
    fs::write(place.directory.path().join("capr"), "").unwrap();
    place
        .case(&fleet, &["t"])
        .run()
        .code(1)
        .says("cannot keep a journal of this run")
        .says("set :journal, false");
    assert_eq!(log(&fleet), ["", ""]);
    place.case(&fleet, &["q"]).run().ok();
    assert_eq!(log(&fleet), ["done", "done"]);
    // What only looks leaves no journal.
    fs::remove_file(place.directory.path().join("capr")).unwrap();
    place.write(r#"task :t { puts capture("uptime"); }"#);
    place.case(&fleet, &["t"]).run().ok();
    assert_eq!(place.journals(), Vec::<PathBuf>::new());
}
