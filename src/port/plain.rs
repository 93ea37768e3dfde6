//! Writes the plugins of Capistrano 3 and the own strategies for its Git as the plain recipes that they amount to. All stays in its line, so
//! that notes name the lines of the file.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::{CallNode, Location, Node, ParseResult, Visit};

use super::asked::{AskedPlugins, METHODS_OF_GIT, functions_of_scm, includes_default, is_of_git, is_scm, methods};
use super::project::{RubyFile, RubyProject};
use super::ruby::{Offsets, arguments, constant, content, id, last_part, literal, source};

/// The methods of a plugin that Capistrano calls.
const CALLED: &[&str] = &["define_tasks", "register_hooks", "set_defaults"];

/// Returns the project with plain recipes; `None` if it has no plugins and no strategies of its own.
pub(super) fn plain(project: &RubyProject, parsed: &[ParseResult<'_>]) -> Option<RubyProject> {
    let words: [&[u8]; 4] = [b"install_plugin", b":scm", b"git_strategy", b"Rake::Task["];
    let has = |source: &RubyFile| {
        let mut parts = words.iter();
        parts.any(|word| source.text.windows(word.len()).any(|part| part == *word))
    };
    if !project.sources.iter().any(has) {
        return None;
    }
    let mut asked = AskedPlugins::default();
    for (source, parsed) in project.sources.iter().zip(parsed) {
        let of_gem = source
            .gem
            .as_ref()
            .and_then(|gem| gem.path.strip_prefix("lib/capistrano/"));
        let name = of_gem.and_then(|path| path.strip_suffix(".rb"));
        asked.in_gems.extend(name.map(str::to_owned));
        asked.visit(&parsed.node());
    }
    asked.conclude();
    if asked.is_nothing() {
        return None;
    }
    let mut plain = project.clone();
    for ((new, source), parsed) in plain.sources.iter_mut().zip(&project.sources).zip(parsed) {
        new.text = written(&asked, &source.text, parsed);
    }
    Some(plain)
}

/// Returns the text of a file, as plain recipe.
fn written(asked: &AskedPlugins, text: &[u8], parsed: &ParseResult<'_>) -> Vec<u8> {
    let mut writing = Writing {
        asked,
        edits: Vec::new(),
        own: None,
        itself: BTreeSet::new(),
        renamed: BTreeMap::new(),
        replaced: String::new(),
    };
    writing.visit(&parsed.node());
    crate::sort::by_key(&mut writing.edits, |(start, ..)| *start);
    edited(text, &writing.edits)
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

/// The class or the module whose content is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Plugin { has_hooks: bool },
    Strategy,
}

struct Writing<'a> {
    asked: &'a AskedPlugins,
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
        let class = given
            .first()
            .and_then(constant)
            .map(|class| last_part(&class).to_owned());
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
        if is_start && self.asked.has_own_check() && !self.asked.has_tasks_of_git() {
            return Some(format!("{whole}; before 'deploy:check', 'git:check'"));
        }
        let (Some("set"), [variable, value]) = (Some(name), given) else {
            return None;
        };
        match literal(variable)?.as_str() {
            "scm" if literal(value)? != "git" => self.asked.tasks_of_scm(&literal(value)?),
            "scm" if self.asked.has_tasks_of_git() => Some("set :scm, :tasks".to_owned()),
            "git_strategy" if self.asked.strategies.contains(last_part(&constant(value)?)) => {
                if let Some(Some(own)) = self.asked.modules.get(last_part(&constant(value)?)) {
                    return Some(self.asked.tasks_of_git(own));
                }
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
        if let Some(parent) = node.superclass().filter(is_scm) {
            let (start, end) = (node.location().start_offset(), parent.location().end_offset());
            self.unwrap(start, end, Some(&node.end_keyword_loc()));
            let outer = self.own.replace(Own::Strategy);
            self.renamed = functions_of_scm(node);
            ruby_prism::visit_class_node(self, node);
            self.own = outer;
            self.renamed.clear();
            return;
        }
        let Some(has_hooks) = self.asked.plugin(node) else {
            let inner = content(node.body().as_ref());
            if node.superclass().is_none() && inner.iter().any(|node| is_strategy(node, self.asked)) {
                // This is `class Capistrano::Git` around it.
                let end = node.constant_path().location().end_offset();
                self.unwrap(node.location().start_offset(), end, Some(&node.end_keyword_loc()));
            }
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
        let name = constant(&node.constant_path()).unwrap_or_default();
        let inner = content(node.body().as_ref());
        let is_around = inner.iter().any(|node| holds_plugin(node, self.asked));
        let is_strategy = self.asked.strategies.contains(last_part(&name));
        let is_inside = self.own == Some(Own::Strategy);
        if is_around || is_strategy || is_inside {
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
        if !is_inside {
            self.renamed.clear();
        }
    }

    fn visit_def_node(&mut self, node: &ruby_prism::DefNode<'pr>) {
        let name = id(&node.name());
        if name == "strategy" && !self.asked.of_scm.is_empty() {
            return self.replace(&node.location(), "");
        }
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
        if matches!(self.own, Some(Own::Plugin { .. })) || self.replaced.starts_with("git_super_") {
            let super_of = match self.replaced.as_str() {
                "" => "nil".to_owned(),
                function => function.to_owned(),
            };
            self.replace(&node.location(), &super_of);
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
        if self.own == Some(Own::Strategy) && includes_default(&node.as_node()) {
            return self.replace(&node.location(), "");
        }
        let receiver = node.receiver();
        if let (Some(strategy), Some(message), Some(new)) =
            (&receiver, node.message_loc(), self.asked.of_scm.get(&name))
            && source(strategy) == "strategy"
        {
            let start = strategy.location().start_offset();
            self.edits.push((start, message.end_offset(), new.clone()));
        }
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

/// Returns true for the module of a strategy that is asked for.
fn is_strategy(node: &Node<'_>, asked: &AskedPlugins) -> bool {
    let name = node
        .as_module_node()
        .and_then(|module| constant(&module.constant_path()));
    name.is_some_and(|name| asked.strategies.contains(last_part(&name)))
}

/// Returns true for a plugin that is installed, for the class around a strategy, and for a module around one of them.
fn holds_plugin(node: &Node<'_>, asked: &AskedPlugins) -> bool {
    match node.as_class_node() {
        Some(class) => {
            let inner = content(class.body().as_ref());
            asked.plugin(&class).is_some()
                || class.superclass().as_ref().is_some_and(is_scm)
                || inner.iter().any(|node| is_strategy(node, asked))
        }
        None => node.as_module_node().is_some_and(|module| {
            let inner = content(module.body().as_ref());
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
    fn a_strategy_may_replace_some_methods_of_capistranos_own() {
        let (text, notes) = recipe(
            "lock '3.4.1'\nset :repo_url, 'r'\nclass Capistrano::Git\n  module Parts\n    include DefaultStrategy\n    def release\n      \
             git :archive, fetch(:branch), fetch(:parts).join(' '), '| tar -x -f - -C', release_path\n    end\n    def update\n      \
             super\n      git :gc\n    end\n  end\nend\nset :parts, %w[a b]\nset :git_strategy, Capistrano::Git::Parts\nset :scm, :git\n",
        );
        assert!(notes.is_empty(), "{text}{notes:?}");
        has(
            &text,
            &[
                "set :scm, :tasks;",
                "git archive ${fetch(:branch, \"\")} ${join(parts, \" \")} | tar -x -f - -C ${release_path}`",
                "git clone --mirror",
                "run \"git gc\"",
                "git remote update --prune",
            ],
        );
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
        let own = "namespace :git do\n  task :check do\n    on(roles(:app)) { execute :ls }\n  end\nend\n";
        let (text, _) = recipe(&format!(
            "require 'capistrano/deploy'\nset :repo_url, 'r'\nlock '3'\nRake::Task['git:check'].clear\n{own}"
        ));
        assert!(
            text.contains("before \"deploy:check\", \"git:check\";") && !text.contains(":scm"),
            "{text}"
        );
        // Who only does not want its check gets the code as ever.
        let (text, _) =
            recipe("require 'capistrano/deploy'\nset :repo_url, 'r'\nlock '3'\nRake::Task['git:check'].clear\n");
        assert!(!text.contains(":scm"), "{text}");
    }

    #[test]
    fn a_source_control_of_the_older_kind_is_tasks_and_functions_of_its_name() {
        let (text, notes) = recipe(
            "lock '3.4.0'\nset :repo_url, 'r'\nset :scm, :boxes\nclass Capistrano::Boxes < Capistrano::SCM\n  def name\n    \
             fetch(:box)\n  end\n  module DefaultStrategy\n    def release\n      context.execute :tar, '-xf', name, '-C', release_path\n    \
             end\n  end\nend\nnamespace :boxes do\n  def strategy\n    @strategy ||= Capistrano::Boxes.new(self, \
             fetch(:boxes_strategy, Capistrano::Boxes::DefaultStrategy))\n  end\n  task :check do\n  end\n  task create_release: :check do\n    \
             on release_roles :all do\n      execute :mkdir, '-p', release_path\n      strategy.release\n    end\n  end\nend\nset :box, 'x.tar'\n",
        );
        assert!(notes.is_empty(), "{text}{notes:?}");
        has(
            &text,
            &[
                "set :scm, :tasks;\nafter \"deploy:new_release_path\", \"boxes:create_release\";\nbefore \"deploy:check\", \"boxes:check\";",
                "boxes_release();",
                "fn boxes_release() {\n  run `tar -xf ${boxes_name()} -C ${release_path}`;",
            ],
        );
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
