//! Collects the facts in a file, call by call.

use std::collections::BTreeMap;

use ruby_prism::{CallNode, ConstantId, Node, ParseResult, Visit};

use super::facts::{Facts, full_name, kept, renamed};
use super::modules::is_of_object;
use super::parameters::function_of;
use super::ruby::{Offsets, arguments, bare, constant, id, last_part, line_of, literal, loaded_path, source, word};
use super::version::{is_newer_than_one, weigh};
use crate::recipe::Vocabulary;

/// Adds the facts in a file.
pub(super) fn collect(facts: &mut Facts, parsed: &ParseResult<'_>, text: &[u8]) {
    let lists = facts.lists.clone();
    let mut visitor = Visitor {
        facts,
        text,
        namespaces: Vec::new(),
        classes: 0,
        branches: 0,
        loops: Vec::new(),
        lists,
    };
    visitor.visit(&parsed.node());
}

struct Visitor<'a> {
    facts: &'a mut Facts,
    text: &'a [u8],
    namespaces: Vec<String>,
    /// The number of classes around the place.
    classes: usize,
    /// The number of decisions, tasks and functions around the place.
    branches: usize,
    /// The names that the surrounding loops go through, with the local of each loop.
    loops: Vec<(String, Vec<String>)>,
    /// The lists that locals, constants and variables are, the latter with a colon before their names.
    lists: BTreeMap<String, Vec<String>>,
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

    fn visit_if_node(&mut self, node: &ruby_prism::IfNode<'pr>) {
        self.in_branch(|visitor| ruby_prism::visit_if_node(visitor, node));
    }

    fn visit_unless_node(&mut self, node: &ruby_prism::UnlessNode<'pr>) {
        self.in_branch(|visitor| ruby_prism::visit_unless_node(visitor, node));
    }

    fn visit_case_node(&mut self, node: &ruby_prism::CaseNode<'pr>) {
        self.in_branch(|visitor| ruby_prism::visit_case_node(visitor, node));
    }

    fn visit_call_node(&mut self, node: &CallNode<'pr>) {
        let name = word(node);
        let namespaces = self.call(&name, node);
        let loops = self.loops.len();
        self.loops
            .extend(super::repeated::through_lists(&name, node, &self.lists));
        let is_defaults = self.namespaces == ["load"];
        let is_later = matches!(name.as_str(), "task" | "multitask" | "before" | "after" | "on") && !is_defaults;
        self.branches += usize::from(is_later);
        if namespaces.is_empty() {
            ruby_prism::visit_call_node(self, node);
        }
        for namespace in namespaces {
            self.namespaces.push(namespace);
            ruby_prism::visit_call_node(self, node);
            self.namespaces.pop();
        }
        self.loops.truncate(loops);
        self.branches -= usize::from(is_later);
    }

    fn visit_alias_method_node(&mut self, _: &ruby_prism::AliasMethodNode<'pr>) {
        self.facts.is_open = true;
    }

    fn visit_def_node(&mut self, node: &ruby_prism::DefNode<'pr>) {
        let name = id(&node.name());
        self.facts.is_open |= name == "method_missing";
        if let Some(body) = node.body() {
            self.gives_people(&node.name(), &body);
        }
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
        self.in_branch(|visitor| ruby_prism::visit_def_node(visitor, node));
    }

    fn visit_constant_read_node(&mut self, node: &ruby_prism::ConstantReadNode<'pr>) {
        *self.facts.constants_named.entry(id(&node.name())).or_default() += 1;
    }

    fn visit_constant_path_node(&mut self, node: &ruby_prism::ConstantPathNode<'pr>) {
        let name = node.name().map(|name| id(&name)).unwrap_or_default();
        *self.facts.constants_named.entry(name).or_default() += 1;
        ruby_prism::visit_constant_path_node(self, node);
    }

    fn visit_constant_write_node(&mut self, node: &ruby_prism::ConstantWriteNode<'pr>) {
        if self.gives_people(&node.name(), &node.value()) {
            return;
        }
        self.facts.constants.insert(id(&node.name()));
        self.facts.errors.add(&node.as_node());
        if self.facts.errors.define(&node.as_node()) {
            return;
        }
        self.list(&node.name(), &node.value());
        self.keep(&node.name(), &node.value());
        ruby_prism::visit_constant_write_node(self, node);
    }

    fn visit_local_variable_write_node(&mut self, node: &ruby_prism::LocalVariableWriteNode<'pr>) {
        self.list(&node.name(), &node.value());
        ruby_prism::visit_local_variable_write_node(self, node);
    }

    fn visit_local_variable_operator_write_node(&mut self, node: &ruby_prism::LocalVariableOperatorWriteNode<'pr>) {
        self.lists.remove(&id(&node.name()));
        ruby_prism::visit_local_variable_operator_write_node(self, node);
    }

    fn visit_instance_variable_write_node(&mut self, node: &ruby_prism::InstanceVariableWriteNode<'pr>) {
        if self.gives_people(&node.name(), &node.value()) {
            return;
        }
        self.keep(&node.name(), &node.value());
        ruby_prism::visit_instance_variable_write_node(self, node);
    }

    fn visit_instance_variable_or_write_node(&mut self, node: &ruby_prism::InstanceVariableOrWriteNode<'pr>) {
        if self.gives_people(&node.name(), &node.value()) {
            return;
        }
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
    /// Visits what does not run in each run.
    fn in_branch(&mut self, visit: impl FnOnce(&mut Self)) {
        self.branches += 1;
        visit(self);
        self.branches -= 1;
    }

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

    /// Notes the list that a local or a constant is, if nothing decides about it.
    fn list(&mut self, name: &ConstantId<'_>, value: &Node<'_>) {
        match super::repeated::items(value).filter(|_| self.branches == 0) {
            Some(items) => self.lists.insert(id(name), items),
            None => self.lists.remove(&id(name)),
        };
    }

    /// Notes the variable that a constant, `@x` or `$x` becomes.
    fn keep(&mut self, name: &ConstantId<'_>, value: &Node<'_>) {
        self.facts.set(&kept(&id(name)), Some(value));
    }

    /// Notes a call; returns the namespaces that it opens, of which there are several in a loop.
    fn call(&mut self, name: &str, node: &CallNode<'_>) -> Vec<String> {
        let given = arguments(node, true);
        let first = given.values.first();
        let text = first.and_then(literal);
        self.facts.is_open |= super::fails::opens(name, node);
        self.facts.mixed_in.extend(super::fails::mixed_in(name, node));
        if node.receiver().is_some() && (name != "task" || id(&node.name()) == name) {
            self.facts.servers.in_turns |= name == "default_runner=" && text.as_deref() == Some("sequence");
            self.of_something(name, node);
            return Vec::new();
        }
        if !self.is_of_gem() {
            weigh(&mut self.facts.points, name, node, self.namespaces.is_empty());
            self.facts.is_newer_than_one |= is_newer_than_one(name, node);
        }
        self.facts.fetches_log |= name == "fetch" && matches!(text.as_deref(), Some("format" | "log_level"));
        if matches!(name, "role" | "server") {
            self.facts.servers.note(self.facts.files.len(), node, &given);
        }
        if matches!(name, "before" | "after" | "invoke") {
            self.ask_for(&given.values);
        }
        if name == "before" {
            super::added::note_hooked(first, (&self.namespaces, &self.loops), &mut self.facts.led);
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
                    if let Some(items) = given.values.get(1).and_then(super::repeated::items) {
                        self.lists.insert(format!(":{text}"), items.clone());
                        self.facts.lists.insert(format!(":{text}"), items);
                    }
                    self.facts.set_block(text, node);
                    let is_sure = self.branches == 0;
                    self.facts.sure.extend(is_sure.then(|| renamed(text).to_owned()));
                }
                if text.as_deref() == Some("scm") {
                    self.facts.scm = given.values.get(1).and_then(literal);
                }
            }
            "task" | "multitask" => {
                let named = first.or_else(|| given.pairs.first().map(|(key, _)| key));
                let names = named.and_then(|name| super::repeated::names(name, &self.loops));
                self.facts.computes_tasks |= names.is_none();
                if names.is_none() && !self.namespaces.is_empty() {
                    self.facts.computed_tasks.insert(self.namespaces.join(":"));
                }
                let taken = super::parameters::of_task(node);
                let is_again = super::parameters::is_run_again(node);
                let is_some = |needs: &Node<'_>| {
                    needs
                        .as_array_node()
                        .is_none_or(|list| list.elements().iter().next().is_some())
                };
                let needs = given.pairs.first().is_some_and(|(_, needs)| is_some(needs));
                for name in names.into_iter().flatten() {
                    let full = full_name(&self.namespaces, &name);
                    if !taken.is_empty() {
                        self.facts.task_arguments.insert(full.clone(), taken.clone());
                    }
                    self.facts.reenabled.extend(is_again.then(|| full.clone()));
                    self.facts.needing.extend(needs.then(|| full.clone()));
                    self.defined(full);
                }
            }
            "after" | "before" if node.block().is_some() => {
                // With Rake, the second name is that of a task that the block defines.
                if let Some(text) = given.values.get(1).and_then(literal) {
                    self.defined(full_name(&self.namespaces, &text));
                }
            }
            // Rake makes tasks of files, too.
            "file" | "directory" | "rule" | "remote_file" => self.facts.computes_tasks = true,
            "namespace" => {
                let named = first.or_else(|| given.pairs.first().map(|(key, _)| key));
                let names = named.and_then(|name| super::repeated::names(name, &self.loops));
                self.facts.computes_tasks |= names.is_none();
                for name in names.iter().flatten() {
                    self.facts.namespaces.insert(full_name(&self.namespaces, name));
                }
                return names.unwrap_or_default();
            }
            "lock" => {
                let version = text
                    .iter()
                    .map(|text| text.trim_start_matches(|c: char| !c.is_ascii_digit()));
                for version in version.filter(|version| version.contains('.')) {
                    let versions = &mut self.facts.gems.versions;
                    versions
                        .entry("capistrano".to_owned())
                        .or_insert_with(|| version.to_owned());
                }
            }
            "install_plugin" => {
                let class = first.and_then(constant).unwrap_or_default();
                self.facts.plugins.insert(last_part(&class).to_owned());
                self.facts.plugins.insert(class);
            }
            "require" | "load" => {
                let is_of_gem = self.is_of_gem();
                let is_named = |path: &String| !is_of_gem || Vocabulary::library_of_ruby(path).is_some();
                let of_loop = first.and_then(|path| super::repeated::names(path, &self.loops));
                let paths = of_loop.unwrap_or_else(|| first.and_then(loaded_path).into_iter().collect());
                let file = self.facts.files.len();
                let plain = paths
                    .iter()
                    .map(|path| path.trim_start_matches("./").trim_end_matches(".rb"));
                let named_by = plain.map(|path| (file, path.to_owned()));
                self.facts.named_by.extend(named_by.filter(|_| name == "load"));
                let (named, others): (Vec<String>, Vec<String>) = paths.into_iter().partition(is_named);
                self.facts.libraries.extend(named);
                self.facts.libraries_of_gems.extend(others);
            }
            _ => {}
        }
        Vec::new()
    }

    /// Notes the name of a function or a variable that gives the terminal of HighLine. Returns true if it does.
    fn gives_people(&mut self, name: &ConstantId<'_>, value: &Node<'_>) -> bool {
        let gives = super::read::gives_people(&source(value));
        self.facts.people.extend(gives.then(|| id(name)));
        gives
    }

    /// Notes a definition of a task.
    fn defined(&mut self, task: String) {
        let file = self.facts.files.len();
        self.facts.definitions.entry(task.clone()).or_default().push(file);
        if !self.facts.tasks.insert(task.clone()) {
            self.facts.defined_again.insert(task);
        }
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
                self.facts.programs.mapped_at.insert(place);
                self.facts.programs.mapped.extend(mapped);
            }
        }
        if name == "[]" && source(&receiver) == "SSHKit.config.command_map.prefix" {
            self.facts
                .programs
                .prefixed
                .extend(given.values.first().and_then(literal));
        }
        let class = constant(&receiver);
        let facts = &mut *self.facts;
        if let Some(next) = super::added::called_next(name, &receiver, node.location().end_offset(), self.text) {
            facts.again_at.insert((facts.files.len(), next));
            return;
        }
        let begins = super::added::cleared_in_loop(node);
        facts.cleared.extend(begins.map(|begins| format!("{begins}*")));
        super::added::note(
            name,
            &receiver,
            &self.loops,
            (&mut facts.cleared, &mut facts.reenabled, &mut facts.led),
        );
        if super::read::is_task_of_rake(node) {
            self.ask_for(&given.values);
        }
        if class.is_some_and(|class| class == "SSHKit") && !self.is_of_gem() {
            self.facts.points[2] += 2;
        }
    }
}
