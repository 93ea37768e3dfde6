//! The embedded standard library: recipes, and the programs that they install on servers.

use super::libraries::library;

/// The recipe that every run loads first.
pub(in crate::recipe) const MAIN: &str = "deploy";

/// The folder of the libraries for `require`.
pub(in crate::recipe) const LIBRARIES: &str = "lib/";

/// The name that files of the library have in place of their folder.
pub(in crate::recipe) const FOLDER: &str = "<stdlib>/";

/// The recipe files, by name without ending.
static RECIPES: &[(&str, &str)] = &[
    ("chat_message", include_str!("../../../stdlib/chat_message.rhai")),
    ("check", include_str!("../../../stdlib/check.rhai")),
    ("deploy", include_str!("../../../stdlib/deploy.rhai")),
    ("deploy_mark", include_str!("../../../stdlib/deploy_mark.rhai")),
    ("flow", include_str!("../../../stdlib/flow.rhai")),
    ("gems", include_str!("../../../stdlib/gems.rhai")),
    ("lock", include_str!("../../../stdlib/lock.rhai")),
    ("pending", include_str!("../../../stdlib/pending.rhai")),
    ("rails_env", include_str!("../../../stdlib/rails_env.rhai")),
    ("recover", include_str!("../../../stdlib/recover.rhai")),
    ("release", include_str!("../../../stdlib/release.rhai")),
    ("restart", include_str!("../../../stdlib/restart.rhai")),
    ("rollback", include_str!("../../../stdlib/rollback.rhai")),
    ("scm/copy", include_str!("../../../stdlib/scm/copy.rhai")),
    ("scm/git", include_str!("../../../stdlib/scm/git.rhai")),
    ("scm/mercurial", include_str!("../../../stdlib/scm/mercurial.rhai")),
    ("scm/none", include_str!("../../../stdlib/scm/none.rhai")),
    ("scm/source", include_str!("../../../stdlib/scm/source.rhai")),
    ("scm/subversion", include_str!("../../../stdlib/scm/subversion.rhai")),
    ("spinner", include_str!("../../../stdlib/spinner.rhai")),
    ("status", include_str!("../../../stdlib/status.rhai")),
    ("systemctl", include_str!("../../../stdlib/systemctl.rhai")),
    ("variables", include_str!("../../../stdlib/variables.rhai")),
    ("web", include_str!("../../../stdlib/web.rhai")),
    ("webhook", include_str!("../../../stdlib/webhook.rhai")),
    ("workplace", include_str!("../../../stdlib/workplace.rhai")),
];

/// The programs for servers, by name.
static PROGRAMS: &[(&str, &str)] = &[
    ("reaper", include_str!("../../../stdlib/process/reaper")),
    ("spawner", include_str!("../../../stdlib/process/spawner")),
    ("spinner", include_str!("../../../stdlib/process/spinner")),
];

/// Returns the source of a recipe of the library; those for `require` are in `lib`.
pub(in crate::recipe) fn recipe(name: &str) -> Option<&'static str> {
    let of_require = || library(name.strip_prefix(LIBRARIES)?).map(|library| library.text);
    let always = RECIPES.iter().find(|(other, _)| *other == name).map(|(_, text)| *text);
    always.or_else(of_require)
}

/// Returns the source of a program of the library.
pub(in crate::recipe) fn program(name: &str) -> Option<&'static str> {
    PROGRAMS.iter().find(|(other, _)| *other == name).map(|(_, text)| *text)
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
