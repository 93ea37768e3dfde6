//! The libraries of Ruby's servers and workers, in deploys of real servers: Unicorn and Puma as Debian has them. Resque is not in Debian: a
//! Rakefile has tasks of its names that do with signals and process titles what Resque does.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::deadline::LIMIT;
use crate::shared_libraries::Site;

const BASE: &str = "/u/apps/shop";

/// An application that answers with the name of the release in which it was loaded.
const APPLICATION: &str = "release = File.basename(File.realpath(\".\"))\n\
                           run ->(env) { [200, { \"Content-Type\" => \"text/plain\" }, [release, \"\\n\"]] }\n";

const UNICORN: &str = "working_directory \"/u/apps/shop/current\"\nlisten \"/u/apps/shop/shared/tmp/pids/unicorn.sock\"\n\
                       pid \"/u/apps/shop/shared/tmp/pids/unicorn.pid\"\nworker_processes 1\npreload_app true\n\
                       stderr_path \"/u/apps/shop/shared/log/unicorn.log\"\n";

impl Site {
    /// Waits until a command on the server says this.
    #[track_caller]
    fn comes(&self, command: &str, expected: &str) {
        let until = Instant::now() + LIMIT;
        loop {
            let output = self.0.exec("app1", command);
            let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if said == expected {
                return;
            }
            assert!(
                Instant::now() < until,
                "{command}\nsays {said:?}, and not {expected:?}: {}",
                self.0.sh("app1", &format!("tail -n 40 {BASE}/shared/log/* 2>&1"))
            );
            sleep(Duration::from_millis(20));
        }
    }
}

/// Asks the application behind a socket.
fn ask(socket: &str) -> String {
    format!("curl -s --unix-socket {BASE}/shared/{socket} http://shop/")
}

#[test]
fn unicorn_and_puma_serve_the_new_release_and_unicorn_the_old_one_where_it_does_not_load() {
    let site = Site::new();
    for (path, text) in [
        ("Gemfile", "gem \"unicorn\"\ngem \"puma\"\ngem \"rack\"\n"),
        ("config.ru", APPLICATION),
        ("config/unicorn.rb", UNICORN),
    ] {
        site.commit(path, text);
    }
    let recipe = "require \"unicorn\"; require \"puma\"; append :restart_tasks, \"unicorn:legacy_restart\"; set :unicorn_config_path { `${current_path}/config/unicorn.rb` }\n\
                  set :linked_dirs, [\"log\", \"tmp/pids\", \"tmp/sockets\"]; set :puma_via, \"pumactl\"; set :unicorn_restart_sleep_time, 0;";
    site.run(recipe, &["deploy:setup", "puma:config"]).ok();
    let deploy = |name: &str, more: &str| {
        let recipe = format!("{recipe}\n{more}");
        site.run(&recipe, &["-s", &format!("release_name=\"{name}\""), "deploy"])
    };
    deploy("20260101000001", "").ok();
    let sockets = ["tmp/pids/unicorn.sock", "tmp/sockets/puma.sock"].map(ask);
    for socket in &sockets {
        site.comes(socket, "20260101000001");
    }
    let pid = || site.0.sh("app1", &format!("cat {BASE}/shared/tmp/pids/unicorn.pid"));
    let first = pid();
    site.run(recipe, &["unicorn:start", "puma:start"])
        .ok()
        .says(&format!("unicorn runs already, as process {first}"))
        .says("puma runs already, as process");

    deploy("20260101000002", "").ok();
    for socket in &sockets {
        site.comes(socket, "20260101000002");
    }
    let second = pid();
    assert_ne!(first, second);
    site.comes(&format!("kill -0 {first} 2>/dev/null || echo gone"), "gone");

    // An application that does not load: the new Unicorn ends, and the old one serves on.
    site.commit("config.ru", "raise \"broken\"\n");
    deploy(
        "20260101000003",
        "set :restart_tasks, [\"unicorn:legacy_restart\"]; set :unicorn_restart_timeout, 2;",
    )
    .code(1)
    .says("the new unicorn is not there after 2 s: see its log")
    .says("20260101000003 is current on app1 and stays, but the restart has failed");
    site.comes(&sockets[0], "20260101000002");

    let workers = format!("pgrep -c -P $(cat {BASE}/shared/tmp/pids/unicorn.pid)");
    site.comes(&workers, "1");
    site.run(recipe, &["unicorn:add_worker"]).ok();
    site.comes(&workers, "2");
    site.run(recipe, &["unicorn:remove_worker"]).ok();
    site.comes(&workers, "1");
    site.run(recipe, &["unicorn:stop", "puma:stop"]).ok();
    for name in ["unicorn", "puma"] {
        site.comes(
            &format!("test -e {BASE}/shared/tmp/pids/{name}.pid || echo gone"),
            "gone",
        );
        site.comes(&format!("pgrep -f '^{name}' || echo gone"), "gone");
    }
    site.run(recipe, &["unicorn:stop", "puma:stop"])
        .ok()
        .says("unicorn does not run")
        .says("puma does not run");
}

/// Tasks of Resque's names. A worker ends at QUIT, even if it was started with that signal ignored.
const WORKERS: &str = r##"
task(:environment) { require "socket" }
def work(title)
  File.write("/tmp/workers", "#{title} #{ENV["QUEUE"]} #{ENV["INTERVAL"]} #{ENV["RAILS_ENV"]} #{File.basename(File.realpath("."))}\n", mode: "a")
  trap("QUIT") { exit }
  $0 = title
  sleep
end
task("resque:work") { work("resque-2.0: Waiting for #{ENV["QUEUE"]}") }
task("resque:scheduler") { work("resque-scheduler-4.0: Schedules Loaded") }
"##;

#[test]
fn workers_and_scheduler_of_resque_are_started_told_and_ended_and_a_console_is_a_line_for_ssh() {
    let site = Site::new();
    site.commit("Rakefile", WORKERS);
    site.stand_in("rails", "cat >> /srv/calls");
    let recipe = "set :shared_children, []; require \"resque\"; require \"rails/console\"; set :rake, \"rake\"; set :restart_via, :none;\n\
                  set :workers, #{ \"*\": 1, \"mailer,import\": 2 }; set :resque_roles, \"app\"; set :resque_scheduler_role, \"db\";\n\
                  set :console_env, \"a b\"; command_map[\"rails\"] = \"/srv/bin/rails\";\n\
                  set :bundle_bins, []; after \"deploy:finished\", \"resque:restart\"; after \"deploy:finished\", \"resque:scheduler:restart\";";
    site.run(recipe, &["deploy:setup"]).ok();
    let deploy = |name: &str| site.run(recipe, &["-s", &format!("release_name=\"{name}\""), "deploy"]);
    deploy("20260101000001").ok();
    let titles = "pgrep -fc '^resque-2.0: Waiting'; pgrep -fc '^resque-scheduler'";
    site.comes(titles, "3\n1");
    let told = |release: &str| {
        [
            format!("resque-2.0: Waiting for * * 5 production {release}"),
            format!("resque-2.0: Waiting for mailer,import mailer,import 5 production {release}"),
            format!("resque-2.0: Waiting for mailer,import mailer,import 5 production {release}"),
            format!("resque-scheduler-4.0: Schedules Loaded  production {release}"),
        ]
        .join("\n")
        .replace("Loaded  ", "Loaded   ")
    };
    site.comes("sort /tmp/workers", &told("20260101000001"));
    site.run(recipe, &["resque:start", "resque:scheduler:start", "resque:status"])
        .ok()
        .says("it runs already")
        .says("resque_work_1.pid: ")
        .says("resque_work_3.pid: ")
        .says("scheduler.pid: ");
    site.0.sh("app1", ": > /tmp/workers");
    deploy("20260101000002").ok();
    site.comes("sort /tmp/workers", &told("20260101000002"));
    site.comes(titles, "3\n1");
    site.run(recipe, &["resque:stop", "resque:scheduler:stop"]).ok();
    site.comes(&format!("pgrep -fc '^resque'; ls {BASE}/shared/tmp/pids"), "0");

    // The line that is printed opens the console, whatever the environment is called.
    let printed = site.run(recipe, &["rails:console"]).ok().stdout;
    let config = site.0.ssh_config().display().to_string();
    let line = printed
        .trim()
        .replacen("ssh -t", &format!("echo User.count | ssh -F {config}"), 1);
    crate::harness::Case::new().shell(&line).run().ok();
    assert_eq!(site.calls(), ["rails console", "User.count"]);
}
