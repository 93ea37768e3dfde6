//! Finds the libraries that the recipes need and do not require: a file that is not here requires them.

use std::collections::BTreeMap;

use super::facts::Facts;
use crate::recipe::Vocabulary;
use crate::sort;

/// Libraries that no variable tells: what they call theirs may be anybody's (`git_remote`, `assets_dir`), or another library's.
const UNTOLD: &[&str] = &["deploytags", "file_permissions", "local_precompile", "rails/db"];

/// Returns the libraries that the files need and do not require, each with the reason.
pub(super) fn libraries(facts: &Facts) -> BTreeMap<&'static str, String> {
    let mut all = Vocabulary::of_libraries();
    // They have tasks of the same names, for Capistrano 2 and 3.
    let other = if facts.version == 3 { "capifony" } else { "symfony" };
    all.retain(|(name, _)| *name != other);
    let with_task = |task: &&String| {
        let (name, library) = all.iter().find(|(_, own)| own.tasks.contains(*task))?;
        // It would replace tasks of the recipe.
        let namespace = task.rsplit_once(':').map(|(namespace, _)| format!("{namespace}:"));
        let is_own = |own: &String| {
            namespace.as_ref().is_some_and(|namespace| own.starts_with(namespace)) && library.tasks.contains(own)
        };
        (!facts.tasks.iter().any(is_own)).then(|| (*name, format!("It has the task `{task}`")))
    };
    let has_capfile = facts
        .files
        .iter()
        .any(|file| file.rsplit('/').next() == Some("Capfile"));
    // With a Capfile nothing else requires them: Capistrano ends where such a task is called, and what else a library does stays undone.
    let is_whole = has_capfile && !facts.loads_more && !facts.is_open;
    // `deploy:default` is the task `deploy`.
    let is_default = |task: &String| task.ends_with(":default") && facts.task(task, &[]).is_some();
    let is_unknown =
        |task: &&String| !facts.is_task(task) && !is_default(task) && facts.computed_task(task, &[]).is_none();
    let unknown = facts.asked_tasks.iter().filter(|_| !is_whole).filter(is_unknown);
    let mut needed: BTreeMap<&'static str, String> = sort::map(unknown.filter_map(|task| with_task(&task)));
    let by_scm = match facts.scm.as_deref() {
        Some("rsync") => Some("rsync"),
        Some("git_copy" | "gitcopy") => Some("git_copy"),
        Some("copy") if facts.version == 3 => Some("scm_copy"),
        _ => None,
    };
    needed.extend(by_scm.map(|library| (library, "It is the source control".to_owned())));
    if facts.version == 3 && !has_capfile {
        // A Capfile that is not among the files requires them; the variables that are set tell which.
        for variable in facts.variables.keys().filter(|name| !facts.is_of_library(name)) {
            // Of these, only a variable that begins with the name tells.
            let is_its = |name: &&str| variable.starts_with(&format!("{name}_"));
            let own = UNTOLD.iter().find(|name| is_its(name));
            let telling = all.iter().filter(|(name, _)| match own {
                Some(own) => own == name,
                None => !UNTOLD.contains(name),
            });
            let mut reading = telling.filter(|(_, own)| own.variables.contains(variable));
            if let (Some((name, _)), None) = (reading.next(), reading.next()) {
                needed.entry(name).or_insert_with(|| format!("It reads `{variable}`"));
            }
        }
    }
    needed
}
