//! Functions for digests, encodings and randomness.

use super::super::function::FunctionRow;

pub(super) const BASE64: FunctionRow = FunctionRow {
    form: "base64(text)",
    doc: "A string in base64.",
    example: "base64(\"user:pass\")",
    gives: "\"dXNlcjpwYXNz\"",
};

pub(super) const BASE64_DECODE: FunctionRow = FunctionRow {
    form: "base64_decode(text)",
    doc: "The string that stands in base64. It must be UTF-8.",
    example: "base64_decode(\"dXNlcjpwYXNz\\n\")",
    gives: "\"user:pass\"",
};

pub(super) const RANDOM_HEX: FunctionRow = FunctionRow {
    form: "random_hex(bytes)",
    doc: "So many random bytes, fit for secrets, as hexadecimal digits: two for each.",
    example: "matches(random_hex(16), `^[0-9a-f]{32}$`)",
    gives: "true",
};

pub(super) const SHA256: FunctionRow = FunctionRow {
    form: "sha256(text)",
    doc: "The SHA-256 digest of a string as hexadecimal digits.",
    example: "sha256(\"flipper\").sub_string(0, 8)",
    gives: "\"1c22f26a\"",
};

pub(super) const URL_ESCAPE: FunctionRow = FunctionRow {
    form: "url_escape(text)",
    doc: "A string as a part of a URL, whatever is in it.",
    example: "url_escape(\"a b/ü\")",
    gives: "\"a%20b%2F%C3%BC\"",
};
