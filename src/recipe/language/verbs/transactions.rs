//! `transaction` and `on_rollback`.

use super::super::grammar::Tail;
use super::super::verb::{NONE, Verb};

pub(in crate::recipe) const TRANSACTION: Verb = Verb {
    name: "transaction",
    form: "transaction { … }",
    arguments: (0, 0),
    takes: &[],
    tail: Tail::Required("block"),
    options: NONE,
    doc: "If anything fails in the block (a command, the recipe itself, `abort`, Ctrl-C), the rollback handlers that \
          were registered in it run, last registered first. A transaction inside another is part of it: \
          what fails in the outer one undoes both. What fails in the inner one undoes the inner one first; if the \
          recipe catches the error between them, the outer one goes on.",
    example: "task :change {\n  on_rollback { puts \"undone\"; }\n  puts \"done\";\n}\ntask :example { transaction { change; } }",
};

pub(in crate::recipe) const ON_ROLLBACK: Verb = Verb {
    name: "on_rollback",
    form: "on_rollback { … }",
    arguments: (0, 0),
    takes: &[],
    tail: Tail::Required("block"),
    options: NONE,
    doc: "Registers what undoes the current task, to be run if the transaction fails later. Its commands go to the \
          task's servers on which it had started something. A task can register several; outside a transaction there \
          is nothing to undo, and a warning says so.",
    example: "task :example {\n  transaction {\n    on_rollback { puts \"undone\"; }\n    puts \"done\";\n  }\n}",
};
