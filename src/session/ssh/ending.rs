//! How a command is brought to its end: what is done to it and when, and what is known of what it has started.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::session::JobSignal;

use super::family::{Family, Look, Mark};

/// What is done to a command that is to end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Signal(JobSignal),
    /// What a terminal makes an INT of, for all that runs in front of it, whoever's it is.
    Interrupt,
    /// TERM once more, for what the terminal was taken from: it may have lost the one before.
    Again,
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
            (JobSignal::Term, true) => &[
                (Self::Signal(JobSignal::Term), 0),
                (Self::Interrupt, 2000),
                (Self::Again, 3000),
            ],
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

/// So often what is new is sent a signal as well, while there is any.
const ROUNDS: u32 = 8;

/// How long after KILL the end is heard of.
const DYING: Duration = Duration::from_secs(1);

/// What is known of what a command has started.
#[derive(Debug)]
enum Kin {
    /// That does not matter yet.
    Unasked,
    /// There was no answer, or it does not matter any more.
    Unknown,
    /// It is asked for. An order waits for it until then.
    Wanted(Option<(JobSignal, Instant)>),
    /// It is to be awaited as well.
    Known(Family),
    /// It has ended.
    Over,
}

/// A signal for what a command has started.
#[derive(Debug)]
struct Strike {
    signal: JobSignal,
    struck: BTreeSet<Mark>,
    rounds: u32,
}

/// What is to be done to a command.
pub(super) struct Ending {
    on_terminal: bool,
    /// How it calls sudo, if it does.
    sudo: Option<String>,
    /// The server sends no signals for root. `None`: it is not known whether this is root.
    is_root: Option<bool>,
    /// From when on it may be told to end; None: it does not run yet.
    ready: Option<Instant>,
    /// It was to end, whether it could be told so or not.
    is_ordered: bool,
    /// What is to be known before it is told to end.
    kin: Kin,
    /// What it has started may be alive, and that is all that will be known of it.
    is_lost: bool,
    /// What it has started could not be looked for.
    is_blind: bool,
    steps: VecDeque<(Step, Instant)>,
    /// The first of them could not be taken yet.
    blocked: bool,
    /// What does not reach by itself what it has started.
    strike: Option<Strike>,
    /// Until when its end is expected, now that it was killed.
    dying: Option<Instant>,
}

impl Ending {
    pub(super) fn new(on_terminal: bool, sudo: Option<String>, is_root: Option<bool>) -> Self {
        Self {
            on_terminal,
            sudo,
            is_root,
            ready: None,
            is_ordered: false,
            kin: Kin::Unasked,
            is_lost: false,
            is_blind: false,
            steps: VecDeque::new(),
            blocked: false,
            strike: None,
            dying: None,
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
        self.is_ordered = true;
        let (is_doubtful, outlives) = (self.is_plain() && self.is_root.is_none(), self.outlives());
        match &mut self.kin {
            // Of anybody else the server ends it at once.
            Kin::Unasked if is_doubtful => {
                self.kin = Kin::Wanted(None);
                self.take_steps(signal);
            }
            Kin::Unasked if outlives => self.kin = Kin::Wanted(Some((signal, Instant::now() + ASKING))),
            Kin::Wanted(waiting) => {
                // It may still be passed on when the answer comes.
                *waiting = None;
                self.take_steps(signal);
            }
            _ => self.take_steps(signal),
        }
    }

    /// Whether the server ends it with all that it has started, if it is not root's.
    fn is_plain(&self) -> bool {
        !self.on_terminal && self.sudo.is_none()
    }

    fn outlives(&self) -> bool {
        !self.is_plain() || self.is_root == Some(true)
    }

    /// It is known now who has logged in.
    pub(super) fn know_user(&mut self, is_root: bool) {
        if self.is_root.is_some() {
            return;
        }
        self.is_root = Some(is_root);
        if !self.outlives() && self.wants_family() {
            self.kin = Kin::Unasked;
            self.strike = None;
        }
    }

    fn take_steps(&mut self, signal: JobSignal) {
        let now = Instant::now();
        let steps = Step::of(signal, self.on_terminal);
        let begin = self.ready.map_or(now, |ready| ready.max(now));
        let due = |after| begin + Duration::from_millis(after);
        self.steps.retain(|(_, due)| *due <= now);
        self.steps
            .extend(steps.iter().map(|(step, after)| (*step, due(*after))));
    }

    /// Whether what the command has started is asked for.
    pub(super) fn wants_family(&self) -> bool {
        matches!(self.kin, Kin::Wanted(_))
    }

    /// What it has started was asked for, and this is the answer. None: it cannot be told.
    pub(super) fn know_family(&mut self, family: Option<Family>) {
        let kin = family.map_or(Kin::Unknown, Kin::Known);
        if !self.wants_family() {
            return;
        }
        if let Kin::Unknown = kin {
            self.strike = None;
            self.is_blind = self.outlives();
        }
        if let Kin::Wanted(Some((signal, _))) = std::mem::replace(&mut self.kin, kin) {
            self.take_steps(signal);
        }
    }

    /// What it has started, where that is known.
    pub(super) fn family(&self) -> Option<&Family> {
        match &self.kin {
            Kin::Known(family) => Some(family),
            _ => None,
        }
    }

    /// Nobody looks at what it has started any more.
    pub(super) fn lose_family(&mut self) {
        self.know_family(None);
        if let Kin::Known(_) = self.kin {
            self.kin = Kin::Unknown;
            self.is_lost = true;
            self.strike = None;
        }
    }

    /// Whether a signal is still on its way to it or to what it has started, or that has ended and it is only not heard yet.
    pub(super) fn is_under_way(&self, now: Instant) -> bool {
        let signals = |(step, _): &(Step, Instant)| matches!(step, Step::Signal(_));
        let is_ending = match &self.kin {
            Kin::Wanted(_) | Kin::Over => true,
            Kin::Known(family) => self.strike.is_some() || family.is_over(),
            Kin::Unasked | Kin::Unknown => false,
        };
        let is_dying = self.dying.is_some_and(|until| now < until);
        self.is_ordered && (is_ending || is_dying || self.steps.iter().any(signals))
    }

    /// A signal, to whom it is to be sent now, and how the command calls sudo.
    pub(super) fn strikes(&mut self) -> Option<(JobSignal, Vec<Mark>, Option<&str>)> {
        let (Kin::Known(family), Some(strike)) = (&self.kin, &mut self.strike) else {
            return None;
        };
        let new = |mark: &&Mark| !strike.struck.contains(mark);
        let targets: Vec<_> = family.alive().iter().filter(new).copied().collect();
        if targets.is_empty() {
            return None;
        }
        strike.struck.extend(targets.iter().copied());
        strike.rounds += 1;
        self.dying = dying(strike.signal);
        Some((strike.signal, targets, self.sudo.as_deref()))
    }

    /// Whether what it has started is to be looked at. `leads`: the process that the server has started is alive.
    pub(super) fn looks(&self, leads: bool) -> bool {
        self.has_family() && (!leads || self.strike.is_some())
    }

    /// What it has started was looked at.
    pub(super) fn look(&mut self, look: &Look, leads: bool) {
        let Kin::Known(family) = &mut self.kin else {
            return;
        };
        family.learn(look);
        let is_struck = |strike: &Strike| {
            let all = family.alive().iter().all(|mark| strike.struck.contains(mark));
            all || strike.rounds >= ROUNDS
        };
        self.strike = self.strike.take().filter(|strike| !is_struck(strike));
        if !leads && family.is_over() {
            self.kin = Kin::Over;
        }
    }

    /// Whether what it has started may be alive, which is found out.
    pub(super) fn has_family(&self) -> bool {
        matches!(self.kin, Kin::Known(_))
    }

    /// Whether what it has started may still run, which could not be found out when it was told to end.
    pub(super) fn is_blind(&self) -> bool {
        self.is_blind || self.outlives() && matches!(self.kin, Kin::Wanted(None))
    }

    /// Whether it may still run, for all that was done.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Whether it was to end.
    pub(super) fn is_ordered(&self) -> bool {
        self.is_ordered
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
                // On a terminal sudo passes on what is no KILL.
                let arrives = self.on_terminal && self.is_root != Some(true) && signal != JobSignal::Kill;
                self.dying = dying(signal);
                self.pass_on((!arrives).then_some(signal));
            }
            // The terminal is gone. What has not heeded the first signal may have lost it.
            Some((Step::Interrupt | Step::Again, _)) if !led => self.pass_on(Some(JobSignal::Term)),
            _ => {}
        }
    }

    fn pass_on(&mut self, signal: Option<JobSignal>) {
        let signal = signal.filter(|_| self.wants_family() || self.has_family());
        self.strike = signal.map(|signal| Strike {
            signal,
            struck: BTreeSet::new(),
            rounds: 0,
        });
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
            Kin::Wanted(waiting) => waiting.map(|(_, until)| until),
            _ => None,
        };
        step.into_iter().chain(asked).min()
    }

    /// Until when its end is expected, where it was killed.
    pub(super) fn dying(&self) -> Option<Instant> {
        self.dying
    }

    /// Whether the channel is to be closed now.
    pub(super) fn closes(&self, now: Instant) -> bool {
        let closes = |(step, due): &(Step, Instant)| matches!(step, Step::Close) && *due <= now;
        self.steps.iter().any(closes)
    }

    /// An answer that does not come is waited for no longer.
    pub(super) fn stop_asking(&mut self, now: Instant) {
        if let Kin::Wanted(Some((signal, until))) = self.kin
            && until <= now
        {
            self.kin = Kin::Wanted(None);
            self.take_steps(signal);
        }
    }
}

fn dying(signal: JobSignal) -> Option<Instant> {
    (signal == JobSignal::Kill).then(|| Instant::now() + DYING)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{ASKING, Ending, STARTING, Step};
    use crate::session::JobSignal;

    #[test]
    fn what_does_not_run_yet_is_told_to_end_when_it_has_begun() {
        let mut ending = Ending::new(false, None, Some(false));
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
        let mut ending = Ending::new(false, None, Some(false));
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
        let mut ending = Ending::new(false, None, Some(false));
        ending.begin(Instant::now().checked_sub(STARTING).unwrap());
        ending.signal(JobSignal::Term);
        assert!(ending.due(Instant::now()).is_some());
    }

    #[test]
    fn who_may_be_root_is_told_at_once_and_as_root_when_that_is_known() {
        let began = || {
            let mut ending = Ending::new(false, None, None);
            ending.begin(Instant::now().checked_sub(STARTING).unwrap());
            ending.signal(JobSignal::Term);
            assert!(matches!(
                ending.due(Instant::now()),
                Some(Step::Signal(JobSignal::Term))
            ));
            assert!(ending.wants_family());
            ending.done(true);
            ending
        };
        let mut ending = began();
        ending.know_user(false);
        assert!(!ending.wants_family() && !ending.is_blind());
        ending.signal(JobSignal::Kill);
        assert!(!ending.wants_family() && ending.due(Instant::now()).is_some());
        let mut ending = began();
        ending.know_user(true);
        assert!(ending.wants_family() && ending.is_blind());
        ending.know_family(None);
        assert!(ending.is_blind());
        // Nobody has said who it is; the server has ended it.
        let mut ending = began();
        ending.know_family(None);
        assert!(!ending.is_blind());
    }

    #[test]
    fn what_was_started_is_said_to_be_unknown_where_nobody_could_look_and_not_where_it_ended_before() {
        for (on_terminal, sudo, is_root) in [(true, None, Some(false)), (false, Some("sudo".to_owned()), None)] {
            let mut ending = Ending::new(on_terminal, sudo, is_root);
            assert!(!ending.is_blind());
            ending.begin(Instant::now());
            ending.signal(JobSignal::Term);
            assert!(!ending.is_blind());
            // The answer does not come in time.
            ending.stop_asking(Instant::now() + ASKING);
            assert!(ending.is_blind());
            ending.lose_family();
            assert!(ending.is_blind());
        }
    }

    #[test]
    fn a_terminal_is_taken_away_from_what_never_began() {
        let mut ending = Ending::new(true, None, Some(false));
        // The first waits for what it has started to be known.
        ending.signal(JobSignal::Term);
        ending.signal(JobSignal::Kill);
        let close = ending.next().unwrap();
        assert!(!ending.closes(close.checked_sub(Duration::from_millis(1)).unwrap()));
        assert!(ending.closes(close));
    }
}
