//! What a command has started, as far as it is proven, found and ended by an errand on the same connection. It is all that lives
//! in the command's session, and in those that sudo makes for what it runs on a terminal of its own.
//!
//! On a terminal the end of a command tells nothing of the end of those: the server takes the terminal from them and hears
//! of them no more. And sudo passes what the login may send on to the command, but not to what that has in the background.
//!
//! A process is told by its number and its start, so that one that has got the number of another is none of these. The number of a
//! session is given to no other as long as anything lives in it: while one lives there that is known, all there is the command's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A process and no other: its number and when it was started, in the kernel's ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) pid: u32,
    pub(super) start: u64,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.pid, self.start)
    }
}

#[derive(Clone, Copy, Debug)]
struct Process {
    mark: Mark,
    parent: u32,
    session: u32,
    /// It has ended, and its parent has not asked how.
    is_over: bool,
    is_sudo: bool,
}

impl Process {
    fn leads_session(&self) -> bool {
        self.session == self.mark.pid
    }
}

/// The processes of a server, or some of them, one looked at after the other.
#[derive(Debug, Default)]
pub(super) struct Look {
    processes: Vec<Process>,
    /// Those of which it is known that they lived, or were not forgotten, until all were looked at.
    lasted: BTreeSet<Mark>,
}

impl Look {
    /// Reads what `attend.sh` tells; `None` where a line of it is something else, or a number is told twice.
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

    /// The families of the commands of the connection, in the order in which they were started, where there are `expected` of
    /// them. Else one has just ended.
    ///
    /// `server` is the process that serves the connection, `own` the one that has looked.
    pub(super) fn families(&self, server: u32, own: u32, expected: usize) -> Option<Vec<Family>> {
        let leads = |process: &&Process| process.parent == server && process.mark.pid != own && !process.is_over;
        let mut leaders: Vec<_> = self.processes.iter().filter(leads).collect();
        leaders.sort_by_key(|leader| (leader.mark.start, leader.mark.pid));
        let lasted = leaders.iter().all(|leader| self.lasted.contains(&leader.mark));
        (lasted && leaders.len() == expected)
            .then(|| leaders.into_iter().map(|leader| Family::of(leader, self)).collect())
    }
}

fn mark(pid: &str, start: &str) -> Option<Mark> {
    Some(Mark {
        pid: pid.parse().ok()?,
        start: start.parse().ok()?,
    })
}

/// What is known of what one command has started.
#[derive(Clone, Debug)]
pub(super) struct Family {
    /// Those that its processes have made.
    sessions: BTreeSet<u32>,
    /// The session that it was started in, where it has none of its own; others live there, too.
    shared: Option<u32>,
    /// Its processes, and the session in which each was seen.
    known: BTreeMap<Mark, u32>,
    /// Those that live.
    alive: Vec<Mark>,
    /// Something lives in its sessions and is not proven to be of it.
    has_strangers: bool,
    /// A sudo of it runs nothing yet: what it is about to start is in no session of its own, and loses a signal that comes
    /// before it has begun.
    is_starting: bool,
}

impl Family {
    fn of(leader: &Process, look: &Look) -> Self {
        let mut family = Self {
            sessions: leader.leads_session().then_some(leader.mark.pid).into_iter().collect(),
            shared: (!leader.leads_session()).then_some(leader.session),
            known: BTreeMap::from([(leader.mark, leader.session)]),
            alive: Vec::new(),
            has_strangers: false,
            is_starting: false,
        };
        family.grow(look, &look.lasted);
        family
    }

    /// What it may have in common with a later look: numbers of sessions and of processes.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        let sessions = self.sessions.iter().copied();
        sessions.chain(self.known.keys().map(|mark| mark.pid))
    }

    /// Learns from a look at [`Family::numbers`].
    pub(super) fn learn(&mut self, look: &Look) {
        let seen: BTreeMap<_, _> = look
            .processes
            .iter()
            .map(|process| (process.mark, process.session))
            .collect();
        self.known.retain(|mark, session| match seen.get(mark) {
            Some(now) => {
                *session = *now;
                true
            }
            None => false,
        });
        self.grow(look, &look.lasted);
    }

    /// Adds what is proven by what is known and has lasted as long as the look. Each process is taken once: a server can show any
    /// number of them, in any order.
    fn grow(&mut self, look: &Look, lasted: &BTreeSet<Mark>) {
        let (mut children, mut members) = (BTreeMap::<u32, Vec<_>>::new(), BTreeMap::<u32, Vec<_>>::new());
        for process in &look.processes {
            children.entry(process.parent).or_default().push(process);
            members.entry(process.session).or_default().push(process);
        }
        // The sessions of those that prove something.
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
        let runs: BTreeSet<_> = alive.iter().map(|process| process.parent).collect();
        self.is_starting = alive
            .iter()
            .any(|process| process.is_sudo && !runs.contains(&process.mark.pid));
        self.has_strangers = here
            .iter()
            .any(|process| self.sessions.contains(&process.session) && !self.known.contains_key(&process.mark));
        self.alive = alive.into_iter().map(|process| process.mark).collect();
    }

    /// Its processes that are proven to be of it and lived when they were last looked at.
    pub(super) fn alive(&self) -> &[Mark] {
        &self.alive
    }

    /// Whether nothing is left of it.
    pub(super) fn is_over(&self) -> bool {
        self.alive.is_empty() && !self.has_strangers
    }

    /// Whether a sudo of it has not begun yet what it is to run.
    pub(super) fn is_starting(&self) -> bool {
        self.is_starting
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Family, Look};

    const SERVER: u32 = 10;
    const OWN: u32 = 15;

    /// The families where these are seen: each process with parent, session, start, state and name. All last but those of which it
    /// is said.
    fn families(shown: &str, gone: &[u32], expected: usize) -> Option<Vec<Family>> {
        look(shown, gone).families(SERVER, OWN, expected)
    }

    fn look(shown: &str, gone: &[u32]) -> Look {
        let mut look = Look::read(shown).unwrap();
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
        // One has ended while it was looked.
        assert!(families(shown, &[22], 2).is_none());
        let twice = "45 10 45 7 S other\n45 10 45 8 S other";
        for said in ["ps: unknown option", "1 2 3", "x 10 45 7 S other", "still 4", twice] {
            assert!(Look::read(said).is_none(), "{said}");
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
        // What another's sudo starts is nothing of it.
        let other = format!("{shell}40 1 40 1 S sudo\n41 40 40 1 S sudo\n");
        assert_eq!(alive(&families(&other, &[], 1).unwrap()[0]), [20, 21]);
    }

    #[test]
    fn a_session_is_believed_while_one_that_is_known_lives_in_it() {
        let mut family = families("20 10 20 1 S other\n21 20 20 2 S other\n", &[], 1)
            .unwrap()
            .remove(0);
        // The leader is gone; its child has one more.
        family.learn(&look("21 1 20 2 S other\n22 21 20 3 S other\n", &[]));
        assert_eq!(alive(&family), [21, 22]);
        // Both are gone when their number is seen again: whoever that is.
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
        // Each is proven by the one that is shown after it.
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
