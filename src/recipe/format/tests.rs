#![allow(clippy::unwrap_used)]

use super::format;

#[track_caller]
fn formatted(text: &str) -> String {
    let once = format("a.rhai", text).unwrap();
    assert_eq!(format("a.rhai", &once).unwrap(), once, "formatted twice");
    once
}

/// Formats each source and compares the result with the expected one.
#[track_caller]
fn all(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(formatted(text).trim_end(), *expected, "{text}");
    }
}

#[test]
fn blanks_stand_where_the_house_has_them() {
    all(&[
        (
            "role   :app,\"a\"  ,\"b\" ;puts( 1+2 );",
            "role :app, \"a\", \"b\";\nputs(1 + 2);",
        ),
        (
            "puts (1+2)*3; puts[1]; f (x)[ 0 ];",
            "puts (1 + 2) * 3;\nputs[1];\nf (x)[0];",
        ),
        (
            "let x=- 1; let y=a-1; let z=!b&&-c< -1;",
            "let x = - 1;\nlet y = a - 1;\nlet z = !b && -c < -1;",
        ),
        (
            "set:x,#{a:1,\"b\" : :c}; let m=#{ };",
            "set :x, #{ a: 1, \"b\": :c };\nlet m = #{};",
        ),
        (
            "let f=|a,b|a+b; let g=||1; l.map( |x|x . y ?. z );",
            "let f = |a, b| a + b;\nlet g = || 1;\nl.map(|x| x.y?.z);",
        ),
        (
            "for i in 0 .. 5{f(i)} for(a,b)in c{ }",
            "for i in 0..5 { f(i) }\nfor (a, b) in c { }",
        ),
        ("let x=0;x  +=  1e-5 ?? a?[0];", "let x = 0;\nx += 1e-5 ?? a?[0];"),
        ("if x !in y{z;}", "if x !in y { z; }"),
        ("import \"a\"as b; b :: c();", "import \"a\" as b;\nb::c();"),
        // A sign may be the name of a symbol.
        ("puts : = ;set : =,1;", "puts : =;\nset : =, 1;"),
        ("puts : :: ;puts[: . ,:a];", "puts : ::;\nputs[: ., :a];"),
        // Rhai takes this as the characters `${`.
        ("puts`\\${`,`\\\\${b}`;let x=1;", "puts `\\${`, `\\\\${b}`;\nlet x = 1;"),
        // A range may have no end.
        ("switch x{1.. =>a,_=>b}", "switch x { 1.. => a, _ => b }"),
        ("task.. =>{run``}", "task.. => { run `` }"),
        // A quote that stands twice belongs to its string.
        ("puts\"a\"\"b\",\"\"\"\",\"\";", "puts \"a\"\"b\", \"\"\"\", \"\";"),
    ]);
}

#[test]
fn each_statement_has_its_line_and_a_block_of_one_keeps_its_own() {
    all(&[
        ("task :t{run \"a\"}", "task :t { run \"a\" }"),
        (
            "as :u{run \"a\"}within \"/x\"{run \"b\"}run \"c\";",
            "as :u { run \"a\" }\nwithin \"/x\" { run \"b\" }\nrun \"c\";",
        ),
        (
            "task :t{run \"a\";run \"b\"}",
            "task :t {\n  run \"a\";\n  run \"b\"\n}",
        ),
        ("task :t {\nrun \"a\"; }", "task :t {\n  run \"a\";\n}"),
        ("task :t\n{\n}\n\n\n\ntask :u { };", "task :t { }\n\ntask :u { };"),
        ("if a{b}else{c}", "if a { b } else { c }"),
        ("if a{b}\nelse{c}", "if a { b }\nelse { c }"),
        ("if a{b;}\nelse {\nc; }", "if a {\n  b;\n} else {\n  c;\n}"),
        ("let x=if a{b}\nelse{c};", "let x = if a { b }\n  else { c };"),
        (
            "try{a;}catch(e){b;} do{a}while b; loop{a;break;}",
            "try { a; } catch (e) { b; }\ndo { a } while b;\nloop {\n  a;\n  break;\n}",
        ),
        ("private fn a(x){x} fn b(){ }", "private fn a(x) { x }\nfn b() { }"),
        // A block around lines has lines of its own, however deep they are.
        (
            "set :a{ if b{ c;d }else{ e } }",
            "set :a {\n  if b {\n    c;\n    d\n  } else {\n    e\n  }\n}",
        ),
        (
            "task :a{ l.each( |x|{ b(x);c } ); }",
            "task :a {\n  l.each(|x| {\n    b(x);\n    c\n  });\n}",
        ),
        (
            "switch x{1=>a,2|3=>{b}_=>c}",
            "switch x { 1 => a, 2 | 3 => { b } _ => c }",
        ),
        (
            "switch x{\n1=>a,\n_=>{b;c}}",
            "switch x {\n  1 => a,\n  _ => {\n    b;\n    c\n  }\n}",
        ),
        (
            "run \"x\",|c,s,d|{puts d;puts s;}",
            "run \"x\", |c, s, d| {\n  puts d;\n  puts s;\n}",
        ),
        (
            "set :x,if a{1}else{2};set :y{3}",
            "set :x, if a { 1 } else { 2 };\nset :y { 3 }",
        ),
    ]);
}

#[test]
fn comments_strings_and_single_empty_lines_stay() {
    all(&[
        (
            "\n\n// a  \n\n\n\n/* b\n   c */\nrun \"x\";   // d\n// e",
            "// a\n\n/* b\n   c */\nrun \"x\"; // d\n// e",
        ),
        (
            "task :t { // a\n\n  b;\n\n  // c\n\n}",
            "task :t { // a\n\n  b;\n\n  // c\n}",
        ),
        (
            "let l = [ // a\n1, // b\n2 // c\n];",
            "let l = [ // a\n  1, // b\n  2 // c\n];",
        ),
        ("role :app, // a\n  \"x\";", "role :app, // a\n  \"x\";"),
        ("if a { b } // c\nelse { d }", "if a {\n  b\n} // c\nelse {\n  d\n}"),
        ("run `a\n    ${ b+1 }  \n\n\n  c`;", "run `a\n    ${ b+1 }  \n\n\n  c`;"),
        (
            "puts `\\`; puts \"a\\\n  b\"; puts #\"a\"b\"#;",
            "puts `\\`;\nputs \"a\\\n  b\";\nputs #\"a\"b\"#;",
        ),
        (
            "#!/usr/bin/env -S capr -f\nputs 1;",
            "#!/usr/bin/env -S capr -f\nputs 1;",
        ),
        ("\u{feff}puts  1;", "\u{feff}puts 1;"),
        ("a; /* b */ c;", "a; /* b */\nc;"),
        ("let m = #{ b: 2 } + h;", "let m = #{ b: 2 } + h;"),
        ("", ""),
        ("// a", "// a"),
    ]);
}

#[test]
fn lines_that_were_broken_stay_so_and_long_ones_are_broken_at_their_options() {
    let long = "x".repeat(60);
    all(&[
        (
            "let l=[\n\"a\",\"b\",\n\"c\"];",
            "let l = [\n  \"a\", \"b\",\n  \"c\"\n];",
        ),
        ("f(a,[\n1,2]);", "f(a, [\n  1, 2\n]);"),
        ("run \"x\",\n:a=>1,:b=>2;", "run \"x\",\n  :a => 1, :b => 2;"),
        (
            "let a=b\n&&c||\nd;\nl\n.map(e)\n  .f();",
            "let a = b\n  && c ||\n  d;\nl\n  .map(e)\n  .f();",
        ),
    ]);
    for (text, expected) in [
        (
            "run \"L\", :dir => \"L\", :env => #{ a: 1 };",
            "run \"L\",\n  :dir => \"L\",\n  :env => #{ a: 1 };",
        ),
        (
            "task :t, :roles => :app { run \"L\", :data => \"L\"; }",
            "task :t, :roles => :app {\n  run \"L\",\n    :data => \"L\";\n}",
        ),
        ("f(\"L\", \"L\");", "f(\n  \"L\",\n  \"L\"\n);"),
        ("role :app, \"L\", \"L\";", "role :app,\n  \"L\",\n  \"L\";"),
        (
            "if \"L\" == \"L\" { a } else { b }",
            "if \"L\" == \"L\" {\n  a\n} else {\n  b\n}",
        ),
        ("puts \"LL\";", "puts \"LL\";"),
        ("role :db, \"LL\", :a => 1;", "role :db,\n  \"LL\",\n  :a => 1;"),
        (
            "role :db, \"L\", \"L\", :a => 1;",
            "role :db, \"L\",\n  \"L\",\n  :a => 1;",
        ),
        ("let l = [\n\"L\", \"L\"];", "let l = [\n  \"L\",\n  \"L\"\n];"),
    ] {
        let (text, expected) = (text.replace('L', &long), expected.replace('L', &long));
        assert_eq!(formatted(&text).trim_end(), expected);
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_line_and_without_secrets() {
    let wrong = format("a.rhai", "task :t {\n  run \"x\"\n  set :password, \"hunter2\" 1;\n}\n").unwrap_err();
    let lines: Vec<&str> = wrong.iter().filter_map(|wrong| wrong.line.as_deref()).collect();
    assert_eq!(lines.first(), Some(&"  run \"x\""), "{wrong:?}");
    assert!(lines.iter().all(|line| !line.contains("hunter2")), "{wrong:?}");
}
