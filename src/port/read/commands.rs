//! Reads commands on servers and on this machine, with their surroundings in Capistrano 3.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line, Part, Statement, string};
use super::super::nodes::holds;
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, bare, behind, constant, id, literal, local_or_host, source, statements};
use super::Reader;
use super::bash::needs_bash;
use super::executed::{Executed, in_background, streamed};
use super::locals::{Local, Type};
use super::strings::CommandLines;

impl Reader<'_> {
    /// Reads a word that runs something or sends a file.
    pub(super) fn command_word(&mut self, call: &CallNode<'_>, name: &str) -> Read<Option<Vec<Line>>> {
        let given = arguments(call, true);
        match name {
            "run" | "stream" | "sudo" | "try_sudo" | "invoke_command"
                if self.facts.version < 3 && !given.values.is_empty() =>
            {
                self.run(call, name).map(Some)
            }
            "execute" | "sudo" | "run" if !given.values.is_empty() => self.execute(call, name).map(Some),
            "stream" if self.facts.version > 2 && !given.values.is_empty() => {
                let lines = self.execute(call, "execute")?;
                Ok(Some(lines.into_iter().map(streamed).collect()))
            }
            "background" if self.facts.version > 2 && !given.values.is_empty() => self.execute(call, name).map(Some),
            // SSHKit has these words for commands of the same name.
            "rake" | "make"
                if self.facts.version > 2
                    && (self.onion.host.is_some() || self.onion.is_local)
                    && !given.values.is_empty() =>
            {
                self.execute(call, name).map(Some)
            }
            "git" if call.receiver().is_some() && !given.values.is_empty() => self.execute(call, "execute").map(Some),
            "capture" | "test" if !given.values.is_empty() => {
                let value = self.command_value(call, name)?;
                Ok(Some(vec![Line::new(Statement::Value(value))]))
            }
            "run_locally" if call.block().is_some() => self.locally(call).map(Some),
            "sh" if !given.values.is_empty() => self.sh(call).map(Some),
            "run_locally" | "system" | "exec" if !given.values.is_empty() => self.of_this_machine(call, name).map(Some),
            "put" | "get" | "upload" | "download" | "delete" | "transfer" | "upload!" | "download!" => {
                self.transfer(call, name).map(Some)
            }
            "on" => self.on(call),
            "within" | "with" | "as" => self.around(call, name).map(Some),
            "puma_switch_user" if self.is_user_of_puma_the_login() => self.as_login(call).map(Some),
            "parallel" => self.parallel(call).map(Some),
            "with_env" if self.facts.version < 3 => self.with_env(call).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads `sh "make"` of Rake: a command of this machine that has to succeed.
    fn sh(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        if call.block().is_some() {
            return self.refuse(Kind::Construct, "`sh` with a block");
        }
        let has_failed = self.command_value(call, "system")?.negated();
        let error = Statement::Throw(Expr::text("a command of this machine has failed"));
        let arms = vec![(has_failed, Block::of(vec![Line::new(error)]))];
        Ok(vec![Line::new(Statement::Value(Expr::If(arms, None)))])
    }

    /// Reads `parallel do |session| session.when "in?(:app)", "…" end`.
    fn parallel(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let Some(behind) = behind(call).filter(|behind| behind.parameters.len() == 1 && !behind.is_odd) else {
            return self.refuse(Kind::Construct, "`parallel` of this kind");
        };
        let nodes = statements(behind.body.as_ref());
        let mut lines = Vec::new();
        for node in &nodes {
            let branch = node.as_call_node();
            let name = branch.as_ref().map(|branch| id(&branch.name()));
            let (Some(branch), Some(name @ ("when" | "else"))) = (branch, name.as_deref()) else {
                return self.refuse(Kind::Construct, "`parallel` with other words than `when` and `else`");
            };
            if branch.block().is_some() {
                return self.refuse(Kind::Construct, "`parallel` with output blocks");
            }
            let values = self.expressions(&arguments(&branch, false).values)?;
            let method = Expr::name("session").method(name, values);
            lines.push(Line::new(Statement::Value(method)));
        }
        Ok(vec![Line::verb(Call {
            parameters: vec!["session".to_owned()],
            ..Call::with_block("parallel", Vec::new(), Block::of(lines))
        })])
    }

    /// Reads `run "…", options do |channel, stream, data|`.
    fn run(&mut self, call: &CallNode<'_>, name: &str) -> Read<Vec<Line>> {
        let given = arguments(call, true);
        let (command, more) = match given.values.as_slice() {
            [command] => (command, None),
            // A function hands on the options that it is given.
            [command, options] if options.as_local_variable_read_node().is_some() => (command, Some(options)),
            _ => return self.refuse(Kind::Construct, format!("`{name}` of several values")),
        };
        let mut values = vec![self.command(command)?];
        values.extend(more.map(|options| self.expression(options)).transpose()?);
        let verb = if given.option("via").is_some() && name == "run" {
            "invoke_command"
        } else {
            name
        };
        let options = self.options(verb, &given.pairs)?;
        let mut written = Call {
            options,
            ..Call::new(verb, values)
        };
        if let Some(lines) = self.with_given_block(call, &written) {
            return Ok(lines);
        }
        if let Some(behind) = behind(call) {
            if behind.is_odd || behind.rescue.is_some() {
                return self.refuse(Kind::Construct, "an output block of this kind");
            }
            self.scopes.push(std::collections::BTreeMap::new());
            for parameter in &behind.parameters {
                let name = self.declare(parameter, Local::default());
                self.streams.insert(name.clone());
                written.parameters.push(name);
            }
            let nodes = statements(behind.body.as_ref());
            // A `break` ends the command. If more followed it in the block, that would still be run.
            let channel = written.parameters.first().cloned().filter(|_| breaks_last(&nodes));
            let outer = (
                std::mem::replace(&mut self.channel, channel),
                std::mem::take(&mut self.loops),
            );
            written.block = Some(self.statements(&nodes, behind.end, false));
            (self.channel, self.loops) = outer;
            self.scopes.pop();
        } else if call
            .block()
            .is_some_and(|block| !source(&block).ends_with("default_io_proc"))
        {
            return self.refuse(Kind::Construct, "an output block that is a function");
        }
        Ok(vec![Line::verb(written)])
    }

    /// Reads the options of a verb.
    pub(super) fn options(&mut self, verb: &str, pairs: &[(Node<'_>, Node<'_>)]) -> Read<Vec<(String, Expr)>> {
        let known = self.facts.vocabulary.options(verb);
        let mut options = Vec::new();
        for (key, value) in pairs {
            if verb == "task" && bare(key).as_deref() == Some("roles") {
                // Ruby makes the list of all roles the name of an option that nothing reads.
                self.remarks
                    .push("`roles => …` without a colon is no option in Ruby: the task goes to all servers".to_owned());
                continue;
            }
            let Some(key) = literal(key) else {
                return self.refuse(Kind::Construct, "an option whose name is computed");
            };
            let key = match (verb, key.as_str()) {
                ("sudo" | "try_sudo", "user") => "as".to_owned(),
                _ => key,
            };
            if matches!(key.as_str(), "desc" | "description") && verb == "task" {
                options.push(("desc".to_owned(), self.expression(value)?));
                continue;
            }
            let is_of_commands = matches!(key.as_str(), "data" | "env" | "once" | "pty" | "shell");
            let is_read = !is_of_commands || verb != "task" || self.facts.version > 2;
            if !is_read || known.as_ref().is_some_and(|known| !known.contains(&key.as_str())) {
                let is_kept = matches!(verb, "task" | "run" | "sudo" | "stream");
                if is_kept && self.facts.version < 3 {
                    // Capistrano keeps any option, and reads only those that it knows.
                    self.remarks.push(format!(
                        "`{key} => …` is no option of `{verb}`: Capistrano does nothing with it either"
                    ));
                    continue;
                }
                return self.refuse(Kind::Construct, format!("`{verb}` has no option `{key}`"));
            }
            let value = self.expression(value)?;
            // An option that is `nil` counts as not given.
            if value != Expr::Unit {
                if key == "on_error" {
                    self.remarks.push(
                        "`on_error => :continue`: a run in which a server failed ends with exit code 1 here, with 0 in Capistrano"
                            .to_owned(),
                    );
                }
                options.push((key, value));
            }
        }
        Ok(options)
    }

    /// Reads `execute :rake, "db:migrate"`.
    fn execute(&mut self, call: &CallNode<'_>, name: &str) -> Read<Vec<Line>> {
        let mut lines = match self.ran_first(call) {
            Some(first) => self.execute(&first, &id(&first.name()))?,
            None => Vec::new(),
        };
        let executed = self.executed(call)?;
        let answers = self.answers(call)?;
        let onion = self.onion.clone();
        if answers.is_some() && onion.is_local {
            return self.refuse(
                Kind::Construct,
                format!("`{name}` with `interaction_handler` on this machine"),
            );
        }
        let mut options = self.surroundings(&executed);
        let command = match name {
            "background" if executed.is_mapped => in_background(executed.command),
            _ => executed.command,
        };
        if !executed.is_mapped && (onion.dir.is_some() || !onion.env.is_empty() || onion.user.is_some()) {
            lines.push(self.remark("SSHKit does not apply within, with and as to a command with blanks in it"));
        }
        let command = match name {
            "sudo" if onion.user.is_some() || onion.is_local => {
                string([vec![Part::Text("sudo ".to_owned())], command.parts()].concat())
            }
            _ => command,
        };
        if onion.is_local {
            if !options.iter().any(|(name, _)| name == "dir") {
                options.extend(self.local_dir.clone().map(|dir| ("dir".to_owned(), dir)));
            }
            lines.push(Line::verb(Call {
                options,
                ..Call::new("run_locally", vec![command])
            }));
            return Ok(lines);
        }
        let verb = match (name, executed.is_mapped, &onion.user) {
            ("sudo", ..) => "sudo",
            (_, true, Some(_)) => "sudo",
            _ => "run",
        };
        // The program is `sudo` there, and nothing goes before the one behind it.
        if name == "sudo" && self.has_prefix(&command) && !options.contains(&without_prefix()) {
            options.push(without_prefix());
        }
        if let (true, Some(user)) = (executed.is_mapped, onion.user) {
            options.insert(0, ("as".to_owned(), user));
        }
        options.extend(onion.servers);
        let (parameters, block) = answers.map_or((Vec::new(), None), |(names, block)| (names, Some(block)));
        lines.push(Line::verb(Call {
            options,
            parameters,
            block,
            ..Call::new(verb, vec![command])
        }));
        Ok(lines)
    }

    /// Returns the options of a command with those of its surroundings, of which SSHKit gives none to a command with blanks in it.
    fn surroundings(&mut self, executed: &Executed) -> Vec<(String, Expr)> {
        let mut options = executed.options.clone();
        let is_of_sh = (self.onion.is_of_sh || self.onion.user.is_some()) && executed.is_mapped;
        let is_of_login = !self.onion.is_local && !is_of_sh;
        if is_of_login && needs_bash(&self.with_known(&executed.text)) {
            self.remarks.push(
                "`:shell => \"bash\"`: Capistrano 3 gives commands to the login shell, capr to `sh`; these have words that only bash knows"
                    .to_owned(),
            );
            options.push(("shell".to_owned(), Expr::text("bash")));
        }
        let has_default = self.facts.variables.contains_key("default_environment");
        if !executed.is_mapped {
            if !self.onion.is_local && (has_default || self.has_prefix(&executed.text)) {
                options.push(without_prefix());
            }
            return options;
        }
        options.extend(self.onion.dir.clone().map(|dir| ("dir".to_owned(), dir)));
        let own = (!self.onion.env.is_empty()).then(|| Expr::Map(self.onion.env.clone()));
        // Commands of this machine do not have it by themselves here.
        let default = (has_default && self.onion.is_local).then(|| Expr::name("default_environment"));
        let env = match (default, own) {
            (Some(default), Some(own)) => Some(default.binary("+", own)),
            (default, own) => default.or(own),
        };
        options.extend(env.map(|env| ("env".to_owned(), env)));
        options
    }

    /// Returns true for a command that begins with a program before which there may be other words.
    fn has_prefix(&self, command: &Expr) -> bool {
        let first = command.clone().parts().into_iter().next();
        let Some(Part::Text(text)) = first else { return false };
        let program = text.split_whitespace().next().unwrap_or_default();
        self.facts.is_prefixed(program) || self.is_in_map(program)
    }

    /// Returns a command with the texts of the locals in it, as far as they are known.
    pub(super) fn with_known(&self, command: &Expr) -> Expr {
        let parts = command.clone().parts().into_iter();
        let known = |part| match &part {
            Part::Value(Expr::Name(name)) => self.texts.get(name).cloned().map_or(vec![part], Expr::parts),
            _ => vec![part],
        };
        string(parts.flat_map(known).collect())
    }

    /// Reads a command whose output or success is the value.
    pub(super) fn command_value(&mut self, call: &CallNode<'_>, name: &str) -> Read<Expr> {
        let given = arguments(call, true);
        if self.facts.version < 3 || matches!(name, "run_locally" | "system" | "try_sudo" | "`") {
            if matches!(name, "sudo" | "try_sudo") && !self.deferred_value(call) {
                return self.refuse(Kind::Construct, format!("`{name}` as a value"));
            }
            let verb = if name == "`" { "run_locally" } else { name };
            let (environment, values) = match given.values.split_first() {
                Some((first, rest)) if first.as_hash_node().is_some() && name == "system" && !rest.is_empty() => {
                    (Some(self.expression(first)?), rest)
                }
                _ => (None, given.values.as_slice()),
            };
            let mut command = match values {
                [command] if matches!(name, "run_locally" | "system" | "`") => {
                    self.command_of(command, CommandLines::Kept)?
                }
                [command] => self.command(command)?,
                words => Expr::List(self.expressions(words)?),
            };
            let (streams, pairs): (Vec<_>, Vec<_>) = match name {
                "system" => given.pairs.into_iter().partition(|(key, _)| redirected(key).is_some()),
                _ => (Vec::new(), given.pairs),
            };
            for (key, value) in &streams {
                let is_nowhere = matches!(source(value).as_str(), "File::NULL" | "IO::NULL")
                    || literal(value).as_deref() == Some("/dev/null");
                let (true, Some(stream), true) = (is_nowhere, redirected(key), !matches!(command, Expr::List(_)))
                else {
                    return self.refuse(Kind::Construct, "`system` with a stream that goes elsewhere");
                };
                let mut parts = command.parts();
                parts.push(Part::Text(stream.to_owned()));
                command = string(parts);
            }
            let mut options = self.options(verb, &pairs)?;
            options.extend(environment.map(|environment| ("env".to_owned(), environment)));
            if matches!(verb, "run_locally" | "system") {
                options.extend(self.local_dir.clone().map(|dir| ("dir".to_owned(), dir)));
            }
            return Ok(Expr::Call(Call {
                options,
                ..Call::new(verb, vec![command])
            }));
        }
        let executed = self.executed(call)?;
        let mut options = self.surroundings(&executed);
        // `test` and the value of `execute` tell whether the command failed.
        let command = match name {
            "capture" => executed.command,
            _ => executed.text,
        };
        let onion = self.onion.clone();
        let verb = match (onion.is_local, name) {
            (true, "test") => "system",
            (true, _) => "run_locally",
            (false, name) => name,
        };
        if !onion.is_local {
            options.extend(onion.servers);
            if !onion.is_one && !onion.is_each && self.onion.host.is_some() {
                return self.refuse(
                    Kind::PerServer,
                    format!("`{name}` asks each server, and what follows depends on its answer"),
                );
            }
        }
        let value = Expr::Call(Call {
            options,
            ..Call::new(verb, vec![command])
        });
        let value = match (onion.user, executed.is_mapped) {
            // The word is a statement: a block gives its value.
            (Some(user), true) => Expr::Block(Block {
                lines: vec![Line::verb(Call::with_block("as", vec![user], Block::giving(value)))],
                gives: true,
            }),
            _ => value,
        };
        let is_whole = given
            .option("strip")
            .is_some_and(|strip| strip.as_false_node().is_some());
        Ok(match name {
            "capture" if !is_whole => Expr::call("strip", vec![value]),
            _ => value,
        })
    }

    /// Returns true if a word that runs something can stand as a value.
    fn deferred_value(&self, call: &CallNode<'_>) -> bool {
        // This is the case in `"#{try_sudo :as => "app"} command"`.
        arguments(call, true).values.is_empty()
    }

    /// Returns true if a value is a `StringIO` of a string.
    pub(super) fn is_string(&self, node: &Node<'_>) -> bool {
        if let Some(local) = node.as_local_variable_read_node() {
            return self.streams.contains(&id(&local.name()));
        }
        let call = node.as_call_node().filter(|call| call.receiver().is_none());
        let function = call.and_then(|call| self.facts.functions.get(&id(&call.name())));
        function.is_some_and(|function| super::super::filling::gives_stream(&function.source)) || is_stream(node)
    }

    /// Reads the list of servers in front of a block of `each`.
    pub(super) fn servers_of(&mut self, receiver: &Node<'_>) -> Read<Option<Expr>> {
        let Some(call) = receiver.as_call_node() else {
            return Ok(None);
        };
        match id(&call.name()).as_str() {
            "find_servers" | "find_servers_for_task" | "roles" | "release_roles" if call.receiver().is_none() => {
                self.expression(receiver).map(Some)
            }
            // This is `roles[:app].servers`.
            "[]" if call.receiver().as_ref().and_then(bare).as_deref() == Some("roles") => {
                self.expression(receiver).map(Some)
            }
            "servers" => match call.receiver() {
                Some(inner) => self.servers_of(&inner),
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Reads `host.hostname` in `on roles(…) do |host|`.
    pub(super) fn of_host(&mut self, name: &str, receiver: &Node<'_>) -> Read<Option<Expr>> {
        let Some(local) = local_or_host(receiver) else {
            let called = receiver.as_call_node().filter(|call| call.receiver().is_none());
            let is_one = called.is_some_and(|call| id(&call.name()) == "primary");
            return match name {
                "hostname" | "host" | "user" | "port" if is_one => {
                    let member = if name == "hostname" { "host" } else { name };
                    let owner = self.expression(receiver)?;
                    Ok(Some(Expr::Member(Box::new(owner), member.to_owned())))
                }
                _ => Ok(None),
            };
        };
        if let Some(server) = self.local(&local).filter(|local| local.kind == Type::Server) {
            let owner = Expr::Name(server.written.clone());
            return match name {
                "hostname" | "host" | "to_s" => Ok(Some(Expr::Member(Box::new(owner), "host".to_owned()))),
                "options" if self.facts.version < 3 => Ok(Some(Expr::Member(Box::new(owner), "properties".to_owned()))),
                "primary" => {
                    let properties = Expr::Member(Box::new(owner), "properties".to_owned());
                    Ok(Some(Expr::Member(Box::new(properties), name.to_owned())))
                }
                // Its argument follows.
                "has_role?" => Ok(None),
                "roles_array" => Ok(Some(Expr::Member(Box::new(owner), "roles".to_owned()))),
                "username" => Ok(Some(Expr::Member(Box::new(owner), "user".to_owned()))),
                "user" | "port" | "name" | "roles" | "properties" => {
                    Ok(Some(Expr::Member(Box::new(owner), name.to_owned())))
                }
                // What the recipe gave this server; those of all servers are not among them.
                "ssh_options" | "password" => {
                    let properties = Expr::Member(Box::new(owner), "properties".to_owned());
                    Ok(Some(Expr::Member(Box::new(properties), name.to_owned())))
                }
                "keys" | "netssh_options" | "local?" | "hash" | "options" | "key" | "fetch" | "set" | "select?"
                | "matches?" | "respond_to?" | "nil?" | "is_a?" => {
                    self.refuse(Kind::Construct, format!("`{name}` of a server"))
                }
                _ => {
                    let reason = format!("`{name}` of a server, which has nothing of this name");
                    Err(self.always_fails(&reason, &format!("undefined method `{name}'")))
                }
            };
        }
        if self.onion.host.as_deref() == Some(local.as_str()) {
            return match name {
                "hostname" | "host" | "name" | "to_s" => Ok(Some(Expr::text("$CAPISTRANO:HOST$"))),
                _ => self.refuse(Kind::PerServer, format!("`{name}` of each server")),
            };
        }
        Ok(None)
    }
}

/// Returns what sends a stream of a command nowhere: `out:`, `err:` or both.
fn redirected(key: &Node<'_>) -> Option<&'static str> {
    match source(key).trim_start_matches(':').trim_end_matches(':') {
        "out" => Some(" >/dev/null"),
        "err" => Some(" 2>/dev/null"),
        "[:out, :err]" | "[:err, :out]" => Some(" >/dev/null 2>&1"),
        _ => None,
    }
}

/// Returns true if every `break` of a block is in its last statement.
fn breaks_last(nodes: &[Node<'_>]) -> bool {
    let Some((_, before)) = nodes.split_last() else {
        return true;
    };
    let is_break = |node: &Node<'_>| node.as_break_node().is_some();
    !before.iter().any(|node| holds(node, &is_break))
}

/// Returns the path of `File.open("x")`.
pub(super) fn opened<'pr>(node: &Node<'pr>) -> Option<Node<'pr>> {
    let call = node.as_call_node()?;
    let class = call.receiver().as_ref().and_then(constant)?;
    let is_open = class == "File" && matches!(id(&call.name()).as_str(), "open" | "new") && call.block().is_none();
    arguments(&call, false).values.into_iter().next().filter(|_| is_open)
}

/// Returns the option of a command before whose program nothing goes.
fn without_prefix() -> (String, Expr) {
    ("prefix".to_owned(), Expr::Bool(false))
}

/// Returns true for `StringIO.new(…)`.
pub(super) fn is_stream(node: &Node<'_>) -> bool {
    let call = node.as_call_node();
    let class = call.and_then(|call| call.receiver()).as_ref().and_then(constant);
    class.as_deref() == Some("StringIO")
}
