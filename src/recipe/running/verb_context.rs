//! A verb while it is performed: its row, its call, and the state that it works on.

use rhai::{Dynamic, Engine, EvalContext, Expression, Position};

use super::action::{CallSettings, Request};
use super::block::{KeptBlock, in_place};
use super::call::VerbCall;
use super::interpreter::Interpreter;
use crate::actor::Outcome;
use crate::configuration::{BlockId, RunOptions};
use crate::diagnostic::Origin;
use crate::recipe::language::options::flag;
use crate::recipe::language::origin::{Fallible, origin};
use crate::recipe::language::values;
use crate::recipe::language::verb::Verb;
use crate::recipe::language::verbs::variables::variable_name;

/// A verb's row, and the function that performs it.
pub(in crate::recipe) type Performed = (&'static Verb, fn(&mut VerbContext) -> Fallible);

/// Everything that a verb is given.
pub(in crate::recipe) struct VerbContext<'x, 'a, 's, 'ps, 'g, 'c, 't> {
    pub(in crate::recipe) verb: &'static Verb,
    pub(in crate::recipe) call: VerbCall<'x>,
    pub(in crate::recipe) interpreter: &'x Interpreter,
    /// Rhai's part of the call: the locals, and the file.
    pub(in crate::recipe) scope: &'x mut EvalContext<'a, 's, 'ps, 'g, 'c, 't>,
}

impl<'x> VerbContext<'x, '_, '_, '_, '_, '_, '_> {
    pub(in crate::recipe) fn engine(&self) -> &Engine {
        self.scope.engine()
    }

    // Arguments.

    /// Returns an argument as a string. Numbers and symbols become strings; an argument that was not given is empty.
    pub(in crate::recipe) fn text(&self, index: usize) -> String {
        self.call.text(index)
    }

    /// Returns the name of a variable in the first argument, and refuses what cannot be one.
    pub(in crate::recipe) fn variable_name(&self) -> Fallible<String> {
        variable_name(self.verb, &self.value(0), self.position_of(0))
    }

    /// Returns the strings of the arguments from `first` on; lists are taken apart.
    pub(in crate::recipe) fn texts(&self, first: usize) -> Vec<String> {
        self.values(first).flat_map(values::texts).collect()
    }

    /// Returns an argument; `()` if it was not given.
    pub(in crate::recipe) fn value(&self, index: usize) -> Dynamic {
        self.values(index).next().cloned().unwrap_or_default()
    }

    /// Returns the arguments from `first` on.
    pub(in crate::recipe) fn values(&self, first: usize) -> impl Iterator<Item = &Dynamic> {
        self.call.arguments.iter().skip(first).map(|(value, _)| value)
    }

    /// Returns the command in an argument: a string for the shell, or a list of words.
    pub(in crate::recipe) fn command(&self, index: usize) -> Fallible<String> {
        match self.call.arguments.get(index) {
            Some((value, position)) => super::command::command(value, *position),
            None => Ok(String::new()),
        }
    }

    // Options.

    /// Returns an option and its position; one that is `()` counts as not given.
    pub(in crate::recipe) fn option(&self, name: &str) -> Option<(&Dynamic, Position)> {
        let (value, position) = self.call.options.get(name)?;
        (!value.is_unit()).then_some((value, *position))
    }

    /// Returns an option as a string.
    pub(in crate::recipe) fn text_option(&self, name: &str) -> Option<String> {
        self.option(name).map(|(value, _)| values::text(value))
    }

    /// Returns an option that is true or false.
    pub(in crate::recipe) fn flag(&self, name: &str, default: bool) -> Fallible<bool> {
        match self.option(name) {
            Some((value, position)) => Ok(flag(name, value, position)?.unwrap_or(default)),
            None => Ok(default),
        }
    }

    // Places.

    /// Returns the position of the verb.
    pub(in crate::recipe) fn position(&self) -> Position {
        self.call.position
    }

    /// Returns the position of an argument, or that of the verb if it was not given.
    pub(in crate::recipe) fn position_of(&self, index: usize) -> Position {
        let argument = self.call.arguments.get(index);
        argument.map_or(self.call.position, |(_, position)| *position)
    }

    /// Returns the file and line of a position.
    pub(in crate::recipe) fn origin_of(&self, position: Position) -> Option<Origin> {
        origin(self.scope.source(), position)
    }

    /// Returns the file and line of the verb.
    pub(in crate::recipe) fn origin(&self) -> Option<Origin> {
        self.origin_of(self.call.position)
    }

    /// Returns the error for a call that its verb does not allow; it shows the form of the verb.
    pub(in crate::recipe) fn misused(&self, message: impl Into<String>) -> Box<rhai::EvalAltResult> {
        self.verb.misused(message, self.call.position)
    }

    // The block.

    /// Returns the block, or the error that there is none.
    pub(in crate::recipe) fn block(&self) -> Fallible<&'x Expression<'x>> {
        let missing = || self.verb.lacks_block(&self.text(0), self.call.position);
        self.call.block.ok_or_else(missing)
    }

    /// Evaluates a block in its place: it sees and changes the surrounding locals.
    pub(in crate::recipe) fn evaluate(&mut self, block: &Expression, parameters: Vec<(String, Dynamic)>) -> Fallible {
        in_place(self.scope, block, parameters)
    }

    /// Keeps a block for later, with the values of the locals that it sees now.
    pub(in crate::recipe) fn keep(&self, block: &Expression) -> BlockId {
        let namespace = self.interpreter.place().namespace();
        self.interpreter.keep(KeptBlock::capture(self.scope, block, namespace))
    }

    // Actions.

    /// Returns a variable's value; `()` if it is not set.
    pub(in crate::recipe) fn variable(&self, name: &str) -> Fallible {
        let value = self.interpreter.variable(self.engine(), name)?;
        Ok(value.unwrap_or_default())
    }

    /// Returns the settings of the call: its own options override the task's, which override the recipe's defaults.
    pub(in crate::recipe) fn settings(&self) -> Fallible<CallSettings> {
        self.interpreter.settings(self.engine(), &self.call)
    }

    /// Performs a request on the servers of the call; `None` if none matches and that is not an error.
    pub(in crate::recipe) fn act(&mut self, settings: &CallSettings, request: Request) -> Fallible<Option<Outcome>> {
        self.interpreter.act(self.scope, &self.call, settings, request)
    }

    /// Performs a request on this machine.
    pub(in crate::recipe) fn act_locally(&mut self, options: &RunOptions, request: Request) -> Fallible<Outcome> {
        self.interpreter.act_locally(self.scope, &self.call, options, request)
    }
}
