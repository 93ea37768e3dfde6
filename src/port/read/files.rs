//! Reads blocks that are given files, and the commands of the source control that recipes of Capistrano 2 ask for.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Expr, Line, Part, Statement, string};
use super::super::nodes::each_node;
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, bare, behind, constant, id, literal, source, statements};
use super::Reader;
use super::local_files::names_files_otherwise;
use super::locals::Type;

impl Reader<'_> {
    /// Reads `Dir.glob("*.x") do |file|` and `File.open("x", "w") { |file| file.write(text) }`; `None` for anything else.
    pub(super) fn file_block(
        &mut self,
        call: &CallNode<'_>,
        receiver: &Node<'_>,
        name: &str,
    ) -> Read<Option<Vec<Line>>> {
        let Some(behind) = behind(call).filter(|behind| !behind.is_odd && behind.rescue.is_none()) else {
            return Ok(None);
        };
        let given = arguments(call, false);
        let nodes = statements(behind.body.as_ref());
        let class = constant(receiver);
        match (
            class.as_deref(),
            name,
            behind.parameters.as_slice(),
            given.values.as_slice(),
        ) {
            (Some("Dir" | "FileUtils"), "chdir" | "cd", [] | [_], [dir]) => {
                let dir = self.expression(dir)?;
                if let [parameter] = behind.parameters.as_slice() {
                    self.given.insert(parameter.clone(), dir.clone());
                }
                self.carry("Dir.chdir");
                self.in_directory(dir, &nodes, behind.end).map(Some)
            }
            (Some("Dir"), "glob", [file], [pattern]) => {
                let list = Expr::call("glob", vec![self.expression(pattern)?]);
                self.carry("Dir.glob");
                Ok(Some(vec![self.each(
                    &[(file.clone(), Type::Text)],
                    list,
                    &nodes,
                    behind.end,
                )]))
            }
            (Some("Dir"), "foreach" | "each_child", [file], [dir]) => {
                let list = self.names_in(dir, name)?;
                Ok(Some(vec![self.each(
                    &[(file.clone(), Type::Text)],
                    list,
                    &nodes,
                    behind.end,
                )]))
            }
            (Some("File" | "IO"), "foreach", [line], [path]) => {
                let text = Expr::call("read_file", vec![self.expression(path)?]);
                let list = Expr::call("lines", vec![text]);
                self.carry("File.foreach");
                Ok(Some(vec![self.each(
                    &[(line.clone(), Type::Text)],
                    list,
                    &nodes,
                    behind.end,
                )]))
            }
            (Some("File"), "open", [file], [path, mode])
                if matches!(
                    literal(mode).as_deref(),
                    Some("w" | "w+" | "wb" | "wt" | "a" | "a+" | "ab")
                ) =>
            {
                let mut parts = Vec::new();
                if literal(mode).is_some_and(|mode| mode.starts_with('a')) {
                    // What is there stays in front.
                    let path = self.expression(path)?;
                    parts.push(Part::Value(with_content(path)));
                }
                for node in &nodes {
                    match self.written(node, file)? {
                        Some(more) => parts.extend(more),
                        None => return Ok(None),
                    }
                }
                let path = self.expression(path)?;
                self.carry("File.open");
                Ok(Some(vec![Line::new(Statement::Value(Expr::call(
                    "write_file",
                    vec![path, string(parts)],
                )))]))
            }
            (Some(class), name, _, _) => match self.block_run_once(class, name, call)? {
                Some(mut block) => {
                    block.gives = false;
                    Ok(Some(vec![Line::new(Statement::Value(Expr::Block(block)))]))
                }
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Reads `file = File.open("x", "w")`: what is written to it is added to the file.
    pub(super) fn opened_file(&mut self, local: &str, value: &Node<'_>) -> Read<Option<Vec<Line>>> {
        let Some(call) = value.as_call_node().filter(|call| call.block().is_none()) else {
            return Ok(None);
        };
        let class = call.receiver().as_ref().and_then(constant);
        let is_file = class.as_deref() == Some("File");
        let given = arguments(&call, false).values;
        if class.as_deref() == Some("Tempfile") && matches!(id(&call.name()).as_str(), "new" | "create" | "open") {
            return self.temporary_file(local, given.first()).map(Some);
        }
        let ([path, mode], true) = (
            given.as_slice(),
            is_file && matches!(id(&call.name()).as_str(), "open" | "new"),
        ) else {
            return Ok(None);
        };
        let mode = literal(mode).filter(|mode| mode.starts_with(['w', 'a']) && !mode.contains('+'));
        let Some(mode) = mode else { return Ok(None) };
        let path = self.expression(path)?;
        self.carry("File.open");
        let begun = match mode.starts_with('a') {
            true => with_content(path.clone()),
            false => Expr::text(""),
        };
        self.opened.insert(local.to_owned(), path.clone());
        let write = Expr::call("write_file", vec![path, begun]);
        Ok(Some(vec![Line::new(Statement::Value(write))]))
    }

    /// Reads `file = Tempfile.new("name")`: it is in a directory that goes away at the end.
    fn temporary_file(&mut self, local: &str, name: Option<&Node<'_>>) -> Read<Vec<Line>> {
        let list = name.and_then(Node::as_array_node);
        let name = match (list, name) {
            (Some(list), _) => {
                let parts: Vec<Node<'_>> = list.elements().iter().collect();
                let parts = self.expressions(&parts)?;
                string(parts.into_iter().flat_map(Expr::parts).collect())
            }
            (None, Some(name)) => self.expression(name)?,
            (None, None) => Expr::text("file"),
        };
        let path = Expr::call("join_path", vec![Expr::call("temp_dir", Vec::new()), name]);
        let place = self.free_name(&format!("{local}_path"));
        let mut lines = self.write_local(&place, path);
        let path = self.read_local(&place)?;
        self.opened.insert(local.to_owned(), path.clone());
        self.carry("Tempfile");
        // Nobody else may read it, and what is sent to servers keeps that.
        let close = vec![
            Part::Text("chmod 600 ".to_owned()),
            Part::Value(Expr::call("quote", vec![path.clone()])),
        ];
        for (name, given) in [
            ("write_file", vec![path, Expr::text("")]),
            ("system", vec![Expr::Template(close)]),
        ] {
            lines.push(Line::new(Statement::Value(Expr::call(name, given))));
        }
        Ok(lines)
    }

    /// Returns the path of a file that a local has opened: `file.path`.
    pub(super) fn path_of_opened(&self, name: &str, receiver: &Node<'_>) -> Option<Expr> {
        let local = receiver.as_local_variable_read_node().filter(|_| name == "path")?;
        self.opened.get(&id(&local.name())).cloned()
    }

    /// Reads `file.puts "…"` and `file.close` of a file that a local has opened.
    pub(super) fn written_to_opened(
        &mut self,
        call: &CallNode<'_>,
        receiver: &Node<'_>,
        name: &str,
    ) -> Read<Option<Vec<Line>>> {
        let local = receiver.as_local_variable_read_node().map(|local| id(&local.name()));
        let Some(local) = local else { return Ok(None) };
        let Some(path) = self.opened.get(&local).cloned() else {
            return self.of_content(call, &local, name);
        };
        if matches!(
            name,
            "binmode" | "close" | "close!" | "delete" | "fdatasync" | "flush" | "fsync" | "rewind" | "sync=" | "unlink"
        ) {
            return Ok(Some(Vec::new()));
        }
        let Some(more) = self.written(&call.as_node(), &local)? else {
            return self.refuse(Kind::Construct, format!("`{name}` of a file that is open"));
        };
        // In a dry run the file may not be there.
        let mut parts = vec![Part::Value(with_content(path.clone()))];
        parts.extend(more);
        let write = Expr::call("write_file", vec![path, string(parts)]);
        Ok(Some(vec![Line::new(Statement::Value(write))]))
    }

    /// Reads a call on a local that holds the content of a file or of a `StringIO`: what is written to it is added to the string.
    fn of_content(&mut self, call: &CallNode<'_>, local: &str, name: &str) -> Read<Option<Vec<Line>>> {
        let is_stream = self.streams.contains(local);
        let is_text = self.local(local).is_some_and(|local| local.kind == Type::Text);
        if matches!(name, "close" | "flush" | "rewind") && (is_stream || is_text) {
            return Ok(Some(Vec::new()));
        }
        if !is_stream || name == "<<" {
            return Ok(None);
        }
        let Some(more) = self.written(&call.as_node(), local)? else {
            return Ok(None);
        };
        let target = self.read_local(local)?;
        Ok(Some(vec![Line::new(Statement::Assign(target, "+=", string(more)))]))
    }

    /// Returns the names of what is in a directory of this machine.
    pub(super) fn names_in(&mut self, dir: &Node<'_>, method: &str) -> Read<Expr> {
        let dir = self.expression(dir)?;
        let path = Expr::call("join_path", vec![dir, Expr::text("*")]);
        let name = Expr::Closure(
            vec!["path".to_owned()],
            Block::giving(Expr::call("basename", vec![Expr::name("path")])),
        );
        let names = Expr::call("glob", vec![path]).method("map", vec![name]);
        self.remarks
            .push(format!("`Dir.{method}`: names that begin with a dot are left out"));
        self.carry(&format!("Dir.{method}"));
        Ok(match method {
            "foreach" | "entries" => Expr::List(vec![Expr::text("."), Expr::text("..")]).binary("+", names),
            _ => names,
        })
    }

    /// Reads `Dir.chdir("x")` without a block: what follows in the task runs there.
    pub(super) fn change_directory(&mut self, dir: &Node<'_>) -> Read<Vec<Line>> {
        if !self.may_change_directory {
            return self.refuse(
                Kind::Construct,
                "`Dir.chdir` that is not always reached, or before files that are named from there",
            );
        }
        let dir = self.expression(dir)?;
        let dir = match (self.local_dir.take(), dir) {
            (Some(outer), dir) if dir.literal().is_some_and(|path| !path.starts_with('/')) => {
                Expr::call("join_path", vec![outer, dir])
            }
            (_, dir) => dir,
        };
        self.local_dir = Some(dir);
        self.carry("Dir.chdir");
        Ok(Vec::new())
    }

    /// Returns true for statements in which each `Dir.chdir` without a block is reached, and all files are named so that they are found.
    pub(super) fn changes_directory_plainly(nodes: &[Node<'_>]) -> bool {
        #[derive(Default)]
        struct Changes {
            around: usize,
            is_hard: bool,
        }
        impl Changes {
            fn within(&mut self, levels: usize, visit: impl FnOnce(&mut Self)) {
                self.around += levels;
                visit(self);
                self.around -= levels;
            }
        }
        impl<'pr> ruby_prism::Visit<'pr> for Changes {
            fn visit_call_node(&mut self, node: &CallNode<'pr>) {
                let class = node.receiver().as_ref().and_then(constant);
                let name = id(&node.name());
                if let Some(class) = class {
                    let changes = matches!(
                        (class.as_str(), name.as_str()),
                        ("Dir", "chdir") | ("FileUtils", "cd" | "chdir")
                    );
                    self.is_hard |= changes && node.block().is_none() && self.around > 0;
                    self.is_hard |= names_files_otherwise(node);
                }
                let is_each = node.receiver().is_some() && node.block().is_some();
                self.within(usize::from(is_each), |changes| {
                    ruby_prism::visit_call_node(changes, node)
                });
            }
            fn visit_if_node(&mut self, node: &ruby_prism::IfNode<'pr>) {
                self.within(1, |changes| ruby_prism::visit_if_node(changes, node));
            }
            fn visit_unless_node(&mut self, node: &ruby_prism::UnlessNode<'pr>) {
                self.within(1, |changes| ruby_prism::visit_unless_node(changes, node));
            }
            fn visit_case_node(&mut self, node: &ruby_prism::CaseNode<'pr>) {
                self.within(1, |changes| ruby_prism::visit_case_node(changes, node));
            }
            fn visit_rescue_node(&mut self, node: &ruby_prism::RescueNode<'pr>) {
                self.within(1, |changes| ruby_prism::visit_rescue_node(changes, node));
            }
            fn visit_while_node(&mut self, node: &ruby_prism::WhileNode<'pr>) {
                self.within(1, |changes| ruby_prism::visit_while_node(changes, node));
            }
        }
        let mut changes = Changes::default();
        nodes
            .iter()
            .for_each(|node| ruby_prism::Visit::visit(&mut changes, node));
        !changes.is_hard
    }

    /// Reads statements whose commands and files of this machine are named from a directory. Other uses of the directory have no form.
    fn in_directory(&mut self, dir: Expr, nodes: &[Node<'_>], end: usize) -> Read<Vec<Line>> {
        let mut are_named = false;
        let mut see = |node: &Node<'_>| {
            are_named |= node.as_call_node().as_ref().is_some_and(names_files_otherwise);
            true
        };
        nodes.iter().for_each(|node| each_node(node, &mut see));
        if are_named {
            return self.refuse(Kind::Construct, "`Dir.chdir` around files that are named from there");
        }
        let whole = match (self.local_dir.clone(), dir) {
            (Some(outer), dir) if dir.literal().is_none_or(|path| !path.starts_with('/')) => {
                Expr::call("join_path", vec![outer, dir])
            }
            (_, dir) => dir,
        };
        let outer = self.local_dir.replace(whole);
        let block = self.statements(nodes, end, false);
        self.local_dir = outer;
        Ok(block.lines)
    }

    /// Returns what a statement writes to an open file; `None` if it does something else.
    fn written(&mut self, node: &Node<'_>, file: &str) -> Read<Option<Vec<Part>>> {
        let Some(call) = node.as_call_node() else {
            return Ok(None);
        };
        let receiver = call.receiver();
        let local = receiver.as_ref().and_then(Node::as_local_variable_read_node);
        let given = arguments(&call, false);
        let ([value], true) = (
            given.values.as_slice(),
            local.is_some_and(|local| id(&local.name()) == file),
        ) else {
            return Ok(None);
        };
        let name = id(&call.name());
        if name == "truncate" && value.as_integer_node().is_some_and(|_| source(value) == "0") {
            // A file that is written anew is empty.
            return Ok(Some(Vec::new()));
        }
        if !matches!(name.as_str(), "write" | "print" | "<<" | "puts") {
            return Ok(None);
        }
        let value = self.expression(value)?;
        let mut parts = super::strings::filled(value).parts();
        if name == "puts" {
            // Ruby adds the end of the line where there is none.
            match parts.last_mut() {
                Some(Part::Text(text)) if text.ends_with('\n') => {}
                Some(Part::Text(text)) => text.push('\n'),
                _ => parts = vec![Part::Value(Expr::call("ruby_line", vec![string(parts)]))],
            }
        }
        Ok(Some(parts))
    }

    /// Reads `source.local.log(from)` and `source.next_revision(revision)` of Capistrano 2 as the commands of git that they return.
    pub(super) fn of_source(&mut self, name: &str, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Option<Expr>> {
        let inner = receiver.as_call_node().filter(|inner| id(&inner.name()) == "local");
        let owner = match inner.as_ref().and_then(CallNode::receiver) {
            Some(owner) => bare(&owner),
            None => bare(receiver),
        };
        let is_source = owner.as_deref() == Some("source") && !self.facts.variables.contains_key("source");
        let given = arguments(call, false);
        let is_none = is_source && self.facts.scm.as_deref() == Some("none");
        match (name, given.values.as_slice()) {
            ("next_revision", [revision]) if is_none => return self.expression(revision).map(Some),
            ("log" | "diff", _) if is_none => {
                let error = format!("`{name}' is not implemented by Capistrano::Deploy::SCM::None");
                return Err(self.always_fails("a directory has no log", &error));
            }
            _ => {}
        }
        if !is_source || self.facts.scm.as_deref() != Some("git") {
            return Ok(None);
        }
        let command = |words: &str, mut revisions: Vec<Part>| {
            revisions.insert(0, Part::Text(format!("git {words} ")));
            string(revisions)
        };
        let value = match (name, given.values.as_slice()) {
            ("head", []) => Expr::text("HEAD"),
            ("next_revision", [revision]) => self.expression(revision)?,
            ("log", [from]) => {
                let mut range = super::strings::filled(self.expression(from)?).parts();
                range.push(Part::Text("..".to_owned()));
                command("log", range)
            }
            ("diff", [from]) => command("diff", super::strings::filled(self.expression(from)?).parts()),
            ("log" | "diff", [from, to]) => {
                let mut range = super::strings::filled(self.expression(from)?).parts();
                range.push(Part::Text("..".to_owned()));
                range.extend(super::strings::filled(self.expression(to)?).parts());
                command(name, range)
            }
            _ => return Ok(None),
        };
        self.carry("source");
        Ok(Some(value))
    }
}

/// Returns the content of a file, or nothing if it is not there.
fn with_content(path: Expr) -> Expr {
    let there = Expr::call("file_exists", vec![path.clone()]);
    let before = Block::giving(Expr::call("read_file", vec![path]));
    Expr::If(vec![(there, before)], Some(Block::giving(Expr::text(""))))
}
