//! Finds the plugins, the strategies for Git and the source controls of their own that recipes of Capistrano 3 ask for.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::{CallNode, Node, Visit};

use super::facts::full_name;
use super::gems::is_plugin;
use super::ruby::{arguments, constant, content, id, last_part, literal, source};
use crate::packed::{Packed, packed};

/// The tasks of Git in Capistrano 3, and the methods that they call.
const TASKS_OF_GIT: Packed = packed!("src/port/git_tasks.rb");

/// The methods of Capistrano's plugin for Git, with their names as functions.
pub(super) const METHODS_OF_GIT: &[(&str, &str)] = &[
    ("archive_to_release_path", "git_release"),
    ("check_repo_is_reachable", "git_check"),
    ("clone_repo", "git_clone"),
    ("fetch_revision", "git_fetch_revision"),
    ("repo_mirror_exists?", "git_test"),
    ("update_mirror", "git_update"),
];

/// The tasks of Git that get the code.
const GETTING: &[&str] = &[
    "git:clone",
    "git:create_release",
    "git:set_current_revision",
    "git:update",
];

/// The plugins and the strategies that the recipes ask for.
#[derive(Debug, Default)]
pub(super) struct AskedPlugins {
    /// Those that are installed, each with true if its hooks are.
    pub(super) plugins: BTreeMap<String, bool>,
    pub(super) strategies: BTreeSet<String>,
    /// The classes that are plugins, each with true if it is a source control.
    pub(super) classes: BTreeMap<String, bool>,
    /// The modules that may be strategies. One that includes Capistrano's own has the methods that it replaces, each with true if it calls
    /// the one that it replaces.
    pub(super) modules: BTreeMap<String, Option<BTreeMap<String, bool>>>,
    /// The plugins that are made of Capistrano's own for Git, with their methods, each with true if it calls the one that it replaces.
    pub(super) of_git: BTreeMap<String, BTreeMap<String, bool>>,
    /// The tasks of Git that the recipes clear.
    pub(super) cleared: BTreeSet<String>,
    /// True if Capistrano's plugin for Git is installed by name.
    pub(super) has_git: bool,
    /// The tasks in namespaces, by their full names.
    tasks: BTreeSet<String>,
    /// The methods of classes of `Capistrano::SCM`, each with the name of its function.
    pub(super) of_scm: BTreeMap<String, String>,
    /// The source controls whose files are in gems.
    pub(super) in_gems: BTreeSet<String>,
    /// The namespaces around the place that is read.
    namespaces: Vec<String>,
    /// The loops around it.
    loops: Vec<(String, Vec<String>)>,
}

impl AskedPlugins {
    /// Returns true if tasks of the recipe get the code by Git.
    pub(super) fn has_tasks_of_git(&self) -> bool {
        !self.strategies.is_empty() || self.cleared.iter().any(|task| GETTING.contains(&task.as_str()))
    }

    /// Returns Capistrano's tasks of Git in one line, without those that the recipes replace.
    pub(super) fn tasks_of_git(&self, own: &BTreeMap<String, bool>) -> String {
        let is_own = |name: &str| own.contains_key(name);
        let calls_super = |name: &str| own.get(name) == Some(&true);
        let text = TASKS_OF_GIT.text();
        let lines = text.lines().filter_map(|line| {
            let word = |from: &str| {
                let rest = line.strip_prefix(from)?;
                rest.split([' ', ')', ';']).next().map(str::to_owned)
            };
            let is_hook = line.starts_with("after ") || line.starts_with("before ");
            match (word("def git_"), word("task(:")) {
                (Some(name), _) if calls_super(&name) => Some(line.replacen("git_", "git_super_", 1)),
                (Some(name), _) => (!is_own(&name)).then(|| line.to_owned()),
                (_, Some(name)) => (!self.cleared.contains(&format!("git:{name}"))).then(|| line.to_owned()),
                _ if is_hook && is_own("register_hooks") && !calls_super("register_hooks") => None,
                _ => (!line.starts_with('#')).then(|| line.to_owned()),
            }
        });
        lines.collect::<Vec<_>>().join("; ")
    }

    /// Returns true if nothing of this is in the recipes.
    pub(super) fn is_nothing(&self) -> bool {
        let has_scm = self.tasks.iter().any(|task| task.ends_with(":create_release"));
        self.plugins.is_empty()
            && self.of_scm.is_empty()
            && !has_scm
            && !self.has_tasks_of_git()
            && !self.has_own_check()
    }

    /// Returns true if the recipe has a task of its own in the place of Git's check.
    pub(super) fn has_own_check(&self) -> bool {
        self.cleared.contains("git:check") && self.tasks.contains("git:check")
    }

    /// Returns the tasks of a source control of the recipe's own, hooked as Capistrano does it; `None` if it has none.
    pub(super) fn tasks_of_scm(&self, scm: &str) -> Option<String> {
        let is_own = !matches!(scm, "git" | "hg" | "svn");
        let has = |task: &str| self.tasks.contains(&format!("{scm}:{task}"));
        (is_own && has("create_release")).then(|| {
            let hooks = [
                ("after", "deploy:new_release_path", "create_release"),
                ("before", "deploy:check", "check"),
                ("before", "deploy:set_current_revision", "set_current_revision"),
            ];
            let hooks = hooks.into_iter().filter(|(.., task)| has(task));
            let line = |(verb, hooked, task)| format!("; {verb} '{hooked}', '{scm}:{task}'");
            let file = match self.in_gems.contains(scm) {
                true => format!("require 'capistrano/{scm}'; "),
                false => String::new(),
            };
            format!("{file}set :scm, :tasks{}", hooks.map(line).collect::<String>())
        })
    }

    pub(super) fn conclude(&mut self) {
        let classes = &self.classes;
        self.plugins.retain(|name, _| classes.contains_key(name));
        let modules = &self.modules;
        self.strategies.retain(|name| modules.contains_key(name));
    }

    /// Returns the installed plugin of a class, by the last part of its name.
    pub(super) fn plugin(&self, class: &ruby_prism::ClassNode<'_>) -> Option<bool> {
        class
            .superclass()
            .as_ref()
            .filter(|class| is_plugin(class) || is_of_git(class))?;
        let name = constant(&class.constant_path())?;
        self.plugins.get(last_part(&name)).copied()
    }
}

impl<'pr> Visit<'pr> for AskedPlugins {
    fn visit_call_node(&mut self, node: &CallNode<'pr>) {
        let given = arguments(node, false);
        match (id(&node.name()).as_str(), given.values.as_slice()) {
            ("install_plugin", [class]) => {
                let path = constant(class).unwrap_or_default();
                let hooks = given.option("load_hooks").is_none_or(|hooks| source(hooks) != "false");
                if path == "Capistrano::SCM::Plugin" {
                    self.classes.insert(last_part(&path).to_owned(), true);
                }
                self.has_git |= path == "Capistrano::SCM::Git";
                self.plugins.insert(last_part(&path).to_owned(), hooks);
            }
            ("set", [name, class]) if literal(name).as_deref() == Some("git_strategy") => {
                let is_own = |path: &String| last_part(path) != "DefaultStrategy";
                let path = constant(class).filter(is_own);
                self.strategies.extend(path.map(|path| last_part(&path).to_owned()));
            }
            ("clear", []) => {
                let index = node.receiver().and_then(|index| index.as_call_node());
                let index = index.filter(super::read::is_task_of_rake);
                let named = |index| super::repeated::names(arguments(&index, false).values.first()?, &self.loops);
                let tasks = index.and_then(named).unwrap_or_default();
                self.cleared
                    .extend(tasks.into_iter().filter(|task| task.starts_with("git:")));
            }
            ("task", _) if !self.namespaces.is_empty() => {
                let first = given.values.first().or(given.pairs.first().map(|(key, _)| key));
                let task = first.and_then(literal);
                self.tasks.extend(task.map(|task| full_name(&self.namespaces, &task)));
            }
            ("namespace", [name]) if let Some(name) = literal(name) => {
                self.namespaces.push(name);
                ruby_prism::visit_call_node(self, node);
                self.namespaces.pop();
                return;
            }
            _ => {}
        }
        let loops = self.loops.len();
        self.loops.extend(super::repeated::through(&id(&node.name()), node));
        ruby_prism::visit_call_node(self, node);
        self.loops.truncate(loops);
    }

    fn visit_class_node(&mut self, node: &ruby_prism::ClassNode<'pr>) {
        if let Some(parent) = node.superclass().filter(is_plugin) {
            let name = constant(&node.constant_path()).unwrap_or_default();
            let is_scm = source(&parent).ends_with("SCM::Plugin") || methods(node.body().as_ref()).contains("scm?");
            self.classes.insert(last_part(&name).to_owned(), is_scm);
        }
        if node.superclass().as_ref().is_some_and(is_of_git) {
            let name = last_part(&constant(&node.constant_path()).unwrap_or_default()).to_owned();
            let methods = replacing(&content(node.body().as_ref()));
            self.of_git.insert(name.clone(), methods);
            self.classes.insert(name, true);
        }
        if node.superclass().as_ref().is_some_and(is_scm) {
            self.of_scm.extend(functions_of_scm(node));
        }
        ruby_prism::visit_class_node(self, node);
    }

    fn visit_module_node(&mut self, node: &ruby_prism::ModuleNode<'pr>) {
        let name = constant(&node.constant_path()).unwrap_or_default();
        let nodes = content(node.body().as_ref());
        let is_more = nodes.iter().any(includes_default);
        if is_more || methods(node.body().as_ref()).contains("release") {
            self.modules
                .insert(last_part(&name).to_owned(), is_more.then(|| replacing(&nodes)));
        }
        ruby_prism::visit_module_node(self, node);
    }
}

/// Returns true for `include DefaultStrategy`.
pub(super) fn includes_default(node: &Node<'_>) -> bool {
    let call = node.as_call_node().filter(|call| id(&call.name()) == "include");
    let module = call.and_then(|call| arguments(&call, false).values.first().and_then(constant));
    module.is_some_and(|module| last_part(&module) == "DefaultStrategy")
}

/// Returns the methods among these nodes as they are called in the tasks of Git, each with true if it calls the one that it replaces.
fn replacing(nodes: &[Node<'_>]) -> BTreeMap<String, bool> {
    let of_git = |method: &str| {
        let mut all = METHODS_OF_GIT.iter();
        all.find(|(own, _)| *own == method).map(|(_, name)| *name)
    };
    let methods = nodes.iter().filter_map(Node::as_def_node).map(|method| {
        let name = id(&method.name());
        let name = of_git(&name).map_or(name.clone(), |name| name.trim_start_matches("git_").to_owned());
        let text = source(&method.as_node());
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        (name, words.any(|word| word == "super"))
    });
    crate::sort::map(methods)
}

/// Returns the names of the methods in the body of a class or a module.
pub(super) fn methods(body: Option<&Node<'_>>) -> BTreeSet<String> {
    let nodes = content(body);
    let names = nodes.iter().filter_map(|node| Some(id(&node.as_def_node()?.name())));
    crate::sort::set(names)
}

/// Returns true for a task of Capistrano's own plugin for Git.
pub(super) fn is_task_of_git(task: &str) -> bool {
    GETTING.contains(&task) || matches!(task, "git:check" | "git:wrapper")
}

/// Returns true for Capistrano's own plugin for Git.
pub(super) fn is_of_git(class: &Node<'_>) -> bool {
    matches!(
        constant(class).unwrap_or_default().as_str(),
        "Capistrano::SCM::Git" | "SCM::Git"
    )
}

/// Returns true for the class of the source controls of Capistrano 3.1 to 3.6.
pub(super) fn is_scm(class: &Node<'_>) -> bool {
    matches!(
        constant(class).unwrap_or_default().as_str(),
        "Capistrano::SCM" | "::Capistrano::SCM" | "SCM"
    )
}

/// Returns the methods of such a class and of the modules in it, each with the name of its function.
pub(super) fn functions_of_scm(class: &ruby_prism::ClassNode<'_>) -> BTreeMap<String, String> {
    let prefix = last_part(&constant(&class.constant_path()).unwrap_or_default()).to_lowercase();
    let inner = content(class.body().as_ref());
    let modules = inner
        .iter()
        .filter_map(|node| Some(methods(node.as_module_node()?.body().as_ref())));
    let names = modules.flatten().chain(methods(class.body().as_ref()));
    crate::sort::map(names.map(|name| (name.clone(), format!("{prefix}_{name}"))))
}
