//! Keeps secrets out of a journal, including strings that become secrets after they were written.

use std::io;

use serde_json::Value;

use super::book::Book;
use super::record::{Head, Record};
use super::state::{State, line};

impl State {
    pub(super) fn holds_secret(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.redactor.clean(text) != *text,
            Value::Array(list) => list.iter().any(|value| self.holds_secret(value)),
            Value::Object(map) => map
                .iter()
                .any(|(name, value)| self.redactor.clean(name) != *name || self.holds_secret(value)),
            _ => false,
        }
    }

    /// Removes strings that have become secrets since they were written.
    pub(super) fn scrub(&mut self) {
        let known = self.redactor.len();
        if known == std::mem::replace(&mut self.secrets, known) || self.redactor.is_empty() {
            return;
        }
        let held = std::mem::take(&mut self.held);
        for line in held.split_inclusive(|byte| *byte == b'\n') {
            self.held.extend_from_slice(&self.without_secrets(line));
        }
        let Some(mut book) = self.book.take() else { return };
        let rewritten = self.has_secret(&book).and_then(|has_secret| match has_secret {
            true => {
                let mut lines = book.lines()?;
                book.rewrite(&mut |new| {
                    let mut line = Vec::new();
                    while lines.next_line(&mut line)? {
                        new.append(&self.without_secrets(&line))?;
                    }
                    Ok(())
                })
            }
            false => Ok(()),
        });
        self.book = Some(book);
        if let Err(error) = rewritten {
            self.lose(&error);
        }
    }

    pub(super) fn has_secret(&self, book: &Book) -> io::Result<bool> {
        let mut lines = book.lines()?;
        let mut line = Vec::new();
        while lines.next_line(&mut line)? {
            if self.without_secrets(&line) != line {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn without_secrets(&self, bytes: &[u8]) -> Vec<u8> {
        if let Ok(head) = serde_json::from_slice::<Head>(bytes) {
            return line(&self.head_without_secrets(head));
        }
        let Ok(record) = serde_json::from_slice::<Record>(bytes) else {
            return bytes.to_vec();
        };
        line(&match record {
            Record::Answer {
                what,
                of,
                value,
                failed,
                is_secret,
            } => {
                let is_secret = is_secret || self.holds_secret(&value);
                Record::Answer {
                    what,
                    of: self.redactor.clean(&of),
                    value: if is_secret { Value::Null } else { value },
                    failed,
                    is_secret,
                }
            }
            Record::Ended { step, place, mut end } => {
                if end
                    .stdout
                    .as_ref()
                    .is_some_and(|text| self.redactor.clean(text) != *text)
                {
                    end.stdout = None;
                    end.is_secret = true;
                }
                Record::Ended { step, place, end }
            }
            Record::Piece { step, ref text, .. } if self.redactor.clean(text) != *text => Record::Dropped { step },
            Record::Step {
                step,
                verb,
                command,
                task,
                is_local,
                set,
                again,
            } => Record::Step {
                command: self.redactor.clean(&command),
                step,
                verb,
                task,
                is_local,
                set,
                again,
            },
            Record::Done {
                step,
                error: Some(error),
            } => Record::Done {
                step,
                error: Some(self.cleaned(error)),
            },
            other => other,
        })
    }

    pub(super) fn head_without_secrets(&self, mut head: Head) -> Head {
        let is_clean = |(_, value): &(String, String)| self.redactor.clean(value) == *value;
        for given in [&mut head.set_before, &mut head.set_after, &mut head.environment] {
            let (clean, secret): (Vec<_>, Vec<_>) = given.drain(..).partition(is_clean);
            *given = clean;
            head.secrets.extend(secret.into_iter().map(|(name, _)| name));
        }
        head
    }
}
