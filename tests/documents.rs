//! The pages of the documentation: every link leads somewhere, also without mdBook. Their spelling is looked at by scripts/guide.d/spelling.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::fleet::place::checkout;

/// Returns all pages below a directory.
fn pages(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            into.push(path);
        }
    }
}

/// Returns a page without its blocks of code.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence && !line.starts_with("    ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the places of a page that a link can lead to: its headings, as mdBook and GitHub name them.
fn places(text: &str) -> HashSet<String> {
    let (mut places, mut seen) = (HashSet::new(), HashMap::new());
    let markup = Regex::new(r"\[([^\]]*)\]\([^)]*\)").unwrap();
    for line in prose(text).lines().filter(|line| line.starts_with('#')) {
        let heading = markup.replace_all(line.trim_start_matches('#').trim(), "$1");
        let place: String = heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let number = seen.entry(place.clone()).or_insert(0);
        let suffix = if *number == 0 {
            String::new()
        } else {
            format!("-{number}")
        };
        *number += 1;
        places.insert(format!("{place}{suffix}"));
    }
    let named = Regex::new("id=\"([^\"]+)\"").unwrap();
    places.extend(named.captures_iter(text).map(|found| found[1].to_owned()));
    places
}

#[test]
fn every_link_of_the_documentation_leads_to_a_file_and_a_place_in_it() {
    let root = checkout();
    let mut all = Vec::new();
    pages(&root.join("docs"), &mut all);
    all.extend(["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(|page| root.join(page)));
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let code = Regex::new("``.+?``|`[^`]*`").unwrap();
    let (mut known, mut dead, mut checked) = (HashMap::new(), Vec::new(), 0);
    for page in &all {
        let text = fs::read_to_string(page).unwrap();
        let text = prose(&text);
        // A link around code stays one.
        for found in link.captures_iter(&code.replace_all(&text, "`code`")) {
            let target = &found[1];
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            checked += 1;
            let (path, place) = target.split_once('#').unwrap_or((target, ""));
            let file = match path {
                "" => page.clone(),
                path => page.parent().unwrap().join(path),
            };
            let mut has_place = || {
                let places = known.entry(file.clone()).or_insert_with(|| {
                    let text = fs::read_to_string(&file).unwrap_or_default();
                    places(&text)
                });
                places.contains(place)
            };
            if !file.exists() || !place.is_empty() && !has_place() {
                dead.push(format!("{}: {target}", page.strip_prefix(&root).unwrap().display()));
            }
        }
    }
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
    assert!(checked > 200, "{checked}");
}

#[test]
fn every_page_is_a_chapter_of_the_guide() {
    let docs = checkout().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let mut all = Vec::new();
    pages(&docs, &mut all);
    for page in all {
        let name = page.strip_prefix(&docs).unwrap().display().to_string();
        // scripts/guide adds the decisions.
        let is_added = name == "SUMMARY.md" || name.starts_with("decisions/0");
        assert!(
            is_added || summary.contains(&format!("({name})")),
            "docs/SUMMARY.md has no {name}"
        );
    }
}
