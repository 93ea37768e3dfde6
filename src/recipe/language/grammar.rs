//! The grammar that all verbs share: `VERB argument, …, key => value, … [block]`, with or without parentheses.
//!
//! The state of a syntax must be a string: Rhai hashes it when the verb is in a closure, and panics on a custom type. It is
//! `PHASE SHAPE LINE COLUMN`. The shape records the kind of each input: `E` is an expression, `>` says that the expression before
//! it is a key, `P` is a block parameter, `B` a block.

use rhai::{Dynamic, Expr, Expression, ImmutableString, ParseError, Position};

/// The block of a verb, which comes after its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recipe) enum Tail {
    /// No block: `if exists(:x) { … }` must not give its braces to `exists`.
    Nothing,
    /// A block that can be left out.
    Optional,
    /// A block that the call must have; an error uses this noun for it.
    Required(&'static str),
    /// Either a block or more than one argument, but not both. An error uses these words for one argument and for several.
    Instead(&'static str, &'static str),
}

struct State<'a> {
    phase: &'a str,
    shape: &'a str,
    position: Position,
}

fn read(state: &str) -> Option<State<'_>> {
    let mut words = state.split(' ');
    let (phase, shape) = (words.next()?, words.next()?);
    let line: u16 = words.next()?.parse().ok()?;
    let column: u16 = words.next()?.parse().ok()?;
    Some(State {
        phase,
        shape,
        position: if line == 0 {
            Position::NONE
        } else {
            Position::new(line, column)
        },
    })
}

/// Operators that cannot begin an argument: if one follows a verb, the verb has no arguments.
const OPERATORS: &[&str] = &[
    "==", "!=", "<", ">", "<=", ">=", "&&", "??", "in", "+", "*", "/", "%", ".", "?.", ",", "=>",
];

/// Takes the next token and returns what the grammar expects there. `begin` returns the position of the verb, and true if the
/// bracket after it contains its arguments: in `puts (1 + 2) * 3` it does not.
pub(in crate::recipe) fn parse(
    tail: Tail,
    look: &str,
    state: &mut Dynamic,
    begin: impl FnOnce() -> (Position, bool),
) -> Result<Option<ImmutableString>, ParseError> {
    let before: ImmutableString = state
        .read_lock::<ImmutableString>()
        .map(|text| text.clone())
        .unwrap_or_default();
    let (phase, mut shape, position) = match read(&before) {
        Some(State { phase, shape, position }) => (phase, shape.trim_start_matches('-').to_owned(), position),
        None => match begin() {
            (position, true) => ("start", String::new(), position),
            (position, false) => ("bare", String::new(), position),
        },
    };
    let takes_block = tail != Tail::Nothing;
    let (phase, in_brackets) = match phase.strip_suffix(')') {
        Some(phase) => (phase, true),
        None => (phase, false),
    };
    let ends = matches!(look, ";" | "}" | ")" | "]" | "{EOF}");
    // A phase that ends in `)` means that the arguments are in brackets.
    let (token, next, inside) = match (phase, look) {
        ("start" | "bare", "()") => (Some("()"), "tail", false),
        ("start", "(") => (Some("("), "argument", true),
        ("start" | "bare" | "tail", "{") if takes_block => {
            shape.push('B');
            (Some("$block$"), "done", false)
        }
        ("start" | "bare" | "tail", "|") if takes_block => (Some("|"), "parameter", false),
        ("start" | "bare", look) if ends || OPERATORS.contains(&look) => (None, "done", false),
        ("argument", ")") if in_brackets => (Some(")"), "tail", false),
        ("argument", "|") if takes_block => (Some("|"), "parameter", in_brackets),
        ("argument", "{") if takes_block => {
            shape.push('B');
            (Some("$block$"), "done", in_brackets)
        }
        ("start" | "bare" | "argument", _) => {
            shape.push('E');
            (Some("$expr$"), "after", in_brackets)
        }
        ("after", "=>") => {
            shape.push('>');
            (Some("=>"), "argument", in_brackets)
        }
        ("after", "|") if takes_block && !in_brackets => (Some("|"), "parameter", false),
        ("after", ",") => (Some(","), "argument", in_brackets),
        ("after", _) if in_brackets => (Some(")"), "tail", false),
        ("after", "{") if !in_brackets && takes_block => {
            shape.push('B');
            (Some("$block$"), "done", false)
        }
        ("parameter", _) => {
            shape.push('P');
            (Some("$ident$"), "separator", in_brackets)
        }
        ("separator", ",") => (Some(","), "parameter", in_brackets),
        ("separator", _) => (Some("|"), if in_brackets { "argument" } else { "tail" }, in_brackets),
        ("done", _) if in_brackets => (Some(")"), "end", false),
        _ => (None, "end", false),
    };
    let (line, column) = (position.line().unwrap_or(0), position.position().unwrap_or(0));
    let bracket = if inside { ")" } else { "" };
    *state = format!("{next}{bracket} -{shape} {line} {column}").into();
    Ok(token.map(Into::into))
}

/// Returns the position of the verb in the source.
pub(in crate::recipe) fn position(state: &Dynamic) -> Position {
    let text = state.read_lock::<ImmutableString>();
    text.as_ref()
        .and_then(|text| read(text))
        .map_or(Position::NONE, |state| state.position)
}

/// Returns the shape of a call: a letter for the kind of each input.
pub(in crate::recipe) fn shape(state: &Dynamic) -> String {
    let text = state.read_lock::<ImmutableString>();
    let state = text.as_ref().and_then(|text| read(text));
    state.map_or_else(String::new, |state| state.shape.trim_start_matches('-').to_owned())
}

/// Returns the expressions among the inputs of a call: arguments, and the keys and values of options.
pub(in crate::recipe) fn expressions<'a>(inputs: &'a [Expression<'a>], state: &Dynamic) -> Vec<&'a Expr> {
    let kinds: Vec<char> = shape(state).chars().filter(|kind| *kind != '>').collect();
    let inputs = inputs.iter().zip(kinds).filter(|(_, kind)| *kind == 'E');
    inputs.map(|(input, _)| &**input).collect()
}
