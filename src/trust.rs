//! Decides whose files are run. A file that was found and not named may have been put there by somebody else. So a recipe is read
//! only if nobody but us and root could have written it, or put another one in its place.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::process::geteuid;
use thiserror::Error;

use crate::io_error::plain;
use crate::name_service::{SystemAccount, SystemGroup};
use crate::regular;

/// The most links in one path, as in the kernel; more count as a circle.
const MAX_LINKS: usize = 40;

const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// The reason why a file is not read.
#[derive(Debug, Error)]
pub enum UntrustedFile {
    /// The system cannot read it.
    #[error("cannot read {}: {reason}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The file, or something on the way to it, belongs to somebody else.
    #[error("{} is not read: {what} belongs to {owner}", .file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
        /// The part that belongs to somebody else: `it`, `the directory /tmp/x`, `the link /tmp/l`.
        what: String,
        /// The owner, with the number.
        owner: String,
    },
    /// Somebody else may write the file, or a directory on the way to it.
    #[error("{} is not read: {who} can write {what} (mode {mode:04o})", .file.display())]
    Writable {
        /// The file.
        file: PathBuf,
        /// The part that is writable, as in `Foreign`.
        what: String,
        /// The path whose mode has to be changed.
        path: PathBuf,
        /// Those who can write it: `everybody`, or a group.
        who: String,
        /// The permissions.
        mode: u32,
    },
}

impl UntrustedFile {
    /// Returns hints that help, one line each.
    pub fn hints(&self) -> Vec<String> {
        let named = "to run it all the same, name it: capr -f FILE TASK; CAPR_TRUST=DIRECTORY accepts all that is in a directory";
        match self {
            Self::Unreadable { .. } => Vec::new(),
            Self::Foreign { .. } => vec![named.to_owned()],
            Self::Writable { path, who, .. } => {
                let letter = if who == EVERYBODY { "o" } else { "g" };
                vec![format!("chmod {letter}-w {}", path.display()), named.to_owned()]
            }
        }
    }
}

const EVERYBODY: &str = "everybody";

/// The users whose files are trusted.
#[derive(Clone, Debug)]
pub struct Trust {
    users: Vec<u32>,
    groups: Vec<u32>,
    everybody: bool,
    /// The directories below which everything is read.
    directories: Vec<PathBuf>,
    /// The files that the person named, by their real paths.
    named: Vec<PathBuf>,
}

impl Default for Trust {
    /// Trusts only us and root.
    fn default() -> Self {
        Self {
            users: vec![0, geteuid().as_raw()],
            groups: Vec::new(),
            everybody: false,
            directories: Vec::new(),
            named: Vec::new(),
        }
    }
}

/// The kind of thing on the way to a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
    Link,
}

impl Trust {
    /// Trusts the user who called `sudo`, if we are root: `SUDO_UID`, as git does.
    pub fn caller(&mut self, sudo_uid: Option<&str>) {
        if geteuid().is_root() {
            self.users.extend(sudo_uid.and_then(|id| id.parse::<u32>().ok()));
        }
    }

    /// Trusts everything below a directory.
    pub fn believe(&mut self, directory: &Path) {
        self.directories.extend(directory.canonicalize());
    }

    /// Notes that the person named this file: it is read, and everybody who could have written it is trusted in what it loads.
    pub fn name(&mut self, file: &Path) {
        let mut met = Vec::new();
        // A missing file is reported when it is read.
        let _ = walk(file, |_, kind, metadata| {
            met.push((kind, metadata.uid(), metadata.gid(), metadata.mode()));
            Ok(())
        });
        let root = owner_of_root();
        for (kind, user, group, mode) in met {
            if kind != Kind::Directory || Some(user) != root {
                self.users.push(user);
            }
            if kind != Kind::Link && mode & STICKY == 0 {
                self.everybody |= mode & OTHERS_WRITE != 0;
                self.groups.extend((mode & GROUP_WRITES != 0).then_some(group));
            }
        }
        self.named.extend(file.canonicalize());
    }

    /// Reads a regular file that is trusted.
    pub fn read(&self, file: &Path) -> Result<Vec<u8>, UntrustedFile> {
        let really = file.canonicalize().map_err(|error| unreadable(file, &error))?;
        let metadata = file.metadata().and_then(|metadata| regular::is_regular(&metadata));
        metadata.map_err(|error| unreadable(file, &error))?;
        let is_said = self.named.contains(&really) || self.directories.iter().any(|above| really.starts_with(above));
        if !is_said && !self.everybody {
            let root = owner_of_root();
            walk(file, |path, kind, metadata| {
                self.judge(file, path, kind, metadata, root)
            })?;
        }
        regular::read(file).map_err(|error| unreadable(file, &error))
    }

    fn judge(
        &self,
        file: &Path,
        path: &Path,
        kind: Kind,
        metadata: &Metadata,
        root: Option<u32>,
    ) -> Result<(), UntrustedFile> {
        let what = || match kind {
            Kind::File => "it".to_owned(),
            Kind::Directory => format!("the directory {}", path.display()),
            Kind::Link => format!("the link {}", path.display()),
        };
        let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
        // The owner of the root directory could put anything anywhere; in a container that may be an account without a name.
        if !self.users.contains(&owner) && (kind == Kind::File || Some(owner) != root) {
            return Err(UntrustedFile::Foreign {
                file: file.to_owned(),
                what: what(),
                owner: account(owner),
            });
        }
        let is_kept = kind == Kind::Link || kind == Kind::Directory && mode & STICKY != 0;
        let who = if is_kept {
            None
        } else if mode & OTHERS_WRITE != 0 {
            Some(EVERYBODY.to_owned())
        } else if mode & GROUP_WRITES != 0 && !self.is_ours(metadata.gid()) {
            Some(format!("the group {}", group(metadata.gid())))
        } else {
            None
        };
        match who {
            None => Ok(()),
            Some(who) => Err(UntrustedFile::Writable {
                file: file.to_owned(),
                what: what(),
                path: path.to_owned(),
                who,
                mode,
            }),
        }
    }

    /// Returns true if only trusted users are in a group: it has the name of one of them, and no other members. With umask 002
    /// each account has such a group of its own.
    fn is_ours(&self, id: u32) -> bool {
        if self.groups.contains(&id) {
            return true;
        }
        let Some(group) = SystemGroup::of(id) else {
            return false;
        };
        let users = self.users.iter().filter_map(|user| SystemAccount::of(*user));
        let names: Vec<String> = users.map(|user| user.name).collect();
        names.contains(&group.name) && group.members.iter().all(|member| names.contains(member))
    }
}

/// Calls `meet` for everything on the way to a file, following links; the root directory comes first and the file last.
fn walk(
    file: &Path,
    mut meet: impl FnMut(&Path, Kind, &Metadata) -> Result<(), UntrustedFile>,
) -> Result<(), UntrustedFile> {
    let failed = |error: io::Error| unreadable(file, &error);
    let parts = |path: &Path| -> Vec<PathBuf> {
        path.components()
            .rev()
            .map(|part| PathBuf::from(part.as_os_str()))
            .collect()
    };
    let mut left = parts(&std::path::absolute(file).map_err(failed)?);
    let mut at = PathBuf::from("/");
    let mut links = 0;
    while let Some(part) = left.pop() {
        match part.components().next() {
            Some(Component::ParentDir) => {
                at.pop();
                continue;
            }
            Some(Component::CurDir) | None => continue,
            _ => {}
        }
        let next = at.join(&part);
        let metadata = next.symlink_metadata().map_err(failed)?;
        if metadata.is_symlink() {
            links += 1;
            if links > MAX_LINKS {
                return Err(failed(io::Error::from(rustix::io::Errno::LOOP)));
            }
            meet(&next, Kind::Link, &metadata)?;
            left.extend(parts(&next.read_link().map_err(failed)?));
            continue;
        }
        let kind = if metadata.is_dir() { Kind::Directory } else { Kind::File };
        meet(&next, kind, &metadata)?;
        at = next;
    }
    Ok(())
}

fn owner_of_root() -> Option<u32> {
    Path::new("/").metadata().ok().map(|root| root.uid())
}

fn account(id: u32) -> String {
    match SystemAccount::of(id) {
        Some(account) => format!("{} (uid {id})", account.name),
        None => format!("uid {id}"),
    }
}

fn group(id: u32) -> String {
    match SystemGroup::of(id) {
        Some(group) => group.name,
        None => id.to_string(),
    }
}

fn unreadable(file: &Path, error: &io::Error) -> UntrustedFile {
    UntrustedFile::Unreadable {
        file: file.to_owned(),
        reason: plain(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::Trust;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn told(trust: &Trust, path: &Path) -> String {
        match trust.read(path) {
            Ok(_) => "read".to_owned(),
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn what_others_can_write_is_not_read_and_neither_is_what_they_can_swap() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("project");
        fs::create_dir(&directory).unwrap();
        mode(&directory, 0o755);
        let file = directory.join("Caprfile");
        fs::write(&file, "").unwrap();
        let mut trust = Trust::default();
        for (of_file, of_directory, expected) in [
            (0o644, 0o755, "read"),
            (0o600, 0o700, "read"),
            (0o666, 0o755, "everybody can write it (mode 0666)"),
            (0o602, 0o755, "everybody can write it (mode 0602)"),
            (0o644, 0o777, "everybody can write the directory"),
            (0o644, 0o1777, "read"),
            (0o666, 0o1777, "everybody can write it"),
        ] {
            mode(&file, of_file);
            mode(&directory, of_directory);
            let told = told(&trust, &file);
            assert!(told.contains(expected), "{of_file:o} {of_directory:o}: {told}");
        }
        trust.believe(root.path());
        assert_eq!(told(&trust, &file), "read");
        mode(&file, 0o644);
        mode(&directory, 0o777);
        let link = root.path().join("link");
        symlink(&directory, &link).unwrap();
        let through = told(&Trust::default(), &link.join("../project/Caprfile"));
        assert!(through.contains("everybody can write the directory"), "{through}");
    }

    #[test]
    fn a_named_file_is_read_and_so_is_what_those_can_write_who_can_write_it() {
        let root = tempfile::tempdir().unwrap();
        let (main, other) = (root.path().join("main"), root.path().join("other"));
        for file in [&main, &other] {
            fs::write(file, "").unwrap();
            mode(file, 0o666);
        }
        let mut trust = Trust::default();
        assert!(told(&trust, &main).contains("everybody"));
        trust.name(&main);
        assert_eq!(
            (told(&trust, &main), told(&trust, &other)),
            ("read".into(), "read".into())
        );
        let mut trust = Trust::default();
        mode(&main, 0o600);
        trust.name(&main);
        assert_eq!(told(&trust, &main), "read");
        assert!(told(&trust, &other).contains("everybody"));
    }

    #[test]
    fn only_regular_files_are_read() {
        let trust = Trust::default();
        let said = |path: &Path| told(&trust, path);
        assert!(said(Path::new("/dev/zero")).ends_with("it is a device, not a file"));
        assert!(said(Path::new("/")).ends_with("is a directory"));
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(said(&pipe).ends_with("it is a pipe, not a file"));
        let round = directory.path().join("round");
        symlink(&round, &round).unwrap();
        assert!(trust.read(&round).is_err());
    }
}
