//! A command that the block of a server wants performed, and its progress as seen from that block.

use std::rc::Rc;

use rhai::{Dynamic, EvalContext, Position};

use super::block::in_place;
use super::call::VerbCall;
use super::download::Downloads;
use super::evaluation;
use super::evaluation::{Continuation, EvaluationNeed, left};
use super::interpreter::Interpreter;
use crate::actor::{Action, Outcome, Output};
use crate::configuration::Task;
use crate::recipe::language::origin::Fallible;

/// A command for one server.
pub(super) struct Wish {
    pub(super) action: Action,
    pub(super) downloads: Option<Rc<Downloads>>,
    /// True if its output is for a block.
    pub(super) has_block: bool,
    /// True if a failure leaves the server out, and is not an error.
    pub(super) goes_on: bool,
    /// The most servers at a time.
    pub(super) most: Option<usize>,
    /// The file, and the position in it.
    pub(super) place: (Option<String>, Position),
}

impl Wish {
    /// Returns true if two servers want the same, so that one action serves both.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let (one, two) = (&self.action, &other.action);
        let is_alike =
            (one.verb, one.output, one.silent, one.accepts) == (two.verb, two.output, two.silent, two.accepts);
        is_alike
            && self.place == other.place
            && one.shown == two.shown
            && one.options == two.options
            && one.most_captured == two.most_captured
    }
}

/// Lets a command be performed together with those of the other servers, and handles its output meanwhile.
pub(super) fn perform(
    interpreter: &Interpreter,
    context: &mut EvalContext,
    call: &VerbCall,
    mut wish: Wish,
) -> Fallible<Option<Outcome>> {
    wish.has_block = call.block.is_some() && wish.action.output == Output::Handler;
    let mut answer = evaluation::ask(interpreter, EvaluationNeed::Command(Box::new(wish)));
    loop {
        let (piece, channel) = match answer {
            Continuation::Piece(piece, channel) => (piece, channel),
            Continuation::Ended(result) => return result,
            Continuation::Begin | Continuation::Value(_) | Continuation::Leave => return Err(left()),
        };
        let Some(block) = call.block else {
            answer = evaluation::ask(interpreter, EvaluationNeed::More);
            continue;
        };
        let values = [
            Dynamic::from(channel),
            piece.stream.to_string().into(),
            piece.text.into(),
        ];
        let parameters = call.parameters.iter().cloned().zip(values).collect();
        let result = interpreter.around().at_once(|| in_place(context, block, parameters));
        match result {
            Ok(_) => answer = evaluation::ask(interpreter, EvaluationNeed::More),
            Err(error) => {
                // The action has ended everywhere once there is an answer.
                let _ = evaluation::ask(interpreter, EvaluationNeed::Stop);
                return Err(error);
            }
        }
    }
}

/// Lets a task run once for all servers that reach it.
pub(in crate::recipe) fn run_task(interpreter: &Interpreter, task: &Rc<Task>) -> Fallible {
    match evaluation::ask(interpreter, EvaluationNeed::Task(Rc::clone(task))) {
        Continuation::Value(value) => value.map(Option::unwrap_or_default),
        _ => Err(left()),
    }
}

/// Lets a lazy variable be evaluated outside of the blocks of servers.
pub(in crate::recipe) fn evaluate(interpreter: &Interpreter, name: &str) -> Fallible<Option<Dynamic>> {
    match evaluation::ask(interpreter, EvaluationNeed::Variable(name.to_owned())) {
        Continuation::Value(value) => value,
        _ => Err(left()),
    }
}
