//! Reports the end of an action on one server, and on all.

use std::time::Duration;

use super::{Actor, RunningAction};
use crate::event::{Event, Level};
use crate::exit::Exit;
use crate::journal::Ended;

impl Actor {
    pub(super) fn server_finished(
        &mut self,
        running: &mut RunningAction,
        index: usize,
        (exit, is_stopped): (Exit, bool),
        elapsed: Duration,
    ) {
        running.ended(index, exit.clone(), &mut self.teller);
        if let (Some(begun), Some(job)) = (&running.begun, running.jobs.get(index)) {
            let end = job.kept(running.output, running.accepts);
            let is_stopped = is_stopped && end.failed.is_some();
            self.journal.ended(begun, index, Ended { is_stopped, ..end });
        }
        running.transferred(index, true, &mut self.teller);
        self.tell_before(running, index);
        if running.silent {
            return;
        }
        self.tell_taken(running, index);
        if let Some(job) = running.jobs.get(index) {
            let (server, failed) = (job.server.clone(), job.failure(running.accepts).is_some());
            if job.has_killed_itself(running.accepts) {
                self.teller.tell(Event::Message {
                    level: Level::Info,
                    tag: Some(server.to_string()),
                    text: format!("the command has killed its own shell ({exit}); what follows in it was not run, and as in Capistrano 3 that is no failure"),
                });
            }
            if !running.local {
                self.handler_ended_on(&server, failed.then(|| exit.to_string()));
            }
            self.teller.tell(Event::ServerFinished {
                action: running.id,
                server,
                failed,
                exit,
                elapsed,
            });
        }
    }

    /// Reports what the recipe has taken of a server's output.
    fn tell_taken(&mut self, running: &mut RunningAction, index: usize) {
        let Some(job) = running.jobs.get_mut(index) else {
            return;
        };
        let (lines, left_out) = std::mem::take(&mut job.taken);
        if !lines.is_empty() {
            self.teller.tell(Event::Captured {
                action: running.id,
                server: job.server.clone(),
                lines,
                left_out,
            });
        }
    }

    /// Reports the login shell's output from before the command, once for each server, since it is usually the same.
    fn tell_before(&mut self, running: &RunningAction, index: usize) {
        let Some(job) = running.jobs.get(index).filter(|job| !job.before.trim().is_empty()) else {
            return;
        };
        if self.heard_before.insert((job.server.clone(), job.before.clone())) {
            self.teller.tell(Event::Message {
                level: Level::Debug,
                tag: Some(job.server.to_string()),
                text: format!("the login shell said before the command: {}", job.before.trim_end()),
            });
        }
    }

    pub(super) fn action_finished(&mut self, running: &RunningAction) {
        if !running.silent {
            self.teller.tell(Event::ActionFinished {
                action: running.id,
                elapsed: running.started.elapsed(),
                failed: running.failures().len(),
            });
        }
    }
}
