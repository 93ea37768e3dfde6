//! The program that a command begins with, and its replacement.

/// Splits a command that begins with the name of a program into that name and the rest.
///
/// The name has to be written out and to end at a blank: in `cd /srv && rake` it is `cd`; `RAILS_ENV=test rake` has none.
pub(crate) fn program(command: &str) -> Option<(&str, &str)> {
    let command = command.trim_start();
    let end = command.find(char::is_whitespace).unwrap_or(command.len());
    let (name, rest) = command.split_at_checked(end)?;
    let is_name = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/'));
    (is_name && !name.is_empty() && !name.starts_with('-')).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    fn a_program_is_the_first_word_and_nothing_else_is() {
        for (command, found) in [
            ("rake", Some(("rake", ""))),
            ("  rake db:migrate", Some(("rake", " db:migrate"))),
            ("rake\nrake b", Some(("rake", "\nrake b"))),
            ("bin/rails console", Some(("bin/rails", " console"))),
            ("RAILS_ENV=test rake x", None),
            ("# What it does\nrake x", None),
            ("rake;ls", None),
            ("'rake' x", None),
            ("$rake x", None),
            ("-x", None),
            ("", None),
        ] {
            assert_eq!(program(command), found, "{command}");
        }
    }
}
