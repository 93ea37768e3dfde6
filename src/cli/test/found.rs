//! Finds the test files of a command line.

use std::path::PathBuf;

use crate::cli::below::Below;
use crate::cli::shell::Invocation;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::is_test_file;

/// Directories with files of others, in which nobody looks for their own tests.
const OF_OTHERS: [&str; 2] = ["node_modules", "target"];

/// Returns the files that are named, and those below the directories that are named; without a word those below the working
/// directory. Each has the name that the person would use.
pub(super) fn files(words: &[&String], shell: &Invocation) -> Result<Vec<String>, Box<Diagnostic>> {
    let here = ".".to_owned();
    let words = if words.is_empty() { vec![&here] } else { words.to_vec() };
    let below = Below {
        base: &shell.directory,
        is_wanted: is_test_file,
        left_out: &OF_OTHERS,
    };
    let mut files = Vec::new();
    for word in words {
        let of_stage = || format!("tasks of a stage called `test': name the recipe first, capr Caprfile test {word}");
        if let Some(found) = below.named(word).map_err(|error| Box::new(error.hint(of_stage())))? {
            files.extend(found.iter().map(|path| as_typed(&path.display().to_string())));
        } else if is_test_file(word) {
            files.push(as_typed(word));
        } else {
            let message = format!("{word} is no test file");
            let beside = PathBuf::from(word).with_extension("");
            let hint = format!("its name would end in _test.rhai: {}_test.rhai", beside.display());
            return Err(Box::new(Diagnostic::new(Fault::Usage, message).hint(hint)));
        }
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

/// Returns a path as a person would type it.
fn as_typed(path: &str) -> String {
    path.strip_prefix("./").unwrap_or(path).to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::files;
    use crate::cli::shell::Invocation;

    #[test]
    fn test_files_are_found_by_their_names_and_nothing_hidden_is_looked_at() {
        let root = tempfile::tempdir().unwrap();
        for file in [
            "deploy.rhai",
            "config/deploy_test.rhai",
            "lib/capr/puma_test.rhai",
            ".git/old_test.rhai",
            "node_modules/x/y_test.rhai",
            "a_test.rhai",
        ] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let shell = Invocation {
            directory: root.path().to_owned(),
            ..Invocation::default()
        };
        let all = files(&[], &shell).unwrap();
        assert_eq!(
            all,
            ["a_test.rhai", "config/deploy_test.rhai", "lib/capr/puma_test.rhai"]
        );
        let lib = "./lib".to_owned();
        assert_eq!(files(&[&lib], &shell).unwrap(), ["lib/capr/puma_test.rhai"]);
        let recipe = "deploy.rhai".to_owned();
        let wrong = files(&[&recipe], &shell).unwrap_err();
        assert_eq!(wrong.hints, ["its name would end in _test.rhai: deploy_test.rhai"]);
    }
}
