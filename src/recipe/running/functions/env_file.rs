//! Reads files of environment variables as dotenv does: `NAME=value`, with comments, quotes and `export`.

use std::collections::BTreeMap;

/// Returns the variables in the order of their names; an error is the number of a line that sets none. `outer` returns the value of
/// a variable that the file does not set.
pub(super) fn variables(text: &str, outer: &dyn Fn(&str) -> Option<String>) -> Result<BTreeMap<String, String>, usize> {
    let mut variables = BTreeMap::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line_of = |rest: &str| {
        text.get(..text.len() - rest.len())
            .map_or(1, |before| before.matches('\n').count() + 1)
    };
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(variables);
        }
        if rest.starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, behind)| behind);
            continue;
        }
        let line = line_of(rest);
        let (name, behind) = named(rest).ok_or(line)?;
        let (value, behind) =
            valued(behind, &|name| variables.get(name).cloned().or_else(|| outer(name))).ok_or(line)?;
        variables.insert(name.to_owned(), value);
        rest = behind;
    }
}

/// Returns the name in front of `=` or `: `, and the rest.
fn named(text: &str) -> Option<(&str, &str)> {
    let text = match text.strip_prefix("export") {
        Some(behind) if behind.starts_with([' ', '\t']) => behind.trim_start(),
        _ => text,
    };
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')))?;
    let (name, behind) = (text.get(..end)?, text.get(end..)?.trim_start_matches([' ', '\t']));
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let behind = behind.strip_prefix('=').or_else(|| behind.strip_prefix(": "))?;
    is_name.then_some((name, behind.trim_start_matches([' ', '\t'])))
}

/// Reads a value with or without quotes; returns it and the lines after it.
fn valued<'a>(text: &'a str, variable: &dyn Fn(&str) -> Option<String>) -> Option<(String, &'a str)> {
    for quote in ['\'', '"'] {
        let Some(inner) = text.strip_prefix(quote) else {
            continue;
        };
        let end = closing(inner, quote)?;
        let (value, behind) = (inner.get(..end)?, inner.get(end + 1..)?);
        let (line, behind) = behind.split_once('\n').unwrap_or((behind, ""));
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            return None;
        }
        let value = match quote {
            '"' => filled(&value.replace("\\n", "\n").replace("\\r", "\r"), variable),
            _ => value.to_owned(),
        };
        return Some((value, behind));
    }
    let (line, behind) = text.split_once('\n').unwrap_or((text, ""));
    let line = line
        .find(" #")
        .map_or(line, |comment| line.get(..comment).unwrap_or(line));
    let line = if line.starts_with('#') { "" } else { line };
    Some((filled(line.trim(), variable), behind))
}

/// Returns the end of a quoted string: the first quote without a backslash.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if quote == '"' => is_escaped = true,
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}

/// Fills in `$NAME` and `${NAME}`, and removes backslashes; a variable that is not set is empty.
fn filled(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut value = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '\\']) {
        let (before, from) = rest.split_at(at);
        value.push_str(before);
        let mut letters = from.chars();
        let sign = letters.next();
        rest = letters.as_str();
        if sign == Some('\\') {
            let mut letters = rest.chars();
            value.extend(letters.next());
            rest = letters.as_str();
            continue;
        }
        let inner = rest.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let (name, behind) = inner.unwrap_or_else(|| rest.split_at(end));
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            value.push('$');
            continue;
        }
        value.push_str(&variable(name).unwrap_or_default());
        rest = behind;
    }
    value.push_str(rest);
    value
}

#[cfg(test)]
mod tests {
    use super::variables;

    fn read(text: &str) -> Result<Vec<(String, String)>, usize> {
        let outer = |name: &str| (name == "HOME").then(|| "/home/me".to_owned());
        variables(text, &outer).map(|variables| variables.into_iter().collect())
    }

    #[test]
    fn names_values_quotes_comments_and_export_are_read() {
        let text = "# comment\nA=1\nexport B = two words # said\nC='$A it\\n'\nD=\"x\\ny $A ${HOME}/b \\$A\"\nE=\nF: yes\nG=a#b\nH=$NOBODY.\nI='a\nb'\n";
        let pairs = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "$A it\\n"),
            ("D", "x\ny 1 /home/me/b $A"),
            ("E", ""),
            ("F", "yes"),
            ("G", "a#b"),
            ("H", "."),
            ("I", "a\nb"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read(text), Ok(pairs.to_vec()));
    }

    #[test]
    fn a_line_that_is_none_is_told_by_its_number() {
        assert_eq!(read("A=1\n\nnonsense\n"), Err(3));
        assert_eq!(read("A='open\nB=2"), Err(1));
        assert_eq!(read("1A=2"), Err(1));
    }
}
