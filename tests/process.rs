//! The process programs of the library (`stdlib/process`) with real FastCGI listeners under a real `spawn-fcgi`.

mod spawner;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::deadline::{LIMIT, Limited, LimitedCommand};
use crate::fleet::place::{Room, checkout};

const FIRST_PORT: u16 = 7000;
const OLD: &str = "20250101000000";
const NEW: &str = "20250102000000";
static APPLICATIONS: AtomicU32 = AtomicU32::new(0);

/// Two releases of an application as a deploy leaves them, on an address of its own.
struct Application {
    room: Room,
    address: String,
}

/// The answer of a listener about itself.
#[derive(Debug, PartialEq)]
struct Answer {
    release: String,
    pid: u32,
    environment: String,
}

impl Application {
    fn new() -> Self {
        Self::with_dispatcher(&fs::read_to_string(repository("tests/fixtures/process/dispatch.fcgi")).unwrap())
    }

    /// With listeners that any of the reaper's signals ends.
    fn without_signal_handlers() -> Self {
        let dispatcher = fs::read_to_string(repository("tests/fixtures/process/dispatch.fcgi")).unwrap();
        let deaf: String = dispatcher
            .lines()
            .filter(|line| !line.starts_with("$SIG{$_}"))
            .map(|l| format!("{l}\n"))
            .collect();
        assert_ne!(dispatcher, deaf);
        Self::with_dispatcher(&deaf)
    }

    fn with_dispatcher(dispatcher: &str) -> Self {
        let number = APPLICATIONS.fetch_add(1, Ordering::Relaxed) + 1;
        let [.., high, low] = std::process::id().to_be_bytes();
        let application = Self {
            // Programs run in it, which `/tmp` may not allow.
            room: Room::new().unwrap(),
            address: format!("127.{}.{high}.{}", 100 + number, low | 1),
        };
        fs::create_dir_all(application.path("shared/pids")).unwrap();
        for release in [OLD, NEW] {
            let release = application.path("releases").join(release);
            for directory in ["public", "script/process", "tmp"] {
                fs::create_dir_all(release.join(directory)).unwrap();
            }
            symlink(application.path("shared/pids"), release.join("tmp/pids")).unwrap();
            for program in ["spinner", "spawner", "reaper"] {
                let target = release.join("script/process").join(program);
                fs::copy(repository("stdlib/process").join(program), &target).unwrap();
                fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
            }
            fs::write(release.join("public/dispatch.fcgi"), dispatcher).unwrap();
            fs::set_permissions(release.join("public/dispatch.fcgi"), fs::Permissions::from_mode(0o755)).unwrap();
        }
        application.switch(OLD);
        application
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }

    fn switch(&self, release: &str) {
        symlink(self.path("releases").join(release), self.path("current.new")).unwrap();
        fs::rename(self.path("current.new"), self.path("current")).unwrap();
    }

    fn directory(&self) -> PathBuf {
        self.room.path().join("it's an app")
    }

    /// One of the programs, as a person in the application's directory types it.
    fn command(&self, program: &str, options: &[&str]) -> Command {
        let mut command = Command::new(format!("current/script/process/{program}"));
        command.args(options).current_dir(self.directory()).stdin(Stdio::null());
        command.env("PWD", self.directory());
        command
    }

    fn run(&self, program: &str, options: &[&str]) -> String {
        let output = self.command(program, options).limited_output();
        assert!(output.status.success(), "{program} {options:?}: {output:?}");
        text(&output)
    }

    fn spawner_line(&self) -> String {
        format!(
            "current/script/process/spawner -p {FIRST_PORT} -i 5 -a {}",
            self.address
        )
    }

    fn spin(&self) -> String {
        self.run("spinner", &["-c", &self.spawner_line(), "-i", "0.2", "-d"])
    }

    fn spawn(&self) -> String {
        self.run(
            "spawner",
            &["-p", &FIRST_PORT.to_string(), "-i", "5", "-a", &self.address],
        )
    }

    /// Asks the listener on a port, as a web server does.
    fn ask(&self, port: u16) -> Option<Answer> {
        let mut stream = TcpStream::connect((self.address.as_str(), port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        for (kind, content) in [(1, &[0, 1, 0, 0, 0, 0, 0, 0][..]), (4, &[]), (5, &[])] {
            let header = [1, kind, 0, 1, 0, u8::try_from(content.len()).unwrap(), 0, 0];
            stream.write_all(&[&header[..], content].concat()).ok()?;
        }
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).ok()?;
        let reply = String::from_utf8_lossy(&reply).into_owned();
        let field = |name: &str| Some(reply.split_once(name)?.1.lines().next()?.to_string());
        Some(Answer {
            release: field("release ")?.rsplit_once('/')?.1.to_string(),
            pid: field("\npid ")?.parse().ok()?,
            environment: field("environment ")?,
        })
    }

    fn ask_all(&self) -> Option<Vec<Answer>> {
        (FIRST_PORT..FIRST_PORT + 5).map(|port| self.ask(port)).collect()
    }

    fn all_on(&self, release: &str) -> Option<Vec<Answer>> {
        self.ask_all()
            .filter(|answers| answers.iter().all(|answer| answer.release == release))
    }

    fn pid_files(&self, prefix: &str) -> Vec<PathBuf> {
        let files = fs::read_dir(self.path("shared/pids"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        files
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix))
            .collect()
    }

    fn pid_of(&self, prefix: &str) -> Option<u32> {
        fs::read_to_string(self.pid_files(prefix).first()?)
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// Everything that runs from this application's directory.
    fn processes(&self, name: &str) -> Vec<u32> {
        let mark = self.directory().to_string_lossy().into_owned();
        let processes = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let runs_here = |pid: &u32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            line.contains(&mark) && line.contains(name)
        };
        processes.filter(runs_here).collect()
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // What is being started at this moment appears after the first look.
        let (mut looks, mut empty) = (0, 0);
        while empty < 3 && looks < 200 {
            let left = self.processes("");
            empty = if left.is_empty() { empty + 1 } else { 0 };
            left.into_iter().for_each(|pid| signal("KILL", pid));
            std::thread::sleep(Duration::from_millis(20));
            looks += 1;
        }
    }
}

/// Ends a process that a test started.
struct Stranger(Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn repository(path: &str) -> PathBuf {
    checkout().join(path)
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn signal(name: &str, pid: u32) {
    let _ = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .limited_output();
}

fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "did not happen: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn pids(answers: &[Answer]) -> Vec<u32> {
    answers.iter().map(|answer| answer.pid).collect()
}

#[test]
fn five_listeners_come_up_and_a_killed_one_comes_back() {
    let application = Application::new();
    assert!(application.spin().starts_with("spinner: running (pid "));
    let before = eventually("five listeners", || application.ask_all());
    assert!(
        before
            .iter()
            .all(|answer| answer.release == OLD && answer.environment == "production"),
        "{before:?}"
    );

    signal("KILL", before[2].pid);
    let after = eventually("the killed listener is back", || {
        application.ask_all().filter(|answers| answers[2].pid != before[2].pid)
    });
    let others = |all: &[Answer]| [all[0].pid, all[1].pid, all[3].pid, all[4].pid];
    assert_eq!(others(&before), others(&after));
}

#[test]
fn a_restart_brings_up_the_new_release_in_the_same_processes() {
    let application = Application::new();
    application.spin();
    let before = eventually("five listeners", || application.all_on(OLD));
    application.switch(NEW);
    let said = application.run("reaper", &[]);
    assert_eq!(said.matches("(USR2)").count(), 5, "{said}");
    // The reaper has waited for them: nothing runs on the old release any more.
    let after = application.all_on(NEW).unwrap();
    assert_eq!(pids(&before), pids(&after));
}

#[test]
fn a_restart_replaces_listeners_that_know_no_signals() {
    let application = Application::without_signal_handlers();
    application.run(
        "spinner",
        &["-c", &application.spawner_line(), "-i", "300", "-l", "0.2", "-d"],
    );
    let before = eventually("five listeners", || application.all_on(OLD));
    application.switch(NEW);
    application.run("reaper", &["-t"]);
    let after = application.all_on(NEW).expect("reaper -t waits for the listeners");
    assert!(
        pids(&after).iter().all(|pid| !pids(&before).contains(pid)),
        "{before:?} {after:?}"
    );
}

#[test]
fn a_spinner_is_started_once_for_a_command() {
    let application = Application::new();
    let line = application.spawner_line();
    let options = ["-c", &line, "-i", "0.2", "-d"];
    let starts: Vec<Child> = (0..4)
        .map(|_| {
            application
                .command("spinner", &options)
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut start in starts {
        assert!(start.within(LIMIT).success());
    }
    let spinner = application.pid_of("spinner.").unwrap();
    // Its own children look like it between fork and exec; another spinner would lead a session.
    let spinners = || {
        application
            .processes("spinner")
            .into_iter()
            .filter(|pid| is_daemon(*pid))
            .collect::<Vec<u32>>()
    };
    eventually("one spinner is left", || (spinners() == [spinner]).then_some(()));
    assert_eq!(
        application.spin(),
        format!("spinner: already running (pid {spinner})\n")
    );
    assert!(
        application
            .run("spinner", &["-c", "true", "-i", "60", "-d"])
            .starts_with("spinner: running")
    );
    assert_eq!(
        application.pid_files("spinner.").len(),
        2,
        "another command has a spinner of its own"
    );
}

/// Returns true if it leads a session, as a process that went into the background does.
fn is_daemon(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    fields.get(3).is_some_and(|session| *session == pid.to_string())
}

#[test]
fn a_spinner_runs_its_command_at_once_on_usr1_and_ends_on_term() {
    let application = Application::new();
    application.run("spinner", &["-c", "echo spun >> spins", "-i", "300", "-l", "299", "-d"]);
    let spins = || {
        fs::read_to_string(application.path("spins"))
            .unwrap_or_default()
            .lines()
            .count()
    };
    eventually("the first spin", || (spins() == 1).then_some(()));
    let spinner = application.pid_of("spinner.").unwrap();
    signal("USR1", spinner);
    eventually("the second spin", || (spins() == 2).then_some(()));
    signal("TERM", spinner);
    eventually("the spinner ends", || {
        application.processes("spinner").is_empty().then_some(())
    });
    assert!(application.pid_files("spinner.").is_empty());
}

#[test]
fn a_reaper_never_signals_a_stranger() {
    let application = Application::new();
    application.spawn();
    let stranger = Stranger(Command::new("sleep").arg("60").spawn().unwrap());
    // Its command line has the application's path in it, but it listens to nothing.
    let log = application.path("current/public/dispatch.fcgi");
    let reader = Stranger(
        Command::new("tail")
            .arg("-f")
            .arg(log)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    for (port, pid) in [(7010, stranger.0.id()), (7011, reader.0.id()), (7012, 4_194_303)] {
        fs::write(
            application.path(&format!("shared/pids/dispatch.{port}.pid")),
            pid.to_string(),
        )
        .unwrap();
    }
    // So has this one, and its standard input is a socket, as that of a command over ssh: but it takes no connections.
    let (input, _other_end) = UnixStream::pair().unwrap();
    let over_ssh = Stranger(
        Command::new("tail")
            .arg("-f")
            .arg(application.path("current/public/dispatch.fcgi"))
            .stdin(OwnedFd::from(input))
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    fs::write(
        application.path("shared/pids/dispatch.7013.pid"),
        over_ssh.0.id().to_string(),
    )
    .unwrap();
    for (port, content) in [(7014, "0"), (7015, "-1"), (7016, "1 2")] {
        fs::write(application.path(&format!("shared/pids/dispatch.{port}.pid")), content).unwrap();
    }
    let said = application.run("reaper", &["-a", "kill"]);
    assert_eq!(said.matches("(KILL)").count(), 5, "{said}");
    assert_eq!(said.matches("names no listener, removed").count(), 7, "{said}");
    let nothing = application.run("reaper", &["-a", "kill"]);
    assert!(
        nothing.starts_with("reaper: couldn't find any process matching: "),
        "{nothing}"
    );
    for mut child in [stranger, reader, over_ssh] {
        assert_eq!(child.0.try_wait().unwrap(), None, "still runs");
    }
    assert!(application.pid_files("dispatch.").is_empty());
}

#[test]
fn what_has_taken_the_pid_of_a_spinner_is_neither_signalled_nor_taken_for_one() {
    let application = Application::new();
    application.spawn();
    let started = application.run("spinner", &["-c", "true", "-i", "300", "-d"]);
    assert!(started.starts_with("spinner: running (pid "), "{started}");
    let spinner = application.pid_of("spinner.").unwrap();
    signal("TERM", spinner);
    eventually("the spinner ends", || {
        application.processes("spinner").is_empty().then_some(())
    });
    // An editor that shows it, and a spinner of another application.
    let editor = Command::new("tail")
        .arg("-f")
        .arg(application.path("current/script/process/spinner"))
        .stdout(Stdio::null())
        .spawn();
    let mut editor = Stranger(editor.unwrap());
    let other = Application::new();
    other.run("spinner", &["-c", "echo spun >> spins", "-i", "300", "-l", "299", "-d"]);
    let others = other.pid_of("spinner.").unwrap();
    eventually("the first spin", || fs::read_to_string(other.path("spins")).ok());
    for (name, pid) in [("spinner.1.pid", editor.0.id()), ("spinner.2.pid", others)] {
        fs::write(application.path("shared/pids").join(name), pid.to_string()).unwrap();
    }
    application.run("reaper", &["-t"]);
    assert_eq!(editor.0.try_wait().unwrap(), None, "still runs");
    assert_eq!(
        fs::read_to_string(other.path("spins")).unwrap(),
        "spun\n",
        "was not told to spin"
    );
    // And one takes the place that the file of another keeps.
    for pid in [editor.0.id(), others] {
        let again = application.run("spinner", &["-c", "true", "-i", "300", "-d"]);
        assert!(again.starts_with("spinner: running (pid "), "{again}");
        let sum = application.pid_of("spinner.").unwrap();
        signal("TERM", sum);
        let files = application.pid_files("spinner.");
        files.iter().for_each(|file| fs::write(file, pid.to_string()).unwrap());
    }
}

#[test]
fn a_directory_in_which_anybody_may_make_pid_files_is_refused() {
    let application = Application::new();
    let pids = application.path("shared/pids");
    fs::set_permissions(&pids, fs::Permissions::from_mode(0o1777)).unwrap();
    for (program, options) in [("spinner", &["-c", "true"][..]), ("spawner", &[]), ("reaper", &[])] {
        let output = application.command(program, options).limited_output();
        assert_eq!(output.status.code(), Some(1), "{program}");
        let said = text(&output);
        assert!(
            said.starts_with(&format!("{program}: anybody may write pid files to ")),
            "{said}"
        );
    }
    assert_eq!(application.pid_files("").len(), 0);
    let said = text(&application.command("reaper", &["-r", "../*.pid"]).limited_output());
    assert_eq!(said, "reaper: not a pattern for names of pid files: ../*.pid\n");
}

#[test]
fn what_the_programs_have_in_common_is_the_same_in_each() {
    let function = |program: &str, name: &str| {
        let text = fs::read_to_string(repository("stdlib/process").join(program)).unwrap();
        let (_, rest) = text.split_once(&format!("\n{name}() {{\n"))?;
        rest.split_once("\n}\n").map(|(body, _)| body.to_owned())
    };
    for name in ["command_line", "is_program", "is_private", "listens", "application"] {
        let bodies: Vec<String> = ["spinner", "spawner", "reaper"]
            .iter()
            .filter_map(|program| function(program, name))
            .collect();
        assert!(bodies.len() >= 2, "{name}");
        assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "{name}: {bodies:#?}");
    }
}

#[test]
fn a_reaper_finds_listeners_whose_pid_files_are_lost() {
    let application = Application::new();
    application.spawn();
    let before = eventually("five listeners", || application.all_on(OLD));
    for file in application.pid_files("dispatch.") {
        fs::remove_file(file).unwrap();
    }
    application.switch(NEW);
    application.run("reaper", &[]);
    let after = eventually("all on the new release", || application.all_on(NEW));
    assert_eq!(pids(&before), pids(&after));
}

#[test]
fn a_reaper_ends_listeners_by_each_of_its_signals() {
    let application = Application::new();
    for (action, name, files_left) in [("graceful", "TERM", 0), ("usr1", "USR1", 5), ("kill", "KILL", 0)] {
        application.spawn();
        let said = application.run("reaper", &["-a", action]);
        assert_eq!(said.matches(&format!("reaper: {action}: pid ")).count(), 5, "{said}");
        assert_eq!(said.matches(&format!("({name})")).count(), 5, "{said}");
        assert_eq!(application.pid_files("dispatch.").len(), files_left, "{action}");
        eventually("all are gone", || {
            application.processes("dispatch").is_empty().then_some(())
        });
    }
}

#[test]
fn nothing_is_left_when_spinner_and_listeners_are_ended() {
    let application = Application::new();
    application.spin();
    eventually("five listeners", || application.ask_all());
    signal("TERM", application.pid_of("spinner.").unwrap());
    eventually("the spinner ends", || {
        application.processes("spinner").is_empty().then_some(())
    });
    application.run("reaper", &["-a", "graceful"]);
    eventually("nothing runs", || application.processes("").is_empty().then_some(()));
    assert!(application.pid_files("").is_empty());
}

#[test]
fn every_program_explains_its_options_and_refuses_others() {
    let application = Application::new();
    for program in ["spinner", "spawner", "reaper"] {
        for option in ["-h", "--help"] {
            assert!(
                application
                    .run(program, &[option])
                    .starts_with(&format!("usage: {program} ")),
                "{program}"
            );
        }
        let output = application.command(program, &["--frobnicate"]).limited_output();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            text(&output),
            format!("{program}: unknown option --frobnicate (see --help)\n")
        );
    }
}
