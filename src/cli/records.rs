//! `--report`, `--trace` and `capr report`: the record of a run, written into files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::arguments::{Tool, TypedArguments};
use super::program::Program;
use super::refuse;
use super::shell::Invocation;
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::{Event, Reporter as _};
use crate::io_error::plain;
use crate::place::Draft;
use crate::report::{Console, RunRecord};

/// Files that are written when the run has ended.
pub(super) struct Records {
    page: Option<Target>,
    trace: Option<Target>,
}

/// A file that is replaced as a whole.
struct Target {
    /// Its name as the person has typed it.
    name: String,
    draft: Draft,
}

/// The mode of a new file: it holds the output of servers.
const MODE: u32 = 0o600;

impl Records {
    /// Opens the files that were asked for, so that a run does not end without a place to write to.
    ///
    /// # Errors
    ///
    /// If a file cannot be made, or if nothing runs that could have a record.
    pub(super) fn open(arguments: &TypedArguments, shell: &Invocation) -> Result<Self, Box<Diagnostic>> {
        let lists = arguments.tasks.is_some() || arguments.bare || arguments.explain.is_some() || arguments.servers;
        let runs = matches!(
            arguments.tool(),
            None | Some(Tool::Run | Tool::Resume | Tool::Shell | Tool::Report)
        );
        let is_wanted = arguments.report.is_some() || arguments.trace.is_some();
        if is_wanted && (lists || !runs) {
            let message = "--report and --trace belong to what runs: capr RECIPE deploy --report run.html";
            return Err(Box::new(Diagnostic::new(Fault::Usage, message)));
        }
        if let (Some(page), Some(trace)) = (&arguments.report, &arguments.trace)
            && is_same(page, trace, shell)
        {
            let message = format!("--report and --trace name the same file, {}", page.display());
            return Err(Box::new(Diagnostic::new(Fault::Usage, message)));
        }
        let open = |path: &Option<PathBuf>| path.as_deref().map(|path| Target::open(path, shell)).transpose();
        Ok(Self {
            page: open(&arguments.report)?,
            trace: open(&arguments.trace)?,
        })
    }

    /// Returns the file of these that is also read.
    fn target_of(&self, log: &Path, shell: &Invocation) -> Option<&Target> {
        let mut targets = [&self.page, &self.trace].into_iter().flatten();
        targets.find(|target| is_same(log, Path::new(&target.name), shell))
    }

    /// Returns true if a record is to be kept.
    pub(super) fn are_wanted(&self) -> bool {
        self.page.is_some() || self.trace.is_some()
    }

    /// Writes the files; returns all errors.
    fn write(self, record: &mut RunRecord) -> Vec<Diagnostic> {
        let page = self.page.map(|target| target.write(&record.page()));
        let trace = self.trace.map(|target| target.write(&record.trace()));
        [page, trace]
            .into_iter()
            .flatten()
            .filter_map(Result::err)
            .map(|wrong| *wrong)
            .collect()
    }

    /// Writes the files at the end of a run that has ended with this code, and returns the exit code.
    pub(super) fn finish(self, code: u8, console: &Console) -> u8 {
        let Some(mut record) = console.take_record() else {
            return code;
        };
        let wrong = self.write(&mut record);
        if wrong.is_empty() {
            return code;
        }
        let failed = refuse(console, &wrong);
        if code == 0 { failed } else { code }
    }
}

impl Target {
    fn open(path: &Path, shell: &Invocation) -> Result<Self, Box<Diagnostic>> {
        let name = path.display().to_string();
        match Draft::of(&shell.directory.join(path), MODE) {
            Ok(draft) => Ok(Self { name, draft }),
            Err(error) => {
                let message = format!("cannot write {name}: {}", plain(&error));
                Err(Box::new(Diagnostic::new(Fault::Usage, message)))
            }
        }
    }

    fn write(mut self, text: &str) -> Result<(), Box<Diagnostic>> {
        let written = self.draft.write(text).and_then(|()| self.draft.replace());
        written.map_err(|error| {
            let message = format!("cannot write {}: {}", self.name, plain(&error));
            Box::new(Diagnostic::new(Fault::Failed, message))
        })
    }
}

/// Returns true if two names lead to the same file, whether it is there or not.
fn is_same(one: &Path, other: &Path, shell: &Invocation) -> bool {
    let whole = |path: &Path| {
        let path = shell.directory.join(path);
        path.canonicalize().unwrap_or(path)
    };
    whole(one) == whole(other)
}

/// Makes the page, or whatever else was asked for, from a log in JSON.
pub(super) fn of_log(arguments: &TypedArguments, records: Records, shell: &Invocation, console: &Console) -> u8 {
    let [_, named] = arguments.words.as_slice() else {
        let message = "report takes the file of a log in JSON: capr report run.json > run.html";
        return refuse(console, &[Diagnostic::new(Fault::Usage, message)]);
    };
    if let Some(target) = records.target_of(Path::new(named), shell) {
        let message = format!("{} is the log itself, which the record would replace", target.name);
        let hint = "name another file behind --report or --trace";
        return refuse(console, &[Diagnostic::new(Fault::Usage, message).hint(hint)]);
    }
    let text = match named.as_str() {
        "-" => {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
        }
        named => std::fs::read_to_string(shell.directory.join(named)),
    };
    let record = match text {
        Ok(text) => RunRecord::of_log(&text),
        Err(error) => Err(plain(&error)),
    };
    let mut record = match record {
        Ok(record) => record,
        Err(reason) => {
            let message = format!("cannot read the log {named}: {reason}");
            return refuse(console, &[Diagnostic::new(Fault::Failed, message)]);
        }
    };
    if !records.are_wanted() {
        console.data(&record.page());
        return 0;
    }
    match records.write(&mut record).as_slice() {
        [] => 0,
        wrong => refuse(console, wrong),
    }
}

/// Reports the subject of a run, for records and for logs in JSON.
pub(super) fn begin(recipes: &[PathBuf], words: &[String], program: &Program) {
    let directory = std::env::current_dir().unwrap_or_default();
    program.console.clone().report(&Event::RunStarted {
        recipes: recipes.iter().map(|recipe| recipe.display().to_string()).collect(),
        words: words.to_vec(),
        directory: directory.display().to_string(),
        user: program.shell.user(),
    });
}
