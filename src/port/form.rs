//! The form between reading and writing: the content of a recipe of capr with its comments and blank lines, but without layout.

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// `()`
    Unit,
    Bool(bool),
    /// A number as it is written.
    Number(String),
    Text(String),
    /// A string with interpolated values.
    Template(Vec<Part>),
    /// A command, whose lines may be indented.
    Script(Vec<Part>),
    Symbol(String),
    /// The name of a local, a variable of the recipe, or a task.
    Name(String),
    List(Vec<Expr>),
    Map(Vec<(String, Expr)>),
    /// A call of a function, or of a verb that returns something.
    Call(Call),
    Method(Box<Expr>, String, Vec<Expr>),
    Member(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    /// The conditions with their blocks, and the block of `else`.
    If(Vec<(Expr, Block)>, Option<Block>),
    Switch(Box<Expr>, Vec<(Vec<Expr>, Block)>, Option<Block>),
    Closure(Vec<String>, Block),
    /// A block as a value: `{ …; value }`.
    Block(Block),
}

/// A part of a string.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Text(String),
    Value(Expr),
}

/// A call of a verb or a function.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: Vec<Expr>,
    pub(super) options: Vec<(String, Expr)>,
    pub(super) parameters: Vec<String>,
    pub(super) block: Option<Block>,
}

impl Call {
    pub(super) fn new(name: &str, arguments: Vec<Expr>) -> Self {
        Self {
            name: name.to_owned(),
            arguments,
            ..Self::default()
        }
    }

    pub(super) fn with_block(name: &str, arguments: Vec<Expr>, block: Block) -> Self {
        Self {
            block: Some(block),
            ..Self::new(name, arguments)
        }
    }
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Statement {
    /// A call of a verb, without parentheses around its arguments.
    Verb(Call),
    Let(String, Expr),
    Assign(Expr, &'static str, Expr),
    Value(Expr),
    For(Vec<String>, Expr, Block),
    While(Expr, Block),
    Try(Block, Option<String>, Block),
    Return(Option<Expr>),
    Throw(Expr),
    Break,
    Continue,
    Function(String, Vec<String>, Block),
    /// Code that was not carried over: the number of its note, and true if the surrounding block must end here.
    Note(usize, bool),
    /// A statement that is written as a comment, since nothing reads its variable.
    Idle(Box<Statement>),
    /// No statement, only the comments above it.
    Nothing,
}

impl Statement {
    /// Returns the blocks in the statement.
    pub(super) fn blocks(&mut self) -> Vec<&mut Block> {
        match self {
            Self::Verb(call) => call.block.iter_mut().collect(),
            Self::For(_, _, inner) | Statement::While(_, inner) | Statement::Function(_, _, inner) => vec![inner],
            Self::Try(body, _, otherwise) => vec![body, otherwise],
            Self::Value(Expr::If(arms, otherwise)) => arms
                .iter_mut()
                .map(|(_, inner)| inner)
                .chain(otherwise.iter_mut())
                .collect(),
            Self::Value(Expr::Switch(_, arms, otherwise)) => arms
                .iter_mut()
                .map(|(_, inner)| inner)
                .chain(otherwise.iter_mut())
                .collect(),
            Self::Value(Expr::Block(inner)) => vec![inner],
            _ => Vec::new(),
        }
    }
}

/// A line above a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Above {
    Blank,
    /// A comment without its mark.
    Comment(String),
}

/// A statement with the lines above it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) above: Vec<Above>,
    pub(super) statement: Statement,
    /// A comment on the same line.
    pub(super) beside: Option<String>,
}

impl Line {
    pub(super) fn new(statement: Statement) -> Self {
        Self {
            above: Vec::new(),
            statement,
            beside: None,
        }
    }

    pub(super) fn verb(call: Call) -> Self {
        Self::new(Statement::Verb(call))
    }

    /// Returns the hook that runs these lines at the start of a run.
    pub(super) fn at_start(lines: Vec<Self>) -> Self {
        Self::verb(Call::with_block("on", vec![Expr::symbol("start")], Block::of(lines)))
    }

    pub(super) fn remark(text: &str) -> Self {
        Self {
            above: vec![Above::Comment(text.to_owned())],
            ..Self::new(Statement::Nothing)
        }
    }
}

/// Statements in braces.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Block {
    pub(super) lines: Vec<Line>,
    /// True if the last statement is the value of the block.
    pub(super) gives: bool,
}

impl Block {
    pub(super) fn of(lines: Vec<Line>) -> Self {
        Self { lines, gives: false }
    }

    /// Returns a block with nothing but a value.
    pub(super) fn giving(value: Expr) -> Self {
        Self {
            lines: vec![Line::new(Statement::Value(value))],
            gives: true,
        }
    }

    /// Returns the value of a block that consists of nothing else.
    pub(super) fn value(&self) -> Option<&Expr> {
        match self.lines.as_slice() {
            [
                Line {
                    statement: Statement::Value(value),
                    above,
                    beside: None,
                },
            ] if self.gives && above.is_empty() => Some(value),
            _ => None,
        }
    }
}

impl Expr {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(super) fn symbol(name: &str) -> Self {
        Self::Symbol(name.to_owned())
    }

    pub(super) fn name(name: &str) -> Self {
        Self::Name(name.to_owned())
    }

    /// Returns a whole number.
    pub(super) fn number(value: i64) -> Self {
        let digits = Self::Number(value.unsigned_abs().to_string());
        match value < 0 {
            true => Self::Negative(Box::new(digits)),
            false => digits,
        }
    }

    /// Returns a function of one value that returns another.
    pub(super) fn function_of(parameter: &str, value: Self) -> Self {
        Self::Closure(vec![parameter.to_owned()], Block::giving(value))
    }

    pub(super) fn call(name: &str, arguments: Vec<Self>) -> Self {
        Self::Call(Call::new(name, arguments))
    }

    pub(super) fn method(self, name: &str, arguments: Vec<Self>) -> Self {
        Self::Method(Box::new(self), name.to_owned(), arguments)
    }

    pub(super) fn binary(self, operator: &'static str, other: Self) -> Self {
        Self::Binary(operator, Box::new(self), Box::new(other))
    }

    /// Returns the question whether the value is true as in Ruby: neither nothing nor `false`.
    pub(super) fn into_condition(self) -> Self {
        self.binary("??", Self::Bool(false)).binary("!=", Self::Bool(false))
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::Binary("==", left, right) => Self::Binary("!=", left, right),
            Self::Binary("!=", left, right) => Self::Binary("==", left, right),
            Self::Bool(value) => Self::Bool(!value),
            other => Self::Not(Box::new(other)),
        }
    }

    /// Returns the content of a string or a symbol without interpolated values.
    pub(super) fn literal(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Symbol(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the parts of a string.
    pub(super) fn parts(self) -> Vec<Part> {
        match self {
            Self::Text(text) | Self::Symbol(text) => vec![Part::Text(text)],
            Self::Template(parts) | Self::Script(parts) => parts,
            other => vec![Part::Value(other)],
        }
    }
}

/// Returns true if a verb sets a variable.
pub(super) fn sets(verb: &str) -> bool {
    matches!(verb, "set" | "set_default" | "set_if_empty")
}

/// Returns a string of these parts in its simplest form.
pub(super) fn string(parts: Vec<Part>) -> Expr {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Part::Text(text)), Part::Text(more)) => text.push_str(&more),
            (_, Part::Text(text)) if text.is_empty() => {}
            (_, part) => joined.push(part),
        }
    }
    match joined.as_slice() {
        [] => Expr::text(""),
        [Part::Text(text)] => Expr::text(text),
        _ => Expr::Template(joined),
    }
}
