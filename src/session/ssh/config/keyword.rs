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
pub(super) enum Takes {
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
    pub(super) fn named(name: &str) -> Option<(Self, Takes)> {
        let (_, keyword, takes) = KEYWORDS.iter().find(|(known, ..)| *known == name)?;
        Some((*keyword, *takes))
    }

    /// Returns true if the keyword of this name, in lower case, has no effect here.
    pub(super) fn is_passed_over(name: &str) -> bool {
        PASSED_OVER.iter().any(|names| names.contains(&name))
    }
}

const PUBKEY: Takes = Takes::OneOf(&["yes", "no", "true", "false", "unbound", "host-bound"]);
const LEVELS: Takes = Takes::OneOf(&[
    "quiet", "fatal", "error", "info", "verbose", "debug", "debug1", "debug2", "debug3",
]);
const PORTS: Takes = Takes::Number(1, 65_535);
const COUNT: Takes = Takes::Number(0, i32::MAX.cast_unsigned());
const ATTEMPTS: Takes = Takes::Number(1, i32::MAX.cast_unsigned());

/// All keywords with an effect. Some have an old name, too.
const KEYWORDS: &[(&str, Keyword, Takes)] = &[
    (
        "addressfamily",
        Keyword::AddressFamily,
        Takes::OneOf(&["any", "inet", "inet6"]),
    ),
    ("batchmode", Keyword::BatchMode, Takes::Flag),
    ("bindaddress", Keyword::BindAddress, Takes::Text),
    ("bindinterface", Keyword::BindInterface, Takes::Text),
    (
        "canonicalizehostname",
        Keyword::CanonicalizeHostname,
        Takes::OneOf(&["yes", "no", "true", "false", "always"]),
    ),
    ("casignaturealgorithms", Keyword::CaSignatureAlgorithms, Takes::Text),
    ("certificatefile", Keyword::CertificateFile, Takes::Text),
    (
        "challengeresponseauthentication",
        Keyword::KbdInteractiveAuthentication,
        Takes::Flag,
    ),
    ("checkhostip", Keyword::CheckHostIp, Takes::Flag),
    ("ciphers", Keyword::Ciphers, Takes::Text),
    ("compression", Keyword::Compression, Takes::Flag),
    ("connecttimeout", Keyword::ConnectTimeout, Takes::Time),
    ("connectionattempts", Keyword::ConnectionAttempts, ATTEMPTS),
    ("dsaauthentication", Keyword::PubkeyAuthentication, PUBKEY),
    ("forwardagent", Keyword::ForwardAgent, Takes::Text),
    ("globalknownhostsfile", Keyword::GlobalKnownHostsFile, Takes::Files),
    ("hashknownhosts", Keyword::HashKnownHosts, Takes::Flag),
    ("hostkeyalgorithms", Keyword::HostKeyAlgorithms, Takes::Text),
    ("hostkeyalias", Keyword::HostKeyAlias, Takes::Text),
    ("hostname", Keyword::HostName, Takes::Text),
    ("identitiesonly", Keyword::IdentitiesOnly, Takes::Flag),
    ("identityagent", Keyword::IdentityAgent, Takes::Text),
    ("identityfile", Keyword::IdentityFile, Takes::Text),
    ("identityfile2", Keyword::IdentityFile, Takes::Text),
    ("ignoreunknown", Keyword::IgnoreUnknown, Takes::Text),
    (
        "kbdinteractiveauthentication",
        Keyword::KbdInteractiveAuthentication,
        Takes::Flag,
    ),
    ("kexalgorithms", Keyword::KexAlgorithms, Takes::Text),
    ("knownhostscommand", Keyword::KnownHostsCommand, Takes::Line),
    ("loglevel", Keyword::LogLevel, LEVELS),
    ("macs", Keyword::Macs, Takes::Text),
    (
        "nohostauthenticationforlocalhost",
        Keyword::NoHostAuthenticationForLocalhost,
        Takes::Flag,
    ),
    ("numberofpasswordprompts", Keyword::NumberOfPasswordPrompts, COUNT),
    ("passwordauthentication", Keyword::PasswordAuthentication, Takes::Flag),
    ("port", Keyword::Port, PORTS),
    (
        "preferredauthentications",
        Keyword::PreferredAuthentications,
        Takes::Text,
    ),
    ("proxycommand", Keyword::ProxyCommand, Takes::Line),
    ("proxyjump", Keyword::ProxyJump, Takes::Text),
    ("proxyusefdpass", Keyword::ProxyUseFdpass, Takes::Flag),
    (
        "pubkeyacceptedalgorithms",
        Keyword::PubkeyAcceptedAlgorithms,
        Takes::Text,
    ),
    ("pubkeyacceptedkeytypes", Keyword::PubkeyAcceptedAlgorithms, Takes::Text),
    ("pubkeyauthentication", Keyword::PubkeyAuthentication, PUBKEY),
    ("refuseconnection", Keyword::RefuseConnection, Takes::Text),
    ("requiredrsasize", Keyword::RequiredRsaSize, COUNT),
    ("revokedhostkeys", Keyword::RevokedHostKeys, Takes::Files),
    ("rsaminsize", Keyword::RequiredRsaSize, COUNT),
    ("serveralivecountmax", Keyword::ServerAliveCountMax, COUNT),
    ("serveraliveinterval", Keyword::ServerAliveInterval, Takes::Time),
    ("skeyauthentication", Keyword::KbdInteractiveAuthentication, Takes::Flag),
    (
        "stricthostkeychecking",
        Keyword::StrictHostKeyChecking,
        Takes::OneOf(&["yes", "no", "true", "false", "off", "ask", "accept-new"]),
    ),
    ("tisauthentication", Keyword::KbdInteractiveAuthentication, Takes::Flag),
    ("user", Keyword::User, Takes::Text),
    ("userknownhostsfile", Keyword::UserKnownHostsFile, Takes::Files),
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
