//! The embedded standard library: recipes, and the programs that they install on servers.

use super::libraries::library;
use crate::packed::{Packed, packed};

/// The recipe that every run loads first.
pub(in crate::recipe) const MAIN: &str = "deploy";

/// The folder of the libraries for `require`.
pub(in crate::recipe) const LIBRARIES: &str = "lib/";

/// The name that files of the library have in place of their folder.
pub(in crate::recipe) const FOLDER: &str = "<stdlib>/";

/// The recipe files, by name without ending.
static RECIPES: &[(&str, Packed)] = &[
    ("chat_message", packed!("stdlib/chat_message.rhai")),
    ("check", packed!("stdlib/check.rhai")),
    ("deploy", packed!("stdlib/deploy.rhai")),
    ("deploy_mark", packed!("stdlib/deploy_mark.rhai")),
    ("flow", packed!("stdlib/flow.rhai")),
    ("gems", packed!("stdlib/gems.rhai")),
    ("lock", packed!("stdlib/lock.rhai")),
    ("pending", packed!("stdlib/pending.rhai")),
    ("rails_env", packed!("stdlib/rails_env.rhai")),
    ("recover", packed!("stdlib/recover.rhai")),
    ("release", packed!("stdlib/release.rhai")),
    ("release_functions", packed!("stdlib/release_functions.rhai")),
    ("restart", packed!("stdlib/restart.rhai")),
    ("rollback", packed!("stdlib/rollback.rhai")),
    ("scm/copy", packed!("stdlib/scm/copy.rhai")),
    ("scm/git", packed!("stdlib/scm/git.rhai")),
    ("scm/mercurial", packed!("stdlib/scm/mercurial.rhai")),
    ("scm/none", packed!("stdlib/scm/none.rhai")),
    ("scm/source", packed!("stdlib/scm/source.rhai")),
    ("scm/subversion", packed!("stdlib/scm/subversion.rhai")),
    ("spinner", packed!("stdlib/spinner.rhai")),
    ("status", packed!("stdlib/status.rhai")),
    ("systemctl", packed!("stdlib/systemctl.rhai")),
    ("transfer", packed!("stdlib/transfer.rhai")),
    ("variables", packed!("stdlib/variables.rhai")),
    ("web", packed!("stdlib/web.rhai")),
    ("webhook", packed!("stdlib/webhook.rhai")),
    ("workplace", packed!("stdlib/workplace.rhai")),
];

/// The programs for servers, by name.
static PROGRAMS: &[(&str, Packed)] = &[
    ("reaper", packed!("stdlib/process/reaper")),
    ("spawner", packed!("stdlib/process/spawner")),
    ("spinner", packed!("stdlib/process/spinner")),
];

/// Returns the source of a recipe of the library; those for `require` are in `lib`.
pub(in crate::recipe) fn recipe(name: &str) -> Option<String> {
    let of_require = || library(name.strip_prefix(LIBRARIES)?).map(|library| library.text());
    let always = RECIPES.iter().find(|(other, _)| *other == name);
    always.map(|(_, text)| text.text()).or_else(of_require)
}

/// Returns the source of a program of the library.
pub(in crate::recipe) fn program(name: &str) -> Option<String> {
    let found = PROGRAMS.iter().find(|(other, _)| *other == name);
    found.map(|(_, text)| text.text())
}

/// Returns the names of the recipes that every run has.
pub(in crate::recipe) fn names() -> impl Iterator<Item = &'static str> {
    RECIPES.iter().map(|(name, _)| *name)
}

/// Returns the name of a recipe of the library for messages.
pub(in crate::recipe) fn file_name(name: &str) -> String {
    format!("{FOLDER}{name}.rhai")
}

/// Returns true if a file belongs to the library.
pub(in crate::recipe) fn is_own(file: &str) -> bool {
    file.starts_with(FOLDER)
}
