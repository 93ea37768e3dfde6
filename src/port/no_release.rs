//! `no_release` of hosts that are in several roles of Capistrano 2.

use std::collections::BTreeSet;

use super::form::{Call, Expr, Line, Statement};
use super::tidy::FileDraft;

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

/// The beginning of what a host is known by that is written out.
const WRITTEN: &str = "Text(\"";

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
