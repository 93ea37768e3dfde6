//! Reads a Ruby file into the form. Code without a form becomes a note at its place.

mod again;
mod application;
mod around;
mod assigned;
mod assignments;
mod bash;
mod blocks;
mod calls;
mod cases;
mod chosen;
mod classes;
mod command_map;
mod commands;
mod comments;
mod conditions;
mod configuration;
mod counterparts;
mod definitions;
mod each_server;
mod erb;
mod evaluated;
mod executed;
mod failures;
mod figaro;
mod files;
mod flow;
mod functions;
mod gems;
mod guards;
mod handlers;
mod hooks;
mod in_place;
mod jinja;
mod lists;
mod loading;
mod loads;
mod local_files;
mod locals;
mod logger;
mod loops;
mod maps;
mod methods;
mod of_two;
mod open3;
mod operators;
mod own_update;
mod patterns;
mod people;
mod per_server;
mod plain_calls;
mod rake_loops;
mod rake_tasks;
mod requests;
mod rescue;
mod ruby_libraries;
mod ruby_methods;
mod said_otherwise;
mod servers;
mod services;
mod sftp;
mod stage;
mod streams;
mod strings;
mod suited;
mod surrounded;
mod task_arguments;
mod templates;
mod terminal;
mod times;
mod transfers;
mod values;
mod variables;
mod when_needed;
mod which_version;

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::{Node, ParseResult};

pub(super) use self::application::{is_classes, is_start_of_rails, names_of};
pub(super) use self::blocks::function_of;
use self::comments::Comments;
pub(super) use self::loading::{lazy, of, read_of, with_made_of};
pub(super) use self::loads::{is_at_hand, is_empty_in_three, is_of_gem_of_ruby};
use self::locals::Local;
pub(super) use self::people::gives_people;
pub(super) use self::rake_tasks::is_task_of_rake;
pub(super) use self::which_version::decided;
use super::facts::Facts;
use super::form::{Above, Block, Expr, Line, Statement};
use super::note::{Kind, Lack, Note, Read, Unported};
use super::ruby::{Offsets, printable, source, statements};

/// The deepest nesting of statements and of values that is read.
const DEEPEST: usize = 120;

/// The settings of `within`, `with`, `as` and `on` for the commands in them.
#[derive(Clone, Debug, Default)]
struct Onion {
    /// The options that select servers.
    servers: Vec<(String, Expr)>,
    dir: Option<Expr>,
    env: Vec<(String, Expr)>,
    user: Option<Expr>,
    group: Option<Expr>,
    /// The name of the server in a block for each.
    host: Option<String>,
    /// True in a block that is evaluated for each server.
    is_each: bool,
    /// True if commands go to one server alone.
    is_one: bool,
    /// True in `run_locally do`.
    is_local: bool,
    /// True within `as`, where SSHKit runs `sh`.
    is_of_sh: bool,
}

/// Reads one file.
pub(super) struct Reader<'a> {
    facts: &'a Facts,
    /// The number of the file that is read at the moment: that of a function while its body is read where it is called.
    file: usize,
    /// The number of the file whose recipe is written.
    written_for: usize,
    text: &'a [u8],
    comments: Comments<'a>,
    pub(super) notes: Vec<Note>,
    /// The functions, which are written outside of blocks.
    functions: Vec<Line>,
    namespaces: Vec<String>,
    /// The number of surrounding blocks that run later.
    deferred: usize,
    /// The number of loops or closures within these.
    loops: loops::Loops,
    /// The names that the surrounding blocks have declared, outermost first.
    scopes: Vec<BTreeMap<String, Local>>,
    /// The locals whose value was not carried over, with the numbers of their notes.
    lost: BTreeMap<String, usize>,
    /// All that was lost so far, also what has a value again.
    losses: Vec<(String, usize)>,
    /// The arguments of the function whose statements take the place of its call.
    given: BTreeMap<String, Expr>,
    /// The variables whose value was not carried over, including those of earlier files.
    pub(super) lost_variables: BTreeSet<String>,
    /// The variables that have their value only when the stage is known, including those of earlier files.
    pub(super) late: BTreeSet<String>,
    /// True while a value is asked for what else it needs than the stage.
    knows_stage: bool,
    /// The numbers of the notes about `lost_variables`, if these are in this file.
    lost_at: BTreeMap<String, usize>,
    /// The variables whose values are read from files when they are needed, and the words for functions that read files.
    unsure: BTreeSet<String>,
    /// The variables that are a string which is written out.
    fixed: BTreeMap<String, String>,
    /// The locals that are written once in the file, and not changed in place.
    once: BTreeSet<String>,
    /// The locals whose values may be missing, since they come from the environment.
    lacking: BTreeSet<String>,
    onion: Onion,
    /// The directory of commands on this machine, in the block of `Dir.chdir`.
    local_dir: Option<Expr>,
    /// True in a block in which `Dir.chdir` without a block has a form.
    may_change_directory: bool,
    /// The channel of the output block that is read.
    channel: Option<String>,
    /// The options for the task that is read, found in its body.
    task_servers: Option<Vec<(String, Expr)>>,
    /// The locals that are a `StringIO` of a string.
    streams: BTreeSet<String>,
    /// The locals that are maps used only in loops over their pairs, which keep their order.
    only_looped: BTreeSet<String>,
    /// The path and the environment that `Figaro.application=` names.
    figaro: Option<(Option<Expr>, Option<Expr>)>,
    /// The locals that hold the time, with the function that tells it.
    times: BTreeMap<String, String>,
    /// The locals that are a string which is written out, or the content of a file.
    texts: BTreeMap<String, Expr>,
    /// The locals whose template was written where it is filled in.
    spent: BTreeSet<String>,
    /// The functions that are being read in the place of their calls. One that calls itself is not read once more.
    in_place: BTreeSet<String>,
    /// The names that locals of such functions may not have, since the arguments hold them.
    avoided: BTreeSet<String>,
    /// The number of prefixes that programs have got in this file, by the code that names the program.
    prefixes: BTreeMap<String, usize>,
    /// The locals of the loops around, with the items of lists that are written out.
    listed: Vec<(String, Vec<String>)>,
    /// The number of times that a task was defined in this file.
    defined: BTreeMap<String, usize>,
    /// The hooks of this file so far: `before` or `after`, and the task.
    hooked: BTreeSet<String>,
    /// The tasks of other namespaces that are emptied in the namespace that is read.
    emptied_above: Vec<Line>,
    /// The functions of other files that were written into this one.
    copied: BTreeSet<String>,
    /// The local that holds the arguments of the task.
    task_arguments: Option<String>,
    /// The name of the block that the function which is read is given.
    block: Option<String>,
    /// The name of the error in the `rescue` that is read.
    caught: Option<String>,
    /// The names that a template has for the servers of a list.
    peers: BTreeSet<String>,
    /// The names of errors that may be strings.
    raised: BTreeSet<String>,
    /// The locals that hold a `Pathname`.
    pathnames: BTreeSet<String>,
    /// The locals that hold a template of ERB, filled in.
    rendered: BTreeSet<String>,
    /// The files that locals have opened for writing, by their paths.
    opened: BTreeMap<String, Expr>,
    /// The values of assignments inside of other code that were written before it, by their places.
    assigned: BTreeMap<usize, Expr>,
    /// True in a statement whose command of this machine is asked for its status later.
    asks_status: bool,
    /// True if it is asked for it as a number.
    asks_number: bool,
    /// The command of this machine that ran last.
    ran: Option<assigned::LocalRun>,
    /// True under a condition that looks for a file: what is loaded there may not exist.
    looked_for: bool,
    /// The local that holds the last match of a regular expression.
    found: Option<String>,
    /// The locals that are objects of Ruby with words of their own: a terminal of HighLine, the configuration.
    objects: BTreeMap<String, &'static str>,
    /// The variables that nothing in the files sets.
    pub(super) unset: BTreeSet<String>,
    /// The variables that were set earlier in this file.
    set: BTreeSet<String>,
    /// Those that the task that is read has set so far.
    set_in_task: BTreeSet<String>,
    depth: usize,
    /// The number of times that each construct was carried over.
    pub(super) carried: BTreeMap<String, usize>,
    /// The differences that need no work.
    pub(super) remarks: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(facts: &'a Facts, file: usize, (parsed, text): (&ParseResult<'_>, &'a [u8])) -> Self {
        Self {
            facts,
            file,
            written_for: file,
            text,
            comments: Comments::of(parsed, text),
            notes: Vec::new(),
            functions: Vec::new(),
            namespaces: Vec::new(),
            deferred: 0,
            loops: loops::Loops::default(),
            scopes: Vec::new(),
            lost: BTreeMap::new(),
            losses: Vec::new(),
            given: BTreeMap::new(),
            lost_variables: BTreeSet::new(),
            knows_stage: false,
            late: BTreeSet::new(),
            lost_at: BTreeMap::new(),
            unsure: BTreeSet::new(),
            fixed: BTreeMap::new(),
            once: BTreeSet::new(),
            lacking: BTreeSet::new(),
            onion: Onion::default(),
            local_dir: None,
            may_change_directory: false,
            channel: None,
            task_servers: None,
            streams: BTreeSet::new(),
            texts: BTreeMap::new(),
            only_looped: BTreeSet::new(),
            figaro: None,
            times: BTreeMap::new(),
            spent: BTreeSet::new(),
            in_place: BTreeSet::new(),
            avoided: BTreeSet::new(),
            block: None,
            caught: None,
            raised: BTreeSet::new(),
            task_arguments: None,
            hooked: BTreeSet::new(),
            emptied_above: Vec::new(),
            copied: BTreeSet::new(),
            prefixes: BTreeMap::new(),
            listed: Vec::new(),
            defined: BTreeMap::new(),
            pathnames: BTreeSet::new(),
            rendered: BTreeSet::new(),
            opened: BTreeMap::new(),
            assigned: BTreeMap::new(),
            asks_status: false,
            asks_number: false,
            ran: None,
            looked_for: false,
            found: None,
            objects: BTreeMap::new(),
            unset: BTreeSet::new(),
            set: BTreeSet::new(),
            set_in_task: BTreeSet::new(),
            depth: 0,
            carried: BTreeMap::new(),
            remarks: Vec::new(),
            peers: BTreeSet::new(),
        }
    }

    /// Reads the whole file.
    pub(super) fn file(&mut self, parsed: &ParseResult<'_>) -> Block {
        let node = parsed.node();
        self.only_looped = maps::only_looped(&node);
        self.begin_late();
        self.begin_when_needed(&node);
        let mut block = match node.as_program_node() {
            Some(program) if self.facts.in_gem(self.file).is_none() && is_classes(&program) => {
                let line = self.whole(&program);
                Block::of(vec![line])
            }
            Some(program) => {
                let nodes: Vec<Node<'_>> = program.statements().body().iter().collect();
                self.statements(&nodes, self.text.len(), false)
            }
            None => Block::default(),
        };
        for mut function in std::mem::take(&mut self.functions) {
            function.above.insert(0, Above::Blank);
            block.lines.push(function);
        }
        block
    }

    /// Reads the statements of one block, which ends at `end`.
    fn statements(&mut self, nodes: &[Node<'_>], end: usize, gives: bool) -> Block {
        let mut block = Block {
            lines: Vec::new(),
            gives,
        };
        self.scopes.push(BTreeMap::new());
        let early = self.early(nodes);
        for name in early {
            let is_set = assigned::is_always_set(nodes, &name);
            let local = Local {
                may_be_nothing: !is_set,
                ..Local::default()
            };
            let name = self.declare(&name, local);
            block.lines.push(Line::new(Statement::Let(name, Expr::Unit)));
        }
        let last = nodes.len().saturating_sub(1);
        for (index, node) in nodes.iter().enumerate() {
            if self.is_own_stage(node, nodes.get(index + 1)) {
                self.comments.inside(end_of(node));
                continue;
            }
            let mut above = self.comments.before(node.location().start_offset());
            self.asks_status = Self::is_asked_for_status(node, nodes.get(index + 1..).unwrap_or_default());
            self.asks_number = self.asks_status && Self::is_asked_for_number(nodes.get(index..).unwrap_or_default());
            let mut lines = self.statement(node, gives && index == last);
            self.asks_status = false;
            let stop = end_of(node);
            above.extend(self.comments.inside(stop));
            let beside = self.comments.beside(stop);
            if node.as_def_node().is_some()
                && lines.is_empty()
                && let Some(function) = self.functions.last_mut()
            {
                function.above.extend(above);
                continue;
            }
            match lines.first_mut() {
                Some(first) => {
                    above.append(&mut first.above);
                    first.above = above;
                }
                None => lines.push(Line {
                    above,
                    ..Line::new(Statement::Nothing)
                }),
            }
            if let Some(line) = lines.last_mut() {
                match line.statement {
                    Statement::Note(..) | Statement::Nothing => {
                        line.above.extend(beside.map(Above::Comment));
                    }
                    _ => line.beside = beside,
                }
            }
            block.lines.append(&mut lines);
        }
        let below = self.comments.before(end);
        if below.iter().any(|above| matches!(above, Above::Comment(_))) {
            block.lines.push(Line {
                above: below,
                ..Line::new(Statement::Nothing)
            });
        }
        self.scopes.pop();
        if !self.spent.is_empty() {
            self.without_templates(&mut block);
        }
        let is_value = |line: &Line| matches!(line.statement, Statement::Value(_));
        block.gives = gives && block.lines.last().is_some_and(is_value);
        block
    }

    /// Reads the statements of an optional list.
    fn list(&mut self, list: Option<ruby_prism::StatementsNode<'_>>, end: usize, gives: bool) -> Block {
        let nodes = statements(list.as_ref());
        self.statements(&nodes, end, gives)
    }

    /// Reads one statement, or returns its note.
    fn statement(&mut self, node: &Node<'_>, gives: bool) -> Vec<Line> {
        self.depth += 1;
        let notes = self.notes.len();
        let defined = (self.deferred == 0).then(|| self.defined.clone());
        let losses = self.losses.len();
        let remarks = self.remarks.len();
        let read = match self.depth > DEEPEST {
            true => Err(Unported::new(Kind::Construct, "it is nested too deeply")),
            false => self.read_statement(node, gives),
        };
        self.depth -= 1;
        let mut is_lost = read.is_err();
        let lines = match read {
            Ok(lines) => {
                let lines = self.while_loading(node, lines, notes);
                is_lost |= matches!(lines.as_slice(), [line] if matches!(line.statement, Statement::Note(..)));
                let lines = self.at_stage(lines);
                let mut lines = self.when_needed(lines);
                if self.deferred == 0 && !gives {
                    let ending = &self.facts.acting.ending;
                    let is_ending = |name: &str| ending.iter().any(|ruby| self.function_name(ruby) == name);
                    lines.iter_mut().for_each(|line| guards::postpone(line, &is_ending));
                    lines.iter_mut().for_each(guards::command);
                }
                lines
            }
            Err(unported) => {
                // What was said of code that becomes a note.
                self.remarks.truncate(remarks);
                vec![self.noted(node, unported)]
            }
        };
        self.lose_behind(node, losses);
        if let Some(defined) = defined.filter(|_| is_lost) {
            // What is in a note defines no task, so a later one of the same name is the first.
            self.defined = defined;
        }
        lines
    }

    /// Notes code that was not carried over, and returns the line that shows it.
    fn noted(&mut self, node: &Node<'_>, unported: Unported) -> Line {
        let number = self.note(node, unported);
        Line::new(Statement::Note(number, self.deferred > 0))
    }

    /// Notes code that was not carried over, and returns the number of the note.
    fn note(&mut self, node: &Node<'_>, unported: Unported) -> usize {
        let start = node.location().start_offset();
        let number = self.notes.len() + 1;
        let depends_on = unported.depends_on.filter(|note| *note < number);
        self.lose(node, depends_on.unwrap_or(number));
        self.lose_variables(node, depends_on.unwrap_or(number));
        self.notes.push(Note {
            number,
            kind: unported.kind,
            // These would look like interpolations.
            reason: unported.reason.replace("#{", "{").replace("${", "{"),
            line: self.line_of(start),
            ruby: self.shown(node),
            depends_on,
            depends_on_file: None,
            only_if_called: false,
            lack: unported.lack,
            failure: unported.failure.and_then(|failure| self.failure(node, failure)),
        });
        number
    }

    /// Returns the code in the file for a note, without what may be a secret.
    fn shown(&self, node: &Node<'_>) -> String {
        let start = node.location().start_offset();
        let end = end_of(node).max(start);
        let text = self.text.get(start..end).map(String::from_utf8_lossy);
        let text = text.map_or_else(|| source(node), std::borrow::Cow::into_owned);
        let indent = self.indent_of(start);
        let lines = text.lines().map(|line| {
            let blanks = line.len() - line.trim_start().len();
            line.get(blanks.min(indent)..).unwrap_or(line)
        });
        lines.map(printable).collect::<Vec<_>>().join("\n")
    }

    fn indent_of(&self, start: usize) -> usize {
        let before = self.text.get(..start).unwrap_or(&[]);
        before.iter().rev().take_while(|byte| **byte != b'\n').count()
    }

    /// Returns the line of a place, counted from 1.
    fn line_of(&self, offset: usize) -> usize {
        super::ruby::line_of(self.text, offset)
    }

    /// Returns a block that ends the run with this note; it takes the place of a block whose values were not carried over.
    fn barrier(&self, number: usize) -> Block {
        let reason = self.notes.iter().find(|note| note.number == number);
        let reason = reason.map_or("", |note| note.reason.as_str());
        let ends = Expr::call("unported", vec![Expr::Text(format!("{number}: {reason}"))]);
        Block::of(vec![Line::new(Statement::Value(ends))])
    }

    /// Reads a block that runs later.
    fn later(&mut self, nodes: &[Node<'_>], end: usize, gives: bool) -> Block {
        self.deferred += 1;
        let loops = std::mem::take(&mut self.loops);
        let found = self.found.take();
        let may = std::mem::replace(&mut self.may_change_directory, Self::changes_directory_plainly(nodes));
        let dir = self.local_dir.clone();
        let block = self.statements(nodes, end, gives);
        self.local_dir = dir;
        self.may_change_directory = may;
        self.found = found;
        self.loops = loops;
        self.deferred -= 1;
        block
    }

    fn carry(&mut self, construct: &str) {
        *self.carried.entry(construct.to_owned()).or_default() += 1;
    }

    /// Reports a difference, in a comment and in the report.
    fn remark(&mut self, text: &str) -> Line {
        self.remarks.push(text.to_owned());
        super::write::remark(text)
    }

    /// Returns an error for code that lacks what something else defines.
    fn lacks<T>(&self, kind: Kind, lack: Lack, reason: impl Into<String>) -> Read<T> {
        Err(Unported::new(kind, reason).lacking(lack))
    }

    /// Returns an error for code that has no form here.
    fn refuse<T>(&self, kind: Kind, reason: impl Into<String>) -> Read<T> {
        Err(Unported::new(kind, reason))
    }
}

/// Returns the Ruby libraries that the files require and that have no counterpart here.
pub(super) fn missing_libraries(facts: &Facts) -> Vec<String> {
    // Without a file of the project Capistrano fails, too.
    let fails = |path: &str| facts.is_on_disk && loads::is_of_project(path);
    let is_missing = |path: &&String| !is_at_hand(facts, path) && !fails(path);
    facts.libraries.iter().filter(is_missing).cloned().collect()
}

/// Returns true if all libraries that the files require are known with all that they define; their functions are so only if they have a
/// counterpart here.
pub(super) fn are_all_known(facts: &Facts, with_functions: bool) -> bool {
    let is_known = |path: &String| is_at_hand(facts, path) && !(with_functions && loads::only_called(path).is_some());
    facts.libraries.iter().all(is_known)
}

/// Returns true if one of the libraries that a deploy does not need may have tasks in this namespace.
pub(super) fn may_have_family(facts: &Facts, family: &str) -> bool {
    let mut left_out = facts.libraries.iter().filter(|path| loads::only_called(path).is_some());
    left_out.any(|path| path == "cape" || ruby_libraries::FAMILIES.contains(&family))
}

/// Returns the end of a statement with its strings: a heredoc continues after its line.
fn end_of(node: &Node<'_>) -> usize {
    let mut end = node.location().end_offset();
    super::nodes::each_node(node, &mut |node| {
        let closing = match (node.as_string_node(), node.as_interpolated_string_node()) {
            (Some(text), _) => text.closing_loc(),
            (_, Some(text)) => text.closing_loc(),
            _ => {
                let command = node.as_x_string_node().map(|text| text.closing_loc());
                command.or_else(|| Some(node.as_interpolated_x_string_node()?.closing_loc()))
            }
        };
        end = end.max(closing.map_or(0, |loc| loc.end_offset()));
        true
    });
    end
}
