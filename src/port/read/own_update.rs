//! Reads a `deploy:update_code` of Capistrano 2 that calls `strategy.deploy!`: capr's own task does that, and what stands around it becomes
//! hooks.

use ruby_prism::{CallNode, Node};

use super::super::form::{Call, Expr, Line};
use super::super::ruby::{Arguments, behind, source, statements};
use super::Reader;

/// The task of the library that follows the copying of the code.
const FINALIZE: &str = "deploy:finalize_update";

/// A part of the task.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Deploy,
    Finalize,
    /// It removes the release that failed, as capr does by itself.
    Undo,
    Other,
}

impl Step {
    fn of(node: &Node<'_>) -> Self {
        let text: String = source(node).chars().filter(|c| !c.is_whitespace()).collect();
        match text.trim_start_matches("top.").trim_start_matches("deploy.") {
            "strategy.deploy!" => Self::Deploy,
            "finalize_update" => Self::Finalize,
            text if text.starts_with("on_rollback") && text.contains("rm-rf#{release_path}") => Self::Undo,
            _ => Self::Other,
        }
    }
}

impl Reader<'_> {
    /// Reads the task; `None` if it is another one, or goes to other servers than capr's.
    pub(super) fn own_update(&mut self, call: &CallNode<'_>, name: &str, given: &Arguments<'_>) -> Option<Vec<Line>> {
        let is_usual = |(key, value): &(Node<'_>, Node<'_>)| {
            source(key).contains("except") && source(value).contains("no_release")
        };
        if self.facts.version != 2 || self.full_name(name) != "deploy:update_code" || !given.pairs.iter().all(is_usual)
        {
            return None;
        }
        let behind = behind(call).filter(|behind| behind.rescue.is_none())?;
        let (mut between, mut behind_both, mut place) = (Vec::new(), Vec::new(), Step::Other);
        for node in statements(behind.body.as_ref()) {
            match (Step::of(&node), place) {
                (Step::Undo, _) => {}
                (Step::Deploy, Step::Other) => place = Step::Deploy,
                (Step::Finalize, Step::Deploy) => place = Step::Finalize,
                (Step::Other, Step::Deploy) => between.push(node),
                (Step::Other, Step::Finalize) => behind_both.push(node),
                _ => return None,
            }
        }
        // Then a hook would come in front of what stands here, or run where Capistrano does not get to its task.
        let is_asked = self.facts.asked_tasks.contains(FINALIZE) || self.facts.tasks.contains(FINALIZE);
        let are_plain = between.is_empty() && behind_both.is_empty() && place == Step::Finalize;
        if place == Step::Other || is_asked && !are_plain {
            return None;
        }
        let mut lines = Vec::new();
        if place == Step::Deploy {
            let block = self.later(&between, behind.end, false);
            let name = vec![Expr::symbol("finalize_update")];
            lines.push(Line::verb(Call::with_block("task", name, block)));
        } else {
            for (verb, nodes) in [("before", between), ("after", behind_both)] {
                if !nodes.is_empty() {
                    let block = self.later(&nodes, behind.end, false);
                    lines.push(Line::verb(Call::with_block(verb, vec![Expr::text(FINALIZE)], block)));
                }
            }
        }
        self.remarks
            .push("`deploy:update_code`: capr's own task does what `strategy.deploy!` does".to_owned());
        Some(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{has, recipe};

    fn of(body: &str) -> (String, usize) {
        let (text, notes) = recipe(&format!(
            "set :application, 'a'\nrole :app, 'a'\nnamespace :deploy do\n  task :update_code, :except => {{ :no_release => true }} do\n    \
             on_rollback {{ run \"rm -rf #{{release_path}}; true\" }}\n    {body}\n  end\nend\n"
        ));
        (text, notes.len())
    }

    #[test]
    fn a_task_that_only_copies_the_code_is_the_librarys() {
        let (text, notes) = of("strategy.deploy!\n    finalize_update");
        assert!(notes == 0 && !text.contains("update_code"), "{text}");
        let (text, notes) = of("strategy.deploy!");
        assert_eq!(notes, 0);
        has(&text, &["  task :finalize_update { }"]);
        let (text, notes) = of("strategy.deploy!\n    run 'a'\n    deploy.finalize_update\n    run 'b'");
        assert_eq!(notes, 0);
        has(
            &text,
            &[
                "before \"deploy:finalize_update\" { run \"a\"; }",
                "after \"deploy:finalize_update\" { run \"b\"; }",
            ],
        );
        assert_eq!(of("run 'a'\n    strategy.deploy!").1, 1);
    }
}
