//! The subjects of fuzzing: the reading of recipes, or one of capr's readers of what others send.

use anyhow::{Context, Result};
use capr::{FUZZ_TARGETS, Target};

use crate::fuzz::{How, Place, mutate};

/// A reader, with the material for its inputs.
pub enum Subject {
    Recipes(Vec<String>),
    Target(&'static Target),
}

impl Subject {
    /// Returns the subject of recipes, made from those of this checkout.
    pub fn recipes() -> Self {
        Self::Recipes(crate::others())
    }

    /// Returns a target by its name.
    pub fn named(name: &str) -> Result<Self> {
        let target = targets().find(|target| target.name == name);
        let target =
            target.with_context(|| format!("there is no target `{name}': scripts/fuzz --targets lists them"))?;
        Ok(Self::Target(target))
    }

    /// Returns its name, as it appears in the names of files that are kept.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Recipes(_) => "recipes",
            Self::Target(target) => target.name,
        }
    }

    /// Returns the arguments that name it to another process of this program.
    pub fn arguments(&self) -> Vec<&'static str> {
        match self {
            Self::Recipes(_) => Vec::new(),
            Self::Target(target) => vec!["--target", target.name],
        }
    }

    /// Makes an input, the same for the same seed and number.
    pub fn input(&self, seed: u64, number: u64) -> Vec<u8> {
        match self {
            Self::Recipes(others) => mutate::recipe(others, seed, number),
            Self::Target(target) => target.input(seed, number),
        }
    }

    /// Reads an input; returns true if it was accepted.
    pub fn read(&self, place: &Place, input: &[u8], number: u64) -> Result<bool> {
        match self {
            Self::Recipes(_) => Ok(place.load(input, How::by(number))?.is_empty()),
            Self::Target(target) => Ok((target.read)(input)),
        }
    }
}

/// Returns all targets.
fn targets() -> impl Iterator<Item = &'static Target> {
    FUZZ_TARGETS.iter().copied().flatten()
}

/// Prints the targets, one a line.
pub fn list() {
    for target in targets() {
        println!("{:12} {}", target.name, target.about);
    }
}
