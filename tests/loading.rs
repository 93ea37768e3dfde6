//! Recipes that nobody would write are survived; `scripts/fuzz` tries many more.

use capr::on_large_stack;

use crate::fleet::place::checkout;
use crate::fuzz::{How, Place, corpus, mutate};

/// Enough to meet most kinds of change, few enough to take no time.
const COUNT: u64 = 500;

#[test]
fn recipes_made_of_others_by_chance_are_loaded_or_refused() {
    let others = corpus::corpus(&checkout());
    assert!(others.len() > 300, "recipes to begin with are found: {}", others.len());
    let place = Place::new().unwrap();
    let good = on_large_stack(|| {
        (0..COUNT)
            .filter(|number| {
                let recipe = mutate::recipe(&others, 1, *number);
                let how = How {
                    check: number.is_multiple_of(2),
                    with_library: false,
                };
                place.load(&recipe, how).unwrap().is_empty()
            })
            .count()
    });
    // Where none is right, or all are, the changes change nothing.
    let good = good.unwrap();
    assert!(good > 10 && good < 450, "{good}");
}
