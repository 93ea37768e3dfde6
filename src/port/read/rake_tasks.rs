//! Reads what recipes do with the tasks of Rake as objects: `Rake::Task["deploy:restart"].invoke`.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line};
use super::super::note::{Kind, Read};
use super::super::ruby::{Offsets, arguments, constant, id, literal, source};
use super::Reader;
use super::task_arguments::once_more;

/// The reason why a task cannot be cleared.
pub(super) const LOSES: &str = "a task that is cleared of what runs before or after it";

impl Reader<'_> {
    /// Returns true for a task that the recipe lets run again, for the call at this place or for all.
    pub(super) fn runs_again(&self, name: &str, at: usize) -> bool {
        if self.facts.again_at.contains(&(self.file, at)) {
            return true;
        }
        let full = self.facts.task(name.trim_start_matches(':'), &self.namespaces);
        full.is_some_and(|full| self.facts.reenabled.contains(&full))
    }

    /// Reads `Rake::Task["deploy:restart"].invoke`.
    pub(super) fn of_rake(&mut self, name: &str, receiver: &Node<'_>, rest: &[Node<'_>]) -> Read<Option<Vec<Line>>> {
        if source(receiver).starts_with("Rake.application.options") {
            self.remarks
                .push("`Rake.application.options`: -v and -vv show more of a run".to_owned());
            return Ok(Some(Vec::new()));
        }
        if source(receiver).trim_start_matches("::") == "Rake.application" && name == "invoke_task" {
            let task = rest.first().and_then(|task| self.named_task(task));
            return match task.filter(|task| !task.contains('[')) {
                Some(task) => Ok(Some(vec![self.invoked(&task)?])),
                None => self.refuse(Kind::Construct, "`invoke_task` with a name that is computed"),
            };
        }
        if let Some(part) = receiver.as_call_node().filter(|part| is_part(&id(&part.name())))
            && let Some(task) = part.receiver().and_then(|task| self.task_object(&task))
        {
            return match (id(&part.name()).as_str(), name) {
                ("actions", "clear") => self.with_task("clear_actions", &task, 0, rest).map(Some),
                ("prerequisites", "delete" | "clear") => self.without_prerequisite(&task, rest).map(Some),
                _ => self.refuse(Kind::Construct, format!("`{name}` of the parts of a task of Rake")),
            };
        }
        let index = receiver.as_call_node().filter(is_task_of_rake);
        if let Some(task) = self.task_object(receiver) {
            let at = receiver.location().start_offset();
            return self.with_task(name, &task, at, rest).map(Some);
        }
        let Some(index) = index else {
            let is_own_task = receiver
                .as_local_variable_read_node()
                .is_some_and(|local| self.given.get(&id(&local.name())) == Some(&Expr::name("current_task")));
            return Ok((is_own_task && name == "reenable").then(Vec::new));
        };
        match (name, arguments(&index, false).values.as_slice()) {
            ("invoke" | "execute", [task]) => {
                let task = self.expression(task)?;
                let line = Line::verb(Call::new("invoke", vec![task]));
                let is_again = name == "execute" || self.facts.reenabled.contains("*");
                Ok(Some(vec![if is_again { once_more(line) } else { line }]))
            }
            ("reenable", _) => Ok(Some(Vec::new())),
            _ => self.refuse(Kind::Construct, "a task of Rake whose name is computed"),
        }
    }

    /// Returns the name of a task that is written out, or made of what surrounding loops give.
    fn named_task(&mut self, node: &Node<'_>) -> Option<String> {
        if let Some(name) = literal(node) {
            return Some(name);
        }
        let is_given = |value: &Expr| value.literal().is_some();
        if !self.given.values().any(is_given) {
            return None;
        }
        self.expression(node).ok()?.literal().map(str::to_owned)
    }

    /// Returns the name of the task that an object of Rake is: `Rake::Task["x"]`, or the item of a loop over tasks.
    pub(super) fn task_object(&mut self, node: &Node<'_>) -> Option<String> {
        if let Some(local) = node.as_local_variable_read_node() {
            let task = self.given.get(&id(&local.name()))?.literal()?;
            return self.facts.is_task(task).then(|| task.to_owned());
        }
        let index = node.as_call_node().filter(is_task_of_rake)?;
        let task = arguments(&index, false).values.into_iter().next()?;
        self.named_task(&task)
    }

    /// Reads a call on a task of Rake.
    fn with_task(&mut self, name: &str, task: &str, at: usize, rest: &[Node<'_>]) -> Read<Vec<Line>> {
        match name {
            // It has run before a recipe is read.
            "invoke" if task == "load:defaults" => Ok(Vec::new()),
            "invoke" | "execute" => {
                let lines = match rest {
                    [_, ..] if name == "invoke" => self.invoke_with(task, rest)?,
                    [_, ..] => return self.refuse(Kind::Construct, "`execute` of a task with arguments"),
                    _ => vec![self.invoked(task)?],
                };
                if name == "execute" && (self.facts.led.contains(task) || self.facts.needing.contains(task)) {
                    return self.refuse(
                        Kind::Construct,
                        "`execute` of a task, without what has to run before it",
                    );
                }
                let is_again = name == "execute" || self.runs_again(task, at);
                let again = |line| if is_again { once_more(line) } else { line };
                Ok(lines.into_iter().map(again).collect())
            }
            "reenable" => Ok(Vec::new()),
            "clear" | "clear_actions" => {
                let (is_own, is_of_library) = (
                    self.facts.tasks.contains(task),
                    self.facts.vocabulary.tasks.contains(task) || super::super::asked::is_task_of_git(task),
                );
                if !is_own && !is_of_library {
                    return Err(self.no_task(task));
                }
                // In a task, it happens after all definitions.
                let times = self.defined.get_mut(task).filter(|_| self.deferred == 0);
                let was_defined = times.is_some_and(|times| std::mem::take(times) > 0);
                let other = match task {
                    "deploy:symlink:linked_dirs" => "linked_files",
                    "deploy:symlink:linked_files" => "linked_dirs",
                    _ => "",
                };
                if self.facts.variables.contains_key(other) {
                    let reason =
                        format!("`{task}` is cleared: capr links in one step, so `{other}` would not be linked either");
                    return self.refuse(Kind::Construct, reason);
                }
                // What a `before` hook runs stays where only the actions go.
                let lost = match name {
                    "clear" => ["after", "before"],
                    _ => ["after", "needs"],
                };
                let has = |verb: &str| self.hooked.contains(&format!("{verb} {task}"));
                if lost.into_iter().any(has) {
                    return self.refuse(Kind::Construct, LOSES);
                }
                // The task that follows replaces it anyway.
                let is_replaced = match is_of_library {
                    true => is_own && !was_defined,
                    false => self.facts.defined_again.contains(task),
                };
                if is_replaced && self.deferred == 0 {
                    return Ok(Vec::new());
                }
                let inside = match self.namespaces.is_empty() {
                    true => String::new(),
                    false => format!("{}:", self.namespaces.join(":")),
                };
                match self.facts.apart(task.to_owned()).strip_prefix(&inside) {
                    Some(task) => Ok(vec![emptied(task)]),
                    None if self.deferred == 0 && !was_defined => {
                        // It stands before the namespaces around this place.
                        self.emptied_above.push(emptied(task));
                        Ok(Vec::new())
                    }
                    None => self.refuse(
                        Kind::Construct,
                        "a task of another namespace that is cleared in this one",
                    ),
                }
            }
            "clear_prerequisites" => self.without_prerequisite(task, &[]),
            _ => self.refuse(Kind::Construct, format!("`{name}` of a task of Rake")),
        }
    }

    /// Reads `Rake::Task["x"].prerequisites.delete("y")`, where nothing runs before that task, or no task has that name.
    fn without_prerequisite(&mut self, task: &str, rest: &[Node<'_>]) -> Read<Vec<Line>> {
        let name = rest.first().and_then(|name| self.named_task(name));
        let is_missing = name.is_some_and(|name| self.facts.task(&name, &[]).is_none());
        let is_led = self.facts.is_in_order(task) || self.facts.has_libraries || self.facts.tasks.contains(task);
        // Capistrano's library for Git runs a task before these.
        let is_of_git = matches!(task, "deploy:check" | "deploy:set_current_revision");
        if !is_missing && (is_led || is_of_git) {
            return self.refuse(Kind::Construct, "a task that no longer runs before another one");
        }
        match self.facts.is_task(task) {
            true => Ok(vec![
                self.remark("`prerequisites`: nothing of this name runs before the task"),
            ]),
            false => Err(self.no_task(task)),
        }
    }
}

/// Returns true for `Rake::Task[…]` and `Rake.application[…]`.
pub(in crate::port) fn is_task_of_rake(index: &CallNode<'_>) -> bool {
    let owner = index.receiver();
    let is_application = |owner: &Node<'_>| source(owner).trim_start_matches("::") == "Rake.application";
    let is_class = |owner: &Node<'_>| constant(owner).as_deref() == Some("Rake::Task");
    let given = arguments(index, false);
    if id(&index.name()) == "task" && given.pairs.is_empty() && index.block().is_none() {
        // This is `task("name").invoke`.
        return owner.is_none() && matches!(given.values.as_slice(), [name] if name.as_string_node().is_some());
    }
    id(&index.name()) == "[]" && owner.is_some_and(|owner| is_class(&owner) || is_application(&owner))
}

/// Returns true for the words of a task of Rake that give its parts.
fn is_part(name: &str) -> bool {
    matches!(name, "actions" | "prerequisites")
}

/// Returns the definition of a task that does nothing, in its namespaces.
pub(super) fn emptied(full: &str) -> Line {
    let mut names = full.rsplit(':');
    let task = names.next().map(Expr::symbol).into_iter().collect();
    let task = Line::verb(Call::with_block("task", task, Block::default()));
    names.fold(task, |inner, namespace| {
        let block = Block::of(vec![inner]);
        Line::verb(Call::with_block("namespace", vec![Expr::symbol(namespace)], block))
    })
}
