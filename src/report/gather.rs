//! Output that is held back for a moment, so that equal output of many servers is shown once.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::configuration::Server;
use crate::exit::Stream;

/// The most lines that are held back: in all, and of each server.
const LINES: (usize, usize) = (400, 20);

/// Lines of one stream of one server.
pub(super) type Said = (Server, Stream, Vec<String>);

/// Servers that said the same, and the lines that they said.
pub(super) type Together = (Vec<Server>, Vec<(Stream, String)>);

/// The output of one action.
#[derive(Debug)]
pub(super) struct Gathering {
    /// The time at which the first of the held lines came.
    since: Instant,
    held: Vec<Said>,
    /// The longest time for which lines are held back.
    longest: Duration,
    lines: usize,
    /// The servers, in their order.
    servers: Vec<Server>,
}

impl Gathering {
    /// Makes a gathering that holds nothing. Output is held back only if there are several servers.
    pub(super) fn new(servers: &[Server], longest: Duration) -> Self {
        Self {
            longest,
            since: Instant::now(),
            held: Vec::new(),
            lines: 0,
            servers: servers.to_vec(),
        }
    }

    /// Takes lines, and returns what is to be shown now.
    pub(super) fn take(&mut self, said: Said) -> Vec<Together> {
        if self.held.is_empty() {
            self.since = Instant::now();
        }
        self.lines += said.2.len();
        self.held.push(said);
        let most = LINES.0.max(LINES.1 * self.servers.len());
        if self.servers.len() < 2 || self.lines > most || self.is_due() {
            return self.release();
        }
        Vec::new()
    }

    /// Returns true if something is held back for long enough.
    pub(super) fn is_due(&self) -> bool {
        !self.held.is_empty() && self.since.elapsed() >= self.longest
    }

    /// Takes what is held back while the action goes on: in the order in which it came, unless several servers said the same.
    pub(super) fn release(&mut self) -> Vec<Together> {
        let gathered = self.gathered();
        if gathered.iter().any(|(servers, _)| servers.len() > 1) {
            return self.gather();
        }
        self.lines = 0;
        let held = std::mem::take(&mut self.held).into_iter();
        held.map(|(server, stream, lines)| {
            let lines = lines.into_iter().map(|line| (stream, line)).collect();
            (vec![server], lines)
        })
        .collect()
    }

    /// Takes what is held back: servers in their order, those that said the same together.
    pub(super) fn gather(&mut self) -> Vec<Together> {
        let gathered = self.gathered();
        self.lines = 0;
        self.held.clear();
        gathered
    }

    /// Returns the lines of one server after another, each line together with all servers whose next line is the same.
    fn gathered(&self) -> Vec<Together> {
        let mut by_server: Vec<Vec<(Stream, String)>> = vec![Vec::new(); self.servers.len()];
        for (server, stream, lines) in &self.held {
            let place = self.servers.iter().position(|other| other == server);
            if let Some(of_server) = place.and_then(|place| by_server.get_mut(place)) {
                of_server.extend(lines.iter().map(|line| (*stream, line.clone())));
            }
        }
        let mut left: Vec<VecDeque<(Stream, String)>> = by_server.into_iter().map(VecDeque::from).collect();
        let mut groups: Vec<Together> = Vec::new();
        for first in 0..left.len() {
            while let Some(line) = left.get(first).and_then(|lines| lines.front()).cloned() {
                let mut servers = Vec::new();
                for (server, lines) in self.servers.iter().zip(&mut left).skip(first) {
                    if lines.front() == Some(&line) {
                        lines.pop_front();
                        servers.push(server.clone());
                    }
                }
                match groups.last_mut() {
                    Some((before, lines)) if *before == servers => lines.push(line),
                    _ => groups.push((servers, vec![line])),
                }
            }
        }
        groups
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::{Gathering, LINES, Together};
    use crate::configuration::Server;
    use crate::exit::Stream;

    const HOUR: Duration = Duration::from_secs(3600);

    fn told(together: &[Together]) -> Vec<String> {
        let told = together.iter().map(|(servers, lines)| {
            let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
            let lines: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
            format!("{}: {}", names.join("+"), lines.join(","))
        });
        told.collect()
    }

    fn taken(said: &[(usize, Stream, &str)]) -> Gathering {
        let servers: Vec<Server> = ["a", "b", "c", "d"].map(Server::host).into();
        let mut gathering = Gathering::new(&servers, HOUR);
        for (server, stream, line) in said {
            let said = (servers.get(*server).unwrap().clone(), *stream, vec![(*line).to_owned()]);
            assert!(gathering.take(said).is_empty());
        }
        gathering
    }

    #[test]
    fn servers_that_say_the_same_are_gathered_and_each_keeps_its_own_order() {
        let said = [
            (1, Stream::Out, "one"),
            (0, Stream::Out, "one"),
            (2, Stream::Out, "other"),
            (0, Stream::Err, "two"),
            (1, Stream::Err, "two"),
        ];
        let mut gathering = taken(&said);
        assert_eq!(told(&gathering.gather()), ["a+b: one,two", "c: other"]);
        assert!(gathering.gather().is_empty());
        // The same holds while the action goes on, and again for what comes later.
        for _ in 0..2 {
            let mut gathering = taken(&said);
            assert_eq!(told(&gathering.release()), ["a+b: one,two", "c: other"]);
        }
    }

    #[test]
    fn servers_of_which_one_says_more_share_what_they_say_alike() {
        let mut gathering = taken(&[
            (0, Stream::Out, "begin"),
            (1, Stream::Out, "begin"),
            (1, Stream::Out, "half"),
            (2, Stream::Out, "begin"),
            (2, Stream::Out, "end"),
            (1, Stream::Out, "end"),
        ]);
        assert_eq!(told(&gathering.gather()), ["a+b+c: begin", "b: half", "b+c: end"]);
    }

    #[test]
    fn what_differs_is_shown_as_it_came_while_the_action_goes_on() {
        let mut gathering = taken(&[
            (1, Stream::Out, "one"),
            (0, Stream::Out, "two"),
            (1, Stream::Out, "three"),
        ]);
        assert_eq!(told(&gathering.release()), ["b: one", "a: two", "b: three"]);
        assert!(gathering.release().is_empty());
    }

    #[test]
    fn much_output_and_that_of_one_server_is_shown_as_it_comes() {
        let [app, db] = ["app", "db"].map(Server::host);
        let line = || (app.clone(), Stream::Out, vec!["x".to_owned()]);
        assert_eq!(Gathering::new(std::slice::from_ref(&app), HOUR).take(line()).len(), 1);
        let mut gathering = Gathering::new(&[app.clone(), db], HOUR);
        let shown: usize = (0..=LINES.0).map(|_| gathering.take(line()).len()).sum();
        assert_eq!(shown, LINES.0 + 1);
    }
}
