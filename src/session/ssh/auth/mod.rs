//! Authentication: first keys, then a password or answers to the server's questions, whichever the server accepts.

mod dialogue;
#[cfg(any(test, feature = "fuzz"))]
pub(super) mod fuzz;
mod key_file;
mod key_ring;
mod keys;
mod on_hand;
mod signer;

use std::path::PathBuf;
use std::time::Instant;

use ssh2::ErrorCode;

use crate::secret::Secret;
use crate::session::{AuthMethod, ConnectError, PasswordQuestion, Phase, Report, Wanted};
use crate::sort;

use super::attempt::{Attempt, AttemptStop};
use super::channel::CORRUPT;

pub(super) use key_ring::KeyRing;
pub(super) use on_hand::{agent_keys, key_on_hand};

/// The most authentication methods that a server may require one after the other.
const ROUNDS: usize = 5;

/// The methods that were tried, for the error if none works.
#[derive(Default)]
pub(super) struct Tried {
    keys: Vec<(PathBuf, String)>,
    agent: Option<String>,
    pub(super) others: Vec<String>,
    /// True if the server accepted the password and wants more.
    pub(super) password_was_right: bool,
    /// True if methods were left out because the host key is not trusted.
    refused_by_us: bool,
    hints: Vec<String>,
}

/// True if the server has accepted the login.
type Entered = Result<bool, AttemptStop>;

/// The result of sending a password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Took {
    Accepted,
    Refused,
    /// The password was right, and the server wants more.
    Partly,
}

pub(super) fn authenticate(attempt: &mut Attempt<'_>) -> Result<(), ConnectError> {
    let mut tried = Tried::default();
    match attempt.go_through(&mut tried) {
        Ok(None) => Ok(()),
        Ok(Some(takes)) => Err(attempt.refused(&tried, &format!("server takes: {takes}"))),
        Err(AttemptStop::Unwanted) => Err(ConnectError::stopped(Phase::Authentication)),
        Err(AttemptStop::Silent) => {
            let waited = attempt.login.destination.options.login_timeout.as_secs_f64();
            Err(attempt.refused(&tried, &format!("no answer within {waited} s")))
        }
        Err(AttemptStop::Failed(_)) => {
            let Some(end) = super::channel::take_ending(&*attempt.socket) else {
                return Err(attempt.refused(&tried, CORRUPT));
            };
            tried.hints.push("a server hangs up after a number of keys it does not know: name the right one (ssh_options.keys) and set keys_only".to_owned());
            Err(attempt.refused(&tried, &end))
        }
    }
}

impl Attempt<'_> {
    /// Tries everything that the person has. Returns `None` once the server has accepted the login, else the methods that the
    /// server accepts.
    fn go_through(&mut self, tried: &mut Tried) -> Result<Option<String>, AttemptStop> {
        let config = self.config;
        // The methods that the server accepts. Asking for them costs a round trip, which a login that works need not spend.
        let mut takes = None;
        for _ in 0..ROUNDS {
            let mut partly = false;
            for &method in &config.methods {
                if !self.is_trusted && method != AuthMethod::PublicKey {
                    tried.refused_by_us = true;
                    continue;
                }
                if takes.is_none() && method != AuthMethod::PublicKey {
                    takes = self.takes_methods()?;
                    if takes.is_none() {
                        return Ok(None);
                    }
                }
                if takes.as_deref().is_some_and(|takes| !lists(takes, method)) {
                    continue;
                }
                let took = match method {
                    AuthMethod::PublicKey if self.try_keys(tried)? => Took::Accepted,
                    AuthMethod::PublicKey => Took::Refused,
                    AuthMethod::Password => self.try_password(takes.as_deref().unwrap_or_default(), tried)?,
                    AuthMethod::KeyboardInteractive => {
                        self.try_questions(takes.as_deref().unwrap_or_default(), tried)?
                    }
                };
                if took != Took::Refused && method != AuthMethod::PublicKey {
                    self.taken.push(method.name().to_owned());
                }
                match took {
                    Took::Accepted => return Ok(None),
                    Took::Refused => {}
                    Took::Partly => {
                        partly = true;
                        break;
                    }
                }
            }
            if !partly {
                break;
            }
            takes = self.takes_methods()?;
            if takes.is_none() {
                return Ok(None);
            }
        }
        match takes {
            Some(takes) => Ok(Some(takes)),
            None => self.takes_methods(),
        }
    }

    /// Returns the methods that the server accepts now; `None` if it has accepted the login without any.
    pub(super) fn takes_methods(&mut self) -> Result<Option<String>, AttemptStop> {
        let config = self.config;
        let methods = self.step(|session| session.auth_methods(&config.user).map(str::to_owned));
        // libssh2 finds the banner only in what arrived during this call, so a login whose first key is accepted shows no banner.
        self.tell_banner();
        match methods {
            Ok(methods) => Ok(Some(methods)),
            Err(AttemptStop::Failed(_)) if self.session.authenticated() => Ok(None),
            Err(stop) => Err(stop),
        }
    }

    fn try_password(&mut self, takes: &str, tried: &mut Tried) -> Result<Took, AttemptStop> {
        let config = self.config;
        tried.others.push(AuthMethod::Password.name().to_owned());
        let mut known = self.login.destination.options.password.clone();
        let mut refused = None;
        let mut asked = 0;
        loop {
            let password = match known.take() {
                Some(password) => password,
                None if asked == config.password_prompts => return Ok(Took::Refused),
                None => {
                    asked += 1;
                    match self.ask(Wanted::Password { words: None }, refused.take())? {
                        Some(password) => password,
                        None => return Ok(Took::Refused),
                    }
                }
            };
            let result = self.step(|session| session.userauth_password(&config.user, password.reveal()));
            if let Err(AttemptStop::Failed(error)) = &result
                && error.code() == ErrorCode::Session(libssh2_sys::LIBSSH2_ERROR_PASSWORD_EXPIRED)
            {
                tried.hints.push(format!(
                    "the password has expired; change it: ssh {}@{}",
                    config.user, self.login.destination.server.host
                ));
                return Ok(Took::Refused);
            }
            match self.what_came(result, takes)? {
                Took::Refused => refused = Some(password),
                Took::Partly => {
                    tried.password_was_right = true;
                    return Ok(Took::Partly);
                }
                Took::Accepted => return Ok(Took::Accepted),
            }
        }
    }

    /// Tells a right password that is not enough from a wrong one, by the methods that the server accepts next. Asking for them
    /// counts as another failure, so this is done only where the server does not accept keys as well.
    pub(super) fn what_came(&mut self, result: Result<(), AttemptStop>, takes: &str) -> Result<Took, AttemptStop> {
        if entered(result)? {
            return Ok(Took::Accepted);
        }
        if lists(takes, AuthMethod::PublicKey) {
            return Ok(Took::Refused);
        }
        Ok(match self.takes_methods()? {
            None => Took::Accepted,
            Some(now) if now != takes => Took::Partly,
            Some(_) => Took::Refused,
        })
    }

    /// Asks the person; returns `None` if nobody answers.
    pub(super) fn ask(&mut self, wanted: Wanted, refused: Option<Secret>) -> Result<Option<Secret>, AttemptStop> {
        let question = PasswordQuestion {
            wanted,
            user: self.config.user.clone(),
            host: self.login.destination.server.host.clone(),
            refused,
        };
        let asked = Instant::now();
        let _ = self.login.reports.send(Report::PasswordWanted(self.login.id, question));
        loop {
            if let Some(answer) = self.inbox.take_answer() {
                // The time in which a person types does not count against the server.
                self.deadline += asked.elapsed();
                return Ok(answer);
            }
            if self.inbox.end().is_some() {
                return Err(AttemptStop::Unwanted);
            }
            self.inbox.wait(None, None);
        }
    }

    fn refused(&self, tried: &Tried, end: &str) -> ConnectError {
        let mut parts = Vec::new();
        // The keys are listed in the order of the files, not in that of the attempts.
        let files = &self.config.identity_files;
        let mut keys: Vec<&(PathBuf, String)> = tried.keys.iter().collect();
        sort::by_key(&mut keys, |(file, _)| files.iter().position(|other| other == file));
        let keys: Vec<&str> = keys.into_iter().map(|(_, told)| told.as_str()).collect();
        if !keys.is_empty() {
            parts.push(format!("publickey {}", keys.join(" ")));
        }
        parts.extend(tried.agent.clone());
        parts.extend(tried.others.iter().cloned());
        let tried_list = if parts.is_empty() {
            "nothing".to_owned()
        } else {
            parts.join(", ")
        };
        let mut hints = tried.hints.clone();
        hints.extend(self.left_out.iter().map(|what| format!("not offered: {what}")));
        if tried.refused_by_us {
            hints.push(
                "the host key is not a known one, so no password is given and no question is answered".to_owned(),
            );
        }
        if parts.is_empty() {
            hints.push("no key file and no agent was found; name one: ssh_options.keys".to_owned());
        }
        ConnectError {
            common: None,
            phase: Phase::Authentication,
            reason: format!(
                "authentication failed for `{}' (tried: {tried_list}; {end})",
                self.config.user
            ),
            hints,
        }
    }
}

fn lists(methods: &str, method: AuthMethod) -> bool {
    methods.split(',').any(|name| name == method.name())
}

/// Returns false for a refused method or an unusable key; any other error ends the login.
fn entered(result: Result<(), AttemptStop>) -> Entered {
    match result {
        Ok(()) => Ok(true),
        Err(AttemptStop::Failed(error)) if is_refusal(&error) || is_unusable(&error) => Ok(false),
        Err(stop) => Err(stop),
    }
}

fn is_refusal(error: &ssh2::Error) -> bool {
    let ErrorCode::Session(code) = error.code() else {
        return false;
    };
    [
        libssh2_sys::LIBSSH2_ERROR_AUTHENTICATION_FAILED,
        libssh2_sys::LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED,
        libssh2_sys::LIBSSH2_ERROR_PASSWORD_EXPIRED,
    ]
    .contains(&code)
}

/// Returns true if the fault lies with the key itself, not with the server or the connection.
fn is_unusable(error: &ssh2::Error) -> bool {
    let ErrorCode::Session(code) = error.code() else {
        return false;
    };
    [
        libssh2_sys::LIBSSH2_ERROR_FILE,
        libssh2_sys::LIBSSH2_ERROR_METHOD_NONE,
        libssh2_sys::LIBSSH2_ERROR_METHOD_NOT_SUPPORTED,
        libssh2_sys::LIBSSH2_ERROR_KEYFILE_AUTH_FAILED,
        libssh2_sys::LIBSSH2_ERROR_ALGO_UNSUPPORTED,
    ]
    .contains(&code)
}
