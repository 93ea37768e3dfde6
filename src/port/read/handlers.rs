//! Reads `interaction_handler: …` of Capistrano 3: what answers the output of a command.

use std::collections::BTreeMap;

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Expr, Line, Statement};
use super::super::nodes::holds;
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, bare, content, id, literal, source};
use super::Reader;
use super::functions::{CodePlace, first_statement};

/// The names of the parameters of an output block.
const PARAMETERS: [&str; 3] = ["channel", "stream", "data"];

/// The method of a handler: `def on_data(command, stream_name, data, channel)`.
const METHOD: &str = "on_data";

impl Reader<'_> {
    /// Returns true for a handler that has a form as an output block: a map, a lambda, an object of a class of the recipe.
    pub(super) fn may_answer(&self, handler: &Node<'_>) -> bool {
        handler.as_hash_node().is_some() || handler.as_lambda_node().is_some() || self.is_object_with_method(handler)
    }

    /// Returns true for `X.new` if a class of the files has the method of handlers, and no other has.
    fn is_object_with_method(&self, handler: &Node<'_>) -> bool {
        let new = handler.as_call_node().filter(|call| id(&call.name()) == "new");
        let class = new.and_then(|new| super::super::ruby::constant(&new.receiver()?));
        let is_own = |class: String| class.split("::").all(|part| self.facts.constants.contains(part));
        class.is_some_and(is_own) && self.facts.functions.contains_key(METHOD)
    }

    /// Returns true for a handler that sends nothing to the command.
    pub(super) fn only_shows(&self, handler: &Node<'_>) -> bool {
        let Some(function) = self
            .facts
            .functions
            .get(METHOD)
            .filter(|_| self.is_object_with_method(handler))
        else {
            return false;
        };
        let parsed = ruby_prism::parse(function.source.as_bytes());
        let definition = first_statement(&parsed).and_then(|node| node.as_def_node());
        let channel = definition
            .as_ref()
            .and_then(|definition| parameters(definition).get(3).cloned());
        let (Some(definition), Some(channel)) = (definition, channel) else {
            return false;
        };
        let is_channel = |node: &Node<'_>| {
            let read = node.as_local_variable_read_node().map(|read| id(&read.name()));
            read.or_else(|| bare(node)).as_ref() == Some(&channel)
        };
        !definition.body().is_some_and(|body| holds(&body, &is_channel))
    }

    /// Reads a lambda that gives the answer to a piece of output, or the method of a class that sends it.
    fn answers_of_code(&mut self, handler: &Node<'_>) -> Read<(Vec<String>, Block)> {
        let names = PARAMETERS.map(str::to_owned).to_vec();
        let [channel, _, data] = PARAMETERS;
        if handler.as_lambda_node().is_some() {
            let (answer, said) = (self.free_name("answer"), self.free_name("said"));
            let sent = Expr::name(channel).method("send_data", vec![Expr::name(&said)]);
            let is_there = Expr::name(&said).binary("!=", Expr::Unit);
            let then = Block::of(vec![Line::new(Statement::Value(sent))]);
            let lines = vec![
                Line::new(Statement::Let(answer.clone(), self.expression(handler)?)),
                Line::new(Statement::Let(
                    said,
                    Expr::name(&answer).method("call", vec![Expr::name(data)]),
                )),
                Line::new(Statement::Value(Expr::If(vec![(is_there, then)], None))),
            ];
            return Ok((names, Block::of(lines)));
        }
        let facts = self.facts;
        let Some(function) = facts.functions.get(METHOD) else {
            return self.refuse(Kind::Construct, "`execute` with `interaction_handler`");
        };
        let parsed = ruby_prism::parse(function.source.as_bytes());
        let definition = first_statement(&parsed).and_then(|node| node.as_def_node());
        let taken = definition.as_ref().map(parameters).unwrap_or_default();
        let body = definition.and_then(|definition| definition.body());
        let nodes = content(body.as_ref());
        let is_kept = |node: &Node<'_>| source(node).starts_with('@') || node.as_return_node().is_some();
        let is_odd = nodes.is_empty() || nodes.iter().any(|node| holds(node, &is_kept));
        let [_, _, data_name, channel_name] = taken.as_slice() else {
            return self.refuse(Kind::Construct, "`execute` with `interaction_handler`");
        };
        if is_odd {
            return self.refuse(Kind::Construct, "an `interaction_handler` that keeps something");
        }
        let given = [(data_name, data), (channel_name, channel)];
        let given: BTreeMap<String, Expr> = crate::sort::map(given.map(|(name, own)| (name.clone(), Expr::name(own))));
        let notes = self.notes.len();
        let place = CodePlace {
            given,
            ..CodePlace::of(function.file, &parsed, function.source.as_bytes())
        };
        self.streams.insert(channel.to_owned());
        let block = self.at(place, |reader| reader.statements(&nodes, function.source.len(), false));
        self.without_notes(notes)?;
        Ok((names, block))
    }

    /// Reads `interaction_handler: { "Password: " => "secret\n" }` as an output block: SSHKit answers a piece of output that is a key, or that a
    /// regular expression matches.
    pub(super) fn answers(&mut self, call: &CallNode<'_>) -> Read<Option<(Vec<String>, Block)>> {
        let pairs = arguments(call, false).pairs;
        let handler = pairs
            .iter()
            .find(|(key, _)| literal(key).as_deref() == Some("interaction_handler"));
        let Some((_, handler)) = handler else { return Ok(None) };
        if self.only_shows(handler) {
            self.remarks
                .push("an `interaction_handler` that only shows what comes: capr shows it by itself".to_owned());
            return Ok(None);
        }
        let Some(hash) = handler.as_hash_node() else {
            return self.answers_of_code(handler).map(Some);
        };
        let mut answers = Vec::new();
        super::super::ruby::pairs(hash.elements().iter(), &mut answers);
        let [channel, _, data] = PARAMETERS;
        let mut arms = Vec::new();
        for (key, answer) in &answers {
            let condition = match Self::is_pattern(key) {
                true => Expr::call("matches", vec![Expr::name(data), self.regular(key)?]),
                false => Expr::name(data).binary("==", self.key(key)?),
            };
            let sent = Expr::name(channel).method("send_data", vec![self.expression(answer)?]);
            arms.push((condition, Block::of(vec![Line::new(Statement::Value(sent))])));
        }
        if arms.is_empty() {
            return Ok(None);
        }
        let block = Block::of(vec![Line::new(Statement::Value(Expr::If(arms, None)))]);
        Ok(Some((PARAMETERS.map(str::to_owned).to_vec(), block)))
    }
}

/// Returns the names of the parameters of a method.
fn parameters(definition: &ruby_prism::DefNode<'_>) -> Vec<String> {
    let list = definition.parameters();
    let required = list.iter().flat_map(|list| list.requireds().iter().collect::<Vec<_>>());
    let names = required.filter_map(|node| Some(id(&node.as_required_parameter_node()?.name())));
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{has, recipe};

    #[test]
    fn handlers_answer_by_an_output_block_and_those_that_only_show_go() {
        let of = |class: &str, handler: &str| {
            recipe(&format!(
                "set :repo_url, 'r'\nlock '3.17'\n{class}\ntask :a do\n  on(roles(:app)) {{ execute :x, interaction_handler: {handler} }}\nend\n"
            ))
        };
        let (text, notes) = of("", "->(data) { \"y\\n\" if data =~ /sure/ }");
        assert!(notes.is_empty(), "{text}{notes:?}");
        has(
            &text,
            &[
                "run \"x\", |channel, stream, data| {",
                "let said = answer.call(data);",
                "channel.send_data(said);",
            ],
        );
        let class =
            |body: &str| format!("class Sure\n  def on_data(_command, _stream, data, channel)\n    {body}\n  end\nend");
        let (text, notes) = of(&class("channel.send_data(\"y\\n\") if data =~ /sure/"), "Sure.new");
        assert!(notes.is_empty(), "{text}{notes:?}");
        has(
            &text,
            &["run \"x\", |channel, stream, data| {", "channel.send_data(\"y\\n\");"],
        );
        let (text, notes) = of(&class("puts data"), "Sure.new(:out)");
        assert!(notes.is_empty(), "{text}{notes:?}");
        has(&text, &["run \"x\";"]);
    }
}
