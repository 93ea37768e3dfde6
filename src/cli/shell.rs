//! The surroundings of the process besides its arguments: directory, environment, terminals. Read once.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use rustix::process::Rlimit;
use rustix::termios::tcgetwinsize;

use crate::event::Level;
use crate::place::append;
use crate::report::{Ci, Format, Look, Service, Size, SummaryFile};
use crate::run_id::RunId;

use super::arguments::{ColorChoice, LogFormat, Tool, TypedArguments};

/// Directory, environment and terminals.
#[derive(Clone, Debug, Default)]
pub(super) struct Invocation {
    pub(super) directory: PathBuf,
    /// The environment; variables that are not UTF-8 are left out, as a recipe could not hold them.
    pub(super) environment: IndexMap<String, String>,
    /// Standard error: true if it is a terminal, and its width if it is known.
    pub(super) messages: StreamTerminal,
    /// The same for standard output.
    pub(super) data: StreamTerminal,
    /// The limit for core files with which this process was started.
    pub(super) core_files: Option<Rlimit>,
    /// The name of this run.
    pub(super) run: RunId,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StreamTerminal {
    pub(super) is_terminal: bool,
    pub(super) columns: Option<usize>,
}

impl Invocation {
    pub(super) fn of_process(core_files: Rlimit) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            environment,
            messages: terminal(stderr),
            data: terminal(stdout),
            core_files: Some(core_files),
            run: RunId::new(),
        }
    }

    /// Returns a variable that is set and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns the name of the user.
    pub(super) fn user(&self) -> String {
        let named = self.variable("USER").or_else(|| self.variable("LOGNAME"));
        named.map(str::to_owned).or_else(user_of_process).unwrap_or_default()
    }

    /// Returns true if the terminal is known to have 256 colours.
    fn has_many_colors(&self) -> bool {
        let term = self.variable("TERM").unwrap_or_default();
        let known = ["256color", "direct", "kitty", "alacritty", "foot", "ghostty", "wezterm"];
        self.variable("COLORTERM").is_some() || known.iter().any(|name| term.contains(name))
    }

    pub(super) fn is_dumb(&self) -> bool {
        self.variable("TERM") == Some("dumb")
    }
}

/// Returns the user's name from the system if the environment does not have it, as in many containers.
fn user_of_process() -> Option<String> {
    let id = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    })
}

fn terminal<T: IsTerminal + AsFd>(stream: fn() -> T) -> StreamTerminal {
    let is_terminal = stream().is_terminal();
    let size = if is_terminal { size_of(stream) } else { None };
    let columns = size.map(|size| size.columns);
    StreamTerminal { is_terminal, columns }
}

/// Returns the size of standard error at this moment, if it is a terminal that tells its size.
pub(super) fn size() -> Option<Size> {
    size_of(stderr)
}

fn size_of<T: AsFd>(stream: fn() -> T) -> Option<Size> {
    let size = tcgetwinsize(stream()).ok()?;
    let (columns, rows) = (usize::from(size.ws_col), usize::from(size.ws_row));
    (columns > 0).then_some(Size { columns, rows })
}

/// The way in which a run is reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presentation {
    pub(super) format: Format,
    pub(super) threshold: Level,
    pub(super) stamps: bool,
    pub(super) look: Look,
    pub(super) data_columns: Option<usize>,
    /// The CI service, if the log is that of one.
    pub(super) service: Option<Service>,
}

impl Presentation {
    /// Returns the presentation without any options.
    pub(super) fn unasked(shell: &Invocation) -> Self {
        Self::new(None, ColorChoice::Auto, Level::Info, shell)
    }

    pub(super) fn resolve(arguments: &TypedArguments, shell: &Invocation) -> Self {
        let is_listing = arguments.tasks.is_some()
            || arguments.bare
            || arguments.servers
            || arguments.explain.is_some()
            || arguments
                .tool()
                .is_some_and(|tool| !matches!(tool, Tool::Run | Tool::Shell));
        let threshold = match arguments.verbose {
            0 if arguments.quiet || is_listing => Level::Important,
            0 => Level::Info,
            1 => Level::Debug,
            _ => Level::Trace,
        };
        Self {
            stamps: arguments.timestamps,
            ..Self::new(arguments.log_format, arguments.color, threshold, shell)
        }
    }

    fn new(format: Option<LogFormat>, color: ColorChoice, threshold: Level, shell: &Invocation) -> Self {
        let is_able = shell.messages.is_terminal && !shell.is_dumb();
        let is_job = |name| !shell.messages.is_terminal && shell.variable(name) == Some("true");
        let service = match format {
            Some(LogFormat::Github) => Some(Service::GitHub),
            Some(LogFormat::Gitlab) => Some(Service::GitLab),
            None if is_job("GITHUB_ACTIONS") => Some(Service::GitHub),
            None if is_job("GITLAB_CI") => Some(Service::GitLab),
            _ => None,
        };
        let format = match format {
            Some(LogFormat::Pretty) => Format::Pretty,
            Some(LogFormat::Json) => Format::Json,
            None if is_able => Format::Pretty,
            Some(LogFormat::Plain | LogFormat::Github | LogFormat::Gitlab) | None => Format::Plain,
        };
        let is_forced = || shell.variable("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let color = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => shell.variable("NO_COLOR").is_none() && (is_able || is_forced()),
        };
        Self {
            format,
            threshold,
            stamps: false,
            look: Look {
                color,
                many: shell.has_many_colors(),
                columns: shell.messages.columns,
                live: is_able && format == Format::Pretty && threshold >= Level::Info,
            },
            data_columns: shell.data.is_terminal.then(|| shell.data.columns.unwrap_or(80)),
            service,
        }
    }

    /// Returns the log of a CI service, if there is one.
    pub(super) fn ci(&self, shell: &Invocation) -> Option<Ci> {
        let service = self.service?;
        let workspace = match service {
            Service::GitHub => shell.variable("GITHUB_WORKSPACE"),
            Service::GitLab => shell.variable("CI_PROJECT_DIR"),
        };
        let summary = shell
            .variable("GITHUB_STEP_SUMMARY")
            .filter(|_| service == Service::GitHub);
        let summary = summary.map(|path| SummaryFile {
            name: path.to_owned(),
            file: append(Path::new(path)).map(|file| Box::new(file) as Box<dyn Write>),
        });
        Some(Ci {
            service,
            workspace: workspace.map(PathBuf::from),
            summary,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Parser;

    use super::{Invocation, Presentation, StreamTerminal};
    use crate::cli::arguments::TypedArguments;
    use crate::event::Level;
    use crate::report::{Format, Service};

    fn presentation(arguments: &[&str], environment: &[(&str, &str)], is_terminal: bool) -> Presentation {
        let terminal = StreamTerminal {
            is_terminal,
            columns: is_terminal.then_some(100),
        };
        let shell = Invocation {
            environment: environment
                .iter()
                .map(|(name, value)| (String::from(*name), String::from(*value)))
                .collect(),
            messages: terminal,
            data: terminal,
            ..Invocation::default()
        };
        let arguments = ["capr", "deploy"].iter().chain(arguments);
        Presentation::resolve(&TypedArguments::try_parse_from(arguments).unwrap(), &shell)
    }

    #[test]
    fn o4_colours_are_for_terminals_and_can_be_forced_or_forbidden() {
        for (arguments, environment, is_terminal, color) in [
            (&[][..], &[][..], true, true),
            (&[], &[], false, false),
            (&[], &[("NO_COLOR", "1")], true, false),
            (&[], &[("NO_COLOR", "")], true, true),
            (&[], &[("TERM", "dumb")], true, false),
            (&[], &[("CLICOLOR_FORCE", "1")], false, true),
            (&[], &[("CLICOLOR_FORCE", "0")], false, false),
            (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false),
            (&["--color", "always"], &[("NO_COLOR", "1")], false, true),
            (&["--color=never"], &[], true, false),
        ] {
            let found = presentation(arguments, environment, is_terminal);
            assert_eq!(found.look.color, color, "{arguments:?} {environment:?} {is_terminal}");
        }
    }

    #[test]
    fn l4_q_shows_what_is_important_and_each_v_more() {
        for (arguments, level) in [
            (&[][..], Level::Info),
            (&["-q"], Level::Important),
            (&["-v"], Level::Debug),
            (&["-vv"], Level::Trace),
            (&["-v", "-v", "-v"], Level::Trace),
            (&["-T"], Level::Important),
            (&["-vT"], Level::Debug),
        ] {
            assert_eq!(presentation(arguments, &[], false).threshold, level, "{arguments:?}");
        }
    }

    #[test]
    fn the_log_of_a_ci_service_is_told_as_it_shows_it_unless_another_form_was_asked_for() {
        let github = &[("GITHUB_ACTIONS", "true")][..];
        for (arguments, environment, is_terminal, service) in [
            (&[][..], github, false, Some(Service::GitHub)),
            (&[], &[("GITLAB_CI", "true")], false, Some(Service::GitLab)),
            (&[], &[("GITHUB_ACTIONS", "no")], false, None),
            (&[], github, true, None),
            (&["--log-format=plain"], github, false, None),
            (&["--log-format=json"], github, false, None),
            (&["--log-format=github"], &[], false, Some(Service::GitHub)),
            (&["--log-format=gitlab"], &[], true, Some(Service::GitLab)),
        ] {
            let found = presentation(arguments, environment, is_terminal);
            assert_eq!(found.service, service, "{arguments:?} {environment:?} {is_terminal}");
        }
    }

    #[test]
    fn a_terminal_is_told_the_pretty_form_and_only_it_is_redrawn() {
        let terminal = presentation(&[], &[], true);
        assert_eq!((terminal.format, terminal.look.live), (Format::Pretty, true));
        let pipe = presentation(&[], &[], false);
        assert_eq!((pipe.format, pipe.look.live), (Format::Plain, false));
        let asked = presentation(&["--log-format=pretty"], &[], false);
        assert_eq!((asked.format, asked.look.live), (Format::Pretty, false));
        let dumb = presentation(&[], &[("TERM", "dumb")], true);
        assert_eq!((dumb.format, dumb.look.live), (Format::Plain, false));
    }
}
