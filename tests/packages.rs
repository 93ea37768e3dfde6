//! The sources of packages: the crate's files, the metadata, the workflows. `scripts/package --test` builds and installs them.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::deadline::LimitedCommand;
use crate::fleet::place::checkout;

/// Returns the standard output of cargo.
fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let told = Command::new(cargo)
        .args(arguments)
        .current_dir(checkout())
        .limited_output();
    assert!(told.status.success(), "{arguments:?}: {told:?}");
    String::from_utf8(told.stdout).unwrap()
}

fn manifest() -> Value {
    let metadata = cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .find(|package| package["name"] == "capr")
        .unwrap()
        .clone()
}

#[test]
fn the_crate_holds_what_it_is_built_from_and_nothing_else() {
    let listed = cargo(&["package", "--list", "--allow-dirty", "--offline"]);
    let top = |path: &str| match path.split_once('/') {
        Some((folder, _)) => format!("{folder}/"),
        None => path.to_owned(),
    };
    let tops: BTreeSet<String> = listed.lines().map(top).collect();
    let mut expected: BTreeSet<String> = [
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "Cargo.toml.orig",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "build.rs",
        "docs/",
        "src/",
        "stdlib/",
    ]
    .map(str::to_owned)
    .into();
    // Where it is built from a clone.
    expected.extend(tops.get(".cargo_vcs_info.json").cloned());
    assert_eq!(tops, expected);
    for page in capr::PAGES {
        let path = format!("docs/{}", page.file);
        assert!(listed.lines().any(|listed| listed == path), "{path}");
    }
    let others: Vec<&str> = listed.lines().filter(|path| path.contains("/decisions/")).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn cargo_binstall_looks_for_the_archives_that_the_script_makes() {
    let package = manifest();
    let binstall = &package["metadata"]["binstall"];
    assert_eq!(
        binstall["pkg-url"],
        "{ repo }/releases/download/v{ version }/capr-{ version }-{ target }.tar.gz"
    );
    assert_eq!(binstall["bin-dir"], "capr-{ version }-{ target }/{ bin }{ binary-ext }");
    let script = fs::read_to_string(checkout().join("scripts/package")).unwrap();
    assert!(script.contains("name=capr-$version-$target\n"));
    for field in ["description", "license", "readme", "rust_version"] {
        assert!(package[field].is_string(), "{field}");
    }
}

#[test]
fn all_that_is_downloaded_by_a_workflow_has_a_fixed_version() {
    let mut read = 0;
    for file in [
        ".github/workflows/ci.yml",
        ".github/workflows/release.yml",
        "action.yml",
    ] {
        let text = fs::read_to_string(checkout().join(file)).unwrap();
        for line in text
            .lines()
            .filter_map(|line| line.trim_start_matches(['-', ' ']).strip_prefix("uses: "))
        {
            read += 1;
            let image = line.strip_prefix("docker://").and_then(|image| image.split_once(':'));
            let is_fixed = image.map_or(line.contains("@v"), |(_, tag)| {
                tag.starts_with(|c: char| c.is_ascii_digit())
            });
            assert!(line.starts_with("./") || is_fixed, "{file}: {line}");
        }
    }
    assert!(read > 2, "{read}");
}
