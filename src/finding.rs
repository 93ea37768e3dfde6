//! What `capr doctor` looks at, and what came of it. Data only; `report` shows it.

use serde::Serialize;

use crate::configuration::Server;

/// What is looked at. The names are those of `--json`, and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    /// Versions of capr and of what it is built with.
    Version,
    /// The key exchanges of this build.
    KeyExchange,
    /// The ssh configuration; of a server, what it says for that one.
    SshConfig,
    /// An agent.
    Agent,
    /// A key file.
    KeyFile,
    /// A known-hosts file.
    KnownHosts,
    /// Programs of this machine that the recipe needs.
    Programs,
    /// Limits of this process.
    Limits,
    /// The recipe and its servers.
    Recipe,
    /// What the recipe says of deploys.
    Deploy,
    /// The addresses of a name.
    Address,
    /// The way to a server.
    Connection,
    /// The host key.
    HostKey,
    /// The algorithms of the connection.
    Algorithms,
    /// The login.
    Login,
    /// Whether commands run there, and by which login shell.
    Shell,
    /// The clock.
    Clock,
    /// Free space.
    Disk,
    /// Programs of the server.
    Tools,
    /// Sudo.
    Sudo,
    /// The directories of a deploy.
    DeployTo,
    /// The linked files.
    Linked,
    /// What is current, and what was broken off.
    Release,
    /// The repository, seen from the server.
    Repository,
}

impl Check {
    /// As `--json` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::KeyExchange => "key_exchange",
            Self::SshConfig => "ssh_config",
            Self::Agent => "agent",
            Self::KeyFile => "key_file",
            Self::KnownHosts => "known_hosts",
            Self::Programs => "programs",
            Self::Limits => "limits",
            Self::Recipe => "recipe",
            Self::Deploy => "deploy",
            Self::Address => "address",
            Self::Connection => "connection",
            Self::HostKey => "host_key",
            Self::Algorithms => "algorithms",
            Self::Login => "login",
            Self::Shell => "shell",
            Self::Clock => "clock",
            Self::Disk => "disk",
            Self::Tools => "tools",
            Self::Sudo => "sudo",
            Self::DeployTo => "deploy_to",
            Self::Linked => "linked_files",
            Self::Release => "release",
            Self::Repository => "repository",
        }
    }

    /// Whether a server where this is bad was not reached, or let nobody in.
    pub fn is_of_the_way(self) -> bool {
        matches!(
            self,
            Self::SshConfig | Self::Address | Self::Connection | Self::HostKey | Self::Login
        )
    }
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Well.
    Ok,
    /// A run may go well, and somebody should know.
    Warning,
    /// A run would fail there.
    Bad,
}

impl State {
    /// As it is shown, and in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

/// What to do about it: sentences without a full stop.
pub type Advice = Vec<String>;

/// What an amount is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Thousandths of a second.
    Milliseconds,
    /// Of 1,024 bytes.
    Kibibytes,
}

/// What one server alone has, where others have the same otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// Nothing.
    Nothing,
    /// Words.
    Text(String),
    /// A number; the text has `%` in its place.
    Amount(u64, Unit, &'static str),
}

/// What `--json` tells besides, by a name that stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// A string.
    Text(String),
    /// Several.
    Texts(Vec<String>),
    /// A number.
    Number(i64),
    /// True or false.
    Flag(bool),
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How it is.
    pub state: State,
    /// What was seen: the same words for servers where it is the same.
    pub detail: String,
    /// What goes with it, of this server alone.
    pub own: Own,
    /// For programs.
    pub facts: Vec<(&'static str, Fact)>,
    /// What to do now; for each finding that is not well.
    pub advice: Advice,
}

impl Finding {
    /// A finding without advice.
    pub fn new(check: Check, state: State, detail: impl Into<String>) -> Self {
        Self {
            check,
            state,
            detail: detail.into(),
            own: Own::Nothing,
            facts: Vec::new(),
            advice: Vec::new(),
        }
    }

    /// All is well.
    pub fn ok(check: Check, detail: impl Into<String>) -> Self {
        Self::new(check, State::Ok, detail)
    }

    /// A run may go well, and this is to be done.
    pub fn warning(check: Check, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(check, State::Warning, detail).advise(advice)
    }

    /// A run would fail, and this is to be done.
    pub fn bad(check: Check, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(check, State::Bad, detail).advise(advice)
    }

    /// With a further advice; an empty one, or one that is there, is none.
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        let advice = advice.into();
        if !advice.is_empty() && !self.advice.contains(&advice) {
            self.advice.push(advice);
        }
        self
    }

    /// With what is this server's own.
    pub fn own(self, own: Own) -> Self {
        Self { own, ..self }
    }

    /// With a fact for programs.
    pub fn fact(mut self, name: &'static str, fact: Fact) -> Self {
        self.facts.push((name, fact));
        self
    }

    /// With a string for programs.
    pub fn text(self, name: &'static str, text: impl Into<String>) -> Self {
        self.fact(name, Fact::Text(text.into()))
    }
}

/// Whose findings these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// This machine.
    Here,
    /// The recipe of this name.
    Recipe(String),
    /// A server, and the addresses that stand in what is told of it.
    Server(Server, Vec<String>),
}

/// Everything found about one subject, in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// Whose.
    pub subject: Subject,
    /// What.
    pub findings: Vec<Finding>,
}

impl Examination {
    /// The worst of its findings.
    pub fn state(&self) -> State {
        let states = self.findings.iter().map(|finding| finding.state);
        states.max().unwrap_or(State::Ok)
    }

    /// Whether it is of a server that was not reached, or let nobody in.
    pub fn is_out_of_reach(&self) -> bool {
        let is_of_the_way = |finding: &Finding| finding.state == State::Bad && finding.check.is_of_the_way();
        matches!(self.subject, Subject::Server(..)) && self.findings.iter().any(is_of_the_way)
    }
}
