//! Other recipes and libraries.

use super::super::grammar::Tail;
use super::super::takes;
use super::super::verb::{NONE, Verb};

pub(in crate::recipe) const LOAD: Verb = Verb {
    name: "load",
    form: "load \"path\"",
    arguments: (1, 1),
    takes: &[takes::PATH],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Evaluates another recipe here. A relative path begins at the directory of this recipe, then at the working \
          directory, then in the standard library; `.rhai` can be left out.",
    example: "load \"deploy\";",
};

pub(in crate::recipe) const REQUIRE: Verb = Verb {
    name: "require",
    form: "require \"name\"",
    arguments: (1, 1),
    takes: &[takes::LIBRARY],
    tail: Tail::Nothing,
    options: NONE,
    doc: "As `load`, but looks for the file also in the directories with libraries, before the working directory, and \
          does not load again what was loaded before. True if it was loaded now.",
    example: "require \"deploy\";",
};
