//! Reads the arguments of tasks of Rake, which come from the environment here.

use ruby_prism::{CallNode, Node};

use super::super::added::takes_none_in_three;
use super::super::form::{Block, Call, Expr, Line, Part, Statement, string};
use super::super::note::{Kind, Read};
use super::super::parameters::{EXTRAS, of_task, takes_extras};
use super::super::ruby::{arguments, behind, literal, source};
use super::Reader;
use super::classes::environment_name;
use super::rake_tasks::is_task_of_rake;

/// The tasks of libraries that take a command, each with the number of arguments that are words of it. What follows these is a role.
const TAKING_COMMANDS: &[(&str, usize)] = &[
    ("composer:run", usize::MAX),
    ("laravel:artisan", usize::MAX),
    ("symfony:console", 2),
];

impl Reader<'_> {
    /// Returns the lines that make the arguments of `task :say, [:what, :to] do |task, args|` a map: the environment has
    /// them.
    pub(super) fn names_of(&mut self, nodes: &[Node<'_>], call: &CallNode<'_>) -> Option<Vec<Line>> {
        if nodes.is_empty() {
            return None;
        }
        let parameters = behind(call)?.parameters;
        let [_, args] = parameters.as_slice() else {
            // The block does not look at them.
            return (parameters.len() < 2).then(Vec::new);
        };
        let nodes: Vec<Node<'_>> = match nodes {
            [one] if one.as_array_node().is_some() => one.as_array_node()?.elements().iter().collect(),
            _ => nodes
                .iter()
                .flat_map(|node| node.as_symbol_node().map(|symbol| symbol.as_node()))
                .collect(),
        };
        let names: Vec<String> = nodes.iter().map(literal).collect::<Option<_>>()?;
        let value = |name: &String| (name.clone(), environment_name(name));
        let mut pairs: Vec<(String, Expr)> = names.iter().map(value).collect();
        if takes_more(call, args) {
            pairs.push((EXTRAS.to_owned(), extras()));
        }
        let map = Expr::Map(pairs);
        Some(vec![Line::new(Statement::Let(args.clone(), map))])
    }

    /// Returns the line that makes a list of the words in brackets after a task without named arguments.
    pub(super) fn words_of(&mut self, call: &CallNode<'_>) -> Option<Line> {
        if !takes_extras(call) {
            return None;
        }
        let behind = behind(call)?;
        let args = behind.parameters.get(1)?;
        let map = Expr::Map(vec![(EXTRAS.to_owned(), extras())]);
        Some(Line::new(Statement::Let(args.clone(), map)))
    }

    /// Returns the option with the names of the arguments of a task, which come in brackets on the command line: `cap live say[hello]`.
    pub(super) fn taken(&self, call: &CallNode<'_>) -> Option<(String, Expr)> {
        let mut names = of_task(call);
        let last = behind(call).and_then(|behind| behind.parameters.get(1).cloned());
        if names == [EXTRAS] {
            names.clear();
        }
        if takes_extras(call) && (names.is_empty() || last.is_some_and(|args| takes_more(call, &args))) {
            names.push(format!("*{EXTRAS}"));
        }
        let is_name = |name: &String| {
            name.trim_start_matches('*')
                .chars()
                .all(|c| c.is_alphanumeric() || c == '_')
        };
        let is_here = self.facts.version > 2 && !names.is_empty() && names.iter().all(is_name);
        let names = names.iter().map(|name| Expr::text(name)).collect();
        is_here.then(|| ("arguments".to_owned(), Expr::List(names)))
    }

    /// Reads `Rake::Task["deploy:restart"]` alone, which finds the task and does nothing with it.
    pub(super) fn only_found(&mut self, call: &CallNode<'_>) -> Option<Read<Vec<Line>>> {
        let task = arguments(call, false).values.first().and_then(literal)?;
        is_task_of_rake(call).then(|| match self.facts.task(&task, &[]) {
            Some(_) => Ok(Vec::new()),
            None => Err(self.no_task(&task)),
        })
    }

    /// Reads `invoke "say", "hello"`: the task finds its arguments in the environment.
    pub(super) fn invoke_with(&mut self, written: &str, given: &[Node<'_>]) -> Read<Vec<Line>> {
        let full = self.facts.task(written.trim_start_matches(':'), &self.namespaces);
        let taken = TAKING_COMMANDS.iter().find(|(task, _)| full.as_deref() == Some(task));
        if let Some((task, words)) = taken {
            return self.invoke_command(task, given.split_at_checked(*words).unwrap_or((given, &[])));
        }
        let names = full
            .as_ref()
            .and_then(|full| self.facts.task_arguments.get(full).cloned());
        // Rake passes over what a task does not take.
        let takes_none = full.is_some_and(|full| self.facts.tasks.contains(&full) || takes_none_in_three(&full));
        let Some(names) = names.or_else(|| takes_none.then(Vec::new)) else {
            return self.refuse(
                Kind::Construct,
                "`invoke` with arguments for a task that takes none here",
            );
        };
        let mut lines = Vec::new();
        if names == [EXTRAS] {
            let mut parts = Vec::new();
            for value in given {
                parts.extend((!parts.is_empty()).then(|| Part::Text(",".to_owned())));
                parts.extend(super::strings::filled(self.expression(value)?).parts());
            }
            return Ok(vec![
                in_environment(EXTRAS, parts),
                self.invoked(written)?,
                removed(EXTRAS),
            ]);
        }
        for (at, name) in names.iter().enumerate() {
            lines.push(match given.get(at) {
                Some(value) if value.as_nil_node().is_none() => {
                    let value = super::strings::filled(self.expression(value)?);
                    in_environment(name, value.parts())
                }
                _ => removed(name),
            });
        }
        lines.push(self.invoked(written)?);
        lines.extend(names.iter().map(|name| removed(name)));
        Ok(lines)
    }

    /// Reads `invoke "symfony:console", "cache:clear", "--env=prod", "web"`: the task of the library finds its command and its role in the
    /// environment, and runs as often as it is asked.
    fn invoke_command(&mut self, task: &str, (words, role): (&[Node<'_>], &[Node<'_>])) -> Read<Vec<Line>> {
        let mut command = Vec::new();
        for (at, word) in words.iter().enumerate() {
            if at > 0 {
                command.push(Part::Text(" ".to_owned()));
            }
            command.extend(super::strings::filled(self.expression(word)?).parts());
        }
        let mut lines = vec![in_environment("COMMAND", command)];
        if let Some(role) = role.first() {
            lines.push(in_environment("ROLE", self.expression(role)?.parts()));
        }
        let mut call = Call::new("invoke", vec![Expr::text(task)]);
        call.options.push(("again".to_owned(), Expr::Bool(true)));
        lines.push(Line::verb(call));
        lines.push(removed("COMMAND"));
        lines.extend(role.first().map(|_| removed("ROLE")));
        Ok(lines)
    }
}

/// Returns the call of a task that runs it also where it has run.
pub(super) fn once_more(mut line: Line) -> Line {
    if let Statement::Verb(call) = &mut line.statement
        && call.name == "invoke"
        && call.options.is_empty()
    {
        call.options.push(("again".to_owned(), Expr::Bool(true)));
    }
    line
}

/// Returns true for a task that looks at what it is given besides its named arguments.
fn takes_more(task: &CallNode<'_>, arguments: &str) -> bool {
    source(&task.as_node()).contains(&format!("{arguments}.{EXTRAS}"))
}

/// Returns the line that gives a task an argument.
fn in_environment(name: &str, value: Vec<Part>) -> Line {
    Line::new(Statement::Assign(environment_name(name), "=", string(value)))
}

/// Returns the line that takes it away.
fn removed(name: &str) -> Line {
    let remove = Expr::name("ENV").method("remove", vec![Expr::text(name)]);
    Line::new(Statement::Value(remove))
}

/// Returns the arguments of a task that have no name: a list, which may be empty.
fn extras() -> Expr {
    let given = environment_name(EXTRAS);
    let list = given.clone().method("split", vec![Expr::text(",")]);
    Expr::If(
        vec![(given.binary("==", Expr::Unit), Block::giving(Expr::List(Vec::new())))],
        Some(Block::giving(list)),
    )
}
