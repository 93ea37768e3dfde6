//! `capr init`: makes the files of a new project. What is there already stays.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::io_error::plain;
use crate::report::Console;

/// What is made, below the directory.
const FILES: [(&str, &str); 2] = [
    ("Caprfile", include_str!("init/Caprfile")),
    ("config/deploy.rhai", include_str!("init/deploy.rhai")),
];

/// What is to be done then.
const NEXT: &str = "\
[done] next:
  1. say in config/deploy.rhai what is deployed, and to which servers
  2. capr check        finds what is wrong in it; no server is asked
     capr deploy -n    shows what a deploy would do
  3. capr setup        makes the directories on the servers
     capr cold_deploy  deploys for the first time; capr deploy from then on
capr -T lists the tasks, capr -e TASK tells more of one.
";

/// Makes them in `directory`, which is shown as it was `named`.
pub(super) fn init(directory: &Path, named: &str, console: &Console) -> Result<(), String> {
    if !directory.is_dir() {
        let what = match directory.exists() {
            true => format!("{named} is no directory"),
            false => format!("there is no directory {named}"),
        };
        return Err(what);
    }
    for (name, text) in FILES {
        let made =
            make(&directory.join(name), text).map_err(|error| format!("cannot write {name}: {}", plain(&error)))?;
        console.data(&match made {
            true => format!("[add] {name}\n"),
            false => format!("[skip] {name} is there already\n"),
        });
    }
    console.data(NEXT);
    Ok(())
}

/// False where the file is there already.
fn make(path: &Path, text: &str) -> io::Result<bool> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    match File::create_new(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
