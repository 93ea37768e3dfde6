//! The mirrors that servers keep of a repository: git's, also those of Capistrano, and Mercurial's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::stage::{Servers, git, names};
use super::{A, B, C};
use crate::deadline::LimitedCommand;

const CACHE: &str = "set :deploy_via, :remote_cache;";

impl Servers {
    fn file(&self, path: &str) -> String {
        fs::read_to_string(self.path("one", "current").join(path)).unwrap()
    }
}

/// Runs a script in a directory.
fn sh(directory: &Path, script: &str) -> String {
    let output = Command::new("sh")
        .args(["-ec", script])
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("HGRCPATH", "/dev/null")
        .env("HGUSER", "tester")
        .limited_output();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn g12_the_mirrors_of_capistrano_2_and_3_are_gone_on_with() {
    let servers = Servers::new();
    let repository = servers.repository();
    let url = repository.display();
    // As Capistrano 3 makes it, and Capistrano 2.
    sh(&servers.path("one", ""), &format!("git clone -q --mirror {url} repo"));
    sh(
        &servers.path("one", "shared"),
        &format!("git clone -q {url} cached-copy"),
    );
    let second = servers.commit("VERSION", "2");
    assert_eq!(servers.deploys(A, "main", CACHE), Ok(second.clone()));
    assert_eq!(sh(&servers.path("one", "repo"), "git rev-parse main"), second);
    let third = servers.commit("VERSION", "3");
    let cached = format!("{CACHE} set :repository_cache, \"cached-copy\";");
    assert_eq!(servers.deploys(B, "main", &cached), Ok(third.clone()));
    // Theirs goes on with it, and what it has checked out was left alone.
    let copy = servers.path("one", "shared/cached-copy");
    assert_eq!(fs::read_to_string(copy.join("VERSION")).unwrap(), "1");
    sh(
        &copy,
        &format!(
            "git fetch -q origin && git fetch --tags -q origin && git reset -q --hard {third} && git clean -q -d -x -f"
        ),
    );
    assert_eq!(fs::read_to_string(copy.join("VERSION")).unwrap(), "3");
    let mirror = servers.path("one", "repo");
    sh(
        &mirror,
        &format!("git remote set-url origin {url} && git remote update --prune"),
    );
    assert_eq!(sh(&mirror, "git rev-parse main"), third);
    // A mirror that capr has made is one for Capistrano 3, too.
    let made = servers.path("two", "repo");
    let fourth = servers.commit("VERSION", "4");
    sh(
        &made,
        &format!("git remote set-url origin {url} && git remote update --prune"),
    );
    assert_eq!(sh(&made, "git rev-list --max-count=1 main"), fourth);
}

#[test]
fn g12_history_that_was_replaced_and_a_repository_that_moved_are_followed() {
    let servers = Servers::new();
    let repository = servers.repository();
    let first = servers.commit("VERSION", "2");
    assert_eq!(servers.deploys(A, "main", CACHE), Ok(first));
    git(&repository, &["reset", "-q", "--hard", "HEAD~1"]);
    let forced = servers.commit("VERSION", "forced");
    git(&repository, &["branch", "gone"]);
    assert_eq!(servers.deploys(B, "main", CACHE), Ok(forced));
    let moved = servers.directory.path().join("moved");
    fs::rename(&repository, &moved).unwrap();
    git(&moved, &["branch", "-D", "gone"]);
    fs::write(moved.join("VERSION"), "moved").unwrap();
    git(&moved, &["commit", "-q", "-a", "-m", "moved"]);
    let address = format!("{CACHE} set :repository, \"{}\";", moved.display());
    servers.deploys(C, "main", &address).unwrap();
    assert_eq!(servers.file("VERSION"), "moved");
    assert_eq!(sh(&servers.path("one", "repo"), "git branch --list gone"), "");
}

#[test]
fn a_commit_on_no_branch_is_deployed_by_its_digits() {
    let servers = Servers::new();
    let repository = servers.repository();
    let lost = servers.commit("VERSION", "lost");
    git(&repository, &["reset", "-q", "--hard", "HEAD~1"]);
    servers.commit("VERSION", "3");
    for (release, via) in [(A, "checkout"), (B, "export"), (C, "remote_cache")] {
        let via = format!("set :deploy_via, \"{via}\";");
        assert_eq!(servers.deploys(release, &lost, &via), Ok(lost.clone()));
        assert_eq!(servers.file("VERSION"), "lost");
    }
}

#[test]
fn g1_a_shallow_clone_has_the_commits_that_are_asked_for_and_becomes_whole_again() {
    let servers = Servers::new();
    servers.commit("VERSION", "2");
    servers.commit("VERSION", "3");
    let count = |path: &str| sh(&servers.path("one", path), "git rev-list --count --all");
    servers.deploys(A, "main", "set :git_shallow_clone, true;").unwrap();
    assert_eq!(count("current"), "1");
    servers
        .deploys(B, "main", &format!("{CACHE} set :git_shallow_clone, 2;"))
        .unwrap();
    assert_eq!(sh(&servers.path("one", "repo"), "git rev-list --count FETCH_HEAD"), "2");
    servers.commit("VERSION", "4");
    servers.deploys(C, "main", CACHE).unwrap();
    assert_eq!(count("repo"), "4");
    assert_eq!(servers.file("VERSION"), "4");
}

#[test]
fn g12_a_part_of_the_repository_is_deployed_alone() {
    let servers = Servers::new();
    let repository = servers.repository();
    fs::create_dir_all(repository.join("apps/my web")).unwrap();
    servers.commit("apps/my web/index", "hello");
    let part = |via: &str| format!("set :deploy_via, \"{via}\"; set :repo_tree, \"apps/my web\";");
    for (release, via) in [(A, "remote_cache"), (B, "export")] {
        servers.deploys_part(release, &part(via)).unwrap();
        assert_eq!(servers.file("index"), "hello");
        assert!(!servers.path("one", "current/VERSION").exists());
    }
    for (lines, complaint) in [
        (part("checkout"), "a checkout has the whole repository"),
        (
            format!("{CACHE} set :repo_tree, \"nowhere\";"),
            "the repository has no directory nowhere",
        ),
    ] {
        let said = servers.deploys_part(C, &lines).unwrap_err();
        assert!(said.contains(complaint), "{said}");
    }
}

impl Servers {
    fn deploys_part(&self, release: &str, lines: &str) -> Result<(), String> {
        let run = self.release(release, lines, &["update"]);
        run.map(|_| ()).map_err(|failed| format!("{:?}", failed.diagnostic))
    }
}

#[test]
fn the_time_of_the_commit_is_kept_with_the_release() {
    let servers = Servers::new();
    let made = git(&servers.repository(), &["log", "-1", "--format=%ct"]);
    for (release, via) in [(A, "checkout"), (B, "export"), (C, "remote_cache")] {
        servers
            .deploys(release, "main", &format!("set :deploy_via, \"{via}\";"))
            .unwrap();
        assert_eq!(servers.file("REVISION_TIME"), made);
    }
    let told = servers.run("task :t { puts current_revision_time; }", &["t"]).unwrap();
    assert!(told.contains(made.trim()), "{told}");
}

#[test]
fn a_commit_without_a_trusted_signature_is_refused_where_one_is_asked_for() {
    let servers = Servers::new();
    let repository = servers.repository();
    let root = servers.directory.path();
    sh(
        root,
        "ssh-keygen -q -t ed25519 -N '' -f key && echo \"tester@example.com $(cat key.pub)\" > signers",
    );
    let key = root.join("key").display().to_string();
    let trusted = format!(
        "set :git_verify_commit, true; set :default_env, #{{ GIT_CONFIG_COUNT: 1, GIT_CONFIG_KEY_0: \"gpg.ssh.allowedSignersFile\", \
         GIT_CONFIG_VALUE_0: \"{}\" }};",
        root.join("signers").display()
    );
    let ways = ["checkout", "export", "remote_cache"];
    for via in ways {
        let said = servers
            .deploys(A, "main", &format!("set :deploy_via, \"{via}\"; {trusted}"))
            .unwrap_err();
        assert!(said.contains("has no signature that"), "{said}");
        assert!(servers.releases("one").is_empty());
    }
    let signing = [
        "-c",
        "gpg.format=ssh",
        "-c",
        &format!("user.signingkey={key}"),
        "commit",
        "-q",
        "-S",
        "--allow-empty",
        "-m",
        "signed",
    ]
    .map(str::to_owned);
    git(&repository, &signing.iter().map(String::as_str).collect::<Vec<_>>());
    for (release, via) in [A, B, C].into_iter().zip(ways) {
        servers
            .deploys(release, "main", &format!("set :deploy_via, \"{via}\"; {trusted}"))
            .unwrap();
    }
}

#[test]
fn large_files_come_out_of_git_lfs() {
    let servers = Servers::new();
    let repository = servers.repository();
    sh(
        &repository,
        "git lfs install --local >/dev/null; git lfs track '*.bin' >/dev/null; echo a large file > a.bin",
    );
    servers.commit("VERSION", "large");
    assert!(git(&repository, &["show", "HEAD:a.bin"]).starts_with("version https://git-lfs"));
    for (release, via) in [(A, "checkout"), (B, "export"), (C, "remote_cache")] {
        servers
            .deploys(
                release,
                "main",
                &format!(
                    "set :deploy_via, \"{via}\"; set :repository, \"file://{}\";",
                    repository.display()
                ),
            )
            .unwrap();
        assert_eq!(servers.file("a.bin"), "a large file\n", "{via}");
    }
}

#[test]
fn g2_submodules_come_with_a_mirror_and_leave_nothing_of_git() {
    let servers = Servers::new();
    let root = servers.directory.path();
    sh(
        root,
        "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b\n\
         for name in inner outer; do git init -q -b main $name; echo $name > $name/file; git -C $name add .; git -C $name commit -q -m x; done\n\
         git -C outer -c protocol.file.allow=always submodule --quiet add \"$PWD/inner\" inner; git -C outer commit -q -m inner\n\
         git -C repository -c protocol.file.allow=always submodule --quiet add \"$PWD/outer\" outer",
    );
    servers.commit("VERSION", "2");
    let lines = "set :git_enable_submodules, true; set :default_environment, #{ GIT_CONFIG_COUNT: 1, \
                 GIT_CONFIG_KEY_0: \"protocol.file.allow\", GIT_CONFIG_VALUE_0: \"always\" };";
    for (release, more) in [
        (A, "set :deploy_via, :remote_cache;"),
        (B, "set :deploy_via, :export;"),
        (C, "set :deploy_via, :remote_cache; set :git_shallow_clone, 1;"),
    ] {
        servers.deploys(release, "main", &format!("{lines} {more}")).unwrap();
        assert_eq!(
            (servers.file("outer/file"), servers.file("outer/inner/file")),
            ("outer\n".to_owned(), "inner\n".to_owned())
        );
        assert_eq!(sh(&servers.path("one", "current/"), "find . -name .git"), "", "{more}");
    }
    let flat = format!("{lines} {CACHE} set :git_submodules_recursive, false;");
    servers.deploys("20250101000004", "main", &flat).unwrap();
    assert!(names(&servers.path("one", "current/outer/inner")).is_empty());
}

/// Installs a program in place of ssh that prints the message of ssh about an unknown host key or a rejected login.
fn with_ssh(servers: &Servers, says: &str) -> String {
    let program = servers.directory.path().join("ssh");
    fs::write(&program, format!("#!/bin/sh\necho '{says}' >&2\nexit 255\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    format!(
        "set :repository, \"ssh://git@code.example.com:2222/x.git\"; set :default_env, #{{ GIT_SSH_COMMAND: \"{}\" }};",
        program.display()
    )
}

#[test]
fn g6_an_unknown_host_key_of_the_repository_is_told_with_what_to_do() {
    let servers = Servers::new();
    for (says, hint) in [
        (
            "Host key verification failed.",
            "the host key of code.example.com is not known here: compare what \\\"ssh-keyscan -p 2222 code.example.com | ssh-keygen -lf -\\\" prints",
        ),
        (
            "git@code.example.com: Permission denied (publickey).",
            "code.example.com accepts no key from here: give the repository a deploy key",
        ),
    ] {
        let lines = with_ssh(&servers, says);
        let said = servers.deploys(A, "main", &lines).unwrap_err();
        assert!(said.contains(says) && said.contains(hint), "{said}");
    }
}

#[test]
fn mercurial_is_deployed_in_all_ways_and_its_mirror_follows() {
    let servers = Servers::new();
    let root = servers.directory.path();
    sh(
        root,
        "hg init hg; cd hg; mkdir web; echo 1 > web/VERSION; echo x > .hidden; hg add -q; hg commit -q -m first; hg tag v1; \
         hg branch -q stable; echo 2 > web/VERSION; hg commit -q -m second; hg update -q default; echo 3 > web/VERSION; hg commit -q -m third",
    );
    let deploys = |release: &str, lines: &str| -> Result<String, String> {
        let address = format!(
            "set :scm, :mercurial; set :repository, \"{}\"; {lines}",
            root.join("hg").display()
        );
        let run = servers.release(release, &address, &["update"]);
        run.map(|_| servers.file("REVISION").trim().to_owned())
            .map_err(|failed| format!("{:?}", failed.diagnostic))
    };
    let revision = |name: &str| sh(&root.join("hg"), &format!("hg log -r {name} -T '{{node}}'"));
    assert_eq!(deploys(A, ""), Ok(revision("default")));
    assert!(servers.path("one", "current/.hg").exists());
    assert_eq!(
        deploys(B, "set :branch, \"v1\"; set :deploy_via, :export;"),
        Ok(revision("v1"))
    );
    assert_eq!(servers.file("web/VERSION"), "1\n");
    assert_eq!(
        deploys(C, &format!("set :branch, \"stable\"; {CACHE}")),
        Ok(revision("stable"))
    );
    assert_eq!(
        (servers.file("web/VERSION"), servers.file(".hidden")),
        ("2\n".to_owned(), "x\n".to_owned())
    );
    sh(&root.join("hg"), "echo 4 > web/VERSION; hg commit -q -m fourth");
    assert_eq!(deploys("20250101000004", CACHE), Ok(revision("default")));
    let entries = names(&servers.path("one", "current/"));
    assert!(
        !entries.iter().any(|name| name == ".hg" || name == ".hg_archival.txt"),
        "{entries:?}"
    );
    assert_eq!(
        deploys("20250101000005", &format!("{CACHE} set :repo_tree, \"web\";")),
        Ok(revision("default"))
    );
    assert_eq!(servers.file("VERSION"), "4\n");
    let told = deploys("20250101000006", "set :branch, \"nope\";").unwrap_err();
    assert!(told.contains("nope"), "{told}");
    assert_eq!(servers.releases("one").len(), 5);
}

#[test]
fn g12_a_mirror_of_somebody_else_where_all_may_write_is_not_gone_on_with() {
    let servers = Servers::new();
    let shared = servers.directory.path().join("all");
    let cache = shared.join("cache");
    let url = servers.repository();
    sh(
        servers.directory.path(),
        &format!(
            "mkdir all && chmod 1777 all && git init -q --bare all/cache && git -C all/cache config capr.cache true && \
             git -C all/cache config remote.origin.url {} && chown -R 65534 all/cache",
            url.display()
        ),
    );
    let lines = format!("{CACHE} set :repository_cache, \"{}\";", cache.display());
    let failed = servers.release(A, &lines, &["update"]).unwrap_err();
    let said = format!("{:?}", failed.diagnostic);
    assert!(
        said.contains("is somebody else's, in a directory where all may write"),
        "{said}"
    );
    fs::remove_dir_all(&cache).unwrap();
    servers.release(A, &lines, &["update"]).unwrap();
    assert!(cache.join("HEAD").exists());
}
