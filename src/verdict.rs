//! The results of the tests of recipes. The process that runs a test reports its result to the process that started it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sort;

/// The order for the process of a test, on its standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The test file, as the person names it.
    pub file: String,
    /// The test; without one, the file is only read for its tests.
    pub case: Option<String>,
    /// The assignments `NAME=value` of the command line.
    pub environment: Vec<(String, String)>,
    /// True if the lines that run are counted.
    pub counts: bool,
    /// True if messages have colours.
    pub color: bool,
    /// The columns of the terminal, if there is one.
    pub columns: Option<usize>,
}

/// The answer of the process of a test, on its standard output.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Reply {
    /// The tests of the file, if they were asked for.
    pub cases: Vec<Case>,
    /// The failure, if there was one.
    pub failure: Option<TestFailure>,
    /// The lines that were run.
    pub coverage: Coverage,
}

/// A test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Case {
    /// Its file, as the person names it.
    pub file: String,
    /// Its name, which no other test of the file has.
    pub name: String,
    /// The line where it begins.
    pub line: usize,
}

/// The failure of a test.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct TestFailure {
    /// The message, in one line or several.
    pub message: String,
    /// The file, line and column of the mistake.
    pub place: Option<(String, usize, usize)>,
    /// The message for a person, with the line and a caret; possibly with colours.
    pub shown: String,
    /// The same without colours.
    pub plain: String,
    /// The lines that the test said and printed.
    pub said: Vec<String>,
}

/// The end of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TestOutcome {
    /// The test ran to its end.
    Passed,
    /// An expectation was not met.
    Failed,
    /// It was ended at its time limit.
    TimedOut,
    /// The file could not be read, or its process died.
    Broken,
}

/// A test and its result.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// The test; its name is empty for a file that could not be read.
    pub case: Case,
    /// Its end.
    pub outcome: TestOutcome,
    /// The time that it took.
    pub elapsed: Duration,
    /// The failure, if it did not pass.
    pub failure: Option<TestFailure>,
}

/// The results of all tests.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    /// The results in the order in which the tests ended.
    pub all: Vec<Verdict>,
    /// The number of tests that were not begun because one before them failed.
    pub left: usize,
    /// The time that all took together.
    pub elapsed: Duration,
    /// The lines that ran, if they were counted.
    pub coverage: Option<Coverage>,
}

impl Verdicts {
    /// Returns the number of tests that ended in this way.
    pub(crate) fn count(&self, outcome: TestOutcome) -> usize {
        self.all.iter().filter(|verdict| verdict.outcome == outcome).count()
    }

    /// Returns those that did not pass, by file and line.
    pub(crate) fn failed(&self) -> Vec<&Verdict> {
        let mut failed: Vec<&Verdict> = self
            .all
            .iter()
            .filter(|verdict| verdict.outcome != TestOutcome::Passed)
            .collect();
        sort::by(&mut failed, |a, b| {
            (&a.case.file, a.case.line).cmp(&(&b.case.file, b.case.line))
        });
        failed
    }
}

/// The files whose lines are counted, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage(pub BTreeMap<String, Covered>);

/// The part of a file that was run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// The lines with a statement, and how often each was run.
    pub lines: BTreeMap<usize, u64>,
    /// The branches, and how often each was taken: line, number of the statement in it, number of the branch, count.
    pub branches: Vec<(usize, usize, usize, u64)>,
}

impl Coverage {
    /// Adds the counts of another process.
    pub fn add(&mut self, other: Self) {
        for (file, covered) in other.0 {
            let all = self.0.entry(file).or_default();
            for (line, count) in covered.lines {
                *all.lines.entry(line).or_default() += count;
            }
            for branch in covered.branches {
                let (line, block, way, count) = branch;
                let is_same =
                    |known: &&mut (usize, usize, usize, u64)| (known.0, known.1, known.2) == (line, block, way);
                match all.branches.iter_mut().find(is_same) {
                    Some(known) => known.3 += count,
                    None => all.branches.push(branch),
                }
            }
            sort::by(&mut all.branches, Ord::cmp);
        }
    }
}

impl Covered {
    /// Returns the number of lines that ran, and the number of all lines.
    pub fn of_lines(&self) -> (usize, usize) {
        let run = self.lines.values().filter(|count| **count > 0).count();
        (run, self.lines.len())
    }

    /// Returns the number of branches that were taken, and the number of all branches.
    pub fn of_branches(&self) -> (usize, usize) {
        let gone = self.branches.iter().filter(|branch| branch.3 > 0).count();
        (gone, self.branches.len())
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::{Coverage, Covered};

    #[test]
    fn what_processes_have_run_is_added() {
        let of = |lines: &[(usize, u64)], branches: &[(usize, usize, usize, u64)]| {
            let covered = Covered {
                lines: lines.iter().copied().collect(),
                branches: branches.to_vec(),
            };
            Coverage([("a.rhai".to_owned(), covered)].into_iter().collect())
        };
        let mut all = of(&[(1, 1), (2, 0)], &[(1, 0, 0, 1), (1, 0, 1, 0)]);
        all.add(of(&[(2, 3), (4, 0)], &[(1, 0, 1, 2)]));
        assert_eq!(all, of(&[(1, 1), (2, 3), (4, 0)], &[(1, 0, 0, 1), (1, 0, 1, 2)]));
        let covered = &all.0["a.rhai"];
        assert_eq!((covered.of_lines(), covered.of_branches()), ((2, 3), (2, 2)));
    }
}
