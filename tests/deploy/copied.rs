//! `deploy_via` copy: made ready here, packed once, unpacked on the servers.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::stage::{HOSTS, Servers, git, names};
use super::{A, B, C};

const COPY: &str = "set :deploy_via, :copy;";

impl Servers {
    /// Deploys by copy, with the place for what is made ready here; gives what was told, and checks that nothing is left there.
    fn copies(&self, release: &str, lines: &str) -> Result<String, String> {
        let stage = self.directory.path().join("ready");
        fs::create_dir_all(&stage).unwrap();
        let lines = format!("{COPY} set :copy_dir, \"{}\"; {lines}", stage.display());
        let told = self.release(release, &lines, &["update"]);
        assert!(names(&stage).is_empty(), "{:?}", names(&stage));
        told.map_err(|failed| format!("{:?}", failed.diagnostic))
    }
}

#[test]
fn g9_a_copy_is_built_here_and_comes_to_servers_without_the_repository() {
    let servers = Servers::new();
    let repository = servers.repository();
    fs::create_dir_all(repository.join("doc/a")).unwrap();
    fs::write(repository.join("doc/a/page"), "x").unwrap();
    fs::write(repository.join(".env.sample"), "x").unwrap();
    fs::write(repository.join("doc.txt"), "x").unwrap();
    let revision = servers.commit("it's here", "x");
    // The program of the source control is not there on the servers.
    let lines = "set :scm_command, \"/nowhere/git\"; set :build_script, \"echo built > made; test -e VERSION\"; \
                 set :copy_exclude, [\"doc/*\", \".env*\", \"**/nothing\"];";
    servers.copies(A, lines).unwrap();
    for host in HOSTS {
        let release = servers.path(host, "current");
        let read = |name: &str| fs::read_to_string(release.join(name)).unwrap();
        assert_eq!(
            (read("made"), read("it's here"), read("REVISION")),
            ("built\n".into(), "x".into(), format!("{revision}\n"))
        );
        assert!(names(&release.join("doc")).is_empty() && release.join("doc.txt").exists());
        assert!(!release.join(".env.sample").exists() && !release.join(".git").exists());
        assert_eq!(
            names(&servers.path(host, "")),
            [".capr", "current", "releases", "revisions.log", "shared"]
        );
    }
}

#[test]
fn g7_the_program_of_the_source_control_is_named_for_the_servers_and_for_here() {
    let servers = Servers::new();
    let root = servers.directory.path().display().to_string();
    for name in ["there", "here"] {
        let program = servers.directory.path().join(name);
        fs::write(
            &program,
            format!("#!/bin/sh\necho {name} >> {root}/called\nexec git \"$@\"\n"),
        )
        .unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    }
    let called = || {
        let called = fs::read_to_string(format!("{root}/called")).unwrap_or_default();
        let _ = fs::remove_file(format!("{root}/called"));
        called.lines().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let programs = format!("set :scm_command, \"{root}/there\"; set :local_scm_command, \"{root}/here\";");
    servers.release(A, &programs, &["update"]).unwrap();
    assert_eq!(called().into_iter().collect::<Vec<_>>(), ["there"]);
    servers.copies(B, &programs).unwrap();
    assert_eq!(called().into_iter().collect::<Vec<_>>(), ["here"]);
    // The usual one, whatever the servers have.
    let usual = format!("{programs} set :local_scm_command, \"default\";");
    servers.copies(C, &usual).unwrap();
    assert!(called().is_empty());
}

#[test]
fn g9_each_compression_works_and_another_is_refused_before_any_change() {
    let servers = Servers::new();
    for (release, compression) in [(A, "gzip"), (B, "bzip2"), (C, "xz"), ("20250101000004", "none")] {
        servers
            .copies(release, &format!("set :copy_compression, \"{compression}\";"))
            .unwrap();
        assert!(servers.path("two", "current/VERSION").exists());
    }
    let count = servers.releases("one").len();
    for (lines, complaint) in [
        (
            "set :copy_compression, \"zip\";",
            "copy_compression can be gzip, bzip2, xz or none, not zip",
        ),
        (
            "set :copy_strategy, \"clone\";",
            "copy_strategy can be export or checkout, not clone",
        ),
        ("set :build_script, \"echo no; false\";", "the build script has failed"),
        ("set :branch, \"nope\";", "the repository has no branch or tag nope"),
    ] {
        let said = servers.copies("20250101000005", lines).unwrap_err();
        assert!(said.contains(complaint), "{said}");
        assert_eq!(servers.releases("one").len(), count);
    }
}

#[test]
fn g9_a_copy_cache_is_made_and_then_brought_up_to_date() {
    let servers = Servers::new();
    let cache = servers.directory.path().join("cache");
    let lines = format!("set :copy_cache, \"{}\";", cache.display());
    servers.copies(A, &lines).unwrap();
    assert!(cache.join("HEAD").exists());
    let revision = servers.commit("VERSION", "2");
    servers.copies(B, &lines).unwrap();
    assert_eq!(git(&cache, &["rev-parse", "main"]).trim(), revision);
    assert_eq!(
        fs::read_to_string(servers.path("three", "current/VERSION")).unwrap(),
        "2"
    );
}

#[test]
fn g11_a_directory_of_this_machine_is_copied_without_source_control() {
    let servers = Servers::new();
    let built = servers.directory.path().join("dist");
    fs::create_dir_all(built.join("sub")).unwrap();
    fs::write(built.join("sub/page"), "x").unwrap();
    std::os::unix::fs::symlink("sub/page", built.join("link")).unwrap();
    let lines = format!("set :scm, :none; set :repository, \"{}\";", built.display());
    servers.copies(A, &lines).unwrap();
    let release = servers.path("two", "current");
    assert_eq!(fs::read_link(release.join("link")).unwrap().to_str(), Some("sub/page"));
    servers
        .copies(
            B,
            &(lines.clone() + "set :copy_dereference_symlink, true; set :repo_tree, \"sub\";"),
        )
        .unwrap();
    assert_eq!(fs::read_to_string(release.join("page")).unwrap(), "x");
    servers.release(C, &format!("{COPY} {lines}"), &["update"]).unwrap();
    assert!(release.join("sub/page").exists());
}

#[test]
fn a_copy_that_fails_later_leaves_nothing_anywhere() {
    let servers = Servers::new();
    servers.copies(A, "").unwrap();
    let fails = "set :copy_remote_tar, \"false\";";
    servers.copies(B, fails).unwrap_err();
    for host in HOSTS {
        assert_eq!(servers.releases(host), [A]);
    }
}
