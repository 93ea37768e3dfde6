//! Reads decisions, loops and assignments.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line, Statement};
use super::super::modules::hold_functions;
use super::super::note::{Kind, Read, Unported};
use super::super::ruby::{Offsets, arguments, behind, constant, content, id, literal, source, statements};
use super::Reader;
use super::locals::{Local, Type};

impl Reader<'_> {
    /// Reads one statement.
    pub(super) fn read_statement(&mut self, node: &Node<'_>, gives: bool) -> Read<Vec<Line>> {
        if let Some(lines) = self.code_of_gem(node) {
            return Ok(lines);
        }
        if hold_functions(node, &self.facts.vocabulary) || self.facts.errors.define(node) {
            // Each function is written where it is called, and each error where it is raised.
            return Ok(Vec::new());
        }
        if self.is_idle(node) {
            let line = source(node);
            let line = line.lines().next().unwrap_or_default();
            return Ok(vec![self.remark(&format!(
                "`{}`: nothing that was carried over makes objects of it",
                super::printable(line)
            ))]);
        }
        let mut before = self.before_statement(node)?;
        if self.assigned.contains_key(&node.location().start_offset()) && is_command(node) {
            return Ok(before);
        }
        let lines = self.read_alone(node, gives)?;
        before.extend(lines);
        Ok(before)
    }

    /// Returns the lines that stand before a statement: the assignments inside of it, and a command that is asked for its status later.
    fn before_statement(&mut self, node: &Node<'_>) -> Read<Vec<Line>> {
        let value = if let Some(write) = node.as_local_variable_write_node() {
            let (name, is_pathname) = (id(&write.name()), self.is_pathname(&write.value()));
            match is_pathname {
                true => self.pathnames.insert(name),
                false => self.pathnames.remove(&name),
            };
            Some(write.value())
        } else if let Some(write) = node.as_instance_variable_write_node() {
            Some(write.value())
        } else if let Some(write) = node.as_global_variable_write_node() {
            Some(write.value())
        } else {
            node.as_constant_write_node().map(|write| write.value())
        };
        match value {
            Some(value) => self.assigned_first(&value),
            None if node.as_call_node().is_some() || is_command(node) => self.assigned_first(node),
            None => Ok(Vec::new()),
        }
    }

    /// Reads one statement without what stands before it.
    fn read_alone(&mut self, node: &Node<'_>, gives: bool) -> Read<Vec<Line>> {
        if let Some(lines) = self.assignment(node)? {
            return Ok(lines);
        }
        if let Some(lines) = self.choice(node, gives)? {
            return Ok(lines);
        }
        if let Some(lines) = self.repetition(node)? {
            return Ok(lines);
        }
        if gives && let Some(lines) = self.given_by_begin(node)? {
            return Ok(lines);
        }
        if let Some(lines) = self.jump(node)? {
            return Ok(lines);
        }
        if gives
            && (node.as_and_node().is_some() || self.gives_value(node))
            && let Some(line) = self.value_given(node)
        {
            return Ok(vec![line]);
        }
        if let Some(call) = node.as_call_node()
            && let Some(lines) = self.call_statement(node, &call, gives)?
        {
            return Ok(lines);
        }
        if let Some(function) = node.as_def_node() {
            return self.function(node, &function);
        }
        if let Some(group) = node.as_parentheses_node() {
            let nodes = content(group.body().as_ref());
            return Ok(nodes.iter().flat_map(|node| self.statement(node, gives)).collect());
        }
        if let Some(both) = node.as_and_node() {
            let mut lines = self.assigned_first(&both.left())?;
            let condition = self.condition(&both.left())?;
            lines.push(self.only_if(condition, &both.right()));
            return Ok(lines);
        }
        if let Some(either) = node.as_or_node()
            && !gives
        {
            let mut lines = self.assigned_first(&either.left())?;
            let condition = self.condition(&either.left())?.negated();
            lines.push(self.only_if(condition, &either.right()));
            return Ok(lines);
        }
        if node.as_nil_node().is_some() && !gives {
            return Ok(Vec::new());
        }
        if !gives && let Some(command) = self.in_backticks(node)? {
            // Ruby does not ask how it ended.
            let name = "system".to_owned();
            return Ok(vec![Line::verb(Call { name, ..command })]);
        }
        Ok(vec![Line::new(Statement::Value(self.expression(node)?))])
    }

    /// Returns true for `list.map { … }` and `within "/srv" { … }` that give a value, and whose block does not only do something.
    fn gives_value(&self, node: &Node<'_>) -> bool {
        let Some(call) = node.as_call_node() else { return false };
        let name = id(&call.name());
        let is_of_list = matches!(name.as_str(), "collect" | "map" | "with_index");
        let Some(behind) = behind(&call) else {
            // This is `list.map(&:strip)`.
            return is_of_list && call.block().is_some();
        };
        let last = statements(behind.body.as_ref()).pop();
        if call.receiver().is_none() {
            let is_around = self.facts.version > 2 && matches!(name.as_str(), "as" | "with" | "within");
            return is_around && last.is_some_and(|last| self.gives_value(&last) || is_output(&last));
        }
        let last = last.and_then(|last| last.as_call_node().filter(|call| call.receiver().is_none()));
        let does = |call: CallNode<'_>| {
            let name = id(&call.name());
            let gives = matches!(
                name.as_str(),
                "capture" | "fetch" | "primary" | "roles" | "run_locally" | "test"
            );
            self.facts.vocabulary.is_verb(&name) && !gives || matches!(name.as_str(), "execute" | "system")
        };
        // What reads a file gives what its block makes of it.
        let is_of_file = name == "open" && call.receiver().as_ref().and_then(constant).as_deref() == Some("File");
        (is_of_list || is_of_file) && !last.is_some_and(does)
    }

    /// Returns the line with the value of an expression that may be a statement as well; `None` if it has no form as a value.
    fn value_given(&mut self, node: &Node<'_>) -> Option<Line> {
        let (notes, remarks) = (self.notes.len(), self.remarks.len());
        let value = self.expression(node).ok().filter(|_| self.notes.len() == notes);
        if value.is_none() {
            self.notes.truncate(notes);
            self.remarks.truncate(remarks);
        }
        value.map(|value| Line::new(Statement::Value(value)))
    }

    /// Returns the line for a statement behind a condition.
    fn only_if(&mut self, condition: Expr, then: &Node<'_>) -> Line {
        let then = self.statements(std::slice::from_ref(then), 0, false);
        Line::new(Statement::Value(Expr::If(vec![(condition, then)], None)))
    }

    /// Reads `if`, `unless` and `case`.
    fn choice(&mut self, node: &Node<'_>, gives: bool) -> Read<Option<Vec<Line>>> {
        if let Some(lines) = self.known_choice(node, gives) {
            return Ok(Some(lines));
        }
        if let Some(choice) = node.as_if_node() {
            if choice.subsequent().is_none() && always(&choice.predicate()) {
                let end = node.location().end_offset();
                return Ok(Some(self.list(choice.statements(), end, gives).lines));
            }
            if let Some(lines) =
                self.shell_choice(&choice.predicate(), choice.statements(), choice.subsequent(), false)?
            {
                return Ok(Some(lines));
            }
            let mut before = self.assigned_first(&choice.predicate())?;
            let (found, condition) = self.matching(&choice.predicate(), node)?;
            before.extend(found);
            self.is_known_at_load(&condition)?;
            let end = choice
                .subsequent()
                .map_or(node.location().end_offset(), |next| next.location().start_offset());
            let (condition, looked_for) = super::loads::looked_for(condition);
            let outer = std::mem::replace(&mut self.looked_for, looked_for);
            let then = self.list(choice.statements(), end, gives);
            self.looked_for = outer;
            let mut arms = vec![(condition, then)];
            let otherwise = self.rest(choice.subsequent(), &mut arms, gives)?;
            before.push(Line::new(Statement::Value(Expr::If(arms, otherwise))));
            return Ok(Some(before));
        }
        if let Some(choice) = node.as_unless_node() {
            let otherwise = choice.else_clause().map(|clause| clause.as_node());
            if let Some(lines) = self.shell_choice(&choice.predicate(), choice.statements(), otherwise, true)? {
                return Ok(Some(lines));
            }
            let mut before = self.assigned_first(&choice.predicate())?;
            let condition = self.condition(&choice.predicate())?.negated();
            self.is_known_at_load(&condition)?;
            let end = choice
                .else_clause()
                .map_or(node.location().end_offset(), |clause| clause.location().start_offset());
            let then = self.list(choice.statements(), end, gives);
            let otherwise = choice.else_clause().map(|clause| {
                let end = clause.location().end_offset();
                self.list(clause.statements(), end, gives)
            });
            before.push(Line::new(Statement::Value(Expr::If(
                vec![(condition, then)],
                otherwise,
            ))));
            return Ok(Some(before));
        }
        if let Some(case) = node.as_case_node() {
            let subject = case.predicate();
            let before = subject.map(|subject| self.assigned_first(&subject)).transpose()?;
            let mut lines = before.unwrap_or_default();
            lines.push(Line::new(Statement::Value(self.case(&case, gives)?)));
            return Ok(Some(lines));
        }
        Ok(None)
    }

    /// Returns true or false if a condition asks only what is the same in each run: the version of Capistrano, or whether a task is there.
    fn decided(&mut self, condition: &Node<'_>) -> Option<bool> {
        if let Some(is_so) = super::decided(condition, self.facts.version) {
            return Some(is_so);
        }
        match self.is_defined_task(condition)? {
            Expr::Bool(is_so) => Some(is_so),
            _ => None,
        }
    }

    /// Reads `Rake::Task.task_defined?("x")`; `None` for anything else, and if a library that was not read may define the task.
    pub(super) fn is_defined_task(&self, node: &Node<'_>) -> Option<Expr> {
        let call = node.as_call_node()?;
        let owner = call.receiver().map(|owner| source(&owner));
        match (owner.as_deref(), id(&call.name()).as_str()) {
            (Some("Rake::Task"), "task_defined?") => {}
            (None | Some("top"), "find_task") if self.facts.version < 3 => {}
            _ => return None,
        }
        let name = arguments(&call, false).values.first().and_then(literal)?;
        match self.facts.is_task(&name) {
            false if self.facts.is_open || !super::are_all_known(self.facts, true) => None,
            is_there => Some(Expr::Bool(is_there)),
        }
    }

    /// Reads `if` and `unless` with a condition that is decided: one of the branches.
    fn known_choice(&mut self, node: &Node<'_>, gives: bool) -> Option<Vec<Line>> {
        let end = node.location().end_offset();
        let (is_so, then, otherwise) = if let Some(choice) = node.as_if_node() {
            let is_so = self.decided(&choice.predicate())?;
            (is_so, choice.statements(), choice.subsequent())
        } else {
            let choice = node.as_unless_node()?;
            let is_so = self.is_guard(&choice.predicate()) || !self.decided(&choice.predicate())?;
            (
                is_so,
                choice.statements(),
                choice.else_clause().map(|clause| clause.as_node()),
            )
        };
        if is_so {
            return Some(self.list(then, end, gives).lines);
        }
        let Some(otherwise) = otherwise else {
            return Some(Vec::new());
        };
        match otherwise.as_else_node() {
            Some(clause) => Some(self.list(clause.statements(), end, gives).lines),
            None => Some(self.statement(&otherwise, gives)),
        }
    }

    /// Refuses a decision that depends on the stage where Capistrano itself does not know it yet.
    pub(super) fn is_known_at_load(&self, condition: &Expr) -> Read<()> {
        match self.deferred == 0 && self.lacks_stage() && super::variables::reads_stage(condition) {
            true => self.refuse(
                Kind::Construct,
                "the stage is not known yet when this is read: its own file says what differs",
            ),
            false => Ok(()),
        }
    }

    /// Reads `elsif` and `else`.
    fn rest(&mut self, next: Option<Node<'_>>, arms: &mut Vec<(Expr, Block)>, gives: bool) -> Read<Option<Block>> {
        let Some(next) = next else { return Ok(None) };
        if let Some(clause) = next.as_else_node() {
            let end = clause
                .end_keyword_loc()
                .map_or(next.location().end_offset(), |loc| loc.start_offset());
            return Ok(Some(self.list(clause.statements(), end, gives)));
        }
        let Some(choice) = next.as_if_node() else {
            return Ok(None);
        };
        let mut before = self.assigned_first(&choice.predicate())?;
        let condition = self.condition(&choice.predicate())?;
        let end = choice
            .subsequent()
            .map_or(next.location().end_offset(), |next| next.location().start_offset());
        let then = self.list(choice.statements(), end, gives);
        if before.is_empty() {
            arms.push((condition, then));
            return self.rest(choice.subsequent(), arms, gives);
        }
        // The assignment stands in the branch that makes the decision.
        let mut inner = vec![(condition, then)];
        let otherwise = self.rest(choice.subsequent(), &mut inner, gives)?;
        before.push(Line::new(Statement::Value(Expr::If(inner, otherwise))));
        Ok(Some(Block { lines: before, gives }))
    }

    /// Reads a condition that may keep the match of a regular expression for `$1`.
    fn matching(&mut self, predicate: &Node<'_>, whole: &Node<'_>) -> Read<(Vec<Line>, Expr)> {
        let call = predicate.as_call_node();
        let is_match = call.as_ref().is_some_and(|call| id(&call.name()) == "=~");
        let whole = source(whole);
        let asks = whole.contains('$') || whole.contains("last_match");
        if let (true, Some(call)) = (is_match && asks, call)
            && let Some(left) = call.receiver()
            && let [right] = arguments(&call, false).values.as_slice()
        {
            let (text, pattern) = self.matched(&left, right)?;
            let local = Local {
                kind: Type::Maybe,
                ..Local::default()
            };
            let mut name = "found".to_owned();
            while self.local(&name).is_some() {
                name.push('_');
            }
            let name = self.declare(&name, local);
            self.found = Some(name.clone());
            let captures = Expr::call("captures", vec![text, pattern]);
            let line = Line::new(Statement::Let(name.clone(), captures));
            return Ok((vec![line], Expr::Name(name).binary("!=", Expr::Unit)));
        }
        Ok((Vec::new(), self.condition(predicate)?))
    }

    /// Reads `if` as a value.
    pub(super) fn if_value(&mut self, choice: &ruby_prism::IfNode<'_>) -> Read<Expr> {
        let notes = self.notes.len();
        let found = self.found.clone();
        let (mut lines, condition) = self.matching(&choice.predicate(), &choice.as_node())?;
        let then = self.list(choice.statements(), 0, true);
        let mut arms = vec![(condition, then)];
        let otherwise = self.rest(choice.subsequent(), &mut arms, true)?;
        self.without_notes(notes)?;
        let chosen = Expr::If(arms, otherwise);
        if lines.is_empty() {
            return Ok(chosen);
        }
        // The match is known in the value alone.
        self.found = found;
        lines.push(Line::new(Statement::Value(chosen)));
        Ok(Expr::Block(Block { lines, gives: true }))
    }

    pub(super) fn unless_value(&mut self, choice: &ruby_prism::UnlessNode<'_>) -> Read<Expr> {
        let notes = self.notes.len();
        let condition = self.condition(&choice.predicate())?.negated();
        let then = self.list(choice.statements(), 0, true);
        let otherwise = choice
            .else_clause()
            .map(|clause| self.list(clause.statements(), 0, true));
        self.without_notes(notes)?;
        Ok(Expr::If(vec![(condition, then)], otherwise))
    }

    /// Reads statements that are refused as a whole if a part of them was not carried over.
    pub(super) fn all_statements(&mut self, nodes: &[Node<'_>], end: usize, gives: bool) -> Read<Block> {
        let notes = self.notes.len();
        let block = self.statements(nodes, end, gives);
        self.without_notes(notes)?;
        Ok(block)
    }

    /// Refuses a value as a whole if a part of it was not carried over.
    pub(super) fn without_notes(&mut self, before: usize) -> Read<()> {
        let first = self.notes.get(before).map(Unported::around);
        self.notes.truncate(before);
        first.map_or(Ok(()), Err)
    }

    /// Reads `return`, `next`, `break`, `begin`, and `… rescue …`.
    fn jump(&mut self, node: &Node<'_>) -> Read<Option<Vec<Line>>> {
        let one = |statement| Ok(Some(vec![Line::new(statement)]));
        let arguments = node
            .as_return_node()
            .map(|node| node.arguments())
            .or_else(|| node.as_next_node().map(|node| node.arguments()));
        if let Some(arguments) = arguments {
            let values: Vec<Node<'_>> = arguments
                .iter()
                .flat_map(|list| list.arguments().iter().collect::<Vec<_>>())
                .collect();
            let is_next = node.as_next_node().is_some() && self.loops.has_own();
            if let [said] = values.as_slice()
                && says(said)
            {
                // What is said has no value.
                let mut lines = self.statement(said, false);
                lines.push(Line::new(match is_next {
                    true => Statement::Continue,
                    false => Statement::Return(None),
                }));
                return Ok(Some(lines));
            }
            if is_next {
                return one(Statement::Continue);
            }
            return match values.as_slice() {
                [] => one(Statement::Return(None)),
                [value] => {
                    let value = self.expression(value)?;
                    one(Statement::Return(Some(value)))
                }
                values => {
                    let values = self.expressions(values)?;
                    one(Statement::Return(Some(Expr::List(values))))
                }
            };
        }
        if node.as_retry_node().is_some() {
            // The loop begins anew.
            return one(Statement::Continue);
        }
        if node.as_break_node().is_some() {
            return match (self.loops.has_own(), &self.channel) {
                (true, _) => one(Statement::Break),
                // The `break` is the last statement of the output block.
                (false, Some(channel)) => {
                    let end = Expr::Name(channel.clone()).method("close", Vec::new());
                    one(Statement::Value(end))
                }
                (false, None) => self.refuse(Kind::Construct, "`break` outside of a loop"),
            };
        }
        if let Some(rescued) = node.as_rescue_modifier_node() {
            let body = self.statements(&[rescued.expression()], 0, false);
            let otherwise = match rescued.rescue_expression() {
                // The name of a class there does nothing either.
                nothing
                    if nothing.as_nil_node().is_some()
                        || nothing.as_false_node().is_some()
                        || constant(&nothing).is_some() =>
                {
                    Block::default()
                }
                other => self.statements(&[other], 0, false),
            };
            return one(Statement::Try(body, None, otherwise));
        }
        match node.as_begin_node() {
            Some(begin) => self.begin(&begin).map(Some),
            None => Ok(None),
        }
    }

    /// Returns a loop over the items of a list.
    pub(super) fn each(&mut self, names: &[(String, Type)], list: Expr, nodes: &[Node<'_>], end: usize) -> Line {
        self.scopes.push(std::collections::BTreeMap::new());
        let written: Vec<String> = names
            .iter()
            .map(|(name, kind)| {
                let local = Local {
                    kind: *kind,
                    ..Local::default()
                };
                self.declare(name, local)
            })
            .collect();
        self.loops.begin();
        let body = self.statements(nodes, end, false);
        self.loops.end();
        self.scopes.pop();
        self.carry("each");
        Line::new(Statement::For(written, list, body))
    }
}

/// Returns true for a question that each recipe of capr answers with yes: `if respond_to?(:namespace)` keeps files of
/// Capistrano 2 from being read by 1.
fn always(predicate: &Node<'_>) -> bool {
    const HAS: [&str; 7] = [
        "default_environment",
        "default_run_options",
        "logger",
        "namespace",
        "roles",
        "run",
        "ssh_options",
    ];
    let Some(call) = predicate.as_call_node() else {
        return false;
    };
    let asked = arguments(&call, false).values.first().and_then(literal);
    id(&call.name()) == "respond_to?" && asked.is_some_and(|asked| HAS.contains(&asked.as_str()))
}

/// Returns true for a command of this machine alone.
fn is_command(node: &Node<'_>) -> bool {
    let is_system = |call: CallNode<'_>| id(&call.name()) == "system" && call.receiver().is_none();
    node.as_x_string_node().is_some()
        || node.as_interpolated_x_string_node().is_some()
        || node.as_call_node().is_some_and(is_system)
}

/// Returns true for words that say something: `next warn "…"`, `return puts "…"`.
fn says(node: &Node<'_>) -> bool {
    const WORDS: [&str; 8] = ["debug", "error", "fatal", "info", "print", "puts", "say", "warn"];
    let Some(call) = node.as_call_node() else { return false };
    let of_logger = call.receiver().is_none_or(|of| source(&of) == "logger");
    of_logger && call.arguments().is_some() && WORDS.contains(&id(&call.name()).as_str())
}

/// Returns true for `capture(…)`, `test(…)` and what is made of them by methods.
fn is_output(node: &Node<'_>) -> bool {
    let Some(call) = node.as_call_node() else { return false };
    match call.receiver() {
        Some(receiver) => is_output(&receiver),
        None => matches!(id(&call.name()).as_str(), "capture" | "test"),
    }
}
