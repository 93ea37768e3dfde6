//! Somebody who reads the output of capr slowly, or not at all (case C28).

use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::Signal;

use crate::fleet::Fleet;
use crate::harness::Case;

const HOSTS: [&str; 3] = ["app1", "app2", "app3"];

/// A command of `count` lines of 100 characters each.
fn case(fleet: &Fleet, verb: &str, count: usize) -> Case {
    let recipe = format!(
        r#"role :app, "app1", "app2", "app3"; task :t {{
             {verb} "exec seq -f %0100.0f 1 {count}"; puts run_locally("grep VmHWM /proc/$PPID/status", :shell => false);
        }}"#
    );
    Case::new().recipe(&recipe).args(["t"]).on(fleet).unread()
}

/// Returns the number of bytes that each command has written when none of them makes progress any more.
fn written(fleet: &Fleet, hosts: &[&str], program: &str) -> Vec<u64> {
    let look = "cat /proc/$(pgrep -x PROGRAM || echo none)/io 2>/dev/null | sed -n 's/wchar: //p'";
    let look = look.replace("PROGRAM", program);
    let limit = Instant::now() + Duration::from_secs(30);
    let (mut before, mut still) = (Vec::new(), 0);
    while still < 10 {
        assert!(Instant::now() < limit, "{before:?}");
        let now: Vec<u64> = hosts
            .iter()
            .map(|host| fleet.sh(host, &look).parse().unwrap_or_default())
            .collect();
        still = if now == before && !now.contains(&0) {
            still + 1
        } else {
            0
        };
        before = now;
    }
    before
}

#[test]
fn c28_who_does_not_read_our_output_slows_the_servers_and_gets_all_of_it_in_the_end() {
    const COUNT: usize = 100_000;
    let fleet = Fleet::start(&HOSTS);
    for (verb, prefix) in [("stream", "[HOST] "), ("run", " ** [out :: HOST] ")] {
        let mut running = case(&fleet, verb, COUNT).start();
        for written in written(&fleet, &HOSTS, "seq") {
            assert!(written < 5 << 20, "{written} bytes were written for nobody");
        }
        running.read_on();
        let finished = running.finish().ok();
        let peak = finished.stdout.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<u64>().ok());
        let peak = peak.unwrap() / 1024;
        assert!(peak < 80, "{peak} MiB for 30 MB of output");
        let output = if verb == "stream" {
            finished.stdout
        } else {
            finished.stderr
        };
        for host in HOSTS {
            let prefix = prefix.replace("HOST", host);
            let mut numbers = output.lines().filter_map(|line| line.strip_prefix(&prefix));
            for number in 1..=COUNT {
                assert_eq!(numbers.next(), Some(format!("{number:0100}").as_str()), "{host}");
            }
            assert_eq!(numbers.next(), None);
        }
    }
}

#[test]
fn b3_a_stop_request_ends_a_run_whose_output_nobody_reads() {
    let fleet = Fleet::start(&HOSTS);
    for verb in ["stream", "run"] {
        let running = case(&fleet, verb, 10_000_000).start();
        written(&fleet, &HOSTS, "seq");
        let begin = Instant::now();
        running.signal(Signal::INT);
        running.finish_unread().code(130);
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(20), "{took:?}");
        for host in HOSTS {
            assert_eq!(fleet.sh(host, "pgrep -x seq || echo none"), "none");
        }
    }
}

#[test]
fn b3_a_stop_request_waits_a_moment_for_readers_however_many_servers_have_short_lines_to_tell() {
    let names: Vec<String> = (1..=20).map(|number| format!("app{number}")).collect();
    let hosts: Vec<&str> = names.iter().map(String::as_str).collect();
    let fleet = Fleet::start(&hosts);
    let recipe = format!(
        "role :app, \"{}\"; task :t {{ run \"exec yes\"; }}",
        names.join("\", \"")
    );
    let running = Case::new().recipe(&recipe).args(["t"]).on(&fleet).unread().start();
    written(&fleet, &hosts, "yes");
    let begin = Instant::now();
    running.signal(Signal::INT);
    running.finish_unread().code(130);
    let took = begin.elapsed();
    // It took 11 to 17 s when each server was waited for by itself.
    assert!(took < Duration::from_secs(9), "{took:?}");
    for host in hosts {
        assert_eq!(fleet.sh(host, "pgrep -x yes || echo none"), "none");
    }
}

#[test]
fn b3_a_stop_request_does_not_wait_until_megabytes_of_short_lines_are_shown() {
    let running = Case::new()
        .recipe("task :t { run_locally \"yes >&2\"; }")
        .args(["t"])
        .after("exec 2>flood")
        .start();
    let flood = running.path("flood");
    let limit = Instant::now() + Duration::from_secs(30);
    while fs::metadata(&flood).map_or(0, |flood| flood.len()) < 1 << 20 {
        assert!(Instant::now() < limit, "nothing is shown");
        thread::yield_now();
    }
    let begin = Instant::now();
    running.signal(Signal::INT);
    let finished = running.finish().code(130);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
    let told = finished.file("flood");
    assert!(told.contains("KiB of output are not shown"), "{}", told.len());
}
