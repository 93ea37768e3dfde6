//! Assertions: verbs that fail a test if something is not true.

use std::rc::Rc;

use rhai::{Array, Dynamic, Map, Position};

use super::super::call::VerbCall;
use super::super::difference::{compared, difference, same, written};
use super::super::interpreter::Interpreter;
use super::super::rehearsed::{LOCAL, Ran, Rehearsed, Run, Sent};
use super::super::role_block;
use super::super::verb_context::{Performed, VerbContext};
use super::trials;
use crate::configuration::{Filter, Selection, did_you_mean};
use crate::diagnostic::{Diagnostic, Fault};
use crate::listed::and_more;
use crate::plan::{Mode, quote};
use crate::recipe::language::literal::quoted;
use crate::recipe::language::origin::{Fallible, ended_by, raise, wrong};
use crate::recipe::language::values;
use crate::recipe::language::verbs::assertions as rows;
use crate::recipe::meaning::errors::diagnostic;

/// The most commands that are shown if another was expected.
const MOST: usize = 30;

/// Returns the error of an assertion that failed; `below` stands under the message.
fn fails(message: impl Into<String>, below: &str, position: Position) -> Box<rhai::EvalAltResult> {
    let mut message = message.into();
    if !below.is_empty() {
        message.push('\n');
        message.push_str(below);
    }
    raise(Diagnostic::new(Fault::Failed, message), position)
}

/// Returns the message of the test itself, or another if it has none.
fn told(call: &VerbCall, index: usize, otherwise: &str) -> String {
    match call.arguments.get(index) {
        Some((message, _)) => values::text(message),
        None => otherwise.to_owned(),
    }
}

/// Rejects names of servers that the recipe does not know: they may be a mistake.
pub(super) fn known_hosts(interpreter: &Interpreter, hosts: &[String], position: Position) -> Fallible<Vec<String>> {
    let servers = hosts.iter().filter(|host| *host != LOCAL).cloned();
    let filter = Filter {
        hosts: Some(servers.collect()),
        ..Filter::default()
    };
    let configuration = interpreter.defined().configuration();
    let unknown = match interpreter.budget().is_loading() {
        true => Vec::new(),
        false => filter.unknown_hosts(&configuration.roles, &configuration.tasks),
    };
    match unknown.into_iter().next() {
        Some((host, meant)) => {
            let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("no server `{host}' is in the recipe"));
            diagnostic.hints.extend(meant.map(|meant| did_you_mean(&meant)));
            Err(raise(diagnostic, position))
        }
        None => Ok(hosts.to_vec()),
    }
}

/// Returns the names of tasks as runs report them: one with several names is reported by its first.
fn full_names(interpreter: &Interpreter, names: &Dynamic) -> Vec<String> {
    let configuration = interpreter.defined().configuration();
    let full = |name: String| configuration.tasks.get(&name).map_or(name, |task| task.name.clone());
    values::texts(names).into_iter().map(full).collect()
}

fn hosts_of(interpreter: &Interpreter, call: &VerbCall) -> Fallible<Vec<String>> {
    match call.options.get("hosts") {
        Some((value, position)) => known_hosts(interpreter, &values::texts(value), *position),
        None => Ok(Vec::new()),
    }
}

/// Returns the hosts that an assertion names, each by itself; all servers together if it names none.
fn places(hosts: &[String]) -> Vec<Option<&String>> {
    match hosts.is_empty() {
        true => vec![None],
        false => hosts.iter().map(Some).collect(),
    }
}

/// Returns the commands of a run on one host, or on all.
fn on<'a>(run: &'a Rehearsed, host: Option<&'a String>) -> impl DoubleEndedIterator<Item = &'a Ran> {
    let commands = run.commands.iter();
    commands.filter(move |ran| host.is_none_or(|host| ran.is_on(host)))
}

/// Returns the run that an assertion is about; `None` if the file is only looked at.
fn run_of(cx: &VerbContext) -> Fallible<Option<Rc<Rehearsed>>> {
    if trials::in_test(cx.interpreter, cx.verb, cx.position())?.is_none() {
        return Ok(None);
    }
    let run = cx
        .values(0)
        .next()
        .and_then(|run| run.read_lock::<Run>().map(|run| run.0.clone()));
    let Some(run) = run else {
        let message = format!(
            "`{}' is about a run: its first argument is what `rehearse' gave",
            cx.verb.name
        );
        return Err(cx.misused(message));
    };
    if cx.verb.name != "assert_fails" {
        run.went_well()?;
    }
    // The names of servers in the assertion are compared with all servers, and roles with a block add some only when it has run.
    let (all, none) = (Selection::default(), Selection::default());
    role_block::resolved(cx.interpreter, cx.engine(), all, &none)?;
    Ok(Some(run))
}

pub(super) const ASSERT: Performed = (&rows::ASSERT, |cx| {
    let call = &cx.call;
    if trials::in_test(cx.interpreter, cx.verb, call.position)?.is_none() {
        return Ok(Dynamic::UNIT);
    }
    match cx.value(0).as_bool() {
        Ok(true) => Ok(Dynamic::UNIT),
        Ok(false) => Err(fails(told(call, 1, "this is not true"), "", call.position)),
        Err(kind) => Err(cx.misused(format!("a condition is true or false, not {kind}"))),
    }
});

pub(super) const ASSERT_EQ: Performed = (&rows::ASSERT_EQ, |cx| {
    let call = &cx.call;
    let (got, expected) = (cx.value(0), cx.value(1));
    if trials::in_test(cx.interpreter, cx.verb, call.position)?.is_none() || same(&got, &expected) {
        return Ok(Dynamic::UNIT);
    }
    let message = told(call, 2, "this is not what was expected");
    let legend = format!("{message} (- expected, + got)");
    Err(fails(legend, &difference(&expected, &got), call.position))
});

pub(super) const ASSERT_NE: Performed = (&rows::ASSERT_NE, |cx| {
    let call = &cx.call;
    let (got, other) = (cx.value(0), cx.value(1));
    if trials::in_test(cx.interpreter, cx.verb, call.position)?.is_none() || !same(&got, &other) {
        return Ok(Dynamic::UNIT);
    }
    Err(fails(
        told(call, 2, "both are the same"),
        &format!("  {}", written(&got)),
        call.position,
    ))
});

pub(super) const ASSERT_CONTAINS: Performed = (&rows::ASSERT_CONTAINS, |cx| {
    let call = &cx.call;
    let (whole, part) = (cx.value(0), cx.value(1));
    if trials::in_test(cx.interpreter, cx.verb, call.position)?.is_none() || contains(&whole, &part) {
        return Ok(Dynamic::UNIT);
    }
    let message = told(call, 2, &format!("{} is not in it", written(&part)));
    Err(fails(message, &indented(&written(&whole)), call.position))
});

fn contains(whole: &Dynamic, part: &Dynamic) -> bool {
    if let Some(list) = whole.read_lock::<Array>() {
        return list.iter().any(|item| same(item, part));
    }
    let part = values::text(part);
    match whole.read_lock::<Map>() {
        Some(map) => map.contains_key(part.as_str()),
        None => values::text(whole).contains(&part),
    }
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}

pub(super) const ASSERT_ERROR: Performed = (&rows::ASSERT_ERROR, assert_error);

fn assert_error(cx: &mut VerbContext) -> Fallible {
    let (block, position) = (cx.block()?, cx.position());
    if trials::in_test(cx.interpreter, cx.verb, position)?.is_none() {
        return Ok(Dynamic::UNIT);
    }
    let wanted = cx.text(0);
    let error = match cx.evaluate(block, Vec::new()) {
        Ok(_) => return Err(fails("the block came to its end without an error", "", position)),
        Err(error) if matches!(ended_by(&error), Some(Fault::Signal(_))) => return Err(error),
        Err(error) => diagnostic(error).message,
    };
    match error.contains(&wanted) {
        true => Ok(Dynamic::UNIT),
        false => Err(another_error(&wanted, &error, position)),
    }
}

fn another_error(wanted: &str, error: &str, position: Position) -> Box<rhai::EvalAltResult> {
    let message = format!("the error is another one: {} is not in it", quoted(wanted));
    fails(message, &indented(error), position)
}

pub(super) const ASSERT_COMMANDS: Performed = (&rows::ASSERT_COMMANDS, |cx| {
    let (interpreter, call) = (cx.interpreter, &cx.call);
    let Some(run) = run_of(cx)? else {
        return Ok(Dynamic::UNIT);
    };
    let server = cx.text(1);
    known_hosts(interpreter, std::slice::from_ref(&server), call.position)?;
    let (expected, got) = (values::texts(&cx.value(2)), run.on(&server));
    if expected == got {
        return Ok(Dynamic::UNIT);
    }
    let lines = |list: &[&str]| list.iter().map(|line| format!("{line}\n")).collect::<String>();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let message = format!("{} other commands than expected (- expected, + got)", given(&server));
    Err(fails(
        message,
        &compared(&lines(&expected), &lines(&got)),
        call.position,
    ))
});

fn given(server: &str) -> String {
    match server {
        LOCAL => "this machine was given".to_owned(),
        server => format!("{server} was given"),
    }
}

pub(super) const ASSERT_NONE: Performed = (&rows::ASSERT_NONE, |cx| {
    let (interpreter, call) = (cx.interpreter, &cx.call);
    let Some(run) = run_of(cx)? else {
        return Ok(Dynamic::UNIT);
    };
    for server in known_hosts(interpreter, &cx.texts(1), call.position)? {
        let got = run.on(&server);
        if !got.is_empty() {
            let message = format!("{} commands, and none was expected", given(&server));
            let got: Vec<String> = got.into_iter().map(short).collect();
            return Err(fails(message, &indented(&got.join("\n")), call.position));
        }
    }
    Ok(Dynamic::UNIT)
});

/// The conditions that a command has to meet.
struct Wanted {
    part: String,
    hosts: Vec<String>,
    /// The options, each with its name and its shown value.
    options: Vec<(String, String)>,
    env: Vec<(String, String)>,
}

impl Wanted {
    fn of(interpreter: &Interpreter, call: &VerbCall) -> Fallible<Self> {
        let mut wanted = Self {
            part: call.text(1),
            hosts: hosts_of(interpreter, call)?,
            options: Vec::new(),
            env: Vec::new(),
        };
        for (name, (value, position)) in &call.options {
            match name.as_str() {
                "hosts" | "times" => {}
                "env" => {
                    let Some(map) = value.read_lock::<Map>() else {
                        return Err(wrong("`env' must be a map: #{ RAILS_ENV: \"production\" }", *position));
                    };
                    let pairs = map.iter().map(|(name, value)| (name.to_string(), values::text(value)));
                    wanted.env = pairs.collect();
                }
                name => wanted.options.push((name.to_owned(), values::text(value))),
            }
        }
        Ok(wanted)
    }

    fn fits(&self, ran: &Ran) -> bool {
        let has = |(name, value): &(String, String)| match name.as_str() {
            "verb" => ran.meant.verb == value,
            "data" => ran.data() == *value,
            name => ran.option(name) == Some(value),
        };
        ran.meant.command.contains(&self.part)
            && self.options.iter().all(has)
            && self.env.iter().all(|(name, value)| has_variable(ran, name, value))
    }

    /// Returns the conditions besides the string, for messages.
    fn conditions(&self) -> String {
        let options = self
            .options
            .iter()
            .map(|(name, value)| format!(", :{name} => {}", quoted(value)));
        let env = self.env.iter().map(|(name, value)| format!(", {name}={value}"));
        options.chain(env).collect()
    }
}

fn has_variable(ran: &Ran, name: &str, value: &str) -> bool {
    let word = format!(" {name}={} ", quote(value));
    let is_in = |text: &str| format!(" {text} ").contains(&word);
    [ran.option("env"), ran.option("default_environment")]
        .into_iter()
        .flatten()
        .any(is_in)
}

/// Returns all commands of a run, as a message shows them.
fn all_of(run: &Rehearsed, hosts: &[String]) -> String {
    let shown = |ran: &&Ran| hosts.is_empty() || hosts.iter().any(|host| ran.is_on(host));
    let lines: Vec<String> = run.commands.iter().filter(shown).map(line).collect();
    if lines.is_empty() {
        return "  no command was run".to_owned();
    }
    let left = lines.len().saturating_sub(MOST);
    let mut text = indented(&lines.into_iter().take(MOST).collect::<Vec<_>>().join("\n"));
    if left > 0 {
        text.push_str(&format!("\n  …{}", and_more(left, "")));
    }
    text
}

fn line(ran: &Ran) -> String {
    let options: Vec<String> = ran
        .meant
        .options
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let options = match options.is_empty() {
        true => String::new(),
        false => format!("  ({})", options.join(", ")),
    };
    format!("{}: {}{options}", ran.place(), short(&ran.meant.command))
}

/// Returns a script by its first line.
fn short(command: &str) -> String {
    match command.split_once('\n') {
        Some((first, rest)) => format!("{first} …{}", and_more(rest.lines().count(), "line")),
        None => command.to_owned(),
    }
}

pub(super) const ASSERT_RAN: Performed = (&rows::ASSERT_RAN, |cx| {
    let (interpreter, call) = (cx.interpreter, &cx.call);
    let Some(run) = run_of(cx)? else {
        return Ok(Dynamic::UNIT);
    };
    let wanted = Wanted::of(interpreter, call)?;
    let times = match call.options.get("times") {
        Some((value, position)) => {
            let times = value.as_int().ok().and_then(|times| usize::try_from(times).ok());
            Some(times.ok_or_else(|| wrong("`times' must be a number from 0", *position))?)
        }
        None => None,
    };
    let fitting = |host: Option<&String>| on(&run, host).filter(|ran| wanted.fits(ran)).count();
    let is_right = |count: usize| times.map_or(count > 0, |times| count == times);
    for place in places(&wanted.hosts) {
        let count = fitting(place);
        if !is_right(count) {
            let at = place.map_or_else(String::new, |host| format!(" on {host}"));
            let what = format!("{}{}", quoted(&wanted.part), wanted.conditions());
            let message = match times {
                Some(times) => format!("{what} was run {}{at}, not {}", often(count), often(times)),
                None => format!("no command with {what} was run{at}"),
            };
            let hosts: Vec<String> = place.into_iter().cloned().collect();
            return Err(fails(message, &all_of(&run, &hosts), call.position));
        }
    }
    Ok(Dynamic::UNIT)
});

fn often(times: usize) -> String {
    match times {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    }
}

pub(super) const ASSERT_NOT_RAN: Performed = (&rows::ASSERT_NOT_RAN, |cx| {
    let (interpreter, call) = (cx.interpreter, &cx.call);
    let Some(run) = run_of(cx)? else {
        return Ok(Dynamic::UNIT);
    };
    let wanted = Wanted::of(interpreter, call)?;
    let is_here = |ran: &&Ran| wanted.hosts.is_empty() || wanted.hosts.iter().any(|host| ran.is_on(host));
    let ran: Vec<String> = run
        .commands
        .iter()
        .filter(is_here)
        .filter(|ran| wanted.fits(ran))
        .map(line)
        .collect();
    if ran.is_empty() {
        return Ok(Dynamic::UNIT);
    }
    let message = format!("{}{} was run", quoted(&wanted.part), wanted.conditions());
    Err(fails(message, &indented(&ran.join("\n")), call.position))
});

pub(super) const ASSERT_ORDER: Performed = (&rows::ASSERT_ORDER, |cx| {
    let (interpreter, call) = (cx.interpreter, &cx.call);
    let Some(run) = run_of(cx)? else {
        return Ok(Dynamic::UNIT);
    };
    let (parts, hosts) = (values::texts(&cx.value(1)), hosts_of(interpreter, call)?);
    for place in places(&hosts) {
        let here = on(&run, place);
        let here: Vec<&str> = here.map(|ran| ran.meant.command.as_str()).collect();
        if let Some(missing) = out_of_order(&here, &parts, |command, part| command.contains(part)) {
            let at = place.map_or_else(String::new, |host| format!(" on {host}"));
            let message = match missing.checked_sub(1).and_then(|before| parts.get(before)) {
                Some(before) => format!(
                    "no command with {} was run{at} after {}",
                    shown(&parts, missing),
                    quoted(before)
                ),
                None => format!("no command with {} was run{at}", shown(&parts, missing)),
            };
            let hosts: Vec<String> = place.into_iter().cloned().collect();
            return Err(fails(message, &all_of(&run, &hosts), call.position));
        }
    }
    Ok(Dynamic::UNIT)
});

fn shown(parts: &[String], index: usize) -> String {
    quoted(parts.get(index).map_or("", String::as_str))
}

/// Returns the first of the wanted ones that is not found after those before it.
fn out_of_order<T: AsRef<str>>(came: &[T], wanted: &[String], fits: impl Fn(&str, &str) -> bool) -> Option<usize> {
    let mut came = came.iter();
    wanted
        .iter()
        .position(|wanted| !came.any(|came| fits(came.as_ref(), wanted)))
}

pub(super) const ASSERT_TASKS: Performed = (&rows::ASSERT_TASKS, |cx| {
    let (interpreter, call) = (cx.interpreter, &cx.call);
    let Some(run) = run_of(cx)? else {
        return Ok(Dynamic::UNIT);
    };
    let wanted = full_names(interpreter, &cx.value(1));
    let Some(missing) = out_of_order(&run.tasks, &wanted, |came, wanted| came == wanted) else {
        return Ok(Dynamic::UNIT);
    };
    let name = wanted.get(missing).map_or("", String::as_str);
    let message = match missing.checked_sub(1).and_then(|before| wanted.get(before)) {
        Some(before) => format!("the task `{name}' was not begun after `{before}'"),
        None => format!("the task `{name}' was not begun"),
    };
    Err(fails(message, &indented(&run.tasks.join("\n")), call.position))
});

pub(super) const ASSERT_ROLLED_BACK: Performed = (&rows::ASSERT_ROLLED_BACK, |cx| {
    let (interpreter, call) = (cx.interpreter, &cx.call);
    let Some(run) = run_of(cx)? else {
        return Ok(Dynamic::UNIT);
    };
    let expected = full_names(interpreter, &cx.value(1));
    if expected == run.rolled_back {
        return Ok(Dynamic::UNIT);
    }
    let lines = |list: &[String]| list.iter().map(|line| format!("{line}\n")).collect::<String>();
    let message = "other tasks were rolled back than expected (- expected, + got)";
    Err(fails(
        message,
        &compared(&lines(&expected), &lines(&run.rolled_back)),
        call.position,
    ))
});

pub(super) const ASSERT_SAID: Performed = (&rows::ASSERT_SAID, |cx| {
    let call = &cx.call;
    let Some(run) = run_of(cx)? else {
        return Ok(Dynamic::UNIT);
    };
    let part = cx.text(1);
    let said: Vec<&str> = run.messages.iter().chain(&run.printed).map(String::as_str).collect();
    if said.iter().any(|said| said.contains(&part)) {
        return Ok(Dynamic::UNIT);
    }
    let below = match said.is_empty() {
        true => "  nothing was said".to_owned(),
        false => indented(&said.join("\n")),
    };
    Err(fails(
        format!("no message has {} in it", quoted(&part)),
        &below,
        call.position,
    ))
});

pub(super) const ASSERT_FAILS: Performed = (&rows::ASSERT_FAILS, |cx| {
    let call = &cx.call;
    let Some(run) = run_of(cx)? else {
        return Ok(Dynamic::UNIT);
    };
    run.is_seen.set(true);
    if run.failure.is_none() {
        let message = format!("the run of `{}' went well", run.words);
        return Err(fails(message, "", call.position));
    }
    let (wanted, error) = (cx.text(1), run.failure_text());
    if !error.contains(&wanted) {
        return Err(another_error(&wanted, &error, call.position));
    }
    match call.options.get("code") {
        Some((code, position)) if code.as_int() != Ok(i64::from(run.code)) => {
            let message = format!("the exit code is {}, not {}", run.code, values::text(code));
            Err(fails(message, &indented(&error), *position))
        }
        _ => Ok(Dynamic::UNIT),
    }
});

pub(super) const ASSERT_SENT: Performed = (&rows::ASSERT_SENT, |cx| {
    let (interpreter, call) = (cx.interpreter, &cx.call);
    let Some(run) = run_of(cx)? else {
        return Ok(Dynamic::UNIT);
    };
    let (path, hosts) = (
        interpreter.around().remote_path(cx.text(1)),
        hosts_of(interpreter, call)?,
    );
    for place in places(&hosts) {
        let here = on(&run, place);
        // The file that was sent last is the one that remains on the server.
        let mut files = here.rev().flat_map(Ran::files);
        let sent = files.find(|file| file.path == path);
        sent_so(&run, sent.as_ref(), &path, place, call)?;
    }
    Ok(Dynamic::UNIT)
});

/// Compares a file that was sent with the expected one.
fn sent_so(run: &Rehearsed, sent: Option<&Sent>, path: &str, place: Option<&String>, call: &VerbCall) -> Fallible<()> {
    let at = place.map_or_else(String::new, |host| format!(" on {host}"));
    let Some(sent) = sent else {
        let all = run.commands.iter().flat_map(|ran| {
            ran.files()
                .into_iter()
                .map(|file| format!("{}: {}", ran.place(), file.path))
        });
        let all: Vec<String> = all.collect();
        let below = match all.is_empty() {
            true => "  no file was sent".to_owned(),
            false => indented(&all.join("\n")),
        };
        return Err(fails(format!("nothing was sent to {path}{at}"), &below, call.position));
    };
    if call.arguments.len() > 2 {
        let (expected, got) = (call.text(2), sent.content.clone());
        if expected != got {
            let message = format!("{path}{at} has another content than expected (- expected, + got)");
            let below = difference(&expected.into(), &got.into());
            return Err(fails(message, &below, call.position));
        }
    }
    let Some((mode, position)) = call.options.get("mode") else {
        return Ok(());
    };
    let expected = match mode.as_int() {
        Ok(number) => Mode::number(number),
        Err(_) => Mode::text(&values::text(mode)),
    };
    let expected = expected.map_err(|error| wrong(error.to_string(), *position))?;
    let got = sent.mode.as_deref();
    if got == Some(expected.as_str()) {
        return Ok(());
    }
    let got = got.map_or_else(|| "no mode of its own".to_owned(), |mode| format!("the mode {mode}"));
    let message = format!("{path}{at} was sent with {got}, not {}", expected.as_str());
    Err(fails(message, "", *position))
}
