//! The facts about servers that the files of a project state together.

use std::collections::BTreeSet;

use ruby_prism::CallNode;

use super::ruby::{Arguments, id, literal, source};

/// The servers of a project, as far as the files write them out.
#[derive(Debug, Default)]
pub(super) struct ServerFacts {
    /// True if a server does not say who logs in.
    pub(super) lacks_user: bool,
    /// True if a server has a user of its own that runs Puma.
    pub(super) has_puma_user: bool,
    /// The numbers of the files that define servers.
    pub(super) defined_in: BTreeSet<usize>,
    /// The numbers of those that mark a server as `primary`.
    pub(super) marked_in: BTreeSet<usize>,
    /// True if the files give servers to roles, which may be marked elsewhere.
    pub(super) has_roles: bool,
    /// The roles that have a server with the mark.
    pub(super) primaries: BTreeSet<String>,
    /// True if the servers of an `on` have turns unless it says otherwise: `SSHKit.config.default_runner = :sequence`.
    pub(super) in_turns: bool,
}

impl ServerFacts {
    /// Notes a `role` or a `server` of a file.
    pub(super) fn note(&mut self, file: usize, node: &CallNode<'_>, given: &Arguments<'_>) {
        let is_role = id(&node.name()) == "role";
        self.has_roles |= is_role;
        self.defined_in.insert(file);
        if !given.values.is_empty() {
            let text = source(&node.as_node());
            self.lacks_user |= !text.contains("user") && !text.contains('@');
        }
        let has = |name| given.option(name).is_some();
        self.has_puma_user |= has("puma_user") || has("run_as");
        if has("primary") {
            self.marked_in.insert(file);
            if is_role {
                self.primaries.extend(given.values.first().and_then(literal));
            } else {
                self.primaries.extend(roles(given));
            }
        }
    }
}

/// Returns the roles of a `server` that are written out.
fn roles(given: &Arguments<'_>) -> Vec<String> {
    let mut roles: Vec<String> = given.values.iter().skip(1).filter_map(literal).collect();
    if let Some(named) = given.option("roles") {
        roles.extend(literal(named));
        let several = named.as_array_node();
        let items = several.iter().flat_map(|list| list.elements().iter());
        roles.extend(items.filter_map(|item| literal(&item)));
    }
    roles
}
