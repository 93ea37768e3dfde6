//! Ends the commands that still run, step by step.

use std::time::{Duration, Instant};

use super::{Arrival, Fanout, Flight};
use crate::exit::{Exit, Stream};
use crate::session::{Ladder, Rung};

impl Fanout {
    /// Ends everything that still runs: one signal after the other, and then the connection is dropped.
    ///
    /// Returns how each server that was still running ended; output that arrives meanwhile goes to `output`. A stop request
    /// meanwhile takes the next step at once.
    pub(crate) fn cancel(
        &mut self,
        mut flight: Flight,
        output: &mut dyn FnMut(usize, Stream, &[u8]),
    ) -> Vec<(usize, Exit, Duration)> {
        let mut ended = Vec::new();
        let mut ladder = Ladder::default();
        while let Some(rung) = ladder.step(Instant::now()) {
            for index in flight.left() {
                self.press(&flight, index, rung);
            }
            let deadline = ladder.next().unwrap_or_else(Instant::now);
            loop {
                match self.next_until(&mut flight, deadline) {
                    Ok(Some(Arrival::Output(index, stream, bytes))) => output(index, stream, &bytes),
                    Ok(Some(Arrival::Before(..) | Arrival::Sent(..) | Arrival::Lingers(_) | Arrival::Tick)) => {}
                    Ok(Some(Arrival::Finished(index, exit, elapsed))) => ended.push((index, exit, elapsed)),
                    Ok(Some(Arrival::Interrupted(_))) | Err(_) => break,
                    Ok(None) => return ended,
                }
            }
        }
        // The sessions of these commands have not even reported their end.
        for index in flight.left() {
            if let Some(job) = flight.jobs.get(index) {
                self.owners.remove(&job.id);
                ended.push((index, Exit::Unended(None), job.started.elapsed()));
            }
        }
        self.held.remove(&flight.number);
        ended
    }

    /// Takes a step against one command.
    pub(crate) fn press(&mut self, flight: &Flight, index: usize, rung: Rung) {
        match rung {
            Rung::Signal(signal) => {
                if let Some((link, job)) = self.running(flight, index) {
                    link.session.signal(job, signal);
                }
            }
            Rung::LetGo => self.drop_link(flight, index),
        }
    }

    fn drop_link(&mut self, flight: &Flight, index: usize) {
        if let Some((link, _)) = self.running(flight, index) {
            link.session.abandon();
        }
        if let Some(job) = flight.jobs.get(index)
            && let Some(link) = self.links.remove(&job.server)
        {
            self.servers.remove(&link.id);
        }
    }
}
