//! Connecting and logging in (cases K).

use crate::fleet::{Fleet, PASSWORD};
use crate::harness::Case;

const SIX: [&str; 6] = ["www1", "www2", "app1", "app2", "db1", "db2"];
const ROLES: &str = "role :all, \"www1\", \"www2\", \"app1\", \"app2\", \"db1\", \"db2\";\n";

fn logins(fleet: &Fleet, host: &str) -> usize {
    fleet.host(host).log_text().matches("Accepted ").count()
}

#[test]
fn k1_a_second_command_uses_the_same_connection() {
    let fleet = Fleet::start(&["app1"]);
    Case::new()
        .recipe("role :app, \"app1\"; task :t { run \"true\"; run \"true\"; other; } task :other { run \"true\"; }")
        .args(["t"])
        .on(&fleet)
        .run()
        .ok();
    assert_eq!(logins(&fleet, "app1"), 1);
}

#[test]
fn k2_two_of_six_refuse_and_the_command_starts_nowhere() {
    let fleet = Fleet::start(&SIX);
    fleet.stop("app1");
    fleet.stop("db2");
    let finished = Case::new()
        .recipe(&format!("{ROLES} task :t {{ run \"touch /tmp/x\"; }}"))
        .args(["t"])
        .on(&fleet)
        .run()
        .code(4)
        .says("] connection failed: connection refused (127.")
        .says("\n  app1, db2: connection refused\n")
        .says("HOSTS=app1,db2\n")
        .says("help: to see why: capr doctor ");
    let (_, error) = finished.stderr.split_once("error").unwrap();
    for host in ["www1", "www2", "app2", "db1"] {
        assert!(!error.contains(&format!("{host}:")), "{error}");
        assert!(!fleet.exists(host, "/tmp/x"));
    }
}

#[test]
fn k3_the_reachable_servers_stay_connected() {
    let fleet = Fleet::start(&SIX);
    fleet.stop("db2");
    Case::new()
        .recipe(&format!(
            "{ROLES} task :t {{ try {{ run \"true\"; }} catch {{ puts \"caught\"; }} run \"touch /tmp/x\", :hosts => [\"www1\", \"db1\"]; }}"
        ))
        .args(["t"])
        .on(&fleet)
        .run()
        .ok()
        .says("caught");
    for host in ["www1", "db1"] {
        assert!(fleet.exists(host, "/tmp/x"));
        assert_eq!(logins(&fleet, host), 1, "{host}");
    }
}

#[test]
fn k4_a_command_for_one_server_connects_no_other() {
    let fleet = Fleet::start(&["app1", "app2"]);
    Case::new()
        .recipe("role :app, \"app1\", \"app2\"; task :t { run \"true\", :once => true; }")
        .args(["t"])
        .on(&fleet)
        .run()
        .ok();
    assert_eq!((logins(&fleet, "app1"), logins(&fleet, "app2")), (1, 0));
}

#[test]
fn k6_the_password_is_used_where_no_key_is_taken() {
    let fleet = Fleet::start(&["app1", "app2"]);
    fleet.sh("app2", "rm /home/deploy/.ssh/authorized_keys");
    let recipe = "role :app, \"app1\", \"app2\"; task :t { run \"touch /tmp/x\"; }";
    let finished = Case::new()
        .recipe(recipe)
        .args(["-s", &format!("password={PASSWORD}"), "t"])
        .on(&fleet)
        .run();
    finished.ok().silent_on(PASSWORD);
    assert!(fleet.exists("app1", "/tmp/x") && fleet.exists("app2", "/tmp/x"));
    assert!(fleet.host("app1").log_text().contains("Accepted publickey"));
    assert!(fleet.host("app2").log_text().contains("Accepted password"));
    Case::new()
        .recipe(recipe)
        .args(["-s", "password=wrong-one", "t"])
        .on(&fleet)
        .run()
        .code(4)
        .says("app2: authentication failed for `deploy'")
        .silent_on("wrong-one")
        .silent_on("app1: auth");
}

#[test]
fn a_silent_server_is_given_up_after_its_time_and_named() {
    let fleet = Fleet::start(&["app1", "app2"]);
    fleet.freeze("app2");
    Case::new()
        .recipe(
            "ssh_options.timeout = 1; ssh_options.login_timeout = 1;\n\
             role :app, \"app1\", \"app2\"; task :t { run \"touch /tmp/x\"; }",
        )
        .args(["t"])
        .on(&fleet)
        .run()
        .code(4)
        .says("app2: ")
        .silent_on("app1: ");
    assert!(!fleet.exists("app1", "/tmp/x"));
}

#[test]
fn a_changed_host_key_is_refused() {
    let fleet = Fleet::start(&["app1"]);
    let case = || {
        Case::new()
            .recipe("role :app, \"app1\"; task :t { run \"touch /tmp/x\"; }")
            .args(["t"])
            .on(&fleet)
    };
    case().run().ok();
    fleet.sh("app1", "rm /tmp/x");
    fleet.change_host_key("app1");
    case().run().code(4).says("host key");
    assert!(!fleet.exists("app1", "/tmp/x"));
}

#[test]
fn k8_a_gateway_is_a_server_a_chain_or_a_map() {
    let fleet = Fleet::start(&["gate1", "gate2", "app1", "app2", "db1"]);
    let recipe = |gateway: &str| {
        format!(
            "set :gateway, {gateway}; role :app, \"app1\", \"app2\"; role :db, \"db1\"; task :t {{ run \"true\"; }}"
        )
    };
    let mut before = [0, 0];
    for (gateway, expected) in [
        ("\"gate1\"", [1, 0]),
        ("[\"gate1\", \"gate2\"]", [1, 1]),
        ("#{ gate1: [\"app1\", \"app2\"], gate2: \"db1\" }", [1, 1]),
        ("()", [0, 0]),
        // As in Ruby, where nil and false are the same here.
        ("false; set :user, false; set :port, false", [0, 0]),
    ] {
        Case::new().recipe(&recipe(gateway)).args(["t"]).on(&fleet).run().ok();
        let now = [logins(&fleet, "gate1"), logins(&fleet, "gate2")];
        assert_eq!([now[0] - before[0], now[1] - before[1]], expected, "{gateway}");
        before = now;
    }
    let stopped = |text: &str, code: i32, says: &str| {
        let case = Case::new().recipe(&recipe(text)).args(["t"]).on(&fleet);
        case.run().code(code).says(says);
    };
    stopped(
        "#{ gate1: \"app1\", gate2: \"app2\" }",
        3,
        "`gateway' names no gateway for db1",
    );
    fleet.stop("gate1");
    stopped("\"gate1\"", 4, "db1: gateway gate1: connection refused");
}

/// Returns true if a process exists and is no zombie.
fn lives(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[test]
fn no_program_on_the_way_to_a_server_or_its_gateway_outlives_the_run() {
    let fleet = Fleet::start(&["app1", "app2", "db1"]);
    for command in ["run \"true\";", "run \"false\";"] {
        let case = Case::new()
            .recipe(&format!("role :app, \"app2\", \"db1\"; task :t {{ {command} }}"))
            .args(["t"]);
        let pids = case.path("../pids");
        let config = case.path("../ssh_config");
        // They do not end with their input.
        let bridge = |name: &str| {
            format!(
                "Host {name}\n ProxyCommand bash -c 'echo $$ >> {}; exec 3<>/dev/tcp/%h/%p; cat <&3 & cat >&3; sleep 60'\n",
                pids.display()
            )
        };
        let fleet_config = std::fs::read_to_string(fleet.ssh_config()).unwrap();
        let (gate, direct) = (bridge("app1"), bridge("db1"));
        std::fs::write(
            &config,
            format!("{gate}{direct}Host app2\n ProxyJump app1\n{fleet_config}"),
        )
        .unwrap();
        let finished = case.env("CAPR_SSH_CONFIG", config.display()).run();
        assert!(!finished.stderr.contains("could not connect"), "{}", finished.stderr);
        let pids = std::fs::read_to_string(pids).unwrap();
        assert_eq!(pids.lines().count(), 2, "{pids}");
        let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while pids.lines().any(lives) {
            assert!(std::time::Instant::now() < until, "left behind: {pids}");
            std::thread::park_timeout(std::time::Duration::from_millis(10));
        }
    }
}

#[test]
fn the_name_of_a_server_or_user_runs_nothing_on_this_machine() {
    for (hosts, user, words) in [
        ("a$(touch${IFS}RAN)", "deploy", "is not a server"),
        ("a;touch${IFS}RAN;@app1", "deploy", "is not a server"),
        ("app1", "a;touch RAN;", "is not a user"),
    ] {
        let case = Case::new();
        let (ran, config) = (case.path("../ran"), case.path("../ssh_config"));
        let place = |text: &str| text.replace("RAN", &ran.display().to_string());
        let runs = "ProxyCommand echo %h %r; exit 1\n";
        std::fs::write(&config, place(runs)).unwrap();
        let finished = case
            .recipe(&place(&format!(
                "set :user, \"{user}\"; role :app, \"app1\"; task :t {{ run \"true\"; }}"
            )))
            .args(["t"])
            .env("CAPR_SSH_CONFIG", config.display())
            .env("HOSTS", place(hosts))
            .run();
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
        assert!(!ran.exists(), "{}", finished.stderr);
    }
}
