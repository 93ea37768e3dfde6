//! Finds values that are written out and whose kind a function does not take: `sleep("a")`.

use std::any::TypeId;
use std::collections::{BTreeSet, HashMap, HashSet};

use rhai::{Array, Dynamic, Engine, FnPtr, ImmutableString, Map};

use super::calls::SourceCall;
use super::claims::{Claims, Text};
use super::errors::types;
use super::findings::{Findings, at};
use super::names::written;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::functions::MAX_PARTS;
use crate::recipe::language::takes::Shape;

/// The prefix of the functions of Rhai that return a property.
const GETTER: &str = "get$";

/// The functions that every file can call, as far as the sources name them.
pub(super) struct Functions<'a> {
    pub(super) engine: &'a Engine,
    /// The kinds of the parameters of each function, beginning with the value that a method is called on: one list for each form.
    forms: HashMap<String, Vec<Vec<TypeId>>>,
}

impl<'a> Functions<'a> {
    /// Finds the functions that these sources call, and those behind the properties that they read.
    pub(super) fn named_in<'c>(engine: &'a Engine, sources: impl Iterator<Item = &'c Claims>) -> Self {
        let mut named: HashSet<&str> = HashSet::new();
        for claims in sources {
            named.extend(claims.calls.iter().map(|call| call.name.as_str()));
            named.extend(claims.properties());
        }
        let all = engine.collect_fn_metadata(
            None,
            |function| {
                let metadata = function.metadata;
                let name = metadata.name.as_str();
                let is_told = metadata.param_types.len() == metadata.num_params;
                // A parameter whose kind is not known may be anything.
                let kinds = || match is_told {
                    true => metadata.param_types.to_vec(),
                    false => vec![TypeId::of::<Dynamic>(); metadata.num_params],
                };
                named
                    .contains(name.strip_prefix(GETTER).unwrap_or(name))
                    .then(|| (name.to_owned(), kinds()))
            },
            true,
        );
        let mut forms: HashMap<String, Vec<Vec<TypeId>>> = HashMap::new();
        for (name, kinds) in all {
            forms.entry(name).or_default().push(kinds);
        }
        // `join_path` has no form of its own for each mixture of strings and lists.
        if let Some(forms) = forms.get_mut("join_path") {
            let mixtures = (1..=MAX_PARTS).flat_map(|number| {
                let kinds = [TypeId::of::<ImmutableString>(), TypeId::of::<Array>()];
                kinds.map(|kind| vec![kind; number])
            });
            *forms = mixtures.collect();
        }
        Self { engine, forms }
    }

    /// Returns the numbers of arguments that a function takes; for a method without the value that it is called on.
    pub(super) fn numbers(&self, name: &str, is_method: bool) -> impl Iterator<Item = usize> {
        let forms = self.forms.get(name).into_iter().flatten();
        forms.filter_map(move |kinds| kinds.len().checked_sub(usize::from(is_method)))
    }

    /// Returns true if some value has a property of this name.
    pub(super) fn has_property(&self, name: &str) -> bool {
        self.forms.contains_key(&format!("{GETTER}{name}"))
    }

    /// Returns the names of all functions or methods, sorted, each once.
    pub(super) fn names(&self, are_methods: bool) -> BTreeSet<String> {
        let named = self.engine.collect_fn_metadata(
            None,
            |function| {
                let is_meant = !are_methods || function.metadata.num_params > 0;
                is_meant.then(|| function.metadata.name.to_string())
            },
            true,
        );
        named.into_iter().collect()
    }
}

impl Findings<'_> {
    /// Returns the error for an argument of a kind that the function never takes at this position.
    pub(super) fn wrong_type(&self, text: &Text, call: &SourceCall, functions: &Functions) -> Option<Diagnostic> {
        let name = call.name.as_str();
        if text.ast().iter_functions().any(|function| function.name == name) {
            return None;
        }
        let before = usize::from(call.is_method);
        let forms = functions.forms.get(name)?.iter();
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
