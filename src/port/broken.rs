//! Finds the files that Ruby itself cannot read. Capistrano ends with an error when it loads one, and so does the recipe that is written in its
//! place.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::ParseResult;

use super::form::{Block, Line, Statement};
use super::note::{Kind, Missing, Note, SameError};
use super::project::{PortRefusal, RubyFile, RubyProject};
use super::ruby::{Offsets, line_of, printable};
use super::tidy::FileDraft;
use crate::sort;

/// The number of mistakes, besides one per 50 lines, above which a file does not count as Ruby.
const MISTAKES: usize = 5;

/// The first mistake of a file.
#[derive(Debug)]
pub(super) struct Mistake {
    line: usize,
    message: String,
}

/// Returns the files that are no Ruby, by their numbers. Refuses the project if all that is to be written comes from such files.
pub(super) fn broken(
    project: &RubyProject,
    parsed: &[ParseResult<'_>],
) -> Result<BTreeMap<usize, Mistake>, PortRefusal> {
    let both = project.sources.iter().zip(parsed).enumerate();
    let broken = both.filter_map(|(number, (source, parsed))| Some((number, mistake(source, parsed)?)));
    let broken = sort::map(broken);
    let mut wanted = project.sources.iter().enumerate();
    let is_ruby = |(number, source): (usize, &RubyFile)| {
        source.is_wanted && source.gem.is_none() && !broken.contains_key(&number)
    };
    match broken.iter().next() {
        Some((number, mistake)) if !wanted.any(is_ruby) => Err(PortRefusal::NotRuby {
            file: project
                .sources
                .get(*number)
                .map_or_else(String::new, |file| file.path.clone()),
            line: mistake.line,
            message: mistake.message.clone(),
        }),
        _ => Ok(broken),
    }
}

/// Returns a remark about each file with a few mistakes: it is carried over nevertheless.
pub(super) fn remarks(
    project: &RubyProject,
    parsed: &[ParseResult<'_>],
    broken: &BTreeMap<usize, Mistake>,
) -> Vec<String> {
    let both = project.sources.iter().zip(parsed).enumerate();
    let others = both.filter(|(number, (source, _))| source.is_wanted && !broken.contains_key(number));
    let told = others.filter_map(|(_, (source, parsed))| {
        let error = parsed.errors().next()?;
        let line = line_of(&source.text, error.location().start_offset());
        let message = printable(&String::from_utf8_lossy(error.message()));
        Some(format!(
            "{}:{line}: Ruby of today refuses the whole file here: {message}",
            source.shown()
        ))
    });
    let in_latin = project
        .in_latin
        .iter()
        .map(|file| format!("{file} is no UTF-8: it was read as Latin-1, and the recipe has its letters in UTF-8"));
    told.chain(in_latin).collect()
}

/// The words of the parser where a string, a list or a block has no end, and where an end has no beginning. No Ruby ever read such a file, and
/// whatever is behind that place may belong elsewhere. Ruby of today also refuses what Ruby 1.8 took (`when 1: …`): that is carried over.
const UNCLOSED: &[&str] = &[
    ", ignoring it",
    "end-of-input, assuming",
    "expected a closing",
    "expected a matching",
    "expected a string in a `%",
    "meets end of file",
    "to close the",
    "unexpected end-of-input",
    "unterminated",
];

/// Returns the first mistake of a binary file, of one in which something is not closed, and of one with more mistakes than a person makes.
fn mistake(source: &RubyFile, parsed: &ParseResult<'_>) -> Option<Mistake> {
    let lines = source.text.iter().filter(|byte| **byte == b'\n').count();
    let errors: Vec<_> = parsed.errors().collect();
    let is_binary = source.text.contains(&0);
    let first = errors.first();
    let is_unclosed = first.is_some_and(|error| {
        let message = String::from_utf8_lossy(error.message());
        UNCLOSED.iter().any(|words| message.contains(words))
    });
    if errors.len() <= MISTAKES + lines / 50 && !is_binary && !is_unclosed {
        return None;
    }
    Some(Mistake {
        line: first.map_or(1, |error| line_of(&source.text, error.location().start_offset())),
        message: first.map_or_else(
            || "it has bytes that no text has".to_owned(),
            |error| String::from_utf8_lossy(error.message()).into_owned(),
        ),
    })
}

impl Mistake {
    /// Returns the recipe that is written in the place of the file.
    pub(super) fn draft<'a>(&self, source: &'a RubyFile) -> FileDraft<'a> {
        let text = String::from_utf8_lossy(&source.text);
        let shown = text.lines().nth(self.line.saturating_sub(1)).map(printable);
        let error = format!(
            "{}:{}: syntax error: {}",
            source.path,
            self.line,
            printable(&self.message)
        );
        let note = Note {
            number: 1,
            kind: Kind::Code,
            reason: format!("the file is no Ruby: {}", printable(&self.message)),
            line: self.line,
            ruby: shown.unwrap_or_default(),
            depends_on: None,
            depends_on_file: None,
            only_if_called: false,
            lack: None,
            failure: Some(SameError::new(error, Missing::Nothing)),
        };
        FileDraft {
            source,
            block: Block::of(vec![Line::new(Statement::Note(1, false))]),
            notes: vec![note],
            unset: BTreeSet::new(),
        }
    }
}
