//! Reads `case`, and the loops that ask a question: `while`, `until` and `for`.

use ruby_prism::Node;

use super::super::form::{Block, Expr, Line, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{Offsets, constant, id, literal, statements};
use super::Reader;
use super::locals::Local;

impl Reader<'_> {
    /// Reads `case` as `switch` if the values are written out, else as conditions.
    pub(super) fn case(&mut self, case: &ruby_prism::CaseNode<'_>, gives: bool) -> Read<Expr> {
        let notes = self.notes.len();
        let mut subject = case.predicate().map(|subject| self.expression(&subject)).transpose()?;
        subject.iter().try_for_each(|subject| self.is_known_at_load(subject))?;
        let before = subject.as_mut().and_then(|subject| self.computed_once(subject, case));
        let (mut arms, mut conditions) = (Vec::new(), Vec::new());
        let mut is_plain = subject.is_some();
        let whens: Vec<Node<'_>> = case.conditions().iter().collect();
        for node in &whens {
            let Some(when) = node.as_when_node() else { continue };
            let values: Vec<Node<'_>> = when.conditions().iter().collect();
            let mut plain = Vec::new();
            let mut asked = Vec::new();
            for value in &values {
                asked.push(match &subject {
                    None => self.condition(value)?,
                    Some(subject) if Self::is_pattern(value) => {
                        is_plain = false;
                        Expr::call("matches", vec![subject.clone(), self.regular(value)?])
                    }
                    Some(subject) => {
                        if let Some(asked) = self.is_case(subject, value)? {
                            is_plain = false;
                            asked
                        } else {
                            is_plain &= literal(value).is_some() || value.as_integer_node().is_some();
                            let value = self.expression(value)?;
                            plain.push(value.clone());
                            subject.clone().binary("==", value)
                        }
                    }
                });
            }
            let asked = asked.into_iter().reduce(|before, one| before.binary("||", one));
            let block = self.list(when.statements(), node.location().end_offset(), gives);
            arms.push((plain, block.clone()));
            conditions.push((asked.unwrap_or(Expr::Bool(false)), block));
        }
        let otherwise = case.else_clause().map(|clause| {
            let end = clause.location().end_offset();
            self.list(clause.statements(), end, gives)
        });
        if gives {
            self.without_notes(notes)?;
        }
        let choice = match (subject, is_plain) {
            (Some(subject), true) => Expr::Switch(Box::new(subject), arms, otherwise),
            _ => Expr::If(conditions, otherwise),
        };
        Ok(match before {
            Some(before) => {
                let lines = vec![before, Line::new(Statement::Value(choice))];
                Expr::Block(Block { lines, gives })
            }
            None => choice,
        })
    }

    /// Keeps the result of a command or a request in a local where several questions are asked about it; returns the line for that.
    fn computed_once(&mut self, subject: &mut Expr, case: &ruby_prism::CaseNode<'_>) -> Option<Line> {
        const RUNNING: [&str; 6] = [
            "ask",
            "capture",
            "password_prompt",
            "ruby_http",
            "ruby_sent",
            "run_locally",
        ];
        let shown = format!("{subject:?}");
        let runs = RUNNING.iter().any(|name| shown.contains(&format!("name: \"{name}\"")));
        let is_literal = |value: &Node<'_>| literal(value).is_some() || value.as_integer_node().is_some();
        let whens: Vec<Node<'_>> = case.conditions().iter().collect();
        let mut values = whens.iter().filter_map(Node::as_when_node);
        if !runs || values.all(|when| when.conditions().iter().all(|value| is_literal(&value))) {
            return None;
        }
        let local = Local {
            kind: self.kind_of(subject),
            ..Local::default()
        };
        let name = self.free_name("asked");
        let name = self.declare(&name, local);
        let value = std::mem::replace(subject, Expr::name(&name));
        Some(Line::new(Statement::Let(name, value)))
    }

    /// Reads `when 1..3`, `when String` and `when *list`; `None` for any other value.
    fn is_case(&mut self, subject: &Expr, value: &Node<'_>) -> Read<Option<Expr>> {
        let inner = super::conditions::inside(value);
        let value = inner.as_ref().unwrap_or(value);
        if let Some(list) = value.as_splat_node().and_then(|splat| splat.expression()) {
            return Ok(Some(subject.clone().binary("in", self.expression(&list)?)));
        }
        if let Some(range) = value.as_range_node() {
            let mut asked = None;
            if let Some(left) = range.left() {
                asked = Some(subject.clone().binary(">=", self.expression(&left)?));
            }
            if let Some(right) = range.right() {
                let operator = if range.is_exclude_end() { "<" } else { "<=" };
                let below = subject.clone().binary(operator, self.expression(&right)?);
                asked = Some(match asked {
                    Some(above) => above.binary("&&", below),
                    None => below,
                });
            }
            return Ok(asked);
        }
        match constant(value) {
            Some(name) if !self.facts.variables.contains_key(&name.to_lowercase()) => {
                match self.is_of_class(subject.clone(), value) {
                    Some(asked) => Ok(Some(asked)),
                    None => self.refuse(Kind::Construct, "`when` with a class"),
                }
            }
            _ => Ok(None),
        }
    }

    /// Reads `while`, `until`, `for` and `loop`.
    pub(super) fn repetition(&mut self, node: &Node<'_>) -> Read<Option<Vec<Line>>> {
        let end = node.location().end_offset();
        let (condition, statements, is_late) = if let Some(while_node) = node.as_while_node() {
            let condition = self.condition(&while_node.predicate())?;
            (condition, while_node.statements(), while_node.is_begin_modifier())
        } else if let Some(until) = node.as_until_node() {
            let condition = self.condition(&until.predicate())?.negated();
            (condition, until.statements(), until.is_begin_modifier())
        } else if let Some(for_node) = node.as_for_node() {
            return self.for_loop(&for_node, end).map(Some);
        } else {
            return Ok(None);
        };
        self.loops.begin();
        let mut body = self.list(statements, end, false);
        self.loops.end();
        if !is_late {
            return Ok(Some(vec![Line::new(Statement::While(condition, body))]));
        }
        // This is `begin … end while`: the body runs once before the question.
        let stop = Block::of(vec![Line::new(Statement::Break)]);
        body.lines.push(Line::new(Statement::Value(Expr::If(
            vec![(condition.negated(), stop)],
            None,
        ))));
        Ok(Some(vec![Line::new(Statement::While(Expr::Bool(true), body))]))
    }

    /// Reads `for x in list` and `for a, b in pairs`.
    fn for_loop(&mut self, for_node: &ruby_prism::ForNode<'_>, end: usize) -> Read<Vec<Line>> {
        let list = self.expression(&for_node.collection())?;
        let index = for_node.index();
        if let Some(several) = index.as_multi_target_node() {
            let names: Vec<String> = several
                .lefts()
                .iter()
                .filter_map(|node| node.as_local_variable_target_node().map(|target| id(&target.name())))
                .collect();
            let nodes = statements(for_node.statements().as_ref());
            let pairs = Expr::call("ruby_pairs", vec![list]);
            return Ok(vec![self.each_row(&names, pairs, &nodes, end)]);
        }
        let Some(index) = index.as_local_variable_target_node() else {
            return self.refuse(Kind::Construct, "`for` with a name of this kind");
        };
        self.scopes.push(std::collections::BTreeMap::new());
        let name = self.declare(&id(&index.name()), Local::default());
        self.loops.begin();
        let body = self.list(for_node.statements(), end, false);
        self.loops.end();
        self.scopes.pop();
        Ok(vec![Line::new(Statement::For(vec![name], list, body))])
    }
}
