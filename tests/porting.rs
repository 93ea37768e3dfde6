//! The porting guide: what its tables say is clean and runs.

use std::fs;

use crate::fleet::place::checkout;
use crate::harness::Case;

/// Around the pieces.
const PRELUDE: &str = r#"
set :application, "shop";
set :repository, "https://git.example.com/shop.git";
set :stage_name, "live"; set :db_role, "main"; set :main_host, "db1";
set :x, 1; set :tag { "v1" }
role :app, "app1"; role :web, "web1"; role :db, "db1", :primary => true;
"#;

/// A piece and the section it stands in.
struct Piece {
    section: String,
    line: usize,
    text: String,
}

fn pieces() -> Vec<Piece> {
    let guide = checkout().join("docs/porting.md");
    let guide = fs::read_to_string(guide).unwrap();
    let (mut section, mut pieces) = (String::new(), Vec::new());
    for (index, line) in guide.lines().enumerate() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.to_owned();
        }
        let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) else {
            continue;
        };
        let cells: Vec<&str> = row.split(" | ").collect();
        if cells[0] == "deploy.rb" {
            continue;
        }
        assert_eq!(cells.len(), 3, "line {}", index + 1);
        let text = cells[2].trim_matches('`').trim().replace("\\|", "|");
        // A backtick at the very end or beginning belongs to the piece.
        pieces.push(Piece {
            section: section.clone(),
            line: index + 1,
            text,
        });
    }
    pieces
}

/// The pieces as one recipe each way: at the top in files of their own, in tasks of their own.
fn case(pieces: &[Piece]) -> (Case, Vec<String>) {
    let (mut recipe, mut tasks) = (PRELUDE.to_owned(), Vec::new());
    let mut case = Case::new()
        .file("servers.txt", "app3\n")
        .file("tasks/db.rhai", "task :backup { }")
        .file("public/a.html", "<p>")
        .file("config/database.yml", "production:\n  host: db1\n");
    for piece in pieces {
        let (name, text) = (format!("line_{}", piece.line), &piece.text);
        if piece.section.ends_with("in a task") {
            recipe.push_str(&format!("task :{name} {{ {text} }}\n"));
            if !["throw", "abort", "exit"].iter().any(|end| text.starts_with(end)) {
                tasks.push(name);
            }
        } else {
            case = case.file(&format!("{name}.rhai"), text);
            recipe.push_str(&format!("load \"{name}\";\n"));
        }
    }
    recipe.push_str("role :app, \"app1\";\n");
    (case.file("deploy.rhai", &recipe), tasks)
}

#[test]
fn every_row_of_the_porting_guide_is_clean_and_runs() {
    let pieces = pieces();
    assert!(pieces.len() > 90, "{}", pieces.len());
    let (checked, _) = case(&pieces);
    let checked = checked.args(["check", "deploy.rhai"]).run().ok();
    assert_eq!(checked.stdout, "nothing wrong found\n", "{}", checked.stderr);
    let (run, tasks) = case(&pieces);
    run.args(["deploy.rhai", "-n"]).args(tasks).run().ok();
}
