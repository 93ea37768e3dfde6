//! The pages that are built into the program.

use super::document::Document;
use crate::packed::{Packed, packed};
use crate::recipe::{language, verb};

/// One page of the guide.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The name, for `capr help NAME`.
    pub name: &'static str,
    /// The subject, in the list of all pages.
    pub brief: &'static str,
    /// The path below the checkout's `docs`.
    pub file: &'static str,
    /// The page; `None` for the reference, which is made from the tables of the language.
    text: Option<Packed>,
}

impl Page {
    /// Returns the page as Markdown.
    pub fn text(&self) -> String {
        self.text.map_or_else(language, Packed::text)
    }

    /// Returns the page as a document.
    pub fn document(&self) -> Document {
        Document::read(&self.text())
    }
}

/// Makes a page from a file in `docs`.
macro_rules! page {
    ($name:literal, $brief:literal) => {
        Page {
            name: $name,
            brief: $brief,
            file: concat!($name, ".md"),
            text: Some(packed!("docs/", $name, ".md")),
        }
    };
}

/// All pages, in reading order.
pub const PAGES: &[Page] = &[
    page!("start", "from nothing to a rollback in ten minutes"),
    page!("basics", "the recipe language, for people who know no Ruby"),
    page!("deploy", "the deploy library, from setup to rollback"),
    page!("roles", "which servers: roles, stages, filters"),
    page!("commands", "commands, their answers, sudo, files, questions"),
    page!("transactions", "what happens when things fail; undoing"),
    Page {
        name: "language",
        brief: "the recipe language: verbs, options, functions",
        file: "reference/language.md",
        text: None,
    },
    Page {
        name: "library",
        brief: "tasks and variables of the deploy library",
        file: "reference/deploy.md",
        text: Some(packed!("docs/reference/deploy.md")),
    },
    page!("command-line", "commands beside tasks, dry run, how much is shown"),
    page!("output", "what a run shows on a terminal"),
    page!("doctor", "whether this machine and the servers are ready"),
    page!("ssh", "what of ssh capr reads, and where it differs"),
    page!("failures", "what can fail on the way to a server"),
    page!("security", "what capr promises, against whom, and what not"),
    page!("porting", "from deploy.rb to a recipe, row by row"),
    page!("testing", "tests for recipes and libraries"),
    Page {
        name: "test-verbs",
        brief: "the verbs of test files",
        file: "reference/testing.md",
        text: Some(packed!("docs/reference/testing.md")),
    },
    page!("libraries", "writing a task library; notify"),
    page!("sharing", "libraries of others: adding, locking, making one"),
    page!("ci", "deploying from GitHub Actions, GitLab and others"),
    page!("cookbook", "short answers to common questions"),
    page!("reference", "exit codes, files, environment"),
    page!("json-log", "the JSON log, field by field"),
    page!("glossary", "what words mean"),
];

/// Returns the page of this name.
pub(crate) fn page(name: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.name == name)
}

/// Returns all pages in one, as Markdown, for programs that read all of it at once.
pub(crate) fn everything() -> String {
    let mut text = format!("{INTRODUCTION}\n");
    for page in PAGES {
        text.push_str(&format!(
            "\n<!-- docs/{} -->\n\n{}\n",
            page.file,
            page.text().trim_end()
        ));
    }
    text
}

/// Returns the list of the pages in the form of llms.txt (https://llmstxt.org), which a program reads first.
pub fn index() -> String {
    let mut text = format!("{INTRODUCTION}\n\n## Guide\n\n");
    for page in PAGES {
        text.push_str(&format!("- [{}](docs/{}): {}\n", page.name, page.file, page.brief));
    }
    text
}

/// The first lines of all pages in one, and of llms.txt.
const INTRODUCTION: &str = "\
# capr

> capr runs tasks on many servers over SSH and deploys applications, with rollback. Recipes are Rhai scripts with Capistrano's model: \
variables, roles, tasks, transactions.

- A recipe is `Caprfile`, `deploy.rhai` or `config/deploy.rhai`. `capr TASK` runs a task, `capr check` finds mistakes without running anything, \
`capr TASK -n` shows what would run where, `capr -T` lists tasks, `capr vars` the variables.
- Every statement ends with `;`, except one that ends in a block. Strings with values in them stand in backticks: `` `${name}` ``. `:name` is \
the string \"name\". Options are `key => value`. A map is `#{ key: value }`.
- In a command, a value is wrapped in `quote(…)`, or the command is a list of words: `run [\"ls\", path];`.
- `capr help all` prints all pages below in one, `capr help NAME` what the reference says of a verb or a function.";

/// Returns the part of the reference about a verb, a function, or anything else that has a heading of its own there.
pub(crate) fn section(name: &str) -> Option<Document> {
    if name.is_empty() {
        return None;
    }
    if let Some(text) = verb(name) {
        return Some(Document::read(&text));
    }
    let reference = Document::read(&language());
    reference.section(name).or_else(|| reference.row(name))
}

/// Returns the names that `section` knows.
pub(crate) fn names() -> Vec<String> {
    Document::read(&language()).names()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{PAGES, everything, index, names, page, section};

    #[test]
    fn the_names_of_the_reference_are_those_of_verbs_and_functions() {
        let names = names();
        for name in ["on_rollback", "capture", "quote"] {
            assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
            assert!(section(name).is_some(), "{name}");
        }
        assert!(section("").is_none());
    }

    #[test]
    fn a_page_is_found_by_its_name_and_says_something() {
        for named in PAGES {
            assert_eq!(page(named.name).map(|page| page.file), Some(named.file));
            if let Some(packed) = named.text {
                let file = Path::new("docs").join(named.file);
                assert!(
                    fs::read_to_string(file).is_ok_and(|text| text == packed.text()),
                    "{}",
                    named.name
                );
            }
            assert!(named.text().starts_with("# "), "{}", named.name);
        }
        assert!(page("nothing").is_none());
    }

    #[test]
    fn everything_has_every_page_and_the_index_names_it() {
        let (all, index) = (everything(), index());
        for page in PAGES {
            assert!(all.contains(page.text().trim_end()), "{}", page.name);
            assert!(index.contains(&format!("](docs/{})", page.file)), "{}", page.name);
        }
    }

    #[test]
    fn a_verb_has_a_section_and_a_function_a_row() {
        let run = section("run").map(|run| format!("{run:?}")).unwrap_or_default();
        assert!(
            run.contains("timeout") && run.contains("on_no_matching_servers"),
            "{run}"
        );
        assert!(section("ssh_options").is_some());
        assert!(section("join_path").is_some());
        assert!(section("frobnicate").is_none());
    }
}
