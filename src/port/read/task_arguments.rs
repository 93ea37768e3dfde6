//! Reads the arguments of tasks of Rake, which come from the environment here.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Expr, Line, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{behind, literal};
use super::Reader;

impl Reader<'_> {
    /// Returns the lines that make the arguments of `task :say, [:what, :to] do |task, args|` a map: they come as `what=…` on the
    /// command line.
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
        let value = |name: &String| {
            let place = Expr::Index(Box::new(Expr::name("ENV")), Box::new(Expr::text(name)));
            (name.clone(), place)
        };
        let map = Expr::Map(names.iter().map(value).collect());
        self.remarks.push(format!(
            "a task with arguments: they come as {}",
            names
                .iter()
                .map(|name| format!("{name}=…"))
                .collect::<Vec<_>>()
                .join(" ")
        ));
        Some(vec![Line::new(Statement::Let(args.clone(), map))])
    }

    /// Returns the line that makes a list of the words in brackets after a task without named arguments: they come as
    /// `extras=A=1,B=2` on the command line.
    pub(super) fn words_of(&mut self, call: &CallNode<'_>) -> Option<Line> {
        let behind = behind(call)?;
        let [_, args] = behind.parameters.as_slice() else {
            return None;
        };
        let body = behind
            .body
            .as_ref()
            .map(|body| String::from_utf8_lossy(body.location().as_slice()).into_owned());
        if !body.is_some_and(|body| body.contains(&format!("{args}.extras")) || body.contains(&format!("{args}.to_a")))
        {
            return None;
        }
        self.remarks
            .push("a task with arguments: they come as extras=ONE,TWO".to_owned());
        let given = Expr::Index(Box::new(Expr::name("ENV")), Box::new(Expr::text("extras")));
        let list = given.clone().method("split", vec![Expr::text(",")]);
        let nothing = Expr::If(
            vec![(given.binary("==", Expr::Unit), Block::giving(Expr::List(Vec::new())))],
            Some(Block::giving(list)),
        );
        let map = Expr::Map(vec![("extras".to_owned(), nothing)]);
        Some(Line::new(Statement::Let(args.clone(), map)))
    }

    /// Reads `invoke "say", "hello"`: the task finds its arguments in the environment.
    pub(super) fn invoke_with(&mut self, name: &Node<'_>, given: &[Node<'_>]) -> Read<Vec<Line>> {
        let written = literal(name).unwrap_or_default();
        let full = self.facts.task(written.trim_start_matches(':'), &self.namespaces);
        let Some(names) = full.and_then(|full| self.facts.task_arguments.get(&full).cloned()) else {
            return self.refuse(
                Kind::Construct,
                "`invoke` with arguments for a task that takes none here",
            );
        };
        let place = |name: &String| Expr::Index(Box::new(Expr::name("ENV")), Box::new(Expr::text(name)));
        let removed = |name: &String| {
            let remove = Expr::name("ENV").method("remove", vec![Expr::text(name)]);
            Line::new(Statement::Value(remove))
        };
        let mut lines = Vec::new();
        for (at, name) in names.iter().enumerate() {
            lines.push(match given.get(at) {
                Some(value) if value.as_nil_node().is_none() => {
                    let value = super::strings::filled(self.expression(value)?);
                    Line::new(Statement::Assign(
                        place(name),
                        "=",
                        super::super::form::string(value.parts()),
                    ))
                }
                _ => removed(name),
            });
        }
        lines.push(self.invoked(&written)?);
        lines.extend(names.iter().map(removed));
        Ok(lines)
    }
}
