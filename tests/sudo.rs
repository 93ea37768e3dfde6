//! sudo that asks for a password (cases U).

use crate::fleet::{Fleet, PASSWORD};
use crate::harness::Case;

fn case(fleet: &Fleet, body: &str) -> Case {
    Case::new()
        .recipe(&format!("role :app, \"app1\", \"app2\";\ntask :t {{ {body} }}"))
        .args(["t"])
        .on(fleet)
}

#[test]
fn u1_u2_u10_sudo_is_given_the_password_which_is_not_shown() {
    let fleet = Fleet::start(&["app1", "app2"]);
    case(
        &fleet,
        r#"sudo "id -un"; sudo "id -un", :as => "bob"; run `${sudo()} sh -c 'id -u > /root/mark'`;"#,
    )
    .args(["-s", &format!("password={PASSWORD}")])
    .run()
    .ok()
    .says("[out :: app1] root\n")
    .says("[out :: app2] root\n")
    .says("[out :: app2] bob\n")
    .says("sudo -p")
    .silent_on(PASSWORD);
    for host in ["app1", "app2"] {
        assert_eq!(fleet.read(host, "/root/mark"), "0");
    }
}

#[test]
fn u10_a_wrong_password_is_not_shown_either() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let finished = case(&fleet, r#"sudo "id -un";"#)
        .args(["-s", "password=open-sesame"])
        .run();
    assert!(!finished.status.success());
    finished.silent_on("open-sesame").silent_on("[out :: app1] root");
}

#[test]
fn u2_the_password_of_sudo_is_asked_for_once_on_the_terminal() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let mut running = case(&fleet, r#"sudo "id -un"; sudo "id -un";"#).terminal().start();
    running.answer("Password for ", PASSWORD);
    let finished = running.finish().ok().silent_on(PASSWORD);
    assert_eq!(
        finished.stdout.matches("Password for ").count(),
        1,
        "{}",
        finished.stdout
    );
    for host in ["app1", "app2"] {
        let line = format!("[out :: {host}] root");
        assert_eq!(finished.stdout.matches(&line).count(), 2, "{}", finished.stdout);
    }
}

#[test]
fn u3_a_wrong_password_of_sudo_is_asked_for_once_more_though_both_hosts_refuse_it() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let mut running = case(&fleet, r#"sudo "id -un";"#).terminal().start();
    running.answer("Password for ", "open-sesame");
    running.answer("Password for ", PASSWORD);
    let finished = running.finish().ok().silent_on(PASSWORD).silent_on("open-sesame");
    assert_eq!(
        finished.stdout.matches("Password for ").count(),
        2,
        "{}",
        finished.stdout
    );
    finished.says("[out :: app1] root").says("[out :: app2] root");
}
