//! The journal of a run, and `capr RECIPE resume`: continues a run of that recipe which died, or undoes it.

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Fault};
use crate::event::{Event, Level, Reporter as _};
use crate::io_error::plain;
use crate::journal::{Head, Journal, Shelf, Taken, Unfinished, Ways};
use crate::recipe::{self, Recipe, names_secret};
use crate::report::Console;
use crate::run_id::RunId;
use crate::secret::Redactor;

use super::arguments::TypedArguments;
use super::program::Program;
use super::settings::{Settings, UsageError};
use super::shell::Invocation;
use super::{perform, refuse, tasks_of_stage};

/// The variables that select the servers of a run, besides the typed options.
const NARROWING: [&str; 4] = ["HOSTS", "ROLES", "HOSTFILTER", "HOSTROLEFILTER"];
/// The most runs that are reported.
const TOLD: usize = 3;

/// The way in which `resume` continues.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resuming {
    pub(super) undo: bool,
    pub(super) redo: bool,
    pub(super) skip: bool,
    /// True if the recipe may have changed.
    pub(super) changed: bool,
    /// True if the runs are only forgotten.
    pub(super) forget: bool,
}

impl Settings {
    /// Returns the recipe as it is typed in the commands that messages suggest.
    pub(super) fn recipe_name(&self) -> String {
        self.recipes
            .first()
            .map(|recipe| recipe.display().to_string())
            .unwrap_or_default()
    }
}

impl Resuming {
    /// Returns the options for `resume`; `None` if there are none.
    pub(super) fn of(arguments: &TypedArguments) -> Result<Option<Self>, UsageError> {
        let how = Self {
            undo: arguments.undo,
            redo: arguments.redo,
            skip: arguments.skip,
            changed: arguments.changed_recipe,
            forget: arguments.forget,
        };
        if how.redo && how.skip {
            return Err(UsageError::RedoAndSkip);
        }
        let is_said = how.undo || how.redo || how.skip || how.changed || how.forget;
        Ok(is_said.then_some(how))
    }
}

/// Returns the recipe as it is named on a command line, with the stage after it if the words name one.
pub(super) fn named(recipe: &Recipe, name: &str, words: &[String]) -> String {
    let stage = words
        .first()
        .filter(|word| recipe.stages().any(|stage| stage == word.as_str()));
    stage.map_or_else(|| name.to_owned(), |stage| format!("{name} {stage}"))
}

/// Returns the journals of the recipe that is run.
pub(super) fn shelf(settings: &Settings, shell: &Invocation) -> Option<Shelf> {
    let state = shell.variable("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.filter(|state| state.is_absolute());
    let state = state.or_else(|| Some(PathBuf::from(shell.variable("HOME")?).join(".local/state")))?;
    Some(Shelf::of(&state, settings.recipes.first()?))
}

/// Returns the journal of a new run of these words, stage and tasks.
pub(super) fn journal(shelf: Shelf, settings: &Settings, words: &[String], redactor: &Redactor) -> Journal {
    Journal::new(shelf, head(settings, words), redactor.clone())
}

/// Returns the head of a run that these words, stage and tasks, ask for.
pub(super) fn head(settings: &Settings, words: &[String]) -> Head {
    let options = &settings.recipe_options;
    let mut secrets = Vec::new();
    let mut without_secrets = |given: &[(String, String)]| -> Vec<(String, String)> {
        let (secret, plain): (Vec<_>, Vec<_>) = given.iter().cloned().partition(|(name, _)| names_secret(name));
        secrets.extend(secret.into_iter().map(|(name, _)| name));
        plain
    };
    let narrowing = NARROWING.iter().filter_map(|name| {
        let value = options.environment.get(*name)?;
        Some(((*name).to_owned(), value.clone()))
    });
    let mut environment = without_secrets(&settings.assigned);
    environment.retain(|(name, _)| !NARROWING.contains(&name.as_str()));
    environment.extend(narrowing);
    let (set_before, set_after) = (
        without_secrets(&options.set_before),
        without_secrets(&options.set_after),
    );
    Head {
        capr: env!("CARGO_PKG_VERSION").to_owned(),
        run: options.run.to_string(),
        recipes: settings.recipes.clone(),
        directory: std::env::current_dir().unwrap_or_default(),
        words: words.to_vec(),
        set_before,
        set_after,
        environment,
        preserve_roles: options.preserve_roles,
        secrets,
        ..Head::begun()
    }
}

/// Reports the runs of this recipe that died: what is half done, and what to do about it.
pub(super) fn tell(unfinished: &[Unfinished], recipe: &str, console: &Console) {
    for run in unfinished.iter().take(TOLD) {
        let text = format!("{}: {}", run.half_done.told(), way_out(run, recipe));
        console.clone().report(&Event::Message {
            level: Level::Important,
            tag: None,
            text,
        });
    }
}

/// Returns what can be done about a run that has ended before it was done.
fn way_out(run: &Unfinished, recipe: &str) -> String {
    let has_release = run.half_done.release().is_some();
    match (run.half_done.is_over(), has_release) {
        (true, true) => format!("capr {recipe} recover puts the servers in order, and ends this report"),
        (true, false) => format!("once it is dealt with: capr {recipe} resume --forget"),
        (false, true) => format!(
            "capr {recipe} resume goes on with it, capr {recipe} resume --undo rolls it back; from another machine: capr {recipe} recover"
        ),
        (false, false) => {
            format!("capr {recipe} resume goes on with it, capr {recipe} resume --undo rolls it back")
        }
    }
}

/// Ends the reports about runs whose servers a recovery has put in order: those that were about a release, of the same stage, on the
/// same servers or on fewer.
pub(super) fn recovered(unfinished: Vec<Unfinished>, head: &Head) {
    let narrowing = |head: &Head| -> Vec<(String, String)> {
        let is_narrowing = |(name, _): &&(String, String)| NARROWING.contains(&name.as_str());
        head.environment.iter().filter(is_narrowing).cloned().collect()
    };
    let stage = head.words.split_last().map_or(&[][..], |(_, stage)| stage);
    let of_all = narrowing(head);
    let is_met = |run: &Unfinished| {
        let is_covered = of_all.is_empty() || of_all == narrowing(&run.head);
        run.half_done.release().is_some() && run.head.words.starts_with(stage) && is_covered
    };
    for run in unfinished.into_iter().filter(is_met) {
        // A journal that cannot be changed is reported again the next time.
        let _ = run.forget();
    }
}

/// Forgets the dead runs with the same tasks on the same servers, after a run that went well.
pub(super) fn supersede(unfinished: Vec<Unfinished>, head: &Head) {
    let is_same = |run: &Unfinished| run.head.words == head.words && run.head.environment == head.environment;
    for run in unfinished.into_iter().filter(is_same) {
        // A journal that cannot be changed is reported again the next time.
        let _ = run.forget();
    }
}

/// Continues the newest run that died; of this stage, if one is named.
pub(super) fn resume(settings: Settings, program: &Program, stage: &[String], resuming: Resuming) -> u8 {
    let console = program.console;
    let recipe = settings.recipe_name();
    let wrong = |message: String| Diagnostic::new(Fault::Failed, message);
    let Some(shelf) = shelf(&settings, program.shell) else {
        let message = "there are no journals: neither HOME nor XDG_STATE_HOME is set".to_owned();
        return refuse(console, &[wrong(message)]);
    };
    let mut unfinished = shelf.unfinished();
    unfinished.retain(|run| run.head.words.starts_with(stage));
    if resuming.forget {
        return forget(unfinished, console);
    }
    if unfinished.is_empty() {
        let message = match shelf.running().first() {
            Some(process) => format!("a run of {recipe} is at work: process {process}"),
            None => format!("no run of {recipe} was broken off on this machine"),
        };
        return refuse(console, &[wrong(message)]);
    }
    let run = unfinished.remove(0);
    if run.half_done.is_over() {
        let told = wrong(run.half_done.told()).hint(format!("it cannot be resumed; {}", way_out(&run, &recipe)));
        let told = match run.half_done.release() {
            Some(_) => told.hint(format!(
                "if that was done from another machine: recover finds nothing then, and ends the report here; so does capr {recipe} resume --forget"
            )),
            None => told,
        };
        return refuse(console, &[told]);
    }
    tell(&unfinished, &recipe, console);
    match run.take() {
        Ok(Some(taken)) => go_on(settings, program, taken, resuming),
        Ok(None) => refuse(
            console,
            &[wrong(format!("another process goes on with that run of {recipe}"))],
        ),
        Err(error) => {
            let message = format!("the journal cannot be read: {}", plain(&error));
            refuse(console, &[wrong(message)])
        }
    }
}

fn forget(unfinished: Vec<Unfinished>, console: &Console) -> u8 {
    for run in unfinished {
        let told = run.half_done.told();
        match run.forget() {
            Ok(true) => console.data(&format!("forgotten: {told}\n")),
            Ok(false) => {}
            Err(error) => {
                let message = format!("the journal cannot be changed: {}", plain(&error));
                return refuse(console, &[Diagnostic::new(Fault::Failed, message)]);
            }
        }
    }
    0
}

fn go_on(mut settings: Settings, program: &Program, taken: Taken, resuming: Resuming) -> u8 {
    let console = program.console;
    let name = settings.recipe_name();
    let head = taken.head.clone();
    if let Err(wrong) = as_before(&mut settings.recipe_options, &head) {
        return refuse(console, &[*wrong]);
    }
    // Paths of the recipe are relative to this directory.
    if let Err(error) = std::env::set_current_dir(&head.directory) {
        let message = format!("cannot go to {}: {}", head.directory.display(), plain(&error));
        return refuse(console, &[Diagnostic::new(Fault::Failed, message)]);
    }
    let told = taken.half_done.told();
    let ways = Ways {
        is_undo: resuming.undo,
        is_redo: resuming.redo,
        is_skip: resuming.skip,
    };
    let journal = match Journal::resume(taken, ways, program.redactor.clone()) {
        Ok(journal) => journal,
        Err(error) => {
            let message = format!("the journal cannot be read: {}", plain(&error));
            return refuse(console, &[Diagnostic::new(Fault::Failed, message)]);
        }
    };
    settings.recipe_options.journal = journal.clone();
    let surroundings = match program.surroundings(&settings) {
        Ok(surroundings) => surroundings,
        Err(wrong) => return refuse(console, &[*wrong]),
    };
    let recipe = match Recipe::load(&head.recipes, settings.recipe_options, surroundings) {
        Ok(recipe) => recipe,
        Err(diagnostics) => return refuse(console, &diagnostics),
    };
    let tasks = match tasks_of_stage(&recipe, &head.words, console) {
        Ok(tasks) => tasks,
        Err(code) => return code,
    };
    let changed = journal.compare(recipe.texts());
    if !changed.is_empty() && !resuming.changed {
        let message = format!("not the same as in the run that is resumed: {}", changed.join(", "));
        let diagnostic = Diagnostic::new(Fault::Failed, message)
            .hint("nothing was done; to go on all the same: --changed-recipe")
            .hint("it goes on where the recipe does the same as before up to where the run ended, and is refused where not");
        return refuse(console, &[diagnostic]);
    }
    console.clone().report(&Event::Message {
        level: Level::Important,
        tag: None,
        text: told,
    });
    if let Err(wrong) = recipe.consent(&tasks) {
        return refuse(console, &[*wrong]);
    }
    let named = named(&recipe, &name, &head.words);
    perform(recipe, &tasks, &named, console)
}

/// Sets the options as they were in the run that died; secrets have to be given again.
fn as_before(options: &mut recipe::Options, head: &Head) -> Result<(), Box<Diagnostic>> {
    let given = options
        .set_before
        .iter()
        .chain(&options.set_after)
        .map(|(name, _)| name);
    let given: Vec<&String> = given.chain(options.environment.keys()).collect();
    let missing: Vec<String> = head
        .secrets
        .iter()
        .filter(|name| !given.contains(name))
        .cloned()
        .collect();
    if !missing.is_empty() {
        let message = format!("secrets are in no journal, give them again: {}", missing.join(", "));
        let diagnostic = Diagnostic::new(Fault::Usage, message);
        let diagnostic = diagnostic.hint("as they were given then: -s NAME=value, -S NAME=value, or NAME=value");
        return Err(Box::new(diagnostic));
    }
    let under = |before: &[(String, String)], now: &mut Vec<(String, String)>| {
        *now = before.iter().cloned().chain(now.drain(..)).collect();
    };
    under(&head.set_before, &mut options.set_before);
    under(&head.set_after, &mut options.set_after);
    for name in NARROWING {
        options.environment.shift_remove(name);
    }
    options.environment.extend(head.environment.iter().cloned());
    options.words.clone_from(&head.words);
    options.preserve_roles = head.preserve_roles;
    options.run = RunId::known(&head.run);
    Ok(())
}
