//! Finds the test files of a command line.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::shell::Shell;
use crate::diagnostic::{Diagnostic, Fault};
use crate::io_error::plain;
use crate::recipe::is_test_file;

/// Directories with files of others, in which nobody looks for their own tests.
const OF_OTHERS: [&str; 2] = ["node_modules", "target"];

/// Returns the files that are named, and those below the directories that are named; without a word those below the working
/// directory. Each has the name that the person would use.
pub(super) fn files(words: &[&String], shell: &Shell) -> Result<Vec<String>, Box<Diagnostic>> {
    let here = ".".to_owned();
    let words = if words.is_empty() { vec![&here] } else { words.to_vec() };
    let mut files = Vec::new();
    for word in words {
        let named = shell.directory.join(word);
        let unreadable = |error: &io::Error| {
            let message = format!("cannot read {word}: {}", plain(error));
            Box::new(Diagnostic::new(Fault::Usage, message))
        };
        if named.metadata().map_err(|error| unreadable(&error))?.is_dir() {
            collect(&shell.directory, Path::new(word), &mut files).map_err(|error| unreadable(&error))?;
        } else if is_test_file(word) {
            files.push(word.strip_prefix("./").unwrap_or(word).to_owned());
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

/// Collects all test files below a directory. Links are not followed, and hidden files are left out.
fn collect(base: &Path, directory: &Path, files: &mut Vec<String>) -> io::Result<()> {
    let entries: io::Result<Vec<_>> = fs::read_dir(base.join(directory))?.collect();
    let mut entries = entries?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let name = name.to_string_lossy();
        let path = match directory == Path::new(".") {
            true => PathBuf::from(entry.file_name()),
            false => directory.join(entry.file_name()),
        };
        if name.starts_with('.') || OF_OTHERS.contains(&&*name) {
            continue;
        } else if kind.is_dir() {
            collect(base, &path, files)?;
        } else if kind.is_file() && is_test_file(&name) {
            let path = path.display().to_string();
            files.push(path.strip_prefix("./").unwrap_or(&path).to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::files;
    use crate::cli::shell::Shell;

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
        let shell = Shell {
            directory: root.path().to_owned(),
            ..Shell::default()
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
