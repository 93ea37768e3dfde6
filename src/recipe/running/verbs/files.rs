//! What the verbs for files share, and the one that removes them.

use rhai::{Dynamic, EvalContext};

use super::super::action::{Request, Settings};
use super::super::call::{Call, text};
use super::super::interpreter::Interpreter;
use super::super::performed::Performed;
use crate::configuration::RunOptions;
use crate::plan::{Mode, NoMode, remove_command};
use crate::recipe::language::options::flag;
use crate::recipe::language::origin::{Fallible, wrong};
use crate::recipe::language::verbs::files as rows;
use crate::session::Input;

/// The permissions that a call asks for.
pub(super) fn mode(interpreter: &Interpreter, call: &Call) -> Fallible<Option<Mode>> {
    let Some((value, position)) = call.options.get("mode").filter(|(value, _)| !value.is_unit()) else {
        return Ok(None);
    };
    let is_octal = |number| interpreter.words.borrow().has_octal(number);
    let mode = match value.as_int() {
        Ok(number) if Mode::is_doubtful(number) && !is_octal(number) => Err(NoMode::Decimal(number)),
        Ok(number) => Mode::number(number),
        Err(_) => Mode::text(&value.to_string()),
    };
    mode.map(Some).map_err(|error| wrong(error.to_string(), *position))
}

/// How a transfer is told, with its permissions.
pub(super) fn with_mode(shown: String, mode: Option<&Mode>) -> String {
    match mode {
        Some(mode) => format!("{shown} (mode {})", mode.as_str()),
        None => shown,
    }
}

pub(super) const DELETE: Performed = (&rows::DELETE, delete);

fn delete(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let path = interpreter.remote_path(text(&call, 0));
    if path.is_empty() {
        return Err(rows::DELETE.misused("`delete' needs a path, not an empty string", call.position));
    }
    let recursive = match call.options.get("recursive") {
        Some((value, position)) => flag("recursive", value, *position)?.unwrap_or(false),
        None => false,
    };
    let settings = settings(interpreter, context, &call)?;
    let command = remove_command(&path, recursive);
    let request = Request::new("delete", format!("delete {path}"), command, Input::none());
    interpreter.act(context, &call, &settings, request)?;
    Ok(Dynamic::UNIT)
}

/// A transfer needs no terminal, no environment and no shell of the recipe.
pub(super) fn settings(interpreter: &Interpreter, context: &EvalContext, call: &Call) -> Fallible<Settings> {
    if let Some((via, position)) = call.options.get("via")
        && !via.is_unit()
        && !["sftp", "scp"].contains(&via.to_string().as_str())
    {
        return Err(wrong(format!("`via' is :sftp or :scp, not :{via}"), *position));
    }
    let mut settings = interpreter.settings(context.engine(), call)?;
    settings.options = RunOptions {
        timeout: settings.options.timeout,
        silent: settings.options.silent,
        ..RunOptions::default()
    };
    Ok(settings)
}
