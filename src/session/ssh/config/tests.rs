#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::{HostConfig, SshConfig};
use crate::session::{ConnectError, HostKeyPolicy, Phase, SshOptions};

/// The home directory and the name that `ssh` itself takes: those of the account, not of the environment.
struct Account {
    name: String,
    home: PathBuf,
}

fn account() -> Account {
    let uid = rustix::process::getuid().as_raw().to_string();
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let fields: Vec<&str> = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&uid.as_str()))
        .unwrap();
    Account {
        name: fields[0].to_owned(),
        home: fields[5].into(),
    }
}

struct Sample {
    directory: TempDir,
    file: PathBuf,
}

impl Sample {
    fn new(text: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("config");
        let sample = Self { directory, file };
        fs::write(&sample.file, sample.place(text)).unwrap();
        sample
    }

    /// `DIR` in a text is where the files are.
    fn place(&self, text: &str) -> String {
        text.replace("DIR", &self.directory.path().display().to_string())
    }

    fn with(self, name: &str, text: &str) -> Self {
        let path = self.directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, self.place(text)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        self
    }

    fn load(&self) -> Result<SshConfig, ConnectError> {
        let account = account();
        SshConfig::load(Some(std::slice::from_ref(&self.file)), Some(&account.home))
    }

    fn resolve(&self, server: &str) -> Result<HostConfig, ConnectError> {
        self.resolve_with(server, &SshOptions::default())
    }

    fn resolve_with(&self, server: &str, options: &SshOptions) -> Result<HostConfig, ConnectError> {
        self.load()?.resolve(&server.parse().unwrap(), options, &account().name)
    }

    fn error(&self, server: &str) -> String {
        let error = self.resolve(server).unwrap_err();
        assert_eq!(error.phase, Phase::Configuration);
        error
            .reason
            .replace(&self.directory.path().display().to_string(), "DIR")
    }

    /// What `ssh -G` says, the values of a keyword in order; `None` when it refuses the file.
    fn ssh(&self, server: &str) -> Option<HashMap<String, Vec<String>>> {
        let (user_host, port) = match server.split_once(':') {
            Some((user_host, port)) => (user_host, Some(port)),
            None => (server, None),
        };
        let mut command = Command::new("ssh");
        command.arg("-G").arg("-F").arg(&self.file);
        if let Some(port) = port {
            command.args(["-p", port]);
        }
        let output = command.arg("--").arg(user_host).output().unwrap();
        if !output.status.success() {
            return None;
        }
        let mut values: HashMap<String, Vec<String>> = HashMap::new();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
            values.entry(keyword.to_owned()).or_default().push(value.to_owned());
        }
        Some(values)
    }
}

/// What `ssh -G` leaves as it is written in the names of identity files.
fn expanded(text: &str, config: &HostConfig, server: &str) -> String {
    let Account { name, home } = account();
    let original = server.rsplit('@').next().unwrap().split(':').next().unwrap();
    let home = home.display().to_string();
    text.replacen('~', &home, 1)
        .replace("%h", &config.host_name)
        .replace("%n", original)
        .replace("%r", &config.user)
        .replace("%p", &config.port.to_string())
        .replace("%u", &name)
        .replace("%d", &home)
        .replace("%%", "%")
}

fn joined(files: &[PathBuf]) -> String {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    files.join(" ")
}

/// Compares with `ssh -G`; says how it differs.
fn compare(sample: &Sample, server: &str) -> Result<(), String> {
    let ours = match (sample.resolve(server), sample.ssh(server)) {
        (Err(_), None) => return Ok(()),
        (Ok(_), None) => return Err("ssh refuses it, we do not".to_owned()),
        (Err(error), Some(_)) => return Err(format!("we refuse it: {error}")),
        (Ok(ours), Some(theirs)) => (ours, theirs),
    };
    let (ours, theirs) = ours;
    let one = |keyword: &str| {
        theirs
            .get(keyword)
            .and_then(|values| values.first())
            .cloned()
            .unwrap_or_default()
    };
    let mut wrong = Vec::new();
    let mut same = |keyword: &str, ours: String, theirs: String| {
        if ours != theirs {
            wrong.push(format!("{keyword}: `{ours}', ssh says `{theirs}'"));
        }
    };
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs().to_string());
    let flag = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    same("hostname", ours.host_name.clone(), one("hostname"));
    same("port", ours.port.to_string(), one("port"));
    same("user", ours.user.clone(), one("user"));
    same("identitiesonly", flag(ours.identities_only), one("identitiesonly"));
    same("forwardagent", flag(ours.forward_agent), one("forwardagent"));
    same(
        "hostkeyalias",
        ours.host_key_alias.clone().unwrap_or_default(),
        one("hostkeyalias"),
    );
    same(
        "connecttimeout",
        seconds(ours.connect_timeout).unwrap_or_else(|| "none".to_owned()),
        one("connecttimeout").replace('0', if one("connecttimeout") == "0" { "none" } else { "0" }),
    );
    same(
        "serveraliveinterval",
        seconds(ours.server_alive_interval).unwrap_or_else(|| "0".to_owned()),
        one("serveraliveinterval"),
    );
    let policy = match one("stricthostkeychecking").as_str() {
        "true" | "yes" => HostKeyPolicy::Strict,
        "ask" | "accept-new" => HostKeyPolicy::AcceptNew,
        "false" | "no" | "off" => HostKeyPolicy::Off,
        other => panic!("{other}"),
    };
    same(
        "stricthostkeychecking",
        format!("{:?}", ours.host_key_policy),
        format!("{policy:?}"),
    );
    let theirs_files = |keyword: &str| {
        let files = one(keyword);
        if files == "none" {
            String::new()
        } else {
            expanded(&files, &ours, server)
        }
    };
    same(
        "userknownhostsfile",
        joined(&ours.user_known_hosts_files),
        theirs_files("userknownhostsfile"),
    );
    same(
        "globalknownhostsfile",
        joined(&ours.global_known_hosts_files),
        theirs_files("globalknownhostsfile"),
    );
    // Kinds of keys that are gone, or nobody has, are not among our defaults.
    let identities: Vec<String> = theirs
        .get("identityfile")
        .into_iter()
        .flatten()
        .filter(|file| !["none", "~/.ssh/id_xmss", "~/.ssh/id_dsa"].contains(&file.as_str()))
        .map(|file| expanded(file, &ours, server))
        .collect();
    same("identityfile", joined(&ours.identity_files), identities.join(" "));
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n  "))
    }
}

const SERVERS: [&str; 9] = [
    "app1",
    "App1",
    "app2.example.com",
    "db1",
    "bob@app1",
    "deploy@db1",
    "web3",
    "10.0.0.7",
    "app1:2200",
];

/// Configurations that were once thought of.
const TEXTS: [&str; 36] = [
    "",
    "Host app*\n  User one\nHost *\n  User two\n  Port 2222\n",
    "Host App*\n User upper\nhost app* !app2*\n USER=lower\n",
    "Host !app1 *\n Port 3\n",
    "Host !app1\n Port 3\n",
    "Host \"app1\" 'db 1' app2.example.com\n Port=3\n",
    "Host app1 # not app2\n Port 4 # a comment\n",
    "HostName %h.Example.COM\nMatch host *.example.com\n User matched\n",
    "HostName 50%%.x\n",
    "HostName %n\n",
    "Match host app1,db*\n Port 5\nMatch originalhost app* user bob\n Port 6\n",
    "Match host APP1\n Port 5\nMatch !host app1\n Port 6\n",
    "User deploy\nMatch user deploy\n Port 7\nMatch user !deploy,*\n Port 8\n",
    "Match user bob,deploy\n IdentityFile ~/.ssh/%r\n",
    "Match localuser nobody-here\n Port 9\nMatch !localuser nobody-here\n Port 10\n",
    "Match all\n Port 11\nMatch !all\n User never\n",
    "Match host=app1\n Port 12\nMatch \"host\" \"db1,web3\"\n Port 13\n",
    "Match final all\n User last\n",
    "Host app1\n HostName real.example.com\nMatch final host real.example.com\n Port 14\nHost real*\n ConnectTimeout 5\n",
    "Match !final host app1\n User early\n Port 15\nMatch canonical\n User never\n",
    "Match final\nMatch canonical host db1\n Port 16\n",
    "IdentityFile ~/.ssh/a\nIdentityFile ~/.ssh/b\nIdentityFile ~/.ssh/a\nHost db*\n IdentityFile ~/.ssh/%h-%n-%r-%p-%u%%\n IdentitiesOnly yes\n",
    "IdentityFile none\n",
    "IdentityFile /a b\n",
    "UserKnownHostsFile ~/.ssh/k1 /k2\nGlobalKnownHostsFile /g1 /g2\nHost *\n UserKnownHostsFile /never\n",
    "UserKnownHostsFile none\n",
    "UserKnownHostsFile /a none\n",
    "StrictHostKeyChecking accept-new\nHost db1\nStrictHostKeyChecking yes\n",
    "Host app1\n StrictHostKeyChecking Off\nHost *\n StrictHostKeyChecking YES\n",
    "StrictHostKeyChecking maybe\n",
    "ConnectTimeout 1m30\nServerAliveInterval 2M\nForwardAgent yes\nHostKeyAlias Alias\n",
    "ConnectTimeout none\nConnectTimeout 3\nServerAliveInterval 0\nHost *\n ServerAliveInterval 9\n",
    "ConnectTimeout soon\n",
    "Host other\n Port none\n",
    "User \"a quote is open\n Port 1\nUser \"a\n",
    "ProxyJump none\nProxyCommand none\nSendEnv LANG LC_*\n\tPort\t=\t18\t\r\nControlPath ~/x-%C\n",
];

#[test]
fn what_is_found_is_what_ssh_finds() {
    let mut wrong = Vec::new();
    for text in TEXTS {
        let sample = Sample::new(text);
        for server in SERVERS {
            if let Err(how) = compare(&sample, server) {
                wrong.push(format!("{text:?} {server}:\n  {how}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll<'a>(&mut self, faces: &[&'a str]) -> &'a str {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let face = usize::try_from(self.0 >> 33).unwrap() % faces.len();
        faces[face]
    }
}

#[test]
fn what_is_found_in_generated_files_is_what_ssh_finds() {
    let mut dice = Dice(7);
    let mut wrong = Vec::new();
    for _ in 0..60 {
        let mut lines = Vec::new();
        for _ in 0..14 {
            let mut line = dice
                .roll(&[
                    "Host <A>",
                    "Host <A> <B>",
                    "Host !<A> *",
                    "Match host <A>",
                    "Match host <A>,!<B>",
                    "Match originalhost <A>",
                    "Match user <U>",
                    "Match !host <A> user <U>",
                    "Match all",
                    "Match final host <A>",
                    "Match !final",
                    "HostName <H>",
                    "HostName <H>",
                    "Port <P>",
                    "Port <P>",
                    "User <U>",
                    "User <U>",
                    "IdentityFile <F>",
                    "IdentityFile <F>",
                    "IdentitiesOnly <Y>",
                    "UserKnownHostsFile <F> <F>",
                    "StrictHostKeyChecking <Y>",
                    "ConnectTimeout <P>",
                    "ServerAliveInterval <P>",
                    "HostKeyAlias <B>",
                    "Include DIR/part*",
                ])
                .to_owned();
            for (place, words) in [
                ("<A>", &["app*", "*", "app1", "*.example.com", "d?1", "real.*"][..]),
                ("<B>", &["web3", "db*", "app2*", "10.*"]),
                ("<H>", &["%h", "real.%h", "db1", "Other.Net"]),
                ("<P>", &["22", "1", "2200"]),
                ("<U>", &["bob", "deploy", "\"carol\""]),
                ("<F>", &["~/.ssh/x", "/k/%h", "\"/k y/%r\"", "/k/%p-%n"]),
                ("<Y>", &["yes", "no"]),
            ] {
                while line.contains(place) {
                    line = line.replacen(place, dice.roll(words), 1);
                }
            }
            lines.push(line);
        }
        let text = lines.join("\n");
        let sample = Sample::new(&text)
            .with("part1", "Port 77\nHost db1\n User included\n")
            .with(
                "part2",
                "IdentityFile /part/%h\nMatch final host app1\n HostKeyAlias part\n",
            );
        for server in ["app1", "deploy@db1", "bob@app2.example.com:2200"] {
            if let Err(how) = compare(&sample, server) {
                wrong.push(format!("{text}\n--- {server}:\n  {how}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_text_brings_it_down() {
    let mut dice = Dice(3);
    for _ in 0..3000 {
        let pieces = [
            "Host",
            "Match",
            "host",
            "all",
            "final",
            "exec",
            "Port",
            "HostName",
            "IdentityFile",
            "User",
            "ProxyCommand",
            "ConnectTimeout",
            " ",
            " ",
            " ",
            "\t",
            "\n",
            "\n",
            "=",
            "\"",
            "'",
            "\\",
            "#",
            "!",
            "*",
            "%",
            "%h",
            "${",
            "}",
            "~",
            "~/",
            ",",
            "9999999999999999999",
            "1w",
            "é",
            "\u{0}",
            "none",
        ];
        let text: String = (0..12).map(|_| dice.roll(&pieces)).collect();
        // Whether it is understood does not matter here.
        let _ = Sample::new(&text).resolve("app1");
    }
}

#[test]
fn included_files_are_found_as_ssh_finds_them() {
    let sample = Sample::new(
        "Include DIR/d/*.conf DIR/missing\nHost app1\n  Include \"DIR/inner\"\n  Port 1\nHost *\n Include DIR/deep\n User last\n",
    )
    .with("d/1.conf", "Host web3\n User one\n")
    .with("d/2.conf", "Host web3\n User two\n ConnectTimeout 4\n")
    .with("d/.hidden.conf", "ConnectTimeout 99\n")
    .with("inner", "ConnectTimeout 8\nHost db1\n Port 2\nHost *\n IdentityFile /inner\n")
    .with("deep", "Include DIR/deeper\n")
    .with("deeper", "ServerAliveInterval 3\nHost *\n Port 9\n");
    for server in SERVERS {
        compare(&sample, server).unwrap();
    }
}

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
            "IdentityFile ~other/x\n",
            "DIR/config:1: `~other/x': only ~/ is supported",
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
        ("ProxyJump gate", "DIR/config:2: ProxyJump is not supported yet"),
        (
            "ProxyCommand nc %h %p # x",
            "DIR/config:2: ProxyCommand is not supported yet",
        ),
        (
            "CanonicalizeHostname yes",
            "DIR/config:2: CanonicalizeHostname is not supported yet",
        ),
        (
            "ForwardAgent $OTHER",
            "DIR/config:2: ForwardAgent is yes or no; another agent is not supported yet",
        ),
        (
            "Match exec true user bob",
            "DIR/config:2: Match exec is not supported yet",
        ),
    ] {
        let sample = Sample::new(&format!("Host app*\n{setting}\n"));
        assert_eq!(sample.error("bob@app1"), expected);
        if !setting.starts_with("Match") {
            sample.resolve("bob@db1").unwrap();
        }
    }
    // The other criterion decides.
    Sample::new("Match exec true user bob\n").resolve("app1").unwrap();
    Sample::new("ProxyJump none\n").resolve("app1").unwrap();
    Sample::new("ProxyCommand none\nProxyJump gate\n")
        .resolve("app1")
        .unwrap();
}

#[test]
fn the_recipe_and_the_server_come_before_the_files() {
    let sample = Sample::new(
        "User file\nPort 1\nIdentityFile /file\nUserKnownHostsFile /known\nStrictHostKeyChecking yes\nMatch user recipe\n ConnectTimeout 3\n",
    );
    let options = SshOptions {
        user: Some("recipe".to_owned()),
        port: Some(2),
        keys: vec!["/recipe".into()],
        keys_only: true,
        forward_agent: true,
        user_known_hosts_file: Some("/mine".into()),
        verify_host_key: Some(HostKeyPolicy::Off),
        ..SshOptions::default()
    };
    let config = sample.resolve_with("app1", &options).unwrap();
    assert_eq!((config.user.as_str(), config.port), ("recipe", 2));
    assert_eq!(config.connect_timeout, Some(Duration::from_secs(3)));
    assert_eq!(joined(&config.identity_files), "/recipe /file");
    assert_eq!(joined(&config.user_known_hosts_files), "/mine");
    assert_eq!(config.host_key_policy, HostKeyPolicy::Off);
    assert!(config.identities_only && config.forward_agent);
    let config = sample.resolve_with("server@app1:3", &options).unwrap();
    assert_eq!((config.user.as_str(), config.port), ("server", 3));
    let config = sample.resolve("app1").unwrap();
    assert_eq!((config.user.as_str(), config.port), ("file", 1));
}

#[test]
fn without_any_file_the_defaults_of_ssh_hold() {
    let config = SshConfig::load(Some(&[]), Some(Path::new("/home/bob")))
        .unwrap()
        .with_variables([("SSH_AUTH_SOCK".to_owned(), "/agent".to_owned())])
        .resolve(&"app1".parse().unwrap(), &SshOptions::default(), "bob")
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
            .resolve(&"app1".parse().unwrap(), &SshOptions::default(), "bob")
            .unwrap();
        assert_eq!(config.identity_agent.as_deref(), expected.map(Path::new), "{text}");
    }
}

#[test]
fn the_users_file_comes_first_and_may_be_missing() {
    let home = TempDir::new().unwrap();
    let resolve =
        || SshConfig::load(None, Some(home.path()))?.resolve(&"app1".parse().unwrap(), &SshOptions::default(), "bob");
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
