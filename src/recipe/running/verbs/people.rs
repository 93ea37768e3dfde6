//! Messages of recipes to people.

use rhai::Dynamic;

use super::super::verb_context::{Performed, VerbContext};
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::{Event, Level};
use crate::recipe::language::origin::{Fallible, terminate};
use crate::recipe::language::verbs::people as rows;

pub(super) const PUTS: Performed = (&rows::PUTS, |cx| {
    let mut text = cx.text(0);
    // As with Ruby's `puts`, a line that ends in a newline gets no second one.
    if text.ends_with('\n') {
        text.pop();
    }
    cx.interpreter.emit(Event::Printed { text });
    Ok(Dynamic::UNIT)
});

pub(super) const INFO: Performed = (&rows::INFO, |cx| say(cx, Level::Info));

pub(super) const DEBUG: Performed = (&rows::DEBUG, |cx| say(cx, Level::Debug));

pub(super) const WARN: Performed = (&rows::WARN, |cx| say(cx, Level::Important));

fn say(cx: &VerbContext, level: Level) -> Fallible {
    cx.interpreter.say(level, cx.text(0));
    Ok(Dynamic::UNIT)
}

pub(super) const ABORT: Performed = (&rows::ABORT, |cx| {
    let text = match cx.call.arguments.is_empty() {
        true => "aborted".to_owned(),
        false => cx.text(0),
    };
    Err(terminate(Diagnostic::new(Fault::Failed, text), cx.position()))
});
