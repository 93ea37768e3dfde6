//! Questions of recipes to people.

use std::rc::Rc;

use rhai::{Dynamic, Engine, FnPtr, Position};

use super::super::block::KeptBlock;
use super::super::examining;
use super::super::interpreter::Interpreter;
use super::super::verb_context::{Performed, VerbContext};
use crate::configuration::{Setter, is_variable_name};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::values::{text as shown, texts};
use crate::recipe::language::verbs::questions as rows;
use crate::recipe::language::verbs::variables::no_variable_name;

pub(super) const PASSWORD_PROMPT: Performed = (&rows::PASSWORD_PROMPT, |cx| {
    let prompt = match cx.call.arguments.is_empty() {
        true => "Password: ".to_owned(),
        false => cx.text(0),
    };
    Ok(secret(cx.interpreter, &prompt, cx.position())?.into())
});

/// Asks the person without showing what is typed.
fn secret(interpreter: &Interpreter, prompt: &str, position: Position) -> Fallible<String> {
    if examining::asks_nobody(interpreter) {
        examining::leave_unasked(interpreter, prompt, None);
        return Ok(String::new());
    }
    let secret = interpreter.person().secret(prompt);
    let secret = secret.map_err(|error| wrong(error.to_string(), position))?;
    interpreter.actor().hide(&secret);
    Ok(secret.reveal().to_owned())
}

pub(super) const ASK: Performed = (&rows::ASK, ask);

fn ask(cx: &mut VerbContext) -> Fallible {
    let interpreter = cx.interpreter;
    let question = Question::of(cx)?;
    if !interpreter
        .defined()
        .asks_for_variable(cx.scope.source(), cx.position())
    {
        return question.asked(interpreter);
    }
    let name = cx.text(0);
    if !is_variable_name(&name) {
        return Err(no_variable_name(&name, cx.position_of(0)));
    }
    let by = Setter::Recipe(cx.origin());
    let mut function = FnPtr::new(rows::ASK.name)?;
    function.add_curry(question.text.into());
    function.add_curry(question.default.unwrap_or_default());
    function.add_curry(question.is_shown.into());
    let block = KeptBlock::function(cx.scope, function, interpreter.place().namespace());
    let block = interpreter.keep(block);
    interpreter
        .defined()
        .change(|configuration| configuration.variables.set_lazy(&name, block, by));
    Ok(Dynamic::UNIT)
}

/// Registers the function that a variable calls when it is asked for.
pub(in crate::recipe) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let asking = interpreter.clone();
    engine.register_fn(rows::ASK.name, move |text: &str, default: Dynamic, is_shown: bool| {
        let question = Question {
            text: text.to_owned(),
            default: Some(default).filter(|default| !default.is_unit()),
            is_shown,
            position: Position::NONE,
        };
        question.asked(&asking)
    });
}

/// The question of `ask`.
struct Question {
    text: String,
    default: Option<Dynamic>,
    is_shown: bool,
    position: Position,
}

impl Question {
    fn of(cx: &VerbContext) -> Fallible<Self> {
        Ok(Self {
            text: cx.text_option("prompt").unwrap_or_else(|| cx.text(0)),
            default: Some(cx.value(1)).filter(|default| !default.is_unit()),
            is_shown: cx.flag("echo", true)?,
            position: cx.position(),
        })
    }

    fn asked(&self, interpreter: &Interpreter) -> Fallible {
        let default = self.default.as_ref();
        let answer = match self.is_shown {
            true => answer(interpreter, &self.text, default, self.position)?,
            // As with a visible answer, the default is taken if there is no terminal.
            false if default.is_some() && !examining::asks_nobody(interpreter) && !interpreter.person().can_ask() => {
                None
            }
            false => Some(secret(interpreter, &prompt(&self.text, default), self.position)?),
        };
        match (answer, default) {
            (Some(answer), Some(_)) if !answer.is_empty() => Ok(answer.into()),
            (Some(answer), None) => Ok(answer.into()),
            (_, default) => Ok(default.cloned().unwrap_or_default()),
        }
    }
}

pub(super) const CHOOSE: Performed = (&rows::CHOOSE, choose);

fn choose(cx: &mut VerbContext) -> Fallible {
    let interpreter = cx.interpreter;
    let choices = texts(&cx.value(1));
    let Some(first) = choices.first() else {
        return Err(cx.misused("`choose' has an empty list"));
    };
    let default = cx.values(2).next().cloned();
    if examining::asks_nobody(interpreter) {
        let taken = default.unwrap_or_else(|| first.clone().into());
        examining::leave_unasked(interpreter, &cx.text(0), Some(&taken));
        return Ok(taken);
    }
    let lines = choices.iter().enumerate();
    let lines: String = lines
        .map(|(index, choice)| format!("  {}. {choice}\n", index + 1))
        .collect();
    let question = format!("{lines}{}", cx.text(0));
    loop {
        let Some(answer) = answer(interpreter, &question, default.as_ref(), cx.position())? else {
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

/// Returns a question with the default that is taken if nothing is typed.
fn prompt(question: &str, default: Option<&Dynamic>) -> String {
    let question = question.trim_end();
    match default.map(shown).filter(|default| !default.is_empty()) {
        Some(default) => format!("{} [{default}]: ", question.trim_end_matches(':')),
        None if question.ends_with([':', '?']) => format!("{question} "),
        None => format!("{question}: "),
    }
}

/// Asks the person for a line; `None` if nobody can be asked but there is a default.
fn answer(
    interpreter: &Interpreter,
    question: &str,
    default: Option<&Dynamic>,
    position: Position,
) -> Fallible<Option<String>> {
    let question = question.trim_end();
    let prompt = prompt(question, default);
    if examining::asks_nobody(interpreter) {
        examining::leave_unasked(interpreter, question, default);
        return Ok(Some(String::new()));
    }
    let ask = || {
        let answer = interpreter.person().question(&prompt);
        let answer = answer.map_err(|error| wrong(error.to_string(), position))?;
        Ok(answer.map_or(Dynamic::UNIT, Dynamic::from))
    };
    let answer = interpreter.recorded("ask", question, ask)?;
    match answer.into_string().ok() {
        None if default.is_none() => {
            let question = question.lines().last().unwrap_or_default();
            let diagnostic = Diagnostic::new(Fault::Failed, format!("no terminal to ask on: {question}"));
            Err(raise(
                diagnostic
                    .hint("give the question a default: ask(question, default); or set the variable: -s name=value"),
                position,
            ))
        }
        answer => Ok(answer),
    }
}
