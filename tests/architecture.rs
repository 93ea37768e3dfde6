//! The rules of `src/lib.rs`, checked against what each file names.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use regex::Regex;

use crate::fleet::place::checkout;

/// Lowest first; a layer names only those before it, and those of its own line.
const LAYERS: &[&[&str]] = &[
    &[
        "address_space",
        "child",
        "deadline",
        "exit",
        "fuzz",
        "interrupt",
        "io_error",
        "listed",
        "name_service",
        "origin",
        "packed",
        "pattern",
        "regular",
        "run_id",
        "secret",
        "sort",
        "trust",
        "unanswered",
        "wake",
    ],
    &["configuration"],
    &["diagnostic", "finding", "verdict"],
    &["event"],
    &["report"],
    &["journal", "libraries", "plan", "place", "source"],
    &["session"],
    &["fanout"],
    &["transaction"],
    &["actor"],
    &["recipe"],
    &["doctor", "manual", "port"],
    &["cli"],
];

/// The rooms inside `recipe`, lowest first; a file names only rooms before its own, its own, and those of its line. `""` is what
/// stands beside the rooms, the face of the folder.
const ROOMS: &[&[&str]] = &[
    &["language"],
    &["language/functions", "language/verbs"],
    // An error asks for habits of Ruby, which stand on the pieces of a source.
    &["language/syntax", "language/syntax/habits"],
    &["format"],
    &["meaning"],
    &["running"],
    &["running/functions"],
    &["running/verbs"],
    &[""],
];

/// A word (a regular expression), and the only folders or files of `src` that may name it.
const ONLY_IN: &[(&str, &[&str])] = &[
    (r"\brhai::", &["recipe"]),
    (r"\bruby_prism::", &["port"]),
    (r"\b(ssh2|libssh2_sys)::", &["session"]),
    (r"\be?print(ln)?!|\bstd(out|err)\(\)", &["report"]),
    (r"\benv::\w|\b(clap|rpassword)::|\bIsTerminal\b", &["cli", "main.rs"]),
    // Without a deadline a program that hangs would hang the tests.
    (r"\.(output|status)\(\)", &["deadline.rs"]),
];

/// The files that may name `unsafe`: what libssh2's channels need and ssh2 does not give, one number of glibc's that is set, and the
/// way out of an evaluation that is suspended.
const UNSAFE: &[&str] = &[
    "session/ssh/channel.rs",
    "address_space.rs",
    "recipe/running/evaluation.rs",
];

/// The files that may have an `impl Interpreter`: what they do needs the whole run (docs/decisions/0105). All else is a method of a part,
/// or a function.
const WHOLE_RUN: &[&str] = &[
    "recipe/running/action.rs",
    "recipe/running/interpreter.rs",
    "recipe/running/loader.rs",
    "recipe/running/lock.rs",
    "recipe/running/perform.rs",
    "recipe/running/replayed.rs",
];

/// The parts of the interpreter that stand below it: they keep what they know to themselves, and name no interpreter.
const PARTS: &[&str] = &[
    "budget",
    "clues",
    "consent",
    "exclusions",
    "frames",
    "handlers",
    "locks",
    "mode",
    "notices",
    "person",
    "reading_place",
    "resumption",
    "shared_actor",
    "stops",
    "this_machine",
];

const LINES: usize = 600;

#[derive(Debug)]
struct Source {
    /// Below `src`, with `/`.
    path: String,
    /// Without comments and texts.
    code: String,
    lines: usize,
}

impl Source {
    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

fn sources() -> Vec<Source> {
    let base = checkout().join("src");
    let mut files = Vec::new();
    collect(&base, "rs", &mut files);
    assert!(files.len() > 10, "sources are found");
    let source = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        let path = file.strip_prefix(&base).unwrap().to_string_lossy().into_owned();
        Source {
            path,
            lines: text.lines().count(),
            code: code_of(&text),
        }
    };
    files.iter().map(source).collect()
}

fn collect(directory: &Path, ending: &str, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, ending, files);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            files.push(path);
        }
    }
    files.sort();
}

/// The text without comments, and without what stands in quotes.
fn code_of(text: &str) -> String {
    let skipped =
        Regex::new(r##"(?s)//[^\n]*|/\*.*?\*/|\bb?r#".*?"#|\bb?r"[^"]*"|"(?:\\.|[^"\\])*"|'(?:\\[^\n']+|[^'\\])'"##)
            .unwrap();
    let blank = |found: &regex::Captures<'_>| "\n".repeat(found[0].matches('\n').count());
    skipped.replace_all(text, blank).into_owned()
}

/// The layer of a file, or `None` for the two files above all layers.
fn layer(path: &str) -> Option<usize> {
    let name = path.split('/').next().unwrap().trim_end_matches(".rs");
    let found = LAYERS.iter().position(|layer| layer.contains(&name));
    assert!(
        found.is_some() || ["lib", "main"].contains(&name),
        "src/{path} belongs to no layer"
    );
    found
}

/// Modules of this crate that a piece of code names.
fn named(code: &str) -> Vec<String> {
    let single = Regex::new(r"\bcrate::(\w+)").unwrap();
    let group = Regex::new(r"\bcrate::\{((?:[^{}]|\{[^{}]*\})*)\}").unwrap();
    let inner = Regex::new(r"\{[^{}]*\}").unwrap();
    let mut names: Vec<_> = single.captures_iter(code).map(|found| found[1].to_owned()).collect();
    for found in group.captures_iter(code) {
        let flat = inner.replace_all(&found[1], "").into_owned();
        names.extend(
            flat.split(',')
                .map(|item| item.trim().split("::").next().unwrap().to_owned()),
        );
    }
    names.retain(|name| LAYERS.iter().any(|layer| layer.contains(&name.as_str())));
    names
}

#[test]
fn a_layer_names_only_those_before_it() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some(own) = layer(&source.path) else { continue };
        for name in named(&source.code) {
            if layer(&name).is_some_and(|other| other > own) {
                broken.push(format!("src/{} names {name}", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The room of `recipe` that a module is in, of its path below `recipe`.
fn room(module: &[String]) -> &'static str {
    let rooms = ROOMS.iter().flat_map(|line| line.iter());
    let path = module.join("/");
    let holds = |room: &&&str| room.is_empty() || path == **room || path.starts_with(&format!("{room}/"));
    rooms.filter(holds).max_by_key(|room| room.len()).unwrap()
}

/// Paths below `recipe` that a file of it names.
fn named_in_recipe(path: &str, code: &str) -> Vec<Vec<String>> {
    let own: Vec<String> = path
        .trim_end_matches(".rs")
        .split('/')
        .skip(1)
        .map(str::to_owned)
        .collect();
    let own = match own.split_last() {
        Some((last, around)) if last == "mod" => around.to_vec(),
        _ => own,
    };
    let code = code.split("mod tests {").next().unwrap();
    let code = Regex::new(r"pub\(in [\w:]+\)").unwrap().replace_all(code, "pub");
    let path = Regex::new(r"\b(crate::recipe::|self::|(?:super::)+)((?:\w+::)*)(\w+|\{[^;]*?\};)").unwrap();
    let inner = Regex::new(r"\{[^{}]*\}").unwrap();
    let mut named = Vec::new();
    for found in path.captures_iter(&code) {
        let mut base = match &found[1] {
            "crate::recipe::" => Vec::new(),
            "self::" => own.clone(),
            supers => {
                let up = supers.matches("super").count();
                assert!(up <= own.len(), "{own:?} {supers}");
                own[..own.len() - up].to_vec()
            }
        };
        base.extend(found[2].split_terminator("::").map(str::to_owned));
        let group = found[3].trim_end_matches(';').trim_start_matches('{');
        let group = inner.replace_all(group.strip_suffix('}').unwrap_or(group), "");
        for item in group.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let mut item_path = base.clone();
            item_path.extend(item.split("::").map(|word| word.split(' ').next().unwrap().to_owned()));
            named.push(item_path);
        }
    }
    named
}

#[test]
fn a_room_of_the_recipe_names_only_those_before_it() {
    let line = |room: &str| ROOMS.iter().position(|line| line.contains(&room)).unwrap();
    let mut broken = Vec::new();
    let mut seen = 0;
    for source in sources() {
        let is_face = source.path == "recipe/mod.rs";
        if !source.path.starts_with("recipe/") || source.is_test() || is_face {
            continue;
        }
        let folder: Vec<String> = source.path.split('/').skip(1).map(str::to_owned).collect();
        let own = room(&folder[..folder.len() - 1]);
        for named in named_in_recipe(&source.path, &source.code) {
            seen += 1;
            if line(room(&named)) > line(own) {
                broken.push(format!("src/{} names {}", source.path, named.join("::")));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(seen > 500, "{seen}");
}

/// Files of `recipe`, each with those that it names.
fn imports_of_the_recipe() -> HashMap<String, Vec<String>> {
    let sources: Vec<Source> = sources()
        .into_iter()
        .filter(|source| source.path.starts_with("recipe/") && !source.is_test() && source.path != "recipe/mod.rs")
        .collect();
    let module = |path: &str| path.trim_end_matches(".rs").trim_end_matches("/mod").to_owned();
    let files: HashMap<String, String> = sources
        .iter()
        .map(|source| (module(&source.path), source.path.clone()))
        .collect();
    let file = |path: &[String]| {
        let ends = (1..=path.len()).rev();
        let mut prefixes = ends.map(|end| format!("recipe/{}", path[..end].join("/")));
        prefixes.find_map(|prefix| files.get(&prefix).cloned())
    };
    let imports = |source: &Source| {
        let named = named_in_recipe(&source.path, &source.code);
        (
            source.path.clone(),
            named.iter().filter_map(|path| file(path)).collect(),
        )
    };
    sources.iter().map(imports).collect()
}

/// Returns the files to which imports lead from one, step by step.
fn reached_from<'a>(start: &'a String, imports: &'a HashMap<String, Vec<String>>) -> HashSet<&'a String> {
    let (mut reached, mut left) = (HashSet::new(), vec![start]);
    while let Some(file) = left.pop() {
        let named = imports[file].iter();
        left.extend(named.filter(|named| reached.insert(*named)));
    }
    reached
}

#[test]
fn no_circle_of_imports_leads_through_two_folders_of_the_recipe() {
    let imports = imports_of_the_recipe();
    let reached: HashMap<&String, HashSet<&String>> = imports
        .keys()
        .map(|file| (file, reached_from(file, &imports)))
        .collect();
    let folder = |file: &str| file.rsplit_once('/').unwrap().0.to_owned();
    let mut circles = Vec::new();
    for (file, others) in &reached {
        for other in others {
            if reached[other].contains(file) && folder(file) != folder(other) {
                circles.push(format!("{file} and {other} lead to each other"));
            }
        }
    }
    assert!(circles.is_empty(), "{}", circles.join("\n"));
    let arrows: usize = imports.values().map(Vec::len).sum();
    assert!(arrows > 500, "{arrows}");
}

#[test]
fn what_belongs_to_one_layer_is_named_only_there() {
    let mut broken = Vec::new();
    for (pattern, places) in ONLY_IN {
        let pattern = Regex::new(pattern).unwrap();
        for source in sources() {
            // A test may say how much it has compared.
            let is_told_by_a_test = places == &["report"] && source.is_test();
            let is_its_place = |place: &&str| source.path == *place || source.path.starts_with(&format!("{place}/"));
            let allowed = is_told_by_a_test || places.iter().any(is_its_place);
            if let Some(found) = pattern.find(&source.code).filter(|_| !allowed) {
                let line = source.code[..found.start()].matches('\n').count() + 1;
                broken.push(format!(
                    "src/{}:{line} names {}, which belongs to {}",
                    source.path,
                    found.as_str(),
                    places[0]
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn unsafe_is_in_three_files() {
    let word = Regex::new(r"\bunsafe\b").unwrap();
    let found: Vec<_> = sources()
        .into_iter()
        .filter(|source| word.is_match(&source.code))
        .map(|source| source.path)
        .collect();
    assert!(found.iter().all(|path| UNSAFE.contains(&path.as_str())), "{found:?}");
}

#[test]
fn the_interpreter_keeps_its_fields_and_is_extended_in_six_files() {
    let sources = sources();
    let extends = Regex::new(r"(?m)^impl Interpreter\b").unwrap();
    let extended: Vec<&str> = sources
        .iter()
        .filter(|source| extends.is_match(&source.code))
        .map(|source| source.path.as_str())
        .collect();
    assert_eq!(extended, WHOLE_RUN);
    let field = Regex::new(r"(?m)^    pub[^\n]*\w: [^\n]*,$").unwrap();
    for part in PARTS {
        let path = format!("recipe/running/{part}.rs");
        let part = sources.iter().find(|source| source.path == path).expect(&path);
        assert!(!part.code.contains("Interpreter"), "{path} names the interpreter");
        let shown = field.find(&part.code).map(|found| found.as_str());
        assert!(
            shown.is_none() || *path == *"recipe/running/consent.rs",
            "{path}: {shown:?}"
        );
    }
    let path = "recipe/running/interpreter.rs";
    let own = sources.iter().find(|source| source.path == path).unwrap();
    let fields = own.code.split_once("struct Interpreter {").unwrap().1;
    let fields: Vec<&str> = fields.split_once("\n}").unwrap().0.lines().map(str::trim).collect();
    let fields: Vec<&&str> = fields.iter().filter(|line| line.contains(':')).collect();
    assert!((10..=16).contains(&fields.len()), "{fields:?}");
    assert!(fields.iter().all(|field| !field.starts_with("pub")), "{fields:?}");
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|source| source.lines > LINES && !source.is_test())
        .map(|source| (source.path, source.lines))
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

/// "What…", "Whether…" and "How…" are half a question: a reader has to find the other half.
#[test]
fn a_doc_comment_begins_with_a_verb_or_says_what_something_is() {
    let first = Regex::new(r"^\s*//[/!] (What|Whether|How)\b").unwrap();
    let doc = Regex::new(r"^\s*//[/!]").unwrap();
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        collect(&checkout().join(folder), "rs", &mut files);
    }
    collect(&checkout().join("stdlib"), "rhai", &mut files);
    let mut riddles = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let mut before = "";
        for (index, line) in text.lines().enumerate() {
            if first.is_match(line) && !doc.is_match(before) {
                riddles.push(format!("{}:{}:{line}", file.display(), index + 1));
            }
            before = line;
        }
    }
    assert!(riddles.is_empty(), "{}", riddles.join("\n"));
}

/// The steps of the way that the guide of `recipe` describes: lists of files, each with the name of a function in it.
fn steps_of_the_guide() -> Vec<Vec<(String, String)>> {
    let guide = fs::read_to_string(checkout().join("src/recipe/mod.rs")).unwrap();
    let step = Regex::new(r"^//! \d+\. `([\w/]+\.rs)` `(\w+)`").unwrap();
    let mut lists = vec![Vec::new()];
    for line in guide.lines() {
        match step.captures(line) {
            Some(found) => lists
                .last_mut()
                .unwrap()
                .push((found[1].to_owned(), found[2].to_owned())),
            None => lists.push(Vec::new()),
        }
    }
    lists.retain(|list| !list.is_empty());
    lists
}

#[test]
fn the_way_of_an_argument_to_a_server_goes_down_only_and_through_no_file_twice() {
    let sources = sources();
    // The height of a file: its layer, and its room in the recipe.
    let height = |path: &str| {
        let Some(below) = path.strip_prefix("recipe/") else {
            return (layer(path), 0);
        };
        let folder: Vec<String> = below.split('/').map(str::to_owned).collect();
        let room = room(&folder[..folder.len() - 1]);
        (layer(path), ROOMS.iter().position(|line| line.contains(&room)).unwrap())
    };
    let mut seen = Vec::new();
    for list in steps_of_the_guide() {
        let mut above = (Some(usize::MAX), 0);
        for (file, function) in list {
            let found = |path: &&Source| path.path == file || path.path == format!("recipe/{file}");
            let source = sources
                .iter()
                .find(found)
                .unwrap_or_else(|| panic!("there is no {file}"));
            let has =
                source.code.contains(&format!("fn {function}(")) || source.code.contains(&format!("fn {function}<"));
            assert!(has, "{file} has no function {function}");
            assert!(height(&source.path) <= above, "{file} stands above the step before it");
            above = height(&source.path);
            assert!(!seen.contains(&file), "{file} is passed twice");
            seen.push(file);
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
}

#[test]
fn the_guide_of_the_ssh_sessions_names_all_its_files() {
    let guide = fs::read_to_string(checkout().join("src/session/ssh/mod.rs")).unwrap();
    let docs: String = guide.lines().take_while(|line| line.starts_with("//!")).collect();
    let module = Regex::new(r"(?m)^(?:pub )?mod (\w+);").unwrap();
    let is_named = |name: &str| Regex::new(&format!(r"\b{name}\b")).unwrap().is_match(&docs);
    let left_out: Vec<_> = module
        .captures_iter(&guide)
        .map(|found| found[1].to_owned())
        .filter(|name| !["fuzz", "tests"].contains(&name.as_str()) && !is_named(name))
        .collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}

/// Returns the types that other files can name, each with its file.
fn visible_types() -> Vec<(String, String)> {
    let definition = Regex::new(r"(?m)^\s*pub(?:\([^)]*\))?\s+(?:struct|enum|trait|type)\s+(\w+)").unwrap();
    let mut types = Vec::new();
    for source in sources().into_iter().filter(|source| !source.is_test()) {
        let code = source.code.split("mod tests {").next().unwrap();
        let found = definition.captures_iter(code);
        types.extend(found.map(|found| (found[1].to_owned(), source.path.clone())));
    }
    types
}

/// One word means one thing (decision 0111). A type that only its own file names may have any name.
#[test]
fn a_type_that_other_files_can_name_has_a_name_of_its_own() {
    let types = visible_types();
    assert!(types.len() > 500, "{}", types.len());
    let shared = |(name, path): &&(String, String)| {
        types
            .iter()
            .any(|(other, elsewhere)| other == name && elsewhere != path)
    };
    let shared: Vec<_> = types.iter().filter(shared).collect();
    assert!(shared.is_empty(), "{shared:#?}");
}

#[test]
fn the_checks_see_through_comments_and_texts() {
    let code = code_of(
        "use crate::{plan, event::{A, B}}; // crate::cli\nlet a = \"crate::report \\\" x\"; 'c'; r#\"crate::actor\"#; crate::exit::E",
    );
    assert_eq!(named(&code), ["exit", "plan", "event"]);
}

#[test]
fn paths_inside_the_recipe_are_seen_however_they_are_written() {
    let code = "use super::super::{block, call::Call};\nuse crate::recipe::language::{origin, values::{text}};\nself::x::y();\nmod tests { use super::z; }";
    let named: Vec<String> = named_in_recipe("recipe/running/verbs/tasks.rs", code)
        .iter()
        .map(|path| path.join("::"))
        .collect();
    let expected = [
        "running::block",
        "running::call::Call",
        "language::origin",
        "language::values::",
        "running::verbs::tasks::x::y",
    ];
    assert_eq!(named, expected);
    assert_eq!(
        room(&["running".to_owned(), "verbs".to_owned(), "tasks".to_owned()]),
        "running/verbs"
    );
    assert_eq!(room(&["Recipe".to_owned()]), "");
}

/// Pages that are linked from one, below the folder of the repository.
fn linked(root: &Path, page: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(root.join(page)).unwrap();
    let link = Regex::new(r"\]\(([^)#:]+)[^):]*\)").unwrap();
    let folder = page.parent().unwrap();
    link.captures_iter(&text)
        .map(|found| plain(&folder.join(&found[1])))
        .filter(|target| root.join(target).exists())
        .collect()
}

/// A path without `..`: one page has one name.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[test]
fn every_page_of_the_documentation_can_be_reached_from_the_readme() {
    let root = checkout();
    let mut reached = vec![PathBuf::from("README.md")];
    let mut next = 0;
    while let Some(page) = reached.get(next).cloned() {
        next += 1;
        if page.extension().is_some_and(|ending| ending == "md") {
            for target in linked(&root, &page) {
                if !reached.contains(&target) {
                    reached.push(target);
                }
            }
        }
    }
    let mut pages = Vec::new();
    collect(&root.join("docs"), "md", &mut pages);
    let is_reached = |page: &Path| {
        reached
            .iter()
            .any(|target| page == target || page.parent() == Some(target.as_path()))
    };
    for page in pages
        .iter()
        .filter(|page| page.extension().is_some_and(|ending| ending == "md"))
    {
        let page = page.strip_prefix(&root).unwrap();
        assert!(is_reached(page), "{}", page.display());
    }
    assert!(pages.len() > 20, "{}", pages.len());
}

#[test]
fn no_path_of_the_checkout_is_compiled_in() {
    // It may be moved or copied with what was built in it.
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        collect(&checkout().join(folder), "rs", &mut files);
    }
    let fixed = ["CARGO_MANIFEST_DIR", "CARGO_BIN_EXE_capr"].map(|name| format!("env!(\"{name}\")"));
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let found = fixed.iter().find(|fixed| text.contains(*fixed));
        assert_eq!(found, None, "{}: see tests/fleet/place.rs", file.display());
    }
}
