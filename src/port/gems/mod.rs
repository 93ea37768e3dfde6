//! The gems of a project that have recipe libraries: finds them where Bundler and RubyGems keep them, and adds those of their files
//! that the recipes load. Nothing is downloaded and no Ruby is run.
//!
//! ```text
//! lock       reads Gemfile.lock
//! places     the directories with gems
//! version    the order of versions
//! installed  the gems that are there, and their files
//! content    the files that a file of a gem loads, and its kind
//! ```

mod content;
mod installed;
mod lock;
mod places;
mod version;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

pub(crate) use self::places::GemPlaces;

pub(super) use self::content::{changed_word, is_plugin};

use self::content::Content;
use self::installed::{Gem, Installed};
use super::facts::Facts;
use super::project::{PortRefusal, RubyFile, RubyProject};
use super::read::is_at_hand;
use super::ruby::printable;

/// The most files of gems that are read.
const MOST: usize = 300;

/// The directory in which the recipes of gems are written.
const FOLDER: &str = "lib/gems";

/// The gem to which a file belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OfGem {
    /// The name of the gem.
    pub(crate) name: String,
    /// Its version, or the commit of a checkout; empty if neither is known.
    pub(crate) version: String,
    /// The path of the file below the directory of the gem.
    pub(crate) path: String,
    /// The licence that the gem names.
    pub(crate) licence: Option<String>,
}

impl OfGem {
    /// Returns the words that name the gem and the file in reports.
    pub(crate) fn shown(&self) -> String {
        match self.version.as_str() {
            "" => format!("gem {}: {}", self.name, self.path),
            version => format!("gem {} {version}: {}", self.name, self.path),
        }
    }
}

/// The most templates that are read of a gem.
const MOST_TEMPLATES: usize = 50;

/// The result of looking for the libraries that the recipes require.
#[derive(Clone, Debug, Default)]
pub(crate) struct FromGems {
    /// The numbers of the files that `require` finds, by the path that the project requires.
    pub(super) files: BTreeMap<String, usize>,
    /// The libraries that are plain Ruby, and no recipes.
    pub(super) plain: BTreeSet<String>,
    /// The gems of `Gemfile.lock` that are not on this machine, by the path of their library.
    pub(super) not_installed: BTreeMap<String, String>,
    /// The numbers of the files that each file loads, by the number of that file and the path in it.
    pub(super) loads: BTreeMap<(usize, String), Vec<usize>>,
    /// The versions that `Gemfile.lock` names, by the names of the gems.
    pub(super) versions: BTreeMap<String, String>,
    /// The classes of plugins, by the last part of their names.
    pub(super) plugins: BTreeSet<String>,
    /// The gems whose recipes are of no use, in words, by the path of their library.
    pub(super) left_out: BTreeMap<String, String>,
    /// Differences that a person should know.
    pub(super) remarks: Vec<String>,
}

impl FromGems {
    /// Returns the first part of the version that `Gemfile.lock` names.
    pub(super) fn major(&self, gem: &str) -> Option<u32> {
        self.versions.get(gem)?.split('.').next()?.parse().ok()
    }

    /// Returns true if a gem in `Gemfile.lock` is older than this version, and nothing where it is not there.
    pub(super) fn is_before(&self, gem: &str, version: &str) -> Option<bool> {
        Some(version::compare(self.versions.get(gem)?, version).is_lt())
    }
}

/// A file that is to be read.
struct Wanted {
    gem: usize,
    path: String,
}

/// The search for the files of gems.
struct Search<'a> {
    installed: &'a Installed,
    left_out: &'a BTreeMap<String, usize>,
    project: &'a mut RubyProject,
    version: u8,
    /// The gems that have been used.
    gems: Vec<Gem>,
    /// The numbers of the files that were added, by the number of their gem and their path in it.
    added: BTreeMap<(usize, String), usize>,
    queue: VecDeque<Wanted>,
}

impl RubyProject {
    /// Adds the files of gems that the recipes load and that no library of capr replaces.
    /// `left_out` has gems that are not read, with the number of places that need a hand in each.
    pub(super) fn with_gems(
        mut self,
        places: &GemPlaces,
        root: &Path,
        left_out: &BTreeMap<String, usize>,
    ) -> Result<Self, PortRefusal> {
        let installed = Installed::of(places, root).map_err(|(path, error)| PortRefusal::Unreadable(path, error))?;
        let parsed = self.parsed();
        let facts = super::facts_of(&self, &parsed);
        let wanted: Vec<String> = facts
            .libraries
            .iter()
            .cloned()
            // Capistrano 3 loads the file of the source control.
            .chain(facts.scm.iter().map(|scm| format!("capistrano/{scm}")))
            .filter(|path| !is_at_hand(&facts, path))
            .collect();
        drop(parsed);
        let mut from = FromGems {
            versions: installed.versions(),
            ..FromGems::default()
        };
        let mut search = Search {
            installed: &installed,
            version: facts.version,
            left_out,
            project: &mut self,
            gems: Vec::new(),
            added: BTreeMap::new(),
            queue: VecDeque::new(),
        };
        for feature in wanted {
            search.require(&feature, &facts, &mut from);
        }
        from.remarks = search.remarks();
        search.load_what_loads(&from);
        search.add_templates();
        self.gems = from;
        Ok(self)
    }
}

impl Search<'_> {
    /// Adds the library that a recipe requires, and all that it loads.
    fn require(&mut self, feature: &str, facts: &Facts, from: &mut FromGems) {
        let Some((gem, path)) = self.installed.with(feature) else {
            if let Some(missing) = self.installed.not_installed(feature) {
                let named = format!("{} {}", missing.name, missing.version);
                from.not_installed.insert(feature.to_owned(), named);
            }
            return;
        };
        if let Some(places) = self.left_out.get(&gem.name) {
            let shown = format!(
                "gem {} {}: {places} places of it have no form here",
                gem.name, gem.version
            );
            from.left_out.insert(feature.to_owned(), shown);
            return;
        }
        let gem = self.number(gem);
        let before = self.project.sources.len();
        let Some(first) = self.add(gem, &path) else { return };
        while let Some(wanted) = self.queue.pop_front() {
            self.follow(&wanted, facts, from);
        }
        let added = self.project.sources.iter().skip(before.min(first));
        // A file without anything is the entrance of a gem whose recipes have other names.
        let is_empty = |source: &RubyFile| source.text.trim_ascii().is_empty();
        let is_recipe = added
            .into_iter()
            .any(|source| source.gem.is_some() && (source.is_wanted || is_empty(source)));
        match is_recipe {
            true => {
                from.files.insert(feature.to_owned(), first);
            }
            false => {
                from.plain.insert(feature.to_owned());
            }
        }
    }

    fn number(&mut self, gem: &Gem) -> usize {
        match self.gems.iter().position(|own| own == gem) {
            Some(number) => number,
            None => {
                self.gems.push(gem.clone());
                self.gems.len() - 1
            }
        }
    }

    /// Adds a file of a gem to the project; returns its number, or `None` if it cannot be read.
    fn add(&mut self, gem: usize, path: &str) -> Option<usize> {
        let key = (gem, path.to_owned());
        if let Some(number) = self.added.get(&key) {
            return Some(*number);
        }
        let of = self.gems.get(gem)?;
        if self.added.len() >= MOST {
            return None;
        }
        let text = of.read(path)?;
        let content = Content::of(&text, path, self.version);
        let number = self.project.sources.len();
        let mut file = RubyFile {
            path: format!("{FOLDER}/{}/{path}", of.name),
            is_wanted: content.is_recipe(),
            text,
            gem: Some(OfGem {
                name: of.name.clone(),
                version: of.version.clone(),
                path: path.to_owned(),
                licence: of.licence().map(|text| printable(&text)),
            }),
            part: None,
        };
        let recipe = file.recipe();
        if self.project.sources.iter().any(|source| source.recipe() == recipe) {
            // `x.rb` and `x.rake` in one folder.
            file.path = file
                .path
                .replace(".rake", "_rake.rake")
                .replace(".rb", "_rb.rb")
                .replace(".cap", "_cap.cap");
        }
        self.project.sources.push(file);
        self.added.insert(key, number);
        self.queue.push_back(Wanted {
            gem,
            path: path.to_owned(),
        });
        Some(number)
    }

    /// Adds the files that a file of a gem loads.
    fn follow(&mut self, wanted: &Wanted, facts: &Facts, from: &mut FromGems) {
        let Some(number) = self.added.get(&(wanted.gem, wanted.path.clone())).copied() else {
            return;
        };
        let Some(source) = self.project.sources.get(number) else {
            return;
        };
        let content = Content::of(&source.text, &wanted.path, self.version);
        from.plugins.extend(content.plugins);
        for load in content.loads {
            let paths = self.loaded(wanted.gem, &load, facts);
            let files: Vec<usize> = paths
                .into_iter()
                .filter_map(|(gem, path)| self.add(gem, &path))
                .collect();
            from.loads.insert((number, load), files);
        }
    }

    /// Returns the files that a path in a file of a gem names, each with the number of its gem.
    fn loaded(&mut self, gem: usize, load: &str, facts: &Facts) -> Vec<(usize, String)> {
        let Some(own) = self.gems.get(gem) else {
            return Vec::new();
        };
        if let Some(below) = load.strip_prefix('/') {
            let found = match below.contains(['*', '{', '?', '[']) {
                true => own.matching(below),
                false => own.file(below).into_iter().collect(),
            };
            return found.into_iter().map(|path| (gem, path)).collect();
        }
        if let Some(path) = own.required(load) {
            return vec![(gem, path)];
        }
        if is_at_hand(facts, load) {
            return Vec::new();
        }
        let found = self.installed.with(load);
        let Some((other, path)) = found.filter(|(gem, _)| !self.left_out.contains_key(&gem.name)) else {
            return Vec::new();
        };
        let is_recipe = other
            .read(&path)
            .is_some_and(|text| Content::of(&text, &path, self.version).is_recipe());
        match is_recipe || load.contains("capistrano") {
            true => {
                let other = other.clone();
                vec![(self.number(&other), path)]
            }
            false => Vec::new(),
        }
    }

    /// Adds the templates of the gems, with the paths that they have beside the recipes of these.
    fn add_templates(&mut self) {
        for gem in &self.gems {
            let paths = gem.matching("**/*.erb").into_iter().take(MOST_TEMPLATES);
            let texts = paths.filter_map(|path| {
                let text = String::from_utf8(gem.read(&path)?).ok()?;
                Some((format!("{FOLDER}/{}/{path}", gem.name), text))
            });
            self.project.templates.extend(texts);
        }
    }

    /// Marks the files that do nothing but load recipes.
    fn load_what_loads(&mut self, from: &FromGems) {
        loop {
            let is_written = |number: &usize| self.project.sources.get(*number).is_some_and(|source| source.is_wanted);
            let loading = from.loads.iter().filter(|(_, files)| files.iter().any(is_written));
            let numbers: Vec<usize> = loading
                .map(|((number, _), _)| *number)
                .filter(|number| !is_written(number))
                .collect();
            if numbers.is_empty() {
                return;
            }
            for number in numbers {
                if let Some(source) = self.project.sources.get_mut(number) {
                    source.is_wanted = true;
                }
            }
        }
    }

    /// Returns remarks about gems that are there in another version than `Gemfile.lock` names.
    fn remarks(&self) -> Vec<String> {
        let other = self.gems.iter().filter_map(|gem| {
            let locked = self.installed.other_version(gem)?;
            Some(format!(
                "gem {}: {} was read, since {locked} of Gemfile.lock is not there",
                gem.name, gem.version
            ))
        });
        other.collect()
    }
}
