//! Files to servers.

use std::path::Path;
use std::sync::Arc;

use rhai::{Dynamic, EvalContext, Position};

use super::super::Fallible;
use super::super::action::{Request, Settings};
use super::super::grammar::{Call, Tail};
use super::super::interpreter::Interpreter;
use super::super::options::{SELECTION, bytes, flag};
use super::super::origin::{raise, wrong};
use super::{Choice, Choices, Verb, text};
use crate::actor::Output;
use crate::configuration::{RunOptions, Shell};
use crate::diagnostic::{Diagnostic, Fault};
use crate::plan::{command_line, put_command, remove_command, untar_command};
use crate::session::Input;

static FILE: &[Choice] = &[Choice {
    name: "mode",
    doc: "permissions: an octal number (`0644`, `0o644`) or a text as chmod takes it (`\"g+w\"`)",
}];

pub(super) const PUT: Verb = Verb {
    name: "put",
    form: "put data, path, :mode => mode, option => value, …",
    arguments: (2, 2),
    tail: Tail::Nothing,
    options: Choices::Known(&[FILE, SELECTION]),
    doc: "Writes a text to a file on the current task's servers. The file is written beside its place and renamed: \
          there is never half a file. Without `mode` a file that exists keeps its own.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app { put \"hello\\n\", \"/tmp/hello\", :mode => 0644; }",
    perform: put,
};

fn put(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let data = call
        .arguments
        .first()
        .map(|(value, _)| bytes(value))
        .unwrap_or_default();
    let path = text(&call, 1);
    send_file(&PUT, interpreter, context, &call, data, &path, format!("put {path}"))
}

pub(super) const UPLOAD: Verb = Verb {
    name: "upload",
    form: "upload from, to, :mode => mode, option => value, …",
    arguments: (2, 2),
    tail: Tail::Nothing,
    options: Choices::Known(&[FILE, SELECTION]),
    doc: "Copies a local file to the current task's servers, as `put` does; or a local directory with all that is in it. \
          A relative local path begins at the working directory.",
    example: "role :app, \"app1.example.com\";\ntask :configure, :roles => :app { upload \"config/app.conf\", \"/etc/app.conf\"; }",
    perform: upload,
};

fn upload(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let (from, to) = (text(&call, 0), text(&call, 1));
    let path = interpreter.home_path(&from);
    let shown = format!("upload {from} -> {to}");
    // Everything is read before anybody is connected to.
    let unreadable = |error: std::io::Error| {
        let diagnostic = Diagnostic::new(Fault::Failed, format!("cannot upload `{from}': {error}"));
        raise(
            diagnostic.hint("expected a file or a directory to upload"),
            call.position,
        )
    };
    let metadata = std::fs::metadata(&path).map_err(unreadable)?;
    if !metadata.is_dir() {
        let data = std::fs::read(&path).map_err(unreadable)?;
        return send_file(&UPLOAD, interpreter, context, &call, data, &to, shown);
    }
    if call.options.contains_key("mode") {
        return Err(wrong(
            "`mode' is for a file; the files of a directory keep their own",
            call.position,
        ));
    }
    let archive = archive(&path).map_err(unreadable)?;
    let settings = settings(interpreter, context, &call)?;
    let request = request("upload", shown, untar_command(&to), archive);
    interpreter.act(context, &call, &settings, request)?;
    Ok(Dynamic::UNIT)
}

static DELETE_OPTIONS: &[Choice] = &[Choice {
    name: "recursive",
    doc: "true: a directory with all that is in it, too",
}];

pub(super) const DELETE: Verb = Verb {
    name: "delete",
    form: "delete path, :recursive => true, option => value, …",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: Choices::Known(&[DELETE_OPTIONS, SELECTION]),
    doc: "Removes a file from the current task's servers. That it is not there is no error.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app { delete \"/tmp/hello\"; }",
    perform: delete,
};

fn delete(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let path = text(&call, 0);
    if path.is_empty() {
        return Err(DELETE.misused("`delete' needs a path, not an empty text", call.position));
    }
    let recursive = match call.options.get("recursive") {
        Some((value, position)) => flag("recursive", value, *position)?.unwrap_or(false),
        None => false,
    };
    let settings = settings(interpreter, context, &call)?;
    let line = remove_command(&path, recursive);
    let request = request("delete", format!("delete {path}"), line, Vec::new());
    interpreter.act(context, &call, &settings, request)?;
    Ok(Dynamic::UNIT)
}

fn send_file(
    verb: &Verb,
    interpreter: &Interpreter,
    context: &mut EvalContext,
    call: &Call,
    data: Vec<u8>,
    path: &str,
    shown: String,
) -> Fallible {
    let mode = match call.options.get("mode") {
        Some((value, position)) => mode(value, *position)?,
        None => None,
    };
    let settings = settings(interpreter, context, call)?;
    let line = put_command(path, mode.as_deref(), data.len() as u64);
    interpreter.act(context, call, &settings, request(verb.name, shown, line, data))?;
    Ok(Dynamic::UNIT)
}

/// A transfer needs no terminal and no environment of the recipe.
pub(super) fn settings(interpreter: &Interpreter, context: &EvalContext, call: &Call) -> Fallible<Settings> {
    let mut settings = interpreter.settings(context.engine(), call)?;
    settings.options = RunOptions {
        timeout: settings.options.timeout,
        silent: settings.options.silent,
        ..RunOptions::default()
    };
    Ok(settings)
}

pub(super) fn request(verb: &'static str, shown: String, line: String, data: Vec<u8>) -> Request {
    // Always by `sh`, whatever the login shell is.
    let options = RunOptions {
        shell: Some(Shell::Default),
        ..RunOptions::default()
    };
    Request {
        verb,
        shown,
        line: command_line(&line, &options),
        input: Input {
            bytes: Arc::from(data),
            then_end: true,
        },
        output: Output::Report,
        asks: false,
        sudo_prompt: None,
        downloads: None,
        branches: None,
    }
}

fn mode(value: &Dynamic, position: Position) -> Fallible<Option<String>> {
    if value.is_unit() {
        return Ok(None);
    }
    match value.as_int() {
        Ok(mode @ 0..=0o7777) => Ok(Some(format!("{mode:03o}"))),
        Ok(_) => Err(wrong("`mode' is to be a number from 0 to 07777", position)),
        Err(_) => Ok(Some(value.to_string())),
    }
}

/// A tar archive of what is in a directory.
fn archive(directory: &Path) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    builder.follow_symlinks(false);
    builder.append_dir_all(".", directory)?;
    builder.into_inner()
}
