//! Reads regular expressions and their uses.

use ruby_prism::Node;

use super::super::form::{Expr, Part, string};
use super::super::note::{Kind, Read};
use super::Reader;

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
            let mut parts = self.pieces(&nodes)?;
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
            _ => self.refuse(Kind::Construct, "`=~` without a regular expression"),
        }
    }
}
