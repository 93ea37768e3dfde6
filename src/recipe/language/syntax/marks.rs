//! Marks with which Rhai's parser tells words apart that are spelled alike: words that begin a call, words that are a whole
//! statement, and the parameters of blocks. A mark contains a blank, so no word of a recipe can be equal to a marked one.

/// The token in place of the colon of a symbol.
pub(in crate::recipe) const SYMBOL: &str = ":";

pub(super) const VERB: &str = "verb ";
/// The mark after [`VERB`] for a verb that only test files have.
const OF_TESTS: &str = "of tests ";
pub(super) const STATEMENT: &str = "call ";
pub(super) const PARAMETER: &str = "parameter ";

/// The word in place of a body that was cut out of a source of the built-in library; the number of the body follows it.
pub(super) const CUT_OUT: &str = "cut_out";

/// The key of the syntax that evaluates such a body.
pub(in crate::recipe) const BODY: &str = "body that was cut out";

/// Returns the key under which a verb's syntax is registered; no identifier of a recipe can be equal to it.
pub(in crate::recipe) fn verb_key(verb: &str) -> String {
    format!("{VERB}{verb}")
}

/// Returns the key of a verb that only test files have.
pub(in crate::recipe) fn test_verb_key(verb: &str) -> String {
    format!("{VERB}{OF_TESTS}{verb}")
}

/// Returns the verb of a key.
pub(in crate::recipe) fn verb_of(key: &str) -> Option<&str> {
    let verb = key.strip_prefix(VERB)?;
    Some(verb.strip_prefix(OF_TESTS).unwrap_or(verb))
}

/// Returns true for the key of a verb that only test files have.
pub(in crate::recipe) fn is_of_tests(key: &str) -> bool {
    key.strip_prefix(VERB).is_some_and(|verb| verb.starts_with(OF_TESTS))
}

/// Returns the name in a word that is a whole statement.
pub(in crate::recipe) fn statement_name(word: &str) -> Option<&str> {
    word.strip_prefix(STATEMENT)
}

/// Returns a verb or a name as it stands in the recipe.
pub(in crate::recipe) fn as_written(word: &str) -> &str {
    verb_of(word).or(statement_name(word)).unwrap_or(word)
}

/// Returns true for the parameter of a block, and never for a name of the recipe.
pub(in crate::recipe) fn is_parameter(word: &str) -> bool {
    word.starts_with(PARAMETER)
}

/// Removes the marks from one of Rhai's messages.
pub(super) fn plain_words(message: &str) -> String {
    let mut message = message.to_owned();
    let of_tests = format!("{VERB}{OF_TESTS}");
    for prefix in [&of_tests, VERB, STATEMENT, PARAMETER] {
        for quote in ['\'', '`'] {
            message = message.replace(&format!("{quote}{prefix}"), &quote.to_string());
        }
    }
    message
}
