//! A server as a recipe names it: `user@host:port`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// A server. The user and the port are there only if they were given; two servers are the same only if all three fields agree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Server {
    /// The host name, an alias of the ssh configuration, or an address.
    pub host: String,
    /// The port, if one was given.
    pub port: Option<u16>,
    /// The login name, if one was given.
    pub user: Option<String>,
}

/// The rule of [`is_plain_host`], for messages.
pub(crate) const HOST_RULE: &str = "a host begins with no dash and has no blanks and none of '`\"$\\;&<>|(){},";
/// The rule of [`is_plain_user`], for messages.
pub(crate) const USER_RULE: &str =
    "a user has none of '`\"$;&<>|(){} and no control characters, ends in no \\, and no word of it begins with a dash";

/// Returns true for a host that is safe in a shell line (`ProxyCommand`) and as an argument of a program. This is ssh's rule
/// (`ssh_valid_hostname` in readconf.c, since CVE-2023-51385).
pub(crate) fn is_plain_host(host: &str) -> bool {
    !host.starts_with('-')
        && !host
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "'`\"$\\;&<>|(){},".contains(c))
}

/// Returns true for a login name that is safe in the same places. This is ssh's rule (`ssh_valid_ruser`), without `$`, which a
/// shell would expand.
pub(crate) fn is_plain_user(user: &str) -> bool {
    let begins_an_option = user.starts_with('-')
        || user
            .split_inclusive(char::is_whitespace)
            .skip(1)
            .any(|word| word.starts_with('-'));
    !begins_an_option && !user.ends_with('\\') && !user.chars().any(|c| c.is_control() || "'`\"$;&<>|(){}".contains(c))
}

/// The error for a string that is not a server.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{text}' is not a server: {reason}")]
pub struct ServerSyntax {
    text: String,
    reason: &'static str,
}

impl Server {
    /// Returns a server with nothing but a host.
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
        // The strings [::1]:22 and ::1 are IPv6; a single colon separates the port.
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
        if !is_plain_host(host) {
            return Err(wrong(HOST_RULE));
        }
        if user.as_deref().is_some_and(|user| !is_plain_user(user)) {
            return Err(wrong(USER_RULE));
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            user,
        })
    }
}

/// Serializes a server as a string, in the form that recipes use.
impl Serialize for Server {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Writes the user only if one was given, and the port only if it is not 22.
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
        // Unusual names stay as they are.
        for text in [
            "DOMAIN\\bob@app1",
            "first last@app1",
            "fe80::1%eth0",
            "jump/app1",
            "app_1",
            "app*",
        ] {
            assert_eq!(parse(text).to_string(), text);
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
            "a$(touch x)",
            "a`id`",
            "a;b",
            "a'b",
            "a\\b",
            "a{b,c}",
            "a\u{7}",
            "$(id)@app1",
            "a`id`@app1",
            "$HOME@app1",
            "-l@app1",
            "a -l@app1",
            "a\\@app1",
            "a\n@app1",
        ] {
            assert!(text.parse::<Server>().is_err(), "{text}");
        }
    }
}
