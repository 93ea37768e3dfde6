//! Finds functions after `::` that a module does not have, and functions that are in another file.

use std::path::Path;

use super::calls::SourceCall;
use super::claims::Text;
use super::defined::Defined;
use super::findings::Findings;
use crate::configuration::suggestion;
use crate::diagnostic::{Diagnostic, Fault};

impl Findings<'_> {
    /// Returns the error for a function that an imported file does not have, or that takes another number of arguments.
    pub(super) fn unknown_of_module(&self, text: &Text, module: &str, call: &SourceCall) -> Option<Diagnostic> {
        // A name may be imported more than once, and modules inside modules are not followed.
        let mut paths = text.claims().imports.iter().filter(|(name, _)| name == module);
        let (Some((_, path)), None) = (paths.next(), paths.next()) else {
            return None;
        };
        let file = self.machine.imported(path, &text.file)?;
        let imported = self.texts.iter().find(|other| *other.file == *file)?;
        let public = || {
            imported
                .ast()
                .iter_functions()
                .filter(|function| !function.access.is_private())
        };
        let numbers: Vec<usize> = public()
            .filter(|function| function.name == call.name)
            .map(|function| function.params.len())
            .collect();
        if numbers.contains(&call.given) {
            return None;
        }
        let name = &call.name;
        if let Some(number) = numbers.first() {
            let arguments = if *number == 1 { "argument" } else { "arguments" };
            let message = format!(
                "the function `{module}::{name}' takes {number} {arguments}, not {}",
                call.given
            );
            return Some(Diagnostic::new(Fault::Recipe, message).label("wrong number of arguments"));
        }
        let told = Diagnostic::new(Fault::Recipe, format!("{file} has no function `{name}'")).label("not known");
        let is_private = imported.ast().iter_functions().any(|function| function.name == name);
        let hint = match is_private {
            true => Some(format!("it is private there: leave `private' out before `fn {name}'")),
            false => suggestion(name, public().map(|function| function.name)),
        };
        Some(hint.into_iter().fold(told, Diagnostic::hint))
    }
}

impl Defined {
    /// Returns the hint for calling a function that is in another file, if there is one of this name.
    pub(in crate::recipe) fn function_elsewhere(&self, name: &str) -> Option<String> {
        let files = self.files();
        let text = files.read.iter().rev().find(|text| {
            !self.is_of_stdlib(&text.file) && text.ast().iter_functions().any(|function| function.name == name)
        })?;
        let file = &text.file;
        let stem = Path::new(&**file).file_stem()?.to_str()?;
        let module: String = stem
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '_' })
            .collect();
        Some(format!(
            "it is a function of {file}, known there alone: import \"{stem}\" as {module}; {module}::{name}(…)"
        ))
    }
}
