//! Passes events to the reporter, with all secrets replaced.

use crate::event::{Event, Reporter, UndoneEnd};
use crate::secret::Redactor;

/// The most captured output that is kept until it is reported, in bytes; of what comes later only the number of lines is.
const MOST_CAPTURED: usize = 16 << 20;

pub(super) struct Teller {
    reporter: Box<dyn Reporter>,
    redactor: Redactor,
    /// Events that are reported once something else happens.
    held: Vec<Event>,
    /// Output that recipes have taken, until the task of the command line ends.
    captured: Vec<Event>,
    /// The size of its lines, in bytes.
    captured_bytes: usize,
    /// The number of tasks that run.
    depth: usize,
    /// The depths of running tasks that are not reported if nothing happens in them.
    places: Vec<usize>,
    /// True while nothing is reported, because an earlier run has reported it.
    is_muted: bool,
}

impl Teller {
    pub(super) fn new(reporter: Box<dyn Reporter>, redactor: Redactor) -> Self {
        Self {
            reporter,
            redactor,
            held: Vec::new(),
            captured: Vec::new(),
            captured_bytes: 0,
            depth: 0,
            places: Vec::new(),
            is_muted: false,
        }
    }

    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    pub(super) fn is_unread(&self, data: bool) -> bool {
        self.reporter.is_unread(data)
    }

    pub(super) fn takes_captured(&self) -> bool {
        !self.is_muted && self.reporter.takes_captured()
    }

    pub(super) fn tick(&mut self) {
        self.reporter.tick();
    }

    /// Keeps the event of a task's beginning until something happens in the task. This is for a task that is running already: if
    /// tasks call each other in circles until that is an error, only the error is reported, not each call. It is also for a task
    /// that `is_place`, which is not reported at all if nothing happens in it.
    pub(super) fn hold(&mut self, event: Event, is_place: bool) {
        if let Event::TaskStarted { depth, .. } = event {
            self.depth = depth + 1;
            self.places.retain(|place| *place < depth);
            self.places.extend(is_place.then_some(depth));
        }
        self.held.push(event);
    }

    /// Stops or resumes reporting. Tasks that have begun meanwhile are reported once something happens in them.
    pub(super) fn mute(&mut self, is_muted: bool) {
        self.is_muted = is_muted;
    }

    pub(super) fn tell(&mut self, mut event: Event) {
        if self.is_muted {
            match event {
                Event::TaskStarted { .. } => self.hold(event, true),
                Event::TaskFinished { depth, .. } => drop(self.drop_held(depth)),
                _ => {}
            }
            return;
        }
        match &mut event {
            Event::Captured { lines, left_out, .. } => {
                let bytes: usize = lines.iter().map(|(_, line)| line.len()).sum();
                if self.captured_bytes + bytes > MOST_CAPTURED {
                    *left_out += lines.len();
                    lines.clear();
                } else {
                    self.captured_bytes += bytes;
                }
                self.captured.push(event);
                return;
            }
            Event::TaskStarted { depth, .. } => self.depth = *depth + 1,
            Event::TaskFinished { depth, .. } => self.depth = *depth,
            _ => {}
        }
        if self.depth == 0 {
            self.captured_bytes = 0;
            for captured in std::mem::take(&mut self.captured) {
                self.report(captured);
            }
        }
        match &event {
            Event::TaskStarted { .. } | Event::HooksTriggered { .. } if !self.held.is_empty() => {
                self.held.push(event);
                return;
            }
            Event::TaskFinished { depth, ok, .. } if (!ok || self.places.contains(depth)) && self.drop_held(*depth) => {
                return;
            }
            _ => {}
        }
        for held in std::mem::take(&mut self.held) {
            self.report(held);
        }
        self.report(event);
    }

    /// Drops the beginning of the task at this depth, if it was not reported yet; returns true if so.
    fn drop_held(&mut self, depth: usize) -> bool {
        let is_begin = |held: &Event| matches!(held, Event::TaskStarted { depth: begun, .. } if *begun == depth);
        let begin = self.held.iter().rposition(is_begin);
        if let Some(begin) = begin {
            self.held.truncate(begin);
        }
        begin.is_some()
    }

    fn report(&mut self, mut event: Event) {
        if !self.redactor.is_empty() {
            for text in texts(&mut event) {
                *text = self.redactor.clean(text);
            }
        }
        self.reporter.report(&event);
    }
}

/// Returns the strings of an event that come from a recipe, a person or a server.
fn texts(event: &mut Event) -> Vec<&mut String> {
    match event {
        Event::ActionStarted { command, options, .. } => {
            let options = options.iter_mut().map(|(_, value)| value);
            std::iter::once(command).chain(options).collect()
        }
        Event::Silent { command, line, .. } => std::iter::once(command).chain(line).collect(),
        Event::Output { lines, .. } => lines.iter_mut().collect(),
        Event::Captured { lines, .. } => lines.iter_mut().map(|(_, line)| line).collect(),
        Event::Printed { text } => vec![text],
        Event::RunStarted { words, .. } => words.iter_mut().collect(),
        Event::Deployed { facts } => facts.iter_mut().map(|(_, value)| value).collect(),
        Event::Message { text, tag, .. } => std::iter::once(text).chain(tag).collect(),
        Event::ConnectFailed { reason, common, .. } => std::iter::once(reason).chain(common).collect(),
        Event::HostKeyUntrusted { reason, .. }
        | Event::RollbackSkipped { reason, .. }
        | Event::RollbackFailed { reason, .. } => vec![reason],
        Event::RollbackFinished { steps, .. } => {
            let ends = steps.iter_mut().flat_map(|step| &mut step.servers);
            ends.filter_map(|on| match &mut on.end {
                UndoneEnd::Failed { reason } | UndoneEnd::Unreachable { reason } => Some(reason),
                UndoneEnd::Undone | UndoneEnd::BrokenOff | UndoneEnd::NotTried => None,
            })
            .collect()
        }
        // These contain only names, numbers and keys.
        Event::TaskStarted { .. }
        | Event::TaskFinished { .. }
        | Event::HooksTriggered { .. }
        | Event::Connecting { .. }
        | Event::Connected { .. }
        | Event::HostKeyAdded { .. }
        | Event::Negotiated { .. }
        | Event::Transferred { .. }
        | Event::ServerFinished { .. }
        | Event::ActionFinished { .. }
        | Event::TransactionStarted
        | Event::TransactionCommitted
        | Event::RollbackStarted { .. }
        | Event::RollingBack { .. }
        | Event::RollbackStopped { .. }
        | Event::Interrupted { .. } => Vec::new(),
    }
}
