//! Servers whose host keys are not the known ones: how they are treated, compared with ssh.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command as Process, Stdio};

use crate::deadline::InTime;
use crate::secret::Secret;
use crate::session::ssh::testing::{Client, Sshd, TestAgent, command, make_key, me};
use crate::session::{AuthMethod, ConnectError, HostKeyPolicy, LoginReport, Report, SshOptions};

/// The result of a login with a key, and of one with only a password.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    enters: bool,
    has_agent: bool,
    got_password: bool,
    /// The number of lines in the known-hosts file afterwards.
    lines: usize,
}

/// A server that accepts passwords, and an agent.
struct Place {
    sshd: Sshd,
    agent: TestAgent,
}

impl Place {
    fn new() -> Self {
        let sshd = Sshd::with("PasswordAuthentication yes");
        for key in ["other", "authority"] {
            make_key(&sshd.path(key), &["-t", "ed25519", "-C", ""]);
        }
        make_key(&sshd.path("other_type"), &["-t", "ecdsa", "-C", ""]);
        let agent = TestAgent::start(sshd.folder.path());
        fs::write(sshd.path("askpass"), "#!/bin/sh\necho guess\n").unwrap();
        fs::set_permissions(sshd.path("askpass"), fs::Permissions::from_mode(0o700)).unwrap();
        Self { sshd, agent }
    }

    /// Writes a known-hosts file. NAME stands for the server's name; HOST, OTHER and TYPE stand for keys.
    fn known_hosts(&self, text: &str) -> std::path::PathBuf {
        let key = |name: &str| fs::read_to_string(self.sshd.path(name)).unwrap().trim().to_owned();
        let text = text
            .replace("NAME", &format!("[127.0.0.1]:{}", self.sshd.port))
            .replace("HOST", &key("host_key.pub"))
            .replace("OTHER", &key("other.pub"))
            .replace("TYPE", &key("other_type.pub"));
        let file = self.sshd.path("known_hosts");
        fs::write(&file, text).unwrap();
        file
    }

    fn passwords(&self) -> usize {
        self.sshd.log().matches("method password").count()
    }

    fn ours(&self, lines: &str, policy: HostKeyPolicy) -> Outcome {
        let file = self.known_hosts(lines);
        let options = || SshOptions {
            verify_host_key: Some(policy),
            forward_agent: Some(true),
            ..self.sshd.options()
        };
        let login = |options: SshOptions| -> Result<Client, ConnectError> {
            let mut client = Client::begin("127.0.0.1", options, self.agent.environment());
            client.await_login()?;
            Ok(client)
        };
        let (enters, has_agent) = match login(options()) {
            Ok(mut client) => (true, !client.run("printf %s \"$SSH_AUTH_SOCK\"").out.is_empty()),
            Err(_) => (false, false),
        };
        let before = self.passwords();
        let with_password = login(SshOptions {
            keys: Vec::new(),
            use_agent: Some(false),
            password: Some(Secret::new("guess")),
            password_prompts: Some(0),
            ..options()
        });
        assert!(with_password.is_err());
        Outcome {
            enters,
            has_agent,
            got_password: self.passwords() > before,
            lines: fs::read_to_string(file).unwrap().lines().count(),
        }
    }

    fn theirs(&self, lines: &str, policy: &str) -> Outcome {
        let file = self.known_hosts(lines);
        let ssh = |more: &[&str]| {
            Process::new("ssh")
                .args(["-F", "none", "-A", "-o", "GlobalKnownHostsFile=none"])
                .arg("-o")
                .arg(format!("StrictHostKeyChecking={policy}"))
                .arg("-o")
                .arg(format!("UserKnownHostsFile={}", file.display()))
                .args(more)
                .args(["-p", &self.sshd.port.to_string()])
                .arg(format!("{}@127.0.0.1", me()))
                .arg("printf %s \"$SSH_AUTH_SOCK\"")
                .env("SSH_AUTH_SOCK", &self.agent.socket)
                .env("SSH_ASKPASS", self.sshd.path("askpass"))
                .env("SSH_ASKPASS_REQUIRE", "force")
                .stdin(Stdio::null())
                .in_time()
        };
        let key = self.sshd.path("id").display().to_string();
        let with_key = ssh(&["-i", &key, "-o", "BatchMode=yes"]);
        let before = self.passwords();
        ssh(&["-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1"]);
        Outcome {
            enters: with_key.status.success(),
            has_agent: !with_key.stdout.is_empty(),
            got_password: self.passwords() > before,
            lines: fs::read_to_string(file).unwrap().lines().count(),
        }
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "the count is part of the result")]
fn a_server_with_another_key_gets_what_ssh_gives_it() {
    let place = Place::new();
    let mut compared = 0;
    for lines in [
        "",
        "NAME HOST\n",
        "NAME OTHER\n",
        "NAME TYPE\n",
        "@revoked NAME HOST\n",
        "NAME HOST\n@revoked * HOST\n",
        "NAME OTHER\n@revoked * HOST\n",
        "NAME OTHER\nNAME HOST\n",
        "@cert-authority * OTHER\n",
        "elsewhere HOST\n",
    ] {
        for (policy, word) in [
            (HostKeyPolicy::Strict, "yes"),
            (HostKeyPolicy::AcceptNew, "accept-new"),
            (HostKeyPolicy::Off, "no"),
        ] {
            let ours = place.ours(lines, policy);
            assert_eq!(ours, place.theirs(lines, word), "{word}: {lines}");
            compared += 1;
        }
    }
    println!("{compared} cases of host keys held against ssh: logins, agents, passwords, what is written down");
}

#[test]
fn a_key_that_has_changed_or_is_revoked_is_told_before_anything_is_given_away() {
    let place = Place::new();
    for (lines, words) in [("NAME OTHER\n", "has changed"), ("@revoked NAME HOST\n", "is revoked")] {
        place.known_hosts(lines);
        let options = SshOptions {
            verify_host_key: Some(HostKeyPolicy::Off),
            auth_methods: Some(vec![
                AuthMethod::Password,
                AuthMethod::KeyboardInteractive,
                AuthMethod::PublicKey,
            ]),
            ..place.sshd.options()
        };
        let client = Client::begin("127.0.0.1", options, place.agent.environment());
        match client.report() {
            Report::Login(_, LoginReport::HostKeyUntrusted(warning)) => {
                assert!(warning.text.contains(words), "{warning:?}")
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(client.report(), Report::Connected(..)));
        client.session.start(crate::session::JobId(1), command("true"));
    }
    assert_eq!(place.passwords(), 0);
    // A password is not given even if it is the only way to log in.
    let options = SshOptions {
        verify_host_key: Some(HostKeyPolicy::Off),
        auth_methods: Some(vec![AuthMethod::Password]),
        password: Some(Secret::new("guess")),
        ..place.sshd.options()
    };
    let error = place.sshd.connect_with(options).map(drop).unwrap_err();
    assert!(
        error.hints.iter().any(|hint| hint.contains("no password is given")),
        "{error:?}"
    );
    assert_eq!(place.passwords(), 0);
}
