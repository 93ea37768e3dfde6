//! Values with characters that mean something to a shell, in every place of a recipe that takes a value: each arrives as it is, or
//! is refused, and nothing of it is ever run, neither on a server nor here.
#![allow(clippy::print_stdout, reason = "the counts are for whoever reads the test's output")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::fleet::Fleet;
use crate::harness::Case;

/// Each would make a file `pwned` where it is run.
const VALUES: &[&str] = &[
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned ;",
    "| touch pwned",
    "& touch pwned &",
    "&& touch pwned #",
    "|| touch pwned ||",
    "> pwned",
    "' ; touch pwned ; '",
    "\" ; touch pwned ; \"",
    "'$(touch pwned)'",
    "\"$(touch pwned)\"",
    "\\$(touch pwned)",
    "\\'; touch pwned; \\'",
    "a\ntouch pwned\n",
    "a\rtouch pwned\r",
    "${IFS}touch${IFS}pwned",
    "{touch,pwned}",
    "-exec touch pwned ;",
    "--upload-pack=touch pwned",
    "-oProxyCommand=touch pwned",
    "ext::sh -c touch% pwned",
    "!touch",
    "~",
    "*",
    "%s%n%x",
    "é 字 \u{1f600}",
    "\\",
    " ",
];

/// Uses of each value `v`, on the server, in a task. A block that fails must fail for a reason of its own.
const ARRIVES: &[(&str, &str)] = &[
    ("a quoted word", "same(capture(`printf %s ${quote(v)}`), v)"),
    (
        "a quoted word for another shell",
        "same(capture(`sh -c ${quote(\"printf %s \" + quote(v))}`), v)",
    ),
    (
        "an environment variable",
        "same(capture(\"printf %s \\\"$V\\\"\", :env => #{ V: v }), v)",
    ),
    ("the input of a command", "same(capture(\"cat\", :data => v), v)"),
    (
        "the content of a file",
        "put v, \"/tmp/content\"; same(capture(\"cat /tmp/content\"), v)",
    ),
    (
        "the name of a directory",
        "run `mkdir -p -- /tmp/d/${quote(v)}`; same(capture(\"basename -- \\\"$PWD\\\"; printf x\", :dir => \"/tmp/d/\" + v), v + \"\\nx\")",
    ),
    (
        "the name of a file that is written",
        "put \"x\", \"/tmp/\" + v; same(capture(`cat -- /tmp/${quote(v)}`), \"x\")",
    ),
    (
        "the name of a file that is copied here",
        "put \"y\", \"/tmp/g\" + v; get \"/tmp/g\" + v, \"here\"; same(read_file(\"here\"), \"y\")",
    ),
    (
        "the name of a file here",
        "write_file(\"l\" + v, \"z\"); upload \"l\" + v, \"/tmp/up\"; same(capture(\"cat /tmp/up\"), \"z\")",
    ),
];

/// Arguments with a value for a variable, or in its place; the run may end in any way.
const IS_HARMLESS: &[(&str, &[&str])] = &[
    ("the host", &["HOSTS=VALUE", "t"]),
    ("the role", &["ROLES=VALUE", "t"]),
    ("the user", &["-s", "user=VALUE", "t"]),
    ("the gateway", &["-s", "gateway=VALUE", "t"]),
    ("another user", &["as"]),
    ("the branch", &["-s", "branch=VALUE", "deploy"]),
    ("the revision", &["-s", "revision=VALUE", "deploy"]),
    ("the repository", &["-s", "repository=VALUE", "deploy"]),
    ("the application", &["-s", "application=VALUE", "deploy"]),
    (
        "the place of releases",
        &["-s", "deploy_to=/tmp/x/VALUE", "setup", "deploy"],
    ),
    ("the name of the release", &["-s", "release_name=VALUE", "deploy"]),
    ("a shared directory", &["-s", "child=VALUE", "deploy"]),
    ("the environment of migrations", &["-s", "rails_env=VALUE", "migrate"]),
    ("a task", &["VALUE"]),
];

/// So many runs at a time.
const ABREAST: usize = 4;

#[test]
fn a_value_is_a_word_wherever_it_stands() {
    let fleet = Fleet::start(&["app1"]);
    let mut recipe = String::from(
        "role :app, \"app1\"; set :application, \"flipper\"; let values = read_json(\"values.json\");\n\
         fn same(found, wanted) { if found != wanted { throw `${to_json(found)} for ${to_json(wanted)}`; } }\n",
    );
    for (number, (_, code)) in ARRIVES.iter().enumerate() {
        recipe.push_str(&format!("task :t{number} {{ for v in values {{ {code}; }} }}\n"));
    }
    let values: Vec<&str> = VALUES.to_vec();
    let json = serde_json::to_string(&values).unwrap();
    let case = Case::new().recipe(&recipe).file("values.json", &json);
    let case = case.args((0..ARRIVES.len()).map(|number| format!("t{number}")));
    case.on(&fleet).run().ok();
    nothing_ran(&fleet);
    println!(
        "{} values as {} kinds of words: {}",
        VALUES.len(),
        ARRIVES.len(),
        VALUES.len() * ARRIVES.len()
    );
}

#[test]
fn nothing_of_a_value_on_the_command_line_is_run() {
    let fleet = Fleet::start(&["app1"]);
    let recipe = format!(
        "role :app, \"app1\"; role :db, \"app1\", :primary => true; set_default :application, \"flipper\";\n\
         set_default :repository, \"{}\"; set_default :scm, \"git\";\n\
         if exists(:child) {{ set :shared_children, [child]; }}\n\
         task :t {{ run \"true\"; }} task :as {{ sudo \"true\", :as => fetch(:value, \"bob\"); }} task :restart {{ run \"true\"; }}",
        fleet.git().url
    );
    let attempts: Vec<_> = VALUES
        .iter()
        .flat_map(|value| IS_HARMLESS.iter().map(move |row| (*value, row)))
        .collect();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..ABREAST {
            scope.spawn(|| {
                while let Some((value, (place, arguments))) = attempts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let arguments = arguments.iter().map(|word| word.replace("VALUE", value));
                    let case = Case::new().recipe(&recipe).on(&fleet);
                    let case = case.args(["-s", &format!("value={value}"), "-s", "password=flipper-secret"]);
                    let finished = case.args(arguments).run();
                    assert!(!finished.path("pwned").exists(), "{place}: {value:?} was run here");
                }
            });
        }
    });
    nothing_ran(&fleet);
    println!(
        "{} values in {} places of the command line: {}",
        VALUES.len(),
        IS_HARMLESS.len(),
        attempts.len()
    );
}

/// No shell of the server has made the file, wherever it was.
fn nothing_ran(fleet: &Fleet) {
    let found = fleet.sh("app1", "find / -xdev -name pwned 2>/dev/null || true");
    assert!(found.is_empty(), "{found}");
}
