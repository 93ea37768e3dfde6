//! The findings about the way to a server: name, connection, host key, algorithms, login.

use std::net::IpAddr;

use crate::listed::counted;
use crate::recipe::without_credentials;
use crate::session::{ConnectError, HostKeyPolicy, Phase, Standing, StepWay};

use super::visit::Visit;
use crate::finding::{Check, Fact, Finding, FindingState, Own, Unit};

/// Parts of the names of key exchanges that quantum computers cannot break.
const POST_QUANTUM: [&str; 2] = ["mlkem", "sntrup"];

/// Returns true if quantum computers cannot break a key exchange.
pub(super) fn is_post_quantum(exchange: &str) -> bool {
    POST_QUANTUM.iter().any(|part| exchange.contains(part))
}

/// Returns the findings up to the step that failed.
pub(super) fn findings(visit: &Visit, policy: Option<HostKeyPolicy>, call: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(address(visit));
    // A connection without a key exchange is reported as bad.
    let is_broken = visit
        .error
        .as_ref()
        .is_some_and(|error| error.phase == Phase::Handshake);
    findings.extend(connection(visit).filter(|_| !is_broken));
    findings.extend(host_key(visit, policy));
    findings.extend(visit.unknown_gateways.iter().map(|(gateway, fingerprint)| {
        let detail = format!("that of the gateway {gateway} is not known yet: {fingerprint}");
        Finding::warning(Check::HostKey, detail, compare())
    }));
    findings.extend(algorithms(visit));
    findings.extend(visit.error.as_ref().map(|error| failure(error, visit, call)));
    findings.extend(login(visit));
    findings
}

fn address(visit: &Visit) -> Option<Finding> {
    let addresses: Vec<String> = visit.addresses.iter().map(IpAddr::to_string).collect();
    let detail = counted(addresses.len(), "address");
    let finding = (!addresses.is_empty()).then(|| Finding::ok(Check::Address, detail))?;
    let own = Own::Text(addresses.join(", "));
    Some(finding.own(own).fact("addresses", Fact::Texts(addresses)))
}

fn connection(visit: &Visit) -> Option<Finding> {
    let (way, elapsed) = visit.way.as_ref()?;
    let mut facts: Vec<(&'static str, Fact)> = Vec::new();
    let detail = match way {
        StepWay::Direct(address) => {
            facts.extend(address.map(|address| ("to", Fact::Text(address.to_string()))));
            "direct".to_owned()
        }
        StepWay::Gateways(gateways) => {
            let names: Vec<String> = gateways.iter().map(ToString::to_string).collect();
            facts.push(("gateways", Fact::Texts(names.clone())));
            format!("through {}", names.join(", "))
        }
        StepWay::Command => "by the ProxyCommand".to_owned(),
    };
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    facts.push((
        "elapsed_ms",
        Fact::Number(i64::try_from(milliseconds).unwrap_or(i64::MAX)),
    ));
    let finding = Finding::ok(Check::Connection, detail);
    let own = Own::Amount(milliseconds, Unit::Milliseconds, "in %");
    Some(Finding {
        facts,
        ..finding.own(own)
    })
}

fn compare() -> &'static str {
    "compare the fingerprint with the server's own, there: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
}

fn host_key(visit: &Visit, policy: Option<HostKeyPolicy>) -> Option<Finding> {
    let (key_type, fingerprint, standing) = visit.host_key.as_ref()?;
    let own = Own::Text(fingerprint.clone());
    let finding = match standing {
        Standing::Known(place) => {
            let file = place.rsplit_once(':').map_or(place.as_str(), |(file, _)| file);
            Finding::ok(Check::HostKey, format!("{key_type}, known from {file}")).text("known_from", place.as_str())
        }
        Standing::Certified(place) => Finding::ok(
            Check::HostKey,
            format!("{key_type}, signed by the authority in {place}"),
        )
        .text("known_from", place.as_str()),
        Standing::Local => Finding::ok(Check::HostKey, format!("{key_type}, not looked up for this machine")),
        Standing::Unknown(file) => {
            let then = match (policy, file) {
                (Some(HostKeyPolicy::Strict), _) => "a run refuses it".to_owned(),
                (_, Some(file)) => format!("the next run adds it to {}", file.display()),
                (_, None) => "a run accepts it, and does not keep it".to_owned(),
            };
            Finding::warning(Check::HostKey, format!("{key_type}, not known yet: {then}"), compare())
        }
        Standing::Untrusted => {
            let said = visit
                .warnings
                .first()
                .map_or("it is another key than the known one", String::as_str);
            Finding::warning(
                Check::HostKey,
                format!("{key_type}: {said}"),
                "ask whoever runs the server; a right one is trusted again once the old line is removed",
            )
        }
    };
    Some(
        finding
            .own(own)
            .text("key_type", key_type.as_str())
            .text("fingerprint", fingerprint.as_str()),
    )
}

fn algorithms(visit: &Visit) -> Option<Finding> {
    let found = visit.algorithms.as_ref()?;
    let quantum = is_post_quantum(&found.key_exchange);
    let mark = if quantum { "" } else { " (not post-quantum)" };
    let mac = found.mac.as_ref().map_or_else(String::new, |mac| format!(", {mac}"));
    let detail = format!(
        "{}{mark}, {}, {}{mac}",
        found.key_exchange, found.host_key, found.cipher
    );
    let finding = Finding::ok(Check::Algorithms, detail)
        .text("key_exchange", found.key_exchange.as_str())
        .fact("post_quantum", Fact::Flag(quantum))
        .text("host_key", found.host_key.as_str())
        .text("cipher", found.cipher.as_str());
    Some(match &found.mac {
        Some(mac) => finding.text("mac", mac.as_str()),
        None => finding,
    })
}

fn login(visit: &Visit) -> Option<Finding> {
    let (user, by) = visit.entered.as_ref()?;
    let way = match by.as_slice() {
        [] => "without any key or password".to_owned(),
        by => format!("with {}", by.join(", then ")),
    };
    let finding = Finding::ok(Check::Login, format!("as {user} {way}"))
        .text("user", user.as_str())
        .fact("by", Fact::Texts(by.clone()));
    let finding = match visit.took.and_then(|took| u64::try_from(took.as_millis()).ok()) {
        Some(took) => finding
            .own(Own::Amount(took, Unit::Milliseconds, "in %"))
            .fact("elapsed_ms", Fact::Number(i64::try_from(took).unwrap_or(i64::MAX))),
        None => finding,
    };
    // The first warning is then about the host key, and was reported with it.
    let is_untrusted = matches!(visit.host_key, Some((_, _, Standing::Untrusted)));
    let warnings: Vec<&String> = visit.warnings.iter().skip(usize::from(is_untrusted)).collect();
    Some(match warnings.as_slice() {
        [] => finding,
        warnings => warnings.iter().fold(
            Finding {
                state: FindingState::Warning,
                ..finding
            },
            |finding, warning| finding.advise(warning.as_str()),
        ),
    })
}

/// Returns the finding about the step that failed, with advice.
fn failure(error: &ConnectError, visit: &Visit, call: &str) -> Finding {
    // A problem of a gateway is a finding about the way to the server, with the gateway's name.
    let gateway = error
        .reason
        .strip_prefix("gateway ")
        .and_then(|rest| rest.split_once(": "));
    let host = gateway.map_or(visit.server.host.as_str(), |(gateway, _)| gateway);
    let (check, usual) = match error.phase {
        Phase::Configuration => (
            Check::SshConfig,
            format!("correct what is said for it: ssh -G {host} shows what ssh reads"),
        ),
        Phase::Resolve => (
            Check::Address,
            format!(
                "correct the name, or give its address: HostName in the ssh configuration, or /etc/hosts; getent hosts {host} asks as capr does"
            ),
        ),
        Phase::Connect => (
            Check::Connection,
            "see whether it runs, whether sshd listens at that port, and whether a firewall or a VPN is in between"
                .to_owned(),
        ),
        Phase::Handshake => (
            Check::Connection,
            format!("see what it says to ssh -v {host}, and the log of its sshd"),
        ),
        Phase::HostKey => (
            Check::HostKey,
            format!("ask whoever runs it which key is right; ssh-keygen -F {host} shows the known ones"),
        ),
        Phase::Authentication => (Check::Login, login_advice(error, visit, call)),
    };
    let check = if gateway.is_some() { Check::Connection } else { check };
    let reason = without_credentials(&error.reason);
    let mut finding = Finding::new(check, FindingState::Bad, reason);
    for hint in &error.hints {
        finding = finding.advise(hint.as_str());
    }
    if finding.advice.is_empty() || error.phase == Phase::Authentication {
        finding = finding.advise(usual);
    }
    finding
}

fn login_advice(error: &ConnectError, visit: &Visit, call: &str) -> String {
    let doctor = call.replacen("capr", "capr doctor", 1);
    let takes = error.reason.split_once("server takes: ").map_or("", |(_, takes)| takes);
    let takes_key = takes.contains("publickey");
    let takes_password = takes.contains("password") || takes.contains("keyboard-interactive");
    let is_unknown = matches!(visit.host_key, Some((_, _, Standing::Unknown(_)))) || !visit.unknown_gateways.is_empty();
    match (takes_key, takes_password) {
        (_, true) if is_unknown => {
            "it may take a password, which doctor gives to no server whose key is not known: accept its key first"
                .to_owned()
        }
        (true, true) => format!(
            "put a public key into its ~/.ssh/authorized_keys (ssh-copy-id), or have the password asked for: {doctor} -p"
        ),
        (false, true) => format!("only a password would do: {doctor} -p asks for it once, as a run does"),
        _ => "put a public key into its ~/.ssh/authorized_keys (ssh-copy-id), or name the right one: ssh_options.keys"
            .to_owned(),
    }
}
