//! Faults on the way to servers, and on them (cases K and B): the other servers are not affected, nothing hangs, and the error
//! says where, when and why.

mod bystanders;
mod full;
mod idle;
mod matrix;
mod memory;
mod privileged;
mod scarce;
mod started;
mod stopping;
mod unanswered;
mod unproven;

use std::process::{Command, Stdio};

use crate::fleet::Fleet;
use crate::fleet::place::capr;
use crate::harness::Case;

/// A script of a shell in the directory of a case, which reaches a fleet; capr is its `$0`.
fn in_shell(case: &Case, fleet: &Fleet, script: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", script])
        .arg(capr())
        .current_dir(case.path(""))
        .env("HOME", case.path("../home"))
        .env("CAPR_SSH_CONFIG", fleet.ssh_config())
        .env("CAPR_SYSTEM_FILE", case.path("../system.rhai"))
        .stdin(Stdio::null());
    command
}
