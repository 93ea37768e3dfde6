//! Tests that one mistake gives one error: correct recipes get one typical mistake in each of many places.

use std::path::Path;

use super::recipe;

/// Recipes of many kinds without any mistake.
const RECIPES: &[&str] = &[
    "scripts/flipper.rhai",
    "stdlib/variables.rhai",
    "stdlib/web.rhai",
    "tests/ported/mongrel.rhai",
    "tests/ported/node.rhai",
    "tests/ported/passenger.rhai",
    "tests/ported/wordpress.rhai",
];

/// The number of places of each recipe in which each mistake is made.
const PLACES: usize = 4;

/// The mistakes: the name, the right source, the wrong one in its place, the most errors that it may cause, and the most lines
/// that these may be away.
const MISTAKES: &[(&str, &str, &str, usize, usize)] = &[
    ("no semicolon", ";\n", "\n", 1, 1),
    ("an end instead of a brace", "\n}\n", "\nend\n", 1, 60),
    ("a text that does not end", "\";\n", ";\n", 1, 1),
    ("single quotes", "\"", "'", 2, 1),
    ("no bracket", ");\n", ";\n", 1, 1),
    ("a do instead of a brace", " {\n", " do\n", 1, 60),
    ("a sign too many", ";\n", ";;);\n", 2, 1),
];

fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Returns the recipe with the mistake at a place.
fn broken(text: &str, at: usize, (name, right, wrong): (&str, &str, &str)) -> String {
    let (before, rest) = (&text[..at], &text[at + right.len()..]);
    match name {
        // Both quotes of a text.
        "single quotes" => format!("{before}'{}", rest.replacen('"', "'", 1)),
        _ => format!("{before}{wrong}{rest}"),
    }
}

#[test]
fn one_mistake_is_one_error_where_it_was_made() {
    // Cargo and nextest run the tests of the library there.
    let root = Path::new(".");
    let (mut made, mut single, mut bad) = (0, 0, Vec::new());
    for file in RECIPES {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        for (name, right, wrong, most, away) in MISTAKES {
            // Not in comments, and only a text's first quote.
            let places = text.match_indices(right).map(|(at, _)| at).filter(|at| {
                let before = text[..*at].rsplit('\n').next().unwrap_or("");
                let is_quote = *right != "\"" || before.matches('"').count().is_multiple_of(2);
                !before.contains("//") && !before.contains('`') && is_quote
            });
            let places: Vec<usize> = places.collect();
            let step = (places.len() / PLACES).max(1);
            // Another place of each file.
            for at in places.iter().skip(file.len() % step).step_by(step).take(PLACES) {
                let found = recipe(&broken(&text, *at, (name, right, wrong))).check();
                let errors = found
                    .iter()
                    .filter(|found| found.severity == crate::diagnostic::Severity::Error);
                let lines: Vec<(usize, &str)> = errors
                    .map(|error| {
                        (
                            error.origin.as_ref().map_or(0, |origin| origin.line),
                            error.message.as_str(),
                        )
                    })
                    .collect();
                let here = line(&text, *at);
                if lines.is_empty() {
                    // In a text of several lines it is none.
                    continue;
                }
                made += 1;
                single += usize::from(lines.len() == 1);
                let is_near = lines.first().is_some_and(|(line, _)| line.abs_diff(here) <= *away);
                if lines.len() > *most || !is_near {
                    bad.push(format!("{file}:{here} {name}: {lines:?}"));
                }
            }
        }
    }
    assert!(made > 100, "{made}");
    let told = format!("{} of {made}, {single} single:\n{}", bad.len(), bad.join("\n"));
    assert!(bad.len() * 50 <= made, "{told}");
    assert!(single * 100 >= made * 95, "{told}");
}
