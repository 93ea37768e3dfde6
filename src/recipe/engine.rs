//! The Rhai engine, set up for recipes: verbs, bare names, symbols, functions, limits.

use std::rc::Rc;

use rhai::packages::{
    BasicArrayPackage, BasicMapPackage, BasicMathPackage, BasicTimePackage, CorePackage, LogicPackage,
    MoreStringPackage, Package,
};
use rhai::{
    Dynamic, Engine, EvalContext, Expression, FnPtr, INT, Map, NativeCallContext, OptimizationLevel, Position,
    def_package,
};

use super::language::grammar;
use super::language::origin::{Fallible, raise, wrong};
use super::language::syntax::marks::{BODY, is_parameter, statement_name, test_verb_key, verb_key};
use super::language::syntax::reading::{MAX_STRINGS, symbols};
use super::language::values::{Namespace, text};
use super::language::verb::{Choices, Verb};
use super::running::block::{call_function, in_place};
use super::running::call::{GivenValue, VerbCall, check, decode};
use super::running::interpreter::Interpreter;
use super::running::loader::Modules;
use super::running::verb_context::{Performed, VerbContext};
use super::running::verbs::{PERFORMED, PERFORMED_IN_TESTS};
use super::running::{channel, examining, functions, limits, missing, names, parallel, rehearsed};
use crate::configuration::join;
use crate::event::Event;

def_package! {
    /// The functions of Rhai that recipes have: all but those for lists of bytes and for single bits (docs/decisions/0109).
    RecipePackage(_library): CorePackage, LogicPackage, BasicMathPackage, BasicArrayPackage, BasicMapPackage, BasicTimePackage, MoreStringPackage {}
}

/// Returns an engine whose verbs and names work on `interpreter`.
pub(super) fn engine(interpreter: &Rc<Interpreter>) -> Engine {
    let mut engine = Engine::new_raw();
    engine.register_global_module(RecipePackage::new().as_shared_module());
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_max_strings_interned(MAX_STRINGS);
    limits::limit(&mut engine, interpreter);
    // A script that compiles scripts would have no place in a file.
    engine.disable_symbol("eval");
    engine.set_module_resolver(Modules(interpreter.clone()));
    words(&mut engine, interpreter);
    names(&mut engine, interpreter);
    verbs(&mut engine, interpreter);
    bodies(&mut engine, interpreter);
    channel::register(&mut engine, interpreter);
    parallel::register(&mut engine);
    if interpreter.mode().trial().is_some() {
        rehearsed::register(&mut engine);
        if let Some(counter) = interpreter.mode().counter() {
            counter.register(&mut engine);
        }
    }
    functions::register(&mut engine, interpreter);
    super::running::verbs::register(&mut engine, interpreter);
    missing::register(&mut engine, interpreter);
    let printed = interpreter.clone();
    engine.on_print(move |text| printed.emit(Event::Printed { text: text.to_owned() }));
    engine
}

/// Registers the syntax that stands for a body which was cut out of a source of the library: it evaluates the body in its place.
fn bodies(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let bodies = interpreter.clone();
    engine.register_custom_syntax_with_state_raw(
        BODY,
        |symbols, _, _| Ok((symbols.len() == 1).then(|| "$int$".into())),
        false,
        move |context, inputs, _| {
            let number = inputs.first().and_then(Expression::get_literal_value::<INT>);
            let number = number.and_then(|number| usize::try_from(number).ok());
            let body = number.and_then(|number| bodies.library_body(context.engine(), number));
            let unread = || wrong("this part of the library cannot be read", Position::NONE);
            let body = body.ok_or_else(unread)?;
            in_place(context, &Expression::from(&*body), Vec::new())
        },
    );
}

#[allow(deprecated)] // Rhai marks on_parse_token, on_var and on_missing_function "volatile", not deprecated.
fn words(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let words = interpreter.clone();
    engine.on_parse_token(move |token, position, _| words.place().map_word(token, position));
    symbols(engine);
}

#[allow(deprecated)]
fn names(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let names = interpreter.clone();
    engine.on_var(move |word, _, context| {
        let (name, is_statement) = match statement_name(word) {
            Some(name) => (name, true),
            None => (word, false),
        };
        if context.scope().contains(name) {
            // A local variable comes first. Under its own name Rhai finds it by itself.
            return Ok(if is_statement {
                context.scope().get(name).cloned()
            } else {
                None
            });
        }
        if is_parameter(word) {
            // A closure captures it although it declares the name only further inside.
            return Ok(Some(Dynamic::UNIT));
        }
        names.budget().set_level(context.call_level());
        match names::lookup(&names, context.engine(), name, is_statement)? {
            Some(value) => Ok(Some(value)),
            None => Err(raise(names::unknown(&names, name), Position::NONE)),
        }
    });
    let calls = interpreter.clone();
    engine.on_missing_function(move |name, arguments, is_method, context| {
        let owner = match (is_method, arguments.first()) {
            (true, Some(owner)) => owner.read_lock::<Namespace>().map(|owner| owner.clone()),
            _ => None,
        };
        if is_method && owner.is_none() {
            return Ok(None);
        }
        let given = arguments.len() - usize::from(owner.is_some());
        if given > 0 {
            return Ok(None);
        }
        calls.budget().set_level(context.call_level());
        // If nothing has that name, Rhai makes an error, and that has the place.
        match owner {
            Some(owner) => {
                let found = member(&calls, context.engine(), &owner, name, true)?;
                if found.is_none() {
                    calls.clues().note_member(owner.0, name.to_owned());
                }
                Ok(found)
            }
            None => names::lookup(&calls, context.engine(), name, true),
        }
    });
    let members = interpreter.clone();
    engine.register_type_with_name::<Namespace>("Namespace");
    engine.register_indexer_get(
        move |context: NativeCallContext, owner: &mut Namespace, name: &str| -> Fallible {
            members.budget().set_level(context.call_level());
            match member(&members, context.engine(), owner, name, false)? {
                Some(value) => Ok(value),
                None => Err(raise(members.defined().unknown_member(&owner.0, name), Position::NONE)),
            }
        },
    );
    engine.register_fn("to_string", |namespace: &mut Namespace| namespace.0.to_string());
    engine.register_fn("to_string", |map: Map| text(&map.into()));
}

/// Looks up `deploy.restart`: a task is run, and a namespace inside the namespace is a value again. With brackets, a name that is
/// both is the task.
fn member(
    interpreter: &Interpreter,
    engine: &Engine,
    owner: &Namespace,
    name: &str,
    is_call: bool,
) -> Fallible<Option<Dynamic>> {
    let full = join(&owner.0, name);
    let (task, is_namespace) = {
        let tasks = &interpreter.defined().configuration().tasks;
        (tasks.get(&full), tasks.is_namespace(&full))
    };
    match task {
        Some(task) if is_call || !is_namespace => interpreter.run_task(engine, &task).map(Some),
        _ if is_namespace => Ok(Some(Dynamic::from(Namespace(full.into())))),
        _ => Ok(None),
    }
}

fn verbs(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let recipes = PERFORMED
        .iter()
        .map(|performed| (*performed, verb_key(performed.0.name)));
    let tests = PERFORMED_IN_TESTS
        .iter()
        .map(|performed| (*performed, test_verb_key(performed.0.name)));
    for ((verb, action), key) in recipes.chain(tests) {
        let (words, interpreter) = (interpreter.clone(), interpreter.clone());
        engine.register_custom_syntax_with_state_raw(
            key,
            move |_, look, state| grammar::parse(verb.tail, look, state, || words.place().next_verb()),
            false,
            move |context, inputs, state| perform((verb, action), &interpreter, context, inputs, state),
        );
    }
}

/// Calls the function of `:hosts => || …` of a command now; that of a task is called whenever its servers are needed.
fn call_functions(verb: &Verb, context: &EvalContext, call: &mut VerbCall) -> Fallible<()> {
    if verb.name == "task" || matches!(verb.options, Choices::Any) {
        return Ok(());
    }
    for name in ["hosts", "roles"] {
        let Some((value, position)) = call.options.get_mut(name) else {
            continue;
        };
        let function = value.read_lock::<FnPtr>().map(|function| function.clone());
        if let Some(function) = function {
            *value = call_function(context, &function, &[], *position)?;
        }
    }
    Ok(())
}

fn perform(
    (verb, action): Performed,
    interpreter: &Interpreter,
    context: &mut EvalContext,
    inputs: &[Expression],
    state: &Dynamic,
) -> Fallible {
    let look = |context: &EvalContext, given: &GivenValue| match missing::take(interpreter, Some(context.scope())) {
        Some(missing) => Err(raise(missing, Position::NONE)),
        None => missing::refuse(interpreter, verb, given, context.scope()),
    };
    let named = examining::refuse_bare_tasks(interpreter, verb.name, context, inputs, state);
    let result = named
        .and_then(|()| decode(context, inputs, state, &look))
        .and_then(|mut call| {
            check(verb, &mut call)?;
            call_functions(verb, context, &mut call)?;
            interpreter.budget().set_level(context.call_level());
            action(&mut VerbContext {
                verb,
                call,
                interpreter,
                scope: context,
            })
        });
    result.map_err(|mut error| {
        // An error without a place gets the place of the verb.
        if error.position().is_none() && !error.is_pseudo_error() {
            error.set_position(grammar::position(state));
        }
        super::meaning::errors::locate(error, context.source())
    })
}
