//! Reads maps, whose keys may be computed.

use ruby_prism::Node;

use std::collections::{BTreeMap, BTreeSet};

use super::super::form::{Block, Expr, Line, Statement};
use super::super::nodes::each_node;
use super::super::note::{Kind, Read};
use super::super::ruby::{bare, behind, constant, id, literal, pairs, source};
use super::Reader;

impl Reader<'_> {
    /// Reads `map[key] = value`.
    pub(super) fn set_index(&mut self, receiver: &Node<'_>, key: &Node<'_>, value: &Node<'_>) -> Read<Vec<Line>> {
        if constant(receiver).as_deref() == Some("ENV") && value.as_nil_node().is_some() {
            let key = self.key(key)?;
            return Ok(vec![Line::new(Statement::Value(
                Expr::name("ENV").method("remove", vec![key]),
            ))]);
        }
        let name = bare(receiver);
        let written = literal(key);
        if let (Some(map @ ("ssh_options" | "default_run_options" | "default_environment")), Some(key)) =
            (name.as_deref(), written.clone())
        {
            return self.set_option(map, key, value);
        }
        let owner = self.expression(receiver)?;
        if !is_place(&owner) {
            return self.refuse(Kind::Construct, "an assignment to a part of what a call gives");
        }
        let is_environment = owner == Expr::name("default_environment") && self.facts.version > 2;
        let key = match written {
            Some(text) if is_environment && key.as_symbol_node().is_some() => Expr::Text(text.to_uppercase()),
            Some(key) => Expr::Text(key),
            None => self.expression(key)?,
        };
        let target = Expr::Index(Box::new(owner), Box::new(key));
        Ok(vec![Line::new(Statement::Assign(target, "=", self.expression(value)?))])
    }

    /// Returns true for a variable of Capistrano 3 that is an environment.
    pub(super) fn is_of_names(&self, variable: &str) -> bool {
        variable == "default_env" || variable.ends_with("_env_variables") && self.facts.version > 2
    }

    /// Returns an environment as SSHKit has it, which writes those names in capitals that are symbols in Ruby; `code` is what gives it.
    pub(super) fn as_environment(&self, value: Expr, code: &str) -> Expr {
        let symbols = symbols_in(code);
        match value {
            Expr::Map(pairs) => {
                let named = |(key, value): (String, Expr)| {
                    let key = if symbols.contains(&key) {
                        key.to_uppercase()
                    } else {
                        key
                    };
                    (key, super::strings::filled(value))
                };
                Expr::Map(pairs.into_iter().map(named).collect())
            }
            Expr::Binary(sign @ ("+" | "??"), left, right) => self
                .as_environment(*left, code)
                .binary(sign, self.as_environment(*right, code)),
            Expr::Block(block) => Expr::Block(self.block_as_environment(block, code)),
            Expr::If(arms, otherwise) => {
                let of_block = |block| self.block_as_environment(block, code);
                let arms = arms.into_iter().map(|(asked, block)| (asked, of_block(block)));
                Expr::If(arms.collect(), otherwise.map(of_block))
            }
            value => {
                // It was made elsewhere: the names are written in capitals when the recipe runs.
                let symbols: Vec<Expr> = symbols_in(&self.code_of(&value)).into_iter().map(Expr::Text).collect();
                match symbols.is_empty() {
                    true => value,
                    false => Expr::call("ruby_capitals", vec![value, Expr::List(symbols)]),
                }
            }
        }
    }

    /// The same for the value of a block.
    pub(super) fn block_as_environment(&self, mut block: Block, code: &str) -> Block {
        if let Some(Line {
            statement: Statement::Value(value),
            ..
        }) = block.lines.last_mut()
        {
            *value = self.as_environment(std::mem::replace(value, Expr::Unit), code);
        }
        block
    }

    /// Returns the Ruby code that gives a local or a constant its entries, or that is the function which is called.
    fn code_of(&self, value: &Expr) -> String {
        let mut code = String::new();
        match value {
            Expr::Call(call) => {
                let function = self.facts.functions.get(&call.name);
                code.extend(function.map(|function| function.source.as_str()));
            }
            Expr::Name(name) => each_node(&ruby_prism::parse(self.text).node(), &mut |node| {
                let local = node.as_local_variable_write_node().map(|write| id(&write.name()));
                let constant = node
                    .as_constant_write_node()
                    .map(|write| id(&write.name()).to_lowercase());
                let changed = node.as_call_node().and_then(|call| {
                    let local = call.receiver()?.as_local_variable_read_node()?;
                    Some(id(&local.name()))
                });
                if [local, constant, changed].contains(&Some(name.clone())) {
                    code.push_str(&source(node));
                    code.push('\n');
                }
                true
            }),
            _ => {}
        }
        code
    }

    /// Reads a map with or without braces.
    pub(super) fn hash(&mut self, node: &Node<'_>) -> Read<Expr> {
        match elements(node) {
            Some(list) => self.map(&list),
            None => self.with_others(node),
        }
    }

    /// Reads `{ a: 1, **others }` as a sum, in which later values take the place of earlier ones.
    fn with_others(&mut self, node: &Node<'_>) -> Read<Expr> {
        let elements: Vec<Node<'_>> = match (node.as_hash_node(), node.as_keyword_hash_node()) {
            (Some(map), _) => map.elements().iter().collect(),
            (_, Some(map)) => map.elements().iter().collect(),
            _ => Vec::new(),
        };
        let (mut whole, mut own): (Option<Expr>, Vec<(Node<'_>, Node<'_>)>) = (None, Vec::new());
        let add = |whole: Option<Expr>, more: Expr| match whole {
            Some(whole) => whole.binary("+", more),
            None => more,
        };
        for element in elements {
            if let Some(pair) = element.as_assoc_node() {
                own.push((pair.key(), pair.value()));
                continue;
            }
            let others = element.as_assoc_splat_node().and_then(|splat| splat.value());
            let Some(others) = others else {
                return self.refuse(Kind::Construct, "`**` in a map");
            };
            let before = std::mem::take(&mut own);
            if !before.is_empty() {
                whole = Some(add(whole, self.map(&before)?));
            }
            whole = Some(add(whole, self.expression(&others)?));
        }
        if !own.is_empty() {
            whole = Some(add(whole, self.map(&own)?));
        }
        Ok(whole.unwrap_or(Expr::Map(Vec::new())))
    }

    /// Reads pairs as a map. One whose keys are computed is filled key by key.
    pub(super) fn map(&mut self, list: &[(Node<'_>, Node<'_>)]) -> Read<Expr> {
        let mut entries: Vec<(Expr, Expr)> = Vec::new();
        for (key, value) in list {
            let key = match literal(key) {
                Some(key) => Expr::Text(key),
                None if key.as_integer_node().is_some() => Expr::Text(source(key)),
                None => self.expression(key)?,
            };
            let value = match value.as_implicit_node() {
                Some(implicit) => self.expression(&implicit.value())?,
                None => self.expression(value)?,
            };
            entries.retain(|(other, _)| *other != key);
            entries.push((key, value));
        }
        let written = |(key, value): &(Expr, Expr)| Some((key.literal()?.to_owned(), value.clone()));
        if let Some(map) = entries.iter().map(written).collect::<Option<Vec<_>>>() {
            return Ok(Expr::Map(map));
        }
        let name = self.free_name("made");
        let map = Expr::name(&name);
        let mut lines = vec![Line::new(Statement::Let(name, Expr::Map(Vec::new())))];
        lines.extend(entries.into_iter().map(|(key, value)| {
            let place = Expr::Index(Box::new(map.clone()), Box::new(key));
            Line::new(Statement::Assign(place, "=", value))
        }));
        lines.push(Line::new(Statement::Value(map)));
        self.carry("a map with computed keys");
        Ok(Expr::Block(Block { lines, gives: true }))
    }

    /// Reads a map as a list of pairs, in the order in which they are written; `None` for anything else.
    pub(super) fn pairs(&mut self, node: &Node<'_>) -> Read<Option<Expr>> {
        let Some(list) = elements(node) else { return Ok(None) };
        let mut rows = Vec::new();
        for (key, value) in &list {
            let key = match literal(key) {
                Some(key) => Expr::Text(key),
                None => self.expression(key)?,
            };
            rows.push(Expr::List(vec![key, self.expression(value)?]));
        }
        Ok(Some(Expr::List(rows)))
    }

    /// Returns the name, or a longer one if it is taken.
    pub(super) fn free_name(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.is_written(&name) || self.facts.is_variable(&name) || self.facts.tasks.contains(&name) {
            name.push('_');
        }
        name
    }

    /// Returns true if a visible local has this name in the recipe.
    pub(super) fn is_written(&self, name: &str) -> bool {
        self.local_written(name).is_some()
    }
}

/// Returns true for a map with a key that is computed.
pub(super) fn has_computed_key(node: &Node<'_>) -> bool {
    let is_written = |key: &Node<'_>| literal(key).is_some() || key.as_integer_node().is_some();
    elements(node).is_some_and(|list| list.iter().any(|(key, _)| !is_written(key)))
}

/// Returns the pairs of a map; `None` if it has other parts, or is no map.
fn elements<'pr>(node: &Node<'pr>) -> Option<Vec<(Node<'pr>, Node<'pr>)>> {
    let elements: Vec<Node<'pr>> = match (node.as_hash_node(), node.as_keyword_hash_node()) {
        (Some(map), _) => map.elements().iter().collect(),
        (_, Some(map)) => map.elements().iter().collect(),
        _ => return None,
    };
    let mut list = Vec::new();
    let has_others = pairs(elements.into_iter(), &mut list);
    (!has_others).then_some(list)
}

/// Returns the locals that are maps with computed keys and are used only in loops over their pairs: as lists of pairs they keep
/// their order.
pub(super) fn only_looped(root: &Node<'_>) -> BTreeSet<String> {
    let mut uses = Uses::default();
    each_node(root, &mut |node| {
        uses.see(node);
        true
    });
    let is_looped = |(name, (all, looped)): (String, (usize, usize))| {
        (all == looped && uses.maps.contains(&name) && !uses.others.contains(&name)).then_some(name)
    };
    std::mem::take(&mut uses.read)
        .into_iter()
        .filter_map(is_looped)
        .collect()
}

/// Counts how locals are used.
#[derive(Default)]
struct Uses {
    /// The number of times that a local is read, and the number of loops that take its pairs apart.
    read: BTreeMap<String, (usize, usize)>,
    maps: BTreeSet<String>,
    /// The locals to which something else is assigned as well.
    others: BTreeSet<String>,
}

impl Uses {
    fn see(&mut self, node: &Node<'_>) {
        if let Some(read) = node.as_local_variable_read_node() {
            self.read.entry(id(&read.name())).or_default().0 += 1;
        } else if let Some(write) = node.as_local_variable_write_node() {
            let name = id(&write.name());
            match has_computed_key(&write.value()) && !self.maps.contains(&name) {
                true => self.maps.insert(name),
                false => self.others.insert(name),
            };
        } else if let Some(write) = node.as_local_variable_operator_write_node() {
            self.others.insert(id(&write.name()));
        } else if let Some(target) = node.as_local_variable_target_node() {
            self.others.insert(id(&target.name()));
        } else if let Some(call) = node.as_call_node() {
            let takes_apart = matches!(id(&call.name()).as_str(), "each" | "each_pair" | "map" | "collect")
                && behind(&call).is_some_and(|behind| matches!(behind.parameters.len(), 1 | 2) && !behind.is_odd);
            let of = call.receiver().and_then(|of| of.as_local_variable_read_node());
            if let Some(local) = of.filter(|_| takes_apart) {
                self.read.entry(id(&local.name())).or_default().1 += 1;
            }
        }
    }
}

/// Returns true for what keeps a value that is assigned to a part of it.
fn is_place(value: &Expr) -> bool {
    match value {
        Expr::Name(_) => true,
        Expr::Index(owner, _) | Expr::Member(owner, _) => is_place(owner),
        _ => false,
    }
}

/// Returns the names in small letters that stand in Ruby code as symbols which are keys: `path: x`, `:path => x`, `[:path]`.
fn symbols_in(code: &str) -> BTreeSet<String> {
    let mut symbols = BTreeSet::new();
    for (at, _) in code.match_indices(':') {
        let (before, behind) = code.split_at(at);
        let behind = behind.trim_start_matches(':');
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let word = before.trim_end_matches(['"', '\'']);
        let word = word.rsplit(|c| !is_part(c)).next().unwrap_or_default();
        let name = behind.split(|c| !is_part(c)).next().unwrap_or_default();
        let rest = behind.strip_prefix(name).unwrap_or_default();
        if rest.trim_start().starts_with("=>") || rest.starts_with(']') {
            symbols.insert(name.to_owned());
        } else if behind.starts_with(|c: char| c.is_whitespace() || matches!(c, ',' | '}')) {
            symbols.insert(word.to_owned());
        }
    }
    symbols.retain(|name| name.contains(char::is_lowercase));
    symbols
}
