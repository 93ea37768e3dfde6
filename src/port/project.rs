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

/// The most files that are read.
const MOST: usize = 500;

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
    /// True if the files load others that were not read.
    pub loads_more: bool,
    /// A file that shows how `config/deploy.rb` looks, if that is not there.
    pub example: Option<String>,
    /// The task files that no other file loads.
    pub unloaded: Vec<String>,
}

impl RubyProject {
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
        for folder in ["config", "lib", "app/views/layouts"] {
            project.add_templates(&root, &root.join(folder), 0);
        }
        project.is_on_disk = true;
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
        entries.sort();
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
            let is_template = path
                .extension()
                .is_some_and(|ending| ending == "erb" || ending == "rhtml");
            let is_small = fs::metadata(&path).is_ok_and(|there| there.is_file() && there.len() <= LARGEST);
            if let (true, Ok(text)) = (is_template && is_small, fs::read_to_string(&path)) {
                let below = path.strip_prefix(root).unwrap_or(&path);
                self.templates.push((below.to_string_lossy().into_owned(), text));
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
        self.sources.push(RubyFile {
            path: name,
            text: fs::read(path).map_err(unreadable)?,
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
        if let Some(folder) = loaded
            .stages
            .as_ref()
            .filter(|folder| !folder.ends_with("config/deploy"))
        {
            for file in with_ending(&root.join(folder), &["rb"]) {
                let name = file.file_stem().map(|name| name.to_string_lossy().into_owned());
                parts.extend(name.map(|name| (file, FilePart::Stage(name))));
            }
        }
        for (path, part) in parts.into_iter().filter(|(path, _)| path.is_file()) {
            self.add(root, &path, is_wanted)?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            if let Some(source) = self.sources.iter_mut().find(|source| source.path == name) {
                source.part = Some(part);
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
    for (folder, endings) in [
        ("config/deploy", &["rb"][..]),
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
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::{Note, Ported, port};
    use super::RubyProject;
    use std::fs;

    fn ported(files: &[(&str, &str)]) -> Ported {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let (_, project) = RubyProject::find(&[root.path().to_owned()]).unwrap();
        port(&project).unwrap()
    }

    fn work(ported: &Ported) -> Vec<&Note> {
        let notes = ported.files.iter().flat_map(|file| &file.notes);
        notes.filter(|note| note.depends_on.is_none()).collect()
    }

    const CAPFILE: (&str, &str) = ("Capfile", "load 'deploy'\nload 'config/deploy'\n");

    #[test]
    fn code_of_the_application_is_only_read_and_using_it_is_one_piece_of_work() {
        let application = [
            (
                "config/boot.rb",
                "require_relative 'more'\nmodule Boot\n  class << self\n    def run\n      X.y\n    end\n  end\nend\nBoot.run\n",
            ),
            ("config/more.rb", "Other.thing!\n"),
            (
                "config/initializers/site.rb",
                "SITE = Site.find\nMailer.sender = SITE.mail\n",
            ),
        ];
        let unused = "require './config/boot'\nset :application, 'a'\nDir['config/initializers/*.rb'].each { |f| require f }\ntask(:t) { run 'x' }\n";
        let found = ported(&[&[CAPFILE, ("config/deploy.rb", unused)][..], &application].concat());
        assert!(work(&found).is_empty(), "{found:?}");
        let written: Vec<&str> = found.files.iter().map(|file| file.to.as_str()).collect();
        assert_eq!(written, ["Caprfile", "config/deploy.rhai"]);
        assert_eq!(found.only_read, ["config/boot.rb", "config/initializers/site.rb"]);
        let used = format!("{unused}set :mail, SITE.mail\ntask(:u) {{ run SITE.name }}\ntask(:v) {{ Boot.now }}\n");
        let found = ported(&[&[CAPFILE, ("config/deploy.rb", &used)][..], &application].concat());
        assert_eq!(work(&found).iter().map(|note| note.line).collect::<Vec<_>>(), [5]);
    }

    #[test]
    fn a_file_of_rails_with_tasks_is_a_recipe() {
        let deploy = ("config/deploy.rb", "load 'config/environment'\nset :application, 'a'\n");
        let tasks = ("config/environment.rb", "task(:t) { run 'x' }\n");
        let found = ported(&[CAPFILE, deploy, tasks]);
        assert!(
            found.files.iter().any(|file| file.to == "config/environment.rhai"),
            "{found:?}"
        );
        let main = found.files.iter().find(|file| file.to == "config/deploy.rhai").unwrap();
        assert!(main.text.contains("load \"config/environment.rhai\""), "{}", main.text);
    }

    #[test]
    fn a_file_in_a_directory_of_the_load_path_is_loaded_from_there() {
        let capfile = (
            "Capfile",
            "load 'deploy'\n$LOAD_PATH.unshift 'lib'\nrequire 'recipes/web'\nload 'config/deploy'\n",
        );
        let found = ported(&[
            capfile,
            ("config/deploy.rb", "set :application, 'a'\n"),
            ("lib/recipes/web.rb", "task(:t) { run 'x' }\n"),
        ]);
        assert!(work(&found).is_empty(), "{found:?}");
        let main = found.files.iter().find(|file| file.to == "Caprfile").unwrap();
        assert!(main.text.contains("load \"lib/recipes/web.rhai\""), "{}", main.text);
    }

    #[test]
    fn a_task_of_rails_that_capistrano_cannot_run_needs_no_hand() {
        let capfile = (
            "Capfile",
            "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nimport 'lib/tasks/x.rake'\n",
        );
        let rake = "task a: :environment do\n  User.find_each { |user| user.touch }\nend\ntask b: :environment do\n  puts 'b'\nend\n";
        let found = ported(&[
            capfile,
            ("config/deploy.rb", "set :repo_url, 'x'\n"),
            ("lib/tasks/x.rake", rake),
        ]);
        assert!(
            work(&found).iter().all(|note| note.kind == super::super::Kind::Fails),
            "{found:?}"
        );
        let rake = found.files.iter().find(|file| file.to == "lib/tasks/x.rhai").unwrap();
        assert!(
            rake.text
                .contains("throw \"Don't know how to build task 'environment'\";"),
            "{}",
            rake.text
        );
    }

    fn text<'a>(ported: &'a Ported, to: &str) -> &'a str {
        let file = ported.files.iter().find(|file| file.to == to);
        file.map_or("", |file| &file.text)
    }

    #[test]
    fn a_recipe_whose_main_file_is_not_there_fails_as_it_does_in_capistrano() {
        let found = ported(&[CAPFILE, ("config/deploy.rb.sample", "set :application, 'a'\n")]);
        assert!(
            text(&found, "Caprfile").contains("throw \"no such file to load -- config/deploy\";"),
            "{found:?}"
        );
        let told = work(&found)
            .iter()
            .map(|note| note.reason.as_str())
            .collect::<Vec<_>>()
            .join("\n");
        assert!(told.contains("config/deploy.rb.sample"), "{told}");
        let three = (
            "Capfile",
            "require 'capistrano/setup'\nrequire 'capistrano/deploy'\nlock '3.17'\n",
        );
        let found = ported(&[three, ("config/deploy/a.rb", "server 'a', roles: %w[app]\n")]);
        let capfile = text(&found, "Caprfile");
        assert!(
            capfile.contains("throw \"cannot load such file -- config/deploy.rb\";"),
            "{capfile}"
        );
        assert!(!capfile.contains("load \""), "{capfile}");
    }

    #[test]
    fn the_files_that_a_capfile_names_in_place_of_the_usual_ones_are_read() {
        let capfile = "set :deploy_config_path, 'etc/deploy/main.rb'\nset :stage_config_path, 'etc/stages'\n\
                       require 'capistrano/setup'\nrequire 'capistrano/deploy'\n";
        let found = ported(&[
            ("Capfile", capfile),
            (
                "etc/deploy/main.rb",
                "set :application, 'a'\nload File.expand_path('../more.rb', __FILE__)\n",
            ),
            ("etc/deploy/more.rb", "task(:t) {}\n"),
            ("etc/stages/live.rb", "server 'a', roles: %w[app]\n"),
        ]);
        assert!(work(&found).is_empty(), "{found:?}");
        assert!(
            text(&found, "Caprfile").contains("load \"etc/deploy/main.rhai\";"),
            "{found:?}"
        );
        assert!(
            text(&found, "etc/deploy/main.rhai").contains("load \"more.rhai\";"),
            "{found:?}"
        );
        assert!(
            text(&found, "config/deploy/live.rhai").contains("server \"a\""),
            "{found:?}"
        );
    }

    #[test]
    fn what_somebody_still_has_to_fill_in_does_not_keep_a_recipe_from_being_loaded() {
        let deploy = "set :application, 'a'\nset :domain, 'YOUR DOMAIN HERE'\nset :user, ''\nset :deploy_to, 'PATH'\nrole :web, domain\n\
                      server '', :app\nset :env_home, \"/home/#{ENV.fetch('WHO')}\"\nset :list, [unknown_path + '/a']\n\
                      config = YAML.load_file('x.yml')\nif config['key']\n  set :ssh_options, { :keys => [config['key']] }\nend\n\
                      task(:t) { run \"#{env_home} #{list}\" }\n";
        let found = ported(&[CAPFILE, ("config/deploy.rb", deploy)]);
        assert!(work(&found).is_empty(), "{found:?}");
        let main = text(&found, "config/deploy.rhai");
        for part in [
            "set :deploy_to { throw \"`deploy_to` cannot be `PATH`: say in the recipe what it is\"; }",
            "role :web { domain }",
            "role :app { \"\" }",
            "set :env_home {",
            "set :list { [unknown_path + \"/a\"] }",
            "on :start {\n  if (config[\"key\"]",
        ] {
            assert!(main.contains(part), "no {part} in:\n{main}");
        }
    }
}
