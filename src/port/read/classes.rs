//! Reads classes of Ruby and of Capistrano as functions that do the same.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line, Part, Statement, string};
use super::super::note::{Kind, Lack, Read};
use super::super::ruby::{arguments, behind, constant, id, source};
use super::Reader;
use super::locals::Type;

impl Reader<'_> {
    /// Reads `File.join(a, b)` and similar calls.
    pub(super) fn class_method(&mut self, class: &str, name: &str, call: &CallNode<'_>) -> Read<Expr> {
        if self.facts.modules.have(class, name) {
            return self.own_function(call, name);
        }
        let given = arguments(call, false);
        if let (("Hash", "[]"), [], Some(pairs)) = ((class, name), given.values.as_slice(), call.arguments())
            && let Some(pairs) = pairs.arguments().iter().next()
        {
            return self.expression(&pairs);
        }
        if call.block().is_none()
            && given.pairs.is_empty()
            && let Some(value) = self.of_ruby_class(class, name, &given.values)?
        {
            self.carry(&format!("{class}.{name}"));
            return Ok(value);
        }
        if class == "Kernel"
            && let Some(value) = self.word_value(call, name)?
        {
            return Ok(value);
        }
        if class == "ENV" {
            return self.environment(name, &given.values, call);
        }
        if let Some(value) = self.request_of_class(class, name, call)? {
            return Ok(value);
        }
        if class == "Open3"
            && let Some(value) = self.open3_block(call)?
        {
            return Ok(value);
        }
        if let Some(block) = self.block_run_once(class, name, call)? {
            return Ok(Expr::Block(block));
        }
        if class == "HighLine"
            && let Some(asked) = self.asked_people(name, call)?
        {
            return Ok(asked);
        }
        // Capistrano's own question looks at no block.
        if call.block().is_some() && !matches!((class, name), ("Dir", "chdir") | ("Capistrano::CLI", "password_prompt"))
        {
            return self.lacks(
                Kind::Construct,
                Lack::Class(of_ruby(class, name)),
                format!("`{class}.{name}` with a block"),
            );
        }
        if matches!((class, name), ("File", "expand_path" | "absolute_path" | "realpath")) {
            return self.expand_path(&given.values);
        }
        if (class, name) == ("File", "dirname")
            && given
                .values
                .first()
                .is_some_and(|node| node.as_source_file_node().is_some())
        {
            return Ok(self.folder_here());
        }
        if let ("Dir", "entries" | "children" | "new" | "open", [dir]) = (class, name, given.values.as_slice()) {
            let method = if name == "children" { name } else { "entries" };
            return self.names_in(dir, method);
        }
        if let Some(command) = self.file_command(class, name, call)? {
            return Ok(command);
        }
        if let ("Dotenv", "load" | "overload" | "load!" | "overload!") = (class, name) {
            return self.dotenv(name, &given.values);
        }
        if (class, name) == ("OpenStruct", "new") && !given.pairs.is_empty() && !given.has_splat {
            return Ok(Expr::call("ruby_record", vec![self.map(&given.pairs)?]));
        }
        if let Some(value) = self.class_value((class, name), &given.values, &call.as_node())? {
            return Ok(value);
        }
        if let ("ARGV", Some(receiver)) = (class, call.receiver()) {
            return self.method_of(name, call, &receiver);
        }
        if let ("Rake::Task", "execute" | "invoke" | "reenable") = (class, name) {
            let reason = format!("`{name}` of the class: only a task has it, `Rake::Task[\"…\"].{name}`");
            let error = format!("undefined method `{name}' for Rake::Task:Class");
            return Err(self.always_fails(&reason, &error));
        }
        let Some(function) = function_of(class, name) else {
            let reason = format!("`{class}.{name}` is a function of Ruby, of a gem or of the application");
            return self.no_class(of_ruby(class, name), reason);
        };
        let mut values = self.expressions(&given.values)?;
        if values.is_empty() && matches!(function, "to_json" | "to_yaml") {
            // This is `JSON.generate(a: 1)`.
            values.push(self.map(&given.pairs)?);
        }
        if matches!(
            function,
            "read_yaml" | "parse_json" | "to_json" | "to_yaml" | "read_file"
        ) {
            values.truncate(1);
        }
        if name.starts_with("pretty_") {
            values.push(Expr::Bool(true));
        }
        self.carry(&format!("{class}.{name}"));
        if let ("file_exists" | "ruby_is_file", [path]) = (function, values.as_slice())
            && let Some(among) = self.is_a_template(path)
        {
            return Ok(among);
        }
        if matches!(
            function,
            "file_exists"
                | "ruby_is_file"
                | "dir_exists"
                | "read_file"
                | "write_file"
                | "read_yaml"
                | "glob"
                | "expand_path"
        ) && let Some(first) = values.first_mut()
        {
            *first = self.in_local_dir(first.clone());
        }
        if function != "glob" {
            return Ok(Expr::call(function, values));
        }
        // A list has its patterns for itself.
        let lists = values.into_iter().flat_map(|value| match value {
            Expr::List(patterns) => patterns,
            pattern => vec![pattern],
        });
        let lists: Vec<Expr> = lists
            .map(|pattern| match self.kind_of(&pattern) {
                Type::List => Expr::call("ruby_glob", vec![pattern]),
                _ => super::loads::as_recipe(Expr::call("glob", vec![pattern])),
            })
            .collect();
        Ok(lists
            .into_iter()
            .reduce(|all, list| all.binary("+", list))
            .unwrap_or(Expr::List(Vec::new())))
    }

    /// Reads a call that becomes more than a call of one function.
    fn class_value(&mut self, (class, name): (&str, &str), given: &[Node<'_>], call: &Node<'_>) -> Read<Option<Expr>> {
        let on_this_machine = |words| Expr::call("run_locally", vec![words]);
        Ok(Some(match (class, name) {
            ("Net::SSH::Proxy::Command" | "StringIO" | "Pathname", "new") => self.first(given)?,
            ("Net::SSH::Proxy::Jump", "new") => {
                let mut parts = vec![Part::Text("ssh -W %h:%p ".to_owned())];
                parts.extend(self.first(given)?.parts());
                string(parts)
            }
            ("File", "size") => Expr::call("ruby_stat", vec![Expr::text("%s"), self.first(given)?]),
            ("Date", "parse") => Expr::call("ruby_day", vec![self.first(given)?]),
            ("Process", "pid") => Expr::call("ruby_pid", Vec::new()),
            ("Process", "clock_gettime") => Expr::call("unix_time", Vec::new()),
            ("Figaro", "load") => self.figaro()?,
            // An open file is what it holds.
            ("File", "open" | "new") if super::methods::is_mode_of_reading(given.get(1)) && given.len() < 3 => {
                Expr::call("read_file", vec![self.first(given)?])
            }
            ("File" | "IO", "readlines") => {
                let text = Expr::call("read_file", vec![self.first(given)?]);
                Expr::call("lines", vec![text])
            }
            ("Dir" | "FileUtils", "pwd" | "getwd") => {
                let here = self.local_dir.clone().unwrap_or_else(|| Expr::text("."));
                Expr::call("expand_path", vec![here])
            }
            ("Dir", "home") if given.is_empty() => environment_name("HOME"),
            ("Shellwords", "join" | "shelljoin") => super::ruby_methods::joined_for_shell(self.first(given)?),
            ("URI", "parse") | ("Addressable::URI", "parse") => Expr::call("ruby_uri", vec![self.first(given)?]),
            ("Capistrano::DSL", "stages") if !self.facts.stages.is_empty() => {
                Expr::List(self.facts.stages.iter().map(|stage| Expr::text(stage)).collect())
            }
            ("OpenStruct", "new") if given.len() <= 1 => match given.first() {
                Some(values) => Expr::call("ruby_record", vec![self.expression(values)?]),
                None => Expr::call("ruby_record", vec![Expr::Map(Vec::new())]),
            },
            ("Hash", "[]") if given.len() == 1 => Expr::call("ruby_map", vec![self.first(given)?]),
            ("SecureRandom", "uuid") => Expr::call("ruby_uuid", Vec::new()),
            ("SecureRandom" | "Random", "random_number" | "rand") if given.len() == 1 => self.random(given)?,
            ("SecureRandom", "hex") if given.is_empty() => Expr::call("random_hex", vec![Expr::number(16)]),
            ("Paint", "[]") => self.first(given)?,
            ("ARGV", "include?" | "member?") => self.first(given)?.binary("in", Expr::call("arguments", Vec::new())),
            ("ARGV", "[]") if matches!(given, [at] if at.as_range_node().is_none()) => {
                Expr::call("arguments", Vec::new()).method("get", vec![self.first(given)?])
            }
            ("Dotenv::Parser", "call") | ("Dotenv::Parser", "new") => {
                Expr::call("ruby_env_text", vec![self.first(given)?])
            }
            ("Dotenv", "parse") => {
                let files = match given {
                    [] => vec![Expr::text(".env")],
                    files => self.expressions(files)?,
                };
                Expr::call("ruby_env_files", vec![Expr::List(files)])
            }
            ("ARGV", "first" | "last") if given.is_empty() => {
                let at = if name == "first" { 0 } else { -1 };
                Expr::call("arguments", Vec::new()).method("get", vec![Expr::number(at)])
            }
            ("Capistrano", "dry_run?") => Expr::call("fetch", vec![Expr::symbol("dry_run"), Expr::Bool(false)]),
            ("Math", "sqrt") => self
                .first(given)?
                .method("to_float", Vec::new())
                .method("sqrt", Vec::new()),
            ("Rails", "env") if self.facts.variables.contains_key("rails_env") => self.variable("rails_env"),
            ("YAML" | "Psych", "load" | "safe_load") => self.yaml(given)?,
            ("Time" | "DateTime" | "Date", "now" | "today") | ("Time", "new") if given.is_empty() => {
                super::times::as_text(class)
            }
            ("File" | "Time" | "DateTime", _) if let Some(time) = self.seconds(call)? => super::times::local_time(time),
            ("Process", "kill") if given.len() == 2 => {
                let mut words = vec![Expr::text("kill"), Expr::text("-s")];
                words.extend(self.expressions(given)?);
                on_this_machine(Expr::List(words))
            }
            ("Etc", "getlogin") => environment_name("USER"),
            ("HighLine", "color") => self.first(given)?,
            ("Gem::Version", "new" | "create") | ("Versionomy", "parse") => {
                Expr::call("ruby_version_of", vec![self.first(given)?])
            }
            ("Gem::Version", "correct?") => {
                let version = Expr::text("^\\s*([0-9]+(\\.[0-9a-zA-Z]+)*(-[0-9A-Za-z.-]+)?)?\\s*$");
                Expr::call("matches", vec![self.first(given)?, version])
            }
            ("Rake::Task", "task_defined?") => return Ok(self.is_defined_task(call)),
            ("Regexp", "last_match") if let [group] = given => match source(group).parse() {
                Ok(number) => self.group(number)?,
                Err(_) => return Ok(None),
            },
            ("Socket", "gethostname") => Expr::call("chomp", vec![on_this_machine(Expr::text("hostname"))]),
            // What is added to an entry that is missing is added to nothing here, too.
            ("Hash", "new") if given.iter().all(|default| source(default) == "0") => Expr::Map(Vec::new()),
            ("String", "new") => self.first(given)?,
            ("Array", "[]") => Expr::List(self.expressions(given)?),
            // Names that are no patterns stay in the list.
            ("FileList" | "Rake::FileList", "[]" | "new")
                if !given.iter().any(|node| source(node).contains(['*', '?', '{'])) =>
            {
                Expr::List(self.expressions(given)?)
            }
            _ => return Ok(None),
        }))
    }

    /// Reads `Dotenv.load`: what the environment does not have yet comes from the files.
    fn dotenv(&mut self, function: &str, given: &[Node<'_>]) -> Read<Expr> {
        let mut files = self.expressions(given)?;
        if files.is_empty() {
            files.push(Expr::text(".env"));
        }
        let (values, name) = (self.free_name("values"), self.free_name("name"));
        let place = |owner: Expr| Expr::Index(Box::new(owner), Box::new(Expr::name(&name)));
        let mut lines = Vec::new();
        for file in files {
            let is_missing = Expr::Not(Box::new(Expr::name(&name).binary("in", Expr::name("ENV"))));
            let taken = Statement::Assign(place(Expr::name("ENV")), "=", place(Expr::name(&values)));
            let taken = Block::of(vec![Line::new(taken)]);
            let each = match function.starts_with("overload") {
                true => taken,
                false => Block::of(vec![Line::new(Statement::Value(Expr::If(
                    vec![(is_missing, taken)],
                    None,
                )))]),
            };
            let then = Block::of(vec![
                Line::new(Statement::Let(
                    values.clone(),
                    Expr::call("env_file", vec![file.clone()]),
                )),
                Line::new(Statement::For(
                    vec![name.clone()],
                    Expr::name(&values).method("keys", Vec::new()),
                    each,
                )),
            ]);
            let there = Expr::call("file_exists", vec![file]);
            lines.push(Line::new(Statement::Value(Expr::If(vec![(there, then)], None))));
        }
        self.carry("Dotenv.load");
        match lines.as_slice() {
            [
                Line {
                    statement: Statement::Value(only),
                    ..
                },
            ] => Ok(only.clone()),
            _ => Ok(Expr::Block(Block::of(lines))),
        }
    }

    pub(super) fn first(&mut self, given: &[Node<'_>]) -> Read<Expr> {
        match given.first() {
            Some(node) => self.expression(node),
            None => Ok(Expr::text("")),
        }
    }

    /// Reads `YAML.load(File.read(path))`.
    fn yaml(&mut self, given: &[Node<'_>]) -> Read<Expr> {
        let Some(node) = given.first() else {
            return self.refuse(Kind::Construct, "`YAML.load` of nothing");
        };
        if let Some(path) = self.filled_file(node)? {
            return Ok(plain_yaml(path));
        }
        Ok(match self.expression(node)? {
            Expr::Call(call) if call.name == "read_file" => Expr::call("read_yaml", call.arguments),
            text => Expr::call("parse_yaml", vec![text]),
        })
    }

    /// Returns the path in `ERB.new(File.read(path)).result` if the file is none of the templates that were read.
    fn filled_file(&mut self, node: &Node<'_>) -> Read<Option<Expr>> {
        let Some(result) = node.as_call_node().filter(|call| id(&call.name()) == "result") else {
            return Ok(None);
        };
        let new = result.receiver().and_then(|new| new.as_call_node());
        let Some(new) = new.filter(|new| {
            id(&new.name()) == "new" && new.receiver().as_ref().and_then(constant).as_deref() == Some("ERB")
        }) else {
            return Ok(None);
        };
        let given = arguments(&new, false).values;
        let Some(Expr::Call(call)) = given.first().map(|text| self.expression(text)).transpose()? else {
            return Ok(None);
        };
        let path = call.arguments.first().filter(|_| call.name == "read_file");
        let is_template = path
            .and_then(Expr::literal)
            .is_some_and(|path| self.facts.templates.contains_key(path));
        Ok(path.filter(|_| !is_template).cloned())
    }

    /// Reads `ENV["X"]` and `ENV.fetch("X", "y")`.
    fn environment(&mut self, name: &str, given: &[Node<'_>], call: &CallNode<'_>) -> Read<Expr> {
        let env = Expr::name("ENV");
        let (Some(key), rest) = (given.first(), given.get(1)) else {
            return match name {
                "keys" | "values" if call.block().is_none() => Ok(env.method(name, Vec::new())),
                "to_h" | "to_hash" if call.block().is_none() => Ok(env),
                _ => self.refuse(Kind::Construct, format!("`ENV.{name}`")),
            };
        };
        let key = self.expression(key)?;
        let value = Expr::Index(Box::new(env.clone()), Box::new(key.clone()));
        match (name, rest) {
            ("[]", None) => Ok(value),
            ("fetch", Some(default)) => Ok(value.binary("??", self.expression(default)?)),
            ("fetch", None) => match behind(call) {
                Some(behind) => match self.closure(behind)? {
                    Expr::Closure(_, body) => match body.value().cloned() {
                        Some(default) => Ok(value.binary("??", default)),
                        None => self.refuse(Kind::Construct, "`ENV.fetch` with a longer block"),
                    },
                    _ => self.refuse(Kind::Construct, "`ENV.fetch` with a block"),
                },
                None => {
                    let shown = key.literal().unwrap_or("it");
                    let ends = Expr::call("abort", vec![Expr::Text(format!("{shown} is not in the environment"))]);
                    Ok(value.binary("??", ends))
                }
            },
            ("key?" | "has_key?" | "include?", None) => Ok(key.binary("in", env)),
            _ => self.refuse(Kind::Construct, format!("`ENV.{name}`")),
        }
    }

    /// Reads `File.expand_path("../x", __FILE__)`, in which the file counts as a part of its path.
    fn expand_path(&mut self, given: &[Node<'_>]) -> Read<Expr> {
        match given {
            [path, base] if base.as_source_file_node().is_some() => {
                let (file, here) = (self.file_here(), self.folder_here());
                let path = match joined(self.expression(path)?) {
                    Expr::Text(path) => path,
                    Expr::Template(mut parts) => {
                        let beside = match parts.first_mut() {
                            Some(Part::Text(text)) => {
                                text.strip_prefix("../").map(str::to_owned).map(|rest| *text = rest)
                            }
                            _ => None,
                        };
                        let base = if beside.is_some() { here } else { file };
                        return Ok(Expr::call("expand_path", vec![string(parts), base]));
                    }
                    path => return Ok(Expr::call("expand_path", vec![path, file])),
                };
                match path.strip_prefix("../") {
                    Some(rest) => Ok(Expr::call("expand_path", vec![Expr::text(rest), here])),
                    None if path == ".." => Ok(here),
                    None if path.starts_with(['/', '~']) => Ok(Expr::call("expand_path", vec![Expr::text(&path)])),
                    None => self.refuse(Kind::Construct, "a path below this file"),
                }
            }
            [path, base] => {
                let (path, base) = (self.expression(path)?, self.expression(base)?);
                Ok(Expr::call("expand_path", vec![path, base]))
            }
            [path] => Ok(Expr::call("expand_path", vec![self.expression(path)?])),
            _ => self.refuse(Kind::Construct, "`File.expand_path` of nothing"),
        }
    }

    /// Reads calls on the result of a class: `Time.now.strftime("…")`, `Capistrano::CLI.ui.ask("…")`, `ERB.new(x).result`.
    pub(super) fn of_class_chain(
        &mut self,
        name: &str,
        call: &CallNode<'_>,
        receiver: &Node<'_>,
    ) -> Read<Option<Expr>> {
        if self.is_people(receiver) {
            return self.asked_people(name, call);
        }
        let Some(inner) = receiver.as_call_node() else {
            return Ok(None);
        };
        let inner_name = id(&inner.name());
        let class = inner.receiver().as_ref().and_then(constant);
        let given = arguments(call, false);
        let value = match (class.as_deref(), inner_name.as_str(), name) {
            (Some("Time" | "DateTime" | "Date"), "now" | "today" | "new", "strftime")
                if arguments(&inner, false).values.is_empty() =>
            {
                let format = self.expressions(&given.values)?;
                Expr::call("now", format)
            }
            (Some("Time"), "now", "to_i") => Expr::call("unix_time", Vec::new()),
            (Some("Time"), "now", "utc" | "getutc") => Expr::call("utc_now", vec![Expr::text("%Y-%m-%d %H:%M:%S UTC")]),
            (Some(class @ ("Time" | "DateTime" | "Date")), "now" | "today" | "new", "to_s")
                if arguments(&inner, false).values.is_empty() =>
            {
                super::times::as_text(class)
            }
            (Some("ERB"), "new", "result") => return self.template(&inner).map(Some),
            (Some("File"), "stat" | "lstat", "size" | "uid" | "gid") => {
                let letter = match name {
                    "size" => "%s",
                    "uid" => "%u",
                    _ => "%g",
                };
                let path = self.first(&arguments(&inner, false).values)?;
                Expr::call("ruby_stat", vec![Expr::text(letter), path])
            }
            (Some("Figaro"), "env", name) => super::figaro::of_environment(name),
            (Some("Figaro"), "application", "load") => self.figaro()?,
            (None, "utc" | "getutc", "strftime") if source(receiver).starts_with("Time.now") => {
                Expr::call("utc_now", self.expressions(&given.values)?)
            }
            (None, "gets", "chomp" | "strip") if inner.receiver().is_none() => Expr::call("ask", vec![Expr::text("")]),
            _ => return Ok(None),
        };
        Ok(Some(value))
    }
}

/// Returns a string that is added up as one with the values filled in.
fn joined(value: Expr) -> Expr {
    fn parts_of(value: Expr, into: &mut Vec<Part>) {
        match value {
            Expr::Binary("+", left, right) => {
                parts_of(*left, into);
                parts_of(*right, into);
            }
            value => into.extend(super::strings::filled(value).parts()),
        }
    }
    if !matches!(&value, Expr::Binary("+", ..)) {
        return value;
    }
    let mut parts = Vec::new();
    parts_of(value, &mut parts);
    string(parts)
}

/// Returns the function of recipes that takes the same arguments and gives the same.
fn function_of<'a>(class: &str, name: &'a str) -> Option<&'a str> {
    Some(match (class, name) {
        ("File" | "Pathname", "join") => "join_path",
        ("File", "dirname" | "basename" | "extname") => name,
        ("File" | "FileTest", "exist?" | "exists?" | "readable?") => "file_exists",
        ("File" | "FileTest", "file?") => "ruby_is_file",
        ("File" | "Dir", "directory?") | ("Dir", "exist?" | "exists?") => "dir_exists",
        ("File" | "IO", "read") => "read_file",
        ("File" | "IO", "write") => "write_file",
        ("Dir", "[]" | "glob") => "glob",
        ("Dir", "mktmpdir" | "tmpdir") => "temp_dir",
        ("YAML" | "Psych", "load_file" | "safe_load_file" | "unsafe_load_file") => "read_yaml",
        ("YAML" | "Psych", "dump") => "to_yaml",
        ("JSON", "dump" | "generate" | "pretty_generate" | "unparse" | "pretty_unparse") => "to_json",
        ("JSON", "parse" | "load") => "parse_json",
        ("SecureRandom", "hex") => "random_hex",
        ("Shellwords", "escape" | "shellescape") => "quote",
        ("Base64", "strict_encode64" | "encode64") => "base64",
        ("Digest::SHA256", "hexdigest") => "sha256",
        ("ERB::Util", "url_encode" | "u") => "url_escape",
        ("Capistrano::CLI", "password_prompt") => "password_prompt",
        _ => return None,
    })
}

/// Returns the name of what has no form: the class, or the one function if the class comes with Ruby.
fn of_ruby(class: &str, name: &str) -> String {
    const RUBY: &[&str] = &[
        "Array",
        "Benchmark",
        "Bundler",
        "CGI",
        "Comparable",
        "Date",
        "DateTime",
        "Dir",
        "ERB",
        "Etc",
        "File",
        "FileUtils",
        "Hash",
        "IO",
        "JSON",
        "Kernel",
        "Logger",
        "Math",
        "Net::HTTP",
        "Net::SSH",
        "Object",
        "Open3",
        "Pathname",
        "Process",
        "Rake",
        "Regexp",
        "SecureRandom",
        "Shellwords",
        "Socket",
        "String",
        "Struct",
        "Tempfile",
        "Time",
        "Timeout",
        "URI",
        "YAML",
    ];
    match RUBY.contains(&class) {
        true => format!("{class}.{name}"),
        false => class.to_owned(),
    }
}

pub(super) fn environment_name(name: &str) -> Expr {
    Expr::Index(Box::new(Expr::name("ENV")), Box::new(Expr::text(name)))
}

/// Returns the values of a YAML file that Ruby fills in as a template. Most have no marks of one; a file with marks ends the run.
fn plain_yaml(path: Expr) -> Expr {
    let text = Expr::name("text");
    let marked = text.clone().method("contains", vec![Expr::text("<%")]);
    let mut parts = path.clone().parts();
    parts.push(Part::Text(
        ": capr does not fill in templates of ERB: write the values into it".to_owned(),
    ));
    let ends = Block::of(vec![Line::verb(Call::new("abort", vec![string(parts)]))]);
    let lines = vec![
        Line::new(Statement::Let("text".to_owned(), Expr::call("read_file", vec![path]))),
        Line::new(Statement::Value(Expr::If(vec![(marked, ends)], None))),
        Line::new(Statement::Value(Expr::call("parse_yaml", vec![text]))),
    ];
    Expr::Block(Block { lines, gives: true })
}
