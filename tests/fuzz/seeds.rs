//! The first inputs of libFuzzer: recipes, one in each file, and words to put into them.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::fuzz::mutate;

/// Writes `seeds/` and `words` into a folder.
pub fn write(folder: &Path) -> Result<()> {
    let seeds = folder.join("seeds");
    fs::create_dir_all(&seeds)?;
    for (number, recipe) in crate::others().iter().enumerate() {
        fs::write(seeds.join(number.to_string()), recipe)?;
    }
    fs::write(folder.join("words"), words())?;
    Ok(())
}

/// Returns the words and signs that are put into recipes at random, and all verbs, options and functions.
fn words() -> String {
    let reference = capr::reference();
    let code = reference.split('`').skip(1).step_by(2);
    let names = code.filter_map(|code| {
        code.trim_start_matches(':')
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .next()
    });
    let mut words: BTreeSet<&str> = names.filter(|name| name.len() > 1).collect();
    words.extend(mutate::WORDS);
    let mut lines = String::new();
    for word in words {
        lines.push('"');
        for byte in word.bytes() {
            // Writing to a String cannot fail.
            let _ = write!(lines, "\\x{byte:02X}");
        }
        lines.push_str("\"\n");
    }
    lines
}
