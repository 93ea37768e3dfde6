//! `capr run`: one command on the servers of a recipe.

use super::refuse;
use crate::diagnostic::{Diagnostic, Fault};
use crate::plan::quote_words;
use crate::recipe::Recipe;
use crate::report::Console;

/// Runs the command on all servers, or on those that HOSTS and ROLES select, and returns the exit code. `begin` reports the words of the
/// command line when the run begins.
pub(super) fn run(
    mut recipe: Recipe,
    mut words: Vec<String>,
    command: &[String],
    begin: &dyn Fn(&[String]),
    console: &Console,
) -> u8 {
    let text = match command {
        words if words.iter().all(|word| word.trim().is_empty()) => {
            let message = "run takes a command behind `--': capr run -- uptime";
            return refuse(console, &[Diagnostic::new(Fault::Usage, message)]);
        }
        // One word is a command for the shell, as with the verb; several are a program and its arguments.
        [text] => text.clone(),
        words => quote_words(words),
    };
    // If only this word is left after the stage, no task was named.
    words.push("run".to_owned());
    let said: Vec<String> = words.iter().chain([&"--".to_owned()]).chain(command).cloned().collect();
    match recipe.enter_stage(&words) {
        Ok(left) if left.len() == 1 => {
            if let Err(wrong) = recipe.consent(&[]) {
                return refuse(console, &[*wrong]);
            }
            begin(&said);
            let ended = recipe.run_command(&text);
            super::ended(recipe, ended, console)
        }
        Ok(left) => {
            let named = left.first().map_or("", String::as_str);
            let message = format!("run takes one command behind `--', but the task `{named}' was named");
            let hint = format!("capr {named} runs the task");
            refuse(console, &[Diagnostic::new(Fault::Usage, message).hint(hint)])
        }
        Err(diagnostics) => refuse(console, &diagnostics),
    }
}
