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
