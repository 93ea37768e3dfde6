//! Servers of one host name, which only their ports tell apart: what is found out on one is never taken for the other's.

use std::net::SocketAddr;

use crate::fleet::{Fleet, SSH_PORT};
use crate::harness::{Case, Finished};
use crate::proxy::{Fault, Phase, Proxy};

const APP: &str = "/u/apps/flipper";
const OLD: &str = "20260101000001";
const OTHER: &str = "20260101000002";
const NEW: &str = "20260101000003";

/// Two servers behind two ports of this machine.
struct Twins {
    fleet: Fleet,
    links: [Proxy; 2],
}

impl Twins {
    fn new() -> Self {
        let fleet = Fleet::start(&["app1", "app2"]);
        let links = ["app1", "app2"].map(|host| {
            let address = SocketAddr::from((fleet.address(host), SSH_PORT));
            Proxy::failing(address, Phase::Told, Fault::Reset, 0)
        });
        Self { fleet, links }
    }

    fn names(&self) -> [String; 2] {
        [0, 1].map(|index| self.links[index].address.to_string())
    }

    /// Puts these releases on a server, as Capistrano has left them; the last one is current.
    fn releases(&self, host: &str, names: &[&str]) {
        self.fleet
            .sh(host, &format!("rm -rf {APP} && mkdir -p {APP}/releases {APP}/shared"));
        for name in names {
            let release = format!("{APP}/releases/{name}");
            let link = format!("ln -sfn {release} {APP}/current");
            self.fleet.sh(
                host,
                &format!("mkdir {release} && echo r{name} > {release}/REVISION && {link}"),
            );
        }
        self.fleet.sh(host, &format!("chown -Rh deploy {APP}"));
    }

    fn run(&self, task: &str) -> Finished {
        let [one, two] = self.names();
        let recipe =
            format!("set :application, \"flipper\"; set :repository, \"none\"; role :app, \"{one}\", \"{two}\";");
        Case::new().recipe(&recipe).args([task]).on(&self.fleet).run()
    }

    fn current(&self) -> [String; 2] {
        ["app1", "app2"].map(|host| {
            let link = self.fleet.read_link(host, &format!("{APP}/current")).unwrap();
            link.rsplit('/').next().unwrap().to_owned()
        })
    }
}

#[test]
fn b8_servers_of_one_host_name_go_back_only_to_a_release_of_their_own() {
    let twins = Twins::new();
    twins.releases("app1", &[OLD, NEW]);
    twins.releases("app2", &[OTHER, NEW]);
    let [one, two] = twins.names();
    twins
        .run("rollback_code")
        .code(1)
        .says("the servers would go back to different releases, so nothing was changed")
        .says(&format!("{OLD} on {one}"))
        .says(&format!("{OTHER} on {two}"));
    assert_eq!(twins.current(), [NEW, NEW]);
    // What is current may differ where it leads to does not.
    twins.releases("app1", &[OLD, NEW]);
    twins.releases("app2", &[OLD, OTHER]);
    twins.run("rollback_code").ok();
    assert_eq!(twins.current(), [OLD, OLD]);
}

#[test]
fn each_of_two_servers_of_one_host_name_is_told_of() {
    let twins = Twins::new();
    twins.releases("app1", &[OLD, NEW]);
    twins.releases("app2", &[OTHER]);
    twins.fleet.sh(
        "app2",
        &format!("printf 'a b\\n\\nc\\n' > {APP}/releases/{OTHER}/REVISION"),
    );
    let [one, two] = twins.names();
    let finished = twins.run("deploy:status").ok();
    let row = |server: &str, words: &str| {
        finished
            .stdout
            .lines()
            .any(|line| line.starts_with(server) && line.contains(words))
    };
    assert!(
        row(&one, NEW) && row(&two, &format!("{OTHER}  a ")),
        "{}",
        finished.stdout
    );
    finished.says("the servers differ in what is current");
    let told = twins.run("deploy:releases").ok().stdout;
    assert_eq!(
        told.lines().filter(|line| line.contains("current")).count(),
        2,
        "{told}"
    );
    assert_eq!(told.lines().count(), 4, "{told}");
}
