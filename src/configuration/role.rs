//! Roles: the servers in each, and the attributes of each server there.

use indexmap::IndexMap;
use thiserror::Error;

use super::{Attributes, Server, Value};

/// A server in a role, with the attributes of this statement alone (R17).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assignment {
    /// The server.
    pub server: Server,
    /// The attributes, such as `primary: true`.
    pub attributes: Attributes,
}

/// An error for an attribute with a special meaning that has an impossible value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{attribute}' of {server} {expected}")]
pub(crate) struct AttributeError {
    server: Server,
    attribute: &'static str,
    expected: &'static str,
}

/// All roles, in the order in which they were first named.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roles(IndexMap<String, Vec<Assignment>>);

impl Roles {
    /// Makes the role known, even if no server is ever put into it.
    pub(crate) fn declare(&mut self, role: &str) {
        self.0.entry(role.to_owned()).or_default();
    }

    /// Puts a server into a role. `user` and `port` complete the server if its string has none; they are not attributes.
    pub(crate) fn assign(
        &mut self,
        role: &str,
        mut server: Server,
        mut attributes: Attributes,
    ) -> Result<(), AttributeError> {
        let wrong = |attribute, expected| AttributeError {
            server: server.clone(),
            attribute,
            expected,
        };
        let user = match attributes.shift_remove("user") {
            None | Some(Value::Unit) => None,
            Some(Value::Text(user)) if !user.is_empty() => Some(user),
            Some(_) => return Err(wrong("user", "must be a string")),
        };
        let port = match attributes.shift_remove("port") {
            None | Some(Value::Unit) => None,
            Some(value) => {
                let port: Option<u16> = match value {
                    Value::Int(port) => port.try_into().ok(),
                    Value::Text(port) => port.parse().ok(),
                    _ => None,
                };
                let number = port.filter(|port| *port > 0);
                Some(number.ok_or_else(|| wrong("port", "must be a number from 1 to 65535"))?)
            }
        };
        server.user = server.user.or(user);
        server.port = server.port.or(port);
        self.0
            .entry(role.to_owned())
            .or_default()
            .push(Assignment { server, attributes });
        Ok(())
    }

    /// Makes the server that was put into a role last one with those of its host and port, whatever user they have, as Capistrano 3 does: the
    /// user that was named last is that of all.
    pub(crate) fn unite(&mut self, role: &str) {
        const PORT_OF_SSH: u16 = 22;
        let Some(Assignment { server: newest, .. }) = self.assignments(role).last().cloned() else {
            return;
        };
        let port = |server: &Server| server.port.unwrap_or(PORT_OF_SSH);
        let is_same = |server: &Server| server.host == newest.host && port(server) == port(&newest);
        let mut all: Vec<&mut Server> = self.0.values_mut().flatten().map(|one| &mut one.server).collect();
        all.retain(|server| is_same(server));
        let before = all
            .iter()
            .find(|server| ***server != newest)
            .map(|server| (**server).clone());
        let Some(before) = before else { return };
        let (user, port) = (newest.user.clone().or(before.user), newest.port.and(before.port));
        for server in all {
            (server.user, server.port) = (user.clone(), port);
        }
    }

    /// Returns the names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns true if a role of this name exists.
    pub(crate) fn contains(&self, role: &str) -> bool {
        self.0.contains_key(role)
    }

    /// Returns the servers of a role, in order; none for an unknown role.
    pub(crate) fn assignments(&self, role: &str) -> &[Assignment] {
        self.0.get(role).map_or(&[], Vec::as_slice)
    }

    /// Returns the roles that a server is in, in order.
    pub(crate) fn roles_of(&self, server: &Server) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(_, assignments)| assignments.iter().any(|assignment| assignment.server == *server))
            .map(|(role, _)| role.as_str())
            .collect()
    }

    /// Returns true if a server has this attribute with this value in any role.
    pub(crate) fn say(&self, server: &Server, attribute: &str, value: &Value) -> bool {
        let mut all = self.0.values().flatten();
        all.any(|assignment| assignment.server == *server && assignment.attributes.get(attribute) == Some(value))
    }

    /// Returns the values of an attribute of a server in all roles, first to last.
    pub(crate) fn said_of<'a>(&'a self, server: &'a Server, attribute: &'a str) -> impl Iterator<Item = &'a Value> {
        let all = self.0.values().flatten();
        all.filter(move |assignment| assignment.server == *server)
            .filter_map(move |assignment| assignment.attributes.get(attribute))
    }

    /// Returns all attributes of a server in all roles; the last value of each wins.
    pub(crate) fn attributes_of(&self, server: &Server) -> Attributes {
        let mut merged = Attributes::new();
        for assignment in self.0.values().flatten() {
            if assignment.server == *server {
                merged.extend(assignment.attributes.clone());
            }
        }
        merged
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::{Attributes, Roles, Server, Value};

    fn attributes(pairs: &[(&str, Value)]) -> Attributes {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    }

    #[test]
    fn r17_attributes_belong_to_the_hosts_of_their_statement_only() {
        let mut roles = Roles::default();
        let primary = attributes(&[("primary", true.into())]);
        roles.assign("db", Server::host("db1"), primary.clone()).unwrap();
        roles.assign("db", Server::host("db2"), Attributes::new()).unwrap();
        let db = roles.assignments("db");
        assert_eq!(
            db.iter().map(|a| &a.attributes).collect::<Vec<_>>(),
            [&primary, &Attributes::new()]
        );
    }

    #[test]
    fn r18_a_server_in_several_roles_is_known_in_each() {
        let mut roles = Roles::default();
        let h = Server::host("h");
        roles.assign("web", h.clone(), Attributes::new()).unwrap();
        roles.declare("app");
        roles
            .assign("db", h.clone(), attributes(&[("zone", "a".into())]))
            .unwrap();
        roles
            .assign("db", h.clone(), attributes(&[("zone", "b".into())]))
            .unwrap();
        assert_eq!(roles.roles_of(&h), ["web", "db"]);
        assert_eq!(roles.attributes_of(&h), attributes(&[("zone", "b".into())]));
    }

    #[test]
    fn r18_servers_of_one_host_and_port_are_made_one_with_the_last_user() {
        let mut roles = Roles::default();
        let mut put = |server: &str, role: &str| {
            roles.assign(role, server.parse().unwrap(), Attributes::new()).unwrap();
            roles.unite(role);
            let of = |role: &str| -> Vec<String> {
                let all = roles.assignments(role).iter();
                all.map(|one| one.server.to_string()).collect()
            };
            (of("app").join(" "), of("web").join(" "))
        };
        let mut puts = |server: &str, role: &str, app: &str, web: &str| {
            assert_eq!(put(server, role), (app.to_owned(), web.to_owned()), "{server} {role}");
        };
        puts("h", "app", "h", "");
        puts("bob@h:22", "web", "bob@h", "bob@h");
        puts("ann@h:23", "web", "bob@h", "bob@h ann@h:23");
        puts("h", "app", "bob@h bob@h", "bob@h ann@h:23");
        puts("eve@h", "app", "eve@h eve@h eve@h", "eve@h ann@h:23");
        let h = &roles.assignments("app")[0].server;
        assert!(roles.assignments("app").iter().all(|one| one.server == *h));
        assert_eq!(roles.roles_of(h), ["app", "web"]);
    }

    #[test]
    fn r15_a_role_without_hosts_exists_and_is_empty() {
        let mut roles = Roles::default();
        roles.declare("cache");
        assert!(roles.contains("cache"));
        assert!(roles.assignments("cache").is_empty());
        assert_eq!(roles.names().collect::<Vec<_>>(), ["cache"]);
    }

    #[test]
    fn r19_user_and_port_complete_the_text_and_are_no_attributes() {
        let mut roles = Roles::default();
        let given = attributes(&[("user", "bob".into()), ("port", 2222.into()), ("x", 1.into())]);
        roles.assign("app", "h1".parse().unwrap(), given.clone()).unwrap();
        roles.assign("app", "eve@h2:2200".parse().unwrap(), given).unwrap();
        let app = roles.assignments("app");
        let shown: Vec<_> = app.iter().map(|a| a.server.to_string()).collect();
        assert_eq!(shown, ["bob@h1:2222", "eve@h2:2200"]);
        assert!(app.iter().all(|a| a.attributes == attributes(&[("x", 1.into())])));
    }

    #[test]
    fn r19_a_port_that_is_none_is_refused_with_the_server() {
        for port in [Value::Int(0), Value::Int(70000), "ssh".into(), true.into()] {
            let mut roles = Roles::default();
            let error = roles
                .assign("app", Server::host("h1"), attributes(&[("port", port)]))
                .unwrap_err();
            assert_eq!(error.to_string(), "`port' of h1 must be a number from 1 to 65535");
        }
    }
}
