//! The reference in `docs/` is what the tables say, and the program has the guide's pages.

use std::collections::BTreeSet;

use capr::manual::PAGES;

use crate::fleet::place::checkout;

/// Pages of `docs` for those who build capr, install or measure it.
const NOT_SHOWN: [&str; 3] = ["architecture.md", "install.md", "performance.md"];

#[test]
fn the_reference_is_what_the_tables_of_verbs_and_functions_say() {
    let path = checkout().join("docs/reference/language.md");
    let reference = capr::recipe::reference();
    if std::env::var_os("CAPR_WRITE_REFERENCE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &reference).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == reference,
        "docs/reference is stale: scripts/reference writes it anew"
    );
}

#[test]
fn every_page_of_the_guide_is_a_topic_of_capr_help() {
    let files = std::fs::read_dir(checkout().join("docs")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let pages: BTreeSet<String> = files.filter(|name| name.ends_with(".md")).collect();
    let shown = PAGES.iter().map(|page| page.file).filter(|file| !file.contains('/'));
    let known: BTreeSet<String> = shown.chain(NOT_SHOWN).map(str::to_owned).collect();
    assert_eq!(
        pages, known,
        "a page of docs/ has a row in src/manual/pages.rs, or is for those who build capr, see above"
    );
}
