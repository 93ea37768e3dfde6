//! Replacements and prefixes of the program at the beginning of a command for servers: the variables `command_map` and
//! `command_prefixes`.

use indexmap::IndexSet;
use rhai::{Engine, Position};

use super::command::command;
use super::interpreter::Interpreter;
use crate::configuration::RunOptions;
use crate::diagnostic::{Diagnostic, Fault};
use crate::plan::program;
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::values::texts;

/// Returns the command with the words that belong before its program.
pub(in crate::recipe) fn prefixed(
    interpreter: &Interpreter,
    engine: &Engine,
    command: &str,
    options: &RunOptions,
    position: Position,
) -> Fallible<String> {
    if options.prefix == Some(false) {
        return Ok(command.to_owned());
    }
    let Some((name, rest)) = program(command) else {
        return Ok(command.to_owned());
    };
    let mut words = match instead_of(interpreter, engine, name, position)? {
        Some(instead) => vec![instead],
        None => {
            let mut words = prefixes_of(interpreter, engine, name, position)?;
            words.push(name.to_owned());
            words
        }
    };
    words.retain(|word| !word.is_empty());
    Ok(format!("{}{rest}", words.join(" ")))
}

/// Returns the programs that do not run as they are written.
pub(in crate::recipe) fn programs(interpreter: &Interpreter, engine: &Engine) -> Fallible<IndexSet<String>> {
    let mut programs = IndexSet::new();
    if let Some(map) = interpreter.variable(engine, "command_map")?
        && let Some(map) = map.read_lock::<rhai::Map>()
    {
        programs.extend(map.keys().map(ToString::to_string));
    }
    for prefix in texts(&interpreter.variable(engine, "command_prefixes")?.unwrap_or_default()) {
        let bins = interpreter.variable(engine, &format!("{prefix}_map_bins"))?;
        programs.extend(texts(&bins.unwrap_or_default()));
    }
    Ok(programs)
}

/// Returns the replacement for a program in `command_map`.
fn instead_of(interpreter: &Interpreter, engine: &Engine, name: &str, position: Position) -> Fallible<Option<String>> {
    let Some(map) = interpreter
        .variable(engine, "command_map")?
        .filter(|map| !map.is_unit())
    else {
        return Ok(None);
    };
    let Some(instead) = map.read_lock::<rhai::Map>().map(|map| map.get(name).cloned()) else {
        let message = "`command_map' must be a map: a program, and what is run in its place";
        return Err(wrong(message, position));
    };
    instead.map(|words| command(&words, position)).transpose()
}

/// Returns the words that `command_prefixes` puts before a program, the outermost first.
fn prefixes_of(interpreter: &Interpreter, engine: &Engine, name: &str, position: Position) -> Fallible<Vec<String>> {
    let names = interpreter.variable(engine, "command_prefixes")?.unwrap_or_default();
    let mut words = Vec::new();
    for prefix in texts(&names) {
        let (bins, own) = (format!("{prefix}_map_bins"), format!("{prefix}_prefix"));
        let lacking = |variable: &str| {
            let message = format!("`command_prefixes' names `{prefix}', but no variable `{variable}' is set");
            let diagnostic = Diagnostic::new(Fault::Recipe, message);
            let hint = format!("write: set :{bins}, [\"rake\"]; set :{own}, \"bundle exec\";");
            raise(diagnostic.hint(hint), position)
        };
        let programs = interpreter.variable(engine, &bins)?.ok_or_else(|| lacking(&bins))?;
        if texts(&programs).iter().any(|program| program == name) {
            let own = interpreter.variable(engine, &own)?.ok_or_else(|| lacking(&own))?;
            words.push(command(&own, position)?);
        }
    }
    Ok(words)
}
