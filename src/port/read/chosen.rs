//! Templates of ERB whose file is known only when a task runs: all that the path can be are translated, and the path chooses one of them.

use ruby_prism::Node;

use super::super::form::{Block, Call, Expr, Line, Part, Statement, string};
use super::super::nodes::each_node;
use super::super::note::{Read, Unported};
use super::super::paths::{RubyPath, RubyPaths, folder, normal, way};
use super::super::project::is_erb;
use super::Reader;
use super::templates::rendered;

/// The most templates among which a path chooses.
const MOST: usize = 40;

/// The mark of a value in a path.
const HOLE: char = '\u{e000}';

impl Reader<'_> {
    /// Reads a template in a file whose path is computed; `None` if nothing tells which files it can be.
    pub(super) fn chosen_template(&mut self, template: &Expr, trims: bool) -> Read<Option<Expr>> {
        let Some(path) = self.computed_path(template) else {
            return Ok(None);
        };
        let (mut is_whole, mut is_guessed) = (false, false);
        let (subject, files) = match self.among_patterns(&path).filter(|(_, files)| !files.is_empty()) {
            Some(found) => found,
            None => {
                is_whole = true;
                let named = self.named_in_file();
                is_guessed = named.is_empty();
                if is_guessed {
                    self.among_all(path)
                } else {
                    (path, named)
                }
            }
        };
        let is_mentioned = |file: &str| {
            let name = file.rsplit('/').next().unwrap_or(file);
            String::from_utf8_lossy(self.text).contains(name.trim_end_matches(".erb"))
        };
        if files.is_empty()
            && self.facts.is_on_disk
            && !self
                .facts
                .templates
                .keys()
                .any(|file| is_erb(file) && !file.starts_with("app/") && gem_of(file).is_none())
            && self.names_templates_of_project()
        {
            // The project has no templates, so nothing that is filled in is there.
            let missing = string(vec![
                Part::Text("No such file or directory - ".to_owned()),
                Part::Value(subject),
            ]);
            return Ok(Some(Expr::Block(Block::of(vec![Line::new(Statement::Throw(missing))]))));
        }
        if files.is_empty() || files.len() > MOST {
            return Ok(None);
        }
        // A path that is a value as a whole is another one where the recipe lies: its end tells the file.
        let asked = match is_whole {
            true => {
                let keys = files.iter().map(|(key, _)| Expr::text(key)).collect();
                Expr::call("ruby_ending", vec![subject.clone(), Expr::List(keys)])
            }
            // A name that is a number is chosen by its text.
            false if files.iter().any(|(key, _)| key.parse::<u64>().is_ok()) => {
                Expr::Template(vec![Part::Value(subject.clone())])
            }
            false => subject.clone(),
        };
        let (mut arms, mut others) = (Vec::new(), Vec::new());
        for (key, file) in files {
            let text = self.facts.templates.get(&file).cloned().unwrap_or_default();
            let filled = match self.translated(vec![Part::Text(text)], trims, &[]) {
                Ok((text, pairs)) => Block::giving(rendered(text, pairs)),
                Err(unported) => {
                    let reason = match unported.reason.starts_with(&file) {
                        true => unported.reason,
                        false => format!("{file}: {}", unported.reason),
                    };
                    if (is_guessed || !is_erb(&file)) && !is_mentioned(&file) {
                        others.push((key, reason));
                        continue;
                    }
                    return Err(Unported { reason, ..unported });
                }
            };
            arms.push((vec![Expr::Text(key)], filled));
        }
        if arms.is_empty() {
            return Ok(None);
        }
        let others = others.into_iter().map(|(key, reason)| {
            let ends = Statement::Throw(Expr::Text(format!("the template was not carried over: {reason}")));
            (vec![Expr::Text(key)], Block::of(vec![Line::new(ends)]))
        });
        arms.extend(others);
        let missing = string(vec![
            Part::Text("No such file or directory - ".to_owned()),
            Part::Value(subject.clone()),
        ]);
        let otherwise = Block::of(vec![Line::new(Statement::Throw(missing))]);
        self.remarks
            .push("templates whose name is computed stand in the recipe, and the name chooses one".to_owned());
        self.carry("a template that is chosen");
        Ok(Some(Expr::Switch(Box::new(asked), arms, Some(otherwise))))
    }

    /// Returns true if all templates that this file names lie where those of a project are looked for.
    fn names_templates_of_project(&self) -> bool {
        const FOLDERS: [&str; 3] = ["config/", "lib/", "templates/"];
        // A function that is copied into another file is read without those that stood around it.
        let file = self.file;
        let beside = self.facts.functions.values().filter(|function| function.file == file);
        let mut text = String::from_utf8_lossy(self.text).into_owned();
        for function in beside {
            text.push('\n');
            text.push_str(&function.source);
        }
        let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let mut named = code.flat_map(|line| {
            let before = line.match_indices(".erb").filter_map(|(at, _)| line.get(..at));
            before.map(|before| before.rsplit(['"', '\'']).next().unwrap_or(before))
        });
        let is_below = |path: &str| FOLDERS.iter().any(|folder| path.starts_with(folder));
        named.next().is_some_and(is_below) && named.all(is_below)
    }

    /// Reads `File.exist?` of a template whose name is computed: it is there if it is one of those that stand in the recipe.
    pub(super) fn is_a_template(&self, path: &Expr) -> Option<Expr> {
        let path = self.path_in(path.clone());
        let has_value = pieces(&path, "")?.iter().any(|part| matches!(part, Part::Value(_)));
        let (subject, files) = self.among_patterns(&path)?;
        if !has_value || files.is_empty() || files.len() > MOST || !files.iter().all(|(_, file)| is_erb(file)) {
            return None;
        }
        let keys = files.into_iter().map(|(key, _)| Expr::Text(key)).collect();
        Some(Expr::List(keys).method("contains", vec![subject]))
    }

    /// Returns the path in `File.read(path)` if something in it is known only when it runs.
    fn computed_path(&mut self, template: &Expr) -> Option<Expr> {
        let read = match template {
            Expr::Name(name) => self.texts.get(name)?.clone(),
            other => other.clone(),
        };
        let Expr::Call(Call { name, arguments, .. }) = read else {
            return None;
        };
        let path = arguments.into_iter().next().filter(|_| name == "read_file")?;
        let path = self.path_in(path);
        let is_computed = pieces(&path, "").is_none_or(|parts| parts.iter().any(|part| matches!(part, Part::Value(_))));
        if is_computed && let Expr::Name(name) = template {
            self.spent.insert(name.clone());
        }
        is_computed.then_some(path)
    }

    /// Returns a path with the texts of the locals in it.
    pub(super) fn path_in(&self, path: Expr) -> Expr {
        self.spelled(path, 0)
    }

    fn spelled(&self, path: Expr, depth: usize) -> Expr {
        let all = |values: Vec<Expr>| values.into_iter().map(|value| self.spelled(value, depth + 1)).collect();
        match path {
            path if depth > 5 => path,
            Expr::Name(name) => match self.texts.get(&name) {
                Some(text) if depth == 0 => text.clone(),
                Some(text @ (Expr::Text(_) | Expr::Template(_))) => text.clone(),
                Some(Expr::Call(call)) if call.name != "read_file" => Expr::Call(call.clone()),
                _ => Expr::Name(name),
            },
            Expr::Call(call) if matches!(call.name.as_str(), "dirname" | "expand_path" | "join_path") => {
                Expr::Call(Call {
                    arguments: all(call.arguments),
                    ..call
                })
            }
            Expr::Binary("+", left, right) => self
                .spelled(*left, depth + 1)
                .binary("+", self.spelled(*right, depth + 1)),
            path => path,
        }
    }

    /// Returns the folder of the file whose code is read, as the recipe that is written reaches it.
    pub(super) fn folder_here(&self) -> Expr {
        let own = Expr::call("dirname", vec![Expr::call("recipe_file", Vec::new())]);
        match self.way_to_code() {
            Some((way, _)) if !way.is_empty() => Expr::call("expand_path", vec![Expr::Text(way), own]),
            _ => own,
        }
    }

    /// Returns `__FILE__` of the code that is read.
    pub(super) fn file_here(&self) -> Expr {
        match self.way_to_code() {
            Some((_, name)) => Expr::call("join_path", vec![self.folder_here(), Expr::text(name)]),
            None => Expr::call("recipe_file", Vec::new()),
        }
    }

    /// Returns the way from the folder of the recipe to that of the code, and the name of its file, for code of another file.
    fn way_to_code(&self) -> Option<(String, &str)> {
        let facts = self.facts;
        let is_other = self.file != self.written_for
            && facts.in_gem(self.file).is_none()
            && facts.in_gem(self.written_for).is_none();
        let path = facts.files.get(self.file).filter(|_| is_other)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        Some((way(self.folder_of_recipe()?, folder(path)), name))
    }

    fn folder_of_recipe(&self) -> Option<&str> {
        let folder = folder(self.facts.files.get(self.written_for)?);
        Some(if folder.is_empty() { "." } else { folder })
    }

    /// Returns the path below the project of a file at a place that is written out.
    pub(super) fn file_below_root(&self, path: &Expr) -> Option<String> {
        let (text, holes) = with_holes(path, self.folder_of_recipe()?)?;
        normal(&text).filter(|_| holes.is_empty() && !text.starts_with(['/', '~']))
    }

    /// Returns a path beside this file as one that begins at the root of the project.
    pub(super) fn path_below_root(&self, path: &Expr) -> Option<Expr> {
        let (text, holes) = with_holes(path, self.folder_of_recipe()?)?;
        Some(string(with_values(&normal(&text)?, holes)))
    }

    /// Returns the templates that a path with values in it can name, each with the text that chooses it, and the value that this text is of.
    fn among_patterns(&self, path: &Expr) -> Option<(Expr, Vec<(String, String)>)> {
        let (text, mut holes) = with_holes(path, self.folder_of_recipe()?)?;
        let text = normal(&text)?;
        // A path that is a value as a whole says nothing.
        let (before, after) = (text.split(HOLE).next()?, text.rsplit(HOLE).next()?);
        if before.is_empty() {
            return None;
        }
        let pattern = glob::Pattern::new(&text.replace(HOLE, "*")).ok()?;
        let files = self.facts.templates.keys().filter(|file| pattern.matches(file));
        if let [_] = holes.as_slice() {
            let key = |file: &String| {
                let key = file.strip_prefix(before)?.strip_suffix(after)?;
                Some((key.to_owned(), file.clone()))
            };
            return Some((holes.pop()?, files.filter_map(key).collect()));
        }
        let whole = with_values(&text, holes);
        Some((string(whole), files.map(|file| (file.clone(), file.clone())).collect()))
    }

    /// Returns all templates that a path with an unknown beginning can name: those with its ending.
    fn among_all(&self, path: Expr) -> (Expr, Vec<(String, String)>) {
        let own = self.facts.files.get(self.file).map_or("", String::as_str);
        let parts = self.folder_of_recipe().and_then(|folder| with_holes(&path, folder));
        let (subject, ending) = match parts {
            Some((text, mut holes)) if holes.len() == 1 => {
                let ending = text.rsplit(HOLE).next().unwrap_or_default().to_owned();
                (holes.pop().unwrap_or(path), ending)
            }
            _ => (path, String::new()),
        };
        let files = self
            .facts
            .templates
            .keys()
            .filter(|file| !file.starts_with("app/") && gem_of(file) == gem_of(own));
        let files = files.filter(|file| is_erb(file) || !ending.is_empty());
        let files = files.filter_map(|file| Some((file.strip_suffix(&ending)?.to_owned(), file.clone())));
        (subject, files.collect())
    }

    /// Returns the templates that the strings of this file can name, for a path that a function of it returns.
    fn named_in_file(&self) -> Vec<(String, String)> {
        let own = self.facts.files.get(self.file).map_or("", String::as_str);
        let paths = RubyPaths::of_project(own);
        let mut patterns: Vec<String> = Vec::new();
        let mut see = |node: &Node<'_>| {
            let path = node.as_interpolated_string_node().and_then(|_| paths.path(node));
            patterns.extend(path.filter(|path| path.ends_with(".erb")));
            true
        };
        each_node(&ruby_prism::parse(self.text).node(), &mut see);
        // A function that is copied into another file is read without those that stood around it.
        let functions = self.facts.functions.values();
        let file = self.file;
        for function in functions.filter(|function| function.file == file) {
            each_node(&ruby_prism::parse(function.source.as_bytes()).node(), &mut see);
        }
        let patterns = patterns.iter().filter_map(|path| match RubyPaths::place(path)? {
            RubyPath::Named(path) if !path.starts_with('*') => glob::Pattern::new(&path).ok(),
            _ => None,
        });
        let patterns: Vec<glob::Pattern> = patterns.collect();
        let files = self.facts.templates.keys();
        let files = files.filter(|file| patterns.iter().any(|pattern| pattern.matches(file)));
        files.map(|file| (file.clone(), file.clone())).collect()
    }
}

/// Returns the gem in whose folder a file is.
fn gem_of(path: &str) -> Option<&str> {
    path.strip_prefix("lib/gems/")?.split('/').next()
}

/// Returns the text of a path with a mark for each value in it, and the values.
fn with_holes(path: &Expr, folder: &str) -> Option<(String, Vec<Expr>)> {
    let (mut text, mut holes) = (String::new(), Vec::new());
    for part in pieces(path, folder)? {
        match part {
            Part::Text(more) => text.push_str(&more),
            Part::Value(value) => {
                holes.push(value);
                text.push(HOLE);
            }
        }
    }
    Some((text, holes))
}

/// Returns the parts of such a text.
fn with_values(text: &str, holes: Vec<Expr>) -> Vec<Part> {
    let mut values = holes.into_iter();
    let mut whole = Vec::new();
    for (index, piece) in text.split(HOLE).enumerate() {
        if index > 0 {
            whole.extend(values.next().map(Part::Value));
        }
        whole.push(Part::Text(piece.to_owned()));
    }
    whole
}

/// Returns the parts of a path; `folder` is that of the recipe.
fn pieces(path: &Expr, folder: &str) -> Option<Vec<Part>> {
    let joined = |arguments: &[Expr]| {
        let mut parts = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            if index > 0 {
                parts.push(Part::Text("/".to_owned()));
            }
            parts.extend(pieces(argument, folder)?);
        }
        Some(parts)
    };
    match path {
        Expr::Text(_) | Expr::Template(_) => Some(path.clone().parts()),
        Expr::Name(_) | Expr::Index(..) | Expr::Member(..) => Some(vec![Part::Value(path.clone())]),
        Expr::Call(call) => match (call.name.as_str(), call.arguments.as_slice()) {
            ("join_path", parts) => joined(parts),
            ("expand_path", [path]) => pieces(path, folder),
            // The name of the file stands for a directory, which `..` leaves.
            ("recipe_file", []) => Some(vec![Part::Text(format!("{folder}/recipe"))]),
            ("expand_path", [path, base]) => joined(&[base.clone(), path.clone()]),
            ("dirname", [Expr::Call(of)]) => match (of.name.as_str(), of.arguments.as_slice()) {
                ("recipe_file", _) => Some(vec![Part::Text(folder.to_owned())]),
                ("expand_path", [of]) => pieces(&Expr::call("dirname", vec![of.clone()]), folder),
                _ => None,
            },
            ("fetch", _) => Some(vec![Part::Value(path.clone())]),
            _ => None,
        },
        Expr::Binary("+", left, right) => {
            let mut parts = pieces(left, folder)?;
            parts.extend(pieces(right, folder)?);
            Some(parts)
        }
        _ => None,
    }
}
