//! The record of a run in the trace-event format, which Perfetto and chrome://tracing open: a row for the tasks, one for each server.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;

use super::Record;
use crate::event::worded;

/// A trace.
#[derive(Serialize)]
struct Trace<'a> {
    #[serde(rename = "traceEvents")]
    events: Vec<Event<'a>>,
    #[serde(rename = "displayTimeUnit")]
    unit: &'static str,
    #[serde(rename = "otherData")]
    other: BTreeMap<&'static str, &'a str>,
}

/// One event: `X` has a beginning and a duration, `i` is a moment, `M` names a row. Times are microseconds.
#[derive(Serialize)]
struct Event<'a> {
    name: String,
    cat: &'static str,
    ph: &'static str,
    ts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<u64>,
    pid: u32,
    tid: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    args: BTreeMap<&'static str, Value<'a>>,
}

/// An argument of an event.
#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(&'a str),
    Number(usize),
    Truth(bool),
}

/// The process that all rows belong to.
const PROCESS: u32 = 1;
/// The row of the tasks; those of the servers follow.
const TASKS: usize = 1;

/// Returns the whole trace as JSON.
pub(super) fn trace(record: &Record) -> String {
    let mut rows: IndexMap<&str, usize> = IndexMap::new();
    for part in record.actions.iter().flat_map(|action| &action.servers) {
        let next = TASKS + 1 + rows.len();
        rows.entry(part.server.as_str()).or_insert(next);
    }
    let mut events = vec![row("process_name", 0, "capr"), row("thread_name", TASKS, "tasks")];
    events.extend(rows.iter().map(|(server, tid)| row("thread_name", *tid, server)));
    let since = |at: u64| at.saturating_sub(record.begin) * 1000;
    let until = |begin: u64, end: Option<u64>| Some(end.unwrap_or(record.end).saturating_sub(begin) * 1000);
    let base = |name: String, cat, ts, dur, tid| Event {
        name,
        cat,
        ph: "X",
        ts,
        dur,
        pid: PROCESS,
        tid,
        s: None,
        args: BTreeMap::new(),
    };
    for task in &record.tasks {
        let mut event = base(
            task.name.clone(),
            "task",
            since(task.begin),
            until(task.begin, task.end),
            TASKS,
        );
        event.args.extend(task.ok.map(|ok| ("ok", Value::Truth(ok))));
        events.push(event);
    }
    for action in &record.actions {
        let first = action.command.lines().next().unwrap_or_default();
        let task = action.task.and_then(|task| record.tasks.get(task));
        for part in &action.servers {
            let tid = rows.get(part.server.as_str()).copied().unwrap_or(TASKS);
            let name = worded(&action.verb, first);
            let mut event = base(name, "command", since(part.begin), until(part.begin, part.end), tid);
            event.args.insert("command", Value::Text(&action.command));
            event.args.extend(task.map(|task| ("task", Value::Text(&task.name))));
            event.args.insert("failed", Value::Truth(part.failed));
            event
                .args
                .insert("lines", Value::Number(part.lines.len() + part.last.len()));
            if !part.said.is_empty() {
                event.args.insert("ended", Value::Text(&part.said));
            }
            events.push(event);
        }
    }
    for remark in record
        .remarks
        .iter()
        .filter(|remark| matches!(remark.kind.as_str(), "important" | "rollback"))
    {
        let mut event = base(remark.text.clone(), "message", since(remark.at), None, TASKS);
        (event.ph, event.s) = ("i", Some("p"));
        events.push(event);
    }
    let trace = Trace {
        events,
        unit: "ms",
        other: [("capr", record.capr.as_str()), ("run", record.run.as_str())].into(),
    };
    // No map here has keys that are not strings, and this writer cannot fail.
    serde_json::to_string(&trace).unwrap_or_default() + "\n"
}

/// Returns the name of a row, or of the process.
fn row<'a>(kind: &str, tid: usize, name: &'a str) -> Event<'a> {
    Event {
        name: kind.to_owned(),
        cat: "__metadata",
        ph: "M",
        ts: 0,
        dur: None,
        pid: PROCESS,
        tid,
        s: None,
        args: [("name", Value::Text(name))].into(),
    }
}
