//! Decides where blanks stand and where lines may end: turns statements into operations for the printer.

use super::tokens::TokenKind;
use super::tree::{BracketShape, Element, Group, Role, TreePart};

/// The indentation of a new line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// The indentation of the content of the bracket.
    Inside,
    /// The indentation of the line with the bracket.
    Outside,
    /// The indentation of the beginning of the statement.
    Statement,
    /// Further in than the beginning of the statement.
    Further,
}

/// An operation of the printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op<'a> {
    Text(&'a str),
    Blank,
    /// A new line, with an empty line in front if `has_empty`.
    Line {
        has_empty: bool,
        edge: Edge,
    },
    /// A new line if the group is broken, else a blank or nothing.
    Soft {
        is_blank: bool,
        edge: Edge,
    },
    /// A new line if the group is broken and the operations up to the next possible new line do not fit, else a blank.
    Fill(Edge),
    /// A new line before `else`; a blank if the group is broken.
    Else(Edge),
    /// A comment at the end of a line.
    Beside(&'a str),
    /// The beginning of a group that is broken as a whole or not at all. It is broken if it does not fit, or if it is broken in
    /// the source.
    Begin {
        is_broken: bool,
        /// The indentation that lines inside are relative to.
        base: Edge,
    },
    End,
    /// The beginning of a statement, whose indentation is remembered.
    BeginPart,
    EndPart,
}

/// Returns the operations for a source.
pub(super) fn operations<'a>(parts: &[TreePart<'a>]) -> Vec<Op<'a>> {
    let mut layout = Layout { ops: Vec::new() };
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            layout.line(part.breaks() > 1, Edge::Outside);
        }
        layout.part(part);
    }
    layout.ops
}

struct Layout<'a> {
    ops: Vec<Op<'a>>,
}

/// The layout of those commas of a statement that are in no bracket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commas {
    /// Lines that end at commas stay so; other lines are filled.
    Kept,
    /// Lines may end at options.
    Options,
    /// Lines may end at every comma.
    All,
    Never,
}

impl<'a> Layout<'a> {
    fn line(&mut self, has_empty: bool, edge: Edge) {
        self.ops.push(Op::Line { has_empty, edge });
    }

    fn part(&mut self, part: &TreePart<'a>) {
        let elements = part.elements.as_slice();
        let commas = commas(elements);
        let is_group = matches!(commas, Commas::Options | Commas::All);
        let blocks: Vec<usize> = (0..elements.len())
            .filter(|index| elements.get(*index).is_some_and(Element::is_block))
            .collect();
        let last_comma = elements
            .iter()
            .rposition(|element| element.role() == Some(Role::Comma))
            .unwrap_or(0);
        // The block after the arguments is broken before the arguments are.
        let end = blocks.iter().copied().find(|index| *index > last_comma);
        self.ops.push(Op::BeginPart);
        if is_group {
            self.ops.push(Op::Begin {
                is_broken: false,
                base: Edge::Statement,
            });
        }
        let mut is_open = is_group;
        for (index, element) in elements.iter().enumerate() {
            if let Some(before) = index.checked_sub(1).and_then(|before| elements.get(before)) {
                let is_comma = before.role() == Some(Role::Comma) && !element.is_comment();
                match is_comma {
                    true => self.behind_comma(elements, index, commas),
                    false => self.between(elements, before, element),
                }
            }
            if is_open && end == Some(index) {
                self.ops.push(Op::End);
                is_open = false;
            }
            if blocks.first() == Some(&index) {
                self.ops.push(Op::Begin {
                    is_broken: are_broken(elements, &blocks),
                    base: Edge::Statement,
                });
            }
            self.element(element);
            if blocks.last() == Some(&index) {
                self.ops.push(Op::End);
            }
        }
        if is_open {
            self.ops.push(Op::End);
        }
        self.ops.push(Op::EndPart);
    }

    fn behind_comma(&mut self, elements: &[Element<'a>], index: usize, commas: Commas) {
        let is_broken = elements.get(index).is_some_and(|element| element.first().breaks > 0);
        let may_break = match commas {
            Commas::Options => is_option(elements, index),
            Commas::All => !is_parameters(elements, index),
            Commas::Kept | Commas::Never => false,
        };
        let edge = Edge::Further;
        self.ops.push(match commas {
            Commas::Kept if is_broken => Op::Line { has_empty: false, edge },
            Commas::Kept => Op::Fill(edge),
            _ if may_break => Op::Soft { is_blank: true, edge },
            // The line may be too long even before the first option.
            Commas::Options => Op::Fill(edge),
            _ => Op::Blank,
        });
    }

    /// Puts a blank, a new line or nothing between two elements of a statement.
    fn between(&mut self, elements: &[Element<'a>], before: &Element<'a>, next: &Element<'a>) {
        let token = next.first();
        let is_new_line = token.breaks > 0;
        let further = Op::Line {
            has_empty: false,
            edge: Edge::Further,
        };
        let goes_on = matches!(next.role(), Some(Role::Keyword)) && before.is_block();
        if before.role() == Some(Role::LineComment) {
            let is_else = next.role() == Some(Role::Keyword) && matches!(token.text, "else" | "catch");
            let edge = if is_else { else_edge(elements) } else { Edge::Further };
            self.line(false, edge);
        } else if token.kind == TokenKind::LineComment && !is_new_line {
            // `Op::Beside` puts a blank in front of the comment.
        } else if next.is_comment() || before.is_comment() {
            let is_behind = matches!(next.role(), Some(Role::Comma | Role::Semicolon));
            match is_new_line {
                true => self.ops.push(further),
                false if is_behind => {}
                false => self.ops.push(Op::Blank),
            }
        } else if goes_on && is_new_line {
            self.ops.push(Op::Else(else_edge(elements)));
        } else if is_new_line && may_break(before, next) {
            self.ops.push(further);
        } else if has_blank(before, next) {
            self.ops.push(Op::Blank);
        }
    }

    fn element(&mut self, element: &Element<'a>) {
        match element {
            Element::Token(token, Role::LineComment) if token.breaks == 0 => self.ops.push(Op::Beside(token.text)),
            Element::Token(token, _) => self.ops.push(Op::Text(token.text)),
            Element::Group(group) => match group.shape {
                BracketShape::Block => self.block(group),
                BracketShape::Values | BracketShape::Map | BracketShape::Cases => self.list(group),
            },
        }
    }

    fn block(&mut self, group: &Group<'a>) {
        let edge = Edge::Inside;
        self.ops.push(Op::Text(group.open.text));
        for (index, part) in group.parts.iter().enumerate() {
            match index {
                _ if part.is_beside => self.beside(part),
                0 => self.ops.push(Op::Soft { is_blank: true, edge }),
                _ => self.line(part.breaks() > 1, edge),
            }
            self.part(part);
        }
        match group.parts.is_empty() {
            true => self.ops.push(Op::Blank),
            false => self.ops.push(Op::Soft {
                is_blank: true,
                edge: Edge::Outside,
            }),
        }
        self.close(group);
    }

    /// Adds a blank in front of a comment on the line of the bracket.
    fn beside(&mut self, part: &TreePart<'a>) {
        let is_block = part.elements.first().and_then(Element::role) == Some(Role::BlockComment);
        self.ops.extend(is_block.then_some(Op::Blank));
    }

    fn list(&mut self, group: &Group<'a>) {
        let is_blank = matches!(group.shape, BracketShape::Map | BracketShape::Cases);
        let is_broken = is_broken(group);
        if group.parts.len() < 2 && !is_broken {
            self.list_of_one(group, is_blank);
            return;
        }
        let edge = Edge::Inside;
        self.ops.push(Op::Begin {
            is_broken,
            base: Edge::Outside,
        });
        self.ops.push(Op::Text(group.open.text));
        for (index, part) in group.parts.iter().enumerate() {
            match index {
                _ if part.is_beside => self.beside(part),
                0 => self.ops.push(Op::Soft { is_blank, edge }),
                _ if !is_broken => self.ops.push(Op::Soft { is_blank: true, edge }),
                _ if part.breaks() > 0 => self.line(part.breaks() > 1, edge),
                _ => self.ops.push(Op::Fill(edge)),
            }
            self.part(part);
        }
        self.ops.push(Op::Soft {
            is_blank,
            edge: Edge::Outside,
        });
        self.close(group);
        self.ops.push(Op::End);
    }

    /// Lays out a list with one value or none. It is not broken itself, since its value can be broken.
    fn list_of_one(&mut self, group: &Group<'a>, is_blank: bool) {
        self.ops.push(Op::Text(group.open.text));
        let is_apart = group.open.text == "(" && group.close.is_some_and(|close| close.is_apart);
        match group.parts.first() {
            Some(part) => {
                let blank = is_blank.then_some(Op::Blank);
                self.ops.extend(blank);
                self.part(part);
                self.ops.extend(blank);
            }
            // For Rhai `()` is one token, and `( )` is two.
            None if is_apart => self.ops.push(Op::Blank),
            None => {}
        }
        self.close(group);
    }

    fn close(&mut self, group: &Group<'a>) {
        self.ops.extend(group.close.map(|close| Op::Text(close.text)));
    }
}

fn commas(elements: &[Element]) -> Commas {
    let commas = elements
        .iter()
        .enumerate()
        .filter(|(_, element)| element.role() == Some(Role::Comma));
    // A comma after the last value, which only comments follow, does not count.
    let behind: Vec<usize> = commas
        .map(|(index, _)| index + 1)
        .filter(|index| {
            elements
                .get(*index..)
                .is_some_and(|rest| rest.iter().any(|element| !element.is_comment()))
        })
        .collect();
    let is_kept = |index: &usize| {
        let element = elements.get(*index);
        element.is_some_and(|element| element.first().breaks > 0 || element.is_comment())
    };
    match behind.as_slice() {
        [] => Commas::Never,
        behind if behind.iter().any(is_kept) => Commas::Kept,
        behind if behind.iter().any(|index| is_option(elements, *index)) => Commas::Options,
        behind if behind.iter().filter(|index| !is_parameters(elements, **index)).count() > 1 => Commas::All,
        _ => Commas::Never,
    }
}

/// Returns true for an argument `key => value`.
fn is_option(elements: &[Element], index: usize) -> bool {
    let argument = elements
        .iter()
        .skip(index)
        .take_while(|element| element.role() != Some(Role::Comma));
    let mut argument = argument.take_while(|element| !element.is_block());
    argument.any(|element| element.role() == Some(Role::Arrow))
}

fn is_parameters(elements: &[Element], index: usize) -> bool {
    let role = elements.get(index).and_then(Element::role);
    matches!(role, Some(Role::OpenParameters | Role::CloseParameters))
}

/// Returns true if a block of one statement, of `if` or `else`, contains several statements, a new line or a comment.
fn are_broken(elements: &[Element], blocks: &[usize]) -> bool {
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
        return false;
    };
    let chain = elements.get(*first..=*last).unwrap_or_default();
    chain.iter().enumerate().any(|(index, element)| match element {
        // An empty block needs no second line.
        Element::Group(group) if group.shape == BracketShape::Block => {
            has_statements(group) || !group.parts.is_empty() && has_breaks(group)
        }
        Element::Group(group) => group.open.breaks > 0 || has_breaks(group),
        Element::Token(token, _) => {
            let is_else = index
                .checked_sub(1)
                .and_then(|before| chain.get(before))
                .is_some_and(Element::is_block);
            token.is_comment() || token.breaks > 0 && !is_else
        }
    })
}

/// Returns true for a statement that begins on a new line, or contains one, a comment or a block with several statements.
fn is_long(part: &TreePart) -> bool {
    part.elements.iter().any(|element| match element {
        Element::Token(token, _) => token.breaks > 0 || token.is_comment(),
        Element::Group(group) => group.open.breaks > 0 || has_breaks(group) || has_statements(group),
    })
}

/// Returns true for a block with several statements: each gets a line.
fn has_statements(group: &Group) -> bool {
    group.shape == BracketShape::Block && group.parts.len() > 1
}

fn has_breaks(group: &Group) -> bool {
    group.parts.iter().any(is_long) || group.close.is_some_and(|close| close.breaks > 0)
}

/// Returns true for a list that is broken at its values in the source.
fn is_broken(group: &Group) -> bool {
    let is_comment = |part: &TreePart| {
        part.elements
            .last()
            .is_some_and(|last| last.role() == Some(Role::LineComment))
    };
    let is_behind = |part: &TreePart| part.breaks() > 0 || part.is_beside || is_comment(part);
    group.parts.iter().any(is_behind) || !group.parts.is_empty() && group.close.is_some_and(|close| close.breaks > 0)
}

fn else_edge(elements: &[Element]) -> Edge {
    match elements.first() {
        Some(Element::Token(token, Role::Keyword)) if token.text != "let" && token.text != "return" => Edge::Statement,
        _ => Edge::Further,
    }
}

/// Returns true if a line of a statement may end here, outside of brackets.
fn may_break(before: &Element, next: &Element) -> bool {
    let is_member = next.role() == Some(Role::Tight) && matches!(next.first().text, "." | "?.");
    is_member
        || next.role() == Some(Role::Binary)
        || matches!(before.role(), Some(Role::Binary | Role::Assign)) && next.role() != Some(Role::Semicolon)
}

/// Returns true if there is a blank between two elements.
fn has_blank(before: &Element, next: &Element) -> bool {
    let is_apart = next.first().is_apart;
    match (before.role(), next.role()) {
        // `: =` is the colon of a symbol and a sign, but `:=` is one sign, as `:::` is.
        (Some(Role::Symbol), Some(role)) if !matches!(role, Role::Word | Role::String) => is_apart,
        (_, Some(Role::Comma | Role::Separator | Role::Semicolon | Role::Key)) => false,
        (Some(Role::Keyword), Some(Role::Tight)) => true,
        // `..` and `=>` would be `..=` and `>` together.
        (Some(Role::Tight), Some(Role::Tight)) => is_apart,
        (Some(Role::Tight), Some(Role::Arrow | Role::Assign | Role::Binary)) => true,
        (_, Some(Role::Tight)) | (Some(Role::Tight), _) => false,
        // Two signs may form another one together, and `||` is another token than `| |`.
        (Some(Role::Prefix), Some(Role::Prefix)) | (Some(Role::Unknown), _) | (_, Some(Role::Unknown)) => is_apart,
        (Some(Role::OpenParameters), Some(Role::CloseParameters)) => is_apart,
        // `-1` is one token, and `- 1` is two.
        (Some(Role::Prefix), Some(Role::Word)) if next.first().text.starts_with(|c: char| c.is_ascii_digit()) => {
            is_apart
        }
        (Some(Role::Prefix | Role::Symbol | Role::OpenParameters), _) => false,
        (Some(Role::Word), Some(Role::CloseParameters)) => next.first().text == "||",
        // `f (a)` and `f(a)` differ: only the blank shows whether the bracket is an argument or contains all of them.
        (Some(Role::Word | Role::Verb | Role::String) | None, None) => match next.first().kind {
            TokenKind::Open('(' | '[') => is_apart,
            _ => true,
        },
        _ => true,
    }
}
