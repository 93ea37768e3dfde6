//! Functions for strings: lines, blanks and regular expressions.

use super::super::function::FunctionRow;

pub(super) static FUNCTIONS: &[FunctionRow] = &[
    FunctionRow {
        form: "capitalize(text)",
        doc: "A string with a capital letter at its beginning and small ones behind it.",
        example: "capitalize(\"flipper\")",
        gives: "\"Flipper\"",
    },
    FunctionRow {
        form: "captures(text, pattern)",
        doc: "What a regular expression finds first: a list of the whole and its groups, `()` for a group without a \
              part; `()` where it finds nothing.",
        example: "captures(\"* main\", `^\\* (\\S+)`)",
        gives: "[\"* main\", \"main\"]",
    },
    FunctionRow {
        form: "center(text, width)",
        doc: "A string with blanks on both sides, as wide as that many characters.",
        example: "center(\"web\", 7)",
        gives: "\"  web  \"",
    },
    FunctionRow {
        form: "chomp(text)",
        doc: "A string without the line end at its end.",
        example: "chomp(\"main\\n\")",
        gives: "\"main\"",
    },
    FunctionRow {
        form: "dedent(text)",
        doc: "A string without the blanks that all its lines begin with, and without an empty first line: Ruby's `<<~`.",
        example: "dedent(\"\\n    a:\\n      b: 1\\n    \")",
        gives: "\"a:\\n  b: 1\\n\"",
    },
    FunctionRow {
        form: "gsub(text, pattern, replacement)",
        doc: "A string with everything replaced that a regular expression finds; `$1` or `${1}` is its first group.",
        example: "gsub(\"2026-01-02\", `(\\d+)-(\\d+)-(\\d+)`, \"$3.$2.$1\")",
        gives: "\"02.01.2026\"",
    },
    FunctionRow {
        form: "indent(text, width)",
        doc: "A string with that many blanks before each line that is not empty.",
        example: "indent(\"a\\nb\", 2)",
        gives: "\"  a\\n  b\"",
    },
    FunctionRow {
        form: "join(list, separator)",
        doc: "The strings of a list in one. A list in it is joined alike.",
        example: "join([\"a\", [1, 2]], \", \")",
        gives: "\"a, 1, 2\"",
    },
    FunctionRow {
        form: "lines(text)",
        doc: "The lines of a string, without their ends.",
        example: "lines(\"a\\nb\\n\")",
        gives: "[\"a\", \"b\"]",
    },
    FunctionRow {
        form: "ljust(text, width)",
        doc: "A string with blanks behind it, as wide as that many characters.",
        example: "ljust(\"web\", 5) + \"|\"",
        gives: "\"web  |\"",
    },
    FunctionRow {
        form: "matches(text, pattern)",
        doc: "Whether a regular expression finds anything in a string. The syntax is that of Rust's `regex`: `\\w`, `\\d`, `\\s` and \
              `(?i)` know every language's letters, and `\\p{Lu}` is a general category of Unicode.",
        example: "matches(\"feature/x\", `^feature/`)",
        gives: "true",
    },
    FunctionRow {
        form: "rjust(text, width)",
        doc: "A string with blanks before it, as wide as that many characters.",
        example: "rjust(7, 3)",
        gives: "\"  7\"",
    },
    FunctionRow {
        form: "scan(text, pattern)",
        doc: "All that a regular expression finds, in a list: the strings, or with groups in it lists of these.",
        example: "scan(\"a=1 b=2\", `(\\w)=(\\d)`)",
        gives: "[[\"a\", \"1\"], [\"b\", \"2\"]]",
    },
    FunctionRow {
        form: "squeeze(text)",
        doc: "A string with one blank where there are several, or line ends, and none around it.",
        example: "squeeze(\" a  b\\n c \")",
        gives: "\"a b c\"",
    },
    FunctionRow {
        form: "strip(text)",
        doc: "A string without the blanks and line ends around it. Rhai's own `text.trim()` changes a variable in place and \
              gives nothing.",
        example: "strip(\" main\\n\")",
        gives: "\"main\"",
    },
    FunctionRow {
        form: "sub(text, pattern, replacement)",
        doc: "As `gsub`, but only the first that is found.",
        example: "sub(\"a/b/c\", \"/\", \":\")",
        gives: "\"a:b/c\"",
    },
    FunctionRow {
        form: "to_i(text)",
        doc: "The whole number at the beginning of a string, 0 without one, as in Ruby: what a dry run does not know is 0. \
              `parse_int` fails where a string is anything else than a number.",
        example: "to_i(\"12 files\\n\") + to_i(\"\")",
        gives: "12",
    },
];
