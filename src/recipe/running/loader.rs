//! Finds recipe files, keeps their sources for error messages, and evaluates each by itself.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use rhai::{AST, Engine, EvalAltResult, Expr, Module, ModuleResolver, Position, Scope, Shared};

use super::interpreter::Interpreter;
use super::sources::read_file;
use crate::configuration::suggestion;
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Level;
use crate::libraries::LibraryRecipe as Added;
use crate::recipe::language::origin::{Fallible, origin, raise, wrong};
use crate::recipe::language::syntax::classes::library;
use crate::recipe::language::syntax::layout::is_word;
use crate::recipe::language::syntax::reading::countable;
use crate::recipe::language::syntax::recovery;
use crate::recipe::language::syntax::unfilled::Unfilled;
use crate::recipe::language::verbs::is_test_file;
use crate::recipe::meaning::claims::Text;
use crate::recipe::meaning::errors::{diagnostic, locate};
use crate::recipe::meaning::findings::Machine;
use crate::recipe::meaning::libraries::{libraries, library as known};
use crate::recipe::meaning::loads::Load;
use crate::recipe::meaning::stdlib;
use crate::trust::UntrustedFile;

/// The nesting of files above which they count as files that load each other.
const MAX_DEPTH: usize = 20;

/// A file that was found: its name in messages, its real path, and its source.
struct Found {
    name: String,
    path: PathBuf,
    text: Rc<str>,
}

/// The places where a file is searched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// Beside the file that asks for it, in the working directory, in the standard library.
    Recipe,
    /// In the directories with libraries as well.
    Library,
}

impl Interpreter {
    /// Reads the files that the sources load but that were not reached, for their errors and definitions. Returns errors for
    /// libraries that do not exist, if they are required in all cases.
    pub(in crate::recipe) fn read_rest(&self, engine: &Engine) -> Vec<Diagnostic> {
        let mut index = 0;
        let mut missing = Vec::new();
        loop {
            let next = {
                let files = self.defined().files();
                let text = files.read.get(index);
                text.map(|text| (text.file.clone(), text.claims().loads.clone()))
            };
            let Some((file, loads)) = next else { return missing };
            for Load { verb, name, position } in loads {
                let read = self.read_only(engine, &name, verb, &file);
                // Other files that cannot be found may be made by code that was not run.
                if let (Err(error), Some(position)) = (read, position) {
                    let diagnostic = diagnostic(error);
                    if diagnostic.message == format!("no library `{name}' found") {
                        missing.push(diagnostic.at(origin(Some(&file), position)));
                    }
                }
            }
            index += 1;
        }
    }

    /// Evaluates a file; `from` is the file that asks for it.
    pub(in crate::recipe) fn load(
        &self,
        engine: &Engine,
        name: &str,
        position: Position,
        from: Option<&str>,
    ) -> Fallible<()> {
        let found = self.find(name, Search::Recipe, position, from)?;
        self.evaluate(engine, found, position)
    }

    /// Evaluates a file unless it was loaded before; returns true if it was loaded now.
    pub(in crate::recipe) fn require(
        &self,
        engine: &Engine,
        name: &str,
        position: Position,
        from: Option<&str>,
    ) -> Fallible<bool> {
        let found = self.find(name, Search::Library, position, from)?;
        if self.defined().files().loaded.contains(&found.path) {
            return Ok(false);
        }
        self.evaluate(engine, found, position).map(|()| true)
    }

    fn find(&self, name: &str, search: Search, position: Position, from: Option<&str>) -> Fallible<Found> {
        if from.is_some_and(stdlib::is_own) {
            // A file of the library loads the library's own files, and not files of the same name elsewhere.
            return self.find_in_stdlib(name, search, position);
        }
        if let Some(found) = self.find_on_disk(name, search, position, from)? {
            if let Some(from) = from {
                self.defined().files().used(from, &found.name);
            }
            return Ok(found);
        }
        match known(name) {
            // A file of this name may be the project's own.
            Some(library) if library.name != name => self.find(library.name, Search::Library, position, from),
            _ => {
                let found = self.find_in_stdlib(name, search, position)?;
                if let Some(from) = from {
                    self.defined().files().used(from, &found.name);
                }
                Ok(found)
            }
        }
    }

    /// Looks for a file outside of the standard library.
    fn find_on_disk(
        &self,
        name: &str,
        search: Search,
        position: Position,
        from: Option<&str>,
    ) -> Fallible<Option<Found>> {
        let path = self.machine().path(name);
        let is_added = from.is_some_and(|from| self.defined().files().shelf.library_of(from).is_some());
        let mut candidates = Vec::new();
        if let (true, Some(from)) = (is_added, from) {
            // Only the files of the library were compared with its digest. Others may lie beside them on the disk.
            if let Some(found) = self.defined().files().shelf.beside(from, &path) {
                return Ok(Some(found.into()));
            }
        } else {
            // A file that is named as the library which it requires is not that library.
            let is_itself = |place: &PathBuf| {
                search == Search::Library
                    && from.is_some_and(|from| place.with_added_extension("rhai") == Path::new(from))
            };
            let beside = from.and_then(|file| Path::new(file).parent());
            let beside = beside.map(|directory| directory.join(&path));
            candidates.extend(beside.filter(|place| !is_itself(place)));
        }
        if search == Search::Library {
            let below = |directory: &PathBuf| directory.join(&path);
            candidates.extend(self.defined().files().libraries.iter().map(below));
            if let Some(found) = self.first_of(std::mem::take(&mut candidates), position)? {
                return Ok(Some(found));
            }
            let added = {
                let files = self.defined().files();
                files.shelf.find(name, &files.trust)
            };
            if let Some(found) = added.map_err(|wrong| added_is_wrong(*wrong, position))? {
                return Ok(Some(found.into()));
            }
            candidates.extend(self.defined().files().libraries_after.iter().map(below));
        }
        candidates.push(path);
        self.first_of(candidates, position)
    }

    fn first_of(&self, candidates: Vec<PathBuf>, position: Position) -> Fallible<Option<Found>> {
        for candidate in candidates {
            let with_ending = PathBuf::from(format!("{}.rhai", candidate.display()));
            for file in [candidate, with_ending] {
                if is_there(&file) {
                    return self.read(&file, position).map(Some);
                }
            }
        }
        Ok(None)
    }

    fn find_in_stdlib(&self, name: &str, search: Search, position: Position) -> Fallible<Found> {
        let wanted = name;
        let library_file = known(name).map(|library| format!("{}{}", stdlib::LIBRARIES, library.name));
        let name = library_file.as_deref().unwrap_or(name);
        let name = name.strip_suffix(".rhai").unwrap_or(name);
        let file = self
            .defined()
            .files()
            .stdlib
            .as_ref()
            .map(|directory| directory.join(format!("{name}.rhai")));
        if let Some(file) = file.filter(|file| is_there(file)) {
            return self.read(&file, position);
        }
        if let Some(text) = stdlib::recipe(name) {
            return Ok(Found {
                name: stdlib::file_name(name),
                path: stdlib::file_name(name).into(),
                text: text.into(),
            });
        }
        let what = match search {
            Search::Recipe => "recipe",
            Search::Library => "library",
        };
        let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("no {what} `{wanted}' found"));
        let names = stdlib::names().chain(libraries().map(|library| library.name));
        let meant = suggestion(name, names);
        let of_ruby = || library(name).map(str::to_owned);
        let hint = meant.or_else(of_ruby).unwrap_or_else(|| self.places(search));
        let is_there = hint.starts_with("looked ");
        diagnostic.label = Some("not found".to_owned());
        diagnostic.hints.push(hint);
        if search == Search::Library && is_there {
            diagnostic
                .hints
                .push("one of somebody else is added by: capr lib add GIT_URL[@TAG]".to_owned());
        }
        Err(raise(diagnostic, position))
    }

    /// Returns the places where a file was searched without success.
    fn places(&self, search: Search) -> String {
        let libraries = match search {
            Search::Recipe => Vec::new(),
            Search::Library => {
                let files = self.defined().files();
                [files.libraries.as_slice(), &files.libraries_after].concat()
            }
        };
        let places: Vec<String> = ["beside this recipe".to_owned()]
            .into_iter()
            .chain(libraries.iter().map(|directory| format!("in {}", directory.display())))
            .chain(["in the working directory".to_owned()])
            .collect();
        format!("looked {} and in the standard library", places.join(", "))
    }

    fn evaluate(&self, engine: &Engine, found: Found, position: Position) -> Fallible<()> {
        let Found { name, path, text } = found;
        self.enter_file(&name, &text, position)?;
        self.defined().change_files(|files| files.loaded.insert(path));
        let result = self.evaluate_text(engine, &name, &text);
        self.defined().change_files(|files| files.depth -= 1);
        result
    }

    fn enter_file(&self, name: &str, text: &Rc<str>, position: Position) -> Fallible<()> {
        self.defined().change_files(|files| {
            if files.depth >= MAX_DEPTH {
                let message = format!("recipes load each other too deeply, last `{name}'");
                return Err(wrong(message, position));
            }
            files.depth += 1;
            files.texts.insert(name.to_owned(), text.clone());
            Ok(())
        })
    }

    /// Reads a file without evaluating anything.
    pub(in crate::recipe) fn read_only(&self, engine: &Engine, name: &str, verb: &str, from: &str) -> Fallible<()> {
        let search = if verb == "load" {
            Search::Recipe
        } else {
            Search::Library
        };
        let found = self.find(name, search, Position::NONE, Some(from))?;
        let is_new = self.defined().change_files(|files| files.loaded.insert(found.path));
        if is_new && !self.defined().files().texts.contains_key(&found.name) {
            self.defined()
                .change_files(|files| files.texts.insert(found.name.clone(), found.text.clone()));
            self.compile(engine, &found.name, &found.text)?;
        }
        Ok(())
    }

    fn compile(&self, engine: &Engine, name: &str, text: &Rc<str>) -> Fallible<Rc<AST>> {
        if stdlib::is_own(name)
            && let Some(ast) = self.compile_library(engine, name, text)
        {
            return Ok(ast);
        }
        let text = countable(name, text).map_err(|wrong| raise(*wrong, Position::NONE))?;
        let parse = |text: &str| {
            self.place().begin_source(name, text);
            engine.compile(text)
        };
        let read = recovery::read(&text, name, parse);
        let unfilled = self.place().take_unfilled();
        let unfilled = unfilled.into_iter().map(|unfilled| (name.to_owned(), unfilled));
        self.defined().change_files(|files| files.unfilled.extend(unfilled));
        let names = self.place().take_names();
        let mut ast = read.ast.unwrap_or_default();
        ast.set_source(name);
        let ast = Rc::new(ast);
        let first = read.errors.first().cloned();
        let text = Text::new(name.into(), ast.clone(), names, read.lost);
        self.defined().change_files(|files| {
            files.errors.extend(read.errors);
            files.read.push(text);
        });
        // A recipe is evaluated with probes in it if its lines are counted; it is looked at without them.
        let counter = self
            .mode()
            .counter()
            .filter(|_| !is_test_file(name) && !self.defined().is_of_stdlib(name));
        match first {
            None => Ok(counter.map_or_else(|| ast.clone(), |counter| Rc::new(counter.with_probes(name, &ast)))),
            Some(error) => Err(raise(error, Position::NONE)),
        }
    }

    /// Compiles a source of the built-in library, in which mistakes are not looked for. Its bodies are left for later.
    fn compile_library(&self, engine: &Engine, name: &str, text: &Rc<str>) -> Option<Rc<AST>> {
        let cut = self.defined().files().bodies.cut(text);
        self.place().begin_cut_source(name, &cut.text);
        let mut ast = engine.compile(&cut.text).ok()?;
        ast.set_source(name);
        let file: Rc<str> = name.into();
        self.defined().change_files(|files| {
            files.bodies.add(&file, text, &cut.bodies);
            files.read.push(Text::of_library(file, Rc::clone(text)));
        });
        Some(Rc::new(ast))
    }

    /// Returns the body with this number, which was cut out of a source of the library.
    pub(in crate::recipe) fn library_body(&self, engine: &Engine, number: usize) -> Option<Rc<Expr>> {
        let body = self.defined().files().bodies.get(number)?;
        body.read(|file, source| {
            self.place().begin_source(file, source);
            engine.compile(source).ok()
        })
    }

    fn evaluate_text(&self, engine: &Engine, name: &str, text: &Rc<str>) -> Fallible<()> {
        let ast = self.compile(engine, name, text)?;
        let around = self.place().enter_namespace("".into());
        let result = engine.run_ast_with_scope(&mut Scope::new(), &ast);
        self.place().enter_namespace(around);
        match result {
            Err(error) if matches!(*error, EvalAltResult::Return(..)) => Ok(()),
            Err(error) => Err(locate(error, Some(name))),
            Ok(()) => Ok(()),
        }
    }
}

impl Interpreter {
    /// Returns a module for `import`; its file is searched like any other.
    fn module(&self, engine: &Engine, name: &str, position: Position, from: Option<&str>) -> Fallible<Shared<Module>> {
        let Found { name, text, .. } = self.find(name, Search::Library, position, from)?;
        self.enter_file(&name, &text, position)?;
        let result = self.compile(engine, &name, &text).and_then(|ast| {
            let module = Module::eval_ast_as_new(Scope::new(), &ast, engine);
            module.map_err(|error| locate(error, Some(&name)))
        });
        self.defined().change_files(|files| files.depth -= 1);
        result.map(Shared::new)
    }

    /// Returns the errors for `#{name}` in strings, where Ruby would put in the value. `${name}` in double quotes may be meant for
    /// a shell, so it is only reported, and not even that if the recipe `is_checked`: then the check finds it.
    pub(in crate::recipe) fn unfilled(&self, is_checked: bool) -> Vec<Diagnostic> {
        let unfilled = self.defined().change_files(|files| std::mem::take(&mut files.unfilled));
        let mut errors = Vec::new();
        for (file, Unfilled { sign, name, position }) in unfilled {
            let word = name
                .get(..name.find(|c| !is_word(c)).unwrap_or(name.len()))
                .unwrap_or("");
            let is_known = matches!(word, "ENV" | "fetch") && word != name;
            if !is_known && !self.defined().configuration().variables.exists(word) {
                continue;
            }
            let place = origin(Some(&file), position);
            if sign == '$' && is_checked {
                continue;
            }
            if sign == '$' {
                let place = place.map_or(file, |place| place.to_string());
                self.say(
                    Level::Important,
                    format!(
                        "{place}: `${{{name}}}' stays as it is in double quotes; in backticks its value is filled in"
                    ),
                );
                continue;
            }
            let error = Diagnostic::new(Fault::Recipe, format!("`#{{{name}}}' is not filled in"))
                .label("stays as it is")
                .hint(format!("a string with values stands in backticks: `… ${{{name}}} …`"));
            errors.push(error.at(place));
        }
        errors
    }
}

impl Machine for Interpreter {
    fn imported(&self, name: &str, from: &str) -> Option<String> {
        let found = self.find(name, Search::Library, Position::NONE, Some(from));
        found.ok().map(|found| found.name)
    }

    fn template(&self, file: &str, position: Position) -> Option<String> {
        let is_file = self.machine().path(file).metadata().is_ok_and(|there| there.is_file());
        is_file
            .then(|| read_file(self, file, "the template ", position).ok())
            .flatten()
    }
}

/// Finds the modules of `import`.
pub(in crate::recipe) struct Modules(pub(in crate::recipe) Rc<Interpreter>);

impl ModuleResolver for Modules {
    fn resolve(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Fallible<Shared<Module>> {
        self.0.module(engine, path, position, source)
    }
}

/// Returns true if there may be a recipe. Anything but a regular file is an error that names it, and not a missing file.
pub(in crate::recipe) fn is_there(file: &Path) -> bool {
    file.metadata().is_ok_and(|there| !there.is_dir()) && file != Path::new("/dev/null")
}

impl Interpreter {
    fn read(&self, file: &Path, position: Position) -> Fallible<Found> {
        let read = self.defined().files().trust.read(file);
        let bytes = read.map_err(|refusal| refused(&refusal, position))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = 1 + error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
            wrong(
                format!("cannot read {}: line {line} is not UTF-8", file.display()),
                position,
            )
        })?;
        let name = file.strip_prefix("./").unwrap_or(file).display().to_string();
        Ok(Found {
            name,
            path: std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned()),
            text: unmarked(&text).into(),
        })
    }
}

impl From<Added> for Found {
    fn from(added: Added) -> Self {
        Self {
            name: added.file.display().to_string(),
            text: unmarked(&added.text).into(),
            path: added.file,
        }
    }
}

/// The text without the mark that editors of Windows put before it.
fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The error where a library that the project has added is not there, or is not what it should be.
fn added_is_wrong(mut wrong: Diagnostic, position: Position) -> Box<EvalAltResult> {
    wrong.fault = Fault::Recipe;
    raise(wrong, position)
}

fn refused(refusal: &UntrustedFile, position: Position) -> Box<EvalAltResult> {
    let mut diagnostic = Diagnostic::new(Fault::Recipe, refusal.to_string());
    diagnostic.hints = refusal.hints();
    raise(diagnostic, position)
}
