//! Logins with keys: those in files, those of the agent, and encrypted ones, which the person opens.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ssh2::ErrorCode;

use crate::io_error::plain;
use crate::secret::Secret;
use crate::session::{LoginReport, Report, Wanted, Warning};

use super::key_file::{KeyFile, OpenKey, Unreadable, UserCertificate, blob, public_halves};
use super::key_ring::{KeyForLogin, PassphraseTurn};
use super::signer::{Signer, requested_algorithm};
use super::{Entered, Tried, entered, is_unusable};
use crate::session::ssh::agent::{Agent, Binding, Identity, RSA_SHA2_256, RSA_SHA2_512};
use crate::session::ssh::attempt::{Attempt, AttemptStop};
use crate::session::ssh::channel::SessionLink;
use crate::session::ssh::wire;

/// The number of times that a passphrase is asked for.
const PASSPHRASES: usize = 3;

/// The time for one request to an agent; some agents ask the person before they sign.
const AGENT_TIMEOUT: Duration = Duration::from_secs(30);

/// The result of offering a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offered {
    Accepted,
    Refused,
    /// The file holds no private key, or its passphrase was wrong.
    Unusable,
}

/// The result of opening an encrypted key.
enum Opened {
    /// The key is open and was not offered yet.
    Key(OpenKey),
    /// The key was opened, and the server has accepted it.
    Accepted,
    /// The server does not accept the key.
    Unwanted,
    Locked,
}

impl Attempt<'_> {
    pub(super) fn try_keys(&mut self, tried: &mut Tried) -> Entered {
        tried.keys.clear();
        let files = self.key_files(tried);
        Ok(self.try_plain_keys(&files, tried)? || self.try_agent(tried)? || self.try_encrypted_keys(&files, tried)?)
    }

    /// Returns the key files that exist, in order.
    fn key_files(&self, tried: &mut Tried) -> Vec<KeyFile> {
        let named = &self.login.destination.options.keys;
        let read = |file: &PathBuf| match KeyFile::read(file) {
            Ok(key) => Some(key),
            Err(Unreadable::TooOpen(mode)) => {
                let shown = self.shown(file);
                let text = format!(
                    "{shown} has mode {mode:04o}, so that others can read or write it, and is not used: chmod 600 {shown}"
                );
                tried.keys.push((file.clone(), format!("{shown} (mode {mode:04o})")));
                tried.hints.push(text.clone());
                let warning = Warning {
                    gateway: self.login.gateway(),
                    text,
                };
                let _ = self
                    .login
                    .reports
                    .send(Report::Login(self.login.id, LoginReport::KeyLeftOut(warning)));
                None
            }
            Err(Unreadable::Io(error)) => {
                // The default files need not exist, but those that the recipe names should.
                if error.kind() != std::io::ErrorKind::NotFound || named.contains(file) {
                    let why = plain(&error);
                    tried.keys.push((file.clone(), format!("{} ({why})", self.shown(file))));
                }
                None
            }
        };
        let data = self.login.destination.options.key_data.iter().enumerate();
        let data = data.map(|(number, text)| KeyFile::of_text(format!("key_data {}", number + 1), text.clone()));
        let mut files: Vec<KeyFile> = data.chain(self.config.identity_files.iter().filter_map(read)).collect();
        for certificate in self
            .config
            .certificate_files
            .iter()
            .filter_map(|file| UserCertificate::read(file))
        {
            let of = files.iter_mut().find(|file| file.public().contains(&certificate.key));
            if let Some(file) = of {
                file.certificates.push(certificate.text);
            }
        }
        files
    }

    fn try_plain_keys(&mut self, files: &[KeyFile], tried: &mut Tried) -> Entered {
        for file in files {
            let Some(key) = file.plain() else { continue };
            let offered = self.offer(file, &key)?;
            let shown = self.shown(&file.file);
            let shown = match offered {
                Offered::Accepted => {
                    self.taken.push(format!("key {shown}"));
                    return Ok(true);
                }
                Offered::Refused => shown,
                Offered::Unusable => format!("{shown} (not a private key)"),
            };
            tried.keys.push((file.file.clone(), shown));
        }
        Ok(false)
    }

    /// Tries encrypted keys. This comes after the agent, which may hold them already.
    fn try_encrypted_keys(&mut self, files: &[KeyFile], tried: &mut Tried) -> Entered {
        for file in files.iter().filter(|file| file.plain().is_none()) {
            let shown = self.shown(&file.file);
            let told = match self.open(file, &shown)? {
                Opened::Accepted => {
                    self.taken.push(format!("key {shown}"));
                    return Ok(true);
                }
                Opened::Key(key) => match self.offer(file, &key)? {
                    Offered::Accepted => {
                        self.taken.push(format!("key {shown}"));
                        return Ok(true);
                    }
                    Offered::Refused => shown,
                    Offered::Unusable => format!("{shown} (not a private key)"),
                },
                Opened::Unwanted => shown,
                Opened::Locked => {
                    tried.hints.push(format!(
                        "{shown} is encrypted and its passphrase was not given; the agent can keep it open: ssh-add {shown}"
                    ));
                    format!("{shown} (encrypted)")
                }
            };
            tried.keys.push((file.file.clone(), told));
        }
        Ok(false)
    }

    /// Opens an encrypted key, or takes it from the login that has opened it. Its passphrase is asked for only if the server
    /// accepts the key.
    fn open(&mut self, file: &KeyFile, shown: &str) -> Result<Opened, AttemptStop> {
        let login = self.login;
        let bell = self.inbox.bell();
        let mut wanted = false;
        let waited = Instant::now();
        loop {
            match login.keys.look(&file.file, &bell) {
                KeyForLogin::Open(key) => {
                    self.deadline += waited.elapsed();
                    return Ok(Opened::Key(key));
                }
                KeyForLogin::Locked => {
                    self.deadline += waited.elapsed();
                    return Ok(Opened::Locked);
                }
                KeyForLogin::Busy => {
                    if self.inbox.end().is_some() {
                        return Err(AttemptStop::Unwanted);
                    }
                    self.inbox.wait(None, None);
                }
                KeyForLogin::Unasked(turn) if wanted => return self.ask_passphrase(file, shown, turn),
                KeyForLogin::Unasked(turn) => {
                    drop(turn);
                    if !self.takes(&file.public())? {
                        return Ok(Opened::Unwanted);
                    }
                    wanted = true;
                }
            }
        }
    }

    /// Returns true if the server would accept one of these keys, or if none is known.
    fn takes(&mut self, keys: &[Vec<u8>]) -> Result<bool, AttemptStop> {
        for key in keys {
            let mut wants_signature = false;
            let result = self.sign_in(key, &mut |_| {
                wants_signature = true;
                None
            });
            if wants_signature {
                return Ok(true);
            }
            entered(result)?;
        }
        Ok(keys.is_empty())
    }

    fn ask_passphrase(&mut self, file: &KeyFile, shown: &str, turn: PassphraseTurn<'_>) -> Result<Opened, AttemptStop> {
        let mut known = self.login.destination.options.passphrase.clone();
        let prompts = if self.config.password_prompts == 0 {
            0
        } else {
            PASSPHRASES
        };
        let mut refused = None;
        for _ in 0..prompts + usize::from(known.is_some()) {
            let passphrase = match known.take() {
                Some(passphrase) => passphrase,
                None => match self.ask(Wanted::Passphrase(shown.to_owned()), refused.take())? {
                    Some(passphrase) => passphrase,
                    None => break,
                },
            };
            let asked = Instant::now();
            let key = file.open(&passphrase);
            // Opening a key is slow on purpose; this time does not count against the server.
            self.deadline += asked.elapsed();
            if let Some(key) = key {
                match self.offer(file, &key)? {
                    Offered::Accepted => {
                        turn.opened(key);
                        return Ok(Opened::Accepted);
                    }
                    Offered::Refused => {
                        turn.opened(key);
                        return Ok(Opened::Unwanted);
                    }
                    Offered::Unusable => {}
                }
            }
            refused = Some(passphrase);
        }
        turn.stays_locked();
        Ok(Opened::Locked)
    }

    /// Logs in with a key: first with its certificates, then without.
    fn offer(&mut self, file: &KeyFile, key: &OpenKey) -> Result<Offered, AttemptStop> {
        let user = self.config.user.clone();
        let passphrase = key.passphrase.as_ref().map(Secret::reveal);
        let signer = Signer::read(key.text.reveal());
        let mut offered = Offered::Unusable;
        for public in file.certificates.iter().map(|text| Some(text.as_str())).chain([None]) {
            let result = match &signer {
                Some(signer) => {
                    let Some(public) = public.map_or_else(|| Some(signer.public.clone()), blob) else {
                        continue;
                    };
                    self.sign_in(&public, &mut |data| signer.sign(requested_algorithm(data)?, data))
                }
                None => {
                    if let Some(objection) = self.config.objection_to_pem(key.text.reveal(), passphrase) {
                        self.left_out.insert(objection);
                        return Ok(Offered::Refused);
                    }
                    self.step(|session| session.userauth_pubkey_memory(&user, public, key.text.reveal(), passphrase))
                }
            };
            let unusable = matches!(&result, Err(AttemptStop::Failed(error)) if is_unusable(error));
            if entered(result)? {
                return Ok(Offered::Accepted);
            }
            if !unusable {
                offered = Offered::Refused;
            }
        }
        Ok(offered)
    }

    /// Logs in with a public key; `sign` is called once the server accepts it.
    fn sign_in(&mut self, public: &[u8], sign: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) -> Result<(), AttemptStop> {
        let failed = |code| ssh2::Error::new(ErrorCode::Session(code), "public key");
        if let Some(objection) = self.config.objection_to(public) {
            self.left_out.insert(objection);
            return Err(AttemptStop::Failed(failed(
                libssh2_sys::LIBSSH2_ERROR_AUTHENTICATION_FAILED,
            )));
        }
        let Ok(user) = CString::new(self.config.user.as_str()) else {
            return Err(AttemptStop::Failed(failed(
                libssh2_sys::LIBSSH2_ERROR_AUTHENTICATION_FAILED,
            )));
        };
        let mut session_id = None;
        let mut sign = |data: &[u8]| {
            session_id = wire::text(data).map(|(id, _)| id.to_vec());
            sign(data)
        };
        let result = self.step(|session| {
            SessionLink::new(session)
                .authenticate(&user, public, &mut sign)
                .map_err(failed)
        });
        self.session_id = session_id.or(self.session_id.take());
        result
    }

    fn try_agent(&mut self, tried: &mut Tried) -> Entered {
        let Some(socket) = self.config.identity_agent.clone() else {
            return Ok(false);
        };
        let mut agent = match Agent::connect(&socket, AGENT_TIMEOUT) {
            Ok(agent) => agent,
            Err(error) => {
                tried.agent = Some(format!("agent ({})", plain(&error)));
                return Ok(false);
            }
        };
        let identities = match agent.identities() {
            Ok(identities) => identities,
            Err(error) => {
                tried.agent = Some(format!("agent ({})", plain(&error)));
                return Ok(false);
            }
        };
        let wanted = self.config.identities_only.then(|| {
            let files = self.config.identity_files.iter();
            files.flat_map(|file| public_halves(file)).collect::<Vec<_>>()
        });
        let files = self.config.certificate_files.iter();
        let certificates: Vec<UserCertificate> = files.filter_map(|file| UserCertificate::read(file)).collect();
        let proof = self.proof.clone();
        let mut is_told = false;
        let mut offered = 0;
        for identity in &identities {
            if wanted.as_ref().is_some_and(|wanted| !wanted.contains(&identity.blob)) {
                continue;
            }
            offered += 1;
            let certified = certificates
                .iter()
                .filter(|certificate| certificate.key == identity.blob);
            for public in certified.map(|certificate| &certificate.blob).chain([&identity.blob]) {
                let result = self.sign_in(public, &mut |data| {
                    if !is_told && let Some((proof, (id, _))) = proof.clone().zip(wire::text(data)) {
                        let session_id = id.to_vec();
                        // As with ssh, an agent that does not support this signs with all keys that it does not restrict.
                        let _ = agent.bind(&Binding { proof, session_id });
                        is_told = true;
                    }
                    sign(&mut agent, identity, data)
                });
                if entered(result)? {
                    let key_type = super::super::hostkey::key_type(&identity.blob);
                    self.taken
                        .push(format!("{key_type} key `{}' of the agent", identity.comment));
                    return Ok(true);
                }
            }
        }
        tried.agent = Some(match offered {
            0 => "agent (no key)".to_owned(),
            1 => "agent (1 key)".to_owned(),
            count => format!("agent ({count} keys)"),
        });
        Ok(false)
    }

    fn shown(&self, file: &Path) -> String {
        let home = self.login.environment.home.as_deref();
        match home.and_then(|home| file.strip_prefix(home).ok()) {
            Some(rest) => format!("~/{}", rest.display()),
            None => file.display().to_string(),
        }
    }
}

/// Signs a login request. The request names the algorithm, which decides the hash for an RSA key.
fn sign(agent: &mut Agent, identity: &Identity, request: &[u8]) -> Option<Vec<u8>> {
    let algorithm = requested_algorithm(request)?;
    let flags = match algorithm {
        b"rsa-sha2-512" | b"rsa-sha2-512-cert-v01@openssh.com" => RSA_SHA2_512,
        b"rsa-sha2-256" | b"rsa-sha2-256-cert-v01@openssh.com" => RSA_SHA2_256,
        _ => 0,
    };
    let signature = agent.sign(identity, request, flags).ok()?;
    let (_, rest) = wire::text(&signature)?;
    // Signatures of security keys end in flags and a counter, which libssh2 wants unchanged.
    if algorithm.starts_with(b"sk-") {
        return Some(rest.to_vec());
    }
    wire::text(rest).map(|(signature, _)| signature.to_vec())
}
