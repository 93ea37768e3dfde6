//! The names of the Ruby libraries that capr's libraries replace: each is there, or `capr check` says what takes its place. `gems.txt` has
//! them, library by library.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::recipe;
use crate::recipe::Recipe;
use crate::recipe::language::capistrano::instead;
use crate::recipe::language::gems;
use crate::recipe::meaning::libraries::libraries;

/// The names of the Ruby libraries that one library replaces.
struct Names {
    library: &'static str,
    tasks: Vec<&'static str>,
    variables: Vec<&'static str>,
}

fn all() -> Vec<Names> {
    let mut all: Vec<Names> = Vec::new();
    for line in include_str!("gems.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        match (line.starts_with(' '), words.next()) {
            (_, None) => {}
            (false, Some(library)) => all.push(Names {
                library,
                tasks: Vec::new(),
                variables: Vec::new(),
            }),
            (true, Some("tasks")) => all.last_mut().unwrap().tasks.extend(words),
            (true, Some(kind)) => {
                assert_eq!(kind, "variables");
                all.last_mut().unwrap().variables.extend(words);
            }
        }
    }
    all
}

/// Returns what `capr check` says of a recipe: each message with its hints.
fn told(text: &str) -> String {
    let (main, options, surroundings, _log, _directory) = recipe(text).prepare();
    let mut told = String::new();
    for found in Recipe::check(&[main], options, surroundings, &[]).unwrap() {
        let _ = writeln!(told, "{}: {}", found.message, found.hints.join("; "));
    }
    told
}

/// Returns a recipe with all libraries of the list.
fn recipe_with(all: &[Names]) -> String {
    let requires: String = all
        .iter()
        .map(|names| format!("require \"{}\";\n", names.library))
        .collect();
    format!("set :application, \"shop\"; set :repository, \"/srv/shop.git\"; role :app, \"a\";\n{requires}")
}

/// Returns what the table says about a name, for each library that it is of.
fn replaced<'a>(name: &'a str) -> impl Iterator<Item = (&'static str, &'static str)> + use<'a> {
    let rows = gems::replaced().iter().filter(move |row| row.names.contains(&name));
    rows.map(|row| (row.library, row.instead))
}

#[test]
fn variables_of_ruby_libraries_are_read_or_check_says_what_to_write_instead() {
    let all = all();
    let names: BTreeSet<&str> = all.iter().flat_map(|names| names.variables.iter().copied()).collect();
    let mut text = recipe_with(&all);
    for name in &names {
        // What a library decides by while it is loaded has a value that it can have.
        let value = match *name {
            "slackistrano" => ", #{ webhook: \"https://example.com\" };",
            name if name.ends_with("_hooks") => ", true;",
            _ => " { fetch(:anything, \"/x\") }",
        };
        let _ = writeln!(text, "set :{name}{value}");
    }
    let told = told(&text);
    let mut wrong = String::new();
    for name in names {
        let unread = format!("the variable `{name}' is set, but nothing reads it: ");
        let line = told.lines().find_map(|line| line.strip_prefix(&unread));
        // Another library may have a variable of this name.
        let is_read = all.iter().any(|names| {
            names.variables.contains(&name) && replaced(name).all(|(library, _)| library != names.library)
        });
        let is_right = match line {
            Some(line) => instead(name) == Some(line) || replaced(name).any(|(_, instead)| instead == line),
            None => is_read || instead(name).is_some(),
        };
        if !is_right || line.is_some() && is_read && instead(name).is_none() {
            let _ = writeln!(wrong, "{name}: told {line:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}\n{told}");
}

#[test]
fn tasks_of_ruby_libraries_are_there_or_check_says_what_to_write_instead() {
    let all = all();
    let names: BTreeSet<&str> = all.iter().flat_map(|names| names.tasks.iter().copied()).collect();
    let mut text = recipe_with(&all);
    for name in &names {
        let _ = writeln!(text, "after \"{name}\" {{ puts \"{name}\"; }}");
    }
    let told = told(&text);
    let mut wrong = String::new();
    for name in names {
        let unknown = format!("the task `{name}' of this `after' hook does not exist: ");
        let line = told.lines().find_map(|line| line.strip_prefix(&unknown));
        let known = replaced(name).next().map(|(_, instead)| instead);
        if line != known {
            let _ = writeln!(wrong, "{name}: told {line:?}, known {known:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_list_has_all_libraries_of_gems_and_all_names_that_are_replaced() {
    let all = all();
    // These stand for no library of Ruby with names of its own.
    let own = [
        "campfire",
        "discord",
        "mattermost",
        "notify",
        "rails",
        "sidekiq/monit",
        "systemd",
        "teams",
    ];
    for library in libraries() {
        let is_listed = all.iter().any(|names| names.library == library.name);
        assert!(is_listed != own.contains(&library.name), "{}", library.name);
    }
    for row in gems::replaced() {
        let names = all.iter().find(|names| names.library == row.library).unwrap();
        for name in &row.names {
            let is_listed = names.variables.contains(name) || names.tasks.contains(name);
            assert!(is_listed, "{} {name}", row.library);
        }
    }
}

#[test]
fn values_that_only_capistrano_3_has_for_a_variable_of_the_deploy_library_are_taken() {
    let told = told(
        "set :application, \"shop\"; set :repository, \"/srv/shop.git\"; role :web, \"a\"; role :app, \"a\"; require \"rails/assets\"; require \"symfony\";\n\
         set :normalize_asset_timestamps, [\"public/images\", \"public/fonts\"]; set :cache_path, \"var/cache\";",
    );
    assert_eq!(told, "");
}
