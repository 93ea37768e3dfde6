//! Reads `SSHKit.config`: the words that take the place of commands, and those that are put before them.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line, Part, Statement, string};
use super::super::note::{Kind, Read};
use super::super::ruby::{Offsets, arguments, behind, id, literal, source, statements};
use super::Reader;
use crate::configuration::is_umask;

/// The programs that the tasks of Capistrano's own library run, for which capr has scripts.
const OF_DEPLOYS: &[&str] = &[
    "chmod", "cp", "find", "git", "hg", "ln", "ls", "mkdir", "mv", "rm", "svn", "tar", "touch",
];

impl Reader<'_> {
    /// Reads `SSHKit.config.command_map[:rake] = "…"`, `SSHKit.config.command_map.prefix[:rake].push "…"` and other settings.
    pub(super) fn of_config(
        &mut self,
        call: &CallNode<'_>,
        receiver: &Node<'_>,
        name: &str,
    ) -> Read<Option<Vec<Line>>> {
        let text = source(receiver);
        if text.starts_with("SSHKit.config.command_map") {
            let place = (self.file, call.location().start_offset());
            if name == "[]=" && self.facts.programs.mapped_at.contains(&place) {
                return self.mapped_for_libraries(call).map(Some);
            }
            return match self.prefix(call, receiver, name)? {
                Some(lines) => Ok(Some(lines)),
                None => self.refuse(Kind::Construct, "a command map that is computed"),
            };
        }
        if text.starts_with("SSHKit::Backend::") || text == "SSHKit.config.backend" {
            return self.of_connections(call, &text, name);
        }
        let is_environment = text == "SSHKit.config.default_env" || text == "SSHKit.config" && name == "default_env=";
        if is_environment && self.deferred == 0 {
            let text = "SSHKit.config.default_env: Capistrano sets it anew from `default_env` when the stage is known";
            return Ok(Some(vec![self.remark(text)]));
        }
        if text == "SSHKit.config.output" && matches!(name, "info" | "debug" | "warn" | "error" | "fatal") {
            return self.logged(name, &arguments(call, false)).map(Some);
        }
        if text == "SSHKit.config" {
            return match name {
                "output_verbosity=" | "format=" | "output=" | "use_format" | "log_level=" => Ok(Some(Vec::new())),
                "backend="
                    if arguments(call, false)
                        .values
                        .first()
                        .is_some_and(|value| source(value).ends_with("::Netssh")) =>
                {
                    Ok(Some(Vec::new()))
                }
                "default_runner=" if self.facts.servers.in_turns => {
                    let remark = "`SSHKit.config.default_runner`: blocks of `on` in the recipe go from server to server, capr's own tasks \
                                  work on all servers at once";
                    Ok(Some(vec![self.remark(remark)]))
                }
                "default_runner="
                    if arguments(call, false)
                        .values
                        .first()
                        .is_some_and(|value| source(value) == ":parallel") =>
                {
                    Ok(Some(Vec::new()))
                }
                "umask=" => {
                    let given = arguments(call, false).values;
                    let mask = given.first().and_then(literal);
                    let Some(mask) = mask.filter(|mask| is_umask(mask)) else {
                        return self.refuse(Kind::Construct, "`SSHKit.config.umask` that is computed");
                    };
                    let options = Box::new(Expr::name("default_run_options"));
                    let target = Expr::Index(options, Box::new(Expr::text("umask")));
                    Ok(Some(vec![Line::new(Statement::Assign(target, "=", Expr::text(&mask)))]))
                }
                "default_env=" => {
                    let given = arguments(call, false);
                    let value = match given.values.first() {
                        Some(value) => self.expression(value)?,
                        None => return Ok(None),
                    };
                    let set = vec![
                        Expr::symbol("default_environment"),
                        self.as_environment(value, &source(&call.as_node())),
                    ];
                    Ok(Some(vec![Line::verb(Call::new("set", set))]))
                }
                _ => self.refuse(
                    Kind::Construct,
                    format!("`SSHKit.config.{}`", name.trim_end_matches('=')),
                ),
            };
        }
        Ok(None)
    }

    /// Writes an entry of the command map, if a library may run that program. The commands of the recipe contain the replacement already.
    fn mapped_for_libraries(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let given = arguments(call, false);
        let ([program, words], true) = (given.values.as_slice(), self.facts.has_libraries) else {
            return Ok(Vec::new());
        };
        let key = match literal(program) {
            Some(program) if self.facts.is_mapped_by_libraries(&program) => Expr::Text(program),
            Some(program) if OF_DEPLOYS.contains(&program.as_str()) => {
                self.remarks.push(format!(
                    "`SSHKit.config.command_map[:{program}]` goes for the commands of the recipes; the tasks of capr run `{program}` as it is"
                ));
                return Ok(Vec::new());
            }
            Some(_) => return Ok(Vec::new()),
            None => self.expression(program)?,
        };
        let words = self.expression(words)?;
        if self.is_closure(&words) {
            return self.refuse(Kind::Construct, "a command map that is computed");
        }
        let is_fixed = words.literal().is_some() || self.deferred > 0 || self.loops.is_within();
        let entry = Expr::Index(Box::new(Expr::name("command_map")), Box::new(key));
        let line = Line::new(Statement::Assign(entry, "=", words));
        // A stage may still set what it is made of.
        Ok(vec![if is_fixed { line } else { Line::at_start(vec![line]) }])
    }

    /// Reads `SSHKit::Backend::Netssh.configure do |ssh|` and settings of its `config` and `pool`.
    fn of_connections(&mut self, call: &CallNode<'_>, of: &str, name: &str) -> Read<Option<Vec<Line>>> {
        let behind = behind(call).filter(|behind| name == "configure" && behind.parameters.len() == 1);
        let nodes = match (&behind, of) {
            (Some(behind), _) => statements(behind.body.as_ref()),
            (None, "SSHKit::Backend::Netssh.config" | "SSHKit::Backend::Netssh.pool") => vec![call.as_node()],
            _ => return Ok(None),
        };
        let mut lines = Vec::new();
        for node in nodes {
            let setting = node.as_call_node();
            let value = setting
                .as_ref()
                .and_then(|call| arguments(call, false).values.into_iter().next());
            match (setting.map(|call| id(&call.name())).as_deref(), value) {
                (Some("pty=" | "connection_timeout="), _) => self.remarks.push(
                    "`SSHKit::Backend::Netssh`: Capistrano sets `pty` and `connection_timeout` anew from its variables"
                        .to_owned(),
                ),
                (Some("transfer_method=" | "idle_timeout="), _) => self.remarks.push(
                    "`SSHKit::Backend::Netssh`: capr has its own way to send files and to keep connections".to_owned(),
                ),
                (Some("ssh_options="), Some(value)) if !self.facts.variables.contains_key("ssh_options") => {
                    let set = vec![Expr::symbol("ssh_options"), self.expression(&value)?];
                    lines.push(Line::verb(Call::new("set", set)));
                }
                _ => return self.refuse(Kind::Construct, "a setting of `SSHKit::Backend::Netssh`"),
            }
        }
        Ok(Some(lines))
    }

    /// Reads `SSHKit.config.command_map.prefix[:rake].unshift("…")` and other changes of the words before a program.
    fn prefix(&mut self, call: &CallNode<'_>, receiver: &Node<'_>, name: &str) -> Read<Option<Vec<Line>>> {
        let all = "SSHKit.config.command_map.prefix";
        let given = arguments(call, false).values;
        let Some(index) = receiver.as_call_node().filter(|index| id(&index.name()) == "[]") else {
            return Ok(None);
        };
        let is_prefix = index.receiver().is_some_and(|map| source(&map) == all);
        let keys = arguments(&index, false).values;
        let ([key], true) = (keys.as_slice(), is_prefix) else {
            return Ok(None);
        };
        let is_outermost = match (name, given.as_slice()) {
            ("unshift" | "prepend", [_]) => true,
            ("push" | "append" | "<<", [_, ..]) => false,
            ("delete", [words]) => return self.without_prefixes(key, Some(words)).map(Some),
            ("clear", []) => return self.without_prefixes(key, None).map(Some),
            _ => return Ok(None),
        };
        let mut lines = Vec::new();
        for words in &given {
            lines.extend(self.prefixed(key, words, is_outermost)?);
        }
        Ok(Some(lines))
    }

    /// Returns the line that takes these words away from those before a program, or all that recipes have put there.
    fn without_prefixes(&mut self, key: &Node<'_>, words: Option<&Node<'_>>) -> Read<Vec<Line>> {
        if words.is_none() && self.deferred > 0 && self.facts.has_libraries {
            return self.refuse(
                Kind::Construct,
                "a command map that loses what libraries have put there",
            );
        }
        let of = |ending: &str| {
            let name = vec![Part::Value(Expr::name("name")), Part::Text(ending.to_owned())];
            Expr::call("fetch", vec![string(name), Expr::text("")])
        };
        let program = match literal(key) {
            Some(program) => Expr::Text(program),
            None => self.expression(key)?,
        };
        let bins = Expr::List(vec![program]);
        let mut goes = of("_map_bins").binary("==", bins);
        if let Some(words) = words {
            goes = goes.binary("&&", of("_prefix").binary("==", self.expression(words)?));
        }
        let stays = Expr::Not(Box::new(goes));
        let left = Expr::name("command_prefixes").method(
            "filter",
            vec![Expr::Closure(vec!["name".to_owned()], Block::giving(stays))],
        );
        let set = Call::new("set", vec![Expr::symbol("command_prefixes"), left]);
        Ok(vec![Line::verb(set)])
    }

    /// Returns the lines that put words before a program: a name in `command_prefixes` with its two variables.
    fn prefixed(&mut self, key: &Node<'_>, words: &Node<'_>, is_outermost: bool) -> Read<Vec<Line>> {
        let program = match literal(key) {
            Some(program) => Expr::Text(program),
            None => self.expression(key)?,
        };
        // A program may have several prefixes.
        let times = self.prefixes.entry(source(key)).or_default();
        *times += 1;
        let number = if *times == 1 {
            String::new()
        } else {
            format!("_{times}")
        };
        let own = |ending: &str| {
            let mut parts = vec![Part::Text("before_".to_owned())];
            parts.extend(program.clone().parts());
            parts.push(Part::Text(format!("{number}{ending}")));
            match string(parts) {
                Expr::Text(name) => {
                    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
                    Expr::Symbol(name.chars().map(word).collect())
                }
                name => name,
            }
        };
        let lambda = words.as_lambda_node().map(|lambda| lambda.as_node());
        let is_lazy = lambda.is_some() || words.as_call_node().is_some_and(|words| behind(&words).is_some());
        let words = match self.expression(words)? {
            // SSHKit calls it when a command begins.
            Expr::Closure(names, block) if is_lazy && names.is_empty() => {
                Call::with_block("set", vec![own("_prefix")], block)
            }
            value if self.is_closure(&value) => Call::with_block(
                "set",
                vec![own("_prefix")],
                Block::giving(value.method("call", Vec::new())),
            ),
            value => Call::new("set", vec![own("_prefix"), value]),
        };
        let more = match is_outermost {
            true => {
                let all = Expr::List(vec![own("")]).binary("+", Expr::name("command_prefixes"));
                Call::new("set", vec![Expr::symbol("command_prefixes"), all])
            }
            false => Call::new("append", vec![Expr::symbol("command_prefixes"), own("")]),
        };
        self.carry("a prefix of a command");
        let bins = Call::new("set", vec![own("_map_bins"), Expr::List(vec![program.clone()])]);
        Ok(vec![Line::verb(bins), Line::verb(words), Line::verb(more)])
    }
}
