//! Reads parts of the time that a local holds, and random words.

use ruby_prism::{CallNode, Node};

use super::super::form::Expr;
use super::super::note::Read;
use super::super::ruby::{behind, id, source};
use super::Reader;

impl Reader<'_> {
    /// Notes that a local holds the time, by the function that tells it: `now` or `utc_now`.
    pub(super) fn keep_time(&mut self, name: &str, value: &Expr) {
        self.times.remove(name);
        if let Expr::Call(call) = value
            && matches!(call.name.as_str(), "now" | "utc_now")
        {
            self.times.insert(name.to_owned(), call.name.clone());
        }
    }

    /// Reads `now.year` and `now.strftime("%H:%M")` of a local that holds the time; `None` for anything else.
    pub(super) fn of_time(&mut self, name: &str, receiver: &Node<'_>, given: &[Node<'_>]) -> Read<Option<Expr>> {
        let local = receiver.as_local_variable_read_node().map(|local| id(&local.name()));
        let Some(function) = local.and_then(|local| self.times.get(&local).cloned()) else {
            return Ok(None);
        };
        let format = match (name, given) {
            ("strftime", [format]) => return Ok(Some(Expr::call(&function, vec![self.expression(format)?]))),
            ("year", []) => "%Y",
            ("month" | "mon", []) => "%-m",
            ("day" | "mday", []) => "%-d",
            ("hour", []) => "%-H",
            ("min", []) => "%-M",
            ("sec", []) => "%-S",
            ("to_i", []) => return Ok(Some(Expr::call("unix_time", Vec::new()))),
            _ => return Ok(None),
        };
        Ok(Some(Expr::call(&function, vec![Expr::text(format)])))
    }

    /// Reads `(0...18).map { letters[rand(letters.length)] }`: a list of random letters, of which only a word can be made.
    pub(super) fn random_word(&mut self, name: &str, call: &CallNode<'_>, receiver: &Node<'_>) -> Option<Expr> {
        let behind = behind(call).filter(|behind| behind.parameters.is_empty() && matches!(name, "map" | "collect"))?;
        let only = behind.body?.body().iter().next()?.as_call_node()?;
        let index = super::super::ruby::arguments(&only, false).values.into_iter().next()?;
        let is_random = id(&only.name()) == "[]" && source(&index).starts_with("rand(");
        let inner = super::conditions::inside(receiver);
        let range = inner.as_ref().unwrap_or(receiver).as_range_node()?;
        let end: usize = source(&range.right()?).parse().ok()?;
        if !is_random || range.left().as_ref().map(source).as_deref() != Some("0") || !(1..=400).contains(&end) {
            return None;
        }
        self.remarks
            .push("a word of random letters is one of random hexadecimal digits".to_owned());
        let word = Expr::call("random_hex", vec![Expr::Number(end.div_ceil(2).to_string())]);
        Some(Expr::List(vec![word]))
    }
}
