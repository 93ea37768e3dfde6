//! Servers that Capistrano 3 takes for one: those of one host and port, whatever user `role` and `server` name. In a recipe of capr
//! `h1` and `bob@h1` are two, so all get the user that one of them has.

use std::collections::BTreeMap;

use super::form::{Block, Call, Expr, Line, Part, Statement, string};

/// Gives each host of a file the user that it has anywhere in it; the last one counts. Hosts that are computed are the same where the code is.
pub(super) fn merge(block: &mut Block) {
    let mut users = BTreeMap::new();
    each_call(&mut block.lines, &mut |call| {
        let user = option(call);
        let is_server = call.name == "server";
        // What a role names may be a list.
        for host in hosts(call)
            .into_iter()
            .filter(|host| is_server || !matches!(host, Expr::Name(_)))
        {
            let named = host.literal().and_then(|host| host.split_once('@'));
            let named = named.map(|(user, host)| (key(&Expr::text(host)), Expr::text(user)));
            users.extend(named.or_else(|| Some((key(host), user.clone()?))));
        }
    });
    if users.is_empty() {
        return;
    }
    each_call(&mut block.lines, &mut |call| {
        if option(call).is_none() {
            for host in hosts(call) {
                if let Some(user) = users.get(&key(host)) {
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

fn each_call(lines: &mut [Line], see: &mut dyn FnMut(&mut Call)) {
    for line in lines {
        match &mut line.statement {
            Statement::Verb(call) if matches!(call.name.as_str(), "role" | "server") => see(call),
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
