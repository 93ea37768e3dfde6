//! Functions for time. A moment is the number of seconds since 1970, a format has strftime's letters.

use super::super::function::FunctionRow;

pub(super) static FUNCTIONS: &[FunctionRow] = &[
    FunctionRow {
        form: "format_time(seconds, format)",
        doc: "A moment, in seconds since 1970, as a string in UTC, in strftime's letters.",
        example: "format_time(0, \"%Y-%m-%d %H:%M:%S\")",
        gives: "\"1970-01-01 00:00:00\"",
    },
    FunctionRow {
        form: "now(format)",
        doc: "The time of this machine's clock and time zone, in strftime's letters.",
        example: "matches(now(\"%Y-%m-%d %H:%M %Z\"), `^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d \\S+$`)",
        gives: "true",
    },
    FunctionRow {
        form: "parse_time(text, format)",
        doc: "The moment that a string says, in seconds since 1970. It is in UTC where the string has no offset (`%z`), at \
              midnight where it has no hour.",
        example: "parse_time(\"20260102030405\", \"%Y%m%d%H%M%S\")",
        gives: "1767323045",
    },
    FunctionRow {
        form: "sleep(seconds)",
        doc: "Waits. Ctrl-C ends it, a dry run does not wait.",
        example: "sleep(0.001)",
        gives: "()",
    },
    FunctionRow {
        form: "unix_time()",
        doc: "This moment, in seconds since 1970.",
        example: "unix_time() > 1700000000",
        gives: "true",
    },
    FunctionRow {
        form: "utc_now(format)",
        doc: "The time in UTC, in strftime's letters: `\"%Y%m%d%H%M%S\"`.",
        example: "matches(utc_now(\"%Y%m%d%H%M%S\"), `^\\d{14}$`)",
        gives: "true",
    },
];
