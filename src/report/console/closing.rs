//! The closing words of a run: its end, the other failures, and what a rollback could not undo.

use serde::Serialize;

use super::super::broken::broken;
use super::super::diagnostic;
use super::super::options::Ending;
use super::super::palette::{Label, Look};
use super::super::text::duration;
use super::super::undone::Undone;
use super::{Form, Inner, PLAIN};
use crate::configuration::Server;
use crate::diagnostic::Diagnostic;
use crate::event::{Level, Rollback};
use crate::exit::milliseconds;
use crate::listed::counted;

impl Inner {
    pub(super) fn close(&mut self, ending: Ending, diagnostic: Option<&Diagnostic>) {
        self.show_new_keys();
        let (ok, words) = match ending {
            Ending::Done if self.is_rehearsal => (true, "done, nothing was changed (dry run)"),
            Ending::Done => (true, "done"),
            Ending::Failed {
                rollback: Rollback::None,
            } => (false, "failed"),
            Ending::Failed {
                rollback: Rollback::Complete,
            } => (false, "failed, rolled back"),
            Ending::Failed {
                rollback: Rollback::Incomplete,
            } => (false, "failed, rollback incomplete"),
        };
        let failed = self.tally.failures.len();
        let on = match self.tally.servers() {
            0 => String::new(),
            servers => format!(" on {}", counted(servers, "server")),
        };
        let mut line = format!(
            "{words}: {}, {}{on} in {}",
            counted(self.tally.tasks, "task"),
            counted(self.tally.commands, "command"),
            duration(self.tally.elapsed()),
        );
        if failed > 0 {
            line.push_str(&format!(", {failed} failed"));
        }
        let summary = Summary {
            ok,
            rolled_back: match ending {
                Ending::Done => None,
                Ending::Failed { rollback } => match rollback {
                    Rollback::None => None,
                    Rollback::Complete => Some(true),
                    Rollback::Incomplete => Some(false),
                },
            },
            tasks: self.tally.tasks,
            commands: self.tally.commands,
            servers: self.tally.servers(),
            failed,
            elapsed_ms: milliseconds(self.tally.elapsed()),
        };
        if let Some((json, record)) = &mut self.record {
            record.take(&json.line(&summary));
        }
        if let Form::Json(json) = &self.form {
            let line = json.line(&summary);
            self.say(&line);
        } else {
            let also = self.also(diagnostic, self.look);
            self.say(&also);
        }
        let level = if ok { Level::Info } else { Level::Important };
        match &self.form {
            Form::Json(_) => {}
            Form::Plain(plain) => {
                let line = plain.message(level, None, &line);
                self.say(&line);
            }
            Form::Pretty(pretty) if level <= pretty.threshold() => {
                let (label, mark) = if ok { (Label::Good, "✓") } else { (Label::Bad, "✗") };
                let lines = match self.look.columns {
                    Some(columns) => broken(&line, columns.saturating_sub(2), columns.saturating_sub(2)),
                    None => vec![line.clone()],
                };
                let line = format!("{} {}\n", self.look.paint(label, mark), lines.join("\n  "));
                self.say(&line);
            }
            Form::Pretty(_) => {}
        }
        self.summarize(ok, &line, diagnostic);
        let line = self.log.as_ref().map(|(plain, _)| plain.message(level, None, &line));
        line.into_iter().for_each(|line| self.record(&line));
    }

    /// Writes the summary of the job, where there is one.
    fn summarize(&mut self, ok: bool, line: &str, diagnostic: Option<&Diagnostic>) {
        if self.job_summary().is_none() {
            return;
        }
        let also = self.also(diagnostic, PLAIN);
        let failures = self.tally.failures.clone();
        let lost = self
            .job_summary()
            .and_then(|summary| summary.end(ok, line, &failures, &also));
        self.complain(lost);
    }

    /// Returns the failures that the diagnostic does not name, and the parts that the rollback could not undo.
    fn also(&self, diagnostic: Option<&Diagnostic>, look: Look) -> String {
        let mut text = String::new();
        let named = diagnostic
            .map(|diagnostic| diagnostic.servers.as_slice())
            .unwrap_or_default();
        let mut others = self
            .tally
            .failures
            .iter()
            .filter(|failure| {
                !named
                    .iter()
                    .any(|named| named.server == failure.server && named.reason == failure.reason)
            })
            .peekable();
        if others.peek().is_some() {
            text.push_str("also failed:\n");
            text.push_str(&diagnostic::servers(others, look, &self.cleaner));
        }
        // A table of one cell would only repeat what follows it.
        let name = |server: &Server| match &self.form {
            Form::Pretty(pretty) => pretty.names.of(server),
            Form::Plain(_) | Form::Json(_) => server.to_string(),
        };
        let undone = Undone::of_steps(&self.tally.undone, name);
        if undone.tasks.len() > 1 || undone.groups.len() > 1 {
            text.push_str(&undone.render(look.columns));
        }
        if !self.tally.left.is_empty() {
            text.push_str("not rolled back:\n");
            for left in &self.tally.left {
                let left = self.cleaner.lines(left).join("; ");
                let lines = match look.columns {
                    Some(columns) => broken(&left, columns.saturating_sub(2), columns.saturating_sub(4)),
                    None => vec![left],
                };
                text.push_str(&format!("  {}\n", lines.join("\n    ")));
            }
        }
        text
    }
}

/// The last line of a log in JSON.
#[derive(Serialize)]
#[serde(tag = "type", rename = "summary")]
struct Summary {
    ok: bool,
    rolled_back: Option<bool>,
    tasks: usize,
    commands: usize,
    servers: usize,
    failed: usize,
    elapsed_ms: u64,
}
