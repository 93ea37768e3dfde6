//! A failure in the form of rustc: message, place in the recipe with a caret, servers, task stack, hints.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin as Place, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Origin, ServerFailure, Severity};

use crate::secret::REDACTED;

use super::broken::{broken, columns_of};
use super::clean::Cleaner;
use super::palette::{Label, Look};
use super::text::wrap;

/// The least columns after the names of servers for a broken reason to begin on their line.
const LEAST_REASON: usize = 24;

/// Returns a diagnostic as whole lines.
pub(super) fn render(diagnostic: &Diagnostic, look: Look, cleaner: &Cleaner) -> String {
    let lines = cleaner.lines(&diagnostic.message).into_iter();
    let lines: Vec<String> = lines.flat_map(|line| filled(line, look.columns)).collect();
    let message = lines.join("\n");
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(message));
    if let Some(origin) = &diagnostic.origin {
        group = group.element(place(
            origin,
            diagnostic.line.as_deref(),
            diagnostic.label.as_deref(),
            cleaner,
        ));
    }
    let renderer = if look.color {
        Renderer::styled()
            .error(look.style(Label::Bad))
            .warning(look.style(Label::Notice).bold())
            .line_num(look.style(Label::Aside))
            .emphasis(look.style(Label::Task))
    } else {
        Renderer::plain()
    };
    let renderer = renderer
        .decor_style(DecorStyle::Ascii)
        .term_width(look.columns.unwrap_or(usize::MAX / 4).max(40));
    let mut text = renderer.render(&[group]);
    text.push('\n');
    text.push_str(&servers(&diagnostic.servers, look, cleaner));
    if !diagnostic.tasks.is_empty() {
        let tasks = cleaner.line(&diagnostic.tasks.join(" > "));
        text.push_str(&remark("task", Label::Aside, &tasks, look));
    }
    for hint in &diagnostic.hints {
        text.push_str(&remark("help", Label::Good, &cleaner.line(hint), look));
    }
    text
}

/// Returns a line of a message, broken at its words if it does not fit beside `error: ` or `warning: `.
fn filled(line: String, columns: Option<usize>) -> Vec<String> {
    let room = columns.map(|columns| columns.saturating_sub("warning: ".len()).max(30));
    match room {
        Some(room) if line.chars().count() > room => wrap(&line, room),
        _ => vec![line],
    }
}

fn place<'a>(origin: &Origin, source: Option<&str>, label: Option<&str>, cleaner: &Cleaner) -> Element<'a> {
    let path = cleaner.line(&origin.file);
    match source.filter(|_| origin.column > 0) {
        Some(source) => {
            let line = cleaner.line(source).trim_end().to_owned();
            let span = word(&line, column(source, &line, origin.column, cleaner));
            let annotation = AnnotationKind::Primary.span(span);
            let annotation = annotation.label(label.map(|label| cleaner.line(label)));
            Snippet::source(line)
                .line_start(origin.line)
                .path(path)
                .annotation(annotation)
                .into()
        }
        None => {
            let place = Place::path(path).line(origin.line);
            if origin.column > 0 {
                place.char_column(origin.column).into()
            } else {
                place.into()
            }
        }
    }
}

/// Returns the position that a column of a line has once the line is cleaned; within a secret, the position of its replacement.
fn column(source: &str, cleaned: &str, column: usize, cleaner: &Cleaner) -> usize {
    let before: String = source.chars().take(column.saturating_sub(1)).collect();
    let before = cleaner.line(&before);
    1 + before.chars().zip(cleaned.chars()).take_while(|(a, b)| a == b).count()
}

/// Returns the byte range of the token at a column: a word, a symbol, a string up to its end, an operator, or else one character;
/// an empty range at the end of the line for a column after it.
fn word(line: &str, column: usize) -> std::ops::Range<usize> {
    let Some((start, first)) = line.char_indices().nth(column.saturating_sub(1)) else {
        return line.len()..line.len();
    };
    let rest = line.get(start..).unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let is_sign = |c: char| "=<>~|&-+*?!%".contains(c);
    let run = |from: usize, is_in: &dyn Fn(char) -> bool| {
        let rest = rest.get(from..).unwrap_or_default();
        from + rest.find(|c| !is_in(c)).unwrap_or(rest.len())
    };
    let closed = |close: char| {
        let mut inner = rest.char_indices().skip(1);
        while let Some((at, c)) = inner.next() {
            match c {
                '\\' => drop(inner.next()),
                c if c == close => return at + c.len_utf8(),
                _ => {}
            }
        }
        first.len_utf8()
    };
    let length = match first {
        ':' => run(1, &is_part),
        '"' | '`' => closed(first),
        '$' | '#' if rest.starts_with(&format!("{first}{{")) => closed('}'),
        _ if rest.starts_with(REDACTED) => REDACTED.len(),
        c if is_sign(c) => run(0, &is_sign),
        c if is_part(c) => run(0, &is_part),
        c => c.len_utf8(),
    };
    start..start + length
}

/// Returns the failures of servers, with the last lines that each wrote; those that are the same are reported once.
pub(super) fn servers<'a>(
    failures: impl IntoIterator<Item = &'a ServerFailure>,
    look: Look,
    cleaner: &Cleaner,
) -> String {
    let mut text = String::new();
    for (servers, reason, failure) in ServerFailure::groups(failures) {
        let reason = cleaner.lines(reason).join("; ");
        let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
        let names = names.join(", ");
        let lines = match look.columns {
            Some(columns) if servers.len() > 1 => wrap(&names, columns.saturating_sub(4).max(30)),
            _ => vec![names],
        };
        let room = look.columns.map(|columns| columns.saturating_sub(4));
        let taken = lines.last().map_or(0, |line| columns_of(line)) + if lines.len() > 1 { 2 } else { 0 };
        let reason = match room {
            None => format!(" {reason}"),
            Some(room) if taken + columns_of(&reason) <= room => format!(" {reason}"),
            // The room after the names is enough for some words, or for none.
            Some(room) if taken + LEAST_REASON <= room => {
                format!(" {}", broken(&reason, room - taken, room).join("\n    "))
            }
            Some(room) => format!("\n    {}", broken(&reason, room, room).join("\n    ")),
        };
        let names: Vec<String> = lines.iter().map(|line| look.paint(Label::Bad, line)).collect();
        text.push_str(&format!("  {}:{reason}\n", names.join("\n    ")));
        for line in failure.stderr.iter().chain(&failure.stdout) {
            let line = cleaner.line(line);
            let lines = match look.columns.map(|columns| columns.saturating_sub(6)) {
                Some(room) => broken(&line, room, room),
                None => vec![line],
            };
            for line in lines {
                text.push_str(format!("      {line}").trim_end());
                text.push('\n');
            }
        }
    }
    text
}

/// Returns `name: text`, wrapped under itself.
fn remark(name: &str, label: Label, text: &str, look: Look) -> String {
    let indent = " ".repeat(name.len() + 2);
    let lines = match look.columns {
        Some(columns) => wrap(text, columns.saturating_sub(indent.len()).max(30)),
        None => vec![text.to_owned()],
    };
    format!("{}: {}\n", look.paint(label, name), lines.join(&format!("\n{indent}")))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::render;
    use crate::configuration::Server;
    use crate::diagnostic::{Diagnostic, Fault, Origin, ServerFailure};
    use crate::report::Look;
    use crate::report::clean::Cleaner;
    use crate::secret::{Redactor, Secret};

    fn look(columns: Option<usize>) -> Look {
        Look {
            color: false,
            many: false,
            columns,
            live: false,
        }
    }

    fn origin(line: usize, column: usize) -> Origin {
        Origin {
            file: "config/deploy.rhai".into(),
            line,
            column,
        }
    }

    #[test]
    fn l10_a_recipe_error_shows_file_line_source_and_caret() {
        let mut diagnostic = Diagnostic::new(Fault::Recipe, "unknown variable or task `aplication'")
            .hint("a variable with a similar name exists: `application'");
        diagnostic.origin = Some(origin(12, 19));
        diagnostic.line = Some("    run `mkdir ${aplication}`;".to_owned());
        diagnostic.label = Some("not known here".to_owned());
        diagnostic.tasks = vec!["deploy".to_owned(), "deploy:setup".to_owned()];
        assert_snapshot!(render(&diagnostic, look(None), &Cleaner::default()), @r"
        error: unknown variable or task `aplication'
          --> config/deploy.rhai:12:19
           |
        12 |     run `mkdir ${aplication}`;
           |                   ^^^^^^^^^ not known here
        task: deploy > deploy:setup
        help: a variable with a similar name exists: `application'
        ");
    }

    #[test]
    fn a_remote_failure_lists_every_server_with_its_last_lines_of_standard_error() {
        let mut diagnostic = Diagnostic::new(Fault::Failed, "command \"ls /x\" failed on 2 of 6 servers");
        diagnostic.origin = Some(origin(3, 0));
        diagnostic.line = Some("    run `ls /x`;".to_owned());
        diagnostic.servers = vec![
            ServerFailure {
                common: None,
                server: Server::host("app1.capistrano.com"),
                cause: None,
                reason: "exit status 2".to_owned(),
                stderr: vec!["ls: cannot access '/x'\u{1b}[0m".to_owned(), String::new()],
                stdout: Vec::new(),
            },
            ServerFailure {
                common: None,
                server: Server::host("db1"),
                cause: None,
                reason: "killed by signal TERM".to_owned(),
                stderr: Vec::new(),
                stdout: Vec::new(),
            },
        ];
        assert_snapshot!(render(&diagnostic, look(None), &Cleaner::default()), @r#"
        error: command "ls /x" failed on 2 of 6 servers
        --> config/deploy.rhai:3
          app1.capistrano.com: exit status 2
              ls: cannot access '/x'

          db1: killed by signal TERM
        "#);
    }

    #[test]
    fn hints_are_wrapped_and_a_message_may_have_several_lines() {
        let diagnostic = Diagnostic::new(Fault::Usage, "first line\nsecond line")
            .hint("a hint of many words goes on in the next line under its own beginning");
        assert_snapshot!(render(&diagnostic, look(Some(40)), &Cleaner::default()), @r"
        error: first line
               second line
        help: a hint of many words goes on in
              the next line under its own
              beginning
        ");
    }

    #[test]
    fn a_long_message_is_broken_at_its_words_where_the_width_is_known() {
        let message = "tasks call each other without an end: restart, web:ping, restart";
        let diagnostic = Diagnostic::new(Fault::Recipe, message);
        let shown = render(&diagnostic, look(Some(50)), &Cleaner::default());
        assert_eq!(
            shown,
            "error: tasks call each other without an end:\n       restart, web:ping, restart\n"
        );
        let shown = render(&diagnostic, look(None), &Cleaner::default());
        assert_eq!(shown, format!("error: {message}\n"));
    }

    #[test]
    fn b21_a_secret_is_redacted_wherever_it_stands() {
        let redactor = Redactor::default();
        redactor.add(&Secret::new("hunter2"));
        let mut diagnostic = Diagnostic::new(Fault::Failed, "echo hunter2").hint("not hunter2");
        diagnostic.origin = Some(origin(1, 5));
        diagnostic.line = Some("set :password, \"hunter2\";".to_owned());
        diagnostic.label = Some("hunter2".to_owned());
        diagnostic.servers = vec![ServerFailure {
            common: None,
            server: Server::host("db1"),
            cause: None,
            reason: "said hunter2".to_owned(),
            stderr: vec!["hunter2".to_owned()],
            stdout: Vec::new(),
        }];
        let text = render(&diagnostic, look(None), &Cleaner::new(redactor));
        assert!(!text.contains("hunter2"), "{text}");
        assert_snapshot!(text, @r#"
        error: echo [redacted]
         --> config/deploy.rhai:1:5
          |
        1 | set :password, "[redacted]";
          |     ^^^^^^^^^ [redacted]
          db1: said [redacted]
              [redacted]
        help: not [redacted]
        "#);
    }

    #[test]
    fn a_column_behind_the_end_or_in_a_line_with_control_characters_does_no_harm() {
        for (column, line) in [
            (99, "set :x"),
            (1, ""),
            (3, "a\u{1b}[31mb"),
            (2, "é日本"),
            (7, "set :x\t"),
        ] {
            let mut diagnostic = Diagnostic::new(Fault::Recipe, "x");
            diagnostic.origin = Some(origin(1, column));
            diagnostic.line = Some(line.to_owned());
            let text = render(&diagnostic, look(Some(20)), &Cleaner::default());
            assert!(text.contains("config/deploy.rhai:1"), "{text}");
            assert!(!text.contains('\u{1b}'), "{text}");
        }
    }
}
