//! README.md, on the six servers of the manual.

use std::fs;
use std::time::Duration;

use super::{Page, ok};
use crate::fleet::place::checkout;
use crate::fleet::{Fleet, SIX};
use crate::harness::Case;

/// The right column of the table that begins the page.
fn recipe() -> String {
    let text = fs::read_to_string(checkout().join("README.md")).unwrap();
    let cell = text.split("<pre>").nth(2).unwrap().split("</pre>").next().unwrap();
    cell.replace("<br>", "\n").replace("\\`", "`")
}

#[test]
fn the_readme_is_true_on_six_servers() {
    let mut page = Page::read("README.md");
    let block = page.block("$ capr init");
    page.not_run(
        &page
            .left
            .iter()
            .find(|one| one.starts_with("scripts/demo"))
            .unwrap()
            .clone(),
        "this test is one of theirs",
    );
    page.not_run(
        &page
            .left
            .iter()
            .find(|one| one.starts_with("scripts/package"))
            .unwrap()
            .clone(),
        "scripts/package --test tries the packages",
    );
    for call in ["capr help", "capr help all"] {
        page.take(call);
        ok(call);
    }
    page.not_run("capr port .", "docs/porting.md runs it");
    page.done();

    let fleet = Fleet::six();
    fleet.subversion();
    // What stands in the page is what stands in the script.
    let whole = fs::read_to_string(checkout().join("scripts/flipper.rhai")).unwrap();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = recipe();
    assert!(words(&whole).contains(&words(&shown)), "{shown}");

    let lines: Vec<&str> = block.lines().map(|line| line.strip_prefix("$ ").unwrap()).collect();
    // A release is named by the second that it is made in.
    let mut script = String::from(
        "exec 2>&1\nlater() { now=$(date +%s); until [ \"$(date +%s)\" != \"$now\" ]; do sleep 0.02; done; }\n",
    );
    for (number, line) in lines.iter().enumerate() {
        // Where there are stages, one is to be named; so they are there for this line alone.
        let (before, behind) = if line.contains("production") {
            (
                "mkdir -p config/deploy && echo 'after :deploy { info \"on production\"; }' > config/deploy/production.rhai\n",
                "rm -r config/deploy\n",
            )
        } else {
            ("", "")
        };
        script.push_str(&format!(
            "{before}later\necho '@@@ {number}'\n{line}\necho \"exit $?\"\n{behind}"
        ));
    }
    script.push_str("echo '@@@ table'\ncapr shown.rhai spinner\necho \"exit $?\"\n");
    let finished = Case::new()
        .file("flipper.rhai", &whole)
        .file("shown.rhai", &shown)
        .shell(&script)
        .on(&fleet)
        .limit(Duration::from_secs(240))
        .run();
    let mut said: Vec<&str> = finished.stdout.split("@@@ ").skip(1).collect();
    assert_eq!(said.len(), lines.len() + 1, "{}", finished.stdout);
    for (line, said) in lines.iter().chain([&"spinner"]).zip(&said) {
        assert!(said.ends_with("exit 0\n"), "{line}\n{said}");
    }
    let spinner = said.pop().unwrap();
    assert!(spinner.contains("already running"), "{spinner}");
    let expected = [
        ("init", "Caprfile"),
        ("setup", "done: 1 task"),
        ("cold_deploy", "transaction: commit"),
        ("flipper.rhai deploy   ", "transaction: commit"),
        ("production", "on production"),
        ("rollback", "transaction: commit"),
        ("-T", "Start the spinner daemon"),
        ("--servers", "db2.capistrano.com"),
        ("check", "nothing wrong found"),
        ("vars", "repository"),
        ("doctor", "6 servers: "),
        ("-n", "nothing was changed (dry run)"),
    ];
    assert_eq!(expected.len(), lines.len());
    for ((line, said), (word, expected)) in lines.iter().zip(&said).zip(expected) {
        assert!(
            line.contains(word) && said.contains(expected),
            "{line}: {expected}\n{said}"
        );
    }
    // Three deploys, and back to the second.
    for host in SIX {
        let releases = fleet.list(host, "/u/apps/flipper/releases");
        assert_eq!(releases.len(), 2, "{host}");
        let current = fleet.read_link(host, "/u/apps/flipper/current").unwrap();
        assert_eq!(current, format!("/u/apps/flipper/releases/{}", releases[1]));
    }
}
