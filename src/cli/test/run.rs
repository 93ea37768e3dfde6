//! Many tests at once: each of several threads takes the next one from a queue.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::process::{self, End};
use crate::io_error::plain;
use crate::verdict::{Case, Order, Reply, TestFailure, TestOutcome, Verdict};

/// A process to run.
pub(super) struct TestJob {
    pub(super) case: Case,
    pub(super) order: Order,
}

/// The way in which all tests are run.
pub(super) struct Way {
    /// The number of processes at the same time.
    pub(super) jobs: usize,
    /// The time limit of each.
    pub(super) limit: Duration,
    /// True if no further test is begun once one has failed.
    pub(super) stops: bool,
    /// The words with which a process is called.
    pub(super) words: Vec<OsString>,
}

/// Runs all tests, and hands out the verdict of each as soon as it is known.
pub(super) fn all(jobs: Vec<TestJob>, way: &Way, take: &mut dyn FnMut(Verdict, Reply)) {
    let threads = way.jobs.min(jobs.len());
    let queue = Mutex::new(VecDeque::from(jobs));
    let (sender, ended) = channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (queue, sender) = (&queue, sender.clone());
            scope.spawn(move || work(queue, way, &sender));
        }
        drop(sender);
        for (verdict, reply) in &ended {
            take(verdict, reply);
        }
    });
}

fn work(queue: &Mutex<VecDeque<TestJob>>, way: &Way, sender: &Sender<(Verdict, Reply)>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(job) = next else { return };
        let begun = Instant::now();
        let end = process::run(&way.words, &job.order, way.limit);
        let verdict = |outcome, failure| Verdict {
            case: job.case.clone(),
            outcome,
            elapsed: begun.elapsed(),
            failure,
        };
        let is_reading = job.order.case.is_none();
        let stop = || {
            if way.stops && !is_reading {
                queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
        };
        let message = match end {
            Ok(End::Answered(mut reply)) => {
                let failure = reply.failure.take();
                let outcome = match &failure {
                    None => TestOutcome::Passed,
                    Some(_) if is_reading => TestOutcome::Broken,
                    Some(_) => TestOutcome::Failed,
                };
                if outcome != TestOutcome::Passed {
                    stop();
                }
                let _ = sender.send((verdict(outcome, failure), reply));
                continue;
            }
            Ok(End::TimedOut) => {
                stop();
                let what = if is_reading { "reading the file" } else { "the test" };
                let message = format!("{what} took longer than {} s and was ended", way.limit.as_secs_f64());
                let _ = sender.send((verdict(TestOutcome::TimedOut, Some(said(&message))), Reply::default()));
                continue;
            }
            Ok(End::Died(reason)) => reason,
            Err(error) => format!("cannot start a process: {}", plain(&error)),
        };
        stop();
        let _ = sender.send((verdict(TestOutcome::Broken, Some(said(&message))), Reply::default()));
    }
}

/// Returns a failure that no process has reported.
fn said(message: &str) -> TestFailure {
    let message = message.trim_end();
    TestFailure {
        message: message.to_owned(),
        shown: format!("error: {message}\n"),
        plain: format!("error: {message}\n"),
        ..TestFailure::default()
    }
}
