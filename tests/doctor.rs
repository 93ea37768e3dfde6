//! `capr doctor`: what it finds on this machine and on servers, what it says to do, and that it changes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::fleet::{Fleet, PASSWORD};
use crate::harness::{Case, Finished};

/// Short times, so that no test waits for what hangs.
const TIMES: &str = "ssh_options.timeout = 3; ssh_options.login_timeout = 3; default_run_options.timeout = 4;\n";

fn recipe(fleet: &Fleet, more: &str) -> String {
    let url = &fleet.git().url;
    let hosts: Vec<String> = fleet.names().map(|name| format!("{name:?}")).collect();
    format!(
        "{TIMES}set :application, \"flipper\"; set :repository, {url:?};\nrole :app, {};\n{more}",
        hosts.join(", ")
    )
}

fn case(fleet: &Fleet, more: &str) -> Case {
    Case::new().file("deploy.rhai", &recipe(fleet, more)).on(fleet)
}

/// Prepares servers as a deploy wants them, and makes their host keys known.
fn set_up(fleet: &Fleet) {
    case(fleet, "").args(["setup"]).run().ok();
}

/// The findings of a call with `--json`.
struct Found(Vec<Value>, Finished);

fn look(case: Case) -> Found {
    look_with(case, &[])
}

fn look_with(case: Case, words: &[&str]) -> Found {
    let finished = case.args(["doctor", "--json"]).args(words).run();
    let lines = finished.stdout.lines();
    let objects = lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")));
    Found(objects.collect(), finished)
}

impl Found {
    /// The first finding of a check, of a server or (`""`) of this machine.
    #[track_caller]
    fn of(&self, server: &str, check: &str) -> &Value {
        let is_meant = |object: &&Value| {
            let of = object["server"].as_str().unwrap_or_default();
            object["type"] == "finding" && of == server && object["check"] == check
        };
        let found = self.0.iter().find(is_meant);
        found.unwrap_or_else(|| panic!("nothing of {check} on {server:?} in {:#?}", self.0))
    }

    /// It must be so, and what is not well must say what to do: `advice` is a part of that.
    #[track_caller]
    fn is(self, server: &str, check: &str, state: &str, detail: &str, advice: &str) -> Self {
        let found = self.of(server, check);
        let said = found["detail"].as_str().unwrap();
        assert!(found["state"] == state && said.contains(detail), "{found:#}");
        let advised = found["advice"].to_string();
        assert_eq!(state == "ok", advised == "[]", "{found:#}");
        assert!(advised.contains(advice), "{found:#}");
        self
    }

    /// The server has no such finding.
    #[track_caller]
    fn lacks(self, server: &str, check: &str) -> Self {
        let mut all = self.0.iter().filter(|object| object["server"] == server);
        assert!(all.all(|object| object["check"] != check), "{check}: {:#?}", self.0);
        self
    }

    #[track_caller]
    fn code(self, code: i32) -> Self {
        let Self(found, finished) = self;
        Self(found, finished.code(code))
    }
}

#[test]
fn servers_that_are_ready_are_well_and_nothing_is_changed() {
    let fleet = Fleet::start(&["app1", "app2"]);
    set_up(&fleet);
    case(&fleet, "").args(["update"]).run().ok();
    let mark = "touch /root/mark; sync";
    for host in ["app1", "app2"] {
        fleet.sh(host, mark);
    }
    let known = fs::read(fleet.known_hosts()).unwrap();
    let found = look(case(&fleet, "")).code(0);
    for host in ["app1", "app2"] {
        let states: Vec<&Value> = found
            .0
            .iter()
            .filter(|object| object["server"] == host)
            .map(|object| &object["state"])
            .collect();
        assert!(
            states.len() > 8 && states.iter().all(|state| **state == "ok"),
            "{:#?}",
            found.0
        );
        let written = fleet.sh(
            host,
            "find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /var/log \\) -prune -o -newer /root/mark -type f -print",
        );
        assert_eq!(written, "", "{host}");
    }
    assert_eq!(found.of("app1", "release")["facts"]["by"], "tester");
    assert_eq!(
        found.of("app1", "algorithms")["facts"]["cipher"],
        "chacha20-poly1305@openssh.com"
    );
    assert_eq!(found.of("app1", "host_key")["facts"]["key_type"], "ssh-ed25519");
    assert_eq!(fs::read(fleet.known_hosts()).unwrap(), known);
    // For people the two are one.
    let told = case(&fleet, "").args(["doctor"]).run().ok();
    told.says("2 servers\n  app1, app2\n")
        .says("is current")
        .says("2 servers: 2 well; ");
    // What a person has locked keeps everybody from deploying.
    case(&fleet, "")
        .args(["deploy:lock", "upgrade", "HOSTS=app2"])
        .run()
        .ok();
    look(case(&fleet, ""))
        .is("app1", "lock", "ok", "nobody holds it", "")
        .is(
            "app2",
            "lock",
            "bad",
            ": upgrade; until somebody unlocks",
            "capr deploy.rhai deploy:unlock frees it",
        )
        .code(1);
}

#[test]
fn an_unknown_host_key_is_told_and_stays_unknown() {
    let fleet = Fleet::start(&["app1"]);
    let found = look(case(&fleet, "")).is(
        "app1",
        "host_key",
        "warning",
        "not known yet",
        "compare the fingerprint",
    );
    found
        .is(
            "app1",
            "deploy_to",
            "bad",
            "/u/apps/flipper is not there",
            "capr deploy.rhai setup",
        )
        .is("app1", "release", "ok", "nothing was deployed", "")
        .code(1);
    assert_eq!(fs::read_to_string(fleet.known_hosts()).unwrap_or_default(), "");
    // It gets no password, either.
    fleet.sh("app1", "rm /home/deploy/.ssh/authorized_keys");
    look_with(case(&fleet, ""), &["-s", &format!("password={PASSWORD}")])
        .is("app1", "login", "bad", "authentication failed", "accept its key first")
        .code(4);
    assert!(!fleet.host("app1").log_text().contains("Accepted password"));
}

#[test]
fn servers_out_of_reach_are_told_by_their_step_and_the_others_all_the_same() {
    let fleet = Fleet::start(&["down", "hangs", "changed", "refuses", "well"]);
    set_up(&fleet);
    fleet.stop("down");
    fleet.freeze("hangs");
    fleet.change_host_key("changed");
    fleet.sh("refuses", "rm /home/deploy/.ssh/authorized_keys");
    let more = "server \"nowhere.invalid\", :app;";
    let found = look(case(&fleet, more));
    found
        .is(
            "down",
            "connection",
            "bad",
            "connection refused",
            "whether sshd listens",
        )
        .is(
            "hangs",
            "connection",
            "bad",
            "no SSH greeting within 3 s",
            "ssh -v hangs",
        )
        .is("changed", "host_key", "bad", "has changed", "ssh-keygen -R")
        .is("refuses", "login", "bad", "authentication failed", "ssh-copy-id")
        .is(
            "nowhere.invalid",
            "address",
            "bad",
            "is not known",
            "getent hosts nowhere.invalid",
        )
        .lacks("down", "shell")
        .lacks("refuses", "shell")
        .is("well", "deploy_to", "ok", "can be written", "")
        .code(4);
    // A password that is known is used where the host key is.
    look_with(
        case(&fleet, ""),
        &["HOSTS=refuses", "-s", &format!("password={PASSWORD}")],
    )
    .is("refuses", "login", "ok", "as deploy with password", "")
    .code(0);
}

#[test]
fn the_password_is_asked_for_only_where_somebody_says_so() {
    let fleet = Fleet::start(&["app1"]);
    set_up(&fleet);
    fleet.sh("app1", "rm /home/deploy/.ssh/authorized_keys");
    let asks = "set :password { password_prompt(\"Which? \") };";
    let told = case(&fleet, asks).args(["doctor"]).terminal().run().code(4);
    told.silent_on("Which?").silent_on("Password:");
    look(case(&fleet, asks)).is(
        "app1",
        "login",
        "bad",
        "authentication failed",
        "capr doctor deploy.rhai -p",
    );
    let mut running = case(&fleet, "").args(["doctor", "-p"]).terminal().start();
    running.answer("Password: ", PASSWORD);
    running
        .finish()
        .ok()
        .says("as deploy with password")
        .silent_on(PASSWORD);
}

#[test]
fn a_server_is_judged_by_what_it_answers() {
    let fleet = Fleet::start(&["full", "readonly", "clock", "bare", "half", "foreign"]);
    set_up(&fleet);
    case(&fleet, "").args(["update", "HOSTS=half"]).run().ok();
    fleet.sh("full", "mount -t tmpfs -o size=1m,nr_inodes=2k none /u/apps/flipper/releases; mkdir /tmp/f; mount -t tmpfs -o size=2m none /tmp/f; cp -a /u/apps/flipper/. /tmp/f/; mount --bind /tmp/f /u/apps/flipper; chown 5000:5000 /u/apps/flipper");
    fleet.sh(
        "readonly",
        "mount --bind /u/apps/flipper /u/apps/flipper; mount -o remount,bind,ro /u/apps/flipper",
    );
    // The clock is the machine's, so another program tells it.
    fleet.sh("clock", "mkdir -p /srv/bin; printf '#!/bin/sh\\nexpr $(/bin/date +%%s) - 7200\\n' > /srv/bin/date; chmod 755 /srv/bin/date");
    fleet.configure("clock", "SetEnv PATH=/srv/bin:/usr/bin:/bin");
    fleet.sh("bare", "mkdir -p /srv/few; for tool in sh awk basename cat cut date df find grep head readlink sed sort tr id uname dirname env; do ln -s $(command -v $tool) /srv/few/$tool; done");
    fleet.configure("bare", "SetEnv PATH=/srv/few");
    fleet.sh(
        "half",
        "cd /u/apps/flipper; mkdir releases/29990101000000; echo x > .capr/29990101000000.run",
    );
    fleet.sh(
        "foreign",
        "chown -R root:root /u/apps/flipper; rm -rf /u/apps/flipper/current; mkdir /u/apps/flipper/current",
    );
    let found = look(case(&fleet, "set :linked_files, [\"config/app.yml\"];"));
    found
        .is(
            "full",
            "disk",
            "bad",
            "MiB are free for /u/apps/flipper",
            "make room there",
        )
        .is(
            "readonly",
            "deploy_to",
            "bad",
            "can only be read",
            "mount it for writing",
        )
        .is("clock", "clock", "bad", "behind this machine's", "timedatectl")
        .is("bare", "tools", "bad", "missing: git", "install git there")
        .is("bare", "repository", "bad", "cannot be read from there", "try it there")
        .is(
            "half",
            "release",
            "warning",
            "29990101000000 is not complete",
            "capr deploy.rhai deploy:releases",
        )
        .is(
            "foreign",
            "deploy_to",
            "bad",
            "may not write to /u/apps/flipper",
            "give it to that user",
        )
        .is(
            "half",
            "linked_files",
            "bad",
            "/u/apps/flipper/shared/config/app.yml",
            "put them there",
        )
        .is("half", "repository", "ok", "can be read", "")
        .code(1);
    // Rake is Bundler's where a library says so, and a library that may call sudo does not by itself.
    let more = "require \"bundler\"; require \"rails/migrations\"; require \"passenger\";";
    look_with(case(&fleet, more), &["HOSTS=bare"])
        .is(
            "bare",
            "tools",
            "bad",
            "missing: git, bundle",
            "install git, bundle there",
        )
        .lacks("bare", "sudo");
}

#[test]
fn login_shells_that_run_commands_are_well_and_others_are_told() {
    let fleet = Fleet::start(&["csh", "closed", "sleepy"]);
    set_up(&fleet);
    fleet.sh("csh", "sed -i '/^deploy:/s|[^:]*$|/bin/csh|' /etc/passwd");
    fleet.sh("closed", "sed -i '/^deploy:/s|[^:]*$|/usr/sbin/nologin|' /etc/passwd");
    fleet.write("sleepy", "/home/deploy/.bashrc", "sleep 100\n");
    look(case(&fleet, ""))
        .is("csh", "shell", "ok", "/bin/csh", "")
        .is("csh", "deploy_to", "ok", "can be written", "")
        .is("closed", "shell", "bad", "commands do not run", "chsh -s /bin/sh")
        .is(
            "sleepy",
            "shell",
            "bad",
            "no answer to a command within 4 s",
            "login shell waits for",
        )
        .lacks("closed", "disk")
        .code(1);
}

#[test]
fn sudo_is_tried_where_the_recipe_uses_it() {
    let fleet = Fleet::start(&["free", "asks", "none"]);
    set_up(&fleet);
    fleet.sh(
        "free",
        "echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/case; chmod 440 /etc/sudoers.d/case",
    );
    fleet.sh(
        "none",
        "mkdir -p /srv/few; for tool in /usr/bin/* /bin/*; do [ ${tool##*/} = sudo ] || ln -sf $tool /srv/few/; done",
    );
    fleet.configure("none", "SetEnv PATH=/srv/few");
    look(case(&fleet, "task :t { run `${sudo()} id`; }"))
        .is("free", "sudo", "ok", "without a password", "")
        .is("asks", "sudo", "warning", "asks for a password", "NOPASSWD")
        .is("none", "sudo", "bad", "sudo is not there", "install it there")
        .code(1);
    look_with(case(&fleet, ""), &["HOSTS=asks"])
        .lacks("asks", "sudo")
        .code(0);
    look_with(case(&fleet, ""), &["HOSTS=asks", "-s", "use_sudo=true"]).is("asks", "sudo", "warning", "asks", "");
}

#[test]
fn a_repository_that_does_not_answer_is_given_up() {
    let fleet = Fleet::start(&["app1"]);
    set_up(&fleet);
    fleet.sh("app1", "printf '#!/bin/sh\\ncase $1 in --version) echo slow ;; *) sleep 100 ;; esac\\n' > /srv/slow; chmod 755 /srv/slow");
    let slow = "set :git, \"/srv/slow\"; set :scm_timeout, 1;";
    look(case(&fleet, slow))
        .is(
            "app1",
            "repository",
            "bad",
            "no answer within 1 s",
            "a proxy or a firewall",
        )
        .is("app1", "release", "ok", "nothing was deployed", "")
        .code(1);
    let wrong = "set :repository, \"https://me:pa55word@127.0.0.1:1/x\";";
    let Found(_, finished) = look(case(&fleet, wrong))
        .is("app1", "repository", "bad", "cannot be read from there", "try it there")
        .code(1);
    finished.silent_on("pa55word");
}

#[test]
fn the_way_through_a_gateway_is_told() {
    let fleet = Fleet::start(&["gate", "app1"]);
    let more = "set :gateway, \"gate\"; task :t, :hosts => \"app1\" {}";
    let text = format!("{TIMES}role :app, \"app1\"; {more}");
    let case = || Case::new().file("deploy.rhai", &text).on(&fleet);
    look(case())
        .is("app1", "connection", "ok", "through gate", "")
        .is("app1", "host_key", "warning", "", "compare the fingerprint")
        .is("", "deploy", "ok", "nothing is looked at for deploys", "")
        .lacks("app1", "deploy_to")
        .lacks("app1", "repository")
        .code(0);
    assert_eq!(fs::read_to_string(fleet.known_hosts()).unwrap_or_default(), "");
    fleet.sh("gate", "mv /home/deploy/.ssh/authorized_keys /root/");
    look(case())
        .is(
            "app1",
            "connection",
            "bad",
            "gateway gate: authentication failed",
            "accept its key first",
        )
        .lacks("app1", "login")
        .code(4);
    fleet.stop("gate");
    look(case())
        .is(
            "app1",
            "connection",
            "bad",
            "gateway gate: connection refused",
            "whether sshd",
        )
        .code(4);
}

#[test]
fn many_servers_are_shown_in_few_lines() {
    let fleet = Fleet::numbered(30);
    set_up(&fleet);
    for host in ["h003", "h017"] {
        fleet.stop(host);
    }
    let told = case(&fleet, "").args(["doctor"]).run().code(4);
    let told = told
        .says("28 servers\n  h001, h002, h004")
        .says("and 16 more (-v names them)")
        .says("2 servers\n  h003, h017\n")
        .says("30 servers: 28 well, 2 bad, of which 2 not reached; ");
    assert!(told.stdout.lines().count() < 50, "{}", told.stdout);
    case(&fleet, "")
        .args(["doctor", "-v"])
        .run()
        .code(4)
        .says("h029, h030\n");
}

#[test]
fn this_machine_is_looked_at_without_a_recipe_and_with_one_that_is_broken() {
    let keys = |case: &Case| {
        let ssh = case.path("../home/.ssh");
        fs::create_dir_all(&ssh).unwrap();
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nno key\n-----END OPENSSH PRIVATE KEY-----\n";
        fs::write(ssh.join("id_ed25519"), key).unwrap();
        fs::set_permissions(ssh.join("id_ed25519"), fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(ssh.join("known_hosts"), "# mine\nhost\n").unwrap();
    };
    let case = Case::new().env("SSH_AUTH_SOCK", "/nowhere/agent");
    keys(&case);
    let known = case.path("../home/.ssh/known_hosts");
    let found = look(case)
        .is("", "key_file", "bad", "~/.ssh/id_ed25519 has mode 0644", "chmod 600")
        .is(
            "",
            "known_hosts",
            "warning",
            "line 2: it has no key",
            "correct or remove",
        )
        .is("", "agent", "warning", "/nowhere/agent", "ssh-agent")
        .is("", "version", "ok", "OpenSSL", "")
        .code(1);
    drop(known);
    assert!(
        found
            .0
            .iter()
            .all(|object| object["type"] == "doctor" || object["of"] == "here")
    );

    let case = Case::new()
        .file("deploy.rhai", "rolle :app, \"app1\";")
        .args(["doctor"]);
    let told = case.run().code(3).says("this machine\n").says("did you mean `role'?");
    drop(told);
    let Found(objects, _) = look(Case::new().file("deploy.rhai", "rolle :app, \"app1\";")).code(3);
    assert!(
        objects
            .iter()
            .any(|object| object["type"] == "error" && object["line"] == 1)
    );

    let config = Case::new().file("config", "Host *\n  Prot 22\n");
    let path = config.path("config");
    look_with(config, &["--ssh-config", &path.display().to_string()])
        .is("", "ssh_config", "bad", "config:2: ", "connects to no server")
        .code(1);
}

#[test]
fn what_a_recipe_leaves_open_is_told_and_no_more() {
    let look_at = |text: &str| look(Case::new().file("deploy.rhai", text));
    look_at("set :repository, \"git@example.com:x.git\";")
        .is("", "recipe", "warning", "no server is named", "HOSTS=")
        .is("", "deploy", "warning", "deploy_to is not known", "-s deploy_to=")
        .code(0);
    look_at("set :application, \"x\"; set :scm, \"none\";")
        .is("", "repository", "warning", "where is its code?", "-s repository=")
        .is("", "deploy", "ok", "to /u/apps/x", "");
    look_at("require \"notify\"; set :notify_command, \"true\"; set :application, \"x\"; set :repository, \"r\";").is(
        "",
        "deploy",
        "ok",
        "from r by git",
        "",
    );
    let text = "require \"notify\"; set :notify_webhook, \"https://example.com/secret-hook\"; set :application, \"x\"; set :repository, \"r\";";
    let without = Case::new().file("deploy.rhai", text).env("PATH", "/nowhere");
    let Found(_, finished) = look(without)
        .is("", "programs", "bad", "curl (for notify_webhook)", "install it here")
        .code(1);
    finished.silent_on("secret-hook");
    look_at("set :application, \"x\"; set :repository, \"r\"; set :scm, \"cvs\";").is(
        "",
        "repository",
        "warning",
        "it is not looked at on the servers",
        "capr vars --values",
    );
    look_at("set :application, \"x\"; set :repository { capture(\"hostname\") };").is(
        "",
        "repository",
        "warning",
        "needs a server, and none is asked now",
        "-s repository=",
    );
    // The name of the person is only for what a deploy writes: the servers can be looked at without it.
    let Found(_, finished) = look_at(
        "set :application, \"x\"; set :repository, \"r\"; set :local_user { chomp(run_locally(\"whoami\", :result => true).stdout) }",
    )
    .code(0);
    finished.silent_on("is not looked at");
    Case::new()
        .file("deploy.rhai", "role :app, \"app1\";")
        .args(["doctor", "app1"])
        .run()
        .code(2)
        .says("help: HOSTS=app1 limits it to this server");
}

#[test]
fn a_stage_is_named_where_there_are_stages() {
    let case = |words: &[&str]| {
        let case = Case::new()
            .file("deploy.rhai", "")
            .file("config/deploy/production.rhai", "role :app, \"down.invalid\";");
        case.args(["doctor"]).args(words).run()
    };
    case(&[]).code(2).says("no stage was named").says("this machine\n");
    case(&["prodction"])
        .code(2)
        .says("did you mean the stage `production'?");
    case(&["production", "deploy"])
        .code(2)
        .says("doctor runs no tasks, but `deploy' was named");
    case(&["production"])
        .code(4)
        .says("stage production, 1 server")
        .says("down.invalid");
    case(&["production", "-n"])
        .code(0)
        .says("stage production")
        .silent_on("host name");
    case(&["production", "ROLES=web"])
        .code(2)
        .says("the role `web' is not defined");
}

#[test]
fn output_that_goes_nowhere_is_a_failure() {
    let case = Case::new().shell("capr doctor > /dev/full");
    case.run().code(1).says("cannot write to standard output");
}
