//! The bodies of tasks, values and functions of the built-in library: each is parsed when it is wanted for the first time.

use std::cell::OnceCell;
use std::rc::Rc;

use rhai::{AST, Expr, Stmt};

use crate::recipe::language::syntax::cut::{CutBody, CutSource, body, cut};
use crate::recipe::language::syntax::marks::BODY;
use crate::recipe::language::syntax::reading;

/// A body that was cut out of a source.
pub(in crate::recipe) struct LibraryBody {
    file: Rc<str>,
    source: Rc<str>,
    place: CutBody,
    read: OnceCell<Option<Rc<Expr>>>,
}

impl LibraryBody {
    /// Returns the syntax of the body; `parse` is given the name of its file and a source, and is called for the first time only.
    pub(in crate::recipe) fn read(&self, parse: impl FnOnce(&str, &str) -> Option<AST>) -> Option<Rc<Expr>> {
        let read = || {
            let ast = parse(&self.file, &self.place.source(&self.source))?;
            body(&ast).map(Rc::new)
        };
        self.read.get_or_init(read).clone()
    }
}

/// All bodies that were cut out, by number.
#[derive(Default)]
pub(in crate::recipe) struct LibraryBodies(Vec<Rc<LibraryBody>>);

impl LibraryBodies {
    /// Returns a source of the library without its bodies. They count only once they are added.
    pub(in crate::recipe) fn cut(&self, source: &str) -> CutSource {
        cut(source, self.0.len())
    }

    /// Adds the bodies that were cut out of a source.
    pub(in crate::recipe) fn add(&mut self, file: &Rc<str>, source: &Rc<str>, bodies: &[CutBody]) {
        let bodies = bodies.iter().map(|place| LibraryBody {
            file: Rc::clone(file),
            source: Rc::clone(source),
            place: *place,
            read: OnceCell::new(),
        });
        self.0.extend(bodies.map(Rc::new));
    }

    /// Returns the body with this number.
    pub(in crate::recipe) fn get(&self, number: usize) -> Option<Rc<LibraryBody>> {
        self.0.get(number).cloned()
    }

    /// Returns the syntax of a block; if its body was cut out, that of the body.
    pub(super) fn whole(&self, block: &Rc<Expr>) -> Rc<Expr> {
        let body = number_in(block).and_then(|number| self.get(number));
        body.and_then(|body| body.read(parsed))
            .unwrap_or_else(|| Rc::clone(block))
    }
}

/// Parses a source without an engine of a run.
fn parsed(file: &str, source: &str) -> Option<AST> {
    reading::parsed(file, source).ok().map(|(ast, _)| ast)
}

/// Returns the number of the body that was cut out of a block.
fn number_in(block: &Expr) -> Option<usize> {
    let Expr::Stmt(statements) = block else { return None };
    let [Stmt::Expr(only)] = statements.statements() else {
        return None;
    };
    match &**only {
        Expr::Custom(call, _) if call.tokens.first().is_some_and(|key| key == BODY) => match call.inputs.first()? {
            Expr::IntegerConstant(number, _) => usize::try_from(*number).ok(),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rhai::{ASTNode, Expr};

    use super::*;
    use crate::recipe::language::syntax::cut::statements;
    use crate::recipe::meaning::libraries::libraries;
    use crate::recipe::meaning::stdlib;

    /// All files of the library, by name.
    fn library() -> Vec<(String, String)> {
        let always = stdlib::names().filter_map(|name| Some((stdlib::file_name(name), stdlib::recipe(name)?)));
        let required = libraries().map(|library| (stdlib::file_name(library.name), library.text()));
        always.chain(required).collect()
    }

    /// The statements of a block, with their positions. A module has a number as well where its import is in the same source; with
    /// the body alone it is found by its name.
    fn shown(statements: &[Stmt]) -> String {
        let shown = format!("{statements:?}");
        let mut parts = shown.split("namespace: ");
        let first = parts.next().unwrap_or_default().to_owned();
        let rest = parts.map(|part| {
            part.trim_start_matches(|c: char| c.is_ascii_digit())
                .trim_start_matches(" -> ")
        });
        rest.fold(first, |shown, part| shown + "namespace: " + part)
    }

    /// The statements of all blocks and functions of a source.
    fn blocks(ast: &AST) -> HashSet<String> {
        let mut blocks = HashSet::new();
        ast.walk(&mut |nodes| {
            if let Some(ASTNode::Expr(Expr::Stmt(block))) = nodes.last() {
                blocks.insert(shown(block.statements()));
            }
            true
        });
        let functions = ast.shared_lib().iter_script_fn_info().map(|(.., function)| function);
        blocks.extend(functions.map(|function| shown(&statements(function))));
        blocks
    }

    #[test]
    fn a_body_that_was_cut_out_is_the_same_as_in_its_file() {
        let mut cut_out = 0;
        for (file, source) in library() {
            let (whole, _) = reading::parsed(&file, &source).unwrap_or_else(|errors| panic!("{file}: {errors:?}"));
            let blocks = blocks(&whole);
            let mut bodies = LibraryBodies::default();
            let places = cut(&source, 0).bodies;
            bodies.add(&file.as_str().into(), &source.as_str().into(), &places);
            for (number, place) in places.iter().enumerate() {
                let read = bodies.get(number).and_then(|body| body.read(parsed));
                let Some(Expr::Stmt(block)) = read.as_deref() else {
                    panic!("{file}: {place:?} is no block");
                };
                let body = shown(block.statements());
                assert!(blocks.contains(&body), "{file}: {place:?}");
                // Rhai makes a function of a closure, and that would not be in the file.
                assert!(!body.contains("anon$"), "{file}: {place:?}");
                cut_out += 1;
            }
        }
        assert!(cut_out > 300, "{cut_out}");
    }

    #[test]
    fn what_stays_of_a_file_has_the_same_lines() {
        for (file, source) in library() {
            let cut = cut(&source, 0);
            assert_eq!(cut.text.lines().count(), source.lines().count(), "{file}");
            let pairs = cut.text.lines().zip(source.lines());
            let changed = pairs.filter(|(cut, whole)| cut != whole && !cut.is_empty() && !cut.contains("cut_out"));
            assert_eq!(changed.count(), 0, "{file}");
        }
    }
}
