//! Connections of which nobody wants anything at the moment (cases K5 and K11).

use std::net::SocketAddr;

use crate::fleet::{Fleet, SSH_PORT};
use crate::harness::Case;
use crate::proxy::{CIPHERS, Fault, Phase, Proxy};

#[test]
fn k11_a_link_that_falls_silent_between_two_commands_is_made_again() {
    let fleet = Fleet::start(&["good", "bad"]);
    fleet.configure("bad", CIPHERS);
    let bad = SocketAddr::from((fleet.address("bad"), SSH_PORT));
    let link = Proxy::failing(bad, Phase::Told, Fault::Silent, 1);
    // Silence is noticed after three times the interval, while a command of this machine runs.
    let mut running = Case::new()
        .recipe(
            "ssh_options.keepalive_interval = 0.5; role :app, \"good\", \"bad\";\n\
             task :t { run \"true\"; info \"idle\"; run_locally \"sleep 4\"; run \"echo again on $(hostname)\"; }",
        )
        .args(["t"])
        .through(&fleet, [("bad", link.address)])
        .start();
    running.wait_for("idle");
    link.fail_now();
    running.finish().ok().says("again on good").says("again on bad");
    assert_eq!((link.connections(), link.failures()), (2, 1));
}
