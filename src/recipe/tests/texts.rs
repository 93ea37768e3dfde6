//! Tests of the promises of functions for strings, paths, times and documents, with strings that nobody would think of.

use std::path::{Component, Path};
use std::process::Command;
use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, Strategy, any, prop, proptest};
use proptest::{prop_assert, prop_assert_eq, prop_oneof};
use rhai::{Array, Dynamic, Engine, Map, Scope};
use rustix::time::{ClockId, clock_gettime};

use super::{recipe, tries};
use crate::deadline::InTime;
use crate::recipe::running::functions;
use crate::recipe::running::interpreter::Interpreter;
use crate::recipe::running::surroundings::Options;

thread_local! {
    static ENGINE: Engine = {
        let (_, options, surroundings, _, _) = recipe("").prepare();
        let options = Options { home: Some("/home/me".into()), ..options };
        let mut engine = Engine::new();
        functions::register(&mut engine, &std::rc::Rc::new(Interpreter::new(&options, surroundings)));
        engine
    };
}

/// Returns the value of an expression in which `a`, `b` and `c` have these values.
fn gives(expression: &str, values: &[Dynamic]) -> Result<Dynamic, String> {
    let mut scope = Scope::new();
    for (name, value) in ["a", "b", "c"].into_iter().zip(values) {
        scope.push_dynamic(name, value.clone());
    }
    ENGINE.with(|engine| {
        engine
            .eval_expression_with_scope::<Dynamic>(&mut scope, expression)
            .map_err(|error| error.to_string())
    })
}

fn text(expression: &str, values: &[&str]) -> String {
    let values: Vec<Dynamic> = values.iter().map(|value| Dynamic::from((*value).to_owned())).collect();
    gives(expression, &values).unwrap().to_string()
}

/// Returns the parts of paths, including those that make paths difficult.
fn path() -> impl Strategy<Value = String> {
    vec(
        prop_oneof![
            Just("/"),
            Just("."),
            Just(".."),
            Just("a"),
            Just("b.c"),
            Just("-"),
            Just("é ~*")
        ],
        0..8,
    )
    .prop_map(|parts| parts.concat())
}

/// The time for which this thread has computed: what others do on the machine does not count.
fn time_of_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn value() -> impl Strategy<Value = Dynamic> {
    let leaf = prop_oneof![
        any::<String>().prop_map(Dynamic::from),
        "(|yes|no|null|~|<<|0x1F|0777|1e3|12:30|- a|a: b|#c|[&*!%@`{\\[].*|\\.inf|\\.nan|=)".prop_map(Dynamic::from),
        any::<i64>().prop_map(Dynamic::from),
        any::<bool>().prop_map(Dynamic::from),
        prop::num::f64::NORMAL.prop_map(Dynamic::from),
        Just(Dynamic::UNIT),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|list| Dynamic::from(list as Array)),
            btree_map("(.{0,6}|<<|yes|null|1)", inner, 0..4).prop_map(|map| {
                let map: Map = map.into_iter().map(|(name, value)| (name.into(), value)).collect();
                Dynamic::from(map)
            }),
        ]
    })
}

proptest! {
    #![proptest_config(tries(48))]

    #[test]
    fn a_list_that_is_quoted_is_as_many_words(words in vec(any::<String>(), 0..4)) {
        let list: Array = words.iter().map(|word| word.clone().into()).collect();
        let line = gives("quote(a)", &[list.into()]).unwrap().to_string();
        prop_assert_eq!(shlex::split(&line), Some(words));
    }

    #[test]
    fn the_parts_of_a_path_are_those_of_the_commands_of_that_name(path in path()) {
        // POSIX leaves it open what `//` in front means.
        let path = if path.starts_with("//") { path.trim_start_matches('/').to_owned() } else { path };
        for name in ["basename", "dirname"] {
            let output = Command::new(name).args(["--", &path]).in_time();
            let expected = String::from_utf8(output.stdout).unwrap();
            let expected = expected.strip_suffix('\n').unwrap();
            prop_assert_eq!(text(&format!("{name}(a)"), &[&path]), expected);
        }
        let (ending, name) = (text("extname(a)", &[&path]), text("basename(a)", &[&path]));
        prop_assert_eq!(format!("{}{ending}", text("basename(a, extname(a))", &[&path])), name);
        prop_assert!(!ending.contains('/') && ending.rfind('.').unwrap_or(0) == 0, "{ending}");
    }

    #[test]
    fn a_path_is_joined_as_the_system_joins_it(first in path(), rest in path()) {
        let joined = text("join_path(a, b)", &[&first, &rest]);
        let expected = Path::new(if first.is_empty() { "/" } else { &first }).join(rest.trim_start_matches('/'));
        prop_assert_eq!(Path::new(&joined).components().collect::<Vec<_>>(), expected.components().collect::<Vec<_>>());
    }

    #[test]
    fn a_path_that_is_expanded_is_whole_and_stays_as_it_is(path in path(), base in path()) {
        if let Ok(whole) = gives("expand_path(a, b)", &[path.clone().into(), base.into()]) {
            let whole = whole.to_string();
            let mut parts = Path::new(&whole).components();
            prop_assert_eq!(parts.next(), Some(Component::RootDir), "{}", whole);
            prop_assert!(parts.all(|part| matches!(part, Component::Normal(_))), "{}", whole);
            prop_assert_eq!(&text("expand_path(a)", &[&whole]), &whole);
        }
    }

    #[test]
    fn what_is_indented_is_dedented_again(lines in vec("[a-zé][ a-z\t]{0,5}|", 1..6), width in 0..20_i64) {
        let lines = format!("x\n{}", lines.join("\n"));
        let indented = gives("indent(a, b)", &[lines.clone().into(), width.into()]).unwrap();
        prop_assert_eq!(gives("dedent(a)", &[indented]).unwrap().to_string(), lines);
    }

    #[test]
    fn texts_are_stripped_squeezed_and_filled_once(given in any::<String>(), width in 0..30_i64) {
        for function in ["strip", "squeeze", "dedent"] {
            let once = text(&format!("{function}(a)"), &[&given]);
            prop_assert_eq!(text(&format!("{function}(a)"), &[&once]), once);
        }
        let lines = gives("lines(a)", &[given.clone().into()]).unwrap().into_array().unwrap();
        prop_assert_eq!(lines.len(), given.lines().count());
        for function in ["ljust", "rjust", "center"] {
            let wide = gives(&format!("{function}(a, b)"), &[given.clone().into(), width.into()]).unwrap().to_string();
            let length = given.chars().count();
            prop_assert_eq!(wide.chars().count(), length.max(usize::try_from(width).unwrap()));
            prop_assert!(wide.contains(&given));
        }
    }

    #[test]
    fn expressions_find_and_replace_the_same_and_take_no_time(
        given in "[ab]{0,300}|.{0,40}",
        pattern in "(\\(?[ab.]\\)?[*+?]{0,2}|\\(a\\|b\\)|\\^|\\$|\\[\\^a\\]|\\{2,9\\}|\\\\[bdws]|.){0,7}",
    ) {
        let began = time_of_thread();
        let values = [given.clone().into(), pattern.clone().into()];
        if let Ok(replaced) = gives("gsub(a, b, \"$0\")", &values) {
            prop_assert_eq!(replaced.to_string(), given);
            let matches = gives("matches(a, b)", &values).unwrap().as_bool().unwrap();
            prop_assert_eq!(!gives("captures(a, b)", &values).unwrap().is_unit(), matches);
            prop_assert_eq!(!gives("scan(a, b)", &values).unwrap().into_array().unwrap().is_empty(), matches);
            prop_assert_eq!(gives("sub(a, b, \"$0\")", &values).unwrap().to_string(), replaced.to_string());
        }
        prop_assert!(time_of_thread() - began < Duration::from_secs(5), "{pattern}");
    }

    #[test]
    fn a_time_that_is_written_is_read_again(seconds in -62_135_596_800..=253_402_207_200_i64, wild in "(%[-_0^#]?[0-9]{0,4}[A-Za-z:%.]?|.){0,4}") {
        for format in ["%Y-%m-%d %H:%M:%S", "%s", "%FT%T%z", "%a, %d %b %Y %I:%M:%S %p"] {
            let seen = gives(&format!("parse_time(format_time(a, \"{format}\"), \"{format}\")"), &[seconds.into()]);
            prop_assert_eq!(seen.map(|seen| seen.as_int()), Ok(Ok(seconds)), "{}", format);
        }
        // Whatever else is a format or none: it is written or refused.
        if let Ok(shown) = gives("format_time(a, b)", &[seconds.into(), wild.clone().into()]) {
            let _ = gives("parse_time(a, b)", &[shown, wild.into()]);
        }
    }

    #[test]
    fn values_written_as_json_are_read_again_as_json_and_as_yaml(value in value()) {
        let written = gives("to_json(a)", std::slice::from_ref(&value)).unwrap();
        let same = format!("{value:?}");
        for read in ["parse_json(a)", "parse_yaml(a)"] {
            let seen = gives(read, std::slice::from_ref(&written)).map(|seen| format!("{seen:?}"));
            prop_assert_eq!(seen.as_ref(), Ok(&same), "{} {}", read, written);
        }
        let pretty = gives("parse_json(to_json(a, true))", &[value]).map(|seen| format!("{seen:?}"));
        prop_assert_eq!(pretty, Ok(same));
    }

    #[test]
    fn documents_that_are_none_are_refused(given in "([a-z&*!|>%@\"'\\[\\]{}:,#~?-]|: |- |\n|\n  |<<|\\\\u|[0-9]|\t|.){0,20}") {
        for read in ["parse_json(a)", "parse_yaml(a)", "base64_decode(a)"] {
            let _ = gives(read, &[given.clone().into()]);
        }
    }

    #[test]
    fn encoded_texts_are_decoded_again(given in any::<String>()) {
        prop_assert_eq!(&text("base64_decode(base64(a))", &[&given]), &given);
        let escaped = text("url_escape(a)", &[&given]);
        prop_assert!(escaped.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
        let mut bytes = Vec::new();
        let mut parts = escaped.split('%');
        bytes.extend(parts.next().unwrap().bytes());
        for part in parts {
            bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
            bytes.extend(part[2..].bytes());
        }
        prop_assert_eq!(String::from_utf8(bytes), Ok(given));
    }
}
