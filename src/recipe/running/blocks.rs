//! The blocks that were kept for later, and the interpreter and engine that evaluate them.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use rhai::Engine;

use super::block::KeptBlock;
use super::interpreter::Interpreter;
use crate::configuration::BlockId;

/// The blocks of a run.
#[derive(Default)]
pub(in crate::recipe) struct Blocks {
    kept: RefCell<Vec<KeptBlock>>,
    /// They own this part, so they are not owned by it.
    evaluators: RefCell<(Weak<Interpreter>, Weak<Engine>)>,
}

impl Blocks {
    pub(super) fn keep(&self, block: KeptBlock) {
        self.kept.borrow_mut().push(block);
    }

    /// Returns a block.
    pub(super) fn get(&self, id: BlockId) -> Option<KeptBlock> {
        self.kept.borrow().get(id.0).cloned()
    }

    /// Notes who evaluates the blocks.
    pub(in crate::recipe) fn keep_evaluators(&self, interpreter: &Rc<Interpreter>, engine: &Rc<Engine>) {
        self.evaluators
            .replace((Rc::downgrade(interpreter), Rc::downgrade(engine)));
    }

    /// Returns the interpreter and the engine, for an evaluation that owns them as long as it lasts.
    pub(in crate::recipe) fn evaluators(&self) -> Option<(Rc<Interpreter>, Rc<Engine>)> {
        let (interpreter, engine) = &*self.evaluators.borrow();
        interpreter.upgrade().zip(engine.upgrade())
    }
}
