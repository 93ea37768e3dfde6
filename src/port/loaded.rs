//! Finds the files that the files of a project load: by their names, and by patterns such as `lib/capistrano/tasks/*.rake`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::paths::{alternatives, normal};
use super::project::RubyFile;

/// The most files that one pattern finds.
const MOST: usize = 300;

/// The endings of recipes of Ruby.
const ENDINGS: &[&str] = &["rb", "rake", "cap"];

/// The folders whose recipes belong to a plugin. They are not read.
const FOREIGN: &str = "vendor/";

/// The files that others load.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// The files.
    pub(super) files: BTreeSet<PathBuf>,
    /// True if more is loaded than these: plugins, or files whose path is computed.
    pub(super) has_more: bool,
}

impl Loaded {
    /// Finds the files that these load. Their paths are below the root of the project.
    pub(super) fn by(sources: &[RubyFile], root: &Path) -> Self {
        let mut loaded = Self::default();
        for source in sources {
            let text = String::from_utf8_lossy(&source.text);
            for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
                loaded.line(line, &source.path, root);
            }
        }
        loaded
    }

    fn line(&mut self, line: &str, own: &str, root: &Path) {
        let strings = strings(line);
        let here = Path::new(own).parent().unwrap_or(Path::new(""));
        let is_beside = line.contains("__FILE__") || line.contains("__dir__");
        let word = line
            .split(|c: char| !c.is_ascii_alphabetic() && c != '_')
            .next()
            .unwrap_or("");
        let is_load = matches!(word, "load" | "import" | "require" | "require_relative");
        let patterns = strings
            .iter()
            .filter(|text| text.contains("/*") || text.starts_with("*."));
        let mut paths: Vec<PathBuf> = Vec::new();
        if is_beside && (is_load || patterns.clone().next().is_some()) {
            let joined = strings.join("/");
            paths.push(match line.contains("expand_path") && joined.starts_with("..") {
                // The file itself counts as a part of the path.
                true => Path::new(own).join(joined),
                false => here.join(joined.trim_start_matches('/')),
            });
        } else if is_load && let [path] = strings.as_slice() {
            match word {
                "require_relative" => paths.push(here.join(path)),
                _ => paths.extend([PathBuf::from(path), here.join(path)]),
            }
        } else {
            paths.extend(patterns.map(PathBuf::from));
        }
        for path in paths {
            self.add(&path.to_string_lossy(), root);
        }
    }

    /// Adds the files of a path, in which `*` and interpolated values stand for anything.
    fn add(&mut self, path: &str, root: &Path) {
        let pattern = with_stars(path);
        let Some(pattern) = below(Path::new(&pattern)) else {
            self.has_more |= pattern.contains('*');
            return;
        };
        let pattern = pattern.to_string_lossy().into_owned();
        let is_pattern = pattern.contains('*');
        if pattern.starts_with('*') {
            self.has_more = true;
            return;
        }
        let mut found = Vec::new();
        for one in alternatives(&pattern) {
            let has_ending = ENDINGS.iter().any(|ending| one.ends_with(&format!(".{ending}")));
            let endings = ENDINGS.iter().map(|ending| format!("{one}.{ending}"));
            let names: Vec<String> = match has_ending {
                true => vec![one],
                false => endings.collect(),
            };
            for name in names {
                match is_pattern {
                    true => found.extend(matching(root, &name)),
                    false => found.extend(Some(root.join(name)).filter(|path| path.is_file())),
                }
            }
        }
        match is_pattern && pattern.starts_with(FOREIGN) {
            true => self.has_more |= !found.is_empty(),
            false => self.files.extend(found),
        }
    }
}

/// Returns the strings of a line.
fn strings(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((before, inner)) = rest.split_once(['"', '\'']) {
        let quote = rest.chars().nth(before.chars().count()).unwrap_or('"');
        let Some((text, after)) = inner.split_once(quote) else {
            break;
        };
        found.push(text.to_owned());
        rest = after;
    }
    found
}

/// Replaces interpolated values by `*`.
fn with_stars(path: &str) -> String {
    let mut written = String::new();
    let mut rest = path;
    while let Some((before, inner)) = rest.split_once("#{") {
        written.push_str(before);
        written.push('*');
        rest = inner.split_once('}').map_or("", |(_, after)| after);
    }
    written.push_str(rest);
    written
}

/// Returns a path without `.` and `..`; `None` if it leaves the project.
pub(super) fn below(path: &Path) -> Option<PathBuf> {
    let text = path.is_relative().then(|| path.to_string_lossy())?;
    normal(&text).map(PathBuf::from)
}

/// Returns the files that a pattern matches.
fn matching(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let whole = format!("{}/{pattern}", glob::Pattern::escape(&root.to_string_lossy()));
    let found = glob::glob(&whole).into_iter().flatten().take(MOST).flatten();
    found.filter(|path| path.is_file()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Loaded, RubyFile};
    use std::fs;

    #[test]
    fn files_are_found_by_their_names_and_by_patterns() {
        let root = tempfile::tempdir().unwrap();
        let files = [
            "lib/capistrano/tasks/a.rake",
            "lib/capistrano/tasks/b.rb",
            "lib/capistrano/more/c.cap",
            "lib/one.rb",
            "config/two.rb",
            "config/recipes/x.rb",
            "config/other.rb",
            "vendor/plugins/p/recipes/r.rb",
        ];
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = |text: &str| {
            let source = RubyFile {
                path: "config/deploy.rb".to_owned(),
                text: text.as_bytes().to_vec(),
                is_wanted: true,
                gem: None,
            };
            let loaded = Loaded::by(&[source], root.path());
            let names = loaded
                .files
                .iter()
                .map(|path| path.strip_prefix(root.path()).unwrap().to_str().unwrap());
            (names.collect::<Vec<_>>().join(" "), loaded.has_more)
        };
        for (text, files) in [
            (
                "Dir.glob('lib/capistrano/tasks/*.rake').each { |r| import r }",
                "lib/capistrano/tasks/a.rake",
            ),
            (
                "# it's\nDir['lib/capistrano/**/*.{cap,rake}'].each do |r|",
                "lib/capistrano/more/c.cap lib/capistrano/tasks/a.rake",
            ),
            ("require_relative '../lib/one'", "lib/one.rb"),
            ("require './lib/one.rb'", "lib/one.rb"),
            ("load 'two'", "config/two.rb"),
            (
                "load File.expand_path('../recipes/x.rb', __FILE__)",
                "config/recipes/x.rb",
            ),
            (
                "require File.join(File.dirname(__FILE__), '..', 'lib', 'one')",
                "lib/one.rb",
            ),
            ("%w(x).each { |r| load \"config/recipes/#{r}\" }", ""),
            ("load \"config/recipes/#{r}.rb\"", "config/recipes/x.rb"),
            ("load 'config/none'; load '/etc/passwd'", ""),
            ("# load 'two'", ""),
        ] {
            assert_eq!(found(text), (files.to_owned(), false), "{text}");
        }
        for text in [
            "Dir['vendor/plugins/*/recipes/*.rb'].each { |plugin| load(plugin) }",
            "Dir[\"#{root}/*.rb\"].each { |file| load file }",
            "Dir['/etc/capistrano/*.rb'].each { |file| load file }",
        ] {
            assert_eq!(found(text), (String::new(), true), "{text}");
        }
    }
}
