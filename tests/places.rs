//! Where files go on servers and here: past what others have put there, and whole or not at all.
#![allow(clippy::format_push_string, reason = "a recipe that a test writes")]

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::files::admit_root;
use crate::fleet::Fleet;
use crate::harness::Case;

#[test]
fn where_all_may_write_without_a_sticky_bit_and_deeper_links_of_others_are_not_followed_either() {
    let fleet = Fleet::start(&["app1"]);
    admit_root(&fleet, "app1");
    let mut places = Vec::new();
    for (index, mode) in ["1777", "777", "707", "1703"].iter().enumerate() {
        let top = format!("/srv/d{index}");
        fleet.sh(
            "app1",
            &format!(
                "echo mine > /home/deploy/mine; chown deploy /home/deploy/mine; umask 022
                 mkdir -p {top}/of-bob/deep {top}/ours; cd {top}; ln -s /home/deploy/mine of-bob/link; ln -s /home/deploy/mine of-bob/deep/link
                 ln -s /home/deploy of-bob/deep/into; chown -Rh bob:bob of-bob; mkdir of-bob/deep/of-root; ln -s /home/deploy/ours of-bob/deep/of-root/link
                 chown -h bob of-bob/deep/of-root/link; ln -s /home/deploy/ours ours/link; chown -h deploy . ours ours/link; chmod {mode} ."
            ),
        );
        for place in [
            "of-bob/link",
            "of-bob/deep/link",
            "of-bob/deep/into/mine",
            "ours/../of-bob/link",
        ] {
            places.push((format!("{top}/{place}"), [false, false]));
        }
        // What root has made belongs to nobody else, wherever it is; what deploy has made is another's for root.
        places.push((format!("{top}/of-bob/deep/of-root/link"), [true, true]));
        places.push((format!("{top}/ours/link"), [true, false]));
    }
    for (index, user) in ["deploy", "root"].into_iter().enumerate() {
        let (mut lines, mut expected) = (String::new(), String::new());
        for (place, are_done) in &places {
            let is_done = are_done[index];
            lines += &format!(
                "try {{ put \"secret\", \"{place}\"; puts \"{place}: done\"; }} catch {{ puts \"{place}: refused\"; }}\n"
            );
            expected += &format!("{place}: {}\n", if is_done { "done" } else { "refused" });
        }
        let recipe = format!("role :app, \"{user}@app1\";\ntask :t {{ {lines} }}");
        let finished = Case::new().recipe(&recipe).args(["t"]).on(&fleet).run().ok();
        assert_eq!(finished.stdout, expected, "{user}");
        assert_eq!(
            fleet.sh("app1", "cat /home/deploy/mine /home/deploy/ours; rm /home/deploy/ours"),
            "mine\nsecret",
            "{user}"
        );
    }
    assert_eq!(places.len(), 24);
}

#[test]
fn b3_a_directory_that_is_being_unpacked_is_stopped_at_once_and_nothing_of_it_is_there() {
    let fleet = Fleet::start(&["app1"]);
    fleet.sh("app1", "mkdir /tmp/many && cd /tmp/many && seq 60000 | xargs touch");
    let mut running = Case::new()
        .recipe(
            "role :app, \"app1\"; task :t { transaction { on_rollback { puts \"undone\"; } download \"/tmp/many\", \"got/many\"; } }",
        )
        .args(["t"])
        .on(&fleet)
        .start();
    // All has come, and it is being unpacked.
    running.wait_for("command finished");
    running.signal(Signal::INT);
    let begin = Instant::now();
    let finished = running.finish().code(130);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    let finished = finished.says("error: interrupted");
    assert_eq!(finished.stdout, "undone\n");
    assert_eq!(fs::read_dir(finished.path("got")).unwrap().count(), 0);
}
