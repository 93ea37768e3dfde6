//! Names that two libraries define: one cannot replace a task or a variable of another without an entry in `capr.toml`.

use rhai::{EvalAltResult, Position};

use super::interpreter::Interpreter;
use crate::configuration::Setter;
use crate::diagnostic::{Diagnostic, Fault, Origin};
use crate::recipe::language::origin::{Fallible, raise};
use crate::recipe::meaning::defined::Defined;
use crate::recipe::meaning::files::Owner;
use crate::recipe::meaning::library::TO_BE_REPLACED;

/// The result when a library defines a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::recipe) enum Precedence {
    /// No other library has it.
    Free,
    /// Another library has defined it, and this one replaces it.
    Wins,
    /// Another library has defined it and keeps it.
    Loses,
}

/// The kind of a name.
#[derive(Clone, Copy)]
enum What {
    Task,
    Variable,
}

/// Returns true if a file may define a task of this full name, and false if another library's task of that name is used
/// instead.
///
/// # Errors
///
/// Another library has one, and `capr.toml` does not say which of them is used.
pub(in crate::recipe) fn takes_task(
    defined: &Defined,
    name: &str,
    from: Option<&Origin>,
    position: Position,
) -> Fallible<bool> {
    let Some(there) = defined.configuration().tasks.get(name) else {
        return Ok(true);
    };
    let files = defined.files();
    let owners = from
        .and_then(|from| files.owner(&from.file))
        .zip(files.owner(&there.origin.file));
    let Some((own, other)) = owners else { return Ok(true) };
    let last = name.strip_prefix("deploy:").unwrap_or(name);
    if other == Owner::Deploy && TO_BE_REPLACED.contains(&last) {
        return Ok(true);
    }
    drop(files);
    let precedence = of(defined, What::Task, name, (&own, &other), position)?;
    Ok(precedence != Precedence::Loses)
}

/// Returns which library's variable is used. A library may set those of the deploy library and of libraries that it loads
/// itself.
///
/// # Errors
///
/// Another library has set it, and `capr.toml` does not say which of them is used.
pub(in crate::recipe) fn of_variable(
    interpreter: &Interpreter,
    name: &str,
    from: Option<&Origin>,
    position: Position,
) -> Fallible<Precedence> {
    let files = interpreter.defined().files();
    let own = from
        .filter(|_| interpreter.budget().is_loading())
        .and_then(|from| files.owner(&from.file));
    let Some(own) = own.filter(|own| *own != Owner::Deploy) else {
        return Ok(Precedence::Free);
    };
    let other = {
        let configuration = interpreter.defined().configuration();
        let settings = configuration.variables.settings(name);
        let setters = settings
            .into_iter()
            .flat_map(|(setting, overridden)| overridden.iter().chain([setting]));
        let mut owners = setters.filter_map(|setting| match &setting.by {
            Setter::Recipe(origin) | Setter::Default(origin) => files.owner(&origin.as_ref()?.file),
            _ => None,
        });
        let uses = |other: &Owner| files.uses.borrow().contains(&(own.clone(), other.clone()));
        owners.find(|other| *other != own && *other != Owner::Deploy && !uses(other))
    };
    drop(files);
    match other {
        Some(other) => of(interpreter.defined(), What::Variable, name, (&own, &other), position),
        None => Ok(Precedence::Free),
    }
}

/// Returns which of two libraries has a name.
fn of(
    defined: &Defined,
    what: What,
    name: &str,
    (own, other): (&Owner, &Owner),
    position: Position,
) -> Fallible<Precedence> {
    let is_of_others = [own, other].iter().any(|owner| matches!(owner, Owner::Added(_)));
    if own == other || !is_of_others {
        return Ok(Precedence::Free);
    }
    match defined.files().shelf.winner(name) {
        Some(winner) if winner == own.name() => Ok(Precedence::Wins),
        Some(winner) if winner == other.name() => Ok(Precedence::Loses),
        winner => Err(both((what, name), (own, other), winner, position)),
    }
}

/// Returns the error that names both, and a third library if `capr.toml` says that its definition is used.
fn both(
    (what, name): (What, &str),
    (own, other): (&Owner, &Owner),
    winner: Option<&str>,
    position: Position,
) -> Box<EvalAltResult> {
    let word = match what {
        What::Task => "task",
        What::Variable => "variable",
    };
    let whose = match other {
        Owner::Deploy => "the deploy library".to_owned(),
        other => format!("the library `{}'", other.name()),
    };
    let message = format!(
        "the library `{}' defines the {word} `{name}', which {whose} has, too",
        own.name()
    );
    let named = winner.map_or(String::new(), |winner| format!(", not `{winner}'"));
    let hint = format!(
        "the table [wins] of capr.toml says which one is used: \"{name}\" = \"{}\" or \"{name}\" = \"{}\"{named}",
        other.name(),
        own.name()
    );
    let diagnostic = Diagnostic::new(Fault::Recipe, message);
    raise(diagnostic.label(format!("of `{}'", own.name())).hint(hint), position)
}
