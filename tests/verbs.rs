//! Verbs on real servers: files that come back, and what else is not a plain command.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::deadline::LimitedCommand;
use crate::fleet::Fleet;
use crate::harness::Case;

/// A recipe of one task `t` with this body, for app1 and app2.
fn two(fleet: &Fleet, body: &str) -> Case {
    let recipe = format!("role :app, \"app1\", \"app2\";\ntask :t {{\n{body}\n}}\n");
    Case::new().recipe(&recipe).args(["t"]).on(fleet)
}

#[test]
fn f6_files_and_directories_come_from_servers_byte_for_byte() {
    let fleet = Fleet::start(&["app1", "app2"]);
    for host in ["app1", "app2"] {
        fleet.sh(
            host,
            "head -c 3000000 /dev/urandom > /tmp/big; mkdir -p '/tmp/d/a b'; hostname > '/tmp/d/a b/file'; \
             chmod 755 '/tmp/d/a b/file'; chmod -R a+rX /tmp/big /tmp/d; \
             echo 'echo noise' > ~deploy/.bashrc; echo 'echo noise' > ~deploy/.profile",
        );
    }
    let finished = two(
        &fleet,
        r#"get "/tmp/big", "big"; download "/tmp/d", "from/$CAPISTRANO:HOST$", :recursive => true;"#,
    )
    .run()
    .ok();
    let sum = |path: &str| fleet.sh("app1", &format!("sha256sum < {path}"));
    let local = std::process::Command::new("sh")
        .args(["-c", "sha256sum <\"$0\""])
        .arg(finished.path("big"))
        .limited_output();
    assert_eq!(String::from_utf8_lossy(&local.stdout).trim_end(), sum("/tmp/big"));
    for host in ["app1", "app2"] {
        let file = format!("from/{host}/a b/file");
        assert_eq!(finished.file(&file).trim_end(), host);
        let mode = fs::metadata(finished.path(&file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111);
    }
}

#[test]
fn f7_what_one_server_does_not_have_comes_from_the_others_and_f9_a_dry_run_only_says_so() {
    let fleet = Fleet::start(&["app1", "app2"]);
    fleet.sh("app2", "echo here > /tmp/x; chmod a+r /tmp/x");
    let body = r#"download "/tmp/x", "x.$CAPISTRANO:HOST$";"#;
    let finished = two(&fleet, body)
        .args(["-n"])
        .run()
        .ok()
        .says("download /tmp/x -> x.$CAPISTRANO:HOST$");
    assert!(!finished.path("x.app2").exists());
    let finished = two(&fleet, body)
        .run()
        .code(1)
        .says("app1: exit status 1")
        .says("No such file");
    assert_eq!(finished.file("x.app2"), "here\n");
    assert!(!finished.path("x.app1").exists());
    assert_eq!(fs::read_dir(finished.path("")).unwrap().count(), 2);
}

#[test]
fn f5_one_local_file_for_several_servers_is_refused_before_connecting() {
    let fleet = Fleet::start(&["app1", "app2"]);
    two(&fleet, r#"download "/tmp/x", "x";"#)
        .run()
        .code(3)
        .says("app1 and app2 would both be written to `x'")
        .says("$CAPISTRANO:HOST$")
        .silent_on("connect");
}

#[test]
fn c24_servers_run_different_commands_at_the_same_time() {
    let fleet = Fleet::start(&["www1", "app1", "db1"]);
    let recipe = r#"
        role :web, "www1", "app1"; role :app, "app1"; role :db, "db1";
        task :t {
          parallel |session| {
            session.when("in?(:web)", "touch /tmp/web; until test -e /tmp/app -o $(hostname) = www1; do sleep 0.05; done", #{ timeout: 20 });
            session.when("in?(:app)", "until test -e /tmp/web; do sleep 0.05; done; touch /tmp/app", #{ timeout: 20 });
            session.else("touch /tmp/else");
          }
        }
    "#;
    Case::new().recipe(recipe).args(["t"]).on(&fleet).run().ok();
    assert!(fleet.exists("www1", "/tmp/web") && !fleet.exists("www1", "/tmp/app"));
    assert!(fleet.exists("app1", "/tmp/web") && fleet.exists("app1", "/tmp/app"));
    assert!(fleet.exists("db1", "/tmp/else") && !fleet.exists("app1", "/tmp/else"));
}

#[test]
fn v19_without_a_terminal_the_default_is_taken_at_once() {
    let recipe = r#"
        set :branch { ask("Branch", "main") }
        task :good { puts branch; }
        task :bad { ask("Who are you?"); }
    "#;
    let asked = Case::new().recipe(recipe).args(["good"]).run().ok();
    assert_eq!(asked.stdout, "main\n");
    let typed = Case::new().recipe(recipe).args(["good"]).input("other\n").run().ok();
    assert_eq!(typed.stdout, "main\n");
    Case::new()
        .recipe(recipe)
        .args(["bad"])
        .run()
        .code(1)
        .says("no terminal to ask on: Who are you?");
}

#[test]
fn r16_servers_that_a_block_gives_are_asked_for_once_when_they_are_needed() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let recipe = r#"
        role :app { lines(run_locally("echo once >> asked; printf 'app1\\napp2\\n'")) }
        task :none { }
        task :t, :roles => || [:app] { run "touch /tmp/first"; run "touch /tmp/second"; puts strip(capture("hostname")); }
    "#;
    let finished = Case::new().recipe(recipe).args(["none", "t"]).on(&fleet).run().ok();
    assert_eq!(finished.file("asked"), "once\n");
    assert!(finished.stdout.ends_with("app1\n"));
    for host in ["app1", "app2"] {
        assert!(fleet.exists(host, "/tmp/first") && fleet.exists(host, "/tmp/second"));
    }
}

#[test]
fn a_role_may_say_how_its_servers_are_reached() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let recipe = r#"
        role :app, "app1"; role :other, "app2", :ssh_options => #{ user: "nobody", timeout: 20 };
        task :t, :roles => :app { puts capture("id -un"); }
        task :other, :roles => :other { run "true"; }
    "#;
    let case = |recipe: &str, task: &str| Case::new().recipe(recipe).args([task]).on(&fleet);
    case(recipe, "other").run().code(4).says("nobody");
    assert_eq!(case(recipe, "t").run().ok().stdout, "deploy\n");
    case(&recipe.replace("timeout", "tmieout"), "t")
        .run()
        .code(3)
        .says("`ssh_options' has no option `tmieout'")
        .says("did you mean `timeout'?");
}

#[test]
fn what_is_said_is_shown_by_its_level_and_what_a_task_gives_can_be_used() {
    let recipe = r#"
        namespace :n { task :who { `${current_task} of three` } }
        task :t { debug "at debug"; info "at info"; warn "at warn"; puts n.who; puts invoke("n:who").len(); let x = n.who(); puts x; }
    "#;
    let run = |option: &str| Case::new().recipe(recipe).args(["t", option]).run().ok();
    let plain = run("--log-format=plain");
    assert_eq!(plain.stdout, "n:who of three\n14\nn:who of three\n");
    let plain = plain.silent_on("at debug").says(" ** at info").says("*** at warn");
    assert!(!plain.stdout.contains("at "), "{}", plain.stdout);
    run("-v").says("  * at debug").says(" ** at info");
    run("-q").silent_on("at info").says("at warn");
}

#[test]
fn servers_and_this_machine_are_asked_by_status() {
    let fleet = Fleet::start(&["app1", "app2"]);
    fleet.sh("app1", "mkdir -p '/srv/a b'");
    let finished = two(
        &fleet,
        r#"
        puts test("[ -d '/srv/a b' ]"); puts test("[ -d /srv/none ]"); puts strip(capture("pwd", :dir => "/srv/a b"));
        let r = run_locally("cat; echo -n $A; exit 3", :result => true, :data => "in ", :env => #{ A: "it's" }, :dir => "/");
        puts `${r.stdout} ${r.status} ${r.ok}`; puts system("echo shown"); puts system("exit 2");
        for s in find_servers() { puts s.host; }
        try { run_locally("sleep 20", :timeout => 0.1, :result => true); } catch (e) { puts e.message; }
        run "true", :dir => "/srv/a b";
        "#,
    )
    .run()
    .code(1);
    assert_eq!(
        finished.stdout,
        "true\nfalse\n/srv/a b\nin it's 3 false\ntrue\nfalse\napp1\napp2\n`sleep 20' failed on localhost\n"
    );
    finished.says("[out :: localhost] shown").says("app2: exit status 1");
}

#[test]
fn each_server_decides_in_its_own_block_and_its_work_is_undone_on_both() {
    let fleet = Fleet::start(&["app1", "app2"]);
    fleet.sh("app2", "echo 7 > /tmp/there; chmod a+r /tmp/there");
    let body = r#"on roles(:app), |server| {
        within "/tmp" {
            let name = if test("[ -f there ]") { capture("cat there") } else { "none" };
            // Both at the same time: one after the other would take four seconds.
            execute :sleep, 2;
            with :who => strip(name) { run `echo $WHO ${server.host} > mine`; }
            put `${server.host}`, "sent";
        }
        get "/tmp/mine", `from.${server.host}`;
    }"#;
    let begun = std::time::Instant::now();
    let finished = two(&fleet, body).run().ok();
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(finished.file("from.app1"), "none app1\n");
    assert_eq!(finished.file("from.app2"), "7 app2\n");
    assert_eq!(fleet.sh("app2", "cat /tmp/sent"), "app2");
    // One action for both where both want the same.
    finished
        .says("executing \"sleep 2\"")
        .says("servers: [\"app1\", \"app2\"]");

    let recipe = r#"role :app, "app1", "app2";
        task :t { transaction { work; } }
        task :work {
            on_rollback { run "touch /tmp/undone"; }
            on roles(:app), |server| { run `touch /tmp/done`; if server.host == "app2" { run "echo no >&2; exit 3"; } run "touch /tmp/never"; }
        }"#;
    let case = Case::new().recipe(recipe).args(["t"]).on(&fleet);
    case.run()
        .code(1)
        .says("app2")
        .says("exit status 3")
        .says("rolled back");
    for host in ["app1", "app2"] {
        assert!(
            fleet.exists(host, "/tmp/done") && fleet.exists(host, "/tmp/undone"),
            "{host}"
        );
    }
    assert!(!fleet.exists("app2", "/tmp/never"));
}
