//! The facts that all files of a project state together: names, values and the version of Capistrano. They are collected before
//! any file is turned into a recipe.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ruby_prism::{CallNode, Node, ParseResult};

use super::acting::{Acting, words_of_value};
use super::errors::ErrorClasses;
pub(super) use super::found::{Function, Given};
use super::gems::FromGems;
use super::modules::ModuleFunctions;
pub(super) use super::naming::{full_name, full_names, kept, renamed};
use super::programs::ProgramFacts;
use super::ruby::{behind, statements};
use super::server_facts::ServerFacts;
use super::stage_facts::StageFacts;
use crate::recipe::Vocabulary;

/// The facts that the files state together.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) vocabulary: Vocabulary,
    /// The classes of errors that the recipes define.
    pub(super) errors: ErrorClasses,
    /// The functions of modules.
    pub(super) modules: ModuleFunctions,
    /// The version of Capistrano: 1, 2 or 3.
    pub(super) version: u8,
    /// The variables of the recipes, with the kinds of their values.
    pub(super) variables: BTreeMap<String, Given>,
    /// The functions whose results some of them are.
    told_by: BTreeMap<String, BTreeSet<String>>,
    /// Those of them that are set wherever their files are read, whatever is decided there.
    pub(super) sure: BTreeSet<String>,
    /// The numbers of the files that set each of them.
    pub(super) set_in: BTreeMap<String, BTreeSet<usize>>,
    /// True if a recipe fetches what is shown, or how: it has to know what was set.
    pub(super) fetches_log: bool,
    /// The full names of tasks.
    pub(super) tasks: BTreeSet<String>,
    /// The tasks of Rake that a recipe clears, to define them anew.
    pub(super) cleared: BTreeSet<String>,
    /// The tasks of Rake that run again where they are invoked; `*` for one whose name is computed.
    pub(super) reenabled: BTreeSet<String>,
    /// The calls of a task that the statement before them lets run again: the number of the file and the offset.
    pub(super) again_at: BTreeSet<(usize, usize)>,
    /// The tasks that have something run before them; `*` stands for all.
    pub(super) led: BTreeSet<String>,
    /// The recipe's own tasks that need others.
    pub(super) needing: BTreeSet<String>,
    /// The tasks that are defined several times.
    pub(super) defined_again: BTreeSet<String>,
    /// The numbers of the files that define each task, one for each time.
    pub(super) definitions: BTreeMap<String, Vec<usize>>,
    /// The tasks of Capistrano 3 and of its libraries to which a recipe that defines them again adds.
    pub(super) added_to: BTreeSet<String>,
    /// The names that the computed task of a hook has, by its file and its place.
    pub(super) hooked_in_loops: BTreeMap<(usize, usize), Vec<String>>,
    /// The lists that variables are set to, with a colon before their names.
    pub(super) lists: BTreeMap<String, Vec<String>>,
    /// The namespaces with tasks whose names are computed.
    pub(super) computed_tasks: BTreeSet<String>,
    pub(super) namespaces: BTreeSet<String>,
    /// The functions, by name.
    pub(super) functions: BTreeMap<String, Function>,
    /// Those of them that act on servers or change what they are given.
    pub(super) acting: Acting,
    /// The classes of plugins that are installed, by their names and by the last part of these.
    pub(super) plugins: BTreeSet<String>,
    /// The methods of modules that give their block to Capistrano: `Helpers.with_configuration do`.
    pub(super) loaders: BTreeSet<String>,
    /// The functions whose value is given to something, or kept.
    pub(super) as_values: BTreeSet<String>,
    /// The names of the functions that each file defines.
    pub(super) defined_in: BTreeSet<(usize, String)>,
    /// The libraries that are required.
    pub(super) libraries: BTreeSet<String>,
    /// Those that gems require and that no library of capr replaces.
    pub(super) libraries_of_gems: BTreeSet<String>,
    /// The tasks that hooks and calls name.
    pub(super) asked_tasks: BTreeSet<String>,
    /// The libraries that come with capr, that the files need, and that nothing in them requires; with the reason.
    pub(super) unnamed_libraries: BTreeMap<&'static str, String>,
    /// True if a library that comes with capr is loaded.
    pub(super) has_libraries: bool,
    /// The functions that set a variable unless it is set, as `set_default` does.
    pub(super) defaulting: BTreeSet<String>,
    /// The names of the arguments of tasks, by the full names of these.
    pub(super) task_arguments: BTreeMap<String, Vec<String>>,
    /// The number of the file that Capistrano 3 reads when the stage is known.
    pub(super) main_file: Option<usize>,
    /// The source control, if the files set it to a name.
    pub(super) scm: Option<String>,
    pub(super) servers: ServerFacts,
    pub(super) stages: StageFacts,
    pub(super) programs: ProgramFacts,
    /// The paths of the project's files, as they are named.
    pub(super) files: Vec<String>,
    /// The files that belong to the application, which no recipe is written from.
    pub(super) application_files: Vec<String>,
    /// The modules that the files include.
    pub(super) mixed_in: BTreeSet<String>,
    /// The names of the classes, modules and constants that the files define.
    pub(super) constants: BTreeSet<String>,
    /// The numbers of times that constants are named, also where they are defined.
    pub(super) constants_named: BTreeMap<String, usize>,
    /// The names that the application defines: of classes and constants, and of functions outside of classes.
    pub(super) of_application: BTreeSet<String>,
    /// The ERB templates of the project, by their paths.
    pub(super) templates: BTreeMap<String, String>,
    /// The path of each file below the directory of its gem; `None` for a file of the project.
    pub(super) gem_files: Vec<Option<String>>,
    /// The path of the recipe that is written from each file.
    pub(super) recipes: Vec<String>,
    /// The numbers of the files that a recipe is written from.
    pub(super) written: BTreeSet<usize>,
    /// The libraries that were found in gems.
    pub(super) gems: FromGems,
    /// True if code in the files may define functions or tasks in a way that cannot be seen: `eval`, `include`, the whole application.
    pub(super) is_open: bool,
    /// The files that a file loads by their names, without their endings.
    pub(super) named_by: BTreeSet<(usize, String)>,
    /// The functions and variables that give the terminal of HighLine.
    pub(super) people: BTreeSet<String>,
    /// True if all files of the project were looked for on this machine.
    pub(super) is_on_disk: bool,
    /// The directory of the project on this machine.
    pub(super) root: Option<PathBuf>,
    /// True if the files load others whose paths cannot be told.
    pub(super) loads_more: bool,
    /// A file that shows how `config/deploy.rb` looks, if that is not there.
    pub(super) example: Option<String>,
    /// True if the name of a task is computed.
    pub(super) computes_tasks: bool,
    pub(super) points: [usize; 3],
    /// True if a file has words that Capistrano 1 does not know.
    pub(super) is_newer_than_one: bool,
}

/// The step of a deploy that makes a release the current one, as Capistrano up to 2.10 calls it.
pub(super) const LINK: &str = "deploy:symlink";

impl Facts {
    /// Makes an empty one.
    pub(super) fn new(vocabulary: Vocabulary) -> Self {
        Self {
            vocabulary,
            ..Self::default()
        }
    }

    /// Adds the facts in a file.
    pub(super) fn read(&mut self, parsed: &ParseResult<'_>, text: &[u8]) {
        if let Some(program) = parsed.node().as_program_node().filter(super::read::is_classes) {
            super::read::names_of(&program, &mut self.of_application);
        }
        self.as_values.extend(super::filling::given(&parsed.node()));
        super::collecting::collect(self, parsed, text);
    }

    /// Derives the facts that depend on all files.
    pub(super) fn conclude(&mut self) {
        // Words of another version are found in recipes that were moved over in part, and in advice that was copied.
        let locked = self.gems.major("capistrano").and_then(|major| major.checked_sub(1));
        if let Some(points) = locked.and_then(|index| self.points.get_mut(index as usize)) {
            *points += 20;
        }
        let [one, two, three] = self.points;
        let is_own = |scm: &String| {
            matches!(
                scm.as_str(),
                "git" | "svn" | "subversion" | "hg" | "mercurial" | "none" | "tasks"
            )
        };
        // Capistrano loads the library of that name.
        self.is_open |= self.scm.as_ref().is_some_and(|scm| !is_own(scm));
        let is_here = |module: &String| {
            module
                .rsplit("::")
                .next()
                .is_some_and(|name| self.constants.contains(name))
        };
        self.is_open |= !self.mixed_in.iter().all(is_here);
        self.version = match () {
            () if three > two.max(if self.is_newer_than_one { 0 } else { one }) => 3,
            () if one > two && !self.is_newer_than_one => 1,
            () => 2,
        };
        self.libraries
            .retain(|path| !super::read::is_empty_in_three(self.version, path));
        let libraries = self
            .libraries
            .iter()
            .filter(|path| !self.is_bare(path))
            .filter_map(|path| Vocabulary::library_of_ruby(path));
        for name in libraries.collect::<Vec<_>>() {
            self.vocabulary.read_library(name);
            self.has_libraries = true;
        }
        self.added_to = super::added::added_to(self.version, &self.vocabulary, &self.cleared, &self.libraries);
        if self.version == 3 {
            // What it does is done where it is defined.
            self.tasks.remove("load:defaults");
        }
        self.unnamed_libraries = super::unnamed::libraries(self);
        for name in self.unnamed_libraries.keys() {
            self.vocabulary.read_library(name);
            self.has_libraries = true;
        }
        let own = std::mem::take(&mut self.functions);
        self.functions = super::gem_functions::of(&self.vocabulary);
        self.functions.extend(own);
        self.acting = Acting::of(&self.functions);
    }

    /// Returns true if a file defines a function of this name.
    pub(super) fn defines(&self, file: usize, name: &str) -> bool {
        self.defined_in.contains(&(file, name.to_owned()))
    }

    /// Returns the path of a file below the directory of its gem; `None` for a file of the project.
    pub(super) fn in_gem(&self, file: usize) -> Option<&str> {
        self.gem_files.get(file)?.as_deref()
    }

    /// Returns true if a variable of this name is set somewhere.
    pub(super) fn is_variable(&self, name: &str) -> bool {
        match name {
            "stage" => !self.stages.is_empty() || self.variables.contains_key(name),
            name => self.variables.contains_key(name) || self.is_set_by_library(name),
        }
    }

    fn is_set_by_library(&self, name: &str) -> bool {
        // capr reads these variables, but the library does not set them.
        let only_read = matches!(
            name,
            "admin_runner"
                | "capture_limit"
                | "default_shell"
                | "default_stage"
                | "gateway"
                | "heartbeat"
                | "password"
                | "port"
                | "pty"
                | "stage"
                | "sudo"
                | "sudo_prompt"
                | "user"
        );
        !only_read && self.vocabulary.variables.contains(name)
    }

    /// Returns true for a task of Rake that may run other tasks before its prerequisites, or after some of them.
    pub(super) fn is_in_order(&self, task: &str) -> bool {
        let is_led = self.led.contains(task) || self.led.contains("*");
        self.version > 2 && !task.is_empty() && (is_led || self.defined_again.contains(task))
    }

    /// Returns how often the files that Capistrano 3 reads before this one define a task: the recipe comes behind its task files, a stage
    /// behind the recipe.
    pub(super) fn defined_before(&self, task: &str, file: usize) -> usize {
        if self.version < 3 || self.loads_more || self.cleared.contains(task) {
            return 0;
        }
        let turn = |file: usize| {
            let is_stage = self.stages.files.contains(&file);
            (is_stage, self.main_file == Some(file), if is_stage { 0 } else { file })
        };
        let all = self.definitions.get(task).into_iter().flatten();
        all.filter(|other| turn(**other) < turn(file)).count()
    }

    /// Returns true for a variable that capr has, and that is `nil` in Capistrano 3 since nothing sets it.
    pub(super) fn lacks_in_three(&self, ruby: &str) -> bool {
        !self.is_open && !self.variables.contains_key(renamed(ruby)) && self.is_nothing_in_three(ruby)
    }

    /// Returns true for a variable that capr has, and that Capistrano 3 has only if a recipe sets it.
    pub(super) fn is_nothing_in_three(&self, ruby: &str) -> bool {
        let has_rails = || self.libraries.iter().any(|path| path.starts_with("capistrano/rails"));
        self.version > 2 && super::added::is_nothing_in_three(ruby) && !(ruby == "rails_env" && has_rails())
    }

    /// Notes that a variable is set to a block, which may be a function with parameters.
    pub(super) fn set_block(&mut self, name: &str, call: &CallNode<'_>) {
        let is_function = behind(call).is_some_and(|behind| !behind.parameters.is_empty());
        let given = self.variables.get_mut(renamed(name));
        given.into_iter().for_each(|given| given.function |= is_function);
        let nodes = behind(call).map(|behind| statements(behind.body.as_ref()));
        self.set_by(name, nodes.iter().flatten().last());
    }

    fn set_by(&mut self, name: &str, value: Option<&Node<'_>>) {
        for word in value.into_iter().flat_map(words_of_value) {
            self.told_by.entry(renamed(name).to_owned()).or_default().insert(word);
        }
    }

    /// Returns true for a word of Capistrano 2, or a function, that gives what servers have written, line breaks and all.
    pub(super) fn tells_lines(&self, word: &str) -> bool {
        self.version < 3 && (word == "capture" || self.acting.telling.contains(word))
    }

    /// Returns true for a variable that has several lines, or may have.
    pub(super) fn has_lines(&self, name: &str) -> bool {
        let mut names = vec![name];
        let mut next = 0;
        while let Some(name) = names.get(next).copied() {
            let words = self.told_by.get(name);
            let has_some = words.is_some_and(|words| words.iter().any(|word| self.tells_lines(word)));
            if has_some || self.variables.get(name).is_some_and(|given| given.lines) {
                return true;
            }
            // It may hold another variable.
            for word in words.into_iter().flatten().map(|word| renamed(word)) {
                if !names.contains(&word) {
                    names.push(word);
                }
            }
            next += 1;
        }
        false
    }

    /// Returns true for a variable that is a function.
    pub(super) fn is_function(&self, name: &str) -> bool {
        self.version > 2 && self.variables.get(name).is_some_and(|given| given.function)
    }

    /// Returns true if the library or capr itself reads or sets a variable.
    pub(super) fn is_of_library(&self, name: &str) -> bool {
        self.vocabulary.variables.contains(name) || self.vocabulary.read.contains(name)
    }

    /// Returns true if the files or the library have a task of this name.
    pub(super) fn is_task(&self, name: &str) -> bool {
        self.tasks.contains(name) || self.vocabulary.tasks.contains(name)
    }

    /// Returns true for a gem that has no tasks, since plugins of its bring these and none is installed: capistrano-sidekiq from version 2
    /// on, which may have hooks, and capistrano3-puma from version 3 on.
    pub(super) fn is_bare(&self, path: &str) -> bool {
        let (gem, plugin, first) = match path {
            "capistrano/sidekiq" => ("capistrano-sidekiq", "Capistrano::Sidekiq", 2),
            "capistrano/puma" => ("capistrano3-puma", "Capistrano::Puma", 3),
            _ => return false,
        };
        let is_new = self.gems.major(gem).is_some_and(|major| major >= first);
        let inner = format!("{plugin}::");
        let has_tasks = |name: &String| name.starts_with(&inner) || name == plugin && path == "capistrano/puma";
        let is_installed = path == "capistrano/sidekiq" && self.plugins.contains(plugin);
        self.version == 3 && (is_new || is_installed) && !self.plugins.iter().any(has_tasks)
    }

    /// Returns the full name of the task that a name means in a namespace.
    pub(super) fn task(&self, name: &str, namespaces: &[String]) -> Option<String> {
        let named = full_names(namespaces, name).find_map(|full| {
            let with_default = format!("{full}:default");
            // The Capistrano of the project has no such task, and whoever names it gets an error there.
            let is_none = self.is_none_in_three(&full) && !self.tasks.contains(&full);
            if (self.is_task(&full) || self.is_task(&with_default)) && !is_none {
                return Some(self.apart(full));
            }
            // The default task of a namespace of Capistrano 2 is a plain one here.
            let plain = full.strip_suffix(":default").filter(|_| self.version == 2)?;
            self.is_task(plain).then(|| plain.to_owned())
        });
        named.or_else(|| self.computed_task(name, namespaces))
    }

    /// Returns the name that a task has here. The library has two names for the task that installs gems, of which the gem of each version
    /// of Capistrano has one; with the other, a recipe may have a task of its own. So it may with the name of a step that only capr's deploy
    /// has.
    pub(super) fn apart(&self, full: String) -> String {
        let other = if self.version > 2 {
            "bundle:install"
        } else {
            "bundler:install"
        };
        let is_other = full == other && self.vocabulary.has_library("bundler");
        let is_link = full == LINK && self.is_link_apart();
        let is_apart = is_other || is_link || self.is_step_here(&full) || self.is_no_hook_by_name(&full);
        let is_own = self.tasks.contains(&full) && is_apart;
        if !is_own {
            return full;
        }
        let mut apart = format!("{full}_own");
        while self.tasks.contains(&apart) {
            apart.push_str("_own");
        }
        apart
    }

    /// Returns true for the name of a step of capr's deploy that neither Capistrano 3 nor a gem of its has.
    pub(super) fn is_none_in_three(&self, full: &str) -> bool {
        self.version == 3 && full.starts_with("deploy:") && self.is_step_here(full)
    }

    /// Returns true for the name of a task of capr's deploy that the Capistrano of the project does not have.
    pub(super) fn is_step_here(&self, full: &str) -> bool {
        super::added::is_step_here(self.version, full) && self.vocabulary.tasks.contains(full)
    }

    /// Returns true if `deploy:symlink` is a task of the recipe, which a deploy of Capistrano 2.11 and later does not run: hooks with tasks on
    /// that name, and those that name it, are of `deploy:create_symlink`.
    pub(super) fn is_link_apart(&self) -> bool {
        self.version == 2 && self.has_hooks_by_name() == Some(false) && self.tasks.contains(LINK)
    }

    /// Returns true for a task that is a hook by its name here, and none for the Capistrano of the project.
    fn is_no_hook_by_name(&self, full: &str) -> bool {
        self.version == 2 && self.has_hooks_by_name() == Some(false) && self.hooked_by_name(full).is_some()
    }

    /// Returns true if the Capistrano 2 of the project has hooks by their names, as it has up to 2.10, and nothing where no version is known.
    /// A task of 2.11 and a Rails that came out after it tell it where no file names the version.
    pub(super) fn has_hooks_by_name(&self) -> Option<bool> {
        let is_later = || {
            self.asked_tasks.contains("deploy:create_symlink") || self.gems.is_before("rails", "3.2.2") == Some(false)
        };
        let told = self.gems.is_before("capistrano", "2.11");
        told.or_else(|| is_later().then_some(false))
    }

    /// Returns the task that Capistrano up to 2.10 runs this one around, because of its name.
    pub(super) fn hooked_by_name(&self, full: &str) -> Option<String> {
        let (around, name) = full.rsplit_once(':').unwrap_or(("", full));
        let rest = name.strip_prefix("before_").or_else(|| name.strip_prefix("after_"))?;
        let of_namespace = around.rsplit(':').next() == Some(rest);
        let task = match (of_namespace, around) {
            (true, _) => around.to_owned(),
            (false, "") => rest.to_owned(),
            (false, _) => format!("{around}:{rest}"),
        };
        let is_default = || self.tasks.contains(&format!("{task}:default"));
        (self.is_task(&task) || is_default()).then_some(task)
    }

    /// Returns the full name of a task that may be one of those whose names are computed.
    pub(super) fn computed_task(&self, name: &str, namespaces: &[String]) -> Option<String> {
        let inner = format!("{}:{name}", namespaces.join(":"));
        let is_one = |full: &&String| {
            full.rsplit_once(':')
                .is_some_and(|(namespace, _)| self.computed_tasks.contains(namespace))
        };
        [inner, name.to_owned()].iter().find(is_one).cloned()
    }

    /// Returns the full name of the namespace that a name means in a namespace.
    pub(super) fn namespace(&self, name: &str, namespaces: &[String]) -> Option<String> {
        full_names(namespaces, name).find_map(|full| {
            let begins = format!("{full}:");
            let library = self.vocabulary.tasks.iter().any(|task| task.starts_with(&begins));
            (self.namespaces.contains(&full) || library).then_some(full)
        })
    }

    /// Notes that a variable is set.
    pub(super) fn set(&mut self, name: &str, value: Option<&Node<'_>>) {
        let file = self.files.len();
        if name == "stage" {
            self.stages.set(value, self.recipes.last());
        }
        self.set_in.entry(renamed(name).to_owned()).or_default().insert(file);
        self.programs.set(name, value);
        self.set_by(name, value);
        let given = self.variables.entry(renamed(name).to_owned()).or_default();
        let function = value.and_then(super::read::function_of);
        given.function |= function.is_some_and(|function| !function.parameters.is_empty());
        given.lines |= value.is_some_and(has_lines);
        match value {
            Some(value) if value.as_true_node().is_some() || value.as_false_node().is_some() => given.yes_no = true,
            Some(value) if value.as_nil_node().is_some() => given.nothing = true,
            Some(value)
                if value.as_string_node().is_some()
                    || value.as_symbol_node().is_some()
                    || value.as_interpolated_string_node().is_some()
                    || value.as_array_node().is_some()
                    || value.as_hash_node().is_some()
                    || value.as_integer_node().is_some() =>
            {
                given.something = true;
            }
            _ => given.unknown = true,
        }
    }
}

/// Returns true for a string with several lines.
fn has_lines(value: &Node<'_>) -> bool {
    let is_of_lines = |node: &Node<'_>| {
        let text = node.as_string_node();
        text.is_some_and(|text| text.unescaped().contains(&b'\n'))
    };
    let parts = value.as_interpolated_string_node();
    is_of_lines(value) || parts.is_some_and(|text| text.parts().iter().any(|part| is_of_lines(&part)))
}
