//! The deploy tasks on real servers (cases D and B): what is looked at is what is on the servers, not what capr says.

use crate::fleet::Fleet;
use crate::harness::{Case, Finished};

const HOSTS: [&str; 2] = ["app1", "app2"];

/// Two servers and the application in git.
struct Site {
    fleet: Fleet,
    url: String,
}

impl Site {
    fn new() -> Self {
        let fleet = Fleet::start(&HOSTS);
        let url = fleet.git().url.clone();
        Self { fleet, url }
    }

    /// After `setup`.
    fn prepared() -> Self {
        let site = Self::new();
        site.run("", &["setup"]).ok();
        site
    }

    /// Runs tasks of the site's recipe with `more` after it.
    fn run(&self, more: &str, arguments: &[&str]) -> Finished {
        let recipe = format!(
            "set :application, \"flipper\";\nset :repository, \"{}\";\n\
             role :app, \"app1\", \"app2\";\nrole :db, \"app2\", :primary => true;\n{more}\n",
            self.url
        );
        Case::new().recipe(&recipe).args(arguments).on(&self.fleet).run()
    }

    /// Makes a release of this name, which becomes current.
    fn update(&self, name: &str) {
        self.run("", &["-s", &format!("release_name=\"{name}\""), "update"])
            .ok();
    }

    fn current(&self, host: &str) -> Option<String> {
        let target = self.fleet.read_link(host, "/u/apps/flipper/current")?;
        Some(
            target
                .strip_prefix("/u/apps/flipper/releases/")
                .expect(&target)
                .to_owned(),
        )
    }

    fn currents(&self) -> [Option<String>; 2] {
        HOSTS.map(|host| self.current(host))
    }

    fn releases(&self, host: &str) -> Vec<String> {
        self.fleet.list(host, "/u/apps/flipper/releases")
    }

    fn are_current(&self, names: [&str; 2]) {
        assert_eq!(self.currents(), names.map(|name| Some(name.to_owned())));
    }
}

/// Fails on one server after the switch, inside the transaction.
const FAILS_AFTER_SWITCH: &str = "after :symlink { run \"test $(hostname) = app1\"; }";

const FIRST: &str = "20260101000001";
const SECOND: &str = "20260101000002";
const THIRD: &str = "20260101000003";

#[test]
fn d1_setup_makes_the_directories_and_a_second_one_changes_nothing() {
    let site = Site::prepared();
    let tree = |host: &str| site.fleet.sh(host, "find /u/apps -printf '%p %M %u %T@\\n' | sort");
    let before = HOSTS.map(tree);
    for host in HOSTS {
        for name in ["releases", "shared", "shared/system", "shared/log", "shared/pids"] {
            let mode = site.fleet.sh(host, &format!("stat -c %A /u/apps/flipper/{name}"));
            assert!(mode.starts_with("drwxrwx"), "{host} {name} {mode}");
        }
    }
    site.run("", &["setup"]).ok();
    assert_eq!(HOSTS.map(tree), before);
}

#[test]
fn d2_d3_update_makes_a_release_of_one_name_current_everywhere() {
    let site = Site::prepared();
    site.run("", &["update"]).ok();
    let release = site.current("app1").unwrap();
    assert!(
        release.len() == 14 && release.bytes().all(|byte| byte.is_ascii_digit()),
        "{release}"
    );
    site.are_current([&release, &release]);
    for host in HOSTS {
        let path = format!("/u/apps/flipper/releases/{release}");
        assert_eq!(
            site.fleet.read(host, &format!("{path}/REVISION")),
            site.fleet.git().revision().unwrap()
        );
        assert_eq!(site.fleet.read(host, &format!("{path}/VERSION")), "1.0");
        assert_eq!(
            site.fleet.read_link(host, &format!("{path}/log")).unwrap(),
            "/u/apps/flipper/shared/log"
        );
        let system = site.fleet.read_link(host, &format!("{path}/public/system")).unwrap();
        assert_eq!(system, "/u/apps/flipper/shared/system");
    }
}

#[test]
fn d4_b7_a_first_deploy_that_fails_leaves_no_current_and_no_release() {
    let site = Site::prepared();
    let home = site.fleet.list("app1", "/home/deploy");
    site.run(FAILS_AFTER_SWITCH, &["deploy"])
        .code(1)
        .says("app2: exit status 1");
    for host in HOSTS {
        assert!(!site.fleet.exists(host, "/u/apps/flipper/current"));
        assert_eq!(site.releases(host), Vec::<String>::new());
        assert_eq!(site.fleet.list(host, "/home/deploy"), home);
    }
}

#[test]
fn d5_b9_a_deploy_that_fails_after_the_switch_goes_back_to_what_was_current() {
    let site = Site::prepared();
    site.update(FIRST);
    site.update(SECOND);
    let early = format!("before :update_code {{ puts `was ${{previous_release}}`; }}\n{FAILS_AFTER_SWITCH}");
    site.run(&early, &["deploy"]).code(1).says(FIRST);
    site.are_current([SECOND, SECOND]);
    for host in HOSTS {
        assert_eq!(site.releases(host), [FIRST, SECOND]);
    }
}

#[test]
fn d6_a_rollback_without_a_prior_release_says_so_and_changes_nothing() {
    let site = Site::prepared();
    site.update(FIRST);
    site.run("", &["rollback"])
        .code(1)
        .says("could not rollback the code because there is no prior release");
    site.are_current([FIRST, FIRST]);
    assert_eq!(site.releases("app1"), [FIRST]);
}

#[test]
fn d7_each_rollback_goes_one_release_back() {
    let site = Site::prepared();
    for release in [FIRST, SECOND, THIRD] {
        site.update(release);
    }
    site.run("", &["rollback"]).ok();
    site.are_current([SECOND, SECOND]);
    assert_eq!(site.releases("app1"), [FIRST, SECOND]);
    site.run("", &["rollback"]).ok();
    site.are_current([FIRST, FIRST]);
    assert_eq!(site.releases("app1"), [FIRST]);
}

#[test]
fn d12_migrations_run_once_on_the_primary_server() {
    const RAKE: &str = "set :rake, \"sh -c 'pwd -P >> /tmp/ran; readlink /u/apps/flipper/current >> /tmp/ran' rake\";";
    let site = Site::prepared();
    site.update(FIRST);
    site.run(RAKE, &["migrate"]).ok();
    let path = |name: &str| format!("/u/apps/flipper/releases/{name}");
    assert_eq!(site.fleet.read("app2", "/tmp/ran"), format!("{0}\n{0}", path(FIRST)));
    assert!(!site.fleet.exists("app1", "/tmp/ran"));
    site.fleet.sh("app2", "rm /tmp/ran");
    site.run(
        RAKE,
        &["-s", &format!("release_name=\"{SECOND}\""), "deploy_with_migrations"],
    )
    .ok();
    assert_eq!(
        site.fleet.read("app2", "/tmp/ran"),
        format!("{}\n{}", path(SECOND), path(FIRST))
    );
    site.are_current([SECOND, SECOND]);
}

#[test]
fn d15_the_paths_follow_deploy_to_and_the_directories() {
    let recipe = "set :application, \"flipper\";\nset :deploy_to, \"/srv/x\";\nset :current_dir, \"live\";\nset :version_dir, \"versions\";\n\
                  task :t { puts `${current_path} ${shared_path} ${releases_path} ${release_path}`; }";
    let finished = Case::new().recipe(recipe).args(["t"]).run().ok();
    assert!(
        finished
            .stdout
            .starts_with("/srv/x/live /srv/x/shared /srv/x/versions /srv/x/versions/2"),
        "{}",
        finished.stdout
    );
}

#[test]
fn d23_revisions_log_has_a_line_for_each_deploy_and_rollback() {
    let site = Site::prepared();
    site.update(FIRST);
    site.update(SECOND);
    site.run("", &["rollback"]).ok();
    let log = site.fleet.read("app1", "/u/apps/flipper/revisions.log");
    let releases: Vec<_> = log.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
    assert_eq!(releases, [FIRST, SECOND, FIRST], "{log}");
    assert!(log.contains(&site.fleet.git().revision().unwrap()), "{log}");
}

#[test]
fn b8_a_half_release_that_is_newer_is_not_gone_back_to() {
    let site = Site::prepared();
    site.update(FIRST);
    for host in HOSTS {
        let half =
            "mkdir /u/apps/flipper/releases/20260101000002 && echo other > /u/apps/flipper/.capr/20260101000002.run";
        site.fleet.sh(host, half);
    }
    site.run(FAILS_AFTER_SWITCH, &["deploy"]).code(1);
    site.are_current([FIRST, FIRST]);
    site.update(THIRD);
    site.run("", &["rollback"]).ok();
    site.are_current([FIRST, FIRST]);
}

#[test]
fn b10_servers_that_differ_go_back_each_to_its_own_release() {
    let site = Site::prepared();
    site.update(FIRST);
    site.run(
        "",
        &["-s", &format!("release_name=\"{SECOND}\""), "HOSTS=app1", "update"],
    )
    .ok();
    site.are_current([SECOND, FIRST]);
    site.run(FAILS_AFTER_SWITCH, &["deploy"]).code(1);
    site.are_current([SECOND, FIRST]);
    site.update(THIRD);
    site.run("", &["rollback"])
        .code(1)
        .says("would go back to different releases, so nothing was changed")
        .says(&format!("{FIRST} on app2"))
        .says(&format!("{SECOND} on app1"));
    site.are_current([THIRD, THIRD]);
    // Who says which servers lets each go its way; a release that a server does not have is an error for all.
    site.run("", &[&format!("ROLLBACK_RELEASE={SECOND}"), "rollback"])
        .code(1)
        .says(&format!("there is no release {SECOND} to go back to"));
    site.are_current([THIRD, THIRD]);
    site.run("", &["HOSTS=app1", "rollback"]).ok();
    site.run("", &[&format!("ROLLBACK_RELEASE={FIRST}"), "rollback"]).ok();
    site.are_current([FIRST, FIRST]);
}

#[test]
fn d20_a_rollback_goes_to_the_release_that_is_named_and_to_no_unknown_one() {
    let site = Site::prepared();
    for release in [FIRST, SECOND, THIRD] {
        site.update(release);
    }
    for bad in ["20200101000000", "../releases"] {
        site.run("", &[&format!("ROLLBACK_RELEASE={bad}"), "rollback"]);
        site.are_current([THIRD, THIRD]);
        assert_eq!(site.releases("app1"), [FIRST, SECOND, THIRD]);
    }
    site.run("", &[&format!("ROLLBACK_RELEASE={FIRST}"), "rollback"]).ok();
    site.are_current([FIRST, FIRST]);
    assert_eq!(site.releases("app1"), [FIRST, SECOND]);
}

#[test]
fn a_rollback_that_was_broken_off_is_finished_and_goes_no_further() {
    let site = Site::prepared();
    for release in [FIRST, SECOND, THIRD] {
        site.update(release);
    }
    // The restart fails on one of them, so that the release that was left stays.
    let broken = "namespace :deploy { task :restart { run \"test $(hostname) = app1\"; } }";
    for _ in 0..2 {
        site.run(broken, &["rollback"]).code(1);
        site.are_current([SECOND, SECOND]);
        assert_eq!(site.releases("app1"), [FIRST, SECOND, THIRD]);
    }
    site.run("", &["rollback"])
        .ok()
        .says(&format!("{SECOND} is current already"));
    site.are_current([SECOND, SECOND]);
    assert_eq!(site.releases("app1"), [FIRST, SECOND]);
    site.run("", &["rollback"])
        .ok()
        .says(&format!("{FIRST} is current again"));
    site.are_current([FIRST, FIRST]);
}

#[test]
fn b13_cleanup_keeps_the_live_release_whatever_its_age() {
    let site = Site::prepared();
    for release in [FIRST, SECOND, THIRD] {
        site.update(release);
    }
    site.fleet
        .sh("app1", &format!("touch -d 2001-01-01 /u/apps/flipper/releases/{THIRD}"));
    site.fleet.sh(
        "app2",
        &format!("ln -sfn /u/apps/flipper/releases/{FIRST} /u/apps/flipper/current"),
    );
    site.run("set :keep_releases, 1;", &["cleanup"]).ok();
    site.are_current([THIRD, FIRST]);
    assert_eq!(site.releases("app1"), [SECOND, THIRD]);
    assert!(site.releases("app2").contains(&FIRST.to_owned()));
}

#[test]
fn b15_a_reader_of_current_never_misses_it_during_200_switches() {
    let site = Site::prepared();
    site.update(FIRST);
    site.update(SECOND);
    for host in HOSTS {
        site.fleet.sh(
            host,
            "setsid sh -c 'while ! test -e /tmp/stop; do read -r line < /u/apps/flipper/current/VERSION || echo miss >> /tmp/misses; echo x >> /tmp/reads; done' >/dev/null 2>&1 &",
        );
    }
    let switches = format!(
        "task :switches {{
           set :deploy_timestamped, true;
           transaction {{
             for turn in 0..100 {{
               for name in [\"{FIRST}\", \"{SECOND}\"] {{ set :release_name, name; set :release_path, `${{releases_path}}/${{name}}`; reset_all(); symlink; }}
             }}
           }}
         }}
         fn reset_all() {{ reset(:server_paths); }}"
    );
    site.run(&switches, &["switches"]).ok();
    for host in HOSTS {
        site.fleet.sh(host, "touch /tmp/stop");
        assert!(
            site.fleet.read(host, "/tmp/reads").lines().count() > 100,
            "the reader has read"
        );
        assert!(!site.fleet.exists(host, "/tmp/misses"), "{host}");
        let switched = site.fleet.read(host, "/u/apps/flipper/revisions.log").lines().count();
        assert!(switched >= 200, "{host}: {switched}");
    }
}

#[test]
fn b23_a_path_with_a_space_and_quotes_works_from_setup_to_rollback() {
    let site = Site::new();
    let more = r#"set :deploy_to, "/u/apps/it's a \"test\" $HOME;x";"#;
    site.run(more, &["setup"]).ok();
    for release in [FIRST, SECOND] {
        site.run(more, &["-s", &format!("release_name=\"{release}\""), "update"])
            .ok();
    }
    site.run(more, &["rollback", "cleanup"]).ok();
    for host in HOSTS {
        assert_eq!(site.fleet.list(host, "/u/apps"), ["it's a \"test\" $HOME;x"]);
        let current = site
            .fleet
            .read_link(host, "/u/apps/it's a \"test\" $HOME;x/current")
            .unwrap();
        assert_eq!(current, format!("/u/apps/it's a \"test\" $HOME;x/releases/{FIRST}"));
    }
}

#[test]
fn b28_a_release_that_exists_already_is_refused_and_kept() {
    let site = Site::prepared();
    site.update(FIRST);
    site.fleet
        .sh("app2", "touch /u/apps/flipper/releases/20260101000001/mine");
    site.run("", &["-s", &format!("release_name=\"{FIRST}\""), "deploy"])
        .code(1)
        .says(FIRST);
    site.are_current([FIRST, FIRST]);
    assert!(
        site.fleet
            .exists("app2", "/u/apps/flipper/releases/20260101000001/mine")
    );
    assert_eq!(site.releases("app1"), [FIRST]);
}
