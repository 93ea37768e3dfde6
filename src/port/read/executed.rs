//! Reads the command of `execute` and similar words of SSHKit.

use std::collections::BTreeMap;

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line, Part, Statement, string};
use super::super::note::{Kind, Read};
use super::super::programs::Mapped;
use super::super::ruby::{Arguments, arguments, constant, id, literal};
use super::Reader;
use super::locals::Type;
use super::strings::CommandLines;

/// The command of `execute` and similar words.
pub(super) struct Executed {
    pub(super) text: Expr,
    /// True if `within`, `with`, `as` and the command map apply, because the command is one word.
    pub(super) is_mapped: bool,
    pub(super) options: Vec<(String, Expr)>,
    /// The command as a statement: it may fail where the recipe says so.
    pub(super) command: Expr,
}

/// Returns an argument, or the items of a list that is written out: `*%w[pwd -P]` are two.
fn spread(node: Node<'_>) -> Vec<Node<'_>> {
    let splat = node.as_splat_node().and_then(|splat| splat.expression());
    match splat.as_ref().and_then(Node::as_array_node) {
        Some(list) => list.elements().iter().collect(),
        None => vec![node],
    }
}

/// Returns true if nothing but a list stands for several arguments of a call.
pub(super) fn has_list_alone(call: &CallNode<'_>) -> bool {
    let given = arguments(call, false).values;
    given.iter().any(|node| node.as_splat_node().is_some())
        && call.arguments().is_some_and(|given| {
            given
                .arguments()
                .iter()
                .all(|node| node.as_keyword_hash_node().is_none())
        })
}

impl Reader<'_> {
    /// Reads a command as a value, which is the same whatever the command says.
    pub(super) fn run_for(&mut self, call: &CallNode<'_>, name: &str, value: Expr) -> Read<Option<Expr>> {
        let Some(mut lines) = self.command_word(call, name)? else {
            return Ok(None);
        };
        lines.push(Line::new(Statement::Value(value)));
        Ok(Some(Expr::Block(Block { lines, gives: true })))
    }

    /// Returns the command in `execute sudo(:ls)`: it runs first, and what it gives is the name of the other one, `true`.
    pub(super) fn ran_first<'pr>(&self, call: &CallNode<'pr>) -> Option<CallNode<'pr>> {
        let first = arguments(call, false).values.into_iter().next()?.as_call_node()?;
        let is_word = matches!(id(&first.name()).as_str(), "execute" | "sudo");
        let runs = is_word && first.receiver().is_none() && first.arguments().is_some() && !may_fail(&first);
        (runs && self.facts.version > 2 && !self.facts.functions.contains_key(&id(&first.name()))).then_some(first)
    }

    /// Reads `SSHKit::Command.new(:bundle, "exec", "x").to_command`: the command line with the words that go before its program; `None` for
    /// anything else.
    pub(super) fn command_line(&mut self, name: &str, receiver: &Node<'_>) -> Read<Option<Expr>> {
        let new = receiver.as_call_node().filter(|call| id(&call.name()) == "new");
        let class = new.as_ref().and_then(CallNode::receiver).as_ref().and_then(constant);
        let (Some(new), Some("SSHKit::Command"), "to_command" | "to_s") = (new, class.as_deref(), name) else {
            return Ok(None);
        };
        let facts = self.facts;
        let executed = self.executed(&new)?;
        let program = arguments(&new, false)
            .values
            .first()
            .and_then(literal)
            .unwrap_or_default();
        let is_alone = executed.is_mapped && executed.options.is_empty() && !program.is_empty();
        let has_rbenv = facts.vocabulary.variables.contains("rbenv_map_bins");
        let before = match (facts.is_surely_prefixed(&program), facts.is_prefixed(&program)) {
            (true, _) if has_rbenv && facts.variables.contains_key("rbenv_prefix") => {
                vec![Part::Value(Expr::name("rbenv_prefix")), Part::Text(" ".to_owned())]
            }
            (true, _) if has_rbenv => vec![
                Part::Text("RBENV_ROOT=".to_owned()),
                Part::Value(Expr::name("rbenv_path")),
                Part::Text(" RBENV_VERSION=".to_owned()),
                Part::Value(Expr::name("rbenv_ruby")),
                Part::Text(" ".to_owned()),
                Part::Value(Expr::name("rbenv_path")),
                Part::Text("/bin/rbenv exec ".to_owned()),
            ],
            (false, false) if facts.mapped(&program).is_none() => vec![Part::Text("/usr/bin/env ".to_owned())],
            (false, false) => Vec::new(),
            _ => {
                return self.refuse(
                    Kind::Construct,
                    "the line of a command that a library puts words before",
                );
            }
        };
        match is_alone {
            true => Ok(Some(string([before, executed.text.parts()].concat()))),
            false => self.refuse(Kind::Construct, "the line of a command with blanks or options"),
        }
    }

    /// Returns the words of a command in one string, as SSHKit joins them.
    pub(super) fn executed(&mut self, call: &CallNode<'_>) -> Read<Executed> {
        let Arguments { values, pairs, .. } = arguments(call, false);
        let values: Vec<Node<'_>> = values.into_iter().flat_map(spread).collect();
        let mut parts: Vec<Part> = Vec::new();
        let (mut is_mapped, mut has_prefixes) = (true, false);
        // Of `sudo "ls -l"` SSHKit makes two words, `sudo` and what follows.
        let is_sudo = id(&call.name()) == "sudo";
        let word = id(&call.name());
        let own = matches!(word.as_str(), "git" | "make" | "rake").then(|| Expr::Symbol(word));
        let nodes = values.iter().map(Some);
        let words = own.iter().map(|_| None).chain(nodes);
        for (index, node) in words.enumerate() {
            if !is_mapped {
                self.remarks
                    .push("SSHKit leaves out the words that follow a command with blanks in it".to_owned());
                break;
            }
            let mut value = match (node, &own) {
                (Some(_), _) if index == 0 && self.ran_first(call).is_some() => Expr::text("true"),
                (Some(node), _) => self.expression(node)?,
                (None, own) => own.clone().unwrap_or(Expr::Unit),
            };
            let mut are_words = false;
            if let Expr::List(items) = value {
                value = listed(items);
            } else if node.is_some_and(|node| node.as_splat_node().is_some()) || self.kind_of(&value) == Type::List {
                are_words = true;
                value = Expr::call("join", vec![value, Expr::text(" ")]);
            }
            if index == 0 && !is_sudo {
                is_mapped = are_words || !self.has_blanks(&value);
                has_prefixes = is_mapped && value.literal().is_some_and(|word| self.is_prefixed_by_name(call, word));
                if let (true, Some(word)) = (is_mapped, value.literal())
                    && let Some(mapped) = self.facts.programs.mapped.get(word).cloned()
                    && !self.is_mapped_when_run(call, word)
                {
                    value = match mapped {
                        Mapped::Text(text) => Expr::Text(text),
                        Mapped::Code(code) => match self.fragment(&code, &[], false)? {
                            // SSHKit calls it when the command begins.
                            value if self.is_closure(&value) => value.method("call", Vec::new()),
                            value => value,
                        },
                    };
                }
            } else if index > 0 {
                parts.push(Part::Text(" ".to_owned()));
            }
            match value {
                value @ (Expr::Text(_) | Expr::Symbol(_) | Expr::Template(_)) => parts.extend(value.parts()),
                Expr::Number(digits) if digits.chars().all(|c| c.is_ascii_digit()) => parts.push(Part::Text(digits)),
                value => parts.push(Part::Value(self.filled_here(value))),
            }
        }
        let mut options = Vec::new();
        let mut tolerance = None;
        for (key, value) in &pairs {
            match literal(key).as_deref() {
                Some("raise_on_non_zero_exit") => tolerance = self.tolerance(value)?,
                Some("verbosity" | "log_output" | "strip") => {}
                Some("pty") => options.push(("pty".to_owned(), self.expression(value)?)),
                Some(key @ ("in" | "env" | "user" | "group" | "host")) => self.remarks.push(format!(
                    "`{key}: …` of a command: SSHKit takes the one of `within`, `with`, `as` and `on` in its place"
                )),
                Some("interaction_handler") if value.as_nil_node().is_some() => {}
                // Its answers become an output block.
                Some("interaction_handler") if id(&call.name()) == "execute" && self.may_answer(value) => {}
                Some("interaction_handler") if self.only_shows(value) => {}
                Some(other @ ("interaction_handler" | "run_in_background")) => {
                    return self.refuse(Kind::Construct, format!("`{}` with `{other}`", id(&call.name())));
                }
                Some(other) => self.remarks.push(format!(
                    "`{}` with `{other}`: SSHKit does not know this option, and ignores it",
                    id(&call.name())
                )),
                None => return self.refuse(Kind::Construct, "an option whose name is computed"),
            }
        }
        let group = self.onion.group.as_ref().filter(|_| is_mapped);
        let lines = if is_mapped {
            CommandLines::Kept
        } else {
            CommandLines::Joined
        };
        let whole = |parts| {
            let command = self.as_command(string(parts), lines);
            let command = match has_prefixes {
                true => Expr::call("prefixed", vec![command]),
                false => command,
            };
            in_group(group, command)
        };
        let text = whole(parts.clone());
        parts.extend(tolerance);
        Ok(Executed {
            text,
            command: whole(parts),
            is_mapped,
            options,
        })
    }

    /// Returns true if a command has blanks inside: a text, a local that holds one, or what one is put together of.
    pub(super) fn has_blanks(&self, value: &Expr) -> bool {
        match value {
            Expr::Binary("+", left, right) => self.has_blanks(left) || self.has_blanks(right),
            Expr::Call(Call { name, arguments, .. }) if name == "join" => match arguments.as_slice() {
                [Expr::List(items), separator] => items.len() > 1 && items.iter().chain([separator]).any(holds_blank),
                [_, separator] => holds_blank(separator),
                _ => false,
            },
            Expr::Name(name) => self.local_written(name).is_some_and(|local| local.has_blanks),
            value => text_has_blanks(&self.with_known(value).parts()),
        }
    }

    /// Notes that a local gets blanks, if what is added to its text has some.
    pub(super) fn keep_blanks(&mut self, target: &Expr, more: &Expr) {
        let Expr::Name(name) = target else { return };
        let mut locals = self.scopes.iter_mut().rev().flat_map(BTreeMap::values_mut);
        if let Some(local) = locals.find(|local| local.written == *name) {
            local.has_blanks |= holds_blank(more);
            // In Capistrano 2 a block adds what a server writes.
            let is_output = matches!(more, Expr::Name(_)) && self.facts.version < 3;
            local.has_lines |= is_output || holds(more, |text| text.contains('\n'));
        }
    }

    /// Returns true for a string that may have several lines.
    pub(super) fn has_lines(&self, value: &Expr) -> bool {
        match value {
            Expr::Binary("+" | "??", left, right) => self.has_lines(left) || self.has_lines(right),
            Expr::If(arms, otherwise) => {
                let blocks = arms.iter().map(|(_, block)| block).chain(otherwise);
                blocks.filter_map(Block::value).any(|value| self.has_lines(value))
            }
            Expr::Template(parts) => parts.iter().any(|part| match part {
                Part::Text(text) => text.contains('\n'),
                Part::Value(value) => self.has_lines(value),
            }),
            Expr::Name(name) => match self.local_written(name) {
                Some(local) => local.has_lines,
                None => self.facts.has_lines(name),
            },
            Expr::Call(call) if call.name == "fetch" => {
                let name = call.arguments.first().and_then(Expr::literal);
                name.is_some_and(|name| self.facts.has_lines(name))
            }
            Expr::Call(call) if self.facts.tells_lines(&call.name) => true,
            Expr::Call(call) if call.name == "join" => call.arguments.iter().any(|value| match value {
                Expr::List(items) => items.iter().any(|item| self.has_lines(item)),
                value => self.has_lines(value),
            }),
            Expr::Call(call) if matches!(call.name.as_str(), "gsub" | "sub") => {
                let [text, pattern, ..] = call.arguments.as_slice() else {
                    return false;
                };
                self.has_lines(text) && !self.has_lines(pattern)
            }
            value => holds(value, |text| text.contains('\n')),
        }
    }

    /// Returns true for a command whose program is replaced when it runs, since the recipe has that entry of the command map.
    fn is_mapped_when_run(&self, call: &CallNode<'_>, program: &str) -> bool {
        self.facts.is_surely_prefixed(program) || !self.is_elsewhere(call) && self.is_in_map(program)
    }

    /// Returns true for a command that has to ask for the words before its program.
    fn is_prefixed_by_name(&self, call: &CallNode<'_>, program: &str) -> bool {
        self.is_elsewhere(call) && self.facts.is_prefixed(program) && self.facts.mapped(program).is_none()
    }

    /// Returns true for a command that is none of a server, or does not begin one: capr puts nothing before its program.
    fn is_elsewhere(&self, call: &CallNode<'_>) -> bool {
        self.onion.is_local || self.onion.group.is_some() || id(&call.name()) == "background"
    }

    /// Returns true if the recipe has an entry of the command map for a program.
    pub(super) fn is_in_map(&self, program: &str) -> bool {
        let facts = self.facts;
        facts.has_libraries && facts.programs.mapped.contains_key(program) && facts.is_mapped_by_libraries(program)
    }

    /// Reads `raise_on_non_zero_exit: …`: the end of a command that may fail.
    fn tolerance(&mut self, value: &Node<'_>) -> Read<Option<Part>> {
        const MAY_FAIL: &str = " || true";
        if value.as_true_node().is_some() {
            return Ok(None);
        }
        if value.as_false_node().is_some() || value.as_nil_node().is_some() {
            return Ok(Some(Part::Text(MAY_FAIL.to_owned())));
        }
        let giving = |text| Block::giving(Expr::text(text));
        let ends = vec![(self.condition(value)?, giving(""))];
        Ok(Some(Part::Value(Expr::If(ends, Some(giving(MAY_FAIL))))))
    }
}

/// Returns true if there is a blank in a text, also at its ends.
fn holds_blank(value: &Expr) -> bool {
    holds(value, |text| text.contains(char::is_whitespace))
}

/// Returns true for a string with a part of this kind.
fn holds(value: &Expr, is_one: impl Fn(&str) -> bool) -> bool {
    let mut parts = value.clone().parts().into_iter();
    parts.any(|part| matches!(part, Part::Text(text) if is_one(&text)))
}

/// Returns true if the text of a command has blanks inside.
fn text_has_blanks(parts: &[Part]) -> bool {
    let last = parts.len().saturating_sub(1);
    let has_some = |(at, part): (usize, &Part)| {
        let Part::Text(text) = part else { return false };
        let text = if at == 0 { text.trim_start() } else { text };
        let text = if at == last { text.trim_end() } else { text };
        text.contains(char::is_whitespace)
    };
    parts.iter().enumerate().any(has_some)
}

/// Returns a command that SSHKit runs with the rights of a group.
fn in_group(group: Option<&Expr>, command: Expr) -> Expr {
    let Some(group) = group else { return command };
    let quoted = |value| Part::Value(Expr::call("quote", vec![value]));
    let text = |text: &str| Part::Text(text.to_owned());
    let group = match group.literal() {
        Some(name) => text(name),
        None => quoted(group.clone()),
    };
    Expr::Template(vec![text("sg "), group, text(" -c "), quoted(command)])
}

/// Returns a command whose output is shown as it comes, by its server's lines alone.
pub(super) fn streamed(mut line: Line) -> Line {
    if let Statement::Verb(call) = &mut line.statement
        && call.name == "run"
    {
        call.name = "stream".to_owned();
    }
    line
}

/// Returns a command that goes on when the connection ends, as SSHKit writes it.
pub(super) fn in_background(command: Expr) -> Expr {
    let mut parts = vec![Part::Text("( nohup ".to_owned())];
    parts.extend(command.parts());
    parts.push(Part::Text(" > /dev/null & )".to_owned()));
    string(parts)
}

/// Returns true if a command may fail, and the caller asks whether it did.
pub(super) fn may_fail(call: &CallNode<'_>) -> bool {
    let given = arguments(call, false);
    given
        .option("raise_on_non_zero_exit")
        .is_some_and(|value| value.as_true_node().is_none())
}

/// Returns the words of a list in one string.
fn listed(items: Vec<Expr>) -> Expr {
    let mut parts = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            parts.push(Part::Text(" ".to_owned()));
        }
        parts.extend(item.parts());
    }
    string(parts)
}
