//! Reads methods that are called on values.

use ruby_prism::{CallNode, Node};

use super::super::facts::renamed;
use super::super::form::{Block, Call, Expr, Line, Statement};
use super::super::note::{Kind, Lack, Note, Read, Unported};
use super::super::programs::Mapped;
use super::super::ruby::{arguments, bare, constant, id, literal, source};
use super::Reader;
use super::locals::Type;
use super::loops::{enumerated, is_each};
use super::plain_calls::SAME;

impl Reader<'_> {
    /// Reads a method as a statement.
    pub(super) fn method_statement(
        &mut self,
        node: &Node<'_>,
        call: &CallNode<'_>,
        receiver: &Node<'_>,
    ) -> Read<Option<Vec<Line>>> {
        let name = id(&call.name());
        if let Some(lines) = self.only_found(call).or_else(|| self.said(call, receiver)) {
            return lines.map(Some);
        }
        if constant(receiver).as_deref() == Some("Kernel") {
            // The words of Ruby are functions of this module.
            return match self.people_word(call, &name, false)? {
                Some(lines) => Ok(Some(lines)),
                None => match self.command_word(call, &name)? {
                    Some(lines) => Ok(Some(lines)),
                    None => self.ruby_word(call, &name),
                },
            };
        }
        if let Some(lines) = self.of_capistrano(node, call, receiver)? {
            return Ok(Some(lines));
        }
        if bare(receiver).as_deref() == Some("binding") && matches!(name.as_str(), "pry" | "irb" | "b") {
            return Ok(Some(vec![self.remark("a debugger for Ruby is left out")]));
        }
        if constant(receiver).as_deref() == Some("Signal") && name == "trap" && call.block().is_some() {
            let remark = "`Signal.trap`: Ctrl-C and other signals end a run of capr as they are, with a rollback";
            return Ok(Some(vec![self.remark(remark)]));
        }
        if self.keep_figaro(call, receiver)? {
            return Ok(Some(Vec::new()));
        }
        if let Some(why) = constant(receiver).and_then(|class| super::ruby_libraries::needless_call(&class, &name)) {
            self.remarks.push(format!("`{}.{name}`: {why}", source(receiver)));
            return Ok(Some(Vec::new()));
        }
        if constant(receiver).as_deref() == Some("Bundler")
            && matches!(
                name.as_str(),
                "with_clean_env" | "with_unbundled_env" | "with_original_env" | "with_clean_environment"
            )
            && let Some(behind) = super::super::ruby::behind(call)
        {
            // No variables of Bundler are there.
            let nodes = super::super::ruby::statements(behind.body.as_ref());
            return Ok(Some(self.statements(&nodes, behind.end, false).lines));
        }
        if let ("chdir" | "cd", Some("Dir" | "FileUtils"), None, [dir]) = (
            name.as_str(),
            constant(receiver).as_deref(),
            call.block(),
            arguments(call, false).values.as_slice(),
        ) && self.deferred > 0
        {
            return self.change_directory(dir).map(Some);
        }
        if self.is_mixing_in(call) {
            return Ok(Some(Vec::new()));
        }
        if let Some(lines) = self.on_stream(call, receiver)? {
            return Ok(Some(lines));
        }
        if let Some(lines) = self.web_statement(call, receiver)? {
            return Ok(Some(lines));
        }
        if let Some(lines) = self.given_to_capistrano(call) {
            return Ok(Some(lines));
        }
        if name == "each"
            && let Some(lines) = self.load_each_from_gem(call, receiver)
        {
            return Ok(Some(lines));
        }
        if matches!(source(receiver).as_str(), "$:" | "$LOAD_PATH") {
            self.remarks.push("`$:`: recipes load no Ruby".to_owned());
            return Ok(Some(Vec::new()));
        }
        if matches!(
            name.as_str(),
            "each"
                | "map"
                | "collect"
                | "each_pair"
                | "each_with_index"
                | "each_index"
                | "each_key"
                | "each_value"
                | "times"
                | "upto"
                | "downto"
                | "step"
                | "each_line"
                | "each_slice"
                | "each_cons"
                | "each_char"
                | "in_groups_of"
                | "reverse_each"
        ) && call.block().is_some()
            || name == "with_index" && call.block().is_some() && is_each(receiver)
        {
            let enumerated = enumerated(&name, receiver);
            let (receiver, name) = enumerated.as_ref().map_or((receiver, &name), |(of, name)| (of, name));
            return self.loops_over(call, receiver, name).map(Some);
        }
        if let Some(lines) = self.shrink(call, receiver, &name)? {
            return Ok(Some(lines));
        }
        if let Some(lines) = self.written_to_opened(call, receiver, &name)? {
            return Ok(Some(lines));
        }
        if let Some(lines) = self.file_block(call, receiver, &name)? {
            return Ok(Some(lines));
        }
        let given = arguments(call, false);
        if let Some(lines) = self.stored(&name, receiver, &given.values)? {
            return Ok(Some(lines));
        }
        if name == "with_defaults" && receiver.as_local_variable_read_node().is_some() {
            let target = self.expression(receiver)?;
            let Expr::Map(entries) = self.map(&given.pairs)? else {
                return Ok(None);
            };
            let lines = entries.into_iter().map(|(key, value)| {
                let place = Expr::Index(Box::new(target.clone()), Box::new(Expr::Text(key)));
                Line::new(Statement::Assign(place.clone(), "=", place.binary("??", value)))
            });
            return Ok(Some(lines.collect()));
        }
        if matches!(name.as_str(), "merge!" | "update") && given.values.is_empty() && !given.pairs.is_empty() {
            return self.merge_into(receiver, &given.pairs).map(Some);
        }
        match (name.as_str(), given.values.as_slice()) {
            ("[]=", [key, value]) => self.set_index(receiver, key, value).map(Some),
            // In a row each adds to the same string or list.
            ("<<", [value]) if adds(receiver).is_some() => {
                let (mut lines, mut root) = (Vec::new(), adds(receiver));
                if let Some(before) = &root
                    && let Some(owner) = before.receiver()
                {
                    lines.extend(self.method_statement(receiver, before, &owner)?.unwrap_or_default());
                }
                while let Some(before) = root.as_ref().and_then(CallNode::receiver) {
                    root = adds(&before);
                    if root.is_none() {
                        lines.extend(self.grow("<<", &before, value, 1)?);
                    }
                }
                Ok(Some(lines))
            }
            ("push" | "concat", several) if several.len() > 1 && !given.has_splat => {
                let mut lines = Vec::new();
                for value in several {
                    lines.extend(self.grow(&name, receiver, value, 1)?);
                }
                Ok(Some(lines))
            }
            ("<<" | "push" | "concat" | "unshift", [value, ..]) => {
                self.grow(&name, receiver, value, given.values.len()).map(Some)
            }
            ("delete", [value]) if bare(receiver).is_some_and(|name| self.facts.is_variable(&name)) => {
                let variable = bare(receiver).unwrap_or_default();
                let value = self.expression(value)?;
                Ok(Some(vec![Line::verb(Call::new(
                    "remove",
                    vec![Expr::symbol(&variable), value],
                ))]))
            }
            ("clear" | "pop" | "shift" | "insert" | "delete_at", given)
                if super::in_place::is_changed_in_place(receiver) =>
            {
                self.change(&name, receiver, given).map(Some)
            }
            ("delete", [key]) if receiver.as_local_variable_read_node().is_some() => {
                let owner = self.expression(receiver)?;
                if self.kind_of(&owner) == Type::List {
                    let others = Expr::name("item").binary("!=", self.expression(key)?);
                    let function = Expr::function_of("item", others);
                    let rest = owner.clone().method("filter", vec![function]);
                    return Ok(Some(vec![Line::new(Statement::Assign(owner, "=", rest))]));
                }
                if self.kind_of(&owner) != Type::Map {
                    return Ok(None);
                }
                let key = self.key(key)?;
                Ok(Some(vec![Line::new(Statement::Value(
                    owner.method("remove", vec![key]),
                ))]))
            }
            ("merge!" | "update", [value]) => {
                let target = self.expression(receiver)?;
                let value = self.expression(value)?;
                Ok(Some(vec![Line::new(Statement::Value(
                    target.method("mixin", vec![value]),
                ))]))
            }
            (
                "gsub!" | "sub!" | "strip!" | "chomp!" | "downcase!" | "upcase!" | "compact!" | "uniq!" | "sort!"
                | "reverse!",
                _,
            ) => {
                // In a row each changes what the one before it gave, in a line of its own.
                let before = receiver
                    .as_call_node()
                    .filter(|before| id(&before.name()).ends_with('!'));
                let root = before.as_ref().and_then(CallNode::receiver);
                let root = root.as_ref().unwrap_or(receiver);
                let Some(local) = root.as_local_variable_read_node().map(|local| id(&local.name())) else {
                    return Ok(None);
                };
                let mut lines = match &before {
                    None => Vec::new(),
                    Some(before) => match self.method_statement(receiver, before, root)? {
                        Some(lines) => lines,
                        None => return Ok(None),
                    },
                };
                let value = self.method_of(name.trim_end_matches('!'), call, root)?;
                lines.extend(self.write_local(&local, value));
                Ok(Some(lines))
            }
            _ => Ok(None),
        }
    }

    /// Reads a method as a value.
    pub(super) fn method(&mut self, node: &Node<'_>, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Expr> {
        let value = self.method_alone(node, call, receiver)?;
        if !call.is_safe_navigation() {
            return Ok(value);
        }
        // This is `value&.method`.
        let missing = self.expression(receiver)?.binary("==", Expr::Unit);
        let nothing = match id(&call.name()).ends_with('?') {
            true => Expr::Bool(false),
            false => Expr::Unit,
        };
        Ok(Expr::If(
            vec![(missing, Block::giving(nothing))],
            Some(Block::giving(value)),
        ))
    }

    fn method_alone(&mut self, node: &Node<'_>, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Expr> {
        let name = id(&call.name());
        let is_variables = receiver.as_self_node().is_some()
            || bare(receiver).as_deref() == Some("variables")
            || self.facts.version < 3 && source(receiver) == "@variables";
        if let ("[]", true, Some(key)) = (name.as_str(), is_variables, arguments(call, false).values.first()) {
            let key = match literal(key) {
                Some(key) => Expr::symbol(renamed(&key)),
                None => self.expression(key)?,
            };
            return Ok(Expr::call("fetch", vec![key, Expr::Unit]));
        }
        if source(node) == "SSHKit.config.default_env" {
            return Ok(Expr::name("default_environment"));
        }
        if let Some(asked) = Self::read_of_input(&name, receiver) {
            return Ok(asked);
        }
        if let Some(asked) = self.of_status(&name, receiver)? {
            return Ok(asked);
        }
        if let ("[]", Some("roles"), Some(role)) = (
            name.as_str(),
            bare(receiver).as_deref(),
            arguments(call, false).values.first(),
        ) {
            return Ok(Expr::call("roles", vec![self.expression(role)?]));
        }
        if matches!(name.as_str(), "read" | "readlines")
            && arguments(call, false).values.is_empty()
            && let Some(opened) = opened(receiver)
        {
            return self.class_method("File", &name, &opened);
        }
        if let ("[]", "SSHKit.config.command_map", [program]) = (
            name.as_str(),
            source(receiver).as_str(),
            arguments(call, false).values.as_slice(),
        ) {
            let mapped = literal(program).and_then(|program| self.facts.mapped(&program));
            return Ok(match mapped {
                Some(Mapped::Text(text)) => Expr::text(text),
                _ => match self.expression(program)? {
                    Expr::Symbol(word) => Expr::call("prefixed", vec![Expr::Text(word)]),
                    word => Expr::call("prefixed", vec![word]),
                },
            });
        }
        if let Some(class) = constant(receiver)
            && (!self.facts.variables.contains_key(&class.to_lowercase())
                || matches!(class.as_str(), "Date" | "Dir" | "File" | "Time"))
        {
            return self.class_method(&class, &name, call);
        }
        if let Some(value) = self.of_instance(&name, call, receiver)? {
            return Ok(value);
        }
        if let Some(path) = self.path_of_opened(&name, receiver) {
            return Ok(path);
        }
        if let Some(value) = self.of_namespace(node)? {
            return Ok(value);
        }
        if let Some(value) = self.of_class_chain(&name, call, receiver)? {
            return Ok(value);
        }
        if let Some(value) = self.of_source(&name, call, receiver)? {
            return Ok(value);
        }
        if let Some(value) = self.of_environment(&name, call, receiver)? {
            return Ok(value);
        }
        if let Some(value) = self.of_configuration(&name, call, receiver) {
            return Ok(value);
        }
        if let Some(owner) = bare(receiver)
            && !self.is_known(&owner)
            && !self.may_be_set(&owner)
            && self.local(&owner).is_none_or(|local| local.kind != Type::Server)
        {
            let reason = format!("`{owner}` is an object that nothing in these files makes");
            if self.facts.version < 3 && matches!(owner.as_str(), "source" | "strategy" | "sessions" | "connection") {
                // Capistrano itself has it.
                return self.lacks(Kind::Code, Lack::Name(owner), reason);
            }
            return self.no_name(Kind::Code, &owner, reason);
        }
        if let Some(property) = self.of_properties(call, &name, receiver) {
            return Ok(property);
        }
        if let Some(host) = self.of_host(&name, receiver)? {
            return Ok(host);
        }
        self.method_of(&name, call, receiver)
    }

    /// Reads `deploy.web.disable`: a task by its namespaces.
    fn of_namespace(&self, node: &Node<'_>) -> Read<Option<Expr>> {
        let Some(path) = path_of(node) else { return Ok(None) };
        let Some((first, rest)) = path.split_first() else {
            return Ok(None);
        };
        if self.local(first).is_some() || self.facts.is_variable(first) {
            return Ok(None);
        }
        let full = match first.as_str() {
            "top" => rest.join(":"),
            _ => match self.facts.namespace(first, &self.namespaces) {
                Some(namespace) => format!("{namespace}:{}", rest.join(":")),
                None => return Ok(None),
            },
        };
        let is_plain = path
            .iter()
            .all(|name| !self.facts.vocabulary.is_reserved(name) && name != "top");
        let invoked = |task: String| Ok(Some(Expr::call("invoke", vec![Expr::Text(task)])));
        if !self.facts.is_task(&full) && !self.facts.is_task(&format!("{full}:default")) {
            let plain = self.facts.task(&full, &[]).filter(|_| full.ends_with(":default"));
            return plain.map_or_else(|| Err(self.no_member(&full)), invoked);
        }
        if !is_plain || self.facts.apart(full.clone()) != full {
            return invoked(self.facts.apart(full));
        }
        let mut value = Expr::name(first);
        for name in rest {
            value = Expr::Member(Box::new(value), name.clone());
        }
        Ok(Some(value))
    }

    /// Reads methods of strings, lists and maps.
    pub(super) fn method_of(&mut self, name: &str, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Expr> {
        let given = arguments(call, false);
        // `+"text"` is one that may be changed.
        if name == "colorize" || SAME.contains(&name) || name == "+@" && receiver.as_string_node().is_some() {
            return self.expression(receiver);
        }
        if let Some(value) = self.web_method(name, call, receiver)? {
            return Ok(value);
        }
        if matches!(name, "merge" | "merge!") && given.values.is_empty() && !given.pairs.is_empty() && !given.has_splat
        {
            let whole = self.expression(receiver)?;
            return Ok(whole.binary("+", self.map(&given.pairs)?));
        }
        if name == "deep_merge" && given.values.is_empty() && !given.pairs.is_empty() {
            let whole = vec![self.expression(receiver)?, self.map(&given.pairs)?];
            return Ok(Expr::call("ruby_deep_merged", whole));
        }
        if let ("push" | "concat", true, [only]) = (name, given.has_splat, given.values.as_slice())
            && let Some(list) = only.as_splat_node().and_then(|splat| splat.expression())
        {
            return Ok(self.expression(receiver)?.binary("+", self.expression(&list)?));
        }
        if given.has_splat || !given.pairs.is_empty() {
            let unported = Unported::new(Kind::Construct, format!("the arguments of `{name}`"));
            return Err(self.of_object(receiver, unported));
        }
        if call.block().is_some() {
            return self.method_with_block(name, call, receiver);
        }
        if super::plain_calls::is_account(&call.as_node()) {
            return Ok(super::classes::environment_name("USER"));
        }
        let digest = self.digest_of_file(name, receiver)?;
        if let Some(text) = digest.map_or_else(|| self.command_line(name, receiver), |digest| Ok(Some(digest)))? {
            return Ok(text);
        }
        if name == "nil?" {
            return Ok(self.expression(receiver)?.binary("==", Expr::Unit));
        }
        if let Some(value) = self.text_method(name, receiver, &given.values)? {
            return Ok(value);
        }
        if matches!(name, "pop" | "shift")
            && given.values.is_empty()
            && receiver.as_local_variable_read_node().is_some()
        {
            return Ok(self.expression(receiver)?.method(name, Vec::new()));
        }
        if let Some(value) = self.of_time(name, receiver, &given.values)? {
            return Ok(value);
        }
        let value = self.expression(receiver)?;
        let arguments = given.values.as_slice();
        if name == "result" && matches!(&value, Expr::Name(local) if self.rendered.contains(local)) {
            return Ok(value);
        }
        if name == ">>" && self.kind_of(&value) == Type::Text {
            self.expressions(arguments)?;
            return Err(self.always_fails("a string has no `>>`", "undefined method `>>'"));
        }
        // This is `args.what`.
        let is_argument = matches!(&value, Expr::Name(local) if self.task_arguments.as_ref() == Some(local));
        if is_argument && arguments.is_empty() && matches!(name, "extras" | "to_a") {
            return Ok(Expr::Index(Box::new(value), Box::new(Expr::text("extras"))));
        }
        if is_argument && arguments.is_empty() && !matches!(name, "to_h" | "empty?") {
            return Ok(Expr::Index(Box::new(value), Box::new(Expr::text(name))));
        }
        if self.kind_of(&value) == Type::Record {
            return match (name, arguments) {
                ("to_s", []) => self.refuse(Kind::Code, "a URI or a record as a string"),
                (name, []) => Ok(Expr::Member(Box::new(value), name.to_owned())),
                ("[]", [key]) => Ok(Expr::Index(Box::new(value), Box::new(self.key(key)?))),
                _ => self.refuse(Kind::Code, format!("`{name}` of a record")),
            };
        }
        if let Some(value) = self.counterpart(name, value.clone(), arguments)? {
            return Ok(value);
        }
        if let Some(value) = self.as_function_call(name, value, arguments)? {
            return Ok(value);
        }
        let shown: String = source(receiver).chars().take_while(|c| *c != '\n').take(30).collect();
        let reason = format!("`{name}` of `{}` is not known here", super::printable(&shown));
        Err(self.of_object(receiver, Unported::new(Kind::Code, reason)))
    }

    /// Adds the object that nothing in the files defines to the reason why its method has no form: whoever defines the object defines what
    /// it can do.
    fn of_object(&self, receiver: &Node<'_>, unported: Unported) -> Unported {
        let object = path_of(receiver).and_then(|path| path.into_iter().next());
        let is_here = |name: &String| {
            let facts = self.facts;
            facts.is_variable(renamed(name)) || facts.is_of_library(renamed(name)) || facts.functions.contains_key(name)
        };
        match object.filter(|name| !is_here(name)) {
            Some(object) => unported.lacking(Lack::Name(object)),
            None => unported,
        }
    }

    /// Returns true if a bare name is known here.
    pub(super) fn is_known(&self, name: &str) -> bool {
        let here = renamed(name);
        self.facts.is_variable(here)
            || self.facts.is_of_library(here)
            || self.facts.functions.contains_key(name)
            || self.facts.vocabulary.is_verb(name)
            || self.facts.task(name, &self.namespaces).is_some()
            || matches!(
                name,
                "sudo" | "try_sudo" | "release_timestamp" | "repo_path" | "now" | "gets"
            )
    }

    /// Returns true for a name that nothing defines and that a variable may have: Capistrano 1 and 2 look for it when they get there.
    pub(super) fn may_be_set(&self, name: &str) -> bool {
        let is_object = matches!(
            name,
            "connection"
                | "namespaces"
                | "parent"
                | "self"
                | "servers"
                | "sessions"
                | "source"
                | "strategy"
                | "tasks"
                | "top"
                | "variables"
        );
        let is_word = name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let is_missing = |note: &Note| matches!(note.lack, Some(Lack::Library(_) | Lack::File(_)));
        self.facts.version < 3
            && is_word
            && !is_object
            && super::missing_libraries(self.facts).is_empty()
            && !self.notes.iter().any(is_missing)
    }

    pub(super) fn is_channel(&self, value: &Expr) -> bool {
        matches!(value, Expr::Name(name) if self.streams.contains(name))
    }

    /// Reads a key of a map or an index.
    pub(super) fn key(&mut self, node: &Node<'_>) -> Read<Expr> {
        if node.as_range_node().is_some() {
            return self.refuse(Kind::Construct, "a part of a list or a string by a range");
        }
        match literal(node) {
            Some(text) => Ok(Expr::Text(text)),
            None => self.expression(node),
        }
    }
}

/// Returns the call in `list << one`.
fn adds<'pr>(node: &Node<'pr>) -> Option<CallNode<'pr>> {
    node.as_call_node().filter(|call| id(&call.name()) == "<<")
}

/// Returns the call in `File.open("x")` and `File.new("x", "rb")`, whose file is read as a whole.
fn opened<'pr>(receiver: &Node<'pr>) -> Option<CallNode<'pr>> {
    let call = receiver.as_call_node()?;
    let is_file = call.receiver().as_ref().and_then(constant).as_deref() == Some("File");
    let is_opened = matches!(id(&call.name()).as_str(), "open" | "new") && call.block().is_none();
    let given = arguments(&call, false).values;
    (is_file && is_opened && is_mode_of_reading(given.get(1)) && matches!(given.len(), 1 | 2)).then_some(call)
}

/// Returns true for the mode in which a file is only read, as it is without one.
pub(super) fn is_mode_of_reading(mode: Option<&Node<'_>>) -> bool {
    let mode = mode.map_or(Some("r".to_owned()), literal);
    mode.is_some_and(|mode| mode.starts_with('r') && !mode.contains('+'))
}

/// Returns the names in `a.b.c`.
fn path_of(node: &Node<'_>) -> Option<Vec<String>> {
    if let Some(name) = bare(node) {
        return Some(vec![name]);
    }
    let call = node.as_call_node()?;
    if call.arguments().is_some() || call.block().is_some() {
        return None;
    }
    let mut path = path_of(&call.receiver()?)?;
    path.push(id(&call.name()));
    (path.len() < 20).then_some(path)
}

/// Returns a plain string as a regular expression.
pub(super) fn escaped(plain: &str) -> String {
    let mut written = String::new();
    for c in plain.chars() {
        if "\\.+*?()|[]{}^$#&-~".contains(c) {
            written.push('\\');
        }
        written.push(c);
    }
    written
}
