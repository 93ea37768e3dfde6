//! The names of servers on a terminal: each as short as it can be without being mistaken for another of the run.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;

use indexmap::IndexSet;

use super::broken::columns_of;
use crate::configuration::Server;

/// The servers of a run that were met so far, and their short names.
#[derive(Debug, Default)]
pub(super) struct Names {
    met: RefCell<IndexSet<Server>>,
    short: RefCell<HashMap<Server, String>>,
}

impl Names {
    /// Takes note of servers. A name that no longer tells a server from the others becomes longer from now on.
    pub(super) fn meet<'a>(&self, servers: impl IntoIterator<Item = &'a Server>) {
        let mut met = self.met.borrow_mut();
        let before = met.len();
        met.extend(servers.into_iter().cloned());
        if met.len() > before {
            self.short.borrow_mut().clear();
        }
    }

    /// Returns the short name of a server.
    pub(super) fn of(&self, server: &Server) -> String {
        let mut known = self.short.borrow_mut();
        if let Some(short) = known.get(server) {
            return short.clone();
        }
        let short = short(server, &self.met.borrow());
        known.insert(server.clone(), short.clone());
        short
    }

    /// Returns the short names of servers, in their order; `localhost` if there are none.
    pub(super) fn list(&self, servers: &[Server]) -> String {
        match servers.is_empty() {
            true => "localhost".to_owned(),
            false => servers
                .iter()
                .map(|server| self.of(server))
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    /// Returns a sentence with the short names of servers where it lists them after `on`. Elsewhere a name may belong to an
    /// address or a command that somebody copies.
    pub(super) fn in_sentence(&self, sentence: &str) -> String {
        if !sentence.contains("on ") {
            return sentence.to_owned();
        }
        let known: HashMap<String, String> = {
            let met = self.met.borrow().clone();
            met.iter().map(|server| (server.to_string(), self.of(server))).collect()
        };
        let mut is_list = false;
        let words = sentence.split(' ').map(|word| {
            let name = word.trim_end_matches([',', '.', ';', ':', ')']);
            let end = word.get(name.len()..).unwrap_or_default();
            match known.get(name).filter(|_| is_list) {
                Some(short) => {
                    is_list = end == ",";
                    format!("{short}{end}")
                }
                None => {
                    is_list = word == "on";
                    word.to_owned()
                }
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// Returns the columns of the longest short name of these servers.
    pub(super) fn widest(&self, servers: &[Server]) -> usize {
        let widths = servers.iter().map(|server| columns_of(&self.of(server)));
        widths.max().unwrap_or(0)
    }
}

/// Returns the fewest first parts of a server's name with which no other name begins. A server with a user or a port keeps its
/// whole name, as does an address.
fn short(server: &Server, all: &IndexSet<Server>) -> String {
    let is_plain = server.user.is_none() && server.port.is_none() && server.host.parse::<IpAddr>().is_err();
    let others: Vec<&Server> = all.iter().filter(|other| *other != server).collect();
    if !is_plain || others.iter().any(|other| other.host == server.host) {
        return server.to_string();
    }
    let parts: Vec<&str> = server.host.split('.').collect();
    let begins = |host: &str, first: &[&str]| host.split('.').take(first.len()).eq(first.iter().copied());
    let unique = (1..parts.len()).filter_map(|length| parts.get(..length));
    let mut unique = unique.filter(|first| !others.iter().any(|other| begins(&other.host, first)));
    unique
        .next()
        .map_or_else(|| server.to_string(), |first| first.join("."))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Names;
    use crate::configuration::Server;

    #[test]
    fn a_name_is_as_short_as_tells_the_server_from_the_others() {
        let names = Names::default();
        let servers: Vec<Server> = [
            "app1.eu.example.com",
            "app1.us.example.com",
            "app2.eu.example.com",
            "db1",
            "192.0.2.7",
            "me@web1.example.com:2222",
            "twin.example.com",
            "root@twin.example.com",
        ]
        .map(|name| name.parse().unwrap())
        .into();
        names.meet(&servers);
        let short: Vec<String> = servers.iter().map(|server| names.of(server)).collect();
        assert_eq!(
            short,
            [
                "app1.eu",
                "app1.us",
                "app2",
                "db1",
                "192.0.2.7",
                "me@web1.example.com:2222",
                "twin.example.com",
                "root@twin.example.com"
            ]
        );
        assert_eq!(names.widest(&servers), 24);
    }

    #[test]
    fn a_sentence_lists_servers_by_their_short_names_behind_on() {
        let names = Names::default();
        let servers: [Server; 3] =
            ["app1.example.com", "app2.example.com", "db1.example.com"].map(|name| name.parse().unwrap());
        names.meet(&servers);
        for (said, shown) in [
            (
                "2026 is current on app1.example.com, app2.example.com and stays, not on db1.example.com: go back",
                "2026 is current on app1, app2 and stays, not on db1: go back",
            ),
            (
                "ssh app1.example.com, or see https://app1.example.com/ on port 80",
                "ssh app1.example.com, or see https://app1.example.com/ on port 80",
            ),
            ("failed  on db1.example.com.", "failed  on db1."),
            ("on app9.example.com", "on app9.example.com"),
            ("", ""),
        ] {
            assert_eq!(names.in_sentence(said), shown);
        }
    }

    #[test]
    fn a_name_that_is_met_later_makes_others_longer() {
        let names = Names::default();
        let [first, second]: [Server; 2] = ["app1.a.com", "app1.b.com"].map(|name| name.parse().unwrap());
        names.meet([&first]);
        assert_eq!(names.of(&first), "app1");
        names.meet([&first, &second]);
        assert_eq!(
            (names.of(&first), names.of(&second)),
            ("app1.a".to_owned(), "app1.b".to_owned())
        );
    }
}
