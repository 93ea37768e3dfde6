//! Every account that ssh reaches: whatever its login shell is, whatever its profile files do.

use std::fmt::Write as _;

use serde_json::Value;

use crate::fleet::{Fleet, PASSWORD};
use crate::harness::{Case, Finished};

/// The Debian packages of these are in `scripts/prepare`.
const SHELLS: [(&str, &str); 9] = [
    ("bash", "/bin/bash"),
    ("dash", "/bin/dash"),
    ("zsh", "/bin/zsh"),
    ("ksh", "/bin/ksh93"),
    ("mksh", "/bin/mksh"),
    // By a link, since it asks for its name.
    ("busybox", "/srv/sh"),
    ("tcsh", "/bin/tcsh"),
    ("csh", "/bin/bsd-csh"),
    ("fish", "/usr/bin/fish"),
];

/// Accounts of bash whose key runs something else, which runs what was asked for.
const FORCED: [(&str, &str); 2] = [
    ("force-eval", r#"eval "$SSH_ORIGINAL_COMMAND""#),
    ("force-sh", r#"exec sh -c "$SSH_ORIGINAL_COMMAND""#),
];

/// Accounts of bash whose `.bashrc` does something before.
const NOISY: [(&str, &str); 3] = [
    ("prints", "echo Welcome; printf 'no end of line'; echo 'a warning' >&2"),
    ("echoes", "set -v; echo 'capr-'; printf 'capr-0123456789abcdef'"),
    ("drains", "read -r -t 0 line; echo \"$-\""),
];

/// Accounts that run no command.
const CLOSED: [(&str, &str, &str, &str); 6] = [
    (
        "nologin",
        "/usr/sbin/nologin",
        "",
        "This account is currently not available.",
    ),
    ("false", "/bin/false", "", ""),
    ("true", "/bin/true", "", ""),
    ("echo", "/bin/echo", "", "-c "),
    ("becomes", "/bin/bash", "exec bash", ""),
    ("leaves", "/bin/bash", "echo 'not today'; exit 0", "not today"),
];

fn fleet() -> Fleet {
    let fleet = Fleet::start(&["app1"]);
    let key = "$(cat /home/deploy/.ssh/authorized_keys)";
    let mut text = String::from("ln -s /bin/busybox /srv/sh\nhash=$(grep ^deploy: /etc/shadow | cut -d: -f2)\n");
    let mut number = 5100;
    let mut add = |name: &str, shell: &str, options: &str, profile: &str| {
        number += 1;
        let _ = writeln!(
            text,
            "echo '{name}:x:{number}:5000::/home/{name}:{shell}' >>/etc/passwd\n\
             echo \"{name}:$hash:19000:0:99999:7:::\" >>/etc/shadow\n\
             mkdir -p /home/{name}/.ssh\n\
             echo \"{options}{key}\" >/home/{name}/.ssh/authorized_keys\n\
             cat >/home/{name}/.bashrc <<'END'\n{profile}\nEND\n\
             chown -R {number}:5000 /home/{name}"
        );
    };
    for (name, shell) in SHELLS {
        add(name, shell, "", "");
    }
    for (name, command) in FORCED {
        let quoted = command.replace('"', r#"\\\""#).replace('$', r"\$");
        add(name, "/bin/bash", &format!(r#"command=\"{quoted}\" "#), "");
    }
    for (name, profile) in NOISY {
        add(name, "/bin/bash", "", profile);
    }
    for (name, shell, profile, _) in CLOSED {
        add(name, shell, "", profile);
    }
    add("force-other", "/bin/bash", r#"command=\"echo something else\" "#, "");
    fleet.sh("app1", &text);
    fleet.write("app1", "/etc/sudoers.d/case", "%deploy ALL=(ALL:ALL) ALL\n");
    fleet.sh(
        "app1",
        "chown root:root /etc/sudoers.d/case; chmod 440 /etc/sudoers.d/case",
    );
    fleet
}

fn open() -> impl Iterator<Item = &'static str> {
    let shells = SHELLS.iter().map(|(name, _)| *name);
    shells
        .chain(FORCED.iter().map(|(name, _)| *name))
        .chain(NOISY.iter().map(|(name, _)| *name))
}

fn closed() -> impl Iterator<Item = (&'static str, &'static str)> {
    let closed = CLOSED.iter().map(|(name, .., said)| (*name, *said));
    closed.chain([("force-other", "something else")])
}

/// Runs a task of this body on all these accounts at once.
fn run(fleet: &Fleet, accounts: &[&str], body: &str) -> Finished {
    let servers: Vec<String> = accounts.iter().map(|name| format!("\"{name}@app1\"")).collect();
    let mut case = Case::new()
        .recipe(&format!(
            "set :password, \"{PASSWORD}\";\nrole :app, {};\ntask :t {{ {body} }}",
            servers.join(", ")
        ))
        .args(["t", "--log-format", "json"])
        .on(fleet);
    std::fs::write(case.path("binary"), binary()).unwrap();
    for file in ["tree/a/it's", "tree/b"] {
        case = case.file(file, "in a directory\n");
    }
    case.run()
}

/// Whatever a shell would take for commands, and all bytes.
fn binary() -> Vec<u8> {
    let mut bytes = b"touch ~/executed\nexit\n".to_vec();
    bytes.extend((0..=u8::MAX).cycle().take(70_000));
    bytes
}

/// Returns the standard output of each account, and the exits there.
fn results(finished: &Finished, account: &str) -> (String, Vec<String>) {
    let (mut text, mut exits) = (String::new(), Vec::new());
    for line in finished.stderr.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        if event["server"] != format!("{account}@app1").as_str() {
            continue;
        }
        match event["type"].as_str() {
            Some("output") if event["stream"] == "out" => {
                text.push_str(event["line"].as_str().unwrap_or_default());
                text.push('\n');
            }
            Some("server_finished") => exits.push(line.to_owned()),
            _ => {}
        }
    }
    (text, exits)
}

#[test]
#[allow(clippy::print_stdout, reason = "the count of what was tried is for whoever runs it")]
fn every_login_shell_runs_the_same_commands() {
    let fleet = fleet();
    let accounts: Vec<&str> = open().collect();
    let mut cells = 0;
    let mut check = |what: &str, body: &str, ok: bool, expected: &dyn Fn(&str) -> Option<String>| {
        let finished = run(&fleet, &accounts, body);
        assert_eq!(finished.status.success(), ok, "{what}: {}", finished.stderr);
        for account in &accounts {
            let (text, _) = results(&finished, account);
            if let Some(expected) = expected(account) {
                assert_eq!(text, expected, "{what} of {account}: {}", finished.stderr);
            }
            cells += 1;
        }
        finished
    };
    let same = |text: &'static str| move |_: &str| Some(text.to_owned());

    check(
        "several lines",
        "run \"cd /tmp\\n# it's a comment\\nif true; then\\n  pwd\\nfi\\ncat <<'END'\\n  it's $HOME \\\\ \\\\\\\\ !x \\\"y\\\"\\nEND\";",
        true,
        &same("/tmp\n  it's $HOME \\ \\\\ !x \"y\"\n"),
    );
    check(
        "quotes",
        r#"run ["printf", "%s|", "it's", "a\\\\b\\", "!x !! !$", "$HOME `id` ~ *", "\"é\"", "a\tb", "^x^y"];"#,
        true,
        &same("it's|a\\\\b\\|!x !! !$|$HOME `id` ~ *|\"é\"|a\tb|^x^y|\n"),
    );
    check(
        "a directory and an environment",
        r#"run "pwd; echo $A", :dir => "/usr", :env => #{ A: "it's !a \\ $HOME" };"#,
        true,
        &same("/usr\nit's !a \\ $HOME\n"),
    );
    check(
        "input",
        "run \"cat\", :data => \"touch executed\\nlast\";",
        true,
        &same("touch executed\nlast\n"),
    );
    check(
        "sudo",
        r#"sudo "sh -c 'id -u; pwd; echo $A \\\\ !x; cat'", :dir => "/usr", :env => #{ A: "it's" }, :data => "given\n";"#,
        true,
        &same("0\n/usr\nit's \\ !x\ngiven\n"),
    );
    check(
        "a terminal",
        "run \"test -t 1 && echo 'it is !'\", :pty => true;",
        true,
        &same("it is !\n"),
    );
    check(
        "files",
        "upload \"binary\", \"binary\"; put \"touch ~/executed\\nexit\\n\", \"text\"; upload \"tree\", \"tree\"; \
         run \"cat text; cat \\\"tree/a/it's\\\"; cksum < binary | cut -d' ' -f2; ls ~/executed 2>/dev/null; true\";",
        true,
        &same("touch ~/executed\nexit\nin a directory\n70022\n"),
    );
    for account in &accounts {
        let there = format!("/home/{account}/binary");
        let here = std::fs::read(fleet.host("app1").root.join(there.trim_start_matches('/'))).unwrap();
        assert!(here == binary(), "{account}");
    }
    check(
        "captures and files from there",
        "for s in find_servers() { \
           let said = capture(\"echo one; echo two\", :hosts => s.name); \
           get \"binary\", `got/${s.name}`, :hosts => s.name; \
           if run_locally(`cmp binary got/${s.name} && echo same`) == \"same\\n\" { \
             run [\"printf\", \"%s\", said], :hosts => s.name; } }",
        true,
        &same("one\ntwo\n"),
    );
    let failed = check(
        "a status",
        "run \"echo last words; exit 7\";",
        false,
        &same("last words\n"),
    );
    for account in &accounts {
        let (_, exits) = results(&failed, account);
        assert!(
            exits.len() == 1 && exits[0].contains("\"status\":7,"),
            "{account}: {exits:?}"
        );
    }
    let failed = check("no command", "run \"if true; then\";", false, &same(""));
    for account in &accounts {
        let (_, exits) = results(&failed, account);
        assert!(
            exits.len() == 1 && exits[0].contains("\"status\":2,"),
            "{account}: {exits:?}"
        );
    }
    check(
        "no command in lines",
        "run \"echo one\\nif true; then\";",
        false,
        &|_| None,
    );
    println!("{cells} cells: {} accounts", accounts.len());
    assert_eq!(cells, 11 * accounts.len());
}

#[test]
#[allow(clippy::print_stdout, reason = "the count of what was tried is for whoever runs it")]
fn what_runs_no_command_has_failed_and_says_what_it_said() {
    let fleet = fleet();
    let accounts: Vec<&str> = closed().map(|(name, _)| name).collect();
    let mut cells = 0;
    for body in [
        "run \"touch ~/ran\";",
        "run \"touch ~/ran\\ntrue\";",
        "capture \"touch ~/ran\";",
        "put \"touch ~/executed\\n\", \"there\";",
        "upload \"binary\", \"there\";",
        "upload \"tree\", \"there\";",
        "get \"/etc/hostname\", \"got\";",
        "test \"touch ~/ran\";",
    ] {
        let finished = run(&fleet, &accounts, body);
        assert!(!finished.status.success(), "{body}: {}", finished.stderr);
        for (account, said) in closed() {
            let (_, exits) = results(&finished, account);
            let is_all = !body.starts_with("get") && !body.starts_with("capture") && !body.starts_with("test");
            if is_all {
                let wanted = format!("the login shell of {account} did not run the command");
                assert!(
                    exits.len() == 1 && exits[0].contains(&wanted),
                    "{body} of {account}: {exits:?} {}",
                    finished.stderr
                );
                assert!(
                    finished.stderr.contains(said),
                    "{body} of {account}: {}",
                    finished.stderr
                );
            }
            for name in ["ran", "executed", "there"] {
                assert!(
                    !fleet.exists("app1", &format!("/home/{account}/{name}")),
                    "{body} of {account}: {name}"
                );
            }
            cells += 1;
        }
    }
    println!("{cells} cells: {} accounts", accounts.len());
    assert_eq!(cells, 8 * accounts.len());
}

#[test]
fn what_a_profile_file_reads_of_the_input_is_noticed() {
    let fleet = fleet();
    for profile in ["read -r line\n", "cat >/tmp/taken\n"] {
        fleet.write("app1", "/home/deploy/.bashrc", profile);
        let finished = run(&fleet, &["deploy"], "put \"touch ~/executed\\nsecond\\n\", \"there\";");
        let said = &finished.stderr;
        assert!(!finished.status.success(), "{said}");
        assert!(said.contains("a profile file of this account has read"), "{said}");
        assert!(!fleet.exists("app1", "/home/deploy/there") && !fleet.exists("app1", "/home/deploy/executed"));
        let finished = run(&fleet, &["deploy"], "run \"echo without input\";");
        assert!(finished.status.success(), "{}", finished.stderr);
    }
}

#[test]
fn what_a_profile_file_prints_is_told_once_as_a_debug_message() {
    let fleet = Fleet::start(&["app1"]);
    fleet.write("app1", "/home/deploy/.bashrc", "echo Welcome\n");
    let case = |format: &str| {
        Case::new()
            .recipe("role :app, \"app1\"; task :t { run \"echo one\"; puts `[${capture(\"echo two\")}]`; }")
            .args(["t", "--log-format", format])
            .on(&fleet)
    };
    let finished = case("plain").run().ok();
    assert_eq!(finished.stdout, "[two\n]\n");
    assert!(!finished.stderr.contains("out :: app1] Welcome"), "{}", finished.stderr);
    let finished = case("json").run().ok();
    let told = "\"level\":\"debug\",\"tag\":\"app1\",\"text\":\"the login shell said before the command: Welcome\"";
    assert_eq!(finished.stderr.matches(told).count(), 1, "{}", finished.stderr);
}

#[test]
fn a_question_that_nobody_answers_and_a_long_silence_are_told() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let mut running = Case::new()
        .recipe(
            "set :heartbeat, 0.2; role :app, \"app1\", \"app2\"; task :t { \
             run \"printf 'Continue? [Y/n] '; while ! test -e /tmp/go; do sleep 0.05; done; echo gone\"; \
             run \"while test -e /tmp/go; do sleep 0.05; done\"; }",
        )
        .args(["t", "--log-format", "plain"])
        .on(&fleet)
        .start();
    running.wait_for("waits, and wrote last: Continue? [Y/n]");
    running.wait_for("by :data, or in a block");
    for host in ["app1", "app2"] {
        fleet.sh(host, "touch /tmp/go");
    }
    running.wait_for("[out :: app2] Continue? [Y/n] gone");
    running.wait_for(" s on app1, app2: while test -e /tmp/go");
    for host in ["app1", "app2"] {
        fleet.sh(host, "rm /tmp/go");
    }
    running.finish().ok();
}

#[test]
fn a_profile_file_that_starts_another_shell_on_a_terminal_is_told_to_be_waiting_and_ends_by_a_timeout() {
    let fleet = fleet();
    let finished = Case::new()
        .recipe("role :app, \"becomes@app1\"; task :t { run \"echo ran >/tmp/ran\", :pty => true, :timeout => 12; }")
        .args(["t", "-s", "heartbeat=2"])
        .on(&fleet)
        .run()
        .code(1)
        .says("still running after ")
        .says("timed out");
    assert!(!fleet.exists("app1", "/tmp/ran"), "{}", finished.stderr);
}

#[test]
fn the_csh_of_bsd_says_that_it_cannot_read_a_long_script_and_runs_none_of_it() {
    let fleet = fleet();
    for (script, said) in [
        (
            "let text = \"touch /tmp/ran; : \"; text.pad(20000, \"x\");",
            "Word too long",
        ),
        (
            "let text = \"touch /tmp/ran\\n\"; for n in 0..2000 { text += \"true\\n\"; }",
            "Too many arguments",
        ),
    ] {
        let finished = run(&fleet, &["csh"], &format!("{script} run text;"));
        let finished = finished
            .code(1)
            .says("the login shell of csh did not run the command")
            .says(said);
        assert!(!fleet.exists("app1", "/tmp/ran"), "{}", finished.stderr);
    }
}

#[test]
fn equal_failures_are_one_paragraph_with_the_last_lines_of_what_was_written() {
    let fleet = Fleet::start(&["app1", "app2", "app3"]);
    let case = |format: &str| {
        Case::new()
            .recipe(
                "role :app, \"app1\", \"app2\", \"app3\"; \
                 task :t { run \"seq 20; [ $(hostname) != app3 ] || echo 'no room' >&2; exit 7\"; }",
            )
            .args(["t", "--log-format", format])
            .on(&fleet)
    };
    let lines: String = (11..=20).map(|number| format!("      {number}\n")).collect();
    case("plain")
        .run()
        .code(1)
        .says("failed on 3 of 3 servers")
        .says(&format!(
            "  app1, app2: exit status 7\n{lines}  app3: exit status 7\n      no room\n"
        ));
    let finished = case("json").run().code(1);
    let numbers: Vec<String> = (11..=20).map(|number| format!("\"{number}\"")).collect();
    finished.says(&format!(
        "{{\"server\":\"app2\",\"how\":\"exited\",\"status\":7,\"reason\":\"exit status 7\",\"stderr\":[],\"stdout\":[{}]}}",
        numbers.join(",")
    ));
}

#[test]
fn a_search_path_is_extended_on_the_server_for_commands_and_within_sudo() {
    let fleet = Fleet::start(&["app1"]);
    fleet.sh(
        "app1",
        "mkdir /srv/bin; printf '#!/bin/sh\\necho \"mine $1\"\\n' >/srv/bin/mine; chmod 755 /srv/bin/mine",
    );
    Case::new()
        .recipe(&format!(
            "set :password, \"{PASSWORD}\"; default_environment[\"PATH\"] = \"/srv/bin:$PATH\"; role :app, \"app1\"; task :t {{ \
             run \"mine one | cat\"; run \"mine two | cat\", :env => #{{ NONE: \"$HOME\" }}; run \"echo $NONE\", :env => #{{ NONE: \"$HOME/x:$ALL $HOME\" }}; \
             run \"mine three | cat\", :shell => \"bash\"; \
             sudo \"mine four\", :env => #{{ PATH: \"/srv/bin:$PATH\" }}; \
             run_locally(\"env | cat\"); }}"
        ))
        .args(["t", "--log-format", "plain"])
        .on(&fleet)
        .run()
        .ok()
        .says("[out :: app1] mine one\n")
        .says("[out :: app1] mine two\n")
        .says("[out :: app1] /home/deploy/x:$ALL $HOME\n")
        .says("[out :: app1] mine three\n")
        .says("[out :: app1] mine four\n");
}

#[test]
fn a_capture_through_the_terminal_of_sudo_has_no_carriage_returns() {
    let fleet = Fleet::start(&["app1"]);
    Case::new()
        .recipe(&format!(
            "set :password, \"{PASSWORD}\"; role :app, \"app1\"; task :t {{ \
             let said = capture(`${{sudo()}} printf 'one\\ntwo\\n'`); puts to_json(said); }}"
        ))
        .args(["t"])
        .on(&fleet)
        .run()
        .ok()
        .says("\"one\\ntwo\\n\"");
}
