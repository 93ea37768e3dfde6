//! The parameters of functions.

use std::collections::BTreeSet;

use ruby_prism::{CallNode, Node};

use super::facts::Function;
use super::filling::is_of_templates;
use super::modules::is_of_object;
use super::nodes::each_node;
use super::ruby::{arguments, behind, id, literal, source};

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

/// Returns the name of the block that a function takes, which it may have no name for: `yield`.
pub(super) fn block_of(function: &ruby_prism::DefNode<'_>) -> Option<String> {
    let given = function.parameters().and_then(|list| list.block());
    if let Some(block) = given.and_then(|block| block.as_block_parameter_node()) {
        return Some(block.name().map_or_else(|| "block".to_owned(), |name| id(&name)));
    }
    let mut yields = false;
    if let Some(body) = function.body() {
        each_node(&body, &mut |node| {
            let asks = node
                .as_call_node()
                .is_some_and(|call| id(&call.name()) == "block_given?");
            yields |= asks || node.as_yield_node().is_some();
            true
        });
    }
    yields.then(|| "block".to_owned())
}

/// Returns the parameters of a function that are servers, by what it reads of them: `host.hostname`.
pub(super) fn servers_of(function: &ruby_prism::DefNode<'_>) -> BTreeSet<String> {
    let mut servers = BTreeSet::new();
    let mut see = |node: &Node<'_>| {
        let Some(call) = node.as_call_node() else { return true };
        let of = call
            .receiver()
            .and_then(|of| of.as_local_variable_read_node().map(|of| id(&of.name())));
        let is_read = |of: &String| match id(&call.name()).as_str() {
            "hostname" | "properties" => true,
            "user" | "port" | "roles" => matches!(of.as_str(), "host" | "server"),
            _ => false,
        };
        servers.extend(of.filter(is_read));
        true
    };
    if let Some(body) = function.body() {
        each_node(&body, &mut see);
    }
    servers
}

/// Returns the numbers of these parameters.
pub(super) fn servers_at(function: &ruby_prism::DefNode<'_>) -> BTreeSet<usize> {
    let servers = servers_of(function);
    let list = function.parameters().map(|list| list.requireds());
    let names = list.iter().flat_map(|list| list.iter());
    let is_server = |node: &Node<'_>| {
        let name = node.as_required_parameter_node().map(|node| id(&node.name()));
        name.is_some_and(|name| servers.contains(&name))
    };
    let numbered = names.enumerate().filter(|(_, node)| is_server(node));
    numbered.map(|(at, _)| at).collect()
}

/// Returns the facts about a function.
pub(super) fn function_of(node: &ruby_prism::DefNode<'_>, file: usize, lines: (usize, usize)) -> Function {
    let function = Function {
        file,
        before_rest: None,
        is_plain: !is_of_object(node),
        servers: servers_at(node),
        takes_block: block_of(node).is_some(),
        is_of_templates: is_of_templates(node),
        lines,
        named: Vec::new(),
        source: String::from_utf8_lossy(node.location().as_slice()).into_owned(),
    };
    match node.parameters() {
        Some(list) => taking(function, &list),
        None => function,
    }
}

/// Adds the parameters to the facts about a function.
fn taking(function: Function, list: &ruby_prism::ParametersNode<'_>) -> Function {
    let required = list.requireds();
    let are_names = required.iter().all(|node| node.as_required_parameter_node().is_some());
    let rest = list.rest();
    let has_optional = list.optionals().iter().next().is_some();
    let is_named = rest
        .as_ref()
        .is_none_or(|rest| rest.as_rest_parameter_node().is_some_and(|rest| rest.name().is_some()));
    let has_others = list.posts().iter().next().is_some() || list.keyword_rest().is_some();
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

/// Returns the names of the arguments of a task: `task :say, [:what, :to] => :check do |task, args|`, also without brackets.
pub(super) fn of_task(call: &CallNode<'_>) -> Vec<String> {
    let given = arguments(call, true);
    let before_needs = given.pairs.first().map(|(key, _)| key);
    let lists = given
        .values
        .get(1)
        .or(before_needs)
        .and_then(|node| node.as_array_node());
    let nodes: Vec<Node<'_>> = match lists {
        Some(list) => list.elements().iter().collect(),
        None => given.values.into_iter().skip(1).collect(),
    };
    if nodes.is_empty() && takes_extras(call) {
        return vec![EXTRAS.to_owned()];
    }
    nodes.iter().map(literal).collect::<Option<_>>().unwrap_or_default()
}

/// The name of the arguments of a task that has no names for them.
pub(super) const EXTRAS: &str = "extras";

/// Returns true for a task that looks at arguments without names.
pub(super) fn takes_extras(task: &CallNode<'_>) -> bool {
    let is_asked = |args: &String| ["extras", "to_a"].iter().any(|word| is_in_body(task, args, word));
    behind(task).is_some_and(|behind| behind.parameters.len() == 2 && behind.parameters.get(1).is_some_and(is_asked))
}

/// Returns true for a task that lets itself run again.
pub(super) fn is_run_again(task: &CallNode<'_>) -> bool {
    let parameters = behind(task).map(|behind| behind.parameters).unwrap_or_default();
    parameters.first().is_some_and(|own| is_in_body(task, own, "reenable"))
}

/// Returns true if the block of a task calls a method of its parameter.
fn is_in_body(task: &CallNode<'_>, parameter: &str, method: &str) -> bool {
    let block = task.block().map(|block| source(&block));
    block.is_some_and(|block| block.contains(&format!("{parameter}.{method}")))
}

/// Returns the functions that do nothing but set a variable unless it is set: `def set_default(name, *args, &block)`, by any name.
pub(super) fn defaulting(root: &Node<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_node(root, &mut |node| {
        let Some(function) = node.as_def_node() else {
            return true;
        };
        let code = String::from_utf8_lossy(function.location().as_slice()).into_owned();
        let name = id(&function.name());
        if function.receiver().is_none() && only_sets(&code, &name) {
            found.insert(name);
        }
        false
    });
    found
}

/// Returns true for the code of such a function.
fn only_sets(code: &str, name: &str) -> bool {
    let squeezed: String = code
        .chars()
        .filter(|c| !c.is_whitespace() && !"()".contains(*c))
        .collect();
    let Some(rest) = squeezed.strip_prefix(&format!("def{name}")) else {
        return false;
    };
    // These are the parameters, and then the same as arguments.
    let Some((parameters, rest)) = rest.split_once("set") else {
        return false;
    };
    let first = parameters.split(',').next().unwrap_or("");
    let endings = ["unlessexists?", "if!exists?"].map(|asked| format!("{parameters}{asked}{first}end"));
    let whole = ["unlessexists?", "if!exists?"].map(|asked| format!("{asked}{first}set{parameters}endend"));
    let is_asked_first = whole
        .iter()
        .any(|whole| squeezed == format!("def{name}{parameters}{}", whole.trim_start_matches('!')));
    !first.is_empty() && parameters.contains(',') && (endings.iter().any(|ending| rest == ending) || is_asked_first)
}
