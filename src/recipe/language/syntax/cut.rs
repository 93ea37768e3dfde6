//! Cuts the bodies of tasks, of values and of functions out of a source of the built-in library. A run needs few of them, and
//! parsing them all would be most of a start: each is parsed when it is wanted for the first time.
//!
//! Only a source that has no mistakes can be cut, and only in the layout of `capr fmt`: a body that is not found is simply left
//! where it is.

use std::fmt::Write;

use rhai::{AST, ASTNode, Expr, Module, Position, ScriptFuncDef, Stmt, StmtBlock};

use super::layout::{SourcePiece, SourcePieceKind, exact_pieces};
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
    let word = |index: usize| pieces.get(index).and_then(|piece| source.get(piece.range.clone()));
    let (mut text, mut bodies) = (String::with_capacity(source.len() / 2), Vec::new());
    let (mut index, mut copied, mut line, mut counted) = (0, 0, 1, 0);
    while let (Some(begin), Some(first_word)) = (pieces.get(index), word(index)) {
        if matches!(begin.kind, SourcePieceKind::Semicolon | SourcePieceKind::Close(_)) {
            index += 1;
            continue;
        }
        let brace = match brace(&pieces, index) {
            Ok(brace) => brace,
            Err(end) => {
                index = end + 1;
                continue;
            }
        };
        if first_word == "namespace" {
            index = brace + 1;
            continue;
        }
        let close = closing(&pieces, brace);
        let verb = if first_word == "private" {
            word(index + 1)
        } else {
            Some(first_word)
        };
        index = close + 1;
        let (Some(open), Some(end)) = (pieces.get(brace), pieces.get(close)) else {
            break;
        };
        let inside = pieces.get(brace + 1..close).unwrap_or_default();
        let whole = source.get(open.range.end..end.range.start).unwrap_or_default();
        let is_cut =
            verb.is_some_and(|verb| CUT.contains(&verb)) && whole.contains('\n') && !has_closure(source, inside);
        if !is_cut {
            continue;
        }
        let before = source.get(..begin.range.start).unwrap_or_default();
        let from = before.rfind('\n').map_or(0, |at| at + 1);
        line += newlines(source.get(counted..from).unwrap_or_default());
        counted = from;
        text.push_str(source.get(copied..open.range.end).unwrap_or_default());
        let _ = write!(
            text,
            " {CUT_OUT} {}{}",
            first + bodies.len(),
            "\n".repeat(newlines(whole))
        );
        let indent = whole.rsplit('\n').next().filter(|last| last.trim().is_empty());
        copied = end.range.start - indent.map_or(0, str::len);
        bodies.push(CutBody {
            line,
            from,
            to: end.range.end,
        });
    }
    text.push_str(source.get(copied..).unwrap_or_default());
    CutSource { text, bodies }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
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
