//! Variables that hold lists, in the words of Capistrano 3: `append`, `remove`, `any`.

use rhai::{Array, Dynamic};

use super::super::verb_context::{Performed, VerbContext};
use crate::configuration::Setter;
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::values::text as shown;
use crate::recipe::language::verbs::lists as rows;

pub(super) const APPEND: Performed = (&rows::APPEND, |cx| {
    change(cx, |name, mut list, values| {
        // Each path of a release is linked once, however often recipes name it.
        let is_linked = matches!(name, "linked_dirs" | "linked_files");
        for value in values {
            let is_there = || list.iter().any(|item| shown(item) == shown(&value));
            if !is_linked || !is_there() {
                list.push(value);
            }
        }
        list
    })
});

pub(super) const REMOVE: Performed = (&rows::REMOVE, |cx| {
    change(cx, |_, mut list, values| {
        let values: Vec<String> = values.iter().map(shown).collect();
        list.retain(|item| !values.contains(&shown(item)));
        list
    })
});

pub(super) const ANY: Performed = (&rows::ANY, |cx| {
    let value = cx.variable(&cx.text(0))?;
    let is_any = match (value.read_lock::<Array>(), value.read_lock::<rhai::Map>()) {
        (Some(list), _) => !list.is_empty(),
        (_, Some(map)) => !map.is_empty(),
        _ => !value.is_unit(),
    };
    Ok(is_any.into())
});

/// Sets a variable to the result of a function of its list and the values of the call.
fn change(cx: &VerbContext, made: fn(&str, Array, Array) -> Array) -> Fallible {
    let name = cx.variable_name()?;
    let before = cx.variable(&name)?;
    let list = made(&name, items(&before), cx.values(1).flat_map(items).collect());
    let by = Setter::Recipe(cx.origin());
    cx.interpreter.set(&name, list.into(), by, cx.position())?;
    Ok(Dynamic::UNIT)
}

/// Returns the items of a list; another value is one item, and `()` is none.
fn items(value: &Dynamic) -> Array {
    match value.flatten_clone().try_cast_result::<Array>() {
        Ok(list) => list,
        Err(value) if value.is_unit() => Array::new(),
        Err(value) => vec![value],
    }
}
