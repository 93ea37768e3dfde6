//! Tests that a call means the same, however it is written.

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, proptest};
use proptest::sample::{Index, select, subsequence};
use proptest::{prop_assert_eq, prop_oneof};

use super::{prints, recipe, tries};
use crate::recipe::language::verbs::VERBS;
use crate::recipe::on_large_stack;
use regex::Regex;

use crate::session::scripted::Answer;

/// The meaning of a call, however it is written.
#[derive(Clone, Debug)]
struct Meant {
    verb: &'static str,
    command: String,
    /// The names and values of options; values are strings, or written in their own way.
    options: Vec<(&'static str, Value)>,
    has_block: bool,
}

#[derive(Clone, Debug)]
enum Value {
    /// One word.
    Name(&'static str),
    /// One word, or a list of it.
    Listed(&'static str),
    Plain(&'static str),
}

/// The way in which a call is written: each question is answered by the next number; 0 is the plain form.
struct Manner(RefCell<std::vec::IntoIter<u8>>);

impl Manner {
    fn of(&self, count: usize) -> usize {
        usize::from(self.0.borrow_mut().next().unwrap_or(0)) % count
    }

    fn one<'a>(&self, forms: &[&'a str]) -> &'a str {
        forms[self.of(forms.len())]
    }

    /// Returns the space between two tokens that need none between them.
    fn gap(&self) -> &'static str {
        self.one(&[
            "",
            " ",
            "\n",
            "\t",
            "\r\n",
            " // why, \"so\" { (\n",
            " /* :a => `b` } */ ",
        ])
    }

    fn blank(&self) -> &'static str {
        self.one(&[" ", "  ", "\n ", " /* x */ ", " // y\n"])
    }

    fn text(&self, text: &str) -> String {
        match self.of(4) {
            1 => format!("`{text}`"),
            2 => format!("`${{{}\"{text}\"{}}}`", self.gap(), self.gap()),
            3 => format!("(\"\" + \"{text}\")"),
            _ => format!("\"{text}\""),
        }
    }

    fn name(&self, name: &str) -> String {
        match self.of(2) {
            1 => format!("\"{name}\""),
            _ => format!(":{name}"),
        }
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Plain(text) => (*text).to_owned(),
            Value::Listed(name) if self.of(2) == 1 => {
                format!("[{}{}{}]", self.gap(), self.name(name), self.gap())
            }
            Value::Name(name) | Value::Listed(name) => match self.of(2) {
                1 => self.text(name),
                _ => self.name(name),
            },
        }
    }

    fn map(&self, options: &[(&str, Value)]) -> String {
        let pairs: Vec<String> = options
            .iter()
            .map(|(name, value)| {
                let key = if self.of(2) == 0 {
                    (*name).to_owned()
                } else {
                    format!("\"{name}\"")
                };
                format!(
                    "{}{key}{}:{}{}",
                    self.gap(),
                    self.gap(),
                    self.blank(),
                    self.value(value)
                )
            })
            .collect();
        format!("#{{{}{}}}", pairs.join(","), self.gap())
    }

    fn call(&self, meant: &Meant) -> String {
        let Meant {
            verb,
            command,
            options,
            has_block,
        } = meant;
        let mut options = options.clone();
        let turned = self.of(options.len().max(1));
        options.rotate_left(turned);
        let mut before = String::new();
        let mut arguments = vec![match self.of(3) {
            1 => {
                before.push_str(&format!("let run_it = {};{}", self.text(command), self.gap()));
                "run_it".to_owned()
            }
            _ => self.text(command),
        }];
        match self.of(3) {
            1 if !options.is_empty() => arguments.push(self.map(&options)),
            2 if !options.is_empty() => {
                before.push_str(&format!("let set = {};{}", self.map(&options), self.gap()));
                arguments.push("set".to_owned());
            }
            _ => arguments.extend(options.iter().map(|(name, value)| {
                format!(
                    "{}{}=>{}{}",
                    self.name(name),
                    self.blank(),
                    self.gap(),
                    self.value(value)
                )
            })),
        }
        let block = format!(
            "|{}c,{}s, t{}|{}{{ puts t;{}}}",
            self.gap(),
            self.gap(),
            self.gap(),
            self.gap(),
            self.gap()
        );
        let mut list = String::new();
        for (index, argument) in arguments.iter().enumerate() {
            let comma = if index == 0 {
                String::new()
            } else {
                format!("{},{}", self.gap(), self.gap())
            };
            list.push_str(&comma);
            list.push_str(argument);
        }
        let call = match (self.of(2), has_block) {
            (0, false) => format!("{verb}{}{list}", self.blank()),
            (0, true) => format!(
                "{verb}{}{list}{}{}{block}",
                self.blank(),
                self.one(&[",", ""]),
                self.blank()
            ),
            (_, false) => format!("{verb}({}{list}{}{})", self.gap(), self.one(&["", ","]), self.gap()),
            (_, true) => match self.of(2) {
                0 => format!("{verb}({}{list},{}{block}{})", self.gap(), self.gap(), self.gap()),
                _ => format!("{verb}({}{list}{}){}{block}", self.gap(), self.gap(), self.blank()),
            },
        };
        let whole = format!("{before}{call}{};", self.gap());
        self.around(&whole)
    }

    /// Wraps the statements in something that runs them once.
    fn around(&self, statements: &str) -> String {
        let gap = self.gap();
        match self.of(9) {
            1 => format!("if true {{{gap}{statements}{gap}}}"),
            2 => format!("for put in [1] {{{gap}{statements}}}"),
            7 => format!("let f = || {{{gap}{statements}{gap}}}; f.call();"),
            4 => format!("try {{ {statements} }} catch (warn) {{ throw warn; }}"),
            5 => format!("switch 1 {{ 1 => {{ {statements} }} }}"),
            6 => format!("let task = `a ${{ {statements} 1 }}`;"),
            3 => format!("transaction {{ {statements} }}"),
            8 => format!("[1].for_each(|| {{ {statements} }});"),
            _ => statements.to_owned(),
        }
    }
}

fn meant() -> impl Strategy<Value = Meant> {
    let options: Vec<(&'static str, Value)> = vec![
        ("roles", Value::Listed("app")),
        ("once", Value::Plain("true")),
        ("pty", Value::Plain("!false")),
        ("env", Value::Plain("#{ RUN: \"1\" }")),
        ("shell", Value::Name("bash")),
        ("on_error", Value::Name("continue")),
        ("timeout", Value::Plain("(2 + 3)")),
        ("silent", Value::Plain("false")),
    ];
    let command = prop_oneof![Just("x".to_owned()), "[a-z][a-z :;,|=>(){}#/*-]{0,12}[a-z]"];
    let verb = select(vec!["run", "sudo", "try_sudo", "stream"]);
    (verb, command, subsequence(options, 0..=8), any::<bool>()).prop_map(|(verb, command, options, has_block)| Meant {
        verb,
        command,
        options,
        has_block: has_block && verb != "stream",
    })
}

/// Returns the commands that a body sends, and the output of its blocks.
fn does(body: &str) -> Result<String, String> {
    on_large_stack(|| sent(body)).unwrap()
}

fn sent(body: &str) -> Result<String, String> {
    let case = recipe(&format!(
        "role :web, \"w\"; role :app, \"a1\", \"a2\";\ntask :c {{ throw \"no\"; }}\ntask :t {{\n{body}\n}}"
    ));
    case.script.on("*", "", Answer::new().out("o"));
    let script = case.script.clone();
    let (loaded, log, _directory) = case.load();
    let mut loaded = loaded.map_err(|errors| format!("{errors:#?}"))?;
    loaded
        .run(&["t".to_owned()])
        .map_err(|stopped| format!("{:#?}", stopped.diagnostic))?;
    let random = Regex::new("capr-[0-9a-f]{32}-").unwrap();
    let sent: Vec<String> = script
        .commands()
        .iter()
        .map(|record| {
            let (tty, timeout) = (record.terminal.is_some(), record.timeout);
            let line = random.replace_all(&record.line, "capr-…-");
            format!("{} {line} {tty} {timeout:?} {}", record.server, record.input_ended)
        })
        .collect();
    let printed = log
        .0
        .borrow()
        .iter()
        .filter(|event| matches!(event, crate::event::Event::Printed { .. }))
        .count();
    Ok(format!("{sent:#?} {printed}"))
}

proptest! {
    #![proptest_config(tries(32))]

    #[test]
    fn every_way_to_write_a_call_is_the_same_call(meant in meant(), manner in vec(any::<u8>(), 0..60)) {
        let plain = Manner(RefCell::new(Vec::new().into_iter())).call(&meant);
        let written = Manner(RefCell::new(manner.into_iter())).call(&meant);
        let expected = does(&plain);
        prop_assert_eq!(expected.as_ref().err(), None, "{}", &plain);
        prop_assert_eq!(does(&written), expected, "{}\n{}", written, plain);
    }

    #[test]
    fn every_verb_is_a_name_where_a_name_is_meant(at in any::<Index>()) {
        // `puts` prints what is seen; `as` is a word of the engine's own, which can be no name in Rhai either.
        let words: Vec<&str> = VERBS.iter().map(|verb| verb.name).filter(|name| !matches!(*name, "puts" | "as")).collect();
        let word = words[at.index(words.len())];
        let text = format!(
            "fn helper({word}) {{ {word} + 1 }}
            task :{word} {{ }}
            task :t {{
              let map = #{{ {word}: 1, \"a\": #{{ {word}: 2 }} }};
              puts map.{word}; puts map.a.{word}; puts map[\"{word}\"]; puts :{word};
              map.{word} = 5; puts map.{word};
              puts helper(1);
              for {word} in [7] {{ puts {word}; }}
              let f = |{word}| {word} * 2; puts f.call(4);
              try {{ throw \"x\"; }} catch ({word}) {{ puts {word}; }}
              invoke :{word};
              {{ let {word} = 3; {word} += 1; puts {word}; puts `${{{word}}}`; }}
            }}"
        );
        let printed = on_large_stack(|| prints(&text)).unwrap();
        prop_assert_eq!(printed, vec!["1", "2", "1", word, "5", "2", "7", "8", "x", "4", "4"]);
    }
}
