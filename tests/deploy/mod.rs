//! The deploy library by itself, on what stands for three servers.

mod adopted;
mod copied;
mod git;
mod kept;
mod login;
mod mirror;
mod pending;
mod stage;
mod words;

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use capr::Rollback;
use stage::{HOSTS, Servers, git, names, some};

use crate::deadline::{LIMIT, Limited, LimitedCommand};

const ON_TWO: &str = "task :fails_on_two { run `[ $CAPISTRANO:HOST$ != two ]`; }
task :failing { transaction { update; fails_on_two; } }
";

const A: &str = "20250101000001";
const B: &str = "20250101000002";
const C: &str = "20250101000003";

#[test]
fn d1_setup_twice_makes_the_directories_once() {
    let servers = Servers::new();
    servers.run("", &["setup"]).unwrap();
    for host in HOSTS {
        assert_eq!(names(&servers.path(host, "")), [".capr", "releases", "shared"]);
        assert_eq!(names(&servers.path(host, "shared")), ["log", "pids", "system"]);
    }
}

#[test]
fn d2_d3_an_update_makes_one_release_of_one_name_on_all_servers() {
    let servers = Servers::new();
    let revision = servers.commit("VERSION", "2");
    servers.run("", &["update"]).unwrap();
    let current = servers.current("one").unwrap();
    assert!(
        current.len() == 14 && current.bytes().all(|byte| byte.is_ascii_digit()),
        "{current}"
    );
    assert_eq!(servers.all_current(), [some(&current), some(&current), some(&current)]);
    for host in HOSTS {
        let inside = |path: &str| servers.path(host, "current").join(path);
        assert_eq!(fs::read_to_string(inside("VERSION")).unwrap(), "2");
        assert_eq!(fs::read_to_string(inside("REVISION")).unwrap().trim(), revision);
        assert_eq!(fs::read_link(inside("log")).unwrap(), servers.path(host, "shared/log"));
        assert_eq!(
            fs::read_link(inside("public/system")).unwrap(),
            servers.path(host, "shared/system")
        );
        assert_eq!(
            fs::read_link(inside("tmp/pids")).unwrap(),
            servers.path(host, "shared/pids")
        );
        assert_eq!(names(&inside("script/process")), ["reaper", "spawner", "spinner"]);
    }
}

#[test]
fn b16_a_server_without_releases_is_not_deployed_to_in_its_other_roles_either() {
    let servers = Servers::new();
    let four = "role :search, \"four\", :no_release => true;\nrole :app, \"one\", \"two\", \"four\";";
    servers.release(A, four, &["setup", "update"]).unwrap();
    assert!(!servers.path("four", "").exists());
    assert_eq!(servers.all_current(), [some(A), some(A), some(A)]);
}

#[test]
fn an_application_keeps_its_own_process_programs() {
    let servers = Servers::new();
    fs::create_dir_all(servers.directory.path().join("repository/script/process")).unwrap();
    servers.commit("script/process/reaper", "its own");
    servers.deployed(&[A]);
    let programs = servers.path("one", "current/script/process");
    assert_eq!(names(&programs), ["reaper", "spawner", "spinner"]);
    assert_eq!(fs::read_to_string(programs.join("reaper")).unwrap(), "its own");
}

#[test]
fn d4_b7_a_first_deploy_that_fails_after_the_switch_leaves_no_current_and_no_release() {
    let servers = Servers::new();
    let failed = servers.run(ON_TWO, &["failing"]).unwrap_err();
    assert_eq!(failed.rollback, Rollback::Complete, "{failed:?}");
    assert_eq!(servers.all_current(), [None, None, None]);
    for host in HOSTS {
        assert_eq!(
            names(&servers.path(host, "")),
            [".capr", "releases", "revisions.log", "shared"]
        );
        assert!(servers.releases(host).is_empty());
        assert_eq!(names(&servers.path(host, ".capr")), ["undone"]);
    }
}

#[test]
fn d5_b8_b9_a_deploy_that_fails_after_the_switch_goes_back_to_what_was_live() {
    let servers = Servers::new();
    servers.deployed(&[A, B]);
    // Half a release, newer than what is live; and a recipe that has looked too early.
    fs::create_dir(servers.path("two", "releases/20260101000000")).unwrap();
    let lines = format!("{ON_TWO}before :failing {{ puts previous_release; puts latest_release; }}");
    let failed = servers.release("20260101000001", &lines, &["failing"]).unwrap_err();
    assert_eq!(failed.rollback, Rollback::Complete, "{failed:?}");
    assert_eq!(servers.all_current(), [some(B), some(B), some(B)]);
    assert_eq!(servers.releases("one"), [A, B]);
    assert_eq!(servers.releases("two"), [A, B, "20260101000000"]);
}

#[test]
fn b10_servers_that_differ_each_go_back_to_their_own() {
    let servers = Servers::new();
    servers.deployed(&[A, B]);
    fs::remove_file(servers.path("two", "current")).unwrap();
    symlink(servers.path("two", "releases").join(A), servers.path("two", "current")).unwrap();
    let before = servers.all_current();
    assert_eq!(before, [some(B), some(A), some(B)]);
    servers.release(C, ON_TWO, &["failing"]).unwrap_err();
    assert_eq!(servers.all_current(), before);
    servers.release(C, "", &["update"]).unwrap();
    let failed = servers.run("", &["rollback_code"]).unwrap_err();
    let message = &failed.diagnostic.message;
    assert!(
        message.contains("would go back to different releases") && message.contains(&format!("{A} on two")),
        "{message}"
    );
    assert_eq!(servers.all_current(), [some(C), some(C), some(C)]);
    // A release that is named is one for all.
    servers
        .run(&format!("set :rollback_release, \"{B}\";"), &["rollback_code"])
        .unwrap();
    assert_eq!(servers.all_current(), [some(B), some(B), some(B)]);
}

#[test]
fn d6_without_a_prior_release_a_rollback_changes_nothing() {
    let servers = Servers::new();
    servers.deployed(&[A, B]);
    // One server has nothing to go back to, so none goes back.
    fs::remove_dir_all(servers.path("three", "releases").join(A)).unwrap();
    let failed = servers.run("", &["rollback"]).unwrap_err();
    let [ref three] = failed.diagnostic.servers[..] else {
        panic!("{failed:?}");
    };
    let reason = ["could not rollback the code because there is no prior release"];
    assert_eq!(
        (three.server.host.as_str(), &three.stderr[..]),
        ("three", &reason.map(String::from)[..])
    );
    assert_eq!(servers.all_current(), [some(B), some(B), some(B)]);
    assert_eq!(servers.releases("one"), [A, B]);
}

#[test]
fn d7_d23_two_rollbacks_go_back_two_and_all_is_logged() {
    let servers = Servers::new();
    servers.deployed(&[A, B, C]);
    servers.run("", &["rollback"]).unwrap();
    assert_eq!(servers.all_current(), [some(B), some(B), some(B)]);
    servers.run("", &["deploy:rollback"]).unwrap();
    assert_eq!(servers.all_current(), [some(A), some(A), some(A)]);
    assert_eq!(servers.releases("two"), [A]);
    assert_eq!(names(&servers.path("two", ".capr")).len(), 3, "what is known of A");

    let log = fs::read_to_string(servers.path("one", "revisions.log")).unwrap();
    // As Capistrano 1 writes them: the day, the time, the person, the revision, the release.
    let words: Vec<Vec<&str>> = log.lines().map(|line| line.split(' ').collect()).collect();
    for (line, release) in words.iter().zip([A, B, C]) {
        assert!(line.len() == 5 && line[3].len() == 40 && line[4] == release, "{log}");
    }
    for (line, release) in words.iter().skip(3).zip([B, A]) {
        assert_eq!(
            line[3..].join(" "),
            format!("rolled back to release {release}"),
            "{log}"
        );
    }
    assert_eq!(words.len(), 5, "{log}");
}

#[test]
fn a_rollback_that_fails_on_one_server_is_undone_on_all() {
    let servers = Servers::new();
    servers.deployed(&[A, B]);
    let lines = "after \"deploy:rollback:revision\", :fails_on_two;
task :undone { transaction { rollback_code; } }";
    let failed = servers.run(&format!("{ON_TWO}{lines}"), &["undone"]).unwrap_err();
    assert_eq!(failed.rollback, Rollback::Complete, "{failed:?}");
    assert_eq!(servers.all_current(), [some(B), some(B), some(B)]);
    assert_eq!(servers.releases("one"), [A, B]);
}

#[test]
fn d8_d9_b13_cleanup_keeps_the_newest_the_live_one_and_what_is_no_release() {
    let servers = Servers::new();
    let names = [A, B, C, "20250101000004", "20250101000005"];
    servers.deployed(&names);
    for host in HOSTS {
        fs::create_dir(servers.path(host, "releases/new one")).unwrap();
    }
    fs::remove_file(servers.path("two", "current")).unwrap();
    symlink(servers.path("two", "releases").join(A), servers.path("two", "current")).unwrap();
    let told = servers.run("set :keep_releases, 3;", &["cleanup"]).unwrap();
    assert!(
        told.contains("new one is not named like a release, left alone"),
        "{told}"
    );
    assert_eq!(servers.releases("one"), [C, names[3], names[4], "new one"]);
    assert_eq!(servers.releases("two"), [A, C, names[3], names[4], "new one"]);
    assert_eq!(servers.current("two"), some(A));

    let told = servers.run("", &["cleanup"]).unwrap();
    assert!(told.contains("no old releases to clean up"), "{told}");
}

#[test]
fn d10_cleanup_of_5000_releases_works() {
    let servers = Servers::new();
    servers.deployed(&["20250101000000"]);
    for number in 0..5000 {
        let name = (20_240_101_000_000_u64 + number).to_string();
        let release = servers.path("one", "releases").join(name);
        fs::create_dir(&release).unwrap();
        fs::write(release.join("REVISION"), "1").unwrap();
    }
    servers.run("", &["cleanup"]).unwrap();
    assert_eq!(servers.releases("one").len(), 5);
    assert_eq!(servers.current("one"), some("20250101000000"));
}

#[test]
fn d12_migrations_run_once_in_the_release_that_is_meant() {
    let servers = Servers::new();
    servers.deployed(&[A]);
    let lines = "set :rake, \"pwd; echo rake\";";
    let told = servers.run(lines, &["migrate"]).unwrap();
    assert_eq!(
        told.matches("rake RAILS_ENV=production db:migrate").count(),
        1,
        "{told}"
    );
    assert!(told.contains("three/current"), "{told}");
    let told = servers.release(B, lines, &["deploy_with_migrations"]).unwrap();
    assert_eq!(
        told.matches("rake RAILS_ENV=production db:migrate").count(),
        1,
        "{told}"
    );
    assert!(told.contains(&format!("three/releases/{B}")), "{told}");
    assert_eq!(servers.current("one"), some(B));

    let lines = "set :rake, \"false\";";
    servers.release(C, lines, &["deploy_with_migrations"]).unwrap_err();
    assert_eq!(servers.all_current(), [some(B), some(B), some(B)]);
    assert_eq!(servers.releases("three"), [A, B]);
}

#[test]
fn d15_paths_follow_deploy_to_and_the_names_of_directories() {
    let servers = Servers::new();
    let lines = r#"
set :deploy_to, "/x";
set :version_dir, "v";
set :current_dir, "c";
set :shared_dir, "s";
set :release_name, "r";
task :paths { puts `<${releases_path} ${current_path} ${shared_path} ${release_path}>`; }
"#;
    let told = servers.run(lines, &["paths"]).unwrap();
    assert!(told.contains("</x/v /x/c /x/s /x/v/r>"), "{told}");
}

#[test]
fn d24_a_cold_deploy_updates_and_starts_the_spinner() {
    let servers = Servers::new();
    let told = servers
        .run(
            "task :spinner, :roles => :app { run \"echo spinning\"; }",
            &["cold_deploy"],
        )
        .unwrap();
    assert_eq!(
        told.matches("spinning").count(),
        3,
        "announced once, said by two: {told}"
    );
    assert!(!told.contains("reaper:"), "{told}");
    assert!(servers.current("three").is_some());
}

#[test]
fn a_task_redefined_under_its_other_name_is_redefined() {
    let servers = Servers::new();
    let lines = "namespace :deploy { task :restart { puts \"my own restart\"; } }";
    let told = servers.run(lines, &["deploy"]).unwrap();
    assert!(told.contains("my own restart") && !told.contains("reaper:"), "{told}");
}

#[test]
fn b14_a_current_that_is_a_directory_is_refused_before_any_change() {
    let servers = Servers::new();
    fs::create_dir(servers.path("two", "current")).unwrap();
    let failed = servers.run("", &["deploy"]).unwrap_err();
    assert_eq!(failed.diagnostic.servers.len(), 1, "{failed:?}");
    assert!(
        failed.diagnostic.servers[0].stderr[0].contains("two/current is no link"),
        "{failed:?}"
    );
    for host in HOSTS {
        assert!(servers.releases(host).is_empty());
    }
    assert_eq!(servers.all_current(), [None, None, None]);
}

#[test]
fn b15_who_reads_through_current_never_misses() {
    let servers = Servers::new();
    servers.deployed(&[A, B]);
    let done = Arc::new(AtomicBool::new(false));
    let version = servers.path("one", "current/VERSION");
    let reader = std::thread::spawn({
        let done = done.clone();
        move || {
            let mut reads = 0_u32;
            while !done.load(Ordering::Relaxed) {
                assert_eq!(fs::read_to_string(&version).unwrap(), "1");
                reads += 1;
            }
            reads
        }
    });
    let lines = format!(
        r#"
// One server is read; the others are left out.
role :app, "two", :no_release => true;
role :db, "three", :no_release => true;
task :switch_often {{
  set :deploy_timestamped, true;
  for turn in 0..200 {{
    set :release_path, releases_path + "/" + ["{A}", "{B}"][turn % 2];
    reset :server_paths;
    symlink;
  }}
}}"#
    );
    let result = servers.run(&lines, &["switch_often"]);
    done.store(true, Ordering::Relaxed);
    assert!(reader.within(LIMIT) > 200);
    result.unwrap();
    assert_eq!(servers.current("one"), some(B));
}

#[test]
fn b23_blanks_and_quotes_in_deploy_to_work() {
    let servers = Servers::new();
    let root = servers.directory.path().display();
    let lines = format!("set :deploy_to, \"{root}/$CAPISTRANO:HOST$/it's \\\"a\\\" $HOME `id`; x\";");
    for (name, tasks) in [
        (A, ["setup", "update"]),
        (B, ["update", "cleanup"]),
        (C, ["update", "rollback"]),
    ] {
        servers.release(name, &lines, &tasks).unwrap();
    }
    let place = servers.path("one", "it's \"a\" $HOME `id`; x");
    assert_eq!(
        names(&place),
        [".capr", "current", "releases", "revisions.log", "shared"]
    );
    assert_eq!(fs::read_to_string(place.join("current/VERSION")).unwrap(), "1");
    assert_eq!(names(&place.join("releases")), [A, B]);
    assert_eq!(
        names(servers.directory.path()),
        ["one", "recipes", "repository", "three", "two"]
    );
}

#[test]
fn b28_a_release_that_exists_is_refused_and_stays() {
    let servers = Servers::new();
    servers.deployed(&[A]);
    fs::create_dir(servers.path("three", "releases").join(B)).unwrap();
    fs::write(servers.path("three", "releases").join(B).join("mine"), "").unwrap();
    let failed = servers.release(B, "", &["deploy"]).unwrap_err();
    assert_eq!(failed.rollback, Rollback::Complete);
    assert_eq!(servers.releases("one"), [A]);
    assert_eq!(names(&servers.path("three", "releases").join(B)), ["mine"]);
    // What this run would have made is live here, and of an earlier run.
    servers.release(A, "", &["deploy"]).unwrap_err();
    assert_eq!(servers.all_current(), [some(A), some(A), some(A)]);
    assert_eq!(fs::read_to_string(servers.path("two", "current/VERSION")).unwrap(), "1");
}

#[test]
fn b28_a_second_deploy_of_one_run_is_refused_before_any_change() {
    let servers = Servers::new();
    let failed = servers.release(A, "", &["deploy", "deploy"]).unwrap_err();
    let said = format!("{:?}", failed.diagnostic);
    assert!(said.contains("this run has made the release"), "{said}");
    assert_eq!(failed.rollback, Rollback::Complete);
    assert_eq!(servers.releases("one"), [A]);
    assert_eq!(servers.all_current(), [some(A), some(A), some(A)]);
}

#[test]
fn b28_a_release_that_is_made_twice_in_a_run_is_not_taken_for_one_of_two_servers() {
    let servers = Servers::new();
    let twice = ["deploy:update_code", "deploy:update_code"];
    let failed = servers.release(A, "", &twice).unwrap_err();
    let said = format!("{:?}", failed.diagnostic);
    assert!(said.contains("this run has begun to make the release"), "{said}");
    assert!(!said.contains("one machine"), "{said}");
}

#[test]
fn a_mark_that_cannot_be_written_is_told_and_leaves_nothing() {
    let servers = Servers::new();
    servers.deployed(&[A]);
    // Ends a file at its first byte, as a full disk does.
    let full = r#"set :server_paths, `trap '' XFSZ; ulimit -f 0
` + server_paths;"#;
    let failed = servers
        .release(B, &format!("before :update_code {{ {full} }}"), &["update"])
        .unwrap_err();
    let said = format!("{:?}", failed.diagnostic);
    assert!(
        said.contains("see whose the directory is, and whether the disk is full"),
        "{said}"
    );
    assert!(!servers.path("one", ".capr").join(format!("{B}.run")).exists());
    assert_eq!(servers.all_current(), [some(A), some(A), some(A)]);
}

#[test]
fn b30_no_temporary_files_stay() {
    let servers = Servers::new();
    servers.deployed(&[A, B]);
    servers.release(C, ON_TWO, &["failing"]).unwrap_err();
    servers.run("", &["rollback"]).unwrap();
    for host in HOSTS {
        assert_eq!(
            names(&servers.path(host, "")),
            [".capr", "current", "releases", "revisions.log", "shared"]
        );
        let kept = [
            format!("{A}.previous"),
            format!("{A}.ready"),
            format!("{A}.run"),
            "undone".to_owned(),
        ];
        assert_eq!(names(&servers.path(host, ".capr")), kept);
        assert_eq!(servers.releases(host), [A]);
    }
}

#[test]
fn g10_a_checkout_that_fails_on_one_server_switches_nowhere() {
    let servers = Servers::new();
    servers.deployed(&[A]);
    let lines = "set :git_checkout_command, \"[ $CAPISTRANO:HOST$ != three ]\";";
    let failed = servers.release(B, lines, &["deploy"]).unwrap_err();
    assert_eq!(failed.rollback, Rollback::Complete, "{failed:?}");
    assert_eq!(servers.all_current(), [some(A), some(A), some(A)]);
    assert!(HOSTS.iter().all(|host| servers.releases(host) == [A]));
}

#[test]
fn g4_g5_a_branch_is_found_by_its_exact_name_and_an_unknown_one_is_said() {
    let servers = Servers::new();
    let repository = servers.directory.path().join("repository");
    git(&repository, &["checkout", "-q", "-b", "feature/x"]);
    servers.commit("VERSION", "feature");
    git(&repository, &["checkout", "-q", "-b", "x", "main"]);
    let wanted = servers.commit("VERSION", "x");
    git(&repository, &["checkout", "-q", "main"]);
    servers.release(A, "set :branch, \"x\";", &["update"]).unwrap();
    assert_eq!(
        fs::read_to_string(servers.path("one", "current/REVISION"))
            .unwrap()
            .trim(),
        wanted
    );
    let failed = servers.release(B, "set :branch, \"y\";", &["update"]).unwrap_err();
    let said = format!("{:?}", failed.diagnostic);
    assert!(said.contains("the repository has no branch or tag y"), "{said}");
    assert_eq!(servers.releases("one"), [A]);
}

#[test]
fn what_cannot_be_done_with_a_source_control_is_said_before_any_change() {
    let servers = Servers::new();
    for (lines, complaint) in [
        ("set :scm, \"rcs\";", "there is no source control rcs"),
        ("set :deploy_via, \"pigeon\";", "no way to pigeon from git"),
        (
            "set :scm, \"none\"; set :deploy_via, \"remote_cache\";",
            "no way to remote_cache from none",
        ),
    ] {
        let failed = servers.run(lines, &["update"]).unwrap_err();
        assert!(failed.diagnostic.message.starts_with(complaint), "{failed:?}");
        assert_eq!(failed.rollback, Rollback::Complete);
        assert!(servers.releases("one").is_empty());
    }
    for via in ["checkout", "copy"] {
        for task in ["deploy:check", "deploy:pending"] {
            let lines = format!("set :scm, \"rcs\"; set :deploy_via, \"{via}\";");
            let failed = servers.run(&lines, &[task]).unwrap_err();
            let message = &failed.diagnostic.message;
            assert!(
                message.starts_with("there is no source control rcs"),
                "{via} {task}: {message}"
            );
        }
    }
}

#[test]
fn what_a_server_tells_as_a_revision_reaches_no_other_server_unless_it_can_be_one() {
    let servers = Servers::new();
    for told in [
        "--upload-pack=touch /tmp/x;",
        "x; touch /tmp/x",
        "$(id)",
        "-x",
        "../x",
        "a\\nb",
        "",
    ] {
        let lines = format!("set :scm, \"none\"; set :none_revision_command, \"printf '%s' '{told}'\";");
        let failed = servers.run(&lines, &["update"]).unwrap_err();
        let message = &failed.diagnostic.message;
        assert!(message.contains("has told what cannot be one"), "{told}: {message}");
        assert!(servers.releases("two").is_empty());
    }
    servers.deployed(&[A]);
    fs::write(servers.path("one", "current/REVISION"), "1; touch /tmp/x\n").unwrap();
    let failed = servers
        .run("task :told { puts current_revision; }", &["told"])
        .unwrap_err();
    let message = &failed.diagnostic.message;
    assert!(message.contains("holds what cannot be a revision"), "{message}");
}

#[test]
fn g3_a_cached_copy_follows_the_repository_from_deploy_to_deploy() {
    let servers = Servers::new();
    let lines = "set :deploy_via, \"remote_cache\";";
    servers.commit("old", "to be removed");
    servers.release(A, lines, &["update"]).unwrap();
    let repository = servers.directory.path().join("repository");
    fs::remove_file(repository.join("old")).unwrap();
    servers.commit("VERSION", "2");
    // A lock that git has left in it in a power cut.
    fs::write(servers.path("one", "repo/packed-refs.lock"), "").unwrap();
    servers.release(B, lines, &["update"]).unwrap();
    for (release, version, old) in [(A, "1", true), (B, "2", false)] {
        let release = servers.path("one", "releases").join(release);
        assert_eq!(fs::read_to_string(release.join("VERSION")).unwrap(), version);
        assert_eq!(release.join("old").exists(), old);
        assert!(!release.join(".git").exists());
    }
}

#[test]
fn g8_subversion_is_checked_out_or_exported_on_each_server() {
    let servers = Servers::new();
    let root = servers.directory.path();
    let url = format!("file://{}/svn/trunk", root.display());
    for (program, arguments) in [
        ("svnadmin", vec!["create", "svn"]),
        (
            "svn",
            vec![
                "--config-dir",
                "svnconfig",
                "import",
                "-q",
                "-m",
                "first",
                "repository",
                &url,
            ],
        ),
    ] {
        let output = Command::new(program).args(arguments).current_dir(root).limited_output();
        assert!(output.status.success(), "{output:?}");
    }
    let lines = format!("set :repository, \"{url}\";\n");
    servers.release(A, &lines, &["update"]).unwrap();
    servers
        .release(
            B,
            &(lines.clone() + "set :deploy_via, \"export\"; set :revision, 1;"),
            &["update"],
        )
        .unwrap();
    for name in [C, "20250101000004"] {
        servers
            .release(
                name,
                &(lines.clone() + "set :deploy_via, \"remote_cache\";"),
                &["update"],
            )
            .unwrap();
    }
    for (release, checked_out) in [(A, true), (B, false), (C, false), ("20250101000004", false)] {
        let release = servers.path("three", "releases").join(release);
        assert_eq!(fs::read_to_string(release.join("REVISION")).unwrap(), "1\n");
        assert_eq!(fs::read_to_string(release.join("VERSION")).unwrap(), "1");
        assert_eq!(release.join(".svn").exists(), checked_out);
    }
}
