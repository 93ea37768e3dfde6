//! The variables of a recipe, and who has set them. A variable is eager, or it is lazy and evaluated once, at the first read.
//!
//! The type of the values belongs to the recipe layer; nothing is evaluated here.

use indexmap::IndexMap;

use super::BlockId;
use crate::origin::Origin;

/// The one who sets a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setter {
    /// capr itself.
    Capr,
    /// `-p`: the person's answer.
    Person,
    /// `-S name=value`.
    Before,
    /// `-s name=value`.
    After,
    /// The stage that was named on the command line.
    Stage,
    /// `set`; the place is unknown if a script has none.
    Recipe(Option<Origin>),
    /// `set_default`, which counts only if nobody else has set the variable.
    Default(Option<Origin>),
}

/// The fact that somebody has set a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The one who has set it, and the place.
    pub by: Setter,
    /// True if it was set to a block.
    pub is_lazy: bool,
}

/// One variable.
#[derive(Clone, Debug)]
struct Variable<V> {
    value: Option<V>,
    lazy: Option<BlockId>,
    setting: Setting,
    /// The overridden settings, in order. Only the last of each place is kept, so that a loop does not fill the memory.
    overridden: Vec<Setting>,
}

/// The result of reading a variable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum VariableRead<V> {
    /// The value.
    Value(V),
    /// A block that has to be evaluated now; its value goes to [`Variables::evaluated`].
    Lazy(BlockId),
    /// There is no such variable.
    Unknown,
}

/// All variables, by name. A name means the same as a string and as a symbol.
#[derive(Clone, Debug)]
pub(crate) struct Variables<V>(IndexMap<String, Variable<V>>);

impl<V> Default for Variables<V> {
    fn default() -> Self {
        Self(IndexMap::new())
    }
}

impl<V: Clone> Variables<V> {
    /// Sets a value; a lazy block of this name is dropped.
    pub(crate) fn set(&mut self, name: &str, value: V, by: Setter) {
        self.insert(name, Some(value), None, by);
    }

    /// Sets a block that is evaluated at the first read.
    pub(crate) fn set_lazy(&mut self, name: &str, block: BlockId, by: Setter) {
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

    /// Notes a default that has no effect because the variable is set already.
    pub(crate) fn overrides(&mut self, name: &str, default: Setting) {
        if let Some(variable) = self.0.get_mut(name)
            && variable.setting.by != default.by
        {
            variable.overridden.retain(|other| other.by != default.by);
            variable.overridden.push(default);
        }
    }

    /// Returns the setting that counts, and the overridden ones in order.
    pub(crate) fn settings(&self, name: &str) -> Option<(&Setting, &[Setting])> {
        let variable = self.0.get(name)?;
        Some((&variable.setting, &variable.overridden))
    }

    /// Reads a variable without evaluating it.
    pub(crate) fn read(&self, name: &str) -> VariableRead<V> {
        match self.0.get(name) {
            Some(Variable { value: Some(value), .. }) => VariableRead::Value(value.clone()),
            Some(Variable { lazy: Some(block), .. }) => VariableRead::Lazy(*block),
            _ => VariableRead::Unknown,
        }
    }

    /// Keeps the value of a lazy variable, unless the variable was set again while its block ran.
    pub(crate) fn evaluated(&mut self, name: &str, block: BlockId, value: V) {
        if let Some(variable) = self.0.get_mut(name)
            && variable.lazy == Some(block)
        {
            variable.value = Some(value);
        }
    }

    /// Returns true if the variable is set, to whatever value.
    pub(crate) fn exists(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Removes the variable and its block.
    pub(crate) fn unset(&mut self, name: &str) {
        self.0.shift_remove(name);
    }

    /// Makes a lazy variable that was read lazy again. For any other variable nothing changes, and false is returned.
    pub(crate) fn reset(&mut self, name: &str) -> bool {
        match self.0.get_mut(name) {
            Some(variable) if variable.lazy.is_some() => variable.value.take().is_some(),
            _ => false,
        }
    }

    /// Gives the variables of `before` what they were then; those that were added since stay.
    pub(crate) fn restore(&mut self, before: Self) {
        self.0.extend(before.0);
    }

    /// Returns all names, in the order in which they were first set.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Returns true if a variable may have this name: it begins with a small letter or `_` and continues with letters, digits and
/// `_`.
pub(crate) fn is_variable_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c == '_' || c.is_ascii_lowercase())
        && characters.all(|c| c == '_' || c.is_ascii_alphanumeric())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{BlockId, Setter, Setting, VariableRead, Variables, is_variable_name};
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
        assert_eq!(variables.read("a"), VariableRead::Value(7));
        assert!(variables.reset("a"));
        assert_eq!(variables.read("a"), VariableRead::Lazy(BlockId(1)));
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
        assert_eq!(variables.read("a"), VariableRead::Value(2));
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
