//! `task`, what is said about tasks, and hooks.

use rhai::{Dynamic, EvalContext, FnPtr, Position};

use super::super::block::{Block, in_place};
use super::super::interpreter::Interpreter;
use super::{Choice, Choices, MANY, NONE, Verb, text};
use crate::configuration::{Hook, HookAction, Selection, Task, When, clean_description, suggestion};
use crate::diagnostic::{Diagnostic, Fault, Origin};
use crate::recipe::language::grammar::{Call, Tail};
use crate::recipe::language::options::{COMMAND, SELECTION, run_options, selection};
use crate::recipe::language::origin::{Fallible, origin, raise};
use crate::recipe::language::syntax::ruby;

pub(super) const DESC: Verb = Verb {
    name: "desc",
    form: "desc text",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Describes the next task. The first sentence is shown by `-T`, all of it by `-e`.",
    example: "desc \"Restart the application.\";\ntask :restart { puts \"restarting\"; }",
    perform: |interpreter, _, call| {
        *interpreter.description.borrow_mut() = Some(clean_description(&text(&call, 0)));
        Ok(Dynamic::UNIT)
    },
};

static DESCRIPTION: &[Choice] = &[Choice {
    name: "desc",
    doc: "describes it, as `desc` before it would",
}];

pub(super) const TASK: Verb = Verb {
    name: "task",
    form: "task :name, option => value, … { … }",
    arguments: (1, 1),
    tail: Tail::Required("body"),
    options: Choices::Known(&[DESCRIPTION, SELECTION, COMMAND]),
    doc: "Defines a task, or replaces the one of that name. Its commands go to the servers that its options select, all \
          servers by default; options for commands hold for all commands in it. In a namespace a task named `default` \
          is called by the namespace's name.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app { run \"uptime\"; }",
    perform: task,
};

fn task(interpreter: &Interpreter, context: &mut EvalContext, mut call: Call) -> Fallible {
    let name = text(&call, 0);
    let Some(block) = call.block else {
        return Err(TASK.lacks_block(&name, call.position));
    };
    let full = interpreter.full_name(&name);
    let full = full.strip_suffix(":default").unwrap_or(&full).to_owned();
    let body = interpreter.keep(Block::capture(context, block, interpreter.namespace()));
    let described = call.options.get("desc");
    let described = described.map(|(text, _)| clean_description(&text.to_string()));
    let before = interpreter.description.borrow_mut().take();
    let mut function = |name: &str| {
        let (value, _) = call.options.get(name)?;
        let function = value.read_lock::<FnPtr>()?.clone();
        call.options.shift_remove(name);
        Some(interpreter.keep(Block::function(context, function, interpreter.namespace())))
    };
    let (hosts_from, roles_from) = (function("hosts"), function("roles"));
    let task = Task {
        name: full,
        description: described.or(before),
        selection: Selection {
            hosts_from,
            roles_from,
            ..selection(&call.options)?
        },
        options: run_options(&call.options)?,
        body,
        origin: origin(context.source(), call.position).unwrap_or(Origin {
            file: "".into(),
            line: 0,
            column: 0,
        }),
    };
    interpreter.configuration.borrow_mut().tasks.define(task);
    Ok(Dynamic::UNIT)
}

pub(super) const NAMESPACE: Verb = Verb {
    name: "namespace",
    form: "namespace :name { … }",
    arguments: (1, 1),
    tail: Tail::Required("block"),
    options: NONE,
    doc: "Tasks defined in the block are called `name:task`. A namespace can be opened again. Names in it are looked up \
          there first, then outwards.",
    example: "namespace :deploy {\n  task :restart { puts \"restarting\"; }\n}\ntask :example { deploy.restart; }",
    perform: namespace,
};

fn namespace(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let name = text(&call, 0);
    let Some(block) = call.block else {
        return Err(NAMESPACE.lacks_block(&name, call.position));
    };
    let around = interpreter.enter_namespace(interpreter.full_name(&name).into());
    let result = in_place(context, block, Vec::new());
    interpreter.enter_namespace(around);
    // A description that no task took ends with its namespace.
    interpreter.description.borrow_mut().take();
    result.map(|_| Dynamic::UNIT)
}

pub(super) const INVOKE: Verb = Verb {
    name: "invoke",
    form: "invoke \"namespace:task\"",
    arguments: (1, 1),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Runs a task by its name, as its bare name would: it is looked up in the namespace, then outwards. `:name` stands \
          outside of all namespaces.",
    example: "namespace :deploy {\n  task :restart { puts \"restarting\"; }\n}\ntask :example { invoke \"deploy:restart\"; }",
    perform: invoke,
};

fn invoke(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    let name = text(&call, 0);
    match interpreter.task(&name, &interpreter.namespace()) {
        Some(task) => interpreter.run_task(context.engine(), &task),
        None => Err(no_task(interpreter, &name, &call)),
    }
}

fn no_task(interpreter: &Interpreter, name: &str, call: &Call) -> Box<rhai::EvalAltResult> {
    let mut diagnostic =
        Diagnostic::new(Fault::Recipe, format!("the task `{name}' does not exist")).label("no such task");
    diagnostic
        .hints
        .extend(interpreter.task_suggestion(name, &interpreter.namespace()));
    let position = call.arguments.last().map_or(call.position, |(_, position)| *position);
    raise(diagnostic, position)
}

pub(super) const ALIAS_TASK: Verb = Verb {
    name: "alias_task",
    form: "alias_task :new, :old",
    arguments: (2, 2),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Copies a task as it is now under a new name.",
    example: "task :old { puts \"hello\"; }\nalias_task :example, :old;",
    perform: alias_task,
};

fn alias_task(interpreter: &Interpreter, _: &mut EvalContext, call: Call) -> Fallible {
    let old = text(&call, 1);
    let Some(task) = interpreter.task(&old, &interpreter.namespace()) else {
        return Err(no_task(interpreter, &old, &call));
    };
    let mut copy = Task::clone(&task);
    copy.name = interpreter.full_name(&text(&call, 0));
    interpreter.configuration.borrow_mut().tasks.define(copy);
    Ok(Dynamic::UNIT)
}

pub(super) const SYNONYM_TASK: Verb = Verb {
    name: "synonym_task",
    form: "synonym_task :name, \"namespace:task\"",
    arguments: (2, 2),
    tail: Tail::Nothing,
    options: NONE,
    doc: "Makes two full names stand for one task, whichever of them is defined, redefined, hooked or called.",
    example: "synonym_task :symlink, \"deploy:create_symlink\";\nnamespace :deploy {\n  task :create_symlink { puts \"linked\"; }\n}\ntask :example { symlink; }",
    perform: |interpreter, _, call| {
        interpreter
            .configuration
            .borrow_mut()
            .tasks
            .synonym(&text(&call, 0), &text(&call, 1));
        Ok(Dynamic::UNIT)
    },
};

pub(super) const CURRENT_TASK: Verb = Verb {
    name: "current_task",
    form: "current_task",
    arguments: (0, 0),
    tail: Tail::Nothing,
    options: NONE,
    doc: "The full name of the innermost running task; `()` outside of tasks.",
    example: "task :example { puts current_task; }",
    perform: |interpreter, _, _| {
        Ok(interpreter
            .current_task()
            .map_or(Dynamic::UNIT, |task| task.name.clone().into()))
    },
};

/// Tasks or a block.
const HOOKED: Tail = Tail::Instead("a task", "tasks");

pub(super) const BEFORE: Verb = Verb {
    name: "before",
    form: "before :task, :hook, …  |  before :task { … }",
    arguments: (1, MANY),
    tail: HOOKED,
    options: NONE,
    doc: "Runs tasks, or a block, before each run of a task. A block's commands go to the hooked task's servers, a \
          task's to its own. The tasks may be defined later.",
    example: "before :example, :prepare;\ntask :prepare { puts \"first\"; }\ntask :example { puts \"second\"; }",
    perform: |interpreter, context, call| {
        let only = Some(vec![text(&call, 0)]);
        register(&BEFORE, interpreter, context, &call, When::Before, only, Vec::new())
    },
};

pub(super) const AFTER: Verb = Verb {
    name: "after",
    form: "after :task, :hook, …  |  after :task { … }",
    arguments: (1, MANY),
    tail: HOOKED,
    options: NONE,
    doc: "Runs tasks, or a block, after each run of a task that did not fail.",
    example: "after :example, :tidy;\ntask :tidy { puts \"second\"; }\ntask :example { puts \"first\"; }",
    perform: |interpreter, context, call| {
        let only = Some(vec![text(&call, 0)]);
        register(&AFTER, interpreter, context, &call, When::After, only, Vec::new())
    },
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

pub(super) const ON: Verb = Verb {
    name: "on",
    form: "on :event, :hook, …, :only => tasks, :except => tasks  |  on :event { … }",
    arguments: (1, MANY),
    tail: HOOKED,
    options: Choices::Known(&[FILTERS]),
    doc: "Runs tasks, or a block, at an event: `:before` and `:after` every task; `:start` and `:finish` of a task of \
          the command line; `:load` once, when all recipes are loaded; `:exit` once, when all tasks of the command \
          line succeeded; `:failure` when a task of the command line failed, after its rollback.",
    example: "on :start { puts \"here we go\"; }\ntask :example { puts \"done\"; }",
    perform: on,
};

fn on(interpreter: &Interpreter, context: &mut EvalContext, call: Call) -> Fallible {
    if let Some((value, position)) = call.arguments.first()
        && (value.is_map() || value.is_array())
    {
        return Err(no_servers(*position));
    }
    let event = text(&call, 0);
    let Some(when) = When::from_name(&event) else {
        let position = call.arguments.first().map_or(call.position, |(_, position)| *position);
        return Err(no_event(&event, position));
    };
    let names = |option: &str| {
        let value = call.options.get(option).map(|(value, _)| value);
        value.map(crate::recipe::language::values::texts)
    };
    register(
        &ON,
        interpreter,
        context,
        &call,
        when,
        names("only"),
        names("except").unwrap_or_default(),
    )
}

/// `on roles(:app) { … }`, as in Capistrano 3.
pub(in crate::recipe) fn no_servers(position: Position) -> Box<rhai::EvalAltResult> {
    let diagnostic =
        Diagnostic::new(Fault::Recipe, "`on' takes an event here, no servers").label("not a block for servers");
    let hint = "servers are options, of the task or of a command: task :name, :roles => :app { … }";
    raise(diagnostic.hint(hint), position)
}

/// There is no such event.
pub(in crate::recipe) fn no_event(event: &str, position: Position) -> Box<rhai::EvalAltResult> {
    let names = "before, after, start, finish, load, exit, failure";
    if event == "local" {
        let diagnostic = Diagnostic::new(Fault::Recipe, "`on' takes an event, no place").label("no such event");
        return raise(
            diagnostic.hint("each command on this machine: run_locally \"…\";"),
            position,
        );
    }
    let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("there is no event `{event}'")).label("no such event");
    let known = || format!("it is one of {names}; around a task: before :task, :hook; after :task, :hook;");
    diagnostic
        .hints
        .push(suggestion(event, names.split(", ")).unwrap_or_else(known));
    raise(diagnostic, position)
}

fn register(
    verb: &Verb,
    interpreter: &Interpreter,
    context: &EvalContext,
    call: &Call,
    when: When,
    only: Option<Vec<String>>,
    except: Vec<String>,
) -> Fallible {
    let namespace = interpreter.namespace();
    let place = |position| origin(context.source(), position);
    let named: Vec<(String, Position)> = call
        .arguments
        .iter()
        .skip(1)
        .flat_map(|(value, position)| {
            crate::recipe::language::values::texts(value)
                .into_iter()
                .map(|name| (name, *position))
        })
        .collect();
    let actions: Vec<(HookAction, Position)> = match call.block {
        Some(block) => {
            let block = interpreter.keep(Block::capture(context, block, namespace.clone()));
            vec![(HookAction::Block(block), call.position)]
        }
        None if named.is_empty() => return Err(verb.lacks_block("", call.position)),
        None => named
            .into_iter()
            .map(|(task, position)| (HookAction::Task(task, namespace.to_string()), position))
            .collect(),
    };
    let filter = call.options.get("only").map(|(_, position)| *position);
    let first = call.arguments.first().map(|(_, position)| *position);
    let around = filter.or(first).and_then(place).or_else(|| place(call.position));
    let mut configuration = interpreter.configuration.borrow_mut();
    for (action, position) in actions {
        configuration.hooks.push(Hook {
            when,
            only: only.clone(),
            except: except.clone(),
            namespace: namespace.to_string(),
            action,
            origin: place(position).or_else(|| place(call.position)),
            around: around.clone(),
        });
    }
    Ok(Dynamic::UNIT)
}

/// Hooks whose tasks do not exist, or that would run around a task that does not.
pub(in crate::recipe) fn dangling_hooks(interpreter: &Interpreter) -> Vec<Diagnostic> {
    let hooks = interpreter.configuration.borrow().hooks.clone();
    let mut dangling = Vec::new();
    for hook in &hooks {
        let mut names: Vec<(&str, &Option<Origin>)> = hook
            .only
            .iter()
            .flatten()
            .map(|name| (name.as_str(), &hook.around))
            .collect();
        if let HookAction::Task(name, _) = &hook.action {
            names.push((name, &hook.origin));
        }
        for (name, origin) in names {
            if interpreter.task(name, &hook.namespace).is_some() {
                continue;
            }
            dangling.push(no_hook(interpreter, name, &hook.namespace, hook.when.name()).at(origin.clone()));
        }
    }
    dangling
}

/// A hook names a task that does not exist.
pub(in crate::recipe) fn no_hook(interpreter: &Interpreter, name: &str, namespace: &str, event: &str) -> Diagnostic {
    let message = format!("the task `{name}' of this `{event}' hook does not exist");
    let mut diagnostic = Diagnostic::new(Fault::Recipe, message).label("no such task");
    // Only where there is what it names.
    let of_ruby = ruby::event(name).filter(|_| interpreter.task("deploy:update_code", "").is_some());
    let meant = of_ruby.map(str::to_owned);
    diagnostic
        .hints
        .extend(meant.or_else(|| interpreter.task_suggestion(name, namespace)));
    diagnostic
}
