//! Variables that hold lists, in the words of Capistrano 3: `append`, `remove`, `any`.

use rhai::{Array, Dynamic, EvalContext};

use super::super::interpreter::Interpreter;
use super::{MANY, NONE, Verb, text};
use crate::configuration::Setter;
use crate::recipe::language::grammar::{Call, Tail};
use crate::recipe::language::origin::{Fallible, origin};
use crate::recipe::language::values::text as shown;

pub(super) const APPEND: Verb = Verb {
    name: "append",
    form: "append :name, value, …",
    arguments: (2, MANY),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Sets a variable to its list with these values behind it; where it is not set, to a list of them. A list among the values \
          is taken apart. The list that others hold is not changed.",
    example: "append :linked_dirs, \"public/uploads\", \"storage\";\ntask :example { puts linked_dirs; }",
    perform: |interpreter, context, call| {
        change(interpreter, context, &call, |mut list, values| {
            list.extend(values);
            list
        })
    },
};

pub(super) const REMOVE: Verb = Verb {
    name: "remove",
    form: "remove :name, value, …",
    arguments: (2, MANY),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Sets a variable to its list without these values. One that is not in it is no error.",
    example: "set :directories, [\"log\", \"tmp\"];\nremove :directories, \"tmp\";\ntask :example { puts directories; }",
    perform: |interpreter, context, call| {
        change(interpreter, context, &call, |mut list, values| {
            let values: Vec<String> = values.iter().map(shown).collect();
            list.retain(|item| !values.contains(&shown(item)));
            list
        })
    },
};

pub(super) const ANY: Verb = Verb {
    name: "any",
    form: "any(:name)",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "True where the variable holds a list or a map with something in it, or any other value but `()`. Evaluates a lazy one.",
    example: "append :directories, \"log\";\ntask :example { if any(:directories) { puts directories; } }",
    perform: |interpreter, context, call| {
        let value = interpreter
            .variable(context.engine(), &text(&call, 0))?
            .unwrap_or_default();
        let is_any = match (value.read_lock::<Array>(), value.read_lock::<rhai::Map>()) {
            (Some(list), _) => !list.is_empty(),
            (_, Some(map)) => !map.is_empty(),
            _ => !value.is_unit(),
        };
        Ok(is_any.into())
    },
};

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
