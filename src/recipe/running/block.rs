//! A block that is kept for later: its syntax, the values of the locals that it sees, and the state of its file.
//!
//! A Rhai closure evaluates every free name when it is made. That would fix a path at load time, and run a task that is only
//! mentioned; so blocks are kept as syntax.

use std::rc::Rc;

use rhai::{
    Caches, Dynamic, Engine, EvalAltResult, EvalContext, Expr, Expression, FnPtr, GlobalRuntimeState,
    NativeCallContext, Position, Scope,
};

use crate::recipe::language::origin::{Fallible, wrong};
use crate::recipe::meaning::errors::locate;

/// A deferred block.
#[derive(Clone)]
pub(in crate::recipe) struct KeptBlock {
    body: Rc<Expr>,
    /// A function that is called instead of the syntax.
    function: Option<FnPtr>,
    locals: Scope<'static>,
    state: GlobalRuntimeState,
    /// The namespace of the block, from which its names are looked up.
    pub(in crate::recipe) namespace: Rc<str>,
}

impl KeptBlock {
    /// Keeps a block with the values of the locals that are visible now.
    pub(in crate::recipe) fn capture(context: &EvalContext, body: &Expression, namespace: Rc<str>) -> Self {
        let mut locals = Scope::new();
        for (name, is_constant, value) in context.scope().iter_raw() {
            let value = value.flatten_clone();
            if is_constant {
                locals.push_constant_dynamic(name.to_owned(), value);
            } else {
                locals.push_dynamic(name.to_owned(), value);
            }
        }
        let body: &Expr = body;
        let mut state = context.global_runtime_state().clone();
        // The positions of locals differ from those at parse time.
        state.always_search_scope = true;
        Self {
            body: Rc::new(body.clone()),
            function: None,
            locals,
            state,
            namespace,
        }
    }

    /// Keeps a block with the visible locals themselves: its changes to them are seen outside as well. [`own_locals`] separates
    /// them again.
    pub(in crate::recipe) fn share(context: &mut EvalContext, body: &Expression, namespace: Rc<str>) -> Self {
        let mut block = Self::capture(context, body, namespace);
        let names: Vec<String> = context.scope().iter_raw().map(|(name, ..)| name.to_owned()).collect();
        for name in names {
            // Constants cannot be shared.
            let Some(value) = context.scope_mut().get_mut(&name) else {
                continue;
            };
            let shared = std::mem::take(value).into_shared();
            *value = shared.clone();
            if let Some(inner) = block.locals.get_mut(&name) {
                *inner = shared;
            }
        }
        block
    }

    /// Keeps a function without parameters that a recipe gave as a value.
    pub(in crate::recipe) fn function(context: &EvalContext, function: FnPtr, namespace: Rc<str>) -> Self {
        Self {
            body: Rc::new(Expr::Unit(Position::NONE)),
            function: Some(function),
            locals: Scope::new(),
            state: context.global_runtime_state().clone(),
            namespace,
        }
    }

    /// Returns the file of the block.
    pub(in crate::recipe) fn file(&self) -> Option<&str> {
        self.state.source()
    }

    /// Returns the syntax of the block.
    pub(in crate::recipe) fn body(&self) -> Rc<Expr> {
        self.body.clone()
    }

    /// Evaluates the block with these parameters; `level` is the number of script functions around it. `return` ends it.
    pub(in crate::recipe) fn call(&self, engine: &Engine, parameters: &[(String, Dynamic)], level: usize) -> Fallible {
        let (mut state, mut caches, mut locals) = (self.state.clone(), Caches::new(), self.locals.clone());
        // Without this, a function that runs a task which calls the function would never be too deep.
        state.level = level;
        if let Some(function) = &self.function {
            let name = function.fn_name();
            let native = NativeCallContext::new_with_all_fields(engine, name, None, &state, Position::NONE);
            let result = call_with(&native, function, &[]);
            return result.map_err(|error| locate(error, self.state.source()));
        }
        for (name, value) in parameters {
            locals.push_dynamic(name.clone(), value.clone());
        }
        let mut context = EvalContext::new(engine, &mut state, &mut caches, &mut locals, None);
        match context.eval_expression_tree(&Expression::from(&*self.body)) {
            Err(error) => match *error {
                EvalAltResult::Return(value, ..) => Ok(value),
                _ => Err(locate(error, self.state.source())),
            },
            value => value,
        }
    }
}

/// Makes copies of the values that were shared with a block by [`KeptBlock::share`].
pub(in crate::recipe) fn own_locals(context: &mut EvalContext) {
    let names: Vec<String> = context.scope().iter_raw().map(|(name, ..)| name.to_owned()).collect();
    for name in names {
        if let Some(value) = context.scope_mut().get_mut(&name) {
            *value = value.flatten_clone();
        }
    }
}

/// Evaluates a block in its place: it sees and changes the surrounding locals. Its parameters are visible only inside.
pub(in crate::recipe) fn in_place(
    context: &mut EvalContext,
    block: &Expression,
    parameters: Vec<(String, Dynamic)>,
) -> Fallible {
    let size = context.scope().len();
    let searched = context.global_runtime_state().always_search_scope;
    for (name, value) in parameters {
        context.scope_mut().push_dynamic(name, value);
    }
    context.global_runtime_state_mut().always_search_scope = true;
    let result = block.eval_with_context(context);
    context.global_runtime_state_mut().always_search_scope = searched;
    context.scope_mut().rewind(size);
    result
}

/// Calls a function that a recipe gave as a value, in the file of the call.
pub(in crate::recipe) fn call_function(
    context: &EvalContext,
    function: &FnPtr,
    arguments: &[Dynamic],
    position: Position,
) -> Fallible {
    let state = context.global_runtime_state();
    let native = NativeCallContext::new_with_all_fields(context.engine(), function.fn_name(), None, state, position);
    call_with(&native, function, arguments)
}

/// Calls a function with no more arguments than it takes, like a block in Ruby.
fn call_with(native: &NativeCallContext, function: &FnPtr, arguments: &[Dynamic]) -> Fallible {
    for count in (0..=arguments.len()).rev() {
        let given = arguments.iter().take(count).cloned().collect::<Vec<_>>();
        match function.call_within_context(native, given) {
            Err(error) if is_another(&error, function) => {}
            result => return result,
        }
    }
    let parameters = match arguments.len() {
        0 => "no parameters".to_owned(),
        1 => "one parameter, or none".to_owned(),
        most => format!("at most {most} parameters"),
    };
    let message = match function.is_anonymous() {
        true => format!("the function given here is to have {parameters}"),
        false => format!("there is no function `{}' with {parameters}", function.fn_name()),
    };
    Err(wrong(message, native.call_position()))
}

/// Returns true if the function does not exist with this number of parameters.
fn is_another(error: &EvalAltResult, function: &FnPtr) -> bool {
    let name = function.fn_name();
    matches!(error, EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.split(" (").next() == Some(name))
}
