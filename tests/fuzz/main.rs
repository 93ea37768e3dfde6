//! `scripts/fuzz`: loads many recipes that nobody would write, or passes as many inputs to a reader of foreign data, and reports
//! those that it does not survive.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for people who work on capr"
)]

#[path = "mod.rs"]
mod fuzz;
#[path = "limits.rs"]
mod limits;
#[allow(dead_code, reason = "its rooms are for servers")]
#[path = "../fleet/place.rs"]
mod place;
mod seeds;
mod subject;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context, Result, bail};
use capr::on_large_stack;
use fuzz::{Place, corpus};
use subject::Subject;

const USAGE: &str = "\
usage: scripts/fuzz [--target NAME] [COUNT [SEED [FIRST]]]
       scripts/fuzz [--target NAME] --show NUMBER [SEED]
       scripts/fuzz --targets
       scripts/fuzz --coverage [OPTION…]
Loads COUNT recipes (10000 by default), made from those of this checkout; the same ones for the same SEED and checkout.
Those on which capr panics, ends, hangs or takes too much memory are kept in target/fuzz/. With --coverage libFuzzer makes
the recipes, by what code they reach; the options are its own: -runs=100000 -seed=1. What it learned is kept, too.
With --target COUNT inputs go to one of the readers of what others send (--targets lists them) instead.";

/// The most MiB by which a target may grow from the middle to the end.
const GROWTH: u64 = 64;

/// The longest time for one input.
const LIMIT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| {
        text.parse::<u64>()
            .with_context(|| format!("`{text}' is no number\n{USAGE}"))
    };
    let (subject, words) = match words.as_slice() {
        ["--target", name, words @ ..] => (Subject::named(name), words),
        words => (Ok(Subject::recipes()), words),
    };
    let result = subject.and_then(|subject| match words {
        ["--work", count, seed, first] => {
            work(&subject, number(count)?, number(seed)?, number(first)?).map(|()| ExitCode::SUCCESS)
        }
        ["--seeds", folder] => seeds::write(Path::new(folder)).map(|()| ExitCode::SUCCESS),
        ["--targets"] => {
            subject::list();
            Ok(ExitCode::SUCCESS)
        }
        ["--show", at] => show(&subject, number(at)?, 1),
        ["--show", at, seed] => show(&subject, number(at)?, number(seed)?),
        [] => watch(&subject, 10_000, 1, 0),
        [count] if !count.starts_with('-') => watch(&subject, number(count)?, 1, 0),
        [count, seed] => watch(&subject, number(count)?, number(seed)?, 0),
        [count, seed, first] => watch(&subject, number(count)?, number(seed)?, number(first)?),
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    });
    result.unwrap_or_else(|error| {
        eprintln!("fuzz: {error:#}");
        ExitCode::FAILURE
    })
}

fn others() -> Vec<String> {
    corpus::corpus(&place::checkout())
}

fn show(subject: &Subject, number: u64, seed: u64) -> Result<ExitCode> {
    std::io::stdout().write_all(&subject.input(seed, number))?;
    Ok(ExitCode::SUCCESS)
}

/// Reads inputs and prints the number of each before it does. Ends by itself only when all are done.
fn work(subject: &Subject, count: u64, seed: u64, first: u64) -> Result<()> {
    limits::limit_memory()?;
    let place = Place::new()?;
    env::set_current_dir(place.path())?;
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.to_string().replace('\n', " ");
        println!("panic {text}");
    }));
    on_large_stack(|| -> Result<()> {
        let mut out = std::io::stdout().lock();
        for number in first..first + count {
            writeln!(out, "at {number}")?;
            let input = subject.input(seed, number);
            drop(out);
            let read = catch_unwind(AssertUnwindSafe(|| subject.read(&place, &input, number)));
            out = std::io::stdout().lock();
            match read {
                Ok(right) => writeln!(out, "{}", if right? { "good" } else { "bad" })?,
                Err(_) => writeln!(out, "panicked")?,
            }
            if (number + 1 - first).is_multiple_of((count / 10).max(1)) {
                writeln!(out, "memory {}", limits::memory()?)?;
            }
        }
        Ok(())
    })?
}

/// Runs the work in a process that may die of it.
fn watch(subject: &Subject, count: u64, seed: u64, first: u64) -> Result<ExitCode> {
    let began = Instant::now();
    let (mut next, end) = (first, first + count);
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut good = 0_u64;
    let mut slowest = (Duration::ZERO, 0);
    let mut memory: Vec<u64> = Vec::new();
    while next < end {
        let mut child = Command::new(env::current_exe()?)
            .args(subject.arguments())
            .args([
                "--work",
                &(end - next).to_string(),
                &seed.to_string(),
                &next.to_string(),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let Some(out) = child.stdout.take() else {
            bail!("the worker says nothing")
        };
        let (sender, lines) = channel();
        let reader = thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let (mut at, mut since, mut panic) = (next, Instant::now(), String::new());
        let ended = loop {
            match lines.recv_timeout(LIMIT) {
                Ok(line) => match line.split_once(' ') {
                    Some(("at", number)) => (at, since) = (number.parse()?, Instant::now()),
                    Some(("panic", text)) => panic = text.to_owned(),
                    Some(("memory", mebibytes)) => memory.push(mebibytes.parse()?),
                    _ => {
                        slowest = slowest.max((since.elapsed(), at));
                        good += u64::from(line == "good");
                        if line == "panicked" {
                            keep(subject, &mut found, &panic, seed, at)?;
                        }
                        if (at + 1).is_multiple_of(100_000) {
                            println!("{} inputs, {:.0?}", at + 1 - first, began.elapsed());
                        }
                    }
                },
                Err(RecvTimeoutError::Timeout) => {
                    child.kill()?;
                    break "takes too long".to_owned();
                }
                Err(RecvTimeoutError::Disconnected) => break String::new(),
            }
        };
        let status = child.wait()?;
        let _ = reader.join();
        if status.success() {
            break;
        }
        let ended = if ended.is_empty() { status.to_string() } else { ended };
        keep(subject, &mut found, &ended, seed, at)?;
        next = at + 1;
    }
    println!(
        "{}: {count} inputs with seed {seed}, {good} of them right, in {:.1?}; the slowest, {}, took {:.0?}",
        subject.name(),
        began.elapsed(),
        slowest.1,
        slowest.0
    );
    println!("memory after each tenth, in MiB: {memory:?}");
    if let (Some(half), Some(last)) = (memory.get(memory.len() / 2), memory.last())
        && *last > half + GROWTH
    {
        keep(subject, &mut found, "memory grows", seed, end)?;
    }
    for (what, numbers) in &found {
        println!(
            "{} times: {what}\n  {:?}",
            numbers.len(),
            &numbers[..numbers.len().min(10)]
        );
    }
    Ok(if found.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn keep(subject: &Subject, found: &mut BTreeMap<String, Vec<u64>>, what: &str, seed: u64, number: u64) -> Result<()> {
    let numbers = found.entry(what.to_owned()).or_default();
    if numbers.len() < 20 {
        println!("{number}: {what}");
        let folder = place::checkout().join("target/fuzz");
        fs::create_dir_all(&folder)?;
        let name = folder.join(format!("{}-{seed}-{number}", subject.name()));
        fs::write(name, subject.input(seed, number))?;
    }
    numbers.push(number);
    Ok(())
}
