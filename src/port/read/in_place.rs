//! Reads methods that change a list, a map or a string in its place.

use ruby_prism::{CallNode, Node};

use super::super::facts::renamed;
use super::super::form::{Call, Expr, Line, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, bare, id, literal, source};
use super::Reader;
use super::locals::Type;

impl Reader<'_> {
    /// Reads `list.pop`, `list.insert(1, x)` and other methods that change a list in its place.
    pub(super) fn change(&mut self, name: &str, receiver: &Node<'_>, given: &[Node<'_>]) -> Read<Vec<Line>> {
        let values = self.expressions(given)?;
        let owner = self.expression(receiver)?;
        let method = match (name, values.len()) {
            ("pop" | "shift" | "clear", 0) | ("insert", 2) => name,
            ("delete_at", 1) => "remove",
            _ => return self.refuse(Kind::Construct, format!("`{name}` with these arguments")),
        };
        if name == "insert" && self.kind_of(&owner) == Type::Text {
            return self.refuse(Kind::Construct, "`insert` into a string");
        }
        Ok(vec![Line::new(Statement::Value(owner.method(method, values)))])
    }

    /// Reads `list.delete_if { |x| … }` and similar calls, which take something out of the list itself.
    pub(super) fn shrink(&mut self, call: &CallNode<'_>, receiver: &Node<'_>, name: &str) -> Read<Option<Vec<Line>>> {
        let plain = match name {
            "delete_if" | "reject!" => "reject",
            "select!" | "keep_if" | "filter!" => "select",
            "map!" | "collect!" => "map",
            _ => return Ok(None),
        };
        let Some(local) = receiver.as_local_variable_read_node().map(|local| id(&local.name())) else {
            return self.refuse(Kind::Construct, format!("`{name}` of a list that is no local"));
        };
        let value = self.method_with_block(plain, call, receiver)?;
        Ok(Some(self.write_local(&local, value)))
    }

    /// Reads the value of `set :x, fetch(:x) << "y"`, which adds to what the variable has; `None` for anything else.
    pub(super) fn added_to(&mut self, variable: &str, value: &Node<'_>) -> Read<Option<Expr>> {
        let Some(call) = value.as_call_node() else {
            return Ok(None);
        };
        let given = arguments(&call, false).values;
        let (Some(owner), [more], "<<") = (call.receiver(), given.as_slice(), id(&call.name()).as_str()) else {
            return Ok(None);
        };
        let of = match variable_in(&owner).as_deref() == Some(variable) {
            true => self.expression(&owner)?,
            false => match self.added_to(variable, &owner)? {
                Some(of) => of,
                None => return Ok(None),
            },
        };
        if matches!(&of, Expr::Call(call) if call.arguments.get(1) == Some(&Expr::Unit)) {
            return Ok(None);
        }
        let more = self.expression(more)?;
        let is_item = matches!(more, Expr::Symbol(_) | Expr::List(_)) || self.kind_of(&of) == Type::List;
        Ok(Some(
            match is_item || variable.starts_with("linked_") || variable.ends_with("_children") {
                true => of.binary("+", Expr::List(vec![more])),
                false => Expr::call("ruby_added", vec![of, more]),
            },
        ))
    }

    /// Reads `list << x` and `text << "x"`.
    pub(super) fn grow(&mut self, name: &str, receiver: &Node<'_>, value: &Node<'_>, count: usize) -> Read<Vec<Line>> {
        if count > 1 {
            return self.refuse(Kind::Construct, format!("`{name}` with several values"));
        }
        // This is `linked_dirs << "x"` or `fetch(:linked_dirs) << "x"`.
        if source(receiver) == "ARGV" {
            return self.refuse(Kind::Construct, "a change of the words of the command line");
        }
        let variable = variable_in(receiver);
        if let Some(variable) = variable.filter(|name| self.facts.is_variable(renamed(name))) {
            let value = self.expression(value)?;
            return Ok(vec![Line::verb(Call::new(
                "append",
                vec![Expr::symbol(renamed(&variable)), value],
            ))]);
        }
        let target = self.expression(receiver)?;
        let value = self.expression(value)?;
        let is_text = self.kind_of(&target) == Type::Text;
        if is_text {
            self.keep_blanks(&target, &value);
        }
        Ok(vec![match name {
            "<<" if is_text => Line::new(Statement::Assign(target, "+=", value)),
            "concat" => Line::new(Statement::Assign(target, "+=", value)),
            "unshift" => Line::new(Statement::Value(target.method("insert", vec![Expr::number(0), value]))),
            _ => Line::new(Statement::Value(target.method("push", vec![value]))),
        }])
    }
}

/// Returns the variable that `x` and `fetch(:x)` read.
fn variable_in(node: &Node<'_>) -> Option<String> {
    bare(node).or_else(|| {
        let call = node.as_call_node()?;
        let is_fetch = id(&call.name()) == "fetch" && call.receiver().is_none();
        let given = arguments(&call, false).values;
        given.first().filter(|_| is_fetch).and_then(literal)
    })
}

/// Returns true for a local, or an element of one: what its methods change is the value itself.
pub(super) fn is_changed_in_place(receiver: &Node<'_>) -> bool {
    if receiver.as_local_variable_read_node().is_some() {
        return true;
    }
    let index = receiver.as_call_node().filter(|index| id(&index.name()) == "[]");
    index
        .and_then(|index| index.receiver())
        .is_some_and(|owner| is_changed_in_place(&owner))
}
