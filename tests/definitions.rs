//! `capr definitions`: what editors are told of the language and of a recipe.

use regex::Regex;

use crate::harness::Case;

const RECIPE: &str = r#"
set :greeting, "hello";
set :go, "a word that the language server takes for its own";
desc `Greets everybody.

Also strangers.`;
task :greet { puts greeting; }
namespace :party {
    desc "Begins.";
    task :begin { puts "x"; }
    namespace :late { task :end_it { puts "y"; } }
}
"#;

/// Every line is one that the grammar of definition files knows, and braces are balanced.
#[track_caller]
fn assert_well_formed(definitions: &str) {
    let name = "[a-zA-Z_][a-zA-Z0-9_]*";
    let kind = "(\\?|int|float|bool|char|String|Array|Map|Blob|FnPtr)";
    let parameters = format!("({name}: {kind}(, {name}: {kind})*)?");
    let line = Regex::new(&format!(
        "^( *///.*|module static;|fn ((get|set) )?{name}\\({parameters}\\) -> \\?;|(let|const) {name}: {kind};|let {name}: #\\{{| *{name}: (\\?,|#\\{{)| *\\}}[,;]|)$"
    ))
    .unwrap();
    let mut depth = 0;
    for text in definitions.lines() {
        assert!(line.is_match(text), "{text}");
        if !text.trim_start().starts_with("///") {
            depth += text.matches('{').count();
            depth -= text.matches('}').count();
        }
    }
    assert_eq!(depth, 0);
}

#[test]
fn definitions_tell_verbs_functions_variables_and_tasks() {
    let finished = Case::new().file("deploy.rhai", RECIPE).args(["definitions"]).run().ok();
    assert_eq!(finished.stderr, "");
    let text = finished.stdout;
    assert_well_formed(&text);
    for part in [
        "/// ```rhai\n/// puts text\n/// ```\n///\n/// Prints a line on standard output.\n",
        "\nfn run(command: ?, options: ?, block: ?) -> ?;\n",
        "\nfn alias_task(new_: ?, old: ?) -> ?;\n",
        "\nfn quote(text: ?) -> ?;\n",
        "\nfn len(value1: Array) -> ?;\n",
        "\nconst ENV: Map;\n",
        "\n/// A variable, set in deploy.rhai:2.\nlet greeting: ?;\n",
        "\nlet deploy_to: ?;\n",
        "\n/// Greets everybody.\n///\n/// Also strangers.\nfn greet() -> ?;\n",
        "\nlet party: #{\n  /// Begins.\n  begin: ?,\n",
        "\n  late: #{\n    /// A task or namespace.\n    end_it: ?,\n  },\n};\n",
        "\nfn deploy() -> ?;\n",
        "\nlet deploy: #{\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("let go"), "{text}");
}

#[test]
fn definitions_of_the_language_need_no_recipe() {
    let finished = Case::new().args(["definitions"]).run().ok();
    assert_well_formed(&finished.stdout);
    assert!(finished.stdout.contains("\nfn deploy() -> ?;\n"));
    let error = Case::new().args(["definitions", "deploy"]).run().code(2);
    assert_eq!(error.stdout, "");
}
