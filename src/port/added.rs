//! The tasks of Capistrano 3 that a recipe can add to: with Rake, a task that is defined again does both.

use std::collections::BTreeSet;

use ruby_prism::{CallNode, Node};

use super::facts::full_names;
use super::ruby::{arguments, behind, id, literal, source, statements};
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

/// Returns the task of capr for one of Capistrano's Git library; it is empty where a deploy has nothing of that kind.
pub(super) fn of_git(task: &str) -> Option<&'static str> {
    Some(match task.strip_prefix("git:")? {
        "check" => "deploy:check:repository",
        "clone" | "update" => "deploy:mirror",
        "create_release" => "deploy:update_code",
        "set_current_revision" | "wrapper" => "",
        _ => return None,
    })
}

/// Tasks of capr's libraries that no gem of Capistrano has: a recipe that defines one has its own.
const ONLY_HERE: &[&str] = &[
    "django:check",
    "django:manage",
    "laravel:down",
    "laravel:up",
    "npm:build",
    "pnpm:build",
    "python:install",
    "rails:logs",
    "systemd:disable",
    "systemd:enable",
    "systemd:reload",
    "systemd:restart",
    "systemd:start",
    "systemd:status",
    "systemd:stop",
    "yarn:build",
];

/// The libraries of Ruby that bring tasks for consoles, which `rails` has as well.
const OF_CONSOLES: [&str; 3] = [
    "capistrano-rails-console",
    "capistrano/rails/console",
    "capistrano/rails_console",
];

/// The steps of a deploy of capr that Capistrano 3 and its gems do not have.
const STEPS_BESIDE_3: &[&str] = &[
    "deploy:assets:clean",
    "deploy:assets:clobber",
    "deploy:assets:symlink",
    "deploy:check:release",
    "deploy:check:repository",
    "deploy:create_symlink",
    "deploy:finalize_update",
    "deploy:mirror",
    "deploy:restart_once",
    "deploy:rollback:cleanup",
    "deploy:rollback:find",
    "deploy:rollback:switch",
    "deploy:symlink",
    "deploy:update",
    "deploy:update_code",
    "laravel:create_directories",
    "laravel:queue_restart",
    "laravel:set_permissions",
    "rsync:push",
    "rsync:stage_done",
];

/// The steps of a deploy of capr that neither Capistrano 2 has nor a deploy of Capistrano 3 runs by itself.
const STEPS_BESIDE_2: &[&str] = &[
    "deploy:check:release",
    "deploy:check:repository",
    "deploy:cleanup_rollback",
    "deploy:failed",
    "deploy:mirror",
    "deploy:restart_again",
    "deploy:restart_in_turn",
    "deploy:restart_once",
    "deploy:revert_release",
    "deploy:rollback:find",
    "deploy:rollback:switch",
    "deploy:start_once",
];

/// Variables that capr has in every recipe, and that Capistrano 3 does not have unless a recipe sets them: there they are words, as
/// `current_path`, or nothing at all.
const NOTHING_IN_3: &[&str] = &[
    "admin_runner",
    "copy_exclude",
    "current_dir",
    "current_path",
    "current_release",
    "deploy_via",
    "group_writable",
    "latest_release",
    "latest_revision",
    "migrate_env",
    "migrate_target",
    "normalize_asset_timestamps",
    "previous_release",
    "rails_env",
    "rake",
    "real_revision",
    "release_name",
    "releases",
    "releases_path",
    "repo_path",
    "repository_cache",
    "revision",
    "run_method",
    "runner",
    "scm_verbose",
    "shared_children",
    "shared_dir",
    "shared_path",
    "spinner_user",
    "use_sudo",
    "version_dir",
];

/// Variables of Capistrano 2 that do something to a deploy of capr, and nothing to one of Capistrano 3.
const OF_TWO: &[&str] = &[
    "admin_runner",
    "copy_cache",
    "copy_exclude",
    "default_environment",
    "default_run_options",
    "default_shell",
    "gateway",
    "git_enable_submodules",
    "max_hosts",
    "migrate_target",
    "public_children",
    "rake",
    "repository_cache",
    "revision",
    "runner",
    "scm_password",
    "scm_username",
    "shared_children",
];

/// Returns true for one of these.
pub(super) fn is_of_two(variable: &str) -> bool {
    OF_TWO.contains(&variable)
}

/// Returns true for a variable that capr has in every recipe, and Capistrano 3 has not.
pub(super) fn is_nothing_in_three(variable: &str) -> bool {
    NOTHING_IN_3.binary_search(&variable).is_ok()
}

/// Returns true for the name of a task that a deploy of capr runs, and one of that Capistrano does not.
pub(super) fn is_step_here(version: u8, task: &str) -> bool {
    match (version, task) {
        (3, task) => STEPS_BESIDE_3.contains(&task),
        // Capistrano 2 has these as well.
        (_, "deploy:check" | "deploy:cleanup" | "deploy:rollback") => false,
        (_, task) => task.starts_with("deploy:") && (OF_CAPISTRANO.contains(&task) || STEPS_BESIDE_2.contains(&task)),
    }
}

/// Returns true for the tasks of Capistrano 3 itself, which take no arguments.
pub(super) fn takes_none_in_three(task: &str) -> bool {
    OF_CAPISTRANO.contains(&task)
}

/// Returns the tasks to which a recipe adds that defines them again: all of Capistrano 3 and of the gems that are read, without those
/// that it clears first.
pub(super) fn added_to(
    version: u8,
    vocabulary: &Vocabulary,
    cleared: &BTreeSet<String>,
    libraries: &BTreeSet<String>,
) -> BTreeSet<String> {
    let is_cleared = |name: &String| {
        let begins = cleared.iter().filter_map(|cleared| cleared.strip_suffix('*'));
        cleared.contains(name) || begins.into_iter().any(|begins| name.starts_with(begins))
    };
    let has_console = OF_CONSOLES.iter().any(|path| libraries.contains(*path));
    let is_of_console = |name: &str| matches!(name, "rails:c" | "rails:console" | "rails:db" | "rails:dbconsole");
    let is_of_gem = |name: &String| {
        let is_step = STEPS_BESIDE_3.contains(&name.as_str());
        !is_step && !ONLY_HERE.contains(&name.as_str()) && (has_console || !is_of_console(name))
    };
    let all = of_capistrano(vocabulary).filter(|_| version > 2);
    all.filter(|name| is_of_gem(name) && !is_cleared(name)).collect()
}

/// Returns the tasks of Capistrano 3 and of the libraries that are read.
pub(super) fn of_capistrano(vocabulary: &Vocabulary) -> impl Iterator<Item = String> {
    let own = OF_CAPISTRANO.iter().map(|name| (*name).to_owned());
    own.chain(vocabulary.of_required.iter().cloned())
}

/// Returns what the names of all tasks that a loop clears begin with: `Rake::Task.tasks.each { |t| t.clear if t.name.start_with?("x:") }`.
pub(super) fn cleared_in_loop(call: &CallNode<'_>) -> Option<String> {
    if id(&call.name()) != "each"
        || !matches!(
            source(&call.receiver()?).as_str(),
            "Rake::Task.tasks" | "Rake.application.tasks"
        )
    {
        return None;
    }
    let behind = behind(call)?;
    let item = behind.parameters.first()?;
    let nodes = statements(behind.body.as_ref());
    let [only] = nodes.as_slice() else { return None };
    let choice = only.as_if_node().filter(|choice| choice.subsequent().is_none())?;
    let then = statements(choice.statements().as_ref());
    let is_clear = matches!(then.as_slice(), [clear] if source(clear) == format!("{item}.clear"));
    let test = choice.predicate().as_call_node()?;
    let is_start = id(&test.name()) == "start_with?" && source(&test.receiver()?) == format!("{item}.name");
    let begins = arguments(&test, false).values.first().and_then(literal);
    begins.filter(|_| is_clear && is_start)
}

/// Notes the tasks that a `before` hook may mean: what it names runs after the prerequisites that the task has by then.
pub(super) fn note_hooked(
    task: Option<&Node<'_>>,
    (namespaces, loops): (&[String], &[(String, Vec<String>)]),
    led: &mut BTreeSet<String>,
) {
    let listed = task.and_then(Node::as_array_node).map(|list| list.elements());
    let nodes: Vec<Node<'_>> = listed.iter().flat_map(|list| list.iter()).collect();
    for task in nodes.iter().chain(task.filter(|_| nodes.is_empty())) {
        let Some(names) = super::repeated::names(task, loops) else {
            led.insert("*".to_owned());
            continue;
        };
        for name in names {
            led.extend(full_names(namespaces, name.trim_start_matches(':')));
        }
    }
}

/// Returns the offset of the statement behind `Rake::Task["x"].reenable`, if it calls that task: no other call of it is meant.
pub(super) fn called_next(name: &str, receiver: &Node<'_>, end: usize, text: &[u8]) -> Option<usize> {
    let index = receiver.as_call_node().filter(super::read::is_task_of_rake)?;
    let task = arguments(&index, false).values.first().and_then(literal)?;
    let rest = text.get(end..)?;
    let blanks = rest.iter().take_while(|byte| b"; \t\r\n".contains(byte)).count();
    let line = String::from_utf8_lossy(rest.get(blanks..)?);
    let line = line.split(['\n', ';']).next()?;
    let calls = line.starts_with("invoke") || line.starts_with("Rake::Task[") && line.contains(".invoke");
    (name == "reenable" && calls && line.contains(&task)).then_some(end + blanks)
}

/// Notes a task of Rake that a call clears, lets run again, or adds to; `*` stands for one whose name is computed.
pub(super) fn note(
    name: &str,
    receiver: &Node<'_>,
    loops: &[(String, Vec<String>)],
    (cleared, reenabled, led): (&mut BTreeSet<String>, &mut BTreeSet<String>, &mut BTreeSet<String>),
) {
    let inner = receiver.as_call_node().filter(|call| id(&call.name()) == "actions");
    let inner = inner.and_then(|call| call.receiver());
    let Some(index) = inner
        .as_ref()
        .unwrap_or(receiver)
        .as_call_node()
        .filter(super::read::is_task_of_rake)
    else {
        return;
    };
    let named = arguments(&index, false).values.into_iter().next();
    if matches!(name, "clear" | "clear_actions") {
        cleared.extend(
            named
                .and_then(|task| super::repeated::names(&task, loops))
                .unwrap_or_default(),
        );
        return;
    }
    let task = named.as_ref().and_then(literal);
    let any = || "*".to_owned();
    match name {
        "reenable" => drop(reenabled.insert(task.unwrap_or_else(any))),
        "enhance" => drop(led.insert(task.unwrap_or_else(any))),
        _ => {}
    }
}
