//! A server as a recipe names it: `user@host:port`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// `user@host:port`, user and port only where given. Two are the same server only if all three agree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Server {
    /// Host name, alias of the ssh configuration, or address.
    pub host: String,
    /// Port, where one was given.
    pub port: Option<u16>,
    /// Login name, where one was given.
    pub user: Option<String>,
}

/// A text that names no server.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{text}' is not a server: {reason}")]
pub struct ServerSyntax {
    text: String,
    reason: &'static str,
}

impl Server {
    /// A host alone.
    pub fn host(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: None,
            user: None,
        }
    }
}

impl FromStr for Server {
    type Err = ServerSyntax;

    fn from_str(text: &str) -> Result<Self, ServerSyntax> {
        let wrong = |reason| ServerSyntax {
            text: text.to_owned(),
            reason,
        };
        let (user, rest) = match text.rsplit_once('@') {
            Some(("", _)) => return Err(wrong("nothing stands before the @")),
            Some((user, rest)) => (Some(user.to_owned()), rest),
            None => (None, text),
        };
        // [::1]:22 and bare ::1 are IPv6; a single colon separates the port.
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => match rest.split_once(']') {
                Some((host, "")) => (host, None),
                Some((host, port)) => (
                    host,
                    Some(port.strip_prefix(':').ok_or(wrong("`:' and a port may follow the ]"))?),
                ),
                None => return Err(wrong("the ] is missing")),
            },
            None => match rest.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                _ => (rest, None),
            },
        };
        let port = match port {
            Some(port) => Some(
                port.parse()
                    .ok()
                    .filter(|port| *port > 0)
                    .ok_or(wrong("a port is a number from 1 to 65535"))?,
            ),
            None => None,
        };
        if host.is_empty() {
            return Err(wrong("the host is missing"));
        }
        // A host that begins with a dash would be an option to a program that is handed it.
        if host.starts_with('-') || host.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(wrong("a host has no blanks and does not begin with a dash"));
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            user,
        })
    }
}

/// The user where given, the port only where it is not 22.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match self.port {
            Some(port) if port != 22 && self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) if port != 22 => write!(f, "{}:{port}", self.host),
            _ => f.write_str(&self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Server;

    fn parse(text: &str) -> Server {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn r19_user_host_and_port_are_told_apart_and_shown_again() {
        for (text, shown) in [
            ("app1", "app1"),
            ("bob@app1", "bob@app1"),
            ("bob@app1:2222", "bob@app1:2222"),
            ("app1:22", "app1"),
            ("::1", "::1"),
            ("[::1]:2200", "[::1]:2200"),
            ("a@b@app1", "a@b@app1"),
        ] {
            assert_eq!(parse(text).to_string(), shown);
        }
        assert_eq!(parse("a@b@app1").user.as_deref(), Some("a@b"));
        assert_ne!(parse("app1"), parse("app1:2222"));
        assert_ne!(parse("app1"), parse("bob@app1"));
    }

    #[test]
    fn r19_what_is_no_server_is_refused_with_the_reason() {
        for text in [
            "",
            "@app1",
            "app1:0",
            "app1:99999",
            "app1:x",
            "-oProxyCommand=x",
            "a b",
            "[::1",
        ] {
            assert!(text.parse::<Server>().is_err(), "{text}");
        }
    }
}
