//! Deploys of recipes in the words of Capistrano 2 and 3, which expect what those do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::stage::{HOSTS, Servers, names, some};
use super::{A, B};

const THREE: &str = "set :dialect, 3; set :restart_on_deploy, false;";
const TWO: &str = "set :dialect, 2; set :restart_via, \"none\";";

#[test]
fn a_hook_on_the_linked_files_of_3_finds_the_directories_for_them_on_a_new_server() {
    let servers = Servers::new();
    for host in HOSTS {
        fs::remove_dir_all(servers.path(host, "")).unwrap();
    }
    let lines = format!(
        "{THREE} set :linked_files, [\"config/master.key\"]; set :linked_dirs, [\"tmp/pids\"];
         before \"deploy:check:linked_files\" {{ put \"k\", `${{shared_path}}/config/master.key`; run `ls ${{shared_path}}/tmp/pids`; }}"
    );
    servers.release(A, &lines, &["deploy"]).unwrap();
    for host in HOSTS {
        let key = servers.path(host, "current/config/master.key");
        assert_eq!(fs::read_to_string(key).unwrap(), "k");
    }
}

#[test]
fn the_setup_of_a_deploy_of_2_may_be_its_hook() {
    let servers = Servers::new();
    for host in HOSTS {
        fs::remove_dir_all(servers.path(host, "")).unwrap();
    }
    servers.release(A, TWO, &["deploy"]).unwrap_err();
    let lines = format!("{TWO} before \"deploy\", \"deploy:setup\";");
    servers.release(A, &lines, &["deploy"]).unwrap();
    assert_eq!(servers.all_current(), [some(A), some(A), some(A)]);
}

#[test]
fn what_copy_exclude_of_2_names_does_not_come_out_of_a_cache() {
    let servers = Servers::new();
    let repository = servers.directory.path().join("repository");
    for directory in ["a/log/b", "config/c", "nb/nb", "top/x"] {
        fs::create_dir_all(repository.join(directory)).unwrap();
    }
    for file in [
        "a/log/b/1",
        "a/.gitignore",
        "config/1.rb",
        "config/c/2.rb",
        "nb/nb/3",
        "top/x/top",
        "top/deep",
        "it's here",
    ] {
        fs::write(repository.join(file), "x").unwrap();
    }
    servers.commit(".gitignore", "x");
    let patterns = r#"[".gitignore", "log/*", "config/*.rb", "/nb", "top/x/", "deep/", "it's h*", "**/3"]"#;
    let lines = format!("set :deploy_via, :remote_cache; set :copy_exclude, {patterns};");
    servers.release(A, &format!("{TWO} {lines}"), &["update"]).unwrap();
    let release = servers.path("one", "current");
    assert_eq!(names(&release.join("a")), ["log"]);
    assert_eq!(names(&release.join("a/log")), [""; 0]);
    assert_eq!(names(&release.join("config")), ["c"]);
    assert_eq!(names(&release.join("config/c")), ["2.rb"]);
    assert_eq!(names(&release.join("top")), ["deep"]);
    for gone in [".gitignore", "nb", "it's here"] {
        assert!(!release.join(gone).exists(), "{gone}");
    }
    assert!(release.join("VERSION").exists());
    // Capistrano 3 does not know it.
    servers.release(B, &format!("{THREE} {lines}"), &["deploy"]).unwrap();
    assert!(servers.path("one", "current/nb").exists());
}

#[test]
fn a_finalize_update_of_ones_own_lets_the_group_of_2_write_itself() {
    let servers = Servers::new();
    let mode = |host: &str| {
        fs::metadata(servers.path(host, "current/VERSION"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    let own = "namespace :deploy { task :finalize_update { } }";
    servers
        .release(A, &format!("{TWO} set :deploy_umask, \"022\"; {own}"), &["update"])
        .unwrap();
    assert_eq!(mode("two"), 0o644);
    servers
        .release(B, &format!("{TWO} set :deploy_umask, \"022\";"), &["update"])
        .unwrap();
    assert_eq!(mode("two"), 0o664);
}

#[test]
fn the_revision_of_3_stands_in_the_release_whatever_a_hook_before_it_has_done() {
    let servers = Servers::new();
    let revision = servers.commit("VERSION", "2");
    let lines = format!("{THREE} before \"deploy:set_current_revision\" {{ run `rm ${{release_path}}/REVISION`; }}");
    servers.release(A, &lines, &["deploy"]).unwrap();
    let read = fs::read_to_string(servers.path("two", "current/REVISION")).unwrap();
    assert_eq!(read.trim(), revision);
}
