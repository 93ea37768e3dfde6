//! `capr check` on every example of the reference.

use super::recipe;
use crate::recipe::verbs::VERBS;

#[test]
fn the_examples_of_all_verbs_have_nothing_found() {
    for verb in VERBS {
        let found = recipe(verb.example).file("template.txt", "").check();
        let found: Vec<String> = found.into_iter().map(|diagnostic| diagnostic.message).collect();
        assert_eq!(found, [""; 0], "{}: {}", verb.name, verb.example);
    }
}
