//! Changes one line of `capr.toml`, and leaves the rest as a person has written it.

use super::manifest::{MANIFEST, Manifest};
use super::source::LibrarySource;
use super::{Wrong, hinted};

/// The header of the table of libraries.
const TABLE: &str = "[libraries]";

/// Returns the text with this library in it, in place of one with that name.
pub(super) fn with(text: &str, name: &str, source: &LibrarySource) -> Result<String, Wrong> {
    let line = format!("{name} = {}", source.inline());
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    match find(&lines, name) {
        Some(Place::Line(at)) => {
            if let Some(there) = lines.get_mut(at) {
                *there = line;
            }
        }
        Some(Place::Behind(at)) => lines.insert(at, line),
        None => {
            if lines.last().is_some_and(|last| !last.trim().is_empty()) {
                lines.push(String::new());
            }
            lines.extend([TABLE.to_owned(), line]);
        }
    }
    let mut wanted = Manifest::read(MANIFEST, text)?;
    wanted.libraries.insert(name.to_owned(), source.clone());
    checked(text, &lines, &wanted)
}

/// Returns the text without this library.
pub(super) fn without(text: &str, name: &str) -> Result<String, Wrong> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if let Some(Place::Line(at)) = find(&lines, name) {
        lines.remove(at);
    }
    let mut wanted = Manifest::read(MANIFEST, text)?;
    wanted.libraries.remove(name);
    checked(text, &lines, &wanted)
}

/// The line of a library, or the line after which it belongs.
enum Place {
    Line(usize),
    Behind(usize),
}

/// Returns the line of a library, or the end of the table; `None` if there is no table.
fn find(lines: &[String], name: &str) -> Option<Place> {
    let is_table = |line: &String| line.split('#').next().is_some_and(|line| line.trim() == TABLE);
    let from = lines.iter().position(is_table)? + 1;
    let table = lines.iter().enumerate().skip(from);
    let table = table.take_while(|(_, line)| !line.trim_start().starts_with('['));
    let mut end = from;
    for (at, line) in table {
        let key = line.split('=').next().unwrap_or_default().trim().trim_matches('"');
        if key == name {
            return Some(Place::Line(at));
        }
        if !line.trim().is_empty() {
            end = at + 1;
        }
    }
    Some(Place::Behind(end))
}

/// Returns the text of these lines, if it says what is wanted and nothing else. Lines end as in the text before.
fn checked(before: &str, lines: &[String], wanted: &Manifest) -> Result<String, Wrong> {
    let end = if before.contains("\r\n") { "\r\n" } else { "\n" };
    let text = format!("{}{end}", lines.join(end));
    match Manifest::read(MANIFEST, &text) {
        Ok(read) if read == *wanted => Ok(text),
        _ => Err(hinted(
            format!("{MANIFEST} is written in a way that capr does not change"),
            "change the table [libraries] by hand, one line for each library, then: capr lib fetch",
        )),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{LibrarySource, with, without};

    #[test]
    fn one_line_is_changed_and_comments_stay() {
        let source = |tag| LibrarySource::git("https://x.org/chat", Some(tag));
        let line = |tag| format!("chat = {{ git = \"https://x.org/chat\", tag = \"{tag}\" }}");
        let first = with("", "chat", &source("v1")).unwrap();
        assert_eq!(first, format!("[libraries]\n{}\n", line("v1")));
        let text = "# mine\n[library]\nname = \"shop\"\n\n[libraries] # wanted\n# a comment\na = { path = \"a\" }\n\n[wins]\n\"x\" = \"a\"\n";
        let added = with(text, "chat", &source("v1")).unwrap();
        let expected = text.replace("\"a\" }\n", &format!("\"a\" }}\n{}\n", line("v1")));
        assert_eq!(added, expected);
        let changed = with(&added, "chat", &source("v2")).unwrap();
        assert_eq!(changed, expected.replace("v1", "v2"));
        assert_eq!(without(&changed, "chat").unwrap(), text);
        let windows = text.replace('\n', "\r\n");
        let added = with(&windows, "chat", &source("v1")).unwrap();
        assert_eq!(without(&added, "chat").unwrap(), windows);
        assert!(added.contains("tag = \"v1\" }\r\n"), "{added:?}");
    }

    #[test]
    fn what_is_written_in_another_way_is_left_to_the_person() {
        let text = "[libraries.chat]\npath = \"a\"\n";
        let told = without(text, "chat").unwrap_err();
        assert!(told.message.contains("capr does not change"));
    }
}
