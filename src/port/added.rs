//! The tasks of Capistrano 3 that a recipe can add to: with Rake, a task that is defined again does both.

use std::collections::BTreeSet;

use ruby_prism::Node;

use super::ruby::{arguments, literal};
use crate::recipe::Vocabulary;

/// The tasks that Capistrano 3 itself defines, with something in them, and those of its Git library.
const OF_CAPISTRANO: &[&str] = &[
    "deploy",
    "deploy:check",
    "deploy:check:directories",
    "deploy:check:linked_dirs",
    "deploy:check:linked_files",
    "deploy:check:make_linked_dirs",
    "deploy:cleanup",
    "deploy:finished",
    "deploy:finishing",
    "deploy:finishing_rollback",
    "deploy:log_revision",
    "deploy:new_release_path",
    "deploy:published",
    "deploy:publishing",
    "deploy:reverted",
    "deploy:reverting",
    "deploy:rollback",
    "deploy:set_current_revision",
    "deploy:started",
    "deploy:starting",
    "deploy:symlink:linked_dirs",
    "deploy:symlink:linked_files",
    "deploy:symlink:release",
    "deploy:symlink:shared",
    "deploy:updated",
    "deploy:updating",
    "git:check",
    "git:clone",
    "git:create_release",
    "git:set_current_revision",
    "git:update",
    "git:wrapper",
];

/// The steps of a deploy of capr that Capistrano 3 does not have.
const STEPS_BESIDE_3: &[&str] = &[
    "deploy:check:release",
    "deploy:create_symlink",
    "deploy:finalize_update",
    "deploy:restart_once",
    "deploy:rollback:cleanup",
    "deploy:rollback:find",
    "deploy:rollback:switch",
    "deploy:symlink",
    "deploy:update",
    "deploy:update_code",
];

/// Returns true for the name of a task that a deploy of capr runs, and one of that Capistrano does not.
pub(super) fn is_step_here(version: u8, task: &str) -> bool {
    match (version, task) {
        (3, task) => STEPS_BESIDE_3.contains(&task),
        // Capistrano 2 has these as well.
        (_, "deploy:check" | "deploy:cleanup" | "deploy:rollback") => false,
        (_, "deploy:check:release" | "deploy:restart_once") => true,
        (_, task) => task.starts_with("deploy:") && OF_CAPISTRANO.contains(&task),
    }
}

/// Returns the tasks to which a recipe adds that defines them again: all of Capistrano 3 and of the libraries that are read, without those
/// that it clears first.
pub(super) fn added_to(version: u8, vocabulary: &Vocabulary, cleared: &BTreeSet<String>) -> BTreeSet<String> {
    let own = OF_CAPISTRANO.iter().map(|name| (*name).to_owned());
    let all = own
        .chain(vocabulary.of_required.iter().cloned())
        .filter(|_| version > 2);
    all.filter(|name| !cleared.contains(name)).collect()
}

/// Notes a task of Rake that a call clears, or lets run again; `*` stands for one whose name is computed.
pub(super) fn note(name: &str, receiver: &Node<'_>, cleared: &mut BTreeSet<String>, reenabled: &mut BTreeSet<String>) {
    let Some(index) = receiver.as_call_node().filter(super::read::is_task_of_rake) else {
        return;
    };
    let task = arguments(&index, false).values.first().and_then(literal);
    match name {
        "clear" | "clear_actions" => cleared.extend(task),
        "reenable" => drop(reenabled.insert(task.unwrap_or_else(|| "*".to_owned()))),
        _ => {}
    }
}
