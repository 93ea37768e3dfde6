//! Tasks and variables of Ruby libraries that have another form in capr's libraries, and what to write instead: `gems.txt`.

use std::sync::LazyLock;

use crate::packed::packed;

/// Names of a Ruby library that share one replacement.
#[derive(Clone, Debug)]
pub(in crate::recipe) struct Replaced {
    /// The library of capr that a recipe requires.
    pub(in crate::recipe) library: &'static str,
    /// The names of variables and tasks; a task's has a colon.
    pub(in crate::recipe) names: Vec<&'static str>,
    /// The code to write instead, or the reason why the names can be left out.
    pub(in crate::recipe) instead: &'static str,
}

static TEXT: LazyLock<String> = LazyLock::new(|| packed!("src/recipe/language/gems.txt").text());
static REPLACED: LazyLock<Vec<Replaced>> = LazyLock::new(|| read(&TEXT));

/// Returns all rows, sorted by library.
pub(in crate::recipe) fn replaced() -> &'static [Replaced] {
    &REPLACED
}

fn read(text: &'static str) -> Vec<Replaced> {
    let mut rows = Vec::new();
    let (mut library, mut names) = ("", Vec::new());
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if !line.starts_with(' ') {
            library = line;
            continue;
        }
        let (words, instead) = line
            .split_once("-> ")
            .map_or((line, None), |(words, told)| (words, Some(told)));
        names.extend(words.split_whitespace());
        if let Some(instead) = instead {
            rows.push(Replaced {
                library,
                names: std::mem::take(&mut names),
                instead,
            });
        }
    }
    rows
}

/// Returns the replacement of a variable or a task of a Ruby library; `is_there` returns true for the libraries of capr that the
/// recipe has loaded.
pub(in crate::recipe) fn instead(name: &str, is_there: impl Fn(&str) -> bool) -> Option<&'static str> {
    let mut rows = replaced().iter().filter(|row| row.names.contains(&name));
    Some(rows.find(|row| is_there(row.library))?.instead)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::replaced;

    #[test]
    fn each_name_of_a_library_stands_once_and_the_libraries_are_in_order() {
        let mut seen = BTreeSet::new();
        for row in replaced() {
            assert!(!row.names.is_empty() && !row.instead.is_empty(), "{row:?}");
            for name in &row.names {
                assert!(seen.insert((row.library, *name)), "{}: {name}", row.library);
            }
        }
        assert!(replaced().len() > 80);
        assert!(replaced().is_sorted_by(|one, next| one.library <= next.library));
    }
}
