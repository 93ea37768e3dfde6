//! Names in strings that look as if their values were filled in, but are not.

use rhai::Position;

use super::lines::SourceLines;

/// A name in a string that looks as if its value was to be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::recipe) struct Unfilled {
    /// The sign: `#` as in Ruby, or `$` in double quotes.
    pub(in crate::recipe) sign: char,
    pub(in crate::recipe) name: String,
    pub(in crate::recipe) position: Position,
}

/// Returns the names in a string that begins at `position`.
pub(super) fn unfilled(text: &str, lines: &SourceLines, position: Position) -> Vec<Unfilled> {
    let is_quoted = lines.rest(position).is_some_and(|rest| rest.starts_with('"'));
    let mut found = Vec::new();
    for sign in ['#', '$'] {
        if sign == '$' && !is_quoted {
            continue;
        }
        let opening = format!("{sign}{{");
        for part in text.split(&opening).skip(1) {
            let Some((name, _)) = part.split_once('}') else {
                continue;
            };
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            // Ruby fills in any expression, but `$` may be meant for a shell, so there only a name counts.
            let is_code = sign == '#' && name.starts_with(char::is_alphabetic) && name.contains(['.', '(', '[']);
            if is_name || is_code {
                found.push(Unfilled {
                    sign,
                    name: name.to_owned(),
                    position: inside(lines, position, &format!("{opening}{name}}}")),
                });
            }
        }
    }
    found
}

/// Returns the position of a part of the string, if it is on the same line.
fn inside(lines: &SourceLines, position: Position, part: &str) -> Position {
    let before = lines.rest(position).and_then(|rest| Some(rest.split_once(part)?.0));
    let columns = before.and_then(|before| u16::try_from(before.chars().count()).ok());
    let place = (position.line(), position.position(), columns);
    if let (Some(line), Some(column), Some(columns)) = place
        && let (Ok(line), Ok(column)) = (u16::try_from(line), u16::try_from(column))
    {
        return Position::new(line, column.saturating_add(columns));
    }
    position
}
