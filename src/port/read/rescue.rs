//! Reads what is done after errors: `rescue`, `else` and `ensure`.

use std::collections::BTreeSet;

use ruby_prism::Node;

use super::super::form::{Block, Call, Expr, Line, Statement};
use super::super::nodes::each_node;
use super::super::note::{Kind, Read};
use super::super::ruby::{Offsets, constant, id, source, statements};
use super::super::walk::each_value;
use super::Reader;
use super::locals::Local;

/// Moves a `try` to the start of the run if a part of its body only runs there: what follows in it needs that part. Adds the variables that
/// are set there.
fn at_start(mut line: Line, given: &mut BTreeSet<String>) -> Line {
    let Statement::Try(body, ..) = &mut line.statement else {
        return line;
    };
    let is_late = |line: &Line| {
        matches!(&line.statement, Statement::Verb(call)
            if call.name == "on" && call.arguments.first().and_then(Expr::literal) == Some("start"))
    };
    if !body.lines.iter().any(is_late) {
        return line;
    }
    for part in std::mem::take(&mut body.lines) {
        if !is_late(&part) {
            body.lines.push(part);
        } else if let Statement::Verb(Call { block: Some(block), .. }) = part.statement {
            body.lines.extend(block.lines);
        }
    }
    given.extend(super::super::waiting::set_in(&mut line));
    let above = std::mem::take(&mut line.above);
    let call = Call::with_block("on", vec![Expr::symbol("start")], Block::of(vec![line]));
    Line {
        above,
        ..Line::verb(call)
    }
}

impl Reader<'_> {
    /// Reads `begin … rescue … ensure … end`.
    pub(super) fn begin(&mut self, begin: &ruby_prism::BeginNode<'_>) -> Read<Vec<Line>> {
        let lines = self.begin_into(begin, None)?;
        if self.deferred > 0 {
            return Ok(lines);
        }
        let mut given = BTreeSet::new();
        let lines = lines.into_iter().map(|line| at_start(line, &mut given)).collect();
        for name in given {
            self.unsure.extend(self.with_those_made_of(&name));
        }
        Ok(lines)
    }

    /// Reads a `begin` whose value a local takes, if one is named.
    fn begin_into(&mut self, begin: &ruby_prism::BeginNode<'_>, into: Option<&str>) -> Read<Vec<Line>> {
        if let Some(ensure) = begin.ensure_clause() {
            return self.ensured(begin, &ensure, into);
        }
        match begin.rescue_clause() {
            Some(rescue) => self.rescued(begin, &rescue, into),
            None => {
                let nodes = statements(begin.statements().as_ref());
                Ok(nodes.iter().flat_map(|node| self.statement(node, false)).collect())
            }
        }
    }

    /// Reads a part of a `begin`, and puts its value into the local, if one is named.
    fn part_into(&mut self, list: Option<ruby_prism::StatementsNode<'_>>, end: usize, into: Option<&str>) -> Block {
        let mut block = self.list(list, end, into.is_some());
        if let Some(name) = into {
            assign_last(&mut block, name);
        }
        block
    }

    /// Reads a `begin` or `x rescue y` whose value the block around it gives; `None` for anything else.
    pub(super) fn given_by_begin(&mut self, node: &Node<'_>) -> Read<Option<Vec<Line>>> {
        let begin = node.as_begin_node();
        let rescued = node.as_rescue_modifier_node();
        let has_parts =
            |begin: &ruby_prism::BeginNode<'_>| begin.rescue_clause().is_some() || begin.ensure_clause().is_some();
        if rescued.is_none() && !begin.as_ref().is_some_and(has_parts) {
            return Ok(None);
        }
        let mut name = self.free_name("value");
        while source(node).contains(&name) {
            name.push('_');
        }
        let local = Local {
            written: name.clone(),
            ..Local::default()
        };
        // No local of Ruby has this name.
        self.scopes.push([("(value)".to_owned(), local)].into());
        let lines = match (&begin, &rescued) {
            (Some(begin), _) => self.begin_into(begin, Some(&name)),
            (None, Some(rescued)) => Ok(self.tried_into(rescued, &name)),
            (None, None) => return Ok(None),
        };
        self.scopes.pop();
        let mut lines = lines?;
        if lines.iter_mut().any(|line| is_given(line, &name)) {
            self.carry("rescue");
            lines.insert(0, Line::new(Statement::Let(name.clone(), Expr::Unit)));
            lines.push(Line::new(Statement::Value(Expr::Name(name))));
        }
        Ok(Some(lines))
    }

    /// Reads `x rescue y`, whose value the local takes.
    fn tried_into(&mut self, rescued: &ruby_prism::RescueModifierNode<'_>, name: &str) -> Vec<Line> {
        let mut part = |node: Node<'_>| {
            let mut block = self.statements(&[node], 0, true);
            assign_last(&mut block, name);
            block
        };
        let body = part(rescued.expression());
        let other = part(rescued.rescue_expression());
        vec![Line::new(Statement::Try(body, None, other))]
    }

    /// Reads `begin … rescue … else … end` without its `ensure`.
    fn rescued(
        &mut self,
        begin: &ruby_prism::BeginNode<'_>,
        rescue: &ruby_prism::RescueNode<'_>,
        into: Option<&str>,
    ) -> Read<Vec<Line>> {
        let (stop, end) = (rescue.location().start_offset(), begin.location().end_offset());
        let clauses = begin.else_clause().map(|clause| clause.as_node());
        let mut before = self.set_before(begin, clauses.into_iter().chain([rescue.as_node()]));
        let retries = has_retry(&rescue.as_node());
        let of_body = into.filter(|_| begin.else_clause().is_none());
        let mut body = self.part_into(begin.statements(), stop, of_body);
        let may_be_text = may_throw_text(&mut body);
        let (name, otherwise) = self.rescues(begin, rescue, (end, into, may_be_text))?;
        if retries {
            before.extend(self.tried_again(body, name, otherwise, begin.else_clause().is_some())?);
            return Ok(before);
        }
        let Some(clause) = begin.else_clause() else {
            before.push(Line::new(Statement::Try(body, name, otherwise)));
            return Ok(before);
        };
        // The statements of `else` run if nothing was raised, and their errors are not rescued.
        let went_well = Expr::name("went_well");
        body.lines
            .push(Line::new(Statement::Assign(went_well.clone(), "=", Expr::Bool(true))));
        let then = self.part_into(clause.statements(), clause.location().end_offset(), into);
        before.extend([
            Line::new(Statement::Let("went_well".to_owned(), Expr::Bool(false))),
            Line::new(Statement::Try(body, name, otherwise)),
            Line::new(Statement::Value(Expr::If(vec![(went_well, then)], None))),
        ]);
        Ok(before)
    }

    /// Declares the locals that the body of a `begin` sets and its other parts can read.
    fn set_before<'n>(
        &mut self,
        begin: &ruby_prism::BeginNode<'n>,
        others: impl Iterator<Item = Node<'n>>,
    ) -> Vec<Line> {
        let body = begin.statements().map(|list| list.as_node());
        let nodes: Vec<Node<'n>> = body.into_iter().chain(others).collect();
        let mut lines = Vec::new();
        for name in self.early(&nodes) {
            let name = self.declare(&name, Local::default());
            lines.push(Line::new(Statement::Let(name, Expr::Unit)));
        }
        lines
    }

    /// Reads the `rescue` of a `begin`, and those behind it: the name of the error, and what is done after it. The error may be a
    /// string if the body can throw one.
    fn rescues(
        &mut self,
        begin: &ruby_prism::BeginNode<'_>,
        first: &ruby_prism::RescueNode<'_>,
        (end, into, may_be_text): (usize, Option<&str>, bool),
    ) -> Read<(Option<String>, Block)> {
        let code = |body: Option<ruby_prism::StatementsNode<'_>>| body.map(|body| source(&body.as_node()));
        let tried = code(begin.statements()).unwrap_or_default();
        let raises = may_be_text
            || tried.contains("raise")
            || tried.contains("yield")
            || self.block.as_ref().is_some_and(|block| tried.contains(block.as_str()));
        let raises_own = self.facts.errors.names().any(|name| tried.contains(name.as_str()));
        let (mut arms, mut rest, mut written) = (Vec::new(), None, None);
        let mut next = Some(first.as_node());
        while let Some(rescue) = next.as_ref().and_then(Node::as_rescue_node) {
            let asked = self.asked_class(&rescue, raises_own)?;
            let body = code(rescue.statements()).unwrap_or_default();
            let named = rescue.reference().and_then(|node| node.as_local_variable_target_node());
            let named = named.map(|target| id(&target.name()));
            self.scopes.push(std::collections::BTreeMap::new());
            let is_used = named.is_some() || written.is_some() || asked.is_some() || body.contains("raise");
            let own = is_used.then(|| match &named {
                Some(name) => self.declare(name, Local::default()),
                None => self.free_name("error"),
            });
            let raised = self.raised.clone();
            match &own {
                Some(own) if raises => drop(self.raised.insert(own.clone())),
                Some(own) => drop(self.raised.remove(own)),
                None => {}
            }
            let outer = std::mem::replace(&mut self.caught, own.clone());
            let stop = rescue.subsequent().map_or(end, |next| next.location().start_offset());
            let mut block = self.part_into(rescue.statements(), stop, into);
            self.caught = outer;
            self.raised = raised;
            self.scopes.pop();
            let whole = written.get_or_insert_with(|| own.clone());
            if let (Some(own), Some(whole), true) = (&own, &whole, own != *whole) {
                let same = Statement::Let(own.clone(), Expr::name(whole));
                block.lines.insert(0, Line::new(same));
            }
            next = rescue.subsequent().map(|next| next.as_node());
            match (asked, rest.is_none()) {
                (Some(asked), true) => arms.push((asked, block)),
                (None, true) => rest = Some(block),
                (_, false) => return self.refuse(Kind::Construct, "a `rescue` behind one that takes all errors"),
            }
        }
        let name = written.flatten();
        if arms.is_empty() {
            return Ok((name, rest.unwrap_or_default()));
        }
        let error = Expr::name(name.as_deref().unwrap_or("error"));
        for (asked, _) in &mut arms {
            *asked = Expr::call("ruby_is_error", vec![error.clone(), asked.clone()]);
        }
        let again = || Block::of(vec![Line::new(Statement::Throw(error.clone()))]);
        let whole = Expr::If(arms, Some(rest.unwrap_or_else(again)));
        Ok((name, Block::of(vec![Line::new(Statement::Value(whole))])))
    }

    /// Returns the names of the recipe's own errors that a `rescue` takes; `None` if it takes all errors that can arise.
    fn asked_class(&self, rescue: &ruby_prism::RescueNode<'_>, raises_own: bool) -> Read<Option<Expr>> {
        let (mut own, mut is_foreign, mut has_general) = (Vec::new(), false, false);
        for class in &rescue.exceptions() {
            let name = constant(&class).unwrap_or_default();
            match self.facts.errors.known(&name) {
                Some(name) => own.extend(self.facts.errors.with_derived(&name)),
                None if matches!(name.as_str(), "StandardError" | "Exception") => has_general = true,
                None => is_foreign = true,
            }
        }
        match (own.is_empty(), is_foreign || has_general) {
            (false, false) => Ok(Some(Expr::List(own.iter().map(|name| Expr::text(name)).collect()))),
            (true, _) if !is_foreign || !raises_own => Ok(None),
            (_, true) if has_general => Ok(None),
            _ => self.refuse(Kind::Construct, "a `rescue` of errors of Ruby beside one of its own"),
        }
    }

    /// Returns a `begin` with `retry` among what is done after errors: it is a loop that ends when nothing says `retry`.
    fn tried_again(&self, mut body: Block, name: Option<String>, otherwise: Block, has_else: bool) -> Read<Vec<Line>> {
        // The `next` and `break` of a loop around it would mean this loop.
        if has_else || self.loops.has_own() && (jumps(&body) || jumps(&otherwise)) {
            return self.refuse(Kind::Construct, "`retry` beside a jump out of a loop");
        }
        let done = || Line::new(Statement::Break);
        body.lines.push(done());
        let whole = Block::of(vec![Line::new(Statement::Try(body, name, otherwise)), done()]);
        Ok(vec![Line::new(Statement::While(Expr::Bool(true), whole))])
    }

    /// Reads `ensure`: its statements run after success, and after an error, which is then thrown again.
    fn ensured(
        &mut self,
        begin: &ruby_prism::BeginNode<'_>,
        ensure: &ruby_prism::EnsureNode<'_>,
        into: Option<&str>,
    ) -> Read<Vec<Line>> {
        let start = ensure.location().start_offset();
        let mut lines = self.set_before(begin, std::iter::once(ensure.as_node()));
        let mut body = match begin.rescue_clause() {
            None => self.part_into(begin.statements(), start, into),
            Some(rescue) => Block::of(self.rescued(begin, &rescue, into)?),
        };
        let end = ensure.location().end_offset();
        let mut after = self.list(ensure.statements(), end, false);
        let mut again = after.clone();
        for line in &mut again.lines {
            line.above.clear();
        }
        done_before_jumps(&mut body, &again.lines, false);
        again.lines.push(Line::new(Statement::Throw(Expr::name("error"))));
        lines.push(Line::new(Statement::Try(body, Some("error".to_owned()), again)));
        lines.append(&mut after.lines);
        Ok(lines)
    }

    /// Reads `begin … rescue … end` as a value.
    pub(super) fn begin_value(&mut self, begin: &ruby_prism::BeginNode<'_>) -> Read<Expr> {
        let notes = self.notes.len();
        let lines = self.given_by_begin(&begin.as_node())?;
        let block = match lines {
            Some(lines) => Block { lines, gives: true },
            None => self.list(begin.statements(), begin.location().end_offset(), true),
        };
        self.without_notes(notes)?;
        let parts_give = |line: &Line| match &line.statement {
            Statement::Try(body, _, other) => gives(body) && gives(other),
            _ => true,
        };
        match block.lines.last().map(|last| &last.statement) {
            Some(Statement::Value(_)) if block.lines.iter().all(parts_give) => Ok(Expr::Block(block)),
            _ => self.refuse(
                Kind::Construct,
                "`begin … rescue` as a value that not all of its parts give",
            ),
        }
    }

    /// Reads `name = value rescue other`.
    pub(super) fn rescued_assignment(
        &mut self,
        name: &str,
        rescued: &ruby_prism::RescueModifierNode<'_>,
    ) -> Read<Vec<Line>> {
        let other = self.expression(&rescued.rescue_expression())?;
        if !is_plain(&other) {
            let value = self.rescued_value(rescued)?;
            return Ok(self.write_local(name, value));
        }
        let value = self.expression(&rescued.expression())?;
        let mut lines = self.write_local(name, other);
        let assigned = self.write_local(name, value);
        lines.push(Line::new(Statement::Try(Block::of(assigned), None, Block::default())));
        Ok(lines)
    }

    /// Reads `value rescue other`.
    pub(super) fn rescued_value(&mut self, rescued: &ruby_prism::RescueModifierNode<'_>) -> Read<Expr> {
        let value = self.expression(&rescued.expression())?;
        let other = self.expression(&rescued.rescue_expression())?;
        let name = self.free_name("value");
        let (mut body, mut other) = (Block::giving(value), Block::giving(other));
        assign_last(&mut body, &name);
        assign_last(&mut other, &name);
        let lines = vec![
            Line::new(Statement::Let(name.clone(), Expr::Unit)),
            Line::new(Statement::Try(body, None, other)),
            Line::new(Statement::Value(Expr::name(&name))),
        ];
        self.carry("rescue");
        Ok(Expr::Block(Block { lines, gives: true }))
    }
}

/// Verbs and functions that capr brings along, whose errors are no strings.
const WITHOUT_TEXT: &[&str] = &[
    "capture",
    "capture_all",
    "chomp",
    "debug",
    "download",
    "error",
    "expand_path",
    "fetch",
    "file_exists",
    "info",
    "join",
    "join_path",
    "matches",
    "on",
    "parse_float",
    "parse_int",
    "parse_json",
    "puts",
    "quote",
    "read_file",
    "run",
    "run_locally",
    "set",
    "stream",
    "strip",
    "sudo",
    "system",
    "test",
    "try_sudo",
    "upload",
    "warn",
    "within",
];

/// Returns true for code that may throw a string: its own `throw`, a function of the recipe, or one that does what Ruby does.
fn may_throw_text(block: &mut Block) -> bool {
    let mut found = lines_may_throw_text(block);
    each_value(block, &mut |value| {
        found |= match value {
            Expr::Call(call) => {
                !WITHOUT_TEXT.contains(&call.name.as_str()) || call.block.as_mut().is_some_and(lines_may_throw_text)
            }
            Expr::Method(_, name, _) => name == "call",
            Expr::Closure(_, block) | Expr::Block(block) => lines_may_throw_text(block),
            Expr::If(arms, otherwise) => {
                let blocks = arms.iter_mut().map(|(_, block)| block).chain(otherwise);
                blocks.into_iter().any(lines_may_throw_text)
            }
            Expr::Switch(_, arms, otherwise) => {
                let blocks = arms.iter_mut().map(|(_, block)| block).chain(otherwise);
                blocks.into_iter().any(lines_may_throw_text)
            }
            _ => false,
        };
    });
    found
}

fn lines_may_throw_text(block: &mut Block) -> bool {
    block.lines.iter_mut().any(|line| match &line.statement {
        Statement::Throw(_) => true,
        Statement::Verb(call) if !WITHOUT_TEXT.contains(&call.name.as_str()) => true,
        _ => line.statement.blocks().into_iter().any(lines_may_throw_text),
    })
}

/// Puts the value of a block into a local.
fn assign_last(block: &mut Block, name: &str) {
    block.gives = false;
    let Some(last) = block.lines.last_mut() else { return };
    if let Statement::Value(value) = &last.statement {
        match value {
            Expr::Unit => drop(block.lines.pop()),
            value => last.statement = Statement::Assign(Expr::name(name), "=", value.clone()),
        }
    }
}

/// Returns true if a line, or one in it, gives the local a value.
fn is_given(line: &mut Line, name: &str) -> bool {
    let is_it = matches!(&line.statement, Statement::Assign(Expr::Name(given), ..) if given == name);
    is_it
        || line
            .statement
            .blocks()
            .into_iter()
            .any(|block| block.lines.iter_mut().any(|line| is_given(line, name)))
}

/// Puts lines before each statement that leaves a block, or the loop around it.
fn done_before_jumps(block: &mut Block, lines: &[Line], in_loop: bool) {
    let mut all = Vec::new();
    for mut line in std::mem::take(&mut block.lines) {
        let is_loop = matches!(line.statement, Statement::For(..) | Statement::While(..));
        let inner = line.statement.blocks();
        inner
            .into_iter()
            .for_each(|block| done_before_jumps(block, lines, in_loop || is_loop));
        match &mut line.statement {
            Statement::Return(value) => {
                if let Some(value) = value.as_mut().filter(|value| !is_plain(value)) {
                    let result = std::mem::replace(value, Expr::name("result"));
                    all.push(Line::new(Statement::Let("result".to_owned(), result)));
                }
                all.extend_from_slice(lines);
            }
            Statement::Break | Statement::Continue if !in_loop => all.extend_from_slice(lines),
            _ => {}
        }
        all.push(line);
    }
    block.lines = all;
}

/// Returns true for a block that ends with a value, or with an error in its place.
fn gives(block: &Block) -> bool {
    match block.lines.last().map(|line| &line.statement) {
        Some(Statement::Value(Expr::If(arms, otherwise))) => {
            arms.iter().all(|(_, block)| gives(block)) && otherwise.as_ref().is_none_or(gives)
        }
        // What is said gives nothing.
        Some(Statement::Verb(call)) => matches!(call.name.as_str(), "abort" | "error" | "info" | "puts" | "warn"),
        Some(Statement::Try(body, _, other)) => gives(body) && gives(other),
        Some(Statement::Throw(_) | Statement::Return(_) | Statement::Value(_) | Statement::Assign(..)) | None => true,
        Some(Statement::Break | Statement::Continue) => true,
        _ => false,
    }
}

/// Returns true for statements that leave a loop around them, or go on with its next turn.
fn jumps(block: &Block) -> bool {
    let mut block = block.clone();
    block.lines.iter_mut().any(|line| match &line.statement {
        Statement::Break => true,
        Statement::For(..) | Statement::While(..) => false,
        _ => line.statement.blocks().into_iter().any(|block| jumps(block)),
    })
}

/// Returns true for statements that return a value before their end.
pub(super) fn returns(block: &Block) -> bool {
    let mut block = block.clone();
    block.lines.iter_mut().any(|line| match &line.statement {
        Statement::Return(_) => true,
        _ => line.statement.blocks().into_iter().any(|block| returns(block)),
    })
}

/// Returns true for code with a `retry` of its own.
fn has_retry(node: &Node<'_>) -> bool {
    let mut retries = false;
    each_node(node, &mut |node| {
        retries |= node.as_retry_node().is_some();
        node.as_begin_node().is_none() && node.as_block_node().is_none()
    });
    retries
}

/// Returns true for a value that is written out.
fn is_plain(value: &Expr) -> bool {
    match value {
        Expr::Unit | Expr::Bool(_) | Expr::Number(_) | Expr::Text(_) | Expr::Symbol(_) => true,
        Expr::List(items) => items.iter().all(is_plain),
        Expr::Map(pairs) => pairs.iter().all(|(_, value)| is_plain(value)),
        _ => false,
    }
}
