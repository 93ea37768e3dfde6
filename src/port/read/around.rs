//! The surroundings of commands in Capistrano 3: `on`, `within`, `with`, `as`, `run_locally`.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line, Part, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{Arguments, Behind, arguments, behind, id, literal, statements};
use super::{Onion, Reader};

impl Reader<'_> {
    /// Reads `run_locally do … end`.
    pub(super) fn locally(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let Some(behind) = behind(call) else {
            return self.refuse(Kind::Construct, "`run_locally` with a block that is a parameter");
        };
        let onion = Onion {
            is_local: true,
            ..Onion::default()
        };
        Ok(self.inside_of(onion, behind))
    }

    /// Reads the statements of a block in which commands have other options.
    fn inside_of(&mut self, onion: Onion, behind: Behind<'_>) -> Vec<Line> {
        let block = self.block_of(onion, behind);
        let declares = |line: &Line| matches!(line.statement, Statement::Let(..));
        match block.lines.iter().any(declares) {
            // The block's locals must not be seen outside.
            true => vec![Line::new(Statement::Value(Expr::Block(block)))],
            false => block.lines,
        }
    }

    /// Reads the same statements as a block.
    pub(super) fn block_of(&mut self, onion: Onion, behind: Behind<'_>) -> Block {
        let outer = std::mem::replace(&mut self.onion, onion);
        let nodes = statements(behind.body.as_ref());
        let mut block = self.statements(&nodes, behind.end, false);
        if let Some(rescue) = behind.rescue {
            block.lines.extend(self.statement(&rescue, false));
        }
        self.onion = outer;
        block
    }

    /// Reads `within dir do`, `with a: b do` and `as user do`.
    pub(super) fn around(&mut self, call: &CallNode<'_>, name: &str) -> Read<Vec<Line>> {
        let given = arguments(call, false);
        let Some(behind) = behind(call) else {
            return self.refuse(Kind::Construct, format!("`{name}` without a block"));
        };
        if name == "with" && given.values.first().is_some_and(|map| self.is_environment_of_git(map)) {
            let onion = Onion {
                env: [self.onion.env.clone(), environment_of_git()].concat(),
                ..self.onion.clone()
            };
            return Ok(self.inside_of(onion, behind));
        }
        if self.holds_for_all(&behind)
            && let Some(call) = self.around_all(name, &given)?
        {
            let onion = Onion {
                is_of_sh: self.onion.is_of_sh || name == "as",
                ..self.onion.clone()
            };
            let block = Some(self.block_of(onion, behind));
            return Ok(vec![Line::verb(Call { block, ..call })]);
        }
        let onion = self.onion_around(name, &given)?;
        Ok(self.inside_of(onion, behind))
    }

    /// Reads `x = within dir do capture(…) end`: what the block gives.
    pub(super) fn value_around(&mut self, call: &CallNode<'_>, name: &str) -> Read<Option<Expr>> {
        let Some(behind) = behind(call).filter(|behind| behind.rescue.is_none() && self.facts.version > 2) else {
            return Ok(None);
        };
        let onion = self.onion_around(name, &arguments(call, false))?;
        let outer = std::mem::replace(&mut self.onion, onion);
        let block = self.all_statements(&statements(behind.body.as_ref()), behind.end, true);
        self.onion = outer;
        let block = block?;
        Ok(Some(block.value().cloned().unwrap_or(Expr::Block(block))))
    }

    /// Returns the surroundings of commands in `within dir`, `with a: b` and `as user`.
    fn onion_around(&mut self, name: &str, given: &Arguments<'_>) -> Read<Onion> {
        let mut onion = self.onion.clone();
        match (name, given.values.first()) {
            ("within", Some(dir)) => {
                let dir = self.expression(dir)?;
                onion.dir = Some(match (onion.dir, &dir) {
                    (Some(outer), inner) if inner.literal().is_some_and(|text| !text.starts_with('/')) => {
                        Expr::call("join_path", vec![outer, dir])
                    }
                    _ => dir,
                });
            }
            ("as", Some(user)) => onion.user = Some(self.expression(user)?),
            ("as", None) => {
                for (key, value) in &given.pairs {
                    let value = Some(self.expression(value)?);
                    match literal(key).as_deref() {
                        Some("user") => onion.user = value,
                        Some("group") => onion.group = value,
                        _ => return self.refuse(Kind::Construct, "`as` with an option of this kind"),
                    }
                }
            }
            ("with", None) => {
                for (key, value) in &given.pairs {
                    let Some(key_text) = literal(key) else {
                        return self.refuse(Kind::Construct, "an environment whose names are computed");
                    };
                    let key = if key.as_symbol_node().is_some() {
                        key_text.to_uppercase()
                    } else {
                        key_text
                    };
                    let value = self.expression(value)?;
                    self.tell_of_shell(&key, &value);
                    onion.env.retain(|(other, _)| *other != key);
                    onion.env.push((key, super::strings::filled(value)));
                }
            }
            _ => return self.refuse(Kind::Construct, format!("`{name}` of this kind")),
        }
        Ok(onion)
    }

    /// Reads `with_env("NAME", "value") do … end` of Capistrano 2, for commands of this machine.
    pub(super) fn with_env(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let given = arguments(call, false).values;
        let ([name, value], Some(behind)) = (given.as_slice(), behind(call)) else {
            return self.refuse(Kind::Construct, "`with_env` of this kind");
        };
        if literal(name)
            .is_some_and(|name| matches!(name.as_str(), "HOSTS" | "ROLES" | "HOSTFILTER" | "HOSTROLEFILTER"))
        {
            let reason = "`with_env` that names servers: give them to the commands, `:hosts => …`";
            return self.refuse(Kind::Construct, reason);
        }
        let (name, value) = (self.key(name)?, self.expression(value)?);
        let env = Expr::name("ENV");
        let place = Expr::Index(Box::new(env.clone()), Box::new(name.clone()));
        let assign = |value| Line::new(Statement::Assign(place.clone(), "=", value));
        let before = self.free_name("before");
        let saved = Expr::name(&before);
        let mut lines = vec![Line::new(Statement::Let(before, place.clone())), assign(value)];
        lines.extend(self.inside_of(self.onion.clone(), behind));
        let nothing = saved.clone().binary("==", Expr::Unit);
        let remove = Line::new(Statement::Value(env.method("remove", vec![name])));
        let back = (
            vec![(nothing, Block::of(vec![remove]))],
            Some(Block::of(vec![assign(saved)])),
        );
        lines.push(Line::new(Statement::Value(Expr::If(back.0, back.1))));
        Ok(lines)
    }

    /// Remarks a value of the environment in which Capistrano's shell fills in more than the variable's own name and `$HOME`.
    pub(super) fn tell_of_shell(&mut self, key: &str, value: &Expr) {
        let mut texts = value.clone().parts().into_iter().filter_map(|part| match part {
            Part::Text(text) => Some(text),
            Part::Value(_) => None,
        });
        let is_meant = |text: String| {
            let mut words = text.split('$').skip(1).map(|word| word.trim_start_matches('{'));
            text.contains('`')
                || words.any(|word| {
                    let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                    let name = end.and_then(|end| word.get(..end)).unwrap_or(word);
                    word.starts_with('(') || !name.is_empty() && !name.eq_ignore_ascii_case(key) && name != "HOME"
                })
        };
        if texts.any(is_meant) {
            self.remarks.push(format!(
                "the shell of Capistrano fills in all of `{key}`, capr its own name and `$HOME` alone: write the rest out"
            ));
        }
    }

    /// Reads `puma_switch_user(role) do … end` where that user logs in.
    pub(super) fn as_login(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        match behind(call) {
            Some(behind) => Ok(self.inside_of(self.onion.clone(), behind)),
            None => self.refuse(Kind::Construct, "`puma_switch_user` without a block"),
        }
    }

    /// Returns true if the files use the library of Puma and say of no other user that Puma is run by it.
    pub(super) fn is_user_of_puma_the_login(&self) -> bool {
        let facts = self.facts;
        facts.vocabulary.has_library("puma")
            && !facts.variables.contains_key("puma_user")
            && !facts.servers.has_puma_user
    }

    /// Returns true for the variable with which Capistrano 3 calls git, if the files do not set it.
    fn is_environment_of_git(&self, map: &Node<'_>) -> bool {
        const NAME: &str = "git_environmental_variables";
        let call = map
            .as_call_node()
            .filter(|call| id(&call.name()) == "fetch" && call.receiver().is_none());
        let name = call.and_then(|call| arguments(&call, false).values.first().and_then(literal));
        name.as_deref() == Some(NAME) && !self.facts.variables.contains_key(NAME)
    }

    /// Returns `within`, `with` or `as` around commands that it applies to without exception; `None` if it has no such form.
    fn around_all(&mut self, name: &str, given: &Arguments<'_>) -> Read<Option<Call>> {
        // The options of the surrounding blocks are already given to each command.
        if self.onion.dir.is_some() || !self.onion.env.is_empty() || self.onion.user.is_some() {
            return Ok(None);
        }
        let call = match (name, given.values.as_slice(), given.pairs.as_slice()) {
            ("within" | "as", [value], []) => Call::new(name, vec![self.expression(value)?]),
            ("with", [map], []) => match self.expression(map)? {
                Expr::Map(pairs) => Call {
                    options: pairs,
                    ..Call::new(name, Vec::new())
                },
                map => Call::new(name, vec![map]),
            },
            ("as", [], [(key, user)]) if literal(key).as_deref() == Some("user") => {
                Call::new(name, vec![self.expression(user)?])
            }
            ("with", [], pairs @ [_, ..]) => {
                let mut options = Vec::new();
                for (key, value) in pairs {
                    let Some(word) = literal(key) else { return Ok(None) };
                    // A name in small letters stays as it is if it is a string.
                    if key.as_string_node().is_some() && word != word.to_uppercase() {
                        return Ok(None);
                    }
                    let value = self.expression(value)?;
                    self.tell_of_shell(&word, &value);
                    options.push((word, super::strings::filled(value)));
                }
                Call {
                    options,
                    ..Call::new(name, Vec::new())
                }
            }
            _ => return Ok(None),
        };
        self.carry(name);
        Ok(Some(call))
    }

    /// Reads `on roles(:app) do |host|`. Capistrano runs it at once where it stands in no task.
    pub(super) fn on(&mut self, call: &CallNode<'_>) -> Read<Option<Vec<Line>>> {
        if self.deferred > 0 {
            return self.on_now(call);
        }
        self.deferred += 1;
        let lines = self.on_now(call);
        self.deferred -= 1;
        Ok(lines?.map(|lines| vec![Line::at_start(lines)]))
    }

    fn on_now(&mut self, call: &CallNode<'_>) -> Read<Option<Vec<Line>>> {
        let given = arguments(call, false);
        let Some(behind) = behind(call) else { return Ok(None) };
        if behind.parameters.len() > 1 || behind.is_odd {
            return self.refuse(Kind::Construct, "`on` with a block of several values");
        }
        if self.is_for_each(call) {
            return self.on_each(&given, behind).map(Some);
        }
        let is_hoisted = self.task_servers.take();
        let (mut servers, is_one) = match &is_hoisted {
            Some(_) => (Vec::new(), self.onion.is_one),
            None => self.servers_said(&given)?,
        };
        let mut lines = Vec::new();
        servers.retain(|(key, _)| is_hoisted.is_none() || key != "roles");
        let onion = Onion {
            servers,
            host: Some(behind.parameters.first().cloned().unwrap_or_default()),
            is_one,
            ..Onion::default()
        };
        let mut inner = self.inside_of(onion, behind);
        if let (
            true,
            [
                Line {
                    statement: Statement::Value(Expr::Block(block)),
                    ..
                },
            ],
        ) = (is_hoisted.is_some(), inner.as_mut_slice())
        {
            // The block is the whole task.
            lines.append(&mut block.lines);
        } else {
            lines.append(&mut inner);
        }
        Ok(Some(lines))
    }
}

/// Returns the environment in which Capistrano 3 calls git: it asks nobody, and takes the key of a host as it is.
fn environment_of_git() -> Vec<(String, Expr)> {
    let ssh = "ssh -o PasswordAuthentication=no -o StrictHostKeyChecking=no";
    [("GIT_ASKPASS", "/bin/echo"), ("GIT_SSH_COMMAND", ssh)]
        .map(|(name, value)| (name.to_owned(), Expr::text(value)))
        .to_vec()
}
