//! Files and directories that are kept from release to release, on real servers: linked_dirs and linked_files as in Capistrano 3,
//! shared_children as in 2.

use crate::releases_keep::Site;

const SHARED: &str = "/u/apps/flipper/shared";
const LINKED: &str = "set :linked_dirs, [\"public/uploads\", \"private/uploads\", \"log\"];\n\
                      set :linked_files, [\"config/database.yml\", \".env\"];";

/// Puts the linked files onto the server.
fn put_files(site: &Site) {
    site.sh(&format!(
        "cd {SHARED} && mkdir -p config && echo db > config/database.yml && echo env > .env && chown -R deploy ."
    ));
}

fn link(site: &Site, path: &str) -> Option<String> {
    let release = site.current().expect("a release is current");
    site.fleet.read_link("app1", &format!("{release}/{path}"))
}

#[test]
fn d19_linked_dirs_and_files_are_whole_paths_below_shared() {
    let site = Site::new();
    site.run(LINKED, ["setup"]).ok();
    assert!(site.fleet.exists("app1", &format!("{SHARED}/private/uploads")));
    assert!(site.fleet.exists("app1", &format!("{SHARED}/config")));
    put_files(&site);
    // What the repository has in their places makes way, and is kept beside the release.
    let repository = site.fleet.git();
    repository.commit("public/uploads/seed.jpg", "seed").unwrap();
    repository.commit("log/.gitkeep", "").unwrap();
    repository.commit("config/database.yml", "of the repository").unwrap();
    let first = "set :release_name, \"20260101000001\";";
    site.run(&format!("{LINKED}{first}"), ["update"])
        .ok()
        .says("uploads of the repository makes way for the shared one; it is kept in /u/apps/flipper/.capr/20260101000001.replaced/public");
    for path in [
        "public/uploads",
        "private/uploads",
        "log",
        "config/database.yml",
        ".env",
    ] {
        assert_eq!(link(&site, path), Some(format!("{SHARED}/{path}")), "{path}");
    }
    let release = site.current().unwrap();
    assert_eq!(
        site.sh(&format!("cat {release}/config/database.yml {release}/.env")),
        "db\nenv"
    );
    let kept = "/u/apps/flipper/.capr/20260101000001.replaced";
    assert_eq!(
        site.sh(&format!(
            "cat {kept}/public/uploads/seed.jpg {kept}/config/database.yml"
        )),
        "seedof the repository"
    );
    // The two directories of one name are two.
    site.sh(&format!("echo x > {release}/private/uploads/secret"));
    assert_eq!(
        site.fleet.list("app1", &format!("{release}/public/uploads")),
        Vec::<String>::new()
    );
    // It goes with the release, which a cleanup keeps while it may be gone back to.
    site.run("", ["update"]).ok();
    site.run(&format!("{LINKED}set :keep_releases, 1;"), ["update", "cleanup"])
        .ok();
    assert!(!site.fleet.exists("app1", kept));
    assert_eq!(site.sh(&format!("cat {SHARED}/private/uploads/secret")), "x");
}

#[test]
fn d18_linked_files_that_are_missing_are_told_before_anything_is_changed() {
    let site = Site::new();
    for _ in 0..2 {
        site.run(LINKED, ["update"]).code(1).says(&format!(
            "put them there first: {SHARED}/config/database.yml {SHARED}/.env"
        ));
        assert_eq!(site.current(), None);
        assert_eq!(
            site.fleet.list("app1", "/u/apps/flipper/releases"),
            Vec::<String>::new()
        );
        assert_eq!(site.fleet.list("app1", "/u/apps/flipper/.capr"), ["undone"]);
    }
    // A directory is no file.
    site.sh(&format!(
        "cd {SHARED} && mkdir -p .env config && echo db > config/database.yml"
    ));
    site.run(LINKED, ["update"])
        .code(1)
        .says(&format!("put them there first: {SHARED}/.env"));
}

#[test]
fn what_is_hooked_to_a_part_of_the_check_puts_linked_files_there_before_they_are_looked_for() {
    let site = Site::new();
    for part in ["directories", "linked_dirs", "make_linked_dirs"] {
        let base = format!("/u/apps/{part}/");
        let lines = format!(
            "set :dialect, 3; set :deploy_to, \"{base}\"; set :linked_files, [\"config/a.yml\"]; set :branch, \"main\";
             task :fill {{ run `echo \"$(readlink -f ${{shared_path}})\" > ${{shared_path}}/config/a.yml`; }}
             after \"deploy:check:{part}\", :fill;"
        );
        site.run(&lines, ["deploy"]).ok();
        let current = format!("/u/apps/{part}/current");
        assert_eq!(
            site.sh(&format!("cat {current}/config/a.yml")),
            format!("/u/apps/{part}/shared"),
            "{part}"
        );
        let release = site.fleet.read_link("app1", &current).unwrap();
        assert!(release.starts_with(&format!("/u/apps/{part}/releases/")), "{release}");
        // By hand it makes the directories, too, and fills them.
        site.sh(&format!("rm -r /u/apps/{part}/shared"));
        site.run(&lines, ["deploy:check"]).ok().says("ready for a deploy");
        site.sh(&format!("cat {current}/config/a.yml"));
    }
    // In other words nothing is made.
    site.run("set :deploy_to, \"/u/apps/other\";", ["deploy:check"])
        .code(1)
        .says("/u/apps/other is not there: do setup first");
    assert!(!site.fleet.exists("app1", "/u/apps/other"));
}

#[test]
fn a_server_tells_where_it_is_deployed_to_and_says_once_why_nothing_can_be_made_there() {
    let site = Site::new();
    for (dialect, tasks) in [(2, "setup deploy"), (3, "deploy")] {
        let lines = format!(
            "set :dialect, {dialect}; set :branch, \"main\"; set :deploy_to {{ `${{capture(\"printf %s \\\"$HOME\\\"\")}}/of{dialect}` }}"
        );
        site.run(&lines, tasks.split(' ')).ok();
        site.run(&lines, ["deploy"]).ok();
        site.run(&lines, ["deploy:rollback"]).ok();
        site.run(&lines, ["deploy:status"]).ok().says("revision");
        let link = site
            .fleet
            .read_link("app1", &format!("/home/deploy/of{dialect}/current"));
        assert!(
            link.as_ref()
                .is_some_and(|link| link.starts_with(&format!("/home/deploy/of{dialect}/releases/"))),
            "{link:?}"
        );
    }
    // Also where the lock would be taken.
    for task in ["deploy:check", "deploy"] {
        let lines = "set :dialect, 3; set :deploy_to, \"/nowhere/shop\"; set :branch, \"main\";";
        let told = site.run(lines, [task]).code(1);
        let error = told.stderr.split_once("\nerror: ").map(|(_, error)| error).unwrap();
        let says = "deploy cannot make all directories in /nowhere/shop (mkdir: cannot create directory";
        assert!(
            error.contains(says) && error.contains("set :use_sudo, true and do setup"),
            "{error}"
        );
        assert_eq!(error.matches("mkdir: ").count(), 1, "{error}");
    }
    // What a switch would need is asked before anything is made.
    site.sh("mkdir -p /u/own/releases && chown deploy /u/own/releases && mkdir -m 777 /u/own/.capr /u/own/shared");
    site.run("set :deploy_to, \"/u/own\";", ["deploy"])
        .code(1)
        .says("deploy may not write to /u/own: give it to that user");
    assert_eq!(site.fleet.list("app1", "/u/own/releases"), Vec::<String>::new());
}

#[test]
fn tasks_of_the_recipe_may_begin_the_release_that_they_make() {
    let site = Site::new();
    let lines = "set :dialect, 3; set :scm, :tasks;
         task :fill { run `mkdir -p ${releases_path}/${release_name} && echo ${release_name} > ${releases_path}/${release_name}/a`; }
         after \"deploy:started\", :fill;";
    site.run(lines, ["deploy"]).ok();
    let release = site.current().unwrap();
    assert_eq!(
        site.sh(&format!("cat {release}/a")),
        release.rsplit('/').next().unwrap()
    );
    // One that is undone is removed.
    site.run(
        &format!("{lines} after \"deploy:updated\" {{ run \"false\"; }}"),
        ["deploy"],
    )
    .code(1);
    assert_eq!(site.current().as_ref(), Some(&release));
    assert_eq!(site.fleet.list("app1", "/u/apps/flipper/releases").len(), 1);
}

#[test]
fn a_file_of_the_repository_is_no_directory_to_be_linked_and_the_other_way_round() {
    let site = Site::new();
    site.fleet.git().commit("storage", "a file").unwrap();
    site.fleet.git().commit("settings/a", "in a directory").unwrap();
    site.sh(&format!("echo x > {SHARED}/settings && chown -R deploy {SHARED}"));
    for (setting, said) in [
        (
            "set :shared_children, [\"storage\"];",
            "storage is no directory: does it belong to linked_files?",
        ),
        (
            "set :linked_dirs, [\"storage\"];",
            "storage is no directory: does it belong to linked_files?",
        ),
        (
            "set :linked_files, [\"settings\"];",
            "settings is a directory: does it belong to linked_dirs?",
        ),
    ] {
        site.run(setting, ["update"]).code(1).says(said);
        assert_eq!(site.current(), None);
    }
}

#[test]
fn data_where_the_other_capistrano_had_it_is_not_hidden() {
    let site = Site::new();
    let children = "set :shared_children, [\"public/system\", \"log\"];";
    let linked = "set :linked_dirs, [\"public/system\", \"log\"];";
    // Capistrano 3 was here.
    site.sh(&format!(
        "cd {SHARED} && mkdir -p public/system && echo photo > public/system/photo.jpg && chown -R deploy ."
    ));
    for setting in ["", children] {
        site.run(setting, ["update"])
            .code(1)
            .says(&format!(
                "{SHARED}/public/system holds data, which shared_children would hide behind {SHARED}/system"
            ))
            .says("set linked_dirs");
        assert_eq!(site.current(), None);
    }
    site.run(linked, ["update"]).ok();
    let release = site.current().unwrap();
    assert_eq!(site.sh(&format!("cat {release}/public/system/photo.jpg")), "photo");
    // Capistrano 2 was here.
    site.sh(&format!(
        "cd {SHARED} && mv public/system/photo.jpg system && chown -R deploy ."
    ));
    site.run(linked, ["update"])
        .code(1)
        .says(&format!(
            "{SHARED}/system holds data, which linked_dirs would hide behind {SHARED}/public/system"
        ))
        .says("set shared_children");
    assert_eq!(site.current().unwrap(), release);
    site.run(children, ["update"]).ok();
    let release = site.current().unwrap();
    assert_eq!(site.sh(&format!("cat {release}/public/system/photo.jpg")), "photo");
}

#[test]
fn what_would_be_in_each_others_place_is_refused_before_anything_is_done() {
    let site = Site::new();
    for (setting, said) in [
        (
            "set :linked_dirs, [\"config\"]; set :linked_files, [\"config/x.yml\"];",
            "would be in each other's place",
        ),
        (
            "set :linked_dirs, [\"log\"]; set :shared_children, [\"log\"];",
            "would be in each other's place",
        ),
        (
            "set :linked_dirs, [\"system\"]; set :shared_children, [\"public/system\"];",
            "would be in each other's place",
        ),
        ("set :linked_dirs, [\"a\", \"a/b\"];", "one is below the other"),
        ("set :linked_files, [\"../x\"];", "a part of it is `.' or `..'"),
        ("set :linked_files, [\"/etc/passwd\"];", "it is an absolute path"),
    ] {
        for task in ["setup", "update"] {
            let finished = site.run(setting, [task]);
            assert!(!finished.status.success(), "{setting}");
            finished.says(said);
        }
        assert_eq!(
            site.fleet.list("app1", "/u/apps/flipper/releases"),
            Vec::<String>::new()
        );
    }
}
