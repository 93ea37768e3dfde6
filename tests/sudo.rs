//! sudo that asks for a password (cases U).

use crate::fleet::{Fleet, PASSWORD};
use crate::harness::Case;

/// Asks as sudo does for whatever word it can find out, and says what it is answered.
const FISHING: &str = r#"#!/bin/bash
words() { tr '\0' '\n' < /proc/$1/environ; tr '\0' '\n' < /proc/$1/cmdline; } 2>/dev/null
for pid in $PPID $(cut -d ' ' -f 4 /proc/$PPID/stat) self $(ls /proc | grep '^[0-9]'); do
  words $pid | grep -oE '[0-9a-f]{32}|[^ ]*password[^ ]*' | while read -r word; do
    printf '%s' "$word"; read -r -t 0.3 fished && echo "FISHED $fished"; echo
  done
done
printf 'sudo password: '; read -r -t 1 fished && echo "FISHED $fished"
echo over
"#;

fn case(fleet: &Fleet, body: &str) -> Case {
    Case::new()
        .recipe(&format!("role :app, \"app1\", \"app2\";\ntask :t {{ {body} }}"))
        .args(["t"])
        .on(fleet)
}

/// Adds lines to what sudo allows on a server.
fn allow(fleet: &Fleet, host: &str, lines: &str) {
    fleet.write(host, "/etc/sudoers.d/case", lines);
    fleet.sh(
        host,
        "chown root:root /etc/sudoers.d/case; chmod 440 /etc/sudoers.d/case",
    );
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
fn what_a_script_reads_has_an_end_though_sudo_in_it_may_ask_for_a_password() {
    let fleet = Fleet::start(&["app1", "app2"]);
    for host in ["app1", "app2"] {
        let systemctl = "#!/bin/sh\necho \"$*\" >> /tmp/systemctl\n";
        fleet.sh(
            host,
            "mkdir -p /srv/bin && mount -t tmpfs none /etc/systemd && mkdir /etc/systemd/system",
        );
        fleet.write(host, "/srv/bin/systemctl", systemctl);
        fleet.sh(host, "chmod 755 /srv/bin /srv/bin/systemctl");
        allow(&fleet, host, "Defaults secure_path=/srv/bin:/usr/bin:/bin\n");
    }
    let recipe = "require \"puma\";\nset :application, \"shop\"; set :repository, \"x\"; set :puma_via, \"systemd\";\n\
                  set :puma_systemctl_user, \"system\";\nrole :app, \"app1\", \"app2\";\n";
    let case = Case::new().recipe(recipe).args(["puma:install"]).on(&fleet);
    case.terminal().args(["-s", &format!("password={PASSWORD}")]).run().ok();
    for host in ["app1", "app2"] {
        let unit = fleet.sh(host, "cat /etc/systemd/system/puma_*.service");
        assert!(
            unit.starts_with("[Unit]\n") && unit.ends_with("WantedBy=multi-user.target"),
            "{unit}"
        );
        assert!(
            fleet
                .sh(host, "cat /tmp/systemctl")
                .starts_with("daemon-reload\nenable -- puma_")
        );
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

#[test]
fn a_command_that_asks_as_sudo_does_is_not_answered_where_sudo_asks_and_where_it_does_not() {
    let fleet = Fleet::start(&["app1", "app2"]);
    allow(&fleet, "app2", "deploy ALL=(ALL) NOPASSWD: ALL\n");
    for host in ["app1", "app2"] {
        fleet.write(host, "/srv/fishing", FISHING);
        fleet.sh(host, "chmod 755 /srv /srv/fishing");
    }
    case(
        &fleet,
        r#"sudo "/srv/fishing", :as => "bob"; sudo "/srv/fishing", :as => "bob", :data => "x\n";"#,
    )
    .args(["-s", &format!("password={PASSWORD}")])
    .run()
    .ok()
    .says("[out :: app1] over")
    .says("[out :: app2] over")
    .silent_on("FISHED [")
    .silent_on(PASSWORD);
}

#[test]
fn u8_a_server_with_words_of_its_own_gets_a_wrong_password_once() {
    let fleet = Fleet::start(&["app1", "app2"]);
    allow(&fleet, "app1", "Defaults badpass_message=\"Das war nichts\"\n");
    allow(&fleet, "app2", "Defaults insults\n");
    for host in ["app1", "app2"] {
        let pam = "auth sufficient pam_unix.so nodelay\nauth optional pam_exec.so quiet /srv/count\n\
                   auth required pam_deny.so\naccount required pam_unix.so\nsession required pam_permit.so\n";
        fleet.write(host, "/etc/pam.d/sudo", pam);
        fleet.write(host, "/srv/count", "#!/bin/sh\necho refused >> /root/refused\n");
        fleet.sh(host, "chmod 755 /srv/count; touch /root/refused");
    }
    case(&fleet, r#"sudo "id -un";"#)
        .args(["-s", "password=open-sesame"])
        .run()
        .code(1)
        .says("the variable `password' was refused (sudo on ")
        .silent_on("open-sesame");
    for host in ["app1", "app2"] {
        // The other server may have ended it before.
        let refused = fleet.read(host, "/root/refused").lines().count();
        assert!(refused <= 1, "{host}: {refused}");
    }
}

#[test]
fn sudo_runs_in_a_directory_that_only_it_may_enter_and_with_its_environment() {
    let fleet = Fleet::start(&["app1", "app2"]);
    for host in ["app1", "app2"] {
        fleet.sh(host, "mkdir -m 700 /root/x; touch /root/x/found");
    }
    case(
        &fleet,
        r#"
        set :default_environment, #{ ALL: "all" };
        sudo "ls", :dir => "/root/x";
        sudo "pwd", :dir => "/srv";
        sudo "sh -c 'echo $A:$ALL'", :env => #{ A: "it's me" };
        sudo "sh -c 'pwd; echo $A'", :dir => "/root/x", :env => #{ A: "1" }, :as => "root";
        puts `[${capture(`${sudo()} ls /root/x`)}]`;
        "#,
    )
    .args(["-s", &format!("password={PASSWORD}")])
    .run()
    .ok()
    .says("[out :: app1] found\n")
    .says("[out :: app2] found\n")
    .says("[out :: app1] /srv\n")
    .says("[out :: app1] it's me:\n")
    .says_in_order(&["[out :: app1] /root/x\n", "[out :: app1] 1\n"])
    .says("[found\n]");
}

#[test]
fn what_sudo_runs_is_given_its_input_and_its_secrets_once_it_has_started() {
    let fleet = Fleet::start(&["app1", "app2"]);
    allow(&fleet, "app2", "deploy ALL=(ALL) NOPASSWD: ALL\n");
    case(
        &fleet,
        r#"
        sudo "tee /etc/x", :data => "it's data\nof mine";
        sudo "tee /etc/y", :stdin => "file";
        run `${sudo()} -u root tee /etc/z > /dev/null`, :data => "third";
        sudo "sh -c 'cat > /etc/t; echo $API_TOKEN >> /etc/t; ps -e -o args > /etc/ps'",
            :env => #{ API_TOKEN: "hush-hush-1" }, :data => "four";
        sudo "sh -c 'echo ${#API_TOKEN}'", :env => #{ API_TOKEN: "hush-hush-1" };
        "#,
    )
    .file("file", "of a file\n")
    .args(["-s", &format!("password={PASSWORD}")])
    .run()
    .ok()
    .says("[out :: app1] it's data\n")
    .says("[out :: app2] 11\n")
    .silent_on("hush-hush")
    .silent_on(PASSWORD);
    for host in ["app1", "app2"] {
        assert_eq!(fleet.read(host, "/etc/x"), "it's data\nof mine");
        assert_eq!(fleet.read(host, "/etc/y"), "of a file");
        assert_eq!(fleet.read(host, "/etc/z"), "third");
        assert_eq!(fleet.read(host, "/etc/t"), "fourhush-hush-1");
        let shown = fleet.read(host, "/etc/ps");
        assert!(shown.contains("sudo -S") && !shown.contains("hush-hush"), "{shown}");
    }
}

#[test]
fn u6_several_calls_of_sudo_in_one_command_are_all_answered() {
    let fleet = Fleet::start(&["app1", "app2"]);
    case(&fleet, r#"run `${sudo()} id -un && ${sudo()} -u bob id -un`;"#)
        .args(["-s", &format!("password={PASSWORD}")])
        .run()
        .ok()
        .says_in_order(&["[out :: app1] root\n", "[out :: app1] bob\n"])
        .silent_on(PASSWORD);
}

#[test]
fn a_rule_that_allows_one_command_alone_still_allows_it() {
    let fleet = Fleet::start(&["app1", "app2"]);
    for host in ["app1", "app2"] {
        let only = "deploy ALL=(ALL) !ALL\ndeploy ALL=(root) NOPASSWD: /usr/bin/id -un\n";
        allow(&fleet, host, only);
    }
    case(
        &fleet,
        r#"set :default_environment, #{ RAILS_ENV: "production" }; sudo "/usr/bin/id -un", :dir => "/srv";"#,
    )
    .run()
    .ok()
    .says("[out :: app1] root\n");
}
