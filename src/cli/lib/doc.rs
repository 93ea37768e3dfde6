//! `capr lib doc`: the reference of a library as Markdown, made from its recipes.

use std::fmt::Write as _;
use std::path::Path;

use crate::configuration::is_internal;
use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::libraries::{LibraryState, MANIFEST, Manifest, Tree};
use crate::recipe::{Parts, library_text};
use crate::regular;

use super::{Call, Wrong, usage};

impl Call<'_> {
    pub(super) fn doc(&mut self, word: &str) -> Result<u8, Wrong> {
        let (name, parts) = self.parts_named(word)?;
        if !parts.wrong.is_empty() {
            self.console.errors(&parts.wrong);
            return Ok(Fault::Recipe.exit_code());
        }
        self.tell(&reference(&name, &parts));
        Ok(0)
    }

    /// Returns the library that a word means: one of the project, a path, or one that comes with capr.
    fn parts_named(&self, word: &str) -> Result<(String, Parts), Wrong> {
        let path = self.shell.directory.join(word);
        if path.is_dir() {
            let tree = Tree::of_sources(&path).map_err(|reason| usage(format!("cannot read {word}: {reason}")))?;
            let manifest = Manifest::read(MANIFEST, tree.text(MANIFEST).unwrap_or_default())?;
            let name = match manifest.library {
                Some(about) => about.name,
                None => path.canonicalize().ok().as_deref().and_then(stem).unwrap_or_default(),
            };
            if tree.text(&format!("{name}.rhai")).is_none() {
                return Err(usage(format!("{word} is no library: there is no {name}.rhai in it")));
            }
            let parts = super::show::parts_of(&name, &tree);
            return Ok((name, parts));
        }
        if path.is_file() {
            return file(&path, word);
        }
        if let Some(locked) = self.project.lock.get(word) {
            return match self.project.places.state(locked, &self.trust) {
                LibraryState::Here(tree, _) => Ok((word.to_owned(), super::show::parts_of(word, &tree))),
                LibraryState::Missing | LibraryState::Wrong(..) => {
                    let wrong = Diagnostic::new(
                        Fault::Failed,
                        format!("the library `{word}' is not here as capr.lock has it"),
                    );
                    Err(Box::new(wrong.hint("capr lib list says how it stands")))
                }
            };
        }
        let own = self
            .project
            .places
            .project
            .join("lib/capr")
            .join(format!("{word}.rhai"));
        if own.is_file() {
            return file(&own, word);
        }
        match library_text(word) {
            Some(text) => Ok((word.to_owned(), Parts::of([(word, &*text)].into_iter()))),
            None => {
                let wrong = Diagnostic::new(Fault::Usage, format!("there is no library `{word}'"));
                Err(Box::new(
                    wrong.hint("capr lib list lists those of the project; a path names another"),
                ))
            }
        }
    }
}

fn file(path: &Path, word: &str) -> Result<(String, Parts), Wrong> {
    let text = regular::text(path).map_err(|error| usage(format!("cannot read {word}: {}", plain(&error))))?;
    let name = stem(path).unwrap_or_else(|| word.to_owned());
    Ok((name, Parts::of([(word, text.as_str())].into_iter())))
}

fn stem(path: &Path) -> Option<String> {
    Some(path.file_stem()?.to_string_lossy().into_owned())
}

/// Returns the reference.
fn reference(name: &str, parts: &Parts) -> String {
    let mut text = format!("# {name}\n");
    // Writing to a String cannot fail.
    if !parts.opening.is_empty() {
        let _ = write!(text, "\n{}\n", parts.opening);
    }
    let shown = parts
        .tasks
        .iter()
        .filter(|task| !is_internal(task.description.as_deref()));
    let mut rows: Vec<String> = shown
        .map(|task| {
            format!(
                "| `{}` | {} |\n",
                task.name,
                cell(task.description.as_deref().unwrap_or(""))
            )
        })
        .collect();
    rows.sort();
    if !rows.is_empty() {
        let _ = write!(text, "\n## Tasks\n\n| task | |\n|---|---|\n{}", rows.concat());
    }
    let mut rows: Vec<String> = Vec::new();
    for variable in parts
        .variables
        .iter()
        .filter(|variable| variable.is_default || variable.meaning.is_some())
    {
        let meaning = variable.meaning.as_deref().unwrap_or("");
        let default = match &variable.written {
            Some(written) => format!("`{}`", cell(written).replace('`', "")),
            None => "worked out".to_owned(),
        };
        rows.push(format!("| `{}` | {} | {default} |\n", variable.name, cell(meaning)));
    }
    rows.sort();
    if !rows.is_empty() {
        let _ = write!(
            text,
            "\n## Variables\n\n| variable | meaning | default |\n|---|---|---|\n{}",
            rows.concat()
        );
    }
    if !parts.hooks.is_empty() {
        text.push_str("\n## Hooks\n\n");
        for hook in &parts.hooks {
            let _ = writeln!(text, "- `{hook}`");
        }
    }
    if !parts.loads.is_empty() {
        let loads: Vec<String> = parts.loads.iter().map(|load| format!("`{load}`")).collect();
        let _ = write!(text, "\nIt requires {}.\n", loads.join(", "));
    }
    text
}

/// Returns a string of several lines as one cell of a table.
fn cell(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::{Parts, reference};

    #[test]
    fn the_reference_has_what_the_recipe_says_of_itself() {
        let text = "// Tells a channel of deploys.\n\n/// The channel.\nset_default :chat_channel, \"#deploys\";\nset_default :chat_bare, 1;\n\
                    namespace :chat {\n  desc `Say that a deploy\n  is done | over.`;\n  task :done { run_locally \"x\"; }\n  \
                    desc \"[internal] Not for people.\";\n  task :hidden { }\n}\nafter \"deploy:published\", \"chat:done\";\nrequire \"slack\";\n";
        let parts = Parts::of([("chat.rhai", text)].into_iter());
        assert_eq!(
            reference("chat", &parts),
            "# chat\n\nTells a channel of deploys.\n\n## Tasks\n\n| task | |\n|---|---|\n| `chat:done` | Say that a deploy is done \\| over. |\n\
             \n## Variables\n\n| variable | meaning | default |\n|---|---|---|\n| `chat_bare` |  | worked out |\n| `chat_channel` | The channel. | \
             `\"#deploys\"` |\n\n## Hooks\n\n- `after deploy:published: chat:done`\n\nIt requires `slack`.\n"
        );
    }
}
