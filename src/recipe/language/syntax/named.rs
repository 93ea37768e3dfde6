//! The bare names of a source, with everything that is needed to look them up without evaluating anything. They are kept for
//! `capr check`.

use std::collections::HashSet;

use rhai::{Position, Token};

use super::super::verb::sets;
use crate::configuration::join;

/// The verbs whose first argument is the name of a variable. A variable that one of them names may be set.
const SETTERS: [&str; 11] = [
    "any",
    "append",
    "ask",
    "exists",
    "fetch",
    "remove",
    "reset",
    "set",
    "set_default",
    "set_if_empty",
    "unset",
];

/// A bare name, with the words after its periods: `deploy.web.disable`.
#[derive(Clone, Debug)]
pub(in crate::recipe) struct Named {
    pub(in crate::recipe) path: Vec<String>,
    pub(in crate::recipe) position: Position,
    /// The namespace around it; `None` if its name is computed.
    pub(in crate::recipe) namespace: Option<String>,
}

/// The names of a source.
#[derive(Debug, Default)]
pub(in crate::recipe) struct SourceNames {
    pub(in crate::recipe) named: Vec<Named>,
    /// The functions that the source defines.
    pub(in crate::recipe) functions: HashSet<String>,
    /// The variables that are the first argument of a verb.
    pub(in crate::recipe) variables: HashSet<String>,
    /// The variables among them that are read.
    pub(in crate::recipe) read: HashSet<String>,
    /// True if a variable is read whose name is computed.
    pub(in crate::recipe) reads_any: bool,
    /// Names with brackets after them.
    pub(in crate::recipe) called: Vec<Named>,
    /// The verb whose first argument comes next.
    verb: Option<String>,
    /// The namespace that the next brace opens.
    opening: Option<Option<String>>,
    /// The open namespaces, with the number of brackets in them.
    namespaces: Vec<(Option<String>, usize)>,
    /// True if a word after a period belongs to the last name.
    in_path: bool,
}

impl SourceNames {
    /// Takes a token that is not a word, with the number of brackets that are open after it.
    pub(super) fn token(&mut self, token: &Token, depth: usize) {
        match token {
            Token::Identifier(_) => return,
            Token::LeftBrace => {
                if let Some(name) = self.opening.take() {
                    let full = name.and_then(|name| Some(join(&self.namespace()?, &name)));
                    self.namespaces.push((full, depth));
                }
            }
            Token::RightBrace => self.namespaces.retain(|(_, inside)| *inside <= depth),
            _ => {}
        }
        match token {
            // In `ask "Which branch"` the string is not the name of a variable.
            Token::StringConstant(text) => {
                let is_question = self.verb.as_deref() == Some("ask");
                self.argument((!is_question).then_some(text.as_str()));
            }
            Token::LeftParen | Token::Colon => {}
            _ => self.argument(None),
        }
        self.in_path &= matches!(token, Token::Period);
    }

    pub(super) fn function(&mut self, name: &str) {
        self.functions.insert(name.to_owned());
    }

    pub(super) fn verb(&mut self, name: &str) {
        self.argument(None);
        self.in_path = false;
        self.verb = Some(name.to_owned());
    }

    /// Takes a word with brackets after it: a function, or a task.
    pub(super) fn call(&mut self, name: &str, position: Position) {
        let is_part = self.in_path;
        self.word(name, false);
        if !is_part {
            self.called.push(Named {
                path: vec![name.to_owned()],
                position,
                namespace: self.namespace(),
            });
        }
    }

    /// Takes a word that is looked up when it is evaluated.
    pub(super) fn name(&mut self, name: &str, position: Position) {
        self.argument(None);
        self.named.push(Named {
            path: vec![name.to_owned()],
            position,
            namespace: self.namespace(),
        });
        self.in_path = true;
    }

    /// Takes any other word: of a symbol, a property, a local variable.
    pub(super) fn word(&mut self, word: &str, is_symbol: bool) {
        if is_symbol {
            self.argument(Some(word));
        } else {
            self.argument(None);
            if self.in_path
                && let Some(last) = self.named.last_mut()
            {
                last.path.push(word.to_owned());
                return;
            }
        }
        self.in_path = false;
    }

    /// Takes the first argument of a verb, if it is written out.
    fn argument(&mut self, word: Option<&str>) {
        let Some(verb) = self.verb.take() else { return };
        if verb == "namespace" {
            self.opening = Some(word.map(str::to_owned));
        } else if SETTERS.contains(&verb.as_str()) {
            self.variables.extend(word.map(str::to_owned));
            if !sets(&verb) && !matches!(verb.as_str(), "append" | "ask" | "remove") {
                self.reads_any |= word.is_none();
                self.read.extend(word.map(str::to_owned));
            }
        }
    }

    fn namespace(&self) -> Option<String> {
        match self.namespaces.last() {
            Some((name, _)) => name.clone(),
            None => Some(String::new()),
        }
    }
}
