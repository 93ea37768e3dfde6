//! The spawner by itself: which listeners it starts, and how it keeps them alive.

use super::*;

#[test]
fn a_spawner_leaves_running_listeners_and_used_ports_alone() {
    let application = Application::new();
    let taken = std::net::TcpListener::bind((application.address.as_str(), FIRST_PORT + 1)).unwrap();
    let said = application.spawn();
    assert!(said.contains("port 7001: in use, left alone"), "{said}");
    assert_eq!(said.matches("started (pid ").count(), 4, "{said}");
    drop(taken);
    let said = application.spawn();
    assert_eq!(said.matches("listener is running (pid ").count(), 4, "{said}");
    let first = eventually("five listeners", || application.ask_all());

    // Even one whose pid file is lost.
    fs::remove_file(application.path("shared/pids/dispatch.7003.pid")).unwrap();
    assert!(application.spawn().contains("port 7003: in use, left alone"));
    assert_eq!(application.ask_all().unwrap(), first);
}

#[test]
fn a_spawner_called_in_the_release_itself_starts_listeners_through_current() {
    let application = Application::new();
    let spawner = application.path("releases").join(OLD).join("script/process/spawner");
    let status = Command::new(spawner)
        .args(["-p7000", "--instances=5", "-e", "staging", "-a", &application.address])
        .limited_output();
    assert!(status.status.success(), "{status:?}");
    assert_eq!(
        eventually("a listener", || application.ask(FIRST_PORT)).environment,
        "staging"
    );
    application.switch(NEW);
    application.run("reaper", &["-a", "reload"]);
    eventually("all on the new release", || application.all_on(NEW));
}

#[test]
fn a_repeating_spawner_keeps_listeners_alive_until_it_is_ended() {
    let application = Application::new();
    let options = ["-p", "7000", "-i", "5", "-a", &application.address, "-r", "0.2"];
    application.run("spawner", &options);
    let before = eventually("five listeners", || application.ask_all());
    let spawner = eventually("its pid file", || application.pid_of("dispatch.spawner."));
    assert_eq!(
        application.run("spawner", &options),
        format!("spawner: already running (pid {spawner})\n")
    );
    signal("KILL", before[0].pid);
    eventually("the listener is back", || {
        application.ask(FIRST_PORT).filter(|answer| answer.pid != before[0].pid)
    });
    signal("TERM", spawner);
    eventually("the spawner ends", || {
        application.processes("spawner").is_empty().then_some(())
    });
    assert!(application.pid_files("dispatch.spawner.").is_empty());
    assert!(application.ask_all().is_some(), "listeners live on");
}

#[test]
fn a_spawner_names_what_it_lacks() {
    let application = Application::new();
    for (options, complaint) in [
        (["-d", "no/dispatcher"], "no executable dispatcher"),
        (
            ["-s", "no-such-program"],
            "no program no-such-program (install spawn-fcgi",
        ),
        (["-p", "70000"], "there is no port"),
        (["-p", "seven"], "are numbers"),
        (["-a", "300.1.1.1"], "cannot start"),
    ] {
        let output = application.command("spawner", &options).limited_output();
        assert_eq!(output.status.code(), Some(1), "{options:?}");
        assert!(text(&output).contains(complaint), "{options:?}: {output:?}");
    }
    assert!(application.pid_files("").is_empty());
}
