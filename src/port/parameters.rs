//! The parameters of functions.

use super::facts::Function;
use super::ruby::{id, source};

/// Returns the parameters that are given by their names, each with the code of its default.
pub(super) fn named_parameters(list: &ruby_prism::ParametersNode<'_>) -> Vec<(String, Option<String>)> {
    let named = list.keywords();
    let named = named.iter().filter_map(|node| {
        if let Some(node) = node.as_optional_keyword_parameter_node() {
            return Some((id(&node.name()), Some(source(&node.value()))));
        }
        let node = node.as_required_keyword_parameter_node()?;
        Some((id(&node.name()), None))
    });
    named.collect()
}

/// Adds the parameters to the facts about a function.
pub(super) fn taking(function: Function, list: &ruby_prism::ParametersNode<'_>) -> Function {
    let required = list.requireds();
    let are_names = required.iter().all(|node| node.as_required_parameter_node().is_some());
    let rest = list.rest();
    let has_optional = list.optionals().iter().next().is_some();
    let is_named = rest
        .as_ref()
        .is_none_or(|rest| rest.as_rest_parameter_node().is_some_and(|rest| rest.name().is_some()));
    let has_others = list.posts().iter().next().is_some() || list.keyword_rest().is_some() || list.block().is_some();
    let named = named_parameters(list);
    // Named parameters follow the others, so the number of the others must be fixed.
    let is_fixed = named.is_empty() || rest.is_none() && !has_optional;
    Function {
        is_plain: function.is_plain
            && are_names
            && is_named
            && is_fixed
            && !has_others
            && !(rest.is_some() && has_optional),
        named,
        before_rest: rest.map(|_| required.iter().count()),
        ..function
    }
}
