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

impl Interpreter {
    /// Returns the command with the words that belong before its program.
    pub(in crate::recipe) fn prefixed(
        &self,
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
        let mut words = match self.instead_of(engine, name, position)? {
            Some(instead) => vec![instead],
            None => {
                let mut words = self.prefixes_of(engine, name, position)?;
                words.push(name.to_owned());
                words
            }
        };
        words.retain(|word| !word.is_empty());
        Ok(format!("{}{rest}", words.join(" ")))
    }

    /// Returns the programs that do not run as they are written.
    pub(in crate::recipe) fn prefixed_programs(&self, engine: &Engine) -> Fallible<IndexSet<String>> {
        let mut programs = IndexSet::new();
        if let Some(map) = self.variable(engine, "command_map")?
            && let Some(map) = map.read_lock::<rhai::Map>()
        {
            programs.extend(map.keys().map(ToString::to_string));
        }
        for prefix in texts(&self.variable(engine, "command_prefixes")?.unwrap_or_default()) {
            let bins = self.variable(engine, &format!("{prefix}_map_bins"))?;
            programs.extend(texts(&bins.unwrap_or_default()));
        }
        Ok(programs)
    }

    /// Returns the replacement for a program in `command_map`.
    fn instead_of(&self, engine: &Engine, name: &str, position: Position) -> Fallible<Option<String>> {
        let Some(map) = self.variable(engine, "command_map")?.filter(|map| !map.is_unit()) else {
            return Ok(None);
        };
        let Some(instead) = map.read_lock::<rhai::Map>().map(|map| map.get(name).cloned()) else {
            let message = "`command_map' must be a map: a program, and what is run in its place";
            return Err(wrong(message, position));
        };
        instead.map(|words| command(&words, position)).transpose()
    }

    /// Returns the words that `command_prefixes` puts before a program, the outermost first.
    fn prefixes_of(&self, engine: &Engine, name: &str, position: Position) -> Fallible<Vec<String>> {
        let names = self.variable(engine, "command_prefixes")?.unwrap_or_default();
        let mut words = Vec::new();
        for prefix in texts(&names) {
            let (bins, own) = (format!("{prefix}_map_bins"), format!("{prefix}_prefix"));
            let lacking = |variable: &str| {
                let message = format!("`command_prefixes' names `{prefix}', but no variable `{variable}' is set");
                let diagnostic = Diagnostic::new(Fault::Recipe, message);
                let hint = format!("write: set :{bins}, [\"rake\"]; set :{own}, \"bundle exec\";");
                raise(diagnostic.hint(hint), position)
            };
            let programs = self.variable(engine, &bins)?.ok_or_else(|| lacking(&bins))?;
            if texts(&programs).iter().any(|program| program == name) {
                let own = self.variable(engine, &own)?.ok_or_else(|| lacking(&own))?;
                words.push(command(&own, position)?);
            }
        }
        Ok(words)
    }
}
