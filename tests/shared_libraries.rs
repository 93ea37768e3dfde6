//! The libraries that come with capr, in deploys of real servers: with the real program where Debian has it, else with stand-ins that
//! record how they are called.

use crate::fleet::Fleet;
use crate::harness::{Case, Finished};

const BASE: &str = "/u/apps/shop";

/// A server and a repository with the application.
pub(crate) struct Site(pub(crate) Fleet);

impl Site {
    pub(crate) fn new() -> Self {
        Self(Fleet::start(&["app1"]))
    }

    pub(crate) fn commit(&self, path: &str, text: &str) {
        self.0.git().commit(path, text).unwrap();
    }

    /// Runs tasks of a recipe in the words of Capistrano 3 with these lines in it.
    pub(crate) fn run(&self, lines: &str, arguments: &[&str]) -> Finished {
        let recipe = format!(
            "set :application, \"shop\";\nset :repo_url, \"{}\";\nset :dialect, 3;\n\
             server \"app1\", :app, :web, :db, :primary => true;\n{lines}\n",
            self.0.git().url
        );
        Case::new().recipe(&recipe).args(arguments).on(&self.0).run()
    }

    /// Puts a program into a directory of its own, which the recipes name.
    pub(crate) fn stand_in(&self, name: &str, text: &str) {
        let script = format!("#!/bin/sh\necho \"{name} $*\" >> /srv/calls\n{text}\n");
        self.0.sh(
            "app1",
            &format!("mkdir -p /srv/bin && cat > /srv/bin/{name} <<'END'\n{script}END\nchmod 755 /srv/bin/{name}; touch /srv/calls; chmod 666 /srv/calls"),
        );
    }

    /// Returns the calls of the stand-ins since the last time.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = self.0.sh("app1", "cat /srv/calls; : > /srv/calls");
        calls.lines().map(str::to_owned).collect()
    }
}

const GEMFILE: &str = "source \"https://rubygems.org\"\ngem \"shop\", path: \"vendor/shop\"\n";
const LOCK: &str = "PATH\n  remote: vendor/shop\n  specs:\n    shop (1.0)\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n\n\
                    PLATFORMS\n  ruby\n\nDEPENDENCIES\n  shop!\n";
const GEM: &str = "Gem::Specification.new do |s|\n  s.name = \"shop\"; s.version = \"1.0\"; s.summary = \"x\"; s.authors = [\"x\"]\n  \
                   s.files = []\nend\n";
const RAKEFILE: &str = r##"
require "fileutils"
namespace :assets do
  task :precompile do
    FileUtils.mkdir_p "public/assets"
    revision = File.read("REVISION").strip
    File.write "public/assets/app-#{revision}.js", revision
    File.write "public/assets/.sprockets-manifest-1.json", revision
  end
end
namespace(:db) { task(:migrate) { File.write("/tmp/migrated", "#{ENV["RAILS_ENV"]} #{Dir.pwd}\n", mode: "a") } }
"##;

#[test]
fn bundler_installs_rake_compiles_and_migrates_and_a_rollback_brings_the_assets_back() {
    let site = Site::new();
    for (path, text) in [
        ("Gemfile", GEMFILE),
        ("Gemfile.lock", LOCK),
        ("vendor/shop/shop.gemspec", GEM),
        (
            "vendor/shop/lib/shop.rb",
            "puts \"hello from the gem, #{ENV[\"RAILS_ENV\"]}\"\n",
        ),
        ("Rakefile", RAKEFILE),
    ] {
        site.commit(path, text);
    }
    let recipe = "require \"bundler\"; require \"rails/assets\"; require \"rails/migrations\";\n\
                  set :bundle_bins, [\"ruby\"]; set :restart_via, :none;\n\
                  task :greet { run [\"ruby\", \"-e\", \"require 'shop'\"], :dir => current_path, :env => #{ RAILS_ENV: \"test\" }; }";
    site.run(recipe, &["deploy:setup"]).ok();
    let deploy = |name: &str| site.run(recipe, &["-s", &format!("release_name=\"{name}\""), "deploy"]);
    deploy("20260101000001").ok();
    let fleet = &site.0;
    let config = fleet.sh("app1", &format!("cat {BASE}/current/.bundle/config"));
    for said in [
        format!("BUNDLE_PATH: \"{BASE}/shared/bundle\""),
        "BUNDLE_DEPLOYMENT: \"true\"".to_owned(),
        "BUNDLE_WITHOUT: \"development:test\"".to_owned(),
    ] {
        assert!(config.contains(&said), "{said}: {config}");
    }
    site.run(recipe, &["greet"]).ok().says("hello from the gem, test");
    let migrated = fleet.sh("app1", "cat /tmp/migrated");
    assert_eq!(migrated, format!("production {BASE}/releases/20260101000001"));
    let manifest = format!("cat {BASE}/current/public/assets/.sprockets-manifest-1.json");
    let first = fleet.sh("app1", &manifest);

    site.commit("app.js", "1");
    deploy("20260101000002").ok();
    let second = fleet.sh("app1", &manifest);
    assert_ne!(first, second);
    // Pages of the release before are still served.
    fleet.sh("app1", &format!("test -e {BASE}/current/public/assets/app-{first}.js"));
    site.run(recipe, &["deploy:rollback"]).ok();
    assert_eq!(fleet.sh("app1", &manifest), first);

    // A gem that is nowhere: the deploy ends, and what was live stays.
    site.commit(
        "Gemfile",
        &format!("{GEMFILE}gem \"nowhere\", path: \"vendor/nowhere\"\n"),
    );
    deploy("20260101000003")
        .code(1)
        .says("bundler:install")
        .says("rolled back");
    assert_eq!(fleet.sh("app1", &manifest), first);
}

/// Capistrano 2 copies the list of a release's assets to `assets_manifest.json` or `.yml` in it, and asks for that.
#[test]
fn assets_of_a_release_of_capistrano_2_come_back_in_a_rollback() {
    let site = Site::new();
    let recipe = "set :dialect, 2; set :use_sudo, false; require \"rails/assets\"; set :rake, \"sh rake\"; set :restart_via, :none;";
    let rake = |list: &str| {
        let made = format!("mkdir -p public/assets; rm -f public/assets/manifest*; echo {list} > public/assets/{list}");
        format!(
            "case \"$*\" in *nondigest) touch again ;; *precompile) {made} ;; -P) echo rake assets:precompile:nondigest ;; esac\n"
        )
    };
    let deploy = |name: &str| {
        site.run(recipe, &["-s", &format!("release_name=\"{name}\""), "deploy"])
            .ok()
    };
    site.commit("rake", &rake("manifest-1.json"));
    site.run(recipe, &["deploy:setup"]).ok();
    deploy("20260101000001");
    let (fleet, first) = (&site.0, format!("{BASE}/releases/20260101000001"));
    assert_eq!(
        fleet.sh("app1", &format!("cat {first}/assets_manifest.json")).trim(),
        "manifest-1.json"
    );
    let lists = || fleet.sh("app1", &format!("cd {BASE}/shared/assets; grep . /dev/null manifest*"));
    for (name, list, kept, expected) in [
        ("20260101000002", "manifest-2.json", "json", "manifest-2.json:old"),
        ("20260101000003", "manifest-3.json", "yml", "manifest.yml:old"),
    ] {
        // As Capistrano leaves it.
        fleet.sh(
            "app1",
            &format!("cd {first}; rm -rf assets_manifest*; echo old > assets_manifest.{kept}"),
        );
        site.commit("rake", &rake(list));
        deploy(name);
        assert_eq!(lists().trim(), format!("{list}:{list}"));
        site.run(recipe, &["deploy:rollback"]).ok();
        assert_eq!(lists().trim(), expected);
        assert!(fleet.exists("app1", &format!("{first}/again")));
    }
}

/// A program that stays, under the name by which it is known.
const BUNDLE: &str = r#"case "$*" in
*' puma '*) echo $$ > /u/apps/shop/shared/tmp/pids/puma.pid; exec sh -c 'while :; do sleep 1; done' puma ;;
*' sidekiq '*) exec sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done' sidekiq ;;
esac"#;

#[test]
fn programs_of_the_application_are_started_restarted_and_told_of_a_deploy_in_order() {
    let site = Site::new();
    site.stand_in("bundle", BUNDLE);
    site.stand_in("systemctl", "");
    let recipe = "default_environment[\"PATH\"] = \"/srv/bin:$PATH\";\n\
                  require \"capistrano/puma\"; require \"sidekiq\"; require \"whenever/capistrano\"; require \"systemd\"; require \"passenger\";\n\
                  set :puma_bind, \"tcp://127.0.0.1:3000\"; set :sidekiq_via, \"pid\"; set :systemd_scope, \"user\";\n\
                  set :sidekiq_queue, [\"default\", \"two words\"]; set :shared_children, [];";
    site.run(recipe, &["deploy:setup", "puma:config"]).ok();
    let deploy = |name: &str| site.run(recipe, &["-s", &format!("release_name=\"{name}\""), "deploy"]);
    deploy("20260101000001").ok().says("sidekiq does not run");
    let whenever = "bundle exec whenever --update-crontab shop --set environment=production --load-file config/schedule.rb --roles=app,web,db";
    let puma = format!("bundle exec puma -C {BASE}/shared/puma.rb");
    let sidekiq = "bundle exec sidekiq --environment production --queue default --queue two words";
    let units = [
        "systemctl --user restart shop",
        "systemctl --user is-active --quiet -- shop",
    ];
    let mut calls = site.calls();
    // Sidekiq is started in the background.
    let at = calls
        .iter()
        .position(|call| call == sidekiq)
        .unwrap_or_else(|| panic!("{calls:?}"));
    calls.remove(at);
    calls.sort();
    let mut expected = vec![whenever, &puma, units[0], units[1]];
    expected.sort_unstable();
    assert_eq!(calls, expected);
    site.0.sh("app1", &format!("test -e {BASE}/current/tmp/restart.txt"));
    site.run(recipe, &["sidekiq:status"])
        .ok()
        .says("sidekiq runs, as process");

    deploy("20260101000002").ok();
    let calls = site.calls();
    let control = format!("bundle exec pumactl -S {BASE}/shared/tmp/pids/puma.state restart");
    assert!(
        calls.contains(&control) && calls.contains(&sidekiq.to_owned()),
        "{calls:?}"
    );
    assert!(!calls.contains(&puma), "{calls:?}");
    site.run(recipe, &["sidekiq:stop", "sidekiq:status"])
        .code(1)
        .says("sidekiq does not run");
    // A recipe's own restart takes the place of none of them, and calls each once.
    let own = format!("{recipe}\nnamespace :deploy {{ task :restart {{ invoke \"systemd:restart\"; }} }}");
    site.run(&own, &["deploy"]).ok();
    let calls = site.calls();
    let restarts = calls.iter().filter(|call| *call == units[0]).count();
    assert!(restarts == 1 && calls.contains(&control), "{calls:?}");
    site.run(recipe, &["sidekiq:stop"]).ok();
    // As passenger-config 6 does where the user may not ask Passenger: it says so, and ends well.
    site.stand_in(
        "passenger-config",
        "echo '*** ERROR: You are not authorized to query the status' >&2",
    );
    let config = format!("{recipe}\nset :passenger_restart_with_touch, false;");
    let refused = site.run(&config, &["passenger:restart"]).code(1);
    refused
        .says("not authorized")
        .says("set :passenger_restart_with_sudo, true");
}

#[test]
fn packages_are_installed_and_frameworks_make_their_caches_before_a_release_becomes_current() {
    let site = Site::new();
    for name in [
        "composer",
        "php",
        "npm",
        "yarn",
        "pnpm",
        "bundle",
        "rake",
        "mongrel_rails",
    ] {
        site.stand_in(name, "");
    }
    // The program in the virtual environment is made by the one that makes that.
    site.stand_in(
        "python3",
        "mkdir -p \"$3/bin\" && cp \"$0\" \"$3/bin/python\" && sed -i 's/python3/venv-python/; 3d' \"$3/bin/python\"",
    );
    for file in [
        "requirements.txt",
        "script/delayed_job",
        "bin/console",
        "app/config/own/other.yml",
    ] {
        site.commit(file, "");
    }
    let recipe =
        |own: &str| format!("default_environment[\"PATH\"] = \"/srv/bin:$PATH\"; set :restart_via, :none;\n{own}");
    site.run(&recipe(""), &["deploy:setup"]).ok();
    let calls = |own: &str, tasks: &[&str]| {
        site.run(&recipe(own), tasks).ok();
        site.calls()
    };
    let composer = "composer install --no-dev --prefer-dist --no-interaction --optimize-autoloader";
    assert_eq!(
        calls(
            "require \"capistrano/symfony\"; set :symfony_migrate, true;",
            &["deploy"]
        ),
        [
            composer,
            "php bin/console cache:warmup --no-debug",
            "php bin/console doctrine:migrations:migrate --no-interaction --allow-no-migration --no-debug",
        ]
    );
    assert_eq!(
        calls(
            "require \"capifony_symfony2\"; set :dialect, 2; set :use_sudo, false; set :shared_children, [\"app/logs\"]; \
             set :shared_files, [\"app/config/own/parameters.yml\"]; set :composer_bin, \"composer\"; set :interactive_mode, false; \
             set :dump_assetic_assets, true; set :cache_path, \"cache\";",
            &["deploy"]
        ),
        [
            "composer install --no-dev --verbose --prefer-dist --optimize-autoloader --no-progress --no-interaction",
            "php app/console assetic:dump --env=prod --no-debug",
            "php app/console cache:warmup --env=prod --no-debug",
        ]
    );
    assert_eq!(
        calls(
            "require \"laravel\"; set :laravel_migrate, true; set :restart_via, \"tasks\";",
            &["deploy"]
        ),
        [
            composer,
            "php artisan storage:link --no-interaction",
            "php artisan migrate --force --no-interaction",
            "php artisan config:cache --no-interaction",
            "php artisan route:cache --no-interaction",
            "php artisan view:cache --no-interaction",
            "php artisan queue:restart --no-interaction",
        ]
    );
    assert_eq!(
        calls("require \"django\"; set :linked_dirs, [\"media\"];", &["deploy"]),
        [
            "python3 -m venv /u/apps/shop/shared/venv",
            "venv-python -m pip install --quiet --disable-pip-version-check -r requirements.txt",
            "venv-python manage.py collectstatic --noinput",
            "venv-python manage.py migrate --noinput",
        ]
    );
    assert_eq!(
        calls(
            "require \"capistrano/npm\"; require \"yarn\"; require \"pnpm\"; set :npm_build_script, \"build\"; set :dialect, 2;",
            &["deploy"]
        ),
        [
            "npm ci --omit=dev --no-audit --no-fund",
            "npm run build",
            "yarn install --production --frozen-lockfile --non-interactive",
            "pnpm install --prod --frozen-lockfile",
        ]
    );
    assert_eq!(
        calls(
            "require \"mongrel_cluster/recipes\"; require \"thin\"; require \"thinking_sphinx\"; require \"delayed_job\"; \
             set :use_sudo, false; set :rails_env, \"staging\";",
            &[
                "restart_mongrel_cluster",
                "thin:restart",
                "thinking_sphinx:index",
                "delayed_job:restart"
            ]
        ),
        [
            "mongrel_rails cluster::restart -C /etc/mongrel_cluster/shop.conf",
            "bundle exec thin restart -C config/thin.yml",
            "rake ts:index",
            "bundle exec bin/delayed_job restart -n 1",
        ]
    );
}

#[test]
fn rsync_brings_a_directory_of_this_machine_to_a_server_without_setup() {
    let site = Site::new();
    let config = site.0.ssh_config();
    let recipe = format!(
        "set :application, \"shop\"; set :dialect, 3; set :scm, :rsync; set :repository, \"code\"; set :restart_via, :none;\n\
         server \"app1\", :app; require \"capistrano/rsync\"; set :rsync_ssh, \"ssh -F {}\";",
        config.display()
    );
    let case = |name: &str, text: &str| {
        let case = Case::new()
            .recipe(&recipe)
            .file("code/app.txt", text)
            .file("code/sub/a b", "");
        case.args(["-s", &format!("release_name=\"{name}\""), "deploy"])
            .on(&site.0)
    };
    // In the words of Capistrano 3 a check makes the directories.
    let check = Case::new().recipe(&recipe).args(["deploy:check"]);
    check.on(&site.0).run().ok().says("ready for a deploy");
    let before = site.0.sh("app1", &format!("ls {BASE} 2>&1 || :"));
    assert!(before.contains("releases"), "{before}");
    case("20260101000001", "one").run().ok();
    // Of another size: rsync takes one of the same size that was changed in the second of the last transfer for the same.
    case("20260101000002", "another").file("code/more", "").run().ok();
    let seen = site.0.sh(
        "app1",
        &format!("cd {BASE}; cat releases/*1/app.txt current/app.txt; ls current; ls current/sub"),
    );
    assert_eq!(seen, "oneanotherREVISION\napp.txt\nlog\nmore\npublic\nsub\ntmp\na b");
    let dry = case("20260101000003", "three").args(["-n"]).run().ok();
    dry.says("rsync --recursive");
}

/// Puts a program of a version manager on the server: it records what it is given, and becomes the program that it is to run.
fn manager(site: &Site, path: &str, said: &str, skipped: usize) {
    let script = format!(
        "#!/bin/sh\necho \"$(basename \"$0\"){said} $*\" >> /srv/calls\n[ $# -gt {skipped} ] || exit 0\nshift {skipped}\nexec \"$@\"\n"
    );
    site.0.sh(
        "app1",
        &format!("mkdir -p $(dirname {path}) && cat > {path} <<'END'\n{script}END\nchmod 755 {path}"),
    );
}

#[test]
fn managers_of_versions_run_programs_and_say_what_they_lack() {
    let site = Site::new();
    for name in ["rake", "npm", "ruby", "node"] {
        site.stand_in(name, "");
    }
    site.0.sh("app1", "mkdir -p /srv/rbenv/versions/3.3.0");
    manager(&site, "/srv/rbenv/bin/rbenv", " $RBENV_ROOT $RBENV_VERSION", 1);
    manager(&site, "/srv/rvm/bin/rvm", "", 2);
    manager(&site, "/srv/chruby/chruby-exec", "", 2);
    manager(&site, "/srv/of_asdf/bin/asdf", "", 1);
    manager(&site, "/srv/mise/mise", "", 3);
    manager(&site, "/srv/nvm/nvm-exec", " $NODE_VERSION", 0);
    let run = |lines: &str, tasks: &[&str]| {
        let recipe = format!(
            "default_environment[\"PATH\"] = \"/srv/bin:$PATH\"; {lines}\ntask :try {{ run \"rake x\"; run \"npm y\"; run \"uptime\"; }}"
        );
        site.run(&recipe, tasks)
    };
    for (lines, task, calls) in [
        (
            "require \"rbenv\"; set :rbenv_custom_path, \"/srv/rbenv\"; set :rbenv_ruby, \"3.3.0\";",
            "rbenv:validate",
            &["rbenv /srv/rbenv 3.3.0 exec rake x", "rake x", "npm y"][..],
        ),
        (
            "require \"rvm\"; set :rvm_custom_path, \"/srv/rvm\"; set :rvm_ruby_version, \"3.3.0@shop\";",
            "rvm:check",
            &[
                "rvm version",
                "rvm 3.3.0@shop do ruby --version",
                "ruby --version",
                "rvm 3.3.0@shop do rake x",
                "rake x",
                "npm y",
            ],
        ),
        (
            "require \"chruby\"; set :chruby_exec, \"/srv/chruby/chruby-exec\"; set :chruby_ruby, \"ruby-3.3.0\";",
            "chruby:validate",
            &[
                "chruby-exec ruby-3.3.0 -- true",
                "chruby-exec ruby-3.3.0 -- rake x",
                "rake x",
                "npm y",
            ],
        ),
        (
            "require \"asdf\"; set :asdf_path, \"/srv/of_asdf\"; set :asdf_tools, [\"ruby\", \"nodejs\"];",
            "asdf:check",
            &["asdf current", "asdf exec rake x", "rake x", "asdf exec npm y", "npm y"],
        ),
        (
            "require \"mise\"; set :mise_path, \"/srv/mise/mise\"; set :mise_tools, [\"ruby@3.3\"];",
            "mise:check",
            &[
                "mise current",
                "mise exec ruby@3.3 -- rake x",
                "rake x",
                "mise exec ruby@3.3 -- npm y",
                "npm y",
            ],
        ),
        (
            "require \"nvm\"; set :nvm_custom_path, \"/srv/nvm\"; set :nvm_node, \"v22.1.0\";",
            "nvm:validate",
            &[
                "nvm-exec v22.1.0 node --version",
                "node --version",
                "rake x",
                "nvm-exec v22.1.0 npm y",
                "npm y",
            ],
        ),
    ] {
        run(lines, &[task, "try"]).ok();
        assert_eq!(site.calls(), calls, "{lines}");
    }
    for (lines, task, says) in [
        (
            "require \"rbenv\"; set :rbenv_custom_path, \"/srv/rbenv\"; set :rbenv_ruby, \"9.9.9\";",
            "rbenv:validate",
            "rbenv has no Ruby 9.9.9",
        ),
        (
            "require \"chruby\"; set :chruby_exec, \"/srv/none\"; set :chruby_ruby, \"ruby-9\";",
            "chruby:validate",
            "chruby has no ruby-9: install it there",
        ),
        (
            "require \"nvm\"; set :nvm_custom_path, \"/srv/none\"; set :nvm_node, \"v9\";",
            "nvm:validate",
            "nvm has no Node.js v9: install it there",
        ),
    ] {
        run(lines, &[task]).code(1).says(says);
    }
}
