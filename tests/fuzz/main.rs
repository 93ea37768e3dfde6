//! `scripts/fuzz`: loads many recipes that nobody would write, and tells of those that are not survived.
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
mod seeds;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context, Result, bail};
use capr::recipe::on_large_stack;
use fuzz::{How, Place, corpus, mutate};

const USAGE: &str = "\
usage: scripts/fuzz [COUNT [SEED [FIRST]]]
       scripts/fuzz --show NUMBER [SEED]
       scripts/fuzz --coverage [OPTION…]
Loads COUNT recipes (10000 by default), made from those of this checkout; the same ones for the same SEED and checkout.
Those on which capr panics, ends, hangs or takes too much memory are kept in target/fuzz/. With --coverage libFuzzer makes
the recipes, by what code they reach; the options are its own: -runs=100000 -seed=1. What it learned is kept, too.";

/// No recipe may take longer.
const LIMIT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| {
        text.parse::<u64>()
            .with_context(|| format!("`{text}' is no number\n{USAGE}"))
    };
    let result = match words.as_slice() {
        ["--work", count, seed, first] => {
            (|| work(number(count)?, number(seed)?, number(first)?))().map(|()| ExitCode::SUCCESS)
        }
        ["--seeds", folder] => seeds::write(Path::new(folder)).map(|()| ExitCode::SUCCESS),
        ["--show", at] => number(at).and_then(|at| show(at, 1)),
        ["--show", at, seed] => (|| show(number(at)?, number(seed)?))(),
        [] => watch(10_000, 1, 0),
        [count] if !count.starts_with('-') => number(count).and_then(|count| watch(count, 1, 0)),
        [count, seed] => (|| watch(number(count)?, number(seed)?, 0))(),
        [count, seed, first] => (|| watch(number(count)?, number(seed)?, number(first)?))(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("fuzz: {error:#}");
        ExitCode::FAILURE
    })
}

fn others() -> Vec<String> {
    corpus::corpus(Path::new(env!("CARGO_MANIFEST_DIR")))
}

fn show(number: u64, seed: u64) -> Result<ExitCode> {
    let recipe = mutate::recipe(&others(), seed, number);
    std::io::stdout().write_all(&recipe)?;
    Ok(ExitCode::SUCCESS)
}

/// Loads recipes and says the number of each before it does. Ends by itself only when all are done.
fn work(count: u64, seed: u64, first: u64) -> Result<()> {
    limits::limit_memory()?;
    let others = others();
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
            let recipe = mutate::recipe(&others, seed, number);
            drop(out);
            let loaded = catch_unwind(AssertUnwindSafe(|| place.load(&recipe, How::by(number))));
            out = std::io::stdout().lock();
            match loaded {
                Ok(found) => writeln!(out, "{}", if found?.is_empty() { "good" } else { "bad" })?,
                Err(_) => writeln!(out, "panicked")?,
            }
        }
        Ok(())
    })?
}

/// Has the work done by a process that may die of it.
fn watch(count: u64, seed: u64, first: u64) -> Result<ExitCode> {
    let began = Instant::now();
    let (mut next, end) = (first, first + count);
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut good = 0_u64;
    let mut slowest = (Duration::ZERO, 0);
    while next < end {
        let mut child = Command::new(env::current_exe()?)
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
                    _ => {
                        slowest = slowest.max((since.elapsed(), at));
                        good += u64::from(line == "good");
                        if line == "panicked" {
                            keep(&mut found, &panic, seed, at)?;
                        }
                        if (at + 1).is_multiple_of(100_000) {
                            println!("{} recipes, {:.0?}", at + 1 - first, began.elapsed());
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
        keep(&mut found, &ended, seed, at)?;
        next = at + 1;
    }
    println!(
        "{count} recipes with seed {seed}, {good} of them right, in {:.1?}; the slowest, {}, took {:.0?}",
        began.elapsed(),
        slowest.1,
        slowest.0
    );
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

fn keep(found: &mut BTreeMap<String, Vec<u64>>, what: &str, seed: u64, number: u64) -> Result<()> {
    let numbers = found.entry(what.to_owned()).or_default();
    if numbers.len() < 20 {
        println!("{number}: {what}");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/target/fuzz");
        fs::create_dir_all(folder)?;
        fs::write(
            format!("{folder}/{seed}-{number}.rhai"),
            mutate::recipe(&others(), seed, number),
        )?;
    }
    numbers.push(number);
    Ok(())
}
