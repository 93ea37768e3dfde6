//! A walk through the nodes of Ruby code, for what looks at a few kinds of them. A type with its own `impl Visit` takes 4 KB of the binary
//! (docs/decisions/0051); one is needed where something changes while the nodes inside are visited.

use ruby_prism::{Node, Visit};

/// Calls a function with a node and those inside of it, outer ones first; it returns false where it wants none of those inside.
pub(super) fn each_node<'pr>(node: &Node<'pr>, see: &mut dyn FnMut(&Node<'pr>) -> bool) {
    Walk(see).visit(node);
}

/// Returns true if a node, or one of those inside of it that are shown, is such a one.
pub(super) fn holds(node: &Node<'_>, is_such: &dyn Fn(&Node<'_>) -> bool) -> bool {
    let mut found = false;
    each_node(node, &mut |node| {
        found |= is_such(node);
        true
    });
    found
}

struct Walk<'a, 'pr>(&'a mut dyn FnMut(&Node<'pr>) -> bool);

/// The kinds of nodes that are shown; a walk goes through all others.
macro_rules! shown {
    ($($visit:ident: $kind:ident),* $(,)?) => {
        impl<'pr> Visit<'pr> for Walk<'_, 'pr> {
            $(fn $visit(&mut self, node: &ruby_prism::$kind<'pr>) {
                if (self.0)(&node.as_node()) {
                    ruby_prism::$visit(self, node);
                }
            })*
        }
    };
}

shown! {
    visit_and_node: AndNode,
    visit_arguments_node: ArgumentsNode,
    visit_begin_node: BeginNode,
    visit_block_node: BlockNode,
    visit_break_node: BreakNode,
    visit_call_node: CallNode,
    visit_case_node: CaseNode,
    visit_constant_write_node: ConstantWriteNode,
    visit_def_node: DefNode,
    visit_global_variable_read_node: GlobalVariableReadNode,
    visit_if_node: IfNode,
    visit_index_operator_write_node: IndexOperatorWriteNode,
    visit_index_or_write_node: IndexOrWriteNode,
    visit_interpolated_string_node: InterpolatedStringNode,
    visit_interpolated_x_string_node: InterpolatedXStringNode,
    visit_lambda_node: LambdaNode,
    visit_local_variable_operator_write_node: LocalVariableOperatorWriteNode,
    visit_local_variable_or_write_node: LocalVariableOrWriteNode,
    visit_local_variable_read_node: LocalVariableReadNode,
    visit_local_variable_target_node: LocalVariableTargetNode,
    visit_local_variable_write_node: LocalVariableWriteNode,
    visit_or_node: OrNode,
    visit_required_parameter_node: RequiredParameterNode,
    visit_rescue_modifier_node: RescueModifierNode,
    visit_retry_node: RetryNode,
    visit_return_node: ReturnNode,
    visit_string_node: StringNode,
    visit_unless_node: UnlessNode,
    visit_until_node: UntilNode,
    visit_while_node: WhileNode,
    visit_x_string_node: XStringNode,
    visit_yield_node: YieldNode,
}
