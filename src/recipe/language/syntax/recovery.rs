//! Continues to read a source after a syntax error, so that all errors are reported at once. A broken part is mended or blanked,
//! and the rest is read again. One mistake gives one error: errors that only follow from another are not reported.

use std::collections::HashSet;
use std::ops::Range;

use rhai::{AST, ParseError, ParseErrorType};

use super::error_place::ErrorPlace;
use super::errors::{NO_SEMICOLON, comment_at, endless_comment, syntax};
use super::fragments::word_list;
use super::habits::NO_DO;
use super::layout::{SourcePieceKind, line_of, open_comment, pieces, statement};
use super::ruby_lines::{behind_heredoc, line_end};
use super::{habits, ruby, ruby_lines};
use crate::diagnostic::Diagnostic;
use crate::listed::listed;

/// The most errors that are reported for one source.
const MAX_ERRORS: usize = 40;

/// The most times that a Ruby file is read again, and the most bytes that are read in all.
const MAX_STEPS: usize = 600;
const MAX_READ: usize = 8_000_000;

/// The most lines that are listed if many have the same mistake.
const MAX_LINES: usize = 8;

/// A source as far as it can be read.
pub(in crate::recipe) struct Recovered {
    /// The part that could be read; `None` if too much is broken.
    pub(in crate::recipe) ast: Option<AST>,
    pub(in crate::recipe) errors: Vec<Diagnostic>,
    /// All words in the parts that were left out: something with one of these names may be defined there.
    pub(in crate::recipe) lost: HashSet<String>,
}

/// Parses a source and finds all errors in it.
pub(in crate::recipe) fn read(
    text: &str,
    source: &str,
    mut parse: impl FnMut(&str) -> Result<AST, ParseError>,
) -> Recovered {
    let is_ruby = ruby_lines::is_ruby(text);
    // In a Ruby file `/*` may be something else.
    if let Some(at) = open_comment(text).filter(|_| !is_ruby || parse(text).is_ok()) {
        // All other errors would only be consequences of this one.
        return Recovered {
            ast: None,
            errors: vec![endless_comment(source, text, at)],
            lost: words(text).map(str::to_owned).collect(),
        };
    }
    let mut errors = Vec::new();
    // In a Ruby file nearly every line has something that is mended without a report.
    let steps = match is_ruby {
        true => (MAX_READ / text.len().max(1)).clamp(2 * MAX_ERRORS, MAX_STEPS),
        false => 2 * MAX_ERRORS,
    };
    let mut mended = Mended {
        text: text.to_owned(),
        is_ruby,
        blanked: Vec::new(),
        locals: Vec::new(),
        lost: HashSet::new(),
    };
    for _ in 0..steps {
        let error = match parse(&mended.text) {
            Ok(ast) => {
                return Recovered {
                    ast: Some(ast),
                    errors: gathered(errors),
                    lost: mended.lost,
                };
            }
            Err(error) => error,
        };
        let told = syntax(&error, source, &mended.text);
        let mend = mended.mend(&error);
        if !mend.follows {
            errors.push(also_in(told, &mend.also));
        }
        if !mend.goes_on || errors.iter().filter(|error| !is_gathered(error)).count() >= MAX_ERRORS {
            break;
        }
    }
    Recovered {
        ast: None,
        errors: gathered(errors),
        lost: words(text).map(str::to_owned).collect(),
    }
}

/// Returns true if the parser expects a brace.
fn expects_brace(error: &ParseError) -> bool {
    matches!(error.err_type(), ParseErrorType::MissingToken(token, _) if token == "{")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !super::layout::is_word(c));
    words.filter(|word| !word.is_empty())
}

/// Reports a mistake of many lines only once, with the numbers of the other lines: a missing `;`, or a `do`.
fn gathered(errors: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let errors = gathered_where(errors, lacks_semicolon);
    gathered_where(errors, |error| error.message == NO_DO)
}

fn lacks_semicolon(error: &Diagnostic) -> bool {
    error.label.as_deref() == Some(NO_SEMICOLON)
}

fn is_gathered(error: &Diagnostic) -> bool {
    lacks_semicolon(error) || error.message == NO_DO
}

fn gathered_where(mut errors: Vec<Diagnostic>, is_same: impl Fn(&Diagnostic) -> bool) -> Vec<Diagnostic> {
    let lines = errors.iter().filter(|error| is_same(error));
    let lines: Vec<usize> = lines.filter_map(|error| Some(error.origin.as_ref()?.line)).collect();
    let (Some(first), Some(others)) = (lines.first(), lines.get(1..)) else {
        return errors;
    };
    if others.len() < 2 {
        return errors;
    }
    errors.retain(|error| !is_same(error) || error.origin.as_ref().is_some_and(|place| place.line == *first));
    for error in errors.iter_mut().filter(|error| is_same(error)) {
        *error = also_in(error.clone(), others);
    }
    errors
}

/// Adds the other lines that have the same mistake.
fn also_in(told: Diagnostic, lines: &[usize]) -> Diagnostic {
    let shown: Vec<String> = lines.iter().map(usize::to_string).collect();
    let shown = listed(&shown, MAX_LINES);
    match lines.len() {
        0 => told,
        1 => told.hint(format!("the same in line {shown}")),
        _ => told.hint(format!("the same in lines {shown}")),
    }
}

/// A source in which some errors are mended.
struct Mended {
    text: String,
    is_ruby: bool,
    /// The ranges of statements that could not be read.
    blanked: Vec<Range<usize>>,
    /// Local variables that were defined in them.
    locals: Vec<String>,
    /// All words in them.
    lost: HashSet<String>,
}

/// The result of mending an error.
struct Mend {
    /// True if the error only follows from another one.
    follows: bool,
    /// The other lines with the same error.
    also: Vec<usize>,
    /// True if reading can go on.
    goes_on: bool,
}

impl Mended {
    /// Mends an error in the source: puts it right where that is possible, and blanks the broken part otherwise.
    fn mend(&mut self, error: &ParseError) -> Mend {
        let text = self.text.clone();
        let place = ErrorPlace::new(&text, error.position());
        let around = match self.is_ruby {
            true => Some(ruby_lines::line(&text, place.statement_start(), place.at)),
            false => statement(&text, place.at),
        };
        let follows = self.follows(&place, around.as_ref());
        let put_right = if follows {
            None
        } else {
            self.put_right(error, &text, &place)
        };
        if let Some(also) = put_right {
            return Mend {
                follows,
                also,
                goes_on: true,
            };
        }
        let broken = match follows {
            true => around,
            false => Self::broken(error, &text, &place, around),
        };
        let broken = broken.filter(|range| text.get(range.clone()).is_some_and(|broken| !broken.trim().is_empty()));
        let goes_on = broken.is_some();
        broken.into_iter().for_each(|range| self.blank(range));
        Mend {
            follows,
            also: Vec::new(),
            goes_on,
        }
    }

    /// Changes the source to what was meant, if that is known. Returns the other lines with the same error.
    fn put_right(&mut self, error: &ParseError, text: &str, place: &ErrorPlace) -> Option<Vec<usize>> {
        match error.err_type() {
            ParseErrorType::BadInput(rhai::LexError::MalformedChar(_)) => {
                return Some(self.single_quotes(text, place.at));
            }
            ParseErrorType::Reserved(sign) if sign == "#" => return Some(self.comments(text, place.at)),
            ParseErrorType::BadInput(rhai::LexError::ImproperSymbol(sign, _)) if sign.starts_with('#') => {
                return Some(self.comments(text, place.at));
            }
            ParseErrorType::MissingToken(token, _)
                if token == ";"
                    && place.begins_line()
                    && place.word_before() != "end"
                    && habits::habit(place).is_none() =>
            {
                let behind = place.behind_code();
                self.replace(behind..behind, ";");
                return Some(Vec::new());
            }
            _ => {}
        }
        if place.rest.starts_with('#') && comment_at(text, place.at) {
            return Some(self.comments(text, place.at));
        }
        if let Some((list, length)) = word_list(place.rest) {
            self.replace(place.at..place.at + length, &list);
            return Some(Vec::new());
        }
        if let Some((map, mended)) = habits::mended(place) {
            self.replace(map, &mended);
            return Some(Vec::new());
        }
        if let Some((word, brace)) = habits::brace_for_do(place)
            && let Some(block) = ruby_block(text, place)
        {
            let brace_of_end = if self.is_ruby { closing(text, block.end) } else { "}  " };
            self.replace(block.end - 3..block.end, brace_of_end);
            self.replace(word, &brace);
            return Some(Vec::new());
        }
        if self.is_ruby && self.opened(text, place, expects_brace(error)) {
            return Some(Vec::new());
        }
        let (word, brace) = self.word_for_brace(place)?;
        self.replace(word, brace);
        Some(Vec::new())
    }

    /// Returns the part of the source that cannot be read; `around` is the statement around the error.
    fn broken(
        error: &ParseError,
        text: &str,
        place: &ErrorPlace,
        around: Option<Range<usize>>,
    ) -> Option<Range<usize>> {
        let expects_brace = expects_brace(error);
        if let Some((condition, _)) = habits::command_as_condition(place).filter(|_| expects_brace) {
            statement(text, condition)
        } else if place.rest.starts_with('}') && around.is_none() {
            Some(place.at..place.at + 1)
        } else if matches!(
            error.err_type(),
            ParseErrorType::BadInput(rhai::LexError::UnterminatedString)
        ) {
            unended(text, place)
        } else if place.rest.starts_with("=begin") {
            let end = text.get(place.at..).and_then(|rest| rest.find("\n=end"));
            end.map(|end| place.at..line_end(text, place.at + end + 1)).or(around)
        } else if let Some(word) = ruby::heredoc(place.rest) {
            heredoc(text, place, word)
        } else if ruby::begins_block(place, expects_brace) {
            ruby_block(text, place).or(around)
        } else {
            around
        }
    }

    /// Keeps the inside of a Ruby block whose first line is broken; returns true if there is such a block.
    fn opened(&mut self, text: &str, place: &ErrorPlace, expects_brace: bool) -> bool {
        // If a brace is expected, the parser stands on the next line, as it does after a `begin`.
        let is_behind = expects_brace || place.begins_line() && place.word_before() == "begin";
        let at = match is_behind {
            true => place.behind_code().saturating_sub(1),
            false => place.at,
        };
        let head = ruby_lines::line(text, place.statement_start(), at);
        let Some(block) = ruby_lines::block(text, head.start, head.end).filter(|block| block.end > head.end + 3) else {
            return false;
        };
        self.replace(block.end - 3..block.end, closing(text, block.end));
        // A word inside a string after `<<WORD` begins no part of the block.
        for middle in block.middles.iter().rev().filter(|middle| **middle > head.end) {
            let end = line_end(text, *middle).min(block.end - 3);
            self.lose(*middle..end);
            self.replace(*middle..end, "} if true {");
        }
        self.lose(head.clone());
        let blanked = ruby_lines::in_place_of(text.get(head.clone()).unwrap_or(""), "if true {");
        self.replace(head, &blanked);
        true
    }

    /// Returns a Ruby keyword in the place of a brace, and that brace; the block's other brace is there.
    fn word_for_brace(&self, place: &ErrorPlace) -> Option<(Range<usize>, &'static str)> {
        let is_alone = |at: usize| {
            let line = self.text.get(..at)?.rsplit('\n').next()?;
            let rest = self.text.get(at + 3..)?.split('\n').next()?;
            (line.trim().is_empty() && rest.trim().is_empty()).then_some(())
        };
        let behind = place.behind_code();
        if place.word() == "do" && place.rest.split('\n').next()?.trim() == "do" {
            return ruby_block(&self.text, place)
                .is_none()
                .then_some((place.at..place.at + 2, "{"));
        }
        let end = if place.word() == "end" {
            place.at
        } else if place.word_before() == "end" {
            behind.checked_sub(3)?
        } else {
            return None;
        };
        is_alone(end)?;
        Some((end..end + 3, "}"))
    }

    /// Returns true if the error only exists because something before it was blanked.
    fn follows(&self, place: &ErrorPlace, around: Option<&Range<usize>>) -> bool {
        if self.is_ruby {
            // In Ruby each line is read by itself.
            return self.blanked.iter().any(|blanked| blanked.contains(&place.at));
        }
        let assigned = place.word();
        if self.locals.iter().any(|local| local == assigned) {
            return true;
        }
        self.blanked.iter().any(|blanked| {
            let is_in = around.is_some_and(|around| around.start <= blanked.start && blanked.end <= around.end);
            let is_behind = self
                .text
                .get(blanked.start..place.at)
                .is_some_and(|between| between.trim().is_empty());
            is_in || is_behind && place.at >= blanked.start
        })
    }

    fn blank(&mut self, range: Range<usize>) {
        let broken = self.text.get(range.clone()).unwrap_or("").to_owned();
        let words: Vec<&str> = words(&broken).collect();
        for pair in words.windows(2) {
            if let ["let" | "const", name] = pair {
                self.locals.push((*name).to_owned());
            }
        }
        self.lost.extend(words.into_iter().map(str::to_owned));
        let blanks: String = broken.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        let start = range.start;
        self.replace(range, &blanks);
        self.blanked.push(start..start + blanks.len());
    }

    /// Notes the words of a part that is about to be left out.
    fn lose(&mut self, range: Range<usize>) {
        let lost = words(self.text.get(range).unwrap_or("")).map(str::to_owned);
        let lost: Vec<String> = lost.collect();
        self.lost.extend(lost);
    }

    /// Replaces a part of the source, and moves the blanked ranges after it.
    fn replace(&mut self, range: Range<usize>, with: &str) {
        let end = range.end;
        let (added, removed) = (with.len(), range.len());
        self.text.replace_range(range, with);
        for blanked in &mut self.blanked {
            if blanked.start >= end {
                *blanked = blanked.start + added - removed..blanked.end + added - removed;
            }
        }
    }

    /// Puts all strings in single quotes into double quotes; returns the other lines with such strings.
    fn single_quotes(&mut self, text: &str, first: usize) -> Vec<usize> {
        let quoted = pieces(text)
            .into_iter()
            .filter(|piece| piece.kind == SourcePieceKind::Char);
        let quoted: Vec<Range<usize>> = quoted.map(|piece| piece.range).collect();
        for range in quoted.iter().rev() {
            let inner = text.get(range.start + 1..range.end - 1).unwrap_or("");
            self.replace(range.clone(), &format!("\"{}\"", inner.replace(['"', '\\'], " ")));
        }
        other_lines(text, first, quoted.iter().map(|range| range.start))
    }

    /// Blanks all Ruby comments; returns the other lines with such comments.
    fn comments(&mut self, text: &str, first: usize) -> Vec<usize> {
        let comments = pieces(text)
            .into_iter()
            .filter(|piece| piece.kind == SourcePieceKind::Comment);
        let comments: Vec<Range<usize>> = comments.map(|piece| piece.range).collect();
        for range in comments.iter().rev() {
            let blanks = " ".repeat(text.get(range.clone()).map_or(0, |comment| comment.chars().count()));
            self.replace(range.clone(), &blanks);
        }
        other_lines(text, first, comments.iter().map(|range| range.start))
    }
}

fn other_lines(text: &str, first: usize, places: impl Iterator<Item = usize>) -> Vec<usize> {
    let here = line_of(text, first);
    let mut lines: Vec<usize> = places
        .map(|at| line_of(text, at))
        .filter(|line| *line != here)
        .collect();
    lines.dedup();
    lines
}

/// Returns the statement around a string without an end, up to the end of the line.
fn unended(text: &str, place: &ErrorPlace) -> Option<Range<usize>> {
    place
        .rest
        .starts_with('"')
        .then(|| place.statement_start()..line_end(text, place.at))
}

/// Returns the statement around a string that ends at a line with this word alone.
fn heredoc(text: &str, place: &ErrorPlace, word: &str) -> Option<Range<usize>> {
    let start = place.statement_start();
    Some(start..behind_heredoc(text, place.at, word)?)
}

/// Returns the replacement of an `end`: a brace, and a `;` if nothing follows on its line, so that the next line does not
/// continue it.
fn closing(text: &str, end: usize) -> &'static str {
    let rest = text.get(end..line_end(text, end)).unwrap_or("");
    if rest.trim().is_empty() { "}; " } else { "}  " }
}

/// Returns the statement around a place, if it has a block that ends with `end`.
fn ruby_block(text: &str, place: &ErrorPlace) -> Option<Range<usize>> {
    let start = place.statement_start();
    ruby_lines::block(text, start, text.len()).map(|block| start..block.end)
}
