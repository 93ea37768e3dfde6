#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::{KeyVerdict, KnownHosts, fingerprint, name};
use crate::deadline::InTime;

/// Makes up a key for this test: it only has to look like one.
fn key(key_type: &str, seed: u8) -> Vec<u8> {
    let mut blob = u32::try_from(key_type.len()).unwrap().to_be_bytes().to_vec();
    blob.extend(key_type.as_bytes());
    let parts = if key_type == "ssh-ed25519" { 1 } else { 2 };
    for _ in 0..parts {
        blob.extend(32_u32.to_be_bytes());
        blob.extend([seed; 32]);
    }
    blob
}

fn ed(seed: u8) -> Vec<u8> {
    key("ssh-ed25519", seed)
}

fn text(blob: &[u8]) -> String {
    STANDARD.encode(blob)
}

struct Files {
    directory: TempDir,
    file: PathBuf,
}

impl Files {
    fn new(lines: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("known_hosts");
        fs::write(&file, lines).unwrap();
        Self { directory, file }
    }

    fn load(&self) -> KnownHosts {
        KnownHosts::load(&[self.directory.path().join("missing"), self.file.clone()]).unwrap()
    }

    fn check(&self, host: &str, port: u16, blob: &[u8]) -> KeyVerdict {
        self.load().check(host, port, "ssh-ed25519", blob)
    }

    fn changed(&self, line: usize, key_type: &str) -> KeyVerdict {
        let text = fs::read_to_string(&self.file).unwrap();
        let old = text.lines().nth(line - 1).unwrap().split_whitespace();
        let blob = old.last().and_then(|word| STANDARD.decode(word).ok()).unwrap();
        KeyVerdict::Changed {
            file: self.file.clone(),
            line,
            key_type: key_type.to_owned(),
            fingerprint: fingerprint(&blob),
        }
    }
}

/// Returns true if `ssh-keygen -F` finds the name.
fn keygen_finds(file: &Path, name: &str) -> bool {
    let output = Command::new("ssh-keygen")
        .arg("-f")
        .arg(file)
        .args(["-F", name])
        .in_time();
    output.status.success()
}

#[test]
fn names_patterns_ports_and_case_are_found_as_ssh_keygen_finds_them() {
    let key = text(&ed(1));
    let files = Files::new(&format!(
        "# a comment\n\
         \n\
         app1,App2,10.0.0.1 ssh-ed25519 {key} someone@somewhere\n\
         total garbage\n\
         @unknown-marker app9 ssh-ed25519 {key}\n\
         [app3]:2222 ssh-ed25519 {key}\n\
         *.example.com,!secret.example.com ssh-ed25519 {key}\n\
         \t  web?\tssh-ed25519\t{key}\n\
         broken ssh-ed25519 AAAA!!!!\n\
         mismatch ssh-rsa {key}\n\
         [*.wild.net]:22?? ssh-ed25519 {key}\n\
         ::1 ssh-ed25519 {key}\n"
    ));
    for (host, port) in [
        ("app1", 22),
        ("APP1", 22),
        ("app2", 22),
        ("10.0.0.1", 22),
        ("app3", 22),
        ("app3", 2222),
        ("www.example.com", 22),
        ("secret.example.com", 22),
        ("web1", 22),
        ("web", 22),
        ("app9", 22),
        ("x.wild.net", 2201),
        ("x.wild.net", 22),
        ("::1", 22),
        ("nobody", 22),
    ] {
        let name = name(host, port);
        let expected = if keygen_finds(&files.file, &name) {
            KeyVerdict::Known
        } else {
            KeyVerdict::Unknown
        };
        assert_eq!(files.check(host, port, &ed(1)), expected, "{name}");
    }
    // `ssh-keygen -F` finds these, too, since it looks at names alone; ssh itself does not.
    for host in ["broken", "mismatch", "total"] {
        assert_eq!(files.check(host, 22, &ed(1)), KeyVerdict::Unknown, "{host}");
    }
}

#[test]
fn names_that_ssh_keygen_hashed_are_found() {
    let files = Files::new(&format!(
        "app1,app2 ssh-ed25519 {}\n[app3]:2222 ssh-ed25519 {}\n",
        text(&ed(1)),
        text(&ed(3))
    ));
    let hashed = Command::new("ssh-keygen")
        .arg("-H")
        .arg("-f")
        .arg(&files.file)
        .in_time();
    assert!(hashed.status.success());
    assert!(!fs::read_to_string(&files.file).unwrap().contains("app"));
    assert_eq!(files.check("app1", 22, &ed(1)), KeyVerdict::Known);
    assert_eq!(files.check("App2", 22, &ed(1)), KeyVerdict::Known);
    assert_eq!(files.check("app3", 2222, &ed(3)), KeyVerdict::Known);
    assert_eq!(files.check("app3", 22, &ed(3)), KeyVerdict::Unknown);
    assert_eq!(files.check("app1", 22, &ed(9)), files.changed(1, "ssh-ed25519"));
}

#[test]
fn another_key_is_a_changed_one_and_the_same_type_is_named() {
    let files = Files::new(&format!(
        "app1 ssh-rsa {}\napp1 ssh-ed25519 {}\napp1 ecdsa-sha2-nistp256 {}\n",
        text(&key("ssh-rsa", 1)),
        text(&ed(1)),
        text(&key("ecdsa-sha2-nistp256", 1)),
    ));
    assert_eq!(files.check("app1", 22, &ed(2)), files.changed(2, "ssh-ed25519"));
    let known = files.load();
    assert_eq!(
        known.known_types("app1", 22),
        ["ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256"]
    );
    let files = Files::new(&format!("app1 ssh-rsa {}\n", text(&key("ssh-rsa", 1))));
    assert_eq!(files.check("app1", 22, &ed(2)), files.changed(1, "ssh-rsa"));
}

#[test]
fn on_another_port_a_plain_entry_can_only_confirm() {
    let files = Files::new(&format!("app1 ssh-ed25519 {}\n", text(&ed(1))));
    assert_eq!(files.check("app1", 2222, &ed(1)), KeyVerdict::Known);
    assert_eq!(files.check("app1", 2222, &ed(2)), KeyVerdict::Unknown);
    assert_eq!(files.load().known_types("app1", 2222), ["ssh-ed25519"]);
}

#[test]
fn a_revoked_key_is_refused_even_where_it_is_known() {
    let files = Files::new(&format!(
        "app1 ssh-ed25519 {0}\n@revoked * ssh-ed25519 {0}\n@cert-authority * ssh-ed25519 {1}\n",
        text(&ed(1)),
        text(&ed(2)),
    ));
    let revoked = KeyVerdict::Revoked {
        file: files.file.clone(),
        line: 2,
    };
    assert_eq!(files.check("app1", 22, &ed(1)), revoked);
    assert_eq!(files.check("other", 2222, &ed(1)), revoked);
    assert_eq!(files.check("other", 22, &ed(2)), KeyVerdict::Unknown);
    assert!(files.load().known_types("other", 22).is_empty());
}

#[test]
fn the_first_key_makes_a_file_for_the_user_alone() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("home/.ssh/known_hosts");
    KnownHosts::append(&file, &name("App1", 2222), "ssh-ed25519", &ed(1), false).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        format!("[app1]:2222 ssh-ed25519 {}\n", text(&ed(1)))
    );
    assert!(keygen_finds(&file, "[app1]:2222"));
}

#[test]
fn a_line_that_was_cut_is_no_other_key_of_the_host() {
    for key_type in ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"] {
        let whole = format!("app1 {key_type} {}", text(&key(key_type, 1)));
        for end in 1..whole.len() {
            let files = Files::new(&whole[..end]);
            assert_eq!(
                files.check("app1", 22, &ed(2)),
                KeyVerdict::Unknown,
                "{}",
                &whole[..end]
            );
        }
    }
}

#[test]
fn a_key_is_added_once_after_what_is_there() {
    let files = Files::new(&format!("# mine\ngarbage\napp1 ssh-ed25519 {} the first", text(&ed(1))));
    let before = fs::read_to_string(&files.file).unwrap();
    for _ in 0..2 {
        KnownHosts::append(&files.file, &name("app2", 22), "ssh-ed25519", &ed(2), false).unwrap();
    }
    assert_eq!(
        fs::read_to_string(&files.file).unwrap(),
        format!("{before}\napp2 ssh-ed25519 {}\n", text(&ed(2)))
    );
}

#[test]
fn a_name_is_hashed_where_names_are_hashed() {
    let files = Files::new(&format!("app1 ssh-ed25519 {}\n", text(&ed(1))));
    Command::new("ssh-keygen")
        .arg("-H")
        .arg("-f")
        .arg(&files.file)
        .in_time();
    KnownHosts::append(&files.file, &name("app2", 22), "ssh-ed25519", &ed(2), false).unwrap();
    assert!(!fs::read_to_string(&files.file).unwrap().contains("app2"));
    assert!(keygen_finds(&files.file, "app2"));
    assert_eq!(files.check("app2", 22, &ed(2)), KeyVerdict::Known);
}

#[test]
fn a_name_is_hashed_where_that_is_wanted_and_added_once() {
    let files = Files::new(&format!("app1 ssh-ed25519 {}\n", text(&ed(1))));
    for _ in 0..2 {
        KnownHosts::append(&files.file, &name("app2", 2222), "ssh-ed25519", &ed(2), true).unwrap();
    }
    let written = fs::read_to_string(&files.file).unwrap();
    assert_eq!(written.lines().count(), 2);
    assert!(!written.contains("app2"), "{written}");
    assert!(keygen_finds(&files.file, "[app2]:2222"));
    assert_eq!(files.check("app2", 2222, &ed(2)), KeyVerdict::Known);
}

#[test]
fn a_name_that_would_be_read_as_something_else_is_not_written() {
    let files = Files::new("");
    for host in ["*", "a,b", "a b", "#a", "@revoked", "|1|x", "a\nb", "!a", ""] {
        let error = KnownHosts::append(&files.file, &name(host, 22), "ssh-ed25519", &ed(1), false).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{host}");
    }
    assert!(fs::read(&files.file).unwrap().is_empty());
}

#[test]
fn no_line_brings_it_down() {
    let key = text(&ed(1));
    for line in [
        "@",
        "@revoked",
        "@revoked a",
        "|",
        "|1",
        "|1|",
        "|1||",
        "|1|AAAA|AAAA",
        "|2|a|b k AAAA",
        "a",
        "a b",
        "a ssh-ed25519",
        "a ssh-ed25519 =",
        "a ssh-ed25519 AAAA",
        "a ssh-ed25519 /////w==",
        ", ssh-ed25519 AAAA",
        "\u{0} \u{0} \u{0}",
        "a 1024 35 1234",
    ] {
        let files = Files::new(&format!("{line}\r\n{line} {line}\napp1 ssh-ed25519 {key}\r\n"));
        assert_eq!(files.check("app1", 22, &ed(1)), KeyVerdict::Known, "{line}");
    }
}

#[test]
fn many_writers_lose_no_line() {
    let files = Files::new("");
    std::thread::scope(|scope| {
        for writer in 0..8_u8 {
            let file = &files.file;
            scope.spawn(move || {
                for host in 0..10 {
                    let host = format!("w{writer}h{host}");
                    KnownHosts::append(file, &name(&host, 22), "ssh-ed25519", &ed(writer), false).unwrap();
                }
            });
        }
    });
    let known = files.load();
    for writer in 0..8_u8 {
        for host in 0..10 {
            let host = format!("w{writer}h{host}");
            assert_eq!(known.check(&host, 22, "ssh-ed25519", &ed(writer)), KeyVerdict::Known);
        }
    }
}

#[test]
fn the_fingerprint_is_the_one_ssh_keygen_shows() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&file)
        .in_time()
        .status;
    assert!(made.success());
    let public = fs::read_to_string(file.with_extension("pub")).unwrap();
    let blob = STANDARD.decode(public.split(' ').nth(1).unwrap()).unwrap();
    let shown = Command::new("ssh-keygen").arg("-lf").arg(&file).in_time();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.split(' ').nth(1).unwrap(), fingerprint(&blob));
}

/// Returns the verdict of ssh, with strict checking, on a server that shows the key in `host_key`.
fn verdict_of_ssh(known_hosts: &Path, host_key: &Path, host: &str, port: u16) -> &'static str {
    // sshd may insist on this directory, but only if root runs it.
    let _ = fs::create_dir_all("/run/sshd");
    let set = |name: &str, value: String| [String::from("-o"), format!("{name}={value}")];
    let output = Command::new("ssh")
        .args(["-F", "none", "-p", &port.to_string()])
        .args(set("BatchMode", "yes".to_owned()))
        .args(set("StrictHostKeyChecking", "yes".to_owned()))
        .args(set("IdentityFile", "none".to_owned()))
        .args(set("IdentityAgent", "none".to_owned()))
        .args(set("ConnectTimeout", "20".to_owned()))
        .args(set("GlobalKnownHostsFile", "/dev/null".to_owned()))
        .args(set("UserKnownHostsFile", known_hosts.display().to_string()))
        .args(set(
            "ProxyCommand",
            format!("/usr/sbin/sshd -i -f /dev/null -h {} 2>/dev/null", host_key.display()),
        ))
        .args([host, "true"])
        .in_time();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for (part, verdict) in [
        ("REVOKED HOST KEY", "revoked"),
        ("IDENTIFICATION HAS CHANGED", "changed"),
        ("host key is known for", "unknown"),
        ("Permission denied", "known"),
    ] {
        if said.contains(part) {
            return verdict;
        }
    }
    panic!("ssh said: {said}");
}

#[test]
#[allow(clippy::print_stdout, reason = "the count is part of the result")]
fn the_verdict_is_the_one_of_ssh_itself() {
    let directory = TempDir::new().unwrap();
    let make = |name: &str, key_type: &str| {
        let file = directory.path().join(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", key_type, "-N", "", "-C", "", "-f"])
            .arg(&file)
            .in_time()
            .status;
        assert!(made.success());
        let public = fs::read_to_string(file.with_extension("pub")).unwrap();
        (file, public.trim().to_owned())
    };
    let (shown_file, shown) = make("shown", "ed25519");
    let (_, other) = make("other", "ed25519");
    let (_, other_type) = make("other_type", "ecdsa");
    let blob = STANDARD.decode(shown.split(' ').nth(1).unwrap()).unwrap();
    let mut compared = 0;
    for (lines, host, port) in [
        (String::new(), "app1", 22),
        (format!("app1 {shown}"), "app1", 22),
        (format!("app1 {shown}"), "APP1", 22),
        (format!("app1 {other}"), "app1", 22),
        (format!("app1 {other_type}"), "app1", 22),
        (format!("app1 {other_type}\napp1 {shown}"), "app1", 22),
        (format!("app1 {other}\n* {shown}"), "app1", 22),
        (format!("app1 {shown}"), "app1", 2222),
        (format!("app1 {other}"), "app1", 2222),
        (format!("[app1]:2222 {other}\napp1 {shown}"), "app1", 2222),
        (format!("[app1]:2222 {shown}"), "app1", 2222),
        (format!("[app1]:2222 {shown}"), "app1", 22),
        (format!("app1 {shown}\n@revoked * {shown}"), "app1", 22),
        (format!("@revoked app1 {shown}"), "app1", 22),
        (format!("app1 {shown}\n@revoked * {other}"), "app1", 22),
        (format!("@cert-authority * {shown}"), "app1", 22),
        (format!("@cert-authority * {other}"), "app1", 22),
        (
            format!("app1 ssh-ed25519 AAAAgarbage\nnonsense\napp* {shown}"),
            "app1",
            22,
        ),
        (format!("app*,!app1 {shown}"), "app1", 22),
        (format!("app1 {shown}\0junk"), "app1", 22),
        (format!("app1 {other}\0junk"), "app1", 22),
        (format!("app1 {other}\0\napp1 {shown}"), "app1", 22),
        (format!("app1\0 {shown}"), "app1", 22),
        (format!("\0app1 {shown}"), "app1", 22),
        (format!("app1 {other}\napp1\0 {other}"), "app1", 22),
        (format!("@revoked app1 {shown}\0junk"), "app1", 22),
        (format!("@revoked\0 app1 {shown}"), "app1", 22),
        (format!("@unknown app1 {shown}"), "app1", 22),
        (format!("@unknown app1 {other}"), "app1", 22),
        (format!("@unknown app1 {other}\napp1 {shown}"), "app1", 22),
        (format!("@REVOKED app1 {shown}"), "app1", 22),
        (format!("@ app1 {shown}"), "app1", 22),
        (format!("@revokedapp1 {shown}"), "app1", 22),
        (format!("@revoked @cert-authority app1 {shown}"), "app1", 22),
        (format!("@revoked  \tapp1 {shown}"), "app1", 22),
        (format!(" @revoked app1 {shown}"), "app1", 22),
        (format!("\t@revoked app1 {shown}"), "app1", 22),
        (format!("  app1\t{shown}"), "app1", 22),
        (format!("#app1 {shown}"), "app1", 22),
        (format!("@revoked #app1 {shown}"), "app1", 22),
        (format!("app1 {shown}\r"), "app1", 22),
        (format!("app1 {shown} comment\r\n"), "app1", 22),
        (format!("app1,,app2 {shown}"), "app1", 22),
        (format!(",app1 {shown}"), "app1", 22),
        (format!("app? {shown}"), "app1", 22),
        (format!("\u{e9}pp1 {shown}\napp1 {other}"), "app1", 22),
    ] {
        compared += 1;
        let files = Files::new(&lines);
        let ours = match files.check(host, port, &blob) {
            KeyVerdict::Known => "known",
            KeyVerdict::Unknown => "unknown",
            KeyVerdict::Changed { .. } => "changed",
            KeyVerdict::Revoked { .. } => "revoked",
        };
        let theirs = verdict_of_ssh(&files.file, &shown_file, host, port);
        assert_eq!(ours, theirs, "{host}:{port} in {lines:?}");
    }
    println!("{compared} lists of host keys held against ssh");
}
