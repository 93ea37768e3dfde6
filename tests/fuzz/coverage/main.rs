//! `scripts/fuzz --coverage`: libFuzzer loads recipes, and goes on from those that reached code no other did.
#![no_main]
#![allow(dead_code, reason = "`scripts/fuzz` needs more of what is shared")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a tool for people who work on capr"
)]

#[path = "../mod.rs"]
mod fuzz;
#[path = "../limits.rs"]
mod limits;

use std::cell::OnceCell;
use std::env;
use std::path::Path;

use capr::on_large_stack;
use fuzz::{How, Place, corpus, mutate};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

/// The parts that recipes are made of, and the place where they are loaded.
struct Tools {
    others: Vec<String>,
    place: Place,
}

thread_local! {
    static TOOLS: OnceCell<Tools> = const { OnceCell::new() };
}

fn with<T>(work: impl FnOnce(&Tools) -> T) -> T {
    TOOLS.with(|tools| work(tools.get_or_init(prepare)))
}

fn prepare() -> Tools {
    limits::limit_memory().unwrap();
    // Of the checkout, which the script has entered.
    let others = corpus::corpus(Path::new("."));
    let place = Place::new().unwrap();
    env::set_current_dir(place.path()).unwrap();
    Tools { others, place }
}

fuzz_target!(|recipe: &[u8]| {
    let how = How::by(recipe.len() as u64);
    with(|tools| {
        on_large_stack(|| tools.place.load(recipe, how).map(drop))
            .unwrap()
            .unwrap()
    });
});

// Whole words as often as bytes: few changes to bytes leave a recipe that can be read.
fuzz_mutator!(|recipe: &mut [u8], size: usize, most: usize, seed: u32| {
    let mut rng = fastrand::Rng::with_seed(seed.into());
    if rng.u8(..3) == 0 {
        return fuzzer_mutate(recipe, size, most);
    }
    let text = String::from_utf8_lossy(&recipe[..size]).into_owned();
    let changed = with(|tools| mutate::changed(&text, &tools.others, &mut rng));
    let size = changed.len().min(most);
    recipe[..size].copy_from_slice(&changed[..size]);
    size
});
