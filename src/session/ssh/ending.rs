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
    pub(super) fn new(on_terminal: bool, sudo: Option<String>) -> Self {
        Self {
            on_terminal,
            sudo,
            kin: Kin::Unasked,
            steps: VecDeque::new(),
            blocked: false,
            signalled: None,
            passed_on: None,
        }
    }

    /// What was to come of an order before does not come any more.
    pub(super) fn signal(&mut self, signal: JobSignal) {
        let now = Instant::now();
        let outlives = self.on_terminal || self.sudo.is_some();
        match self.kin {
            Kin::Unasked if outlives => {
                self.kin = Kin::Wanted(signal, now + ASKING);
                return;
            }
            Kin::Wanted(..) => self.kin = Kin::Unknown,
            _ => {}
        }
        let steps = Step::of(signal, self.on_terminal);
        let due = |after| now + Duration::from_millis(after);
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

    /// What to run so that a signal reaches what it does not reach by itself.
    pub(super) fn signal_family(&mut self) -> Option<String> {
        let signal = self.passed_on.take()?;
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
                self.passed_on = Some(signal).filter(|signal| !self.on_terminal || *signal == JobSignal::Kill);
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
        let step = self.steps.get(usize::from(self.blocked)).map(|(_, due)| *due);
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
