//! The block of one server, evaluated on a stack of its own. A command in it suspends the evaluation until it was performed for
//! all servers together (`turns.rs`). `docs/decisions/0081-a-block-for-each-server.md` explains why this is sound.
#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::rc::Rc;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use rhai::{Dynamic, Engine, EvalAltResult, Position};

use super::around::{Around, AroundSettings};
use super::block::KeptBlock;
use super::channel::BlockChannel;
use super::interpreter::Interpreter;
use super::wish::Wish;
use crate::actor::{Outcome, Piece};
use crate::configuration::{Server, Task};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, terminate};

/// The thing that a suspended evaluation waits for.
pub(super) enum EvaluationNeed {
    /// A command on its server.
    Command(Box<Wish>),
    /// The next piece of its command's output; it has handled the last one.
    More,
    /// The end of its command, because the output block has failed.
    Stop,
    /// The result of a task, which runs once for all evaluations that wait for it.
    Task(Rc<Task>),
    /// The value of a lazy variable.
    Variable(String),
}

/// The value with which an evaluation continues.
pub(super) enum Continuation {
    /// The start of the evaluation.
    Begin,
    /// A piece of output for the block of its command.
    Piece(Piece, BlockChannel),
    /// The end of its command; there is no outcome if it was not run on this server.
    Ended(Fallible<Option<Outcome>>),
    /// The result of a task, or the value of a variable.
    Value(Fallible<Option<Dynamic>>),
    /// The order to end without doing anything more.
    Leave,
}

/// The way from an evaluation to the code that resumes it. It is never copied: each evaluation has one, which is in the
/// interpreter only while that evaluation runs.
pub(in crate::recipe) struct Suspender(NonNull<Yielder<Continuation, EvaluationNeed>>);

/// A stack for an evaluation.
pub(super) type Stack = DefaultStack;

/// The evaluation of a block for one server.
pub(super) struct Evaluation {
    pub(super) server: Server,
    coroutine: Coroutine<Continuation, EvaluationNeed, Fallible, Stack>,
}

/// The point that an evaluation has reached.
pub(super) enum EvaluationStep {
    Wants(EvaluationNeed),
    Ended(Fallible),
}

/// The block that is evaluated for each server, with everything that is the same for all.
pub(super) struct BlockWork {
    pub(super) interpreter: Rc<Interpreter>,
    pub(super) engine: Rc<Engine>,
    pub(super) block: KeptBlock,
    pub(super) parameters: Vec<String>,
    /// The number of functions around it.
    pub(super) level: usize,
    pub(super) said: AroundSettings,
}

impl BlockWork {
    /// Evaluates the block for a server, without other surroundings; `line` decides how commands are performed.
    pub(super) fn evaluate(&self, server: &Server, line: Option<Suspender>) -> Fallible {
        let interpreter = &self.interpreter;
        let values = [Dynamic::from_map(super::parallel::described(interpreter, server))];
        let parameters: Vec<_> = self.parameters.iter().cloned().zip(values).collect();
        let around = Around {
            server: Some(server.clone()),
            line,
            said: self.said.clone(),
        };
        interpreter.around().set(around);
        let _leaves = Leaves(interpreter);
        self.block.call(&self.engine, &parameters, self.level)
    }
}

/// Removes the way back when the evaluation ends, even if it panics.
struct Leaves<'a>(&'a Interpreter);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.around().take();
    }
}

impl Evaluation {
    /// Makes an evaluation that has not begun.
    pub(super) fn new(work: &Rc<BlockWork>, server: Server, stack: Stack) -> Self {
        let (work, of) = (Rc::clone(work), server.clone());
        let coroutine = Coroutine::with_stack(
            stack,
            move |yielder: &Yielder<Continuation, EvaluationNeed>, first: Continuation| match first {
                Continuation::Leave => Ok(Dynamic::UNIT),
                _ => work.evaluate(&of, Some(Suspender(NonNull::from(yielder)))),
            },
        );
        Self { server, coroutine }
    }

    /// Continues until the evaluation waits for something, or ends.
    pub(super) fn go_on(&mut self, answer: Continuation) -> EvaluationStep {
        if self.coroutine.done() {
            return EvaluationStep::Ended(Ok(Dynamic::UNIT));
        }
        match self.coroutine.resume(answer) {
            CoroutineResult::Yield(wanted) => EvaluationStep::Wants(wanted),
            CoroutineResult::Return(result) => EvaluationStep::Ended(result),
        }
    }

    /// Returns the stack, for the next evaluation.
    pub(super) fn into_stack(self) -> Option<Stack> {
        self.coroutine.done().then(|| self.coroutine.into_stack())
    }
}

/// Suspends the evaluation that is running until there is an answer. The interpreter's state for it is put aside, since
/// others are evaluated meanwhile.
pub(super) fn ask(interpreter: &Interpreter, wanted: EvaluationNeed) -> Continuation {
    let around = interpreter.around().take();
    let (namespace, level) = (interpreter.place().namespace(), interpreter.budget().level());
    let answer = match &around.line {
        // SAFETY: a line is made by the coroutine that it leads out of, is never copied, and is in the interpreter only while
        // that coroutine runs: it is taken out above before the coroutine is suspended, and `Work::evaluate` takes it out
        // before the coroutine, and with it the yielder, ends. So the code that finds it here runs in that coroutine.
        Some(line) => unsafe { line.0.as_ref() }.suspend(wanted),
        None => Continuation::Leave,
    };
    interpreter.place().enter_namespace(namespace);
    interpreter.budget().set_level(level);
    interpreter.around().set(around);
    answer
}

/// Returns the error that ends an evaluation whose block must not continue; no recipe can catch it.
pub(super) fn left() -> Box<EvalAltResult> {
    terminate(
        Diagnostic::new(Fault::Failed, "the block has failed on another server"),
        Position::NONE,
    )
}
