//! Makes the reference of the deploy library from the library itself: the tasks with their descriptions, and the variables with
//! their meanings.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Recipe;
use super::language::capistrano::{VARIABLES, versions};
use super::language::gems::replaced;
use super::language::meanings::{Meaning, READ_BY_CAPR, meanings};
use super::meaning::libraries::{Library, libraries};
use super::meaning::stdlib;
use super::reference::code;
use crate::configuration::Task;

/// The ends of the names of variables that contain the commands of a source control; docs/libraries.md describes them.
const OF_SOURCE_CONTROLS: &[&str] = &["_command", "_head", "_input", "_program"];

impl Recipe {
    /// Returns the tasks and variables that this recipe has from the library, as Markdown.
    pub fn library_reference(&self) -> String {
        let mut text = String::from(
            "# The deploy library: tasks and variables\n\n\
             Generated from the library in `stdlib`; `scripts/reference` writes it anew. [Deploying](../deploy.md) explains it.\n\n## Tasks\n",
        );
        self.tasks_of_library(&mut text);
        text.push_str(
            "\n## Variables\n\nA recipe sets them by `set :name, value;`, the command line by `-s name=value`. A default that is made of others is worked out \
             at its first use. The last column says which versions of Capistrano have the variable.\n\n\
             | variable | meaning | default | Capistrano |\n|---|---|---|---|\n",
        );
        let mut rows: BTreeMap<String, (String, String)> = BTreeMap::new();
        for (name, meaning) in READ_BY_CAPR {
            rows.insert((*name).to_owned(), ((*meaning).to_owned(), "not set".to_owned()));
        }
        for meaning in self.meanings_of_library() {
            rows.insert(meaning.name.clone(), (meaning.text.clone(), shown(&meaning)));
        }
        for (name, (meaning, default)) in &rows {
            let versions = versions(name).unwrap_or("–").replace(' ', ", ");
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "| `{name}` | {} | {default} | {versions} |",
                meaning.replace('|', "\\|")
            );
        }
        text.push_str(
            "\n## Variables of Capistrano that have another form\n\n`capr check` says this where a recipe sets one.\n\n\
             | variable | Capistrano | here |\n|---|---|---|\n",
        );
        for known in VARIABLES {
            if let Some(instead) = known.instead {
                let versions = known.versions.replace(' ', ", ");
                let _ = writeln!(
                    text,
                    "| `{}` | {versions} | {} |",
                    known.name,
                    instead.replace('|', "\\|")
                );
            }
        }
        text
    }

    /// Returns the libraries that this recipe requires, as Markdown. Of a library that another recipe requires alone, that knows the tasks:
    /// another library has tasks of the same names.
    pub fn libraries_reference(&self, alone: &[(&str, Self)]) -> String {
        let mut text = String::from(
            "# The libraries that come with capr\n\n\
             Generated from `stdlib/lib`; `scripts/reference` writes it anew. A recipe says `require \"bundler\";`, or the name by which a recipe \
             of Ruby requires what the library stands for. [Writing a task library](../libraries.md) says how they are made.\n\n\
             | library | instead of |\n|---|---|\n",
        );
        for library in libraries() {
            let others: Vec<String> = library.others.iter().map(|name| format!("`{name}`")).collect();
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "| [{0}](#{1}) | {2} |",
                library.name,
                library.name.replace('/', ""),
                others.join(", ")
            );
        }
        for library in libraries() {
            let own = alone.iter().find(|(name, _)| *name == library.name);
            own.map_or(self, |(_, recipe)| recipe)
                .library_section(library, &mut text);
        }
        text
    }

    fn library_section(&self, library: &Library, text: &mut String) {
        let file = stdlib::file_name(&format!("{}{}", stdlib::LIBRARIES, library.name));
        let _ = write!(text, "\n## {}\n\n{}\n", library.name, library.opening());
        let source = library.text();
        let tasks = &self.interpreter.defined().configuration().tasks;
        let mut rows = Vec::new();
        for task in tasks.iter() {
            let described = task.description.as_deref().filter(|_| !task.is_internal());
            let (Some(description), Some(id)) = (described, tasks.id(&task.name)) else {
                continue;
            };
            let mut names: Vec<String> = tasks.names_of(id).map(|name| format!("`{name}`")).collect();
            if *task.origin.file != *file {
                // A library may have more names for a task of the deploy library.
                names.retain(|name| source.contains(&format!("synonym_task \"{}\"", name.trim_matches('`'))));
            }
            if !names.is_empty() {
                rows.push(format!("| {} | {} |\n", names.join(", "), cell(description)));
            }
        }
        rows.sort();
        if !rows.is_empty() {
            let _ = write!(text, "\n| task | |\n|---|---|\n{}", rows.concat());
        }
        let own = if library.name == "bundler" {
            stdlib::recipe("gems")
        } else {
            None
        };
        let meanings = own.into_iter().chain([source]).flat_map(|text| meanings(&text));
        let mut rows: Vec<String> = meanings
            .map(|meaning| {
                format!(
                    "| `{}` | {} | {} |\n",
                    meaning.name,
                    cell(&meaning.text),
                    shown(&meaning)
                )
            })
            .collect();
        rows.sort();
        if !rows.is_empty() {
            let _ = write!(
                text,
                "\n| variable | meaning | default |\n|---|---|---|\n{}",
                rows.concat()
            );
        }
        let rows: Vec<String> = replaced()
            .iter()
            .filter(|row| row.library == library.name)
            .map(|row| {
                let names: Vec<String> = row.names.iter().map(|name| format!("`{name}`")).collect();
                format!("| {} | {} |\n", names.join(", "), row.instead.replace('|', "\\|"))
            })
            .collect();
        if !rows.is_empty() {
            let _ = write!(
                text,
                "\n| of the Ruby library | here, as `capr check` says it |\n|---|---|\n{}",
                rows.concat()
            );
        }
        let _ = writeln!(text, "\nTested with {}.", library.is_tried_with());
    }

    /// Returns the variables of the library that have a default and no meaning.
    pub fn undescribed_variables(&self) -> Vec<String> {
        let described: Vec<Meaning> = self.meanings_of_library();
        let variables = &self.interpreter.defined().configuration().variables;
        let is_default = |name: &str| {
            let setting = variables.settings(name).map(|(setting, _)| &setting.by);
            matches!(setting, Some(crate::configuration::Setter::Default(_)))
        };
        variables
            .names()
            .filter(|name| is_default(name) && !described.iter().any(|meaning| meaning.name == *name))
            .filter(|name| !OF_SOURCE_CONTROLS.iter().any(|end| name.ends_with(end)))
            .map(str::to_owned)
            .collect()
    }

    /// Returns the names of all variables that have a meaning: those of the library and those that capr itself reads.
    pub fn described_variables(&self) -> Vec<String> {
        let own = READ_BY_CAPR.iter().map(|(name, _)| (*name).to_owned());
        own.chain(self.meanings_of_library().into_iter().map(|meaning| meaning.name))
            .collect()
    }

    fn meanings_of_library(&self) -> Vec<Meaning> {
        let files = self.interpreter.defined().files();
        files.meanings(|file| self.interpreter.defined().is_of_stdlib(file))
    }

    fn tasks_of_library(&self, text: &mut String) {
        let tasks = &self.interpreter.defined().configuration().tasks;
        for task in tasks
            .iter()
            .filter(|task| self.interpreter.defined().is_of_stdlib(&task.origin.file))
        {
            let Some(description) = task.description.as_deref().filter(|_| !task.is_internal()) else {
                continue;
            };
            let names: Vec<String> = tasks.id(&task.name).map_or_else(Vec::new, |id| {
                tasks.names_of(id).map(|name| format!("`{name}`")).collect()
            });
            let _ = write!(text, "\n### {}\n\n{description}\n{}", names.join(", "), servers(task));
        }
    }
}

fn servers(task: &Task) -> String {
    let selection = &task.selection;
    let mut said = Vec::new();
    if let Some(roles) = &selection.roles {
        said.push(format!("of the role `{}`", roles.join("`, `")));
    }
    let names = |attributes: &crate::configuration::Attributes| {
        let names: Vec<String> = attributes.iter().map(|(name, _)| format!("`{name}`")).collect();
        names.join(", ")
    };
    said.extend(selection.only.as_ref().map(|only| format!("with {}", names(only))));
    said.extend(
        selection
            .except
            .as_ref()
            .map(|except| format!("without {}", names(except))),
    );
    if said.is_empty() {
        return String::new();
    }
    format!("\nServers {}.\n", said.join(", "))
}

/// Returns a string of several lines in the form for one cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

/// Returns a default in the form for a cell of the table.
fn shown(meaning: &Meaning) -> String {
    match (&meaning.default, meaning.has_default) {
        (_, false) => "not set".to_owned(),
        (Some(default), true) if default.chars().count() <= 60 && !default.contains("abort") => code(default),
        _ => "worked out".to_owned(),
    }
}
