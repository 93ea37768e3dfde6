//! The chapter "The first day": its commands, in their order, on a server that Capistrano has deployed to.

use std::fmt::Write as _;
use std::fs;

use regex::Regex;

use crate::fleet::Fleet;
use crate::fleet::place::checkout;
use crate::harness::Case;

const CAPFILE: &str = r#"require "capistrano/setup"
require "capistrano/deploy"
require "capistrano/scm/git"
install_plugin Capistrano::SCM::Git
Dir.glob("lib/capistrano/tasks/*.rake").each { |r| import r }
"#;

const DEPLOY: &str = r#"lock "~> 3.17"
set :application, "shop"
set :repo_url, "REPOSITORY"
set :deploy_to, "/u/apps/shop"
set :branch, ENV["BRANCH"] || "main"
append :linked_files, "config/settings.yml"
append :linked_dirs, "log", "public/uploads"
set :keep_releases, 3
set :app_port, 3000

namespace :deploy do
  after :updated, "app:stamp"
  after :publishing, "app:restart"
end
"#;

const TASKS: &str = r#"namespace :app do
  desc "Write into the release what it is"
  task :stamp do
    on roles(:app) do
      within release_path do
        with app_port: fetch(:app_port) do
          execute :echo, fetch(:application), "$APP_PORT", "> STAMP"
        end
      end
    end
  end

  desc "Restart the application"
  task :restart do
    on roles(:app), in: :sequence do
      execute :touch, current_path.join("restarted")
    end
  end

  desc "Upload the settings"
  task :settings do
    on roles(:app) do
      execute :mkdir, "-p", shared_path.join("config")
      upload! "config/settings.yml", shared_path.join("config/settings.yml")
    end
  end
  before "deploy:check:linked_files", "app:settings"
end
"#;

const STAGING: &str = "set :app_port, 4000\nserver \"stage1\", user: \"deploy\", roles: %w{app web}\n";

const PRODUCTION: &str = "server \"app1\", user: \"deploy\", roles: %w{app web}, primary: true\n\
                          server \"app2\", user: \"deploy\", roles: %w{app web}\n";

const FILES: [(&str, &str); 6] = [
    ("Capfile", CAPFILE),
    ("config/deploy.rb", DEPLOY),
    ("config/deploy/production.rb", PRODUCTION),
    ("config/deploy/staging.rb", STAGING),
    ("config/settings.yml", "port: 4000\n"),
    ("lib/capistrano/tasks/app.rake", TASKS),
];

/// The release that Capistrano 3.17 has left on the server, as in `tests/adoption`.
const LEFT: &str = r#"set -e
mkdir -p /u/apps/shop/releases/20260101000000 /u/apps/shop/shared/log /u/apps/shop/shared/public/uploads /u/apps/shop/shared/config
cd /u/apps/shop
git -c safe.directory='*' clone -q --mirror REPOSITORY repo
git -C repo archive main | tar -x -C releases/20260101000000
git -C repo rev-parse main > releases/20260101000000/REVISION
echo "Branch main (at $(git -C repo rev-parse main)) deployed as release 20260101000000 by ann" > revisions.log
echo photo > shared/public/uploads/photo
echo "port: 3000" > shared/config/settings.yml
rm -rf releases/20260101000000/public/uploads
ln -s /u/apps/shop/shared/log releases/20260101000000/log
ln -s /u/apps/shop/shared/public/uploads releases/20260101000000/public/uploads
ln -s /u/apps/shop/releases/20260101000000 current
chown -R deploy: /u/apps/shop
"#;

/// Returns the calls of capr in the chapter, in their order.
fn calls() -> Vec<String> {
    let page = fs::read_to_string(checkout().join("docs/porting.md")).unwrap();
    let chapter = page
        .split("\n## ")
        .find(|chapter| chapter.starts_with("The first day\n"));
    let call = Regex::new("`(capr [^`]+)`").unwrap();
    let calls = call.captures_iter(chapter.unwrap());
    calls.map(|found| found[1].to_owned()).collect()
}

#[test]
fn the_first_day_goes_as_the_page_says() {
    let fleet = Fleet::start(&["stage1"]);
    let url = &fleet.git().url;
    fleet.sh("stage1", &LEFT.replace("REPOSITORY", url));
    let case = FILES.iter().fold(Case::new(), |case, (path, text)| {
        case.file(path, &text.replace("REPOSITORY", url))
    });
    let calls = calls();
    assert_eq!(
        calls,
        [
            "capr port . --check",
            "capr port .",
            "capr check",
            "capr production -T",
            "capr production deploy --servers",
            "capr production deploy -n",
            "capr doctor staging",
            "capr staging deploy:status",
            "capr staging deploy:check",
            "capr staging deploy",
            "capr staging rollback",
        ]
    );
    let mut script = String::from("set -e\n");
    for call in &calls {
        let _ = writeln!(script, "echo '@@@ {call}'\n{call}");
        if call.ends_with("--check") {
            script.push_str("[ -z \"$(find . -name Caprfile -o -name '*.rhai')\" ]\n");
        }
    }
    // Then "deploy again", and the last step.
    script
        .push_str("echo '@@@ later'\nrm -r Capfile config/deploy.rb config/deploy/*.rb lib/capistrano/tasks/*.rake\n");
    script.push_str("capr check\ncapr staging deploy\n");
    let finished = case.on(&fleet).shell(&script).run().ok();
    let said: Vec<&str> = finished.stdout.split("@@@ ").skip(1).collect();
    for (index, words) in [
        (0, "nothing needs a hand"),
        (2, "nothing wrong found"),
        (3, "capr app:stamp"),
        (4, "app:restart, on at line"),
        (6, "20260101000000 is current"),
        (7, "stage1  20260101000000"),
        (11, "nothing wrong found"),
    ] {
        assert!(said[index].contains(words), "{words}: {}", said[index]);
    }
    finished
        .says("echo shop $APP_PORT > STAMP")
        .says("upload config/settings.yml -> /u/apps/shop/shared/config/settings.yml")
        .says("ready for a deploy");
    let log = fleet.read("stage1", "/u/apps/shop/revisions.log");
    let log: Vec<&str> = log.lines().collect();
    assert!(
        log.len() == 4
            && log[0].starts_with("Branch main")
            && log[2].ends_with("rolled back to release 20260101000000"),
        "{log:#?}"
    );
    let release = |file: &str| fleet.read("stage1", &format!("/u/apps/shop/current/{file}"));
    assert_eq!(
        (release("STAMP").as_str(), release("public/uploads/photo").as_str()),
        ("shop 4000", "photo")
    );
    assert!(fleet.exists("stage1", "/u/apps/shop/current/restarted"));
    assert_eq!(fleet.list("stage1", "/u/apps/shop/releases").len(), 2);
}
