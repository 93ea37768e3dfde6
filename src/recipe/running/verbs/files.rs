//! The parts that verbs for files share, and the verb that removes files.

use rhai::Dynamic;

use super::super::action::{CallSettings, Request};
use super::super::verb_context::{Performed, VerbContext};
use crate::configuration::RunOptions;
use crate::plan::{Mode, remove_command};
use crate::recipe::language::origin::{Fallible, wrong};
use crate::recipe::language::verbs::files as rows;
use crate::session::Input;

/// Returns the permissions that a call asks for.
pub(super) fn mode(cx: &VerbContext) -> Fallible<Option<Mode>> {
    let Some((value, position)) = cx.option("mode") else {
        return Ok(None);
    };
    let is_octal = |number| cx.interpreter.place().has_octal(number);
    rows::mode(value, position, is_octal).map(Some)
}

/// Returns the description of a transfer, with its permissions.
pub(super) fn with_mode(shown: String, mode: Option<&Mode>) -> String {
    match mode {
        Some(mode) => format!("{shown} (mode {})", mode.as_str()),
        None => shown,
    }
}

pub(super) const DELETE: Performed = (&rows::DELETE, |cx| {
    let path = cx.interpreter.around().remote_path(cx.text(0));
    if path.is_empty() {
        return Err(cx.misused("`delete' needs a path, not an empty string"));
    }
    let command = remove_command(&path, cx.flag("recursive", false)?);
    let settings = settings(cx)?;
    let request = Request::new("delete", format!("delete {path}"), command, Input::none());
    cx.act(&settings, request)?;
    Ok(Dynamic::UNIT)
});

/// Returns the settings of a transfer, which needs no terminal, no environment and no shell of the recipe.
pub(super) fn settings(cx: &VerbContext) -> Fallible<CallSettings> {
    if let Some((via, position)) = cx.option("via")
        && !["sftp", "scp"].contains(&via.to_string().as_str())
    {
        return Err(wrong(format!("`via' is :sftp or :scp, not :{via}"), position));
    }
    let mut settings = cx.settings()?;
    settings.options = RunOptions {
        timeout: settings.options.timeout,
        silent: settings.options.silent,
        ..RunOptions::default()
    };
    Ok(settings)
}
