//! `capr ssh`: a login by the system's ssh with what the recipe says.

use crate::fleet::Fleet;
use crate::harness::Case;

const RECIPE: &str = r#"
role :app, "app1.example.com", "app2.example.com";
role :db, "me@db1.example.com:2222";
set :user, "deploy";
"#;

fn shown(arguments: &[&str]) -> crate::harness::Finished {
    let case = Case::new().file("r.rhai", RECIPE);
    case.args(["ssh", "r.rhai", "-n"]).args(arguments).run()
}

#[test]
fn a_server_is_named_by_as_much_as_tells_it_from_the_others() {
    assert!(
        shown(&["app1"])
            .ok()
            .stdout
            .ends_with(" -l deploy -- app1.example.com\n")
    );
    assert!(
        shown(&["db1"])
            .ok()
            .stdout
            .ends_with(" -l me -p 2222 -- db1.example.com\n")
    );
    let call = shown(&["app1.example.com", "--", "echo", "a b"]).ok().stdout;
    assert!(
        call.ends_with(" -- app1.example.com \"echo 'a b'\"\n")
            || call.ends_with(" -- app1.example.com 'echo '\\''a b'\\'''\n"),
        "{call}"
    );
    shown(&["app3"])
        .code(2)
        .says("the recipe has no server `app3'")
        .says("app1.example.com");
    shown(&[]).code(2);
    shown(&["app1", "app2"]).code(2).says("ssh takes one server");
}

#[test]
fn the_systems_ssh_logs_in_and_its_code_is_ours() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let recipe = "role :app, \"app1\", \"app2\";";
    let login = |line: &str| Case::new().file("deploy.rhai", recipe).shell(line).on(&fleet).run();
    assert_eq!(login("capr ssh app2 -- echo 'a  b'").ok().stdout, "a  b\n");
    login("capr ssh app1 -- 'exit 7'").code(7);
}
