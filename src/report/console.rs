//! The console of a run: one form of messages, a log file if one is wanted, and the closing words.

mod closing;
mod trials;

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;
use std::time::Instant;

use crate::diagnostic::Diagnostic;
use crate::event::{Event, Level, Reporter};
use crate::secret::Redactor;

use super::ci::CiJob;
use super::clean::{Clean, Cleaner};
use super::clock::Clock;
use super::diagnostic;
use super::json::Json;
use super::options::{ConsoleOptions, Ending, Format, Size};
use super::outlet::{Outlet, Room};
use super::pace::Pace;
use super::palette::Look;
use super::plain::Plain;
use super::pretty::Pretty;
use super::record::RunRecord;
use super::screen::Screen;
use super::summary::JobSummary;
use super::tally::Tally;

/// The look of what is kept in files: no colours, and lines of any length.
const PLAIN: Look = Look {
    color: false,
    many: false,
    columns: None,
    live: false,
};

/// The writer of all output. All clones are the same console, and only the main thread may use it.
#[derive(Clone, Debug)]
pub(crate) struct Console(pub(super) Rc<RefCell<Inner>>);

#[derive(Debug)]
pub(super) struct Inner {
    form: Form,
    pub(super) look: Look,
    pub(super) cleaner: Cleaner,
    pub(super) data_columns: Option<usize>,
    is_rehearsal: bool,
    clock: Clock,
    stamps: bool,
    /// The number of columns that the time takes.
    stamp: usize,
    size: fn() -> Option<Size>,
    pace: Pace,
    messages: Screen,
    pub(super) data: Screen,
    log: Option<(Plain, Screen)>,
    /// The name of the log.
    log_name: String,
    tally: Tally,
    /// The log of a CI service, if there is one.
    job: Option<CiJob>,
    /// The record of the run, if one is kept.
    record: Option<(Json, RunRecord)>,
}

#[derive(Debug)]
enum Form {
    Pretty(Pretty),
    Plain(Plain),
    Json(Json),
}

impl Reporter for Console {
    fn report(&mut self, event: &Event) {
        self.0.borrow_mut().report(event);
    }

    fn tick(&mut self) {
        let mut inner = self.0.borrow_mut();
        let due = match &mut inner.form {
            Form::Pretty(pretty) => pretty.due(),
            Form::Plain(_) | Form::Json(_) => String::new(),
        };
        inner.draw(&due);
    }

    fn takes_captured(&self) -> bool {
        let inner = self.0.borrow();
        matches!(inner.form, Form::Json(_)) || inner.record.is_some()
    }

    fn is_unread(&self, data: bool) -> bool {
        self.0.borrow().is_unread(data)
    }
}

impl Console {
    /// Returns a console on the process's own streams.
    pub(crate) fn new(options: ConsoleOptions, redactor: Redactor) -> Self {
        let room = Room::default();
        let messages = Outlet::new(std::io::stderr(), room.clone(), options.interrupt.clone());
        let data = Outlet::new(std::io::stdout(), room, options.interrupt.clone());
        Self::on(options, redactor, Clock::default(), Box::new(messages), Box::new(data))
    }

    /// Returns a console on other writers: `messages` for everything that is reported, `data` for the output that was asked for.
    pub(super) fn on(
        options: ConsoleOptions,
        redactor: Redactor,
        clock: Clock,
        messages: Box<dyn Write>,
        data: Box<dyn Write>,
    ) -> Self {
        let cleaner = Cleaner::new(redactor);
        let stamp = match (options.stamps, options.format) {
            (true, Format::Pretty) => clock.of_day().chars().count() + 1,
            _ => 0,
        };
        let mut look = options.look.narrower(stamp);
        // A dry run waits for no server, so it has no last lines that are redrawn.
        look.live &= !options.is_rehearsal;
        let form = match options.format {
            Format::Pretty => Form::Pretty(Pretty::new(
                cleaner.clone(),
                look,
                options.threshold,
                options.is_rehearsal,
                options.times.held,
            )),
            Format::Plain => Form::Plain(Plain::new(cleaner.clone(), options.threshold, options.is_rehearsal)),
            Format::Json => Form::Json(Json::log(cleaner.clone(), clock.clone())),
        };
        let mut messages = Screen::new(messages);
        if let Form::Json(json) = &form {
            messages.write(&cleaner.whole(&json.version(&options.run), false), None);
        }
        let job = options.ci.map(|ci| CiJob::new(ci, cleaner.clone()));
        let record = options.records.then(|| {
            let json = Json::log(cleaner.for_pages(), clock.clone());
            let mut record = RunRecord::default();
            record.take(&json.version(&options.run));
            (json, record)
        });
        let log_name = options.log.as_ref().map(|log| log.name.clone()).unwrap_or_default();
        let log = options.log.map(|log| {
            let threshold = options.threshold.max(Level::Info);
            (
                Plain::new(cleaner.clone(), threshold, options.is_rehearsal),
                Screen::new(log.file),
            )
        });
        Self(Rc::new(RefCell::new(Inner {
            form,
            look,
            cleaner,
            data_columns: options.data_columns,
            is_rehearsal: options.is_rehearsal,
            clock,
            stamps: options.stamps,
            stamp,
            size: options.size,
            pace: Pace::new(options.times.redrawn),
            messages,
            data: Screen::new(data),
            log,
            log_name,
            tally: Tally::new(),
            job,
            record,
        })))
    }

    /// Reports failures.
    pub(crate) fn errors<'a>(&self, diagnostics: impl IntoIterator<Item = &'a Diagnostic>) {
        let mut inner = self.0.borrow_mut();
        for diagnostic in diagnostics {
            inner.error(diagnostic);
        }
    }

    /// Reports the end of a run.
    pub(crate) fn close(&self, ending: Ending, diagnostic: Option<&Diagnostic>) {
        self.0.borrow_mut().close(ending, diagnostic);
    }

    /// Ends the job of a CI service where nothing ran.
    pub(crate) fn end_job(&self) {
        let mut inner = self.0.borrow_mut();
        let lost = inner.job_summary().and_then(JobSummary::end_without_run);
        inner.complain(lost);
    }

    /// Prints output that was asked for on standard output: cleaned for a terminal, and with all its bytes for a program.
    pub(crate) fn data(&self, text: &str) {
        self.0.borrow_mut().hand_out(text);
    }

    /// Prints a page of the guide on standard output; its styles are our own.
    pub(crate) fn page(&self, text: &str, has_styles: bool) {
        let mut inner = self.0.borrow_mut();
        let page = inner.cleaner.whole(text, has_styles);
        inner.data.write(&page, None);
    }

    /// Returns a string for somebody else to write to the terminal, such as a question.
    pub(crate) fn cleaned(&self, text: &str) -> Clean {
        self.0.borrow().cleaner.whole(text, false)
    }

    /// Returns a message for each stream that could not be written completely, with the reason.
    pub(crate) fn lost(&self) -> Vec<String> {
        let inner = self.0.borrow();
        let said = |what: &str, screen: &Screen| screen.lost().map(|reason| format!("{what}: {reason}"));
        let log = inner.log.as_ref();
        let data = said("cannot write to standard output", &inner.data);
        // If nobody can read this message either, the exit code still shows it.
        let messages = said("cannot write to standard error", &inner.messages);
        let log = log.and_then(|(_, file)| file.is_cut());
        let log = log.map(|reason| format!("the log {} is not complete: {reason}", inner.log_name));
        [data, messages, log].into_iter().flatten().collect()
    }

    /// Reports errors of the command line, with styles if there are colours.
    pub(crate) fn usage(&self, text: &str) {
        self.0.borrow_mut().say(text);
    }

    /// Shows and logs only messages up to this level from now on.
    pub(crate) fn show_up_to(&self, threshold: Level) {
        let mut inner = self.0.borrow_mut();
        match &mut inner.form {
            Form::Pretty(pretty) => pretty.show_up_to(threshold),
            Form::Plain(plain) => plain.show_up_to(threshold),
            Form::Json(_) => {}
        }
        if let Some((plain, _)) = &mut inner.log {
            plain.show_up_to(threshold);
        }
    }

    /// Takes the record of the run, if one was kept.
    pub(crate) fn take_record(&self) -> Option<RunRecord> {
        self.0.borrow_mut().record.take().map(|(_, record)| record)
    }

    /// Makes running actions older.
    #[cfg(test)]
    pub(super) fn begun_earlier(&self, time: std::time::Duration) {
        if let Form::Pretty(pretty) = &mut self.0.borrow_mut().form {
            pretty.begun_earlier(time);
        }
    }

    /// Shows what a person has to know before a question, and removes the last lines so that somebody else can write to the
    /// terminal.
    pub(crate) fn make_room(&self) {
        let mut inner = self.0.borrow_mut();
        inner.show_new_keys();
        inner.messages.erase();
    }
}

impl Inner {
    fn report(&mut self, event: &Event) {
        if self.is_rehearsal && matches!(event, Event::Connecting { .. } | Event::Connected { .. }) {
            return;
        }
        self.measure();
        self.tally.count(event);
        if let Some((json, record)) = &mut self.record {
            record.take(&json.tell(event));
        }
        if let Some(summary) = self.job_summary() {
            summary.take(event);
        }
        if self.is_in_vain(event) {
            return;
        }
        if let Event::Printed { text } = event {
            self.messages.erase();
            self.hand_out(&format!("{text}\n"));
        }
        match &mut self.form {
            Form::Pretty(pretty) => {
                let lines = pretty.tell(event);
                let can_wait = lines.is_empty() && is_progress(event) && self.pace.can_wait(Instant::now());
                if !can_wait {
                    self.draw(&lines);
                }
            }
            Form::Plain(plain) => {
                let lines = plain.tell(event);
                let (begin, end) = self.job.as_mut().map(|job| job.around(event)).unwrap_or_default();
                self.mark(&begin);
                self.say(&lines);
                self.mark(&end);
            }
            Form::Json(json) => {
                let lines = json.tell(event);
                self.say(&lines);
            }
        }
        let lines = self.log.as_ref().map(|(plain, _)| plain.tell(event));
        lines.into_iter().for_each(|lines| self.record(&lines));
    }

    /// Writes whole lines to a terminal, and redraws its last lines.
    fn draw(&mut self, lines: &str) {
        let Form::Pretty(pretty) = &self.form else {
            return;
        };
        let columns = self.look.columns.unwrap_or(80);
        let mut size = (self.size)().unwrap_or(Size { columns, rows: 0 });
        if self.pace.draws(Instant::now(), !lines.is_empty()) {
            size.rows = 0;
        }
        let live = if self.look.live { pretty.live(size) } else { None };
        let live = live.map(|live| self.cleaner.whole(&live, self.look.color));
        let stamped = self.stamps.then(|| stamped(lines, &self.clock.of_day()));
        let lines = self.cleaner.whole(stamped.as_deref().unwrap_or(lines), self.look.color);
        self.messages.write(&lines, live.as_ref());
    }

    /// Writes a line for the CI service to standard error, as it is but for secrets.
    fn mark(&mut self, line: &str) {
        if !line.is_empty() {
            self.messages.write(&self.cleaner.kept(line), None);
        }
    }

    /// Writes whole lines to standard error.
    fn say(&mut self, text: &str) {
        let harmless = self.job.as_ref().map(|job| job.harmless(text));
        let text = harmless.as_deref().unwrap_or(text);
        let stamped = match &self.form {
            _ if !self.stamps || text.is_empty() => None,
            // Each JSON object has a time of its own.
            Form::Json(_) => None,
            Form::Pretty(_) => Some(stamped(text, &self.clock.of_day())),
            Form::Plain(_) => Some(stamped(text, &self.clock.local())),
        };
        let text = stamped.as_deref().unwrap_or(text);
        self.messages.write(&self.cleaner.whole(text, self.look.color), None);
    }

    /// Writes whole lines to the log.
    fn record(&mut self, text: &str) {
        if let Some((_, file)) = self.log.as_mut().filter(|_| !text.is_empty()) {
            let text = stamped(text, &self.clock.local());
            file.write(&self.cleaner.whole(&text, false), None);
        }
    }

    /// Writes whole lines for a person to standard output.
    pub(super) fn show(&mut self, text: &str) {
        self.data.write(&self.cleaner.whole(text, false), None);
    }

    /// Writes data to standard output: cleaned for a terminal, and with all its bytes for a program.
    pub(super) fn hand_out(&mut self, text: &str) {
        if self.data_columns.is_some() {
            return self.show(text);
        }
        self.data.write(&self.cleaner.kept(text), None);
    }

    /// Returns true if the event is output that nobody reads, not even a log. Servers may still send much of it, and a run that
    /// is to stop does not format all of it first.
    fn is_in_vain(&self, event: &Event) -> bool {
        match event {
            Event::Output { .. } => self.is_unread(false),
            Event::Printed { .. } => self.is_unread(true),
            _ => false,
        }
    }

    fn is_unread(&self, data: bool) -> bool {
        let stream = if data { &self.data } else { &self.messages };
        self.log.is_none() && stream.is_unread()
    }

    /// Updates the width of the terminal.
    fn measure(&mut self) {
        if self.look.columns.is_none() || !matches!(self.form, Form::Pretty(_)) {
            return;
        }
        if let Some(size) = (self.size)() {
            self.look.columns = Some(size.columns.saturating_sub(self.stamp).max(1));
        }
        if let Form::Pretty(pretty) = &mut self.form {
            pretty.look = self.look;
        }
    }

    /// Shows the host keys that are held back until all servers are connected: whoever is asked something must have seen them.
    pub(super) fn show_new_keys(&mut self) {
        let mut lines = String::new();
        if let Form::Pretty(pretty) = &mut self.form {
            pretty.new_keys(&mut lines);
        }
        if !lines.is_empty() {
            self.draw(&lines);
        }
    }

    fn error(&mut self, diagnostic: &Diagnostic) {
        self.measure();
        self.show_new_keys();
        let text = match &self.form {
            Form::Json(json) => json.diagnostic(diagnostic),
            _ => diagnostic::render(diagnostic, self.look, &self.cleaner),
        };
        if let Some((json, record)) = &mut self.record {
            record.take(&json.diagnostic(diagnostic));
        }
        let end = self.job.as_mut().map(CiJob::close).unwrap_or_default();
        self.mark(&end);
        self.say(&text);
        let marked = self.job.as_ref().map(|job| job.failure(diagnostic)).unwrap_or_default();
        self.mark(&marked);
        let text = diagnostic::render(diagnostic, PLAIN, &self.cleaner);
        if let Some(summary) = self.job_summary() {
            summary.failure(diagnostic.severity, &text);
        }
        self.record(&text);
    }

    /// Returns the summary of the job, where there is one.
    fn job_summary(&mut self) -> Option<&mut JobSummary> {
        self.job.as_mut().and_then(|job| job.summary.as_mut())
    }

    /// Tells why the summary of the job could not be written.
    fn complain(&mut self, reason: Option<String>) {
        if let (Some(reason), Form::Plain(plain)) = (reason, &self.form) {
            let line = plain.message(Level::Important, None, &reason);
            self.say(&line);
        }
    }
}

/// Returns true for an event that only moves the last lines of a terminal on.
fn is_progress(event: &Event) -> bool {
    matches!(
        event,
        Event::Output { .. } | Event::Transferred { .. } | Event::ServerFinished { .. } | Event::Connected { .. }
    )
}

/// Returns whole lines, each after a time.
fn stamped(text: &str, time: &str) -> String {
    text.lines().flat_map(|line| [time, " ", line, "\n"]).collect()
}
