//! Servers that a Capistrano has deployed to, as `tests/adoption/series.sh` has recorded them, are taken over as they are.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::stage::{HOSTS, Servers, git};
use crate::fleet::place::checkout;

const OURS: &str = "20270101000001";
const LATER: &str = "20270101000002";

/// Makes on each server what stands in a record; gives the names of the two releases, the older first.
fn adopted(servers: &Servers, record: &str) -> [String; 2] {
    let text = fs::read_to_string(checkout().join("tests/adoption").join(record)).unwrap();
    let commits = [servers.commit("VERSION", "first"), servers.commit("VERSION", "second")];
    let mut releases: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("d releases/"))
        .collect();
    releases.retain(|name| !name.contains('/'));
    let [older, newer] = releases.as_slice() else {
        panic!("{releases:?}");
    };
    for host in HOSTS {
        let place = servers.path(host, "");
        fs::remove_dir_all(&place).unwrap();
        for line in text.lines() {
            let parts: Vec<&str> = line.split(' ').collect();
            match parts.as_slice() {
                ["d", path @ ..] => fs::create_dir_all(place.join(path.concat())).unwrap(),
                ["l", path, target] => {
                    let target = target.replace('@', &format!("{}/", place.display()).replace("//", "/"));
                    symlink(target, place.join(path)).unwrap();
                }
                ["f", path] => fs::write(place.join(path), contents(path, [*older, *newer], &commits)).unwrap(),
                other => panic!("{other:?}"),
            }
        }
        kept(servers, &place);
    }
    [(*older).to_owned(), (*newer).to_owned()]
}

fn contents(path: &str, releases: [&str; 2], commits: &[String; 2]) -> String {
    let number = usize::from(path.contains(releases[1]));
    match Path::new(path).file_name().and_then(|name| name.to_str()) {
        Some("REVISION") => format!("{}\n", commits[number]),
        Some("VERSION") => ["first", "second"][number].to_owned(),
        Some("revisions.log") => (0..2)
            .map(|one| {
                format!(
                    "Branch main (at {}) deployed as release {} by jamis\n",
                    commits[one], releases[one]
                )
            })
            .collect(),
        _ => "x".to_owned(),
    }
}

/// The repository that it keeps on a server, and what users have uploaded there.
fn kept(servers: &Servers, place: &Path) {
    let repository = servers.repository().display().to_string();
    if place.join("repo").exists() {
        git(place, &["clone", "-q", "--mirror", &repository, "repo"]);
    } else {
        git(place, &["clone", "-q", &repository, "shared/cached-copy"]);
    }
    let uploads = ["shared/public/uploads", "shared/uploads"].map(|uploads| place.join(uploads));
    let uploads = uploads.iter().find(|uploads| uploads.is_dir()).unwrap();
    fs::write(uploads.join("photo"), "photo").unwrap();
}

impl Servers {
    fn are_at(&self, release: &str, version: &str) {
        for host in HOSTS {
            let current = fs::read_link(self.path(host, "current")).unwrap();
            assert!(current.ends_with(release), "{host}: {current:?}, not {release}");
            let read = |file: &str| fs::read_to_string(self.path(host, "current").join(file)).unwrap();
            assert_eq!(
                (read("VERSION").as_str(), read("public/uploads/photo").as_str()),
                (version, "photo"),
                "{host}"
            );
        }
    }
}

#[test]
fn servers_of_capistrano_2_and_3_are_taken_over_as_they_are() {
    for (record, shared, dialect) in [
        ("capistrano-3.17.2.tree", "linked_dirs", 3),
        ("capistrano-2.15.11.tree", "shared_children", 2),
    ] {
        let servers = Servers::new();
        let [older, newer] = adopted(&servers, record);
        let lines =
            format!("set :dialect, {dialect}; set :{shared}, [\"log\", \"public/uploads\"]; set :branch, \"main\";");
        let told = servers.run(&lines, &["deploy:status", "deploy:releases"]).unwrap();
        assert!(told.contains(&newer) && told.contains(&older), "{told}");
        // A deploy makes the directory of capr itself: nobody has to do setup first.
        let told = servers.run(&lines, &["deploy:check"]).unwrap();
        assert!(told.contains("ready for a deploy"), "{told}");
        servers.commit("VERSION", "third");
        let via = format!("{lines} set :deploy_via, :remote_cache;");
        servers.release(OURS, &via, &["update"]).unwrap();
        servers.are_at(OURS, "third");
        servers.run(&lines, &["rollback_code"]).unwrap();
        servers.are_at(&newer, "second");
        // Its link may be relative, and stays what a rollback goes to.
        for host in HOSTS {
            let current = servers.path(host, "current");
            fs::remove_file(&current).unwrap();
            symlink(format!("releases/{newer}"), &current).unwrap();
        }
        servers.release(LATER, &via, &["update"]).unwrap();
        servers.are_at(LATER, "third");
        servers.run(&lines, &["rollback_code"]).unwrap();
        servers.are_at(&newer, "second");
        assert_eq!(
            fs::read_link(servers.path("one", "current")).unwrap(),
            Path::new("releases").join(&newer)
        );
        servers.run(&lines, &["rollback_code"]).unwrap();
        servers.are_at(&older, "first");
        // What is left of it is cleaned up by capr.
        servers.release(LATER, &via, &["update"]).unwrap();
        servers
            .run(&format!("{lines} set :keep_releases, 1;"), &["cleanup"])
            .unwrap();
        assert_eq!(servers.releases("two"), [older.as_str(), LATER]);
    }
}
