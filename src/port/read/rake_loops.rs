//! Reads loops over tasks, and over names of tasks whose objects of Rake are changed: each turn is written out.

use ruby_prism::{CallNode, Node};

use super::super::form::{Expr, Line};
use super::super::note::{Kind, Read};
use super::super::repeated::through;
use super::super::ruby::{arguments, behind, id, literal, source, statements};
use super::Reader;
use super::rake_tasks::emptied;

/// Calls of a loop that change tasks of Rake: these have to be known when the recipe is read.
const CHANGES: &[&str] = &[".actions", ".clear", ".enhance", ".prerequisites"];

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
        let [item, ..] = behind.parameters.as_slice() else {
            return Ok(None);
        };
        let code = source(&call.as_node());
        let changes = CHANGES.iter().any(|change| code.contains(change));
        let items = match of.as_deref() {
            Some("Rake::Task" | "Rake.application") => return self.each_task(item, &nodes).transpose(),
            Some(local) if self.objects.get(local) == Some(&"namespace") => {
                let inside = format!("{}:", self.namespaces.join(":"));
                let tasks = self.defined.keys().filter(|task| task.starts_with(&inside));
                tasks.cloned().collect()
            }
            _ => match through("each", call) {
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

    /// Reads a loop over all tasks that clears those of a namespace, or puts a hook on all but some.
    fn each_task(&mut self, item: &str, nodes: &[Node<'_>]) -> Option<Read<Vec<Line>>> {
        match nodes {
            [only] => {
                let choice = only.as_if_node()?;
                let cleared = statements(choice.statements().as_ref());
                let is_clear = matches!(cleared.as_slice(), [clear] if source(clear) == format!("{item}.clear"));
                let test = choice.predicate().as_call_node()?;
                let begins = literal(arguments(&test, false).values.first()?)?;
                let name = format!("{item}.name");
                let is_start = id(&test.name()) == "start_with?" && source(&test.receiver()?) == name;
                if !is_clear || !is_start || choice.subsequent().is_some() {
                    return None;
                }
                let tasks = super::super::added::of_capistrano(&self.facts.vocabulary);
                let left = tasks.filter(|task| task.starts_with(&begins) && !self.facts.tasks.contains(task));
                let mut lines: Vec<Line> = left.map(|task| emptied(&task)).collect();
                let again = self
                    .defined
                    .iter_mut()
                    .filter(|(task, times)| task.starts_with(&begins) && **times > 0);
                let mut own = Vec::new();
                for (task, times) in again {
                    *times = 0;
                    own.push(task.clone());
                }
                let mut reason = None;
                for task in own {
                    let is_hooked = ["after", "before"]
                        .iter()
                        .any(|verb| self.hooked.contains(&format!("{verb} {task}")));
                    reason = reason.or(is_hooked.then_some(task.clone()));
                    lines.push(emptied(&self.facts.apart(task)));
                }
                if reason.is_some() {
                    return Some(self.refuse(Kind::Construct, super::rake_tasks::LOSES));
                }
                Some(Ok(lines))
            }
            _ => None,
        }
    }
}
