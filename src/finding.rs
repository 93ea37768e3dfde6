//! The results of `capr doctor`. This is only data; `report` shows it.

use serde::Serialize;

use crate::configuration::Server;

/// The thing that is checked. The names are those in `--json`, and do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Check {
    /// The versions of capr and of its libraries.
    Version,
    /// The key exchanges of this build.
    KeyExchange,
    /// The ssh configuration, or its part for one server.
    SshConfig,
    /// An agent.
    Agent,
    /// A key file.
    KeyFile,
    /// A known-hosts file.
    KnownHosts,
    /// Programs on this machine that the recipe needs.
    Programs,
    /// The limits of this process.
    Limits,
    /// The recipe and its servers.
    Recipe,
    /// The recipe's settings for deploys.
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
    /// The login shell, and if commands run in it.
    Shell,
    /// The clock.
    Clock,
    /// Free space.
    Disk,
    /// Programs on the server.
    Tools,
    /// Sudo.
    Sudo,
    /// The directories of a deploy.
    DeployTo,
    /// The linked files.
    Linked,
    /// The current release, and deploys that were broken off.
    Release,
    /// The lock that keeps others from deploying.
    Lock,
    /// The repository, seen from the server.
    Repository,
}

impl Check {
    /// Returns the name in `--json`.
    pub(crate) fn name(self) -> &'static str {
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
            Self::Lock => "lock",
            Self::Repository => "repository",
        }
    }

    /// Returns true if a bad result of this check means that the server was not reached, or accepted no login.
    pub(crate) fn is_of_the_way(self) -> bool {
        matches!(
            self,
            Self::SshConfig | Self::Address | Self::Connection | Self::HostKey | Self::Login
        )
    }
}

/// The state of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum FindingState {
    /// It is well.
    Ok,
    /// A run may succeed, but somebody should know about this.
    Warning,
    /// A run would fail because of this.
    Bad,
}

impl FindingState {
    /// Returns the word that is shown, which is also the one in `--json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

/// Things to do now: sentences without a full stop.
pub(crate) type Advice = Vec<String>;

/// The unit of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Unit {
    /// Thousandths of a second.
    Milliseconds,
    /// Units of 1,024 bytes.
    Kibibytes,
}

/// The part of a finding that belongs to one server alone, while others have the rest in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// Nothing.
    Nothing,
    /// Words of its own.
    Text(String),
    /// A number; the detail has `%` in its place.
    Amount(u64, Unit, &'static str),
}

/// A value in `--json`, whose name does not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Fact {
    /// A string.
    Text(String),
    /// Several strings.
    Texts(Vec<String>),
    /// A number.
    Number(i64),
    /// True or false.
    Flag(bool),
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The thing that was checked.
    pub check: Check,
    /// Its state.
    pub state: FindingState,
    /// The words for what was seen, which are the same for all servers where it is the same.
    pub detail: String,
    /// The part that belongs to this server alone.
    pub own: Own,
    /// The facts for programs.
    pub facts: Vec<(&'static str, Fact)>,
    /// Things to do now, for each finding that is not well.
    pub advice: Advice,
}

impl Finding {
    /// Returns a finding without advice.
    pub(crate) fn new(check: Check, state: FindingState, detail: impl Into<String>) -> Self {
        Self {
            check,
            state,
            detail: detail.into(),
            own: Own::Nothing,
            facts: Vec::new(),
            advice: Vec::new(),
        }
    }

    /// Returns a finding that all is well.
    pub(crate) fn ok(check: Check, detail: impl Into<String>) -> Self {
        Self::new(check, FindingState::Ok, detail)
    }

    /// Returns a warning, with advice: a run may succeed all the same.
    pub(crate) fn warning(check: Check, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(check, FindingState::Warning, detail).advise(advice)
    }

    /// Returns a bad finding, with advice: a run would fail.
    pub(crate) fn bad(check: Check, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(check, FindingState::Bad, detail).advise(advice)
    }

    /// Adds advice, unless it is empty or already there.
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        let advice = advice.into();
        if !advice.is_empty() && !self.advice.contains(&advice) {
            self.advice.push(advice);
        }
        self
    }

    /// Sets the part that belongs to this server alone.
    pub(crate) fn own(self, own: Own) -> Self {
        Self { own, ..self }
    }

    /// Adds a fact for programs.
    pub(crate) fn fact(mut self, name: &'static str, fact: Fact) -> Self {
        self.facts.push((name, fact));
        self
    }

    /// Adds a string for programs.
    pub(crate) fn text(self, name: &'static str, text: impl Into<String>) -> Self {
        self.fact(name, Fact::Text(text.into()))
    }
}

/// The subject of an examination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// This machine.
    Here,
    /// The recipe of this name.
    Recipe(String),
    /// A server, and the addresses that appear in its findings.
    Server(Server, Vec<String>),
}

/// Everything found about one subject, in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Examination {
    /// The subject.
    pub subject: Subject,
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Examination {
    /// Returns the worst state of its findings.
    pub(crate) fn state(&self) -> FindingState {
        let states = self.findings.iter().map(|finding| finding.state);
        states.max().unwrap_or(FindingState::Ok)
    }

    /// Returns true if it is about a server that was not reached, or accepted no login.
    pub(crate) fn is_out_of_reach(&self) -> bool {
        let is_of_the_way = |finding: &Finding| finding.state == FindingState::Bad && finding.check.is_of_the_way();
        matches!(self.subject, Subject::Server(..)) && self.findings.iter().any(is_of_the_way)
    }
}
