//! The examples of the pages: recipes and command lines in README.md and docs/, each run as it is written.
#![allow(clippy::print_stdout, reason = "the counts are for whoever reads the test's output")]

mod command_line;
mod cookbook;
mod deploy;
mod doctor;
mod install;
mod libraries;
mod outline;
mod readme;
mod servers;
mod sharing;
mod start;
mod testing;
mod topics;
mod transcript;

use std::fs;

use regex::Regex;

use crate::fleet::Fleet;
use crate::fleet::place::checkout;
use crate::harness::{Case, Finished};
use crate::trial::{Place, Trial, piece};

/// The examples of a page that were not tried yet.
struct Page {
    path: &'static str,
    left: Vec<String>,
    tried: usize,
    checks: usize,
}

/// Returns the words that begin a piece of a recipe if a blank or a bracket follows.
fn verbs() -> Vec<String> {
    let reference = fs::read_to_string(checkout().join("docs/reference/language.md")).unwrap();
    let verb = Regex::new(r"(?m)^### (\w+)$").unwrap();
    verb.captures_iter(&reference)
        .map(|found| found[1].to_owned())
        .collect()
}

/// Returns true if words in the running text are a recipe or a command line.
fn is_code(span: &str, verbs: &[String]) -> bool {
    let word = span
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .next()
        .unwrap_or_default();
    let rest = &span[word.len()..];
    word == "capr" && rest.starts_with(' ')
        || verbs.iter().any(|verb| verb == word) && rest.starts_with([' ', '('])
        || word == "import" && rest.len() > 1
        || rest.starts_with("::")
        || span.starts_with("#{")
        || !word.is_empty() && rest.contains("=>")
}

impl Page {
    /// Reads the blocks of a page, and the recipes and command lines within its sentences.
    fn read(path: &'static str) -> Self {
        let text = fs::read_to_string(checkout().join(path)).unwrap();
        let (verbs, span) = (verbs(), Regex::new(r"``\s?(.+?)\s?``|`([^`]+)`").unwrap());
        let (mut left, mut fence, mut block) = (Vec::new(), None::<bool>, String::new());
        for line in text.lines().chain([""]) {
            match (fence, line.strip_prefix("```")) {
                (None, Some(language)) => fence = Some(language == "rhai"),
                (Some(is_recipe), Some(_)) => {
                    let whole = std::mem::take(&mut block);
                    left.extend(is_recipe.then_some(whole));
                    fence = None;
                }
                (Some(_), None) => block.push_str(&format!("{line}\n")),
                (None, None) if line.starts_with("    ") => block.push_str(&format!("{}\n", &line[4..])),
                (None, None) => {
                    if !block.is_empty() {
                        left.push(std::mem::take(&mut block));
                    }
                    let spans = span.captures_iter(line);
                    let spans =
                        spans.filter_map(|found| Some(found.get(1).or(found.get(2))?.as_str().replace("\\|", "|")));
                    left.extend(spans.filter(|span| is_code(span, &verbs)));
                }
            }
        }
        left.sort();
        left.dedup();
        Self {
            path,
            left,
            tried: 0,
            checks: 0,
        }
    }

    /// Takes a snippet that is tried off the list.
    #[track_caller]
    fn take(&mut self, snippet: &str) {
        let at = self.left.iter().position(|one| one == snippet);
        let at = at.unwrap_or_else(|| panic!("{} has no {snippet:?}; it has {:#?}", self.path, self.left));
        self.left.remove(at);
        self.tried += 1;
    }

    /// Takes the block that begins with this off the list.
    #[track_caller]
    fn block(&mut self, beginning: &str) -> String {
        let found = self.left.iter().find(|one| one.starts_with(beginning)).cloned();
        let block = found.unwrap_or_else(|| panic!("{} has no block {beginning:?}: {:#?}", self.path, self.left));
        self.take(&block);
        block
    }

    /// Tries a piece of a recipe.
    #[track_caller]
    fn recipe(&mut self, snippet: &str, place: Place, fleet: Option<&Fleet>, trial: impl Fn(Trial) -> Trial) {
        self.take(snippet);
        self.instance(snippet, place, fleet, trial);
    }

    /// Tries one way to fill in the parts that a piece leaves open.
    #[track_caller]
    fn instance(&mut self, recipe: &str, place: Place, fleet: Option<&Fleet>, trial: impl Fn(Trial) -> Trial) {
        let closed = recipe.ends_with(';') || recipe.ends_with('}') && !recipe.contains("#{");
        let whole = format!("{recipe}{}", if closed { "" } else { ";" });
        match trial(piece(&whole)).run(place, fleet) {
            Ok(checks) => self.checks += checks,
            Err(reason) => panic!("{}: {recipe}\n{reason}", self.path),
        }
    }

    /// Takes a snippet off the list that is not run, for a reason that a reader of the test can judge.
    #[track_caller]
    fn not_run(&mut self, snippet: &str, _reason: &str) {
        self.take(snippet);
        self.tried -= 1;
    }

    /// Checks that everything was tried.
    #[track_caller]
    fn done(self) {
        assert!(self.left.is_empty(), "{}: not tried: {:#?}", self.path, self.left);
        println!(
            "{}: {} snippets, {} checks of recipes",
            self.path, self.tried, self.checks
        );
    }
}

/// Returns the recipes of a page, in their order.
fn blocks(path: &str) -> Vec<String> {
    let text = fs::read_to_string(checkout().join(path)).unwrap();
    let blocks = text.split("\n```").skip(1).step_by(2);
    let recipes = blocks.filter_map(|block| block.strip_prefix("rhai\n"));
    recipes.map(|block| format!("{block}\n")).collect()
}

/// Runs a shell line, as written, beside a small recipe.
fn line(line: &str) -> Case {
    Case::new()
        .file("deploy.rhai", "desc \"Say it.\"; task :t { puts \"it\"; }\n")
        .shell(line)
}

/// Runs it to its end, and requires success.
#[track_caller]
fn ok(text: &str) -> Finished {
    line(text).run().ok()
}
