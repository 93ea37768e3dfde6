//! Servers that Capistrano 3 takes for one: those of one host and port, whatever user `role` and `server` name. In a recipe of capr
//! `h1` and `bob@h1` are two, so all get the user that one of them has.

use std::collections::BTreeMap;

use super::form::{Block, Call, Expr, Line, Statement};

/// Gives each host of a file the user that it has anywhere in it; the last one counts.
pub(super) fn merge(block: &mut Block) {
    let mut users = BTreeMap::new();
    each_call(&mut block.lines, &mut |call| {
        let user = option(call);
        for host in hosts(call) {
            let named = host
                .split_once('@')
                .map(|(user, host)| (host.to_owned(), user.to_owned()));
            users.extend(named.or_else(|| Some((host.clone(), user.clone()?))));
        }
    });
    if users.is_empty() {
        return;
    }
    each_call(&mut block.lines, &mut |call| {
        if option(call).is_none() {
            for host in hosts(call) {
                if let Some(user) = users.get(host.as_str()) {
                    *host = format!("{user}@{host}");
                }
            }
        }
    });
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

/// Returns the user that the options name, if that is written out.
fn option(call: &Call) -> Option<String> {
    let named = call.options.iter().find(|(name, _)| name == "user");
    named.map(|(_, value)| value.literal().unwrap_or_default().to_owned())
}

/// Returns the hosts that are written out.
fn hosts(call: &mut Call) -> Vec<&mut String> {
    let is_server = call.name == "server";
    let values: Vec<&mut Expr> = match is_server {
        true => call.arguments.iter_mut().take(1).collect(),
        false => call.arguments.iter_mut().skip(1).collect(),
    };
    let mut hosts = Vec::new();
    for value in values {
        match value {
            Expr::Text(host) => hosts.push(host),
            Expr::List(items) => hosts.extend(items.iter_mut().filter_map(|item| match item {
                Expr::Text(host) => Some(host),
                _ => None,
            })),
            _ => {}
        }
    }
    hosts
}
