//! Follows calls: finds tasks that call each other without an end, tasks and variables that nobody uses, and statements that are
//! never reached.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use rhai::{ASTNode, Expr, Stmt};

use super::claims::{Claims, Text};
use super::defined::Defined;
use super::findings::{Findings, at};
use super::libraries::libraries;
use super::mentions::verb;
use super::stdlib;
use crate::configuration::{BlockId, Hook, HookAction, Task, VariableRead, When, suggestion};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::capistrano::instead;
use crate::recipe::language::gems;
use crate::recipe::language::meanings::READ_BY_CAPR;
use crate::recipe::language::origin::origin;

/// The events around every run of a task.
const AROUND: [When; 2] = [When::Before, When::After];

impl Findings<'_> {
    /// Returns warnings for code that works but is probably a mistake; for unused and unset names only if the recipe `is_clean`.
    pub(super) fn warnings(&self, is_clean: bool) -> Vec<Diagnostic> {
        let mut found = self.never_reached();
        found.extend(self.not_carried_over());
        found.extend(self.not_filled_in());
        found.extend(self.written_secrets());
        found.extend(self.bared_secrets());
        found.extend(self.not_run());
        found.extend(self.escapes());
        found.extend(self.erb());
        found.extend(self.may_be_missing());
        found.extend(self.no_truths());
        found.extend(self.unknown_attributes());
        found.extend(self.replaced_tasks());
        found.extend(self.missing_roles());
        found.extend(self.habits_of_libraries());
        found.extend(self.winners_that_do_not_exist());
        if is_clean {
            found.extend(self.never_read());
            found.extend(self.never_called());
            found.extend(self.never_set());
        }
        found
    }

    pub(super) fn own(&self) -> impl Iterator<Item = (&Text, &Claims)> {
        let own = self.texts.iter().skip(self.own);
        let own = own.filter(|text| !self.defined.is_of_stdlib(&text.file));
        own.map(|text| (text, text.claims()))
    }

    /// Returns a warning for each entry of `[wins]` in `capr.toml` that names no library.
    fn winners_that_do_not_exist(&self) -> Vec<Diagnostic> {
        let files = self.defined.files();
        let entries = files.shelf.winners_of_others().into_iter();
        let strays = entries.filter(|(_, library)| libraries().all(|known| known.name != *library));
        let warning = |(what, library): (&str, &str)| {
            let message =
                format!("[wins] in capr.toml gives `{what}' to the library `{library}', which does not exist");
            let known = files
                .shelf
                .names()
                .into_iter()
                .chain(libraries().map(|known| known.name));
            let hint = suggestion(library, known);
            let names = "`capr lib list` lists those of the project; the deploy library is called capr there";
            Diagnostic::warning(message).hint(hint.unwrap_or_else(|| names.to_owned()))
        };
        strays.map(warning).collect()
    }

    /// Returns a warning for each secret that is written out: everybody who can read the file knows it.
    fn written_secrets(&self) -> Vec<Diagnostic> {
        let secrets = self.own().flat_map(|(text, claims)| {
            claims.secrets.iter().map(move |(name, position)| {
                let message = format!("the secret `{name}' is written out in the recipe");
                let diagnostic = Diagnostic::warning(message)
                    .label("readable by everybody who has the file")
                    .hint("let it be asked for, password_prompt(\"…\"), or take it from ENV or from a file that is not shared");
                at(diagnostic, text, *position)
            })
        });
        secrets.collect()
    }

    /// Returns a warning for each attribute that no server has: with `only` no server is left, with `except` none is left out.
    /// The library's tasks may name attributes that a recipe does not use.
    fn unknown_attributes(&self) -> Vec<Diagnostic> {
        if self.defined.has_roles_put_off() {
            // The servers of a role with a block are known only when they are needed.
            return Vec::new();
        }
        let roles = &self.defined.configuration().roles;
        let servers = roles.names().flat_map(|role| roles.assignments(role));
        let mut known: BTreeSet<&str> = servers
            .flat_map(|server| server.attributes.keys())
            .map(String::as_str)
            .collect();
        if roles.names().next().is_none() {
            return Vec::new();
        }
        known.extend(["no_release", "primary"]);
        let named = self
            .own()
            .flat_map(|(text, claims)| claims.attributes.iter().map(move |named| (text, named)));
        let unknown = named.filter(|(_, (_, name, _))| !known.contains(name.as_str()));
        let told = unknown.filter_map(|(text, (option, name, position))| {
            let meant = suggestion(name, known.iter().copied());
            // The attribute in `except` may be one that only future servers have.
            if *option == "except" && meant.is_none() {
                return None;
            }
            let mut diagnostic =
                Diagnostic::warning(format!("no server has the attribute `{name}'")).label("on no server");
            diagnostic.hints.extend(meant);
            Some(at(diagnostic, text, *position))
        });
        told.collect()
    }

    /// Returns an error for each circle of tasks that call each other in all cases.
    pub(super) fn loops(&self) -> Vec<Diagnostic> {
        // In the words of Capistrano 3 each task runs once.
        if self.defined.dialect_told() == Some(3) {
            return Vec::new();
        }
        let tasks: Vec<Rc<Task>> = self.defined.configuration().tasks.iter().cloned().collect();
        let index = |task: &Rc<Task>| tasks.iter().position(|other| Rc::ptr_eq(other, task));
        let next = |at: usize| {
            let always = tasks.get(at).map(|task| self.defined.runs_always(task));
            always.iter().flatten().filter_map(index).collect::<Vec<_>>()
        };
        // The built-in library has no circles: the recipe has put a task or a hook into each.
        let begins = tasks.iter().enumerate().filter(|(_, task)| self.is_changed(task));
        if cycles(begins.map(|(index, _)| index), next).is_empty() {
            return Vec::new();
        }
        let told = cycles(0..tasks.len(), next).into_iter().map(|cycle| {
            let around = || cycle.iter().filter_map(|index| tasks.get(*index));
            let named = around().zip(around().cycle().skip(1)).find_map(|(task, next)| {
                let configuration = self.defined.configuration();
                let is_hook = AROUND.iter().any(|when| {
                    configuration
                        .implicit(*when, task)
                        .iter()
                        .any(|hook| Rc::ptr_eq(hook, next))
                });
                is_hook.then(|| {
                    format!(
                        "its name makes `{}' a hook of `{}': give it another name",
                        next.name, task.name
                    )
                })
            });
            let chain = chain(around().map(|task| task.name.as_str()));
            let mut diagnostic =
                Diagnostic::new(Fault::Recipe, format!("tasks call each other without an end: {chain}"))
                    .label("begins here")
                    .at(around().next().map(|task| task.origin.clone()));
            diagnostic.hints.extend(named);
            diagnostic
        });
        told.collect()
    }

    /// Returns true if a task is the recipe's own, or if a hook of the recipe runs around it.
    fn is_changed(&self, task: &Rc<Task>) -> bool {
        let configuration = self.defined.configuration();
        let is_own = |hook: &Hook| !hook.origin.as_ref().is_some_and(|origin| stdlib::is_own(&origin.file));
        let mut hooks = AROUND.iter().flat_map(|when| configuration.hooked(*when, Some(task)));
        !stdlib::is_own(&task.origin.file) || hooks.any(|hook| is_own(&hook))
    }

    /// Returns an error for each circle of lazy variables that read each other in all cases.
    pub(super) fn circles(&self) -> Vec<Diagnostic> {
        let defined = self.defined;
        let lazy: Vec<(String, BlockId)> = {
            let variables = &defined.configuration().variables;
            let lazy = variables.names().filter_map(|name| match variables.read(name) {
                VariableRead::Lazy(block) => Some((name.to_owned(), block)),
                _ => None,
            });
            lazy.collect()
        };
        let next = |lazy: &[(String, BlockId)], at: usize| {
            let index = |name: &String| lazy.iter().position(|(other, _)| other == name);
            let needed = lazy.get(at).map(|(_, block)| defined.needs_always(*block));
            needed.iter().flatten().filter_map(index).collect::<Vec<_>>()
        };
        // The recipe sets a variable of each circle: those of the built-in library alone have none.
        let is_own = |block: BlockId| !defined.file_of(block).as_deref().is_some_and(stdlib::is_own);
        let begins = lazy.iter().enumerate().filter(|(_, (_, block))| is_own(*block));
        if cycles(begins.map(|(index, _)| index), |at| next(&lazy, at)).is_empty() {
            return Vec::new();
        }
        let sets = || {
            self.texts()
                .flat_map(|(text, claims)| claims.sets.iter().map(move |set| (text, set)))
        };
        // A variable that is set in other places as well may have another value by then.
        let is_set_once = |(name, _): &(String, BlockId)| sets().filter(|(_, (set, _))| set == name).count() == 1;
        let lazy: Vec<(String, BlockId)> = lazy.into_iter().filter(is_set_once).collect();
        let circles = cycles(0..lazy.len(), |at| next(&lazy, at));
        let told = circles.into_iter().filter_map(|cycle| {
            let around = || {
                cycle
                    .iter()
                    .filter_map(|index| lazy.get(*index))
                    .map(|(name, _)| name.as_str())
            };
            let first = around().next()?;
            let message = format!("variable `{first}' depends on itself: {}", chain(around()));
            let diagnostic = Diagnostic::new(Fault::Recipe, message).label("set here");
            let (text, (_, position)) = sets().find(|(_, (set, _))| set == first)?;
            Some(at(diagnostic, text, *position))
        });
        told.collect()
    }

    /// Returns a warning for each variable that is read without a default and that nothing sets but, perhaps, the command line.
    fn never_set(&self) -> Vec<Diagnostic> {
        if self.own().any(|(_, claims)| claims.computes_variables) {
            return Vec::new();
        }
        let is_known = |name: &str| {
            let variables = &self.defined.configuration().variables;
            let is_said = |(_, claims): (&Text, &Claims)| {
                claims.sets.iter().any(|(set, _)| set == name) || claims.asks_for.iter().any(|asked| asked == name)
            };
            variables.exists(name) || READ_BY_CAPR.iter().any(|(read, _)| *read == name) || self.texts().any(is_said)
        };
        let fetches = self
            .own()
            .flat_map(|(text, claims)| claims.fetches.iter().map(move |fetch| (text, fetch)));
        fetches
            .filter(|(_, (name, _))| !is_known(name))
            .map(|(text, (name, position))| {
                let variables = &self.defined.configuration().variables;
                let mut diagnostic =
                    Diagnostic::warning(format!("nothing sets the variable `{name}'")).label("read here");
                let given = || format!("with a default: fetch(:{name}, value); or each time: capr -s {name}=value");
                diagnostic
                    .hints
                    .push(suggestion(name, variables.names()).unwrap_or_else(given));
                at(diagnostic, text, *position)
            })
            .collect()
    }

    fn never_reached(&self) -> Vec<Diagnostic> {
        let unreached = self
            .own()
            .flat_map(|(text, claims)| claims.unreached.iter().map(move |unreached| (text, unreached)));
        unreached
            .map(|(text, (position, end))| {
                let diagnostic = Diagnostic::warning("this is never reached").label(format!("behind `{end}'"));
                at(diagnostic, text, *position)
            })
            .collect()
    }

    /// Returns a warning for each variable that is set and that nothing reads. A template may read any variable.
    fn never_read(&self) -> Vec<Diagnostic> {
        let is_any_read = |(text, claims): (&Text, &Claims)| text.names().reads_any || claims.renders;
        if self.own().any(is_any_read) {
            return Vec::new();
        }
        let mut read: BTreeSet<&str> = READ_BY_CAPR.iter().map(|(name, _)| *name).collect();
        for text in self.texts {
            read.extend(text.names().read.iter().map(String::as_str));
            let named = text.names().named.iter().filter_map(|named| named.path.first());
            read.extend(named.map(String::as_str));
            if self.defined.is_of_stdlib(&text.file) {
                // The library mentions the variable, even if the parts that were loaded do not read it.
                read.extend(text.names().variables.iter().map(String::as_str));
            }
        }
        let mut found = Vec::new();
        let mut told = HashSet::new();
        let is_of_prefix = |name: &str| name.ends_with("_map_bins") || name.ends_with("_prefix");
        let has_prefixes = self
            .own()
            .any(|(_, claims)| claims.sets.iter().any(|(name, _)| name == "command_prefixes"));
        for (text, claims) in self.own() {
            for (name, position) in &claims.sets {
                // The names in `command_prefixes` become a part of variables' names.
                if has_prefixes && is_of_prefix(name) {
                    continue;
                }
                if read.contains(name.as_str()) || !told.insert(name) {
                    continue;
                }
                let mut diagnostic = Diagnostic::warning(format!("the variable `{name}' is set, but nothing reads it"))
                    .label("set here");
                let of_library = || gems::instead(name, |library| self.defined.has_library(library));
                let meant = instead(name).or_else(of_library).map(str::to_owned);
                diagnostic
                    .hints
                    .extend(meant.or_else(|| suggestion(name, read.iter().copied())));
                found.push(at(diagnostic, text, *position));
            }
        }
        found
    }

    /// Returns a warning for each task that is not meant for the command line and that nothing calls.
    fn never_called(&self) -> Vec<Diagnostic> {
        // A task that the recipe invokes by a computed name may be any of its tasks.
        if self.own().any(|(_, claims)| claims.invokes_any) {
            return Vec::new();
        }
        let defined = self.defined;
        let mut called: HashSet<String> = HashSet::new();
        let mut call = |name: &str, namespace: &str| {
            if let Some(task) = defined.task(name, namespace) {
                called.insert(task.name.clone());
            }
        };
        for (text, claims) in self.texts() {
            for named in text.names().named.iter().chain(&text.names().called) {
                let namespace = named.namespace.clone().unwrap_or_default();
                for length in 1..=named.path.len() {
                    call(
                        &named.path.iter().take(length).cloned().collect::<Vec<_>>().join(":"),
                        &namespace,
                    );
                }
            }
            for claim in claims.tasks.iter().chain(claims.hooks.iter().map(|(claim, _)| claim)) {
                call(&claim.name, &claim.namespace);
            }
        }
        let configuration = defined.configuration();
        for hook in &configuration.hooks {
            if let HookAction::Task(name, namespace) = &hook.action {
                call(name, namespace);
            }
        }
        for task in configuration.tasks.iter() {
            let hooks = AROUND.iter().flat_map(|when| configuration.implicit(*when, task));
            called.extend(hooks.map(|hook| hook.name.clone()));
        }
        let is_own = |file: &str| self.own().any(|(text, _)| *text.file == *file);
        let never = configuration
            .tasks
            .iter()
            .filter(|task| task.is_internal() && is_own(&task.origin.file) && !called.contains(&task.name));
        never
            .map(|task| {
                Diagnostic::warning(format!("nothing calls the task `{}', which is [internal]", task.name))
                    .label("never called")
                    .at(task.origin.clone())
            })
            .collect()
    }

    /// Returns a warning for each `${name}` in double quotes that names a variable and so is probably not meant for a shell.
    fn not_filled_in(&self) -> Vec<Diagnostic> {
        let files = self.defined.files();
        let unfilled = files.unfilled.iter().filter(|(_, unfilled)| unfilled.sign == '$');
        let is_set = |name: &str| self.defined.configuration().variables.exists(name);
        unfilled
            .filter(|(_, unfilled)| is_set(&unfilled.name))
            .map(|(file, unfilled)| {
                let name = &unfilled.name;
                Diagnostic::warning(format!("`${{{name}}}' stays as it is in double quotes"))
                    .label("not filled in")
                    .hint(format!("in backticks its value is filled in: `… ${{{name}}} …`"))
                    .at(origin(Some(file), unfilled.position))
            })
            .collect()
    }
}

/// Returns the cycles of a graph that can be reached from some of its nodes, each once; `next` returns the nodes behind a node, and
/// is asked once for each.
fn cycles(begins: impl Iterator<Item = usize>, mut next: impl FnMut(usize) -> Vec<usize>) -> Vec<Vec<usize>> {
    fn follow(
        node: usize,
        next: &mut dyn FnMut(usize) -> Vec<usize>,
        path: &mut Vec<usize>,
        done: &mut HashSet<usize>,
    ) -> Vec<Vec<usize>> {
        if let Some(start) = path.iter().position(|other| *other == node) {
            return path.get(start..).map(<[usize]>::to_vec).into_iter().collect();
        }
        if !done.insert(node) {
            return Vec::new();
        }
        path.push(node);
        let mut found = Vec::new();
        for behind in next(node) {
            found.extend(follow(behind, next, path, done));
        }
        path.pop();
        found
    }
    let mut done = HashSet::new();
    let mut found = Vec::new();
    for node in begins {
        found.extend(follow(node, &mut next, &mut Vec::new(), &mut done));
    }
    found
}

/// Returns the words for a cycle in a message: the first name is also the last.
fn chain<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    let chain: Vec<&str> = names.clone().chain(names.take(1)).collect();
    chain.join(" → ")
}

impl Defined {
    /// Returns the variables that a block reads in all cases.
    fn needs_always(&self, block: BlockId) -> Vec<String> {
        let mut needed = Vec::new();
        let Some(block) = self.body(block) else { return needed };
        block.expression.walk(&mut Vec::new(), &mut |nodes| {
            let is_text = |node: &ASTNode| matches!(node, ASTNode::Expr(Expr::InterpolatedString(..)));
            let fetched = match nodes.last() {
                Some(ASTNode::Expr(Expr::Variable(variable, None, _))) if variable.0.is_none() => {
                    Some(crate::recipe::language::syntax::marks::as_written(&variable.1).to_owned())
                }
                _ => None,
            };
            if let Some(name) = fetched
                && nodes
                    .iter()
                    .all(|node| is_text(node) || is_always(std::slice::from_ref(node)))
            {
                needed.push(name);
            }
            true
        });
        needed
    }

    /// Returns the tasks that run whenever this one does, by its body or by hooks.
    pub(super) fn runs_always(&self, task: &Rc<Task>) -> Vec<Rc<Task>> {
        let mut always = self.mentions_where(task.body, is_always);
        for when in AROUND {
            let (hooks, implicit) = {
                let configuration = self.configuration();
                (
                    configuration.hooked(when, Some(task)),
                    configuration.implicit(when, task),
                )
            };
            for hook in &hooks {
                match &hook.action {
                    HookAction::Task(name, namespace) => always.extend(self.task(name, namespace)),
                    HookAction::Block(block) => always.extend(self.mentions_where(*block, is_always)),
                }
            }
            always.extend(implicit);
        }
        always
    }
}

/// Returns true if the last of these nodes is reached whenever their block is; false if that is not certain.
fn is_always(nodes: &[ASTNode]) -> bool {
    nodes.iter().all(|node| match node {
        ASTNode::Stmt(statement) => matches!(
            statement,
            Stmt::Expr(_) | Stmt::FnCall(..) | Stmt::Block(_) | Stmt::Var(..) | Stmt::Noop(_)
        ),
        ASTNode::Expr(expression) => match expression {
            Expr::Stmt(block) => !may_leave(block.statements()),
            Expr::Custom(call, _) => matches!(verb(call), None | Some("transaction" | "puts" | "invoke")),
            Expr::Variable(..) | Expr::FnCall(..) | Expr::Dot(..) | Expr::Property(..) | Expr::MethodCall(..) => true,
            _ => false,
        },
        _ => false,
    })
}

/// Returns true if a statement in a block may leave it early.
fn may_leave(statements: &[Stmt]) -> bool {
    let mut leaves = false;
    for statement in statements {
        statement.walk(&mut Vec::new(), &mut |nodes| {
            leaves |= match nodes.last() {
                Some(ASTNode::Stmt(Stmt::Return(..) | Stmt::TryCatch(..))) => true,
                Some(ASTNode::Expr(Expr::Custom(call, _))) => verb(call) == Some("abort"),
                Some(ASTNode::Expr(Expr::FnCall(call, _))) => call.name == "exit",
                Some(ASTNode::Stmt(Stmt::FnCall(call, _))) => call.name == "exit",
                _ => false,
            };
            true
        });
    }
    leaves
}
