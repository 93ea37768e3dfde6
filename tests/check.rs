//! `capr check`: what is wrong in a recipe, found without running a task.

use std::path::Path;

use crate::fleet::place::checkout;
use crate::harness::{Case, Finished};

fn check(recipe: &str) -> Finished {
    Case::new().file("r.rhai", recipe).args(["check", "r.rhai"]).run()
}

/// Returns the findings with their places.
fn found(recipe: &str) -> Vec<String> {
    let finished = Case::new()
        .file("r.rhai", recipe)
        .args(["check", "r.rhai", "--json"])
        .run();
    let expected = if finished.stdout.contains("\"type\":\"error\"") {
        3
    } else {
        0
    };
    let finished = finished.code(expected);
    assert_eq!(finished.stderr, "");
    let number = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!("\"{name}\":")).unwrap();
        rest.split([',', '}']).next().unwrap().to_owned()
    };
    let message = |line: &str| {
        let (_, rest) = line.split_once("\"message\":\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    finished
        .stdout
        .lines()
        .map(|line| format!("{}:{} {}", number(line, "line"), number(line, "column"), message(line)))
        .collect()
}

#[test]
fn everything_that_is_wrong_is_told_in_one_go_in_the_order_of_lines() {
    let recipe = r#"
set :application, "flipper";
role :app, "app1";
set :path { `/u/${aplication}` };
task :one, :roles => :ap {
    run `ls ${pathh}`, :rolez => :app;
    run "ls", :roles => [:app, :dbb];
    deploy.restrat;
    invoke "on";
    let application = 1;
    put "text";
}
before :one, "prepare";
"#;
    assert_eq!(
        found(recipe),
        [
            "4:19 unknown variable or task `aplication'",
            "5:22 the role `ap' is not defined",
            "6:15 unknown variable or task `pathh'",
            "6:24 `run' has no option `rolez'",
            "7:32 the role `dbb' is not defined",
            "8:5 no task or namespace `deploy:restrat'",
            "9:12 the task `on' does not exist",
            "11:5 `put' takes 2 arguments, not 1",
            "13:14 the task `prepare' of this `before' hook does not exist",
        ]
    );
    let finished = check(recipe).code(3);
    finished.says_in_order(&[
        "error: unknown variable or task `aplication'",
        "r.rhai:4:19",
        "did you mean `application'?",
        "error: the role `ap' is not defined",
        "did you mean `app'?",
        "did you mean `deploy:restart'?",
    ]);
}

#[test]
fn a_recipe_without_mistakes_has_nothing_found() {
    let finished = check("task :t { puts \"x\"; }").ok();
    assert_eq!(
        (finished.stdout.as_str(), finished.stderr.as_str()),
        ("nothing wrong found\n", "")
    );
    let flipper = checkout().join("scripts/flipper.rhai");
    let flipper = std::fs::read_to_string(flipper).unwrap();
    assert_eq!(found(&flipper), [""; 0]);
}

#[test]
fn every_file_of_the_standard_library_has_nothing_found() {
    let folder = checkout().join("stdlib");
    let finished = Case::new()
        .file(
            "r.rhai",
            "role :app, \"app1\"; set :scm, :git; require \"deploy\"; require \"web\";",
        )
        .args(["check", "r.rhai", "--stdlib", &folder.display().to_string()])
        .run();
    finished.ok();
    for scm in ["git", "subversion", "none"] {
        assert_eq!(found(&format!("require \"scm/{scm}\";")), [""; 0], "{scm}");
    }
}

#[test]
fn names_that_are_local_or_may_be_set_are_known() {
    let recipe = r#"
fn twice(n) { let m = n; n + m }
namespace :a {
    task :inner { outer; inner_too; b.deep; }
    task :inner_too { puts "x"; }
    namespace :b { task :deep { inner_too; } }
}
task :outer {
    if exists(:given) { puts given; }
    set :later, 1;
    puts `${later} ${ENV["X"] ?? ""}`;
    for (item, number) in [1, 2] { puts `${item}${number}`; }
    let list = [3].map(|x| x + 1).filter(|x, i| x > i);
    try { run "x", |channel, stream, data| { puts `${stream}${data}`; }; } catch (error) { puts error; }
    const FIXED = #{ application: 1, other: list };
    puts `${FIXED.application} ${twice(2)} ${list.len}`;
    switch number_of { 1 => puts("one"), _ => puts("more") }
    while true { let inside = 1; puts inside; break; }
    a.inner; a.b.deep(); a::x;
}
task :count { let number_of = 1; outer; }
set :number_of, 2;
"#;
    let recipe = recipe.replace(" a::x;", "");
    assert_eq!(found(&recipe), [""; 0]);
}

#[test]
fn a_syntax_error_and_an_error_while_loading_are_findings() {
    assert_eq!(found("set :x 1;").len(), 1);
    assert_eq!(
        found("task :t { run \"x\", :nope => 1; }\nabout_nothing;"),
        [
            "1:20 `run' has no option `nope'",
            "2:1 unknown variable or task `about_nothing'"
        ]
    );
}

#[test]
fn a_library_is_checked_by_itself_and_its_findings_name_it() {
    let library = "namespace :l { task :t, :roles => :app { run \"x\"; nothing; } }";
    let finished = Case::new()
        .file("lib/capr/l.rhai", library)
        .file("r.rhai", "role :app, \"a\";\nrequire \"l\";")
        .args(["check", "r.rhai"])
        .run()
        .code(3);
    finished.says("lib/capr/l.rhai:1:51");
    assert_eq!(
        found(&library.replace(" nothing;", "")),
        [""; 0],
        "without roles no role is unknown"
    );
}

#[test]
fn a_file_that_is_loaded_twice_has_each_finding_once() {
    let recipe = "namespace :a { load \"x\"; }\nload \"x\";";
    let finished = Case::new()
        .file("x.rhai", "task :t { first; second; run \"x\", :no => 1; }")
        .file("r.rhai", recipe)
        .args(["check", "r.rhai", "--json"])
        .run()
        .code(3);
    assert_eq!(finished.stdout.lines().count(), 3, "{}", finished.stdout);
}

#[test]
fn check_is_a_task_where_it_is_not_the_first_word() {
    let finished = Case::new()
        .recipe("task :check { puts \"a task\"; }")
        .args(["check"])
        .run()
        .ok();
    assert_eq!(finished.stdout, "a task\n");
}

#[test]
fn a_password_that_is_written_out_is_told_and_not_shown() {
    let recipe = "set :password, \"hunter-2\";\n\
        ssh_options[\"password\"] = \"hunter-2\";\n\
        ssh_options.passphrase = \"hunter-2\";\n\
        set :ssh_options, #{ port: 22, password: \"hunter-2\" };\n\
        role :app, \"app1\", :ssh_options => #{ password: \"hunter-2\" };\n\
        set :db_password, \"hunter-2\";\n\
        task :t { run \"echo ${password} ${db_password}\"; }";
    check(recipe)
        .code(0)
        .silent_on("hunter-2")
        .says("the secret `db_password' is written out in the recipe");
    let lines: Vec<String> = found(recipe)
        .iter()
        .filter(|told| told.contains("is written out"))
        .map(|told| told.split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(lines, ["1", "2", "3", "4", "5", "6"]);
    let asked = "set :password { password_prompt(\"Password: \") };\nssh_options[\"password\"] = ENV[\"SECRET\"];\n\
        set :ssh_options, #{ password: read_file(\"secret\") };\n\
        task :t { run \"echo ${password}\"; }";
    assert!(!found(asked).iter().any(|told| told.contains("written out")));
}

#[test]
fn what_to_write_instead_shows_no_password() {
    let recipe = "set :password, \"hunter-2\" if true;\n\
        set :db_password, exists(:a) ? \"hunter-2\" : \"x\";\n\
        set :ssh_options, { :user => \"x\", :password => \"hunter-2\" };\n\
        set :options, {\n  :user => \"x\",\n  :password => \"hunter-2\"\n};\n\
        set :token, 'hunter-2';\n\
        secret ||= \"hunter-2\";\n\
        puts \"hunter-2\" unless password;\n\
        server \"a\", roles: %w(app), password: \"hunter-2\";\n\
        exec \"hunter-2\", :password;\n\
        task :t { @api_secret = \"hunter-2\"; }";
    let finished = check(recipe).code(3).silent_on("hunter-2");
    let told = format!("{}{}", finished.stdout, finished.stderr);
    assert!(told.matches("error:").count() >= 9, "{told}");
    let json = Case::new()
        .file("r.rhai", recipe)
        .args(["check", "r.rhai", "--json"])
        .run();
    json.code(3).silent_on("hunter-2");
}

/// A folder of recipes with all that lies beside them.
fn copied(case: Case, folder: &Path, below: &str) -> Case {
    std::fs::read_dir(folder).unwrap().fold(case, |case, entry| {
        let path = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_str().unwrap());
        match std::fs::read_to_string(&path) {
            Ok(text) => case.file(&name, &text),
            Err(_) => copied(case, &path, &format!("{name}/")),
        }
    })
}

#[test]
fn recipes_that_run_have_no_error_and_no_warning_of_a_call() {
    let root = checkout();
    let mut checked = 0;
    for folder in ["tests/ported", "tests/ported/multistage", "scripts", "stdlib"] {
        let folder = root.join(folder);
        for entry in std::fs::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if !name.ends_with(".rhai") {
                continue;
            }
            // Its own files have the names of all three Capistranos.
            let dialect = ["-S", "dialect=1"];
            let dialect = dialect.iter().filter(|_| folder.ends_with("stdlib"));
            let case = copied(Case::new(), &folder, "").args(["check", &name]).args(dialect);
            let finished = case.run().ok();
            assert!(!finished.stdout.contains("error:"), "{name}: {}", finished.stdout);
            assert!(!finished.stderr.contains("error:"), "{name}: {}", finished.stderr);
            checked += 1;
        }
    }
    assert!(checked >= 8, "{checked}");
}

#[test]
fn examples_of_the_documentation_have_no_error() {
    let root = checkout();
    // What examples take for granted, or leave out on purpose.
    let is_told = |message: &str| {
        [
            "unknown function",
            "unknown method",
            "arguments, not",
            "argument, not",
            "depends on itself",
            "is a task and",
            "has no property",
            "there is no",
            "expected",
        ]
        .iter()
        .any(|wrong| message.contains(wrong))
    };
    let mut checked = 0;
    for page in [
        "README.md",
        "docs/porting.md",
        "docs/libraries.md",
        "docs/reference/language.md",
    ] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        let fenced = text.split("```rhai\n").skip(1);
        let fenced = fenced.map(|block| block.split("```").next().unwrap().to_owned());
        // In a cell of a table each second one is a recipe's.
        let in_cells = text.split("<pre>").skip(2).step_by(2);
        let in_cells = in_cells.map(|block| {
            block
                .split("</pre>")
                .next()
                .unwrap()
                .replace("<br>", "\n")
                .replace('\\', "")
        });
        for block in fenced.chain(in_cells) {
            let finished = Case::new().file("r.rhai", &block).args(["check", "r.rhai"]).run();
            let told = format!("{}{}", finished.stdout, finished.stderr);
            let wrong: Vec<&str> = told.lines().filter(|line| is_told(line)).collect();
            assert_eq!(wrong, [""; 0], "{page}: {block}");
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn functions_and_methods_that_do_not_exist_are_found() {
    let recipe = r#"
fn twice(n) { n + n }
task :other { }
task :t {
    puts quot("x");
    puts quote("a", "b");
    puts twice(1, 2);
    puts twice(3);
    other("x");
    restrat();
    puts "a".upcase();
    puts "a".to_uper();
    puts [1, 2].filter();
    let held = #{ call_me: |x| x + 1, list: [1] };
    puts held.call_me(1);
    puts held.list.len() + held.list.map(|x| x * 2).len;
    other();
    deploy.restart();
}
"#;
    assert_eq!(
        found(recipe),
        [
            "5:10 unknown function `quot'",
            "6:10 the function `quote' takes 1 argument, not 2",
            "7:10 the function `twice' takes 1 argument, not 2",
            "9:5 `other' is a task and takes no arguments",
            "10:5 unknown function or task `restrat'",
            "11:14 unknown method `upcase'",
            "12:14 unknown method `to_uper'",
            "13:17 the method `filter' takes 1 argument, not 0",
        ]
    );
    let finished = check(recipe).code(3);
    finished.says_in_order(&[
        "did you mean `quote'?",
        "it is written: quote(text)",
        "what it needs is set before",
        "write: text.to_upper()",
        "did you mean `to_upper'?",
    ]);
}

#[test]
fn properties_that_a_value_surely_does_not_have_are_found_and_no_others() {
    let recipe = r#"
set :application, "flipper";
set :name, "Flipper";
set :hosts, ["a", "b"];
set :either, "x";
task :t {
    let n = 5;
    puts release_path.to_s;
    puts name.upcase;
    puts name.to_lower;
    puts hosts.length;
    puts n.to_s;
    puts ENV["X"].to_i;
    puts `git x`.chomp;
    puts name.lenn;
    for k in #{ a: 1 }.keys { puts k; }
}
"#;
    assert_eq!(
        found(recipe),
        [
            "8:23 a string has no property `to_s'",
            "9:15 a string has no property `upcase'",
            "10:15 a string has no property `to_lower'",
            "11:16 a list has no property `length'",
            "12:12 a number has no property `to_s'",
            "13:19 a string has no property `to_i'",
            "14:18 a string has no property `chomp'",
            "15:15 a string has no property `lenn'",
            "16:24 this map has no name `keys'",
        ]
    );
    check(recipe).code(3).says_in_order(&[
        "write: `${release_path}`, or release_path.to_string()",
        "write: name.to_upper()",
        "a method is called with brackets: name.to_lower()",
        "write: hosts.len",
        "a method is called with brackets: value.chomp()",
        "did you mean `name.len()'?",
    ]);
    let fine = r#"
set :hosts, ["a", "b"];
set :map, #{ a: 1, list: [1] };
set :either, "x";
task :t {
    set :either, map;
    puts hosts.len;
    puts map.list.len + map["list"].len;
    puts either.a;
    let key = "a";
    let found = map[key]?.anything ?? map[key].other;
    let later = "x";
    later = map;
    puts later.a;
    for hosts_of in [map] { puts hosts_of.a; }
    for s in find_servers() { puts s.host; }
    try { run "x"; } catch (error) { puts error.message; }
    [map].for_each(|name| puts(this.a + name));
    let held = #{ keys: 1 };
    puts held.keys;
}
fn of(key) { key.any }
"#;
    let told = found(fine);
    assert!(
        told.iter()
            .all(|told| !told.contains("property") && !told.contains("this map")),
        "{told:?}"
    );
}

#[test]
fn lazy_variables_that_need_each_other_are_found_and_those_that_need_not_are_not() {
    assert_eq!(
        found("set :a { `x ${b}` }\nset :b { c + 1 }\nset :c { a }\ntask :t { puts a; }"),
        ["1:5 variable `a' depends on itself: a → b → c → a"]
    );
    for fine in [
        "set :a { if exists(:d) { b } else { 1 } }\nset :b { a }\ntask :t { puts a; }",
        "set :a { b }\nset :b { a }\nset :b, 1;\ntask :t { puts a; }",
    ] {
        assert_eq!(found(fine), [""; 0], "{fine}");
    }
}

#[test]
fn a_variable_that_is_fetched_and_never_set_is_a_warning() {
    assert_eq!(
        found("set :branch, 1;\ntask :t { puts branch; puts fetch(:brunch); puts fetch(:other, 1); }"),
        ["2:35 nothing sets the variable `brunch'"]
    );
    assert_eq!(
        found("task :t { if exists(:brunch) { puts fetch(:brunch); } }"),
        [""; 0]
    );
}

#[test]
fn a_secret_in_a_command_line_is_warned_of_before_anything_runs() {
    let recipe = r#"role :app, "app1";
set(:db_password) { password_prompt("password: ") }
task :t, :roles => :app {
    run `mysql -p${db_password} -e ${quote(db_password)}`;
    sudo "mysql -p" + quote(fetch(:db_password));
    run_locally ["mysql", db_password];
    capture `curl -u x:${ENV["API_TOKEN"]}`;
    run "mysql -p$DB", :env => #{ DB: db_password }, :data => db_password;
    puts `${db_password.len()}`;
}
"#;
    let told = |whose: &str, name: &str| {
        format!("the secret `{name}' stands in a command line, where every user of {whose} can read it while it runs")
    };
    let (server, here) = (told("the server", "db_password"), told("this machine", "db_password"));
    let token = told("the server", "API_TOKEN");
    assert_eq!(
        found(recipe),
        [
            format!("4:20 {server}"),
            format!("4:44 {server}"),
            format!("5:29 {server}"),
            format!("6:27 {here}"),
            "7:26 the environment variable `API_TOKEN' may not be set".to_owned(),
            format!("7:26 {token}"),
        ]
    );
    check(recipe)
        .ok()
        .says("give it by :env => #{ DB_PASSWORD: db_password } and write $DB_PASSWORD in the command");
}
