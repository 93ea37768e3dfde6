//! The list of tasks (`-T`) and the description of one task (`-e`).

use crate::configuration::TaskSummary;
use crate::sort;

use super::text::{cut, wrap};

/// The least width of a description, however narrow the terminal is.
const LEAST_COLUMNS: usize = 30;
/// The number of characters around a name: `capr NAME   # `.
const AROUND: usize = 10;

/// The tasks to list, and the form of the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    /// A part of a name or, with `*`, a pattern for the whole name.
    pub pattern: Option<String>,
    /// True if tasks without a description and `[internal]` ones are listed too.
    pub all: bool,
    /// True if only names are listed.
    pub bare: bool,
}

/// Returns the list as whole lines; `None` if there is no task to list.
pub(super) fn list(tasks: &[TaskSummary], listing: &Listing, columns: Option<usize>) -> Option<String> {
    let mut listed: Vec<&TaskSummary> = tasks
        .iter()
        .filter(|task| listing.all || task.is_public())
        .filter(|task| {
            listing
                .pattern
                .as_deref()
                .is_none_or(|pattern| matches(pattern, &task.name))
        })
        .collect();
    if listed.is_empty() {
        return None;
    }
    sort::by_key(&mut listed, |task| task.name.clone());
    // One name that is much longer than the others must not use up the room of all of them.
    let aligned = columns.map_or(usize::MAX, |columns| {
        columns.saturating_sub(AROUND + LEAST_COLUMNS).max(LEAST_COLUMNS)
    });
    let lengths = listed.iter().map(|task| task.usage().chars().count());
    let width = lengths.filter(|length| *length <= aligned).max().unwrap_or(0);
    let mut text = String::new();
    for task in listed {
        let name = task.usage();
        let line = match (&task.description, listing.bare) {
            (Some(description), false) => {
                let brief = first_sentence(description);
                let used = AROUND + name.chars().count().max(width);
                let brief = match columns {
                    Some(columns) if used > width + AROUND => cut(&brief, columns.saturating_sub(used)),
                    Some(columns) => cut(&brief, columns.saturating_sub(used).max(LEAST_COLUMNS)),
                    None => brief,
                };
                match brief.is_empty() {
                    true => format!("capr {name}"),
                    false => format!("capr {name:width$}   # {brief}"),
                }
            }
            _ => format!("capr {name}"),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    Some(text)
}

/// Returns one task's whole description as whole lines.
pub(super) fn explain(task: &TaskSummary, columns: Option<usize>) -> String {
    let columns = columns.unwrap_or(80).clamp(LEAST_COLUMNS, 100);
    let rule = "-".repeat(columns);
    let mut text = format!("{rule}\ncapr {}\n{rule}\n", task.usage());
    match task.description.as_deref().filter(|text| !text.is_empty()) {
        None => text.push_str("There is no description for this task.\n"),
        Some(description) => {
            for line in paragraphs(description, columns) {
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
    }
    text
}

/// Returns the programs that are replaced when they run, and their replacements; empty if there are none.
pub(super) fn prefixed_programs(programs: &[(String, String)]) -> String {
    let width = programs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, whole) in programs {
        if text.is_empty() {
            text.push_str("\nCommands that begin with these programs run as:\n");
        }
        text.push_str(&format!("  {name:width$}  {whole}\n"));
    }
    text
}

/// Fills paragraphs into lines; indented lines stay as they are.
pub(super) fn paragraphs(description: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut paragraph = String::new();
    for line in description.lines() {
        if line.trim().is_empty() || line.starts_with([' ', '\t']) {
            lines.extend(wrap(&std::mem::take(&mut paragraph), columns));
            lines.push(line.to_owned());
        } else {
            paragraph.push_str(line);
            paragraph.push('\n');
        }
    }
    lines.extend(wrap(&paragraph, columns));
    lines
}

/// Returns the description up to the first full stop that ends a word, on one line.
pub(super) fn first_sentence(description: &str) -> String {
    let mut sentence: Vec<&str> = Vec::new();
    for line in description.lines() {
        if line.trim().is_empty() {
            break;
        }
        for word in line.split_whitespace() {
            sentence.push(word);
            if word.ends_with('.') && word != "..." {
                return sentence.join(" ");
            }
        }
    }
    sentence.join(" ")
}

/// Returns true if the pattern is a part of the name or, with `*` (any characters), matches the whole name.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let (Some(first), Some(last)) = (parts.next(), pattern.rsplit('*').next()) else {
        return false;
    };
    if !pattern.contains('*') {
        return name.contains(pattern);
    }
    let Some(mut rest) = name.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    let middle: Vec<&str> = parts.collect();
    for part in middle.split_last().map(|(_, middle)| middle).unwrap_or_default() {
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{Listing, explain, first_sentence, list, matches};
    use crate::configuration::TaskSummary;

    fn task(name: &str, description: Option<&str>) -> TaskSummary {
        TaskSummary {
            name: name.to_owned(),
            arguments: Vec::new(),
            description: description.map(str::to_owned),
        }
    }

    fn tasks() -> Vec<TaskSummary> {
        vec![
            task("restart", Some("Restarts the listeners. More is said here.")),
            task(
                "deploy",
                Some("Deploys the project, which is a matter of many steps that are told one by one."),
            ),
            task("deploy:setup", Some("[internal] Makes directories.")),
            task("plain", None),
        ]
    }

    #[test]
    fn l6_tasks_are_listed_sorted_with_their_first_sentence() {
        assert_snapshot!(list(&tasks(), &Listing::default(), None).unwrap_or_default(), @r"
        capr deploy    # Deploys the project, which is a matter of many steps that are told one by one.
        capr restart   # Restarts the listeners.
        ");
    }

    #[test]
    fn l6_hidden_tasks_are_listed_with_v_and_bare_lines_with_t() {
        let listing = Listing {
            all: true,
            bare: true,
            pattern: None,
        };
        assert_snapshot!(list(&tasks(), &listing, None).unwrap_or_default(), @r"
        capr deploy
        capr deploy:setup
        capr plain
        capr restart
        ");
    }

    #[test]
    fn l6_a_pattern_selects_and_no_match_is_told_apart() {
        let listing = |pattern: &str| Listing {
            pattern: Some(pattern.to_owned()),
            ..Listing::default()
        };
        assert_snapshot!(list(&tasks(), &listing("rest"), None).unwrap_or_default(), @"capr restart   # Restarts the listeners.");
        assert_eq!(list(&tasks(), &listing("nothing"), None), None);
        assert_eq!(list(&[], &Listing::default(), None), None);
    }

    #[test]
    fn l7_a_description_keeps_thirty_columns_on_a_narrow_terminal() {
        assert_snapshot!(list(&tasks(), &Listing::default(), Some(60)).unwrap_or_default(), @r"
        capr deploy    # Deploys the project, which is a matter o...
        capr restart   # Restarts the listeners.
        ");
        assert_snapshot!(list(&tasks(), &Listing::default(), Some(10)).unwrap_or_default(), @r"
        capr deploy    # Deploys the project, which...
        capr restart   # Restarts the listeners.
        ");
    }

    #[test]
    fn l6_no_line_is_wider_than_a_terminal() {
        let long = [
            "deploy:web:disable",
            "a:task:whose:name:is:as:long:as:half:of:a:terminal:is:wide",
        ];
        let mut tasks = tasks();
        tasks.extend(long.map(|name| {
            task(
                name,
                Some("Says something that takes more room than there is in one line."),
            )
        }));
        for columns in [70, 80] {
            let listed = list(&tasks, &Listing::default(), Some(columns)).unwrap_or_default();
            let widest = listed.lines().map(|line| line.chars().count()).max();
            assert!(widest.is_some_and(|widest| widest <= columns), "{columns}\n{listed}");
            assert!(
                listed.contains("capr restart              # Restarts the listeners.\n"),
                "{listed}"
            );
        }
    }

    #[test]
    fn l8_a_description_is_wrapped_and_indented_lines_are_kept() {
        let deploy = task(
            "deploy",
            Some(
                "Deploys the project to all servers, then\nrestarts it. Set this first:\n\n  set :application, \"flipper\"\n\nThat is all.",
            ),
        );
        assert_snapshot!(explain(&deploy, Some(40)), @r#"
        ----------------------------------------
        capr deploy
        ----------------------------------------
        Deploys the project to all servers, then
        restarts it. Set this first:

          set :application, "flipper"

        That is all.
        "#);
        assert_snapshot!(explain(&task("plain", None), Some(40)), @r"
        ----------------------------------------
        capr plain
        ----------------------------------------
        There is no description for this task.
        ");
    }

    #[test]
    fn t15_a_full_stop_inside_a_word_does_not_end_a_sentence() {
        assert_eq!(
            first_sentence("Reads file.txt at once. Then ends."),
            "Reads file.txt at once."
        );
        assert_eq!(first_sentence("No stop at\nall\n\nNext"), "No stop at all");
        assert_eq!(first_sentence(""), "");
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, fits) in [
            ("deploy", "a:deploy:b", true),
            ("deploy:*", "deploy:setup", true),
            ("deploy:*", "a:deploy:setup", false),
            ("*:setup", "deploy:setup", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c", false),
            ("ab*ba", "aba", false),
            ("*", "x", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
