//! Evaluates the configuration files and a recipe's options for one server.

use std::path::PathBuf;

use super::keyword::Keyword;
use super::search::{Answers, FoundValues, LoginSubject, SearchStop, is_none, search};
use super::statement::flag;
use super::tokens::{self, Tokens};
use super::words;
use super::{
    AddressFamily, Algorithms, AuthMethod, HostConfig, LEAST_RSA_BITS, Place, Route, SshConfig, Trouble, foreign,
};
use crate::configuration::{HOST_RULE, Server, USER_RULE, is_plain_host, is_plain_user};
use crate::session::ssh::inbox::Inbox;
use crate::session::{HostKeyPolicy, SshOptions};

const DEFAULT_PORT: u16 = 22;
const DEFAULT_KEYS: [&str; 5] = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];
const USER_KNOWN_HOSTS: [&str; 2] = ["known_hosts", "known_hosts2"];
const GLOBAL_KNOWN_HOSTS: [&str; 2] = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];
const AGENT: &str = "SSH_AUTH_SOCK";

pub(super) fn resolve(
    config: &SshConfig,
    server: &Server,
    options: &SshOptions,
    local_user: &str,
    inbox: Option<&Inbox>,
) -> Result<HostConfig, Trouble> {
    let subject = LoginSubject {
        host: &server.host,
        user: server.user.as_deref().or(options.user.as_deref()),
        port: server.port.or(options.port),
        local_user,
    };
    // This comes before any program is run: the names become words of shell lines (`Match exec`, `ProxyCommand`).
    plain_names(subject.host, subject.user)?;
    let Answers { host_name, found } = answers(config, subject, inbox)?;
    let host_name = options.host_name.clone().unwrap_or(host_name);
    refuse_unsupported(&found)?;
    let user = found.text(Keyword::User).map_or(local_user, |(user, _)| user);
    let port = found.number(Keyword::Port).and_then(|port| u16::try_from(port).ok());
    let port = port.unwrap_or(DEFAULT_PORT);
    plain_names(&host_name, Some(user))?;
    let alias = found.text(Keyword::HostKeyAlias).map(|(alias, _)| alias);
    let host_key_alias = options.host_key_alias.as_deref().or(alias).map(str::to_ascii_lowercase);
    if let Some(alias) = &host_key_alias {
        plain_names(alias, None)?;
    }
    let mut tokens = Tokens {
        jump: String::new(),
        host_name: &host_name,
        original_host: &server.host,
        key_alias: host_key_alias.as_deref().unwrap_or(&server.host),
        port,
        user,
        local_user,
        home: config.home.as_deref(),
        variables: &config.variables,
    };
    let route = route(options, &found, &tokens)?;
    if let Route::Jump(hops) = &route {
        tokens.jump = hops.last().map(|hop| hop.host.clone()).unwrap_or_default();
    }
    let values = Values { found: &found, options };
    let in_home = |name: &str| config.home.as_ref().map(|home| home.join(".ssh").join(name));
    let identity_agent = agent(&found, &tokens)?.filter(|_| options.use_agent != Some(false));
    let own_known_hosts = || USER_KNOWN_HOSTS.into_iter().filter_map(in_home).collect();
    let known_hosts = |given: &Option<Vec<PathBuf>>, keyword| known_hosts(given, &found, keyword, &tokens);
    let certificates = found.texts(Keyword::CertificateFile);
    Ok(HostConfig {
        identity_files: identity_files(&found, options, &tokens, &in_home)?,
        certificate_files: certificates
            .filter(|(text, _)| !is_none(text))
            .map(|(text, place)| tokens.file(text, place))
            .collect::<Result<_, _>>()?,
        identities_only: values.flag(options.keys_only, Keyword::IdentitiesOnly),
        forwarded_agent: forwarded_agent(&found, options, &tokens, identity_agent.as_ref())?,
        identity_agent,
        methods: methods(&found, options),
        password_prompts: values.password_prompts(),
        shows_banner: values.shows_banner(),
        user_known_hosts_files: known_hosts(&options.user_known_hosts_files, Keyword::UserKnownHostsFile)?
            .unwrap_or_else(own_known_hosts),
        global_known_hosts_files: known_hosts(&options.global_known_hosts_files, Keyword::GlobalKnownHostsFile)?
            .unwrap_or_else(|| GLOBAL_KNOWN_HOSTS.into_iter().map(PathBuf::from).collect()),
        known_hosts_command: known_hosts_command(&found, &tokens)?,
        revoked_host_keys: known_hosts(&None, Keyword::RevokedHostKeys)?.unwrap_or_default(),
        hash_known_hosts: values.flag(None, Keyword::HashKnownHosts),
        trusts_localhost: values.flag(None, Keyword::NoHostAuthenticationForLocalhost),
        checks_host_ip: values.flag(options.check_host_ip, Keyword::CheckHostIp),
        required_rsa_bits: found.number(Keyword::RequiredRsaSize).unwrap_or(LEAST_RSA_BITS),
        host_key_policy: options.verify_host_key.or(policy(&found)).unwrap_or_default(),
        connect_timeout: options.connect_timeout.or(found.time(Keyword::ConnectTimeout)),
        connection_attempts: found.number(Keyword::ConnectionAttempts).unwrap_or(1),
        address_family: values.address_family(),
        bind_address: values.text(&options.bind_address, Keyword::BindAddress),
        bind_interface: values.text(&None, Keyword::BindInterface),
        server_alive_interval: options.keepalive_interval.or(found.time(Keyword::ServerAliveInterval)),
        server_alive_count: options.keepalive_count.or(found.number(Keyword::ServerAliveCountMax)),
        compression: values.flag(options.compression, Keyword::Compression),
        algorithms: values.algorithms(),
        route,
        user: user.to_owned(),
        port,
        host_key_alias,
        host_name,
    })
}

/// Searches the files; where only ssh itself knows what they mean, it is asked.
fn answers(config: &SshConfig, subject: LoginSubject<'_>, inbox: Option<&Inbox>) -> Result<Answers, Trouble> {
    match search(config, subject) {
        Ok(answers) => Ok(answers),
        Err(SearchStop::Trouble(trouble)) => Err(trouble),
        Err(SearchStop::Foreign { place, what }) => foreign::ask(config, subject, inbox).map_err(|why| {
            Trouble::at(
                &place,
                format!("{what}: only ssh itself knows what it means, and {why}"),
            )
        }),
    }
}

/// The values of the files, and a recipe's options, which come before them.
struct Values<'a> {
    found: &'a FoundValues,
    options: &'a SshOptions,
}

impl Values<'_> {
    fn flag(&self, given: Option<bool>, keyword: Keyword) -> bool {
        given.or(self.found.flag(keyword)).unwrap_or(false)
    }

    fn text(&self, given: &Option<String>, keyword: Keyword) -> Option<String> {
        let found = self.found.text(keyword).map(|(text, _)| text.to_owned());
        given.clone().or(found)
    }

    fn password_prompts(&self) -> u32 {
        if self.flag(self.options.non_interactive, Keyword::BatchMode) {
            return 0;
        }
        let prompts = self.found.number(Keyword::NumberOfPasswordPrompts);
        self.options.password_prompts.or(prompts).unwrap_or(3)
    }

    fn shows_banner(&self) -> bool {
        let level = self.found.text(Keyword::LogLevel);
        !level.is_some_and(|(level, _)| ["quiet", "fatal", "error"].contains(&level.to_ascii_lowercase().as_str()))
    }

    fn address_family(&self) -> AddressFamily {
        let family = self.found.text(Keyword::AddressFamily);
        match family.map(|(word, _)| word.to_ascii_lowercase()).as_deref() {
            Some("inet") => AddressFamily::V4,
            Some("inet6") => AddressFamily::V6,
            _ => AddressFamily::Any,
        }
    }

    fn algorithms(&self) -> Algorithms {
        let options = self.options;
        Algorithms {
            key_exchange: self.text(&options.kex, Keyword::KexAlgorithms),
            host_keys: self.text(&options.host_key, Keyword::HostKeyAlgorithms),
            ciphers: self.text(&options.encryption, Keyword::Ciphers),
            macs: self.text(&options.hmac, Keyword::Macs),
            login_keys: self.text(&None, Keyword::PubkeyAcceptedAlgorithms),
            authorities: self.text(&None, Keyword::CaSignatureAlgorithms),
        }
    }
}

/// Refuses names that a shell would not read as plain words, wherever they come from.
fn plain_names(host: &str, user: Option<&str>) -> Result<(), Trouble> {
    if !is_plain_host(host) {
        return Err(Trouble::new(format!(
            "`{}' is not a host: {HOST_RULE}",
            host.escape_debug()
        )));
    }
    match user.filter(|user| !is_plain_user(user)) {
        Some(user) => Err(Trouble::new(format!(
            "`{}' is not a user: {USER_RULE}",
            user.escape_debug()
        ))),
        None => Ok(()),
    }
}

fn route(options: &SshOptions, found: &FoundValues, tokens: &Tokens<'_>) -> Result<Route, Trouble> {
    if !options.gateway.is_empty() {
        return Ok(Route::Jump(options.gateway.clone()));
    }
    if let Some(command) = &options.proxy {
        return Ok(Route::Command(tokens.line(command, &Place::recipe())?));
    }
    if let Some((text, place)) = found.some_text(Keyword::ProxyJump) {
        let text = tokens.line(text, place)?;
        let hops = text.split(',').map(|hop| {
            let hop = hop.trim();
            let plain = hop
                .strip_prefix("ssh://")
                .map_or(hop, |rest| rest.trim_end_matches('/'));
            plain
                .parse()
                .map_err(|error| Trouble::at(place, format!("ProxyJump: {error}")))
        });
        return Ok(Route::Jump(hops.collect::<Result<_, _>>()?));
    }
    match found.some_text(Keyword::ProxyCommand) {
        Some((text, place)) => Ok(Route::Command(tokens.line(text, place)?)),
        None => Ok(Route::Direct),
    }
}

/// Refuses settings with which ssh would connect elsewhere than capr, and hosts that must not be reached.
fn refuse_unsupported(found: &FoundValues) -> Result<(), Trouble> {
    if let Some((why, place)) = found.text(Keyword::RefuseConnection) {
        return Err(Trouble::at(place, format!("RefuseConnection: {why}")));
    }
    if let (Some(true), Some((_, place))) = (
        found.flag(Keyword::ProxyUseFdpass),
        found.some_text(Keyword::ProxyCommand),
    ) {
        return Err(Trouble::at(
            place,
            "ProxyUseFdpass is not supported: the command is to speak itself",
        ));
    }
    Ok(())
}

fn policy(found: &FoundValues) -> Option<HostKeyPolicy> {
    let (word, _) = found.text(Keyword::StrictHostKeyChecking)?;
    Some(match word.to_ascii_lowercase().as_str() {
        "yes" | "true" => HostKeyPolicy::Strict,
        "no" | "false" | "off" => HostKeyPolicy::Off,
        // Nobody is there to compare a hundred fingerprints. So a key that ssh would ask about is added and reported; a changed
        // key is refused all the same.
        _ => HostKeyPolicy::AcceptNew,
    })
}

/// Returns the ways to log in, best first. The order is ssh's own, except that a plain password is tried first: it needs fewer
/// round trips, and a server that accepts both asks for the same password.
fn methods(found: &FoundValues, options: &SshOptions) -> Vec<AuthMethod> {
    if let Some(methods) = &options.auth_methods {
        return methods.clone();
    }
    let usual = [
        AuthMethod::PublicKey,
        AuthMethod::Password,
        AuthMethod::KeyboardInteractive,
    ];
    let mut methods = match found.text(Keyword::PreferredAuthentications) {
        None => usual.to_vec(),
        Some((text, _)) => text.split(',').filter_map(AuthMethod::named).collect(),
    };
    methods.retain(|method| {
        let keyword = match method {
            AuthMethod::PublicKey => Keyword::PubkeyAuthentication,
            AuthMethod::Password => Keyword::PasswordAuthentication,
            AuthMethod::KeyboardInteractive => Keyword::KbdInteractiveAuthentication,
        };
        found.flag(keyword) != Some(false)
    });
    methods
}

fn known_hosts(
    given: &Option<Vec<PathBuf>>,
    found: &FoundValues,
    keyword: Keyword,
    tokens: &Tokens<'_>,
) -> Result<Option<Vec<PathBuf>>, Trouble> {
    if given.is_some() {
        return Ok(given.clone());
    }
    let Some((files, place)) = found.words(keyword) else {
        return Ok(None);
    };
    let files = files.iter().filter(|file| !is_none(file)).map(|file| {
        if keyword == Keyword::GlobalKnownHostsFile {
            tokens::tilde(file, tokens.home, place).map(PathBuf::from)
        } else {
            tokens.file(file, place)
        }
    });
    files.collect::<Result<_, _>>().map(Some)
}

/// Returns the words of the `KnownHostsCommand`; tokens about the server's key are not expanded yet.
fn known_hosts_command(found: &FoundValues, tokens: &Tokens<'_>) -> Result<Vec<String>, Trouble> {
    let Some((text, place)) = found.some_text(Keyword::KnownHostsCommand) else {
        return Ok(Vec::new());
    };
    let trouble = |why: &str| Trouble::at(place, format!("KnownHostsCommand {why}"));
    let words = words::command(text).ok_or_else(|| trouble("has a quote that is not closed"))?;
    let mut words = words.into_iter();
    let program = words.next().filter(|program| program.starts_with('/'));
    let program = program.ok_or_else(|| trouble("needs the whole path of a program"))?;
    let arguments = words.map(|word| tokens.all_but("HIKft", &word, place));
    [Ok(program)].into_iter().chain(arguments).collect()
}

fn identity_files(
    found: &FoundValues,
    options: &SshOptions,
    tokens: &Tokens<'_>,
    in_home: &impl Fn(&str) -> Option<PathBuf>,
) -> Result<Vec<PathBuf>, Trouble> {
    let named = found.text(Keyword::IdentityFile).is_some();
    if !named && options.keys.is_empty() && options.key_data.is_empty() {
        return Ok(DEFAULT_KEYS.into_iter().filter_map(in_home).collect());
    }
    let mut files = options.keys.clone();
    for (text, place) in found.texts(Keyword::IdentityFile) {
        if is_none(text) {
            continue;
        }
        let file = tokens.file(text, place)?;
        if !files.contains(&file) {
            files.push(file);
        }
    }
    Ok(files)
}

fn agent(found: &FoundValues, tokens: &Tokens<'_>) -> Result<Option<PathBuf>, Trouble> {
    match found.text(Keyword::IdentityAgent) {
        None => Ok(tokens.socket(AGENT)),
        Some((text, _)) if is_none(text) => Ok(None),
        Some((text, _)) if text == AGENT => Ok(tokens.socket(AGENT)),
        Some((text, place)) => named_agent(text, place, tokens),
    }
}

fn named_agent(text: &str, place: &Place, tokens: &Tokens<'_>) -> Result<Option<PathBuf>, Trouble> {
    match text.strip_prefix('$') {
        Some(name) if !name.starts_with('{') => Ok(tokens.socket(name)),
        _ => tokens.file(text, place).map(Some),
    }
}

/// Returns the agent that servers may use, which need not be the one that logs in.
fn forwarded_agent(
    found: &FoundValues,
    options: &SshOptions,
    tokens: &Tokens<'_>,
    own: Option<&PathBuf>,
) -> Result<Option<PathBuf>, Trouble> {
    let own = || own.cloned();
    match (options.forward_agent, found.text(Keyword::ForwardAgent)) {
        (Some(false), _) | (None, None) => Ok(None),
        (Some(true), None) => Ok(own()),
        (wanted, Some((text, place))) => match flag(text) {
            Some(flag) => Ok(own().filter(|_| wanted.unwrap_or(flag))),
            None => named_agent(text, place, tokens),
        },
    }
}
