//! Ruby words and forms that are written in another way here, for the hints of errors.

use super::error_place::ErrorPlace;
use super::layout::is_word;
use crate::recipe::language::verbs::{find, find_of_tests};

/// Returns true if a block that ends with `end` begins at this place.
pub(super) fn begins_block(place: &ErrorPlace, expects_brace: bool) -> bool {
    place.word() == "do"
        || matches!(
            place.word_before(),
            "def" | "unless" | "until" | "begin" | "class" | "module" | "case"
        )
        || matches!(place.word(), "case" | "then")
        || expects_brace && matches!(place.statement_word(), "if" | "while" | "for" | "unless")
}

/// Returns the word after `<<`, which ends a string where it stands alone on a line.
pub(super) fn heredoc(rest: &str) -> Option<&str> {
    let word = rest.strip_prefix("<<")?.trim_start_matches(['-', '~', '"', '\'', '`']);
    let word = word.get(..word.find(|c| !is_word(c)).unwrap_or(word.len()))?;
    word.starts_with(|c: char| c.is_uppercase() || c == '_').then_some(word)
}

/// Returns true if the word at this place could be one more argument of the verb at the beginning of its line.
pub(super) fn is_argument(place: &ErrorPlace) -> bool {
    let is_verb = find(place.statement_word()).is_some();
    let word = place.word();
    is_verb && (matches!(word, "\"" | "`" | ":" | "[") || word.starts_with(|c: char| c.is_ascii_digit()))
}

/// The hint for a verb that only test files have.
pub(super) const IN_TEST_FILES: &str = "that stands in a file whose name ends in _test.rhai; capr test runs it";

/// Returns the hint for a name from Ruby or its libraries: the form that recipes have for it.
pub(in crate::recipe) fn meant(name: &str) -> Option<&'static str> {
    if find_of_tests(name).is_some() && find(name).is_none() {
        return Some(IN_TEST_FILES);
    }
    Some(match name {
        "end" => "a block ends with `}'",
        "lambda" | "proc" | "defer" => "a lazy variable has a block: set :name { … }",
        "unless" => "there is no `unless': write if !condition { … }",
        "elsif" | "elif" => "write: } else if condition {",
        "def" => "a function is written: fn name(parameters) { … }",
        "begin" | "rescue" | "ensure" => "write: try { … } catch (error) { … }",
        "raise" | "fail" => "write: throw \"message\"; or: abort \"message\";",
        "next" => "write: continue",
        "print" | "p" | "pp" => "write: puts value;",
        "exec" => "a command on this machine: run_locally(\"command\")",
        "_cset" => "write: set_default :name, value;",
        "find_and_execute_task" | "execute_task" => "write: invoke \"namespace:task\";",
        "to_s" => "write: `${value}`, or value.to_string()",
        "to_f" => "write: parse_float(text)",
        "to_sym" | "to_str" | "freeze" | "dup" => "leave it out: symbols are strings, and values are copied",
        "empty" => "write: text == \"\"; of a list: list.is_empty()",
        "nil" => "write: value == ()",
        "each" | "each_with_index" | "times" | "each_pair" => "over a list goes: for item in list { … }",
        "collect" => "write: list.map(|item| …)",
        "select" | "reject" | "find_all" => "write: list.filter(|item| …)",
        "include" => "write: list.contains(value)",
        "size" | "length" | "count" => "write: value.len",
        "first" => "write: list[0]",
        "last" => "write: list[-1]",
        "upcase" => "write: text.to_upper()",
        "downcase" => "write: text.to_lower()",
        "lstrip" | "rstrip" | "squish" => "write: strip(text)",
        "start_with" => "write: text.starts_with(\"…\")",
        "end_with" => "write: text.ends_with(\"…\")",
        "match" => "write: captures(text, \"pattern\")",
        "File" => "paths: `${a}/${b}`, dirname(path), basename(path); files here: file_exists(path), read_file(path)",
        "Dir" | "FileUtils" => "directories here: glob(pattern), dir_exists(path), run_locally(\"mkdir -p …\")",
        "Time" | "Date" | "DateTime" => "the time: now(\"%Y-%m-%d\"), utc_now(\"%Y%m%d%H%M%S\")",
        "YAML" | "JSON" => {
            "write: read_yaml(path), parse_yaml(text), read_json(path), parse_json(text), to_json(value), to_yaml(value)"
        }
        "ERB" => "a template is filled in by: render(\"file\")",
        "Capistrano" | "HighLine" => "a person is asked with ask, choose and password_prompt",
        "Rake" => "a task is run by its name, or: invoke \"namespace:task\";",
        "logger" => "write: info \"…\"; warn \"…\"; debug \"…\";",
        "exit" | "exit!" => "a task is left with: return; a run is ended with: abort \"message\";",
        "STDIN" | "gets" => "a person is asked: ask(\"Question\"), password_prompt(\"Password: \")",
        "STDOUT" | "STDERR" => "write: puts value; or, as a warning: warn \"message\";",
        "install_plugin" => "leave it out: what gets the code is said by: set :scm, :git;",
        "top" => "a task outside of all namespaces: invoke \":task\";",
        "parent" => "a task of the namespace around this one, with its full name: invoke \":namespace:task\";",
        "self" => "names are looked up in this namespace first, then outwards; full: invoke \"namespace:task\";",
        "variables" => "write: fetch(:name)",
        "push" => "a list in a variable grows by: append :name, value;",
        _ => return None,
    })
}

/// Returns the name with a dash that a symbol cannot have: `:my-task` is read as `:my` minus `task`.
pub(in crate::recipe) fn dashed(line: &str, column: usize) -> Option<String> {
    let at = line.char_indices().nth(column.checked_sub(1)?)?.0;
    let (before, rest) = line.split_at(at);
    let symbol = before.strip_suffix('-')?;
    let colon = symbol.rfind(|c: char| !is_word(c) && c != '-')?;
    let first = symbol.get(colon..)?.strip_prefix(':')?;
    let end = rest.find(|c: char| !is_word(c) && c != '-').unwrap_or(rest.len());
    (!first.is_empty()).then(|| format!("{first}-{}", rest.get(..end).unwrap_or("")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_that_is_there_is_taken_for_rubys() {
        let functions = super::super::super::functions::functions().map(|function| function.name());
        let known = super::super::super::verbs::names().chain(functions);
        let hinted: Vec<&str> = known.filter(|name| super::meant(name).is_some()).collect();
        assert!(hinted.is_empty(), "{hinted:?}");
    }
}
