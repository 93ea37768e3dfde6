//! Reads hooks, and names the tasks that stand for those of Capistrano.

use ruby_prism::{CallNode, Node};

use super::super::facts::LINK;
use super::super::form::{Block, Call, Expr, Line, Statement};
use super::super::note::{Kind, Lack, Read, Unported};
use super::super::repeated::names;
use super::super::ruby::{Offsets, arguments, behind, id, literal, source, statements};
use super::Reader;
use super::stage::behind_stage;

impl Reader<'_> {
    /// Reads `before "deploy:restart", "a", "b"`, and both forms with a block.
    pub(super) fn hook(&mut self, node: &Node<'_>, call: &CallNode<'_>, verb: &str) -> Read<Vec<Line>> {
        let given = arguments(call, true);
        if given.has_splat {
            return self.refuse(Kind::Construct, "a hook with `*` among its tasks");
        }
        let Some((first, rest)) = given.values.split_first() else {
            return self.refuse(Kind::Construct, "a hook without a task");
        };
        if rest.is_empty() && given.pairs.is_empty() && call.block().is_none() {
            let error = match self.facts.version {
                3.. => "wrong number of arguments (given 1, expected 2+)",
                _ => "please specify either a task name or a block to invoke",
            };
            return Err(self.always_fails("a hook that names one task alone", error));
        }
        if let Some(list) = first.as_array_node()
            && let Some(names) = list
                .elements()
                .iter()
                .map(|name| literal(&name))
                .collect::<Option<Vec<_>>>()
        {
            let mut lines = Vec::new();
            for name in names {
                lines.extend(self.hook_on(node, Some(call), (verb, &name), rest)?);
            }
            return Ok(lines);
        }
        let Some(hooked) = literal(first) else {
            if behind(call).is_some() {
                return self.refuse(Kind::Construct, "a hook with a block on a task whose name is computed");
            }
            let place = (self.file, first.location().start_offset());
            // The loop gives the names of tasks that are here.
            let is_here = |name: &String| self.facts.task(name, &self.namespaces).is_some();
            let is_told =
                |task| literal(task).is_some() || names(task, &self.listed).is_some_and(|all| all.iter().all(is_here));
            let are_told = self.facts.hooked_in_loops.contains_key(&place) && rest.iter().all(is_told);
            if !are_told && !super::missing_libraries(self.facts).is_empty() {
                let reason = "a hook whose tasks have computed names, which a library that is not here may define";
                return self.refuse(Kind::Library, reason);
            }
            let hooked = self.expression(first)?;
            let mut values = vec![hooked.clone()];
            values.extend(self.expressions(rest)?);
            let hook = Line::verb(Call::new(verb, values));
            return Ok(self.only_on_tasks(first, hooked, hook).into_iter().collect());
        };
        self.hook_on(node, Some(call), (verb, &hooked), rest)
    }

    /// Reads `Rake::Task["deploy:check"].enhance ["first"]` and the form with a block, of which Capistrano makes its hooks.
    pub(super) fn enhance(&mut self, node: &Node<'_>, call: &CallNode<'_>, task: &str) -> Read<Vec<Line>> {
        let given = arguments(call, false);
        let mut names: Vec<Node<'_>> = Vec::new();
        for need in given.values {
            match need.as_array_node() {
                Some(list) => names.extend(list.elements().iter()),
                None => names.push(need),
            }
        }
        let mut lines = Vec::new();
        if !names.is_empty() || behind(call).is_none() {
            lines.extend(self.hook_on(node, None, ("before", task), &names)?);
        }
        if behind(call).is_some() {
            lines.extend(self.hook_on(node, Some(call), ("after", task), &[])?);
        }
        Ok(lines)
    }

    /// Returns a hook in a loop for those of its tasks that exist: Capistrano 1 and 2 keep one on another name, and do nothing with it.
    fn only_on_tasks(&mut self, node: &Node<'_>, hooked: Expr, hook: Line) -> Option<Line> {
        let place = (self.file, node.location().start_offset());
        let names = self
            .facts
            .hooked_in_loops
            .get(&place)
            .filter(|_| self.facts.version < 3);
        let is_there = |name: &String| self.hooked("before", name).is_some();
        let Some((there, missing)) = names.map(|names| names.iter().partition::<Vec<_>, _>(|name| is_there(name)))
        else {
            return Some(hook);
        };
        if missing.is_empty() {
            return Some(hook);
        }
        for name in missing {
            self.remarks.extend(self.never_runs(name));
        }
        if there.is_empty() {
            return None;
        }
        let there = Expr::List(there.into_iter().map(|name| Expr::text(name)).collect());
        let arms = vec![(there.method("contains", vec![hooked]), Block::of(vec![hook]))];
        Some(Line::new(Statement::Value(Expr::If(arms, None))))
    }

    /// Reads a hook on the task of this name.
    fn hook_on(
        &mut self,
        node: &Node<'_>,
        call: Option<&CallNode<'_>>,
        (verb, hooked): (&str, &str),
        rest: &[Node<'_>],
    ) -> Read<Vec<Line>> {
        let is_after = verb == "after";
        let has_block = call.is_some_and(|call| behind(call).is_some());
        let hooked = if has_block { hooked } else { self.with_link(hooked) };
        if let Some((namespace, "default")) = hooked.rsplit_once(':')
            && self.facts.version == 2
        {
            return Ok(vec![self.remark(&format!(
                "a hook on `{hooked}` never runs, and does not in Capistrano 2 either, where the task is called `{namespace}`"
            ))]);
        }
        let is_of_defaults = self.facts.version > 2 && [hooked, &self.full_name(hooked)].contains(&"load:defaults");
        let is_stage = is_of_defaults || self.facts.stages.contains(hooked);
        let target = self.hooked(verb, hooked.trim_start_matches(':'));
        let Some((verb, target)) = target.filter(|_| !is_stage || self.facts.version < 3) else {
            if is_stage {
                return self.hook_on_stage(call, (verb, hooked), rest);
            }
            return match self.never_runs(hooked) {
                Some(why) => Ok(vec![self.remark(&why)]),
                None if self.facts.version > 2 => Err(self.no_task(hooked)),
                None => Err(unknown_task(hooked)),
            };
        };
        self.hooked.insert(format!("{verb} {target}"));
        if self.facts.version == 2 && hooked == LINK && has_block {
            self.remarks.push(format!(
                "`{verb} \"deploy:symlink\"` with a block: later versions of Capistrano 2 run it only if it names a task; here it runs"
            ));
        }
        if let Some((call, behind)) = call.and_then(|call| Some((call, behind(call)?))) {
            return self.hook_block(call, &behind, (&verb, &target), rest);
        }
        let mut known = Vec::new();
        let mut lines = Vec::new();
        for task in rest {
            // A list or nothing names no task.
            let is_no_name = task.as_array_node().is_some() || task.as_nil_node().is_some();
            let Some(name) = literal(task).or_else(|| is_no_name.then(|| source(task))) else {
                known.push(self.expression(task)?);
                continue;
            };
            let named = self.with_link(name.trim_start_matches(':'));
            match self.action_beside(&target, named, is_after) {
                Action::Task(full) => known.push(Expr::Text(full)),
                Action::Nothing(why) => lines.push(self.remark(&why)),
                Action::Unknown => {
                    let unported = self.no_task_to_hook(task, &name, is_after);
                    let number = self.note(node, unported);
                    lines.push(Line::new(Statement::Note(number, false)));
                    let block = self.barrier(number);
                    lines.push(Line::verb(Call::with_block(&verb, vec![Expr::text(&target)], block)));
                }
            }
        }
        if !known.is_empty() {
            let mut values = vec![Expr::Text(target)];
            values.append(&mut known);
            lines.insert(0, Line::verb(Call::new(&verb, values)));
        }
        Ok(lines)
    }

    /// Keeps those of the names that tasks have, as these are called here. What is computed stays as it is.
    fn keep_tasks(&self, names: &mut Expr) {
        let full = |name: &Expr| match self.action(self.with_link(name.literal()?)) {
            // It is called by the name of its namespace.
            Action::Task(full) => {
                Some(Expr::Text(full)).filter(|_| !name.literal().is_some_and(|name| name.ends_with(":default")))
            }
            _ => name
                .literal()
                .filter(|name| self.facts.stages.contains(name))
                .map(Expr::text),
        };
        match names {
            Expr::List(items) if items.iter().all(|item| item.literal().is_some()) => {
                *items = items.iter().filter_map(full).collect();
            }
            name if name.literal().is_some() => *name = full(name).unwrap_or_else(|| Expr::List(Vec::new())),
            _ => {}
        }
    }

    /// Returns the name of a task of a hook, which Capistrano from 2.11 on replaces if it is that of a step that has another name there.
    fn with_link<'n>(&self, name: &'n str) -> &'n str {
        match name == LINK && self.facts.is_link_apart() {
            true => "deploy:create_symlink",
            false => name,
        }
    }

    /// Reads `after :production, "check"`: a stage is a task of Capistrano, which is run before all others. `load:defaults` runs in it, before
    /// it reads `config/deploy.rb`.
    fn hook_on_stage(
        &mut self,
        call: Option<&CallNode<'_>>,
        (verb, stage): (&str, &str),
        rest: &[Node<'_>],
    ) -> Read<Vec<Line>> {
        let is_of_defaults = !self.facts.stages.contains(stage);
        if is_of_defaults && self.facts.main_file == Some(self.file) {
            let why = "a hook on `load:defaults` never runs here, and does not in Capistrano 3 either: it has run before it reads this file";
            return Ok(vec![self.remark(why)]);
        }
        let late = |block| match is_of_defaults {
            true => Line::verb(Call::with_block("on", vec![Expr::symbol("stage")], block)),
            false => behind_stage(stage, block),
        };
        if verb == "before" && self.facts.version > 2 && self.facts.main_file == Some(self.file) {
            let why = "a hook before a stage never runs here, and does not in Capistrano 3 either: it reads this file in the stage";
            return Ok(vec![self.remark(why)]);
        }
        if let Some((call, behind)) = call.and_then(|call| Some((call, behind(call)?))) {
            let mut lines = self.hook_block(call, &behind, (verb, stage), rest)?;
            if let Some(Line {
                statement: Statement::Verb(hook),
                ..
            }) = lines.pop()
            {
                let run = |task: &Expr| Line::verb(Call::new("invoke", vec![task.clone()]));
                let runs = hook.arguments.get(1).map(run).into_iter().collect();
                lines.push(late(hook.block.unwrap_or_else(|| Block::of(runs))));
            }
            return Ok(lines);
        }
        let tasks = self.tasks_to_hook(rest)?.into_iter();
        let runs = tasks.map(|task| Line::verb(Call::new("invoke", vec![task]))).collect();
        Ok(vec![late(Block::of(runs))])
    }

    fn tasks_to_hook(&mut self, tasks: &[Node<'_>]) -> Read<Vec<Expr>> {
        let mut known = Vec::new();
        for task in tasks {
            let name = literal(task).unwrap_or_default();
            match self.action(name.trim_start_matches(':')) {
                Action::Task(full) => known.push(Expr::Text(full)),
                _ => return Err(unknown_task(&name)),
            }
        }
        Ok(known)
    }

    /// Reads `stages.each { |stage| after stage, "check" }`; `None` for another loop.
    pub(super) fn hooks_on_stages(&mut self, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Option<Vec<Line>>> {
        let are_stages = matches!(source(receiver).as_str(), "stages" | "Capistrano::DSL.stages");
        let Some(behind) = behind(call).filter(|_| are_stages && !self.facts.stages.is_empty()) else {
            return Ok(None);
        };
        let mut lines = Vec::new();
        for node in statements(behind.body.as_ref()) {
            let Some(hook) = node
                .as_call_node()
                .filter(|hook| hook.receiver().is_none() && hook.block().is_none())
            else {
                return Ok(None);
            };
            let given = arguments(&hook, false).values;
            let is_hook = matches!(id(&hook.name()).as_str(), "before" | "after");
            match given.split_first() {
                Some((stage, rest)) if is_hook && behind.parameters == [source(stage)] => {
                    let mut values = vec![Expr::symbol("start")];
                    values.extend(self.tasks_to_hook(rest)?);
                    lines.push(Line::verb(Call::new("on", values)));
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(lines))
    }

    /// Reads `after "deploy" do … end`, and Rake's `after :restart, :clear_cache do … end`.
    fn hook_block(
        &mut self,
        call: &CallNode<'_>,
        behind: &super::super::ruby::Behind<'_>,
        (verb, target): (&str, &str),
        rest: &[Node<'_>],
    ) -> Read<Vec<Line>> {
        let nodes = statements(behind.body.as_ref());
        match rest {
            [] if self.facts.version > 2 && matches!(id(&call.name()).as_str(), "before" | "after") => {
                let error = "wrong number of arguments (given 1, expected 2+)";
                Err(self.always_fails(&format!("`{verb}` without the name of a task"), error))
            }
            [] => {
                let outer = std::mem::take(&mut self.onion);
                let block = self.later(&nodes, behind.end, false);
                self.onion = outer;
                Ok(vec![Line::verb(Call::with_block(
                    verb,
                    vec![Expr::text(target)],
                    block,
                ))])
            }
            [name] => {
                let Some(name) = literal(name) else {
                    return self.refuse(Kind::Construct, "a hook whose task has a name that is computed");
                };
                let (options, block) = self.task_body(call, Vec::new())?;
                let full = self.facts.apart(self.full_name(&name));
                let own = self.named_apart(Expr::symbol(&name));
                let (own, more) = self.again(own, None)?;
                let task = Call {
                    options,
                    ..Call::with_block("task", vec![own], block)
                };
                let hook = Call::new(verb, vec![Expr::text(target), Expr::Text(full)]);
                Ok([Line::verb(task)]
                    .into_iter()
                    .chain(more)
                    .chain([Line::verb(hook)])
                    .collect())
            }
            _ => self.refuse(Kind::Construct, "a hook with tasks and a block"),
        }
    }

    /// Returns the verb and the task for a hook on a task of this name.
    fn hooked(&self, verb: &str, name: &str) -> Option<(String, String)> {
        match self.facts.task(name, &self.namespaces) {
            Some(full) if self.facts.version < 3 && self.facts.is_step_here(&full) => None,
            Some(full) => Some((verb.to_owned(), full)),
            None => self.phase(verb, name).filter(|_| self.facts.version > 2),
        }
    }

    /// Returns the verb and the task for a hook on a task of Capistrano 3 that has another name here.
    pub(super) fn phase(&self, verb: &str, name: &str) -> Option<(String, String)> {
        let around = self.namespaces.first().map_or("", String::as_str);
        let full = match name.starts_with("deploy:") || around != "deploy" {
            true => name.to_owned(),
            false => format!("deploy:{name}"),
        };
        let (verb, target) = match (verb, full.as_str()) {
            ("before", "deploy:starting") => ("before", "deploy"),
            (_, "deploy:starting" | "deploy:started" | "deploy:check" | "deploy:check:linked_files")
            | (_, "deploy:check:directories" | "deploy:check:linked_dirs" | "deploy:check:make_linked_dirs")
            | ("before", "deploy:updating" | "git:create_release" | "deploy:new_release_path") => {
                ("before", "deploy:update_code")
            }
            (_, "git:clone" | "git:update") => (verb, "deploy:mirror"),
            (_, "git:wrapper" | "git:check") => (verb, "deploy:check"),
            (_, "deploy:updating" | "deploy:updated" | "git:create_release" | "deploy:set_current_revision")
            | (_, "git:set_current_revision")
            | (_, "deploy:symlink:linked_files" | "deploy:symlink:linked_dirs" | "deploy:symlink:shared") => {
                ("after", "deploy:finalize_update")
            }
            ("before", "deploy:publishing" | "deploy:symlink:release") => ("before", "deploy:create_symlink"),
            (_, "deploy:publishing" | "deploy:symlink:release") | ("before", "deploy:published") => {
                ("after", "deploy:create_symlink")
            }
            (_, "deploy:published" | "deploy:finishing" | "deploy:finished" | "deploy:log_revision") => {
                ("after", "deploy")
            }
            (_, "deploy:reverting" | "deploy:reverted" | "deploy:finishing_rollback") => ("after", "deploy:rollback"),
            _ => return None,
        };
        self.facts.is_task(target).then(|| (verb.to_owned(), target.to_owned()))
    }

    /// Returns the remark about a hook on a task that is never run: Capistrano 1 and 2 keep it, and do nothing with it.
    fn never_runs(&self, hooked: &str) -> Option<String> {
        let name = hooked.trim_start_matches(':');
        let left_out = super::ruby_libraries::left_out(name);
        if left_out.is_some() {
            return left_out;
        }
        let step = self.facts.task(name, &self.namespaces);
        if let Some(step) = step.filter(|full| self.facts.version < 3 && self.facts.is_step_here(full)) {
            return Some(format!(
                "`{step}` is no task of Capistrano 2: a hook on it never runs there, so it was left out"
            ));
        }
        let family = name.split(':').next().filter(|family| *family != "deploy");
        let may_be_of_library = family.is_some_and(|family| {
            let inside = format!("{family}:");
            self.facts.vocabulary.tasks.iter().any(|task| task.starts_with(&inside))
        });
        // `cap shell` begins with a task, and has no counterpart of that kind here.
        let is_kept = self.facts.version < 3
            && name != "shell"
            && !may_be_of_library
            && super::missing_libraries(self.facts).is_empty();
        is_kept.then(|| {
            format!("nothing defines the task `{name}`: a hook on it never runs, and does not in Capistrano either")
        })
    }

    /// Returns the task that a hook runs.
    fn action(&self, name: &str) -> Action {
        match self.facts.task(name, &self.namespaces) {
            Some(full) => Action::Task(full),
            None => match name {
                "deploy:log_revision" => Action::Nothing(format!("{name}: capr does that by itself")),
                name => super::ruby_libraries::left_out(name).map_or(Action::Unknown, Action::Nothing),
            },
        }
    }

    /// Returns the task that a hook on another one runs: Capistrano 3 looks for it in the namespace of that one first.
    /// Up to 3.4 an `after` hook is an exception: its task is the one of the namespace in which it stands.
    fn action_beside(&mut self, target: &str, name: &str, is_after: bool) -> Action {
        let beside = || {
            let (around, _) = target.rsplit_once(':').filter(|_| self.facts.version > 2)?;
            let namespaces: Vec<String> = around.split(':').map(str::to_owned).collect();
            self.facts.task(name, &namespaces).filter(|full| full != target)
        };
        let is_old = is_after && self.facts.gems.is_before("capistrano", "3.5") == Some(true);
        match (self.action(name), beside()) {
            (Action::Task(own), Some(_)) if is_old => Action::Task(own),
            (Action::Unknown, Some(full)) => Action::Task(full),
            (Action::Task(own), Some(full)) if own != full => {
                self.remarks.push(format!(
                    "`{name}` of a hook on `{target}` is `{full}`, as in Capistrano 3.5 and later, which look for it beside that task; up to 3.4 it \
                     was `{own}`"
                ));
                Action::Task(full)
            }
            (action, _) => action,
        }
    }

    /// Reads `on :start, :task, :only => …` of Capistrano 2.
    pub(super) fn event(&mut self, call: &CallNode<'_>) -> Read<Option<Vec<Line>>> {
        let given = arguments(call, true);
        let Some(event) = given.values.first().and_then(literal) else {
            return Ok(None);
        };
        if !matches!(
            event.as_str(),
            "load" | "start" | "finish" | "exit" | "before" | "after"
        ) {
            return self.refuse(Kind::Construct, format!("`on :{event}`"));
        }
        let mut options = self.options("on", &given.pairs)?;
        // Capistrano asks for these where a task is at hand, and compares whole names.
        let has_task = !matches!(event.as_str(), "load" | "exit");
        options.retain(|_| has_task);
        for (option, names) in &mut options {
            self.keep_tasks(names);
            if option == "only" && *names == Expr::List(Vec::new()) {
                let why = format!(
                    "the hook of `{event}` never runs, and does not in Capistrano either: no task has a name of its `only`"
                );
                return Ok(Some(vec![self.remark(&why)]));
            }
        }
        // A hook that runs at the end of loading must not make the loading fail.
        let is_load = event == "load";
        let mut values = vec![Expr::Symbol(event)];
        for task in given.values.iter().skip(1) {
            let name = literal(task);
            values.push(match name.as_deref().map(|name| (self.action(name), name)) {
                Some((Action::Task(full), _)) => Expr::Text(full),
                Some((_, name)) => return Err(unknown_task(name)),
                None => self.expression(task)?,
            });
        }
        let block = behind(call).map(|behind| {
            let nodes = statements(behind.body.as_ref());
            match is_load {
                true => self.statements(&nodes, behind.end, false),
                false => self.later(&nodes, behind.end, false),
            }
        });
        Ok(Some(vec![Line::verb(Call {
            options,
            block,
            ..Call::new("on", values)
        })]))
    }
}

/// The action of a hook.
enum Action {
    Task(String),
    Nothing(String),
    Unknown,
}

/// Returns the reason why a task is not known, with the library that has it.
pub(super) fn unknown_task(name: &str) -> Unported {
    let lack = Lack::Name(name.trim_start_matches(':').to_owned());
    Unported::new(Kind::Library, unknown_task_reason(name)).lacking(lack)
}

fn unknown_task_reason(name: &str) -> String {
    let library = match name.trim_start_matches(':').split(':').next().unwrap_or("") {
        "bundle" | "bundler" => "bundler",
        "rvm" => "rvm",
        "rbenv" => "rbenv",
        "puma" => "puma",
        "unicorn" => "unicorn",
        "passenger" => "passenger",
        "sidekiq" => "sidekiq",
        "resque" => "resque",
        "whenever" => "whenever",
        "delayed_job" => "delayed_job",
        "newrelic" | "new_relic" => "newrelic",
        "airbrake" | "hoptoad" => "airbrake",
        "thinking_sphinx" | "ts" => "thinking_sphinx",
        "nginx" => "nginx",
        "monit" => "monit",
        "composer" | "symfony" | "drupal" => "that of the framework",
        "deploy" if name.contains("assets") || name.contains("migrat") => "rails or deploy/assets",
        _ => return format!("nothing in these files defines the task `{name}`"),
    };
    format!("nothing in these files defines the task `{name}`; it is one of a recipe library ({library})")
}
