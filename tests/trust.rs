//! Recipes of other people that lie where capr looks, files without an end, and completion, which must not act.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, mknodat};

use crate::harness::Case;

/// Somebody else.
const MALLORY: u32 = 4321;
/// A recipe of somebody else, which prints this when it is run.
const THEIRS: &str = "puts \"mallory was here\"; task :t { }";

fn give_away(path: &Path) {
    chown(path, Some(MALLORY), Some(MALLORY)).expect("these tests run as root");
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The name of an attack, the attack, and capr's words about it.
type Attack = (&'static str, fn(&Path), &'static str);

/// The attacks of somebody else on a file that capr finds.
const ATTACKS: [Attack; 6] = [
    ("owns it", |file| give_away(file), "it belongs to uid 4321"),
    (
        "writes it",
        |file| mode(file, 0o666),
        "everybody can write it (mode 0666)",
    ),
    (
        "writes it by their group",
        |file| {
            chown(file, Some(0), Some(MALLORY)).unwrap();
            mode(file, 0o664);
        },
        "the group 4321 can write it (mode 0664)",
    ),
    (
        "owns the directory",
        |file| give_away(file.parent().unwrap()),
        "belongs to uid 4321",
    ),
    (
        "writes the directory",
        |file| mode(file.parent().unwrap(), 0o777),
        "everybody can write the directory",
    ),
    (
        "put a link there",
        |file| {
            let really = file.with_extension("really");
            fs::rename(file, &really).unwrap();
            symlink(&really, file).unwrap();
            std::os::unix::fs::lchown(file, Some(MALLORY), Some(MALLORY)).unwrap();
        },
        "the link",
    ),
];

/// Another file, and its text.
type Leads = Option<(&'static str, &'static str)>;

/// Where capr looks for recipes; the second is another file that leads to it, and the third what is typed.
const FOUND: [(&str, Leads, &str); 11] = [
    ("Caprfile", None, "t"),
    ("deploy.rhai", None, "t"),
    ("config/deploy.rhai", None, "t"),
    ("t", None, "t t"),
    ("config/deploy/prod.rhai", Some(("Caprfile", "task :t { }")), "prod t"),
    (
        "lib/capr/lib.rhai",
        Some(("Caprfile", "require \"lib\"; task :t { }")),
        "t",
    ),
    (
        "on_path/lib.rhai",
        Some(("Caprfile", "require \"lib\"; task :t { }")),
        "t",
    ),
    (
        "tasks/more.rhai",
        Some(("Caprfile", "load \"tasks/more\"; task :t { }")),
        "t",
    ),
    (
        "mods/words.rhai",
        Some(("Caprfile", "import \"mods/words\" as words; task :t { }")),
        "t",
    ),
    ("../home/.capr.rhai", Some(("Caprfile", "task :t { }")), "t"),
    ("../system.rhai", Some(("Caprfile", "task :t { }")), "t"),
];

fn case(file: &str, by: Leads) -> Case {
    let case = Case::new().file(file, THEIRS);
    let case = match by {
        Some((name, text)) => case.file(name, text),
        None => case,
    };
    let path = case.path("on_path").display().to_string();
    case.env("CAPR_PATH", path)
}

#[test]
#[allow(clippy::print_stdout, reason = "a count tells that the table was not empty")]
fn what_is_found_is_not_run_where_somebody_else_could_have_put_it_there() {
    let mut tried = 0;
    for (file, by, typed) in FOUND {
        let words = || typed.split(' ');
        let told = case(file, by).args(words()).run().ok();
        told.says("mallory was here");
        for (what, attack, reason) in ATTACKS {
            let stage = typed.split(' ').count() > 1;
            for how in ["run", "-T", "check", "vars", "definitions", "--servers"] {
                // Tasks are listed without a stage; a word that is a file is no stage.
                if stage && ["-T", "definitions", "check"].contains(&how) {
                    continue;
                }
                let case = case(file, by);
                attack(&case.path(file));
                let case = match how {
                    "run" => case.args(words()),
                    "vars" => case.args(["vars"]).args(words().take(usize::from(stage))),
                    "--servers" => case.args(words()).args([how]),
                    how => case.args([how]),
                };
                let told = case.run();
                let shown = format!("{file}, {what}, {how}: {told:?}");
                assert_eq!(told.status.code(), Some(3), "{shown}");
                let (name, said) = (
                    file.trim_start_matches("../"),
                    format!("{}{}", told.stdout, told.stderr),
                );
                assert!(!said.contains("mallory was here"), "{shown}");
                assert!(said.contains(name) && said.contains(reason), "{shown}");
                assert!(said.contains("CAPR_TRUST=") && said.contains("capr -f FILE"), "{shown}");
                tried += 1;
            }
        }
    }
    println!("{tried} ways to have another's recipe run were refused");
    assert!(tried > 300, "{tried}");
}

#[test]
fn what_is_named_is_run_and_what_is_beside_it_of_the_same_hand() {
    let project = || {
        let case = Case::new()
            .file("Caprfile", "load \"more\"; task :t { }")
            .file("more.rhai", THEIRS);
        for file in ["Caprfile", "more.rhai", "."] {
            give_away(&case.path(file));
        }
        case
    };
    project().args(["t"]).run().code(3);
    project().args(["Caprfile", "t"]).run().code(3);
    for named in [&["-f", "Caprfile"][..], &["./Caprfile"]] {
        project().args(named).args(["t"]).run().ok().says("mallory was here");
    }
    project()
        .args(["t"])
        .env("SUDO_UID", MALLORY)
        .run()
        .ok()
        .says("mallory was here");
    project().args(["t"]).env("SUDO_UID", MALLORY + 1).run().code(3);
    let trusted = project();
    let directory = trusted.path("").display().to_string();
    trusted
        .args(["t"])
        .env("CAPR_TRUST", format!("/nowhere:{directory}"))
        .run()
        .ok();
    // Who did not write the recipe is not believed in what it loads.
    let case = project();
    chown(case.path("more.rhai"), Some(MALLORY + 1), None).unwrap();
    case.args(["-f", "Caprfile", "t"])
        .run()
        .code(3)
        .says("more.rhai is not read: it belongs to uid 4322");
}

#[test]
fn a_directory_for_everybody_is_no_place_to_swap_a_file_where_only_owners_may() {
    let case = Case::new().file("Caprfile", "task :t { puts \"ours\"; }");
    mode(&case.path(""), 0o1777);
    case.args(["t"]).run().ok().says("ours");
}

/// Returns calls that read files without an end or without a beginning.
fn endless(case: &Case) -> Vec<(String, &'static str)> {
    mknodat(CWD, case.path("pipe"), FileType::Fifo, 0o600.into(), 0).unwrap();
    vec![
        (
            "read_file(\"/dev/zero\");".into(),
            "cannot read /dev/zero: it is a device, not a file",
        ),
        (
            "read_file(\"pipe\");".into(),
            "cannot read pipe: it is a pipe, not a file",
        ),
        (
            "read_yaml(\"pipe\");".into(),
            "cannot read pipe: it is a pipe, not a file",
        ),
        (
            "render(\"pipe\");".into(),
            "cannot read the template pipe: it is a pipe, not a file",
        ),
        ("load \"pipe\";".into(), "pipe: it is a pipe, not a file"),
        (
            "load \"/dev/zero\";".into(),
            "cannot read /dev/zero: it is a device, not a file",
        ),
    ]
}

#[test]
fn what_is_no_regular_file_is_not_read_while_recipes_are_loaded() {
    for number in 0..6 {
        let case = Case::new();
        let (text, reason) = endless(&case).remove(number);
        case.recipe(&text)
            .args(["-T"])
            .limit(Duration::from_secs(20))
            .run()
            .code(3)
            .says(reason);
    }
    let case = Case::new();
    endless(&case);
    let told = case.args(["-f", "pipe", "-T"]).limit(Duration::from_secs(20)).run();
    told.code(3).says("cannot read pipe: it is a pipe, not a file");
}

#[test]
fn a_log_is_written_to_nothing_that_somebody_else_put_where_all_may_write() {
    let logged = |file: &Path| {
        let case = Case::new()
            .recipe("task :t { }")
            .args(["t", "-l"])
            .args([file.display()]);
        case.run()
    };
    for permissions in [0o1777, 0o777] {
        let home = tempfile::tempdir().unwrap();
        let (precious, new) = (home.path().join("precious"), home.path().join("new"));
        let open = home.path().join("open");
        let theirs = open.join("of-mallory");
        fs::create_dir_all(&theirs).unwrap();
        mode(&open, permissions);
        for directory in [&open, &theirs] {
            fs::write(directory.join("log"), "theirs").unwrap();
            mode(&directory.join("log"), 0o666);
            symlink(&precious, directory.join("precious")).unwrap();
            symlink(&new, directory.join("new")).unwrap();
            for name in ["log", "precious", "new"] {
                std::os::unix::fs::lchown(directory.join(name), Some(MALLORY), Some(MALLORY)).unwrap();
            }
        }
        give_away(&theirs);
        fs::write(&precious, "ours").unwrap();
        for (name, said) in [
            ("log", "it belongs to another user, in a directory where all may write"),
            (
                "precious",
                "it leads through the link precious, which belongs to another user",
            ),
            ("new", "it leads through the link new, which belongs to another user"),
        ] {
            for file in [open.join(name), theirs.join(name)] {
                logged(&file)
                    .code(2)
                    .says(&format!("cannot write the log {}: {said}", file.display()));
            }
        }
        let read = |file: &Path| fs::read_to_string(file).unwrap();
        assert_eq!(
            (read(&open.join("log")), read(&precious)),
            ("theirs".into(), "ours".into())
        );
        assert!(!new.exists());
        fs::write(open.join("own"), "old\n").unwrap();
        symlink(&new, open.join("own-link")).unwrap();
        for (file, really) in [
            ("own", open.join("own")),
            ("own-link", new.clone()),
            ("made", open.join("made")),
        ] {
            logged(&open.join(file)).ok();
            assert!(read(&really).contains("executing `t'"), "{file}");
        }
        logged(Path::new("/dev/stderr")).ok();
    }
}

#[test]
fn a_task_may_read_a_pipe() {
    let case = Case::new().recipe("task :t { puts read_file(\"/dev/stdin\"); }");
    case.args(["t"]).input("from a pipe").run().ok().says("from a pipe");
}

#[test]
fn a_slow_function_ends_when_loading_has_taken_its_time() {
    for text in [
        "let x = \"x\"; for i in 0..25 { x += x; } for i in 0..100000 { sha256(x); }",
        "glob(\"/proc/**/**/**/no such file\"); glob(\"/**/**/**/**/no such file\");",
    ] {
        // It would take minutes; on a machine with much else to do five seconds of computing may take half of one.
        let case = Case::new().recipe(text).args(["-T"]);
        case.run().code(3).says("does not come to an end while it is loaded");
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "a count tells that the table was not empty")]
fn completion_ends_after_a_second_takes_no_memory_and_does_nothing() {
    let acts = |what: &str| format!("task :start {{ }} {what} task :stop {{ }}");
    let mut tried = 0;
    for what in [
        "read_file(\"/dev/zero\");",
        "read_file(\"pipe\");",
        "load \"pipe\";",
        "glob(\"/**/*\");",
        "glob(\"/**/**/**/no such file\");",
        "let x = \"x\"; for i in 0..25 { x += x; } for i in 0..100000 { sha256(x); }",
        "let all = []; let x = \"x\"; for i in 0..22 { x += x; } for i in 0..1000 { all.push(x + i); }",
        "loop { }",
        "sleep(30);",
        "run_locally \"touch acted\";",
        "system \"touch acted\";",
        "write_file(\"acted\", \"x\");",
        "ask(\"what\");",
        "password_prompt(\"what\");",
        "put \"x\", \"/tmp/acted\";",
        "get \"/etc/hostname\", \"acted\";",
    ] {
        let case = Case::new().recipe(&acts(what));
        endless(&case);
        let begun = Instant::now();
        let told = case
            .env("CAPR_COMPLETE", "fish")
            .args(["--", "capr", "recipe.rhai", "--no-ch"])
            .limit(Duration::from_secs(20))
            .run()
            .ok();
        let taken = begun.elapsed();
        // The limit is a second; the rest is for a machine that does other things, too.
        assert!(taken < Duration::from_secs(4), "{what}: {taken:?}");
        assert_eq!(told.stderr, "", "{what}");
        assert!(told.stdout.starts_with("--no-check\t"), "{what}: {}", told.stdout);
        assert!(!told.path("acted").exists(), "{what}");
        tried += 1;
    }
    println!("{tried} recipes that do not end, or act, were completed");
}
