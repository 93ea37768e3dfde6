//! The world of a test: servers that answer as the test says, a clock that stands still, and a record of everything that was
//! done. Nothing of it reaches beyond this process, unless its servers are real ones.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;

use super::counter::Counter;
use super::rehearsed::Rehearsed;
use super::surroundings::{Prompts, Surroundings};
use crate::configuration::{BlockId, Server};
use crate::diagnostic::{Diagnostic, Origin};
use crate::event::{Event, Reporter};
use crate::interrupt::Interrupt;
use crate::secret::{Redactor, Secret};
use crate::session::Connector;
use crate::session::recorded::{GivenCommand, Recording};
use crate::session::scripted::Script;
use crate::unanswered::Unanswered;
use crate::verdict::Coverage;

/// The moment at which every test begins: 2026-01-01 00:00:00 UTC.
const BEGINNING: i64 = 1_767_225_600;

/// A test of a file.
#[derive(Clone, Debug)]
pub(in crate::recipe) struct TestBlock {
    pub(in crate::recipe) name: String,
    pub(in crate::recipe) block: BlockId,
    pub(in crate::recipe) origin: Option<Origin>,
}

/// The failure of a rehearsed run.
pub(in crate::recipe) struct RehearsalFailed {
    pub(in crate::recipe) diagnostic: Diagnostic,
    pub(in crate::recipe) code: u8,
}

/// Runs tasks as the words of a command line say.
type Conductor = Box<dyn Fn(&[String]) -> Option<RehearsalFailed>>;

/// The world of a test. A clone is a handle to the same world.
#[derive(Clone)]
pub struct Trial(Rc<TrialWorld>);

struct TrialWorld {
    /// The scripted servers; `None` if they are real.
    servers: Option<Script>,
    machine: Script,
    given: Recording,
    done_here: Recording,
    told: Told,
    replies: Replies,
    clock: Cell<Timestamp>,
    cases: RefCell<Vec<TestBlock>>,
    conductor: RefCell<Option<Conductor>>,
    last: RefCell<Option<Rc<Rehearsed>>>,
    is_rehearsing: Cell<bool>,
    /// Files that were written; they exist nowhere else.
    written: RefCell<HashMap<PathBuf, String>>,
    directories: Cell<usize>,
    /// Counts lines, if that is wanted.
    counter: RefCell<Option<Counter>>,
}

impl std::fmt::Debug for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trial").finish_non_exhaustive()
    }
}

/// A position in the record: the number of commands and events before it.
#[derive(Clone, Copy)]
pub(in crate::recipe) struct Mark {
    given: usize,
    done_here: usize,
    told: usize,
}

/// Everything that was done and reported since a mark.
pub(in crate::recipe) struct Since {
    pub(in crate::recipe) given: Vec<GivenCommand>,
    pub(in crate::recipe) done_here: Vec<GivenCommand>,
    pub(in crate::recipe) told: Vec<Event>,
}

impl Trial {
    /// Makes a world of scripted servers, or with `servers` of those, and the surroundings of its recipe.
    pub fn new(servers: Option<Box<dyn Connector>>, redactor: Redactor, interrupt: Interrupt) -> (Self, Surroundings) {
        let (script, machine) = (Script::new(), Script::new());
        script.ends_what_hangs();
        machine.ends_what_hangs();
        let (given, done_here) = (Recording::default(), Recording::default());
        let (told, replies) = (Told::default(), Replies::default());
        let world = TrialWorld {
            servers: servers.is_none().then(|| script.clone()),
            machine: machine.clone(),
            given: given.clone(),
            done_here: done_here.clone(),
            told: told.clone(),
            replies: replies.clone(),
            clock: Cell::new(Timestamp::from_second(BEGINNING).unwrap_or(Timestamp::UNIX_EPOCH)),
            cases: RefCell::default(),
            conductor: RefCell::default(),
            last: RefCell::default(),
            is_rehearsing: Cell::default(),
            written: RefCell::default(),
            directories: Cell::default(),
            counter: RefCell::default(),
        };
        let surroundings = Surroundings {
            remote: given.of(servers.unwrap_or_else(|| Box::new(script))),
            local: done_here.of(Box::new(machine)),
            reporter: Box::new(told),
            prompts: Box::new(replies),
            redactor,
            interrupt,
        };
        (Self(Rc::new(world)), surroundings)
    }

    /// Returns the script of the servers, unless they are real.
    pub(in crate::recipe) fn servers(&self) -> Option<&Script> {
        self.0.servers.as_ref()
    }

    /// Returns the script of this machine.
    pub(in crate::recipe) fn machine(&self) -> &Script {
        &self.0.machine
    }

    /// Returns the commands that would never have ended since the last call, each with its server; `None` is this machine.
    pub(in crate::recipe) fn endless(&self) -> Vec<(Option<Server>, String)> {
        let servers = self.servers().map(Script::take_endless).unwrap_or_default();
        let servers = servers.into_iter().map(|(server, command)| (Some(server), command));
        let here = self.machine().take_endless().into_iter();
        servers.chain(here.map(|(_, command)| (None, command))).collect()
    }

    pub(in crate::recipe) fn now(&self) -> Timestamp {
        self.0.clock.get()
    }

    pub(in crate::recipe) fn set_clock(&self, now: Timestamp) {
        self.0.clock.set(now);
    }

    /// Moves the clock; a pause does nothing else.
    pub(in crate::recipe) fn wait(&self, long: Duration) {
        let later = self.now().checked_add(long);
        self.set_clock(later.unwrap_or(Timestamp::MAX));
    }

    pub(in crate::recipe) fn reply(&self, question: &str, answer: &str) {
        let reply = (question.to_owned(), answer.to_owned());
        self.0.replies.0.borrow_mut().push_front(reply);
    }

    /// Keeps a file of this machine, whose disk is not touched.
    pub(in crate::recipe) fn write(&self, path: PathBuf, text: &str) {
        self.0.written.borrow_mut().insert(path, text.to_owned());
    }

    /// Returns a file that was written before.
    pub(in crate::recipe) fn written(&self, path: &Path) -> Option<String> {
        self.0.written.borrow().get(path).cloned()
    }

    /// Returns the name of a directory that nobody has made.
    pub(in crate::recipe) fn directory(&self) -> String {
        let number = self.0.directories.get() + 1;
        self.0.directories.set(number);
        format!("/tmp/capr-test-{number}")
    }

    pub(in crate::recipe) fn add(&self, case: TestBlock) {
        self.0.cases.borrow_mut().push(case);
    }

    pub(in crate::recipe) fn cases(&self) -> Vec<TestBlock> {
        self.0.cases.borrow().clone()
    }

    /// Sets the way in which tasks are run from now on.
    pub(in crate::recipe) fn conduct(&self, conductor: Conductor) {
        self.0.conductor.replace(Some(conductor));
    }

    /// Runs tasks; `None` if one run is inside another.
    pub(in crate::recipe) fn run(&self, words: &[String]) -> Option<Option<RehearsalFailed>> {
        if self.0.is_rehearsing.replace(true) {
            return None;
        }
        let conductor = self.0.conductor.borrow();
        let failed = conductor.as_ref().and_then(|conductor| conductor(words));
        self.0.is_rehearsing.set(false);
        Some(failed)
    }

    /// Returns the last rehearsed run.
    pub(in crate::recipe) fn last(&self) -> Option<Rc<Rehearsed>> {
        self.0.last.borrow().clone()
    }

    pub(in crate::recipe) fn keep(&self, run: Rc<Rehearsed>) {
        self.0.last.replace(Some(run));
    }

    pub(in crate::recipe) fn mark(&self) -> Mark {
        Mark {
            given: self.0.given.length(),
            done_here: self.0.done_here.length(),
            told: self.0.told.0.borrow().len(),
        }
    }

    pub(in crate::recipe) fn since(&self, mark: Mark) -> Since {
        let told = self.0.told.0.borrow();
        Since {
            given: self.0.given.since(mark.given),
            done_here: self.0.done_here.since(mark.done_here),
            told: told.get(mark.told..).unwrap_or_default().to_vec(),
        }
    }

    /// Counts the lines of recipes from now on.
    pub fn count(&self) {
        self.0.counter.replace(Some(Counter::default()));
    }

    pub(in crate::recipe) fn counter(&self) -> Option<Counter> {
        self.0.counter.borrow().clone()
    }

    /// Returns how often the lines of recipes were run.
    pub fn coverage(&self) -> Coverage {
        self.counter().map(|counter| counter.coverage()).unwrap_or_default()
    }

    /// Returns all events from the beginning.
    pub fn events(&self) -> Vec<Event> {
        self.0.told.0.borrow().clone()
    }
}

/// Keeps the events.
#[derive(Clone, Default)]
struct Told(Rc<RefCell<Vec<Event>>>);

impl Reporter for Told {
    fn report(&mut self, event: &Event) {
        self.0.borrow_mut().push(event.clone());
    }
}

/// The answers that a person types; the newest comes first.
#[derive(Clone, Default)]
struct Replies(Rc<RefCell<VecDeque<(String, String)>>>);

impl Replies {
    fn to(&self, question: &str) -> Option<String> {
        let replies = self.0.borrow();
        let found = replies.iter().find(|(part, _)| question.contains(part));
        found.map(|(_, answer)| answer.clone())
    }
}

impl Prompts for Replies {
    fn secret(&mut self, prompt: &str) -> Result<Secret, Unanswered> {
        let answer = self.to(prompt).map(Secret::new);
        let missing = || format!("the test has no `reply' to the question \"{}\"", prompt.trim());
        answer.ok_or_else(|| Unanswered::nobody(missing()))
    }

    fn question(&mut self, prompt: &str) -> Result<Option<String>, Unanswered> {
        Ok(self.to(prompt))
    }

    fn can_ask(&self) -> bool {
        !self.0.borrow().is_empty()
    }
}
