//! Functions for files on this machine. A relative path begins at the working directory, `~/` at the home directory.

use super::super::function::FunctionRow;

pub(super) static FUNCTIONS: &[FunctionRow] = &[
    FunctionRow {
        form: "dir_exists(path)",
        doc: "Whether a directory exists on this machine.",
        example: "dir_exists(temp_dir())",
        gives: "true",
    },
    FunctionRow {
        form: "file_exists(path)",
        doc: "Whether a file or directory exists on this machine.",
        example: "file_exists(\"no/such/file\")",
        gives: "false",
    },
    FunctionRow {
        form: "glob(pattern)",
        doc: "The paths on this machine that a pattern fits, sorted; hidden ones only where it names the dot: `for file in glob(\"config/tasks/*.rhai\") { load file; }`.",
        example: "glob(\"no/such/*.rhai\")",
        gives: "[]",
    },
    FunctionRow {
        form: "read_file(path)",
        doc: "The content of a file on this machine, as a string. What is not a regular file, such as `/dev/stdin`, only a task can read.",
        example: "{ let file = temp_dir() + \"/note\"; write_file(file, \"hello\"); read_file(file) }",
        gives: "\"hello\"",
    },
    FunctionRow {
        form: "temp_dir()",
        doc: "A new directory on this machine that nobody else can read. It is gone when capr ends.",
        example: "temp_dir() != temp_dir()",
        gives: "true",
    },
    FunctionRow {
        form: "write_file(path, text)",
        doc: "Writes a string to a file on this machine. In a dry run this is only said.",
        example: "{ let file = temp_dir() + \"/note\"; write_file(file, \"hello\"); file_exists(file) }",
        gives: "true",
    },
];
