//! Tests of records made from logs: nothing in a log can take over the page, and Perfetto opens the traces.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{KEPT_LINES, RunRecord};

/// Returns a log of one task with one action on two servers, of which the second fails; `output` is said by the first.
fn log(output: &[&str]) -> String {
    let time = |ms: u32| format!("2026-01-02T03:04:05.{ms:03}Z");
    let (app, db) = ("app1", "db1");
    let mut lines = vec![
        json!({"time": time(0), "type": "version", "capr": "0.1.0", "log_format": "2.0", "run": "abc"}),
        json!({"time": time(1), "type": "run_started", "recipes": ["deploy.rhai"], "words": ["deploy"], "directory": "/srv", "user": "me"}),
        json!({"time": time(2), "type": "task_started", "task": "deploy", "depth": 0}),
        json!({"time": time(10), "type": "action_started", "action": 1, "verb": "run", "command": "uptime", "options": {"dir": "/srv"}, "local": false, "servers": [app, db]}),
    ];
    lines.extend(output.iter().map(
        |line| json!({"time": time(20), "type": "output", "action": 1, "server": app, "stream": "out", "line": line}),
    ));
    lines.extend([
        json!({"time": time(30), "type": "something_new", "of": "a later version"}),
        json!({"time": time(100), "type": "server_finished", "action": 1, "server": app, "how": "exited", "status": 0, "elapsed_ms": 90, "failed": false}),
        json!({"time": time(400), "type": "server_finished", "action": 1, "server": db, "how": "exited", "status": 3, "elapsed_ms": 390, "failed": true}),
        json!({"time": time(400), "type": "action_finished", "action": 1, "elapsed_ms": 390, "failed": 1}),
        json!({"time": time(410), "type": "rollback_started", "task": "deploy"}),
        json!({"time": time(420), "type": "rollback_finished", "complete": false, "steps": [
            {"task": "deploy:symlink", "servers": [{"server": app, "end": "undone"}, {"server": db, "end": "not_tried"}]},
            {"task": "deploy:update_code", "servers": [{"server": app, "end": "undone"}, {"server": db, "end": "failed", "reason": "<b>status</b> 1"}]},
        ]}),
        json!({"time": time(500), "type": "task_finished", "task": "deploy", "depth": 0, "elapsed_ms": 498, "ok": false}),
        json!({"time": time(510), "type": "deployed", "facts": {"release_path": "/srv/1", "branch": "main<b>"}}),
        json!({"time": time(520), "type": "error", "fault": "failed", "message": "`uptime' failed on db1", "file": "deploy.rhai", "line": 3, "hints": [], "tasks": ["deploy", "check<i>"], "servers": [{"server": db, "reason": "exit status 3", "stderr": ["<script>alert(1)</script>"]}, {"server": "db2", "reason": "exit status 3", "stderr": ["<script>alert(1)</script>"]}, {"server": "db3", "reason": "exit status 4"}]}),
        json!({"time": time(520), "type": "summary", "ok": false, "rolled_back": true, "tasks": 1, "commands": 1, "servers": 2, "failed": 1, "elapsed_ms": 520}),
    ]);
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Returns the part of a page between two strings.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    page.split_once(from).unwrap().1.split_once(to).unwrap().0
}

fn data(page: &str) -> Value {
    serde_json::from_str(between(page, "id=\"data\">", "</script>")).unwrap()
}

#[test]
fn what_a_server_says_is_data_and_runs_nothing() {
    let hostile = [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "\u{2028}&lt;",
        "\u{1b}[31mred\u{1b}[0m",
    ];
    let page = RunRecord::of_log(&log(&hostile)).unwrap().page();
    // The page has one script element of data and one of ours, and no other element that runs.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<b>"));
    let lines = data(&page)["actions"][0]["servers"][0]["lines"].clone();
    let said: Vec<String> = hostile.iter().map(|line| format!("o{line}")).collect();
    assert_eq!(lines, json!(said));
    // The policy allows this script and this style alone.
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"").replace("&#39;", "'");
    let digest = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    let script = page
        .rsplit_once("<script>")
        .unwrap()
        .1
        .split_once("</script>")
        .unwrap()
        .0;
    let style = between(&page, "<style>", "</style>");
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
            digest(style),
            digest(script)
        )
    );
    // The script inserts text only: no data is ever read as markup.
    for sink in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
    ] {
        assert!(!script.contains(sink), "{sink}");
    }
}

#[test]
fn a_page_tells_how_it_ended_what_failed_and_what_was_deployed() {
    let page = RunRecord::of_log(&log(&["up"])).unwrap().page();
    for said in [
        "<title>capr deploy: failed, rolled back</title>",
        "520ms · 1 task · 1 command · 2 servers · 1 failed · begun 2026-01-02 03:04:05 UTC",
        "`uptime&#39; failed on db1 <span class=\"place\">deploy.rhai:3</span>",
        "<dt>db1, db2</dt><dd>exit status 3<pre",
        "<dt>db3</dt><dd>exit status 4</dd>",
        "<p class=\"dim\">in the task deploy &gt; check&lt;i&gt;</p>",
        "<h2 id=\"release\">What was deployed, and rolled back</h2>\n<dl>\n<dt>branch</dt><dd>main&lt;b&gt;</dd>\n<dt>release_path</dt><dd>/srv/1</dd>\n</dl>",
        "<dt>directory</dt><dd>/srv</dd>",
        "<tr><td></td><th scope=\"col\">app1</th><th scope=\"col\">db1</th></tr>",
        "<tr><th scope=\"row\">deploy:symlink</th><td class=\"good\">undone</td><td class=\"bad\">not tried</td></tr>",
        "<dt>deploy:update_code on db1</dt><dd>&lt;b&gt;status&lt;/b&gt; 1</dd>",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    let action = data(&page)["actions"][0].clone();
    assert_eq!(action["servers"][1]["said"], "exit status 3");
    assert_eq!(action["task"], 0);
    assert_eq!(
        action["end"].as_u64().unwrap() - action["servers"][0]["end"].as_u64().unwrap(),
        300
    );
}

#[test]
fn much_output_is_kept_at_its_beginning_and_its_end() {
    let lines: Vec<String> = (0..3 * KEPT_LINES).map(|line| format!("line {line}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let page = RunRecord::of_log(&log(&lines)).unwrap().page();
    let kept = data(&page)["actions"][0]["servers"][0]["lines"].clone();
    assert_eq!(kept.as_array().unwrap().len(), 2 * KEPT_LINES + 1);
    assert_eq!(kept[KEPT_LINES], format!("x… {KEPT_LINES} lines left out …"));
    assert_eq!(kept[2 * KEPT_LINES], format!("oline {}", 3 * KEPT_LINES - 1));
}

#[test]
fn a_trace_has_what_the_format_requires() {
    let trace: Value = serde_json::from_str(&RunRecord::of_log(&log(&["up"])).unwrap().trace()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    for event in events {
        assert!(event["name"].is_string() && event["ts"].is_u64(), "{event}");
        assert!(
            event["pid"].is_u64() && event["tid"].is_u64() && event["args"].is_object(),
            "{event}"
        );
        match event["ph"].as_str().unwrap() {
            "X" => assert!(event["dur"].is_u64(), "{event}"),
            "i" => assert_eq!(event["s"], "p"),
            "M" => assert!(event["args"]["name"].is_string(), "{event}"),
            other => panic!("{other}"),
        }
    }
    let named = |name: &str| events.iter().find(|event| event["name"] == name).unwrap();
    assert_eq!(
        (&named("deploy")["ts"], &named("deploy")["dur"]),
        (&json!(2000), &json!(498_000))
    );
    assert_eq!(
        (&named("run uptime")["ts"], &named("run uptime")["dur"]),
        (&json!(10_000), &json!(90_000))
    );
    assert_eq!(events.iter().filter(|event| event["ph"] == "M").count(), 4);
}

#[test]
fn what_runs_on_a_server_at_the_same_time_has_a_row_of_its_own_in_a_trace() {
    let time = |ms: u32| format!("2026-01-02T03:04:05.{ms:03}Z");
    let begins = |ms, action| json!({"time": time(ms), "type": "action_started", "action": action, "verb": "run", "command": format!("c{action}"), "local": false, "servers": ["app1", "db1"]});
    let ends = |ms, action, server, elapsed| json!({"time": time(ms), "type": "server_finished", "action": action, "server": server, "how": "exited", "status": 0, "elapsed_ms": elapsed, "failed": false});
    let lines = [
        json!({"time": time(0), "type": "version", "capr": "0.1.0", "log_format": "2.1", "run": "abc"}),
        begins(10, 1),
        begins(20, 2),
        ends(50, 1, "app1", 40),
        ends(60, 1, "db1", 50),
        ends(80, 2, "app1", 60),
        begins(90, 3),
        ends(95, 3, "app1", 5),
    ];
    let log: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let trace: Value = serde_json::from_str(&RunRecord::of_log(&log).unwrap().trace()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let number = |event: &Value, name: &str| event[name].as_u64().unwrap();
    let spans: Vec<(u64, u64, u64)> = events
        .iter()
        .filter(|event| event["ph"] == "X")
        .map(|event| {
            (
                number(event, "tid"),
                number(event, "ts"),
                number(event, "ts") + number(event, "dur"),
            )
        })
        .collect();
    assert_eq!(spans.len(), 6);
    for (at, (row, begin, end)) in spans.iter().enumerate() {
        for (other_row, other_begin, other_end) in &spans[at + 1..] {
            assert!(
                row != other_row || end <= other_begin || other_end <= begin,
                "{spans:?}"
            );
        }
    }
    let named = |name: &str| events.iter().filter(|event| event["args"]["name"] == name).count();
    assert_eq!((named("app1"), named("db1")), (2, 2));
}

#[test]
fn what_a_recipe_took_stands_with_its_action() {
    let taken = [
        json!({"type": "captured", "action": 1, "server": "app1", "stream": "out", "line": "19bf03d"}),
        json!({"type": "captured", "action": 1, "server": "app1", "left_out": 7}),
    ];
    let taken: String = taken.iter().map(|line| format!("{line}\n")).collect();
    let page = RunRecord::of_log(&(log(&[]) + taken.as_str())).unwrap().page();
    let part = data(&page)["actions"][0]["servers"][0].clone();
    assert_eq!(part["lines"], json!(["o19bf03d", "x… 7 lines left out …"]));
    assert_eq!(
        (&part["taken"], &data(&page)["actions"][0]["servers"][1]["taken"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn what_is_no_log_is_refused_and_half_a_last_line_is_not() {
    assert_eq!(RunRecord::of_log("").unwrap_err(), "it is empty");
    assert!(
        RunRecord::of_log("hello\n")
            .unwrap_err()
            .contains("capr --log-format json")
    );
    let old = r#"{"type":"version","capr":"0.0.1","log_format":"1.0","run":"x"}"#;
    assert!(RunRecord::of_log(old).unwrap_err().contains("format 1.0"));
    let whole = log(&["up"]);
    let cut = &whole[..whole.len() - 20];
    let page = RunRecord::of_log(cut).unwrap().page();
    assert!(page.contains("not begun") || page.contains("not ended"), "{page}");
    let broken = whole.replacen("{\"action\":1", "{action", 1);
    assert!(RunRecord::of_log(&broken).unwrap_err().contains("is no JSON"));
}
