//! The reference in `docs/` is what the tables say, and the program has the guide's pages.

use std::collections::BTreeSet;
use std::path::PathBuf;

use capr::Interrupt;
use capr::LocalConnector;
use capr::PAGES;
use capr::Redactor;
use capr::{Event, Reporter};
use capr::{Options, Recipe, Surroundings, VARIABLES, library_names};

use crate::fleet::place::checkout;
use crate::harness::Case;

/// Pages of `docs` for those who build capr, install or measure it.
const NOT_SHOWN: [&str; 5] = [
    "SUMMARY.md",
    "architecture.md",
    "install.md",
    "performance.md",
    "reliability.md",
];

/// A page that is generated stands in the checkout as it is generated now; scripts/reference writes it.
#[track_caller]
fn is_written(page: &str, text: &str) {
    let path = checkout().join(page);
    if std::env::var_os("CAPR_WRITE_REFERENCE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "{page} is stale: scripts/reference writes it anew");
}

#[test]
fn the_reference_is_what_the_tables_of_verbs_and_functions_say() {
    is_written("docs/reference/language.md", &capr::reference());
    is_written("docs/reference/testing.md", &capr::reference_of_tests());
}

/// A recipe with all libraries.
fn all_libraries() -> Recipe {
    with_libraries(|_| true)
}

/// A recipe with the libraries of these names.
fn with_libraries(wanted: fn(&str) -> bool) -> Recipe {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("recipe.rhai");
    let names = library_names().filter(|name| wanted(name));
    let requires: Vec<String> = names.map(|name| format!("require \"{name}\";\n")).collect();
    std::fs::write(&path, requires.concat()).unwrap();
    recipe(&[path])
}

/// A recipe with nothing but the library.
fn library() -> Recipe {
    recipe(&[])
}

fn recipe(paths: &[PathBuf]) -> Recipe {
    let surroundings = Surroundings {
        redactor: Redactor::default(),
        remote: Box::new(LocalConnector::default()),
        local: Box::new(LocalConnector::default()),
        reporter: Box::new(Nothing),
        prompts: Box::new(capr::Nobody),
        interrupt: Interrupt::default(),
    };
    Recipe::load(paths, Options::default(), surroundings).unwrap_or_else(|errors| panic!("{errors:?}"))
}

struct Nothing;

impl Reporter for Nothing {
    fn report(&mut self, _: &Event) {}
}

#[test]
fn the_page_of_the_library_is_what_the_library_says() {
    is_written("docs/reference/deploy.md", &library().library_reference());
}

#[test]
fn the_page_of_the_libraries_is_what_they_say() {
    // Its tasks have the names of those of the library symfony.
    let alone = [("capifony", with_libraries(|name| name == "capifony"))];
    let text = with_libraries(|name| name != "capifony").libraries_reference(&alone);
    is_written("docs/reference/libraries.md", &text);
}

#[test]
fn every_default_of_the_libraries_has_a_meaning() {
    assert_eq!(all_libraries().undescribed_variables(), Vec::<String>::new());
}

#[test]
fn every_default_of_the_library_has_a_meaning() {
    assert_eq!(
        library().undescribed_variables(),
        Vec::<String>::new(),
        "a line that begins with /// above its set_default says what it means"
    );
}

#[test]
fn every_variable_of_capistrano_is_there_or_check_says_what_takes_its_place() {
    let described = library().described_variables();
    let (mut recipe, mut told) = (String::from("role :app, \"app1\";\n"), Vec::new());
    for known in VARIABLES {
        match known.instead {
            None => assert!(
                described.iter().any(|name| name == known.name),
                "{} has no meaning",
                known.name
            ),
            Some(instead) => {
                recipe += &format!("set :{}, \"x\";\n", known.name);
                told.push((known.name, instead));
            }
        }
    }
    let finished = Case::new().file("r.rhai", &recipe).args(["check", "r.rhai"]).run();
    let said = format!("{}{}", finished.stdout, finished.stderr);
    for (name, instead) in told {
        let marker = format!("the variable `{name}' is set, but nothing reads it");
        let told = said.split(&marker).nth(1);
        let told = told.unwrap_or_else(|| panic!("nothing is told of {name}: {said}"));
        let hint = told.split("warning:").next().unwrap();
        assert!(hint.contains(instead), "{name}: {hint}");
    }
}

#[test]
fn llms_txt_lists_the_pages() {
    is_written("llms.txt", &capr::index_of_pages());
    // And one page has all of them.
    let all = Case::new().args(["help", "all"]).run().ok().stdout;
    for page in PAGES {
        assert!(all.contains(page.text().trim_end()), "{}", page.name);
    }
}

#[test]
fn every_chapter_and_every_link_of_the_pages_leads_somewhere() {
    let docs = checkout().join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    for page in PAGES {
        assert!(
            summary.contains(&format!("]({})", page.file)),
            "{} is in no chapter of docs/SUMMARY.md",
            page.file
        );
    }
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let files = std::fs::read_dir(&docs).unwrap().map(|file| file.unwrap().path());
    let pages = files.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let more = ["README.md", "CONTRIBUTING.md", "llms.txt", "docs/reference/deploy.md"];
    let more = more.map(|file| checkout().join(file));
    let mut links = 0;
    for page in pages.chain(more) {
        let text = std::fs::read_to_string(&page).unwrap();
        for found in link.captures_iter(&text) {
            let target = found[1].split('#').next().unwrap();
            if target.contains("://") || target.is_empty() {
                continue;
            }
            links += 1;
            let there = page.parent().unwrap().join(target);
            assert!(there.exists(), "{}: {target}", page.display());
        }
    }
    assert!(links > 50, "{links}");
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
