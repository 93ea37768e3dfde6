//! Trials: pieces of recipes and of command lines as the pages show them, each run and compared with its expected result.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::deadline::LIMIT;
use crate::fleet::Fleet;
use crate::harness::{Case, Finished};

/// The place of a piece in a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the top of the recipe.
    Top,
    /// In the task `t`.
    Task,
}

/// The servers of the trials and their roles.
pub const SERVERS: [&str; 4] = ["app1", "app2", "web1", "db1"];
const ROLES: &str = "role :app, \"app1\", \"app2\"; role :web, \"web1\"; role :db, \"db1\", :primary => true;";

/// One piece, its surroundings, and its expected result.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The piece, as the page shows it.
    pub piece: String,
    title: String,
    in_task: bool,
    roles: &'static str,
    before: String,
    behind: String,
    first: String,
    then: String,
    files: Vec<(String, String)>,
    given: Vec<(String, String)>,
    calls: Vec<String>,
    environment: Vec<(String, String)>,
    answers: Vec<(String, String)>,
    names: Vec<(&'static str, &'static str)>,
    without: Vec<&'static str>,
    key: Option<&'static str>,
    here: Vec<(String, String)>,
    agent: bool,
    warns: bool,
    unseen: bool,
    code: i32,
    checks: Vec<Check>,
}

#[derive(Clone, Debug)]
enum Check {
    /// The whole standard output.
    Prints(String),
    /// A part of one of the streams.
    Says(String),
    /// A part of the output of `capr check`.
    Warned(String),
    /// A text that must be in neither stream.
    Never(String),
    /// The output of a shell on a server afterwards, without the last line end.
    On(String, String, String),
    /// The content of a file in the directory in which capr was called.
    Local(String, String),
    /// A part of the log of a server's sshd.
    Logged(String, String),
}

/// Makes a trial of this piece.
pub fn piece(piece: &str) -> Trial {
    Trial {
        piece: piece.to_owned(),
        title: String::new(),
        in_task: false,
        roles: ROLES,
        before: String::new(),
        behind: String::new(),
        first: String::new(),
        then: String::new(),
        files: Vec::new(),
        given: Vec::new(),
        calls: Vec::new(),
        environment: Vec::new(),
        answers: Vec::new(),
        names: Vec::new(),
        without: Vec::new(),
        key: None,
        here: Vec::new(),
        agent: false,
        warns: false,
        unseen: false,
        code: 0,
        checks: Vec::new(),
    }
}

impl Trial {
    /// Puts it into the task `t`, whatever the place of the others is.
    pub fn in_task(mut self) -> Self {
        self.in_task = true;
        self
    }

    /// Sets the title on its page.
    pub fn titled(mut self, title: &str) -> Self {
        self.title = title.into();
        self
    }

    /// Returns its title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Leaves out the roles that every trial has.
    pub fn bare(mut self) -> Self {
        self.roles = "";
        self
    }

    /// Puts this before the piece, at the top of the recipe.
    pub fn before(mut self, recipe: &str) -> Self {
        self.before = recipe.into();
        self
    }

    /// Puts this after the piece, at the top of the recipe.
    pub fn with(mut self, recipe: &str) -> Self {
        self.behind = recipe.into();
        self
    }

    /// Puts this before the piece in the task.
    pub fn first(mut self, statements: &str) -> Self {
        self.first = statements.into();
        self
    }

    /// Puts this after the piece in the task; a piece at the top gets a task `t` with only this.
    pub fn then(mut self, statements: &str) -> Self {
        self.then = statements.into();
        self
    }

    /// Puts this file beside the recipe.
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.into(), text.into()));
        self
    }

    /// Runs this in a shell of root on the server first.
    pub fn given(mut self, server: &str, text: &str) -> Self {
        self.given.push((server.into(), text.into()));
        self
    }

    /// Puts a program with this name on the server, for logins; it runs this.
    pub fn program(self, server: &str, name: &str, does: &str) -> Self {
        let path = format!("/srv/bin/{name}");
        let text = format!("#!/bin/sh\n{does}\n");
        self.given(
            server,
            &format!(
                "mkdir -p /srv/bin; printf %s {} > {path}; chmod 755 {path}; echo 'PATH=/srv/bin:$PATH' > ~deploy/.bashrc; \
                 chmod a+r ~deploy/.bashrc",
                quoted(&text)
            ),
        )
    }

    /// Puts a program with this name on this machine; it runs this.
    pub fn here(mut self, name: &str, does: &str) -> Self {
        self.here.push((name.into(), format!("#!/bin/sh\n{does}\n")));
        self
    }

    /// Calls capr with these arguments instead of `t`.
    pub fn calls(mut self, arguments: &[&str]) -> Self {
        self.calls = arguments.iter().map(|&argument| argument.into()).collect();
        self
    }

    /// Adds a variable to the environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Uses a terminal, and gives this answer to this question.
    pub fn answer(mut self, question: &str, line: &str) -> Self {
        self.answers.push((question.into(), line.into()));
        self
    }

    /// Makes this name lead to a server of the fleet.
    pub fn named(mut self, name: &'static str, server: &'static str) -> Self {
        self.names.push((name, server));
        self
    }

    /// Leaves out the lines with this keyword in the ssh configuration.
    pub fn without(mut self, keyword: &'static str) -> Self {
        self.without.push(keyword);
        self
    }

    /// Puts the key for logins here.
    pub fn key(mut self, path: &'static str) -> Self {
        self.key = Some(path);
        self
    }

    /// Runs an agent.
    pub fn agent(mut self) -> Self {
        self.agent = true;
        self
    }

    /// Expects a warning of `capr check`.
    pub fn warns(mut self, text: &str) -> Self {
        self.warns = true;
        self.checks.push(Check::Warned(text.into()));
        self
    }

    /// Expects nothing but success.
    pub fn unseen(mut self) -> Self {
        self.unseen = true;
        self
    }

    /// Expects this exit code; otherwise it is 0.
    pub fn code(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    /// Expects exactly this on standard output.
    pub fn prints(mut self, text: &str) -> Self {
        self.checks.push(Check::Prints(text.into()));
        self
    }

    /// Expects this in one of the streams.
    pub fn says(mut self, text: &str) -> Self {
        self.checks.push(Check::Says(text.into()));
        self
    }

    /// Expects this in neither stream.
    pub fn never(mut self, text: &str) -> Self {
        self.checks.push(Check::Never(text.into()));
        self
    }

    /// Expects this output of a shell of root on the server afterwards.
    pub fn on(mut self, server: &str, shell: &str, output: &str) -> Self {
        self.checks.push(Check::On(server.into(), shell.into(), output.into()));
        self
    }

    /// Expects this file in the directory in which capr was called.
    pub fn local(mut self, path: &str, text: &str) -> Self {
        self.checks.push(Check::Local(path.into(), text.into()));
        self
    }

    /// Expects this in the log of the server's sshd.
    pub fn logged(mut self, server: &str, text: &str) -> Self {
        self.checks.push(Check::Logged(server.into(), text.into()));
        self
    }

    /// Returns the whole recipe.
    fn recipe(&self, place: Place) -> String {
        let Self {
            piece,
            roles,
            before,
            behind,
            first,
            then,
            ..
        } = self;
        match if self.in_task { Place::Task } else { place } {
            Place::Top if then.is_empty() => format!("{roles}\n{before}\n{piece}\n{behind}\n"),
            Place::Top => format!("{roles}\n{before}\n{piece}\n{behind}\ntask :t {{ {then} }}\n"),
            Place::Task => format!("{roles}\n{before}\n{behind}\ntask :t {{\n{first}\n{piece}\n{then}\n}}\n"),
        }
    }

    fn case(&self, place: Place, fleet: Option<&Fleet>) -> Case {
        let mut case = Case::new().file("recipe.rhai", &self.recipe(place));
        for (path, text) in &self.files {
            case = case.file(path, text);
        }
        for (name, value) in &self.environment {
            case = case.env(name, value);
        }
        if !self.here.is_empty() {
            let folder = case.path("../bin");
            for (name, text) in &self.here {
                case = case.file(&format!("../bin/{name}"), text);
                fs::set_permissions(folder.join(name), Permissions::from_mode(0o755)).unwrap();
            }
            let path = std::env::var("PATH").unwrap();
            case = case.env("PATH", format!("{}:{path}", folder.display()));
        }
        if let Some(fleet) = fleet {
            let config = case.path("../ssh_config");
            fs::write(&config, self.ssh_config(fleet)).unwrap();
            case = case.env("CAPR_SSH_CONFIG", config.display());
            if let Some(path) = &self.key {
                let path = case.path(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                // Its mode is copied, too.
                fs::copy(fleet.key(), path).unwrap();
            }
        }
        case
    }

    /// Returns the configuration of the fleet, with more names and without some lines.
    fn ssh_config(&self, fleet: &Fleet) -> String {
        let mut config = String::new();
        for (name, server) in &self.names {
            let _ = writeln!(config, "Host {name}\n  HostName {}", fleet.address(server));
        }
        let whole = fs::read_to_string(fleet.ssh_config()).unwrap();
        let kept = whole
            .lines()
            .filter(|line| !self.without.iter().any(|word| line.trim().starts_with(word)));
        for line in kept {
            let _ = writeln!(config, "{line}");
        }
        config
    }

    /// Checks it, runs it and compares the result: returns the number of expectations, or the first one that is not met.
    pub fn run(&self, place: Place, fleet: Option<&Fleet>) -> Result<usize, String> {
        if self.checks.is_empty() && self.code == 0 && !self.unseen {
            return Err("nothing is expected of it".into());
        }
        let found = self.case(place, fleet).args(["check", "recipe.rhai"]).run();
        let read = format!("{}{}", found.stdout, found.stderr);
        let clean = found.status.success() && (self.warns || found.stdout == "nothing wrong found\n");
        if !clean {
            return Err(format!("check says: {read}"));
        }
        for (server, text) in &self.given {
            fleet.unwrap().sh(server, text);
        }
        let finished = self.finish(place, fleet);
        let text = format!("--- stdout\n{}--- stderr\n{}", finished.stdout, finished.stderr);
        if finished.status.code() != Some(self.code) {
            return Err(format!("{text}{} instead of {}", finished.status, self.code));
        }
        for check in &self.checks {
            let looked = match check {
                Check::Warned(expected) if read.contains(expected) => Ok(()),
                Check::Warned(expected) => Err(format!("check: {read}expected {expected:?}")),
                check => look(check, &finished, fleet),
            };
            looked.map_err(|reason| format!("{text}{reason}"))?;
        }
        Ok(self.checks.len() + usize::from(self.code != 0))
    }

    fn finish(&self, place: Place, fleet: Option<&Fleet>) -> Finished {
        let own = ["t".to_owned()];
        let calls = if self.calls.is_empty() {
            &own
        } else {
            self.calls.as_slice()
        };
        let mut case = self.case(place, fleet).args(["recipe.rhai"]).args(calls);
        let socket = case.path("../agent");
        let _agent = self.agent.then(|| Agent::start(&socket));
        if self.agent {
            case = case.env("SSH_AUTH_SOCK", socket.display());
        }
        if self.answers.is_empty() {
            return case.run();
        }
        let mut running = case.terminal().start();
        for (question, line) in &self.answers {
            running.answer(question, line);
        }
        running.finish()
    }
}

/// Runs all trials and reports all failures at once.
#[allow(clippy::print_stdout, reason = "the counts are for whoever reads the test's output")]
pub fn run_all(what: &str, trials: &[Trial], place: Place, fleet: Option<&Fleet>) {
    let (mut checks, mut wrong) = (0, Vec::new());
    for trial in trials {
        match trial.run(place, fleet) {
            Ok(looked) => checks += looked,
            Err(reason) => wrong.push(format!("{}\n{reason}", trial.piece)),
        }
    }
    let pieces: BTreeSet<&str> = trials.iter().map(|trial| trial.piece.as_str()).collect();
    let all = format!(
        "{what}: {} pieces, {} runs, {checks} checks",
        pieces.len(),
        trials.len()
    );
    assert!(
        wrong.is_empty(),
        "{all}, {} wrong:\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    println!("{all}");
}

/// Checks one expectation; the error says in which way it is not met.
fn look(check: &Check, finished: &Finished, fleet: Option<&Fleet>) -> Result<(), String> {
    let said = |text: &String| finished.stdout.contains(text) || finished.stderr.contains(text);
    let same = |what: String, got: &str, expected: &str| {
        if got == expected {
            Ok(())
        } else {
            Err(format!("{what}: got {got:?}, expected {expected:?}"))
        }
    };
    match check {
        Check::Prints(expected) => same("standard output".into(), &finished.stdout, expected),
        Check::Says(expected) if !said(expected) => Err(format!("expected to say {expected:?}")),
        Check::Never(refused) if said(refused) => Err(format!("expected not to say {refused:?}")),
        Check::Says(_) | Check::Never(_) | Check::Warned(_) => Ok(()),
        Check::On(server, shell, expected) => {
            let got = fleet.unwrap().exec(server, shell);
            let got = String::from_utf8_lossy(&got.stdout);
            same(format!("{server}: {shell}"), got.trim_end_matches('\n'), expected)
        }
        Check::Logged(server, expected) => {
            let log = fleet.unwrap().host(server).log_text();
            let named = log.contains(expected);
            named
                .then_some(())
                .ok_or_else(|| format!("{server} logged: {log}expected {expected:?}"))
        }
        Check::Local(path, expected) => {
            let got = fs::read_to_string(finished.path(path)).unwrap_or_else(|error| format!("{error}"));
            same(path.clone(), &got, expected)
        }
    }
}

fn quoted(text: &str) -> String {
    shlex::try_quote(text).unwrap().into_owned()
}

/// An agent that runs until this is dropped.
struct Agent(Child);

impl Agent {
    fn start(socket: &Path) -> Self {
        let mut command = Command::new("ssh-agent");
        command.args(["-D", "-a"]).arg(socket).stdout(Stdio::null());
        let agent = Self(command.spawn().unwrap());
        let end = Instant::now() + LIMIT;
        while !socket.exists() {
            assert!(Instant::now() < end, "ssh-agent does not start");
            thread::sleep(Duration::from_millis(2));
        }
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
