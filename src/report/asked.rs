//! The output that was asked for, on standard output: lists, trees, tables, for a person or for a program.

use crate::configuration::{Addressed, Graph, GraphTask, Outline, TaskSummary, Variable};
use crate::diagnostic::Diagnostic;
use crate::finding::Examination;

use super::console::{Console, Inner};
use super::doctor::FindingForm;
use super::graph::{Drawing, draw};
use super::json::Json;
use super::outline::Callers;
use super::tasks::Listing;
use super::{addressed, doctor, outline, tasks, variables};

impl Console {
    /// Prints failures that were asked for, on standard output, one JSON object per line.
    pub(crate) fn data_errors(&self, diagnostics: &[Diagnostic]) {
        let mut inner = self.0.borrow_mut();
        let json = Json::data(inner.cleaner.clone());
        for diagnostic in diagnostics {
            inner.show(&json.diagnostic(diagnostic));
        }
    }

    /// Lists tasks on standard output; returns false if there is none to list.
    pub(crate) fn list(&self, summaries: &[TaskSummary], listing: &Listing) -> bool {
        let mut inner = self.0.borrow_mut();
        let summaries: Vec<TaskSummary> = summaries.iter().map(|task| inner.summary(task)).collect();
        let Some(text) = tasks::list(&summaries, listing, inner.data_columns) else {
            return false;
        };
        inner.show(&text);
        true
    }

    /// Prints a task's whole description on standard output.
    pub(crate) fn explain(&self, task: &TaskSummary) {
        let mut inner = self.0.borrow_mut();
        let text = tasks::explain(&inner.summary(task), inner.data_columns);
        inner.show(&text);
    }

    /// Prints the programs that are replaced when they run, and their replacements, on standard output.
    pub(crate) fn prefixed_programs(&self, programs: &[(String, String)]) {
        let mut inner = self.0.borrow_mut();
        let clean = |text: &String| inner.cleaner.line(text);
        let programs: Vec<_> = programs
            .iter()
            .map(|(name, whole)| (clean(name), clean(whole)))
            .collect();
        inner.show(&tasks::prefixed_programs(&programs));
    }

    /// Prints the variables and who set them, for a person or for a program.
    pub(crate) fn variables(&self, found: &[Variable], json: bool) {
        let mut inner = self.0.borrow_mut();
        let text = match json {
            true => variables::variables_json(found, &Json::data(inner.cleaner.for_programs())),
            false => variables::variables(found),
        };
        inner.show(&text);
    }

    /// Prints the servers that tasks address, for a person or for a program.
    pub(crate) fn addressed(&self, found: &[Addressed], json: bool) {
        let mut inner = self.0.borrow_mut();
        let text = match json {
            true => addressed::addressed_json(found, &Json::data(inner.cleaner.for_programs())),
            false => addressed::addressed(found),
        };
        inner.show(&text);
    }

    /// Prints findings, which come before the summary.
    pub(crate) fn findings(&self, found: &[Examination], form: FindingForm) {
        let mut inner = self.0.borrow_mut();
        let all = match form {
            FindingForm::Json => {
                let text = doctor::findings_json(found, &Json::data(inner.cleaner.for_programs()));
                inner.show(&text);
                return;
            }
            FindingForm::Blocks => false,
            FindingForm::AllServers => true,
        };
        let columns = inner.data_columns;
        let mut look = inner.look;
        look.color &= columns.is_some();
        let shown = doctor::FindingStyle { look, columns, all };
        let text = doctor::blocks(found, &inner.cleaner, shown) + "\n";
        let text = inner.cleaner.whole(&text, look.color);
        inner.data.write(&text, None);
    }

    /// Prints the summary after all findings.
    pub(crate) fn verdict(&self, found: &[Examination], json: bool) {
        let mut inner = self.0.borrow_mut();
        let text = match json {
            true => doctor::summary_json(found, &Json::data(inner.cleaner.for_programs())),
            false => doctor::summary(found),
        };
        inner.show(&text);
    }

    /// Prints the outline of each task as a tree.
    pub(crate) fn tree(&self, found: &[Outline], json: bool) {
        let mut inner = self.0.borrow_mut();
        let text = match json {
            true => outline::tree_json(found, &Json::data(inner.cleaner.for_programs())),
            false => outline::tree(found),
        };
        inner.show(&text);
    }

    /// Prints a description of a task in words, and the tasks that lead to it.
    pub(crate) fn explanation(&self, found: &Outline, callers: &Callers, json: bool) {
        let mut inner = self.0.borrow_mut();
        let text = match json {
            true => outline::explain_json(found, callers, &Json::data(inner.cleaner.for_programs())),
            false => outline::explain(found, callers, inner.data_columns),
        };
        inner.show(&text);
    }

    /// Prints tasks and hooks as a drawing.
    pub(crate) fn graph(&self, graph: &Graph, drawing: Drawing) {
        let mut inner = self.0.borrow_mut();
        let tasks = graph.tasks.iter().map(|task| GraphTask {
            name: inner.cleaner.line(&task.name),
            said: task.said.as_deref().map(|said| inner.cleaner.line(said)),
            ..*task
        });
        let graph = Graph {
            tasks: tasks.collect(),
            links: graph.links.clone(),
        };
        inner.hand_out(&draw(&graph, drawing));
    }
}

impl Inner {
    /// Returns a task with cleaned strings, which may then be cut and filled into lines.
    fn summary(&self, task: &TaskSummary) -> TaskSummary {
        let description = task.description.as_deref();
        TaskSummary {
            name: self.cleaner.line(&task.name),
            arguments: task.arguments.iter().map(|name| self.cleaner.line(name)).collect(),
            description: description.map(|text| self.cleaner.whole(text, false).as_str().to_owned()),
        }
    }
}
