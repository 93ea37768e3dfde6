//! What recipes say to people, and ask them.

use rhai::{Dynamic, EvalContext, Position};

use super::super::Fallible;
use super::super::grammar::{Call, Tail};
use super::super::interpreter::Interpreter;
use super::super::origin::{raise, terminate, wrong};
use super::super::values::{text as shown, texts};
use super::{NONE, Verb, text, value};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::{Event, Level};

pub(super) const PUTS: Verb = Verb {
    name: "puts",
    form: "puts text",
    arguments: (0, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Prints a line on standard output.",
    example: "task :example { puts \"hello\"; }",
    perform: |interpreter, _, call| {
        let mut text = text(&call, 0);
        // As Ruby's: a line that has its end gets no second one.
        if text.ends_with('\n') {
            text.pop();
        }
        interpreter.emit(Event::Printed { text });
        Ok(Dynamic::UNIT)
    },
};

pub(super) const INFO: Verb = Verb {
    name: "info",
    form: "info text",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Says something in the log, at level info.",
    example: "task :example { info \"on my way\"; }",
    perform: |interpreter, _, call| {
        interpreter.say(Level::Info, text(&call, 0));
        Ok(Dynamic::UNIT)
    },
};

pub(super) const DEBUG: Verb = Verb {
    name: "debug",
    form: "debug text",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Says something in the log, at level debug.",
    example: "task :example { debug \"looking around\"; }",
    perform: |interpreter, _, call| {
        interpreter.say(Level::Debug, text(&call, 0));
        Ok(Dynamic::UNIT)
    },
};

pub(super) const WARN: Verb = Verb {
    name: "warn",
    form: "warn text",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Says something important in the log: it is shown even with `-q`.",
    example: "task :example { warn \"the disk is nearly full\"; }",
    perform: |interpreter, _, call| {
        interpreter.say(Level::Important, text(&call, 0));
        Ok(Dynamic::UNIT)
    },
};

pub(super) const ABORT: Verb = Verb {
    name: "abort",
    form: "abort text",
    arguments: (0, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Ends the run with exit code 1 and this text. An open transaction is rolled back; `catch` does not stop it.",
    example: "task :deploy_on_friday { abort \"not today\"; }",
    perform: abort,
};

fn abort(_: &Interpreter, _: &mut EvalContext, call: Call) -> Fallible {
    let text = if call.arguments.is_empty() {
        "aborted".to_owned()
    } else {
        text(&call, 0)
    };
    Err(terminate(Diagnostic::new(Fault::Failed, text), call.position))
}

pub(super) const PASSWORD_PROMPT: Verb = Verb {
    name: "password_prompt",
    form: "password_prompt(text)",
    arguments: (0, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Asks the person at the terminal for a secret, without showing what is typed. What was typed is shown as \
          `[redacted]` wherever it would appear; fewer than four characters are not looked for.",
    example: "set :database_password { password_prompt(\"Database password: \") }\ntask :give { put database_password, \"/srv/app/password\", :mode => 0600; }",
    perform: password_prompt,
};

fn password_prompt(interpreter: &Interpreter, _: &mut EvalContext, call: Call) -> Fallible {
    let prompt = if call.arguments.is_empty() {
        "Password: ".to_owned()
    } else {
        text(&call, 0)
    };
    if interpreter.asks_nobody() {
        interpreter.leave_unasked(&prompt, None);
        return Ok("".into());
    }
    let secret = interpreter
        .prompts
        .borrow_mut()
        .secret(&prompt)
        .map_err(|error| wrong(error, call.position))?;
    if let Ok(actor) = interpreter.actor.try_borrow() {
        actor.redactor().add(&secret);
    }
    Ok(secret.reveal().to_owned().into())
}

pub(super) const ASK: Verb = Verb {
    name: "ask",
    form: "ask(question, default)",
    arguments: (1, 2),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Asks the person at the terminal and gives the line that is typed, or the default where nothing is typed. Where \
          no terminal is there to ask on it gives the default at once; that there is none is then an error. In a lazy \
          variable it is asked only when the value is needed, once.",
    example: "set :branch { ask(\"Branch to deploy\", \"main\") }\ntask :example { puts branch; }",
    perform: ask,
};

fn ask(interpreter: &Interpreter, _: &mut EvalContext, call: Call) -> Fallible {
    let question = text(&call, 0);
    let default = (call.arguments.len() > 1).then(|| value(&call, 1));
    match answer(interpreter, &question, default.as_ref(), call.position)? {
        Some(answer) if !answer.is_empty() || default.is_none() => Ok(answer.into()),
        _ => Ok(default.unwrap_or_default()),
    }
}

pub(super) const CHOOSE: Verb = Verb {
    name: "choose",
    form: "choose(question, list, default)",
    arguments: (2, 3),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Shows a numbered list, asks the person at the terminal for a number or a text of the list until one comes, and \
          gives that text. The default holds as with `ask`.",
    example: "task :example {\n  let stage = choose(\"Where to\", [\"staging\", \"production\"], \"staging\");\n  puts stage;\n}",
    perform: choose,
};

fn choose(interpreter: &Interpreter, _: &mut EvalContext, call: Call) -> Fallible {
    let choices = texts(&value(&call, 1));
    let Some(first) = choices.first() else {
        return Err(CHOOSE.misused("`choose' has an empty list", call.position));
    };
    let default = (call.arguments.len() > 2).then(|| value(&call, 2));
    if interpreter.asks_nobody() {
        let taken = default.unwrap_or_else(|| first.clone().into());
        interpreter.leave_unasked(&text(&call, 0), Some(&taken));
        return Ok(taken);
    }
    let lines = choices.iter().enumerate();
    let lines: String = lines
        .map(|(index, choice)| format!("  {}. {choice}\n", index + 1))
        .collect();
    let question = format!("{lines}{}", text(&call, 0));
    loop {
        let Some(answer) = answer(interpreter, &question, default.as_ref(), call.position)? else {
            return Ok(default.unwrap_or_default());
        };
        let answer = answer.trim();
        if let (true, Some(default)) = (answer.is_empty(), &default) {
            return Ok(default.clone());
        }
        let number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let chosen = choices.iter().find(|choice| *choice == answer);
        if let Some(chosen) = chosen.or_else(|| choices.get(number?)) {
            return Ok(chosen.clone().into());
        }
    }
}

/// What the person types; `None` where nobody can be asked but there is a default.
fn answer(
    interpreter: &Interpreter,
    question: &str,
    default: Option<&Dynamic>,
    position: Position,
) -> Fallible<Option<String>> {
    let question = question.trim_end();
    let prompt = match default.map(shown).filter(|default| !default.is_empty()) {
        Some(default) => format!("{} [{default}]: ", question.trim_end_matches(':')),
        None if question.ends_with([':', '?']) => format!("{question} "),
        None => format!("{question}: "),
    };
    if interpreter.asks_nobody() {
        interpreter.leave_unasked(question, default);
        return Ok(Some(String::new()));
    }
    let answer = interpreter.prompts.borrow_mut().question(&prompt);
    match answer.map_err(|error| wrong(error, position))? {
        None if default.is_none() => {
            let question = question.lines().last().unwrap_or_default();
            let diagnostic = Diagnostic::new(Fault::Failed, format!("no terminal to ask on: {question}"));
            Err(raise(
                diagnostic.hint("a default would be taken: ask(question, default); or set the variable: -s name=value"),
                position,
            ))
        }
        answer => Ok(answer),
    }
}
