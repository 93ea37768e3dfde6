//! Reads strings: parts that are written out, values that are filled in, and commands, whose lines belong together.

use ruby_prism::Node;

use super::super::form::{Expr, Part, string};
use super::super::note::{Kind, Read};
use super::super::ruby::{literal, local_or_host, statements};
use super::Reader;
use super::locals::Type;

impl Reader<'_> {
    /// Reads a string of any kind as its parts; `None` if the node is not a string.
    pub(super) fn parts(&mut self, node: &Node<'_>) -> Option<Read<Vec<Part>>> {
        if node.as_string_node().is_some() {
            let text = literal(node).unwrap_or_default();
            return Some(Ok(vec![Part::Text(text)]));
        }
        let string = node.as_interpolated_string_node()?;
        let nodes: Vec<Node<'_>> = string.parts().iter().collect();
        Some(self.pieces(&nodes))
    }

    /// Returns a value that is filled in. A variable that a library sets may be nothing there, where in Capistrano nobody sets it.
    pub(super) fn filled_here(&self, value: Expr) -> Expr {
        let value = filled(value);
        if let Expr::Index(owner, _) = &value
            && matches!(&**owner, Expr::Name(name) if self.task_arguments.as_ref() == Some(name))
        {
            // An argument may not be given.
            return value.binary("??", Expr::text(""));
        }
        if matches!(&value, Expr::Index(owner, _) if super::counterparts::is_environment(owner)) {
            return value.binary("??", Expr::text(""));
        }
        if let Expr::Index(owner, _) = &value
            && let Expr::Name(name) = &**owner
            && self
                .local_written(name)
                .is_some_and(|local| local.kind == Type::Map && local.is_parameter)
        {
            // So may an entry of options.
            return value.binary("??", Expr::text(""));
        }
        if let Expr::Member(owner, name) = &value
            && matches!(name.as_str(), "user" | "port")
            && self.kind_of(owner) == Type::Server
        {
            // A server need not have one.
            return value.binary("??", Expr::text(""));
        }
        if self.may_be_empty(&value) {
            return value.binary("??", Expr::text(""));
        }
        let is_nothing = |name: &str| {
            // The first deploy of Capistrano 2 has none.
            let has_none = matches!(name, "previous_release" | "previous_revision")
                && self.facts.version == 2
                && self.local(name).is_none();
            has_none && !self.facts.variables.contains_key(name)
                || self.given(name).nothing
                || self.facts.version > 2
                    && self.facts.vocabulary.nothing.contains(name)
                    && !self.facts.variables.contains_key(name)
        };
        let name = match &value {
            Expr::Name(name) if is_nothing(name) => return value.binary("??", Expr::text("")),
            Expr::Call(call) if call.name == "fetch" => call.arguments.first().and_then(Expr::literal),
            _ => None,
        };
        let of_library = name.is_some_and(|name| {
            self.facts.vocabulary.variables.contains(name)
                && (!self.facts.variables.contains_key(name) || self.may_lack(name))
        });
        match of_library {
            true => value.binary("??", Expr::text("")),
            false => value,
        }
    }

    /// Reads the parts of a string with values in it.
    pub(super) fn pieces(&mut self, nodes: &[Node<'_>]) -> Read<Vec<Part>> {
        let mut parts = Vec::new();
        for node in nodes {
            if let Some(inner) = self.parts(node) {
                parts.extend(inner?);
            } else if let Some(embedded) = node.as_embedded_statements_node() {
                let inner = statements(embedded.statements().as_ref());
                match inner.as_slice() {
                    [] => {}
                    [value] => {
                        let server = local_or_host(value).and_then(|name| self.local(&name).cloned());
                        let value = match server.filter(|local| local.kind == Type::Server) {
                            Some(local) => Expr::Name(local.written),
                            None => self.expression(value)?,
                        };
                        let value = match self.kind_of(&value) {
                            // A server alone is its name.
                            Type::Server => {
                                let member = if self.facts.version < 3 { "name" } else { "host" };
                                Expr::Member(Box::new(value), member.to_owned())
                            }
                            _ => value,
                        };
                        parts.extend(self.filled_here(value).parts());
                    }
                    _ => return self.refuse(Kind::Construct, "several statements stand in one `#{…}`"),
                }
            } else if let Some(embedded) = node.as_embedded_variable_node() {
                let value = self.expression(&embedded.variable())?;
                parts.extend(filled(value).parts());
            } else {
                return self.refuse(Kind::Construct, "something unknown stands in a string");
            }
        }
        Ok(parts)
    }

    /// Reads a command: for Capistrano 1 and 2 its lines are one command, for 3 they are several.
    pub(super) fn command(&mut self, node: &Node<'_>) -> Read<Expr> {
        self.command_of(node, CommandLines::OfRun)
    }

    /// Reads a command, whose lines the shell is given in one of the ways.
    pub(super) fn command_of(&mut self, node: &Node<'_>, of: CommandLines) -> Read<Expr> {
        let value = match self.parts(node) {
            Some(parts) => string(parts?),
            None => self.expression(node)?,
        };
        Ok(self.as_command(value, of))
    }

    /// Returns a value that was read as a command, which gives the shell its lines in one of the ways.
    pub(super) fn as_command(&self, value: Expr, of: CommandLines) -> Expr {
        let parts = match value {
            Expr::Text(text) => vec![Part::Text(text)],
            Expr::Template(parts) => {
                let last = parts.len().saturating_sub(1);
                let parts = parts.into_iter().enumerate();
                parts
                    .map(|(index, part)| self.on_one_line(part, of, index == last))
                    .collect()
            }
            other @ (Expr::Name(_) | Expr::Call(_) | Expr::Binary("+", ..)) => {
                match self.on_one_line(Part::Value(other), of, true) {
                    Part::Value(value) => return value,
                    part => vec![part],
                }
            }
            other => return other,
        };
        let is_one_line = !parts
            .iter()
            .any(|part| matches!(part, Part::Text(text) if text.contains('\n')));
        if is_one_line {
            return string(parts);
        }
        let (marked, values) = mark(parts);
        let is_heredoc = marked.contains("<<");
        if is_heredoc || has_quoted_newline(&marked) {
            let lines = match of {
                CommandLines::Joined => marked.lines().map(str::trim).collect::<Vec<_>>().join("; "),
                CommandLines::OfRun if self.facts.version < 3 && !is_heredoc => marked.trim().replace('\n', "\\\n"),
                // Indented, they would be others.
                CommandLines::OfRun | CommandLines::Kept => marked.trim().to_owned(),
            };
            return string(unmark(&lines, values));
        }
        let lines = self.joined(&marked, of);
        let parts = unmark(&lines, values);
        match lines.contains('\n') {
            true => Expr::Script(parts),
            false => string(parts),
        }
    }

    /// Returns a part of a command; the lines of its value are given to the shell as those of the command, which has none behind the last.
    fn on_one_line(&self, part: Part, of: CommandLines, is_last: bool) -> Part {
        match part {
            Part::Value(value) if of != CommandLines::Kept && self.has_lines(&value) => {
                let between = match (of, self.facts.version) {
                    (CommandLines::OfRun, 1 | 2) => ["\n", "\\\n"],
                    (CommandLines::Joined, _) => ["\\s*\\n\\s*", "; "],
                    _ => return Part::Value(value),
                };
                let [pattern, other] = between.map(Expr::text);
                let value = match value {
                    Expr::Call(call) if !self.facts.tells_lines(&call.name) => Expr::Call(call),
                    // A function or a decision may give something else than a string.
                    value @ (Expr::Call(_) | Expr::If(..)) => Expr::Template(vec![Part::Value(value)]),
                    value => value,
                };
                let value = match is_last {
                    true => Expr::call("chomp", vec![value]),
                    false => value,
                };
                Part::Value(Expr::call("gsub", vec![value, pattern, other]))
            }
            part => part,
        }
    }

    fn joined(&self, text: &str, of: CommandLines) -> String {
        let lines: Vec<&str> = text.lines().collect();
        let common = common_indent(&lines);
        let lines = lines
            .iter()
            .map(|line| line.get(common.min(indent(line))..).unwrap_or(line).trim_end());
        let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
        let last = lines.len().saturating_sub(1);
        let mut written = Vec::new();
        for (index, line) in lines.into_iter().enumerate() {
            let goes_on = ["&&", "||", "|", ";", "\\", "(", "{"]
                .iter()
                .any(|end| line.ends_with(end));
            let is_comment = line.trim_start().starts_with('#');
            match index < last && self.facts.version < 3 && of == CommandLines::OfRun && !goes_on && !is_comment {
                true => written.push(format!("{line} \\")),
                false => written.push(line.to_owned()),
            }
        }
        let text = written.join("\n");
        text.trim().trim_end_matches('\\').trim_end().to_owned()
    }

    /// Returns a regular expression in the form of capr.
    pub(super) fn pattern(&self, source: &str, (ignore_case, extended, multi_line): (bool, bool, bool)) -> Read<Expr> {
        if ["(?=", "(?!", "(?<=", "(?<!", "\\G", "(?>"]
            .iter()
            .any(|word| source.contains(word))
        {
            return self.refuse(Kind::Construct, "regular expressions have no look-around here");
        }
        let mut flags = String::new();
        let bare = source.replace("\\$", "").replace("[^", "").replace("\\^", "");
        for (flag, is_set) in [
            ('i', ignore_case),
            ('x', extended),
            ('s', multi_line),
            ('m', bare.contains('^') || bare.contains('$')),
        ] {
            if is_set {
                flags.push(flag);
            }
        }
        let source = braced(source, true)
            .replace("\\h", "[0-9a-fA-F]")
            .replace("\\Z", "\\z")
            .replace("\\/", "/");
        let whole = match flags.is_empty() {
            true => source,
            false => format!("(?{flags}){source}"),
        };
        Ok(match whole.contains('\\') {
            true => Expr::Template(vec![Part::Text(whole)]),
            false => Expr::Text(whole),
        })
    }
}

/// Returns a value that is filled in; a missing one becomes empty, as in Ruby.
pub(super) fn filled(value: Expr) -> Expr {
    match value {
        Expr::Call(mut call) if call.name == "fetch" => {
            if let Some(default @ Expr::Unit) = call.arguments.get_mut(1) {
                *default = Expr::text("");
            }
            Expr::Call(call)
        }
        Expr::Binary("??", left, right) => left.binary("??", filled(*right)),
        // An entry that a map lacks is nothing in Ruby.
        Expr::Index(owner, index) if !matches!(*index, Expr::Number(_) | Expr::Negative(_)) => {
            Expr::Index(owner, index).binary("??", Expr::text(""))
        }
        // Servers have different properties.
        Expr::Member(owner, name) if matches!(&*owner, Expr::Member(_, of) if of == "properties") => {
            Expr::Member(owner, name).binary("??", Expr::text(""))
        }
        Expr::Call(call) if call.name == "ruby_header" => Expr::Call(call).binary("??", Expr::text("")),
        Expr::Unit => Expr::text(""),
        Expr::If(arms, None) => Expr::If(arms, Some(super::super::form::Block::giving(Expr::text("")))),
        other => other,
    }
}

/// The first of the characters that stand for values in a string.
const MARK: u32 = 0xE000;

/// The ways in which the shell is given the lines of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CommandLines {
    /// As `run` gives them: Capistrano 2 ends each with a backslash.
    OfRun,
    /// Behind each other with `;`, as SSHKit does with a command that is one string.
    Joined,
    /// As they are.
    Kept,
}

/// Returns true if a quote of the shell has several lines.
fn has_quoted_newline(text: &str) -> bool {
    let (mut quote, mut chars) = (None, text.chars());
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => {
                chars.next();
            }
            ('\n', Some(_)) => return true,
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(end)) if c == end => quote = None,
            _ => {}
        }
    }
    false
}

/// Returns a string with a mark for each value.
pub(super) fn mark(parts: Vec<Part>) -> (String, Vec<Expr>) {
    let (mut text, mut values) = (String::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text(piece) => text.push_str(&piece),
            Part::Value(value) => {
                let number = MARK + u32::try_from(values.len()).unwrap_or(0);
                text.push(char::from_u32(number).unwrap_or('\u{e000}'));
                values.push(value);
            }
        }
    }
    (text, values)
}

/// Returns the parts of a string with marks.
pub(super) fn unmark(text: &str, values: Vec<Expr>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut piece = String::new();
    for c in text.chars() {
        let index = (c as u32)
            .checked_sub(MARK)
            .and_then(|index| usize::try_from(index).ok());
        match index.and_then(|index| values.get(index)) {
            Some(value) => {
                if !piece.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut piece)));
                }
                parts.push(Part::Value(value.clone()));
            }
            None => piece.push(c),
        }
    }
    if !piece.is_empty() {
        parts.push(Part::Text(piece));
    }
    parts
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

fn common_indent(lines: &[&str]) -> usize {
    let lines = lines.iter().filter(|line| !line.trim().is_empty());
    // The first line may follow the opening quote.
    let rest: Vec<usize> = lines.map(|line| indent(line)).collect();
    match rest.as_slice() {
        [0, others @ ..] if !others.is_empty() => others.iter().copied().min().unwrap_or(0),
        all => all.iter().copied().min().unwrap_or(0),
    }
}

/// Returns a regular expression whose braces are themselves where they repeat nothing: in Ruby `/{name}/` is a text.
pub(super) fn braced(pattern: &str, is_start: bool) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    let has_before = |text: &str| (!is_start || !text.is_empty()) && !text.ends_with(['(', '|']);
    while let Some(at) = rest.find(['{', '\\']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let end = from.find('}').map_or(from.len(), |end| end + 1);
        let is_group = ["\\p{", "\\P{", "\\u{", "\\x{"]
            .iter()
            .any(|word| from.starts_with(word));
        let length = match from.starts_with('{') {
            true if from.get(..end).is_some_and(repeats) && has_before(&text) => end,
            true => {
                text.push('\\');
                1
            }
            false if is_group => end,
            false => from.chars().take(2).map(char::len_utf8).sum(),
        };
        let (whole, more) = from.split_at(length);
        text.push_str(whole);
        rest = more;
    }
    text + rest
}

/// Returns true for `{2}`, `{2,}`, `{,3}` and `{2,3}`.
fn repeats(braces: &str) -> bool {
    let inner = braces.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|inner| {
        inner.chars().any(|c| c.is_ascii_digit())
            && inner.chars().all(|c| c.is_ascii_digit() || c == ',')
            && inner.matches(',').count() < 2
    })
}
