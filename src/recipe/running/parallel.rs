//! The parameter of the block of `parallel`: a session that is told which servers run which command.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{Dynamic, Engine, EvalContext, FnPtr, Map, Position};

use super::block::call_function;
use super::command::command;
use super::interpreter::Interpreter;
use crate::configuration::{RunOptions, Server, suggestion};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::choice::meant_option;
use crate::recipe::language::options::{COMMAND, flag, run_options};
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::values::{SHOWN, dynamic, map, texts};

/// Collects branches while the block runs.
#[derive(Clone, Default)]
pub(in crate::recipe) struct ParallelSession(Rc<RefCell<Vec<Branch>>>);

/// A command, and the condition for its servers.
#[derive(Clone)]
pub(in crate::recipe) struct Branch {
    /// The condition; `None` means servers for which no other one is true.
    pub(in crate::recipe) condition: Option<Condition>,
    pub(in crate::recipe) command: String,
    pub(in crate::recipe) options: RunOptions,
    /// True if no later condition is checked for a server for which this one is true.
    pub(in crate::recipe) last: bool,
}

#[derive(Clone)]
pub(in crate::recipe) enum Condition {
    /// The server has any of these roles.
    Roles(Vec<String>),
    Function(FnPtr),
    Constant(bool),
}

impl ParallelSession {
    /// Returns the branches that the block has added, in order.
    pub(in crate::recipe) fn branches(&self) -> Vec<Branch> {
        self.0.borrow().clone()
    }

    fn add(&self, condition: Option<Dynamic>, words: &Dynamic, options: Map) -> Fallible<()> {
        let condition = condition.map(Condition::new).transpose()?;
        let pairs = options
            .into_iter()
            .map(|(name, value)| (name.to_string(), (value, Position::NONE)))
            .collect::<indexmap::IndexMap<_, _>>();
        let known: Vec<&str> = COMMAND.iter().map(|choice| choice.name).chain(["last"]).collect();
        if let Some(name) = pairs.keys().find(|name| !known.contains(&name.as_str())) {
            let diagnostic = Diagnostic::new(Fault::Recipe, format!("a branch has no option `{name}'"));
            return Err(raise(diagnostic.hint(meant_option(name, &known)), Position::NONE));
        }
        let last = match pairs.get("last") {
            Some((value, position)) => flag("last", value, *position)?.unwrap_or(false),
            None => false,
        };
        self.0.borrow_mut().push(Branch {
            condition,
            command: command(words, Position::NONE)?,
            options: run_options(&pairs)?,
            last,
        });
        Ok(())
    }
}

impl Condition {
    fn new(value: Dynamic) -> Fallible<Self> {
        if let Some(function) = value.read_lock::<FnPtr>() {
            return Ok(Self::Function(function.clone()));
        }
        if let Ok(value) = value.as_bool() {
            return Ok(Self::Constant(value));
        }
        let roles: Vec<String> = texts(&value).iter().map(|text| role(text).to_owned()).collect();
        if roles.is_empty() {
            return Err(wrong(
                "a condition is a role, a list of roles or a closure",
                Position::NONE,
            ));
        }
        Ok(Self::Roles(roles))
    }

    /// Returns the condition as the log shows it.
    pub(in crate::recipe) fn shown(&self) -> String {
        match self {
            Self::Roles(roles) => roles.join(", "),
            Self::Function(_) | Self::Constant(_) => "when".to_owned(),
        }
    }

    /// Returns true if the condition is true for a server.
    pub(in crate::recipe) fn fits(
        &self,
        interpreter: &Interpreter,
        context: &EvalContext,
        server: &Server,
        position: Position,
    ) -> Fallible<bool> {
        match self {
            Self::Constant(value) => Ok(*value),
            Self::Roles(wanted) => {
                let configuration = interpreter.defined().configuration();
                let roles = &configuration.roles;
                if let Some(unknown) = wanted.iter().find(|role| !roles.contains(role)) {
                    let diagnostic = Diagnostic::new(Fault::Recipe, format!("the role `{unknown}' is not defined"));
                    let closure = || "another condition is a closure: |server| server.host == \"app1\"".to_owned();
                    let hint = suggestion(unknown, roles.names()).unwrap_or_else(closure);
                    return Err(raise(diagnostic.hint(hint), position));
                }
                Ok(roles
                    .roles_of(server)
                    .iter()
                    .any(|role| wanted.iter().any(|w| w == role)))
            }
            Self::Function(function) => {
                let described = described(interpreter, server);
                let value = call_function(context, function, &[described.into()], position)?;
                value
                    .as_bool()
                    .map_err(|_| wrong("a condition's closure is to give true or false", position))
            }
        }
    }
}

/// Returns the role in `in?(:app)`, as Capistrano writes it, or in a role alone.
fn role(text: &str) -> &str {
    match text.trim().strip_prefix("in?") {
        Some(rest) => rest.trim_matches([' ', '(', ')', ':', '"', '\'']),
        None => text.trim(),
    }
}

/// Returns a server as a map for scripts.
pub(in crate::recipe) fn described(interpreter: &Interpreter, server: &Server) -> Map {
    let configuration = interpreter.defined().configuration();
    let roles = configuration.roles.roles_of(server).into_iter();
    let roles: rhai::Array = roles.map(|role| role.to_owned().into()).collect();
    let attributes = configuration.roles.attributes_of(server);
    let attributes = map(attributes.iter().map(|(name, value)| (name.as_str(), dynamic(value))));
    let user = server.user.clone().map_or(Dynamic::UNIT, Dynamic::from);
    let port = server.port.map_or(Dynamic::UNIT, |port| i64::from(port).into());
    let attributes = Dynamic::from_map(attributes);
    let shown = match interpreter.defined().dialect_told() {
        Some(3) => server.host.clone(),
        _ => server.to_string(),
    };
    map([
        (SHOWN, shown.into()),
        ("name", server.to_string().into()),
        ("host", server.host.clone().into()),
        // These are the words of Capistrano 3.
        ("hostname", server.host.clone().into()),
        ("properties", attributes.clone()),
        ("user", user),
        ("port", port),
        ("roles", roles.into()),
        ("attributes", attributes),
    ])
}

/// Registers sessions for scripts: `session.when(condition, command)`, `session.else(command)`.
pub(in crate::recipe) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<ParallelSession>("Session");
    engine.register_fn(
        "when",
        |session: &mut ParallelSession, condition: Dynamic, command: Dynamic| {
            session.add(Some(condition), &command, Map::new())
        },
    );
    engine.register_fn(
        "when",
        |session: &mut ParallelSession, condition: Dynamic, command: Dynamic, options: Map| {
            session.add(Some(condition), &command, options)
        },
    );
    engine.register_fn("else", |session: &mut ParallelSession, command: Dynamic| {
        session.add(None, &command, Map::new())
    });
    engine.register_fn(
        "else",
        |session: &mut ParallelSession, command: Dynamic, options: Map| session.add(None, &command, options),
    );
}
