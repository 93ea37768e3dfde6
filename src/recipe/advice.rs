//! Advice at the end of a failed run: what is current as far as the run has seen it, and the command that helps now.

use super::{Recipe, Stopped};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Rollback;
use crate::exit::{Cause, Exit};

/// The task of the library that makes a release.
const MAKES: &str = "update_code";
/// The task of the library that makes a release current.
const SWITCHES: &str = "symlink";

/// The advice where a program was not found.
const NOT_FOUND: &str = "a program was not found there: commands run in no login shell, so directories that a login adds to PATH may be missing; \
                         default_environment[\"PATH\"] = \"/opt/ruby/bin:$PATH\"; adds one";

/// Servers that are named in a command.
const NAMED: usize = 8;

impl Recipe {
    /// Adds advice to a failure. `recipe` is the recipe as it is named on a command line, with the stage after it.
    pub fn advise(&self, stopped: &mut Stopped, recipe: &str) {
        let has_begun = |name: &str| {
            let task = self.interpreter.defined().task(name, "");
            task.is_some_and(|task| self.interpreter.runs_of(&task) > 0)
        };
        let mut hints = Vec::new();
        let variables = &self.interpreter.defined().configuration().variables;
        let is_back = variables.exists("was_switched_back");
        match (stopped.rollback, has_begun(MAKES), has_begun(SWITCHES)) {
            (Rollback::Complete, _, true) if is_back => {
                hints.push(
                    "everything was undone: each server is back at the release that was current there before"
                        .to_owned(),
                );
            }
            (Rollback::Complete, true, false) => {
                hints.push("everything was undone: the new release was never current, and is gone".to_owned());
            }
            (Rollback::Incomplete, true, _) | (Rollback::Incomplete, _, true) => {
                hints.push(format!("to see what is current where, and what is left: capr {recipe} recover -n; to put it in order: capr {recipe} recover"));
            }
            _ => {}
        }
        // A run that could not be resumed has said what helps.
        let journal = self.interpreter.journal();
        if journal.can_be_resumed() && !journal.is_refused() {
            hints.push(format!(
                "to go on: capr {recipe} resume; to roll back what it has done: capr {recipe} resume --undo"
            ));
        }
        let diagnostic = &mut stopped.diagnostic;
        if diagnostic.fault == Fault::Connection && !diagnostic.servers.is_empty() {
            let mut servers: Vec<String> = diagnostic
                .servers
                .iter()
                .map(|failed| failed.server.to_string())
                .collect();
            servers.dedup();
            let hosts = match servers.len() {
                1..=NAMED => format!(" HOSTS={}", servers.join(",")),
                _ => String::new(),
            };
            hints.push(format!("to see why: capr doctor {recipe}{hosts}"));
        }
        if not_found(diagnostic) && !diagnostic.hints.iter().any(|hint| hint.contains("not found")) {
            hints.push(NOT_FOUND.to_owned());
        }
        for hint in &mut diagnostic.hints {
            *hint = hint.replace("capr RECIPE ", &format!("capr {recipe} "));
        }
        diagnostic.hints.extend(hints);
    }
}

/// Returns true if a command has ended as a shell ends that does not find a program.
fn not_found(diagnostic: &Diagnostic) -> bool {
    let mut causes = diagnostic.servers.iter().filter_map(|failed| failed.cause.as_ref());
    causes.any(|cause| matches!(cause, Cause::Exit(Exit::Status(127))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::not_found;
    use crate::diagnostic::{Diagnostic, Fault, ServerFailure};
    use crate::exit::{Cause, Exit};

    #[test]
    fn a_shell_ends_with_127_where_it_finds_no_program() {
        let failed = |status| {
            let mut diagnostic = Diagnostic::new(Fault::Failed, "x");
            diagnostic.servers.push(ServerFailure {
                cause: Some(Cause::Exit(Exit::Status(status))),
                ..ServerFailure::new("app1".parse().unwrap(), "exit status")
            });
            diagnostic
        };
        assert!(not_found(&failed(127)));
        assert!(!not_found(&failed(126)) && !not_found(&Diagnostic::new(Fault::Failed, "x")));
    }
}
