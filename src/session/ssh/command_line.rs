//! The command line by which the system's `ssh` reaches a server as capr would: for a person who wants to log in.

use std::path::{Path, PathBuf};

use crate::configuration::Server;
use crate::session::{Destination, HostKeyPolicy, SshOptions};

/// Returns the words after `ssh` for a login, up to the server, or the reason why ssh has no option for it.
///
/// Strings that are secret (a key, a password, a passphrase) are never among them: everybody on this machine can read a command
/// line.
///
/// # Errors
///
/// If the options contain something that ssh has no option for.
pub(crate) fn command_line(destination: &Destination) -> Result<Vec<String>, String> {
    let Destination { server, options } = destination;
    let mut words = Words(Vec::new());
    match options.config.as_deref() {
        None => {}
        Some([]) => words.pair("-F", "none"),
        Some([file]) => words.pair("-F", &shown(file)),
        Some(_) => return Err("ssh reads one configuration file, and the recipe names several".to_owned()),
    }
    words.login(server, options);
    words.option("IdentitiesOnly", options.keys_only.map(yes));
    words.option("ForwardAgent", options.forward_agent.map(yes));
    words.way(options)?;
    words.option("HostName", options.host_name.clone());
    words.option("HostKeyAlias", options.host_key_alias.clone());
    words.option("CheckHostIP", options.check_host_ip.map(yes));
    words.option("BindAddress", options.bind_address.clone());
    words.option("Compression", options.compression.map(yes));
    words.option("KexAlgorithms", options.kex.clone());
    words.option("HostKeyAlgorithms", options.host_key.clone());
    words.option("Ciphers", options.encryption.clone());
    words.option("MACs", options.hmac.clone());
    words.option(
        "UserKnownHostsFile",
        options.user_known_hosts_files.as_deref().map(files),
    );
    words.option(
        "GlobalKnownHostsFile",
        options.global_known_hosts_files.as_deref().map(files),
    );
    let policy = options.verify_host_key.map(|policy| match policy {
        HostKeyPolicy::AcceptNew => "accept-new",
        HostKeyPolicy::Strict => "yes",
        HostKeyPolicy::Off => "no",
    });
    words.option("StrictHostKeyChecking", policy.map(str::to_owned));
    words.option(
        "ConnectTimeout",
        options.connect_timeout.map(|time| time.as_secs().max(1).to_string()),
    );
    words.option(
        "ServerAliveInterval",
        options.keepalive_interval.map(|time| time.as_secs().to_string()),
    );
    words.option(
        "ServerAliveCountMax",
        options.keepalive_count.map(|count| count.to_string()),
    );
    let ways = options
        .auth_methods
        .as_deref()
        .map(|ways| ways.iter().map(|way| way.name()).collect::<Vec<_>>().join(","));
    words.option("PreferredAuthentications", ways);
    words.option(
        "NumberOfPasswordPrompts",
        options.password_prompts.map(|count| count.to_string()),
    );
    if options.use_agent == Some(false) {
        words.option("IdentityAgent", Some("none".to_owned()));
    }
    words.0.push("--".to_owned());
    words.0.push(server.host.clone());
    Ok(words.0)
}

/// The words of a command line.
struct Words(Vec<String>);

impl Words {
    fn pair(&mut self, name: &str, value: &str) {
        self.0.extend([name.to_owned(), value.to_owned()]);
    }

    fn option(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.pair("-o", &format!("{name}={value}"));
        }
    }

    fn login(&mut self, server: &Server, options: &SshOptions) {
        if let Some(user) = server.user.as_ref().or(options.user.as_ref()) {
            self.pair("-l", user);
        }
        if let Some(port) = server.port.or(options.port) {
            self.pair("-p", &port.to_string());
        }
        for key in &options.keys {
            self.pair("-i", &shown(key));
        }
    }

    /// Adds the way to the server. A gateway has its own login, and the options that apply to all.
    fn way(&mut self, options: &SshOptions) -> Result<(), String> {
        if let Some(command) = &options.proxy {
            self.option("ProxyCommand", Some(command.clone()));
        } else if !options.gateway.is_empty() {
            let general = options.of_gateways.as_deref().unwrap_or(options);
            let hops: Vec<String> = options.gateway.iter().map(|gateway| hop(gateway, general)).collect();
            // ssh would take it for one more gateway.
            if let Some(hop) = hops.iter().find(|hop| hop.contains(',')) {
                return Err(format!(
                    "ssh takes no comma in the name of a gateway or of its user: {hop}"
                ));
            }
            self.pair("-J", &hops.join(","));
        }
        Ok(())
    }
}

/// Returns a gateway in the form of `-J`.
fn hop(gateway: &Server, options: &SshOptions) -> String {
    let user = gateway.user.as_ref().or(options.user.as_ref());
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    let port = gateway.port.or(options.port);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let host = match gateway.host.contains(':') {
        true => format!("[{}]", gateway.host),
        false => gateway.host.clone(),
    };
    format!("{user}{host}{port}")
}

fn yes(said: bool) -> String {
    if said { "yes" } else { "no" }.to_owned()
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}

/// Returns several files in one option, each in quotes.
fn files(files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|file| format!("\"{}\"", shown(file))).collect();
    names.join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::command_line;
    use crate::secret::Secret;
    use crate::session::{Destination, SshOptions};

    #[test]
    fn everything_the_recipe_says_reaches_ssh_but_no_secret() {
        let destination = Destination {
            server: "deploy@app1:2222".parse().unwrap(),
            options: SshOptions {
                user: Some("other".to_owned()),
                keys: vec!["/home/x/key".into()],
                keys_only: Some(true),
                gateway: vec!["gw".parse().unwrap(), "me@gw2:23".parse().unwrap()],
                config: Some(Vec::new()),
                password: Some(Secret::new("opensesame")),
                user_known_hosts_files: Some(vec!["/a b".into()]),
                ..SshOptions::default()
            },
        };
        let words = command_line(&destination).unwrap();
        assert_eq!(
            words.join(" "),
            "-F none -l deploy -p 2222 -i /home/x/key -o IdentitiesOnly=yes -J other@gw,me@gw2:23 \
             -o UserKnownHostsFile=\"/a b\" -- app1"
        );
    }

    #[test]
    fn a_user_never_becomes_another_gateway() {
        let destination = Destination {
            server: "app1".parse().unwrap(),
            options: SshOptions {
                user: Some("evil.example.com,me".to_owned()),
                gateway: vec!["gw".parse().unwrap()],
                ..SshOptions::default()
            },
        };
        assert!(command_line(&destination).unwrap_err().contains("no comma"));
    }

    #[test]
    fn what_ssh_cannot_be_told_is_an_error() {
        let destination = Destination {
            server: "app1".parse().unwrap(),
            options: SshOptions {
                config: Some(vec!["a".into(), "b".into()]),
                ..SshOptions::default()
            },
        };
        assert!(
            command_line(&destination)
                .unwrap_err()
                .contains("one configuration file")
        );
    }
}
