//! Reads what files of gems have and other recipes have not: paths beside the file, helpers in modules, defaults of variables.

use ruby_prism::{CallNode, Node};

use super::super::form::{Call, Expr, Line};
use super::super::gems::{changed_word, is_plugin};
use super::super::note::{Kind, Lack, Read, Unported};
use super::super::paths;
use super::super::ruby::{
    Offsets, arguments, bare, behind, constant, content, id, last_part, literal, loaded_path, statements,
};
use super::Reader;

impl Reader<'_> {
    /// Reads the loading of a file of a gem; `None` if it is anything else that is loaded.
    pub(super) fn load_from_gem(&mut self, call: &CallNode<'_>, name: &str) -> Read<Option<Vec<Line>>> {
        let given = arguments(call, false).values;
        let facts = self.facts;
        let Some(own) = facts.in_gem(self.file) else {
            let [only] = given.as_slice() else { return Ok(None) };
            return Ok(loaded_path(only).and_then(|path| self.of_gem(&path)));
        };
        let mut lines = Vec::new();
        for node in &given {
            let Some(path) = paths::loaded(name, node, own) else {
                return Ok(None);
            };
            match facts.gems.loads.get(&(self.file, path.clone())) {
                Some(files) if !files.is_empty() => lines.extend(self.loaded(files, name)),
                _ if path.starts_with('/') => {
                    let shown = path.trim_start_matches('/').to_owned();
                    let reason = format!("the gem has no file `{shown}` that could be read");
                    return self.lacks(Kind::Name, Lack::File(shown), reason);
                }
                _ if super::is_at_hand(facts, &path) => return Ok(None),
                // Other libraries of Ruby: what needs them has a note of its own.
                _ => {}
            }
        }
        Ok(Some(lines))
    }

    /// Returns the lines that load the file of a gem which a recipe names; `None` for anything else.
    pub(super) fn of_gem(&mut self, path: &str) -> Option<Vec<Line>> {
        let gems = &self.facts.gems;
        if self.facts.in_gem(self.file).is_none() && gems.plain.contains(path) {
            self.remarks.push(format!(
                "`{path}` is plain Ruby and is not loaded: what needs it has a note of its own"
            ));
            return Some(Vec::new());
        }
        let file = gems.files.get(path).filter(|_| self.facts.in_gem(self.file).is_none());
        file.map(|file| self.loaded(&[*file], "require"))
    }

    /// Reads `Dir.glob("#{__dir__}/tasks/*.rake").each { |file| load file }` in a file of a gem.
    pub(super) fn load_each_from_gem(&mut self, call: &CallNode<'_>, list: &Node<'_>) -> Option<Vec<Line>> {
        let own = self.facts.in_gem(self.file)?;
        let pattern = paths::pattern(list, own)?;
        let behind = behind(call)?;
        let nodes = statements(behind.body.as_ref());
        let [only] = nodes.as_slice() else { return None };
        let load = only.as_call_node()?;
        let verb = id(&load.name());
        let is_load = matches!(verb.as_str(), "load" | "import" | "require") && load.receiver().is_none();
        let files = self.facts.gems.loads.get(&(self.file, pattern)).filter(|_| is_load)?;
        Some(self.loaded(files, &verb))
    }

    /// Returns the lines that load these files, of those that are recipes.
    fn loaded(&self, files: &[usize], verb: &str) -> Vec<Line> {
        let verb = if verb.starts_with("require") { "require" } else { "load" };
        let own = self.facts.recipes.get(self.file).map_or("", String::as_str);
        let recipes = files.iter().filter(|file| self.facts.written.contains(file));
        let recipes = recipes.filter_map(|file| self.facts.recipes.get(*file));
        let line = |recipe: &String| Line::verb(Call::new(verb, vec![Expr::Text(relative(own, recipe))]));
        recipes.map(line).collect()
    }

    /// Returns true for the condition of `require "x" unless defined?(X)` in a gem: a file is required once here, too.
    pub(super) fn is_guard(&self, condition: &Node<'_>) -> bool {
        let asked = condition.as_defined_node().map(|asked| asked.value());
        self.facts.in_gem(self.file).is_some() && asked.as_ref().and_then(constant).is_some()
    }

    /// Reads the task `load:defaults` of Capistrano 3: it runs before `config/deploy.rb` is read, when the stage is known. Its statements
    /// stand where it is defined.
    pub(super) fn defaults(&mut self, call: &CallNode<'_>) -> Option<Vec<Line>> {
        let given = arguments(call, true).values;
        let name = given.first().and_then(literal)?;
        if self.facts.version < 3 || self.full_name(&name) != "load:defaults" {
            return None;
        }
        let behind = behind(call)?;
        let nodes = statements(behind.body.as_ref());
        let is_new = !self.facts.stages.is_empty() && self.late.insert("stage".to_owned());
        let lines = self.statements(&nodes, behind.end, false).lines;
        if is_new {
            self.late.remove("stage");
        }
        Some(lines)
    }

    /// Reads a module or a class of a gem. Its functions are written where they are called, and what needs an object of it has a note of
    /// its own, so nothing stands here but the content of a plugin; `None` if the node is anything else.
    pub(super) fn code_of_gem(&mut self, node: &Node<'_>) -> Option<Vec<Line>> {
        self.facts.in_gem(self.file)?;
        if let Some(module) = node.as_module_node() {
            let nodes = content(module.body().as_ref());
            if let Some(word) = changed_word(&module) {
                let unported = Unported::new(Kind::Code, format!("the gem changes what `{word}` does"));
                return Some(vec![self.noted(node, unported)]);
            }
            let inner = nodes.iter().map(|node| self.code_of_gem(node).unwrap_or_default());
            return Some(inner.flatten().collect());
        }
        let class = node.as_class_node()?;
        let name = constant(&class.constant_path()).unwrap_or_default();
        let is_installed = self.facts.plugins.contains(last_part(&name));
        if !is_installed || !class.superclass().as_ref().is_some_and(is_plugin) {
            return Some(Vec::new());
        }
        let nodes = content(class.body().as_ref());
        let mut lines = Vec::new();
        // Capistrano calls these in this order, and the defaults before it reads `config/deploy.rb`.
        for wanted in ["set_defaults", "define_tasks", "register_hooks"] {
            let methods = nodes.iter().filter_map(Node::as_def_node);
            for method in methods.filter(|method| id(&method.name()) == wanted) {
                let inner = content(method.body().as_ref());
                lines.extend(self.statements(&inner, method.location().end_offset(), false).lines);
            }
        }
        self.carry("a plugin");
        Some(lines)
    }

    /// Reads `CapistranoHelpers.with_configuration do … end`: the block is the recipe.
    pub(super) fn given_to_capistrano(&mut self, call: &CallNode<'_>) -> Option<Vec<Line>> {
        let is_loader = self.facts.loaders.contains(&id(&call.name()));
        call.receiver().as_ref().and_then(constant).filter(|_| is_loader)?;
        let behind = behind(call)?;
        let nodes = statements(behind.body.as_ref());
        Some(self.statements(&nodes, behind.end, false).lines)
    }

    /// Returns true for `include Capistrano::X::Helpers` and its siblings: functions of modules are found by their names here.
    pub(super) fn is_mixing_in(&self, call: &CallNode<'_>) -> bool {
        let is_module =
            |node: &Node<'_>| node.as_constant_path_node().is_some() || node.as_constant_read_node().is_some();
        let given = arguments(call, false).values;
        let receiver = call.receiver();
        let is_of_main = receiver.as_ref().is_none_or(|node| node.as_self_node().is_some());
        match id(&call.name()).as_str() {
            "include" | "extend" => is_of_main && !given.is_empty() && given.iter().all(is_module),
            "send" => {
                let first = given.first().and_then(literal);
                let is_mixing = matches!(first.as_deref(), Some("include" | "extend"));
                is_mixing && given.iter().skip(1).all(is_module) && receiver.is_some_and(|node| bare(&node).is_none())
            }
            _ => false,
        }
    }
}

/// Returns the path of a file as one in another folder would name it.
pub(super) fn relative(from: &str, to: &str) -> String {
    let mut from: Vec<&str> = from.split('/').collect();
    from.pop();
    let to: Vec<&str> = to.split('/').collect();
    let same = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n("..", from.len() - same);
    up.chain(to.into_iter().skip(same)).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn a_path_is_named_from_the_folder_of_the_file_that_loads_it() {
        assert_eq!(relative("Caprfile", "lib/gems/a/lib/b.rhai"), "lib/gems/a/lib/b.rhai");
        assert_eq!(
            relative("config/deploy.rhai", "lib/gems/a/lib/b.rhai"),
            "../lib/gems/a/lib/b.rhai"
        );
        assert_eq!(
            relative("lib/gems/a/lib/b.rhai", "lib/gems/a/lib/tasks/c.rhai"),
            "tasks/c.rhai"
        );
        assert_eq!(
            relative("lib/gems/a/lib/x/b.rhai", "lib/gems/c/lib/d.rhai"),
            "../../../c/lib/d.rhai"
        );
    }
}
