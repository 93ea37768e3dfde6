//! Certificates: keys, mostly of hosts, that an authority has signed for certain names and a certain time.

use std::time::SystemTime;

use jiff::Timestamp;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Rsa;
use openssl::sign::Verifier;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, PublicKey, Signature};

use super::pattern::fits;
use super::wire;

/// The end of the names of certificate types.
pub(super) const CERTIFIED: &str = "-cert-v01@openssh.com";
/// The kind of host certificates; those of users have 1.
const HOST: u32 = 2;

/// The fields of a certificate that decide about it. The crate `ssh-key` cannot read one that never expires.
pub(super) struct HostCertificate {
    /// The bytes that the authority has signed.
    signed: Vec<u8>,
    /// The signature; `None` if it uses SHA-1, which could be forged, or cannot be read.
    signature: Option<Signature>,
    authority_key: KeyData,
    is_for_hosts: bool,
    names: Vec<String>,
    valid_after: u64,
    valid_before: u64,
    /// The first critical option, which everybody who accepts the certificate would have to obey.
    demand: Option<String>,
    /// The key in the form that it has without a certificate.
    pub(super) key: Vec<u8>,
    /// The authority's key.
    pub(super) authority: Vec<u8>,
}

impl HostCertificate {
    /// Reads a certificate; `None` if it cannot be read.
    pub(super) fn read(blob: &[u8]) -> Option<Self> {
        let (kind, rest) = wire::text(blob)?;
        let (_nonce, body) = wire::text(rest)?;
        let plain = str::from_utf8(kind).ok()?.strip_suffix(CERTIFIED)?;
        // The fields of the key itself: one for Ed25519, two for the others (curve and point, or two numbers).
        let parts = if plain == "ssh-ed25519" { 1 } else { 2 };
        let rest = (0..parts).try_fold(body, |rest, _| Some(wire::text(rest)?.1))?;
        let mut key = u32::try_from(plain.len()).ok()?.to_be_bytes().to_vec();
        key.extend(plain.as_bytes());
        key.extend(body.strip_suffix(rest)?);
        let (_serial, rest) = number(rest)?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let (_identity, rest) = wire::text(rest)?;
        let (names, rest) = wire::text(rest)?;
        let (valid_after, rest) = number(rest)?;
        let (valid_before, rest) = number(rest)?;
        let (demands, rest) = wire::text(rest)?;
        let (_extensions, rest) = wire::text(rest)?;
        let (_reserved, rest) = wire::text(rest)?;
        let (authority, rest) = wire::text(rest)?;
        let signed = blob.strip_suffix(rest)?;
        let (signature, rest) = wire::text(rest)?;
        if !rest.is_empty() {
            return None;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some(Self {
            signed: signed.to_vec(),
            signature: Signature::try_from(signature).ok(),
            authority_key: PublicKey::from_bytes(authority).ok()?.key_data().clone(),
            is_for_hosts: *kind == HOST.to_be_bytes(),
            names: texts(names)?.into_iter().map(text).collect(),
            valid_after,
            valid_before,
            demand: match demands {
                [] => None,
                demands => Some(text(wire::text(demands)?.0)),
            },
            key,
            authority: authority.to_vec(),
        })
    }

    /// Checks that the certificate proves now that the key is the host's, if its authority is trusted; else returns the reason
    /// why not.
    pub(super) fn check(&self, host: &str, now: SystemTime) -> Result<(), String> {
        if !self.is_for_hosts {
            return Err("it is a user's".to_owned());
        }
        if !self.is_signed().unwrap_or(false) {
            return Err("its signature is wrong, or of a kind that is not accepted".to_owned());
        }
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if now < self.valid_after {
            return Err(format!("it is not valid before {}", shown(self.valid_after)));
        }
        if now >= self.valid_before {
            return Err(format!("it expired {}", shown(self.valid_before)));
        }
        if let Some(demand) = &self.demand {
            return Err(format!("it asks for `{demand}', which is not known"));
        }
        // A certificate without names is for all hosts, as it was in every ssh before 10.3; since then ssh accepts patterns, too.
        if self.names.is_empty() || self.names.iter().any(|name| fits(name, host)) {
            Ok(())
        } else {
            Err(format!("it is for {}", self.names.join(", ")))
        }
    }

    /// Returns the algorithm of the authority's signature, by its name in ssh's lists.
    pub(super) fn signature(&self) -> Option<String> {
        let signature = self.signature.as_ref()?;
        Some(signature.algorithm().as_str().to_owned())
    }

    fn is_signed(&self) -> Result<bool, ErrorStack> {
        let Some(signature) = &self.signature else {
            return Ok(false);
        };
        let (algorithm, bytes) = (signature.algorithm(), signature.as_bytes());
        match &self.authority_key {
            KeyData::Ed25519(key) if algorithm == Algorithm::Ed25519 => {
                let key = PKey::public_key_from_raw_bytes(&key.0, Id::ED25519)?;
                Verifier::new_without_digest(&key)?.verify_oneshot(bytes, &self.signed)
            }
            KeyData::Rsa(key) => {
                let digest = match algorithm {
                    Algorithm::Rsa {
                        hash: Some(HashAlg::Sha512),
                    } => MessageDigest::sha512(),
                    Algorithm::Rsa {
                        hash: Some(HashAlg::Sha256),
                    } => MessageDigest::sha256(),
                    _ => return Ok(false),
                };
                let number = |number: &ssh_key::Mpint| BigNum::from_slice(number.as_bytes());
                let key = PKey::from_rsa(Rsa::from_public_components(number(&key.n)?, number(&key.e)?)?)?;
                self.verifies(digest, &key, bytes)
            }
            KeyData::Ecdsa(key) if algorithm == (Algorithm::Ecdsa { curve: key.curve() }) => {
                let (group, digest) = match key.curve() {
                    EcdsaCurve::NistP256 => (Nid::X9_62_PRIME256V1, MessageDigest::sha256()),
                    EcdsaCurve::NistP384 => (Nid::SECP384R1, MessageDigest::sha384()),
                    EcdsaCurve::NistP521 => (Nid::SECP521R1, MessageDigest::sha512()),
                };
                let group = EcGroup::from_curve_name(group)?;
                let point = EcPoint::from_bytes(&group, key.as_sec1_bytes(), &mut *BigNumContext::new()?)?;
                let key = EcKey::from_public_key(&group, &point)?;
                let Some((r, s)) = wire::text(bytes).and_then(|(r, rest)| Some((r, wire::text(rest)?.0))) else {
                    return Ok(false);
                };
                let signature = EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?;
                signature.verify(&hash(digest, &self.signed)?, &key)
            }
            _ => Ok(false),
        }
    }

    fn verifies(&self, digest: MessageDigest, key: &PKey<Public>, signature: &[u8]) -> Result<bool, ErrorStack> {
        Verifier::new(digest, key)?.verify_oneshot(signature, &self.signed)
    }
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*number), rest))
}

fn texts(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        let (text, rest) = wire::text(bytes)?;
        texts.push(text);
        bytes = rest;
    }
    Some(texts)
}

fn shown(seconds: u64) -> String {
    let time = i64::try_from(seconds)
        .ok()
        .and_then(|time| Timestamp::from_second(time).ok());
    time.map_or_else(|| "in a distant future".to_owned(), |time| time.to_string())
}
