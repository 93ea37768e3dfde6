//! `rolling`: the servers by turns.

use rhai::{Dynamic, EvalContext};

use super::super::action::failure;
use super::super::block::in_place;
use super::super::call::Call;
use super::super::interpreter::Interpreter;
use super::super::performed::Performed;
use crate::configuration::select;
use crate::event::Level;
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::verbs::rolling as rows;

pub(super) const ROLLING: Performed = (&rows::ROLLING, rolling);

fn rolling(interpreter: &Interpreter, context: &mut EvalContext, mut call: Call) -> Fallible {
    let Some(block) = call.block.take() else {
        return Err(rows::ROLLING.lacks_block("", call.position));
    };
    interpreter.refuse_in_server("rolling", call.position)?;
    let number = call.arguments.first().and_then(|(value, _)| value.as_int().ok());
    let Some(size) = number
        .and_then(|number| usize::try_from(number).ok())
        .filter(|size| *size > 0)
    else {
        let message = "`rolling' takes a number of servers, 1 or more";
        return Err(rows::ROLLING.misused(message, call.position));
    };
    if interpreter.filter.borrow().turn.is_some() {
        let message = "`rolling' stands in another `rolling': whose turn it is is said already";
        return Err(rows::ROLLING.misused(message, call.position));
    }
    let settings = interpreter.settings(context.engine(), &call)?;
    let selected = {
        let roles = &interpreter.defined.configuration.borrow().roles;
        select(roles, &settings.selection, &interpreter.filter.borrow())
    };
    let servers = selected.map_err(|error| failure(error.into(), call.position))?;
    let turns = servers.len().div_ceil(size);
    for (number, turn) in servers.chunks(size).enumerate() {
        let names: Vec<String> = turn.iter().map(ToString::to_string).collect();
        let text = format!("turn {} of {turns}: {}", number + 1, names.join(", "));
        interpreter.say(Level::Info, text);
        interpreter.filter.borrow_mut().turn = Some(turn.to_vec());
        let result = in_place(context, block, Vec::new());
        interpreter.filter.borrow_mut().turn = None;
        let _ = result?;
    }
    Ok(Dynamic::UNIT)
}
