//! Files from servers.

use std::collections::HashMap;
use std::path::PathBuf;

use rhai::{Dynamic, EvalContext};

use super::super::action::{Request, Settings};
use super::super::call::{Call, text};
use super::super::download::Downloads;
use super::super::interpreter::Interpreter;
use super::super::performed::Performed;
use super::files::{mode, settings, with_mode};
use crate::actor::Output;
use crate::configuration::{Server, select};
use crate::diagnostic::{Diagnostic, Fault};
use crate::plan::{get_command, local_name};
use crate::recipe::language::options::flag;
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::verbs::downloads as rows;
use crate::session::Input;

pub(super) const GET: Performed = (&rows::GET, |interpreter, context, call| {
    let mut settings = settings(interpreter, context, &call)?;
    settings.selection.once = Some(true);
    receive("get", interpreter, context, &call, &settings)
});

pub(super) const DOWNLOAD: Performed = (&rows::DOWNLOAD, |interpreter, context, call| {
    let settings = settings(interpreter, context, &call)?;
    receive("download", interpreter, context, &call, &settings)
});

fn receive(
    verb: &'static str,
    interpreter: &Interpreter,
    context: &mut EvalContext,
    call: &Call,
    settings: &Settings,
) -> Fallible {
    let (from, to) = (interpreter.remote_path(text(call, 0)), text(call, 1));
    let directories = match call.options.get("recursive") {
        Some((value, position)) => flag("recursive", value, *position)?.unwrap_or(true),
        None => true,
    };
    let mode = mode(interpreter, call)?;
    let shown = with_mode(format!("{verb} {from} -> {to}"), mode.as_ref());
    let downloads = Downloads::new(interpreter.home_path(&to), directories, mode);
    distinct(&to, &downloads, interpreter, call, settings)?;
    let mut request = Request::new(verb, shown, get_command(&from, directories), Input::none());
    request.output = Output::Bytes;
    request.downloads = Some(downloads);
    interpreter.act(context, call, settings, request)?;
    Ok(Dynamic::UNIT)
}

/// Nobody is connected to where several servers would write one file.
fn distinct(
    to: &str,
    downloads: &Downloads,
    interpreter: &Interpreter,
    call: &Call,
    settings: &Settings,
) -> Fallible<()> {
    // What is wrong with the selection itself is said where it is acted on.
    let servers = select(
        &interpreter.defined.configuration.borrow().roles,
        &settings.selection,
        &interpreter.filter.borrow(),
    )
    .unwrap_or_default();
    let mut places: HashMap<PathBuf, &Server> = HashMap::new();
    for server in &servers {
        local_name(to, server, &[]).map_err(|message| wrong(message, call.position))?;
        if let Some(other) = places.insert(downloads.place(server), server) {
            let message = format!("{other} and {server} would both be written to `{to}'");
            let diagnostic = Diagnostic::new(Fault::Recipe, message)
                .hint("`$CAPISTRANO:HOST$' in the local name stands for each server's host name")
                .hint("`get' copies from the first server alone");
            return Err(raise(diagnostic, call.position));
        }
    }
    Ok(())
}
