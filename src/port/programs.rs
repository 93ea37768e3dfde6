//! The words that Capistrano 3 puts before programs, or runs in their place: SSHKit's command map and the lists of libraries.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::Node;

use super::facts::Facts;
use super::ruby::literal;

/// The programs of which the files of a project say something else than their names.
#[derive(Debug, Default)]
pub(super) struct ProgramFacts {
    /// The replacements of commands in `SSHKit.config.command_map`.
    pub(super) mapped: BTreeMap<String, Mapped>,
    /// The places of those whose names a loop gives: the number of the file and the offset.
    pub(super) mapped_at: BTreeSet<(usize, usize)>,
    /// The programs that `SSHKit.config.command_map.prefix` puts words before.
    pub(super) prefixed: BTreeSet<String>,
    /// The programs in lists that `rbenv_map_bins`, `bundle_bins` and their like are set to, each behind the name of the variable.
    listed: BTreeSet<(String, String)>,
}

impl ProgramFacts {
    /// Notes the value of a variable, which may be a list of programs.
    pub(super) fn set(&mut self, name: &str, value: Option<&Node<'_>>) {
        let list = value.filter(|_| name.ends_with("_bins")).and_then(Node::as_array_node);
        for program in list.iter().flat_map(|list| list.elements().iter()) {
            let program = literal(&program).map(|program| (name.to_owned(), program));
            self.listed.extend(program);
        }
    }
}

/// The replacement of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mapped {
    /// It is written out.
    Text(String),
    /// The Ruby code that makes it.
    Code(String),
}

/// Returns the variables of libraries with the programs that they put words before, those that have this program where a recipe says nothing.
fn lists_of(program: &str) -> impl Iterator<Item = &'static str> {
    const OF_RUBY: &[&str] = &[
        "asdf_map_bins",
        "chruby_map_bins",
        "mise_map_bins",
        "rbenv_map_bins",
        "rvm_map_bins",
    ];
    const OF_NODE: &[&str] = &["nodenv_map_bins", "nvm_map_bins"];
    let lists: [&[&str]; 2] = match program {
        "gem" | "rails" | "rake" => [OF_RUBY, &["bundler_map_bins"]],
        "bundle" | "ruby" => [OF_RUBY, &[]],
        "node" | "npm" | "yarn" => [OF_NODE, &[]],
        _ => [&[], &[]],
    };
    lists.into_iter().flatten().copied()
}

impl Facts {
    /// Returns true for a program that libraries run as the command map says. In SSHKit a prefix goes before an entry of the map.
    pub(super) fn is_mapped_by_libraries(&self, program: &str) -> bool {
        matches!(
            program,
            "bower"
                | "bundle"
                | "composer"
                | "gulp"
                | "npm"
                | "passenger-config"
                | "php"
                | "pm2"
                | "pnpm"
                | "puma"
                | "pumactl"
                | "rails"
                | "rake"
                | "sidekiq"
                | "unicorn"
                | "yarn"
        ) && !self.is_prefixed(program)
    }

    /// Returns true for a program that SSHKit puts words before, those of a library (`rbenv exec`, `bundle exec`) or of the recipe.
    pub(super) fn is_prefixed(&self, program: &str) -> bool {
        let by_library = lists_of(program).any(|name| self.vocabulary.variables.contains(name));
        by_library || self.programs.prefixed.contains(program)
    }

    /// Returns what the recipe has in the place of a program where nothing else goes before it.
    pub(super) fn mapped(&self, program: &str) -> Option<&Mapped> {
        let own = self.programs.mapped.get(program);
        own.filter(|_| !self.is_surely_prefixed(program))
    }

    /// Returns true for a program that a library surely puts words before, so that SSHKit does not look at what the recipe has in its place.
    pub(super) fn is_surely_prefixed(&self, program: &str) -> bool {
        let has = |name: &str| {
            let listed = |name: &str| self.programs.listed.contains(&(name.to_owned(), program.to_owned()));
            let own = if name == "bundler_map_bins" {
                "bundle_bins"
            } else {
                name
            };
            let may_lack = |name: &str| self.variables.contains_key(name) && !listed(name);
            // These lists may be without it.
            let is_short = match name {
                "asdf_map_bins" => true,
                "nodenv_map_bins" => program == "yarn",
                _ => name == "rvm_map_bins" && self.libraries.contains("rvm1/capistrano3"),
            };
            self.vocabulary.variables.contains(name) && !is_short && !may_lack(own) && !may_lack(name)
        };
        self.version > 2 && lists_of(program).any(has)
    }
}
