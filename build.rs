//! Packs the texts that are built into the program (`src/packed.rs`).

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params};

/// The directories with such texts.
const DIRECTORIES: &[&str] = &[
    "docs",
    "docs/reference",
    "src/port",
    "src/recipe/language",
    "src/report/record",
    "stdlib",
    "stdlib/lib",
    "stdlib/lib/puma",
    "stdlib/lib/rails",
    "stdlib/lib/sidekiq",
    "stdlib/process",
    "stdlib/scm",
];

/// The texts that are known when one below the directory is unpacked: what it has in common with them takes no room.
const DICTIONARIES: &[(&str, &str)] = &[("stdlib", "stdlib/lib/puma.rhai"), ("docs", "docs/deploy.md")];

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
    let text = fs::read(file)?;
    let to = |kind: &str| {
        let mut name = to.join(file).into_os_string();
        name.push(kind);
        name
    };
    let plain = || [&[0], compress_to_vec(&text, LEVEL).as_slice()].concat();
    let packed = match DICTIONARIES
        .iter()
        .zip(1..)
        .find(|((directory, _), _)| file.starts_with(directory))
    {
        Some(((_, dictionary), number)) => {
            if file == Path::new(dictionary) {
                fs::write(to(".dictionary"), plain())?;
            }
            let length = u32::try_from(text.len())?.to_le_bytes();
            [&[number], length.as_slice(), &behind(&fs::read(dictionary)?, &text)].concat()
        }
        None => plain(),
    };
    fs::write(to(".packed"), packed)?;
    Ok(())
}

/// Packs a text as one that follows another, without that.
fn behind(before: &[u8], text: &[u8]) -> Vec<u8> {
    let mut compressor = CompressorOxide::new(create_comp_flags_from_zip_params(LEVEL.into(), -15, 0));
    let mut packed = Vec::new();
    compress_to_output(&mut compressor, before, TDEFLFlush::Sync, |_| true);
    compress_to_output(&mut compressor, text, TDEFLFlush::Finish, |more| {
        packed.extend_from_slice(more);
        true
    });
    packed
}
