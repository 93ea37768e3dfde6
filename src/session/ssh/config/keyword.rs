//! The keywords of ssh configurations: those that affect whether and how a server is reached, with the values that they take, and
//! those that are passed over. All others are refused, as ssh does.

/// The meaning of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Keyword {
    AddressFamily,
    BatchMode,
    BindAddress,
    BindInterface,
    CaSignatureAlgorithms,
    CanonicalizeHostname,
    CertificateFile,
    CheckHostIp,
    Ciphers,
    Compression,
    ConnectTimeout,
    ConnectionAttempts,
    ForwardAgent,
    GlobalKnownHostsFile,
    HashKnownHosts,
    HostKeyAlgorithms,
    HostKeyAlias,
    HostName,
    IdentitiesOnly,
    IdentityAgent,
    IdentityFile,
    IgnoreUnknown,
    KbdInteractiveAuthentication,
    KexAlgorithms,
    KnownHostsCommand,
    LogLevel,
    Macs,
    NoHostAuthenticationForLocalhost,
    NumberOfPasswordPrompts,
    PasswordAuthentication,
    Port,
    PreferredAuthentications,
    ProxyCommand,
    ProxyJump,
    ProxyUseFdpass,
    PubkeyAcceptedAlgorithms,
    PubkeyAuthentication,
    RefuseConnection,
    RequiredRsaSize,
    RevokedHostKeys,
    ServerAliveCountMax,
    ServerAliveInterval,
    StrictHostKeyChecking,
    User,
    UserKnownHostsFile,
}

/// The values that may follow a keyword.
#[derive(Clone, Copy, Debug)]
pub(super) enum KeywordTakes {
    /// One word.
    Text,
    /// Yes or no.
    Flag,
    /// A number between these two, inclusive.
    Number(u32, u32),
    /// A time, or `none`.
    Time,
    /// File names, or `none` alone.
    Files,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// The rest of the line, unchanged.
    Line,
}

impl Keyword {
    /// Returns true if each line adds a value; otherwise only the first line counts.
    pub(super) fn adds(self) -> bool {
        matches!(self, Self::IdentityFile | Self::CertificateFile)
    }

    /// Returns the keyword of this name, in lower case, and the values that it takes; `None` for keywords that are passed over or
    /// unknown.
    pub(super) fn named(name: &str) -> Option<(Self, KeywordTakes)> {
        let (_, keyword, takes) = KEYWORDS.iter().find(|(known, ..)| *known == name)?;
        Some((*keyword, *takes))
    }

    /// Returns true if the keyword of this name, in lower case, has no effect here.
    pub(super) fn is_passed_over(name: &str) -> bool {
        PASSED_OVER.iter().any(|names| names.contains(&name))
    }
}

const PUBKEY: KeywordTakes = KeywordTakes::OneOf(&["yes", "no", "true", "false", "unbound", "host-bound"]);
const LEVELS: KeywordTakes = KeywordTakes::OneOf(&[
    "quiet", "fatal", "error", "info", "verbose", "debug", "debug1", "debug2", "debug3",
]);
const PORTS: KeywordTakes = KeywordTakes::Number(1, 65_535);
const COUNT: KeywordTakes = KeywordTakes::Number(0, i32::MAX.cast_unsigned());
const ATTEMPTS: KeywordTakes = KeywordTakes::Number(1, i32::MAX.cast_unsigned());

/// All keywords with an effect. Some have an old name, too.
const KEYWORDS: &[(&str, Keyword, KeywordTakes)] = &[
    (
        "addressfamily",
        Keyword::AddressFamily,
        KeywordTakes::OneOf(&["any", "inet", "inet6"]),
    ),
    ("batchmode", Keyword::BatchMode, KeywordTakes::Flag),
    ("bindaddress", Keyword::BindAddress, KeywordTakes::Text),
    ("bindinterface", Keyword::BindInterface, KeywordTakes::Text),
    (
        "canonicalizehostname",
        Keyword::CanonicalizeHostname,
        KeywordTakes::OneOf(&["yes", "no", "true", "false", "always"]),
    ),
    (
        "casignaturealgorithms",
        Keyword::CaSignatureAlgorithms,
        KeywordTakes::Text,
    ),
    ("certificatefile", Keyword::CertificateFile, KeywordTakes::Text),
    (
        "challengeresponseauthentication",
        Keyword::KbdInteractiveAuthentication,
        KeywordTakes::Flag,
    ),
    ("checkhostip", Keyword::CheckHostIp, KeywordTakes::Flag),
    ("ciphers", Keyword::Ciphers, KeywordTakes::Text),
    ("compression", Keyword::Compression, KeywordTakes::Flag),
    ("connecttimeout", Keyword::ConnectTimeout, KeywordTakes::Time),
    ("connectionattempts", Keyword::ConnectionAttempts, ATTEMPTS),
    ("dsaauthentication", Keyword::PubkeyAuthentication, PUBKEY),
    ("forwardagent", Keyword::ForwardAgent, KeywordTakes::Text),
    (
        "globalknownhostsfile",
        Keyword::GlobalKnownHostsFile,
        KeywordTakes::Files,
    ),
    ("hashknownhosts", Keyword::HashKnownHosts, KeywordTakes::Flag),
    ("hostkeyalgorithms", Keyword::HostKeyAlgorithms, KeywordTakes::Text),
    ("hostkeyalias", Keyword::HostKeyAlias, KeywordTakes::Text),
    ("hostname", Keyword::HostName, KeywordTakes::Text),
    ("identitiesonly", Keyword::IdentitiesOnly, KeywordTakes::Flag),
    ("identityagent", Keyword::IdentityAgent, KeywordTakes::Text),
    ("identityfile", Keyword::IdentityFile, KeywordTakes::Text),
    ("identityfile2", Keyword::IdentityFile, KeywordTakes::Text),
    ("ignoreunknown", Keyword::IgnoreUnknown, KeywordTakes::Text),
    (
        "kbdinteractiveauthentication",
        Keyword::KbdInteractiveAuthentication,
        KeywordTakes::Flag,
    ),
    ("kexalgorithms", Keyword::KexAlgorithms, KeywordTakes::Text),
    ("knownhostscommand", Keyword::KnownHostsCommand, KeywordTakes::Line),
    ("loglevel", Keyword::LogLevel, LEVELS),
    ("macs", Keyword::Macs, KeywordTakes::Text),
    (
        "nohostauthenticationforlocalhost",
        Keyword::NoHostAuthenticationForLocalhost,
        KeywordTakes::Flag,
    ),
    ("numberofpasswordprompts", Keyword::NumberOfPasswordPrompts, COUNT),
    (
        "passwordauthentication",
        Keyword::PasswordAuthentication,
        KeywordTakes::Flag,
    ),
    ("port", Keyword::Port, PORTS),
    (
        "preferredauthentications",
        Keyword::PreferredAuthentications,
        KeywordTakes::Text,
    ),
    ("proxycommand", Keyword::ProxyCommand, KeywordTakes::Line),
    ("proxyjump", Keyword::ProxyJump, KeywordTakes::Text),
    ("proxyusefdpass", Keyword::ProxyUseFdpass, KeywordTakes::Flag),
    (
        "pubkeyacceptedalgorithms",
        Keyword::PubkeyAcceptedAlgorithms,
        KeywordTakes::Text,
    ),
    (
        "pubkeyacceptedkeytypes",
        Keyword::PubkeyAcceptedAlgorithms,
        KeywordTakes::Text,
    ),
    ("pubkeyauthentication", Keyword::PubkeyAuthentication, PUBKEY),
    ("refuseconnection", Keyword::RefuseConnection, KeywordTakes::Text),
    ("requiredrsasize", Keyword::RequiredRsaSize, COUNT),
    ("revokedhostkeys", Keyword::RevokedHostKeys, KeywordTakes::Files),
    ("rsaminsize", Keyword::RequiredRsaSize, COUNT),
    ("serveralivecountmax", Keyword::ServerAliveCountMax, COUNT),
    ("serveraliveinterval", Keyword::ServerAliveInterval, KeywordTakes::Time),
    (
        "skeyauthentication",
        Keyword::KbdInteractiveAuthentication,
        KeywordTakes::Flag,
    ),
    (
        "stricthostkeychecking",
        Keyword::StrictHostKeyChecking,
        KeywordTakes::OneOf(&["yes", "no", "true", "false", "off", "ask", "accept-new"]),
    ),
    (
        "tisauthentication",
        Keyword::KbdInteractiveAuthentication,
        KeywordTakes::Flag,
    ),
    ("user", Keyword::User, KeywordTakes::Text),
    ("userknownhostsfile", Keyword::UserKnownHostsFile, KeywordTakes::Files),
];

const PASSED_OVER: [&[&str]; 7] = [
    // `ssh -G` is asked about these where they matter.
    &[
        "canonicaldomains",
        "canonicalizefallbacklocal",
        "canonicalizemaxdots",
        "canonicalizepermittedcnames",
        "tag",
    ],
    // The recipe decides about commands and their environment.
    &[
        "enableescapecommandline",
        "escapechar",
        "forkafterauthentication",
        "localcommand",
        "obscurekeystroketiming",
        "permitlocalcommand",
        "remotecommand",
        "requesttty",
        "sendenv",
        "sessiontype",
        "setenv",
        "stdinnull",
    ],
    // These are about connections other than commands, which capr does not make.
    &[
        "channeltimeout",
        "clearallforwardings",
        "dynamicforward",
        "exitonforwardfailure",
        "forwardx11",
        "forwardx11timeout",
        "forwardx11trusted",
        "gatewayports",
        "localforward",
        "permitremoteopen",
        "remoteforward",
        "streamlocalbindmask",
        "streamlocalbindunlink",
        "tunnel",
        "tunneldevice",
        "xauthlocation",
    ],
    // capr keeps one connection for the whole run, and asks by itself whether the server is alive.
    &[
        "controlmaster",
        "controlpath",
        "controlpersist",
        "ipqos",
        "keepalive",
        "rekeylimit",
        "tcpkeepalive",
        "versionaddendum",
    ],
    // Ways to log in that capr does not have, or that depend on the agent.
    &[
        "addkeystoagent",
        "enablesshkeysign",
        "gssapiauthentication",
        "gssapiclientidentity",
        "gssapidelegatecredentials",
        "gssapikexalgorithms",
        "gssapikeyexchange",
        "gssapirenewalforcesrekey",
        "gssapiserveridentity",
        "gssapitrustdns",
        "hostbasedacceptedalgorithms",
        "hostbasedauthentication",
        "hostbasedkeytypes",
        "kbdinteractivedevices",
        "pkcs11provider",
        "securitykeyprovider",
        "smartcarddevice",
        "usekeychain",
    ],
    // Messages, and services that are offered beyond a login.
    &[
        "fingerprinthash",
        "logverbose",
        "syslogfacility",
        "updatehostkeys",
        "verifyhostkeydns",
        "visualhostkey",
        "warnweakcrypto",
    ],
    // ssh itself passes these over.
    &[
        "afstokenpassing",
        "cipher",
        "compressionlevel",
        "fallbacktorsh",
        "globalknownhostsfile2",
        "kerberosauthentication",
        "kerberostgtpassing",
        "protocol",
        "rhostsauthentication",
        "rhostsrsaauthentication",
        "rsaauthentication",
        "useprivilegedport",
        "userknownhostsfile2",
        "useroaming",
        "usersh",
    ],
];

/// Returns all names, in lower case.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let honoured = KEYWORDS.iter().map(|(name, ..)| *name);
    honoured.chain(PASSED_OVER.iter().copied().flatten().copied())
}
