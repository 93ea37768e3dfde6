//! Paths that a Ruby file makes of its own place: `File.expand_path("../tasks/x.rake", __FILE__)`.

use ruby_prism::{CallNode, Node};

use super::ruby::{arguments, constant, id, literal};

/// The deepest nesting of calls that make a path.
const DEEPEST: usize = 20;

/// Returns the path that an expression makes without anything that is known only when it runs. `own` is the path of the file below
/// the directory of its gem; a path that begins with `/` is below that directory, and any other one is as it is written.
pub(super) fn path(node: &Node<'_>, own: &str) -> Option<String> {
    let path = value(node, own, 0)?;
    match path.starts_with('/') {
        true => rooted(&path),
        false => Some(path),
    }
}

/// Returns the path that `require`, `load` or another word loads from a file, as [`path`] does.
pub(super) fn loaded(word: &str, node: &Node<'_>, own: &str) -> Option<String> {
    let path = path(node, own)?;
    Some(match word {
        "require_relative" if !path.starts_with('/') => format!("/{}/{path}", folder(own)),
        _ => path,
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

/// Returns the pattern in `Dir.glob("…")` and `Dir["…"]`, sorted or not.
pub(super) fn pattern(node: &Node<'_>, own: &str) -> Option<String> {
    let call = node.as_call_node()?;
    let name = id(&call.name());
    let receiver = call.receiver()?;
    if constant(&receiver).as_deref() == Some("Dir") && matches!(name.as_str(), "glob" | "[]") {
        let given = arguments(&call, false).values;
        let [only] = given.as_slice() else { return None };
        return path(only, own);
    }
    match name.as_str() {
        "sort" | "uniq" => pattern(&receiver, own),
        _ => None,
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

fn value(node: &Node<'_>, own: &str, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    if node.as_source_file_node().is_some() {
        return Some(format!("/{own}"));
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
                return value(&only, own, depth + 1);
            }
            literal(&part)
        });
        return parts.collect();
    }
    if let Some(group) = node.as_parentheses_node() {
        let only = group.body()?.as_statements_node()?.body().iter().next()?;
        return value(&only, own, depth + 1);
    }
    of_call(&node.as_call_node()?, own, depth + 1)
}

fn of_call(call: &CallNode<'_>, own: &str, depth: usize) -> Option<String> {
    let name = id(&call.name());
    let given = arguments(call, false);
    let values = given.values.iter().map(|node| value(node, own, depth));
    let values: Vec<String> = values.collect::<Option<_>>()?;
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let Some(receiver) = call.receiver() else {
        return (name == "__dir__").then(|| format!("/{}", folder(own)));
    };
    if constant(&receiver).as_deref() == Some("File") {
        return match (name.as_str(), values.as_slice()) {
            ("dirname", [path]) => Some(folder(path).to_owned()),
            ("join", parts) => Some(parts.join("/")),
            ("expand_path" | "absolute_path" | "realpath", [path]) if path.starts_with('/') => rooted(path),
            ("expand_path" | "absolute_path", [path, _]) if path.starts_with('/') => rooted(path),
            ("expand_path" | "absolute_path", [path, base]) if base.starts_with('/') => {
                rooted(&format!("{base}/{path}"))
            }
            _ => None,
        };
    }
    match (name.as_str(), values.as_slice()) {
        ("+", [more]) => Some(format!("{}{more}", value(&receiver, own, depth)?)),
        ("to_s" | "to_str", []) => value(&receiver, own, depth),
        _ => None,
    }
}

fn rooted(path: &str) -> Option<String> {
    normal(path).map(|path| format!("/{path}"))
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{normal, path, pattern};

    fn of(code: &str) -> Option<String> {
        let parsed = ruby_prism::parse(code.as_bytes());
        let program = parsed.node();
        let program = program.as_program_node().unwrap();
        let only = program.statements().body().iter().next().unwrap();
        path(&only, "lib/capistrano/nginx.rb").or_else(|| pattern(&only, "lib/capistrano/nginx.rb"))
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
