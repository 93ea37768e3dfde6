//! What one line of an ssh configuration says.

use std::sync::Arc;
use std::time::Duration;

use super::{Place, Trouble, words};
use crate::session::HostKeyPolicy;

#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) place: Place,
    pub(super) statement: Statement,
}

#[derive(Clone, Debug)]
pub(super) enum Statement {
    /// What follows is for hosts that these patterns list.
    Host(Vec<String>),
    /// What follows is where all of these hold.
    Match(Vec<Criterion>),
    Set(Setting),
    /// Files, read already.
    Include(Vec<Arc<[Line]>>),
}

#[derive(Clone, Debug)]
pub(super) struct Criterion {
    pub(super) negated: bool,
    pub(super) kind: Kind,
}

impl Statement {
    /// Whether it asks for a second reading.
    pub(super) fn wants_final(&self) -> bool {
        match self {
            Self::Match(criteria) => criteria
                .iter()
                .any(|criterion| matches!(criterion.kind, Kind::Final { asked_for: true })),
            Self::Include(files) => files
                .iter()
                .flat_map(|file| file.iter())
                .any(|line| line.statement.wants_final()),
            _ => false,
        }
    }
}

/// What a criterion looks at; the texts are lists of patterns.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    All,
    Host(String),
    OriginalHost(String),
    User(String),
    LocalUser(String),
    /// In the second reading, which `final` asks for and `canonical` only hopes for.
    Final {
        asked_for: bool,
    },
    /// Known to ssh, not to us.
    Unsupported(String),
}

/// Values as written, where tokens may stand in them.
#[derive(Clone, Debug)]
pub(super) enum Setting {
    HostName(String),
    Port(u16),
    User(String),
    IdentityFile(String),
    IdentitiesOnly(bool),
    IdentityAgent(String),
    UserKnownHostsFile(Vec<String>),
    GlobalKnownHostsFile(Vec<String>),
    HostKeyPolicy(HostKeyPolicy),
    HostKeyAlias(String),
    ConnectTimeout(Duration),
    ServerAliveInterval(Duration),
    /// `None`: another agent than ours.
    ForwardAgent(Option<bool>),
    ProxyJump(String),
    ProxyCommand(String),
    CanonicalizeHostname(bool),
}

/// A line as far as it can be understood without reading other files.
pub(super) enum Parsed {
    /// A comment, or nothing that concerns us.
    Nothing,
    Statement(Statement),
    /// Patterns of files.
    Include(Vec<String>),
}

pub(super) fn parse(text: &str, place: &Place) -> Result<Parsed, Trouble> {
    let text = text
        .trim_start_matches([' ', '\t'])
        .trim_end_matches([' ', '\t', '\r', '\n', '\x0c']);
    if text.is_empty() || text.starts_with('#') {
        return Ok(Parsed::Nothing);
    }
    let unclosed = || Trouble::at(place, "a quote is not closed");
    let (keyword, rest) = words::first(text).ok_or_else(unclosed)?;
    let name = keyword.to_ascii_lowercase();
    match name.as_str() {
        "match" => return Ok(Parsed::Statement(Statement::Match(criteria(rest, place)?))),
        // The rest of the line as it is.
        "proxycommand" => {
            let command = rest.trim_start_matches([' ', '\t', '=']).to_owned();
            return Ok(Parsed::Statement(Statement::Set(Setting::ProxyCommand(command))));
        }
        _ if !KEYWORDS.contains(&name.as_str()) => return Ok(Parsed::Nothing),
        _ => {}
    }
    let arguments = Arguments {
        keyword: &keyword,
        place,
        words: words::all(rest).ok_or_else(unclosed)?,
    };
    arguments.require()?;
    Ok(match name.as_str() {
        "host" => Parsed::Statement(Statement::Host(arguments.words)),
        "include" => Parsed::Include(arguments.words),
        name => match arguments.setting(name)? {
            Some(setting) => Parsed::Statement(Statement::Set(setting)),
            None => Parsed::Nothing,
        },
    })
}

const KEYWORDS: [&str; 18] = [
    "canonicalizehostname",
    "connecttimeout",
    "forwardagent",
    "globalknownhostsfile",
    "host",
    "hostkeyalias",
    "hostname",
    "identitiesonly",
    "identityagent",
    "identityfile",
    // The old name of the same.
    "identityfile2",
    "include",
    "port",
    "proxyjump",
    "serveraliveinterval",
    "stricthostkeychecking",
    "user",
    "userknownhostsfile",
];

struct Arguments<'a> {
    keyword: &'a str,
    place: &'a Place,
    words: Vec<String>,
}

impl Arguments<'_> {
    fn trouble(&self, text: impl std::fmt::Display) -> Trouble {
        Trouble::at(self.place, format!("{} {text}", self.keyword))
    }

    fn require(&self) -> Result<(), Trouble> {
        match self.words.first() {
            None => Err(self.trouble("needs an argument")),
            Some(_) if self.words.iter().any(String::is_empty) => Err(self.trouble("has an empty argument")),
            Some(_) => Ok(()),
        }
    }

    fn one(&self) -> Result<&str, Trouble> {
        match self.words.as_slice() {
            [word] => Ok(word),
            _ => Err(self.trouble("takes one argument")),
        }
    }

    fn text(&self) -> Result<String, Trouble> {
        self.one().map(str::to_owned)
    }

    fn wrong(&self, expected: &str) -> Trouble {
        self.trouble(format_args!("is {expected}, not `{}'", self.words.join(" ")))
    }

    fn flag(&self) -> Result<bool, Trouble> {
        flag(self.one()?).ok_or_else(|| self.wrong("yes or no"))
    }

    fn time(&self) -> Result<Option<Duration>, Trouble> {
        let word = self.one()?;
        if word == "none" {
            return Ok(None);
        }
        seconds(word)
            .map(|seconds| Some(Duration::from_secs(seconds)))
            .ok_or_else(|| self.wrong("a time"))
    }

    fn files(self) -> Result<Vec<String>, Trouble> {
        let none = |word: &String| word.eq_ignore_ascii_case("none");
        match self.words.as_slice() {
            [word] if none(word) => Ok(Vec::new()),
            words if words.iter().any(none) => Err(self.trouble("takes `none' alone")),
            _ => Ok(self.words),
        }
    }

    fn setting(self, name: &str) -> Result<Option<Setting>, Trouble> {
        Ok(Some(match name {
            "hostname" => Setting::HostName(self.text()?),
            "user" => Setting::User(self.text()?),
            "port" => {
                let port = self.one()?.parse().ok().filter(|port| *port > 0);
                Setting::Port(port.ok_or_else(|| self.wrong("a number from 1 to 65535"))?)
            }
            "identityfile" | "identityfile2" => Setting::IdentityFile(self.text()?),
            "identitiesonly" => Setting::IdentitiesOnly(self.flag()?),
            "identityagent" => Setting::IdentityAgent(self.text()?),
            "userknownhostsfile" => Setting::UserKnownHostsFile(self.files()?),
            "globalknownhostsfile" => Setting::GlobalKnownHostsFile(self.files()?),
            "stricthostkeychecking" => {
                let policy = match self.one()?.to_ascii_lowercase().as_str() {
                    "yes" | "true" => HostKeyPolicy::Strict,
                    // Nobody sits there to compare a hundred fingerprints, so what ssh would ask about is added and said so; a
                    // changed key is refused all the same.
                    "ask" | "accept-new" => HostKeyPolicy::AcceptNew,
                    "no" | "false" | "off" => HostKeyPolicy::Off,
                    _ => return Err(self.wrong("yes, no, ask or accept-new")),
                };
                Setting::HostKeyPolicy(policy)
            }
            "hostkeyalias" => Setting::HostKeyAlias(self.text()?),
            // `none` says nothing: a later line may still say something.
            "connecttimeout" => return Ok(self.time()?.map(Setting::ConnectTimeout)),
            "serveraliveinterval" => return Ok(self.time()?.map(Setting::ServerAliveInterval)),
            "forwardagent" => Setting::ForwardAgent(flag(self.one()?)),
            "proxyjump" => Setting::ProxyJump(self.text()?),
            "canonicalizehostname" => match self.one()?.to_ascii_lowercase().as_str() {
                "always" => Setting::CanonicalizeHostname(true),
                "none" => Setting::CanonicalizeHostname(false),
                _ => Setting::CanonicalizeHostname(self.flag()?),
            },
            _ => return Ok(None),
        }))
    }
}

fn flag(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

/// `90`, `1m30s`, `1h`.
fn seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(digits)?;
        let mut units = after.chars();
        let factor = match units.next() {
            None | Some('s' | 'S') => 1,
            Some('m' | 'M') => 60,
            Some('h' | 'H') => 3600,
            Some('d' | 'D') => 86_400,
            Some('w' | 'W') => 604_800,
            Some(_) => return None,
        };
        rest = units.as_str();
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
    }
    // Ssh counts in an int.
    i32::try_from(total).ok().map(|_| total)
}

fn criteria(text: &str, place: &Place) -> Result<Vec<Criterion>, Trouble> {
    let unclosed = || Trouble::at(place, "a quote is not closed");
    let mut criteria: Vec<Criterion> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && !rest.starts_with('#') {
        let (word, after) = words::first(rest).ok_or_else(unclosed)?;
        rest = after;
        let (negated, word) = match word.strip_prefix('!') {
            Some(word) => (true, word),
            None => (false, word.as_str()),
        };
        let name = word.to_ascii_lowercase();
        let kind = match name.as_str() {
            "all" => {
                if !(rest.is_empty() || rest.starts_with('#')) {
                    return Err(Trouble::at(place, "nothing can follow Match all"));
                }
                Kind::All
            }
            "canonical" | "final" => Kind::Final {
                asked_for: name == "final",
            },
            "host" | "originalhost" | "user" | "localuser" | "exec" | "tagged" | "localnetwork" | "version"
            | "sessiontype" | "command" => {
                let (argument, after) = words::first(rest).ok_or_else(unclosed)?;
                if argument.is_empty() || argument.starts_with('#') {
                    return Err(Trouble::at(place, format!("Match {word} needs an argument")));
                }
                rest = after;
                match name.as_str() {
                    "host" => Kind::Host(argument),
                    "originalhost" => Kind::OriginalHost(argument),
                    "user" => Kind::User(argument),
                    "localuser" => Kind::LocalUser(argument),
                    _ => Kind::Unsupported(name),
                }
            }
            _ => return Err(Trouble::at(place, format!("Match does not know `{word}'"))),
        };
        criteria.push(Criterion { negated, kind });
    }
    if criteria.is_empty() {
        return Err(Trouble::at(place, "Match needs a criterion"));
    }
    Ok(criteria)
}
