//! `rolling`: some servers at a time.

use rhai::Dynamic;

use super::super::failure::failure;
use super::super::selected;
use super::super::verb_context::{Performed, VerbContext};
use crate::event::Level;
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::verbs::rolling as rows;

pub(super) const ROLLING: Performed = (&rows::ROLLING, rolling);

fn rolling(cx: &mut VerbContext) -> Fallible {
    let block = cx.block()?;
    let interpreter = cx.interpreter;
    interpreter.around().refuse_in_server("rolling", cx.position())?;
    let number = cx.value(0).as_int().ok();
    let Some(size) = number
        .and_then(|number| usize::try_from(number).ok())
        .filter(|size| *size > 0)
    else {
        return Err(cx.misused("`rolling' takes a number of servers, 1 or more"));
    };
    if interpreter.exclusions().has_turn() {
        return Err(cx.misused(
            "`rolling' stands in another `rolling': the outer one says already which servers have their turn",
        ));
    }
    let settings = cx.settings()?;
    let selected = selected::wanted(interpreter, &settings.selection);
    let servers = selected.map_err(|error| failure(error.into(), cx.position()))?;
    let turns = servers.len().div_ceil(size);
    for (number, turn) in servers.chunks(size).enumerate() {
        let names: Vec<String> = turn.iter().map(ToString::to_string).collect();
        let text = format!("turn {} of {turns}: {}", number + 1, names.join(", "));
        interpreter.say(Level::Info, text);
        interpreter.exclusions().replace_turn(Some(turn.to_vec()));
        let result = cx.evaluate(block, Vec::new());
        interpreter.exclusions().replace_turn(None);
        let _ = result?;
    }
    Ok(Dynamic::UNIT)
}
