//! Signs logins with a private key. libssh2 itself parses the key twice for each login, first in OpenSSL's formats and then in
//! OpenSSH's, which takes as long as the rest of the login.

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::RsaPrivateKeyBuilder;
use ssh_key::PrivateKey;
use ssh_key::private::{EcdsaKeypair, KeypairData, RsaKeypair};

use super::super::wire;

/// A private key, ready to sign.
pub(super) struct Signer {
    /// The public key in wire format.
    pub(super) public: Vec<u8>,
    key: Key,
}

enum Key {
    Ed25519(PKey<Private>),
    Rsa(PKey<Private>),
    Ecdsa(EcKey<Private>, MessageDigest),
}

impl Signer {
    /// Reads a key in OpenSSH's format, which `ssh-keygen` writes; `None` for other formats, which are left to libssh2.
    pub(super) fn read(text: &str) -> Option<Self> {
        let key = PrivateKey::from_openssh(text).ok()?;
        let public = key.public_key().to_bytes().ok()?;
        let key = match key.key_data() {
            KeypairData::Ed25519(pair) => {
                PKey::private_key_from_raw_bytes(pair.private.as_ref(), Id::ED25519).map(Key::Ed25519)
            }
            KeypairData::Rsa(pair) => rsa(pair).map(Key::Rsa),
            KeypairData::Ecdsa(pair) => ecdsa(pair),
            _ => return None,
        };
        Some(Self { public, key: key.ok()? })
    }

    /// Signs a request. Returns the signature as the server expects it, without the algorithm's name, which is in the request.
    pub(super) fn sign(&self, algorithm: &[u8], request: &[u8]) -> Option<Vec<u8>> {
        match &self.key {
            Key::Ed25519(key) => openssl::sign::Signer::new_without_digest(key)
                .and_then(|mut signer| signer.sign_oneshot_to_vec(request)),
            Key::Rsa(key) => {
                let digest = match algorithm.strip_suffix(b"-cert-v01@openssh.com").unwrap_or(algorithm) {
                    b"rsa-sha2-512" => MessageDigest::sha512(),
                    b"rsa-sha2-256" => MessageDigest::sha256(),
                    _ => return None,
                };
                openssl::sign::Signer::new(digest, key).and_then(|mut signer| signer.sign_oneshot_to_vec(request))
            }
            Key::Ecdsa(key, digest) => hash(*digest, request)
                .and_then(|digest| EcdsaSig::sign(&digest, key))
                .map(|signature| {
                    [
                        wire::number(&signature.r().to_vec()),
                        wire::number(&signature.s().to_vec()),
                    ]
                    .concat()
                }),
        }
        .ok()
    }
}

fn rsa(pair: &RsaKeypair) -> Result<PKey<Private>, ErrorStack> {
    let number = |number: &ssh_key::Mpint| BigNum::from_slice(number.as_bytes());
    let (private, public) = (&pair.private, &pair.public);
    let [n, e, d, p, q, inverse] =
        [&public.n, &public.e, &private.d, &private.p, &private.q, &private.iqmp].map(number);
    let (d, p, q) = (d?, p?, q?);
    // These two numbers make signing fast and are not in the file.
    let mut scratch = BigNumContext::new()?;
    let mut reduced = |prime: &BigNumRef| {
        let mut less = prime.to_owned()?;
        less.sub_word(1)?;
        let mut rest = BigNum::new()?;
        rest.nnmod(&d, &less, &mut scratch)?;
        Ok::<_, ErrorStack>(rest)
    };
    let (d_p, d_q) = (reduced(&p)?, reduced(&q)?);
    let key = RsaPrivateKeyBuilder::new(n?, e?, d)?
        .set_factors(p, q)?
        .set_crt_params(d_p, d_q, inverse?)?
        .build();
    PKey::from_rsa(key)
}

fn ecdsa(pair: &EcdsaKeypair) -> Result<Key, ErrorStack> {
    let (curve, digest, private, public) = match pair {
        EcdsaKeypair::NistP256 { private, public } => (
            Nid::X9_62_PRIME256V1,
            MessageDigest::sha256(),
            private.as_slice(),
            public.as_bytes(),
        ),
        EcdsaKeypair::NistP384 { private, public } => (
            Nid::SECP384R1,
            MessageDigest::sha384(),
            private.as_slice(),
            public.as_bytes(),
        ),
        EcdsaKeypair::NistP521 { private, public } => (
            Nid::SECP521R1,
            MessageDigest::sha512(),
            private.as_slice(),
            public.as_bytes(),
        ),
    };
    let group = EcGroup::from_curve_name(curve)?;
    let point = EcPoint::from_bytes(&group, public, &mut *BigNumContext::new()?)?;
    let number = BigNum::from_slice(private)?;
    Ok(Key::Ecdsa(
        EcKey::from_private_components(&group, &number, &point)?,
        digest,
    ))
}

/// Returns the algorithm that a request names (RFC 4252, section 7: session id, byte, user, service, "publickey", byte,
/// algorithm, key).
pub(super) fn requested_algorithm(request: &[u8]) -> Option<&[u8]> {
    let (_session, rest) = wire::text(request)?;
    let (_user, rest) = wire::text(rest.get(1..)?)?;
    let (_service, rest) = wire::text(rest)?;
    let (_method, rest) = wire::text(rest)?;
    wire::text(rest.get(1..)?).map(|(algorithm, _)| algorithm)
}
