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

/// What `jobs` need done now.
pub(super) fn due(jobs: &mut [Job], is_root: bool) -> Vec<Job> {
    let mut errands = Vec::new();
    let asks = |job: &Job| matches!(job.errand, Some(Errand::Census(_)));
    if jobs.iter().any(|job| job.ending.wants_family()) && !jobs.iter().any(asks) {
        let alive = jobs.iter().filter(|job| job.leads()).filter_map(|job| job.id).collect();
        errands.push(of_script(Errand::Census(alive), CENSUS));
    }
    let mut in_vain = None;
    for job in jobs.iter_mut() {
        if let Some(signal) = job.ending.pass_on() {
            match job.ending.signal_family(signal) {
                Some(script) => errands.push(of_script(Errand::Other, &script)),
                None => in_vain = Some(signal).filter(|_| job.leads()).or(in_vain),
            }
        }
        if let Some(id) = job.id.filter(|_| !job.leads())
            && let Some(script) = job.ending.await_family()
        {
            errands.push(of_script(Errand::Await(id), &script));
        }
    }
    let mut commands = jobs.iter().filter(|job| job.id.is_some() && job.leads());
    if let Some(signal) = in_vain.filter(|_| is_root)
        && commands.all(|job| job.ending.signalled() == Some(signal))
    {
        errands.push(of_line(root::to_all(signal)));
    }
    errands
}

/// One has ended.
pub(super) fn ended(errand: Errand, said: &[u8], exit: &Exit, jobs: &mut [Job]) {
    match errand {
        Errand::Census(alive) => {
            let families = match Census::read(said, alive.len()) {
                Census::Families(families) => families,
                // Those who want it ask again.
                Census::Stale => return,
                Census::Unknown => Vec::new(),
            };
            let mut families = families.into_iter();
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
