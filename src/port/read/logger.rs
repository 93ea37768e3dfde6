//! Reads the words and the level of `logger`, to which Capistrano 2 says what it does.

use ruby_prism::Node;

use super::super::form::{Call, Expr, Line};
use super::super::note::{Kind, Read};
use super::super::ruby::{Arguments, constant, source};
use super::Reader;

/// The level that Capistrano 2 has unless `-v` or `-q` says something else.
const USUAL: i64 = 3;

/// Returns the number of `Logger::INFO` and the other levels of Capistrano 2.
pub(super) fn level(name: &str) -> Option<i64> {
    let plain = name.trim_start_matches("::").trim_start_matches("Capistrano::");
    Some(match plain.strip_prefix("Logger::")? {
        "IMPORTANT" => 0,
        "INFO" => 1,
        "DEBUG" => 2,
        "TRACE" | "MAX_LEVEL" => USUAL,
        _ => return None,
    })
}

impl Reader<'_> {
    /// Reads `logger.info "…"`.
    pub(super) fn logged(&mut self, word: &str, given: &Arguments<'_>) -> Read<Vec<Line>> {
        let (verb, at) = match word {
            "info" => ("info", 0),
            "debug" | "trace" => ("debug", 0),
            "important" | "warn" | "error" | "fatal" => ("warn", 0),
            "log" => (given.values.first().map_or("info", of_level), 1),
            // The command line decides what is shown.
            "level=" | "disable_formatters=" | "close" => return Ok(Vec::new()),
            _ => return self.refuse(Kind::Construct, format!("`logger.{word}`")),
        };
        let said = given.values.get(at).map(|text| self.expression(text)).transpose()?;
        Ok(vec![Line::verb(Call::new(verb, said.into_iter().collect()))])
    }

    /// Returns the level of what is said, which a recipe keeps to set it again.
    pub(super) fn level_of_log(&mut self) -> Expr {
        let usual = if self.facts.version > 2 { 0 } else { USUAL };
        self.remarks.push(format!(
            "the level of what is logged is {usual}, the usual one of Capistrano; the command line decides what is shown"
        ));
        Expr::number(usual)
    }
}

/// Returns the verb for a level: `logger.log(Logger::DEBUG, "…")`.
fn of_level(level_said: &Node<'_>) -> &'static str {
    let number = match constant(level_said) {
        Some(name) => level(&name),
        None => source(level_said).parse().ok(),
    };
    match number {
        Some(0) => "warn",
        Some(2..) => "debug",
        _ => "info",
    }
}
