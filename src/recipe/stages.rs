//! Stages: `capr RECIPE production deploy` loads `config/deploy/production.rhai` before it does anything else.

use std::path::{Path, PathBuf};

use rhai::Position;

use super::Recipe;
use super::language::origin::Fallible;
use super::language::values;
use super::mistakes::LoadPoint;
use super::running::hooks;
use crate::configuration::{Setter, VariableRead, When, nearest, suggestion};
use crate::diagnostic::{Diagnostic, Fault};
use crate::sort;

/// A stage and its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stage {
    pub(super) name: String,
    file: PathBuf,
}

/// Returns the stages of a project, found by its main recipe and sorted by name.
pub(super) fn stages(recipe: &Path) -> Vec<Stage> {
    let beside = recipe.parent().unwrap_or(Path::new(""));
    let is_config = beside.file_name().is_some_and(|name| name == "config");
    let folder = beside.join(if is_config { "deploy" } else { "config/deploy" });
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let mut stages: Vec<Stage> = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "rhai") && file.is_file())
        .filter_map(|file| {
            Some(Stage {
                name: file.file_stem()?.to_str()?.to_owned(),
                file,
            })
        })
        .collect();
    sort::by_key(&mut stages, |stage| stage.name.clone());
    stages
}

impl Recipe {
    /// Returns the files beside the stages that the recipe itself has loaded, as recipes of Capistrano 2 without stages do: they are none.
    pub(super) fn loaded_stages(&self) -> Vec<Stage> {
        if self.stages.is_empty() {
            return Vec::new();
        }
        let defined = self.interpreter.defined();
        let files = defined.files();
        let loaded: Vec<PathBuf> = files
            .loaded
            .iter()
            .filter_map(|file| file.canonicalize().ok())
            .collect();
        let is_loaded = |stage: &&Stage| stage.file.canonicalize().is_ok_and(|file| loaded.contains(&file));
        self.stages.iter().filter(is_loaded).cloned().collect()
    }

    /// Returns the names of its stages, sorted.
    pub fn stages(&self) -> impl Iterator<Item = &str> {
        self.stages.iter().map(|stage| stage.name.as_str())
    }

    /// Loads the stage that the first word names, or else the one in the variable `stage` or `default_stage`; returns the words
    /// that are left. A recipe without stages needs none.
    pub fn enter_stage(&self, words: &[String]) -> Result<Vec<String>, Vec<Diagnostic>> {
        if self.stages.is_empty() {
            return Ok(words.to_vec());
        }
        let (stage, rest) = self.stage_of(words)?;
        let Some(stage) = stage else {
            return Err(vec![self.none_named(words)]);
        };
        if rest.is_empty() {
            return Err(vec![
                Diagnostic::new(Fault::Usage, "no task was named").hint("-T lists the tasks"),
            ]);
        }
        self.enter(stage)?;
        Ok(rest.to_vec())
    }

    /// Does the same for a recipe that is only examined: no stage has to be named, and no task after it.
    pub fn look_at_stage(&self, words: &[String]) -> Result<Vec<String>, Vec<Diagnostic>> {
        let (stage, rest) = self.stage_of(words)?;
        if let Some(stage) = stage {
            self.enter(stage)?;
        }
        Ok(rest.to_vec())
    }

    /// Does the same if no other words are allowed: `option` is what the person has asked for.
    pub fn look_at_stage_alone(&self, words: &[String], option: &str) -> Result<(), Vec<Diagnostic>> {
        let rest = self.look_at_stage(words)?;
        rest.first()
            .map_or(Ok(()), |word| Err(vec![self.unwanted(word, option)]))
    }

    /// Does the same, but if there are stages, one must be named. Returns its name.
    pub fn enter_stage_alone(&self, words: &[String], option: &str) -> Result<Option<String>, Vec<Diagnostic>> {
        let (stage, rest) = self.stage_of(words)?;
        if let Some(word) = rest.first() {
            return Err(vec![self.unwanted(word, option)]);
        }
        match stage {
            Some(stage) => self.enter(stage).map(|()| Some(stage.name.clone())),
            None if self.stages.is_empty() => Ok(None),
            None => Err(vec![self.none_named(words)]),
        }
    }

    /// Returns the stage that the only word names; all stages if there is no word.
    pub(super) fn stages_named(&self, words: &[String], option: &str) -> Result<Vec<&Stage>, Vec<Diagnostic>> {
        let Some((word, rest)) = words.split_first() else {
            return Ok(self.stages.iter().collect());
        };
        let found = self.stages.iter().find(|stage| stage.name == *word);
        match (found, rest.first()) {
            (Some(stage), None) => Ok(vec![stage]),
            (Some(_), Some(other)) => Err(vec![self.unwanted(other, option)]),
            (None, _) => Err(vec![self.unwanted(word, option)]),
        }
    }

    fn unwanted(&self, word: &str, option: &str) -> Diagnostic {
        let message = format!("{option} runs no tasks, but `{word}' was named");
        let mut diagnostic = Diagnostic::new(Fault::Usage, message);
        diagnostic.hints.extend(self.meant_stage(word));
        let configuration = self.interpreter.defined().configuration();
        let roles = &configuration.roles;
        let is_server = roles.names().any(|role| {
            let mut assigned = roles.assignments(role).iter();
            assigned.any(|assigned| assigned.server.host == word)
        });
        if is_server && option == "doctor" {
            diagnostic.hints.push(format!("HOSTS={word} limits it to this server"));
        }
        diagnostic
    }

    /// Returns the hint with the stage whose name is most similar.
    pub(super) fn meant_stage(&self, word: &str) -> Option<String> {
        let meant = nearest(word, self.stages.iter().map(|stage| stage.name.as_str()))?;
        Some(format!("did you mean the stage `{meant}'?"))
    }

    /// Returns the error if a stage is needed and no word names one.
    fn none_named(&self, words: &[String]) -> Diagnostic {
        let configuration = self.interpreter.defined().configuration();
        let slip = words.first().filter(|word| configuration.tasks.get(word).is_none());
        match slip.and_then(|word| Some((word, self.meant_stage(word)?))) {
            Some((word, hint)) => Diagnostic::new(Fault::Usage, format!("there is no stage `{word}'")).hint(hint),
            None => self.no_stage("no stage was named".to_owned()),
        }
    }

    fn enter(&self, stage: &Stage) -> Result<(), Vec<Diagnostic>> {
        let wrong = self.wrong(self.load_stage(stage), LoadPoint::Complete);
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// Returns the stage that the first word names, or else the recipe, and the words that are left.
    fn stage_of<'a>(&self, words: &'a [String]) -> Result<(Option<&Stage>, &'a [String]), Vec<Diagnostic>> {
        let find = |name: &str| self.stages.iter().find(|stage| stage.name == name);
        if let Some((word, rest)) = words.split_first()
            && let Some(stage) = find(word)
        {
            return Ok((Some(stage), rest));
        }
        if self.stages.is_empty() {
            return Ok((None, words));
        }
        let default = self.default_stage().map_err(|error| vec![self.diagnostic(error)])?;
        let Some(name) = default else {
            return Ok((None, words));
        };
        if let Some(stage) = find(&name) {
            return Ok((Some(stage), words));
        }
        let mut diagnostic = self.no_stage(format!("there is no stage `{name}'"));
        let stages = self.stages.iter().map(|stage| stage.name.as_str());
        diagnostic.hints.extend(suggestion(&name, stages));
        Err(vec![diagnostic])
    }

    pub(super) fn load_stage(&self, stage: &Stage) -> Fallible<()> {
        let name = stage.name.clone().into();
        self.interpreter.set("stage", name, Setter::Stage, Position::NONE)?;
        let file = stage.file.display().to_string();
        self.interpreter.budget().bounded(|| {
            hooks::run(&self.interpreter, &self.engine, When::Stage, None)?;
            self.interpreter.load(&self.engine, &file, Position::NONE, None)?;
            hooks::run_of_load(&self.interpreter, &self.engine)
        })?;
        // The person's settings override those of the stage as well.
        for (name, value) in &self.set_after {
            let value = values::coerce(value);
            self.interpreter.set(name, value, Setter::After, Position::NONE)?;
        }
        Ok(())
    }

    /// Returns an error for each stage with the name of a task: nobody could tell which is meant.
    pub(super) fn ambiguous_stages(&self) -> Vec<Diagnostic> {
        let configuration = self.interpreter.defined().configuration();
        let ambiguous = self
            .stages
            .iter()
            .filter(|stage| configuration.tasks.get(&stage.name).is_some());
        ambiguous
            .map(|stage| {
                let (name, file) = (&stage.name, stage.file.display());
                Diagnostic::new(Fault::Recipe, format!("the stage `{name}' has the name of a task"))
                    .hint(format!("rename the task, or the file {file}"))
            })
            .collect()
    }

    /// Returns an error for each stage that the variable `stages` names, as in Capistrano 2, and that has no file.
    pub(super) fn missing_stages(&self) -> Vec<Diagnostic> {
        let configuration = self.interpreter.defined().configuration();
        let variables = &configuration.variables;
        let VariableRead::Value(listed) = variables.read("stages") else {
            return Vec::new();
        };
        let origin = variables.settings("stages").and_then(|(setting, _)| match &setting.by {
            Setter::Recipe(origin) | Setter::Default(origin) => origin.clone(),
            _ => None,
        });
        let names = values::texts(&listed).into_iter();
        let missing = names.filter(|name| self.stages().all(|stage| stage != name));
        missing
            .map(|name| {
                let mut diagnostic = Diagnostic::warning(format!("the stage `{name}' has no file")).hint(format!(
                    "write config/deploy/{name}.rhai, or take the name out of `stages'"
                ));
                diagnostic.origin = origin.clone();
                diagnostic
            })
            .collect()
    }

    fn default_stage(&self) -> Fallible<Option<String>> {
        let said = |name| self.interpreter.text_variable(&self.engine, name);
        self.interpreter.budget().bounded(|| match said("stage")? {
            Some(stage) => Ok(Some(stage)),
            None => said("default_stage"),
        })
    }

    fn no_stage(&self, message: String) -> Diagnostic {
        let names: Vec<&str> = self.stages.iter().map(|stage| stage.name.as_str()).collect();
        Diagnostic::new(Fault::Usage, message)
            .hint(format!("the stages are {}", names.join(", ")))
            .hint("name one before the tasks, or set :default_stage")
    }
}
