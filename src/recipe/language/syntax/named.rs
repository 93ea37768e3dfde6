//! The bare names of a text, with what has to be known to look them up without evaluating anything: kept for `capr check`.

use std::collections::HashSet;

use rhai::{Position, Token};

use super::super::verb::sets;
use crate::configuration::join;

/// Verbs whose first argument is the name of a variable: from then on it may be set.
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

/// A bare name, and the words behind it: `deploy.web.disable`.
#[derive(Clone, Debug)]
pub(in crate::recipe) struct Named {
    pub(in crate::recipe) path: Vec<String>,
    pub(in crate::recipe) position: Position,
    /// The namespace it stands in; `None` where that is not written out.
    pub(in crate::recipe) namespace: Option<String>,
}

/// All names of a text.
#[derive(Debug, Default)]
pub(in crate::recipe) struct Names {
    pub(in crate::recipe) named: Vec<Named>,
    /// Functions that the text defines.
    pub(in crate::recipe) functions: HashSet<String>,
    /// Variables that some verb in it is about.
    pub(in crate::recipe) variables: HashSet<String>,
    /// Those of them that are read.
    pub(in crate::recipe) read: HashSet<String>,
    /// A variable is read whose name is computed.
    pub(in crate::recipe) reads_any: bool,
    /// Names with brackets behind them.
    pub(in crate::recipe) called: Vec<Named>,
    /// The verb whose first argument comes next.
    verb: Option<String>,
    /// The namespace that the next brace opens.
    opening: Option<Option<String>>,
    /// Open namespaces, with the number of brackets in them.
    namespaces: Vec<(Option<String>, usize)>,
    /// A word behind a period belongs to the last name.
    in_path: bool,
}

impl Names {
    /// Takes note of a token that is no word, with the number of brackets that are open behind it.
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
            // `ask "Which branch"` names no variable.
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

    /// A word with brackets behind it: a function, or a task.
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

    /// A word that is looked up when it is evaluated.
    pub(super) fn name(&mut self, name: &str, position: Position) {
        self.argument(None);
        self.named.push(Named {
            path: vec![name.to_owned()],
            position,
            namespace: self.namespace(),
        });
        self.in_path = true;
    }

    /// Any other word: of a symbol, a property, a local variable.
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

    /// The first argument of a verb, where it is written out.
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
