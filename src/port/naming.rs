//! The names that variables and constants of Ruby have here, and the full names of tasks and namespaces.

/// The names under which a recipe's own variables are kept whose names mean something to capr, and nothing to Capistrano and its gems: sorted.
const OWN: &[&str] = &[
    "begins_by_own",
    "bundle_exec_own",
    "bundler_prefix_own",
    "by_turns_own",
    "cleanup_after_deploy_own",
    "command_prefixes_own",
    "composer_command_own",
    "composer_executable_own",
    "dialect_own",
    "flow_own",
    "lock_names_own",
    "logs_lines_own",
    "logs_roles_own",
    "notify_command_own",
    "npm_bin_own",
    "person_own",
    "pid_file_own",
    "pids_path_own",
    "pip_flags_own",
    "pnpm_bin_own",
    "puma_via_own",
    "python_own",
    "rake_command_own",
    "reaper_command_own",
    "recovering_own",
    "restart_method_own",
    "restart_on_deploy_own",
    "restart_roles_own",
    "restart_signal_own",
    "restart_tasks_own",
    "restart_units_own",
    "restart_via_own",
    "revision_command_own",
    "run_id_own",
    "sidekiq_via_own",
    "sockets_path_own",
    "start_command_own",
    "state_path_own",
    "unpack_command_own",
    "wait_for_own",
];

/// Returns the name that a variable has here.
pub(super) fn renamed(name: &str) -> &str {
    let own = |own: &&&str| own.strip_suffix("_own") == Some(name);
    match name {
        "repo_url" => "repository",
        "default_env" => "default_environment",
        "deploy_path" => "deploy_to",
        name => OWN.iter().find(own).copied().unwrap_or(name),
    }
}

/// Returns the name of the variable that a constant, `@x` or `$x` becomes.
pub(super) fn kept(ruby: &str) -> String {
    ruby.trim_start_matches(['@', '$']).to_lowercase()
}

/// Returns `namespace:namespace:name`.
pub(super) fn full_name(namespaces: &[String], name: &str) -> String {
    let around = namespaces.iter().map(String::as_str);
    around.chain([name]).collect::<Vec<_>>().join(":")
}

/// Returns the full names that a name may mean in a namespace, the nearest first.
pub(super) fn full_names(namespaces: &[String], name: &str) -> impl Iterator<Item = String> {
    let depths = (0..=namespaces.len()).rev();
    depths.map(move |depth| full_name(namespaces.get(..depth).unwrap_or_default(), name))
}

#[cfg(test)]
mod tests {
    use super::{OWN, renamed};

    #[test]
    fn own_variables_with_names_of_capr_get_another_one() {
        assert!(OWN.is_sorted_by(|a, b| a < b));
        assert_eq!(renamed("person"), "person_own");
        assert_eq!(renamed("branch"), "branch");
        let gems = include_str!("../recipe/tests/gems.txt");
        for own in OWN {
            let name = own.trim_end_matches("_own");
            let is_of_gem = gems.split_whitespace().any(|word| word == name);
            assert!(!is_of_gem, "{name} is the variable of a gem");
        }
    }
}
