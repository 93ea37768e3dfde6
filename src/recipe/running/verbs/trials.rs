//! The verbs of test files besides assertions: tests, answers of servers, rehearsals.

use std::rc::Rc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use regex::Regex;
use rhai::{Dynamic, Position};

use super::super::call::VerbCall;
use super::super::interpreter::Interpreter;
use super::super::rehearsed::{Rehearsed, Run};
use super::super::trial::{TestBlock, Trial};
use super::super::verb_context::{Performed, VerbContext};
use super::assertions;
use crate::configuration::Server;
use crate::diagnostic::{Diagnostic, Fault};
use crate::exit::{Exit, Phase};
use crate::plan::{FILE_FOLLOWS, TAR_FOLLOWS};
use crate::recipe::language::options::flag;
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::values;
use crate::recipe::language::verb::Verb;
use crate::recipe::language::verbs::trials as rows;
use crate::session::Command;
use crate::session::scripted::Answer;
use crate::source::archive_of_files;

/// Returns the world of the test; `None` if the file is only looked at.
///
/// # Errors
///
/// If somebody runs a test file as if it were a recipe.
pub(super) fn trial<'a>(interpreter: &'a Interpreter, verb: &Verb, position: Position) -> Fallible<Option<&'a Trial>> {
    match interpreter.mode().trial() {
        Some(trial) => Ok(Some(trial)),
        None if interpreter.mode().only_looks() => Ok(None),
        None => {
            let message = format!("`{}' is for tests, and this file is not run as one", verb.name);
            let diagnostic = Diagnostic::new(Fault::Usage, message);
            Err(raise(diagnostic.hint("capr test FILE runs it"), position))
        }
    }
}

/// Does the same for a verb that may stand only in a test.
pub(super) fn in_test<'a>(
    interpreter: &'a Interpreter,
    verb: &Verb,
    position: Position,
) -> Fallible<Option<&'a Trial>> {
    let trial = trial(interpreter, verb, position)?;
    if interpreter.budget().is_loading() {
        let message = format!("`{}' stands in a test", verb.name);
        let diagnostic = Diagnostic::new(Fault::Recipe, message).label("the file is still being read");
        return Err(raise(diagnostic.hint("write: test \"name\" { … }"), position));
    }
    Ok(trial)
}

pub(super) const TEST: Performed = (&rows::TEST, test);

fn test(cx: &mut VerbContext) -> Fallible {
    let (block, name) = (cx.block()?, cx.text(0));
    if name.trim().is_empty() || name.contains(char::is_control) {
        return Err(cx.misused("the name of a test is one line, and not empty"));
    }
    if !cx.interpreter.budget().is_loading() {
        let message = format!("the test `{name}' stands in a block that is run later");
        let diagnostic = Diagnostic::new(Fault::Recipe, message).label("never read by `capr test'");
        let hint = "tests stand at the top of a file, or in a loop there";
        return Err(raise(diagnostic.hint(hint), cx.position()));
    }
    let Some(trial) = trial(cx.interpreter, cx.verb, cx.position())? else {
        return Ok(Dynamic::UNIT);
    };
    if let Some(other) = trial.cases().into_iter().find(|case| case.name == name) {
        let line = other.origin.map_or(0, |origin| origin.line);
        let message = format!("there are two tests `{name}', the other one in line {line}");
        let diagnostic = Diagnostic::new(Fault::Recipe, message).label("a name that is taken");
        return Err(raise(diagnostic, cx.position()));
    }
    trial.add(TestBlock {
        name,
        block: cx.keep(block),
        origin: cx.origin(),
    });
    Ok(Dynamic::UNIT)
}

pub(super) const REHEARSE: Performed = (&rows::REHEARSE, rehearse);

fn rehearse(cx: &mut VerbContext) -> Fallible {
    let Some(trial) = in_test(cx.interpreter, cx.verb, cx.position())? else {
        return Ok(Dynamic::UNIT);
    };
    if let Some(last) = trial.last() {
        last.went_well()?;
    }
    let words = cx.texts(0);
    let mark = trial.mark();
    let is_alone = cx.interpreter.frames().current().is_none();
    let Some(failed) = is_alone.then(|| trial.run(&words)).flatten() else {
        return Err(wrong("a run cannot be rehearsed within another one", cx.position()));
    };
    if let Some((server, command)) = trial.endless().into_iter().next() {
        return Err(raise(endless(server.as_ref(), &command), cx.position()));
    }
    let failed = failed.map(|failed| (failed.diagnostic, failed.code));
    let run = Rc::new(Rehearsed::new(words.join(" "), cx.origin(), trial.since(mark), failed));
    trial.keep(run.clone());
    Ok(Dynamic::from(Run(run)))
}

/// Returns the error for a command that hangs without a timeout.
fn endless(server: Option<&Server>, command: &str) -> Diagnostic {
    let place = server.map_or("this machine".to_owned(), Server::to_string);
    let message = format!("`{command}' never ends on {place}: its answer says :hangs, and it has no :timeout");
    Diagnostic::new(Fault::Recipe, message)
        .label("a real run would wait forever")
        .hint("give the command a :timeout in the recipe, or a block that closes its channel")
}

pub(super) const ANSWER: Performed = (&rows::ANSWER, answer);

fn answer(cx: &mut VerbContext) -> Fallible {
    let Some(trial) = trial(cx.interpreter, cx.verb, cx.position())? else {
        return Ok(Dynamic::UNIT);
    };
    let (fits, answers) = (pattern(&cx.call)?, answers(&cx.call)?);
    if cx.flag("local", false)? {
        trial.machine().answer(move |_, command| fits(command), answers);
        return Ok(Dynamic::UNIT);
    }
    let Some(script) = trial.servers() else {
        return Err(no_script(cx.position()));
    };
    let hosts = match cx.option("hosts") {
        Some((value, position)) => assertions::known_hosts(cx.interpreter, &values::texts(value), position)?,
        None => Vec::new(),
    };
    let is_meant = move |server: &Server| {
        let names = |host: &String| *host == server.host || *host == server.to_string();
        hosts.is_empty() || hosts.iter().any(names)
    };
    script.answer(move |server, command| is_meant(server) && fits(command), answers);
    Ok(Dynamic::UNIT)
}

/// Returns the condition for the commands that are answered.
fn pattern(call: &VerbCall) -> Fallible<impl Fn(&Command) -> bool + Send + Sync + use<>> {
    let wanted = call.text(0);
    let (way, position) = match call.options.get("match") {
        Some((value, position)) => (value.to_string(), *position),
        None => ("part".to_owned(), call.position),
    };
    let regex = match way.as_str() {
        "regex" => {
            let regex = Regex::new(&wanted)
                .map_err(|error| wrong(format!("this is not a regular expression: {error}"), position))?;
            Some(regex)
        }
        "part" | "whole" => None,
        other => {
            let message = format!("`match' is :part, :whole or :regex, not :{other}");
            return Err(rows::ANSWER.misused(message, position));
        }
    };
    Ok(move |command: &Command| {
        let said = command.meant.as_ref().map_or("", |meant| meant.command.as_str());
        match (&regex, way.as_str()) {
            (Some(regex), _) => regex.is_match(said),
            (None, "whole") => said == wanted,
            _ => said.contains(&wanted) || command.line.contains(&wanted),
        }
    })
}

/// Returns the answers, one for each time.
fn answers(call: &VerbCall) -> Fallible<Vec<Answer>> {
    let list = |name: &str| match call.options.get(name) {
        Some((value, _)) => match value.read_lock::<rhai::Array>() {
            Some(list) => list.to_vec(),
            None => vec![value.flatten_clone()],
        },
        None => Vec::new(),
    };
    let names = ["file", "files", "stdout", "stderr", "status", "signal", "lost", "hangs"];
    let said: Vec<(&str, Vec<Dynamic>)> = names.into_iter().map(|name| (name, list(name))).collect();
    let times = said.iter().map(|(_, list)| list.len()).max().unwrap_or(0).max(1);
    let one = |number: usize| {
        let mut answer = Answer::new();
        for (name, list) in &said {
            let value = list.get(number).or(list.last()).filter(|value| !value.is_unit());
            let Some(value) = value else { continue };
            answer = added(answer, name, value, call)?;
        }
        Ok(answer)
    };
    (0..times).map(one).collect()
}

fn added(answer: Answer, name: &str, value: &Dynamic, call: &VerbCall) -> Fallible<Answer> {
    let position = call.options.get(name).map_or(call.position, |(_, position)| *position);
    Ok(match name {
        "file" => {
            let content = values::text(value);
            let size = format!("{} 644\n", content.len());
            answer.out([FILE_FOLLOWS, size.as_bytes(), content.as_bytes()].concat())
        }
        "files" => {
            let archive = archive(value).map_err(|message| wrong(message, position))?;
            answer.out([TAR_FOLLOWS, &archive].concat())
        }
        "stdout" => answer.out(values::text(value)),
        "stderr" => answer.err(values::text(value)),
        "status" => {
            let status = value.as_int().ok().and_then(|status| u8::try_from(status).ok());
            let status = status.ok_or_else(|| wrong("`status' must be a number from 0 to 255", position))?;
            answer.exits(status.into())
        }
        "signal" => {
            let signal = values::text(value);
            answer.ends(Exit::Signal(signal.strip_prefix("SIG").unwrap_or(&signal).to_owned()))
        }
        "lost" => answer.loses_connection(&values::text(value)),
        _ => match flag(name, value, position)? {
            Some(true) => answer.hangs(),
            _ => answer,
        },
    })
}

/// Returns the archive of a directory, whose files a map names with their contents.
fn archive(value: &Dynamic) -> Result<Vec<u8>, String> {
    let Some(map) = value.read_lock::<rhai::Map>() else {
        return Err("`files' is a map of paths and contents: #{ \"a.txt\": \"content\" }".to_owned());
    };
    let files: Vec<(String, String)> = map
        .iter()
        .map(|(path, text)| (path.to_string(), values::text(text)))
        .collect();
    let files = files.iter().map(|(path, text)| (path.as_str(), text.as_bytes()));
    archive_of_files(files).map_err(|error| format!("`files' names what cannot be in a directory: {error}"))
}

pub(super) const UNREACHABLE: Performed = (&rows::UNREACHABLE, |cx| {
    let Some(trial) = trial(cx.interpreter, cx.verb, cx.position())? else {
        return Ok(Dynamic::UNIT);
    };
    let Some(script) = trial.servers() else {
        return Err(no_script(cx.position()));
    };
    let reason = match cx.call.arguments.len() {
        1 => "connection refused".to_owned(),
        _ => cx.text(1),
    };
    for host in assertions::known_hosts(cx.interpreter, &[cx.text(0)], cx.position())? {
        script.refuse(&host, Phase::Connect, &reason);
    }
    Ok(Dynamic::UNIT)
});

/// Returns the error for answers of real servers, which cannot be scripted.
fn no_script(position: Position) -> Box<rhai::EvalAltResult> {
    let diagnostic = Diagnostic::new(Fault::Failed, "real servers cannot be told what to answer");
    raise(diagnostic.hint("run this test without --servers"), position)
}

pub(super) const REPLY: Performed = (&rows::REPLY, |cx| {
    if let Some(trial) = trial(cx.interpreter, cx.verb, cx.position())? {
        trial.reply(&cx.text(0), &cx.text(1));
    }
    Ok(Dynamic::UNIT)
});

pub(super) const SET_CLOCK: Performed = (&rows::SET_CLOCK, |cx| {
    let Some(trial) = trial(cx.interpreter, cx.verb, cx.position())? else {
        return Ok(Dynamic::UNIT);
    };
    let given = cx.value(0);
    let moment = match given.as_int() {
        Ok(seconds) => Timestamp::from_second(seconds).ok(),
        Err(_) => moment(&values::text(&given)),
    };
    let form = "a time is written \"2026-01-31 08:00:00\", or in seconds since 1970";
    trial.set_clock(moment.ok_or_else(|| cx.misused(form))?);
    Ok(Dynamic::UNIT)
});

fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    let moment: DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(moment).ok()
}
