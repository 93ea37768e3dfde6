//! The kinds of values, and the kinds that the arguments of verbs may be. Running and checking compare calls with the same rows.

use rhai::Dynamic;

use super::origin::{Fallible, raise};
use super::verb::{MANY, Verb};
use crate::diagnostic::{Diagnostic, Fault};

/// The kind of a value. Values of other kinds (functions, bytes, times) are not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recipe) enum Shape {
    Text,
    Number,
    Decimal,
    Flag,
    List,
    Map,
}

impl Shape {
    /// Returns the kind of a value.
    pub(in crate::recipe) fn of_value(value: &Dynamic) -> Option<Self> {
        Some(if value.is_string() || value.is_char() {
            Self::Text
        } else if value.is_int() {
            Self::Number
        } else if value.is_float() {
            Self::Decimal
        } else if value.is_bool() {
            Self::Flag
        } else if value.is_array() {
            Self::List
        } else if value.is_map() {
            Self::Map
        } else {
            return None;
        })
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Decimal => "a decimal number",
            Self::Flag => "a truth value",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }
}

/// The values that an argument may be.
#[derive(Debug)]
pub(in crate::recipe) struct Takes {
    /// The words for it, in errors and in the reference.
    pub(in crate::recipe) noun: &'static str,
    /// The kinds that are accepted; empty if all are.
    shapes: &'static [Shape],
}

/// Returns the rule for an argument that is a string; `noun` says what the string is.
const fn string(noun: &'static str) -> Takes {
    Takes {
        noun,
        shapes: &[Shape::Text],
    }
}

/// Returns the rule for an argument that is a string or a list of strings.
const fn strings(noun: &'static str) -> Takes {
    Takes {
        noun,
        shapes: &[Shape::Text, Shape::List],
    }
}

pub(in crate::recipe) const ANYTHING: Takes = Takes {
    noun: "any value",
    shapes: &[],
};
pub(in crate::recipe) const STRING: Takes = string("a string");
pub(in crate::recipe) const VARIABLE: Takes = string("the name of a variable");
pub(in crate::recipe) const TASK: Takes = string("the name of a task");
pub(in crate::recipe) const TASKS: Takes = strings("the name of a task or a list of names");
pub(in crate::recipe) const NAMESPACE: Takes = string("the name of a namespace");
pub(in crate::recipe) const LIBRARY: Takes = string("the name of a library");
pub(in crate::recipe) const ROLE: Takes = string("the name of a role");
pub(in crate::recipe) const ROLES: Takes = strings("the name of a role or a list of names");
pub(in crate::recipe) const HOST: Takes = string("a host");
pub(in crate::recipe) const HOSTS: Takes = strings("a host or a list of hosts");
pub(in crate::recipe) const USER: Takes = string("the name of a user");
pub(in crate::recipe) const PATH: Takes = string("a path");
pub(in crate::recipe) const COMMAND: Takes = strings("a string or a list of words");
pub(in crate::recipe) const WORD: Takes = Takes {
    noun: "a string, a number or a list of words",
    shapes: &[Shape::Text, Shape::Number, Shape::Decimal, Shape::List],
};
pub(in crate::recipe) const CONTENT: Takes = Takes {
    noun: "a string, a number or bytes",
    shapes: &[Shape::Text, Shape::Number, Shape::Decimal],
};
pub(in crate::recipe) const NUMBER: Takes = Takes {
    noun: "a whole number",
    shapes: &[Shape::Number],
};
pub(in crate::recipe) const LIST: Takes = Takes {
    noun: "a list",
    shapes: &[Shape::List],
};

impl Verb {
    /// Refuses an argument of a kind that the row does not allow at this place. The last kind of a row holds for all that follow.
    pub(in crate::recipe) fn takes_kind(
        &self,
        index: usize,
        shape: Option<Shape>,
        position: rhai::Position,
    ) -> Fallible<()> {
        let (Some(takes), Some(shape)) = (self.takes.get(index).or(self.takes.last()), shape) else {
            return Ok(());
        };
        if takes.shapes.is_empty() || takes.shapes.contains(&shape) {
            return Ok(());
        }
        let message = format!("`{}' takes {} here, not {}", self.name, takes.noun, shape.noun());
        let told = Diagnostic::new(Fault::Recipe, message).label(shape.noun());
        Err(raise(told.hint(format!("it is written: {}", self.form)), position))
    }

    /// Returns the kinds of the arguments in words; `None` if every kind is accepted.
    pub(in crate::recipe) fn kinds(&self) -> Option<String> {
        if self.takes.iter().all(|takes| takes.shapes.is_empty()) {
            return None;
        }
        let nouns: Vec<&str> = self.takes.iter().map(|takes| takes.noun).collect();
        let (last, before) = nouns.split_last()?;
        let many = self.arguments.1 == MANY;
        Some(match (before, many) {
            ([], false) => format!("The argument is {last}."),
            ([], true) => format!("Each argument is {last}."),
            (before, false) => format!("The arguments are {} and {last}.", before.join(", ")),
            (before, true) => format!("The arguments are {}; each further one is {last}.", before.join(", ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::verb::MANY;
    use super::super::verbs::VERBS;

    #[test]
    fn each_row_says_what_its_arguments_are() {
        for verb in VERBS {
            let most = verb.arguments.1;
            let kinds = verb.takes.len();
            assert_eq!(kinds == 0, most == 0, "{}", verb.name);
            assert!(kinds == most || most == MANY, "{}: {kinds} kinds for {most}", verb.name);
        }
    }
}
