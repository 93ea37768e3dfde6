//! Reads loops over tasks, and over names of tasks whose objects of Rake are changed: each turn is written out.

use ruby_prism::{CallNode, Node};

use super::super::added::{cleared_in_loop, of_capistrano};
use super::super::form::{Expr, Line};
use super::super::note::{Kind, Read};
use super::super::repeated::through;
use super::super::ruby::{arguments, behind, id, literal, source, statements};
use super::Reader;
use super::rake_tasks::emptied;

/// Calls of a loop that change tasks of Rake: these have to be known when the recipe is read.
const CHANGES: &[&str] = &[".actions", ".clear", ".enhance", ".prerequisites"];

/// Returns the remark about the task of a hook that does not come along.
fn left_out(node: &Node<'_>) -> Option<String> {
    let hook = node
        .as_call_node()
        .filter(|call| matches!(id(&call.name()).as_str(), "before" | "after"))?;
    let task = arguments(&hook, false).values.get(1).and_then(literal)?;
    super::ruby_libraries::left_out(&task)
}

impl Reader<'_> {
    /// Reads `%w[a b].each { |t| Rake::Task[t].clear }`, `ns.tasks.each { |t| t.enhance ["a"] }` and loops over all tasks; `None` for
    /// another loop.
    pub(super) fn each_of_rake(&mut self, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Option<Vec<Line>>> {
        let Some(behind) = behind(call).filter(|_| id(&call.name()) == "each" && self.facts.version > 2) else {
            return Ok(None);
        };
        let of = receiver.as_call_node().filter(|of| id(&of.name()) == "tasks");
        let of = of.and_then(|of| of.receiver()).map(|of| source(&of));
        let nodes = statements(behind.body.as_ref());
        let [item, rest @ ..] = behind.parameters.as_slice() else {
            return Ok(None);
        };
        let code = source(&call.as_node());
        let changes = CHANGES.iter().any(|change| code.contains(change));
        let items = match of.as_deref() {
            Some("Rake::Task" | "Rake.application") => {
                // A hook on each task, of something that does not come along.
                if let Some(remark) = nodes.last().and_then(left_out) {
                    return Ok(Some(vec![super::super::write::remark(&remark)]));
                }
                let begins = cleared_in_loop(call);
                return begins.map(|begins| self.cleared(&begins)).transpose();
            }
            Some(local) if self.objects.get(local) == Some(&"namespace") => {
                let inside = format!("{}:", self.namespaces.join(":"));
                let tasks = self.defined.keys().filter(|task| task.starts_with(&inside));
                tasks.cloned().collect()
            }
            _ => match through("each", call).filter(|_| rest.is_empty()) {
                Some((_, items)) if changes && code.contains("Rake::Task[") || self.has_step(&items) => items,
                _ => return Ok(None),
            },
        };
        let mut lines = Vec::new();
        for value in items {
            let outer = self.given.insert(item.clone(), Expr::Text(value));
            lines.extend(self.statements(&nodes, behind.end, false).lines);
            self.given.remove(item);
            self.given.extend(outer.map(|value| (item.clone(), value)));
        }
        Ok(Some(lines))
    }

    /// Returns true if tasks of these names have other ones here.
    fn has_step(&self, names: &[String]) -> bool {
        let mut full = names.iter().map(|name| self.full_name(name));
        full.any(|full| self.facts.apart(full.clone()) != full)
    }

    /// Empties all tasks whose names begin so.
    fn cleared(&mut self, begins: &str) -> Read<Vec<Line>> {
        let tasks = of_capistrano(&self.facts.vocabulary);
        let left = tasks.filter(|task| task.starts_with(begins) && !self.facts.tasks.contains(task));
        let mut lines: Vec<Line> = left.map(|task| emptied(&task)).collect();
        let again = self.defined.iter_mut();
        let again = again.filter(|(task, times)| task.starts_with(begins) && **times > 0);
        let mut own = Vec::new();
        for (task, times) in again {
            *times = 0;
            own.push(task.clone());
        }
        for task in own {
            let mut hooks = ["after", "before"].into_iter().map(|verb| format!("{verb} {task}"));
            if hooks.any(|hook| self.hooked.contains(&hook)) {
                return self.refuse(Kind::Construct, super::rake_tasks::LOSES);
            }
            lines.push(emptied(&self.facts.apart(task)));
        }
        Ok(lines)
    }
}
