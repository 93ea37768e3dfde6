//! Reads assignments inside of conditions and arguments: `if (diff = `git log`) != ""`, `puts command = "ls"`. They stand in front of the
//! decision or the call here.

use ruby_prism::{Node, Visit};

use super::super::form::Line;
use super::super::note::Read;
use super::super::ruby::{Offsets, id};
use super::Reader;

impl Reader<'_> {
    /// Returns the lines of the assignments in a condition or a call, for the place before it. Only those that are always evaluated are read.
    pub(super) fn assigned_first(&mut self, node: &Node<'_>) -> Read<Vec<Line>> {
        let mut found = Assignments::default();
        found.visit(node);
        let mut lines = Vec::new();
        for write in found.writes {
            let Some(write) = write.as_local_variable_write_node() else {
                continue;
            };
            let value = self.expression(&write.value())?;
            lines.extend(self.write_local(&id(&write.name()), value));
            self.assigned.insert(write.location().start_offset());
        }
        Ok(lines)
    }
}

/// Returns the locals that a call always assigns to.
pub(super) fn always_written(call: &Node<'_>) -> Vec<String> {
    let mut found = Assignments::default();
    found.visit(call);
    let writes = found.writes.iter();
    writes
        .filter_map(|write| write.as_local_variable_write_node().map(|write| id(&write.name())))
        .collect()
}

/// The assignments to locals that an expression always makes, innermost first.
#[derive(Default)]
struct Assignments<'pr> {
    writes: Vec<Node<'pr>>,
}

impl<'pr> Visit<'pr> for Assignments<'pr> {
    fn visit_local_variable_write_node(&mut self, node: &ruby_prism::LocalVariableWriteNode<'pr>) {
        ruby_prism::visit_local_variable_write_node(self, node);
        self.writes.push(node.as_node());
    }
    fn visit_and_node(&mut self, node: &ruby_prism::AndNode<'pr>) {
        self.visit(&node.left());
    }
    fn visit_or_node(&mut self, node: &ruby_prism::OrNode<'pr>) {
        self.visit(&node.left());
    }
    fn visit_if_node(&mut self, _: &ruby_prism::IfNode<'pr>) {}
    fn visit_unless_node(&mut self, _: &ruby_prism::UnlessNode<'pr>) {}
    fn visit_case_node(&mut self, _: &ruby_prism::CaseNode<'pr>) {}
    fn visit_begin_node(&mut self, _: &ruby_prism::BeginNode<'pr>) {}
    fn visit_rescue_modifier_node(&mut self, _: &ruby_prism::RescueModifierNode<'pr>) {}
    fn visit_def_node(&mut self, _: &ruby_prism::DefNode<'pr>) {}
    fn visit_block_node(&mut self, _: &ruby_prism::BlockNode<'pr>) {}
    fn visit_lambda_node(&mut self, _: &ruby_prism::LambdaNode<'pr>) {}
}
