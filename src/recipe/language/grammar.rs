//! The grammar that all verbs share: `VERB argument, …, key => value, … [block]`, with or without parentheses.
//!
//! A syntax's state must be text: Rhai hashes it when the verb stands in a closure, and panics on a custom type. It is
//! `PHASE SHAPE LINE COLUMN`; the shape records what each input is: `E` expression, `>` the expression before it is a
//! key, `P` block parameter, `B` block.

use rhai::{Dynamic, Expr, Expression, ImmutableString, ParseError, Position};

/// The block of a verb, which stands behind its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recipe) enum Tail {
    /// No block: `if exists(:x) { … }` must not give its braces to `exists`.
    Nothing,
    /// A block that can be left out.
    Optional,
    /// A block that the call cannot do without; an error calls it by this noun.
    Required(&'static str),
    /// A block or more than one argument: not both, and not neither. An error calls the arguments so, one and all.
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

/// Operators that cannot begin an argument: before them a verb without arguments has ended.
const OPERATORS: &[&str] = &[
    "==", "!=", "<", ">", "<=", ">=", "&&", "??", "in", "+", "*", "/", "%", ".", "?.", ",", "=>",
];

/// Told the next token, says what the grammar wants there. `begin` gives the position of the verb, and whether a bracket
/// behind it is that of its arguments: in `puts (1 + 2) * 3` it is not.
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
    // `)` behind a phase says that the arguments stand in brackets.
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

/// Where the verb stands in the text.
pub(in crate::recipe) fn position(state: &Dynamic) -> Position {
    let text = state.read_lock::<ImmutableString>();
    text.as_ref()
        .and_then(|text| read(text))
        .map_or(Position::NONE, |state| state.position)
}

/// Returns a letter for each input of a call, which tells its kind.
pub(in crate::recipe) fn shape(state: &Dynamic) -> String {
    let text = state.read_lock::<ImmutableString>();
    let state = text.as_ref().and_then(|text| read(text));
    state.map_or_else(String::new, |state| state.shape.trim_start_matches('-').to_owned())
}

/// The expressions among the inputs of a call: arguments, keys and values of options.
pub(in crate::recipe) fn expressions<'a>(inputs: &'a [Expression<'a>], state: &Dynamic) -> Vec<&'a Expr> {
    let kinds: Vec<char> = shape(state).chars().filter(|kind| *kind != '>').collect();
    let inputs = inputs.iter().zip(kinds).filter(|(_, kind)| *kind == 'E');
    inputs.map(|(input, _)| &**input).collect()
}
