//! Makes new recipes from old ones, the same one for the same number.

use fastrand::Rng;

/// Words and signs that are put in places where they do not belong.
pub const WORDS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "#{",
    "${",
    "`",
    "\"",
    "'",
    "|",
    "||",
    "=>",
    "=",
    "==",
    "+=",
    ":",
    "::",
    ";",
    ",",
    ".",
    "..",
    "..=",
    "?.",
    "?[",
    "??",
    "!",
    "-",
    "+",
    "*",
    "**",
    "/",
    "%",
    "<<",
    "&",
    "&&",
    "^",
    "~",
    "@",
    "$",
    "#",
    "\\",
    "//",
    "/*",
    "*/",
    "#!",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{feff}",
    "\u{2028}",
    "\u{202e}",
    "é",
    "字",
    "\u{1f600}",
    "e\u{301}",
    "if",
    "else",
    "for",
    "in",
    "while",
    "loop",
    "do",
    "until",
    "switch",
    "fn",
    "private",
    "let",
    "const",
    "return",
    "throw",
    "try",
    "catch",
    "break",
    "continue",
    "import",
    "export",
    "as",
    "global",
    "this",
    "is_def_fn",
    "is_def_var",
    "eval",
    "Fn",
    "call",
    "curry",
    "type_of",
    "print",
    "debug",
    "exit",
    "true",
    "false",
    "()",
    "_",
    "nil",
    ":a",
    ":b",
    "a",
    "b",
    "t",
    "x",
    "0",
    "1",
    "-1",
    "0644",
    "09",
    "0x",
    "1e999",
    "1.5",
    "99999999999999999999",
    "9223372036854775807",
    "-9223372036854775808",
    "0.1e-400",
    "''",
    "'a'",
    "\"a\"",
    "`${a}`",
    "\"\\u{110000}\"",
    "\"\\x\"",
    "deploy",
    "deploy.restart",
    "current_path",
    "ssh_options",
    "dry_run",
    "other",
    "after",
    "stage",
    "password",
    "abort",
    "after",
    "alias_task",
    "ask",
    "before",
    "capture",
    "capture_all",
    "choose",
    "current_task",
    "debug",
    "delete",
    "desc",
    "download",
    "exists",
    "fetch",
    "get",
    "info",
    "invoke",
    "invoke_command",
    "load",
    "namespace",
    "on",
    "on_rollback",
    "parallel",
    "password_prompt",
    "put",
    "puts",
    "render",
    "require",
    "reset",
    "role",
    "run",
    "run_locally",
    "server",
    "set",
    "set_default",
    "stream",
    "sudo",
    "synonym_task",
    "task",
    "transaction",
    "try_sudo",
    "unset",
    "upload",
    "warn",
    "quote",
    "basename",
    "dirname",
    "join",
    "file_exists",
    "read_file",
    "utc_now",
    "lines",
    "gsub",
    "captures",
    "matches",
    "strip",
    "chomp",
    "parse_json",
    "library_program",
    "when",
    "session",
    ":roles => :app",
    ":hosts => []",
    ":once => true",
    ":default",
    ":continue",
    "#{}",
    "[]",
    "{ }",
    "|a| { a }",
    "|| 1",
    ".len()",
    ".map(|x| x)",
    "[0]",
    "[-1]",
    ".a",
    ".call()",
    "\"recipe\"",
    "\"other\"",
    "ENV",
];

/// Pieces that would not end, or not in this memory, without a limit.
const BOMBS: &[&str] = &[
    "loop { }",
    "while true { let a = 1; }",
    "for x in 0..9999999999 { }",
    "for x in 0..9223372036854775807 { x }",
    "let s = \"x\"; loop { s += s; }",
    "let s = \"x\"; loop { s = `${s}${s}`; }",
    "let l = [1]; loop { l += l; }",
    "let l = []; loop { l.push(l); }",
    "let l = [0]; loop { l.push(1); }",
    "let l = []; l.pad(9999999999, 0);",
    "let s = \"\"; s.pad(9999999999, \"x\");",
    "let b = blob(9999999999, 1);",
    "let m = #{}; for i in 0..9999999 { m[`k${i}`] = i; }",
    "let m = #{}; loop { m = #{ a: m, b: m }; }",
    "fn f(n) { f(n + 1) + f(n) } f(0);",
    "fn f(n) { f(n + 1); f(n) } f(0);",
    "let f = |g| g.call(g); f.call(f);",
    "set(:a) { b } set(:b) { a } puts a;",
    "set(:a) { a } puts a;",
    "set(:a) { fetch(:b) } set(:b) { `${fetch(:a)}` } fetch(:a);",
    "task :t { t; } t;",
    "task :t { u; } task :u { invoke \"t\"; } invoke \"u\";",
    "before :t, :t; task :t { } t;",
    "on :before { t; } task :t { } t;",
    "load \"recipe\";",
    "load \"recipe.rhai\"; load \"other\";",
    "require \"recipe\";",
    "import \"recipe\" as r;",
    "import \"other\" as o; o::f();",
    "try { loop { } } catch { loop { } }",
    "loop { try { throw 1; } catch (e) { } }",
    "loop { load \"other\"; }",
    "role(:app) { loop { } } run \"x\";",
    "role :app, \"a\"; run \"x\", :roles => || { loop { } };",
    "sleep(9999999999);",
    "sleep(1e300);",
    "let d = 9223372036854775807; d + 1;",
    "-9223372036854775807 - 2;",
    "(-9223372036854775807 - 1) / -1;",
    "1 << 64; 1 << -1; 2 ** 9999; 0 % 0; 1 / 0;",
    "\"x\".sub_string(-1, 9223372036854775807); [1].splice(-9, 99, []); \"é\".crop(1);",
    "let x = timestamp(); x + 9e300; x - 9e300;",
    "gsub(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"(a+)+$\", \"$1\"); matches(\"\", \"(((a{9}){9}){9}){99}\");",
    "\"x\".repeat(9999999999);",
    "let a = []; a.insert(9999999999, 1); a.extract(0..9999999999); a.drain(9..1);",
    "for x in \"é\".chars(-5, 99999999999) { } for x in range(0, 10, 0) { } for x in bits(5, 1, 99) { }",
    "let l = [3,2,1]; l.sort(|a, b| 1); l.sort(|a, b| { throw a; }); l.dedup(|a, b| l);",
    "let m = #{}; m.m = m; let l = [m]; l[0].m = l;",
    "let l = [1]; set :l, l; l.push(l); set :l, [l, fetch(:l)]; fetch(:l).push(fetch(:l));",
    "ssh_options[\"a\"] = ssh_options; ssh_options.a.a = ssh_options; puts ssh_options;",
    "parse_json(\"[\".pad(100, \"[\"));",
    "utc_now(\"%999999999999N %Q %\");",
];

/// Returns the recipe with this number. `others` are the recipes that it is made from.
pub fn recipe(others: &[String], seed: u64, number: u64) -> Vec<u8> {
    let mut rng = Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let Some(first) = rng.choice(others) else {
        return Vec::new();
    };
    changed(first, others, &mut rng)
}

/// Changes a recipe at random.
pub fn changed(first: &str, others: &[String], rng: &mut Rng) -> Vec<u8> {
    let mut pieces: Vec<String> = pieces(first);
    // Usually only a few, so that some are valid.
    for _ in 0..1 + rng.usize(..6) * rng.usize(..2) {
        change(&mut pieces, others, rng);
    }
    match rng.u32(..4000) {
        0..10 => bomb(&mut pieces, rng),
        10..30 => deep(&mut pieces, rng),
        _ => {}
    }
    bytes(pieces.concat(), rng)
}

/// Splits a text into words, numbers, blanks, strings and signs.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 1,
        ' ' | '\n' | '\t' | '\r' => 2,
        '=' | '>' | '+' | '&' => 3,
        _ => 0,
    };
    let mut before = 0;
    for c in text.chars() {
        match pieces.last_mut() {
            Some(last) if kind(c) == before && before != 0 => last.push(c),
            _ => pieces.push(c.to_string()),
        }
        before = kind(c);
    }
    pieces
}

fn change(pieces: &mut Vec<String>, others: &[String], rng: &mut Rng) {
    let length = pieces.len();
    if length == 0 {
        pieces.push(word(rng));
        return;
    }
    let at = rng.usize(..length);
    let end = length.min(at + 1 + rng.usize(..8).pow(2) / 4);
    match rng.u32(..12) {
        0 => drop(pieces.drain(at..end)),
        1 => {
            let copy = pieces[at..end].to_vec();
            pieces.splice(at..at, copy);
        }
        2 => pieces.swap(at, rng.usize(..length)),
        3 | 4 => pieces[at] = word(rng),
        5 | 6 => pieces.insert(at, format!(" {} ", word(rng))),
        7 => {
            let other = self::pieces(rng.choice(others).map_or("", |other| other));
            let from = rng.usize(..other.len().max(1));
            let to = other.len().min(from + rng.usize(..40));
            pieces.splice(at..at, other[from.min(to)..to].to_vec());
        }
        8 => {
            let (open, close) = *rng
                .choice(&[
                    ("{", "}"),
                    ("(", ")"),
                    ("[", "]"),
                    ("`${", "}`"),
                    ("if true {", "}"),
                    ("|x| {", "}"),
                    ("#{ a: ", "}"),
                ])
                .unwrap_or(&("", ""));
            pieces.insert(end, close.to_owned());
            pieces.insert(at, open.to_owned());
        }
        9 => pieces.truncate(at),
        10 => {
            let copy = pieces[at..end].concat();
            pieces[at] = copy.repeat(1 + rng.usize(..20));
        }
        _ => {
            let moved: Vec<String> = pieces.drain(at..end).collect();
            let to = rng.usize(..=pieces.len());
            pieces.splice(to..to, moved);
        }
    }
}

fn word(rng: &mut Rng) -> String {
    rng.choice(WORDS).map_or_else(String::new, |word| (*word).to_owned())
}

fn bomb(pieces: &mut Vec<String>, rng: &mut Rng) {
    let bomb = rng.choice(BOMBS).map_or("", |bomb| bomb);
    match rng.u32(..3) {
        0 => pieces.insert(0, format!("{bomb}\n")),
        1 => pieces.push(format!("\n{bomb}")),
        _ => {
            let at = rng.usize(..=pieces.len());
            pieces.insert(at, bomb.to_owned());
        }
    }
}

/// Returns many of the same, nested or in a row.
fn deep(pieces: &mut Vec<String>, rng: &mut Rng) {
    const OPENINGS: &[&str] = &[
        "{",
        "(",
        "[",
        "!",
        "-",
        "`${",
        "#{ a: ",
        "if true { } else ",
        "if a { ",
        "a.",
        "a[",
        "1 + ",
        "a(",
        "run ",
        "run(",
        "|a| ",
        "|| ",
        "fn f() { ",
        "a => ",
        "[1, ",
        "puts ",
        "task :t { ",
        "namespace :a { ",
        "set :a { ",
        "switch a { 1 => ",
        "try { ",
        "for a in ",
        "while ",
        "let a = ",
        "return ",
        "throw ",
        "a ?? ",
        "a?.",
        "a::",
        "a; ",
        "let a = 1; ",
        "\n",
        "// ",
        "/* ",
        "\"",
        ":",
        ",",
        "a ",
        "1, ",
        "() ",
        "\\",
        "a = ",
        "\"a\", ",
        "1..",
        "-(",
        "![",
        "a && ",
        "a ** ",
        "import \"other\" as a; ",
        "a.b(",
        "x in ",
        "if ",
        "do { ",
        "0644 ",
        "transaction { ",
        "parallel |s| { ",
    ];
    let opening = rng.choice(OPENINGS).map_or("", |opening| opening);
    let count = 10usize.pow(1 + rng.u32(..5)) * (1 + rng.usize(..2));
    let mut text = opening.repeat(count);
    if rng.bool() {
        text.push('1');
        for c in opening.chars().rev() {
            match c {
                '{' => text.push_str(&" }".repeat(count)),
                '(' => text.push_str(&")".repeat(count)),
                '[' => text.push_str(&"]".repeat(count)),
                '`' => text.push_str(&"}`".repeat(count)),
                _ => {}
            }
        }
    }
    let at = rng.usize(..=pieces.len());
    pieces.insert(at, text);
}

fn bytes(mut text: String, rng: &mut Rng) -> Vec<u8> {
    if rng.u32(..50) == 0 {
        text = text.replace('\n', "\r\n");
    }
    if rng.u32(..100) == 0 {
        text = text.replace('\n', " ");
    }
    let mut bytes = text.into_bytes();
    if rng.u32(..50) == 0 && !bytes.is_empty() {
        for _ in 0..1 + rng.usize(..4) {
            let at = rng.usize(..bytes.len());
            bytes[at] = rng.u8(..);
        }
    }
    bytes
}
