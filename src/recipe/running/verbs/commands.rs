//! Commands on servers and on this machine.

use std::io;
use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalContext, Position};

use super::super::action::{Asking, CallSettings, Request, Sudo};
use super::super::call::VerbCall;
use super::super::dialect::speaks_three;
use super::super::interpreter::Interpreter;
use super::super::prefixes;
use super::super::shown::shown as options_shown;
use super::super::sources;
use super::super::verb_context::{Performed, VerbContext};
use super::within_sudo::WithinSudo;
use crate::actor::{Outcome, Output};
use crate::configuration::{RunOptions, Setter, Stdin};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Level;
use crate::io_error::plain;
use crate::plan::{quote, without_prompts};
use crate::recipe::language::options::run_options;
use crate::recipe::language::origin::{Fallible, raise};
use crate::recipe::language::values::map;
use crate::recipe::language::verbs::commands as rows;
use crate::session::Input;
use crate::source::joined;

pub(super) const RUN: Performed = (&rows::RUN, run);

fn run(cx: &mut VerbContext) -> Fallible {
    let way = CommandWay::new("run", reported(cx));
    on_servers(cx, &way, &cx.command(0)?)?;
    Ok(Dynamic::UNIT)
}

pub(super) const EXECUTE: Performed = (&rows::EXECUTE, |cx| {
    let way = CommandWay::new("run", reported(cx));
    on_servers(cx, &way, &put_together(cx)?)?;
    Ok(Dynamic::UNIT)
});

/// Returns the words of a command joined by blanks, as Capistrano 3 does.
fn put_together(cx: &VerbContext) -> Fallible<String> {
    match cx.call.arguments.len() {
        1 => cx.command(0),
        _ => Ok(cx.texts(0).join(" ")),
    }
}

/// Runs a string on servers as `run` does, outside of all tasks.
pub(in crate::recipe) fn run_text(interpreter: &Interpreter, scope: &mut EvalContext, text: &str) -> Fallible<()> {
    let mut cx = VerbContext {
        verb: &rows::RUN,
        call: VerbCall::at(Position::NONE),
        interpreter,
        scope,
    };
    on_servers(&mut cx, &CommandWay::new("run", Output::Report), text)?;
    Ok(())
}

pub(super) const SUDO: Performed = (&rows::SUDO, sudo);

fn sudo(cx: &mut VerbContext) -> Fallible {
    let sudo = cx.interpreter.sudo(cx.engine())?;
    let prefix = sudo.command(cx.text_option("as").as_deref());
    if cx.call.arguments.is_empty() {
        return Ok(prefix.into());
    }
    let way = CommandWay {
        sudo: Some(prefix),
        ..CommandWay::new("sudo", reported(cx))
    };
    on_servers(cx, &way, &cx.command(0)?)?;
    Ok(Dynamic::UNIT)
}

pub(super) const TRY_SUDO: Performed = (&rows::TRY_SUDO, try_sudo);

fn try_sudo(cx: &mut VerbContext) -> Fallible {
    let interpreter = cx.interpreter;
    if uses_sudo(interpreter, cx.engine())? {
        if !cx.call.options.contains_key("as")
            && let Some(user) = interpreter.text_variable(cx.engine(), "admin_runner")?
        {
            let position = cx.position();
            cx.call.options.insert("as".to_owned(), (user.into(), position));
        }
        return sudo(cx);
    }
    if cx.call.arguments.is_empty() {
        return Ok("".into());
    }
    cx.call.options.shift_remove("as");
    run(cx)
}

/// Returns true if commands that may need sudo use it. `run_method` decides this if a recipe has set it, else `use_sudo`.
fn uses_sudo(interpreter: &Interpreter, engine: &Engine) -> Fallible<bool> {
    let is_said = {
        let configuration = interpreter.defined().configuration();
        let setting = configuration.variables.settings("run_method");
        setting.is_some_and(|(setting, _)| !matches!(setting.by, Setter::Default(_)))
    };
    if is_said {
        return Ok(interpreter.text_variable(engine, "run_method")?.as_deref() == Some("sudo"));
    }
    let use_sudo = interpreter.variable(engine, "use_sudo")?;
    Ok(use_sudo.is_some_and(|value| value.as_bool() == Ok(true)))
}

pub(super) const CAPTURE: Performed = (&rows::CAPTURE, capture);

fn capture(cx: &mut VerbContext) -> Fallible {
    let way = CommandWay {
        once: true,
        ..CommandWay::new("capture", Output::Capture)
    };
    let outcome = on_servers(cx, &way, &cx.command(0)?)?;
    if cx.interpreter.mode().is_dry_run() {
        let taken = cx.text_option("dry_run").unwrap_or_default();
        let what = if taken.is_empty() {
            "empty".to_owned()
        } else {
            format!("{taken:?}")
        };
        cx.interpreter.say(
            Level::Info,
            format!("its output is not known in a dry run, taken to be {what}"),
        );
        return Ok(taken.into());
    }
    let text = outcome.and_then(|outcome| outcome.stdout.into_values().next());
    Ok(text.unwrap_or_default().into())
}

pub(super) const CAPTURE_ALL: Performed = (&rows::CAPTURE_ALL, |cx| {
    let way = CommandWay::new("capture_all", Output::Capture);
    let outcome = on_servers(cx, &way, &cx.command(0)?)?;
    let answers = outcome.map(|outcome| outcome.stdout).unwrap_or_default();
    let of_host = |host: &str| answers.keys().filter(|server| server.host == host).count();
    let named = answers.iter().map(|(server, text)| {
        let name = match of_host(&server.host) {
            1 => server.host.clone(),
            _ => server.to_string(),
        };
        (name, text.clone())
    });
    Ok(map(named).into())
});

pub(super) const STREAM: Performed = (&rows::STREAM, |cx| {
    let way = CommandWay::new("stream", Output::Stream);
    on_servers(cx, &way, &cx.command(0)?)?;
    Ok(Dynamic::UNIT)
});

pub(super) const INVOKE_COMMAND: Performed = (&rows::INVOKE_COMMAND, invoke_command);

fn invoke_command(cx: &mut VerbContext) -> Fallible {
    let via = cx.call.options.shift_remove("via");
    let via = via.map_or("run".to_owned(), |(via, _)| via.to_string());
    match via.as_str() {
        "" | "run" => {
            cx.call.options.shift_remove("as");
            run(cx)
        }
        "sudo" => sudo(cx),
        "try_sudo" => try_sudo(cx),
        other => Err(cx.misused(format!("`via' is :run, :sudo or :try_sudo, not :{other}"))),
    }
}

pub(super) const TEST: Performed = (&rows::TEST, test);

fn test(cx: &mut VerbContext) -> Fallible {
    let way = CommandWay {
        once: true,
        asks: true,
        ..CommandWay::new("test", Output::Report)
    };
    let outcome = on_servers(cx, &way, &cx.command(0)?)?;
    Ok(outcome.is_some_and(|outcome| succeeded(&outcome)).into())
}

pub(super) const RUN_LOCALLY: Performed = (&rows::RUN_LOCALLY, run_locally);

fn run_locally(cx: &mut VerbContext) -> Fallible {
    let gives_result = cx.flag("result", false)?;
    let outcome = locally(cx, Output::Capture, gives_result)?;
    let ok = succeeded(&outcome);
    let status = outcome.statuses.into_values().next();
    let stdout: Dynamic = match cx.interpreter.mode().is_dry_run() {
        true => cx.text_option("dry_run").unwrap_or_default().into(),
        false => outcome.stdout.into_values().next().unwrap_or_default().into(),
    };
    if !gives_result {
        return Ok(stdout);
    }
    let status = i64::from(status.unwrap_or_default());
    Ok(map([("stdout", stdout), ("status", status.into()), ("ok", ok.into())]).into())
}

pub(super) const SYSTEM: Performed = (&rows::SYSTEM, |cx| {
    let outcome = locally(cx, Output::Report, true)?;
    Ok(succeeded(&outcome).into())
});

fn locally(cx: &mut VerbContext, output: Output, asks: bool) -> Fallible<Outcome> {
    let options = run_options(&cx.call.options)?;
    let text = cx.command(0)?;
    let (input, shown) = input(cx, &options, &text, true)?;
    let request = Request {
        options: options_shown(&options, options.env.as_ref(), None),
        output,
        asks,
        ..Request::new(cx.verb.name, shown, text, input)
    };
    cx.act_locally(&options, request)
}

/// Returns true if the command succeeded everywhere. A dry run has no exit status and counts as success.
fn succeeded(outcome: &Outcome) -> bool {
    outcome.statuses.values().all(|status| *status == 0)
}

/// The way in which a verb runs a command on servers.
#[derive(Clone)]
pub(super) struct CommandWay {
    verb: &'static str,
    /// The call of sudo that the command begins with. The options (`:dir`, `:env`) are meant for the program that sudo runs.
    pub(super) sudo: Option<String>,
    output: Output,
    /// True if it runs only on the first server, whatever the options say.
    once: bool,
    /// True if the caller reads the exit status itself, so that none is an error.
    asks: bool,
}

impl CommandWay {
    pub(super) fn new(verb: &'static str, output: Output) -> Self {
        Self {
            verb,
            sudo: None,
            output,
            once: false,
            asks: false,
        }
    }
}

fn reported(cx: &VerbContext) -> Output {
    match cx.call.block {
        Some(_) => Output::Handler,
        None => Output::Report,
    }
}

fn on_servers(cx: &mut VerbContext, way: &CommandWay, command: &str) -> Fallible<Option<Outcome>> {
    let interpreter = cx.interpreter;
    let mut settings = cx.settings()?;
    if way.once && interpreter.around().server().is_none() {
        settings.selection.once = Some(true);
    }
    let sudo = interpreter.sudo(cx.engine())?;
    let mut text = prefixes::prefixed(interpreter, cx.engine(), command, &settings.options, cx.position())?;
    if let Some(called) = &way.sudo {
        text.insert_str(0, &format!("{called} "));
    }
    let request = remote(cx, way, &text, &mut settings, &sudo)?;
    cx.act(&settings, request)
}

/// Returns the request for a command on servers. If it calls sudo, it may be asked for the password. Then its input stays open,
/// and it gets a terminal unless the recipe says otherwise, since sudo does not ask without one. A command that reads input gets
/// no terminal: sudo takes the password from the same input, and the rest is sent only when sudo has started its command.
pub(super) fn remote(
    cx: &VerbContext,
    way: &CommandWay,
    command: &str,
    settings: &mut CallSettings,
    sudo: &Sudo,
) -> Fallible<Request> {
    let reads_file = matches!(settings.options.stdin, Some(Stdin::File(_)));
    let around = cx.interpreter.around().said().user.filter(|_| way.sudo.is_none());
    let gives_all = around.is_some() && speaks_three(cx.interpreter);
    let (way, command) = match &around {
        None => (way.clone(), command.to_owned()),
        Some(user) => {
            let called = sudo.command(Some(user));
            let text = format!("{called} sh -c {}", quote(command));
            let way = CommandWay {
                sudo: Some(called),
                ..way.clone()
            };
            (way, text)
        }
    };
    let (way, command) = (&way, command.as_str());
    let user = around.or_else(|| cx.text_option("as").filter(|_| way.sudo.is_some()));
    let said = options_shown(&settings.options, settings.environment.as_ref(), user.as_deref());
    if gives_all {
        // In Capistrano 3 the other user has what all commands have.
        settings.environment.clone_from(&settings.options.env);
    }
    let calls = sudo.calls(command);
    let mut text = command.to_owned();
    let mut asking = None;
    if calls > 0 {
        let within = WithinSudo::of(cx.interpreter, way, settings).map_err(|error| error.raised(cx.position()))?;
        (text, asking) = within.called(sudo, command, calls, settings);
    }
    let held = asking.as_ref().is_some_and(|asking: &Asking| asking.started.is_some());
    let options = &mut settings.options;
    if reads_file {
        options.pty = Some(false);
    }
    let may_ask = calls > 0 && !held && !reads_file && (asking.is_some() || sudo.prompt.is_empty());
    if may_ask {
        options.pty.get_or_insert(true);
    }
    let ends = options.eof.unwrap_or(reads_file || cx.call.block.is_none() && !may_ask);
    let (given, shown) = input(cx, options, command, ends)?;
    let given = match asking.as_mut().and_then(|asking| asking.started.as_mut()) {
        Some((_, later)) => {
            later.source = joined(Arc::clone(&later.source), given.source);
            (later.then_end, later.is_told) = (given.then_end, given.is_told);
            Input::open()
        }
        None => given,
    };
    Ok(Request {
        options: said,
        output: way.output,
        asks: way.asks,
        sudo: (calls > 0).then(|| sudo.program.clone()),
        asking,
        said: Some(without_prompts(command, &sudo.program, &sudo.prompt, "")),
        otherwise: cx.text_option("dry_run"),
        ..Request::new(way.verb, shown, text, given)
    })
}

/// Returns the input of a command, and the command as it is shown.
fn input(cx: &VerbContext, options: &RunOptions, command: &str, then_end: bool) -> Fallible<(Input, String)> {
    let (input, shown) = match &options.stdin {
        None => (Input::none(), command.to_owned()),
        Some(Stdin::Text(bytes)) => (Input::text(bytes.as_slice()), command.to_owned()),
        Some(Stdin::File(name)) => {
            let position = cx.option("stdin").map_or(cx.position(), |(_, position)| position);
            let unreadable = |error: &io::Error| {
                let diagnostic = Diagnostic::new(
                    Fault::Failed,
                    format!("cannot read `{name}' for `stdin': {}", plain(error)),
                );
                raise(
                    diagnostic.hint("expected a local file; a string is given with `data'"),
                    position,
                )
            };
            let source = sources::open(
                cx.interpreter,
                &cx.interpreter.machine().path(name),
                position,
                &unreadable,
            )?;
            (Input::told(source), format!("{command} (stdin: {name})"))
        }
    };
    Ok((Input { then_end, ..input }, shown))
}
