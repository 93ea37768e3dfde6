//! Finds the notes in gems that matter only to who calls their tasks: no recipe of the project names these, and no hook leads to them.

use std::collections::BTreeSet;

use ruby_prism::{CallNode, Node, ParseResult, Visit};

use super::facts::{Facts, full_names};
use super::ruby::{Offsets, arguments, id, line_of, literal};
use super::tidy::FileDraft;

/// A task, a function or the block of a hook in a file of a gem.
#[derive(Debug, Default)]
struct Item {
    file: usize,
    /// Its first and its last line.
    lines: (usize, usize),
    /// The names under which it can be called: one, or all that begin so if it ends in `*`.
    name: String,
    /// The names in it.
    names: BTreeSet<String>,
    is_reached: bool,
}

/// A hook in a file of a gem: the names that its task may have, and the names that it adds.
struct Hook {
    to: Vec<String>,
    names: BTreeSet<String>,
}

/// The names and items of all files.
#[derive(Default)]
struct Found {
    items: Vec<Item>,
    hooks: Vec<Hook>,
    /// The names outside of items.
    names: BTreeSet<String>,
}

/// Marks the notes that matter only to who calls a task of a gem.
pub(super) fn mark(facts: &Facts, parsed: &[ParseResult<'_>], drafts: &mut [FileDraft<'_>]) {
    if drafts.iter().all(|draft| draft.source.gem.is_none()) {
        return;
    }
    let mut found = Found::default();
    for (file, (draft, parsed)) in drafts.iter().zip(parsed).enumerate() {
        let mut reading = Reading {
            found: &mut found,
            file,
            text: &draft.source.text,
            is_gem: draft.source.gem.is_some(),
            is_third: facts.version == 3,
            namespaces: Vec::new(),
            items: Vec::new(),
        };
        reading.visit(&parsed.node());
    }
    found.walk(facts);
    for item in found.items.iter().filter(|item| !item.is_reached) {
        let Some(draft) = drafts.get_mut(item.file) else {
            continue;
        };
        let (first, last) = item.lines;
        let inside = draft
            .notes
            .iter_mut()
            .filter(|note| (first..=last).contains(&note.line));
        inside.for_each(|note| note.only_if_called = true);
    }
}

impl Found {
    /// Follows the names from the project and from the flow of a deploy.
    fn walk(&mut self, facts: &Facts) {
        let defined: BTreeSet<String> = self.items.iter().map(|item| item.name.clone()).collect();
        let mut names = std::mem::take(&mut self.names);
        names.extend(
            defined
                .iter()
                .filter(|name| facts.vocabulary.tasks.contains(*name))
                .cloned(),
        );
        loop {
            let before = names.len();
            for hook in &self.hooks {
                // One of capr's own that a family of computed names would have, too, runs in any case.
                let is_met = |name: &String| {
                    !defined.contains(name) && (!is_of_family(&defined, name) || facts.vocabulary.tasks.contains(name))
                        || is_named(&names, name)
                };
                // A name that stands in a namespace means the nearest task of the gem.
                let own = hook
                    .to
                    .iter()
                    .find(|name| defined.contains(*name) || is_of_family(&defined, name));
                if own.is_none_or(is_met) {
                    names.extend(hook.names.iter().cloned());
                }
            }
            for item in self.items.iter_mut().filter(|item| !item.is_reached) {
                if is_named(&names, &item.name) {
                    item.is_reached = true;
                    names.extend(item.names.iter().cloned());
                }
            }
            if names.len() == before
                && !self
                    .items
                    .iter()
                    .any(|item| !item.is_reached && is_named(&names, &item.name))
            {
                return;
            }
        }
    }
}

/// Returns true if one of the names is this one. A name that ends in `*` stands for all that begin so.
fn is_named(names: &BTreeSet<String>, name: &str) -> bool {
    if names.contains(name) || names.contains(&format!("{name}:default")) {
        return true;
    }
    if let Some(begin) = name.strip_suffix('*') {
        return names.iter().any(|named| named.starts_with(begin));
    }
    let families = names.iter().filter_map(|named| named.strip_suffix('*'));
    let is_default = name.strip_suffix(":default").is_some_and(|short| names.contains(short));
    is_default || families.into_iter().any(|begin| name.starts_with(begin))
}

/// Returns true if tasks with computed names may have this name.
fn is_of_family(defined: &BTreeSet<String>, name: &str) -> bool {
    defined
        .iter()
        .filter_map(|own| own.strip_suffix('*'))
        .any(|begin| name.starts_with(begin))
}

struct Reading<'a> {
    found: &'a mut Found,
    file: usize,
    text: &'a [u8],
    is_gem: bool,
    is_third: bool,
    namespaces: Vec<String>,
    /// The numbers of the items around the place.
    items: Vec<usize>,
}

impl Reading<'_> {
    /// Notes that a name stands here; it means the task in this namespace or in one around it.
    fn name(&mut self, name: &str) {
        for full in self.full(name) {
            match self.items.last().and_then(|item| self.found.items.get_mut(*item)) {
                Some(item) => item.names.insert(full),
                None => self.found.names.insert(full),
            };
        }
    }

    /// Returns the full names that a name may mean, the nearest first.
    fn full(&self, name: &str) -> Vec<String> {
        full_names(&self.namespaces, name).collect()
    }

    /// Reads a task, a function or the block of a hook.
    fn item(&mut self, name: String, node: &Node<'_>, visit: impl FnOnce(&mut Self)) {
        if !self.is_gem {
            visit(self);
            return;
        }
        let place = node.location();
        self.found.items.push(Item {
            file: self.file,
            lines: (
                line_of(self.text, place.start_offset()),
                line_of(self.text, place.end_offset()),
            ),
            name,
            ..Item::default()
        });
        self.items.push(self.found.items.len() - 1);
        visit(self);
        self.items.pop();
    }

    /// Reads `after "deploy", "x:y"` in a gem.
    fn hook(&mut self, call: &CallNode<'_>) -> bool {
        let given = arguments(call, false).values;
        let Some(to) = given.first().and_then(literal) else {
            return false;
        };
        if !self.is_gem || !self.items.is_empty() {
            return false;
        }
        let to = self.full(&to);
        match call.block() {
            Some(block) if block.as_block_node().is_some() => {
                let name = format!("(block {})", self.found.items.len());
                let names = BTreeSet::from([name.clone()]);
                self.found.hooks.push(Hook { to, names });
                self.item(name, &call.as_node(), |reading| reading.visit(&block));
            }
            _ => {
                let names: Vec<String> = given.iter().skip(1).filter_map(literal).collect();
                if names.len() + 1 != given.len() {
                    return false;
                }
                let names = names.iter().flat_map(|name| self.full(name)).collect();
                self.found.hooks.push(Hook { to, names });
            }
        }
        true
    }
}

impl<'pr> Visit<'pr> for Reading<'_> {
    fn visit_call_node(&mut self, node: &CallNode<'pr>) {
        let name = id(&node.name());
        let given = arguments(node, true);
        let first = given.values.first().and_then(literal);
        let first = first.or_else(|| given.pairs.first().and_then(|(key, _)| literal(key)));
        match (name.as_str(), node.receiver().is_none()) {
            ("namespace", true) if first.is_some() => {
                self.namespaces.extend(first);
                ruby_prism::visit_call_node(self, node);
                self.namespaces.pop();
                return;
            }
            ("task", _) => {
                let name = first.unwrap_or_else(|| "*".to_owned());
                let full = self.full(&name).into_iter().next().unwrap_or(name);
                if !(self.is_third && full == "load:defaults") {
                    self.item(full, &node.as_node(), |reading| {
                        ruby_prism::visit_call_node(reading, node)
                    });
                    return;
                }
            }
            ("before" | "after", true) if self.hook(node) => return,
            (_, true) => self.name(&name),
            _ => {
                // `deploy.web.disable` of Capistrano 2.
                let code = super::ruby::source(&node.as_node());
                let is_path = code
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
                if is_path {
                    self.name(&code.replace('.', ":"));
                }
            }
        }
        ruby_prism::visit_call_node(self, node);
    }

    fn visit_def_node(&mut self, node: &ruby_prism::DefNode<'pr>) {
        let name = id(&node.name());
        if matches!(name.as_str(), "set_defaults" | "define_tasks" | "register_hooks") {
            // Capistrano calls these when a plugin is installed.
            ruby_prism::visit_def_node(self, node);
            return;
        }
        // Functions have no namespaces.
        self.item(name, &node.as_node(), |reading| {
            ruby_prism::visit_def_node(reading, node)
        });
    }

    fn visit_string_node(&mut self, node: &ruby_prism::StringNode<'pr>) {
        let text = String::from_utf8_lossy(node.unescaped()).into_owned();
        self.name(text.trim_start_matches(':'));
    }

    fn visit_symbol_node(&mut self, node: &ruby_prism::SymbolNode<'pr>) {
        let text = String::from_utf8_lossy(node.unescaped()).into_owned();
        self.name(&text);
    }

    fn visit_interpolated_string_node(&mut self, node: &ruby_prism::InterpolatedStringNode<'pr>) {
        let first = node.parts().iter().next().and_then(|part| literal(&part));
        if let Some(begin) = first.filter(|text| text.contains(':') && !text.contains([' ', '/'])) {
            self.name(&format!("{begin}*"));
        }
        ruby_prism::visit_interpolated_string_node(self, node);
    }
}
