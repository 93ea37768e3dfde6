//! Makes the directory that is a server's root: the files of its own; `init.sh` mounts the machine's programs into it.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use anyhow::{Context, Result};

/// The user and group id of `deploy` on the servers.
pub const DEPLOY: u32 = 5000;

/// The hash of [`super::PASSWORD`].
const HASH: &str =
    "$6$rounds=1000$fleetfleet$nJxlxJr/mIn.ze8R8n7z.yHJgpEi01x/l5MlqaAeZVTkQdE765KeD6./vQMJfFWhj3ObwV5bKg429florBpYC1";

const DIRECTORIES: &[(&str, u32)] = &[
    (".machine/etc", 0o755),
    (".old", 0o755),
    ("dev", 0o755),
    ("etc/pam.d", 0o755),
    ("etc/ssh", 0o755),
    ("etc/sudoers.d", 0o750),
    ("home/bob", 0o755),
    ("home/deploy/.ssh", 0o700),
    ("opt", 0o755),
    ("proc", 0o755),
    ("root", 0o700),
    ("run", 0o755),
    ("srv", 0o755),
    ("tmp", 0o1777),
    ("u/apps", 0o755),
    ("usr", 0o755),
    ("var/cache", 0o755),
    ("var/lib", 0o755),
    ("var/log", 0o755),
    ("var/spool", 0o755),
    ("var/tmp", 0o1777),
];

/// The files of /etc that are the same on all servers. Everything not named here or in [`make`] is the machine's.
const FILES: &[(&str, u32, &str)] = &[
    (
        "group",
        0o644,
        "root:x:0:\ntty:x:5:\nutmp:x:43:\nnogroup:x:65534:\ndeploy:x:5000:\nbob:x:5001:\n",
    ),
    (
        "nsswitch.conf",
        0o644,
        "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n",
    ),
    (
        "pam.d/other",
        0o644,
        "auth required pam_unix.so nodelay\naccount required pam_unix.so\nsession required pam_permit.so\n",
    ),
    (
        "passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/bash\n\
         sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n\
         nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n\
         deploy:x:5000:5000:deploy:/home/deploy:/bin/bash\n\
         bob:x:5001:5001:bob:/home/bob:/bin/bash\n",
    ),
    (
        "sudoers",
        0o440,
        "Defaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n\
         Defaults lecture=never, timestamp_timeout=0\n\
         root ALL=(ALL:ALL) ALL\n\
         deploy ALL=(ALL:ALL) ALL\n\
         @includedir /etc/sudoers.d\n",
    ),
];

/// The names in /etc that a server has of its own, or that would reveal the machine.
const OWN: &[&str] = &[
    "shadow",
    "hosts",
    "hostname",
    "ssh",
    "sudoers.d",
    "pam.d",
    "gshadow",
    "resolv.conf",
    "environment",
    "motd",
];

/// Makes the root of the server `name`. `hosts` is its /etc/hosts, `authorized` the key that logs in as `deploy`.
pub fn make(root: &Path, name: &str, hosts: &str, authorized: &str) -> Result<()> {
    for (directory, mode) in DIRECTORIES {
        let directory = root.join(directory);
        fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
        fs::set_permissions(&directory, Permissions::from_mode(*mode))?;
    }
    symlink("/run", root.join("var/run"))?;
    symlink("/run/lock", root.join("var/lock"))?;
    programs(root)?;
    let etc = root.join("etc");
    for (file, mode, text) in FILES {
        write(&etc.join(file), *mode, text)?;
    }
    let shadow = format!(
        "root:*:19000:0:99999:7:::\nsshd:!:19000::::::\ndeploy:{HASH}:19000:0:99999:7:::\nbob:{HASH}:19000:0:99999:7:::\n"
    );
    write(&etc.join("shadow"), 0o600, &shadow)?;
    write(&etc.join("hosts"), 0o644, hosts)?;
    write(&etc.join("hostname"), 0o644, &format!("{name}\n"))?;
    machine(&etc)?;
    write(&root.join("home/deploy/.ssh/authorized_keys"), 0o600, authorized)?;
    // Repositories that all servers see belong to the machine's root.
    write(
        &root.join("home/deploy/.gitconfig"),
        0o644,
        "[safe]
	directory = *
",
    )?;
    for owned in [
        "home/deploy",
        "home/deploy/.ssh",
        "home/deploy/.ssh/authorized_keys",
        "home/deploy/.gitconfig",
        "u",
        "u/apps",
    ] {
        chown(root.join(owned), Some(DEPLOY), Some(DEPLOY))?;
    }
    chown(root.join("home/bob"), Some(DEPLOY + 1), Some(DEPLOY + 1))?;
    Ok(())
}

/// Writes a file with this mode.
pub fn write(path: &Path, mode: u32, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| path.display().to_string())?;
    Ok(fs::set_permissions(path, Permissions::from_mode(mode))?)
}

/// Makes `/bin` and the like: links if the machine has links, else directories to mount on.
fn programs(root: &Path) -> Result<()> {
    for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
        let machine = Path::new("/").join(name);
        match fs::read_link(&machine) {
            Ok(target) => symlink(target, root.join(name))?,
            Err(_) if machine.is_dir() => fs::create_dir(root.join(name))?,
            Err(_) => {}
        }
    }
    Ok(())
}

/// Adds the rest of /etc as links into the machine's, which is mounted read-only beside it.
fn machine(etc: &Path) -> io::Result<()> {
    for entry in fs::read_dir("/etc")? {
        let name = entry?.file_name();
        let Some(text) = name.to_str() else { continue };
        let own = OWN.contains(&text) || FILES.iter().any(|(file, ..)| *file == text) || text.ends_with('-');
        if !own {
            symlink(Path::new("/.machine/etc").join(&name), etc.join(&name))?;
        }
    }
    Ok(())
}
