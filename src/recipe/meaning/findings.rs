//! Everything that can be found in recipes without running a task: all findings for `capr check`, and the errors besides the
//! first one when a recipe cannot be loaded.

use std::collections::BTreeSet;
use std::rc::Rc;

use rhai::{Engine, EvalAltResult, Position};

use super::claims::{Claim, Claims, Text};
use super::defined::Defined;
use super::errors::{diagnostic, locate};
use super::names::bare;
use super::stdlib;
use super::types::Functions;
use crate::configuration::{join, outwards, suggestion};
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::choice::unknown_key;
use crate::recipe::language::options::COMMAND;
use crate::recipe::language::origin::{origin, raise};
use crate::recipe::language::ssh_options::unknown_ssh_option;
use crate::recipe::language::syntax::layout::is_word;
use crate::recipe::language::syntax::named::Named;
use crate::recipe::language::syntax::ruby::meant;
use crate::recipe::language::verbs::files::mode;

/// The files of this machine that are needed besides the sources that were read.
pub(in crate::recipe) trait Machine {
    /// Returns the name of the file that another file imports.
    fn imported(&self, name: &str, from: &str) -> Option<String>;
    /// Returns a template as it is now; `None` if it does not exist yet or is not a file.
    fn template(&self, file: &str, position: Position) -> Option<String>;
}

/// The sources that were read, with their claims.
pub(in crate::recipe) struct Findings<'a> {
    pub(in crate::recipe) defined: &'a Defined,
    pub(super) machine: &'a dyn Machine,
    pub(super) texts: &'a [Text],
    /// The number of sources, the first ones, that are not the recipe's own: the library, the files of the system and the user.
    pub(in crate::recipe) own: usize,
    /// True if all sources were evaluated.
    pub(in crate::recipe) is_whole: bool,
}

impl<'a> Findings<'a> {
    pub(in crate::recipe) fn of(
        (defined, machine): (&'a Defined, &'a dyn Machine),
        texts: &'a [Text],
        own: usize,
        is_whole: bool,
    ) -> Self {
        Self {
            defined,
            machine,
            texts,
            own,
            is_whole,
        }
    }

    /// Returns the sources with their claims, which are read when they are wanted for the first time.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'a Text, &'a Claims)> {
        self.texts.iter().map(|text| (text, text.claims()))
    }

    /// Returns the sources whose mistakes are looked for, with their claims. The built-in library has none, which a test makes sure
    /// of: its claims only tell what it defines, and are not even read where nobody asks for that.
    pub(super) fn examined(&self) -> impl Iterator<Item = (&'a Text, &'a Claims)> {
        let examined = self.texts.iter().filter(|text| !stdlib::is_own(&text.file));
        examined.map(|text| (text, text.claims()))
    }

    /// Returns the recipe's own sources, with those of the libraries that it requires.
    pub(super) fn of_recipe(&self) -> impl Iterator<Item = (&'a Text, &'a Claims)> {
        let of_recipe = self.texts.iter().skip(self.own);
        of_recipe.map(|text| (text, text.claims()))
    }

    /// Returns all errors except those of unreadable parts, and warnings if the recipe `is_checked`.
    pub(in crate::recipe) fn all(&self, engine: &Engine, unread: &[Diagnostic], is_checked: bool) -> Vec<Diagnostic> {
        let mut found = self.wrong_calls();
        if !unread.is_empty() {
            // Nobody knows what the unreadable lines would define, but they cannot define classes.
            found.extend(self.names_of_ruby());
            let mut unknown = self.unknown_names();
            unknown.extend(self.unknown_in_hooks());
            // In a line with another error a name may come from the parser's recovery.
            let wrong: Vec<_> = unread.iter().chain(&found).filter_map(line_of).collect();
            unknown.retain(|unknown| line_of(unknown).is_none_or(|line| !wrong.contains(&line)));
            found.extend(unknown);
            return found;
        }
        if !self.is_whole {
            found.extend(self.unknown_names());
            found.extend(self.unknown_in_hooks());
            // These habits may be the reason why loading has failed.
            if is_checked {
                found.extend(self.habits_of_libraries());
            }
        } else if is_checked {
            found.extend(self.errors(engine));
            found.extend(self.tasks_without_servers());
            // Misspelt names lead to warnings about unread variables, so warnings depend on whether there are errors.
            let is_clean = found.is_empty();
            found.extend(self.warnings(is_clean));
        }
        found
    }

    /// Returns the errors that would occur once a task reaches them.
    pub(in crate::recipe) fn errors(&self, engine: &Engine) -> Vec<Diagnostic> {
        let mut found = self.unknown_names();
        found.extend(self.captured_tasks());
        found.extend(self.bare_tasks());
        found.extend(self.loops());
        found.extend(self.circles());
        let functions = Functions::named_in(engine, self.examined().map(|(_, claims)| claims));
        found.extend(self.unknown_calls(&functions));
        found.extend(self.unknown_properties(&functions));
        found.extend(self.unknown_modules());
        found.extend(self.no_conditions());
        found
    }

    /// Returns the errors that do not depend on other sources.
    fn wrong_calls(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (text, claims) in self.examined() {
            found.extend(claims.wrong.iter().cloned());
            for (variable, key, position) in &claims.keys {
                let unknown = match *variable {
                    "ssh_options" => unknown_ssh_option(key),
                    variable => unknown_key(variable, key, COMMAND),
                };
                found.extend(unknown.map(|diagnostic| at(diagnostic, text, *position)));
            }
            for (value, position) in &claims.modes {
                let files = self.defined.files();
                let is_octal = |_| files.character(&text.file, *position) == Some('0');
                let wrong = mode(value, *position, is_octal).err();
                found.extend(wrong.map(|error| diagnostic(locate(error, Some(&text.file)))));
            }
            for (_, key, position) in &claims.server_keys {
                found.extend(unknown_ssh_option(key).map(|diagnostic| at(diagnostic, text, *position)));
            }
        }
        found
    }

    /// Returns an error for each task that a closure only mentions, but that would run when the closure is made.
    fn captured_tasks(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (text, claims) in self.examined() {
            for claim in &claims.captured {
                let name = &claim.name;
                let task = self.defined.task(name, &claim.namespace);
                if task.is_some() && !self.defined.configuration().variables.exists(name) {
                    let message = format!("the task `{name}' runs when this closure is made, not when it is called");
                    let diagnostic = Diagnostic::new(Fault::Recipe, message)
                        .label("a task")
                        .hint(format!("with brackets it runs when the closure is called: {name}()"));
                    found.push(at(diagnostic, text, claim.position));
                }
            }
        }
        found
    }

    /// Returns an error for each task that would run although only its name is meant.
    fn bare_tasks(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (text, claims) in self.examined() {
            for claim in &claims.bare {
                let first = claim.name.split(':').next().unwrap_or_default();
                let is_looked_up = || text.names().named.iter().any(|named| named.position == claim.position);
                let is_task = self.defined.task(&claim.name, &claim.namespace).is_some();
                if is_task && is_looked_up() && !self.may_be_set(first) {
                    found.push(at(bare(&claim.name), text, claim.position));
                }
            }
        }
        found
    }

    /// Returns an error for each name of a Ruby class or constant, which no source can define.
    fn names_of_ruby(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for text in self.texts {
            for named in &text.names().named {
                let first = named.path.first().map_or("", String::as_str);
                if first != "ENV" && first.starts_with(char::is_uppercase) && meant(first).is_some() {
                    found.push(at(self.defined.unknown(first, ""), text, named.position));
                }
            }
        }
        found
    }

    /// Returns an error for each unknown name, now that everything was read.
    fn unknown_names(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (text, claims) in self.examined() {
            for named in &text.names().named {
                let first = named.path.first().map_or("", String::as_str);
                if !text.names().functions.contains(first)
                    && !self.may_be_lost(named.path.iter().map(String::as_str))
                    && let Some(diagnostic) = self.unknown_name(first, named)
                {
                    found.push(at(diagnostic, text, named.position));
                }
            }
            let is_unknown = |claim: &&Claim| {
                !self.is_task(&claim.name, &claim.namespace) && !self.may_be_lost(claim.name.split(':'))
            };
            for claim in claims.tasks.iter().filter(is_unknown) {
                let (name, namespace) = (&claim.name, &claim.namespace);
                let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("the task `{name}' does not exist"));
                diagnostic.label = Some("no such task".to_owned());
                diagnostic.hints.extend(self.defined.task_suggestion(name, namespace));
                found.push(at(diagnostic, text, claim.position));
            }
            found.extend(self.unknown_roles(text, claims));
        }
        found
    }

    /// Returns an error for each unknown task in hooks that were not registered because the recipe could not be loaded that far.
    fn unknown_in_hooks(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (text, claims) in self.examined() {
            for (claim, event) in &claims.hooks {
                if !self.is_task(&claim.name, &claim.namespace) && !self.may_be_lost(claim.name.split(':')) {
                    let diagnostic = self.defined.no_hook(&claim.name, &claim.namespace, event);
                    found.push(at(diagnostic, text, claim.position));
                }
            }
        }
        found
    }

    pub(in crate::recipe) fn any(&self, is_said: impl Fn(&Claims) -> bool) -> bool {
        self.texts().any(|(_, claims)| is_said(claims))
    }

    /// Returns true if a task of this name exists, or will exist once all tasks with computed names are defined.
    fn is_task(&self, name: &str, namespace: &str) -> bool {
        if self.defined.task(name, namespace).is_some() || self.may_define_any() {
            return true;
        }
        let (name, namespace) = name.strip_prefix(':').map_or((name, namespace), |name| (name, ""));
        outwards(namespace).any(|around| {
            let full = join(&around, name);
            let full = full.strip_suffix(":default").unwrap_or(&full).to_owned();
            self.any(|claims| {
                let mut names = claims.defines_tasks.iter();
                names.any(|task| task.strip_suffix(":default").unwrap_or(task) == full)
            })
        })
    }

    fn is_namespace(&self, name: &str) -> bool {
        let within = format!("{name}:");
        self.defined.configuration().tasks.is_namespace(name)
            || self.any(|claims| claims.defines_tasks.iter().any(|task| task.starts_with(&within)))
    }

    /// Returns true if one of these words is in an unreadable part, which may define it or load its definition.
    fn may_be_lost<'w>(&self, mut words: impl Iterator<Item = &'w str>) -> bool {
        let is_lost = |word: &str| self.texts.iter().any(|text| text.lost.contains(word));
        ["load", "require", "import"].into_iter().any(is_lost) || words.any(is_lost)
    }

    /// Returns true if tasks with computed names may be missing.
    fn may_define_any(&self) -> bool {
        !self.is_whole && self.any(|claims| claims.computes_tasks)
    }

    pub(in crate::recipe) fn may_be_set(&self, name: &str) -> bool {
        let names = |text: &Text| text.names().variables.contains(name);
        self.defined.configuration().variables.exists(name)
            || self.examined().any(|(text, _)| names(text))
            || self.of_recipe().any(|(_, claims)| claims.computes_variables)
            || self.texts.iter().any(names)
    }

    fn unknown_name(&self, first: &str, named: &Named) -> Option<Diagnostic> {
        let namespace = named.namespace.as_ref()?;
        // The library is read as a whole only for a name that nothing has defined yet.
        let is_task = || self.defined.task(&named.path.join(":"), namespace).is_some();
        if first == "ENV" || first == "this" || is_task() || self.may_be_set(first) || self.may_define_any() {
            return None;
        }
        let around = outwards(namespace).find(|around| {
            let full = join(around, first);
            self.is_namespace(&full) || self.is_task(&full, "")
        });
        let Some(around) = around else {
            let mut told = self.defined.unknown(first, "");
            if let Some(task) = outside(named, namespace) {
                told.hints = vec![format!(
                    "a task of another namespace, with its full name: invoke \":{task}\";"
                )];
            }
            return Some(told);
        };
        let mut full = join(&around, first);
        for word in named.path.iter().skip(1) {
            if !self.is_namespace(&full) {
                break;
            }
            let inner = join(&full, word);
            if !self.is_task(&inner, "") && !self.is_namespace(&inner) {
                if word == "to_string" {
                    break;
                }
                return Some(self.defined.unknown_member(&full, word));
            }
            full = inner;
        }
        None
    }

    /// Returns an error for each role that is not defined. The library's tasks name roles that not every recipe has, and a
    /// library alone defines none.
    fn unknown_roles(&self, text: &Text, claims: &Claims) -> Vec<Diagnostic> {
        let configuration = self.defined.configuration();
        let mut roles: Vec<&str> = configuration.roles.names().collect();
        let are_defined = claims.roles.iter().all(|(role, _)| roles.contains(&role.as_str()));
        if are_defined || self.defined.is_of_stdlib(&text.file) {
            return Vec::new();
        }
        for (_, claims) in self.texts() {
            roles.extend(claims.defines_roles.iter().map(String::as_str));
        }
        let may_be_any = self.any(|claims| claims.computes_roles) && !self.is_whole;
        if roles.is_empty() || may_be_any {
            return Vec::new();
        }
        let is_unknown = |role: &str| !roles.contains(&role) && !self.may_be_lost([role].into_iter());
        let unknown = claims.roles.iter().filter(|(role, _)| is_unknown(role));
        unknown
            .map(|(role, position)| {
                let mut diagnostic = Diagnostic::new(Fault::Recipe, format!("the role `{role}' is not defined"));
                diagnostic.label = Some("no such role".to_owned());
                let known = || {
                    let known: BTreeSet<&str> = roles.iter().copied().collect();
                    let known: Vec<&str> = known.into_iter().collect();
                    format!("the roles are {}", known.join(", "))
                };
                let meant = suggestion(role, roles.iter().copied());
                diagnostic.hints.push(meant.unwrap_or_else(known));
                at(diagnostic, text, *position)
            })
            .collect()
    }
}

/// Returns the task that `top.name` or `parent.name` means in Capistrano 2.
fn outside(named: &Named, namespace: &str) -> Option<String> {
    let (first, rest) = named.path.split_first()?;
    let around = match first.as_str() {
        "top" => "",
        "parent" => namespace.rsplit_once(':').map_or("", |(outer, _)| outer),
        _ => return None,
    };
    (!rest.is_empty()).then(|| join(around, &rest.join(":")))
}

/// Returns the file and the line of a diagnostic.
fn line_of(diagnostic: &Diagnostic) -> Option<(Rc<str>, usize)> {
    let origin = diagnostic.origin.as_ref()?;
    Some((Rc::clone(&origin.file), origin.line))
}

/// Returns the diagnostic with a place in a source.
pub(in crate::recipe) fn at(diagnostic: Diagnostic, text: &Text, position: Position) -> Diagnostic {
    diagnostic.at(origin(Some(&text.file), position))
}

impl Defined {
    /// Adds to an error the place where a recipe sets this key in the map of a variable, if that is written out somewhere.
    pub(in crate::recipe) fn at_key(&self, error: Box<EvalAltResult>, variable: &str, key: &str) -> Box<EvalAltResult> {
        let mut diagnostic = diagnostic(error);
        let files = self.files();
        let place = files.read.iter().rev().find_map(|text| {
            let keys = &text.claims().keys;
            let (.., position) = keys
                .iter()
                .rev()
                .find(|(owner, name, _)| *owner == variable && name == key)?;
            origin(Some(&text.file), *position)
        });
        if diagnostic.origin.is_none() {
            diagnostic.origin = place;
        }
        raise(diagnostic, Position::NONE)
    }

    /// Returns the place of a key in a server's `ssh_options`, if the map that begins there is written out.
    pub(in crate::recipe) fn place_of_server_key(&self, map: Position, key: &str) -> Option<Position> {
        let files = self.files();
        files.read.iter().rev().find_map(|text| {
            let keys = &text.claims().server_keys;
            let named = |(of, name, _): &&(Position, String, Position)| *of == map && name == key;
            keys.iter().find(named).map(|(.., position)| *position)
        })
    }

    /// Adds the hint that an unknown name only lacks its colon, if it is the first argument of a verb that names something.
    pub(in crate::recipe) fn name_it(&self, diagnostic: &mut Diagnostic) {
        let Some(origin) = &diagnostic.origin else { return };
        let Some(line) = self.files().line(&origin.file, origin.line) else {
            return;
        };
        let before: String = line.chars().take(origin.column.saturating_sub(1)).collect();
        let verb = before
            .strip_suffix(' ')
            .and_then(|before| before.trim_end().rsplit([';', '{', ' ']).next());
        let name: String = line
            .chars()
            .skip(before.chars().count())
            .take_while(|c| is_word(*c))
            .collect();
        if let Some("set" | "set_default" | "unset" | "task" | "namespace" | "role") = verb
            && diagnostic.message == format!("unknown variable or task `{name}'")
        {
            diagnostic.hints = vec![format!("a name is given as a symbol: :{name}")];
        }
    }
}
