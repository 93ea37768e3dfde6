//! The words that stand before a command that is run by sudo.

use super::quote::{quote, quote_always};

/// `sudo -p 'sudo password: ' -u bob`. An empty prompt is left to sudo. `program` may bring options of its own.
pub fn sudo_command(program: &str, prompt: &str, user: Option<&str>) -> String {
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

#[cfg(test)]
mod tests {
    use super::sudo_command;

    #[test]
    fn u1_sudo_gets_the_prompt_and_the_user() {
        assert_eq!(
            sudo_command("sudo", "sudo password: ", None),
            "sudo -p 'sudo password: '"
        );
        assert_eq!(
            sudo_command("sudo", "sudo password: ", Some("bob")),
            "sudo -p 'sudo password: ' -u bob"
        );
        assert_eq!(
            sudo_command("/opt/bin/sudo -E", "", Some("a b")),
            "/opt/bin/sudo -E -u 'a b'"
        );
        assert_eq!(sudo_command("sudo", "it's: ", None), r"sudo -p 'it'\''s: '");
    }
}
