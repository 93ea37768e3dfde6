//! A call of a verb: its arguments are evaluated, its block is still syntax.

use indexmap::IndexMap;
use rhai::{Dynamic, EvalContext, Expr, Expression, Position};

use crate::recipe::language::grammar;
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::takes::Shape;
use crate::recipe::language::values;
use crate::recipe::language::verb::{Choices, Verb, Written};

/// A call of a verb, with evaluated arguments.
pub(in crate::recipe) struct VerbCall<'a> {
    pub(in crate::recipe) arguments: Vec<(Dynamic, Position)>,
    pub(in crate::recipe) options: IndexMap<String, (Dynamic, Position)>,
    pub(in crate::recipe) parameters: Vec<String>,
    pub(in crate::recipe) block: Option<&'a Expression<'a>>,
    /// The position of the verb.
    pub(in crate::recipe) position: Position,
}

/// An argument, or the value of an option, that was just evaluated.
pub(in crate::recipe) struct GivenValue<'a> {
    pub(in crate::recipe) index: usize,
    pub(in crate::recipe) option: Option<&'a str>,
    pub(in crate::recipe) value: &'a Dynamic,
    pub(in crate::recipe) expression: &'a Expr,
}

impl VerbCall<'_> {
    /// Returns a call of a verb with nothing but its name.
    pub(in crate::recipe) fn at(position: Position) -> Self {
        Self {
            arguments: Vec::new(),
            options: IndexMap::new(),
            parameters: Vec::new(),
            block: None,
            position,
        }
    }

    /// Returns an argument as a string. Numbers and symbols become strings; an argument that was not given is empty.
    pub(in crate::recipe) fn text(&self, index: usize) -> String {
        let value = self.arguments.get(index);
        value.map(|(value, _)| values::text(value)).unwrap_or_default()
    }
}

/// Evaluates the arguments of a call in order; `look` checks each before the next is evaluated.
pub(in crate::recipe) fn decode<'a>(
    context: &mut EvalContext,
    inputs: &'a [Expression<'a>],
    state: &Dynamic,
    look: &dyn Fn(&EvalContext, &GivenValue) -> Fallible<()>,
) -> Fallible<VerbCall<'a>> {
    let mut call = VerbCall::at(grammar::position(state));
    let (mut key, mut inputs) = (None, inputs.iter());
    for kind in grammar::shape(state).chars() {
        match kind {
            '>' => key = call.arguments.pop(),
            'P' => call.parameters.extend(
                inputs
                    .next()
                    .and_then(|input| input.get_string_value())
                    .map(str::to_owned),
            ),
            'B' => call.block = inputs.next(),
            'E' => {
                let Some(input) = inputs.next() else { break };
                // What a block has captured is shared, and would say so of itself in its text.
                let value = (input.eval_with_context(context)?.flatten(), input.position());
                let key = key.take();
                let option = key.as_ref().map(|(key, _): &(Dynamic, _)| key.to_string());
                let given = GivenValue {
                    index: call.arguments.len(),
                    option: option.as_deref(),
                    value: &value.0,
                    expression: input,
                };
                look(context, &given)?;
                match key {
                    Some((key, _)) => {
                        call.options.insert(key.to_string(), value);
                    }
                    None => call.arguments.push(value),
                }
            }
            _ => {}
        }
    }
    Ok(call)
}

/// Moves the pairs of a map at the end to the options, and refuses what the verb does not take.
pub(in crate::recipe) fn check(verb: &Verb, call: &mut VerbCall) -> Fallible<()> {
    let takes_options = !matches!(verb.options, Choices::Known([]));
    if takes_options
        && call.arguments.len() > verb.arguments.0
        && let Some((last, _)) = call.arguments.last()
        && last.is_map()
        && let Some((last, position)) = call.arguments.pop()
    {
        let map = last.flatten().try_cast::<rhai::Map>().unwrap_or_default();
        for (name, value) in map {
            call.options.insert(name.to_string(), (value, position));
        }
    }
    for (name, (_, position)) in &call.options {
        if !verb.takes(name) {
            return Err(verb.unknown_option(name, *position, call.position, !call.arguments.is_empty()));
        }
    }
    verb.fits(&Written {
        arguments: call.arguments.len(),
        may_end_in_options: false,
        has_block: call.block.is_some(),
        first: &|| call.text(0),
        position: call.position,
    })?;
    let mut arguments = call.arguments.iter().enumerate();
    arguments.try_for_each(|(index, (value, position))| verb.takes_kind(index, Shape::of_value(value), *position))
}
