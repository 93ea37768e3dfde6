//! Changes that need all files: variables that nothing reads, roles that no file defines, and the defaults of the version that a
//! recipe relies on.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::form::{Above, Block, Call, Expr, Line, Part, Statement};
use super::note::Note;
use super::project::RubyFile;
use super::read::{read_of, with_made_of};
use super::waiting;

/// A file that was read.
pub(super) struct FileDraft<'a> {
    pub(super) source: &'a RubyFile,
    pub(super) block: Block,
    pub(super) notes: Vec<Note>,
    /// The variables that nothing in the files sets.
    pub(super) unset: BTreeSet<String>,
}

/// Makes these changes in all files, and adds remarks about variables of libraries that have another form here.
pub(super) fn tidy(facts: &Facts, drafts: &mut [FileDraft<'_>], remarks: &mut Vec<String>) {
    let mut names = Names::of(drafts);
    let mut unread = BTreeSet::new();
    loop {
        let mut silenced = false;
        for draft in drafts.iter_mut() {
            silenced |= silence(&mut draft.block, facts, &names, &mut unread);
        }
        if !silenced {
            break;
        }
        // A variable that only these lines have read is now unread as well.
        names = Names::of(drafts);
    }
    remarks.extend(unread.iter().filter_map(|name| {
        let instead = facts.vocabulary.instead(name)?;
        Some(format!("`{name}` is not read here: {instead}"))
    }));
    let main = facts.main_file.and_then(|main| facts.recipes.get(main)).cloned();
    let main = main.or_else(|| (!facts.is_on_disk).then(|| "config/deploy.rhai".to_owned()));
    for draft in drafts.iter_mut() {
        if draft.source.is_capfile()
            && facts.libraries.contains("capistrano/setup")
            && let Some(main) = main.clone()
        {
            // Capistrano 3 reads `config/deploy.rb` when the stage is chosen, after the whole Capfile.
            let load = Call::new("load", vec![Expr::Text(main)]);
            draft.block.lines.push(Line {
                above: vec![Above::Blank],
                ..Line::verb(load)
            });
        }
    }
    let mut unset: BTreeSet<String> = drafts.iter().flat_map(|draft| draft.unset.iter().cloned()).collect();
    // The code that sets these was not carried over.
    let lost = facts
        .variables
        .keys()
        .filter(|name| names.read.contains(*name) && !facts.is_of_library(name));
    unset.extend(lost.cloned());
    unset.retain(|name| names.read.contains(name) && !names.given.contains(name));
    let mut missing = unset.clone();
    if !facts.variables.contains_key("application") {
        missing.extend(with_made_of("application", &names.set));
    }
    if !missing.is_empty() {
        for draft in drafts.iter_mut() {
            waiting::wait(&mut draft.block, &mut missing, &names.set);
        }
    }
    let alone = drafts.len() == 1;
    let is_main = |draft: &FileDraft<'_>| {
        let source = draft.source;
        source.is_main() || alone && source.stage().is_none() && !source.path.contains("lib/")
    };
    let index = drafts
        .iter()
        .position(is_main)
        .or_else(|| drafts.iter().position(|draft| draft.source.is_wanted));
    let Some(main) = index.and_then(|index| drafts.get_mut(index)) else {
        return;
    };
    let mut head = match is_main(main) {
        true => defaults(facts, &names, &main.block),
        false => Vec::new(),
    };
    if is_main(main) {
        head.extend(roles(facts, &names));
    }
    head.extend(requires(facts));
    if unset.remove("stage_dir") {
        // Where capr looks for stages, and where those of another directory are written.
        let values = vec![Expr::symbol("stage_dir"), Expr::text("config/deploy")];
        head.push(vec![Line::verb(Call::new("set_default", values))]);
    }
    let asked = |name: &String| {
        // A `rescue` around it takes it as an error, as in Ruby.
        let ends = Statement::Throw(Expr::Text(format!("which {name}? Say it: capr -s {name}=value")));
        Line::verb(Call::with_block(
            "set_default",
            vec![Expr::symbol(name)],
            Block::of(vec![Line::new(ends)]),
        ))
    };
    let asked: Vec<Line> = unset.iter().map(asked).collect();
    if !asked.is_empty() {
        head.push(commented(
            "Nothing in these files sets them: a stage does, or the command line.",
            asked,
        ));
    }
    insert(&mut main.block, head.into_iter().flatten().collect());
}

/// Returns the lines that load the libraries that the files need without requiring them.
fn requires(facts: &Facts) -> Vec<Vec<Line>> {
    let line = |(library, reason): (&&str, &String)| {
        let line = Line::verb(Call::new("require", vec![Expr::text(library)]));
        commented(&format!("{reason}; nothing in these files requires it."), vec![line])
    };
    facts.unnamed_libraries.iter().map(line).collect()
}

/// Returns definitions for roles that commands go to and that have no server in the files that are always loaded.
fn roles(facts: &Facts, names: &Names) -> Option<Vec<Line>> {
    let mut asked = names.asked_roles.clone();
    if names.deploys() {
        // The library's own tasks send commands to these roles.
        asked.extend(["app", "db"].map(str::to_owned));
        if facts.version < 3 {
            asked.insert("web".to_owned());
        }
    }
    let roles: Vec<Line> = asked
        .difference(&names.roles)
        .filter(|role| *role != "all")
        .map(|role| Line::verb(Call::new("role", vec![Expr::symbol(role)])))
        .collect();
    (!roles.is_empty()).then(|| commented("These roles have servers in some stages only, or none.", roles))
}

/// Adds a comment above the first line.
fn commented(comment: &str, mut lines: Vec<Line>) -> Vec<Line> {
    if let Some(first) = lines.first_mut() {
        first.above = vec![Above::Blank, Above::Comment(format!(" {comment}"))];
    }
    lines
}

/// Inserts lines after the comments at the beginning of a file.
fn insert(block: &mut Block, mut head: Vec<Line>) {
    if head.is_empty() {
        return;
    }
    if let Some(first) = block.lines.first_mut() {
        // The comment before the first blank line is about the file.
        let blank = first.above.iter().position(|above| *above == Above::Blank);
        let split = match blank {
            Some(0) => first
                .above
                .iter()
                .skip(1)
                .position(|above| *above == Above::Blank)
                .map(|at| at + 1),
            blank => blank,
        };
        if let Some(split) = split {
            let rest = first.above.split_off(split);
            let top = std::mem::replace(&mut first.above, rest);
            if let Some(line) = head.first_mut() {
                let mut above = top;
                above.append(&mut line.above);
                line.above = above;
            }
        }
        if first.above.first() != Some(&Above::Blank) {
            first.above.insert(0, Above::Blank);
        }
    }
    head.append(&mut block.lines);
    block.lines = head;
}

/// Returns true if lines that run while the recipe is loaded read a variable that only stages set, or what is made of it: until then it has the
/// default.
fn is_read_before(name: &str, facts: &Facts, main: &Block) -> bool {
    let set_in = facts.set_in.get(name);
    let names = with_made_of(name, &BTreeSet::new()).into_iter().collect();
    set_in.is_some_and(|files| files.is_subset(&facts.stages.files)) && read_of(&main.lines, &names).is_some()
}

/// Returns the defaults of the version that differ from those of capr, if the recipe does not set them.
fn defaults(facts: &Facts, names: &Names, main: &Block) -> Vec<Vec<Line>> {
    let set = |name: &str, value: Expr| Line::verb(Call::new("set", vec![Expr::symbol(name), value]));
    // What some stages set has the default in the others.
    let of_some =
        |files: &BTreeSet<usize>| files.is_subset(&facts.stages.files) && files.len() < facts.stages.files.len();
    let is_free = |name: &str| !names.set.contains(name) || facts.set_in.get(name).is_some_and(of_some);
    let mut lines = Vec::new();
    if is_free("dialect") {
        lines.push(set("dialect", Expr::Number(facts.version.to_string())));
    }
    if names.deploys() {
        match facts.version {
            3 => {
                let to = Expr::Template(vec![
                    Part::Text("/var/www/".to_owned()),
                    Part::Value(Expr::name("application")),
                ]);
                if is_free("deploy_to") || is_read_before("deploy_to", facts, main) {
                    lines.push(Line::verb(Call::with_block(
                        "set",
                        vec![Expr::symbol("deploy_to")],
                        Block::giving(to),
                    )));
                }
                for (name, value) in [
                    ("branch", Expr::text("master")),
                    ("deploy_via", Expr::symbol("remote_cache")),
                    ("group_writable", Expr::Bool(false)),
                    ("normalize_asset_timestamps", Expr::Bool(false)),
                ] {
                    if is_free(name) || name == "branch" && is_read_before(name, facts, main) {
                        lines.push(set(name, value));
                    }
                }
                if is_free("linked_dirs") && is_free("linked_files") && is_free("shared_children") {
                    lines.push(set("shared_children", Expr::List(Vec::new())));
                }
                // With Passenger's gem a deploy runs `deploy:restart`.
                if !facts.libraries.contains("capistrano/passenger") {
                    lines.push(set("restart_on_deploy", Expr::Bool(false)));
                }
                // Up to 3.0 the release is made current and the application restarted in one task.
                if facts.gems.is_before("capistrano", "3.1") == Some(true) && facts.tasks.contains("deploy:restart") {
                    let hooked = ["deploy:symlink:release", "deploy:restart"].map(Expr::text);
                    lines.push(Line::verb(Call::new("after", hooked.into())));
                }
                // Its gem touches the file for old versions of Passenger only.
                if facts.vocabulary.has_library("passenger") && is_free("passenger_restart_with_touch") {
                    lines.push(set("passenger_restart_with_touch", Expr::Bool(false)));
                }
            }
            _ => {
                if is_free("use_sudo") {
                    lines.push(set("use_sudo", Expr::Bool(true)));
                }
            }
        }
    }
    if lines.is_empty() {
        return Vec::new();
    }
    let comment = format!("What Capistrano {} takes where a recipe says nothing.", facts.version);
    vec![commented(&comment, lines)]
}

/// Turns lines that set unread variables into comments; returns true if there was one.
fn silence(block: &mut Block, facts: &Facts, names: &Names, unread: &mut BTreeSet<String>) -> bool {
    if names.computes {
        return false;
    }
    let mut any = false;
    for line in &mut block.lines {
        let is_unread = match &line.statement {
            Statement::Verb(call) => {
                let sets = matches!(
                    call.name.as_str(),
                    "set" | "set_default" | "set_if_empty" | "append" | "remove" | "ask"
                );
                let name = call.arguments.first().and_then(Expr::literal).filter(|_| sets);
                let name = name.filter(|name| !names.read.contains(*name) && !facts.is_of_library(name));
                unread.extend(name.map(str::to_owned));
                name.is_some()
            }
            _ => false,
        };
        if is_unread {
            let statement = std::mem::replace(&mut line.statement, Statement::Nothing);
            if !is_barrier(&statement) {
                line.statement = Statement::Idle(Box::new(statement));
            }
            any = true;
            continue;
        }
        for inner in line.statement.blocks() {
            any |= silence(inner, facts, names, unread);
        }
    }
    any
}

/// Returns true if a statement sets a variable to a block that only ends the run when the variable is read.
fn is_barrier(statement: &Statement) -> bool {
    let Statement::Verb(Call { block: Some(block), .. }) = statement else {
        return false;
    };
    matches!(block.lines.as_slice(), [Line { statement: Statement::Value(Expr::Call(call)), .. }] if call.name == "unported")
}

/// The names in recipes.
#[derive(Default)]
struct Names {
    /// The variables that are read, whether or not the files set them.
    read: BTreeSet<String>,
    /// The variables that are set outside of tasks.
    set: BTreeSet<String>,
    /// The variables that are set anywhere.
    given: BTreeSet<String>,
    roles: BTreeSet<String>,
    /// The roles that commands go to.
    asked_roles: BTreeSet<String>,
    in_stage: bool,
    /// True if a variable is read whose name is computed.
    computes: bool,
    /// The number of surrounding tasks.
    depth: usize,
}

/// Returns the names that are written out in a value of `command_prefixes`.
fn prefixes(value: &Expr) -> Vec<String> {
    match value {
        Expr::List(items) => items.iter().flat_map(prefixes).collect(),
        Expr::Binary(_, left, right) => [prefixes(left), prefixes(right)].concat(),
        value => value.literal().map(str::to_owned).into_iter().collect(),
    }
}

impl Names {
    fn of(drafts: &[FileDraft<'_>]) -> Self {
        let mut names = Self::default();
        for draft in drafts {
            names.in_stage = draft.source.stage().is_some();
            names.block(&draft.block);
        }
        names
    }

    /// Returns true if the recipe deploys something.
    fn deploys(&self) -> bool {
        self.set.contains("repository") || self.set.contains("application")
    }

    fn block(&mut self, block: &Block) {
        block.lines.iter().for_each(|line| self.statement(&line.statement));
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Verb(call) => self.call(call),
            Statement::Let(_, value)
            | Statement::Value(value)
            | Statement::Throw(value)
            | Statement::Return(Some(value)) => {
                self.value(value);
            }
            Statement::Assign(target, _, value) => {
                self.value(target);
                self.value(value);
            }
            Statement::For(_, list, body) => {
                self.value(list);
                self.block(body);
            }
            Statement::While(condition, body) => {
                self.value(condition);
                self.block(body);
            }
            Statement::Try(body, _, otherwise) => {
                self.block(body);
                self.block(otherwise);
            }
            Statement::Function(_, _, body) => self.block(body),
            _ => {}
        }
    }

    fn call(&mut self, call: &Call) {
        let first = call.arguments.first().and_then(Expr::literal).map(str::to_owned);
        if let ("set" | "set_default" | "set_if_empty" | "append" | "ask", Some(name)) = (call.name.as_str(), &first) {
            self.given.insert(name.clone());
        }
        if let ("set" | "append", Some("command_prefixes")) = (call.name.as_str(), first.as_deref()) {
            // A command reads both variables of each prefix.
            let names = call.arguments.iter().skip(1).flat_map(prefixes);
            let both = names.flat_map(|name| [format!("{name}_map_bins"), format!("{name}_prefix")]);
            self.read.extend(both);
        }
        match (call.name.as_str(), first) {
            ("set" | "set_default" | "set_if_empty" | "append" | "ask", Some(name)) if self.depth == 0 => {
                self.set.insert(name);
            }
            ("fetch" | "exists" | "any" | "reset", Some(name)) => {
                self.read.insert(name);
            }
            ("fetch", None) => self.computes = true,
            ("role", Some(name)) if !self.in_stage => {
                self.roles.insert(name);
            }
            ("roles" | "release_roles" | "primary", _) => {
                self.asked_roles
                    .extend(call.arguments.iter().filter_map(Expr::literal).map(str::to_owned));
            }
            ("server", _) if !self.in_stage => {
                for role in call.arguments.iter().skip(1) {
                    self.roles.extend(texts(role));
                }
            }
            _ => {}
        }
        call.arguments.iter().for_each(|value| self.value(value));
        for (name, value) in &call.options {
            if let ("render", "template", Expr::Text(text)) = (call.name.as_str(), name.as_str(), value) {
                // A template reads variables by their names, so each of its words may be one.
                let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                self.read.extend(words.map(str::to_owned));
            }
            if name == "roles" {
                self.asked_roles.extend(texts(value));
            }
            self.value(value);
        }
        if let Some(block) = &call.block {
            let is_task = usize::from(call.name == "task");
            self.depth += is_task;
            self.block(block);
            self.depth -= is_task;
        }
    }

    fn value(&mut self, value: &Expr) {
        match value {
            Expr::Name(name) => {
                self.read.insert(name.clone());
            }
            Expr::Call(call) => self.call(call),
            Expr::Template(parts) | Expr::Script(parts) => {
                for part in parts {
                    if let Part::Value(value) = part {
                        self.value(value);
                    }
                }
            }
            Expr::List(items) => items.iter().for_each(|item| self.value(item)),
            Expr::Map(pairs) => pairs.iter().for_each(|(_, value)| self.value(value)),
            Expr::Method(owner, _, arguments) => {
                self.value(owner);
                arguments.iter().for_each(|value| self.value(value));
            }
            Expr::Member(inner, _) | Expr::Not(inner) | Expr::Negative(inner) => self.value(inner),
            Expr::Index(left, right) | Expr::Binary(_, left, right) => {
                self.value(left);
                self.value(right);
            }
            Expr::If(arms, otherwise) => {
                for (condition, block) in arms {
                    self.value(condition);
                    self.block(block);
                }
                otherwise.iter().for_each(|block| self.block(block));
            }
            Expr::Switch(subject, arms, otherwise) => {
                self.value(subject);
                arms.iter().for_each(|(_, block)| self.block(block));
                otherwise.iter().for_each(|block| self.block(block));
            }
            Expr::Closure(_, block) | Expr::Block(block) => self.block(block),
            Expr::Unit | Expr::Bool(_) | Expr::Number(_) | Expr::Text(_) | Expr::Symbol(_) => {}
        }
    }
}

/// Returns the strings in a value that is written out.
fn texts(value: &Expr) -> Vec<String> {
    match value {
        Expr::List(items) => items.iter().filter_map(Expr::literal).map(str::to_owned).collect(),
        value => value.literal().map(str::to_owned).into_iter().collect(),
    }
}
