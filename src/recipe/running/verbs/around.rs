//! What stands around commands: a directory, an environment, a user.

use rhai::EvalContext;

use super::super::around::Said;
use super::super::block::in_place;
use super::super::call::{Call, text};
use super::super::interpreter::Interpreter;
use super::super::performed::Performed;
use crate::recipe::language::options::environment_name;
use crate::recipe::language::origin::{Fallible, wrong};
use crate::recipe::language::values;
use crate::recipe::language::verb::Verb;
use crate::recipe::language::verbs::around as rows;

pub(super) const WITHIN: Performed = (&rows::WITHIN, |interpreter, context, call| {
    let dir = text(&call, 0);
    if dir.is_empty() {
        return Err(rows::WITHIN.misused("`within' has no directory: it is empty", call.position));
    }
    let mut said = interpreter.said_around();
    said.enter(&dir);
    around(&rows::WITHIN, interpreter, context, &call, said)
});

pub(super) const WITH: Performed = (&rows::WITH, |interpreter, context, call| {
    let mut said = interpreter.said_around();
    for (name, (value, position)) in &call.options {
        let name = name.to_uppercase();
        if !environment_name(&name) {
            let message = format!("`{name}' cannot be the name of an environment variable");
            return Err(wrong(message, *position));
        }
        said.environment.insert(name, values::text(value));
    }
    around(&rows::WITH, interpreter, context, &call, said)
});

pub(super) const AS: Performed = (&rows::AS, |interpreter, context, call| {
    let user = text(&call, 0);
    if user.is_empty() {
        return Err(rows::AS.misused("`as' names no user: it is empty", call.position));
    }
    let mut said = interpreter.said_around();
    said.user = Some(user);
    around(&rows::AS, interpreter, context, &call, said)
});

fn around(verb: &Verb, interpreter: &Interpreter, context: &mut EvalContext, call: &Call, said: Said) -> Fallible {
    let Some(block) = call.block else {
        return Err(verb.lacks_block(&text(call, 0), call.position));
    };
    interpreter.saying(said, || in_place(context, block, Vec::new()))
}
