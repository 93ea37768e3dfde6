//! The surroundings of commands: a directory, an environment, a user.

use super::super::around::AroundSettings;
use super::super::verb_context::{Performed, VerbContext};
use crate::recipe::language::options::environment_name;
use crate::recipe::language::origin::{Fallible, wrong};
use crate::recipe::language::values;
use crate::recipe::language::verbs::around as rows;

pub(super) const WITHIN: Performed = (&rows::WITHIN, |cx| {
    let dir = cx.text(0);
    if dir.is_empty() {
        return Err(cx.misused("`within' has no directory: it is empty"));
    }
    let mut said = cx.interpreter.around().said();
    said.enter(&dir);
    around(cx, said)
});

pub(super) const WITH: Performed = (&rows::WITH, |cx| {
    let mut said = cx.interpreter.around().said();
    for (name, (value, position)) in &cx.call.options {
        let name = name.to_uppercase();
        if !environment_name(&name) {
            let message = format!("`{name}' cannot be the name of an environment variable");
            return Err(wrong(message, *position));
        }
        said.environment.insert(name, values::text(value));
    }
    around(cx, said)
});

pub(super) const AS: Performed = (&rows::AS, |cx| {
    let user = cx.text(0);
    if user.is_empty() {
        return Err(cx.misused("`as' names no user: it is empty"));
    }
    let mut said = cx.interpreter.around().said();
    said.user = Some(user);
    around(cx, said)
});

fn around(cx: &mut VerbContext, said: AroundSettings) -> Fallible {
    let block = cx.block()?;
    cx.interpreter.around().saying(said, || cx.evaluate(block, Vec::new()))
}
