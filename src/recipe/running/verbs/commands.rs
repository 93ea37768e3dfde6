//! Commands on servers and on this machine.

use std::io;
use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalContext, Map, Position};

use super::super::action::{Asking, Request, Settings, Sudo};
use super::super::call::{Call, command, texts};
use super::super::interpreter::Interpreter;
use super::super::performed::Performed;
use super::super::shown::shown as options_shown;
use super::within_sudo::Within;
use crate::actor::{Outcome, Output};
use crate::configuration::{RunOptions, Setter, Stdin};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Level;
use crate::io_error::plain;
use crate::plan::quote;
use crate::recipe::language::options::{flag, run_options};
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::verbs::commands as rows;
use crate::session::Input;
use crate::source::joined;

pub(super) const RUN: Performed = (&rows::RUN, run);

fn run(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let output = reported(&call);
    on_servers(
        interpreter,
        context,
        &call,
        &Way::new("run", output),
        &command(&call, 0)?,
    )?;
    Ok(Dynamic::UNIT)
}

pub(super) const EXECUTE: Performed = (&rows::EXECUTE, |interpreter, context, call| {
    let way = Way::new("run", reported(&call));
    on_servers(interpreter, context, &call, &way, &put_together(&call)?)?;
    Ok(Dynamic::UNIT)
});

/// The words of a command as Capistrano 3 puts them together: with blanks, as they are.
fn put_together(call: &Call) -> Fallible<String> {
    match call.arguments.len() {
        1 => command(call, 0),
        _ => Ok(texts(call, 0).join(" ")),
    }
}

/// Runs a text on servers as `run` does, outside of all tasks.
pub(in crate::recipe) fn run_text(interpreter: &Interpreter, context: &mut EvalContext, text: &str) -> Fallible<()> {
    let call = Call::at(Position::NONE);
    on_servers(interpreter, context, &call, &Way::new("run", Output::Report), text)?;
    Ok(())
}

pub(super) const SUDO: Performed = (&rows::SUDO, sudo);

fn sudo(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let sudo = interpreter.sudo(context.engine())?;
    let user = call
        .options
        .get("as")
        .filter(|(user, _)| !user.is_unit())
        .map(|(user, _)| user.to_string());
    let prefix = sudo.command(user.as_deref());
    if call.arguments.is_empty() {
        return Ok(prefix.into());
    }
    let way = Way {
        sudo: Some(prefix),
        ..Way::new("sudo", reported(&call))
    };
    on_servers(interpreter, context, &call, &way, &command(&call, 0)?)?;
    Ok(Dynamic::UNIT)
}

pub(super) const TRY_SUDO: Performed = (&rows::TRY_SUDO, try_sudo);

fn try_sudo(interpreter: &Interpreter, context: &mut EvalContext, mut call: Call) -> Fallible {
    if interpreter.uses_sudo(context.engine())? {
        if !call.options.contains_key("as")
            && let Some(user) = interpreter.text_variable(context.engine(), "admin_runner")?
        {
            call.options.insert("as".to_owned(), (user.into(), call.position));
        }
        return sudo(interpreter, context, call);
    }
    if call.arguments.is_empty() {
        return Ok("".into());
    }
    call.options.shift_remove("as");
    run(interpreter, context, call)
}

impl Interpreter {
    /// Whether commands that may need it go through sudo. What a recipe has set `run_method` to says so, else `use_sudo`.
    fn uses_sudo(&self, engine: &Engine) -> Fallible<bool> {
        let is_said = {
            let configuration = self.defined.configuration.borrow();
            let setting = configuration.variables.settings("run_method");
            setting.is_some_and(|(setting, _)| !matches!(setting.by, Setter::Default(_)))
        };
        if is_said {
            return Ok(self.text_variable(engine, "run_method")?.as_deref() == Some("sudo"));
        }
        let use_sudo = self.variable(engine, "use_sudo")?;
        Ok(use_sudo.is_some_and(|value| value.as_bool() == Ok(true)))
    }
}

pub(super) const CAPTURE: Performed = (&rows::CAPTURE, capture);

fn capture(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let way = Way {
        once: true,
        ..Way::new("capture", Output::Capture)
    };
    let outcome = on_servers(interpreter, context, &call, &way, &command(&call, 0)?)?;
    if interpreter.dry_run {
        let taken = call.options.get("dry_run").map(|(text, _)| text.to_string());
        let taken = taken.unwrap_or_default();
        let what = if taken.is_empty() {
            "empty".to_owned()
        } else {
            format!("{taken:?}")
        };
        interpreter.say(
            Level::Info,
            format!("its output is not known in a dry run, taken to be {what}"),
        );
        return Ok(taken.into());
    }
    let text = outcome.and_then(|outcome| outcome.stdout.into_values().next());
    Ok(text.unwrap_or_default().into())
}

pub(super) const CAPTURE_ALL: Performed = (&rows::CAPTURE_ALL, |interpreter, context, call| {
    let way = Way::new("capture_all", Output::Capture);
    let outcome = on_servers(interpreter, context, &call, &way, &command(&call, 0)?)?;
    let answers = outcome.map(|outcome| outcome.stdout).unwrap_or_default();
    let of_host = |host: &str| answers.keys().filter(|server| server.host == host).count();
    let named = answers.iter().map(|(server, text)| {
        let name = match of_host(&server.host) {
            1 => server.host.clone(),
            _ => server.to_string(),
        };
        (name.into(), text.clone().into())
    });
    Ok(named.collect::<Map>().into())
});

pub(super) const STREAM: Performed = (&rows::STREAM, |interpreter, context, call| {
    let way = Way::new("stream", Output::Stream);
    on_servers(interpreter, context, &call, &way, &command(&call, 0)?)?;
    Ok(Dynamic::UNIT)
});

pub(super) const INVOKE_COMMAND: Performed = (&rows::INVOKE_COMMAND, invoke_command);

fn invoke_command(interpreter: &Interpreter, context: &mut EvalContext, mut call: Call) -> Fallible {
    let via = call.options.shift_remove("via");
    match via
        .as_ref()
        .map_or("run".to_owned(), |(via, _)| via.to_string())
        .as_str()
    {
        "" | "run" => {
            call.options.shift_remove("as");
            run(interpreter, context, call)
        }
        "sudo" => sudo(interpreter, context, call),
        "try_sudo" => try_sudo(interpreter, context, call),
        other => Err(rows::INVOKE_COMMAND.misused(
            format!("`via' is :run, :sudo or :try_sudo, not :{other}"),
            call.position,
        )),
    }
}

pub(super) const TEST: Performed = (&rows::TEST, test);

fn test(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let way = Way {
        once: true,
        asks: true,
        ..Way::new("test", Output::Report)
    };
    let outcome = on_servers(interpreter, context, &call, &way, &command(&call, 0)?)?;
    Ok(outcome.is_some_and(|outcome| succeeded(&outcome)).into())
}

pub(super) const RUN_LOCALLY: Performed = (&rows::RUN_LOCALLY, run_locally);

fn run_locally(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let gives_result = match call.options.get("result") {
        Some((value, position)) => flag("result", value, *position)?.unwrap_or(false),
        None => false,
    };
    let outcome = locally(
        "run_locally",
        interpreter,
        context,
        &call,
        Output::Capture,
        gives_result,
    )?;
    let ok = succeeded(&outcome);
    let status = outcome.statuses.into_values().next();
    let stdout: Dynamic = outcome.stdout.into_values().next().unwrap_or_default().into();
    if !gives_result {
        return Ok(stdout);
    }
    let status = i64::from(status.unwrap_or_default());
    let result = [("stdout", stdout), ("status", status.into()), ("ok", ok.into())];
    Ok(result
        .map(|(name, value)| (name.into(), value))
        .into_iter()
        .collect::<Map>()
        .into())
}

pub(super) const SYSTEM: Performed = (&rows::SYSTEM, |interpreter, context, call| {
    let outcome = locally("system", interpreter, context, &call, Output::Report, true)?;
    Ok(succeeded(&outcome).into())
});

fn locally(
    verb: &'static str,
    interpreter: &Interpreter,
    context: &mut EvalContext,
    call: &Call,
    output: Output,
    asks: bool,
) -> Fallible<Outcome> {
    let options = run_options(&call.options)?;
    let text = command(call, 0)?;
    let (input, shown) = input(interpreter, call, &options, &text, true)?;
    let request = Request {
        options: options_shown(&options, options.env.as_ref(), None),
        output,
        asks,
        ..Request::new(verb, shown, text, input)
    };
    interpreter.act_locally(context, call, &options, request)
}

/// A dry run has no status.
fn succeeded(outcome: &Outcome) -> bool {
    outcome.statuses.values().all(|status| *status == 0)
}

/// How a verb has a command run on servers.
#[derive(Clone)]
pub(super) struct Way {
    verb: &'static str,
    /// The call of sudo that the text is to begin with; the options are for what that runs.
    pub(super) sudo: Option<String>,
    output: Output,
    /// On the first server alone, whatever the options say.
    once: bool,
    /// That the command fails is an answer.
    asks: bool,
}

impl Way {
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

fn reported(call: &Call) -> Output {
    match call.block {
        Some(_) => Output::Handler,
        None => Output::Report,
    }
}

fn on_servers(
    interpreter: &Interpreter,
    context: &mut EvalContext,
    call: &Call,
    way: &Way,
    command: &str,
) -> Fallible<Option<Outcome>> {
    let mut settings = interpreter.settings(context.engine(), call)?;
    if way.once && interpreter.own_server().is_none() {
        settings.selection.once = Some(true);
    }
    let sudo = interpreter.sudo(context.engine())?;
    let mut text = interpreter.prefixed(context.engine(), command, &settings.options, call.position)?;
    if let Some(called) = &way.sudo {
        text.insert_str(0, &format!("{called} "));
    }
    let request = remote(interpreter, way, &text, call, &mut settings, &sudo)?;
    interpreter.act(context, call, &settings, request)
}

/// A command for servers. One that calls sudo may be asked for the password: its input stays open, and it gets a terminal
/// unless the recipe says otherwise, since sudo does not ask without one. What such a command reads comes without a terminal:
/// sudo takes the password from the same input, and only when it has started its command that is given the rest.
pub(super) fn remote(
    interpreter: &Interpreter,
    way: &Way,
    command: &str,
    call: &Call,
    settings: &mut Settings,
    sudo: &Sudo,
) -> Fallible<Request> {
    let reads_file = matches!(settings.options.stdin, Some(Stdin::File(_)));
    let around = interpreter.said_around().user.filter(|_| way.sudo.is_none());
    let (way, command) = match &around {
        None => (way.clone(), command.to_owned()),
        Some(user) => {
            let called = sudo.command(Some(user));
            let text = format!("{called} sh -c {}", quote(command));
            let way = Way {
                sudo: Some(called),
                ..way.clone()
            };
            (way, text)
        }
    };
    let (way, command) = (&way, command.as_str());
    let user = call.options.get("as").filter(|(user, _)| !user.is_unit());
    let user = around.or_else(|| user.map(|(user, _)| user.to_string()).filter(|_| way.sudo.is_some()));
    let said = options_shown(&settings.options, settings.environment.as_ref(), user.as_deref());
    let calls = sudo.calls(command);
    let mut text = command.to_owned();
    let mut asking = None;
    if calls > 0 {
        let within = Within::of(interpreter, way, settings).map_err(|error| wrong(error, call.position))?;
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
    let ends = options.eof.unwrap_or(reads_file || call.block.is_none() && !may_ask);
    let (given, shown) = input(interpreter, call, options, command, ends)?;
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
        ..Request::new(way.verb, shown, text, given)
    })
}

/// What a command reads, and the command as it is shown.
fn input(
    interpreter: &Interpreter,
    call: &Call,
    options: &RunOptions,
    command: &str,
    then_end: bool,
) -> Fallible<(Input, String)> {
    let (input, shown) = match &options.stdin {
        None => (Input::none(), command.to_owned()),
        Some(Stdin::Text(bytes)) => (Input::text(bytes.as_slice()), command.to_owned()),
        Some(Stdin::File(name)) => {
            let position = call
                .options
                .get("stdin")
                .map_or(call.position, |(_, position)| *position);
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
            let source = interpreter.source(&interpreter.home_path(name), position, &unreadable)?;
            (Input::told(source), format!("{command} (stdin: {name})"))
        }
    };
    Ok((Input { then_end, ..input }, shown))
}
