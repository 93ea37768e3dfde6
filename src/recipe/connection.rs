//! How servers are reached: the variables `user`, `port` and `ssh_options`.

use std::path::PathBuf;

use rhai::{Dynamic, Engine, Position};

use super::Fallible;
use super::interpreter::Interpreter;
use super::options::{flag, pairs, seconds};
use super::origin::{raise, wrong};
use super::values::texts;
use super::verbs::Choice;
use crate::configuration::{Server, nearest};
use crate::diagnostic::{Diagnostic, Fault};
use crate::session::{HostKeyPolicy, SshOptions};

/// The keys of `ssh_options`.
pub(super) static SSH_OPTIONS: &[Choice] = &[
    Choice {
        name: "user",
        doc: "login name; `username` is the same",
    },
    Choice {
        name: "port",
        doc: "port of the SSH server",
    },
    Choice {
        name: "keys",
        doc: "private key files, tried before those of the ssh configuration",
    },
    Choice {
        name: "keys_only",
        doc: "true: no other keys of the agent than these",
    },
    Choice {
        name: "forward_agent",
        doc: "true: servers may use our agent, as with `ForwardAgent yes`",
    },
    Choice {
        name: "config",
        doc: "ssh configuration files to read instead of the user's and the system's; false: none",
    },
    Choice {
        name: "user_known_hosts_file",
        doc: "file of known host keys instead of the configured ones",
    },
    Choice {
        name: "verify_host_key",
        doc: "`:accept_new` (default), `:always` (unknown keys are refused) or `:never`; `paranoid` is the same with true, `:secure`, false",
    },
    Choice {
        name: "timeout",
        doc: "seconds for the connection, 10 by default",
    },
    Choice {
        name: "login_timeout",
        doc: "seconds from connected to logged in, 30 by default",
    },
    Choice {
        name: "keepalive_interval",
        doc: "seconds of silence after which a server is asked whether it lives, 15 by default; three times without an answer and it is lost",
    },
    Choice {
        name: "max_logins",
        doc: "so many servers are logged in to at the same time, 64 by default; the next ones follow as these are done",
    },
];

/// How a recipe reaches servers.
pub(super) struct Reach {
    options: SshOptions,
    gateways: Vec<Gateway>,
}

struct Gateway {
    /// One server, or several through each other, the first one first.
    chain: Vec<Server>,
    /// Servers that are reached through it.
    behind: Vec<Server>,
}

impl Reach {
    pub(super) fn options_for(&self, server: &Server) -> Fallible<SshOptions> {
        let names = |named: &Server| {
            named.host == server.host
                && (named.port.is_none() || named.port == server.port)
                && (named.user.is_none() || named.user == server.user)
        };
        let chain = match self.gateways.as_slice() {
            [] => Vec::new(),
            // As with Capistrano: what is named nowhere goes through the first one, where it is clear which that is.
            [gateway] => gateway.chain.clone(),
            gateways => match gateways.iter().find(|gateway| gateway.behind.iter().any(names)) {
                Some(gateway) => gateway.chain.clone(),
                None => {
                    let message = format!("`gateway' names no gateway for {server}");
                    return Err(wrong(message, Position::NONE));
                }
            },
        };
        Ok(SshOptions {
            gateway: chain,
            ..self.options.clone()
        })
    }
}

impl Interpreter {
    /// How this recipe reaches servers, as its variables stand now.
    pub(super) fn reach(&self, engine: &Engine) -> Fallible<Reach> {
        let value = self.variable(engine, "gateway")?;
        Ok(Reach {
            gateways: value.map(|value| gateways(&value)).transpose()?.unwrap_or_default(),
            options: self.ssh_options(engine)?,
        })
    }

    fn ssh_options(&self, engine: &Engine) -> Fallible<SshOptions> {
        let mut options = SshOptions::default();
        if let Some(map) = self.variable(engine, "ssh_options")? {
            for (name, (value, _)) in pairs(&map) {
                self.ssh_option(&mut options, &name, &value)?;
            }
        }
        if let Some(user) = self.text_variable(engine, "user")? {
            options.user = Some(user);
        }
        if let Some(value) = self.variable(engine, "port")?
            && !value.is_unit()
        {
            options.port = Some(port("port", &value)?);
        }
        Ok(options)
    }

    fn ssh_option(&self, options: &mut SshOptions, name: &str, value: &Dynamic) -> Fallible<()> {
        let is = |wanted| flag(name, value, Position::NONE).map(|given| given == Some(wanted));
        match name {
            "user" | "username" => options.user = (!value.is_unit()).then(|| value.to_string()),
            "port" if value.is_unit() => {}
            "port" => options.port = Some(port(name, value)?),
            "keys" => options.keys = texts(value).iter().map(|path| self.home_path(path)).collect(),
            "keys_only" => options.keys_only = is(true)?,
            "forward_agent" => options.forward_agent = is(true)?,
            "config" => {
                options.config = match value.as_bool() {
                    Ok(true) => None,
                    Ok(false) => Some(Vec::new()),
                    Err(_) => Some(texts(value).iter().map(|path| self.home_path(path)).collect()),
                }
            }
            "user_known_hosts_file" => {
                let files = texts(value).iter().map(|path| self.home_path(path)).collect();
                options.user_known_hosts_files = Some(files);
            }
            "verify_host_key" | "paranoid" => options.verify_host_key = Some(policy(name, value)?),
            "max_logins" => {
                options.max_logins = match value.as_int().ok().and_then(|number| usize::try_from(number).ok()) {
                    Some(number @ 1..) => number,
                    _ => return Err(wrong(format!("`{name}' is to be a number from 1"), Position::NONE)),
                }
            }
            "timeout" => {
                options.connect_timeout = seconds(name, value, Position::NONE)?.unwrap_or(options.connect_timeout)
            }
            "login_timeout" => {
                options.login_timeout = seconds(name, value, Position::NONE)?.unwrap_or(options.login_timeout)
            }
            "keepalive_interval" => {
                options.keepalive_interval =
                    seconds(name, value, Position::NONE)?.unwrap_or(options.keepalive_interval);
            }
            _ => {
                let known: Vec<&str> = SSH_OPTIONS.iter().map(|choice| choice.name).collect();
                let hint = match nearest(name, known.iter().copied()) {
                    Some(nearest) => format!("did you mean `{nearest}'?"),
                    None => format!("it takes: {}", known.join(", ")),
                };
                let diagnostic = Diagnostic::new(Fault::Recipe, format!("`ssh_options' has no option `{name}'"));
                return Err(raise(diagnostic.hint(hint), Position::NONE));
            }
        }
        Ok(())
    }

    /// A path with `~/` at its start filled in.
    pub(super) fn home_path(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(path),
        }
    }
}

/// A server, a chain of them, or a map from gateways to the servers behind them.
fn gateways(value: &Dynamic) -> Fallible<Vec<Gateway>> {
    if value.read_lock::<rhai::Map>().is_none() {
        let chain = servers(&texts(value))?;
        let all = Gateway {
            chain,
            behind: Vec::new(),
        };
        return Ok([all].into_iter().filter(|all| !all.chain.is_empty()).collect());
    }
    let gateway = |(chain, (behind, _)): (&String, &(Dynamic, Position))| {
        let chain: Vec<String> = chain.split(',').map(|hop| hop.trim().to_owned()).collect();
        Ok(Gateway {
            chain: servers(&chain)?,
            behind: servers(&texts(behind))?,
        })
    };
    pairs(value).iter().map(gateway).collect()
}

fn servers(names: &[String]) -> Fallible<Vec<Server>> {
    let server = |name: &String| {
        name.parse::<Server>()
            .map_err(|error| wrong(format!("`gateway': {error}"), Position::NONE))
    };
    names.iter().filter(|name| !name.is_empty()).map(server).collect()
}

fn port(name: &str, value: &Dynamic) -> Fallible<u16> {
    let port = value.to_string().parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| wrong(format!("`{name}' is to be a number from 1 to 65535"), Position::NONE))
}

fn policy(name: &str, value: &Dynamic) -> Fallible<HostKeyPolicy> {
    match (value.as_bool(), value.to_string().as_str()) {
        (Ok(true), _) | (_, "accept_new" | "accept_new_or_local_tunnel") => Ok(HostKeyPolicy::AcceptNew),
        (Ok(false), _) | (_, "never") => Ok(HostKeyPolicy::Off),
        (_, "always" | "secure" | "very" | "strict") => Ok(HostKeyPolicy::Strict),
        _ => Err(wrong(
            format!("`{name}' is :accept_new, :always or :never"),
            Position::NONE,
        )),
    }
}
