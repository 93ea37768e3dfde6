//! Loads any bytes as a recipe, with nothing that it could act on: no server, no process, nobody to ask, a home and a
//! working directory of its own.

pub mod corpus;
pub mod mutate;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use capr::Diagnostic;
use capr::DryRunConnector;
use capr::Interrupt;
use capr::Unanswered;
use capr::{Event, Reporter};
use capr::{Options, Prompts, Recipe, Surroundings};
use capr::{Redactor, Secret};
use tempfile::TempDir;

/// The recipe beside the one that is loaded for its own sake: each may load the other.
const OTHER: &str = "set_default :other, 1;\ntask :other { puts other; }\nload \"recipe\";\n";

/// A replacement for the library of tasks, which takes longer to load than most recipes.
const LIBRARY: &str = "set_default :deploy_to, \"/u/apps/fuzz\";\nset_default(:current_path) { `${deploy_to}/current` }\n\
                       namespace :deploy { task :default { update_code; } task :restart { run \"restart\"; } }\n\
                       task :update_code { transaction { on_rollback { run \"rm\"; } run \"co\"; } }\n";

/// A place in which recipes are loaded, one after the other.
pub struct Place {
    directory: TempDir,
}

struct Silent;

impl Reporter for Silent {
    fn report(&mut self, _: &Event) {}
}

struct Nobody;

impl Prompts for Nobody {
    fn secret(&mut self, _: &str) -> Result<Secret, Unanswered> {
        Err(Unanswered::nobody("nobody to ask"))
    }

    fn question(&mut self, _: &str) -> Result<Option<String>, Unanswered> {
        Ok(None)
    }
}

impl Place {
    /// Makes an empty place.
    pub fn new() -> std::io::Result<Self> {
        let directory = TempDir::with_prefix("capr-fuzz-")?;
        fs::write(directory.path().join("other.rhai"), OTHER)?;
        fs::create_dir(directory.path().join("library"))?;
        fs::write(directory.path().join("library/deploy.rhai"), LIBRARY)?;
        Ok(Self { directory })
    }

    /// Returns its directory: nothing that a recipe names by a relative path is outside.
    pub fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// Loads a recipe, or checks it; returns the errors.
    pub fn load(&self, recipe: &[u8], how: How) -> std::io::Result<Vec<Diagnostic>> {
        let path = self.directory.path().join("recipe.rhai");
        fs::File::create(&path)?.write_all(recipe)?;
        let options = Options {
            dry_run: true,
            home: Some(self.path()),
            stdlib: (!how.with_library).then(|| self.directory.path().join("library")),
            set_after: vec![("after".to_owned(), "1".to_owned())],
            ..Options::default()
        };
        let surroundings = Surroundings {
            remote: Box::new(DryRunConnector),
            local: Box::new(DryRunConnector),
            reporter: Box::new(Silent),
            prompts: Box::new(Nobody),
            redactor: Redactor::default(),
            interrupt: Interrupt::default(),
        };
        if how.check {
            return Ok(Recipe::check(&[path], options, surroundings, &[]).unwrap_or_else(|wrong| wrong));
        }
        match Recipe::load(&[path], options, surroundings) {
            Ok(recipe) => {
                let tasks: Vec<String> = recipe.tasks().into_iter().map(|task| task.name).collect();
                let _ = recipe.addressed(&tasks);
                Ok(Vec::new())
            }
            Err(found) => Ok(found),
        }
    }
}

/// The way in which a recipe is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// True to read it as `capr check` does.
    pub check: bool,
    /// True to load the library of tasks that comes with capr.
    pub with_library: bool,
}

impl How {
    /// Usually reads it as it is; now and then in another way.
    pub fn by(number: u64) -> Self {
        Self {
            check: number.is_multiple_of(4),
            with_library: number % 64 == 1,
        }
    }
}
