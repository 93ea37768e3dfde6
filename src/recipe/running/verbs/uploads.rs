//! Files to servers.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rhai::{Dynamic, Position};

use super::super::action::{Branches, CallSettings, Request};
use super::super::dialect::is_task_of_three;
use super::super::interpreter::Interpreter;
use super::super::selected;
use super::super::sources;
use super::super::verb_context::{Performed, VerbContext};
use super::files::{mode, settings, with_mode};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Level;
use crate::io_error::plain;
use crate::plan::{Mode, SentTo, UnaskedMode, local_name, put_command, untar_command};
use crate::recipe::language::options::bytes;
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::verbs::uploads as rows;
use crate::session::{Input, SentFile};
use crate::source::{self, Source};

pub(super) const PUT: Performed = (&rows::PUT, put);

fn put(cx: &mut VerbContext) -> Fallible {
    let data = cx.values(0).next().map(bytes).unwrap_or_default();
    let path = cx.interpreter.around().remote_path(cx.text(1));
    let mode = mode(cx)?;
    let settings = settings(cx)?;
    let shown = with_mode(format!("put {path}"), mode.as_ref());
    let source = source::text(data);
    // This is what the scp of Capistrano 3 does with a string.
    let permissions = match is_task_of_three(cx.interpreter) {
        true => UnaskedMode::of_new(0o640),
        false => UnaskedMode::from(None),
    };
    let command = put_command(path.as_str(), mode.as_ref(), permissions, source.length());
    let request = Request {
        file: Some(sent(&path, mode.as_ref())),
        ..Request::new("put", shown, command, Input::told(source))
    };
    cx.act(&settings, request)?;
    Ok(Dynamic::UNIT)
}

fn sent(path: &str, mode: Option<&Mode>) -> SentFile {
    SentFile {
        path: path.to_owned(),
        mode: mode.map(|mode| mode.as_str().to_owned()),
        is_directory: false,
    }
}

pub(super) const UPLOAD: Performed = (&rows::UPLOAD, upload);

fn upload(cx: &mut VerbContext) -> Fallible {
    let (from, to) = (cx.text(0), cx.interpreter.around().remote_path(cx.text(1)));
    let upload = Upload {
        interpreter: cx.interpreter,
        position: cx.position(),
        mode: mode(cx)?,
        directories: cx.flag("recursive", true)?,
        goes_inside: is_task_of_three(cx.interpreter),
    };
    let settings = settings(cx)?;
    // Everything is opened before any server is connected.
    let request = if from.contains("$CAPISTRANO:HOST") {
        upload.for_each(&from, &to, &settings)?
    } else {
        upload.request(&from, &to)?
    };
    cx.act(&settings, request)?;
    Ok(Dynamic::UNIT)
}

struct Upload<'a> {
    interpreter: &'a Interpreter,
    position: Position,
    mode: Option<Mode>,
    directories: bool,
    /// True if it gets a place in the directory that the target is, as with scp.
    goes_inside: bool,
}

impl Upload<'_> {
    fn shown(&self, from: &str, to: &str) -> String {
        with_mode(format!("upload {from} -> {to}"), self.mode.as_ref())
    }

    /// Returns the request with a local file for each server.
    fn for_each(&self, from: &str, to: &str, settings: &CallSettings) -> Fallible<Request> {
        let configuration = self.interpreter.defined().configuration();
        let mut branches = Branches::default();
        for server in selected::expected(self.interpreter, &settings.selection) {
            let own = local_name(from, &server, &configuration.roles.roles_of(&server))
                .map_err(|message| wrong(message, self.position))?;
            branches.of.insert(server, vec![branches.commands.len()]);
            let request = self.request(&own, to)?;
            branches.commands.push((request, settings.options.clone()));
        }
        let mut request = Request::new("upload", self.shown(from, to), String::new(), Input::none());
        request.branches = Some(branches);
        Ok(request)
    }

    fn request(&self, from: &str, to: &str) -> Fallible<Request> {
        let shown = self.shown(from, to);
        let path = self.interpreter.machine().path(from);
        let name = from.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let target = match self.goes_inside && !["", ".", ".."].contains(&name) {
            true => SentTo::PathOrInside(to, name),
            false => SentTo::Path(to),
        };
        let unreadable = |error: &io::Error| self.unreadable(from, error);
        if path.is_dir() {
            self.allow_directory(from)?;
            // A dry run does not wait until all files of the directory are found.
            let source = if self.interpreter.mode().is_dry_run() {
                source::text([])
            } else {
                self.tree(&path, from)?
            };
            return Ok(Request {
                file: Some(SentFile {
                    is_directory: true,
                    ..sent(to, None)
                }),
                ..Request::new("upload", shown, untar_command(target), Input::told(source))
            });
        }
        let source = sources::open(self.interpreter, &path, self.position, &unreadable)?;
        let command = put_command(target, self.mode.as_ref(), source.mode(), source.length());
        Ok(Request {
            file: Some(sent(to, self.mode.as_ref())),
            ..Request::new("upload", shown, command, Input::told(source))
        })
    }

    fn allow_directory(&self, from: &str) -> Fallible<()> {
        if self.mode.is_some() {
            let message = "`mode' is for a file; the files of a directory keep their own";
            return Err(wrong(message, self.position));
        }
        if !self.directories {
            return Err(self.unreadable(from, &io::ErrorKind::IsADirectory.into()));
        }
        Ok(())
    }

    fn tree(&self, path: &Path, from: &str) -> Fallible<Arc<dyn Source>> {
        let tree = source::tree(path).map_err(|error| self.unreadable(from, &error))?;
        for path in &tree.left_out {
            let said = format!("left out: {} is no file, directory or link", path.display());
            self.interpreter.say(Level::Important, said);
        }
        Ok(tree.source)
    }

    fn unreadable(&self, from: &str, error: &io::Error) -> Box<rhai::EvalAltResult> {
        let diagnostic = Diagnostic::new(Fault::Failed, format!("cannot upload `{from}': {}", plain(error)));
        raise(
            diagnostic.hint("expected a file or a directory to upload"),
            self.position,
        )
    }
}
