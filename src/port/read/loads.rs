//! Reads the loading of files and libraries.

use ruby_prism::{CallNode, Node};

use super::super::form::{Call, Expr, Line, Part, string};
use super::super::note::{Kind, Lack, Missing, Read, SameError, Unported};
use super::super::paths::{OF_STAGES, RubyPath, RubyPaths, is_copy_of_stages, normal};
use super::super::repeated::{names, through};
use super::super::ruby::{arguments, behind, evaluated, id, last_part, literal, loaded_path, source, statements};
use super::{Reader, application, ruby_libraries};
use crate::recipe::Vocabulary;

/// The endings of files of Ruby that hold recipes.
const ENDINGS: &[&str] = &[".rb", ".rake", ".cap"];

impl Reader<'_> {
    /// Reads `require`, `load` and `import`.
    pub(super) fn load(&mut self, call: &CallNode<'_>, name: &str) -> Read<Vec<Line>> {
        if let Some(lines) = self.load_from_gem(call, name)? {
            return Ok(lines);
        }
        let given = arguments(call, false).values;
        let file = evaluated(call).map_or(given, |file| vec![file]);
        let [file] = file.as_slice() else {
            return self.refuse(Kind::Construct, format!("`{name}` of this kind"));
        };
        if let Some(path) = self.of_application(name, file) {
            self.remarks
                .push(format!("`{path}` is not loaded: what needs it has a note of its own"));
            return Ok(Vec::new());
        }
        // A copy of the library of stages in the project is that library.
        let paths = RubyPaths::of_project(self.own());
        let copy = paths.path(file).filter(|path| is_copy_of_stages(path));
        let Some(path) = copy.map(|_| OF_STAGES.to_owned()).or_else(|| loaded_path(file)) else {
            if let Some(lines) = self.by_path(name, file)? {
                return Ok(lines);
            }
            let path = self.expression(file)?;
            if let ("require", Expr::Template(parts)) = (name, &path)
                && let Some(Part::Text(folder)) = parts.first()
                && !folder.starts_with(['.', '/'])
                && !(0..self.facts.files.len()).any(|file| self.is_in(file, folder))
            {
                let reason = format!("the name of a library in `{folder}` is computed");
                return self.lacks(Kind::Library, Lack::Library(folder.clone()), reason);
            }
            return Ok(vec![Line::verb(Call::new("load", vec![as_recipe(path)]))]);
        };
        self.load_named(path, name)
    }

    /// Reads the loading of a file or a library that is named.
    fn load_named(&mut self, path: String, name: &str) -> Read<Vec<Line>> {
        if path == "capistrano/setup" && self.facts.is_on_disk && self.facts.main_file.is_none() {
            return Err(self.no_file("config/deploy.rb", "load"));
        }
        // The library of stages has nothing but a task for hooks.
        let is_hooked = path.ends_with("/multistage") && self.facts.asked_tasks.contains("multistage:ensure");
        if is_known_library(&path) && !is_hooked {
            return Ok(Vec::new());
        }
        if let Some(remark) = only_called(&path) {
            self.remarks.push(remark);
            return Ok(self.as_gem(&path));
        }
        if is_empty_in_three(self.facts.version, &path) {
            self.remarks.push(format!(
                "`{path}` is left out: this file of the gem is empty, and Capistrano loads nothing by it either; `require \"{}\"` is what \
                 its guide says",
                path.replacen('-', "/", 1)
            ));
            return Ok(Vec::new());
        }
        let is_here = || self.facts.files.iter().any(|own| stem(own) == stem(&path));
        if is_plain_ruby(&path) && !is_here() {
            self.remarks
                .push(format!("`{path}` is not loaded: what needs it has a note of its own"));
            return Ok(Vec::new());
        }
        if name == "require_relative"
            && let Some(number) = self.beside(&path)
            && let (Some(own), Some(recipe)) = (self.facts.recipes.get(self.file), self.facts.recipes.get(number))
        {
            let recipe = super::gems::relative(own, recipe);
            return Ok(vec![Line::verb(Call::new("load", vec![Expr::Text(recipe)]))]);
        }
        if let Some(recipe) = self.recipe_of(&path) {
            return Ok(vec![Line::verb(Call::new("load", vec![Expr::Text(recipe)]))]);
        }
        if path == "capistrano/data_migrate" && self.facts.variables.contains_key("conditionally_migrate") {
            let remark = "`conditionally_migrate` with `data_migrate`: capr migrates where anything in db/ has changed; the gem did only where \
                          both db/migrate and db/data had";
            self.remarks.push(remark.to_owned());
        }
        if self.facts.is_bare(&path) {
            return Ok(self.as_bare(&path));
        }
        if let Some(library) = Vocabulary::library_of_ruby(&path) {
            // The gem of Capistrano 2 has that task in each deploy:setup.
            let installs = ruby_libraries::left_out("rbenv:setup");
            let is_of_two = self.facts.version < 3 && path == "capistrano-rbenv";
            self.remarks.extend(installs.filter(|_| is_of_two));
            let mut lines = vec![Line::verb(Call::new("require", vec![Expr::text(library)]))];
            lines.extend(self.as_gem(&path));
            return Ok(lines);
        }
        if self.looked_for && name != "require" {
            let path = as_recipe(Expr::Text(path));
            return Ok(vec![Line::verb(Call::new("load", vec![path]))]);
        }
        let is_file = name == "load" && (path.contains('/') || path.contains('.')) && !path.starts_with("deploy/");
        if is_file || name == "require_relative" || is_of_project(&path) {
            return Err(self.no_file(&path, name));
        }
        let reason = match self.facts.gems.not_installed.get(&path) {
            Some(gem) => format!(
                "the recipe library `{path}` is in a gem that is not here: `bundle install` brings {gem}, or --gems names its directory"
            ),
            None => match self.facts.gems.left_out.get(&path) {
                Some(gem) => format!("{gem}, so it was left out: what its tasks ran stands in tasks of the recipe"),
                None => library_reason(&path),
            },
        };
        self.lacks(Kind::Library, Lack::Library(path), reason)
    }

    /// Reads `%w[a b].each { |library| require library }`, where not all are files of the project: each is loaded as if it stood alone; `None`
    /// for anything else.
    pub(super) fn load_each(&mut self, call: &CallNode<'_>, name: &str) -> Read<Option<Vec<Line>>> {
        let Some((listed, behind)) = through(name, call).zip(behind(call)) else {
            return Ok(None);
        };
        let nodes = statements(behind.body.as_ref());
        let [only] = nodes.as_slice() else { return Ok(None) };
        let is_load = |load: &CallNode<'_>| {
            load.receiver().is_none() && matches!(id(&load.name()).as_str(), "load" | "require" | "require_relative")
        };
        let Some(load) = only.as_call_node().filter(is_load) else {
            return Ok(None);
        };
        let given = arguments(&load, false).values;
        let [file] = given.as_slice() else { return Ok(None) };
        let paths = names(file, &[listed]).filter(|_| literal(file).is_none());
        let is_unknown = |path: &String| is_of_project(path) && !self.facts.is_on_disk;
        let Some(paths) = paths.filter(|paths| !paths.iter().all(|path| self.recipe_of(path).is_some())) else {
            return Ok(None);
        };
        if paths.iter().any(is_unknown) {
            return Ok(None);
        }
        let (mut lines, mut missing) = (Vec::new(), None);
        for path in paths {
            let of_gem = self.of_gem(&path);
            match of_gem.map_or_else(|| self.load_named(path, &id(&load.name())), Ok) {
                Ok(loaded) => lines.extend(loaded),
                Err(unported) => {
                    // They are one piece of work.
                    let depends_on = missing.or(unported.depends_on);
                    lines.push(self.noted(only, Unported { depends_on, ..unported }));
                    missing.get_or_insert(self.notes.len());
                }
            }
        }
        Ok(Some(lines))
    }

    /// Returns true if a file of the project, and not of a gem, is in a folder.
    fn is_in(&self, file: usize, folder: &str) -> bool {
        self.facts.in_gem(file).is_none() && self.facts.files.get(file).is_some_and(|own| own.contains(folder))
    }

    /// Reads the loading of a file whose path is made of the place of this one; `None` if it is another path.
    fn by_path(&self, word: &str, file: &Node<'_>) -> Read<Option<Vec<Line>>> {
        let paths = RubyPaths::of_project(self.own());
        let Some(path) = paths.path(file) else { return Ok(None) };
        let Some(place) = RubyPaths::place(&path) else {
            return Ok(None);
        };
        let (path, is_below) = match place {
            RubyPath::Below(path) => (path, true),
            RubyPath::Named(path) => (path, false),
        };
        if !path.contains('*') && is_below {
            let number = self.file_of(&path);
            if let (Some(number), Some(own)) = (number, self.facts.recipes.get(self.file)) {
                let recipe = self.facts.recipes.get(number).map_or("", String::as_str);
                let recipe = Expr::Text(super::gems::relative(own, recipe));
                return Ok(Some(vec![Line::verb(Call::new("load", vec![recipe]))]));
            }
        }
        // A path that begins with what only a run knows could be anywhere, and a pattern without a name could be anything.
        if path.starts_with('*') {
            return Ok(None);
        }
        let names = path.rsplit('/').next().unwrap_or(&path).replace('*', "");
        let pattern = glob::Pattern::new(stem(&path)).ok();
        let mut files = self.facts.files.iter().map(|own| stem(own));
        let is_there = files.any(|own| {
            let pattern = pattern.as_ref();
            pattern.is_none_or(|pattern| pattern.matches(own)) || word == "require" && is_file(own, &path)
        });
        let is_known = is_there || self.looked_for || names.is_empty() || self.facts.loads_more;
        match is_known || is_at_hand(self.facts, &path) {
            true => Ok(None),
            false => Err(self.no_file(&path, word)),
        }
    }

    /// Returns the reason for a file that is loaded and is not there. Capistrano does not find it either if all files were looked for.
    fn no_file(&self, path: &str, word: &str) -> Unported {
        let reason = match self
            .facts
            .example
            .as_ref()
            .filter(|_| path.starts_with("config/deploy"))
        {
            Some(example) => format!("the file `{path}` is not there: write it as `{example}` shows, and port it"),
            None if self.facts.is_on_disk => format!("the file `{path}` is not there: port where it is"),
            None => format!("the file `{path}` is not among those that were read"),
        };
        let unported = Unported::new(Kind::Name, reason).lacking(Lack::File(path.to_owned()));
        // Others may be in a gem.
        let is_beside = word == "load" && path.ends_with(".rb") && !path.contains('/');
        match word == "require_relative" || is_beside || is_of_project(path) {
            true => {
                let error = match (word, self.facts.version) {
                    ("load", 1 | 2) => "no such file to load",
                    _ => "cannot load such file",
                };
                unported.failing(SameError::new(format!("{error} -- {path}"), Missing::File))
            }
            false => unported,
        }
    }

    /// Returns the path of the file itself.
    fn own(&self) -> &str {
        self.facts.files.get(self.file).map_or("", String::as_str)
    }

    /// Returns the number of the file of the project to which this path leads from the folder of the file.
    fn beside(&self, path: &str) -> Option<usize> {
        let folder = RubyPaths::of_project(self.own()).folder();
        self.file_of(&normal(&format!("{folder}/{path}"))?)
    }

    /// Returns the number of the file that a path names, with or without its ending; Ruby looks for `.rb` first.
    fn file_of(&self, path: &str) -> Option<usize> {
        let files = &self.facts.files;
        let is_ruby = |own: &String| own == path || own.strip_suffix(".rb") == Some(path);
        let first = files.iter().position(is_ruby);
        first.or_else(|| files.iter().position(|own| stem(own) == stem(path)))
    }

    /// Returns the path at which `load` finds the recipe of a file of the project that this path names.
    fn recipe_of(&self, path: &str) -> Option<String> {
        let plain = path.trim_start_matches("./");
        let file = self.file_of(plain);
        if file.is_some() || self.beside(plain).is_some() {
            let recipe = file.and_then(|number| self.facts.recipes.get(number));
            let is_whole = file.and_then(|number| self.facts.files.get(number));
            let is_whole = is_whole.is_some_and(|own| stem(own) == stem(plain));
            // A stage of another directory is written into that of all stages.
            let recipe = recipe
                .filter(|recipe| is_whole || recipe.starts_with(stem(plain)))
                .cloned();
            return recipe.or_else(|| Some(format!("{}.rhai", stem(plain))));
        }
        let number = self.facts.files.iter().position(|own| is_file(own, path))?;
        let own = self.facts.recipes.get(self.file)?;
        Some(super::gems::relative(own, self.facts.recipes.get(number)?))
    }

    /// Returns the path of the code of the application that is loaded.
    fn of_application(&self, word: &str, file: &Node<'_>) -> Option<String> {
        let known = RubyPaths::of_project(self.own());
        let paths = match RubyPaths::place(&known.path(file)?)? {
            RubyPath::Below(path) => vec![path],
            RubyPath::Named(path) => {
                let beside = format!("{}/{path}", known.folder());
                match word {
                    "require_relative" => vec![beside],
                    _ => vec![path, beside],
                }
            }
        };
        let is_among = |files: &[String], path: &str| files.iter().any(|own| stem(own) == stem(path));
        let paths: Vec<String> = paths.iter().filter_map(|path| normal(path)).collect();
        if paths.iter().any(|path| is_among(&self.facts.files, path)) {
            return None;
        }
        let is_code = |path: &String| application::is_of_rails(path) || is_among(&self.facts.application_files, path);
        paths.into_iter().find(is_code)
    }

    pub(super) fn plugin(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let class = arguments(call, false).values.first().map(source).unwrap_or_default();
        if class.starts_with("Capistrano::SCM::") {
            let scm = match class.trim_start_matches("Capistrano::SCM::") {
                "Git" => "git",
                "Svn" => "subversion",
                "Hg" => "mercurial",
                "Git::WithSubmodules" => {
                    let submodules = vec![Expr::symbol("git_enable_submodules"), Expr::Bool(true)];
                    let scm = Call::new("set", vec![Expr::symbol("scm"), Expr::symbol("git")]);
                    return Ok(vec![Line::verb(scm), Line::verb(Call::new("set", submodules))]);
                }
                other => return self.refuse(Kind::Library, format!("the source control of `{other}`")),
            };
            return Ok(vec![Line::verb(Call::new(
                "set",
                vec![Expr::symbol("scm"), Expr::symbol(scm)],
            ))]);
        }
        // `Capistrano::Puma::Systemd` belongs to the library `capistrano/puma`.
        let gem = class
            .trim_start_matches("Capistrano::")
            .split("::")
            .next()
            .unwrap_or("")
            .to_lowercase();
        if Vocabulary::library_of_ruby(&format!("capistrano/{gem}")).is_some() {
            let option = arguments(call, false).option("load_hooks").map(|hooks| source(hooks));
            return Ok(self.as_plugin(&class, option.is_some_and(|hooks| hooks == "false")));
        }
        if self.facts.gems.plugins.contains(last_part(&class)) {
            // Its tasks and hooks stand where the class was.
            return Ok(Vec::new());
        }
        let reason = format!("the plugin `{class}`");
        self.lacks(Kind::Library, Lack::Class(class), reason)
    }
}

/// Returns a condition with the recipes that are looked for in place of Ruby files, and true if it looks for one.
pub(super) fn looked_for(condition: Expr) -> (Expr, bool) {
    match condition {
        Expr::Call(call) if matches!(call.name.as_str(), "file_exists" | "ruby_is_file") => {
            let arguments = call.arguments.into_iter().map(|path| match path.literal() {
                Some(path) if !path.ends_with(".rb") => Expr::text(path),
                _ => as_recipe(path),
            });
            (Expr::call(&call.name, arguments.collect()), true)
        }
        Expr::Call(call) if call.name == "ruby_is_in_load_path" => (Expr::Call(call), true),
        other => (other, false),
    }
}

/// Returns true for a path of a file of the project, and not of a gem.
pub(super) fn is_of_project(path: &str) -> bool {
    const BEGINS: &[&str] = &["./", "../", "app/", "config/", "lib/", "vendor/"];
    BEGINS.iter().any(|begin| path.starts_with(begin))
}

/// Returns true if a library or a file that is loaded is known, or belongs to the project.
pub(in crate::port) fn is_at_hand(facts: &super::super::facts::Facts, path: &str) -> bool {
    is_known_library(path)
        || is_plain_ruby(path)
        || only_called(path).is_some()
        || Vocabulary::library_of_ruby(path).is_some()
        || facts
            .files
            .iter()
            .chain(&facts.application_files)
            .any(|own| is_file(own, path))
}

/// Returns true if the path that is loaded is this file of the project.
fn is_file(own: &str, path: &str) -> bool {
    let path = stem(path.trim_start_matches("./"));
    stem(own) == path || stem(own).ends_with(&format!("/{path}"))
}

/// Returns the path of a file without the ending of recipes.
fn stem(path: &str) -> &str {
    ENDINGS
        .iter()
        .find_map(|ending| path.strip_suffix(ending))
        .unwrap_or(path)
}

/// Returns the path of the recipe that is written from a Ruby file.
pub(super) fn as_recipe(path: Expr) -> Expr {
    if let Expr::Call(call) = path {
        let is_path = matches!(call.name.as_str(), "join_path" | "glob" | "expand_path");
        let arguments = call
            .arguments
            .into_iter()
            .map(|value| if is_path { as_recipe(value) } else { value });
        return Expr::call(&call.name, arguments.collect());
    }
    let mut parts = path.parts();
    if let Some(Part::Text(text)) = parts.last_mut() {
        for ending in ENDINGS {
            if let Some(stem) = text.strip_suffix(ending) {
                *text = format!("{stem}.rhai");
            }
        }
    }
    match string(parts) {
        Expr::Template(mut parts) if parts.len() == 1 => match parts.pop() {
            Some(Part::Value(value)) => value,
            Some(Part::Text(text)) => Expr::Text(text),
            None => Expr::text(""),
        },
        other => other,
    }
}

/// Returns true for a library that a recipe of capr does not need, or whose tasks capr has.
fn is_known_library(path: &str) -> bool {
    ruby_libraries::NEEDLESS.contains(&path.trim_end_matches(".rb"))
}

/// Returns true for a file of a gem that is empty in this version of Capistrano.
pub(in crate::port) fn is_empty_in_three(version: u8, path: &str) -> bool {
    version == 3 && ruby_libraries::EMPTY_IN_THREE.contains(&path.trim_end_matches(".rb"))
}

/// Returns the remark about a library that a deploy does not need, such as one whose tasks run only when they are called.
pub(super) fn only_called(path: &str) -> Option<String> {
    let path = path.trim_end_matches(".rb");
    if let Some((_, why)) = ruby_libraries::LEFT_OUT.iter().find(|(name, _)| *name == path) {
        return Some(format!("`{path}` does not come along: {why}"));
    }
    let (_, does) = ruby_libraries::ONLY_CALLED.iter().find(|(name, _)| *name == path)?;
    Some(format!(
        "`{path}` does not come along, and a deploy does not need it: {does}"
    ))
}

/// Returns true for a library of Ruby without tasks and hooks of Capistrano, or for code of the application: loading it does nothing
/// that a server would notice.
fn is_plain_ruby(path: &str) -> bool {
    let path = path.trim_end_matches(".rb").trim_start_matches("./");
    let is_library = is_of_gem_of_ruby(path);
    // The part of a library that is made for Capistrano has tasks: `hipchat/capistrano`, `mail/recipes`.
    let is_for_capistrano = ["capistrano", "recipes", "deploy", "tasks"]
        .iter()
        .any(|part| path.contains(part));
    application::is_of_rails(path) || is_library && !is_for_capistrano
}

/// Returns true for a library of a gem of Ruby, and for the part of one that is made for Capistrano.
pub(in crate::port) fn is_of_gem_of_ruby(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or(path);
    ruby_libraries::PLAIN.contains(&first) || first.starts_with("aws-sdk")
}

fn library_reason(path: &str) -> String {
    format!("the recipe library `{path}` does not come along: what its tasks ran stands in tasks of the recipe")
}
