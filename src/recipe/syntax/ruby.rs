//! What is written in another way in Ruby, for the hints of errors.

use super::errors::Place;
use super::layout::is_word;

/// What helps where the parser stopped at something that is right in Ruby.
pub(super) fn habit(place: &Place) -> Option<String> {
    let (before, word, rest) = (place.word_before(), place.word(), place.rest);
    let hint = match (before, word) {
        ("unless", _) | (_, "unless") => "there is no `unless': write if !condition { … }",
        ("until", _) | (_, "until") => "there is no `until' here: write while !condition { … }",
        (_, "do") if is_loop(place.before) => "over a list goes: for item in list { … }",
        (_, "do") if place.before.contains("lambda") || place.before.contains("proc") => {
            "a lazy variable has a block: set :name { … }"
        }
        (_, "do") => {
            "a block is written in braces: task :name { … }; with parameters: run command, |channel, stream, data| { … }"
        }
        (_, "if") if !place.begins_line() => "a condition stands in front: if condition { … }",
        (_, "while") if !place.begins_line() => "a condition stands in front: while condition { … }",
        (_, "then") => "a condition is followed by a block: if condition { … } else { … }",
        (_, "end") | ("end", _) => "a block ends with `}'",
        ("elsif" | "elif", _) | (_, "elsif" | "elif") => "write: } else if condition {",
        ("case", _) | (_, "case" | "when") => "a choice is written: switch value { \"a\" => this, _ => that }",
        (_, "rescue" | "ensure") | ("begin", _) => "write: try { … } catch (error) { … }",
        ("def", _) | (_, "def") => "a function is written: fn name(parameters) { … }",
        ("class" | "module", _) => "a recipe has no classes: a function is written fn name(parameters) { … }",
        ("lambda" | "proc", "{") => "a lazy variable has a block: set :name { … }",
        (_, "and") => "write &&",
        (_, "or") => "write ||",
        ("not", _) | (_, "not") => "write !",
        (_, "?") if is_question(place.before) => return Some(question(before)),
        (_, "?") => "a choice is written: if condition { this } else { that }",
        (_, "!") if is_question(place.before) => "a function does not change its text: name = gsub(name, …)",
        (_, "%") if rest.starts_with("%w") || rest.starts_with("%W") || rest.starts_with("%i") => {
            "a list is written: [\"one\", \"two\"]"
        }
        (_, "%")
            if rest.starts_with("%(") || rest.starts_with("%Q") || rest.starts_with("%q") || rest.starts_with("%{") =>
        {
            "a text stands in double quotes, or in backticks"
        }
        (_, "<") if is_heredoc(rest) => "a text of several lines stands in backticks: run `…`;",
        (_, "=") if rest.starts_with("=~") => "write: matches(text, \"pattern\")",
        (_, "~") if place.before.ends_with('=') => "write: matches(text, \"pattern\")",
        (_, "!") if rest.starts_with("!~") => "write: !matches(text, \"pattern\")",
        (_, "-") if rest.starts_with("->") => {
            "a lazy variable has a block: set :name { … }; a function is |parameters| { … }"
        }
        (_, "\\") => "texts are joined with `+'; one in backticks may have several lines",
        (_, ":") => "a pair is written with `=>': :roles => :app",
        (_, "{") if is_loop(place.before) => "over a list goes: for item in list { … }",
        (_, "{") => "a block stands only behind a verb that takes one; over a list goes: for item in list { … }",
        (_, "=") if rest.starts_with("=>") && place.before.trim_start().starts_with(['"', ':']) => {
            "a map is written: #{ name: value, \"other name\": value }"
        }
        (_, "=") if rest.starts_with("=>") => "a pair stands behind the arguments: run command, :roles => :app",
        ("raise" | "fail" | "print" | "p" | "pp" | "execute" | "exec" | "_cset", _) if !word.is_empty() => {
            return meant(before).map(str::to_owned);
        }
        ("puts" | "echo", _) if is_word_text(word) => "a text stands in double quotes",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// Whether a block of its own belongs to what stands at a place: it ends with `end`.
pub(super) fn begins_block(place: &Place, expects_brace: bool) -> bool {
    place.word() == "do"
        || matches!(
            place.word_before(),
            "def" | "unless" | "until" | "begin" | "class" | "module" | "case"
        )
        || matches!(place.word(), "case" | "then")
        || expects_brace && matches!(place.statement_word(), "if" | "while" | "for" | "unless")
}

/// Whether a statement begins with this word in Ruby, and never does here.
pub(super) fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "begin" | "case" | "class" | "def" | "elsif" | "end" | "module" | "raise" | "unless" | "until"
    )
}

/// The word behind `<<`, which ends the text when it stands alone on a line.
pub(super) fn heredoc(rest: &str) -> Option<&str> {
    let word = rest.strip_prefix("<<")?.trim_start_matches(['-', '~', '"', '\'', '`']);
    let word = word.get(..word.find(|c| !is_word(c)).unwrap_or(word.len()))?;
    word.starts_with(|c: char| c.is_uppercase() || c == '_').then_some(word)
}

fn is_heredoc(rest: &str) -> bool {
    heredoc(rest).is_some()
}

/// Whether what stands there could be one more argument of the verb that its line begins with.
pub(super) fn is_argument(place: &Place) -> bool {
    let is_verb = super::super::verbs::find(place.statement_word()).is_some();
    let word = place.word();
    is_verb && (matches!(word, "\"" | "`" | ":" | "[") || word.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_loop(before: &str) -> bool {
    [
        ".each",
        ".map",
        ".times",
        ".collect",
        ".select",
        ".reject",
        ".each_with_index",
    ]
    .iter()
    .any(|name| before.contains(name))
}

/// `name?`, without a blank: a question to a value.
fn is_question(before: &str) -> bool {
    before.ends_with(is_word)
}

fn is_word_text(word: &str) -> bool {
    word.starts_with(char::is_alphabetic)
}

fn question(method: &str) -> String {
    match method {
        "empty" | "blank" => "write: text == \"\"; of a list: list.is_empty()".to_owned(),
        "nil" => "write: value == ()".to_owned(),
        "exists" => "write: exists(:name); of a file here: file_exists(path)".to_owned(),
        "exist" | "file" | "directory" => "write: file_exists(path)".to_owned(),
        "include" | "key" | "has_key" => "write: list.contains(value), or value in list".to_owned(),
        "start_with" => "write: text.starts_with(\"…\")".to_owned(),
        "end_with" => "write: text.ends_with(\"…\")".to_owned(),
        "match" => "write: matches(text, \"pattern\")".to_owned(),
        "is_a" | "kind_of" | "respond_to" => "write: type_of(value) == \"string\"".to_owned(),
        other => format!("names have no `?': write {other}(…); a choice is if condition {{ this }} else {{ that }}"),
    }
}

/// How something of Ruby or of its libraries is written, by the name that a recipe has for it and that is not known.
pub(in crate::recipe) fn meant(name: &str) -> Option<&'static str> {
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
        "execute" => "write: run \"command\";",
        "within" => "write: run `cd ${directory} && …`;",
        "_cset" | "set_if_empty" => "write: set_default :name, value;",
        "find_and_execute_task" | "execute_task" => "write: invoke \"namespace:task\";",
        "to_s" => "write: `${value}`, or value.to_string()",
        "to_i" => "write: parse_int(text)",
        "to_f" => "write: parse_float(text)",
        "to_sym" | "to_str" | "freeze" | "dup" => "leave it out: symbols are texts, and values are copied",
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
            "write: read_yaml(path), parse_yaml(text), read_json(path), parse_json(text), to_json(value)"
        }
        "ERB" => "a template is filled in by: render(\"file\")",
        "Capistrano" | "HighLine" => "a person is asked with ask, choose and password_prompt",
        "Rake" => "a task is run by its name, or: invoke \"namespace:task\";",
        "logger" => "write: info \"…\"; warn \"…\"; debug \"…\";",
        "self" | "top" | "parent" => {
            "names are looked up in this namespace first, then outwards; full: invoke \"namespace:task\";"
        }
        "variables" => "write: fetch(:name)",
        "append" | "push" | "linked_files" | "linked_dirs" => {
            "write: name += [value], after: let name = fetch(:name, []);"
        }
        "roles" => "the servers of a task are its option: task :name, :roles => :app { … }",
        _ => return None,
    })
}

/// The name with a dash that a symbol cannot have: `:my-task` is read as `:my` minus `task`.
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
