//! The steps of a block, in the order of its source: read from its syntax, without evaluating anything.

use rhai::{AST, ASTNode, Expr, FlowControl, FnPtr, Position, Stmt};

use super::mentions::{literal, path, verb};
use super::read::{ReadCall, says_of_servers};
use crate::configuration::Selection;
use crate::recipe::language::mask::masked;
use crate::recipe::language::syntax::marks::as_written;
use crate::recipe::language::verbs;

/// A piece of a block, with the pieces inside it.
pub(in crate::recipe) struct BlockPiece {
    pub(in crate::recipe) kind: BlockPieceKind,
    pub(in crate::recipe) position: Position,
    pub(in crate::recipe) inside: Vec<Self>,
}

/// The kinds of pieces.
pub(in crate::recipe) enum BlockPieceKind {
    /// A call of a verb that does something, with its selection of servers.
    Verb {
        name: &'static str,
        given: String,
        servers: Option<Box<(&'static str, usize, Selection)>>,
    },
    /// A name, word by word: of a variable, of a task, or of neither.
    Name(Vec<String>),
    /// A call of a function of the recipe.
    Function(String),
    /// A condition, a loop, a `switch` or a `try`; the line in which it begins tells which.
    Under,
    /// The `else` branch of a condition.
    Otherwise,
}

/// Verbs whose block applies to the steps in it.
const BLOCKS: &[&str] = &[
    "as",
    "on",
    "on_rollback",
    "parallel",
    "rolling",
    "transaction",
    "with",
    "within",
];

/// Verbs that do something themselves.
const ACTS: &[&str] = &[
    "abort",
    "ask",
    "capture",
    "capture_all",
    "choose",
    "delete",
    "download",
    "execute",
    "get",
    "invoke",
    "invoke_command",
    "password_prompt",
    "put",
    "run",
    "run_locally",
    "stream",
    "sudo",
    "system",
    "test",
    "try_sudo",
    "upload",
];

/// Returns true for a verb that applies to the steps in its block.
pub(in crate::recipe) fn is_block(verb: &str) -> bool {
    BLOCKS.contains(&verb)
}

/// Returns true for a verb that acts on this machine.
pub(in crate::recipe) fn is_local(verb: &str) -> bool {
    matches!(
        verb,
        "abort" | "ask" | "choose" | "invoke" | "password_prompt" | "run_locally" | "system"
    )
}

/// Returns the pieces of a block.
pub(in crate::recipe) fn of_block(block: &Expr) -> Vec<BlockPiece> {
    let mut walk = Walk::default();
    block.walk(&mut Vec::new(), &mut |nodes| walk.step(nodes));
    walk.end()
}

/// Returns the pieces of the functions with this name in a source.
pub(in crate::recipe) fn of_functions(ast: &AST, name: &str) -> Vec<BlockPiece> {
    let mut walk = Walk::default();
    for function in ast.iter_fn_def().filter(|function| function.name == name) {
        let (from, to) = (function.body.start_position(), function.body.end_position());
        ast.walk(&mut |nodes| {
            let position = nodes.last().map_or(Position::NONE, ASTNode::position);
            let is_inside = from <= position && position <= to;
            !is_inside || walk.step(nodes)
        });
    }
    walk.end()
}

/// A walk through a block, from the outside in.
#[derive(Default)]
struct Walk {
    found: Vec<BlockPiece>,
    /// Pieces that are not complete yet: the depth of each, and where its body and its `else` branch begin.
    open: Vec<(usize, BlockPiece, Option<Split>)>,
}

/// The positions at which the parts of a condition begin.
#[derive(Clone, Copy)]
struct Split {
    body: Position,
    otherwise: Position,
}

impl Walk {
    fn step(&mut self, nodes: &[ASTNode]) -> bool {
        while self.open.last().is_some_and(|(depth, ..)| *depth >= nodes.len()) {
            self.close();
        }
        match nodes.last() {
            Some(ASTNode::Expr(expression)) => self.expression(expression, nodes),
            Some(ASTNode::Stmt(statement)) => self.statement(statement, nodes.len()),
            _ => {}
        }
        true
    }

    fn end(mut self) -> Vec<BlockPiece> {
        while !self.open.is_empty() {
            self.close();
        }
        self.found
    }

    fn expression(&mut self, expression: &Expr, nodes: &[ASTNode]) {
        if let Expr::Custom(call, _) = expression
            && let Some(name) = verb(call)
        {
            if name == "fetch" {
                let named = call.inputs.first().and_then(literal);
                named
                    .into_iter()
                    .for_each(|name| self.leaf(BlockPieceKind::Name(vec![name]), expression.position()));
            } else if let Some(row) = verbs::find(name).filter(|row| is_block(row.name) || ACTS.contains(&row.name)) {
                let read = ReadCall::of(call);
                if row.name == "on" && read.block.is_none() {
                    return;
                }
                // A task that is named in the source is a step of its own.
                if let Some(path) = path(expression) {
                    return self.leaf(BlockPieceKind::Name(path), expression.position());
                }
                let given = given(&read.arguments);
                let kind = BlockPieceKind::Verb {
                    name: row.name,
                    given,
                    servers: says_of_servers(call).map(Box::new),
                };
                self.begin(kind, read.position, nodes.len(), None);
                return;
            }
        }
        // The first word of `a.b` was read with it.
        let is_first_word = matches!(
            nodes.len().checked_sub(2).and_then(|at| nodes.get(at)),
            Some(ASTNode::Expr(Expr::Dot(dot, ..))) if std::ptr::eq(&dot.lhs, expression)
        );
        if is_first_word {
            return;
        }
        // A function that is passed as an argument is called by its receiver.
        if let Expr::DynamicConstant(value, position) = expression {
            let function = value.read_lock::<FnPtr>().map(|function| function.fn_name().to_owned());
            function
                .into_iter()
                .for_each(|name| self.leaf(BlockPieceKind::Function(name), *position));
        }
        if let Expr::FnCall(call, position) = expression {
            self.leaf(BlockPieceKind::Function(call.name.to_string()), *position);
        }
        if let Some(path) = path(expression) {
            self.leaf(BlockPieceKind::Name(path), expression.position());
        }
    }

    fn statement(&mut self, statement: &Stmt, depth: usize) {
        let (flow, position) = match statement {
            Stmt::If(flow, position) | Stmt::While(flow, position) | Stmt::TryCatch(flow, position) => {
                (&**flow, position)
            }
            Stmt::For(parts, position) => (&parts.2, position),
            Stmt::Switch(_, position) | Stmt::Do(_, _, position) => {
                return self.begin(BlockPieceKind::Under, *position, depth, None);
            }
            Stmt::FnCall(call, position) => {
                self.leaf(BlockPieceKind::Function(call.name.to_string()), *position);
                if call.args.is_empty() {
                    self.leaf(BlockPieceKind::Name(vec![as_written(&call.name).to_owned()]), *position);
                }
                return;
            }
            _ => return,
        };
        self.begin(BlockPieceKind::Under, *position, depth, Some(split(flow)));
    }

    fn leaf(&mut self, kind: BlockPieceKind, position: Position) {
        let piece = BlockPiece {
            kind,
            position,
            inside: Vec::new(),
        };
        self.keep(piece);
    }

    fn begin(&mut self, kind: BlockPieceKind, position: Position, depth: usize, split: Option<Split>) {
        let piece = BlockPiece {
            kind,
            position,
            inside: Vec::new(),
        };
        self.open.push((depth, piece, split));
    }

    fn keep(&mut self, piece: BlockPiece) {
        match self.open.last_mut() {
            Some((_, around, _)) => around.inside.push(piece),
            None => self.found.push(piece),
        }
    }

    /// Ends the innermost piece. What a condition evaluates is put before it, its `else` branch after it.
    fn close(&mut self) {
        let Some((_, mut piece, split)) = self.open.pop() else {
            return;
        };
        let Some(split) = split else {
            // The arguments of a command are evaluated before it runs.
            if let BlockPieceKind::Verb { name, .. } = piece.kind
                && !is_block(name)
            {
                let before = std::mem::take(&mut piece.inside);
                before.into_iter().for_each(|piece| self.keep(piece));
            }
            return self.keep(piece);
        };
        let (mut body, mut otherwise) = (Vec::new(), Vec::new());
        for inner in std::mem::take(&mut piece.inside) {
            if !split.otherwise.is_none() && inner.position >= split.otherwise {
                otherwise.push(inner);
            } else if inner.position >= split.body {
                body.push(inner);
            } else {
                self.keep(inner);
            }
        }
        piece.inside = body;
        self.keep(piece);
        if !otherwise.is_empty() {
            self.keep(BlockPiece {
                kind: BlockPieceKind::Otherwise,
                position: split.otherwise,
                inside: otherwise,
            });
        }
    }
}

fn split(flow: &FlowControl) -> Split {
    Split {
        body: flow.body.position(),
        otherwise: flow.branch.position(),
    }
}

/// Returns the arguments of a verb as a person reads them; secrets that are written out are starred.
fn given(arguments: &[&Expr]) -> String {
    let texts: Vec<String> = arguments.iter().map(|argument| shown(argument)).collect();
    without_secrets(&texts.join(" "))
}

fn without_secrets(text: &str) -> String {
    // The words are made a string of a recipe, in which a value after the name of a secret is found.
    let inside = text.replace('`', "'");
    let masked = masked("", &format!("`{inside}`"));
    masked
        .strip_prefix('`')
        .and_then(|masked| masked.strip_suffix('`'))
        .map_or_else(String::new, str::to_owned)
}

/// Returns an expression as a person reads it: values that are known only during a run become `${name}`, or `…` if they have no
/// name.
fn shown(expression: &Expr) -> String {
    if let Some(text) = literal(expression) {
        return text;
    }
    match expression {
        Expr::InterpolatedString(parts, _) => parts
            .iter()
            .map(|part| match part {
                Expr::StringConstant(text, _) => text.to_string(),
                part => format!("${{{}}}", named(part)),
            })
            .collect(),
        Expr::Array(items, _) => items.iter().map(shown).collect::<Vec<_>>().join(" "),
        Expr::FnCall(call, _) if call.name == "+" => call.args.iter().map(shown).collect(),
        other => match other.get_literal_value(None) {
            Some(value) => value.to_string(),
            None => match named(other) {
                name if name == "…" => name,
                name => format!("${{{name}}}"),
            },
        },
    }
}

/// Returns the name of a value: `release_path`, `server.host`, `quote(…)`.
fn named(expression: &Expr) -> String {
    match expression {
        Expr::Stmt(block) => match block.statements() {
            [Stmt::Expr(value)] => named(value),
            [Stmt::FnCall(call, _)] => of_call(&call.name, call.args.is_empty()),
            _ => "…".to_owned(),
        },
        Expr::Variable(variable, ..) => as_written(&variable.1).to_owned(),
        Expr::FnCall(call, _) if call.name.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
            of_call(&call.name, call.args.is_empty())
        }
        Expr::Custom(call, _) if verb(call) == Some("fetch") => {
            let name = call.inputs.first().and_then(literal);
            name.unwrap_or_else(|| "…".to_owned())
        }
        other => path(other).map_or_else(|| "…".to_owned(), |path| path.join(".")),
    }
}

fn of_call(name: &str, is_bare: bool) -> String {
    let name = as_written(name);
    if is_bare {
        name.to_owned()
    } else {
        format!("{name}(…)")
    }
}
