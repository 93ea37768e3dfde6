//! Recipes of Capistrano 1, 2 and 3, read with Ruby's own parser and written as recipes of capr. Ruby is never evaluated.
//!
//! ```text
//! loads     finds the places of a file that load others
//! loaded    finds the files that the files of a project load
//! project   finds the files that belong to the given paths, and names the recipes
//! gems/     finds the recipe libraries in the gems that are installed
//! gem_functions the functions that gems define for recipes
//! paths     the paths that a Ruby file makes of its own place
//! asked     finds the plugins and source controls of their own that recipes ask for
//! plain     writes plugins and strategies of Git as the plain recipes that they amount to
//! nodes     a walk through the nodes of Ruby code
//! errors    the classes of errors that recipes define
//! facts     the facts of all files together: names, values, the version
//! collecting collects the facts in a file
//! found     the facts about one variable, one command or one function
//! unnamed   finds the libraries that nothing requires
//! version   the words that tell the version
//! filling   finds the functions that fill in templates
//! repeated  finds the names of tasks that loops define
//! parameters the parameters of functions
//! modules   the functions that modules hold
//! acting    the functions that act on servers or change what they are given
//! broken    finds the files that are no Ruby
//! read/     turns a Ruby file into the form; code without a form becomes a note
//! form      the content of a recipe, without layout
//! tidy      changes that need all files: unread variables, roles, defaults of the version
//! merged    the servers that Capistrano takes for one
//! walk      a walk through all values of a block
//! waiting   statements that wait for a value which may not be there
//! write/    writes the form as a recipe
//! fails     finds the places where Capistrano ends with an error as well
//! lacks     finds the places that lack the same thing, which are one piece of work
//! reach     finds the notes in gems that matter only to who calls their tasks
//! report    the report at the end
//! note      the notes about code that was not carried over
//! ```
//!
//! This folder knows the rows of the language (`Vocabulary`) and its style (`format`), and nothing of how recipes run.

mod acting;
mod added;
mod asked;
#[cfg(test)]
mod block_tests;
mod broken;
mod collecting;
#[cfg(test)]
mod construct_tests;
#[cfg(test)]
mod deployed_tests;
mod errors;
mod facts;
mod fails;
#[cfg(test)]
mod failure_tests;
mod filling;
mod form;
mod found;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod gem_functions;
#[cfg(test)]
mod gem_tests;
mod gems;
mod lacks;
mod loaded;
mod loads;
mod modules;
mod naming;
mod no_release;
mod nodes;
mod note;
#[cfg(test)]
mod order_tests;
mod parameters;
mod paths;
mod plain;
mod programs;
mod project;
mod reach;
mod read;
mod repeated;
mod report;
mod ruby;
mod server_facts;
#[cfg(test)]
mod server_tests;
mod stage_facts;
#[cfg(test)]
mod task_tests;
#[cfg(test)]
mod tests;
mod tidy;
#[cfg(test)]
mod two_tests;
mod unnamed;
mod version;
mod waiting;
mod walk;
#[cfg(test)]
mod word_tests;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

pub(crate) use self::gems::GemPlaces;
pub(crate) use self::note::{Kind, Note};
pub(crate) use self::project::{PortRefusal, RubyFile, RubyProject};
pub(crate) use self::report::{Done, json, report};

use self::broken::broken;
use self::facts::Facts;
use self::read::Reader;
use self::tidy::FileDraft;
use crate::recipe::{Vocabulary, format};
use crate::sort;

/// A recipe that was written.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct File {
    /// The path of the Ruby file.
    pub from: String,
    /// The path of the recipe.
    pub to: String,
    /// The source of the recipe.
    #[serde(skip)]
    pub text: String,
    /// The places that a person has to work on.
    pub notes: Vec<Note>,
    /// The gem from which the Ruby file comes.
    #[serde(skip)]
    gem: Option<String>,
}

/// The result of porting a project.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ported {
    /// The major version of Capistrano that the recipes are for.
    pub version: u8,
    /// The recipes, in the order of the Ruby files.
    pub files: Vec<File>,
    /// The number of times that each construct was carried over.
    pub carried: BTreeMap<String, usize>,
    /// The differences that need no work.
    pub remarks: Vec<String>,
    /// The Ruby libraries that the recipes require and that have no counterpart here.
    pub libraries: Vec<String>,
    /// The files that were read and not written.
    pub only_read: Vec<String>,
}

impl Ported {
    /// Returns true if no place is left for a person to work on.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        let mut notes = self.files.iter().flat_map(|file| &file.notes);
        notes.all(|note| note.only_if_called)
    }
}

/// The most places of a gem that may need a hand. A gem with more is code, and its recipes are of no use.
const MOST_OF_GEM: usize = 3;

/// Reads a project with the gems that it requires, and returns its recipes in the language of capr.
pub(crate) fn port_with_gems(project: &RubyProject, places: &GemPlaces, root: &Path) -> Result<Ported, PortRefusal> {
    let mut left_out = BTreeMap::new();
    loop {
        let ported = port(&project.clone().with_gems(places, root, &left_out)?)?;
        let mut needing: BTreeMap<&str, usize> = BTreeMap::new();
        for file in &ported.files {
            let Some(gem) = &file.gem else { continue };
            let work = file
                .notes
                .iter()
                .filter(|note| note.depends_on.is_none() && !note.only_if_called && note.kind != Kind::Fails);
            *needing.entry(gem).or_default() += work.count();
        }
        needing.retain(|_, places| *places > MOST_OF_GEM);
        if needing.is_empty() {
            return Ok(ported);
        }
        left_out.extend(needing.into_iter().map(|(gem, places)| (gem.to_owned(), places)));
    }
}

/// Reads a project and returns its recipes in the language of capr.
pub(crate) fn port(project: &RubyProject) -> Result<Ported, PortRefusal> {
    let parsed = project.parsed();
    let plain = plain::plain(project, &parsed);
    let (project, parsed) = match &plain {
        Some(plain) => (plain, plain.parsed()),
        None => (project, parsed),
    };
    let broken = broken(project, &parsed)?;
    let mut facts = facts_of(project, &parsed);
    of_capistrano(project, &facts)?;
    let (mut drafts, mut carried, mut remarks) = (Vec::new(), BTreeMap::new(), project.gems.remarks.clone());
    remarks.extend(broken::remarks(project, &parsed, &broken));
    let (mut lost, mut late) = (BTreeSet::new(), BTreeSet::new());
    let both = project.sources.iter().zip(&parsed).enumerate();
    // Gems are loaded before most of what the project sets.
    let (of_gems, own): (Vec<_>, Vec<_>) = both.partition(|(_, (source, _))| source.gem.is_some());
    for (number, (source, parsed)) in of_gems.into_iter().chain(own) {
        if let Some(mistake) = broken.get(&number) {
            drafts.push((number, mistake.draft(source)));
            continue;
        }
        let mut reader = Reader::new(&facts, number, (parsed, &source.text));
        reader.lost_variables = std::mem::take(&mut lost);
        reader.late = std::mem::take(&mut late);
        let block = reader.file(parsed);
        lost = std::mem::take(&mut reader.lost_variables);
        late = std::mem::take(&mut reader.late);
        if source.is_wanted {
            for (name, count) in &reader.carried {
                *carried.entry(name.clone()).or_default() += count;
            }
            remarks.append(&mut reader.remarks);
        }
        let draft = FileDraft {
            source,
            block,
            notes: reader.notes,
            unset: reader.unset,
        };
        drafts.push((number, draft));
    }
    sort::by_key(&mut drafts, |(number, _)| *number);
    let mut drafts: Vec<FileDraft<'_>> = drafts.into_iter().map(|(_, draft)| draft).collect();
    tidy::tidy(&facts, &mut drafts, &mut remarks);
    if facts.version < 3 {
        remarks.extend(no_release::without_no_release(&mut drafts));
    }
    reach::mark(&facts, &parsed, &mut drafts);
    facts.is_open |= project.loads_more || !project.application.is_empty();
    fails::settle(&facts, &mut drafts);
    lacks::settle(&facts.of_application, &mut drafts);
    // There is one for each file.
    let wanted = drafts.iter().enumerate().filter(|(_, draft)| draft.source.is_wanted);
    let files: Vec<File> = wanted
        .map(|(number, draft)| {
            let mut to = facts
                .recipes
                .get(number)
                .cloned()
                .unwrap_or_else(|| draft.source.recipe());
            if let Some((folder, stage)) = beside_task(&facts, &to) {
                let from = draft.source.shown();
                remarks.push(format!(
                    "{from}: the stage is called {stage} here, since a task has its name"
                ));
                to = format!("{folder}/{stage}.rhai");
            }
            let text = write::recipe(&draft.block, &draft.notes);
            let text = format!("{}{text}", head(draft.source));
            File {
                from: draft.source.shown(),
                // A recipe that cannot be read until a person has worked on it is left unformatted.
                text: format(&to, &text).unwrap_or(text),
                to,
                notes: draft.notes.clone(),
                gem: draft.source.gem.as_ref().map(|gem| gem.name.clone()),
            }
        })
        .collect();
    let unloaded = project.unloaded.iter();
    remarks.extend(unloaded.map(|path| format!("{path}: no file loads it, so it was left out")));
    remarks.sort();
    remarks.dedup();
    Ok(Ported {
        version: facts.version,
        carried,
        remarks,
        libraries: read::missing_libraries(&facts),
        only_read: project
            .sources
            .iter()
            .filter(|source| !source.is_wanted)
            .chain(&project.application)
            .map(RubyFile::shown)
            .collect(),
        files,
    })
}

/// Returns the folder and another name for a stage that has the name of one of capr's tasks.
fn beside_task(facts: &Facts, path: &str) -> Option<(String, String)> {
    let (folder, file) = path.rsplit_once('/')?;
    let stage = file.strip_suffix(".rhai")?;
    let has_stages = facts.version == 3
        || facts
            .libraries
            .iter()
            .any(|library| library.contains("multistage") || library.contains("multiconfig"));
    let is_stage = has_stages && folder.ends_with("config/deploy") && facts.stages.contains(stage);
    (is_stage && facts.vocabulary.tasks.contains(stage)).then(|| (folder.to_owned(), format!("{stage}_stage")))
}

/// Returns the lines at the top of a recipe that name the gem from which it comes.
fn head(source: &RubyFile) -> String {
    let Some(gem) = &source.gem else { return String::new() };
    let licence = gem.licence.as_deref().unwrap_or("not named in it");
    format!("// From the {}\n// Licence of the gem: {licence}\n\n", gem.shown())
}

/// Collects the facts of all files.
fn facts_of(project: &RubyProject, parsed: &[ruby_prism::ParseResult<'_>]) -> Facts {
    let mut facts = Facts::new(Vocabulary::of_this_program());
    for parsed in parsed {
        facts.defaulting.extend(parameters::defaulting(&parsed.node()));
    }
    for (source, parsed) in project.sources.iter().zip(parsed) {
        if let Some(stage) = source.stage() {
            facts.stages.add(stage, facts.files.len());
        }
        let is_usual = source.part.is_some() || source.path.ends_with("config/deploy.rb") || source.path == "deploy.rb";
        if source.is_main() && !source.is_capfile() && (is_usual || facts.main_file.is_none()) {
            facts.main_file = Some(facts.files.len());
        }
        facts.gem_files.push(source.gem.as_ref().map(|gem| gem.path.clone()));
        let mut recipe = source.recipe();
        if facts.recipes.contains(&recipe) {
            // Beside `a.rake` there is `a.rb`.
            let ending = source.path.rsplit('.').next().unwrap_or_default();
            recipe = format!("{}_{ending}.rhai", recipe.trim_end_matches(".rhai"));
        }
        facts.recipes.push(recipe);
        if source.is_wanted {
            facts.written.insert(facts.files.len());
        }
        facts.read(parsed, &source.text);
        facts.modules.read(&parsed.node(), &facts.vocabulary);
        facts.files.push(source.path.clone());
    }
    for source in &project.application {
        facts.application_files.push(source.path.clone());
        if let Some(program) = ruby_prism::parse(&source.text).node().as_program_node() {
            read::names_of(&program, &mut facts.of_application);
        }
    }
    facts.is_on_disk = project.is_on_disk;
    facts.root.clone_from(&project.root);
    facts.loads_more = project.loads_more;
    facts.example.clone_from(&project.example);
    facts.templates = sort::map(project.templates.iter().cloned());
    // What `lock` says counts where Gemfile.lock is not there.
    let said = std::mem::replace(&mut facts.gems, project.gems.clone()).versions;
    for (gem, version) in said {
        facts.gems.versions.entry(gem).or_insert(version);
    }
    facts.conclude();
    facts
}

/// Refuses recipes of Mina and Vlad, which are in `config/deploy.rb` as well: `task`, `set` and `invoke` mean other things there.
fn of_capistrano(project: &RubyProject, facts: &Facts) -> Result<(), PortRefusal> {
    let mina = facts.libraries.iter().find(|path| path.starts_with("mina/"));
    let mina = mina.map(|path| ("Mina", path.as_str()));
    let begins = |word: &str| {
        let begins = |source: &RubyFile| {
            let text = String::from_utf8_lossy(&source.text);
            text.lines().any(|line| line.trim_start().starts_with(word))
        };
        project.sources.iter().any(begins)
    };
    let vlad = (begins("remote_task ") && !begins("def remote_task")).then_some(("Vlad", "remote_task"));
    let Some((tool, word)) = mina.or(vlad) else {
        return Ok(());
    };
    let has = |source: &&RubyFile| String::from_utf8_lossy(&source.text).contains(word);
    let file = project.sources.iter().find(has);
    Err(PortRefusal::OtherTool {
        tool,
        file: file.map_or_else(String::new, |source| source.path.clone()),
        word: word.to_owned(),
    })
}
