//! `capr fmt`: formats recipes and nothing else.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use regex::Regex;

use crate::fleet::place::checkout;
use crate::harness::Case;

const BAD: &str = "role :app,\"a\"; // where it runs\ntask :t { run `x`; run `y`;}\n";
const GOOD: &str = "role :app, \"a\"; // where it runs\ntask :t {\n  run `x`;\n  run `y`;\n}\n";

#[test]
fn a_directory_is_formatted_and_what_was_changed_is_named() {
    let finished = Case::new()
        .file("Caprfile", BAD)
        .file("config/deploy.rhai", GOOD)
        .file("lib/capr/a.rhai", BAD)
        .file("lib/notes.txt", BAD)
        .file(".git/a.rhai", BAD)
        .file("capr.d.rhai", BAD)
        .args(["fmt", "."])
        .run()
        .ok();
    assert_eq!(
        (finished.stdout.as_str(), finished.stderr.as_str()),
        ("Caprfile\nlib/capr/a.rhai\n", "")
    );
    for (file, text) in [
        ("Caprfile", GOOD),
        ("config/deploy.rhai", GOOD),
        ("lib/capr/a.rhai", GOOD),
        ("lib/notes.txt", BAD),
        (".git/a.rhai", BAD),
        ("capr.d.rhai", BAD),
    ] {
        assert_eq!(finished.file(file), text, "{file}");
    }
}

#[test]
fn check_shows_what_would_change_and_writes_nothing() {
    let finished = Case::new()
        .file("deploy.rhai", BAD)
        .args(["fmt", "--check"])
        .run()
        .code(1);
    assert_snapshot!(finished.stdout, @r#"
    --- deploy.rhai
    +++ deploy.rhai formatted
    @@ -1,2 +1,5 @@
    -role :app,"a"; // where it runs
    -task :t { run `x`; run `y`;}
    +role :app, "a"; // where it runs
    +task :t {
    +  run `x`;
    +  run `y`;
    +}
    "#);
    assert_eq!(finished.file("deploy.rhai"), BAD);
    let good = Case::new()
        .file("deploy.rhai", GOOD)
        .args(["fmt", "--check", "deploy.rhai"]);
    assert_eq!(good.run().ok().stdout, "");
}

#[test]
fn standard_input_is_formatted_on_standard_output() {
    assert_eq!(Case::new().args(["fmt", "--stdin"]).input(BAD).run().ok().stdout, GOOD);
    Case::new()
        .args(["fmt", "--stdin", "--check"])
        .input(BAD)
        .run()
        .code(1)
        .says("+task :t {");
    Case::new()
        .args(["fmt", "--stdin"])
        .input("task :t {")
        .run()
        .code(3)
        .says("standard input:1:9");
    Case::new()
        .args(["fmt", "--stdin", "a.rhai"])
        .input(BAD)
        .run()
        .code(2)
        .says("--stdin takes no files");
}

#[test]
fn a_file_with_a_mistake_stays_and_the_others_are_formatted() {
    let broken = "task :t {\n  run  \"x\"\n  set :password, \"hunter2\";\n}\n";
    let finished = Case::new()
        .file("a.rhai", broken)
        .file("b.rhai", BAD)
        .args(["fmt", "a.rhai", "b.rhai"])
        .run();
    let finished = finished.code(3).says("a.rhai:2:11");
    assert_eq!(
        (finished.file("a.rhai").as_str(), finished.file("b.rhai").as_str()),
        (broken, GOOD)
    );
    assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
    Case::new()
        .args(["fmt", "nothing.rhai"])
        .run()
        .code(2)
        .says("cannot read nothing.rhai: no such file");
    Case::new().args(["fmt"]).run().code(2).says("no recipe was found");
    Case::new()
        .recipe("")
        .args(["check", "--stdin"])
        .run()
        .code(2)
        .says("--stdin belongs to fmt");
    Case::new()
        .recipe("")
        .args(["-T", "--check"])
        .run()
        .code(2)
        .says("--check belongs to port, fmt and version");
}

#[test]
fn mode_and_link_of_a_file_stay() {
    let directory = tempfile::tempdir().unwrap();
    let (file, link) = (directory.path().join("real.rhai"), directory.path().join("link.rhai"));
    fs::write(&file, BAD).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o751)).unwrap();
    symlink("real.rhai", &link).unwrap();
    Case::new()
        .args(["fmt".to_owned(), link.display().to_string()])
        .run()
        .ok();
    assert!(link.symlink_metadata().unwrap().file_type().is_symlink());
    assert_eq!(fs::read_to_string(&file).unwrap(), GOOD);
    assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o751);
    assert_eq!(
        fs::read_dir(directory.path()).unwrap().count(),
        2,
        "nothing is left beside it"
    );
}

fn recipes(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let is_recipe = path.extension().is_some_and(|ending| ending == "rhai") || path.ends_with("Caprfile");
        if path.is_dir() {
            recipes(&path, found);
        } else if is_recipe {
            found.push(path);
        }
    }
}

/// Formatted; what is no recipe alone stays as it is.
fn formatted(name: &str, text: &str) -> String {
    capr::format_recipe(name, text).unwrap_or_else(|_| text.to_owned())
}

#[test]
fn every_recipe_of_the_repository_is_formatted() {
    let mut files = Vec::new();
    // Those of tests/broken are written as people write them who make mistakes.
    for folder in ["stdlib", "scripts", "tests/ported", "tests/bench", "src/cli/init"] {
        recipes(&checkout().join(folder), &mut files);
    }
    assert!(files.len() > 25, "{}", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(checkout()).unwrap().display().to_string();
        assert_eq!(capr::format_recipe(&name, &text).unwrap(), text, "run: capr fmt {name}");
    }
}

#[test]
fn every_recipe_in_the_documentation_is_formatted() {
    let block = Regex::new(r"(?ms)^```rhai\n(.*?)^```$").unwrap();
    let mut seen = 0;
    let pages = fs::read_dir(checkout().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pages = pages.filter(|page| page.extension().is_some_and(|ending| ending == "md"));
    for page in pages.chain([checkout().join("docs/reference/language.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        for found in block.captures_iter(&text) {
            seen += 1;
            let page = page.display().to_string();
            assert_eq!(formatted(&page, &found[1]), found[1], "{page}");
        }
    }
    assert!(seen > 60, "{seen}");
}
