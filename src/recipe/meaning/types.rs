//! Finds values that are written out and whose kind a function does not take: `sleep("a")`.

use std::any::TypeId;
use std::collections::HashMap;

use rhai::{Array, Dynamic, Engine, FnPtr, ImmutableString, Map};

use super::calls::SourceCall;
use super::claims::Text;
use super::errors::types;
use super::findings::{Findings, at};
use super::names::written;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::functions::MAX_PARTS;
use crate::recipe::language::takes::Shape;

/// The kinds of the parameters of each function, beginning with the value that a method is called on: one list for each form.
pub(super) type Signatures = HashMap<String, Vec<Vec<TypeId>>>;

/// Returns the signatures of the functions that every file can call.
pub(super) fn signatures(engine: &Engine) -> Signatures {
    let mut signatures = Signatures::new();
    let all = engine.collect_fn_metadata(
        None,
        |function| {
            let metadata = function.metadata;
            let is_told = metadata.param_types.len() == metadata.num_params;
            // A parameter whose kind is not known may be anything.
            let kinds = match is_told {
                true => metadata.param_types.to_vec(),
                false => vec![TypeId::of::<Dynamic>(); metadata.num_params],
            };
            Some((metadata.name.to_string(), kinds))
        },
        true,
    );
    for (name, kinds) in all {
        signatures.entry(name).or_default().push(kinds);
    }
    // `join_path` has no form of its own for each mixture of strings and lists.
    let forms = (1..=MAX_PARTS).flat_map(|number| {
        let kinds = [TypeId::of::<ImmutableString>(), TypeId::of::<Array>()];
        kinds.map(|kind| vec![kind; number])
    });
    signatures.insert("join_path".to_owned(), forms.collect());
    signatures
}

impl Findings<'_> {
    /// Returns the error for an argument of a kind that the function never takes at this position.
    pub(super) fn wrong_type(&self, text: &Text, call: &SourceCall, signatures: &Signatures) -> Option<Diagnostic> {
        let name = call.name.as_str();
        if text.ast.iter_functions().any(|function| function.name == name) {
            return None;
        }
        let before = usize::from(call.is_method);
        let forms = signatures.get(name)?.iter();
        let forms: Vec<&[TypeId]> = forms
            .filter(|kinds| kinds.len() == call.given + before)
            .filter_map(|kinds| kinds.get(before..))
            .collect();
        if forms.is_empty() {
            return None;
        }
        let fits = |kind: &TypeId, shape: Shape| *kind == TypeId::of::<Dynamic>() || kinds_of(shape).contains(kind);
        let (index, shape, position) = call.shapes.iter().enumerate().find_map(|(index, (shape, position))| {
            let shape = (*shape)?;
            let is_taken = forms
                .iter()
                .any(|kinds| kinds.get(index).is_none_or(|kind| fits(kind, shape)));
            (!is_taken).then_some((index, shape, *position))
        })?;
        let mut wanted: Vec<String> = Vec::new();
        for kind in forms.iter().filter_map(|kinds| kinds.get(index)) {
            let name = types(name_of(*kind)?);
            if !wanted.contains(&name) {
                wanted.push(name);
            }
        }
        wanted.sort();
        let message = format!(
            "the function `{name}' takes a {} here, not a {}",
            wanted.join(" or a "),
            types(shape.name())
        );
        let told = Diagnostic::new(Fault::Recipe, message).label(format!("a {}", types(shape.name())));
        let hint = written(name).filter(|hint| hint.starts_with("it is written: "));
        Some(at(hint.into_iter().fold(told, Diagnostic::hint), text, position))
    }
}

/// Returns the kinds of parameters that take such a value.
fn kinds_of(shape: Shape) -> Vec<TypeId> {
    match shape {
        Shape::Text => vec![
            TypeId::of::<ImmutableString>(),
            TypeId::of::<String>(),
            TypeId::of::<&str>(),
            TypeId::of::<char>(),
        ],
        Shape::Number => vec![TypeId::of::<i64>()],
        Shape::Decimal => vec![TypeId::of::<f64>()],
        Shape::Flag => vec![TypeId::of::<bool>()],
        Shape::List => vec![TypeId::of::<Array>()],
        Shape::Map => vec![TypeId::of::<Map>()],
    }
}

/// Returns Rhai's name for a kind of parameter.
fn name_of(kind: TypeId) -> Option<&'static str> {
    [
        (TypeId::of::<ImmutableString>(), "string"),
        (TypeId::of::<String>(), "string"),
        (TypeId::of::<i64>(), "i64"),
        (TypeId::of::<f64>(), "f64"),
        (TypeId::of::<bool>(), "bool"),
        (TypeId::of::<Array>(), "array"),
        (TypeId::of::<Map>(), "map"),
        (TypeId::of::<FnPtr>(), "Fn"),
        (TypeId::of::<char>(), "char"),
    ]
    .into_iter()
    .find_map(|(other, name)| (other == kind).then_some(name))
}
