//! Everything that the deploy library must leave alone, on real servers: whatever neither a checkout nor a deploy has made.

use std::fmt::Display;

use crate::fleet::Fleet;
use crate::harness::{Case, Finished, Running};

const FIRST: &str = "20260101000001";
const SECOND: &str = "20260101000002";
const RELEASES: &str = "/u/apps/flipper/releases";

/// A server with the application in git, after `setup`, and data that no deploy may touch.
pub(crate) struct Site {
    pub(crate) fleet: Fleet,
}

impl Site {
    pub(crate) fn new() -> Self {
        let site = Self {
            fleet: Fleet::start(&["app1"]),
        };
        site.run("", ["setup"]).ok();
        site.sh("mkdir -p /srv/data/system /srv/data/process && echo precious > /srv/data/photo");
        site.sh("echo precious > /srv/data/system/photo && chown -R deploy /srv/data /srv");
        site
    }

    /// Runs tasks of a recipe with `more` in it.
    pub(crate) fn run<T: Display>(&self, more: &str, arguments: impl IntoIterator<Item = T>) -> Finished {
        self.case(more, arguments).run()
    }

    /// The same without waiting for its end.
    pub(crate) fn start<T: Display>(&self, more: &str, arguments: impl IntoIterator<Item = T>) -> Running {
        self.case(more, arguments).start()
    }

    fn case<T: Display>(&self, more: &str, arguments: impl IntoIterator<Item = T>) -> Case {
        let url = &self.fleet.git().url;
        let recipe = format!(
            "set :application, \"flipper\";\nset :repository, \"{url}\";\nrole :app, \"app1\";\ntask :restart {{ }}\n{more}\n"
        );
        Case::new().recipe(&recipe).args(arguments).on(&self.fleet)
    }

    /// Makes a release of this name, which becomes current.
    pub(crate) fn update(&self, name: &str) {
        self.run(&format!("set :release_name, \"{name}\";"), ["update"]).ok();
    }

    pub(crate) fn sh(&self, text: &str) -> String {
        self.fleet.sh("app1", text)
    }

    pub(crate) fn current(&self) -> Option<String> {
        self.fleet.read_link("app1", "/u/apps/flipper/current")
    }

    /// Fails where data is gone, or something was put beside it.
    #[track_caller]
    fn is_untouched(&self) {
        let found = self.sh("cd /srv/data && find . | sort && cat photo system/photo");
        assert_eq!(
            found.trim(),
            ".\n./photo\n./process\n./system\n./system/photo\nprecious\nprecious"
        );
    }
}

#[test]
fn a_shared_path_that_leads_out_of_the_release_is_refused_before_anything_is_done() {
    let site = Site::new();
    for path in [
        "/srv/data",
        "../../../../../srv/data",
        ".",
        "",
        "log//x",
        "./x",
        "log/",
        "a\\nb",
        "-rf",
    ] {
        for setting in [
            format!("set :shared_children, [\"{path}\"];"),
            format!("set :last, \"{path}\"; set(:shared_children) {{ [\"log\", last] }}"),
            format!("after :set_permissions {{ shared_children.push(\"{path}\"); }}"),
        ] {
            site.run(&setting, ["deploy"])
                .code(3)
                .says("the variable `shared_children' cannot hold")
                .says(&format!("\"{path}\""));
        }
        assert_eq!(site.current(), None);
        assert_eq!(site.fleet.list("app1", RELEASES), Vec::<String>::new());
        site.is_untouched();
    }
    site.run("set :shared_children, [\"/srv/data\"];", ["check"])
        .code(3)
        .says("cannot hold \"/srv/data\": it is an absolute path");
}

#[test]
fn shared_paths_below_one_another_or_with_one_last_part_are_refused_and_keep_their_data() {
    let site = Site::new();
    site.sh(
        "cd /u/apps/flipper/shared && mkdir -p storage/app && echo precious > storage/app/photo && chown -R deploy .",
    );
    for paths in ["[\"storage\", \"storage/app\"]", "[\"public/app\", \"private/app\"]"] {
        site.run(&format!("set :shared_children, {paths};"), ["deploy"])
            .code(3)
            .says("the variable `shared_children' cannot hold");
        assert_eq!(
            site.sh("cat /u/apps/flipper/shared/storage/app/photo").trim(),
            "precious"
        );
        assert_eq!(site.current(), None);
    }
}

#[test]
fn no_removal_and_no_link_goes_through_a_link_of_the_repository() {
    let site = Site::new();
    let repository = site.fleet.git();
    repository.link("public", "/srv/data").unwrap();
    site.run("", ["deploy"])
        .code(1)
        .says("public is a link, which the repository holds");
    assert_eq!(site.current(), None);
    assert_eq!(site.fleet.list("app1", RELEASES), Vec::<String>::new());
    site.is_untouched();
    // Nor are files given another time behind it, where nothing is shared behind it.
    let before = site.sh("find /srv/data -printf '%p %T@\\n'");
    site.run(
        "set :shared_children, [\"log\"]; set :public_children, [\"system\"];",
        ["update"],
    )
    .ok();
    assert_eq!(site.sh("find /srv/data -printf '%p %T@\\n'"), before);
}

#[test]
fn links_of_the_repository_are_replaced_and_not_followed() {
    let site = Site::new();
    let repository = site.fleet.git();
    repository.link("log", "/srv/data").unwrap();
    repository.link("REVISION", "/srv/data/photo").unwrap();
    repository.link("script/process", "/srv/data/process").unwrap();
    repository.link("tmp/pids", "/srv/data/system").unwrap();
    site.run("", ["update"]).ok();
    site.is_untouched();
    let release = site.current().unwrap();
    let link = |path: &str| site.fleet.read_link("app1", &format!("{release}/{path}"));
    assert_eq!(link("log").unwrap(), "/u/apps/flipper/shared/log");
    assert_eq!(link("tmp/pids").unwrap(), "/u/apps/flipper/shared/pids");
    assert_eq!(link("REVISION"), None);
    assert_eq!(
        site.fleet.read("app1", &format!("{release}/REVISION")),
        repository.revision().unwrap()
    );
}

#[test]
fn what_a_hook_makes_before_the_release_is_finished_belongs_to_the_group_as_in_capistrano_2() {
    let site = Site::new();
    let made =
        "before \"deploy:finalize_update\" { run `mkdir ${release_path}/made && touch ${release_path}/made/file`; }";
    let modes = || {
        let release = site.current().unwrap();
        site.sh(&format!("stat -c %A {release}/made {release}/made/file"))
    };
    site.run(&format!("set :dialect, 2; {made}"), ["update"]).ok();
    assert_eq!(modes(), "drwxrwxr-x\n-rw-rw-r--");
    site.run(
        &format!("set :dialect, 2; set :group_writable, false; {made}"),
        ["update"],
    )
    .ok();
    assert_eq!(modes(), "drwxr-xr-x\n-rw-r--r--");
}

#[test]
fn a_directory_that_this_run_has_not_checked_out_is_not_removed() {
    let site = Site::new();
    site.update(FIRST);
    let log = format!("{RELEASES}/{FIRST}/log");
    site.sh(&format!(
        "rm {log} && mkdir {log} && echo precious > {log}/photo && chown -R deploy {log}"
    ));
    site.run(&format!("set :release_name, \"{FIRST}\";"), ["finalize_update"])
        .code(1)
        .says("log is no link, and this run has not made it");
    assert_eq!(site.sh(&format!("cat {log}/photo")).trim(), "precious");
}

#[test]
fn nothing_that_is_mounted_in_a_release_is_removed() {
    let site = Site::new();
    site.sh("echo 'deploy ALL=(root) NOPASSWD: /usr/bin/mount' > /etc/sudoers.d/mount");
    for (name, place) in [("20250101000001", "log"), ("20250101000002", "log/in it's own")] {
        let mounts = format!(
            "set :release_name, \"{name}\"; before :finalize_update {{ run `mkdir -p ${{quote(release_path + \"/{place}\")}}`; \
             sudo `mount --bind /srv/data ${{quote(release_path + \"/{place}\")}}`; }}"
        );
        site.run(&mounts, ["update"])
            .code(5)
            .says(&format!("{place} is mounted: unmount it"));
        site.sh(&format!("umount {RELEASES}/*/\"{place}\""));
        site.is_untouched();
    }
    // Nor by a cleanup, or a rollback.
    for name in [FIRST, SECOND, "20260101000003"] {
        site.update(name);
        site.sh(&format!(
            "mkdir {RELEASES}/{name}/data && mount --bind /srv/data {RELEASES}/{name}/data"
        ));
    }
    site.run("set :keep_releases, 1;", ["cleanup"])
        .ok()
        .says(&format!("something is mounted in {FIRST}: left alone"));
    site.run("", ["rollback"]).code(1).says("/data is mounted: unmount it");
    site.sh(&format!("umount {RELEASES}/*/data"));
    site.is_untouched();
}

#[test]
fn what_a_program_would_take_for_an_option_is_refused_as_repository_and_branch() {
    let site = Site::new();
    let option = "--upload-pack=touch /srv/data/ran;";
    for setting in [
        format!("set :repository, \"{option}\";"),
        "set :repository, \"ssh://-oProxyCommand=touch%20/srv/data/ran/x\";".to_owned(),
        "set :repository, \"git@-oProxyCommand=touch:x\"; set :scm, \"git\";".to_owned(),
        format!("set :repository, \"svn+ssh://{option}/trunk\";"),
        format!("set :branch, \"{option}\";"),
        format!("set :revision, \"{option}\";"),
        format!("set :real_revision, \"{option}\";"),
    ] {
        site.run(&setting, ["deploy"]).code(3).says("begins with `-'");
        site.is_untouched();
    }
    for (setting, said) in [
        // git itself runs no such command unless it is told to.
        (
            "set :repository, \"ext::touch /srv/data/ran\";",
            "transport 'ext' not allowed",
        ),
        ("set :branch, \"a..b\";", "no branch or tag can have the name a..b"),
        ("set :branch, \"*\";", "no branch or tag can have the name *"),
    ] {
        site.run(setting, ["deploy"]).code(1).says(said);
        site.is_untouched();
    }
    assert_eq!(site.fleet.list("app1", RELEASES), Vec::<String>::new());
}

#[test]
fn a_clone_that_no_deploy_has_made_is_not_used_as_a_cache() {
    let site = Site::new();
    let url = &site.fleet.git().url;
    site.sh(&format!(
        "git -c safe.directory='*' clone -q {url} /srv/work && echo precious > /srv/work/notes && \
         touch /srv/work/.git/index.lock && chown -R deploy /srv/work"
    ));
    let cache = |path: &str| format!("set :deploy_via, :remote_cache; set :repository_cache, \"{path}\";");
    site.run(&cache("/srv/work"), ["update"])
        .code(1)
        .says("/srv/work is a repository that no deploy has made");
    // Whoever works in it there has locked it.
    assert_eq!(
        site.sh("cat /srv/work/notes && ls /srv/work/.git/index.lock"),
        "precious\n/srv/work/.git/index.lock"
    );
    for (kind, lock) in [("link", "ln -s /srv/data/photo"), ("pipe", "mkfifo")] {
        site.sh(&format!("{lock} /srv/{kind}.lock && chown -h deploy /srv/{kind}.lock"));
        let cache = cache(&format!("/srv/{kind}"));
        site.run(&cache, ["update"])
            .code(1)
            .says(&format!("/srv/{kind}.lock is no file"));
    }
    for name in [FIRST, SECOND] {
        let cache = cache("/srv/cache");
        site.run(&format!("{cache} set :release_name, \"{name}\";"), ["update"])
            .ok();
    }
}

#[test]
fn a_working_copy_of_subversion_that_no_deploy_has_made_is_not_used_as_a_cache() {
    let site = Site::new();
    site.sh(
        "cd /srv && svnadmin create svn && svn mkdir -q -m one file:///srv/svn/trunk && svn checkout -q file:///srv/svn/trunk work
         echo precious > work/notes && svn add -q work/notes && mkdir full && echo precious > full/notes && chown -R deploy /srv",
    );
    let run = |cache: &str, name: &str| {
        let setting = format!(
            "set :scm, :subversion; set :repository, \"file:///srv/svn/trunk\"; set :deploy_via, :remote_cache;\n\
             set :repository_cache, \"/srv/{cache}\"; set :release_name, \"{name}\";"
        );
        site.run(&setting, ["update"])
    };
    for (cache, said) in [
        ("work", "/srv/work is a working copy that no deploy has made"),
        ("full", "/srv/full is no working copy of Subversion"),
    ] {
        run(cache, FIRST).code(1).says(said);
    }
    assert_eq!(
        site.sh("cd /srv && cat work/notes && svn status work && ls -A full"),
        "precious\nA       work/notes\nnotes"
    );
    assert_eq!(site.fleet.list("app1", RELEASES), Vec::<String>::new());
    site.sh("svn mkdir -q -m two file:///srv/svn/trunk/new && chown -R deploy /srv/svn");
    for name in [FIRST, SECOND] {
        run("cache", name).ok();
        assert_eq!(
            site.sh(&format!("cd {RELEASES}/{name} && ls")),
            "REVISION\nlog\nnew\npublic\ntmp"
        );
    }
}

#[test]
fn setup_makes_nothing_behind_a_link_of_somebody_else_and_gives_away_only_what_it_makes() {
    let site = Site::new();
    site.sh("echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/all");
    site.sh("mkdir -p /srv/bob && chown bob /srv/bob && mkdir -m 1777 /srv/drop && ln -s /srv/bob /srv/drop/flipper && chown -h bob /srv/drop/flipper");
    for way in ["set :use_sudo, true;", "set :run_method, :sudo;", ""] {
        let setting = format!("{way} set :deploy_to, \"/srv/drop/flipper/app\";");
        site.run(&setting, ["setup"])
            .code(1)
            .says("/srv/drop/flipper is a link that somebody else has made");
        assert_eq!(site.fleet.list("app1", "/srv/bob"), Vec::<String>::new());
    }
    // What the administrator has made stays the administrator's.
    site.sh("mkdir -p /opt2/flipper /var/log/flipper && ln -s /var/log/flipper /u/apps/log && ls");
    site.run("set :use_sudo, true; set :deploy_to, \"/opt2/flipper\";", ["setup"])
        .code(1)
        .says("deploy may not write to /opt2/flipper, which was there already");
    assert_eq!(site.sh("stat -c %U /opt2/flipper").trim(), "root");
    site.sh("mkdir -p /u/apps/second/shared && chown -R deploy /u/apps/second && ln -s /var/log/flipper /u/apps/second/shared/log");
    site.run("set :use_sudo, true; set :deploy_to, \"/u/apps/second\";", ["setup"])
        .ok();
    assert_eq!(site.sh("stat -c '%U %a' /var/log/flipper").trim(), "root 755");
    assert_eq!(
        site.sh("stat -c '%U %a' /u/apps/second/shared/system").trim(),
        "deploy 775"
    );
    // And what it makes in root's directories is the login user's.
    site.run(
        "set :use_sudo, true; set :group_writable, false; set :deploy_to, \"/opt2/x/y\";",
        ["setup"],
    )
    .ok();
    assert_eq!(
        site.sh("stat -c '%U %a' /opt2/x /opt2/x/y /opt2/x/y/shared/log").trim(),
        "root 755\ndeploy 755\ndeploy 755"
    );
}

#[test]
fn cleanup_keeps_the_release_that_current_leads_to_by_another_way() {
    let site = Site::new();
    for name in [FIRST, SECOND] {
        site.update(name);
    }
    let current = "/u/apps/flipper/current";
    for (from, way) in [
        (format!("{RELEASES}/{FIRST}/public"), "a directory in it"),
        ("/u/apps/flipper/stable".to_owned(), "another link"),
    ] {
        site.sh(&format!(
            "ln -sfn {RELEASES}/{FIRST} /u/apps/flipper/stable && ln -sfn {from} {current}"
        ));
        site.run("set :keep_releases, 1;", ["cleanup"]).ok();
        assert!(
            site.fleet.list("app1", RELEASES).contains(&FIRST.to_owned()),
            "by {way}"
        );
    }
}

#[test]
fn cleanup_keeps_the_release_that_its_own_run_still_makes_also_where_nothing_is_current_yet() {
    let site = Site::new();
    let hook = format!("set :release_name, \"{FIRST}\"; after :update_code, :cleanup;");
    site.run(&hook, ["update"]).ok();
    assert_eq!(site.current().as_deref(), Some(format!("{RELEASES}/{FIRST}").as_str()));
}

#[test]
fn a_rollback_removes_no_release_that_only_has_the_name_of_what_was_current() {
    let site = Site::new();
    for name in [FIRST, SECOND] {
        site.update(name);
    }
    site.sh(&format!(
        "mkdir -p /srv/other/{SECOND} && ln -sfn /srv/other/{SECOND} /u/apps/flipper/current"
    ));
    site.run("", ["rollback"])
        .ok()
        .says("is not in /u/apps/flipper/releases, left alone");
    assert_eq!(site.current().unwrap(), format!("{RELEASES}/{FIRST}"));
    assert_eq!(site.fleet.list("app1", RELEASES), [FIRST, SECOND]);
    assert!(site.fleet.exists("app1", &format!("/srv/other/{SECOND}")));
}

#[test]
fn only_what_a_failed_release_has_left_is_removed_with_it() {
    let site = Site::new();
    site.update("20260101000001");
    // Of a release whose name begins with the one that fails.
    site.run("set :release_name, \"r.1\";", ["update"]).ok();
    site.sh(&format!("ln -s /srv/data {RELEASES}/r.failed"));
    site.run(
        "set :release_name, \"r\"; after :finalize_update { run \"false\"; }",
        ["update"],
    )
    .code(1);
    assert_eq!(site.fleet.list("app1", RELEASES), [FIRST, "r.1"]);
    assert!(site.fleet.exists("app1", "/u/apps/flipper/.capr/r.1.previous"));
    site.is_untouched();
}

#[test]
fn stopping_ends_the_spinner_and_nobody_who_has_taken_a_pid() {
    let site = Site::new();
    // A recipe with a restart of its own is not given them unasked.
    site.run("set :process_scripts, true;", ["update"]).ok();
    let spin = "set :spin_command { quote(current_path + \"/script/process/spinner\") + \" -c true -i 300 -d\" }";
    site.run(spin, ["spinner"]).ok();
    let pids = "/u/apps/flipper/shared/pids";
    let spinner = site.sh(&format!("cat {pids}/spinner.*.pid"));
    let strangers = format!(
        "task :strangers {{
           run \"setsid sh -c 'echo $$ > {pids}/spinner.1.pid; exec sleep 300' < /dev/null > /dev/null 2>&1 &\";
           run \"setsid sh -c 'echo $$ > {pids}/dispatch.spawner.pid; exec tail -f /u/apps/flipper/current/script/process/spawner' < /dev/null > /dev/null 2>&1 &\";
         }}"
    );
    site.run(&strangers, ["strangers"]).ok();
    let running = |pid: &str| {
        let ended = format!(
            "n=0; while kill -0 {pid} 2>/dev/null; do n=$((n + 1)); [ $n -lt 50 ] || exit 0; sleep 0.1; done; exit 1"
        );
        site.fleet.exec("app1", &ended).status.success()
    };
    let read = |name: &str| {
        site.sh(&format!(
            "n=0; until [ -s {pids}/{name} ]; do n=$((n + 1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done; cat {pids}/{name}"
        ))
    };
    let others = ["spinner.1.pid", "dispatch.spawner.pid"].map(read);
    site.run("", ["deploy:stop"]).ok();
    assert!(!running(spinner.trim()), "the spinner");
    for pid in others {
        assert!(running(pid.trim()), "somebody's");
    }
    assert_eq!(site.fleet.list("app1", pids), Vec::<String>::new());
}
