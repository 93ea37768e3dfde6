//! The library that tells about deploys, with a listener on this machine, a mail program and a file.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::harness::Case;

const RECIPE: &str = r#"
require "notify";
set :application, "flip\"per";
task :deploy { puts "deploying"; }
task :rollback { throw "no way back"; }
task :other { }
"#;

/// The first line and the body of each request.
struct Seen(Receiver<(String, String)>);

impl Seen {
    /// The next so many, which must come although nobody may call.
    #[track_caller]
    fn take(&self, requests: usize) -> Vec<(String, String)> {
        let next = |_| self.0.recv_timeout(Duration::from_secs(20));
        let seen: Result<Vec<_>, _> = (0..requests).map(next).collect();
        seen.expect("the webhook was not called: is curl installed on this machine? (scripts/prepare)")
    }
}

/// Answers this many requests with a status.
fn listen(requests: usize, status: &'static str) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook/key-4711", listener.local_addr().unwrap());
    let (sender, seen) = channel();
    let answering = move || {
        for _ in 0..requests {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                lines.push(line.trim().to_owned());
            }
            let length = lines
                .iter()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            .unwrap();
            let told = sender.send((lines[0].clone(), String::from_utf8(body).unwrap()));
            if told.is_err() {
                return;
            }
        }
    };
    thread::spawn(answering);
    (url, Seen(seen))
}

#[test]
fn start_and_end_of_a_deploy_go_to_a_webhook_whose_address_stands_nowhere() {
    let (url, calls) = listen(4, "200 OK");
    let finished = Case::new()
        .recipe(RECIPE)
        .env("NOTIFY_WEBHOOK", &url)
        .args(["deploy", "other", "rollback", "-v"])
        .run()
        .code(1)
        .silent_on("key-4711");
    assert_eq!(finished.stdout, "deploying\n");
    let seen = calls.take(4);
    let requests: Vec<_> = seen.iter().map(|(request, _)| request.as_str()).collect();
    assert_eq!(requests, ["POST /hook/key-4711 HTTP/1.1"; 4]);
    assert_eq!(
        seen[0].1,
        r#"{"application":"flip\"per","event":"started","stage":null,"task":"deploy","text":"deploy of flip\"per started by tester","user":"tester"}"#
    );
    let ends: Vec<bool> = [
        (1, "deploy of flip\\\"per finished"),
        (2, "rollback of flip\\\"per started"),
        (3, "rollback of flip\\\"per failed"),
    ]
    .iter()
    .map(|(index, text)| seen[*index].1.contains(text))
    .collect();
    assert_eq!(ends, [true; 3], "{seen:?}");
}

#[test]
fn a_webhook_that_refuses_or_is_away_is_said_and_the_deploy_goes_on() {
    let (url, calls) = listen(2, "500 Broken");
    let case = || Case::new().recipe(RECIPE).args(["deploy"]);
    let finished = case()
        .file("webhook", &url)
        .args(["-s", "notify_url_file=webhook"])
        .run()
        .ok();
    assert_eq!(finished.stdout, "deploying\n");
    finished.says("*** the webhook was not sent").silent_on("key-4711");
    calls.take(2);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = case()
        .env("NOTIFY_WEBHOOK", format!("http://{closed}/key-4711"))
        .run()
        .ok();
    away.says("*** the webhook was not sent").silent_on("key-4711");
}

#[test]
fn mail_command_and_file_are_told_too_and_a_dry_run_tells_nobody() {
    let recipe = format!(
        "{RECIPE}set :notify_mail, [\"a@example.com\", \"b@example.com\\nBcc: x@example.com\"];\n\
         set :notify_sendmail, \"cat >> mail\";\nset :notify_command, \"cat >> told\";\nset :notify_file, \"log of deploys\";\n\
         set :notify_fields, #{{ channel: \"#shop\" }};\nset :notify_tasks, [\"deploy\", \"other\"];\nset :stage, \"production\";\n"
    );
    let case = || Case::new().recipe(&recipe).args(["deploy", "notify:try"]);
    let finished = case().run().ok();
    let mail = finished.file("mail");
    let first = "To: a@example.com, b@example.com Bcc: x@example.com\nSubject: deploy of flip\"per (production) started by tester\n";
    assert!(mail.starts_with(first), "{mail}");
    let told = finished.file("told");
    assert_eq!(told.lines().count(), 3);
    assert!(
        told.lines()
            .all(|line| line.contains("\"channel\":\"#shop\"") && line.contains("\"stage\":\"production\""))
    );
    let log = finished.file("log of deploys");
    assert!(
        log.lines()
            .nth(1)
            .unwrap()
            .ends_with(" deploy of flip\"per (production) finished by tester"),
        "{log}"
    );
    assert!(log.lines().nth(2).unwrap().contains("notify:try of flip\"per"), "{log}");
    let dry = case().args(["-n"]).run().ok();
    assert!(!dry.path("mail").exists() && !dry.path("told").exists());
}

#[test]
fn without_curl_or_sendmail_the_deploy_goes_on_and_the_missing_program_is_named() {
    let programs = tempfile::tempdir().unwrap();
    for name in ["sh", "cat"] {
        symlink(format!("/bin/{name}"), programs.path().join(name)).unwrap();
    }
    let recipe = format!(
        "{RECIPE}set :notify_mail, [\"a@example.com\"];\nset :notify_sendmail, \"sendmail -t\";\n\
         set :notify_command, \"no-such-program\";\n"
    );
    let case = |task: &str| {
        Case::new()
            .recipe(&recipe)
            .args([task])
            .env("PATH", programs.path().display())
            .env("NOTIFY_WEBHOOK", "http://127.0.0.1:9/key-4711")
            .run()
    };
    let finished = case("deploy").ok();
    assert_eq!(finished.stdout, "deploying\n");
    finished
        .says("*** the webhook was not sent: the program curl is not on this machine, install it")
        .says("*** the mail was not sent: the program of notify_sendmail is not on this machine, install it")
        .says("*** notify_command was not sent: a program of it is not on this machine, install it")
        .silent_on("key-4711");
    // A deploy that has failed has failed by itself.
    case("rollback")
        .code(1)
        .says("no way back")
        .says("the program curl is not on this machine");
}

#[test]
fn chats_and_those_who_watch_the_application_are_told_each_in_its_own_form() {
    let (url, calls) = listen(13, "200 OK");
    let chats = ["slack", "mattermost", "discord", "teams", "campfire"];
    let watchers = [
        ("honeybadger", "endpoint", "honeybadger:deploy"),
        ("airbrake", "host", "airbrake:deploy"),
        ("rollbar", "host", "rollbar:deploy"),
        ("newrelic", "host", "newrelic:notice_deployment"),
        ("appsignal", "endpoint", "appsignal:deploy"),
        ("bugsnag", "endpoint", "bugsnag:release"),
    ];
    let mut recipe = String::from(
        "set :application, \"shop\"; set :repository, \"r\"; set :deploy_mark_revision, \"5ca1ab1e\"; set :stage, \"production\";\n\
         set :airbrake_project_id, 7; set :newrelic_app_id, 8; set :local_user, \"jo\"; set :rollbar_token, \"key-4712\";\n",
    );
    for name in chats {
        recipe += &format!("require \"{name}\"; set :{name}_webhook, \"{url}\";\n");
    }
    let mut tasks = vec!["notify:try"];
    for (name, place, task) in watchers {
        recipe += &format!("require \"{name}\"; set :{name}_{place}, \"{url}\"; set :{name}_api_key, \"key-4712\";\n");
        tasks.push(task);
    }
    recipe += &format!(
        "require \"sentry\"; set :sentry_host, \"{url}\"; set :sentry_api_token, \"key-4712\"; set :sentry_organization, \"o\";"
    );
    tasks.push("sentry:notice_deployment");
    let case = || Case::new().recipe(&recipe).args(&tasks);
    case()
        .run()
        .ok()
        .silent_on("key-4711")
        .silent_on("key-4712")
        .silent_on("was not sent");
    let seen = calls.take(13);
    let text = "notify:try of shop (production) tried by tester";
    for (index, body) in [
        format!("{{\"text\":\"{text}\"}}"),
        format!("{{\"text\":\"{text}\"}}"),
        format!("{{\"content\":\"{text}\"}}"),
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(&seen[index].1, body);
    }
    assert!(
        seen[3].1.contains("AdaptiveCard") && seen[3].1.contains(text),
        "{seen:?}"
    );
    assert_eq!(seen[4].1, text);
    for (request, path) in seen.iter().skip(5).zip([
        "/v1/deploys",
        "/api/v4/projects/7/deploys?key=key-4712",
        "/api/1/deploy",
        "/v2/applications/8/deployments.json",
        "/1/markers?api_key=key-4712&name=shop&environment=production",
        "",
        "/api/0/organizations/o/releases/",
    ]) {
        assert_eq!(request.0, format!("POST /hook/key-4711{path} HTTP/1.1"));
        assert!(request.1.contains("5ca1ab1e"), "{request:?}");
    }
    assert!(
        seen[12].0.contains("/api/0/organizations/o/releases/5ca1ab1e/deploys/"),
        "{seen:?}"
    );
    // What is not set is said, and nothing else happens; a dry run sends nothing.
    let bare = "set :application, \"shop\"; set :stage, \"x\"; require \"honeybadger\"; require \"slack\";";
    let finished = Case::new()
        .recipe(bare)
        .args(["honeybadger:deploy", "notify:try"])
        .run()
        .ok();
    finished
        .says("*** Honeybadger was not told: set :honeybadger_api_key")
        .says("*** slack was not told");
    case().args(["-n"]).run().ok();
}
