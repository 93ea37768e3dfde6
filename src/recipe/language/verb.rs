//! The row of a verb, and the comparison of a call with it, which running and checking share.

use rhai::Position;

use super::choice::{Choice, meant_option};
use super::grammar::Tail;
use super::origin::{Fallible, raise};
use super::takes::Takes;
use crate::diagnostic::{Diagnostic, Fault};

/// The options that a verb takes.
pub(in crate::recipe) enum Choices {
    /// The options in these lists; all others are refused.
    Known(&'static [&'static [Choice]]),
    /// Attributes with any name.
    Any,
}

/// A verb, as the table describes it.
pub(in crate::recipe) struct Verb {
    pub(in crate::recipe) name: &'static str,
    /// The form in which it is written, for errors and the reference.
    pub(in crate::recipe) form: &'static str,
    /// The least and the most number of arguments, without options.
    pub(in crate::recipe) arguments: (usize, usize),
    /// The kinds of the arguments; the last one holds for all that follow. Without any, nothing is compared.
    pub(in crate::recipe) takes: &'static [Takes],
    pub(in crate::recipe) tail: Tail,
    pub(in crate::recipe) options: Choices,
    /// One sentence, then the details.
    pub(in crate::recipe) doc: &'static str,
    /// A whole recipe; if it has a task `example`, that is run as well.
    pub(in crate::recipe) example: &'static str,
}

/// The facts of a call that are compared with its row. The arguments may be evaluated or not.
pub(in crate::recipe) struct Written<'a> {
    /// The number of arguments, without options.
    pub(in crate::recipe) arguments: usize,
    /// True if the last argument may be a map of options.
    pub(in crate::recipe) may_end_in_options: bool,
    pub(in crate::recipe) has_block: bool,
    /// Returns the first argument, for errors.
    pub(in crate::recipe) first: &'a dyn Fn() -> String,
    /// The position of the verb.
    pub(in crate::recipe) position: Position,
}

/// No options at all.
pub(in crate::recipe) const NONE: Choices = Choices::Known(&[]);

pub(in crate::recipe) const MANY: usize = usize::MAX;

impl Verb {
    /// Returns true if the verb takes an option of this name.
    pub(in crate::recipe) fn takes(&self, option: &str) -> bool {
        match &self.options {
            Choices::Any => true,
            Choices::Known(lists) => lists.iter().any(|list| list.iter().any(|choice| choice.name == option)),
        }
    }

    /// Refuses a call that the row does not allow: too few or too many arguments, an unexpected block, or a missing one.
    pub(in crate::recipe) fn fits(&self, call: &Written) -> Fallible<()> {
        let takes_options = !matches!(self.options, Choices::Known([]));
        let ends_in_options = takes_options && call.may_end_in_options;
        let is_one_less = ends_in_options && call.arguments > self.arguments.0;
        self.count(call.arguments - usize::from(is_one_less), call.position)?;
        let has_more = call.arguments > 1;
        match (self.tail, call.has_block) {
            (Tail::Nothing, true) => Err(self.misused(format!("`{}' takes no block", self.name), call.position)),
            (Tail::Required(_), false) => Err(self.lacks_block(&(call.first)(), call.position)),
            (Tail::Instead(..), false) if !has_more => Err(self.lacks_block(&(call.first)(), call.position)),
            (Tail::Instead(_, all), true) if has_more && !ends_in_options => {
                let subject = self.subject(&(call.first)());
                Err(self.misused(format!("{subject} has both {all} and a block"), call.position))
            }
            _ => Ok(()),
        }
    }

    /// Returns the error for a call without the block that it needs; `first` is its first argument.
    pub(in crate::recipe) fn lacks_block(&self, first: &str, position: Position) -> Box<rhai::EvalAltResult> {
        let message = match self.tail {
            Tail::Required(noun) if self.arguments.0 > 0 => format!("{} `{first}' has no {noun}", self.name),
            Tail::Required(noun) => format!("`{}' has no {noun}", self.name),
            Tail::Instead(one, _) => format!("{} has neither {one} nor a block", self.subject(first)),
            Tail::Nothing | Tail::Optional => format!("`{}' has no block", self.name),
        };
        self.misused(message, position)
    }

    /// Returns the call in the words of an error; the variable that it sets is named.
    fn subject(&self, first: &str) -> String {
        match sets(self.name) {
            true => format!("`{} :{first}'", self.name),
            false => format!("`{}'", self.name),
        }
    }

    /// Refuses too few and too many arguments.
    pub(in crate::recipe) fn count(&self, given: usize, position: Position) -> Fallible<()> {
        let (least, most) = self.arguments;
        if given < least || given > most {
            let expected = match (least, most) {
                (0, 0) => "no arguments".to_owned(),
                (1, 1) => "one argument".to_owned(),
                (least, MANY) => format!("at least {least} argument{}", if least == 1 { "" } else { "s" }),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} to {most} arguments"),
            };
            let message = format!("`{}' takes {expected}, not {given}", self.name);
            let label = match (given.checked_sub(most), least.saturating_sub(given)) {
                (Some(many), _) if many > 0 => format!("{many} too many"),
                (_, missing) => format!("{missing} missing"),
            };
            return Err(raise(self.form(message).label(label), position));
        }
        Ok(())
    }

    pub(in crate::recipe) fn unknown_option(
        &self,
        name: &str,
        position: Position,
        verb: Position,
        given_name: bool,
    ) -> Box<rhai::EvalAltResult> {
        let position = if position.is_none() { verb } else { position };
        if self.name == "task" && !given_name {
            let message = "a task does not list its prerequisites here";
            let diagnostic = Diagnostic::new(Fault::Recipe, message).label("a name cannot begin a pair");
            let hint = format!("a hook runs it before: task :{name} {{ … }} before :{name}, :other;");
            return raise(diagnostic.hint(hint), position);
        }
        let mut diagnostic =
            Diagnostic::new(Fault::Recipe, format!("`{}' has no option `{name}'", self.name)).label("no such option");
        if let Choices::Known(lists) = &self.options {
            let known: Vec<&str> = lists
                .iter()
                .flat_map(|list| list.iter())
                .map(|choice| choice.name)
                .collect();
            diagnostic.hints.push(match known.as_slice() {
                [] => format!("it takes no options: {}", self.form),
                known => other_option(name, known).unwrap_or_else(|| meant_option(name, known)),
            });
        }
        raise(diagnostic, position)
    }

    /// Returns an error about the use of the verb, with its form.
    pub(in crate::recipe) fn misused(
        &self,
        message: impl Into<String>,
        position: Position,
    ) -> Box<rhai::EvalAltResult> {
        raise(self.form(message), position)
    }

    fn form(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Fault::Recipe, message).hint(format!("it is written: {}", self.form))
    }
}

/// Returns the hint for an option that has another name in other versions of Capistrano or elsewhere.
fn other_option(name: &str, known: &[&str]) -> Option<String> {
    let meant = match name {
        "user" | "runner" => "as",
        "in" => "roles",
        "host" | "server" | "servers" => "hosts",
        "cwd" | "chdir" | "path" | "directory" => "dir",
        "environment" | "with" => "env",
        "input" | "stdin" => "data",
        "quiet" => "silent",
        "limit" => "max_hosts",
        "recurse" | "recursively" => "recursive",
        _ => return None,
    };
    known.contains(&meant).then(|| format!("write: :{meant} => …"))
}

/// Returns true if the verb of this name sets a variable.
pub(in crate::recipe) fn sets(name: &str) -> bool {
    matches!(name, "set" | "set_default" | "set_if_empty")
}
