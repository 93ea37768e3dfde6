//! Every fault in every phase, as one table that is printed (`cargo test faults -- --nocapture`).

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::scarce::occupy;
use crate::fleet::{Fleet, SSH_PORT};
use crate::harness::{Case, Finished, Running};
use crate::proxy::{CIPHERS, Fault, Hole, Phase, Proxy};

/// Seconds for the TCP connection, for the login, and without a sign of life.
const CONNECT: f64 = 1.0;
const LOGIN: f64 = 5.0;
const SILENCE: f64 = 3.0;
/// Seconds for a command that has a limit.
const TIMEOUT: f64 = 3.5;
/// The longest time until the second attempt after a refusal for load.
const LOAD: f64 = 1.2;
const AT_ONCE: f64 = 0.0;

/// The time that a loaded machine may add to any of them.
const GRACE: Duration = Duration::from_secs(20);
/// After the login, every loss is told as this.
const LOST: &str = "connection lost: ";
/// So many rows at a time.
const ABREAST: usize = 12;

/// The result on the servers that have no fault.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Others {
    /// The command was started nowhere.
    NotStarted,
    /// The command ended, all output came, and it was rolled back.
    RolledBack,
    /// The command ended, all output came.
    Done,
}

struct Row {
    phase: &'static str,
    fault: &'static str,
    /// Name of the server that fails.
    server: &'static str,
    lead: Lead,
    /// The command of that server, instead of the others' command.
    command: &'static str,
    /// Done once the command has said `up`.
    then: Option<fn(&Fleet, &Lead)>,
    bound: f64,
    code: i32,
    others: Others,
    /// In the line of the failing server; `a|b`: one of them.
    says: &'static [&'static str],
}

/// Where the failing server's name leads.
enum Lead {
    Straight,
    Proxy(Proxy),
    Hole(Hole),
}

impl Lead {
    fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Straight => None,
            Self::Proxy(proxy) => Some(proxy.address),
            Self::Hole(hole) => Some(hole.address),
        }
    }

    fn fail_now(&self) {
        if let Self::Proxy(proxy) = self {
            proxy.fail_now();
        }
    }
}

/// Of a server that is reached through a failing link.
fn link(phase: &'static str, fault: &'static str, lead: Lead) -> Row {
    Row {
        phase,
        fault,
        server: "bad",
        lead,
        command: "",
        then: None,
        bound: AT_ONCE,
        code: 4,
        others: Others::NotStarted,
        says: &[],
    }
}

/// Of a server that fails by itself.
fn server(phase: &'static str, fault: &'static str, name: &'static str) -> Row {
    Row {
        server: name,
        ..link(phase, fault, Lead::Straight)
    }
}

impl Row {
    fn bound(mut self, bound: f64) -> Self {
        self.bound = bound;
        self
    }

    fn says(mut self, says: &'static [&'static str]) -> Self {
        self.says = says;
        self
    }

    fn command(mut self, command: &'static str) -> Self {
        self.command = command;
        self
    }

    fn then(mut self, then: fn(&Fleet, &Lead)) -> Self {
        self.then = Some(then);
        self
    }

    /// It fails after the login: the others end, and are rolled back.
    fn fails(mut self, code: i32) -> Self {
        (self.code, self.others) = (code, Others::RolledBack);
        self
    }

    fn goes_well(mut self) -> Self {
        (self.code, self.others) = (0, Others::Done);
        self
    }
}

fn rows(fleet: &Fleet) -> Vec<Row> {
    let bad = SocketAddr::from((fleet.address("bad"), SSH_PORT));
    let always = |phase, fault| Lead::Proxy(Proxy::failing(bad, phase, fault, usize::MAX));
    let once = |phase, fault| Lead::Proxy(Proxy::failing(bad, phase, fault, 1));
    let saying = |text, endless| Lead::Proxy(Proxy::saying(text, endless));
    vec![
        server("connect", "refused", "gone").says(&["connection refused"]),
        link("connect", "silent", Lead::Hole(Hole::new()))
            .bound(CONNECT)
            .says(&["no answer within 1 s"]),
        link("connect", "reset", always(Phase::Connect, Fault::Reset)).says(&["SSH greeting|connection reset by peer"]),
        server("connect", "refused for load", "busy")
            .bound(LOAD)
            .says(&["SSH greeting|takes no more logins now"]),
        link("greeting", "silent", always(Phase::Connect, Fault::Silent))
            .bound(LOGIN)
            .says(&["SSH greeting"]),
        link("greeting", "closed", always(Phase::Greeting, Fault::Close)).says(&["SSH greeting"]),
        link(
            "greeting",
            "garbage",
            saying(b"HTTP/1.0 400 Bad Request\r\n\r\n", false),
        )
        .bound(LOGIN)
        .says(&["not an SSH server", "HTTP/1.0 400 Bad Request"]),
        link("greeting", "binary garbage", saying(b"\x16\x03\0\x01\0\n", false)).says(&["not an SSH server"]),
        link("greeting", "very long", saying(&[b'x'; 20_000], false))
            .bound(LOGIN)
            .says(&["not an SSH server"]),
        link("greeting", "endless", saying(b"please wait\r\n", true))
            .bound(LOGIN)
            .says(&["not an SSH server", "please wait"]),
        link("greeting", "endless line ends", saying(b"\n", true))
            .bound(LOGIN)
            .says(&["SSH greeting"]),
        link("key exchange", "silent", always(Phase::KeyExchange, Fault::Silent))
            .bound(LOGIN)
            .says(&["key exchange not finished within 5 s"]),
        link("key exchange", "reset", always(Phase::KeyExchange, Fault::Reset))
            .says(&["key exchange with SSH-2.0-", "connection reset by peer"]),
        link("key exchange", "closed", always(Phase::KeyExchange, Fault::Close))
            .says(&["key exchange with SSH-2.0-", "closed the connection"]),
        link(
            "key exchange",
            "cut in a packet",
            always(Phase::KeyExchange, Fault::Cut),
        )
        .says(&["key exchange with SSH-2.0-", "closed the connection"]),
        link("key exchange", "corrupt", always(Phase::KeyExchange, Fault::Corrupt))
            .says(&["key exchange with SSH-2.0-"]),
        server("host key", "changed", "changed").says(&["host key of", "has changed"]),
        link("authentication", "silent", always(Phase::Authentication, Fault::Silent))
            .bound(LOGIN)
            .says(&["authentication failed for `deploy'", "no answer within 5 s"]),
        link("authentication", "reset", always(Phase::Authentication, Fault::Reset))
            .says(&["authentication failed for `deploy'", "connection reset by peer"]),
        link(
            "authentication",
            "corrupt",
            always(Phase::Authentication, Fault::Corrupt),
        )
        .says(&["authentication failed for `deploy'", "corrupt"]),
        server("authentication", "too many attempts", "strict")
            .says(&["authentication failed for `deploy'", "Too many authentication failures"]),
        server("authentication", "endless questions", "asks")
            .bound(LOGIN)
            .says(&["authentication failed for `deploy'", "no answer within 5 s"]),
        server("channel", "refused", "closed")
            .fails(5)
            .says(&["could not start: the server opens no more channels"]),
        link("channel", "silent", once(Phase::Channel, Fault::Silent))
            .fails(1)
            .bound(SILENCE)
            .says(&[LOST, "no sign of life for 3 s, before the command was started"]),
        // Where the reset is seen before the channel is asked for, there is no moment of a command to tell.
        link("channel", "reset", once(Phase::Channel, Fault::Reset))
            .fails(1)
            .says(&[LOST, "connection reset by peer"]),
        link("exec", "silent", once(Phase::Exec, Fault::Silent))
            .fails(1)
            .bound(SILENCE)
            .says(&[LOST, "no sign of life for 3 s, while the command was started"]),
        link("exec", "reset", once(Phase::Exec, Fault::Reset))
            .fails(1)
            .says(&[LOST, "connection reset by peer, while the command was started"]),
        link("output", "silent", once(Phase::Output, Fault::Silent))
            .fails(1)
            .bound(SILENCE)
            .says(&[LOST, "no sign of life for 3 s, while the command ran"]),
        // The kernel gives the error to the call that comes first; where that was a write of libssh2, the next read sees an end.
        link("output", "reset", once(Phase::Output, Fault::Reset))
            .fails(1)
            .says(&[
                LOST,
                "connection reset by peer|the server closed the connection",
                "while the command ran",
            ]),
        link("output", "closed", once(Phase::Output, Fault::Close))
            .fails(1)
            .says(&[
                LOST,
                "the server closed the connection|connection reset by peer",
                "while the command ran",
            ]),
        link("output", "corrupt", once(Phase::Output, Fault::Corrupt))
            .fails(1)
            .says(&[LOST, "corrupt", "while the command ran"]),
        link("output", "slow link", once(Phase::Output, Fault::Slow(20_000)))
            .command("seq 1 5000")
            .bound(2.0)
            .goes_well(),
        link("exit status", "silent", once(Phase::Status, Fault::Silent))
            .fails(1)
            .bound(SILENCE)
            .says(&[LOST, "no sign of life for 3 s"]),
        link("exit status", "reset", once(Phase::Status, Fault::Reset))
            .fails(1)
            .says(&[LOST, "connection reset by peer|the server closed the connection"]),
        link("exit status", "cut in a packet", once(Phase::Status, Fault::Cut))
            .fails(1)
            .says(&[LOST, "the server closed the connection"]),
        server("command", "frozen host", "frozen")
            .command("echo up; sleep 300")
            .then(|fleet, _| fleet.freeze("frozen"))
            .fails(5)
            .bound(SILENCE + LOGIN)
            .says(&[LOST, "no sign of life for 3 s, while the command ran"]),
        link("command", "half-open link", once(Phase::Told, Fault::Silent))
            .command("echo up; sleep 300")
            .then(|_, lead| lead.fail_now())
            .fails(1)
            .bound(SILENCE)
            .says(&[LOST, "no sign of life for 3 s, while the command ran"]),
        server("command", "sshd killed", "killed")
            .command("echo up; sleep 300")
            .then(|fleet, _| drop(fleet.exec("killed", "pkill -KILL -u deploy sshd")))
            .fails(1)
            .says(&[LOST, "while the command ran"]),
        server("command", "power cut", "cut")
            .command("echo up; sleep 300")
            .then(|fleet, _| fleet.stop("cut"))
            .fails(5)
            .says(&[LOST, "while the command ran"]),
        server("command", "disk full", "full")
            .command("head -c 1000000 /dev/zero > /full/file || exit 9")
            .fails(1)
            .says(&["exit status 9", "No space left on device"]),
        server("command", "endless output", "endless")
            .command("yes $(head -c 1000 /dev/zero | tr '\\0' y)")
            .fails(1)
            .bound(TIMEOUT)
            .says(&["timed out after 3.5 s"]),
        server("command", "never ends", "sleeps")
            .command("sleep 300")
            .fails(1)
            .bound(TIMEOUT)
            .says(&["timed out after 3.5 s"]),
    ]
}

fn start_fleet() -> Fleet {
    let fleet = Fleet::start(&[
        "good1", "good2", "bad", "gone", "changed", "busy", "strict", "asks", "closed", "frozen", "killed", "cut",
        "full", "endless", "sleeps",
    ]);
    fleet.stop("gone");
    fleet.configure("bad", CIPHERS);
    fleet.configure("busy", "MaxStartups 1");
    fleet.configure("strict", "MaxAuthTries 1");
    fleet.configure("closed", "MaxSessions 0");
    fleet.configure(
        "asks",
        "UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes",
    );
    // Each of these lines asks a question of its own.
    fleet.sh(
        "asks",
        "for n in $(seq 3000); do echo auth optional pam_unix.so nodelay; done >/etc/pam.d/sshd",
    );
    for host in ["asks", "strict"] {
        fleet.sh(host, "echo >/home/deploy/.ssh/authorized_keys");
    }
    fleet.sh(
        "full",
        "mkdir /full && mount -t tmpfs -o size=64k full /full && chown deploy /full",
    );
    let hello = Case::new().recipe("role :app, \"changed\"; task :t { run \"true\" }");
    hello.args(["t"]).on(&fleet).run().ok();
    fleet.change_host_key("changed");
    fleet
}

/// The others' command says enough for every moment of it to be met, and its end tells that all of it arrived.
const WORK: &str = "echo up and running with many words on $(hostname); seq 1 2000; sleep 0.3; \
                    echo done >/tmp/$mark.done; echo whole on $(hostname)";

fn start(fleet: &Fleet, row: &Row, mark: &str) -> Running {
    let Row { server, command, .. } = row;
    let work = if command.is_empty() { WORK } else { command };
    // The failing server has a command of its own.
    let recipe = format!(
        "ssh_options.timeout = {CONNECT}; ssh_options.login_timeout = {LOGIN}; ssh_options.keepalive_interval = {};\n\
         role :app, \"good1\", \"good2\", \"{server}\";\n\
         task :t {{ transaction {{\n\
           on_rollback {{ run \"echo undone >/tmp/{mark}.undone\"; }}\n\
           run `mark={mark}; case $(hostname) in {server}) {work};; *) {WORK};; esac`{};\n\
         }} }}\n",
        SILENCE / 3.0,
        if row.bound == TIMEOUT {
            format!(", :timeout => {TIMEOUT}")
        } else {
            String::new()
        },
    );
    let leads = row.lead.address().map(|address| (*server, address));
    Case::new()
        .recipe(&recipe)
        .args(["--log-format=json", "-s", "password=wrong", "t"])
        .through(fleet, leads)
        .start()
}

/// Returns the result of one row; an error says in which way it is not the expected one.
fn judge(fleet: &Fleet, row: &Row, mark: &str, finished: &Finished, took: Duration) -> Result<String, String> {
    let bound = Duration::from_secs_f64(row.bound) + GRACE;
    if took > bound {
        return Err(format!("took {took:?}"));
    }
    if finished.status.code() != Some(row.code) {
        return Err(format!("ended with {}", finished.status));
    }
    let line = |kind: &str, words: &[&str]| {
        let kind = format!("\"type\":\"{kind}\"");
        let mut lines = finished.stderr.lines().filter(|line| line.contains(&kind));
        lines
            .find(|line| words.iter().all(|word| line.contains(word)))
            .map(str::to_owned)
    };
    let named = |host: &str| format!("\"server\":\"{host}\"");
    for host in ["good1", "good2"] {
        let (done, undone) = (
            fleet.exists(host, &format!("/tmp/{mark}.done")),
            fleet.exists(host, &format!("/tmp/{mark}.undone")),
        );
        let expected = match row.others {
            Others::NotStarted => (false, false),
            Others::RolledBack => (true, true),
            Others::Done => (true, false),
        };
        if (done, undone) != expected {
            return Err(format!("{host}: done {done}, undone {undone}"));
        }
        if row.others == Others::NotStarted {
            continue;
        }
        let whole = format!("whole on {host}");
        let lines = finished.stderr.matches(&named(host)).count();
        if line("output", &[&whole]).is_none() || lines < 2002 {
            return Err(format!("not all of the output of {host} came: {lines} lines"));
        }
        if line("server_finished", &[&named(host), "\"status\":0"]).is_none() {
            return Err(format!("{host} did not end well"));
        }
    }
    if row.code == 0 {
        return Ok("no error".to_owned());
    }
    let Some(error) = line("error", &[]) else {
        return Err("no error".to_owned());
    };
    let (_, servers) = error.split_once("\"servers\":[").unwrap_or_default();
    let (_, reason) = servers.split_once("\"reason\":\"").unwrap_or_default();
    let reason = reason.split_once("\",\"").map_or(reason, |(reason, _)| reason);
    if !servers.contains(&named(row.server)) || servers.contains("\"server\":\"good") {
        return Err(format!("other servers are named: {error}"));
    }
    match row
        .says
        .iter()
        .find(|words| !words.split('|').any(|word| error.contains(word)))
    {
        Some(word) => Err(format!("does not say {word:?}: {reason}")),
        None => Ok(reason.to_owned()),
    }
}

fn try_row(fleet: &Fleet, row: &Row, mark: &str) -> (Result<String, String>, Duration) {
    let mut running = start(fleet, row, mark);
    let mut begin = Instant::now();
    if let Some(then) = row.then {
        running.wait_for(&format!(
            "\"server\":\"{}\",\"stream\":\"out\",\"line\":\"up",
            row.server
        ));
        then(fleet, &row.lead);
        begin = Instant::now();
    }
    let finished = running.finish();
    let took = begin.elapsed();
    let judged = judge(fleet, row, mark, &finished, took);
    (judged.map_err(|why| format!("{why}\n{}", finished.stderr)), took)
}

#[test]
fn every_fault_in_every_phase_is_told_in_time_and_spares_the_others() {
    let fleet = start_fleet();
    // Somebody who has not logged in yet is all that this one admits.
    let _waits = occupy(&fleet, "busy");
    let rows = rows(&fleet);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..ABREAST {
            scope.spawn(|| {
                while let Some((number, row)) = {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    rows.get(number).map(|row| (number, row))
                } {
                    let result = try_row(&fleet, row, &format!("row{number}"));
                    results.lock().unwrap().push((number, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(number, _)| *number);
    let mut table = format!(
        "{:<15} {:<18} {:>7} {:>7}  {:<11} told\n",
        "phase", "fault", "bound", "took", "others"
    );
    let mut failed = Vec::new();
    for (number, (judged, took)) in &results {
        let row = &rows[*number];
        let told = match judged {
            Ok(told) => told.clone(),
            Err(why) => {
                failed.push(format!("{} {}: {why}", row.phase, row.fault));
                format!("FAILED: {}", why.lines().next().unwrap_or_default())
            }
        };
        let _ = writeln!(
            table,
            "{:<15} {:<18} {:>5.1} s {:>5.1} s  {:<11} {told}",
            row.phase,
            row.fault,
            row.bound,
            took.as_secs_f64(),
            format!("{:?}", row.others),
        );
    }
    #[allow(clippy::print_stdout, reason = "what was tried is what the test is for")]
    {
        println!("{table}");
    }
    assert_eq!(results.len(), rows.len());
    assert!(failed.is_empty(), "{table}\n{}", failed.join("\n"));
}
