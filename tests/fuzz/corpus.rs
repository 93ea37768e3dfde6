//! The recipes to begin with: the library, the flipper, and every string of the tests that looks like one, even if it is broken.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns all recipes of a checkout, in an order that depends only on it.
pub fn corpus(base: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for folder in ["stdlib", "scripts", "src/recipe", "tests"] {
        collect(&base.join(folder), &mut files);
    }
    let mut found = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        if file.extension().is_some_and(|ending| ending == "rhai") {
            found.push(text);
        } else {
            found.extend(texts(&text).into_iter().filter(|text| is_recipe(text)));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_dir() && !path.ends_with("fuzz") && !path.ends_with("bench") {
            collect(&path, files);
        } else if matches!(ending, Some("rs" | "rhai")) {
            files.push(path);
        }
    }
}

fn is_recipe(text: &str) -> bool {
    let words = [
        "task ",
        "task(",
        "role ",
        "run ",
        "set ",
        "puts ",
        "fn ",
        "let ",
        "load ",
        "namespace ",
    ];
    text.len() < 4000 && words.iter().any(|word| text.contains(word)) && text.contains([';', '{'])
}

/// Returns the strings of a Rust program. They need not be complete: a recipe that is cut is a recipe, too.
fn texts(program: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = program.chars();
    while let Some(c) = rest.next() {
        match c {
            '/' if rest.as_str().starts_with('/') => {
                rest.by_ref().find(|c| *c == '\n');
            }
            '\'' if rest.as_str().starts_with("\"'") => {
                rest.next();
            }
            '"' => texts.push(text(&mut rest)),
            _ => {}
        }
    }
    texts
}

fn text(rest: &mut std::str::Chars) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => match rest.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('\n') => {
                    let trimmed = rest.as_str().trim_start();
                    *rest = trimmed.chars();
                }
                Some(other) => text.push(other),
                None => break,
            },
            c => text.push(c),
        }
    }
    text
}
