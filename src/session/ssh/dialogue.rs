//! Keyboard-interactive: the server asks in its own words. The password answers the question that is for it; whatever else is asked is
//! put to the person.

use ssh2::{KeyboardInteractivePrompt, Prompt};

use crate::secret::Secret;
use crate::session::Wanted;

use super::login::{Attempt, Stop};

/// As much of a server's words is shown, in characters.
const LONGEST: usize = 300;

/// Words of questions that a password does not answer, though it may be called one there: `One-time password (OATH) for deploy:`.
const OTHERS: [&str; 19] = [
    "2fa",
    "again",
    "authenticator",
    "challenge",
    "code",
    "new",
    "oath",
    "one",
    "onetime",
    "otp",
    "passcode",
    "pin",
    "repeat",
    "response",
    "retype",
    "tan",
    "token",
    "verification",
    "yubikey",
];

/// Parts of questions for a password.
const PASSWORDS: [&str; 3] = ["password", "passwort", "passphrase"];

/// One way through the server's questions.
#[derive(Default)]
pub(super) struct Dialogue {
    /// The password to try without asking anybody.
    pub(super) known: Option<Secret>,
    /// The one that the server did not take before.
    pub(super) refused: Option<Secret>,
    /// The server has the password already: a hidden question without a name is not for it.
    pub(super) has_password: bool,
    /// The password that was given.
    pub(super) given: Option<Secret>,
    /// Whether there was any question.
    pub(super) was_asked: bool,
    /// Why it is to end.
    pub(super) over: Option<Over>,
}

pub(super) enum Over {
    /// Nobody gives a password.
    NoPassword,
    /// Nobody answers this question.
    NoAnswer(String),
    Stop(Stop),
}

/// Answers during one login.
pub(super) struct Answers<'a, 'b> {
    pub(super) attempt: &'a mut Attempt<'b>,
    pub(super) dialogue: &'a mut Dialogue,
}

impl KeyboardInteractivePrompt for Answers<'_, '_> {
    fn prompt<'a>(&mut self, _user: &str, instructions: &str, prompts: &[Prompt<'a>]) -> Vec<String> {
        let answers = prompts.iter().map(|prompt| {
            self.dialogue.was_asked = true;
            match self.answer(instructions, prompt) {
                Ok(answer) => answer.reveal().to_owned(),
                // The conversation cannot be left, but with answers the server refuses.
                Err(over) => {
                    self.dialogue.over.get_or_insert(over);
                    String::new()
                }
            }
        });
        answers.collect()
    }
}

impl Answers<'_, '_> {
    fn answer(&mut self, instructions: &str, prompt: &Prompt<'_>) -> Result<Secret, Over> {
        if self.dialogue.over.is_some() {
            return Ok(Secret::new(""));
        }
        let is_for_password = is_for_password(&prompt.text).unwrap_or(!self.dialogue.has_password);
        if !prompt.echo && is_for_password {
            return self.password();
        }
        let question = shown(&format!("{instructions} {}", prompt.text));
        let wanted = Wanted::Answer {
            question: question.clone(),
            hidden: !prompt.echo,
        };
        let answer = self.attempt.ask(wanted, None).map_err(Over::Stop)?;
        answer.ok_or(Over::NoAnswer(question))
    }

    fn password(&mut self) -> Result<Secret, Over> {
        if let Some(given) = &self.dialogue.given {
            return Ok(given.clone());
        }
        let password = match self.dialogue.known.take() {
            Some(password) => password,
            None => {
                let refused = self.dialogue.refused.take();
                let answer = self.attempt.ask(Wanted::Password, refused).map_err(Over::Stop)?;
                answer.ok_or(Over::NoPassword)?
            }
        };
        self.dialogue.has_password = true;
        self.dialogue.given = Some(password.clone());
        Ok(password)
    }
}

/// `None` where the words do not tell.
fn is_for_password(question: &str) -> Option<bool> {
    let question = question.to_lowercase();
    let mut words = question.split(|c: char| !c.is_alphanumeric());
    if words.any(|word| OTHERS.contains(&word)) {
        return Some(false);
    }
    PASSWORDS.iter().any(|part| question.contains(part)).then_some(true)
}

/// A server's words without what a terminal would obey, in one line.
fn shown(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_for_password, shown};

    #[test]
    fn k6_a_password_answers_no_question_for_a_code() {
        for question in [
            "Password: ",
            "(deploy@app1) Password: ",
            "deploy's password:",
            "Passwort: ",
            "Enter passphrase: ",
            "(current) UNIX password: ",
        ] {
            assert_eq!(is_for_password(question), Some(true), "{question}");
        }
        for question in [
            "Verification code: ",
            "One-time password (OATH) for `deploy': ",
            "Enter PASSCODE: ",
            "OTP:",
            "YubiKey for `deploy': ",
            "New password: ",
            "Retype new password: ",
        ] {
            assert_eq!(is_for_password(question), Some(false), "{question}");
        }
        for question in ["Mot de passe : ", "Secret: ", ""] {
            assert_eq!(is_for_password(question), None, "{question}");
        }
    }

    #[test]
    fn a_question_is_one_line_without_control_characters() {
        assert_eq!(shown("Duo\r\n\x1b[2J login \x07 Code: "), "Duo [2J login Code:");
        assert_eq!(shown(&"x".repeat(1000)).len(), 300);
    }
}
