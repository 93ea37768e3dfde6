//! Reads tasks, namespaces, descriptions, and files that are loaded.

use ruby_prism::{CallNode, Node};

use super::super::facts::full_name;
use super::super::form::{Block, Call, Expr, Line, Statement};
use super::super::note::{Kind, Missing, Read, Unported};
use super::super::ruby::{Arguments, Offsets, arguments, bare, behind, evaluated, id, literal, source, statements};
use super::task_arguments::once_more;
use super::{Onion, Reader};
use crate::sort;

impl Reader<'_> {
    /// Reads a word that defines something.
    pub(super) fn definition(&mut self, node: &Node<'_>, call: &CallNode<'_>, name: &str) -> Read<Option<Vec<Line>>> {
        match name {
            "desc" => self.desc(call).map(Some),
            "task" | "multitask" => self.task(node, call, None).map(Some),
            "namespace" => self.namespace(call).map(Some),
            "alias_task" => {
                let values = self.expressions(&arguments(call, false).values)?;
                Ok(Some(vec![Line::verb(Call::new("alias_task", values))]))
            }
            "before" | "after" => self.hook(node, call, name).map(Some),
            "on" if self.facts.version < 3 || self.onion.host.is_none() && self.deferred == 0 => self.event(call),
            "transaction" | "on_rollback" => {
                let Some(behind) = behind(call) else { return Ok(None) };
                let nodes = statements(behind.body.as_ref());
                let block = match name {
                    "transaction" => self.statements(&nodes, behind.end, false),
                    _ => self.later(&nodes, behind.end, false),
                };
                Ok(Some(vec![Line::verb(Call::with_block(name, Vec::new(), block))]))
            }
            "eval" | "instance_eval" if evaluated(call).is_some() => self.load(call, "load").map(Some),
            "require" | "load" | "import" | "require_relative" | "eval_rakefile" => self.load(call, name).map(Some),
            "include" | "extend" if self.is_mixing_in(call) => Ok(Some(Vec::new())),
            "lock" | "load_default_tasks" => Ok(Some(Vec::new())),
            // It chooses the version of a gem that is required later.
            "gem" if !arguments(call, false).values.is_empty() && !self.facts.functions.contains_key(name) => {
                Ok(Some(Vec::new()))
            }
            "install_plugin" => self.plugin(call).map(Some),
            "invoke" | "invoke!" | "find_and_execute_task" | "execute_task" => self.invoke(call).map(Some),
            "depend" => self.depend(call).map(Some),
            _ => Ok(None),
        }
    }

    fn desc(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let mut values = match self.expressions(&arguments(call, false).values) {
            Ok(values) => values,
            Err(unported) => {
                // It is only shown.
                let text = format!("the description of a task is left out: {}", unported.reason);
                return Ok(vec![self.remark(&text)]);
            }
        };
        if let [Expr::Text(text)] = values.as_mut_slice() {
            let lines: Vec<&str> = text.trim().lines().map(str::trim).collect();
            let has_parts = lines.contains(&"");
            *text = lines.join(if has_parts { "\n" } else { " " });
        }
        if values.is_empty() {
            return Ok(Vec::new());
        }
        values.truncate(1);
        let mut described = Block::of(vec![Line::verb(Call::new("desc", values))]);
        self.before_the_stage(&mut described);
        self.before_the_main_file(&mut described);
        Ok(described.lines)
    }

    /// Reads `depend :remote, :command, "git", :or => "…"`.
    fn depend(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let given = arguments(call, true);
        let values = self.expressions(&given.values)?;
        let options = self.options("depend", &given.pairs)?;
        Ok(vec![Line::verb(Call {
            options,
            ..Call::new("depend", values)
        })])
    }

    fn namespace(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let given = arguments(call, true);
        let (Some(named), Some(behind)) = (given.values.first(), behind(call)) else {
            return self.refuse(Kind::Construct, "a namespace without a name or a block");
        };
        let name = self.expression(named)?;
        // No task has the name of one that is computed.
        self.namespaces.push(name.literal().unwrap_or("*").to_owned());
        let nodes = statements(behind.body.as_ref());
        let outer = self.objects.clone();
        self.objects.retain(|_, kind| *kind != "namespace");
        let own = behind.parameters.first().map(|own| (own.clone(), "namespace"));
        self.objects.extend(own);
        let block = self.statements(&nodes, behind.end, false);
        self.objects = outer;
        self.namespaces.pop();
        let has_task = |line: &Line| matches!(&line.statement, Statement::Verb(call) if call.name == "task");
        if name.literal() == Some("load") && self.namespaces.is_empty() && !block.lines.iter().any(has_task) {
            return Ok(block.lines);
        }
        let mut lines = match self.namespaces.is_empty() {
            true => std::mem::take(&mut self.emptied_above),
            false => Vec::new(),
        };
        lines.push(Line::verb(Call::with_block("namespace", vec![name], block)));
        Ok(lines)
    }

    /// Reads `task :name, options do … end`, in all forms of Rake.
    pub(super) fn task(&mut self, node: &Node<'_>, call: &CallNode<'_>, namespace: Option<&str>) -> Read<Vec<Line>> {
        if let Some(lines) = self.defaults(call) {
            return Ok(lines);
        }
        let mut given = arguments(call, true);
        let rails = self.needs_rails(&given.pairs);
        let mut needs = Vec::new();
        let mut first = given
            .values
            .is_empty()
            .then(|| given.pairs.first().map(|(key, _)| literal(key)))
            .flatten()
            .flatten();
        if first.is_some() && !given.pairs.is_empty() {
            // This is `task :name => [:other]`.
            let (_, other) = given.pairs.remove(0);
            needs = self.needs(&other)?;
        } else if let [_, names @ ..] = given.values.as_slice()
            && let (false, true, Some(arguments)) =
                (names.is_empty(), given.pairs.is_empty(), self.names_of(names, call))
        {
            needs = arguments;
        } else if let (1, Some((names, other))) = (given.values.len(), given.pairs.first())
            && names.as_array_node().is_some()
            && let Some(arguments) = self.names_of(std::slice::from_ref(names), call)
        {
            // This is `task :say, [:what] => :check`.
            needs = self.needs(other)?;
            needs.extend(arguments);
            given.pairs.remove(0);
        } else if given.values.len() > 1
            || given
                .pairs
                .first()
                .is_some_and(|(key, _)| key.as_array_node().is_some())
        {
            return self.refuse(
                Kind::Construct,
                "a task with arguments whose names are computed: `:arguments => [\"NAME\"]` names them, and ENV[\"NAME\"] reads them",
            );
        }
        if needs.is_empty() {
            needs.extend(self.words_of(call));
        }
        let computed = given.values.first().or(given.pairs.first().map(|(key, _)| key));
        let in_loop = computed.filter(|_| first.is_none() && !self.listed.is_empty());
        let in_loop = in_loop.and_then(|node| super::super::repeated::names(node, &self.listed));
        let name = match (first.take(), given.values.first()) {
            (Some(name), _) => Expr::Symbol(name),
            (None, Some(value)) => self.expression(value)?,
            (None, None) if !given.pairs.is_empty() => {
                // The name is computed: `task command => [:other]`.
                let (key, other) = given.pairs.remove(0);
                needs = self.needs(&other)?;
                self.expression(&key)?
            }
            (None, None) => return self.refuse(Kind::Construct, "a task without a name"),
        };
        let needs_others = !needs.is_empty() || !given.pairs.is_empty();
        if let Some(lines) = self.task_of_stage(call, &name, needs_others)? {
            return Ok(lines);
        }
        if let Some(lines) = name.literal().and_then(|name| self.own_update(call, name, &given)) {
            return Ok(lines);
        }
        let name = match in_loop.as_deref() {
            Some(names) => self.named_apart_in_loop(name, names)?,
            None => self.named_apart(name),
        };
        let (mut options, unported) = match self.options("task", &given.pairs) {
            Ok(options) => (options, None),
            Err(unported) => (Vec::new(), Some(unported)),
        };
        let entered = namespace
            .map(|namespace| self.namespaces.push(namespace.to_owned()))
            .is_some();
        let notes = self.notes.len();
        let is_added = name
            .literal()
            .is_some_and(|name| self.facts.added_to.contains(&self.full_name(name)));
        let full = name.literal().map(|name| self.full_name(name)).unwrap_or_default();
        let is_first = is_added || self.facts.is_in_order(&full);
        // Of these, the arguments of the task belong to its body.
        let is_need = |line: &Line| is_first && !matches!(line.statement, Statement::Let(..));
        let (before, needs): (Vec<Line>, Vec<Line>) = needs.into_iter().partition(is_need);
        let of_body = needs.iter().any(|line| !matches!(line.statement, Statement::Let(..)));
        let names = in_loop
            .clone()
            .unwrap_or_else(|| vec![name.literal().unwrap_or_default().to_owned()]);
        for (has, verb) in [(of_body, "needs"), (!before.is_empty(), "before")] {
            for name in names.iter().filter(|_| has) {
                let full = self.full_name(name);
                self.hooked.insert(format!("{verb} {full}"));
            }
        }
        let (found, mut block) = self.task_body(call, needs)?;
        if self.facts.version < 3 {
            super::servers::without_filters(&mut block, &options);
        }
        if let Some(unported) = rails.filter(|_| self.notes.len() > notes) {
            // Capistrano does not get to the code of the application in it.
            self.notes.truncate(notes);
            let line = self.task_note(node, &given, unported);
            block = Block::of(vec![line]);
        }
        if entered {
            self.namespaces.pop();
        }
        if let Some(unported) = unported {
            let mut short = unported;
            short.reason.push_str(", so this task would go to other servers");
            let line = self.task_note(node, &given, short);
            block.lines.insert(0, line);
        }
        options.extend(found);
        options.extend(self.taken(call));
        let mut lines = Vec::new();
        lines.extend(self.needed_first(&full, before));
        let is_here = self.defined.get(&full).is_some_and(|times| *times > 0);
        if behind(call).is_none() && (is_added || is_first && is_here) {
            return Ok(lines);
        }
        let (name, more) = self.again(name, in_loop)?;
        lines.push(Line::verb(Call {
            options,
            ..Call::with_block("task", vec![name], block)
        }));
        lines.extend(more);
        lines.extend(self.hook_by_name(&full));
        Ok(lines)
    }

    /// Returns the name of a task that is defined here, another one where the library has this one for a task of its own.
    pub(super) fn named_apart(&mut self, name: Expr) -> Expr {
        let own = name.literal().unwrap_or_default();
        let full = self.full_name(own);
        let apart = self.facts.apart(full.clone());
        if apart == full || own.is_empty() {
            return name;
        }
        let reason = match self.facts.hooked_by_name(&full) {
            Some(task) => format!(
                "would be a hook of `{task}`, as up to Capistrano 2.10 only: if yours is that old, hook it to `{task}`"
            ),
            None => "is one of the library that does something else".to_owned(),
        };
        self.remarks.push(format!(
            "the task `{full}` is called `{apart}` here, where `{full}` {reason}"
        ));
        let ending = apart.strip_prefix(&full).unwrap_or_default();
        Expr::symbol(&format!("{own}{ending}"))
    }

    /// Returns the name of the tasks that a loop defines; all of them, or none, may have another one here.
    fn named_apart_in_loop(&self, name: Expr, names: &[String]) -> Read<Expr> {
        let is_apart = |name: &&String| self.facts.apart(self.full_name(name)) != self.full_name(name);
        match names.iter().find(is_apart) {
            None => Ok(name),
            Some(task) => {
                let full = self.full_name(task);
                let reason = format!("a loop that defines a task `{full}`: capr has a step of this name");
                self.refuse(Kind::Construct, reason)
            }
        }
    }

    /// Returns the full name of a task that is defined here.
    pub(super) fn full_name(&self, name: &str) -> String {
        full_name(&self.namespaces, name)
    }

    /// Returns the hook that runs what a task needs before it.
    fn needed_first(&self, task: &str, needs: Vec<Line>) -> Option<Line> {
        let (verb, target) = self.around_task("before", task).filter(|_| !needs.is_empty())?;
        Some(Line::verb(Call::with_block(
            &verb,
            vec![Expr::Text(target)],
            Block::of(needs),
        )))
    }

    /// Returns the verb and the task for a hook on a task of Capistrano: the library's own, or the one that stands for it here.
    pub(super) fn around_task(&self, verb: &str, full: &str) -> Option<(String, String)> {
        match self.facts.vocabulary.tasks.contains(full) || !self.facts.added_to.contains(full) {
            true => Some((verb.to_owned(), full.to_owned())),
            false => self.phase(verb, full),
        }
    }

    /// Makes a note that shows only the head of a task.
    fn task_note(&mut self, node: &Node<'_>, _: &Arguments<'_>, unported: Unported) -> Line {
        let number = self.note(node, unported);
        if let Some(note) = self.notes.last_mut() {
            note.ruby = note.ruby.lines().next().unwrap_or("").to_owned();
        }
        Line::new(Statement::Note(number, true))
    }

    /// Reads the body of a task, and the options of its only `on` block.
    pub(super) fn task_body(&mut self, call: &CallNode<'_>, needs: Vec<Line>) -> Read<(Vec<(String, Expr)>, Block)> {
        let Some(behind) = behind(call) else {
            return match call.block() {
                Some(_) => self.refuse(Kind::Construct, "a task whose body is a function"),
                None => Ok((Vec::new(), Block::of(needs))),
            };
        };
        let nodes = statements(behind.body.as_ref());
        let outer = std::mem::take(&mut self.onion);
        self.set_in_task.clear();
        let servers = self.only_on(&nodes);
        if let Some((found, is_one)) = &servers {
            self.task_servers = Some(found.clone());
            self.onion = Onion {
                is_one: *is_one,
                ..Onion::default()
            };
        }
        // The arguments of the task are its second parameter.
        let args = behind.parameters.get(1).filter(|_| !needs.is_empty()).map(|name| {
            let local = super::locals::Local {
                written: name.clone(),
                kind: super::locals::Type::Map,
                is_parameter: false,
                may_be_nothing: false,
                has_blanks: false,
                has_lines: false,
            };
            (name.clone(), local)
        });
        self.task_arguments = args.as_ref().map(|(name, _)| name.clone());
        self.scopes.push(sort::map(args));
        let task = behind.parameters.first().filter(|_| self.facts.version > 2);
        self.given
            .extend(task.map(|name| (name.clone(), Expr::name("current_task"))));
        let mut block = match &behind.rescue {
            Some(whole) => self.later(std::slice::from_ref(whole), behind.end, false),
            None => self.later(&nodes, behind.end, false),
        };
        self.given.retain(|name, _| Some(name) != task);
        self.scopes.pop();
        self.task_arguments = None;
        self.onion = outer;
        self.task_servers = None;
        let mut lines = needs;
        lines.append(&mut block.lines);
        Ok((servers.map(|(found, _)| found).unwrap_or_default(), Block::of(lines)))
    }

    /// Returns the servers of a task whose body is one `on` block.
    fn only_on(&mut self, nodes: &[Node<'_>]) -> Option<(Vec<(String, Expr)>, bool)> {
        if self.facts.version < 3 {
            return None;
        }
        let [only] = nodes else { return None };
        let call = only.as_call_node()?;
        if id(&call.name()) != "on" || call.receiver().is_some() {
            return None;
        }
        if self.is_for_each(&call) {
            return None;
        }
        let (options, is_one) = self.servers_said(&arguments(&call, false)).ok()?;
        // A computed value has to be computed when the task runs.
        let is_fixed = |value: &Expr| match value {
            Expr::List(items) => items.iter().all(|item| item.literal().is_some()),
            Expr::Map(_) | Expr::Bool(_) | Expr::Number(_) => true,
            value => value.literal().is_some(),
        };
        options
            .iter()
            .all(|(_, value)| is_fixed(value))
            .then_some((options, is_one))
    }

    /// Returns the tasks that a task needs, as calls.
    fn needs(&mut self, node: &Node<'_>) -> Read<Vec<Line>> {
        let nodes: Vec<Node<'_>> = match node.as_array_node() {
            Some(list) => list.elements().iter().collect(),
            None => Vec::new(),
        };
        let one = nodes.is_empty().then_some(node);
        let mut lines = Vec::new();
        for need in nodes.iter().chain(one) {
            match literal(need) {
                // This is Rails' own task, which a recipe does not need.
                Some(name) if name == "environment" && self.facts.task(&name, &self.namespaces).is_none() => {}
                Some(name) => lines.push(match self.invoked(&name) {
                    Ok(line) => line,
                    Err(mut unported) => {
                        // The task fails when it is called.
                        unported.failure.iter_mut().for_each(|failure| failure.waits = true);
                        Line::new(Statement::Note(self.note(need, unported), true))
                    }
                }),
                None if need.as_array_node().is_some() => {}
                None => match self.expression(need)? {
                    name if self.kind_of(&name) == super::locals::Type::Text => {
                        lines.push(Line::verb(Call::new("invoke", vec![name])));
                    }
                    _ => return self.refuse(Kind::Construct, "a task that needs something that is computed"),
                },
            }
        }
        Ok(lines)
    }

    /// Returns the error of a task that needs Rails' own task `environment`, which Capistrano does not have: such a task belongs to `rake`.
    fn needs_rails(&self, pairs: &[(Node<'_>, Node<'_>)]) -> Option<Unported> {
        let is_it = |node: &Node<'_>| literal(node).as_deref() == Some("environment");
        let has_it = |(_, needs): &(Node<'_>, Node<'_>)| {
            let list = needs.as_array_node();
            is_it(needs) || list.is_some_and(|list| list.elements().iter().any(|need| is_it(&need)))
        };
        let may_be_there =
            self.facts.is_open || self.facts.is_task("environment") || !super::are_all_known(self.facts, true);
        if self.facts.version < 3 || may_be_there || !pairs.iter().any(has_it) {
            return None;
        }
        let mut unported = self.no_task("environment");
        if let Some(failure) = &mut unported.failure {
            failure.waits = true;
            failure.if_missing = Missing::Nothing;
        }
        Some(unported)
    }

    pub(super) fn invoked(&self, name: &str) -> Read<Line> {
        let name = name.trim_start_matches(':');
        let is_own = |task: &str| self.facts.is_task(name) && (task.is_empty() || !self.facts.added_to.contains(name));
        if let Some(task) = super::super::added::of_git(name).filter(|task| !is_own(task)) {
            return Ok(match task {
                "" => super::super::write::remark(&format!("{name}: the deploy does that by itself")),
                task => Line::verb(Call::new("invoke", vec![Expr::text(task)])),
            });
        }
        let is_of_links = name.starts_with("deploy:symlink:") && name != "deploy:symlink:release";
        if is_of_links || name.starts_with("deploy:check:") {
            return Ok(super::super::write::remark(&format!(
                "{name}: the deploy does that by itself"
            )));
        }
        if self.deferred == 0 && self.facts.stages.contains(name) {
            // `invoke "production"` at the end of a Capfile chooses the stage where the command line names none.
            let stage = vec![Expr::symbol("default_stage"), Expr::text(name)];
            return Ok(Line::verb(Call::new("set", stage)));
        }
        match (
            self.facts.task(name, &self.namespaces),
            super::ruby_libraries::left_out(name),
        ) {
            (Some(full), _) => Ok(Line::verb(Call::new("invoke", vec![Expr::Text(full)]))),
            (None, Some(remark)) => Ok(super::super::write::remark(&remark)),
            (None, None) => Err(self.no_task(name)),
        }
    }

    /// Reads `invoke "deploy:restart"`.
    fn invoke(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let mut values = arguments(call, false).values;
        if self.facts.version == 2 && id(&call.name()) == "invoke" && !values.is_empty() {
            // It is the task of this name, which runs COMMAND.
            let error = format!("wrong number of arguments (given {}, expected 0)", values.len());
            return Err(self.always_fails("`invoke` takes no task in Capistrano 2", &error));
        }
        // This is `execute_task(find_task("x"))`.
        let found = values.first().and_then(Node::as_call_node);
        if let Some(found) = found.filter(|found| id(&found.name()) == "find_task") {
            values = arguments(&found, false).values;
        }
        let lines = match values.as_slice() {
            [name] => match literal(name) {
                Some(name) => vec![self.invoked(&name)?],
                None => vec![Line::verb(Call::new("invoke", vec![self.expression(name)?]))],
            },
            [name, rest @ ..] => self.invoke_with(&literal(name).unwrap_or_default(), rest)?,
            [] => {
                let error = "wrong number of arguments (given 0, expected 1+)";
                return Err(self.always_fails("`invoke` without a task", error));
            }
        };
        Ok(match id(&call.name()).as_str() {
            "invoke!" => lines.into_iter().map(once_more).collect(),
            _ if values
                .first()
                .and_then(literal)
                .is_some_and(|name| self.runs_again(&name, call.location().start_offset())) =>
            {
                lines.into_iter().map(once_more).collect()
            }
            _ => lines,
        })
    }

    /// Reads calls on Capistrano's own objects: `deploy.task`, `logger.info`, `Rake::Task[…].invoke`.
    pub(super) fn of_capistrano(
        &mut self,
        node: &Node<'_>,
        call: &CallNode<'_>,
        receiver: &Node<'_>,
    ) -> Read<Option<Vec<Line>>> {
        let name = id(&call.name());
        let given = arguments(call, false);
        let logs = receiver.as_local_variable_read_node().map(|local| id(&local.name()));
        if logs.is_some_and(|local| self.given.get(&local) == Some(&Expr::name("logger"))) {
            return match name.ends_with('=') || name == "close" {
                true => Ok(Some(Vec::new())),
                false => self.logged(&name, &given).map(Some),
            };
        }
        if name == "call" && source(receiver).ends_with(".default_io_proc") {
            // It logs what a server says.
            let Some(text) = given.values.get(2) else {
                return Ok(None);
            };
            let text = Expr::call("chomp", vec![self.expression(text)?]);
            return Ok(Some(vec![Line::verb(Call::new("info", vec![text]))]));
        }
        if let Some(owner) = bare(receiver) {
            match (owner.as_str(), name.as_str()) {
                ("logger", level) => return self.logged(level, &given).map(Some),
                ("top", _) if self.word_of_top(&name) => return self.call_like(node, call, &name),
                // This is Capistrano's object for git, which runs it on the servers of the block.
                ("strategy", "git") if self.facts.version > 2 && !self.facts.functions.contains_key("strategy") => {
                    return self.command_word(call, &name);
                }
                ("roles", "[]") => {
                    let values = self.expressions(&given.values)?;
                    return Ok(Some(vec![Line::verb(Call::new("role", values))]));
                }
                (namespace, "task") if self.facts.namespace(namespace, &[]).is_some() => {
                    let namespace = namespace.to_owned();
                    let task = self.task(node, call, Some(&namespace))?;
                    let block = Block::of(task);
                    return Ok(Some(vec![Line::verb(Call::with_block(
                        "namespace",
                        vec![Expr::symbol(&namespace)],
                        block,
                    ))]));
                }
                _ => {}
            }
        }
        if name == "<<" && source(receiver).ends_with(".load_paths") {
            self.remarks
                .push("`load_paths`: the files of a gem are found by their own paths".to_owned());
            return Ok(Some(Vec::new()));
        }
        if name == "load" && self.is_configuration(receiver) {
            // In a recipe library the block is the recipe.
            let Some(behind) = behind(call) else {
                return self.load(call, &name).map(Some);
            };
            let nodes = statements(behind.body.as_ref());
            let block = self.statements(&nodes, behind.end, false);
            return Ok(Some(block.lines));
        }
        if name == "enhance"
            && let Some(task) = self.task_object(receiver)
        {
            return self.enhance(node, call, &task).map(Some);
        }
        if let Some(lines) = self.of_rake(&name, receiver, &given.values)? {
            return Ok(Some(lines));
        }
        self.of_config(call, receiver, &name)
    }

    fn word_of_top(&self, name: &str) -> bool {
        self.facts.vocabulary.is_verb(name)
    }

    /// Reads `top.upload …` and similar calls.
    fn call_like(&mut self, node: &Node<'_>, call: &CallNode<'_>, name: &str) -> Read<Option<Vec<Line>>> {
        if let Some(lines) = self.command_word(call, name)? {
            return Ok(Some(lines));
        }
        let _ = node;
        self.people_word(call, name, false)
    }
}
