//! Authentication: key files, the agent, then a password if the server takes one.

use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ssh2::{ErrorCode, KeyboardInteractivePrompt, Prompt};

use crate::secret::Secret;
use crate::session::{ConnectError, PasswordQuestion, Phase, Report};

use super::agent::{Agent, Identity, RSA_SHA2_256, RSA_SHA2_512};
use super::channel::Link;
use super::login::{Attempt, Stop};
use super::{stopped, wire};

/// How often a password is asked for.
const PASSWORDS: usize = 3;

/// Some agents ask the person before they sign.
const AGENT_TIMEOUT: Duration = Duration::from_secs(30);

/// What was tried, for the case that nothing works.
#[derive(Default)]
struct Tried {
    keys: Vec<String>,
    agent: Option<String>,
    others: Vec<&'static str>,
    hints: Vec<String>,
}

/// Whether the server let us in.
type Entered = Result<bool, Stop>;

pub(super) fn authenticate(attempt: &mut Attempt<'_>) -> Result<(), ConnectError> {
    let mut tried = Tried::default();
    match attempt.go_through(&mut tried) {
        Ok((true, _)) => Ok(()),
        Ok((false, takes)) => Err(attempt.refused(&tried, &format!("server takes: {takes}"))),
        Err(Stop::Unwanted) => Err(stopped(Phase::Authentication)),
        Err(Stop::Silent) => {
            let waited = attempt.login.destination.options.login_timeout.as_secs_f64();
            Err(attempt.refused(&tried, &format!("no answer within {waited} s")))
        }
        Err(Stop::Failed(_)) => {
            tried.hints.push("a server hangs up after a number of keys it does not know: name the right one (ssh_options.keys) and set keys_only".to_owned());
            Err(attempt.refused(&tried, "the server hung up"))
        }
    }
}

impl Attempt<'_> {
    fn go_through(&mut self, tried: &mut Tried) -> Result<(bool, String), Stop> {
        let accepted = Ok((true, String::new()));
        if self.try_key_files(tried)? || self.try_agent(tried)? {
            return accepted;
        }
        // Costs a round trip, which a login that works does not spend.
        let user = self.config.user.clone();
        let methods = match self.step(|session| session.auth_methods(&user).map(str::to_owned)) {
            Ok(methods) => methods,
            // It let us in without asking for anything.
            Err(Stop::Failed(_)) if self.session.authenticated() => return accepted,
            Err(stop) => return Err(stop),
        };
        if self.try_password(&methods, tried)? {
            return accepted;
        }
        Ok((false, methods))
    }

    fn try_key_files(&mut self, tried: &mut Tried) -> Entered {
        let named = &self.login.destination.options.keys;
        for file in self.config.identity_files.clone() {
            let shown = self.shown(&file);
            let text = match fs::read_to_string(&file) {
                Ok(text) => text,
                Err(error) => {
                    // The default files need not exist; one that the recipe names should.
                    if error.kind() != std::io::ErrorKind::NotFound || named.contains(&file) {
                        tried.keys.push(format!("{shown} ({})", super::tcp::plain(&error)));
                    }
                    continue;
                }
            };
            if is_encrypted(&text) {
                tried.keys.push(format!("{shown} (encrypted)"));
                tried
                    .hints
                    .push(format!("{shown} is encrypted; add it to the agent: ssh-add {shown}"));
                continue;
            }
            let user = self.config.user.clone();
            let result = self.step(|session| session.userauth_pubkey_memory(&user, None, &text, None));
            tried.keys.push(match &result {
                Err(Stop::Failed(error)) if is_unusable(error) => format!("{shown} (not a private key)"),
                _ => shown,
            });
            if entered(result)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn try_agent(&mut self, tried: &mut Tried) -> Entered {
        let Some(socket) = self.config.identity_agent.clone() else {
            return Ok(false);
        };
        let mut agent = match Agent::connect(&socket, AGENT_TIMEOUT) {
            Ok(agent) => agent,
            Err(error) => {
                tried.agent = Some(format!("agent ({})", super::tcp::plain(&error)));
                return Ok(false);
            }
        };
        let identities = match agent.identities() {
            Ok(identities) => identities,
            Err(error) => {
                tried.agent = Some(format!("agent ({})", super::tcp::plain(&error)));
                return Ok(false);
            }
        };
        let Ok(user) = CString::new(self.config.user.as_str()) else {
            return Ok(false);
        };
        let wanted = self.config.identities_only.then(|| self.public_keys());
        let mut offered = 0;
        for identity in &identities {
            if wanted.as_ref().is_some_and(|wanted| !wanted.contains(&identity.blob)) {
                continue;
            }
            offered += 1;
            let result = self.step(|session| {
                Link::new(session)
                    .authenticate(&user, &identity.blob, &mut |data| sign(&mut agent, identity, data))
                    .map_err(|code| ssh2::Error::new(ErrorCode::Session(code), "agent key"))
            });
            if entered(result)? {
                return Ok(true);
            }
        }
        tried.agent = Some(match offered {
            0 => "agent (no key)".to_owned(),
            1 => "agent (1 key)".to_owned(),
            count => format!("agent ({count} keys)"),
        });
        Ok(false)
    }

    /// The public halves of the key files, where they lie beside them.
    fn public_keys(&self) -> Vec<Vec<u8>> {
        let public = |file: &PathBuf| {
            let mut name = file.clone().into_os_string();
            if file.extension().is_none_or(|extension| extension != "pub") {
                name.push(".pub");
            }
            let text = fs::read_to_string(name).ok()?;
            decode_base64(text.split_whitespace().nth(1)?)
        };
        self.config.identity_files.iter().filter_map(public).collect()
    }

    fn try_password(&mut self, methods: &str, tried: &mut Tried) -> Entered {
        let takes = |method: &str| methods.split(',').any(|taken| taken == method);
        let plain = takes("password");
        if !plain && !takes("keyboard-interactive") {
            return Ok(false);
        }
        tried
            .others
            .push(if plain { "password" } else { "keyboard-interactive" });
        let user = self.config.user.clone();
        let mut refused = None;
        for _ in 0..PASSWORDS {
            let Some(password) = self.ask_password(refused.take())? else {
                return Ok(false);
            };
            let result = if plain {
                self.step(|session| session.userauth_password(&user, password.reveal()))
            } else {
                let mut answers = Answers(&password);
                self.step(|session| session.userauth_keyboard_interactive(&user, &mut answers))
            };
            if entered(result)? {
                return Ok(true);
            }
            refused = Some(password);
        }
        Ok(false)
    }

    fn ask_password(&mut self, refused: Option<Secret>) -> Result<Option<Secret>, Stop> {
        let question = PasswordQuestion {
            user: self.config.user.clone(),
            host: self.login.destination.server.host.clone(),
            refused,
        };
        let asked = Instant::now();
        let _ = self.login.reports.send(Report::PasswordWanted(self.login.id, question));
        loop {
            if let Some(answer) = self.inbox.take_answer() {
                // The time it takes a person to type is not the server's.
                self.deadline += asked.elapsed();
                return Ok(answer);
            }
            if self.inbox.end().is_some() {
                return Err(Stop::Unwanted);
            }
            self.inbox.wait(None, None);
        }
    }

    fn refused(&self, tried: &Tried, end: &str) -> ConnectError {
        let mut parts = Vec::new();
        if !tried.keys.is_empty() {
            parts.push(format!("publickey {}", tried.keys.join(" ")));
        }
        parts.extend(tried.agent.clone());
        parts.extend(tried.others.iter().map(|&other| other.to_owned()));
        let tried_list = if parts.is_empty() {
            "nothing".to_owned()
        } else {
            parts.join(", ")
        };
        let mut hints = tried.hints.clone();
        if parts.is_empty() {
            hints.push("no key file and no agent was found; name one: ssh_options.keys".to_owned());
        }
        ConnectError {
            phase: Phase::Authentication,
            reason: format!(
                "authentication failed for `{}' (tried: {tried_list}; {end})",
                self.config.user
            ),
            hints,
        }
    }

    fn shown(&self, file: &Path) -> String {
        let home = self.login.environment.home.as_deref();
        match home.and_then(|home| file.strip_prefix(home).ok()) {
            Some(rest) => format!("~/{}", rest.display()),
            None => file.display().to_string(),
        }
    }
}

/// A refusal is an answer; anything else ends the login.
fn entered(result: Result<(), Stop>) -> Entered {
    match result {
        Ok(()) => Ok(true),
        Err(Stop::Failed(error)) if is_refusal(&error) || is_unusable(&error) => Ok(false),
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

/// The key itself is at fault, not the server or the connection.
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

/// Signs a login request: the algorithm stands in the request, the key's RSA hash follows from it.
fn sign(agent: &mut Agent, identity: &Identity, request: &[u8]) -> Option<Vec<u8>> {
    let algorithm = requested_algorithm(request)?;
    let flags = match algorithm {
        b"rsa-sha2-512" | b"rsa-sha2-512-cert-v01@openssh.com" => RSA_SHA2_512,
        b"rsa-sha2-256" | b"rsa-sha2-256-cert-v01@openssh.com" => RSA_SHA2_256,
        _ => 0,
    };
    let signature = agent.sign(identity, request, flags).ok()?;
    let (_, rest) = wire::text(&signature)?;
    // Security keys add flags and a counter after the signature, which libssh2 wants as they are.
    if algorithm.starts_with(b"sk-") {
        return Some(rest.to_vec());
    }
    wire::text(rest).map(|(signature, _)| signature.to_vec())
}

/// RFC 4252, section 7: session id, byte, user, service, "publickey", byte, algorithm, key.
fn requested_algorithm(request: &[u8]) -> Option<&[u8]> {
    let (_session, rest) = wire::text(request)?;
    let (_user, rest) = wire::text(rest.get(1..)?)?;
    let (_service, rest) = wire::text(rest)?;
    let (_method, rest) = wire::text(rest)?;
    wire::text(rest.get(1..)?).map(|(algorithm, _)| algorithm)
}

/// Whether a private key needs a passphrase, in any of the formats there are.
fn is_encrypted(text: &str) -> bool {
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return true;
    }
    let Some((_, body)) = text.split_once("BEGIN OPENSSH PRIVATE KEY-----") else {
        return false;
    };
    // The magic word, then the cipher's name: `none` when there is no passphrase.
    let body: String = body.chars().filter(|c| !c.is_whitespace()).take(36).collect();
    decode_base64(body.get(..36).unwrap_or_default())
        .is_some_and(|start| !start.get(15..).is_some_and(|rest| rest.starts_with(b"\0\0\0\x04none")))
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits = 0_u32;
    let mut count = 0;
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// Answers every hidden question with the password; an open one cannot be answered.
struct Answers<'a>(&'a Secret);

impl KeyboardInteractivePrompt for Answers<'_> {
    fn prompt<'a>(&mut self, _user: &str, _instructions: &str, prompts: &[Prompt<'a>]) -> Vec<String> {
        prompts
            .iter()
            .map(|prompt| {
                if prompt.echo {
                    String::new()
                } else {
                    self.0.reveal().to_owned()
                }
            })
            .collect()
    }
}
