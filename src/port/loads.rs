//! Finds the places of a file that load others: `load`, `require`, `import`, lists and patterns whose files are loaded one by one, and the
//! directories in which they are looked for.

use std::collections::BTreeSet;

use ruby_prism::{CallNode, Node, ParseResult, Visit};

use super::paths::RubyPaths;
use super::read::decided;
use super::ruby::{arguments, behind, constant, evaluated, id, literal, loaded_path, source, statements};

/// The most files and patterns that one file names.
const MOST: usize = 1000;

/// The words that load what their arguments name.
const WORDS: &[&str] = &[
    "eval_rakefile",
    "import",
    "load",
    "load_imported",
    "load_rakefile",
    "require",
    "require_relative",
];

/// A file or a pattern that is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoadedPath {
    /// The word that loads it.
    pub(super) word: String,
    /// The path as [`RubyPaths`] tells it.
    pub(super) path: String,
    /// True if it comes from a list or a pattern.
    pub(super) is_listed: bool,
    /// True if it stands in a class, a module or a function.
    pub(super) is_inside: bool,
}

/// Everything that a file loads.
#[derive(Debug)]
pub(super) struct Loads<'a> {
    pub(super) files: Vec<LoadedPath>,
    /// The directories that it adds to those in which files are looked for.
    pub(super) folders: Vec<String>,
    /// The file that it names in the place of `config/deploy.rb`.
    pub(super) main: Option<String>,
    /// The directory that it names in the place of `config/deploy`.
    pub(super) stages: Option<String>,
    known: RubyPaths<'a>,
    /// The variables among them, which the command line may set to something else.
    variables: BTreeSet<String>,
    /// The version of Capistrano, if it is known already: it decides which branches are read.
    version: Option<u8>,
    /// The number of classes, modules and functions around the place.
    inside: usize,
    /// The number of surrounding loops over lists.
    lists: usize,
}

impl<'a> Loads<'a> {
    /// Finds them.
    pub(super) fn of(parsed: &ParseResult<'_>, known: RubyPaths<'a>, version: Option<u8>) -> Self {
        let mut loads = Self {
            files: Vec::new(),
            folders: Vec::new(),
            main: None,
            stages: None,
            known,
            variables: BTreeSet::new(),
            version,
            inside: 0,
            lists: 0,
        };
        loads.visit(&parsed.node());
        loads
    }

    fn add(&mut self, word: &str, path: String) {
        let load = LoadedPath {
            word: word.to_owned(),
            path,
            is_listed: self.lists > 0,
            is_inside: self.inside > 0,
        };
        if self.files.len() < MOST && !self.files.contains(&load) {
            self.files.push(load);
        }
    }

    fn call(&mut self, call: &CallNode<'_>) {
        let name = id(&call.name());
        let receiver = call.receiver();
        let code = receiver.as_ref().map(source);
        let is_own = code.as_deref().is_none_or(|code| {
            let of_configuration = code.trim_start_matches("::").starts_with("Capistrano::Configuration.");
            of_configuration || matches!(code, "Kernel" | "Rake" | "Rake.application" | "self" | "configuration")
        });
        let given = arguments(call, false).values;
        if let ("set", true, [variable, path]) = (name.as_str(), is_own, given.as_slice()) {
            match literal(variable).as_deref() {
                Some("deploy_config_path") => self.main = self.known.path(path),
                Some("stage_config_path" | "stage_dir") => self.stages = self.known.path(path),
                Some(variable) => {
                    self.variables.insert(variable.to_owned());
                    self.keep(variable.to_owned(), path);
                }
                None => {}
            }
        } else if is_own && name == "add_rakelib" {
            let folders = given.iter().filter_map(|node| self.known.path(node));
            for folder in folders.collect::<Vec<_>>() {
                self.add("import", format!("{folder}/*.rake"));
            }
        } else if is_own && (WORDS.contains(&name.as_str()) || evaluated(call).is_some()) {
            let file = evaluated(call);
            let name = if file.is_some() { "load".to_owned() } else { name };
            for node in &file.map_or(given, |file| vec![file]) {
                match node.as_splat_node().and_then(|splat| splat.expression()) {
                    Some(list) => self.each(&list, &name),
                    None => {
                        let path = loaded_path(node).or_else(|| self.known.path(node));
                        let others = self.others(node);
                        path.into_iter().for_each(|path| self.add(&name, path));
                        self.lists += 1;
                        others.into_iter().for_each(|pattern| self.add(&name, pattern));
                        self.lists -= 1;
                    }
                }
            }
        } else if matches!(name.as_str(), "unshift" | "<<" | "push" | "concat")
            && matches!(
                code.as_deref(),
                Some("$:" | "$LOAD_PATH" | "load_paths" | "self.load_paths")
            )
        {
            let folders = given.iter().filter_map(|node| self.known.path(node));
            self.folders.extend(folders.collect::<Vec<_>>());
        }
    }

    /// Returns the files beside the one that is loaded, if a variable alone names it: the command line may name another one.
    fn others(&mut self, node: &Node<'_>) -> Option<String> {
        let all = self.known.values.clone();
        self.known.values.retain(|name, _| !self.variables.contains(name));
        let without = self.known.path(node);
        self.known.values = all;
        let without = without?;
        let (folder, name) = without.rsplit_once('/')?;
        let is_open = name.trim_end_matches(".rb") == "*" && folder.contains('/') && !folder.contains('*');
        is_open.then(|| format!("{folder}/*.rb"))
    }

    /// Adds the files of a list.
    fn each(&mut self, list: &Node<'_>, word: &str) {
        self.lists += 1;
        for path in self.known.patterns(list).unwrap_or_default() {
            self.add(word, path);
        }
        self.lists -= 1;
    }

    /// Reads a loop over a list of paths, once for each of them; returns false if it is anything else.
    fn is_loop(&mut self, call: &CallNode<'_>) -> bool {
        let name = id(&call.name());
        let receiver = call.receiver();
        let class = receiver.as_ref().and_then(constant);
        let is_of_dir = matches!(class.as_deref(), Some("Dir")) && name == "glob";
        let is_each = matches!(
            name.as_str(),
            "each" | "map" | "each_with_index" | "collect" | "flat_map"
        );
        let list = match (is_of_dir, is_each, receiver) {
            (true, _, _) => call.as_node(),
            (_, true, Some(list)) => list,
            _ => return false,
        };
        let Some(paths) = self.known.patterns(&list) else {
            return false;
        };
        if let Some(argument) = call.block().and_then(|block| block.as_block_argument_node()) {
            let code = argument.expression().map_or_else(String::new, |method| source(&method));
            let word = WORDS.iter().find(|word| code == format!("method(:{word})"));
            word.into_iter().for_each(|word| self.each(&list, word));
            return true;
        }
        let Some(behind) = behind(call).filter(|behind| !behind.parameters.is_empty()) else {
            return false;
        };
        let name = behind.parameters.first().cloned().unwrap_or_default();
        let nodes = statements(behind.body.as_ref());
        self.through(&name, paths, &nodes);
        true
    }

    fn through(&mut self, name: &str, paths: Vec<String>, nodes: &[Node<'_>]) {
        let outer = self.known.values.remove(name);
        self.lists += 1;
        for path in paths.into_iter().take(if self.lists > 3 { 1 } else { MOST }) {
            self.known.values.insert(name.to_owned(), path);
            nodes.iter().for_each(|node| self.visit(node));
        }
        self.lists -= 1;
        self.known.values.remove(name);
        self.known.values.extend(outer.map(|outer| (name.to_owned(), outer)));
    }

    /// Keeps the path or the paths that a local or a constant holds.
    fn keep(&mut self, name: String, value: &Node<'_>) {
        if let Some(list) = self.known.patterns(value) {
            self.known.lists.insert(name, list);
            return;
        }
        match self.known.path(value) {
            Some(path) => self.known.values.insert(name, path),
            None => self.known.values.remove(&name),
        };
    }

    fn inside(&mut self, visit: impl FnOnce(&mut Self)) {
        self.inside += 1;
        visit(self);
        self.inside -= 1;
    }

    fn decided(&self, condition: &Node<'_>) -> Option<bool> {
        decided(condition, self.version?)
    }
}

impl<'pr> Visit<'pr> for Loads<'_> {
    fn visit_call_node(&mut self, node: &CallNode<'pr>) {
        self.call(node);
        if !self.is_loop(node) {
            ruby_prism::visit_call_node(self, node);
        }
    }

    fn visit_for_node(&mut self, node: &ruby_prism::ForNode<'pr>) {
        let name = node
            .index()
            .as_local_variable_target_node()
            .map(|local| id(&local.name()));
        match (name, self.known.patterns(&node.collection())) {
            (Some(name), Some(paths)) => {
                let nodes = statements(node.statements().as_ref());
                self.through(&name, paths, &nodes);
            }
            _ => ruby_prism::visit_for_node(self, node),
        }
    }

    fn visit_local_variable_write_node(&mut self, node: &ruby_prism::LocalVariableWriteNode<'pr>) {
        ruby_prism::visit_local_variable_write_node(self, node);
        self.keep(id(&node.name()), &node.value());
    }

    fn visit_constant_write_node(&mut self, node: &ruby_prism::ConstantWriteNode<'pr>) {
        ruby_prism::visit_constant_write_node(self, node);
        self.keep(id(&node.name()), &node.value());
    }

    fn visit_if_node(&mut self, node: &ruby_prism::IfNode<'pr>) {
        match self.decided(&node.predicate()) {
            Some(true) => statements(node.statements().as_ref())
                .iter()
                .for_each(|inner| self.visit(inner)),
            Some(false) => node.subsequent().iter().for_each(|next| self.visit(next)),
            None => ruby_prism::visit_if_node(self, node),
        }
    }

    fn visit_unless_node(&mut self, node: &ruby_prism::UnlessNode<'pr>) {
        match self.decided(&node.predicate()) {
            Some(false) => statements(node.statements().as_ref())
                .iter()
                .for_each(|inner| self.visit(inner)),
            Some(true) => node
                .else_clause()
                .iter()
                .for_each(|clause| self.visit(&clause.as_node())),
            None => ruby_prism::visit_unless_node(self, node),
        }
    }

    fn visit_module_node(&mut self, node: &ruby_prism::ModuleNode<'pr>) {
        self.inside(|loads| ruby_prism::visit_module_node(loads, node));
    }

    fn visit_class_node(&mut self, node: &ruby_prism::ClassNode<'pr>) {
        self.inside(|loads| ruby_prism::visit_class_node(loads, node));
    }

    fn visit_def_node(&mut self, node: &ruby_prism::DefNode<'pr>) {
        self.inside(|loads| ruby_prism::visit_def_node(loads, node));
    }
}
