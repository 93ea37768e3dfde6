//! Runs the very script that runs on servers, with files as processes and a `kill` that only writes down what it would do.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use proptest::prelude::{Strategy, any, prop, prop_assert, proptest};
use proptest::test_runner::Config;
use tempfile::TempDir;

use super::{Answer, Errand, join, script};
use crate::session::ssh::family::{Family, ProcessMark, ProcessSnapshot};

/// The number of the process that serves the connection. No shell of a test has a number near it.
const SERVER: u32 = 5_000_000;

/// Names that processes may choose to look like something else.
const NAMES: &[&str] = &[
    "sh",
    "sudo",
    "sudo) S 1 1 1 0",
    "a) S 5000000 5",
    ") S",
    "x\n5000001 (sudo",
    "\n",
    "",
    "a b  c",
    "(((",
    ") Z 1",
    "sshd",
];

#[derive(Clone, Debug)]
struct Process {
    mark: ProcessMark,
    parent: u32,
    session: u32,
    name: &'static str,
    state: char,
    /// The process was started by a command, directly or indirectly.
    is_ours: bool,
    is_hidden: bool,
}

/// The processes of a server, as its kernel sees them.
#[derive(Debug)]
struct World {
    alive: BTreeMap<u32, Process>,
    next: u32,
    now: u64,
    free: Vec<u32>,
}

impl World {
    fn new(commands: u32) -> Self {
        let mut world = Self {
            alive: BTreeMap::new(),
            next: SERVER,
            now: 1000,
            free: Vec::new(),
        };
        let server = world.born(1, 0, false, "sshd", false);
        assert_eq!(server, SERVER);
        for _ in 0..commands {
            world.born(SERVER, 0, true, "sh", true);
        }
        // These are daemons of others.
        for _ in 0..3 {
            world.born(1, 0, true, "sudo", false);
        }
        world
    }

    fn born(&mut self, parent: u32, session: u32, leads: bool, name: &'static str, is_ours: bool) -> u32 {
        let is_used = |pid: &u32| self.alive.contains_key(pid) || self.alive.values().any(|one| one.session == *pid);
        // It may get the number of a process that has ended, if the kernel can use that again.
        let pid = match self.free.iter().position(|pid| !is_used(pid)) {
            Some(index) if !is_ours => self.free.remove(index),
            _ => {
                self.next += 1;
                self.next - 1
            }
        };
        self.now += 1;
        let process = Process {
            mark: ProcessMark { pid, start: self.now },
            parent,
            session: if leads { pid } else { session },
            name,
            state: 'S',
            is_ours,
            is_hidden: false,
        };
        self.alive.insert(pid, process);
        pid
    }

    fn act(&mut self, (kind, which, name): (u8, usize, usize)) {
        let pids: Vec<_> = self.alive.keys().copied().filter(|pid| *pid != SERVER).collect();
        let Some(&pid) = pids.get(which % pids.len().max(1)) else {
            return;
        };
        let one = self.alive[&pid].clone();
        let name = NAMES[name % NAMES.len()];
        match kind {
            // The process forks; in the second case the child gets a session of its own.
            0..=3 => drop(self.born(pid, one.session, false, name, one.is_ours)),
            4 => drop(self.born(pid, one.session, true, name, one.is_ours)),
            // The process ends, and its children get another parent.
            5..=7 => {
                self.alive.remove(&pid);
                self.free.push(pid);
                for child in self.alive.values_mut().filter(|child| child.parent == pid) {
                    child.parent = 1;
                }
            }
            8 => self.alive.get_mut(&pid).unwrap().state = 'Z',
            // Somebody else starts a process, which may get a number that a process of a command had before.
            9..=10 => drop(self.born(1, 0, true, name, false)),
            11 => self.alive.get_mut(&pid).unwrap().is_hidden = true,
            _ => self.alive.get_mut(&pid).unwrap().name = name,
        }
    }

    fn leaders(&self) -> usize {
        let leads = |one: &&Process| one.parent == SERVER && one.state != 'Z';
        self.alive.values().filter(leads).count()
    }
}

/// A shell that runs an errand in such a world.
struct Shell {
    directory: TempDir,
    errand: Errand,
    child: Child,
    orders: ChildStdin,
    said: BufReader<ChildStdout>,
    written: BTreeSet<u32>,
}

impl Shell {
    fn start(world: &World, parent: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let proc = directory.path().to_str().unwrap();
        let own = stat("$$", "sh", 'S', parent, "$$", 999);
        let before = format!(
            "kill() {{ echo \"$@\" >>{proc}/killed; }}\nmkdir {proc}/self {proc}/$$\n\
             echo \"{own}\" | tee {proc}/self/stat >{proc}/$$/stat\n"
        );
        let mut child = Command::new("sh")
            .args(["-s", "capr"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut shell = Self {
            errand: Errand::new("nonce".to_owned()),
            orders: child.stdin.take().unwrap(),
            said: BufReader::new(child.stdout.take().unwrap()),
            child,
            written: BTreeSet::new(),
            directory,
        };
        shell.show(world);
        let text = before + script("nonce", shell.directory.path().to_str().unwrap()).as_str();
        shell.orders.write_all(text.as_bytes()).unwrap();
        shell
    }

    /// Writes the files for the processes of the world.
    fn show(&mut self, world: &World) {
        for pid in std::mem::take(&mut self.written) {
            fs::remove_dir_all(self.directory.path().join(pid.to_string())).unwrap();
        }
        for one in world.alive.values() {
            let directory = self.directory.path().join(one.mark.pid.to_string());
            fs::create_dir(&directory).unwrap();
            self.written.insert(one.mark.pid);
            if !one.is_hidden {
                let pid = one.mark.pid.to_string();
                let session = one.session.to_string();
                let text = stat(&pid, one.name, one.state, one.parent, &session, one.mark.start);
                fs::write(directory.join("stat"), text + "\n").unwrap();
            }
        }
    }

    fn order(&mut self, order: &str) -> Answer {
        // A shell that has ended reads no more.
        let _ = self.orders.write_all(format!("nonce {order}\n").as_bytes());
        self.answer()
    }

    fn answer(&mut self) -> Answer {
        loop {
            match self.errand.answer() {
                Some(Answer::User(user)) => assert_eq!(user, rustix::process::getuid().as_raw()),
                Some(answer) => return answer,
                None => {}
            }
            let mut line = Vec::new();
            if self.said.read_until(b'\n', &mut line).unwrap() == 0 {
                return Answer::Unproven;
            }
            self.errand.hear(&line);
        }
    }

    fn look(&mut self, order: &str) -> Option<ProcessSnapshot> {
        match self.order(order) {
            Answer::Done(said) => Some(ProcessSnapshot::read(&said).unwrap_or_else(|| panic!("{said}"))),
            _ => None,
        }
    }

    /// Returns the processes that it has killed since the last call.
    fn killed(&self) -> Vec<u32> {
        let file = self.directory.path().join("killed");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(file);
        let pid = |line: &str| line.strip_prefix("-s TERM ").unwrap().parse().unwrap();
        text.lines().map(pid).collect()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn stat(pid: &str, name: &str, state: char, parent: u32, session: &str, start: u64) -> String {
    format!("{pid} ({name}) {state} {parent} {session} {session} 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {start} 0 0")
}

fn kill(families: &[Family]) -> String {
    let marks = join(families.iter().flat_map(|family| family.alive().iter().copied()));
    let numbers = join(families.iter().flat_map(Family::numbers));
    format!("kill TERM {numbers} {marks} ")
}

fn acts(most: usize) -> impl Strategy<Value = Vec<(u8, usize, usize)>> {
    prop::collection::vec((0..13_u8, any::<usize>(), any::<usize>()), 0..most)
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    #[test]
    fn nothing_that_no_command_has_started_is_ever_signalled(
        commands in 1..4_u32, first in acts(24), rounds in prop::collection::vec(acts(12), 1..4)
    ) {
        let mut world = World::new(commands);
        first.into_iter().for_each(|act| world.act(act));
        let mut shell = Shell::start(&world, SERVER);
        let own = shell.child.id();
        prop_assert!(matches!(shell.answer(), Answer::Ready(pid, SERVER) if pid == own));
        let look = shell.look("look - -").unwrap();
        let Some(mut families) = look.families(SERVER, own, world.leaders()) else { return Ok(()) };
        for acts in rounds {
            acts.into_iter().for_each(|act| world.act(act));
            shell.show(&world);
            let look = shell.look(&kill(&families)).unwrap();
            for pid in shell.killed() {
                let one = world.alive.get(&pid);
                prop_assert!(one.is_some_and(|one| one.is_ours), "{pid} of {world:#?}");
            }
            families.iter_mut().for_each(|family| family.learn(&look));
        }
    }

    #[test]
    fn all_that_lives_in_the_sessions_of_commands_is_signalled(commands in 1..4_u32, first in acts(24)) {
        let mut world = World::new(commands);
        // No process hides, and none ends by itself.
        let lives = |kind: u8| !matches!(kind, 5..=8 | 11);
        first.into_iter().filter(|act| lives(act.0)).for_each(|act| world.act(act));
        let mut shell = Shell::start(&world, SERVER);
        shell.answer();
        let families = shell.look("look - -").unwrap().families(SERVER, shell.child.id(), commands as usize).unwrap();
        shell.look(&kill(&families)).unwrap();
        let killed = shell.killed();
        for one in world.alive.values().filter(|one| one.is_ours) {
            let leader = &world.alive[&one.session];
            prop_assert!(leader.parent != SERVER || killed.contains(&one.mark.pid), "{one:?} of {world:#?}");
        }
    }

    #[test]
    fn nothing_is_signalled_once_the_connection_is_gone(
        is_taken in any::<bool>(), is_hidden in any::<bool>()
    ) {
        let mut world = World::new(1);
        let mut shell = Shell::start(&world, SERVER);
        shell.answer();
        let families = shell.look("look - -").unwrap().families(SERVER, shell.child.id(), 1).unwrap();
        if is_hidden {
            world.alive.get_mut(&SERVER).unwrap().is_hidden = true;
        } else {
            world.alive.remove(&SERVER);
        }
        if is_taken && !is_hidden {
            world.free.push(SERVER);
            world.born(1, 0, true, "sshd", false);
        }
        shell.show(&world);
        prop_assert!(shell.look(&kill(&families)).is_none());
        prop_assert!(shell.killed().is_empty());
    }
}

#[test]
fn nothing_is_done_where_the_parent_is_not_what_serves_the_connection() {
    let mut world = World::new(1);
    world.born(1, 0, true, "systemd", false);
    for parent in [1, 0, SERVER + 1, SERVER + 5, SERVER + 100] {
        let mut shell = Shell::start(&world, parent);
        assert!(matches!(shell.answer(), Answer::Unproven), "{parent}");
        assert!(shell.look("look - -").is_none());
    }
}

#[test]
fn nothing_is_done_without_the_word_that_only_capr_knows() {
    let world = World::new(1);
    let mut shell = Shell::start(&world, SERVER);
    assert!(matches!(shell.answer(), Answer::Ready(..)));
    let mark = world.alive[&(SERVER + 1)].mark;
    let line = format!("another kill TERM - {mark} \n");
    shell.orders.write_all(line.as_bytes()).unwrap();
    assert!(matches!(shell.answer(), Answer::Unproven));
    assert!(shell.killed().is_empty());
}

#[test]
fn what_a_login_shell_says_before_is_no_answer() {
    let mut errand = Errand::new("nonce".to_owned());
    errand.hear(b"welcome\ncapr other done\ncapr non");
    assert!(errand.answer().is_none());
    errand.hear(b"ce ready 7 8\n1 2");
    assert!(matches!(errand.answer(), Some(Answer::Ready(..)) | None));
}
