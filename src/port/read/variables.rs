//! Reads variables, messages to people and questions.

use ruby_prism::{CallNode, Node};

use super::super::facts::renamed;
use super::super::form::{Block, Call, Expr, Line, Part, Statement};
use super::super::note::{Kind, Lack, Read};
use super::super::ruby::{arguments, behind, id, literal, source, statements};
use super::Reader;
use super::blocks::function_of;
use super::loading::may_end_so;

/// The error of Capistrano 2 where a variable is set without a value.
const NO_VALUE: &str = "you must specify exactly one of either a value or a block";

impl Reader<'_> {
    /// Reads a word about variables.
    pub(super) fn variable_word(
        &mut self,
        node: &Node<'_>,
        call: &CallNode<'_>,
        name: &str,
    ) -> Read<Option<Vec<Line>>> {
        let verb = match name {
            "set" => "set",
            // The value that capr has for it is not there in Capistrano 3.
            "set_if_empty" if self.is_first_value(call) => "set",
            "_cset" | "set_default" | "set_unless_exists" => "set_default",
            name if self.facts.defaulting.contains(name) => "set_default",
            "set_if_empty" => "set_if_empty",
            "append" | "remove" => {
                let mut values = self.expressions(&arguments(call, false).values)?;
                if let Some(first) = values.first_mut() {
                    *first = self.variable_name(first);
                }
                return Ok(Some(vec![Line::verb(Call::new(name, values))]));
            }
            "unset" | "delete" | "reset!" if self.names_variable(call) => {
                let verb = if name == "reset!" { "reset" } else { "unset" };
                let values = self.expressions(&arguments(call, false).values)?;
                return Ok(Some(vec![Line::verb(Call::new(verb, values))]));
            }
            "ask"
                if arguments(call, false)
                    .values
                    .first()
                    .is_some_and(|node| node.as_symbol_node().is_some()) =>
            {
                return self.ask(call).map(Some);
            }
            "validate" => return self.refuse(Kind::Construct, "`validate` of a variable"),
            _ => return Ok(None),
        };
        if verb == "set_default" && self.has_default_of_two(call) {
            return Ok(Some(Vec::new()));
        }
        let remarks = self.remarks.len();
        match self.set(call, verb) {
            Ok(lines) => Ok(Some(lines)),
            Err(unported) => {
                let variable = arguments(call, false).values.first().and_then(literal);
                let Some(variable) = variable.filter(|_| self.deferred == 0) else {
                    return Err(unported);
                };
                self.remarks.truncate(remarks);
                let number = self.note(node, unported);
                let block = self.barrier(number);
                let note = Line::new(Statement::Note(number, false));
                let set = Call::with_block(verb, vec![Expr::symbol(renamed(&variable))], block);
                Ok(Some(vec![note, Line::verb(set)]))
            }
        }
    }

    /// Returns true if a variable has no value before this in Capistrano 3, and has one here.
    fn is_first_value(&self, call: &CallNode<'_>) -> bool {
        let name = arguments(call, false).values.first().and_then(literal);
        let is_first = |name: &String| {
            let only_here = self.facts.set_in.get(name).is_some_and(|files| files.len() == 1);
            only_here && !self.set.contains(name) && self.facts.is_nothing_in_three(name)
        };
        name.as_ref().is_some_and(is_first)
    }

    /// Returns true for a variable that a Capfile sets, and to which a gem gives its own value when the stage is known.
    fn is_set_anew(&self, variable: &str) -> bool {
        let gem = match variable {
            "rvm_type" | "rvm_ruby_version" | "rvm_map_bins" => "capistrano/rvm",
            "rbenv_map_bins" => "capistrano/rbenv",
            "nvm_map_bins" => "capistrano/nvm",
            _ => return false,
        };
        self.is_capfile() && self.deferred == 0 && self.facts.version > 2 && self.facts.libraries.contains(gem)
    }

    fn names_variable(&self, call: &CallNode<'_>) -> bool {
        matches!(arguments(call, false).values.as_slice(), [only] if only.as_symbol_node().is_some())
    }

    fn variable_name(&self, name: &Expr) -> Expr {
        match name.literal() {
            Some(text) => Expr::symbol(renamed(text)),
            None => name.clone(),
        }
    }

    /// Reads `set :name, value`, `set(:name) { … }` and `set :name, -> { … }`.
    fn set(&mut self, call: &CallNode<'_>, verb: &str) -> Read<Vec<Line>> {
        let given = arguments(call, false);
        let Some(first) = given.values.first() else {
            return self.set_of_hash(&given.pairs);
        };
        let name = self.expression(first)?;
        let Some(variable) = name.literal().map(str::to_owned) else {
            if let Some(block) = self.lazy(call, &given)? {
                return Ok(vec![Line::verb(Call::with_block(verb, vec![name], block))]);
            }
            let value = match given.values.get(1) {
                Some(value) => self.expression(value)?,
                None => return self.refuse(Kind::Construct, "a lazy variable whose name is computed"),
            };
            return Ok(vec![Line::verb(Call::new(verb, vec![name, value]))]);
        };
        let begins = variable.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        if !begins || !variable.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let reason = format!("a variable cannot be named `{variable}`");
            return match (given.values.len(), self.facts.version) {
                (1, 2) if call.block().is_none() => Err(self.always_fails(&reason, NO_VALUE)),
                (1, _) if call.block().is_none() => {
                    Ok(vec![self.remark(&format!(
                        "`{variable}` is set to nothing, and nothing can read it"
                    ))])
                }
                _ => self.refuse(Kind::Construct, reason),
            };
        }
        if variable == "real_revision"
            && source(&call.as_node())
                .replace(' ', "")
                .contains("source.query_revision(revision)")
        {
            return Ok(vec![
                self.remark("`real_revision`: capr asks the source control for it"),
            ]);
        }
        if let Some(lines) = self.said_otherwise(&variable, &given)? {
            return Ok(lines);
        }
        if self.is_set_anew(&variable) {
            let why = format!(
                "`{variable}` in a Capfile has no effect in Capistrano 3 either, whose gem sets it anew: `config/deploy.rb` is its place"
            );
            return Ok(vec![self.remark(&why)]);
        }
        let here = renamed(&variable).to_owned();
        let named = Expr::symbol(&here);
        if let Some(block) = self.lazy(call, &given)? {
            if block.value() == Some(&Expr::name(&here)) {
                let reason = format!("`{variable}` is given itself");
                let mut endless = self.always_fails(&reason, "stack level too deep");
                endless.failure.iter_mut().for_each(|failure| failure.waits = true);
                return Err(endless);
            }
            self.set_in_task.insert(here.clone());
            self.set.insert(here);
            let block = match self.is_of_names(&variable) {
                true => self.block_as_environment(block, &source(&call.as_node())),
                false => block,
            };
            return Ok(vec![Line::verb(Call::with_block(verb, vec![named], block))]);
        }
        let value = match (given.values.get(1), given.pairs.is_empty()) {
            (Some(value), _) => match self.added_to(&variable, value)? {
                Some(value) => value,
                None => self.expression(value)?,
            },
            // This is `set :ssh_options, forward_agent: true`.
            (None, false) => self.map(&given.pairs)?,
            // In Capistrano 1 and 3 it is `nil`.
            (None, true) if self.facts.version != 2 => Expr::Unit,
            (None, true) => return Err(self.always_fails("`set` without a value", NO_VALUE)),
        };
        let is_local = given
            .values
            .get(1)
            .is_some_and(|node| node.as_local_variable_read_node().is_some());
        if value == Expr::name(&here) && !is_local {
            return Ok(vec![self.remark(&format!("`{variable}` keeps the value that it has"))]);
        }
        if let ("default_environment", Expr::Map(pairs)) = (here.as_str(), &value) {
            for (key, value) in pairs {
                self.tell_of_shell(key, value);
            }
        }
        let value = match self.is_of_names(&variable) {
            true => self.as_environment(value, &source(&call.as_node())),
            false => self.suited(&here, &variable, value)?,
        };
        let may_lack = |value: &Expr| matches!(value, Expr::Call(call) if call.name == "fetch" && call.arguments.get(1) == Some(&Expr::Unit));
        let is_refused =
            may_lack(&value) && self.facts.is_of_library(&here) || here == "deploy_to" && may_end_so(&value);
        // A block that reads its own variable would never end: it is set when the stage is known.
        let own = std::collections::BTreeSet::from([here.clone()]);
        let is_added_to = !self.late.is_empty() && super::loading::of(&value, &own).is_some();
        let is_early = self.deferred == 0
            && !is_added_to
            && (is_refused || self.is_early(&value) && !self.is_made_at_stage(&value));
        let beside = self.set_beside(&here, &value);
        self.set_in_task.insert(here.clone());
        self.set.insert(here);
        let line = match is_early {
            // The stage is not known yet when this line is read.
            true => {
                let block = match value {
                    Expr::Block(block) => block,
                    value => Block::giving(value),
                };
                Line::verb(Call::with_block(verb, vec![named], block))
            }
            false => Line::verb(Call::new(verb, vec![named, value])),
        };
        Ok(std::iter::once(line).chain(beside).collect())
    }

    /// Returns the way in which a release gets to the servers.
    pub(super) fn way(&mut self, value: Expr) -> Read<Expr> {
        let (here, why) = match (value.literal().unwrap_or_default(), self.facts.version) {
            ("remote_cache", _) | ("checkout" | "export" | "copy", 1 | 2) => return Ok(value),
            (_, 3..) => ("remote_cache", "is not read by Capistrano 3, which has `remote_cache`"),
            ("rsync_with_remote_cache", _) => ("copy", "is `copy` here: what the servers have goes from here to them"),
            ("fast_remote_cache" | "unshared_remote_cache", _) => ("remote_cache", "is `remote_cache` here"),
            (other, _) => return self.refuse(Kind::Library, format!("the way to deploy `{other}`")),
        };
        let was = value.literal().unwrap_or_default();
        self.remarks.push(format!("`deploy_via`: `{was}` {why}"));
        Ok(Expr::symbol(here))
    }

    /// Reads `set :name, ENV["x"] || Proc.new { … }`: Capistrano calls the function when the variable is read.
    fn lazy_otherwise(&mut self, value: &Node<'_>) -> Read<Option<Block>> {
        let Some(either) = value.as_or_node() else {
            return Ok(None);
        };
        let right = either.right();
        let Some(behind) = function_of(&right).filter(|behind| behind.parameters.is_empty() && !behind.is_odd) else {
            return Ok(None);
        };
        let nodes = statements(behind.body.as_ref());
        self.deferred += 1;
        let left = self.expression(&either.left());
        self.deferred -= 1;
        let otherwise = self.later(&nodes, behind.end, true);
        let otherwise = match otherwise.value() {
            Some(value) => value.clone(),
            None => Expr::Block(otherwise),
        };
        Ok(Some(Block::giving(left?.binary("??", otherwise))))
    }

    /// Reads the block of a lazy variable.
    fn lazy(&mut self, call: &CallNode<'_>, given: &super::super::ruby::Arguments<'_>) -> Read<Option<Block>> {
        let otherwise = given.values.get(1).map(|value| self.lazy_otherwise(value));
        if let Some(block) = otherwise.transpose()?.flatten() {
            return Ok(Some(block));
        }
        let of_value = given.values.get(1).and_then(function_of);
        let Some(behind) = behind(call).or(of_value) else {
            return Ok(None);
        };
        if self.facts.version > 2 && !behind.parameters.is_empty() {
            // Capistrano 3 gives it as it is, and the recipe calls it.
            self.deferred += 1;
            let function = self.closure(behind);
            self.deferred -= 1;
            return Ok(Some(Block::giving(function?)));
        }
        if !behind.parameters.is_empty() || behind.is_odd {
            return self.refuse(Kind::Construct, "a lazy variable with parameters");
        }
        Ok(Some(match &behind.rescue {
            Some(whole) => self.later(std::slice::from_ref(whole), behind.end, true),
            None => self.later(&statements(behind.body.as_ref()), behind.end, true),
        }))
    }

    /// Returns true if the text stands somewhere in this file.
    pub(super) fn mentions(&self, text: &str) -> bool {
        String::from_utf8_lossy(self.text).contains(text)
    }

    /// Reads `ssh_options[:forward_agent] = true`.
    pub(super) fn set_option(&mut self, map: &str, key: String, value: &Node<'_>) -> Read<Vec<Line>> {
        let is_known = match map {
            "ssh_options" => self.facts.vocabulary.is_ssh_option(&key),
            "default_run_options" => self
                .facts
                .vocabulary
                .options("system")
                .is_some_and(|known| known.contains(&key.as_str())),
            _ => true,
        };
        if !is_known {
            return Ok(vec![
                self.remark(&format!("{map}: `{key}` is left out, capr has no such option")),
            ]);
        }
        let value = self.expression(value)?;
        let value = if map == "default_environment" {
            self.tell_of_shell(&key, &value);
            value
        } else {
            self.suited_option(&key, value)
        };
        let target = Expr::Index(Box::new(Expr::name(map)), Box::new(Expr::Text(key)));
        Ok(vec![Line::new(Statement::Assign(target, "=", value))])
    }

    /// Reads `fetch(:name)` and `fetch(:name, default)`.
    pub(super) fn fetch(&mut self, call: &CallNode<'_>) -> Read<Expr> {
        let given = arguments(call, false);
        let Some(first) = given.values.first() else {
            return self.refuse(Kind::Construct, "`fetch` without a name");
        };
        let default = given.values.get(1).map(|node| self.expression(node)).transpose()?;
        let default = match behind(call) {
            Some(behind) if default.is_none() => Some(self.default_of_block(&statements(behind.body.as_ref()))?),
            _ => default,
        };
        let Some(name) = literal(first) else {
            let mut values = vec![self.expression(first)?];
            values.extend(default);
            return Ok(Expr::call("fetch", values));
        };
        let here = renamed(&name);
        self.carry("fetch");
        if self.facts.lacks_in_three(&name) {
            return Ok(default.unwrap_or(Expr::Unit));
        }
        if self.facts.is_variable(here) && default.is_none() && !self.may_lack(here) {
            return Ok(self.variable(here));
        }
        let own = (self.facts.version > 2)
            .then(|| super::suited::value_in_three(&name))
            .flatten();
        if let (Some(value), false) = (&own, self.facts.variables.contains_key(here)) {
            return Ok(value.clone());
        }
        let default = own.or(default);
        if self.facts.version < 3 && default.is_none() && !self.facts.vocabulary.variables.contains(here) {
            let reason = format!("nothing in these files sets `{name}`");
            return self.lacks(Kind::Name, Lack::Name(name), reason);
        }
        // A variable that is not set is nothing in Capistrano 3, and not an error.
        let default = default.unwrap_or(Expr::Unit);
        // In a library of capr it is there, and nothing.
        if default != Expr::Unit && self.facts.vocabulary.nothing.contains(here) {
            let value = Expr::call("fetch", vec![Expr::symbol(here), Expr::Unit]);
            return Ok(value.binary("??", default));
        }
        Ok(Expr::call("fetch", vec![Expr::symbol(here), default]))
    }

    /// Reads the block of `fetch(:name) { "value" }`. It is only run if the variable is not there, so it must do nothing.
    fn default_of_block(&mut self, nodes: &[Node<'_>]) -> Read<Expr> {
        let value = match nodes {
            [only] => self.expression(only)?,
            _ => Expr::Unit,
        };
        let does_nothing = |value: &Expr| {
            matches!(
                value,
                Expr::Text(_) | Expr::Number(_) | Expr::Bool(_) | Expr::Name(_) | Expr::Symbol(_)
            )
        };
        match &value {
            Expr::List(items) if items.iter().all(does_nothing) => Ok(value),
            Expr::Template(parts)
                if parts
                    .iter()
                    .all(|part| !matches!(part, Part::Value(value) if !does_nothing(value))) =>
            {
                Ok(value)
            }
            value if does_nothing(value) => Ok(value.clone()),
            _ => self.refuse(Kind::Construct, "`fetch` with a block that computes its value"),
        }
    }

    /// Returns true for a variable of Capistrano 3 that may be `nil` here: it is set in the files of some stages alone, further down, or
    /// where something is decided.
    pub(super) fn may_lack(&self, name: &str) -> bool {
        let here = self.facts.stages.files.contains(&self.file);
        let places = self.facts.set_in.get(name);
        let only_stages = |places: &std::collections::BTreeSet<usize>| {
            // Their files are read after this one.
            let is_early = self.deferred == 0 && self.facts.main_file == Some(self.file);
            places.is_subset(&self.facts.stages.files) && (is_early || places.len() < self.facts.stages.files.len())
        };
        let only_below = |places: &std::collections::BTreeSet<usize>| {
            self.deferred == 0
                && places.iter().eq([&self.file])
                && !self.set.contains(name)
                && !self.facts.is_of_library(name)
        };
        let is_sure = || self.facts.sure.contains(name) || self.set_in_task.contains(name);
        let may_be_left_out = || !is_sure() && !self.facts.is_of_library(name);
        self.facts.version > 2
            && places.is_some_and(|places| !here && only_stages(places) || only_below(places) || may_be_left_out())
    }

    /// Reads `ask :branch, "main"`.
    fn ask(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let given = arguments(call, false);
        if given.values.len() > 2 && self.facts.version > 2 {
            return Err(self.always_fails(
                "`ask` with a third value, which is no option",
                "undefined method `fetch'",
            ));
        }
        let mut values = Vec::new();
        for (index, node) in given.values.iter().enumerate() {
            let lambda = node
                .as_call_node()
                .filter(|call| matches!(id(&call.name()).as_str(), "proc" | "lambda"));
            let body = lambda.as_ref().and_then(behind);
            let only = body
                .and_then(|body| body.body)
                .and_then(|body| body.body().iter().next());
            let value = match (index, only) {
                (1, Some(inner)) => self.expression(&inner)?,
                _ => self.expression(node)?,
            };
            values.push(value);
        }
        if let Some(first) = values.first_mut() {
            *first = self.variable_name(first);
            self.set_in_task.extend(first.literal().map(str::to_owned));
        }
        if values.len() == 1 {
            values.push(Expr::Unit);
        }
        let options = self.options("ask", &given.pairs)?;
        Ok(vec![Line::verb(Call {
            options,
            ..Call::new("ask", values)
        })])
    }

    /// Reads `ask(:branch, "main")` as a value.
    pub(super) fn asked(&mut self, call: &CallNode<'_>) -> Read<Expr> {
        let given = arguments(call, false);
        let mut values = self.expressions(&given.values)?;
        if let Some(Expr::Symbol(name)) = values.first().cloned()
            && let Some(first) = values.first_mut()
        {
            *first = Expr::Text(name);
        }
        let options = self.options("ask", &given.pairs)?;
        Ok(Expr::Call(Call {
            options,
            ..Call::new("ask", values)
        }))
    }

    /// Reads messages to people.
    pub(super) fn people_word(&mut self, call: &CallNode<'_>, name: &str, _: bool) -> Read<Option<Vec<Line>>> {
        let verb = match name {
            "puts" => "puts",
            "say" if self.facts.libraries.contains("highline/import") => {
                return self.words_said(call).map(Some);
            }
            // These are words of capifony for its messages, which tell what begins and that it is done.
            "info" | "capifony_pretty_print" => "info",
            "capifony_puts_ok" => return Ok(Some(Vec::new())),
            "warn" | "error" | "fatal" => "warn",
            "debug" => "debug",
            "abort" => "abort",
            _ => return Ok(None),
        };
        let given = arguments(call, false);
        if let Some(list) = super::streams::only_list(call) {
            return self.written_list(verb, &list, "\n").map(Some);
        }
        if !given.pairs.is_empty() || given.has_splat {
            return self.refuse(Kind::Construct, format!("`{name}` of this kind"));
        }
        let values = match (given.values.is_empty(), verb) {
            (true, "abort") => vec![Expr::text("stopped")],
            (true, _) => vec![Expr::text("")],
            _ => self.expressions(&given.values)?,
        };
        let lines = values
            .into_iter()
            .map(|value| Line::verb(Call::new(verb, vec![super::strings::filled(value)])));
        Ok(Some(lines.collect()))
    }
}

/// Returns true if a value is or contains the name of the stage.
pub(super) fn reads_stage(value: &Expr) -> bool {
    match value {
        Expr::Name(name) => name == "stage",
        Expr::Call(call) => {
            let is_it = call.name == "fetch" && call.arguments.first().and_then(Expr::literal) == Some("stage");
            is_it || call.arguments.iter().any(reads_stage)
        }
        Expr::Template(parts) | Expr::Script(parts) => parts
            .iter()
            .any(|part| matches!(part, Part::Value(value) if reads_stage(value))),
        Expr::Binary(_, left, right) | Expr::Index(left, right) => reads_stage(left) || reads_stage(right),
        Expr::Not(inner) | Expr::Member(inner, _) => reads_stage(inner),
        Expr::Method(owner, _, arguments) => reads_stage(owner) || arguments.iter().any(reads_stage),
        _ => false,
    }
}
