//! The address space of this machine's shell is limited (`ulimit -v`).

use super::in_shell;
use crate::deadline::LimitedCommand;
use crate::fleet::Fleet;
use crate::harness::Case;

const RECIPE: &str = r#"role :app, "h001", "h002", "h003", "h004", "h005", "h006", "h007", "h008", "h009", "h010", "h011", "h012";
task :t { transaction {
    on_rollback { run "touch /tmp/undone"; }
    run "touch /tmp/done; for n in $(seq 500); do echo a line of output $n; done";
    run "cat /tmp/done";
} }"#;

#[test]
fn a_run_under_a_limit_of_memory_is_whole_or_refused_or_undone_and_never_broken_off() {
    let fleet = Fleet::numbered(12);
    let case = Case::new().file("deploy.rhai", RECIPE);
    let mut ended = Vec::new();
    // In KiB; the thread of recipes alone has a stack of 256 MiB.
    for limit in [
        200_000, 280_000, 300_000, 310_000, 320_000, 330_000, 340_000, 350_000, 360_000, 380_000, 400_000, 500_000,
        700_000,
    ] {
        for host in fleet.hosts() {
            fleet.sh(&host.name, "rm -f /tmp/done /tmp/undone");
        }
        let told = in_shell(&case, &fleet, &format!("ulimit -v {limit}; exec \"$0\" t")).limited_output();
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(!said.contains("memory allocation"), "{limit}: {said}");
        let count = |file: &str| {
            fleet
                .hosts()
                .iter()
                .filter(|host| fleet.exists(&host.name, file))
                .count()
        };
        let (done, undone) = (count("/tmp/done"), count("/tmp/undone"));
        match told.status.code() {
            Some(0) => assert_eq!((done, undone), (12, 0), "{limit}: {said}"),
            Some(1 | 4) => {
                assert_eq!(done, undone, "{limit}: {said}");
                assert!(said.contains("ulimit -v"), "{limit}: {said}");
            }
            code => panic!("{limit}: {code:?} {said}"),
        }
        ended.push(told.status.code());
    }
    assert_eq!(
        (ended.first(), ended.last()),
        (Some(&Some(1)), Some(&Some(0))),
        "{ended:?}"
    );
    // What begins nothing needs less. The program itself takes 45 MB of it in a debug build.
    for words in ["-T", "--version", "check"] {
        let told = in_shell(&case, &fleet, &format!("ulimit -v 360000; exec \"$0\" {words}")).limited_output();
        assert!(told.status.success(), "{words}: {told:?}");
    }
}
