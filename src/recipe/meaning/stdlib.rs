//! The standard library, embedded: recipes, and the programs they install on servers.

/// The recipe that every run begins with.
pub(in crate::recipe) const MAIN: &str = "deploy";

/// Stands for the library's folder.
pub(in crate::recipe) const FOLDER: &str = "<stdlib>/";

/// Recipe files, by name without ending.
static RECIPES: &[(&str, &str)] = &[
    ("check", include_str!("../../../stdlib/check.rhai")),
    ("deploy", include_str!("../../../stdlib/deploy.rhai")),
    ("flow", include_str!("../../../stdlib/flow.rhai")),
    ("lock", include_str!("../../../stdlib/lock.rhai")),
    ("notify", include_str!("../../../stdlib/notify.rhai")),
    ("pending", include_str!("../../../stdlib/pending.rhai")),
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
    ("variables", include_str!("../../../stdlib/variables.rhai")),
    ("web", include_str!("../../../stdlib/web.rhai")),
];

/// Programs for servers, by name.
static PROGRAMS: &[(&str, &str)] = &[
    ("reaper", include_str!("../../../stdlib/process/reaper")),
    ("spawner", include_str!("../../../stdlib/process/spawner")),
    ("spinner", include_str!("../../../stdlib/process/spinner")),
];

/// The text of a recipe of the library.
pub(in crate::recipe) fn recipe(name: &str) -> Option<&'static str> {
    RECIPES.iter().find(|(other, _)| *other == name).map(|(_, text)| *text)
}

/// The text of a program of the library.
pub(in crate::recipe) fn program(name: &str) -> Option<&'static str> {
    PROGRAMS.iter().find(|(other, _)| *other == name).map(|(_, text)| *text)
}

/// All recipes.
pub(in crate::recipe) fn names() -> impl Iterator<Item = &'static str> {
    RECIPES.iter().map(|(name, _)| *name)
}

/// How a recipe of the library is named in messages.
pub(in crate::recipe) fn file_name(name: &str) -> String {
    format!("{FOLDER}{name}.rhai")
}

/// Whether a file is one of the library.
pub(in crate::recipe) fn is_own(file: &str) -> bool {
    file.starts_with(FOLDER)
}
