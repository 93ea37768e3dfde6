//! The options for reaching servers: the variables `user`, `port` and `ssh_options`, and the attribute `ssh_options` of a server.

use std::path::PathBuf;
use std::sync::Arc;

use rhai::{Dynamic, Engine, Position};

use super::interpreter::Interpreter;
use crate::configuration::{Attributes, Server, Value};
use crate::recipe::language::options::{flag, pairs, seconds};
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::ssh_options::{WITHOUT_EFFECT, unknown_ssh_option};
use crate::recipe::language::values::{dynamic, texts};
use crate::secret::Secret;
use crate::session::{AuthMethod, HostKeyPolicy, SshOptions};

/// The options with which a recipe reaches servers.
pub(in crate::recipe) struct Reach {
    options: SshOptions,
    gateways: Vec<Gateway>,
    /// The hosts that are this machine.
    local_hosts: Vec<String>,
}

struct Gateway {
    /// The gateway, or several in a row, the first one first.
    chain: Vec<Server>,
    /// The servers that are reached through it.
    behind: Vec<Server>,
}

impl Reach {
    fn gateway_for(&self, server: &Server) -> Fallible<Vec<Server>> {
        let names = |named: &Server| {
            named.host == server.host
                && (named.port.is_none() || named.port == server.port)
                && (named.user.is_none() || named.user == server.user)
        };
        match self.gateways.as_slice() {
            [] => Ok(Vec::new()),
            // As with Capistrano, a server that is not named goes through the only gateway; if there are several, it is an error.
            [gateway] => Ok(gateway.chain.clone()),
            gateways => match gateways.iter().find(|gateway| gateway.behind.iter().any(names)) {
                Some(gateway) => Ok(gateway.chain.clone()),
                None => {
                    let message = format!("`gateway' names no gateway for {server}");
                    Err(wrong(message, Position::NONE))
                }
            },
        }
    }
}

/// Returns the options with which this recipe reaches servers, from the present values of its variables.
pub(in crate::recipe) fn reach(interpreter: &Interpreter, engine: &Engine) -> Fallible<Reach> {
    let value = interpreter.said(engine, "gateway")?;
    Ok(Reach {
        gateways: value.map(|value| gateways(&value)).transpose()?.unwrap_or_default(),
        options: ssh_options(interpreter, engine)?,
        local_hosts: match interpreter.said(engine, "local_hosts")? {
            Some(hosts) => texts(&hosts),
            None => Vec::new(),
        },
    })
}

/// Returns the options for reaching a server: those of its own attribute override those of the variables.
pub(in crate::recipe) fn options_for(
    interpreter: &Interpreter,
    reach: &Reach,
    server: &Server,
) -> Fallible<SshOptions> {
    let mut options = SshOptions {
        gateway: reach.gateway_for(server)?,
        local: reach.local_hosts.contains(&server.host),
        ..reach.options.clone()
    };
    let configuration = interpreter.defined().configuration();
    for said in configuration.roles.said_of(server, "ssh_options") {
        options
            .of_gateways
            .get_or_insert_with(|| Arc::new(reach.options.clone()));
        ssh_options_of_server(interpreter, &mut options, said, Position::NONE, Position::NONE)?;
    }
    Ok(options)
}

/// Checks that these can be the attributes of a server. `map` is the beginning of its `ssh_options`.
pub(in crate::recipe) fn check_attributes(
    interpreter: &Interpreter,
    attributes: &Attributes,
    position: Position,
    map: Position,
) -> Fallible<()> {
    match attributes.get("ssh_options") {
        None => Ok(()),
        Some(said) => ssh_options_of_server(interpreter, &mut SshOptions::default(), said, position, map),
    }
}

fn ssh_options_of_server(
    interpreter: &Interpreter,
    options: &mut SshOptions,
    said: &Value,
    position: Position,
    map: Position,
) -> Fallible<()> {
    let values = match said {
        Value::Unit => return Ok(()),
        Value::Map(values) => values,
        _ => return Err(wrong("`ssh_options' must be a map: #{ port: 2222 }", position)),
    };
    let mut take = |name: &String, value, position| {
        if FOR_ALL.contains(&name.as_str()) {
            let message = format!("`{name}' holds for all servers: it stands in the variable `ssh_options'");
            return Err(wrong(message, position));
        }
        ssh_option(interpreter, options, name, &dynamic(value), position)
    };
    for (name, value) in values {
        // The place of a key is looked up only to report an error there.
        take(name, value, position).or_else(|error| match interpreter.defined().place_of_server_key(map, name) {
            Some(position) => take(name, value, position),
            None => Err(error),
        })?;
    }
    Ok(())
}

fn ssh_options(interpreter: &Interpreter, engine: &Engine) -> Fallible<SshOptions> {
    let mut options = SshOptions::default();
    if let Some(map) = interpreter.variable(engine, "ssh_options")? {
        for (name, (value, _)) in pairs(&map) {
            ssh_option(interpreter, &mut options, &name, &value, Position::NONE)
                .map_err(|error| interpreter.defined().at_key(error, "ssh_options", &name))?;
        }
    }
    if let Some(user) = interpreter.text_variable(engine, "user")? {
        options.user = Some(user);
    }
    if let Some(value) = interpreter.said(engine, "port")? {
        options.port = Some(port("port", &value, Position::NONE)?);
    }
    Ok(options)
}

fn ssh_option(
    interpreter: &Interpreter,
    options: &mut SshOptions,
    name: &str,
    value: &Dynamic,
    position: Position,
) -> Fallible<()> {
    let text = || (!value.is_unit()).then(|| value.to_string());
    let list = || Some(texts(value).join(","));
    let paths = || -> Vec<PathBuf> {
        texts(value)
            .iter()
            .map(|path| interpreter.machine().path(path))
            .collect()
    };
    let flag = || flag(name, value, position);
    let seconds = || seconds(name, value, position);
    match name {
        "user" | "username" => options.user = text(),
        "port" if value.is_unit() => {}
        "port" => options.port = Some(port(name, value, position)?),
        "keys" => options.keys = paths(),
        "keys_only" => options.keys_only = flag()?,
        "forward_agent" => options.forward_agent = flag()?,
        "config" => {
            options.config = match value.as_bool() {
                Ok(true) => None,
                Ok(false) => Some(Vec::new()),
                Err(_) => Some(paths()),
            }
        }
        "user_known_hosts_file" => options.user_known_hosts_files = Some(paths()),
        "verify_host_key" | "paranoid" => options.verify_host_key = Some(policy(name, value, position)?),
        "max_logins" => {
            options.max_logins = match value.as_int().ok().and_then(|number| usize::try_from(number).ok()) {
                Some(number @ 1..) => number,
                _ => return Err(wrong(format!("`{name}' must be a number from 1"), position)),
            }
        }
        "timeout" => options.connect_timeout = seconds()?,
        "login_timeout" => options.login_timeout = seconds()?.unwrap_or(options.login_timeout),
        "keepalive_interval" => options.keepalive_interval = seconds()?,
        "global_known_hosts_file" => options.global_known_hosts_files = Some(paths()),
        "key_data" => options.key_data = texts(value).into_iter().map(|text| secret(interpreter, text)).collect(),
        "passphrase" => options.passphrase = text().map(|text| secret(interpreter, text)),
        "password" => options.password = text().map(|text| secret(interpreter, text)),
        "auth_methods" => options.auth_methods = Some(auth_methods(value, position)?),
        "number_of_password_prompts" => options.password_prompts = Some(count(name, value, position)?),
        "non_interactive" => options.non_interactive = flag()?,
        "use_agent" => options.use_agent = flag()?,
        "proxy" => options.proxy = text(),
        "host_name" => options.host_name = text(),
        "host_key_alias" => options.host_key_alias = text(),
        "check_host_ip" => options.check_host_ip = flag()?,
        "bind_address" => options.bind_address = text(),
        "compression" => {
            options.compression = match value.to_string().as_str() {
                "none" => Some(false),
                "zlib" | "zlib@openssh.com" => Some(true),
                _ => flag()?,
            }
        }
        "encryption" => options.encryption = list(),
        "hmac" => options.hmac = list(),
        "kex" => options.kex = list(),
        "host_key" => options.host_key = list(),
        "keepalive_maxcount" => options.keepalive_count = Some(count(name, value, position)?),
        ignored if WITHOUT_EFFECT.contains(&ignored) => {}
        _ => {
            if let Some(diagnostic) = unknown_ssh_option(name) {
                return Err(raise(diagnostic, position));
            }
        }
    }
    Ok(())
}

/// Makes a secret of a string, which is never shown from now on.
fn secret(interpreter: &Interpreter, text: String) -> Secret {
    let secret = Secret::new(text);
    interpreter.actor().hide(&secret);
    secret
}

/// Reads a server, a chain of servers, or a map from gateways to the servers behind them.
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

/// The options that a single server cannot have.
const FOR_ALL: [&str; 1] = ["max_logins"];

fn auth_methods(value: &Dynamic, position: Position) -> Fallible<Vec<AuthMethod>> {
    let mut methods = Vec::new();
    for name in texts(value) {
        match AuthMethod::named(&name) {
            Some(method) => methods.push(method),
            // `none` only asks for the methods, `hostbased` needs a privileged program, Net::SSH has no GSSAPI either: all are ignored.
            None if ["none", "hostbased"].contains(&name.as_str()) || name.starts_with("gssapi-") => {}
            None => {
                let message =
                    format!("`auth_methods' takes publickey, password and keyboard-interactive, not `{name}'");
                return Err(wrong(message, position));
            }
        }
    }
    Ok(methods)
}

fn count(name: &str, value: &Dynamic, position: Position) -> Fallible<u32> {
    let count = value.to_string().parse().ok();
    count.ok_or_else(|| wrong(format!("`{name}' must be a number"), position))
}

fn port(name: &str, value: &Dynamic, position: Position) -> Fallible<u16> {
    let port = value.to_string().parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| wrong(format!("`{name}' must be a number from 1 to 65535"), position))
}

fn policy(name: &str, value: &Dynamic, position: Position) -> Fallible<HostKeyPolicy> {
    match (value.as_bool(), value.to_string().as_str()) {
        (Ok(true), _) | (_, "accept_new" | "accept_new_or_local_tunnel") => Ok(HostKeyPolicy::AcceptNew),
        (Ok(false), _) | (_, "never") => Ok(HostKeyPolicy::Off),
        (_, "always" | "secure" | "very" | "strict") => Ok(HostKeyPolicy::Strict),
        _ => Err(wrong(format!("`{name}' is :accept_new, :always or :never"), position)),
    }
}
