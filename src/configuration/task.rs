//! Tasks by their full names, and functions for these names.

use std::collections::HashSet;
use std::rc::Rc;

use indexmap::IndexMap;

use super::{BlockId, RunOptions, Selection};
use crate::origin::Origin;

/// One task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// The full name under which it was last defined: `deploy:web:disable`. The default task of a namespace has the namespace's
    /// name.
    pub name: String,
    /// The cleaned description, if one was given.
    pub description: Option<String>,
    /// The selection of servers for its commands.
    pub selection: Selection,
    /// The options for its commands.
    pub options: RunOptions,
    /// True if the run holds the lock of its servers while it runs.
    pub lock: bool,
    /// The question that a person answers with yes before it runs; empty for one that capr words.
    pub confirm: Option<String>,
    /// The environment variable that is set to the word after the task's name on the command line.
    pub word: Option<String>,
    /// The environment variables that are set to the words in the brackets behind its name on the command line; the one with `*`
    /// before it takes the rest.
    pub arguments: Vec<String>,
    /// The body.
    pub body: BlockId,
    /// The place where it was defined.
    pub origin: Origin,
}

impl Task {
    /// Returns true if its description begins with `[internal]`: other tasks call it, and people do not.
    pub(crate) fn is_internal(&self) -> bool {
        is_internal(self.description.as_deref())
    }
}

/// Returns true if a description begins with `[internal]`, as in Capistrano 2.
pub(crate) fn is_internal(description: Option<&str>) -> bool {
    description.is_some_and(|text| text.starts_with("[internal]"))
}

/// The number of a task: all names of one task have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TaskId(usize);

/// All tasks. Several names can stand for one task, so that defining it again under one name changes it under all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    ids: IndexMap<String, TaskId>,
    /// All definitions of each task; the last one counts.
    tasks: Vec<Vec<Rc<Task>>>,
    /// The namespaces that have a task named `default`; it goes by the namespace's name.
    with_default: HashSet<String>,
}

impl Tasks {
    /// Defines a task, or replaces the body, options and description of the one that has this name.
    pub(crate) fn define(&mut self, task: Task) {
        let id = self.id_or_new(&task.name);
        if let Some(definitions) = self.tasks.get_mut(id.0) {
            // If the same place defines it again and again, only one definition is kept.
            definitions.retain(|other| other.origin != task.origin || other.name != task.name);
            definitions.push(Rc::new(task));
        }
    }

    /// Notes that a namespace has a task named `default`.
    pub(crate) fn has_default(&mut self, namespace: &str) {
        self.with_default.insert(namespace.to_owned());
    }

    /// Makes those definitions with exactly this name that `is_meant` selects a task of their own; the others keep the other
    /// names. Returns false, and changes nothing, if that would be none or all of the definitions.
    pub(crate) fn part(&mut self, name: &str, is_meant: impl Fn(&Task) -> bool) -> bool {
        let Some(definitions) = self.id(name).and_then(|id| self.tasks.get_mut(id.0)) else {
            return false;
        };
        let is_parted = |task: &Rc<Task>| task.name == name && is_meant(task);
        if definitions.iter().all(is_parted) {
            return false;
        }
        let parted: Vec<Rc<Task>> = definitions.iter().filter(|task| is_parted(task)).cloned().collect();
        definitions.retain(|task| !is_parted(task));
        if parted.is_empty() {
            return false;
        }
        self.ids.insert(normal(name).to_owned(), TaskId(self.tasks.len()));
        self.tasks.push(parted);
        true
    }

    /// Makes `name` and `other` stand for one task from now on, whichever of them is defined.
    pub(crate) fn synonym(&mut self, name: &str, other: &str) {
        let id = self.id_or_new(other);
        let before = self.ids.insert(normal(name).to_owned(), id);
        // A synonym of `name` from before there was a task of that name stays one.
        let waits = |id: &TaskId| self.tasks.get(id.0).is_some_and(Vec::is_empty);
        if let Some(before) = before.filter(waits) {
            self.ids
                .values_mut()
                .filter(|other| **other == before)
                .for_each(|other| *other = id);
        }
    }

    fn id_or_new(&mut self, name: &str) -> TaskId {
        let next = TaskId(self.tasks.len());
        let id = *self.ids.entry(normal(name).to_owned()).or_insert(next);
        if id == next {
            self.tasks.push(Vec::new());
        }
        id
    }

    /// Returns the task of this name.
    pub(crate) fn get(&self, name: &str) -> Option<Rc<Task>> {
        self.tasks.get(self.id(name)?.0)?.last().cloned()
    }

    /// Returns the task that a name stands for in this namespace or those around it; `:name` is looked up outside of all
    /// namespaces.
    pub(crate) fn find(&self, name: &str, namespace: &str) -> Option<Rc<Task>> {
        match name.strip_prefix(':') {
            Some(absolute) => self.get(absolute),
            None => outwards(namespace).find_map(|namespace| self.get(&join(&namespace, name))),
        }
    }

    /// Returns the number after a name, even if no task is defined under it.
    pub(crate) fn id(&self, name: &str) -> Option<TaskId> {
        self.ids.get(normal(name)).copied()
    }

    /// Returns all names of a task, in the order in which they became known.
    pub(crate) fn names_of(&self, id: TaskId) -> impl Iterator<Item = &str> {
        self.ids
            .iter()
            .filter(move |(_, other)| **other == id)
            .map(|(name, _)| name.as_str())
    }

    /// Returns true if there are tasks below this name, be it `default` alone.
    pub(crate) fn is_namespace(&self, name: &str) -> bool {
        let is_below = |task: &str| task.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
        self.with_default.contains(name) || self.names().any(is_below)
    }

    /// Returns all names that stand for a defined task.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.ids
            .iter()
            .filter(|(_, id)| self.tasks.get(id.0).is_some_and(|definitions| !definitions.is_empty()))
            .map(|(name, _)| name.as_str())
    }

    /// Returns all defined tasks, each once, in the order of their first definition.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Rc<Task>> {
        self.tasks.iter().filter_map(|definitions| definitions.last())
    }
}

/// Returns `namespace:name`.
pub(crate) fn join(namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}:{name}")
    }
}

/// Returns this namespace and those around it, the top (an empty name) last.
pub(crate) fn outwards(namespace: &str) -> impl Iterator<Item = String> + use<> {
    let mut next = Some(namespace.to_owned());
    std::iter::from_fn(move || {
        let here = next.take()?;
        if !here.is_empty() {
            next = Some(here.rsplit_once(':').map_or("", |(outer, _)| outer).to_owned());
        }
        Some(here)
    })
}

/// Returns `a` for `a:default`; `default` alone stays.
fn normal(name: &str) -> &str {
    name.strip_suffix(":default").unwrap_or(name)
}

/// Returns a description in the form in which it is kept. The first line's indentation is removed from all lines, CRLF becomes
/// LF, and blanks at both ends are removed. A gap as wide as that indentation inside a line that is not indented, which a
/// continued line leaves, becomes one blank. Blocks that are indented further stay as they are.
pub(crate) fn clean_description(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    let indentation: String = first.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let line = line.strip_prefix(&indentation).unwrap_or(line).trim_end();
            if indentation.is_empty() || line.starts_with([' ', '\t']) {
                line.to_owned()
            } else {
                line.replace(&indentation, " ")
            }
        })
        .collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Task, Tasks, clean_description};
    use crate::configuration::{BlockId, RunOptions, Selection};
    use crate::origin::Origin;

    fn task(name: &str, body: usize) -> Task {
        Task {
            name: name.to_owned(),
            description: None,
            selection: Selection::default(),
            options: RunOptions::default(),
            lock: false,
            confirm: None,
            word: None,
            arguments: Vec::new(),
            body: BlockId(body),
            origin: Origin {
                file: "x.rhai".into(),
                line: body,
                column: 1,
            },
        }
    }

    #[test]
    fn t3_the_last_definition_of_a_task_replaces_the_earlier() {
        let mut tasks = Tasks::default();
        tasks.define(task("a", 1));
        tasks.define(task("a", 2));
        assert_eq!(tasks.get("a").map(|task| task.body), Some(BlockId(2)));
        assert_eq!(tasks.iter().count(), 1);
    }

    #[test]
    fn a_task_redefined_under_one_of_its_names_is_redefined_under_the_other() {
        let mut tasks = Tasks::default();
        tasks.define(task("deploy:create_symlink", 1));
        tasks.synonym("symlink", "deploy:create_symlink");
        tasks.define(task("symlink", 2));
        for name in ["symlink", "deploy:create_symlink"] {
            let found = tasks.get(name);
            assert_eq!(found.as_ref().map(|task| task.body), Some(BlockId(2)));
            assert_eq!(found.as_ref().map(|task| task.name.as_str()), Some("symlink"));
        }
    }

    #[test]
    fn a_synonym_of_what_becomes_a_synonym_later_stands_for_the_same_task() {
        let mut tasks = Tasks::default();
        tasks.synonym("deploy:symlink:shared", "deploy:finalize_update");
        tasks.define(task("finalize_update", 1));
        tasks.synonym("deploy:finalize_update", "finalize_update");
        for name in ["deploy:symlink:shared", "deploy:finalize_update"] {
            assert_eq!(tasks.get(name).map(|task| task.body), Some(BlockId(1)), "{name}");
        }
    }

    #[test]
    fn a_task_that_is_parted_leaves_the_other_name_what_it_was() {
        let mut tasks = Tasks::default();
        tasks.define(task("update", 1));
        tasks.synonym("deploy:update", "update");
        tasks.define(task("update", 2));
        assert!(tasks.part("update", |task| task.body == BlockId(2)));
        assert_eq!(tasks.get("update").map(|task| task.body), Some(BlockId(2)));
        assert_eq!(tasks.get("deploy:update").map(|task| task.body), Some(BlockId(1)));
        assert!(!tasks.part("update", |_| true), "nothing would be left");
    }

    #[test]
    fn t9_the_default_task_of_a_namespace_has_its_name() {
        let mut tasks = Tasks::default();
        tasks.define(task("a", 1));
        tasks.define(task("a:b", 2));
        assert!(tasks.get("a:default").is_some());
        assert!(tasks.is_namespace("a"));
        assert!(!tasks.is_namespace("a:b"));
    }

    #[test]
    fn t14_a_description_loses_its_indentation_and_keeps_its_lines() {
        assert_eq!(
            clean_description("  First line.\r\n  Second    line.\n\n    code  stays\n"),
            "First line.\nSecond  line.\n\n  code  stays"
        );
        assert_eq!(clean_description("\n    One\n    two    three\n  "), "One\ntwo three");
    }
}
