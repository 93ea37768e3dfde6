//! Cuts the bodies of tasks, of values and of functions out of a source of the built-in library. A run needs few of them, and
//! parsing them all would be most of a start: each is parsed when it is wanted for the first time.
//!
//! Only a source that has no mistakes can be cut, and only in the layout of `capr fmt`: a body that is not found is simply left
//! where it is.

use std::fmt::Write;
use std::ops::Range;

use rhai::{AST, ASTNode, Expr, Module, Position, ScriptFuncDef, Stmt, StmtBlock};

use super::layout::{SourcePiece, SourcePieceKind, exact_pieces, line_start};
use super::marks::CUT_OUT;

/// A source without its bodies.
pub(in crate::recipe) struct CutSource {
    /// The source: in place of each body stands a number, and as many lines as the body has.
    pub(in crate::recipe) text: String,
    pub(in crate::recipe) bodies: Vec<CutBody>,
}

/// A body that was cut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recipe) struct CutBody {
    /// The line on which its statement begins, counted from 1.
    pub(in crate::recipe) line: usize,
    /// The place of its statement in the source: the beginning of the first line, and the end of the body.
    from: usize,
    to: usize,
}

impl CutBody {
    /// Returns the source of the statement with its body, on the lines where it stands in the whole source.
    pub(in crate::recipe) fn source(self, text: &str) -> String {
        let lines = "\n".repeat(self.line.saturating_sub(1));
        lines + text.get(self.from..self.to).unwrap_or_default()
    }
}

/// Returns the body of the only statement of this syntax, or of its function.
pub(in crate::recipe) fn body(ast: &AST) -> Option<Expr> {
    match ast.statements() {
        [] => {
            let function = ast
                .shared_lib()
                .iter_script_fn_info()
                .map(|(.., function)| function)
                .next()?;
            let block = StmtBlock::new(statements(function), Position::NONE, Position::NONE);
            Some(Expr::Stmt(Box::new(block)))
        }
        [Stmt::Expr(call)] => match &**call {
            Expr::Custom(call, _) => call.inputs.last().cloned(),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the statements of a function. The type of a function's body has no name outside of Rhai.
pub(in crate::recipe) fn statements(function: &ScriptFuncDef) -> Vec<Stmt> {
    let mut module = Module::new();
    module.set_script_fn(function.clone());
    let mut statements = Vec::new();
    AST::new([], module).walk(&mut |nodes| {
        if let [ASTNode::Stmt(statement)] = nodes {
            statements.push((*statement).clone());
        }
        true
    });
    statements
}

/// The words whose bodies are cut out.
const CUT: [&str; 4] = ["task", "set", "set_default", "fn"];

/// Cuts the bodies out of a source; they are numbered from `first` on.
pub(in crate::recipe) fn cut(source: &str, first: usize) -> CutSource {
    let pieces = exact_pieces(source, 0);
    let (mut text, mut bodies) = (String::with_capacity(source.len() / 2), Vec::new());
    let mut copied = 0;
    // The lines are counted once: on from the statement before.
    let (mut line, mut counted) = (1, 0);
    for Block { statement, inside } in blocks(source, &pieces) {
        let whole = source.get(inside.clone()).unwrap_or_default();
        text.push_str(source.get(copied..inside.start).unwrap_or_default());
        let lines = "\n".repeat(whole.matches('\n').count());
        let _ = write!(text, " {CUT_OUT} {}{lines}", first + bodies.len());
        let indent = whole.rsplit('\n').next().filter(|last| last.trim().is_empty());
        copied = inside.end - indent.map_or(0, str::len);
        line += source.get(counted..statement).unwrap_or_default().matches('\n').count();
        counted = statement;
        bodies.push(CutBody {
            line,
            from: line_start(source, statement),
            to: inside.end + 1,
        });
    }
    text.push_str(source.get(copied..).unwrap_or_default());
    CutSource { text, bodies }
}

/// A body that can be cut out, in bytes.
struct Block {
    /// The beginning of its statement.
    statement: usize,
    /// The body without its braces.
    inside: Range<usize>,
}

/// Finds the bodies that can be cut out, also in namespaces.
fn blocks(source: &str, pieces: &[SourcePiece]) -> Vec<Block> {
    let word = |index: usize| pieces.get(index).and_then(|piece| source.get(piece.range.clone()));
    let mut blocks = Vec::new();
    let mut index = 0;
    while let (Some(begin), Some(first)) = (pieces.get(index), word(index)) {
        if matches!(begin.kind, SourcePieceKind::Semicolon | SourcePieceKind::Close(_)) {
            index += 1;
            continue;
        }
        let verb = if first == "private" {
            word(index + 1)
        } else {
            Some(first)
        };
        let open = match brace(pieces, index) {
            Ok(brace) => brace,
            Err(end) => {
                index = end + 1;
                continue;
            }
        };
        if first == "namespace" {
            index = open + 1;
            continue;
        }
        let close = closing(pieces, open);
        index = close + 1;
        let (Some(before), Some(behind)) = (pieces.get(open), pieces.get(close)) else {
            break;
        };
        let block = Block {
            statement: begin.range.start,
            inside: before.range.end..behind.range.start,
        };
        let body = pieces.get(open + 1..close).unwrap_or_default();
        if verb.is_some_and(|verb| CUT.contains(&verb)) && can_be_cut(source, &block, body) {
            blocks.push(block);
        }
    }
    blocks
}

/// Returns true for a body of several lines that means the same if it is read alone. What checks modes has to know how a number was
/// written, and asks only for what the run has read.
fn can_be_cut(source: &str, block: &Block, body: &[SourcePiece]) -> bool {
    let text = source.get(block.inside.clone()).unwrap_or_default();
    text.contains('\n') && !text.contains("0o") && !has_closure(source, body)
}

/// Returns the brace of the body of a statement; the end of the statement, if it has none.
fn brace(pieces: &[SourcePiece], statement: usize) -> Result<usize, usize> {
    let mut index = statement;
    while let Some(piece) = pieces.get(index) {
        match piece.kind {
            SourcePieceKind::Open('{') => return Ok(index),
            SourcePieceKind::Open(_) => index = closing(pieces, index),
            SourcePieceKind::Semicolon => return Err(index),
            _ => {}
        }
        index += 1;
    }
    Err(index)
}

/// Returns the bracket that closes an open one.
fn closing(pieces: &[SourcePiece], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, piece) in pieces.iter().enumerate().skip(open) {
        match piece.kind {
            SourcePieceKind::Open(_) => depth += 1,
            SourcePieceKind::Close(_) => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    pieces.len()
}

/// Returns true if there may be a closure in a body: Rhai makes functions of these, which have to be in the file itself.
fn has_closure(source: &str, body: &[SourcePiece]) -> bool {
    let text = |piece: &SourcePiece| source.get(piece.range.clone()).unwrap_or_default();
    let mut previous: Option<&SourcePiece> = None;
    for (index, piece) in body.iter().enumerate() {
        let is_value = |piece: &SourcePiece| match piece.kind {
            SourcePieceKind::Word | SourcePieceKind::Close(_) | SourcePieceKind::Text(_) | SourcePieceKind::Char => {
                true
            }
            SourcePieceKind::Other => text(piece) == "|",
            _ => false,
        };
        // Behind a value two of them are an operator.
        let is_closure = match text(piece) {
            "|" => {
                let other = body.get(index + 1).filter(|next| text(next) == "|");
                let is_second = previous.is_some_and(|previous| text(previous) == "|");
                !previous.is_some_and(is_value) || other.is_none() && !is_second
            }
            inside => matches!(piece.kind, SourcePieceKind::Text(_)) && inside.contains("(|"),
        };
        if is_closure {
            return true;
        }
        previous = Some(piece);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_cut_out_with_its_lines() {
        let source = "namespace :a {\n  task :b, :roles => [\"{\"] {\n    run `}${x[\"}\"]}`;\n  }\n}\nset :c, 1;\nfn d(e) {\n  e\n}\n";
        let cut = cut(source, 7);
        let text = "namespace :a {\n  task :b, :roles => [\"{\"] { cut_out 7\n\n  }\n}\nset :c, 1;\nfn d(e) { cut_out 8\n\n}\n";
        assert_eq!(cut.text, text);
        let sources: Vec<String> = cut.bodies.iter().map(|body| body.source(source)).collect();
        assert_eq!(
            sources,
            [
                "\n  task :b, :roles => [\"{\"] {\n    run `}${x[\"}\"]}`;\n  }",
                "\n\n\n\n\n\nfn d(e) {\n  e\n}"
            ]
        );
    }

    #[test]
    fn a_body_with_a_closure_or_an_octal_number_stays_in_its_file() {
        for body in ["x.map(|y| y)", "x(|| 1)", "#{ y: || 1 }", "`${x.map(|y| y)}`", "0o644"] {
            let source = format!("task :a {{\n  {body};\n}}\n");
            assert_eq!(cut(&source, 0).text, source, "{body}");
        }
        let source = "task :a {\n  if x || y { run `a | b`; }\n}\n";
        assert_eq!(cut(source, 0).bodies.len(), 1);
    }
}
