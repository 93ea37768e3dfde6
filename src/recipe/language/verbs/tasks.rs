//! `task`, the verbs for the descriptions of tasks, and hooks.

use rhai::{EvalAltResult, Position};

use super::super::choice::Choice;
use super::super::grammar::Tail;
use super::super::options::{COMMAND, SELECTION};
use super::super::origin::raise;
use super::super::takes;
use super::super::verb::{Choices, MANY, NONE, Verb};
use crate::configuration::suggestion;
use crate::diagnostic::{Diagnostic, Fault};

pub(in crate::recipe) const DESC: Verb = Verb {
    name: "desc",
    form: "desc text",
    arguments: (1, 1),
    takes: &[takes::STRING],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Describes the next task. The first sentence is shown by `-T`, all of it by `-e`.",
    example: "desc \"Restart the application.\";\ntask :restart { puts \"restarting\"; }",
};

static OF_TASKS: &[Choice] = &[
    Choice {
        name: "arguments",
        doc: "names, a list: `capr 'TASK[one,two]'` gives `ENV` of these names the words in the brackets, as Rake does; the last may be `*NAME`, which takes the rest with their commas",
    },
    Choice {
        name: "confirm",
        doc: "a question, or true: a person is asked it before anything is done, and the tasks run if the answer is yes; `-y` says yes",
    },
    Choice {
        name: "desc",
        doc: "describes it, as `desc` before it would",
    },
    Choice {
        name: "lock",
        doc: "true: first takes the lock of the application on the task's servers, as a deploy does, and holds it to the end of the run",
    },
    Choice {
        name: "word",
        doc: "a name: the word behind the task's name on the command line is `ENV` of that name, where it names no task",
    },
];

pub(in crate::recipe) const TASK: Verb = Verb {
    name: "task",
    form: "task :name, option => value, … { … }",
    arguments: (1, 1),
    takes: &[takes::TASK],
    tail: Tail::Required("body"),
    options: Choices::Known(&[OF_TASKS, SELECTION, COMMAND]),
    doc: "Defines a task, or replaces the one of that name. Its commands go to the servers that its options select, all \
          servers by default; options for commands hold for all commands in it. In a namespace a task named `default` \
          is called by the namespace's name.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app { run \"uptime\"; }",
};

pub(in crate::recipe) const NAMESPACE: Verb = Verb {
    name: "namespace",
    form: "namespace :name { … }",
    arguments: (1, 1),
    takes: &[takes::NAMESPACE],
    tail: Tail::Required("block"),
    options: NONE,
    doc: "Tasks defined in the block are called `name:task`. A namespace can be opened again. Names in it are looked up \
          there first, then outwards.",
    example: "namespace :deploy {\n  task :restart { puts \"restarting\"; }\n}\ntask :example { deploy.restart; }",
};

static OF_INVOKE: &[Choice] = &[Choice {
    name: "again",
    doc: "true: also where the task has run already, as `invoke!` of Capistrano 3",
}];

pub(in crate::recipe) const INVOKE: Verb = Verb {
    name: "invoke",
    form: "invoke \"namespace:task\", option => value",
    arguments: (1, 1),
    takes: &[takes::TASK],
    tail: Tail::Nothing,
    options: Choices::Known(&[OF_INVOKE]),
    doc: "Runs a task by its name, as its bare name would: it is looked up in the namespace, then outwards. `:name` stands \
          outside of all namespaces. In a recipe that says `set :dialect, 3` it runs no task twice, and neither do hooks of \
          tasks: that is so in Capistrano 3.",
    example: "namespace :deploy {\n  task :restart { puts \"restarting\"; }\n}\ntask :example { invoke \"deploy:restart\"; }",
};

pub(in crate::recipe) const ALIAS_TASK: Verb = Verb {
    name: "alias_task",
    form: "alias_task :new, :old",
    arguments: (2, 2),
    takes: &[takes::TASK, takes::TASK],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Copies a task as it is now under a new name.",
    example: "task :old { puts \"hello\"; }\nalias_task :example, :old;",
};

pub(in crate::recipe) const SYNONYM_TASK: Verb = Verb {
    name: "synonym_task",
    form: "synonym_task :name, \"namespace:task\"",
    arguments: (2, 2),
    takes: &[takes::TASK, takes::TASK],
    tail: Tail::Nothing,
    options: NONE,
    doc: "Makes two full names stand for one task, whichever of them is defined, redefined, hooked or called.",
    example: "synonym_task :symlink, \"deploy:create_symlink\";\nnamespace :deploy {\n  task :create_symlink { puts \"linked\"; }\n}\ntask :example { symlink; }",
};

pub(in crate::recipe) const CURRENT_TASK: Verb = Verb {
    name: "current_task",
    form: "current_task",
    arguments: (0, 0),
    takes: &[],
    tail: Tail::Nothing,
    options: NONE,
    doc: "The full name of the innermost running task; `()` outside of tasks.",
    example: "task :example { puts current_task; }",
};

/// The form of verbs that take tasks or a block.
const HOOKED: Tail = Tail::Instead("a task", "tasks");

pub(in crate::recipe) const BEFORE: Verb = Verb {
    name: "before",
    form: "before :task, :hook, …  |  before :task { … }",
    arguments: (1, MANY),
    takes: &[takes::TASK, takes::TASKS],
    tail: HOOKED,
    options: NONE,
    doc: "Runs tasks, or a block, before each run of a task. A block's commands go to the hooked task's servers, a \
          task's to its own. The tasks may be defined later.",
    example: "before :example, :prepare;\ntask :prepare { puts \"first\"; }\ntask :example { puts \"second\"; }",
};

pub(in crate::recipe) const AFTER: Verb = Verb {
    name: "after",
    form: "after :task, :hook, …  |  after :task { … }",
    arguments: (1, MANY),
    takes: &[takes::TASK, takes::TASKS],
    tail: HOOKED,
    options: NONE,
    doc: "Runs tasks, or a block, after each run of a task that did not fail.",
    example: "after :example, :tidy;\ntask :tidy { puts \"second\"; }\ntask :example { puts \"first\"; }",
};

static FILTERS: &[Choice] = &[
    Choice {
        name: "only",
        doc: "only around these tasks: a name, or a list",
    },
    Choice {
        name: "except",
        doc: "around all tasks but these",
    },
];

static TURNS: &[Choice] = &[
    Choice {
        name: "in",
        doc: "with servers: `:parallel` (the default), `:sequence` (one after the other) or `:groups`",
    },
    Choice {
        name: "limit",
        doc: "so many servers are in a group, 2 by default",
    },
    Choice {
        name: "wait",
        doc: "seconds between the groups, or between the servers of a sequence, 2 by default",
    },
];

pub(in crate::recipe) const ON: Verb = Verb {
    name: "on",
    form: "on servers, :in => :groups, :limit => 2, :wait => 5, |server| { … }  |  on :event, :hook, …, :only => tasks, :except => tasks  |  on :event { … }",
    arguments: (1, MANY),
    takes: &[takes::ANYTHING],
    tail: HOOKED,
    options: Choices::Known(&[TURNS, FILTERS]),
    doc: "With servers (`roles(:app)`, `primary(:db)`, a list of hosts) it runs the block for each of them: its commands go to that server,           `test` and `capture` answer for it, and `return` ends its part. The block is given the server: `server.host`,           `server.roles`, `server.properties` and what else `roles` tells. All servers have their parts at the same time,           and what all want next is one action; where it fails on one, nothing more is started on any. A task that is called in it runs           once for all that come to it, on its own servers. No `transaction` and no `on_rollback` stands in it. Locals around it can be changed.           `:max_hosts` of the task holds where `in` says nothing. With an event it runs tasks, or a block, at an event: `:before` and `:after` every task; `:start` and `:finish` of a task of \
          the command line; `:load` once, when all recipes are loaded; `:stage` \
          once, when the stage is known and before its file is loaded, for what differs by stage; `:exit` once, when all tasks of the command \
          line succeeded; `:failure` when a task of the command line failed, after its rollback.",
    example: "role :app, \"app1.example.com\", \"app2.example.com\";\non :start { puts \"here we go\"; }\ntask :example {\n  on roles(:app), |server| {\n    if test(\"[ -e /tmp/off ]\") { return; }\n    run `echo ${server.host} is on`;\n  }\n}",
};

/// Returns true for options of `on` that belong to events.
pub(in crate::recipe) fn is_own_option(name: &str) -> bool {
    FILTERS.iter().any(|choice| choice.name == name)
}

/// Returns true if the word after `on` is a host and cannot be an event.
pub(in crate::recipe) fn is_host(text: &str) -> bool {
    text.contains(['.', '@', ':'])
}

/// Returns the error for an event that does not exist.
pub(in crate::recipe) fn no_event(event: &str, position: Position) -> Box<EvalAltResult> {
    let names = "before, after, start, finish, load, stage, exit, failure";
    if event == "local" {
        let diagnostic = Diagnostic::new(Fault::Recipe, "`on' takes an event, no place").label("no such event");
        return raise(
            diagnostic.hint("each command on this machine: run_locally \"…\";"),
            position,
        );
    }
    let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("there is no event `{event}'")).label("no such event");
    let known = || {
        format!(
            "it is one of {names}; around a task: before :task, :hook; after :task, :hook; servers stand in a list: on \
             [\"{event}\"], |server| {{ … }}"
        )
    };
    diagnostic
        .hints
        .push(suggestion(event, names.split(", ")).unwrap_or_else(known));
    raise(diagnostic, position)
}
