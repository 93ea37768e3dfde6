//! The functions that gems define for recipes of Capistrano 3. A recipe that calls one gets it, as one that another file of the project
//! defines.

use std::collections::BTreeMap;

use super::facts::Function;
use super::parameters::taking;
use crate::packed::{Packed, packed};
use crate::recipe::Vocabulary;

/// All of them, in the words of Ruby: a section for each library of capr, which is named in the line above it.
const FUNCTIONS: Packed = packed!("src/port/gem_functions.rb");

/// Returns those whose library is required.
pub(super) fn of(vocabulary: &Vocabulary) -> BTreeMap<String, Function> {
    let text = FUNCTIONS.text();
    let sections = text.split("# ").filter_map(|section| section.split_once('\n'));
    let wanted = sections.filter(|(library, _)| vocabulary.has_library(library));
    wanted.flat_map(|(_, code)| functions(code)).collect()
}

fn functions(code: &str) -> Vec<(String, Function)> {
    let parsed = ruby_prism::parse(code.as_bytes());
    let Some(program) = parsed.node().as_program_node() else {
        return Vec::new();
    };
    let nodes = program.statements().body();
    let definitions = nodes.iter().filter_map(|node| node.as_def_node());
    let function = |node: ruby_prism::DefNode<'_>| {
        let function = Function {
            file: usize::MAX,
            before_rest: None,
            is_plain: true,
            takes_block: super::parameters::block_of(&node).is_some(),
            is_of_templates: false,
            lines: (0, 0),
            named: Vec::new(),
            source: String::from_utf8_lossy(node.location().as_slice()).into_owned(),
        };
        let function = match node.parameters() {
            Some(list) => taking(function, &list),
            None => function,
        };
        (super::ruby::id(&node.name()), function)
    };
    definitions.map(function).collect()
}
