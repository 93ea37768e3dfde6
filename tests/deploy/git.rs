//! Which code is deployed from git, and that two deploys do not mix in one cache.

use std::fs;
use std::thread;

use super::stage::{Servers, git, names};
use super::{A, B};

const CACHE: &str = "set :deploy_via, \"remote_cache\";";

impl Servers {
    pub fn repository(&self) -> std::path::PathBuf {
        self.directory.path().join("repository")
    }

    /// Deploys a branch or tag; gives the revision that is current then, or what was said.
    pub fn deploys(&self, name: &str, wanted: &str, more: &str) -> Result<String, String> {
        let lines = format!("set :branch, \"{wanted}\";\n{more}");
        match self.release(name, &lines, &["update"]) {
            Ok(_) => {
                let revision = fs::read_to_string(self.path("one", "current/REVISION")).unwrap();
                assert!(self.path("one", "current/VERSION").exists());
                Ok(revision.trim().to_owned())
            }
            Err(failed) => Err(format!("{:?}", failed.diagnostic)),
        }
    }
}

#[test]
fn g4_a_name_of_a_branch_and_a_tag_is_refused_unless_it_says_which() {
    let servers = Servers::new();
    let repository = servers.repository();
    let tagged = servers.commit("VERSION", "tagged");
    git(&repository, &["tag", "-a", "-m", "x", "stable"]);
    let branched = servers.commit("VERSION", "branched");
    git(&repository, &["branch", "stable"]);
    let said = servers.deploys(A, "stable", "").unwrap_err();
    assert!(
        said.contains("a branch and a tag stable: write heads/stable or tags/stable"),
        "{said}"
    );
    assert!(servers.releases("one").is_empty());
    assert_eq!(servers.deploys(A, "heads/stable", ""), Ok(branched.clone()));
    assert_eq!(servers.deploys(B, "tags/stable", CACHE), Ok(tagged));
    // Both lead to one commit: either is right.
    git(&repository, &["tag", "-f", "stable", "heads/stable"]);
    assert_eq!(servers.deploys("20250101000009", "stable", CACHE), Ok(branched));
}

#[test]
fn g4_commits_are_named_by_all_their_digits_and_branches_without_origin() {
    let servers = Servers::new();
    let revision = servers.commit("VERSION", "2");
    assert_eq!(servers.deploys(A, &revision.to_uppercase(), ""), Ok(revision.clone()));
    for (wanted, complaint) in [
        (&revision[..10], "a commit is named by all of its 40 digits"),
        ("origin/main", "no branch or tag origin/main: write it without origin/"),
    ] {
        let said = servers.deploys(B, wanted, "").unwrap_err();
        assert!(said.contains(complaint), "{said}");
    }
    assert_eq!(servers.releases("one"), [A]);
}

#[test]
fn g7_a_server_without_the_program_is_told_so() {
    let servers = Servers::new();
    let said = servers
        .deploys(A, "main", "set :scm_command, \"/nowhere/git\";")
        .unwrap_err();
    assert!(said.contains("there is no program /nowhere/git here"), "{said}");
}

#[test]
fn g1_a_repository_whose_main_branch_is_called_deploy_is_deployed() {
    let servers = Servers::new();
    let repository = servers.repository();
    let wanted = servers.commit("VERSION", "2");
    git(&repository, &["branch", "-m", "main", "deploy"]);
    servers.commit("VERSION", "3");
    assert_eq!(servers.deploys(A, &wanted, ""), Ok(wanted));
}

#[test]
fn g2_submodules_that_stay_empty_are_told_and_a_moved_one_is_followed() {
    let servers = Servers::new();
    let (repository, root) = (servers.repository(), servers.directory.path());
    for name in ["old", "new"] {
        fs::create_dir(root.join(name)).unwrap();
        git(&root.join(name), &["init", "-q", "-b", "main"]);
        fs::write(root.join(name).join("file"), name).unwrap();
        git(&root.join(name), &["add", "-A"]);
        git(&root.join(name), &["commit", "-q", "-m", name]);
    }
    let address = |name: &str| root.join(name).display().to_string();
    git(
        &repository,
        &[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "add",
            "-q",
            &address("old"),
            "part",
        ],
    );
    servers.commit("VERSION", "with a part");
    let told = servers.release(A, CACHE, &["update"]).unwrap();
    assert!(told.contains("there are submodules, which stay empty"), "{told}");
    assert!(names(&servers.path("one", "current/part")).is_empty());
    let submodules = format!(
        "{CACHE} set :git_enable_submodules, true; set :default_environment, \
         #{{ GIT_CONFIG_COUNT: 1, GIT_CONFIG_KEY_0: \"protocol.file.allow\", GIT_CONFIG_VALUE_0: \"always\" }};"
    );
    servers.release(B, &submodules, &["update"]).unwrap();
    assert_eq!(
        fs::read_to_string(servers.path("one", "current/part/file")).unwrap(),
        "old"
    );
    // It moved, and what it was is gone.
    git(
        &repository,
        &["config", "-f", ".gitmodules", "submodule.part.url", &address("new")],
    );
    git(
        &repository.join("part"),
        &["remote", "set-url", "origin", &address("new")],
    );
    git(
        &repository.join("part"),
        &["-c", "protocol.file.allow=always", "fetch", "-q"],
    );
    git(&repository.join("part"), &["checkout", "-q", "origin/main"]);
    servers.commit("VERSION", "moved");
    fs::rename(root.join("old"), root.join("gone")).unwrap();
    servers.release("20250101000009", &submodules, &["update"]).unwrap();
    assert_eq!(
        fs::read_to_string(servers.path("one", "current/part/file")).unwrap(),
        "new"
    );
}

#[test]
fn g3_deploys_that_use_one_cache_at_once_do_not_mix() {
    let servers = Servers::new();
    let repository = servers.repository();
    for branch in ["a", "b"] {
        git(&repository, &["checkout", "-q", "-b", branch, "main"]);
        for number in 0..400 {
            fs::write(repository.join(format!("file{number}")), branch).unwrap();
        }
        servers.commit("VERSION", branch);
    }
    // The cache is there already, so that they do not wait for each other's clone alone.
    servers.release("20250101000008", CACHE, &["update_code"]).unwrap();
    // What git has left in it in a power cut.
    fs::write(servers.path("one", "repo/config.lock"), "").unwrap();
    thread::scope(|scope| {
        for (branch, name) in [("a", A), ("b", B)] {
            let servers = &servers;
            scope.spawn(move || {
                // Of two applications: one locks out the other one otherwise.
                let lines = format!("set :branch, \"{branch}\"; set :state_path, deploy_to + \"/.{branch}\"; {CACHE}");
                servers.release(name, &lines, &["update_code"]).unwrap()
            });
        }
    });
    for (branch, name) in [("a", A), ("b", B)] {
        let release = servers.path("one", "releases").join(name);
        let others =
            (0..400).filter(|number| fs::read_to_string(release.join(format!("file{number}"))).unwrap() != branch);
        assert_eq!(others.count(), 0, "{name} is {branch}");
        assert_eq!(fs::read_to_string(release.join("VERSION")).unwrap(), branch);
    }
}
