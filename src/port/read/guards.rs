//! Decisions that end a recipe while it is read: `abort "which host?" unless ENV["HOST"]`. The recipe is loaded here nevertheless, and a run
//! ends with that error before its first task.

use super::super::form::{Expr, Line, Statement};
use super::super::waiting;

/// The verbs that need a server.
const OF_SERVERS: &[&str] = &["download", "get", "on", "put", "run", "stream", "sudo", "upload"];

/// Puts a command that Capistrano runs while it reads the recipe into `on :start`.
pub(super) fn command(line: &mut Line) {
    let Statement::Verb(call) = &line.statement else { return };
    let is_event = call.name == "on" && matches!(call.arguments.first(), Some(Expr::Symbol(_)));
    if OF_SERVERS.contains(&call.name.as_str()) && !is_event {
        waiting::start(line);
    }
}

/// Puts the end of a recipe in the branches of a decision into `on :start`; functions of the recipe may be what ends it.
pub(super) fn postpone(line: &mut Line, is_ending: &impl Fn(&str) -> bool) {
    let Statement::Value(Expr::If(..) | Expr::Switch(..)) = &line.statement else {
        return;
    };
    for block in line.statement.blocks() {
        block.lines.iter_mut().for_each(|line| postpone(line, is_ending));
        if !block.lines.last().is_some_and(|line| ends(line, is_ending)) {
            continue;
        }
        let says = |line: &&Line| is_said(line);
        let said = block.lines.iter().rev().skip(1).take_while(says).count();
        let mut last = block.lines.split_off(block.lines.len().saturating_sub(said + 1));
        let above = last.first_mut().map(|first| std::mem::take(&mut first.above));
        block.gives = false;
        block.lines.push(Line {
            above: above.unwrap_or_default(),
            ..Line::at_start(last)
        });
    }
}

/// Returns true for a line that ends the run.
fn ends(line: &Line, is_ending: &impl Fn(&str) -> bool) -> bool {
    match &line.statement {
        Statement::Throw(_) => true,
        Statement::Verb(call) => call.name == "abort",
        Statement::Value(Expr::Call(call)) => matches!(call.name.as_str(), "exit" | "abort") || is_ending(&call.name),
        _ => false,
    }
}

/// Returns true for a line that only tells something.
fn is_said(line: &Line) -> bool {
    matches!(&line.statement, Statement::Verb(call) if matches!(call.name.as_str(), "puts" | "info" | "warn"))
}
