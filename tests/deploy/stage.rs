//! Servers for the deploy library: directories of this machine, `deploy_to` differs by host name.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use capr::Diagnostic;
use capr::Interrupt;
use capr::LocalConnector;
use capr::Secret;
use capr::Unanswered;
use capr::{Event, Reporter, Rollback};
use capr::{Options, Prompts, Recipe, Surroundings};

use crate::deadline::LimitedCommand;
use crate::fleet::place::Room;

pub const HOSTS: [&str; 3] = ["one", "two", "three"];

/// Three servers and a repository.
pub struct Servers {
    pub directory: Room,
    recipe: String,
}

/// A run that failed.
#[derive(Debug)]
pub struct Failed {
    pub diagnostic: Box<Diagnostic>,
    pub rollback: Rollback,
}

impl Servers {
    pub fn new() -> Self {
        // Programs run in it, which `/tmp` may not allow.
        let directory = Room::new().unwrap();
        let repository = directory.path().join("repository");
        fs::create_dir(&repository).unwrap();
        fs::create_dir(directory.path().join("recipes")).unwrap();
        git(&repository, &["init", "-q", "-b", "main"]);
        let recipe = format!(
            r#"
set :application, "flipper";
set :repository, "{root}/repository";
set :deploy_to, "{root}/$CAPISTRANO:HOST$";
set :rake, "echo rake";
role :app, "one", "two";
role :db, "three", :primary => true;
"#,
            root = directory.path().display()
        );
        let servers = Self { directory, recipe };
        servers.commit("VERSION", "1");
        servers.run("", &["setup"]).unwrap();
        servers
    }

    /// Commits a file; gives the revision.
    pub fn commit(&self, file: &str, text: &str) -> String {
        let repository = self.directory.path().join("repository");
        fs::write(repository.join(file), text).unwrap();
        git(&repository, &["add", "-A"]);
        git(&repository, &["commit", "-q", "-m", text]);
        git(&repository, &["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Runs tasks with these lines at the end of the recipe; gives what was told.
    pub fn run(&self, lines: &str, tasks: &[&str]) -> Result<String, Failed> {
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        let number = RUNS.fetch_add(1, Ordering::Relaxed);
        let path = self.directory.path().join(format!("recipes/{number}.rhai"));
        fs::write(&path, format!("{}{lines}\n", self.recipe)).unwrap();
        let told = Told::default();
        let surroundings = Surroundings {
            redactor: capr::Redactor::default(),
            remote: Box::new(LocalConnector::default()),
            local: Box::new(LocalConnector::default()),
            reporter: Box::new(told.clone()),
            prompts: Box::new(Nobody),
            interrupt: Interrupt::default(),
        };
        let mut recipe = match Recipe::load(&[path], Options::default(), surroundings) {
            Ok(recipe) => recipe,
            Err(errors) => panic!("{errors:?}"),
        };
        let tasks: Vec<String> = tasks.iter().map(|task| (*task).to_owned()).collect();
        match recipe.run(&tasks) {
            Ok(()) => Ok(told.0.take()),
            Err(stopped) => Err(Failed {
                diagnostic: Box::new(stopped.diagnostic),
                rollback: stopped.rollback,
            }),
        }
    }

    /// The same as a release of this name.
    pub fn release(&self, name: &str, lines: &str, tasks: &[&str]) -> Result<String, Failed> {
        self.run(&format!("set :release_name, \"{name}\";\n{lines}"), tasks)
    }

    pub fn deployed(&self, names: &[&str]) {
        for name in names {
            self.release(name, "", &["update"]).unwrap();
        }
    }

    pub fn path(&self, host: &str, path: &str) -> PathBuf {
        self.directory.path().join(host).join(path)
    }

    /// The release that is current on a host.
    pub fn current(&self, host: &str) -> Option<String> {
        let target = fs::read_link(self.path(host, "current")).ok()?;
        let name = target.file_name()?.to_str()?.to_owned();
        assert_eq!(target, self.path(host, "releases").join(&name), "an absolute path");
        Some(name)
    }

    pub fn all_current(&self) -> [Option<String>; 3] {
        HOSTS.map(|host| self.current(host))
    }

    pub fn releases(&self, host: &str) -> Vec<String> {
        names(&self.path(host, "releases"))
    }
}

pub fn git(directory: &Path, arguments: &[&str]) -> String {
    let settings = ["user.name=Tester", "user.email=tester@example.com"];
    let mut command = Command::new("git");
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    for setting in settings {
        command.args(["-c", setting]);
    }
    let output = command.args(arguments).current_dir(directory).limited_output();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

pub fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn some(name: &str) -> Option<String> {
    Some(name.to_owned())
}

/// Everything that a run tells, as one text.
#[derive(Clone, Default)]
struct Told(Rc<RefCell<String>>);

impl Reporter for Told {
    fn report(&mut self, event: &Event) {
        self.0.borrow_mut().push_str(&format!("{event:?}\n"));
    }
}

struct Nobody;

impl Prompts for Nobody {
    fn secret(&mut self, _: &str) -> Result<Secret, Unanswered> {
        Err(Unanswered::nobody("nobody is there"))
    }

    fn question(&mut self, _: &str) -> Result<Option<String>, Unanswered> {
        Ok(None)
    }
}
