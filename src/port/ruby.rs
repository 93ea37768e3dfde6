//! Short functions for the nodes of Ruby's parser.

use ruby_prism::{CallNode, ConstantId, Location, Node, ParametersNode, StatementsNode};

/// Places in a file, in bytes from its beginning.
pub(super) trait Offsets {
    fn start_offset(&self) -> usize;
    fn end_offset(&self) -> usize;
}

impl Offsets for Location<'_> {
    fn start_offset(&self) -> usize {
        self.start() as usize
    }

    fn end_offset(&self) -> usize {
        self.end() as usize
    }
}

/// Returns the line of a place, counted from 1.
pub(super) fn line_of(text: &[u8], offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Returns a name.
pub(super) fn id(name: &ConstantId<'_>) -> String {
    String::from_utf8_lossy(name.as_slice()).into_owned()
}

/// Returns the word of a call: `task` also for `Rake::Task.define_task`, which is the same.
pub(super) fn word(call: &CallNode<'_>) -> String {
    let name = id(&call.name());
    match call.receiver().as_ref().and_then(constant).as_deref() {
        Some("Rake::Task") if name == "define_task" => "task".to_owned(),
        _ => name,
    }
}

/// Returns the source of a node.
pub(super) fn source(node: &Node<'_>) -> String {
    String::from_utf8_lossy(node.location().as_slice()).into_owned()
}

/// The arguments of a call, with the pairs at their end apart.
pub(super) struct Arguments<'pr> {
    pub(super) values: Vec<Node<'pr>>,
    pub(super) pairs: Vec<(Node<'pr>, Node<'pr>)>,
    /// True if `*list` or `**map` is among them.
    pub(super) has_splat: bool,
}

impl<'pr> Arguments<'pr> {
    /// Returns the value of an option.
    pub(super) fn option(&self, name: &str) -> Option<&Node<'pr>> {
        let mut pairs = self.pairs.iter();
        pairs.find_map(|(key, value)| (literal(key).as_deref() == Some(name)).then_some(value))
    }
}

/// Returns the arguments of a call. If `loose`, a map in braces at the end counts as pairs.
pub(super) fn arguments<'pr>(call: &CallNode<'pr>, loose: bool) -> Arguments<'pr> {
    let mut read = Arguments {
        values: Vec::new(),
        pairs: Vec::new(),
        has_splat: false,
    };
    let given = call.arguments().map(|arguments| arguments.arguments());
    let nodes: Vec<Node<'pr>> = given.iter().flat_map(|list| list.iter()).collect();
    let count = nodes.len();
    for (index, node) in nodes.into_iter().enumerate() {
        let is_last = index + 1 == count;
        if let Some(hash) = node.as_keyword_hash_node() {
            read.has_splat |= pairs(hash.elements().iter(), &mut read.pairs);
        } else if let (true, true, Some(hash)) = (loose, is_last && index > 0, node.as_hash_node()) {
            read.has_splat |= pairs(hash.elements().iter(), &mut read.pairs);
        } else {
            read.has_splat |= node.as_splat_node().is_some();
            read.values.push(node);
        }
    }
    read
}

/// Puts the pairs of a map into a list; returns true if something else is among them.
pub(super) fn pairs<'pr>(elements: impl Iterator<Item = Node<'pr>>, into: &mut Vec<(Node<'pr>, Node<'pr>)>) -> bool {
    let mut other = false;
    for element in elements {
        match element.as_assoc_node() {
            Some(pair) => into.push((pair.key(), pair.value())),
            None => other = true,
        }
    }
    other
}

/// Returns the content of a string or a symbol that is written out.
pub(super) fn literal(node: &Node<'_>) -> Option<String> {
    if let Some(text) = node.as_string_node() {
        return Some(String::from_utf8_lossy(text.unescaped()).into_owned());
    }
    if let Some(inner) = node.as_parentheses_node() {
        // This is `namespace (:deploy) do`.
        let body = inner.body()?.as_statements_node()?;
        let nodes: Vec<Node<'_>> = body.body().iter().collect();
        return match nodes.as_slice() {
            [only] if only.as_parentheses_node().is_none() => literal(only),
            _ => None,
        };
    }
    let symbol = node.as_symbol_node()?;
    Some(String::from_utf8_lossy(symbol.unescaped()).into_owned())
}

/// Returns the path that `load` and `require` are given, also where RubyGems is asked for it: `Gem.find_files("x.rb").first.to_s`.
pub(super) fn loaded_path(node: &Node<'_>) -> Option<String> {
    if let Some(path) = literal(node) {
        return Some(path);
    }
    let call = node.as_call_node()?;
    let receiver = call.receiver()?;
    let given = arguments(&call, false).values;
    let is_gem = constant(&receiver).as_deref() == Some("Gem");
    match (id(&call.name()).as_str(), given.as_slice()) {
        ("find_files", [path]) | ("required_location", [_, path]) if is_gem => {
            let path = literal(path)?;
            Some(path.trim_end_matches(".rb").to_owned())
        }
        ("first" | "last" | "to_s" | "to_str", []) | ("[]", [_]) => loaded_path(&receiver).filter(|_| !is_gem),
        _ => None,
    }
}

/// Returns the path in `eval(File.read(path))`, which loads the file.
pub(super) fn evaluated<'pr>(call: &CallNode<'pr>) -> Option<Node<'pr>> {
    let first = |call: &CallNode<'pr>| arguments(call, false).values.into_iter().next();
    let is_eval = matches!(id(&call.name()).as_str(), "eval" | "instance_eval");
    let read = first(call).filter(|_| is_eval)?.as_call_node()?;
    let class = constant(&read.receiver()?)?;
    let is_read = id(&read.name()) == "read" && matches!(class.as_str(), "File" | "IO");
    first(&read).filter(|_| is_read)
}

/// The parameters and the statements of a block after a call.
pub(super) struct Behind<'pr> {
    pub(super) parameters: Vec<String>,
    /// True if there are other parameters than plain names.
    pub(super) is_odd: bool,
    /// The parameters that are taken apart, `(key, value)`, with a name for each whole, if no other ones are odd.
    pub(super) apart: Vec<(String, Vec<String>)>,
    pub(super) body: Option<StatementsNode<'pr>>,
    /// The `begin … rescue … end` in the block, without these words.
    pub(super) rescue: Option<Node<'pr>>,
    /// The end of the block.
    pub(super) end: usize,
}

/// Returns the statements of an optional list.
pub(super) fn statements<'pr>(list: Option<&StatementsNode<'pr>>) -> Vec<Node<'pr>> {
    list.map(|list| list.body().iter().collect()).unwrap_or_default()
}

/// Returns the content of `do … end` or of braces.
pub(super) fn behind<'pr>(call: &CallNode<'pr>) -> Option<Behind<'pr>> {
    let block = call.block()?.as_block_node()?;
    Some(body_of(block.parameters(), block.body(), block.location().end_offset()))
}

/// Returns the content of a block or a lambda.
pub(super) fn body_of<'pr>(parameters: Option<Node<'pr>>, body: Option<Node<'pr>>, end: usize) -> Behind<'pr> {
    let mut read = Behind {
        parameters: Vec::new(),
        is_odd: false,
        apart: Vec::new(),
        body: None,
        rescue: None,
        end,
    };
    if let Some(node) = parameters {
        match node.as_block_parameters_node().map(|list| list.parameters()) {
            Some(Some(list)) => {
                let (names, odd) = names(&list);
                read.parameters = names;
                read.is_odd = odd;
                taken_apart(&list, &mut read);
            }
            Some(None) => {}
            None => read.is_odd = true,
        }
    }
    match body {
        Some(body) if body.as_statements_node().is_some() => read.body = body.as_statements_node(),
        other => read.rescue = other,
    }
    read
}

/// Returns the statements in the body of a class, a module or a method.
pub(super) fn content<'pr>(body: Option<&Node<'pr>>) -> Vec<Node<'pr>> {
    statements(body.and_then(Node::as_statements_node).as_ref())
}

/// Returns the name of a class without its modules.
pub(super) fn last_part(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// Adds the parameters that are taken apart, if there are no others but plain ones.
fn taken_apart(list: &ParametersNode<'_>, read: &mut Behind<'_>) {
    let required: Vec<Node<'_>> = list.requireds().iter().collect();
    let plain = |node: &Node<'_>| node.as_required_parameter_node().map(|node| id(&node.name()));
    let parts_of = |node: &Node<'_>| -> Option<Vec<String>> {
        let parts = node.as_multi_target_node()?;
        let only_lefts = parts.rest().is_none() && parts.rights().iter().next().is_none();
        parts
            .lefts()
            .iter()
            .map(|part| plain(&part))
            .collect::<Option<_>>()
            .filter(|_| only_lefts)
    };
    let is_alone = list.optionals().iter().next().is_none()
        && list.rest().is_none()
        && list.posts().iter().next().is_none()
        && list.keywords().iter().next().is_none()
        && list.keyword_rest().is_none()
        && list.block().is_none();
    let (mut all, mut apart) = (Vec::new(), Vec::new());
    for node in &required {
        match (plain(node), parts_of(node)) {
            (Some(name), _) => all.push(name),
            (None, Some(parts)) => {
                let whole = parts.join("_and_");
                all.push(whole.clone());
                apart.push((whole, parts));
            }
            _ => return,
        }
    }
    if is_alone && !apart.is_empty() {
        read.parameters = all;
        read.apart = apart;
    }
}

/// Returns the names of parameters, and true if there are others than plain ones.
fn names(list: &ParametersNode<'_>) -> (Vec<String>, bool) {
    let required = list.requireds();
    let plain: Vec<String> = required
        .iter()
        .filter_map(|node| node.as_required_parameter_node().map(|node| id(&node.name())))
        .collect();
    let odd = plain.len() != required.iter().count()
        || list.optionals().iter().next().is_some()
        || list.rest().is_some_and(|rest| rest.as_implicit_rest_node().is_none())
        || list.posts().iter().next().is_some()
        || list.keywords().iter().next().is_some()
        || list.keyword_rest().is_some()
        || list.block().is_some();
    (plain, odd)
}

/// Returns the path of a class: `Capistrano::CLI`.
pub(super) fn constant(node: &Node<'_>) -> Option<String> {
    if let Some(name) = node.as_constant_read_node() {
        return Some(id(&name.name()));
    }
    let path = node.as_constant_path_node()?;
    let name = id(&path.name()?);
    Some(match path.parent() {
        Some(parent) => format!("{}::{name}", constant(&parent)?),
        None => name,
    })
}

/// Returns a name that stands alone or behind `self`, which Ruby looks up as a method: a variable, a task, a namespace.
pub(super) fn bare(node: &Node<'_>) -> Option<String> {
    let call = node.as_call_node()?;
    let is_own = call.receiver().is_none_or(|of| of.as_self_node().is_some());
    let is_bare = is_own && call.arguments().is_none() && call.block().is_none();
    is_bare.then(|| id(&call.name()))
}

/// Returns the name of a local; `host` alone may be the server of a block of `on`, which needs no parameter for it.
pub(super) fn local_or_host(node: &Node<'_>) -> Option<String> {
    let local = node.as_local_variable_read_node().map(|local| id(&local.name()));
    local.or_else(|| bare(node).filter(|name| name == HOST))
}

/// The word for the server in a block of `on`, where it stands without a parameter.
pub(super) const HOST: &str = "host";

/// Replaces characters that would end a comment or hide something.
pub(super) fn printable(line: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
    line.chars().map(shown).collect()
}
