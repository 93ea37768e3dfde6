//! The names that variables and constants of Ruby have here.

/// Returns the name that a variable of Capistrano 3 has here.
pub(super) fn renamed(name: &str) -> &str {
    match name {
        "repo_url" => "repository",
        "default_env" => "default_environment",
        "deploy_path" => "deploy_to",
        name => name,
    }
}

/// Returns the name of the variable that a constant, `@x` or `$x` becomes.
pub(super) fn kept(ruby: &str) -> String {
    ruby.trim_start_matches(['@', '$']).to_lowercase()
}
