//! A connection that only looks reports each step of the login, and writes nothing.

use std::fs;

use crate::session::ssh::testing::{Client, Sshd, make_key};
use crate::session::ssh::{FileKey, KnownHostsFile, SshConnector, SshEnvironment};
use crate::session::{Destination, LoginReport, Report, SshOptions, Standing, StepKind, StepWay};

use crate::configuration::Server;

/// Returns the steps of one login, and true if it succeeds.
fn steps(options: SshOptions) -> (Vec<StepKind>, bool) {
    let client = Client::begin("127.0.0.1", options.looking(), SshEnvironment::default());
    let mut steps = Vec::new();
    loop {
        match client.report() {
            Report::Login(_, LoginReport::Step(step)) => steps.push(step.kind),
            Report::Connected(..) => return (steps, true),
            Report::ConnectFailed(..) => return (steps, false),
            Report::Login(_, LoginReport::HostKeyAdded(_)) => panic!("a key was added"),
            _ => {}
        }
    }
}

fn standing(steps: &[StepKind]) -> Option<&Standing> {
    steps.iter().find_map(|step| match step {
        StepKind::HostKey { standing, .. } => Some(standing),
        _ => None,
    })
}

#[test]
fn a_key_that_is_not_known_is_told_and_not_written_down() {
    let sshd = Sshd::start();
    let file = sshd.path("known_hosts");
    let _ = fs::remove_file(&file);
    let options = SshOptions {
        user_known_hosts_files: Some(vec![file.clone()]),
        ..sshd.options()
    };
    let (found, entered) = steps(options.clone());
    assert!(entered, "{found:?}");
    assert!(!file.exists());
    assert_eq!(standing(&found), Some(&Standing::Unknown(Some(file.clone()))));
    assert!(matches!(&found[0], StepKind::Resolved(addresses) if addresses.len() == 1));
    let direct = |step: &StepKind| matches!(step, StepKind::Reached { way: StepWay::Direct(Some(at)), .. } if at.port() == sshd.port);
    assert!(direct(&found[1]), "{found:?}");
    let key = format!("key {}", sshd.path("id").display());
    assert!(
        matches!(&found[3], StepKind::Entered { by, .. } if *by == [key.clone()]),
        "{found:?}"
    );

    let key = fs::read_to_string(sshd.path("host_key.pub")).unwrap();
    fs::write(&file, format!("# mine\nbroken\n[127.0.0.1]:{} {key}", sshd.port)).unwrap();
    let (found, entered) = steps(options);
    assert!(entered, "{found:?}");
    assert_eq!(
        standing(&found),
        Some(&Standing::Known(format!("{}:3", file.display())))
    );
}

#[test]
fn who_looks_offers_keys_alone_to_a_server_that_is_not_known() {
    let sshd = Sshd::with("PubkeyAuthentication no\nKbdInteractiveAuthentication yes");
    let options = SshOptions {
        user_known_hosts_files: Some(vec![sshd.path("nowhere")]),
        password: Some(crate::secret::Secret::new("flipper-secret")),
        ..sshd.options()
    };
    let (found, entered) = steps(options);
    assert!(!entered, "{found:?}");
    assert!(!sshd.log().contains("keyboard-interactive for"), "{}", sshd.log());
}

#[test]
fn a_survey_tells_of_keys_and_of_lines_that_are_passed_over() {
    let sshd = Sshd::start();
    make_key(&sshd.path("locked"), &["-t", "ed25519", "-N", "open-sesame"]);
    fs::write(sshd.path("open"), fs::read(sshd.path("id")).unwrap()).unwrap();
    let files = ["id", "locked", "open", "missing"].map(|name| sshd.path(name));
    let known = sshd.path("known");
    let cut = "a ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA";
    let text = format!("# a comment\n\n@own a b c\nname\n|1|x|y ssh-ed25519 AAAA\n{cut}\nb ssh-ed25519 !\n");
    let key = fs::read_to_string(sshd.path("host_key.pub")).unwrap();
    fs::write(&known, format!("{text}c {key}")).unwrap();
    let options = SshOptions {
        keys: files.to_vec(),
        user_known_hosts_files: Some(vec![known.clone()]),
        ..sshd.options()
    };
    let server = Server::host("127.0.0.1");
    let survey = SshConnector::new(SshEnvironment::default()).survey(&[Destination { server, options }]);
    let of = |name: &str| survey.keys.get(&sshd.path(name)).cloned().flatten();
    let private = |is_encrypted| FileKey::Private {
        key_type: "ssh-ed25519".to_owned(),
        is_encrypted,
        mode: 0o600,
    };
    assert_eq!(of("id"), Some(private(false)));
    assert_eq!(of("locked"), Some(private(true)));
    assert_eq!(of("open"), Some(FileKey::TooOpen(0o644)));
    assert_eq!(survey.keys.get(&sshd.path("missing")), Some(&None));
    let KnownHostsFile::Read { keys, passed_over } = &survey.known_hosts[&known] else {
        panic!("{survey:?}");
    };
    let lines: Vec<usize> = passed_over.iter().map(|(line, _)| *line).collect();
    assert_eq!((*keys, lines), (1, vec![3, 4, 5, 6, 7]), "{passed_over:?}");
    assert!(survey.libssh2.starts_with("1."), "{survey:?}");
    assert!(survey.cryptography.starts_with("OpenSSL"), "{survey:?}");
    assert!(!survey.key_exchanges.is_empty());
}
