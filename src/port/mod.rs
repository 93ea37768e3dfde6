//! Recipes of Capistrano 1, 2 and 3, read with Ruby's own parser and written as recipes of capr. Ruby is never evaluated.
//!
//! ```text
//! project   which files belong to what was named, and what they are called here
//! facts     what all files say together: names, values, the version
//! read/     a file of Ruby becomes the form; what has none becomes a note
//! form      what a recipe says, without layout
//! tidy      what shows only when all files are read: variables nobody reads, roles, defaults of the version
//! write/    the form as a recipe, laid out
//! report    what is told when it is done
//! note      what needs a hand
//! ```
//!
//! It knows the rows of the language (`Vocabulary`) and its style (`format`), and nothing of how recipes run.

mod facts;
mod form;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod note;
mod project;
mod read;
mod report;
mod ruby;
mod tidy;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use self::ruby::Offsets;

pub use self::note::{Kind, Note};
pub use self::project::{Project, Refusal, Source};
pub use self::report::{Done, json, report};

use self::facts::Facts;
use self::read::Reader;
use self::tidy::Draft;
use crate::recipe::{Vocabulary, format};

/// A recipe that was written.
#[derive(Clone, Debug, Serialize)]
pub struct File {
    /// The file of Ruby.
    pub from: String,
    /// The recipe.
    pub to: String,
    /// Its text.
    #[serde(skip)]
    pub text: String,
    /// What needs a hand.
    pub notes: Vec<Note>,
}

/// What came out of a project.
#[derive(Clone, Debug, Serialize)]
pub struct Ported {
    /// The major version of Capistrano that the recipes are for.
    pub version: u8,
    /// The recipes, in the order of the files of Ruby.
    pub files: Vec<File>,
    /// How often each construct was carried over.
    pub carried: BTreeMap<String, usize>,
    /// What differs and needs no hand.
    pub remarks: Vec<String>,
    /// Libraries of Ruby that the recipes require, and that have no like here.
    pub libraries: Vec<String>,
    /// Files that were read and not written.
    pub only_read: Vec<String>,
}

impl Ported {
    /// Whether nothing needs a hand.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.files.iter().all(|file| file.notes.is_empty())
    }
}

/// More mistakes than this in a file, and one for so many lines: it is no Ruby.
const MISTAKES: usize = 5;

/// Writes the recipes of a project anew.
pub fn port(project: &Project) -> Result<Ported, Refusal> {
    let parsed: Vec<_> = project
        .sources
        .iter()
        .map(|source| ruby_prism::parse(&source.text))
        .collect();
    let mut facts = Facts::new(Vocabulary::of_this_program());
    for (source, parsed) in project.sources.iter().zip(&parsed) {
        is_ruby(source, parsed)?;
        facts.stages.extend(source.stage());
        facts.read(parsed);
        facts.files.push(source.path.clone());
    }
    facts.conclude();
    let (mut drafts, mut carried, mut remarks) = (Vec::new(), BTreeMap::new(), Vec::new());
    let mut lost = BTreeSet::new();
    for (number, (source, parsed)) in project.sources.iter().zip(&parsed).enumerate() {
        let mut reader = Reader::new(&facts, number, (parsed, &source.text));
        reader.lost_variables = std::mem::take(&mut lost);
        let block = reader.file(parsed);
        lost = std::mem::take(&mut reader.lost_variables);
        if source.is_wanted {
            for (name, count) in &reader.carried {
                *carried.entry(name.clone()).or_default() += count;
            }
            remarks.append(&mut reader.remarks);
        }
        drafts.push(Draft {
            source,
            block,
            notes: reader.notes,
            unset: reader.unset,
        });
    }
    tidy::tidy(&facts, &mut drafts);
    let wanted = drafts.iter().filter(|draft| draft.source.is_wanted);
    let files: Vec<File> = wanted
        .map(|draft| {
            let to = draft.source.recipe();
            let text = write::recipe(&draft.block, &draft.notes);
            File {
                from: draft.source.path.clone(),
                // What a hand has to mend first is formatted then.
                text: format(&to, &text).unwrap_or(text),
                to,
                notes: draft.notes.clone(),
            }
        })
        .collect();
    remarks.sort();
    remarks.dedup();
    Ok(Ported {
        version: facts.version,
        carried,
        remarks,
        libraries: read::missing_libraries(&facts),
        only_read: project
            .sources
            .iter()
            .filter(|source| !source.is_wanted)
            .map(|source| source.path.clone())
            .collect(),
        files,
    })
}

/// Refuses what has more mistakes than a person makes.
fn is_ruby(source: &Source, parsed: &ruby_prism::ParseResult<'_>) -> Result<(), Refusal> {
    let lines = source.text.iter().filter(|byte| **byte == b'\n').count();
    let errors: Vec<_> = parsed.errors().collect();
    let is_binary = source.text.contains(&0);
    if errors.len() <= MISTAKES + lines / 50 && !is_binary {
        return Ok(());
    }
    let first = errors.first();
    let line = first.map_or(1, |error| {
        let before = source.text.get(..error.location().start_offset()).unwrap_or(&[]);
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    });
    Err(Refusal::NotRuby {
        file: source.path.clone(),
        line,
        message: first.map_or_else(
            || "it has bytes that no text has".to_owned(),
            |error| String::from_utf8_lossy(error.message()).into_owned(),
        ),
    })
}
