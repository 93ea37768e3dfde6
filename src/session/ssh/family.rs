//! Tells which processes a command has started, as far as that is proven. An errand on the same connection finds and ends them. A
//! family is everything that lives in the command's session, and in the sessions that sudo makes for what it runs on a terminal
//! of its own.
//!
//! With a terminal the end of a command says nothing about the end of those processes: the server takes the terminal from them
//! and does not learn how they go on. And sudo passes signals that the login may send on to its command, but not to that
//! command's background processes.
//!
//! A process is identified by its number and its start time, so that another process which gets the same number later is not
//! mistaken for it. The number of a session is not used again while any process lives in it: as long as one known process lives
//! there, all the others there belong to the command.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::sort;

/// One process, identified by its number and its start time in the kernel's ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProcessMark {
    pub(super) pid: u32,
    pub(super) start: u64,
}

impl fmt::Display for ProcessMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.pid, self.start)
    }
}

#[derive(Clone, Copy, Debug)]
struct Process {
    mark: ProcessMark,
    parent: u32,
    session: u32,
    /// True if the process has ended, and its parent has not collected its exit status yet.
    is_over: bool,
    is_sudo: bool,
}

impl Process {
    fn leads_session(&self) -> bool {
        self.session == self.mark.pid
    }
}

/// A snapshot of some or all processes of a server; they were looked at one after the other.
#[derive(Debug, Default)]
pub(super) struct ProcessSnapshot {
    processes: Vec<Process>,
    /// The processes that still existed after all had been looked at.
    lasted: BTreeSet<ProcessMark>,
}

impl ProcessSnapshot {
    /// Reads the output of `attend.sh`; `None` if a line cannot be understood, or a number appears twice.
    pub(super) fn read(said: &str) -> Option<Self> {
        let mut look = Self::default();
        let mut seen = BTreeSet::new();
        for line in said.lines() {
            let words: Vec<_> = line.split(' ').collect();
            match *words.as_slice() {
                ["still", pid, start] => {
                    look.lasted.insert(mark(pid, start)?);
                }
                [pid, parent, session, start, state, name] => {
                    let mark = mark(pid, start)?;
                    if !seen.insert(mark.pid) {
                        return None;
                    }
                    look.processes.push(Process {
                        mark,
                        parent: parent.parse().ok()?,
                        session: session.parse().ok()?,
                        is_over: matches!(state, "Z" | "X"),
                        is_sudo: name == "sudo",
                    });
                }
                _ => return None,
            }
        }
        Some(look)
    }

    /// Returns the families of the commands on the connection, in the order in which they were started. `None` if there are not
    /// as many as `expected`, because one has just ended.
    ///
    /// `server` is the process that serves the connection, `own` the one that took the snapshot.
    pub(super) fn families(&self, server: u32, own: u32, expected: usize) -> Option<Vec<Family>> {
        let leads = |process: &&Process| process.parent == server && process.mark.pid != own && !process.is_over;
        let mut leaders: Vec<_> = self.processes.iter().filter(leads).collect();
        sort::by_key(&mut leaders, |leader| (leader.mark.start, leader.mark.pid));
        let lasted = leaders.iter().all(|leader| self.lasted.contains(&leader.mark));
        (lasted && leaders.len() == expected)
            .then(|| leaders.into_iter().map(|leader| Family::of(leader, self)).collect())
    }
}

fn mark(pid: &str, start: &str) -> Option<ProcessMark> {
    Some(ProcessMark {
        pid: pid.parse().ok()?,
        start: start.parse().ok()?,
    })
}

/// The known processes of one command.
#[derive(Clone, Debug)]
pub(super) struct Family {
    /// The sessions that its processes have made.
    sessions: BTreeSet<u32>,
    /// The session in which the command was started, if it has none of its own; other processes live there, too.
    shared: Option<u32>,
    /// The known processes, each with the session in which it was seen.
    known: BTreeMap<ProcessMark, u32>,
    /// The known processes that are alive.
    alive: Vec<ProcessMark>,
    /// True if a process lives in its sessions that is not proven to belong to it.
    has_strangers: bool,
    /// True if one of its sudo processes runs nothing yet. The process that it is about to start has no session of its own, and
    /// misses a signal that comes before it has begun.
    is_starting: bool,
}

impl Family {
    fn of(leader: &Process, look: &ProcessSnapshot) -> Self {
        let mut family = Self {
            sessions: sort::set(leader.leads_session().then_some(leader.mark.pid)),
            shared: (!leader.leads_session()).then_some(leader.session),
            known: BTreeMap::from([(leader.mark, leader.session)]),
            alive: Vec::new(),
            has_strangers: false,
            is_starting: false,
        };
        family.grow(look, &look.lasted);
        family
    }

    /// Returns the numbers of sessions and processes that a later snapshot has to include.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        let sessions = self.sessions.iter().copied();
        sessions.chain(self.known.keys().map(|mark| mark.pid))
    }

    /// Takes in a new snapshot of [`Family::numbers`].
    pub(super) fn learn(&mut self, look: &ProcessSnapshot) {
        let seen = sort::map(look.processes.iter().map(|process| (process.mark, process.session)));
        self.known.retain(|mark, session| match seen.get(mark) {
            Some(now) => {
                *session = *now;
                true
            }
            None => false,
        });
        self.grow(look, &look.lasted);
    }

    /// Adds the processes that are proven by known ones and still existed at the end of the snapshot. Each process is handled
    /// once: a server can show any number of them, in any order.
    fn grow(&mut self, look: &ProcessSnapshot, lasted: &BTreeSet<ProcessMark>) {
        let (mut children, mut members) = (BTreeMap::<u32, Vec<_>>::new(), BTreeMap::<u32, Vec<_>>::new());
        for process in &look.processes {
            children.entry(process.parent).or_default().push(process);
            members.entry(process.session).or_default().push(process);
        }
        // The sessions of the processes that prove something.
        let mut witnessed = BTreeSet::new();
        let is_known = |process: &&Process| self.known.contains_key(&process.mark);
        let mut new: Vec<&Process> = look.processes.iter().filter(is_known).collect();
        while let Some(process) = new.pop() {
            let mut found: Vec<&Process> = Vec::new();
            let made = process.is_sudo && process.leads_session() && self.sessions.insert(process.mark.pid);
            if made && witnessed.contains(&process.mark.pid) {
                found.extend(members.get(&process.mark.pid).into_iter().flatten().copied());
            }
            if lasted.contains(&process.mark) {
                let is_of =
                    |child: &&Process| child.session == process.session || child.is_sudo && child.leads_session();
                let own = children.get(&process.mark.pid).into_iter().flatten().copied();
                found.extend(own.filter(is_of));
                if witnessed.insert(process.session) && self.sessions.contains(&process.session) {
                    found.extend(members.get(&process.session).into_iter().flatten().copied());
                }
            }
            found.retain(|process| self.known.insert(process.mark, process.session).is_none());
            new.append(&mut found);
        }
        let here = |process: &&Process| {
            let session = process.session;
            !process.is_over && (self.sessions.contains(&session) || self.shared == Some(session))
        };
        let here: Vec<_> = look.processes.iter().filter(here).collect();
        let is_known = |process: &&&Process| self.known.contains_key(&process.mark);
        let alive: Vec<_> = here.iter().filter(is_known).collect();
        let runs = sort::set(alive.iter().map(|process| process.parent));
        self.is_starting = alive
            .iter()
            .any(|process| process.is_sudo && !runs.contains(&process.mark.pid));
        self.has_strangers = here
            .iter()
            .any(|process| self.sessions.contains(&process.session) && !self.known.contains_key(&process.mark));
        self.alive = alive.into_iter().map(|process| process.mark).collect();
    }

    /// Returns its processes that are proven and were alive in the last snapshot.
    pub(super) fn alive(&self) -> &[ProcessMark] {
        &self.alive
    }

    /// Returns true if none of its processes is left.
    pub(super) fn is_over(&self) -> bool {
        self.alive.is_empty() && !self.has_strangers
    }

    /// Returns true if one of its sudo processes has not yet begun the command that it is to run.
    pub(super) fn is_starting(&self) -> bool {
        self.is_starting
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Family, ProcessSnapshot};

    const SERVER: u32 = 10;
    const OWN: u32 = 15;

    /// Returns the families of these processes, each given with parent, session, start, state and name. All of them last to the
    /// end of the snapshot but those in `gone`.
    fn families(shown: &str, gone: &[u32], expected: usize) -> Option<Vec<Family>> {
        look(shown, gone).families(SERVER, OWN, expected)
    }

    fn look(shown: &str, gone: &[u32]) -> ProcessSnapshot {
        let mut look = ProcessSnapshot::read(shown).unwrap();
        let marks = look.processes.iter().map(|process| process.mark);
        look.lasted = marks.filter(|mark| !gone.contains(&mark.pid)).collect();
        look
    }

    fn alive(family: &Family) -> Vec<u32> {
        family.alive().iter().map(|mark| mark.pid).collect()
    }

    #[test]
    fn families_are_known_where_they_are_as_many_as_commands() {
        let shown =
            "45 10 45 7 S other\n22 10 22 6 S other\n15 10 15 9 S other\n47 45 45 8 S other\n9 10 9 1 Z other\n";
        let found = families(shown, &[], 2).unwrap();
        assert_eq!(found.iter().map(alive).collect::<Vec<_>>(), [vec![22], vec![45, 47]]);
        assert!(families(shown, &[], 3).is_none());
        assert!(families(shown, &[], 1).is_none());
        // A process has ended while the snapshot was taken.
        assert!(families(shown, &[22], 2).is_none());
        let twice = "45 10 45 7 S other\n45 10 45 8 S other";
        for said in ["ps: unknown option", "1 2 3", "x 10 45 7 S other", "still 4", twice] {
            assert!(ProcessSnapshot::read(said).is_none(), "{said}");
        }
    }

    #[test]
    fn what_sudo_is_about_to_start_is_waited_for() {
        let shell = "20 10 20 1 S other\n21 20 20 2 S sudo\n".to_owned();
        let forked = format!("{shell}22 21 20 3 S sudo\n");
        let monitor = format!("{shell}22 21 22 3 S sudo\n");
        let starting = format!("{monitor}23 22 22 4 R sudo\n");
        let runs = format!("{monitor}23 22 22 4 S other\n");
        for (shown, is_starting) in [
            (&shell, true),
            (&forked, true),
            (&monitor, true),
            (&starting, true),
            (&runs, false),
        ] {
            assert_eq!(
                families(shown, &[], 1).unwrap()[0].is_starting(),
                is_starting,
                "{shown}"
            );
        }
        assert_eq!(alive(&families(&runs, &[], 1).unwrap()[0]), [20, 21, 22, 23]);
        // The processes that another person's sudo starts do not belong to it.
        let other = format!("{shell}40 1 40 1 S sudo\n41 40 40 1 S sudo\n");
        assert_eq!(alive(&families(&other, &[], 1).unwrap()[0]), [20, 21]);
    }

    #[test]
    fn a_session_is_believed_while_one_that_is_known_lives_in_it() {
        let mut family = families("20 10 20 1 S other\n21 20 20 2 S other\n", &[], 1)
            .unwrap()
            .remove(0);
        // The leader has ended, and its child has started another process.
        family.learn(&look("21 1 20 2 S other\n22 21 20 3 S other\n", &[]));
        assert_eq!(alive(&family), [21, 22]);
        // Both have ended, and the number of their session is used again: whose it is now is not known.
        family.learn(&look("20 1 20 9 S other\n23 20 20 9 S other\n", &[]));
        assert_eq!(alive(&family), [0; 0]);
        assert!(!family.is_over());
        family.learn(&look("", &[]));
        assert!(family.is_over());
    }

    #[test]
    fn a_witness_that_ends_while_it_is_looked_proves_nothing_new() {
        let mut family = families("20 10 20 1 S other\n", &[], 1).unwrap().remove(0);
        family.learn(&look("20 10 20 1 S other\n22 1 20 9 S other\n", &[20]));
        assert_eq!(alive(&family), [20]);
    }

    #[test]
    fn as_many_processes_as_a_server_can_show_take_seconds_in_the_worst_order() {
        let began = Instant::now();
        let last = 300_000;
        // Each process is proven by the one that is shown after it.
        let mut shown: String = (21..last)
            .rev()
            .map(|pid| format!("{pid} {} 20 {pid} S other\n", pid - 1))
            .collect();
        shown.push_str("20 10 20 20 S other\n");
        let family = families(&shown, &[], 1).unwrap().remove(0);
        assert_eq!(family.alive().len(), last - 20);
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    }

    #[test]
    fn what_has_left_the_session_on_purpose_is_left_alone() {
        let family = families("20 10 20 1 S other\n21 20 21 2 S other\n22 21 21 2 S sudo\n", &[], 1)
            .unwrap()
            .remove(0);
        assert_eq!(alive(&family), [20]);
    }
}
