//! `set`, `fetch` and similar verbs.

use rhai::{Dynamic, FnPtr};

use super::super::block::call_function;
use super::super::dialect::speaks_three;
use super::super::names;
use super::super::precedence;
use super::super::precedence::Precedence;
use super::super::verb_context::{Performed, VerbContext};
use crate::configuration::{Configuration, Setter, Setting};
use crate::diagnostic::{Diagnostic, Fault};
use crate::origin::Origin;
use crate::recipe::language::origin::{Fallible, raise};
use crate::recipe::language::verbs::variables as rows;

pub(super) const SET: Performed = (&rows::SET, |cx| {
    let by = Setter::Recipe(cx.origin());
    match precedence(cx)? {
        Precedence::Loses => Ok(Dynamic::UNIT),
        Precedence::Free | Precedence::Wins => assign(cx, by),
    }
});

pub(super) const SET_DEFAULT: Performed = (&rows::SET_DEFAULT, set_default);

pub(super) const SET_IF_EMPTY: Performed = (&rows::SET_IF_EMPTY, set_default);

fn set_default(cx: &mut VerbContext) -> Fallible {
    let by = Setter::Default(cx.origin());
    let name = cx.variable_name()?;
    let precedence = precedence(cx)?;
    if precedence == Precedence::Loses {
        return Ok(Dynamic::UNIT);
    }
    let defined = cx.interpreter.defined();
    let is_kept = match defined.configuration().variables.settings(&name) {
        None => false,
        // It is the default of another library: if this library wins, it is replaced; so is that of a task library by one of the recipe. Those
        // of Capistrano 3 are there first.
        Some((
            Setting {
                by: Setter::Default(other),
                ..
            },
            _,
        )) => {
            let is_of_stdlib =
                |origin: &Option<Origin>| origin.as_ref().is_some_and(|origin| defined.is_of_stdlib(&origin.file));
            let gives_way = is_of_stdlib(other) && !is_of_stdlib(&cx.origin()) && !speaks_three(cx.interpreter);
            precedence == Precedence::Free && !gives_way
        }
        Some(_) => true,
    };
    if is_kept {
        let is_lazy = cx.call.block.is_some();
        let default = Setting { by, is_lazy };
        defined.change(|configuration| configuration.variables.overrides(&name, default));
        return Ok(Dynamic::UNIT);
    }
    assign(cx, by)
}

/// Returns which library's variable is used, if another library has one of that name.
fn precedence(cx: &VerbContext) -> Fallible<Precedence> {
    precedence::of_variable(cx.interpreter, &cx.text(0), cx.origin().as_ref(), cx.position())
}

fn assign(cx: &VerbContext, by: Setter) -> Fallible {
    let name = cx.variable_name()?;
    if let (None, Some((value, position))) = (cx.call.block, cx.call.arguments.get(1)) {
        cx.interpreter.set(&name, value.flatten_clone(), by, *position)?;
    } else {
        let block = cx.keep(cx.block()?);
        cx.interpreter
            .defined()
            .change(|configuration| configuration.variables.set_lazy(&name, block, by));
    }
    find_paths_anew(cx, &name);
    Ok(Dynamic::UNIT)
}

/// Forgets the paths that were made of an earlier `deploy_to`: Capistrano 3 makes them at each use, so that a stage may set it after a
/// recipe has read them; Capistrano 1 and 2 keep them.
fn find_paths_anew(cx: &VerbContext, set: &str) {
    if set != "deploy_to" || !speaks_three(cx.interpreter) {
        return;
    }
    cx.interpreter.defined().change(|Configuration { variables, .. }| {
        for name in [
            "releases_path",
            "current_path",
            "shared_path",
            "state_path",
            "repo_path",
            "repository_cache",
            "release_path",
        ] {
            let settings = variables.settings(name);
            if settings.is_some_and(|(setting, _)| matches!(setting.by, Setter::Default(_))) {
                variables.reset(name);
            }
        }
    });
}

pub(super) const FETCH: Performed = (&rows::FETCH, fetch);

fn fetch(cx: &mut VerbContext) -> Fallible {
    let name = cx.text(0);
    if let Some(value) = cx.interpreter.variable(cx.engine(), &name)? {
        return Ok(value);
    }
    if cx.call.arguments.len() == 2 {
        let default = cx.value(1);
        return match default.clone().try_cast::<FnPtr>() {
            Some(function) => call_function(cx.scope, &function, &[name.into()], cx.position()),
            None => Ok(default),
        };
    }
    let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("variable `{name}' is not set")).label("not set");
    diagnostic.hints.extend(
        names::suggestion(cx.interpreter, &name).or_else(|| Some(format!("with a default: fetch(:{name}, value)"))),
    );
    Err(raise(diagnostic, cx.position_of(0)))
}

pub(super) const EXISTS: Performed = (&rows::EXISTS, |cx| {
    let variables = &cx.interpreter.defined().configuration().variables;
    Ok(variables.exists(&cx.text(0)).into())
});

pub(super) const UNSET: Performed = (&rows::UNSET, |cx| {
    cx.interpreter
        .defined()
        .change(|configuration| configuration.variables.unset(&cx.text(0)));
    Ok(Dynamic::UNIT)
});

pub(super) const RESET: Performed = (&rows::RESET, |cx| {
    let defined = cx.interpreter.defined();
    let is_lazy = defined.change(|configuration| configuration.variables.reset(&cx.text(0)));
    Ok(is_lazy.into())
});
