//! Commands that print nothing. From time to time it is reported that they still run, since a person may take silence for the
//! end. A line without an end is shown, since it is not reported as output yet and may be a question.

use std::time::{Duration, Instant};

use super::running::RunningAction;
use super::teller::Teller;
use crate::configuration::Server;
use crate::event::{Event, Level};

/// The time of silence after which a line without an end is shown.
const UNFINISHED: Duration = Duration::from_secs(5);

/// The state of one command's silence.
#[derive(Debug)]
pub(super) struct CommandSilence {
    /// The time of its last output.
    pub heard: Instant,
    /// The time when it was last reported that it still runs.
    told: Instant,
    /// True if its unfinished line was shown.
    is_shown: bool,
}

impl CommandSilence {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            heard: now,
            told: now,
            is_shown: false,
        }
    }

    /// Notes that the command has printed something, or was given something.
    pub(super) fn broken(&mut self) {
        self.heard = Instant::now();
        self.is_shown = false;
    }
}

/// Returns the time at which a command is looked at first.
pub(super) fn first(heartbeat: Option<Duration>) -> Option<Instant> {
    heartbeat.map(|heartbeat| Instant::now() + heartbeat.min(UNFINISHED))
}

/// Silent servers, by the unfinished line at which they wait, if they have one.
type Told = Vec<(Option<String>, Vec<Server>)>;

impl RunningAction {
    /// Reports commands that have been silent for long; returns true if an unfinished line was shown.
    pub(super) fn tell_silence(&mut self, now: Instant, teller: &mut Teller) -> bool {
        let Some(heartbeat) = self.heartbeat else {
            return false;
        };
        let patience = UNFINISHED.min(heartbeat);
        let mut next = now + patience;
        let mut all: Told = Vec::new();
        let mut add = |line: Option<String>, server: &Server| match all.iter_mut().find(|(known, _)| *known == line) {
            Some((_, servers)) => servers.push(server.clone()),
            None => all.push((line, vec![server.clone()])),
        };
        for job in self.jobs.iter_mut().filter(|job| job.exit.is_none()) {
            let line = if self.output.is_handed_out() {
                None
            } else {
                job.unfinished()
            };
            if let Some(line) = line.filter(|_| !job.silence.is_shown) {
                let due = job.silence.heard + patience;
                if due <= now {
                    job.silence.is_shown = true;
                    job.silence.told = now;
                    add(Some(line), &job.server);
                } else {
                    next = next.min(due);
                }
            }
            let due = job.silence.heard.max(job.silence.told) + heartbeat;
            if due <= now {
                job.silence.told = now;
                add(None, &job.server);
            } else {
                next = next.min(due);
            }
        }
        self.look = Some(next);
        let has_shown = all.iter().any(|(line, _)| line.is_some());
        for (line, servers) in all {
            teller.tell(Event::Silent {
                action: self.id,
                command: self.shown.clone(),
                servers: if self.local { Vec::new() } else { servers },
                elapsed: now.saturating_duration_since(self.started),
                line,
            });
        }
        has_shown
    }
}

/// Returns the hint that is reported once, after the first line that looks like a question.
pub(super) fn hint() -> Event {
    Event::Message {
        level: Level::Important,
        tag: None,
        text: "if it waits for an answer: give it one by :data, or in a block by channel.send_data(\"yes\\n\"), or call it so \
               that it does not ask (apt-get -y, DEBIAN_FRONTEND=noninteractive); :timeout ends it"
            .to_owned(),
    }
}
