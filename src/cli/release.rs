//! `capr --version --check`: asks whether there is a newer release. Nothing asks without this option.

use super::refuse;
use super::shell::Invocation;
use crate::diagnostic::{Diagnostic, Fault};
use crate::libraries::newest;
use crate::report::Console;

/// The variable that names another repository than the one that this program was built from: a mirror, or one's own.
const VARIABLE: &str = "CAPR_REPOSITORY";

/// Says on standard output whether this version is the newest release, and returns the exit code: 1 if that cannot be found out.
pub(super) fn check(shell: &Invocation, console: &Console) -> u8 {
    let built_from = Some(env!("CARGO_PKG_REPOSITORY")).filter(|address| !address.is_empty());
    let Some(address) = shell.variable(VARIABLE).or(built_from) else {
        let message = "this capr does not know where its releases are";
        let hint = format!("name the git repository whose tags they are: {VARIABLE}=https://… capr --version --check");
        return refuse(console, &[Diagnostic::new(Fault::Failed, message).hint(hint)]);
    };
    match newest(address, shell.variable("GIT_SSH_COMMAND")) {
        Ok(Some(newest)) if newest.is_newer => {
            console.data(&format!("{} is released: {address}\n", newest.version));
            0
        }
        Ok(Some(newest)) => {
            console.data(&format!("the newest release of {address} is {}\n", newest.version));
            0
        }
        Ok(None) => {
            console.data(&format!("{address} has no release\n"));
            0
        }
        Err(reason) => {
            let message = format!("cannot find out whether there is a newer release: {address}: {reason}");
            refuse(console, &[Diagnostic::new(Fault::Failed, message)])
        }
    }
}
