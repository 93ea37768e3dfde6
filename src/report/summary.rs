//! The summary of a job of GitHub Actions: Markdown that stands on the page of the workflow's run.

use std::fmt;
use std::io::{self, Write};

use crate::diagnostic::{ServerFailure, Severity};
use crate::event::Event;
use crate::io_error::plain as plain_error;
use crate::listed::counted;

use super::clean::Cleaner;

/// The most bytes of errors. GitHub shows no summary of a step that is longer than 1 MiB.
const MOST: usize = 64 << 10;

/// The file that the service gives for the summary.
pub(crate) struct SummaryFile {
    /// Its path, for messages.
    pub name: String,
    /// The file, or why it cannot be written.
    pub file: io::Result<Box<dyn Write>>,
}

/// The summary of one job.
pub(super) struct JobSummary {
    file: SummaryFile,
    cleaner: Cleaner,
    /// The words of the command line.
    words: Vec<String>,
    /// The release that was made, in words.
    release: Option<String>,
    /// The errors and warnings, as they stand in the log.
    told: String,
    errors: usize,
    warnings: usize,
    is_ended: bool,
}

impl fmt::Debug for JobSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSummary").finish_non_exhaustive()
    }
}

impl JobSummary {
    pub(super) fn new(file: SummaryFile, cleaner: Cleaner) -> Self {
        Self {
            file,
            cleaner,
            words: Vec::new(),
            release: None,
            told: String::new(),
            errors: 0,
            warnings: 0,
            is_ended: false,
        }
    }

    /// Takes what an event says of the run as a whole.
    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::RunStarted { words, .. } => self.words.clone_from(words),
            Event::Deployed { facts } => {
                let fact = |name: &str| facts.iter().find(|(fact, _)| *fact == name).map(|(_, value)| value);
                let named = [
                    ("application", "application"),
                    ("stage", "stage"),
                    ("branch", "branch"),
                    ("revision", "real_revision"),
                    ("release", "release_path"),
                ];
                let all = named
                    .iter()
                    .filter_map(|(word, name)| Some(format!("{word} {}", fact(name)?)));
                self.release = Some(all.collect::<Vec<String>>().join(", "));
            }
            _ => {}
        }
    }

    /// Takes an error or a warning, as it stands in the log.
    pub(super) fn failure(&mut self, severity: Severity, text: &str) {
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
        self.told.push_str(text);
    }

    /// Writes the summary at the end of a run: its closing line, the failures on servers, and what else stands in the log at the end.
    /// Returns why it cannot be written.
    pub(super) fn end(&mut self, ok: bool, line: &str, failures: &[ServerFailure], also: &str) -> Option<String> {
        self.told.push_str(also);
        let mark = if ok { "✅" } else { "❌" };
        let text = self.text(mark, line, failures);
        self.write(&text)
    }

    /// Writes the summary where nothing ran, if there is anything to say. Returns why it cannot be written.
    pub(super) fn end_without_run(&mut self) -> Option<String> {
        if self.is_ended || self.errors + self.warnings == 0 {
            return None;
        }
        let counted = |number: usize, noun| (number > 0).then(|| counted(number, noun));
        let found = [counted(self.errors, "error"), counted(self.warnings, "warning")];
        let line = found.into_iter().flatten().collect::<Vec<String>>().join(", ");
        let mark = if self.errors > 0 { "❌" } else { "⚠️" };
        let text = self.text(mark, &line, &[]);
        self.write(&text)
    }

    fn write(&mut self, text: &str) -> Option<String> {
        self.is_ended = true;
        let reason = match &mut self.file.file {
            Ok(file) => {
                let written = file.write_all(text.as_bytes()).and_then(|()| file.flush());
                plain_error(&written.err()?)
            }
            Err(error) => plain_error(error),
        };
        Some(format!(
            "cannot write the summary of the job to {}: {reason}",
            self.file.name
        ))
    }

    /// Returns the summary in Markdown.
    fn text(&self, mark: &str, line: &str, failures: &[ServerFailure]) -> String {
        let shown = |text: &str| plain(&self.cleaner.line(text));
        let words: String = self.words.iter().map(|word| format!(" {}", shown(word))).collect();
        let mut text = format!("### {mark} capr{words}\n\n{}\n\n", shown(line));
        if let Some(release) = self.release.as_ref().filter(|_| mark == "✅") {
            text.push_str(&format!("{}\n\n", shown(release)));
        }
        if !failures.is_empty() {
            text.push_str("| server | what happened |\n|---|---|\n");
            for (servers, reason) in ServerFailure::by_reason(failures) {
                let mut servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
                servers.sort();
                servers.dedup();
                text.push_str(&format!("| {} | {} |\n", shown(&servers.join(", ")), shown(reason)));
            }
            text.push('\n');
        }
        let told = self.cleaner.lines(&self.told).join("\n");
        if !told.trim().is_empty() {
            let (kept, rest) = told.split_at(told.floor_char_boundary(MOST));
            let cut = if rest.is_empty() {
                ""
            } else {
                "\n… the log has the rest"
            };
            text.push_str(&format!("<pre>\n{}{cut}\n</pre>\n\n", markup(kept)));
        }
        text
    }
}

/// Returns text in which nothing is Markdown or HTML.
fn plain(text: &str) -> String {
    let is_markup = |c: char| {
        c.is_ascii_punctuation() && !matches!(c, ',' | '.' | ':' | ';' | '\'' | '"' | '(' | ')' | '/' | '-' | '%')
    };
    text.chars()
        .map(|c| match is_markup(c) {
            true => format!("&#{};", u32::from(c)),
            false => c.to_string(),
        })
        .collect()
}

/// Returns text for an HTML element in which lines are kept: nothing in it is HTML, and no line ends the element.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cell::RefCell;
    use std::io::{self, Write};
    use std::rc::Rc;

    use super::{JobSummary, MOST, SummaryFile};
    use crate::diagnostic::{ServerFailure, Severity};
    use crate::event::Event;
    use crate::report::clean::Cleaner;
    use crate::secret::{Redactor, Secret};

    #[derive(Clone, Default)]
    struct Written(Rc<RefCell<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        fn text(&self) -> String {
            String::from_utf8(self.0.borrow().clone()).unwrap()
        }
    }

    fn summary(file: io::Result<Box<dyn Write>>) -> JobSummary {
        let redactor = Redactor::default();
        redactor.add(&Secret::new("opensesame"));
        let name = "/x/summary".to_owned();
        JobSummary::new(SummaryFile { name, file }, Cleaner::new(redactor))
    }

    fn run(words: &[&str]) -> Event {
        Event::RunStarted {
            recipes: vec!["deploy.rhai".into()],
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            directory: "/x".into(),
            user: "ann".into(),
        }
    }

    fn failure(reason: &str) -> ServerFailure {
        ServerFailure {
            stderr: vec!["here".into()],
            ..ServerFailure::new("app1".parse().unwrap(), reason)
        }
    }

    #[test]
    fn a_failed_run_is_told_with_its_servers_and_its_errors_and_nothing_in_it_is_markup() {
        let file = Written::default();
        let mut summary = summary(Ok(Box::new(file.clone())));
        summary.take(&run(&["production", "deploy"]));
        summary.failure(Severity::Error, "error: `x </pre> *y*' failed\nhelp: opensesame\n");
        let reason = "said <b>| $a$ opensesame";
        let other = ServerFailure::new("app0".parse().unwrap(), reason);
        let told = summary.end(false, "failed: 1 task", &[failure(reason), other], "not rolled back:\n");
        assert_eq!(told, None);
        assert_eq!(
            file.text(),
            "### ❌ capr production deploy\n\nfailed: 1 task\n\n| server | what happened |\n|---|---|\n\
             | app0, app1 | said &#60;b&#62;&#124; &#36;a&#36; &#91;redacted&#93; |\n\n\
             <pre>\nerror: `x &lt;/pre&gt; *y*' failed\nhelp: [redacted]\nnot rolled back:\n</pre>\n\n"
        );
        // It is written once.
        assert_eq!(summary.end_without_run(), None);
        assert_eq!(file.text().matches("###").count(), 1);
    }

    #[test]
    fn a_release_is_told_where_it_was_made() {
        let file = Written::default();
        let mut summary = summary(Ok(Box::new(file.clone())));
        let facts = vec![
            ("application", "shop".to_owned()),
            ("release_path", "/u/apps/shop/releases/1".to_owned()),
        ];
        summary.take(&Event::Deployed { facts });
        summary.end(true, "done: 1 task", &[], "");
        assert_eq!(
            file.text(),
            "### ✅ capr\n\ndone: 1 task\n\napplication shop, release /u/apps/shop/releases/1\n\n"
        );
    }

    #[test]
    fn what_is_wrong_before_a_run_is_told_too_and_nothing_where_all_is_well() {
        let file = Written::default();
        let mut one = summary(Ok(Box::new(file.clone())));
        assert_eq!(one.end_without_run(), None);
        assert_eq!(file.text(), "");
        one.failure(Severity::Warning, "warning: a\n");
        one.failure(Severity::Error, &"ü".repeat(MOST));
        assert_eq!(one.end_without_run(), None);
        let text = file.text();
        assert!(
            text.starts_with("### ❌ capr\n\n1 error, 1 warning\n\n<pre>\nwarning: a\n"),
            "{text:.80}"
        );
        assert!(text.ends_with("\n… the log has the rest\n</pre>\n\n") && text.len() < MOST + 200);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told() {
        let mut one = summary(Err(io::Error::from(io::ErrorKind::NotFound)));
        let told = one.end(true, "done", &[], "").unwrap();
        assert!(
            told.starts_with("cannot write the summary of the job to /x/summary: "),
            "{told}"
        );
    }
}
