//! Recognizes the version of Capistrano whose words the recipes use, and the tasks at the top level that have a name of
//! Capistrano 1.

use std::rc::Rc;

use rhai::INT;

use super::defined::Defined;
use crate::configuration::{AttributeError, Attributes, Server, Task, VariableRead, join};
use crate::diagnostic::{Diagnostic, Fault};

/// The tasks below `deploy:` that only Capistrano 3 has.
const OF_THREE: &[&str] = &[
    "check:linked_files",
    "failed",
    "finished",
    "finishing",
    "finishing_rollback",
    "log_revision",
    "new_release_path",
    "published",
    "publishing",
    "reverted",
    "reverting",
    "set_current_revision",
    "started",
    "starting",
    "symlink:linked_dirs",
    "symlink:linked_files",
    "symlink:release",
    "symlink:shared",
    "updated",
    "updating",
];

impl Defined {
    /// Returns the dialect that recipes say, where nothing has to be evaluated to find it out.
    pub(in crate::recipe) fn dialect_told(&self) -> Option<INT> {
        match self.configuration().variables.read("dialect") {
            VariableRead::Value(told) => told.as_int().ok(),
            VariableRead::Lazy(_) | VariableRead::Unknown => None,
        }
    }

    /// Puts a server into a role. To a recipe that says that it is in the words of Capistrano 3, a server is its host and port.
    pub(in crate::recipe) fn assign(
        &self,
        role: &str,
        server: Server,
        attributes: Attributes,
    ) -> Result<(), AttributeError> {
        let is_host = self.dialect_told() == Some(3);
        self.change(|configuration| {
            configuration.roles.assign(role, server, attributes)?;
            if is_host {
                configuration.roles.unite(role);
            }
            Ok(())
        })
    }

    /// Returns the version of Capistrano whose words the recipes that were read so far use.
    pub(in crate::recipe) fn dialect_spoken(&self) -> INT {
        let files = self.files();
        let own = files.read.iter().filter(|text| !self.is_of_stdlib(&text.file));
        own.map(|text| {
            let claims = text.claims();
            let hooks = claims.hooks.iter().map(|(claim, _)| claim);
            let named = hooks.chain(&claims.tasks).flat_map(|claim| {
                let inside = join(&claim.namespace, &claim.name);
                [claim.name.clone(), inside]
            });
            let paths = text.names().named.iter().map(|named| named.path.join(":"));
            let defined = claims.defines_tasks.iter().cloned();
            let words = named.chain(paths).chain(defined).map(|name| dialect_of(&name)).max();
            let sets = claims.sets.iter().any(|(name, _)| name == "repo_url");
            words.unwrap_or(1).max(if sets { 3 } else { 1 })
        })
        .max()
        .unwrap_or(1)
    }

    /// Returns the top-level tasks of recipes whose name Capistrano 1 gives to a task that the library has in `deploy:`, each
    /// with its name there.
    pub(in crate::recipe) fn tasks_of_one(&self) -> Vec<(Rc<Task>, String)> {
        let tasks = &self.configuration().tasks;
        let own = tasks.iter().filter(|task| {
            let is_own = task.origin.line > 0 && !self.is_of_stdlib(&task.origin.file);
            is_own && !task.name.contains(':') && task.name != "deploy"
        });
        own.filter_map(|task| {
            let mut names = tasks.names_of(tasks.id(&task.name)?);
            let other = names.find(|name| name.starts_with("deploy:"))?.to_owned();
            Some((Rc::clone(task), other))
        })
        .collect()
    }
}

fn dialect_of(name: &str) -> INT {
    match name.trim_start_matches(':').strip_prefix("deploy:") {
        Some(rest) if OF_THREE.contains(&rest) => 3,
        Some(rest) if rest != "default" => 2,
        _ => 1,
    }
}

pub(in crate::recipe) fn ambiguous(task: &Task, other: &str) -> Diagnostic {
    let name = &task.name;
    let (namespace, last) = other.rsplit_once(':').unwrap_or(("deploy", other));
    let inside = namespace
        .split(':')
        .rev()
        .fold(format!("task :{last} {{ … }}"), |inside, name| {
            format!("namespace :{name} {{ {inside} }}")
        });
    let message = format!("the task `{name}' may be the library's `{other}', or another one");
    Diagnostic::new(Fault::Recipe, message)
        .label("takes its place in Capistrano 1, stands beside it in 2 and 3")
        .at(Some(task.origin.clone()))
        .hint(format!("where it takes its place: {inside}"))
        .hint("where it is another one: give it another name".to_owned())
        .hint("for the whole recipe: set :dialect, 1; the tasks of this kind take the places; set :dialect, 2; they are others".to_owned())
}
