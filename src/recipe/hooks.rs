//! Runs what was hooked to a task or an event.

use std::rc::Rc;

use rhai::{Engine, Position};

use super::Fallible;
use super::interpreter::{Interpreter, join};
use super::origin::wrong;
use crate::configuration::{Hook, HookAction, Task, When};
use crate::event::Event;

impl Interpreter {
    /// Runs the hooks of an event around `task`, in the order they were registered. A task is not hooked to itself.
    pub(super) fn hooks(&self, engine: &Engine, when: When, task: Option<&Rc<Task>>) -> Fallible<()> {
        let hooks: Vec<Hook> = {
            let configuration = self.configuration.borrow();
            let hooks = configuration.hooks.iter();
            hooks
                .filter(|hook| hook.when == when && self.fires(hook, task))
                .cloned()
                .collect()
        };
        if hooks.is_empty() {
            return Ok(());
        }
        self.emit(Event::HooksTriggered {
            event: when.name().to_owned(),
            task: task.map(|task| task.name.clone()),
        });
        for hook in hooks {
            match &hook.action {
                HookAction::Block(block) => drop(self.call(engine, *block, &[])?),
                HookAction::Task(name, namespace) => match self.task(name, namespace) {
                    Some(task) => drop(self.run_task(engine, &task)?),
                    None => {
                        let event = when.name();
                        return Err(wrong(
                            format!("the task `{name}' of an `{event}' hook does not exist"),
                            Position::NONE,
                        ));
                    }
                },
            }
        }
        Ok(())
    }

    pub(super) fn fires(&self, hook: &Hook, task: Option<&Rc<Task>>) -> bool {
        let Some(task) = task else { return true };
        let named = |name: &String| {
            self.task(name, &hook.namespace)
                .is_some_and(|other| Rc::ptr_eq(&other, task))
        };
        let is_itself = matches!(&hook.action, HookAction::Task(name, _) if named(name));
        !is_itself
            && match &hook.only {
                Some(only) => only.iter().any(named),
                None => !hook.except.iter().any(named),
            }
    }

    /// Whether `before` or `after` has hooked a task to another by itself, whatever its name.
    fn is_hooked(&self, hook: &Rc<Task>, task: &Rc<Task>, when: &str) -> bool {
        let configuration = self.configuration.borrow();
        let mut hooks = configuration.hooks.iter();
        hooks.any(|other| {
            let is_it =
                |name: &str, namespace: &str| self.task(name, namespace).is_some_and(|it| Rc::ptr_eq(&it, hook));
            other.when.name() == when
                && matches!(&other.action, HookAction::Task(name, namespace) if is_it(name, namespace))
                && self.fires(other, Some(task))
        })
    }

    /// Capistrano 1: a task named `before_x` or `after_x` runs around the task `x`, on its own servers;
    /// once, where a hook says the same.
    pub(super) fn implicit_hooks(&self, engine: &Engine, task: &Rc<Task>, when: &str) -> Fallible<()> {
        let hooks: Vec<Rc<Task>> = {
            let configuration = self.configuration.borrow();
            let tasks = &configuration.tasks;
            let Some(id) = tasks.id(&task.name) else { return Ok(()) };
            let names = tasks.names_of(id).map(|name| match name.rsplit_once(':') {
                Some((namespace, last)) => join(namespace, &format!("{when}_{last}")),
                None => format!("{when}_{name}"),
            });
            names
                .filter_map(|name| tasks.get(&name))
                .filter(|hook| !self.is_hooked(hook, task, when))
                .collect()
        };
        for hook in hooks {
            let _ = self.run_task(engine, &hook)?;
        }
        Ok(())
    }
}
