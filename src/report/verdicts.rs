//! The results of tests, for a person and for a program: each as it ends, and the failed ones again after all others.

use std::time::Duration;

use serde_json::json;

use crate::exit::milliseconds;
use crate::listed::counted;
use crate::verdict::{Case, Coverage, TestOutcome, Verdict, Verdicts};

use super::clean::Cleaner;
use super::palette::{Label, Look};

/// The width of the words in front of a test.
const COLUMN: usize = 12;
/// The most lines that are shown of the output of a failed test.
const SAID: usize = 40;
/// The line between the tests and the summary.
const RULE: &str = "────────────";

fn word(outcome: TestOutcome) -> (&'static str, Label) {
    match outcome {
        TestOutcome::Passed => ("PASS", Label::Good),
        TestOutcome::Failed => ("FAIL", Label::Bad),
        TestOutcome::TimedOut => ("TIMEOUT", Label::Bad),
        TestOutcome::Broken => ("BROKEN", Label::Bad),
    }
}

fn headed(label: Label, head: &str, look: Look) -> String {
    format!(
        "{}{}",
        " ".repeat(COLUMN.saturating_sub(head.len())),
        look.paint(label, head)
    )
}

fn seconds(elapsed: Duration) -> String {
    format!("[{:>8.3}s]", elapsed.as_secs_f64())
}

fn named(case: &Case, look: Look) -> String {
    let file = look.paint(Label::Host, &case.file);
    match case.name.is_empty() {
        true => file,
        false => format!("{file} {}", look.paint(Label::Task, &case.name)),
    }
}

/// Returns the line before the tests: their number, and that of the files.
pub(super) fn starting(tests: usize, files: usize, look: Look) -> String {
    let head = headed(Label::Good, "Starting", look);
    format!("{head} {} in {}\n", counted(tests, "test"), counted(files, "file"))
}

/// Returns the line of a test that has ended.
pub(super) fn ended(verdict: &Verdict, look: Look) -> String {
    let (head, label) = word(verdict.outcome);
    format!(
        "{} {} {}\n",
        headed(label, head, look),
        seconds(verdict.elapsed),
        named(&verdict.case, look)
    )
}

/// Returns the last lines, which follow when all tests have ended.
pub(super) fn summary(verdicts: &Verdicts, look: Look, cleaner: &Cleaner) -> String {
    let failed = verdicts.failed();
    let mut text = String::new();
    for verdict in &failed {
        let (head, label) = word(verdict.outcome);
        text.push_str(&format!(
            "\n{}: {}\n\n",
            look.paint(label, head),
            named(&verdict.case, look)
        ));
        if let Some(failure) = &verdict.failure {
            text.push_str(&failure.shown);
            let left = failure.said.len().saturating_sub(SAID);
            if !failure.said.is_empty() {
                text.push_str(&format!("{}\n", look.paint(Label::Aside, "it said:")));
            }
            if left > 0 {
                text.push_str(&format!("  … {} before\n", counted(left, "line")));
            }
            for line in failure.said.iter().skip(left) {
                text.push_str(&format!("  {}\n", cleaner.line(line)));
            }
        }
    }
    if !failed.is_empty() {
        text.push('\n');
    }
    text.push_str(&format!("{RULE}\n"));
    let label = if failed.is_empty() { Label::Good } else { Label::Bad };
    let mut parts = vec![format!("{} passed", verdicts.count(TestOutcome::Passed))];
    for (outcome, words) in [
        (TestOutcome::Failed, "failed"),
        (TestOutcome::TimedOut, "timed out"),
        (TestOutcome::Broken, "broken"),
    ] {
        match verdicts.count(outcome) {
            0 => {}
            number => parts.push(format!("{number} {words}")),
        }
    }
    if verdicts.left > 0 {
        parts.push(format!("{} not run", verdicts.left));
    }
    let head = headed(label, "Summary", look);
    let ran = counted(verdicts.all.len(), "test");
    text.push_str(&format!(
        "{head} {} {ran} run: {}\n",
        seconds(verdicts.elapsed),
        parts.join(", ")
    ));
    for verdict in &failed {
        text.push_str(&ended(verdict, look));
    }
    text
}

/// Returns a test in a list, for programs or for a person.
pub(super) fn listed(cases: &[Case], is_json: bool) -> String {
    let line = |case: &Case| match is_json {
        true => format!(
            "{}\n",
            json!({"type": "test", "file": case.file, "name": case.name, "line": case.line})
        ),
        false => format!("{}: {}\n", case.file, case.name),
    };
    cases.iter().map(line).collect()
}

/// Returns the object of a test that has ended, for programs.
pub(super) fn ended_json(verdict: &Verdict) -> String {
    let mut object = json!({
        "type": "test",
        "file": verdict.case.file,
        "name": verdict.case.name,
        "line": verdict.case.line,
        "outcome": verdict.outcome,
        "elapsed_ms": milliseconds(verdict.elapsed),
    });
    if let (Some(failure), Some(members)) = (&verdict.failure, object.as_object_mut()) {
        members.insert("message".to_owned(), failure.message.clone().into());
        members.insert("report".to_owned(), failure.plain.clone().into());
        members.insert("said".to_owned(), failure.said.clone().into());
        if let Some((file, line, column)) = &failure.place {
            members.insert("at".to_owned(), json!({"file": file, "line": line, "column": column}));
        }
    }
    format!("{object}\n")
}

/// Returns the last object for programs.
pub(super) fn summary_json(verdicts: &Verdicts) -> String {
    let mut object = json!({
        "type": "summary",
        "run": verdicts.all.len(),
        "passed": verdicts.count(TestOutcome::Passed),
        "failed": verdicts.count(TestOutcome::Failed),
        "timed_out": verdicts.count(TestOutcome::TimedOut),
        "broken": verdicts.count(TestOutcome::Broken),
        "not_run": verdicts.left,
        "elapsed_ms": milliseconds(verdicts.elapsed),
    });
    if let (Some(coverage), Some(members)) = (&verdicts.coverage, object.as_object_mut()) {
        let files = coverage.0.iter().map(|(file, covered)| {
            let ((lines, of_lines), (branches, of_branches)) = (covered.of_lines(), covered.of_branches());
            json!({"file": file, "lines": of_lines, "lines_run": lines, "branches": of_branches, "branches_run": branches})
        });
        members.insert("coverage".to_owned(), files.collect());
    }
    format!("{object}\n")
}

/// Returns a table of the files whose lines were counted.
pub(super) fn coverage(coverage: &Coverage, look: Look) -> String {
    let width = coverage
        .0
        .keys()
        .map(|file| file.chars().count())
        .max()
        .unwrap_or(0)
        .max(5);
    let share = |(part, whole): (usize, usize)| match whole {
        0 => "     -".to_owned(),
        _ => format!("{:>5.1}%", part as f64 * 100.0 / whole as f64),
    };
    let row = |name: &str, lines: (usize, usize), branches: (usize, usize), missed: &str| {
        let (a, b) = (
            format!("{}/{}", lines.0, lines.1),
            format!("{}/{}", branches.0, branches.1),
        );
        let text = format!(
            "{name:width$}  {a:>9} {}  {b:>9} {}  {missed}",
            share(lines),
            share(branches)
        );
        format!("{}\n", text.trim_end())
    };
    let head = format!("{:width$}  {:>16}  {:>16}  lines not run", "file", "lines", "branches");
    let mut text = format!("\n{}\n", look.paint(Label::Task, &head));
    let mut all = ((0, 0), (0, 0));
    for (file, covered) in &coverage.0 {
        let (lines, branches) = (covered.of_lines(), covered.of_branches());
        all = (
            (all.0.0 + lines.0, all.0.1 + lines.1),
            (all.1.0 + branches.0, all.1.1 + branches.1),
        );
        let missed = covered
            .lines
            .iter()
            .filter(|(_, count)| **count == 0)
            .map(|(line, _)| *line);
        let known: Vec<usize> = covered.lines.keys().copied().collect();
        text.push_str(&row(
            file,
            lines,
            branches,
            &ranges(&missed.collect::<Vec<_>>(), &known),
        ));
    }
    text.push_str(&row("all", all.0, all.1, ""));
    text
}

/// Returns ranges like `3, 7-9`; lines with no other statement between them belong together.
fn ranges(missed: &[usize], known: &[usize]) -> String {
    const MOST: usize = 8;
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for line in missed {
        let before = known.iter().rev().find(|other| *other < line);
        match ranges.last_mut() {
            Some((_, last)) if Some(&*last) == before => *last = *line,
            _ => ranges.push((*line, *line)),
        }
    }
    let words: Vec<String> = ranges
        .iter()
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        })
        .collect();
    crate::listed::listed(&words, MOST)
}

/// Returns the lines and branches in the format of `lcov`.
pub(crate) fn lcov(coverage: &Coverage) -> String {
    let mut text = String::new();
    for (file, covered) in &coverage.0 {
        text.push_str(&format!("TN:\nSF:{file}\n"));
        for (line, block, way, count) in &covered.branches {
            text.push_str(&format!("BRDA:{line},{block},{way},{count}\n"));
        }
        let (gone, ways) = covered.of_branches();
        text.push_str(&format!("BRF:{ways}\nBRH:{gone}\n"));
        for (line, count) in &covered.lines {
            text.push_str(&format!("DA:{line},{count}\n"));
        }
        let (run, lines) = covered.of_lines();
        text.push_str(&format!("LF:{lines}\nLH:{run}\nend_of_record\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{coverage, lcov, ranges};
    use crate::report::Look;
    use crate::verdict::{Coverage, Covered};

    #[test]
    fn lines_that_were_not_run_are_told_in_ranges() {
        assert_eq!(ranges(&[3, 5, 6, 9], &[1, 3, 5, 6, 7, 9]), "3-6, 9");
        assert_eq!(ranges(&[], &[1]), "");
    }

    #[test]
    fn coverage_is_a_table_and_a_file_of_lcov() {
        let covered = Covered {
            lines: [(1, 2), (2, 0)].into_iter().collect(),
            branches: vec![(1, 0, 0, 2), (1, 0, 1, 0)],
        };
        let all = Coverage([("a.rhai".to_owned(), covered)].into_iter().collect());
        let look = Look {
            color: false,
            many: false,
            columns: None,
            live: false,
        };
        insta::assert_snapshot!(coverage(&all, look), @r"
        file               lines          branches  lines not run
        a.rhai        1/2  50.0%        1/2  50.0%  2
        all           1/2  50.0%        1/2  50.0%
        ");
        insta::assert_snapshot!(lcov(&all), @r"
        TN:
        SF:a.rhai
        BRDA:1,0,0,2
        BRDA:1,0,1,0
        BRF:2
        BRH:1
        DA:1,2
        DA:2,0
        LF:2
        LH:1
        end_of_record
        ");
    }
}
