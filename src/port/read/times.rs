//! Reads parts of the time that a local holds, and random words.

use ruby_prism::{CallNode, Node};

use super::super::form::Expr;
use super::super::note::{Kind, Read};
use super::super::ruby::{behind, id, source};
use super::Reader;

/// Returns the present time or day as a text, as Ruby writes one of this class.
pub(super) fn as_text(class: &str) -> Expr {
    let format = match class {
        "Date" => "%Y-%m-%d",
        "DateTime" => "%Y-%m-%dT%H:%M:%S%:z",
        _ => "%Y-%m-%d %H:%M:%S %z",
    };
    Expr::call("now", vec![Expr::text(format)])
}

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
        let now = match source(receiver).as_str() {
            "Time.now" | "Time.new" | "DateTime.now" | "Date.today" | "Time.now.localtime" | "Time.zone.now" => {
                Some("now")
            }
            "Time.now.utc" | "Time.now.getutc" | "Time.now.gmtime" | "Time.now.getgm" | "DateTime.now.utc" => {
                Some("utc_now")
            }
            _ => None,
        };
        let kept = local.and_then(|local| self.times.get(&local).cloned());
        let Some(function) = now.map(str::to_owned).or(kept) else {
            return self.computed_time(name, receiver, given);
        };
        let format = match (name, given) {
            ("utc" | "getutc" | "gmtime" | "getgm", []) => {
                return Ok(Some(Expr::call("utc_now", vec![Expr::text("%Y-%m-%d %H:%M:%S UTC")])));
            }
            ("localtime" | "getlocal" | "to_time", []) => {
                return Ok(Some(Expr::call("now", vec![Expr::text("%Y-%m-%d %H:%M:%S %z")])));
            }
            ("to_f", []) => return Ok(Some(Expr::call("unix_time", Vec::new()))),
            ("iso8601" | "xmlschema", []) if source(receiver) == "Date.today" => "%Y-%m-%d",
            ("iso8601" | "xmlschema", []) if function == "utc_now" => "%Y-%m-%dT%H:%M:%SZ",
            ("iso8601" | "xmlschema", []) => "%Y-%m-%dT%H:%M:%S%:z",
            ("wday", []) => "%w",
            ("yday", []) => "%-j",
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
        let text = Expr::call(&function, vec![Expr::text(format)]);
        Ok(Some(match name {
            "iso8601" | "xmlschema" => text,
            // Ruby gives a number.
            _ => Expr::call("to_i", vec![text]),
        }))
    }

    /// Reads `(Time.now - 86400).strftime("%F")` and `Time.at(seconds).strftime("%F")`; `None` for anything else.
    fn computed_time(&mut self, name: &str, receiver: &Node<'_>, given: &[Node<'_>]) -> Read<Option<Expr>> {
        let ("strftime", [format]) = (name, given) else {
            return Ok(None);
        };
        let inner = super::conditions::inside(receiver);
        let Some(call) = inner.as_ref().unwrap_or(receiver).as_call_node() else {
            return Ok(None);
        };
        let values = super::super::ruby::arguments(&call, false).values;
        let (Some(owner), [value]) = (call.receiver(), values.as_slice()) else {
            return Ok(None);
        };
        let seconds = match (id(&call.name()).as_str(), source(&owner).as_str()) {
            ("at", "Time") => self.expression(value)?,
            (operator @ ("-" | "+"), _) => {
                let Some(time) = self.seconds(&owner)? else {
                    return Ok(None);
                };
                let operator = if operator == "-" { "-" } else { "+" };
                time.binary(operator, self.expression(value)?)
            }
            _ => return Ok(None),
        };
        Ok(Some(Expr::call("format_time", vec![seconds, self.expression(format)?])))
    }

    /// Returns the seconds of a time: `Time.now`, or a local that holds the time; `None` for anything else.
    pub(super) fn seconds(&mut self, node: &Node<'_>) -> Read<Option<Expr>> {
        let inner = super::conditions::inside(node);
        let node = inner.as_ref().unwrap_or(node);
        if matches!(
            source(node).as_str(),
            "Time.now" | "Time.now.utc" | "Time.now.to_f" | "Time.now.to_i" | "Time.new" | "DateTime.now"
        ) {
            return Ok(Some(Expr::call("unix_time", Vec::new())));
        }
        let local = node.as_local_variable_read_node().map(|local| id(&local.name()));
        if !local.is_some_and(|local| self.times.contains_key(&local)) {
            return Ok(None);
        }
        let time = self.expression(node)?;
        let format = Expr::text("%Y-%m-%d %H:%M:%S %z");
        Ok(Some(Expr::call("parse_time", vec![time, format])))
    }

    /// Reads `rand(10)` and `rand(1..6)`.
    pub(super) fn random(&mut self, given: &[Node<'_>]) -> Read<Expr> {
        let [limit] = given else {
            return self.refuse(Kind::Construct, "`rand`: random_hex(bytes) gives random digits");
        };
        let one = Expr::number(1);
        Ok(match self.expression(limit)? {
            Expr::Binary("..=", low, high) => {
                let count = high.binary("-", (*low).clone()).binary("+", one);
                low.binary("+", Expr::call("ruby_rand", vec![count]))
            }
            Expr::Binary("..", low, high) => {
                let count = high.binary("-", (*low).clone());
                low.binary("+", Expr::call("ruby_rand", vec![count]))
            }
            limit => Expr::call("ruby_rand", vec![limit]),
        })
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
