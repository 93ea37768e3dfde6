//! Files from servers.

use std::collections::HashMap;
use std::path::PathBuf;

use rhai::Dynamic;

use super::super::action::{Request, Settings};
use super::super::download::Downloads;
use super::super::verb_context::{Performed, VerbContext};
use super::files::{mode, settings, with_mode};
use crate::actor::Output;
use crate::configuration::Server;
use crate::diagnostic::{Diagnostic, Fault};
use crate::plan::{get_command, local_name};
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::verbs::downloads as rows;
use crate::session::Input;

pub(super) const GET: Performed = (&rows::GET, |cx| {
    let mut settings = settings(cx)?;
    settings.selection.once = Some(true);
    receive(cx, &settings)
});

pub(super) const DOWNLOAD: Performed = (&rows::DOWNLOAD, |cx| {
    let settings = settings(cx)?;
    receive(cx, &settings)
});

fn receive(cx: &mut VerbContext, settings: &Settings) -> Fallible {
    let verb = cx.verb.name;
    let (from, to) = (cx.interpreter.remote_path(cx.text(0)), cx.text(1));
    let directories = cx.flag("recursive", true)?;
    let mode = mode(cx)?;
    let shown = with_mode(format!("{verb} {from} -> {to}"), mode.as_ref());
    let downloads = Downloads::new(cx.interpreter.home_path(&to), directories, mode);
    distinct(cx, &to, &downloads, settings)?;
    let mut request = Request::new(verb, shown, get_command(&from, directories), Input::none());
    request.output = Output::Bytes;
    request.downloads = Some(downloads);
    cx.act(settings, request)?;
    Ok(Dynamic::UNIT)
}

/// Returns an error before any server is connected if several servers would write one file.
fn distinct(cx: &VerbContext, to: &str, downloads: &Downloads, settings: &Settings) -> Fallible<()> {
    let servers = cx.interpreter.expected(&settings.selection);
    let mut places: HashMap<PathBuf, &Server> = HashMap::new();
    for server in &servers {
        local_name(to, server, &[]).map_err(|message| wrong(message, cx.position()))?;
        if let Some(other) = places.insert(downloads.place(server), server) {
            let message = format!("{other} and {server} would both be written to `{to}'");
            let diagnostic = Diagnostic::new(Fault::Recipe, message)
                .hint("`$CAPISTRANO:HOST$' in the local name stands for each server's host name")
                .hint("`get' copies from the first server alone");
            return Err(raise(diagnostic, cx.position()));
        }
    }
    Ok(())
}
