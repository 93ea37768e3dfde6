//! Finds recipe files, keeps their text for error messages, and evaluates each by itself.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use indexmap::IndexMap;
use rhai::{Engine, EvalAltResult, Position, Scope};

use super::Fallible;
use super::interpreter::Interpreter;
use super::origin::{locate, raise, syntax, wrong};
use super::stdlib;
use crate::configuration::nearest;
use crate::diagnostic::{Diagnostic, Fault};

/// Files inside files above this are taken for files that load each other.
const MAX_DEPTH: usize = 20;

/// All files of a run.
pub(super) struct Files {
    stdlib: Option<PathBuf>,
    texts: IndexMap<String, Rc<str>>,
    loaded: HashSet<String>,
    depth: usize,
}

impl Files {
    pub(super) fn new(stdlib: Option<PathBuf>) -> Self {
        Self {
            stdlib,
            texts: IndexMap::new(),
            loaded: HashSet::new(),
            depth: 0,
        }
    }

    /// The text of a line, counted from 1.
    pub(super) fn line(&self, file: &str, number: usize) -> Option<String> {
        let text = self.texts.get(file)?;
        text.lines().nth(number.checked_sub(1)?).map(str::to_owned)
    }
}

/// A file that was found: its name in messages, and its text.
struct Found {
    name: String,
    text: Rc<str>,
}

impl Interpreter {
    /// Evaluates a file; `from` is the file that asks for it.
    pub(super) fn load(&self, engine: &Engine, name: &str, position: Position, from: Option<&str>) -> Fallible<()> {
        let found = self.find(name, position, from)?;
        self.evaluate(engine, found, position)
    }

    /// The same, but only if it was not loaded before. Whether it was loaded now.
    pub(super) fn require(
        &self,
        engine: &Engine,
        name: &str,
        position: Position,
        from: Option<&str>,
    ) -> Fallible<bool> {
        let found = self.find(name, position, from)?;
        if self.files.borrow().loaded.contains(&found.name) {
            return Ok(false);
        }
        self.evaluate(engine, found, position).map(|()| true)
    }

    fn find(&self, name: &str, position: Position, from: Option<&str>) -> Fallible<Found> {
        let beside = from.and_then(|file| Path::new(file).parent());
        if from.is_some_and(stdlib::is_own) {
            // A file of the library loads its own, not one of that name that lies about.
            return self.find_in_stdlib(name, position);
        }
        let path = self.home_path(name);
        let mut candidates: Vec<PathBuf> = beside.map(|directory| directory.join(&path)).into_iter().collect();
        candidates.push(path);
        for candidate in candidates {
            let with_ending = PathBuf::from(format!("{}.rhai", candidate.display()));
            for file in [candidate, with_ending] {
                if file.is_file() {
                    return read(&file, position);
                }
            }
        }
        self.find_in_stdlib(name, position)
    }

    fn find_in_stdlib(&self, name: &str, position: Position) -> Fallible<Found> {
        let name = name.strip_suffix(".rhai").unwrap_or(name);
        if let Some(directory) = &self.files.borrow().stdlib {
            let file = directory.join(format!("{name}.rhai"));
            if file.is_file() {
                return read(&file, position);
            }
        }
        if let Some(text) = stdlib::recipe(name) {
            return Ok(Found {
                name: stdlib::file_name(name),
                text: text.into(),
            });
        }
        let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("no recipe `{name}' found"));
        diagnostic.hints.push(match nearest(name, stdlib::names()) {
            Some(nearest) => format!("did you mean `{nearest}'?"),
            None => "looked beside this recipe, in the working directory and in the standard library".to_owned(),
        });
        Err(raise(diagnostic, position))
    }

    fn evaluate(&self, engine: &Engine, found: Found, position: Position) -> Fallible<()> {
        let Found { name, text } = found;
        {
            let mut files = self.files.borrow_mut();
            if files.depth >= MAX_DEPTH {
                return Err(wrong(
                    format!("recipes load each other too deeply, last `{name}'"),
                    position,
                ));
            }
            files.depth += 1;
            files.loaded.insert(name.clone());
            files.texts.insert(name.clone(), text.clone());
        }
        let result = self.evaluate_text(engine, &name, &text);
        self.files.borrow_mut().depth -= 1;
        result
    }

    fn evaluate_text(&self, engine: &Engine, name: &str, text: &str) -> Fallible<()> {
        // The first line may name an interpreter; Rhai knows no such line.
        let text = match text.strip_prefix("#!") {
            Some(rest) => format!("//{rest}"),
            None => text.to_owned(),
        };
        self.words.borrow_mut().begin(&text);
        let mut ast = engine
            .compile(&text)
            .map_err(|error| raise(syntax(&error, name), Position::NONE))?;
        ast.set_source(name);
        let around = self.enter_namespace("".into());
        let result = engine.run_ast_with_scope(&mut Scope::new(), &ast);
        self.enter_namespace(around);
        match result {
            Err(error) if matches!(*error, EvalAltResult::Return(..)) => Ok(()),
            Err(error) => Err(locate(error, Some(name))),
            Ok(()) => Ok(()),
        }
    }
}

fn read(file: &Path, position: Position) -> Fallible<Found> {
    let unreadable =
        |error: &dyn std::fmt::Display| wrong(format!("cannot read {}: {error}", file.display()), position);
    let bytes = std::fs::read(file).map_err(|error| unreadable(&error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
        unreadable(&format!("line {line} is not UTF-8"))
    })?;
    let name = file.strip_prefix("./").unwrap_or(file).display().to_string();
    Ok(Found {
        name,
        text: text.into(),
    })
}
