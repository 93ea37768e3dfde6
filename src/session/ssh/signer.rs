//! Signs logins with a private key: libssh2 itself reads the key twice for each, as OpenSSL's formats and then as OpenSSH's,
//! which takes as long as the rest of the login.

use openssl::pkey::{Id, PKey, Private};
use ssh_key::PrivateKey;
use ssh_key::private::KeypairData;

/// A private key, ready to sign.
pub(super) struct Signer {
    /// The public half, as it travels.
    pub(super) public: Vec<u8>,
    key: PKey<Private>,
}

impl Signer {
    /// Ed25519 in OpenSSH's format, which is what `ssh-keygen` makes; `None` for the others.
    pub(super) fn read(text: &str) -> Option<Self> {
        let key = PrivateKey::from_openssh(text).ok()?;
        let KeypairData::Ed25519(pair) = key.key_data() else {
            return None;
        };
        Some(Self {
            public: key.public_key().to_bytes().ok()?,
            key: PKey::private_key_from_raw_bytes(pair.private.as_ref(), Id::ED25519).ok()?,
        })
    }

    /// As the server is to get it, without the algorithm's name in front.
    pub(super) fn sign(&self, request: &[u8]) -> Option<Vec<u8>> {
        let mut signer = openssl::sign::Signer::new_without_digest(&self.key).ok()?;
        signer.sign_oneshot_to_vec(request).ok()
    }
}
