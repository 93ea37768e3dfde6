//! Tests of the tables of functions, and of results that an example cannot show.

use super::{prints, recipe};
use crate::deadline::InTime;
use crate::event::{Event, Level};
use crate::interrupt::Signal;
use crate::recipe::language::functions::{functions, kinds};

/// Returns the error of a task with this body.
fn fails(body: &str) -> String {
    let outcome = recipe(&format!("task :t {{ {body} }}")).run(&["t"]);
    outcome.error().message.clone()
}

#[test]
fn the_tables_of_functions_are_sorted_unique_and_documented() {
    for (kind, functions) in kinds() {
        let names: Vec<_> = functions.iter().map(|function| function.name()).collect();
        assert!(names.is_sorted(), "{kind}: {names:?}");
    }
    let mut names: Vec<_> = functions().map(|function| function.name()).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    for function in functions() {
        assert!(function.doc.contains('.'), "{}", function.form);
    }
}

#[test]
fn split_leaves_out_empty_strings_at_the_end_as_ruby_does() {
    for (expression, gives) in [
        ("\"a\\nb\\n\".split(\"\\n\")", "[\"a\", \"b\"]"),
        ("\"a\\nb\\n\".split(\"\\n\")[-1]", "b"),
        ("split(\",a,,b,,\", ',')", "[\"\", \"a\", \"\", \"b\"]"),
        ("\"\".split(\"\\n\")", "[]"),
        ("\",,\".split(\",\")", "[]"),
        ("\" a  b \".split()", "[\"a\", \"b\"]"),
    ] {
        assert_eq!(
            prints(&format!("task :t {{ puts `${{{expression}}}`; }}")),
            [gives],
            "{expression}"
        );
    }
}

#[test]
fn the_examples_of_all_functions_give_what_they_say() {
    for function in functions() {
        let (name, example, gives) = (function.name(), function.example, function.gives);
        assert!(example.contains(&format!("{name}(")), "{name}");
        let text = format!(
            "task :t {{ let got = {example}; let expected = {gives};\n\
             if type_of(got) != type_of(expected) || got != expected {{ throw `${{got}} is not ${{expected}}`; }} puts \"as said\"; }}"
        );
        assert_eq!(prints(&text), ["as said"], "{name}");
    }
}

#[test]
fn functions_can_be_written_behind_their_first_argument() {
    assert_eq!(
        prints("task :t { let name = \" a \"; puts name.strip().ljust(3) + \"|\"; puts \"/a\".join_path(\"b\"); }"),
        ["a  |", "/a/b"]
    );
}

#[test]
fn yaml_of_rails_is_read_with_its_merges_and_old_booleans() {
    let yaml = "# comment\ndefault: &default\n  adapter: mysql2\n  pool: 5\n  secure: no\n\nproduction:\n  <<: *default\n  database: flipper\n  pool: 10\n  password: \"it's: secret\"\n  mode: 0644\n  list: [a, 'b']\n  nothing: ~\n  time: 12:30\n";
    let text = "set :config { read_yaml(\"database.yml\") }
        task :t { let c = config.production; puts `${c.adapter} ${c.pool} ${c.secure} ${c.database} ${c.list} ${c.nothing == ()} ${c.time} ${c.mode}`; }";
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("database.yml");
    std::fs::write(&file, yaml).unwrap();
    let text = text.replace("database.yml", &file.display().to_string());
    assert_eq!(
        prints(&text),
        ["mysql2 10 false flipper [\"a\", \"b\"] true 12:30 0644"]
    );
}

#[test]
fn symbols_of_ruby_in_yaml_are_strings_without_a_colon() {
    let text = r#"task :t { let c = parse_yaml(":user: bob\nopts: { :port: 2222, :mode: :fast }\nroles: [ :app, :db ]\nown: ':app'\ntime: :5\n");
        puts [c.user, c.opts.port, c.opts.mode, c.roles, c.own, c.time]; }"#;
    assert_eq!(
        prints(text),
        ["[\"bob\", 2222, \"fast\", [\"app\", \"db\"], \":app\", \":5\"]"]
    );
    assert_eq!(
        prints("task :t { puts parse_yaml(to_yaml(#{ a: \":b\" })).a; }"),
        [":b"]
    );
}

#[test]
fn a_number_of_yaml_is_one_where_it_prints_back() {
    for (written, kind, shown) in [
        ("1.10", "string", "1.10"),
        ("2024.10", "string", "2024.10"),
        ("1.5", "f64", "1.5"),
        ("12", "i64", "12"),
        ("-3", "i64", "-3"),
        ("007", "string", "007"),
        ("0644", "string", "0644"),
        ("1e3", "string", "1e3"),
        ("0x1F", "string", "0x1F"),
        ("1_000", "string", "1_000"),
        ("12345678901234567890", "string", "12345678901234567890"),
        ("1.10 # a comment", "string", "1.10"),
        ("\\\"12\\\"", "string", "12"),
        ("yes", "bool", "true"),
    ] {
        for form in ["{v: @}", "a: &a @\\nv: *a", "a: &a {v: @}\\n<<: *a", "- [@]"] {
            // A comment goes on up to the end of its line.
            if written.contains('#') && form.contains(['}', ']']) {
                continue;
            }
            let read = if form.starts_with('-') { "[0][0]" } else { ".v" };
            let yaml = form.replace('@', written);
            let text = format!("task :t {{ let v = parse_yaml(\"{yaml}\"){read}; puts `${{type_of(v)}} ${{v}}`; }}");
            assert_eq!(prints(&text), [format!("{kind} {shown}")], "{yaml}");
        }
    }
}

#[test]
fn what_is_no_yaml_or_json_is_told_with_its_line_and_without_its_text() {
    assert_eq!(
        fails("parse_yaml(\"a: 1\\nb: [hunter2, 3\\nc: 4\");"),
        "the string is no YAML in line 3, column 2: illegal placement of ':' indicator"
    );
    assert_eq!(
        fails("parse_yaml(\"a: 1\\na: 2\");"),
        "the string is no YAML in line 2, column 1: duplicate mapping key: a"
    );
    assert_eq!(
        fails("parse_json(\"{\\\"a\\\":\\n hunter2}\");"),
        "the string is no JSON in line 2, column 2: expected value"
    );
    assert!(fails("read_yaml(\"no/such.yml\");").starts_with("cannot read no/such.yml: "));
    let bomb = "let text = \"a0: &a0 [x,x,x,x,x,x,x,x,x]\\n\"; for i in 1..20 { text += `a${i}: &a${i} [*a${i-1},*a${i-1},*a${i-1},*a${i-1},*a${i-1},*a${i-1},*a${i-1}]\n`; } parse_yaml(text);";
    assert!(
        fails(bomb).starts_with("the string is no YAML in line "),
        "{}",
        fails(bomb)
    );
}

#[test]
fn a_function_cannot_be_written_as_json_and_a_variable_can() {
    assert_eq!(fails("to_json(#{ a: [|x| x] });"), "`to_json' cannot write a function");
    assert_eq!(
        prints(
            "set :a, #{ x: [1, 2.5, \"\\u0001é\"] }; task :t { puts to_json(a); puts a.to_json(); puts to_json([1], true); }"
        ),
        [
            "{\"x\":[1,2.5,\"\\u0001é\"]}",
            "{\"x\":[1,2.5,\"\\u0001é\"]}",
            "[\n  1\n]"
        ]
    );
}

#[test]
fn secrets_in_documents_and_maps_are_never_told() {
    let text =
        "task :t { let read = parse_yaml(\"db: [{password: hunter22}]\"); set :map, #{ api_token: \"tok-12345\" };
        run `echo ${read.db[0].password} ${map.api_token}`; }";
    let outcome = recipe(&format!("role :app, \"app1\"; {text}")).run(&["t"]);
    let told = format!("{:?}", outcome.events);
    assert!(!told.contains("hunter22") && !told.contains("tok-12345"), "{told}");
    assert!(outcome.script.lines_on("app1")[0].contains("echo hunter22 tok-12345"));
}

#[test]
fn secrets_in_lists_numbers_addresses_and_the_environment_are_never_told() {
    let secrets = [
        "tok-in-list",
        "87654321",
        "map-in-map",
        "in-address",
        "in-env-map",
        "KEY-UPPER",
        "of-process",
        "of-address",
    ];
    let text = "set :api_tokens, [\"tok-in-list\"]; set :db_password, 87654321; set :secrets, #{ db: #{ main: \"map-in-map\" }, user: \"deploy\" };
        set :url, \"https://me:in-address@example.com/x\"; set :use_token, true; set :token_timeout, 3600;
        task :t { let read = parse_json(`{\"DB_PASSWORD\": \"KEY-UPPER\"}`);
        run `echo ${api_tokens[0]} ${db_password} ${secrets.db.main} ${url} ${read.DB_PASSWORD} ${ENV[\"DB_PASSWORD\"]} ${ENV[\"DATABASE_URL\"]} as deploy in 3600 is true`;
        run \"true\", :env => #{ URL: \"postgres://x:in-env-map@db/x\" }; }";
    let mut case = recipe(&format!("role :app, \"app1\"; {text}"));
    for (name, value) in [
        ("DB_PASSWORD", "of-process"),
        ("DATABASE_URL", "postgres://x:of-address@db/x"),
        ("USE_TOKEN", "true"),
    ] {
        case.options.environment.insert(name.to_owned(), value.to_owned());
    }
    let outcome = case.run(&["t"]);
    let told = format!("{:?}", outcome.events);
    for secret in secrets {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    assert!(told.contains("as deploy in 3600 is true"), "{told}");
    let lines = outcome.script.lines_on("app1");
    assert!(
        secrets
            .iter()
            .filter(|secret| **secret != "in-env-map")
            .all(|secret| lines[0].contains(secret))
    );
    assert!(!lines[1].contains("in-env-map"), "{}", lines[1]);
}

#[test]
fn paths_are_joined_and_made_whole() {
    let body = "puts join_path(\"/\", \"a\"); puts join_path([\"a/\", \"/b\"]); puts join_path(\"a\", [\"b\", \"1\"], \"c\");
        puts expand_path(\"~/x/./y/..\"); puts expand_path(\"~\"); puts expand_path(\"/a/../../b\"); puts basename(\"/a/.profile\", \".profile\");
        puts extname(\"a/.profile\") + \"|\"; puts dirname(\"a\");";
    let mut case = recipe(&format!("task :t {{ {body} }}"));
    case.options.home = Some("/home/me".into());
    assert_eq!(
        case.run(&["t"]).printed(),
        [
            "/a",
            "a/b",
            "a/b/1/c",
            "/home/me/x",
            "/home/me",
            "/b",
            ".profile",
            "|",
            "."
        ]
    );
}

#[test]
fn a_path_is_joined_of_strings_alone() {
    for (part, told) in [
        ("n", "`join_path' takes strings and lists of strings, not a number"),
        (
            "[\"b\", n]",
            "`join_path' takes strings and lists of strings, not a number",
        ),
        ("m", "`join_path' takes strings and lists of strings, not a map"),
        ("m.b", "`m.b' has no value"),
        ("[\"b\", ENV[\"NOPE\"]]", "a value is missing"),
    ] {
        let text = format!("task :t {{ let n = 1; let m = #{{ a: 1 }}; puts join_path(\"a\", {part}); }}");
        let outcome = recipe(&text).run(&["t"]);
        let error = outcome.error();
        assert!(error.message.contains(told), "{part}: {error:?}");
    }
}

#[test]
fn recipe_file_is_the_file_it_stands_in_also_in_a_function_and_a_lazy_variable() {
    let text = "fn here() { basename(recipe_file()) } set :lazy { basename(recipe_file()) } require \"lib\";
        task :t { puts here(); puts lazy; puts basename(recipe_file()); puts lib_lazy; lib_task; }";
    let library = "fn here() { basename(recipe_file()) } set :lib_lazy { here() } task :lib_task { puts basename(recipe_file()); }";
    assert_eq!(
        recipe(text).file("lib.rhai", library).run(&["t"]).printed(),
        ["recipe.rhai", "recipe.rhai", "recipe.rhai", "lib.rhai", "lib.rhai"]
    );
}

#[test]
fn files_are_found_and_loaded_by_a_pattern() {
    let text = "for file in glob(join_path(dirname(recipe_file()), \"tasks/**.rhai\")) { load file; } task :t { one; two; puts glob(\"[\"); }";
    let outcome = recipe(text)
        .file("tasks/b.rhai", "task :two { puts \"two\"; }")
        .file("tasks/a.rhai", "task :one { puts \"one\"; }")
        .file("tasks/c.txt", "nothing")
        .file("tasks/.#a.rhai", "what an editor leaves (")
        .run(&["t"]);
    assert_eq!(outcome.printed, ["one", "two"]);
    assert!(outcome.error().message.starts_with("`glob' has a wrong pattern: "));
}

#[test]
fn a_dry_run_writes_no_file_and_does_not_wait() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("x").display().to_string();
    let mut case = recipe(&format!("task :t {{ write_file(\"{file}\", \"text\"); sleep(3600); }}"));
    case.options.dry_run = true;
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert!(!std::path::Path::new(&file).exists());
    let said = |event: &Event| matches!(event, Event::Message { level: Level::Info, text, .. } if *text == format!("write {file}"));
    assert!(outcome.events.iter().any(said), "{:?}", outcome.events);
    let finished = recipe(&format!("task :t {{ write_file(\"{file}\", \"text\"); }}")).run(&["t"]);
    assert!(finished.result.is_ok());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "text");
}

#[test]
fn a_temporary_directory_is_gone_at_the_end() {
    let outcome =
        recipe("task :t { let place = temp_dir(); write_file(place + \"/x\", \"y\"); puts place; throw \"no\"; }")
            .run(&["t"]);
    let place = std::path::PathBuf::from(&outcome.printed[0]);
    assert!(place.is_absolute() && !place.exists());
}

#[test]
fn a_dry_run_does_not_look_what_is_in_a_directory() {
    let mut case = recipe("role :web, \"w\";\ntask :t { upload \"/\", \"/tmp/all\"; }");
    case.options.dry_run = true;
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let mut case = recipe("role :web, \"w\";\ntask :t { upload \"/\", \"/tmp/all\", :recursive => false; }");
    case.options.dry_run = true;
    assert!(case.run(&["t"]).error().message.starts_with("cannot upload `/'"));
}

#[test]
fn a_dry_run_makes_no_temporary_directory() {
    let mut case =
        recipe("task :t { let place = temp_dir(); puts place; puts dir_exists(place); puts place == temp_dir(); }");
    case.options.dry_run = true;
    let outcome = case.run(&["t"]);
    assert!(std::path::Path::new(&outcome.printed[0]).is_absolute());
    assert_eq!(outcome.printed[1..], ["false", "false"]);
}

#[test]
fn times_are_read_as_they_are_written() {
    let body = "puts parse_time(\"2026-01-02\", \"%Y-%m-%d\"); puts parse_time(\"2026-01-02 03:00 +0200\", \"%Y-%m-%d %H:%M %z\");
        puts format_time(parse_time(\"20260102030405\", \"%Y%m%d%H%M%S\") + 86400, \"%F %T\");";
    assert_eq!(
        prints(&format!("task :t {{ {body} }}")),
        ["1767312000", "1767315600", "2026-01-03 03:04:05"]
    );
    assert_eq!(
        fails("parse_time(\"yesterday\", \"%F\");"),
        "`parse_time' finds no time of that format in the string"
    );
    assert!(fails("now(\"%!\");").starts_with("`now' cannot write the time that way: "));
}

#[test]
fn a_signal_ends_a_wait() {
    let case = recipe("task :t { sleep(3600); puts \"woken\"; }");
    let interrupt = case.interrupt.clone();
    let ringing = std::thread::spawn(move || interrupt.raise(Signal::Int));
    let outcome = case.run(&["t"]);
    ringing.in_time();
    assert_eq!(outcome.printed, [""; 0]);
    assert_eq!(outcome.error().fault.exit_code(), 130);
}

#[test]
fn texts_are_cut_and_filled() {
    let body = "puts dedent(`\n    key: value\n\n      deeper\n    `) + \"|\"; puts indent(\"a\\n\\nb\\n\", 2) + \"|\"; puts dedent(\"  x\"); puts capitalize(\"éTÉ\"); puts scan(\"a1b22\", `\\d+`);
        puts ljust(\"too long\", 3);";
    assert_eq!(
        prints(&format!("task :t {{ {body} }}")),
        [
            "key: value\n\n  deeper\n|",
            "  a\n\n  b\n|",
            "x",
            "Été",
            "[\"1\", \"22\"]",
            "too long"
        ]
    );
    assert_eq!(
        fails("ljust(\"x\", 99999999);"),
        "the width of `ljust' must be a number from 0 to 10000"
    );
    assert_eq!(fails("random_hex(-1);"), "`random_hex' gives from 0 to 1024 bytes");
    assert_eq!(fails("base64_decode(\"%\");"), "this is no string in base64");
}
