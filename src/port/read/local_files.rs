//! Reads functions that change files of this machine as the programs that do the same.

use ruby_prism::{CallNode, Node};

use super::super::form::{Call, Expr, Line};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, constant, id, literal, source};
use super::Reader;
use super::locals::Type;

/// The functions of `FileUtils` that Rake, and with it Capistrano 3, offers without the name of the module.
const BARE: &[&str] = &[
    "chmod", "chmod_R", "chown", "chown_R", "cp", "cp_r", "copy", "ln", "ln_s", "ln_sf", "mkdir", "mkdir_p", "mv",
    "rm", "rm_f", "rm_r", "rm_rf", "rmdir", "touch",
];

/// Returns the words of the program that does the same as a function.
fn words_of(class: &str, name: &str) -> Option<&'static [&'static str]> {
    Some(match (class, name) {
        ("FileUtils", "mkdir_p" | "makedirs" | "mkpath") => &["mkdir", "-p"],
        ("FileUtils" | "Dir", "mkdir") => &["mkdir"],
        ("FileUtils", "rm_rf" | "rmtree" | "remove_dir" | "remove_entry_secure") => &["rm", "-rf"],
        ("FileUtils", "rm_r") => &["rm", "-r"],
        ("FileUtils", "rm_f" | "safe_unlink") => &["rm", "-f"],
        ("FileUtils", "rm" | "remove") | ("File", "delete" | "unlink") => &["rm"],
        ("FileUtils", "rmdir") | ("Dir", "rmdir" | "delete" | "unlink") => &["rmdir"],
        ("FileUtils", "cp" | "copy" | "copy_file") => &["cp"],
        ("FileUtils", "cp_r") => &["cp", "-R"],
        ("FileUtils", "mv" | "move") | ("File", "rename") => &["mv"],
        ("FileUtils", "touch") => &["touch"],
        ("FileUtils", "ln" | "link") => &["ln"],
        ("FileUtils", "ln_s" | "symlink") | ("File", "symlink") => &["ln", "-s"],
        ("FileUtils", "ln_sf") => &["ln", "-sf"],
        ("FileUtils" | "File", "chmod") => &["chmod"],
        ("FileUtils", "chmod_R") => &["chmod", "-R"],
        ("FileUtils", "chown") => &["chown"],
        ("FileUtils", "chown_R") => &["chown", "-R"],
        _ => return None,
    })
}

/// Returns true for a call that names files, and does not find them here from the directory of `Dir.chdir`.
pub(super) fn names_files_otherwise(call: &CallNode<'_>) -> bool {
    let class = call.receiver().as_ref().and_then(constant).unwrap_or_default();
    let is_of_files = matches!(
        class.as_str(),
        "File" | "Dir" | "FileUtils" | "IO" | "YAML" | "Pathname"
    );
    is_of_files && !follows_directory(&class, &id(&call.name()), call)
}

/// Returns true for a call that finds its files from the directory of `Dir.chdir` here as well.
fn follows_directory(class: &str, name: &str, call: &CallNode<'_>) -> bool {
    let is_of_paths = matches!(
        (class, name),
        ("File", "join" | "basename" | "dirname" | "extname") | ("Dir", "pwd")
    );
    let looks = matches!(
        (class, name),
        ("File", "exist?" | "exists?" | "file?" | "read" | "write" | "directory?")
            | ("Dir", "exist?" | "exists?")
            | ("YAML", "load_file")
    );
    let is_moved = words_of(class, name).is_some() || matches!(name, "cd" | "chdir");
    is_of_paths || is_moved || looks && call.block().is_none()
}

impl Reader<'_> {
    /// Reads `mkdir_p "x"`, which is `FileUtils.mkdir_p` in Rake.
    pub(super) fn bare_file_command(&mut self, call: &CallNode<'_>, name: &str) -> Read<Option<Expr>> {
        match BARE.contains(&name) && call.receiver().is_none() && call.block().is_none() {
            true => self.file_command("FileUtils", name, call),
            false => Ok(None),
        }
    }

    /// Reads a function that changes files of this machine.
    pub(super) fn file_command(&mut self, class: &str, name: &str, call: &CallNode<'_>) -> Read<Option<Expr>> {
        let Some(words) = words_of(class, name) else {
            return Ok(None);
        };
        let given = arguments(call, false);
        let mut all: Vec<Expr> = words.iter().map(|word| Expr::text(word)).collect();
        for (key, value) in &given.pairs {
            let is_on = value.as_true_node().is_some();
            match literal(key).as_deref() {
                Some("verbose" | "noop" | "secure") => {}
                Some("force") if is_on => all.push(Expr::text("-f")),
                Some("preserve") if is_on => all.push(Expr::text("-p")),
                Some("force" | "preserve") if value.as_false_node().is_some() => {}
                Some("mode") if name.starts_with("mkdir") => {
                    all.push(Expr::text("-m"));
                    all.push(self.mode_of(value)?);
                }
                other => {
                    let shown = other.unwrap_or("…").to_owned();
                    return self.refuse(Kind::Construct, format!("`{class}.{name}` with `{shown}`"));
                }
            }
        }
        all.push(Expr::text("--"));
        let mut nodes: &[Node<'_>] = &given.values;
        match (name, nodes) {
            ("chmod" | "chmod_R", [mode, rest @ ..]) => {
                all.push(self.mode_of(mode)?);
                nodes = rest;
            }
            ("chown" | "chown_R", [user, group, rest @ ..]) => {
                let mut parts = Vec::new();
                for (node, before) in [(user, ""), (group, ":")] {
                    if node.as_nil_node().is_none() {
                        parts.extend(Expr::text(before).parts());
                        parts.extend(self.expression(node)?.parts());
                    }
                }
                all.push(super::super::form::string(parts));
                nodes = rest;
            }
            _ => {}
        }
        let mut all = Expr::List(all);
        for value in self.expressions(nodes)? {
            all = match (all, value) {
                (Expr::List(mut all), Expr::List(more)) => {
                    all.extend(more);
                    Expr::List(all)
                }
                (all, value) if self.kind_of(&value) == Type::List => all.binary("+", value),
                (Expr::List(mut all), value) => {
                    all.push(value);
                    Expr::List(all)
                }
                (all, value) => all.binary("+", Expr::List(vec![value])),
            };
        }
        self.carry(&format!("{class}.{name}"));
        let dir = self.local_dir.clone().map(|dir| ("dir".to_owned(), dir));
        Ok(Some(Expr::Call(Call {
            options: dir.into_iter().collect(),
            ..Call::new("run_locally", vec![all])
        })))
    }

    /// Reads the mode of a file: `0644` is a string here.
    fn mode_of(&mut self, node: &Node<'_>) -> Read<Expr> {
        let written = source(node);
        let digits = written.trim_start_matches("0o").trim_start_matches('0');
        match node.as_integer_node().is_some() && written.starts_with('0') && !digits.is_empty() {
            true => Ok(Expr::text(digits)),
            false if node.as_integer_node().is_some() => self.refuse(Kind::Construct, "a mode that is not octal"),
            false => self.expression(node),
        }
    }

    /// Returns the statement of a command on this machine.
    pub(super) fn file_command_line(&mut self, call: &CallNode<'_>, name: &str) -> Read<Option<Vec<Line>>> {
        let value = self.bare_file_command(call, name)?;
        Ok(value.map(|value| vec![Line::new(super::super::form::Statement::Value(value))]))
    }

    /// Returns the path of a file on this machine, which may be named from the directory of `Dir.chdir`.
    pub(super) fn in_local_dir(&self, path: Expr) -> Expr {
        match &self.local_dir {
            Some(dir) if path.literal().is_none_or(|path| !path.starts_with('/')) => {
                Expr::call("expand_path", vec![path, dir.clone()])
            }
            _ => path,
        }
    }
}
