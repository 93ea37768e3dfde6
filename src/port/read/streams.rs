//! Reads what is written to the terminal and read from it: `$stdout.puts`, `print`, `STDIN.gets`.

use ruby_prism::{CallNode, Node};

use super::super::form::{Call, Expr, Line, Part, string};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, id, source};
use super::Reader;

/// Returns true for the place to which errors are written, false for the usual one; `None` if the receiver is no stream.
fn is_for_errors(receiver: &Node<'_>) -> Option<bool> {
    match source(receiver).as_str() {
        "STDOUT" | "$stdout" | "$>" | "Kernel" => Some(false),
        "STDERR" | "$stderr" => Some(true),
        _ => None,
    }
}

/// Returns true for the terminal that a person types at.
pub(super) fn is_input(receiver: &Node<'_>) -> bool {
    matches!(source(receiver).as_str(), "STDIN" | "$stdin" | "Kernel")
}

/// Returns the list that is all of the arguments: `print(*words)`.
pub(super) fn only_list<'pr>(call: &CallNode<'pr>) -> Option<Node<'pr>> {
    let given = call.arguments()?.arguments();
    let mut given = given.iter();
    let only = given.next().filter(|_| given.next().is_none())?;
    only.as_splat_node()?.expression()
}

impl Reader<'_> {
    /// Reads a call on a stream as a statement; `None` for other receivers.
    pub(super) fn on_stream(&mut self, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Option<Vec<Line>>> {
        let Some(for_errors) = is_for_errors(receiver) else {
            return Ok(None);
        };
        let name = id(&call.name());
        match name.as_str() {
            "flush" | "fsync" | "sync=" | "sync" | "binmode" => Ok(Some(Vec::new())),
            "puts" | "print" | "write" | "<<" | "printf" => self.written_out(call, &name, for_errors).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads `print(*words)`: the items of a list, with this mark between them.
    pub(super) fn written_list(&mut self, verb: &str, list: &Node<'_>, mark: &str) -> Read<Vec<Line>> {
        let items = Expr::call("join", vec![self.expression(list)?, Expr::text(mark)]);
        Ok(vec![Line::verb(Call::new(verb, vec![items]))])
    }

    /// Reads `print "a", "b"` and similar words; what is written stands on a line of its own.
    pub(super) fn written_out(&mut self, call: &CallNode<'_>, name: &str, for_errors: bool) -> Read<Vec<Line>> {
        let given = arguments(call, false);
        let verb = if for_errors { "warn" } else { "puts" };
        if let (true, Some(list)) = (name != "printf", only_list(call)) {
            return self.written_list(verb, &list, if name == "puts" { "\n" } else { "" });
        }
        if given.values.is_empty() && !given.pairs.is_empty() && name == "puts" {
            return Ok(vec![Line::verb(Call::new(verb, vec![self.map(&given.pairs)?]))]);
        }
        if given.has_splat || !given.pairs.is_empty() {
            return self.refuse(Kind::Construct, format!("`{name}` of this kind"));
        }
        let values = match name {
            "printf" => vec![self.formatted(&given.values)?],
            _ => self.expressions(&given.values)?,
        };
        let values: Vec<Expr> = values.into_iter().map(super::strings::filled).collect();
        let line = |value| Line::verb(Call::new(verb, vec![value]));
        if name == "puts" {
            return Ok(match values.is_empty() {
                true => vec![line(Expr::text(""))],
                false => values.into_iter().map(line).collect(),
            });
        }
        let mut parts: Vec<Part> = values.into_iter().flat_map(Expr::parts).collect();
        if let Some(Part::Text(text)) = parts.last_mut() {
            // The line ends here anyway.
            if text.ends_with('\n') {
                text.pop();
            }
        }
        Ok(vec![line(string(parts))])
    }

    /// Reads `STDIN.gets` and similar calls as a question; `None` for other receivers.
    pub(super) fn read_of_input(name: &str, receiver: &Node<'_>) -> Option<Expr> {
        if !is_input(receiver) {
            return None;
        }
        let asked = Expr::call("ask", vec![Expr::text("")]);
        match name {
            "gets" | "readline" | "getc" | "getch" | "readchar" | "read" => Some(asked),
            "noecho" | "getpass" => Some(Expr::call("password_prompt", vec![Expr::text("")])),
            _ => None,
        }
    }
}
