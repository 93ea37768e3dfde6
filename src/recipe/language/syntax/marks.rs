//! The marks by which Rhai's parser tells words apart that are spelled alike: those that begin a call, those that are a whole
//! statement, and the parameters of blocks. A mark has a blank in it, so that no word of a recipe is equal to one that has it.

/// The token that stands for the colon of a symbol.
pub(in crate::recipe) const SYMBOL: &str = ":";

pub(super) const VERB: &str = "verb ";
pub(super) const STATEMENT: &str = "call ";
pub(super) const PARAMETER: &str = "parameter ";

/// The key under which a verb's syntax is registered: no identifier of a recipe can be equal to it.
pub(in crate::recipe) fn verb_key(verb: &str) -> String {
    format!("{VERB}{verb}")
}

/// The verb behind a key.
pub(in crate::recipe) fn verb_of(key: &str) -> Option<&str> {
    key.strip_prefix(VERB)
}

/// The name behind a word that is a whole statement.
pub(in crate::recipe) fn statement_name(word: &str) -> Option<&str> {
    word.strip_prefix(STATEMENT)
}

/// A verb or name as the recipe has it.
pub(in crate::recipe) fn as_written(word: &str) -> &str {
    verb_of(word).or(statement_name(word)).unwrap_or(word)
}

/// Returns true for a parameter of a block, and never a name of the recipe.
pub(in crate::recipe) fn is_parameter(word: &str) -> bool {
    word.starts_with(PARAMETER)
}

/// A message of Rhai in which words are as the recipe has them.
pub(super) fn plain_words(message: &str) -> String {
    let mut message = message.to_owned();
    for prefix in [VERB, STATEMENT, PARAMETER] {
        for quote in ['\'', '`'] {
            message = message.replace(&format!("{quote}{prefix}"), &quote.to_string());
        }
    }
    message
}
