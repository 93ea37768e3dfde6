//! The commands that show something of a recipe without running any of its tasks.

use crate::configuration::TaskSummary;
use crate::diagnostic::{Diagnostic, Fault, Severity};
use crate::recipe::Recipe;
use crate::report::{Console, Drawing, Listing, matches};

use super::program::Program;
use super::settings::Work;
use super::{interactive, refuse, tasks_of_stage};

/// Reports the findings of `capr check`.
pub(super) fn check(found: &[Diagnostic], json: bool, console: &Console) -> u8 {
    if let [left] = found
        && matches!(left.fault, Fault::Exit(_))
    {
        return refuse(console, found);
    }
    match (json, found) {
        (true, found) => console.data_errors(found),
        (false, []) => console.data("nothing wrong found\n"),
        (false, found) => console.errors(found),
    }
    let is_error = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
    if found.iter().any(is_error) {
        Fault::Recipe.exit_code()
    } else {
        0
    }
}

fn servers(recipe: &Recipe, words: &[String], json: bool, console: &Console) -> u8 {
    let tasks = match tasks_of_stage(recipe, words, console) {
        Ok(tasks) => tasks,
        Err(code) => return code,
    };
    let found = recipe.addressed(&tasks);
    console.addressed(&found, json);
    0
}

fn variables(recipe: &Recipe, words: &[String], (values, json): (bool, bool), console: &Console) -> u8 {
    let patterns = match recipe.look_at_stage(words) {
        Ok(patterns) => patterns,
        Err(diagnostics) => return refuse(console, &diagnostics),
    };
    let fits = |pattern: &str, name: &str| match pattern.contains('*') {
        true => matches(pattern, name),
        false => pattern == name,
    };
    let is_wanted = |name: &str| patterns.is_empty() || patterns.iter().any(|pattern| fits(pattern, name));
    let found = recipe.variables(is_wanted, values);
    let is_missing = |pattern: &&String| !found.iter().any(|variable| fits(pattern, &variable.name));
    let missing: Vec<Diagnostic> = patterns
        .iter()
        .filter(is_missing)
        .map(|pattern| recipe.unknown_variable(pattern))
        .collect();
    if !missing.is_empty() {
        return refuse(console, &missing);
    }
    console.variables(&found, json);
    0
}

fn definitions(recipe: &Recipe, words: &[String], console: &Console) -> u8 {
    if let Err(wrong) = recipe.look_at_stage_alone(words, "definitions") {
        return refuse(console, &wrong);
    }
    console.data(&recipe.definitions());
    0
}

fn list(recipe: &Recipe, words: &[String], listing: &Listing, console: &Console) -> u8 {
    if let Err(wrong) = recipe.look_at_stage_alone(words, "-T") {
        return refuse(console, &wrong);
    }
    if console.list(&recipe.tasks(), listing) {
        return 0;
    }
    let diagnostic = match &listing.pattern {
        Some(pattern) => Diagnostic::new(Fault::Failed, format!("no task matches `{pattern}'")),
        None => Diagnostic::new(Fault::Failed, "there is no task to list"),
    };
    let diagnostic = if listing.all {
        diagnostic
    } else {
        diagnostic.hint("-v also lists tasks without a description")
    };
    refuse(console, &[diagnostic])
}

/// Shows a task's description: `-e`.
fn describe(recipe: &Recipe, words: &[String], name: &str, console: &Console) -> u8 {
    if let Err(wrong) = recipe.look_at_stage_alone(words, "-e") {
        return refuse(console, &wrong);
    }
    if let Some(diagnostic) = recipe.unknown_task(name) {
        console.errors([&diagnostic]);
        return Fault::Usage.exit_code();
    }
    let summary = recipe.tasks().into_iter().find(|task| task.name == name);
    // A namespace's name also stands for its default task.
    let summary = summary.unwrap_or_else(|| TaskSummary {
        name: name.to_owned(),
        description: None,
        arguments: Vec::new(),
    });
    console.explain(&summary);
    console.prefixed_programs(&recipe.prefixed_programs());
    0
}

/// Runs a command that shows something of a recipe, or the interactive shell.
pub(super) fn look(recipe: Recipe, work: Work, program: &Program) -> u8 {
    let console = program.console;
    match work {
        Work::Shell { words, checks } => interactive(recipe, words, &program.of_shell(checks)),
        Work::Variables { words, values, json } => variables(&recipe, &words, (values, json), console),
        Work::Definitions { words } => definitions(&recipe, &words, console),
        Work::Servers { tasks, json } => servers(&recipe, &tasks, json, console),
        Work::List { words, listing } => list(&recipe, &words, &listing, console),
        Work::Explain { words, task } => describe(&recipe, &words, &task, console),
        Work::Tree { tasks, json } => tree(&recipe, &tasks, json, console),
        Work::Explained { tasks, json } => explain(&recipe, &tasks, json, console),
        Work::Graph { tasks, drawing } => graph(&recipe, &tasks, drawing, console),
        // Handled above.
        Work::Ssh { .. }
        | Work::Once { .. }
        | Work::Check { .. }
        | Work::Doctor { .. }
        | Work::Run { .. }
        | Work::Resume { .. } => 0,
    }
}

/// Shows what tasks do, each as a tree.
fn tree(recipe: &Recipe, words: &[String], json: bool, console: &Console) -> u8 {
    match tasks_of_stage(recipe, words, console) {
        Ok(tasks) => {
            console.tree(&recipe.outlines(&tasks), json);
            0
        }
        Err(code) => code,
    }
}

/// Explains in words what one task does.
fn explain(recipe: &Recipe, words: &[String], json: bool, console: &Console) -> u8 {
    let tasks = match tasks_of_stage(recipe, words, console) {
        Ok(tasks) => tasks,
        Err(code) => return code,
    };
    let [task] = tasks.as_slice() else {
        let message = "explain takes one task: capr explain RECIPE TASK";
        return refuse(console, &[Diagnostic::new(Fault::Usage, message)]);
    };
    let callers = recipe.callers(task);
    for outline in recipe.outlines(std::slice::from_ref(task)) {
        console.explanation(&outline, &callers, json);
    }
    0
}

/// Draws tasks; without names, all of the recipe's own.
fn graph(recipe: &Recipe, words: &[String], drawing: Drawing, console: &Console) -> u8 {
    let words = recipe.look_at_stage(words);
    let named = words.and_then(|words| recipe.take_words(words));
    let tasks = match named {
        Ok(tasks) => tasks,
        Err(wrong) => return refuse(console, &wrong),
    };
    let unknown: Vec<Diagnostic> = tasks.iter().filter_map(|task| recipe.unknown_task(task)).collect();
    if !unknown.is_empty() {
        return refuse(console, &unknown);
    }
    let graph = recipe.graph(&tasks);
    if graph.tasks.is_empty() {
        let diagnostic = Diagnostic::new(Fault::Failed, "the recipe has no task of its own to draw");
        return refuse(
            console,
            &[diagnostic.hint("name a task of the library: capr graph RECIPE deploy")],
        );
    }
    console.graph(&graph, drawing);
    0
}
