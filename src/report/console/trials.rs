//! The reports about tests of recipes.

use crate::diagnostic::Diagnostic;
use crate::verdict::{Case, Verdict, Verdicts};

use super::super::palette::Look;
use super::super::{diagnostic, verdicts};
use super::Console;

impl Console {
    /// Reports that tests are about to run.
    pub(crate) fn tests_start(&self, tests: usize, files: usize) {
        let mut inner = self.0.borrow_mut();
        let text = verdicts::starting(tests, files, inner.look);
        inner.say(&text);
    }

    /// Reports a test that has ended: for a person on standard error, or for a program.
    pub(crate) fn test_ended(&self, verdict: &Verdict, json: bool) {
        let mut inner = self.0.borrow_mut();
        match json {
            true => inner.hand_out(&verdicts::ended_json(verdict)),
            false => {
                let text = verdicts::ended(verdict, inner.look);
                inner.say(&text);
            }
        }
    }

    /// Reports that all tests have ended.
    pub(crate) fn tests_ended(&self, all: &Verdicts, json: bool) {
        let mut inner = self.0.borrow_mut();
        if json {
            return inner.hand_out(&verdicts::summary_json(all));
        }
        let mut text = verdicts::summary(all, inner.look, &inner.cleaner);
        if let Some(coverage) = &all.coverage {
            text.push_str(&verdicts::coverage(coverage, inner.look));
        }
        inner.say(&text);
    }

    /// Lists the tests on standard output.
    pub(crate) fn tests(&self, cases: &[Case], json: bool) {
        self.0.borrow_mut().hand_out(&verdicts::listed(cases, json));
    }

    /// Returns the message of a failure as whole lines: with colours if they are wanted, and without.
    pub(crate) fn told(&self, failure: &Diagnostic) -> (String, String) {
        let inner = self.0.borrow();
        let render = |color| {
            let text = diagnostic::render(failure, Look { color, ..inner.look }, &inner.cleaner);
            inner.cleaner.whole(&text, color).as_str().to_owned()
        };
        (render(inner.look.color), render(false))
    }

    /// Returns a line as it may be shown.
    pub(crate) fn cleaned_line(&self, text: &str) -> String {
        self.0.borrow().cleaner.line(text)
    }
}
