//! Ends what still runs, step by step.

use std::time::{Duration, Instant};

use super::{Arrival, Fanout, Flight};
use crate::exit::{Exit, Stream};
use crate::session::JobSignal;

/// What is done, and how long the commands then have.
const LADDER: [(Option<JobSignal>, Duration); 4] = [
    (Some(JobSignal::Int), Duration::from_secs(2)),
    (Some(JobSignal::Term), Duration::from_secs(3)),
    (Some(JobSignal::Kill), Duration::from_secs(2)),
    // The connection is dropped.
    (None, Duration::from_secs(1)),
];

impl Fanout {
    /// Ends everything that still runs: INT, after 2 s TERM, after 3 s KILL, after 2 s the connection is dropped.
    ///
    /// Returns how each server that was still running ended; output that arrives meanwhile is handed to `output`. A stop
    /// request in the meantime goes one step further at once.
    pub fn cancel(
        &mut self,
        mut flight: Flight,
        output: &mut dyn FnMut(usize, Stream, &[u8]),
    ) -> Vec<(usize, Exit, Duration)> {
        let mut ended = Vec::new();
        for (signal, time) in LADDER {
            for index in flight.left() {
                match signal {
                    Some(signal) => self.signal(&flight, index, signal),
                    None => self.drop_link(&flight, index),
                }
            }
            let deadline = Instant::now() + time;
            loop {
                match self.next_until(&mut flight, Some(deadline)) {
                    Ok(Some(Arrival::Output(index, stream, bytes))) => output(index, stream, &bytes),
                    Ok(Some(Arrival::Sent(..))) => {}
                    Ok(Some(Arrival::Finished(index, exit, elapsed))) => ended.push((index, exit, elapsed)),
                    Ok(Some(Arrival::Interrupted(_))) | Err(_) => break,
                    Ok(None) => return ended,
                }
            }
        }
        // A session that does not even report its end.
        for index in flight.left() {
            if let Some(job) = flight.jobs.get(index) {
                self.owners.remove(&job.id);
                ended.push((index, Exit::Cancelled, job.started.elapsed()));
            }
        }
        self.held.remove(&flight.number);
        ended
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
