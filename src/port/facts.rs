//! The facts that all files of a project state together: names, values and the version of Capistrano. They are collected before
//! any file is turned into a recipe.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::{CallNode, Node, ParseResult, Visit};

use super::acting::Acting;
use super::errors::ErrorClasses;
pub(super) use super::found::{Function, Given, Mapped};
use super::gems::FromGems;
use super::modules::{ModuleFunctions, is_of_object};
pub(super) use super::naming::{kept, renamed};
use super::parameters::function_of;
use super::ruby::{Offsets, arguments, bare, constant, id, line_of, literal};
use super::version::weigh;
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
    /// The numbers of the files that set each of them.
    pub(super) set_in: BTreeMap<String, BTreeSet<usize>>,
    /// The full names of tasks.
    pub(super) tasks: BTreeSet<String>,
    /// The tasks of Rake that a recipe clears, to define them anew.
    cleared: BTreeSet<String>,
    /// The tasks of Rake that run again where they are invoked; `*` for one whose name is computed.
    pub(super) reenabled: BTreeSet<String>,
    /// The tasks of Capistrano 3 and of its libraries to which a recipe that defines them again adds.
    pub(super) added_to: BTreeSet<String>,
    /// The names that the computed task of a hook has, by its file and its place.
    pub(super) hooked_in_loops: BTreeMap<(usize, usize), Vec<String>>,
    /// The namespaces with tasks whose names are computed.
    computed_tasks: BTreeSet<String>,
    pub(super) namespaces: BTreeSet<String>,
    /// The functions, by name.
    pub(super) functions: BTreeMap<String, Function>,
    /// Those of them that act on servers or change what they are given.
    pub(super) acting: Acting,
    /// The classes of plugins that are installed, by the last part of their names.
    pub(super) plugins: BTreeSet<String>,
    /// The methods of modules that give their block to Capistrano: `Helpers.with_configuration do`.
    pub(super) loaders: BTreeSet<String>,
    /// The functions whose value is given to something, or kept.
    pub(super) as_values: BTreeSet<String>,
    /// The names of the functions that each file defines.
    defined_in: BTreeSet<(usize, String)>,
    /// The libraries that are required.
    pub(super) libraries: BTreeSet<String>,
    /// The tasks that hooks and calls name.
    pub(super) asked_tasks: BTreeSet<String>,
    /// The libraries that come with capr, that the files need, and that nothing in them requires; with the reason.
    pub(super) unnamed_libraries: BTreeMap<&'static str, String>,
    /// The replacements of commands in `SSHKit.config.command_map`.
    pub(super) commands: BTreeMap<String, Mapped>,
    /// The places of those whose names a loop gives: the number of the file and the offset.
    pub(super) mapped_at: BTreeSet<(usize, usize)>,
    /// The functions that set a variable unless it is set, as `set_default` does.
    pub(super) defaulting: BTreeSet<String>,
    /// The names of the arguments of tasks, by the full names of these.
    pub(super) task_arguments: BTreeMap<String, Vec<String>>,
    /// The programs that `SSHKit.config.command_map.prefix` puts words before.
    pub(super) prefixed: BTreeSet<String>,
    /// The stages that have a file.
    pub(super) stages: BTreeSet<String>,
    /// The numbers of these files.
    pub(super) stage_files: BTreeSet<usize>,
    /// True if a file sets `stage` to a string.
    pub(super) stage_is_text: bool,
    /// The number of the file that Capistrano 3 reads when the stage is known.
    pub(super) main_file: Option<usize>,
    /// The source control, if the files set it to a name.
    pub(super) scm: Option<String>,
    /// The roles that servers have.
    pub(super) roles: BTreeSet<String>,
    /// True if a server has a user of its own that runs Puma.
    pub(super) has_puma_user: bool,
    /// True if a server has the attribute `primary`.
    pub(super) has_primary: bool,
    /// The roles that have such a server.
    pub(super) primaries: BTreeSet<String>,
    /// The paths of the project's files, as they are named.
    pub(super) files: Vec<String>,
    /// The files that belong to the application, which no recipe is written from.
    pub(super) application_files: Vec<String>,
    /// The modules that the files include.
    mixed_in: BTreeSet<String>,
    /// The names of the classes, modules and constants that the files define.
    pub(super) constants: BTreeSet<String>,
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
    /// True if all files of the project were looked for on this machine.
    pub(super) is_on_disk: bool,
    /// True if the files load others whose paths cannot be told.
    pub(super) loads_more: bool,
    /// A file that shows how `config/deploy.rb` looks, if that is not there.
    pub(super) example: Option<String>,
    /// True if the name of a task is computed.
    pub(super) computes_tasks: bool,
    points: [usize; 3],
}

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
        let mut visitor = Visitor {
            facts: self,
            text,
            namespaces: Vec::new(),
            classes: 0,
            loops: Vec::new(),
        };
        visitor.visit(&parsed.node());
    }

    /// Derives the facts that depend on all files.
    pub(super) fn conclude(&mut self) {
        let [one, two, three] = self.points;
        let is_own = |scm: &String| matches!(scm.as_str(), "git" | "svn" | "subversion" | "hg" | "mercurial" | "none");
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
            () if three > two.max(one) => 3,
            () if one > two => 1,
            () => 2,
        };
        let libraries = self
            .libraries
            .iter()
            .filter_map(|path| Vocabulary::library_of_ruby(path));
        for name in libraries.collect::<Vec<_>>() {
            self.vocabulary.read_library(name);
        }
        self.added_to = super::added::added_to(self.version, &self.vocabulary, &self.cleared);
        if self.version == 3 {
            // What it does is done where it is defined.
            self.tasks.remove("load:defaults");
        }
        self.unnamed_libraries = super::unnamed::libraries(self);
        for name in self.unnamed_libraries.keys() {
            self.vocabulary.read_library(name);
        }
        if self.version > 2 {
            let own = std::mem::take(&mut self.functions);
            self.functions = super::gem_functions::of(&self.vocabulary);
            self.functions.extend(own);
        }
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
                | "stage"
                | "sudo"
                | "sudo_prompt"
                | "user"
        );
        !only_read && self.vocabulary.variables.contains(name)
    }

    /// Returns true if the library or capr itself reads or sets a variable.
    pub(super) fn is_of_library(&self, name: &str) -> bool {
        self.vocabulary.variables.contains(name) || self.vocabulary.read.contains(name)
    }

    /// Returns true if the files or the library have a task of this name.
    pub(super) fn is_task(&self, name: &str) -> bool {
        self.tasks.contains(name) || self.vocabulary.tasks.contains(name)
    }

    /// Returns the full name of the task that a name means in a namespace.
    pub(super) fn task(&self, name: &str, namespaces: &[String]) -> Option<String> {
        let named = (0..=namespaces.len()).rev().find_map(|depth| {
            let around = namespaces.iter().take(depth).map(String::as_str);
            let full = around.chain([name]).collect::<Vec<_>>().join(":");
            let with_default = format!("{full}:default");
            (self.is_task(&full) || self.is_task(&with_default)).then_some(full)
        });
        named.or_else(|| self.computed_task(name, namespaces))
    }

    /// Returns the full name of a task that may be one of those whose names are computed.
    fn computed_task(&self, name: &str, namespaces: &[String]) -> Option<String> {
        let inner = format!("{}:{name}", namespaces.join(":"));
        let is_one = |full: &&String| {
            full.rsplit_once(':')
                .is_some_and(|(namespace, _)| self.computed_tasks.contains(namespace))
        };
        [inner, name.to_owned()].iter().find(is_one).cloned()
    }

    /// Returns the full name of the namespace that a name means in a namespace.
    pub(super) fn namespace(&self, name: &str, namespaces: &[String]) -> Option<String> {
        (0..=namespaces.len()).rev().find_map(|depth| {
            let around = namespaces.iter().take(depth).map(String::as_str);
            let full = around.chain([name]).collect::<Vec<_>>().join(":");
            let begins = format!("{full}:");
            let library = self.vocabulary.tasks.iter().any(|task| task.starts_with(&begins));
            (self.namespaces.contains(&full) || library).then_some(full)
        })
    }

    fn set(&mut self, name: &str, value: Option<&Node<'_>>) {
        let file = self.files.len();
        self.stage_is_text |= name == "stage" && value.is_some_and(|value| value.as_string_node().is_some());
        self.set_in.entry(renamed(name).to_owned()).or_default().insert(file);
        let given = self.variables.entry(renamed(name).to_owned()).or_default();
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

struct Visitor<'a> {
    facts: &'a mut Facts,
    text: &'a [u8],
    namespaces: Vec<String>,
    /// The number of classes around the place.
    classes: usize,
    /// The names that the surrounding loops go through, with the local of each loop.
    loops: Vec<(String, Vec<String>)>,
}

impl<'pr> Visit<'pr> for Visitor<'_> {
    fn visit_class_node(&mut self, node: &ruby_prism::ClassNode<'pr>) {
        let is_plugin = node.superclass().as_ref().is_some_and(super::gems::is_plugin);
        self.define(&node.constant_path());
        self.facts.errors.add(&node.as_node());
        self.classes += usize::from(!is_plugin);
        ruby_prism::visit_class_node(self, node);
        self.classes -= usize::from(!is_plugin);
    }

    fn visit_module_node(&mut self, node: &ruby_prism::ModuleNode<'pr>) {
        self.define(&node.constant_path());
        ruby_prism::visit_module_node(self, node);
    }

    fn visit_singleton_class_node(&mut self, node: &ruby_prism::SingletonClassNode<'pr>) {
        self.classes += 1;
        ruby_prism::visit_singleton_class_node(self, node);
        self.classes -= 1;
    }

    fn visit_call_node(&mut self, node: &CallNode<'pr>) {
        let name = id(&node.name());
        let namespaces = self.call(&name, node);
        let loops = self.loops.len();
        self.loops.extend(super::repeated::through(&name, node));
        if namespaces.is_empty() {
            ruby_prism::visit_call_node(self, node);
        }
        for namespace in namespaces {
            self.namespaces.push(namespace);
            ruby_prism::visit_call_node(self, node);
            self.namespaces.pop();
        }
        self.loops.truncate(loops);
    }

    fn visit_alias_method_node(&mut self, _: &ruby_prism::AliasMethodNode<'pr>) {
        self.facts.is_open = true;
    }

    fn visit_def_node(&mut self, node: &ruby_prism::DefNode<'pr>) {
        let name = id(&node.name());
        self.facts.is_open |= name == "method_missing";
        if node.receiver().is_some() && self.is_of_gem() {
            let code = String::from_utf8_lossy(node.location().as_slice()).into_owned();
            if code.contains("Capistrano::Configuration.instance") && code.contains(".load(&") {
                self.facts.loaders.insert(name.clone());
            }
        }
        // Many recipes define a helper of this name, which is a verb here.
        let is_default = matches!(name.as_str(), "set_default" | "_cset" | "set_unless_exists");
        if !is_default && !self.facts.defaulting.contains(&name) && self.is_word(&name, node) {
            let (start, source) = (node.location().start_offset(), node.location().as_slice());
            let lines = (line_of(self.text, start), line_of(self.text, start + source.len()));
            let function = function_of(node, self.facts.files.len(), lines);
            self.facts.defined_in.insert((self.facts.files.len(), name.clone()));
            self.facts.functions.insert(name, function);
        }
        ruby_prism::visit_def_node(self, node);
    }

    fn visit_constant_write_node(&mut self, node: &ruby_prism::ConstantWriteNode<'pr>) {
        self.facts.constants.insert(id(&node.name()));
        self.facts.errors.add(&node.as_node());
        if self.facts.errors.define(&node.as_node()) {
            return;
        }
        self.keep(&node.name(), &node.value());
        ruby_prism::visit_constant_write_node(self, node);
    }

    fn visit_instance_variable_write_node(&mut self, node: &ruby_prism::InstanceVariableWriteNode<'pr>) {
        self.keep(&node.name(), &node.value());
        ruby_prism::visit_instance_variable_write_node(self, node);
    }

    fn visit_instance_variable_or_write_node(&mut self, node: &ruby_prism::InstanceVariableOrWriteNode<'pr>) {
        self.keep(&node.name(), &node.value());
        ruby_prism::visit_instance_variable_or_write_node(self, node);
    }

    fn visit_global_variable_or_write_node(&mut self, node: &ruby_prism::GlobalVariableOrWriteNode<'pr>) {
        self.keep(&node.name(), &node.value());
        ruby_prism::visit_global_variable_or_write_node(self, node);
    }

    fn visit_global_variable_write_node(&mut self, node: &ruby_prism::GlobalVariableWriteNode<'pr>) {
        self.keep(&node.name(), &node.value());
        ruby_prism::visit_global_variable_write_node(self, node);
    }
}

impl Visitor<'_> {
    /// Notes the words of the name of a class or a module that is defined.
    fn define(&mut self, path: &Node<'_>) {
        let name = constant(path).unwrap_or_default();
        self.facts.constants.extend(name.split("::").map(str::to_owned));
    }

    /// Returns true if the file is one of a gem.
    fn is_of_gem(&self) -> bool {
        self.facts.in_gem(self.facts.files.len()).is_some()
    }

    /// Returns true if recipes can call a function by its name. Those of the project come first; those of classes of a gem belong to
    /// their objects.
    fn is_word(&self, name: &str, node: &ruby_prism::DefNode<'_>) -> bool {
        // A method of a class never stands for a word of Capistrano.
        let is_hidden = self.classes > 0 && self.facts.vocabulary.is_verb(name);
        !is_hidden && !self.is_of_gem()
            || (self.classes == 0 || node.receiver().is_some())
                && !is_of_object(node)
                && !self.facts.functions.contains_key(name)
    }

    /// Notes the variable that a constant, `@x` or `$x` becomes.
    fn keep(&mut self, name: &ruby_prism::ConstantId<'_>, value: &Node<'_>) {
        self.facts.set(&kept(&id(name)), Some(value));
    }

    /// Notes a call; returns the namespaces that it opens, of which there are several in a loop.
    fn call(&mut self, name: &str, node: &CallNode<'_>) -> Vec<String> {
        let given = arguments(node, true);
        let first = given.values.first();
        let text = first.and_then(literal);
        self.facts.is_open |= super::fails::opens(name, node);
        self.facts.mixed_in.extend(super::fails::mixed_in(name, node));
        if node.receiver().is_some() {
            self.of_something(name, node);
            return Vec::new();
        }
        if !self.is_of_gem() {
            weigh(&mut self.facts.points, name, node, self.namespaces.is_empty());
        }
        let is_server = matches!(name, "role" | "server");
        let is_primary = is_server && given.option("primary").is_some();
        self.facts.has_primary |= is_primary;
        let has_user = |name| given.option(name).is_some();
        self.facts.has_puma_user |= is_server && ["puma_user", "run_as"].into_iter().any(has_user);
        if matches!(name, "before" | "after" | "invoke") {
            self.ask_for(&given.values);
        }
        if matches!(name, "before" | "after")
            && let Some((place, names)) = super::repeated::hooked(first, &self.loops)
        {
            self.facts
                .hooked_in_loops
                .insert((self.facts.files.len(), place), names);
        }
        let kind = match self.facts.defaulting.contains(name) {
            true => "set_default",
            false => name,
        };
        match kind {
            "set" | "set_default" | "_cset" | "set_if_empty" | "ask" | "append" | "set_unless_exists" => {
                if let Some(text) = &text {
                    self.facts.set(text, given.values.get(1));
                }
                if text.as_deref() == Some("scm") {
                    self.facts.scm = given.values.get(1).and_then(literal);
                }
            }
            "task" => {
                let named = first.or_else(|| given.pairs.first().map(|(key, _)| key));
                let names = named.and_then(|name| super::repeated::names(name, &self.loops));
                self.facts.computes_tasks |= names.is_none();
                if names.is_none() && !self.namespaces.is_empty() {
                    self.facts.computed_tasks.insert(self.namespaces.join(":"));
                }
                let taken = super::parameters::of_task(node);
                for name in names.into_iter().flatten() {
                    let path = self.namespaces.iter().map(String::as_str).chain([name.as_str()]);
                    let full = path.collect::<Vec<_>>().join(":");
                    if !taken.is_empty() {
                        self.facts.task_arguments.insert(full.clone(), taken.clone());
                    }
                    self.facts.tasks.insert(full);
                }
            }
            "after" | "before" if node.block().is_some() => {
                // With Rake, the second name is that of a task that the block defines.
                if let Some(text) = given.values.get(1).and_then(literal) {
                    let path = self.namespaces.iter().map(String::as_str).chain([text.as_str()]);
                    self.facts.tasks.insert(path.collect::<Vec<_>>().join(":"));
                }
            }
            // Rake makes tasks of files, too.
            "file" | "directory" | "multitask" | "rule" | "remote_file" => self.facts.computes_tasks = true,
            "namespace" => {
                let named = first.or_else(|| given.pairs.first().map(|(key, _)| key));
                let names = named.and_then(|name| super::repeated::names(name, &self.loops));
                self.facts.computes_tasks |= names.is_none();
                for name in names.iter().flatten() {
                    let path = self.namespaces.iter().map(String::as_str).chain([name.as_str()]);
                    self.facts.namespaces.insert(path.collect::<Vec<_>>().join(":"));
                }
                return names.unwrap_or_default();
            }
            "role" => {
                self.facts.primaries.extend(text.clone().filter(|_| is_primary));
                self.facts.roles.extend(text);
            }
            "server" => {
                let before = std::mem::take(&mut self.facts.roles);
                self.facts.roles.extend(given.values.iter().skip(1).filter_map(literal));
                for (key, value) in &given.pairs {
                    if literal(key).as_deref() == Some("roles") {
                        let several = value.as_array_node();
                        let items = several
                            .iter()
                            .flat_map(|list| list.elements().iter().collect::<Vec<_>>());
                        self.facts.roles.extend(items.filter_map(|item| literal(&item)));
                        self.facts.roles.extend(literal(value));
                    }
                }
                if is_primary {
                    self.facts.primaries.extend(self.facts.roles.iter().cloned());
                }
                self.facts.roles.extend(before);
            }
            "install_plugin" => {
                let class = first.and_then(constant).unwrap_or_default();
                self.facts.plugins.extend(class.rsplit("::").next().map(str::to_owned));
            }
            "require" | "load" => {
                let is_of_gem = self.is_of_gem();
                let is_named = |path: &String| !is_of_gem || Vocabulary::library_of_ruby(path).is_some();
                self.facts.libraries.extend(text.filter(is_named));
            }
            _ => {}
        }
        Vec::new()
    }

    /// Notes the tasks that are named with their namespaces.
    fn ask_for(&mut self, names: &[Node<'_>]) {
        if self.is_of_gem() {
            return;
        }
        let names = names.iter().filter_map(literal).filter(|name| name.contains(':'));
        let full = names.map(|name| name.trim_start_matches(':').to_owned());
        self.facts.asked_tasks.extend(full);
    }

    /// Notes a call with a receiver: `deploy.task :restart do`, `SSHKit.config.command_map[:rake] = "bundle exec rake"`.
    fn of_something(&mut self, name: &str, node: &CallNode<'_>) {
        let Some(receiver) = node.receiver() else { return };
        let given = arguments(node, false);
        if name == "task"
            && let (Some(namespace), Some(text)) = (bare(&receiver), given.values.first().and_then(literal))
        {
            self.facts.tasks.insert(format!("{namespace}:{text}"));
            self.facts.points[1] += usize::from(!self.is_of_gem());
        }
        if let ("[]=", Some(map)) = (name, receiver.as_call_node())
            && id(&map.name()) == "command_map"
            && let [key, value] = given.values.as_slice()
        {
            let place = (self.facts.files.len(), node.location().start_offset());
            if let Some(mapped) = super::repeated::mapped(key, value, &self.loops) {
                self.facts.mapped_at.insert(place);
                self.facts.commands.extend(mapped);
            }
        }
        if name == "[]" && super::ruby::source(&receiver) == "SSHKit.config.command_map.prefix" {
            self.facts.prefixed.extend(given.values.first().and_then(literal));
        }
        let class = constant(&receiver);
        super::added::note(name, &receiver, &mut self.facts.cleared, &mut self.facts.reenabled);
        if super::read::is_task_of_rake(node) {
            self.ask_for(&given.values);
        }
        if class.is_some_and(|class| class == "SSHKit") && !self.is_of_gem() {
            self.facts.points[2] += 2;
        }
    }
}
