//! Reads decisions that each server makes in its shell: `execute … if test(…)`.

use ruby_prism::Node;

use super::super::form::{Call, Expr, Line, Part, string};
use super::super::note::{Kind, Read};
use super::super::ruby::{id, source, statements};
use super::Reader;

impl Reader<'_> {
    /// Reads `if test("…")` for each server: the shell of each decides.
    pub(super) fn shell_choice(
        &mut self,
        predicate: &Node<'_>,
        then: Option<ruby_prism::StatementsNode<'_>>,
        otherwise: Option<Node<'_>>,
        is_unless: bool,
    ) -> Read<Option<Vec<Line>>> {
        if self.facts.version < 3
            || self.onion.host.is_none()
            || self.onion.is_one
            || self.onion.is_local
            || self.onion.is_each
        {
            return Ok(None);
        }
        let (call, negated) = match predicate.as_call_node() {
            Some(call) if id(&call.name()) == "!" => (call.receiver().and_then(|node| node.as_call_node()), !is_unless),
            other => (other, is_unless),
        };
        let Some(call) = call.filter(|call| id(&call.name()) == "test" && call.receiver().is_none()) else {
            return Ok(None);
        };
        let asked = self.executed(&call)?;
        let yes = self.shell_lines(then)?;
        let no = match otherwise {
            None => None,
            Some(node) => match node.as_else_node() {
                Some(clause) => Some(self.shell_lines(clause.statements())?),
                None => return self.refuse(Kind::PerServer, "each server decides by `test`, and `elsif` follows"),
            },
        };
        let mut parts = vec![Part::Text(if negated { "if ! ".to_owned() } else { "if ".to_owned() })];
        parts.extend(asked.text.parts());
        let long = yes.len() > 1 || no.is_some();
        let (open, close) = if long { ("; then\n  ", "\n") } else { ("; then ", "; ") };
        parts.push(Part::Text(open.to_owned()));
        parts.extend(chained(yes));
        if let Some(no) = no {
            parts.push(Part::Text("\nelse\n  ".to_owned()));
            parts.extend(chained(no));
        }
        parts.push(Part::Text(format!("{close}fi")));
        let onion = self.onion.clone();
        let mut options: Vec<(String, Expr)> = onion.dir.map(|dir| ("dir".to_owned(), dir)).into_iter().collect();
        if !onion.env.is_empty() {
            options.push(("env".to_owned(), Expr::Map(onion.env)));
        }
        let verb = match onion.user {
            Some(user) => {
                options.insert(0, ("as".to_owned(), user));
                "sudo"
            }
            None => "run",
        };
        options.extend(onion.servers);
        let text = match string(parts) {
            Expr::Template(parts) if long => Expr::Script(parts),
            Expr::Text(text) if long => Expr::Script(vec![Part::Text(text)]),
            other => other,
        };
        self.carry("a test on each server");
        Ok(Some(vec![Line::verb(Call {
            options,
            ..Call::new(verb, vec![text])
        })]))
    }

    /// Reads statements that are all commands, for the shell.
    fn shell_lines(&mut self, list: Option<ruby_prism::StatementsNode<'_>>) -> Read<Vec<Expr>> {
        let nodes = statements(list.as_ref());
        let mut commands = Vec::new();
        for node in &nodes {
            let call = node
                .as_call_node()
                .filter(|call| call.receiver().is_none() && call.block().is_none());
            match call.as_ref().map(|call| id(&call.name())).as_deref() {
                Some("execute") => {
                    if let Some(call) = &call {
                        commands.push(self.executed(call)?.command);
                    }
                }
                Some("sudo") => {
                    if let Some(call) = &call {
                        let mut parts = vec![Part::Text("sudo ".to_owned())];
                        parts.extend(self.executed(call)?.command.parts());
                        commands.push(string(parts));
                    }
                }
                Some("info" | "debug" | "puts" | "warn") => {}
                _ => {
                    let shown: String = source(node).chars().take_while(|c| *c != '\n').take(40).collect();
                    return self.refuse(
                        Kind::PerServer,
                        format!(
                            "each server decides by `test` about more than commands: {}",
                            super::printable(&shown)
                        ),
                    );
                }
            }
        }
        match commands.is_empty() {
            true => Ok(vec![Expr::text("true")]),
            false => Ok(commands),
        }
    }
}

/// Returns commands of which each needs the success of the one before.
fn chained(commands: Vec<Expr>) -> Vec<Part> {
    let mut parts = Vec::new();
    for (index, command) in commands.into_iter().enumerate() {
        if index > 0 {
            parts.push(Part::Text(" &&\n  ".to_owned()));
        }
        parts.extend(command.parts());
    }
    parts
}
