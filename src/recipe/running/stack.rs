//! The stack that recipes need: limits are counted in calls, and what stands in a call may be nested.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};

/// Enough for the deepest script that the limits allow, in a debug build too. Only what is used costs memory.
pub const STACK: usize = 256 << 20;

/// Does the work on a stack that no recipe can overflow. An error when the system has no thread to give.
pub fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    scope(|scope| {
        let thread = Builder::new().name("recipe".to_owned()).stack_size(STACK);
        match thread.spawn_scoped(scope, work)?.join() {
            Ok(value) => Ok(value),
            Err(panic) => resume_unwind(panic),
        }
    })
}
