//! Reads methods of lists and maps that take blocks or pairs.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, behind, literal};
use super::Reader;
use super::locals::Type;

impl Reader<'_> {
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
            let key = if is_environment && self.facts.version > 2 {
                key.to_uppercase()
            } else {
                key
            };
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

    /// Returns a function that tells yes or no, or else its contrary, by Ruby's truth; `None` for one with several statements.
    pub(super) fn asking(&self, closure: Expr, is_negated: bool) -> Option<Expr> {
        let Expr::Closure(names, body) = closure else {
            return None;
        };
        let value = body.value().cloned()?;
        let asked = match self.kind_of(&value) {
            Type::YesNo => value,
            _ => value.binary("??", Expr::Bool(false)).binary("!=", Expr::Bool(false)),
        };
        let asked = if is_negated { asked.negated() } else { asked };
        Some(Expr::Closure(names, Block::giving(asked)))
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
        let value = self.expression(receiver)?;
        if matches!(name, "inject" | "reduce")
            && let ([first], Some(behind)) = (arguments(call, false).values.as_slice(), behind(call))
            && behind.parameters.len() == 2
        {
            let first = self.expression(first)?;
            let closure = self.closure(behind)?;
            return Ok(value.method("reduce", vec![closure, first]));
        }
        let method = match name {
            "map" | "collect" => "map",
            "select" | "find_all" | "filter" => "filter",
            "reject" | "delete_if" => "reject",
            "any?" => "some",
            "all?" => "all",
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
            None => {
                let block = call.block().and_then(|block| block.as_block_argument_node());
                let symbol = block.and_then(|block| block.expression()).as_ref().and_then(literal);
                let item = Expr::name("item");
                let body = match symbol.as_deref() {
                    Some("strip" | "chomp" | "capitalize") => Expr::call(symbol.as_deref().unwrap_or(""), vec![item]),
                    Some("to_s" | "to_sym") => item.method("to_string", Vec::new()),
                    Some("upcase") => item.method("to_upper", Vec::new()),
                    Some("downcase") => item.method("to_lower", Vec::new()),
                    Some("hostname" | "host") => Expr::Member(Box::new(item), "host".to_owned()),
                    Some("to_i") => Expr::call("to_i", vec![item]),
                    Some("empty?") if method == "reject" => item.method("is_empty", Vec::new()).negated(),
                    _ => return self.refuse(Kind::Construct, format!("`{name}` with a function of that kind")),
                };
                Expr::Closure(vec!["item".to_owned()], Block::giving(body))
            }
            Some(behind) if behind.parameters.len() == 2 && method == "map" => {
                return self.map_pairs(value, behind);
            }
            Some(_) => return self.refuse(Kind::Construct, format!("`{name}` with a block of this kind")),
        };
        let method = if method == "reject" { "filter" } else { method };
        Ok(value.method(method, vec![closure]))
    }
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

/// Returns a list that was changed in its place.
pub(super) fn in_place(name: &str, value: Expr) -> Block {
    let list = Expr::name("list");
    let mut block = Block::giving(list.clone());
    block
        .lines
        .insert(0, Line::new(Statement::Let("list".to_owned(), value)));
    block
        .lines
        .insert(1, Line::new(Statement::Value(list.method(name, Vec::new()))));
    block
}
