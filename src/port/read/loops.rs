//! Reads blocks that run for each item.

use ruby_prism::{CallNode, Node};

use super::super::form::{Expr, Line, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, behind, id, statements};
use super::Reader;
use super::locals::{Local, Type};

/// The remark about the entries of maps.
pub(super) const ORDER: &str = "a map gives its entries in the order of their names, not in that of the file";

/// The loops and closures around a statement.
#[derive(Clone, Copy, Default)]
pub(super) struct Loops {
    /// The number of all of them.
    all: usize,
    /// The number of those that `next` and `break` can mean: a closure ends with its value.
    own: usize,
}

impl Loops {
    pub(super) fn begin(&mut self) {
        self.all += 1;
        self.own += 1;
    }

    pub(super) fn end(&mut self) {
        self.all = self.all.saturating_sub(1);
        self.own = self.own.saturating_sub(1);
    }

    /// Returns those of statements in a closure.
    pub(super) fn closure(self) -> Loops {
        Loops {
            all: self.all + 1,
            own: 0,
        }
    }

    pub(super) fn has_own(self) -> bool {
        self.own > 0
    }

    pub(super) fn is_within(self) -> bool {
        self.all > 0
    }
}

impl Reader<'_> {
    /// Reads `list.each do |x|` and similar loops.
    pub(super) fn loops_over(&mut self, call: &CallNode<'_>, receiver: &Node<'_>, name: &str) -> Read<Vec<Line>> {
        if let Some(lines) = self.hooks_on_stages(call, receiver)? {
            return Ok(lines);
        }
        if let Some(lines) = self.each_of_rake(call, receiver)? {
            return Ok(lines);
        }
        if let Some(lines) = self.load_each(call, name)? {
            return Ok(lines);
        }
        let around = self.listed.len();
        self.listed.extend(super::super::repeated::through(name, call));
        let lines = self.loop_over(call, receiver, name);
        self.listed.truncate(around);
        let mut lines = lines?;
        let items = self.free_name("items");
        if let [line] = lines.as_mut_slice()
            && let Statement::For(_, list, _) = &mut line.statement
            && has_braces(list)
        {
            // Braces before those of the loop would count as its body.
            let block = std::mem::replace(list, Expr::name(&items));
            let above = std::mem::take(&mut line.above);
            let before = Line {
                above,
                ..Line::new(Statement::Let(items, block))
            };
            lines.insert(0, before);
        }
        Ok(lines)
    }

    fn loop_over(&mut self, call: &CallNode<'_>, receiver: &Node<'_>, name: &str) -> Read<Vec<Line>> {
        let Some(behind) = behind(call) else {
            let given = call
                .block()
                .and_then(|block| block.as_block_argument_node()?.expression());
            let function = given.filter(|node| name == "each" && node.as_local_variable_read_node().is_some());
            let Some(function) = function.map(|node| self.expression(&node)).transpose()? else {
                return self.refuse(Kind::Construct, format!("`{name}` is given a function"));
            };
            let called = function.method("call", vec![Expr::name("item")]);
            let body = super::super::form::Block::of(vec![Line::new(Statement::Value(called))]);
            let list = self.expression(receiver)?;
            return Ok(vec![Line::new(Statement::For(vec!["item".to_owned()], list, body))]);
        };
        if name == "each_with_index"
            && let Some(line) = self.each_pair_with_index(call, receiver)?
        {
            return Ok(vec![line]);
        }
        if behind.is_odd {
            return self.refuse(
                Kind::Construct,
                format!("the block of `{name}` has parameters of this kind"),
            );
        }
        let nodes = match behind.rescue {
            Some(begin) => vec![begin],
            None => statements(behind.body.as_ref()),
        };
        let given = arguments(call, false);
        let of_servers = self.servers_of(receiver)?;
        let are_servers = of_servers.is_some();
        let list = match (name, given.values.as_slice(), of_servers) {
            (_, _, Some(list)) => list,
            ("times", _, _) => Expr::number(0).binary("..", self.expression(receiver)?),
            ("each_key" | "each_value", _, _) => {
                self.remarks.push(ORDER.to_owned());
                let part = if name == "each_key" { "keys" } else { "values" };
                self.expression(receiver)?.method(part, Vec::new())
            }
            ("each_index", _, _) => {
                let count = self.expression(receiver)?.method("len", Vec::new());
                Expr::number(0).binary("..", count)
            }
            ("downto", [end], _) => {
                let (from, to) = (self.expression(receiver)?, self.expression(end)?);
                let down = Expr::number(-1);
                Expr::call("range", vec![from, to.binary("-", Expr::number(1)), down])
            }
            ("step", [end, step], _) => {
                let (from, to) = (self.expression(receiver)?, self.expression(end)?);
                let step = self.expression(step)?;
                Expr::call("range", vec![from, to.binary("+", Expr::number(1)), step])
            }
            ("step", [step], _) => match self.expression(receiver)? {
                Expr::Binary("..=", from, to) => {
                    let end = to.binary("+", Expr::number(1));
                    Expr::call("range", vec![*from, end, self.expression(step)?])
                }
                _ => return self.refuse(Kind::Construct, "`step` of this kind"),
            },
            ("each_slice" | "in_groups_of", [size], _) => {
                let list = super::ruby_methods::listed(self.expression(receiver)?);
                Expr::call("ruby_slices", vec![list, self.expression(size)?])
            }
            ("each_cons", [size], _) => {
                let list = super::ruby_methods::listed(self.expression(receiver)?);
                Expr::call("ruby_rows", vec![list, self.expression(size)?])
            }
            ("each_char", _, _) => Expr::call("scan", vec![self.expression(receiver)?, Expr::text("(?s).")]),
            ("reverse_each", _, _) => Expr::call("ruby_reversed", vec![self.expression(receiver)?]),
            ("upto", [end], _) => self.expression(receiver)?.binary("..=", self.expression(end)?),
            ("each_line", _, _) => Expr::call("lines", vec![self.expression(receiver)?]),
            ("with_index", _, _) => match receiver.as_call_node().and_then(|each| each.receiver()) {
                Some(list) => self.expression(&list)?,
                None => return self.refuse(Kind::Construct, "`with_index` of this kind"),
            },
            _ => match super::conditions::inside(receiver) {
                Some(inner) => self.expression(&inner)?,
                None => self.expression(receiver)?,
            },
        };
        let list = match behind.parameters.len() {
            // The pairs keep their order.
            2 if !matches!(name, "each_with_index" | "with_index" | "each_cons" | "each_slice") => {
                let inner = super::conditions::inside(receiver);
                self.pairs(inner.as_ref().unwrap_or(receiver))?.unwrap_or(list)
            }
            _ => self.in_pairs(list),
        };
        match (behind.parameters.as_slice(), name) {
            ([], _) => Ok(vec![self.each(
                &[("item".to_owned(), Type::Unknown)],
                list,
                &nodes,
                behind.end,
            )]),
            ([one], _) => {
                let kind = if are_servers { Type::Server } else { item_kind(&list) };
                Ok(vec![self.each(&[(one.clone(), kind)], list, &nodes, behind.end)])
            }
            ([item, index], "with_index") => {
                let from = given.values.first().map(|from| self.expression(from)).transpose()?;
                let names = [(item.clone(), Type::Unknown), (index.clone(), Type::Number)];
                let mut line = self.each(&names, list, &nodes, behind.end);
                if let (Some(from), Statement::For(names, _, body)) = (from, &mut line.statement)
                    && let Some(index) = names.last()
                {
                    let counted = Statement::Let(index.clone(), Expr::name(index).binary("+", from));
                    body.lines.insert(0, Line::new(counted));
                }
                Ok(vec![line])
            }
            ([item, index], "each_with_index") => {
                let names = [(item.clone(), Type::Unknown), (index.clone(), Type::Number)];
                Ok(vec![self.each(&names, list, &nodes, behind.end)])
            }
            ([key, value], "each" | "each_pair") => self.each_pair(key, value, list, &nodes, behind.end),
            (several, "each" | "map" | "collect" | "each_cons" | "each_slice") => {
                Ok(vec![self.each_row(several, list, &nodes, behind.end)])
            }
            _ => self.refuse(
                Kind::Construct,
                format!("the block of `{name}` has too many parameters"),
            ),
        }
    }

    /// Reads `map.each do |key, value|`.
    fn each_pair(&mut self, key: &str, value: &str, list: Expr, nodes: &[Node<'_>], end: usize) -> Read<Vec<Line>> {
        let is_pair = |item: &Expr| matches!(item, Expr::List(inner) if inner.len() == 2);
        if matches!(&list, Expr::List(pairs) if !pairs.iter().all(is_pair)) {
            return self.refuse(Kind::Construct, "a list that is taken apart by `each`");
        }
        if self.kind_of(&list) == Type::List {
            let names = [("pair".to_owned(), Type::Unknown)];
            let mut line = self.each_with(&names, list, nodes, end, &[(key, "0"), (value, "1")]);
            line.above.clear();
            self.carry("each");
            return Ok(vec![line]);
        }
        self.remarks.push(ORDER.to_owned());
        let mut lines = Vec::new();
        let map = match list {
            Expr::Name(name) => Expr::Name(name),
            other => {
                lines.extend(self.write_local("pairs", other));
                self.read_local("pairs")?
            }
        };
        self.scopes.push(std::collections::BTreeMap::new());
        let local = Local {
            kind: Type::Text,
            ..Default::default()
        };
        let key = self.declare(key, local);
        let value = self.declare(value, Local::default());
        self.loops.begin();
        let mut body = self.statements(nodes, end, false);
        self.loops.end();
        self.scopes.pop();
        let item = Expr::Index(Box::new(map.clone()), Box::new(Expr::Name(key.clone())));
        body.lines.insert(0, Line::new(Statement::Let(value, item)));
        self.carry("each");
        lines.push(Line::new(Statement::For(
            vec![key],
            map.method("keys", Vec::new()),
            body,
        )));
        Ok(lines)
    }

    /// Returns a loop over rows whose items have these names.
    pub(super) fn each_row(&mut self, names: &[String], list: Expr, nodes: &[Node<'_>], end: usize) -> Line {
        let indices: Vec<String> = (0..names.len()).map(|index| index.to_string()).collect();
        let indices = indices.iter().map(String::as_str);
        let parts: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(indices).collect();
        let row = [("row".to_owned(), Type::Unknown)];
        self.each_with(&row, list, nodes, end, &parts)
    }

    /// Returns a loop whose items are taken apart.
    pub(super) fn each_with(
        &mut self,
        names: &[(String, Type)],
        list: Expr,
        nodes: &[Node<'_>],
        end: usize,
        parts: &[(&str, &str)],
    ) -> Line {
        self.scopes.push(std::collections::BTreeMap::new());
        let item = names
            .first()
            .map(|(name, _)| self.declare(name, Local::default()))
            .unwrap_or_default();
        let mut heads = Vec::new();
        for (name, index) in parts {
            let value = Expr::Index(
                Box::new(Expr::Name(item.clone())),
                Box::new(Expr::Number((*index).to_owned())),
            );
            heads.push(Line::new(Statement::Let(self.declare(name, Local::default()), value)));
        }
        self.loops.begin();
        let mut body = self.statements(nodes, end, false);
        self.loops.end();
        self.scopes.pop();
        heads.append(&mut body.lines);
        body.lines = heads;
        Line::new(Statement::For(vec![item], list, body))
    }
}

/// Returns true for a value that is written with braces.
fn has_braces(value: &Expr) -> bool {
    match value {
        Expr::Block(_) | Expr::Closure(..) | Expr::If(..) | Expr::Switch(..) => true,
        Expr::Call(call) => call.arguments.iter().any(has_braces),
        Expr::Method(owner, _, arguments) => has_braces(owner) || arguments.iter().any(has_braces),
        Expr::Index(left, right) | Expr::Binary(_, left, right) => has_braces(left) || has_braces(right),
        Expr::Member(inner, _) | Expr::Not(inner) | Expr::Negative(inner) => has_braces(inner),
        Expr::List(items) => items.iter().any(has_braces),
        _ => false,
    }
}

/// Returns the kind of the items of a list.
fn item_kind(list: &Expr) -> Type {
    match list {
        Expr::List(items) if items.iter().all(|item| matches!(item, Expr::Text(_) | Expr::Symbol(_))) => Type::Text,
        Expr::Binary("..", ..) | Expr::Binary("..=", ..) => Type::Number,
        Expr::Call(call) if matches!(call.name.as_str(), "glob" | "lines") => Type::Text,
        _ => Type::Unknown,
    }
}

/// Returns the list and the loop of `3.times.map { … }`, whose values nobody takes.
pub(super) fn enumerated<'pr>(name: &str, receiver: &Node<'pr>) -> Option<(Node<'pr>, String)> {
    let inner = receiver
        .as_call_node()
        .filter(|inner| inner.block().is_none() && inner.arguments().is_none())?;
    let how = id(&inner.name());
    let is_loop = matches!(
        how.as_str(),
        "each" | "each_index" | "each_line" | "each_with_index" | "reverse_each" | "times"
    );
    (is_loop && matches!(name, "each" | "map" | "collect")).then_some((inner.receiver()?, how))
}

/// Returns true for `list.each` without a block.
pub(super) fn is_each(receiver: &Node<'_>) -> bool {
    let each = receiver.as_call_node().filter(|each| each.block().is_none());
    each.is_some_and(|each| id(&each.name()) == "each" && each.receiver().is_some())
}

#[cfg(test)]
mod tests {
    use super::super::super::construct_tests::carried;

    #[test]
    fn rows_letters_and_parts_are_those_of_ruby() {
        carried(
            "require 'active_support/all'\ntask :t do\n  %w[a b].each_cons(2) { |a, b| puts a, b }\n  'ab'.each_char { |c| puts c }\n  \
             puts 'a,b'.rpartition(',').first, %w[a b].rotate.first, 2.days\nend\n",
            &[
                "for row in ruby_rows([\"a\", \"b\"], 2) {",
                "for c in scan(\"ab\", \"(?s).\") {",
                "puts ruby_parted_last(\"a,b\", \",\")[0];",
                "puts ruby_rotated([\"a\", \"b\"])[0];",
                "puts 2 * 86400;",
            ],
        );
    }
}
