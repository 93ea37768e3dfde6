//! The words of the language and of the library for code that writes recipes: names and options of verbs, functions, variables
//! and tasks. Nothing is evaluated.

use std::collections::BTreeSet;

use super::language::function::FunctionRow;
use super::language::functions::functions;
use super::language::gems;
use super::language::meanings::READ_BY_CAPR;
use super::language::ssh_options::unknown_ssh_option;
use super::language::syntax::layout::is_word;
use super::language::verb::Choices;
use super::language::verbs::find;
use super::meaning::libraries::{libraries, library};
use super::meaning::stdlib;
use crate::configuration::{Server, Value, VariableKind};

/// Recipes that only the libraries load.
const OF_LIBRARIES: &[&str] = &["deploy_mark", "gems", "systemctl", "webhook"];

/// Words that cannot be the name of a variable or a function.
const RESERVED: &[&str] = &[
    "Fn",
    "as",
    "async",
    "await",
    "begin",
    "break",
    "call",
    "case",
    "catch",
    "const",
    "continue",
    "curry",
    "debug",
    "default",
    "do",
    "each",
    "else",
    "end",
    "eval",
    "exit",
    "export",
    "false",
    "fn",
    "for",
    "global",
    "go",
    "goto",
    "if",
    "import",
    "in",
    "is",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "let",
    "loop",
    "match",
    "module",
    "new",
    "nil",
    "null",
    "package",
    "print",
    "private",
    "protected",
    "public",
    "return",
    "shared",
    "spawn",
    "static",
    "super",
    "switch",
    "sync",
    "then",
    "this",
    "thread",
    "throw",
    "true",
    "try",
    "type_of",
    "unless",
    "until",
    "use",
    "val",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// The names that recipes can use without defining them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabulary {
    /// The variables that the library sets or capr reads.
    pub variables: BTreeSet<String>,
    /// Those of them whose value is nothing until a recipe sets it.
    pub nothing: BTreeSet<String>,
    /// Those of them that are true or false, or may be.
    pub yes_no: BTreeSet<String>,
    /// The variables that the library reads if a recipe sets them.
    pub read: BTreeSet<String>,
    /// The full names of the library's tasks.
    pub tasks: BTreeSet<String>,
    /// Those of them that the libraries have that a recipe requires.
    pub of_required: BTreeSet<String>,
    /// The functions beside those of Rhai.
    pub functions: BTreeSet<&'static str>,
    /// The libraries whose names are included.
    libraries: BTreeSet<&'static str>,
}

impl Vocabulary {
    /// Returns the vocabulary of this program.
    #[must_use]
    pub(crate) fn of_this_program() -> Self {
        let mut vocabulary = Self {
            variables: READ_BY_CAPR.iter().map(|(name, _)| (*name).to_owned()).collect(),
            nothing: BTreeSet::new(),
            yes_no: BTreeSet::new(),
            read: BTreeSet::new(),
            libraries: BTreeSet::new(),
            tasks: BTreeSet::new(),
            of_required: BTreeSet::new(),
            functions: functions().map(FunctionRow::name).collect(),
        };
        let recipes = stdlib::names()
            .filter(|name| !OF_LIBRARIES.contains(name))
            .filter_map(stdlib::recipe);
        recipes.for_each(|text| vocabulary.read(&text));
        vocabulary
    }

    /// Returns the name of the library that comes with capr for what a recipe of Ruby requires.
    #[must_use]
    pub(crate) fn library_of_ruby(path: &str) -> Option<&'static str> {
        let path = path.trim_end_matches(".rb");
        library(path)
            .filter(|library| library.name != path)
            .map(|library| library.name)
    }

    /// Returns the names of each library that comes with capr, without those of the libraries that it requires.
    #[must_use]
    pub(crate) fn of_libraries() -> Vec<(&'static str, Self)> {
        let read = |text: &str| {
            let mut own = Self::default();
            own.read(text);
            own
        };
        libraries()
            .map(|library| (library.name, read(&library.text())))
            .collect()
    }

    /// Returns what to write instead of a variable of a Ruby library for which a library of capr stands.
    #[must_use]
    pub(crate) fn instead(&self, variable: &str) -> Option<&'static str> {
        gems::instead(variable, |library| self.has_library(library))
    }

    /// Returns true if the names of this library that comes with capr were added.
    #[must_use]
    pub(crate) fn has_library(&self, name: &str) -> bool {
        self.libraries.contains(name)
    }

    /// Adds the names from a library that comes with capr, and from those that it requires.
    pub(crate) fn read_library(&mut self, name: &str) {
        let text = match library(name) {
            Some(library) => Some((library.name, library.text())),
            None => OF_LIBRARIES
                .iter()
                .find(|own| **own == name)
                .and_then(|own| Some((*own, stdlib::recipe(own)?))),
        };
        let Some((name, text)) = text.filter(|(name, _)| !self.libraries.contains(name)) else {
            return;
        };
        self.libraries.insert(name);
        let mut own = Self::default();
        own.read(&text);
        self.variables.extend(own.variables);
        self.nothing.extend(own.nothing);
        self.yes_no.extend(own.yes_no);
        self.read.extend(own.read);
        self.of_required.extend(own.tasks.iter().cloned());
        self.tasks.extend(own.tasks);
        for rest in text.split("\nrequire \"").skip(1) {
            self.read_library(rest.split('"').next().unwrap_or_default());
        }
    }

    /// Adds the names from a source of the library, in which each definition begins a line.
    pub(crate) fn read(&mut self, text: &str) {
        // A variable without a default is read by its name, or stands in a comment that tells what it means.
        for verb in ["fetch(:", "exists(:", "said(:", "\n// set :"] {
            for rest in text.split(verb).skip(1) {
                let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
                self.read.extend(rest.get(..end).map(str::to_owned));
            }
        }
        let mut namespaces: Vec<(usize, String)> = Vec::new();
        for line in text.lines() {
            let (indent, line) = (line.len() - line.trim_start().len(), line.trim_start());
            // A line that begins so may be the end of a string.
            if line.trim_end() == "}" {
                namespaces.retain(|(outer, _)| *outer < indent);
            }
            let Some((verb, rest)) = line.split_once(' ') else {
                continue;
            };
            let rest = rest.trim_start_matches([':', '"']);
            let is_part = |c: char| is_word(c) || c == ':';
            let name = rest
                .get(..rest.find(|c| !is_part(c)).unwrap_or(rest.len()))
                .unwrap_or("");
            match verb {
                "namespace" => namespaces.push((indent, name.to_owned())),
                "task" | "synonym_task" | "alias_task" => {
                    let path = namespaces.iter().map(|(_, name)| name.as_str()).chain([name]);
                    self.tasks.insert(path.collect::<Vec<_>>().join(":"));
                }
                "set" | "set_default" | "set_if_empty" => {
                    self.variables.insert(name.to_owned());
                    let value = line.trim_end_matches([' ', '}', ';']);
                    if value.ends_with(", ()") || value.ends_with("{ ()") || value.ends_with(", ())") {
                        self.nothing.insert(name.to_owned());
                    }
                    if value.ends_with(", true") || value.ends_with(", false") {
                        self.yes_no.insert(name.to_owned());
                    }
                }
                _ => {}
            }
        }
    }

    /// Returns the options of a verb; `None` if it takes any, or does not exist.
    #[must_use]
    pub(crate) fn options(&self, verb: &str) -> Option<Vec<&'static str>> {
        match &find(verb)?.options {
            Choices::Any => None,
            Choices::Known(lists) => Some(
                lists
                    .iter()
                    .flat_map(|list| list.iter().map(|choice| choice.name))
                    .collect(),
            ),
        }
    }

    /// Returns true if a variable of the library cannot have this value.
    #[must_use]
    pub(crate) fn refuses(&self, variable: &str, text: &str) -> bool {
        let kind = VariableKind::of(variable);
        kind.is_some_and(|kind| kind.refusal(variable, &Value::Text(text.to_owned())).is_some())
    }

    /// Returns true if a server can have this name.
    #[must_use]
    pub(crate) fn is_server(&self, text: &str) -> bool {
        text.parse::<Server>().is_ok()
    }

    /// Returns true if a verb has this name.
    #[must_use]
    pub(crate) fn is_verb(&self, name: &str) -> bool {
        find(name).is_some()
    }

    /// Returns true if Rhai reserves the word.
    #[must_use]
    pub(crate) fn is_reserved(&self, word: &str) -> bool {
        RESERVED.contains(&word)
    }

    /// Returns true if the map `ssh_options` takes this key.
    #[must_use]
    pub(crate) fn is_ssh_option(&self, key: &str) -> bool {
        unknown_ssh_option(key).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::Vocabulary;

    #[test]
    fn the_names_of_the_library_are_read_from_its_text() {
        let vocabulary = Vocabulary::of_this_program();
        for task in [
            "deploy",
            "deploy:web:disable",
            "deploy:cold",
            "deploy:rollback:code",
            "spinner",
            "deploy:stop",
        ] {
            assert!(vocabulary.tasks.contains(task), "{task}: {:?}", vocabulary.tasks);
        }
        for variable in ["application", "deploy_to", "gateway", "shared_path", "scm_username"] {
            let is_known = vocabulary.variables.contains(variable) || variable == "scm_username";
            assert!(is_known, "{variable}: {:?}", vocabulary.variables);
        }
        assert!(
            vocabulary
                .options("run")
                .is_some_and(|options| options.contains(&"dir"))
        );
        assert_eq!(vocabulary.options("role"), None);
        assert!(vocabulary.is_reserved("with") && !vocabulary.is_reserved("application"));
    }
}
