//! The pages that come with the program.

use std::borrow::Cow;

use super::document::Document;
use crate::recipe::language;

/// One page of the guide.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Behind `capr help`.
    pub name: &'static str,
    /// What it is about, in the list of all.
    pub brief: &'static str,
    /// Below the checkout's `docs`.
    pub file: &'static str,
    /// `None` for the reference, which is made from the tables of the language.
    text: Option<&'static str>,
}

impl Page {
    /// As Markdown.
    pub fn text(&self) -> Cow<'static, str> {
        match self.text {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(language()),
        }
    }

    /// What it says.
    pub fn document(&self) -> Document {
        Document::read(&self.text())
    }
}

/// A page that lies in `docs`.
macro_rules! page {
    ($name:literal, $brief:literal) => {
        Page {
            name: $name,
            brief: $brief,
            file: concat!($name, ".md"),
            text: Some(include_str!(concat!("../../docs/", $name, ".md"))),
        }
    };
}

/// All pages, in the order in which one reads them.
pub const PAGES: &[Page] = &[
    page!("deploy", "the deploy library, from setup to rollback"),
    Page {
        name: "language",
        brief: "the recipe language: verbs, options, functions",
        file: "reference/language.md",
        text: None,
    },
    page!("command-line", "commands beside tasks, dry run, how much is shown"),
    page!("doctor", "whether this machine and the servers are ready"),
    page!("ssh", "what of ssh capr reads, and where it differs"),
    page!("failures", "what can fail on the way to a server"),
    page!("security", "what capr promises, against whom, and what not"),
    page!("porting", "from deploy.rb to a recipe, row by row"),
    page!("libraries", "writing a task library; notify"),
    page!("json-log", "the JSON log, field by field"),
    page!("glossary", "what words mean"),
];

/// The page of this name.
pub fn page(name: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.name == name)
}

/// What the reference says of a verb, a function, or whatever else has a heading of its own there.
pub fn section(name: &str) -> Option<Document> {
    let reference = Document::read(&language());
    reference.section(name).or_else(|| reference.row(name))
}

#[cfg(test)]
mod tests {
    use super::{PAGES, page, section};

    #[test]
    fn a_page_is_found_by_its_name_and_says_something() {
        for named in PAGES {
            assert_eq!(page(named.name).map(|page| page.file), Some(named.file));
            assert!(named.text().starts_with("# "), "{}", named.name);
        }
        assert!(page("nothing").is_none());
    }

    #[test]
    fn a_verb_has_a_section_and_a_function_a_row() {
        assert!(section("run").is_some());
        assert!(section("ssh_options").is_some());
        assert!(section("join_path").is_some());
        assert!(section("frobnicate").is_none());
    }
}
