//! Tests of the commands that the tasks of capr's libraries send to a server.

use std::fmt::Write;
use std::rc::Rc;

use insta::assert_snapshot;

use super::{Log, recipe};
use crate::configuration::Task;
use crate::recipe::Recipe;
use crate::recipe::meaning::libraries::{Library, libraries};
use crate::recipe::meaning::stdlib;
use crate::session::scripted::Script;

/// The libraries with tasks of the names of those of others, for recipes of Capistrano 2 alone.
const OF_TWO: [&str; 2] = ["capifony", "puma/two"];

/// The libraries that read files of this machine, and one whose tasks are whole deploys. `tests/stdlib` tests them.
const TESTED_ELSEWHERE: [&str; 8] = [
    "capifony",
    "database_yml",
    "figaro_yml",
    "master_key",
    "puma/two",
    "railsless",
    "secrets_yml",
    "upload_config",
];

/// Returns a recipe with all libraries, in the words of Capistrano 3, with what each needs. Prefixes are left out, since each
/// would stand before each program.
fn everything() -> String {
    let requires: String = libraries()
        .filter(|library| !OF_TWO.contains(&library.name))
        .map(|library| format!("require \"{}\";\n", library.name))
        .collect();
    let keys = [
        "airbrake_api_key",
        "appsignal_api_key",
        "bugsnag_api_key",
        "honeybadger_api_key",
        "newrelic_api_key",
        "rollbar_token",
        "sentry_api_token",
        "slack_webhook",
    ];
    let keys: String = keys.iter().map(|name| format!("set :{name}, \"key\";\n")).collect();
    format!(
        "{requires}{keys}set :application, \"shop\"; set :repository, \"/srv/code\"; set :scm, :none; set :dialect, 3;\n\
         set :deploy_to, \"/srv/shop\"; set :laravel_dotenv_file, \"LICENSE-MIT\"; set :rsync_src, \".\";\n\
         set :airbrake_project_id, 1; set :newrelic_app_id, 2; set :release_name, \"20260102030405\"; set :deploy_timestamped, true;\n\
         set :chruby_ruby, \"ruby-3.3.0\"; set :nvm_node, \"v22.1.0\"; set :nodenv_node, \"20.11.0\";\n\
         set :copy_files, [\"node_modules\"]; set :linked_files, [\"LICENSE-MIT\"]; set :file_permissions_groups, [\"web\"]; set :no_deploytags, true; set :pg_password, \"w\"; set :rbenv_ruby, \"3.3.0\"; set :command_prefixes, [];\n\
         set :real_revision, \"5ca1ab1e\"; set :current_revision, \"5ca1ab1e\"; set :local_user, \"jo\"; set :stage, \"production\";\n\
         server \"a\", :app, :web, :db, :resque_worker, :resque_scheduler, :primary => true;\n"
    )
}

/// Returns the commands of each task that a library describes.
fn plan(library: &Library, recipe: &Recipe, script: &Script, local: &Script, log: &Log) -> String {
    let file = stdlib::file_name(&format!("{}{}", stdlib::LIBRARIES, library.name));
    let tasks: Vec<Rc<Task>> = {
        let tasks = &recipe.interpreter.defined().configuration().tasks;
        let own = tasks
            .iter()
            .filter(|task| *task.origin.file == *file && task.description.is_some());
        own.cloned().collect()
    };
    let marks = regex::Regex::new("capr-[0-9a-f]{32}").unwrap();
    let mut text = String::new();
    for task in tasks {
        let before = (script.lines_on("a").len(), local.lines_on("localhost").len());
        let events = log.0.borrow().len();
        let result = recipe.stopped(recipe.run_named(&task));
        let _ = writeln!(text, "## {}", task.name);
        for line in script.lines_on("a").iter().skip(before.0) {
            // What sends a file is a script of capr's own.
            let shown = if line.contains("arrive() {") {
                line.lines().next()
            } else {
                Some(line.as_str())
            };
            // A command that calls sudo begins with a mark that no other has.
            let shown = marks.replace_all(shown.unwrap_or_default(), "capr-MARK");
            let _ = writeln!(text, "{shown}");
        }
        for line in local.lines_on("localhost").iter().skip(before.1) {
            let _ = writeln!(text, "here: {line}");
        }
        for event in log.0.borrow().iter().skip(events) {
            if let crate::event::Event::Printed { text: printed } = event {
                let _ = writeln!(text, "printed: {printed}");
            }
        }
        if let Err(stopped) = result {
            let _ = writeln!(text, "error: {}", stopped.diagnostic.message);
        }
    }
    text
}

#[test]
fn the_tasks_of_each_library_send_what_its_plan_says() {
    let case = recipe(&everything()).env("COMMAND", "about").env("USER", "jo");
    let (script, local) = (case.script.clone(), case.local.clone());
    let (loaded, log, _directory) = case.load();
    let recipe = loaded.unwrap_or_else(|errors| panic!("{errors:#?}"));
    for library in libraries().filter(|library| !TESTED_ELSEWHERE.contains(&library.name)) {
        let text = plan(library, &recipe, &script, &local, &log);
        assert!(!text.contains("\nerror: "), "{}: {text}", library.name);
        if !text.is_empty() {
            assert_snapshot!(library.name.replace('/', "_"), text);
        }
    }
}
