//! Verbs of test files that say what must be true.

use super::super::choice::Choice;
use super::super::grammar::Tail;
use super::super::verb::{Choices, NONE, Verb};

pub(in crate::recipe) const ASSERT: Verb = Verb {
    name: "assert",
    form: "assert condition [, message]",
    arguments: (1, 2),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Fails the test where the condition is not true.",
    example: "test \"sums\" { assert 1 + 1 == 2, \"it cannot count\"; }",
};

pub(in crate::recipe) const ASSERT_EQ: Verb = Verb {
    name: "assert_eq",
    form: "assert_eq got, expected [, message]",
    arguments: (2, 3),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Fails the test where two values are not the same, and shows where they differ. Lists and maps are compared by what is in them.",
    example: "set :application, \"shop\";\n\
              test \"the application has its directory\" { assert_eq(deploy_to, \"/u/apps/shop\"); }",
};

pub(in crate::recipe) const ASSERT_NE: Verb = Verb {
    name: "assert_ne",
    form: "assert_ne got, other [, message]",
    arguments: (2, 3),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Fails the test where two values are the same.",
    example: "test \"they differ\" { assert_ne([1, 2], [2, 1]); }",
};

pub(in crate::recipe) const ASSERT_CONTAINS: Verb = Verb {
    name: "assert_contains",
    form: "assert_contains whole, part [, message]",
    arguments: (2, 3),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Fails the test where a string has not this part in it, a list not this element, a map not this key.",
    example: "test \"parts\" { assert_contains(\"puma.service\", \"puma\"); assert_contains([:app, :web], :web); }",
};

pub(in crate::recipe) const ASSERT_ERROR: Verb = Verb {
    name: "assert_error",
    form: "assert_error [message] { … }",
    arguments: (0, 1),
    takes: &[],
    tail: Tail::Required("block"),
    options: NONE,
    doc: "Fails the test where the block comes to its end, or fails with an error that has not this string in it.",
    example: "fn half(number) { if number % 2 == 1 { throw \"it is odd\"; } number / 2 }\n\
              test \"odd numbers have no half\" { assert_error \"odd\" { half(3); } }",
};

pub(in crate::recipe) const ASSERT_COMMANDS: Verb = Verb {
    name: "assert_commands",
    form: "assert_commands run, server, commands",
    arguments: (3, 3),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Fails the test where a server was not given exactly these commands, in this order. The server `:local` is this machine.",
    example: "task :t, :hosts => \"app1\" { run \"cd /srv && make\"; sudo \"systemctl restart shop\"; }\n\
              test \"it is built before it is restarted\" {\n  \
                assert_commands(rehearse(\"t\"), \"app1\", [\"cd /srv && make\", \"sudo systemctl restart shop\"]);\n\
              }",
};

pub(in crate::recipe) const ASSERT_NONE: Verb = Verb {
    name: "assert_none",
    form: "assert_none run, server, …",
    arguments: (2, super::super::verb::MANY),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Fails the test where one of these servers was given a command.",
    example: "role :app, \"app1\";\nrole :db, \"db1\";\n\
              task :t, :roles => :app { run \"uptime\"; }\n\
              test \"the database is left alone\" { assert_none(rehearse(\"t\"), \"db1\", :local); }",
};

const RAN_CHOICES: &[Choice] = &[
    Choice {
        name: "hosts",
        doc: "On this server, or on each of a list; otherwise on any. `:local` is this machine.",
    },
    Choice {
        name: "times",
        doc: "So often, on each of the servers, or on all together where none is named. Otherwise at least once.",
    },
    Choice {
        name: "verb",
        doc: "By this verb of the recipe: \"run\", \"sudo\", \"capture\", \"put\", \"upload\", \"run_locally\", ….",
    },
    Choice {
        name: "as",
        doc: "As this user, by sudo.",
    },
    Choice {
        name: "dir",
        doc: "In this directory.",
    },
    Choice {
        name: "env",
        doc: "With these variables in its environment: a map. It may have others.",
    },
    Choice {
        name: "data",
        doc: "It is given this on standard input.",
    },
];

pub(in crate::recipe) const ASSERT_RAN: Verb = Verb {
    name: "assert_ran",
    form: "assert_ran run, part [, pairs]",
    arguments: (2, 2),
    takes: &[],
    tail: Tail::Nothing,
    options: Choices::Known(&[RAN_CHOICES]),
    doc: "Fails the test where no command with this string in it was run in this way.",
    example: "task :t, :hosts => [\"app1\", \"app2\"] { run \"make\", :dir => \"/srv\", :env => #{ RAILS_ENV: \"production\" }; }\n\
              test \"it is built where it lies\" {\n  \
                let run = rehearse(\"t\");\n  \
                assert_ran run, \"make\", :hosts => [\"app1\", \"app2\"], :times => 1, :dir => \"/srv\";\n  \
                assert_ran run, \"make\", :env => #{ RAILS_ENV: \"production\" };\n\
              }",
};

pub(in crate::recipe) const ASSERT_NOT_RAN: Verb = Verb {
    name: "assert_not_ran",
    form: "assert_not_ran run, part [, pairs]",
    arguments: (2, 2),
    takes: &[],
    tail: Tail::Nothing,
    options: Choices::Known(&[RAN_CHOICES]),
    doc: "Fails the test where a command with this string in it was run in this way.",
    example: "task :t, :hosts => \"app1\" { run \"uptime\"; }\n\
              test \"nothing is removed\" { assert_not_ran(rehearse(\"t\"), \"rm \"); }",
};

const ORDER_CHOICES: &[Choice] = &[Choice {
    name: "hosts",
    doc: "On this server, or on each of a list; otherwise in the order of all commands.",
}];

pub(in crate::recipe) const ASSERT_ORDER: Verb = Verb {
    name: "assert_order",
    form: "assert_order run, parts [, pairs]",
    arguments: (2, 2),
    takes: &[],
    tail: Tail::Nothing,
    options: Choices::Known(&[ORDER_CHOICES]),
    doc: "Fails the test where commands with these strings in them were not run in this order. Others may have been run between them.",
    example: "task :t, :hosts => \"app1\" { run \"stop\"; run \"make\"; run \"start\"; }\n\
              test \"it stands still while it is built\" { assert_order(rehearse(\"t\"), [\"stop\", \"make\", \"start\"]); }",
};

const FAILS_CHOICES: &[Choice] = &[Choice {
    name: "code",
    doc: "The exit code that `capr` ends with.",
}];

pub(in crate::recipe) const ASSERT_FAILS: Verb = Verb {
    name: "assert_fails",
    form: "assert_fails run [, message] [, pairs]",
    arguments: (1, 2),
    takes: &[],
    tail: Tail::Nothing,
    options: Choices::Known(&[FAILS_CHOICES]),
    doc: "Fails the test where the run went well, or failed with an error that has not this string in it: in its message, in the reason or the \
          last lines of a server, or in a hint.",
    example: "task :t, :hosts => \"app1\" { run \"make\"; }\n\
              test \"a build that fails is told\" {\n  \
                answer \"make\", :status => 2, :stderr => \"no rule\\n\";\n  \
                assert_fails(rehearse(\"t\"), \"no rule\", :code => 1);\n\
              }",
};

pub(in crate::recipe) const ASSERT_ROLLED_BACK: Verb = Verb {
    name: "assert_rolled_back",
    form: "assert_rolled_back run, tasks",
    arguments: (2, 2),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Fails the test where not exactly the `on_rollback` of these tasks ran, in this order.",
    example: "role :app, \"app1\";\n\
              task :one { on_rollback { run \"undo one\"; } run \"one\"; }\n\
              task :two { on_rollback { run \"undo two\"; } run \"two\"; }\n\
              task :both { transaction { one; two; } }\n\
              test \"the last is undone first\" {\n  \
                answer \"two\", :match => :whole, :status => 1;\n  \
                let run = rehearse(\"both\");\n  \
                assert_fails(run);\n  \
                assert_rolled_back(run, [\"two\", \"one\"]);\n\
              }",
};

pub(in crate::recipe) const ASSERT_TASKS: Verb = Verb {
    name: "assert_tasks",
    form: "assert_tasks run, tasks",
    arguments: (2, 2),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Fails the test where these tasks were not begun in this order. Others may have been begun between them.",
    example: "task :one {}\ntask :two { one; }\ntask :three {}\nafter :two, :three;\n\
              test \"hooks run\" { assert_tasks(rehearse(\"two\"), [\"two\", \"one\", \"three\"]); }",
};

pub(in crate::recipe) const ASSERT_SAID: Verb = Verb {
    name: "assert_said",
    form: "assert_said run, part",
    arguments: (2, 2),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Fails the test where no message, and nothing that was printed, has this string in it.",
    example: "task :t { warn \"the disk is full\"; }\n\
              test \"it warns\" { assert_said(rehearse(\"t\"), \"disk is full\"); }",
};

const SENT_CHOICES: &[Choice] = &[
    Choice {
        name: "hosts",
        doc: "To this server, or to each of a list; otherwise to any.",
    },
    Choice {
        name: "mode",
        doc: "With these permissions: `0o644`, or \"0644\".",
    },
];

pub(in crate::recipe) const ASSERT_SENT: Verb = Verb {
    name: "assert_sent",
    form: "assert_sent run, path [, content] [, pairs]",
    arguments: (2, 3),
    takes: &[],
    tail: Tail::Nothing,
    options: Choices::Known(&[SENT_CHOICES]),
    doc: "Fails the test where no file was sent to this path by `put` or `upload`, or one with another content.",
    example: "task :t, :hosts => \"app1\" { put \"port: 80\\n\", \"/etc/shop.yml\", :mode => 0o640; }\n\
              test \"the configuration is written\" {\n  \
                assert_sent rehearse(\"t\"), \"/etc/shop.yml\", \"port: 80\\n\", :hosts => \"app1\", :mode => 0o640;\n\
              }",
};
