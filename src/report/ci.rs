//! The logs of CI services: groups for tasks, and marks for failures at their place, around the lines of the log.

use std::fmt;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::diagnostic::{Diagnostic, ServerFailure, Severity};
use crate::event::Event;

use super::clean::Cleaner;
use super::summary::{JobSummary, SummaryFile};

/// The CI services whose logs have more than lines: groups, marks, a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// GitHub Actions: workflow commands.
    GitHub,
    /// GitLab CI: collapsible sections.
    GitLab,
}

/// The log of a CI service.
pub(crate) struct Ci {
    /// The service.
    pub service: Service,
    /// The checkout; names of files are relative to it.
    pub workspace: Option<PathBuf>,
    /// Receives the summary of the job.
    pub summary: Option<SummaryFile>,
}

/// The log of one job.
pub(super) struct CiJob {
    service: Service,
    cleaner: Cleaner,
    workspace: Option<PathBuf>,
    /// The summary of the job, where the service has one.
    pub(super) summary: Option<JobSummary>,
    /// The open groups of the command line's tasks. Their numbers make the names of sections unique.
    open: Vec<u64>,
    begun: u64,
}

impl fmt::Debug for CiJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

impl CiJob {
    pub(super) fn new(ci: Ci, cleaner: Cleaner) -> Self {
        let summary = ci.summary.map(|file| JobSummary::new(file, cleaner.clone()));
        Self {
            service: ci.service,
            cleaner,
            workspace: ci.workspace,
            summary,
            open: Vec::new(),
            begun: 0,
        }
    }

    /// Returns the marks before and after the lines that report an event.
    pub(super) fn around(&mut self, event: &Event) -> (String, String) {
        match event {
            Event::TaskStarted { task, depth: 0 } => (self.begin(task), String::new()),
            Event::TaskFinished { depth: 0, .. } => (String::new(), self.close()),
            _ => Default::default(),
        }
    }

    /// Begins the group of a task.
    fn begin(&mut self, task: &str) -> String {
        self.begun += 1;
        self.open.push(self.begun);
        let task = self.cleaner.line(task);
        match self.service {
            Service::GitHub => format!("::group::{}\n", data(&task)),
            Service::GitLab => format!(
                "\u{1b}[0Ksection_start:{}:capr_{}\r\u{1b}[0K{task}\n",
                now(),
                self.begun
            ),
        }
    }

    /// Ends the group that is open. Errors are reported outside of groups, which are folded.
    pub(super) fn close(&mut self) -> String {
        let Some(number) = self.open.pop() else {
            return String::new();
        };
        match self.service {
            Service::GitHub => "::endgroup::\n".to_owned(),
            Service::GitLab => format!("\u{1b}[0Ksection_end:{}:capr_{number}\r\u{1b}[0K\n", now()),
        }
    }

    /// Marks a failure at its place in the recipe, and on each server.
    pub(super) fn failure(&self, diagnostic: &Diagnostic) -> String {
        if self.service != Service::GitHub {
            return String::new();
        }
        let kind = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = diagnostic.origin.as_ref().and_then(|origin| {
            let file = self.file(&origin.file)?;
            let column = match origin.column {
                0 => String::new(),
                column => format!(",col={column}"),
            };
            Some(format!("file={},line={}{column},", property(&file), origin.line))
        });
        let mut text = self.cleaner.lines(&diagnostic.message).join("\n");
        for (servers, reason) in ServerFailure::by_reason(&diagnostic.servers) {
            let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
            let line = self.cleaner.line(&format!("{}: {reason}", servers.join(", ")));
            text.push_str(&format!("\n{line}"));
        }
        for hint in &diagnostic.hints {
            text.push_str(&format!("\nhelp: {}", self.cleaner.line(hint)));
        }
        let place = place.unwrap_or_default();
        format!("::{kind} {place}title=capr::{}\n", data(&text))
    }

    /// Returns the path of a recipe's file relative to the checkout; `None` outside of it, or for a file of the standard library.
    fn file(&self, named: &str) -> Option<String> {
        if named.starts_with('<') {
            return None;
        }
        let workspace = self.workspace.as_ref()?;
        let whole = std::path::absolute(named).ok()?;
        let below = whole.strip_prefix(workspace).ok()?;
        Some(below.to_string_lossy().into_owned())
    }

    /// Returns lines that are safe in the log: nothing that servers and recipes print is a command to the service.
    pub(super) fn harmless(&self, lines: &str) -> String {
        if self.service != Service::GitHub {
            return lines.to_owned();
        }
        let lines = lines.split_inclusive('\n').map(|line| {
            let blank = line.len() - line.trim_start().len();
            match line.trim_start().starts_with("::") {
                true => format!("{}:\u{200b}:{}", &line[..blank], &line[blank + 2..]),
                false => line.to_owned(),
            }
        });
        lines.collect::<String>().replace("##[", "# #[")
    }
}

/// Escapes the message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Returns the seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map(|since| since.as_secs()).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::PathBuf;

    use super::{Ci, CiJob, Service};
    use crate::diagnostic::{Diagnostic, Fault, Origin, ServerFailure};
    use crate::event::Event;
    use crate::report::clean::Cleaner;
    use crate::secret::{Redactor, Secret};

    /// Returns the working directory; names of files are relative to it.
    fn here() -> PathBuf {
        std::path::absolute("x").unwrap().parent().unwrap().to_owned()
    }

    fn job(service: Service) -> CiJob {
        let workspace: PathBuf = here().parent().unwrap().to_owned();
        let redactor = Redactor::default();
        redactor.add(&Secret::new("opensesame"));
        let ci = Ci {
            service,
            workspace: Some(workspace),
            summary: None,
        };
        CiJob::new(ci, Cleaner::new(redactor))
    }

    fn started(task: &str) -> Event {
        Event::TaskStarted {
            task: task.into(),
            depth: 0,
        }
    }

    #[test]
    fn a_task_of_the_command_line_is_a_group() {
        let mut github = job(Service::GitHub);
        assert_eq!(github.around(&started("deploy")).0, "::group::deploy\n");
        assert_eq!(github.close(), "::endgroup::\n");
        assert_eq!(github.close(), "");
        let mut gitlab = job(Service::GitLab);
        let begin = gitlab.around(&started("deploy")).0;
        assert!(begin.starts_with("\u{1b}[0Ksection_start:") && begin.ends_with(":capr_1\r\u{1b}[0Kdeploy\n"));
        assert!(gitlab.close().ends_with(":capr_1\r\u{1b}[0K\n"));
    }

    #[test]
    fn a_failure_is_marked_at_its_place_with_its_servers() {
        let mut diagnostic = Diagnostic::new(Fault::Failed, "`x' failed: 100% opensesame");
        diagnostic.origin = Some(Origin {
            file: "config/a,b.rhai".into(),
            line: 3,
            column: 5,
        });
        diagnostic.servers.push(ServerFailure {
            server: "app1".parse().unwrap(),
            cause: None,
            reason: "exit status 1".into(),
            common: None,
            stderr: Vec::new(),
            stdout: Vec::new(),
        });
        diagnostic.hints.push("try again\nopensesame".into());
        let here = here();
        let here = here.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(
            job(Service::GitHub).failure(&diagnostic),
            format!(
                "::error file={here}/config/a%2Cb.rhai,line=3,col=5,title=capr::`x' failed: 100%25 [redacted]%0Aapp1: exit status 1%0Ahelp: try again^J[redacted]\n"
            )
        );
        assert_eq!(job(Service::GitLab).failure(&diagnostic), "");
        diagnostic.origin = Some(Origin {
            file: "<stdlib>/deploy.rhai".into(),
            line: 3,
            column: 5,
        });
        assert!(
            job(Service::GitHub)
                .failure(&diagnostic)
                .starts_with("::error title=capr::")
        );
    }

    #[test]
    fn what_servers_say_is_no_command() {
        let github = job(Service::GitHub);
        for said in ["::error::x\n", "  ::stop-commands::x\n", "a ##[group]b\n"] {
            let told = github.harmless(said);
            assert!(
                !told.trim_start().starts_with("::") && !told.contains("##["),
                "{told:?}"
            );
        }
        assert_eq!(github.harmless(" ** [out :: app1] x\n"), " ** [out :: app1] x\n");
    }
}
