//! The algorithms that a server is offered.

use ssh2::{MethodType, Session};

use crate::session::{ConnectError, Phase};

use super::algorithms;
use super::config::{Algorithms, HostConfig};
use super::hostkey::Expected;

/// Returns the key exchanges that this build supports, best first; none if libssh2 does not start.
pub(super) fn key_exchanges() -> Vec<String> {
    let session = Session::new().ok();
    let known = session.and_then(|session| {
        let known = session.supported_algs(MethodType::Kex).ok()?;
        // Some entries are not key exchanges; they tell the server what we support.
        let exchanges = known
            .into_iter()
            .filter(|name| !name.starts_with("ext-info") && !name.starts_with("kex-strict"));
        Some(exchanges.map(str::to_owned).collect())
    });
    known.unwrap_or_default()
}

/// Returns the error of a session that libssh2 cannot make.
pub(super) fn no_session(error: &ssh2::Error) -> ConnectError {
    ConnectError::new(Phase::Handshake, format!("no SSH session: {}", error.message()))
}

/// Offers the algorithms that the configuration wants; returns the MACs that are accepted. libssh2 needs a common MAC even with a
/// cipher that uses none (ChaCha20-Poly1305), so all MACs are offered, those that are not accepted last.
pub(super) fn prefer(
    session: &Session,
    config: &HostConfig,
    expected: &Expected<'_>,
) -> Result<Vec<String>, ConnectError> {
    let Algorithms {
        key_exchange,
        host_keys,
        ciphers,
        macs,
        ..
    } = &config.algorithms;
    let mut macs_accepted = Vec::new();
    let unsupported = |what: &str, list: &str| {
        ConnectError::new(
            Phase::Configuration,
            format!("none of these {what} is supported here: {list}"),
        )
    };
    let host_key = expected.algorithms();
    if host_key.is_empty() {
        return Err(unsupported(
            "host key algorithms",
            host_keys.as_deref().unwrap_or_default(),
        ));
    }
    session
        .method_pref(MethodType::HostKey, &host_key)
        .map_err(|error| no_session(&error))?;
    if let Some(signatures) = config.rsa_signatures() {
        session
            .method_pref(MethodType::SignAlgo, &signatures)
            .map_err(|error| no_session(&error))?;
    }
    for (what, list, kinds) in [
        ("key exchanges", key_exchange, &[MethodType::Kex][..]),
        ("ciphers", ciphers, &[MethodType::CryptCs, MethodType::CryptSc]),
        ("MACs", macs, &[MethodType::MacCs, MethodType::MacSc]),
    ] {
        for &kind in kinds {
            let all = session.supported_algs(kind).map_err(|error| no_session(&error))?;
            let usual: Vec<&str> = all.iter().copied().filter(|name| algorithms::is_usual(name)).collect();
            let mut chosen = match list {
                Some(list) => algorithms::chosen_of(list, &usual, &all),
                None => usual,
            };
            let list = list.as_deref().unwrap_or_default();
            if matches!(kind, MethodType::MacCs | MethodType::MacSc) {
                macs_accepted = chosen.iter().map(|name| (*name).to_owned()).collect();
                if !chosen.is_empty() {
                    let others: Vec<&str> = all.iter().filter(|name| !chosen.contains(name)).copied().collect();
                    chosen.extend(others);
                }
            }
            session
                .method_pref(kind, &chosen.join(","))
                .map_err(|_| unsupported(what, list))?;
        }
    }
    Ok(macs_accepted)
}
