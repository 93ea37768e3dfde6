//! The variables of a recipe: eager, or lazy and then evaluated once, at the first read; and who set them.
//!
//! The value type is the recipe layer's; nothing here evaluates anything.

use indexmap::IndexMap;

use super::BlockId;
use crate::origin::Origin;

/// Who sets a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setter {
    /// capr itself.
    Capr,
    /// `-p`: the person was asked.
    Person,
    /// `-S name=value`.
    Before,
    /// `-s name=value`.
    After,
    /// The stage that was named.
    Stage,
    /// `set`; the place is not known where a script has none.
    Recipe(Option<Origin>),
    /// `set_default`: holds only where nobody else has set it.
    Default(Option<Origin>),
}

/// That somebody has set a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Who, and where.
    pub by: Setter,
    /// Whether with a block.
    pub is_lazy: bool,
}

/// One variable.
#[derive(Clone, Debug)]
struct Variable<V> {
    value: Option<V>,
    lazy: Option<BlockId>,
    setting: Setting,
    /// The settings that do not hold, in order; of each place the last alone, so that a loop does not fill the memory.
    overridden: Vec<Setting>,
}

/// What a read finds.
#[derive(Clone, Debug, PartialEq)]
pub enum Read<V> {
    /// The value.
    Value(V),
    /// A block that is to be evaluated now; its value goes to [`Variables::evaluated`].
    Lazy(BlockId),
    /// No such variable.
    Unknown,
}

/// All variables, by name. A name is the same given as text or as symbol.
#[derive(Clone, Debug)]
pub struct Variables<V>(IndexMap<String, Variable<V>>);

impl<V> Default for Variables<V> {
    fn default() -> Self {
        Self(IndexMap::new())
    }
}

impl<V: Clone> Variables<V> {
    /// Sets a value; a lazy block of that name is forgotten.
    pub fn set(&mut self, name: &str, value: V, by: Setter) {
        self.insert(name, Some(value), None, by);
    }

    /// Sets a block, evaluated at the first read.
    pub fn set_lazy(&mut self, name: &str, block: BlockId, by: Setter) {
        self.insert(name, None, Some(block), by);
    }

    fn insert(&mut self, name: &str, value: Option<V>, lazy: Option<BlockId>, by: Setter) {
        let setting = Setting {
            by,
            is_lazy: lazy.is_some(),
        };
        let mut overridden = Vec::new();
        if let Some(before) = self.0.get_mut(name) {
            overridden = std::mem::take(&mut before.overridden);
            overridden.push(before.setting.clone());
            overridden.retain(|other| other.by != setting.by);
        }
        let variable = Variable {
            value,
            lazy,
            setting,
            overridden,
        };
        self.0.insert(name.to_owned(), variable);
    }

    /// Takes note of a default that does not hold, as the variable is set.
    pub fn overrides(&mut self, name: &str, default: Setting) {
        if let Some(variable) = self.0.get_mut(name)
            && variable.setting.by != default.by
        {
            variable.overridden.retain(|other| other.by != default.by);
            variable.overridden.push(default);
        }
    }

    /// Who has set it, and the settings that do not hold, in order.
    pub fn settings(&self, name: &str) -> Option<(&Setting, &[Setting])> {
        let variable = self.0.get(name)?;
        Some((&variable.setting, &variable.overridden))
    }

    /// Reads without evaluating.
    pub fn read(&self, name: &str) -> Read<V> {
        match self.0.get(name) {
            Some(Variable { value: Some(value), .. }) => Read::Value(value.clone()),
            Some(Variable { lazy: Some(block), .. }) => Read::Lazy(*block),
            _ => Read::Unknown,
        }
    }

    /// Keeps the value of a lazy variable, unless it was set anew while its block ran.
    pub fn evaluated(&mut self, name: &str, block: BlockId, value: V) {
        if let Some(variable) = self.0.get_mut(name)
            && variable.lazy == Some(block)
        {
            variable.value = Some(value);
        }
    }

    /// Whether the name is set, to whatever value.
    pub fn exists(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Forgets the variable and its block.
    pub fn unset(&mut self, name: &str) {
        self.0.shift_remove(name);
    }

    /// Makes a lazy variable that was read lazy again. False, and nothing changed, for any other.
    pub fn reset(&mut self, name: &str) -> bool {
        match self.0.get_mut(name) {
            Some(variable) if variable.lazy.is_some() => variable.value.take().is_some(),
            _ => false,
        }
    }

    /// All names, in the order they were first set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Whether a variable may have this name: it begins with a small letter or `_` and goes on with letters, digits and `_`.
pub fn is_variable_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c == '_' || c.is_ascii_lowercase())
        && characters.all(|c| c == '_' || c.is_ascii_alphanumeric())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{BlockId, Read, Setter, Setting, Variables, is_variable_name};
    use crate::origin::Origin;

    fn recipe(line: usize) -> Setter {
        Setter::Recipe(Some(Origin {
            file: "x.rhai".into(),
            line,
            column: 1,
        }))
    }

    #[test]
    fn v3_reset_makes_only_a_lazy_variable_that_was_read_lazy_again() {
        let mut variables = Variables::default();
        variables.set_lazy("a", BlockId(1), recipe(1));
        assert!(!variables.reset("a"));
        variables.evaluated("a", BlockId(1), 7);
        assert_eq!(variables.read("a"), Read::Value(7));
        assert!(variables.reset("a"));
        assert_eq!(variables.read("a"), Read::Lazy(BlockId(1)));
        variables.set("b", 1, recipe(2));
        assert!(!variables.reset("b"));
        assert!(!variables.reset("c"));
    }

    #[test]
    fn v8_unset_forgets_value_and_block() {
        let mut variables: Variables<i64> = Variables::default();
        variables.set_lazy("a", BlockId(1), recipe(1));
        variables.unset("a");
        assert!(!variables.exists("a"));
        assert!(!variables.reset("a"));
    }

    #[test]
    fn a_value_set_while_the_block_ran_wins() {
        let mut variables = Variables::default();
        variables.set_lazy("a", BlockId(1), recipe(1));
        variables.set("a", 2, recipe(2));
        variables.evaluated("a", BlockId(1), 1);
        assert_eq!(variables.read("a"), Read::Value(2));
    }

    #[test]
    fn every_setting_is_remembered_and_of_each_place_the_last_alone() {
        let mut variables = Variables::default();
        let setting = |by: Setter, is_lazy| Setting { by, is_lazy };
        variables.set("a", 1, Setter::Before);
        for turn in 0..3 {
            variables.set("a", turn, recipe(1));
        }
        variables.set_lazy("a", BlockId(1), recipe(2));
        variables.set("a", 1, recipe(1));
        let default = setting(Setter::Default(None), true);
        variables.overrides("a", default.clone());
        variables.overrides("a", default.clone());
        let (holds, overridden) = variables.settings("a").unwrap();
        assert_eq!(*holds, setting(recipe(1), false));
        assert_eq!(
            overridden,
            [setting(Setter::Before, false), setting(recipe(2), true), default]
        );
        assert_eq!(variables.settings("b"), None);
    }

    #[test]
    fn v7_a_variable_begins_with_a_small_letter() {
        for (name, valid) in [
            ("a_1", true),
            ("_x", true),
            ("Upper", false),
            ("", false),
            ("a-b", false),
            ("1a", false),
        ] {
            assert_eq!(is_variable_name(name), valid, "{name}");
        }
    }
}
