//! The hooks and tasks that run around a task: the hooks that name it, and the tasks that are hooks by their own names. Running,
//! checking and `--servers` all ask here.

use std::rc::Rc;

use super::{Configuration, Hook, HookAction, Task, When, join};

impl<V> Configuration<V> {
    /// Returns the hooks of an event that fire around `task`, in the order in which they were registered. A task is not a hook of
    /// itself.
    pub(crate) fn hooked(&self, when: When, task: Option<&Rc<Task>>) -> Vec<Hook> {
        let hooks = self.hooks.iter();
        hooks
            .filter(|hook| hook.when == when && self.fires(hook, task))
            .cloned()
            .collect()
    }

    /// Returns the hooks of `load` that were registered since the last call: first those of the recipe, then those of its stage.
    pub(crate) fn newly_loaded(&mut self) -> Vec<Hook> {
        let from = std::mem::replace(&mut self.loaded, self.hooks.len());
        let new = self.hooks.iter().skip(from);
        new.filter(|hook| hook.when == When::Load).cloned().collect()
    }

    /// Returns the tasks named `before_x` or `after_x`, which in Capistrano 1 run around the task `x` on their own servers. A
    /// task that a hook names as well runs once, by that hook.
    pub(crate) fn implicit(&self, when: When, task: &Rc<Task>) -> Vec<Rc<Task>> {
        let (prefix, Some(id)) = (when.name(), self.tasks.id(&task.name)) else {
            return Vec::new();
        };
        let names = self.tasks.names_of(id).map(|name| match name.rsplit_once(':') {
            Some((namespace, last)) => join(namespace, &format!("{prefix}_{last}")),
            None => format!("{prefix}_{name}"),
        });
        names
            .filter_map(|name| self.tasks.get(&name))
            .filter(|hook| !self.is_hooked(hook, task, when))
            .collect()
    }

    /// Returns true if the hook fires around `task`.
    fn fires(&self, hook: &Hook, task: Option<&Rc<Task>>) -> bool {
        let Some(task) = task else { return true };
        let named = |name: &String| self.is_named(task, name, &hook.namespace);
        let is_itself = matches!(&hook.action, HookAction::Task(name, _) if named(name));
        !is_itself
            && match &hook.only {
                Some(only) => only.iter().any(named),
                None => !hook.except.iter().any(named),
            }
    }

    /// Returns true if a registered hook runs the task `hook` before or after `task`, whatever its name.
    fn is_hooked(&self, hook: &Rc<Task>, task: &Rc<Task>, when: When) -> bool {
        let mut hooks = self.hooks.iter().filter(|other| other.when == when);
        hooks.any(|other| {
            matches!(&other.action, HookAction::Task(name, namespace) if self.is_named(hook, name, namespace))
                && self.fires(other, Some(task))
        })
    }

    /// Returns true if a hook runs this task, whatever it is hooked to.
    pub(crate) fn is_run_by_a_hook(&self, task: &Rc<Task>) -> bool {
        let mut hooks = self.hooks.iter();
        hooks.any(
            |hook| matches!(&hook.action, HookAction::Task(name, namespace) if self.is_named(task, name, namespace)),
        )
    }

    fn is_named(&self, task: &Rc<Task>, name: &str, namespace: &str) -> bool {
        let found = self.tasks.find(name, namespace);
        found.is_some_and(|found| Rc::ptr_eq(&found, task))
    }
}
