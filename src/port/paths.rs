//! Paths that a Ruby file makes of its own place: `File.expand_path("../tasks/x.rake", __FILE__)`.

use std::collections::BTreeMap;

use ruby_prism::{CallNode, Node};

use super::ruby::{arguments, bare, constant, id, literal};

/// The deepest nesting of calls that make a path.
const DEEPEST: usize = 20;

/// The mark of the root at the beginning of a path, as no name begins so.
const ROOT: &str = "\u{1}";

/// The library of stages of Capistrano 2.
pub(super) const OF_STAGES: &str = "capistrano/ext/multistage";

/// Returns true for the path of a copy of the library of stages.
pub(super) fn is_copy_of_stages(path: &str) -> bool {
    let folder = path.trim_end_matches(".rb").strip_suffix(OF_STAGES);
    folder.is_some_and(|folder| folder.ends_with('/'))
}

/// A path in a file of Ruby.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RubyPath {
    /// A path below the directory of the gem or of the project.
    Below(String),
    /// A path as it is written.
    Named(String),
}

/// The values that make the paths of a file.
#[derive(Debug, Default)]
pub(super) struct RubyPaths<'a> {
    /// The path of the file below the directory of its gem or of its project.
    own: &'a str,
    /// True in a project, which is the working directory too. A `*` stands for what only a run knows.
    of_project: bool,
    /// The locals and constants that hold a path.
    pub(super) values: BTreeMap<String, String>,
    /// The locals and constants that hold several.
    pub(super) lists: BTreeMap<String, Vec<String>>,
}

/// Returns the path that `require`, `load` or another word loads from a file of a gem, if it is made without anything that is known only
/// when it runs. A path that begins with `/` is below the directory of the gem, and any other one is as it is written.
pub(super) fn loaded(word: &str, node: &Node<'_>, own: &str) -> Option<String> {
    RubyPaths::of_gem(own)
        .path(node)
        .and_then(|path| of_gem(word, &path, own))
}

/// Returns the pattern in `Dir.glob("…")` and `Dir["…"]`, sorted or not.
pub(super) fn pattern(node: &Node<'_>, own: &str) -> Option<String> {
    match RubyPaths::of_gem(own).patterns(node)?.as_slice() {
        [only] if node.as_array_node().is_none() => of_gem("", only, own),
        _ => None,
    }
}

/// Returns a path that a word loads in a file of a gem: one that begins with `/` is below the directory of the gem.
pub(super) fn of_gem(word: &str, path: &str, own: &str) -> Option<String> {
    Some(match RubyPaths::place(path)? {
        RubyPath::Below(path) => format!("/{path}"),
        RubyPath::Named(path) if word == "require_relative" => format!("/{}/{path}", folder(own)),
        RubyPath::Named(path) => path,
    })
}

/// Returns the patterns that `{rake,cap}` stands for, which patterns of the crate do not have.
pub(super) fn alternatives(pattern: &str) -> Vec<String> {
    let parts = pattern
        .split_once('{')
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    match parts {
        Some((before, (inner, after))) if !after.contains('{') => inner
            .split(',')
            .map(|one| format!("{before}{}{after}", one.trim()))
            .collect(),
        _ => vec![pattern.to_owned()],
    }
}

/// Returns a path without `.` and `..`; `None` if it leaves the root.
pub(super) fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

impl<'a> RubyPaths<'a> {
    /// Makes the one of a file of a gem.
    pub(super) fn of_gem(own: &'a str) -> Self {
        Self { own, ..Self::default() }
    }

    /// Makes the one of a file of a project.
    pub(super) fn of_project(own: &'a str) -> Self {
        Self {
            own,
            of_project: true,
            ..Self::default()
        }
    }

    /// Returns the folder of the file.
    pub(super) fn folder(&self) -> &'a str {
        folder(self.own)
    }

    /// Returns the place that a path of this file names; `None` if it leaves the project.
    pub(super) fn place(path: &str) -> Option<RubyPath> {
        match path.strip_prefix(ROOT) {
            Some(below) => normal(below).map(RubyPath::Below),
            None if path.starts_with('/') => None,
            None => Some(RubyPath::Named(path.to_owned())),
        }
    }

    /// Returns the path that an expression makes.
    pub(super) fn path(&self, node: &Node<'_>) -> Option<String> {
        self.value(node, 0)
    }

    /// Returns the patterns in `Dir.glob("…")` and `Dir["…"]`, and the paths in a list that is written out.
    pub(super) fn patterns(&self, node: &Node<'_>) -> Option<Vec<String>> {
        self.list(node, 0)
    }

    fn list(&self, node: &Node<'_>, depth: usize) -> Option<Vec<String>> {
        if depth > DEEPEST {
            return None;
        }
        if let Some(list) = node.as_array_node() {
            let items = list.elements();
            let items: Vec<Option<Vec<String>>> = items
                .iter()
                .map(|item| match item.as_splat_node().and_then(|splat| splat.expression()) {
                    Some(inner) => self.list(&inner, depth + 1),
                    None => self.value(&item, depth + 1).map(|path| vec![path]),
                })
                .collect();
            let items: Option<Vec<Vec<String>>> = items.into_iter().collect();
            return items.map(|items| items.into_iter().flatten().collect());
        }
        if let Some(name) = named(node) {
            return self.lists.get(&name).cloned();
        }
        let call = node.as_call_node()?;
        let name = id(&call.name());
        let receiver = call.receiver()?;
        let class = constant(&receiver);
        let given = arguments(&call, false).values;
        if matches!(class.as_deref(), Some("Dir" | "FileList" | "Rake::FileList"))
            && matches!(name.as_str(), "glob" | "[]" | "new")
        {
            let lists = given.iter().map(|node| match node.as_array_node() {
                Some(_) => self.list(node, depth + 1),
                None => self.value(node, depth + 1).map(|path| vec![path]),
            });
            let lists: Option<Vec<Vec<String>>> = lists.collect();
            return lists.map(|lists| lists.into_iter().flatten().collect());
        }
        match (name.as_str(), given.as_slice()) {
            ("sort" | "uniq" | "reverse" | "to_a" | "compact" | "freeze" | "sort_by" | "select" | "reject", _) => {
                self.list(&receiver, depth + 1)
            }
            ("+" | "|", [more]) => {
                let (mut all, more) = (self.list(&receiver, depth + 1)?, self.list(more, depth + 1)?);
                all.extend(more);
                Some(all)
            }
            _ => None,
        }
    }

    /// Returns the path, in which a `*` stands for what only a run knows if the file is one of a project.
    fn value(&self, node: &Node<'_>, depth: usize) -> Option<String> {
        let unknown = || self.of_project.then(|| "*".to_owned());
        if depth > DEEPEST {
            return None;
        }
        if node.as_source_file_node().is_some() {
            return Some(format!("{ROOT}/{}", self.own));
        }
        if let Some(text) = literal(node) {
            return Some(text);
        }
        if let Some(text) = node.as_interpolated_string_node() {
            let parts = text.parts();
            let parts = parts.iter().map(|part| {
                if let Some(code) = part.as_embedded_statements_node() {
                    let statements = code.statements()?;
                    let only = statements.body().iter().next()?;
                    return self.value(&only, depth + 1);
                }
                literal(&part).or_else(unknown)
            });
            return parts.collect();
        }
        if let Some(group) = node.as_parentheses_node() {
            let only = group.body()?.as_statements_node()?.body().iter().next()?;
            return self.value(&only, depth + 1);
        }
        if let Some(name) = named(node) {
            let is_root = self.of_project && name == "RAILS_ROOT";
            let known = self.values.get(&name).cloned();
            return known.or_else(|| is_root.then(|| ROOT.to_owned())).or_else(unknown);
        }
        let call = node.as_call_node();
        let of_call = call.and_then(|call| self.of_call(&call, depth + 1));
        of_call.or_else(unknown)
    }

    fn of_call(&self, call: &CallNode<'_>, depth: usize) -> Option<String> {
        let name = id(&call.name());
        let given = arguments(call, false);
        let values = given.values.iter().map(|node| match node.as_splat_node() {
            Some(splat) => Some(self.list(&splat.expression()?, depth)?.join("/")),
            None => self.value(node, depth),
        });
        let values: Vec<String> = values.collect::<Option<_>>()?;
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let Some(receiver) = call.receiver() else {
            return (name == "__dir__").then(|| format!("{ROOT}/{}", self.folder()));
        };
        match (constant(&receiver).as_deref(), name.as_str()) {
            (Some("File"), _) => return self.of_file(&name, &values),
            (Some("Dir"), "pwd" | "getwd") | (Some("Rails"), "root") | (Some("Rake"), "original_dir")
                if self.of_project && values.is_empty() =>
            {
                return Some(ROOT.to_owned());
            }
            (Some("Pathname"), "new") => return values.first().map(|path| (*path).to_owned()),
            _ => {}
        }
        match (name.as_str(), values.as_slice()) {
            ("+", [more]) => {
                let path = self.value(&receiver, depth)?;
                // A path is joined, and a string is continued.
                let is_path = path.starts_with(ROOT) && !more.starts_with('/');
                let is_path = is_path && receiver.as_call_node().is_some_and(|call| is_of_pathname(&call));
                Some(match is_path {
                    true => format!("{path}/{more}"),
                    false => format!("{path}{more}"),
                })
            }
            ("join", parts) => {
                let path = self.value(&receiver, depth)?;
                let joined = std::iter::once(path.as_str()).chain(parts.iter().copied());
                path.starts_with(ROOT).then(|| joined.collect::<Vec<_>>().join("/"))
            }
            ("to_s" | "to_str" | "freeze" | "realpath" | "expand_path", []) => self.value(&receiver, depth),
            _ => None,
        }
    }

    /// Returns the path that a function of `File` makes.
    fn of_file(&self, name: &str, values: &[&str]) -> Option<String> {
        match (name, values) {
            ("dirname", [path]) => Some(folder(path).to_owned()),
            ("join", parts) => Some(parts.join("/")),
            ("expand_path" | "absolute_path" | "realpath", [path, ..]) if path.starts_with(ROOT) => rooted(path),
            ("expand_path" | "absolute_path", [path, base]) if base.starts_with(ROOT) => {
                rooted(&format!("{base}/{path}"))
            }
            ("expand_path" | "absolute_path" | "realpath", [path])
                if self.of_project && !path.starts_with(['/', '~', '*']) =>
            {
                rooted(&format!("{ROOT}/{path}"))
            }
            _ => None,
        }
    }
}

/// Returns the name of a local or a constant.
fn named(node: &Node<'_>) -> Option<String> {
    let local = node.as_local_variable_read_node().map(|local| id(&local.name()));
    local.or_else(|| constant(node)).or_else(|| variable(node))
}

/// Returns the variable of Capistrano that code reads: `rails_root`, `fetch(:rails_root)`.
fn variable(node: &Node<'_>) -> Option<String> {
    let call = node.as_call_node().filter(|call| call.receiver().is_none())?;
    match (id(&call.name()).as_str(), arguments(&call, false).values.as_slice()) {
        ("__dir__", _) => None,
        ("fetch", [name]) => literal(name),
        _ => bare(node),
    }
}

/// Returns true for `Rails.root` and `Pathname.new(x)`, to which `+` joins a path.
fn is_of_pathname(call: &CallNode<'_>) -> bool {
    let class = call.receiver().as_ref().and_then(constant);
    matches!(class.as_deref(), Some("Rails" | "Pathname"))
}

fn rooted(path: &str) -> Option<String> {
    let below = path.strip_prefix(ROOT)?;
    normal(below).map(|path| format!("{ROOT}/{path}"))
}

/// Returns the folder of a file; nothing for one that is in none.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns the way from one folder of a project to another: `../recipes`.
pub(super) fn way(from: &str, to: &str) -> String {
    let names = |path: &str| -> Vec<String> {
        let names = path.split('/').filter(|name| !matches!(*name, "" | "."));
        names.map(str::to_owned).collect()
    };
    let (from, to) = (names(from), names(to));
    let same = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from.iter().skip(same).map(|_| "..");
    let down = to.iter().skip(same).map(String::as_str);
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{loaded, normal, pattern, way};

    #[test]
    fn the_way_from_a_folder_to_another() {
        let ways = [
            ("config", "config/recipes"),
            ("lib/a/b", "lib"),
            ("lib/a", "config"),
            ("", "config"),
            ("x", "x"),
        ];
        assert_eq!(
            ways.map(|(from, to)| way(from, to)),
            ["recipes", "../..", "../../config", "config", ""]
        );
    }

    fn of(code: &str) -> Option<String> {
        let parsed = ruby_prism::parse(code.as_bytes());
        let program = parsed.node();
        let program = program.as_program_node().unwrap();
        let only = program.statements().body().iter().next().unwrap();
        loaded("load", &only, "lib/capistrano/nginx.rb").or_else(|| pattern(&only, "lib/capistrano/nginx.rb"))
    }

    #[test]
    fn a_path_beside_the_file_is_found_in_each_of_its_usual_forms() {
        for code in [
            "File.expand_path('../tasks/a.rake', __FILE__)",
            "File.expand_path('tasks/a.rake', __dir__)",
            "File.expand_path('tasks/a.rake', File.dirname(__FILE__))",
            "File.expand_path(File.join(File.dirname(__FILE__), 'tasks', 'a.rake'))",
            "File.expand_path(File.dirname(__FILE__) + '/tasks/a.rake')",
        ] {
            assert_eq!(of(code).as_deref(), Some("/lib/capistrano/tasks/a.rake"), "{code}");
        }
        assert_eq!(
            of("\"#{__dir__}/tasks/a.rake\"").as_deref(),
            Some("/lib/capistrano/tasks/a.rake")
        );
    }

    #[test]
    fn a_pattern_and_a_plain_path_stay_as_they_are() {
        assert_eq!(
            of("Dir.glob(\"#{__dir__}/x/*.rake\").sort").as_deref(),
            Some("/lib/capistrano/x/*.rake")
        );
        assert_eq!(
            of("'capistrano/nginx/helpers'").as_deref(),
            Some("capistrano/nginx/helpers")
        );
    }

    #[test]
    fn what_only_a_run_knows_has_no_path() {
        assert_eq!(of("File.join(ENV['HOME'], 'x')"), None);
        assert_eq!(of("\"#{fetch(:a)}/x.rake\""), None);
    }

    #[test]
    fn a_path_that_leaves_the_gem_is_none() {
        assert_eq!(normal("lib/../../x"), None);
        assert_eq!(normal("/lib/./a//../b.rb").as_deref(), Some("lib/b.rb"));
        assert_eq!(of("File.expand_path('../../../../x', __FILE__)"), None);
    }
}
