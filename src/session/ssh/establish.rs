//! Logs in at a server: from a destination to a connection on which commands can run, by way of its address, the key exchange,
//! the host key and authentication.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use crate::session::{ConnectError, Destination, Phase, SshOptions, StepKind, StepWay};

use super::attempt::{Attempt, AttemptFailure};
use super::config::{HostConfig, Route};
use super::connection::{Connection, ConnectionWay, Keepalive};
use super::gateway;
use super::hostkey::Expected;
use super::inbox::Inbox;
use super::login::Login;
use super::proxy_command::ProxyCommand;
use super::{auth, tcp};

/// The longest wait for a connection where neither the recipe nor the configuration gives one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the connection. Tries once more when the server hung up before it said anything, as it does under load.
pub(super) fn establish(login: &Login, inbox: &mut Inbox) -> Result<Connection, ConnectError> {
    let configuration = login.configuration.as_ref().as_ref().map_err(Clone::clone)?;
    let config = configuration.resolve(
        &login.destination.server,
        &login.destination.options,
        &login.environment.local_user,
        Some(inbox),
    )?;
    match attempt(login, &config, inbox) {
        Ok(connection) => Ok(connection),
        Err(AttemptFailure::Final(error)) => Err(error),
        Err(AttemptFailure::Busy(_)) => {
            // Servers that were refused at the same moment must not retry at the same moment.
            let pause = login.destination.options.busy_pause;
            let percent = RandomState::new().hash_one(login.id) % 500;
            let jitter = pause.mul_f64(f64::from(u32::try_from(percent).unwrap_or(0)) / 100.0);
            let until = Instant::now() + pause + jitter;
            while Instant::now() < until {
                if inbox.end().is_some() {
                    return Err(ConnectError::stopped(Phase::Connect));
                }
                inbox.wait(None, Some(until));
            }
            attempt(login, &config, inbox).map_err(|failure| match failure {
                AttemptFailure::Final(error) => error,
                AttemptFailure::Busy(mut error) => {
                    let hint = "a server that is asked for too many logins at once hangs up (its MaxStartups): \
                                ask for fewer, ssh_options.max_logins";
                    error.hints.push(hint.to_owned());
                    error
                }
            })
        }
    }
}

fn attempt(login: &Login, config: &HostConfig, inbox: &mut Inbox) -> Result<Connection, AttemptFailure> {
    let begun = Instant::now();
    let (socket, mut way) = reach(login, config, inbox)?;
    let socket = Arc::new(socket);
    login.tell(|| StepKind::Reached {
        way: match &config.route {
            Route::Direct => StepWay::Direct(tcp::peer(&socket)),
            Route::Jump(hops) => StepWay::Gateways(hops.clone()),
            Route::Command(_) => StepWay::Command,
        },
        elapsed: begun.elapsed(),
    });
    let keepalive = Keepalive::of(config);
    // Sent bytes that nobody acknowledges end the connection in the same time as silence does.
    let patience = u32::try_from(keepalive.patience().as_millis()).unwrap_or(u32::MAX);
    let _ = sockopt::set_tcp_user_timeout(&socket, patience);

    let mut expected = Expected::new(config, login.destination.options.only_looks, inbox)?;
    let mut attempt = Attempt::new(login, config, socket, inbox)?;
    attempt.exchange_keys(&expected, &mut way)?;
    attempt.verify_host_key(&mut expected, &way)?;
    let authenticated = auth::authenticate(&mut attempt);
    attempt.tell_banner();
    authenticated?;
    login.tell(|| StepKind::Entered {
        user: config.user.clone(),
        by: std::mem::take(&mut attempt.taken),
    });
    Ok(attempt.into_connection(way, keepalive))
}

/// Opens a socket that leads to the server.
fn reach(login: &Login, config: &HostConfig, inbox: &mut Inbox) -> Result<(OwnedFd, ConnectionWay), ConnectError> {
    let timeout = config.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    match &config.route {
        Route::Direct => {
            let socket = tcp::connect(config, timeout, inbox, |addresses| {
                login.tell(|| StepKind::Resolved(addresses.iter().map(SocketAddr::ip).collect()));
            })?;
            Ok((socket.into(), ConnectionWay::Direct))
        }
        Route::Command(line) => {
            let (socket, command) = ProxyCommand::start(line, &login.programs)?;
            Ok((socket.into(), ConnectionWay::Command(command)))
        }
        Route::Jump(hops) => {
            let Some((last, before)) = hops.split_last() else {
                return Err(ConnectError::stopped(Phase::Configuration));
            };
            let own = &login.destination.options;
            let own = own.of_gateways.as_deref().unwrap_or(own);
            let mut options = SshOptions {
                gateway: before.to_vec(),
                forward_agent: Some(false),
                proxy: None,
                host_name: None,
                host_key_alias: None,
                ..own.clone()
            };
            if login.destination.options.gateway.is_empty() {
                // The jump host comes from the files; the recipe's user and port are meant for its own servers.
                (options.user, options.port) = (None, None);
            }
            let gateway = Destination {
                server: last.clone(),
                options,
            };
            let target = (config.host_name.as_str(), config.port);
            let (socket, way) = gateway::connect(login, gateway, target, timeout, inbox).map_err(|error| {
                if error.phase == Phase::Connect && inbox.end().is_some() {
                    return error;
                }
                ConnectError {
                    common: None,
                    reason: format!("gateway {last}: {}", error.reason),
                    ..error
                }
            })?;
            Ok((socket.into(), ConnectionWay::Gateway(way)))
        }
    }
}
