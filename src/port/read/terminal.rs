//! Commands of this machine that want the terminal: consoles over ssh, editors. capr does not lend its terminal to a program.

use ruby_prism::CallNode;

use super::super::form::{Block, Call, Expr, Line, Part, Statement};
use super::super::note::Read;
use super::super::ruby::Offsets;
use super::Reader;

/// The programs that do nothing without a terminal.
const PROGRAMS: &[&str] = &[
    "$EDITOR", "emacs", "htop", "irb", "less", "more", "nano", "pry", "screen", "tmux", "top", "vi", "vim",
];

/// The words that stand before a program.
const BEFORE: &[&str] = &["bundle", "command", "env", "exec", "sudo"];

impl Reader<'_> {
    /// Reads `system "…"` and `exec "…"`, behind which Ruby does nothing more.
    pub(super) fn of_this_machine(&mut self, call: &CallNode<'_>, name: &str) -> Read<Vec<Line>> {
        let is_exec = name == "exec";
        let value = self.command_value(call, if is_exec { "system" } else { name })?;
        let Expr::Call(command) = value else {
            return Ok(vec![Line::new(Statement::Value(value))]);
        };
        let known = command.arguments.iter().map(|value| self.path_in(value.clone()));
        if name != "run_locally" && wants_terminal(&known.collect::<Vec<_>>(), is_exec) {
            self.remarks.push(format!(
                "`{name}` of a program that wants the terminal: capr does not lend its own, and prints the command"
            ));
            let printed = command.arguments.into_iter().map(|command| match command {
                words @ Expr::List(_) => Expr::call("join", vec![words, Expr::text(" ")]),
                command => command,
            });
            let mut lines = vec![Line::verb(Call::new("puts", printed.collect()))];
            if is_exec && self.has_more_behind(call) {
                lines.push(Line::new(Statement::Value(Expr::call("exit", vec![Expr::number(0)]))));
            }
            return Ok(lines);
        }
        if !is_exec {
            return Ok(vec![Line::verb(command)]);
        }
        // The program takes the place of Capistrano, which ends as it does.
        self.remarks
            .push("`exec`: the program runs without a terminal, and its end is that of the run".to_owned());
        let code = |code| Block::giving(Expr::number(code));
        let ended = Expr::If(vec![(Expr::Call(command), code(0))], Some(code(1)));
        Ok(vec![Line::new(Statement::Value(Expr::call("exit", vec![ended])))])
    }

    /// Returns true if a statement stands behind a call, in its block or behind that.
    fn has_more_behind(&self, call: &CallNode<'_>) -> bool {
        let rest = self.text.get(call.location().end_offset()..).unwrap_or_default();
        let rest = String::from_utf8_lossy(rest);
        let ends = ["end", "else", "elsif", "when", "}"];
        !ends.iter().any(|end| rest.trim_start().starts_with(end))
    }
}

/// Returns true for a command whose program wants a terminal; `exec` of ssh is a login.
fn wants_terminal(command: &[Expr], is_exec: bool) -> bool {
    let written = |value: &Expr| -> String {
        let parts = value.clone().parts().into_iter().map(|part| match part {
            Part::Text(text) => text,
            Part::Value(_) => "value".to_owned(),
        });
        parts.collect()
    };
    let text = match command {
        [Expr::List(words)] => words.iter().map(written).collect::<Vec<_>>().join(" "),
        values => values.iter().map(written).collect(),
    };
    text.split(['&', ';', '|', '\n']).any(|command| {
        let words = command.split_whitespace();
        let mut words = words.skip_while(|word| word.contains('=') || BEFORE.contains(word));
        let program = words.next().unwrap_or_default();
        match program.rsplit('/').next().unwrap_or_default() {
            "ssh" | "mosh" => is_exec || words.any(|word| matches!(word, "-t" | "-tt" | "-At" | "-qt" | "-qtt")),
            "rails" => words
                .next()
                .is_some_and(|word| matches!(word, "c" | "console" | "dbconsole")),
            program => PROGRAMS.contains(&program),
        }
    })
}
