//! Code that ends with an error in Capistrano too: the recipe ends there with the same error. It needs nobody's hand, and the report tells
//! it apart.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::{CallNode, Node};

use super::facts::Facts;
use super::form::{Block, Call, Expr, Line, Statement};
use super::note::{Kind, Lack, Missing, Note, SameError};
use super::ruby::{arguments, constant, source};
use super::tidy::FileDraft;
use crate::packed::{Packed, packed};
use crate::recipe::Vocabulary;

/// The functions of Ruby and of Capistrano 1 to 3, the tasks of Capistrano 2 and 3, and the functions that gems with a counterpart here
/// define for recipes. They are what `ruby` 3.1, Capistrano 3.17.2 and 2.15.11 tell,
/// and the sources of all versions of Capistrano and of these gems.
const KNOWN: Packed = packed!("src/port/known.txt");

/// The modules of Ruby and of Capistrano whose functions are known.
const MODULES: &[&str] = &["ERB::Util", "FileUtils", "Rake::DSL", "SSHKit::DSL", "Capistrano::DSL"];

/// Finds the notes about such code, and puts the errors into the recipes.
pub(super) fn settle(facts: &Facts, drafts: &mut [FileDraft<'_>]) {
    if !drafts
        .iter()
        .flat_map(|draft| &draft.notes)
        .any(|note| note.failure.is_some())
    {
        return;
    }
    let known = KNOWN.text();
    let known: BTreeSet<&str> = known.lines().collect();
    // A class that nothing defines is none of a gem that was not read.
    let has_all = is_whole(facts, drafts, Name::Class);
    put(drafts, |failure| match &failure.if_missing {
        Missing::Class(name) => has_all && !known.contains(name.as_str()) && !may_have(facts, name),
        _ => false,
    });
    let has_functions = is_whole(facts, drafts, Name::Function);
    let has_tasks = is_whole(facts, drafts, Name::Task) && !facts.computes_tasks;
    put(drafts, |failure| match &failure.if_missing {
        Missing::Class(_) => false,
        Missing::Nothing => true,
        Missing::File => facts.is_on_disk,
        Missing::Function(name) => has_functions && !known.contains(name.as_str()),
        Missing::Tasks(names) => {
            let is_somewhere = |name: &String| known.contains(name.as_str()) || may_be_of_library(facts, name);
            has_tasks && !names.iter().any(is_somewhere)
        }
    });
}

/// The names that something may define.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Class,
    Function,
    Task,
}

/// Puts the errors into the recipes of which this is true.
fn put(drafts: &mut [FileDraft<'_>], fails: impl Fn(&SameError) -> bool) {
    for draft in drafts {
        let mut failures: BTreeMap<usize, Box<SameError>> = BTreeMap::new();
        for note in &mut draft.notes {
            if let Some(failure) = note.failure.take_if(|failure| fails(failure)) {
                note.kind = Kind::Fails;
                failures.insert(note.number, failure);
            }
        }
        if !failures.is_empty() {
            end(&mut draft.block, &failures);
        }
    }
}

/// Returns true if all that could define a name was read or is known.
fn is_whole(facts: &Facts, drafts: &[FileDraft<'_>], name: Name) -> bool {
    let of_classes = name == Name::Class;
    let lacks_source = |note: &Note| match note.lack {
        Some(Lack::Library(_) | Lack::File(_)) => note.kind != Kind::Template,
        Some(Lack::Class(_)) => !of_classes && !matches!(note.kind, Kind::Template | Kind::Fails),
        _ => false,
    };
    let has_capfile = drafts.iter().any(|draft| draft.source.is_capfile());
    !facts.is_open
        && (facts.version == 1 && !of_classes || has_capfile)
        && super::read::are_all_known(facts, name == Name::Function)
        && !drafts.iter().flat_map(|draft| &draft.notes).any(lacks_source)
}

/// Returns the modules whose functions a call lets be called without their names, but for those of Ruby and Capistrano.
pub(super) fn mixed_in(name: &str, node: &CallNode<'_>) -> Vec<String> {
    let given = arguments(node, false).values.into_iter();
    let given = given.filter(|_| matches!(name, "include" | "extend"));
    let names = given.filter(|module| !MODULES.contains(&source(module).as_str()));
    names.filter_map(|module| constant(&module)).collect()
}

/// Returns true for a call that may define functions or tasks which cannot be seen.
pub(super) fn opens(name: &str, node: &CallNode<'_>) -> bool {
    let given = arguments(node, false).values;
    match name {
        "alias_method"
        | "alias_task"
        | "class_eval"
        | "define_method"
        | "define_singleton_method"
        | "define_task"
        | "instance_eval"
        | "instance_exec"
        | "load_tasks"
        | "module_eval"
        | "autoload" => true,
        "eval" => node.receiver().is_some(),
        "include" | "extend" => {
            let is_named = |module: &Node<'_>| MODULES.contains(&source(module).as_str()) || constant(module).is_some();
            !given.iter().all(is_named)
        }
        "require" if node.receiver().as_ref().and_then(constant).as_deref() == Some("Bundler") => true,
        name => starts_application(name, &given),
    }
}

/// Returns true for a call that loads the application, or makes the path of what does.
fn starts_application(name: &str, given: &[Node<'_>]) -> bool {
    const STARTS: &[&str] = &["config/application", "config/boot", "config/environment"];
    let is_path = |node: &Node<'_>| {
        let path = source(node);
        let path = path.trim_end_matches(['"', '\'']).trim_end_matches(".rb");
        STARTS.iter().any(|start| path.ends_with(start))
    };
    let makes_path = matches!(name, "load" | "require" | "require_relative" | "expand_path" | "join");
    makes_path && given.iter().any(is_path)
}

/// Returns true if a library that the files require may have a task of this name, as others of its family are in it.
fn may_be_of_library(facts: &Facts, name: &str) -> bool {
    let family = name.split(':').next().unwrap_or(name);
    let names_it = |path: &String| {
        family != "deploy"
            && Vocabulary::library_of_ruby(path).is_some()
            && super::lacks::words(path).iter().any(|word| word == family)
    };
    if super::read::may_have_family(facts, family) || facts.libraries.iter().any(names_it) {
        return true;
    }
    let inside = format!("{family}:");
    let required = facts
        .libraries
        .iter()
        .filter_map(|path| Vocabulary::library_of_ruby(path));
    let required: BTreeSet<&str> = required.chain(facts.unnamed_libraries.keys().copied()).collect();
    let libraries = Vocabulary::of_libraries();
    let of_family = |tasks: &BTreeSet<String>| family != "deploy" && tasks.iter().any(|task| task.starts_with(&inside));
    libraries
        .iter()
        .filter(|(library, _)| required.contains(*library))
        .any(|(library, own)| library.rsplit('/').next() == Some(family) || of_family(&own.tasks))
}

/// Returns true if the files or a library that they require may define a class, a module or a constant of this name.
fn may_have(facts: &Facts, name: &str) -> bool {
    let may_bring = |path: &String| {
        let is_of_capistrano = path.starts_with("capistrano");
        let words = super::lacks::words(path);
        let name = name.to_lowercase();
        match name.as_str() {
            "rails" => !is_of_capistrano && path.contains("rails"),
            // What else such a gem loads is not known, but for one.
            name => {
                super::read::is_of_gem_of_ruby(path) && path != "whenever/capistrano"
                    || words.iter().any(|word| name.starts_with(word.as_str()))
            }
        }
    };
    let mut libraries = facts.libraries.iter().chain(&facts.libraries_of_gems);
    facts.constants.contains(name) || facts.of_application.contains(name) || libraries.any(may_bring)
}

/// Puts the errors into a block.
fn end(block: &mut Block, failures: &BTreeMap<usize, Box<SameError>>) {
    let mut lines = Vec::new();
    for mut line in std::mem::take(&mut block.lines) {
        line.statement
            .blocks()
            .into_iter()
            .for_each(|inner| end(inner, failures));
        let mut after = None;
        match &line.statement {
            Statement::Note(number, ends) => {
                if let Some(failure) = failures.get(number) {
                    let throws = Line::new(Statement::Throw(Expr::text(&failure.error)));
                    after = match (failure.waits, *ends) {
                        (_, true) => Some(throws),
                        (true, false) => None,
                        // Capistrano does not get to the first task.
                        (false, false) => Some(Line::verb(Call::with_block(
                            "on",
                            vec![Expr::symbol("start")],
                            Block::of(vec![throws]),
                        ))),
                    };
                    line.statement = Statement::Note(*number, false);
                }
            }
            Statement::Value(Expr::Call(call)) if call.name == "unported" => {
                if let Some(failure) = noted(call).and_then(|number| failures.get(&number)) {
                    line.statement = Statement::Throw(Expr::text(&failure.error));
                }
            }
            _ => {}
        }
        lines.push(line);
        lines.extend(after);
    }
    block.lines = lines;
}

/// Returns the number of the note at which a call ends the run.
fn noted(call: &Call) -> Option<usize> {
    let text = call.arguments.first().and_then(Expr::literal)?;
    text.split_once(':')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::KNOWN;

    #[test]
    fn the_known_names_are_sorted_and_stand_once() {
        let text = KNOWN.text();
        let names: Vec<&str> = text.lines().collect();
        assert!(names.len() > 700 && names.is_sorted_by(|a, b| a < b));
    }
}
