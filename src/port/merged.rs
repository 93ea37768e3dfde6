//! Servers that Capistrano 3 takes for one: those of one host and port, whatever user `role` and `server` name. In a recipe of capr
//! `h1` and `bob@h1` are two, so all get the user that one of them has.

use std::collections::{BTreeMap, BTreeSet};

use super::form::{Block, Call, Expr, Line, Part, Statement, string};
use super::tidy::FileDraft;

/// Gives each host the user that it has anywhere in the files that are loaded together; the last one counts. Hosts that are computed are the
/// same where the code is, in one file. Returns remarks about those that stay two servers.
pub(super) fn merge(drafts: &mut [FileDraft<'_>]) -> Vec<String> {
    let is_stage = |draft: &FileDraft<'_>| draft.source.stage().is_some();
    drafts.iter_mut().for_each(|draft| agree(&mut draft.block.lines));
    let own: Vec<Users> = drafts.iter_mut().map(|draft| users(&mut draft.block)).collect();
    let all = || own.iter().zip(drafts.iter());
    let mut common = Users::new();
    for (users, _) in all().filter(|(_, draft)| !is_stage(draft)) {
        let written = users
            .iter()
            .filter(|(host, user)| host.starts_with(WRITTEN) && user.as_ref().is_none_or(is_written));
        common.extend(written.map(|(host, user)| (host.clone(), user.clone())));
    }
    let of_stages: Vec<&Users> = all()
        .filter(|(_, draft)| is_stage(draft))
        .map(|(users, _)| users)
        .collect();
    let (mut everywhere, mut remarks) = (common.clone(), Vec::new());
    for (host, user) in of_stages.iter().copied().flatten() {
        let Some(before) = common.get(host) else { continue };
        if before.is_none()
            && user.as_ref().is_some_and(is_written)
            && of_stages.iter().all(|users| users.get(host) == Some(user))
        {
            everywhere.insert(host.clone(), user.clone());
        } else if user.is_some() && before != user {
            let host = host.trim_start_matches(WRITTEN).trim_end_matches("\")");
            remarks.push(format!(
                "`{host}` gets another user in the file of a stage: Capistrano takes both for one server, capr for two"
            ));
        }
    }
    for (draft, own) in drafts.iter_mut().zip(own) {
        let mut users = everywhere.clone();
        let is_common = |host: &str, user: &Expr| host.starts_with(WRITTEN) && is_written(user) && !is_stage(draft);
        let counts = |host: &str, user: &Option<Expr>| user.as_ref().is_some_and(|user| !is_common(host, user));
        users.extend(own.into_iter().filter(|(host, user)| counts(host, user)));
        give(&mut draft.block, &users);
    }
    remarks
}

/// Leaves out `:no_release` where the same host is in another role without it: to Capistrano 2 it belongs to the role beside it alone, and the
/// host gets the release because of the other; here it belongs to the host. Returns remarks.
pub(super) fn without_no_release(drafts: &mut [FileDraft<'_>]) -> Vec<String> {
    let mut remarks = Vec::new();
    for draft in drafts {
        spare(&mut draft.block.lines, &mut remarks);
    }
    remarks
}

fn spare(lines: &mut [Line], remarks: &mut Vec<String>) {
    let mut released = BTreeSet::new();
    for line in &mut *lines {
        match &mut line.statement {
            Statement::Verb(call) if names_servers(call) => {
                if !has_no_release(call) {
                    released.extend(hosts(call).into_iter().map(|host| key(host)));
                }
            }
            statement => statement
                .blocks()
                .into_iter()
                .for_each(|block| spare(&mut block.lines, remarks)),
        }
    }
    for call in calls(lines).filter(|call| has_no_release(call)) {
        let names: Vec<String> = hosts(call).into_iter().map(|host| key(host)).collect();
        if !names.is_empty() && names.iter().all(|name| released.contains(name)) {
            call.options.retain(|(name, _)| name != "no_release");
            let host = names.join(", ").replace(WRITTEN, "").replace("\")", "");
            remarks.push(format!(
                "`no_release` of `{host}` is left out: in Capistrano 2 it holds for that role alone, and the other role of this server gets the release"
            ));
        }
    }
}

fn has_no_release(call: &Call) -> bool {
    call.options
        .iter()
        .any(|(name, value)| name == "no_release" && matches!(value, Expr::Bool(true)))
}

/// The users of hosts.
type Users = BTreeMap<String, Option<Expr>>;

/// The beginning of what a host is known by that is written out.
const WRITTEN: &str = "Text(\"";

/// Returns true for a user that every file knows.
fn is_written(user: &Expr) -> bool {
    user.literal().is_some()
}

/// Returns the hosts of a file with the users that they have in it.
fn users(block: &mut Block) -> Users {
    let mut users = Users::new();
    each_call(&mut block.lines, &mut |call| {
        let user = option(call);
        let is_server = call.name == "server";
        // What a role names may be a list.
        for host in hosts(call)
            .into_iter()
            .filter(|host| is_server || !matches!(host, Expr::Name(_)))
        {
            let named = host.literal().and_then(|host| host.split_once('@'));
            let (host, named) = match named {
                Some((user, host)) => (key(&Expr::text(host)), Some(Expr::text(user))),
                None => (key(host), user.clone()),
            };
            let known = users.entry(host).or_default();
            *known = named.or(known.take());
        }
    });
    users
}

/// Gives a host that lines beside each other name with two written users the later one. Lines of two branches are left as they are.
fn agree(lines: &mut [Line]) {
    let mut last = BTreeMap::new();
    for line in lines.iter_mut() {
        match &mut line.statement {
            Statement::Verb(call) if names_servers(call) => {
                let (user, port) = (option(call), port(call));
                for host in hosts(call) {
                    if let Some((user, host)) = whole(host, user.as_ref()) {
                        last.insert((host, port.clone()), user);
                    }
                }
            }
            statement => statement.blocks().into_iter().for_each(|block| agree(&mut block.lines)),
        }
    }
    for call in calls(lines) {
        let (named, port) = (option(call), port(call));
        let mut users = BTreeSet::new();
        for host in hosts(call) {
            let Some((user, bare)) = whole(host, named.as_ref()) else {
                continue;
            };
            let user = last.get(&(bare.clone(), port.clone())).cloned().unwrap_or(user);
            if named.is_none() {
                *host = Expr::Text(format!("{user}@{bare}"));
            }
            users.insert(user);
        }
        // An option holds for all hosts of its line.
        if let (Some(user), 1) = (users.pop_first(), hosts(call).len()) {
            let options = call.options.iter_mut().filter(|(name, _)| name == "user");
            options.for_each(|(_, value)| *value = Expr::Text(user.clone()));
        }
    }
}

/// Returns the port that the options name: hosts of two ports are two servers.
fn port(call: &Call) -> Option<String> {
    let named = call.options.iter().find(|(name, _)| name == "port");
    named.map(|(_, value)| key(value))
}

/// Returns the user and the host, where both are written out.
fn whole(host: &Expr, user: Option<&Expr>) -> Option<(String, String)> {
    let host = host.literal()?;
    let (user, host) = match (host.split_once('@'), user) {
        (Some(_), Some(_)) => return None,
        (Some((user, host)), None) => (user, host),
        (None, user) => (user?.literal()?, host),
    };
    Some((user.to_owned(), host.to_owned()))
}

/// Writes these users before the hosts that have none.
fn give(block: &mut Block, users: &Users) {
    each_call(&mut block.lines, &mut |call| {
        if option(call).is_none() {
            for host in hosts(call) {
                if let Some(Some(user)) = users.get(&key(host)) {
                    let mut parts = user.clone().parts();
                    parts.push(Part::Text("@".to_owned()));
                    parts.extend(host.clone().parts());
                    *host = string(parts);
                }
            }
        }
    });
}

/// Returns what two hosts have in common that are the same.
fn key(host: &Expr) -> String {
    format!("{host:?}")
}

fn names_servers(call: &Call) -> bool {
    matches!(call.name.as_str(), "role" | "server")
}

/// Returns the calls of `role` and `server` among these lines, without those in blocks.
fn calls(lines: &mut [Line]) -> impl Iterator<Item = &mut Call> {
    lines.iter_mut().filter_map(|line| match &mut line.statement {
        Statement::Verb(call) if names_servers(call) => Some(call),
        _ => None,
    })
}

fn each_call(lines: &mut [Line], see: &mut dyn FnMut(&mut Call)) {
    for line in lines {
        match &mut line.statement {
            Statement::Verb(call) if names_servers(call) => see(call),
            statement => statement
                .blocks()
                .into_iter()
                .for_each(|block| each_call(&mut block.lines, see)),
        }
    }
}

/// Returns the user that the options name.
fn option(call: &Call) -> Option<Expr> {
    let named = call.options.iter().find(|(name, _)| name == "user");
    named.map(|(_, value)| value.clone())
}

/// Returns the hosts.
fn hosts(call: &mut Call) -> Vec<&mut Expr> {
    let is_server = call.name == "server";
    let values: Vec<&mut Expr> = match is_server {
        true => call.arguments.iter_mut().take(1).collect(),
        false => call.arguments.iter_mut().skip(1).collect(),
    };
    let mut hosts = Vec::new();
    for value in values {
        match value {
            Expr::List(items) => hosts.extend(items.iter_mut().filter(|item| is_host(item))),
            host if is_host(host) => hosts.push(host),
            _ => {}
        }
    }
    hosts
}

/// Returns true for a host that is written out, put together in a string, or in a variable.
fn is_host(value: &Expr) -> bool {
    matches!(value, Expr::Text(_) | Expr::Template(_) | Expr::Name(_))
}
