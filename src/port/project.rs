//! Finds the files that belong to the given paths, and names the recipes that are written from them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::gems::{FromGems, OfGem};
use super::loaded::Loaded;
use super::read::is_start_of_rails;

/// The size above which a file does not count as a recipe, in bytes.
const LARGEST: u64 = 4 << 20;

/// The size above which a file whose ending does not tell it does not count as a template, in bytes.
const LARGEST_OTHER: u64 = 64 << 10;

/// The most files that are read.
const MOST: usize = 500;

/// The folders of a project in which templates are looked for.
const FOLDERS_OF_TEMPLATES: &[&str] = &[
    "config",
    "lib",
    "app/views/layouts",
    "cap",
    "capistrano",
    "deploy",
    "etc",
    "recipes",
    "script",
    "scripts",
    "templates",
];

/// Returns true for a file of ERB by its ending.
pub(super) fn is_erb(path: &str) -> bool {
    path.ends_with(".erb") || path.ends_with(".rhtml")
}

/// Returns true for a file that recipes may fill in: one of ERB, one in a folder of templates, and one with marks of ERB that is no Ruby
/// and holds no settings of the application.
fn is_template(path: &str, text: &str) -> bool {
    let is_among = path.split('/').any(|part| matches!(part, "template" | "templates"));
    let is_other = [".md", ".rake", ".rb"].iter().any(|ending| path.ends_with(ending));
    is_erb(path) || is_among || !is_other && !holds_settings(path) && text.contains("<%")
}

/// Returns true for a file that may hold what nobody may read in a recipe.
fn holds_settings(path: &str) -> bool {
    [".env", ".json", ".yaml", ".yml"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

/// Returns the content of a template that lies somewhere else in the project; `None` for one that a recipe must not show. An error says
/// that it is not there.
pub(super) fn template_at(root: &Path, path: &str) -> Result<Option<String>, ()> {
    let place = root.join(path);
    let there = fs::symlink_metadata(&place).map_err(drop)?;
    let may_stand = there.is_file() && there.len() <= LARGEST && !holds_settings(path);
    Ok(may_stand.then(|| fs::read_to_string(&place).ok()).flatten())
}

/// A Ruby file.
#[derive(Clone, Debug)]
pub(crate) struct RubyFile {
    /// The path below the project, with `/`.
    pub path: String,
    /// The bytes of the file.
    pub text: Vec<u8>,
    /// True if a recipe is to be written from it; else it is only read for its facts.
    pub is_wanted: bool,
    /// The gem that brings the file, if it is not of the project itself.
    pub gem: Option<OfGem>,
    /// The part that a recipe gives to the file, if its path does not tell it.
    pub part: Option<FilePart>,
}

/// The part of a file in a project that has it at a place of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FilePart {
    /// It is read in the place of `config/deploy.rb`.
    Main,
    /// It is the file of this stage.
    Stage(String),
}

impl RubyFile {
    /// Returns the stage that the file belongs to, by its path.
    #[must_use]
    pub(crate) fn stage(&self) -> Option<String> {
        if let Some(FilePart::Stage(name)) = &self.part {
            return Some(name.clone());
        }
        let (folder, name) = self.path.rsplit_once('/')?;
        if self.gem.is_some() || self.part.is_some() {
            return None;
        }
        let is_stage = folder == "deploy" || folder.ends_with("config/deploy");
        is_stage.then(|| name.strip_suffix(".rb").map(str::to_owned)).flatten()
    }

    /// Returns the path of the recipe that is written from it.
    #[must_use]
    pub(crate) fn recipe(&self) -> String {
        if let Some(FilePart::Stage(name)) = &self.part {
            // Stages are found there.
            return format!("config/deploy/{name}.rhai");
        }
        let (folder, name) = match self.path.rsplit_once('/') {
            Some((folder, name)) => (format!("{folder}/"), name),
            None => (String::new(), self.path.as_str()),
        };
        if name.eq_ignore_ascii_case("capfile") && self.gem.is_none() {
            return format!("{folder}Caprfile");
        }
        let plain = [".rb", ".rake", ".cap"]
            .iter()
            .find_map(|ending| name.strip_suffix(ending));
        match plain {
            Some(stem) => format!("{folder}{stem}.rhai"),
            None => format!("{folder}{}.rhai", name.replace(".rb", "")),
        }
    }

    /// Returns the name of the file for people: its path, or its gem and its path there.
    #[must_use]
    pub(super) fn shown(&self) -> String {
        self.gem.as_ref().map_or_else(|| self.path.clone(), OfGem::shown)
    }

    /// Returns true if it is the recipe to which all others belong.
    pub(super) fn is_main(&self) -> bool {
        if self.part.is_some() {
            return self.part == Some(FilePart::Main);
        }
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        self.gem.is_none() && name.starts_with("deploy") && name.contains(".rb") && self.stage().is_none()
    }

    /// Returns true if it is a Capfile.
    pub(super) fn is_capfile(&self) -> bool {
        self.recipe().ends_with("Caprfile")
    }
}

/// The reason why nothing is written.
#[derive(Debug, Error)]
pub(crate) enum PortRefusal {
    /// The path that was named does not exist, or is not a recipe.
    #[error("{0}")]
    Named(String),
    /// A file cannot be read.
    #[error("cannot read {}", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// The recipes are for another tool, whose words mean other things.
    #[error("these are recipes of {tool}, and port reads those of Capistrano: {file} has `{word}`")]
    OtherTool {
        /// The name of the tool.
        tool: &'static str,
        /// The file that tells.
        file: String,
        /// The word in it that only that tool has.
        word: String,
    },
    /// Ruby's parser finds that the file is not Ruby.
    #[error("{file} is no Ruby: line {line}: {message}")]
    NotRuby {
        /// The file as it was named.
        file: String,
        /// The line of the first mistake.
        line: usize,
        /// The message of Ruby's parser.
        message: String,
    },
}

/// The files of a project.
#[derive(Clone, Debug, Default)]
pub(crate) struct RubyProject {
    /// The files in the order in which Capistrano reads them.
    pub sources: Vec<RubyFile>,
    /// The files that they load and that belong to the application: no recipe is written from them.
    pub application: Vec<RubyFile>,
    /// The ERB templates below the project, with their paths.
    pub templates: Vec<(String, String)>,
    /// The files of gems among them.
    pub(super) gems: FromGems,
    /// True if the templates were looked for on this machine: one that is not among them is not there.
    pub is_on_disk: bool,
    /// The directory of the project on this machine.
    pub root: Option<PathBuf>,
    /// True if the files load others that were not read.
    pub loads_more: bool,
    /// A file that shows how `config/deploy.rb` looks, if that is not there.
    pub example: Option<String>,
    /// The task files that no other file loads.
    pub unloaded: Vec<String>,
    /// The files whose letters were those of Latin-1.
    pub(super) in_latin: Vec<String>,
}

impl RubyProject {
    /// Returns the syntax tree of each file.
    pub(super) fn parsed(&self) -> Vec<ruby_prism::ParseResult<'_>> {
        let texts = self.sources.iter().map(|source| &source.text);
        texts.map(|text| ruby_prism::parse(text)).collect()
    }

    /// Finds everything that belongs to these files and directories. Returns the directory of the first one, and the files with
    /// their paths below it.
    pub(crate) fn find(named: &[PathBuf]) -> Result<(PathBuf, Self), PortRefusal> {
        let Some(first) = named.first() else {
            return Err(PortRefusal::Named(
                "port takes a file or a directory: capr port config/deploy.rb".to_owned(),
            ));
        };
        for path in named {
            if !path.exists() {
                return Err(PortRefusal::Named(format!("there is no {}", path.display())));
            }
        }
        let root = match first.is_dir() {
            true => first.clone(),
            false => root_of(first),
        };
        let mut project = Self::default();
        let mut wanted = Vec::new();
        for path in named {
            if path.is_dir() {
                let found = belonging(path);
                if found.is_empty() {
                    let names = "Capfile, config/deploy.rb, config/deploy/*.rb, lib/capistrano/tasks";
                    return Err(PortRefusal::Named(format!(
                        "{} has no recipe: looked for {names}",
                        path.display()
                    )));
                }
                wanted.extend(found);
            } else {
                wanted.push(path.clone());
            }
        }
        for path in belonging(&root) {
            project.add(&root, &path, wanted.contains(&path))?;
        }
        for path in &wanted {
            project.add(&root, path, true)?;
        }
        project.follow(&root, named)?;
        for folder in FOLDERS_OF_TEMPLATES {
            project.add_templates(&root, &root.join(folder), 0);
        }
        project.is_on_disk = true;
        project.root = Some(root.clone());
        project.example = example(&root);
        Ok((root, project))
    }

    /// Adds the files that the sources load, and takes those out that nothing loads.
    fn follow(&mut self, root: &Path, named: &[PathBuf]) -> Result<(), PortRefusal> {
        let is_whole = named.iter().any(|path| path.is_dir());
        let mut loaded = Loaded::default();
        loop {
            loaded.follow(&self.sources, root);
            let before = self.sources.len();
            for path in &loaded.files {
                self.add_loaded(root, path, is_whole)?;
            }
            self.add_parts(root, &loaded, is_whole)?;
            if self.sources.len() == before {
                break;
            }
        }
        self.loads_more = loaded.has_more;
        if loaded.has_more || !self.sources.iter().any(RubyFile::is_capfile) {
            return Ok(());
        }
        // Capistrano 1 and 2 have stages only with a library for them.
        let words = ["capistrano/setup", "multistage", "multiconfig"];
        let has_stages = self.sources.iter().any(|source| {
            let text = String::from_utf8_lossy(&source.text);
            let mut code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
            code.any(|line| words.iter().any(|word| line.contains(word)))
        });
        let is_needed = |source: &RubyFile| {
            let path = root.join(&source.path);
            source.is_capfile()
                || source.is_main()
                || source.part.is_some()
                || has_stages && source.stage().is_some()
                || named.contains(&path)
                || loaded.files.contains(&path)
        };
        let (needed, rest) = std::mem::take(&mut self.sources).into_iter().partition(is_needed);
        self.sources = needed;
        self.unloaded = rest.into_iter().map(|source: RubyFile| source.path).collect();
        Ok(())
    }

    /// Adds the templates in a folder and those below it.
    fn add_templates(&mut self, root: &Path, folder: &Path, depth: usize) {
        let mut entries: Vec<PathBuf> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        crate::sort::by(&mut entries, Ord::cmp);
        for path in entries {
            let is_link = fs::symlink_metadata(&path).is_ok_and(|there| there.is_symlink());
            if is_link || self.templates.len() >= MOST {
                continue;
            }
            if path.is_dir() {
                if depth < 5 {
                    self.add_templates(root, &path, depth + 1);
                }
                continue;
            }
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
            let largest = if is_erb(&name) { LARGEST } else { LARGEST_OTHER };
            let is_small = fs::metadata(&path).is_ok_and(|there| there.is_file() && there.len() <= largest);
            if let (true, Ok(text)) = (is_small, fs::read_to_string(&path))
                && is_template(&name, &text)
            {
                self.templates.push((name.into_owned(), text));
            }
        }
    }

    /// Adds a file that another one loads. What code of the application loads is not followed.
    fn add_loaded(&mut self, root: &Path, path: &Path, is_wanted: bool) -> Result<(), PortRefusal> {
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        if self.application.iter().any(|source| source.path == name) {
            return Ok(());
        }
        let before = self.sources.len();
        self.add(root, path, is_wanted)?;
        if self.sources.len() > before {
            let code = self
                .sources
                .pop_if(|source| is_start_of_rails(&source.path, &source.text));
            self.application.extend(code);
        }
        Ok(())
    }

    fn add(&mut self, root: &Path, path: &Path, is_wanted: bool) -> Result<(), PortRefusal> {
        let below = path.strip_prefix(root).unwrap_or(path);
        let name = below.to_string_lossy().into_owned();
        if self.sources.iter().any(|source| source.path == name) || self.sources.len() >= MOST {
            return Ok(());
        }
        let unreadable = |error| PortRefusal::Unreadable(path.to_owned(), error);
        let there = fs::metadata(path).map_err(unreadable)?;
        if !there.is_file() || there.len() > LARGEST {
            return Err(PortRefusal::Named(format!(
                "{} is no recipe: it is no file, or larger than 4 MB",
                path.display()
            )));
        }
        let text = match String::from_utf8(fs::read(path).map_err(unreadable)?) {
            Ok(text) => text.into_bytes(),
            Err(error) if error.as_bytes().contains(&0) => error.into_bytes(),
            Err(error) => {
                self.in_latin.extend(is_wanted.then(|| name.clone()));
                error
                    .as_bytes()
                    .iter()
                    .copied()
                    .map(char::from)
                    .collect::<String>()
                    .into_bytes()
            }
        };
        self.sources.push(RubyFile {
            path: name,
            text,
            is_wanted,
            gem: None,
            part: None,
        });
        Ok(())
    }

    /// Adds the files that the recipes name in the place of `config/deploy.rb` and of `config/deploy`.
    fn add_parts(&mut self, root: &Path, loaded: &Loaded, is_wanted: bool) -> Result<(), PortRefusal> {
        let mut parts = Vec::new();
        parts.extend(loaded.main.as_ref().map(|main| (root.join(main), FilePart::Main)));
        if let Some(folder) = &loaded.stages {
            for file in with_ending(&root.join(folder), &["rb"]) {
                let name = file.file_stem().map(|name| name.to_string_lossy().into_owned());
                parts.extend(name.map(|name| (file, FilePart::Stage(name))));
            }
        }
        for (path, part) in parts.into_iter().filter(|(path, _)| path.is_file()) {
            self.add(root, &path, is_wanted)?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            if let Some(source) = self.sources.iter_mut().find(|source| source.path == name) {
                // The recipe itself may be in the folder of the stages.
                if !(source.is_main() && matches!(part, FilePart::Stage(_))) {
                    source.part = Some(part);
                }
            }
        }
        Ok(())
    }
}

/// Returns a file that shows how `config/deploy.rb` looks.
fn example(root: &Path) -> Option<String> {
    const WORDS: &[&str] = &["default", "dist", "example", "sample", "template", "tmpl"];
    let files = fs::read_dir(root.join("config")).into_iter().flatten().flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    let is_it = |name: &String| name.starts_with("deploy") && WORDS.iter().any(|word| name.contains(word));
    names.filter(is_it).min().map(|name| format!("config/{name}"))
}

/// Returns the directory of the project that a file belongs to.
fn root_of(file: &Path) -> PathBuf {
    let parent = file.parent().unwrap_or(Path::new("")).to_owned();
    let named = |path: &Path, name: &str| path.file_name().is_some_and(|own| own == name);
    match (
        named(&parent, "config"),
        named(&parent, "deploy") && parent.parent().is_some_and(|up| named(up, "config")),
    ) {
        (true, _) => parent.parent().unwrap_or(Path::new("")).to_owned(),
        (_, true) => parent.ancestors().nth(2).unwrap_or(Path::new("")).to_owned(),
        _ => parent,
    }
}

/// Returns the files of a project that Capistrano would read, in its order.
fn belonging(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in ["Capfile", "capfile", "config/deploy.rb", "deploy.rb"] {
        let path = root.join(name);
        let is_other = name == "deploy.rb" && root.join("config/deploy.rb").exists();
        if path.is_file() && !is_other {
            found.push(path);
        }
    }
    // Without a Capfile nothing says whether these are loaded.
    let functions: &[&str] = if found
        .iter()
        .any(|path| path.ends_with("Capfile") || path.ends_with("capfile"))
    {
        &[]
    } else {
        &["rb"]
    };
    for (folder, endings) in [
        ("config/deploy", &["rb"][..]),
        ("lib/capistrano", functions),
        ("lib/capistrano/tasks", &["rake", "cap", "rb"]),
        ("lib/deploy", &["rb", "rake", "cap"]),
        ("config/deploy/tasks", &["rb", "rake", "cap"]),
        ("config/deploy/recipes", &["rb"]),
        ("config/recipes", &["rb"]),
    ] {
        found.extend(with_ending(&root.join(folder), endings));
    }
    found
}

/// Returns the files in a folder whose names end in one of these ways, sorted.
fn with_ending(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .filter(|path| {
            path.extension()
                .and_then(|ending| ending.to_str())
                .is_some_and(|ending| endings.contains(&ending))
        })
        .collect();
    crate::sort::by(&mut files, Ord::cmp);
    files
}

#[cfg(test)]
mod loaded_tests;
#[cfg(test)]
mod tests;
