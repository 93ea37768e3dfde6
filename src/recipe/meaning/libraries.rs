//! The libraries that come with capr, and the names under which Ruby recipes require the Ruby libraries that these replace.

use crate::packed::{Packed, packed};

/// A library that a recipe loads by `require`.
pub(in crate::recipe) struct Library {
    /// Its name, which is that of its file in `stdlib/lib`.
    pub(in crate::recipe) name: &'static str,
    text: Packed,
    /// The names that Ruby recipes use for it.
    pub(in crate::recipe) others: &'static [&'static str],
}

impl Library {
    /// Returns the source of its recipe.
    pub(in crate::recipe) fn text(&self) -> String {
        self.text.text()
    }

    /// Returns the comment at the beginning of its recipe, as paragraphs.
    pub(in crate::recipe) fn opening(&self) -> String {
        let text = self.text();
        let comments = text.lines().map_while(|line| line.strip_prefix("//"));
        let lines: Vec<&str> = comments.map(str::trim).collect();
        lines.join("\n")
    }

    /// Returns the programs with which tests on real servers run the library, and those with which it was run by hand.
    pub(in crate::recipe) fn is_tried_with(&self) -> String {
        let of = |table: &[(&str, &'static str)]| {
            let row = table.iter().find(|(name, _)| *name == self.name);
            row.map(|(_, programs)| *programs)
        };
        let tested = of(REAL).unwrap_or("stand-ins that record how they are called");
        match of(BY_HAND) {
            Some(programs) => format!("{tested}; by hand with {programs}"),
            None => tested.to_owned(),
        }
    }
}

/// The programs for libraries that send messages to services.
const CURL: &str = "curl and a listener of the test in place of the service";

/// The programs for libraries that run the tasks of a Rakefile.
const RAKE: &str = "rake itself, with tasks of the test in place of those of Rails";

/// The words for libraries that are compared with a recorded plan and never run on servers by the tests.
const PLAN: &str = "the plan of a dry run alone, not on servers";

/// The real programs with which tests run libraries on servers; other libraries are tested with stand-ins.
const REAL: &[(&str, &str)] = &[
    ("airbrake", CURL),
    ("appsignal", CURL),
    ("bugsnag", CURL),
    ("bower", PLAN),
    ("bundler", "Bundler itself"),
    ("campfire", CURL),
    ("discord", CURL),
    ("honeybadger", CURL),
    (
        "maintenance",
        "the tests of the deploy library, whose tasks it gives other names",
    ),
    ("mattermost", CURL),
    ("multistage", "nothing: it has no tasks"),
    ("newrelic", CURL),
    ("notify", CURL),
    ("rails/assets", RAKE),
    ("rails/console", PLAN),
    ("rails/migrations", RAKE),
    ("resque", PLAN),
    ("rollbar", CURL),
    ("rsync", "rsync itself"),
    ("sentry", CURL),
    ("slack", CURL),
    ("teams", CURL),
    ("unicorn", PLAN),
];

/// The real programs with which libraries were run by hand on servers, in deploys and alone.
const BY_HAND: &[(&str, &str)] = &[
    ("composer", "Composer of Debian 12"),
    (
        "delayed_job",
        "delayed_job 4.1.9 with Active Record 6.1: started, restarted by a deploy while jobs ran, stopped",
    ),
    (
        "django",
        "Django 4.2.30: a virtual environment, packages, static files, migrations",
    ),
    ("npm", "npm of Debian 12"),
    (
        "passenger",
        "Passenger 6.0.17 under Apache 2.4: by the file and by passenger-config, without and with sudo, and back",
    ),
    ("pnpm", "pnpm of the npm registry"),
    ("rails/console", "Rails 6.1"),
    ("rbenv", "rbenv of Debian 12"),
    ("sidekiq", "Sidekiq 6.4 with Redis"),
    ("thin", "Thin of Debian 12"),
    ("whenever", "Whenever of Debian 12 with cron"),
    ("yarn", "Yarn of the npm registry"),
];

macro_rules! library {
    ($name:literal $(, $other:literal)*) => {
        Library {
            name: $name,
            text: packed!("stdlib/lib/", $name, ".rhai"),
            others: &[$($other),*],
        }
    };
}

/// All libraries, sorted by name.
static LIBRARIES: &[Library] = &[
    library!(
        "airbrake",
        "airbrake/capistrano",
        "airbrake/capistrano/tasks",
        "airbrake/capistrano3",
        "capistrano/airbrake",
        "hoptoad_notifier/capistrano"
    ),
    library!("appsignal", "appsignal/capistrano", "capistrano/appsignal"),
    library!("asdf", "capistrano/asdf", "capistrano-asdf"),
    library!("bower", "capistrano/bower", "capistrano-bower"),
    library!("bugsnag", "bugsnag/capistrano", "bugsnag-capistrano"),
    library!(
        "bundler",
        "bundler/capistrano",
        "capistrano/bundler",
        "capistrano-bundler"
    ),
    library!("campfire", "capistrano/campfire", "capistrano-campfire"),
    library!("capifony", "capifony_symfony2", "symfony2"),
    library!("chruby", "capistrano/chruby", "capistrano-chruby"),
    library!("clockwork", "capistrano-clockwork", "capistrano/clockwork"),
    library!("composer", "capistrano/composer", "capistrano-composer"),
    library!("copy_files", "capistrano-copy-files", "capistrano/copy_files"),
    library!("database_yml", "capistrano-database-yml", "capistrano/database_yml"),
    library!(
        "delayed_job",
        "capistrano/delayed-job",
        "capistrano/delayed_job",
        "delayed/recipes",
        "delayed_job/recipes"
    ),
    library!("deploytags", "capistrano-deploytags", "capistrano/deploytags"),
    library!("discord"),
    library!("django", "capistrano/django"),
    library!("dotenv", "dotenv-deployment/capistrano", "dotenv/capistrano"),
    library!("ejson", "capistrano-ejson", "capistrano/ejson"),
    library!("figaro_yml", "capistrano-figaro-yml", "capistrano/figaro_yml"),
    library!(
        "file_permissions",
        "capistrano-file-permissions",
        "capistrano/file-permissions"
    ),
    library!("foreman", "capistrano-foreman", "capistrano/foreman"),
    library!(
        "git_copy",
        "capistrano/git_copy",
        "capistrano-git-copy",
        "capistrano/gitcopy",
        "capistrano-scm-gitcopy"
    ),
    library!("gulp", "capistrano-gulp", "capistrano/gulp"),
    library!("honeybadger", "capistrano/honeybadger", "honeybadger/capistrano"),
    library!("laravel", "capistrano/laravel"),
    library!("linked_files", "capistrano-linked-files", "capistrano/linked_files"),
    library!(
        "local_precompile",
        "capistrano-local-precompile",
        "capistrano/local_precompile"
    ),
    library!("locally", "capistrano/locally"),
    library!("maintenance", "capistrano/maintenance", "capistrano-maintenance"),
    library!("master_key", "capistrano-master-key", "capistrano/master_key"),
    library!("mattermost"),
    library!("mise", "capistrano/mise"),
    library!("mongrel_cluster", "mongrel_cluster/recipes"),
    library!("multistage", "capistrano/ext/multistage", "capistrano/multistage"),
    library!(
        "newrelic",
        "capistrano/newrelic",
        "new_relic/recipes",
        "newrelic_rpm/recipes"
    ),
    library!("nginx", "capistrano/nginx", "capistrano3/nginx", "capistrano3-nginx"),
    library!("nodenv", "capistrano-nodenv", "capistrano/nodenv"),
    library!("notify"),
    library!("npm", "capistrano/npm", "capistrano-npm"),
    library!("nvm", "capistrano/nvm", "capistrano-nvm"),
    library!(
        "passenger",
        "capistrano/passenger",
        "capistrano/passenger/no_hook",
        "capistrano-passenger"
    ),
    library!("pm2", "capistrano-pm2", "capistrano/pm2"),
    library!("pnpm", "capistrano/pnpm"),
    library!("postgresql", "capistrano-postgresql", "capistrano/postgresql"),
    library!(
        "puma",
        "capistrano/puma",
        "capistrano3/puma",
        "capistrano/puma/daemon",
        "capistrano/puma/monit",
        "capistrano/puma/systemd"
    ),
    library!("puma/two", "puma/capistrano"),
    library!("rails", "capistrano/rails", "capistrano-rails"),
    library!("rails/assets", "capistrano/rails/assets", "deploy/assets"),
    library!(
        "rails/collection",
        "capistrano-rails-collection",
        "capistrano/rails/collection"
    ),
    library!(
        "rails/console",
        "capistrano/rails/console",
        "capistrano-rails-console",
        "capistrano/rails_console"
    ),
    library!("rails/db", "capistrano-rails-db", "capistrano/rails/db"),
    library!(
        "rails/migrations",
        "capistrano/data_migrate",
        "capistrano/rails/migrations"
    ),
    library!("railsless", "railsless-deploy"),
    library!("rbenv", "capistrano/rbenv", "capistrano-rbenv"),
    library!("resque", "capistrano-resque", "capistrano/resque"),
    library!(
        "rollbar",
        "rollbar/capistrano",
        "rollbar/capistrano2",
        "rollbar/capistrano3"
    ),
    library!("rsync", "capistrano/rsync", "capistrano-rsync", "capistrano/scm/rsync"),
    library!(
        "rvm",
        "capistrano/rvm",
        "capistrano-rvm",
        "rvm1/capistrano3",
        "rvm/capistrano",
        "rvm/capistrano/base",
        "rvm/capistrano/selector",
        "rvm/capistrano/selector_mixed",
        "rvm-capistrano"
    ),
    library!(
        "safe_deploy_to",
        "capistrano-safe-deploy-to",
        "capistrano/safe_deploy_to"
    ),
    library!("scm_copy", "capistrano-scm-copy", "capistrano/copy"),
    library!("secrets_yml", "capistrano-secrets-yml", "capistrano/secrets_yml"),
    library!("sentry", "capistrano/sentry", "capistrano-sentry"),
    library!(
        "sidekiq",
        "capistrano/sidekiq",
        "capistrano/sidekiq/systemd",
        "capistrano/sidekiq/upstart",
        "sidekiq/capistrano"
    ),
    library!("sidekiq/monit", "capistrano/sidekiq/monit"),
    library!("sitemap_generator", "capistrano/sitemap_generator"),
    library!(
        "slack",
        "capistrano/slack",
        "capistrano/slackify",
        "slackistrano",
        "slackistrano/capistrano"
    ),
    library!(
        "symfony",
        "capistrano/symfony",
        "capistrano/symfony-doctrine",
        "capistrano-symfony"
    ),
    library!("systemd", "capistrano/systemd", "capistrano/systemd/multiservice"),
    library!("teams"),
    library!("thin", "capistrano/thin", "thin/capistrano"),
    library!(
        "thinking_sphinx",
        "capistrano/thinking_sphinx",
        "thinking_sphinx/capistrano",
        "thinking_sphinx/deploy/capistrano"
    ),
    library!(
        "touch_linked_files",
        "capistrano-touch-linked-files",
        "capistrano/touch-linked-files"
    ),
    library!(
        "unicorn",
        "capistrano-unicorn",
        "capistrano/unicorn",
        "capistrano3/unicorn",
        "capistrano3-unicorn"
    ),
    library!("upload_config", "capistrano-upload-config", "capistrano/upload-config"),
    library!(
        "whenever",
        "capistrano/whenever",
        "whenever/capistrano",
        "whenever/capistrano/recipes"
    ),
    library!("yarn", "capistrano/yarn", "capistrano-yarn"),
];

/// Returns the library of a name, which may be one that Ruby recipes use.
pub(in crate::recipe) fn library(name: &str) -> Option<&'static Library> {
    let name = name.trim_end_matches(".rhai").trim_end_matches(".rb");
    LIBRARIES
        .iter()
        .find(|library| library.name == name || library.others.contains(&name))
}

/// Returns all libraries, sorted by name.
pub(in crate::recipe) fn libraries() -> impl Iterator<Item = &'static Library> {
    LIBRARIES.iter()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::{LIBRARIES, library};

    #[test]
    fn each_name_means_one_library() {
        let mut seen = BTreeSet::new();
        for one in LIBRARIES {
            let file = format!("stdlib/lib/{}.rhai", one.name);
            assert_eq!(Some(one.text()), fs::read_to_string(file).ok(), "{}", one.name);
            for name in one.others.iter().chain([&one.name]) {
                assert!(seen.insert(*name), "{name}");
                assert!(library(name).is_some_and(|found| found.name == one.name), "{name}");
            }
        }
        assert!(LIBRARIES.is_sorted_by(|one, next| one.name < next.name));
        assert!(library("capistrano/setup").is_none());
    }
}
