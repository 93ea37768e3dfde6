//! The facts about one variable or one function.

use std::collections::BTreeSet;

/// The kinds of values that a variable is set to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    /// It is set to `true` or `false`.
    pub(super) yes_no: bool,
    /// It is set to `nil`.
    pub(super) nothing: bool,
    /// It is set to a string, a list or anything else that is true in Ruby.
    pub(super) something: bool,
    /// It is set to a function with parameters, which Capistrano 3 does not call.
    pub(super) function: bool,
    /// It is set to a string with several lines.
    pub(super) lines: bool,
    /// It is set to a value of an unknown kind.
    pub(super) unknown: bool,
}

/// A function of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Function {
    /// The number of the file that defines it.
    pub(super) file: usize,
    /// The number of arguments before its `*rest` parameter; `None` if it has none.
    pub(super) before_rest: Option<usize>,
    /// True if its parameters have a form in recipes of capr.
    pub(super) is_plain: bool,
    /// The numbers of its parameters that are servers.
    pub(super) servers: BTreeSet<usize>,
    /// True if it takes a block.
    pub(super) takes_block: bool,
    /// True if it fills in a template whose path one of its parameters tells.
    pub(super) is_of_templates: bool,
    /// Its first and its last line.
    pub(super) lines: (usize, usize),
    /// Its parameters with names (`retries: 3`), each with the Ruby code of its default.
    pub(super) named: Vec<(String, Option<String>)>,
    /// Its whole definition in Ruby.
    pub(super) source: String,
}
