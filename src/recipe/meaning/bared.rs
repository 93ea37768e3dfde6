//! Finds secrets, by their names, in command lines, where every user of the machine can read them. Nothing is evaluated.

use rhai::{Expr, Position, Stmt};

use super::claims::Claims;
use super::findings::{Findings, at};
use super::mentions::{literal, verb};
use super::read::ReadCall;
use crate::diagnostic::Diagnostic;
use crate::recipe::language::secret_name::is_secret_name;
use crate::recipe::language::syntax::marks::as_written;

/// Verbs whose first argument is a command line for servers; `HERE` lists those for this machine.
const ON_SERVERS: &[&str] = &[
    "capture",
    "capture_all",
    "invoke_command",
    "run",
    "stream",
    "sudo",
    "test",
    "try_sudo",
];
const HERE: &[&str] = &["run_locally", "system"];

/// Returns true for a verb whose first argument is a command line.
pub(super) fn is_command(verb: &str) -> bool {
    ON_SERVERS.contains(&verb) || HERE.contains(&verb)
}

impl Claims {
    /// Notes the secrets in the command line of a call.
    pub(super) fn bared(&mut self, verb: &str, read: &ReadCall) {
        if is_command(verb) {
            let is_local = HERE.contains(&verb);
            let mut found = Vec::new();
            read.arguments.iter().for_each(|line| secrets(line, &mut found));
            self.bared
                .extend(found.into_iter().map(|(name, position)| (name, position, is_local)));
        }
    }
}

/// Adds the variables in a command line that have the name of a secret and whose values become a part of the line, quoted or not.
fn secrets(line: &Expr, found: &mut Vec<(String, Position)>) {
    let mut note = |name: &str, position| {
        if is_secret_name(name) {
            found.push((name.to_owned(), position));
        }
    };
    match line {
        Expr::Variable(variable, _, position) => note(as_written(&variable.1), *position),
        Expr::Custom(call, position) if verb(call) == Some("fetch") => {
            let read = ReadCall::of(call);
            if let Some(name) = read.arguments.first().and_then(|name| literal(name)) {
                note(&name, *position);
            }
        }
        Expr::Index(pair, ..) if matches!(&pair.lhs, Expr::Variable(map, ..) if map.1 == "ENV") => {
            if let Some(name) = literal(&pair.rhs) {
                note(&name, pair.lhs.position());
            }
        }
        Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => {
            parts.iter().for_each(|part| secrets(part, found));
        }
        Expr::FnCall(call, _) if matches!(call.name.as_str(), "+" | "quote") => {
            call.args.iter().for_each(|part| secrets(part, found));
        }
        // This is `${name}`, which may contain more than a name.
        Expr::Stmt(block) => {
            if let [Stmt::Expr(value)] = block.statements() {
                secrets(value, found);
            }
        }
        _ => {}
    }
}

impl Findings<'_> {
    /// Returns a warning for each secret that would appear in a list of processes.
    pub(super) fn bared_secrets(&self) -> Vec<Diagnostic> {
        let bared = self.own().flat_map(|(text, claims)| {
            claims.bared.iter().map(move |(name, position, is_local)| {
                let whose = if *is_local { "this machine" } else { "the server" };
                let message = format!(
                    "the secret `{name}' stands in a command line, where every user of {whose} can read it while it runs"
                );
                let capital = name.to_uppercase();
                let value = if capital == *name { format!("ENV[\"{name}\"]") } else { name.clone() };
                let diagnostic = Diagnostic::warning(message).label("shown in lists of processes").hint(format!(
                    "give it by :env => #{{ {capital}: {value} }} and write ${capital} in the command, or as its input, by :data or :stdin"
                ));
                at(diagnostic, text, *position)
            })
        });
        bared.collect()
    }
}
