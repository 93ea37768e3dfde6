//! Writes the plugins of Capistrano 3 and the own strategies for its Git as the plain recipes that they amount to. All stays in its line, so
//! that notes name the lines of the file.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::{CallNode, Location, Node, Visit};

use super::gems::is_plugin;
use super::project::{RubyFile, RubyProject};
use super::ruby::{Offsets, arguments, constant, id, literal, source, statements};
use crate::packed::{Packed, packed};

/// The tasks of Git in Capistrano 3, and the methods that they call.
const TASKS_OF_GIT: Packed = packed!("src/port/git_tasks.rb");

/// The methods of a plugin that Capistrano calls.
const CALLED: &[&str] = &["define_tasks", "register_hooks", "set_defaults"];

/// The methods of Capistrano's plugin for Git, with their names as functions.
const METHODS_OF_GIT: &[(&str, &str)] = &[
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

/// Returns the project with plain recipes; `None` if it has no plugins and no strategies of its own.
pub(super) fn plain(project: &RubyProject) -> Option<RubyProject> {
    let words: [&[u8]; 3] = [b"install_plugin", b"git_strategy", b"Rake::Task["];
    let has = |source: &RubyFile| {
        let mut parts = words.iter();
        parts.any(|word| source.text.windows(word.len()).any(|part| part == *word))
    };
    if !project.sources.iter().any(has) {
        return None;
    }
    let mut asked = Asked::default();
    for source in &project.sources {
        asked.visit(&ruby_prism::parse(&source.text).node());
    }
    asked.conclude();
    if asked.plugins.is_empty() && !asked.has_tasks_of_git() {
        return None;
    }
    let mut plain = project.clone();
    for (new, source) in plain.sources.iter_mut().zip(&project.sources) {
        new.text = asked.written(&source.text);
    }
    Some(plain)
}

/// Puts other text in the places of the edits; a line that goes stays as an empty one.
fn edited(text: &[u8], edits: &[(usize, usize, String)]) -> Vec<u8> {
    let (mut all, mut at) = (Vec::new(), 0);
    for (start, end, new) in edits {
        if *start < at {
            continue;
        }
        all.extend_from_slice(text.get(at..*start).unwrap_or_default());
        all.extend_from_slice(new.as_bytes());
        let gone = text.get(*start..*end).unwrap_or_default();
        all.extend(gone.iter().filter(|byte| **byte == b'\n'));
        at = *end;
    }
    all.extend_from_slice(text.get(at..).unwrap_or_default());
    all
}

/// Returns true for Capistrano's own plugin for Git.
fn is_of_git(class: &Node<'_>) -> bool {
    matches!(
        constant(class).unwrap_or_default().as_str(),
        "Capistrano::SCM::Git" | "SCM::Git"
    )
}

fn last(path: &str) -> String {
    path.rsplit("::").next().unwrap_or(path).to_owned()
}

/// The plugins and the strategies that the recipes ask for.
#[derive(Debug, Default)]
struct Asked {
    /// Those that are installed, each with true if its hooks are.
    plugins: BTreeMap<String, bool>,
    strategies: BTreeSet<String>,
    /// The classes that are plugins, each with true if it is a source control.
    classes: BTreeMap<String, bool>,
    modules: BTreeSet<String>,
    /// The plugins that are made of Capistrano's own for Git, with their methods, each with true if it calls the one that it replaces.
    of_git: BTreeMap<String, BTreeMap<String, bool>>,
    /// The tasks of Git that the recipes clear.
    cleared: BTreeSet<String>,
    /// True if Capistrano's plugin for Git is installed by name.
    has_git: bool,
}

impl Asked {
    /// Returns true if tasks of the recipe get the code by Git.
    fn has_tasks_of_git(&self) -> bool {
        !self.strategies.is_empty() || self.cleared.iter().any(|task| GETTING.contains(&task.as_str()))
    }

    /// Returns Capistrano's tasks of Git in one line, without those that the recipes replace.
    fn tasks_of_git(&self, own: &BTreeMap<String, bool>) -> String {
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

    fn conclude(&mut self) {
        let classes = &self.classes;
        self.plugins.retain(|name, _| classes.contains_key(name));
        let modules = &self.modules;
        self.strategies.retain(|name| modules.contains(name));
    }

    /// Returns the text of a file, as plain recipe.
    fn written(&self, text: &[u8]) -> Vec<u8> {
        let mut writing = Writing {
            asked: self,
            edits: Vec::new(),
            own: None,
            itself: BTreeSet::new(),
            renamed: BTreeMap::new(),
            replaced: String::new(),
        };
        writing.visit(&ruby_prism::parse(text).node());
        crate::sort::by_key(&mut writing.edits, |(start, ..)| *start);
        edited(text, &writing.edits)
    }

    /// Returns the installed plugin of a class, by the last part of its name.
    fn plugin(&self, class: &ruby_prism::ClassNode<'_>) -> Option<bool> {
        class
            .superclass()
            .as_ref()
            .filter(|class| is_plugin(class) || is_of_git(class))?;
        let name = last(&constant(&class.constant_path())?);
        self.plugins.get(&name).copied()
    }
}

impl<'pr> Visit<'pr> for Asked {
    fn visit_call_node(&mut self, node: &CallNode<'pr>) {
        let given = arguments(node, false);
        match (id(&node.name()).as_str(), given.values.as_slice()) {
            ("install_plugin", [class]) => {
                let path = constant(class).unwrap_or_default();
                let hooks = given.option("load_hooks").is_none_or(|hooks| source(hooks) != "false");
                if path == "Capistrano::SCM::Plugin" {
                    self.classes.insert(last(&path), true);
                }
                self.has_git |= path == "Capistrano::SCM::Git";
                self.plugins.insert(last(&path), hooks);
            }
            ("set", [name, class]) if literal(name).as_deref() == Some("git_strategy") => {
                let path = constant(class).filter(|path| !path.contains("Git::"));
                self.strategies.extend(path.map(|path| last(&path)));
            }
            ("clear", []) => {
                let index = node.receiver().and_then(|index| index.as_call_node());
                let index = index.filter(super::read::is_task_of_rake);
                let task = index.and_then(|index| arguments(&index, false).values.first().and_then(literal));
                self.cleared.extend(task.filter(|task| task.starts_with("git:")));
            }
            _ => {}
        }
        ruby_prism::visit_call_node(self, node);
    }

    fn visit_class_node(&mut self, node: &ruby_prism::ClassNode<'pr>) {
        if let Some(parent) = node.superclass().filter(is_plugin) {
            let name = constant(&node.constant_path()).unwrap_or_default();
            let is_scm = source(&parent).ends_with("SCM::Plugin") || methods(node.body().as_ref()).contains("scm?");
            self.classes.insert(last(&name), is_scm);
        }
        if node.superclass().as_ref().is_some_and(is_of_git) {
            let name = last(&constant(&node.constant_path()).unwrap_or_default());
            let of_git = |method: &str| {
                METHODS_OF_GIT
                    .iter()
                    .find(|(own, _)| *own == method)
                    .map(|(_, name)| *name)
            };
            let nodes = statements(node.body().as_ref().and_then(Node::as_statements_node).as_ref());
            let methods = nodes.iter().filter_map(Node::as_def_node).map(|method| {
                let name = id(&method.name());
                let name = of_git(&name).map_or(name.clone(), |name| name.trim_start_matches("git_").to_owned());
                (
                    name,
                    source(&method.as_node())
                        .split(|c: char| !c.is_alphanumeric())
                        .any(|word| word == "super"),
                )
            });
            self.of_git.insert(name.clone(), crate::sort::map(methods));
            self.classes.insert(name, true);
        }
        ruby_prism::visit_class_node(self, node);
    }

    fn visit_module_node(&mut self, node: &ruby_prism::ModuleNode<'pr>) {
        let name = constant(&node.constant_path()).unwrap_or_default();
        if methods(node.body().as_ref()).contains("release") {
            self.modules.insert(last(&name));
        }
        ruby_prism::visit_module_node(self, node);
    }
}

/// Returns the names of the methods in the body of a class or a module.
fn methods(body: Option<&Node<'_>>) -> BTreeSet<String> {
    let nodes = statements(body.and_then(Node::as_statements_node).as_ref());
    let names = nodes.iter().filter_map(|node| Some(id(&node.as_def_node()?.name())));
    crate::sort::set(names)
}

/// The class or the module whose content is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Plugin { has_hooks: bool },
    Strategy,
}

struct Writing<'a> {
    asked: &'a Asked,
    edits: Vec<(usize, usize, String)>,
    own: Option<Own>,
    /// The locals that stand for the plugin.
    itself: BTreeSet<String>,
    /// The methods with other names.
    renamed: BTreeMap<String, String>,
    /// The function of the method of Capistrano in whose place the method around the place stands.
    replaced: String,
}

impl Writing<'_> {
    fn replace(&mut self, place: &Location<'_>, new: &str) {
        self.edits
            .push((place.start_offset(), place.end_offset(), new.to_owned()));
    }

    /// Takes the head of a class, a module or a method away, and its `end`.
    fn unwrap(&mut self, start: usize, end: usize, last: Option<&Location<'_>>) {
        self.edits.push((start, end, String::new()));
        if let Some(last) = last {
            self.replace(last, "");
        }
    }

    /// Returns the plain recipe that a call amounts to.
    fn plain_of(&self, node: &CallNode<'_>, name: &str, given: &[Node<'_>]) -> Option<String> {
        let class = given.first().and_then(constant).map(|class| last(&class));
        if let ("install_plugin", Some(class)) = (name, class)
            && self.asked.plugins.contains_key(&class)
        {
            return Some(match self.asked.of_git.get(&class) {
                // It leaves the tasks of Git to the plugin for Git itself.
                Some(own) if own.get("define_tasks") == Some(&false) => String::new(),
                Some(own) => self.asked.tasks_of_git(own),
                None if self.asked.classes.get(&class) == Some(&true) => "set :scm, :tasks".to_owned(),
                None => String::new(),
            });
        }
        let whole = source(&node.as_node());
        let is_start = match self.asked.has_git {
            true => name == "install_plugin" && whole.contains("Capistrano::SCM::Git"),
            false => name == "require" && whole.contains("capistrano/deploy"),
        };
        if is_start && self.asked.strategies.is_empty() && self.asked.has_tasks_of_git() {
            let before = if self.asked.has_git { "" } else { &whole };
            return Some(format!("{before}; {}", self.asked.tasks_of_git(&BTreeMap::new())));
        }
        let (Some("set"), [variable, value]) = (Some(name), given) else {
            return None;
        };
        match literal(variable)?.as_str() {
            "scm" if literal(value)? == "git" && self.asked.has_tasks_of_git() => Some("set :scm, :tasks".to_owned()),
            "git_strategy" if self.asked.strategies.contains(&last(&constant(value)?)) => {
                let own = METHODS_OF_GIT
                    .iter()
                    .map(|(_, name)| (name.trim_start_matches("git_").to_owned(), false));
                Some(self.asked.tasks_of_git(&crate::sort::map(own)))
            }
            _ => None,
        }
    }

    /// Returns true if the call is one of the plugin itself, or of the servers around it.
    fn is_of_itself(&self, receiver: &Node<'_>) -> bool {
        let name = source(receiver);
        receiver.as_self_node().is_some() && self.own.is_some()
            || self.itself.contains(&name)
            || match self.own {
                Some(Own::Plugin { .. }) => name == "backend",
                Some(Own::Strategy) => name == "context",
                None => false,
            }
    }
}

impl<'pr> Visit<'pr> for Writing<'_> {
    fn visit_class_node(&mut self, node: &ruby_prism::ClassNode<'pr>) {
        let Some(has_hooks) = self.asked.plugin(node) else {
            return ruby_prism::visit_class_node(self, node);
        };
        let head = node.superclass().map_or(0, |parent| parent.location().end_offset());
        self.unwrap(node.location().start_offset(), head, Some(&node.end_keyword_loc()));
        let outer = self.own.replace(Own::Plugin { has_hooks });
        if node.superclass().as_ref().is_some_and(is_of_git) {
            let names = METHODS_OF_GIT
                .iter()
                .map(|(own, name)| ((*own).to_owned(), (*name).to_owned()));
            self.renamed = crate::sort::map(names);
        }
        ruby_prism::visit_class_node(self, node);
        self.own = outer;
        self.renamed.clear();
    }

    fn visit_module_node(&mut self, node: &ruby_prism::ModuleNode<'pr>) {
        let name = last(&constant(&node.constant_path()).unwrap_or_default());
        let inner = statements(node.body().as_ref().and_then(Node::as_statements_node).as_ref());
        let is_around = inner.iter().any(|node| holds_plugin(node, self.asked));
        let is_strategy = self.asked.strategies.contains(&name);
        if is_around || is_strategy {
            let (whole, head) = (node.location(), node.constant_path().location());
            self.unwrap(whole.start_offset(), head.end_offset(), Some(&node.end_keyword_loc()));
        }
        let outer = self.own;
        if is_strategy {
            self.own = Some(Own::Strategy);
            let names = methods(node.body().as_ref()).into_iter();
            self.renamed = crate::sort::map(names.map(|name| (name.clone(), format!("git_{name}"))));
        }
        ruby_prism::visit_module_node(self, node);
        self.own = outer;
        self.renamed.clear();
    }

    fn visit_def_node(&mut self, node: &ruby_prism::DefNode<'pr>) {
        let name = id(&node.name());
        match self.own {
            Some(Own::Plugin { has_hooks }) if CALLED.contains(&name.as_str()) => {
                if name == "register_hooks" && !has_hooks {
                    return self.replace(&node.location(), "");
                }
                let head = node.rparen_loc().unwrap_or_else(|| node.name_loc());
                let end = node.end_keyword_loc();
                self.unwrap(node.location().start_offset(), head.end_offset(), end.as_ref());
            }
            // The word for the program is that of Capistrano, with the program's name.
            Some(Own::Plugin { .. }) if matches!(name.as_str(), "git" | "hg" | "scm?" | "svn") => {
                return self.replace(&node.location(), "");
            }
            _ => {
                if let Some(new) = self.renamed.get(&name).cloned() {
                    self.replace(&node.name_loc(), &new);
                    self.replaced = new.replacen("git_", "git_super_", 1);
                }
            }
        }
        ruby_prism::visit_def_node(self, node);
        self.replaced.clear();
    }

    fn visit_forwarding_super_node(&mut self, node: &ruby_prism::ForwardingSuperNode<'pr>) {
        if matches!(self.own, Some(Own::Plugin { .. })) {
            let super_of = if self.replaced.is_empty() {
                "nil"
            } else {
                &self.replaced
            };
            self.replace(&node.location(), &super_of.to_owned());
        }
    }

    fn visit_local_variable_write_node(&mut self, node: &ruby_prism::LocalVariableWriteNode<'pr>) {
        if node.value().as_self_node().is_some() && !self.asked.plugins.is_empty() {
            self.itself.insert(id(&node.name()));
            return self.replace(&node.location(), "");
        }
        ruby_prism::visit_local_variable_write_node(self, node);
    }

    fn visit_call_node(&mut self, node: &CallNode<'pr>) {
        let name = id(&node.name());
        let given = arguments(node, false);
        if let Some(plain) = self.plain_of(node, &name, &given.values) {
            return self.replace(&node.location(), &plain);
        }
        let receiver = node.receiver();
        let is_own = receiver.as_ref().is_none_or(|receiver| self.is_of_itself(receiver));
        let message = node.message_loc();
        if let (true, Some(receiver), Some(message)) = (is_own, &receiver, &message) {
            let start = receiver.location().start_offset();
            self.edits.push((start, message.start_offset(), String::new()));
        }
        let is_here = is_own && (self.own.is_some() || receiver.is_some());
        if let (true, Some(message)) = (is_here, &message) {
            let has_values = !given.values.is_empty() || !given.pairs.is_empty();
            match name.as_str() {
                "git" | "hg" | "svn" if has_values => {
                    let open = node.opening_loc();
                    let end = open.as_ref().map_or(message.end_offset(), |open| open.end_offset());
                    let new = format!("execute{}:{name},", if open.is_some() { "(" } else { " " });
                    self.edits.push((message.start_offset(), end, new));
                }
                "test!" => self.replace(message, "test"),
                "private" | "protected" | "public" if !has_values => self.replace(&node.location(), ""),
                _ => {
                    if let Some(new) = self.renamed.get(&name).cloned() {
                        self.replace(message, &new);
                    }
                }
            }
        }
        ruby_prism::visit_call_node(self, node);
    }
}

/// Returns true for a plugin that is installed, and for a module around one.
fn holds_plugin(node: &Node<'_>, asked: &Asked) -> bool {
    match node.as_class_node() {
        Some(class) => asked.plugin(&class).is_some(),
        None => node.as_module_node().is_some_and(|module| {
            let inner = statements(module.body().as_ref().and_then(Node::as_statements_node).as_ref());
            inner.iter().any(|node| holds_plugin(node, asked))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{has, recipe};

    #[test]
    fn a_plugin_is_the_recipe_that_its_methods_make_and_a_source_control_makes_the_release() {
        let plugin = |parent: &str, options: &str| {
            recipe(&format!(
                "lock '3.17'\nmodule Capistrano\n  class Archive < {parent}\n    def set_defaults\n      super\n      \
                 set_if_empty :archive, '/tmp/a.tgz'\n    end\n    def register_hooks\n      \
                 after 'deploy:new_release_path', 'archive:create_release'\n    end\n    def define_tasks\n      plugin = self\n      \
                 namespace :archive do\n        task :create_release do\n          on release_roles(:all) do\n            \
                 within '/srv' do\n              plugin.unpack if plugin.there?('x')\n            end\n          end\n        end\n      \
                 end\n    end\n    def there?(name)\n      backend.test \"[ -f #{{name}} ]\"\n    end\n\n    private\n\n    def unpack\n      \
                 self.made\n      git :archive, 'x'\n    end\n    def made\n      backend.execute :mkdir, '-p', release_path\n    end\n    \
                 def git(*args)\n      args.unshift :git\n      backend.execute(*args)\n    end\n  end\nend\n\
                 install_plugin Capistrano::Archive{options}\n"
            ))
        };
        let (text, notes) = plugin("Capistrano::SCM::Plugin", "");
        assert!(notes.is_empty(), "{text}{notes:?}");
        has(
            &text,
            &[
                "after \"deploy:new_release_path\", \"archive:create_release\";",
                "      within \"/srv\" {\n        if there(\"x\") {\n          unpack();",
                "fn there(name) {\n  test(`[ -f ${name} ]`)",
                "fn unpack() {\n  made();\n  run \"git archive x\";",
                "set :scm, :tasks;",
            ],
        );
        let (text, notes) = plugin("Capistrano::Plugin", ", load_hooks: false");
        assert!(notes.is_empty(), "{text}{notes:?}");
        assert!(!text.contains(":scm") && !text.contains("after "), "{text}");
    }

    #[test]
    fn a_strategy_for_git_stands_in_the_tasks_of_capistrano_3() {
        let (text, notes) = recipe(
            "lock '3.4.1'\nset :repo_url, 'r'\nmodule Plain\n  def test\n    test! '[ -d x ]'\n  end\n  def check\n    true\n  end\n  \
             def clone\n    git :clone, repo_url, repo_path\n  end\n  def update\n    git 'pull'\n    later\n  end\n  def later\n    \
             context.info fetch_revision\n  end\n  def release\n    context.execute :cp, '-r', '.', release_path\n  end\n  \
             def fetch_revision\n    context.capture(:git, 'describe')\n  end\nend\nset :git_strategy, Plain\nset :scm, :git\n",
        );
        assert!(notes.is_empty(), "{text}{notes:?}");
        has(
            &text,
            &[
                "set :scm, :tasks;",
                "  task :update {\n    invoke \"git:clone\";\n    on release_roles(:all) {",
                "after \"deploy:new_release_path\", \"git:create_release\";",
                "before \"deploy:set_current_revision\", \"git:set_current_revision\";",
            ],
        );
        assert!(!text.contains(":scm, :git"), "{text}");
    }
    #[test]
    fn tasks_of_git_that_a_recipe_replaces_get_the_code() {
        let (text, notes) = recipe(
            "require 'capistrano/deploy'\nset :repo_url, 'r'\nlock '3.17'\nRake::Task['git:create_release'].clear\n\
             namespace :git do\n  task create_release: :'git:update' do\n    on(release_roles(:all)) { execute :cp, 'x' }\n  end\nend\n",
        );
        assert!(notes.is_empty(), "{text}{notes:?}");
        has(
            &text,
            &[
                "set :scm, :tasks;",
                "if (git_shallow_clone ?? false) != false {",
                "  task :create_release, :except => #{ no_release: true } {\n    invoke \"git:update\";\n    run \"cp x\";",
            ],
        );
        assert_eq!(text.matches("task :create_release").count(), 1, "{text}");
        // Who only does not want its check gets the code as ever.
        let (text, _) =
            recipe("require 'capistrano/deploy'\nset :repo_url, 'r'\nlock '3'\nRake::Task['git:check'].clear\n");
        assert!(!text.contains(":scm"), "{text}");
    }

    #[test]
    fn a_plugin_made_of_that_for_git_has_its_tasks_with_other_methods() {
        let (text, notes) = recipe(
            "set :repo_url, 'r'\nlock '3.17'\nclass Deep < Capistrano::SCM::Git\n  def archive_to_release_path\n    super\n    \
             git :submodule, 'x'\n  end\n  def clone_repo\n    git :clone, '--mirror', repo_url, repo_path\n  end\nend\n\
             install_plugin Deep\n",
        );
        assert!(notes.is_empty(), "{text}{notes:?}");
        has(
            &text,
            &[
                "run \"git submodule x\", :dir =>",
                "run `git archive ${fetch(:branch, \"\")} | tar -x -f - -C ${release_path}`, :dir =>",
                "run `git clone --mirror ${repository} ${repository_cache}`",
                "after \"deploy:new_release_path\", \"git:create_release\";",
            ],
        );
    }
}
