//! Finds the files that the files of a project load: by their names, and by patterns such as `lib/capistrano/tasks/*.rake`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::loads::{LoadedPath, Loads};
use super::paths::{RubyPath, RubyPaths, alternatives, folder, is_copy_of_stages, normal};
use super::project::RubyFile;
use crate::pattern::with_plain_stars;

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
    /// The file in the place of `config/deploy.rb`.
    pub(super) main: Option<String>,
    /// The directory in the place of `config/deploy`.
    pub(super) stages: Option<String>,
    /// The number of files that have been looked at.
    seen: usize,
    /// The directories besides the project's in which files are looked for.
    folders: BTreeSet<String>,
}

impl Loaded {
    /// Adds the files that those load which have not been looked at. Their paths are below the root of the project.
    pub(super) fn follow(&mut self, sources: &[RubyFile], root: &Path) {
        for source in sources.iter().skip(self.seen) {
            let parsed = ruby_prism::parse(&source.text);
            let loads = Loads::of(&parsed, RubyPaths::of_project(&source.path), None);
            let folders = loads.folders.iter().filter_map(|path| plain(path));
            self.folders
                .extend(folders.filter(|folder| !folder.starts_with(FOREIGN)));
            let main = loads.main.as_deref().and_then(plain);
            let stages = loads.stages.as_deref().and_then(plain);
            self.main = main.or(self.main.take());
            self.stages = stages.or(self.stages.take());
            for load in &loads.files {
                self.load(load, &source.path, root);
            }
        }
        self.seen = sources.len();
    }

    fn load(&mut self, load: &LoadedPath, own: &str, root: &Path) {
        let here = folder(own);
        let Some(place) = RubyPaths::place(&load.path) else {
            self.has_more |= load.path.contains('*');
            return;
        };
        let paths = match place {
            RubyPath::Below(path) => vec![path],
            RubyPath::Named(path) if load.word == "require_relative" => {
                normal(&format!("{here}/{path}")).into_iter().collect()
            }
            RubyPath::Named(path) => {
                let folders = self.folders.iter().map(String::as_str);
                let beside = folders.chain([here]).map(|folder| format!("{folder}/{path}"));
                let beside: Vec<String> = match load.is_listed {
                    true => Vec::new(),
                    false => beside.collect(),
                };
                [path]
                    .into_iter()
                    .chain(beside)
                    .filter_map(|path| normal(&path))
                    .collect()
            }
        };
        for path in paths {
            self.add(&path, root);
        }
    }

    /// Adds the files of a path, in which `*` stands for anything.
    fn add(&mut self, pattern: &str, root: &Path) {
        let is_pattern = pattern.contains('*');
        if pattern.starts_with('*') {
            self.has_more = true;
            return;
        }
        let mut found = Vec::new();
        for one in alternatives(pattern) {
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
        found.retain(|path| !is_copy_of_stages(&path.to_string_lossy()));
        match is_pattern && pattern.starts_with(FOREIGN) {
            true => self.has_more |= !found.is_empty(),
            false => self.files.extend(found),
        }
    }
}

/// Returns the path below the project of one that is told as [`RubyPaths`] does, without a pattern.
fn plain(path: &str) -> Option<String> {
    let below = match RubyPaths::place(path)? {
        RubyPath::Below(path) => path,
        RubyPath::Named(path) => normal(&path)?,
    };
    (!below.contains('*')).then_some(below)
}

/// Returns the files that a pattern matches.
fn matching(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let pattern = with_plain_stars(pattern);
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
                part: None,
            };
            let mut loaded = Loaded::default();
            loaded.follow(&[source], root.path());
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
                "# it's\nDir['lib/capistrano/**/*.{cap,rake}'].each do |r|\n  load r\nend",
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
            ("%w(x).each { |r| load \"config/recipes/#{r}\" }", "config/recipes/x.rb"),
            (
                "%w(x none).each do |r|\n  require_relative \"./recipes/#{r}\"\nend",
                "config/recipes/x.rb",
            ),
            (
                "for f in Dir['lib/capistrano/more/*'].sort\n  load f\nend",
                "lib/capistrano/more/c.cap",
            ),
            (
                "here = File.dirname(__FILE__)\nload \"#{here}/recipes/x\"",
                "config/recipes/x.rb",
            ),
            ("load \"#{File.dirname(__FILE__)}/recipes/x\"", "config/recipes/x.rb"),
            (
                "Dir.glob('lib/capistrano/tasks/*.rake', &method(:load))",
                "lib/capistrano/tasks/a.rake",
            ),
            (
                "Dir['lib/capistrano/tasks/*.rake'].each(&method(:import))",
                "lib/capistrano/tasks/a.rake",
            ),
            (
                "Dir.glob('config/recipes/*.rb') do |file|\n  load file\nend",
                "config/recipes/x.rb",
            ),
            (
                "more = FileList['lib/capistrano/more/*.cap']\nmore.each { |f| import f }",
                "lib/capistrano/more/c.cap",
            ),
            ("Rake.add_rakelib 'lib/capistrano/tasks'", "lib/capistrano/tasks/a.rake"),
            (
                "$:.unshift File.expand_path('../../lib', __FILE__)\nrequire 'one'",
                "lib/one.rb",
            ),
            ("load File.join(Dir.pwd, 'lib', 'one.rb')", "lib/one.rb"),
            ("load Rails.root.join('lib/one.rb')", "lib/one.rb"),
            ("set :linked_files, Dir['config/*.rb']", ""),
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
