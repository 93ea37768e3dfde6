//! Methods of Ruby and Rails whose counterparts are more than one call: parts of strings and lists, words, numbers, kinds of values.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Expr, Line, Part, Statement, string};
use super::super::note::{Kind, Read};
use super::super::ruby::{constant, literal, source};
use super::Reader;
use super::lists::reduced;
use super::locals::Type;
use super::methods::escaped;

/// Returns a whole number that is written out.
pub(super) fn whole_number(value: &Expr) -> Option<i64> {
    match value {
        Expr::Number(digits) => digits.parse().ok(),
        Expr::Negative(inner) => whole_number(inner).map(i64::saturating_neg),
        _ => None,
    }
}

/// Returns a value with a number added, written as short as possible.
fn plus(value: Expr, more: i64) -> Expr {
    match whole_number(&value) {
        Some(known) => Expr::number(known.saturating_add(more)),
        None if more == 0 => value,
        None if more < 0 => value.binary("-", Expr::number(more.saturating_neg())),
        None => value.binary("+", Expr::number(more)),
    }
}

impl Reader<'_> {
    /// Reads methods without arguments whose counterparts depend on the value.
    pub(super) fn more_without_arguments(&self, name: &str, value: Expr) -> Option<Expr> {
        let kind = self.kind_of(&value);
        let replaced =
            |pattern: &str, by: &str, value: Expr| Expr::call("gsub", vec![value, Expr::text(pattern), Expr::text(by)]);
        Some(match name {
            "chop" => Expr::call("ruby_part", vec![value, Expr::number(0), Expr::number(-2)]),
            "lstrip" => Expr::call(
                "sub",
                vec![
                    value,
                    Expr::Template(vec![Part::Text("^\\s+".to_owned())]),
                    Expr::text(""),
                ],
            ),
            "rstrip" => {
                let pattern = Expr::Template(vec![Part::Text("\\s+$".to_owned())]);
                Expr::call("sub", vec![value, pattern, Expr::text("")])
            }
            "dasherize" => replaced("_", "-", value),
            "humanize" => Expr::call("capitalize", vec![replaced("_", " ", value)]),
            "titleize" | "titlecase" => Expr::call("ruby_title", vec![value]),
            "camelize" | "camelcase" | "classify" => Expr::call("ruby_camel", vec![value]),
            "underscore" => {
                let parted = replaced("([a-z0-9])([A-Z])", "${1}_${2}", replaced("::", "/", value));
                replaced("-", "_", parted).method("to_lower", Vec::new())
            }
            "demodulize" => Expr::call("sub", vec![value, Expr::text("^.*::"), Expr::text("")]),
            "parameterize" => {
                let dashes = replaced("[^a-z0-9_-]+", "-", value.method("to_lower", Vec::new()));
                replaced("^-|-$", "", dashes)
            }
            "chars" | "each_char" => Expr::call("scan", vec![value, Expr::text("(?s).")]),
            "each_line" => Expr::call("lines", vec![value]),
            "bytesize" => value.method("bytes", Vec::new()),
            "presence" => {
                let is_missing = value.clone().binary("==", Expr::Unit);
                let blank = is_missing.binary("||", value.clone().method("is_empty", Vec::new()));
                Expr::If(vec![(blank, Block::giving(Expr::Unit))], Some(Block::giving(value)))
            }
            "strip_heredoc" => dedented(value)?,
            "shuffle" => Expr::call("ruby_shuffled", vec![value]),
            "class" => Expr::call("ruby_class", vec![value]),
            // These are of a server that a function is given, or of a URI.
            "user" | "port" if matches!(&value, Expr::Name(name) if ["host", "server"].contains(&name.as_str())) => {
                Expr::Member(Box::new(value), name.to_owned())
            }
            "sample" => {
                let at = Expr::call("ruby_rand", vec![value.clone().method("len", Vec::new())]);
                Expr::Index(Box::new(value), Box::new(at))
            }
            // Only servers and URIs have them.
            "hostname" | "host" => Expr::Member(Box::new(value), "host".to_owned()),
            "chr" if kind != Type::Number => value,
            "basename" | "dirname" | "extname" => Expr::call(name, vec![value]),
            "parent" => Expr::call("dirname", vec![value]),
            "backtrace" => Expr::List(Vec::new()),
            "itself" | "lazy" => value,
            "each" | "each_entry" if kind == Type::List => value,
            "times" => super::lists::counted(value),
            "second" => self.element(Expr::Index(Box::new(value), Box::new(Expr::number(1)))),
            "third" => self.element(Expr::Index(Box::new(value), Box::new(Expr::number(2)))),
            "zero?" => value.binary("==", Expr::number(0)),
            "positive?" => value.binary(">", Expr::number(0)),
            "negative?" => value.binary("<", Expr::number(0)),
            "even?" => value.binary("%", Expr::number(2)).binary("==", Expr::number(0)),
            "odd?" => value.binary("%", Expr::number(2)).binary("!=", Expr::number(0)),
            "value" if matches!(&value, Expr::Name(name) if self.objects.get(name) == Some(&super::open3::PROCESS)) => {
                value
            }
            "captures" => value.method("extract", vec![Expr::number(1)]),
            "read" if kind == Type::Text => value,
            "succ" | "next" if kind == Type::Number => value.binary("+", Expr::number(1)),
            "pred" if kind == Type::Number => value.binary("-", Expr::number(1)),
            "all?" => {
                let is_not = Expr::name("item").into_condition().negated();
                let others = value.method("filter", vec![Expr::function_of("item", is_not)]);
                others.method("is_empty", Vec::new())
            }
            "none?" => value.method("is_empty", Vec::new()),
            "max" | "min" => match value {
                Expr::List(items) if items.len() == 2 => Expr::call(name, items),
                value => {
                    let at = Expr::number(if name == "max" { -1 } else { 0 });
                    let sorted = Expr::call("ruby_sorted", vec![value]);
                    self.element(Expr::Index(Box::new(sorted), Box::new(at)))
                }
            },
            "sum" if kind == Type::Text => return None,
            "sum" => {
                let added = Expr::name("all").binary("+", Expr::name("item"));
                let names = vec!["all".to_owned(), "item".to_owned()];
                let function = Expr::Closure(names, Block::giving(added));
                value.method("reduce", vec![function, Expr::number(0)])
            }
            "to_h" | "to_hash" if kind == Type::Map => value,
            "to_h" | "to_hash" => Expr::call("ruby_map", vec![value]),
            "to_a" | "entries" if matches!(value, Expr::Binary(".." | "..=", ..)) => listed(value),
            "to_a" | "entries" if kind == Type::Map => Expr::call("ruby_pairs", vec![value]),
            "shelljoin" => joined_for_shell(value),
            "compact_blank" => {
                let is_there = Expr::name("item").binary("!=", Expr::text(""));
                value.method("filter", vec![Expr::function_of("item", is_there)])
            }
            "flatten" if !matches!(value, Expr::List(_)) => return None,
            "flatten" => Expr::call("ruby_flat", vec![value]),
            _ => return None,
        })
    }

    /// Reads `value[first..last]`, `value[first, count]` and `value.slice(…)`.
    pub(super) fn part(&mut self, value: Expr, given: &[Node<'_>]) -> Read<Option<Expr>> {
        let (first, last) = match given {
            [range] => {
                let Some(range) = super::conditions::inside(range)
                    .as_ref()
                    .unwrap_or(range)
                    .as_range_node()
                else {
                    return Ok(None);
                };
                let first = match range.left() {
                    Some(left) => self.expression(&left)?,
                    None => Expr::number(0),
                };
                let last = match range.right() {
                    Some(right) => plus(self.expression(&right)?, if range.is_exclude_end() { -1 } else { 0 }),
                    None => Expr::number(-1),
                };
                if range.is_exclude_end() && whole_number(&last) == Some(-1) && range.right().is_some() {
                    // Nothing is before the first one.
                    return Ok(None);
                }
                (first, last)
            }
            [first, count] => {
                let (first, count) = (self.expression(first)?, self.expression(count)?);
                let last = match (whole_number(&first), whole_number(&count)) {
                    (Some(first), Some(count)) if first < 0 && first.saturating_add(count) >= 0 => Expr::number(-1),
                    (Some(_), Some(0)) => return Ok(None),
                    (Some(first), _) => plus(count, first.saturating_sub(1)),
                    (None, Some(count)) => plus(first.clone(), count.saturating_sub(1)),
                    (None, None) => plus(first.clone().binary("+", count), -1),
                };
                (first, last)
            }
            _ => return Ok(None),
        };
        let kind = self.kind_of(&value);
        Ok(Some(match (kind, whole_number(&first), whole_number(&last)) {
            (Type::Text | Type::List, Some(from), Some(to)) if from >= 0 && (to >= from || to == -1) => {
                let method = if kind == Type::Text { "sub_string" } else { "extract" };
                let count = (to >= 0).then(|| Expr::number(to.saturating_sub(from).saturating_add(1)));
                value.method(method, std::iter::once(first).chain(count).collect())
            }
            _ => Expr::call("ruby_part", vec![value, first, last]),
        }))
    }

    /// Reads methods with arguments that return an element, a part or a changed copy.
    pub(super) fn more_with_arguments(&mut self, name: &str, value: Expr, given: &[Node<'_>]) -> Read<Option<Expr>> {
        Ok(Some(match (name, given) {
            ("first" | "take" | "limit", [count]) => {
                let count = self.expression(count)?;
                match self.kind_of(&value) {
                    Type::Text => value.method("sub_string", vec![Expr::number(0), count]),
                    _ => listed(value).method("extract", vec![Expr::number(0), count]),
                }
            }
            ("fdiv", [by]) => Expr::call("ruby_float", vec![value]).binary("/", self.expression(by)?),
            ("div", [by]) => Expr::call("ruby_quotient", vec![value, self.expression(by)?]),
            ("modulo", [by]) => Expr::call("ruby_remainder", vec![value, self.expression(by)?]),
            ("sample", [count]) => Expr::call("ruby_shuffled", vec![value])
                .method("extract", vec![Expr::number(0), self.expression(count)?]),
            ("drop", [count]) => value.method("extract", vec![self.expression(count)?]),
            ("last", [count]) => Expr::call("ruby_last", vec![value, self.expression(count)?]),
            ("count", [one]) if self.kind_of(&value) != Type::Text => {
                let equal = Expr::name("item").binary("==", self.expression(one)?);
                value
                    .method("filter", vec![Expr::function_of("item", equal)])
                    .method("len", Vec::new())
            }
            ("chomp" | "delete_suffix", [end]) => Expr::call("ruby_without_end", vec![value, self.expression(end)?]),
            ("delete_prefix", [start]) => Expr::call("ruby_without_start", vec![value, self.expression(start)?]),
            ("ljust", [width, fill]) => Expr::call(
                "ruby_ljust",
                vec![value, self.expression(width)?, self.expression(fill)?],
            ),
            ("center", [width, fill]) => Expr::call(
                "ruby_center",
                vec![value, self.expression(width)?, self.expression(fill)?],
            ),
            ("rjust", [width, fill]) => Expr::call(
                "ruby_rjust",
                vec![value, self.expression(width)?, self.expression(fill)?],
            ),
            ("delete", [set]) if self.kind_of(&value) == Type::Text => match literal(set) {
                Some(set) if !set.is_empty() && !set.contains(['^', '-', '\\']) => {
                    let pattern = Expr::Text(format!("[{}]", escaped(&set)));
                    Expr::call("gsub", vec![value, pattern, Expr::text("")])
                }
                _ => return Ok(None),
            },
            ("start_with?" | "end_with?", [_, _, ..]) => {
                let method = if name == "start_with?" {
                    "starts_with"
                } else {
                    "ends_with"
                };
                let asked = self.expressions(given)?;
                let asked = asked.into_iter().map(|one| value.clone().method(method, vec![one]));
                return Ok(asked.reduce(|all, one| all.binary("||", one)));
            }
            ("is_a?" | "kind_of?" | "instance_of?", [class]) => match self.is_of_class(value, class) {
                Some(asked) => asked,
                None => return Ok(None),
            },
            ("eql?" | "equal?", [other]) => value.binary("==", self.expression(other)?),
            ("casecmp?", [other]) => {
                let other = self.expression(other)?.method("to_lower", Vec::new());
                value.method("to_lower", Vec::new()).binary("==", other)
            }
            ("in?", [list]) => value.binary("in", self.expression(list)?),
            ("exclude?", [one]) => value.method("contains", vec![self.expression(one)?]).negated(),
            ("<=>", [other]) => Expr::call("ruby_compared", vec![value, self.expression(other)?]),
            ("&", [other]) if other.as_array_node().is_some() || self.kind_of(&value) == Type::List => {
                let both = Expr::call("ruby_both", vec![value, self.expression(other)?]);
                reduced("uniq", both)
            }
            ("|", [other]) => {
                let other = self.expression(other)?;
                let is_list = |list: &Expr| {
                    self.kind_of(list) == Type::List || matches!(list, Expr::Call(call) if call.name == "roles")
                };
                match is_list(&value) || is_list(&other) {
                    true => reduced("uniq", value.binary("+", other)),
                    false => return Ok(None),
                }
            }
            ("has_role?", [role]) => {
                // A server alone is its host.
                let server = match value {
                    Expr::Member(server, member) if member == "host" => *server,
                    value => value,
                };
                let roles = Expr::Member(Box::new(server), "roles".to_owned());
                roles.method("contains", vec![self.expression(role)?])
            }
            ("partition", [mark]) if !Self::is_pattern(mark) => {
                Expr::call("ruby_parted", vec![value, self.expression(mark)?])
            }
            ("upto", [last]) => listed(value.binary("..=", self.expression(last)?)),
            ("step" | "%", [by]) if matches!(value, Expr::Binary(".." | "..=", ..)) => {
                Expr::call("ruby_stepped", vec![listed(value), self.expression(by)?])
            }
            ("zip", [other]) => Expr::call("ruby_zip", vec![value, self.expression(other)?]),
            ("each_slice" | "in_groups_of", [size]) => {
                Expr::call("ruby_slices", vec![listed(value), self.expression(size)?])
            }
            ("inject" | "reduce", [how]) if matches!(literal(how).as_deref(), Some("+" | "*")) => {
                let operator = if source(how).contains('+') { "+" } else { "*" };
                let body = Expr::name("all").binary(operator, Expr::name("item"));
                let names = vec!["all".to_owned(), "item".to_owned()];
                Expr::call(
                    "ruby_reduced",
                    vec![listed(value), Expr::Closure(names, Block::giving(body))],
                )
            }
            ("color" | "colour" | "foreground" | "background" | "fg" | "bg", [_]) => value,
            ("relative_path_from", [from]) => Expr::call("ruby_relative", vec![value, self.expression(from)?]),
            ("values_at", keys) if matches!(value, Expr::Name(_) | Expr::List(_)) && !keys.is_empty() => {
                let mut values = Vec::new();
                for key in keys {
                    values.push(Expr::Index(Box::new(value.clone()), Box::new(self.key(key)?)));
                }
                Expr::List(values)
            }
            ("dig", [_, _, ..]) => {
                let mut found = value;
                for key in given {
                    found = Expr::Index(Box::new(found), Box::new(self.key(key)?));
                }
                found
            }
            ("reverse_merge", [other]) => self.expression(other)?.binary("+", value),
            ("try" | "send" | "public_send" | "try!", [method]) => {
                let Some(method) = literal(method) else { return Ok(None) };
                let is_missing = value.clone().binary("==", Expr::Unit);
                let Some(result) = self.counterpart(&method, value, &[])? else {
                    return Ok(None);
                };
                match name.starts_with("try") {
                    true => Expr::If(
                        vec![(is_missing, Block::giving(Expr::Unit))],
                        Some(Block::giving(result)),
                    ),
                    false => result,
                }
            }
            ("tr", [from, to]) => match (literal(from), literal(to)) {
                (Some(from), Some(to)) => match translated(value, &from, &to) {
                    Some(value) => value,
                    None => return Ok(None),
                },
                _ => return Ok(None),
            },
            ("grep" | "grep_v", [pattern]) if Self::is_pattern(pattern) => {
                let matches = Expr::call("matches", vec![Expr::name("item"), self.regular(pattern)?]);
                let asked = if name == "grep" { matches } else { matches.negated() };
                value.method("filter", vec![Expr::function_of("item", asked)])
            }
            ("flatten", [depth]) if source(depth) == "1" => reduced("flatten", value),
            ("value?" | "has_value?", [one]) => self.expression(one)?.binary("in", value.method("values", Vec::new())),
            ("clamp", [low, high]) => {
                let (low, high) = (self.expression(low)?, self.expression(high)?);
                Expr::call("min", vec![Expr::call("max", vec![value, low]), high])
            }
            _ => return Ok(None),
        }))
    }

    /// Reads `value.is_a?(String)` and `when String`; `None` for a class that has no type here.
    pub(super) fn is_of_class(&self, value: Expr, class: &Node<'_>) -> Option<Expr> {
        let types: &[&str] = match constant(class)?.as_str() {
            // Symbols are strings here, too.
            "String" => &["string"],
            "Array" => &["array"],
            "Hash" => &["map"],
            "Integer" | "Fixnum" => &["i64"],
            "Float" => &["f64"],
            "Numeric" => &["i64", "f64"],
            "Proc" => &["Fn"],
            "NilClass" => return Some(value.binary("==", Expr::Unit)),
            "TrueClass" => return Some(value.binary("==", Expr::Bool(true))),
            "FalseClass" => return Some(value.binary("==", Expr::Bool(false))),
            class => return super::requests::is_answer(&value, class),
        };
        let asked = Expr::call("type_of", vec![value]);
        Some(match types {
            [only] => asked.binary("==", Expr::text(only)),
            several => asked.binary("in", Expr::List(several.iter().map(|name| Expr::text(name)).collect())),
        })
    }

    /// Reads a block or `&:name` of a method as a function of one element.
    pub(super) fn element_function(&mut self, name: &str, call: &CallNode<'_>) -> Read<Expr> {
        if let Some(behind) = super::super::ruby::behind(call) {
            return match behind.parameters.len() {
                1 => self.closure(behind),
                2 => {
                    let closure = self.closure(behind)?;
                    let Expr::Closure(names, body) = closure else {
                        return self.refuse(Kind::Construct, format!("`{name}` with a block of this kind"));
                    };
                    Ok(of_pair(&names, body))
                }
                _ => self.refuse(Kind::Construct, format!("`{name}` with a block of this kind")),
            };
        }
        let block = call.block().and_then(|block| block.as_block_argument_node());
        let symbol = block.and_then(|block| block.expression()).as_ref().and_then(literal);
        let item = Expr::name("item");
        let body = match symbol {
            Some(symbol) => match symbol.as_str() {
                "hostname" | "host" => Some(Expr::Member(Box::new(item), "host".to_owned())),
                "user" | "port" | "properties" => Some(Expr::Member(Box::new(item), symbol)),
                symbol => self.counterpart(symbol, item, &[])?,
            },
            None => None,
        };
        match body {
            Some(body) => Ok(Expr::function_of("item", body)),
            None => self.refuse(Kind::Construct, format!("`{name}` with a function of that kind")),
        }
    }
}

/// Returns a function of a pair that gives its two parts their names.
pub(super) fn of_pair(names: &[String], mut body: Block) -> Expr {
    for (at, name) in names.iter().enumerate().rev() {
        let part = Expr::Index(Box::new(Expr::name("pair")), Box::new(Expr::Number(at.to_string())));
        let line = Line::new(Statement::Let(name.clone(), part));
        body.lines.insert(0, line);
    }
    Expr::Closure(vec!["pair".to_owned()], body)
}

/// Returns a string of several lines without the indentation that all of them have; `None` for a value that is not written out.
fn dedented(value: Expr) -> Option<Expr> {
    if !matches!(value, Expr::Text(_) | Expr::Template(_)) {
        return None;
    }
    let (text, values) = super::strings::mark(value.parts());
    let blanks = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let indent = lines.clone().map(|line| blanks(&line)).min().unwrap_or(0);
    let lines = text
        .split_inclusive('\n')
        .map(|line| line.get(indent.min(blanks(&line))..).unwrap_or(line));
    let text: String = lines.collect();
    Some(string(super::strings::unmark(&text, values)))
}

/// Returns a range as a list; any other value stays as it is.
pub(super) fn listed(value: Expr) -> Expr {
    if !matches!(value, Expr::Binary(".." | "..=", ..)) {
        return value;
    }
    let (all, number) = (Expr::name("all"), Expr::name("number"));
    let push = Statement::Value(all.clone().method("push", vec![number]));
    let body = Block::of(vec![Line::new(push)]);
    let lines = vec![
        Line::new(Statement::Let("all".to_owned(), Expr::List(Vec::new()))),
        Line::new(Statement::For(vec!["number".to_owned()], value, body)),
        Line::new(Statement::Value(all)),
    ];
    Expr::Block(Block { lines, gives: true })
}

/// Returns the words of a list as one string for the shell.
pub(super) fn joined_for_shell(list: Expr) -> Expr {
    let quoted = Expr::call("quote", vec![Expr::name("item")]);
    let function = Expr::function_of("item", quoted);
    Expr::call("join", vec![list.method("map", vec![function]), Expr::text(" ")])
}

/// Returns the characters in `a-z_`; `None` if it begins with `^` or has a backslash.
fn set_of(written: &str) -> Option<Vec<char>> {
    let chars: Vec<char> = written.chars().collect();
    if chars.first() == Some(&'^') || chars.contains(&'\\') || chars.is_empty() {
        return None;
    }
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(first) = chars.get(at).copied() {
        match (chars.get(at + 1), chars.get(at + 2).copied()) {
            (Some('-'), Some(last)) if first <= last => {
                all.extend(first..=last);
                at += 3;
            }
            _ => {
                all.push(first);
                at += 1;
            }
        }
    }
    (all.len() <= 64).then_some(all)
}

/// Returns `text.tr(from, to)` as replacements, one for each character that takes the place of others.
fn translated(value: Expr, from: &str, to: &str) -> Option<Expr> {
    match (from, to) {
        ("a-z", "A-Z") => return Some(value.method("to_upper", Vec::new())),
        ("A-Z", "a-z") => return Some(value.method("to_lower", Vec::new())),
        _ => {}
    }
    let by = |value: Expr, set: &str, to: char| {
        let to = Expr::Text(to.to_string().replace('$', "$$"));
        Expr::call("gsub", vec![value, Expr::text(set), to])
    };
    if let Some(kept) = from.strip_prefix('^') {
        let all = set_of(kept)?;
        let last = *set_of(to)?.last()?;
        let kept: String = all.iter().collect();
        let set = format!(
            "[^{}]",
            if kept.len() > 26 {
                class_of(from.trim_start_matches('^'))
            } else {
                escaped(&kept)
            }
        );
        return Some(by(value, &set, last));
    }
    let (from, to) = (set_of(from)?, set_of(to)?);
    let last = *to.last()?;
    let pairs: Vec<(char, char)> = from
        .iter()
        .enumerate()
        .map(|(at, c)| (*c, to.get(at).copied().unwrap_or(last)))
        .collect();
    let mut targets: Vec<char> = pairs.iter().map(|(_, to)| *to).collect();
    targets.dedup();
    // A character that was put in must not be replaced again.
    let again = targets
        .iter()
        .any(|target| pairs.iter().any(|(from, to)| from == target && to != target));
    if targets.len() > 6 || again {
        return None;
    }
    let mut value = value;
    for target in targets {
        let own: String = pairs
            .iter()
            .filter(|(_, to)| *to == target)
            .map(|(from, _)| *from)
            .collect();
        let set = match own.chars().count() {
            1 => escaped(&own),
            _ => format!("[{}]", escaped(&own)),
        };
        value = by(value, &set, target);
    }
    Some(value)
}

/// Returns a set of characters with its ranges, as a regular expression writes it.
fn class_of(written: &str) -> String {
    let chars: Vec<char> = written.chars().collect();
    let mut text = String::new();
    for (at, c) in chars.iter().enumerate() {
        let is_range = *c == '-' && at > 0 && at + 1 < chars.len();
        match is_range {
            true => text.push('-'),
            false => text.push_str(&escaped(&c.to_string())),
        }
    }
    text
}

/// Returns a value filled into a format of Ruby (`%-5s`, `%03d`, `%.2f`); `None` if a place in it has no form.
pub(super) fn filled_format(text: &str, values: Vec<Expr>) -> Option<Expr> {
    let mut parts: Vec<Part> = Vec::new();
    let mut values = values.into_iter();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        parts.extend(Expr::text(before).parts());
        if let Some(after) = after.strip_prefix('%') {
            parts.extend(Expr::text("%").parts());
            rest = after;
            continue;
        }
        let end = after.find(|c: char| c.is_ascii_alphabetic())?;
        let (place, tail) = (after.get(..end)?, after.get(end + 1..)?);
        let value = one_place(place, after.get(end..=end)?, values.next()?)?;
        parts.extend(super::strings::filled(value).parts());
        rest = tail;
    }
    parts.extend(Expr::text(rest).parts());
    values.next().is_none().then(|| string(parts))
}

/// Returns a value in the form that a place of a format gives it.
fn one_place(place: &str, letter: &str, value: Expr) -> Option<Expr> {
    let is_left = place.starts_with('-');
    let plain = place.trim_start_matches('-');
    let (width, digits) = plain.split_once('.').unwrap_or((plain, ""));
    let zeros = !is_left && width.starts_with('0');
    let wide: i64 = if width.is_empty() { 0 } else { width.parse().ok()? };
    let value = match (letter, digits.is_empty()) {
        ("s" | "d" | "i", true) => value,
        ("f", _) => {
            let digits: i64 = if digits.is_empty() { 6 } else { digits.parse().ok()? };
            Expr::call("ruby_decimals", vec![value, Expr::number(digits)])
        }
        _ => return None,
    };
    Some(match (wide, is_left) {
        (0, _) => value,
        (wide, _) if zeros && letter != "f" => Expr::call("ruby_zeros", vec![value, Expr::number(wide)]),
        (wide, _) if zeros => Expr::call("ruby_rjust", vec![value, Expr::number(wide), Expr::text("0")]),
        (wide, true) => Expr::call("ljust", vec![value, Expr::number(wide)]),
        (wide, false) => Expr::call("rjust", vec![value, Expr::number(wide)]),
    })
}
