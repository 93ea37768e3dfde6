//! The recipes of a project: first the part that all kinds share, then the part of each kind.

use super::project::{AppKind, NewProject, Packages};
use crate::recipe::quoted;

/// Returns the files of a project, by their paths below its directory.
pub(in crate::cli) fn files(project: &NewProject) -> Vec<(String, String)> {
    let mut files = vec![("config/deploy.rhai".to_owned(), main(project))];
    for stage in &project.stages {
        let text = format!(
            "// Where `capr {} deploy` goes.\n\n{}",
            stage.name,
            roles(project.kind, &stage.servers, &stage.name)
        );
        files.push((format!("config/deploy/{}.rhai", stage.name), text));
    }
    files
}

fn main(project: &NewProject) -> String {
    let mut text = format!(
        "// What is deployed from where, and to which servers. `capr -T` lists the tasks.\n\n\
         set :application, {};\nset :repository, {};\n\
         // set :branch, \"main\";    // not set, the repository's own main branch\n\
         // set :user, \"deploy\";    // not set, who ~/.ssh/config says\n\
         // set :deploy_to, \"/srv/www\";    // not set, /u/apps and the name of the application\n",
        quoted(&project.application),
        quoted(&project.repository),
    );
    if project.kind != AppKind::Fastcgi {
        // With a dialect, the words that the recipe uses do not decide what `restart` and `migrate` do.
        text += "set :dialect, 3;\n";
    }
    text += "\n";
    if project.stages.is_empty() {
        text += &roles(project.kind, &project.servers, "www1");
    } else {
        let names: Vec<_> = project.stages.iter().map(|stage| stage.name.as_str()).collect();
        text += &format!(
            "// The servers are in config/deploy/STAGE.rhai: {}.\n\
             // set :default_stage, {};    // not set, every command names one\n",
            names.join(", "),
            quoted(names.first().unwrap_or(&"staging")),
        );
    }
    text += "\n";
    if project.kind == AppKind::Php {
        text += &of_packages(project.packages);
    }
    text + of_kind(project.kind)
}

/// Returns the lines for the libraries of a PHP application and for the directories that it keeps.
fn of_packages(packages: Packages) -> String {
    let (libraries, kept) = match packages {
        Packages::None => (
            "// The packages of composer.lock in each release:\n// require \"composer\";\n",
            "storage",
        ),
        Packages::Composer => (
            "// The packages of composer.lock in each release.\nrequire \"composer\";\n",
            "storage",
        ),
        Packages::Laravel => (
            "// The packages of composer.lock, the caches and the link to storage in each release.\nrequire \"laravel\";\n\n\
             // Each deploy migrates the database, in the new release before it becomes current:\n\
             // set :laravel_migrate, true;\n// role :db, \"www1.example.com\", :primary => true;\n",
            "storage",
        ),
        Packages::Symfony => (
            "// The packages of composer.lock and the caches in each release.\nrequire \"symfony\";\n",
            "var/log",
        ),
    };
    format!(
        "{libraries}\n// Kept from release to release, below shared.\nset :linked_dirs, [{}];\n\n",
        quoted(kept)
    )
}

/// Returns the roles of the servers; migrations run on the first server.
fn roles(kind: AppKind, servers: &[String], example: &str) -> String {
    let servers = match servers.is_empty() {
        true => vec![format!("{example}.example.com")],
        false => servers.to_vec(),
    };
    let all: Vec<String> = servers.iter().map(|server| quoted(server)).collect();
    let all = all.join(", ");
    let first = quoted(servers.first().map_or("", String::as_str));
    match kind {
        AppKind::Static => format!("role :web, {all};\n"),
        AppKind::Node | AppKind::Php => format!("role :web, {all};\nrole :app, {all};\n"),
        AppKind::Rails | AppKind::Fastcgi => format!(
            "role :web, {all};\nrole :app, {all};\nrole :db, {first}, :primary => true;    // where migrations run\n"
        ),
    }
}

fn of_kind(kind: AppKind) -> &'static str {
    match kind {
        AppKind::Rails => include_str!("rails.rhai"),
        AppKind::Node => include_str!("node.rhai"),
        AppKind::Php => include_str!("php.rhai"),
        AppKind::Static => include_str!("static.rhai"),
        AppKind::Fastcgi => include_str!("fastcgi.rhai"),
    }
}
