//! Reads calls: words of Capistrano, functions of the file, and bare names.

use ruby_prism::{CallNode, Node};

use super::super::facts::{Function, renamed};
use super::super::form::{Block, Call, Expr, Line, Part, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{HOST, arguments, bare, behind, constant, id, literal, source, statements, word};
use super::Reader;
use super::evaluated::is_name_made;
use super::executed::has_list_alone;
use super::executed::may_fail;
use super::locals::Type;

impl Reader<'_> {
    /// Reads a call as a statement; `None` if it is a value like any other.
    pub(super) fn call_statement(
        &mut self,
        node: &Node<'_>,
        call: &CallNode<'_>,
        gives: bool,
    ) -> Read<Option<Vec<Line>>> {
        let name = word(call);
        if let Some(lines) = self.closes_sessions(call) {
            return Ok(Some(lines));
        }
        if let Some(receiver) = call.receiver()
            && name == id(&call.name())
        {
            return self.method_statement(node, call, &receiver);
        }
        if let Some(lines) = self.over_sessions(call, &name)? {
            return Ok(Some(lines));
        }
        let facts = self.facts;
        if let Some(at) = facts.acting.changing.get(&name) {
            return self.changing_call(call, &name, *at).map(Some);
        }
        if let Some(function) = facts.functions.get(&name) {
            let is_filling = function.is_of_templates;
            return match is_filling || !gives && self.is_surrounded(&name) {
                true => self.in_place_of(call, &name, function).map(Some),
                false => Ok(None),
            };
        }
        if facts.version < 3
            && bare(node).is_some()
            && facts.vocabulary.is_verb(&name)
            && let Some(task) = facts.task(&name, &self.namespaces)
            && facts.tasks.contains(&task)
        {
            // The task comes before the word of Capistrano, which needs arguments.
            self.carry("a task that is called");
            return Ok(Some(vec![self.run_task(&name, &task)]));
        }
        if let Some(lines) = self.definition(node, call, &name)? {
            self.carry(&name);
            return Ok(Some(lines));
        }
        if let Some(lines) = self.server_word(node, call, &name)? {
            self.carry(&name);
            return Ok(Some(lines));
        }
        if let Some(lines) = self.variable_word(node, call, &name)? {
            self.carry(&name);
            return Ok(Some(lines));
        }
        if let Some(lines) = self.command_word(call, &name)? {
            self.carry(&name);
            return Ok(Some(lines));
        }
        if let Some(lines) = self.people_word(call, &name, gives)? {
            self.carry(&name);
            return Ok(Some(lines));
        }
        if let Some(lines) = self.ruby_word(call, &name)? {
            self.carry(&name);
            return Ok(Some(lines));
        }
        if bare(node).is_some()
            && let Some(task) = self.facts.task(&name, &self.namespaces)
        {
            self.carry("a task that is called");
            return Ok(Some(vec![self.run_task(&name, &task)]));
        }
        if bare(node).is_some() && !gives && !self.facts.is_variable(renamed(&name)) && !self.facts.is_of_library(&name)
        {
            if self.may_be_set(&name) && !self.facts.vocabulary.is_verb(&name) {
                // Without the variable the statement is an error.
                return Ok(None);
            }
            let reason = format!("nothing in these files defines `{name}`");
            return self.no_name(Kind::Name, &name, reason);
        }
        Ok(None)
    }

    /// Returns the call of a task by its bare name, or by `invoke` if the name means something else.
    pub(super) fn run_task(&self, name: &str, full: &str) -> Line {
        let vocabulary = &self.facts.vocabulary;
        let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_else = vocabulary.is_verb(name) || vocabulary.is_reserved(name) || self.facts.is_variable(name);
        match is_word && full.ends_with(name) && !is_else && self.local(name).is_none() {
            true => Line::new(Statement::Value(Expr::name(name))),
            false => Line::verb(Call::new("invoke", vec![Expr::text(full)])),
        }
    }

    /// Reads a call as a value.
    pub(super) fn call(&mut self, node: &Node<'_>, call: &CallNode<'_>) -> Read<Expr> {
        if let Some(value) = self.operator(call)? {
            return Ok(value);
        }
        let name = id(&call.name());
        if let Some(receiver) = call.receiver().filter(|_| bare(node).is_none()) {
            return self.method(node, call, &receiver);
        }
        let given = arguments(call, true);
        let takes_words =
            matches!(name.as_str(), "capture" | "execute" | "test") && self.facts.version > 2 && has_list_alone(call);
        if given.has_splat && !takes_words && !matches!(name.as_str(), "choose" | "roles" | "release_roles") {
            return self.refuse(Kind::Construct, format!("`*` among the arguments of `{name}`"));
        }
        if self.facts.functions.contains_key(&name) {
            if self.facts.acting.changing.contains_key(&name) {
                let reason = format!("the value of `{name}`, which changes what it is given");
                return self.refuse(Kind::Construct, reason);
            }
            return self.own_function(call, &name);
        }
        if let Some(value) = self.linked_below(&name, &given.values)? {
            return Ok(value);
        }
        if let Some(value) = self.word_value(call, &name)? {
            return Ok(value);
        }
        if bare(node).is_some() {
            return self.bare_name(&name);
        }
        if name == "role" && given.values.len() == 1 && given.pairs.is_empty() && self.facts.version > 2 {
            let reason = "`role` with a name alone: `roles` returns servers";
            return Err(self.always_fails(reason, "wrong number of arguments (given 1, expected 2..3)"));
        }
        if name == "rails_env" && self.facts.version > 2 {
            let reason = "`rails_env` is no function: the option is `rails_env: …`";
            return Err(self.always_fails(reason, "undefined method `rails_env'"));
        }
        // `set`, `role` and similar words return nothing that a recipe could use.
        let reason = format!("`{name}` is a function that nothing in these files defines");
        self.no_function(&name, &given.values, reason)
    }

    /// Reads the call of a function of the file.
    pub(super) fn own_function(&mut self, call: &CallNode<'_>, name: &str) -> Read<Expr> {
        let facts = self.facts;
        let Some(function) = facts.functions.get(name) else {
            return self.refuse(Kind::Name, format!("nothing in these files defines `{name}`"));
        };
        if !function.is_plain {
            if let Ok(value) = self.value_in_place_of(call, name, function) {
                return Ok(value);
            }
            return self.refuse(
                Kind::Construct,
                format!("`{name}` is a function with parameters of its own kind"),
            );
        }
        if self.is_surrounded(name) {
            return self.value_in_place_of(call, name, function);
        }
        let is_here = function.file == self.written_for || facts.defines(self.written_for, name);
        if !is_here || facts.modules.any_has(name) {
            self.copy_function(name, function)?;
        }
        let given = arguments(call, false);
        let mut values = self.expressions(&given.values)?;
        let both = given.values.iter().zip(&mut values).enumerate();
        for (_, (node, value)) in both.filter(|(at, _)| function.servers.contains(at)) {
            // A function that reads properties of a server is given the server, and not its name.
            let name = node.as_local_variable_read_node().map(|local| id(&local.name()));
            let server = name.as_deref().and_then(|name| self.local(name));
            if let Some(server) = server.filter(|local| local.kind == Type::Server) {
                *value = Expr::Name(server.written.clone());
            }
        }
        match function.named.is_empty() {
            false => values.extend(self.named_values(name, function, &given.pairs)?),
            true if !given.pairs.is_empty() => values.push(self.map(&given.pairs)?),
            true => {}
        }
        if let Some(before) = function.before_rest
            && before <= values.len()
        {
            let rest = values.split_off(before);
            values.push(Expr::List(rest));
        }
        if facts.acting.of_host.contains(name) {
            values.push(match self.local(HOST).map(|server| server.written.clone()) {
                Some(server) => Expr::Name(server),
                None => {
                    return self.no_name(
                        Kind::Name,
                        HOST,
                        format!("nothing in these files sets or defines `{HOST}`"),
                    );
                }
            });
        }
        values.extend(self.given_block(call, name, function)?);
        Ok(Expr::call(&self.function_name(name), values))
    }

    /// Returns the values of the parameters that are given by their names; the defaults stand where nothing is given.
    fn named_values(&mut self, name: &str, function: &Function, pairs: &[(Node<'_>, Node<'_>)]) -> Read<Vec<Expr>> {
        let is_known =
            |key: &Node<'_>| literal(key).is_some_and(|key| function.named.iter().any(|(named, _)| *named == key));
        if !pairs.iter().all(|(key, _)| is_known(key)) {
            return self.refuse(Kind::Construct, format!("`{name}` has no parameters with these names"));
        }
        let mut values = Vec::new();
        for (named, default) in &function.named {
            let given = pairs.iter().find(|(key, _)| literal(key).as_ref() == Some(named));
            values.push(match (given, default) {
                (Some((_, value)), _) => match value.as_implicit_node() {
                    Some(implicit) => self.expression(&implicit.value())?,
                    None => self.expression(value)?,
                },
                (None, Some(default)) => self.fragment(default, &[], false)?,
                (None, None) => return self.refuse(Kind::Construct, format!("`{name}` is not given `{named}`")),
            });
        }
        Ok(values)
    }

    /// Reads a name alone: a variable, a task or a namespace.
    fn bare_name(&mut self, name: &str) -> Read<Expr> {
        let here = renamed(name);
        match name {
            "sudo" => return Ok(Expr::call("sudo", Vec::new())),
            "try_sudo" => return Ok(Expr::call("try_sudo", Vec::new())),
            "block_given?" if self.block.is_some() => {
                let block = Expr::name(self.block.as_deref().unwrap_or_default());
                return Ok(block.binary("!=", Expr::Unit));
            }
            "dry_run?" => return Ok(Expr::call("fetch", vec![Expr::symbol("dry_run"), Expr::Bool(false)])),
            "__dir__" => return Ok(self.folder_here()),
            // Capistrano 3 takes the time once for all of a run.
            "release_timestamp" => return Ok(Expr::name("release_name")),
            "now" if self.facts.version > 2 => return Ok(Expr::name("release_name")),
            "now" => return Ok(Expr::call("utc_now", vec![Expr::text("%Y%m%d%H%M%S")])),
            // Without a name, Rake makes a task without one, and tells the namespace with it.
            "task" if self.facts.version > 2 => return Ok(Expr::Text(format!("{}:", self.namespaces.join(":")))),
            "repo_path" => return Ok(Expr::name("repository_cache")),
            "revision_log" if self.facts.version > 2 => return Ok(super::suited::revision_log()),
            "stages" if !self.facts.stages.is_empty() => {
                return Ok(Expr::List(
                    self.facts.stages.iter().map(|stage| Expr::text(stage)).collect(),
                ));
            }
            "stage_config_path" | "deploy_config_path"
                if self.facts.version > 2 && !self.facts.variables.contains_key(name) =>
            {
                let end = if name.starts_with("stage") { "" } else { ".rb" };
                return Ok(Expr::Text(format!("config/deploy{end}")));
            }
            "stage_config_path" | "deploy_config_path" | "binding" | "variables" => {
                return self.refuse(
                    Kind::Code,
                    format!("`{name}` is a part of Capistrano that is not there"),
                );
            }
            _ => {}
        }
        if self.facts.is_variable(here) {
            return Ok(self.variable(here));
        }
        if name == "stage" {
            return Ok(Expr::call("fetch", vec![Expr::symbol("stage"), Expr::Unit]));
        }
        if self.facts.is_of_library(name) {
            // capr reads the variable, which may not be set. Capistrano 2 has no value for these two, and fails.
            let fails = matches!(name, "branch" | "user") && self.facts.version < 3 && self.deferred > 0;
            let otherwise = (!fails).then_some(Expr::Unit);
            return Ok(Expr::call(
                "fetch",
                [Expr::symbol(name)].into_iter().chain(otherwise).collect(),
            ));
        }
        if matches!(name, "desc" | "namespace" | "role" | "server" | "set" | "task") && !self.facts.is_task(name) {
            return self.refuse(
                Kind::Construct,
                format!("`{name}` without anything behind it gives no value here"),
            );
        }
        // These are lists of Capistrano, and no names that a computed task may have.
        let is_list = matches!(name, "namespaces" | "tasks") && !self.facts.is_task(name);
        if let Some(task) = self.facts.task(name, &self.namespaces).filter(|_| !is_list) {
            return match self.run_task(name, &task).statement {
                Statement::Value(value) => Ok(value),
                _ => Ok(Expr::call("invoke", vec![Expr::Text(task)])),
            };
        }
        if self.facts.namespace(name, &self.namespaces).is_some() {
            return Ok(Expr::name(name));
        }
        let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && name.starts_with(|c: char| c.is_ascii_lowercase());
        if is_word && !is_list && self.facts.version < 3 && !self.facts.vocabulary.is_verb(name) {
            self.unset.insert(name.to_owned());
            return Ok(self.variable(name));
        }
        let reason = format!("nothing in these files sets or defines `{name}`");
        self.no_name(Kind::Name, name, reason)
    }

    /// Reads words of Capistrano that return something.
    pub(super) fn word_value(&mut self, call: &CallNode<'_>, name: &str) -> Read<Option<Expr>> {
        let given = arguments(call, false);
        let first = given.values.first();
        let value = match (name, given.values.len()) {
            ("fetch", 1 | 2) => return self.fetch(call).map(Some),
            ("exists?", 1) | ("exists", 1) => match first.and_then(literal) {
                Some(variable) => Expr::call("exists", vec![Expr::symbol(renamed(&variable))]),
                None => Expr::call("exists", self.expressions(&given.values)?),
            },
            ("any?", 1) => Expr::call("any", self.expressions(&given.values)?),
            ("sudo" | "try_sudo", 0) if !given.pairs.is_empty() => {
                let options = self.options(name, &given.pairs)?;
                Expr::Call(Call {
                    options,
                    ..Call::new(name, Vec::new())
                })
            }
            ("eval", 1) => match first {
                Some(code) if is_name_made(&source(code)) => Expr::call("fetch", vec![self.expression(code)?]),
                Some(code) => match self.question_of_name(code)? {
                    Some(asked) => asked,
                    None => return Ok(None),
                },
                _ => return Ok(None),
            },
            ("run" | "sudo" | "invoke_command" | "put" | "upload", _)
                if !given.values.is_empty() && self.facts.version == 2 =>
            {
                self.remarks.push(format!(
                    "`{name}` gives nothing: a decision that asks for its value takes it for false"
                ));
                return self.run_for(call, name, Expr::Unit);
            }
            ("execute", _) if !given.values.is_empty() && self.facts.version > 2 && may_fail(call) => {
                return self.command_value(call, "test").map(Some);
            }
            ("execute" | "sudo", _) if !given.values.is_empty() && self.facts.version > 2 && !may_fail(call) => {
                // The word returns true: if the command fails, the run ends.
                return self.run_for(call, name, Expr::Bool(true));
            }
            ("capture" | "test" | "run_locally" | "system" | "sudo" | "try_sudo" | "`", _)
                if !given.values.is_empty() =>
            {
                return self.command_value(call, name).map(Some);
            }
            ("download!", 1) if !self.onion.is_local => self.downloaded(first.unwrap_or(&call.as_node()))?,
            ("find_task", 1) => return Ok(self.is_defined_task(&call.as_node())),
            ("ask", 1 | 2) if call.block().is_some() => return self.asked_people(name, call),
            ("ask", _) if !given.values.is_empty() => return self.asked(call).map(Some),
            ("roles" | "release_roles" | "primary", _) => self.roles_listed(name, &given)?,
            ("find_servers" | "find_servers_for_task", _) => {
                // Others are not read by Capistrano 2.
                const READ: &[&str] = &["hosts", "roles", "only", "except", "skip_hostfilter"];
                let is_read =
                    |(key, _): &&(Node<'_>, Node<'_>)| literal(key).is_none_or(|key| READ.contains(&key.as_str()));
                let pairs: Vec<_> = given.pairs.iter().partition::<Vec<_>, _>(is_read).0;
                let mut options = Vec::new();
                for pair in pairs {
                    options.extend(self.options("find_servers", std::slice::from_ref(pair))?);
                }
                Expr::Call(Call {
                    options,
                    ..Call::new("find_servers", Vec::new())
                })
            }
            ("render", _) => return self.render(call).map(Some),
            ("raise" | "fail" | "abort", _) => match self.own_error(call)? {
                Some(error) => Expr::Block(Block::of(vec![Line::new(Statement::Throw(error))])),
                None => Expr::call("abort", vec![self.raised(call)?]),
            },
            ("throw", _) if !self.mentions("catch") => {
                let thrown = self.thrown(call)?;
                Expr::Block(Block::of(vec![Line::new(Statement::Throw(thrown))]))
            }
            ("send" | "public_send" | "__send__", 1) => return self.sent_alone(&given.values),
            ("find_file_in_load_path", 1) if self.facts.version < 3 => {
                Expr::call("ruby_in_load_path", self.expressions(&given.values)?)
            }
            ("file_in_load_path?", 1) if self.facts.version < 3 => {
                Expr::call("ruby_is_in_load_path", self.expressions(&given.values)?)
            }
            ("within" | "with" | "as", _) if call.block().is_some() => return self.value_around(call, name),
            ("agree", 1) => return self.asked_people(name, call),
            ("choose", _) if given.pairs.is_empty() && (call.block().is_some() || !given.values.is_empty()) => {
                return self.asked_people(name, call);
            }
            ("current_task", 0) => Expr::name("current_task"),
            ("lambda" | "proc" | "defer", 0) => match behind(call) {
                Some(behind) => return self.function_of_later(behind).map(Some),
                None => return Ok(None),
            },
            ("Array", 1) => self.list_of(&given.values)?,
            ("URI", 1) => Expr::call("ruby_uri", self.expressions(&given.values)?),
            ("Integer", 1) => match self.first(&given.values)? {
                number @ Expr::Number(_) => number,
                value if self.kind_of(&value) == Type::Text => Expr::call("parse_int", vec![value]),
                value => Expr::call("parse_int", vec![Expr::Template(vec![Part::Value(value)])]),
            },
            ("Float", 1) => Expr::call("ruby_float", self.expressions(&given.values)?),
            ("Hash", 1) => Expr::call("ruby_map", self.expressions(&given.values)?),
            ("String", 1) => match first {
                Some(value) => self.expression(value)?.method("to_string", Vec::new()),
                None => return Ok(None),
            },
            ("format" | "sprintf", _) => self.formatted(&given.values)?,
            ("rand", _) => self.random(&given.values)?,
            ("redact", 1) if self.facts.version > 2 => {
                let remark = "`redact`: SSHKit does not show this part of a command, and capr does";
                self.remarks.push(remark.to_owned());
                self.first(&given.values)?
            }
            ("Rainbow", 1) => self.first(&given.values)?,
            ("p" | "pp", 1) => Expr::call("ruby_shown", vec![self.first(&given.values)?]),
            ("gets", 0) => Expr::call("ask", vec![Expr::text("")]),
            (name, _) if self.facts.task(name, &self.namespaces).is_none() && !self.facts.vocabulary.is_verb(name) => {
                return self.bare_file_command(call, name);
            }
            _ => return Ok(None),
        };
        self.carry(name);
        Ok(Some(value))
    }

    /// Reads a format with its values as a string.
    pub(super) fn formatted(&mut self, values: &[Node<'_>]) -> Read<Expr> {
        let mut values = self.expressions(values)?;
        let Some(Expr::Text(text)) = values.first().cloned() else {
            return self.refuse(Kind::Construct, "a format that is computed");
        };
        values.remove(0);
        match super::operators::formatted(&text, values) {
            Some(value) => Ok(value),
            None => self.refuse(Kind::Construct, "a format with a place of this kind"),
        }
    }

    /// Reads the message of `raise` and `abort`.
    pub(super) fn raised(&mut self, call: &CallNode<'_>) -> Read<Expr> {
        let given = arguments(call, false);
        match given.values.as_slice() {
            [] => Ok(Expr::text("stopped")),
            [_, text, ..] => self.expression(text),
            [text] => match made_error(text) {
                Some((class, None)) => Ok(Expr::Text(class)),
                Some((_, Some(text))) => self.expression(&text),
                None => self.expression(text),
            },
        }
    }

    /// Reads the error that `raise` is given, if its class is one of the recipe: it keeps the class, so that `rescue` can tell it.
    fn own_error(&mut self, call: &CallNode<'_>) -> Read<Option<Expr>> {
        let given = arguments(call, false).values;
        let Some((class, text)) = given.first().and_then(made_error) else {
            return Ok(None);
        };
        let Some(class) = self.facts.errors.known(&class) else {
            return Ok(None);
        };
        let message = match given.get(1).or(text.as_ref()) {
            Some(text) => self.expression(text)?,
            None => Expr::text(&class),
        };
        let entries = [("class", Expr::Text(class)), ("message", message)];
        Ok(Some(Expr::Map(
            entries.map(|(key, value)| (key.to_owned(), value)).to_vec(),
        )))
    }

    /// Reads words of Ruby itself.
    pub(super) fn ruby_word(&mut self, call: &CallNode<'_>, name: &str) -> Read<Option<Vec<Line>>> {
        let given = arguments(call, false);
        match name {
            "send" => self.sent(call),
            "instance_eval" | "instance_exec" => match self.evaluated_block(call, name)? {
                Some(lines) => Ok(Some(lines)),
                None => self.matter_of_ruby(name),
            },
            // The remark is made where its library is required.
            "Cape" if call.block().is_some() => Ok(Some(Vec::new())),
            "colorize" | "log_formatter" | "add_log_formatter" | "clear_log_formatters" | "disable_log_formatters"
                if call.receiver().is_none()
                    && (self.facts.libraries.contains("capistrano_colors")
                        || name != "colorize" && self.facts.version < 3) =>
            {
                let remark = format!("`{name}`: the colours of what is said are those of capr");
                Ok(Some(vec![self.remark(&remark)]))
            }
            "sleep" => {
                let values = self.expressions(&given.values)?;
                Ok(Some(vec![Line::new(Statement::Value(Expr::call("sleep", values)))]))
            }
            "loop" => {
                let Some(behind) = behind(call) else { return Ok(None) };
                let nodes = statements(behind.body.as_ref());
                self.loops.begin();
                let body = self.statements(&nodes, behind.end, false);
                self.loops.end();
                Ok(Some(vec![Line::new(Statement::While(Expr::Bool(true), body))]))
            }
            // The end of a run is one of two events.
            "at_exit" if call.receiver().is_none() => {
                let Some(behind) = behind(call) else { return Ok(None) };
                let nodes = statements(behind.body.as_ref());
                let block = self.later(&nodes, behind.end, false);
                if String::from_utf8_lossy(self.text).matches("at_exit").count() > 1 {
                    self.remarks
                        .push("`at_exit`: several run in their order, and not from the last to the first".to_owned());
                }
                let on = |event| Line::verb(Call::with_block("on", vec![Expr::symbol(event)], block.clone()));
                Ok(Some(vec![on("exit"), on("failure")]))
            }
            "trap" if behind(call).is_some() => {
                let remark = "`trap`: Ctrl-C and other signals end a run of capr as they are, with a rollback";
                Ok(Some(vec![self.remark(remark)]))
            }
            "print" | "printf" if !given.values.is_empty() => self.written_out(call, name, false).map(Some),
            "p" | "pp" if given.values.len() + given.pairs.len() > 0 => self.written_out(call, "puts", false).map(Some),
            "fail" | "raise" => {
                if let Some(error) = self.own_error(call)? {
                    return Ok(Some(vec![Line::new(Statement::Throw(error))]));
                }
                if let ([], Some(caught)) = (given.values.as_slice(), &self.caught) {
                    return Ok(Some(vec![Line::new(Statement::Throw(Expr::name(caught)))]));
                }
                let text = self.raised(call)?;
                let made = given.values.first().and_then(made_error);
                let is_fatal = made.is_some_and(|(class, _)| class.ends_with("CommandError"));
                Ok(Some(vec![match is_fatal {
                    true => Line::verb(Call::new("abort", vec![text])),
                    false => Line::new(Statement::Throw(text)),
                }]))
            }
            "throw" if !self.mentions("catch") => {
                let thrown = self.thrown(call)?;
                Ok(Some(vec![Line::new(Statement::Throw(thrown))]))
            }
            "exit" | "exit!" => self.exit(call).map(Some),
            "include" | "extend"
                if given.values.iter().all(|module| {
                    matches!(
                        source(module).as_str(),
                        "ERB::Util" | "FileUtils" | "Rake::DSL" | "SSHKit::DSL"
                    )
                }) =>
            {
                Ok(Some(Vec::new()))
            }
            _ if self.facts.task(name, &self.namespaces).is_none() && !self.facts.vocabulary.is_verb(name) => {
                match self.file_command_line(call, name)? {
                    Some(lines) => Ok(Some(lines)),
                    None => self.matter_of_ruby(name),
                }
            }
            _ => self.matter_of_ruby(name),
        }
    }

    /// Refuses words that only Ruby itself knows; `None` for others.
    fn matter_of_ruby(&self, name: &str) -> Read<Option<Vec<Line>>> {
        match name {
            "include" | "extend" | "private" | "public" | "trap" | "eval" | "instance_eval" => {
                self.refuse(Kind::Code, format!("`{name}` is a matter of Ruby"))
            }
            _ => Ok(None),
        }
    }
}

/// Returns the class of an error that `raise` is given, with the message of `X.new("…")`.
fn made_error<'pr>(node: &Node<'pr>) -> Option<(String, Option<Node<'pr>>)> {
    if let Some(class) = constant(node) {
        return Some((class, None));
    }
    let call = node
        .as_call_node()
        .filter(|call| matches!(id(&call.name()).as_str(), "new" | "exception"))?;
    let message = arguments(&call, false).values.into_iter().next();
    Some((constant(&call.receiver()?)?, message))
}
