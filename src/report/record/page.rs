//! The page of a run: one file for a browser, without network. The output of servers is data in it, which a script of ours shows
//! as text; a policy forbids all other scripts.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::escape::escaped;
use super::{Failure, Rollback, RunRecord};
use crate::event::RELEASE_FACTS;
use crate::listed::counted;
use crate::packed::{Packed, packed};
use crate::report::text::duration;
use crate::report::undone::Undone;
use crate::sort;

const STYLE: Packed = packed!("src/report/record/page.css");
const SCRIPT: Packed = packed!("src/report/record/page.js");

/// Returns the whole page.
pub(super) fn page(record: &RunRecord) -> String {
    let (state, mark) = match &record.summary {
        Some(summary) if summary.ok => ("done", "good"),
        Some(summary) => match summary.rolled_back {
            Some(true) => ("failed, rolled back", "bad"),
            Some(false) => ("failed, rollback incomplete", "bad"),
            None => ("failed", "bad"),
        },
        None if record.errors.is_empty() => ("not ended", "bad"),
        None => ("not begun", "bad"),
    };
    let named = named(record);
    let title = match named.is_empty() {
        true => format!("capr: {state}"),
        false => format!("capr {named}: {state}"),
    };
    let (style, script) = (STYLE.text(), SCRIPT.text());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(&style),
        digest(&script)
    );
    let title = escaped(&title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<header>\n<h1><span class=\"state {mark}\">{}</span> {}</h1>\n{}</header>\n\
         <main>\n{}{}{}<section aria-labelledby=\"timeline\">\n<h2 id=\"timeline\">What ran</h2>\n<noscript><p>The commands and their output are shown by a \
         script in this page, which this browser does not run.</p></noscript>\n<div id=\"controls\" role=\"search\" hidden>\n<label>Search <input type=\"search\" \
         id=\"search\" placeholder=\"command, server, output\" autocomplete=\"off\"></label>\n<label><input type=\"checkbox\" id=\"failed\"> only what \
         failed</label>\n<button type=\"button\" id=\"open\">open commands</button>\n<button type=\"button\" \
         id=\"outputs\">open all output</button>\n<button type=\"button\" id=\"close\">close all</button>\n<span \
         id=\"found\" role=\"status\"></span>\n</div>\n<div id=\"run\"></div>\n</section>\n{}</main>\n<script type=\"application/json\" \
         id=\"data\">{}</script>\n<script>{script}</script>\n</body>\n</html>\n",
        escaped(&policy),
        escaped(state),
        escaped(&named),
        facts(record),
        errors(&record.errors),
        rollbacks(&record.rollbacks),
        release(record),
        environment(record),
        data(record),
    )
}

/// Returns the words of the command line, with the stage; in a log without them, the tasks that it named.
fn named(record: &RunRecord) -> String {
    let words = record.environment.iter().find(|(name, _)| name == "words");
    match words {
        Some((_, words)) if !words.is_empty() => words.clone(),
        _ => {
            let named = record.tasks.iter().filter(|task| task.depth == 0);
            let named: Vec<&str> = named.map(|task| task.name.as_str()).collect();
            named.join(" ")
        }
    }
}

/// Returns the digest of a string, as a content security policy has it.
fn digest(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()))
}

/// Returns the line of numbers below the title.
fn facts(record: &RunRecord) -> String {
    let mut facts = Vec::new();
    if let Some(summary) = &record.summary {
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        facts.push(duration(Duration::from_millis(summary.elapsed)));
        facts.push(counted(number(summary.tasks), "task"));
        facts.push(counted(number(summary.commands), "command"));
        facts.push(counted(number(summary.servers), "server"));
        if summary.failed > 0 {
            facts.push(format!("{} failed", summary.failed));
        }
    }
    let when = jiff::Timestamp::from_millisecond(i64::try_from(record.begin).unwrap_or(0)).unwrap_or_default();
    let when = when.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    facts.push(format!("begun {when}"));
    format!("<p class=\"facts\">{}</p>\n", escaped(&facts.join(" · ")))
}

/// Returns the errors, which come first.
fn errors(errors: &[Failure]) -> String {
    if errors.is_empty() {
        return String::new();
    }
    let mut text =
        "<section class=\"errors\" aria-labelledby=\"errors\">\n<h2 id=\"errors\">What failed</h2>\n".to_owned();
    for error in errors {
        text.push_str(&format!(
            "<div class=\"error\"><p class=\"message\">{}",
            escaped(&error.message)
        ));
        if let Some(place) = &error.place {
            text.push_str(&format!(" <span class=\"place\">{}</span>", escaped(place)));
        }
        text.push_str("</p>\n");
        if !error.servers.is_empty() {
            text.push_str("<dl>\n");
            for (servers, reason, lines) in alike(&error.servers) {
                text.push_str(&format!(
                    "<dt>{}</dt><dd>{}",
                    escaped(&servers.join(", ")),
                    escaped(reason)
                ));
                if !lines.is_empty() {
                    text.push_str(&format!(
                        "<pre tabindex=\"0\">{}</pre>",
                        escaped(&plain(&lines.join("\n")))
                    ));
                }
                text.push_str("</dd>\n");
            }
            text.push_str("</dl>\n");
        }
        if !error.tasks.is_empty() {
            let tasks = escaped(&error.tasks.join(" > "));
            text.push_str(&format!("<p class=\"dim\">in the task {tasks}</p>\n"));
        }
        for hint in &error.hints {
            text.push_str(&format!("<p class=\"hint\">{}</p>\n", escaped(hint)));
        }
        text.push_str("</div>\n");
    }
    text + "</section>\n"
}

/// Groups the servers with the same reason and the same last lines; the groups are in the order of their first servers.
fn alike(servers: &[(String, String, Vec<String>)]) -> Vec<(Vec<&str>, &str, &[String])> {
    let mut groups: Vec<(Vec<&str>, &str, &[String])> = Vec::new();
    for (server, reason, lines) in servers {
        let same = groups.iter_mut().find(|group| group.1 == reason && group.2 == lines);
        match same {
            Some((servers, ..)) => servers.push(server),
            None => groups.push((vec![server], reason, lines)),
        }
    }
    groups
}

/// Returns the section about the release that the run has made.
fn release(record: &RunRecord) -> String {
    if record.release.is_empty() {
        return String::new();
    }
    let title = match &record.summary {
        Some(summary) if summary.ok => "What was deployed",
        Some(summary) if summary.rolled_back == Some(true) => "What was deployed, and rolled back",
        _ => "What was being deployed",
    };
    let mut facts: Vec<&(String, String)> = record.release.iter().collect();
    let place = |name: &str| {
        RELEASE_FACTS
            .iter()
            .position(|fact| *fact == name)
            .unwrap_or(RELEASE_FACTS.len())
    };
    sort::by_key(&mut facts, |(name, _)| place(name));
    let facts: String = facts
        .into_iter()
        .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value)))
        .collect();
    format!("<section aria-labelledby=\"release\">\n<h2 id=\"release\">{title}</h2>\n<dl>\n{facts}</dl>\n</section>\n")
}

/// Returns a table for each rollback, and the reasons if it is not complete.
fn rollbacks(rollbacks: &[Rollback]) -> String {
    let mut text = String::new();
    for rollback in rollbacks.iter().filter(|rollback| !rollback.steps.is_empty()) {
        let table = Undone::of(rollback.steps.iter().map(|(task, servers)| {
            let words = servers.iter().map(|(server, word, _)| (server.clone(), word.as_str()));
            (task.as_str(), words)
        }));
        text.push_str("<div class=\"wide\" tabindex=\"0\">\n<table>\n<tr><td></td>");
        for (servers, _) in &table.groups {
            text.push_str(&format!("<th scope=\"col\">{}</th>", escaped(&servers.join(", "))));
        }
        text.push_str("</tr>\n");
        for (row, task) in table.tasks.iter().enumerate() {
            text.push_str(&format!("<tr><th scope=\"row\">{}</th>", escaped(task)));
            for (_, words) in &table.groups {
                let word = words.get(row).map_or("", String::as_str);
                let kind = if matches!(word, "undone" | "-") { "good" } else { "bad" };
                text.push_str(&format!("<td class=\"{kind}\">{}</td>", escaped(word)));
            }
            text.push_str("</tr>\n");
        }
        text.push_str("</table>\n</div>\n");
        if !rollback.complete {
            text.push_str(&reasons(rollback));
        }
    }
    match text.is_empty() {
        true => text,
        false => {
            format!(
                "<section aria-labelledby=\"rollback\">\n<h2 id=\"rollback\">What was rolled back</h2>\n{text}</section>\n"
            )
        }
    }
}

fn reasons(rollback: &Rollback) -> String {
    let mut text = "<dl>\n".to_owned();
    for (task, servers) in &rollback.steps {
        for (server, _, reason) in servers.iter().filter(|(.., reason)| !reason.is_empty()) {
            let what = format!("{task} on {server}");
            text.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", escaped(&what), escaped(reason)));
        }
    }
    text + "</dl>\n"
}

/// Returns a string without the styles of a terminal.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('\u{1b}');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    plain
}

fn environment(record: &RunRecord) -> String {
    let mut text =
        "<section aria-labelledby=\"environment\">\n<h2 id=\"environment\">Environment</h2>\n<dl>\n".to_owned();
    let own = [("capr", &record.capr), ("run", &record.run)];
    let own = own.into_iter().map(|(name, value)| (name, value.as_str()));
    let said = record
        .environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in own.chain(said) {
        text.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value)));
    }
    text + "</dl>\n</section>\n"
}

/// Returns the record as JSON in which nothing can end the element that contains it.
fn data(record: &RunRecord) -> String {
    let json = serde_json::to_string(record).unwrap_or_default();
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}
