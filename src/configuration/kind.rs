//! The values that variables of the deploy library can have. Paths among them are removed, replaced and written on servers, so a
//! value that leads elsewhere is refused where it is set, and again wherever it is read.

use super::{Value, suggestion};

/// The kind of value that a variable of the library holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VariableKind {
    /// `true` or `false` and nothing else.
    Truth,
    /// `true`, `false`, or a list of paths below another.
    TruthOrPaths,
    /// A whole number, 1 or more.
    Count,
    /// A whole number, 1 or more, or nothing.
    OptionalCount,
    /// 1, 2 or 3: a version of Capistrano.
    Dialect,
    /// The way in which an application is restarted.
    RestartVia,
    /// The condition that is awaited after a restart.
    Wait,
    /// `run` or `sudo`.
    Method,
    /// One part of a path.
    Name,
    /// One part of a path, or nothing.
    OptionalName,
    /// A path below another.
    InnerPath,
    /// A list of paths below another.
    InnerPaths,
    /// A list of paths below a release that lead to directories of `shared`, named by their last part.
    SharedPaths,
    /// A list of paths below a release that lead to the same paths below `shared`.
    LinkedPaths,
    /// An absolute path.
    AbsolutePath,
    /// An absolute path, or a path below another.
    Path,
    /// The revision that a source control is asked for: a branch, a tag, a number.
    Revision,
    /// The repository of the code.
    Repository,
}

/// The variables by name, sorted.
static KINDS: &[(&str, VariableKind)] = &[
    ("branch", VariableKind::Revision),
    ("copy_dereference_symlink", VariableKind::Truth),
    ("current_dir", VariableKind::InnerPath),
    ("current_path", VariableKind::AbsolutePath),
    ("deploy_to", VariableKind::AbsolutePath),
    ("dialect", VariableKind::Dialect),
    ("git_enable_submodules", VariableKind::Truth),
    ("git_max_concurrent_connections", VariableKind::Count),
    ("git_submodules_recursive", VariableKind::Truth),
    ("git_verify_commit", VariableKind::Truth),
    ("group_writable", VariableKind::Truth),
    ("keep_releases", VariableKind::Count),
    ("linked_dirs", VariableKind::LinkedPaths),
    ("linked_files", VariableKind::LinkedPaths),
    ("local_repository", VariableKind::Repository),
    ("maintenance_basename", VariableKind::Name),
    ("maintenance_path", VariableKind::AbsolutePath),
    ("max_hosts", VariableKind::OptionalCount),
    ("normalize_asset_timestamps", VariableKind::TruthOrPaths),
    ("public_children", VariableKind::InnerPaths),
    ("real_revision", VariableKind::Revision),
    ("release_name", VariableKind::Name),
    ("release_path", VariableKind::AbsolutePath),
    ("releases_path", VariableKind::AbsolutePath),
    ("repo_path", VariableKind::AbsolutePath),
    ("repo_tree", VariableKind::InnerPath),
    ("repo_url", VariableKind::Repository),
    ("repository", VariableKind::Repository),
    ("repository_cache", VariableKind::Path),
    ("restart_in_transaction", VariableKind::Truth),
    ("restart_method", VariableKind::Method),
    ("restart_via", VariableKind::RestartVia),
    ("revision", VariableKind::Revision),
    ("rollback_release", VariableKind::OptionalName),
    ("run_method", VariableKind::Method),
    ("scm_auth_cache", VariableKind::Truth),
    ("scm_cache_path", VariableKind::AbsolutePath),
    ("scm_timeout", VariableKind::Count),
    ("scm_verbose", VariableKind::Truth),
    ("shared_children", VariableKind::SharedPaths),
    ("shared_dir", VariableKind::InnerPath),
    ("shared_path", VariableKind::AbsolutePath),
    ("state_path", VariableKind::AbsolutePath),
    ("use_sudo", VariableKind::Truth),
    ("version_dir", VariableKind::InnerPath),
    ("wait_for", VariableKind::Wait),
];

/// The ways to restart that the variable `restart_via` can name.
const WAYS: [&str; 10] = [
    "systemd",
    "systemd_user",
    "puma",
    "unicorn",
    "passenger",
    "php_fpm",
    "command",
    "tasks",
    "reaper",
    "none",
];

/// The keys of a map in the variable `wait_for`.
const WAITS: [&str; 6] = ["url", "port", "command", "tries", "interval", "timeout"];

/// The reason why a variable cannot have a value, and a correct value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValueRefusal {
    /// The message, which names the variable and the value.
    pub message: String,
    /// The hint, which says what to write.
    pub hint: String,
}

impl VariableKind {
    /// Returns the kind of the variable with this name; `None` for most variables, which can hold anything.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let index = KINDS.binary_search_by_key(&name, |(name, _)| name).ok()?;
        KINDS.get(index).map(|(_, kind)| *kind)
    }

    /// Refuses a value that the variable cannot have.
    pub(crate) fn refusal(self, name: &str, value: &Value) -> Option<ValueRefusal> {
        let message = self.fault(name, value)?;
        let hint = self.hint(name, value);
        Some(ValueRefusal { message, hint })
    }

    fn fault(self, name: &str, value: &Value) -> Option<String> {
        let found = shown(value);
        let of_text = |what: &str, fault: fn(&str) -> Option<&'static str>| match value {
            Value::Text(text) => fault(text).map(|fault| format!("the variable `{name}' cannot be {found}: {fault}")),
            _ => Some(format!("the variable `{name}' is {what}, not {found}")),
        };
        match self {
            Self::Truth => (!matches!(value, Value::Bool(_)))
                .then(|| format!("the variable `{name}' is true or false, not {found}")),
            Self::TruthOrPaths => match value {
                Value::Bool(_) => None,
                Value::List(_) => Self::InnerPaths.fault(name, value),
                _ => Some(format!(
                    "the variable `{name}' is true, false or a list of paths, not {found}"
                )),
            },
            Self::Count => (!matches!(value, Value::Int(1..)))
                .then(|| format!("the variable `{name}' is a whole number, 1 or more, not {found}")),
            Self::OptionalCount => (!matches!(value, Value::Unit | Value::Int(1..)))
                .then(|| format!("the variable `{name}' is a whole number, 1 or more, or (), not {found}")),
            Self::Dialect => (!matches!(value, Value::Int(1..=3)))
                .then(|| format!("the variable `{name}' is 1, 2 or 3, as the versions of Capistrano, not {found}")),
            Self::RestartVia => (!matches!(value, Value::Text(text) if WAYS.contains(&text.as_str())))
                .then(|| format!("the variable `{name}' cannot be {found}: that is none of its values")),
            Self::Wait => wait_fault(name, value),
            Self::Method => (!matches!(value, Value::Text(text) if ["run", "sudo"].contains(&text.as_str())))
                .then(|| format!("the variable `{name}' is :run or :sudo, not {found}")),
            // On the command line a name of digits becomes a number.
            Self::Name | Self::OptionalName => match value {
                Value::Int(0..) => None,
                Value::Unit if self == Self::OptionalName => None,
                _ => of_text("a name", name_fault),
            },
            Self::InnerPath => of_text("a path below another", inner_fault),
            Self::AbsolutePath => of_text("an absolute path", absolute_fault),
            Self::Path => of_text("a path", path_fault),
            Self::Revision => match value {
                Value::Int(0..) | Value::Float(_) | Value::Unit => None,
                _ => of_text("a branch, a tag or a number", revision_fault),
            },
            Self::Repository => match value {
                Value::Unit => None,
                _ => of_text("the address of a repository", repository_fault),
            },
            Self::InnerPaths | Self::SharedPaths | Self::LinkedPaths => {
                let Value::List(list) = value else {
                    return Some(format!("the variable `{name}' is a list of paths, not {found}"));
                };
                let mut paths = Vec::new();
                for item in list {
                    let shown = shown(item);
                    let Value::Text(path) = item else {
                        return Some(format!("the variable `{name}' holds paths, not {shown}"));
                    };
                    if let Some(fault) = inner_fault(path) {
                        return Some(format!("the variable `{name}' cannot hold {shown}: {fault}"));
                    }
                    paths.push(path.as_str());
                }
                (self != Self::InnerPaths).then(|| self.clash(name, &paths)).flatten()
            }
        }
    }

    /// Returns a message if two of the paths would be linked to the same place of `shared`, or one through the other.
    fn clash(self, name: &str, paths: &[&str]) -> Option<String> {
        let last = |path: &str| path.rsplit('/').next().map(str::to_owned);
        let below = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        paths.iter().enumerate().find_map(|(index, path)| {
            paths.iter().skip(index + 1).find_map(|other| {
                if path == other {
                    // Each is linked once, however often recipes name it.
                    let is_linked_once = self == Self::LinkedPaths;
                    (!is_linked_once).then(|| format!("the variable `{name}' holds {path:?} twice"))
                } else if below(path, other) || below(other, path) {
                    Some(format!("the variable `{name}' cannot hold {path:?} and {other:?}: one is below the other"))
                } else if self == Self::SharedPaths && last(path) == last(other) {
                    Some(format!(
                        "the variable `{name}' cannot hold {path:?} and {other:?}: both would be `{}' of the shared directory; \
                         linked_dirs keeps whole paths apart",
                        last(path).unwrap_or_default()
                    ))
                } else {
                    None
                }
            })
        })
    }

    fn hint(self, name: &str, value: &Value) -> String {
        match self {
            Self::Truth => {
                let meant = match value {
                    Value::Unit | Value::Int(0) => "false",
                    Value::Text(text) if ["", "0", "no", "off", "false"].contains(&text.to_lowercase().as_str()) => {
                        "false"
                    }
                    _ => "true",
                };
                format!("write: set :{name}, {meant}")
            }
            Self::TruthOrPaths => format!("write: set :{name}, true; or: set :{name}, [\"public/images\"];"),
            Self::Count => format!("write: set :{name}, 5"),
            Self::OptionalCount => format!("write: set :{name}, 2"),
            Self::Dialect => format!("write: set :{name}, 2"),
            Self::RestartVia => {
                let meant = match value {
                    Value::Text(text) => suggestion(text, WAYS),
                    _ => None,
                };
                meant.unwrap_or_else(|| format!("it is one of {}", WAYS.join(", ")))
            }
            Self::Wait => format!(
                "write: set :{name}, #{{ url: \"http://localhost:3000/up\", tries: 30, interval: 1 }}; or port: 3000, or command: \"…\""
            ),
            Self::Method => format!("write: set :{name}, :sudo"),
            Self::Name | Self::OptionalName => "a name contains no `/', and is not `.' or `..'".to_owned(),
            Self::InnerPath => "a path below deploy_to, without `.', `..' and `/' at its ends".to_owned(),
            Self::InnerPaths => "paths below `public' of a release: [\"images\", \"assets/css\"]".to_owned(),
            Self::SharedPaths => "paths below a release, each with a last part of its own, none below another: \
                                  [\"log\", \"public/system\"]"
                .to_owned(),
            Self::LinkedPaths => "paths below a release, none below another: [\"log\", \"public/uploads\"]".to_owned(),
            Self::AbsolutePath => match value {
                Value::Text(path) if path.starts_with('~') => {
                    "`~' is not expanded here: write the directory out, /home/deploy/flipper".to_owned()
                }
                _ => "a path from the top, without `.', `..' and `/' at its end: /srv/flipper".to_owned(),
            },
            Self::Path => "a path without `.', `..' and `/' at its end: /srv/cache, or from `shared': cache".to_owned(),
            Self::Revision => {
                "the name of a branch or a tag, a number, or the first 40 digits that name a commit".to_owned()
            }
            Self::Repository => {
                "an address as https://example.com/flipper.git, git@example.com:flipper.git or /srv/flipper.git"
                    .to_owned()
            }
        }
    }
}

/// Returns a message about a map that does not say correctly what to wait for.
fn wait_fault(name: &str, value: &Value) -> Option<String> {
    let map = match value {
        Value::Unit => return None,
        Value::Map(map) => map,
        _ => {
            let found = shown(value);
            return Some(format!("the variable `{name}' is a map or (), not {found}"));
        }
    };
    for (key, value) in map {
        let is_right = match key.as_str() {
            "url" => matches!(value, Value::Text(url) if url.starts_with("http://") || url.starts_with("https://")),
            "port" => matches!(value, Value::Int(1..=65535)),
            "command" => matches!(value, Value::Text(command) if !command.trim().is_empty()),
            "tries" | "timeout" => matches!(value, Value::Int(1..)),
            "interval" => {
                matches!(value, Value::Int(0..))
                    || matches!(value, Value::Float(seconds) if seconds.is_finite() && *seconds >= 0.0)
            }
            _ => {
                let keys = WAITS.join(", ");
                return Some(format!("the variable `{name}' has no `{key}': it can have {keys}"));
            }
        };
        if !is_right {
            return Some(format!("the variable `{name}' cannot have {} as `{key}'", shown(value)));
        }
    }
    let targets = ["url", "port", "command"]
        .into_iter()
        .filter(|target| map.contains_key(*target));
    (targets.count() != 1).then(|| format!("the variable `{name}' says one of url, port and command"))
}

/// Returns the value as a recipe writes it, with control characters escaped.
fn shown(value: &Value) -> String {
    match value {
        Value::Unit => "()".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Text(text) => format!("{text:?}"),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a map".to_owned(),
    }
}

fn control_fault(text: &str) -> Option<&'static str> {
    text.contains(char::is_control)
        .then_some("it contains a line break or another control character")
}

/// Returns the fault in any part of a path, whatever the path begins with.
fn part_fault(path: &str) -> Option<&'static str> {
    let is_empty = path.split('/').any(str::is_empty);
    let empty = is_empty.then_some("it has an empty part, or a `/' at an end");
    control_fault(path).or(empty).or_else(|| filled_part_fault(path))
}

/// Returns the fault in any part of a path that may have a `/` too many.
fn filled_part_fault(path: &str) -> Option<&'static str> {
    control_fault(path).or_else(|| {
        path.split('/').find_map(|part| match part {
            "." | ".." => Some("a part of it is `.' or `..'"),
            part if part.starts_with('-') => Some("a part of it begins with `-'"),
            _ => None,
        })
    })
}

fn name_fault(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("it is empty"),
        name if name.contains('/') => Some("it has a `/' in it"),
        name => part_fault(name),
    }
}

fn inner_fault(path: &str) -> Option<&'static str> {
    match path {
        "" => Some("it is empty"),
        path if path.starts_with('/') => Some("it is an absolute path"),
        path if path.starts_with('~') => Some("it begins with `~'"),
        path => part_fault(path),
    }
}

fn path_fault(path: &str) -> Option<&'static str> {
    if path.starts_with('/') {
        absolute_fault(path)
    } else {
        inner_fault(path)
    }
}

fn absolute_fault(path: &str) -> Option<&'static str> {
    match path.strip_prefix('/') {
        None => Some("it is no absolute path"),
        Some(parts) if parts.bytes().all(|byte| byte == b'/') => Some("everything on the server is in it"),
        // A path that is put together may have a `/' too many, which means nothing.
        Some(parts) => filled_part_fault(parts),
    }
}

fn revision_fault(revision: &str) -> Option<&'static str> {
    let begins = revision
        .starts_with('-')
        .then_some("it begins with `-', as the options of a program do");
    begins.or_else(|| control_fault(revision))
}

fn repository_fault(address: &str) -> Option<&'static str> {
    let authority = match address.split_once("://") {
        Some((_, rest)) => rest.split('/').next().unwrap_or(rest),
        // An address such as git@host:path.
        None => match address.split_once(':') {
            Some((host, _)) if !host.contains('/') => host,
            _ => "",
        },
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match address {
        "" => Some("it is empty"),
        address if address.starts_with('-') || authority.starts_with('-') || host.starts_with('-') => {
            Some("it begins with `-', or its host does, as the options of a program do")
        }
        address => control_fault(address),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{KINDS, ValueRefusal, VariableKind};
    use crate::configuration::Value;

    fn refusal(name: &str, value: &Value) -> Option<ValueRefusal> {
        VariableKind::of(name)?.refusal(name, value)
    }

    fn list(paths: &[&str]) -> Value {
        Value::List(paths.iter().map(|path| Value::from(*path)).collect())
    }

    #[test]
    fn the_table_is_sorted_and_names_each_variable_once() {
        assert!(KINDS.is_sorted_by(|(a, _), (b, _)| a < b));
    }

    #[test]
    fn every_variable_with_a_path_has_a_kind_that_is_tried_here() {
        for (name, kind) in KINDS {
            let bad = match kind {
                VariableKind::Truth
                | VariableKind::Count
                | VariableKind::OptionalCount
                | VariableKind::Dialect
                | VariableKind::RestartVia
                | VariableKind::Wait
                | VariableKind::Method => Value::from("yes"),
                VariableKind::InnerPaths
                | VariableKind::SharedPaths
                | VariableKind::LinkedPaths
                | VariableKind::TruthOrPaths => list(&["../x"]),
                VariableKind::Revision | VariableKind::Repository => Value::from("--upload-pack=touch /tmp/x"),
                VariableKind::Name
                | VariableKind::OptionalName
                | VariableKind::InnerPath
                | VariableKind::AbsolutePath
                | VariableKind::Path => Value::from("../x"),
            };
            let refused = refusal(name, &bad).unwrap();
            assert!(refused.message.contains(&format!("`{name}'")), "{refused:?}");
        }
    }

    #[test]
    fn a_shared_path_that_leads_out_of_the_release_is_refused() {
        for path in [
            "/srv/uploads",
            "../x",
            "x/../..",
            ".",
            "./x",
            "..",
            "",
            "a//b",
            "log/",
            "-rf",
            "a/-b",
            "~/x",
            "a\nb",
            "a\u{1b}b",
        ] {
            let refused = refusal("shared_children", &list(&["log", path])).unwrap();
            assert!(refused.message.contains(&format!("{path:?}")), "{refused:?}");
        }
        for path in ["log", "public/system", "a b/it's $x", ".env.d", "..x", "x..", "ü"] {
            assert_eq!(refusal("shared_children", &list(&[path])), None, "{path}");
        }
        assert!(refusal("shared_children", &Value::from("log")).is_some());
        assert!(refusal("shared_children", &Value::List(vec![Value::Int(1)])).is_some());
    }

    #[test]
    fn shared_paths_that_would_mix_are_refused() {
        for (paths, why) in [
            (["storage", "storage/app"], "one is below the other"),
            (["a/b/c", "a/b"], "one is below the other"),
            (["public/uploads", "private/uploads"], "both would be `uploads'"),
            (["log", "log"], "twice"),
        ] {
            let refused = refusal("shared_children", &list(&paths)).unwrap();
            assert!(refused.message.contains(why), "{refused:?}");
        }
        assert_eq!(refusal("shared_children", &list(&["storage", "storage2"])), None);
        assert_eq!(refusal("public_children", &list(&["a/x", "b/x"])), None);
        assert_eq!(refusal("linked_dirs", &list(&["a/x", "b/x"])), None);
        assert_eq!(refusal("linked_dirs", &list(&["a/x", "a/x"])), None);
        assert!(refusal("linked_files", &list(&["a/x", "a/x/y"])).is_some());
    }

    #[test]
    fn an_absolute_path_has_no_parts_that_lead_elsewhere() {
        for path in ["", "x", "~/x", "/", "//", "/a/./b", "/a/..", "/a\nb", "/-a", "/a/-b"] {
            assert!(refusal("deploy_to", &Value::from(path)).is_some(), "{path}");
        }
        for path in [
            "/a",
            "/a/",
            "/a//b",
            "/u/apps/it's $HOME;x",
            "/srv/$CAPISTRANO:HOST$",
            "/a/.b",
        ] {
            assert_eq!(refusal("deploy_to", &Value::from(path)), None, "{path}");
        }
        assert!(refusal("deploy_to", &Value::Unit).is_some());
    }

    #[test]
    fn what_a_program_would_take_for_an_option_is_no_revision_and_no_repository() {
        for address in [
            "-x",
            "--upload-pack=x",
            "ssh://-oProxyCommand=x/y",
            "ssh://git@-oProxyCommand=x/y",
            "git@-oProxyCommand=x:y",
            "",
            "a\nb",
        ] {
            assert!(refusal("repository", &Value::from(address)).is_some(), "{address}");
        }
        for address in [
            "https://me:-x@example.com/y",
            "git@example.com:a/-b.git",
            "/srv/a:-b",
            "file:///srv/x",
            ".",
        ] {
            assert_eq!(refusal("repository", &Value::from(address)), None, "{address}");
        }
        for revision in [
            Value::from("-x"),
            Value::from("a\nb"),
            Value::Bool(true),
            Value::Int(-1),
        ] {
            assert!(refusal("branch", &revision).is_some(), "{revision:?}");
        }
        for revision in [
            Value::from("main"),
            Value::from(""),
            Value::Int(7),
            Value::from("{2006-02-17 15:30}"),
        ] {
            assert_eq!(refusal("revision", &revision), None, "{revision:?}");
        }
    }

    #[test]
    fn yes_and_no_are_true_and_false_alone() {
        assert_eq!(refusal("use_sudo", &Value::Bool(false)), None);
        for (value, shown, meant) in [
            (Value::Int(1), "1", "true"),
            (Value::Int(0), "0", "false"),
            (Value::from("yes"), "\"yes\"", "true"),
            (Value::from("No"), "\"No\"", "false"),
            (Value::Unit, "()", "false"),
            (list(&[]), "a list", "true"),
        ] {
            let refused = refusal("git_enable_submodules", &value).unwrap();
            assert_eq!(
                refused.message,
                format!("the variable `git_enable_submodules' is true or false, not {shown}")
            );
            assert_eq!(refused.hint, format!("write: set :git_enable_submodules, {meant}"));
        }
    }

    #[test]
    fn numbers_and_names_are_taken_as_the_command_line_gives_them() {
        assert_eq!(refusal("release_name", &Value::Int(20_260_101_000_001)), None);
        assert!(refusal("release_name", &Value::from("a/b")).is_some());
        assert_eq!(refusal("keep_releases", &Value::Int(1)), None);
        for value in [Value::Int(0), Value::Int(-1), Value::from("5"), Value::Float(1.5)] {
            assert!(refusal("keep_releases", &value).is_some(), "{value:?}");
        }
        assert_eq!(refusal("run_method", &Value::from("sudo")), None);
        assert!(refusal("run_method", &Value::from("try_sudo")).is_some());
        assert_eq!(refusal("anything", &Value::from("../x")), None);
    }
}
