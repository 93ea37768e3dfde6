//! `capr check`: what can be found in a recipe that was loaded, without running any task.

use rhai::{AST, ASTNode, CustomExpr, Expr, Position};

use super::interpreter::{Interpreter, join};
use super::mentions::{literal, verb};
use super::named::{Named, Names};
use super::origin::{diagnostic, locate, origin};
use super::verbs::Verb;
use super::{Fallible, grammar, stdlib, verbs};
use crate::configuration::nearest;
use crate::diagnostic::{Diagnostic, Fault};

/// What a text says that is only right if other things are.
pub(super) struct Claims {
    file: String,
    names: Names,
    /// Roles that are named in options.
    roles: Vec<(String, Position)>,
    /// Tasks that `invoke` names, and the namespace it stands in.
    tasks: Vec<(String, String, Position)>,
    /// What is wrong whatever else there is.
    wrong: Vec<Diagnostic>,
}

impl Claims {
    /// Reads them from a text's syntax.
    pub(super) fn of(file: &str, ast: &AST, names: Names) -> Self {
        let mut claims = Self {
            file: file.to_owned(),
            names,
            roles: Vec::new(),
            tasks: Vec::new(),
            wrong: Vec::new(),
        };
        ast.walk(&mut |nodes| {
            if let Some(ASTNode::Expr(Expr::Custom(call, _))) = nodes.last()
                && let Some(verb) = verb(call).and_then(verbs::find)
            {
                claims.call(verb, call, nodes);
            }
            true
        });
        claims
    }

    fn call(&mut self, verb: &'static Verb, call: &CustomExpr, around: &[ASTNode]) {
        let position = grammar::position(&call.state);
        let shape = grammar::shape(&call.state);
        let mut given: Vec<&Expr> = Vec::new();
        let mut key: Option<&Expr> = None;
        let mut inputs = call.inputs.iter();
        for kind in shape.chars() {
            if kind == '>' {
                key = given.pop();
                continue;
            }
            let Some(input) = inputs.next() else { break };
            match (kind, key.take()) {
                ('E', Some(key)) => self.option(verb, key, input, position),
                ('E', None) => given.push(input),
                _ => {}
            }
        }
        // A map at the end may hold options.
        if !matches!(given.last(), Some(Expr::Map(..))) {
            self.refuse(verb.count(given.len(), position));
        }
        if verb.name == "invoke"
            && let Some(input) = given.first()
            && let (Some(name), Some(namespace)) = (literal(input), namespace(around))
        {
            self.tasks.push((name, namespace, input.position()));
        }
    }

    fn option(&mut self, verb: &'static Verb, key: &Expr, value: &Expr, position: Position) {
        let Some(name) = literal(key) else { return };
        if !verb.takes(&name) {
            self.refuse(Err(verb.unknown_option(&name, key.position(), position)));
        } else if name == "roles" && verb.name != "server" {
            let values = match value {
                Expr::Array(values, _) => values.iter().collect(),
                value => vec![value],
            };
            for value in values {
                let names = literal(value).unwrap_or_default();
                let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
                self.roles.extend(names.map(|name| (name.to_owned(), value.position())));
            }
        }
    }

    fn refuse(&mut self, result: Fallible<()>) {
        if let Err(error) = result {
            self.wrong.push(diagnostic(locate(error, Some(&self.file))));
        }
    }
}

/// The namespace of what stands in these nodes; `None` where it is not written out.
fn namespace(nodes: &[ASTNode]) -> Option<String> {
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

impl Interpreter {
    /// What is wrong by itself in the texts that were read.
    pub(super) fn wrong_calls(&self) -> Vec<Diagnostic> {
        let files = self.files.borrow();
        let claims = files.claims.iter().flatten();
        claims.flat_map(|claims| claims.wrong.iter().cloned()).collect()
    }

    /// Names that stand for nothing, now that everything is loaded.
    pub(super) fn unknown_names(&self) -> Vec<Diagnostic> {
        let files = self.files.borrow();
        let all: Vec<&Claims> = files.claims.iter().flatten().collect();
        let may_be_set = |name: &str| all.iter().any(|claims| claims.names.variables.contains(name));
        let mut found = Vec::new();
        for claims in &all {
            for named in &claims.names.named {
                let first = named.path.first().map_or("", String::as_str);
                if claims.names.functions.contains(first) || may_be_set(first) {
                    continue;
                }
                if let Some(mut diagnostic) = self.unknown_name(first, named) {
                    place(&mut diagnostic, &claims.file, named.position);
                    found.push(diagnostic);
                }
            }
            for (task, namespace, position) in &claims.tasks {
                if self.task(task, namespace).is_none() {
                    let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("the task `{task}' does not exist"));
                    diagnostic.hints.extend(self.task_suggestion(task, namespace));
                    place(&mut diagnostic, &claims.file, *position);
                    found.push(diagnostic);
                }
            }
            found.extend(self.unknown_roles(claims));
        }
        found
    }

    fn unknown_name(&self, first: &str, named: &Named) -> Option<Diagnostic> {
        let namespace = named.namespace.as_ref()?;
        if first == "ENV" || first == "this" || self.configuration.borrow().variables.exists(first) {
            return None;
        }
        let is_namespace = |name: &str| self.configuration.borrow().tasks.is_namespace(name);
        let around = self.outwards(namespace).find(|around| {
            let full = join(around, first);
            is_namespace(&full) || self.configuration.borrow().tasks.get(&full).is_some()
        });
        let Some(around) = around else {
            let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("unknown variable or task `{first}'"));
            diagnostic.hints.extend(self.suggestion(first));
            return Some(diagnostic);
        };
        let mut full = join(&around, first);
        for word in named.path.iter().skip(1) {
            if !is_namespace(&full) {
                break;
            }
            let inner = join(&full, word);
            let is_task = self.configuration.borrow().tasks.get(&inner).is_some();
            if !is_task && !is_namespace(&inner) {
                if word == "to_string" {
                    break;
                }
                let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("no task or namespace `{inner}'"));
                diagnostic.hints.extend(self.task_suggestion(word, &full));
                return Some(diagnostic);
            }
            full = inner;
        }
        None
    }

    /// Roles that nobody has defined. The library's tasks name roles that not every recipe has, and a library by itself
    /// has none at all.
    fn unknown_roles(&self, claims: &Claims) -> Vec<Diagnostic> {
        let configuration = self.configuration.borrow();
        let roles = &configuration.roles;
        if roles.names().next().is_none() || self.is_of_stdlib(&claims.file) {
            return Vec::new();
        }
        let unknown = claims.roles.iter().filter(|(role, _)| !roles.contains(role));
        unknown
            .map(|(role, position)| {
                let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("the role `{role}' is not defined"));
                let near = nearest(role, roles.names());
                diagnostic
                    .hints
                    .extend(near.map(|near| format!("did you mean `{near}'?")));
                place(&mut diagnostic, &claims.file, *position);
                diagnostic
            })
            .collect()
    }

    fn is_of_stdlib(&self, file: &str) -> bool {
        stdlib::is_own(file)
            || self
                .files
                .borrow()
                .stdlib()
                .is_some_and(|directory| std::path::Path::new(file).starts_with(directory))
    }
}

fn place(diagnostic: &mut Diagnostic, file: &str, position: Position) {
    diagnostic.origin = origin(Some(file), position).map(|origin| (origin, None));
}
