//! The stack for recipes: limits count calls, and the expressions in a call may be nested.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};

/// The size of the stack: enough for the deepest script that the limits allow, even in a debug build. Only the used part costs
/// memory.
pub(crate) const STACK: usize = 256 << 20;

/// Calls a function on a stack that no recipe can overflow. It is an error if the system cannot start a thread.
pub fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    scope(|scope| {
        let thread = Builder::new().name("recipe".to_owned()).stack_size(STACK);
        match thread.spawn_scoped(scope, work)?.join() {
            Ok(value) => Ok(value),
            Err(panic) => resume_unwind(panic),
        }
    })
}
