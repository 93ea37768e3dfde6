//! The reference of the recipe language, generated from the tables of verbs, options and functions.

use std::fmt::Write;

use super::language::choice::Choice;
use super::language::functions::kinds;
use super::language::ssh_options::SSH_OPTIONS;
use super::language::verb::Choices;
use super::language::verbs::VERBS;

/// The file of the reference, in Markdown: the reference and where it comes from.
pub fn reference() -> String {
    const ORIGIN: &str = "Generated from the tables in `src/recipe`; `scripts/reference` writes it anew.";
    language().replacen("\n\n", &format!("\n\n{ORIGIN}\n\n"), 1)
}

/// The reference, in Markdown.
pub fn language() -> String {
    let mut text = String::from(
        "# The recipe language: verbs, options, functions\n\n\
         An argument is any expression; `:name` is a symbol, the same as the string \"name\"; `key => value` is an option. \
         Parentheses around the arguments can be left out. A statement ends with `;`, except one that ends in a block.\n\n\
         ## Verbs\n",
    );
    for verb in VERBS {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n### {}\n\n```\n{}\n```\n\n{}\n",
            verb.name,
            verb.form.replace("  |  ", "\n"),
            verb.doc
        );
        match &verb.options {
            Choices::Any if verb.name == "with" => {}
            Choices::Any => text.push_str("\nOptions: any; they are attributes of the server in that role.\n"),
            Choices::Known([]) => {}
            Choices::Known(lists) => {
                text.push_str("\n| option | meaning |\n|---|---|\n");
                for list in *lists {
                    rows(&mut text, list);
                }
            }
        }
        let _ = write!(text, "\n```rhai\n{}\n```\n", verb.example);
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

/// In a cell of a table, with as many backticks around it as it needs.
pub(super) fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}
