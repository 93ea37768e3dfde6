//! The place in the recipe: the source that is read, the namespace, and the lazy variables that are evaluated now.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{Position, Token};

use super::frames::MAX_FRAMES;
use crate::configuration::join;
use crate::recipe::language::origin::{Fallible, wrong};
use crate::recipe::language::syntax::named::SourceNames;
use crate::recipe::language::syntax::unfilled::Unfilled;
use crate::recipe::language::syntax::words::Words;
use crate::recipe::language::verbs;

/// The place in the recipe.
pub(in crate::recipe) struct ReadingPlace {
    words: RefCell<Words>,
    namespace: RefCell<Rc<str>>,
    /// The description that the next task gets.
    description: RefCell<Option<String>>,
    /// The names of the lazy variables that are evaluated now, the innermost last.
    evaluating: RefCell<Vec<String>>,
}

impl Default for ReadingPlace {
    fn default() -> Self {
        Self {
            words: RefCell::new(Words::new(|word| verbs::find(word).is_some())),
            namespace: RefCell::new("".into()),
            description: RefCell::default(),
            evaluating: RefCell::default(),
        }
    }
}

impl ReadingPlace {
    // The source.

    /// Begins a new source; `name` is that of its file.
    pub(super) fn begin_source(&self, name: &str, text: &str) {
        self.words.borrow_mut().begin(name, text);
    }

    /// Begins a new source whose bodies were cut out.
    pub(super) fn begin_cut_source(&self, name: &str, text: &str) {
        self.words.borrow_mut().begin_cut(name, text);
    }

    /// Sorts out a word of the source before Rhai parses it.
    pub(in crate::recipe) fn map_word(&self, token: Token, position: Position) -> Token {
        self.words.borrow_mut().map(token, position)
    }

    /// Returns the position of the verb that the grammar reads next, and true if an opening bracket follows it without a blank.
    pub(in crate::recipe) fn next_verb(&self) -> (Position, bool) {
        self.words.borrow_mut().next_verb()
    }

    /// Takes the names in strings of the source that will not be filled in.
    pub(super) fn take_unfilled(&self) -> Vec<Unfilled> {
        self.words.borrow_mut().take_unfilled()
    }

    /// Takes the bare names of the source.
    pub(super) fn take_names(&self) -> SourceNames {
        self.words.borrow_mut().take_names()
    }

    /// Returns true if a source writes this number in octal digits.
    pub(super) fn has_octal(&self, number: i64) -> bool {
        self.words.borrow().has_octal(number)
    }

    // The namespace.

    /// Returns the namespace in which names are looked up; empty at the top.
    pub(in crate::recipe) fn namespace(&self) -> Rc<str> {
        self.namespace.borrow().clone()
    }

    /// Enters a namespace, and returns the surrounding one.
    pub(super) fn enter_namespace(&self, namespace: Rc<str>) -> Rc<str> {
        self.namespace.replace(namespace)
    }

    /// Returns the full name of something that is defined here.
    pub(super) fn full_name(&self, name: &str) -> String {
        join(&self.namespace.borrow(), name)
    }

    // The description.

    /// Keeps a description for the next task.
    pub(super) fn describe(&self, description: String) {
        self.description.replace(Some(description));
    }

    /// Takes the description for a task, or drops it.
    pub(super) fn take_description(&self) -> Option<String> {
        self.description.take()
    }

    // Lazy variables.

    /// Evaluates a lazy variable; it is an error if that needs the variable itself.
    pub(super) fn evaluating<T>(&self, name: &str, evaluate: impl FnOnce() -> T) -> Fallible<T> {
        self.check_evaluation(name)?;
        self.evaluating.borrow_mut().push(name.to_owned());
        let result = evaluate();
        self.evaluating.borrow_mut().pop();
        Ok(result)
    }

    /// Returns true while a lazy variable is evaluated.
    pub(super) fn is_evaluating(&self) -> bool {
        !self.evaluating.borrow().is_empty()
    }

    fn check_evaluation(&self, name: &str) -> Fallible<()> {
        let evaluating = self.evaluating.borrow();
        if evaluating.iter().any(|other| other == name) {
            let chain = [evaluating.as_slice(), &[name.to_owned()]].concat();
            let message = format!("variable `{name}' depends on itself: {}", chain.join(" → "));
            return Err(wrong(message, Position::NONE));
        }
        if evaluating.len() >= MAX_FRAMES {
            let message = format!("variables depend on each other too deeply, last `{name}'");
            return Err(wrong(message, Position::NONE));
        }
        Ok(())
    }
}
