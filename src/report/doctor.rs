//! The findings of `capr doctor`, for standard output: one block for each subject, and one for all servers that are the same.

use serde::{Serialize, Serializer};

use crate::configuration::Server;
use crate::finding::{Examination, Fact, Finding, FindingState, Own, Subject, Unit};
use crate::listed::{counted, listed};
use crate::sort;

use super::clean::Cleaner;
use super::json::Json;
use super::palette::{Label, Look};
use super::text::{size, wrap};

/// The most servers of a block that are named, unless all are wanted.
const NAMED: usize = 12;
/// The least width of the findings, however narrow the terminal is.
const LEAST_COLUMNS: usize = 40;

/// The form in which findings are printed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FindingForm {
    /// An object on a line for each.
    Json,
    /// Blocks for a person; equal findings of many servers are counted.
    Blocks,
    /// Blocks for a person, with the names of all servers.
    AllServers,
}

/// The way in which findings are shown.
#[derive(Clone, Copy)]
pub(super) struct FindingStyle {
    /// The look, of which only the colours are used.
    pub(super) look: Look,
    /// The width to which lines are filled.
    pub(super) columns: Option<usize>,
    /// True if all servers are named.
    pub(super) all: bool,
}

/// Returns blocks of whole lines; those with a bad finding are last.
pub(super) fn blocks(examinations: &[Examination], cleaner: &Cleaner, shown: FindingStyle) -> String {
    let mut groups: Vec<Vec<&Examination>> = Vec::new();
    let mut keys: Vec<String> = Vec::new();
    for examination in examinations {
        let key = key(examination);
        match keys.iter().position(|other| *other == key) {
            Some(at) => groups.get_mut(at).into_iter().for_each(|group| group.push(examination)),
            None => {
                keys.push(key);
                groups.push(vec![examination]);
            }
        }
    }
    sort::by_key(&mut groups, |group| group.first().map(|first| first.state()));
    let blocks: Vec<String> = groups.iter().map(|group| block(group, cleaner, shown)).collect();
    blocks.join("\n")
}

/// Returns the last line: the number of servers in each state.
pub(super) fn summary(examinations: &[Examination]) -> String {
    let of = |state: FindingState, is_server: bool| {
        let counted = examinations
            .iter()
            .filter(|examination| matches!(examination.subject, Subject::Server(..)) == is_server);
        counted.filter(|examination| examination.state() == state).count()
    };
    let servers = [FindingState::Ok, FindingState::Warning, FindingState::Bad].map(|state| of(state, true));
    let total: usize = servers.iter().sum();
    let here = match (of(FindingState::Bad, false), of(FindingState::Warning, false)) {
        (0, 0) => "all is well on this machine",
        (0, _) => "there are warnings about this machine or the recipe",
        _ => "something is bad on this machine or in the recipe",
    };
    if total == 0 {
        return format!("{here}\n");
    }
    let [well, warned, bad] = servers;
    let unreached = examinations.iter().filter(|one| one.is_out_of_reach()).count();
    let mut parts = vec![format!("{well} well")];
    if warned > 0 {
        parts.push(format!("{warned} with warnings"));
    }
    if bad > 0 {
        parts.push(match unreached {
            0 => format!("{bad} bad"),
            _ => format!("{bad} bad, of which {unreached} not reached"),
        });
    }
    format!("{}: {}; {here}\n", counted(total, "server"), parts.join(", "))
}

/// Returns one JSON object per line for each finding.
pub(super) fn findings_json(examinations: &[Examination], json: &Json) -> String {
    let lines = examinations.iter().flat_map(|examination| {
        let findings = examination.findings.iter();
        findings.map(|finding| json.line(&Line::of(&examination.subject, finding)))
    });
    lines.collect()
}

/// Returns the last JSON object.
pub(super) fn summary_json(examinations: &[Examination], json: &Json) -> String {
    let findings = || examinations.iter().flat_map(|examination| &examination.findings);
    let of = |state: FindingState| findings().filter(|finding| finding.state == state).count();
    let is_server = |examination: &&Examination| matches!(examination.subject, Subject::Server(..));
    json.line(&Whole {
        servers: examinations.iter().filter(is_server).count(),
        unreached: examinations.iter().filter(|one| one.is_out_of_reach()).count(),
        ok: of(FindingState::Ok),
        warning: of(FindingState::Warning),
        bad: of(FindingState::Bad),
    })
}

/// A finding in JSON.
#[derive(Serialize)]
#[serde(tag = "type", rename = "finding")]
struct Line<'a> {
    of: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipe: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    check: &'static str,
    state: &'static str,
    detail: &'a str,
    advice: &'a [String],
    #[serde(serialize_with = "as_map")]
    facts: &'a [(&'static str, Fact)],
}

impl<'a> Line<'a> {
    fn of(subject: &'a Subject, finding: &'a Finding) -> Self {
        let (of, recipe, server) = match subject {
            Subject::Here => ("here", None, None),
            Subject::Recipe(name) => ("recipe", Some(name.as_str()), None),
            Subject::Server(server, _) => ("server", None, Some(server.to_string())),
        };
        Self {
            of,
            recipe,
            server,
            check: finding.check.name(),
            state: finding.state.name(),
            detail: &finding.detail,
            advice: &finding.advice,
            facts: &finding.facts,
        }
    }
}

fn as_map<S: Serializer>(facts: &&[(&'static str, Fact)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(facts.iter().map(|(name, fact)| (name, fact)))
}

/// The numbers of all findings.
#[derive(Serialize)]
#[serde(tag = "type", rename = "doctor")]
struct Whole {
    servers: usize,
    unreached: usize,
    ok: usize,
    warning: usize,
    bad: usize,
}

/// Returns a key that is the same for all servers of a block.
fn key(examination: &Examination) -> String {
    let subject = match &examination.subject {
        Subject::Here => "here".to_owned(),
        Subject::Recipe(name) => format!("recipe {name}"),
        Subject::Server(..) => "server".to_owned(),
    };
    let findings = examination.findings.iter().map(|finding| {
        let detail = general(&finding.detail, &examination.subject);
        let advice: Vec<String> = finding
            .advice
            .iter()
            .map(|advice| general(advice, &examination.subject))
            .collect();
        format!("\n{:?} {:?} {detail:?} {advice:?}", finding.check, finding.state)
    });
    subject + findings.collect::<String>().as_str()
}

/// Returns a string without the server's own name and addresses.
fn general(text: &str, subject: &Subject) -> String {
    let Subject::Server(server, addresses) = subject else {
        return text.to_owned();
    };
    let names = [server.to_string(), bracketed(server), server.host.clone()];
    let text = names
        .iter()
        .fold(text.to_owned(), |text, name| without(&text, name, "SERVER"));
    addresses
        .iter()
        .fold(text, |text, address| without(&text, address, "ADDRESS"))
}

fn bracketed(server: &Server) -> String {
    format!("[{}]", server.host)
}

/// Returns the string with `word` in place of `name`, where that is not a part of a longer name.
fn without(text: &str, name: &str, word: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/');
    let mut general = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name).filter(|_| !name.is_empty()) {
        let (before, found) = rest.split_at(at);
        let after = found.get(name.len()..).unwrap_or_default();
        let stands_alone = !before.ends_with(is_part) && !after.starts_with(is_part);
        general.push_str(before);
        general.push_str(if stands_alone { word } else { name });
        rest = after;
    }
    general.push_str(rest);
    general
}

fn block(group: &[&Examination], cleaner: &Cleaner, shown: FindingStyle) -> String {
    let Some(first) = group.first() else {
        return String::new();
    };
    let mut text = title(group, cleaner, shown);
    text.push('\n');
    let label = |finding: &Finding| finding.check.name().replace('_', " ");
    let width = first
        .findings
        .iter()
        .map(|finding| label(finding).len())
        .max()
        .unwrap_or(0);
    let indent = 2 + 9 + width + 2;
    let room = shown
        .columns
        .map(|columns| columns.saturating_sub(indent).max(LEAST_COLUMNS));
    for (index, finding) in first.findings.iter().enumerate() {
        let all: Vec<&Finding> = group.iter().filter_map(|one| one.findings.get(index)).collect();
        let (name, style) = (
            finding.state.name(),
            match finding.state {
                FindingState::Ok => Label::Good,
                FindingState::Warning => Label::Notice,
                FindingState::Bad => Label::Bad,
            },
        );
        let blank = " ".repeat(9 - name.len());
        let mut lines = filled(&cleaner.line(&detail(&all, &first.subject)), room).into_iter();
        let line = lines.next().unwrap_or_default();
        let name = shown.look.paint(style, name);
        text.push_str(&format!("  {name}{blank}{:width$}  {line}\n", label(finding)));
        for line in lines {
            text.push_str(&format!("{}{line}\n", " ".repeat(indent)));
        }
        for advice in &finding.advice {
            let advice = match group.len() {
                1 => advice.clone(),
                _ => general(advice, &first.subject),
            };
            let room = room.map(|room| room.saturating_sub(2));
            let mut mark = "→ ";
            for line in filled(&cleaner.line(&advice), room) {
                text.push_str(&format!("{}{mark}{line}\n", " ".repeat(indent)));
                mark = "  ";
            }
        }
    }
    text
}

fn title(group: &[&Examination], cleaner: &Cleaner, shown: FindingStyle) -> String {
    let names: Vec<String> = group
        .iter()
        .map(|one| match &one.subject {
            Subject::Here => "this machine".to_owned(),
            Subject::Recipe(name) => cleaner.line(name),
            Subject::Server(server, _) => server.to_string(),
        })
        .collect();
    if let [name] = names.as_slice() {
        return shown.look.paint(Label::Host, name);
    }
    let limit = if shown.all { names.len() } else { NAMED };
    let rest = if names.len() > limit { " (-v names them)" } else { "" };
    let servers = shown.look.paint(Label::Host, &counted(names.len(), "server"));
    let lines = filled(
        &format!("{}{rest}", listed(&names, limit)),
        shown
            .columns
            .map(|columns| columns.saturating_sub(2).max(LEAST_COLUMNS)),
    );
    format!("{servers}\n  {}", lines.join("\n  "))
}

/// Returns the detail of findings that are the same, with each server's own part if it can be stated for all of them.
fn detail(all: &[&Finding], subject: &Subject) -> String {
    let Some(first) = all.first() else {
        return String::new();
    };
    let detail = match all.len() {
        1 => first.detail.clone(),
        _ => general(&first.detail, subject),
    };
    let own = match &first.own {
        Own::Nothing => None,
        Own::Text(text) => all.iter().all(|one| one.own == first.own).then(|| text.clone()),
        Own::Amount(_, unit, form) => {
            let amounts = || {
                all.iter().filter_map(|one| match one.own {
                    Own::Amount(amount, ..) => Some(amount),
                    _ => None,
                })
            };
            let (least, most) = (amounts().min().unwrap_or(0), amounts().max().unwrap_or(0));
            let (least, most) = (amount(least, *unit), amount(most, *unit));
            let range = if least == most {
                least
            } else {
                format!("{least} to {most}")
            };
            Some(form.replace('%', &range))
        }
    };
    match own {
        None => detail,
        Some(own) if matches!(first.own, Own::Amount(_, Unit::Kibibytes, _)) => format!("{own} {detail}"),
        Some(own) if matches!(first.own, Own::Amount(..)) => format!("{detail}, {own}"),
        Some(own) => format!("{detail} ({own})"),
    }
}

fn amount(amount: u64, unit: Unit) -> String {
    match unit {
        Unit::Milliseconds => format!("{amount} ms"),
        Unit::Kibibytes => size(amount.saturating_mul(1024)),
    }
}

fn filled(text: &str, columns: Option<usize>) -> Vec<String> {
    match columns {
        Some(columns) => wrap(text, columns),
        None => vec![text.to_owned()],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{FindingStyle, blocks, general, summary};
    use crate::configuration::Server;
    use crate::finding::{Check, Examination, Finding, FindingState, Own, Subject, Unit};
    use crate::report::clean::Cleaner;
    use crate::report::palette::Look;

    fn shown(columns: Option<usize>) -> FindingStyle {
        let look = Look {
            color: false,
            many: false,
            columns: None,
            live: false,
        };
        FindingStyle {
            look,
            columns,
            all: false,
        }
    }

    fn finding(check: Check, state: FindingState, detail: &str, own: Own, advice: &[&str]) -> Finding {
        Finding {
            check,
            state,
            detail: detail.to_owned(),
            own,
            facts: Vec::new(),
            advice: advice.iter().map(|advice| (*advice).to_owned()).collect(),
        }
    }

    fn server(host: &str, number: u64, findings: Vec<Finding>) -> Examination {
        let address = format!("10.0.0.{number}");
        Examination {
            subject: Subject::Server(Server::host(host), vec![address]),
            findings,
        }
    }

    fn well(host: &str, number: u64) -> Examination {
        let address = finding(
            Check::Address,
            FindingState::Ok,
            "1 address",
            Own::Text(format!("10.0.0.{number}")),
            &[],
        );
        let way = Own::Amount(number, Unit::Milliseconds, "in %");
        let way = finding(Check::Connection, FindingState::Ok, "direct", way, &[]);
        let room = Own::Amount(number << 20, Unit::Kibibytes, "%");
        let room = finding(Check::Disk, FindingState::Ok, "free in /u", room, &[]);
        server(host, number, vec![address, way, room])
    }

    fn down(host: &str, number: u64) -> Examination {
        let detail = format!("connection refused (10.0.0.{number}:22)");
        let advice = format!("see what {host} does");
        server(
            host,
            number,
            vec![finding(
                Check::Connection,
                FindingState::Bad,
                &detail,
                Own::Nothing,
                &[&advice],
            )],
        )
    }

    #[test]
    fn servers_where_all_is_the_same_stand_in_one_block() {
        let mut all: Vec<Examination> = (1..=200).map(|number| well(&format!("app{number}"), number)).collect();
        all.push(down("db1", 250));
        all.push(down("db2", 251));
        let text = blocks(&all, &Cleaner::default(), shown(None));
        insta::assert_snapshot!(text, @r"
        200 servers
          app1, app2, app3, app4, app5, app6, app7, app8, app9, app10, app11, app12 and 188 more (-v names them)
          ok       address     1 address
          ok       connection  direct, in 1 ms to 200 ms
          ok       disk        1.0 GiB to 200.0 GiB free in /u

        2 servers
          db1, db2
          bad      connection  connection refused (ADDRESS:22)
                               → see what SERVER does
        ");
        assert_eq!(
            summary(&all),
            "202 servers: 200 well, 2 bad, of which 2 not reached; all is well on this machine\n"
        );
    }

    #[test]
    fn one_server_shows_what_is_its_own_and_lines_are_filled() {
        let text = blocks(&[well("app1", 7)], &Cleaner::default(), shown(None));
        assert!(text.contains("1 address (10.0.0.7)"), "{text}");
        let text = blocks(
            &[down("a-name-that-is-rather-long.example.com", 7)],
            &Cleaner::default(),
            shown(Some(60)),
        );
        assert!(text.lines().all(|line| line.chars().count() <= 68), "{text}");
        assert!(text.lines().count() > 3, "{text}");
    }

    #[test]
    fn a_name_is_taken_out_only_where_it_stands_by_itself() {
        let subject = Subject::Server("me@app:2222".parse().unwrap(), vec!["10.0.0.1".to_owned()]);
        for (text, expected) in [
            ("no app here: /u/apps/app", "no SERVER here: /u/apps/app"),
            ("me@app:2222 and [app]:2222", "SERVER and SERVER:2222"),
            ("10.0.0.1:22, 10.0.0.11, x10.0.0.1", "ADDRESS:22, 10.0.0.11, x10.0.0.1"),
            ("happy app-1", "happy app-1"),
        ] {
            assert_eq!(general(text, &subject), expected);
        }
    }
}
