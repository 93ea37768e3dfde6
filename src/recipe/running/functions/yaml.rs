//! Reads YAML without changing values: a number counts as one only if it prints in the same way as it is written.

use std::fmt;

use rhai::{Array, Dynamic};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error, Location, Spanned};

use crate::recipe::language::values::map;

/// Returns the value of a YAML document.
pub(super) fn value(text: &str) -> Result<Dynamic, Error> {
    let options = serde_saphyr::options! { with_snippet: false, legacy_octal_numbers: true };
    let read: Spanned<Node> = serde_saphyr::from_str_with_options(text, options)?;
    Ok(kept(read, text))
}

/// A value whose numbers are not yet compared with the document.
enum Node {
    Value(Dynamic),
    Text(String),
    Number(Dynamic),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

/// Returns the value. Numbers that print differently become strings: `1.10` and `007` are versions or names. A symbol of Ruby, `:app`, is the
/// string `app`, as everywhere in recipes.
fn kept(node: Spanned<Node>, text: &str) -> Dynamic {
    match node.value {
        Node::Value(value) => value,
        Node::Text(string) => plain(&string, &node.defined, text).into(),
        Node::Number(number) => match written(&node.defined, text) {
            Some(written) if !prints_as(&number, written) => written.to_owned().into(),
            _ => number,
        },
        Node::List(list) => list.into_iter().map(|item| kept(item, text)).collect::<Array>().into(),
        Node::Map(pairs) => {
            let member = |(name, value): (Spanned<String>, Spanned<Node>)| {
                (plain(&name.value, &name.defined, text).to_owned(), kept(value, text))
            };
            map(pairs.into_iter().map(member)).into()
        }
    }
}

/// Returns a string without the colon of a symbol, if it has no quotes in the document.
fn plain<'a>(string: &'a str, place: &Location, text: &str) -> &'a str {
    let is_word = |name: &&str| {
        name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || "_?!".contains(c))
    };
    let symbol = string.strip_prefix(':').filter(is_word);
    symbol
        .filter(|_| written(place, text).is_none_or(|written| written.starts_with(':')))
        .unwrap_or(string)
}

/// Returns true if a number is written in this way by a recipe or by `to_json`.
fn prints_as(number: &Dynamic, written: &str) -> bool {
    number.to_string() == written || serde_json::to_string(number).is_ok_and(|json| json == written)
}

/// Returns the part of the document at a place.
fn written<'a>(place: &Location, text: &'a str) -> Option<&'a str> {
    let start = usize::try_from(place.span().byte_offset()?).ok()?;
    let length = usize::try_from(place.span().byte_len()?).ok()?;
    Some(text.get(start..start.checked_add(length)?)?.trim())
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Value(Dynamic::UNIT))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Value(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(match i64::try_from(value) {
            Ok(value) => value.into(),
            #[allow(clippy::cast_precision_loss)]
            Err(_) => (value as f64).into(),
        }))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(pair) = pairs.next_entry::<Spanned<String>, Spanned<Node>>()? {
            map.push(pair);
        }
        Ok(Node::Map(map))
    }
}
