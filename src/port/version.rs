//! The words that tell for which version of Capistrano recipes are.

use ruby_prism::{CallNode, Node};

use super::ruby::{arguments, literal};

/// The tasks that only the flow of Capistrano 3 has.
const EVENTS: &[&str] = &[
    "starting",
    "started",
    "updating",
    "updated",
    "publishing",
    "published",
    "finishing",
    "finished",
    "reverting",
    "reverted",
    "symlink:release",
    "log_revision",
];

/// The tasks of Capistrano 1 whose names a recipe of 2 has no reason to use outside of a namespace, and those that it may use.
const OF_ONE: [&[&str]; 2] = [
    &[
        "cold_deploy",
        "deploy_with_migrations",
        "disable_web",
        "enable_web",
        "helper_demo",
        "long_deploy",
        "rollback_code",
        "set_permissions",
        "spinner",
        "update_code",
    ],
    &[
        "cleanup", "deploy", "migrate", "restart", "rollback", "setup", "symlink", "update",
    ],
];

/// Returns true for a call that Capistrano 1 does not know.
pub(super) fn is_newer_than_one(name: &str, node: &CallNode<'_>) -> bool {
    let is_deploy = || arguments(node, true).values.first().and_then(literal).as_deref() == Some("deploy");
    match name {
        "namespace" | "server" | "before" | "after" => node.arguments().is_some(),
        "load" => is_deploy(),
        _ => false,
    }
}

/// Adds points for the versions in which such a call is usual.
pub(super) fn weigh(points: &mut [usize; 3], name: &str, node: &CallNode<'_>, is_top: bool) {
    let given = arguments(node, true);
    let text = given.values.first().and_then(literal).unwrap_or_default();
    let [one, two, three] = points;
    match name {
        "lock" | "execute" | "within" | "append" | "install_plugin" | "upload!" | "download!" => *three += 3,
        "on" if given.values.first().and_then(Node::as_call_node).is_some() => *three += 3,
        "roles" | "release_roles" | "fetch" | "invoke" => *three += 1,
        "set"
            if matches!(
                text.as_str(),
                "repo_url" | "linked_dirs" | "linked_files" | "log_level" | "default_env"
            ) =>
        {
            *three += 3;
        }
        "require"
            if matches!(
                text.as_str(),
                "capistrano/setup" | "capistrano/deploy" | "capistrano/rails"
            ) =>
        {
            *three += 100;
        }
        "load" | "require"
            if matches!(
                text.as_str(),
                "deploy" | "deploy/assets" | "bundler/capistrano" | "capistrano/ext/multistage"
            ) =>
        {
            *two += 100
        }
        "run" | "sudo" | "stream" => {
            *two += 1;
            *one += 1;
        }
        "exists?" | "_cset" => *two += 2,
        "namespace" => {
            *two += 2;
            *three += 1;
        }
        "set" if matches!(text.as_str(), "deploy_via" | "repository" | "scm_verbose") => *two += 2,
        "before" | "after" if EVENTS.iter().any(|event| text.ends_with(event)) => *three += 3,
        "before" | "after" => {
            *two += 2;
            *three += 1;
        }
        "find_servers" | "find_and_execute_task" | "try_sudo" => *two += 2,
        "require" if text.ends_with("/recipes") => *one += 1,
        "task" if text.starts_with("after_") || text.starts_with("before_") => *one += 4,
        // This is `task one: :other`, and `server "a", roles: …`.
        "task" if given.values.is_empty() && !given.pairs.is_empty() => *three += 3,
        "server" if given.option("roles").is_some() => *three += 3,
        "task" if is_top => {
            let known = OF_ONE.map(|names| usize::from(names.contains(&text.as_str())));
            *one += 3 * known[0] + known[1];
        }
        // A task that another one runs.
        _ if is_top && OF_ONE[0].contains(&name) => *one += 2,
        _ => {}
    }
}
