//! The content of a file of a gem: the files that it loads, and whether it is a recipe or plain Ruby.

use ruby_prism::{CallNode, Node, Visit};

use super::super::loads::Loads;
use super::super::paths::{RubyPaths, of_gem};
use super::super::read::decided;
use super::super::ruby::{constant, content, id, last_part, source, statements};

/// The content of a file.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// The paths that it loads: below the directory of the gem if they begin with `/`, else as `require` finds them.
    pub(super) loads: Vec<String>,
    /// The classes of plugins in it, by the last part of their names.
    pub(super) plugins: Vec<String>,
    has_words: bool,
}

impl Content {
    /// Reads a file; `own` is its path below the directory of the gem.
    pub(super) fn of(text: &[u8], own: &str, version: u8) -> Self {
        let parsed = ruby_prism::parse(text);
        let mut reading = Reading {
            version,
            classes: 0,
            content: Self::default(),
        };
        reading.visit(&parsed.node());
        let mut content = reading.content;
        for load in Loads::of(&parsed, RubyPaths::of_gem(own), Some(version)).files {
            content.has_words |= load.is_listed && !load.is_inside;
            let path = of_gem(&load.word, &load.path, own);
            content.loads.extend(path.filter(|path| !content.loads.contains(path)));
        }
        content
    }

    /// Returns true if loading the file defines tasks, hooks or variables of Capistrano, or loads files that may.
    pub(super) fn is_recipe(&self) -> bool {
        self.has_words
    }
}

struct Reading {
    version: u8,
    /// The number of classes, modules and functions around the place.
    classes: usize,
    content: Content,
}

/// The words that make a file a recipe if they stand outside of classes, modules and functions.
const WORDS: &[&str] = &[
    "after",
    "append",
    "ask",
    "before",
    "import",
    "install_plugin",
    "load",
    "namespace",
    "on",
    "role",
    "server",
    "set",
    "set_default",
    "set_if_empty",
    "multitask",
    "task",
    "_cset",
];

impl Reading {
    fn call(&mut self, call: &CallNode<'_>) {
        let name = id(&call.name());
        let receiver = call.receiver();
        let of_configuration = receiver.as_ref().is_some_and(|node| {
            let code = source(node);
            code.starts_with("Capistrano::Configuration.") || code.starts_with("::Capistrano::Configuration.")
        });
        let is_word = receiver.is_none() && WORDS.contains(&name.as_str());
        self.content.has_words |= self.classes == 0 && (is_word || of_configuration);
    }

    fn inside(&mut self, visit: impl FnOnce(&mut Self)) {
        self.classes += 1;
        visit(self);
        self.classes -= 1;
    }
}

impl<'pr> Visit<'pr> for Reading {
    fn visit_call_node(&mut self, node: &CallNode<'pr>) {
        self.call(node);
        ruby_prism::visit_call_node(self, node);
    }

    fn visit_if_node(&mut self, node: &ruby_prism::IfNode<'pr>) {
        match decided(&node.predicate(), self.version) {
            Some(true) => {
                for inner in statements(node.statements().as_ref()) {
                    self.visit(&inner);
                }
            }
            Some(false) => {
                if let Some(next) = node.subsequent() {
                    self.visit(&next);
                }
            }
            None => ruby_prism::visit_if_node(self, node),
        }
    }

    fn visit_unless_node(&mut self, node: &ruby_prism::UnlessNode<'pr>) {
        match decided(&node.predicate(), self.version) {
            Some(false) => {
                for inner in statements(node.statements().as_ref()) {
                    self.visit(&inner);
                }
            }
            Some(true) => {
                if let Some(clause) = node.else_clause() {
                    self.visit(&clause.as_node());
                }
            }
            None => ruby_prism::visit_unless_node(self, node),
        }
    }

    fn visit_module_node(&mut self, node: &ruby_prism::ModuleNode<'pr>) {
        self.content.has_words |= changed_word(node).is_some();
        self.inside(|reading| ruby_prism::visit_module_node(reading, node));
    }

    fn visit_class_node(&mut self, node: &ruby_prism::ClassNode<'pr>) {
        if node.superclass().as_ref().is_some_and(is_plugin) {
            self.content.has_words = true;
            let name = constant(&node.constant_path()).unwrap_or_default();
            self.content.plugins.push(last_part(&name).to_owned());
        }
        self.inside(|reading| ruby_prism::visit_class_node(reading, node));
    }

    fn visit_def_node(&mut self, node: &ruby_prism::DefNode<'pr>) {
        self.inside(|reading| ruby_prism::visit_def_node(reading, node));
    }
}

/// Words of Capistrano 3 whose meaning a gem may change for all recipes.
const CHANGED: &[&str] = &[
    "capture",
    "execute",
    "invoke",
    "on",
    "roles",
    "run_locally",
    "test",
    "upload!",
];

/// Returns a word of Capistrano that a module defines anew.
pub(in crate::port) fn changed_word(module: &ruby_prism::ModuleNode<'_>) -> Option<String> {
    let is_of_capistrano = source(&module.constant_path()).ends_with("DSL");
    let words = content(module.body().as_ref()).into_iter();
    let mut words = words.filter_map(|node| node.as_def_node().map(|word| id(&word.name())));
    words.find(|word| is_of_capistrano && CHANGED.contains(&word.as_str()))
}

/// Returns true for the classes from which plugins of Capistrano 3 are made.
pub(in crate::port) fn is_plugin(class: &Node<'_>) -> bool {
    let name = constant(class).unwrap_or_default();
    matches!(
        name.as_str(),
        "Capistrano::Plugin" | "Plugin" | "Capistrano::SCM::Plugin" | "SCM::Plugin"
    )
}

#[cfg(test)]
mod tests {
    use super::Content;

    fn of(text: &str, version: u8) -> (Vec<String>, bool) {
        let content = Content::of(text.as_bytes(), "lib/capistrano/a.rb", version);
        let is_recipe = content.is_recipe();
        (content.loads, is_recipe)
    }

    #[test]
    fn the_files_that_a_version_loads_are_found() {
        let text = "require 'capistrano/a/helpers'\nif defined?(Capistrano::VERSION)\n  load File.expand_path('../tasks/a.rake', __FILE__)\n\
                    else\n  require 'capistrano/a/v2'\nend\nDir.glob(\"#{__dir__}/more/*.rake\").each { |r| import r }\n";
        let helpers = "capistrano/a/helpers".to_owned();
        let more = "/lib/capistrano/more/*.rake".to_owned();
        assert_eq!(
            of(text, 3),
            (
                vec![helpers.clone(), "/lib/capistrano/tasks/a.rake".to_owned(), more.clone()],
                true
            )
        );
        assert_eq!(of(text, 2).0, [helpers, "capistrano/a/v2".to_owned(), more]);
    }

    #[test]
    fn classes_and_modules_alone_are_no_recipe_and_a_plugin_is_one() {
        assert!(!of("module A\n  def x\n    set :a, 1\n  end\nend\n", 3).1);
        assert!(!of("require 'x'\nclass Y < Z\nend\n", 3).1);
        assert!(of("class A < Capistrano::Plugin\nend\n", 3).1);
        assert!(
            of(
                "module Capistrano\n  module DSL\n    def on(hosts)\n    end\n  end\nend\n",
                3
            )
            .1
        );
        assert!(
            of(
                "Capistrano::Configuration.instance(:must_exist).load do\n  set :a, 1\nend\n",
                2
            )
            .1
        );
    }
}
