//! Checks the cases of behaviour that tests are named after: none is lost when tests are moved or merged.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;

use crate::fleet::place::checkout;

/// A letter, the highest number, and the numbers below it that have no test of their own.
const CASES: &[(char, u32, &[u32])] = &[
    ('b', 30, &[]),
    ('c', 30, &[]),
    ('d', 26, &[]),
    ('f', 12, &[]),
    ('g', 12, &[]),
    ('k', 11, &[]),
    ('u', 10, &[]),
    ('v', 19, &[]),
    ('r', 23, &[]),
    ('n', 5, &[]),
    ('t', 20, &[]),
    ('h', 12, &[]),
    ('x', 21, &[]),
    ('l', 16, &[]),
    ('o', 4, &[]),
    ('i', 6, &[]),
];

#[test]
fn every_case_of_behaviour_has_a_test() {
    let base = checkout();
    let mut found = BTreeSet::new();
    for folder in ["src", "tests"] {
        collect(&base.join(folder), &mut found);
    }
    let missing: Vec<String> = CASES
        .iter()
        .flat_map(|(letter, last, without)| {
            let numbers = (1..=*last).filter(|number| !without.contains(number));
            numbers.map(move |number| format!("{letter}{number}"))
        })
        .filter(|case| !found.contains(case))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Collects the cases that names of tests begin with, one or several, or that follow an `_and_`.
fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    let test = Regex::new(r"fn (\w+)\(").unwrap();
    let named = Regex::new(r"(?:^|_and_)((?:[a-z]\d+_)+)").unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(path).unwrap();
            for test in test.captures_iter(&text) {
                let cases = named
                    .captures_iter(&test[1])
                    .flat_map(|named| named[1].split('_').map(str::to_owned).collect::<Vec<_>>());
                found.extend(cases.filter(|case| !case.is_empty()));
            }
        }
    }
}
