//! Broken recipes, and all that a person is told of each: `tests/broken/NAME.rhai` and what is said, in `NAME.snap`
//! beside it.

use std::fs;
use std::path::PathBuf;

use regex::Regex;

use crate::fleet::place::checkout;
use crate::harness::Case;

fn folder() -> PathBuf {
    checkout().join("tests/broken")
}

/// Returns the messages of `capr check`, and those of a run if they differ.
fn told(recipe: &str) -> String {
    let said = |arguments: &[&str]| {
        let finished = Case::new().file("deploy.rhai", recipe).args(arguments).run();
        let code = finished.status.code().unwrap_or(-1);
        let said = format!("{}{}", finished.stdout, finished.stderr);
        // How long it took, and where the test stands.
        let lines = said.lines().filter(|line| !line.starts_with("*** failed:"));
        let lines: String = lines.map(|line| format!("{line}\n")).collect();
        let place = Regex::new("/[^ ]*/capr-case-[^/]*").unwrap();
        (place.replace_all(&lines, "").into_owned(), code)
    };
    let (checked, code) = said(&["check", "deploy.rhai"]);
    let mut told = format!("$ capr check deploy.rhai\n{checked}exit {code}\n");
    let (run, code) = said(&["deploy.rhai", "t", "-q"]);
    if run != checked {
        told.push_str(&format!("\n$ capr deploy.rhai t -q\n{run}exit {code}\n"));
    }
    told
}

/// Returns the messages about each recipe; several are checked at a time.
fn all_told(names: &[String]) -> Vec<(String, String)> {
    let told = |name: &String| {
        let recipe = fs::read_to_string(folder().join(format!("{name}.rhai"))).unwrap();
        (name.clone(), told(&recipe))
    };
    std::thread::scope(|scope| {
        let parts = names.chunks(names.len().div_ceil(4));
        let parts: Vec<_> = parts
            .map(|part| scope.spawn(move || part.iter().map(told).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

#[test]
fn every_broken_recipe_is_told_as_its_snapshot_says() {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".rhai")?.to_owned()))
        .collect();
    names.sort();
    assert!(names.len() >= 60, "{}", names.len());
    insta::with_settings!({snapshot_path => "broken", prepend_module_to_snapshot => false, omit_expression => true}, {
        for (name, told) in all_told(&names) {
            insta::assert_snapshot!(name, told);
        }
    });
}
