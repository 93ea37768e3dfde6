//! Ruby forms at which the parser stops: what is wrong with them here, and the same in the form of a recipe, with the words of
//! the recipe.

mod blocks;
mod conditions;
mod keywords;
mod maps;
pub(super) mod reserved;
mod signs;
mod values;
mod words;

use super::error_place::{ErrorPlace, ErrorWords};

pub(super) use self::blocks::{NO_DO, brace_for_do};
pub(super) use self::conditions::command_as_condition;
pub(super) use self::maps::mended;
pub(super) use self::signs::{ESCAPED_BACKTICK, escaped_backtick};
pub(super) use self::values::{assigned, no_condition, no_target, with_sign};

/// Describes the error at a place where the parser stopped at something that is right in Ruby.
pub(super) fn habit(place: &ErrorPlace) -> Option<ErrorWords> {
    words::option_in(place)
        .or_else(|| words::logged(place))
        .or_else(|| values::stands_behind(place))
        .or_else(|| blocks::block(place))
        .or_else(|| maps::ruby_map(place))
        .or_else(|| maps::colon(place))
        .or_else(|| signs::sign(place))
        .or_else(|| keywords::keyword(place))
        .or_else(|| words::unknown_verb(place))
}

fn no(word: &str) -> ErrorWords {
    ErrorWords::new(format!("there is no `{word}' in recipes"))
}
