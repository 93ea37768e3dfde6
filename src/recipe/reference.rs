//! Makes the reference of the recipe language from the tables of verbs, options and functions.

use std::fmt::Write;

use super::language::choice::Choice;
use super::language::functions::kinds;
use super::language::options::{COMMAND, SELECTION};
use super::language::ssh_options::SSH_OPTIONS;
use super::language::verb::{Choices, Verb};
use super::language::verbs::{VERBS, VERBS_OF_TESTS};

/// Returns the file of the reference in Markdown, which also says where it comes from.
pub fn reference() -> String {
    const ORIGIN: &str = "Generated from the tables in `src/recipe`; `scripts/reference` writes it anew.";
    language().replacen("\n\n", &format!("\n\n{ORIGIN}\n\n"), 1)
}

/// Returns the reference in Markdown.
pub(crate) fn language() -> String {
    let mut text = format!("# The recipe language: verbs, options, functions\n\n{INTRODUCTION}\n## Verbs\n");
    for verb in VERBS {
        text.push_str(&section(verb, &Tables::Named));
    }
    text.push_str("\n## Options of verbs\n");
    for (title, about, list) in SHARED {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n### {title}\n\n{about}\n\n{HEAD}");
        rows(&mut text, list);
    }
    text.push_str("\n## ssh_options\n\nKeys of the map `ssh_options`: `ssh_options[\"forward_agent\"] = true;`\n\n| key | meaning |\n|---|---|\n");
    rows(&mut text, SSH_OPTIONS);
    text.push_str(GATEWAY);
    text.push_str("\n## Functions\n\nBeside those of Rhai itself. Each can be written behind its first argument, too: `name.strip()`.\n");
    for (kind, functions) in kinds() {
        let _ = write!(text, "\n### {kind}\n\n| function | gives | example |\n|---|---|---|\n");
        for function in functions {
            let example = match function.gives {
                "true" => function.example.to_owned(),
                gives => format!("{} == {gives}", function.example),
            };
            let _ = writeln!(text, "| `{}` | {} | {} |", function.form, function.doc, code(&example));
        }
    }
    text
}

/// Returns the reference of the verbs that only test files have, as Markdown.
pub fn reference_of_tests() -> String {
    let mut text = String::from(
        "# Verbs of test files\n\n\
         Generated from the tables in `src/recipe`; `scripts/reference` writes it anew. [Testing](../testing.md) explains them.\n\n\
         A file whose name ends in `_test.rhai` has these verbs beside [those of recipes](language.md); `capr test` runs it. Each example is a \
         whole test file.\n",
    );
    for verb in VERBS_OF_TESTS {
        text.push_str(&section(verb, &Tables::Named).replacen("\n### ", "\n## ", 1));
    }
    text
}

/// Returns the part of the reference about a verb, with the tables of all its options.
pub(crate) fn verb(name: &str) -> Option<String> {
    let verb = VERBS.iter().chain(VERBS_OF_TESTS).find(|verb| verb.name == name)?;
    Some(section(verb, &Tables::Whole))
}

/// The two ways to show options that many verbs have.
enum Tables {
    /// The verb names the section with these options.
    Named,
    /// The verb has a table of all options.
    Whole,
}

/// Returns the part about a verb: its form, its description, its options, an example.
fn section(verb: &Verb, tables: &Tables) -> String {
    let (name, doc) = (verb.name, verb.doc);
    let mut text = format!(
        "\n### {name}\n\n```\n{}\n```\n\n{doc}\n",
        verb.form.replace("  |  ", "\n")
    );
    if let Some(kinds) = verb.kinds() {
        let _ = write!(text, "\n{kinds}\n");
    }
    match &verb.options {
        // The descriptions of other verbs say what their pairs are.
        Choices::Any if !matches!(name, "role" | "server") => {}
        Choices::Any => text.push_str("\nOptions: any; they are attributes of the server in that role.\n"),
        Choices::Known(lists) => {
            let is_named = |list: &'static [Choice]| matches!(tables, Tables::Named) && shared(list).is_some();
            let (named, own): (Vec<&[Choice]>, Vec<&[Choice]>) = lists.iter().copied().partition(|list| is_named(list));
            if !own.is_empty() {
                let _ = write!(text, "\n{HEAD}");
                own.iter().for_each(|list| rows(&mut text, list));
            }
            let titles = named.iter().filter_map(|list| shared(list));
            let links: Vec<String> = titles.map(|title| format!("[{title}](#{})", anchor(title))).collect();
            if !links.is_empty() {
                let more = if own.is_empty() { "Options" } else { "More options" };
                let _ = write!(text, "\n{more}: {}.\n", links.join(", "));
            }
        }
    }
    let _ = write!(text, "\n```rhai\n{}\n```\n", verb.example);
    text
}

/// Returns the title of a list of options that many verbs have.
fn shared(list: &'static [Choice]) -> Option<&'static str> {
    let names = |list: &'static [Choice]| list.iter().map(|choice| choice.name);
    let found = SHARED.iter().find(|(_, _, shared)| names(shared).eq(names(list)));
    found.map(|(title, _, _)| *title)
}

fn anchor(title: &str) -> String {
    title.to_lowercase().replace(' ', "-")
}

const HEAD: &str = "| option | meaning |\n|---|---|\n";

/// The lists of options that many verbs have: each is described once.
static SHARED: [(&str, &str, &[Choice]); 2] = [
    (
        "Which servers",
        "Without any of these, a command goes to the servers of its task, and a task's commands to all servers of the recipe. What a \
         command says replaces what its task says.",
        SELECTION,
    ),
    (
        "How commands run",
        "As options of a task they hold for every command in it.",
        COMMAND,
    ),
];

const INTRODUCTION: &str = r#"A recipe is a script in [Rhai](https://rhai.rs) with the verbs below. [The recipe language](../basics.md) explains it from the
beginning; in short:

| | |
|---|---|
| `verb argument, argument, key => value` | a verb with arguments and options; parentheses around them can be left out, and an argument is any expression |
| `;` | ends every statement, except one that ends in a block |
| `{ … }` | a block: of a task, of a condition; what its last expression gives is its value |
| `:name` | a symbol, the same as the string `"name"` |
| `"a\n"` | a string |
| `` `a ${b}` `` | a string with values in it, in which a backslash is just that |
| `let x = 1; x = 2;` | makes a variable that lives until the end of the block around it, and changes it |
| `set :x, 1;` | sets a variable of the recipe, which all tasks and libraries read as `x` |
| `fn name(a) { a + 1 }` | a function of this file |
| `[1, 2]`, `#{ key: value }` | a list, and a map: `#{`, since `{` begins a block |
| `()` | no value; `x ?? y` is `y` where `x` is that |
| `\|a, b\| { … }` | a block that is given values |
| `if a { … } else { … }`, `for x in list { … }`, `try { … } catch (e) { … }` | conditions are `true` or `false`, nothing else |
| `// …` | a comment; `///` above a `set_default` says what the variable means |
"#;

const GATEWAY: &str = r#"
## gateway

The variable `gateway` names a server through which the others are reached, a chain of such servers, or a map from
gateways (a chain has commas) to the servers behind them. Without it `ProxyJump` and `ProxyCommand` of the ssh
configuration hold.

```rhai
set :gateway, "gate.example.com";
set :gateway, ["deploy@outer.example.com", "inner.example.com:2222"];
set :gateway, #{ "gate1": ["app1", "app2"], "gate2": "db1" };
```
"#;

fn rows(text: &mut String, choices: &[Choice]) {
    for choice in choices {
        let _ = writeln!(text, "| `{}` | {} |", choice.name, choice.doc);
    }
}

/// Returns a string for a cell of a table, in as many backticks as it needs.
pub(super) fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}
