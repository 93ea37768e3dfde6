//! Commands on this machine, for `run_locally`: each runs as `/bin/sh -c` in a process group of its own, without a terminal.

mod job;

use std::collections::HashMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Rlimit;

use crate::exit::Exit;
use crate::io_error::plain;
use crate::session::backlog::{Backlog, Space};
use crate::session::{Command, Connector, Destination, JobId, JobSignal, Report, Session, SessionId};
use crate::source::{Source, text};
use job::{Handle, JobOrder, LocalJob};

/// The most output that may wait to be taken, of all commands together, in bytes.
const MOST_QUEUED: usize = 8 << 20;

/// Makes sessions on this machine; the name of the destination does not matter.
#[derive(Clone, Debug, Default)]
pub struct LocalConnector {
    /// The commands' limit for core files, if it differs from that of this process.
    pub core_files: Option<Rlimit>,
}

impl Connector for LocalConnector {
    fn connect(&self, id: SessionId, _destination: &Destination, reports: Sender<Report>) -> Box<dyn Session> {
        // Sending fails only when the run is over and nobody listens any more.
        let _ = reports.send(Report::Connected(id, Duration::ZERO));
        Box::new(LocalSession {
            id,
            reports,
            core_files: self.core_files,
            jobs: Shared::default(),
            backlog: Arc::new(Backlog::new(&Space::new(MOST_QUEUED, MOST_QUEUED..=MOST_QUEUED))),
        })
    }
}

#[derive(Default)]
struct Jobs {
    running: HashMap<JobId, Handle>,
    abandoned: bool,
}

/// The jobs of a session. The thread of a job removes it when it has ended.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Jobs>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct LocalSession {
    id: SessionId,
    reports: Sender<Report>,
    core_files: Option<Rlimit>,
    jobs: Shared,
    backlog: Arc<Backlog>,
}

impl LocalSession {
    fn report(&self, report: Report) {
        let _ = self.reports.send(report);
    }

    fn order(&self, job: JobId, order: JobOrder) {
        if let Some(handle) = self.jobs.lock().running.get(&job) {
            handle.order(order);
        }
    }

    /// Kills all commands at once, without their threads: capr may end before those get to it.
    fn kill_all(&self) {
        for handle in self.jobs.lock().running.values() {
            handle.kill(JobSignal::Kill, JobOrder::Abandoned);
        }
    }
}

impl Session for LocalSession {
    fn start(&self, job: JobId, command: Command) {
        let mut jobs = self.jobs.lock();
        let exit = if jobs.abandoned {
            Exit::Lost("stopped".to_owned())
        } else {
            let (id, reports, shared) = (self.id, self.reports.clone(), self.jobs.clone());
            let ended = move |exit, elapsed| {
                let _ = reports.send(Report::Finished(id, job, exit, elapsed));
                let mut jobs = shared.lock();
                jobs.running.remove(&job);
                if jobs.abandoned && jobs.running.is_empty() {
                    let _ = reports.send(Report::Lost(id, "stopped".to_owned()));
                }
            };
            let reports = self.reports.clone();
            let output = move |stream, bytes| drop(reports.send(Report::Output(id, job, stream, bytes)));
            let backlog = Arc::clone(&self.backlog);
            match LocalJob::start(command, self.core_files, backlog, Box::new(output), Box::new(ended)) {
                Ok(handle) => {
                    jobs.running.insert(job, handle);
                    return;
                }
                Err(error) => Exit::Refused(plain(&error)),
            }
        };
        self.report(Report::Finished(self.id, job, exit, Duration::ZERO));
    }

    fn write(&self, job: JobId, bytes: Vec<u8>) {
        self.feed(job, text(bytes));
    }

    fn feed(&self, job: JobId, source: Arc<dyn Source>) {
        self.order(job, JobOrder::Feed(source));
    }

    fn end_input(&self, job: JobId) {
        self.order(job, JobOrder::EndInput);
    }

    fn signal(&self, job: JobId, signal: JobSignal) {
        if let Some(handle) = self.jobs.lock().running.get(&job) {
            handle.kill(signal, JobOrder::Signalled);
        }
    }

    fn drained(&self, bytes: usize) {
        if self.backlog.take(bytes) {
            for handle in self.jobs.lock().running.values() {
                handle.wake();
            }
        }
    }

    fn abandon(&self) {
        self.kill_all();
        let mut jobs = self.jobs.lock();
        let already = std::mem::replace(&mut jobs.abandoned, true);
        if !already && jobs.running.is_empty() {
            self.report(Report::Lost(self.id, "stopped".to_owned()));
        }
    }
}

impl Drop for LocalSession {
    fn drop(&mut self) {
        self.kill_all();
    }
}

#[cfg(test)]
mod tests;
