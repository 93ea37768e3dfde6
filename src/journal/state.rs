//! The state of a run's journal, and the writing of records.

use std::io;

use indexmap::IndexMap;

use super::book::Book;
use super::keeper::{Asked, Begun};
use super::record::{Ended, Failure, Head, Record};
use super::replay::{Refusal, Replay, Replayed, Ways};
use super::shelf::{Shelf, digest};
use crate::io_error::plain;
use crate::secret::Redactor;

/// The longest command that is kept, in bytes. Of a longer one the beginning is kept, and a digest of the whole.
const LONGEST_COMMAND: usize = 4096;
/// The most bytes that wait in memory for the first step; above that the file is made without a step.
const MOST_HELD: usize = 4 << 20;
/// The number of lists of servers that are known by number; more are written again.
const MOST_SETS: usize = 64;

/// The state of the journal of this run.
pub(super) struct State {
    pub(super) shelf: Option<Shelf>,
    pub(super) head: Head,
    pub(super) redactor: Redactor,
    /// The number of secrets that were known when the records were written.
    pub(super) secrets: usize,
    /// Records that wait for the first step.
    pub(super) held: Vec<u8>,
    pub(super) book: Option<Book>,
    /// True if the file was made and not synced yet.
    pub(super) is_new: bool,
    /// The reason why the journal is not complete.
    pub(super) lost: Option<String>,
    pub(super) is_off: bool,
    pub(super) steps: u64,
    pub(super) sets: IndexMap<Vec<String>, usize>,
    pub(super) release: Option<String>,
    pub(super) replay: Option<Replay>,
    pub(super) ways: Ways,
    /// The step that the next one to begin repeats, and its places.
    pub(super) again: Option<(u64, Vec<usize>)>,
    pub(super) refused: Option<Refusal>,
    pub(super) is_incomplete: bool,
    /// True if the run that is resumed has died, so that its locks are where it had taken them.
    pub(super) has_died: bool,
}

impl State {
    pub(super) fn new(head: Head, redactor: Redactor) -> Self {
        Self {
            shelf: None,
            head,
            redactor,
            secrets: 0,
            held: Vec::new(),
            book: None,
            is_new: false,
            lost: None,
            is_off: false,
            steps: 0,
            sets: IndexMap::new(),
            release: None,
            replay: None,
            ways: Ways::default(),
            again: None,
            refused: None,
            is_incomplete: false,
            has_died: false,
        }
    }

    /// Asks the replay. If it has no result, it is over.
    pub(super) fn replayed<T>(
        &mut self,
        ask: impl FnOnce(&mut Replay) -> Result<Option<T>, Refusal>,
    ) -> Result<Option<T>, Refusal> {
        let Some(replay) = &mut self.replay else {
            return Ok(None);
        };
        let found = ask(replay)?;
        if found.is_none() {
            self.replay = None;
        }
        Ok(found)
    }

    /// Prepares to repeat the rest of a step that has no known end, or marks it as done.
    pub(super) fn go_on_after(&mut self, found: &Replayed) {
        if !found.is_open {
            return;
        }
        if let Some(left) = &found.left {
            self.again = Some((found.step, left.clone()));
        } else if !found.taken.is_empty() {
            for place in &found.taken {
                let end = Ended::default();
                let (step, place) = (found.step, *place);
                self.write(&Record::Ended { step, place, end });
            }
            let step = found.step;
            self.write(&Record::Done { step, error: None });
        }
        if found.is_last {
            self.replay = None;
        }
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) -> Refusal {
        self.refused = Some(refusal.clone());
        refusal
    }

    /// Makes the file, once. It is synced with the first step.
    pub(super) fn open(&mut self) -> io::Result<()> {
        if self.book.is_some() || self.lost.is_some() {
            return Ok(());
        }
        let Some(shelf) = &self.shelf else { return Ok(()) };
        let opened = shelf.begin(&self.head.run).and_then(|mut book| {
            book.append(&line(&self.head))?;
            book.append(&self.held)?;
            Ok(book)
        });
        self.held = Vec::new();
        self.book = Some(opened?);
        self.is_new = true;
        Ok(())
    }

    /// Handles a step for which no journal can be made. A rollback is done even without one.
    pub(super) fn without(&mut self, asked: &Asked, error: io::Error) -> io::Result<Option<Begun>> {
        if !asked.is_rolling_back {
            return Err(error);
        }
        self.is_off = true;
        Ok(None)
    }

    pub(super) fn mark(&mut self, record: &Record) {
        match &mut self.replay {
            Some(replay) => replay.mark(record),
            None => self.write(record),
        }
    }

    /// Keeps a record. If that fails, it is reported once, and the run continues.
    pub(super) fn write(&mut self, record: &Record) {
        let line = line(record);
        match &mut self.book {
            Some(book) => {
                if let Err(error) = book.append(&line) {
                    self.lose(&error);
                }
            }
            None if self.lost.is_none() => {
                self.held.extend_from_slice(&line);
                if self.held.len() > MOST_HELD {
                    // If the file cannot be made, the first step reports that.
                    let _ = self.open();
                }
            }
            None => {}
        }
    }

    /// Waits until all records would survive a power cut. It is an error if a new journal cannot be synced; later that is only
    /// reported, and the run continues.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let Some(book) = &self.book else { return Ok(()) };
        let is_new = std::mem::take(&mut self.is_new);
        // On most file systems the first sync has done most of what the second has to do.
        let synced = book.sync().and_then(|()| match is_new {
            true => book.sync_directory(),
            false => Ok(()),
        });
        match synced {
            Err(error) if is_new => Err(error),
            Err(error) => {
                self.lose(&error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    pub(super) fn lose(&mut self, error: &io::Error) {
        self.lost = Some(plain(error).to_string());
        self.is_off = true;
    }

    pub(super) fn next_step(&mut self) -> u64 {
        self.steps += 1;
        self.steps
    }

    pub(super) fn write_step(&mut self, step: u64, asked: &Asked, servers: &[String], again: Option<Vec<usize>>) {
        let set = self.set(servers);
        let record = Record::Step {
            step,
            verb: asked.verb.to_owned(),
            command: self.kept_command(asked.command),
            task: asked.task.clone(),
            is_local: asked.is_local,
            set,
            again,
        };
        self.write(&record);
    }

    /// Returns the number of a list of servers, which is written if it is new.
    pub(super) fn set(&mut self, servers: &[String]) -> usize {
        if let Some(set) = self.sets.get(servers) {
            return *set;
        }
        if self.sets.len() >= MOST_SETS {
            self.sets.shift_remove_index(0);
        }
        let set = self.sets.values().max().map_or(0, |last| last + 1);
        self.sets.insert(servers.to_vec(), set);
        let servers = servers.to_vec();
        self.write(&Record::Servers { set, servers });
        set
    }

    pub(super) fn kept_command(&self, command: &str) -> String {
        let cleaned = self.redactor.clean(command);
        if cleaned.len() <= LONGEST_COMMAND {
            return cleaned;
        }
        let end = (0..=LONGEST_COMMAND).rev().find(|end| cleaned.is_char_boundary(*end));
        let begin = cleaned.get(..end.unwrap_or(0)).unwrap_or_default();
        format!("{begin} … (sha256 {})", digest(cleaned.as_bytes()))
    }

    pub(super) fn cleaned(&self, mut error: Failure) -> Failure {
        error.message = self.redactor.clean(&error.message);
        for failed in &mut error.servers {
            let texts = [&mut failed.reason]
                .into_iter()
                .chain(&mut failed.stderr)
                .chain(&mut failed.stdout);
            texts.for_each(|text| *text = self.redactor.clean(text));
        }
        error
    }
}

/// Returns a record as a line.
pub(super) fn line(record: &impl serde::Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(record).unwrap_or_default();
    line.push(b'\n');
    line
}
