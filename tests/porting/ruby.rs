//! The functions of Ruby itself; nothing of them goes to a server.

use crate::trial::{Trial, piece};

pub const TITLE: &str = "Ruby's own, in a task";

pub fn trials() -> Vec<Trial> {
    let mut trials = files();
    trials.extend(strings());
    trials.extend(lists());
    trials
}

/// Behind the piece this is put out.
fn gives(text: &'static str, put: &str, printed: &str) -> Trial {
    piece(text).then(put).prints(printed)
}

fn files() -> Vec<Trial> {
    let database = "production:\n  host: db1\n";
    vec![
        gives(
            "let host = read_yaml(\"config/database.yml\").production.host;",
            "puts host;",
            "db1\n",
        )
        .file("config/database.yml", database),
        gives(
            "let x = parse_json(\"{}\"); let y = to_json(#{ a: 1 });",
            "puts `${x.len()} ${y}`;",
            "0 {\"a\":1}\n",
        ),
        gives(
            "ENV[\"SIZE\"] = \"large\";",
            "puts strip(run_locally(\"echo $SIZE\"));",
            "large\n",
        ),
        // JSON is YAML: what reads YAML reads it.
        gives(
            "let yaml = to_yaml(#{ production: #{ host: \"db1\" } });",
            "puts parse_yaml(yaml).production.host; puts yaml;",
            "db1\n---\nproduction:\n  host: db1\n",
        ),
        gives("let env = env_file(\".env\");", "puts env;", "#{\"A\": \"1\"}\n").file(".env", "A=1 # one\n"),
        gives("let x = join_path(\"a\", \"b\");", "puts x;", "a/b\n"),
        gives(
            "let here = dirname(recipe_file());",
            "puts file_exists(here + \"/recipe.rhai\");",
            "true\n",
        ),
        gives(
            "let x = expand_path(\"x\", dirname(recipe_file()));",
            "puts x == expand_path(\"x\") && x.starts_with(\"/\");",
            "true\n",
        ),
        gives(
            "let x = basename(\"a.rb\", \".rb\") + extname(\"a.rb\");",
            "puts x;",
            "a.rb\n",
        ),
        gives(
            "if file_exists(\"x\") || dir_exists(\"y\") { puts \"there\"; }",
            "",
            "there\n",
        )
        .file("x", ""),
        gives(
            "if file_exists(\"x\") || dir_exists(\"y\") { puts \"there\"; }",
            "",
            "there\n",
        )
        .file("y/z", ""),
        gives("if file_exists(\"x\") || dir_exists(\"y\") { puts \"there\"; }", "", ""),
        gives(
            "write_file(\"x\", \"text\"); if file_exists(\"x\") { puts read_file(\"x\"); }",
            "",
            "text\n",
        )
        .local("x", "text"),
        gives("write_file(\"x\", \"text\");", "puts read_file(\"x\");", "text\n").local("x", "text"),
        gives(
            "let before = if file_exists(\"x\") { read_file(\"x\") } else { \"\" }; write_file(\"x\", before + \"text\\n\");",
            "",
            "",
        )
        .file("x", "one\n")
        .local("x", "one\ntext\n"),
        gives(
            "let names = glob(\"x/*\").map(|path| basename(path));",
            "puts join(names, \" \");",
            "a\n",
        )
        .file("x/a", ""),
        gives("let x = \"y\"; if x != \"\" { puts x; }", "", "y\n"),
        gives("set :x { ENV[\"NOT_SET\"] ?? \"y\" }", "puts x;", "y\n"),
        gives("let x = \"deploy:rollback\" in arguments();", "puts x; puts arguments().len() > 0;", "false\ntrue\n"),
        gives("for file in glob(\"*.x\") { puts file; }", "", "a.x\n").file("a.x", ""),
        gives(
            "let place = temp_dir();",
            "write_file(place + \"/a\", \"b\"); puts run_locally(`stat -c %a -- ${quote(place)}`).strip();",
            "700\n",
        ),
        gives(
            "let x = now(\"%F\") + utc_now(\"%F\");",
            "puts matches(x, `^(\\d{4}-\\d\\d-\\d\\d){2}$`);",
            "true\n",
        ),
        gives(
            "let x = unix_time(); let y = format_time(0, \"%F\");",
            "puts x > 1700000000; puts y;",
            "true\n1970-01-01\n",
        ),
    ]
}

fn strings() -> Vec<Trial> {
    vec![
        gives("let x = captures(\"* main\", `\\* (\\S+)`)[1];", "puts x;", "main\n"),
        gives(
            "let x = gsub(\"aa\", \"a\", \"b\"); let y = scan(\"aa\", \"a\");",
            "puts x; puts y.len();",
            "bb\n2\n",
        ),
        gives(
            "let x = strip(\" a \"); let y = chomp(\"a\\n\"); let z = \"a b\".split();",
            "puts `[${x}${y}${z.len()}]`;",
            "[aa2]\n",
        ),
        gives(
            "let x = ljust(\"a\", 9) + center(\"a\", 9) + capitalize(\"a\");",
            "puts x;",
            "a            a    A\n",
        ),
        gives(
            "let x = \"a\".starts_with(\"a\") && \"a\".contains(\"a\") && !\"a\".is_empty();",
            "puts x;",
            "true\n",
        ),
        gives(
            "let x = \"a\".to_upper(); let y = to_i(\"1 file\"); let z = 1.to_string();",
            "puts x + (y + 1) + z;",
            "A21\n",
        ),
        gives(
            "let x = random_hex(16); let y = sha256(\"x\");",
            "puts x.len(); puts y;",
            "32\n2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\n",
        ),
        gives(
            "let x = base64(\"x\"); let y = url_escape(\"a b\");",
            "puts x + y;",
            // CGI.escape would make a `+` of the blank, which stands for one only behind a `?`.
            "eA==a%20b\n",
        ),
        gives("let x = quote(\"it's\");", "puts run_locally(`echo ${x}`);", "it's\n"),
    ]
}

fn lists() -> Vec<Trial> {
    vec![
        gives("for x in [\"a\", \"b\"] { puts x; }", "", "a\nb\n"),
        gives(
            "let h = #{ a: 1 }; let keys = h.keys(); let x = keys.map(|k| `${k}=${h[k]}`);",
            "puts join(x, \" \");",
            "a=1\n",
        ),
        gives(
            "let h = #{ a: 1 }; for k in h.keys() { puts `${k} ${h[k]}`; }",
            "",
            "a 1\n",
        ),
        gives(
            "let x = join([\"a\"].map(|x| x + \"!\"), \" \"); let y = [1, 2].filter(|n| n > 1);",
            "puts x; puts y.len();",
            "a!\n1\n",
        ),
        gives(
            "let l = [1, 2]; let x = l[0] + l[-1]; let y = l + [3]; let z = 1 in l;",
            "puts x; puts y.len(); puts z;",
            "3\n3\ntrue\n",
        ),
        gives("let y = true; let x = if y { 1 } else { 2 };", "puts x;", "1\n"),
        gives(
            "switch \"a\" { \"a\" => puts(\"is a\"), _ => puts(\"other\") }",
            "",
            "is a\n",
        ),
    ]
}
