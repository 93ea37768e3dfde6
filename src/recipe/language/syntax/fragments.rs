//! Takes pieces of the statement around a place and turns them into the words of a recipe, for hints that say what to write
//! instead.

use super::super::secret_name::names_secret;
use super::error_place::ErrorPlace;
use super::layout::{SourcePiece, SourcePieceKind, is_word, pieces};

/// The longest hint with words of the recipe, in characters. A longer one is no easier to read than a general form.
const MAX_LENGTH: usize = 100;

impl<'a> ErrorPlace<'a> {
    /// Returns the statement up to this place.
    pub(super) fn said(&self) -> &'a str {
        self.text.get(self.statement_start()..self.at).unwrap_or("").trim()
    }

    /// Returns the rest of the line after `skipped` bytes, up to one of these pieces or the end of the bracket around it.
    pub(super) fn behind(&self, skipped: usize, stops: &[&str]) -> &'a str {
        until(self.rest.get(skipped..).unwrap_or(""), stops)
    }
}

/// Returns a hint with words of the recipe, if it is short enough and contains no secret.
pub(super) fn own(hint: String) -> Option<String> {
    let is_short = !hint.contains('\n') && hint.chars().count() <= MAX_LENGTH;
    (is_short && !names_secret(&hint)).then_some(hint)
}

fn slice<'a>(text: &'a str, piece: &SourcePiece) -> &'a str {
    text.get(piece.range.clone()).unwrap_or("")
}

/// Returns the code before the first of these pieces on the same level.
pub(super) fn until<'a>(text: &'a str, stops: &[&str]) -> &'a str {
    let (mut depth, mut end) = (0_usize, 0);
    for piece in pieces(text) {
        if depth == 0 && (piece.kind == SourcePieceKind::Comment || stops.contains(&slice(text, &piece))) {
            break;
        }
        match piece.kind {
            SourcePieceKind::Open(_) => depth += 1,
            SourcePieceKind::Close(_) if depth == 0 => break,
            SourcePieceKind::Close(_) => depth -= 1,
            _ => {}
        }
        end = piece.range.end;
    }
    text.get(..end).unwrap_or("").trim()
}

/// Returns the parts between commas.
pub(super) fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let part = until(rest, &[","]);
        parts.push(part);
        let behind = rest.get(part.len()..).unwrap_or("").trim_start();
        match behind.strip_prefix(',') {
            Some(behind) => rest = behind.trim_start(),
            None => break,
        }
    }
    parts
}

/// Returns the value at the end of a part of a statement: after the last comma, assignment, verb or word such as `if`.
pub(super) fn last_value(text: &str) -> &str {
    let all = pieces(text);
    let mut depth = 0_usize;
    for (index, piece) in all.iter().enumerate().rev() {
        let stands_before = match piece.kind {
            SourcePieceKind::Close(_) => {
                depth += 1;
                false
            }
            SourcePieceKind::Open(_) if depth > 0 => {
                depth -= 1;
                false
            }
            SourcePieceKind::Open(_) => true,
            _ if depth > 0 => false,
            SourcePieceKind::Semicolon => true,
            SourcePieceKind::Other => separates(text, index.checked_sub(1).and_then(|index| all.get(index)), piece),
            SourcePieceKind::Word => leads(text, piece),
            _ => false,
        };
        if stands_before {
            return text.get(piece.range.end..).unwrap_or("").trim();
        }
    }
    text.trim()
}

/// Returns true for a comma, an assignment, or the end of `=>`.
fn separates(text: &str, before: Option<&SourcePiece>, piece: &SourcePiece) -> bool {
    let follows = |signs: &[&str]| {
        before.is_some_and(|before| signs.contains(&slice(text, before)) && before.range.end == piece.range.start)
    };
    let goes_on = || {
        text.get(piece.range.end..)
            .is_some_and(|rest| rest.starts_with(['=', '~']))
    };
    match slice(text, piece) {
        "," => true,
        ">" => follows(&["="]),
        "=" => !follows(&["=", "!", "<", ">"]) && !goes_on(),
        _ => false,
    }
}

/// Returns true if a piece is a word that stands in front of a value, and not a name or a part of one.
fn leads(text: &str, piece: &SourcePiece) -> bool {
    let (before, behind) = (text.get(..piece.range.start), text.get(piece.range.end..));
    is_leading(slice(text, piece))
        && !behind.is_some_and(|behind| behind.starts_with('.'))
        && !before.is_some_and(|before| before.ends_with(['.', ':']))
}

/// Returns true if a word can stand in front of a value.
fn is_leading(word: &str) -> bool {
    matches!(
        word,
        "if" | "unless" | "while" | "until" | "elsif" | "else" | "return" | "in" | "and" | "or" | "not" | "then" | "do"
    ) || super::super::verbs::find(word).is_some_and(|verb| {
        !matches!(
            verb.name,
            "fetch" | "exists" | "capture" | "capture_all" | "current_task"
        )
    })
}

/// Translates Ruby code that differs only in spelling: quotes, `#{}` in strings, `nil`, `and`, `exists?`, lists of words.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut end = 0;
    for piece in pieces(text) {
        if piece.range.start < end {
            continue;
        }
        let gap = text.get(end..piece.range.start).unwrap_or("");
        plain.push_str(if gap.len() > 1 && gap.trim().is_empty() {
            " "
        } else {
            gap
        });
        end = piece.range.end;
        let word = slice(text, &piece);
        let rest = text.get(piece.range.start..).unwrap_or("");
        match piece.kind {
            SourcePieceKind::Char => plain.push_str(&quoted(word.trim_matches('\''))),
            SourcePieceKind::Text(true) if word.starts_with('"') && word.contains("#{") => {
                plain.push_str(&format!("`{}`", word.trim_matches('"').replace("#{", "${")));
            }
            SourcePieceKind::Word if matches!(word, "nil" | "null") => plain.push_str("()"),
            SourcePieceKind::Word if word == "and" => plain.push_str("&&"),
            SourcePieceKind::Word if word == "or" => plain.push_str("||"),
            SourcePieceKind::Word if word == "not" => {
                plain.push('!');
                end += rest.get(3..).map_or(0, |rest| rest.len() - rest.trim_start().len());
            }
            SourcePieceKind::Word if rest.get(word.len()..).is_some_and(|rest| rest.starts_with("?(")) => {
                plain.push_str(match word {
                    "include" | "key" | "has_key" | "member" => "contains",
                    "start_with" => "starts_with",
                    "end_with" => "ends_with",
                    other => other,
                });
                end += 1;
            }
            SourcePieceKind::Other if word == "%" && word_list(rest).is_some() => {
                let (list, length) = word_list(rest).unwrap_or_default();
                plain.push_str(&list);
                end = piece.range.start + length;
            }
            _ => plain.push_str(word),
        }
    }
    plain.push_str(text.get(end..).unwrap_or("").trim_end());
    plain
}

/// Returns a string in the quotes that it needs.
pub(super) fn quoted(text: &str) -> String {
    match text.contains(['"', '\\']) && !text.contains('`') {
        true => format!("`{text}`"),
        false => format!("\"{}\"", text.replace('"', "\\\"")),
    }
}

/// Returns the negated condition.
pub(super) fn negated(condition: &str) -> String {
    if let Some(positive) = condition.strip_prefix('!') {
        return positive.to_owned();
    }
    let is_one = !condition.contains(" && ") && !condition.contains(" || ") && {
        let mut depth = 0_usize;
        pieces(condition).iter().all(|piece| {
            match piece.kind {
                SourcePieceKind::Open(_) => depth += 1,
                SourcePieceKind::Close(_) => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth > 0 || piece.kind != SourcePieceKind::Other || matches!(slice(condition, piece), "." | ":")
        })
    };
    match is_one {
        true => format!("!{condition}"),
        false => format!("!({condition})"),
    }
}

/// Translates `%w[a b]`: returns the list, and the length of the Ruby code.
pub(super) fn word_list(text: &str) -> Option<(String, usize)> {
    let symbols = text.starts_with("%i") || text.starts_with("%I");
    let rest = ["%w", "%W", "%i", "%I"]
        .iter()
        .find_map(|sign| text.strip_prefix(sign))?;
    let open = rest.chars().next()?;
    let close = closing(open)?;
    let words = rest.get(1..)?.split(close).next()?;
    (1 + words.len() < rest.len()).then_some(())?;
    let words: Vec<String> = words
        .split_whitespace()
        .map(|word| if symbols { format!(":{word}") } else { quoted(word) })
        .collect();
    let length = text.len() - rest.len() + rest.find(close)? + close.len_utf8();
    Some((format!("[{}]", words.join(", ")), length))
}

/// Translates `%q(text)` into a string of a recipe.
pub(super) fn percent_text(text: &str) -> Option<String> {
    let rest = text.strip_prefix('%')?;
    let rest = rest.strip_prefix(['q', 'Q']).unwrap_or(rest);
    let open = rest.chars().next()?;
    let inner = rest.get(1..)?.split(closing(open)?).next()?;
    Some(quoted(inner))
}

fn closing(open: char) -> Option<char> {
    Some(match open {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '<' => '>',
        '|' | '/' | '!' => open,
        _ => return None,
    })
}

/// Translates the inside of a Ruby map into a map of a recipe; `None` if it is not a map.
pub(super) fn map(inner: &str) -> Option<String> {
    let pairs: Option<Vec<String>> = parts(inner).into_iter().map(pair).collect();
    let pairs = pairs.filter(|pairs| !pairs.is_empty())?;
    Some(format!("#{{ {} }}", pairs.join(", ")))
}

fn pair(pair: &str) -> Option<String> {
    let (key, value) = if let Some(rest) = pair.strip_prefix(':') {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        (
            rest.get(..end)?.to_owned(),
            rest.get(end..)?.trim_start().strip_prefix("=>")?,
        )
    } else if pair.starts_with(['"', '\'']) {
        let end = pieces(pair).first()?.range.end;
        let rest = pair.get(end..)?.trim_start();
        let rest = rest.strip_prefix("=>").or_else(|| rest.strip_prefix(':'))?;
        (quoted(pair.get(1..end - 1)?), rest)
    } else {
        let end = pair.find(|c| !is_word(c))?;
        let rest = pair.get(end..)?;
        (
            pair.get(..end)?.to_owned(),
            rest.strip_prefix(':').filter(|rest| !rest.starts_with(':'))?,
        )
    };
    let value = value.trim();
    let value = match value.strip_prefix('{').and_then(|value| value.strip_suffix('}')) {
        Some(inner) => map(inner)?,
        None => plain(value),
    };
    (!key.is_empty() && !value.is_empty()).then(|| format!("{key}: {value}"))
}

/// Returns the parameters between `|` at the beginning.
pub(super) fn parameters(rest: &str) -> Option<&str> {
    rest.trim_start().strip_prefix('|')?.split('|').next()
}

#[cfg(test)]
mod tests {
    use super::{last_value, map, negated, own, parts, plain, word_list};

    #[test]
    fn code_of_ruby_is_spelled_as_in_a_recipe() {
        for (ruby, recipe) in [
            ("exists?(:a) and not fetch(:b, nil)", "exists(:a) && !fetch(:b, ())"),
            ("'it' + \"x #{y}\"", "\"it\" + `x ${y}`"),
            ("%w(a b) + %i[c]", "[\"a\", \"b\"] + [:c]"),
            ("list.include?('a')", "list.contains(\"a\")"),
            ("a ? b : c", "a ? b : c"),
        ] {
            assert_eq!(plain(ruby), recipe);
        }
    }

    #[test]
    fn the_last_value_of_a_piece_of_a_statement_is_found() {
        for (text, value) in [
            ("set :a, exists(:b)", "exists(:b)"),
            ("puts true", "true"),
            ("let a = f(1, 2) + 3", "f(1, 2) + 3"),
            ("run \"x\", :once => fetch(:b)", "fetch(:b)"),
            ("if a == b", "a == b"),
            ("puts (a", "a"),
            ("server.role", "server.role"),
        ] {
            assert_eq!(last_value(text), value, "{text}");
        }
        assert_eq!(parts("a, f(b, c), [d, e]"), ["a", "f(b, c)", "[d, e]"]);
    }

    #[test]
    fn maps_and_lists_of_ruby_are_read() {
        assert_eq!(
            map(" :a=>1, 'b c' => :d, e: { :f => nil } ").as_deref(),
            Some("#{ a: 1, \"b c\": :d, e: #{ f: () } }")
        );
        assert_eq!(map("run \"x\""), None);
        assert_eq!(word_list("%w[log tmp];"), Some(("[\"log\", \"tmp\"]".to_owned(), 11)));
        assert_eq!(word_list("%w[log"), None);
    }

    #[test]
    fn a_condition_is_turned_round() {
        assert_eq!(negated("exists(:a)"), "!exists(:a)");
        assert_eq!(negated("a == b"), "!(a == b)");
        assert_eq!(negated("!a"), "a");
    }

    #[test]
    fn a_hint_shows_no_secret_and_no_long_line() {
        assert_eq!(
            own("write: run \"x\";".to_owned()).as_deref(),
            Some("write: run \"x\";")
        );
        assert_eq!(own("write: set :password, \"x\";".to_owned()), None);
        assert_eq!(own("x".repeat(200)), None);
    }
}
