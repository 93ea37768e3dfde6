//! A command as a condition, `if run("x") { … }`: its verb takes the block.

use super::super::error_place::{ErrorPlace, ErrorWords, position};
use super::super::fragments::{own, plain};
use super::super::layout::is_word;
use crate::recipe::language::grammar::Tail;
use crate::recipe::language::verbs;

/// Finds a verb after `if` or `while` that has taken the block, while the parser still expects one. Returns the byte of the verb
/// and the error.
pub(in crate::recipe) fn command_as_condition(place: &ErrorPlace) -> Option<(usize, ErrorWords)> {
    let behind = place.text.get(..place.at)?;
    let (start, word) = ["if", "while"]
        .iter()
        .filter_map(|word| Some((last_word(behind, word)?, *word)))
        .max()?;
    let rest = behind.get(start + word.len()..)?;
    let condition = rest.trim_start();
    let (is_not, call) = match condition.strip_prefix('!') {
        Some(call) => ("!", call.trim_start()),
        None => ("", condition),
    };
    let name = call.get(..call.find(|c| !is_word(c))?)?;
    let verb = verbs::find(name).filter(|verb| verb.tail != Tail::Nothing)?;
    let (given, _) = call.get(name.len()..)?.split_once('{')?;
    let given = plain(given.trim());
    let given = given.trim_start_matches('(').trim_end_matches(')');
    let at = behind.len() - call.len();
    let told = ErrorWords::new(format!("`{}' is no condition, and takes the block", verb.name))
        .label("gives no truth value")
        .at(position(place.text, at));
    let hint = match verb.name {
        "run" | "sudo" | "stream" | "invoke_command" | "try_sudo" => {
            let form = own(format!(
                "whether a command succeeds: {word} {is_not}test({given}) {{ … }}"
            ));
            form.unwrap_or_else(|| format!("whether a command succeeds: {word} {is_not}test(\"…\") {{ … }}"))
        }
        _ => format!("its value is set aside first: let value = {}(…);", verb.name),
    };
    Some((at, told.hint(hint)))
}

/// Returns the last place of a word that stands by itself.
fn last_word(text: &str, word: &str) -> Option<usize> {
    let places = text.rmatch_indices(word).map(|(at, _)| at);
    let mut alone = places.filter(|at| {
        let before = text.get(..*at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    });
    alone.next()
}
