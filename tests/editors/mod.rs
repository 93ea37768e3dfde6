//! The TextMate grammar for editors: it knows every verb and function, and reads the standard library.

mod textmate;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use regex::Regex;

use self::textmate::{Grammar, Token};
use crate::fleet::place::checkout;
use crate::harness::Case;

fn path(name: &str) -> PathBuf {
    checkout().join(name)
}

fn grammar() -> Grammar {
    Grammar::new(&fs::read_to_string(path("docs/editors/capr.tmLanguage.json")).unwrap())
}

fn tokens(text: &str) -> Vec<Token> {
    let (tokens, open) = grammar().tokens(text);
    assert_eq!(open, [""; 0]);
    tokens
}

/// Every recipe that comes with capr.
fn library() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![path("stdlib"), path("scripts")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            if file.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|ending| ending == "rhai") {
                let text = fs::read_to_string(&file).unwrap();
                found.push((file, text));
            }
        }
    }
    assert!(found.len() > 8);
    found
}

/// The names in the reference: of verbs, and of functions.
fn names() -> (String, String) {
    let reference = capr::reference();
    let (verbs, rest) = reference.split_once("\n## ssh_options").unwrap();
    let find = |text: &str, pattern: &str| {
        let names: BTreeSet<String> = Regex::new(pattern)
            .unwrap()
            .captures_iter(text)
            .map(|found| found[1].to_owned())
            .collect();
        names.into_iter().collect::<Vec<_>>().join("|")
    };
    (find(verbs, r"(?m)^### (\w+)$"), find(rest, r"(?m)^\| `(\w+)\("))
}

#[test]
fn the_grammar_has_the_verbs_and_functions_of_the_reference() {
    let (verbs, functions) = names();
    let file = path("docs/editors/capr.tmLanguage.json");
    let written = fs::read_to_string(&file).unwrap();
    let list = |text: &str, kind: &str, names: &str| {
        let place = Regex::new(&format!(r#"("{kind}": \{{[^}}]*?"match": "[^"]*?\(\?:)[^)]*"#)).unwrap();
        assert!(place.is_match(text), "{kind}");
        place.replace(text, format!("${{1}}{names}")).into_owned()
    };
    let wanted = list(&list(&written, "verbs", &verbs), "functions", &functions);
    if std::env::var_os("CAPR_WRITE_REFERENCE").is_some() {
        fs::write(&file, &wanted).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap();
    assert!(
        written == wanted,
        "{} is stale: scripts/reference writes it anew",
        file.display()
    );
}

#[test]
fn known_lines_have_the_right_scopes() {
    for (line, wanted) in [
        (
            "role :app, \"app1\", :primary => true;",
            "role=support.function.verb :app=constant.other.symbol app1=string.quoted.double :primary=constant.other.symbol \
             =>=keyword.operator.pair true=constant.language",
        ),
        (
            "run `cd ${quote(path)} && ls`; // why",
            "run=support.function.verb cd=string.quoted.template quote=support.function && ls=string.quoted.template \
             // why=comment.line.double-slash",
        ),
        (
            "let load = server.role; deploy.web.disable;",
            "let=keyword.declaration load=variable.other.definition role=variable.other.member web=variable.other.member \
             disable=variable.other.member",
        ),
        (
            "fn run_it(x) { if x > 0x1f { return list.len(); } }",
            "fn=keyword.declaration.function run_it=entity.name.function if=keyword.control 0x1f=constant.numeric \
             return=keyword.control len=entity.name.function.call",
        ),
        (
            "set(:env, #{ task: 1, \"b\": '\\n' });",
            "set=support.function.verb :env=constant.other.symbol task=variable.other.key 1=constant.numeric \
             b=string.quoted.double '\\n'=constant.character",
        ),
        (
            "/* a /* b */ run */ ENV",
            "a=comment.block b=comment.block run=comment.block ENV=variable.language",
        ),
        (
            "puts \"a\\\"b\"; puts 1",
            "puts=support.function.verb \\\"=constant.character.escape 1=constant.numeric",
        ),
    ] {
        let tokens = tokens(line);
        let mut rest = wanted;
        for token in &tokens {
            let shown = format!("{}={}", token.text.trim(), token.scope.trim_end_matches(".capr"));
            if let Some(after) = rest.strip_prefix(shown.as_str()) {
                rest = after.trim_start();
            }
        }
        assert_eq!(rest, "", "{line}: {tokens:#?}");
    }
}

#[test]
fn nothing_is_left_open_at_the_end_of_a_recipe_of_the_library() {
    for (file, text) in library() {
        let (tokens, open) = grammar().tokens(&text);
        assert_eq!(open, [""; 0], "{}", file.display());
        let verbs = tokens
            .iter()
            .filter(|token| token.scope == "support.function.verb.capr");
        assert!(verbs.count() > 0, "{}", file.display());
    }
}

#[test]
fn every_verb_and_function_that_the_library_uses_is_defined_for_editors() {
    let definitions = Case::new().args(["definitions"]).run().ok().stdout;
    let name = Regex::new(r"(?m)^fn (?:get |set )?(\w+)\(").unwrap();
    let mut known: BTreeSet<String> = name
        .captures_iter(&definitions)
        .map(|found| found[1].to_owned())
        .collect();
    let library = library();
    let all: Vec<Token> = library.iter().flat_map(|(_, text)| grammar().tokens(text).0).collect();
    let is = |token: &Token, scopes: &[&str]| scopes.iter().any(|scope| token.scope == format!("{scope}.capr"));
    known.extend(
        all.iter()
            .filter(|token| is(token, &["entity.name.function"]))
            .map(|token| token.text.clone()),
    );
    // A keyword of Rhai's own that looks like a function, and the one that calls a function value.
    known.extend(["type_of", "call"].map(str::to_owned));
    let uses = ["support.function.verb", "support.function", "entity.name.function.call"];
    let used: BTreeSet<&String> = all
        .iter()
        .filter(|token| is(token, &uses))
        .map(|token| &token.text)
        .collect();
    assert!(used.len() > 30, "{used:?}");
    let unknown: Vec<_> = used.iter().filter(|name| !known.contains(**name)).collect();
    assert_eq!(unknown, [&&""; 0]);
}

#[test]
fn the_files_for_editors_name_each_other() {
    let read = |name: &str| -> serde_json::Value {
        let text = fs::read_to_string(path("docs/editors").join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let package = read("package.json");
    let language = &package["contributes"]["languages"][0];
    read(language["configuration"].as_str().unwrap());
    let grammar = read(package["contributes"]["grammars"][0]["path"].as_str().unwrap());
    assert_eq!(grammar["scopeName"], package["contributes"]["grammars"][0]["scopeName"]);
}
