//! Tests of `deploy:pending`, `deploy:check`, and files that are uploaded without a deploy.

use std::fs;
use std::process::Command;

use super::stage::{HOSTS, Servers, git, names};
use super::{A, B, C};
use crate::deadline::LimitedCommand;

#[test]
fn the_commits_and_changes_that_are_pending_are_shown_whatever_the_way_of_deploying() {
    let servers = Servers::new();
    let failed = servers.run("", &["deploy:pending"]).unwrap_err();
    assert!(
        failed.diagnostic.message.contains("nothing is current yet"),
        "{failed:?}"
    );
    for (release, via) in [(A, "checkout"), (B, "remote_cache"), ("20250101000003", "copy")] {
        let lines = format!("set :deploy_via, \"{via}\";");
        servers.release(release, &lines, &["update"]).unwrap();
        let told = servers.run(&lines, &["deploy:pending"]).unwrap();
        assert!(told.contains("nothing is pending"), "{told}");
        servers.commit("VERSION", &format!("more for {via}"));
        let told = servers.run(&lines, &["deploy:pending"]).unwrap();
        assert!(told.contains(&format!("Tester: more for {via}")), "{told}");
        let told = servers.run(&lines, &["deploy:pending:diff"]).unwrap();
        assert!(told.contains(&format!("+more for {via}")), "{told}");
    }
}

#[test]
fn a_history_that_was_replaced_since_is_told_by_pending() {
    let servers = Servers::new();
    let repository = servers.repository();
    servers.release(A, "", &["update"]).unwrap();
    git(&repository, &["commit", "-q", "--amend", "-m", "other"]);
    git(&repository, &["reflog", "expire", "--expire=now", "--all"]);
    git(&repository, &["gc", "-q", "--prune=now"]);
    let failed = servers.run("", &["deploy:pending"]).unwrap_err();
    assert!(format!("{failed:?}").contains("its history was replaced"), "{failed:?}");
}

#[test]
fn what_is_pending_in_subversion_and_mercurial_is_shown() {
    let servers = Servers::new();
    let root = servers.directory.path();
    let sh = |script: &str| {
        let output = Command::new("sh")
            .args(["-ec", script])
            .current_dir(root)
            .env("HGUSER", "tester")
            .limited_output();
        assert!(output.status.success(), "{output:?}");
    };
    sh(
        "svnadmin create svn; svn --config-dir c import -q -m first repository \"file://$PWD/svn/trunk\"; hg init hg; cd hg; echo 1 > VERSION; hg add -q; hg commit -q -m first",
    );
    for (release, scm, url, change) in [
        (
            A,
            "subversion",
            format!("file://{}/svn/trunk", root.display()),
            "svnmucc --config-dir c -m 'the second one' put ssh \"file://$PWD/svn/trunk/VERSION\"",
        ),
        (
            B,
            "mercurial",
            root.join("hg").display().to_string(),
            "cd hg; cp ../ssh VERSION; hg commit -q -m 'the second one'",
        ),
    ] {
        let lines = format!("set :scm, :{scm}; set :repository, \"{url}\";");
        servers.release(release, &lines, &["update"]).unwrap();
        fs::write(root.join("ssh"), "changed\n").unwrap();
        sh(change);
        let told = servers.run(&lines, &["deploy:pending"]).unwrap();
        let printed = told.split("Printed").nth(1).unwrap();
        assert!(
            printed.contains("the second one") && !printed.contains("first"),
            "{told}"
        );
        let told = servers.run(&lines, &["deploy:pending:diff"]).unwrap();
        assert!(told.contains("+changed"), "{told}");
    }
}

#[test]
fn d25_a_check_finds_all_that_a_recipe_depends_on_and_names_the_server() {
    let servers = Servers::new();
    let root = servers.directory.path().display().to_string();
    let met = format!(
        "depend :remote, :command, \"sh\"; depend :remote, :directory, \"{root}\"; depend :remote, :file, \"{root}/repository/VERSION\";\n\
         depend :remote, :writable, \"{root}\"; depend :local, :command, \"sh\"; depend :remote, :match, \"echo hello; false\", \"^hel+o\";"
    );
    let told = servers.run(&met, &["deploy:check"]).unwrap();
    assert!(told.contains("ready for a deploy"), "{told}");
    let missing = format!(
        "{met} depend :remote, :command, \"nope1\"; depend :remote, :directory, \"/nope2\"; depend :remote, :gem, \"nope3\", \">=1\";\n\
         depend :remote, :match, \"echo hello\", \"bye\"; depend :remote, :file, \"/nope4\", :or => \"put the fourth there\"; \
         depend :remote, :deb, \"nope5\", \"1\"; depend :remote, :yum, \"nope6\", \"1\";"
    );
    let failed = servers.run(&missing, &["deploy:check"]).unwrap_err();
    let said = format!("{:?}", failed.diagnostic);
    for complaint in [
        "there is no program nope1",
        "/nope2 is no directory",
        "there is no gem nope3 >=1",
        "what echo hello writes does not fit bye",
        "put the fourth there",
        "there is no package nope5 1",
        "there is no package nope6 1",
    ] {
        assert!(said.contains(complaint), "{complaint}: {said}");
    }
    // What is missing on one server is told of that one.
    let place = "$CAPISTRANO:HOST$/uploads";
    for host in ["one", "three"] {
        fs::create_dir(servers.path(host, "uploads")).unwrap();
    }
    let one_misses = format!("depend :remote, :directory, \"{root}/{place}\", :or => \"mount the disk\";");
    let failed = servers.run(&one_misses, &["deploy:check"]).unwrap_err();
    assert_eq!(failed.diagnostic.fault.exit_code(), 1);
    let [two] = failed.diagnostic.servers.as_slice() else {
        panic!("{failed:?}");
    };
    assert_eq!(
        (two.server.host.as_str(), two.stderr.concat().as_str()),
        ("two", "mount the disk")
    );
    let failed = servers
        .run("depend :local, :command, \"nope7\";", &["deploy:check"])
        .unwrap_err();
    assert!(
        failed
            .diagnostic
            .message
            .contains("there is no program nope7 on this machine"),
        "{failed:?}"
    );
    let failed = servers
        .run("depend :remote, :file, \"/nope8\", :roles => :db;", &["deploy:check"])
        .unwrap_err();
    let said = format!("{:?}", failed.diagnostic);
    assert!(
        said.contains("/nope8 is no file") && said.contains("three") && !said.contains("one:"),
        "{said}"
    );
}

#[test]
fn a_library_author_can_bring_another_source_control() {
    let servers = Servers::new();
    let shelf = servers.directory.path().join("shelf");
    fs::create_dir_all(shelf.join("7")).unwrap();
    fs::write(shelf.join("7/VERSION"), "7").unwrap();
    fs::write(shelf.join("newest"), "7\n").unwrap();
    let lines = format!(
        r#"set :scm, :shelf; set :repository, "{}";
set :shelf_head, "newest";
set :shelf_revision_command, "if [ -d \"$repository/$wanted\" ]; then echo \"$wanted\"; else cat -- \"$repository/$wanted\"; fi";
set :shelf_checkout_command, "cp -RPp -- \"$repository/$revision/.\" \"$destination\"";"#,
        shelf.display()
    );
    servers.release(A, &lines, &["update"]).unwrap();
    servers
        .release(B, &format!("{lines} set :deploy_via, :copy;"), &["update"])
        .unwrap();
    for host in HOSTS {
        assert_eq!(fs::read_to_string(servers.path(host, "current/VERSION")).unwrap(), "7");
        assert_eq!(
            fs::read_to_string(servers.path(host, "current/REVISION")).unwrap(),
            "7\n"
        );
    }
    let failed = servers.run(&lines, &["deploy:pending"]);
    assert!(format!("{failed:?}").contains("nothing is pending"), "{failed:?}");
}

#[test]
fn tasks_of_a_recipe_can_make_the_release() {
    let servers = Servers::new();
    let archive = servers.directory.path().join("shop.tar");
    let lines = format!(
        r#"set :scm, :tasks; set :dialect, 3; set :linked_dirs, ["log"];
namespace :archive {{
  task :unpack {{ run `mkdir -p ${{release_path}} && tar -xf {archive} -C ${{release_path}}`; }}
  task :tell {{ set :current_revision, "shop-7"; }}
}}
after "deploy:new_release_path", "archive:unpack";
before "deploy:set_current_revision", "archive:tell";"#,
        archive = archive.display()
    );
    // Without the archive nothing stays of the release.
    servers.release(A, &lines, &["setup", "update"]).unwrap_err();
    let made = |host: &str| names(&servers.path(host, "releases"));
    assert!(made("one").is_empty(), "{:?}", made("one"));
    fs::write(servers.directory.path().join("VERSION"), "7").unwrap();
    let mut tar = Command::new("tar");
    tar.arg("-cf")
        .arg(&archive)
        .arg("-C")
        .arg(servers.directory.path())
        .arg("VERSION");
    assert!(tar.limited_output().status.success());
    servers.release(B, &lines, &["update"]).unwrap();
    servers.release(C, &lines, &["deploy"]).unwrap();
    for host in HOSTS {
        let read = |path: &str| fs::read_to_string(servers.path(host, "current").join(path)).unwrap();
        assert_eq!((read("VERSION").as_str(), read("REVISION").as_str()), ("7", "shop-7\n"));
        assert_eq!(
            fs::read_link(servers.path(host, "current/log")).unwrap(),
            servers.path(host, "shared/log")
        );
        assert_eq!(made(host), [B, C]);
    }
    let none = "set :scm, :tasks; set :dialect, 3;";
    let failed = servers.run(none, &["update"]).unwrap_err();
    let said = format!("{:?}", failed.diagnostic);
    assert!(said.contains("no task has made the release"), "{said}");
}
