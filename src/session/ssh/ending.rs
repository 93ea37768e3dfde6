//! Brings a command to its end: the steps against it with their times, and the processes that it has started, as far as they are
//! known.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use crate::session::JobSignal;

use super::family::{Family, ProcessMark, ProcessSnapshot};

/// A step that is taken to end a command.
#[derive(Clone, Copy, Debug)]
pub(super) enum EndingStep {
    Signal(JobSignal),
    /// Ctrl-C on a terminal, which sends INT to everything in the foreground, whoever it belongs to.
    Interrupt,
    /// TERM once more, for processes that have lost their terminal: they may have missed the first one.
    Again,
    /// HUP, which sudo passes on to its command; it cannot pass on KILL.
    HangUp,
    /// Takes the terminal away.
    Close,
}

impl EndingStep {
    /// Returns the steps that `signal` stands for, each with its delay after the order in milliseconds. On a terminal INT comes
    /// late, too: on sudo's own terminal it would end only the shell, and not its background processes.
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

/// The longest time that is spent on finding a command's processes before the command is told to end.
const ASKING: Duration = Duration::from_secs(3);

/// The time after its start in which a command gets no signal: the server first makes the forked process the leader of a session,
/// and a signal before that would be lost.
const STARTING: Duration = Duration::from_millis(50);

/// The most rounds in which new processes are sent the signal as well.
const ROUNDS: u32 = 8;

/// The time after KILL within which the end is expected.
const DYING: Duration = Duration::from_secs(1);

/// The state of what is known about the processes that a command has started.
#[derive(Debug)]
enum Kin {
    /// Nobody needs to know yet.
    Unasked,
    /// There was no answer, or the answer does not matter any more.
    Unknown,
    /// The processes are being looked for. An order, if there is one, waits for the result until its deadline.
    Wanted(Option<(JobSignal, Instant)>),
    /// The processes are known, and their end is awaited as well.
    Known(Family),
    /// All of the processes have ended.
    Over,
}

/// A signal that is being sent to the processes of a command.
#[derive(Debug)]
struct Strike {
    signal: JobSignal,
    /// The processes that it was sent to.
    struck: BTreeSet<ProcessMark>,
    /// The number of times that it was sent to new ones.
    rounds: u32,
}

/// The orders that a command was given, and the steps that are left.
pub(super) struct JobEnding {
    on_terminal: bool,
    /// The sudo command that the command uses, if it does.
    sudo: Option<String>,
    /// True if the login is root's, for whose commands the server sends no signals. `None` if that is not known.
    is_root: Option<bool>,
    /// The time from which the command may be told to end; `None` while it does not run yet.
    ready: Option<Instant>,
    /// True if the command was told to end, even if no signal could be sent.
    is_ordered: bool,
    /// The processes that the command has started. They have to be known before it is told to end.
    kin: Kin,
    /// True if processes that the command has started may be alive, and nothing more can be learned about them.
    is_lost: bool,
    /// True if the processes that the command has started could not be looked for.
    is_blind: bool,
    steps: VecDeque<(EndingStep, Instant)>,
    /// True if the first step could not be taken yet.
    blocked: bool,
    /// The signal for those processes that the server's signal does not reach.
    strike: Option<Strike>,
    /// The time until which the end of a killed command is expected.
    dying: Option<Instant>,
}

impl JobEnding {
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

    /// Notes that the command runs. Steps that were ordered before are postponed together, so that the first comes when it is
    /// ready.
    pub(super) fn begin(&mut self, now: Instant) {
        let ready = now + STARTING;
        self.ready = Some(ready);
        let first = self.steps.front().map_or(ready, |(_, due)| *due);
        for (_, due) in &mut self.steps {
            *due += ready.saturating_duration_since(first);
        }
    }

    /// Orders the command to end; steps of an earlier order are dropped.
    pub(super) fn signal(&mut self, signal: JobSignal) {
        self.is_ordered = true;
        let (is_doubtful, outlives) = (self.is_plain() && self.is_root.is_none(), self.outlives());
        match &mut self.kin {
            // If the login is not root's, the server ends the command at once.
            Kin::Unasked if is_doubtful => {
                self.kin = Kin::Wanted(None);
                self.take_steps(signal);
            }
            Kin::Unasked if outlives => self.kin = Kin::Wanted(Some((signal, Instant::now() + ASKING))),
            Kin::Wanted(waiting) => {
                // The signal may still be passed on when the answer comes.
                *waiting = None;
                self.take_steps(signal);
            }
            _ => self.take_steps(signal),
        }
    }

    /// Returns true if the server itself ends the command with everything it has started, unless the login is root's.
    fn is_plain(&self) -> bool {
        !self.on_terminal && self.sudo.is_none()
    }

    fn outlives(&self) -> bool {
        !self.is_plain() || self.is_root == Some(true)
    }

    /// Notes whether the login is root's.
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
        let steps = EndingStep::of(signal, self.on_terminal);
        let begin = self.ready.map_or(now, |ready| ready.max(now));
        let due = |after| begin + Duration::from_millis(after);
        self.steps.retain(|(_, due)| *due <= now);
        self.steps
            .extend(steps.iter().map(|(step, after)| (*step, due(*after))));
    }

    /// Returns true if somebody has to look for the processes that the command has started.
    pub(super) fn wants_family(&self) -> bool {
        matches!(self.kin, Kin::Wanted(_))
    }

    /// Takes the answer to the question for the processes that the command has started; `None` if it could not be found out.
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

    /// Returns the processes that the command has started, if they are known.
    pub(super) fn family(&self) -> Option<&Family> {
        match &self.kin {
            Kin::Known(family) => Some(family),
            _ => None,
        }
    }

    /// Notes that nobody looks at those processes any more.
    pub(super) fn lose_family(&mut self) {
        self.know_family(None);
        if let Kin::Known(_) = self.kin {
            self.kin = Kin::Unknown;
            self.is_lost = true;
            self.strike = None;
        }
    }

    /// Returns true if a signal is still on its way to the command or its processes, or if they have ended and the report of that
    /// has not arrived yet.
    pub(super) fn is_under_way(&self, now: Instant) -> bool {
        let signals = |(step, _): &(EndingStep, Instant)| matches!(step, EndingStep::Signal(_));
        let is_ending = match &self.kin {
            Kin::Wanted(_) | Kin::Over => true,
            Kin::Known(family) => self.strike.is_some() || family.is_over(),
            Kin::Unasked | Kin::Unknown => false,
        };
        let is_dying = self.dying.is_some_and(|until| now < until);
        self.is_ordered && (is_ending || is_dying || self.steps.iter().any(signals))
    }

    /// Returns a signal, the processes to send it to now, and the sudo command that the command uses.
    pub(super) fn strikes(&mut self) -> Option<(JobSignal, Vec<ProcessMark>, Option<&str>)> {
        let (Kin::Known(family), Some(strike)) = (&self.kin, &mut self.strike) else {
            return None;
        };
        let new = |mark: &&ProcessMark| !strike.struck.contains(mark);
        let targets: Vec<_> = family.alive().iter().filter(new).copied().collect();
        if targets.is_empty() {
            return None;
        }
        strike.struck.extend(targets.iter().copied());
        strike.rounds += 1;
        self.dying = dying(strike.signal);
        Some((strike.signal, targets, self.sudo.as_deref()))
    }

    /// Returns true if the processes of the command are to be looked at. `leads` means that the process which the server has
    /// started is alive.
    pub(super) fn looks(&self, leads: bool) -> bool {
        self.has_family() && (!leads || self.strike.is_some())
    }

    /// Takes a new look at the processes of the command.
    pub(super) fn look(&mut self, look: &ProcessSnapshot, leads: bool) {
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

    /// Returns true if processes of the command may be alive and are watched.
    pub(super) fn has_family(&self) -> bool {
        matches!(self.kin, Kin::Known(_))
    }

    /// Returns true if processes of the command may still run, because they could not be looked for when it was told to end.
    pub(super) fn is_blind(&self) -> bool {
        self.is_blind || self.outlives() && matches!(self.kin, Kin::Wanted(None))
    }

    /// Returns true if processes of the command may still run in spite of all steps.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Returns true if the command was told to end.
    pub(super) fn is_ordered(&self) -> bool {
        self.is_ordered
    }

    /// Returns the step to take now.
    pub(super) fn due(&mut self, now: Instant) -> Option<EndingStep> {
        self.blocked = false;
        self.steps.front().filter(|(_, due)| *due <= now).map(|(step, _)| *step)
    }

    /// Notes that this step was taken. `led` means that the process which the server has started was alive before it.
    pub(super) fn done(&mut self, led: bool) {
        match self.steps.pop_front() {
            Some((EndingStep::Signal(signal), _)) => {
                // On a terminal sudo passes on every signal except KILL.
                let arrives = self.on_terminal && self.is_root != Some(true) && signal != JobSignal::Kill;
                self.dying = dying(signal);
                self.pass_on((!arrives).then_some(signal));
            }
            // The terminal is gone. Processes that ignored the first signal may not have received it.
            Some((EndingStep::Interrupt | EndingStep::Again, _)) if !led => self.pass_on(Some(JobSignal::Term)),
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

    /// Notes that the step could not be taken yet.
    pub(super) fn block(&mut self) {
        self.blocked = true;
    }

    /// Returns the time at which the thread has to wake up for this command, even if nothing else happens.
    pub(super) fn next(&self) -> Option<Instant> {
        let step = match self.ready {
            Some(_) => self.steps.get(usize::from(self.blocked)),
            None => self.steps.iter().find(|(step, _)| matches!(step, EndingStep::Close)),
        };
        let step = step.map(|(_, due)| *due);
        let asked = match self.kin {
            Kin::Wanted(waiting) => waiting.map(|(_, until)| until),
            _ => None,
        };
        step.into_iter().chain(asked).min()
    }

    /// Returns the time until which the end of a killed command is expected.
    pub(super) fn dying(&self) -> Option<Instant> {
        self.dying
    }

    /// Returns true if the channel is to be closed now.
    pub(super) fn closes(&self, now: Instant) -> bool {
        let closes = |(step, due): &(EndingStep, Instant)| matches!(step, EndingStep::Close) && *due <= now;
        self.steps.iter().any(closes)
    }

    /// Stops waiting for an answer whose deadline has passed.
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

    use super::{ASKING, EndingStep, JobEnding, STARTING};
    use crate::session::JobSignal;

    #[test]
    fn what_does_not_run_yet_is_told_to_end_when_it_has_begun() {
        let mut ending = JobEnding::new(false, None, Some(false));
        ending.signal(JobSignal::Term);
        assert_eq!(ending.next(), None);
        let begun = Instant::now() + Duration::from_secs(1);
        ending.begin(begun);
        assert_eq!(ending.next(), Some(begun + STARTING));
        assert!(ending.due(begun).is_none());
        assert!(matches!(
            ending.due(begun + STARTING),
            Some(EndingStep::Signal(JobSignal::Term))
        ));
    }

    #[test]
    fn what_has_just_begun_is_left_alone_for_a_moment() {
        let mut ending = JobEnding::new(false, None, Some(false));
        let begun = Instant::now();
        ending.begin(begun);
        ending.signal(JobSignal::Term);
        assert_eq!(ending.next(), Some(begun + STARTING));
        // The stronger order replaces the first.
        ending.signal(JobSignal::Kill);
        assert!(matches!(
            ending.due(begun + STARTING),
            Some(EndingStep::Signal(JobSignal::Kill))
        ));
        ending.done(true);
        assert!(ending.next().is_none());
    }

    #[test]
    fn what_has_run_for_a_while_is_told_at_once() {
        let mut ending = JobEnding::new(false, None, Some(false));
        ending.begin(Instant::now().checked_sub(STARTING).unwrap());
        ending.signal(JobSignal::Term);
        assert!(ending.due(Instant::now()).is_some());
    }

    #[test]
    fn who_may_be_root_is_told_at_once_and_as_root_when_that_is_known() {
        let began = || {
            let mut ending = JobEnding::new(false, None, None);
            ending.begin(Instant::now().checked_sub(STARTING).unwrap());
            ending.signal(JobSignal::Term);
            assert!(matches!(
                ending.due(Instant::now()),
                Some(EndingStep::Signal(JobSignal::Term))
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
        // Nobody has said whose login it is, so the server counts as having ended the command.
        let mut ending = began();
        ending.know_family(None);
        assert!(!ending.is_blind());
    }

    #[test]
    fn what_was_started_is_said_to_be_unknown_where_nobody_could_look_and_not_where_it_ended_before() {
        for (on_terminal, sudo, is_root) in [(true, None, Some(false)), (false, Some("sudo".to_owned()), None)] {
            let mut ending = JobEnding::new(on_terminal, sudo, is_root);
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
        let mut ending = JobEnding::new(true, None, Some(false));
        // The first order waits until the command's processes are known.
        ending.signal(JobSignal::Term);
        ending.signal(JobSignal::Kill);
        let close = ending.next().unwrap();
        assert!(!ending.closes(close.checked_sub(Duration::from_millis(1)).unwrap()));
        assert!(ending.closes(close));
    }
}
