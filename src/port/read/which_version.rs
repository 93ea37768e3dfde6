//! Conditions that ask for the version of Capistrano, or for the place in which a library is loaded. The port knows both.

use std::cmp::Ordering;

use ruby_prism::Node;

use super::super::ruby::{arguments, constant, id, literal, source};

/// The newest minor version that each major version had, for code that asks for it.
const NEWEST: [&[u32]; 3] = [&[1, 4, 2], &[2, 15, 9], &[3, 19, 2]];

/// Returns true or false if a condition asks only for what every project of this major version of Capistrano has.
pub(in crate::port) fn decided(condition: &Node<'_>, version: u8) -> Option<bool> {
    if let Some(group) = condition.as_parentheses_node() {
        let body = group.body()?.as_statements_node()?;
        let mut nodes = body.body().iter();
        let only = nodes.next()?;
        return nodes.next().map_or_else(|| decided(&only, version), |_| None);
    }
    if let Some(both) = condition.as_and_node() {
        return match (decided(&both.left(), version), decided(&both.right(), version)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
    }
    if let Some(either) = condition.as_or_node() {
        return match (decided(&either.left(), version), decided(&either.right(), version)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
    }
    if let Some(asked) = condition.as_defined_node() {
        return is_defined(&source(&asked.value()), version);
    }
    let call = condition.as_call_node()?;
    let name = id(&call.name());
    let receiver = call.receiver()?;
    let given = arguments(&call, false).values;
    match (name.as_str(), given.as_slice()) {
        ("!", []) => decided(&receiver, version).map(|is_so| !is_so),
        ("instance", _) if constant(&receiver).as_deref() == Some("Capistrano::Configuration") => Some(version < 3),
        ("respond_to?", [of]) if constant(&receiver).as_deref() == Some("Capistrano::Configuration") => {
            match literal(of)?.as_str() {
                "instance" => Some(version < 3),
                "env" => Some(version == 3),
                _ => None,
            }
        }
        (">=" | ">" | "<" | "<=" | "==" | "!=", [other]) => {
            let (one, other) = (numbers(&receiver, version)?, numbers(other, version)?);
            let order = padded(&one, other.len()).cmp(&padded(&other, one.len()));
            Some(match name.as_str() {
                ">=" => order != Ordering::Less,
                ">" => order == Ordering::Greater,
                "<" => order == Ordering::Less,
                "<=" => order != Ordering::Greater,
                "==" => order == Ordering::Equal,
                _ => order != Ordering::Equal,
            })
        }
        _ => None,
    }
}

fn is_defined(name: &str, version: u8) -> Option<bool> {
    match name.trim_matches(['(', ')']).trim_start_matches("::") {
        "Capistrano" | "Capistrano::Configuration" | "Rake" => Some(true),
        "Capistrano::VERSION" | "Capistrano::DSL" | "Capistrano::Plugin" | "SSHKit" | "Airbrussh" => Some(version == 3),
        "Capistrano::Version" | "Capistrano::CLI" | "Capistrano::Configuration.instance" => Some(version < 3),
        "Rails" | "Rails::Railtie" | "RSpec" | "Mina" | "Vlad" => Some(false),
        _ => None,
    }
}

/// Returns the numbers of a version that code writes out or asks Capistrano for.
fn numbers(node: &Node<'_>, version: u8) -> Option<Vec<u32>> {
    let newest = || {
        NEWEST
            .get(usize::from(version).checked_sub(1)?)
            .map(|numbers| numbers.to_vec())
    };
    if let Some(text) = literal(node) {
        let numbers = text.split('.').map(|part| part.parse().ok());
        return numbers.collect();
    }
    if let Some(number) = node.as_integer_node() {
        return Some(vec![source(&number.as_node()).parse().ok()?]);
    }
    match constant(node).as_deref() {
        Some("Capistrano::VERSION" | "Capistrano::Version" | "Capistrano::Version::STRING") => return newest(),
        Some("Capistrano::Version::MAJOR") => return Some(vec![u32::from(version)]),
        _ => {}
    }
    let call = node.as_call_node()?;
    let receiver = call.receiver()?;
    match (id(&call.name()).as_str(), arguments(&call, false).values.as_slice()) {
        ("new", [of]) if constant(&receiver).as_deref() == Some("Gem::Version") => numbers(of, version),
        ("release" | "to_s" | "segments", []) => numbers(&receiver, version),
        ("to_i" | "first", []) => Some(numbers(&receiver, version)?.into_iter().take(1).collect()),
        ("to_f", []) => Some(numbers(&receiver, version)?.into_iter().take(2).collect()),
        ("version", []) if is_gem_of_capistrano(&receiver) => newest(),
        _ => None,
    }
}

/// Returns true for what RubyGems says of Capistrano.
fn is_gem_of_capistrano(node: &Node<'_>) -> bool {
    let Some(call) = node.as_call_node() else { return false };
    let asked = call.receiver().map(|receiver| source(&receiver)).unwrap_or_default();
    let asks = match id(&call.name()).as_str() {
        "[]" => asked == "Gem.loaded_specs",
        "find_by_name" => asked == "Gem::Specification",
        _ => false,
    };
    asks && arguments(&call, false).values.first().and_then(literal).as_deref() == Some("capistrano")
}

fn padded(numbers: &[u32], length: usize) -> Vec<u32> {
    let zeros = std::iter::repeat_n(0, length.saturating_sub(numbers.len()));
    numbers.iter().copied().chain(zeros).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::decided;

    fn of(code: &str, version: u8) -> Option<bool> {
        let parsed = ruby_prism::parse(code.as_bytes());
        let program = parsed.node();
        let program = program.as_program_node().unwrap();
        decided(&program.statements().body().iter().next().unwrap(), version)
    }

    #[test]
    fn what_asks_for_the_version_is_decided() {
        let new = "defined?(Capistrano::VERSION) && Gem::Version.new(Capistrano::VERSION).release >= Gem::Version.new('3.0.0')";
        for (code, two, three) in [
            (new, false, true),
            (
                "Gem::Version.new(Capistrano::VERSION) < Gem::Version.new('3.7')",
                true,
                false,
            ),
            ("Capistrano::Configuration.instance(:must_exist)", true, false),
            ("Capistrano::Configuration.respond_to?(:instance)", true, false),
            ("!(defined?(Capistrano::DSL))", true, false),
            ("Capistrano::VERSION.to_i == 2", true, false),
            (
                "Gem.loaded_specs['capistrano'].version >= Gem::Version.new('3.0')",
                false,
                true,
            ),
            (
                "Gem::Specification.find_by_name('capistrano').version < Gem::Version.new('3.0.0')",
                true,
                false,
            ),
        ] {
            assert_eq!((of(code, 2), of(code, 3)), (Some(two), Some(three)), "{code}");
        }
        assert_eq!(of("defined?(Rails)", 3), Some(false));
    }

    #[test]
    fn what_asks_for_anything_else_is_not() {
        for code in [
            "exists?(:a)",
            "ENV['A']",
            "defined?(Foo)",
            "fetch(:a) >= 3",
            "exists?(:a) || defined?(Rails)",
        ] {
            assert_eq!(of(code, 3), None, "{code}");
        }
    }
}
