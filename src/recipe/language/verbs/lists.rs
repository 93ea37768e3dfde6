//! Variables that hold lists, in the words of Capistrano 3: `append`, `remove`, `any`.

use super::super::grammar::Tail;
use super::super::takes;
use super::super::verb::{MANY, NONE, Verb};

pub(in crate::recipe) const APPEND: Verb = Verb {
    name: "append",
    form: "append :name, value, …",
    arguments: (2, MANY),
    takes: &[takes::VARIABLE, takes::ANYTHING],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Sets a variable to its list with these values behind it; where it is not set, to a list of them. A list among the values \
          is taken apart. The list that others hold is not changed. To `linked_dirs` and `linked_files` it adds nothing twice.",
    example: "append :linked_dirs, \"public/uploads\", \"storage\";\ntask :example { puts linked_dirs; }",
};

pub(in crate::recipe) const REMOVE: Verb = Verb {
    name: "remove",
    form: "remove :name, value, …",
    arguments: (2, MANY),
    takes: &[takes::VARIABLE, takes::ANYTHING],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Sets a variable to its list without these values. One that is not in it is no error.",
    example: "set :directories, [\"log\", \"tmp\"];\nremove :directories, \"tmp\";\ntask :example { puts directories; }",
};

pub(in crate::recipe) const ANY: Verb = Verb {
    name: "any",
    form: "any(:name)",
    arguments: (1, 1),
    takes: &[takes::VARIABLE],
    tail: Tail::Nothing,
    options: NONE,
    doc: "True where the variable holds a list or a map with something in it, or any other value but `()`. Evaluates a lazy one.",
    example: "append :directories, \"log\";\ntask :example { if any(:directories) { puts directories; } }",
};
