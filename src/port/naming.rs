//! The names that variables and constants of Ruby have here, and the full names of tasks and namespaces.

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
