//! Prints operations: decides which groups are broken, and indents lines.

use super::layout::{Edge, Op};

/// The longest line, in columns; a longer one is broken if that is possible.
const WIDTH: usize = 120;

/// The number of blanks per bracket.
const INDENT: usize = 2;

/// Returns the source that the operations make.
pub(super) fn print(ops: &[Op]) -> String {
    let mut printer = Printer {
        ops,
        text: String::new(),
        column: 0,
        indent: 0,
        is_blank_due: false,
        groups: vec![Group {
            is_broken: true,
            base: 0,
        }],
        parts: vec![0],
    };
    for at in 0..ops.len() {
        printer.step(at);
    }
    if !printer.text.is_empty() {
        printer.text.push('\n');
    }
    printer.text
}

/// A group that is being printed.
#[derive(Clone, Copy)]
struct Group {
    is_broken: bool,
    /// The indentation around it.
    base: usize,
}

struct Printer<'a> {
    ops: &'a [Op<'a>],
    text: String,
    /// The number of columns in the last line.
    column: usize,
    /// The indentation of the last line that does not begin inside a string.
    indent: usize,
    is_blank_due: bool,
    groups: Vec<Group>,
    /// The indentations of the statements that are being printed.
    parts: Vec<usize>,
}

impl Printer<'_> {
    fn step(&mut self, at: usize) {
        let Some(op) = self.ops.get(at).copied() else { return };
        match op {
            Op::Text(text) => self.write(text),
            Op::Blank => self.is_blank_due = true,
            Op::Line { has_empty, edge } => self.new_line(has_empty, edge),
            Op::Soft { is_blank, edge } => match self.is_broken() {
                true => self.new_line(false, edge),
                false => self.is_blank_due |= is_blank,
            },
            Op::Fill(edge) => match !self.is_broken() || self.fits(at + 1, self.column + 1) {
                true => self.is_blank_due = true,
                false => self.new_line(false, edge),
            },
            Op::Else(edge) => match self.is_broken() {
                true => self.is_blank_due = true,
                false => self.new_line(false, edge),
            },
            Op::Beside(comment) => {
                self.is_blank_due = self.column > 0;
                self.write(comment);
            }
            Op::Begin { is_broken, base } => {
                let column = self.column + usize::from(self.is_blank_due);
                let is_broken = is_broken || self.is_broken() && !self.fits(at, column);
                self.groups.push(Group {
                    is_broken,
                    base: match base {
                        Edge::Statement => self.statement(),
                        _ => self.indent,
                    },
                });
            }
            Op::End => drop(self.groups.pop()),
            Op::BeginPart => self.parts.push(self.indent),
            Op::EndPart => drop(self.parts.pop()),
        }
    }

    fn is_broken(&self) -> bool {
        self.groups.last().is_none_or(|group| group.is_broken)
    }

    fn statement(&self) -> usize {
        self.parts.last().copied().unwrap_or(0)
    }

    fn indentation(&self, edge: Edge) -> usize {
        let base = self.groups.last().map_or(0, |group| group.base);
        match edge {
            Edge::Inside => base + INDENT,
            Edge::Outside => base,
            Edge::Statement => self.statement(),
            Edge::Further => self.statement() + INDENT,
        }
    }

    fn write(&mut self, text: &str) {
        if self.is_blank_due {
            self.text.push(' ');
            self.column += 1;
            self.is_blank_due = false;
        }
        self.text.push_str(text);
        self.column = behind(text, self.column);
    }

    fn new_line(&mut self, has_empty: bool, edge: Edge) {
        self.is_blank_due = false;
        self.text.push_str(if has_empty { "\n\n" } else { "\n" });
        self.indent = self.indentation(edge);
        self.text.extend(std::iter::repeat_n(' ', self.indent));
        self.column = self.indent;
    }

    /// Returns true if everything from an operation up to the next possible new line fits.
    fn fits(&self, at: usize, mut column: usize) -> bool {
        // True for each group that begins after that operation and is broken.
        let mut inner: Vec<bool> = Vec::new();
        let mut outer = self.groups.iter().rev();
        let mut around = outer.next().is_none_or(|group| group.is_broken);
        let mut is_first = matches!(self.ops.get(at), Some(Op::Begin { .. }));
        for op in self.ops.iter().skip(at) {
            match *op {
                Op::Text(text) => {
                    let (first, last) = (text.split('\n').next().unwrap_or(text), behind(text, column));
                    if column + width(first) > WIDTH || last > WIDTH {
                        return false;
                    }
                    column = last;
                }
                Op::Blank => column += 1,
                Op::Soft { is_blank, .. } => match inner.last() {
                    Some(false) => column += usize::from(is_blank),
                    None if !around => column += usize::from(is_blank),
                    _ => return true,
                },
                Op::Else(edge) if inner.len() == 1 => column = self.indentation(edge),
                Op::Fill(_) => match inner.last() {
                    Some(false) => column += 1,
                    None if !around => column += 1,
                    _ => return true,
                },
                Op::Line { .. } | Op::Else(_) | Op::Beside(_) => return true,
                Op::Begin { is_broken, .. } => {
                    // A group that comes later is not decided yet: it may be broken.
                    let is_later = inner.is_empty() && !is_first && around;
                    is_first = false;
                    inner.push(is_broken || is_later);
                }
                Op::End => {
                    if inner.pop().is_none() {
                        around = outer.next().is_none_or(|group| group.is_broken);
                    }
                }
                Op::BeginPart | Op::EndPart => {}
            }
        }
        true
    }
}

/// Returns the column after a piece of source that begins at a column.
fn behind(text: &str, column: usize) -> usize {
    match text.rsplit_once('\n') {
        Some((_, last)) => width(last),
        None => column + width(text),
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}
