use std::time::Duration;

use super::{AGENT, Account, HostConfig, Sample, account, joined};
use crate::session::HostKeyPolicy;
use crate::session::ssh::algorithms::chosen;
use crate::session::ssh::config::AddressFamily;

/// Expands what `ssh -G` leaves unexpanded in the names of identity files.
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

/// Compares with `ssh -G`; an error says how the two differ.
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
    let forwarded = match one("forwardagent").as_str() {
        "yes" => Some(AGENT.to_owned()),
        "no" => None,
        other => Some(expanded(other, &ours, server)),
    };
    let ours_forwarded = ours.forwarded_agent.as_ref().map(|path| path.display().to_string());
    same("forwardagent", format!("{ours_forwarded:?}"), format!("{forwarded:?}"));
    same(
        "addressfamily",
        match ours.address_family {
            AddressFamily::Any => "any",
            AddressFamily::V4 => "inet",
            AddressFamily::V6 => "inet6",
        }
        .to_owned(),
        one("addressfamily"),
    );
    same("compression", flag(ours.compression), one("compression"));
    same(
        "nohostauthenticationforlocalhost",
        flag(ours.trusts_localhost),
        one("nohostauthenticationforlocalhost"),
    );
    same("checkhostip", flag(ours.checks_host_ip), one("checkhostip"));
    same(
        "requiredrsasize",
        ours.required_rsa_bits.to_string(),
        one("requiredrsasize"),
    );
    same("hashknownhosts", flag(ours.hash_known_hosts), one("hashknownhosts"));
    same(
        "connectionattempts",
        ours.connection_attempts.to_string(),
        one("connectionattempts"),
    );
    same(
        "bindaddress",
        ours.bind_address.clone().unwrap_or_default(),
        one("bindaddress"),
    );
    same(
        "bindinterface",
        ours.bind_interface.clone().unwrap_or_default(),
        one("bindinterface"),
    );
    same(
        "serveralivecountmax",
        ours.server_alive_count.unwrap_or(3).to_string(),
        one("serveralivecountmax"),
    );
    let prompts = if one("batchmode") == "yes" {
        "0".to_owned()
    } else {
        one("numberofpasswordprompts")
    };
    same("numberofpasswordprompts", ours.password_prompts.to_string(), prompts);
    let mut theirs_methods = Vec::new();
    let preferred = one("preferredauthentications");
    let preferred = if preferred.is_empty() {
        "publickey,password,keyboard-interactive".to_owned()
    } else {
        preferred
    };
    for name in preferred.split(',') {
        let keyword = match name {
            "publickey" => "pubkeyauthentication",
            "password" => "passwordauthentication",
            "keyboard-interactive" => "kbdinteractiveauthentication",
            _ => continue,
        };
        if !["no", "false"].contains(&one(keyword).as_str()) {
            theirs_methods.push(name);
        }
    }
    let ours_methods: Vec<&str> = ours.methods.iter().map(|method| method.name()).collect();
    same("methods", ours_methods.join(","), theirs_methods.join(","));
    same(
        "revokedhostkeys",
        joined(&ours.revoked_host_keys),
        expanded(&one("revokedhostkeys"), &ours, server),
    );
    let certificates: Vec<String> = theirs
        .get("certificatefile")
        .into_iter()
        .flatten()
        .map(|file| expanded(file, &ours, server))
        .collect();
    same(
        "certificatefile",
        joined(&ours.certificate_files),
        certificates.join(" "),
    );
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

/// Configurations that are worth comparing.
const TEXTS: [&str; 67] = [
    "AddressFamily inet6\nCompression yes\nHashKnownHosts yes\nNoHostAuthenticationForLocalhost yes\nConnectionAttempts 3\nBindAddress 127.0.0.9\n",
    "AddressFamily INET\nHost app1\n AddressFamily any\n",
    "AddressFamily ipv6\n",
    "ServerAliveInterval 5\nBatchMode yes\nNumberOfPasswordPrompts 7\nServerAliveCountMax 9\n",
    "NumberOfPasswordPrompts 1\nNumberOfPasswordPrompts 2\n",
    "NumberOfPasswordPrompts few\n",
    "Compression maybe\n",
    "PreferredAuthentications keyboard-interactive,gssapi-with-mic,publickey\n",
    "PasswordAuthentication no\nKbdInteractiveAuthentication yes\nPubkeyAuthentication no\n",
    "ChallengeResponseAuthentication no\nPubkeyAuthentication host-bound\n",
    "PubkeyAuthentication sometimes\n",
    "CertificateFile ~/.ssh/c1\nCertificateFile ~/.ssh/%h-cert.pub\nHost db1\n CertificateFile /c3\n",
    "RevokedHostKeys /revoked-%h\n",
    "CheckHostIP yes\nRequiredRSASize 3072\nPubkeyAcceptedKeyTypes ssh-ed25519\nHost *\n CheckHostIP no\n RequiredRSASize 2\n",
    "Match exec true\n CheckHostIP yes\n RequiredRSASize 4096\n PubkeyAcceptedAlgorithms -ssh-rsa*\n CASignatureAlgorithms ssh-ed25519\n",
    "RevokedHostKeys none\nBindInterface eth%h\nBindInterface never\n",
    "Host app*\n BindInterface lo\n BindAddress 127.0.0.2\n KnownHostsCommand none\nHost *\n KnownHostsCommand /bin/echo %H\n",
    "Match exec true\n BindInterface lo\n KnownHostsCommand /bin/echo %H %t \"%I\"\n RevokedHostKeys /revoked-%p\n",
    "ForwardAgent /run/%r.agent\nHost app1\n ForwardAgent no\n",
    "ForwardAgent ~/agent\n",
    "UserKnownHostsFile ~root/known\n",
    "UserKnownHostsFile ~nobody-at-all/known\n",
    "Host app1\n HostName real\nMatch exec true\n User executed\n Port 17\n",
    "Match exec \"test %h = db1\" host db1\n User executed\nMatch !exec false\n ConnectTimeout 4\n",
    "Match exec false\n Port 18\n",
    "CanonicalizeHostname yes\nCanonicalDomains example.invalid\nMatch canonical host app1\n User canonical\n",
    "CanonicalizeHostname always\nCanonicalizeFallbackLocal no\n",
    "Host app1\n CanonicalizeHostname always\n HostName 127.0.0.1\nMatch canonical\n Port 19\n",
    "CanonicalizeHostname none\nMatch canonical\n Port 20\n",
    "Match exec true\n IdentityFile ~/.ssh/a\n IdentityFile \"/b c\"\n UserKnownHostsFile /k1 /k2\n ForwardAgent yes\n CertificateFile /c\n StrictHostKeyChecking no\n",
    "Match exec true\n ProxyCommand nc %h %p\n Compression yes\n PreferredAuthentications password\n HostKeyAlias Alias\n",
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

/// Makes numbers that look random and are the same in every run.
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
fn lists_of_algorithms_choose_what_ssh_chooses() {
    let usual = [
        "chacha20-poly1305@openssh.com",
        "aes128-ctr",
        "aes256-ctr",
        "aes256-gcm@openssh.com",
    ];
    for list in [
        "aes256-ctr,aes128-ctr",
        "^aes256-ctr",
        "-*-ctr",
        "-chacha*,aes128-ctr",
        "+aes256-cbc",
        "aes256-ctr",
    ] {
        let sample = Sample::new(&format!("Ciphers {list}\n"));
        let theirs = sample.ssh("app1").unwrap()["ciphers"][0].clone();
        let ours = sample.resolve("app1").unwrap().algorithms.ciphers.unwrap();
        let mut ours: Vec<&str> = chosen(&ours, &usual);
        let mut theirs: Vec<&str> = theirs.split(',').filter(|name| usual.contains(name)).collect();
        if list.starts_with(['-', '+']) {
            // The order is that of our usual algorithms here, which is libssh2's.
            ours.sort_unstable();
            theirs.sort_unstable();
        }
        assert_eq!(ours, theirs, "{list}");
    }
}
