//! The conditions with which the person who starts capr chooses servers.

use indexmap::{IndexMap, IndexSet};
use regex::Regex;

use super::nearest::nearest;
use super::selection::{is_unreleased, named_alike, split};
use super::{Roles, Selection, Server, Tasks};

/// The conditions of the person who starts capr, which are applied on top of the recipe's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// `HOSTS=`: exactly these hosts.
    pub hosts: Option<Vec<String>>,
    /// `ROLES=`: these roles instead of the recipe's.
    pub roles: Option<Vec<String>>,
    /// With `ROLES=`: only those of them that the task has as well.
    pub preserve_roles: bool,
    /// `HOSTFILTER=`: only servers with these host names.
    pub host_filter: Option<Vec<String>>,
    /// `HOSTROLEFILTER=`: only servers in these roles. It is ignored if there is a `HOSTFILTER`.
    pub host_role_filter: Option<Vec<String>>,
    /// True in a recipe in the words of Capistrano 3: `HOSTS=` and `ROLES=` choose among the servers of a task, and never add one.
    pub only_narrows: bool,
    /// The choice that the recipe adds to that with the variable `filter`.
    pub of_recipe: Vec<ServerChoice>,
    /// The servers whose turn it is; set by `rolling`, not by the person.
    pub turn: Option<Vec<Server>>,
}

/// A choice among the servers of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerChoice {
    /// Those of these hosts.
    Hosts(Vec<String>),
    /// Those in one of these roles.
    Roles(Vec<String>),
}

impl Filter {
    /// Reads `HOSTS`, `ROLES`, `HOSTFILTER` and `HOSTROLEFILTER`; empty ones count as not set.
    pub(crate) fn from_environment(environment: &IndexMap<String, String>) -> Self {
        let names = |name: &str| {
            let value = environment.get(name)?;
            let names: Vec<_> = split(std::slice::from_ref(value)).map(str::to_owned).collect();
            (!names.is_empty()).then_some(names)
        };
        Self {
            hosts: names("HOSTS"),
            roles: names("ROLES"),
            preserve_roles: false,
            host_filter: names("HOSTFILTER"),
            host_role_filter: names("HOSTROLEFILTER"),
            only_narrows: false,
            of_recipe: Vec::new(),
            turn: None,
        }
    }

    /// Returns the hosts of `HOSTS=` that no role and no task of the recipe names, each with one that was perhaps meant (R8).
    /// Returns none if the recipe names no server at all: then those of `HOSTS=` are all there is.
    pub(crate) fn unknown_hosts(&self, roles: &Roles, tasks: &Tasks) -> Vec<(String, Option<String>)> {
        let mut known: IndexSet<String> = roles
            .names()
            .flat_map(|role| roles.assignments(role))
            .map(|assignment| assignment.server.host.clone())
            .collect();
        let named = tasks.iter().filter_map(|task| task.selection.hosts.as_ref());
        let named = named
            .flat_map(|hosts| split(hosts))
            .filter_map(|host| host.parse::<Server>().ok());
        known.extend(named.map(|server| server.host));
        if known.is_empty() {
            return Vec::new();
        }
        let wanted = self.hosts.iter().flat_map(|hosts| split(hosts));
        let is_unknown = |text: &str| match text.parse::<Server>() {
            Ok(server) if known.contains(&server.host) => false,
            _ if self.only_narrows => {
                let test = patterns(&[text.to_owned()], of_host);
                !known.iter().any(|host| test.iter().any(|fits| fits(host)))
            }
            named => named.is_ok(),
        };
        wanted
            .filter(|text| is_unknown(text))
            .map(|text| {
                let meant = nearest(text, known.iter().map(String::as_str));
                (text.to_owned(), meant.map(str::to_owned))
            })
            .collect()
    }

    /// Returns the servers of `HOSTS=` that a selection leaves out all the same, because nothing is deployed to them (R8).
    pub(crate) fn unreleased(&self, roles: &Roles, selection: &Selection) -> Vec<Server> {
        let hosts = self.hosts.iter().flat_map(|hosts| split(hosts));
        let named =
            hosts
                .filter_map(|host| host.parse::<Server>().ok())
                .flat_map(|server| match named_alike(roles, &server) {
                    known if known.is_empty() => vec![server],
                    known => known,
                });
        let mut left_out: Vec<Server> = named.filter(|server| is_unreleased(roles, selection, server)).collect();
        left_out.dedup();
        left_out
    }

    /// Returns true if the filter can remove all servers of a task; then it is not an error that none is left (N3).
    pub(crate) fn narrows(&self, selection: &Selection) -> bool {
        self.turn.is_some()
            || self.conditions().next().is_some()
            || selection.skip_hostfilter != Some(true)
                && (self.host_filter.is_some() || self.host_role_filter.is_some())
    }

    /// Returns what chooses among the servers of a task.
    fn conditions(&self) -> impl Iterator<Item = ServerChoice> {
        let of_person = [
            self.hosts.clone().map(ServerChoice::Hosts),
            self.roles.clone().map(ServerChoice::Roles),
        ];
        let of_person = of_person.into_iter().flatten().filter(|_| self.only_narrows);
        of_person.chain(self.of_recipe.iter().cloned())
    }

    /// Returns the hosts that take the place of those of the recipe.
    pub(super) fn hosts_instead(&self) -> Option<&Vec<String>> {
        self.hosts.as_ref().filter(|_| !self.only_narrows)
    }

    /// Returns the roles that take the place of those of a task.
    pub(super) fn roles_instead(&self) -> Option<&Vec<String>> {
        self.roles.as_ref().filter(|_| !self.only_narrows)
    }

    pub(super) fn keeps(&self, server: &Server, roles: &Roles, selection: &Selection) -> bool {
        if self.turn.as_ref().is_some_and(|turn| !turn.contains(server)) {
            return false;
        }
        let has_role = |fits: &dyn Fn(&str) -> bool| roles.roles_of(server).iter().any(|role| fits(role));
        let fits = |condition: ServerChoice| match condition {
            // One with a user or a port is that server.
            ServerChoice::Hosts(hosts) => {
                let whole = server.to_string();
                split(&hosts).any(|host| host == whole)
                    || patterns(&hosts, of_host).iter().any(|fits| fits(&server.host))
            }
            ServerChoice::Roles(wanted) => {
                let wanted = patterns(&wanted, of_role);
                has_role(&|role| wanted.iter().any(|fits| fits(role)))
            }
        };
        if !self.conditions().all(fits) {
            return false;
        }
        if selection.skip_hostfilter == Some(true) {
            return true;
        }
        match (&self.host_filter, &self.host_role_filter) {
            (Some(hosts), _) => hosts.contains(&server.host),
            (None, Some(wanted)) => has_role(&|role| wanted.iter().any(|w| w == role)),
            (None, None) => true,
        }
    }
}

/// The test of a name.
type Fits = Box<dyn Fn(&str) -> bool>;

/// Returns the tests of the values of `HOSTS=` or `ROLES=` in the words of Capistrano 3. `all` fits each name, and a regular expression that
/// is none fits nothing.
fn patterns(values: &[String], expression: fn(&str) -> Option<&str>) -> Vec<Fits> {
    let test = |value: &str| -> Fits {
        let wanted = value.to_owned();
        match (value, expression(value).map(Regex::new)) {
            ("all", _) => Box::new(|_| true),
            (_, None) => Box::new(move |name| name == wanted),
            (_, Some(Ok(expression))) => Box::new(move |name| expression.is_match(name)),
            (_, Some(Err(_))) => Box::new(|_| false),
        }
    };
    split(values).map(test).collect()
}

/// A host is a regular expression if it has other characters than names have.
fn of_host(value: &str) -> Option<&str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    (!value.chars().all(is_of_name)).then_some(value)
}

/// A role is one between slashes.
fn of_role(value: &str) -> Option<&str> {
    value.strip_prefix('/')?.strip_suffix('/')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use indexmap::IndexMap;

    use super::Filter;
    use crate::configuration::{Attributes, Roles, Selection, Server, Tasks, select};

    fn roles() -> Roles {
        let mut roles = Roles::default();
        for (role, host) in [("web", "www1"), ("app", "app1"), ("app", "app2"), ("worker", "app2")] {
            roles.assign(role, Server::host(host), Attributes::new()).unwrap();
        }
        roles
    }

    fn narrowing(hosts: &str, wanted: &str) -> Filter {
        let given = [("HOSTS", hosts), ("ROLES", wanted)];
        let given: IndexMap<_, _> = given
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Filter {
            only_narrows: true,
            ..Filter::from_environment(&given)
        }
    }

    #[test]
    fn in_the_words_of_capistrano_3_hosts_and_roles_choose_among_the_servers_of_a_task() {
        let app = Selection {
            roles: Some(vec!["app".to_owned()]),
            ..Selection::default()
        };
        for (hosts, wanted, found) in [
            ("", "", "app1 app2"),
            ("app2", "", "app2"),
            ("app2,app1", "", "app1 app2"),
            ("app3", "", ""),
            ("pp1$", "", "app1"),
            ("deploy@app1", "", ""),
            ("all", "", "app1 app2"),
            ("(", "", ""),
            ("", "worker", "app2"),
            ("", "web", ""),
            ("", "/^wo/", "app2"),
            ("app1", "worker", ""),
        ] {
            let servers = select(&roles(), &app, &narrowing(hosts, wanted)).unwrap();
            let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
            assert_eq!(servers.join(" "), found, "{hosts} {wanted}");
        }
    }

    #[test]
    fn a_host_that_fits_no_server_is_told() {
        let unknown = narrowing("app1,pp2$,all,nine,x(", "").unknown_hosts(&roles(), &Tasks::default());
        let unknown: Vec<String> = unknown.into_iter().map(|(name, _)| name).collect();
        assert_eq!(unknown, ["nine", "x("]);
    }
}
