//! Code of `config/deploy.rb` that needs the stage while it is loaded. Capistrano 3 reads that file when the stage is known; a recipe of
//! capr is read before, and code that differs by stage goes into `on :stage`.

use std::collections::BTreeSet;

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line, Statement, sets};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, behind, id, literal, source, statements};
use super::super::walk;
use super::Reader;
use super::loading::{lazy, of, of_function, read_of};

impl Reader<'_> {
    /// Notes that the stage is not known yet where a recipe of capr is read.
    pub(super) fn begin_late(&mut self) {
        let facts = self.facts;
        // A file that config/deploy.rb loads is read when the stage is known, too.
        let of_main = facts.main_file.zip(facts.files.get(self.file));
        let is_loaded =
            of_main.is_some_and(|(main, own)| facts.named_by.contains(&(main, own.trim_end_matches(".rb").to_owned())));
        let is_main = facts.main_file == Some(self.file) || is_loaded;
        if !is_main && facts.stages.files.iter().any(|stage| *stage < self.file) {
            self.late.clear();
        }
        if self.facts.version > 2 && is_main && !self.facts.stages.is_empty() {
            self.late.insert("stage".to_owned());
            let asks = |source: &str| {
                source.contains("fetch(:stage") || source.contains("fetch :stage") || source.contains("#{stage}")
            };
            let functions = self.facts.functions.iter();
            let late = functions.filter(|(_, function)| asks(&function.source));
            let names: Vec<String> = late.map(|(name, _)| of_function(&self.function_name(name))).collect();
            self.late.extend(names);
        }
        if self.facts.stages.files.contains(&self.file) {
            self.late.clear();
        }
    }

    /// Returns true if Capistrano itself does not know the stage while it reads this file.
    pub(super) fn lacks_stage(&self) -> bool {
        let is_stage = self.facts.stages.files.contains(&self.file);
        !self.facts.stages.is_empty() && !is_stage && !self.late.contains("stage")
    }

    /// Takes the stage as an empty string where nobody has said it yet, as Ruby does with `nil` in a string.
    pub(super) fn before_the_stage(&self, block: &mut Block) {
        if self.deferred > 0 || !self.lacks_stage() {
            return;
        }
        walk::each_value(block, &mut |value| {
            if is_the_stage(value) {
                *value = Expr::call("fetch", vec![Expr::symbol("stage"), Expr::text("")]);
            }
        });
    }

    /// Takes the application as an empty string in the description of a task of Capistrano 3 that is read before config/deploy.rb, likewise.
    pub(super) fn before_the_main_file(&self, block: &mut Block) {
        let is_main = self.facts.main_file.is_none_or(|main| main == self.file);
        if self.deferred > 0 || self.facts.version < 3 || is_main || !self.lacks_stage() {
            return;
        }
        walk::each_value(block, &mut |value| {
            if *value == Expr::name("application") && !self.set.contains("application") {
                *value = Expr::text("");
            }
        });
    }

    /// Returns true if one value is the stage, which is a symbol in Capistrano 3 and with the library for stages of 2, and the other one a
    /// string: these are never equal.
    pub(super) fn is_never_equal(&self, left: (&Node<'_>, &Expr), right: (&Node<'_>, &Expr)) -> bool {
        let facts = self.facts;
        let is_set = || facts.variables.get("stage").is_some_and(|given| given.unknown);
        let by_library = || facts.libraries.iter().any(|path| path == "capistrano/ext/multistage") && !is_set();
        let is_of_version = facts.version > 2 || facts.version == 2 && by_library();
        let is_symbol = is_of_version && !facts.stages.is_empty() && !facts.stages.is_text;
        let differ = |stage: &Expr, other: &Node<'_>| is_the_stage(stage) && other.as_string_node().is_some();
        is_symbol && (differ(left.1, right.0) || differ(right.1, left.0))
    }

    /// Returns true if a value at the top of the file needs the stage.
    pub(super) fn is_late(&self, value: &Expr) -> bool {
        self.deferred == 0 && !self.loops.is_within() && self.scopes.len() == 1 && of(value, &self.late).is_some()
    }

    /// Returns true for a task of the recipe that does what a stage does here: it says which one it is, and loads its file. So do a loop over
    /// such tasks and the description of one.
    pub(super) fn is_own_stage(&self, node: &Node<'_>, next: Option<&Node<'_>>) -> bool {
        let Some(call) = node
            .as_call_node()
            .filter(|_| self.facts.version < 3 && !self.facts.stages.is_empty())
        else {
            return false;
        };
        let Some(behind) = behind(&call) else {
            return is_call(node, "desc") && next.is_some_and(|next| self.is_own_stage(next, None));
        };
        let nodes = statements(behind.body.as_ref());
        if is_call(node, "task") {
            let name = arguments(&call, false).values.first().and_then(literal);
            let is_stage = name.is_none_or(|name| self.facts.stages.contains(&name));
            let says = |node: &Node<'_>| is_call(node, "set") && source(node).contains(":stage,");
            return is_stage
                && nodes.iter().any(loads_stage)
                && nodes.iter().all(|node| loads_stage(node) || says(node));
        }
        let is_task = |node: &Node<'_>| is_call(node, "task") && self.is_own_stage(node, None);
        let is_beside = |node: &Node<'_>| is_call(node, "desc") || node.as_local_variable_write_node().is_some();
        id(&call.name()) == "each"
            && nodes.iter().any(is_task)
            && nodes.iter().all(|node| is_task(node) || is_beside(node))
    }

    /// Returns true if a value at the top of the file needs the stage, and the file of a stage sets anew what it is made of: then it is not
    /// made when somebody asks for it, but before that file is read.
    pub(super) fn is_made_anew(&self, value: &Expr) -> bool {
        let facts = self.facts;
        let is_of_stage = |name: &str, files: &BTreeSet<usize>| match name {
            "stage" => facts.stages.is_renamed,
            name => self.set.contains(name) && !files.is_disjoint(&facts.stages.files),
        };
        let anew = facts.set_in.iter().filter(|(name, files)| is_of_stage(name, files));
        let anew: BTreeSet<String> = anew.flat_map(|(name, _)| self.with_those_made_of(name)).collect();
        self.is_late(value) && of(value, &anew).is_some()
    }

    /// Returns true if such a value needs nothing else that is known later.
    pub(super) fn is_made_at_stage(&mut self, value: &Expr) -> bool {
        self.knows_stage = true;
        let waits = self.is_early(value);
        self.knows_stage = false;
        !waits && self.is_made_anew(value)
    }

    /// Reads a task with the name of a stage. In Capistrano 3 the stage is a task, and this adds to it: it runs once the stage is read.
    /// In 2 it takes the place of the stage.
    pub(super) fn task_of_stage(&mut self, call: &CallNode<'_>, task: &Expr, needs: bool) -> Read<Option<Vec<Line>>> {
        let name = task.literal().map(|name| self.full_name(name));
        if name.is_none() && self.facts.version < 3 && !self.facts.stages.is_empty() {
            let body = behind(call).map(|behind| statements(behind.body.as_ref()));
            if body.unwrap_or_default().iter().any(loads_stage) {
                let reason = "tasks have the names of stages: what they do belongs into the files of the stages";
                return self.refuse(Kind::Construct, reason);
            }
        }
        let Some(stage) = name.filter(|name| self.facts.stages.contains(name)) else {
            return Ok(None);
        };
        match behind(call).filter(|_| self.facts.version > 2 && !needs) {
            Some(behind) => {
                let block = self.later(&statements(behind.body.as_ref()), behind.end, false);
                Ok(Some(vec![behind_stage(&stage, block)]))
            }
            None => {
                let reason = format!(
                    "the task `{stage}` has the name of a stage: what it sets belongs into the file of the stage"
                );
                self.refuse(Kind::Construct, reason)
            }
        }
    }

    /// Reads `set :stage, :other`. The name of the file is what the stage is called before it.
    pub(super) fn other_stage(&mut self, value: Option<&Node<'_>>) -> Read<Option<Vec<Line>>> {
        let is_stage = self.facts.stages.files.contains(&self.file);
        let file = self.facts.files.get(self.file).map_or("", String::as_str);
        let stem = file.rsplit('/').next().and_then(|file| file.strip_suffix(".rb"));
        let named = value.and_then(literal);
        let named = named.as_deref();
        // The recipe for all stages comes before the file of the stage.
        let is_said_before = || {
            let mut files = self.facts.set_in.get("stage").into_iter().flatten();
            self.facts.version > 2 && files.any(|file| !self.facts.stages.files.contains(file))
        };
        let is_task = || stem.is_some_and(|stem| self.facts.vocabulary.tasks.contains(stem));
        let is_same = match is_stage {
            true => named == stem && !is_task() && !is_said_before(),
            // In 2 the stage is set later than this.
            false => self.facts.version < 3 || self.facts.stages.iter().all(|stage| named == Some(stage)),
        };
        let (false, Some(value)) = (is_same, value) else {
            return Ok(Some(Vec::new()));
        };
        let set = vec![Expr::symbol("stage"), self.expression(value)?];
        let line = Line::verb(Call::new("set", set));
        Ok(Some(match is_stage {
            true => vec![line],
            false => vec![Line::verb(Call::with_block(
                "on",
                vec![Expr::symbol("stage")],
                Block::of(vec![line]),
            ))],
        }))
    }

    /// Puts lines that need the stage while the recipe is loaded into `on :stage`.
    pub(super) fn at_stage(&mut self, mut lines: Vec<Line>) -> Vec<Line> {
        if self.deferred > 0 || self.late.is_empty() {
            return lines;
        }
        if let [
            Line {
                statement: Statement::Verb(call),
                ..
            },
        ] = lines.as_slice()
            && sets(&call.name)
            && let Some(name) = call.arguments.first().and_then(Expr::literal)
        {
            let is_late = call
                .block
                .iter()
                .any(|block| read_of(&block.lines, &self.late).is_some());
            if is_late {
                self.late.extend(self.with_those_made_of(name));
                return lines;
            }
        }
        if read_of(&lines, &self.late).is_none() && !lines.iter().any(tries_at_stage) {
            return lines;
        }
        if let [
            Line {
                statement: Statement::Verb(call),
                ..
            },
        ] = lines.as_mut_slice()
            && !reads_itself(call)
            && !call.arguments.get(1).is_some_and(|value| self.is_made_anew(value))
            && let Some(variable) = lazy(call)
        {
            self.late.extend(self.with_those_made_of(&variable));
            return lines;
        }
        let mut block = Block::of(lines);
        let mut given = BTreeSet::new();
        variables(&mut block, &mut given);
        for name in &given {
            self.set.remove(name);
            self.late.extend(self.with_those_made_of(name));
        }
        unwrap(&mut block);
        let mut above = Vec::new();
        if let Some(first) = block.lines.first_mut() {
            above.append(&mut first.above);
        }
        self.carry("a decision by stage");
        vec![Line {
            above,
            ..Line::verb(Call::with_block("on", vec![Expr::symbol("stage")], block))
        }]
    }
}

/// Returns true for `set :a, fetch(:a) + …`: a block that reads its own variable would never end.
fn reads_itself(call: &Call) -> bool {
    let name = call.arguments.first().and_then(Expr::literal).unwrap_or_default();
    let own = BTreeSet::from([name.to_owned()]);
    call.arguments.get(1).is_some_and(|value| of(value, &own).is_some())
}

/// Returns the hook that runs these lines once the stage is read, if it is this one.
pub(super) fn behind_stage(stage: &str, block: Block) -> Line {
    let is_it = Expr::name("stage").binary("==", Expr::text(stage));
    Line::at_start(vec![Line::new(Statement::Value(Expr::If(vec![(is_it, block)], None)))])
}

/// Returns true for a call of one of Capistrano's words.
fn is_call(node: &Node<'_>, word: &str) -> bool {
    let call = node.as_call_node();
    call.is_some_and(|call| id(&call.name()) == word && call.receiver().is_none())
}

/// Returns true for the loading of the file of a stage, or of one that a variable names.
fn loads_stage(node: &Node<'_>) -> bool {
    let Some(call) = node.as_call_node().filter(|_| is_call(node, "load")) else {
        return false;
    };
    let given = arguments(&call, false).values;
    given
        .first()
        .is_some_and(|path| source(path).contains("deploy/") || path.as_local_variable_read_node().is_some())
}

/// Returns true if an expression is the stage, and nothing else.
fn is_the_stage(value: &Expr) -> bool {
    match value {
        Expr::Name(name) => name == "stage",
        Expr::Call(call) => call.name == "fetch" && is_stage(call),
        _ => false,
    }
}

/// Adds the variables that a block sets.
fn variables(block: &mut Block, into: &mut BTreeSet<String>) {
    for line in &mut block.lines {
        match &line.statement {
            Statement::Verb(call) if sets(&call.name) => {
                into.extend(call.arguments.first().and_then(Expr::literal).map(str::to_owned));
            }
            // It sets them where it is called.
            Statement::Function(..) => {}
            _ => line
                .statement
                .blocks()
                .into_iter()
                .for_each(|inner| variables(inner, into)),
        }
    }
}

/// Takes inner `on :stage` away: what is in it runs with the outer one.
fn unwrap(block: &mut Block) {
    let mut lines = Vec::new();
    for mut line in std::mem::take(&mut block.lines) {
        if let Statement::Verb(call) = &mut line.statement
            && call.name == "on"
            && is_stage(call)
        {
            let mut inner = call.block.take().unwrap_or_default();
            unwrap(&mut inner);
            if let Some(first) = inner.lines.first_mut() {
                line.above.append(&mut first.above);
                first.above = line.above;
            }
            lines.append(&mut inner.lines);
            continue;
        }
        line.statement.blocks().into_iter().for_each(unwrap);
        lines.push(line);
    }
    block.lines = lines;
}

/// Returns true for `begin … rescue` around code that runs when the stage is known: its errors are rescued there.
fn tries_at_stage(line: &Line) -> bool {
    fn holds(line: &Line) -> bool {
        match &line.statement {
            Statement::Verb(call) => {
                call.name == "on" && is_stage(call) || call.block.iter().any(|block| block.lines.iter().any(holds))
            }
            Statement::Try(body, _, otherwise) => body.lines.iter().chain(&otherwise.lines).any(holds),
            _ => false,
        }
    }
    matches!(line.statement, Statement::Try(..)) && holds(line)
}

fn is_stage(call: &Call) -> bool {
    call.arguments.first().and_then(Expr::literal) == Some("stage")
}
