//! Reads a source to its last token without evaluating anything. Returns the tokens, or all mistakes.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{AST, Dynamic, Engine, OptimizationLevel, Token};

use super::lines::uncountable;
use super::marks::{SYMBOL, as_written, test_verb_key, verb_key};
use super::named::SourceNames;
use super::recovery;
use super::words::Words;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::{grammar, verbs};

/// The deepest nesting of expressions, in a file and in a function.
pub(in crate::recipe) const MAX_DEPTHS: (usize, usize) = (128, 128);

/// The most short strings that are kept once for all places. The library alone has more than Rhai's 256; above the limit each new
/// one makes Rhai look through all of them for one to drop.
pub(in crate::recipe) const MAX_STRINGS: usize = 1 << 16;

/// The parser's view of a source: two sources with the same reading make the same calls.
#[derive(Debug, Default, PartialEq)]
pub(in crate::recipe) struct Reading {
    /// The tokens: strings with their content, and names with their marks.
    tokens: Vec<Token>,
    /// For each verb, true if a bracket follows without a blank: `puts (1 + 2) * 3` is not `puts(1 + 2) * 3`.
    have_brackets: Vec<bool>,
}

/// Reads a source; errors use `name` as the name of its file.
///
/// # Errors
///
/// All mistakes of its syntax.
pub(in crate::recipe) fn read(name: &str, text: &str) -> Result<Reading, Vec<Diagnostic>> {
    let text = countable(name, text).map_err(|wrong| vec![*wrong])?;
    let words = Rc::new(RefCell::new(Words::new(|word| verbs::find(word).is_some())));
    let reading = Rc::new(RefCell::new(Reading::default()));
    let engine = engine(&words, Some(&reading));
    let read = recovery::read(&text, name, |text| {
        words.borrow_mut().begin(name, text);
        reading.take();
        engine.compile(text)
    });
    match read.errors.is_empty() {
        true => Ok(reading.take()),
        false => Err(read.errors),
    }
}

/// Parses a source without evaluating anything; errors use `name` as the name of its file.
///
/// # Errors
///
/// All mistakes of its syntax.
pub(in crate::recipe) fn parsed(name: &str, text: &str) -> Result<(AST, SourceNames), Vec<Diagnostic>> {
    let text = countable(name, text).map_err(|wrong| vec![*wrong])?;
    PARSER.with(|parser| {
        let Parser { engine, words } = parser;
        let read = recovery::read(&text, name, |text| {
            words.borrow_mut().begin(name, text);
            engine.compile(text)
        });
        match read.ast.filter(|_| read.errors.is_empty()) {
            Some(ast) => Ok((ast, words.borrow_mut().take_names())),
            None => Err(read.errors),
        }
    })
}

thread_local! {
    /// The parser of [`parsed`]. To make one takes longer than to parse a short source.
    static PARSER: Parser = Parser::new();
}

struct Parser {
    engine: Engine,
    words: Rc<RefCell<Words>>,
}

impl Parser {
    fn new() -> Self {
        let words = Rc::new(RefCell::new(Words::new(|word| verbs::find(word).is_some())));
        let engine = engine(&words, None);
        Self { engine, words }
    }
}

/// Returns the source in the form that Rhai is given.
///
/// # Errors
///
/// An error if Rhai cannot count the lines, or the characters of a line.
pub(in crate::recipe) fn countable(name: &str, text: &str) -> Result<String, Box<Diagnostic>> {
    if let Some(line) = uncountable(text) {
        let message =
            format!("{name}: line {line} is too long, or one too many: there can be 65534 of 65534 characters");
        let diagnostic = Diagnostic::new(Fault::Recipe, message);
        return Err(Box::new(diagnostic.hint("`read_file' reads long strings")));
    }
    // The first line may name an interpreter; Rhai would not understand it.
    Ok(match text.strip_prefix("#!") {
        Some(rest) => format!("//{rest}"),
        None => text.to_owned(),
    })
}

/// Returns an engine that knows the grammar and nothing else. It notes in `reading` what it reads.
#[allow(deprecated)] // Rhai marks on_parse_token "volatile", not deprecated.
fn engine(words: &Rc<RefCell<Words>>, reading: Option<&Rc<RefCell<Reading>>>) -> Engine {
    let mut engine = Engine::new_raw();
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_max_strings_interned(MAX_STRINGS);
    engine.set_max_expr_depths(MAX_DEPTHS.0, MAX_DEPTHS.1);
    engine.disable_symbol("eval");
    let (mapped, seen) = (words.clone(), reading.cloned());
    engine.on_parse_token(move |token, position, _| {
        let token = mapped.borrow_mut().map(token, position);
        if let Some(seen) = &seen {
            seen.borrow_mut().tokens.push(token.clone());
        }
        token
    });
    symbols(&mut engine);
    let recipes = verbs::VERBS.iter().map(|verb| (verb, verb_key(verb.name)));
    let tests = verbs::VERBS_OF_TESTS
        .iter()
        .map(|verb| (verb, test_verb_key(verb.name)));
    for (verb, key) in recipes.chain(tests) {
        let (words, reading) = (words.clone(), reading.cloned());
        engine.register_custom_syntax_with_state_raw(
            key,
            move |_, look, state| {
                grammar::parse(verb.tail, look, state, || {
                    let (position, has_bracket) = words.borrow_mut().next_verb();
                    if let Some(reading) = &reading {
                        reading.borrow_mut().have_brackets.push(has_bracket);
                    }
                    (position, has_bracket)
                })
            },
            false,
            |_, _, _| Ok(Dynamic::UNIT),
        );
    }
    engine
}

/// Registers the syntax of symbols: any word can follow the colon, even a reserved one.
pub(in crate::recipe) fn symbols(engine: &mut Engine) {
    engine.register_custom_syntax_with_state_raw(
        SYMBOL,
        |seen, _, _| Ok((seen.len() == 1).then(|| "$token$".into())),
        false,
        |_, inputs, _| {
            let word = inputs
                .first()
                .and_then(|input| input.get_string_value())
                .unwrap_or_default();
            Ok(as_written(word).to_owned().into())
        },
    );
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::read;

    #[test]
    fn texts_are_the_same_reading_where_only_blanks_and_comments_differ() {
        let reading = |text: &str| read("a.rhai", text).unwrap();
        let first = reading("role :app, \"a\"; // comment\ntask :t, :roles => :app { run `x ${1 + 1}`; }");
        let second = reading("#!/usr/bin/capr\nrole   :app,\n\"a\";task :t, :roles=>:app{ /* c */ run `x ${1+1}`; }");
        assert_eq!(first, second);
        assert_eq!(reading("puts  ( 1)+1;"), reading("puts (1) + 1;"));
        assert_ne!(reading("puts (1) + 1;"), reading("puts(1) + 1;"));
        assert_ne!(reading("puts `a${1}`;"), reading("puts `a ${1}`;"));
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        let wrong = read("a.rhai", "task :t {\n  run \"x\"\n  run \"y\";\n}\nlet = 1;\n").unwrap_err();
        assert_eq!(wrong.len(), 2, "{wrong:?}");
    }
}
