//! The findings about this machine.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::listed::{and_more, counted};
use crate::session::ssh::{AgentKey, FileKey, KnownHostsFile, Survey};

use super::login::is_post_quantum;
use crate::finding::{Check, Examination, Fact, Finding, FindingState, Subject};
use crate::io_error::plain;

/// The most open files that a server needs.
const FILES_PER_SERVER: u64 = 4;
/// The number of other files that capr has open.
const OTHER_FILES: u64 = 50;
/// The number of lines of a known-hosts file that are named.
const LINES_SHOWN: usize = 5;

/// The facts about this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Circumstances {
    /// The home directory.
    pub home: Option<PathBuf>,
    /// The most files that may be open at once; `None` if there is no limit.
    pub open_files: Option<u64>,
    /// The number of servers that are to be looked at.
    pub servers: usize,
}

/// Returns the findings about this machine.
pub(crate) fn here(survey: &Survey, circumstances: &Circumstances) -> Examination {
    let shown = |file: &Path| {
        let home = circumstances.home.as_deref();
        match home.and_then(|home| file.strip_prefix(home).ok()) {
            Some(rest) => format!("~/{}", rest.display()),
            None => file.display().to_string(),
        }
    };
    let mut findings = vec![version(survey)];
    findings.extend(key_exchange(survey));
    findings.extend(ssh_config(survey, &shown));
    findings.extend(agents(survey, &shown));
    let held: Vec<&AgentKey> = survey.agents.values().flatten().flatten().collect();
    findings.extend(
        survey
            .keys
            .iter()
            .map(|(file, key)| key_file(&shown(file), key.as_ref())),
    );
    findings.extend(nothing_to_log_in_with(survey, &held));
    findings.extend(known_hosts(&survey.known_hosts, &shown));
    findings.extend(limits(circumstances));
    if survey.left_out > 0 {
        let detail = format!(
            "{} were not looked up, which took too long",
            counted(survey.left_out, "server")
        );
        let advice = "see which program of the ssh configuration is slow: Match exec, KnownHostsCommand";
        findings.push(Finding::warning(Check::SshConfig, detail, advice));
    }
    let subject = Subject::Here;
    Examination { subject, findings }
}

fn version(survey: &Survey) -> Finding {
    let capr = env!("CARGO_PKG_VERSION");
    let (libssh2, cryptography) = (&survey.libssh2, &survey.cryptography);
    Finding::ok(
        Check::Version,
        format!("capr {capr}, libssh2 {libssh2}, {cryptography}"),
    )
    .text("capr", capr)
    .text("libssh2", libssh2.as_str())
    .text("cryptography", cryptography.as_str())
}

fn key_exchange(survey: &Survey) -> Option<Finding> {
    let best = survey.key_exchanges.first()?;
    let quantum = survey.key_exchanges.iter().find(|name| is_post_quantum(name));
    let finding = match quantum {
        Some(quantum) => Finding::ok(Check::KeyExchange, quantum.as_str()),
        None => Finding::warning(
            Check::KeyExchange,
            format!("{best} at best, which a quantum computer could break"),
            "use a capr that is built with OpenSSL 3.5 or newer, as the feature `vendored' brings it",
        ),
    };
    Some(finding.fact("key_exchanges", Fact::Texts(survey.key_exchanges.clone())))
}

fn ssh_config(survey: &Survey, shown: &dyn Fn(&Path) -> String) -> Vec<Finding> {
    let files: Vec<String> = survey.config.iter().map(|file| shown(file)).collect();
    let fact = |finding: Finding| finding.fact("files", Fact::Texts(files.clone()));
    let wrong = survey.troubles.iter().map(|trouble| {
        let advice = "correct it; capr connects to no server for which it cannot be understood";
        fact(Finding::bad(Check::SshConfig, trouble.as_str(), advice))
    });
    let wrong: Vec<Finding> = wrong.collect();
    match (wrong.is_empty(), files.as_slice()) {
        (false, _) => wrong,
        (true, []) => vec![fact(Finding::ok(
            Check::SshConfig,
            "no file, so the defaults of ssh hold",
        ))],
        (true, named) => vec![fact(Finding::ok(Check::SshConfig, named.join(", ")))],
    }
}

fn agents(survey: &Survey, shown: &dyn Fn(&Path) -> String) -> Vec<Finding> {
    if survey.agents.is_empty() {
        let detail = "none: SSH_AUTH_SOCK is not set, and the ssh configuration names none";
        return vec![Finding::ok(Check::Agent, detail).fact("reachable", Fact::Flag(false))];
    }
    let of = |(socket, keys): (&PathBuf, &Result<Vec<AgentKey>, Arc<io::Error>>)| {
        let socket = shown(socket);
        match keys {
            Err(why) => Finding::warning(
                Check::Agent,
                format!("{socket}: {}", plain(why)),
                "start one (eval \"$(ssh-agent)\"; ssh-add), or say that there is none: unset SSH_AUTH_SOCK",
            )
            .fact("reachable", Fact::Flag(false)),
            Ok(keys) => {
                let types: Vec<String> = keys.iter().map(|key| key.key_type.clone()).collect();
                let detail = match types.as_slice() {
                    [] => format!("{socket} holds no key"),
                    types => format!("{socket} holds {}: {}", counted(types.len(), "key"), types.join(", ")),
                };
                Finding::ok(Check::Agent, detail)
                    .fact("reachable", Fact::Flag(true))
                    .fact("key_types", Fact::Texts(types))
            }
        }
        .text("socket", socket)
    };
    survey.agents.iter().map(of).collect()
}

fn key_file(file: &str, key: Option<&FileKey>) -> Finding {
    let finding = match key {
        None => Finding::warning(
            Check::KeyFile,
            format!("{file} is named, and not there"),
            "put the key there, or do not name it: ssh_options.keys of the recipe, IdentityFile of the ssh configuration",
        ),
        Some(FileKey::Private {
            key_type,
            is_encrypted,
            mode,
        }) => {
            let key_type = if key_type.is_empty() { "private key" } else { key_type };
            let locked = match is_encrypted {
                true => format!(", encrypted: its passphrase is asked for, or once by ssh-add {file}"),
                false => String::new(),
            };
            Finding::ok(
                Check::KeyFile,
                format!("{file} is of type {key_type}, mode {mode:04o}{locked}"),
            )
            .text("key_type", key_type)
            .text("mode", format!("{mode:04o}"))
            .fact("encrypted", Fact::Flag(*is_encrypted))
        }
        Some(FileKey::Public) => Finding::ok(
            Check::KeyFile,
            format!("{file} is a public half, for a key of the agent"),
        ),
        Some(FileKey::TooOpen(mode)) => Finding::bad(
            Check::KeyFile,
            format!("{file} has mode {mode:04o}, so that others can use it, and is not used"),
            format!("chmod 600 {file}"),
        )
        .text("mode", format!("{mode:04o}")),
        Some(FileKey::Unusable(why)) => Finding::warning(
            Check::KeyFile,
            format!("{file} cannot be used: {why}"),
            "see what it is: ssh-keygen -y -f shows the public half of a private key",
        ),
    };
    finding.text("file", file)
}

fn nothing_to_log_in_with(survey: &Survey, held: &[&AgentKey]) -> Option<Finding> {
    let is_usable = |key: &Option<FileKey>| matches!(key, Some(FileKey::Private { .. }));
    if !held.is_empty() || survey.keys.values().any(is_usable) {
        return None;
    }
    Some(Finding::warning(
        Check::KeyFile,
        "there is no key to log in with, in no file and no agent",
        "make one: ssh-keygen -t ed25519; then put its public half on the servers: ssh-copy-id",
    ))
}

fn known_hosts(files: &IndexMap<PathBuf, KnownHostsFile>, shown: &dyn Fn(&Path) -> String) -> Vec<Finding> {
    if files.is_empty() {
        return vec![Finding::ok(Check::KnownHosts, "no file yet; the first run makes one")];
    }
    let of = |(file, found): (&PathBuf, &KnownHostsFile)| {
        let file = shown(file);
        match found {
            KnownHostsFile::Unreadable(why) => Finding::warning(
                Check::KnownHosts,
                format!("{file} cannot be read: {why}"),
                "see that it is a file that you may read, or name another one: UserKnownHostsFile",
            ),
            KnownHostsFile::Read { keys, passed_over } => {
                let facts = |finding: Finding| {
                    let lines = passed_over.iter().map(|(line, why)| format!("{line}: {why}"));
                    finding
                        .fact("keys", Fact::Number(i64::try_from(*keys).unwrap_or(i64::MAX)))
                        .fact("passed_over", Fact::Texts(lines.collect()))
                };
                let has = format!("{file} has {}", counted(*keys, "key"));
                let named: Vec<String> = passed_over
                    .iter()
                    .take(LINES_SHOWN)
                    .map(|(line, why)| format!("line {line}: {why}"))
                    .collect();
                let more = and_more(passed_over.len() - named.len(), "line");
                facts(match named.as_slice() {
                    [] => Finding::ok(Check::KnownHosts, has),
                    named => Finding::warning(
                        Check::KnownHosts,
                        format!("{has}; passed over are {}{more}", named.join("; ")),
                        format!("correct or remove these lines of {file}; whose keys they were is not known"),
                    ),
                })
            }
        }
        .text("file", file)
    };
    files.iter().map(of).collect()
}

/// Returns the finding about the limit of open files, of which each server needs a few.
fn limits(circumstances: &Circumstances) -> Option<Finding> {
    let limit = circumstances.open_files?;
    let needed = u64::try_from(circumstances.servers).ok()? * FILES_PER_SERVER + OTHER_FILES;
    let finding = if limit < needed {
        Finding::new(
            Check::Limits,
            FindingState::Warning,
            format!(
                "{limit} open files, and {} may need {needed}",
                counted(circumstances.servers, "server")
            ),
        )
        .advise("raise the hard limit: ulimit -Hn, /etc/security/limits.conf, LimitNOFILE of a service")
    } else {
        return None;
    };
    Some(finding.fact("open_files", Fact::Number(i64::try_from(limit).unwrap_or(i64::MAX))))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::{Circumstances, here};
    use crate::finding::{Check, Finding, FindingState};
    use crate::session::ssh::{AgentKey, FileKey, KnownHostsFile, Survey};

    fn found(survey: &Survey, circumstances: &Circumstances, check: Check) -> Vec<Finding> {
        let all = here(survey, circumstances).findings;
        all.into_iter().filter(|finding| finding.check == check).collect()
    }

    fn states(findings: &[Finding]) -> Vec<FindingState> {
        findings.iter().map(|finding| finding.state).collect()
    }

    #[test]
    fn what_is_not_well_says_what_to_do() {
        let mut survey = Survey {
            troubles: ["/h/.ssh/config:3: what".to_owned()].into(),
            key_exchanges: vec!["curve25519-sha256".to_owned()],
            ..Survey::default()
        };
        survey.agents.insert(
            "/run/agent".into(),
            Err(std::sync::Arc::new(std::io::Error::other("no such file"))),
        );
        survey.keys.insert("/h/.ssh/a".into(), Some(FileKey::TooOpen(0o644)));
        survey.keys.insert("/h/.ssh/b".into(), None);
        let passed_over = (1..8).map(|line| (line, "it has no key")).collect();
        survey.known_hosts.insert(
            "/h/.ssh/known_hosts".into(),
            KnownHostsFile::Read { keys: 1, passed_over },
        );
        let circumstances = Circumstances {
            home: Some("/h".into()),
            open_files: Some(1024),
            servers: 400,
        };
        let all = here(&survey, &circumstances).findings;
        let silent: Vec<&Finding> = all
            .iter()
            .filter(|finding| (finding.state == FindingState::Ok) != finding.advice.is_empty())
            .collect();
        assert!(silent.is_empty(), "{silent:?}");
        let of = |check| states(&found(&survey, &circumstances, check));
        assert_eq!(of(Check::SshConfig), [FindingState::Bad]);
        assert_eq!(of(Check::Agent), [FindingState::Warning]);
        assert_eq!(
            of(Check::KeyFile),
            [FindingState::Bad, FindingState::Warning, FindingState::Warning]
        );
        assert_eq!(of(Check::KnownHosts), [FindingState::Warning]);
        assert_eq!(of(Check::Limits), [FindingState::Warning]);
        let told = &found(&survey, &circumstances, Check::KnownHosts)[0].detail;
        assert!(
            told.starts_with("~/.ssh/known_hosts has 1 key; passed over are line 1"),
            "{told}"
        );
        assert!(told.ends_with("and 2 more lines"), "{told}");
    }

    #[test]
    fn a_key_of_the_agent_is_enough() {
        let mut survey = Survey::default();
        let key = AgentKey {
            key_type: "ssh-ed25519".to_owned(),
            comment: "me@home".to_owned(),
            blob: Vec::new(),
        };
        survey.agents.insert("/run/agent".into(), Ok(vec![key]));
        let circumstances = Circumstances::default();
        assert_eq!(found(&survey, &circumstances, Check::KeyFile), []);
        let agent = &found(&survey, &circumstances, Check::Agent)[0];
        assert_eq!(agent.detail, "/run/agent holds 1 key: ssh-ed25519");
    }
}
