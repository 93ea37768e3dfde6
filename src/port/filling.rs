//! Functions that fill in a template whose path one of their parameters tells.

use std::collections::BTreeSet;

use ruby_prism::{CallNode, Node, Visit};

use super::nodes::each_node;
use super::ruby::{constant, id};

/// Returns true for `def template(from, to)` with `ERB.new(File.read("templates/#{from}"))`.
pub(super) fn is_of_templates(node: &ruby_prism::DefNode<'_>) -> bool {
    #[derive(Default)]
    struct Template {
        /// The number of surrounding calls that make a path.
        paths: usize,
        takes_local: bool,
        fills_in: bool,
    }
    impl<'pr> Visit<'pr> for Template {
        fn visit_call_node(&mut self, node: &CallNode<'pr>) {
            let class = node.receiver().as_ref().and_then(constant);
            let name = id(&node.name());
            let is_new = class.as_deref() == Some("ERB") && name == "new";
            self.fills_in |= is_new;
            let first = super::ruby::arguments(node, false)
                .values
                .into_iter()
                .next()
                .filter(|_| is_new);
            let read = first.and_then(|first| first.as_call_node().filter(|read| read.receiver().is_none()));
            // The file may be read by another function.
            self.takes_local |= read.is_some_and(|read| {
                let given = super::ruby::arguments(&read, false).values;
                given.iter().any(|value| value.as_local_variable_read_node().is_some())
            });
            let is_path = class.as_deref() == Some("File") && matches!(name.as_str(), "read" | "join" | "expand_path");
            self.paths += usize::from(is_path);
            ruby_prism::visit_call_node(self, node);
            self.paths -= usize::from(is_path);
        }
        fn visit_embedded_statements_node(&mut self, node: &ruby_prism::EmbeddedStatementsNode<'pr>) {
            let only = node.statements().and_then(|list| list.body().iter().next());
            let is_local = only.is_some_and(|only| only.as_local_variable_read_node().is_some());
            self.takes_local |= self.paths > 0 && is_local;
        }
    }
    let mut template = Template::default();
    template.visit_def_node(node);
    template.fills_in && template.takes_local
}

/// Returns the functions whose value is given to something, or kept in a local.
pub(super) fn given(node: &Node<'_>) -> BTreeSet<String> {
    let mut given = BTreeSet::new();
    each_node(node, &mut |node| {
        let listed = node.as_arguments_node().map(|list| list.arguments());
        let listed = listed.iter().flat_map(|list| list.iter());
        let kept = node.as_local_variable_write_node().map(|write| write.value());
        let calls = listed.chain(kept).filter_map(|value| value.as_call_node());
        given.extend(calls.map(|call| id(&call.name())));
        true
    });
    given
}

/// Returns true for the source of a function whose last value is a `StringIO`.
pub(super) fn gives_stream(source: &str) -> bool {
    let words = ["end", "else", "nil", "return nil"];
    let lines = source.lines().map(str::trim).rev();
    let mut last = lines.skip_while(|line| words.contains(line) || line.is_empty());
    last.next()
        .is_some_and(|line| line.trim_start_matches("return ").starts_with("StringIO.new"))
}
