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

#[test]
fn k6_each_server_has_options_of_its_own() {
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
fn k6_options_of_a_server_are_not_those_of_its_gateway() {
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
fn k6_options_of_a_server_that_are_none_are_told_at_its_line() {
    for (options, complaint) in [
        ("#{ prot: 2222 }", "`ssh_options' has no option `prot'"),
        ("#{ port: \"ssh\" }", "`port' is to be a number from 1 to 65535"),
        ("#{ max_logins: 1 }", "`max_logins' holds for all servers"),
        ("[1]", "`ssh_options' is to be a map"),
    ] {
        let recipe = format!("task :t {{ run \"true\"; }}\nrole :app, \"app1\", :ssh_options => {options};");
        let finished = Case::new().recipe(&recipe).args(["t"]).run();
        assert!(!finished.status.success());
        finished.says(complaint).says(":2:");
    }
}
