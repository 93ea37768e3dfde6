//! Reads roles and servers.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line};
use super::super::note::{Kind, Read};
use super::super::ruby::{Arguments, arguments, behind, id, literal, statements};
use super::super::walk;
use super::Reader;
use super::blocks::function_of;
use super::locals::Type;

impl Reader<'_> {
    /// Reads `role` and `server`.
    pub(super) fn server_word(&mut self, node: &Node<'_>, call: &CallNode<'_>, name: &str) -> Read<Option<Vec<Line>>> {
        match name {
            "role" => match self.role(call) {
                Ok(lines) => Ok(Some(lines)),
                Err(unported) => {
                    let first = arguments(call, true).values.first().and_then(literal);
                    let Some(role) = first.filter(|_| self.deferred == 0) else {
                        return Err(unported);
                    };
                    let number = self.note(node, unported);
                    let note = Line::new(super::super::form::Statement::Note(number, false));
                    let block = self.barrier(number);
                    Ok(Some(vec![
                        note,
                        Line::verb(Call::with_block("role", vec![Expr::symbol(&role)], block)),
                    ]))
                }
            },
            "server" => self.server(call).map(Some),
            _ => Ok(None),
        }
    }

    fn role(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let given = arguments(call, true);
        let mut values = Vec::new();
        for (index, node) in given.values.iter().enumerate() {
            let value = self.expression(node)?;
            match value {
                // Separate arguments read better than a list.
                Expr::List(items) if index > 0 => values.extend(items),
                value => values.push(value),
            }
        }
        let options = self.attributes(&given)?;
        let block = match behind(call) {
            Some(behind) => {
                let nodes = statements(behind.body.as_ref());
                Some(self.later(&nodes, behind.end, true))
            }
            None => None,
        };
        let roles = match values.first() {
            Some(Expr::List(roles)) if self.facts.version > 2 => roles.clone(),
            first => first.cloned().into_iter().collect(),
        };
        let line = |role: Expr| {
            let hosts = values.iter().skip(1).cloned();
            let values = [role].into_iter().chain(hosts).collect();
            Line::verb(Call {
                options: options.clone(),
                block: block.clone(),
                ..Call::new("role", values)
            })
        };
        Ok(roles.into_iter().map(line).collect())
    }

    fn server(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let given = arguments(call, true);
        let mut values = self.expressions(&given.values)?;
        let last = call.arguments().and_then(|list| list.arguments().iter().last());
        let mut options = match last.filter(|_| given.has_splat && self.facts.version > 2) {
            // This is `server host, **properties`.
            Some(map) if map.as_keyword_hash_node().is_some() => {
                values.push(self.expression(&map)?);
                Vec::new()
            }
            _ => self.attributes(&given)?,
        };
        // Capistrano 3 takes a map behind the host, in which the roles are.
        if let (3, [_, map], true) = (self.facts.version, values.as_slice(), options.is_empty())
            && !matches!(map, Expr::Text(_) | Expr::Symbol(_) | Expr::List(_))
        {
            let roles = Expr::Index(Box::new(map.clone()), Box::new(Expr::text("roles")));
            values.insert(1, roles.binary("??", Expr::symbol("no_role")));
        }
        if let Some(index) = options.iter().position(|(key, _)| key == "roles" || key == "role") {
            let (_, roles) = options.remove(index);
            match roles {
                Expr::List(items) if items.len() <= 4 => values.extend(items),
                other => values.push(other),
            }
        }
        if values.len() < 2 {
            if self.facts.version < 3 {
                return Err(self.always_fails(
                    "a server without a role",
                    "you must associate a server with at least one role",
                ));
            }
            // It is none of the servers of any role, but one of all.
            values.push(Expr::symbol("no_role"));
        }
        Ok(vec![Line::verb(Call {
            options,
            ..Call::new("server", values)
        })])
    }

    /// Reads the attributes of servers after their names.
    fn attributes(&mut self, given: &Arguments<'_>) -> Read<Vec<(String, Expr)>> {
        let mut options = Vec::new();
        for (key, value) in &given.pairs {
            let Some(key) = literal(key) else {
                return self.refuse(Kind::Construct, "an attribute whose name is computed");
            };
            let value = self.expression(value)?;
            let value = match (key.as_str(), value) {
                ("ssh_options", Expr::Map(pairs)) => Expr::Map(self.ssh_options(pairs)),
                (_, value) => value,
            };
            options.push((key, value));
        }
        Ok(options)
    }

    /// Keeps only the options that exist here; the others belong to net-ssh.
    pub(super) fn ssh_options(&mut self, pairs: Vec<(String, Expr)>) -> Vec<(String, Expr)> {
        let (known, other): (Vec<_>, Vec<_>) = pairs
            .into_iter()
            .partition(|(key, _)| self.facts.vocabulary.is_ssh_option(key));
        for (key, _) in other {
            self.remarks
                .push(format!("ssh_options: `{key}` is left out, capr has no such option"));
        }
        let suited = known.into_iter().map(|(key, value)| {
            let value = self.suited_option(&key, value);
            (key, value)
        });
        suited.collect()
    }

    /// Reads `on roles(:app), in: :sequence do` as options; returns true with them if there is only one server.
    pub(super) fn servers_said(&mut self, given: &Arguments<'_>) -> Read<(Vec<(String, Expr)>, bool)> {
        let mut options = Vec::new();
        let mut is_one = false;
        match given.values.as_slice() {
            [node] => {
                let (found, one) = self.addressed(node)?;
                options.extend(found);
                is_one = one;
            }
            nodes if !nodes.is_empty() => {
                let hosts = self.expressions(nodes)?;
                options.push(("hosts".to_owned(), Expr::List(hosts)));
            }
            _ => return self.refuse(Kind::Construct, "`on` without servers"),
        }
        for (key, value) in &given.pairs {
            match (literal(key).as_deref(), literal(value).as_deref()) {
                (Some("in"), Some("parallel")) => {}
                (Some("in"), Some("sequence")) => options.push(("max_hosts".to_owned(), Expr::number(1))),
                (Some("in"), Some("groups")) => {
                    if given.option("limit").is_none() {
                        options.push(("max_hosts".to_owned(), Expr::number(2)));
                    }
                }
                (Some("limit" | "wait"), _) if self.turns(given)?.is_none() => {}
                (Some("wait"), _) => {}
                (Some("limit"), _) => options.push(("max_hosts".to_owned(), self.expression(value)?)),
                (Some(other), _) => self.remarks.push(super::each_server::ignored_by_on(other)),
                (None, _) => return self.refuse(Kind::Construct, "an option whose name is computed"),
            }
        }
        Ok((options, is_one))
    }

    /// Returns `roles(:app)` as a list of servers.
    fn roles_named(&mut self, given: &Arguments<'_>) -> Read<Expr> {
        let mut named = Vec::new();
        for value in &given.values {
            match self.expression(value)? {
                Expr::List(items) => named.extend(items),
                value => named.push(value),
            }
        }
        Ok(Expr::call("roles", named))
    }

    /// Reads a call that lists the servers of roles.
    pub(super) fn roles_listed(&mut self, name: &str, given: &Arguments<'_>) -> Read<Expr> {
        if name == "roles" && given.values.is_empty() && given.pairs.is_empty() && self.facts.version < 3 {
            return self.refuse(
                Kind::Construct,
                "`roles` alone: in Capistrano 1 and 2 it is the map of all roles",
            );
        }
        let mut values = self.expressions(&given.values)?;
        if let [Expr::List(items)] = values.as_slice()
            && name == "roles"
        {
            values = items.clone();
        }
        if !given.pairs.is_empty() {
            return match self.with_properties(name, given)? {
                Some(chosen) => Ok(chosen),
                None => self.refuse(Kind::Construct, "roles with a filter as a value"),
            };
        }
        Ok(Expr::call(name, values))
    }

    /// Reads `roles(:app, primary: true)`: the servers whose properties have these values; `None` for anything else.
    pub(super) fn with_properties(&mut self, name: &str, given: &Arguments<'_>) -> Read<Option<Expr>> {
        let is_property = |(key, _): &(Node<'_>, Node<'_>)| {
            !matches!(literal(key).as_deref(), None | Some("exclude" | "filter" | "select"))
        };
        if given.pairs.is_empty() || !given.pairs.iter().all(is_property) || name == "primary" {
            return Ok(None);
        }
        let properties = Expr::Member(Box::new(Expr::name("server")), "properties".to_owned());
        let is_released = Expr::text("no_release").binary("in", properties.clone()).negated();
        let mut asked = (name == "release_roles").then_some(is_released);
        for (key, value) in &given.pairs {
            let key = Expr::Text(literal(key).unwrap_or_default());
            let value = self.expression(value)?;
            let has = Expr::Index(Box::new(properties.clone()), Box::new(key)).binary("==", value);
            asked = Some(match asked {
                Some(before) => before.binary("&&", has),
                None => has,
            });
        }
        let list = self.roles_named(given)?;
        Ok(asked.map(|asked| list.method("filter", of_server(asked))))
    }

    /// Reads `roles(:app)`, `primary(:db)`, `release_roles(:all)`, or a host.
    pub(super) fn addressed(&mut self, node: &Node<'_>) -> Read<(Vec<(String, Expr)>, bool)> {
        let roles = |value: Expr| ("roles".to_owned(), value);
        let Some(call) = node.as_call_node() else {
            let local = node.as_local_variable_read_node().map(|local| id(&local.name()));
            let server = local.and_then(|local| self.local(&local).cloned());
            if let Some(server) = server.filter(|server| server.kind == Type::Server) {
                let name = Expr::Member(Box::new(Expr::Name(server.written)), "name".to_owned());
                return Ok((vec![("hosts".to_owned(), name)], false));
            }
            return match self.expression(node)? {
                Expr::Symbol(name) if name == "all" => Ok((Vec::new(), false)),
                Expr::Symbol(name) if name == "local" => {
                    self.refuse(Kind::Construct, "`on :local`: run_locally(\"…\")")
                }
                hosts => Ok((vec![("hosts".to_owned(), hosts)], false)),
            };
        };
        let given = arguments(&call, false);
        let name = id(&call.name());
        if let (Some(receiver), "first", true) = (call.receiver(), name.as_str(), given.values.is_empty()) {
            let (mut options, _) = self.addressed(&receiver)?;
            options.push(("once".to_owned(), Expr::Bool(true)));
            return Ok((options, true));
        }
        if call.receiver().is_some() || !matches!(name.as_str(), "roles" | "release_roles" | "primary") {
            let hosts = self.expression(node)?;
            let options = match servers_of(&hosts) {
                Some(Servers::List) => if_any(names_of(hosts)),
                Some(Servers::One) => vec![("hosts".to_owned(), Expr::Member(Box::new(hosts), "name".to_owned()))],
                None => vec![("hosts".to_owned(), hosts)],
            };
            return Ok((options, false));
        }
        if let Some(chosen) = self.with_properties(&name, &given)? {
            return Ok((if_any(names_of(chosen)), false));
        }
        let mut named = Vec::new();
        for value in &given.values {
            match self.expression(value)? {
                Expr::List(items) => named.extend(items),
                value => named.push(value),
            }
        }
        let servers = &self.facts.servers;
        let role = named.first().cloned();
        let name_of_role = role.as_ref().and_then(Expr::literal);
        let has_mark = name_of_role.map(|role| servers.primaries.contains(role));
        let is_marked = servers.defined_in == servers.marked_in && has_mark == Some(true);
        let is_unmarked = servers.marked_in.is_empty() || has_mark == Some(false) && !servers.has_roles;
        let is_all = named.iter().any(|name| name.literal() == Some("all"));
        let mut options = match (is_all, named.len()) {
            (true, _) => Vec::new(),
            (false, 1) => named.pop().map(roles).into_iter().collect(),
            (false, _) => vec![roles(Expr::List(named))],
        };
        for (key, value) in &given.pairs {
            match (literal(key).as_deref(), literal(value)) {
                (Some("exclude"), Some(attribute)) if is_flag(&attribute) => options.push(flag("except", &attribute)),
                (Some("filter" | "select"), Some(attribute))
                    // The primary server of a role is its first one where none is marked, but this asks for the mark.
                    if is_flag(&attribute) && (is_all || attribute != "primary") =>
                {
                    options.push(flag("only", &attribute));
                }
                (Some(key @ ("exclude" | "filter" | "select")), Some(attribute)) => {
                    if name != "roles" || given.pairs.len() > 1 {
                        return self.refuse(Kind::PerServer, "several filters of servers");
                    }
                    let list = self.roles_named(&given)?;
                    return Ok((if_any(with_attribute(list, &attribute, key != "exclude")), false));
                }
                (Some(key @ ("exclude" | "filter" | "select")), None) if name == "roles" && given.pairs.len() == 1 => {
                    let Some(behind) = function_of(value) else {
                        return self.refuse(Kind::PerServer, "a filter of servers that is computed");
                    };
                    let closure = self.closure_over(behind, Type::Server)?;
                    let Some(asking) = self.asking(closure, key == "exclude") else {
                        return self.refuse(Kind::PerServer, "a filter of servers with several statements");
                    };
                    let chosen = self.roles_named(&given)?.method("filter", vec![asking]);
                    return Ok((if_any(names_of(chosen)), false));
                }
                _ => return self.refuse(Kind::PerServer, "a filter of servers that is a function"),
            }
        }
        match name.as_str() {
            "primary" => {
                if let Some(role) = role.filter(|_| !is_marked && !is_unmarked) {
                    // In some stages, or in some roles, no server has the mark; then it is the first.
                    let first = Expr::call("primary", vec![role]);
                    let name = Expr::Member(Box::new(first), "name".to_owned());
                    return Ok((vec![("hosts".to_owned(), name)], true));
                }
                options.extend(is_marked.then(|| flag("only", "primary")));
                options.push(("once".to_owned(), Expr::Bool(true)));
                Ok((options, true))
            }
            "release_roles" => {
                options.push(flag("except", "no_release"));
                Ok((options, false))
            }
            _ => Ok((options, false)),
        }
    }
}

/// A value that is made of servers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Servers {
    List,
    One,
}

/// Tells how a value is made of servers: `roles(:app).select { … }`, `roles(:app).last`; `None` for anything else.
fn servers_of(value: &Expr) -> Option<Servers> {
    let is_list = |value: &Expr| servers_of(value) == Some(Servers::List);
    match value {
        Expr::Call(call) if call.name == "primary" => Some(Servers::One),
        value if super::lists::is_list_of_servers(value) => Some(Servers::List),
        Expr::Call(call) => {
            let is_kept = matches!(
                call.name.as_str(),
                "ruby_both" | "ruby_last" | "ruby_minus" | "ruby_part" | "ruby_reversed" | "ruby_sorted_by"
            );
            (is_kept && call.arguments.first().is_some_and(is_list)).then_some(Servers::List)
        }
        Expr::Method(owner, name, _) if is_list(owner) => match name.as_str() {
            "filter" | "extract" | "reduce" => Some(Servers::List),
            "find" | "pop" | "shift" | "get" => Some(Servers::One),
            _ => None,
        },
        Expr::Index(owner, _) if is_list(owner) => Some(Servers::One),
        Expr::Binary("+", left, _) if is_list(left) => Some(Servers::List),
        _ => None,
    }
}

/// Returns the options for these hosts, of which there may be none.
fn if_any(hosts: Expr) -> Vec<(String, Expr)> {
    let skips = ("on_no_matching_servers".to_owned(), Expr::symbol("continue"));
    vec![("hosts".to_owned(), hosts), skips]
}

/// Returns true for an attribute that servers have or do not have; others have values.
fn is_flag(attribute: &str) -> bool {
    matches!(attribute, "primary" | "no_release" | "active" | "inactive")
}

/// Returns the names of those servers of a list that have an attribute, whatever its value.
fn with_attribute(list: Expr, attribute: &str, has: bool) -> Expr {
    let server = Expr::name("server");
    let attributes = Expr::Member(Box::new(server.clone()), "properties".to_owned());
    let is_there = Expr::text(attribute).binary("in", attributes);
    let is_there = if has { is_there } else { is_there.negated() };
    names_of(list.method("filter", of_server(is_there)))
}

/// Returns the names of the servers of a list.
fn names_of(servers: Expr) -> Expr {
    let name = Expr::Member(Box::new(Expr::name("server")), "name".to_owned());
    servers.method("map", of_server(name))
}

/// Returns a function of a server.
fn of_server(body: Expr) -> Vec<Expr> {
    vec![Expr::function_of("server", body)]
}

/// Returns `:except => #{ no_release: true }` and similar options.
fn flag(option: &str, attribute: &str) -> (String, Expr) {
    (
        option.to_owned(),
        Expr::Map(vec![(attribute.to_owned(), Expr::Bool(true))]),
    )
}

/// Takes the filters of a task from `find_servers(:roles => …)` in it: in Capistrano 1 and 2 it has its own alone.
pub(super) fn without_filters(block: &mut Block, of_task: &[(String, Expr)]) {
    let filters: Vec<&str> = ["only", "except"]
        .into_iter()
        .filter(|filter| of_task.iter().any(|(name, _)| name == filter))
        .collect();
    walk::each_value(block, &mut |value| {
        if let Expr::Call(call) = value
            && call.name == "find_servers"
            && !call.options.is_empty()
        {
            for filter in &filters {
                if call.options.iter().all(|(name, _)| name != filter) {
                    call.options.push(((*filter).to_owned(), Expr::Map(Vec::new())));
                }
            }
        }
    });
}
