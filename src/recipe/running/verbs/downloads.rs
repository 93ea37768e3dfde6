//! Files from servers.

use std::collections::HashMap;
use std::path::PathBuf;

use rhai::{Dynamic, EvalContext};

use super::super::action::Settings;
use super::super::download::Downloads;
use super::super::interpreter::Interpreter;
use super::files::{MODE, VIA, mode, request, settings, with_mode};
use super::{Choice, Choices, Verb, text};
use crate::actor::Output;
use crate::configuration::{Server, select};
use crate::diagnostic::{Diagnostic, Fault};
use crate::plan::{get_command, local_name};
use crate::recipe::language::grammar::{Call, Tail};
use crate::recipe::language::options::{SELECTION, flag};
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::session::Input;

static DIRECTORIES: &[Choice] = &[Choice {
    name: "recursive",
    doc: "false: a directory is an error; else it is copied with all that is in it, into the local directory",
}];

pub(super) const GET: Verb = Verb {
    name: "get",
    form: "get from, to, :mode => mode, option => value, …",
    arguments: (2, 2),
    tail: Tail::Nothing,
    options: Choices::Known(&[MODE, DIRECTORIES, VIA, SELECTION]),
    doc: "Copies a file from the first of the current task's servers to this machine, byte for byte; or a directory, \
          for which the server needs `tar`. The local file is written beside its place and renamed: there is never half \
          a file. It has the permissions of the server's file within the umask; with one that exists nobody may do more \
          afterwards than with the server's; `mode` says otherwise. What is neither a file nor a directory (a pipe, a device) \
          is an error. Local directories that are missing are made. A directory is merged into one that \
          is there; links in it that lead out of it are left out. In a dry run nothing is copied.",
    example: "role :app, \"app1.example.com\";\ntask :fetch_log, :roles => :app { get \"/var/log/app.log\", \"app.log\"; }",
    perform: |interpreter, context, call| {
        let mut settings = settings(interpreter, context, &call)?;
        settings.selection.once = Some(true);
        receive("get", interpreter, context, &call, &settings)
    },
};

pub(super) const DOWNLOAD: Verb = Verb {
    name: "download",
    form: "download from, to, :mode => mode, option => value, …",
    arguments: (2, 2),
    tail: Tail::Nothing,
    options: Choices::Known(&[MODE, DIRECTORIES, VIA, SELECTION]),
    doc: "As `get`, but from all of the current task's servers. `$CAPISTRANO:HOST$` in the names stands for each \
          server's host name; without it several servers would write one local file, which is refused. Where it fails \
          on one server the files of the others are there.",
    example: "role :app, \"app1.example.com\", \"app2.example.com\";\ntask :fetch_logs, :roles => :app { download \"/var/log/app.log\", \"logs/$CAPISTRANO:HOST$.log\"; }",
    perform: |interpreter, context, call| {
        let settings = settings(interpreter, context, &call)?;
        receive("download", interpreter, context, &call, &settings)
    },
};

fn receive(
    verb: &'static str,
    interpreter: &Interpreter,
    context: &mut EvalContext,
    call: &Call,
    settings: &Settings,
) -> Fallible {
    let (from, to) = (text(call, 0), text(call, 1));
    let directories = match call.options.get("recursive") {
        Some((value, position)) => flag("recursive", value, *position)?.unwrap_or(true),
        None => true,
    };
    let mode = mode(interpreter, call)?;
    let shown = with_mode(format!("{verb} {from} -> {to}"), mode.as_ref());
    let downloads = Downloads::new(interpreter.home_path(&to), directories, mode);
    distinct(&to, &downloads, interpreter, call, settings)?;
    let mut request = request(verb, shown, get_command(&from, directories), Input::none());
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
        &interpreter.configuration.borrow().roles,
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
