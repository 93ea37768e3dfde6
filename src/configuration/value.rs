//! Plain values of options and of server attributes.

use indexmap::IndexMap;
use serde::{Serialize, Serializer};

/// A value of an option or an attribute, as a recipe writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `()`: an explicit nothing.
    Unit,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A string or a symbol.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map, in the order in which it is written.
    Map(IndexMap<String, Value>),
}

/// The attributes that a recipe gives a server in a role, or demands of one: `primary: true`.
pub(crate) type Attributes = IndexMap<String, Value>;

/// Serializes the value. JSON has no number for infinity and NaN, so these become strings.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unit => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) if value.is_finite() => serializer.serialize_f64(*value),
            Self::Float(value) => serializer.collect_str(value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Map(map) => serializer.collect_map(map),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Self {
        Self::List(value)
    }
}
