//! Keyboard-interactive authentication: the server asks questions in its own words. The password answers the question that asks
//! for it; the person answers all others.

use ssh2::{KeyboardInteractivePrompt, Prompt};

use crate::secret::Secret;
use crate::session::{AuthMethod, Wanted};

use super::super::attempt::{Attempt, AttemptStop};
use super::{Took, Tried};

/// The most characters of a server's question that are shown.
const LONGEST: usize = 300;

/// Words of questions that a password does not answer, even if they say "password": `One-time password (OATH) for deploy:`.
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

/// Words of questions that ask for a password.
const PASSWORDS: [&str; 3] = ["password", "passwort", "passphrase"];

/// One attempt to answer the server's questions.
#[derive(Default)]
struct Dialogue {
    /// The password to try without asking anybody.
    known: Option<Secret>,
    /// The password that the server refused in the attempt before.
    refused: Option<Secret>,
    /// True if the server has the password already: a hidden question that is not clear then asks for something else.
    has_password: bool,
    /// The password that was sent as an answer.
    given: Option<Secret>,
    /// True if the server has asked at least one question.
    was_asked: bool,
    /// The reason to end the attempt.
    over: Option<Over>,
}

enum Over {
    /// Nobody gives a password.
    NoPassword,
    /// Nobody answers this question.
    NoAnswer(String),
    Stop(AttemptStop),
}

/// The answers during one login.
struct Answers<'a, 'b> {
    attempt: &'a mut Attempt<'b>,
    dialogue: &'a mut Dialogue,
}

impl KeyboardInteractivePrompt for Answers<'_, '_> {
    fn prompt<'a>(&mut self, _user: &str, instructions: &str, prompts: &[Prompt<'a>]) -> Vec<String> {
        let answers = prompts.iter().map(|prompt| {
            self.dialogue.was_asked = true;
            match self.answer(instructions, prompt) {
                Ok(answer) => answer.reveal().to_owned(),
                // The conversation cannot be left early; wrong answers make the server end it.
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
        let question = shown(&format!("{instructions} {}", prompt.text));
        let by_its_words = is_for_password(&prompt.text);
        if !prompt.echo && by_its_words.unwrap_or(!self.dialogue.has_password) {
            // Words in another language mean something only to a person, so the question is shown.
            let words = by_its_words.is_none().then_some(question);
            return self.password(words.filter(|words| !words.is_empty()));
        }
        let wanted = Wanted::Answer {
            question: question.clone(),
            hidden: !prompt.echo,
        };
        let answer = self.attempt.ask(wanted, None).map_err(Over::Stop)?;
        answer.ok_or(Over::NoAnswer(question))
    }

    fn password(&mut self, words: Option<String>) -> Result<Secret, Over> {
        if let Some(given) = &self.dialogue.given {
            return Ok(given.clone());
        }
        let password = match self.dialogue.known.take() {
            Some(password) => password,
            None => {
                let refused = self.dialogue.refused.take();
                let answer = self
                    .attempt
                    .ask(Wanted::Password { words }, refused)
                    .map_err(Over::Stop)?;
                answer.ok_or(Over::NoPassword)?
            }
        };
        self.dialogue.has_password = true;
        self.dialogue.given = Some(password.clone());
        Ok(password)
    }
}

impl Attempt<'_> {
    /// Logs in by answering the server's questions.
    pub(super) fn try_questions(&mut self, takes: &str, tried: &mut Tried) -> Result<Took, AttemptStop> {
        let config = self.config;
        let method = AuthMethod::KeyboardInteractive.name();
        let mut known = self.login.destination.options.password.clone();
        let mut refused = None;
        let mut asked = 0;
        tried.others.push(method.to_owned());
        loop {
            if known.is_none() {
                if asked == config.password_prompts {
                    return Ok(Took::Refused);
                }
                asked += 1;
            }
            let mut dialogue = Dialogue {
                known: known.take(),
                refused: refused.take(),
                has_password: tried.password_was_right,
                ..Dialogue::default()
            };
            let result = self.step_asking(|attempt| {
                let session = attempt.session.clone();
                let mut answers = Answers {
                    attempt,
                    dialogue: &mut dialogue,
                };
                session.userauth_keyboard_interactive(&config.user, &mut answers)
            });
            if let Some(Over::Stop(stop)) = dialogue.over {
                return Err(stop);
            }
            match (self.what_came(result, takes)?, dialogue.over) {
                (Took::Refused, None) if dialogue.was_asked => refused = dialogue.given,
                (Took::Refused, Some(Over::NoAnswer(question))) => {
                    tried.others.pop();
                    tried.others.push(format!("{method} (nobody answers `{question}')"));
                    return Ok(Took::Refused);
                }
                (Took::Partly, _) => {
                    tried.password_was_right |= dialogue.given.is_some();
                    return Ok(Took::Partly);
                }
                (took, _) => return Ok(took),
            }
        }
    }
}

/// Returns true if the question asks for a password, false if it asks for something else, and `None` if the words do not tell.
pub(super) fn is_for_password(question: &str) -> Option<bool> {
    let question = question.to_lowercase();
    // The name of a host may contain any word.
    let is_name = |word: &&str| word.contains('@') || word.trim_end_matches('.').contains('.');
    let plain = question.split_whitespace().filter(|word| !is_name(word));
    let mut words = plain.flat_map(|word| word.split(|c: char| !c.is_alphanumeric()));
    if words.any(|word| OTHERS.contains(&word)) {
        return Some(false);
    }
    PASSWORDS.iter().any(|part| question.contains(part)).then_some(true)
}

/// Returns a server's words in one line, without control characters.
pub(super) fn shown(text: &str) -> String {
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
            "Password for deploy@code.example.com: ",
            "deploy@new's password: ",
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
