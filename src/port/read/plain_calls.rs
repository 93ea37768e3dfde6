//! Methods and functions of Ruby that one function does here, in tables.

use ruby_prism::{CallNode, Node};

use super::super::facts::renamed;
use super::super::form::{Block, Call, Expr, Line, Part, Statement, string};
use super::super::note::{Kind, Read};
use super::super::repeated::names;
use super::super::ruby::{arguments, behind, constant, id, literal, source, statements};
use super::Reader;
use super::lists::{counted, reduced};
use super::locals::{Local, Type};

/// The methods whose value and arguments a function takes, with the number of the arguments.
const METHODS: &[(&str, usize, &str)] = &[
    ("children", 0, "ruby_children"),
    ("count", 1, "ruby_count"),
    ("cover?", 1, "ruby_covers"),
    ("deep_merge", 1, "ruby_deep_merged"),
    ("directory?", 0, "dir_exists"),
    ("each_cons", 1, "ruby_rows"),
    ("each_with_index", 0, "ruby_numbered"),
    ("exist?", 0, "file_exists"),
    ("expand_path", 0, "expand_path"),
    ("file?", 0, "ruby_is_file"),
    ("invert", 0, "ruby_inverted"),
    ("key", 1, "ruby_key"),
    ("product", 1, "ruby_product"),
    ("realpath", 0, "expand_path"),
    ("rindex", 1, "ruby_rindex"),
    ("rotate", 0, "ruby_rotated"),
    ("rpartition", 1, "ruby_parted_last"),
    ("squeeze", 0, "ruby_squeezed"),
    ("squeeze", 1, "ruby_squeezed"),
    ("tally", 0, "ruby_tally"),
];

/// The methods that change nothing which a recipe could see.
pub(super) const SAME: &[&str] = &["encode", "force_encoding", "scrub", "unicode_normalize"];

/// The methods that take any number of keys or indices, and the functions that take them as a list.
const OF_KEYS: &[(&str, &str)] = &[
    ("except", "ruby_but"),
    ("slice", "ruby_only"),
    ("values_at", "ruby_values_at"),
];

/// The methods that take a block, and the functions that take it as theirs.
const WITH_BLOCKS: &[(&str, &str)] = &[
    ("drop_while", "ruby_dropped"),
    ("filter_map", "ruby_filtered"),
    ("take_while", "ruby_taken"),
    ("transform_keys", "ruby_renamed"),
    ("transform_values", "ruby_transformed"),
];

/// The questions about a file of this machine that `test` answers.
const QUESTIONS: &[(&str, &str)] = &[
    ("executable?", "-x"),
    ("pipe?", "-p"),
    ("size?", "-s"),
    ("socket?", "-S"),
    ("symlink?", "-L"),
    ("writable?", "-w"),
];

/// The programs that compute a digest.
const DIGESTS: &[(&str, &str)] = &[
    ("Digest::MD5", "md5sum"),
    ("Digest::SHA1", "sha1sum"),
    ("Digest::SHA2", "sha256sum"),
    ("Digest::SHA256", "sha256sum"),
    ("Digest::SHA512", "sha512sum"),
    ("OpenSSL::Digest::MD5", "md5sum"),
    ("OpenSSL::Digest::SHA1", "sha1sum"),
    ("OpenSSL::Digest::SHA256", "sha256sum"),
];

fn find<'a>(table: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    table
        .iter()
        .find(|(own, _)| *own == name)
        .map(|(_, function)| *function)
}

impl Reader<'_> {
    /// Reads a method that a function does here; `None` for any other.
    pub(super) fn as_function_call(&mut self, name: &str, value: Expr, given: &[Node<'_>]) -> Read<Option<Expr>> {
        if SAME.contains(&name) {
            return Ok(Some(value));
        }
        if let Some(function) = find(OF_KEYS, name) {
            let keys = given.iter().map(|node| self.key(node)).collect::<Read<Vec<Expr>>>()?;
            return Ok(Some(Expr::call(function, vec![value, Expr::List(keys)])));
        }
        if let ("delete", [key], Expr::Name(_)) = (name, given, &value) {
            let kind = self.kind_of(&value);
            // A symbol is the key of a map.
            if kind == Type::Map || kind == Type::Unknown && key.as_symbol_node().is_some() {
                return Ok(Some(value.method("remove", vec![self.key(key)?])));
            }
        }
        let found = METHODS
            .iter()
            .find(|(own, count, _)| *own == name && *count == given.len());
        let Some((_, _, function)) = found else { return Ok(None) };
        let mut values = vec![value];
        for node in given {
            values.push(if *function == "ruby_key" {
                self.expression(node)?
            } else {
                self.key(node)?
            });
        }
        Ok(Some(Expr::call(function, values)))
    }

    /// Reads a method with a block that a function does here; `None` for any other.
    pub(super) fn as_function_with_block(
        &mut self,
        name: &str,
        call: &CallNode<'_>,
        value: &Expr,
    ) -> Read<Option<Expr>> {
        let Some((function, behind)) = find(WITH_BLOCKS, name).zip(behind(call)) else {
            return Ok(None);
        };
        let closure = self.closure(behind)?;
        Ok(Some(Expr::call(function, vec![value.clone(), closure])))
    }

    /// Reads a function of a class of Ruby that asks about a file, makes a digest or a random string; `None` for any other.
    pub(super) fn of_ruby_class(&mut self, class: &str, name: &str, given: &[Node<'_>]) -> Read<Option<Expr>> {
        if let ("File" | "FileTest", Some(question), [path]) = (class, find(QUESTIONS, name), given) {
            let values = vec![Expr::text(question), self.expression(path)?];
            return Ok(Some(Expr::call("ruby_tests", values)));
        }
        if let ("hexdigest", Some(program), [text]) = (name, find(DIGESTS, class), given) {
            let values = vec![Expr::text(program), self.expression(text)?];
            return Ok(Some(Expr::call("ruby_digest", values)));
        }
        let value = match (class, name, given) {
            ("File", "zero?" | "empty?", [path]) => {
                let values = vec![Expr::text("-s"), self.expression(path)?];
                Expr::Not(Box::new(Expr::call("ruby_tests", values)))
            }
            ("File", "path", [path]) => self.expression(path)?,
            ("File", "binread", [path]) => Expr::call("read_file", vec![self.expression(path)?]),
            ("Dir", "empty?", [path]) => {
                let names = self.names_in(path, "children")?;
                names.method("is_empty", Vec::new())
            }
            ("Dir", "each_child", [path]) => self.names_in(path, "children")?,
            ("SecureRandom", "base64" | "urlsafe_base64" | "alphanumeric", [] | [_]) => {
                let remark = "`SecureRandom`: random hexadecimal digits stand for other random characters";
                self.remarks.push(remark.to_owned());
                let count = given
                    .first()
                    .map_or(Ok(Expr::number(16)), |count| self.expression(count))?;
                Expr::call("random_hex", vec![count])
            }
            // The names of the entries of a map are strings here, whatever they were.
            ("ActiveSupport::HashWithIndifferentAccess" | "HashWithIndifferentAccess", "new", [map]) => {
                self.expression(map)?
            }
            ("Array" | "Set", "new", []) => Expr::List(Vec::new()),
            ("Array", "new", [count, value]) => {
                let count = counted(self.expression(count)?);
                count.method("map", vec![Expr::function_of("number", self.expression(value)?)])
            }
            ("String", "new", []) => Expr::text(""),
            ("Set", "new", [list]) => reduced("uniq", self.expression(list)?),
            ("Base64", "decode64" | "strict_decode64", [text]) => {
                Expr::call("base64_decode", vec![self.expression(text)?])
            }
            ("Date", "strptime", [text, format]) => {
                let moment = Expr::call("parse_time", vec![self.expression(text)?, self.expression(format)?]);
                Expr::call("format_time", vec![moment, Expr::text("%Y-%m-%d")])
            }
            ("IPSocket" | "Resolv", "getaddress", [host]) => Expr::call("ruby_address", vec![self.expression(host)?]),
            // The address stands in the fourth place of each.
            ("Socket", "getaddrinfo", [host, ..]) => {
                let address = Expr::call("ruby_address", vec![self.expression(host)?]);
                Expr::List(vec![Expr::List(vec![
                    Expr::text("AF_INET"),
                    Expr::number(0),
                    address.clone(),
                    address,
                ])])
            }
            ("URI", "escape" | "encode", [text]) => Expr::call("ruby_uri_escaped", vec![self.expression(text)?]),
            ("CGI", "escape", [text]) | ("URI", "encode_www_form_component", [text]) => {
                Expr::call("ruby_form_escaped", vec![self.expression(text)?])
            }
            ("ENV", "delete", [name]) => Expr::name("ENV").method("remove", vec![self.expression(name)?]),
            _ => return Ok(None),
        };
        Ok(Some(value))
    }

    /// Reads `Digest::MD5.file("x").hexdigest`; `None` for anything else.
    pub(super) fn digest_of_file(&mut self, name: &str, receiver: &Node<'_>) -> Read<Option<Expr>> {
        let file = receiver
            .as_call_node()
            .filter(|call| id(&call.name()) == "file" && name == "hexdigest");
        let class = file.as_ref().and_then(CallNode::receiver).as_ref().and_then(constant);
        let program = class.and_then(|class| find(DIGESTS, &class));
        let (Some(file), Some(program)) = (file, program) else {
            return Ok(None);
        };
        let values = self.expressions(&arguments(&file, false).values)?;
        let path = values.into_iter().next().unwrap_or(Expr::Unit);
        Ok(Some(Expr::call("ruby_file_digest", vec![Expr::text(program), path])))
    }

    /// Reads a block that is given what it needs once: `File.open("x") { |file| … }` for reading, `Dir.mktmpdir { |dir| … }`,
    /// `IO.popen("ls") { |out| … }` and `Bundler.with_clean_env { … }`; `None` for anything else.
    pub(super) fn block_run_once(&mut self, class: &str, name: &str, call: &CallNode<'_>) -> Read<Option<Block>> {
        let Some(behind) = behind(call).filter(|behind| !behind.is_odd && behind.rescue.is_none()) else {
            return Ok(None);
        };
        let given = arguments(call, false).values;
        if let ("Array", "new", [count]) = (class, name, given.as_slice()) {
            let list = counted(self.expression(count)?);
            let closure = match self.closure(behind)? {
                Expr::Closure(names, body) if names.is_empty() => Expr::Closure(vec!["number".to_owned()], body),
                closure => closure,
            };
            return Ok(Some(Block::giving(list.method("map", vec![closure]))));
        }
        let (value, kind) = match (class, name, given.as_slice()) {
            ("File", "open", [path] | [path, _]) if super::methods::is_mode_of_reading(given.get(1)) => {
                (Some(Expr::call("read_file", vec![self.expression(path)?])), Type::Text)
            }
            ("IO", "popen", [command]) => (
                Some(Expr::call("run_locally", vec![self.expression(command)?])),
                Type::Text,
            ),
            ("Dir", "mktmpdir", _) => (Some(Expr::call("temp_dir", Vec::new())), Type::Text),
            // capr runs in no environment of Bundler.
            ("Bundler", "with_clean_env" | "with_unbundled_env" | "with_original_env", [])
            | ("Benchmark", "realtime", []) => (None, Type::Unknown),
            _ => return Ok(None),
        };
        self.scopes.push(std::collections::BTreeMap::new());
        let mut lines = Vec::new();
        if let (Some(name), Some(value)) = (behind.parameters.first(), value) {
            let local = Local {
                kind,
                ..Local::default()
            };
            let written = self.declare(name, local);
            lines.push(Line::new(Statement::Let(written, value)));
        }
        let is_timed = class == "Benchmark";
        let block = self.all_statements(&statements(behind.body.as_ref()), behind.end, !is_timed);
        self.scopes.pop();
        let mut block = block?;
        if is_timed {
            let (begun, now) = (self.free_name("begun"), Expr::call("unix_time", Vec::new()));
            let took = now.clone().binary("-", Expr::name(&begun));
            lines.push(Line::new(Statement::Let(begun, now)));
            block.lines.push(Line::new(Statement::Value(took)));
            block.gives = true;
        }
        lines.extend(block.lines);
        self.carry(&format!("{class}.{name}"));
        Ok(Some(Block {
            lines,
            gives: block.gives,
        }))
    }

    /// Reads `map.each_with_index do |(key, value), index|`; `None` for anything else.
    pub(super) fn each_pair_with_index(&mut self, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<Option<Line>> {
        let Some((key, value, index)) = destructured(call) else {
            return Ok(None);
        };
        let Some(behind) = behind(call) else { return Ok(None) };
        let list = self.expression(receiver)?;
        let list = Expr::call("ruby_pairs", vec![list]);
        let pair = self.free_name("pair");
        let part = |at: i64| Expr::Index(Box::new(Expr::name(&pair)), Box::new(Expr::number(at)));
        self.given.extend([(key.clone(), part(0)), (value.clone(), part(1))]);
        let names = [(pair.clone(), Type::List), (index, Type::Number)];
        let nodes = statements(behind.body.as_ref());
        let line = self.each(&names, list, &nodes, behind.end);
        self.given.retain(|name, _| *name != key && *name != value);
        Ok(Some(line))
    }

    /// Reads `x &&= y`: it gets the value if it has one already.
    pub(super) fn and_assignment(&mut self, node: &Node<'_>) -> Read<Option<Vec<Line>>> {
        let Some(write) = node.as_local_variable_and_write_node() else {
            return Ok(None);
        };
        let target = self.read_local(&id(&write.name()))?;
        let value = self.expression(&write.value())?;
        let there = target.clone().binary("!=", Expr::Unit);
        let given = Block::of(vec![Line::new(Statement::Assign(target, "=", value))]);
        Ok(Some(vec![Line::new(Statement::Value(Expr::If(
            vec![(there, given)],
            None,
        )))]))
    }

    /// Reads `hash.store(key, value)` and `record.name = value` as assignments; `None` for anything else.
    pub(super) fn stored(&mut self, name: &str, receiver: &Node<'_>, given: &[Node<'_>]) -> Read<Option<Vec<Line>>> {
        let (key, value) = match (name, given) {
            ("store", [key, value]) => (self.key(key)?, value),
            (name, [value]) if name.ends_with('=') && receiver.as_local_variable_read_node().is_some() => {
                let owner = self.expression(receiver)?;
                let is_record = self.kind_of(&owner) == Type::Record;
                let member = name.trim_end_matches('=');
                if !is_record || member.is_empty() || !member.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                {
                    return Ok(None);
                }
                (Expr::text(member), value)
            }
            _ => return Ok(None),
        };
        let place = Expr::Index(Box::new(self.expression(receiver)?), Box::new(key));
        let value = self.expression(value)?;
        Ok(Some(vec![Line::new(Statement::Assign(place, "=", value))]))
    }

    /// Returns the paths that `linked_files(shared_path)` and `linked_dirs(shared_path)` of Capistrano 3 give.
    pub(super) fn linked_below(&mut self, name: &str, given: &[Node<'_>]) -> Read<Option<Expr>> {
        let ("linked_files" | "linked_dirs", [below], 3) = (name, given, self.facts.version) else {
            return Ok(None);
        };
        let path = Expr::call("join_path", vec![self.expression(below)?, Expr::name("item")]);
        let list = Expr::call("fetch", vec![Expr::symbol(name), Expr::List(Vec::new())]);
        Ok(Some(list.method("map", vec![Expr::function_of("item", path)])))
    }

    /// Reads `send(run_method, "…")` and `send(:run, "…")`.
    pub(super) fn sent(&mut self, call: &CallNode<'_>) -> Read<Option<Vec<Line>>> {
        let given = arguments(call, true);
        let [word, command] = given.values.as_slice() else {
            return Ok(None);
        };
        let mut options = self.options("run", &given.pairs)?;
        let written = literal(word).filter(|word| matches!(word.as_str(), "run" | "sudo"));
        let verb = match &written {
            Some(verb) => verb.as_str(),
            None => {
                options.push(("via".to_owned(), self.expression(word)?));
                "invoke_command"
            }
        };
        let command = self.command(command)?;
        Ok(Some(vec![Line::verb(Call {
            options,
            ..Call::new(verb, vec![command])
        })]))
    }

    /// Reads `send(:name)`, and `send(name)` where a loop gives the names of variables; `None` for anything else.
    pub(super) fn sent_alone(&mut self, given: &[Node<'_>]) -> Read<Option<Expr>> {
        let Some(word) = given.first() else { return Ok(None) };
        if let Some(name) = literal(word) {
            return self.fragment(&name, &[], false).map(Some);
        }
        let names = names(word, &self.listed).filter(|_| self.facts.version < 3);
        let is_variable =
            |name: &String| renamed(name) == name && (self.facts.is_variable(name) || self.facts.is_of_library(name));
        // What the function sets is a variable.
        let sets = |name: String| {
            let begins = ["set ", "set(", "fetch ", "fetch(", "exists?("].map(|word| format!("{word}{name}"));
            self.facts.version < 3 && begins.iter().any(|begin| self.mentions(begin))
        };
        let is_set = word
            .as_local_variable_read_node()
            .is_some_and(|local| sets(id(&local.name())));
        match is_set || names.is_some_and(|names| names.iter().all(is_variable)) {
            true => Ok(Some(Expr::call("fetch", vec![self.expression(word)?, Expr::Unit]))),
            false => Ok(None),
        }
    }

    /// Reads what `throw` ends with where nothing catches it.
    pub(super) fn thrown(&mut self, call: &CallNode<'_>) -> Read<Expr> {
        let tag = arguments(call, false).values.into_iter().next();
        let shown = match tag {
            Some(tag) => match literal(&tag) {
                Some(text) if tag.as_string_node().is_some() => vec![Part::Text(format!("{text:?}"))],
                Some(_) => vec![Part::Text(source(&tag))],
                None => self.expression(&tag)?.parts(),
            },
            None => Vec::new(),
        };
        let said = vec![Part::Text("uncaught throw ".to_owned())];
        Ok(string(said.into_iter().chain(shown).collect()))
    }

    /// Reads `exit`, with its status.
    pub(super) fn exit(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let given = arguments(call, false);
        let code = match given.values.as_slice() {
            [] => Expr::number(0),
            [code] if code.as_true_node().is_some() => Expr::number(0),
            [code] if code.as_false_node().is_some() => Expr::number(1),
            [code] => self.expression(code)?,
            _ => return self.refuse(Kind::Construct, "`exit` with several values"),
        };
        Ok(vec![Line::new(Statement::Value(Expr::call("exit", vec![code])))])
    }
}

/// Returns the names in `|(key, value), index|`.
fn destructured(call: &CallNode<'_>) -> Option<(String, String, String)> {
    let block = call.block()?.as_block_node()?;
    let list = block.parameters()?.as_block_parameters_node()?.parameters()?;
    let required: Vec<Node<'_>> = list.requireds().iter().collect();
    let [pair, index] = required.as_slice() else {
        return None;
    };
    let pair = pair.as_multi_target_node()?;
    let parts: Vec<Node<'_>> = pair.lefts().iter().collect();
    let [key, value] = parts.as_slice() else { return None };
    let name = |node: &Node<'_>| node.as_required_parameter_node().map(|node| id(&node.name()));
    Some((name(key)?, name(value)?, name(index)?))
}

/// Returns true for `Etc.getpwuid.name`, the account that runs the recipe.
pub(super) fn is_account(node: &Node<'_>) -> bool {
    matches!(
        source(node).as_str(),
        "Etc.getpwuid.name" | "Etc.getpwuid(Process.uid).name" | "Etc.getpwuid(Process.euid).name"
    )
}
