//! Reads operators.

use ruby_prism::{CallNode, Node};

use super::super::form::{Expr, string};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, id};
use super::Reader;
use super::locals::Type;

impl Reader<'_> {
    /// Reads a call that is an operator; `None` for any other call.
    pub(super) fn operator(&mut self, call: &CallNode<'_>) -> Read<Option<Expr>> {
        let name = id(&call.name());
        let Some(left) = call.receiver() else { return Ok(None) };
        let given = arguments(call, false);
        let right = match given.values.as_slice() {
            [] if name == "!" => return Ok(Some(self.condition(&left)?.negated())),
            [] if name == "-@" => return Ok(Some(Expr::Negative(Box::new(self.expression(&left)?)))),
            [right] => right,
            _ => return Ok(None),
        };
        let operator = match name.as_str() {
            "==" | "===" => "==",
            "!=" => "!=",
            "<" => "<",
            ">" => ">",
            "<=" => "<=",
            ">=" => ">=",
            "-" => "-",
            "/" => "/",
            "**" => "**",
            "=~" | "!~" => {
                let (text, pattern) = self.matched(&left, right)?;
                let matches = Expr::call("matches", vec![text, pattern]);
                return Ok(Some(if name == "=~" { matches } else { matches.negated() }));
            }
            "+" => return self.sum(&left, right).map(Some),
            "*" => return self.product(&left, right).map(Some),
            "%" => return self.remainder(&left, right).map(Some),
            _ => return Ok(None),
        };
        let nodes = (left, right);
        let (left, right) = (self.expression(&nodes.0)?, self.expression(nodes.1)?);
        if matches!(operator, "==" | "!=") && self.is_never_equal((&nodes.0, &left), (nodes.1, &right)) {
            self.remarks
                .push("the stage is a symbol in Capistrano 3, which is never equal to a string".to_owned());
            return Ok(Some(Expr::Bool(operator == "!=")));
        }
        // A variable that is not set is `nil` in Ruby, and equal to nothing else.
        Ok(Some(left.binary(operator, right)))
    }

    fn sum(&mut self, left: &Node<'_>, right: &Node<'_>) -> Read<Expr> {
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        let is_string = |value: &Expr| matches!(value, Expr::Text(_) | Expr::Template(_));
        if is_string(&left) && is_string(&right) {
            let mut parts = left.parts();
            parts.extend(right.parts());
            return Ok(string(parts));
        }
        Ok(left.binary("+", right))
    }

    /// Reads `"=" * 80` and `list * ","`.
    fn product(&mut self, left: &Node<'_>, right: &Node<'_>) -> Read<Expr> {
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        match (&left, &right) {
            (Expr::Text(text), Expr::Number(count)) => match count.parse::<usize>() {
                Ok(count) if count * text.len() <= 200 => Ok(Expr::Text(text.repeat(count))),
                _ => self.refuse(Kind::Construct, "a string that is repeated so often"),
            },
            (Expr::List(_), Expr::Text(_)) => Ok(Expr::call("join", vec![left, right])),
            _ if self.kind_of(&left) == Type::List => Ok(Expr::call("join", vec![left, right])),
            _ if self.kind_of(&left) == Type::Text => self.refuse(Kind::Construct, "a string times a number"),
            _ => Ok(left.binary("*", right)),
        }
    }

    /// Reads `"%s-%s" % [a, b]` with nothing but `%s`.
    fn remainder(&mut self, left: &Node<'_>, right: &Node<'_>) -> Read<Expr> {
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        let Expr::Text(text) = &left else {
            return Ok(left.binary("%", right));
        };
        let values = match right {
            Expr::List(values) => values,
            other => vec![other],
        };
        match formatted(text, values) {
            Some(value) => Ok(value),
            None => self.refuse(Kind::Construct, "a format with other places than `%s`"),
        }
    }
}

/// Fills in a format whose places are all `%s`.
pub(super) fn formatted(text: &str, values: Vec<Expr>) -> Option<Expr> {
    let text = text.replace("%d", "%s").replace("%i", "%s");
    let pieces: Vec<&str> = text.split("%s").collect();
    if pieces.len() != values.len() + 1 || pieces.iter().any(|piece| piece.contains('%')) {
        return None;
    }
    let mut parts = Vec::new();
    let mut values = values.into_iter();
    for piece in pieces {
        parts.extend(Expr::text(piece).parts());
        if let Some(value) = values.next() {
            parts.extend(super::strings::filled(value).parts());
        }
    }
    Some(string(parts))
}
