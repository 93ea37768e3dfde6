//! Logins that need more than a key, on servers with PAM and real passwords.

use crate::fleet::{Fleet, PASSWORD};
use crate::harness::Case;

const RECIPE: &str = "role :app, \"app1\", \"app2\"; task :t { run \"touch /tmp/x\"; }";

/// Two servers whose sshd has these lines before its own.
fn servers(lines: &str) -> Fleet {
    let fleet = Fleet::start(&["app1", "app2"]);
    for name in ["app1", "app2"] {
        let own = fleet.read(name, "/etc/ssh/sshd_config");
        fleet.write(name, "/etc/ssh/sshd_config", &format!("{lines}\n{own}\n"));
        fleet.stop(name);
        fleet.restart(name);
    }
    fleet
}

fn log_in(fleet: &Fleet, password: &str) -> crate::harness::Finished {
    Case::new()
        .recipe(RECIPE)
        .args(["-s", &format!("password={password}"), "t"])
        .on(fleet)
        .run()
}

#[test]
fn k6_keyboard_interactive_with_pam_takes_the_real_password_and_no_other() {
    let fleet =
        servers("UsePAM yes\nPubkeyAuthentication no\nPasswordAuthentication no\nKbdInteractiveAuthentication yes");
    log_in(&fleet, PASSWORD).ok().silent_on(PASSWORD);
    for name in ["app1", "app2"] {
        assert!(fleet.exists(name, "/tmp/x"));
        let log = fleet.host(name).log_text();
        assert!(log.contains("Accepted keyboard-interactive/pam"), "{log}");
    }
    log_in(&fleet, "wrong-one")
        .code(4)
        .says("app2: authentication failed for `deploy'");
}

/// Makes the servers ask this, with another answer on each: `111111`, `222222`. `before` are the modules before it.
fn servers_that_ask(question: &str, before: &str, lines: &str) -> Fleet {
    let fleet = servers(&format!("UsePAM yes\nKbdInteractiveAuthentication yes\n{lines}"));
    for (name, answer) in [("app1", "111111"), ("app2", "222222")] {
        fleet.write(name, "/tmp/pam_ask.c", include_str!("fixtures/pam_ask.c"));
        fleet.sh(name, "cc -shared -fPIC -o /var/lib/pam_ask.so /tmp/pam_ask.c");
        let modules = format!(
            "{before}auth required /var/lib/pam_ask.so [{question}] {answer}\n\
             account required pam_unix.so\nsession required pam_permit.so\n"
        );
        fleet.write(name, "/etc/pam.d/sshd", &modules);
    }
    fleet
}

const PASSWORD_FIRST: &str = "auth required pam_unix.so nodelay\n";

fn log_in_on_a_terminal(fleet: &Fleet) -> crate::harness::Running {
    Case::new()
        .recipe(&format!("ssh_options.max_logins = 1; {RECIPE}"))
        .args(["t"])
        .on(fleet)
        .terminal()
        .start()
}

#[test]
fn k6_a_code_is_asked_of_the_person_for_each_server_and_the_password_once() {
    let fleet = servers_that_ask(
        "Verification code: ",
        PASSWORD_FIRST,
        "PubkeyAuthentication no\nPasswordAuthentication no",
    );
    let mut running = log_in_on_a_terminal(&fleet);
    running.answer("Password for deploy@app1: ", PASSWORD);
    running.answer("deploy@app1: Verification code: ", "111111");
    running.answer("deploy@app2: Verification code: ", "222222");
    running.finish().ok().silent_on("111111").silent_on("222222");
    assert!(fleet.exists("app1", "/tmp/x") && fleet.exists("app2", "/tmp/x"));
}

#[test]
fn k6_a_code_after_a_key_needs_no_password() {
    let fleet = servers_that_ask(
        "One-time password (OATH): ",
        "",
        "AuthenticationMethods publickey,keyboard-interactive",
    );
    let mut running = log_in_on_a_terminal(&fleet);
    running.answer("deploy@app1: One-time password (OATH): ", "nonsense");
    running.answer("deploy@app1: One-time password (OATH): ", "111111");
    running.answer("deploy@app2: One-time password (OATH): ", "222222");
    running.finish().ok().silent_on("Password for");
}

#[test]
fn k6_a_shown_question_is_put_to_the_person_too() {
    let fleet = servers_that_ask(
        "Where are you? ",
        "",
        "AuthenticationMethods publickey,keyboard-interactive",
    );
    for name in ["app1", "app2"] {
        fleet.sh(name, "sed -i '/pam_ask/s/$/ shown/' /etc/pam.d/sshd");
    }
    let mut running = log_in_on_a_terminal(&fleet);
    running.answer("deploy@app1: Where are you? ", "111111");
    running.answer("deploy@app2: Where are you? ", "222222");
    running.finish().ok();
}

#[test]
fn k6_a_code_that_nobody_can_give_is_named() {
    let fleet = servers_that_ask(
        "Verification code: ",
        PASSWORD_FIRST,
        "PubkeyAuthentication no\nPasswordAuthentication no",
    );
    log_in(&fleet, PASSWORD)
        .code(4)
        .says("app1, app2: authentication failed for `deploy'")
        .says("keyboard-interactive (nobody answers `Verification code:')");
}

#[test]
fn k6_a_question_in_words_of_another_language_is_shown_with_the_one_for_the_password() {
    let key_first = "AuthenticationMethods publickey,keyboard-interactive";
    let fleet = servers_that_ask("Bestaetigung fuer die Anmeldung: ", "", key_first);
    let mut running = log_in_on_a_terminal(&fleet);
    let asks = |host: &str| format!("Password for deploy@{host}, which says `Bestaetigung fuer die Anmeldung:': ");
    running.answer(&asks("app1"), "111111");
    // The one that let us in there is tried here, and refused.
    running.answer(&asks("app2"), "222222");
    running.finish().ok().silent_on("111111").silent_on("222222");
}

#[test]
fn k6_a_password_that_has_expired_is_told() {
    let fleet = servers("UsePAM yes\nPubkeyAuthentication no\nPasswordAuthentication yes");
    for name in ["app1", "app2"] {
        fleet.sh(name, "sed -i '/^deploy/s/:19000:/:0:/' /etc/shadow");
    }
    log_in(&fleet, PASSWORD).code(1).says("assword change required");
    assert!(!fleet.exists("app1", "/tmp/x"));
}

#[test]
fn k6_servers_that_want_several_ways_get_them_in_their_order() {
    for methods in [
        "publickey,password",
        "password,publickey",
        "publickey,keyboard-interactive",
        "keyboard-interactive,publickey",
    ] {
        let fleet = servers(&format!(
            "UsePAM yes\nKbdInteractiveAuthentication yes\nAuthenticationMethods {methods}"
        ));
        log_in(&fleet, PASSWORD).ok();
        assert!(
            fleet.exists("app1", "/tmp/x") && fleet.exists("app2", "/tmp/x"),
            "{methods}"
        );
        log_in(&fleet, "wrong-one").code(4);
    }
}

#[test]
fn k7_each_server_has_options_of_its_own() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let (one, two) = (fleet.address("app1"), fleet.address("app2"));
    let recipe = format!(
        "ssh_options[\"host_name\"] = \"{one}\";\n\
         role :app, \"first\";\n\
         role :app, \"second\", :ssh_options => #{{ host_name: \"{two}\", host_key_alias: \"known-as\" }};\n\
         server \"second\", :db, :ssh_options => #{{ user: \"bob\", auth_methods: [\"password\"], password: \"{PASSWORD}\" }};\n\
         task :t {{ run \"whoami > /tmp/x-$CAPISTRANO:HOST$\"; }}"
    );
    Case::new()
        .recipe(&recipe)
        .args(["t"])
        .on(&fleet)
        .run()
        .ok()
        .silent_on(PASSWORD);
    assert_eq!(fleet.read("app1", "/tmp/x-first"), "deploy");
    assert_eq!(fleet.read("app2", "/tmp/x-second"), "bob");
    let known = std::fs::read_to_string(fleet.known_hosts()).unwrap();
    assert!(known.contains("known-as "), "{known}");
}

#[test]
fn k7_options_of_a_server_are_not_those_of_its_gateway() {
    let fleet = Fleet::start(&["gate", "app1"]);
    let recipe = format!(
        "set :gateway, \"gate\"; server \"app1\", :app, \
         :ssh_options => #{{ user: \"bob\", auth_methods: [\"password\"], password: \"{PASSWORD}\" }};\n\
         task :t {{ run \"whoami > /tmp/x\"; }}"
    );
    Case::new().recipe(&recipe).args(["t"]).on(&fleet).run().ok();
    assert_eq!(fleet.read("app1", "/tmp/x"), "bob");
    let log = fleet.host("gate").log_text();
    assert!(log.contains("Accepted publickey for deploy"), "{log}");
}

#[test]
fn k7_options_of_a_server_that_are_none_are_told_at_its_line() {
    for (options, complaint) in [
        ("#{ prot: 2222 }", "`ssh_options' has no option `prot'"),
        ("#{ port: \"ssh\" }", "`port' must be a number from 1 to 65535"),
        ("#{ max_logins: 1 }", "`max_logins' holds for all servers"),
        ("[1]", "`ssh_options' must be a map"),
    ] {
        let recipe = format!("task :t {{ run \"true\"; }}\nrole :app, \"app1\", :ssh_options => {options};");
        let finished = Case::new().recipe(&recipe).args(["t"]).run();
        assert!(!finished.status.success());
        finished.says(complaint).says(":2:");
    }
}

#[test]
fn what_servers_say_before_login_is_told_once_without_control_characters() {
    let fleet = servers("UsePAM yes\nPubkeyAuthentication no\nPasswordAuthentication yes\nBanner /etc/ssh/banner");
    for name in ["app1", "app2"] {
        fleet.write(name, "/etc/ssh/banner", "Members only.\n\x1b[2JGo \x07away.\n");
    }
    let finished = log_in(&fleet, PASSWORD).ok();
    assert_eq!(
        finished.stderr.matches("Members only.").count(),
        1,
        "{}",
        finished.stderr
    );
    finished
        .says("] Members only.")
        .says("] [2JGo away.")
        .silent_on("\x1b")
        .silent_on("\x07");
    fleet.write("app1", "/etc/ssh/banner", "Closed for repairs.\n");
    log_in(&fleet, "wrong")
        .code(4)
        .says("[app1] Closed for repairs.")
        .says("[app2] Members only.");
}

#[test]
fn k9_eight_runs_at_once_add_each_new_host_once() {
    const HOSTS: [&str; 5] = ["h1", "h2", "h3", "h4", "h5"];
    let fleet = Fleet::start(&HOSTS);
    let recipe = "role :app, \"h1\", \"h2\", \"h3\", \"h4\", \"h5\"; task :t { run \"true\"; }";
    let runs: Vec<_> = (0..8)
        .map(|_| Case::new().recipe(recipe).args(["t"]).on(&fleet).start())
        .collect();
    for run in runs {
        run.finish().ok();
    }
    let known = std::fs::read_to_string(fleet.known_hosts()).unwrap();
    assert!(known.ends_with('\n'));
    let mut names = Vec::new();
    for line in known.lines() {
        let [name, kind, key] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("torn: {known}");
        };
        assert!(kind == "ssh-ed25519" && key.len() == 68, "torn: {known}");
        names.push(name);
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!((count, names.len()), (HOSTS.len(), HOSTS.len()), "{known}");
}

#[test]
fn a_server_at_an_ipv6_address_is_written_in_brackets_everywhere() {
    let fleet = Fleet::start(&["app1"]);
    let port = std::net::TcpListener::bind("[::1]:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let own = fleet.read("app1", "/etc/ssh/sshd_config");
    fleet.write(
        "app1",
        "/etc/ssh/sshd_config",
        &format!("ListenAddress [::1]:{port}\n{own}\n"),
    );
    fleet.stop("app1");
    fleet.restart("app1");
    let server = format!("deploy@[::1]:{port}");
    let recipe = format!(
        "role :app, \"{server}\";\n\
         task :t {{ run \"touch /tmp/x\"; put \"text\", \"/tmp/y\"; puts capture(\"echo $SSH_CONNECTION\"); run \"false\"; }}"
    );
    let finished = Case::new().recipe(&recipe).args(["t", "-v"]).on(&fleet).run().code(1);
    finished
        .says(&format!("[{server}] connected in"))
        .says(&format!("::1 {port}"))
        .says(&format!("{server}: exit status 1"));
    assert!(fleet.exists("app1", "/tmp/x") && fleet.read("app1", "/tmp/y") == "text");
    let known = std::fs::read_to_string(fleet.known_hosts()).unwrap();
    assert!(known.starts_with(&format!("[::1]:{port} ssh-ed25519 ")), "{known}");
    // Known from now on; another key at this port is not.
    fleet.change_host_key("app1");
    Case::new()
        .recipe(&recipe)
        .args(["t"])
        .on(&fleet)
        .run()
        .code(4)
        .says("host key of ::1 has changed")
        .says(&format!("ssh-keygen -R '[::1]:{port}'"));
}

#[test]
fn k6_an_expired_password_is_changed_where_the_server_asks_for_a_new_one() {
    let fleet =
        servers("UsePAM yes\nPubkeyAuthentication no\nPasswordAuthentication no\nKbdInteractiveAuthentication yes");
    // The lock of the password files is the machine's.
    fleet.sh(
        "app1",
        "sed -i '/^deploy/s/:19000:/:0:/' /etc/shadow; rm -f /etc/.pwd.lock",
    );
    let modules = fleet.read("app1", "/etc/pam.d/other");
    let modules = format!("{modules}\npassword required pam_unix.so sha512\n");
    fleet.write("app1", "/etc/pam.d/sshd", &modules);
    let mut running = Case::new()
        .recipe(RECIPE)
        .args(["t"])
        .env("HOSTFILTER", "app1")
        .on(&fleet)
        .terminal()
        .start();
    running.answer("Password for deploy@app1: ", PASSWORD);
    running.answer("New password: ", "another-flipper-7");
    running.answer("Retype new password: ", "another-flipper-7");
    running.finish().ok().silent_on("another-flipper-7");
    assert!(fleet.exists("app1", "/tmp/x"));
}
