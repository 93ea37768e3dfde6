//! The request of the person or the system to stop capr. The thread that receives signals raises it, and everybody who waits
//! reads it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A signal that means "stop".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Int,
    /// A request to end, by `kill` or the system.
    Term,
    /// The terminal went away.
    Hup,
}

impl Signal {
    /// Returns the code that a shell reports for a process that ended by this signal.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Hup => 129,
            Self::Int => 130,
            Self::Term => 143,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int => "interrupted",
            Self::Term => "terminated",
            Self::Hup => "terminal closed",
        })
    }
}

type Waker = Box<dyn Fn(Signal) + Send>;

#[derive(Default)]
struct State {
    pending: Option<Signal>,
    was_raised: bool,
    passage: Passage,
    wakers: Vec<Waker>,
}

/// The state of the one request that does not stop a rollback.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Passage {
    /// No request passes.
    #[default]
    Closed,
    /// The next request passes.
    Open,
    /// A request has passed and was not reported yet.
    Passed(Signal),
    /// A request has passed and was reported.
    Told,
}

/// A stop request. Any thread can raise it, it is handled once, and it can be raised again.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Mutex<State>>);

impl Interrupt {
    /// Raises the request and wakes everybody who waits.
    pub fn raise(&self, signal: Signal) {
        let mut state = self.lock();
        if state.passage == Passage::Open {
            state.passage = Passage::Passed(signal);
        } else {
            state.pending = Some(signal);
            state.was_raised = true;
        }
        for waker in &state.wakers {
            waker(signal);
        }
    }

    /// Returns the pending request, which stays pending.
    pub fn pending(&self) -> Option<Signal> {
        self.lock().pending
    }

    /// Returns true if there was any request, pending or not.
    pub fn was_raised(&self) -> bool {
        self.lock().was_raised
    }

    /// Takes the pending request, which then counts as handled: only a new signal raises it again.
    pub fn take(&self) -> Option<Signal> {
        self.lock().pending.take()
    }

    /// Lets one request pass, including a pending one: it is reported, but stops nothing. This works once until
    /// [`Self::let_none_pass`].
    pub fn let_one_pass(&self) {
        let mut state = self.lock();
        if state.passage == Passage::Closed {
            state.passage = state.pending.take().map_or(Passage::Open, Passage::Passed);
        }
    }

    /// Makes every request stop the run again.
    pub fn let_none_pass(&self) {
        self.lock().passage = Passage::Closed;
    }

    /// Returns true if a request has passed that was not reported yet.
    pub fn has_passed(&self) -> bool {
        matches!(self.lock().passage, Passage::Passed(_))
    }

    /// Returns the request that has passed, once.
    pub fn take_passed(&self) -> Option<Signal> {
        let mut state = self.lock();
        let Passage::Passed(signal) = state.passage else {
            return None;
        };
        state.passage = Passage::Told;
        Some(signal)
    }

    /// Forgets all requests, for code that continues after one was handled.
    pub fn forget(&self) {
        let mut state = self.lock();
        (state.pending, state.was_raised) = (None, false);
    }

    /// Calls `waker`, on the raising thread, at every later request. It must not block.
    pub fn on_raise(&self, waker: impl Fn(Signal) + Send + 'static) {
        self.lock().wakers.push(Box::new(waker));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interrupt").field(&self.pending()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Interrupt, Signal};

    #[test]
    fn one_request_passes_and_the_next_one_stops() {
        let interrupt = Interrupt::default();
        interrupt.let_one_pass();
        interrupt.raise(Signal::Int);
        assert_eq!((interrupt.pending(), interrupt.was_raised()), (None, false));
        assert_eq!(interrupt.take_passed(), Some(Signal::Int));
        assert_eq!(interrupt.take_passed(), None);
        // A second call lets no further request pass.
        interrupt.let_one_pass();
        interrupt.raise(Signal::Term);
        assert_eq!(interrupt.take(), Some(Signal::Term));
    }

    #[test]
    fn a_request_that_has_come_already_is_the_one_that_passes() {
        let interrupt = Interrupt::default();
        interrupt.raise(Signal::Int);
        interrupt.let_one_pass();
        assert_eq!((interrupt.pending(), interrupt.has_passed()), (None, true));
        interrupt.let_none_pass();
        interrupt.raise(Signal::Int);
        assert_eq!(interrupt.take(), Some(Signal::Int));
    }
}
