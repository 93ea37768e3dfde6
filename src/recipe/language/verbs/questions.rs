//! Questions of recipes to people.

use super::super::choice::Choice;
use super::super::grammar::Tail;
use super::super::takes;
use super::super::verb::{Choices, NONE, Verb};

pub(in crate::recipe) const PASSWORD_PROMPT: Verb = Verb {
    name: "password_prompt",
    form: "password_prompt(text)",
    arguments: (0, 1),
    takes: &[takes::STRING],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Asks the person at the terminal for a secret, without showing what is typed. What was typed is shown as \
          `[redacted]` wherever it would appear; fewer than four characters are not looked for.",
    example: "set :database_password { password_prompt(\"Database password: \") }\ntask :give { put database_password, \"/srv/app/password\", :mode => 0600; }",
};

pub(in crate::recipe) const ASK: Verb = Verb {
    name: "ask",
    form: "ask(question, default, :echo => false)  |  ask :name, default, :echo => false, :prompt => question",
    arguments: (1, 2),
    takes: &[takes::STRING, takes::ANYTHING],
    tail: Tail::Nothing,
    options: Choices::Known(&[ASKED]),
    doc: "Asks the person at the terminal and gives the line that is typed, or the default where nothing is typed. Where \
          no terminal is there to ask on it gives the default at once; that there is none is then an error. In a lazy \
          variable it is asked only when the value is needed, once. With a symbol, and where nothing takes the value, it sets \
          that variable, as in Capistrano 3: the person is asked when it is read first. What is typed is always a string.",
    example: "ask :branch, \"main\";\nset :tag { ask(\"Tag to deploy\", branch) }\ntask :example { puts tag; }",
};

static ASKED: &[Choice] = &[
    Choice {
        name: "echo",
        doc: "false: what is typed is not shown, and redacted wherever it would appear",
    },
    Choice {
        name: "prompt",
        doc: "the question, where that is not the name of the variable",
    },
];

pub(in crate::recipe) const CHOOSE: Verb = Verb {
    name: "choose",
    form: "choose(question, list, default)",
    arguments: (2, 3),
    takes: &[takes::STRING, takes::LIST, takes::ANYTHING],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Shows a numbered list, asks the person at the terminal for a number or an entry of the list until one comes, and \
          gives that entry. The default holds as with `ask`.",
    example: "task :example {\n  let stage = choose(\"Where to\", [\"staging\", \"production\"], \"staging\");\n  puts stage;\n}",
};
