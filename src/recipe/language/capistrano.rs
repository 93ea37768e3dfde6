//! The variables of Capistrano 1.4.2, 2.15.11 and 3.20, and what to write instead of those that have another form here.

/// A variable of Capistrano.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The name of the variable.
    pub name: &'static str,
    /// The versions that have it.
    pub versions: &'static str,
    /// The hint on its replacement, if capr has no variable of this name.
    pub instead: Option<&'static str>,
}

const fn same(name: &'static str, versions: &'static str) -> Known {
    Known {
        name,
        versions,
        instead: None,
    }
}

const fn other(name: &'static str, versions: &'static str, instead: &'static str) -> Known {
    Known {
        name,
        versions,
        instead: Some(instead),
    }
}

const ASSETS: &str = "a library reads it: require \"rails/assets\";";
const STREAMED: &str = "leave it out: a copy is streamed to the servers, and no archive lies there";
const SHOWN: &str = "what is shown is chosen on the command line: capr --help";
const OTHER_SCM: &str =
    "scm is :git, :subversion, :mercurial or :none; another one is a recipe of a few lines: docs/libraries.md";
const SSH_FOR_GIT: &str = "write: set :default_environment, #{ GIT_SSH_COMMAND: \"ssh -oBatchMode=yes …\" };";
const FIXED: &str = "leave it out: revisions.log has lines of its own form";

/// All variables, sorted by name.
pub static VARIABLES: &[Known] = &[
    same("admin_runner", "2"),
    same("application", "1 2 3"),
    other("asset_env", "2", ASSETS),
    other(
        "asset_manifest_prefix",
        "2",
        "with the library rails/assets, write: set :assets_manifests, [\"manifest*.*\"];",
    ),
    other("assets_prefix", "2", ASSETS),
    other("assets_role", "2", ASSETS),
    same("branch", "1 2 3"),
    same("build_script", "2"),
    other("checkout", "1", "write: set :deploy_via, :export;"),
    same("copy_cache", "2"),
    same("copy_compression", "2"),
    same("copy_dereference_symlink", "2"),
    same("copy_dir", "2"),
    same("copy_exclude", "2"),
    same("copy_local_tar", "2"),
    other("copy_remote_dir", "2", STREAMED),
    same("copy_remote_tar", "2"),
    same("copy_strategy", "2"),
    other("copy_via", "2", STREAMED),
    same("current_dir", "1 2"),
    same("current_directory", "3"),
    same("current_path", "1 2 3"),
    same("current_release", "1 2"),
    same("current_revision", "2 3"),
    same("current_revision_time", "3"),
    other("cvs", "1", OTHER_SCM),
    other("cvs_rsh", "1", OTHER_SCM),
    same("default_env", "3"),
    same("default_environment", "2"),
    same("default_run_options", "2"),
    same("default_shell", "2"),
    same("default_stage", "2"),
    same("dependencies", "2"),
    other(
        "deploy_config_path",
        "3",
        "the recipe is named on the command line: capr config/deploy.rhai production deploy",
    ),
    same("deploy_timestamped", "2"),
    same("deploy_to", "1 2 3"),
    same("deploy_via", "2"),
    same("deploying", "3"),
    other(
        "expire_assets_after",
        "2",
        "with the library rails/assets, write: set :keep_assets, 3;",
    ),
    same("filter", "3"),
    other("format", "3", SHOWN),
    other("format_options", "3", SHOWN),
    same("gateway", "1 2"),
    same("gem_command", "2"),
    same("git", "1 2"),
    same("git_enable_submodules", "2"),
    other("git_environmental_variables", "3", SSH_FOR_GIT),
    other("git_http_password", "3", "write: set :scm_password, …;"),
    other("git_http_username", "3", "write: set :scm_username, …;"),
    same("git_max_concurrent_connections", "3"),
    same("git_shallow_clone", "2 3"),
    same("git_submodules_recursive", "2"),
    same("git_verify_commit", "3"),
    other(
        "git_wait_interval",
        "3",
        "leave it out: git_max_concurrent_connections limits how many servers read the repository at once",
    ),
    other("git_wrapper_path", "3", SSH_FOR_GIT),
    same("group_writable", "2"),
    same("keep_releases", "1 2 3"),
    same("latest_release", "2"),
    same("latest_revision", "2"),
    same("linked_dirs", "3"),
    same("linked_files", "3"),
    other("local", "1", OTHER_SCM),
    same("local_repository", "2"),
    same("local_scm_command", "2"),
    same("local_user", "3"),
    other("locale", "3", "leave it out: messages are in English"),
    other("log_level", "3", SHOWN),
    other("logger", "2", "write: info \"…\"; warn \"…\"; debug \"…\";"),
    same("maintenance_basename", "2"),
    same("maintenance_template_path", "2"),
    same("mercurial", "1"),
    same("migrate_env", "1 2"),
    same("migrate_target", "1 2"),
    same("normalize_asset_timestamps", "2"),
    other(
        "original_value",
        "1",
        "a lazy variable is made lazy again by: reset :name;",
    ),
    other("p4", "1", OTHER_SCM),
    other("p4client", "1 2", OTHER_SCM),
    other("p4passwd", "1 2", OTHER_SCM),
    other("p4port", "1 2", OTHER_SCM),
    other("p4sync_flags", "1 2", OTHER_SCM),
    other("p4user", "1 2", OTHER_SCM),
    same("password", "1 2"),
    same("port", "2"),
    other("pretend", "1", "write: dry_run, which is true under capr -n"),
    same("previous_release", "1 2"),
    same("previous_revision", "2 3"),
    same("previous_revision_time", "3"),
    other(
        "print_config_variables",
        "3",
        "leave it out: capr vars shows the variables",
    ),
    same("pty", "3"),
    same("public_children", "2"),
    same("rails_env", "1 2"),
    same("rake", "1 2"),
    same("real_revision", "2"),
    same("release_name", "2"),
    same("release_path", "1 2 3"),
    same("release_timestamp", "3"),
    same("releases", "1 2"),
    same("releases_directory", "3"),
    same("releases_path", "1 2 3"),
    same("remote", "2"),
    same("repo_path", "3"),
    same("repo_tree", "3"),
    same("repo_url", "3"),
    same("repository", "1 2"),
    same("repository_cache", "2"),
    same("revision", "1 2"),
    other("revision_log_message", "3", FIXED),
    other("rollback_log_message", "3", FIXED),
    other("rollback_timestamp", "3", "write: set :rollback_release, …;"),
    same("run_method", "1 2"),
    other(
        "runner",
        "2",
        "write who it is where it matters: try_sudo \"…\", :as => \"app\";",
    ),
    same("scm", "1 2 3"),
    same("scm_arguments", "2"),
    same("scm_auth_cache", "2"),
    same("scm_command", "2"),
    other("scm_module", "2", OTHER_SCM),
    other(
        "scm_passphrase",
        "2",
        "lend the servers your agent: ssh_options[\"forward_agent\"] = true;",
    ),
    same("scm_password", "2"),
    other(
        "scm_prefer_prompt",
        "2",
        "write: set :scm_password { password_prompt(\"Repository password: \") }",
    ),
    other("scm_user", "2", "write: set :scm_username, …;"),
    same("scm_username", "2"),
    same("scm_verbose", "2"),
    other("shared_assets_prefix", "2", ASSETS),
    same("shared_children", "2"),
    same("shared_dir", "1 2"),
    same("shared_directory", "3"),
    same("shared_path", "1 2 3"),
    other(
        "source",
        "2",
        "a source control is some variables with commands: docs/libraries.md",
    ),
    same("spinner_user", "1"),
    same("ssh_options", "1 2 3"),
    other("sshkit_backend", "3", "leave it out: capr -n shows what would be run"),
    same("stage", "2 3"),
    other(
        "stage_config_path",
        "3",
        "stages are files of the directory deploy beside the recipe: config/deploy/production.rhai",
    ),
    other(
        "stage_dir",
        "2",
        "stages are files of the directory deploy beside the recipe: config/deploy/production.rhai",
    ),
    same("stages", "2"),
    other(
        "strategy",
        "2",
        "write: set :deploy_via, :checkout; or :export, :remote_cache, :copy",
    ),
    same("sudo", "1 2"),
    same("sudo_prompt", "2"),
    same("svn", "1"),
    same("svn_password", "1 3"),
    other(
        "svn_passphrase",
        "1",
        "lend the servers your agent: ssh_options[\"forward_agent\"] = true;",
    ),
    same("svn_revision", "3"),
    same("svn_username", "1 3"),
    other(
        "tmp_dir",
        "3",
        "leave it out: nothing is put into directories for temporary files of the servers",
    ),
    same("use_sudo", "1 2"),
    same("user", "1 2"),
    same("version_dir", "1 2"),
];

/// Returns the hint on the replacement of a variable of Capistrano; `None` if capr has the variable as well.
pub(in crate::recipe) fn instead(name: &str) -> Option<&'static str> {
    VARIABLES.iter().find(|known| known.name == name)?.instead
}

/// Returns the versions of Capistrano that have a variable.
pub(in crate::recipe) fn versions(name: &str) -> Option<&'static str> {
    Some(VARIABLES.iter().find(|known| known.name == name)?.versions)
}

#[cfg(test)]
mod tests {
    use super::VARIABLES;

    #[test]
    fn the_table_names_each_variable_once() {
        for (one, next) in VARIABLES.iter().zip(VARIABLES.iter().skip(1)) {
            assert!(
                one.name < next.name || one.name.starts_with("svn_pass"),
                "{}",
                next.name
            );
        }
    }
}
