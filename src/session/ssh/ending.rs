//! How a command is brought to its end: what is done to it and when, and what is known of what it has started.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::session::JobSignal;

use super::family::Family;

/// What is done to a command that is to end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Signal(JobSignal),
    /// What a terminal makes an INT of, for all that runs in front of it, whoever's it is.
    Interrupt,
    /// HUP: sudo passes it on, which it cannot do with KILL.
    HangUp,
    /// Takes the terminal away.
    Close,
}

impl Step {
    /// What `signal` means to a command, and how many milliseconds after the order. INT is late on a terminal as well: of
    /// sudo's own terminal it would end the shell alone, and not what that has in the background.
    fn of(signal: JobSignal, on_terminal: bool) -> &'static [(Self, u64)] {
        match (signal, on_terminal) {
            (JobSignal::Term, false) => &[(Self::Signal(JobSignal::Term), 0)],
            (JobSignal::Kill, false) => &[(Self::Signal(JobSignal::Kill), 0)],
            (JobSignal::Term, true) => &[(Self::Signal(JobSignal::Term), 0), (Self::Interrupt, 2000)],
            (JobSignal::Kill, true) => &[
                (Self::HangUp, 0),
                (Self::Signal(JobSignal::Kill), 300),
                (Self::Close, 1800),
            ],
        }
    }
}

/// How long it may take to find out what a command has started, before it is told to end.
const ASKING: Duration = Duration::from_secs(3);

/// How long a command is left alone from its start on: what the server has forked for it makes its session first, and a signal
/// to that would be lost.
const STARTING: Duration = Duration::from_millis(50);

/// What is known of what a command has started.
#[derive(Debug)]
enum Kin {
    /// That does not matter yet.
    Unasked,
    /// There was no answer, or it does not matter any more.
    Unknown,
    /// It is asked for until then; this order waits for it.
    Wanted(JobSignal, Instant),
    /// It is to be awaited as well.
    Known(Family),
    /// It is awaited.
    Awaited(Family),
}

/// What is to be done to a command.
pub(super) struct Ending {
    on_terminal: bool,
    /// How it calls sudo, if it does.
    sudo: Option<String>,
    /// The server sends no signals for root.
    is_root: bool,
    /// From when on it may be told to end; None: it does not run yet.
    ready: Option<Instant>,
    /// What is to be known before it is told to end.
    kin: Kin,
    steps: VecDeque<(Step, Instant)>,
    /// The first of them could not be taken yet.
    blocked: bool,
    signalled: Option<JobSignal>,
    /// What is to be sent to what it has started.
    passed_on: Option<JobSignal>,
}

impl Ending {
    pub(super) fn new(on_terminal: bool, sudo: Option<String>, is_root: bool) -> Self {
        Self {
            on_terminal,
            sudo,
            is_root,
            ready: None,
            kin: Kin::Unasked,
            steps: VecDeque::new(),
            blocked: false,
            signalled: None,
            passed_on: None,
        }
    }

    /// It runs. What it was told before comes as late as the first of it.
    pub(super) fn begin(&mut self, now: Instant) {
        let ready = now + STARTING;
        self.ready = Some(ready);
        let first = self.steps.front().map_or(ready, |(_, due)| *due);
        for (_, due) in &mut self.steps {
            *due += ready.saturating_duration_since(first);
        }
    }

    /// What was to come of an order before does not come any more.
    pub(super) fn signal(&mut self, signal: JobSignal) {
        let now = Instant::now();
        let outlives = self.on_terminal || self.sudo.is_some() || self.is_root;
        match self.kin {
            Kin::Unasked if outlives => {
                self.kin = Kin::Wanted(signal, now + ASKING);
                return;
            }
            Kin::Wanted(..) => self.kin = Kin::Unknown,
            _ => {}
        }
        let steps = Step::of(signal, self.on_terminal);
        let begin = self.ready.map_or(now, |ready| ready.max(now));
        let due = |after| begin + Duration::from_millis(after);
        self.steps.retain(|(_, due)| *due <= now);
        self.steps
            .extend(steps.iter().map(|(step, after)| (*step, due(*after))));
    }

    /// Whether it waits for what the command has started to be known.
    pub(super) fn wants_family(&self) -> bool {
        matches!(self.kin, Kin::Wanted(..))
    }

    /// What it has started was asked for, and this is the answer.
    pub(super) fn know_family(&mut self, family: Option<Family>) {
        match self.kin {
            Kin::Wanted(signal, _) => self.signal(signal),
            // An answer that came late.
            Kin::Unknown => {}
            _ => return,
        }
        if let Some(family) = family {
            self.kin = Kin::Known(family);
        }
    }

    /// A signal that does not reach by itself what it is meant for, once.
    pub(super) fn pass_on(&mut self) -> Option<JobSignal> {
        self.passed_on.take()
    }

    /// What to run so that `signal` reaches what it has started, where that is known.
    pub(super) fn signal_family(&self, signal: JobSignal) -> Option<String> {
        match &self.kin {
            Kin::Known(family) | Kin::Awaited(family) => Some(family.signalled(signal, self.sudo.as_deref())),
            _ => None,
        }
    }

    /// Whether what it has started may be alive, which is found out.
    pub(super) fn has_family(&self) -> bool {
        matches!(self.kin, Kin::Known(_) | Kin::Awaited(_))
    }

    /// Nothing is left of what it has started; or whoever looks has to look again.
    pub(super) fn awaited(&mut self, is_over: bool) {
        if let Kin::Awaited(family) = std::mem::replace(&mut self.kin, Kin::Unknown)
            && !is_over
        {
            self.kin = Kin::Known(family);
        }
    }

    /// What to run so that its end is awaited whole, where that is not under way yet.
    pub(super) fn await_family(&mut self) -> Option<String> {
        match std::mem::replace(&mut self.kin, Kin::Unknown) {
            Kin::Known(family) => {
                let script = family.awaited();
                self.kin = Kin::Awaited(family);
                Some(script)
            }
            other => {
                self.kin = other;
                None
            }
        }
    }

    /// The last signal that was sent.
    pub(super) fn signalled(&self) -> Option<JobSignal> {
        self.signalled
    }

    /// The step to be taken now.
    pub(super) fn due(&mut self, now: Instant) -> Option<Step> {
        self.blocked = false;
        self.steps.front().filter(|(_, due)| *due <= now).map(|(step, _)| *step)
    }

    /// That step was taken. `led`: the process that the server has started was alive.
    pub(super) fn done(&mut self, led: bool) {
        match self.steps.pop_front() {
            Some((Step::Signal(signal), _)) => {
                self.signalled = Some(signal);
                // On a terminal sudo passes on what is no KILL.
                let arrives = self.on_terminal && !self.is_root && signal != JobSignal::Kill;
                self.passed_on = (!arrives).then_some(signal);
            }
            // The terminal is gone. What has not heeded the first signal may have lost it.
            Some((Step::Interrupt, _)) if !led => self.passed_on = Some(JobSignal::Term),
            _ => {}
        }
    }

    /// It could not be taken yet.
    pub(super) fn block(&mut self) {
        self.blocked = true;
    }

    /// When there is something to do that nobody else brings about.
    pub(super) fn next(&self) -> Option<Instant> {
        let step = match self.ready {
            Some(_) => self.steps.get(usize::from(self.blocked)),
            None => self.steps.iter().find(|(step, _)| matches!(step, Step::Close)),
        };
        let step = step.map(|(_, due)| *due);
        let asked = match self.kin {
            Kin::Wanted(_, until) => Some(until),
            _ => None,
        };
        step.into_iter().chain(asked).min()
    }

    /// Whether the channel is to be closed now.
    pub(super) fn closes(&self, now: Instant) -> bool {
        let closes = |(step, due): &(Step, Instant)| matches!(step, Step::Close) && *due <= now;
        self.steps.iter().any(closes)
    }

    /// An answer that does not come is waited for no longer.
    pub(super) fn stop_asking(&mut self, now: Instant) {
        if matches!(self.kin, Kin::Wanted(_, until) if until <= now) {
            self.know_family(None);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Ending, STARTING, Step};
    use crate::session::JobSignal;

    #[test]
    fn what_does_not_run_yet_is_told_to_end_when_it_has_begun() {
        let mut ending = Ending::new(false, None, false);
        ending.signal(JobSignal::Term);
        assert_eq!(ending.next(), None);
        let begun = Instant::now() + Duration::from_secs(1);
        ending.begin(begun);
        assert_eq!(ending.next(), Some(begun + STARTING));
        assert!(ending.due(begun).is_none());
        assert!(matches!(
            ending.due(begun + STARTING),
            Some(Step::Signal(JobSignal::Term))
        ));
    }

    #[test]
    fn what_has_just_begun_is_left_alone_for_a_moment() {
        let mut ending = Ending::new(false, None, false);
        let begun = Instant::now();
        ending.begin(begun);
        ending.signal(JobSignal::Term);
        assert_eq!(ending.next(), Some(begun + STARTING));
        // The stronger order takes its place.
        ending.signal(JobSignal::Kill);
        assert!(matches!(
            ending.due(begun + STARTING),
            Some(Step::Signal(JobSignal::Kill))
        ));
        ending.done(true);
        assert!(ending.next().is_none());
    }

    #[test]
    fn what_has_run_for_a_while_is_told_at_once() {
        let mut ending = Ending::new(false, None, false);
        ending.begin(Instant::now().checked_sub(STARTING).unwrap());
        ending.signal(JobSignal::Term);
        assert!(ending.due(Instant::now()).is_some());
    }

    #[test]
    fn a_terminal_is_taken_away_from_what_never_began() {
        let mut ending = Ending::new(true, None, false);
        // The first waits for what it has started to be known.
        ending.signal(JobSignal::Term);
        ending.signal(JobSignal::Kill);
        let close = ending.next().unwrap();
        assert!(!ending.closes(close.checked_sub(Duration::from_millis(1)).unwrap()));
        assert!(ending.closes(close));
    }
}
