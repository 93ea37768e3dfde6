//! Reads ERB templates and writes them in capr's form: names, expressions, decisions and loops. A value that a template cannot
//! compute is computed beside it, and given to `render` as a pair.

use std::collections::{BTreeMap, BTreeSet};

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line, Part, Statement};
use super::super::note::{Kind, Lack, Missing, Read, SameError, Unported};
use super::super::paths::normal;
use super::super::project::template_at;
use super::super::ruby::{arguments, literal};
use super::Reader;
use super::erb::{ErbPiece, assignments, loop_of, pieces};
use super::jinja::as_maps;
use super::lists::is_list_of_servers;
use super::locals::{Local, Type};
use super::strings::{filled, mark};
use crate::sort;

/// A template that is being written.
#[derive(Default)]
pub(super) struct Writing {
    text: String,
    /// The values that are given to `render`.
    pub(super) pairs: Vec<(String, Expr)>,
    /// The names that the template itself knows.
    pub(super) inner: Vec<String>,
    /// The words that end the open blocks.
    open: Vec<&'static str>,
}

impl Reader<'_> {
    /// Returns the call in `ERB.new(…)` without its `result`.
    pub(super) fn unfilled<'pr>(&self, value: &Node<'pr>) -> Option<CallNode<'pr>> {
        let call = value.as_call_node()?;
        let class = call.receiver().as_ref().and_then(super::super::ruby::constant);
        (class.as_deref() == Some("ERB") && super::super::ruby::id(&call.name()) == "new").then_some(call)
    }

    /// Reads `ERB.new(File.read("x.erb"), trim_mode: "-").result(binding)`, with the template in a file or in the recipe.
    pub(super) fn template(&mut self, new: &CallNode<'_>) -> Read<Expr> {
        let given = arguments(new, false);
        let Some(node) = given.values.first() else {
            return self.refuse(Kind::Template, "an ERB template that is not written out");
        };
        let mode = given
            .option("trim_mode")
            .map(literal)
            .or_else(|| given.values.get(2).map(literal));
        let trims = match mode.flatten().as_deref() {
            None | Some("") => false,
            Some("-") => true,
            Some(mode) => return self.refuse(Kind::Template, format!("an ERB template with the trim mode `{mode}`")),
        };
        let template = match self.file_read_by(node)? {
            Some(read) => read,
            None => self.expression(node)?,
        };
        self.one_template(template, trims)
    }

    /// Returns a template, filled in; for a decision between several, the decision.
    pub(super) fn one_template(&mut self, template: Expr, trims: bool) -> Read<Expr> {
        let held = match &template {
            Expr::Name(name) => self.texts.get(name).cloned(),
            other => Some(other.clone()),
        };
        // A template that the caller gives, or else a file.
        if let Some(Expr::Binary("??", given, file)) = &held
            && matches!(&**file, Expr::Call(call) if call.name == "read_file")
        {
            if let Expr::Name(name) = template {
                self.spent.insert(name);
            }
            let text = "a template that is given as a string was not carried over: write it in capr's form";
            let ends = Block::of(vec![Line::new(Statement::Throw(Expr::text(text)))]);
            let is_given = given.clone().binary("!=", Expr::Unit);
            let filled = self.one_template((**file).clone(), trims)?;
            return Ok(Expr::If(vec![(is_given, ends)], Some(Block::giving(filled))));
        }
        if let Some(Expr::If(arms, Some(otherwise))) = held {
            if let Expr::Name(name) = template {
                self.spent.insert(name);
            }
            let mut filled = Vec::new();
            for (condition, block) in arms {
                let is_asked = matches!(&condition, Expr::Call(call) if matches!(call.name.as_str(), "file_exists" | "ruby_is_file"));
                let block = self.branch(&block, trims, is_asked)?;
                filled.push((condition, block));
            }
            let otherwise = self.branch(&otherwise, trims, false)?;
            return Ok(Expr::If(filled, Some(otherwise)));
        }
        if let Some(chosen) = self.chosen_template(&template, trims)? {
            return Ok(chosen);
        }
        let parts = self.template_of(template)?;
        let (text, pairs) = self.translated(parts, trims, &[])?;
        Ok(rendered(text, pairs))
    }

    /// Returns one branch of a decision between templates. A file that is asked for and not there ends the run if it appears later.
    fn branch(&mut self, block: &Block, trims: bool, is_asked: bool) -> Read<Block> {
        let Some(value) = block.value().cloned() else {
            return self.refuse(Kind::Template, "a template that is computed");
        };
        let is_file = matches!(&value, Expr::Call(call) if call.name == "read_file");
        match self.one_template(value, trims) {
            Err(unported) if is_asked && is_file && unported.kind == Kind::Template => {
                let text = "the template was not there when the recipe was ported: write it in capr's form";
                Ok(Block::of(vec![Line::new(Statement::Throw(Expr::text(text)))]))
            }
            read => read.map(Block::giving),
        }
    }

    /// Reads `render(:template => "…", :port => 80)` and `render("maintenance.rhtml", :port => 80)` of Capistrano 1.
    pub(super) fn render(&mut self, call: &CallNode<'_>) -> Read<Expr> {
        let given = arguments(call, true);
        let mut template = match given.values.as_slice() {
            [] => None,
            [node] => Some(self.expression(node)?),
            _ => return self.refuse(Kind::Template, "`render` of several templates"),
        };
        let is_file = template.is_some();
        let mut pairs = Vec::new();
        for (key, value) in &given.pairs {
            let Some(key) = literal(key) else {
                return self.refuse(Kind::Construct, "a map whose keys are computed");
            };
            let value = self.expression(value)?;
            match key.as_str() {
                "template" | "file" => template = Some(value),
                _ => pairs.push((key, value)),
            }
        }
        let Some(template) = template else {
            return self.refuse(Kind::Template, "`render` without a template");
        };
        if is_file && self.is_maintenance_page(&template, &given) {
            return Ok(Expr::name("maintenance_page"));
        }
        let parts = match is_file {
            true => self.template_of(Expr::call("read_file", vec![template]))?,
            false => self.template_of(template)?,
        };
        let names: Vec<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
        let (text, more) = self.translated(parts, false, &names)?;
        pairs.extend(more);
        Ok(rendered(text, pairs))
    }

    /// Returns true for the page that Capistrano 1 brings along, filled in with `REASON` and `UNTIL` as the page of capr is.
    fn is_maintenance_page(&self, template: &Expr, given: &super::super::ruby::Arguments<'_>) -> bool {
        let is_own = |name: &&String| name.ends_with("/maintenance.rhtml") || name.as_str() == "maintenance.rhtml";
        let is_said = |(key, value): &(Node<'_>, Node<'_>)| {
            let named = match literal(key).as_deref() {
                Some("deadline") => "UNTIL",
                Some("reason") => "REASON",
                _ => return false,
            };
            let call = value.as_call_node();
            let of_env = call.as_ref().and_then(CallNode::receiver);
            of_env.as_ref().and_then(super::super::ruby::constant).as_deref() == Some("ENV")
                && call.is_some_and(|call| {
                    arguments(&call, false).values.first().and_then(literal).as_deref() == Some(named)
                })
        };
        matches!(template.literal(), Some("maintenance" | "maintenance.rhtml"))
            && !self.facts.templates.keys().any(|name| is_own(&name))
            && given.pairs.iter().all(is_said)
    }

    /// Returns the parts of a template: a string of the recipe, or a file of the project.
    fn template_of(&mut self, value: Expr) -> Read<Vec<Part>> {
        match value {
            Expr::Text(_) | Expr::Template(_) => Ok(value.parts()),
            Expr::Name(name) => match self.texts.get(&name).cloned() {
                Some(text) => {
                    self.spent.insert(name);
                    self.template_of(text)
                }
                None => self.refuse(Kind::Template, "a template that is computed"),
            },
            Expr::Call(call) if call.name == "read_file" => {
                let given = call.arguments.first().map(|path| self.path_in(path.clone()));
                let place = given.as_ref().and_then(|path| self.file_below_root(path));
                let Some(path) = given.as_ref().and_then(path_of).or_else(|| place.clone()) else {
                    return self.refuse(Kind::Template, "a template of a file whose name is computed");
                };
                let plain = path.trim_start_matches("./").to_owned();
                let templates = &self.facts.templates;
                let found = [plain.clone(), format!("{plain}.rhtml")];
                let found = place.iter().chain(&found).find_map(|name| templates.get(name));
                let found = found.or_else(|| {
                    // A path beside the recipe.
                    let own = self.facts.files.get(self.file)?;
                    let (folder, _) = own.rsplit_once('/')?;
                    templates.get(&normal(&format!("{folder}/{plain}"))?)
                });
                let elsewhere = match (found, &self.facts.root, &place) {
                    (None, Some(root), Some(place)) if self.facts.in_gem(self.file).is_none() => {
                        template_at(root, place)
                    }
                    _ => Ok(None),
                };
                let is_missing = elsewhere.is_err();
                match found.cloned().or_else(|| elsewhere.ok().flatten()) {
                    Some(text) => {
                        self.remarks.push(format!("{plain}: the template stands in the recipe"));
                        Ok(vec![Part::Text(text)])
                    }
                    None => {
                        let reason = format!("the template `{plain}` is not among the files that were read");
                        let error = format!("No such file or directory - {}", place.as_ref().unwrap_or(&plain));
                        let unported = Unported::new(Kind::Template, reason).lacking(Lack::File(plain));
                        Err(match is_missing || self.facts.root.is_none() && place.is_some() {
                            true => unported.failing(SameError::new(error, Missing::File)),
                            false => unported,
                        })
                    }
                }
            }
            _ => self.refuse(Kind::Template, "a template that is computed"),
        }
    }

    /// Translates a template. Returns the template, and the values that are given to it.
    pub(super) fn translated(
        &mut self,
        parts: Vec<Part>,
        trims: bool,
        given: &[String],
    ) -> Read<(String, Vec<(String, Expr)>)> {
        let file = match parts.as_slice() {
            [Part::Text(text)] => self.facts.templates.iter().find(|(_, other)| *other == text),
            _ => None,
        };
        let file = file.map(|(file, _)| file.clone());
        let (text, values) = mark(parts);
        let mut writing = Writing {
            inner: given.to_vec(),
            ..Writing::default()
        };
        let Some(pieces) = pieces(&text, trims) else {
            return self.refuse(Kind::Template, "a mark of an ERB template that has no end");
        };
        for piece in pieces {
            let place = match piece {
                ErbPiece::Value(code) | ErbPiece::Code(code) => {
                    (code.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
                }
                ErbPiece::Text(_) => 0,
            };
            self.piece(piece, &mut writing).map_err(|unported| match &file {
                Some(file) => {
                    let line = super::super::ruby::line_of(text.as_bytes(), place);
                    let reason = format!("{file}, line {line}: {}", unported.reason);
                    Unported { reason, ..unported }
                }
                None => unported,
            })?;
        }
        if !writing.open.is_empty() {
            return self.refuse(Kind::Template, "a block of an ERB template that has no end");
        }
        let mut text = String::new();
        for part in super::strings::unmark(&writing.text, values) {
            match part {
                Part::Text(piece) => text.push_str(&piece),
                Part::Value(value) => text.push_str(&format!("{{{{ {} }}}}", writing.hoist(filled(value)))),
            }
        }
        Ok((text, writing.pairs))
    }

    /// Translates a piece of a template.
    fn piece(&mut self, piece: ErbPiece<'_>, writing: &mut Writing) -> Read<()> {
        let is_mark = |code: &str| code.contains(|c: char| ('\u{e000}'..='\u{f8ff}').contains(&c));
        match piece {
            ErbPiece::Value(code) | ErbPiece::Code(code) if is_mark(code) => {
                return self.refuse(Kind::Template, "a value of the recipe within a mark of an ERB template");
            }
            ErbPiece::Text(text) => writing.text.push_str(&escaped(text)),
            ErbPiece::Value(code) => {
                let value = filled(self.fragment(code, &writing.inner, false)?);
                for part in value.parts() {
                    let written = match part {
                        Part::Text(text) => escaped(&text),
                        Part::Value(value) => format!("{{{{ {} }}}}", self.in_template(value, writing)?),
                    };
                    writing.text.push_str(&written);
                }
            }
            ErbPiece::Code(code) => self.template_code(code, writing)?,
        }
        Ok(())
    }

    /// Reads `<% … %>`.
    fn template_code(&mut self, code: &str, writing: &mut Writing) -> Read<()> {
        let lines = code.lines().map(str::trim);
        let lines: Vec<&str> = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        let code = match lines.as_slice() {
            [] => "",
            [one] => one,
            // These are whole: a block in one of them has several lines.
            _ if let Some(assigned) = assignments(code) => {
                let mut each = assigned.iter();
                return each.try_for_each(|(name, value)| self.template_value(name, value, writing));
            }
            // Each line is a statement.
            lines => return lines.iter().try_for_each(|line| self.template_code(line, writing)),
        };
        let first = code.split_whitespace().next().unwrap_or("");
        let rest = code.strip_prefix(first).unwrap_or("").trim().trim_end_matches(" then");
        match first {
            "" => return Ok(()),
            "end" | "}" => {
                let Some(word) = writing.open.pop() else {
                    return self.refuse(Kind::Template, "`end` without a beginning in an ERB template");
                };
                writing.text.push_str(&format!("{{% {word} %}}"));
                return Ok(());
            }
            "puts" | "print" | "pp" if !rest.starts_with(['=', '.']) => {
                // It is said, and is nothing of the template.
                self.remarks
                    .push(format!("`{first}` in a template: what it says is left out"));
                return Ok(());
            }
            "else" if rest.is_empty() => {
                writing.text.push_str("{% else %}");
                return Ok(());
            }
            "if" | "elsif" | "unless" => {
                let condition = self.fragment(rest, &writing.inner, true)?;
                let condition = if first == "unless" {
                    condition.negated()
                } else {
                    condition
                };
                let condition = self.in_template(condition, writing)?;
                let word = if first == "elsif" { "elif" } else { "if" };
                if first != "elsif" {
                    writing.open.push("endif");
                }
                writing.text.push_str(&format!("{{% {word} {condition} %}}"));
                return Ok(());
            }
            _ => {}
        }
        if let Some((names, list, method)) = loop_of(code) {
            return self.template_loop(&names, &list, method, writing);
        }
        if let Some((name, value)) = code.split_once('=')
            && is_word(name.trim().trim_start_matches('@'))
            && !value.starts_with(['=', '~', '>'])
        {
            return self.template_value(name.trim(), value.trim(), writing);
        }
        self.refuse(
            Kind::Template,
            format!("an ERB template with `{}`", super::printable(code)),
        )
    }

    /// Gives a local or an instance variable of the template a value.
    fn template_value(&mut self, name: &str, value: &str, writing: &mut Writing) -> Read<()> {
        let value = self.fragment(value, &writing.inner, false)?;
        let value = self.in_template(value, writing)?;
        let name = name.trim_start_matches('@');
        self.peers.remove(name);
        writing.text.push_str(&format!("{{% set {name} = {value} %}}"));
        writing.inner.push(name.to_owned());
        Ok(())
    }

    fn template_loop(&mut self, names: &[&str], list: &str, method: &str, writing: &mut Writing) -> Read<()> {
        if names.iter().any(|name| !is_word(name) || *name == "loop") {
            return self.refuse(Kind::Template, "a loop of an ERB template with names of this kind");
        }
        let value = self.fragment(list, &writing.inner, false)?;
        let mut peer = None;
        let over = match value {
            Expr::Binary(dots @ (".." | "..="), left, right) => {
                let (left, right) = (self.in_template(*left, writing)?, self.in_template(*right, writing)?);
                let more = if dots == "..=" { " + 1" } else { "" };
                format!("range({left}, {right}{more})")
            }
            value => {
                let is_map = self.kind_of(&value) == Type::Map;
                let value = match is_list_of_servers(&value) {
                    true => {
                        peer = names.first().filter(|_| matches!(method, "each" | "each_with_index"));
                        as_maps(value)
                    }
                    false => value,
                };
                let over = self.in_template(value, writing)?;
                match (method, names.len()) {
                    ("times", _) => format!("range({over})"),
                    ("each_with_index", _) | (_, 1) => over,
                    _ if is_map => {
                        self.remarks.push(super::loops::ORDER.to_owned());
                        format!("{over}|items")
                    }
                    _ => format!("({over}|items if {over} is mapping else {over})"),
                }
            }
        };
        let (shown, index) = match (method, names) {
            ("each_with_index", [item, index]) => ((*item).to_owned(), Some(*index)),
            (_, names) => (names.join(", "), None),
        };
        writing.text.push_str(&format!("{{% for {shown} in {over} %}}"));
        if let Some(index) = index {
            writing.text.push_str(&format!("{{% set {index} = loop.index0 %}}"));
        }
        self.peers.retain(|peer| !names.contains(&peer.as_str()));
        self.peers.extend(peer.map(|peer| (*peer).to_owned()));
        writing.inner.extend(names.iter().map(|name| (*name).to_owned()));
        writing.open.push("endfor");
        Ok(())
    }

    /// Reads a piece of Ruby that stands elsewhere, mostly in a template, in which `inner` are locals like those of the recipe.
    pub(super) fn fragment(&mut self, code: &str, inner: &[String], is_condition: bool) -> Read<Expr> {
        let own = self.scopes.iter().flat_map(BTreeMap::keys).chain(self.given.keys());
        let own = own.filter(|name| is_word(name));
        let locals: BTreeSet<&String> = sort::set(own.chain(inner));
        let mut source: String = locals.iter().map(|name| format!("{name} = ")).collect();
        source.push_str("nil\n");
        // An instance variable of a template is a local in it.
        let of_template = inner.iter().filter(|_| code.contains('@'));
        let own = of_template.fold(code.to_owned(), |code, name| code.replace(&format!("@{name}"), name));
        source.push_str(&own);
        let parsed = ruby_prism::parse(source.as_bytes());
        let shown = super::printable(code);
        if parsed.errors().next().is_some() {
            return self.refuse(Kind::Template, format!("an ERB template with `{shown}`"));
        }
        let root = parsed.node();
        let nodes: Vec<Node<'_>> = root
            .as_program_node()
            .iter()
            .flat_map(|program| program.statements().body().iter().collect::<Vec<_>>())
            .collect();
        let [_, node] = nodes.as_slice() else {
            return self.refuse(Kind::Template, format!("an ERB template with `{shown}`"));
        };
        let local = |name: &String| {
            let local = Local {
                written: name.clone(),
                kind: match self.peers.contains(name) {
                    true => Type::Server,
                    false => Type::Unknown,
                },
                ..Local::default()
            };
            (name.clone(), local)
        };
        self.scopes.push(sort::map(inner.iter().map(local)));
        // The places of this text are others than those of the file.
        let assigned = std::mem::take(&mut self.assigned);
        let read = match is_condition {
            true => self.condition(node),
            false => self.expression(node),
        };
        self.assigned = assigned;
        self.scopes.pop();
        read
    }
}

impl Writing {
    /// Gives a value to the template; returns the name that it has there.
    pub(super) fn hoist(&mut self, value: Expr) -> String {
        if let Some((name, _)) = self.pairs.iter().find(|(_, other)| *other == value) {
            return name.clone();
        }
        let name = format!("value_{}", self.pairs.len() + 1);
        self.pairs.push((name.clone(), value));
        name
    }
}

/// Returns `render(:template => "…", …)`.
pub(super) fn rendered(text: String, pairs: Vec<(String, Expr)>) -> Expr {
    let mut options = vec![("template".to_owned(), Expr::Text(text))];
    options.extend(pairs);
    Expr::Call(Call {
        options,
        ..Call::new("render", Vec::new())
    })
}

/// Returns the path that a file is read from, if it is written out: as it stands, or beside the recipe.
fn path_of(value: &Expr) -> Option<String> {
    match value {
        Expr::Text(path) => Some(path.clone()),
        Expr::Call(call) if call.name == "expand_path" => {
            call.arguments.iter().find_map(Expr::literal).map(str::to_owned)
        }
        Expr::Call(call) if call.name == "join_path" => {
            let parts: Vec<&str> = call.arguments.iter().filter_map(Expr::literal).collect();
            (!parts.is_empty()).then(|| parts.join("/"))
        }
        // This is `File.dirname(__FILE__) + "/templates/x.erb"`.
        Expr::Binary("+", folder, path) if matches!(&**folder, Expr::Call(_)) => {
            let path = path.literal()?.strip_prefix('/')?;
            Some(path.to_owned())
        }
        _ => None,
    }
}

/// Escapes what would be a mark in a template of capr.
fn escaped(text: &str) -> String {
    let mut written = text.replace("{{", "{{ \"{{\" }}");
    for mark in ["{%", "{#"] {
        written = written.replace(mark, &format!("{{{{ {mark:?} }}}}"));
    }
    written
}

/// Returns true for a name that a template can have.
pub(super) fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
