//! Reads what recipes do with the tasks of Rake as objects: `Rake::Task["deploy:restart"].invoke`.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line};
use super::super::note::{Kind, Read};
use super::super::ruby::{Offsets, arguments, constant, id, literal, source};
use super::Reader;
use super::task_arguments::once_more;

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
        let Some(index) = receiver.as_call_node().filter(is_task_of_rake) else {
            return Ok(None);
        };
        let given = arguments(&index, false);
        let Some(task) = given.values.first().and_then(literal) else {
            return match (name, given.values.as_slice()) {
                ("invoke" | "execute", [task]) => {
                    let task = self.expression(task)?;
                    let line = Line::verb(Call::new("invoke", vec![task]));
                    let is_again = name == "execute" || self.facts.reenabled.contains("*");
                    Ok(Some(vec![if is_again { once_more(line) } else { line }]))
                }
                ("reenable", _) => Ok(Some(Vec::new())),
                _ => self.refuse(Kind::Construct, "a task of Rake whose name is computed"),
            };
        };
        match name {
            "invoke" | "execute" => {
                let lines = match (given.values.first(), rest) {
                    (Some(task), [_, ..]) if name == "invoke" => self.invoke_with(task, rest)?,
                    (_, [_, ..]) => return self.refuse(Kind::Construct, "`execute` of a task with arguments"),
                    _ => vec![self.invoked(&task)?],
                };
                if name == "execute" && self.facts.led.contains(&task) {
                    return self.refuse(
                        Kind::Construct,
                        "`execute` of a task, without what has to run before it",
                    );
                }
                let is_again = name == "execute" || self.runs_again(&task, receiver.location().start_offset());
                let again = |line| if is_again { once_more(line) } else { line };
                Ok(Some(lines.into_iter().map(again).collect()))
            }
            "reenable" => Ok(Some(Vec::new())),
            "clear" | "clear_actions" => match self.facts.tasks.contains(&task) {
                // The task that follows replaces it anyway.
                true => {
                    self.defined.remove(&task);
                    Ok(Some(Vec::new()))
                }
                // A task of the library is replaced by an empty one.
                false if self.facts.vocabulary.tasks.contains(&task) => {
                    self.defined.remove(&task);
                    Ok(Some(vec![emptied(&task)]))
                }
                false => Err(self.no_task(&task)),
            },
            _ => self.refuse(Kind::Construct, format!("`{name}` of a task of Rake")),
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

/// Returns the definition of a task that does nothing, in its namespaces.
fn emptied(full: &str) -> Line {
    let mut names = full.rsplit(':');
    let task = names.next().map(Expr::symbol).into_iter().collect();
    let task = Line::verb(Call::with_block("task", task, Block::default()));
    names.fold(task, |inner, namespace| {
        let block = Block::of(vec![inner]);
        Line::verb(Call::with_block("namespace", vec![Expr::symbol(namespace)], block))
    })
}
