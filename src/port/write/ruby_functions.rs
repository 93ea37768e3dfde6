//! Functions that do what a method of Ruby does and that no function of recipes does: a recipe that calls one has it at its end.

use crate::packed::{Packed, packed};

/// All of them, each with its comment and a blank line behind it: those for values, and those for requests of HTTP.
const FUNCTIONS: [Packed; 2] = [
    packed!("src/port/ruby_functions.rhai"),
    packed!("src/port/ruby_requests.rhai"),
];

/// The beginning of their names.
const PREFIX: &str = "ruby_";

/// Returns the functions that a recipe calls, and those that they call.
pub(super) fn called_in(recipe: &str) -> String {
    if !recipe.contains(PREFIX) {
        return String::new();
    }
    let texts = FUNCTIONS.map(Packed::text);
    let all: Vec<&str> = texts
        .iter()
        .flat_map(|text| text.split("\n\n"))
        .map(str::trim)
        .collect();
    let mut wanted = vec![false; all.len()];
    let mut text = recipe.to_owned();
    loop {
        let mut more = false;
        for (function, wanted) in all.iter().zip(&mut wanted) {
            let name = function.split_once("\nfn ").and_then(|(_, rest)| rest.split_once('('));
            let is_called = |(name, _): (&str, &str)| text.contains(&format!("{name}("));
            if !*wanted && name.is_some_and(is_called) {
                *wanted = true;
                more = true;
                text.push_str(function);
            }
        }
        if !more {
            break;
        }
    }
    let called = all.iter().zip(wanted).filter(|(_, wanted)| *wanted);
    called.map(|(function, _)| format!("\n{function}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::called_in;

    #[test]
    fn a_recipe_has_the_functions_that_it_calls_and_those_that_they_call() {
        let functions = called_in("puts ruby_zeros(3, 5);\n");
        assert!(
            functions.contains("fn ruby_zeros(") && functions.contains("fn ruby_fill("),
            "{functions}"
        );
        assert_eq!(functions.matches("\nfn ").count(), 2, "{functions}");
        assert_eq!(called_in("puts ruby_version;\n"), "");
    }
}
