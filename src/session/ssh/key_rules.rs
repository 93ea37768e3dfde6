//! Decides which keys and signatures are strong enough, ours and the servers', by the rules of the configuration.

use openssl::nid::Nid;
use openssl::pkey::PKey;

use super::algorithms::chosen;
use super::certificate::CERTIFIED;
use super::config::{HostConfig, LEAST_RSA_BITS};
use super::hostkey::key_type;
use super::wire;

/// The signature algorithms for keys, by their names in ssh's lists.
const SIGNATURES: [&str; 8] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
];
const RSA: &str = "ssh-rsa";

impl HostConfig {
    /// Returns the reason why a key, a server's or ours, is too weak; `None` if it is not.
    pub(super) fn weakness_of(&self, blob: &[u8]) -> Option<String> {
        let bits = rsa_bits(blob)?;
        let least = self.required_rsa_bits.max(LEAST_RSA_BITS);
        (bits < u64::from(least)).then(|| format!("an RSA key of {bits} bits, where RequiredRSASize wants {least}"))
    }

    /// Returns the reason why a key of ours must not be offered; `None` if it may be.
    pub(super) fn objection_to(&self, blob: &[u8]) -> Option<String> {
        self.weakness_of(blob).or_else(|| {
            let list = self.algorithms.login_keys.as_deref()?;
            let key_type = key_type(blob);
            let (plain, certified) = match key_type.strip_suffix(CERTIFIED) {
                Some(plain) => (plain, true),
                None => (key_type.as_str(), false),
            };
            let names = SIGNATURES.iter().filter(|name| signs_with(plain, name));
            let names: Vec<String> = names
                .map(|name| {
                    if certified {
                        certified_name(name)
                    } else {
                        (*name).to_owned()
                    }
                })
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            chosen(list, &names)
                .is_empty()
                .then(|| format!("{key_type}, which PubkeyAcceptedAlgorithms leaves out"))
        })
    }

    /// Does the same for a private key in one of OpenSSL's formats.
    pub(super) fn objection_to_pem(&self, text: &str, passphrase: Option<&str>) -> Option<String> {
        if self.algorithms.login_keys.is_none() && self.required_rsa_bits <= LEAST_RSA_BITS {
            return None;
        }
        let passphrase = passphrase.unwrap_or_default().as_bytes();
        let key = PKey::private_key_from_pem_passphrase(text.as_bytes(), passphrase).ok()?;
        let public = match (key.rsa(), key.ec_key()) {
            (Ok(key), _) => {
                let (e, n) = (wire::number(&key.e().to_vec()), wire::number(&key.n().to_vec()));
                [wire::packed(RSA.as_bytes()), e, n].concat()
            }
            (_, Ok(key)) => wire::packed(match key.group().curve_name()? {
                Nid::X9_62_PRIME256V1 => b"ecdsa-sha2-nistp256",
                Nid::SECP384R1 => b"ecdsa-sha2-nistp384",
                _ => b"ecdsa-sha2-nistp521",
            }),
            _ => return None,
        };
        self.objection_to(&public)
    }

    /// Returns the signatures with RSA keys that may be used to log in, best first; `None` if the configuration does not restrict
    /// them.
    pub(super) fn rsa_signatures(&self) -> Option<String> {
        let list = self.algorithms.login_keys.as_deref()?;
        let usual: Vec<&str> = SIGNATURES
            .iter()
            .copied()
            .filter(|name| signs_with(RSA, name))
            .collect();
        let chosen = chosen(list, &usual);
        (!chosen.is_empty()).then(|| chosen.join(","))
    }

    /// Returns true if an authority may sign the certificates of hosts with this algorithm.
    pub(super) fn takes_authority(&self, signature: &str) -> bool {
        match &self.algorithms.authorities {
            Some(list) => !chosen(list, &[signature]).is_empty(),
            None => true,
        }
    }
}

fn signs_with(key_type: &str, signature: &str) -> bool {
    signature == key_type || (key_type == RSA && signature.starts_with("rsa-"))
}

/// Returns the name of the certificates for such keys: a `sk-…@openssh.com` name loses its end first.
fn certified_name(signature: &str) -> String {
    format!("{}{CERTIFIED}", signature.trim_end_matches("@openssh.com"))
}

/// Returns the length of an RSA key, or of the one in a certificate, in bits.
fn rsa_bits(blob: &[u8]) -> Option<u64> {
    let (key_type, rest) = wire::text(blob)?;
    let rest = match key_type {
        b"ssh-rsa" => rest,
        b"ssh-rsa-cert-v01@openssh.com" => wire::text(rest)?.1,
        _ => return None,
    };
    let (_exponent, rest) = wire::text(rest)?;
    let (modulus, _) = wire::text(rest)?;
    let start = modulus.iter().position(|byte| *byte != 0)?;
    let digits = modulus.get(start..)?;
    let unused = digits.first()?.leading_zeros();
    Some(8 * u64::try_from(digits.len()).ok()? - u64::from(unused))
}
