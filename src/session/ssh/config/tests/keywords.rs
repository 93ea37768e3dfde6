use std::collections::BTreeSet;
use std::process::Command;

use super::Sample;
use crate::deadline::InTime;
use crate::session::ssh::config::keyword::{Keyword, names};

/// The treatment of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    /// The keyword changes what is known about a server.
    Honoured,
    /// The keyword has no effect here: whether and how securely a server is reached does not depend on it.
    PassedOver,
    /// The keyword is an error for the hosts that it is about.
    Refused,
    /// The keyword structures the configuration itself.
    Grammar,
}

use Is::{Grammar, Honoured, PassedOver, Refused};

/// All keywords of OpenSSH 7 to 10 and of its packagers, each with values that differ from the default.
const KEYWORDS: &[(&str, &str, Is)] = &[
    ("AddKeysToAgent", "yes", PassedOver),
    ("AddressFamily", "inet6", Honoured),
    ("AfsTokenPassing", "yes", PassedOver),
    ("BatchMode", "yes", Honoured),
    ("BindAddress", "127.0.0.9", Honoured),
    ("BindInterface", "lo", Honoured),
    ("CanonicalDomains", "example.invalid", PassedOver),
    ("CanonicalizeFallbackLocal", "no", PassedOver),
    // By way of `ssh -G`.
    (
        "CanonicalizeHostname",
        "yes\n CanonicalDomains example.invalid\n User other",
        Honoured,
    ),
    ("CanonicalizeMaxDots", "2", PassedOver),
    ("CanonicalizePermittedCNAMEs", "*.a.example:*.b.example", PassedOver),
    ("CASignatureAlgorithms", "ssh-ed25519", Honoured),
    ("CertificateFile", "~/.ssh/cert", Honoured),
    ("ChallengeResponseAuthentication", "no", Honoured),
    ("ChannelTimeout", "global=1h", PassedOver),
    ("CheckHostIP", "yes", Honoured),
    ("Cipher", "3des", PassedOver),
    ("Ciphers", "aes256-ctr", Honoured),
    ("ClearAllForwardings", "yes", PassedOver),
    ("Compression", "yes", Honoured),
    ("CompressionLevel", "9", PassedOver),
    ("ConnectionAttempts", "3", Honoured),
    ("ConnectTimeout", "3", Honoured),
    ("ControlMaster", "auto", PassedOver),
    ("ControlPath", "~/.ssh/%C", PassedOver),
    ("ControlPersist", "yes", PassedOver),
    ("DSAAuthentication", "no", Honoured),
    ("DynamicForward", "1080", PassedOver),
    ("EnableEscapeCommandline", "yes", PassedOver),
    ("EnableSSHKeysign", "yes", PassedOver),
    ("EscapeChar", "none", PassedOver),
    ("ExitOnForwardFailure", "yes", PassedOver),
    ("FallBackToRsh", "yes", PassedOver),
    ("FingerprintHash", "md5", PassedOver),
    ("ForkAfterAuthentication", "yes", PassedOver),
    ("ForwardAgent", "yes", Honoured),
    ("ForwardX11", "yes", PassedOver),
    ("ForwardX11Timeout", "3", PassedOver),
    ("ForwardX11Trusted", "yes", PassedOver),
    ("GatewayPorts", "yes", PassedOver),
    ("GlobalKnownHostsFile", "/known", Honoured),
    ("GlobalKnownHostsFile2", "/known", PassedOver),
    ("GSSAPIAuthentication", "yes", PassedOver),
    ("GSSAPIClientIdentity", "me", PassedOver),
    ("GSSAPIDelegateCredentials", "yes", PassedOver),
    ("GSSAPIKexAlgorithms", "gss-gex-sha1-", PassedOver),
    ("GSSAPIKeyExchange", "yes", PassedOver),
    ("GSSAPIRenewalForcesRekey", "yes", PassedOver),
    ("GSSAPIServerIdentity", "it", PassedOver),
    ("GSSAPITrustDns", "yes", PassedOver),
    ("HashKnownHosts", "yes", Honoured),
    ("Host", "app1", Grammar),
    ("HostbasedAcceptedAlgorithms", "ssh-ed25519", PassedOver),
    ("HostbasedAuthentication", "yes", PassedOver),
    ("HostbasedKeyTypes", "ssh-ed25519", PassedOver),
    ("HostKeyAlgorithms", "ssh-ed25519", Honoured),
    ("HostKeyAlias", "other", Honoured),
    ("HostName", "other", Honoured),
    ("IdentitiesOnly", "yes", Honoured),
    ("IdentityAgent", "none", Honoured),
    ("IdentityFile", "~/.ssh/other", Honoured),
    ("IdentityFile2", "~/.ssh/other", Honoured),
    ("IgnoreUnknown", "Nonsense", Grammar),
    ("Include", "DIR/part", Grammar),
    ("IPQoS", "none", PassedOver),
    ("KbdInteractiveAuthentication", "no", Honoured),
    ("KbdInteractiveDevices", "pam", PassedOver),
    ("KeepAlive", "no", PassedOver),
    ("KerberosAuthentication", "yes", PassedOver),
    ("KerberosTgtPassing", "yes", PassedOver),
    ("KexAlgorithms", "curve25519-sha256", Honoured),
    ("KnownHostsCommand", "/bin/echo %H", Honoured),
    ("LocalCommand", "true", PassedOver),
    ("LocalForward", "1080 host:80", PassedOver),
    ("LogLevel", "QUIET", Honoured),
    ("LogVerbose", "*", PassedOver),
    ("MACs", "hmac-sha2-256", Honoured),
    ("Match", "all", Grammar),
    ("NoHostAuthenticationForLocalhost", "yes", Honoured),
    ("NumberOfPasswordPrompts", "1", Honoured),
    ("ObscureKeystrokeTiming", "no", PassedOver),
    ("PasswordAuthentication", "no", Honoured),
    ("PermitLocalCommand", "yes", PassedOver),
    ("PermitRemoteOpen", "host:80", PassedOver),
    ("PKCS11Provider", "/lib/token.so", PassedOver),
    ("Port", "2200", Honoured),
    ("PreferredAuthentications", "password", Honoured),
    ("Protocol", "2", PassedOver),
    ("ProxyCommand", "nc %h %p", Honoured),
    ("ProxyJump", "gate", Honoured),
    ("ProxyUseFdpass", "yes\n ProxyCommand pass %h %p", Refused),
    ("PubkeyAcceptedAlgorithms", "ssh-ed25519", Honoured),
    ("PubkeyAcceptedKeyTypes", "ssh-ed25519", Honoured),
    ("PubkeyAuthentication", "no", Honoured),
    ("RefuseConnection", "\"use app2\"", Refused),
    ("RekeyLimit", "1G", PassedOver),
    ("RemoteCommand", "true", PassedOver),
    ("RemoteForward", "1080 host:80", PassedOver),
    ("RequestTTY", "force", PassedOver),
    ("RequiredRSASize", "3072", Honoured),
    ("RevokedHostKeys", "/revoked", Honoured),
    ("RhostsAuthentication", "yes", PassedOver),
    ("RhostsRSAAuthentication", "yes", PassedOver),
    ("RSAAuthentication", "yes", PassedOver),
    ("RSAMinSize", "3072", Honoured),
    ("SecurityKeyProvider", "/lib/token.so", PassedOver),
    ("SendEnv", "LANG", PassedOver),
    ("ServerAliveCountMax", "9", Honoured),
    ("ServerAliveInterval", "9", Honoured),
    ("SessionType", "none", PassedOver),
    ("SetEnv", "A=b", PassedOver),
    ("SKeyAuthentication", "no", Honoured),
    ("SmartcardDevice", "1", PassedOver),
    ("StdinNull", "yes", PassedOver),
    ("StreamLocalBindMask", "0077", PassedOver),
    ("StreamLocalBindUnlink", "yes", PassedOver),
    ("StrictHostKeyChecking", "yes", Honoured),
    ("SyslogFacility", "AUTH", PassedOver),
    ("Tag", "one", PassedOver),
    ("TCPKeepAlive", "no", PassedOver),
    ("TISAuthentication", "no", Honoured),
    ("Tunnel", "yes", PassedOver),
    ("TunnelDevice", "any:any", PassedOver),
    ("UpdateHostKeys", "yes", PassedOver),
    ("UseKeychain", "yes", PassedOver),
    ("UsePrivilegedPort", "yes", PassedOver),
    ("User", "other", Honoured),
    ("UserKnownHostsFile", "/known", Honoured),
    ("UserKnownHostsFile2", "/known", PassedOver),
    ("UseRoaming", "no", PassedOver),
    ("UseRsh", "no", PassedOver),
    ("VerifyHostKeyDNS", "yes", PassedOver),
    ("VersionAddendum", "hello", PassedOver),
    ("VisualHostKey", "yes", PassedOver),
    ("WarnWeakCrypto", "no", PassedOver),
    ("XAuthLocation", "/bin/xauth", PassedOver),
];

#[test]
fn every_keyword_is_honoured_passed_over_or_refused_as_it_is_said() {
    let usual = Sample::new("").resolve("app1").unwrap();
    let mut wrong = Vec::new();
    for (keyword, words, is) in KEYWORDS {
        let sample = Sample::new(&format!("Host app1\n {keyword} {words}\n")).with("part", "");
        let found = match sample.resolve("app1") {
            Ok(config) if config == usual => PassedOver,
            Ok(_) => Honoured,
            Err(error) if error.reason.contains("/config:2: ") || error.reason.contains("/config:3: ") => Refused,
            Err(error) => panic!("{keyword}: {error}"),
        };
        let expected = if *is == Grammar { PassedOver } else { *is };
        if found != expected {
            wrong.push(format!("{keyword} {words}: {found:?}, not {expected:?}"));
        }
        // Another host's line says nothing of this one.
        if *is != Grammar {
            let other = sample.resolve("db1").unwrap();
            assert_eq!(other.host_name, "db1", "{keyword}");
            assert_eq!(
                (other.port, other.route),
                (usual.port, usual.route.clone()),
                "{keyword}"
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_list_of_keywords_is_complete() {
    let listed: Vec<String> = KEYWORDS.iter().map(|(name, ..)| name.to_lowercase()).collect();
    let unique: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!(unique.len(), listed.len());
    let output = Command::new("ssh").args(["-F", "none", "-G", "localhost"]).in_time();
    let said = String::from_utf8(output.stdout).unwrap().to_lowercase();
    let mut missing: Vec<&str> = said.lines().filter_map(|line| line.split(' ').next()).collect();
    missing.retain(|name| !unique.contains(name));
    assert!(missing.is_empty(), "{missing:?}");
    let missing: Vec<&str> = names().filter(|name| !unique.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(Keyword::named("nonsense").is_none());
}

#[test]
fn a_keyword_that_nobody_knows_is_refused_where_ssh_refuses_it() {
    for (text, server) in [
        ("ProxyJmp gate\n", "app1"),
        ("Host db1\n ProxyJmp gate\n", "app1"),
        ("IgnoreUnknown other,Proxy*\nProxyJmp gate\n", "app1"),
        ("ProxyJmp gate\nIgnoreUnknown ProxyJmp\n", "app1"),
        ("Host app1\n IgnoreUnknown proxyjmp\nHost *\n ProxyJmp gate\n", "app1"),
        ("Host app1\n IgnoreUnknown proxyjmp\nHost *\n ProxyJmp gate\n", "db1"),
        ("IgnoreUnknown *,!ProxyJmp\nProxyJmp gate\n", "app1"),
        ("IgnoreUnknown a\nIgnoreUnknown ProxyJmp\nProxyJmp gate\n", "app1"),
        ("Host db1\n Include DIR/part\n", "app1"),
    ] {
        let sample = Sample::new(text).with("part", "\nNonsense 1\n");
        assert_eq!(sample.resolve(server).is_ok(), sample.ssh(server).is_some(), "{text}");
    }
    assert_eq!(
        Sample::new("User me\nProxyJmp gate\n").error("app1"),
        "DIR/config:2: there is no keyword `proxyjmp'; `IgnoreUnknown proxyjmp' before it passes it over"
    );
}
