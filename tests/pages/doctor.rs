//! docs/doctor.md.

use regex::Regex;
use serde_json::Value;

use super::{Page, line, ok};
use crate::fleet::Fleet;
use crate::fleet::place::checkout;
use crate::harness::Case;

/// Replaces the parts that differ from machine to machine by the page's words.
fn common(text: &str, fleet: &Fleet) -> String {
    let client = fleet.directory().join("client").display().to_string();
    let text = text
        .replace(&format!("{client}/ssh_config"), "~/.ssh/config")
        .replace(&client, "~/.ssh")
        .replace(&fleet.git().url, "git@git.example.com:flipper.git");
    // Which key exchanges there are is a matter of the build.
    let quantum = Regex::new(r"(?m)^  \w+ +key exchange .*\n( +→.*\n)?").unwrap();
    let text = quantum.replace_all(&text, "").into_owned();
    let last = Regex::new(r"(not reached); .*").unwrap();
    let text = last.replace_all(&text, "$1").into_owned();
    [
        (r"capr [\d.]+, libssh2 \S+, OpenSSL [^\n]*", "capr, libssh2, OpenSSL"),
        (r"(algorithms  )[^\n]*", "${1}A"),
        (r"127\.\d+\.\d+\.\d+|192\.0\.2\.\d+", "ADDRESS"),
        (r"\d+ ms( to \d+ ms)?", "N ms"),
        (r"[\d.]+ GiB( to [\d.]+ GiB)?", "N GiB"),
        (r"\(Linux [^)]*\)", "(Linux)"),
        (r"git version [\d.]+", "git version"),
        (r"\b20\d{12}\b", "RELEASE"),
        (r"revision [0-9a-f]{12}", "revision R"),
        (r"by (tester|ana)", "by ME"),
        (r" {2,}", "  "),
    ]
    .iter()
    .fold(text, |text, (pattern, with)| {
        Regex::new(pattern).unwrap().replace_all(&text, *with).into_owned()
    })
}

#[test]
fn the_page_of_the_doctor_is_true() {
    let mut page = Page::read("docs/doctor.md");
    let fleet = Fleet::start(&["app1.example.com", "app2.example.com", "db1.example.com"]);
    let recipe = format!(
        "ssh_options.timeout = 3;\nset :application, \"flipper\"; set :repository, {:?};\nset :use_sudo, true;\n\
         role :app, \"app1.example.com\", \"app2.example.com\";\nrole :db, \"db1.example.com\", :primary => true;\n",
        fleet.git().url
    );
    let case = |call: &str| Case::new().file("deploy.rhai", &recipe).on(&fleet).shell(call);
    for host in ["app1", "app2", "db1"] {
        fleet.sh(
            host,
            "echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/case; chmod 440 /etc/sudoers.d/case",
        );
    }
    case("capr setup HOSTS=app1.example.com,app2.example.com").run().ok();
    case("capr update HOSTS=app1.example.com,app2.example.com").run().ok();
    fleet.stop("db1");
    let text = std::fs::read_to_string(checkout().join("docs/doctor.md")).unwrap();
    let example = text.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let (call, shown) = example.split_once('\n').unwrap();
    let told = case(call.trim_start_matches("$ ")).run().code(4).stdout;
    assert_eq!(common(&told, &fleet), common(shown, &fleet), "{told}");

    page.take("capr doctor [RECIPE] [STAGE] [--json]");
    ok("capr doctor deploy.rhai").says("this machine\n");
    let finding = page.block("{\"type\":\"finding\"");
    let told = case("capr doctor --json || true").run().ok().stdout;
    let members = |text: &str| -> Vec<Vec<String>> {
        let keys = |value: Value| value.as_object().unwrap().keys().cloned().collect();
        text.lines()
            .map(|line| keys(serde_json::from_str(line).unwrap()))
            .collect()
    };
    let real: Vec<&str> = told
        .lines()
        .filter(|line| {
            line.contains("\"check\":\"connection\",\"state\":\"bad\"") || line.contains("\"type\":\"doctor\"")
        })
        .collect();
    assert_eq!(members(&finding), members(&real.join("\n")), "{told}");
    // Every check has its row.
    for check in told.lines().filter_map(|line| {
        let object: Value = serde_json::from_str(line).unwrap();
        object["check"].as_str().map(str::to_owned)
    }) {
        assert!(text.contains(&format!("| `{check}` |")), "{check}");
    }
    page.not_run("sudo -n -k true", "what the doctor's own script calls");
    page.take("capr doctor -p");
    page.take("capr doctor -n");
    line("capr doctor -n")
        .file("deploy.rhai", "role :app, \"nowhere.invalid\";")
        .run()
        .ok()
        .silent_on("is not known");
    page.done();
}
