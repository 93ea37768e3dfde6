//! Makes a missing value, `()`, an error if a string, a command, a host, a path or an option is made of it: an empty string in
//! its place would make `rm -rf /srv/${config.dri}/releases` another command.
//!
//! Rhai makes a string of `()` without asking. It calls `to_string` and drops its errors. So that function notes the place, and
//! the next step of the script, or the verb that is given the string, ends in an error.

use std::rc::Rc;

use rhai::{ASTNode, Dynamic, Engine, Expr, ImmutableString, NativeCallContext, Position, Scope, Stmt};

use super::call::GivenValue;
use super::interpreter::Interpreter;
use crate::configuration::{VariableRead, suggestion};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, origin, raise};
use crate::recipe::language::syntax::marks::as_written;
use crate::recipe::language::verb::{Choices, Verb};
use crate::recipe::meaning::defined::Defined;
use crate::recipe::meaning::mentions::verb;

/// Registers the functions that make strings of `()`.
pub(in crate::recipe) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    // With fast operators Rhai would add `()` to a string without calling anything.
    engine.set_fast_operators(false);
    let noting = interpreter.clone();
    engine.register_fn(
        "to_string",
        move |context: NativeCallContext, (): ()| -> ImmutableString {
            noting
                .clues()
                .missing()
                .note(context.call_source(), context.call_position());
            ImmutableString::new()
        },
    );
    let adding = interpreter.clone();
    engine.register_fn("+", move |context: NativeCallContext, _: &str, (): ()| -> Fallible {
        Err(argument(&adding, &context, 1))
    });
    let adding = interpreter.clone();
    engine.register_fn("+", move |context: NativeCallContext, (): (), _: &str| -> Fallible {
        Err(argument(&adding, &context, 0))
    });
    let adding = interpreter.clone();
    engine.register_fn(
        "+=",
        move |context: NativeCallContext, _: &mut ImmutableString, (): ()| -> Fallible<()> {
            Err(argument(&adding, &context, 1))
        },
    );
}

/// Returns the error for a string that was made of a missing value, if there was one. The locals help to find what was meant.
pub(in crate::recipe) fn take(interpreter: &Interpreter, scope: Option<&Scope>) -> Option<Diagnostic> {
    let (file, position) = interpreter.clues().missing().take()?;
    let is_here = |part: &&Expr| part.position() == position;
    let what = written(interpreter.defined(), file.as_deref(), |node| match node {
        ASTNode::Expr(Expr::InterpolatedString(parts, _)) => parts.iter().find(is_here).map(What::of),
        _ => None,
    });
    let place = what.as_ref().map_or(position, |what| what.position);
    let diagnostic = told(interpreter, what, scope);
    Some(diagnostic.at(origin(file.as_deref(), place)))
}

/// Returns the error for a missing argument of a function, or a missing side of a sum.
pub(in crate::recipe) fn argument(
    interpreter: &Interpreter,
    context: &NativeCallContext,
    side: usize,
) -> Box<rhai::EvalAltResult> {
    let position = context.call_position();
    let what = written(interpreter.defined(), context.call_source(), |node| match node {
        ASTNode::Expr(Expr::FnCall(call, place)) if *place == position => call.args.get(side).map(What::of),
        ASTNode::Stmt(Stmt::Assignment(assignment)) if assignment.0.position() == position => {
            Some(What::of(&assignment.1.rhs))
        }
        _ => None,
    });
    let place = what.as_ref().map_or(position, |what| what.position);
    raise(told(interpreter, what, None), place)
}

/// Returns the expression in a source for which `is_it` returns something.
fn written(defined: &Defined, file: Option<&str>, is_it: impl Fn(&ASTNode) -> Option<What>) -> Option<What> {
    let file = file?;
    let files = defined.files();
    let text = files.read.iter().rev().find(|text| *text.file == *file)?;
    let mut found = None;
    text.ast().walk(&mut |nodes| {
        found = nodes.last().and_then(&is_it);
        found.is_none()
    });
    found
}

fn told(interpreter: &Interpreter, what: Option<What>, scope: Option<&Scope>) -> Diagnostic {
    let told = |message: String| Diagnostic::new(Fault::Recipe, message).label("missing");
    let what = what.filter(|what| what.shown != "…");
    let Some(What { shown, path, kind, .. }) = what else {
        return told("a value is missing that a string is made of".to_owned());
    };
    let way_out = format!("where it may be missing: {shown} ?? \"\"");
    match (kind, path.split_last()) {
        (Kind::Member, Some((key, [root]))) if root == "ENV" => {
            let diagnostic = told(format!("the environment variable `{key}' is not set"));
            let near = near(interpreter, &path, scope);
            near.into_iter().fold(diagnostic, Diagnostic::hint).hint(way_out)
        }
        (Kind::Member, Some((key, owner)))
            if !keys(interpreter, owner, scope).is_some_and(|keys| keys.contains(key)) =>
        {
            let diagnostic = told(format!("`{shown}' has no value: there is no `{key}'"));
            let near = near(interpreter, &path, scope);
            near.into_iter().fold(diagnostic, Diagnostic::hint).hint(way_out)
        }
        (Kind::Call, _) => told(format!("`{shown}' gave no value")).hint(way_out),
        _ => told(format!("`{shown}' has no value")).hint(way_out),
    }
}

/// Returns the name that was probably meant by the last one of this path.
fn near(interpreter: &Interpreter, path: &[String], scope: Option<&Scope>) -> Option<String> {
    let (key, owner) = path.split_last()?;
    if let Some(keys) = keys(interpreter, owner, scope) {
        return suggestion(key, keys.iter().map(String::as_str));
    }
    // If the map is not known, the keys of all maps in the sources are suggested.
    let files = interpreter.defined().files();
    let known = files.read.iter().flat_map(|text| text.claims().holders.iter());
    let mut known: Vec<&str> = known.map(String::as_str).filter(|known| known != key).collect();
    known.sort();
    suggestion(key, known)
}

/// Returns the names in the map at the end of a path, as far as they are known now.
fn keys(interpreter: &Interpreter, owner: &[String], scope: Option<&Scope>) -> Option<Vec<String>> {
    let (root, inner) = owner.split_first()?;
    let mut value: Dynamic = match scope.and_then(|scope| scope.get(root)) {
        Some(value) => value.flatten_clone(),
        None if root == "ENV" => interpreter.machine().environment().into(),
        None => match interpreter.defined().configuration().variables.read(root) {
            VariableRead::Value(value) => value.flatten_clone(),
            _ => return None,
        },
    };
    for name in inner {
        let member = value.read_lock::<rhai::Map>()?.get(name.as_str())?.flatten_clone();
        value = member;
    }
    let map = value.read_lock::<rhai::Map>()?;
    Some(map.keys().map(ToString::to_string).collect())
}

/// Refuses missing values among the arguments and options of a verb.
pub(in crate::recipe) fn refuse(
    interpreter: &Interpreter,
    verb: &Verb,
    given: &GivenValue,
    scope: &Scope,
) -> Fallible<()> {
    let GivenValue {
        index,
        option,
        value,
        expression,
    } = *given;
    let is_missing = value.is_unit()
        || value
            .read_lock::<rhai::Array>()
            .is_some_and(|list| list.iter().any(Dynamic::is_unit));
    if !is_missing || !needs_value(verb, index, option) {
        return Ok(());
    }
    // The recipe itself writes `()` there: it wants no value, as with `nil` in Ruby.
    let what = What::of(expression);
    let is_local = || what.path.first().is_some_and(|name| scope.contains(name));
    let is_given = match what.kind {
        Kind::Member | Kind::Call => false,
        Kind::Name => !is_local(),
        Kind::Other => value.is_unit(),
    };
    if option.is_some() && is_given {
        return Ok(());
    }
    let position = expression.start_position();
    let diagnostic = match value.is_unit() && what.kind != Kind::Other {
        true => told(interpreter, Some(what), Some(scope)),
        false => Diagnostic::new(Fault::Recipe, "a value is missing").label("missing"),
    };
    let of = match option {
        Some(option) => format!("the option `{option}' of `{}' needs one", verb.name),
        None => format!("`{}' needs one", verb.name),
    };
    Err(raise(diagnostic.hint(of), position))
}

/// Returns true if `()` is an error here. A variable may be set to it, so may a default, and it may be printed
/// and compared.
fn needs_value(verb: &Verb, index: usize, option: Option<&str>) -> bool {
    if option.is_some() {
        return !matches!(verb.options, Choices::Any);
    }
    !matches!(
        (verb.name, index),
        ("set" | "set_default" | "set_if_empty" | "fetch" | "ask", 1)
            | ("choose", 2)
            | ("puts" | "info" | "debug" | "warn" | "abort", 0)
            | ("assert_eq" | "assert_ne" | "assert_contains", 0 | 1)
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Name,
    /// A member of a map or a list.
    Member,
    Call,
    Other,
}

/// An expression without a value, as the recipe writes it.
struct What {
    shown: String,
    /// The names in it, if all are written out.
    path: Vec<String>,
    kind: Kind,
    position: Position,
}

impl What {
    fn of(expression: &Expr) -> Self {
        // `${…}` is a block.
        if let Expr::Stmt(block) = expression
            && let [Stmt::Expr(inner)] = block.statements()
        {
            return Self::of(inner);
        }
        let mut what = Self {
            shown: String::new(),
            path: Vec::new(),
            kind: Kind::Other,
            position: expression.start_position(),
        };
        what.walk(expression, Step::First);
        what
    }

    fn walk(&mut self, expression: &Expr, step: Step) {
        match expression {
            Expr::Dot(pair, ..) => {
                self.step(&pair.lhs, step);
                self.walk(&pair.rhs, Step::Dot);
            }
            Expr::Index(pair, ..) => {
                self.step(&pair.lhs, step);
                self.walk(&pair.rhs, Step::Index);
            }
            last => self.step(last, step),
        }
    }

    fn step(&mut self, expression: &Expr, step: Step) {
        let (shown, name, kind) = match expression {
            Expr::Variable(variable, ..) if step != Step::Index => {
                let name = as_written(&variable.1).to_owned();
                (name.clone(), Some(name), Kind::Name)
            }
            Expr::Property(property, _) => {
                let name = property.2.to_string();
                (name.clone(), Some(name), Kind::Member)
            }
            Expr::StringConstant(text, _) if step == Step::Index => {
                (format!("{text:?}"), Some(text.to_string()), Kind::Member)
            }
            Expr::IntegerConstant(number, _) if step == Step::Index => {
                (number.to_string(), Some(number.to_string()), Kind::Member)
            }
            _ if step == Step::Index => ("…".to_owned(), None, Kind::Call),
            Expr::FnCall(call, _) | Expr::MethodCall(call, _) if rhai::is_valid_identifier(&call.name) => {
                let inside = if call.args.is_empty() { "" } else { "…" };
                (format!("{}({inside})", call.name), None, Kind::Call)
            }
            Expr::Custom(call, _) => {
                let inside = if call.inputs.is_empty() { "" } else { "(…)" };
                (format!("{}{inside}", verb(call).unwrap_or("…")), None, Kind::Other)
            }
            _ => ("…".to_owned(), None, Kind::Other),
        };
        self.shown = match step {
            Step::First => shown,
            Step::Dot => format!("{}.{shown}", self.shown),
            Step::Index => format!("{}[{shown}]", self.shown),
        };
        match name {
            Some(name) if step == Step::First || !self.path.is_empty() => {
                self.path.push(name);
                self.kind = kind;
            }
            _ => {
                self.path.clear();
                self.kind = if kind == Kind::Other { kind } else { Kind::Call };
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    First,
    Dot,
    Index,
}
