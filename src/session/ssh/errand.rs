//! Commands of our own, of which nothing is told: they help to end those that are told of.

use crate::exit::Exit;
use crate::session::{Command, Input, JobId};

use super::family::{CENSUS, Census, ERRAND};
use super::job::Job;
use super::root;

/// What a command of our own is for.
#[derive(Debug)]
pub(super) enum Errand {
    /// It asks what these, all that were alive, have started.
    Census(Vec<JobId>),
    /// It waits until nothing is left of what this one has started.
    Await(JobId),
    /// Nothing comes of it.
    Other,
}

/// Runs a line.
pub(super) fn of_line(line: String) -> Job {
    of(Errand::Other, line, "")
}

/// Runs a script, which no login shell has to understand.
fn of_script(errand: Errand, script: &str) -> Job {
    of(errand, format!("exec {ERRAND}"), script)
}

fn of(errand: Errand, line: String, input: &str) -> Job {
    let mut job = Job::new(
        None,
        Command {
            line,
            terminal: None,
            input: Input::text(input.as_bytes()),
            timeout: None,
            sudo: None,
        },
        false,
    );
    job.errand = Some(errand);
    job
}

/// What `jobs` need done now. `signalled`: to which of them a signal was sent just now.
pub(super) fn due(jobs: &mut [Job], signalled: &[JobId], is_root: bool) -> Vec<Job> {
    let mut errands = Vec::new();
    let asks = |job: &Job| matches!(job.errand, Some(Errand::Census(_)));
    if jobs.iter().any(|job| job.ending.wants_family()) && !jobs.iter().any(asks) {
        let alive = jobs.iter().filter(|job| job.leads()).filter_map(|job| job.id).collect();
        errands.push(of_script(Errand::Census(alive), CENSUS));
    }
    let is_meant = |job: &Job| job.id.is_some_and(|id| signalled.contains(&id));
    let mut unknown = jobs.iter().filter(|job| is_meant(job) && !job.ending.has_family());
    if let Some(signal) = unknown.find_map(|job| job.ending.signalled()).filter(|_| is_root)
        && jobs.iter().all(|job| job.id.is_none() || is_meant(job))
    {
        errands.push(of_line(root::to_all(signal)));
    }
    for job in jobs {
        if let Some(script) = job.ending.signal_family() {
            errands.push(of_script(Errand::Other, &script));
        }
        if let Some(id) = job.id.filter(|_| !job.leads())
            && let Some(script) = job.ending.await_family()
        {
            errands.push(of_script(Errand::Await(id), &script));
        }
    }
    errands
}

/// One has ended.
pub(super) fn ended(errand: Errand, said: &[u8], exit: &Exit, jobs: &mut [Job]) {
    match errand {
        Errand::Census(alive) => {
            let mut families = match Census::read(said, alive.len()) {
                Census::Families(families) => families.into_iter(),
                // Those who want it ask again.
                Census::Stale => return,
                Census::Unknown => Vec::new().into_iter(),
            };
            for id in alive {
                let family = families.next();
                if let Some(job) = jobs.iter_mut().find(|job| job.id == Some(id)) {
                    job.ending.know_family(family);
                }
            }
        }
        Errand::Await(id) => {
            if let Some(job) = jobs.iter_mut().find(|job| job.id == Some(id)) {
                // It may have been taken for one of those that were to end.
                job.ending.awaited(!matches!(exit, Exit::Signal(_)));
            }
        }
        Errand::Other => {}
    }
}
