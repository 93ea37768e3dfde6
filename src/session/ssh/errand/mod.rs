//! An errand is a shell on a channel of its own that looks at the processes of a connection, and signals those that are proven to
//! belong to its commands. Its output is not reported. There is one errand at a time, from the moment when a command is to end
//! until nothing is awaited any more.
//!
//! It acts on orders alone, one per line, and says that it is ready before the first: it works only while the connection is
//! alive. `attend.sh` is the script that it runs, `proof.sh` the rules for what counts as proven.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rustix::rand::{GetRandomFlags, getrandom};

use crate::session::{Command, Input, JobId};
use crate::source::text;

use super::family::ProcessSnapshot;
use super::job::SshJob;

const PROOF: &str = include_str!("proof.sh");
const ATTEND: &str = include_str!("attend.sh");

/// The pause between two looks at the processes.
const REST: Duration = Duration::from_millis(50);

/// The time that a sudo process which runs nothing yet is given to begin. While it asks for a password, it does not begin.
const BEGINNING: Duration = Duration::from_millis(500);

/// The most output that is accepted, in bytes; no server has so many processes.
const MOST_SAID: usize = 16 << 20;

/// The longest line with the nonce, in bytes.
const LONGEST_ANSWER: usize = 200;

/// A question that an errand was asked.
#[derive(Debug)]
enum Question {
    /// The processes that each of these commands has started. These are all commands that run, and the number is that of commands
    /// started so far.
    Families(Vec<JobId>, u64),
    /// The known processes that are still alive.
    Rest,
}

#[derive(Debug)]
enum ErrandState {
    Starting,
    Idle,
    Asked(Question),
    /// True if the errand was told to end, or has ended by itself.
    Over,
}

#[derive(Debug)]
pub(super) struct Errand {
    nonce: String,
    state: ErrandState,
    heard: Vec<u8>,
    /// The place in the output before which no answer begins.
    searched: usize,
    /// The numbers of the errand's process and of the one that serves the connection.
    place: (u32, u32),
    /// The time before which it is not asked again.
    rest: Option<Instant>,
    /// The time until which a process that sudo is about to start is waited for.
    beginning: Option<Instant>,
    /// True if the errand ends because it was told to.
    is_dismissed: bool,
    /// True if the login is root's, whatever its name; `None` until the errand has said so.
    is_root: Option<bool>,
}

/// An answer of an errand.
enum Answer {
    /// The number of its user.
    User(u32),
    Ready(u32, u32),
    Done(String),
    Unproven,
}

/// Returns a command of capr's own that only runs this line.
pub(super) fn of_line(line: String) -> SshJob {
    job(line, Input::none())
}

fn job(line: String, input: Input) -> SshJob {
    let command = Command {
        line,
        is_plain: true,
        terminal: None,
        input,
        timeout: None,
        sudo: None,
        meant: None,
    };
    SshJob::new(None, command, Some(false))
}

/// Returns the script for its shell. `proc` is the directory where it finds processes.
fn script(nonce: &str, proc: &str) -> String {
    format!("nonce={nonce} proc={proc}\nproof='{PROOF}'\neval \"$proof\"\n{ATTEND}")
}

/// Returns a random word that nobody else can know.
fn nonce() -> Option<String> {
    let mut bytes = [0_u8; 16];
    let filled = getrandom(&mut bytes, GetRandomFlags::empty()).ok()?;
    (filled == bytes.len()).then(|| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    })
}

/// Starts an errand if a command needs one, reads its answers and gives it its next order. Returns true if there is something new
/// to send or to start. `started` is the number of commands that were started so far.
pub(super) fn attend(jobs: &mut Vec<SshJob>, started: u64, now: Instant) -> bool {
    let Some(index) = jobs.iter().position(|job| job.errand.is_some()) else {
        return begin(jobs);
    };
    let Some(mut errand) = jobs.get_mut(index).and_then(|job| job.errand.take()) else {
        return false;
    };
    while let Some(answer) = errand.answer() {
        errand.take(answer, jobs, started, now);
        // The jobs learn this before the next answer, which may be that the errand can prove nothing.
        if let Some(is_root) = errand.is_root {
            jobs.iter_mut().for_each(|job| job.ending.know_user(is_root));
        }
    }
    if errand.rest.is_some_and(|rest| rest <= now) {
        errand.rest = None;
    }
    // Some commands may have been started, or told to end, since then.
    if let Some(is_root) = errand.is_root {
        jobs.iter_mut().for_each(|job| job.ending.know_user(is_root));
    }
    let order = errand.order(jobs, started);
    let is_done = !jobs
        .iter()
        .any(|job| job.ending.wants_family() || job.ending.has_family());
    let mut is_new = false;
    if let Some(job) = jobs.get_mut(index) {
        if let Some(order) = order {
            job.give_input(text(order.into_bytes()));
            is_new = true;
        } else if is_done && !errand.is_dismissed {
            errand.is_dismissed = true;
            errand.state = ErrandState::Over;
            job.end_input();
            is_new = true;
        }
        job.errand = Some(errand);
    }
    is_new
}

fn begin(jobs: &mut Vec<SshJob>) -> bool {
    if !jobs.iter().any(|job| job.ending.wants_family()) {
        return false;
    }
    let Some(nonce) = nonce() else {
        lose(jobs);
        return false;
    };
    let mut job = job("exec sh -s capr".to_owned(), Input::open());
    job.give_input(text(script(&nonce, "/proc").into_bytes()));
    job.errand = Some(Errand::new(nonce));
    jobs.push(job);
    true
}

/// Returns true if the login is root's; `None` until an errand has found out.
pub(super) fn is_root(jobs: &[SshJob]) -> Option<bool> {
    jobs.iter().find_map(|job| job.errand.as_ref()?.is_root)
}

/// Handles the end of an errand: if nobody told it to end, the processes of the commands are no longer watched.
pub(super) fn ended(errand: &Errand, jobs: &mut [SshJob]) {
    if !errand.is_dismissed {
        lose(jobs);
    }
}

fn lose(jobs: &mut [SshJob]) {
    jobs.iter_mut().for_each(|job| job.ending.lose_family());
}

impl Errand {
    fn new(nonce: String) -> Self {
        Self {
            nonce,
            state: ErrandState::Starting,
            heard: Vec::new(),
            searched: 0,
            place: (0, 0),
            rest: None,
            beginning: None,
            is_dismissed: false,
            is_root: None,
        }
    }

    pub(super) fn hear(&mut self, bytes: &[u8]) {
        self.heard.extend_from_slice(bytes);
    }

    /// Returns the time at which it is to be asked again.
    pub(super) fn rest(&self) -> Option<Instant> {
        self.rest
    }

    /// Returns its next complete answer. A login shell may have printed something before it.
    fn answer(&mut self) -> Option<Answer> {
        let word = format!("capr {} ", self.nonce);
        let begin = find(self.heard.get(self.searched..)?, word.as_bytes()).map(|begin| self.searched + begin);
        self.searched = begin.unwrap_or((self.heard.len() + 1).saturating_sub(word.len()).max(self.searched));
        let length = begin.and_then(|begin| find(self.heard.get(begin..)?, b"\n"));
        let is_too_long = begin.is_some_and(|begin| self.heard.len() - begin > LONGEST_ANSWER);
        if self.heard.len() > MOST_SAID || length.is_none() && is_too_long {
            self.heard.clear();
            self.searched = 0;
            return Some(Answer::Unproven);
        }
        let (begin, length) = (begin?, length?);
        self.searched = 0;
        let said: Vec<u8> = self.heard.drain(..=begin + length).collect();
        let before = String::from_utf8_lossy(said.get(..begin)?).into_owned();
        let line = String::from_utf8_lossy(said.get(begin + word.len()..begin + length)?).into_owned();
        let words: Vec<_> = line.split(' ').collect();
        Some(match *words.as_slice() {
            ["user", user] => user.parse().map_or(Answer::Unproven, Answer::User),
            ["ready", own, server] => match (own.parse(), server.parse()) {
                (Ok(own), Ok(server)) => Answer::Ready(own, server),
                _ => Answer::Unproven,
            },
            ["done"] => Answer::Done(before),
            _ => Answer::Unproven,
        })
    }

    fn take(&mut self, answer: Answer, jobs: &mut [SshJob], started: u64, now: Instant) {
        match (answer, std::mem::replace(&mut self.state, ErrandState::Idle)) {
            (_, ErrandState::Over) => self.state = ErrandState::Over,
            (Answer::User(user), ErrandState::Starting) => {
                self.is_root = Some(user == 0);
                self.state = ErrandState::Starting;
            }
            (Answer::Ready(own, server), ErrandState::Starting) => self.place = (own, server),
            (Answer::Done(said), ErrandState::Asked(question)) => match ProcessSnapshot::read(&said) {
                Some(look) => {
                    self.rest = Some(now + REST);
                    match question {
                        Question::Families(alive, before) if before == started => self.tell(&look, alive, jobs, now),
                        // Processes that were started meanwhile may be missing from the answer.
                        Question::Families(..) => {}
                        Question::Rest => {
                            for job in jobs {
                                let leads = job.leads();
                                job.ending.look(&look, leads);
                            }
                        }
                    }
                }
                None => self.give_up(jobs),
            },
            _ => self.give_up(jobs),
        }
    }

    fn give_up(&mut self, jobs: &mut [SshJob]) {
        self.state = ErrandState::Over;
        lose(jobs);
    }

    fn tell(&mut self, look: &ProcessSnapshot, alive: Vec<JobId>, jobs: &mut [SshJob], now: Instant) {
        let (own, server) = self.place;
        // If there are fewer than were alive, one has ended and that is not known here yet.
        let Some(families) = look.families(server, own, alive.len()) else {
            return;
        };
        let until = *self.beginning.get_or_insert(now + BEGINNING);
        if now < until && families.iter().any(|family| family.is_starting()) {
            return;
        }
        self.beginning = None;
        for (id, family) in alive.into_iter().zip(families) {
            if let Some(job) = jobs.iter_mut().find(|job| job.id == Some(id)) {
                job.ending.know_family(Some(family));
            }
        }
    }

    /// Returns its next order, if there is one.
    fn order(&mut self, jobs: &mut [SshJob], started: u64) -> Option<String> {
        if !matches!(self.state, ErrandState::Idle) {
            return None;
        }
        let families = jobs.iter().filter_map(|job| job.ending.family());
        let numbers = join(families.flat_map(|family| family.numbers()));
        let strikes = jobs.iter_mut().find_map(|job| job.ending.strikes());
        let nonce = &self.nonce;
        if let Some((signal, marks, sudo)) = strikes {
            self.state = ErrandState::Asked(Question::Rest);
            let sudo = sudo.filter(|sudo| !sudo.contains(['\n', '\0'])).unwrap_or_default();
            return Some(format!(
                "{nonce} kill {} {numbers} {} {sudo}\n",
                signal.name(),
                join(marks)
            ));
        }
        if self.rest.is_some() {
            return None;
        }
        if jobs.iter().any(|job| job.ending.wants_family())
            && !jobs
                .iter()
                .any(|job| job.id.is_some() && !job.needs_channel() && !job.is_running())
        {
            let alive = jobs.iter().filter(|job| job.is_running() && job.leads());
            self.state = ErrandState::Asked(Question::Families(alive.filter_map(|job| job.id).collect(), started));
            return Some(format!("{nonce} look - -\n"));
        }
        if jobs.iter().any(|job| job.ending.looks(job.leads())) {
            self.state = ErrandState::Asked(Question::Rest);
            return Some(format!("{nonce} look - {numbers}\n"));
        }
        None
    }
}

fn join(items: impl IntoIterator<Item = impl ToString>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(",")
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(any(test, feature = "fuzz"))]
pub(super) mod fuzz;
#[cfg(test)]
mod tests;
