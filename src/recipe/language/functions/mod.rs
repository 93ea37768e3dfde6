//! The functions of the recipe language beside those of Rhai, one row each: the reference is made from them, and every example
//! runs. The code of the functions is in `running/functions`.

mod documents;
mod encodings;
mod files;
mod paths;
mod servers;
mod tasks;
mod text;
mod time;

pub(in crate::recipe) use paths::MAX_PARTS;

use super::function::FunctionRow;

/// Returns all functions in the order of the reference: by kind, then by name.
pub(in crate::recipe) fn functions() -> impl Iterator<Item = &'static FunctionRow> {
    kinds().into_iter().flat_map(|(_, functions)| functions)
}

/// Returns the kinds of functions.
pub(in crate::recipe) fn kinds() -> [(&'static str, &'static [FunctionRow]); 8] {
    [
        ("Strings", text::FUNCTIONS),
        ("Shell and libraries", FUNCTIONS),
        ("Servers", servers::FUNCTIONS),
        ("Tasks", tasks::FUNCTIONS),
        ("Paths", paths::FUNCTIONS),
        ("Files on this machine", files::FUNCTIONS),
        ("Time", time::FUNCTIONS),
        ("YAML, JSON and encodings", documents::FUNCTIONS),
    ]
}

static FUNCTIONS: &[FunctionRow] = &[
    FunctionRow {
        form: "library_program(name)",
        doc: "The content of a program that comes with capr for servers: `spinner`, `spawner` or `reaper`.",
        example: "library_program(\"reaper\").starts_with(\"#!/bin/sh\")",
        gives: "true",
    },
    FunctionRow {
        form: "prefixed(command)",
        doc: "The command as `run` sends it: with what `command_map` and `command_prefixes` say about the program that it begins \
              with. For commands that stand in the midst of a script.",
        example: "{ command_map[\"rake\"] = \"bin/rake\"; prefixed(\"rake db:migrate\") }",
        gives: "\"bin/rake db:migrate\"",
    },
    FunctionRow {
        form: "quote(text)",
        doc: "A string as one word for a shell, whatever is in it; a list as several.",
        example: "quote([\"plain\", \"it's\"])",
        gives: "\"plain 'it'\\\\''s'\"",
    },
    FunctionRow {
        form: "quote_path(path)",
        doc: "A path as one word for a shell of a server, where `~/` or `$HOME/` at its beginning is the home directory of the user \
              who logs in.",
        example: "quote_path(\"~/my apps\")",
        gives: "\"\\\"$HOME\\\"/'my apps'\"",
    },
];
