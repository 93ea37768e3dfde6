//! The findings from a server's answers: shell, clock, disk, tools, sudo, and the needs of deploys.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::exit::Exit;
use crate::recipe::{Examined, without_credentials};

use super::lock::lock;
use super::login;
use super::needs::{Deploys, Needs};
use super::script::ScriptAnswers;
use super::visit::{Heard, Visit};
use crate::finding::{Check, Examination, Fact, Finding, FindingState, Own, Subject, Unit};
use crate::plan::quote;

/// The clock difference from which on a clock is bad, as in `deploy:check`: the clock of the machine that deploys names
/// releases, and the server's clock is used for certificates and logs.
const SECONDS_AWAY: u64 = 120;
/// The least free space in KiB, as in `deploy:check`.
const LEAST_FREE: u64 = 100 << 10;
/// The least number of free inodes.
const LEAST_FILES: u64 = 1000;

/// Returns all findings about one server.
pub(super) fn examination(visit: &Visit, needs: &Needs) -> Examination {
    let of = |examined: &&Examined| examined.destination.server == visit.server;
    let examined = needs.servers.iter().find(of);
    let policy = examined.and_then(|examined| examined.destination.options.verify_host_key);
    let mut findings = login::findings(visit, policy, &needs.call);
    if let Some(why) = &visit.unasked {
        let advice = "correct default_environment or default_run_options of the recipe";
        findings.push(Finding::bad(
            Check::Shell,
            format!("no command can be made for it: {why}"),
            advice,
        ));
    }
    if let Some(heard) = &visit.heard {
        let answers = ScriptAnswers::read(&heard.out);
        findings.extend(shell(heard, &answers));
        if answers.first("user").is_some() {
            findings.extend(clock(heard, &answers));
            findings.extend(disk(&answers));
            findings.extend(tools(&answers, needs));
            findings.extend(sudo(&answers, needs));
            let deploys = needs.deploys.as_ref().filter(|_| visit.parts.releases);
            if let Some(deploys) = deploys {
                findings.extend(of_deploys(&answers, deploys, &needs.call));
            }
            findings.extend(cut_off(heard, &answers));
        }
    }
    findings.extend(visit.repository.as_ref().map(repository));
    let addresses = visit.addresses.iter().map(ToString::to_string).collect();
    let findings = findings.into_iter().map(|finding| Finding {
        detail: without_credentials(&finding.detail),
        ..finding
    });
    Examination {
        subject: Subject::Server(visit.server.clone(), addresses),
        findings: findings.collect(),
    }
}

/// Returns the last line that is not empty.
fn last_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(200).collect())
}

fn shell(heard: &Heard, answers: &ScriptAnswers) -> Option<Finding> {
    let shell = answers.first("shell").unwrap_or("unknown");
    if answers.first("user").is_some() {
        let finding = Finding::ok(Check::Shell, shell);
        return Some(match answers.first("system") {
            Some(system) => finding.own(Own::Text(system.to_owned())).text("system", system),
            None => finding,
        });
    }
    let how = match &heard.exit {
        Some(Exit::TimedOut(after)) => format!("no answer to a command within {} s", after.as_secs()),
        Some(Exit::Status(0)) | None => "commands do not run".to_owned(),
        Some(exit) => format!("commands do not run: {exit}"),
    };
    let said = last_line(&heard.before)
        .or_else(|| last_line(&heard.err))
        .or_else(|| last_line(&heard.out));
    let said = said.map_or_else(String::new, |said| format!("; it said: {said}"));
    let advice = match &heard.exit {
        Some(Exit::TimedOut(_)) => {
            "see what its login shell waits for: its profile files, a home directory on a server that is away"
        }
        _ => {
            "give the account a login shell that runs commands (chsh -s /bin/sh), and see what its profile files and a ForceCommand do"
        }
    };
    Some(Finding::bad(Check::Shell, format!("{how}{said}"), advice))
}

fn clock(heard: &Heard, answers: &ScriptAnswers) -> Option<Finding> {
    let there: i64 = answers.first("clock")?.parse().ok()?;
    let here = heard
        .began
        .unwrap_or_else(SystemTime::now)
        .duration_since(UNIX_EPOCH)
        .ok()?;
    let away = there.saturating_sub(i64::try_from(here.as_secs()).ok()?);
    // The server can answer any number, and `abs` of the least one would overflow.
    let by = away.unsigned_abs();
    let finding = if by < SECONDS_AWAY {
        let detail = if by <= 2 {
            "as here".to_owned()
        } else {
            format!("less than {SECONDS_AWAY} s away")
        };
        Finding::ok(Check::Clock, detail)
    } else {
        let behind = if away < 0 { "behind" } else { "ahead of" };
        Finding::bad(
            Check::Clock,
            format!("it is {by} s {behind} this machine's"),
            "set it, and have it kept right: timedatectl set-ntp true; or this machine's is wrong",
        )
    };
    Some(finding.fact("seconds_away", Fact::Number(away)))
}

fn disk(answers: &ScriptAnswers) -> Option<Finding> {
    let (free, files) = answers.room();
    let free = free?;
    let place = answers.first("at").unwrap_or("/").to_owned();
    // The place is the server's answer, and a person may paste the advice into a shell.
    let quoted = quote(&place).into_owned();
    let finding = if let Some(sentence) = answers.first("bad space") {
        let advice = format!("make room there: df {quoted}, df -i {quoted}; cleanup removes old releases");
        Finding::bad(Check::Disk, sentence, advice)
    } else if answers.is_done("needs") && answers.all("bad deploy_to").is_empty() {
        Finding::ok(Check::Disk, format!("free in {place}"))
    } else if free < LEAST_FREE || files.is_some_and(|files| files < LEAST_FILES) {
        let advice = format!("make room there: df {quoted}, df -i {quoted}");
        Finding::bad(Check::Disk, format!("little is free in {place}"), advice)
    } else {
        Finding::ok(Check::Disk, format!("free in {place}"))
    };
    let number = |number: u64| Fact::Number(i64::try_from(number).unwrap_or(i64::MAX));
    let finding = finding
        .own(Own::Amount(free, Unit::Kibibytes, "%"))
        .text("at", place)
        .fact("free_kib", number(free));
    Some(match files {
        Some(files) => finding.fact("free_inodes", number(files)),
        None => finding,
    })
}

fn tools(answers: &ScriptAnswers, needs: &Needs) -> Option<Finding> {
    let (has, lacks) = (answers.all("has"), answers.all("lacks"));
    if has.is_empty() && lacks.is_empty() {
        return None;
    }
    let facts = |finding: Finding| {
        let finding = finding.fact("missing", Fact::Texts(lacks.to_vec()));
        match answers.first("scm") {
            Some(version) => finding.own(Own::Text(version.to_owned())).text("scm", version),
            None => finding,
        }
    };
    if lacks.is_empty() {
        let detail = match has
            .iter()
            .filter(|tool| !super::script::is_basic(tool))
            .cloned()
            .collect::<Vec<_>>()
        {
            some if some.is_empty() => "all that the library calls".to_owned(),
            some => some.join(", "),
        };
        return Some(facts(Finding::ok(Check::Tools, detail)));
    }
    let of_shell = needs.shell.as_deref().and_then(|shell| shell.split_whitespace().next());
    let mut advice = format!(
        "install {} there, or add the directory to PATH: default_environment[\"PATH\"] = \"/opt/bin:$PATH\"",
        lacks.join(", ")
    );
    if lacks.iter().any(|tool| Some(tool.as_str()) == of_shell) {
        advice.push_str("; default_shell names a shell that is there");
    }
    Some(facts(Finding::bad(
        Check::Tools,
        format!("missing: {}", lacks.join(", ")),
        advice,
    )))
}

fn sudo(answers: &ScriptAnswers, needs: &Needs) -> Option<Finding> {
    let program = needs.sudo.as_deref()?;
    let (status, said) = answers.sudo()?;
    let said = said.trim_start_matches("sudo: ");
    Some(match status {
        0 => Finding::ok(Check::Sudo, "without a password").fact("asks", Fact::Flag(false)),
        _ if said.contains("password is required") || said.contains("authentication is required") => Finding::warning(
            Check::Sudo,
            "asks for a password; whether it then allows what is wanted was not tried",
            "a run asks for it once (capr -p at its beginning); where nobody can be asked, allow it without: NOPASSWD in sudoers",
        )
        .fact("asks", Fact::Flag(true)),
        126 | 127 => Finding::bad(
            Check::Sudo,
            format!("{program} is not there, and the recipe uses it"),
            "install it there, or name it: set :sudo, \"/usr/local/bin/sudo\"",
        ),
        _ => Finding::bad(
            Check::Sudo,
            format!("is refused: {said}"),
            "let this account use sudo there: visudo; or log in as another one: set :user",
        ),
    })
}

/// Returns the findings of the library's own scripts: one for each of their `bad` answers.
fn of_deploys(answers: &ScriptAnswers, deploys: &Deploys, call: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let place = deploys.deploy_to.clone().unwrap_or_default();
    let wrong = |about: &str| answers.all(&format!("bad {about}"));
    let sentences = |check, about: &str, findings: &mut Vec<Finding>| {
        for sentence in wrong(about) {
            let finding = of_sentence(check, sentence, call);
            // Findings with the same advice become one.
            match findings
                .iter_mut()
                .find(|other| other.check == check && other.advice == finding.advice)
            {
                Some(other) => other.detail = format!("{}; {}", other.detail, finding.detail),
                None => findings.push(finding),
            }
        }
    };
    if deploys.needs_script.is_some() {
        let is_done = answers.is_done("needs");
        if is_done && wrong("deploy_to").is_empty() && wrong("current").is_empty() {
            findings.push(Finding::ok(Check::DeployTo, format!("{place} can be written")));
        }
        sentences(Check::DeployTo, "deploy_to", &mut findings);
        sentences(Check::DeployTo, "current", &mut findings);
        if is_done && wrong("linked").is_empty() && deploys.linked_files > 0 {
            let detail = format!("{} there", counted(deploys.linked_files));
            findings.push(Finding::ok(Check::Linked, detail));
        }
        sentences(Check::Linked, "linked", &mut findings);
    }
    findings.extend(wrong("depend").iter().map(|sentence| {
        let advice = "the recipe asks for it with depend: see to it there";
        Finding::bad(Check::Tools, sentence.as_str(), advice)
    }));
    let lock = lock(answers, call);
    let is_locked = lock.as_ref().is_some_and(|lock| lock.state != FindingState::Ok);
    findings.extend(answers.first("release").map(|said| release(said, is_locked, call)));
    findings.extend(lock);
    findings
}

fn counted(files: usize) -> String {
    match files {
        1 => "1 file is".to_owned(),
        files => format!("{files} files are"),
    }
}

/// Returns the finding for a sentence of the library, which ends in a colon and advice. If it ends in a list of paths instead,
/// the usual advice is given.
fn of_sentence(check: Check, sentence: &str, call: &str) -> Finding {
    let usual = match check {
        Check::Linked => "put them there once, for all releases: with scp, or by a task with upload",
        _ => "see what is there, and move it away",
    };
    match sentence
        .rsplit_once(": ")
        .filter(|(_, advice)| !advice.starts_with('/'))
    {
        Some((what, advice)) => {
            let setup = format!("{call} setup makes what a deploy needs");
            Finding::bad(check, what, advice.replace("do setup first", &setup))
        }
        // The advice says it already.
        None => Finding::bad(check, sentence.replace(", put them there first", ""), usual),
    }
}

/// Returns the finding about the current release, from the words of `deploy:status`. On a server that is locked, the advice about the
/// lock is the one that helps.
fn release(said: &str, is_locked: bool, call: &str) -> Finding {
    let mut words = said.splitn(4, ' ');
    let mut word = || words.next().unwrap_or_default().trim();
    let (name, revision, person, note) = (word(), word(), word(), word());
    if name == "-" || name.is_empty() {
        return Finding::ok(Check::Release, "nothing was deployed yet");
    }
    let by = match person {
        "" | "-" => String::new(),
        person => format!(" by {person}"),
    };
    let of = match revision {
        "" | "-" => String::new(),
        revision => format!(", revision {revision}"),
    };
    let finding = match note {
        "" => Finding::ok(Check::Release, format!("{name} is current{of}{by}")),
        note => Finding::warning(
            Check::Release,
            format!("{name} is current{of}{by}; a run was broken off: {note}"),
            match note.contains("rollback") {
                _ if is_locked => format!("see the lock; {call} deploy:releases shows what is there"),
                true => format!("rollback again finishes it: {call} rollback"),
                false => format!(
                    "deploy again; {call} deploy:releases shows what is there, cleanup removes what is not complete"
                ),
            },
        )
        .text("note", note),
    };
    finding
        .text("release", name)
        .text("revision", revision)
        .text("by", person)
}

/// Returns a finding if the script did not come to its end.
fn cut_off(heard: &Heard, answers: &ScriptAnswers) -> Option<Finding> {
    if answers.is_done("all") {
        return None;
    }
    let (check, what) = match answers.step() {
        Some("disk") => (Check::Disk, "the free space cannot be told"),
        Some("deploy_to") => (Check::DeployTo, "the directories of deploys do not answer"),
        Some("release") => (Check::Release, "what is current cannot be told"),
        Some("lock") => (Check::Lock, "it cannot be told whose lock it is"),
        Some("depend") => (Check::Tools, "what the recipe asks for with depend does not answer"),
        Some("sudo") => (Check::Sudo, "sudo does not answer"),
        _ => (Check::Shell, "it does not say all that it is asked"),
    };
    let exit = heard.exit.as_ref().map_or_else(String::new, |exit| format!(": {exit}"));
    let advice = "see what holds it up there: a file system of a server that is away, a name that is looked up";
    Some(Finding::bad(check, format!("{what}{exit}"), advice))
}

fn repository(heard: &Heard) -> Finding {
    let answers = ScriptAnswers::read(&heard.out);
    let reason = last_line(&heard.err);
    let why = |detail: &str| match &reason {
        Some(reason) => format!("{detail}: {}", without_credentials(reason)),
        None => detail.to_owned(),
    };
    let advice = "try it there: git ls-remote, or svn info; a key or a password for it, its host key in known_hosts, a proxy or a firewall";
    if answers.is_done("repository") && answers.all("bad repository").is_empty() {
        return Finding::ok(Check::Repository, "can be read from there");
    }
    match &heard.exit {
        Some(Exit::TimedOut(after)) => Finding::bad(
            Check::Repository,
            format!("no answer within {} s", after.as_secs()),
            advice,
        ),
        _ if answers.is_done("repository") => Finding::bad(
            Check::Repository,
            why("cannot be read from there, or has no such revision"),
            advice,
        ),
        exit => {
            let exit = exit.as_ref().map_or_else(String::new, |exit| format!(" ({exit})"));
            Finding::new(
                Check::Repository,
                FindingState::Bad,
                why(&format!("cannot be looked at{exit}")),
            )
            .advise(advice)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{FindingState, Heard, ScriptAnswers, clock, disk, release};

    #[test]
    fn where_a_lock_is_left_too_nobody_is_told_to_deploy_again() {
        let said = "20260102030405 19bf03d ann 20260102040506 is not complete";
        let advice = |is_locked| release(said, is_locked, "capr").advice.join("; ");
        assert!(advice(false).starts_with("deploy again; "), "{}", advice(false));
        assert!(advice(true).starts_with("see the lock; "), "{}", advice(true));
    }

    #[test]
    fn a_server_may_tell_any_time_and_any_place() {
        for time in ["-9223372036854775808", "9223372036854775807", "0"] {
            let answers = ScriptAnswers::read(format!("clock\t{time}\n").as_bytes());
            assert_eq!(
                clock(&Heard::default(), &answers).unwrap().state,
                FindingState::Bad,
                "{time}"
            );
        }
        let full = disk(&ScriptAnswers::read(b"room\t1\nat\t/x; rm -rf y\n")).unwrap();
        let advice = format!("{:?}", full.advice);
        assert!(advice.contains("df '/x; rm -rf y', df -i '/x; rm -rf y'"), "{advice}");
    }
}
