//! Verbs of test files: tests, what they begin with, and what they try.

use super::super::choice::Choice;
use super::super::grammar::Tail;
use super::super::verb::{Choices, MANY, NONE, Verb};

pub(in crate::recipe) const TEST: Verb = Verb {
    name: "test",
    form: "test name { … }",
    arguments: (1, 1),
    takes: &[],
    tail: Tail::Required("block"),
    options: NONE,
    doc: "Defines a test. `capr test` runs each in a process of its own: it reads the file from its first line, with what the file loads, \
          and then evaluates the block. So nothing of one test is there in another, and what stands at the top of the file is true for all. \
          The test has passed when the block comes to its end.",
    example: "task :hello, :hosts => \"app1\" { run \"uptime\"; }\n\
              test \"hello asks app1\" {\n  \
                assert_commands(rehearse(\"hello\"), \"app1\", [\"uptime\"]);\n\
              }",
};

pub(in crate::recipe) const REHEARSE: Verb = Verb {
    name: "rehearse",
    form: "rehearse [stage,] task, … [, \"NAME=value\", …]",
    arguments: (1, MANY),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Runs tasks as `capr` would with these words, with their hooks, transactions and rollbacks, on servers that do nothing: each \
          command ends well and writes nothing, unless `answer` says otherwise. Gives a value that knows what was done:\n\n\
          | | |\n|---|---|\n\
          | `run.on(server)` | the commands of a server, as a list of strings in their order; `\"local\"` is this machine |\n\
          | `run.commands` | all commands in the order in which they were started, each a map: `server`, `command`, `verb`, `options` (`as`, \
          `dir`, `env`, … as strings), `data` |\n\
          | `run.files` | what was sent: maps with `server`, `path`, `content`, `mode` |\n\
          | `run.tasks` | the tasks that were begun, in order |\n\
          | `run.rolled_back` | the tasks whose `on_rollback` ran, in order |\n\
          | `run.messages`, `run.printed` | what was said, and what was printed with `puts` |\n\
          | `run.failed`, `run.error`, `run.code` | true where the run failed, the error's message (or `()`), the exit code |\n\n\
          A run that fails fails the test, unless the test looks at that: with `assert_fails`, or at `run.failed`, `run.error` or `run.code`.",
    example: "role :app, \"app1\", \"app2\";\n\
              task :restart { run \"systemctl --user restart puma\"; }\n\
              test \"restart goes to all application servers\" {\n  \
                let run = rehearse(\"restart\");\n  \
                assert_eq(run.on(\"app2\"), [\"systemctl --user restart puma\"]);\n\
              }",
};

const ANSWER_CHOICES: &[Choice] = &[
    Choice {
        name: "hosts",
        doc: "Only on this server, or on those of a list; otherwise on all.",
    },
    Choice {
        name: "local",
        doc: "With true for commands of this machine: `run_locally`, `system`.",
    },
    Choice {
        name: "match",
        doc: "`:part` (the default): the command has this string in it. `:whole`: it is this string. `:regex`: the regular expression fits.",
    },
    Choice {
        name: "file",
        doc: "For `get` and `download`: the content of the file that the server sends. It is kept in memory, where `read_file` and `upload` find it.",
    },
    Choice {
        name: "files",
        doc: "For `get` and `download`: the directory that the server sends, a map of paths and contents.",
    },
    Choice {
        name: "stdout",
        doc: "Is written on standard output. A list gives one each time, and the last one from then on; so do the lists of the other options.",
    },
    Choice {
        name: "stderr",
        doc: "Is written on standard error.",
    },
    Choice {
        name: "status",
        doc: "The exit status; 0 where nothing is said.",
    },
    Choice {
        name: "signal",
        doc: "The command is killed by this signal: \"KILL\".",
    },
    Choice {
        name: "lost",
        doc: "The connection is lost for this reason.",
    },
    Choice {
        name: "hangs",
        doc: "With true the command does not end by itself; its `:timeout` strikes at once. Without a timeout the test fails, unless \
              something else ends the command.",
    },
];

pub(in crate::recipe) const ANSWER: Verb = Verb {
    name: "answer",
    form: "answer command, pairs",
    arguments: (1, 1),
    takes: &[],
    tail: Tail::Nothing,
    options: Choices::Known(&[ANSWER_CHOICES]),
    doc: "Says how a command ends and what it writes, from now on. Of several answers that fit the one that was given last holds. The \
          command is compared with what the recipe says, and with what is sent.",
    example: "task :revision, :hosts => \"app1\" { info capture(\"cat REVISION\"); }\n\
              test \"the revision is told\" {\n  \
                answer \"cat REVISION\", :stdout => \"abc123\\n\";\n  \
                assert_said(rehearse(\"revision\"), \"abc123\");\n  \
                answer \"cat REVISION\", :status => 1, :stderr => \"no such file\\n\";\n  \
                assert_fails(rehearse(\"revision\"), \"no such file\");\n\
              }",
};

pub(in crate::recipe) const UNREACHABLE: Verb = Verb {
    name: "unreachable",
    form: "unreachable server [, reason]",
    arguments: (1, 2),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "No connection to this server can be made from now on; the reason is \"connection refused\" where none is given.",
    example: "role :app, \"app1\", \"app2\";\n\
              task :hello { run \"uptime\"; }\n\
              test \"a server that is down stops all of it\" {\n  \
                unreachable \"app2\";\n  \
                let run = rehearse(\"hello\");\n  \
                assert_fails(run, \"could not connect\", :code => 4);\n  \
                assert_none(run, \"app1\");\n\
              }",
};

pub(in crate::recipe) const REPLY: Verb = Verb {
    name: "reply",
    form: "reply question, answer",
    arguments: (2, 2),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Says what a person types where a question has this string in it: `ask`, `choose`, `password_prompt`, the password of sudo. Nobody answers \
          other questions.",
    example: "task :greet { info `hello ${ask(\"Who are you?\")}`; }\n\
              test \"it greets\" {\n  \
                reply \"Who are you\", \"Anna\";\n  \
                assert_said(rehearse(\"greet\"), \"hello Anna\");\n\
              }",
};

pub(in crate::recipe) const SET_CLOCK: Verb = Verb {
    name: "set_clock",
    form: "set_clock time",
    arguments: (1, 1),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Sets the clock that recipes read, as \"2026-01-31 08:00:00\" (UTC) or in seconds since 1970. In a test it stands still: at the \
          beginning on 2026-01-01 00:00:00, and `sleep` moves it without waiting.",
    example: "task :today { info utc_now(\"%A\"); }\n\
              test \"it knows the day\" {\n  \
                set_clock \"2026-02-06 12:00:00\";\n  \
                assert_said(rehearse(\"today\"), \"Friday\");\n\
              }",
};
