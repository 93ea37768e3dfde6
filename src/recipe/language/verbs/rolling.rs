//! `rolling`: some servers at a time.

use super::super::grammar::Tail;
use super::super::options::SELECTION;
use super::super::takes;
use super::super::verb::{Choices, Verb};

pub(in crate::recipe) const ROLLING: Verb = Verb {
    name: "rolling",
    form: "rolling number, option => value, … { … }",
    arguments: (1, 1),
    takes: &[takes::NUMBER],
    tail: Tail::Required("block"),
    options: Choices::Known(&[SELECTION]),
    doc: "Runs the block several times, each time for the next so many servers of the current task or of the options: all that \
          it runs, tasks too, goes to those of them that it would go to anyway. The first time that it fails is the last; in a \
          transaction what the turns before have done is undone with it.",
    example: "role :app, \"app1.example.com\", \"app2.example.com\";\ntask :restart {\n  run \"touch tmp/restart.txt\";\n  run \"test ! -e failed\";\n}\ntask :example { rolling 1 { restart; } }",
};
