//! Files from servers.

use rhai::Dynamic;

use super::super::action::{CallSettings, Request};
use super::super::download::{Downloads, written_twice};
use super::super::selected;
use super::super::verb_context::{Performed, VerbContext};
use super::files::{mode, settings, with_mode};
use crate::actor::Output;
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

fn receive(cx: &mut VerbContext, settings: &CallSettings) -> Fallible {
    let verb = cx.verb.name;
    let (from, to) = (cx.interpreter.around().remote_path(cx.text(0)), cx.text(1));
    let directories = cx.flag("recursive", true)?;
    let mode = mode(cx)?;
    let shown = with_mode(format!("{verb} {from} -> {to}"), mode.as_ref());
    let downloads = Downloads::new(&to, cx.interpreter.machine().path(&to), directories, mode);
    let downloads = downloads.kept_by(cx.interpreter.mode().trial());
    distinct(cx, &to, &downloads, settings)?;
    let mut request = Request::new(verb, shown, get_command(&from, directories), Input::none());
    request.output = Output::Bytes;
    request.downloads = Some(downloads);
    cx.act(settings, request)?;
    Ok(Dynamic::UNIT)
}

/// Returns an error before any server is connected if several servers would write one file.
fn distinct(cx: &VerbContext, to: &str, downloads: &Downloads, settings: &CallSettings) -> Fallible<()> {
    let servers = selected::expected(cx.interpreter, &settings.selection);
    for server in &servers {
        local_name(to, server, &[]).map_err(|message| wrong(message, cx.position()))?;
    }
    match written_twice(servers.iter().map(|server| (server, downloads))) {
        Some(diagnostic) => {
            let hint = "`get' copies from the first server alone";
            Err(raise(diagnostic.hint(hint), cx.position()))
        }
        None => Ok(()),
    }
}
