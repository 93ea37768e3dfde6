//! The values of variables in the form that these take here.

use super::super::form::{Block, Call, Expr, Line, Part, string};
use super::super::note::{Kind, Read};
use super::Reader;
use super::classes::environment_name;
use crate::recipe::is_secret_name;
use crate::sort;

/// Variables of the library that are only `true` or `false`, where recipes of Ruby write 1.
const YES_NO: &[&str] = &[
    "use_sudo",
    "group_writable",
    "normalize_asset_timestamps",
    "git_enable_submodules",
    "git_shallow_clone_all",
    "scm_auth_cache",
];

/// Options of sessions and of commands that are only `true` or `false`, likewise.
const YES_NO_OPTIONS: &[&str] = &[
    "forward_agent",
    "keys_only",
    "use_agent",
    "non_interactive",
    "check_host_ip",
    "pty",
];

/// Options that are numbers, where recipes of Ruby write strings.
const NUMBERS: &[&str] = &[
    "timeout",
    "number_of_password_prompts",
    "keepalive_interval",
    "keepalive_maxcount",
];

impl Reader<'_> {
    /// Returns the value of an option of `ssh_options` or `default_run_options` in the form that it takes here.
    pub(super) fn suited_option(&mut self, key: &str, value: Expr) -> Expr {
        match value {
            value if YES_NO_OPTIONS.contains(&key) => self.for_condition(key, value),
            Expr::Text(number) if NUMBERS.contains(&key) && number.parse::<u32>().is_ok() => Expr::Number(number),
            value => value,
        }
    }

    /// Returns what a recipe has to set beside a variable.
    pub(super) fn set_beside(&self, here: &str, value: &Expr) -> Option<Line> {
        let is_of_git = self.facts.scm.as_deref().is_none_or(|scm| scm == "git");
        let copies_all = here == "deploy_via" && value.literal() == Some("remote_cache") && is_of_git;
        // A release of Capistrano 2 is a copy of what it has in its cache.
        let beside = || Line::verb(Call::new("set", vec![Expr::symbol("git_in_release"), Expr::Bool(true)]));
        (copies_all && self.facts.version == 2).then(beside)
    }

    /// Returns a value as Ruby takes it for a condition, if it is one that is true or false here.
    fn for_condition(&mut self, ruby: &str, value: Expr) -> Expr {
        match value {
            Expr::Text(_) | Expr::Symbol(_) | Expr::Number(_) => {
                self.remarks.push(format!(
                    "`{ruby}` is a string, a number or a symbol, which is true in Ruby, also \"false\" and 0"
                ));
                Expr::Bool(true)
            }
            Expr::Unit => Expr::Bool(false),
            value @ Expr::Index(..) => value.binary("!=", Expr::Unit),
            value => value,
        }
    }

    /// Returns a value in the form that the variable takes here.
    pub(super) fn suited(&mut self, here: &str, ruby: &str, value: Expr) -> Read<Expr> {
        Ok(match (here, value) {
            ("deploy_to", Expr::Text(path)) => {
                let is_root = path.trim_end_matches('/').is_empty();
                let path = if is_root {
                    path.as_str()
                } else {
                    path.trim_end_matches('/')
                };
                at_home(vec![Part::Text(path.to_owned())])
            }
            ("deploy_to", Expr::Template(mut parts)) => {
                if let Some(Part::Text(end)) = parts.last_mut() {
                    end.truncate(end.trim_end_matches('/').len());
                }
                at_home(parts)
            }
            // The entry may be missing in other stages.
            ("deploy_to", value @ Expr::Index(..)) => Expr::Block(Block::giving(value)),
            // Without the variable of the environment it is no number, which matters to a deploy alone.
            ("keep_releases" | "max_hosts", value @ (Expr::Call(_) | Expr::Index(..) | Expr::Binary(..))) => {
                Expr::Block(Block::giving(value))
            }
            ("normalize_asset_timestamps", Expr::Text(_)) => Expr::Bool(true),
            ("use_sudo" | "group_writable", value) if self.facts.version > 2 => {
                if value != Expr::Bool(false) {
                    self.remarks
                        .push(format!("`{ruby}` does nothing in Capistrano 3: it is false here"));
                }
                Expr::Bool(false)
            }
            ("linked_dirs" | "linked_files", value) if self.facts.version > 2 && has_lists(&value) => {
                let reason = format!("`{ruby}` holds a list in a list");
                let mut failing = self.always_fails(&reason, "no implicit conversion of Array into String");
                failing.failure.iter_mut().for_each(|failure| failure.waits = true);
                return Err(failing);
            }
            ("shared_children" | "linked_dirs" | "linked_files", Expr::Bool(false) | Expr::Unit) => {
                Expr::List(Vec::new())
            }
            ("shared_children", value) if self.facts.version < 3 && has_same_ends(&value) => {
                let reason = "two of `shared_children` would be the same directory of `shared`: linked_dirs keeps whole paths apart";
                return self.refuse(Kind::Construct, reason);
            }
            ("deploy_via", value @ (Expr::Text(_) | Expr::Symbol(_))) => self.way(value)?,
            ("keep_releases", Expr::Text(number)) if number.parse::<u32>().is_ok() => Expr::Number(number),
            ("keep_releases", Expr::Number(number)) if number.chars().all(|c| c == '0') => {
                self.remarks.push(
                    "`keep_releases` is 0, of which Capistrano 3 makes the current release: here it is 1".to_owned(),
                );
                Expr::number(1)
            }
            ("repository", Expr::Text(path)) if path.is_empty() => {
                self.remarks
                    .push("the repository is empty: what needs it fails".to_owned());
                let ends = Call::new("abort", vec![Expr::text("the recipe sets the repository to nothing")]);
                Expr::Block(Block::of(vec![Line::verb(ends)]))
            }
            ("repository_cache", Expr::Text(name)) if !name.starts_with('/') => {
                let parts = vec![Part::Value(Expr::name("shared_path")), Part::Text(format!("/{name}"))];
                Expr::Block(Block::giving(Expr::Template(parts)))
            }
            ("ssh_options", Expr::Map(pairs)) => Expr::Map(self.ssh_options(pairs)),
            // Nothing brings the code but tasks of the recipe.
            ("scm", Expr::Unit | Expr::Bool(false)) if self.facts.version == 3 => Expr::symbol("tasks"),
            ("scm", value) => match value.literal() {
                Some("") if self.facts.version == 3 => Expr::symbol("tasks"),
                Some("git" | "subversion" | "none" | "mercurial" | "rsync" | "tasks" | "gitcopy" | "git_copy")
                | None => value,
                Some("copy") if self.facts.version == 3 => value,
                Some("svn") => Expr::symbol("subversion"),
                Some("hg") => Expr::symbol("mercurial"),
                Some(other) => return self.refuse(Kind::Library, format!("the source control `{other}`")),
            },
            (name, value) if YES_NO.contains(&name) => match value {
                Expr::Number(number) if number == "1" => Expr::Bool(true),
                value => self.for_condition(ruby, value),
            },
            (name, Expr::Text(_)) if is_secret_name(name) => {
                self.remarks.push(format!(
                    "`{name}` stood in the recipe: it comes from the environment, as {}, or the person is asked for it",
                    name.to_uppercase()
                ));
                let place = environment_name(&name.to_uppercase());
                let asked = Expr::call("password_prompt", vec![Expr::Text(format!("{name}: "))]);
                return Ok(Expr::Block(Block::giving(place.binary("??", asked))));
            }
            (_, value) => value,
        })
    }
}

/// Returns the value of a variable that Capistrano 3 itself has where no recipe sets it, and that capr has not.
pub(super) fn value_in_three(variable: &str) -> Option<Expr> {
    Some(match variable {
        "tmp_dir" => Expr::text("/tmp"),
        "log_level" => Expr::symbol("debug"),
        "format" => Expr::symbol("airbrussh"),
        "pty" => Expr::Bool(false),
        "local_user" => environment_name("USER").binary("??", environment_name("LOGNAME")),
        _ => return None,
    })
}

/// Returns the path of the list of deploys of Capistrano 3.
pub(super) fn revision_log() -> Expr {
    Expr::call("join_path", vec![Expr::name("deploy_to"), Expr::text("revisions.log")])
}

/// Returns true for a list that is written out and has lists among its items.
fn has_lists(value: &Expr) -> bool {
    match value {
        Expr::List(items) => items.iter().any(|item| matches!(item, Expr::List(_))),
        Expr::Binary(_, left, right) => has_lists(left) || has_lists(right),
        _ => false,
    }
}

/// Returns true for paths that are written out, two of which have the same last part.
fn has_same_ends(value: &Expr) -> bool {
    match value {
        Expr::List(items) => {
            let paths = sort::set(items.iter().filter_map(Expr::literal));
            let ends = sort::set(paths.iter().map(|path| path.rsplit('/').next()));
            ends.len() < paths.len()
        }
        Expr::Binary(_, left, right) => has_same_ends(left) || has_same_ends(right),
        _ => false,
    }
}

/// Returns a path, below the home directory of the user who logs in, which a server tells, if it is relative or begins with `~/`. One with
/// other characters is a place that somebody still has to fill in.
fn at_home(mut path: Vec<Part>) -> Expr {
    let Some(Part::Text(begin)) = path.first_mut() else {
        return string(path);
    };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_./-".contains(c);
    let is_relative = begin.starts_with(|c: char| c != '/' && is_plain(c)) && begin.chars().all(is_plain);
    if !is_relative && !begin.starts_with("~/") {
        return string(path);
    }
    *begin = format!("/{}", begin.trim_start_matches("~/").trim_start_matches("./"));
    let home = Expr::call("capture", vec![Expr::text("printf %s \"$HOME\"")]);
    path.insert(0, Part::Value(home));
    Expr::Block(Block::giving(Expr::Template(path)))
}
