//! The local fleet keeps what it promises.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::deadline::{LIMIT, Limited, LimitedCommand};
use crate::fleet::place::{Room, checkout};
use crate::fleet::{Fleet, PASSWORD};

fn ssh(fleet: &Fleet, host: &str, text: &str) -> (Option<i32>, String) {
    let output = Command::new("ssh")
        .arg("-F")
        .arg(fleet.ssh_config())
        .args([
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=2",
            "-o",
            "LogLevel=ERROR",
            host,
            text,
        ])
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::null())
        .limited_output();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).trim_end().to_owned(),
    )
}

#[test]
fn a_write_on_one_server_is_not_seen_on_another_nor_here() {
    let fleet = Fleet::start(&["app1.example", "app2.example"]);
    assert_eq!(
        ssh(
            &fleet,
            "app1.example",
            "mkdir /u/apps/isolated && touch /tmp/isolated && hostname -i"
        )
        .0,
        Some(0)
    );
    assert!(fleet.exists("app1", "/u/apps/isolated"));
    assert_eq!(fleet.list("app2", "/u/apps"), Vec::<String>::new());
    assert!(!fleet.exists("app2", "/tmp/isolated"));
    assert!(!fs::exists("/u/apps/isolated").unwrap() && !fs::exists("/tmp/isolated").unwrap());
    assert_eq!(
        ssh(&fleet, "app2.example", "hostname -i"),
        (Some(0), fleet.address("app2").to_string())
    );
    let (_, processes) = ssh(&fleet, "app1.example", "ps -e -o comm=");
    assert_eq!(processes.matches("sshd").count(), 3, "only own processes:\n{processes}");
}

#[test]
fn sudo_asks_for_the_password() {
    let fleet = Fleet::start(&["a"]);
    assert_eq!(ssh(&fleet, "a", "sudo -n true").0, Some(1));
    let (_, text) = ssh(&fleet, "a", &format!("echo {PASSWORD} | sudo -S -p 'say: ' id -un"));
    assert_eq!(text, "root\nsay:");
    assert_eq!(
        ssh(
            &fleet,
            "a",
            &format!("echo {PASSWORD} | sudo -S -u bob id -un 2>/dev/null")
        ),
        (Some(0), "bob".to_owned())
    );
    let (status, text) = ssh(&fleet, "a", "echo wrong | sudo -S -p '' true");
    assert_eq!(status, Some(1));
    assert!(text.contains("Sorry, try again."), "{text}");
}

#[test]
fn servers_stop_freeze_and_start_one_by_one_and_keep_their_files() {
    let fleet = Fleet::start(&["a", "b"]);
    ssh(&fleet, "a", "echo kept > /u/apps/file");
    fleet.stop("a");
    let (status, text) = ssh(&fleet, "a", "true");
    assert_eq!(status, Some(255));
    assert!(text.contains("refused"), "{text}");
    assert_eq!(ssh(&fleet, "b", "echo b"), (Some(0), "b".to_owned()));
    fleet.restart("a");
    assert_eq!(ssh(&fleet, "a", "cat /u/apps/file"), (Some(0), "kept".to_owned()));
    fleet.freeze("a");
    let (status, text) = ssh(&fleet, "a", "true");
    assert_eq!(status, Some(255));
    assert!(text.contains("timed out"), "{text}");
    fleet.thaw("a");
    assert_eq!(ssh(&fleet, "a", "echo a"), (Some(0), "a".to_owned()));
}

#[test]
fn both_repositories_are_reached_from_the_servers() {
    let fleet = Fleet::start(&["a"]);
    let (subversion, git) = (fleet.subversion(), fleet.git());
    assert_eq!(subversion.url, "http://svn.capistrano.com/flipper/trunk");
    assert_eq!(subversion.commit("new/directory/file", "text").unwrap(), "3");
    let revision = git.commit("VERSION", "1.1\n").unwrap();
    let (_, text) = ssh(
        &fleet,
        "a",
        &format!("svn co -q {} s && cat s/new/directory/file", subversion.url),
    );
    assert_eq!(text, "text");
    let (_, text) = ssh(
        &fleet,
        "a",
        &format!("git clone -q {0} g && cat g/VERSION && git ls-remote {0} HEAD", git.url),
    );
    assert_eq!(text, format!("1.1\n{revision}\tHEAD"));
}

#[test]
fn forty_servers_start() {
    let fleet = Fleet::numbered(40);
    assert_eq!(ssh(&fleet, "h040", "hostname"), (Some(0), "h040".to_owned()));
}

/// The owner is this test program run again for the test below, and killed.
#[test]
#[ignore = "runs inside another test"]
fn an_owner_that_waits_to_be_killed() {
    let fleet = Fleet::start(&["a", "b"]);
    fleet.subversion();
    fleet.sh("a", "setsid sleep 600 >/dev/null 2>&1 & setsid spawn-fcgi -a 127.0.0.1 -p 7999 -n -- /bin/sleep 601 >/dev/null 2>&1 &");
    fleet.freeze("b");
    let pids: Vec<_> = fleet
        .hosts()
        .iter()
        .map(|host| host.pid().unwrap().to_string())
        .collect();
    fs::write(
        std::env::var_os("FLEET_REPORT").unwrap(),
        format!("{}\n{}", fleet.directory().display(), pids.join(" ")),
    )
    .unwrap();
    thread::sleep(Duration::from_secs(60));
}

#[test]
fn nothing_is_left_when_the_owner_is_killed() {
    let directory = Room::new().unwrap();
    let report = directory.path().join("report");
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "servers::an_owner_that_waits_to_be_killed"])
        .env("FLEET_REPORT", &report)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    within(LIMIT, "the owner has a fleet", || {
        fs::read_to_string(&report).is_ok_and(|r| r.contains('\n'))
    });
    let report = fs::read_to_string(&report).unwrap();
    let (fleet, _) = report.split_once('\n').unwrap();
    assert!(processes_of(fleet).len() > 5, "{:?}", processes_of(fleet));
    owner.kill().unwrap();
    owner.within(LIMIT);
    within(LIMIT, "all processes are gone", || processes_of(fleet).is_empty());
    assert!(!fs::read_to_string("/proc/self/mountinfo").unwrap().contains(fleet));
    // Its files go with the next fleet that is made, be it that of another test, which may still be at it.
    within(LIMIT, "its files are gone", || {
        drop(Room::new().unwrap());
        !std::path::Path::new(fleet).exists()
    });
}

#[test]
#[ignore = "runs inside another test"]
fn a_server_that_shows_the_version_of_its_checkout() {
    let fleet = Fleet::start(&["app1"]);
    let url = &fleet.subversion().url;
    let cat = format!("HOME=/home/deploy setpriv --reuid 5000 --regid 5000 --clear-groups svn cat {url}/VERSION");
    let version = fleet.sh("app1", &cat);
    let ignored = fleet.sh("app1", "sed -n s/SigIgn://p /proc/self/status");
    std::io::Write::write_fmt(
        &mut std::io::stdout(),
        format_args!("version {version}\nignored {ignored}\n"),
    )
    .unwrap();
}

#[test]
fn a_fleet_starts_from_any_checkout_and_whoever_has_called_it() {
    // A copy, where no server's user may read, with all that a path can have in it, longer than the path of a socket may be.
    let room = Room::new().unwrap();
    let home = room.path().join("home");
    let copy = home.join(format!("it's a \"copy\" $HOME {}", "long".repeat(50)));
    fs::create_dir_all(copy.join("tests")).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let mut cp = Command::new("cp");
    cp.arg("-R")
        .args([checkout().join("tests/fleet"), copy.join("tests/fleet")]);
    assert!(cp.limited_output().status.success());
    fs::write(copy.join("tests/fleet/flipper/VERSION"), "of the copy\n").unwrap();
    let own = std::env::current_exe().unwrap();
    let called = Command::new("sh")
        .args(["-c", "umask 077; trap '' INT QUIT HUP; exec \"$0\" \"$@\""])
        .arg(own)
        .args([
            "--exact",
            "--ignored",
            "--nocapture",
            "servers::a_server_that_shows_the_version_of_its_checkout",
        ])
        .current_dir(&copy)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", "/nonexistent")
        .env("CARGO_MANIFEST_DIR", &copy)
        .limited_output();
    let said = String::from_utf8_lossy(&called.stdout);
    assert!(called.status.success(), "{called:?}");
    assert!(said.contains("version of the copy\n"), "{said}");
    let ignored = said.lines().find_map(|line| line.strip_prefix("ignored "));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Those from 32 on are the C library's own, and of whoever has called all this.
    assert_eq!(ignored.map(|mask| mask & 0x7fff_ffff), Some(0), "{said}");
}

/// Processes whose root lies in a directory, or whose mounts do, or whose command names it.
fn processes_of(directory: &str) -> Vec<String> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let pid = process.file_name().to_string_lossy().into_owned();
        if !pid.chars().all(|c| c.is_ascii_digit()) {
            continue;
        }
        let read = |name: &str| fs::read(process.path().join(name)).unwrap_or_default();
        let texts = [read("mountinfo"), read("cmdline")].concat();
        if String::from_utf8_lossy(&texts).contains(directory) {
            found.push(format!("{pid} {}", String::from_utf8_lossy(&read("comm")).trim()));
        }
    }
    found
}

fn within(time: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < time, "not within {time:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
