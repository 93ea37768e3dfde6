//! Functions about commands for servers.

use std::rc::Rc;

use rhai::{Dynamic, Engine, ImmutableString, NativeCallContext};

use super::super::command::command;
use super::super::interpreter::Interpreter;
use super::super::prefixes;
use crate::configuration::RunOptions;
use crate::recipe::language::origin::Fallible;

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let prefixing = interpreter.clone();
    engine.register_fn(
        "prefixed",
        move |context: NativeCallContext, words: Dynamic| -> Fallible<ImmutableString> {
            let position = context.call_position();
            let text = command(&words, position)?;
            let whole = prefixes::prefixed(&prefixing, context.engine(), &text, &RunOptions::default(), position)?;
            Ok(whole.into())
        },
    );
}
