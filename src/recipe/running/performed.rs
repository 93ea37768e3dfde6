//! A verb paired with what it does.

use rhai::EvalContext;

use super::call::Call;
use super::interpreter::Interpreter;
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::verb::Verb;

/// A verb and what it does.
pub(in crate::recipe) type Performed = (&'static Verb, fn(&Interpreter, &mut EvalContext, Call) -> Fallible);
