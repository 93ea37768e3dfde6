//! Reads regular expressions and their uses.

use ruby_prism::Node;

use super::super::form::{Expr, Part, string};
use super::super::note::{Kind, Read};
use super::super::ruby::{literal, source};
use super::Reader;
use super::locals::Type;
use super::methods::escaped;
use super::strings::braced;

impl Reader<'_> {
    /// Reads a regular expression as a string of capr.
    pub(super) fn regular(&mut self, node: &Node<'_>) -> Read<Expr> {
        if let Some(pattern) = node.as_regular_expression_node() {
            let source = String::from_utf8_lossy(pattern.content_loc().as_slice()).into_owned();
            let flags = (pattern.is_ignore_case(), pattern.is_extended(), pattern.is_multi_line());
            return self.pattern(&source, flags);
        }
        if let Some(pattern) = node.as_interpolated_regular_expression_node() {
            let nodes: Vec<Node<'_>> = pattern.parts().iter().collect();
            let braces = |(index, part)| match part {
                Part::Text(text) => Part::Text(braced(&text, index == 0)),
                value => value,
            };
            let pieces = self.pieces(&nodes)?.into_iter();
            let mut parts: Vec<Part> = pieces.enumerate().map(braces).collect();
            if pattern.is_ignore_case() {
                parts.insert(0, Part::Text("(?i)".to_owned()));
            }
            return Ok(string(parts));
        }
        self.expression(node)
    }

    /// Returns true if a node is a regular expression.
    pub(super) fn is_pattern(node: &Node<'_>) -> bool {
        node.as_regular_expression_node().is_some() || node.as_interpolated_regular_expression_node().is_some()
    }

    /// Reads `text =~ /…/` in either order; returns the string and the pattern.
    pub(super) fn matched(&mut self, left: &Node<'_>, right: &Node<'_>) -> Read<(Expr, Expr)> {
        match (Self::is_pattern(left), Self::is_pattern(right)) {
            (false, true) => Ok((super::strings::filled(self.expression(left)?), self.regular(right)?)),
            (true, false) => Ok((super::strings::filled(self.expression(right)?), self.regular(left)?)),
            // A string on this side would be an error in Ruby.
            _ if right.as_local_variable_read_node().is_some() => Ok((self.expression(left)?, self.expression(right)?)),
            _ => {
                // A constant that nothing defines ends it.
                self.expression(right)?;
                self.refuse(Kind::Construct, "`=~` without a regular expression")
            }
        }
    }

    /// Reads what is replaced: a regular expression, or a string, which stands for itself.
    fn pattern_or_text(&mut self, node: &Node<'_>) -> Read<Expr> {
        let value = self.regular(node)?;
        let is_text = node.as_interpolated_string_node().is_some() || self.kind_of(&value) == Type::Text;
        // A local and a variable may hold a regular expression as well.
        let name = source(node);
        let own = String::from_utf8_lossy(self.text);
        let mut set = own
            .match_indices(name.as_str())
            .filter_map(|(at, _)| own.get(at + name.len()..));
        let is_pattern = set.any(|rest| {
            let value = rest
                .trim_start()
                .strip_prefix('=')
                .map(str::trim_start)
                .unwrap_or_default();
            ["/", "%r", "Regexp"].iter().any(|start| value.starts_with(start))
        });
        if Self::is_pattern(node) || !is_text || is_pattern {
            return Ok(value);
        }
        let signs = Expr::text("[\\\\.+*?()|\\[\\]{}^$#&~-]");
        Ok(Expr::call("gsub", vec![value, signs, Expr::text("\\$0")]))
    }

    /// Reads methods that have regular expressions among their arguments.
    pub(super) fn text_method(&mut self, name: &str, receiver: &Node<'_>, given: &[Node<'_>]) -> Read<Option<Expr>> {
        let value = match (name, given) {
            ("gsub" | "sub", [pattern, replacement]) => {
                let text = self.expression(receiver)?;
                let pattern = match literal(pattern) {
                    Some(plain) => Expr::Text(escaped(&plain)),
                    None => self.pattern_or_text(pattern)?,
                };
                let replacement = match literal(replacement) {
                    Some(plain) => Expr::Text(replacement_of(&plain)),
                    None => self.expression(replacement)?,
                };
                // Behind the last line end Ruby finds no line more.
                let (pattern, replacement) = match pattern.literal() {
                    Some("(?m)^") => {
                        let mut parts = replacement.parts();
                        parts.push(Part::Text("${1}".to_owned()));
                        (Expr::text("(?ms)^(.)"), string(parts))
                    }
                    _ => (pattern, replacement),
                };
                let call = Expr::call(name, vec![text, pattern, replacement]);
                return Ok(Some(call));
            }
            ("match" | "match?", [other]) => {
                let (text, pattern) = match Self::is_pattern(receiver) {
                    true => (other, receiver),
                    false => (receiver, other),
                };
                let function = if name == "match" { "captures" } else { "matches" };
                let found = Expr::call(function, vec![self.expression(text)?, self.regular(pattern)?]);
                match names_of_groups(&source(pattern)) {
                    names if names.is_empty() || name == "match?" => found,
                    names => {
                        let names = names.iter().map(|name| Expr::text(name)).collect();
                        Expr::call("ruby_named", vec![found, Expr::List(names)])
                    }
                }
            }
            ("scan", [pattern]) => Expr::call("scan", vec![self.expression(receiver)?, self.regular(pattern)?]),
            ("split", [mark])
                if Self::is_pattern(mark)
                    && matches!(
                        source(mark).as_str(),
                        r"/\n/" | r"/\r?\n/" | r"/\r\n|\n/" | r"/\n|\r\n/" | r"/[\r\n]+/"
                    ) =>
            {
                Expr::call("lines", vec![self.expression(receiver)?])
            }
            ("split", [mark]) if Self::is_pattern(mark) => {
                let pattern = source(mark);
                if pattern.replace("\\(", "").replace("(?:", "").contains('(') {
                    return self.refuse(Kind::Construct, "`split` by a regular expression with groups");
                }
                // What is split keeps its line ends, unless these are among what splits it.
                let between = Expr::text(if pattern.contains("\\s") { "\n" } else { "\u{1f}" });
                let marked = vec![self.expression(receiver)?, self.regular(mark)?, between.clone()];
                Expr::call("ruby_split", vec![Expr::call("gsub", marked), between])
            }
            ("[]" | "slice", [pattern]) if Self::is_pattern(pattern) => {
                let found = Expr::call("captures", vec![self.expression(receiver)?, self.regular(pattern)?]);
                Expr::Index(Box::new(found), Box::new(Expr::number(0)))
            }
            ("[]", [pattern, group]) if Self::is_pattern(pattern) => {
                let found = Expr::call("captures", vec![self.expression(receiver)?, self.regular(pattern)?]);
                let group = match (literal(group), names_of_groups(&source(pattern))) {
                    (Some(name), names) => match names.iter().position(|own| *own == name) {
                        Some(at) => Expr::Number((at + 1).to_string()),
                        None => {
                            return self.refuse(Kind::Construct, "a group that the regular expression does not have");
                        }
                    },
                    (None, _) => self.expression(group)?,
                };
                Expr::Index(Box::new(found), Box::new(group))
            }
            _ => return Ok(None),
        };
        Ok(Some(value))
    }
}

/// Returns the names of the groups of a regular expression. Others are not counted where some have names.
fn names_of_groups(pattern: &str) -> Vec<String> {
    let names = pattern.split("(?<").skip(1);
    let names = names.filter(|rest| !rest.starts_with(['!', '=']));
    names
        .filter_map(|rest| rest.split_once('>').map(|(name, _)| name.to_owned()))
        .collect()
}

/// Returns a replacement of Ruby in the form of capr: `\\1`, `\\&` and `\\k<x>` are groups, `\\\\` is one backslash.
fn replacement_of(ruby: &str) -> String {
    let (mut written, mut rest) = (String::new(), ruby);
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '$' {
            written.push_str("$$");
            continue;
        }
        let next = rest.chars().next().filter(|_| c == '\\');
        let group = match next {
            Some(digit @ '0'..='9') => Some((digit.to_string(), 1)),
            Some('&') => Some(("0".to_owned(), 1)),
            Some('k') => rest
                .strip_prefix("k<")
                .and_then(|rest| rest.split_once('>'))
                .map(|(name, _)| (name.to_owned(), name.len() + 3)),
            _ => None,
        };
        let taken = match (group, next) {
            (Some((name, taken)), _) => {
                written.push_str(&format!("${{{name}}}"));
                taken
            }
            (None, next) => {
                written.push(c);
                usize::from(next == Some('\\'))
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    written
}

#[cfg(test)]
mod tests {
    use super::super::super::construct_tests::carried;
    use super::replacement_of;

    #[test]
    fn groups_of_a_match_have_their_names() {
        carried(
            "task :t do\n  m = /(?<a>\\d+) (?<b>.*)/.match('1 x')\n  puts m[:a], m['b'], 'v1'[/v(?<n>.)/, :n]\nend\n",
            &[
                "ruby_named(captures(\"1 x\",",
                "[\"a\", \"b\"]);",
                "puts m[\"b\"]",
                ")[1];",
            ],
        );
    }

    #[test]
    fn groups_and_backslashes_of_a_replacement_are_those_of_ruby() {
        for (ruby, here) in [
            ("'\\\\''", "'\\''"),
            ("\\\\\"", "\\\""),
            ("\\\\\\1", "\\${1}"),
            ("<\\0>\\&", "<${0}>${0}"),
            ("\\k<x>", "${x}"),
            ("$1 \\n", "$$1 \\n"),
        ] {
            assert_eq!(replacement_of(ruby), here);
        }
    }
}
