//! The keywords of ssh configurations that decide how a server is reached, and what they take. Others are passed over.

/// A keyword by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Keyword {
    AddressFamily,
    BatchMode,
    BindAddress,
    BindInterface,
    CanonicalizeHostname,
    CertificateFile,
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
    KbdInteractiveAuthentication,
    KexAlgorithms,
    KnownHostsCommand,
    Macs,
    NoHostAuthenticationForLocalhost,
    NumberOfPasswordPrompts,
    PasswordAuthentication,
    Port,
    PreferredAuthentications,
    ProxyCommand,
    ProxyJump,
    ProxyUseFdpass,
    PubkeyAuthentication,
    RevokedHostKeys,
    ServerAliveCountMax,
    ServerAliveInterval,
    StrictHostKeyChecking,
    User,
    UserKnownHostsFile,
}

/// What may stand after a keyword.
#[derive(Clone, Copy, Debug)]
pub(super) enum Takes {
    /// One word.
    Text,
    /// Yes or no.
    Flag,
    /// A number from the one to the other.
    Number(u32, u32),
    /// A time, or `none`.
    Time,
    /// Names of files, or `none` alone.
    Files,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// The rest of the line as it is.
    Line,
}

impl Keyword {
    /// Whether each line adds a value; otherwise the first one counts.
    pub(super) fn adds(self) -> bool {
        matches!(self, Self::IdentityFile | Self::CertificateFile)
    }

    /// In lower case, with what it takes; `None` for what does not concern us.
    pub(super) fn named(name: &str) -> Option<(Self, Takes)> {
        let (_, keyword, takes) = KEYWORDS.iter().find(|(known, ..)| *known == name)?;
        Some((*keyword, *takes))
    }
}

const PORTS: Takes = Takes::Number(1, 65_535);
const COUNT: Takes = Takes::Number(0, i32::MAX.cast_unsigned());
const ATTEMPTS: Takes = Takes::Number(1, i32::MAX.cast_unsigned());

/// Some have an old name, too.
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
    ("certificatefile", Keyword::CertificateFile, Takes::Text),
    (
        "challengeresponseauthentication",
        Keyword::KbdInteractiveAuthentication,
        Takes::Flag,
    ),
    ("ciphers", Keyword::Ciphers, Takes::Text),
    ("compression", Keyword::Compression, Takes::Flag),
    ("connecttimeout", Keyword::ConnectTimeout, Takes::Time),
    ("connectionattempts", Keyword::ConnectionAttempts, ATTEMPTS),
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
    (
        "kbdinteractiveauthentication",
        Keyword::KbdInteractiveAuthentication,
        Takes::Flag,
    ),
    ("kexalgorithms", Keyword::KexAlgorithms, Takes::Text),
    ("knownhostscommand", Keyword::KnownHostsCommand, Takes::Line),
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
        "pubkeyauthentication",
        Keyword::PubkeyAuthentication,
        Takes::OneOf(&["yes", "no", "true", "false", "unbound", "host-bound"]),
    ),
    ("revokedhostkeys", Keyword::RevokedHostKeys, Takes::Files),
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
