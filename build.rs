//! Packs the texts that are built into the program (`src/packed.rs`).

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The directories with such texts.
const DIRECTORIES: &[&str] = &[
    "docs",
    "docs/reference",
    "src/port",
    "src/recipe/language",
    "src/report/record",
    "stdlib",
    "stdlib/lib",
    "stdlib/lib/rails",
    "stdlib/process",
    "stdlib/scm",
];

/// The level of packing, of 0 to 10.
const LEVEL: u8 = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let to = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    for directory in DIRECTORIES {
        println!("cargo::rerun-if-changed={directory}");
        fs::create_dir_all(to.join(directory))?;
        for entry in fs::read_dir(directory)? {
            pack(&entry?.path(), &to)?;
        }
    }
    Ok(())
}

/// Packs a file below the directory `to`, under its path and with `.packed` behind it.
fn pack(file: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let ending = file.extension().map(|ending| ending.to_string_lossy());
    // The programs for servers have no ending.
    if file.is_dir()
        || !matches!(
            ending.as_deref(),
            None | Some("css" | "js" | "md" | "rb" | "rhai" | "txt")
        )
    {
        return Ok(());
    }
    let mut name = to.join(file).into_os_string();
    name.push(".packed");
    fs::write(name, miniz_oxide::deflate::compress_to_vec(&fs::read(file)?, LEVEL))?;
    Ok(())
}
