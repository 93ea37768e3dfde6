//! The results of tests for CI services: JUnit's XML.

use std::fmt::Write;

use crate::report::record;
use crate::sort;
use crate::verdict::{TestOutcome, Verdict, Verdicts};

/// Returns the whole file.
pub(crate) fn junit(verdicts: &Verdicts) -> String {
    let mut files: Vec<&str> = verdicts.all.iter().map(|verdict| verdict.case.file.as_str()).collect();
    files.sort();
    files.dedup();
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(
        text,
        "<testsuites name=\"capr\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3}\">",
        verdicts.all.len(),
        failures(&verdicts.all),
        errors(&verdicts.all),
        verdicts.elapsed.as_secs_f64()
    );
    for file in files {
        suite(&mut text, file, verdicts);
    }
    text.push_str("</testsuites>\n");
    text
}

fn failures<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> usize {
    let is_failure = |verdict: &&Verdict| matches!(verdict.outcome, TestOutcome::Failed | TestOutcome::TimedOut);
    verdicts.into_iter().filter(is_failure).count()
}

fn errors<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> usize {
    let is_error = |verdict: &&Verdict| verdict.outcome == TestOutcome::Broken;
    verdicts.into_iter().filter(is_error).count()
}

fn suite(text: &mut String, file: &str, verdicts: &Verdicts) {
    let mut own: Vec<&Verdict> = verdicts
        .all
        .iter()
        .filter(|verdict| verdict.case.file == file)
        .collect();
    sort::by_key(&mut own, |verdict| verdict.case.line);
    let time: f64 = own.iter().map(|verdict| verdict.elapsed.as_secs_f64()).sum();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{time:.3}\">",
        escaped(file),
        own.len(),
        failures(own.iter().copied()),
        errors(own.iter().copied())
    );
    for verdict in own {
        let name = match verdict.case.name.as_str() {
            "" => "the file is read",
            name => name,
        };
        let _ = write!(
            text,
            "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.3}\"",
            escaped(name),
            escaped(file),
            escaped(file),
            verdict.case.line,
            verdict.elapsed.as_secs_f64()
        );
        let Some(failure) = &verdict.failure else {
            text.push_str("/>\n");
            continue;
        };
        let element = if verdict.outcome == TestOutcome::Broken {
            "error"
        } else {
            "failure"
        };
        let message = failure.message.lines().next().unwrap_or_default();
        let _ = writeln!(
            text,
            ">\n      <{element} message=\"{}\">{}</{element}>",
            escaped(message),
            escaped(&failure.plain)
        );
        if !failure.said.is_empty() {
            let _ = writeln!(
                text,
                "      <system-out>{}</system-out>",
                escaped(&failure.said.join("\n"))
            );
        }
        text.push_str("    </testcase>\n");
    }
    text.push_str("  </testsuite>\n");
}

/// Returns a string for XML; characters that XML cannot hold are replaced.
fn escaped(text: &str) -> String {
    let held = text.chars().map(|c| match c {
        '\n' | '\t' => c,
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    });
    record::escaped(&held.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::junit;
    use crate::verdict::{Case, TestFailure, TestOutcome, Verdict, Verdicts};

    #[test]
    fn tests_are_written_as_ci_services_read_them() {
        let verdict = |name: &str, line, outcome, message: Option<&str>| Verdict {
            case: Case {
                file: "a_test.rhai".to_owned(),
                name: name.to_owned(),
                line,
            },
            outcome,
            elapsed: Duration::from_millis(20),
            failure: message.map(|message| TestFailure {
                message: message.to_owned(),
                plain: format!("error: {message}\n"),
                said: vec!["a\u{1b}b".to_owned()],
                ..TestFailure::default()
            }),
        };
        let verdicts = Verdicts {
            all: vec![
                verdict("b", 9, TestOutcome::Failed, Some("a < b\n& more")),
                verdict("a", 3, TestOutcome::Passed, None),
            ],
            elapsed: Duration::from_millis(30),
            ..Verdicts::default()
        };
        insta::assert_snapshot!(junit(&verdicts), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="capr" tests="2" failures="1" errors="0" time="0.030">
          <testsuite name="a_test.rhai" tests="2" failures="1" errors="0" time="0.040">
            <testcase name="a" classname="a_test.rhai" file="a_test.rhai" line="3" time="0.020"/>
            <testcase name="b" classname="a_test.rhai" file="a_test.rhai" line="9" time="0.020">
              <failure message="a &lt; b">error: a &lt; b
        &amp; more
        </failure>
              <system-out>a�b</system-out>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }
}
