//! Files that are written as a whole: beside their place, and put into it when they are complete.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::rc::Rc;

use rustix::fs::{Gid, Uid, fchown, fstat};

use super::hidden::New;
use super::reach::Place;

/// A file that is not in its place yet. If it is dropped, nothing is left of it.
#[derive(Debug)]
pub(crate) struct Draft {
    place: Rc<Place>,
    new: New,
    file: File,
    mode: u32,
}

impl Draft {
    /// Begins a file for the place that a path names; links of others are not followed where all may write. The directory has to
    /// exist, and only a regular file may be replaced. A new file has this mode, within the umask; one that is replaced keeps its
    /// own, but nobody may do more with it than with a file of this mode.
    pub(crate) fn of(path: &Path, mode: u32) -> io::Result<Self> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent {
            parent.metadata()?;
        }
        Self::begin(Place::of(path)?, mode)
    }

    /// Begins a file below a directory, where nothing may be a link. Missing directories are made.
    pub(crate) fn below(directory: &Path, path: &Path) -> io::Result<Self> {
        Self::begin(Place::below(directory, path)?, 0o666)
    }

    fn begin(place: Place, mode: u32) -> io::Result<Self> {
        place.takes_file()?;
        let place = Rc::new(place);
        let there = place.there()?.map_or(mode, |there| there.st_mode);
        let (new, file) = place.create(mode & there)?;
        Ok(Self { place, new, file, mode })
    }

    /// Adds to the file.
    pub(crate) fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())
    }

    /// Puts it in its place. What was there gives it its mode, and its owner where we may give files away.
    pub(crate) fn replace(self) -> io::Result<()> {
        self.file.sync_all()?;
        if let Some(there) = self.place.there()?.filter(|there| self.place.keeps(there)) {
            let made = fstat(&self.file)?;
            if (made.st_uid, made.st_gid) != (there.st_uid, there.st_gid) {
                let (user, group) = (Uid::from_raw(there.st_uid), Gid::from_raw(there.st_gid));
                // Without the right to change the owner, the file belongs to the person, as after every other editor.
                let _ = fchown(&self.file, Some(user), Some(group));
            }
        }
        self.new.keep(&self.file, self.mode, None)
    }

    /// Puts it in its place, where nothing may be.
    pub(crate) fn add(self) -> io::Result<()> {
        self.file.sync_all()?;
        self.new.add()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
    use std::path::Path;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::Draft;

    fn written(draft: std::io::Result<Draft>, over: bool) -> String {
        let put = draft.and_then(|mut draft| {
            draft.write("new")?;
            if over { draft.replace() } else { draft.add() }
        });
        put.map_or_else(|error| error.to_string(), |()| "written".to_owned())
    }

    #[test]
    fn below_a_directory_nothing_is_written_through_a_link_or_outside() {
        let top = tempfile::tempdir().unwrap();
        let (project, outside) = (top.path().join("project"), top.path().join("outside"));
        fs::create_dir_all(project.join("real")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("file"), "old").unwrap();
        symlink(&outside, project.join("out")).unwrap();
        symlink("real", project.join("in")).unwrap();
        symlink("../outside/file", project.join("file")).unwrap();
        symlink("nowhere", project.join("real/dangling")).unwrap();
        for (path, said) in [
            ("out/deploy.rhai", "out is a link, and may lead elsewhere"),
            ("out/new/deploy.rhai", "out is a link, and may lead elsewhere"),
            ("in/deploy.rhai", "in is a link, and may lead elsewhere"),
            ("file", "file is a link, and may lead elsewhere"),
            ("real/dangling", "dangling is a link, and may lead elsewhere"),
            ("real/../../outside/x", "it would be outside of the directory"),
            ("/tmp/x", "it would be outside of the directory"),
        ] {
            for over in [false, true] {
                assert_eq!(written(Draft::below(&project, Path::new(path)), over), said, "{path}");
            }
        }
        assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "old");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
        assert_eq!(fs::read_dir(project.join("real")).unwrap().count(), 1);
        // The directory itself may be reached by a link: the person has named it.
        symlink("project", top.path().join("named")).unwrap();
        let draft = || Draft::below(&top.path().join("named"), Path::new("./a/b/deploy.rhai"));
        assert_eq!(written(draft(), false), "written");
        assert!(written(draft(), false).contains("File exists"));
        assert_eq!(written(draft(), true), "written");
        assert_eq!(
            fs::read_dir(project.join("a/b")).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn what_is_no_file_is_not_replaced_and_a_file_keeps_its_mode() {
        let top = tempfile::tempdir().unwrap();
        let pipe = top.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert_eq!(written(Draft::of(&pipe, 0o600), true), "is not a regular file");
        assert!(pipe.metadata().unwrap().file_type().is_fifo());
        assert!(written(Draft::of(top.path(), 0o600), true).contains("directory"));
        assert!(written(Draft::of(&top.path().join("no/file"), 0o600), true).contains("No such file"));
        let file = top.path().join("file");
        for (there, mode, expected) in [
            (None, 0o600, 0o600),
            (Some(0o755), 0o777, 0o755),
            (Some(0o640), 0o777, 0o640),
            (Some(0o644), 0o600, 0o600),
        ] {
            if let Some(there) = there {
                fs::set_permissions(&file, Permissions::from_mode(there)).unwrap();
            }
            assert_eq!(written(Draft::of(&file, mode), true), "written");
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, expected);
        }
        symlink("file", top.path().join("link")).unwrap();
        assert_eq!(written(Draft::of(&top.path().join("link"), 0o600), true), "written");
        assert!(top.path().join("link").is_symlink());
    }
}
