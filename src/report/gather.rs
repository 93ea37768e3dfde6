//! Output that is held back for a moment, so that what many servers say alike is shown once.

use std::time::{Duration, Instant};

use crate::configuration::Server;
use crate::exit::Stream;

/// The longest time that output is held back …
const HELD: Duration = Duration::from_secs(1);
/// … and the most lines.
const LINES: usize = 400;

/// Lines of one stream of one server.
pub(super) type Said = (Server, Stream, Vec<String>);

/// Servers that said the same, and the lines that they said.
pub(super) type Together = (Vec<Server>, Vec<(Stream, String)>);

/// The output of one action.
#[derive(Debug)]
pub(super) struct Gathering {
    since: Instant,
    held: Vec<Said>,
    lines: usize,
    /// Nothing is held back any more.
    is_over: bool,
}

impl Gathering {
    /// Returns an empty one. Output of a single server is never held back.
    pub(super) fn new(servers: usize) -> Self {
        Self {
            since: Instant::now(),
            held: Vec::new(),
            lines: 0,
            is_over: servers < 2,
        }
    }

    /// Takes lines, and returns what is to be shown now.
    pub(super) fn take(&mut self, said: Said) -> Vec<Said> {
        self.lines += said.2.len();
        self.held.push(said);
        if self.is_over || self.lines > LINES || self.since.elapsed() >= HELD {
            return self.release();
        }
        Vec::new()
    }

    /// Returns true if something is held back for long enough.
    pub(super) fn is_due(&self) -> bool {
        !self.held.is_empty() && self.since.elapsed() >= HELD
    }

    /// Returns what is held back as it came; from now on nothing is.
    pub(super) fn release(&mut self) -> Vec<Said> {
        self.is_over = true;
        std::mem::take(&mut self.held)
    }

    /// Returns what is held back at the end of the action: servers in their order, those that said the same together.
    pub(super) fn gather(&mut self, order: &[Server]) -> Vec<Together> {
        let held = std::mem::take(&mut self.held);
        let mut groups: Vec<Together> = Vec::new();
        for server in order {
            let of_server = held.iter().filter(|(of, ..)| of == server);
            let lines: Vec<(Stream, String)> = of_server
                .flat_map(|(_, stream, lines)| lines.iter().map(|line| (*stream, line.clone())))
                .collect();
            if lines.is_empty() {
                continue;
            }
            match groups.iter_mut().find(|(_, known)| *known == lines) {
                Some((servers, _)) => servers.push(server.clone()),
                None => groups.push((vec![server.clone()], lines)),
            }
        }
        groups
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Gathering, LINES};
    use crate::configuration::Server;
    use crate::exit::Stream;

    #[test]
    fn servers_that_say_the_same_are_gathered_and_each_keeps_its_own_order() {
        let servers: Vec<Server> = ["a", "b", "c", "d"].map(Server::host).into();
        let mut gathering = Gathering::new(servers.len());
        for (server, stream, line) in [
            (1, Stream::Out, "one"),
            (0, Stream::Out, "one"),
            (2, Stream::Out, "other"),
            (0, Stream::Err, "two"),
            (1, Stream::Err, "two"),
        ] {
            let said = (servers.get(server).unwrap().clone(), stream, vec![line.to_owned()]);
            assert!(gathering.take(said).is_empty());
        }
        let gathered = gathering.gather(&servers);
        let told: Vec<String> = gathered
            .iter()
            .map(|(servers, lines)| {
                let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
                let lines: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
                format!("{}: {}", names.join("+"), lines.join(","))
            })
            .collect();
        assert_eq!(told, ["a+b: one,two", "c: other"]);
    }

    #[test]
    fn much_output_and_that_of_one_server_is_shown_as_it_comes() {
        let app = Server::host("app");
        let line = || (app.clone(), Stream::Out, vec!["x".to_owned()]);
        assert_eq!(Gathering::new(1).take(line()).len(), 1);
        let mut gathering = Gathering::new(2);
        let shown: usize = (0..=LINES).map(|_| gathering.take(line()).len()).sum();
        assert_eq!(shown, LINES + 1);
        assert_eq!(gathering.take(line()).len(), 1, "nothing is held back any more");
    }
}
