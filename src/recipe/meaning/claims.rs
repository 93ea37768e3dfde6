//! Reads from the syntax of a source what it defines, and what has to be defined somewhere. Nothing is evaluated.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::rc::Rc;

use rhai::{AST, ASTNode, BinaryExpr, CustomExpr, Dynamic, Expr, Position, Span, Stmt};

use super::asked::is_variable;
use super::calls::SourceCall;
use super::conditions::Conditions;
use super::errors::{diagnostic, locate};
use super::loads::Load;
use super::mentions::{bare_tasks, literal, row, verb};
use super::missing::Members;
use super::properties::Shapes;
use super::read::{ReadCall, items, kinds, lists_servers, values};
use crate::configuration::join;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::origin::{Fallible, raise};
use crate::recipe::language::syntax::marks::as_written;
use crate::recipe::language::syntax::named::SourceNames;
use crate::recipe::language::syntax::reading;
use crate::recipe::language::verb::{Choices, Verb, Written, sets};
use crate::recipe::language::verbs::takes_names;

/// A function that is given each node with the nodes around it, and returns true to look inside it as well.
pub(super) type Walk<'a> = &'a mut dyn FnMut(&[ASTNode]) -> bool;

/// A source that was read.
pub(in crate::recipe) struct Text {
    pub(in crate::recipe) file: Rc<str>,
    /// The source of a file of the built-in library, which is read as a whole only if somebody wants that.
    of_library: Option<Rc<str>>,
    read: OnceCell<(Rc<AST>, SourceNames)>,
    /// The words in the parts that could not be read.
    pub(super) lost: HashSet<String>,
    /// Its claims, which are read once.
    claims: OnceCell<Claims>,
}

impl Text {
    pub(in crate::recipe) fn new(file: Rc<str>, ast: Rc<AST>, names: SourceNames, lost: HashSet<String>) -> Self {
        Self {
            file,
            of_library: None,
            read: OnceCell::from((ast, names)),
            lost,
            claims: OnceCell::new(),
        }
    }

    /// Makes the source of a file of the built-in library, which has no mistakes.
    pub(in crate::recipe) fn of_library(file: Rc<str>, source: Rc<str>) -> Self {
        Self {
            file,
            of_library: Some(source),
            read: OnceCell::new(),
            lost: HashSet::new(),
            claims: OnceCell::new(),
        }
    }

    pub(in crate::recipe) fn ast(&self) -> &Rc<AST> {
        &self.read().0
    }

    pub(in crate::recipe) fn names(&self) -> &SourceNames {
        &self.read().1
    }

    fn read(&self) -> &(Rc<AST>, SourceNames) {
        self.read.get_or_init(|| {
            let source = self.of_library.as_deref().unwrap_or_default();
            let (mut ast, names) = reading::parsed(&self.file, source).unwrap_or_default();
            ast.set_source(&*self.file);
            (Rc::new(ast), names)
        })
    }

    pub(in crate::recipe) fn claims(&self) -> &Claims {
        self.claims.get_or_init(|| Claims::of(self))
    }

    /// Returns the places of the functions of this name; Rhai gives closures names, too.
    pub(super) fn functions(&self, name: &str) -> impl Iterator<Item = Span> {
        let functions = self.ast().iter_fn_def().filter(move |function| function.name == name);
        functions.map(|function| Span::new(function.body.start_position(), function.body.end_position()))
    }

    /// Walks over the nodes inside a span.
    pub(super) fn walk_in(&self, span: Span, on: Walk) {
        let is_inside = |node: &ASTNode| {
            let position = node.position();
            span.start() <= position && position <= span.end()
        };
        self.ast()
            .walk(&mut |nodes| !nodes.last().is_some_and(is_inside) || on(nodes));
    }
}

/// A name that has to exist, and the namespace from which it is looked up.
pub(super) struct Claim {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) position: Position,
}

/// The definitions and uses in a source.
#[derive(Default)]
pub(in crate::recipe) struct Claims {
    /// Roles in options.
    pub(super) roles: Vec<(String, Position)>,
    /// Attributes of servers in `only` and `except`, each with the name of the option.
    pub(super) attributes: Vec<(&'static str, String, Position)>,
    /// Tasks in `invoke`.
    pub(super) tasks: Vec<Claim>,
    /// Tasks in hooks, with the hook's event.
    pub(super) hooks: Vec<(Claim, &'static str)>,
    /// Keys that are set in a map of options: the variable, the key.
    pub(super) keys: Vec<(&'static str, String, Position)>,
    /// Keys in the `ssh_options` of servers: the position of their map, the name, its position.
    pub(super) server_keys: Vec<(Position, String, Position)>,
    /// Names that a closure captures: they are evaluated when it is made.
    pub(super) captured: Vec<Claim>,
    /// Bare names as arguments: a task of this name would run.
    pub(super) bare: Vec<Claim>,
    /// Full names of the tasks that it defines.
    pub(super) defines_tasks: Vec<String>,
    /// The roles that it defines.
    pub(super) defines_roles: Vec<String>,
    /// The variables that it sets by name, with their positions.
    pub(super) sets: Vec<(String, Position)>,
    /// The variables that it reads by name and without a default, with their positions.
    pub(super) fetches: Vec<(String, Position)>,
    /// The variables whose existence it checks.
    pub(super) asks_for: Vec<String>,
    /// The positions at which variables are asked for: `ask :branch, "main";`.
    pub(in crate::recipe) asked_for: HashSet<Position>,
    /// Calls of functions and methods.
    pub(super) calls: Vec<SourceCall>,
    /// The kinds of values, and the properties that are read of them.
    pub(super) shapes: Shapes,
    /// Names whose values may be functions: local variables, parameters, members of maps.
    pub(in crate::recipe) holders: HashSet<String>,
    pub(in crate::recipe) loads: Vec<Load>,
    /// The names of modules, with the files from which they were imported.
    pub(super) imports: Vec<(String, String)>,
    /// True if the name of a task is computed; the next two tell the same of roles, and of variables that are set.
    pub(super) computes_tasks: bool,
    pub(super) computes_roles: bool,
    pub(super) computes_variables: bool,
    /// True if a task is invoked by a computed name.
    pub(super) invokes_any: bool,
    pub(super) renders: bool,
    /// The files of templates; `None` for a template in the source that contains ERB.
    pub(super) templates: Vec<(Option<String>, Position)>,
    /// Errors that do not depend on what else is defined.
    pub(super) wrong: Vec<Diagnostic>,
    /// The permissions that are written out.
    pub(super) modes: Vec<(Dynamic, Position)>,
    /// Passwords that are written out: the name and the position.
    pub(super) secrets: Vec<(String, Position)>,
    /// Secrets in command lines, and true if the command runs on this machine.
    pub(super) bared: Vec<(String, Position, bool)>,
    /// The values that are used as conditions.
    pub(super) conditions: Conditions,
    /// The members of maps and of the environment that are read.
    pub(super) members: Members,
    /// Strings in backticks with an escape that stays as it is: the escape and the position.
    pub(super) escapes: Vec<(&'static str, Position)>,
    /// The positions of strings that look like commands for this machine whose output is wanted.
    pub(super) asked: Vec<Position>,
    /// Statements that can never be reached, each with the word that leaves its block before it.
    pub(super) unreached: Vec<(Position, &'static str)>,
}

impl Claims {
    fn of(text: &Text) -> Self {
        let mut claims = Self::default();
        text.ast().walk(&mut |nodes| {
            match nodes.last() {
                Some(ASTNode::Expr(Expr::Custom(call, _))) => {
                    if let Some(verb) = row(call) {
                        claims.call(&text.file, verb, call, nodes);
                    }
                }
                Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => claims.assigned(&assignment.1),
                Some(ASTNode::Expr(Expr::Map(map, _))) => {
                    for (key, value) in &map.0 {
                        claims.secret(&key.name, value);
                    }
                }
                Some(ASTNode::Expr(Expr::FnCall(call, _))) if call.name == "curry" => {
                    claims.captured(&call.args, nodes);
                }
                Some(ASTNode::Expr(Expr::FnCall(call, _))) if lists_servers(&call.name) => {
                    claims.listed(&call.args);
                }
                Some(ASTNode::Stmt(Stmt::Import(import, _))) => {
                    if let Some(path) = literal(&import.0) {
                        claims.imports.push((import.1.name.to_string(), path.clone()));
                        claims.loads.push(Load::import(path));
                    }
                }
                _ => {}
            }
            claims.calls.extend(SourceCall::at(nodes));
            claims.holders(nodes);
            claims.shapes.note(nodes);
            claims.behind_an_end(nodes);
            claims.asked(nodes);
            claims.escaped(nodes);
            claims.members(nodes);
            claims.conditions(nodes);
            claims.lost(text, nodes);
            true
        });
        claims.statements(text.ast().statements());
        claims
    }

    fn call(&mut self, file: &str, verb: &'static Verb, call: &CustomExpr, around: &[ASTNode]) {
        let read = ReadCall::of(call);
        self.defines(verb.name, &read, around);
        if takes_names(verb.name) {
            self.bare(&read, around);
        }
        self.bared(verb.name, &read);
        let unknown = read.options.iter().filter_map(|(key, _)| {
            let name = literal(key).filter(|name| !verb.takes(name))?;
            let is_named = !read.arguments.is_empty();
            Some(verb.unknown_option(&name, key.position(), read.position, is_named))
        });
        let unknown: Vec<_> = unknown.map(|error| diagnostic(locate(error, Some(file)))).collect();
        if !unknown.is_empty() {
            // The rest of the call is checked only if all its options are known.
            self.wrong.extend(unknown);
            return;
        }
        if let Err(error) = self.uses(verb, &read, around) {
            self.wrong.push(diagnostic(locate(error, Some(file))));
        }
    }

    /// Notes an assignment such as `ssh_options["port"] = 22`.
    fn assigned(&mut self, BinaryExpr { lhs, rhs: value }: &BinaryExpr) {
        let (Expr::Index(target, ..) | Expr::Dot(target, ..)) = lhs else {
            return;
        };
        let key = match &target.rhs {
            Expr::Property(property, _) => Some(property.2.to_string()),
            key => literal(key),
        };
        let Some(key) = key else { return };
        self.secret(&key, value);
        if let Expr::Variable(variable, ..) = &target.lhs
            && let Some(variable) = options_variable(&variable.1)
        {
            self.keys.push((variable, key, target.rhs.position()));
        }
    }

    fn secret(&mut self, name: &str, value: &Expr) {
        if matches!(value, Expr::StringConstant(text, _) if !text.is_empty())
            && ["password", "passphrase"].iter().any(|word| name.ends_with(word))
        {
            self.secrets.push((name.to_owned(), value.position()));
        }
    }

    /// Notes the names that a closure captures.
    fn captured(&mut self, arguments: &[Expr], around: &[ASTNode]) {
        for argument in arguments.iter().skip(1) {
            if let (Expr::Variable(variable, None, position), Some(namespace)) = (argument, namespace(around))
                && variable.0.is_none()
            {
                self.captured.push(Claim {
                    name: as_written(&variable.1).to_owned(),
                    namespace,
                    position: *position,
                });
            }
        }
    }

    fn bare(&mut self, read: &ReadCall, around: &[ASTNode]) {
        let options = read.options.iter().flat_map(|(key, value)| [*key, *value]);
        for (expression, name) in read.arguments.iter().copied().chain(options).flat_map(bare_tasks) {
            self.bare.extend(namespace(around).map(|namespace| Claim {
                name,
                namespace,
                position: expression.start_position(),
            }));
        }
    }

    /// Notes everything in a call that can be wrong.
    fn uses(&mut self, verb: &'static Verb, read: &ReadCall, around: &[ASTNode]) -> Fallible<()> {
        let has_hosts = read
            .options
            .iter()
            .any(|(key, _)| literal(key).as_deref() == Some("hosts"));
        for (key, value) in &read.options {
            let Some(name) = literal(key) else { continue };
            for option in ["only", "except"] {
                if let Expr::Map(map, _) = value
                    && name == option
                    && !matches!(verb.options, Choices::Any)
                {
                    let keys = map.0.iter().map(|(key, _)| (option, key.name.to_string(), key.pos));
                    self.attributes.extend(keys);
                }
            }
            // If hosts are named, roles do not matter.
            if name == "roles" && !has_hosts && !matches!(verb.options, Choices::Any) {
                self.roles(value);
            }
        }
        if let Some(Expr::FnCall(call, position)) = read.arguments.first()
            && call.name == "!"
            && position.line() == read.position.line()
            && position.position()
                == read
                    .position
                    .position()
                    .map(|column| column + verb.name.chars().count())
        {
            let diagnostic = Diagnostic::new(Fault::Recipe, format!("there is no `{}!' in recipes", verb.name));
            let hint = format!("write: {}", verb.form);
            return Err(raise(diagnostic.label("no `!' behind it").hint(hint), read.position));
        }
        // A map at the end may contain options.
        let may_be_map = |value: &&Expr| {
            matches!(value, Expr::Map(..)) || literal(value).is_none() && value.get_literal_value(None).is_none()
        };
        // In `set :x, lambda { … }` the word `lambda` is the mistake, and not the block.
        let is_word_with_block = sets(verb.name) && matches!(read.arguments.get(1), Some(Expr::Variable(..)));
        let first = read.arguments.first();
        verb.fits(&Written {
            arguments: read.arguments.len(),
            may_end_in_options: read.arguments.last().is_some_and(may_be_map),
            has_block: read.block.is_some() && !is_word_with_block,
            first: &|| first.and_then(|first| literal(first)).unwrap_or_default(),
            position: read.position,
        })?;
        values(verb, read)?;
        kinds(verb, read)?;
        if !matches!(verb.options, Choices::Any) && verb.takes("mode") {
            self.modes.extend(read.constants().shift_remove("mode"));
        }
        let namespace = namespace(around);
        if verb.name == "invoke"
            && let Some(input) = read.arguments.first()
        {
            match (literal(input), namespace) {
                (Some(name), Some(namespace)) => self.tasks.push(Claim {
                    name,
                    namespace,
                    position: input.position(),
                }),
                _ => self.invokes_any = true,
            }
        } else if let "before" | "after" = verb.name
            && let Some(namespace) = namespace
        {
            for input in read.arguments.iter().flat_map(|input| items(input)) {
                let claim = |name| Claim {
                    name,
                    namespace: namespace.clone(),
                    position: input.position(),
                };
                self.hooks.extend(literal(input).map(|name| (claim(name), verb.name)));
            }
        }
        Ok(())
    }

    /// Notes the roles in `roles(:app)`; `:all` is not a role.
    fn listed(&mut self, arguments: &[Expr]) {
        let is_all = |value: &Expr| literal(value).as_deref() == Some("all");
        arguments
            .iter()
            .filter(|value| !is_all(value))
            .for_each(|value| self.roles(value));
    }

    fn roles(&mut self, value: &Expr) {
        for value in items(value) {
            let names = literal(value).unwrap_or_default();
            let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
            self.roles.extend(names.map(|name| (name.to_owned(), value.position())));
        }
    }

    /// Notes what the call defines.
    fn defines(&mut self, verb: &'static str, read: &ReadCall, around: &[ASTNode]) {
        let first = read.arguments.first().and_then(|first| literal(first));
        if matches!(verb, "role" | "server") {
            self.server_options(read);
        }
        match verb {
            "task" | "alias_task" | "synonym_task" => match (first, namespace(around)) {
                (Some(name), Some(namespace)) => {
                    self.defines_tasks.push(join(&namespace, &name));
                    let other = read.arguments.get(1).and_then(|other| literal(other));
                    self.defines_tasks.extend(other.filter(|_| verb == "synonym_task"));
                }
                _ => self.computes_tasks = true,
            },
            "role" => match first {
                Some(name) => self.defines_roles.push(name),
                None => self.computes_roles = true,
            },
            "server" => {
                for role in read.arguments.iter().skip(1).flat_map(|role| items(role)) {
                    match literal(role) {
                        Some(name) => self.defines_roles.push(name),
                        None => self.computes_roles = true,
                    }
                }
            }
            verb if sets(verb) => match (first, read.arguments.first()) {
                (Some(name), Some(input)) => {
                    if let (Some(variable), Some(Expr::Map(map, _))) = (options_variable(&name), read.arguments.get(1))
                    {
                        let keys = map.0.iter();
                        self.keys
                            .extend(keys.map(|(key, _)| (variable, key.name.to_string(), key.pos)));
                    }
                    if let Some(value) = read.arguments.get(1) {
                        self.secret(&name, value);
                    }
                    self.sets.push((name, input.position()));
                }
                _ => self.computes_variables = true,
            },
            "load" | "require" => self
                .loads
                .extend(Load::of(verb, first, read.arguments.first().copied(), around)),
            "render" => {
                self.renders = true;
                self.templates(read);
            }
            "fetch" if read.arguments.len() == 1 => {
                if let (Some(name), Some(input)) = (first, read.arguments.first()) {
                    self.fetches.push((name, input.position()));
                }
            }
            "exists" | "any" => self.asks_for.extend(first),
            "append" | "remove" => match (first, read.arguments.first()) {
                (Some(name), Some(input)) => self.sets.push((name, input.position())),
                _ => self.computes_variables = true,
            },
            "ask" if is_variable(around) => {
                if let Some(name) = first {
                    self.sets.push((name, read.position));
                    self.asked_for.insert(read.position);
                }
            }
            _ => {}
        }
    }

    /// Notes the keys in `role :db, "db1", :ssh_options => #{ … }`.
    fn server_options(&mut self, read: &ReadCall<'_>) {
        for (key, value) in &read.options {
            if let (Some("ssh_options"), Expr::Map(map, position)) = (literal(key).as_deref(), value) {
                let keys = map.0.iter();
                self.server_keys
                    .extend(keys.map(|(key, _)| (*position, key.name.to_string(), key.pos)));
            }
        }
    }
}

/// Returns the name if the variable of this name contains options.
fn options_variable(name: &str) -> Option<&'static str> {
    ["ssh_options", "default_run_options"]
        .into_iter()
        .find(|variable| *variable == name)
}

/// Returns the namespace around these nodes; `None` if its name is computed.
pub(super) fn namespace(nodes: &[ASTNode]) -> Option<String> {
    let mut full = String::new();
    for node in nodes {
        if let ASTNode::Expr(Expr::Custom(call, _)) = node
            && verb(call) == Some("namespace")
        {
            full = join(&full, &literal(call.inputs.first()?)?);
        }
    }
    Some(full)
}
