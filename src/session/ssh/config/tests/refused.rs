use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::{Sample, SshConfig, joined};
use crate::deadline::InTime;
use crate::session::ssh::config::Route;
use crate::session::{HostKeyPolicy, SshOptions};

#[test]
fn files_that_include_themselves_are_refused() {
    let sample = Sample::new("Include DIR/config\n");
    fs::set_permissions(&sample.file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(sample.ssh("app1").is_none());
    assert_eq!(sample.error("app1"), "DIR/config: too many files include each other");
}

#[test]
fn an_included_file_that_others_can_write_is_refused() {
    let sample = Sample::new("Include DIR/part\n").with("part", "Port 1\n");
    fs::set_permissions(sample.directory.path().join("part"), fs::Permissions::from_mode(0o666)).unwrap();
    assert!(sample.ssh("app1").is_none());
    assert_eq!(sample.error("app1"), "DIR/part: others can write this file");
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    for (text, expected) in [
        (
            "\nPort no\n",
            "DIR/config:2: Port is a number from 1 to 65535, not `no'",
        ),
        ("User\n", "DIR/config:1: User needs an argument"),
        ("HostName a b\n", "DIR/config:1: HostName takes one argument"),
        ("IdentityFile \"a\n", "DIR/config:1: a quote is not closed"),
        ("Match nonsense x\n", "DIR/config:1: Match does not know `nonsense'"),
        ("Match\n", "DIR/config:1: Match needs a criterion"),
        ("Match host\n", "DIR/config:1: Match host needs an argument"),
        ("HostName %n\n", "DIR/config:1: `%n': %n is not known here"),
        (
            "IdentityFile ~no-such-user/x\n",
            "DIR/config:1: `~no-such-user/x': there is no user no-such-user",
        ),
        (
            "IdentityFile ${CAPR_NO_SUCH}\n",
            "DIR/config:1: the environment has no CAPR_NO_SUCH",
        ),
    ] {
        assert_eq!(Sample::new(text).error("app1"), expected);
    }
}

#[test]
fn what_would_lead_elsewhere_is_refused_only_for_the_hosts_it_is_about() {
    for (setting, expected) in [
        (
            "ProxyJump a,@b",
            "DIR/config:2: ProxyJump: `@b' is not a server: nothing stands before the @",
        ),
        ("ProxyCommand nc %z", "DIR/config:2: `nc %z': %z is not known here"),
        (
            "KnownHostsCommand keys %H",
            "DIR/config:2: KnownHostsCommand needs the whole path of a program",
        ),
        (
            "KnownHostsCommand /bin/keys '%H",
            "DIR/config:2: KnownHostsCommand has a quote that is not closed",
        ),
        (
            "KnownHostsCommand /bin/keys %z",
            "DIR/config:2: `%z': %z is not known here",
        ),
        (
            "Match version OpenSSH_1.* user bob",
            "DIR/config:2: Match version: only ssh itself knows what it means, and `ssh -G app1' fails: DIR/config: terminating, 1 bad configuration options",
        ),
    ] {
        let sample = Sample::new(&format!("Host app*\n{setting}\n"));
        assert_eq!(sample.error("bob@app1"), expected);
        if !setting.starts_with("Match") {
            sample.resolve("bob@db1").unwrap();
        }
    }
    // The other criterion does not match, so this one does not matter.
    Sample::new("Match version OpenSSH_1.* user bob\n")
        .resolve("app1")
        .unwrap();
}

#[test]
fn the_way_to_a_server_is_the_one_of_the_file_or_of_the_recipe() {
    let jump = |hops: &[&str]| Route::Jump(hops.iter().map(|hop| hop.parse().unwrap()).collect());
    for (text, expected) in [
        ("", Route::Direct),
        ("ProxyJump none\n", Route::Direct),
        ("ProxyCommand none\nProxyJump gate\n", Route::Direct),
        (
            "ProxyJump bob@gate:2200,ssh://%h.gate:22/\n",
            jump(&["bob@gate:2200", "app1.gate:22"]),
        ),
        ("ProxyJump gate\nProxyCommand nc %h %p\n", jump(&["gate"])),
        (
            "HostName real\nPort 7\nUser me\nProxyCommand nc %n %h %p %r %% # x\nProxyJump gate\n",
            Route::Command("nc app1 real 7 me % # x".to_owned()),
        ),
        ("ProxyJump none\nProxyCommand nc x\n", Route::Command("nc x".to_owned())),
    ] {
        assert_eq!(Sample::new(text).resolve("app1").unwrap().route, expected, "{text}");
    }
    let options = SshOptions {
        gateway: vec!["mine".parse().unwrap()],
        ..SshOptions::default()
    };
    let config = Sample::new("ProxyJump gate\nIdentityFile /%j\n");
    assert_eq!(config.resolve_with("app1", &options).unwrap().route, jump(&["mine"]));
    assert_eq!(joined(&config.resolve("app1").unwrap().identity_files), "/gate");
}

#[test]
fn k7_the_recipe_and_the_server_come_before_the_files() {
    let sample = Sample::new(
        "User file\nPort 1\nIdentityFile /file\nUserKnownHostsFile /known\nStrictHostKeyChecking yes\nMatch user recipe\n ConnectTimeout 3\n",
    );
    let options = SshOptions {
        user: Some("recipe".to_owned()),
        port: Some(2),
        keys: vec!["/recipe".into()],
        keys_only: Some(true),
        forward_agent: Some(true),
        check_host_ip: Some(true),
        user_known_hosts_files: Some(vec!["/mine".into()]),
        verify_host_key: Some(HostKeyPolicy::Off),
        ..SshOptions::default()
    };
    let config = sample.resolve_with("app1", &options).unwrap();
    assert_eq!((config.user.as_str(), config.port), ("recipe", 2));
    assert_eq!(config.connect_timeout, Some(Duration::from_secs(3)));
    assert_eq!(joined(&config.identity_files), "/recipe /file");
    assert_eq!(joined(&config.user_known_hosts_files), "/mine");
    assert_eq!(config.host_key_policy, HostKeyPolicy::Off);
    assert!(config.identities_only && config.forwarded_agent.is_some() && config.checks_host_ip);
    let config = sample.resolve_with("server@app1:3", &options).unwrap();
    assert_eq!((config.user.as_str(), config.port), ("server", 3));
    let config = sample.resolve("app1").unwrap();
    assert_eq!((config.user.as_str(), config.port), ("file", 1));
}

#[test]
fn k7_what_the_recipe_says_counts_also_where_it_is_the_usual() {
    let sample = Sample::new(
        "ForwardAgent yes\nIdentitiesOnly yes\nBatchMode yes\nConnectTimeout 3\nServerAliveInterval 3\nServerAliveCountMax 9\n",
    );
    let options = SshOptions {
        forward_agent: Some(false),
        keys_only: Some(false),
        non_interactive: Some(false),
        connect_timeout: Some(Duration::from_secs(10)),
        keepalive_interval: Some(Duration::from_secs(15)),
        keepalive_count: Some(2),
        ..SshOptions::default()
    };
    let config = sample.resolve_with("app1", &options).unwrap();
    assert_eq!(config.forwarded_agent, None);
    assert!(!config.identities_only);
    assert_eq!(config.password_prompts, 3);
    assert_eq!(config.connect_timeout, Some(Duration::from_secs(10)));
    assert_eq!(config.server_alive_interval, Some(Duration::from_secs(15)));
    assert_eq!(config.server_alive_count, Some(2));
    let config = sample.resolve("app1").unwrap();
    assert!(config.forwarded_agent.is_some() && config.identities_only);
    assert_eq!((config.password_prompts, config.server_alive_count), (0, Some(9)));
}

#[test]
fn without_any_file_the_defaults_of_ssh_hold() {
    let config = SshConfig::load(Some(&[]), Some(Path::new("/home/bob")))
        .unwrap()
        .with_variables([("SSH_AUTH_SOCK".to_owned(), "/agent".to_owned())])
        .resolve(&"app1".parse().unwrap(), &SshOptions::default(), "bob", None)
        .unwrap();
    assert_eq!(config.user, "bob");
    assert_eq!(config.port, 22);
    assert_eq!(config.identity_files[0], Path::new("/home/bob/.ssh/id_rsa"));
    assert_eq!(config.identity_agent.as_deref(), Some(Path::new("/agent")));
    assert_eq!(
        config.user_known_hosts_files[0],
        Path::new("/home/bob/.ssh/known_hosts")
    );
    assert_eq!(config.host_key_policy, HostKeyPolicy::AcceptNew);
}

#[test]
fn the_agent_is_the_one_of_the_file() {
    let variables = [
        ("SSH_AUTH_SOCK".to_owned(), "/agent".to_owned()),
        ("OTHER".to_owned(), "/other%d".to_owned()),
    ];
    for (text, expected) in [
        ("", Some("/agent")),
        ("IdentityAgent none", None),
        ("IdentityAgent SSH_AUTH_SOCK", Some("/agent")),
        ("IdentityAgent $OTHER", Some("/other%d")),
        ("IdentityAgent ${OTHER}/x", Some("/other%d/x")),
        ("IdentityAgent $MISSING", None),
        ("IdentityAgent /run/%h", Some("/run/app1")),
    ] {
        let config = Sample::new(text).load().unwrap().with_variables(variables.clone());
        let config = config
            .resolve(&"app1".parse().unwrap(), &SshOptions::default(), "bob", None)
            .unwrap();
        assert_eq!(config.identity_agent.as_deref(), expected.map(Path::new), "{text}");
    }
}

#[test]
fn the_users_file_comes_first_and_may_be_missing() {
    let home = TempDir::new().unwrap();
    let resolve = || {
        SshConfig::load(None, Some(home.path()))?.resolve(&"app1".parse().unwrap(), &SshOptions::default(), "bob", None)
    };
    assert_eq!(resolve().unwrap().port, 22);
    let ssh = home.path().join(".ssh");
    fs::create_dir_all(ssh.join("config.d")).unwrap();
    fs::write(ssh.join("config.d/one"), "Port 5\n").unwrap();
    fs::write(ssh.join("config"), "Include config.d/*\nIdentityFile ~/key\n").unwrap();
    for file in ["config.d/one", "config"] {
        fs::set_permissions(ssh.join(file), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let config = resolve().unwrap();
    assert_eq!(config.port, 5);
    assert_eq!(config.identity_files, [home.path().join("key")]);
    fs::set_permissions(ssh.join("config"), fs::Permissions::from_mode(0o620)).unwrap();
    assert!(
        resolve()
            .unwrap_err()
            .reason
            .ends_with("/.ssh/config: others can write this file")
    );
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let error = SshConfig::load(Some(&["/nonexistent/config".into()]), None).unwrap_err();
    assert_eq!(error.reason, "/nonexistent/config: no such file");
}

#[test]
#[allow(clippy::print_stdout, reason = "the count is part of the result")]
fn names_that_a_shell_would_not_take_for_words_are_refused_as_ssh_refuses_them() {
    let ours = |host: &str, user: Option<&str>| {
        let server = crate::configuration::Server {
            user: user.map(str::to_owned),
            ..crate::configuration::Server::host(host)
        };
        SshConfig::default()
            .resolve(&server, &SshOptions::default(), "me", None)
            .is_ok()
    };
    let theirs = |host: &str, user: Option<&str>| {
        let mut command = std::process::Command::new("ssh");
        command.args(["-G", "-F", "none"]);
        if let Some(user) = user {
            command.args(["-l", user]);
        }
        command.args(["--", host]).in_time().status.success()
    };
    let (mut hosts, mut users, mut stricter) = (0, 0, Vec::new());
    let characters = (1_u8..=0x7f).map(char::from);
    // Each character stands in the middle of a name, at its beginning and at its end.
    let names = characters.flat_map(|c| [format!("a{c}b"), format!("{c}ab"), format!("ab{c}")]);
    let more = [
        "a -b",
        "a\t-b",
        "$(id)",
        "a`id`",
        "a;id",
        "../../x",
        "DOMAIN\\me",
        "fe80::1%lo",
    ]
    .map(str::to_owned);
    for name in names.chain(more) {
        // `ssh` reads a name with one of these characters as more than a host.
        if !name.contains(['@', '/']) && !name.contains(':') {
            hosts += 1;
            match (ours(&name, None), theirs(&name, None)) {
                (false, true) => stricter.push(format!("host {name:?}")),
                (ours, theirs) => assert_eq!(ours, theirs, "host {name:?}"),
            }
        }
        users += 1;
        match (ours("app1", Some(&name)), theirs("app1", Some(&name))) {
            (false, true) => stricter.push(format!("user {name:?}")),
            (ours, theirs) => assert_eq!(ours, theirs, "user {name:?}"),
        }
    }
    println!(
        "{hosts} hosts, {users} users held against ssh; stricter than this one: {}",
        stricter.join(", ")
    );
    // Newer versions of ssh refuse commas and control characters, too; only capr refuses a `$` in a user's name.
    let newer = |text: &String| {
        text.contains([',', '$']) || text.contains("\\u{") || ["\\t", "\\n", "\\r"].iter().any(|c| text.contains(c))
    };
    assert!(stricter.iter().all(newer), "{stricter:?}");
}

#[test]
fn a_name_for_a_shell_is_refused_before_anything_is_run_wherever_it_comes_from() {
    let hostile = "a$(touch DIR/ran)";
    for (text, options, host) in [
        (
            "Match exec \"touch DIR/ran\"\n",
            SshOptions {
                user: Some("x`id`".to_owned()),
                ..SshOptions::default()
            },
            "app1",
        ),
        (
            "HostName a;touch${IFS}DIR/ran\nProxyCommand echo %h\n",
            SshOptions::default(),
            "app1",
        ),
        (
            "User \"$(touch DIR/ran)\"\nProxyCommand echo %r\n",
            SshOptions::default(),
            "app1",
        ),
        (
            "HostKeyAlias a;b\nProxyCommand echo %k\n",
            SshOptions::default(),
            "app1",
        ),
        ("ProxyJump a`id`\n", SshOptions::default(), "app1"),
        ("ProxyJump \"$(id)@a\"\n", SshOptions::default(), "app1"),
        (
            "",
            SshOptions {
                host_name: Some("a|b".to_owned()),
                proxy: Some("echo %h".to_owned()),
                ..SshOptions::default()
            },
            "app1",
        ),
        ("Match exec \"touch DIR/ran\"\n", SshOptions::default(), hostile),
        ("Match exec \"echo %h\"\nHostName a;b\n", SshOptions::default(), "app1"),
    ] {
        let sample = Sample::new(text);
        let server = crate::configuration::Server::host(sample.place(host));
        let resolved = sample.load().unwrap().resolve(&server, &options, "me", None);
        let error = resolved.unwrap_err();
        let told = ["is not a host", "is not a user", "is not a server"];
        assert!(told.iter().any(|words| error.reason.contains(words)), "{text}: {error}");
        assert!(!sample.directory.path().join("ran").exists(), "{text}");
    }
}
