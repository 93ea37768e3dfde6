//! What the configuration files and a recipe's options say about one server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::statement::{Criterion, Kind, Line, Setting, Statement};
use super::tokens::{self, Tokens};
use super::{HostConfig, Place, Route, SshConfig, Trouble};
use crate::configuration::Server;
use crate::session::ssh::pattern::{Listed, listed};
use crate::session::{HostKeyPolicy, SshOptions};

const DEFAULT_PORT: u16 = 22;
const DEFAULT_KEYS: [&str; 5] = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];
const GLOBAL_KNOWN_HOSTS: [&str; 2] = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];

/// The first value that was found for each setting, and where where that matters later.
#[derive(Default)]
struct Found {
    host_name: Option<(String, Place)>,
    port: Option<u16>,
    user: Option<String>,
    identity_files: Vec<(String, Place)>,
    identities_only: Option<bool>,
    identity_agent: Option<(String, Place)>,
    user_known_hosts_files: Option<(Vec<String>, Place)>,
    global_known_hosts_files: Option<(Vec<String>, Place)>,
    host_key_policy: Option<HostKeyPolicy>,
    host_key_alias: Option<String>,
    connect_timeout: Option<Duration>,
    server_alive_interval: Option<Duration>,
    forward_agent: Option<(Option<bool>, Place)>,
    proxy_jump: Option<(String, Place)>,
    proxy_command: Option<(String, Place)>,
    canonicalize: Option<(bool, Place)>,
}

pub(super) fn resolve(
    config: &SshConfig,
    server: &Server,
    options: &SshOptions,
    local_user: &str,
) -> Result<HostConfig, Trouble> {
    let mut search = Search {
        host: server.host.clone(),
        original_host: &server.host,
        local_user,
        last: false,
        // As on ssh's command line: there before the first file is read.
        found: Found {
            port: server.port.or(options.port),
            user: server.user.clone().or_else(|| options.user.clone()),
            ..Found::default()
        },
    };
    search.read_all(config)?;
    let mut host_name = search.host_name()?.to_ascii_lowercase();
    if wants_final(config) {
        // Ssh reads everything once more then, for the host by its real name; values that were found stay.
        search.host.clone_from(&host_name);
        search.last = true;
        search.read_all(config)?;
        host_name = search.host;
    }
    let found = search.found;
    refuse_unsupported(&found)?;
    let user = found.user.unwrap_or_else(|| local_user.to_owned());
    let port = found.port.unwrap_or(DEFAULT_PORT);
    let host_key_alias = found.host_key_alias.map(|alias| alias.to_ascii_lowercase());
    let wanted = |found: &Option<(String, Place)>| found.clone().filter(|(text, _)| !text.eq_ignore_ascii_case("none"));
    let (jump, command) = (wanted(&found.proxy_jump), wanted(&found.proxy_command));
    let mut tokens = Tokens {
        jump: String::new(),
        host_name: &host_name,
        original_host: &server.host,
        key_alias: host_key_alias.as_deref().unwrap_or(&server.host),
        port,
        user: &user,
        local_user,
        home: config.home.as_deref(),
        variables: &config.variables,
    };
    let route = route(options, jump, command, &tokens)?;
    if let Route::Jump(hops) = &route {
        tokens.jump = hops.last().map(|hop| hop.host.clone()).unwrap_or_default();
    }
    let in_home = |name: &str| config.home.as_ref().map(|home| home.join(".ssh").join(name));
    Ok(HostConfig {
        identity_files: identity_files(&found.identity_files, options, &tokens, &in_home)?,
        identities_only: options.keys_only || found.identities_only.unwrap_or(false),
        identity_agent: agent(found.identity_agent.as_ref(), &tokens)?,
        user_known_hosts_files: match (&options.user_known_hosts_file, &found.user_known_hosts_files) {
            (Some(file), _) => vec![file.clone()],
            (None, Some((files, place))) => files
                .iter()
                .map(|file| tokens.file(file, place))
                .collect::<Result<_, _>>()?,
            (None, None) => ["known_hosts", "known_hosts2"]
                .into_iter()
                .filter_map(in_home)
                .collect(),
        },
        global_known_hosts_files: match &found.global_known_hosts_files {
            Some((files, place)) => files
                .iter()
                .map(|file| tokens::tilde(file, config.home.as_deref(), place).map(PathBuf::from))
                .collect::<Result<_, _>>()?,
            None => GLOBAL_KNOWN_HOSTS.into_iter().map(PathBuf::from).collect(),
        },
        host_key_policy: options.verify_host_key.or(found.host_key_policy).unwrap_or_default(),
        connect_timeout: found.connect_timeout.filter(|time| !time.is_zero()),
        server_alive_interval: found.server_alive_interval.filter(|time| !time.is_zero()),
        forward_agent: options.forward_agent || matches!(found.forward_agent, Some((Some(true), _))),
        route,
        host_name,
        port,
        user,
        host_key_alias,
    })
}

fn route(
    options: &SshOptions,
    jump: Option<(String, Place)>,
    command: Option<(String, Place)>,
    tokens: &Tokens<'_>,
) -> Result<Route, Trouble> {
    if !options.gateway.is_empty() {
        return Ok(Route::Jump(options.gateway.clone()));
    }
    if let Some((text, place)) = jump {
        let text = tokens.line(&text, &place)?;
        let hops = text.split(',').map(|hop| {
            let hop = hop.trim();
            let plain = hop
                .strip_prefix("ssh://")
                .map_or(hop, |rest| rest.trim_end_matches('/'));
            plain
                .parse()
                .map_err(|error| Trouble::at(&place, format!("ProxyJump: {error}")))
        });
        return Ok(Route::Jump(hops.collect::<Result<_, _>>()?));
    }
    match command {
        Some((text, place)) => Ok(Route::Command(tokens.line(&text, &place)?)),
        None => Ok(Route::Direct),
    }
}

/// What would lead elsewhere than where we would connect to.
fn refuse_unsupported(found: &Found) -> Result<(), Trouble> {
    if let Some((true, place)) = &found.canonicalize {
        return Err(Trouble::at(place, "CanonicalizeHostname is not supported yet"));
    }
    if let Some((None, place)) = &found.forward_agent {
        return Err(Trouble::at(
            place,
            "ForwardAgent is yes or no; another agent is not supported yet",
        ));
    }
    Ok(())
}

fn identity_files(
    found: &[(String, Place)],
    options: &SshOptions,
    tokens: &Tokens<'_>,
    in_home: &impl Fn(&str) -> Option<PathBuf>,
) -> Result<Vec<PathBuf>, Trouble> {
    if found.is_empty() && options.keys.is_empty() {
        return Ok(DEFAULT_KEYS.into_iter().filter_map(in_home).collect());
    }
    let mut files = options.keys.clone();
    for (text, place) in found {
        if text.eq_ignore_ascii_case("none") {
            continue;
        }
        let file = tokens.file(text, place)?;
        if !files.contains(&file) {
            files.push(file);
        }
    }
    Ok(files)
}

fn agent(found: Option<&(String, Place)>, tokens: &Tokens<'_>) -> Result<Option<PathBuf>, Trouble> {
    const VARIABLE: &str = "SSH_AUTH_SOCK";
    let of_variable = |name: &str| {
        tokens
            .variables
            .get(name)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
    };
    match found {
        None => Ok(of_variable(VARIABLE)),
        Some((text, _)) if text.eq_ignore_ascii_case("none") => Ok(None),
        Some((text, _)) if text == VARIABLE => Ok(of_variable(VARIABLE)),
        Some((text, place)) => match text.strip_prefix('$') {
            Some(name) if !name.starts_with('{') => Ok(of_variable(name)),
            _ => tokens.file(text, place).map(Some),
        },
    }
}

fn wants_final(config: &SshConfig) -> bool {
    config
        .files
        .iter()
        .flat_map(|file| file.iter())
        .any(|line| line.statement.wants_final())
}

struct Search<'a> {
    /// What `Host` looks at.
    host: String,
    original_host: &'a str,
    local_user: &'a str,
    /// In the second reading.
    last: bool,
    found: Found,
}

impl Search<'_> {
    fn read_all(&mut self, config: &SshConfig) -> Result<(), Trouble> {
        config.files.iter().try_for_each(|file| self.read(file, true))
    }

    /// The real name, as far as it is known yet.
    fn host_name(&self) -> Result<String, Trouble> {
        match &self.found.host_name {
            Some((text, place)) if !self.last => tokens::host_name(text, self.original_host, place),
            _ => Ok(self.host.clone()),
        }
    }

    /// Takes what a file says; `active` is false for a file included where nothing applies: its own `Host` and `Match` do not
    /// either then.
    fn read(&mut self, lines: &Arc<[Line]>, active: bool) -> Result<(), Trouble> {
        let mut applies = active;
        for line in lines.iter() {
            match &line.statement {
                Statement::Host(patterns) => {
                    let patterns = patterns.iter().map(String::as_str);
                    applies = active && listed(patterns, &self.host) == Listed::Yes;
                }
                Statement::Match(criteria) => applies = active && self.matches(criteria, &line.place)?,
                Statement::Include(files) => {
                    for file in files {
                        self.read(file, applies)?;
                    }
                }
                Statement::Set(setting) if applies => self.take(setting, &line.place),
                Statement::Set(_) => {}
            }
        }
        Ok(())
    }

    fn matches(&self, criteria: &[Criterion], place: &Place) -> Result<bool, Trouble> {
        let mut unsupported = None;
        for Criterion { negated, kind } in criteria {
            let holds = match kind {
                Kind::All => true,
                Kind::Host(list) => lists_host(list, &self.host_name()?),
                Kind::OriginalHost(list) => lists_host(list, self.original_host),
                Kind::User(list) => lists(list, self.found.user.as_deref().unwrap_or(self.local_user)),
                Kind::LocalUser(list) => lists(list, self.local_user),
                Kind::Final { .. } => self.last,
                Kind::Unsupported(name) => {
                    unsupported = Some(name);
                    continue;
                }
            };
            if holds == *negated {
                return Ok(false);
            }
        }
        match unsupported {
            // Where another criterion does not hold it does not matter.
            Some(name) => Err(Trouble::at(place, format!("Match {name} is not supported yet"))),
            None => Ok(true),
        }
    }

    fn take(&mut self, setting: &Setting, place: &Place) {
        let found = &mut self.found;
        let at = |text: &String| (text.clone(), place.clone());
        match setting {
            Setting::HostName(text) => first(&mut found.host_name, || at(text)),
            Setting::Port(port) => first(&mut found.port, || *port),
            Setting::User(user) => first(&mut found.user, || user.clone()),
            Setting::IdentityFile(text) => found.identity_files.push(at(text)),
            Setting::IdentitiesOnly(flag) => first(&mut found.identities_only, || *flag),
            Setting::IdentityAgent(text) => first(&mut found.identity_agent, || at(text)),
            Setting::UserKnownHostsFile(files) => {
                first(&mut found.user_known_hosts_files, || (files.clone(), place.clone()));
            }
            Setting::GlobalKnownHostsFile(files) => {
                first(&mut found.global_known_hosts_files, || (files.clone(), place.clone()));
            }
            Setting::HostKeyPolicy(policy) => first(&mut found.host_key_policy, || *policy),
            Setting::HostKeyAlias(alias) => first(&mut found.host_key_alias, || alias.clone()),
            Setting::ConnectTimeout(time) => first(&mut found.connect_timeout, || *time),
            Setting::ServerAliveInterval(time) => first(&mut found.server_alive_interval, || *time),
            Setting::ForwardAgent(flag) => first(&mut found.forward_agent, || (*flag, place.clone())),
            // Whichever of the two comes first wins, but `ProxyJump none` leaves a command its place.
            Setting::ProxyJump(text) if found.proxy_command.is_none() => first(&mut found.proxy_jump, || at(text)),
            Setting::ProxyJump(_) => {}
            Setting::ProxyCommand(text) => {
                if found
                    .proxy_jump
                    .as_ref()
                    .is_none_or(|(jump, _)| jump.eq_ignore_ascii_case("none"))
                {
                    first(&mut found.proxy_command, || at(text));
                }
            }
            Setting::CanonicalizeHostname(flag) => first(&mut found.canonicalize, || (*flag, place.clone())),
        }
    }
}

fn first<T>(slot: &mut Option<T>, value: impl FnOnce() -> T) {
    slot.get_or_insert_with(value);
}

fn lists(list: &str, text: &str) -> bool {
    listed(list.split(','), text) == Listed::Yes
}

/// Hosts are compared without case, in `Match`; in `Host` case counts.
fn lists_host(list: &str, host: &str) -> bool {
    lists(&list.to_ascii_lowercase(), &host.to_ascii_lowercase())
}
