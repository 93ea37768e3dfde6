//! Tasks that are defined again: Rake adds to a task, so both run.

use super::super::form::{Call, Expr, Line, Part, string};
use super::super::note::{Kind, Read};
use super::Reader;

impl Reader<'_> {
    /// Returns the name for a task, and if it is defined again, the hook that runs it after the first, as Rake adds to a task. In a loop over a
    /// list that is written out these are the names that it has.
    pub(super) fn again(&mut self, name: Expr, in_loop: Option<Vec<String>>) -> Read<(Expr, Option<Line>)> {
        let names = name.literal().map(|name| vec![name.to_owned()]).or(in_loop);
        let Some(names) = names.filter(|_| self.facts.version > 2) else {
            return Ok((name, None));
        };
        let mut hooks = Vec::new();
        for text in &names {
            hooks.push(self.once_more(text));
        }
        let mut other = hooks
            .iter()
            .map(|(times, hook)| (times, hook.as_ref().map(|(verb, _)| verb)));
        let first = other.next();
        let are_equal = other.all(|hook| Some(hook) == first);
        let targets = hooks.iter().map(|(_, hook)| hook.as_ref().map(|(_, target)| target));
        let mut of_names = names.iter().zip(targets);
        let are_own = of_names.all(|(text, target)| target.is_none_or(|target| *target == self.full_name(text)));
        if names.len() > 1 && !(are_equal && are_own) {
            let reason = "a loop that defines tasks of which some are there already, to which Rake adds";
            return self.refuse(Kind::Construct, reason);
        }
        let Some((times, Some((verb, target)))) = hooks.into_iter().next() else {
            return Ok((name, None));
        };
        let is_added = names
            .iter()
            .any(|text| self.facts.added_to.contains(&self.full_name(text)));
        let shown = name.literal().map_or_else(|| names.join("`, `"), str::to_owned);
        self.remarks.push(match is_added {
            true => format!("`{target}` is a task of Capistrano: what the recipe adds runs after it, as with Rake"),
            false => format!("`{shown}` is defined several times, and all of it runs, as with Rake"),
        });
        let mut own = name.clone().parts();
        if times > 1 {
            own.push(Part::Text(format!("_{times}")));
        }
        let full = |parts: &[Part]| {
            let mut all = vec![Part::Text(self.full_name(""))];
            all.extend_from_slice(parts);
            string(all)
        };
        let target = match name.literal() {
            Some(_) => Expr::Text(target),
            None => full(&name.clone().parts()),
        };
        let hook = Call::new(&verb, vec![target, full(&own)]);
        let own = match string(own) {
            Expr::Text(text) => Expr::symbol(&text),
            computed => computed,
        };
        Ok((own, Some(Line::verb(hook))))
    }

    /// Counts one more definition of a task; returns how many there are, and the hook that runs this one: its verb and the task.
    fn once_more(&mut self, text: &str) -> (usize, Option<(String, String)>) {
        let full = self.full_name(text);
        let is_added = self.facts.added_to.contains(&full);
        let is_here = self.facts.vocabulary.tasks.contains(&full);
        let before = self.facts.defined_before(&full, self.file) + usize::from(is_added && is_here);
        let times = self.defined.entry(full.clone()).or_insert(before);
        *times += 1;
        let times = *times;
        let hook = match (is_added, times) {
            (true, _) => self.around_task("after", &full),
            (false, 1) => None,
            (false, _) => Some(("after".to_owned(), full)),
        };
        if let Some((verb, target)) = &hook {
            self.hooked.insert(format!("{verb} {target}"));
        }
        (times, hook)
    }
}
