//! The names of tasks that loops over lists define: `%w[start stop].each { |name| task name … }`.

use std::collections::BTreeMap;

use ruby_prism::{CallNode, Node};

use super::programs::Mapped;
use super::ruby::{Offsets, arguments, behind, id, literal, source};

/// The most names that one line defines.
const MOST: usize = 200;

/// Returns the items of a list that is written out, and the keys of a map.
pub(super) fn items(list: &Node<'_>) -> Option<Vec<String>> {
    if let Some(call) = list.as_call_node() {
        let is_same = matches!(id(&call.name()).as_str(), "freeze" | "keys");
        return items(&call.receiver().filter(|_| is_same)?);
    }
    if let Some(map) = list.as_hash_node() {
        let pairs = map.elements();
        let mut keys = pairs.iter().map(|pair| literal(&pair.as_assoc_node()?.key()));
        return keys.by_ref().collect();
    }
    list.as_array_node()?
        .elements()
        .iter()
        .map(|item| literal(&item))
        .collect()
}

/// Returns the local of a loop over a list that is written out, with the items of the list.
pub(super) fn through(method: &str, call: &CallNode<'_>) -> Option<(String, Vec<String>)> {
    through_lists(method, call, &BTreeMap::new())
}

/// Returns the same where the list may also be one of these, which are locals, constants or variables, these with a colon before the name.
pub(super) fn through_lists(
    method: &str,
    call: &CallNode<'_>,
    lists: &BTreeMap<String, Vec<String>>,
) -> Option<(String, Vec<String>)> {
    if !matches!(method, "each" | "each_key" | "each_pair" | "each_with_index" | "map") {
        return None;
    }
    let receiver = call.receiver()?;
    let local = receiver.as_local_variable_read_node().map(|local| id(&local.name()));
    let named = local.or_else(|| receiver.as_constant_read_node().map(|constant| id(&constant.name())));
    let named = named.or_else(|| {
        let fetch = receiver.as_call_node().filter(|call| id(&call.name()) == "fetch")?;
        let variable = arguments(&fetch, false).values.first().and_then(literal)?;
        Some(format!(":{variable}"))
    });
    let items = match named {
        Some(name) => lists.get(&name)?.clone(),
        None => items(&receiver)?,
    };
    let local = behind(call)?.parameters.into_iter().next()?;
    Some((local, items))
}

/// Returns the names that a value has in these loops; `None` if they cannot be told.
pub(super) fn names(node: &Node<'_>, loops: &[(String, Vec<String>)]) -> Option<Vec<String>> {
    if let Some(name) = literal(node) {
        return Some(vec![name]);
    }
    if let Some(local) = node.as_local_variable_read_node() {
        let local = id(&local.name());
        let found = loops.iter().rev().find(|(name, _)| *name == local);
        return found.map(|(_, items)| items.clone());
    }
    if let Some(call) = node.as_call_node() {
        let is_same = matches!(id(&call.name()).as_str(), "to_s" | "to_sym" | "intern");
        return names(&call.receiver().filter(|_| is_same)?, loops);
    }
    let parts: Vec<Node<'_>> = match (node.as_interpolated_string_node(), node.as_interpolated_symbol_node()) {
        (Some(text), _) => text.parts().iter().collect(),
        (_, Some(symbol)) => symbol.parts().iter().collect(),
        (None, None) => return None,
    };
    let mut all = vec![String::new()];
    for part in &parts {
        let inner = part.as_embedded_statements_node().and_then(|part| part.statements());
        let inner = inner.and_then(|list| list.body().iter().next());
        let ends = names(inner.as_ref().unwrap_or(part), loops)?;
        let joined = all
            .iter()
            .flat_map(|start| ends.iter().map(move |end| format!("{start}{end}")));
        all = joined.take(MOST).collect();
    }
    Some(all)
}

/// Returns the replacements of commands that `command_map[key] = value` makes, in these loops; `None` if the names cannot be told.
pub(super) fn mapped(
    key: &Node<'_>,
    value: &Node<'_>,
    loops: &[(String, Vec<String>)],
) -> Option<Vec<(String, Mapped)>> {
    if let Some(key) = literal(key) {
        let mapped = match literal(value) {
            Some(text) => Mapped::Text(text),
            None => Mapped::Code(source(value)),
        };
        return Some(vec![(key, mapped)]);
    }
    let (keys, values) = (names(key, loops)?, names(value, loops)?);
    let of = |at: usize| {
        if values.len() == 1 {
            values.first()
        } else {
            values.get(at)
        }
    };
    let texts = keys.iter().enumerate().map(|(at, key)| {
        let text = of(at).filter(|_| values.len() == 1 || values.len() == keys.len())?;
        Some((key.clone(), Mapped::Text(text.clone())))
    });
    texts.collect()
}

/// Returns the place and the names of the task of a hook, if they are computed in these loops.
pub(super) fn hooked(task: Option<&Node<'_>>, loops: &[(String, Vec<String>)]) -> Option<(usize, Vec<String>)> {
    let task = task.filter(|task| literal(task).is_none())?;
    Some((task.location().start_offset(), names(task, loops)?))
}
