//! The journal of the current run: it keeps the steps as they happen, and returns the results of an earlier run while that is
//! replayed.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::rc::Rc;

use indexmap::IndexMap;
use serde_json::Value;

use super::half_done::short;
use super::record::{Ended, Failure, Head, Record};
use super::replay::{Found, Refusal, Replay, Replayed, Ways};
use super::shelf::{Shelf, Taken, digest, read};
use super::state::{State, line};
use crate::exit::Stream;
use crate::secret::Redactor;

/// The most bytes of output for blocks that are kept of one step.
const MOST_PIECES: usize = 1 << 20;

/// A step that the recipe asks for.
#[derive(Clone, Debug, Default)]
pub struct Asked<'a> {
    /// `run`, `put`, ….
    pub verb: &'a str,
    /// The command as the recipe writes it.
    pub command: &'a str,
    /// The innermost running task.
    pub task: String,
    /// True for a step on this machine.
    pub is_local: bool,
    /// The servers in order; one may be named several times.
    pub servers: Vec<String>,
    /// True if repeating the step changes nothing more.
    pub is_repeatable: bool,
    /// True if the recipe waits for its output.
    pub is_captured: bool,
    /// True during a rollback.
    pub is_rolling_back: bool,
}

/// A step that was begun and is in the journal.
#[derive(Clone, Debug, Default)]
pub struct Begun {
    number: u64,
    /// The place in the step of each of the jobs that run.
    places: Vec<usize>,
    /// The number of bytes of output that are kept of it.
    kept: Rc<Cell<usize>>,
}

/// A handle to the journal; empty if the run keeps none.
#[derive(Clone, Default)]
pub struct Journal(Option<Rc<RefCell<State>>>);

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Journal").field(&self.0.is_some()).finish()
    }
}

impl Journal {
    /// Returns a journal for a new run. Nothing is written before its first step.
    pub fn new(shelf: Shelf, head: Head, redactor: Redactor) -> Self {
        Self::of(State {
            shelf: Some(shelf),
            ..State::new(head, redactor)
        })
    }

    /// Returns a journal that resumes a run.
    ///
    /// # Errors
    ///
    /// When the journal of that run cannot be read.
    pub fn resume(taken: Taken, ways: Ways, redactor: Redactor) -> io::Result<Self> {
        let Taken {
            mut book,
            head,
            half_done,
        } = taken;
        let replay = Replay::of(&book)?;
        let mut state = State::new(head, redactor);
        let record = Record::Resumed {
            time: jiff::Timestamp::now().to_string(),
            process: std::process::id(),
        };
        book.append(&line(&record))?;
        book.sync()?;
        state.steps = replay.steps();
        state.sets.clear();
        state.book = Some(book);
        state.replay = Some(replay);
        state.ways = ways;
        state.has_died = half_done.has_died();
        Ok(Self::of(state))
    }

    fn of(state: State) -> Self {
        Self(Some(Rc::new(RefCell::new(state))))
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> Option<T> {
        let state = self.0.as_ref()?;
        let mut state = state.borrow_mut();
        (!state.is_off).then(|| work(&mut state))
    }

    /// Returns true if the run keeps a journal.
    pub fn is_kept(&self) -> bool {
        self.with(|_| ()).is_some()
    }

    /// Returns true while results of an earlier run are returned instead of doing the steps.
    pub fn is_replaying(&self) -> bool {
        self.with(|state| state.replay.is_some()).unwrap_or(false)
    }

    /// Returns true if no result of an earlier run is left.
    pub fn is_over(&self) -> bool {
        self.with(|state| {
            if state.replay.as_mut().is_some_and(Replay::is_over) {
                state.replay = None;
            }
            state.replay.is_none()
        })
        .unwrap_or(true)
    }

    /// Returns true if the run that is resumed has died under its lock, which must still be there: whoever has freed it since has
    /// dealt with what the run had left.
    pub fn needs_its_lock(&self) -> bool {
        !self.is_over() && self.with(|state| state.has_died).unwrap_or(false)
    }

    /// Returns true if the run cannot be resumed any further: then nothing more is done, not even a rollback.
    pub fn is_refused(&self) -> bool {
        self.with(|state| state.refused.is_some()).unwrap_or(false)
    }

    /// Returns true if the run is to be undone once it has come to where the earlier run died.
    pub fn is_undoing(&self) -> bool {
        self.with(|state| state.ways.is_undo).unwrap_or(false)
    }

    /// Returns true if something was written, or if no journal is kept.
    pub fn is_begun(&self) -> bool {
        self.with(|state| state.book.is_some()).unwrap_or(true)
    }

    /// Turns the journal off, because the recipe wants none.
    pub fn turn_off(&self) {
        self.with(|state| state.is_off = true);
    }

    /// Returns the digests of the strings that were read before the first task.
    pub fn texts<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
        texts
            .into_iter()
            .map(|(name, text)| (name.to_owned(), Self::digest(text.as_bytes())))
            .collect()
    }

    /// Returns a digest, which differs for different contents.
    pub fn digest(bytes: &[u8]) -> String {
        digest(bytes).get(..32).unwrap_or_default().to_owned()
    }

    /// Keeps the digests of what was read before the first task. While a run is resumed, returns the names of those that have
    /// changed.
    pub fn compare(&self, texts: Vec<(String, String)>) -> Vec<String> {
        self.with(|state| {
            if state.replay.is_none() {
                state.write(&Record::Texts { texts });
                return Vec::new();
            }
            let before: IndexMap<&String, &String> = state.head.texts.iter().map(|(name, text)| (name, text)).collect();
            let now: IndexMap<&String, &String> = texts.iter().map(|(name, text)| (name, text)).collect();
            let names = before
                .keys()
                .chain(now.keys().filter(|name| !before.contains_key(**name)));
            let changed = names.filter(|name| before.get(**name) != now.get(**name));
            changed.map(|name| (*name).clone()).collect()
        })
        .unwrap_or_default()
    }

    /// Notes the release that the run is about, once that is known.
    pub fn release(&self, name: &str) {
        self.with(|state| {
            if state.replay.is_none() && state.release.as_deref() != Some(name) {
                state.release = Some(name.to_owned());
                let name = state.redactor.clean(name);
                state.write(&Record::Release { name });
            }
        });
    }

    /// Returns the answer of the earlier run; `None` if it has to be found out now.
    ///
    /// # Errors
    ///
    /// When the earlier run has asked for something else here.
    pub fn answer(&self, what: &str, of: &str) -> Result<Found, Refusal> {
        self.with(|state| {
            if let Some(refused) = &state.refused {
                return Err(refused.clone());
            }
            let of = state.redactor.clean(of);
            match state.replayed(|replay| replay.answer(what, &of)) {
                Ok(Some(found)) => Ok(found),
                Ok(None) => Ok(Found::Nothing),
                Err(refusal) => Err(state.refuse(refusal)),
            }
        })
        .unwrap_or(Ok(Found::Nothing))
    }

    /// Keeps an answer that was found out; `None` if finding it out has failed.
    pub fn answered(&self, what: &str, of: &str, value: Option<Value>) {
        self.with(|state| {
            if state.replay.is_some() {
                return;
            }
            let of = state.redactor.clean(of);
            let is_secret = value.as_ref().is_some_and(|value| state.holds_secret(value));
            let record = Record::Answer {
                what: what.to_owned(),
                of,
                failed: value.is_none(),
                value: value.filter(|_| !is_secret).unwrap_or_default(),
                is_secret,
            };
            state.write(&record);
        });
    }

    /// Returns the result of this step in the earlier run; `None` if the step has to be done now.
    ///
    /// # Errors
    ///
    /// When that run has done something else here, or when nobody knows how the step ended.
    pub fn replay(&self, asked: &Asked) -> Result<Option<Replayed>, Refusal> {
        self.with(|state| {
            if let Some(refused) = &state.refused {
                return Err(refused.clone());
            }
            let command = state.kept_command(asked.command);
            let ways = state.ways;
            let found = state.replayed(|replay| replay.step(asked, &command, ways));
            match found {
                Ok(found) => {
                    if let Some(found) = &found {
                        state.go_on_after(found);
                    }
                    Ok(found)
                }
                Err(refusal) => Err(state.refuse(refusal)),
            }
        })
        .unwrap_or(Ok(None))
    }

    /// Refuses to resume the run any further, for a reason that is not in the journal.
    pub fn refuse(&self, refusal: Refusal) -> Refusal {
        self.with(|state| state.refused = Some(refusal.clone()));
        refusal
    }

    /// Chooses what to do with a step that has no known end, after the person was asked.
    pub fn choose(&self, redo: bool) {
        self.with(|state| {
            state.refused = None;
            state.ways.is_redo = redo;
            state.ways.is_skip = !redo;
        });
    }

    /// Notes that a step is about to be started on these servers, and waits until the record would survive a power cut. Returns
    /// `None` if the step is not kept.
    ///
    /// # Errors
    ///
    /// When no journal can be made. Later it is only reported that the journal is not complete.
    pub fn begin(&self, asked: &Asked) -> io::Result<Option<Begun>> {
        self.with(|state| {
            let again = state.again.take();
            // A step that is repeated only for its output is in the journal already.
            if state.replay.is_some() && again.is_none() {
                return Ok(None);
            }
            // A step on this machine leaves nothing half done on servers.
            if !asked.is_local
                && let Err(error) = state.open()
            {
                return state.without(asked, error);
            }
            state.scrub();
            let (number, places) = match &again {
                Some((number, places)) => (*number, places.clone()),
                None => (state.next_step(), (0..asked.servers.len()).collect()),
            };
            let servers = match &again {
                Some(_) => Vec::new(),
                None => asked.servers.clone(),
            };
            let again = again.map(|(_, places)| places);
            state.write_step(number, asked, &servers, again);
            if let Err(error) = state.sync() {
                return state.without(asked, error);
            }
            Ok(Some(Begun {
                number,
                places,
                kept: Rc::default(),
            }))
        })
        .unwrap_or(Ok(None))
    }

    /// Keeps a piece of output that a block of the recipe was given.
    pub fn piece(&self, begun: &Begun, job: usize, stream: Stream, text: &str) {
        self.with(|state| {
            let (step, before) = (begun.number, begun.kept.get());
            let Some(place) = begun.places.get(job).copied().filter(|_| before <= MOST_PIECES) else {
                return;
            };
            begun.kept.set(before + text.len());
            let record = match begun.kept.get() > MOST_PIECES || state.redactor.clean(text) != text {
                true => {
                    begun.kept.set(MOST_PIECES + 1);
                    Record::Dropped { step }
                }
                false => Record::Piece {
                    step,
                    place,
                    stream,
                    text: text.to_owned(),
                },
            };
            state.write(&record);
        });
    }

    /// Notes that a step has ended on one server.
    pub fn ended(&self, begun: &Begun, job: usize, mut end: Ended) {
        self.with(|state| {
            let (step, Some(place)) = (begun.number, begun.places.get(job).copied()) else {
                return;
            };
            let holds_secret = |text: &String| state.redactor.clean(text) != *text;
            end.is_secret = end.stdout.as_ref().is_some_and(holds_secret);
            end.stdout = end.stdout.filter(|_| !end.is_secret);
            if let Some(failed) = &mut end.failed {
                let texts = [&mut failed.reason]
                    .into_iter()
                    .chain(&mut failed.stderr)
                    .chain(&mut failed.stdout);
                texts.for_each(|text| *text = state.redactor.clean(text));
            }
            state.write(&Record::Ended { step, place, end });
        });
    }

    /// Notes that a step has ended on all servers, or was not started at all.
    pub fn done(&self, asked: &Asked, begun: Option<&Begun>, error: Option<Failure>) {
        self.with(|state| {
            if state.replay.is_some() && begun.is_none() {
                return;
            }
            let step = match begun {
                Some(begun) => begun.number,
                None => {
                    let again = state.again.take();
                    let number = again.map_or_else(|| state.next_step(), |(number, _)| number);
                    state.write_step(number, asked, &[], None);
                    number
                }
            };
            let error = error.map(|error| state.cleaned(error));
            state.write(&Record::Done { step, error });
            if let Some(book) = &mut state.book {
                book.sync_soon();
            }
        });
    }

    /// Notes that a transaction has succeeded.
    pub fn committed(&self) {
        self.mark(&Record::Committed);
    }

    /// Notes that a rollback begins.
    pub fn rolling_back(&self) {
        self.mark(&Record::RollingBack);
    }

    /// Notes that a rollback has ended; `left` are the tasks that are not undone.
    pub fn rolled_back(&self, complete: bool, left: Vec<String>) {
        self.with(|state| state.is_incomplete |= !complete);
        self.mark(&Record::RolledBack { complete, left });
    }

    /// Notes that a rollback could not reach a server.
    pub fn skipped(&self, server: String, reason: String) {
        self.with(|state| {
            let reason = state.redactor.clean(&reason);
            state.mark(&Record::Skipped { server, reason });
        });
    }

    fn mark(&self, record: &Record) {
        self.with(|state| state.mark(record));
    }

    /// Notes that the run has ended in order. If it `is_stopped` without a rollback, or the rollback is not complete, the journal
    /// can still be resumed. If the run has only read, no journal is kept.
    pub fn finish(&self, is_stopped: bool) {
        self.with(|state| {
            state.scrub();
            let half_done = || {
                let book = state.book.as_ref()?;
                Some(read(book).ok().flatten()?.1)
            };
            // A person who stops what was to go on until then (`tail -f`) has nothing to go on with.
            let is_stopped = is_stopped && half_done().is_none_or(|half_done| half_done.has_done_something());
            if is_stopped || state.refused.is_some() || state.is_incomplete {
                if state.refused.is_none() {
                    state.mark(&Record::Stopped);
                }
                let _ = state.sync();
                return;
            }
            let Some(mut book) = state.book.take() else { return };
            let has_changed = read(&book)
                .ok()
                .flatten()
                .is_none_or(|(_, half_done)| half_done.has_changed());
            // If that fails, the run looks like one that died, which is better than the other way round.
            let _ = match has_changed {
                true => Shelf::end(&mut book),
                false => std::fs::remove_file(book.path()),
            };
            state.is_off = true;
        });
    }

    /// Returns true if the run has ended and can be resumed.
    pub fn can_be_resumed(&self) -> bool {
        let found = self.with(|state| state.book.as_ref().and_then(|book| read(book).ok().flatten()));
        found
            .flatten()
            .is_some_and(|(_, half_done)| half_done.has_changed() && !half_done.is_over())
    }

    /// Returns the reason why the journal is not complete, once.
    pub fn take_lost(&self) -> Option<String> {
        self.with(|state| state.lost.take()).flatten()
    }

    /// Returns the name of the run for a person.
    pub fn name(&self) -> String {
        self.with(|state| short(&state.head.run).to_owned()).unwrap_or_default()
    }
}
