//! A piece of recipe kept for later: syntax, the locals it saw (by value) and the state of the file it stands in.
//!
//! A Rhai closure evaluates every free name when it is made, which would fix a path at load time and run a task that is
//! merely mentioned; so blocks are captured as syntax.

use std::rc::Rc;

use rhai::{
    Caches, Dynamic, Engine, EvalAltResult, EvalContext, Expr, Expression, FnPtr, GlobalRuntimeState,
    NativeCallContext, Position, Scope,
};

use crate::recipe::language::origin::{Fallible, wrong};
use crate::recipe::meaning::errors::locate;

/// A deferred block.
#[derive(Clone)]
pub(in crate::recipe) struct Block {
    body: Rc<Expr>,
    /// Called instead of the syntax.
    function: Option<FnPtr>,
    locals: Scope<'static>,
    state: GlobalRuntimeState,
    /// The namespace it stands in: its names are looked up from there.
    pub(in crate::recipe) namespace: Rc<str>,
}

impl Block {
    /// Keeps the block with the locals that are visible now.
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
        // Positions of locals differ from those at parse time.
        state.always_search_scope = true;
        Self {
            body: Rc::new(body.clone()),
            function: None,
            locals,
            state,
            namespace,
        }
    }

    /// Keeps the block with the locals that are visible now, as they are: what it changes is changed outside, too. They are
    /// told apart again by [`own_locals`].
    pub(in crate::recipe) fn share(context: &mut EvalContext, body: &Expression, namespace: Rc<str>) -> Self {
        let mut block = Self::capture(context, body, namespace);
        let names: Vec<String> = context.scope().iter_raw().map(|(name, ..)| name.to_owned()).collect();
        for name in names {
            // Constants stay as they are.
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

    /// The file it stands in.
    pub(in crate::recipe) fn file(&self) -> Option<&str> {
        self.state.source()
    }

    /// Its syntax.
    pub(in crate::recipe) fn body(&self) -> Rc<Expr> {
        self.body.clone()
    }

    /// Evaluates it with these parameters, inside `level` functions. `return` ends it.
    pub(in crate::recipe) fn call(&self, engine: &Engine, parameters: &[(String, Dynamic)], level: usize) -> Fallible {
        let (mut state, mut caches, mut locals) = (self.state.clone(), Caches::new(), self.locals.clone());
        // Else a function that runs a task that calls the function would never be too deep.
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

/// Takes values apart that a block was given by [`Block::share`].
pub(in crate::recipe) fn own_locals(context: &mut EvalContext) {
    let names: Vec<String> = context.scope().iter_raw().map(|(name, ..)| name.to_owned()).collect();
    for name in names {
        if let Some(value) = context.scope_mut().get_mut(&name) {
            *value = value.flatten_clone();
        }
    }
}

/// Evaluates a block where it stands: it sees and changes the locals around it. Parameters are visible only inside.
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

/// Calls a function that a recipe gave as a value, in the file it is called from.
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

/// Like a block in Ruby a function is given no more than it takes.
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

/// Whether there is no such function with that number of parameters.
fn is_another(error: &EvalAltResult, function: &FnPtr) -> bool {
    let name = function.fn_name();
    matches!(error, EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.split(" (").next() == Some(name))
}
