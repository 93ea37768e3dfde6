//! Functions for paths. They work on strings and do not look at the disk.

use super::super::function::FunctionRow;

/// The most parts of a path as arguments of `join_path`; a list may be longer.
pub(in crate::recipe) const MAX_PARTS: usize = 8;

pub(super) static FUNCTIONS: &[FunctionRow] = &[
    FunctionRow {
        form: "basename(path)",
        doc: "The last part of a path; with an ending as second argument, without that.",
        example: "basename(\"config/deploy.rhai\", \".rhai\")",
        gives: "\"deploy\"",
    },
    FunctionRow {
        form: "dirname(path)",
        doc: "A path without its last part.",
        example: "dirname(\"/u/apps/flipper\")",
        gives: "\"/u/apps\"",
    },
    FunctionRow {
        form: "expand_path(path, base)",
        doc: "A path of this machine as an absolute one, without `~`, `.` and `..`. A relative one begins at `base`, by \
              default at the working directory.",
        example: "expand_path(\"../config\", \"/srv/app/lib\")",
        gives: "\"/srv/app/config\"",
    },
    FunctionRow {
        form: "extname(path)",
        doc: "The ending of a path's last part with its dot; empty where it has none.",
        example: "extname(\"app.tar.gz\")",
        gives: "\".gz\"",
    },
    FunctionRow {
        form: "join_path(part, …)",
        doc: "The parts of a path in one, with one `/` between them. A part is a string or a list of strings.",
        example: "join_path(\"/u/apps/\", \"flipper\", \"/current\")",
        gives: "\"/u/apps/flipper/current\"",
    },
    FunctionRow {
        form: "recipe_file()",
        doc: "The path of the file that this stands in: Ruby's `__FILE__`.",
        example: "basename(recipe_file())",
        gives: "\"recipe.rhai\"",
    },
];
