//! The porting guide: each row of its tables is run, and has happened what it promises.

mod commands;
mod defaults;
mod different;
mod files;
mod first_day;
mod ruby;
mod servers;
mod tasks;
mod variables;

use std::collections::BTreeSet;
use std::fs;

use crate::fleet::Fleet;
use crate::fleet::place::checkout;
use crate::trial::{Place, SERVERS, Trial, run_all};

/// A row's piece for capr.
struct Row {
    section: String,
    line: usize,
    piece: String,
}

fn rows() -> Vec<Row> {
    let guide = checkout().join("docs/porting.md");
    let guide = fs::read_to_string(guide).unwrap();
    let (mut section, mut rows) = (String::new(), Vec::new());
    for (index, line) in guide.lines().enumerate() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.to_owned();
        }
        let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) else {
            continue;
        };
        let cells: Vec<&str> = row.split(" | ").collect();
        if cells[0] == "deploy.rb" || cells[0] == "variable" {
            continue;
        }
        if section == defaults::TITLE {
            continue;
        }
        assert_eq!(cells.len(), 3, "line {}", index + 1);
        let piece = cells[2].trim_matches('`').trim().replace("\\|", "|");
        rows.push(Row {
            section: section.clone(),
            line: index + 1,
            piece,
        });
    }
    rows
}

/// Runs the trials of a section, which must have every row of it, on the servers that it needs.
fn section(title: &str, trials: &[Trial], names: &[&str]) {
    let rows: Vec<Row> = rows().into_iter().filter(|row| row.section == title).collect();
    assert!(!rows.is_empty(), "no section {title}");
    let tried: BTreeSet<&str> = trials.iter().map(|trial| trial.piece.as_str()).collect();
    for row in &rows {
        let Row { line, piece, .. } = row;
        assert!(
            tried.contains(piece.as_str()),
            "docs/porting.md:{line} has no trial: {piece}"
        );
    }
    for piece in tried {
        assert!(
            rows.iter().any(|row| row.piece == piece),
            "docs/porting.md has no row: {piece}"
        );
    }
    let place = if title.ends_with("in a task") {
        Place::Task
    } else {
        Place::Top
    };
    let fleet = (!names.is_empty()).then(|| Fleet::start(names));
    run_all(title, trials, place, fleet.as_ref());
}

#[test]
fn every_section_of_the_porting_guide_is_run() {
    let known: BTreeSet<String> = rows().into_iter().map(|row| row.section).collect();
    let expected = [
        variables::TITLE,
        servers::TITLE,
        tasks::TITLE,
        commands::TITLE,
        files::TITLE,
        ruby::TITLE,
    ];
    assert_eq!(known, expected.into_iter().map(str::to_owned).collect());
    assert!(rows().len() > 120, "{}", rows().len());
}

#[test]
fn rows_about_variables_do_what_they_say() {
    section(variables::TITLE, &variables::trials(), &SERVERS);
}

#[test]
fn rows_about_servers_do_what_they_say() {
    section(servers::TITLE, &servers::trials(), &SERVERS);
}

#[test]
fn rows_about_tasks_do_what_they_say() {
    section(tasks::TITLE, &tasks::trials(), &SERVERS);
}

#[test]
fn rows_about_commands_do_what_they_say() {
    section(commands::TITLE, &commands::trials(), &SERVERS);
}

#[test]
fn rows_about_files_do_what_they_say() {
    section(files::TITLE, &files::trials(), &SERVERS);
}

#[test]
fn rows_about_ruby_itself_do_what_they_say() {
    section(ruby::TITLE, &ruby::trials(), &[]);
}
