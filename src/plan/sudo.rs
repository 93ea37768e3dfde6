//! The words before a command that is run by sudo: as a recipe writes them, and as they are sent.

use super::quote::{quote, quote_always};

/// The options of sudo that take a word of their own.
const WITH_WORD: &str = "CDghpRrTtUu";
/// The long options of sudo that take a word of their own.
const LONG_WITH_WORD: [&str; 11] = [
    "--chdir",
    "--chroot",
    "--close-from",
    "--command-timeout",
    "--group",
    "--host",
    "--other-user",
    "--prompt",
    "--role",
    "--type",
    "--user",
];

/// Returns the words for sudo: `sudo -p 'sudo password: ' -u bob`. An empty prompt is left to sudo. `program` may have options of
/// its own.
pub(crate) fn sudo_command(program: &str, prompt: &str, user: Option<&str>) -> String {
    let mut command = program.to_owned();
    if !prompt.is_empty() {
        command.push_str(" -p ");
        command.push_str(&quote_always(prompt));
    }
    if let Some(user) = user {
        command.push_str(" -u ");
        command.push_str(&quote(user));
    }
    command
}

/// Returns the number of calls of sudo in `text`, in the words of [`sudo_command`].
pub(crate) fn sudo_calls(text: &str, program: &str, prompt: &str) -> usize {
    text.matches(&sudo_command(program, prompt, None)).count()
}

/// Returns a line that a person typed, with `called` in place of each call of `sudo` as a command: at the beginning and after
/// `;`, `&`, `|`, `(`, `{` and `!`, but not in quotes.
pub(crate) fn with_calls(text: &str, called: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let (mut quote, mut begins) = (None, true);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.strip_prefix("sudo").filter(|after| after.starts_with([' ', '\t']));
        if let (true, None, Some(after)) = (begins, quote, after) {
            line.push_str(called);
            (rest, begins) = (after, false);
            continue;
        }
        let mut taken = c.len_utf8();
        match (quote, c) {
            (None | Some('"'), '\\') => taken += rest.chars().nth(1).map_or(0, char::len_utf8),
            (None, '\'' | '"' | '`') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        begins =
            quote.is_none() && (matches!(c, ';' | '&' | '|' | '(' | '{' | '!' | '\n') || begins && c.is_whitespace());
        let (done, left) = rest.split_at_checked(taken).unwrap_or((rest, ""));
        line.push_str(done);
        rest = left;
    }
    line
}

/// Returns `text` in the form in which it is sent: its calls of sudo have these options instead of a prompt. sudo takes the
/// prompt from its environment, which nobody else can read, whereas everybody can read the words of a command.
pub(crate) fn without_prompts(text: &str, program: &str, prompt: &str, options: &str) -> String {
    text.replace(&sudo_command(program, prompt, None), &format!("{program}{options}"))
}

/// Returns `text` with `words` before the command that its first call of sudo runs; `options` are given to sudo. `None` if there
/// are options in front of that command that are not known.
pub(crate) fn within_sudo(text: &str, program: &str, prompt: &str, options: &str, words: &str) -> Option<String> {
    let (before, after) = text.split_once(&sudo_command(program, prompt, None))?;
    let command = command_at(after)?;
    let (own, command) = after.split_at_checked(command)?;
    let own = own.trim_end();
    Some(format!("{before}{program}{options}{own} {words} {command}"))
}

/// Returns the byte offset in the words after `sudo` at which the command begins.
fn command_at(words: &str) -> Option<usize> {
    let mut rest = words;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        let word = first_word(rest)?;
        let behind = rest.get(word.len()..)?;
        let takes_word = match word.strip_prefix('-') {
            Some("-") => {
                let command = behind.trim_start_matches([' ', '\t']);
                first_word(command)?;
                return Some(words.len() - command.len());
            }
            Some(long) if long.starts_with('-') => LONG_WITH_WORD.contains(&word),
            Some(letters) => letters.chars().last().is_some_and(|letter| WITH_WORD.contains(letter)),
            None if is_assignment(word) => false,
            None => return Some(words.len() - rest.len()),
        };
        rest = behind;
        if takes_word {
            rest = rest.trim_start_matches([' ', '\t']);
            rest = rest.get(first_word(rest)?.len()..)?;
        }
    }
}

/// Returns the word up to the next blank outside of quotes; `None` if no word begins here, or if a shell may see another one.
fn first_word(text: &str) -> Option<&str> {
    let mut quote = None;
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, ' ' | '\t') => {
                end = at;
                break;
            }
            (None, '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>') if at == 0 => return None,
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (_, '\\') => return None,
            _ => {}
        }
    }
    text.get(..end).filter(|word| quote.is_none() && !word.is_empty())
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::{sudo_calls, sudo_command, with_calls, within_sudo, without_prompts};

    const PROMPT: &str = "sudo password: ";

    #[test]
    fn what_a_person_types_calls_sudo_where_a_command_begins() {
        for (typed, line) in [
            ("sudo id", "S id"),
            ("  sudo -u bob id", "  S -u bob id"),
            (
                "cd /x && sudo ls | sudo tee f; (sudo a)",
                "cd /x && S ls | S tee f; (S a)",
            ),
            ("echo sudo id", "echo sudo id"),
            ("echo '; sudo id' \"&& sudo id\"", "echo '; sudo id' \"&& sudo id\""),
            ("echo \\; sudo id", "echo \\; sudo id"),
            ("! sudo ä; sudoedit f; sudo", "! S ä; sudoedit f; sudo"),
        ] {
            assert_eq!(with_calls(typed, "S"), line, "{typed}");
        }
    }

    #[test]
    fn u1_sudo_gets_the_prompt_and_the_user() {
        assert_eq!(sudo_command("sudo", PROMPT, None), "sudo -p 'sudo password: '");
        assert_eq!(
            sudo_command("sudo", PROMPT, Some("bob")),
            "sudo -p 'sudo password: ' -u bob"
        );
        assert_eq!(
            sudo_command("/opt/bin/sudo -E", "", Some("a b")),
            "/opt/bin/sudo -E -u 'a b'"
        );
        assert_eq!(sudo_command("sudo", "it's: ", None), r"sudo -p 'it'\''s: '");
    }

    #[test]
    fn u6_the_calls_of_sudo_in_a_text_are_sent_without_a_prompt() {
        let text = "sudo -p 'sudo password: ' a && sudo -p 'sudo password: ' -u bob b; sudo c";
        assert_eq!(sudo_calls(text, "sudo", PROMPT), 2);
        assert_eq!(
            without_prompts(text, "sudo", PROMPT, ""),
            "sudo a && sudo -u bob b; sudo c"
        );
    }

    #[test]
    fn what_sudo_runs_is_found_behind_its_options() {
        for (text, sent) in [
            ("sudo -p 'x' tee /etc/x", "sudo -S W tee /etc/x"),
            (
                "a && sudo -p 'x' -u 'a b' -E tee /etc/x",
                "a && sudo -S -u 'a b' -E W tee /etc/x",
            ),
            (
                "sudo -p 'x' --user bob -Hu joe A=1 B='2 3' tee",
                "sudo -S --user bob -Hu joe A=1 B='2 3' W tee",
            ),
            ("sudo -p 'x' -u bob -- A=1 tee", "sudo -S -u bob -- W A=1 tee"),
            ("sudo -p 'x' sh -c 'cat > y'", "sudo -S W sh -c 'cat > y'"),
        ] {
            assert_eq!(
                within_sudo(text, "sudo", "x", " -S", "W").as_deref(),
                Some(sent),
                "{text}"
            );
        }
        for text in [
            "sudo -p 'x'",
            "sudo -p 'x' -u",
            "sudo -p 'x' && a",
            "sudo -p 'x' -u a\\ b c",
            "sudo -p 'x' 'a",
        ] {
            assert_eq!(within_sudo(text, "sudo", "x", " -S", "W"), None, "{text}");
        }
    }
}
