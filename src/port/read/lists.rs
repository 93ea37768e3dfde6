//! Reads methods of lists and maps that take blocks or pairs.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, behind, id, literal, statements};
use super::Reader;
use super::locals::Type;

impl Reader<'_> {
    /// Reads `Array(value)`, which is the value itself if that is a list.
    pub(super) fn list_of(&mut self, values: &[Node<'_>]) -> Read<Expr> {
        let value = self.first(values)?;
        let is_list = match &value {
            Expr::Call(call) if call.name == "fetch" => call
                .arguments
                .get(1)
                .is_some_and(|default| self.kind_of(default) == Type::List),
            value => self.kind_of(value) == Type::List,
        };
        match is_list {
            true => Ok(value),
            false => Ok(Expr::call("ruby_list", vec![value])),
        }
    }

    /// Reads `map.merge!(a: 1)`.
    pub(super) fn merge_into(&mut self, receiver: &Node<'_>, pairs: &[(Node<'_>, Node<'_>)]) -> Read<Vec<Line>> {
        let target = match self.expression(receiver)? {
            // A map of the recipe is changed in its place.
            Expr::Call(call) if call.name == "fetch" => match call.arguments.first().and_then(Expr::literal) {
                Some(name @ ("default_environment" | "default_run_options" | "ssh_options")) => Expr::name(name),
                Some(name) => {
                    let name = name.to_owned();
                    let whole = Expr::call("fetch", vec![Expr::symbol(&name), Expr::Map(Vec::new())]);
                    let whole = whole.binary("+", self.map(pairs)?);
                    return Ok(vec![Line::verb(Call::new("set", vec![Expr::symbol(&name), whole]))]);
                }
                None => return self.refuse(Kind::Construct, "`merge!` of a variable whose name is computed"),
            },
            target => target,
        };
        let entries = match self.map(pairs)? {
            Expr::Map(entries) => entries,
            whole => return Ok(vec![Line::new(Statement::Value(target.method("mixin", vec![whole])))]),
        };
        let is_environment = target == Expr::name("default_environment");
        let lines = entries.into_iter().map(|(key, value)| {
            let is_string = |(name, _): &(Node<'_>, Node<'_>)| {
                name.as_string_node().is_some() && literal(name).as_ref() == Some(&key)
            };
            let is_symbol = is_environment && self.facts.version > 2 && !pairs.iter().any(is_string);
            let key = if is_symbol { key.to_uppercase() } else { key };
            let place = Expr::Index(Box::new(target.clone()), Box::new(Expr::Text(key)));
            Line::new(Statement::Assign(place, "=", value))
        });
        Ok(lines.collect())
    }

    /// Reads `map.map { |key, value| … }`, and the same over a list of pairs.
    fn map_pairs(&mut self, owner: Expr, behind: super::super::ruby::Behind<'_>) -> Read<Expr> {
        let Expr::Closure(names, body) = self.closure(behind)? else {
            return self.refuse(Kind::Construct, "`map` with a block of this kind");
        };
        let [key, value] = names.as_slice() else {
            return self.refuse(Kind::Construct, "`map` with a block of this kind");
        };
        let item = |name: &str, at: Expr| Expr::Index(Box::new(Expr::name(name)), Box::new(at));
        if self.kind_of(&owner) == Type::List {
            let part = |at: &str| item("pair", Expr::Number(at.to_owned()));
            let body = beginning_with(vec![(key.clone(), part("0")), (value.clone(), part("1"))], body);
            return Ok(owner.method("map", vec![Expr::Closure(vec!["pair".to_owned()], body)]));
        }
        self.remarks.push(super::loops::ORDER.to_owned());
        let mut lines = Vec::new();
        let map = match owner {
            Expr::Name(name) => name,
            other => {
                lines.push(Line::new(Statement::Let("pairs".to_owned(), other)));
                "pairs".to_owned()
            }
        };
        // The closure uses the map, so the keys are put into a local first.
        let keys = Expr::name(&map).method("keys", Vec::new());
        lines.push(Line::new(Statement::Let("entries".to_owned(), keys)));
        let body = beginning_with(vec![(value.clone(), item(&map, Expr::name(key)))], body);
        let mapped = Expr::name("entries").method("map", vec![Expr::Closure(vec![key.clone()], body)]);
        lines.push(Line::new(Statement::Value(mapped)));
        Ok(Expr::Block(Block { lines, gives: true }))
    }

    /// Returns the pairs of a value that is known to be a map, and any other value as it is.
    pub(super) fn in_pairs(&mut self, value: Expr) -> Expr {
        if self.kind_of(&value) != Type::Map {
            return value;
        }
        self.remarks.push(super::loops::ORDER.to_owned());
        Expr::call("ruby_pairs", vec![value])
    }

    /// Returns what a method gives the elements of to its block: of a map its pairs.
    fn given_to_block(&mut self, name: &str, call: &CallNode<'_>, value: Expr) -> Expr {
        match name {
            // The others, such as `select`, give a function of one parameter the key alone.
            "map" | "collect" | "flat_map" | "collect_concat" | "filter_map" | "sum" | "find_all" | "count"
            | "partition" | "any?" | "none?" | "all?" | "find" | "detect" | "to_h" | "sort_by" | "min_by"
            | "max_by" | "group_by"
                if behind(call).is_none_or(|behind| behind.parameters.len() < 2) =>
            {
                self.in_pairs(value)
            }
            _ => value,
        }
    }

    /// Returns a function that tells yes or no, or else its contrary, by Ruby's truth; `None` for one that gives no value.
    pub(super) fn asking(&self, closure: Expr, is_negated: bool) -> Option<Expr> {
        let Expr::Closure(names, body) = closure else {
            return None;
        };
        let asked = self.asked_of(body, if is_negated { "reject" } else { "select" })?;
        Some(Expr::Closure(names, asked))
    }

    /// Reads `list.map { |x| … }` and similar calls.
    pub(super) fn method_with_block(&mut self, name: &str, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Expr> {
        let items = match self.servers_of(receiver)? {
            Some(_) => Type::Server,
            None => Type::Unknown,
        };
        if let Some(word) = self.random_word(name, call, receiver) {
            return Ok(word);
        }
        if let Some(value) = self.collected(name, call, receiver)? {
            return Ok(value);
        }
        let value = self.expression(receiver)?;
        let value = self.given_to_block(name, call, value);
        if let Some(value) = self.in_an_order(name, call, &value)? {
            return Ok(value);
        }
        if let Some(value) = self.as_function_with_block(name, call, &value)? {
            return Ok(value);
        }
        let value = super::ruby_methods::listed(value);
        let method = match name {
            "map" | "collect" | "flat_map" | "collect_concat" | "sum" => "map",
            "select" | "find_all" | "filter" | "count" | "partition" => "filter",
            "reject" | "delete_if" => "reject",
            "any?" | "none?" => "some",
            "all?" => "all",
            "one?" => "filter",
            "find" | "detect" => "find",
            _ => return self.refuse(Kind::Construct, format!("`{name}` with a block")),
        };
        let closure = match behind(call) {
            Some(behind) if behind.parameters.len() == 1 => {
                let tests = method != "map";
                let closure = self.closure_over(behind, items)?;
                match (closure, tests) {
                    (closure, true) => match self.asking(closure, method == "reject") {
                        Some(asking) => asking,
                        None => return self.refuse(Kind::Construct, format!("`{name}` with a longer block")),
                    },
                    (closure, _) => closure,
                }
            }
            // This is `map(&:strip)`.
            None => match (self.element_function(name, call)?, method) {
                (closure, "map") => closure,
                (Expr::Closure(names, body), method) => {
                    let Some(asked) = self.asked_of(body, method) else {
                        return self.refuse(Kind::Construct, format!("`{name}` with a longer block"));
                    };
                    Expr::Closure(names, asked)
                }
                (closure, _) => closure,
            },
            Some(behind) if behind.parameters.len() == 2 && method == "map" => {
                let mapped = self.map_pairs(value, behind)?;
                return Ok(match name {
                    "sum" => self.more_without_arguments("sum", mapped.clone()).unwrap_or(mapped),
                    "flat_map" | "collect_concat" => reduced("flatten", mapped),
                    _ => mapped,
                });
            }
            Some(behind) if behind.parameters.len() == 2 && matches!(method, "filter" | "reject") => {
                let is_list = self.kind_of(&value) == Type::List;
                match (self.closure(behind)?, is_list) {
                    (Expr::Closure(names, body), is_list) => {
                        let Some(asked) = self.asked_of(body, method) else {
                            return self.refuse(Kind::Construct, format!("`{name}` with a longer block"));
                        };
                        match is_list {
                            true => super::ruby_methods::of_pair(&names, asked),
                            false => Expr::Closure(names, asked),
                        }
                    }
                    (closure, _) => closure,
                }
            }
            Some(_) => return self.refuse(Kind::Construct, format!("`{name}` with a block of this kind")),
        };
        Ok(match name {
            "count" => value.method("filter", vec![closure]).method("len", Vec::new()),
            "one?" => {
                let found = value.method("filter", vec![closure]).method("len", Vec::new());
                found.binary("==", Expr::number(1))
            }
            "none?" => value.method("some", vec![closure]).negated(),
            "flat_map" | "collect_concat" => reduced("flatten", value.method("map", vec![closure])),
            "sum" => {
                let all = value.method("map", vec![closure]);
                self.more_without_arguments("sum", all.clone()).unwrap_or(all)
            }
            "partition" => {
                let rest = match &closure {
                    Expr::Closure(names, body) => body
                        .value()
                        .map(|asked| Expr::Closure(names.clone(), Block::giving(asked.clone().negated()))),
                    _ => None,
                };
                let Some(rest) = rest else {
                    return self.refuse(Kind::Construct, "`partition` with a longer block");
                };
                Expr::List(vec![
                    value.clone().method("filter", vec![closure]),
                    value.method("filter", vec![rest]),
                ])
            }
            _ => value.method(if method == "reject" { "filter" } else { method }, vec![closure]),
        })
    }

    /// Returns the body of a function that answers yes or no, as its last value says; `None` if it gives no value.
    fn asked_of(&self, mut body: Block, method: &str) -> Option<Block> {
        if super::rescue::returns(&body) && method == "reject" {
            return None;
        }
        let Statement::Value(value) = &mut body.lines.last_mut()?.statement else {
            return None;
        };
        let asked = match self.kind_of(value) {
            Type::YesNo => value.clone(),
            _ => value.clone().into_condition(),
        };
        *value = if method == "reject" { asked.negated() } else { asked };
        Some(body)
    }

    /// Reads methods that put elements in an order or make one value of them; `None` for others.
    fn in_an_order(&mut self, name: &str, call: &CallNode<'_>, value: &Expr) -> Read<Option<Expr>> {
        let parameters = behind(call).map_or(0, |behind| behind.parameters.len());
        let given = arguments(call, false).values;
        let pairs = |value: &Expr| match parameters {
            2 => Expr::call("ruby_pairs", vec![value.clone()]),
            _ => super::ruby_methods::listed(value.clone()),
        };
        Ok(Some(match (name, parameters, given.as_slice()) {
            ("inject" | "reduce", 2, [] | [_]) => {
                let first = given.first().map(|first| self.expression(first)).transpose()?;
                let Some(behind) = behind(call) else { return Ok(None) };
                let list = match behind.apart.is_empty() {
                    true => super::ruby_methods::listed(value.clone()),
                    false => Expr::call("ruby_pairs", vec![value.clone()]),
                };
                let closure = self.closure(behind)?;
                match first {
                    Some(first) => list.method("reduce", vec![closure, first]),
                    None => Expr::call("ruby_reduced", vec![list, closure]),
                }
            }
            ("inject" | "reduce", 0, []) => {
                let symbol = call
                    .block()
                    .and_then(|block| block.as_block_argument_node()?.expression());
                match symbol.as_ref().and_then(literal).as_deref() {
                    Some("+") => {
                        let body = Expr::name("all").binary("+", Expr::name("item"));
                        let names = vec!["all".to_owned(), "item".to_owned()];
                        let list = super::ruby_methods::listed(value.clone());
                        Expr::call("ruby_reduced", vec![list, Expr::Closure(names, Block::giving(body))])
                    }
                    _ => return Ok(None),
                }
            }
            ("gsub", 0 | 1, [pattern]) => {
                let Some(behind) = behind(call) else { return Ok(None) };
                let Expr::Closure(mut names, body) = self.closure(behind)? else {
                    return Ok(None);
                };
                if names.is_empty() {
                    names.push("found".to_owned());
                }
                let pattern = match literal(pattern) {
                    Some(plain) => Expr::Text(super::methods::escaped(&plain)),
                    None => self.regular(pattern)?,
                };
                let function = Expr::Closure(names, body);
                Expr::call("ruby_replaced", vec![value.clone(), pattern, function])
            }
            ("to_h", 1 | 2, []) => {
                let function = self.element_function(name, call)?;
                Expr::call("ruby_map", vec![pairs(value).method("map", vec![function])])
            }
            ("any?" | "none?" | "all?" | "find" | "detect" | "count", 2, []) => {
                let function = self.element_function(name, call)?;
                let Some(asking) = self.asking(function, false) else {
                    return Ok(None);
                };
                let list = pairs(value);
                match name {
                    "any?" => list.method("some", vec![asking]),
                    "none?" => list.method("some", vec![asking]).negated(),
                    "all?" => list.method("all", vec![asking]),
                    "count" => list.method("filter", vec![asking]).method("len", Vec::new()),
                    _ => list.method("find", vec![asking]),
                }
            }
            ("sort", 2, []) => {
                let Some(behind) = behind(call) else { return Ok(None) };
                let closure = self.closure(behind)?;
                let lines = vec![
                    Line::new(Statement::Let("list".to_owned(), value.clone())),
                    Line::new(Statement::Value(Expr::name("list").method("sort", vec![closure]))),
                    Line::new(Statement::Value(Expr::name("list"))),
                ];
                Expr::Block(Block { lines, gives: true })
            }
            ("sort_by" | "min_by" | "max_by" | "group_by", 0..=2, []) => {
                let function = self.element_function(name, call)?;
                let list = pairs(value);
                if name == "group_by" {
                    return Ok(Some(Expr::call("ruby_groups", vec![list, function])));
                }
                let sorted = Expr::call("ruby_sorted_by", vec![list, function]);
                let at = match name {
                    "sort_by" => return Ok(Some(sorted)),
                    "min_by" => Expr::number(0),
                    _ => Expr::number(-1),
                };
                Expr::Index(Box::new(sorted), Box::new(at))
            }
            _ => return Ok(None),
        }))
    }

    /// Reads `list.each_with_object([]) { |item, all| … }`, `list.each_with_index.map { |item, index| … }` and `3.times.map { |n| … }` as
    /// loops that fill a list or a map; `None` for anything else.
    fn collected(&mut self, name: &str, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Option<Expr>> {
        let Some(behind) =
            behind(call).filter(|behind| (!behind.is_odd || !behind.apart.is_empty()) && behind.rescue.is_none())
        else {
            return Ok(None);
        };
        let nodes = statements(behind.body.as_ref());
        let given = arguments(call, false).values;
        if let ("each_with_object", [item, all], [first]) = (name, behind.parameters.as_slice(), given.as_slice()) {
            let (list, first) = (self.expression(receiver)?, self.expression(first)?);
            let notes = self.notes.len();
            self.scopes.push(std::collections::BTreeMap::new());
            let kind = self.kind_of(&first);
            let local = super::locals::Local {
                kind,
                ..super::locals::Local::default()
            };
            let all = self.declare(all, local);
            let names = [(item.clone(), Type::Unknown)];
            let each = match behind.apart.as_slice() {
                [(whole, parts)] if whole == item => {
                    let places: Vec<String> = (0..parts.len()).map(|at| at.to_string()).collect();
                    let parts = parts.iter().map(String::as_str);
                    let parts: Vec<(&str, &str)> = parts.zip(places.iter().map(String::as_str)).collect();
                    let pairs = Expr::call("ruby_pairs", vec![list]);
                    self.each_with(&names, pairs, &nodes, behind.end, &parts)
                }
                _ => self.each(&names, list, &nodes, behind.end),
            };
            self.scopes.pop();
            self.without_notes(notes)?;
            let lines = vec![
                Line::new(Statement::Let(all.clone(), first)),
                each,
                Line::new(Statement::Value(Expr::Name(all))),
            ];
            return Ok(Some(Expr::Block(Block { lines, gives: true })));
        }
        let inner = receiver.as_call_node().filter(|inner| inner.block().is_none());
        let Some((how, list)) = inner.and_then(|inner| Some((id(&inner.name()), inner.receiver()?))) else {
            return Ok(None);
        };
        let is_indexed = matches!(
            (name, how.as_str()),
            ("map" | "collect", "each_with_index" | "times") | ("with_index", "map" | "collect")
        );
        let first = match (name, given.as_slice()) {
            (_, []) => None,
            ("with_index", [first]) => Some(self.expression(first)?),
            _ => return Ok(None),
        };
        if !is_indexed {
            return Ok(None);
        }
        let list = match how.as_str() {
            "times" => Expr::number(0).binary("..", self.expression(&list)?),
            _ if !behind.apart.is_empty() => Expr::call("ruby_pairs", vec![self.expression(&list)?]),
            _ => self.expression(&list)?,
        };
        let Expr::Closure(mut names, mut body) = self.closure(behind)? else {
            return Ok(None);
        };
        if let (Some(first), Some(counter)) = (first, names.get_mut(1)) {
            let counted = Expr::name("number").binary("+", first);
            let line = Line::new(Statement::Let(std::mem::replace(counter, "number".to_owned()), counted));
            body.lines.insert(0, line);
        }
        let all = Expr::name("all");
        let before = std::mem::take(&mut body.lines);
        body.lines = before.into_iter().flat_map(|line| pushed(line, &all)).collect();
        if let Some(last) = body.lines.last_mut()
            && let Statement::Value(value) = &last.statement
        {
            last.statement = Statement::Value(all.clone().method("push", vec![value.clone()]));
        }
        body.gives = false;
        let names = if names.is_empty() {
            vec!["item".to_owned()]
        } else {
            names
        };
        let lines = vec![
            Line::new(Statement::Let("all".to_owned(), Expr::List(Vec::new()))),
            Line::new(Statement::For(names, list, body)),
            Line::new(Statement::Value(all)),
        ];
        Ok(Some(Expr::Block(Block { lines, gives: true })))
    }
}

/// Returns a line of a loop that fills a list: what the function would return there is put into the list, and the loop goes on.
fn pushed(mut line: Line, all: &Expr) -> Vec<Line> {
    for block in line.statement.blocks() {
        let before = std::mem::take(&mut block.lines);
        block.lines = before.into_iter().flat_map(|line| pushed(line, all)).collect();
    }
    let Statement::Return(value) = &mut line.statement else {
        return vec![line];
    };
    let value = value.take().unwrap_or(Expr::Unit);
    line.statement = Statement::Value(all.clone().method("push", vec![value]));
    vec![line, Line::new(Statement::Continue)]
}

/// Returns a body with `let name = value` at its beginning.
fn beginning_with(lets: Vec<(String, Expr)>, mut body: Block) -> Block {
    for (name, value) in lets.into_iter().rev() {
        body.lines.insert(0, Line::new(Statement::Let(name, value)));
    }
    body
}

/// Returns true for a value that lists servers.
pub(super) fn is_list_of_servers(value: &Expr) -> bool {
    matches!(value, Expr::Call(call) if matches!(call.name.as_str(), "find_servers" | "roles" | "release_roles"))
}

/// Returns a list without its duplicates (`uniq`), or flattened by one level.
pub(super) fn reduced(name: &str, value: Expr) -> Expr {
    let (all, item) = (Expr::name("all"), Expr::name("item"));
    let one = Expr::List(vec![item.clone()]);
    let body = match name {
        "uniq" => Expr::If(
            vec![(item.binary("in", all.clone()), Block::giving(all.clone()))],
            Some(Block::giving(all.binary("+", one))),
        ),
        _ => {
            let is_list = Expr::call("type_of", vec![item.clone()]).binary("==", Expr::text("array"));
            all.binary(
                "+",
                Expr::If(vec![(is_list, Block::giving(item))], Some(Block::giving(one))),
            )
        }
    };
    let names = vec!["all".to_owned(), "item".to_owned()];
    value.method(
        "reduce",
        vec![Expr::Closure(names, Block::giving(body)), Expr::List(Vec::new())],
    )
}

/// Returns the numbers below this one, from 0 on, as a list.
pub(super) fn counted(count: Expr) -> Expr {
    super::ruby_methods::listed(Expr::number(0).binary("..", count))
}
