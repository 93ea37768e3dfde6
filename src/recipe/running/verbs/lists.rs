//! Variables that hold lists, in the words of Capistrano 3: `append`, `remove`, `any`.

use rhai::{Array, Dynamic, EvalContext};

use super::super::call::{Call, text};
use super::super::interpreter::Interpreter;
use super::super::performed::Performed;
use crate::configuration::Setter;
use crate::recipe::language::origin::{Fallible, origin};
use crate::recipe::language::values::text as shown;
use crate::recipe::language::verbs::lists as rows;

pub(super) const APPEND: Performed = (&rows::APPEND, |interpreter, context, call| {
    change(interpreter, context, &call, |mut list, values| {
        list.extend(values);
        list
    })
});

pub(super) const REMOVE: Performed = (&rows::REMOVE, |interpreter, context, call| {
    change(interpreter, context, &call, |mut list, values| {
        let values: Vec<String> = values.iter().map(shown).collect();
        list.retain(|item| !values.contains(&shown(item)));
        list
    })
});

pub(super) const ANY: Performed = (&rows::ANY, |interpreter, context, call| {
    let value = interpreter
        .variable(context.engine(), &text(&call, 0))?
        .unwrap_or_default();
    let is_any = match (value.read_lock::<Array>(), value.read_lock::<rhai::Map>()) {
        (Some(list), _) => !list.is_empty(),
        (_, Some(map)) => !map.is_empty(),
        _ => !value.is_unit(),
    };
    Ok(is_any.into())
});

/// Sets a variable to what is made of its list and the values of the call.
fn change(
    interpreter: &Interpreter,
    context: &mut EvalContext,
    call: &Call,
    made: fn(Array, Array) -> Array,
) -> Fallible {
    let name = text(call, 0);
    let before = interpreter.variable(context.engine(), &name)?.unwrap_or_default();
    let values = call.arguments.iter().skip(1).flat_map(|(value, _)| items(value));
    let list = made(items(&before), values.collect());
    let by = Setter::Recipe(origin(context.source(), call.position));
    interpreter.set(&name, list.into(), by, call.position)?;
    Ok(Dynamic::UNIT)
}

/// The items of a list; a value by itself is one, and `()` none.
fn items(value: &Dynamic) -> Array {
    match value.flatten_clone().try_cast_result::<Array>() {
        Ok(list) => list,
        Err(value) if value.is_unit() => Array::new(),
        Err(value) => vec![value],
    }
}
