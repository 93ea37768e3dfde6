//! Methods of Ruby's strings, lists and maps that have a counterpart here.

use ruby_prism::Node;

use super::super::form::{self, Block, Expr};
use super::super::note::Read;
use super::super::ruby::{literal, source};
use super::Reader;
use super::lists::{is_list_of_servers, reduced};
use super::locals::Type;

/// The counterpart of a method without arguments.
#[derive(Clone, Copy)]
enum Counterpart {
    /// The value itself.
    Itself,
    /// A function that is given the value.
    Function(&'static str),
    /// A method of the value.
    Method(&'static str),
    /// The element at this place.
    Element(Place),
}

#[derive(Clone, Copy)]
enum Place {
    First,
    Last,
}

/// The methods without arguments whose counterpart depends on nothing else, each with the other names that it has in Ruby.
const COUNTERPARTS: &[(&[&str], Counterpart)] = &[
    (
        &[
            "to_sym",
            "freeze",
            "dup",
            "clone",
            "to_path",
            "html_safe",
            "symbolize_keys",
            "deep_symbolize_keys",
            "stringify_keys",
            "with_indifferent_access",
            "call",
        ],
        Counterpart::Itself,
    ),
    (&["to_f"], Counterpart::Function("ruby_float")),
    (&["strip"], Counterpart::Function("strip")),
    (&["chomp"], Counterpart::Function("chomp")),
    (&["squish"], Counterpart::Function("squeeze")),
    (&["capitalize"], Counterpart::Function("capitalize")),
    (&["lines"], Counterpart::Function("lines")),
    (&["to_json"], Counterpart::Function("to_json")),
    (&["to_yaml"], Counterpart::Function("to_yaml")),
    (&["shellescape"], Counterpart::Function("quote")),
    (&["inspect"], Counterpart::Method("to_debug")),
    (&["upcase"], Counterpart::Method("to_upper")),
    (&["downcase"], Counterpart::Method("to_lower")),
    (&["size", "length", "count"], Counterpart::Method("len")),
    (&["empty?"], Counterpart::Method("is_empty")),
    (&["keys"], Counterpart::Method("keys")),
    (&["values"], Counterpart::Method("values")),
    (&["abs"], Counterpart::Method("abs")),
    (&["split"], Counterpart::Function("ruby_words")),
    (&["first"], Counterpart::Element(Place::First)),
    (&["last"], Counterpart::Element(Place::Last)),
];

/// The methods that colour a string for a terminal; a recipe's strings have no colours.
const COLOURS: &[&str] = &[
    "black",
    "blink",
    "blue",
    "bold",
    "bright",
    "colorize",
    "cyan",
    "gray",
    "green",
    "grey",
    "italic",
    "magenta",
    "red",
    "underline",
    "uncolorize",
    "white",
    "yellow",
];

/// Returns true for the name of a method that colours a string: `red`, `light_red`, `on_red`.
fn is_colour(name: &str) -> bool {
    let plain = name.strip_prefix("on_").unwrap_or(name);
    COLOURS.contains(&plain.strip_prefix("light_").unwrap_or(plain))
}

impl Counterpart {
    fn of(name: &str) -> Option<Self> {
        let named = |(names, _): &&(&[&str], Self)| names.contains(&name);
        COUNTERPARTS.iter().find(named).map(|(_, counterpart)| *counterpart)
    }

    fn applied_to(self, value: Expr) -> Expr {
        match self {
            Self::Itself => value,
            Self::Function(name) => Expr::call(name, vec![value]),
            Self::Method(name) => value.method(name, Vec::new()),
            Self::Element(Place::First) => Expr::Index(Box::new(value), Box::new(Expr::number(0))),
            Self::Element(Place::Last) => Expr::Index(Box::new(value), Box::new(Expr::number(-1))),
        }
    }
}

impl Reader<'_> {
    /// Reads a method that has a counterpart here.
    pub(super) fn counterpart(&mut self, name: &str, value: Expr, given: &[Node<'_>]) -> Read<Option<Expr>> {
        if matches!(value, Expr::Symbol(_))
            && !matches!(name, "inspect" | "length" | "name" | "size" | "to_s" | "to_sym")
            && self.is_known(name)
        {
            // This is `execute :touch. release_path`: a point in the place of a comma.
            let reason = format!("a symbol has no `{name}`");
            return Err(self.always_fails(&reason, &format!("undefined method `{name}'")));
        }
        match (name, given) {
            ("call" | "()" | "[]", given) if self.is_closure(&value) => {
                Ok(Some(value.method("call", self.expressions(given)?)))
            }
            ("first" | "last" | "sort" | "max" | "min", []) if self.kind_of(&value) == Type::Map => {
                let pairs = self.in_pairs(value);
                self.counterpart(name, pairs, given)
            }
            (_, []) => Ok(match Counterpart::of(name) {
                Some(counterpart) => Some(self.element(counterpart.applied_to(value))),
                None => match self.more_without_arguments(name, value.clone()) {
                    Some(value) => Some(value),
                    None => self.without_arguments(name, value),
                },
            }),
            ("[]" | "slice", _) if self.is_part(given) => self.part(value, given),
            ("start_with?" | "end_with?", [_, _, ..]) => self.more_with_arguments(name, value, given),
            ("between?" | "start_with?" | "end_with?" | "include?" | "member?" | "has_key?" | "key?", given) => {
                self.yes_or_no(name, value, given)
            }
            ("split" | "send_data" | "join", given) => self.of_strings(name, value, given),
            ("ljust" | "rjust" | "center", [_]) => self.of_strings(name, value, given),
            _ => match self.of_elements(name, value.clone(), given)? {
                Some(value) => Ok(Some(value)),
                None => self.more_with_arguments(name, value, given),
            },
        }
    }

    /// Returns true for the arguments of a part: a range, or two numbers.
    fn is_part(&self, given: &[Node<'_>]) -> bool {
        match given {
            [one] => one.as_range_node().is_some(),
            [_, _] => true,
            _ => false,
        }
    }

    /// Reads a method without arguments whose counterpart depends on the value.
    fn without_arguments(&self, name: &str, value: Expr) -> Option<Expr> {
        Some(match name {
            "to_s" | "to_str" => match value {
                Expr::Text(_) | Expr::Template(_) | Expr::Symbol(_) => value,
                Expr::Call(call)
                    if matches!(
                        call.name.as_str(),
                        "to_i" | "parse_int" | "parse_float" | "ruby_float" | "unix_time"
                    ) =>
                {
                    Expr::Call(call).method("to_string", Vec::new())
                }
                Expr::Call(call) if call.name != "fetch" => Expr::Call(call),
                other => form::string(self.filled_here(other).parts()),
            },
            "seconds" | "second" | "minutes" | "minute" | "hours" | "hour" | "days" | "day" | "weeks" | "week"
                if self.has_active_support() =>
            {
                let seconds = match name.trim_end_matches('s') {
                    "second" => return Some(value),
                    "minute" => 60,
                    "hour" => 3_600,
                    "day" => 86_400,
                    _ => 604_800,
                };
                value.binary("*", Expr::number(seconds))
            }
            "to_i" => Expr::call("to_i", vec![self.filled_here(value)]),
            "string" if matches!(&value, Expr::Name(_)) && self.kind_of(&value) == Type::Text => value,
            "compact" if self.kind_of(&value) == Type::Text => value,
            "compact" => {
                let is_there = Expr::name("item").binary("!=", Expr::Unit);
                value.method("filter", vec![Expr::function_of("item", is_there)])
            }
            "blank?" => {
                let is_missing = value.clone().binary("==", Expr::Unit);
                is_missing.binary("||", value.method("is_empty", Vec::new()))
            }
            "present?" => {
                let is_there = value.clone().binary("!=", Expr::Unit);
                is_there.binary("&&", is_filled(value))
            }
            "any?" => is_filled(value),
            // In Ruby they return whole numbers.
            "round" | "floor" | "ceil" => {
                let method = if name == "ceil" { "ceiling" } else { name };
                let float = value.method("to_float", Vec::new()).method(method, Vec::new());
                float.method("to_int", Vec::new())
            }
            "reverse" if self.kind_of(&value) == Type::Text => {
                let letters = Expr::call("scan", vec![value, Expr::text("(?s).")]);
                Expr::call("join", vec![Expr::call("ruby_reversed", vec![letters]), Expr::text("")])
            }
            "sort" => Expr::call("ruby_sorted", vec![super::ruby_methods::listed(value)]),
            "reverse" => Expr::call("ruby_reversed", vec![super::ruby_methods::listed(value)]),
            "flatten" | "uniq" => reduced(name, value),
            "to_set" => reduced("uniq", value),
            "join" => Expr::call("join", vec![value, Expr::text("")]),
            "to_a" | "entries" => value,
            "close" if self.channel.is_some() => value.method("close", Vec::new()),
            "servers" if is_list_of_servers(&value) => value,
            "host" | "hostname" | "port" | "user" if matches!(&value, Expr::Index(list, _) if is_list_of_servers(list)) =>
            {
                let member = if name == "hostname" { "host" } else { name };
                Expr::Member(Box::new(value), member.to_owned())
            }
            // A string that was raised is itself the error here.
            "message" if matches!(&value, Expr::Name(name) if self.raised.contains(name)) => {
                Expr::call("ruby_message", vec![value])
            }
            // These are of the status of a command.
            "success?" => Expr::Member(Box::new(value), "ok".to_owned()),
            "exitstatus" => Expr::Member(Box::new(value), "status".to_owned()),
            "name" if value == Expr::name("current_task") || matches!(value, Expr::Text(_)) => value,
            "message" | "to_str!" => Expr::Member(Box::new(value), "message".to_owned()),
            colour if is_colour(colour) && !matches!(self.kind_of(&value), Type::Server | Type::Record) => value,
            _ => return None,
        })
    }

    /// Returns true if numbers have the methods of Rails.
    fn has_active_support(&self) -> bool {
        let mut libraries = self.facts.libraries.iter();
        libraries.any(|library| library.starts_with("active_support") || library == "rails")
    }

    /// Reads a method that returns true or false.
    fn yes_or_no(&mut self, name: &str, value: Expr, given: &[Node<'_>]) -> Read<Option<Expr>> {
        match (name, given) {
            ("between?", [low, high]) => {
                let (low, high) = (self.expression(low)?, self.expression(high)?);
                let above = value.clone().binary(">=", low);
                Ok(Some(above.binary("&&", value.binary("<=", high))))
            }
            ("has_key?" | "key?", [key]) => Ok(Some(self.expression(key)?.binary("in", value))),
            ("start_with?" | "end_with?" | "include?" | "member?", [one]) => {
                let one = self.expression(one)?;
                let method = match name {
                    "start_with?" => "starts_with",
                    "end_with?" => "ends_with",
                    _ => "contains",
                };
                Ok(Some(value.method(method, vec![one])))
            }
            _ => Ok(None),
        }
    }

    /// Reads a method that makes a string of others, or takes one apart.
    fn of_strings(&mut self, name: &str, value: Expr, given: &[Node<'_>]) -> Read<Option<Expr>> {
        match (name, given) {
            ("split", [mark]) => Ok(Some(match (literal(mark).as_deref(), &value) {
                (Some(" "), _) => Expr::call("ruby_words", vec![value]),
                // What is written out has no empty parts at its end.
                (Some(mark), Expr::Text(text)) if !mark.is_empty() && !text.is_empty() && !text.ends_with(mark) => {
                    value.method("split", vec![Expr::text(mark)])
                }
                _ => Expr::call("ruby_split", vec![value, self.expression(mark)?]),
            })),
            ("split", [_, _]) => Ok(Some(value.method("split", self.expressions(given)?))),
            ("ljust" | "rjust" | "center", [width]) => Ok(Some(Expr::call(name, vec![value, self.expression(width)?]))),
            ("send_data", [text]) => Ok(Some(value.method("send_data", vec![self.expression(text)?]))),
            ("join", [mark]) => {
                let mark = self.expression(mark)?;
                if self.kind_of(&value) == Type::Text {
                    // Strings have no such method, so this is a path.
                    return Ok(Some(Expr::call("join_path", vec![value, mark])));
                }
                Ok(Some(match (&value, &mark) {
                    // `release_path.join("a")` is a path.
                    (Expr::Name(name), mark) if name.ends_with("_path") || !is_separator(mark) => {
                        Expr::call("join_path", vec![Expr::name(name), mark.clone()])
                    }
                    (Expr::List(items), _) => {
                        let filled = items.iter().cloned().map(|item| self.filled_here(item));
                        Expr::call("join", vec![Expr::List(filled.collect()), mark])
                    }
                    _ => Expr::call("join", vec![value, mark]),
                }))
            }
            ("join", parts) => {
                let mut all = vec![value];
                all.extend(self.expressions(parts)?);
                Ok(Some(Expr::call("join_path", all)))
            }
            _ => Ok(None),
        }
    }

    /// Reads a method that returns an element, or more elements than there were.
    fn of_elements(&mut self, name: &str, value: Expr, given: &[Node<'_>]) -> Read<Option<Expr>> {
        match (name, given) {
            ("round", [digits]) => {
                let Ok(digits) = source(digits).parse::<u32>() else {
                    return Ok(None);
                };
                let factor = Expr::Number(format!("1{}.0", "0".repeat(digits.min(9) as usize)));
                let large = value.binary("*", factor.clone());
                Ok(Some(large.method("round", Vec::new()).binary("/", factor)))
            }
            ("first", [count]) if count.as_integer_node().is_some() => {
                let count = self.expression(count)?;
                Ok(Some(value.method("extract", vec![Expr::number(0), count])))
            }
            ("last", [count]) if count.as_integer_node().is_some() => {
                let count = Expr::Negative(Box::new(self.expression(count)?));
                Ok(Some(value.method("extract", vec![count])))
            }
            ("<<", [more]) if matches!(&value, Expr::Name(name) if name.ends_with("_children") || name.starts_with("linked_")) => {
                Ok(Some(value.binary("+", Expr::List(vec![self.expression(more)?]))))
            }
            ("<<", [more]) if self.kind_of(&value) == Type::Text => Ok(Some(value.binary("+", self.expression(more)?))),
            ("index" | "find_index", [one]) if !Self::is_pattern(one) => {
                let one = self.expression(one)?;
                let is_there = value.clone().method("contains", vec![one.clone()]);
                let place = Block::giving(value.method("index_of", vec![one]));
                Ok(Some(Expr::If(vec![(is_there, place)], Some(Block::giving(Expr::Unit)))))
            }
            ("merge" | "merge!" | "concat", [other]) => Ok(Some(value.binary("+", self.expression(other)?))),
            ("push", [_, ..]) => Ok(Some(value.binary("+", Expr::List(self.expressions(given)?)))),
            ("fetch", [key]) => self.entry(value, key).map(Some),
            ("fetch", [key, default]) => {
                let found = self.entry(value, key)?;
                Ok(Some(found.binary("??", self.expression(default)?)))
            }
            ("[]", [key]) if matches!(literal(key).as_deref(), Some("host" | "server")) && self.is_channel(&value) => {
                Ok(Some(Expr::Member(Box::new(value), "host".to_owned())))
            }
            ("[]" | "dig", [key]) => self.entry(value, key).map(Some),
            _ => Ok(None),
        }
    }

    /// Returns an entry of a map. The names of the environment are in capitals, those that are symbols in Ruby as well.
    fn entry(&mut self, map: Expr, key: &Node<'_>) -> Read<Expr> {
        let is_name = is_environment(&map) && self.facts.version > 2 && key.as_symbol_node().is_some();
        let key = match literal(key).filter(|_| is_name) {
            Some(name) => Expr::Text(name.to_uppercase()),
            None => self.key(key)?,
        };
        Ok(self.element(Expr::Index(Box::new(map), Box::new(key))))
    }

    /// Returns an element as Ruby has it: one that a list does not have is nothing. A list that is written out has it.
    pub(super) fn element(&self, value: Expr) -> Expr {
        match value {
            Expr::Index(list, at)
                if !matches!(*list, Expr::List(_))
                    && self.kind_of(&list) == Type::List
                    && self.kind_of(&at) == Type::Number =>
            {
                list.method("get", vec![*at])
            }
            value => value,
        }
    }
}

/// Returns true for the environment that all commands have.
pub(super) fn is_environment(value: &Expr) -> bool {
    *value == Expr::name("default_environment")
}

/// Returns true at run time if the value has elements.
fn is_filled(value: Expr) -> Expr {
    Expr::Not(Box::new(value.method("is_empty", Vec::new())))
}

/// Returns true if a list that is joined with this becomes a string, and not a path.
fn is_separator(mark: &Expr) -> bool {
    mark.literal()
        .is_none_or(|text| text.len() <= 4 && !text.contains(|c: char| c.is_alphanumeric()) || text == " -")
}
