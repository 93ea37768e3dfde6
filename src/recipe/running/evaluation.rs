//! The block of one server, evaluated on a stack of its own: a command in it suspends the evaluation until it was performed
//! for all servers together (`turns.rs`). `docs/decisions/0081-a-block-for-each-server.md` says why this is sound.
#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::rc::Rc;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use rhai::{Dynamic, Engine, EvalAltResult, Position};

use super::around::{Around, Said};
use super::block::Block;
use super::channel::Channel;
use super::interpreter::Interpreter;
use super::wish::Wish;
use crate::actor::{Outcome, Piece};
use crate::configuration::{Server, Task};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, terminate};

/// What a suspended evaluation waits for.
pub(super) enum Wanted {
    /// A command on its server.
    Command(Box<Wish>),
    /// More output of its command: it has dealt with a piece.
    More,
    /// The end of its command: the output block has failed.
    Stop,
    /// A task; whoever waits for the same one gets what one run gives.
    Task(Rc<Task>),
    /// The value of a lazy variable.
    Variable(String),
}

/// What an evaluation goes on with.
pub(super) enum Answer {
    /// It begins.
    Begin,
    /// A piece of output, for the block of its command.
    Piece(Piece, Channel),
    /// Its command has ended; no outcome where it was not run on this server.
    Ended(Fallible<Option<Outcome>>),
    /// What a task or a variable gives.
    Value(Fallible<Option<Dynamic>>),
    /// Nothing more is to be done: it ends.
    Leave,
}

/// The way from an evaluation to whoever resumes it. It is not copied: there is one for each evaluation, and it is in the
/// interpreter only while that evaluation runs.
pub(in crate::recipe) struct Line(NonNull<Yielder<Answer, Wanted>>);

/// A stack to evaluate on.
pub(super) type Stack = DefaultStack;

/// The evaluation of a block for one server.
pub(super) struct Evaluation {
    pub(super) server: Server,
    coroutine: Coroutine<Answer, Wanted, Fallible, Stack>,
}

/// Where an evaluation has come to.
pub(super) enum Step {
    Wants(Wanted),
    Ended(Fallible),
}

/// What is evaluated, for each server the same.
pub(super) struct Work {
    pub(super) interpreter: Rc<Interpreter>,
    pub(super) engine: Rc<Engine>,
    pub(super) block: Block,
    pub(super) parameters: Vec<String>,
    /// How many functions are around it.
    pub(super) level: usize,
    pub(super) said: Said,
}

impl Work {
    /// Evaluates the block for a server; commands are performed as `line` says. Nothing else is around it.
    pub(super) fn evaluate(&self, server: &Server, line: Option<Line>) -> Fallible {
        let interpreter = &self.interpreter;
        let values = [Dynamic::from_map(super::parallel::described(interpreter, server))];
        let parameters: Vec<_> = self.parameters.iter().cloned().zip(values).collect();
        let around = Around {
            server: Some(server.clone()),
            line,
            said: self.said.clone(),
        };
        interpreter.around.replace(around);
        let _leaves = Leaves(interpreter);
        self.block.call(&self.engine, &parameters, self.level)
    }
}

/// Ends the way back with the evaluation, also where that panics.
struct Leaves<'a>(&'a Interpreter);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.around.take();
    }
}

impl Evaluation {
    /// An evaluation that has not begun.
    pub(super) fn new(work: &Rc<Work>, server: Server, stack: Stack) -> Self {
        let (work, of) = (Rc::clone(work), server.clone());
        let coroutine = Coroutine::with_stack(
            stack,
            move |yielder: &Yielder<Answer, Wanted>, first: Answer| match first {
                Answer::Leave => Ok(Dynamic::UNIT),
                _ => work.evaluate(&of, Some(Line(NonNull::from(yielder)))),
            },
        );
        Self { server, coroutine }
    }

    /// Goes on to where it wants something, or to its end.
    pub(super) fn go_on(&mut self, answer: Answer) -> Step {
        if self.coroutine.done() {
            return Step::Ended(Ok(Dynamic::UNIT));
        }
        match self.coroutine.resume(answer) {
            CoroutineResult::Yield(wanted) => Step::Wants(wanted),
            CoroutineResult::Return(result) => Step::Ended(result),
        }
    }

    /// The stack, for the next one.
    pub(super) fn into_stack(self) -> Option<Stack> {
        self.coroutine.done().then(|| self.coroutine.into_stack())
    }
}

impl Interpreter {
    /// Whether a command has to wait for those of other servers.
    pub(in crate::recipe) fn is_one_of_many(&self) -> bool {
        self.around.borrow().line.is_some()
    }

    /// Suspends the evaluation that runs now until there is an answer. What the interpreter knows about where we are is put
    /// aside meanwhile: others are evaluated.
    pub(super) fn ask(&self, wanted: Wanted) -> Answer {
        let around = self.around.take();
        let (namespace, level) = (self.namespace(), self.level.get());
        let answer = match &around.line {
            // SAFETY: a line is made by the coroutine that it leads out of, is never copied, and is in the interpreter only while
            // that coroutine runs: it is taken out above before the coroutine is suspended, and `Work::evaluate` takes it out
            // before the coroutine, and with it the yielder, ends. So whoever finds it here runs in that coroutine.
            Some(line) => unsafe { line.0.as_ref() }.suspend(wanted),
            None => Answer::Leave,
        };
        self.enter_namespace(namespace);
        self.level.set(level);
        self.around.replace(around);
        answer
    }
}

/// Ends an evaluation whose block is not to go on; no recipe can catch it.
pub(super) fn left() -> Box<EvalAltResult> {
    terminate(
        Diagnostic::new(Fault::Failed, "the block has failed on another server"),
        Position::NONE,
    )
}
