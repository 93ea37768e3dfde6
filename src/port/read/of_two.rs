//! Differences between the libraries of Capistrano 2 in gems and those of capr in their place. The gems hook their tasks to `deploy:start`,
//! `deploy:stop` and `deploy:restart`, also where these are the recipe's own.

use ruby_prism::CallNode;

use super::super::facts::LINK;
use super::super::form::{Call, Expr, Line};
use super::super::ruby::{arguments, literal};
use super::Reader;

/// A hook: `before` or `after`, the task, and the task that it runs.
type Hook = (&'static str, &'static str, &'static str);

const SIDEKIQ: &[Hook] = &[
    ("before", "deploy:update_code", "sidekiq:quiet"),
    ("after", "deploy:stop", "sidekiq:stop"),
    ("after", "deploy:start", "sidekiq:start"),
    ("before", "deploy:restart", "sidekiq:restart"),
];

const AIRBRAKE: &[Hook] = &[
    ("after", "deploy", "airbrake:deploy"),
    ("after", "deploy:migrations", "airbrake:deploy"),
];

/// The variables for which `load "deploy"` of Capistrano 2 has a default that works.
const DEFAULTS_OF_TWO: &[&str] = &[
    "current_dir",
    "current_path",
    "deploy_to",
    "deploy_via",
    "maintenance_basename",
    "maintenance_template_path",
    "rails_env",
    "rake",
    "release_name",
    "release_path",
    "releases_path",
    "revision",
    "run_method",
    "scm",
    "shared_children",
    "shared_dir",
    "shared_path",
    "version_dir",
];

impl Reader<'_> {
    /// Returns true for a default of a variable for which Capistrano 2 has one before: it does nothing.
    pub(super) fn has_default_of_two(&mut self, call: &CallNode<'_>) -> bool {
        let name = arguments(call, false).values.first().and_then(literal);
        let Some(name) = name.filter(|name| self.facts.version == 2 && DEFAULTS_OF_TWO.contains(&name.as_str())) else {
            return false;
        };
        self.remarks.push(format!(
            "the default of `{name}` is left out: Capistrano 2 has its own before, which stays"
        ));
        true
    }

    /// Returns what a gem does in a recipe of Capistrano 2 and its library does in another way.
    pub(super) fn as_gem_of_two(&mut self, path: &str) -> Vec<Line> {
        match path {
            "sidekiq/capistrano" | "capistrano/sidekiq" | "capistrano-sidekiq" => {
                self.hooks_in_place_of("sidekiq_default_hooks", SIDEKIQ)
            }
            "airbrake/capistrano" => self.hooks_in_place_of("airbrake_default_hooks", AIRBRAKE),
            "hoptoad_notifier/capistrano" => {
                let mut lines = self.unless_set("airbrake_rake_task", Expr::text("hoptoad:deploy"));
                lines.extend(self.hooks_in_place_of("airbrake_default_hooks", AIRBRAKE));
                lines
            }
            // Up to 0.1.6 it has another signal, and a hook.
            "capistrano-unicorn" if self.facts.gems.is_before(path, "0.1.7") == Some(true) => {
                let mut lines = self.unless_set("unicorn_reload_signal", Expr::text("USR2"));
                lines.push(hook(&("after", "deploy:restart", "unicorn:reload")));
                lines
            }
            _ => Vec::new(),
        }
    }

    /// Returns the hooks of a gem, and the line that says that the library has none, unless the recipe says something about them.
    fn hooks_in_place_of(&self, variable: &str, hooks: &[Hook]) -> Vec<Line> {
        if self.facts.variables.contains_key(variable) {
            return Vec::new();
        }
        let none = vec![Expr::symbol(variable), Expr::Bool(false)];
        let mut lines = vec![Line::verb(Call::new("set", none))];
        lines.extend(hooks.iter().map(hook));
        lines
    }

    /// Returns the hook for a task `deploy:after_deploy`, which Capistrano up to 2.10 runs after `deploy`. What `deploy:after_symlink` does
    /// without one here is told where the version of Capistrano is not known.
    pub(super) fn hook_by_name(&mut self, full: &str) -> Option<Line> {
        let has_hooks = self.facts.has_hooks_by_name();
        if full == LINK && self.facts.version == 2 && has_hooks.is_none() {
            self.remarks.push(format!(
                "the task `{LINK}` takes the place of the step that makes a release the current one here and in Capistrano up to 2.10. From 2.11 on no \
                 deploy runs it but by a hook: if yours is newer, rename it"
            ));
        }
        let task = match (self.facts.version, has_hooks) {
            (2, Some(true) | None) => self.facts.hooked_by_name(full)?,
            _ => return None,
        };
        if has_hooks.is_none() {
            self.remarks.push(format!(
                "the task `{full}` is a hook of `{task}` because of its name here and in Capistrano up to 2.10, and is not from 2.11 on: if yours is \
                 newer, rename it"
            ));
        }
        let verb = full.rsplit(':').next()?.split('_').next()?;
        let is_of_namespace = full.starts_with(&format!("{task}:"));
        let hook = || Line::verb(Call::new(verb, vec![Expr::text(&task), Expr::text(full)]));
        is_of_namespace.then(hook)
    }
}

fn hook((verb, at, task): &Hook) -> Line {
    Line::verb(Call::new(verb, vec![Expr::text(at), Expr::text(task)]))
}
