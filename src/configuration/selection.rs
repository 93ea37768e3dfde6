//! Selects the servers that a task or an action addresses.

use indexmap::IndexSet;
use thiserror::Error;

use super::filter::Filter;
use super::nearest::nearest;
use super::{Assignment, Attributes, BlockId, Roles, Server, ServerSyntax, Value};

/// The attribute for servers that nothing is deployed to. Given in one role, it applies to the server in all its roles.
const NO_RELEASE: &str = "no_release";

/// The options of a task or a call that select its servers; `None` means that nothing was given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selection {
    /// Exactly these hosts, whatever their roles; each string may hold several, separated by commas.
    pub hosts: Option<Vec<String>>,
    /// The servers of these roles; each string may hold several, separated by commas.
    pub roles: Option<Vec<String>>,
    /// A block that returns `hosts` each time they are needed.
    pub hosts_from: Option<BlockId>,
    /// A block that returns `roles` each time they are needed.
    pub roles_from: Option<BlockId>,
    /// Only servers with all of these attributes.
    pub only: Option<Attributes>,
    /// No servers with any of these attributes.
    pub except: Option<Attributes>,
    /// Only the first server.
    pub once: Option<bool>,
    /// The most servers that are addressed at a time.
    pub max_hosts: Option<usize>,
    /// It is not an error if no server matches.
    pub on_no_matching_servers_continue: Option<bool>,
    /// A server that fails is left out of what follows, and this is not an error.
    pub on_error_continue: Option<bool>,
    /// `HOSTFILTER` and `HOSTROLEFILTER` do not apply.
    pub skip_hostfilter: Option<bool>,
}

impl Selection {
    /// Returns this selection (a task's) overridden by the options of `call`, key by key (R14).
    pub(crate) fn overlaid_by(&self, call: &Self) -> Self {
        fn over<T: Clone>(call: &Option<T>, task: &Option<T>) -> Option<T> {
            call.as_ref().or(task.as_ref()).cloned()
        }
        Self {
            hosts: over(&call.hosts, &self.hosts),
            roles: over(&call.roles, &self.roles),
            hosts_from: over(&call.hosts_from, &self.hosts_from),
            roles_from: over(&call.roles_from, &self.roles_from),
            only: over(&call.only, &self.only),
            except: over(&call.except, &self.except),
            once: over(&call.once, &self.once),
            max_hosts: over(&call.max_hosts, &self.max_hosts),
            on_no_matching_servers_continue: over(
                &call.on_no_matching_servers_continue,
                &self.on_no_matching_servers_continue,
            ),
            on_error_continue: over(&call.on_error_continue, &self.on_error_continue),
            skip_hostfilter: over(&call.skip_hostfilter, &self.skip_hostfilter),
        }
    }

    /// Returns the conditions as a person can read them: `roles: app, only: {primary: true}`; empty if there are none.
    pub(crate) fn conditions(&self) -> String {
        let mut parts = Vec::new();
        for (name, texts) in [("hosts", &self.hosts), ("roles", &self.roles)] {
            if let Some(texts) = texts {
                parts.push(format!("{name}: {}", texts.join(",")));
            }
        }
        for (name, attributes) in [("only", &self.only), ("except", &self.except)] {
            if let Some(attributes) = attributes {
                // Other values are not shown: they may be anything, including a secret.
                let names: Vec<_> = attributes
                    .iter()
                    .map(|(name, value)| match value {
                        Value::Bool(value) => format!("{name}: {value}"),
                        _ => format!("{name}: …"),
                    })
                    .collect();
                parts.push(format!("{name}: {{{}}}", names.join(", ")));
            }
        }
        parts.join(", ")
    }
}

/// The reason why a selection cannot be made. If no server matches, this is not an error here: the caller decides.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum SelectionError {
    /// No role of this name exists.
    #[error("the role `{role}' is not defined")]
    UnknownRole {
        /// The name of the role.
        role: String,
        /// The name of a role that was perhaps meant.
        nearest: Option<String>,
    },
    /// The string of a host is not a server.
    #[error(transparent)]
    Server(#[from] ServerSyntax),
}

/// Returns the servers, each once, in the order of the roles and of the servers in them.
pub(crate) fn select(roles: &Roles, selection: &Selection, filter: &Filter) -> Result<Vec<Server>, SelectionError> {
    let mut servers = IndexSet::new();
    // An empty list was given, so no server is addressed, whatever else is given.
    let is_empty = |names: &Option<Vec<String>>| names.as_ref().is_some_and(|names| split(names).next().is_none());
    if is_empty(&selection.hosts) || is_empty(&selection.roles) {
        return Ok(Vec::new());
    }
    if let Some(hosts) = filter.hosts_instead() {
        for host in split(hosts) {
            let server: Server = host.parse()?;
            let known = named_alike(roles, &server);
            if known.is_empty() {
                servers.insert(server);
            }
            servers.extend(known);
        }
        servers.retain(|server| !is_unreleased(roles, selection, server));
    } else if let Some(hosts) = &selection.hosts {
        for host in split(hosts) {
            servers.insert(host.parse()?);
        }
    } else {
        let wanted: Vec<&str> = match filter.roles_instead().or(selection.roles.as_ref()) {
            Some(names) => {
                let kept = selection.roles.as_ref().filter(|_| filter.preserve_roles);
                split(names)
                    .filter(|name| kept.is_none_or(|kept| split(kept).any(|other| other == *name)))
                    .collect()
            }
            None => roles.names().collect(),
        };
        // As in Capistrano 3; libraries take it as the value of a variable.
        let is_all = wanted.contains(&"all") && !roles.contains("all");
        let wanted = if is_all { roles.names().collect() } else { wanted };
        for role in wanted {
            if !roles.contains(role) {
                return Err(SelectionError::UnknownRole {
                    role: role.to_owned(),
                    nearest: nearest(role, roles.names()).map(str::to_owned),
                });
            }
            let matching = roles
                .assignments(role)
                .iter()
                .filter(|assignment| matches(assignment, selection));
            servers.extend(matching.map(|assignment| assignment.server.clone()));
        }
        servers.retain(|server| !is_unreleased(roles, selection, server));
    }
    if filter.narrows(selection) {
        servers.retain(|server| filter.keeps(server, roles, selection));
    }
    if selection.once == Some(true) {
        servers.truncate(1);
    }
    Ok(servers.into_iter().collect())
}

/// Returns true if nothing is to be deployed to the server, and the selection leaves such servers out.
pub(super) fn is_unreleased(roles: &Roles, selection: &Selection, server: &Server) -> bool {
    let unwanted = selection.except.as_ref().and_then(|except| except.get(NO_RELEASE));
    unwanted.is_some_and(|unwanted| roles.say(server, NO_RELEASE, unwanted))
}

/// Returns the servers of the recipe with this host name; they may have a user and a port there.
pub(super) fn named_alike(roles: &Roles, bare: &Server) -> Vec<Server> {
    if bare.user.is_some() || bare.port.is_some() {
        return Vec::new();
    }
    let all = roles.names().flat_map(|role| roles.assignments(role));
    let alike = all.filter(|assignment| assignment.server.host == bare.host);
    alike.map(|assignment| assignment.server.clone()).collect()
}

fn matches(assignment: &Assignment, selection: &Selection) -> bool {
    let has = |(name, wanted): (&String, &Value)| {
        // An attribute that was not given equals `()`.
        assignment.attributes.get(name).unwrap_or(&Value::Unit) == wanted
    };
    selection.only.iter().flatten().all(has) && !selection.except.iter().flatten().any(has)
}

pub(super) fn split(texts: &[String]) -> impl Iterator<Item = &str> {
    texts
        .iter()
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use indexmap::IndexMap;

    use super::{Attributes, Filter, Roles, Selection, SelectionError, Server, Value, select};

    /// Returns the six servers of the manual.
    fn six() -> Roles {
        let mut roles = Roles::default();
        for (role, host) in [("web", "www1"), ("web", "www2"), ("app", "app1"), ("app", "app2")] {
            roles.assign(role, Server::host(host), Attributes::new()).unwrap();
        }
        roles.assign("db", Server::host("db1"), attributes("primary")).unwrap();
        roles
            .assign("db", Server::host("db2"), attributes("no_release"))
            .unwrap();
        roles
    }

    fn attributes(name: &str) -> Attributes {
        Attributes::from([(name.to_owned(), Value::Bool(true))])
    }

    fn texts(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn environment(pairs: &[(&str, &str)]) -> Filter {
        let map: IndexMap<_, _> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Filter::from_environment(&map)
    }

    fn selected(selection: &Selection, filter: &Filter) -> Vec<String> {
        let servers = select(&six(), selection, filter).unwrap();
        servers.iter().map(Server::to_string).collect()
    }

    fn of_roles(names: &[&str]) -> Selection {
        Selection {
            roles: texts(names),
            ..Selection::default()
        }
    }

    #[test]
    fn r8_a_bare_name_in_hosts_means_the_recipes_server_with_its_user_and_port() {
        let mut roles = Roles::default();
        for host in ["deploy@app1:2222", "app2"] {
            roles.assign("app", host.parse().unwrap(), Attributes::new()).unwrap();
        }
        for (hosts, found) in [
            ("app1", &["deploy@app1:2222"][..]),
            ("app2,app1", &["app2", "deploy@app1:2222"]),
            ("root@app1", &["root@app1"]),
            ("app1:23,other", &["app1:23", "other"]),
        ] {
            let filter = Filter {
                hosts: Some(vec![hosts.to_owned()]),
                ..Filter::default()
            };
            let servers = select(&roles, &Selection::default(), &filter).unwrap();
            let shown: Vec<String> = servers.iter().map(Server::to_string).collect();
            assert_eq!(shown, found, "{hosts}");
        }
    }

    #[test]
    fn r1_without_options_all_servers_in_declaration_order() {
        let all = selected(&Selection::default(), &Filter::default());
        assert_eq!(all, ["www1", "www2", "app1", "app2", "db1", "db2"]);
    }

    #[test]
    fn r2_one_role_or_several_select_only_those() {
        assert_eq!(selected(&of_roles(&["app"]), &Filter::default()), ["app1", "app2"]);
        assert_eq!(
            selected(&of_roles(&["db", "app"]), &Filter::default()),
            ["db1", "db2", "app1", "app2"]
        );
        assert_eq!(
            selected(&of_roles(&["db, app"]), &Filter::default()),
            ["db1", "db2", "app1", "app2"]
        );
    }

    #[test]
    fn r3_a_server_in_two_roles_is_selected_once() {
        let mut roles = six();
        roles.assign("search", Server::host("app1"), Attributes::new()).unwrap();
        let all = select(&roles, &Selection::default(), &Filter::default()).unwrap();
        assert_eq!(all.iter().filter(|server| server.host == "app1").count(), 1);
    }

    #[test]
    fn r4_only_needs_every_attribute_and_except_any() {
        let only = Selection {
            only: Some(attributes("primary")),
            ..of_roles(&["db"])
        };
        assert_eq!(selected(&only, &Filter::default()), ["db1"]);
        let both = Selection {
            only: Some(attributes("primary").into_iter().chain(attributes("x")).collect()),
            ..of_roles(&["db"])
        };
        assert_eq!(selected(&both, &Filter::default()), [""; 0]);
        let except = Selection {
            except: Some(
                attributes("no_release")
                    .into_iter()
                    .chain(attributes("primary"))
                    .collect(),
            ),
            ..Selection::default()
        };
        assert_eq!(selected(&except, &Filter::default()), ["www1", "www2", "app1", "app2"]);
    }

    #[test]
    fn r5_all_means_every_role_unless_a_role_has_that_name() {
        let all = |roles: &Roles| select(roles, &of_roles(&["all"]), &Filter::default()).unwrap();
        assert_eq!(all(&six()).len(), 6);
        let mut roles = six();
        roles.assign("all", Server::host("one"), Attributes::new()).unwrap();
        assert_eq!(all(&roles).len(), 1);
    }

    #[test]
    fn r5_an_unknown_role_is_named_with_the_nearest() {
        let error = select(&six(), &of_roles(&["wbe"]), &Filter::default()).unwrap_err();
        assert_eq!(error.to_string(), "the role `wbe' is not defined");
        let SelectionError::UnknownRole { nearest, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(nearest.as_deref(), Some("web"));
    }

    #[test]
    fn r6_hosts_are_taken_as_they_are_without_roles_and_conditions() {
        let selection = Selection {
            hosts: texts(&["h1,bob@h2:2222"]),
            only: Some(attributes("primary")),
            ..of_roles(&["nothing"])
        };
        assert_eq!(selected(&selection, &Filter::default()), ["h1", "bob@h2:2222"]);
        let wrong = Selection {
            hosts: texts(&["h1:x"]),
            ..Selection::default()
        };
        assert!(select(&six(), &wrong, &Filter::default()).is_err());
    }

    #[test]
    fn r7_roles_of_the_environment_replace_those_of_the_task() {
        let db = of_roles(&["db"]);
        assert_eq!(selected(&db, &environment(&[("ROLES", "app")])), ["app1", "app2"]);
        assert_eq!(
            selected(&db, &environment(&[("ROLES", "app,web")])),
            ["app1", "app2", "www1", "www2"]
        );
        assert_eq!(selected(&db, &environment(&[("ROLES", "")])), ["db1", "db2"]);
    }

    #[test]
    fn r8_hosts_of_the_environment_replace_everything() {
        let hosts = environment(&[("HOSTS", "h1, h2"), ("ROLES", "app")]);
        assert_eq!(selected(&of_roles(&["nothing"]), &hosts), ["h1", "h2"]);
        let explicit = Selection {
            hosts: texts(&["other"]),
            ..Selection::default()
        };
        assert_eq!(selected(&explicit, &hosts), ["h1", "h2"]);
    }

    #[test]
    fn r21_no_release_in_one_role_holds_for_the_server_in_all() {
        let mut roles = six();
        roles.assign("app", Server::host("db2"), Attributes::new()).unwrap();
        roles.assign("search", Server::host("app1"), attributes("x")).unwrap();
        let except = |name| Selection {
            except: Some(attributes(name)),
            ..of_roles(&["app"])
        };
        let hosts = |name| -> Vec<String> {
            let servers = select(&roles, &except(name), &Filter::default()).unwrap();
            servers.iter().map(Server::to_string).collect()
        };
        assert_eq!(hosts("no_release"), ["app1", "app2"]);
        assert_eq!(hosts("x"), ["app1", "app2", "db2"]);
    }

    #[test]
    fn r12_hosts_or_roles_given_but_empty_select_nobody() {
        assert_eq!(selected(&of_roles(&[]), &Filter::default()), [""; 0]);
        let hosts = Selection {
            hosts: texts(&[]),
            ..Selection::default()
        };
        assert_eq!(selected(&hosts, &Filter::default()), [""; 0]);
    }

    #[test]
    fn r9_preserved_roles_narrow_those_of_the_environment() {
        for (roles, expected) in [("app,db", vec!["app1", "app2"]), ("db,web", vec![])] {
            let filter = Filter {
                preserve_roles: true,
                ..environment(&[("ROLES", roles)])
            };
            assert_eq!(selected(&of_roles(&["app"]), &filter), expected);
        }
    }

    #[test]
    fn r10_a_host_filter_narrows_whatever_was_selected_unless_it_is_skipped() {
        let filter = environment(&[("HOSTFILTER", "app1,www1,foo"), ("HOSTROLEFILTER", "db")]);
        assert_eq!(selected(&Selection::default(), &filter), ["www1", "app1"]);
        let mut hosts = Selection {
            hosts: texts(&["bob@foo:2222", "bar"]),
            ..Selection::default()
        };
        assert_eq!(selected(&hosts, &filter), ["bob@foo:2222"]);
        hosts.skip_hostfilter = Some(true);
        assert_eq!(selected(&hosts, &filter), ["bob@foo:2222", "bar"]);
    }

    #[test]
    fn r11_a_role_filter_keeps_the_servers_of_these_roles() {
        let filter = environment(&[("HOSTROLEFILTER", "web")]);
        assert_eq!(selected(&Selection::default(), &filter), ["www1", "www2"]);
        assert_eq!(selected(&of_roles(&["app"]), &filter), [""; 0]);
    }

    #[test]
    fn r14_a_call_wins_key_by_key() {
        let task = Selection {
            except: Some(attributes("no_release")),
            ..of_roles(&["web"])
        };
        let merged = task.overlaid_by(&of_roles(&["db"]));
        assert_eq!(selected(&merged, &Filter::default()), ["db1"]);
    }

    #[test]
    fn c17_once_selects_the_first_match() {
        let once = Selection {
            once: Some(true),
            ..of_roles(&["app"])
        };
        assert_eq!(selected(&once, &Filter::default()), ["app1"]);
    }

    #[test]
    fn n1_conditions_are_readable_and_show_no_values() {
        let selection = Selection {
            only: Some(Attributes::from([
                ("primary".to_owned(), true.into()),
                ("token".to_owned(), "hunter2".into()),
            ])),
            ..of_roles(&["app", "db"])
        };
        assert_eq!(selection.conditions(), "roles: app,db, only: {primary: true, token: …}");
    }
}
